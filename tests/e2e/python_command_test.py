"""`python -m peaksync`: the flags, documents and exit statuses of the program `peaksync`."""

import gzip
import json
import re
import sqlite3
import subprocess
import sys
import unittest

import harness
import json_page
import process
import python_case
import sample

FLAGS = ("--source", "churn", "--id-column", "external_id", "--updated-at-column", "scored_at")


class PythonCommandTest(python_case.PythonTest):
    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        self.start_service(harness.Tenant(self.mock, rules="max_invalid_percent = 100"))
        self.run1 = sample.first_run(50)
        self.total = sample.count_values(self.run1)
        self.file = sample.write_csv(self.folder / "run1.csv", self.run1, sample.TIME_1)

    def command(self, *arguments, status=0, **options):
        result = self.python(*arguments, **options)
        self.assertEqual(result.status, status, result)
        return result

    def test_push_of_csv_is_that_of_the_program(self):
        """Types by the first rows, so that to the program's push after it nothing is new."""
        report = self.command("push", self.file, *FLAGS, "-o", "json")
        self.assert_counts(report.run, confirmed=self.total)
        self.assert_profiles(self.mock, self.run1)
        theirs = self.push(self.file)
        self.assert_counts(theirs.run, unchanged=self.total)
        self.assertEqual(list(report.json), list(theirs.json))
        self.assertEqual(report.json["file"], theirs.json["file"])

    def test_push_of_json_lines_and_of_gzip(self):
        lines = "".join(sample.json_lines(self.run1, sample.TIME_1))
        done = self.command(
            "push", "-", "--format", "jsonl", *FLAGS, "-o", "json", input_text=lines
        )
        self.assert_counts(done.run, confirmed=self.total)
        self.assert_profiles(self.mock, self.run1)
        packed = self.write("run1.jsonl.gz", gzip.compress(lines.encode()))
        self.assert_counts(
            self.command("push", packed, *FLAGS, "-o", "json").run, unchanged=self.total
        )
        unset = self.write("unset.jsonl", '{"external_id": "C-00000", "senior": null}\n')
        self.command("push", unset, *FLAGS[:4])
        self.assertNotIn("senior", self.mock.user("C-00000"))

    def test_killed_step_is_run_again(self):
        """kill -9 of the client in the midst; the next one sends all that is not there."""
        lines = sample.json_lines(self.run1, sample.TIME_1)
        flags = ["--format", "jsonl", *FLAGS, "--batch-size", "1"]
        env = {**self.environment(), "PYTHONPATH": str(self.site)}
        command = [sys.executable, "-m", "peaksync", "push", "-", *flags]
        step = process.Process(
            command, self.folder / "step.log", env=env, stdin=subprocess.PIPE, cwd=self.folder
        )
        self.addCleanup(step.kill)
        step.popen.stdin.write("".join(lines[:20]).encode())
        step.popen.stdin.flush()
        received = lambda: self.service.metric(  # noqa: E731
            "peaksync_updates_received_total", tenant="acme"
        )
        process.wait_for("some rows are durable", lambda: received() >= 10)
        step.kill()

        def again():
            return self.python("push", "-", *flags, "-o", "json", input_text="".join(lines))

        # Until the service knows that the first is gone, it refuses the next with 1.
        done = process.wait_for("the next one gets through", lambda: self.unless_busy(again()))
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.json["rows"]["sent"], len(lines))
        self.assert_profiles(self.mock, self.run1)
        states = [run["state"] for run in self.command("runs", "list", "-o", "json").json["runs"]]
        self.assertEqual((states[0], states[-1]), ("COMPLETED", "ABANDONED"))

    def unless_busy(self, result):
        busy = result.status == 1 and result.json["error"]["code"] == "ABORTED"
        return None if busy else result

    def test_table_progress_and_help(self):
        """The table goes to standard output; flags may stand before the command."""
        done = self.command("--server", self.service.address, "push", self.file, *FLAGS)
        self.assertRegex(done.out, r"^run +\w{26} COMPLETED\n")
        self.assert_words(done.out, "tenant acme", "confirmed", "accepted by Braze")
        self.assertEqual(done.err, "")
        for command in (["push"], ["sync"], ["runs", "watch"], ["last-sync"], ["runs"], []):
            text = self.command(*command, "--help").out
            self.assert_words(text, "Example")

    def test_flags_are_those_of_the_program(self):
        """A step that uses one can use the other."""

        def flags(run, command):
            texts = [run("--help").out, run(command, "--help").out]
            return {flag for text in texts for flag in re.findall(r"(?<![\w-])--[a-z-]+", text)}

        ours, theirs = flags(self.command, "push"), flags(self.peaksync, "push")
        self.assertIn("--pause-timeout", ours)
        self.assertEqual(ours, theirs)
        # What a job says there stands in flags here.
        of_jobs = {"--jobs", "--state-dir"}
        theirs = flags(self.peaksync, "sync") - of_jobs
        self.assertEqual(theirs - flags(self.command, "sync"), set())

    def test_refused_rows_go_to_a_file_that_can_be_pushed(self):
        lines = ["external_id,plan,score,scored_at"]
        lines += [f"{n},gold,0.5,{sample.TIME_1}" for n in range(3)]
        lines += [f"7,{'x' * 300},0.5,{sample.TIME_1}", f"8,gold,many,{sample.TIME_1}"]
        self.mock.post("/_mock/faults", {"faults": ["object-error,external_id=1"]})
        file = self.write("scores.csv", "\n".join(lines) + "\n")
        flags = ["--types", "score=double", "--rejects", "bad.csv"]
        done = self.command("push", file, *FLAGS, *flags, "-o", "json", status=3)
        self.assert_words(
            done.err, "scores.csv:6: column score", "scores.csv:5: column plan", "255"
        )
        self.assertEqual([row["line"] for row in done.json["refused_rows"]], [6, 5])
        text = (self.folder / "bad.csv").read_text()
        self.assertEqual((self.folder / "bad.csv").stat().st_mode & 0o777, 0o600)
        self.assertEqual([line.split(",")[0] for line in text.splitlines()[1:4]], ["6", "5", "0"])
        self.mock.post("/_mock/faults", {"faults": []})
        self.write("bad.csv", text.replace("x" * 300, "gold").replace("many", "0.5"))
        omit = "peaksync_line,peaksync_column,peaksync_reason"
        self.command("push", "bad.csv", *FLAGS, "--exclude", omit)
        wanted = {str(n): {"plan": "gold", "score": 0.5} for n in (0, 1, 2, 7, 8)}
        self.assert_profiles(self.mock, wanted)

    def test_exit_statuses(self):
        """Of usage, a wrong token, and a service out of reach; with a document where asked."""
        cases = [
            (["push", self.file, *FLAGS, "--batch-size", "0"], {}, 2, "--batch-size"),
            (["push", self.file, *FLAGS[:2], "--id-column", "no"], {}, 2, "--id-column"),
            (["push", "no.csv", *FLAGS], {}, 2, "no.csv"),
            (["push", self.file], {}, 2, "--source"),
            (["last-sync", "--source", "nobody"], {}, 2, "nobody"),
            (["runs", "list"], {"PEAKSYNC_TOKEN": "not-a-token-of-anybody"}, 4, "token"),
            (["runs", "list", "--server", "127.0.0.1:9"], {}, 1, "can't reach"),
            (["runs", "list", "--server", "http://sync.example.com"], {}, 2, "--server"),
        ]
        for arguments, env, status, word in cases:
            with self.subTest(arguments=arguments):
                done = self.command(*arguments, status=status, env=env)
                self.assertIn(word, done.err)
        done = self.command("runs", "show", "no-run", "-o", "json", status=2)
        self.assertEqual(done.json["exit_status"], 2)
        self.assertEqual(done.json["error"]["code"], "NOT_FOUND")
        self.assertEqual(json_page.Agreement().check("failure", done.json, "runs show"), [])

    def test_runs_and_last_sync_are_the_documents_of_the_program(self):
        self.push(self.file, "--set-cursor", "max")
        for command in (["runs", "list"], ["last-sync", "--source", "churn"]):
            with self.subTest(command):
                ours = self.command(*command, "-o", "json").json
                self.assertEqual(ours, self.peaksync(*command, "-o", "json").json)
        run_id = self.command("runs", "list", "-o", "json").json["runs"][0]["run_id"]
        for command in ("show", "watch"):
            ours = self.command("runs", command, run_id)
            self.assertEqual(ours.out, self.peaksync("runs", command, run_id).out)

    def test_a_run_is_canceled(self):
        """What waits of it is discarded; of a run that has completed nothing can be."""
        self.mock.post("/_mock/faults", {"faults": ["status=503"]})
        flags = ["--no-wait", "-o", "json"]
        run_id = self.command("push", self.file, *FLAGS, *flags).run["run_id"]
        done = self.command("runs", "cancel", run_id, "-o", "json")
        self.assertEqual(json_page.Agreement().check("one run", done.json, "cancel"), [])
        self.assertEqual(done.run["state"], "CANCELED")
        self.mock.post("/_mock/faults", {"faults": []})
        run_id = self.command("push", self.file, *FLAGS, "-o", "json").run["run_id"]
        refused = self.command("runs", "cancel", run_id, status=5)
        self.assert_words(refused.err, "cannot be canceled")

    def test_sync_from_a_database(self):
        """--driver and --connect make the connection; secrets come from the environment."""
        database = sqlite3.connect(self.folder / "warehouse.db")
        database.execute("CREATE TABLE predictions (id TEXT, score REAL, scored_at TEXT)")
        rows = [(f"C-{n}", n / 8, sample.TIME_1) for n in range(8)]
        database.executemany("INSERT INTO predictions VALUES (?, ?, ?)", rows)
        database.commit()
        database.close()
        flags = ["--source", "churn", "--id-column", "id", "--updated-at-column", "scored_at"]
        flags += ["--driver", "sqlite3", "--query", "predictions", "-o", "json"]
        connect = ["--connect-env", "database=WAREHOUSE"]
        env = {"WAREHOUSE": "warehouse.db"}
        done = self.command("sync", *flags, *connect, env=env)
        self.assert_counts(done.run, confirmed=8)
        self.assertIsNone(done.json["sync"]["selected_from"])
        self.assertEqual(json_page.Agreement().check("push", done.json, "sync"), [])
        self.assert_words(done.err, "selecting everything: 8 rows")
        again = self.command("sync", *flags, "--connect", "database=warehouse.db")
        self.assertEqual(again.json["sync"]["cursor"], sample.TIME_1)
        self.assert_counts(again.run, unchanged=8)
        self.command("sync", *flags, *connect, status=2, env={})
        self.command("sync", *flags, "--connect", "nothing=1", status=2)
        self.assertEqual(json.loads(again.out)["exit_status"], 0)


if __name__ == "__main__":
    unittest.main()
