"""client/python: push() with what pandas makes of values, and `python -m peaksync`."""

import ast
import datetime
import decimal
import json
import logging
import subprocess
import sys
import unittest

import harness
import numpy
import pandas
import process
import python_case
import sample
import tls_test

LISTED = "max_invalid_percent = 100"


class PythonPushTest(python_case.PythonTest):
    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        self.start_service(harness.Tenant(self.mock, rules=LISTED))
        logging.getLogger("peaksync").setLevel(logging.ERROR)
        self.addCleanup(logging.getLogger("peaksync").setLevel, logging.NOTSET)

    def test_values_arrive_as_they_are(self):
        """Every kind of value, from a DataFrame, type by type."""
        time = pandas.Timestamp("2026-09-07T02:00:00.123456789Z")
        frame = pandas.DataFrame(
            {
                "external_id": pandas.array([9007199254740993, 2], dtype="Int64"),
                "big": pandas.array([9007199254740993, None], dtype="Int64"),
                "whole_float": [14.0, numpy.nan],
                "small": numpy.array([1, 2], dtype="uint8"),
                "flag": pandas.array([True, None], dtype="boolean"),
                "kind": pandas.Categorical(["a", None]),
                "words": pandas.array(["zażółć", None], dtype="string"),
                "at": [time, pandas.NaT],
                "price": [decimal.Decimal("12.50"), decimal.Decimal("3")],
                "day": [datetime.date(2026, 9, 7), None],
                "nested": [{"a": [1, 2.5, "x", True]}, None],
                "scores": [numpy.array([0.5, 1.5]), None],
            }
        )
        result = self.push_rows(frame)
        self.assertEqual(result.exit_status, 0)
        first = self.mock.user("9007199254740993")
        self.assertEqual(first["big"], 9007199254740993)
        self.assertIs(type(first["whole_float"]), float)
        self.assertIs(first["flag"], True)
        self.assertEqual(first["kind"], "a")
        self.assertEqual(first["words"], "zażółć")
        self.assertEqual(first["at"], "2026-09-07T02:00:00.123456789Z")
        self.assertEqual(first["price"], 12.5)
        self.assertEqual(first["day"], "2026-09-07")
        self.assertEqual(first["nested"], {"a": [1, 2.5, "x", True]})
        self.assertEqual(first["scores"], [0.5, 1.5])
        self.assertEqual(self.mock.user("2"), {"small": 2, "price": 3})
        self.assertIs(type(self.mock.user("2")["price"]), int)

    def test_missing_values_are_left_alone_or_unset(self):
        """A missing value sets nothing; with nulls="unset" Braze removes the attribute."""
        self.push_rows([{"external_id": "1", "a": 1, "b": "x"}])
        frame = pandas.DataFrame({"external_id": ["1"], "a": [numpy.nan], "b": [None]})
        result = self.push_rows(frame)
        self.assertEqual(result.rows.without_values, 1)
        self.assertEqual(self.mock.user("1"), {"a": 1, "b": "x"})
        self.push_rows(frame, nulls="unset")
        self.assertEqual(self.mock.user("1"), {})

    def test_every_row_that_is_refused_is_named(self):
        """By us or by the service, with its place; the others arrive."""
        deep = "x"
        for _ in range(33):
            deep = [deep]
        bad = {
            2: ("a", "\ud800", "UTF-8"),
            3: ("a", deep, "32 levels"),
            4: ("a", 2**63, "64 bits"),
            5: ("a", b"bytes", "bytes"),
            6: ("a", float("inf"), "infinity"),
            7: ("a", "x" * 300, "255"),  # The service's judgement.
            8: ("external_id", 1.5, "float"),
            9: ("external_id", None, "empty"),
            10: ("at", datetime.datetime(2026, 9, 7), "timezone="),
        }
        rows = [
            {"external_id": str(n), "a": "good", **({bad[n][0]: bad[n][1]} if n in bad else {})}
            for n in range(1, 12)
        ]
        kept = []
        with self.assertRaises(self.package.RejectionsError) as caught:
            self.push_rows(iter(rows), on_refused=lambda row, cells: kept.append((row, cells)))
        result = caught.exception.result
        found = {row.line: row for row in result.refused_rows}
        self.assertEqual(sorted(found), sorted(bad))
        for line, (column, _, words) in bad.items():
            self.assertEqual(found[line].column, column, line)
            self.assertIn(words, found[line].reason)
        self.assertEqual([cells["external_id"] for row, cells in kept if row.line == 7], ["7"])
        self.assertEqual(result.rows.read, 11)
        self.assertEqual(sorted(self.mock.users()), ["1", "11"])
        allowed = self.push_rows(iter(rows), on_rejections="allow")
        self.assertEqual(allowed.exit_status, 0)

    def test_arguments_that_would_harm_end_the_push_before_it_begins(self):
        """Identifiers that became floats, decimals beyond a double, columns that are not there."""
        floats = pandas.DataFrame({"external_id": [1.0, numpy.nan], "a": [1, 2]})
        texts = pandas.DataFrame({"external_id": ["1.0", "2.0"], "a": [1, 2]})
        exact = decimal.Decimal("0.12345678901234567890")
        cases = [
            (floats, {}, ["Int64"]),
            (texts, {}, ["Int64", "1234.0"]),
            (floats, {"id": "nothing"}, ["nothing", "external_id, a"]),
            ([{"external_id": "1", "a": exact}], {}, ["row 1", "types", "double", "string"]),
            ("scores.csv", {}, ["DataFrame"]),
            (floats.set_index("external_id"), {}, ["reset_index"]),
        ]
        for rows, options, words in cases:
            with self.subTest(words), self.assertRaises(self.package.UsageError) as caught:
                self.push_rows(rows, **options)
            self.assert_words(str(caught.exception), *words)
            self.assertEqual(caught.exception.exit_status, 2)
        self.assertEqual(self.package.runs(service=self.reach()), [])
        self.push_rows([{"external_id": "1", "a": exact}], types={"a": "string"})
        self.assertEqual(self.mock.user("1"), {"a": str(exact)})

    def test_braze_refusals_are_listed(self):
        self.mock.post("/_mock/faults", {"faults": ["object-error,external_id=2"]})
        rows = [{"external_id": str(n), "plan": "gold"} for n in range(5)]
        with self.assertRaises(self.package.RejectionsError) as caught:
            self.push_rows(rows)
        result = caught.exception.result
        [refusal] = result.braze_refusals
        self.assertEqual((refusal["customer"], refusal["value"]), ("2", "gold"))
        self.assert_words(str(result), "COMPLETED_WITH_REJECTIONS", "refused by Braze", "plan")

    def test_errors_have_the_exit_status_of_the_program(self):
        """A wrong token 4, another tenant's 4, out of reach 1."""
        rows = [{"external_id": "1", "a": 1}]
        for options, status in (
            ({"token": "a-token-that-nobody-has"}, 4),
            ({"tenant": "globex"}, 4),
            ({"server": "127.0.0.1:9"}, 1),
        ):
            service = self.package.Service(
                **{"server": self.service.address, "token": self.tenants["acme"].token, **options}
            )
            with self.subTest(status), self.assertRaises(self.package.PeakSyncError) as caught:
                self.push_rows(rows, service=service, connect_timeout="2s")
            self.assertEqual(caught.exception.exit_status, status, caught.exception)
            self.assertNotIn("a-token", str(caught.exception))
            with self.assertRaises(SystemExit) as ended, self.package.step():
                raise caught.exception
            self.assertEqual(ended.exception.code, status)
        self.assertEqual(self.mock.users(), {})

    def test_one_time_for_all_rows(self):
        """A datetime or text; what is older than Braze's is stale, and "now" never is."""
        rows = [{"external_id": "1", "a": 1, "at": "whatever"}]
        options = {"updated_at_column": "at"}
        at = datetime.datetime(2026, 9, 14, tzinfo=datetime.timezone.utc)
        self.push_rows(rows, updated_at=at, **options)
        rows[0]["a"] = 2
        older = self.push_rows(rows, updated_at="2026-09-13T23:59:59Z", **options)
        self.assert_values(older, stale=1)
        self.assert_words(str(older), "1 values are older", 'updated_at="now"')
        self.assert_values(self.push_rows(rows, updated_at="now", **options), confirmed=1)
        self.assertEqual(self.mock.user("1"), {"a": 2})

    def test_second_push_of_the_source_waits_for_its_turn(self):
        """While one is on its way another ends with 1; then the first goes on to its end."""

        def rows():
            for n in range(3):
                if n == 2:
                    with self.assertRaises(self.package.NotFinishedError) as caught:
                        self.push_rows([{"external_id": "other", "a": 1}])
                    self.assertEqual(
                        (caught.exception.code, caught.exception.exit_status), ("ABORTED", 1)
                    )
                    self.assert_words(str(caught.exception), "Wait for the other push")
                    self.push_rows([{"external_id": "other", "b": 1}], source="clv")
                yield {"external_id": str(n), "a": n}

        self.assert_values(self.push_rows(rows(), batch_size=1), confirmed=3)
        expected = {**{str(n): {"a": n} for n in range(3)}, "other": {"b": 1}}
        self.assert_profiles(self.mock, expected)

    def test_not_waiting_and_the_cursor(self):
        at = datetime.datetime(2026, 9, 7, 2, tzinfo=datetime.timezone.utc)
        rows = [{"external_id": "1", "a": 1, "at": at}]
        result = self.push_rows(rows, updated_at="at", set_cursor="max", wait=False)
        self.assertIn(result.run.state, ("RECEIVED", "COMPLETED"))
        done = self.package.watch(result.run.run_id, service=self.reach())
        self.assertEqual(done.state, "COMPLETED")
        self.assertEqual(self.package.last_sync("churn", service=self.reach()).cursor, at)
        self.assertEqual(self.package.run(done.run_id, service=self.reach()).state, "COMPLETED")

    def test_result_writes_the_documents_of_the_program(self):
        """Member by member the same as `peaksync push -o json`; the file is for its owner."""
        table = sample.first_run(20)
        rows = [{"external_id": key, **row, "at": sample.TIME_1} for key, row in table.items()]
        result = self.push_rows(rows, updated_at="at")
        result.write_json(self.folder / "result.json")
        self.assertEqual((self.folder / "result.json").stat().st_mode & 0o777, 0o600)
        ours = json.loads((self.folder / "result.json").read_text())
        file = sample.write_csv(self.folder / "run1.csv", table, sample.TIME_1)
        theirs = self.push(file).json
        self.assertEqual(list(ours), list(theirs))
        self.assertEqual(list(ours["run"]), list(theirs["run"]))
        self.assertEqual(ours["rows"], theirs["rows"])
        self.assertEqual(theirs["run"]["values"]["unchanged"], ours["run"]["values"]["confirmed"])

    def test_wheel_installs_without_a_network(self):
        """In a virtual environment, as a workflow image does, beside modules of the same files."""
        venv = self.folder / "venv"
        command = [sys.executable, "-m", "venv", "--system-site-packages", venv]
        subprocess.run(command, check=True, timeout=120)
        pip = [venv / "bin" / "pip", "--quiet", "install", "--no-index", "--no-deps"]
        subprocess.run([*pip, self.wheel], check=True, timeout=120)
        program = (
            "import sys\n"
            f"sys.path.insert(0, {str(process.REPOSITORY / 'examples' / 'python')!r})\n"
            "import peaksync\n"
            "assert 'pandas' not in sys.modules and 'numpy' not in sys.modules\n"
            "print(peaksync.push([{'external_id': '1', 'a': 1}], source='churn').run.state)\n"
        )
        done = subprocess.run(
            [venv / "bin" / "python", "-c", program],
            capture_output=True,
            text=True,
            timeout=process.DEADLINE,
            env=process.clean_environment(self.environment()),
        )
        self.assertEqual((done.stdout, done.returncode), ("COMPLETED\n", 0), done.stderr)

    def test_is_written_for_python_3_8(self):
        """Workflow images have Python 3.8 and newer."""
        files = list((process.REPOSITORY / "client" / "python" / "src").rglob("*.py"))
        self.assertGreater(len(files), 20)
        for file in files:
            ast.parse(file.read_text(), str(file), feature_version=(3, 8))


class PythonTlsTest(python_case.PythonTest, tls_test.Certificates):
    def test_token_over_tls(self):
        """With cacert the connection is TLS; without it the service's authority is not trusted."""
        mock = self.start_mock()
        self.make_authority("ca")
        self.make_certificate("server", "ca", "DNS:localhost,IP:127.0.0.1")
        self.server = 'tls_cert = "server.crt"\ntls_key = "server.key"'
        self.start_service(harness.Tenant(mock))
        rows = [{"external_id": "1", "a": 1}]
        service = self.reach(cacert=str(self.folder / "ca.crt"))
        self.assertEqual(self.push_rows(rows, service=service).run.state, "COMPLETED")
        unknown = self.package.Service(
            server=f"https://{self.service.address}", token=self.tenants["acme"].token
        )
        with self.assertRaises(self.package.NotFinishedError) as caught:
            self.push_rows(rows, service=unknown, connect_timeout=1)
        self.assert_words(str(caught.exception), "(TLS)")


if __name__ == "__main__":
    unittest.main()
