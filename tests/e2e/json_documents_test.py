"""-o json: the documents of every command are those of docs/client.md, member by member."""

import re
import unittest

import harness
import jobs_case
import json_page

WIDE = ('table = "ml.scores"', 'id_column = "id"', 'updated_at_column = "at"')
WITHOUT_DOCUMENT = {"agent"}


class JsonDocumentsTest(jobs_case.JobsTest):
    def setUp(self):
        super().setUp()
        self.agreement = json_page.Agreement()
        self.checked = set()
        self.tenant = harness.Tenant(self.mock, rules="max_invalid_percent = 100")
        self.start_service(self.tenant)
        self.database.sql("CREATE TABLE ml.scores (id text, at timestamptz, churn float8)")
        self.database.copy("ml.scores", [("1", "2026-09-07 02:00:00+00", 0.5),
                                         ("2", "2026-09-07 03:00:00+00", 0.25)])
        self.write_jobs(*WIDE)

    def show(self, *command, status=0, name=None, **options):
        """Runs a command and compares its document; `name` where it is not the command's."""
        result = self.peaksync(*command, "-o", "json", **options)
        self.assertEqual(result.status, status, result)
        words = [word for word in command[:2] if re.fullmatch(r"[a-z-]+", str(word))]
        known = json_page.documents_of_commands()
        own = " ".join(words) if " ".join(words) in known else words[0]
        problems = self.agreement.check(name or known[own], result.json, " ".join(command[:2]))
        self.assertEqual(problems, [])
        if name is None:
            self.checked.add(own)
        return result.json

    def commands(self, *words):
        """Every command that --help names, down to those without commands of their own."""
        text = self.peaksync(*words, "--help").out
        below = re.findall(r"^  ([a-z-]+)  ", text.partition("\nSubcommands:\n")[2], re.MULTILINE)
        if not below:
            return {" ".join(words)}
        return set().union(*(self.commands(*words, name) for name in below))

    def push(self, lines, *flags, **options):
        self.write("rows.jsonl", "".join(line + "\n" for line in lines))
        return self.show("push", "rows.jsonl", "--source", "scores", "--id-column", "id", *flags,
                         **options)

    def test_every_command(self):
        """With members filled, so that what is inside of them is compared too."""
        self.show("jobs", "init", "new.toml")
        self.database.sql("INSERT INTO ml.scores VALUES ('3', now() + interval '5 min', 0.75)")
        self.show("jobs", "check")
        self.write("bad.toml", (self.folder / "jobs.toml").read_text() + 'colums = ["a"]\n'
                   'types = { churn = "bool", nothing = "bool" }\n')
        self.show("jobs", "check", "--jobs", "bad.toml", status=2)
        self.mock.post("/_mock/faults", {"faults": ["object-error,external_id=1"]})
        self.show("sync", "scores", status=3)
        self.mock.post("/_mock/faults", {"faults": []})
        self.show("sync", "scores", "--retry-refused")
        run = self.push(['{"id": "4", "a": "x"}', '{"id": "5", "a": ', '{"id": "6", "_a": 1}'],
                        status=3)["run"]["run_id"]
        self.push(['{"id": "4", "a": "old"}'], "--updated-at", "2026-01-01T00:00:00Z")
        self.show("runs", "list")
        self.show("runs", "show", run)
        self.show("runs", "watch", run, status=3)
        self.show("sources", "list")
        self.show("sources", "set-cursor", "scores", "2026-09-01T00:00:00Z")
        self.show("last-sync", "--source", "scores")
        self.show("rejections", "list")
        self.show("rejections", "export", "refused.jsonl")
        self.show("rejections", "retry", "--all", status=3)
        self.show("rejections", "discard", "--all", "--yes")
        self.show("resync", "--attribute", "churn", "--yes")
        self.show("runs", "show", "no-run", name="failure", status=2)
        self.stopped()
        self.assertEqual(set(json_page.documents_of_commands()), self.checked)
        self.assertEqual(self.commands() - WITHOUT_DOCUMENT, self.checked)
        described = {(d, m) for d, members in self.agreement.documents.items() for m in members}
        # A state that no test can make by itself.
        never = {("source", "full_required"), ("delivery", "back_pressure")}
        self.assertEqual(described - self.agreement.seen - never, set())

    def stopped(self):
        """What is told while Braze answers nothing: errors, and a delivery that does not run."""
        self.mock.post("/_mock/faults", {"faults": ["status=503"]})
        flags = ("--source", "late", "--id-column", "id", "--timeout", "1s")
        self.write("late.jsonl", '{"id": "9", "a": "x"}\n')
        late = self.show("push", "late.jsonl", *flags, status=1)
        self.show("runs", "cancel", late["run"]["run_id"])
        self.show("rejections", "retry", "--run", "no-run", status=2)


if __name__ == "__main__":
    unittest.main()
