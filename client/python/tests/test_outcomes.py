"""Exit statuses, waiting, results, and what is told."""

import json
import stat

import pytest

from peaksync import api, errors, limits
from peaksync._proto import sync_run_pb2, sync_service_pb2
from peaksync.backoff import Backoff
from peaksync.errors import ExitStatus, error_of
from peaksync.places import PlaceBook
from peaksync.progress import Console, Progress
from peaksync.result import PushResult, RowCounts, Run, rejection_document, status_of_run
from peaksync.rows import RefusedRow
from peaksync.tables import one_line, push_table
from peaksync.waiting import WaitPolicy, wait_error


def run_of(state, **values):
    run = sync_run_pb2.SyncRun(run_id="RUN", source="churn", state=f"SYNC_RUN_STATE_{state}")
    for name, count in values.items():
        setattr(run.values, name, count)
    return run


@pytest.mark.parametrize(
    "code, status",
    [
        ("UNAVAILABLE", 1),
        ("DEADLINE_EXCEEDED", 1),
        ("ABORTED", 1),
        ("CANCELLED", 1),
        ("INTERNAL", 1),
        ("RESOURCE_EXHAUSTED", 1),
        ("INVALID_ARGUMENT", 2),
        ("NOT_FOUND", 2),
        ("UNIMPLEMENTED", 2),
        ("UNAUTHENTICATED", 4),
        ("PERMISSION_DENIED", 4),
        ("FAILED_PRECONDITION", 5),
        ("DATA_LOSS", 5),
    ],
)
def test_errors_of_the_service_have_the_exit_status_of_the_program(code, status):
    error = error_of(code, "why")
    assert (error.exit_status, error.code) == (status, code)
    assert error.message.startswith("why")


@pytest.mark.parametrize(
    "run, invalid, status",
    [
        (run_of("COMPLETED"), 0, 0),
        (run_of("RECEIVED"), 0, 0),
        (run_of("COMPLETED"), 1, 3),
        (run_of("COMPLETED", invalid=1), 0, 3),
        (run_of("COMPLETED", rejected=1), 0, 3),
        (run_of("COMPLETED_WITH_REJECTIONS"), 0, 3),
        (run_of("ABANDONED"), 0, 1),
        (run_of("OPEN"), 0, 1),
        (run_of("FAILED"), 0, 5),
        (run_of("CANCELED"), 0, 5),
    ],
)
def test_ends_of_runs_have_the_exit_status_of_the_program(run, invalid, status):
    assert status_of_run(run, invalid, False) == status
    assert status_of_run(run, invalid, True) == (0 if status == 3 else status)


@pytest.mark.parametrize(
    "status, kind",
    [
        (ExitStatus.REJECTIONS, errors.RejectionsError),
        (ExitStatus.NEEDS_PERSON, errors.NeedsPersonError),
        (ExitStatus.NOT_FINISHED, errors.NotFinishedError),
    ],
)
def test_run_that_did_not_end_well_is_raised_with_its_result(status, kind):
    result = PushResult("churn", exit_status=status, run=Run(run_of("FAILED")))
    with pytest.raises(kind) as caught:
        api.finish(result)
    assert caught.value.result is result
    assert caught.value.exit_status == status


def test_step_ends_the_program_with_the_exit_status(capsys):
    with pytest.raises(SystemExit) as ended, errors.step():
        raise errors.UsageError("source: no")
    assert ended.value.code == 2
    assert capsys.readouterr().err == "peaksync: source: no\n"
    with pytest.raises(ZeroDivisionError), errors.step():
        raise ZeroDivisionError


def paused(reason="the key is refused"):
    run = run_of("RECEIVED", received=9, pending=4)
    run.delivery.state = sync_run_pb2.DeliveryStatus.STATE_PAUSED
    run.delivery.reason, run.delivery.remedy = reason, "Correct the key."
    run.delivery.waiting_values, run.delivery.waiting_customers = 1_234, 56
    return run


def test_waiting_ends_when_the_run_is_final_or_the_pause_or_the_time_is_over():
    policy = WaitPolicy(deadline=100.0, pause_timeout=30.0)
    assert policy.judge(run_of("RECEIVED"), 0.0) is None
    assert policy.judge(paused(), 10.0) is None
    assert policy.next_change() == 40.0
    assert policy.judge(run_of("RECEIVED"), 39.0) is None  # It ran in between.
    assert policy.judge(paused(), 50.0) is None
    assert policy.judge(paused(), 80.0) == "paused"
    assert policy.judge(run_of("RECEIVED"), 100.0) == "timed out"
    assert policy.judge(run_of("FAILED"), 200.0) == "done"


