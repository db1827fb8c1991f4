"""The goals, and the tables of docs/performance.md. Pure: bench_table.py measures."""

BEGIN = "<!-- figures of scripts/bench.sh: begin -->"
END = "<!-- figures of scripts/bench.sh: end -->"

# Braze's own CSV import function on a machine of this kind, rows/s by round trip.
CSV_IMPORT = {"changed": 35_000, "changed_100ms": 10_000, "changed_400ms_limited": 3_300}

MIB = 2**20


def phase(result, run, name):
    return result["runs"][run]["phases"][name]


def rate(run, name):
    return lambda result: phase(result, run, name)["customers_per_second"]


def service_cpu(result, run, name):
    return phase(result, run, name)["service_to_exit"]["cpu_us_per_customer"]


def cpu_ratio(result):
    return service_cpu(result, "ten", "changed") / service_cpu(result, "one", "changed")


def peak_of(one):
    return max(one[cost]["peak_memory_bytes"] for cost in ("service", "service_to_exit"))


def peak_mib(result):
    # Not of the restart: there it is a million waiting customers that take it.
    return max(peak_of(phase(result, "ten", name)) for name in ("new", "changed")) / MIB


def ledger_bytes(result):
    return max(
        phase(result, run, "changed")["ledger_bytes_per_customer"] for run in ("one", "ten")
    )


def fill(result):
    return phase(result, "one", "changed_400ms_limited")["objects_per_request"] / 75 * 100


# Work, whether more is better, the goal, its unit, where it stands.
GOALS = [
    ("changed, 0 ms: must", True, 100_000, "customers/s", rate("one", "changed")),
    ("changed, 0 ms: goal", True, 150_000, "customers/s", rate("one", "changed")),
    (
        "changed, 400 ms, 3,000 requests in 3 s: 97 % of 75,000",
        True,
        72_750,
        "customers/s",
        rate("one", "changed_400ms_limited"),
    ),
    (
        "the same, between the 10th and the 90th percent of it",
        True,
        72_750,
        "customers/s",
        lambda result: phase(result, "one", "changed_400ms_limited")[
            "customers_per_second_delivering"
        ]
        or 0,  # Too few customers to say.
    ),
    (
        "the same: answers 429",
        False,
        0,
        "answers",
        lambda result: phase(result, "one", "changed_400ms_limited")["answers_429"],
    ),
    ("the same: batches full", True, 99, "%", fill),
    ("unchanged, same updated_at", True, 350_000, "customers/s", rate("one", "unchanged")),
    (
        "unchanged, newer updated_at made durable",
        True,
        250_000,
        "customers/s",
        rate("one", "unchanged_newer"),
    ),
    (
        "unchanged, one update a message",
        True,
        120_000,
        "customers/s",
        rate("one", "unchanged_single"),
    ),
    ("service's CPU a changed customer, ten times the ledger", False, 1.5, "times", cpu_ratio),
    ("peak memory of the service, ten times the ledger", False, 512, "MiB", peak_mib),
    ("ledger on disk, without the log", False, 120, "bytes a customer", ledger_bytes),
    (
        "written to disk, changed",
        False,
        1_024,
        "bytes a customer",
        lambda result: phase(result, "one", "changed")["written_bytes_per_customer_to_exit"],
    ),
    (
        "restart after kill -9, ten times the ledger, to the first request",
        False,
        5,
        "s",
        lambda result: phase(result, "ten", "restart")["seconds_to_first_request"],
    ),
    (
        "acknowledgement at half the top rate, p99",
        False,
        25,
        "ms",
        lambda result: phase(result, "one", "changed_paced")["ack_latency_ms"]["p99"],
    ),
    (
        "CPU of the parts over CPU of the loop",
        True,
        0.6,
        "of it",
        lambda result: result["runs"]["one"]["loop"]["changed"]["parts_over_loop"],
    ),
]


def goals(result):
    """What each goal came to: a list of dicts, in the order of GOALS."""
    rows = []
    for work, more_is_better, goal, unit, measured_in in GOALS:
        row = {"work": work, "goal": goal, "at_least": more_is_better, "unit": unit}
        rows.append(row)
        try:
            measured = measured_in(result)
        except (KeyError, TypeError, ValueError):  # The run ended before it came to that.
            row.update({"measured": None, "reached": False, "missed_by_percent": None})
            continue
        reached = measured >= goal if more_is_better else measured <= goal
        missing = round(abs(measured - goal) / goal * 100, 1) if goal and not reached else None
        row.update(
            {"measured": round(measured, 3), "reached": reached, "missed_by_percent": missing}
        )
    return rows


def number(value, digits=None):
    if value is None:
        return ""
    if digits is None:
        digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def verdict(row):
    if row["reached"]:
        return "reached"
    if row["measured"] is None:
        return "not measured"
    if row["missed_by_percent"] is None:
        return "missed"
    return f"missed: {number(row['missed_by_percent'])} % {'short' if row['at_least'] else 'over'}"


