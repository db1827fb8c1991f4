"""scripts/check_layers.py finds a forbidden include that was planted in a copy of the tree."""

import pathlib
import shutil
import tempfile
import unittest

from checks import ROOT, run_check

FORBIDDEN = [
    ("server/base/check.cc", '#include "server/domain/value.h"'),
    ("server/domain/value.h", '#include "server/ledger/ledger.h"'),
    ("server/rules/rules.h", '#include "server/ledger/ledger.h"'),
    ("server/ledger/ledger.h", '#include "server/delivery/lane.h"'),
    ("server/ledger/ledger_writer.cc", "#include <sqlite3.h>"),
    ("server/braze/answer.cc", '#include "server/ledger/ledger.h"'),
    ("server/braze/answer.cc", "#include <curl/curl.h>"),
    ("server/delivery/lane.cc", '#include "server/api/tenants.h"'),
    ("server/api/decode.cc", "#include <grpcpp/grpcpp.h>"),
    ("server/api/decode.cc", '#include "server/api/reactors.h"'),
    ("server/api/api_server.h", '#include "server/delivery/lane.h"'),
    ("server/app/config.cc", "#include <toml++/toml.h>"),
    ("server/app/app.cc", '#include "peaksync/v1/sync_service.pb.h"'),
    ("server/main.cc", '#include "server/ledger/ledger.h"'),
    ("client/pusher.cc", '#include "server/domain/value.h"'),
    ("client/pusher.h", '#include "peaksync/v1/sync_service.grpc.pb.h"'),
    ("mockbraze/base/json.cc", '#include "server/domain/utf8.h"'),
    ("mockbraze/base/json.cc", '#include "absl/time/time.h"'),
    ("mockbraze/base/json.cc", "#include <boost/asio.hpp>"),
    ("server/base/check.cc", "#include <gtest/gtest.h>"),
    ("server/base/check.cc", '#include "bench/population.h"'),
    ("server/base/check.cc", '#include "tests/support/temp_dir.h"'),
    ("server/base/check.cc", '#include "clock.h"'),
    ("bench/rig.h", '#include "server/delivery/lane.h"'),
    ("bench/drive.cc", "#include <sqlite3.h>"),
    ("bench/drive.cc", "#include <grpcpp/grpcpp.h>"),
    ("bench/ledger_bench.cc", '#include "tests/support/status_matchers.h"'),
]


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for part in ("server", "client", "mockbraze", "bench"):
            shutil.copytree(ROOT / part, self.root / part)

    def test_finds_each_forbidden_include(self):
        for path, include in FORBIDDEN:
            with self.subTest(path=path, include=include):
                file = self.root / path
                before = file.read_text()
                file.write_text(include + "\n" + before)
                status, output = run_check("check_layers.py", self.root)
                file.write_text(before)
                self.assertEqual(status, 1, output)
                self.assertIn(f"{path}:1: ", output)

    def test_finds_a_folder_that_has_no_rule(self):
        (self.root / "server/extra").mkdir()
        (self.root / "server/extra/a.cc").write_text('#include "server/base/check.h"\n')
        status, output = run_check("check_layers.py", self.root)
        self.assertEqual(status, 1, output)
        self.assertIn("belongs to no module", output)


if __name__ == "__main__":
    unittest.main()
