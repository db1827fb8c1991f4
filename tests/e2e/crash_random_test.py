"""kill -9 of the service at random moments, under load and with Braze failing.

PEAKSYNC_CRASHES=200 (scripts/crash.sh) kills so often; 20 without it. PEAKSYNC_CRASH_SEED repeats
the choice of moments, as far as a machine can.
"""

import os
import random
import time
import unittest

import harness
import process
import sample

CRASHES = int(os.environ.get("PEAKSYNC_CRASHES", "20"))
SEED = int(os.environ.get("PEAKSYNC_CRASH_SEED", str(random.SystemRandom().randrange(2**31))))
PUSHES_AT_ONCE = 3
CUSTOMERS = 400
FAULTS = ("status=503,rate=0.02", "truncate,rate=0.01", "reset,rate=0.02", "html,rate=0.01",
          "unnamed-error,rate=0.01", "status=429,rate=0.02")
# So many of the crashes wait until requests are on their way.
SENDING_SHARE = 0.3
# A request carries few customers, so that a crash finds many of them on their way.
SLOW = "batch_max_objects = 5\nlinger = \"20ms\""


class CrashAtRandomTest(harness.EndToEndTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        flags = [part for fault in FAULTS for part in ("--fault", fault)]
        self.mock = self.start_mock("--seed", str(SEED), "--latency", "20ms", *flags)
        self.start_service(harness.Tenant(self.mock, braze=SLOW), fixed_port=True)

    def rounds(self):
        """What each source predicts, round after round: its own customers, new values."""
        latest, hour = {}, 0
        while True:
            hour += 1
            for source in range(PUSHES_AT_ONCE):
                run = sample.first_run(CUSTOMERS, seed=hour * 10 + source, prefix=f"S{source}-")
                latest.update(run)
                at = f"2026-{1 + hour // 28:02d}-{1 + hour % 28:02d}T02:00:00Z"
                name = self.folder / f"run-{hour}-{source}.csv"
                yield source, sample.write_csv(name, run, at), dict(latest)

    def start_round(self, rounds):
        clients = []
        for _ in range(PUSHES_AT_ONCE):
            source, file, expected = next(rounds)
            arguments = self.push_arguments(file, "--batch-size", "20", "--timeout", "10m",
                                            "--pause-timeout", "2m", source=f"source-{source}")
            clients.append(self.start_client(*arguments))
        return clients, expected

    @staticmethod
    def have_ended(clients):
        return all(client.popen.poll() is not None for client in clients)

    def crash(self, clients):
        """Kills at a random moment: while batches come, or (10 s after the start) are sent."""
        if self.random.random() < SENDING_SHARE:
            before = self.mock.stats()["requests"]
            # None come when Braze has everything, and clients were only too often cut off to know.
            process.wait_for("requests", lambda: self.mock.stats()["requests"] > before
                             or self.have_ended(clients))
        time.sleep(self.random.uniform(0.0, 0.4))  # The random moment.
        self.service.kill()
        self.start_service()

    def test_nothing_acknowledged_is_lost(self):
        """All pushes end with 0, and Braze has the last value of every customer."""
        rounds = self.rounds()
        clients, expected = self.start_round(rounds)
        crashes = 0
        while crashes < CRASHES:
            if self.have_ended(clients):
                self.check(clients, expected)
                clients, expected = self.start_round(rounds)
            self.crash(clients)
            crashes += 1
        self.check(clients, expected)
        print(f"{crashes} crashes, seed {SEED}")

    def check(self, clients, expected):
        for client in clients:
            result = client.result(deadline=5 * process.DEADLINE)
            self.assertEqual(result.status, 0, f"seed {SEED}: {result}")
            self.assertEqual(result.run["updates"]["received"], CUSTOMERS)
            values = result.run["values"]
            self.assertEqual(values["confirmed"] + values["unchanged"], values["received"])
        self.assert_profiles(self.mock, expected)
        self.assertEqual(self.mock.stats()["max_in_flight_per_customer"], 1)


if __name__ == "__main__":
    unittest.main()
