"""What delivery to Braze is told like. Pure."""

from __future__ import annotations

from typing import Any, List

from peaksync.times import format_time, message_time


def delivery_state(delivery: Any) -> str:
    """RUNNING, BACKING_OFF or PAUSED."""
    return str(delivery.State.Name(delivery.state))[len("STATE_") :]


def _runs(delivery: Any) -> bool:
    return delivery_state(delivery) in ("RUNNING", "UNSPECIFIED")


def blocked(delivery: Any) -> bool:
    """Whether there is anything to tell: it does not run, or streams are not read."""
    return not _runs(delivery) or bool(delivery.back_pressure)


def _without_stop(text: str) -> str:
    return text[:-1] if text.endswith(".") else text


def trouble_of(delivery: Any) -> str:
    """`PAUSED: the reason. What to do: the remedy`; empty when all is well."""
    parts = []
    if not _runs(delivery):
        reason = _without_stop(delivery.reason) or "no reason given"
        parts.append(f"{delivery_state(delivery)}: {reason}")
        if delivery.remedy:
            parts.append(f"What to do: {_without_stop(delivery.remedy)}")
    if delivery.back_pressure:
        parts.append(f"The service reads no streams now: {_without_stop(delivery.back_pressure)}")
    return ". ".join(parts)


def delivery_lines(delivery: Any) -> List[str]:
    """Lines for a report; none when all is well."""
    if not blocked(delivery):
        return []
    since, next_try = message_time(delivery, "since"), message_time(delivery, "next_attempt_time")
    state = "RUNNING" if _runs(delivery) else delivery_state(delivery)
    lines = [
        line(
            "delivery",
            state
            + (f" since {format_time(since)}" if since else "")
            + (f": {delivery.reason}" if delivery.reason else ""),
        )
    ]
    if delivery.remedy:
        lines.append(line("  what to do", delivery.remedy))
    if next_try:
        lines.append(line("  next try", format_time(next_try)))
    if delivery.back_pressure:
        lines.append(line("  streams", f"not read: {delivery.back_pressure}"))
    waiting = f"{delivery.waiting_values:,} values of {delivery.waiting_customers:,} customers"
    return lines + [line("  waiting", waiting)]


def line(label: str, text: str) -> str:
    """A line of a report."""
    return f"{label:16}{text}"
