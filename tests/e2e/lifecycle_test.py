"""Starting and stopping the service."""

import time
import unittest

import harness
import process
import sample


class LifecycleTest(harness.EndToEndTest):
    def setUp(self):
        super().setUp()
        self.mock = self.start_mock("--latency", "50ms")
        self.run1 = sample.first_run(600)
        self.file = sample.write_csv(self.folder / "run1.csv", self.run1, sample.TIME_1)

    def test_sigterm_ends_an_idle_service_with_0(self):
        """Promptly, with a line in the log."""
        self.start_service(harness.Tenant(self.mock))
        started = time.monotonic()
        self.assertEqual(self.service.terminate(), 0)
        self.assertLess(time.monotonic() - started, 10)
        messages = [line["message"] for line in self.service.lines()]
        self.assertEqual(messages[-2:], ["Stopping.", "Stopped."])

    def test_sigterm_while_delivering(self):
        """It waits for answers in flight, ends with 0, and the client finishes after a restart."""
        slow = 'batch_max_objects = 3\nrate_limit = { requests = 100, per = "1s" }'
        self.start_service(harness.Tenant(self.mock, braze=slow), fixed_port=True)
        client = self.start_client(*self.push_arguments(self.file))
        process.wait_for("requests", lambda: self.mock.stats()["requests"] >= 20)
        self.assertEqual(self.service.terminate(), 0)
        self.assertEqual(self.mock.stats()["in_flight"], 0)
        self.start_service()
        result = client.result()
        self.assertEqual(result.status, 0, result)
        self.assert_counts(result.run, confirmed=sample.count_values(self.run1))
        self.assert_profiles(self.mock, self.run1)
        self.assertEqual(self.mock.stats()["unchanged_values"], 0)  # Nothing was sent twice.

    def test_sigterm_while_receiving(self):
        """An open stream ends with UNAVAILABLE, and the client goes on with it after a restart."""
        self.start_service(harness.Tenant(self.mock), fixed_port=True)
        run1 = {f"C-{number}": {"score": number} for number in range(11_000)}
        lines = sample.json_lines(run1, sample.TIME_1)
        client = self.start_client(*self.push_arguments("-", "--format", "jsonl"))
        client.write("".join(lines[:10_500]))
        name = "peaksync_updates_received_total"
        enough = lambda: self.service.metric(name, tenant="acme") >= 10_000  # noqa: E731
        process.wait_for("updates", enough)
        self.assertEqual(self.service.terminate(), 0)
        self.start_service()
        client.write("".join(lines[10_500:]))
        result = client.result()
        self.assertEqual(result.status, 0, result)
        self.assert_counts(result.run, confirmed=len(run1))
        self.assert_profiles(self.mock, run1)

    def test_second_sigterm_ends_at_once(self):
        """It does not wait for Braze any longer; nothing is lost."""
        slow = self.start_mock("--fault", "hang", name="slow")
        self.start_service(harness.Tenant(slow), fixed_port=True)
        self.push(self.file, "--no-wait")
        process.wait_for("a request", lambda: slow.stats()["requests"] >= 1)
        started = time.monotonic()
        self.service.popen.terminate()
        stopping = lambda: any(line["message"] == "Stopping." for line in self.service.lines())
        process.wait_for("stopping", stopping)
        self.service.terminate()
        self.assertLess(time.monotonic() - started, 8)
        slow.post("/_mock/faults", {"faults": []})
        self.start_service()
        run_id = self.peaksync("runs", "list", "-o", "json").json["runs"][0]["run_id"]
        self.assertEqual(self.peaksync("runs", "watch", run_id).status, 0)
        self.assert_profiles(slow, self.run1)

    def test_restart_forgets_nothing(self):
        """Runs, cursors and what Braze has are there after a restart."""
        self.start_service(harness.Tenant(self.mock))
        run = self.push(self.file, "--set-cursor", "max").run
        self.restart_service()
        last = self.peaksync("last-sync", "--source", "churn", "-o", "json").json
        self.assertEqual((last["run"]["run_id"], last["cursor"]), (run["run_id"], sample.TIME_1))
        before = self.mock.stats()["requests"]
        self.push(self.file)
        self.assertEqual(self.mock.stats()["requests"], before)

    def test_deleted_ledger_costs_one_full_resend(self):
        """The ledger may be deleted: the next push sends everything once more."""
        self.start_service(harness.Tenant(self.mock))
        self.push(self.file)
        self.assertEqual(self.service.terminate(), 0)
        for path in (self.folder / "ledger").iterdir():
            path.unlink()
        self.start_service()
        report = self.push(self.file)
        self.assert_counts(report.run, confirmed=sample.count_values(self.run1))

    def test_port_in_use(self):
        """The service ends with 1 and names the address."""
        self.start_service(harness.Tenant(self.mock), fixed_port=True)
        text = (self.folder / "peaksyncd.toml").read_text().replace('"ledger"', '"other"')
        second = self.launch(self.write("second.toml", text), name="second", wait=False)
        self.assertEqual(second.wait(), 1)
        self.assert_words(second.log.read_text(), str(self.port), "in use")


class LedgerLockTest(harness.EndToEndTest):
    def test_second_service_on_a_ledger_waits_and_says_who_holds_it(self):
        """It gives up after 30 seconds with 1; a tenant's data is never written by two."""
        self.start_service(harness.Tenant(self.start_mock()))
        config = self.folder / "peaksyncd.toml"
        first = self.service.popen.pid
        second = self.launch(config, name="second", wait=False)
        started = time.monotonic()
        said = lambda: f"pid {first}" in second.log.read_text()
        process.wait_for("it says who holds the ledger", said, deadline=34)
        self.assert_words(second.log.read_text(), str(self.folder / "ledger"), "in use")
        if second.popen.poll() is None and time.monotonic() - started < 30:
            second.kill()  # It said so at once: the rest of the wait is not needed.
        else:
            self.assertEqual(second.wait(), 1)

    def test_second_service_takes_over_when_the_first_ends(self):
        """A restart that overlaps needs no luck."""
        self.start_service(harness.Tenant(self.start_mock()))
        config = self.folder / "peaksyncd.toml"
        second = self.launch(config, name="second", wait=False)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:  # It would listen by now if nobody had the lock.
            self.assertIsNone(second.popen.poll())
            time.sleep(process.POLL)
        self.assertNotIn("Listening.", second.log.read_text())
        self.assertEqual(self.service.terminate(), 0)
        second.wait_until_listening()


if __name__ == "__main__":
    unittest.main()
