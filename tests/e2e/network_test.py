"""The network refuses, stalls, cuts, delays and falsifies: nothing is lost, nothing overlaps."""

import time
import unittest

import gate
import harness
import process
import sample
from tls_test import Certificates


class NetworkTest(harness.EndToEndTest):
    CUSTOMERS = 300

    def setUp(self):
        super().setUp()
        self.run1 = sample.first_run(self.CUSTOMERS)
        self.total = sample.count_values(self.run1)
        self.file = sample.write_csv(self.folder / "run1.csv", self.run1, sample.TIME_1)
        self.mock = self.start_mock()

    def open_gate(self, target):
        made = gate.Gate(target)
        self.addCleanup(made.close)
        return made

    def check_complete(self, result):
        """All of the file is in Braze, counted once, and no two requests of a customer met."""
        self.assertEqual(result.status, 0, result)
        self.assertEqual(result.run["updates"]["received"], self.CUSTOMERS)
        self.assert_counts(result.run, confirmed=self.total)
        self.assert_profiles(self.mock, self.run1)
        self.assertEqual(self.mock.stats()["max_in_flight_per_customer"], 1)


class BetweenServiceAndBrazeTest(NetworkTest):
    def setUp(self):
        super().setUp()
        self.gate = self.open_gate(self.mock.url)
        tenant = harness.Tenant(self.mock)
        tenant.endpoint = f"http://{self.gate.address}"
        self.start_service(tenant)

    def start_push(self):
        return self.start_client(*self.push_arguments(self.file))

    def run_in_delivery(self):
        [run] = self.peaksync("runs", "list", "-o", "json").json["runs"]
        return run

    def test_refused_connections(self):
        """Braze out of reach: delivery backs off, says so, and goes on by itself."""
        self.gate.refusing = True
        client = self.start_push()
        process.wait_for("two attempts", lambda: self.gate.connections >= 2)
        delivery = self.run_in_delivery()["delivery"]
        self.assertEqual(delivery["state"], "BACKING_OFF")
        self.gate.refusing = False
        self.check_complete(client.result())

    def test_stalled_answers(self):
        """Nothing comes back for a while: nobody is sent a second time meanwhile."""
        self.gate.stall()
        client = self.start_push()
        process.wait_for("a connection", lambda: self.gate.connections >= 1)
        time.sleep(1.5)  # The condition itself is a time.
        self.gate.release()
        self.check_complete(client.result())
        self.assertEqual(self.mock.stats()["attribute_values"], self.total)

    def test_cut_in_the_middle_of_an_answer(self):
        """Braze took it and the answer was lost: sent again, no sooner than 10 s later."""
        self.gate.cut_after = 30
        client = self.start_push()
        self.check_complete(client.result())
        self.assertGreater(self.mock.stats()["attribute_values"], self.total)
        self.assertGreater(self.mock.stats()["unchanged_values"], 0)

    def test_cut_before_a_request_has_arrived(self):
        """A connection that is gone costs an attempt and nothing else."""
        self.mock.post("/_mock/workspace", {"latency_ms": 400})
        client = self.start_push()
        process.wait_for("a request", lambda: self.mock.stats()["in_flight"] >= 1)
        self.gate.cut()
        self.check_complete(client.result())

    def test_delayed_bytes(self):
        """A slow line is only slow."""
        self.gate.delay = 0.3
        self.check_complete(self.start_push().result())
        self.assertEqual(self.mock.stats()["attribute_values"], self.total)

    def test_falsified_answer(self):
        """An answer that cannot be understood confirms nothing and rejects nobody."""
        self.gate.corrupt = 25
        self.check_complete(self.start_push().result())
        self.assertEqual(self.gate.corrupt, 0)


class BetweenClientAndServiceTest(NetworkTest, Certificates):
    CUSTOMERS = 3_000

    def start(self, *flags):
        """A push through the gate in small batches."""
        self.gate = self.open_gate(self.service.address)
        arguments = self.push_arguments(self.file, "--batch-size", "20", *flags)
        return lambda: self.start_client(*arguments, env={"PEAKSYNC_SERVER": self.gate.address})

    def wait_for_updates(self, count):
        def updates():
            return self.service.metric("peaksync_updates_received_total", tenant="acme")

        process.wait_for("updates are durable", lambda: updates() >= count)

    def test_refused_connections(self):
        """The client tries for --connect-timeout before it gives up."""
        self.start_service(harness.Tenant(self.mock))
        start = self.start()
        self.gate.refusing = True
        client = start()
        process.wait_for("two attempts", lambda: self.gate.connections >= 2)
        self.gate.refusing = False
        self.check_complete(client.result())

    def test_stalled_stream(self):
        """A stream that stands still for a while goes on where it was."""
        self.start_service(harness.Tenant(self.mock))
        client = self.start()()
        self.wait_for_updates(100)
        self.gate.stall()
        time.sleep(1.5)  # The condition itself is a time.
        self.gate.release()
        self.check_complete(client.result())

    def test_cut_streams(self):
        """A stream that is cut again and again is resumed, and nothing counts twice."""
        self.start_service(harness.Tenant(self.mock))
        start = self.start()
        self.gate.delay = 0.02
        client = start()
        for count in (100, 800, 1_500):
            self.wait_for_updates(count)
            self.gate.cut()
        self.gate.delay = 0.0
        result = client.result()
        self.check_complete(result)
        self.assertGreaterEqual(self.gate.connections, 4)
        self.assert_words(result.err, "trying again", "connected again")

    def test_delayed_bytes(self):
        """A slow line is only slow."""
        self.start_service(harness.Tenant(self.mock))
        start = self.start()
        self.gate.delay = 0.2
        self.check_complete(start().result())

    def test_falsified_bytes(self):
        """TLS notices, the stream breaks and is resumed."""
        self.make_authority("ca")
        self.make_certificate("server", "ca", "DNS:localhost,IP:127.0.0.1")
        self.server = 'tls_cert = "server.crt"\ntls_key = "server.key"'
        self.start_service(harness.Tenant(self.mock))
        start = self.start("--cacert", "ca.crt")
        self.gate.delay = 0.02
        client = start()
        self.wait_for_updates(100)
        self.gate.corrupt = 4
        process.wait_for("bytes were falsified", lambda: self.gate.corrupt == 0)
        self.gate.delay = 0.0
        self.check_complete(client.result())
        self.assertGreaterEqual(self.gate.connections, 2)


del NetworkTest  # Its heirs are the tests.

if __name__ == "__main__":
    unittest.main()
