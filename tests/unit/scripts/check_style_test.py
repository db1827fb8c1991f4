"""scripts/check_style.py finds what it forbids, and leaves alone what it allows."""

import pathlib
import tempfile
import unittest

from checks import run_check, write

LEFTOVER = "TO" "DO"
MACHINE = "/wo" "rk/main"

# Path, text, what the message must hold.
BAD = [
    ("server/a.cc", "void F() { std::cout << 1; }", "server/base/log.h"),
    ("client/a.cc", "out << std::endl;", "does not flush"),
    ("tests/unit/a_test.cc", "std::this_thread::sleep_for(delay);", "wait for the event"),
    ("server/a.cc", "const auto now = absl::Now();", "from a Clock"),
    ("server/a.cc", "auto* thing = new Thing(1);", "make_unique"),
    ("client/a.cc", "assert(x);", "PEAKSYNC_CHECK"),
    ("client/a.cc", f"// {LEFTOVER}: later", "do it, or write an issue"),
    ("docs/a.md", f"see {MACHINE}", "path of one machine"),
    ("scripts/a.sh", "x" * 101, "101 columns"),
    ("server/a.h", "int x;\n" * 401, "401 lines"),
    ("tests/a_test.py", "x = 1\n" * 501, "501 lines"),
    ("README.md", "[here](docs/nothing.md)", "leads nowhere"),
    ("README.md", "blanks \nhere", "blanks at the end"),
]

GOOD = [
    ("server/base/clock.h", "absl::Time Now() { return absl::Now(); }"),
    ("client/a.cc", "const auto now = absl::Now();"),
    ("server/a.h", "std::unique_ptr<App> app(new App(1));"),
    ("server/a.h", "auto app =\n    std::unique_ptr<App>(\n        new App(1));"),
    ("server/a.h", "// a new Run(id) begins; std::cout is banned"),
    ("server/a.h", "int x;\n" * 400),
    ("README.md", "[web](https://example.com) [self](README.md#part) [part](#part)"),
    ("README.md", "```\n[code](nowhere)\n```"),
]


class CheckStyleTest(unittest.TestCase):
    def check(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            write(root, path, text)
            for place in ("server", "client", "tests/unit"):
                name = "a_test.cc" if place.startswith("tests") else "a.cc"
                write(root, f"{place}/CMakeLists.txt", f"SRCS {name}\n")
            return run_check("check_style.py", root)

    def test_finds_what_is_bad(self):
        for path, text, message in BAD:
            with self.subTest(path=path, text=text[:80]):
                status, output = self.check(path, text)
                self.assertEqual(status, 1, output)
                self.assertIn(message, output)
                self.assertIn(path, output)

    def test_leaves_what_is_good(self):
        for path, text in GOOD:
            with self.subTest(path=path, text=text[:80]):
                status, output = self.check(path, text)
                self.assertEqual(status, 0, output)

    def test_finds_a_source_that_nobody_builds(self):
        status, output = self.check("server/deep/b.cc", "int x;")
        self.assertEqual(status, 1, output)
        self.assertIn("server/deep/b.cc: stands in no CMakeLists.txt", output)


if __name__ == "__main__":
    unittest.main()
