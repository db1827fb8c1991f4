"""Pushing the runs of a model: what is sent, what is not, and what the report says."""

import math
import unittest

import harness
import sample


class PushTest(harness.EndToEndTest):
    CUSTOMERS = 300

    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        self.run1 = sample.first_run(self.CUSTOMERS)
        self.run2 = sample.next_run(self.run1)
        self.file1 = sample.write_csv(self.folder / "run1.csv", self.run1, sample.TIME_1)
        self.file2 = sample.write_csv(self.folder / "run2.csv", self.run2, sample.TIME_2)

    def tenant(self, **options):
        return harness.Tenant(self.mock, **options)

    def sent_since(self, before):
        """(requests, customers, values) that Braze got since these stats."""
        now = self.mock.stats()
        names = ("requests", "attribute_objects", "attribute_values")
        return tuple(now[name] - before[name] for name in names)

    def test_first_push_brings_every_value_in_bulk_requests(self):
        """Every value of every customer arrives, in requests of at most 75 with the bulk header."""
        self.start_service(self.tenant())
        report = self.push(self.file1)
        total = sample.count_values(self.run1)
        self.assertEqual(report.json["rows"]["read"], self.CUSTOMERS)
        self.assertEqual(report.run["state"], "COMPLETED")
        self.assert_counts(report.run, confirmed=total)
        self.assert_profiles(self.mock, self.run1)
        stats = self.mock.stats()
        self.assertLessEqual(stats["requests"], math.ceil(self.CUSTOMERS / 75) + 2)
        self.assertLessEqual(stats["max_objects_per_request"], 75)
        self.assertEqual(stats["bulk_header_requests"], stats["requests"])
        self.assertEqual(stats["requests_by_status"], {"201": stats["requests"]})
        self.assertEqual(stats["attribute_values"], report.run["values"]["confirmed"])
        self.assertEqual(stats["attribute_objects"], report.run["updates"]["changed"])
        self.assertEqual(stats["max_in_flight_per_customer"], 1)
        self.assertEqual(stats["silent_drops"], 0)
        for request in self.mock.requests():
            self.assertEqual(request["headers"].get("x-braze-bulk"), "true")
            self.assertLessEqual(len(request["body"]["attributes"]), 75)

    def test_same_push_again_sends_nothing(self):
        """The same file once more makes no request at all."""
        self.start_service(self.tenant())
        self.push(self.file1)
        before = self.mock.stats()
        report = self.push(self.file1)
        self.assertEqual(self.sent_since(before), (0, 0, 0))
        self.assert_counts(report.run, unchanged=sample.count_values(self.run1))
        self.assertEqual(report.run["updates"]["unchanged"], self.CUSTOMERS)

    def check_next_run(self, before, after):
        """Pushes the second run; exactly what differs is sent."""
        customers, values = sample.count_changes(before, after)
        self.assertGreater(customers, 0)
        earlier = self.mock.stats()
        report = self.push(self.file2)
        self.assertEqual(self.sent_since(earlier)[1:], (customers, values))
        self.assertEqual(report.run["updates"]["changed"], customers)
        unchanged = sample.count_values(after) - values
        self.assert_counts(report.run, confirmed=values, unchanged=unchanged)

    def test_next_run_sends_exactly_what_changed(self):
        """Of the next run only the changed attributes of the changed customers are sent."""
        self.start_service(self.tenant())
        self.push(self.file1)
        self.check_next_run(self.run1, self.run2)
        self.assert_profiles(self.mock, self.run2)

    def test_round_from_the_start_hides_noise(self):
        """With `round` the rounded values are sent, and a change below it is none."""
        self.start_service(self.tenant(attributes={"churn_probability": "round = 3"}))
        self.push(self.file1)
        rounded1, rounded2 = sample.rounded(self.run1), sample.rounded(self.run2)
        self.assert_profiles(self.mock, rounded1)
        self.check_next_run(rounded1, rounded2)
        self.assert_profiles(self.mock, rounded2)
        noise = sample.count_changes(self.run1, self.run2)[1]
        self.assertGreater(noise, sample.count_changes(rounded1, rounded2)[1])

    def test_round_added_between_runs_resends_nothing_by_itself(self):
        """Adding `round` sends what a round from the start would: it applies to both sides."""
        self.start_service(self.tenant())
        self.push(self.file1)
        self.restart_service(self.tenant(attributes={"churn_probability": "round = 3"}))
        self.check_next_run(sample.rounded(self.run1), sample.rounded(self.run2))

    def test_older_run_is_stale_and_the_report_says_how_to_send_it(self):
        """The first run after the second sends nothing; `--updated-at now` sends what differs."""
        self.start_service(self.tenant())
        self.push(self.file1)
        self.push(self.file2)
        common = {customer: self.run2[customer] for customer in self.run1}
        customers, stale = sample.count_changes(common, self.run1)
        unchanged = sample.count_values(self.run1) - stale
        before = self.mock.stats()
        report = self.push(self.file1, output="table")
        self.assertEqual(self.sent_since(before), (0, 0, 0))
        self.assert_words(report.out, f"{stale:,} values are older", "--updated-at now")
        self.assert_words(report.out, sample.TIME_2)
        report = self.push(self.file1)
        self.assert_counts(report.run, stale=stale, unchanged=unchanged)
        self.assertEqual(report.run["stale_newest_known_time"], sample.TIME_2)
        report = self.push(self.file1, "--updated-at", "now")
        self.assert_counts(report.run, confirmed=stale, unchanged=unchanged)
        self.assertEqual(self.sent_since(before)[1:], (customers, stale))

    def test_late_value_does_not_overtake(self):
        """A of 1 o'clock, A again of 3, then a late B of 2: Braze keeps A."""
        self.start_service(self.tenant())
        for hour, plan in ((1, "A"), (3, "A"), (2, "B")):
            row = f"external_id,plan,scored_at\n42,{plan},2026-09-07T0{hour}:00:00Z\n"
            report = self.push(self.write(f"at{hour}.csv", row))
        self.assert_counts(report.run, stale=1)
        self.assertEqual(self.mock.user("42"), {"plan": "A"})
        self.assertEqual(self.mock.stats()["requests"], 1)

    def test_value_that_changes_back_is_sent_again(self):
        """A, B, A: the second A is sent."""
        self.start_service(self.tenant())
        for hour, plan in ((1, "A"), (2, "B"), (3, "A")):
            row = f"external_id,plan,scored_at\n42,{plan},2026-09-07T0{hour}:00:00Z\n"
            self.assert_counts(self.push(self.write("row.csv", row)).run, confirmed=1)
        self.assertEqual(self.mock.user("42"), {"plan": "A"})

    def test_full_sends_everything_once_more(self):
        """`--full` sends what Braze has already."""
        self.start_service(self.tenant())
        self.push(self.file1)
        before = self.mock.stats()
        report = self.push(self.file1, "--full")
        total = sample.count_values(self.run1)
        self.assert_counts(report.run, confirmed=total)
        self.assertEqual(self.sent_since(before)[1:], (self.CUSTOMERS, total))

    def test_last_sync_names_the_last_run_and_its_cursor(self):
        """`last-sync` tells the run that completed last, and where the next selection starts."""
        self.start_service(self.tenant())
        self.assertEqual(self.peaksync("last-sync", "--source", "churn").status, 2)
        first = self.push(self.file1)
        last = self.peaksync("last-sync", "--source", "churn", "-o", "json").json
        self.assertEqual(last["run"]["run_id"], first.run["run_id"])
        self.assertIsNone(last["cursor"])
        second = self.push(self.file2, "--set-cursor", "max")
        last = self.peaksync("last-sync", "--source", "churn", "-o", "json").json
        self.assertEqual(last["run"]["run_id"], second.run["run_id"])
        self.assertEqual(last["cursor"], sample.TIME_2)
        table = self.peaksync("last-sync", "--source", "churn")
        self.assert_words(table.out, second.run["run_id"], sample.TIME_2, "COMPLETED")
        sources = self.peaksync("sources", "list", "-o", "json").json["sources"]
        self.assertEqual([source["cursor"] for source in sources], [sample.TIME_2])

    def test_runs_list_and_show_tell_what_push_told(self):
        """Every run can be looked up afterwards with the counts of its report."""
        self.start_service(self.tenant())
        pushed = [self.push(self.file1).run, self.push(self.file2).run]
        listed = self.peaksync("runs", "list", "-o", "json").json["runs"]
        ids = [run["run_id"] for run in listed]
        self.assertEqual(ids, [run["run_id"] for run in reversed(pushed)])
        for run in pushed:
            shown = self.peaksync("runs", "show", run["run_id"], "-o", "json").run
            for member in ("state", "values", "updates", "create_time", "complete_time"):
                self.assertEqual(shown[member], run[member])
        watched = self.peaksync("runs", "watch", ids[0], "-o", "json")
        self.assertEqual(watched.status, 0, watched)
        self.assert_words(self.peaksync("runs", "list").out, *ids, "COMPLETED")


if __name__ == "__main__":
    unittest.main()
