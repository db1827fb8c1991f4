"""The sample data of examples/ is what scripts/make_sample_data.py writes, and tells its story."""

import csv
import pathlib
import subprocess
import sys
import tempfile
import unittest

from checks import ROOT

RUN1 = "predictions-run1.csv"
RUN2 = "predictions-run2.csv"


def read(name):
    with open(ROOT / "examples" / name, newline="", encoding="utf-8") as file:
        return {row["external_id"]: row for row in csv.DictReader(file)}


def without_time(row):
    return {name: value for name, value in row.items() if name != "scored_at"}


class SampleDataTest(unittest.TestCase):
    def test_files_are_what_the_script_writes(self):
        with tempfile.TemporaryDirectory() as folder:
            script = ROOT / "scripts" / "make_sample_data.py"
            subprocess.run([sys.executable, str(script), folder], check=True)
            for name in (RUN1, RUN2):
                made = (pathlib.Path(folder) / name).read_bytes()
                kept = (ROOT / "examples" / name).read_bytes()
                self.assertEqual(made, kept, f"{name}: run scripts/make_sample_data.py")

    def test_second_run_changes_some_and_adds_a_few(self):
        first, second = read(RUN1), read(RUN2)
        self.assertEqual(len(first), 1_000)
        self.assertEqual(len(second), 1_012)
        again = {name: without_time(second[name]) for name in first}
        changed = sum(without_time(first[name]) != again[name] for name in first)
        self.assertIn(changed * 100 // len(first), range(25, 36))


if __name__ == "__main__":
    unittest.main()
