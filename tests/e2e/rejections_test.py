"""What was refused, what is withdrawn and what is forgotten: looked at, mended and sent again."""

import csv
import datetime
import json
import shlex
import stat
import unittest

import harness
import sample

REFUSAL = "BLACKLISTED_EXTERNAL_USER_ID"
CHURN = "churn_probability"
OUT_OF_RANGE = 1.5


class RejectionsCase(harness.EndToEndTest):
    """A mock that takes one key, and a file of predictions."""

    CUSTOMERS = 40
    KEY = "the-right-key"

    def setUp(self):
        super().setUp()
        self.mock = self.start_mock("--api-key", self.KEY)
        self.run1 = sample.first_run(self.CUSTOMERS)
        self.total = sample.count_values(self.run1)
        self.refused, self.invalid = sorted(self.run1)[7], sorted(self.run1)[11]
        self.file = self.write_run(self.run1)

    def write_run(self, run, name="run1.csv", time=sample.TIME_1):
        return sample.write_csv(self.folder / name, run, time)

    def tenant(self, **options):
        return harness.Tenant(self.mock, **{"key": self.KEY, **options})

    def faults(self, *specs):
        """Replaces the mock's faults."""
        self.mock.post("/_mock/faults", {"faults": specs})

    def document(self, *arguments, status=0):
        """What a command says as JSON."""
        result = self.peaksync(*arguments, "-o", "json")
        self.assertEqual(result.status, status, result)
        return result.json

    def rejections(self, *filters):
        return self.document("rejections", "list", *filters)["rejections"]

    def sent_since(self, before):
        """(customers, values) that Braze got since these stats."""
        now = self.mock.stats()
        return tuple(now[name] - before[name] for name in ("attribute_objects", "attribute_values"))


