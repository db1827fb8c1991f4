"""scripts/package.sh: what the tarball holds, and that its binary needs nothing but a kernel."""

import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEADLINE = 800  # Of the build, when nothing of it is in ccache.
FOREIGN = ("gRPC", "Protobuf", "absl", "nlohmann", "CURL", "SQLite", "GTest", "spdlog", "PkgConfig")
BUILD = None


def package(*flags):
    """Exit status, the lines of standard output, standard error."""
    command = [ROOT / "scripts" / "package.sh", *flags]
    options = {"capture_output": True, "text": True, "timeout": DEADLINE, "check": False}
    done = subprocess.run(command, **options)
    return done.returncode, done.stdout.splitlines(), done.stderr


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        status, lines, log = package("--build", BUILD)
        if status != 0:
            raise AssertionError(log)
        cls.path, cls.size, cls.sha256 = lines
        cls.tarball = ROOT / cls.path
        cls.outside = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        with tarfile.open(cls.tarball) as archive:
            cls.members = archive.getmembers()
            archive.extractall(cls.outside)
        [cls.folder] = cls.outside.iterdir()
        cls.root = cls.outside / "root"
        cls.root.mkdir()
        os.link(cls.folder / "mockbraze", cls.root / "mockbraze")

    def start(self, *flags):
        """The binary as the only file that it sees; only root may take the others away."""
        alone = os.geteuid() == 0

        def enter():
            if alone:
                os.chroot(self.root)
            os.chdir("/")

        pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
        program = "/mockbraze" if alone else str(self.root / "mockbraze")
        process = subprocess.Popen([program, *flags], env={}, text=True, preexec_fn=enter, **pipes)
        self.addCleanup(process.communicate, timeout=10)
        self.addCleanup(process.kill)
        return process

    def test_prints_path_size_and_hash(self):
        self.assertRegex(self.tarball.name, r"^mockbraze-\d+\.\d+\.\d+-linux-\w+\.tar\.gz$")
        self.assertEqual(self.size, f"{self.tarball.stat().st_size} bytes")
        digest = hashlib.sha256(self.tarball.read_bytes()).hexdigest()
        self.assertEqual(self.sha256, f"sha256 {digest}")

    def test_holds_one_folder_of_nobody_and_no_day(self):
        self.assertEqual(self.folder.name, self.tarball.name.removesuffix(".tar.gz"))
        owners = {(member.uid, member.gid, member.uname) for member in self.members}
        self.assertEqual(owners, {(0, 0, "")})
        self.assertEqual(len({member.mtime for member in self.members}), 1)
        names = [member.name.split("/") for member in self.members]
        self.assertEqual(names, sorted(names))
        found = {path.name for path in self.folder.iterdir()}
        self.assertLessEqual({"mockbraze", "LICENSE", "README.md", "licenses", "examples"}, found)
        self.assertIn("simdjson", {path.name for path in (self.folder / "licenses").iterdir()})

    def test_links_of_its_documents_lead_somewhere(self):
        for document in self.folder.rglob("*.md"):
            for target in re.findall(r"\]\(([^)\s#:]+)(?:#[^)]*)?\)", document.read_text()):
                self.assertTrue((document.parent / target).exists(), f"{document.name}: {target}")

    def test_is_the_same_when_packed_again(self):
        self.tarball.unlink()
        (pathlib.Path(BUILD) / "bin" / "mockbraze").touch()
        self.assertEqual(package("--build", BUILD)[1][2], self.sha256)

    def test_binary_is_static(self):
        command = ["readelf", "--wide", "--program-headers", "--dynamic", self.root / "mockbraze"]
        headers = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        self.assertIn("LOAD", headers)
        self.assertNotIn("INTERP", headers)
        self.assertNotIn("NEEDED", headers)

    def test_names_no_folder_of_the_machine_that_built_it(self):
        self.assertNotIn(str(ROOT).encode(), (self.root / "mockbraze").read_bytes())

    def test_nothing_but_its_own_packages_is_looked_for(self):
        cache = (pathlib.Path(BUILD) / "CMakeCache.txt").read_text()
        for name in FOREIGN:
            found = re.findall(rf"(?im)^{name}\w*(?:_DIR|_INCLUDE_DIRS?|_EXECUTABLE):.*", cache)
            self.assertEqual(found, [])

    def test_runs_where_there_is_nothing_else(self):
        process = self.start("--help")
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("not affiliated with Braze", out)

    def test_serves_where_there_is_nothing_else(self):
        process = self.start("--listen", "127.0.0.1:0", "--exit-with-stdin")
        url = process.stdout.readline().split()[-1]
        body = json.dumps({"attributes": [{"external_id": "1", "plan": "pro"}]}).encode()
        request = urllib.request.Request(url + "/users/track", body)
        request.add_header("Authorization", "Bearer any")
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.assertEqual(answer.status, 201)
        with urllib.request.urlopen(f"{url}/_mock/users?external_id=1", timeout=30) as answer:
            self.assertEqual(json.load(answer)["custom_attributes"], {"plan": "pro"})
        _, err = process.communicate(timeout=30)
        self.assertEqual((process.returncode, err), (0, ""))

    def test_arguments(self):
        status, lines, _ = package("--help")
        self.assertEqual(status, 0)
        self.assertIn("--build DIR", "\n".join(lines))
        self.assertEqual(package("--fast")[0], 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    known, rest = parser.parse_known_args()
    BUILD = known.build
    unittest.main(argv=[sys.argv[0], *rest])
