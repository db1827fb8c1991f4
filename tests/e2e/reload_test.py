"""SIGHUP: what changes without a restart, and what goes on."""

import signal
import time
import unittest

import grpc

import harness
import process
import sample
import wire


class ReloadTest(harness.EndToEndTest):
    def setUp(self):
        super().setUp()
        self.mocks = {name: self.start_mock(name=name) for name in ("acme", "bolt")}
        self.acme, self.bolt = (harness.Tenant(mock, name) for name, mock in self.mocks.items())
        self.file = sample.write_csv(self.folder / "run.csv", sample.first_run(20), sample.TIME_1)

    def messages(self, text):
        return [line for line in self.service.lines() if text in line["message"]]

    def reload(self, *tenants, expect="The configuration was reloaded."):
        """Writes the configuration, sends SIGHUP, and waits until the log says what came of it."""
        before = len(self.messages(expect))
        if tenants:
            self.write_config(*tenants)
        self.service.popen.send_signal(signal.SIGHUP)
        process.wait_for(expect, lambda: len(self.messages(expect)) > before)

    def open_stream(self, token, source):
        """A stream whose run has begun."""
        channel = grpc.insecure_channel(self.service.address)
        self.addCleanup(channel.close)
        stream = wire.Stream(channel, token).send(wire.start(source))
        stream.next()
        self.addCleanup(stream.cancel)
        return stream

    def test_streams_of_a_token_that_is_gone_end_and_all_others_go_on(self):
        """A stream ends with UNAUTHENTICATED within a second; that of another token finishes."""
        old, new = self.acme.token, "new-token-0123456789abc"
        self.acme.token = f"{old}\n{new}"
        self.start_service(self.acme, self.bolt)
        gone = self.open_stream(old, "one")
        stays = self.open_stream(new, "two")
        other = self.open_stream(self.bolt.token, "three")
        self.acme.token = new
        self.reload(self.acme, self.bolt)
        told = time.monotonic()
        code, details = gone.end()
        self.assertLess(time.monotonic() - told, 1)
        self.assertEqual(code, grpc.StatusCode.UNAUTHENTICATED)
        self.assert_words(details, "not valid any more")
        for stream in (stays, other):
            stream.send(wire.batch(1, wire.update("C-1", plan="gold")))
            self.assertEqual(stream.next().sequence, 1)
        self.push(self.file, status=4, env={"PEAKSYNC_TOKEN": old})

    def test_tenants_come_and_go(self):
        """A new tenant is served, one that is gone is not, and its values stay in its ledger."""
        self.start_service(self.acme)
        self.push(self.file)
        stream = self.open_stream(self.acme.token, "one")
        self.reload(self.bolt)
        self.assertEqual(stream.end()[0], grpc.StatusCode.UNAUTHENTICATED)
        self.push(self.file, tenant="bolt")
        self.push(self.file, status=4, env={"PEAKSYNC_TOKEN": self.acme.token}, tenant="bolt")
        self.reload(self.acme, self.bolt)
        counts = {"unchanged": sample.count_values(sample.first_run(20))}
        self.assert_counts(self.push(self.file, tenant="acme").run, **counts)

    def test_bad_file_changes_nothing_and_says_why(self):
        """Every problem is a line of the log; the service goes on as before."""
        self.start_service(self.acme)
        config = self.folder / "peaksyncd.toml"
        self.write("peaksyncd.toml", config.read_text() + "\nbogus = 1\nlinger = 5\n")
        self.reload(expect="The configuration was not reloaded")
        problems = [line["problem"] for line in self.messages("The configuration has a problem")]
        self.assertEqual(len(problems), 2, problems)
        self.assert_words(" ".join(problems), "bogus", "linger")
        self.push(self.file)

    def test_rules_change_for_streams_that_are_open(self):
        """The next batch of an open stream is validated by the new rules."""
        self.start_service(self.acme)
        stream = self.open_stream(self.acme.token, "one")
        stream.send(wire.batch(1, wire.update("C-1", score=5)))
        self.assertEqual(stream.next().values.invalid, 0)
        self.acme.attributes = {"score": "range = [0, 1]"}
        self.reload(self.acme)
        stream.send(wire.batch(2, wire.update("C-2", score=5)))
        self.assertEqual(stream.next().values.invalid, 1)

    def test_key_rotates_and_a_paused_tenant_asks_at_once(self):
        """With a new key a paused delivery goes on without waiting for its minute."""
        braze = self.start_mock("--api-key", "the-right-key", name="strict")
        tenant = harness.Tenant(braze, key="the-wrong-key")
        self.start_service(tenant)
        self.push(self.file, "--pause-timeout", "1s", status=1)
        tenant.key = "the-right-key"
        self.reload(tenant)
        process.wait_for("delivery", lambda: len(braze.users()) == 20, deadline=20)

    def test_fault_of_a_tenant_switches_it_off_alone_until_it_is_mended(self):
        """MISCONFIGURED by a reload, and started by the next one."""
        self.start_service(self.acme, self.bolt)
        self.write_config()
        (self.folder / "bolt.key").unlink()
        self.reload()
        refused = self.push(self.file, tenant="bolt", status=5)
        self.assert_words(refused.err, "misconfigured", "bolt.key")
        self.push(self.file, tenant="acme")
        self.reload(self.acme, self.bolt)
        self.push(self.file, tenant="bolt")

    def test_other_workspace_pauses_and_the_old_one_goes_on(self):
        """A running tenant meets the guard of its ledger; nothing reaches the wrong workspace."""
        self.start_service(self.acme)
        self.push(self.file)
        requests = self.mocks["acme"].stats()["requests"]
        self.acme.workspace = "acme-staging"
        self.reload(self.acme)
        changed = sample.next_run(sample.first_run(20))
        file = sample.write_csv(self.folder / "changed.csv", changed, sample.TIME_2)
        report = self.push(file, "--pause-timeout", "1s", status=1)
        self.assert_words(report.err, "acme-test", "acme-staging")
        self.assertEqual(self.mocks["acme"].stats()["requests"], requests)
        self.acme.workspace = "acme-test"
        self.reload(self.acme)
        process.wait_for("delivery", lambda: len(self.mocks["acme"].users()) == len(changed))

    def test_server_key_needs_a_restart(self):
        """What has no effect is named."""
        self.start_service(self.acme)
        self.server = "insecure = true"
        self.reload(self.acme)
        [line] = self.messages("no effect before a restart")
        self.assertEqual(line["key"], "server.insecure")


if __name__ == "__main__":
    unittest.main()
