"""`peaksyncd status` and `peaksyncd ledger`: by the running service, and without one."""

import re
import stat
import subprocess
import threading
import unittest

import harness
import process
import sample


class LedgerCommandTest(harness.EndToEndTest):
    def setUp(self):
        super().setUp()
        self.mocks = {name: self.start_mock(name=name) for name in ("acme", "bolt")}
        self.acme, self.bolt = (harness.Tenant(mock, name) for name, mock in self.mocks.items())
        self.start_service(self.acme, self.bolt)
        self.run1 = sample.first_run(200)
        self.values = sample.count_values(self.run1)
        self.file = sample.write_csv(self.folder / "run1.csv", self.run1, sample.TIME_1)
        self.backup = self.folder / "backup.db"

    def peaksyncd(self, *arguments, status=0):
        """Runs a command to its end; what it printed."""
        command = [process.BIN_DIR / "peaksyncd", "--config", self.folder / "peaksyncd.toml"]
        done = subprocess.run(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=process.DEADLINE,
            env=process.clean_environment(),
        )
        self.assertEqual(done.returncode, status, done)
        return done.stdout + done.stderr

    def ledger(self, name, *flags, tenant="acme", **options):
        return self.peaksyncd("ledger", name, "--tenant", tenant, *flags, **options)

    def stats(self, tenant="acme"):
        lines = self.ledger("stats", tenant=tenant).splitlines()
        return dict(line.split(": ", 1) for line in lines)

    def push_changed(self, tenant="acme"):
        """A second run, in which some values differ."""
        run2 = sample.next_run(self.run1)
        file = sample.write_csv(self.folder / "run2.csv", run2, sample.TIME_2)
        return self.push(file, tenant=tenant)

    def test_status_and_stats_say_what_is_there(self):
        """The same numbers from the running service and from the file alone."""
        self.push(self.file)
        text = self.peaksyncd("status")
        self.assert_words(text, "tenant: acme", "tenant: bolt", "state: running", "acme-test at")
        running = self.stats()
        self.assertEqual((running["customers"], running["values"]), ("200", str(self.values)))
        socket = self.folder / "ledger" / "admin.sock"
        self.assertEqual(stat.S_IMODE(socket.stat().st_mode), 0o600)
        self.assertEqual(self.service.terminate(), 0)
        self.assertFalse(socket.exists())
        alone = self.stats()
        self.assertEqual((alone["customers"], alone["values"]), ("200", str(self.values)))
        self.assert_words(self.peaksyncd("status", status=1), "no service answers")

    def test_backup_under_load_is_sound(self):
        """A backup while values stream in is the ledger of one moment."""
        big = sample.write_csv(self.folder / "big.csv", sample.first_run(20_000), sample.TIME_1)
        pushing = threading.Thread(target=self.push, args=(big, "--no-wait"))
        pushing.start()
        try:
            self.ledger("backup", "--to", self.backup)
        finally:
            pushing.join()
        self.assertEqual(stat.S_IMODE(self.backup.stat().st_mode), 0o600)
        self.assert_words(self.ledger("backup", "--to", self.backup, status=1), "File exists")
        self.assertEqual(self.service.terminate(), 0)
        self.ledger("restore", "--from", self.backup, "--yes")
        self.assert_words(self.ledger("check"), "sound")

    def test_restore_while_the_service_runs(self):
        """What was known is unknown, and the next run of each source must be full."""
        self.push(self.file)
        self.ledger("backup", "--to", self.backup)
        run2 = self.push_changed()
        self.assert_words(
            self.ledger("restore", "--from", self.backup, status=2), "--yes", "acme"
        )
        self.assert_words(
            self.ledger("restore", "--from", self.backup, "--yes"), "restored", "push --full"
        )
        self.assertEqual(self.stats()["values"], "0")
        refused = self.push(self.file, status=5)
        self.assert_words(refused.err, "restored from a backup")
        unknown = self.peaksync("runs", "show", run2.run["run_id"])
        self.assertEqual(unknown.status, 2)
        self.assert_counts(self.push(self.file, "--full").run, confirmed=self.values)
        self.push(self.file, tenant="bolt")

    def test_restore_refuses_what_is_no_backup_of_the_tenant(self):
        """Nothing has changed then."""
        self.push(self.file)
        self.ledger("backup", "--to", self.backup, tenant="bolt")
        text = self.ledger("restore", "--from", self.backup, "--yes", status=1)
        self.assert_words(text, "of tenant bolt, not of acme")
        text = self.ledger("restore", "--from", self.file, "--yes", status=3)
        self.assert_words(text, "damaged")
        self.assertEqual(self.stats()["values"], str(self.values))

    def test_rebind_after_the_workspace_has_changed(self):
        """The ledger follows the configuration, and everything is sent again."""
        self.push(self.file)
        new = self.start_mock(name="new")
        self.acme.endpoint, self.acme.workspace = new.url, "acme-new"
        self.restart_service(self.acme, self.bolt)
        report = self.push(self.file, "--full", "--pause-timeout", "1s", status=1)
        self.assert_words(report.err, "acme-test", "acme-new")
        self.assertEqual(new.stats()["requests"], 0)
        text = self.ledger("rebind", "--yes")
        self.assert_words(text, "acme-new", f"{self.values} values", "push --full")
        process.wait_for("the new workspace", lambda: len(new.users()) == 200)
        self.assertEqual(self.stats()["workspace"], "acme-new")

    def test_damaged_ledger_harms_its_tenant_only(self):
        """check finds it, the other tenant goes on, and a backup mends it."""
        self.push(self.file)
        self.ledger("backup", "--to", self.backup)
        self.assertEqual(self.service.terminate(), 0)
        path = self.folder / "ledger" / "acme.db"
        whole = path.read_bytes()
        path.write_bytes(whole[:4096] + b"\x7f" * (len(whole) - 4096))
        self.assert_words(self.ledger("check", status=3), "damaged", "restore")
        self.start_service()
        self.push(self.file, tenant="bolt")
        self.assert_words(self.push(self.file, status=5).err, "peaksyncd ledger")
        self.ledger("restore", "--from", self.backup, "--yes")
        self.assert_words(self.ledger("check"), "sound")
        self.push(self.file, "--full")

    def test_every_command_helps_with_an_example(self):
        left = [()]
        while left:
            words = left.pop()
            text = self.peaksyncd(*words, "--help")
            head, _, below = text.partition("\nSubcommands:\n")
            named = " ".join(("peaksyncd", *words))
            self.assertRegex(text, rf"Examples?:\s+{named}")
            left += [(*words, name) for name in re.findall(r"^  ([a-z]+)  ", below, re.MULTILINE)]

    def test_wrong_commands(self):
        """Exit status 2, and what is wrong."""
        self.assert_words(self.ledger("check", tenant="nobody", status=2), "no tenant nobody")
        self.assert_words(self.peaksyncd("ledger", status=2), "subcommand")
        self.assert_words(self.peaksyncd("ledger", "backup", "--tenant", "acme", status=2), "--to")


if __name__ == "__main__":
    unittest.main()
