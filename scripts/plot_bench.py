#!/usr/bin/env python3
"""Draws the plots of docs/performance.md from what scripts/bench_table.py measured.

    ./scripts/plot_bench.py result.json FOLDER

Writes rates.svg, cpu.svg, size.svg, delivery.svg and latency.svg. The same figures give the same
bytes.
"""

import json
import pathlib
import sys

from svg import COLORS, FAINT, INK, Svg, short, ticks

LEFT, TOP = 230, 44
CEILING = 75_000  # Customers/s that Braze takes of a workspace.
GOALS = {
    "changed": 150_000,
    "unchanged": 350_000,
    "unchanged_newer": 250_000,
    "unchanged_single": 120_000,
    "changed_400ms_limited": 72_750,
}


def plot_rates(result):
    """Customers/s of every phase, with its goal."""
    phases = result["runs"]["one"]["phases"]
    height = TOP + 30 * len(phases) + 40
    title = "customers/s, from push to confirmed (line: goal; dashes: Braze's ceiling)"
    svg = Svg(860, height, title)
    most = max(
        [one["customers_per_second"] for one in phases.values()] + list(GOALS.values()) + [CEILING]
    )
    scale = (svg.width - LEFT - 90) / most
    for tick in ticks(most):
        x = LEFT + tick * scale
        svg.line([(x, TOP - 6), (x, height - 34)])
        svg.text(x, height - 16, short(tick), anchor="middle")
    for row, (name, one) in enumerate(phases.items()):
        y = TOP + 30 * row
        svg.text(LEFT - 8, y + 15, name, anchor="end")
        svg.bar(LEFT, y, one["customers_per_second"] * scale, 20, COLORS[0])
        svg.text(LEFT + one["customers_per_second"] * scale + 6, y + 15,
                 f"{one['customers_per_second']:,.0f}")
        if name in GOALS:
            x = LEFT + GOALS[name] * scale
            svg.line([(x, y - 3), (x, y + 23)], INK, 2)
    x = LEFT + CEILING * scale
    svg.line([(x, TOP - 6), (x, height - 34)], COLORS[4], 1.5, dashed=True)
    return svg.done()


def stack(svg, y, label, pieces, scale):
    svg.text(LEFT - 8, y + 18, label, anchor="end")
    x = LEFT
    for color, value in pieces:
        svg.bar(x, y, value * scale, 26, color)
        x += value * scale
    svg.text(x + 6, y + 18, f"{sum(value for _, value in pieces):.1f} µs")


