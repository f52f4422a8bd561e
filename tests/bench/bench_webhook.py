#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
How many deliveries webhookd accepts, side by side with a peer in the same run: medians of rounds, and ratios. Each
accepted delivery is a row on disk and a journal entry (here: a line on stderr). The peer is the package `webhook`, which
runs /bin/true for each call and keeps nothing.

usage: bench_webhook.py, with WEBHOOKD= the program and SOURCE_ROOT= the tree; takes wrk and webhook from the PATH
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

for folder in ("bus", "lib"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))
from waiting import wait_for  # noqa: E402  pylint: disable=wrong-import-position
from webhook_host import Host  # noqa: E402

ROUNDS = 5
SECONDS = 3
CONNECTIONS = 64

SCRIPT = """
local n = 0
function request()
  n = n + 1
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, string.format('%s', n))
end
"""


def wrk(url, directory, body):
    """One round: requests a second, answers that were not 2xx, and the 99th percentile."""
    script = os.path.join(directory, "post.lua")
    with open(script, "w", encoding="ascii") as f:
        f.write(SCRIPT.replace("%s", body))
    out = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", script, "--latency", url],
                         capture_output=True, text=True, check=True, timeout=60).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return rate, int(errors.group(1)) if errors else 0, re.search(r"99%\s+(\S+)", out).group(1)


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def report(seen, peer):
    peer_rate = statistics.median(r[0] for r in seen[peer])
    print(f"{CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s in turn; medians")
    print(f"{'':26} {'req/s':>8} {'range':>15} {'p99':>9} {'not 2xx':>8} {'ratio to peer':>14}")
    for name, rounds in seen.items():
        rates = sorted(r[0] for r in rounds)
        median = statistics.median(rates)
        span = f"{rates[0]:.0f}-{rates[-1]:.0f}"
        print(f"{name:26} {median:8.0f} {span:>15} {rounds[-1][2]:>9} {sum(r[1] for r in rounds):8} "
              f"{median / peer_rate:14.1f}")


def main():
    for program in ("wrk", "webhook"):
        if not shutil.which(program):
            sys.exit(f"{program} is not installed: apt-get install {program}")

    directory = tempfile.mkdtemp(prefix="tinyforge-bench.")
    hooks = os.path.join(directory, "hooks.json")
    with open(hooks, "w", encoding="ascii") as f:
        json.dump([{"id": "deploy", "execute-command": "/bin/true"}], f)
    peer = subprocess.Popen(["webhook", "-hooks", hooks, "-ip", "127.0.0.1", "-port", "18421"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with Host() as webhookd:
            hook = f"http://127.0.0.1:{webhookd.port}{webhookd.path()}"
            variants = {
                "refused with 404": (f"http://127.0.0.1:{webhookd.port}/", '{"image":"a.example/shop:%d"}'),
                "accepted, a row each": (hook, '{"image":"a.example/shop:%d"}'),
                "accepted, joins a row": (hook, '{"image":"a.example/shop:1","n":%d}'),
                "webhook, runs /bin/true": ("http://127.0.0.1:18421/hooks/deploy", '{"image":"a.example/shop:%d"}'),
            }
            wait_for("the peer", lambda: subprocess.run(["curl", "-s", "-o", "/dev/null", "http://127.0.0.1:18421/"],
                                                        check=False).returncode == 0)
            idle = rss_kib(webhookd.process.pid)
            seen = {name: [] for name in variants}
            for _ in range(ROUNDS):
                for name, (url, body) in variants.items():
                    seen[name].append(wrk(url, directory, body))
            report(seen, "webhook, runs /bin/true")
            print(f"RSS of webhookd: {idle} KiB idle, {rss_kib(webhookd.process.pid)} KiB after the load")
    finally:
        peer.terminate()
        peer.wait(20)
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
