"""docs/semantics.md, "What happens when": what no other test plays.

Keys and workspaces are in reload_test.py, runs that are cancelled in rejections_test.py, ledgers
that are restored, bound anew and deleted in ledger_command_test.py and lifecycle_test.py.
"""

import json
import re
import unittest

import harness
import process
import sample

LATER = sample.TIME_2


class SemanticsTest(harness.EndToEndTest):
    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        self.configure(start=True)

    def configure(self, start=False, **attributes):
        """Rules of attributes: lines by the model's name."""
        tenant = harness.Tenant(
            self.mock, attributes=attributes, rules="max_invalid_percent = 100"
        )
        self.start_service(tenant) if start else self.restart_service(tenant)

    def send(self, *customers, time=sample.TIME_1, source="churn", status=0, flags=()):
        """Pushes JSON objects; the run."""
        lines = [{"external_id": "42", "scored_at": time, **customer} for customer in customers]
        self.write("rows.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
        return self.push("rows.jsonl", *flags, source=source, status=status).run

    def in_braze(self, path, body):
        """Somebody else at work in Braze."""
        headers = {"Authorization": "Bearer other", "Content-Type": "application/json"}
        answer, text = process.http(self.mock.url + path, body, headers)
        self.assertIn(answer, (200, 201), text)

    def resync(self, *flags):
        done = self.peaksync("resync", *flags, "--yes")
        self.assertEqual(done.status, 0, done)

    def test_a_profile_is_edited_in_braze(self):
        self.send({"plan": "gold"})
        self.in_braze("/users/track", {"attributes": [{"external_id": "42", "plan": "tin"}]})
        self.assert_counts(self.send({"plan": "gold"}, time=LATER), unchanged=1)
        self.assertEqual(self.mock.user("42"), {"plan": "tin"})
        self.resync("--customer", "42")
        self.assert_counts(self.send({"plan": "gold"}, time=LATER), confirmed=1)
        self.assertEqual(self.mock.user("42"), {"plan": "gold"})

    def test_a_profile_is_deleted_in_braze(self):
        self.send({"plan": "gold", "score": 0.5})
        self.in_braze("/users/delete", {"external_ids": ["42"]})
        process.wait_for("it is deleted", lambda: self.mock.user("42") is None)
        self.send({"plan": "gold", "score": 0.75}, time=LATER)
        self.assertEqual(self.mock.user("42"), {"score": 0.75})  # What changed, alone.
        self.resync("--customer", "42")
        self.send({"plan": "gold", "score": 0.75}, time=LATER)
        self.assertEqual(self.mock.user("42"), {"plan": "gold", "score": 0.75})

    def test_two_models_write_one_attribute(self):
        self.send({"score": 0.5}, time=LATER)
        self.assert_counts(self.send({"score": 0.25}, source="other"), stale=1)
        self.assert_counts(self.send({"score": 0.75}, source="other", time=LATER), confirmed=1)
        self.configure(score='source = "churn"')
        self.assert_counts(self.send({"score": 1}, source="other", time=LATER, status=3), invalid=1)
        self.assertEqual(self.mock.user("42"), {"score": 0.75})

    def test_one_person_has_two_identifiers(self):
        self.in_braze(
            "/users/track", {"attributes": [{"external_id": "42", "email": "jo@example.com"}]}
        )
        self.send({"score": 0.5}, time=LATER)
        self.write("mail.jsonl", '{"mail": "jo@example.com", "score": 0.25}\n')
        old = self.peaksync("push", "mail.jsonl", "--source", "mail", "--id-column", "mail",
                            "--id-kind", "email", "--updated-at", sample.TIME_1, "-o", "json")
        self.assert_counts(old.run, confirmed=1)  # Older, but of another customer.
        self.assertEqual(self.mock.user("42"), {"score": 0.25})
        self.assert_counts(self.send({"score": 0.5}, time=LATER), unchanged=1)

    def test_round_changes(self):
        self.configure(score="round = 3")
        self.send({"score": 0.12345})
        self.configure(score="round = 2")
        self.assert_counts(self.send({"score": 0.1249}, time=LATER), unchanged=1)
        self.configure(score="round = 4")
        self.assert_counts(self.send({"score": 0.123}, time=LATER), unchanged=1)
        self.assert_counts(self.send({"score": 0.12345}, time=LATER), confirmed=1)
        self.assertEqual(self.mock.user("42"), {"score": 0.1235})

    def test_rename_changes(self):
        self.send({"score": 0.5})
        self.configure(score='rename = "churn_risk"')
        self.assertEqual(self.mock.user("42"), {"score": 0.5})
        self.assert_counts(self.send({"score": 0.5}), confirmed=1)
        self.assertEqual(self.mock.user("42"), {"score": 0.5, "churn_risk": 0.5})

    def test_type_changes(self):
        """Before, another type is refused as one that Braze would ignore."""
        self.send({"level": 14})
        self.assert_counts(self.send({"level": "14"}, time=LATER, status=3), invalid=1)
        self.configure(level='type = "double"')
        self.assert_counts(self.send({"level": 14.0}, time=LATER), unchanged=1)
        self.configure(level='type = "string"')
        self.assert_counts(self.send({"level": 15}, time=LATER, status=3), invalid=1)
        self.assert_counts(self.send({"level": "14"}, time=LATER), confirmed=1)

    def test_the_page_answers_every_question(self):
        page = (process.REPOSITORY / "docs" / "semantics.md").read_text()
        rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", page.partition("## What happens")[2], re.M)
        for word in ("edited", "deleted in", "key", "workspace", "two models", "identifiers",
                     "`round`", "`rename`", "`type`", "cancelled", "restored", "ledger is deleted"):
            answers = [answer for question, answer in rows if word in question]
            self.assertEqual(len(answers), 1, word)


if __name__ == "__main__":
    unittest.main()