class RejectionsTest(RejectionsCase):
    """peaksync rejections."""

    def push_refused(self):
        """Braze refuses one customer, and validation one value; the rest is confirmed."""
        rules = {CHURN: 'type = "double"\nrange = [0, 1]'}
        self.faults(f"object-error,external_id={self.refused}")
        self.start_service(self.tenant(rules='on_invalid = "skip_attribute"', attributes=rules))
        wrong = {**self.run1, self.invalid: {**self.run1[self.invalid], CHURN: OUT_OF_RANGE}}
        self.file = self.write_run(wrong)
        report = self.push(self.file, "--rejects", "refused.csv", status=3)
        self.values = len(self.run1[self.refused])
        sent = self.total - self.values - 1
        self.assert_counts(report.run, confirmed=sent, rejected=self.values, invalid=1)
        return report

    def newer_file(self):
        """A file with a newer churn_risk of the customer whom Braze refused."""
        newer = {self.refused: {**self.run1[self.refused], "churn_risk": "newer"}}
        return self.write_run(newer, "newer.csv", sample.TIME_2)

    def test_list_tells_what_braze_and_validation_refused(self):
        """Each refused value stands there once, exactly as it was pushed, with who refused it."""
        run_id = self.push_refused().run["run_id"]
        found = self.rejections()
        self.assertEqual(len(found), self.values + 1)
        by_braze = {each["attribute"]: each for each in found if each["kind"] == "braze"}
        values = {name: each["value"] for name, each in by_braze.items()}
        self.assertEqual(values, self.run1[self.refused])
        for each in by_braze.values():
            self.assertEqual(each["customer"], self.refused)
            self.assertIn(REFUSAL, each["reason"])
        (ours,) = [each for each in found if each["kind"] == "validation"]
        self.assertEqual(
            (ours["customer"], ours["attribute"], ours["value"]),
            (self.invalid, CHURN, OUT_OF_RANGE),
        )
        for each in found:
            told = (each["run_id"], each["updated_at"], each["attempts"], each["value_kept"])
            self.assertEqual(told, (run_id, sample.TIME_1, 1, True))
        table = self.peaksync("rejections", "list").out
        self.assert_words(table, self.refused, self.invalid, REFUSAL, "validation", run_id)

    def test_list_chooses_by_all_that_is_given(self):
        """Filters must all hold, and --limit tells how many are left."""
        run_id = self.push_refused().run["run_id"]
        for filters, count in (
            (("--kind", "braze"), self.values),
            (("--kind", "validation"), 1),
            (("--customer", self.refused), self.values),
            (("--attribute", CHURN), 2),
            (("--attribute", CHURN, "--kind", "braze", "--source", "churn"), 1),
            (("--run", run_id), self.values + 1),
            (("--customer", self.refused, "--kind", "validation"), 0),
        ):
            self.assertEqual(len(self.rejections(*filters)), count, filters)
        self.document("rejections", "list", "--source", "never-pushed", status=2)
        page = self.document("rejections", "list", "--limit", "2")
        self.assertEqual((len(page["rejections"]), page["more"]), (2, self.values - 1))

    def test_export_is_mended_and_pushed_by_the_command_it_says(self):
        """The mended file brings what was missing, and then nothing is refused any more."""
        self.push_refused()
        said = self.peaksync("rejections", "export", "refused.jsonl", "--source", "churn")
        self.assertEqual(said.status, 0, said)
        path = self.folder / "refused.jsonl"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual(sum(len(row["peaksync"]["rejections"]) for row in rows), self.values + 1)
        for row in rows:
            if row["peaksync_id"] == self.invalid:
                self.assertEqual(row[CHURN], OUT_OF_RANGE)
                row[CHURN] = self.run1[self.invalid][CHURN]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        self.faults()
        before = self.mock.stats()
        text = (said.out + said.err).replace("\\\n", " ")
        command = text[text.index("peaksync push") :].splitlines()[0]
        pushed = self.peaksync(*shlex.split(command)[1:], "-o", "json")
        self.assertEqual(pushed.status, 0, pushed)
        self.assert_counts(pushed.run, confirmed=self.values + 1)
        self.assertEqual(self.sent_since(before), (2, self.values + 1))
        self.assert_profiles(self.mock, self.run1)
        self.assertEqual(self.rejections(), [])

    def test_retry_after_the_cause_is_gone_brings_the_values(self):
        """While Braze refuses they stay refused; afterwards they arrive and the list is empty."""
        self.push_refused()
        tried = self.document("rejections", "retry", "--kind", "braze", status=3)
        self.assertEqual(tried["retried"], self.values)
        self.assertIsNone(self.mock.user(self.refused))
        attempts = [each["attempts"] for each in self.rejections("--kind", "braze")]
        self.assertEqual(attempts, [2] * self.values)

        self.document("rejections", "discard", "--kind", "validation", "--yes")
        self.faults()
        before = self.mock.stats()
        done = self.document("rejections", "retry", "--source", "churn")
        self.assertEqual((done["retried"], done["not_retriable"]), (self.values, 0))
        (run,) = done["runs"]
        self.assertEqual((run["state"], run["source"]), ("COMPLETED", "churn"))
        self.assert_counts(run, confirmed=self.values)
        self.assertEqual(self.sent_since(before), (1, self.values))
        self.assertEqual(self.mock.user(self.refused), self.run1[self.refused])
        self.assertEqual(self.rejections(), [])

    def test_newer_value_that_arrives_ends_the_refusal(self):
        """It is no rejection any more, and a retry has nothing to bring."""
        self.push_refused()
        self.faults()
        newer = self.newer_file()
        self.push(newer)
        self.assertEqual(self.rejections("--kind", "braze"), [])
        self.assertEqual(self.document("rejections", "retry", "--kind", "braze")["retried"], 0)
        self.assertEqual(self.mock.user(self.refused)["churn_risk"], "newer")

    def test_retry_does_not_overtake_a_newer_value_that_waits(self):
        """Values keep their own times: the newer one that was there first is what Braze gets."""
        self.push_refused()
        self.faults()
        self.restart_service(self.tenant(key="a-wrong-key"))
        newer = self.newer_file()
        waiting = self.push(newer, "--no-wait").run["run_id"]
        tried = self.document("rejections", "retry", "--kind", "braze", "--no-wait")
        self.assertEqual(tried["retried"], self.values)
        self.restart_service(self.tenant())
        for run_id in (waiting, tried["runs"][0]["run_id"]):
            done = self.peaksync("runs", "watch", run_id)
            self.assertEqual(done.status, 0, done)
        wanted = {**self.run1[self.refused], "churn_risk": "newer"}
        self.assertEqual(self.mock.user(self.refused), wanted)
        self.assertEqual(self.rejections("--kind", "braze"), [])

    def test_discard_gives_them_up(self):
        """Only with --yes, as nobody can be asked; then a retry has nothing to send."""
        self.push_refused()
        asked = self.peaksync("rejections", "discard", "--all")
        self.assertNotEqual(asked.status, 0, asked)
        self.assert_words(asked.err, "--yes", str(self.values + 1))
        self.assertEqual(len(self.rejections()), self.values + 1)
        done = self.document("rejections", "discard", "--all", "--yes")
        self.assertEqual(done["discarded"], self.values + 1)
        self.assertEqual(self.rejections(), [])
        self.assert_words(self.peaksync("rejections", "list").out, "no rejections")
        self.faults()
        before = self.mock.stats()
        self.assertEqual(self.document("rejections", "retry", "--all")["retried"], 0)
        self.assertEqual(self.sent_since(before), (0, 0))

    def test_no_filter_or_an_empty_one_is_not_everything(self):
        """What changes things needs a filter or --all: exit status 2, and nothing is changed."""
        self.push_refused()
        for command in (
            ("rejections", "retry"),
            ("rejections", "discard", "--yes"),
            ("rejections", "discard", "--yes", "--run", ""),
            ("resync", "--yes"),
        ):
            result = self.peaksync(*command)
            self.assertEqual(result.status, 2, result)
        self.assert_words(self.peaksync("rejections", "retry").err, "--all", "--source")
        self.assertEqual(len(self.rejections()), self.values + 1)
        before = self.mock.stats()
        self.push(self.file, status=3)
        self.assertEqual(self.sent_since(before)[1], 0)  # Nothing was resynced.

    def test_rejects_file_of_a_push_holds_what_braze_refused(self):
        """Beside our own refusals with their lines; it can be pushed when the cause is gone."""
        report = self.push_refused()
        path = self.folder / "refused.csv"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        by_braze = [row for row in rows if row["peaksync_line"] == "0"]
        self.assertEqual(
            sorted(row["peaksync_column"] for row in by_braze), sorted(self.run1[self.refused])
        )
        for row in by_braze:
            self.assertEqual(row["external_id"], self.refused)
            self.assertIn(REFUSAL, row["peaksync_reason"])
            self.assertNotEqual(row[row["peaksync_column"]], "")
        (ours,) = [row for row in rows if row not in by_braze]
        line = list(self.run1).index(self.invalid) + 2
        self.assertEqual((ours["peaksync_line"], ours["external_id"]), (str(line), self.invalid))
        told = {each["attribute"] for each in report.json["braze_refusals"]}
        self.assertEqual(told, set(self.run1[self.refused]))

        self.faults()
        ours[CHURN] = str(self.run1[self.invalid][CHURN])
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        self.push(path, "--exclude", "peaksync_line,peaksync_column,peaksync_reason")
        self.assert_profiles(self.mock, self.run1)
        self.assertEqual(self.rejections(), [])


