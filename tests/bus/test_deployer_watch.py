#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Containers that are watched on, by the real deployerd: what it takes for a failure, what not, and that one child follows all of them.

usage: test_deployer_watch.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import json
import os
import queue
import signal
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import INTERFACE, both, root_says, with_each  # noqa: E402
from fake_engine import FakeEngine  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"
LONG = 3600 * 10**6
NOTHING = 0.3  # how long is waited for what must not come


class Verdicts:
    """What the signals WatchEnded tell: (deploy, verdict, reason)."""

    def __init__(self, host):
        self.process = subprocess.Popen(
            ["busctl", f"--address={host.bus.address}", "--json=short", "monitor",
             f"--match=type='signal',interface='{INTERFACE}'"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.stderr.readline()
        self.told, self.phases = queue.Queue(), []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("member") == "WatchEnded":
                _, *told = message["payload"]["data"]
                self.told.put(tuple(told))
            elif message.get("member") == "Progress":
                self.phases.append(tuple(message["payload"]["data"]))

    def next(self, deadline=30):
        return self.told.get(timeout=deadline)

    def none(self):
        try:
            raise AssertionError(f"nobody was to say {self.told.get(timeout=NOTHING)}")
        except queue.Empty:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.thread.join(20)
        self.process.stdout.close()
        self.process.stderr.close()


def watch(host, number, usec=LONG, image=f"{REPO}:v1", **options):
    host.call("WatchDeploy", "sssa{sv}", "shop", "dev", image, *host.options(number, Watch=("t", usec), **options))


def followed(host):
    """Somebody hears what happens, and it was looked at once after that."""
    requests = host.engine.requests()
    opened = [i for i, line in enumerate(requests) if "/events?" in line and "container%22%5D%2C%22event" in line]
    return opened and any("/containers/shop-dev-" in line and line.endswith("/json") for line in requests[opened[-1]:])


def begin(host, usec=LONG, **image):
    """A deploy that is watched."""
    host.engine.push(REPO, "v1", **image)
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    host.engine.control("forget")
    watch(host, 7, usec)
    if usec == LONG:
        wait_for("it is watched", lambda: followed(host))


@both
def test_container_that_nothing_happens_to_has_held(host):
    with Verdicts(host) as verdicts:
        begin(host, 200_000)
        assert verdicts.next() == (7, "held", "")
    wait_for("no child is left", lambda: not host.children())


@both
def test_container_that_its_policy_restarts_has_failed(host):
    with Verdicts(host) as verdicts:
        begin(host)
        host.engine.control("exit", {"name": "shop-dev-7", "code": 3, "revives": True, "logs": ["out of beans"]})
        deploy, verdict, reason = verdicts.next()
        assert (deploy, verdict) == (7, "failed"), (deploy, verdict, reason)
        assert reason.startswith("it exited with status 3 and was restarted"), reason
        assert "out of beans" in reason, reason


@both
def test_container_that_turns_unhealthy_has_failed(host):
    with Verdicts(host) as verdicts:
        begin(host, healthcheck=True)
        host.engine.control("health", {"name": "shop-dev-7", "health": "unhealthy"})
        deploy, verdict, reason = verdicts.next()
        assert (deploy, verdict) == (7, "failed"), reason
        assert reason.startswith("its health check fails") and "the shop is closed" in reason, reason


@both
def test_health_check_of_an_image_has_no_say_where_another_is_named(host):
    with Verdicts(host) as verdicts:
        host.engine.push(REPO, "v1", healthcheck=True)
        assert host.deploy(7, f"{REPO}:v1", Healthcheck=("s", "none"))[0] == "succeeded"
        watch(host, 7, LONG, Healthcheck=("s", "none"))
        wait_for("it is watched", lambda: followed(host))
        host.engine.control("health", {"name": "shop-dev-7", "health": "unhealthy"})
        verdicts.none()


@both
def test_what_a_person_restarts_stops_and_starts_is_watched_on(host):
    with Verdicts(host) as verdicts:
        begin(host)
        for what in ("restart", "stop", "start"):
            status, _ = host.engine.request("POST", f"/v1.41/containers/shop-dev-7/{what}?t=1")
            assert status == 204, status
            verdicts.none()
        # And nothing of that keeps it from failing after it.
        host.engine.control("exit", {"name": "shop-dev-7", "code": 4, "revives": True})
        assert verdicts.next()[:2] == (7, "failed")


@both
def test_what_a_person_has_stopped_is_gone_at_the_end(host):
    with Verdicts(host) as verdicts:
        host.engine.push(REPO, "v1")
        assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
        host.engine.request("POST", "/v1.41/containers/shop-dev-7/stop?t=1")
        watch(host, 7, 300_000)
        assert verdicts.next()[:2] == (7, "gone")


@both
def test_what_somebody_removes_is_gone(host):
    with Verdicts(host) as verdicts:
        begin(host)
        host.engine.control("remove", {"name": "shop-dev-7"})
        assert verdicts.next() == (7, "gone", "somebody removed it")


@both
def test_what_nobody_restarts_has_failed_when_it_ends(host):
    root_says(host, container={"HostConfig": {"RestartPolicy": {"Name": "no"}}})
    with Verdicts(host) as verdicts:
        begin(host)
        host.engine.control("exit", {"name": "shop-dev-7", "code": 5})
        deploy, verdict, reason = verdicts.next()
        assert (deploy, verdict) == (7, "failed") and reason.startswith("it exited with status 5"), reason


@both
def test_what_happened_while_nobody_watched_is_seen(host):
    with Verdicts(host) as verdicts:
        begin(host)
        host.signal(signal.SIGKILL)
        host.engine.control("exit", {"name": "shop-dev-7", "code": 3, "revives": True})
        wait_for("it was restarted", lambda: host.engine.containers()["shop-dev-7"]["RestartCount"])
        watch(host, 7)
        deploy, verdict, reason = verdicts.next()
        assert (deploy, verdict) == (7, "failed") and "was restarted" in reason, reason


@both
def test_engine_that_ends_and_comes_back_with_its_containers_is_no_failure(host):
    with Verdicts(host) as verdicts:
        begin(host)
        host.engine.control("forget")
        host.engine.control("restart")
        wait_for("it is watched again", lambda: followed(host))
        verdicts.none()
        host.engine.control("exit", {"name": "shop-dev-7", "code": 3, "revives": True})
        assert verdicts.next()[:2] == (7, "failed")


@both
def test_engine_that_is_away_at_the_end_is_waited_for(host):
    with Verdicts(host) as verdicts:
        begin(host)
        host.engine.fault("GET", "/events", "drop", times=-1)
        host.engine.fault("GET", "/containers/", "status", times=1, status=500)
        watch(host, 7, 100_000)
        assert verdicts.next() == (7, "held", "")


@both
def test_deploy_of_the_stage_ends_its_watch_without_a_verdict(host):
    host.engine.push(REPO, "v2")
    with Verdicts(host) as verdicts:
        begin(host)
        assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
        verdicts.none()
        wait_for("no child is left", lambda: not host.children())


@both
def test_stage_that_is_deployed_is_watched_after_that(host):
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "slow", healthcheck=True, health="starting")
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    call = host.begin(8, f"{REPO}:slow")
    wait_for("it is under way", lambda: "shop-dev-8.pending" in host.engine.names())
    assert host.error_of(lambda: watch(host, 7))[0] == "Busy"
    host.call("CancelDeploy", "st", host.store, 8)
    call.wait()
    watch(host, 7)


@both
def test_removal_of_the_stage_ends_its_watch(host):
    with Verdicts(host) as verdicts:
        begin(host)
        host.call("RemoveStage", "ss", "shop", "dev")
        assert verdicts.next() == (7, "gone", "the containers of the stage are removed")


@both
def test_one_child_follows_all_of_them(host):
    for number in range(20):
        host.engine.push(REPO, f"v{number}")
    with Verdicts(host) as verdicts:
        for number in range(1, 21):
            assert host.deploy(number, f"{REPO}:v{number - 1}", stage=f"s{number}")[0] == "succeeded"
        for number in range(1, 21):
            host.call("WatchDeploy", "sssa{sv}", "shop", f"s{number}", REPO, *host.options(number, Watch=("t", LONG)))
        wait_for("one child is left", lambda: len(host.children()) == 1)
        host.engine.control("exit", {"name": "shop-s13-13", "code": 3, "revives": True})
        assert verdicts.next()[:2] == (13, "failed")
        verdicts.none()


@both
def test_outcome_tells_for_how_long_root_wants_it_watched(host):
    root_says(host, watch="5min", stages={"prod": {"watch": "90"}, "test": {"watch": "0"}})
    host.engine.push(REPO, "v1")
    with Verdicts(host) as verdicts:
        for number, stage in enumerate(("dev", "prod", "test"), 1):
            assert host.deploy(number, f"{REPO}:v1", stage=stage)[0] == "succeeded"
        assert host.deploy(4, f"{REPO}:v1")[0] == "unchanged"
        wait_for("all was told", lambda: (4, "took") in [phase[:2] for phase in verdicts.phases])
        told = [(deploy, detail) for deploy, phase, detail in verdicts.phases if phase == "watched"]
        assert told == [(1, "300000000"), (2, "90000000")], told


@with_each("docker")
def test_time_that_is_none_is_refused_with_its_place(host):
    host.engine.push(REPO, "v1")
    for wrong in ("500ms", "25h", "soon", 5, "infinity"):
        root_says(host, stages={"dev": {"watch": wrong}})
        name, text = host.refused(7, f"{REPO}:v1")
        assert name == "Configuration" and "/stages/dev/watch: has to be a time span from 1s to 1d" in text, (wrong, text)


@both
def test_image_that_failed_is_not_deployed_again_by_its_tag(host):
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2")
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    name, text = host.refused(8, f"{REPO}:v2", FailedDigest=("s", FakeEngine.digest(f"{REPO}:v2")))
    assert name == "FailedWatch" and "a person can deploy it" in text, (name, text)
    assert host.engine.names() == ["shop-dev-7"]
    assert host.deploy(9, f"{REPO}:v2", FailedDigest=("s", FakeEngine.digest(f"{REPO}:v1")))[0] == "succeeded"


@with_each("docker")
def test_options_of_a_watch_are_checked(host):
    for usec in (0, 24 * 3600 * 10**6 + 1):
        name, text = host.error_of(lambda usec=usec: watch(host, 7, usec))
        assert name == "InvalidOption" and "Watch" in text, text
    name, _ = host.error_of(lambda: host.call("WatchDeploy", "sssa{sv}", "shop", "dev", REPO, *host.options(7, Port=("q", 80))))
    assert name == "InvalidOption", name


if __name__ == "__main__":
    tap.main()