def test_pause_is_told_with_its_reason_and_how_much_waits():
    error = wait_error("paused", paused(), 30.0)
    assert isinstance(error, errors.DeliveryPausedError)
    for words in ("30.0 s: the key is refused. What to do: Correct the key.", "1,234 values"):
        assert words in str(error)
    late = wait_error("timed out", paused(), 30.0)
    assert "4 of 9 values still wait for Braze (PAUSED: the key" in str(late)
    assert wait_error("done", run_of("COMPLETED"), 30.0) is None


def test_backoff_is_full_jitter_up_to_a_bound():
    chances = iter([1.0, 0.5, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    backoff = Backoff(lambda: next(chances))
    assert [backoff.next() for _ in range(7)] == [0.2, 0.2, 0.0, 1.6, 3.2, 5.0, 5.0]
    backoff.reset()
    assert backoff.next() == 0.2


def test_places_name_the_rows_of_the_latest_batches():
    book = PlaceBook()
    last = limits.BATCHES_REMEMBERED_MAX + 3
    for sequence in range(1, last + 1):
        for place in range(2):
            book.add(sequence, 2 * sequence + place, {"id": place})
    ack = sync_service_pb2.BatchAck()
    wanted = [
        (last, 1, "plan"),
        (last, 1, "score"),
        (last - 1, 0, "customer"),
        (1, 0, "updated_at"),
    ]
    for sequence, index, field in wanted:
        invalid = ack.invalid.add(sequence=sequence, index=index, field=field, reason="why")
    assert [row for row, _ in book.find(ack, "id", "at")] == [
        RefusedRow(2 * last + 1, "plan", "why; score: why"),
        RefusedRow(2 * last - 2, "id", "why"),
        RefusedRow(0, "at", "why"),
    ]
    invalid.field = "attributes"
    assert book.find(ack, "id", None)[2][0].column == ""


def test_result_is_a_document_and_a_file_for_its_owner(tmp_path):
    result = PushResult("churn", run=Run(paused()), rows=RowCounts(2, 1, 1))
    result.refused_rows.append(RefusedRow(2, "", "why"))
    path = tmp_path / "result.json"
    result.write_json(path)
    document = json.loads(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert document["refused_rows"] == [{"line": 2, "column": None, "reason": "why"}]
    assert document["run"]["delivery"]["state"] == "PAUSED"
    assert document["rows"]["invalid_not_sent"] == 1
    assert (document["error"], document["exit_status"]) == (None, 0)
    assert result.run.values["pending"] == 4
    with pytest.raises(AttributeError):
        result.run.nothing
    table = push_table(result)
    assert "delivery        PAUSED: the key is refused" in table
    assert "2 read: 1 sent, 1 invalid (not sent)" in table


def test_rejections_are_documents_with_their_values():
    rejection = sync_service_pb2.Rejection(kind="REJECTION_KIND_BRAZE", reason="no", attempts=2)
    rejection.customer.user_alias.alias_name, rejection.customer.user_alias.alias_label = "a", "crm"
    rejection.attribute.name = "plan"
    field = rejection.attribute.value.object_value.fields.add(key="k")
    field.value.list_value.values.add(int64_value=2**53 + 1)
    document = rejection_document(rejection)
    assert (document["customer"], document["id_kind"]) == ("a", "user_alias:crm")
    assert (document["value"], document["kind"]) == ({"k": [2**53 + 1]}, "braze")
    rejection.attribute.ClearField("value")
    assert rejection_document(rejection)["value_kept"] is False


def test_progress_says_how_far_it_is():
    progress = Progress(rows_read=50, rows_total=200, updates_received=40, elapsed=2.0)
    assert str(progress) == "sending: 25 %, 50 rows read, 40 received, 25 rows/s"
    waiting = Progress("waiting", values_received=8, values_pending=2, trouble="why")
    assert str(waiting) == "waiting for Braze: 75 %, 2 of 8 values left, 0 ms; why"
    assert Progress().percent() is None


class Out:
    def __init__(self, terminal):
        self.terminal, self.text = terminal, ""

    def isatty(self):
        return self.terminal

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_progress_is_a_line_on_a_terminal_and_plain_lines_elsewhere():
    now = [0.0]
    plain, bar = Out(False), Out(True)
    consoles = [Console(out, clock=lambda: now[0]) for out in (plain, bar)]
    for now[0] in (0.0, 0.05, 4.9, 5.0):
        for console in consoles:
            console.show(Progress(rows_read=int(now[0] * 100)))
    consoles[1].say("told")
    assert [line.split(",")[0] for line in plain.text.splitlines()] == ["sending: 500 rows read"]
    assert bar.text.count("\r") == 4 and bar.text.endswith("\r\x1b[Ktold\n")
    quiet = Out(True)
    Console(quiet, quiet=True).show(Progress())
    assert quiet.text == ""


def test_texts_of_others_stay_on_their_line():
    assert one_line("a\nb\x1b[31mc\x9b", 40) == "a b [31mc "
    assert one_line("x" * 50, 40) == "x" * 39 + "…"
