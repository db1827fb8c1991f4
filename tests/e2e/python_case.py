"""The base of the end-to-end tests of client/python: the wheel, built and imported."""

import importlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import harness
import process


def build_wheel(folder):
    """The wheel, as scripts/build-wheel.sh builds it."""
    script = process.REPOSITORY / "scripts" / "build-wheel.sh"
    environment = {**os.environ, "PYTHON": sys.executable}
    command = [script, folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    if done.returncode != 0:
        raise AssertionError(f"build-wheel.sh: {done.stderr}")
    return pathlib.Path(done.stdout.strip())


class PythonTest(harness.EndToEndTest):
    """A test with the package at hand as self.peaksync_package, unpacked to self.site."""

    @classmethod
    def setUpClass(cls):
        cls.site = pathlib.Path(tempfile.mkdtemp(prefix="peaksync-wheel-"))
        cls.addClassCleanup(shutil.rmtree, cls.site)
        cls.wheel = build_wheel(cls.site)
        shutil.unpack_archive(cls.wheel, cls.site, "zip")
        cls.addClassCleanup(cls.forget, str(cls.site))
        sys.path.insert(0, str(cls.site))
        cls.package = importlib.import_module("peaksync")

    @classmethod
    def forget(cls, site):
        """So that the next class imports its own."""
        sys.path.remove(site)
        for name in [name for name in sys.modules if name.partition(".")[0] == "peaksync"]:
            del sys.modules[name]

    def reach(self, **options):
        """How to reach the test's service."""
        options = {"token": self.tenants["acme"].token, **options}
        return self.package.Service(server=self.service.address, **options)

    def push_rows(self, rows, **options):
        """push() of the package, to the test's service."""
        options = {"source": "churn", "timeout": process.DEADLINE, **options}
        return self.package.push(rows, service=options.pop("service", self.reach()), **options)

    def sync_rows(self, connection, query, **options):
        """sync() of the package, to the test's service."""
        options = {"source": "churn", "updated_at": "scored_at", **options}
        options = {"timeout": process.DEADLINE, "service": self.reach(), **options}
        return self.package.sync(connection, query, **options)

    def python(self, *arguments, env=None, input_text=None):
        """`python -m peaksync` to its end."""
        environment = {**self.environment(), "PYTHONPATH": str(self.site), **(env or {})}
        command = [sys.executable, "-X", "faulthandler", "-m", "peaksync", *map(str, arguments)]
        environment = process.clean_environment(environment)
        return process.run(command, env=environment, cwd=self.folder, input_text=input_text)

    def assert_values(self, result, **expected):
        """The run's values, as assert_counts has them."""
        self.assert_counts(result.run.to_dict(), **expected)
