"""Keys, tokens, identifiers and values never reach a log, a metric or another tenant (rule 9)."""

import stat
import unittest
import urllib.error
import urllib.request

import harness
import sample

CUSTOMER = "planted-customer-7f3a"
VALUE = "planted-value-91c2"
TOKEN = "planted-token-0123456789abcdef"
KEY = "planted-key-fedcba9876543210"
REFUSED_KEY = "planted-refused-key-555"
PLANTED = (CUSTOMER, VALUE, TOKEN, KEY, REFUSED_KEY)


class SecretsTest(harness.EndToEndTest):
    def assert_clean(self, text, where):
        for secret in PLANTED:
            self.assertNotIn(secret, text, where)

    def service_texts(self):
        """All that an operator sees."""
        texts = {path.name: path.read_text() for path in self.folder.glob("service*.log")}
        texts["/metrics"] = self.service.admin("/metrics")[1]
        self.assertTrue(texts["/metrics"] and len(texts) >= 2)
        return texts

    def plant(self):
        """A file whose customers and values are planted, one refused by us, one by Braze."""
        run = sample.first_run(30)
        lines = sample.json_lines(run, sample.TIME_1)
        planted = {
            CUSTOMER: {"offer": VALUE},  # Braze refuses it,
            f"{CUSTOMER}-2": {"_bad": VALUE},  # and we refuse these two.
            f"{CUSTOMER}-3": {"score": VALUE},
        }
        lines += sample.json_lines(planted, sample.TIME_1)
        return self.write("planted.jsonl", "".join(lines))

    def test_nothing_planted_comes_out(self):
        """Accepted, refused by us, refused by Braze, and a key that Braze's 401 repeats."""
        flags = ["--api-key", KEY, "--fault", f"object-error,external_id={CUSTOMER}"]
        mock = self.start_mock(*flags)
        other = self.start_mock(name="other")
        rules = "max_invalid_percent = 100"
        acme = harness.Tenant(mock, token=TOKEN, key=REFUSED_KEY, rules=rules,
                              attributes={"score": 'type = "double"'})
        self.start_service(acme, harness.Tenant(other, "bolt"))
        file = self.plant()
        paused = self.push(file, "--pause-timeout", "1s", status=1)
        run_id = paused.run["run_id"]
        self.assertEqual(paused.run["delivery"]["state"], "PAUSED")
        # Braze's own body, which holds the key, is nobody's business.
        self.assertNotIn(REFUSED_KEY, paused.out + paused.err)
        self.assertIn(REFUSED_KEY, self.mock_answer(mock), "the mock no longer repeats the key")

        acme.key = KEY
        self.restart_service()
        watched = self.peaksync("runs", "watch", run_id, "-o", "json")
        self.assertEqual(watched.status, 3, watched)
        values = watched.run["values"]
        self.assertGreater(values["rejected"], 0)
        self.assertGreater(values["invalid"], 0)
        for where, text in self.service_texts().items():
            self.assert_clean(text, where)
        last = ["last-sync", "--source", "churn"]
        commands = (["runs", "show", run_id], ["sources", "list"], last)
        for command in commands:
            result = self.peaksync(*command, tenant="bolt")
            self.assert_clean(result.out + result.err, command)
        stranger = self.push(file, tenant="bolt", status=3)
        self.assertNotIn(KEY, stranger.out + stranger.err)

    def mock_answer(self, mock):
        """What Braze says to the refused key."""
        request = urllib.request.Request(
            f"{mock.url}/users/track",
            b'{"attributes":[{"external_id":"x","a":1}]}',
            {"Authorization": f"Bearer {REFUSED_KEY}", "Content-Type": "application/json"},
        )
        try:
            urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            return error.read().decode()
        return ""

    def test_files_are_the_services_own(self):
        """Everything in the ledger's folder is 0600, the folder itself 0700."""
        mock = self.start_mock()
        self.start_service(harness.Tenant(mock))
        self.push(self.plant(), status=3)
        folder = self.folder / "ledger"
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
        files = [path for path in folder.iterdir() if path.is_file()]
        self.assertGreaterEqual(len(files), 3)
        for path in files:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path.name)


if __name__ == "__main__":
    unittest.main()