def goal_table(result):
    return table(
        ["work", "goal", "measured", ""],
        [
            [
                row["work"],
                f"{'≥' if row['at_least'] else '≤'} {number(row['goal'])} {row['unit']}",
                number(row["measured"]),
                verdict(row),
            ]
            for row in result["goals"]
        ],
    )


def milliseconds(latencies):
    return f"{number(latencies['p50'])} / {number(latencies['p99'])} ms" if latencies else ""


def phase_rows(result):
    for run in result["runs"].values():
        held = run["customers_per_tenant"] * run["tenants"]
        ledgers = f" in {run['tenants']} ledgers" if run["tenants"] > 1 else ""
        where = number(held) + ledgers
        for name, one in run["phases"].items():
            to_exit = one["service_to_exit"]
            yield [
                name,
                where,
                number(one.get("customers_per_second")),
                milliseconds(one["ack_latency_ms"]),
                milliseconds(one["push_to_braze_ms"]),
                number(to_exit["cpu_us_per_customer"], 1),
                number(one["mock"]["cpu_us_per_customer"], 1),
                number(one["driver"]["cpu_us_per_customer"], 1),
                number(peak_of(one) / MIB),
                number(one["mock"]["peak_memory_bytes"] / MIB),
                number(one["written_bytes_per_customer_to_exit"], 0),
                number(one["ledger_bytes_per_customer"], 0),
                number(one["ledger_free_bytes_per_customer"], 0),
                number(one["requests"]),
                number(one["objects_per_request"]),
            ]


def part_rows(result):
    for name, part in result["runs"]["one"].get("parts", {}).items():
        sums = [kind for kind in ("changed", "unchanged") if part[f"in_{kind}"]]
        yield [
            f"`{name}`",
            part["what"],
            number(part["customers_per_second"]),
            number(part["cpu_us_per_customer"], 2),
            ", ".join(sums),
        ]


def loop_rows(result):
    for kind, loop in result["runs"]["one"].get("loop", {}).items():
        if loop:
            figures = ["service", "mock", "driver", "loop", "parts"]
            yield [
                kind,
                *(number(loop[f"{one}_cpu_us_per_customer"], 2) for one in figures),
                number(loop["parts_over_loop"], 2),
            ]


def csv_rows(result):
    for name, rows_per_second in CSV_IMPORT.items():
        if name not in result["runs"]["one"]["phases"]:
            continue
        ours = phase(result, "one", name)["customers_per_second"]
        times = number(ours / rows_per_second, 1)
        yield [f"`{name}`", number(rows_per_second), number(ours), f"{times} times"]


def restart_text(result):
    restart = result["runs"]["ten"]["phases"].get("restart")
    if not restart:
        return "The restart was not measured."
    return (
        f"Restart with {number(restart['waiting_customers'])} customers waiting: listening after "
        f"{number(restart['seconds_to_listening'])} s, first request after "
        f"{number(restart['seconds_to_first_request'])} s, all confirmed after "
        f"{number(restart['seconds_to_confirmed'])} s; peak memory "
        f"{number(peak_of(restart) / MIB)} MiB."
    )


def head_text(result):
    one = result["runs"]["one"]
    minutes = sum(run["minutes"] for run in result["runs"].values())
    texts = [
        f"{one['time']}, {one['cpus']} cores, Linux {one['kernel']}, g++ {one['compiler']} "
        f"{one['build_type']}, {number(result['customers'])} customers, {minutes:.1f} minutes "
        "in all."
    ]
    if not result["full"]:
        texts.append("**Fewer customers than the goals are for: no result.**")
    for name, run in result["runs"].items():
        if run["failed"]:
            texts.append(f"**The run `{name}` ended early:** {run['failed']}")
    return " ".join(texts)


PHASE_COLUMNS = [
    *("phase", "customers held", "customers/s", "ack p50 / p99", "push to Braze p50 / p99"),
    *("service CPU µs", "mock CPU µs", "driver CPU µs", "service peak MiB", "mock peak MiB"),
    *("written B", "ledger B", "of it free", "requests", "objects a request"),
]


def markdown(result):
    """All tables; deterministic."""
    tables = [
        (PHASE_COLUMNS, phase_rows),
        (["part", "alone", "customers/s", "CPU µs a customer", "in the sum of"], part_rows),
        (["loop", "service", "mock", "driver", "all", "sum of the parts", "ratio"], loop_rows),
        (["", "Braze's CSV import, rows/s", "PeakSync, customers/s", ""], csv_rows),
    ]
    note = "CPU, written bytes and the ledger's bytes are a customer's; peaks are of the phase. "
    phases_text, *others = [table(head, rows(result)) for head, rows in tables]
    return "\n\n".join(
        [head_text(result), goal_table(result), phases_text, note + restart_text(result), *others]
    )


def with_plots(text, folder, plots):
    """The tables, and a picture for each of the plots (name -> what it shows)."""
    pictures = [f"![{shows}]({folder}/{name}.svg)" for name, shows in plots.items()]
    return "\n\n".join([text, *pictures])


def put_into(page, text):
    """The page with `text` between its two marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"
