"""The base of the tests of jobs: a service, and a PostgreSQL that a class of tests shares."""

import unittest

import harness
import postgres


@unittest.skipIf(postgres.missing(), postgres.missing())
class JobsTest(harness.EndToEndTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = postgres.Postgres()
        cls.addClassCleanup(cls.database.stop)

    def setUp(self):
        super().setUp()
        self.mock = self.start_mock("--api-key", "key-of-acme:users.track")
        self.database.sql("DROP SCHEMA IF EXISTS ml CASCADE; CREATE SCHEMA ml")
        self.write("password", postgres.PASSWORD + "\n")

    def environment(self, tenant="acme"):
        state = {"PEAKSYNC_STATE_DIR": str(self.folder / "state")}
        return {**super().environment(tenant), **state}

    def write_jobs(self, *lines, jobs="", kind="postgresql", connection=None, name="jobs.toml"):
        """jobs.toml with one job `scores` of these lines, and more text."""
        if connection is None:
            connection = self.database.connection
        return self.write(
            name,
            f'[databases.warehouse]\nkind = "{kind}"\nconnection = "{connection}"\n'
            'password_file = "password"\n\n[jobs.scores]\n' + "\n".join(lines) + "\n" + jobs,
        )

    def sync(self, *flags, job="scores", status=0, **options):
        """Runs a job and checks the exit status; -o json."""
        result = self.peaksync("sync", job, "-o", "json", *flags, **options)
        self.assertEqual(result.status, status, result)
        return result

    def check(self, *flags, status=0, **options):
        result = self.peaksync("jobs", "check", *flags, **options)
        self.assertEqual(result.status, status, result)
        return result

    def cursor(self, source="scores"):
        sources = self.peaksync("sources", "list", "-o", "json").json["sources"]
        return {found["name"]: found["cursor"] for found in sources}.get(source)
