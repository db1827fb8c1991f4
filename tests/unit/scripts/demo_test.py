"""scripts/demo.sh with programs that are built: what it shows, and that nothing stays behind."""

import argparse
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest

from checks import ROOT

BIN = None


def run_demo(folder, *arguments):
    """Exit status and output; the demo's own folder is made inside of `folder`."""
    environment = dict(os.environ, TMPDIR=str(folder))
    done = subprocess.run(
        [str(ROOT / "scripts" / "demo.sh"), *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=environment,
    )
    return done.returncode, done.stdout + done.stderr


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class DemoTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_tells_the_story_and_stops_everything(self):
        status, output = run_demo(self.folder, "--bin", BIN)
        self.assertEqual(status, 0, output)
        self.assertEqual(len(re.findall(r"^run +\w+ COMPLETED$", output, re.M)), 3, output)
        self.assertEqual(re.findall(r"confirmed +([\d,]+)", output), ["6,000", "0", "585"], output)
        self.assertEqual(
            re.findall(r"unchanged +([\d,]+)  Braze had", output), ["0", "6,000", "5,487"], output
        )
        self.assertEqual(
            re.findall(r"(\d+) customers, (\d+) values, (\d+) of them for nothing", output),
            [("1000", "6000", "0"), ("1000", "6000", "0"), ("1291", "6585", "0")],
            output,
        )
        self.assertEqual(
            re.findall(r"^churn_risk +(.*)$", output, re.M), ['"low"', '"medium"'], output
        )
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertFalse(is_listening(int(re.search(r" at 127.0.0.1:(\d+)", output).group(1))))

    def test_stops_the_mock_when_the_service_does_not_start(self):
        programs = self.folder / "bin"
        temporary = self.folder / "tmp"
        programs.mkdir()
        temporary.mkdir()
        port_file = self.folder / "mock.log"
        service = programs / "peaksyncd"
        service.write_text(f"#!/bin/sh\ncp {temporary}/*/mock.log {port_file}\nexit 2\n")
        service.chmod(0o755)
        (programs / "mockbraze").symlink_to(pathlib.Path(BIN) / "mockbraze")
        status, output = run_demo(temporary, "--bin", str(programs))
        self.assertNotEqual(status, 0, output)
        self.assertEqual(list(temporary.iterdir()), [])
        port = re.search(r"127.0.0.1:(\d+)", port_file.read_text()).group(1)
        self.assertFalse(is_listening(int(port)))

    def test_refuses_an_argument_it_does_not_know(self):
        self.assertEqual(run_demo(self.folder, "--fast")[0], 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    known, rest = parser.parse_known_args()
    BIN = str(pathlib.Path(known.bin).resolve())
    unittest.main(argv=[sys.argv[0], *rest])
