"""What the tests of scripts/ share: the repository, and small trees that a check runs on."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]


def write(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def run_check(script, root):
    """Exit status and what it printed."""
    command = [sys.executable, str(ROOT / "scripts" / script), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
