"""Bad input on the command line: a clear error, and nothing else changes."""

import unittest

import harness

HEADER = "external_id,plan,score,scored_at\n"
TIME = "2026-09-07T02:00:00Z"


class BadInputTest(harness.EndToEndTest):
    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        score = {"score": 'type = "double"\nrange = [0, 1]'}
        rules = "max_invalid_percent = 100"  # One row of three would fail the run.
        self.start_service(harness.Tenant(self.mock, rules=rules, attributes=score))

    def csv(self, *rows, name="scores.csv"):
        lines = (",".join((*row, TIME)) for row in rows)
        return self.write(name, HEADER + "\n".join(lines) + "\n")

    def check_row_refused(self, file, *words, line, column, flags=(), others=2):
        """The row is told of with file, line and column; the `others` arrive; the status is 3."""
        report = self.push(file, *flags, status=3)
        self.assert_words(report.err, f"{file}:{line}: ", column, *words)
        [refused] = report.json["refused_rows"]
        self.assertEqual((refused["line"], refused["column"]), (line, column), refused)
        self.assert_words(refused["reason"], *words)
        self.assertEqual(report.run["state"].split("_")[0], "COMPLETED")
        self.assertEqual(len(self.mock.users()), others)
        self.assertEqual(self.mock.stats()["attribute_objects"], others)
        return report

    def check_nothing_sent(self, report, *words):
        """The push ended before anything was sent."""
        self.assert_words(report.err, *words)
        self.assertEqual(self.mock.stats()["requests"], 0)
        self.assertEqual(self.peaksync("runs", "list", "-o", "json").json["runs"], [])

    # One bad row among good ones.

    def test_row_without_identifier(self):
        """An empty identifier is the row's fault alone."""
        file = self.csv(("1", "a", "0.1"), ("", "b", "0.2"), ("3", "c", "0.3"))
        report = self.check_row_refused(file, "empty", line=3, column="external_id")
        self.assertEqual(report.json["rows"]["invalid_not_sent"], 1)

    def test_string_of_300_characters(self):
        """Braze would drop it without a word, so it is refused with its length's limit."""
        file = self.csv(("1", "a", "0.1"), ("2", "x" * 300, "0.2"), ("3", "ż" * 255, "0.3"))
        self.check_row_refused(file, "255 characters", line=3, column="plan")
        self.assertEqual(self.mock.user("3")["plan"], "ż" * 255)

    def test_nan(self):
        """NaN in a column of numbers."""
        file = self.csv(("1", "a", "0.1"), ("2", "b", "NaN"), ("3", "c", "0.3"))
        self.check_row_refused(file, "NaN", line=3, column="score")

    def test_value_out_of_range(self):
        """The rule and its bounds are named."""
        file = self.csv(("1", "a", "0.1"), ("2", "b", "1.5"), ("3", "c", "1"))
        self.check_row_refused(file, "out of range", "[0, 1]", line=3, column="score")

    def test_cell_of_another_type_than_the_first_rows(self):
        """Text in a column that --types calls a number."""
        file = self.csv(("1", "a", "0.1"), ("2", "b", "many"), ("3", "c", "0.3"))
        flags = ("--types", "score=double")
        words = ("expected a finite number", "--types")
        self.check_row_refused(file, *words, line=3, column="score", flags=flags)

    def test_cell_that_is_not_utf8(self):
        """Bytes that are not UTF-8 are found before sending."""
        text = HEADER + f"1,a,0.1,{TIME}\n2,caf\xe9,0.2,{TIME}\n3,c,0.3,{TIME}\n"
        file = self.write("latin1.csv", text.encode("latin-1"))
        self.check_row_refused(file, "UTF-8", line=3, column="plan")

    def test_time_without_zone(self):
        """A time without a zone does not say which moment is meant."""
        text = HEADER + f"1,a,0.1,{TIME}\n2,b,0.2,2026-09-07 02:00:00\n3,c,0.3,{TIME}\n"
        file = self.write("zone.csv", text)
        self.check_row_refused(file, "zone", line=3, column="scored_at")

    def test_object_that_braze_would_execute(self):
        """{"inc": 1} is an operation for Braze, not a value."""
        lines = [
            '{"external_id": "1", "visits": {"count": 1}}',
            '{"external_id": "2", "visits": {"inc": 1}}',
            '{"external_id": "3", "visits": {"count": 3}}',
        ]
        file = self.write("visits.jsonl", "\n".join(lines))
        arguments = ["push", file, "--source", "churn", "--id-column", "external_id"]
        report = self.peaksync(*arguments, "-o", "json")
        self.assertEqual(report.status, 3, report)
        self.assert_words(report.err, f"{file}:2: ", "visits", "inc")
        self.assertEqual(sorted(self.mock.users()), ["1", "3"])

    def test_value_beside_an_invalid_one_is_skipped_with_it(self):
        """By default a row is taken as a whole or not at all."""
        report = self.push(self.csv(("1", "a", "7")), status=3)
        self.assert_counts(report.run, invalid=2)
        self.assertEqual(self.mock.stats()["requests"], 0)

    def test_allow_rejections_makes_it_0(self):
        """--allow-rejections ends with 0 and tells of the row all the same."""
        file = self.csv(("1", "a", "0.1"), ("2", "b", "1.5"))
        report = self.push(file, "--allow-rejections", status=0)
        self.assert_words(report.err, f"{file}:3: ", "out of range")

    def test_rejects_file_can_be_mended_and_pushed(self):
        """--rejects writes rows of both sides in a form that can be pushed again."""
        file = self.csv(("1", "a", "0.1"), ("2", "b", "1.5"), ("", "c", "0.3"))
        rejects = self.folder / "rejects.csv"
        self.push(file, "--rejects", rejects, status=3)
        text = rejects.read_text()
        self.assert_words(text, "peaksync_line,peaksync_column,peaksync_reason,external_id")
        self.assert_words(text, "3,score,", "4,external_id,")
        mended = text.replace(",2,b,1.5,", ",2,b,0.5,").replace(",,c,", ",3,c,")
        again = self.write("mended.csv", mended)
        ours = "peaksync_line,peaksync_column,peaksync_reason"
        self.push(again, "--exclude", ours, status=0)
        self.assertEqual(self.mock.user("2"), {"plan": "b", "score": 0.5})
        self.assertEqual(self.mock.user("3"), {"plan": "c", "score": 0.3})

    # A file or a column that is wrong as a whole.

    def test_another_type_than_before(self):
        """A type that Braze has learned is remembered; values of another one are refused."""
        self.push(self.csv(("1", "7", "0.1")))
        report = self.push(self.csv(("1", "gold", "0.2")), status=3)
        self.assert_words(report.err, "plan", "was a number until now", "string", "--types")
        self.assertEqual(self.mock.user("1"), {"plan": 7, "score": 0.1})

    def test_braze_profile_field_that_is_not_listed(self):
        """first_name would change the profile itself."""
        text = f"external_id,first_name,scored_at\n1,Ada,{TIME}\n"
        report = self.push(self.write("names.csv", text), status=3)
        self.assert_words(report.err, ":2: ", "first_name", "profile field", "rename it")
        self.assertEqual(self.mock.stats()["requests"], 0)

    def test_too_many_invalid_values_fail_the_run(self):
        """Beyond max_invalid_percent the run is FAILED, says how many, and ends with 5."""
        self.tenants["acme"].rules = ""
        self.restart_service()
        report = self.push(self.csv(("1", "a", "7"), ("2", "b", "8")), status=5)
        self.assertEqual(report.run["state"], "FAILED")
        self.assert_words(report.err, "max_invalid_percent", "4 of 4")

    def test_float_identifiers(self):
        """1234.0 is what pandas makes of integers: nothing is sent, the line is named."""
        file = self.csv(("1234.0", "a", "0.1"), ("1235.0", "b", "0.2"))
        report = self.push(file, status=2)
        self.check_nothing_sent(report, str(file), "line 2", "external_id", "float", "Int64")

    def test_row_with_too_many_fields(self):
        """A comma that is not quoted stops the push before anything is sent."""
        file = self.csv(("1", "a", "0.1"), ("2", "b, or c", "0.2"))
        report = self.push(file, status=2)
        self.check_nothing_sent(report, str(file), "line 3", "5 fields", "4 columns")

    def test_column_that_is_not_there(self):
        """The columns of the file are named."""
        file = self.csv(("1", "a", "0.1"))
        report = self.push(file, "--columns", "plam", status=2)
        self.check_nothing_sent(report, "plam", "plan", "score")

    def test_file_that_is_not_there(self):
        """The path is named."""
        report = self.push(self.folder / "nothing.csv", status=2)
        self.check_nothing_sent(report, str(self.folder / "nothing.csv"))

    def test_empty_file(self):
        """A file without a header, and one without rows."""
        report = self.push(self.write("empty.csv", ""), status=2)
        self.check_nothing_sent(report, "empty.csv", "name the columns")
        report = self.push(self.write("header.csv", HEADER))
        self.assertEqual(report.run["values"]["received"], 0)
        self.assertEqual(self.mock.stats()["requests"], 0)

    def test_unknown_flag(self):
        """Usage errors end with 2 and name the flag."""
        report = self.push(self.csv(("1", "a", "0.1")), "--updated", "now", status=2)
        self.check_nothing_sent(report, "--updated")


class AllowListTest(harness.EndToEndTest):
    def test_attribute_off_the_allow_list(self):
        """unlisted_attributes = "reject" refuses names that the configuration does not have."""
        mock = self.start_mock()
        rules = 'unlisted_attributes = "reject"\non_invalid = "skip_attribute"\n'
        rules += "max_invalid_percent = 100"
        self.start_service(harness.Tenant(mock, rules=rules, attributes={"score": ""}))
        text = f"external_id,score,shoe_size,scored_at\n1,0.5,44,{TIME}\n"
        report = self.push(self.write("scores.csv", text), status=3)
        self.assert_words(report.err, "scores.csv:2: ", "shoe_size", "list")
        self.assert_counts(report.run, confirmed=1, invalid=1)
        self.assertEqual(mock.user("1"), {"score": 0.5})


if __name__ == "__main__":
    unittest.main()
