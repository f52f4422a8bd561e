#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What a long life costs the receiver: a store with ten deploys that have ended and ten deliveries, one with a million of each (1,000
projects of 5 stages of 200 rows), and one with 100,000 projects of 5 stages. Each figure is taken of all of them in turn, several times;
medians, and how many times as much as with ten. Instructions are those of webhookd alone, as callgrind counts them: they are the same
on a busy machine.

usage: bench_history.py [PROGRAM...], with WEBHOOKD= the program, FAKE_PEERS= the peers, TINYFORGECTL= tinyforgectl and SOURCE_ROOT= the
tree; one after the other with others that are named
"""
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import time

for folder in ("bus", "lib"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))
import instructions  # noqa: E402  pylint: disable=wrong-import-position
import webhook_host  # noqa: E402
from comparison import Comparison  # noqa: E402

ROUNDS, REQUESTS, CALLS = 5, 200, 20
PATIENCE = 5  # seconds for the requests of a round
STAGES = 5
HISTORIES = {  # projects, rows a stage, deliveries
    "ten": (2, 1, 10),
    "a million": (1000, 200, 1_000_000),
    "100,000 projects": (100_000, 1, 0),
}


def image(project, tag):
    return f"registry.example/acme/p{project}:{tag}"


def fill(path, n_projects, n_rows, n_deliveries):
    """A store as that many deliveries leave it. It is written while the daemon is down."""
    now = int(time.time() * 1_000_000)
    with sqlite3.connect(path) as db:
        db.executemany("INSERT INTO projects(id, name, image, port, healthcheck, created_at, auto_created) VALUES(?, ?, ?, 0, '', 1, ?)",
                       ((i, f"p{i}", f"registry.example/acme/p{i}", i <= 50) for i in range(1, n_projects + 1)))
        db.executemany("INSERT INTO stages(id, project_id, name, tag_pattern, policy, auto_deploy, max_instances)"
                       " VALUES(?, ?, ?, ?, 'semver', 1, 1)",
                       ((i * STAGES + k, i, f"s{k}", "*" if k == 0 else f">={k + 100}") for i in range(1, n_projects + 1) for k in range(STAGES)))
        db.executemany("INSERT INTO deploys(stage_id, image, digest, source, state, queued_at, started_at, finished_at)"
                       " VALUES(?, ?, ?, 'webhook', ?, ?, ?, ?)",
                       ((i * STAGES + k, image(i, f"1.{j}.0"), f"sha256:{j:064x}", "succeeded" if j % 3 == 0 else "superseded", j + 1, j + 1, j + 1)
                        for j in range(n_rows) for i in range(1, n_projects + 1) for k in range(STAGES)))
        n_stages = n_projects * STAGES
        db.executemany("INSERT INTO deliveries(hook, delivery_id, stage_id, image, deploy_id, received_at) VALUES('main', ?, ?, ?, ?, ?)",
                       ((f"{i:032x}", STAGES + i % n_stages, image(1 + i % n_stages // STAGES, f"1.{i // n_stages}.0"), i + 1, now - i)
                        for i in range(n_deliveries)))
    db.close()


class Receiver:
    """A webhookd with a history."""

    def __init__(self, *size):
        self.version = 1000
        self.host = webhook_host.Host()
        self.webhookd = self.host.__enter__()
        self.path = self.webhookd.path()
        self.webhookd.stop()
        fill(os.path.join(self.webhookd.state, "tinyforge.db"), *size)

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
                          f"Idempotency-Key: key-{self.version}\r\n"
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

    def ctl(self, *words):
        took = []
        for _ in range(CALLS):
            begun = time.monotonic()
            subprocess.run([os.environ["TINYFORGECTL"], *words], stdout=subprocess.DEVNULL, check=True,
                           env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.host.bus.address))
            took.append(time.monotonic() - begun)
        return statistics.median(took)

    def figures(self):
        found = {"start, and the first answer": self.cold_start()}
        found["a delivery"] = self.accept()
        found["ListDeploys of a stage"] = self.timed("ListDeploys", "ssu", "p1", "s0", 20)
        found["ListDeploys of all"] = self.timed("ListDeploys", "ssu", "", "", 20)
        found["DescribeProjectsPage"] = self.timed("DescribeProjectsPage", "sua{sv}", "p1", 1, 0)
        found["MatchImage"] = self.timed("MatchImage", "s", image(1, "1.5000.0"))
        found["tinyforgectl deploys"] = self.ctl("deploys")
        found["tinyforgectl deploys p1 s0"] = self.ctl("deploys", "p1", "s0")
        found["tinyforgectl match"] = self.ctl("match", image(1, "1.5000.0"))
        found["tinyforgectl projects p1"] = self.ctl("projects", "p1", "-n", "20")
        self.webhookd.stop()
        return found

    def instructions(self):
        store = os.path.join(self.webhookd.state, "tinyforge.db")
        return {"a start and a stop": instructions.total(0, 1, 404, store),
                "a lone delivery": instructions.each(1, 202, store),
                "a delivery of a turn of 64": instructions.each(64, 202, store)}


def show(title, unit, columns):
    """A row a figure: what it is in each store, and how many times what it is in the first."""
    print(f"{title:32} " + " ".join(f"{name:>24}" for name in columns))
    first = next(iter(columns.values()))
    for figure in first:
        print(f"{figure:32} " + " ".join(f"{column[figure] / unit:16.2f} {column[figure] / first[figure]:6.2f}x" for column in columns.values()),
              flush=True)


def keep(name, title, about, rounds):
    """How many times as much each figure is as in the first store, round by round."""
    first = next(iter(rounds))
    found = Comparison(f"history-{name}", title, about, "times what it is with ten", "with ten")
    found.add("with ten", 1)
    for store in list(rounds)[1:]:
        for row, base in zip(rounds[store], rounds[first]):
            for figure, value in row.items():
                found.add(f"{figure}, {store}", value / base[figure])
    found.done()


def measure(program):
    webhook_host.PROGRAM = program
    receivers = {name: Receiver(*size) for name, size in HISTORIES.items()}
    rounds = {name: [] for name in receivers}
    for _ in range(ROUNDS):
        for name, receiver in receivers.items():
            rounds[name].append(receiver.figures())
    show(f"ms, median of {ROUNDS}", 1e-3, {name: {figure: statistics.median(row[figure] for row in rows) for figure in rows[0]}
                                           for name, rows in rounds.items()})
    counts = {name: receiver.instructions() for name, receiver in receivers.items()}
    show("1,000 instructions", 1e3, counts)
    about = ("A store that has a million deploys and as many deliveries behind it, and one with 100,000 projects of five stages, beside one "
             "with ten deploys.")
    keep("times", "A store that has lived for years", about, rounds)
    keep("counts", "The same, in instructions of the receiver", "Counted by callgrind.", {name: [row] for name, row in counts.items()})
    for receiver in receivers.values():
        receiver.close()


def main():
    programs = [webhook_host.PROGRAM] + sys.argv[1:]
    for program in programs:
        if len(programs) > 1:
            print(program)
        measure(program)


if __name__ == "__main__":
    main()
