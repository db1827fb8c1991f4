"""A browser without a window, driven by the W3C WebDriver protocol over chromedriver."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import time
import urllib.error
import urllib.request

DEADLINE = 60.0  # Of any wait; a green run waits for none of it.
POLL = 0.05
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # The protocol's name of a reference.
# So that a test runner that is killed leaves no process behind.
GUARD = ["/usr/bin/setpriv", "--pdeathsig", "KILL"]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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


class WebDriverError(Exception):
    pass


class Browser:
    """One browser with a profile of its own in `folder`, and its driver."""

    def __init__(self, folder, width=1280, height=900, dark=False):
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        driver = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")
        log = pathlib.Path(folder) / "driver.log"
        with log.open("w") as out:
            self.popen = subprocess.Popen([*GUARD, driver, "--port=0"], stdout=out, stderr=out)
        try:
            self._connect(log, [*FLAGS, f"--user-data-dir={folder}/profile"], chromium)
            self.call("POST", "/window/rect", {"width": width, "height": height})
            if dark:
                self.emulate_dark()
        except BaseException:
            self.close()
            raise

    def _connect(self, log, flags, chromium):
        self.session = ""
        port = wait_for("chromedriver listens", lambda: self._port(log))
        self.url = f"http://127.0.0.1:{port}"
        options = {"binary": chromium, "args": flags}
        capabilities = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
        answer = self._http("POST", "/session", {"capabilities": capabilities})
        self.session = answer["sessionId"]

    def _port(self, log):
        if self.popen.poll() is not None:
            raise AssertionError(f"chromedriver ended: {log.read_text()}")
        _, found, rest = log.read_text().partition("started successfully on port ")
        return rest.split(".")[0] if found and "." in rest else None

    def _http(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as failure:
            raise WebDriverError(json.load(failure)["value"]["message"]) from None

    def call(self, method, path, body=None):
        return self._http(method, f"/session/{self.session}{path}", body)

    def close(self):
        try:
            if getattr(self, "session", ""):
                self.call("DELETE", "")
        except (WebDriverError, OSError):
            pass
        self.popen.terminate()
        self.popen.wait()

    # What a person does.

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def find(self, css):
        """Waits for the first element that is there and seen."""

        def look():
            for reference in self.call(
                "POST", "/elements", {"using": "css selector", "value": css}
            ):
                element = reference[ELEMENT]
                if self.call("GET", f"/element/{element}/displayed"):
                    return element
            return None

        return wait_for(f"{css} is on the page", look)

    def click(self, css):
        self.call("POST", f"/element/{self.find(css)}/click", {})

    def type(self, css, text):
        element = self.find(css)
        self.call("POST", f"/element/{element}/clear", {})
        self.call("POST", f"/element/{element}/value", {"text": text})

    def press(self, keys):
        """Presses and releases keys one after the other, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self.call("POST", "/actions", {"actions": [keyboard]})

    # What a person sees.

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self, css="main"):
        script = "return document.querySelector(arguments[0])?.innerText ?? ''"
        return self.run(script, css)

    def wait_for_text(self, text, css="main"):
        try:
            wait_for(text, lambda: text in self.text(css))
        except AssertionError as failure:
            raise AssertionError(f"{failure}; {css} says: {self.text(css)}") from None

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.call("GET", "/screenshot")))

    def emulate_dark(self):
        features = [{"name": "prefers-color-scheme", "value": "dark"}]
        command = {"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}}
        self.call("POST", "/goog/cdp/execute", command)
