"""Builds the wheel and imports the package from it, as users have it."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_SITE = pathlib.Path(tempfile.mkdtemp(prefix="peaksync-wheel-"))


def pytest_configure():
    command = [_ROOT / "scripts" / "build-wheel.sh", _SITE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise pytest.UsageError(f"build-wheel.sh: {done.stderr}")
    shutil.unpack_archive(done.stdout.strip(), _SITE, "zip")
    sys.path.insert(0, str(_SITE))


def pytest_unconfigure():
    shutil.rmtree(_SITE, ignore_errors=True)
