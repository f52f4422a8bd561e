#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Watching on, by both daemons: what a deploy brought fails, and the version before comes back, once, whoever dies meanwhile, and
whatever is pushed meanwhile.

usage: test_watch.py [TEST], with WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree; CRASH_ALL=1 plays every point of a
crash, CRASH_SEED=N the sample of N
"""
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import root_says  # noqa: E402
from fake_engine import FakeEngine  # noqa: E402
from test_whole import REPO, Forge, running  # noqa: E402
from waiting import wait_for  # noqa: E402

HOUR = "1h"
# From the failure to the end of the deploy that brings the version before back, an engine is asked so often and less.
REQUESTS_MAX = 28
# So many points are played; all of them with CRASH_ALL= in the environment.
SAMPLE = 4
SEED = int(os.environ.get("CRASH_SEED") or random.randrange(2**32))
# After which the receiver is killed, once the container has failed: from before it hears of that to after it is all over; seconds.
MOMENTS = (0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.6)


def digest(tag):
    return FakeEngine.digest(f"{REPO}:{tag}")


class Shop(Forge):
    """One stage, of which v1 runs and what is deployed from then on is watched."""

    def __init__(self, flavour, watch=HOUR, before=True, **more):
        super().__init__(flavour=flavour, **more)
        for tag in ("v1", "v2", "v3"):
            self.engine.push(REPO, tag)
        self.engine.push(REPO, "bad", exit=3)
        self.first = self.deploy(f"{REPO}:v1") if before else None
        root_says(self, watch=watch)

    def rows(self):
        """Newest first."""
        return [{key: value["data"] for key, value in row.items()}
                for row in self.webhookd.call("DescribeDeploys", "ssu", "shop", "dev", 0)[0]]

    def described(self, number):
        return next(row for row in self.rows() if row["Id"] == number)

    def watches(self, number):
        """What became of watching it."""
        return self.described(number).get("Watch")

    def followed(self, number):
        """The deployer hears what happens, and has looked at it after that."""
        requests = self.engine.requests()
        opened = [i for i, line in enumerate(requests) if "/events?" in line and "container%22%5D%2C%22event" in line]
        return opened and any(line.endswith(f"/containers/shop-dev-{number}/json") for line in requests[opened[-1]:])

    def watched(self, tag):
        """Deploys it, and waits until somebody looks at it."""
        number = self.deploy(f"{REPO}:{tag}")
        wait_for("it is watched", lambda: self.watches(number) == "watching" and self.followed(number))
        return number

    def fail(self, number):
        self.engine.control("exit", {"name": f"shop-dev-{number}", "code": 3, "revives": True, "logs": ["out of beans"]})

    def brought_back(self):
        return [row for row in self.rows() if row["Source"] == "watch"]

    def check_back(self, failed, to=None, word="v1"):
        """One deploy has brought back what ran before, and it runs alone."""
        wait_for("it is brought back", lambda: [row["State"] for row in self.brought_back()] == ["succeeded"], 60)
        [back] = self.brought_back()
        assert back["Generation"] == (to or self.first) and back["Digest"] == digest(word), back
        assert running(self) == [f"shop-dev-{back['Id']}"], running(self)
        assert "Watch" not in back, back
        row = self.described(failed)
        assert (row["State"], row["Watch"]) == ("succeeded", "failed"), row
        assert f"deploy {back['Id']} brings back what deploy {to or self.first} had" in row["WatchReason"], row
        return back["Id"]


def with_both(function):
    def run():
        for flavour in ("docker", "podman"):
            try:
                function(flavour)
            except Exception as error:
                raise AssertionError(f"with {flavour}") from error
    run.__name__ = function.__name__
    return run


def shown(shop, number):
    """The answer to a GET of a deploy."""
    return shop.webhookd.request("GET", f"{shop.webhookd.path()}/deploys/{number}")


@with_both
def test_version_before_comes_back_when_the_new_one_fails(flavour):
    with Shop(flavour) as shop:
        number = shop.watched("v2")
        told = shown(shop, number)
        assert told.status == 200 and told.json()["deploy"]["watch"]["state"] == "watching", told.body
        assert told.json()["deploy"]["watch"]["until"] == shop.described(number)["WatchUntil"] > time.time() * 10**6
        shop.fail(number)
        shop.check_back(number)
        reason = shop.described(number)["WatchReason"]
        assert reason.startswith("it exited with status 3 and was restarted") and "out of beans" in reason, reason
        told = shown(shop, number)
        assert told.status == 424 and told.json()["deploy"]["watch"] == {
            "state": "failed", "until": shop.described(number)["WatchUntil"], "reason": reason}, told.body
        assert "failed while it was watched" in told.json()["detail"], told.body
        log = shop.webhookd.log()
        assert log.count("WATCH_FAILED") == 1 and "brings the version before back" in log, log


@with_both
def test_version_that_holds_stays(flavour):
    with Shop(flavour, "1s") as shop:
        number = shop.deploy(f"{REPO}:v2")
        wait_for("it has held", lambda: shop.watches(number) == "held")
        assert running(shop) == [f"shop-dev-{number}"] and not shop.brought_back()
        assert shown(shop, number).status == 200


@with_both
def test_first_version_that_fails_has_nothing_to_give_way_to(flavour):
    with Shop(flavour, before=False) as shop:
        number = shop.watched("v1")
        shop.fail(number)
        wait_for("it has failed", lambda: shop.watches(number) == "failed")
        assert "there is no version before it to bring back" in shop.described(number)["WatchReason"]
        assert len(shop.rows()) == 1, shop.rows()


@with_both
def test_what_failed_comes_back_by_a_person_alone(flavour):
    with Shop(flavour) as shop:
        number = shop.watched("v2")
        shop.fail(number)
        shop.check_back(number)
        # Whoever names the digest is told at once, and of a tag the deployer finds out.
        answer = shop.webhookd.post(f"{REPO}:v2@{digest('v2')}")
        assert answer.status == 200 and answer.json()["ignored"][0]["reason"] == "failed-watch", answer.body
        again = shop.deliver(f"{REPO}:v2")
        state, reason = shop.wait_final(again)
        assert state == "failed" and reason.startswith("FailedWatch: "), (state, reason)
        assert running(shop) == [f"shop-dev-{shop.brought_back()[0]['Id']}"]
        by_hand = shop.webhookd.call("Deploy", "sss", "shop", "dev", "v2")[0]
        assert shop.wait_final(by_hand)[0] == "succeeded"
        assert shop.watches(by_hand) == "watching" and running(shop) == [f"shop-dev-{by_hand}"]


@with_both
def test_push_of_another_digest_is_followed_and_opens_the_way_again(flavour):
    with Shop(flavour) as shop:
        number = shop.watched("v2")
        shop.fail(number)
        shop.check_back(number)
        third = shop.deploy(f"{REPO}:v3@{digest('v3')}")
        assert running(shop) == [f"shop-dev-{third}"]
        assert shop.deploy(f"{REPO}:v2@{digest('v2')}") > third


@with_both
def test_version_that_failed_is_nothing_to_go_back_to(flavour):
    with Shop(flavour) as shop:
        number = shop.watched("v2")
        shop.fail(number)
        back = shop.check_back(number)
        third = shop.watched("v3")
        shop.fail(third)
        wait_for("it is brought back", lambda: [row["State"] for row in shop.brought_back()] == ["succeeded"] * 2, 60)
        newest = shop.brought_back()[0]
        assert newest["Digest"] == digest("v1") and newest["Generation"] == shop.first and newest["Id"] > back, newest


@with_both
def test_newer_deploy_ends_the_watch_of_the_older(flavour):
    with Shop(flavour) as shop:
        number = shop.watched("v2")
        newer = shop.watched("v3")
        assert shop.watches(number) == "replaced", shop.described(number)
        assert shop.described(number)["WatchReason"] == f"deploy {newer} took its place"
        shop.fail(newer)
        shop.check_back(newer, number, "v2")


@with_both
def test_newer_deploy_that_does_not_come_up_leaves_the_older_watched(flavour):
    with Shop(flavour) as shop:
        number = shop.watched("v2")
        assert shop.wait_final(shop.deliver(f"{REPO}:bad"))[0] == "rolled-back"
        assert shop.watches(number) == "watching"
        shop.fail(number)
        shop.check_back(number)


@with_both
def test_version_that_fails_while_a_newer_one_comes_up_is_brought_back_from_once_that_is_over(flavour):
    with Shop(flavour) as shop:
        number = shop.watched("v2")
        shop.engine.push(REPO, "slow", healthcheck=True, health="starting")
        newer = shop.deliver(f"{REPO}:slow")
        shop.wait_begun("shop", newer)
        shop.fail(number)
        shop.engine.control("health", {"name": f"shop-dev-{newer}.pending", "health": "unhealthy"})
        assert shop.wait_final(newer)[0] == "failed", shop.row(newer)
        shop.check_back(number)


@with_both
def test_deployer_that_dies_is_asked_again(flavour):
    with Shop(flavour) as shop:
        number = shop.watched("v2")
        shop.engine.control("forget")
        shop.signal(signal.SIGKILL)
        wait_for("it is watched again", lambda: shop.followed(number))
        shop.fail(number)
        shop.check_back(number)


@with_both
def test_receiver_that_dies_asks_again(flavour):
    with Shop(flavour) as shop:
        number = shop.watched("v2")
        shop.webhookd.stop(signal.SIGKILL)
        shop.signal(signal.SIGKILL)
        shop.fail(number)
        shop.webhookd.start()
        shop.check_back(number)


@with_both
def test_watch_whose_end_nobody_saw_is_looked_at_once_more(flavour):
    with Shop(flavour, "1s") as shop:
        number = shop.deploy(f"{REPO}:v2")
        shop.webhookd.stop(signal.SIGKILL)
        if shop.pid():
            shop.signal(signal.SIGKILL)
        shop.fail(number)
        wait_for("the time is over", lambda: shop.engine.containers()[f"shop-dev-{number}"]["RestartCount"])
        shop.webhookd.start()
        wait_for("there is a verdict", lambda: shop.watches(number) in ("failed", "held"))
        # The verdict may have come before all of that.
        if shop.watches(number) == "failed":
            shop.check_back(number)


@with_both
def test_deployer_that_dies_at_any_request_brings_back_once(flavour):
    points = [(request, when) for request in range(1, REQUESTS_MAX) for when in ("before", "after")]
    if not os.environ.get("CRASH_ALL"):
        tap.note(f"a sample; the same one again with CRASH_SEED={SEED}")
        points = random.Random(f"{SEED} {flavour}").sample(points, SAMPLE)
    with Shop(flavour) as shop:
        struck = [die_at(shop, *point) for point in points]
        tap.note(f"{flavour}: {len(points)} points, {struck.count(False)} not reached")


def die_at(shop, request, when):
    """One watch that fails, while the deployer dies at that request; False where there was none of that number."""
    # A version of its own each time, since what failed is not deployed again.
    tag = f"v2-{when}-{request}"
    shop.engine.push(REPO, tag)
    before = len(shop.brought_back())
    number = shop.deploy(f"{REPO}:{tag}")
    wait_for("it is watched", lambda: shop.followed(number))
    shop.engine.control("forget")
    shop.engine.control("fault", {"method": "", "path": "", "number": request, "when": when, "kind": "kill"})
    shop.fail(number)
    wait_for("it is brought back", lambda: [row["State"] for row in shop.brought_back()][:-before or None] == ["succeeded"], 90)
    back = shop.brought_back()[0]
    assert back["Digest"] == digest("v1"), back
    assert running(shop) == [f"shop-dev-{back['Id']}"], running(shop)
    assert len(shop.brought_back()) == before + 1, shop.brought_back()
    struck = bool(shop.engine.control("state")["deaths"])
    shop.engine.control("forget")
    return struck


@with_both
def test_receiver_that_dies_at_any_moment_brings_back_once(flavour):
    for moment in MOMENTS:
        with Shop(flavour) as shop:
            number = shop.watched("v2")
            shop.fail(number)
            time.sleep(moment)
            shop.webhookd.stop(signal.SIGKILL)
            shop.webhookd.start()
            shop.check_back(number)


def test_tinyforgectl_shows_until_when_and_how_it_ended():
    with Shop("docker") as shop:
        def ctl(*words):
            return subprocess.run([os.environ["TINYFORGECTL"], *words], check=True, capture_output=True, text=True,
                                  env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": shop.bus.address, "TZ": "UTC"}).stdout
        number = shop.watched("v2")
        until = time.strftime("%H:%M:%S", time.gmtime(shop.described(number)["WatchUntil"] // 10**6))
        assert f"until {until}" in ctl("deploys", "shop", "dev"), ctl("deploys", "shop", "dev")
        assert f"Watched: until {until}" in ctl("describe", str(number)), ctl("describe", str(number))
        shop.fail(number)
        back = shop.check_back(number)
        newest, failed, _ = json.loads(ctl("deploys", "shop", "dev", "--json"))
        assert newest["source"] == "watch" and newest["watch"] is None, newest
        assert failed["watch"]["state"] == "failed" and f"deploy {back} brings back" in failed["watch"]["reason"], failed
        told = ctl("describe", str(number))
        assert "Watched: failed" in told and "it exited with status 3 and was restarted" in told.replace("\n", " "), told
        assert f"back to {shop.first}" in ctl("deploys", "shop", "dev"), ctl("deploys", "shop", "dev")


def test_watches_are_counted():
    with Shop("docker") as shop:
        number = shop.watched("v2")
        shop.fail(number)
        shop.check_back(number)
        found = [row for row in shop.webhookd.call("GetMetrics")[0] if row[0] == "tinyforge_watches_total"]
        assert [(row[1]["verdict"], row[2]) for row in found] == [("failed", 1)], found


if __name__ == "__main__":
    tap.main()
