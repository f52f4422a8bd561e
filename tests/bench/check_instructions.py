#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
No delivery costs more instructions than it did. Where it has to, tests/bench/instructions.py prints what instructions.json is to
have, in the commit that makes it cost more.

usage: check_instructions.py, with WEBHOOKD= the program, FAKE_PEERS= the peers, COMPILER= its version and SOURCE_ROOT= the tree
"""
import json
import os
import pathlib
import shutil
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import instructions  # noqa: E402  pylint: disable=wrong-import-position
import tap  # noqa: E402  pylint: disable=wrong-import-position

KNOWN = json.loads(pathlib.Path(__file__).with_name("instructions.json").read_text(encoding="utf-8"))
# What a figure may grow by unseen.
MARGIN = 1.05
# A timer or a signal of the bus that comes in one of the two runs changes a figure, on a machine that is busy: what seems to have grown is
# counted so often in all, and the median counts.
TRIES = 3


def check(name, count):
    if not shutil.which("valgrind"):
        raise tap.Skip("valgrind is not installed")
    if os.environ["COMPILER"] != KNOWN["gcc"]:
        raise tap.Skip(f"the figures are those of gcc {KNOWN['gcc']}")
    found = count()
    if found > MARGIN * KNOWN[name]:
        found = statistics.median([found, *(count() for _ in range(TRIES - 1))])
    tap.note(f"{name}: {found}, known {KNOWN[name]}")
    assert found <= MARGIN * KNOWN[name], f"{found} instructions are {100 * found / KNOWN[name] - 100:.0f} % more than {KNOWN[name]}"


for figure, counter in instructions.FIGURES.items():
    globals()["test_" + figure.replace(" ", "_") + "_costs_no_more"] = lambda name=figure, count=counter: check(name, count)


if __name__ == "__main__":
    tap.main()
