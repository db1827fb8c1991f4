#!/usr/bin/env python3
"""Checks what clang-format cannot: banned calls, leftovers, sizes, builds and links.

    ./scripts/check_style.py [ROOT]     default: the repository

Prints every problem and ends with 1 when there is one.
"""

import os
import pathlib
import re
import sys

COLUMNS_MAX = 100
LINES_MAX = 400
TEST_LINES_MAX = 500
SKIPPED_FOLDERS = {".git", ".cache", ".pytest_cache", "__pycache__", "build", "node_modules"}
SKIPPED_FOLDER_PREFIX = "build-"


class Ban:
    """Code that has a better replacement, and the files that may use it all the same, with why."""

    def __init__(self, pattern, folders, message, allowed=()):
        self.pattern = re.compile(pattern)
        self.folders = folders
        self.message = message
        self.allowed = dict(allowed)


BANS = [
    Ban(r"std::cout|std::cerr", ("server/",), "write to the log: server/base/log.h"),
    Ban(
        r"std::endl",
        ("server/", "client/", "mockbraze/", "tests/", "bench/"),
        r"write '\n'; it does not flush",
        {"mockbraze/app/main.cc": "its first line is what callers wait for"},
    ),
    Ban(
        r"sleep_for|sleep_until|SleepFor|\busleep\(|\bnanosleep\(|\bsleep\(",
        ("tests/unit/", "tests/integration/", "tests/support/"),
        "wait for the event itself, or turn a clock: tests/support/fake_clock.h",
    ),
    Ban(
        r"sleep_for|sleep_until|SleepFor|\busleep\(|\bnanosleep\(|\bsleep\(",
        ("server/", "mockbraze/"),
        "nothing in a service sleeps: wait for an event with a time-out",
        {
            "server/app/admin_http.cc": "the library tells nobody when its loop runs",
            "server/app/admin_socket.cc": "the same library",
        },
    ),
    Ban(
        r"absl::Now\(|system_clock::now\(",
        ("server/", "mockbraze/"),
        "take the time from a Clock that was handed in",
        {
            "server/base/clock.h": "it is the clock",
            "server/base/log.cc": "the time of a log line; nothing decides by it",
            "server/api/api_server.cc": "gRPC takes a deadline by the machine's clock",
            "server/api/watch_reactor.cc": "so does its alarm",
            "mockbraze/base/clock.h": "it is the clock",
            "mockbraze/app/service.cc": "the date of a request; nothing decides by it",
        },
    ),
    Ban(
        r"\bassert\(|\babort\(\)",
        ("server/", "client/", "mockbraze/"),
        "use PEAKSYNC_CHECK, which says what is wrong",
        {"server/base/check.cc": "it is the check"},
    ),
    Ban(r"\b(strcpy|strcat|sprintf|gmtime|localtime|strtok)\(", ("",), "not safe; use Abseil's"),
    # A unique_ptr or shared_ptr on the same or the line before takes it: private constructors.
    Ban(
        r"^(?!.*_ptr<).*(?<![*\w])new [A-Za-z_:]+(<[^;]*>)?[({]",
        ("server/", "client/", "mockbraze/"),
        "use std::make_unique",
        {
            "server/api/sync_service.cc": "gRPC's reactors delete themselves",
            "server/app/admin_http.cc": "cpp-httplib takes a raw pointer and owns it",
            "server/app/admin_socket.cc": "the same library",
            "server/base/log.cc": "the logger outlives everything",
        },
    ),
]
LEFTOVER = re.compile(r"\b(FIX" r"ME|TO" r"DO|XX" r"X)\b")
MACHINE = re.compile(r"/[w]ork/|/[h]ome/|/[r]oot/|/[t]mp/(?!\.)[a-z]|\.\./[s]hared\b")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")


def files_of(root):
    """Path -> text of every text file, build folders left out."""
    texts = {}
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED_FOLDERS and not name.startswith(SKIPPED_FOLDER_PREFIX)
        )
        for name in sorted(names):
            if name in SKIPPED_FOLDERS:  # In a worktree .git is a file.
                continue
            file = pathlib.Path(folder) / name
            try:
                texts[file.relative_to(root).as_posix()] = file.read_text(encoding="utf-8")
            except (UnicodeDecodeError, OSError):
                continue
    return texts


def check_code(path, lines):
    for ban in BANS:
        if path in ban.allowed or not path.startswith(ban.folders):
            continue
        for number, line in enumerate(lines, start=1):
            code = line.split("//")[0]
            before = lines[number - 2].split("//")[0].strip() if number > 1 else ""
            whole = before + code if before.endswith(("(", "=")) else code
            if ban.pattern.search(code) and ban.pattern.search(whole):
                yield f"{path}:{number}: {code.strip()}: {ban.message}"


def check_text(path, lines):
    suffix = pathlib.PurePath(path).suffix
    for number, line in enumerate(lines, start=1):
        if suffix in (".h", ".cc", ".py", ".sh", ".proto") and len(line) > COLUMNS_MAX:
            yield f"{path}:{number}: {len(line)} columns, at most {COLUMNS_MAX}"
        if LEFTOVER.search(line):
            yield f"{path}:{number}: do it, or write an issue: {line.strip()}"
        if found := MACHINE.search(line):
            yield f"{path}:{number}: {found.group()} is a path of one machine"
        if line != line.rstrip() and suffix not in (".csv", ".jsonl"):
            yield f"{path}:{number}: blanks at the end of the line"
    most = TEST_LINES_MAX if path.startswith("tests/") else LINES_MAX
    if suffix in (".h", ".cc", ".py", ".sh") and len(lines) > most:
        yield f"{path}: {len(lines)} lines, at most {most}: it has more than one job"


def check_built(path, texts):
    """A source that no CMakeLists.txt names is compiled by nobody."""
    parts = pathlib.PurePosixPath(path)
    for folder in list(parts.parents):
        listing = texts.get((folder / "CMakeLists.txt").as_posix(), "")
        name = re.escape(parts.relative_to(folder).as_posix())
        if re.search(rf"(?<![\w./-]){name}(?![\w.])", listing):
            return
    yield f"{path}: stands in no CMakeLists.txt"


def check_links(root, path, text):
    for target in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if re.match(r"[a-z]+:", target):
            continue
        if not ((root / path).parent / target).exists():
            yield f"{path}: the link to {target} leads nowhere"


def check(root):
    problems = []
    texts = files_of(root)
    for path, text in texts.items():
        lines = text.splitlines()
        problems += check_text(path, lines)
        if path.endswith((".h", ".cc")):
            problems += check_code(path, lines)
        if path.endswith(".cc"):
            problems += check_built(path, texts)
        if path.endswith(".md"):
            problems += check_links(root, path, text)
    return problems


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    problems = check(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root)
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
