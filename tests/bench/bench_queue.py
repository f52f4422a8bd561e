#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
A queue of 10,000 deploys over as many stages, and one of 100, each handed to a deployer that answers at once: how many a second, and how
much memory webhookd has at the beginning, in the middle and at the end. The deploys have to come in the order of their numbers, and all
of them.

usage: bench_queue.py, with WEBHOOKD= the program, FAKE_PEERS= the peers and SOURCE_ROOT= the tree
"""
import os
import re
import statistics
import sys
import time

for folder in ("bus", "lib"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))
import webhook_host  # noqa: E402  pylint: disable=wrong-import-position
from comparison import Comparison  # noqa: E402
from quick_deployer import QuickDeployer, fill_queue  # noqa: E402

SIZES = (100, 1000, 10_000)  # deploys that wait, each of a stage of its own
ROUNDS = 3
PATIENCE = 120  # seconds for one of them


def resident(pid, field="VmRSS"):
    """KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(rf"^{field}:\s+(\d+) kB", f.read(), re.M).group(1))


def drain(n):
    """Deploys a second, and KiB at the beginning, in the middle, at the end, and the most."""
    host = webhook_host.Host(f"MaxQueued={n}\n")
    with host as webhookd:
        webhookd.stop()
        fill_queue(os.path.join(webhookd.state, "tinyforge.db"), n)
        with QuickDeployer(host.bus, patience=PATIENCE) as deployer:
            webhookd.start()
            pid, memory = webhookd.process.pid, []
            for number in range(1, n + 1):
                found = deployer.next()
                assert found == number, (found, number)
                if number == min(n, 50):
                    begun, memory = time.monotonic(), [resident(pid)]
                if number == n // 2:
                    memory.append(resident(pid))
            rate = (n - 50) / (time.monotonic() - begun)
            memory += [resident(pid), resident(pid, "VmHWM")]
            webhookd.stop()
    return rate, *memory


def main():
    rate = Comparison("queue-rate", "A long queue is handed out", "Deploys that wait, each of a stage of its own, and a deployer that answers "
                      "at once. All of them come in the order of their numbers.", "deploys a second", f"{SIZES[0]:,} wait")
    most = Comparison("queue-memory", "Memory while a long queue is handed out", "The most that the receiver had in memory until the last of "
                      "them was handed out.", "KiB", f"{SIZES[0]:,} wait")
    print(f"{'deploys':>8} {'a second':>9} {'KiB: first':>11} {'middle':>8} {'last':>8} {'most':>8}   medians of {ROUNDS}")
    for n in SIZES:
        rounds = [drain(n) for _ in range(ROUNDS)]
        print(f"{n:8} " + " ".join(f"{statistics.median(values):9.0f}" for values in zip(*rounds)), flush=True)
        for found in rounds:
            rate.add(f"{n:,} wait", found[0])
            most.add(f"{n:,} wait", found[-1])
    rate.done()
    most.done()


if __name__ == "__main__":
    main()