def plot_cpu(result):
    """What a customer costs in the loop, and what its parts cost alone."""
    one = result["runs"]["one"]
    rows = []
    for kind, loop in one["loop"].items():
        if not loop:
            continue
        parts = [name for name, part in one["parts"].items() if part[f"in_{kind}"]]
        processes = ("service", "driver", "mock")
        whole = [(name, loop[f"{name}_cpu_us_per_customer"]) for name in processes]
        alone = [(name, one["parts"][name]["cpu_us_per_customer"]) for name in parts]
        rows += [(f"{kind}: the loop", whole), (f"{kind}: its parts alone", alone)]
    names = list(dict.fromkeys(name for _, pieces in rows for name, _ in pieces))
    colors = {name: COLORS[i % len(COLORS)] for i, name in enumerate(names)}
    height = TOP + 40 * len(rows) + 24 * ((len(names) + 3) // 4) + 16
    svg = Svg(860, height, "CPU a customer, all processes (user and system)")
    most = max(sum(value for _, value in pieces) for _, pieces in rows)
    scale = (svg.width - LEFT - 80) / most
    for row, (label, pieces) in enumerate(rows):
        stack(svg, TOP + 40 * row, label, [(colors[name], value) for name, value in pieces], scale)
    for i, name in enumerate(names):
        x, y = 40 + 200 * (i % 4), TOP + 40 * len(rows) + 10 + 24 * (i // 4)
        svg.bar(x, y, 14, 14, colors[name])
        svg.text(x + 20, y + 12, name)
    return svg.done()


def plot_size(result):
    """A ledger beside one of ten times the size."""
    pairs = [result["runs"][run]["phases"]["changed"] for run in ("one", "ten")]
    panels = [
        ("service: CPU µs", lambda one: one["service_to_exit"]["cpu_us_per_customer"]),
        ("written: bytes", lambda one: one["written_bytes_per_customer_to_exit"]),
        ("on disk: bytes", lambda one: one["ledger_bytes_per_customer"]),
        ("service: peak MiB", lambda one: one["service_to_exit"]["peak_memory_bytes"] / 2**20),
    ]
    svg = Svg(860, 300, "a changed customer, by customers in the ledger")
    for place, (label, read) in enumerate(panels):
        left = 30 + 210 * place
        values = [read(one) for one in pairs]
        scale = 170 / max(*values, 1e-9)
        svg.text(left + 80, 58, label, anchor="middle", bold=True)
        for i, (one, value) in enumerate(zip(pairs, values)):
            x = left + 20 + 70 * i
            svg.bar(x, 250 - value * scale, 50, value * scale, COLORS[i])
            svg.text(x + 25, 245 - value * scale, f"{value:,.4g}", anchor="middle")
            svg.text(x + 25, 270, short(one["customers_held"]), anchor="middle")
    return svg.done()


def plot_delivery(result):
    """What Braze had accepted, over time."""
    phases = result["runs"]["one"]["phases"]
    lines = [(name, one["accepted_by_braze"]) for name, one in phases.items()
             if one["kind"] == "changed" and one["batch_size"] > 1
             and len(one["accepted_by_braze"]) > 1]
    svg = Svg(860, 360, "customers that Braze has accepted, since the push began")
    seconds = max([points[-1][0] for _, points in lines] or [1])
    customers = max([points[-1][1] for _, points in lines] or [1]) or 1
    left, bottom, width, height = 70, 320, 600, 270
    for tick in ticks(seconds):
        x = left + tick / seconds * width
        svg.line([(x, bottom - height), (x, bottom)])
        svg.text(x, bottom + 18, f"{tick:.3g} s", anchor="middle")
    for tick in ticks(customers):
        y = bottom - tick / customers * height
        svg.line([(left, y), (left + width, y)])
        svg.text(left - 8, y + 4, short(tick), anchor="end")
    for i, (name, points) in enumerate(lines):
        color = COLORS[i % len(COLORS)]
        svg.line([(left + x / seconds * width, bottom - y / customers * height)
                  for x, y in [(0, 0), *points]], color, 2)
        svg.bar(left + width + 16, 60 + 24 * i, 14, 14, color)
        svg.text(left + width + 36, 72 + 24 * i, name.replace("changed_400ms_limited",
                                                              "…_400ms_limited"))
    return svg.done()


def plot_latency(result):
    """Percentiles at half the top rate."""
    one = result["runs"]["one"]["phases"]["changed_paced"]
    kinds = [(label, one[key]) for label, key in
             (("acknowledgement", "ack_latency_ms"), ("push to Braze", "push_to_braze_ms"))
             if one[key]]
    names = ["p50", "p90", "p99", "p999", "max"]
    svg = Svg(860, 330, f"latency at half the top rate, {short(one['rate_asked'])} customers/s, ms")
    most = max([latencies[name] for _, latencies in kinds for name in names] + [25])
    scale = 210 / most
    svg.line([(60, 280), (820, 280)], FAINT)
    goal = 280 - 25 * scale
    svg.line([(60, goal), (820, goal)], INK, 1.5, dashed=True)
    svg.text(820, 48, "dashes: 25 ms, the goal for the acknowledgement's p99", anchor="end")
    for i, (label, latencies) in enumerate(kinds):
        svg.bar(60 + 200 * i, 36, 14, 14, COLORS[i])
        svg.text(80 + 200 * i, 48, label)
        for j, name in enumerate(names):
            x, tall = 80 + 150 * j + 55 * i, latencies[name] * scale
            svg.bar(x, 280 - tall, 45, tall, COLORS[i])
            svg.text(x + 22, 275 - tall, f"{latencies[name]:.3g}", anchor="middle")
    for j, name in enumerate(names):
        svg.text(80 + 150 * j + 50, 300, "p99.9" if name == "p999" else name, anchor="middle")
    return svg.done()


PLOTS = {
    "rates": plot_rates,
    "cpu": plot_cpu,
    "size": plot_size,
    "delivery": plot_delivery,
    "latency": plot_latency,
}


def write_plots(result, folder):
    """One file a plot, of a result that has all figures."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, plot in PLOTS.items():
        (folder / f"{name}.svg").write_text(plot(result), encoding="utf-8")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    result = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    write_plots(result, pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
