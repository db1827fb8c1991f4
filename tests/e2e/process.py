"""Starts and stops the three programs, and waits for what they do."""

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
_BUILT = REPOSITORY / "build" / "release" / "bin"
BIN_DIR = pathlib.Path(os.environ.get("PEAKSYNC_BIN_DIR", _BUILT)).resolve()
DEADLINE = 60.0  # Of any wait. Sanitizers and a busy machine are slow; a green run waits for none.
POLL = 0.02


def guarded(command):
    """The command so that a test runner that is killed leaves no process of it behind.

    And so that a limit of files makes its writes fail. By programs that become it: preexec_fn runs
    Python in a fork of a process that has gRPC's threads, and now and then hangs there.
    """
    guards = ["/usr/bin/env", "--ignore-signal=XFSZ", "/usr/bin/setpriv", "--pdeathsig", "KILL"]
    return [*guards, *(str(part) for part in command)]


def wait_for(what, condition, deadline=DEADLINE):
    """The first true answer of `condition`; after the deadline an AssertionError with `what`."""
    end = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline:.0f} s in vain: {what}")
        time.sleep(POLL)


def free_port():
    """A port that a service can come back to: no outgoing connection takes one below 32768."""
    for _ in range(200):
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")


def clean_environment(extra=None):
    """The environment without what could change a program's behaviour."""
    ours = ("PEAKSYNC_", "MOCKBRAZE_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return {**kept, "TZ": "UTC", **(extra or {})}


def http(url, body=None, headers=None):
    """(status, text) of a GET, or of a POST when there is a body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Process:
    """A program that runs until it is stopped."""

    def __init__(self, command, log, **options):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as err:
            self.popen = subprocess.Popen(
                guarded(command),
                stderr=err,
                env=clean_environment(options.pop("env", None)),
                **options,
            )

    def wait(self, deadline=DEADLINE):
        """The exit status."""
        return self.popen.wait(timeout=deadline)

    def terminate(self):
        """SIGTERM; the exit status."""
        self.popen.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """kill -9, also when it ended long ago."""
        self.popen.kill()
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass


class Mock(Process):
    """mockbraze on a port of its own, and its control endpoints."""

    def __init__(self, folder, *flags, name="mock"):
        command = [BIN_DIR / "mockbraze", "--listen", "127.0.0.1:0", *flags]
        super().__init__(command, folder / f"{name}.log", stdout=subprocess.PIPE)
        first = self.popen.stdout.readline().decode().strip()
        if not first.startswith("listening on "):
            raise AssertionError(f"mockbraze did not start: {first} {self.log.read_text()}")
        self.url = first.removeprefix("listening on ")

    def get(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        status, text = http(f"{self.url}{path}?{query}" if query else f"{self.url}{path}")
        return json.loads(text) if status == 200 else None

    def stats(self):
        return self.get("/_mock/stats")

    def requests(self, limit=1000):
        return self.get("/_mock/requests", limit=limit)["requests"]

    def user(self, external_id):
        """The custom attributes of a profile; None when there is no such profile."""
        profile = self.get("/_mock/users", external_id=external_id)
        return profile and profile["custom_attributes"]

    def users(self):
        """external_id -> custom attributes, of all profiles."""
        found, after = {}, {}
        while True:
            page = self.get("/_mock/users", limit=10_000, **after)
            for user in page["users"]:
                found[user["external_id"]] = user["custom_attributes"]
            if "next_after" not in page:
                return found
            after = {"after": page["next_after"]}

    def post(self, path, body):
        status, text = http(self.url + path, body)
        if status != 200:
            raise AssertionError(f"{path}: {status} {text}")


class Service(Process):
    """peaksyncd. `port` and `admin_port` are known once it listens."""

    def __init__(self, config, name="service", wait=True, env=None):
        folder = pathlib.Path(config).parent
        command = [BIN_DIR / "peaksyncd", "--config", config]
        super().__init__(command, folder / f"{name}.log", env=env)
        self.port = self.admin_port = None
        if wait:
            self.wait_until_listening()

    def lines(self):
        """What it has logged so far, as documents."""
        text = self.log.read_text()
        whole = text[: text.rfind("\n") + 1]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def wait_until_listening(self):
        def listening():
            if self.popen.poll() is not None:
                raise AssertionError(f"peaksyncd ended: {self.log.read_text()}")
            found = [line for line in self.lines() if line["message"] == "Listening."]
            return found and found[-1]

        line = wait_for("peaksyncd listens", listening)
        self.port, self.admin_port = line["grpc_port"], line["admin_port"]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def admin(self, path):
        """(status, text) of the operators' port."""
        return http(f"http://127.0.0.1:{self.admin_port}{path}")

    def metric(self, name, **labels):
        """The value of one series."""
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        text = self.admin("/metrics")[1]
        for line in text.splitlines():
            series, _, value = line.rpartition(" ")
            found, _, rest = series.partition("{")
            if found == name and set(filter(None, rest.rstrip("}").split(","))) == wanted:
                return float(value)
        raise AssertionError(f"no series {name} {wanted} in:\n{text}")


class Result:
    """What a program that ended has said."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def run(self):
        return self.json["run"]

    def __repr__(self):
        return f"exit status {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def run(command, input_text=None, deadline=2 * DEADLINE, **options):
    """A command to its end. One that hangs is aborted: a Python with faulthandler says where."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        guarded(command), stdin=pipe, stdout=pipe, stderr=pipe, text=True, **options
    ) as running:
        try:
            out, err = running.communicate(input_text, timeout=deadline)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGABRT)
            _, err = running.communicate(timeout=deadline)
            raise AssertionError(f"{command} did not end in {deadline:.0f} s: {err}") from None
        except BaseException:
            running.kill()
            raise
    return Result(running.returncode, out, err)


class Client:
    """peaksync, started and not waited for. Its standard input is a pipe."""

    def __init__(self, arguments, env, cwd):
        self.popen = subprocess.Popen(
            guarded([BIN_DIR / "peaksync", *arguments]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(env),
            cwd=cwd,
        )
        self._texts = {}
        self._readers = []
        for name in ("stdout", "stderr"):  # Nobody else empties the pipes while it runs.
            reader = threading.Thread(target=self._read, args=(name,), daemon=True)
            reader.start()
            self._readers.append(reader)

    def _read(self, name):
        self._texts[name] = getattr(self.popen, name).read().decode(errors="replace")

    def write(self, text):
        self.popen.stdin.write(text.encode())
        self.popen.stdin.flush()

    def close_input(self):
        try:
            self.popen.stdin.close()
        except BrokenPipeError:
            pass

    def result(self, deadline=2 * DEADLINE):
        self.close_input()
        try:
            status = self.popen.wait(timeout=deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            what = f"peaksync did not end in {deadline:.0f} s: {self._texts}"
            raise AssertionError(what) from None
        for reader in self._readers:
            reader.join()
        self.popen.stdout.close()
        self.popen.stderr.close()
        return Result(status, self._texts["stdout"], self._texts["stderr"])

    def kill(self):
        """kill -9, also when it ended long ago."""
        self.popen.kill()
        self.popen.wait()
        for reader in self._readers:
            reader.join()
        self.close_input()
        self.popen.stdout.close()
        self.popen.stderr.close()
