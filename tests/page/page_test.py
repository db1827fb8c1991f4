"""The page for people, in a real browser, against the built mockbraze. One by hand, in this folder:

PEAKSYNC_BIN_DIR=../../build/release/bin python3 -m unittest page_test.PageTest.test_users_are_found
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

import webdriver

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
_BUILT = REPOSITORY / "build" / "release" / "bin"
BIN_DIR = pathlib.Path(os.environ.get("PEAKSYNC_BIN_DIR", _BUILT)).resolve()
TAB, ESCAPE = "\ue004", "\ue00c"
EVIL = "<script>document.title='pwned'</script><img src=x onerror=document.title='pwned'>"


class Mock:
    """mockbraze on a free port; ends with its standard input."""

    def __init__(self, *flags):
        command = [BIN_DIR / "mockbraze", "--listen", "127.0.0.1:0", "--exit-with-stdin", *flags]
        self.popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = self.popen.stdout.readline().decode().split()[-1]

    def post(self, path, body, key="any"):
        """The status of the answer; 0 when there was none."""
        headers = {"authorization": f"Bearer {key}"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=webdriver.DEADLINE) as answer:
                return answer.status
        except urllib.error.HTTPError as failure:
            return failure.code
        except OSError:
            return 0

    def track(self, key="any", **arrays):
        return self.post("/users/track", arrays, key)

    def close(self):
        self.popen.stdin.close()
        try:
            self.popen.wait(timeout=webdriver.DEADLINE)
        finally:
            self.popen.kill()
            self.popen.stdout.close()


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="mockbraze-page-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.browser = webdriver.Browser(cls.folder)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.mock = self.start()

    def start(self, *flags):
        mock = Mock(*flags)
        self.addCleanup(mock.close)
        return mock

    def open(self, view="", mock=None, **query):
        # A page of its own each time, not only another fragment of the one before.
        self.browser.open("about:blank")
        fragment = view and f"#/{view}?{urllib.parse.urlencode(query)}"
        self.browser.open(f"{(mock or self.mock).url}/{fragment}")

    def see(self, *texts, css="main"):
        for text in texts:
            self.browser.wait_for_text(text, css)

    def see_no(self, text, css="main"):
        webdriver.wait_for(f"no {text}", lambda: text not in self.browser.text(css))

    def test_nothing_yet_says_how_to_begin(self):
        self.open()
        self.see("No user with an external_id yet", "curl", "/users/track")
        self.see("Unofficial, not affiliated with Braze", css="footer")

    def test_users_are_found(self):
        ids = [f"c{i:02}" for i in range(75)]
        people = [{"external_id": id, "email": f"{id}@Example.org"} for id in ids]
        self.mock.track(attributes=people)
        self.open()
        self.see("c00", "c49", "c49@Example.org")
        self.assertNotIn("c50", self.browser.text())
        self.browser.click(".pages a")
        self.see("c50", "c74")
        self.browser.type("input[type=search]", "c1")
        self.see("c10", "c19")
        self.see_no("c20")
        self.browser.type("input[type=search]", "C33@example.org")
        self.see("c33@Example.org")
        self.see_no("c19")
        self.browser.type("input[type=search]", "nobody")
        self.see("No user's external_id begins with “nobody”")

    def test_a_user_shows_attributes_and_history(self):
        time = "2026-09-01T10:00:00Z"
        bought = {"product_id": "shoe", "currency": "EUR", "price": 5, "time": time}
        values = {"score": 14.0, "big": 2**53 + 1, "day": "2026-01-01", "nested": {"a": [1, True]}}
        self.mock.track(
            attributes=[{"external_id": "ada", "first_name": "Ada", **values}],
            events=[{"external_id": "ada", "name": "seen_page", "time": time}] * 2,
            purchases=[{"external_id": "ada", **bought}],
        )
        self.mock.track(attributes=[{"external_id": "bob", "a": 1}])
        self.open()
        self.browser.click("tbody a")
        self.see("14.0", "float", "9007199254740993", "integer", "date", '{"a": [1, true]}')
        self.see("Ada", "seen_page", "shoe", "History", "/users/track")
        self.assertEqual(self.browser.run("return document.querySelectorAll('.toggle').length"), 1)
        # What comes in is seen without doing anything.
        self.mock.track(attributes=[{"external_id": "ada", "tier": "gold"}])
        self.see("tier", "gold")

    def test_a_user_without_external_id_and_one_that_is_gone(self):
        alias = {"alias_name": "n1", "alias_label": "crm"}
        self.mock.track(
            attributes=[{"user_alias": alias, "_update_existing_only": False, "plan": "pro"}]
        )
        self.open("users", q="crm:n1")
        self.browser.click("tbody a")
        self.see("crm", "n1", "plan")
        self.open("user", external_id="nobody")
        self.see("nobody", "There is no such user")

    def test_requests_come_with_their_answers(self):
        self.mock.track(attributes=[{"external_id": "ada", "plan": "pro"}])
        self.mock.post("/nowhere", {"x": 1})
        self.mock.post("/_mock/faults", {"faults": ["reset,count=1"]})
        self.assertEqual(self.mock.track(attributes=[{"external_id": "bob", "plan": "pro"}]), 0)
        self.open("requests")
        self.see("/nowhere", "404", "201", "reset,count=1", "none")
        self.browser.click("tr:last-child .toggle, tr:nth-last-child(2) .toggle")
        self.see('"attributes_processed"', '"external_id": "ada"', "headers")
        self.browser.type("input[name=external_id]", "bob")
        self.see_no("/nowhere")
        self.see("reset,count=1")
        self.browser.type("input[name=path]", "/nowhere")
        self.see("No such request is kept")

    def test_pause_holds_the_page_and_refresh_asks_once(self):
        self.open("requests")
        self.see("No request yet")
        self.browser.click("#pause")
        self.mock.post("/first", {})
        self.browser.click("#refresh")
        self.see("/first")
        self.mock.post("/second", {})
        self.browser.click("#pause")
        self.see("/second")

    def test_faults_are_set_and_a_wrong_one_is_explained(self):
        self.open("state")
        self.see("data_points", "rate_limit_mode", "3,000 of 3,000")
        self.browser.type("#faults", "status=503")
        self.browser.click("form button[type=submit]")
        self.see("In force.", css="#faults-answer")
        self.assertEqual(self.mock.track(attributes=[{"external_id": "a", "b": 1}]), 503)
        self.see("503: 1")
        self.browser.type("#faults", "explode")
        self.browser.click("form button[type=submit]")
        self.see("explode", css="#faults-answer")
        self.assertEqual(self.mock.track(attributes=[{"external_id": "a", "b": 1}]), 503)

    def test_reset_asks_first(self):
        self.mock.track(attributes=[{"external_id": "ada", "plan": "pro"}])
        self.open("state")
        self.see("1 user, 1 request", css="#summary")
        self.browser.click("main .danger")
        self.browser.click("#reset-no")
        self.browser.click("main .danger")
        self.browser.press(ESCAPE)
        self.see("1 user, 1 request", css="#summary")
        self.browser.click("main .danger")
        self.browser.click("#reset-yes")
        self.see("0 users, 0 requests", css="#summary")

    def test_what_customers_are_called_does_not_run(self):
        time = "2026-09-01T10:00:00Z"
        person = {"external_id": EVIL, "first_name": EVIL, EVIL: EVIL, "nested": {EVIL: [EVIL]}}
        self.mock.track(
            attributes=[person], events=[{"external_id": EVIL, "name": EVIL, "time": time}]
        )
        self.mock.post("/" + urllib.parse.quote(EVIL), {EVIL: EVIL})
        self.mock.post("/_mock/stubs", {"path": "/" + EVIL})
        self.mock.post("/_mock/faults", {"faults": [f"status=500,external_id={EVIL}"]})
        self.open()
        self.see(EVIL)
        self.browser.click("tbody a")
        self.see(EVIL, "History")
        self.browser.click(".toggle")
        self.see("attributes_processed")
        self.open("requests")
        self.browser.click(".toggle")
        self.see(EVIL)
        self.open("state")
        self.see("POST /" + EVIL)
        count = "return document.querySelectorAll('main script, main img').length"
        self.assertEqual(self.browser.run(count), 0)
        self.assertEqual(self.browser.run("return document.title"), "State – mockbraze")

    def test_keys_suffice(self):
        self.mock.track(attributes=[{"external_id": "ada", "plan": "pro"}])
        self.open()
        self.see("ada")
        self.browser.press("/")
        self.browser.press("ad")
        value = "return document.querySelector('input[type=search]').value"
        webdriver.wait_for("the search is typed", lambda: self.browser.run(value) == "ad")
        self.browser.press(TAB)
        self.browser.press("\ue007")
        self.see("History", "plan")

    def test_a_mock_that_is_gone_is_said(self):
        self.open()
        self.see("No user with an external_id yet")
        self.mock.close()
        self.see("The mock does not answer at", "Is it still running?", css="#error")

    def test_a_workspace_per_key_asks_for_the_key(self):
        mock = self.start("--workspace-per-key")
        mock.track(attributes=[{"external_id": "ada", "plan": "pro"}], key="one")
        self.open(mock=mock)
        self.see("Authorization: Bearer KEY", css="#error")
        self.browser.type("#key", "two")
        self.browser.click("#key-form button")
        self.see("0 users", css="#summary")
        self.browser.type("#key", "one")
        self.browser.click("#key-form button")
        self.see("ada")

    def test_a_phone_shows_all_without_scrolling_sideways(self):
        metrics = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
        command = {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics}
        self.browser.call("POST", "/goog/cdp/execute", command)
        clear = {"cmd": "Emulation.clearDeviceMetricsOverride", "params": {}}
        self.addCleanup(self.browser.call, "POST", "/goog/cdp/execute", clear)
        long = "x" * 200
        self.mock.track(attributes=[{"external_id": long, "email": "a@x.org", long: long}])
        self.mock.post("/" + long, {long: long})
        for view, text in [("users", long), ("requests", long), ("state", "data_points")]:
            self.open(view)
            self.see(text)
            width = self.browser.run("return document.documentElement.scrollWidth")
            self.assertLessEqual(width, 390, view)
        self.open("user", external_id=long)
        self.see("History")
        width = self.browser.run("return document.documentElement.scrollWidth")
        self.assertLessEqual(width, 390)


if __name__ == "__main__":
    unittest.main()
