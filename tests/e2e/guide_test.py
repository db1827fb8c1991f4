"""docs/guide.md: every command of it, in its order, and the example of the client library."""

import os
import pathlib
import re
import subprocess
import unittest

import harness
import jobs_case
import postgres
import process

GUIDE = process.REPOSITORY / "docs" / "guide.md"
GOOD = "customer_id,churn,scored_at\nC-2,0.25,2026-09-07T02:00:00Z\n"


def blocks():
    """(language, text) of each block of code, in order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, "no block of code in the guide"
    return found


class GuideTest(jobs_case.JobsTest):
    def setUp(self):
        super().setUp()
        self.start_service(harness.Tenant(self.mock))
        self.write("peaksync-token", self.tenants["acme"].token + "\n")
        self.write("warehouse-password", postgres.PASSWORD + "\n")
        self.write("last-good.csv", GOOD)
        self.outputs = {}
        self.exported = {}

    def environment(self, tenant="acme"):
        """The guide's own settings count, not the tests'."""
        return {"PEAKSYNC_STATE_DIR": str(self.folder / "state"), **self.exported}

    def fill(self):
        self.database.copy(
            "ml.scores",
            [
                ("C-1", 0.5, "100.25", "annual_upgrade", "2026-09-07 02:00:00+00"),
                ("C-2", 0.25, "19.99", "none", "2026-09-07 02:00:00+00"),
                ("C-3", 0.75, None, "add_on", "2026-09-07 02:00:00+00"),
            ],
        )

    def run_command(self, command):
        words = command.split()
        if words[0] == "export":
            for word in words[1:]:
                name, value = word.split("=")
                self.exported[name] = value.replace("127.0.0.1:7443", self.service.address)
            return
        self.assertEqual(words[0], "peaksync", command)
        if words[1] == "agent":
            agent = process.Process(
                [process.BIN_DIR / "peaksync", "agent"], self.folder / "agent.log",
                env=self.environment(), cwd=self.folder,
            )
            self.addCleanup(agent.kill)
            process.wait_for("the agent", lambda: "runs next" in agent.log.read_text())
            self.assertEqual(agent.terminate(), 0)
            return
        result = self.peaksync(*words[1:])
        self.assertEqual(result.status, 0, f"{command}: {result}")
        self.outputs.setdefault(command, []).append(result)

    def take(self, language, text):
        if language == "sql":
            self.database.sql(text)
            if text.startswith("CREATE TABLE"):
                self.fill()
        elif language == "toml":
            text = text.replace("127.0.0.1:7443", self.service.address)
            text = re.sub(r'connection = ".*"', f'connection = "{self.database.connection}"', text)
            self.write("jobs.toml", text)
        elif language == "sh":
            for command in text.splitlines():
                self.run_command(command)

    def test_every_command_of_the_guide(self):
        """In its order, with its own table and its own jobs.toml."""
        shown = []
        for language, text in blocks():
            self.take(language, text)
            if language == "":
                shown.append(text)
        first, second = self.outputs["peaksync sync scores"]
        self.assert_words(first.err, "whole table", "3 rows")
        self.assertRegex(second.out, r"confirmed +1 ")
        checked = self.outputs["peaksync jobs check"][0].out
        real = re.sub(r"workspace \S+ at \S+", "workspace acme-production at HOST", checked)
        self.assertEqual(real.replace("HOST", "rest.fra-01.braze.eu"), shown[0])
        self.assertEqual(self.mock.user("C-2")["churn"], 0.25)  # The last good table.

    def test_links_lead_somewhere(self):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", GUIDE.read_text()):
            self.assertTrue((GUIDE.parent / target).exists(), target)


class LibraryTest(harness.EndToEndTest):
    def test_the_example_of_the_library(self):
        """It sends two customers; a second time there is nothing to send."""
        mock = self.start_mock()
        self.start_service(harness.Tenant(mock))
        program = pathlib.Path(process.BIN_DIR) / "push_rows"

        def push():
            return subprocess.run(
                [program, self.service.address], stdout=subprocess.PIPE, timeout=process.DEADLINE,
                env={**os.environ, "PEAKSYNC_TOKEN": self.tenants["acme"].token}, text=True,
            )

        first = push()
        self.assertEqual(first.returncode, 0)
        self.assertEqual(first.stdout, "2 values were accepted by Braze, 0 it had already\n")
        self.assertEqual(mock.user("customer-2"), {"churn_probability": 0.75})
        self.assertEqual(push().stdout, "0 values were accepted by Braze, 2 it had already\n")
        self.assertEqual(mock.stats()["attribute_values"], 2)


if __name__ == "__main__":
    unittest.main()
