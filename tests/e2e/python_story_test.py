"""Predictions from DataFrames, week after week, and all that happens to them on the way."""

import random
import signal
import unittest

import pandas
import python_case

ATTRIBUTES = ("churn_probability", "churn_risk", "predicted_clv", "senior", "tenure_months")
WEEKS = [f"2026-09-{day:02}T02:00:00Z" for day in (7, 14, 21, 28)]


def predict(rng):
    """One customer's attributes; None is a value that the model could not tell."""
    churn = rng.random()
    return {
        "churn_probability": churn,
        "churn_risk": "low" if churn < 0.3 else "medium" if churn < 0.6 else "high",
        "predicted_clv": rng.randrange(10_000, 900_000) / 100,
        "senior": rng.random() < 0.2,
        "tenure_months": None if rng.random() < 0.1 else rng.randrange(72),
    }


def frame_of(table, scored_at):
    """The table as a model leaves it: with pandas' own types. `scored_at`: one time, or a list."""
    frame = pandas.DataFrame([{"customer_id": customer, **row} for customer, row in table.items()])
    frame["customer_id"] = frame["customer_id"].astype("int64")
    frame["churn_risk"] = frame["churn_risk"].astype("category")
    frame["tenure_months"] = frame["tenure_months"].astype("Int64")
    frame["scored_at"] = pandas.to_datetime(scored_at)
    return frame


def known(table):
    """What Braze then holds: a missing value sets nothing."""
    return {
        str(customer): {name: value for name, value in row.items() if value is not None}
        for customer, row in table.items()
    }


def merged(before, after):
    """The profiles after another table: what it does not say stays."""
    return {
        customer: {**before.get(customer, {}), **after.get(customer, {})}
        for customer in {**before, **after}
    }


def count(profiles):
    return sum(len(attributes) for attributes in profiles.values())


def count_changes(before, after):
    return sum(
        before.get(customer, {}).get(name) != value
        for customer, attributes in after.items()
        for name, value in attributes.items()
    )


