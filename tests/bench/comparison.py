# SPDX-License-Identifier: MIT
"""
What benches have to say: one quantity of several contenders, measured in turn, round after round. It is printed as a table, and where
FIGURES= names a folder, kept there for report.py.
"""
import json
import os
import pathlib
import re
import statistics


class Comparison:
    """`base` is the contender that the others are put in a ratio to. The name begins with that of the bench."""

    def __init__(self, name, title, about, unit, base):
        self.name = name
        self.title = title
        self.about = about
        self.unit = unit
        self.base = base
        self.values = {}

    def add(self, contender, value):
        """One round of it."""
        self.values.setdefault(contender, []).append(value)

    def median(self, contender):
        return statistics.median(self.values[contender])

    def ratio(self, contender):
        return self.median(contender) / self.median(self.base) if self.median(self.base) else float("nan")

    def rows(self):
        """(contender, median, least, most, ratio to the base)"""
        return [(name, self.median(name), min(values), max(values), self.ratio(name)) for name, values in self.values.items()]

    def done(self):
        """Prints it, and keeps it."""
        width = max(len(name) for name in self.values)
        rounds = max(len(values) for values in self.values.values())
        print(f"\n{self.title}: {self.unit}, median of {rounds}")
        for name, median, least, most, ratio in self.rows():
            print(f"  {name:{width}} {number(median):>10} {number(least):>10} to {number(most):<10} {ratio:6.2f}", flush=True)
        folder = os.environ.get("FIGURES")
        if folder:
            assert re.fullmatch("[a-z0-9-]+", self.name)
            pathlib.Path(folder, self.name + ".json").write_text(json.dumps(vars(self), indent=1), encoding="utf-8")


def number(value):
    """Three digits that count, and no more than are known."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
