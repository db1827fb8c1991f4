import os
import sys

from peaksync.commands import main


def status_of_main() -> int:
    try:
        return main()
    except SystemExit as end:  # Of argparse: --help, or flags that are wrong.
        return end.code if isinstance(end.code, int) else int(end.code is not None)


def leave(status: int) -> None:
    """Ends the process without the interpreter's shutdown.

    gRPC's threads are still there then, and it may wait for one of them for ever
    (https://github.com/grpc/grpc/pull/17621 and 24363 tell of it).
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            status = status or 1  # Nobody reads it any more.
    os._exit(status)


if __name__ == "__main__":
    leave(status_of_main())
