#!/usr/bin/env python3
"""docs/mockbraze.md is true: its tests, flags and settings exist, and all there are stand in it."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs/mockbraze.md").read_text(encoding="utf-8")
CONTRACT = (ROOT / "docs/braze-contract.md").read_text(encoding="utf-8")


def tests_in_code():
    """Suite -> names of its tests."""
    suites = {}
    for file in sorted((ROOT / "tests/unit/mockbraze").glob("*_test.cc")):
        for suite, name in re.findall(r"^TEST(?:_F)?\((\w+), (\w+)\)", file.read_text(), re.M):
            suites.setdefault(suite, set()).add(name)
    return suites


def tests_in_document():
    """The tests of the rules table as (suite, name); the name * stands for the whole suite."""
    rules = DOCUMENT[DOCUMENT.index("## Rules and their tests") :]
    suite = None
    for cell in re.findall(r"`([^`]+)`", rules):
        if found := re.fullmatch(r"(\w+)\.(\w+|\*)", cell):
            suite = found[1]
            yield suite, found[2]
        elif cell.startswith("…"):
            yield suite, cell[1:]


class MockbrazeDocument(unittest.TestCase):
    def test_names_tests_that_exist(self):
        suites = tests_in_code()
        named = list(tests_in_document())
        self.assertGreater(len(named), 100)
        missing = [
            f"{suite}.{name}"
            for suite, name in named
            if suite not in suites or (name != "*" and name not in suites[suite])
        ]
        self.assertEqual(missing, [])

    def test_has_a_row_for_every_section_of_the_contract(self):
        rules = DOCUMENT[DOCUMENT.index("## Rules and their tests") :]
        rows = [row for row in re.findall(r"^\| ([^|]+) \|", rules, re.M)]
        covered = set()
        for row in rows:
            for first, last in re.findall(r"(\d+(?:\.\d+)?)(?: to (\d+))?", row):
                covered.add(first)
                if last:
                    covered.update(str(n) for n in range(int(first.split(".")[0]), int(last) + 1))
        sections = re.findall(r"^##+ (\d+(?:\.\d+)?)\.? ", CONTRACT, re.M)
        leaves = [s for s in sections if not any(t.startswith(s + ".") for t in sections)]
        self.assertGreater(len(leaves), 25)
        # 0, 9, 10 and 13 are about the text itself and about other tools.
        self.assertEqual(sorted(set(leaves) - covered - {"0", "9", "10", "13"}), [])

    def test_names_every_flag(self):
        main = (ROOT / "mockbraze/app/main.cc").read_text()
        flags = re.findall(r'add_(?:option|flag)\(\s*"(--[a-z-]+)"', main)
        variables = re.findall(r'envname\("(\w+)"\)', main)
        self.assertEqual(len(flags), len(variables))
        self.assertEqual([name for name in flags + variables if f"`{name}" not in DOCUMENT], [])

    def test_names_every_setting(self):
        code = (ROOT / "mockbraze/workspace/settings.cc").read_text()
        table = code[code.index("all_settings = {") : code.index("Result<Settings> Change")]
        settings = re.findall(r'"([a-z_]+)"', table)
        self.assertGreater(len(settings), 25)
        self.assertEqual([name for name in settings if f"`{name}`" not in DOCUMENT], [])

    def test_names_every_control_endpoint(self):
        code = (ROOT / "mockbraze/control/control_endpoints.cc").read_text()
        routes = re.findall(r'ControlRoute\{"(\w+)", "(/_mock/[a-z/]+)"', code)
        self.assertGreater(len(routes), 12)
        document = DOCUMENT.replace("`GET`, `POST /", "`GET /")  # a row for both
        document += DOCUMENT.replace("`GET`, `POST /", "`POST /")
        missing = [f"{m} {p}" for m, p in routes if f"`{m} {p}" not in document]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