class PythonStoryTest(python_case.PythonTest):
    CUSTOMERS = 2_000

    def setUp(self):
        super().setUp()
        self.mock = self.start_mock("--api-key", "key-of-acme:users.track")
        self.start_service(python_case.harness.Tenant(self.mock), fixed_port=True)
        self.rng = random.Random(7043)

    def push_frame(self, frame, **options):
        options = {"id": "customer_id", "updated_at": "scored_at", **options}
        return self.push_rows(frame, **options)

    def next_week(self, table, changed=0.3, new=20):
        """Some customers changed, a few are new."""
        after = {
            customer: predict(self.rng) if self.rng.random() < changed else dict(row)
            for customer, row in table.items()
        }
        first = 1 + max(after)
        after.update({customer: predict(self.rng) for customer in range(first, first + new)})
        return after

    def assert_nothing_was_unneeded(self):
        """No object carried only what its profile had already."""
        self.assertEqual(self.mock.stats()["unchanged_values"], 0)

    def test_the_story(self):
        """After each chapter Braze holds exactly the table."""
        week1 = {n: predict(self.rng) for n in range(self.CUSTOMERS)}
        braze = self.first_run_and_again(week1)
        week2 = self.next_week(week1)
        braze = self.changes_and_late_rows(braze, week2)
        self.assert_nothing_was_unneeded()
        week3 = self.next_week(week2)
        braze = self.crash_in_the_midst(braze, week3)
        braze = self.revoked_key(braze, self.next_week(week3))
        self.bad_model_is_undone(braze, week3)

    def first_run_and_again(self, week1):
        result = self.push_frame(frame_of(week1, WEEKS[0]))
        self.assertEqual(result.exit_status, 0)
        self.assert_values(result, confirmed=count(known(week1)))
        self.assert_profiles(self.mock, known(week1))
        requests = self.mock.stats()["requests"]
        again = self.push_frame(frame_of(week1, WEEKS[0]))
        self.assert_values(again, unchanged=count(known(week1)))
        self.assertEqual(self.mock.stats()["requests"], requests)
        return known(week1)

    def changes_and_late_rows(self, braze, week2):
        """Only what changed is sent. Rows of the week before that come late lose, but new ones."""
        result = self.push_frame(frame_of(week2, WEEKS[1]))
        self.assertEqual(result.run.values["confirmed"], count_changes(braze, known(week2)))
        braze = merged(braze, known(week2))
        self.assert_profiles(self.mock, braze)
        late = {n: predict(self.rng) for n in (3, 5, 8, 900_001)}
        result = self.push_frame(frame_of(late, WEEKS[0]))
        stale = count_changes(braze, known({n: late[n] for n in (3, 5, 8)}))
        # A value that nobody had told before is not late; there is one where week 2 had none.
        newer = sum(
            1 for n in (3, 5, 8) for name in known(late)[str(n)] if name not in braze[str(n)]
        )
        self.assertEqual(result.run.values["stale"], stale - newer)
        self.assertGreater(result.run.values["stale"], 0)
        braze = merged(merged(braze, known(late)), braze)
        self.assert_profiles(self.mock, braze)
        return braze

    def crash_in_the_midst(self, braze, week3):
        """kill -9 of the service while the rows are on their way; the run is resumed."""
        crashes = []

        def crash_once(progress):
            if progress.updates_received >= 300 and not crashes:
                crashes.append(progress.updates_received)
                self.service.kill()
                self.start_service()

        frame = frame_of(week3, WEEKS[2])
        parts = (frame.iloc[begin : begin + 100] for begin in range(0, len(frame), 100))
        with self.assertLogs("peaksync", "WARNING") as log:
            result = self.push_frame(parts, batch_size=20, progress=crash_once)
        self.assertLess(crashes[0], len(frame))
        self.assert_words("\n".join(log.output), "trying again", "goes on")
        self.assertEqual(result.run.state, "COMPLETED")
        self.assertEqual(result.run.updates["received"], len(frame))
        [first, *_] = self.package.runs("churn", service=self.reach())
        self.assertEqual(first.run_id, result.run.run_id)
        braze = merged(braze, known(week3))
        self.assert_profiles(self.mock, braze)
        return braze

    def revoked_key(self, braze, week4):
        """Braze refuses the key for a while: exit status 1, nothing lost, and then all arrives."""
        self.mock.post("/_mock/faults", {"faults": ["status=401"]})
        with self.assertRaises(self.package.DeliveryPausedError) as caught:
            self.push_frame(frame_of(week4, WEEKS[3]), pause_timeout="1s")
        error = caught.exception
        self.assertEqual(error.exit_status, 1)
        self.assert_words(str(error), "paused", "key", "Nothing is lost")
        self.assertEqual(error.result.run.state, "RECEIVED")
        with self.assertRaises(self.package.NotFinishedError):  # The step is run again.
            self.push_frame(frame_of(week4, WEEKS[3]), pause_timeout="1s")
        self.mock.post("/_mock/faults", {"faults": []})
        self.service.popen.send_signal(signal.SIGHUP)  # Else it is tried within a minute.
        done = self.package.watch(error.result.run.run_id, service=self.reach())
        self.assertEqual(done.state, "COMPLETED")
        braze = merged(braze, known(week4))
        self.assert_profiles(self.mock, braze)
        return braze

    def bad_model_is_undone(self, braze, good):
        """A bad run; then the last good table again, as of now."""
        bad = {customer: {**row, "churn_probability": 0.5} for customer, row in good.items()}
        self.push_frame(frame_of(bad, pandas.Timestamp.now("UTC")))
        self.assertEqual(self.mock.user("7")["churn_probability"], 0.5)
        frame = frame_of(good, WEEKS[2])
        with self.subTest("with its old times it is stale"):
            self.assertGreater(self.push_frame(frame).run.values["stale"], len(good) // 2)
        result = self.push_frame(frame, updated_at="now", updated_at_column="scored_at")
        self.assertEqual(result.run.values["stale"], 0)
        self.assert_profiles(self.mock, merged(braze, known(good)))


if __name__ == "__main__":
    unittest.main()
