"""examples/peak: sync.py with the settings of workflow.yaml; what both and the image must hold."""

import ast
import json
import re
import sqlite3
import sys
import unittest

import harness
import process
import python_case
import yaml

FOLDER = process.REPOSITORY / "examples" / "peak"
TIME = "2026-09-07T02:00:00Z"


class PeakExampleTest(python_case.PythonTest):
    def setUp(self):
        super().setUp()
        self.workflow = yaml.safe_load((FOLDER / "workflow.yaml").read_text())["body"]
        self.step = self.workflow["steps"]["sync"]

    def start(self):
        self.mock = self.start_mock()
        self.start_service(harness.Tenant(self.mock))
        database = sqlite3.connect(self.folder / "warehouse.db")
        self.addCleanup(database.close)
        columns = "customer_id TEXT, churn_probability REAL, scored_at TEXT"
        database.execute(f'CREATE TABLE "predictions" ({columns})')
        rows = [(f"C-{n}", n / 16, TIME) for n in range(16)]
        database.executemany("INSERT INTO predictions VALUES (?, ?, ?)", rows)
        database.commit()

    def run_step(self, **changes):
        """sync.py, as the workflow runs it, but for where things are; its exit status."""
        env = {
            **self.step["parameters"]["env"],
            "PYTHONPATH": str(self.site),
            "PEAKSYNC_SERVER": self.service.address,
            "PEAKSYNC_TOKEN": self.tenants["acme"].token,
            "WAREHOUSE_DRIVER": "sqlite3",
            "WAREHOUSE_CONNECT": json.dumps({"database": "warehouse.db"}),
            "PREDICTIONS_TABLE": "predictions",
            **changes,
        }
        command = [sys.executable, FOLDER / "sync.py"]
        with open(self.folder / "step.out", "wb") as out:
            options = {"env": env, "cwd": self.folder, "stdout": out}
            status = process.Process(command, self.folder / "step.log", **options).wait()
        self.out = (self.folder / "step.out").read_text()
        return status

    def test_step_syncs_and_leaves_its_result(self):
        self.start()
        self.assertEqual(self.run_step(), 0, self.out)
        self.assert_words(self.out, "COMPLETED", "accepted by Braze")
        [file] = self.step["outputParameters"].values()
        result = json.loads((self.folder / file).read_text())
        self.assertEqual(result["run"]["values"]["confirmed"], 16)
        self.assertEqual(result["run"]["cursor"], TIME)
        self.assert_profiles(
            self.mock, {f"C-{n}": {"churn_probability": n / 16} for n in range(16)}
        )
        self.assertEqual(self.run_step(), 0)
        self.assertEqual(self.mock.stats()["attribute_values"], 16)

    def test_step_ends_with_1_where_it_should_be_run_again_and_else_not(self):
        self.start()
        self.mock.post("/_mock/faults", {"faults": ["status=503"]})
        self.assertEqual(self.run_step(PEAKSYNC_TIMEOUT="2s"), 1)
        self.assertEqual(json.loads((self.folder / "result.json").read_text())["exit_status"], 1)
        self.mock.post("/_mock/faults", {"faults": []})
        self.assertEqual(self.run_step(WAREHOUSE_CONNECT='{"database": "/no/such"}'), 1)
        self.assertEqual(self.run_step(PREDICTIONS_TABLE="nowhere"), 2)
        self.assertEqual(self.run_step(PEAKSYNC_TOKEN="not-a-token-of-anybody"), 4)
        self.assertEqual(self.run_step(PEAKSYNC_TENANT="globex"), 4)

    def test_workflow_has_what_a_step_needs(self):
        """Every setting of sync.py, retries on 1 alone within Peak's bounds, and enough time."""
        names = set(re.findall(r'environ(?:\.get\(|\[)"(\w+)"', (FOLDER / "sync.py").read_text()))
        given = {*self.step["parameters"]["env"], *self.step["parameters"]["secrets"]}
        self.assertEqual(names - given, {"PREDICTIONS_CASE", "PEAKSYNC_RESULT"})
        self.assertEqual(given - names, {"PEAKSYNC_SERVER", "PEAKSYNC_TENANT", "PEAKSYNC_TOKEN"})
        retry = self.step["runConfiguration"]["retryOptions"]
        self.assertEqual(retry["exitCodes"], [1])
        self.assertLessEqual((retry["numberOfRetries"], retry["duration"]), (5, 120))
        self.assertEqual(self.step["parents"], ["model"])
        self.assertRegex(self.workflow["triggers"][0]["cron"], r"^(\S+ ){4}\S+$")
        seconds = self.package.settings.parse_duration(
            self.step["parameters"]["env"]["PEAKSYNC_TIMEOUT"], "timeout"
        )
        self.assertLess(seconds, self.step["stepTimeout"])
        for name in self.workflow["steps"]:
            self.assertRegex(name, r"^[A-Za-z0-9-]+$")

    def test_image_has_the_user_that_peak_asks_for(self):
        lines = (FOLDER / "Dockerfile").read_text().splitlines()
        self.assertTrue(any(line.startswith("ARG PEAK_USER_ID") for line in lines))
        users = [line.split()[1] for line in lines if line.startswith("USER ")]
        self.assertEqual(users, ["$PEAK_USER_ID"])
        self.assertIn('--uid "$PEAK_USER_ID"', "\n".join(lines))
        self.assertIn("/app/sync.py", self.step["command"])
        self.assertIn("COPY --chown=peak-user sync.py /app/sync.py", lines)

    def test_is_written_for_python_3_8(self):
        ast.parse((FOLDER / "sync.py").read_text(), feature_version=(3, 8))


if __name__ == "__main__":
    unittest.main()
