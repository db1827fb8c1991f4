"""sync() of client/python: what it selects, and when the cursor moves."""

import datetime
import json
import signal
import sqlite3
import unittest

import harness
import python_case

UTC = datetime.timezone.utc
DAY_1 = datetime.datetime(2026, 9, 7, 2, tzinfo=UTC)
HOUR = datetime.timedelta(hours=1)
QUERY = "SELECT customer_id, score, plan, scored_at FROM predictions"


def text(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class PythonSyncTest(python_case.PythonTest):
    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        self.tenant = harness.Tenant(self.mock, rules="max_invalid_percent = 100")
        self.start_service(self.tenant)
        self.database = sqlite3.connect(self.folder / "warehouse.db")
        self.addCleanup(self.database.close)
        self.database.execute(
            "CREATE TABLE predictions (customer_id INTEGER PRIMARY KEY, score REAL, plan TEXT, "
            "scored_at TEXT)"
        )
        self.table = {}

    def predict(self, customers, time, score):
        """Writes rows as a model does, or puts new ones in their place."""
        for customer in customers:
            row = (customer, score, "gold", text(time) if time else None)
            self.database.execute("INSERT OR REPLACE INTO predictions VALUES (?, ?, ?, ?)", row)
            self.table[str(customer)] = {"score": score, "plan": "gold"}
        self.database.commit()

    def sync(self, query=QUERY, **options):
        return self.sync_rows(self.database, query, **{"id": "customer_id", **options})

    def cursor(self):
        return self.package.last_sync("churn", service=self.reach()).cursor

    def test_first_sync_selects_everything_after_saying_how_much(self):
        self.predict(range(250), DAY_1, 0.25)
        self.assertIsNone(self.package.last_sync("churn", service=self.reach()))
        with self.assertLogs("peaksync", "WARNING") as log:
            result = self.sync()
        self.assertIn("selecting everything: 250 rows", log.output[0])
        self.assertEqual(result.selection.rows_expected, 250)
        self.assertEqual(result.rows.sent, 250)
        self.assert_profiles(self.mock, self.table)
        self.assertEqual(self.cursor(), DAY_1)

    def test_ties_and_late_rows_are_neither_lost_nor_sent_twice(self):
        """Rows of the cursor's own time, and rows that were committed late, are found."""
        self.predict(range(100), DAY_1, 0.25)
        self.predict(range(100, 110), DAY_1 - 48 * HOUR, 0.5)  # Beyond the next lookback.
        self.sync()
        self.predict([200, 201], DAY_1, 0.75)  # Ties.
        self.predict([202], DAY_1 - 20 * HOUR, 0.875)  # Late.
        result = self.sync()
        self.assertEqual(result.selection.since.seconds, (DAY_1 - 24 * HOUR).timestamp())
        self.assertEqual(result.rows.read, 103)
        self.assert_values(result, unchanged=200, confirmed=6)
        self.assert_profiles(self.mock, self.table)
        self.assertEqual(self.mock.stats()["unchanged_values"], 0)
        self.assertEqual(self.sync(lookback=0).rows.read, 102)  # Those of the cursor's time.
        self.assertEqual(self.cursor(), DAY_1)

    def test_future_time_is_told_and_does_not_drag_the_cursor(self):
        """One a little ahead is taken, one far ahead is refused; neither moves the cursor."""
        soon = datetime.datetime.now(UTC) + datetime.timedelta(minutes=5)
        self.predict([1, 2], DAY_1, 0.25)
        self.predict([3], soon, 0.5)
        with self.assertLogs("peaksync", "WARNING") as log:
            result = self.sync()
        self.assert_words("\n".join(log.output), "1 rows have a time in the future")
        self.assertEqual(result.selection.in_future, 1)
        self.assertEqual(self.cursor(), DAY_1)
        self.assert_profiles(self.mock, self.table)
        self.predict([4], datetime.datetime(2199, 1, 1, tzinfo=UTC), 0.5)
        with self.assertRaises(self.package.RejectionsError) as caught:
            self.sync()
        self.assertEqual(caught.exception.result.selection.in_future, 2)
        self.assertEqual(caught.exception.result.refused_rows[0].column, "scored_at")
        self.assertEqual(self.cursor(), DAY_1)

    def test_cursor_moves_only_when_the_run_completes(self):
        self.predict(range(20), DAY_1, 0.25)
        self.sync()
        self.predict(range(5), DAY_1 + 7 * 24 * HOUR, 0.5)
        self.mock.post("/_mock/faults", {"faults": ["status=401"]})
        with self.assertRaises(self.package.DeliveryPausedError) as caught:
            self.sync(pause_timeout=1)
        self.assertEqual(self.cursor(), DAY_1)
        self.mock.post("/_mock/faults", {"faults": []})
        self.service.popen.send_signal(signal.SIGHUP)
        self.package.watch(caught.exception.result.run.run_id, service=self.reach())
        self.assertEqual(self.cursor(), DAY_1 + 7 * 24 * HOUR)
        self.assert_profiles(self.mock, self.table)

    def test_since_that_leaves_a_gap_moves_no_cursor(self):
        """A later --since is a choice of a person: what lies between is still to come."""
        self.predict(range(10), DAY_1, 0.25)
        self.sync()
        self.predict([1], DAY_1 + 30 * HOUR, 0.5)
        self.predict([2], DAY_1 + 60 * HOUR, 0.75)
        result = self.sync(since=DAY_1 + 50 * HOUR)
        self.assertEqual(result.rows.read, 1)
        self.assertEqual(self.cursor(), DAY_1)
        self.assertEqual(self.sync().rows.read, 10)
        self.assertEqual(self.cursor(), DAY_1 + 60 * HOUR)
        self.assert_profiles(self.mock, self.table)

    def test_full_selects_and_sends_everything(self):
        self.predict(range(30), DAY_1, 0.25)
        self.sync()
        self.assert_values(self.sync(full=True), confirmed=60)
        self.assertEqual(self.cursor(), DAY_1)

    def test_query_with_its_own_since_and_a_table_by_its_name(self):
        self.predict(range(40), DAY_1 - 72 * HOUR, 0.25)
        self.predict([50], DAY_1, 0.5)
        own = QUERY + " WHERE scored_at >= :since AND plan LIKE 'go%' -- :since"
        self.assertEqual(self.sync(own).rows.read, 41)
        self.assertEqual(self.sync(own).rows.read, 1)
        self.assertEqual(self.sync("predictions").rows.read, 1)
        self.assert_profiles(self.mock, self.table)

    def test_row_without_a_time_is_refused_and_named(self):
        self.predict([1], DAY_1, 0.25)
        self.predict([2], None, 0.5)
        with self.assertRaises(self.package.RejectionsError) as caught:
            self.sync()
        [row] = caught.exception.result.refused_rows
        self.assertEqual((row.line, row.column, row.reason), (2, "scored_at", "the time is empty"))
        self.assertEqual(caught.exception.exit_status, 3)

    def test_refused_rows_go_to_a_file_that_can_be_pushed(self):
        """Those of the client, of the service and of Braze; with the cells as JSON."""
        self.tenant.attributes = {"score": "range = [0, 1]"}
        self.restart_service(self.tenant)
        self.predict([1], None, 0.25)
        self.predict([2], DAY_1, 7)
        self.predict([3], DAY_1, 0.5)
        self.mock.post("/_mock/faults", {"faults": ["object-error,external_id=3"]})
        file = self.folder / "refused.jsonl"
        with self.assertRaises(self.package.RejectionsError):
            self.sync(rejects=str(file))
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        self.assertEqual([line["peaksync_line"] for line in lines], [1, 2, 0, 0])
        row = {"customer_id": 2, "score": 7.0, "plan": "gold", "scored_at": text(DAY_1)}
        self.assertEqual(lines[1]["row"], row)
        self.assertEqual({line["row"]["customer_id"] for line in lines[2:]}, {"3"})
        mended = self.write("mended.jsonl", json.dumps({**row, "score": 0.75}) + "\n")
        self.peaksync("push", mended, "--source", "churn", "--id-column", "customer_id",
                      "--updated-at-column", "scored_at")
        self.assertEqual(self.mock.user("2"), {"score": 0.75, "plan": "gold"})

    def test_wrong_query_is_told_before_anything_is_sent(self):
        for query, words in (
            ("SELECT score FROM nowhere", ["no such table"]),
            ("SELECT customer_id, score FROM predictions", ["updated_at", "scored_at"]),
        ):
            with self.subTest(query), self.assertRaises(self.package.UsageError) as caught:
                self.sync(query)
            self.assert_words(str(caught.exception), *words)
        self.assertEqual(self.mock.stats()["requests"], 0)

    def test_values_that_validation_refused_are_tried_again_by_the_rules_of_now(self):
        self.tenant.attributes = {"score": "range = [0, 1]"}
        self.restart_service(self.tenant)
        self.predict([1], DAY_1, 1.5)
        self.predict([2], DAY_1 + 48 * HOUR, 0.5)
        with self.assertRaises(self.package.RejectionsError):
            self.sync()
        self.tenant.attributes = {}
        self.restart_service(self.tenant)
        self.assertEqual(self.sync(retry_rejections=False).selection.retried, 0)
        self.assertIsNone(self.mock.user("1"))
        result = self.sync()  # Waits for them too.
        self.assertEqual((result.rows.read, result.selection.retried), (1, 2))
        self.assert_profiles(self.mock, self.table)
        self.assertEqual(self.sync().selection.retried, 0)

    def test_brazes_refusals_are_tried_again_when_a_person_asks(self):
        """What is refused again then is a reason for status 3; what nobody asked for is not."""
        self.predict([1], DAY_1, 0.25)
        self.predict([2], DAY_1 + 48 * HOUR, 0.25)
        self.mock.post("/_mock/faults", {"faults": ["object-error,external_id=1"]})
        with self.assertRaises(self.package.RejectionsError):
            self.sync()
        with self.assertRaises(self.package.RejectionsError) as caught:
            self.sync(retry_refused=True)
        self.assertEqual(caught.exception.result.selection.refused_again, 2)
        self.assert_words(str(caught.exception), "2 values tried again and refused again")
        self.mock.post("/_mock/faults", {"faults": []})
        self.assertEqual(self.sync().selection.retried, 0)
        self.assertIsNone(self.mock.user("1"))
        result = self.sync(retry_refused=True)
        self.assertEqual((result.selection.retried, result.selection.refused_again), (2, 0))
        self.assert_profiles(self.mock, self.table)

    def test_cursor_that_a_person_set_counts_before_any_run_has_completed(self):
        self.tenant.attributes = {"score": "range = [0, 0.1]"}
        self.tenant.rules = "max_invalid_percent = 5"
        self.restart_service(self.tenant)
        self.predict([1], DAY_1 - 72 * HOUR, 0.5)
        self.predict([2], DAY_1, 0.5)
        with self.assertRaises(self.package.NeedsPersonError):  # FAILED: all of it is invalid.
            self.sync()
        moved = self.peaksync("sources", "set-cursor", "churn", text(DAY_1))
        self.assertEqual(moved.status, 0, moved)
        with self.assertRaises(self.package.NeedsPersonError) as caught:
            self.sync(retry_rejections=False)
        self.assertEqual(caught.exception.result.rows.read, 1)

    def test_token_of_another_tenant_is_seen_before_anything_is_done(self):
        self.predict([1], DAY_1, 0.25)
        with self.assertRaises(self.package.NotPermittedError) as caught:
            self.sync(service=self.reach(tenant="globex"))
        self.assert_words(str(caught.exception), "tenant globex is meant", "that of tenant acme")
        self.assertEqual(self.package.runs(service=self.reach()), [])


if __name__ == "__main__":
    unittest.main()
