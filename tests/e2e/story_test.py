"""The whole story: five runs of a model over 7,043 customers, and everything that goes wrong."""

import csv
import json
import signal
import unittest

import harness
import jobs_case
import predictions
import process

JOB = (
    'source = "churn-model"',
    'table = "ml.predictions"',
    'id_column = "customer"',
    'updated_at_column = "scored_at"',
)
# Slow enough that something can happen in the middle: about 300 requests a run, 160 a second.
BRAZE = 'batch_max_objects = 25\nrate_limit = { requests = 200, per = "1s" }'
KEY = {"key": "key-of-acme", "permissions": ["users.track"]}
ROUND = 3


def monday(week, hour=2):
    """When the model runs."""
    return f"2026-09-{7 * week:02d} {hour:02d}:00:00+00"


class StoryTest(jobs_case.JobsTest):
    def setUp(self):
        super().setUp()
        self.mock.kill()
        self.mock = self.start_mock(
            "--api-key", "key-of-acme:users.track", "--latency", "20ms", name="braze"
        )
        self.start_service(harness.Tenant(self.mock, braze=BRAZE), fixed_port=True)
        self.database.sql(
            "CREATE TABLE ml.predictions (customer text PRIMARY KEY,"
            f" {predictions.COLUMNS}, scored_at timestamptz)"
        )
        self.write_jobs(*JOB)
        self.known = {}  # What Braze holds, by its record.
        self.seen = 0  # Requests of the record that were looked at.

    # The model's side.

    def store(self, week, scored_at):
        """The table as the model leaves it: every customer scored anew."""
        names = ", ".join(predictions.NAMES)
        self.database.sql("CREATE TABLE ml.next (LIKE ml.predictions INCLUDING ALL)")
        rows = ([c, *(v[name] for name in predictions.NAMES), scored_at] for c, v in week.items())
        self.database.copy("ml.next", rows)
        updates = ", ".join(f"{name} = excluded.{name}" for name in predictions.NAMES)
        self.database.sql(
            f"INSERT INTO ml.predictions (customer, {names}, scored_at)"
            f" SELECT customer, {names}, scored_at FROM ml.next"
            f" ON CONFLICT (customer) DO UPDATE SET {updates}, scored_at = excluded.scored_at;"
            " DROP TABLE ml.next"
        )

    # What must hold after each run.

    def unneeded(self):
        """(request, customer) of each object of the record since the last call whose values the
        profile had already."""
        found = []
        requests = self.mock.requests(limit=1000)
        new = [request for request in requests if request["number"] > self.seen]
        self.assertLess(len(new), 1000, "the record is too short")
        for request in new:
            self.seen = request["number"]
            if request["status"] != 201:
                continue
            for entry in request["body"]["attributes"]:
                customer = entry.pop("external_id")
                profile = self.known.setdefault(customer, {})
                same = all(
                    name in profile and json.dumps(profile[name]) == json.dumps(value)
                    for name, value in entry.items()
                    if not name.startswith("_")
                )
                if same:
                    found.append((request["number"], customer))
                profile.update(entry)
        return found

    def check(self, week):
        """Braze holds exactly the table, and every object was needed."""
        self.assert_profiles(self.mock, week)
        self.assertEqual(self.unneeded(), [])

    def sync_job(self, *flags, status=0, **options):
        return self.sync(*flags, job="scores", status=status, **options)

    def start_sync(self, *flags, env=None):
        return self.start_client("sync", "scores", "-o", "json", *flags, env=env)

    def wait_for_requests(self, count):
        begin = self.mock.stats()["requests"]
        process.wait_for("requests", lambda: self.mock.stats()["requests"] >= begin + count)

    # The weeks.

    def test_five_weeks(self):
        week1 = predictions.first_week()
        self.first_week(week1)
        week2 = predictions.next_week(week1, seed=2)
        self.second_week(week2)
        week3 = predictions.next_week(self.after_second, seed=3)
        self.third_week(week3)
        week4 = predictions.next_week(predictions.with_noise(week3, seed=40), seed=4)
        self.fourth_week(week4)
        self.fifth_week(week4)

    def first_week(self, week):
        """Everything is new; late rows, and rows with the cursor's own time."""
        customers = sorted(week)
        late, ties, rest = customers[:50], customers[50:80], customers[80:]
        self.store({customer: week[customer] for customer in rest}, monday(1))
        first = self.sync_job()
        self.assert_words(first.err, "whole table", "6,963 rows")
        self.check({customer: week[customer] for customer in rest})
        self.store({customer: week[customer] for customer in late}, monday(1, hour=1))
        self.store({customer: week[customer] for customer in ties}, monday(1))
        again = self.sync_job()
        self.assert_counts(again.run, confirmed=80 * 6, unchanged=len(rest) * 6)
        self.check(week)

    def second_week(self, week):
        """The service is killed in the middle; the sync goes on by itself."""
        self.store(week, monday(2))
        sync = self.start_sync()
        self.wait_for_requests(20)
        self.service.kill()
        process.wait_for("Braze is through", lambda: self.mock.stats()["in_flight"] == 0)
        at_kill = self.mock.requests(limit=1)[-1]["number"]
        self.start_service()
        result = sync.result()
        self.assertEqual(result.status, 0, result)
        self.assert_profiles(self.mock, week)
        twice = self.unneeded()
        # Only what Braze had answered and the ledger had not recorded when it was killed.
        recent = {
            entry["external_id"]
            for request in self.mock.requests(limit=1000)
            if at_kill - 60 <= request["number"] <= at_kill
            for entry in request["body"]["attributes"]
        }
        self.assertLessEqual({customer for _, customer in twice}, recent)
        self.assertTrue(all(number > at_kill for number, _ in twice))
        self.after_second = week

    def third_week(self, week):
        """Braze is down for a while; then the key is revoked, and the step is tried again while
        the first one still runs."""
        self.store(week, monday(3))
        self.mock.post("/_mock/faults", {"faults": ["status=503,count=6"]})
        self.mock.post("/_mock/workspace", {"keys": []})
        sync = self.start_sync("--pause-timeout", "60s")
        self.wait_for_requests(7)
        self.mock.post("/_mock/workspace", {"keys": [{**KEY, "key": "another"}]})
        process.wait_for("delivery is paused", self.is_paused)
        retried = self.sync_job(status=1)
        self.assert_words(retried.err, "runs already")
        env = {"PEAKSYNC_STATE_DIR": str(self.folder / "else")}
        elsewhere = self.sync_job("--pause-timeout", "1s", status=1, env=env)
        self.assert_words(elsewhere.err, "has been paused")
        self.mock.post("/_mock/workspace", {"keys": [KEY]})
        self.service.popen.send_signal(signal.SIGHUP)  # Probes at once.
        result = sync.result()
        self.assertEqual(result.status, 0, result)
        self.sync_job()
        self.check(week)
        self.assertEqual(self.cursor("churn-model"), "2026-09-21T02:00:00Z")

    def is_paused(self):
        return self.service.metric("peaksync_delivery_state", tenant="acme", state="paused") == 1

    def fourth_week(self, week):
        """`round` is new: it sends nothing by itself, and hides a new model's noise."""
        rule = {"churn_probability": f"round = {ROUND}"}
        self.write_config(harness.Tenant(self.mock, braze=BRAZE, attributes=rule))
        self.service.popen.send_signal(signal.SIGHUP)
        process.wait_for(
            "the configuration is read",
            lambda: any("eload" in line["message"] for line in self.service.lines()),
        )
        before = self.mock.stats()["requests"]
        self.assert_counts(
            self.sync_job().run, unchanged=predictions.CUSTOMERS * len(predictions.NAMES)
        )
        self.assertEqual(self.mock.stats()["requests"], before)
        self.store(week, monday(4))
        result = self.sync_job()
        changed = self.changed(week)
        self.assert_counts(
            result.run,
            confirmed=changed,
            unchanged=predictions.CUSTOMERS * len(predictions.NAMES) - changed,
        )
        self.check_rounded(week)

    def changed(self, week):
        """How many values differ from what Braze holds by its record, up to `round`."""
        old = predictions.rounded(self.known, ROUND)
        new = predictions.rounded(week, ROUND)
        return sum(
            1 for c, values in new.items() for name in values if values[name] != old[c][name]
        )

    def check_rounded(self, week):
        """As check(), up to `round`: what has not changed since stays as it was sent."""
        found = self.mock.users()
        self.assertEqual(
            predictions.rounded(found, ROUND), predictions.rounded(week, ROUND)
        )
        self.assertEqual(self.unneeded(), [])

    def fifth_week(self, good):
        """A bad run reaches Braze; the last good table is pushed over it."""
        bad = {c: {**v, "churn_probability": 1.0, "churn_risk": "high"} for c, v in good.items()}
        self.store(bad, monday(5 - 1, hour=5))
        self.sync_job()
        self.check_rounded(bad)
        file = self.folder / "good.csv"
        with open(file, "w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(["customer", *predictions.NAMES, "scored_at"])
            for customer, values in good.items():
                cells = (values[name] for name in predictions.NAMES)
                writer.writerow([customer, *cells, monday(4).replace(" ", "T")])
        undone = self.peaksync(
            "push", file, "--source", "churn-model", "--id-column", "customer",
            "--updated-at-column", "scored_at", "--updated-at", "now", "-o", "json",
        )
        self.assertEqual(undone.status, 0, undone)
        self.check_rounded(good)
        # The bad table still lies there: it is older than what was pushed, and stays out.
        after = self.sync_job()
        self.assertEqual(after.run["values"]["confirmed"], 0)
        self.check_rounded(good)


if __name__ == "__main__":
    unittest.main()
