# SPDX-License-Identifier: MIT
"""A deployer that has nothing to do, and tells which deploys it is asked for, in the order in which it is: see fake-quick.c."""
import os
import sqlite3
import subprocess
import threading
import time

NAME = "org.tinyforge.Deployer1"
STAGES = 5  # of a project


class QuickDeployer:
    """On that bus. It is killed after so many seconds, so that nobody waits for ever for the next number."""

    def __init__(self, bus, role="deployer-quick", patience=60.0):
        # It is there already, but the bus has to know how it would be started.
        bus.add_service(NAME, "/bin/false")
        self.process = subprocess.Popen([os.environ["FAKE_PEERS"], role], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=bus.address))
        self.timer = threading.Timer(patience, self.process.kill)

    def __enter__(self):
        self.timer.start()
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(20)

    def next(self):
        """The number of the next deploy."""
        line = self.process.stdout.readline()
        assert line, "no deploy comes any more"
        return int(line)


def fill_queue(path, n):
    """A queue of that many deploys, each of a stage of its own, in the database at `path`, which no daemon uses."""
    now = int(time.time() * 1_000_000)
    with sqlite3.connect(path) as db:
        db.executemany("INSERT INTO projects(id, name, image, port, healthcheck, created_at, auto_created) VALUES(?, ?, ?, 0, '', 1, 0)",
                       ((i, f"p{i}", f"registry.example/acme/p{i}") for i in range(1, n // STAGES + 1)))
        db.executemany("INSERT INTO stages(id, project_id, name, tag_pattern, auto_deploy, max_instances) VALUES(?, ?, ?, ?, 1, 1)",
                       ((i, i % (n // STAGES) + 1, f"s{i}", f"v{i}") for i in range(1, n + 1)))
        db.executemany("INSERT INTO deploys(id, stage_id, image, source, state, queued_at) VALUES(?, ?, ?, 'webhook', 'queued', ?)",
                       ((i, i, f"registry.example/acme/p{i % (n // STAGES) + 1}:v{i}", now) for i in range(1, n + 1)))
    db.close()
