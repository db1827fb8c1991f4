"""Credentials, and several tenants in one service."""

import hashlib
import unittest

import harness
import sample


class TenantsTest(harness.EndToEndTest):
    def setUp(self):
        super().setUp()
        self.mocks = {name: self.start_mock(name=name) for name in ("acme", "bolt")}
        self.start_service(*(harness.Tenant(mock, name) for name, mock in self.mocks.items()))
        self.runs = {
            name: sample.first_run(20, seed=number, prefix=name.upper())
            for number, name in enumerate(self.mocks)
        }
        self.files = {
            name: sample.write_csv(self.folder / f"{name}.csv", run, sample.TIME_1)
            for name, run in self.runs.items()
        }

    def requests(self):
        return sum(mock.stats()["requests"] for mock in self.mocks.values())

    def test_each_tenant_reaches_its_own_workspace_only(self):
        """The same source name in two tenants: values, runs and cursors stay apart."""
        pushed = {name: self.push(file, tenant=name).run for name, file in self.files.items()}
        for name, mock in self.mocks.items():
            self.assert_profiles(mock, self.runs[name])
            keys = {request["headers"]["authorization"] for request in mock.requests()}
            self.assertEqual(keys, {f"Bearer key-of-{name}"})
            listed = self.peaksync("runs", "list", "-o", "json", tenant=name).json["runs"]
            self.assertEqual([run["run_id"] for run in listed], [pushed[name]["run_id"]])

    def test_run_of_another_tenant_is_not_found(self):
        """Whether a run of another tenant exists is not told."""
        run_id = self.push(self.files["acme"], tenant="acme").run["run_id"]
        nobodys = run_id[::-1]
        for command in ("show", "watch"):
            other = self.peaksync("runs", command, run_id, tenant="bolt")
            unknown = self.peaksync("runs", command, nobodys, tenant="bolt")
            self.assertEqual((other.status, unknown.status), (2, 2), other)
            self.assertEqual(other.err.replace(run_id, "ID"), unknown.err.replace(nobodys, "ID"))
            self.assert_words(other.err, "no run", run_id)

    def test_wrong_token(self):
        """A token that nobody has: status 4, and what to do."""
        env = {"PEAKSYNC_TOKEN": "some-token-that-nobody-has"}
        report = self.push(self.files["acme"], status=4, env=env)
        self.assert_words(report.err, "token", "--token-file")
        self.assertNotIn("some-token", report.err)
        self.assertEqual(self.requests(), 0)

    def test_no_token(self):
        """No credential at all: status 4, and how to give one."""
        report = self.push(self.files["acme"], status=4, env={"PEAKSYNC_TOKEN": ""})
        self.assert_words(report.err, "no credential", "--token-file")

    def test_token_of_another_tenant_with_tenant_flag(self):
        """--tenant keeps one company's predictions out of another one's Braze."""
        report = self.push(self.files["acme"], "--tenant", "acme", tenant="bolt", status=4)
        self.assert_words(report.err, "acme", "--tenant")
        self.assertNotIn("bolt", report.err.replace(str(self.folder), ""))
        self.assertEqual(self.requests(), 0)
        for name in self.mocks:
            listed = self.peaksync("runs", "list", "-o", "json", tenant=name).json["runs"]
            self.assertEqual(listed, [])
        self.push(self.files["acme"], "--tenant", "acme", tenant="acme")

    def test_any_of_several_tokens(self):
        """Tokens are rotated by having two for a while; a hash in the configuration does too."""
        tenant = self.tenants["acme"]
        digest = hashlib.sha256(b"third-token-0123456789").hexdigest()
        tenant.rules = f'token_sha256 = ["{digest}"]'
        tenant.token = "# rotated in autumn\nfirst-token-0123456789\nsecond-token-0123456789 push"
        self.restart_service()
        for token in ("first", "second", "third"):
            env = {"PEAKSYNC_TOKEN": f"{token}-token-0123456789"}
            self.push(self.files["acme"], env=env)
        token_file = self.write("token", "second-token-0123456789\n")
        self.push(self.files["acme"], "--token-file", token_file, env={"PEAKSYNC_TOKEN": ""})

    def test_misconfigured_tenant_leaves_the_other_running(self):
        """A missing key file switches off its tenant alone, and both sides are told why."""
        self.assertEqual(self.service.terminate(), 0)
        config = self.write_config()
        (self.folder / "bolt.key").unlink()
        self.service = self.launch(config)
        self.push(self.files["acme"], tenant="acme")
        refused = self.push(self.files["bolt"], tenant="bolt", status=5)
        self.assert_words(refused.err, "misconfigured", "bolt.key")
        for name, value in (("acme", 0), ("bolt", 1)):
            found = self.service.metric("peaksync_tenant_misconfigured", tenant=name)
            self.assertEqual(found, value)
        [line] = [line for line in self.service.lines() if line.get("tenant") == "bolt"]
        self.assert_words(line["reason"], "bolt.key")
        self.assertEqual(self.service.admin("/readyz")[0], 200)

    def test_ledger_of_another_workspace_pauses_the_tenant(self):
        """A ledger never meets another workspace unnoticed: nothing is sent there."""
        self.push(self.files["acme"])
        before = self.requests()
        self.tenants["acme"].workspace = "acme-staging"
        self.restart_service()
        run2 = sample.next_run(self.runs["acme"])
        file = sample.write_csv(self.folder / "run2.csv", run2, sample.TIME_2)
        report = self.push(file, "--pause-timeout", "1s", status=1)
        self.assert_words(report.err, "acme-test", "acme-staging")
        self.assertEqual(self.requests(), before)


if __name__ == "__main__":
    unittest.main()
