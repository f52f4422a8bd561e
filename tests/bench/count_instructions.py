#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
How many instructions webhookd spends on a delivery: callgrind counts those of a whole run, and the difference of a long and a short
run is what the deliveries between them cost. Unlike times, they are the same on a busy machine.

usage: count_instructions.py, with WEBHOOKD= the program, FAKE_PEERS= the peers and SOURCE_ROOT= the tree; prints JSON
"""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

for folder in ("bus", "lib"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))
import webhook_host  # noqa: E402  pylint: disable=wrong-import-position

# Deliveries of the short and the long run; a turn has as many connections as wrk would open.
SHORT, LONG = 64, 192
TURN = 64
WRAPPER = """#!/bin/sh
exec valgrind --quiet --tool=callgrind --callgrind-out-file={out} {program} "$@"
"""


class Counted:
    """webhookd under callgrind, with a deployer that has its name and answers nobody, so that nothing else is going on."""

    def __init__(self):
        self.host = webhook_host.Host("WatchdogSec=0\n" if False else "", start=False)
        self.out = pathlib.Path(self.host.directory, "callgrind.out")
        wrapper = pathlib.Path(self.host.directory, "counted")
        wrapper.write_text(WRAPPER.format(out=self.out, program=webhook_host.PROGRAM), encoding="ascii")
        wrapper.chmod(0o755)
        self.host.webhookd.program = str(wrapper)
        self.peer = subprocess.Popen([os.environ["FAKE_PEERS"], "deployer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                     env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.host.bus.address))

    def __enter__(self):
        webhookd = self.host.__enter__()
        assert self.peer.stdout.readline() == "ready\n"
        self.peer.send_signal(signal.SIGSTOP)
        webhookd.start()
        return webhookd

    def __exit__(self, *_):
        assert self.host.webhookd.stop() == 0
        self.instructions = int(re.search(r"^(?:summary|totals): (\d+)", self.out.read_text(encoding="ascii"), re.M).group(1))
        self.peer.send_signal(signal.SIGCONT)
        self.peer.stdin.close()
        self.peer.stdout.close()
        self.peer.wait(20)
        self.host.__exit__(*_)


def request(path, number):
    body = json.dumps({"image": f"a.example/shop:{number}"})
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def ask(streams, webhookd, path, numbers, status):
    """One request each, all of them in one turn."""
    if len(streams) > 1:
        webhookd.process.send_signal(signal.SIGSTOP)
    for (connection, _), number in zip(streams, numbers):
        connection.sendall(request(path, number))
    if len(streams) > 1:
        webhookd.process.send_signal(signal.SIGCONT)
    for _, stream in streams:
        answer = webhook_host.read_answer(stream)
        assert answer.status == status, answer.body


def run(n, turn, status):
    """The instructions of a run with `n` requests, `turn` of them at a time."""
    counted = Counted()
    with counted as webhookd:
        path = webhookd.path() if status == 202 else "/"
        with contextlib.ExitStack() as stack:
            streams = [(c, stack.enter_context(c.makefile("rb"))) for c in
                       (stack.enter_context(webhookd.connect()) for _ in range(turn))]
            for first in range(0, n, turn):
                ask(streams, webhookd, path, range(first, first + turn), status)
    return counted.instructions


def each(turn, status):
    return (run(LONG, turn, status) - run(SHORT, turn, status)) // (LONG - SHORT)


def main():
    found = {
        "a start and a stop": run(0, 1, 404),
        "a lone delivery": each(1, 202),
        "a delivery of a turn of 64": each(TURN, 202),
        "a refusal": each(1, 404),
    }
    print(json.dumps(found, indent=4))


if __name__ == "__main__":
    main()
