"""Braze refuses or fails: nothing is lost, and the user hears why."""

import time
import unittest

import harness
import process
import sample


class PauseTest(harness.EndToEndTest):
    CUSTOMERS = 100

    def setUp(self):
        super().setUp()
        self.run1 = sample.first_run(self.CUSTOMERS)
        self.total = sample.count_values(self.run1)
        self.file = sample.write_csv(self.folder / "run1.csv", self.run1, sample.TIME_1)

    def test_pause_timeout_is_30_seconds_by_default(self):
        """`push --help` says how long a push waits for a paused tenant."""
        self.start_service(harness.Tenant(self.start_mock()))
        text = self.peaksync("push", "--help").out
        self.assertRegex(text, r"--pause-timeout\b[^\n]*\n?[^\n]*30s")

    def test_wrong_key_ends_the_push_with_the_reason_and_loses_nothing(self):
        """With a wrong key pushes end with 1 and why; with the right one all runs complete."""
        mock = self.start_mock("--api-key", "the-right-key")
        self.start_service(harness.Tenant(mock, key="a-wrong-key"))
        started = time.monotonic()
        first = self.push(self.file, "--pause-timeout", "2s", status=1)
        self.assertGreaterEqual(time.monotonic() - started, 2.0)
        self.assert_words(first.err, "paused", "key", f"{self.total:,} values", "Nothing is lost")
        self.assertNotIn("a-wrong-key", first.err + first.out)
        self.assertEqual(first.run["state"], "RECEIVED")
        self.assertEqual(first.run["delivery"]["state"], "PAUSED")
        self.assert_counts(first.run, pending=self.total)

        again = self.push(self.file, "--pause-timeout", "1s", status=1)
        self.assert_counts(again.run, pending=self.total)  # Above all: not unchanged.
        self.assertEqual(mock.stats()["attribute_values"], 0)

        self.restart_service(harness.Tenant(mock, key="the-right-key"))
        for run in (first.run, again.run):
            done = self.peaksync("runs", "watch", run["run_id"], "-o", "json")
            self.assertEqual(done.status, 0, done)
            self.assert_counts(done.run, confirmed=self.total)
        listed = self.peaksync("runs", "list", "-o", "json").json["runs"]
        self.assertEqual({run["state"] for run in listed}, {"COMPLETED"})
        self.assert_profiles(mock, self.run1)
        self.assertEqual(mock.stats()["attribute_values"], self.total)

    def test_wrong_key_shows_in_the_table_too(self):
        """The table of a push that was given up tells the reason and how much waits."""
        mock = self.start_mock("--api-key", "the-right-key")
        self.start_service(harness.Tenant(mock, key="a-wrong-key"))
        report = self.push(self.file, "--pause-timeout", "1s", status=1, output="table")
        self.assert_words(report.out, "RECEIVED", "PAUSED", "pending", f"{self.total:,}")

    def test_paused_tenant_does_not_turn_readyz_red(self):
        """/readyz is about accepting streams, and a paused tenant's are accepted."""
        mock = self.start_mock("--api-key", "the-right-key")
        service = self.start_service(harness.Tenant(mock, key="a-wrong-key"))
        self.push(self.file, "--pause-timeout", "1s", status=1)
        self.assertEqual(service.admin("/readyz")[0], 200)
        paused = service.metric("peaksync_delivery_state", tenant="acme", state="paused")
        self.assertEqual(paused, 1)

    def test_outage_is_waited_out(self):
        """5xx, resets and half answers delay a push; it ends with 0 and every value."""
        faults = ["status=503,count=2", "reset,count=1", "status=500,count=1"]
        flags = [part for fault in faults for part in ("--fault", fault)]
        mock = self.start_mock(*flags)
        self.start_service(harness.Tenant(mock))
        report = self.push(self.file)
        self.assert_counts(report.run, confirmed=self.total)
        self.assert_profiles(mock, self.run1)

    def test_object_that_braze_refuses_harms_itself_only(self):
        """One refused customer ends the push with 3; all others are confirmed."""
        victim = sorted(self.run1)[7]
        mock = self.start_mock("--fault", f"object-error,external_id={victim}")
        self.start_service(harness.Tenant(mock))
        report = self.push(self.file, status=3)
        rejected = len(self.run1[victim])
        self.assertEqual(report.run["state"], "COMPLETED_WITH_REJECTIONS")
        self.assert_counts(report.run, confirmed=self.total - rejected, rejected=rejected)
        others = {name: values for name, values in self.run1.items() if name != victim}
        self.assert_profiles(mock, others)
        self.push(self.file, "--allow-rejections", status=0)

    def test_timeout_ends_a_push_that_waits(self):
        """`--timeout` ends with 1, says what still waits, and `runs watch` goes on from there."""
        mock = self.start_mock("--fault", "hang,count=1")
        self.start_service(harness.Tenant(mock, braze="batch_max_objects = 1000"))
        report = self.push(self.file, "--timeout", "2s", status=1)
        self.assert_words(report.err, "--timeout", "still wait for Braze", "runs watch")

    def test_no_wait_ends_when_the_service_has_everything(self):
        """`--no-wait` does not wait for Braze; `runs watch` does."""
        mock = self.start_mock("--latency", "1s")
        self.start_service(harness.Tenant(mock))
        report = self.push(self.file, "--no-wait")
        self.assertFalse(report.json["waited"])
        self.assertEqual(report.run["values"]["pending"], self.total)
        done = self.peaksync("runs", "watch", report.run["run_id"], "-o", "json")
        self.assert_counts(done.run, confirmed=self.total)
        self.assert_profiles(mock, self.run1)

    def test_service_out_of_reach_is_exit_status_1(self):
        """Nobody listens: the push ends with 1 after --connect-timeout and says where it tried."""
        self.start_service(harness.Tenant(self.start_mock()))
        nowhere = f"127.0.0.1:{process.free_port()}"
        env = {"PEAKSYNC_SERVER": nowhere}
        report = self.push(self.file, "--connect-timeout", "1s", status=1, env=env)
        self.assert_words(report.err, nowhere)


if __name__ == "__main__":
    unittest.main()
