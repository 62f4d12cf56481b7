"""`python -m recommend evaluate`: how good the recommendations are, measured on a file of behaviour."""

from __future__ import annotations

import argparse
import sys

from recommend.evaluate import command


def main(words: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser("python -m recommend", description=__doc__)
    commands = parser.add_subparsers(required=True)
    evaluate = commands.add_parser("evaluate", help=command.__doc__)
    command.arguments(evaluate)
    evaluate.set_defaults(run=command.evaluate)
    asked = parser.parse_args(words)
    return int(asked.run(asked))


if __name__ == "__main__":
    sys.exit(main())
