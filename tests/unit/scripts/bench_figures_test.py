"""The goals, tables and plots of scripts/bench_figures.py and scripts/plot_bench.py."""

import copy
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))

import bench_figures  # noqa: E402
import plot_bench  # noqa: E402
import svg  # noqa: E402

LATENCIES = {"p50": 5.0, "p90": 9.0, "p99": 20.0, "p999": 24.0, "max": 30.0, "count": 1000}


def phase(kind="changed", **figures):
    cost = {"cpu_us_per_customer": 8.0, "peak_memory_bytes": 200 * 2**20}
    one = {
        "kind": kind,
        "customers": 1_000_000,
        "customers_held": 1_000_000,
        "batch_size": 1_000,
        "rate_asked": None,
        "customers_per_second": 200_000.0,
        "customers_per_second_delivering": 200_000.0,
        "ack_latency_ms": LATENCIES,
        "push_to_braze_ms": LATENCIES,
        "requests": 13_334,
        "objects_per_request": 74.9,
        "answers_429": 0,
        "service": cost,
        "service_to_exit": cost,
        "mock": cost,
        "driver": {"cpu_us_per_customer": 1.0},
        "written_bytes_per_customer_to_exit": 800.0,
        "ledger_bytes_per_customer": 100.0,
        "ledger_free_bytes_per_customer": 7.0,
        "accepted_by_braze": [[0.2, 10_000], [5.0, 1_000_000]],
    }
    return {**one, **figures}


def good_result():
    """A run that reaches every goal."""
    one = {
        "minutes": 4.5,
        "failed": None,
        "time": "2030-01-01T00:00:00Z",
        "cpus": 2,
        "kernel": "6",
        "compiler": "12",
        "build_type": "Release",
        "customers_per_tenant": 1_000_000,
        "tenants": 1,
        "phases": {
            "new": phase("new"),
            "changed": phase(),
            "unchanged": phase("unchanged", customers_per_second=400_000.0),
            "unchanged_newer": phase("unchanged_newer", customers_per_second=300_000.0),
            "unchanged_single": phase("unchanged", batch_size=1, customers_per_second=130_000.0),
            "changed_paced": phase(rate_asked=100_000.0),
            "changed_100ms": phase(),
            "changed_400ms_limited": phase(customers_per_second=74_000.0),
        },
        "parts": {
            "grpc": {
                "what": "a stream",
                "customers_per_second": 1_000_000.0,
                "cpu_us_per_customer": 1.5,
                "in_changed": True,
                "in_unchanged": True,
            }
        },
        "loop": {
            "changed": {
                **{f"{name}_cpu_us_per_customer": 2.0
                   for name in ("service", "mock", "driver", "loop", "parts")},
                "parts_over_loop": 0.7,
            },
            "unchanged": None,
        },
    }
    ten = copy.deepcopy(one)
    ten["phases"] = {
        "new": phase("new"),
        "changed": phase(),
        "restart": {
            **phase("restart", seconds_to_first_request=2.0, seconds_to_listening=1.0),
            "seconds_to_confirmed": 9.0,
            "waiting_customers": 1_000_000,
        },
    }
    del ten["phases"]["restart"]["customers_per_second"]
    result = {"customers": 1_000_000, "full": True}
    result["runs"] = {"one": one, "ten": ten}
    result["goals"] = bench_figures.goals(result)
    return result


