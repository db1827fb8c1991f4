"""peaksync jobs init and jobs check against a real PostgreSQL, by libpq and by ODBC."""

import unittest

import harness
import jobs_case
import postgres

WIDE = ('table = "ml.scores"', 'id_column = "id"', 'updated_at_column = "at"')


class CheckTest(jobs_case.JobsTest):
    def setUp(self):
        super().setUp()
        self.start_service(harness.Tenant(self.mock))
        self.database.sql(
            "CREATE TABLE ml.scores (id text, at timestamp, churn float8, photo bytea)"
        )
        self.database.copy("ml.scores", [("1", "2026-09-07 02:00:00", 0.5, None)])

    def test_a_good_job_is_told_with_its_columns(self):
        self.write_jobs(*WIDE, 'exclude = ["photo"]', 'timezone = "UTC"')
        result = self.check()
        self.assert_words(result.out, "job scores: good", "1 rows", "churn (double precision)")
        document = self.check("-o", "json").json
        self.assertEqual(document["jobs"][0]["rows"], 1)
        self.assertEqual(document["exit_status"], 0)
        self.assertEqual(self.mock.stats()["requests"], 0)

    def test_every_problem_is_told_at_once(self):
        """The file's, the table's, the database's and the service's, in one go."""
        jobs = (
            '[jobs.typo]\ntable = "ml.scores"\nid_colum = "id"\nupdated_at_column = "at"\n'
            '[jobs.gone]\ntable = "ml.nothing"\nid_column = "id"\nupdated_at_column = "at"\n'
            'schedule = "61 * * * *"\ntimezone = "Mars/Olympus"\n'
            '[jobs.missing]\ntable = "ml.nothing"\nid_column = "id"\nupdated_at_column = "at"\n'
        )
        self.write_jobs(*WIDE, 'columns = ["churn", "chrun"]', jobs=jobs)
        result = self.check(status=2, env={"PEAKSYNC_TOKEN": "token-that-nobody-has"})
        self.assert_words(
            result.err,
            "no key 'id_colum'", "id_column is missing", "'61' is no minute", "Mars/Olympus",
            "'chrun' (columns) is not there", "timezone = \"UTC\"", "ml.nothing",
            "token", "jobs.toml:",
        )

    def test_faults_of_one_job_do_not_hide_each_other(self):
        """Five faults of the file and of the table; and what the rows say beside a bad column."""
        self.database.sql("ALTER TABLE ml.scores ADD total numeric")
        self.database.sql("UPDATE ml.scores SET total = 12345678901234567890.5")
        self.write_jobs(
            'table = "ml.scores"', 'id_column = "idd"', 'updated_at_column = "at"',
            'columns = ["churn", "chrun", "photo"]', 'timezone = "Europe/Londn"',
            'lookback = "1 day"',
        )
        result = self.check(status=2)
        self.assert_words(result.out, "job scores: 5 problems")
        self.assert_words(
            result.err,
            "Europe/Londn", "lookback", "'idd' (id_column)", "'chrun' (columns)", "photo",
        )
        self.assertNotIn("without a time zone", result.err)  # One was given, though a wrong one.
        self.write_jobs(*WIDE)
        result = self.check(status=2)
        self.assert_words(result.out, "job scores: 3 problems")
        self.assert_words(
            result.err, "'at' (updated_at_column)", "'photo' is bytea", "'total': the number has"
        )

    def test_a_job_is_not_good_when_its_table_could_not_be_looked_at(self):
        jobs = (
            '[databases.other]\nkind = "postgresql"\nconnection = "host=/no/such dbname=x"\n'
            '[jobs.other]\ndatabase = "other"\ntable = "t"\nid_column = "id"\n'
            'updated_at_column = "at"\n'
        )
        self.write_jobs(*WIDE, 'database = "warehouse"', 'exclude = ["photo"]',
                        'timezone = "UTC"', jobs=jobs)
        result = self.check("-o", "json", status=1)
        self.assert_words(result.err, "can't connect to database other")
        self.assertEqual(len(result.json["problems"]), 1)
        self.assertIn("not looked at", result.json["jobs"][1]["notes"][0])
        result = self.check(status=1)
        self.assert_words(result.out, "job scores: good", "job other: 1 problem")

    def test_a_token_of_another_tenant_is_seen_before_anything_is_done(self):
        """The job names acme, the token is bolt's: both say so, and bolt's values stay alone."""
        rules = {"churn": "range = [0, 0.4]"}
        bolt = harness.Tenant(self.mock, name="bolt", attributes=rules, workspace="bolt-live",
                              rules="max_invalid_percent = 100")
        self.restart_service(harness.Tenant(self.mock), bolt)
        good = (*WIDE, 'exclude = ["photo"]', 'timezone = "UTC"')
        token = {"PEAKSYNC_TOKEN": bolt.token}
        self.write_jobs(*good)
        self.assert_words(self.check(env=token).out, "to tenant bolt, workspace bolt-live")
        self.sync(status=3, env=token)  # bolt has a rejection now.
        self.write_jobs(*good, 'tenant = "acme"')
        for command in (self.check, self.sync):
            result = command(status=4, env=token)
            self.assert_words(result.err, "tenant acme is meant", "that of tenant bolt",
                              "give the token of acme", "correct `tenant`")
        runs = self.peaksync("runs", "list", "-o", "json", tenant="bolt").json["runs"]
        self.assertEqual([run["kind"] for run in runs], ["STREAM"])
        checked = self.check("-o", "json").json["jobs"][0]
        self.assertEqual((checked["tenant"], checked["workspace"]), ("acme", "acme-test"))

    def test_a_name_that_is_wrong_is_told_with_those_there_are(self):
        self.write_jobs(*WIDE)
        for command in (("jobs", "check", "score"), ("sync", "score")):
            result = self.peaksync(*command)
            self.assertEqual(result.status, 2)
            self.assert_words(result.err, "there is no job score", "the jobs are scores")
        for command in (("runs", "show", "x"), ("last-sync", "--source", "x")):
            result = self.peaksync(*command)
            self.assertEqual(result.status, 2)
            self.assert_words(result.err, " x: see the list of ")

    def test_credentials_that_are_wrong(self):
        """Exit status 4 and words that say which; never the password."""
        self.write("password", "planted-wrong-password\n")
        self.write_jobs(*WIDE, 'exclude = ["photo"]', 'timezone = "UTC"')
        for command in (self.check, self.sync):
            result = command(status=4)
            self.assert_words(result.err, "warehouse", "password")
            self.assertNotIn("planted", result.out + result.err)
        self.write_jobs(*WIDE, 'timezone = "UTC"', kind="odbc",
                        connection=self.database.odbc_connection)
        result = self.check(status=4)
        self.assertNotIn("planted", result.out + result.err)

    def test_secrets_come_from_files_or_variables_and_are_never_shown(self):
        """The token, the password and a whole connection string; each is missed by its name."""
        token = self.tenants["acme"].token
        whole = f"{self.database.connection} password={postgres.PASSWORD}"
        self.write("whole", whole + "\n")
        self.write("token", token + "\n")
        places = {
            ('connection_env = "WHOLE"', 'token_env = "THE_TOKEN"'): "WHOLE",
            ('connection_file = "whole"', 'token_file = "token"'): None,
            (f'connection = "{self.database.connection}"\npassword_env = "PASSWORD"',
             'token_env = "THE_TOKEN"'): "PASSWORD",
        }
        job = '[jobs.scores]\n' + "\n".join((*WIDE, 'exclude = ["photo"]', 'timezone = "UTC"'))
        secrets = {"WHOLE": whole, "PASSWORD": postgres.PASSWORD, "THE_TOKEN": token}
        for (database, service), variable in places.items():
            with self.subTest(database):
                self.write("jobs.toml", f'[service]\n{service}\n[databases.warehouse]\n'
                           f'kind = "postgresql"\n{database}\n{job}\n')
                done = self.check(env=secrets, tenant=None)
                self.assertNotIn("planted", done.out + done.err)
                if variable is None:
                    continue
                missing = self.check(env={**secrets, variable: ""}, tenant=None, status=2)
                self.assert_words(missing.err, "[databases.warehouse]", variable, "is not set")
                missing = self.check(env={**secrets, "THE_TOKEN": ""}, tenant=None, status=2)
                self.assert_words(missing.err, "[service]", "THE_TOKEN", "is not set")

    def test_a_database_out_of_reach_is_safe_to_try_again(self):
        self.write_jobs(*WIDE, connection="host=/no/such/folder dbname=postgres user=peaksync")
        self.assert_words(self.sync(status=1).err, "can't connect to database warehouse")
        self.assertEqual(self.mock.stats()["requests"], 0)

    def test_words_of_the_database_that_may_hold_values_are_left_out(self):
        self.database.sql("CREATE TABLE ml.texts (id text, at timestamptz, n text);"
                          "INSERT INTO ml.texts VALUES ('1', now(), 'planted-value')")
        self.write_jobs('query = "SELECT id, at, n::int AS n FROM ml.texts"', 'id_column = "id"',
                        'updated_at_column = "at"')
        result = self.sync(status=2)
        self.assert_words(result.err, "SQLSTATE 22P02")
        self.assertNotIn("planted", result.out + result.err)

    def test_init_writes_a_file_that_can_be_read(self):
        """Every key explained; never over a file that is there."""
        self.assertEqual(self.peaksync("jobs", "init", "new.toml").status, 0)
        self.assert_words((self.folder / "new.toml").read_text(), "schedule", "lookback", "layout")
        again = self.peaksync("jobs", "init", "new.toml")
        self.assertEqual(again.status, 2)
        self.assert_words(again.err, "is there already")
        result = self.peaksync("jobs", "check", "--jobs", "new.toml")
        self.assertNotIn("no key", result.err)
        self.assertNotIn("is missing", result.err)


if __name__ == "__main__":
    unittest.main()
