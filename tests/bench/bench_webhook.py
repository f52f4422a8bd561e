#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What a delivery costs, beside a server of libh2o that answers without having looked at anything, and beside the package `webhook`, which
runs /bin/true for each call and keeps nothing. An accepted delivery is a row on disk, and an entry of the log or, in a flood, one of those
that an entry counts. All but the peer are measured in turn; the peer has its rounds at the end, since it goes on forking when its
callers have gone.

usage: bench_webhook.py, with WEBHOOKD= the program, FAKE_PEERS= the peers, BARE_H2O= the server and SOURCE_ROOT= the tree; takes wrk and
webhook from the PATH
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

for folder in ("bus", "lib"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))
from comparison import Comparison  # noqa: E402  pylint: disable=wrong-import-position
from mute_deployer import mute_deployer  # noqa: E402
from waiting import wait_for  # noqa: E402  pylint: disable=wrong-import-position
from webhook_host import Host  # noqa: E402  pylint: disable=wrong-import-position

ROUNDS = 5
SECONDS = 3
CONNECTIONS = 64
PROJECTS = 1000
PEER_PORT = 18421

# Each request is for another project, and of another tag.
SCRIPT = """
local n = tonumber(os.getenv("FIRST"))
local headers = {["Content-Type"] = "application/json"}
if os.getenv("CLOSE") then headers["Connection"] = "close" end
function request()
  n = n + 1
  return wrk.format("POST", nil, headers, string.format('{"image":"a.example/shop%%d:%%d"}', n %% %d, n))
end
""" % PROJECTS
CONFIG = f"AutoCreateMax={PROJECTS}\nMaxQueued={2 * PROJECTS}\n"
# One entry of the log for each delivery, and one for each deploy that is put aside.
EACH = "webhookd, AuditPerSec=0"


class Load:
    """Tags go on from round to round, so that no delivery is like one before."""

    def __init__(self, directory):
        self.script = os.path.join(directory, "post.lua")
        pathlib.Path(self.script).write_text(SCRIPT, encoding="ascii")
        self.first = 0

    def run(self, url, status, connections=CONNECTIONS, close=False):
        """One round: requests a second, and the median of how long one takes, in µs. All answers have to be of that kind."""
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", self.script, "--latency", url],
                             capture_output=True, text=True, check=True, timeout=60,
                             env=dict(os.environ, FIRST=str(self.first), **({"CLOSE": "1"} if close else {}))).stdout
        self.first += int(re.search(r"(\d+) requests in", out).group(1)) + connections
        errors = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
        assert (errors is None) == (status == 202), out
        value, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", out).groups()
        return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def sync_usec(directory, n=200):
    """How long it takes to append a page to a file and to wait for the disk, in µs."""
    fd = os.open(os.path.join(directory, "synced"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        begin = time.monotonic()
        for _ in range(n):
            os.write(fd, bytes(4096))
            os.fdatasync(fd)
        return (time.monotonic() - begin) / n * 1e6
    finally:
        os.close(fd)


@contextlib.contextmanager
def bare():
    """The URL of the server that does nothing, and its process."""
    with subprocess.Popen([os.environ["BARE_H2O"]], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/", process
        finally:
            process.kill()


@contextlib.contextmanager
def peer(directory):
    """The URL at which the peer runs /bin/true."""
    hooks = os.path.join(directory, "hooks.json")
    pathlib.Path(hooks).write_text(json.dumps([{"id": "deploy", "execute-command": "/bin/true"}]), encoding="ascii")
    with subprocess.Popen(["webhook", "-hooks", hooks, "-ip", "127.0.0.1", "-port", str(PEER_PORT)],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for("the peer", lambda: subprocess.run(["curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{PEER_PORT}/"],
                                                        check=False).returncode == 0)
            yield f"http://127.0.0.1:{PEER_PORT}/hooks/deploy"
        finally:
            process.kill()


def fill(load, hook):
    """A queued row in each of the projects, which the next delivery takes the place of."""
    for _ in range(5):
        load.run(hook, 202)


COMPARISONS = {
    "kept": Comparison("webhook-accept", "Deliveries a second, connections kept",
                       f"{CONNECTIONS} connections that stay open, a thousand projects, each delivery of a tag of its own that takes "
                       "the place of a queued one.", "deliveries a second", "bare libh2o"),
    "closed": Comparison("webhook-accept-close", "Deliveries a second, a connection for each",
                         "The same with a connection for each delivery.", "deliveries a second", "bare libh2o"),
    "refused": Comparison("webhook-refuse", "Refusals a second", "Requests for a path that is none, which are answered with 404.",
                          "requests a second", "bare libh2o"),
    "lone": Comparison("webhook-lone", "One delivery after the other", "One connection; how long a delivery takes. The last row is how long this "
                       "disk takes for one write that is waited for.", "µs", "bare libh2o"),
}


@contextlib.contextmanager
def serving(config):
    """A receiver that has nothing to hand out, and a queued row in each of the projects."""
    host = Host(config, start=False)
    with host as webhookd, mute_deployer(host):
        webhookd.start()
        yield webhookd
        webhookd.stop()


def hook_of(webhookd):
    return f"http://127.0.0.1:{webhookd.port}{webhookd.path()}"


def measure(load, webhookd, each, empty, directory):
    hook, nowhere = hook_of(webhookd), f"http://127.0.0.1:{webhookd.port}/"
    rounds = [("kept", 202, {}), ("closed", 202, {"close": True}), ("refused", 404, {}), ("lone", 202, {"connections": 1})]
    for _ in range(ROUNDS):
        for kind, status, options in rounds:
            at = kind == "lone"
            COMPARISONS[kind].add("bare libh2o", load.run(empty, 202, **options)[at])
            COMPARISONS[kind].add("webhookd", load.run(hook if status == 202 else nowhere, status, **options)[at])
        COMPARISONS["kept"].add(EACH, load.run(hook_of(each), 202)[0])
        COMPARISONS["lone"].add("one fdatasync", sync_usec(directory))


def main():
    for program in ("wrk", "webhook"):
        if not shutil.which(program):
            sys.exit(f"{program} is not installed: scripts/bootstrap bench")

    memory = Comparison("webhook-memory", "Memory of the receiver", "Resident memory after a start, after one delivery, and after all of the load "
                        "above.", "KiB", "after a start")
    with tempfile.TemporaryDirectory(prefix="tinyforge-bench.") as directory:
        load = Load(directory)
        with serving(CONFIG) as webhookd, serving(CONFIG + "AuditPerSec=0\n") as each, bare() as (empty, _):
            pid = webhookd.process.pid
            memory.add("after a start", rss_kib(pid))
            assert webhookd.post("a.example/shop0:0").status == 202
            memory.add("after a delivery", rss_kib(pid))
            for receiver in (webhookd, each):
                fill(load, hook_of(receiver))
            measure(load, webhookd, each, empty, directory)
            assert webhookd.process.pid == pid and webhookd.process.poll() is None
            memory.add("after the load", rss_kib(pid))
        with peer(directory) as url:
            for _ in range(ROUNDS):
                COMPARISONS["kept"].add("webhook, runs /bin/true", load.run(url, 202)[0])
    for comparison in (*COMPARISONS.values(), memory):
        comparison.done()


if __name__ == "__main__":
    main()