class Goals(unittest.TestCase):
    def test_all_are_reached_by_a_good_run(self):
        missed = [row["work"] for row in bench_figures.goals(good_result()) if not row["reached"]]
        self.assertEqual(missed, [])

    def test_each_is_missed_by_a_run_that_is_bad_in_its_figure(self):
        # What is broken, and the beginnings of the goals that then are missed.
        limited = "changed_400ms_limited"
        cases = [
            ("one", "changed", "customers_per_second", 99_000.0, ["changed, 0 ms: must",
                                                                  "changed, 0 ms: goal"]),
            ("one", limited, "customers_per_second", 72_000.0, ["changed, 400 ms"]),
            ("one", limited, "customers_per_second_delivering", 72_000.0, ["the same, between"]),
            ("one", limited, "answers_429", 1, ["the same: answers"]),
            ("one", limited, "objects_per_request", 74.0, ["the same: batches"]),
            ("one", "unchanged", "customers_per_second", 349_999.0, ["unchanged, same"]),
            ("one", "unchanged_newer", "customers_per_second", 1.0, ["unchanged, newer"]),
            ("one", "unchanged_single", "customers_per_second", 1.0, ["unchanged, one"]),
            ("one", "changed", "written_bytes_per_customer_to_exit", 1_025.0, ["written"]),
            ("ten", "changed", "ledger_bytes_per_customer", 121.0, ["ledger on disk"]),
            ("ten", "restart", "seconds_to_first_request", 5.1, ["restart"]),
            ("one", "changed_paced", "ack_latency_ms", {**LATENCIES, "p99": 26.0}, ["acknow"]),
            ("ten", "changed", "service_to_exit",
             {"cpu_us_per_customer": 12.1, "peak_memory_bytes": 1}, ["service's CPU"]),
            ("ten", "new", "service",
             {"cpu_us_per_customer": 1.0, "peak_memory_bytes": 513 * 2**20}, ["peak memory"]),
        ]
        for run, name, figure, value, expected in cases:
            with self.subTest(figure=f"{run} {name} {figure}"):
                result = good_result()
                result["runs"][run]["phases"][name][figure] = value
                missed = [row["work"] for row in bench_figures.goals(result) if not row["reached"]]
                self.assertEqual(len(missed), len(expected), missed)
                for work, beginning in zip(missed, expected):
                    self.assertTrue(work.startswith(beginning), work)

    def test_say_by_how_much_they_are_missed(self):
        result = good_result()
        result["runs"]["one"]["phases"]["changed"]["customers_per_second"] = 90_000.0
        result["goals"] = bench_figures.goals(result)
        self.assertEqual(result["goals"][0]["missed_by_percent"], 10.0)
        self.assertIn("| 90,000 | missed: 10 % short |", bench_figures.markdown(result))


    def test_of_a_run_that_ended_early_are_not_measured(self):
        result = good_result()
        ten = result["runs"]["ten"]
        ten["failed"] = "restart: no acknowledgement"
        del ten["phases"]["restart"]
        for missing in ("parts", "loop"):
            del result["runs"]["one"][missing]
        result["goals"] = bench_figures.goals(result)
        missed = {row["work"]: row["measured"] for row in result["goals"] if not row["reached"]}
        self.assertEqual(list(missed.values()), [None, None])
        text = bench_figures.markdown(result)
        self.assertEqual(text.count("| not measured |"), 2)
        self.assertIn("The run `ten` ended early:** restart: no acknowledgement", text)
        self.assertIn("The restart was not measured.", text)


class Tables(unittest.TestCase):
    def test_have_a_row_for_every_phase_and_part(self):
        text = bench_figures.markdown(good_result())
        self.assertEqual(text.count("| new |"), 2)
        self.assertIn("| restart | 1,000,000 |  |", text)
        self.assertIn("`grpc`", text)
        self.assertIn("9.0 minutes in all", text)
        self.assertIn("22.4 times", text)  # 74,000 over 3,300.
        self.assertNotIn("no result", text)

    def test_of_fewer_customers_say_so(self):
        self.assertIn("no result", bench_figures.markdown({**good_result(), "full": False}))

    def test_go_between_the_marks_of_the_page_again_and_again(self):
        page = f"above\n{bench_figures.BEGIN}\nold\n{bench_figures.END}\nbelow\n"
        once = bench_figures.put_into(page, "new")
        self.assertEqual(once, bench_figures.put_into(once, "new"))
        self.assertIn("above\n", once)
        self.assertIn("\nbelow\n", once)
        self.assertNotIn("old", once)

    def test_the_page_has_the_marks(self):
        page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
        self.assertIn("| work | goal |", bench_figures.put_into(
            page, bench_figures.markdown(good_result())))


class Plots(unittest.TestCase):
    def test_are_xml_and_the_same_each_time(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            for folder in (one, two):
                plot_bench.write_plots(good_result(), pathlib.Path(folder))
            drawn = sorted(pathlib.Path(one).iterdir())
            self.assertEqual(len(drawn), 5)
            for file in drawn:
                root = xml.etree.ElementTree.parse(file).getroot()
                self.assertTrue(root.tag.endswith("svg"))
                self.assertEqual(file.read_text(), (pathlib.Path(two) / file.name).read_text())

    def test_show_every_phase_and_its_rate(self):
        text = plot_bench.plot_rates(good_result())
        for name in good_result()["runs"]["one"]["phases"]:
            self.assertIn(f">{name}<", text)
        self.assertIn(">400,000<", text)

    def test_are_empty_rather_than_broken_when_nothing_was_accepted(self):
        result = good_result()
        for one in result["runs"]["one"]["phases"].values():
            one["accepted_by_braze"] = []
            one["push_to_braze_ms"] = None
        for plot in plot_bench.PLOTS.values():
            xml.etree.ElementTree.fromstring(plot(result))

    def test_have_round_ticks(self):
        self.assertEqual(svg.ticks(350_000), [50_000 * i for i in range(8)])
        self.assertEqual(svg.ticks(13.9), [2 * i for i in range(7)])
        self.assertEqual(svg.ticks(0), [0])


if __name__ == "__main__":
    unittest.main()
