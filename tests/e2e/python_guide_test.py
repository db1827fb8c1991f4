"""client/python/README.md: every command and every piece of code in it works, in its order."""

import contextlib
import io
import os
import re
import subprocess
import sys
import unittest

import harness
import json_page
import process
import python_case

GUIDE = process.REPOSITORY / "client" / "python" / "README.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class PythonGuideTest(python_case.PythonTest):
    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        self.start_service(harness.Tenant(self.mock))
        environment = {**self.environment(), "PYTHONPATH": str(self.site)}
        before = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)
        self.addCleanup(self.put_back, before)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        self.names = {"__name__": "guide"}

    @staticmethod
    def put_back(before):
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

    def run_shell(self, text):
        script = text.replace("./scripts/", f"{process.REPOSITORY}/scripts/")
        script = script.replace("python3 ", f"{sys.executable} ")
        done = subprocess.run(
            ["bash", "-euc", script], capture_output=True, text=True, timeout=2 * process.DEADLINE
        )
        self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def run_python(self, text):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(text, str(GUIDE), "exec"), self.names)  # The guide's own code.
        return out.getvalue()

    def test_everything_in_it_works(self):
        out = []
        blocks = BLOCK.findall(GUIDE.read_text())
        self.assertEqual({language for language, _ in blocks}, {"sh", "python", "sql"})
        for language, text in blocks:
            if language in ("sh", "python"):
                out.append(self.run_shell(text) if language == "sh" else self.run_python(text))
        self.names["warehouse"].close()
        self.assertEqual(len(out), 9)
        shown = "\n".join(out)
        self.assert_words(shown, "accepted by Braze", "2026-09-07 02:00:00+00:00")
        self.assert_words(out[-1], '"cursor": "2026-09-14T02:00:00Z"', "churn")
        self.assert_profiles(
            self.mock,
            {
                "1001": {
                    "churn_probability": 0.91,
                    "next_best_offer": "annual_upgrade",
                    "predicted_clv": 812.5,
                },
                "1002": {
                    "churn_probability": 0.12,
                    "next_best_offer": "none",
                    "predicted_clv": 95.5,
                },
                "1003": {"next_best_offer": "add_on_bundle"},
            },
        )
        self.assertTrue((self.folder / "result.json").exists())

    def test_document_of_rows_is_that_of_the_page(self):
        result = self.package.push(
            [{"external_id": 1, "a": 2}], source="churn", service=self.reach()
        )
        self.assertEqual(json_page.Agreement().check("push", result.to_dict(), "push()"), [])

    def test_statement_of_sync_is_the_one_it_shows(self):
        [shown] = [text for language, text in BLOCK.findall(GUIDE.read_text()) if language == "sql"]
        from peaksync import selection

        made = selection.changed_rows("SELECT 1", "updated_at").replace("SELECT 1", "query")
        self.assertEqual(re.sub(r"\s", "", made), re.sub(r"\s", "", shown))


if __name__ == "__main__":
    unittest.main()
