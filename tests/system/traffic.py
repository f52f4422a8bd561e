#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Requests without a pause worth the name, counted: what a visitor notices of a deploy.

As a program (in the host): traffic.py URL [HOST]. One request after the other, each on a connection of its own, until stdin
ends, and at least LEAST of them; the figures are JSON on stdout. What counts as answered is 200 with a body, whole.
"""
import collections
import http.client
import json
import select
import subprocess
import sys
import urllib.parse

TIMEOUT = 5.0
PAUSE = 0.005
LEAST = 20


def ask(address, path, host):
    """The first line of what is answered; raises for everything but a page."""
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace").strip()
        if answer.status != 200 or not body:
            raise http.client.HTTPException(f"status {answer.status}")
        return body.splitlines()[0]
    finally:
        connection.close()


def main():
    url = urllib.parse.urlsplit(sys.argv[1])
    host = sys.argv[2] if len(sys.argv) > 2 else url.netloc
    answers, faults = collections.Counter(), collections.Counter()
    while not select.select([sys.stdin], [], [], PAUSE)[0] or sum(answers.values()) + sum(faults.values()) < LEAST:
        try:
            answers[ask(url.netloc, url.path or "/", host)] += 1
        except (OSError, http.client.HTTPException) as fault:
            faults[f"{type(fault).__name__}: {fault}"] += 1
        if sum(answers.values()) + sum(faults.values()) == 1:
            print("begun", flush=True)
    print(json.dumps({"answers": answers, "faults": faults}), flush=True)


class Traffic:
    """`with Traffic(forge, URL) as traffic: …`; afterwards `sent`, `failed`, `answers` and `faults` tell."""

    def __init__(self, forge, url, host=""):
        self.command = forge.enter("python3", "tests/system/traffic.py", url, *([host] if host else []))
        self.process = None
        self.answers, self.faults = {}, {}

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        begun = self.process.stdout.readline()
        assert begun == "begun\n", begun
        return self

    def __exit__(self, *exception):
        out, _ = self.process.communicate(timeout=60)
        figures = json.loads(out)
        self.answers, self.faults = figures["answers"], figures["faults"]

    @property
    def failed(self):
        return sum(self.faults.values())

    @property
    def sent(self):
        return sum(self.answers.values()) + self.failed


if __name__ == "__main__":
    main()