class CancelTest(RejectionsCase):
    """runs cancel, and runs show while nothing is delivered."""

    def push_paused(self, file, source="churn"):
        """A push to a tenant whose key Braze refuses; all of it waits."""
        report = self.push(file, "--pause-timeout", "1s", status=1, source=source)
        self.assertEqual(report.run["delivery"]["state"], "PAUSED")
        return report.run

    def later_file(self):
        """One value of a customer of its own."""
        return self.write("later.csv", f"external_id,plan,scored_at\n42,gold,{sample.TIME_1}\n")

    def test_canceled_run_is_not_sent_once_the_key_is_mended(self):
        """All of it is discarded; the same file pushed afterwards is sent as a new one."""
        self.start_service(self.tenant(key="a-wrong-key"))
        run_id = self.push_paused(self.file)["run_id"]
        run = self.document("runs", "cancel", run_id)["run"]
        self.assertEqual(run["state"], "CANCELED")
        self.assert_counts(run, discarded=self.total)
        self.assertEqual(run["delivery"]["waiting_values"], 0)

        self.restart_service(self.tenant())
        watched = self.peaksync("runs", "watch", run_id, "-o", "json")
        self.assertEqual(watched.status, 5, watched)
        self.assert_counts(watched.run, discarded=self.total)
        self.push(self.later_file())
        self.assert_profiles(self.mock, {"42": {"plan": "gold"}})  # Of what came first, nothing.
        self.assert_counts(self.push(self.file).run, confirmed=self.total)
        self.assert_profiles(self.mock, {**self.run1, "42": {"plan": "gold"}})

    def test_run_that_waited_through_a_restart_is_canceled_too(self):
        """After a restart nobody knows what was sent; still nothing of it is sent any more."""
        self.start_service(self.tenant(key="a-wrong-key"))
        run_id = self.push_paused(self.file)["run_id"]
        self.restart_service()
        self.push_paused(self.later_file(), source="clv")
        run = self.document("runs", "cancel", run_id)["run"]
        self.assertEqual(run["state"], "CANCELED")
        self.assert_counts(run, discarded=self.total)
        self.restart_service(self.tenant())
        self.push(self.later_file(), source="clv")
        self.assert_profiles(self.mock, {"42": {"plan": "gold"}})

    def test_value_of_another_run_too_is_delivered_after_the_cancel(self):
        """What a second source brought as well is sent, and nothing else of the canceled run."""
        self.start_service(self.tenant(key="a-wrong-key"))
        shared = dict(list(self.run1.items())[:10])
        first = self.push_paused(self.file)["run_id"]
        second = self.push_paused(self.write_run(shared, "shared.csv"), source="clv")["run_id"]
        canceled = self.peaksync("runs", "cancel", first)
        self.assertEqual(canceled.status, 0, canceled)
        self.assert_words(canceled.out, "CANCELED", "discarded")

        self.restart_service(self.tenant())
        done = self.peaksync("runs", "watch", second, "-o", "json")
        self.assertEqual(done.status, 0, done)
        self.assert_counts(done.run, confirmed=sample.count_values(shared))
        self.assert_profiles(self.mock, shared)
        self.assertEqual(self.document("runs", "show", first)["run"]["state"], "CANCELED")

    def test_completed_run_cannot_be_canceled(self):
        """Exit status 5, and the run stays what it is; an unknown run is exit status 2."""
        self.start_service(self.tenant())
        run_id = self.push(self.file).run["run_id"]
        result = self.peaksync("runs", "cancel", run_id)
        self.assertEqual(result.status, 5, result)
        self.assert_words(result.err, run_id, "COMPLETED")
        self.assertEqual(self.document("runs", "show", run_id)["run"]["state"], "COMPLETED")
        self.assertEqual(self.peaksync("runs", "cancel", "no-such-run").status, 2)

    def test_show_tells_why_nothing_is_delivered_and_what_to_do(self):
        """Since when, why, the remedy and the next try, for people and for scripts."""
        self.start_service(self.tenant(key="a-wrong-key"))
        run_id = self.push_paused(self.file)["run_id"]
        delivery = self.document("runs", "show", run_id)["run"]["delivery"]
        self.assertEqual((delivery["state"], delivery["waiting_values"]), ("PAUSED", self.total))
        self.assertEqual(delivery["waiting_customers"], self.CUSTOMERS)
        since, following = (
            datetime.datetime.fromisoformat(delivery[name].replace("Z", "+00:00"))
            for name in ("since", "next_attempt_time")
        )
        self.assertLess(since, following)
        self.assert_words(delivery["reason"], "key")
        self.assertTrue(delivery["remedy"])
        table = self.peaksync("runs", "show", run_id).out
        self.assert_words(table, "PAUSED since", delivery["reason"], "what to do", "next try")
        self.assert_words(table, delivery["remedy"], f"{self.total:,} values")
        self.assertNotIn("a-wrong-key", table)


