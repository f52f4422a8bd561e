#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What webhookd writes down of requests that it refuses: first and then one entry a minute, for strangers together and for each hook.

usage: test_refusals.py [TEST], with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from waiting import wait_for  # noqa: E402
from webhook_host import Host  # noqa: E402


def entries(webhookd):
    return [line for line in webhookd.log().splitlines() if "DELIVERY_REJECTED" in line]


def refused(webhookd):
    """How many deliveries the metrics count as refused, by provider."""
    return {labels["provider"]: value for name, labels, value in
            ((m[0], m[1], m[2]) for m in webhookd.call("GetMetrics")[0])
            if name == "tinyforge_deliveries_total" and labels["outcome"] == "refused"}


def test_hook_is_written_down_with_detail_and_provider_after_a_stranger():
    with Host() as webhookd:
        path = webhookd.call("CreateHook", "sa{sv}", "shop", 1, "Signature", "s", "required")[0]
        for _ in range(3):
            assert webhookd.request("POST", "/api/webhook/nobody").status == 404
        details = []
        for _ in range(3):
            answer = webhookd.request("POST", path, b"{}", ["X-GitHub-Event: package"])
            assert answer.status == 401
            details.append(answer.json()["detail"])
        assert webhookd.request("POST", webhookd.path(), b"{").status == 400
        found = entries(webhookd)
        assert len(found) == 3, found
        assert "refused with 404 [" in found[0], found
        assert f"refused with 401: {details[0]} [" in found[1], found
        assert "TINYFORGE_PROVIDER=github" in found[1] and "TINYFORGE_HOOK=shop" in found[1], found
        assert "refused with 400: line 1" in found[2] and "TINYFORGE_HOOK=main" in found[2], found
        webhookd.stop()
        rest = entries(webhookd)[3:]
        assert len(rest) == 2, rest
        assert all("2 more requests refused since" in line for line in rest), rest
        assert "TINYFORGE_HOOK=shop" in rest[1], rest


def test_full_queue_is_written_down_once_and_counted():
    with Host("MaxQueued=1\n") as webhookd:
        assert webhookd.post("a.example/one").status == 202
        wait_for("it waits for its next attempt", lambda: webhookd.waits(1))
        assert webhookd.request("POST", webhookd.path(), b"{").status == 400
        for _ in range(5):
            assert webhookd.post("a.example/two").status == 503
        found = entries(webhookd)
        assert len(found) == 2, found
        assert "refused with 503: the queue is full [" in found[1], found
        assert "TINYFORGE_PROVIDER=generic" in found[1] and "TINYFORGE_HOOK=main" in found[1], found
        assert refused(webhookd) == {"generic": 5, "unknown": 1}, refused(webhookd)
        webhookd.stop()
        assert "4 more requests refused because the queue is full" in entries(webhookd)[-1], entries(webhookd)


if __name__ == "__main__":
    tap.main()
