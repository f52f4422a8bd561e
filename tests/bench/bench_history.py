#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What a long life costs the receiver: one store with ten deploys that have ended, and one with a million (1,000 projects of 5 stages of
200 rows, which the limits allow). Each figure is taken of both in turn, several times; medians, and how many times as much.

usage: bench_history.py [PROGRAM...], with WEBHOOKD= the program and SOURCE_ROOT= the tree; one after the other with others that are named
"""
import json
import os
import socket
import sqlite3
import statistics
import sys
import time

for folder in ("bus", "lib"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))
import webhook_host  # noqa: E402  pylint: disable=wrong-import-position

ROUNDS, REQUESTS, CALLS = 5, 200, 20
PATIENCE = 5  # seconds for the requests of a round
STAGES = 5
HISTORIES = {"ten": (1, 2), "a million": (1000, 200)}  # projects, rows a stage


def image(project, tag):
    return f"registry.example/acme/p{project}:{tag}"


def fill(path, n_projects, n_rows):
    """A store as that many deliveries leave it. It is written while the daemon is down."""
    with sqlite3.connect(path) as db:
        db.executemany("INSERT INTO projects(id, name, image, port, healthcheck, created_at, auto_created) VALUES(?, ?, ?, 0, '', 1, 1)",
                       ((i, f"p{i}", f"registry.example/acme/p{i}") for i in range(1, n_projects + 1)))
        db.executemany("INSERT INTO stages(id, project_id, name, tag_pattern, policy, auto_deploy, max_instances)"
                       " VALUES(?, ?, ?, ?, 'semver', 1, 1)",
                       ((i * STAGES + k, i, f"s{k}", "*" if k == 0 else f">={k + 100}") for i in range(1, n_projects + 1) for k in range(STAGES)))
        db.executemany("INSERT INTO deploys(stage_id, image, digest, source, state, queued_at, started_at, finished_at)"
                       " VALUES(?, ?, ?, 'webhook', ?, ?, ?, ?)",
                       ((i * STAGES + k, image(i, f"1.{j}.0"), f"sha256:{j:064x}", "succeeded" if j % 3 else "superseded", j + 1, j + 1, j + 1)
                        for j in range(n_rows) for i in range(1, n_projects + 1) for k in range(STAGES)))
    db.close()


class Receiver:
    """A webhookd with a history."""

    def __init__(self, n_projects, n_rows):
        self.version = 1000
        self.host = webhook_host.Host()
        self.webhookd = self.host.__enter__()
        self.path = self.webhookd.path()
        self.webhookd.stop()
        fill(os.path.join(self.webhookd.state, "tinyforge.db"), n_projects, n_rows)

    def close(self):
        self.host.__exit__()

    def cold_start(self):
        begun = time.monotonic()
        self.webhookd.start()
        answer = self.webhookd.post(image(1, "none-of-these"), path=self.path)
        assert answer.status in (200, 202), answer.body
        return time.monotonic() - begun

    def accept(self):
        """Seconds for each of some deliveries over one connection, each of which takes the place of the one before."""
        with socket.create_connection(("127.0.0.1", self.webhookd.port), 60) as s:
            stream = s.makefile("rb")
            begun, n = time.monotonic(), 0
            while n < REQUESTS and time.monotonic() < begun + PATIENCE:
                n += 1
                self.version += 1
                body = json.dumps({"image": image(1, f"1.{self.version}.0")}).encode()
                s.sendall(f"POST {self.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                answer = webhook_host.read_answer(stream)
                assert answer.status == 202, answer.body
            return (time.monotonic() - begun) / n

    def timed(self, *call):
        took = []
        for _ in range(CALLS):
            begun = time.monotonic()
            self.webhookd.call(*call)
            took.append(time.monotonic() - begun)
        return statistics.median(took)

    def figures(self):
        found = {"start, and the first answer": self.cold_start()}
        found["a delivery"] = self.accept()
        found["ListDeploys of a stage"] = self.timed("ListDeploys", "ssu", "p1", "s0", 20)
        found["ListDeploys of all"] = self.timed("ListDeploys", "ssu", "", "", 20)
        found["MatchImage"] = self.timed("MatchImage", "s", image(1, "1.5000.0"))
        self.webhookd.stop()
        return found


def measure(program):
    webhook_host.PROGRAM = program
    receivers = {name: Receiver(*size) for name, size in HISTORIES.items()}
    rounds = {name: [] for name in receivers}
    for _ in range(ROUNDS):
        for name, receiver in receivers.items():
            rounds[name].append(receiver.figures())
    for receiver in receivers.values():
        receiver.close()
    few, many = rounds.values()
    print(f"{'ms, median of ' + str(ROUNDS):32} {'ten':>10} {'a million':>10} {'times':>8}")
    for figure in few[0]:
        a, b = (statistics.median(row[figure] for row in rows) * 1000 for rows in (few, many))
        print(f"{figure:32} {a:10.2f} {b:10.2f} {b / a:8.2f}", flush=True)


def main():
    programs = [webhook_host.PROGRAM] + sys.argv[1:]
    for program in programs:
        if len(programs) > 1:
            print(program)
        measure(program)


if __name__ == "__main__":
    main()
