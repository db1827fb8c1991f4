"""Results for people: the same tables as the program's. Pure."""

from __future__ import annotations

from typing import Any, List, Sequence

from peaksync import limits
from peaksync.delivery import delivery_lines, line
from peaksync.result import LastSync, PushResult, Run, is_blocked, is_final, time_text
from peaksync.times import duration_text, format_time

_NOTES = {
    "confirmed": "accepted by Braze",
    "unchanged": "Braze had them already: not sent",
    "stale": "older than what Braze has: not sent",
    "superseded": "overtaken by newer ones",
    "invalid": "refused before sending",
    "rejected": "refused by Braze",
    "discarded": "given up by a person",
    "pending": "waiting for Braze",
}


def one_line(text: str, most: int) -> str:
    """Without what would move the cursor, and not too long."""
    text = "".join(" " if ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 else c for c in text)
    return text if len(text) <= most else text[: most - 1] + "…"


def grid(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    lines = ["".join(f"{cell:{width + 2}}" for cell, width in zip(row, widths)) for row in rows]
    return "".join(text.rstrip() + "\n" for text in lines)


def _updates(run: Any) -> str:
    counts = run.updates
    return (
        f"{counts['received']:,} received: {counts['changed']:,} changed, "
        f"{counts['unchanged']:,} unchanged, {counts['invalid']:,} invalid"
    )


def _values(run: Run) -> List[str]:
    """received, and below it each state that has any; the main ones always."""
    lines = [line("values", f"{run.values['received']:,} received")]
    for name, note in _NOTES.items():
        count = run.values[name]
        if count or name in ("confirmed", "unchanged"):
            lines.append(line(f"  {name}", f"{count:>14,}  {note}"))
    return lines


def _title(run: Run) -> str:
    return f"{run.run_id} {run.state}" + (f": {run.state_reason}" if run.state_reason else "")


def _stale(run: Run) -> str:
    if not run.values["stale"]:
        return ""
    known = run.stale_newest_known_time
    newest = f" (the newest known is of {known})" if known else ""
    return (
        f"\n{run.values['stale']:,} values are older than what Braze has or will have{newest} and "
        'were not sent. updated_at="now" (--updated-at now) sends them all the same.\n'
    )


def _times(run: Run, names: Sequence[str]) -> List[str]:
    labels = {
        "create_time": "started",
        "receive_time": "received",
        "complete_time": "completed",
        "from_cursor": "from cursor",
        "cursor": "cursor",
    }
    texts = [(labels[name], time_text(run.message, name)) for name in names]
    return [line(label, text) for label, text in texts if text]


def _refusals(result: PushResult) -> str:
    if not result.braze_refusals:
        return ""
    rows = []
    for found in result.braze_refusals[: limits.BRAZE_REFUSALS_SHOWN_MAX]:
        kind = "" if found["id_kind"] == "external_id" else found["id_kind"] + " "
        rows.append(
            [
                "  " + one_line(kind + found["customer"], limits.SHOWN_CHARACTERS_MAX),
                one_line(found["attribute"], limits.SHOWN_CHARACTERS_MAX),
                one_line(found["reason"], limits.REASON_CHARACTERS_MAX),
            ]
        )
    more = len(result.braze_refusals) + result.braze_refusals_omitted - len(rows)
    return "\nrefused by Braze:\n" + grid(rows) + (f"  … and {more:,} more\n" if more > 0 else "")


def _selection(result: PushResult) -> List[str]:
    chosen = result.selection
    if chosen is None:
        return []
    text = "all rows" if chosen.since is None else f"since {format_time(chosen.since)}"
    lines = [line("selected", text)]
    if chosen.in_future:
        lines.append(line("  in the future", f"{chosen.in_future:,} rows; they move no cursor"))
    if chosen.retried:
        again = f"{chosen.retried:,} refused values, {chosen.refused_again:,} of them refused again"
        lines.append(line("  tried again", again))
    return lines


def push_table(result: PushResult) -> str:
    """What became of every row and value, and what to do where something is amiss."""
    run, rows = result.run, result.rows
    lines = [line("run", _title(run) if run else "none was opened"), line("source", result.source)]
    if result.tenant:
        place = f"workspace {result.workspace} at {result.host}"
        lines.append(line("to", f"tenant {result.tenant}, {place}"))
    lines += _selection(result)
    empty = f", {rows.without_values:,} without values" if rows.without_values else ""
    counts = f"{rows.sent:,} sent, {rows.invalid:,} invalid (not sent){empty}"
    lines.append(line("rows", f"{rows.read:,} read: {counts}"))
    if run:
        lines += [line("updates", _updates(run)), *_values(run), *_times(run, ["cursor"])]
        if not is_final(run.state):
            lines += delivery_lines(run.message.delivery)
    lines.append(line("duration", duration_text(result.duration)))
    text = "\n".join(lines) + "\n" + _refusals(result) + (_stale(run) if run else "")
    if run and not result.waited and not is_final(run.state):
        text += (
            f"\nNot waited for Braze. `python -m peaksync runs watch {run.run_id}` shows how it "
            "goes on.\n"
        )
    return text


def run_table(run: Run) -> str:
    lines = [line("run", _title(run)), line("source", run.source), line("mode", str(run.mode))]
    if run.client:
        lines.append(line("client", str(run.client)))
    lines += _times(run, ["create_time", "receive_time", "complete_time"])
    lines += [line("updates", _updates(run)), *_values(run)]
    lines += _times(run, ["from_cursor", "cursor"])
    if run.values["pending"] or not is_final(run.state):
        lines += delivery_lines(run.message.delivery)
    return "\n".join(lines) + "\n" + _stale(run)


def runs_table(runs: Sequence[Run]) -> str:
    rows = [
        ["RUN", "SOURCE", "STATE", "STARTED", "UPDATES", "CONFIRMED", "UNCHANGED", "REFUSED"]
        + ["PENDING"]
    ]
    for run in runs:
        values = run.values
        refused = values["invalid"] + values["rejected"]
        counts = [run.updates["received"], values["confirmed"], values["unchanged"], refused]
        counts.append(values["pending"])
        start = [run.run_id, run.source, run.state, time_text(run.message, "create_time") or ""]
        rows.append(start + [f"{count:,}" for count in counts])
    text = grid(rows)
    if runs and is_blocked(runs[0]):
        text += "\n" + "\n".join(delivery_lines(runs[0].message.delivery)) + "\n"
    return text


def last_sync_table(last: LastSync) -> str:
    cursor = last.to_dict()["cursor"]
    return line("source cursor", cursor or "none") + "\n" + run_table(last.run)
