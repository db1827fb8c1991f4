"""mockbraze for pytest: one process for the whole run, forgotten state before each test."""

import json
import os
import subprocess
import urllib.parse
import urllib.request

import pytest


class Mock:
    """A running mockbraze: its address, and its control endpoints."""

    def __init__(self, url):
        self.url = url

    def user(self, external_id):
        """The profile as Braze would export it."""
        return self._call("/_mock/users?" + urllib.parse.urlencode({"external_id": external_id}))

    def requests(self):
        """What has arrived, newest last."""
        return self._call("/_mock/requests")["requests"]

    def set_faults(self, *faults):
        self._call("/_mock/faults", {"faults": faults})

    def reset(self):
        self._call("/_mock/reset", {})

    def _call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(self.url + path, data, timeout=10) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def mock_process():
    program = os.environ.get("MOCKBRAZE", "mockbraze")
    process = subprocess.Popen(
        [program, "--listen", "127.0.0.1:0", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    first_line = process.stdout.readline()
    assert first_line.startswith("listening on "), f"{program} did not start"
    yield Mock(first_line.split()[-1])
    process.communicate(timeout=10)  # Closes its standard input, which ends it.
    assert process.returncode == 0


@pytest.fixture(autouse=True)
def mock(mock_process):
    mock_process.reset()
    return mock_process
