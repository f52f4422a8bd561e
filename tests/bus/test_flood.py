#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What a flood of deliveries leaves in the journal: so many entries a second, and one that counts the others; nothing else is left out.

usage: test_flood.py [TEST], with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import contextlib
import json
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from asked import Asked  # noqa: E402
from waiting import wait_for  # noqa: E402
from webhook_host import Host, read_answer  # noqa: E402

FOLDED = ("DELIVERY_ACCEPTED", "DELIVERY_IGNORED", "DEPLOY_SUPERSEDED")
N = 40


def entries(webhookd, *events):
    return [line for line in webhookd.log().splitlines() if re.search(rf"\[({'|'.join(events)})\b", line)]


def counted(webhookd):
    """What the entries that count others say, summed up: accepted, ignored, superseded."""
    found = [re.match(r".*?(\d+) more entries in a second: (\d+) deliveries accepted, (\d+) ignored, (\d+) deploys superseded", line)
             for line in entries(webhookd, "DELIVERIES_COUNTED")]
    sums = [sum(int(match[i]) for match in found) for i in range(1, 5)]
    assert sums[0] == sum(sums[1:]), sums
    return sums[1:]


def flood(webhookd):
    """N new tags of one stage, and N images that no project has, all in one turn."""
    path = webhookd.path()
    with contextlib.ExitStack() as stack:
        asked = [stack.enter_context(contextlib.closing(Asked(webhookd, "GET", "/"))) for _ in range(2 * N)]
        for each in asked:
            assert read_answer(each.stream).status == 404
        webhookd.process.send_signal(signal.SIGSTOP)
        for number, each in enumerate(asked):
            image = f"a.example/team/{'other' if number % 2 else 'app'}:v{number}"
            each.ask("POST", path, json.dumps({"image": image}).encode())
        webhookd.process.send_signal(signal.SIGCONT)
        assert sorted(read_answer(each.stream).status for each in asked) == [200] * N + [202] * N


def written(webhookd):
    """How many entries of each kind there are: accepted, ignored, superseded."""
    return [len(entries(webhookd, event)) for event in FOLDED]


def test_flood_is_written_up_to_the_limit_and_counted_beyond():
    with Host("AuditPerSec=5\nAutoCreateMax=1\n") as webhookd:
        assert webhookd.post("a.example/team/app:first").status == 202
        before = written(webhookd)
        flood(webhookd)
        # The last of it is told of without another delivery.
        wait_for("all is told", lambda: sum(counted(webhookd)) + sum(written(webhookd)) - sum(before) == 3 * N)
        assert [a + b - c for a, b, c in zip(counted(webhookd), written(webhookd), before)] == [N, N, N]
        # A second that ends in the middle begins anew.
        assert sum(written(webhookd)) <= 10, webhookd.log()


def test_what_a_person_did_is_always_written():
    with Host("AuditPerSec=1\n") as webhookd:
        assert webhookd.post("a.example/team/app:first").status == 202
        stage = webhookd.call("ListStages", "s", "app")[0][0][0]
        for number in range(5):
            assert webhookd.call("Deploy", "sss", "app", stage, f"v{number}")
        # A caller has the answer before the entry is there.
        wait_for("all is written", lambda: len([line for line in entries(webhookd, "DELIVERY_ACCEPTED")
                                                if "asked for by uid" in line]) == 5)


def test_end_tells_what_was_counted():
    with Host("AuditPerSec=1\nAutoCreateMax=1\n") as webhookd:
        assert webhookd.post("a.example/team/app:first").status == 202
        before = written(webhookd)
        flood(webhookd)
        assert webhookd.stop() == 0
        assert [a + b - c for a, b, c in zip(counted(webhookd), written(webhookd), before)] == [N, N, N], webhookd.log()


def test_without_a_limit_all_is_written():
    with Host("AuditPerSec=0\nAutoCreateMax=1\n") as webhookd:
        assert webhookd.post("a.example/team/app:first").status == 202
        before = written(webhookd)
        flood(webhookd)
        wait_for("all is written", lambda: [a - b for a, b in zip(written(webhookd), before)] == [N, N, N])
        assert not entries(webhookd, "DELIVERIES_COUNTED"), webhookd.log()


if __name__ == "__main__":
    tap.main()
