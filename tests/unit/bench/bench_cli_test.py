"""peaksync-bench as a program: what it reports, goes on with and refuses."""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BIN = None


class BenchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def bench(self, *flags, binary=None):
        """Exit status, standard output and standard error."""
        command = [binary or BIN / "peaksync-bench", "--folder", self.folder, *flags]
        if "--fold-wait" not in flags:
            command += ["--fold-wait", "0ms"]
        run = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=60, check=False
        )
        return run.returncode, run.stdout, run.stderr

    def phases_of(self, *flags):
        status, out, err = self.bench(*flags)
        self.assertEqual(status, 0, err)
        report = json.loads(out)
        self.assertIsNone(report["failed"])
        return report["phases"]

    def test_every_phase_reports_what_was_streamed_and_sent(self):
        phases = self.phases_of(
            *("--customers", 300, "--tenants", 2, "--batch-size", 100),
            *("--phase", "new", "--phase", "changed,passes=2", "--phase", "unchanged,batch=1"),
            *("--phase", "changed,customers=75,latency=20ms,limiter=on,as=slow"),
        )
        self.assertEqual(list(phases), ["new", "changed", "unchanged", "slow"])
        for name, customers, requests, batch in (
            ("new", 600, 8, 100),
            ("changed", 1200, 16, 100),
            ("unchanged", 600, 0, 1),
            ("slow", 150, 2, 100),
        ):
            with self.subTest(name):
                one = phases[name]
                self.assertEqual(one["customers"], customers)
                self.assertEqual(one["customers_held"], 600)
                self.assertGreaterEqual(one["requests"], requests)
                self.assertEqual(one["requests"] > 0, requests > 0)
                self.assertEqual(one["batch_size"], batch)
                self.assertEqual(one["checked_customers"], 600)
                self.assertGreater(one["customers_per_second"], 0)
                self.assertGreater(one["service_to_exit"]["cpu_us_per_customer"], 0)
                for process in ("service", "mock", "driver"):
                    self.assertGreater(one[process]["peak_memory_bytes"], 0)
                self.assertGreater(one["written_bytes_per_customer_to_exit"], 0)
                self.assertEqual(one["push_to_braze_ms"] is not None, requests > 0)
        self.assertGreater(phases["slow"]["seconds_to_confirmed"], 0.02)
        self.assertTrue(phases["slow"]["limiter"])

    def test_the_service_is_given_time_to_rest(self):
        flags = ("--customers", 2000, "--phase", "new", "--fold-wait")
        at_once = self.phases_of(*flags, "0ms")["new"]
        rested = self.phases_of(*flags, "20s")["new"]
        # It folds when nobody has sent anything for a second.
        self.assertLess(at_once["seconds_to_rest"], 0.5)
        self.assertGreater(rested["seconds_to_rest"], 0.5)
        self.assertLess(rested["seconds_to_rest"], 15)
        self.assertGreater(
            rested["written_bytes_per_customer_to_exit"], rested["written_bytes_per_customer"]
        )

    def test_a_pace_is_kept(self):
        phases = self.phases_of(
            *("--customers", 500, "--batch-size", 50),
            *("--phase", "new", "--phase", "changed,rate=2500"),
        )
        # The last of ten batches is due 9 x 50 / 2,500 s after the first.
        self.assertGreater(phases["changed"]["seconds_to_received"], 0.18)
        self.assertEqual(phases["changed"]["rate_asked"], 2500)

    def test_a_ledger_is_gone_on_with(self):
        ledger = ("--ledger", self.folder / "kept", "--customers", 200)
        self.assertEqual(list(self.phases_of(*ledger, "--phase", "new")), ["new"])
        again = self.phases_of(*ledger, "--phase", "new", "--phase", "unchanged")
        self.assertEqual(list(again), ["unchanged"])
        status, out, err = self.bench("--ledger", self.folder / "kept", "--customers", 201)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("another kind of run: 200 customers", err)
        # A refusal leaves it as it was.
        self.phases_of(*ledger, "--phase", "changed")

    def test_a_ledger_of_a_run_that_failed_is_refused(self):
        (self.folder / "kept" / "ledger").mkdir(parents=True)
        status, out, err = self.bench("--ledger", self.folder / "kept")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("did not end well", err)

    def test_a_customer_that_differs_in_the_mock_is_noticed(self):
        binary = self.folder / "bin"
        binary.mkdir()
        shutil.copy(BIN / "peaksync-bench", binary)
        (binary / "peaksyncd").symlink_to(BIN / "peaksyncd")
        settings = self.folder / "workspace.json"
        settings.write_text('{"blocklisted_attributes": ["orders_next_quarter"]}')
        mock = binary / "mockbraze"
        mock.write_text(f'#!/bin/sh\nexec "{BIN}/mockbraze" "$@" --workspace "{settings}"\n')
        mock.chmod(0o755)
        status, out, err = self.bench("--customers", 100, binary=binary / "peaksync-bench")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("new: ", err)

    def test_phases_that_make_no_sense_are_refused(self):
        for flags, message in (
            (["--phase", "changed"], "the first phase must be 'new'"),
            (["--phase", "new", "--phase", "new"], "can only be the first"),
            (["--phase", "new", "--phase", "changed", "--phase", "changed"], "give one of them"),
            (["--phase", "newer"], "'newer' is unknown"),
            (["--latency", "4"], "is no duration"),
        ):
            with self.subTest(message):
                status, out, err = self.bench("--customers", 100, *flags)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(message, err)
        # These are seen only when it comes to them: what was measured before is told.
        for flags, message, before in (
            (
                ["--phase", "new", "--phase", "changed,rate=half"],
                "needs a phase 'changed' before",
                ["new"],
            ),
            (
                ["--phase", "new", "--phase", "changed,customers=5", "--phase", "unchanged"],
                "one updated_at of all customers",
                ["new", "changed"],
            ),
        ):
            with self.subTest(message):
                status, out, err = self.bench("--customers", 100, *flags)
                self.assertEqual(status, 1)
                self.assertIn(message, err)
                report = json.loads(out)
                self.assertIn(message, report["failed"])
                self.assertEqual(list(report["phases"]), before)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the programs")
    given, rest = parser.parse_known_args()
    BIN = given.bin.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