class ResyncTest(RejectionsCase):
    """resync, and push --full."""

    def test_resync_sends_exactly_that_attribute_again(self):
        """It says its cost and sends nothing by itself; the same file brings the attribute anew."""
        self.start_service(self.tenant())
        self.push(self.file)
        before = self.mock.stats()
        asked = self.peaksync("resync", "--attribute", "churn_risk")
        self.assertNotEqual(asked.status, 0, asked)
        self.assert_counts(self.push(self.file).run, unchanged=self.total)
        said = self.peaksync("resync", "--attribute", "churn_risk", "--yes")
        self.assertEqual(said.status, 0, said)
        self.assert_words(said.err, "churn_risk", f"{self.CUSTOMERS} values", "data points")
        self.assert_words(said.out, f"{self.CUSTOMERS} values")
        self.assertEqual(self.sent_since(before), (0, 0))

        rest = self.total - self.CUSTOMERS
        report = self.push(self.file)
        self.assert_counts(report.run, confirmed=self.CUSTOMERS, unchanged=rest)
        self.assertEqual(self.sent_since(before), (self.CUSTOMERS, self.CUSTOMERS))
        last = self.mock.requests()[-1]["body"]["attributes"]
        for customer in last:
            wanted = self.run1[customer["external_id"]]["churn_risk"]
            self.assertEqual(customer["churn_risk"], wanted)
            self.assertNotIn("predicted_clv", customer)
        self.assert_counts(self.push(self.file).run, unchanged=self.total)

    def test_resync_of_a_customer_sends_that_customer_again(self):
        """All attributes of the customer, and nobody else's."""
        self.start_service(self.tenant())
        self.push(self.file)
        before = self.mock.stats()
        values = len(self.run1[self.refused])
        done = self.document("resync", "--customer", self.refused, "--yes")
        self.assertEqual(done["values"], values)
        self.push(self.file)
        self.assertEqual(self.sent_since(before), (1, values))

    def test_full_sends_everything_once_and_no_more(self):
        """`--full` brings back what Braze lost; the push after it sends nothing."""
        self.start_service(self.tenant())
        self.push(self.file)
        self.mock.post("/_mock/reset", {})
        before = self.mock.stats()
        self.assert_counts(self.push(self.file).run, unchanged=self.total)
        self.assert_counts(self.push(self.file, "--full").run, confirmed=self.total)
        self.assert_profiles(self.mock, self.run1)
        self.assert_counts(self.push(self.file).run, unchanged=self.total)
        self.assertEqual(self.sent_since(before), (self.CUSTOMERS, self.total))


if __name__ == "__main__":
    unittest.main()
