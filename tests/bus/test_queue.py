#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
A long queue over many stages: the real webhookd, and a deployer that answers whom it likes first.

usage: test_queue.py [TEST], with WEBHOOKD= and FAKE_PEERS= the programs and SOURCE_ROOT= the tree
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from quick_deployer import QuickDeployer, fill_queue  # noqa: E402
from waiting import wait_for  # noqa: E402
from webhook_host import Host  # noqa: E402

N = 200
MAX_DEPLOYS = 4  # the default


def states(webhookd):
    return {row[4] for row in webhookd.call("ListDeploys", "ssu", "", "", 0)[0]}


def test_deploys_are_handed_out_by_number_and_none_is_left():
    """Some are answered last, and the deployer is busy when it is asked for some: the others go on meanwhile."""
    host = Host()
    with host as webhookd:
        webhookd.stop()
        fill_queue(os.path.join(webhookd.state, "tinyforge.db"), N)
        with QuickDeployer(host.bus, "deployer-unfair") as deployer:
            webhookd.start()
            busy = {number for number in range(1, N + 1) if number % 50 == 0}
            found = [deployer.next() for _ in range(N + len(busy))]
            wait_for("the end of all", lambda: states(webhookd) == {"succeeded"})
        first = list(dict.fromkeys(found))
        assert first == list(range(1, N + 1)), first
        again = [number for number in first if found.count(number) > 1]
        assert set(again) == busy, again
        # More than were handed out before it was refused.
        meanwhile = {number: found.index(number, found.index(number) + 1) - found.index(number) for number in busy - {N}}
        assert all(n > MAX_DEPLOYS for n in meanwhile.values()), meanwhile
        assert webhookd.stop() == 0


def test_stage_that_is_pushed_all_the_time_keeps_no_other_waiting():
    host = Host()
    with host as webhookd:
        webhookd.stop()
        webhookd.configure("MaxDeploys=1\n")
        fill_queue(os.path.join(webhookd.state, "tinyforge.db"), N)
        with QuickDeployer(host.bus) as deployer:
            webhookd.start()
            found = []
            while N not in found:
                found.append(deployer.next())
                assert webhookd.post(f"registry.example/acme/p2:v1@sha256:{len(found):064x}").status == 202
            assert [number for number in found if number <= N] == list(range(1, N + 1))
            assert len([number for number in found if number > N]) == 0, "those that come later wait for those that came before"
            wait_for("the end of all", lambda: states(webhookd) <= {"succeeded", "superseded"})
        assert webhookd.stop() == 0


if __name__ == "__main__":
    tap.main()
