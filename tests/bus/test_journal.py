#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
A journal that does not read: the real daemons on a private bus, in a mount namespace whose /run has the journal's socket, full and
read by nobody until a test reads it. They do their work meanwhile, and say afterwards how many messages are missing.

usage: test_journal.py [TEST], with WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import deployer_host  # noqa: E402  pylint: disable=wrong-import-position
import tap  # noqa: E402
import webhook_host  # noqa: E402
from waiting import wait_for  # noqa: E402

ISOLATE = ["unshare", "--user", "--map-root-user", "--mount"]
REPO = "registry.example/acme/shop"


class Journal:
    """A folder to be mounted at /run, with a socket that has no room."""

    def __init__(self):
        if subprocess.run([*ISOLATE, "true"], capture_output=True, check=False).returncode != 0:
            raise tap.Skip("no namespaces here")
        self.folder = tempfile.mkdtemp(prefix="tinyforge-journal.")
        path = os.path.join(self.folder, "systemd", "journal", "socket")
        os.makedirs(os.path.dirname(path))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)
        self.prefix = ["env", "JOURNAL_STREAM=8:15", *ISOLATE, "sh", "-c",
                       f"mount --bind {shlex.quote(self.folder)} /run && exec \"$@\"", "sh"]
        self.fillers, self.entries = [], []
        while self.fill(path):
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in (self.socket, *self.fillers):
            each.close()
        shutil.rmtree(self.folder)

    def fill(self, path):
        """Sends what nobody reads, until the queue of the socket itself is full; each sender has a buffer of its own."""
        self.fillers.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.fillers[-1].setblocking(False)
        try:
            self.fillers[-1].sendto(b"MESSAGE=filler\n", path)
        except BlockingIOError:
            return False
        return True

    def read(self):
        """What came in since; all that came, as fields."""
        try:
            while True:
                fields = dict(line.split("=", 1) for line in self.socket.recv(1 << 18).decode().splitlines())
                if fields["MESSAGE"] != "filler":
                    assert fields["SYSLOG_IDENTIFIER"].startswith("tinyforge-"), fields
                    self.entries.append(fields)
        except BlockingIOError:
            return self.entries

    def n_missing(self):
        """How many the daemons say are missing; 0 when they say nothing."""
        told = [re.fullmatch(r"(\d+) messages? (?:was|were) not logged while the journal did not read", entry["MESSAGE"])
                for entry in self.read()]
        return sum(int(match.group(1)) for match in told if match)


def post_and_read(webhookd, journal, tag):
    assert webhookd.post(f"{REPO}:{tag}").status == 202
    wait_for("the next entry", lambda: any(entry.get("TINYFORGE_IMAGE") == f"{REPO}:{tag}" for entry in journal.read()))


def test_deliveries_are_answered_while_the_journal_does_not_read():
    with Journal() as journal:
        host = webhook_host.Host("AutoCreate=yes\n", start=False)
        with host as webhookd:
            webhookd.start(prefix=journal.prefix)
            for number in range(40):
                answer = webhookd.post(f"{REPO}:v{number}")
                assert answer.status == 202, answer.body
            assert webhookd.process.poll() is None and not webhookd.log(), webhookd.log()
            assert not journal.entries
            wait_for("the count", lambda: journal.n_missing() >= 40)
            # What found no room while the rest was read is told with the next entry. And from then on nothing is missing.
            post_and_read(webhookd, journal, "v98")
            missing = journal.n_missing()
            post_and_read(webhookd, journal, "v99")
            assert journal.n_missing() == missing
            assert webhookd.stop() == 0


def test_damage_is_told_when_the_journal_reads_again():
    with Journal() as journal:
        with webhook_host.Host("AutoCreate=yes\n", start=False) as webhookd:
            webhookd.start(prefix=journal.prefix)
            path = webhookd.path()
            assert webhookd.post(f"{REPO}:v1", path).status == 202
            os.truncate(os.path.join(webhookd.state, "tinyforge.db-wal"), 0)
            for _ in range(3):
                assert webhookd.post(f"{REPO}:v2", path).status == 503
            assert journal.n_missing() == 0
            wait_for("the damage", lambda: any("cannot be used: its log was cut" in entry["MESSAGE"] for entry in journal.read()))
            assert webhookd.post(f"{REPO}:v2", path).status == 503
            assert webhookd.stop() == 0
            assert sum("cannot be used" in entry["MESSAGE"] for entry in journal.read()) == 1, journal.entries


def test_daemon_that_is_idle_stays_until_it_has_told_what_is_missing():
    with Journal() as journal:
        with webhook_host.Host("IdleTimeoutSec=1\n", start=False) as webhookd:
            webhookd.start(prefix=journal.prefix)
            assert webhookd.request("POST", "/nowhere").status == 404
            try:
                webhookd.process.wait(4)
                raise AssertionError("it ended with something to tell")
            except subprocess.TimeoutExpired:
                pass
            wait_for("the count", lambda: journal.n_missing() >= 1)
            assert webhookd.process.wait(webhook_host.DEADLINE) == 0


def test_deploy_is_made_while_the_journal_does_not_read():
    with Journal() as journal, deployer_host.Host() as host:
        script = os.path.join(host.directory, "deployerd.sh")
        with open(script, encoding="utf-8") as f:
            text = f.read()
        inside = " ".join(map(shlex.quote, journal.prefix))
        host.write("deployerd.sh", text.replace(f"exec {shlex.quote(deployer_host.PROGRAM)} ",
                                                f"exec {inside} {shlex.quote(deployer_host.PROGRAM)} "))
        for tag in ("v1", "v2"):
            host.engine.push(REPO, tag)
        assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
        assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
        assert host.log() == ""
        # The first is that every image may be deployed; each deploy has one at least.
        wait_for("the count", lambda: journal.n_missing() >= 3)
        host.signal(signal.SIGTERM)


if __name__ == "__main__":
    tap.main()
