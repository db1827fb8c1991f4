"""The command line of `python -m peaksync`."""

import argparse
import re

from peaksync import cli


def commands(parser):
    """The parser and all that stand below it."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from commands(below)


def test_every_command_helps_with_an_example():
    found = {parser.prog: parser.format_help() for parser in commands(cli.make_parser())}
    assert {"python -m peaksync sync", "python -m peaksync runs watch"} <= found.keys()
    for prog, text in found.items():
        assert re.search(rf"Examples?:\s+{prog}", text), prog
