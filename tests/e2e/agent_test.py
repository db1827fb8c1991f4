"""peaksync agent: slots, one run at a time, restarts, signals."""

import fcntl
import signal
import subprocess
import unittest

import harness
import jobs_case
import process

JOB = (
    'table = "ml.scores"',
    'id_column = "id"',
    'updated_at_column = "at"',
    'schedule = "0 3 1 1 *"',  # Once a year: what runs has been missed.
    'timezone = "Europe/London"',
)
MISSED = "scores 2020-06-01T00:00:00Z\n"


class AgentTest(jobs_case.JobsTest):
    def setUp(self):
        super().setUp()
        self.start_service(harness.Tenant(self.mock))
        self.database.sql(
            "CREATE TABLE ml.scores AS SELECT '1' AS id, 0.5::float8 AS churn,"
            " timestamptz '2026-09-07 02:00:00+00' AS at"
        )
        self.write_jobs(*JOB)
        (self.folder / "state").mkdir()
        self.agents = 0

    def start_agent(self):
        self.agents += 1
        agent = process.Process(
            [process.BIN_DIR / "peaksync", "agent"],
            self.folder / f"agent{self.agents}.log",
            env=self.environment(),
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        self.addCleanup(agent.kill)
        return agent

    def wait_for_line(self, agent, *words, count=1):
        def there():
            lines = agent.log.read_text().splitlines()
            return sum(all(word in line for word in words) for line in lines) >= count

        process.wait_for(f"the agent says {words}", there)

    def state(self, text=None):
        path = self.folder / "state/agent.state"
        if text is not None:
            path.write_text(text)
        return path.read_text() if path.exists() else ""

    def close_account(self, closed):
        self.mock.post(
            "/_mock/workspace", {"maintenance": False, "account_active": not closed}
        )
        self.service.popen.send_signal(signal.SIGHUP)

    def test_a_missed_slot_runs_once_and_is_not_forgotten(self):
        """Six slots were missed; one run; none after a restart."""
        self.state(MISSED)
        agent = self.start_agent()
        self.wait_for_line(agent, "scores: ended with exit status 0")
        self.wait_for_line(agent, "scores: runs next at", "01-01T03:00:00Z")
        self.assertEqual(self.mock.user("1"), {"churn": 0.5})
        self.assertNotIn("2020", self.state())
        self.assertEqual(agent.terminate(), 0)
        again = self.start_agent()
        self.wait_for_line(again, "scores: runs next at")
        self.assertEqual(again.terminate(), 0)
        self.assertNotIn("started", again.log.read_text())
        runs = self.peaksync("runs", "list", "-o", "json").json["runs"]
        self.assertEqual(len(runs), 1)

    def test_a_new_job_waits_for_its_slot(self):
        agent = self.start_agent()
        self.wait_for_line(agent, "scores: runs next at", "01-01T03:00:00Z")
        self.assertEqual(agent.terminate(), 0)
        self.assertNotIn("started", agent.log.read_text())
        self.assertRegex(self.state(), r"^scores 20\d\d-")

    def test_not_while_a_sync_started_by_hand_runs(self):
        """The slot stays open, and runs after a restart."""
        self.state(MISSED)
        with open(self.folder / "state/scores.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            agent = self.start_agent()
            self.wait_for_line(agent, "scores: ended with exit status 1")
            self.wait_for_line(agent, "scores: runs next at")
            self.assertEqual(agent.terminate(), 0)
        self.assertEqual(self.mock.user("1"), None)
        self.assertEqual(self.state(), MISSED)
        again = self.start_agent()
        self.wait_for_line(again, "scores: ended with exit status 0")
        self.assertEqual(self.mock.user("1"), {"churn": 0.5})

    def test_sigterm_ends_runs_too_and_their_slot_runs_again(self):
        self.state(MISSED)
        self.close_account(True)
        agent = self.start_agent()
        lock = self.folder / "state/scores.lock"
        process.wait_for("the run is under way", lambda: lock.exists() and lock.read_text())
        self.assertEqual(agent.terminate(), 0)
        self.wait_for_line(agent, "ended with signal 15")
        with open(lock) as free:  # Nobody is left.
            fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.assertEqual(self.state(), MISSED)
        self.close_account(False)
        again = self.start_agent()
        self.wait_for_line(again, "scores: ended with exit status 0")
        self.assertEqual(self.mock.user("1"), {"churn": 0.5})

    def test_kill_9_in_the_middle_loses_no_slot(self):
        self.state(MISSED)
        self.close_account(True)
        agent = self.start_agent()
        lock = self.folder / "state/scores.lock"
        process.wait_for("the run is under way", lambda: lock.exists() and lock.read_text())
        child = int(lock.read_text())
        agent.kill()
        subprocess.run(["kill", "-9", str(child)], check=True)
        self.close_account(False)
        again = self.start_agent()
        self.wait_for_line(again, "scores: ended with exit status 0")
        self.assertEqual(self.mock.user("1"), {"churn": 0.5})

    def test_sighup_reads_the_file_again_and_a_bad_one_changes_nothing(self):
        agent = self.start_agent()
        self.wait_for_line(agent, "scores: runs next at", "01-01T03:00:00Z")
        self.write_jobs(*JOB, "nonsense = 1")
        agent.popen.send_signal(signal.SIGHUP)
        self.wait_for_line(agent, "stay as they were", "nonsense")
        self.write_jobs(*JOB[:3], 'schedule = "0 4 2 2 *"', 'timezone = "UTC"')
        agent.popen.send_signal(signal.SIGHUP)
        self.wait_for_line(agent, "scores: runs next at", "02-02T04:00:00Z")
        self.assertEqual(agent.terminate(), 0)

    def test_one_agent_for_a_state_folder_and_something_to_do(self):
        agent = self.start_agent()
        self.wait_for_line(agent, "runs next")
        second = self.peaksync("agent")
        self.assertEqual(second.status, 1)
        self.assert_words(second.err, "an agent with this state folder runs already")
        self.assertEqual(agent.terminate(), 0)
        self.write_jobs(*JOB[:3])
        nothing = self.peaksync("agent")
        self.assertEqual(nothing.status, 2)
        self.assert_words(nothing.err, "no job has a schedule")


if __name__ == "__main__":
    unittest.main()
