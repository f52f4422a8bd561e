# SPDX-License-Identifier: MIT
"""
Adds up by room what gcovr read of each file: a table of lines and branches, and the rooms of which the tests run too little.

usage: coverage.py SUMMARY, where SUMMARY is what `gcovr --json-summary` wrote
"""
import collections
import importlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "check"))

rooms = importlib.import_module("check-tree")

LINES_PERCENT = 90


class Tally:
    """How many there are, and how many of them were run."""

    def __init__(self):
        self.covered = self.total = 0

    def add(self, covered, total):
        self.covered += covered
        self.total += total

    def percent(self):
        return 100 * self.covered / self.total if self.total else 100.0

    def __str__(self):
        return f"{self.covered:6}/{self.total:<6}{self.percent():5.1f} %" if self.total else ""


def read(path):
    """{room: (lines, branches)} in the order of the table of rooms."""
    with open(path, encoding="utf-8") as summary:
        files = json.load(summary)["files"]
    found = collections.defaultdict(lambda: (Tally(), Tally()))
    for file in files:
        lines, branches = found[rooms.room_of(file["filename"].removeprefix("src/"))]
        lines.add(file["line_covered"], file["line_total"])
        branches.add(file["branch_covered"], file["branch_total"])
    return {room: found[room] for room in sorted(found, key=list(rooms.ROOMS).index)}


def main():
    found = read(sys.argv[1])
    print(f"{'room':24} {'lines':>20} {'branches':>20}")
    for room, (lines, branches) in found.items():
        print(f"{room:24} {lines!s:>20} {branches!s:>20}".rstrip())
    low = [room for room, (lines, _) in found.items() if lines.percent() < LINES_PERCENT]
    print(f"below {LINES_PERCENT} % of lines: {', '.join(low) or 'none'}")


if __name__ == "__main__":
    main()
