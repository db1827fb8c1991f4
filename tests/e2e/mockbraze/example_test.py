"""examples/mockbraze: the suite of one language, run as its README says, in a copy of it."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "examples" / "mockbraze"
TESTS = 5
DEADLINE = 150

# What prepares, what runs the suite, and what it prints when all of its tests have passed.
SUITES = {
    "python": (None, [sys.executable, "-m", "pytest"], f"{TESTS} passed"),
    "node": (
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"],
        ["npm", "test"],
        f"pass {TESTS}\n",
    ),
    "ruby": (None, ["ruby", "-w", "braze_client_test.rb"], f"{TESTS} runs, "),
}
KNOWN = None


class ExampleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prepare, cls.command, cls.passed = SUITES[KNOWN.language]
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.suite = cls.folder / "suite"
        leftovers = shutil.ignore_patterns("node_modules", "__pycache__", ".pytest_cache")
        shutil.copytree(EXAMPLES / KNOWN.language, cls.suite, ignore=leftovers)
        # Notes which process the suite has started.
        cls.pids = cls.folder / "pids"
        program = cls.folder / "mockbraze"
        program.write_text(f'#!/bin/sh\necho $$ >>{cls.pids}\nexec {KNOWN.mockbraze} "$@"\n')
        program.chmod(0o755)
        if cls.prepare:
            status, output = cls.run_in_suite(cls.prepare)
            if status != 0:
                raise AssertionError(output)

    @classmethod
    def run_in_suite(cls, command, **variables):
        """Exit status and output."""
        ours = ("MOCKBRAZE", "PYTEST_", "NODE_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        path = f"{cls.folder}:{kept['PATH']}"
        done = subprocess.run(
            command,
            cwd=cls.suite,
            env={**kept, "PATH": path, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        return done.returncode, done.stdout

    def test_passes_and_ends_its_mock(self):
        """With mockbraze on PATH."""
        status, output = self.run_in_suite(self.command)
        self.assertEqual(status, 0, output)
        self.assertIn(self.passed, output)
        self.assertNotIn("warning", output.lower())
        pids = self.pids.read_text().split()
        self.assertEqual(len(pids), 1, "one mock for the whole suite")
        self.assertFalse(pathlib.Path("/proc", pids[0]).exists(), "the mock is still there")

    def test_says_when_the_mock_does_not_start(self):
        """With what $MOCKBRAZE names; it neither passes nor waits for ever."""
        status, output = self.run_in_suite(self.command, MOCKBRAZE="/bin/false")
        self.assertNotEqual(status, 0, output)
        self.assertIn("/bin/false did not start", output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--language", choices=SUITES, required=True)
    parser.add_argument("--mockbraze", required=True)
    KNOWN, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
