#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
How many instructions webhookd spends on a delivery: callgrind counts those of a whole run, and the difference of a long and a short
run is what the deliveries between them cost. Unlike times, they are the same on a busy machine.

usage: instructions.py [WHAT], with WEBHOOKD= the program, FAKE_PEERS= the peers and SOURCE_ROOT= the tree; prints what
instructions.json has, or one of its figures
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

for folder in ("bus", "lib"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))
import webhook_host  # noqa: E402  pylint: disable=wrong-import-position
from mute_deployer import mute_deployer  # noqa: E402

# Deliveries of the short and of the long run: whole turns of 64.
SHORT, LONG = 64, 192
WRAPPER = """#!/bin/sh
unset MALLOC_PERTURB_
exec valgrind --quiet --tool=callgrind --callgrind-out-file={out} {program} "$@"
"""


class Counted:
    """
    webhookd under callgrind, beside a deployer that is mute, so that nothing else is going on; with a copy of the database `store`,
    if there is one.
    """

    def __init__(self, store=None):
        self.host = webhook_host.Host(start=False)
        if store:
            shutil.copy(store, os.path.join(self.host.webhookd.state, "tinyforge.db"))
        self.out = pathlib.Path(self.host.directory, "callgrind.out")
        wrapper = pathlib.Path(self.host.directory, "counted")
        wrapper.write_text(WRAPPER.format(out=self.out, program=webhook_host.PROGRAM), encoding="ascii")
        wrapper.chmod(0o755)
        self.host.webhookd.program = str(wrapper)
        self.instructions = 0

    @contextlib.contextmanager
    def run(self):
        with self.host as webhookd, mute_deployer(self.host):
            webhookd.start()
            yield webhookd
            assert webhookd.stop() == 0
            self.instructions = int(re.search(r"^(?:summary|totals): (\d+)", self.out.read_text(encoding="ascii"), re.M).group(1))


def request(path, number):
    body = json.dumps({"image": f"a.example/shop:{number}"})
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def ask(webhookd, streams, path, first, status):
    """One request on each connection, all of them in one turn."""
    webhookd.process.send_signal(signal.SIGSTOP)
    for number, (connection, _) in enumerate(streams, first):
        connection.sendall(request(path, number))
    webhookd.process.send_signal(signal.SIGCONT)
    for _, stream in streams:
        answer = webhook_host.read_answer(stream)
        assert answer.status == status, answer.body


def total(n, turn, status, store=None):
    """The instructions of a run with `n` requests, `turn` of them at a time."""
    counted = Counted(store)
    with counted.run() as webhookd, contextlib.ExitStack() as stack:
        path = webhookd.path() if status == 202 else "/"
        connections = [stack.enter_context(webhookd.connect()) for _ in range(turn)]
        streams = [(connection, stack.enter_context(connection.makefile("rb"))) for connection in connections]
        for first in range(0, n, turn):
            ask(webhookd, streams, path, first, status)
    return counted.instructions


def each(turn, status, store=None):
    return (total(LONG, turn, status, store) - total(SHORT, turn, status, store)) // (LONG - SHORT)


FIGURES = {
    "a start and a stop": lambda: total(0, 1, 404),
    "a lone delivery": lambda: each(1, 202),
    "a delivery of a turn of 64": lambda: each(64, 202),
    "a refusal": lambda: each(1, 404),
}


def main():
    if len(sys.argv) > 1:
        print(FIGURES[sys.argv[1]]())
        return

    compiler = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
    print(json.dumps({"gcc": compiler, **{name: count() for name, count in FIGURES.items()}}, indent=4))


if __name__ == "__main__":
    main()
