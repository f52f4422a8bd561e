#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
How many instructions of the receiver's a delivery, a refusal, and a start and a stop take, as instructions.py counts them.

usage: bench_instructions.py, with WEBHOOKD= the program, FAKE_PEERS= the peers and SOURCE_ROOT= the tree
"""
import instructions
from comparison import Comparison


def main():
    found = Comparison("instructions-webhookd", "Instructions of the receiver", "Counted by callgrind, and so the same on a busy machine: "
                       "they do not say how long anything takes, and what the kernel does is not among them.", "thousand instructions",
                       "a refusal")
    for name, count in instructions.FIGURES.items():
        found.add(name, count() / 1000)
    found.done()


if __name__ == "__main__":
    main()
