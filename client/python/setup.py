"""Generates the messages while the package is built; everything else is in pyproject.toml.

Needs protoc and grpc_python_plugin (Debian: protobuf-compiler, protobuf-compiler-grpc), and the
.proto files: PEAKSYNC_PROTO, default the repository's folder proto.
"""

import os
import pathlib
import shutil
import subprocess

import setuptools
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent
FILES = ("customer", "sync_run", "sync_service")


def generate(proto, target):
    """Writes the modules of the messages and of the stub to the folder `target`."""
    plugin = shutil.which("grpc_python_plugin")
    if plugin is None or shutil.which("protoc") is None:
        raise SystemExit(
            "setup.py: protoc or grpc_python_plugin is missing; run scripts/setup.sh, or install "
            "protobuf-compiler and protobuf-compiler-grpc"
        )
    subprocess.run(
        ["protoc", f"--proto_path={proto}", f"--plugin=protoc-gen-grpc_python={plugin}"]
        + [f"--python_out={target}", f"--grpc_python_out={target}"]
        + [str(proto / "peaksync" / "v1" / f"{name}.proto") for name in FILES],
        check=True,
    )
    # The files keep their names for protobuf, so that a program which has made its own modules of
    # them can use both; as Python modules they move to where they collide with nothing.
    made = target / "peaksync"
    for file in sorted((made / "v1").glob("*.py")):
        text = file.read_text().replace("from peaksync.v1 import", "from peaksync._proto import")
        (target / file.name).write_text(text)
    shutil.rmtree(made)


class BuildWithMessages(build_py):
    def run(self):
        super().run()
        proto = pathlib.Path(os.environ.get("PEAKSYNC_PROTO", HERE.parents[1] / "proto"))
        generate(proto, pathlib.Path(self.build_lib) / "peaksync" / "_proto")


setuptools.setup(cmdclass={"build_py": BuildWithMessages})
