"""sync() of client/python over psycopg2, from a real PostgreSQL on a private socket."""

import decimal
import resource
import unittest

import harness
import postgres
import psycopg2
import python_case

TABLE = """
CREATE TABLE predictions (
    customer_id bigint PRIMARY KEY,
    big bigint,
    exact numeric(10, 2),
    score double precision,
    active boolean,
    tags text[],
    detail jsonb,
    renewal date,
    seen timestamptz,
    scored_at timestamp
)
"""
ROW = """
INSERT INTO predictions SELECT n, 9007199254740993, 12.50, n / 8.0, true, ARRAY['a', 'b'],
    '{"a": [1, 2.5]}', '2026-12-01', '2026-09-01 02:00:00.25+02', '2026-09-07 03:00:00'
    FROM generate_series(%s, %s) AS n
"""


class PythonPostgresTest(python_case.PythonTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = postgres.Postgres()
        cls.addClassCleanup(cls.database.stop)

    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        self.start_service(harness.Tenant(self.mock))
        # The server's clock is New York's, which is nobody's business.
        self.connection = psycopg2.connect(self.database.connection_of("admin"))
        self.addCleanup(self.connection.close)
        self.execute("DROP TABLE IF EXISTS predictions")
        self.execute(TABLE)

    def execute(self, sql, *arguments):
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(sql, arguments)

    def sync(self, query="predictions", **options):
        options = {"id": "customer_id", "timezone": "Europe/London", **options}
        return self.sync_rows(self.connection, query, **options)

    def test_types_come_from_the_database(self):
        self.execute(ROW, 1, 1)
        result = self.sync()
        self.assertEqual(result.exit_status, 0)
        profile = {
            "big": 9007199254740993,
            "exact": float(decimal.Decimal("12.50")),
            "score": 0.125,
            "active": True,
            "tags": ["a", "b"],
            "detail": {"a": [1, 2.5]},
            "renewal": "2026-12-01",
            "seen": "2026-09-01T00:00:00.25Z",
        }
        self.assert_profiles(self.mock, {"1": profile})
        self.assertEqual(result.to_dict()["run"]["cursor"], "2026-09-07T02:00:00Z")

    def test_selects_by_a_column_without_a_zone(self):
        """Whatever the session's zone is, the column is of the zone that was given."""
        self.execute(ROW, 1, 50)
        self.sync()
        late = "UPDATE predictions SET score = 0, scored_at = '2026-09-06 03:00:00' WHERE "
        self.execute(late + "customer_id = 7")  # A day before, to the second.
        older = "UPDATE predictions SET score = 0, scored_at = '2026-09-06 02:59:59' WHERE "
        self.execute(older + "customer_id = 8")
        query = "SELECT * FROM predictions WHERE 'a%b' LIKE '%\\%%' -- 100 %"
        for text in (query, query.replace(" --", " AND scored_at >= :since --")):
            self.assertEqual(self.sync(text).rows.read, 49)

    def test_many_rows_in_constant_memory(self):
        self.execute(ROW, 1, 100)
        self.sync()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.execute(ROW, 101, 60_000)
        query = "SELECT *, repeat('x', 3000) AS unsent FROM predictions"
        result = self.sync(query, columns=["score"], full=True)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertEqual(result.rows.read, 60_000)
        self.assertEqual(result.selection.rows_expected, 60_000)
        # All rows at once would be 180 MB of `unsent` alone.
        self.assertLess(grown, 40 * 1024, "KiB")

    def test_wrong_query_and_a_lost_connection(self):
        with self.assertRaises(self.package.UsageError) as caught:
            self.sync("nowhere")
        self.assert_words(str(caught.exception), "nowhere", "does not exist")
        self.connection.rollback()
        self.execute(ROW, 1, 5)
        self.sync()
        other = psycopg2.connect(self.connection.dsn)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [self.connection.info.backend_pid])
        other.close()
        with self.assertRaises(self.package.NotFinishedError) as caught:
            self.sync()
        self.assertEqual(caught.exception.exit_status, 1)


if __name__ == "__main__":
    unittest.main()
