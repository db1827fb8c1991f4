"""examples/python: a push with the .proto files and grpcio alone."""

import ast
import re
import sys
import unittest

import harness
import process
import sample

PUSH = process.REPOSITORY / "examples" / "python" / "push.py"
TYPES = "churn_probability=double,predicted_clv=double,senior=bool,tenure_months=integer"


class ExampleTest(harness.EndToEndTest):
    CUSTOMERS = 300

    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        self.run1 = sample.first_run(self.CUSTOMERS)
        self.total = sample.count_values(self.run1)
        self.file = sample.write_csv(self.folder / "run1.csv", self.run1, sample.TIME_1)

    def start_example(self, *flags, file=None):
        """push.py in the background, with its output in a file."""
        columns = ["--id-column", "external_id", "--updated-at-column", "scored_at"]
        command = [sys.executable, PUSH, file or self.file, "--source", "churn", *columns]
        out = open(self.folder / "example.out", "wb")
        self.addCleanup(out.close)
        env = {**self.environment(), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        options = {"stdout": out, "env": env}
        example = process.Process([*command, *flags], self.folder / "example.log", **options)
        self.addCleanup(example.kill)
        return example

    def example(self, *flags, **options):
        """push.py to its end: (exit status, {"values confirmed": 1800, …})."""
        example = self.start_example(*flags, **options)
        status = example.wait()
        text = (self.folder / "example.out").read_text()
        counts = re.findall(r"^(updates|values) +(\w+) +(\d+)$", text, re.MULTILINE)
        return status, {f"{kind} {name}": int(count) for kind, name, count in counts}

    def test_pushes_as_the_command_line_does(self):
        """Every value arrives, and to the command line's push after it nothing is new."""
        self.start_service(harness.Tenant(self.mock))
        status, counts = self.example("--types", TYPES)
        self.assertEqual(status, 0, (self.folder / "example.log").read_text())
        self.assertEqual(counts["updates changed"], self.CUSTOMERS)
        self.assertEqual(counts["values received"], self.total)
        self.assertEqual(counts["values confirmed"], self.total)
        self.assert_profiles(self.mock, self.run1)
        self.assert_counts(self.push(self.file).run, unchanged=self.total)

    def test_sample_data(self):
        """The command of its README works with the files of examples/."""
        self.start_service(harness.Tenant(self.mock))
        for number in (1, 2):
            file = PUSH.parents[1] / f"predictions-run{number}.csv"
            status, counts = self.example("--types", TYPES, file=file)
            self.assertEqual(status, 0, (self.folder / "example.log").read_text())
        self.assertGreater(counts["values unchanged"], counts["values confirmed"])
        self.assertEqual(self.push(file).run["values"]["confirmed"], 0)

    def test_goes_on_after_kill_of_the_service(self):
        """The stream breaks in its middle: the run is resumed, and each value counted once."""
        # A Braze that answers nothing, and a service that takes little, hold the stream open.
        self.mock.post("/_mock/faults", {"faults": ["hang"]})
        rules = 'max_waiting_bytes = "8MiB"'
        self.start_service(harness.Tenant(self.mock, rules=rules), fixed_port=True)
        text = "x" * 200
        run1 = {f"C-{n}": {f"a{i}": text + str(n) for i in range(50)} for n in range(2_000)}
        rows = (",".join([customer, *values.values()]) for customer, values in run1.items())
        names = ",".join(["external_id", *(f"a{i}" for i in range(50)), "scored_at"])
        lines = "".join(f"{row},{sample.TIME_1}\n" for row in rows)
        big = self.write("big.csv", f"{names}\n{lines}")
        example = self.start_example("--batch-size", "20", file=big)
        name = "peaksync_updates_received_total"
        received = lambda: self.service.metric(name, tenant="acme")  # noqa: E731
        process.wait_for("some batches are durable", lambda: received() >= 200)
        self.assertLess(received(), len(run1))
        self.service.kill()
        self.mock.post("/_mock/faults", {"faults": []})
        self.start_service()
        self.assertEqual(example.wait(), 0, (self.folder / "example.log").read_text())
        self.assert_words((self.folder / "example.log").read_text(), "trying again")
        [run] = self.peaksync("runs", "list", "-o", "json").json["runs"]
        self.assertEqual(run["state"], "COMPLETED")
        self.assertEqual(run["updates"]["received"], len(run1))
        self.assert_counts(run, confirmed=sample.count_values(run1))
        self.assert_profiles(self.mock, run1)

    def test_invalid_updates_are_told(self):
        """A refused value is shown with its place; the exit status is 3."""
        rules = "max_invalid_percent = 100"
        self.start_service(harness.Tenant(self.mock, rules=rules))
        lines = f"external_id,plan,scored_at\n1,a,{sample.TIME_1}\n2,{'x' * 300},{sample.TIME_1}\n"
        status, counts = self.example(file=self.write("plans.csv", lines))
        self.assertEqual((status, counts["values invalid"]), (3, 1))
        log = (self.folder / "example.log").read_text()
        self.assert_words(log, "batch 1, update 1: plan:", "255")

    def test_wrong_token(self):
        """The service's own words, and status 1."""
        self.start_service(harness.Tenant(self.mock))
        self.tenants["acme"].token = "a-token-that-nobody-has"
        self.assertEqual(self.example()[0], 1)
        self.assert_words((self.folder / "example.log").read_text(), "UNAUTHENTICATED", "token")

    def test_runs_on_python_3_8(self):
        """Workflow images have Python 3.8 and newer."""
        ast.parse(PUSH.read_text(), feature_version=(3, 8))


if __name__ == "__main__":
    unittest.main()
