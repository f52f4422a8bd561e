#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Who waits for the outcome of its deploy beside others, with a secret that is replaced, or while the daemon does not run.

usage: test_outcome_places.py [TEST], with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import json
import os
import select
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from test_outcome import IMAGE, LONG, MOST, cancel, deliver, get, push, wait_until_waiting, waiting  # noqa: E402
from asked import Asked  # noqa: E402
from waiting import wait_for  # noqa: E402
from webhook_host import Host  # noqa: E402


def fill(webhookd, number, path, n=MOST):
    """So many that wait, added in eights: those that have not asked yet take each other's places."""
    asked, before = [], waiting(webhookd)
    while len(asked) < n:
        asked += [Asked(webhookd, "GET", f"{path}/deploys/{number}?wait={LONG}") for _ in range(8)]
        wait_until_waiting(webhookd, min(before + len(asked), MOST))
    return asked


def answers_now(asked):
    """Those that have an answer by now."""
    return [one for one in asked if select.select([one.socket], [], [], 0)[0]]


def test_no_hook_takes_the_places_of_all_others():
    with Host() as webhookd:
        number, path = push(webhookd), webhookd.path()
        shop, blog = (webhookd.call("CreateHook", "sa{sv}", name, 0)[0] for name in ("shop", "blog"))
        greedy = fill(webhookd, number, path)
        asked = [deliver(webhookd, IMAGE, path=shop), Asked(webhookd, "GET", f"{blog}/deploys/{number}?wait={LONG}")]
        wait_for("two made room", lambda: len(answers_now(greedy)) == 2)
        for one in answers_now(greedy):
            greedy.remove(one)
            answer = one.answer()
            assert (answer.status, answer.json()["deploy"]["state"]) == (202, "queued"), answer.body
        assert waiting(webhookd) == MOST and not answers_now(asked)
        # Who has the most gets no more, and what cannot be held back takes nothing from anybody.
        assert get(webhookd, number, f"?wait={LONG}", path=path).status == 202
        body = json.dumps({"image": IMAGE, "padding": "x" * 300000}).encode()
        assert webhookd.request("POST", f"{shop}?wait={LONG}", body).status == 202
        assert waiting(webhookd) == MOST and not answers_now(asked + greedy)
        cancel(webhookd, number)
        assert {one.answer().status for one in greedy + asked} == {424}


def test_secret_that_is_good_no_longer_ends_the_wait():
    with Host() as webhookd:
        number, wrong = push(webhookd), webhookd.request("GET", "/nowhere")
        path = webhookd.call("CreateHook", "sa{sv}", "shop", 0)[0]
        bystander = Asked(webhookd, "GET", f"{webhookd.path()}/deploys/{number}?wait={LONG}")
        for method, *arguments in (("RotateHook", "sa{sv}", "shop", 0), ("RemoveHook", "s", "shop"), ("RegenerateSecret",)):
            if method == "RegenerateSecret":
                path, shop = webhookd.path(), webhookd.call("CreateHook", "sa{sv}", "shop", 0)[0]
                asked, bystander = [bystander], Asked(webhookd, "GET", f"{shop}/deploys/{number}?wait={LONG}")
            else:
                asked = [Asked(webhookd, "GET", f"{path}/deploys/{number}?wait={LONG}")]
            asked.append(deliver(webhookd, IMAGE, path=path))
            wait_until_waiting(webhookd, 3)
            path = (webhookd.call(method, *arguments) or [None])[0]
            for one in asked:
                answer = one.answer()
                assert (answer.status, answer.body) == (404, wrong.body), (method, answer.body)
                assert answer.header("Cache-Control") is None, answer.headers
            wait_until_waiting(webhookd, 1)
        cancel(webhookd, number)
        assert bystander.answer().status == 424


def test_secret_that_has_grace_waits_on():
    with Host() as webhookd:
        number = push(webhookd)
        path = webhookd.call("CreateHook", "sa{sv}", "shop", 0)[0]
        asked = Asked(webhookd, "GET", f"{path}/deploys/{number}?wait={LONG}")
        wait_until_waiting(webhookd, 1)
        webhookd.call("RotateHook", "sa{sv}", "shop", 1, "GraceSec", "t", 3600)
        assert get(webhookd, number, path=path).status == 202
        assert waiting(webhookd) == 1 and not answers_now([asked])
        webhookd.call("RotateHook", "sa{sv}", "shop", 1, "GraceSec", "t", 3600)
        assert asked.answer().status == 404
        cancel(webhookd, number)


def test_daemon_that_was_frozen_answers_who_waited():
    with Host() as webhookd:
        number = push(webhookd)
        asked = [Asked(webhookd, "GET", f"{webhookd.path()}/deploys/{number}?wait=3", unix=unix) for unix in (False, True)]
        wait_until_waiting(webhookd, 2)
        webhookd.process.send_signal(signal.SIGSTOP)
        # Longer than the wait, and what a client is given to read its answer.
        time.sleep(19)
        webhookd.process.send_signal(signal.SIGCONT)
        assert [one.answer().status for one in asked] == [202, 202]
        cancel(webhookd, number)


if __name__ == "__main__":
    tap.main()
