"""The commands of README.md under "By hand" work as they stand there.

Only the fixed ports and the folders are replaced: other tests run at the same time.
"""

import argparse
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from checks import ROOT

BIN = None
MARK = "<!-- run by tests/unit/scripts/readme_test.py -->"


def commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(re.escape(MARK) + r"\n+```sh\n(.*?)```", text, re.DOTALL)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class ReadmeTest(unittest.TestCase):
    def test_commands_work(self):
        blocks = commands()
        self.assertGreaterEqual(len(blocks), 2)
        script = "set -e\n" + "\n".join(blocks)
        for fixed, free in zip(("12118", "7443", "9464"), free_ports(3)):
            self.assertIn(f"127.0.0.1:{fixed}", script)
            script = script.replace(f"127.0.0.1:{fixed}", f"127.0.0.1:{free}")
        with tempfile.TemporaryDirectory() as folder:
            script = script.replace("build/release/bin/", BIN + "/").replace("build/try", folder)
            # A group of its own, so that what it leaves in the background can be ended.
            shell = subprocess.Popen(
                ["bash", "-c", script + "\nkill $(jobs -p); wait"],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            try:
                output = shell.communicate(timeout=100)[0]
            finally:
                try:
                    os.killpg(shell.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.assertEqual(shell.returncode, 0, output)
        self.assertRegex(output, r"confirmed +6,000")
        self.assertRegex(output, r"unchanged +5,487")
        self.assertIn('"churn_risk":"medium"', output.replace(" ", ""))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    known, rest = parser.parse_known_args()
    BIN = str(pathlib.Path(known.bin).resolve())
    unittest.main(argv=[sys.argv[0], *rest])
