#!/usr/bin/env python3
"""Checks who includes whom in server/, client/, mockbraze/ and bench/.

    ./scripts/check_layers.py [ROOT]     default: the repository

Prints every include that breaks a rule and ends with 1 when there is one. docs/architecture.md
shows the same rules as a picture. A rule is changed here on purpose, never by the way.
"""

import pathlib
import re
import sys

# Module -> what it may include of ours, besides itself. The longest prefix of a file's path names
# its module; "proto" is what protoc makes of proto/.
ALLOWED = {
    "server/base": set(),
    # The bounds of values are limits of the service too.
    "server/domain": {"server/base/limits.h"},
    "server/rules": {"server/base", "server/domain"},
    "server/ledger": {"server/base", "server/domain", "server/rules"},
    "server/braze": {"server/base", "server/domain"},
    "server/delivery": {"server/base", "server/domain", "server/ledger", "server/braze"},
    "server/api": {"server/base", "server/domain", "server/rules", "server/ledger", "proto"},
    "server/app": {
        "server/base",
        "server/domain",
        "server/rules",
        "server/ledger",
        "server/braze",
        "server/delivery",
        "server/api",
    },
    "server/main.cc": {"server/base", "server/app"},
    "client": {"proto"},
    # Benchmarks measure whatever there is; nobody includes them.
    "bench": {
        "proto",
        "client",
        "server/api",
        "server/base",
        "server/braze",
        "server/domain",
        "server/ledger",
        "server/rules",
        "tests/support",
    },
    "tests/support": set(),
    # The mock shares no code with the others: one misunderstanding of the contract must not hide in
    # both.
    "mockbraze/base": set(),
    "mockbraze/page": set(),
    "mockbraze/http": {"mockbraze/base"},
    "mockbraze/users": {"mockbraze/base"},
    "mockbraze/faults": {"mockbraze/base", "mockbraze/users"},
    "mockbraze/workspace": {
        "mockbraze/base",
        "mockbraze/http",
        "mockbraze/users",
        "mockbraze/faults",
    },
    "mockbraze/endpoints": {
        "mockbraze/base",
        "mockbraze/http",
        "mockbraze/users",
        "mockbraze/faults",
        "mockbraze/workspace",
    },
    "mockbraze/control": {
        "mockbraze/base",
        "mockbraze/page",
        "mockbraze/http",
        "mockbraze/users",
        "mockbraze/faults",
        "mockbraze/workspace",
        "mockbraze/endpoints",
    },
    "mockbraze/app": {
        "mockbraze/base",
        "mockbraze/http",
        "mockbraze/users",
        "mockbraze/faults",
        "mockbraze/workspace",
        "mockbraze/endpoints",
        "mockbraze/control",
    },
}

# Headers from outside -> the only files (or folders, ending in "/") that may include them. They are
# slow to compile, or what stands behind them shall be replaceable.
ONLY_IN = {
    r"sqlite3\.h": ("server/ledger/sqlite/", "bench/ledger_files.cc", "bench/part_sqlite.cc"),
    r"curl/": (
        "server/braze/curl_failure.cc",
        "server/braze/curl_http_client.cc",
        "server/braze/curl_transfer.cc",
        "bench/mock_reader.cc",
        "bench/part_curl.cc",
    ),
    r"grpcpp/|grpc/|.*\.grpc\.pb\.h": (
        "server/api/api_server.cc",
        "server/api/reactors.h",
        "client/channel.cc",
        "client/rpc_client.cc",
        "client/stream_link.cc",
        "bench/grpc_sink.cc",
        "bench/load_stream.cc",
    ),
    r"server/api/reactors\.h": (
        "server/api/api_server.cc",
        "server/api/open_streams.cc",
        "server/api/operator_calls.cc",
        "server/api/stream_reactor.cc",
        "server/api/sync_service.cc",
        "server/api/watch_reactor.cc",
    ),
    r"google/protobuf/|peaksync/v1/": ("server/api/", "client/", "bench/"),
    r"boost/|mockbraze/http/(connection|stream)\.h": (
        "mockbraze/http/connection.",
        "mockbraze/http/http_server.cc",
        "mockbraze/http/stream.",
    ),
    r"CLI/": (
        "server/app/command_line.cc",
        "client/cli",
        "mockbraze/app/main.cc",
        "bench/mockbraze_bench.cc",
        "bench/peaksync_bench.cc",
    ),
    r"toml\+\+/": ("server/app/config_node.cc", "client/toml_tree.cc"),
    r"httplib\.h": ("server/app/admin_http.cc", "server/app/admin_socket.cc"),
    r"nlohmann/": (
        "client/report_json.cc",
        "client/value_json.cc",
        "bench/mock_customers.cc",
        "bench/mockbraze_bench.cc",
        "bench/report.cc",
    ),
    r"simdjson\.h": (
        "server/api/encode_value.cc",
        "server/braze/answer_body.cc",
        "client/json_value.h",
        "client/utf8.cc",
        "mockbraze/base/json_parser.cc",
        "bench/mock_reader.cc",
    ),
    r"zlib\.h": ("client/gunzip.cc",),
    r"libpq-fe\.h": ("client/postgresql.cc",),
    r"sql(ext)?\.h": ("client/odbc.cc", "client/odbc_types.cc"),
    r"prometheus/": ("server/base/metrics.cc",),
    r"spdlog/": ("server/base/log.cc",),
    r"xxhash\.h": ("server/domain/value.cc",),
    r"openssl/": (
        "server/base/secret.cc",
        "server/base/tenant_directory.cc",
        "mockbraze/http/stream.cc",
        "mockbraze/http/tls.cc",
    ),
    r"absl/": ("server/", "client/", "bench/"),
    r"benchmark/|tests/support/temp_dir\.h|bench/": ("bench/",),
    r"gtest/|gmock/|tests/(?!support/temp_dir\.h)": (),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def module_of(path):
    if path.startswith("peaksync/v1/"):
        return "proto"
    fitting = [name for name in ALLOWED if path == name or path.startswith(name + "/")]
    return max(fitting, key=len, default=None)


def problem_of(path, header, is_ours):
    """Why the file may not include the header; None when it may."""
    for pattern, places in ONLY_IN.items():
        if not re.match(pattern, header):
            continue
        if not any(path.startswith(place) for place in places):
            return f"{header} is for {', '.join(places) or 'tests'} only"
    target = module_of(header)
    if target is None:
        if is_ours and "/" not in header:
            return f"{header}: write the whole path from the repository's root"
        return None
    module = module_of(path)
    if module is None:
        return "the file belongs to no module of scripts/check_layers.py"
    if target == module or target in ALLOWED[module] or header in ALLOWED[module]:
        return None
    usable = ", ".join(sorted(ALLOWED[module])) or "nothing but itself"
    return f"{module} may not include {header}: it may use {usable}"


def check(root):
    problems = []
    for folder in ("server", "client", "mockbraze", "bench"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".h", ".cc"):
                continue
            path = file.relative_to(root).as_posix()
            for number, line in enumerate(file.read_text().splitlines(), start=1):
                if include := INCLUDE.match(line):
                    quote, header = include.groups()
                    if problem := problem_of(path, header, quote == '"'):
                        problems.append(f"{path}:{number}: {problem}")
    return problems


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    problems = check(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root)
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
