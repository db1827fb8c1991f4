"""peaksync sync against a real PostgreSQL, by libpq and by ODBC."""

import json
import pathlib
import unittest

import harness
import jobs_case
import process

WIDE = ('table = "ml.scores"', 'id_column = "id"', 'updated_at_column = "at"')
KINDS = ("postgresql", "odbc")
T1, T2, T3 = "2026-09-07 02:00:00+00", "2026-09-08 02:00:00+00", "2026-09-10 02:00:00+00"


class SyncTest(jobs_case.JobsTest):
    def setUp(self):
        super().setUp()
        self.start_service(harness.Tenant(self.mock))
        self.database.sql("CREATE TABLE ml.scores (id text, at timestamptz, churn float8)")

    def put(self, *rows):
        self.database.copy("ml.scores", rows)

    def test_first_sync_selects_everything_and_says_how_much(self):
        """Then the cursor is the newest time, and the next sync looks back a day from it."""
        self.write_jobs(*WIDE)
        self.put(("1", T1, 0.5), ("2", T3, 0.25))
        first = self.sync()
        self.assert_words(first.err, "no cursor yet", "whole table", "2 rows")
        self.assertEqual(first.json["sync"]["selected_from"], None)
        self.assertEqual(first.run["from_cursor"], None)
        self.assert_counts(first.run, confirmed=2)
        self.assertEqual(self.cursor(), "2026-09-10T02:00:00Z")
        second = self.sync()
        self.assertNotIn("whole table", second.err)
        self.assertEqual(second.json["sync"]["selected_from"], "2026-09-09T02:00:00Z")
        self.assertEqual(second.run["from_cursor"], "2026-09-10T02:00:00Z")
        self.assertEqual(second.json["rows"]["read"], 1)
        self.assert_counts(second.run, unchanged=1)

    def test_ties_and_late_rows_are_neither_lost_nor_sent_twice(self):
        """A row with the cursor's own time, and one that was written late with an older time."""
        self.write_jobs(*WIDE)
        self.put(("1", T3, 0.5))
        self.sync()
        self.put(("2", T3, 0.25), ("3", "2026-09-09 20:00:00+00", 0.75))
        result = self.sync()
        self.assert_counts(result.run, confirmed=2, unchanged=1)
        self.assert_profiles(
            self.mock, {"1": {"churn": 0.5}, "2": {"churn": 0.25}, "3": {"churn": 0.75}}
        )
        self.assertEqual(self.mock.stats()["unchanged_values"], 0)

    def test_a_tie_is_not_lost_even_without_lookback(self):
        self.write_jobs(*WIDE, 'lookback = "0s"')
        self.put(("1", T3, 0.5), ("0", T1, 0.5))
        self.sync()
        self.put(("2", T3, 0.25))
        self.assert_counts(self.sync().run, confirmed=1, unchanged=1)

    def test_lookback_is_the_jobs(self):
        self.write_jobs(*WIDE, 'lookback = "7d"')
        self.put(("1", T3, 0.5))
        self.sync()
        self.assertEqual(self.sync().json["sync"]["selected_from"], "2026-09-03T02:00:00Z")

    def test_a_run_that_is_not_completed_moves_no_cursor(self):
        """The account is closed: exit status 1, and the cursor moves only once Braze has all."""
        self.write_jobs(*WIDE)
        self.put(("1", T1, 0.5))
        self.mock.post("/_mock/workspace", {"maintenance": False, "account_active": False})
        self.sync("--pause-timeout", "1s", status=1)
        self.assertEqual(self.cursor(), None)
        self.mock.post("/_mock/workspace", {"maintenance": False, "account_active": True})
        self.service.popen.send_signal(process.signal.SIGHUP)  # Probes at once.
        self.sync()
        self.assertEqual(self.cursor(), "2026-09-07T02:00:00Z")
        self.assertEqual(self.mock.user("1"), {"churn": 0.5})

    def test_since_and_full(self):
        """--since selects from a time, --full all and sends it; the cursor keeps its rules."""
        self.write_jobs(*WIDE)
        self.put(("1", T1, 0.5), ("2", T2, 0.25), ("3", T3, 0.75))
        self.sync()
        since = self.sync("--since", "2026-09-08T02:00:00Z")
        self.assert_counts(since.run, unchanged=2)
        full = self.sync("--full")
        self.assert_words(full.err, "--full", "whole table", "3 rows")
        self.assertEqual(full.run["mode"], "FULL")
        self.assert_counts(full.run, confirmed=3)
        self.assertEqual(self.cursor(), "2026-09-10T02:00:00Z")
        self.put(("4", "2026-09-20 02:00:00+00", 1))
        self.sync("--since", "2026-09-15T00:00:00Z")  # What is between was not selected.
        self.assertEqual(self.cursor(), "2026-09-10T02:00:00Z")
        both = self.peaksync("sync", "scores", "--full", "--since", "2026-09-15T00:00:00Z")
        self.assertEqual(both.status, 2)

    def test_a_time_of_the_future_is_told_and_does_not_drag_the_cursor(self):
        self.write_jobs(*WIDE)
        self.put(("1", T1, 0.5))
        self.database.sql("INSERT INTO ml.scores VALUES ('2', now() + interval '5 minutes', 0.25)")
        result = self.sync()
        self.assertEqual(result.json["sync"]["future_rows"], 1)
        self.assert_counts(result.run, confirmed=2)
        self.assertEqual(self.cursor(), "2026-09-07T02:00:00Z")
        table = self.peaksync("sync", "scores")
        self.assert_words(table.out, "1 rows are of the future", "cursor stays")

    def test_set_cursor_moves_the_next_selection(self):
        self.write_jobs(*WIDE)
        self.put(("1", T1, 0.5), ("2", T3, 0.25))
        self.sync()
        self.peaksync("sources", "set-cursor", "scores", "2026-09-07T12:00:00Z")
        self.assertEqual(self.sync().json["rows"]["read"], 2)
        self.peaksync("sources", "set-cursor", "scores", "none")
        self.assert_words(self.sync().err, "whole table")

    def test_rejections_of_validation_are_tried_again_once_a_run(self):
        """A rule is mended; the next sync brings the values, though nothing selects them."""
        rules = {"churn": 'range = [0, 0.4]\ntype = "double"'}
        self.restart_service(
            harness.Tenant(self.mock, attributes=rules, rules="max_invalid_percent = 100")
        )
        self.write_jobs(*WIDE)
        self.put(("1", T1, 0.5), ("2", T3, 0.25))
        self.assert_counts(self.sync(status=3).run, invalid=1, confirmed=1)
        again = self.sync().json["sync"]  # Old news is no reason to fail.
        self.assertEqual((again["retried"], again["refused_again"]), (1, 1))
        self.restart_service(harness.Tenant(self.mock))
        result = self.sync()
        self.assertEqual(result.json["sync"]["retried"], 1)
        self.assertEqual(result.json["rows"]["read"], 1)
        self.assertEqual(self.mock.user("1"), {"churn": 0.5})
        self.assertEqual(self.sync().json["sync"]["retried"], 0)

    def test_brazes_refusals_are_tried_again_when_a_person_asks(self):
        self.write_jobs(*WIDE)
        self.put(("1", T1, 0.5), ("2", T3, 0.25))
        self.mock.post("/_mock/faults", {"faults": ["object-error,external_id=1"]})
        self.assert_counts(self.sync(status=3).run, rejected=1, confirmed=1)
        self.assertEqual(self.sync("--retry-refused", status=3).json["sync"]["refused_again"], 1)
        self.mock.post("/_mock/faults", {"faults": []})
        self.assertEqual(self.sync().json["sync"]["retried"], 0)
        self.assertEqual(self.mock.user("1"), None)
        self.assertEqual(self.sync("--retry-refused").json["sync"]["retried"], 1)
        self.assertEqual(self.mock.user("1"), {"churn": 0.5})

    def test_a_token_that_may_push_only_syncs_all_the_same(self):
        tenant = harness.Tenant(self.mock)
        tenant.token += " push"
        self.restart_service(tenant)
        self.write_jobs(*WIDE)
        self.put(("1", T1, 0.5))
        env = {"PEAKSYNC_TOKEN": tenant.token.split()[0]}
        self.sync(env=env)
        self.assert_words(self.sync(env=env).err, "may push only")
        self.assertEqual(self.mock.user("1"), {"churn": 0.5})

    def test_one_run_of_a_job_at_a_time(self):
        """A second sync ends with 1 and says who runs, while another job goes on."""
        other = '[jobs.other]\ntable = "ml.scores"\nid_column = "id"\nupdated_at_column = "at"\n'
        self.write_jobs(*WIDE, jobs=other)
        self.put(("1", T1, 0.5))
        self.mock.post("/_mock/workspace", {"maintenance": False, "account_active": False})
        first = self.start_client("sync", "scores", "--pause-timeout", "60s")
        lock = self.folder / "state/scores.lock"
        process.wait_for("the job is locked", lambda: lock.exists() and lock.read_text())
        second = self.sync(status=1)
        self.assert_words(second.err, "scores runs already", str(first.popen.pid))
        self.sync("--no-wait", job="other")
        first.kill()
        self.mock.post("/_mock/workspace", {"maintenance": False, "account_active": True})
        self.service.popen.send_signal(process.signal.SIGHUP)
        self.sync()

    def test_a_database_that_goes_away_in_the_middle_is_safe_to_run_again(self):
        """Exit status 1, no cursor, and the same command brings all of it."""
        self.database.copy("ml.scores", [(str(number), T1, 0.5) for number in range(2500)])
        slow = 'query = "SELECT s.*, pg_sleep(0.001)::text AS slept FROM ml.scores s"'
        self.write_jobs(slow, *WIDE[1:], 'exclude = ["slept"]')
        client = self.start_client("sync", "scores", "-o", "json")
        second_fetch = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'peaksync'"
            " AND query LIKE 'FETCH%' AND clock_timestamp() - xact_start > '1200ms'"
        )
        process.wait_for("it is ended", lambda: self.database.sql(second_fetch) == "t")
        result = client.result()
        self.assertEqual(result.status, 1, result)
        self.assert_words(result.err, "database warehouse", "run this again")
        self.assertEqual(self.cursor(), None)
        self.write_jobs(*WIDE)
        self.sync()
        self.assertEqual(len(self.mock.users()), 2500)
        self.assertEqual(self.cursor(), "2026-09-07T02:00:00Z")

    def test_refused_rows_can_be_mended_and_pushed(self):
        """--rejects writes JSON Lines that push reads."""
        self.write_jobs(*WIDE)
        self.put(("1", T1, 0.5), ("2", T3, "NaN"), (None, T1, 1))
        result = self.sync("--rejects", "refused.jsonl", status=3)
        self.assertEqual(result.json["rows"]["invalid_not_sent"], 2)
        text = (self.folder / "refused.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        self.assertEqual([line["peaksync_column"] for line in lines], ["churn", "id"])
        row = lines[0]["row"]
        self.assertEqual(row, {"id": "2", "at": "2026-09-10T02:00:00Z", "churn": "NaN"})
        row["churn"] = 0.25
        self.write("mended.jsonl", json.dumps(row) + "\n")
        pushed = self.peaksync("push", "mended.jsonl", "--source", "scores", "--id-column", "id",
                               "--updated-at-column", "at")
        self.assertEqual(pushed.status, 0, pushed)
        self.assertEqual(self.mock.user("2"), {"churn": 0.25})


class TypesTest(jobs_case.JobsTest):
    """Values from the database reach Braze as they are, by libpq and by ODBC."""

    def setUp(self):
        super().setUp()
        self.start_service(harness.Tenant(self.mock))

    def connection_of(self, kind):
        return self.database.odbc_connection if kind == "odbc" else self.database.connection

    def sync_by(self, kind, *lines, **options):
        self.write_jobs(*WIDE, *lines, kind=kind, connection=self.connection_of(kind),
                        jobs=options.pop("jobs", ""))
        return self.sync("--full", **options)

    def test_every_type_is_exact(self):
        self.database.sql(
            "CREATE TYPE ml.tier AS ENUM ('gold', 'silver');"
            "CREATE TABLE ml.scores (id bigint, at timestamptz, big bigint, small smallint,"
            " yes boolean, no boolean, real8 float8, real4 real, whole numeric(12,0),"
            " money numeric(10,2), txt text, vc varchar(20), padded char(8), tier ml.tier,"
            " key uuid, day date, doc jsonb, nothing int, empty text)"
        )
        self.database.sql(
            "INSERT INTO ml.scores VALUES (9007199254740993, '2026-09-07 02:00:00.123456+00',"
            " 9223372036854775807, -5, true, false, 0.1, 0.25, 123456789012, 12.50,"
            " E'zażółć \U0001f600 \\n \"x\"', '01234', 'ab', 'gold',"
            " '6f1f3f6e-9a5e-4a4e-8a8e-0d5a0f6f3c11', '2026-09-07',"
            ' \'{"a": [1, 2.5, "x"], "big": 9007199254740993}\', NULL, \'\')'
        )
        expected = {
            "big": 9223372036854775807,
            "small": -5,
            "yes": True,
            "no": False,
            "real8": 0.1,
            "real4": 0.25,
            "whole": 123456789012,
            "money": 12.5,
            "txt": 'zażółć \U0001f600 \n "x"',
            "vc": "01234",
            "padded": "ab",
            "tier": "gold",
            "key": "6f1f3f6e-9a5e-4a4e-8a8e-0d5a0f6f3c11",
            "day": "2026-09-07",
            "doc": {"a": [1, 2.5, "x"], "big": 9007199254740993},
            "empty": "",
        }
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.mock.post("/_mock/reset", {})
                extra = ('types = { doc = "json" }',) if kind == "odbc" else ()
                result = self.sync_by(kind, *extra)
                self.assertEqual(self.cursor(), "2026-09-07T02:00:00.123456Z")
                found = self.mock.user("9007199254740993")
                self.assertEqual(found, expected, result)
                for name, value in expected.items():
                    self.assertIs(type(found[name]), type(value), name)

    def test_arrays_and_rows_become_nested_values(self):
        self.database.sql(
            "CREATE TYPE ml.place AS (city text, floor int);"
            "CREATE TABLE ml.scores (id text, at timestamptz, tags text[], nums int[],"
            " place ml.place)"
        )
        self.database.sql(
            "INSERT INTO ml.scores VALUES ('1', now(), ARRAY['a,b', 'c\"d'], '{1,2}',"
            " ROW('Łódź', 3))"
        )
        self.sync_by("postgresql")
        self.assertEqual(
            self.mock.user("1"),
            {"tags": ["a,b", 'c"d'], "nums": [1, 2], "place": {"city": "Łódź", "floor": 3}},
        )

    def test_times_without_a_zone_are_those_of_the_jobs_timezone(self):
        self.database.sql(
            "CREATE TABLE ml.scores (id text, at timestamp, churn float8, seen timestamp)"
        )
        self.database.copy("ml.scores", [("1", "2026-09-07 02:00:00", 0.5, "2026-12-24 18:00:00")])
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.write_jobs(*WIDE, kind=kind, connection=self.connection_of(kind))
                refused = self.sync(status=2)
                self.assert_words(refused.err, "timezone", "'at'", "'seen'")
                self.sync_by(kind, 'timezone = "Europe/London"')
                self.assertEqual(self.cursor(), "2026-09-07T01:00:00Z")
                self.assertEqual(self.sync().json["rows"]["read"], 1)
                seen = self.mock.user("1")["seen"]
                self.assertEqual(seen[:19], "2026-12-24T18:00:00")

    def test_numeric_that_no_number_holds_needs_a_type(self):
        self.database.sql("CREATE TABLE ml.scores (id text, at timestamptz, total numeric)")
        self.database.copy("ml.scores", [("1", T1, "1.25"), ("2", T1, "12345678901234567890.5")])
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.mock.post("/_mock/reset", {})
                self.write_jobs(*WIDE, kind=kind, connection=self.connection_of(kind))
                checked = self.check(status=2)
                self.assert_words(checked.err, "column 'total'", "more digits", "a type")
                self.assertNotIn("12345678901234567890", checked.err + checked.out)
                result = self.sync("--full", status=3)
                self.assertEqual(result.json["rows"]["invalid_not_sent"], 1)
                self.assertEqual(self.mock.user("1"), {"total": 1.25})
        self.peaksync("resync", "--attribute", "total", "--yes")
        self.sync_by("postgresql", 'types = { total = "string" }')
        self.assertEqual(self.mock.user("2"), {"total": "12345678901234567890.5"})

    def test_long_tables(self):
        self.database.sql(
            "CREATE TABLE ml.scores (id text, at timestamptz, name text, value text)"
        )
        rows = [("1", T1, "churn", "0.5"), ("1", T1, "zip", "01234"), ("2", T1, "churn", "0.25"),
                ("1", T1, "debug", "x"), ("2", T1, "vip", "true"), ("2", T1, "zip", None)]
        self.database.copy("ml.scores", rows)
        lines = ('layout = "long"', 'attribute_column = "name"', 'value_column = "value"',
                 'exclude = ["debug"]', 'types = { churn = "double", vip = "bool" }',
                 'rename = { churn = "churn_risk" }')
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.mock.post("/_mock/reset", {})
                self.sync_by(kind, *lines)
                self.assertEqual(self.mock.user("1"), {"churn_risk": 0.5, "zip": "01234"})
                self.assertEqual(self.mock.user("2"), {"churn_risk": 0.25, "vip": True})
        self.assert_words(self.check().err, "'zip' has no entry in types")

    def test_nulls_queries_and_names(self):
        """NULL unsets if the job says so; a query, renames and upper-case names."""
        self.database.sql(
            'CREATE TABLE ml."Raw" ("ID" text, "AT" timestamptz, "CHURN" float8, "PLAN" text)'
        )
        self.database.copy('ml."Raw"', [("1", T1, 0.5, "gold")])
        query = 'query = """SELECT * FROM ml."Raw" WHERE "ID" <> \'x\'; """'
        job = (query, 'id_column = "id"', 'updated_at_column = "at"', 'column_case = "lower"',
               'rename = { churn = "churn_risk" }')
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.mock.post("/_mock/reset", {})
                self.database.sql('UPDATE ml."Raw" SET "PLAN" = \'gold\', "AT" = now()')
                self.write_jobs(*job, kind=kind, connection=self.connection_of(kind))
                self.sync("--full")
                self.assertEqual(self.mock.user("1"), {"churn_risk": 0.5, "plan": "gold"})
                self.database.sql('UPDATE ml."Raw" SET "PLAN" = NULL, "AT" = now()')
                self.sync()
                self.assertEqual(self.mock.user("1"), {"churn_risk": 0.5, "plan": "gold"})
                self.write_jobs(*job, 'nulls = "unset"', kind=kind,
                                connection=self.connection_of(kind))
                self.sync("--full")
                self.assertEqual(self.mock.user("1"), {"churn_risk": 0.5})

    def test_many_rows_come_in_pieces(self):
        """More than one piece of the server's cursor, and not a whole number of them."""
        self.database.sql(
            "CREATE TABLE ml.scores AS SELECT i::text AS id, timestamptz '2026-09-07 02:00:00+00'"
            " AS at, i AS n FROM generate_series(1, 3001) i"
        )
        for kind in KINDS:
            with self.subTest(kind=kind):
                result = self.sync_by(kind)
                self.assert_counts(result.run, confirmed=3001)
        self.assertEqual(self.mock.user("3001"), {"n": 3001})


class MemoryTest(jobs_case.JobsTest):
    ROWS = 300_000  # About 60 MB as text.
    MIB = 100

    def test_memory_does_not_grow_with_the_table(self):
        """Braze is closed, so that the client still stands when all of it was sent."""
        self.start_service(harness.Tenant(self.mock))
        self.mock.post("/_mock/workspace", {"maintenance": False, "account_active": False})
        self.database.sql(
            "CREATE TABLE ml.scores AS SELECT i::text AS id,"
            " timestamptz '2026-09-07 02:00:00+00' AS at, i AS n, repeat('x', 150) AS txt"
            f" FROM generate_series(1, {self.ROWS}) i"
        )
        for kind in KINDS:
            with self.subTest(kind=kind):
                odbc = kind == "odbc"
                connection = self.database.odbc_connection if odbc else None
                self.write_jobs(*WIDE, f'source = "{kind}"', kind=kind, connection=connection)
                client = self.start_client("sync", "scores", "--pause-timeout", "60s")
                process.wait_for(f"all of {kind} is received", lambda: self.is_received(kind),
                                 deadline=3 * process.DEADLINE)
                facts = pathlib.Path(f"/proc/{client.popen.pid}")
                status = (facts / "status").read_text()
                peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
                # AddressSanitizer keeps what was freed for a while.
                sanitized = "libasan" in (facts / "maps").read_text()
                self.assertLess(peak, 10 * self.MIB if sanitized else self.MIB)
                client.kill()

    def is_received(self, source):
        runs = self.peaksync("runs", "list", "-o", "json").json["runs"]
        return any(run["source"] == source and run["state"] == "RECEIVED" for run in runs)


if __name__ == "__main__":
    unittest.main()
