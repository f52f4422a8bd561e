#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Requests fifty times a second, counted: what a visitor notices of a deploy.

As a program (in the host): traffic.py URL [HOST [BODY]]. One request after the other, each on a connection of its own, until
stdin ends and one was sent after that, and at least LEAST of them; the figures are JSON on stdout. What counts as answered is
200 with a body, whole. With a BODY it is posted as JSON, 202 is good as well, and the answers are counted by their status.
With file:///… for a URL each request goes where that upstream file has it then, as through a proxy that follows at once.
"""
import collections
import http.client
import json
import pathlib
import re
import select
import subprocess
import sys
import time
import urllib.parse

TIMEOUT = 5.0
# More of them show no more, and take the processor from what is tested.
PAUSE = 0.02
LEAST = 20


def ask(address, path, host, body):
    """The first line of what is answered, or what became of `body`; raises for everything but that."""
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT)
    try:
        headers = {"Host": host, "Connection": "close", "Content-Type": "application/json"}
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace").strip()
        if answer.status not in ((200, 202) if body else (200,)) or not text:
            raise http.client.HTTPException(f"status {answer.status}")
        return str(answer.status) if body else text.splitlines()[0]
    finally:
        connection.close()


def target(url):
    """(address, path) of the next request."""
    if url.scheme != "file":
        return url.netloc, url.path or "/"
    return re.search(r"^ *server (\S+);$", pathlib.Path(url.path).read_text("ascii"), re.MULTILINE).group(1), "/"


def main():
    url = urllib.parse.urlsplit(sys.argv[1])
    host = sys.argv[2] if len(sys.argv) > 2 else url.netloc
    body = sys.argv[3] if len(sys.argv) > 3 else None
    answers, faults, slowest = collections.Counter(), collections.Counter(), 0.0
    is_over = False
    while not is_over or sum(answers.values()) + sum(faults.values()) < LEAST:
        is_over = bool(select.select([sys.stdin], [], [], PAUSE)[0])
        begun = time.monotonic()
        try:
            answers[ask(*target(url), host, body)] += 1
        except (OSError, http.client.HTTPException) as fault:
            faults[f"{type(fault).__name__}: {fault}"] += 1
        slowest = max(slowest, time.monotonic() - begun)
        if sum(answers.values()) + sum(faults.values()) == 1:
            print("begun", flush=True)
    print(json.dumps({"answers": answers, "faults": faults, "slowest": slowest}), flush=True)


class Traffic:
    """`with Traffic(forge, URL) as traffic: …`; afterwards `sent`, `failed`, `answers`, `faults` and `slowest` (s) tell."""

    def __init__(self, forge, url, host="", body=""):
        host = host or urllib.parse.urlsplit(url).netloc or "localhost"
        self.command = forge.enter("python3", "tests/system/traffic.py", url, host, *([body] if body else []))
        self.process = None
        self.answers, self.faults, self.slowest = {}, {}, 0.0

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        begun = self.process.stdout.readline()
        assert begun == "begun\n", begun
        return self

    def __exit__(self, *exception):
        out, _ = self.process.communicate(timeout=60)
        figures = json.loads(out)
        self.answers, self.faults, self.slowest = figures["answers"], figures["faults"], figures["slowest"]

    @property
    def failed(self):
        return sum(self.faults.values())

    @property
    def sent(self):
        return sum(self.answers.values()) + self.failed


if __name__ == "__main__":
    main()
