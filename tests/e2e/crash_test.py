"""kill -9 of the service and of the client in the middle of a push."""

import unittest

import harness
import process
import sample

# Slow enough to be killed in its middle: three customers a request, 160 requests a second.
SLOW = "batch_max_objects = 3\nrate_limit = { requests = 200, per = \"1s\" }"
# The client looks at so many rows of a pipe before it sends the first.
HEAD_ROWS = 10_000


class Killable(harness.EndToEndTest):
    """Checks that every crash test makes at its end."""

    def kill_and_restart(self):
        self.service.kill()
        self.start_service()

    def updates_received(self):
        return self.service.metric("peaksync_updates_received_total", tenant="acme")

    def wait_for_updates(self, count):
        process.wait_for("updates are durable", lambda: self.updates_received() >= count)

    def check_complete(self, result, expected):
        """Exit status 0, every value counted once, and Braze has the file's values."""
        self.assertEqual(result.status, 0, result)
        self.assertEqual(result.run["state"], "COMPLETED")
        self.assertEqual(result.run["updates"]["received"], len(expected))
        self.assert_counts(result.run, confirmed=sample.count_values(expected))
        self.assert_profiles(self.mock, expected)


class CrashWhileDeliveringTest(Killable):
    CUSTOMERS = 1500

    def setUp(self):
        super().setUp()
        self.run1 = sample.first_run(self.CUSTOMERS)
        self.total = sample.count_values(self.run1)
        self.file = sample.write_csv(self.folder / "run1.csv", self.run1, sample.TIME_1)
        self.mock = self.start_mock("--latency", "50ms")
        self.start_service(harness.Tenant(self.mock, braze=SLOW), fixed_port=True)

    def start_push(self):
        return self.start_client(*self.push_arguments(self.file, "--batch-size", "20"))

    def wait_for_requests(self, count):
        process.wait_for("requests", lambda: self.mock.stats()["requests"] >= count)

    def wait_for_values(self, count):
        process.wait_for("values", lambda: self.mock.stats()["attribute_values"] >= count)

    def test_kill_at_the_first_request_to_braze(self):
        """What was in flight is sent again; the client that waits finishes."""
        client = self.start_push()
        self.wait_for_requests(1)
        self.kill_and_restart()
        self.check_complete(client.result(), self.run1)

    def test_kill_when_half_is_confirmed(self):
        """What Braze confirmed before the crash is not lost, what it did not is sent."""
        client = self.start_push()
        self.wait_for_values(self.total // 2)
        self.kill_and_restart()
        self.check_complete(client.result(), self.run1)
        # The rest, and what was in flight or not yet recorded at the crash: not all of it again.
        self.assertLess(self.mock.stats()["attribute_values"], self.total * 1.4)

    def test_what_is_sent_twice_was_sent_and_not_recorded(self):
        """Three crashes in one push: Braze gets again what it had and the ledger did not know."""
        client = self.start_push()
        again = 0
        for share in (1, 2, 3):
            self.wait_for_values(self.total * share // 5)
            self.service.kill()
            process.wait_for("Braze is through", lambda: self.mock.stats()["in_flight"] == 0)
            accepted = self.mock.stats()["attribute_values"]
            self.start_service()
            [run] = self.peaksync("runs", "list", "-o", "json").json["runs"]
            again += accepted - again - run["values"]["confirmed"]
        self.check_complete(client.result(), self.run1)
        self.assertEqual(self.mock.stats()["attribute_values"], self.total + again)

    def test_same_push_after_a_crash_sends_nothing(self):
        """The ledger is right after the crash: the file once more is unchanged."""
        client = self.start_push()
        self.wait_for_requests(100)
        self.kill_and_restart()
        self.check_complete(client.result(), self.run1)
        before = self.mock.stats()["requests"]
        self.assert_counts(self.push(self.file).run, unchanged=self.total)
        self.assertEqual(self.mock.stats()["requests"], before)


class CrashWhileSendingTest(Killable):
    CUSTOMERS = HEAD_ROWS + 2_000

    def setUp(self):
        super().setUp()
        numbers = range(self.CUSTOMERS)
        self.run1 = {f"C-{number}": {"score": number, "ok": True} for number in numbers}
        self.lines = sample.json_lines(self.run1, sample.TIME_1)
        self.mock = self.start_mock("--latency", "50ms")
        self.start_service(harness.Tenant(self.mock), fixed_port=True)
        arguments = self.push_arguments("-", "--format", "jsonl", "--batch-size", "20")
        self.client = self.start_client(*arguments)
        self.write_lines(0, HEAD_ROWS + 500)

    def write_lines(self, begin, end):
        self.client.write("".join(self.lines[begin:end]))

    def test_kill_while_the_client_sends(self):
        """The client sends what was not acknowledged again, and nothing is counted twice."""
        self.wait_for_updates(100)
        self.kill_and_restart()
        # The new process counts from 0: more than nothing means that the run goes on.
        self.wait_for_updates(100)
        self.write_lines(HEAD_ROWS + 500, HEAD_ROWS + 1_500)
        self.wait_for_updates(1_000)
        self.kill_and_restart()
        self.write_lines(HEAD_ROWS + 1_500, self.CUSTOMERS)
        result = self.client.result()
        self.check_complete(result, self.run1)

    def test_client_tells_of_the_broken_stream(self):
        """Standard error says that the stream broke, why, and that it goes on."""
        self.wait_for_updates(HEAD_ROWS)
        self.kill_and_restart()
        self.write_lines(HEAD_ROWS + 500, self.CUSTOMERS)
        result = self.client.result()
        self.check_complete(result, self.run1)
        run_id = result.run["run_id"]
        self.assert_words(result.err, "broke", "trying again", f"connected again; run {run_id}")

    def test_kill_of_the_client_abandons_its_run(self):
        """A push after the client's death closes the old run and brings everything."""
        self.wait_for_updates(HEAD_ROWS)
        old = self.peaksync("runs", "list", "-o", "json").json["runs"][0]
        self.assertEqual(old["state"], "OPEN")
        self.client.kill()
        process.wait_for("the stream ends", lambda: self.streams_open() == 0)
        file = self.write("run1.jsonl", "".join(self.lines))
        report = self.push(file)
        self.assertEqual(report.run["state"], "COMPLETED")
        self.assertEqual(report.run["values"]["received"], sample.count_values(self.run1))
        self.assert_profiles(self.mock, self.run1)
        self.assertNotEqual(report.run["run_id"], old["run_id"])
        shown = self.peaksync("runs", "show", old["run_id"], "-o", "json").run
        self.assertEqual(shown["state"], "ABANDONED")
        self.assert_words(shown["state_reason"], "another run")
        self.assertEqual(shown["values"]["pending"], 0)

    def test_second_push_of_a_source_is_refused_while_the_first_runs(self):
        """Two pushes of one source at a time: the second ends with 1 and names the open run."""
        self.wait_for_updates(HEAD_ROWS)
        open_run = self.peaksync("runs", "list", "-o", "json").json["runs"][0]["run_id"]
        file = self.write("run1.jsonl", "".join(self.lines))
        refused = self.push(file, status=1)
        self.assert_words(refused.err, open_run, "churn")
        self.write_lines(HEAD_ROWS + 500, self.CUSTOMERS)
        self.check_complete(self.client.result(), self.run1)

    def streams_open(self):
        return self.service.metric("peaksync_streams_open", tenant="acme")


class CrashWithSlowBrazeTest(Killable):
    def test_no_two_requests_of_a_customer_overlap(self):
        """Braze may lose one of two at a time: a restart waits until the old one is over."""
        self.mock = self.start_mock("--latency", "2s")
        self.start_service(harness.Tenant(self.mock), fixed_port=True)
        run1 = sample.first_run(10)
        file = sample.write_csv(self.folder / "run1.csv", run1, sample.TIME_1)
        client = self.start_client(*self.push_arguments(file))
        process.wait_for("a request", lambda: self.mock.stats()["in_flight"] >= 1)
        self.kill_and_restart()
        self.check_complete(client.result(), run1)
        self.assertEqual(self.mock.stats()["max_in_flight_per_customer"], 1)


if __name__ == "__main__":
    unittest.main()
