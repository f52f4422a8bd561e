#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What the next deploy does of a stage whose last attempt died while the old container was stopped for the new one. The real
deployerd on a private bus, an engine that only pretends.

usage: test_deployer_recover.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import both, with_each  # noqa: E402
from test_deployer_change import FIXED_PORT, REPO, changes, configure_project, deploy_old_one, running, tags  # noqa: E402
from waiting import wait_for  # noqa: E402


@both
def test_recreate_that_was_cut_off_starts_the_old_one_before_anything_is_pulled(host):
    configure_project(host, FIXED_PORT)
    deploy_old_one(host)
    host.engine.fault("POST", "/start$", "hang")
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the old one is stopped", lambda: not running(host))
    wait_for("the new one is to be started", lambda: "start" in changes(host))
    host.signal(9)
    call.wait()
    host.engine.control("release")
    # Its registry does not know the image any more.
    name, _ = host.refused(9, f"{REPO}:gone")
    assert name == "PullFailed"
    assert host.engine.names() == running(host) == ["shop-dev-7"]


@with_each("docker", "podman", config="HealthDeadlineSec=30\n")
def test_recreate_whose_deployer_died_gives_the_old_one_back_what_the_new_one_holds(host):
    configure_project(host, FIXED_PORT)
    deploy_old_one(host, healthcheck=True, health="starting")
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the new one runs", lambda: running(host) == ["shop-dev-8.pending"])
    host.signal(9)
    call.wait()
    host.engine.control("forget")
    assert host.refused(9, f"{REPO}:gone")[0] == "PullFailed"
    assert changes(host) == ["stop", "remove", "start"], changes(host)
    assert host.engine.names() == running(host) == ["shop-dev-7"]


def die_on_the_way_back(host):
    """v2, which is deploy 8, did not come up and is gone, and v1 is not started again yet. Returns the container of v1."""
    configure_project(host, FIXED_PORT)
    old = deploy_old_one(host, exit=3)
    host.engine.push(REPO, "v3")
    host.engine.control("forget")
    host.engine.fault("POST", f"/{old}/start$", "hang")
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the old one is to be started", lambda: changes(host).count("start") == 2)
    assert host.engine.names() == ["shop-dev-7"] and not running(host)
    host.signal(9)
    call.wait()
    host.engine.control("release")
    return old


@both
def test_recreate_whose_deployer_died_on_its_way_back_starts_the_old_one(host):
    die_on_the_way_back(host)
    assert host.refused(9, f"{REPO}:gone")[0] == "PullFailed"
    assert running(host) == ["shop-dev-7"]
    assert "shop-dev-7 was stopped by an attempt that died and is started again" in host.log()


@both
def test_what_is_put_back_is_the_old_one_of_an_attempt_that_died_and_none_that_was_stopped_by_hand(host):
    old = die_on_the_way_back(host)
    ways = (lambda: host.refused(8, f"{REPO}:v2", Undo=("b", "true")), lambda: host.deploy(9, f"{REPO}:v2"),
            lambda: host.refused(10, f"{REPO}:gone"))
    for number, way in enumerate(ways):
        way()
        assert running(host) == ["shop-dev-7"] and tags(host) == ["dev.7"], (number, tags(host))
        host.engine.request("POST", f"/v1.41/containers/{old}/stop")
        host.refused(20 + number, f"{REPO}:gone")
        assert not running(host), number
        # Another attempt that dies.
        host.engine.request("POST", f"/v1.41/containers/{old}/start")
        host.engine.fault("POST", f"/{old}/start$", "kill", when="before")
        host.begin(8, f"{REPO}:v2").wait()
        wait_for("the deployer is gone", lambda: not host.pid())
        assert not running(host) and len(tags(host)) == 2, number


@both
def test_successor_is_tried_though_the_old_one_cannot_be_put_back_at_the_moment(host):
    old = die_on_the_way_back(host)
    host.engine.fault("POST", f"/{old}/start$", "status", status=500, message="the driver is out", times=2)
    name, text = host.refused(9, f"{REPO}:gone")
    assert name == "EngineFailed" and "gone" in text and "what ran before does not run either" in text, (name, text)
    name, text = host.refused(9, f"{REPO}:v2")
    assert name == "EngineFailed" and "exited with status 3" in text and not running(host), (name, text)
    # It comes back once it can.
    assert host.refused(9, f"{REPO}:gone")[0] == "PullFailed" and running(host) == ["shop-dev-7"]
    old = die_on_the_way_back(host)
    host.engine.fault("POST", f"/{old}/start$", "status", status=500, message="the driver is out", times=-1)
    assert host.refused(8, f"{REPO}:v2", Undo=("b", "true"))[0] == "EngineFailed"
    assert host.deploy(9, f"{REPO}:v3")[0] == "succeeded"
    assert running(host) == host.engine.names() == ["shop-dev-9"], host.engine.names()


@both
def test_old_one_that_found_a_full_disk_is_started_by_the_next_deploy(host):
    configure_project(host, FIXED_PORT)
    old = deploy_old_one(host, exit=3)
    host.engine.fault("POST", f"/{old}/start$", "status", status=500, message="no space left on device")
    name, text = host.refused(8, f"{REPO}:v2")
    assert name == "EngineDiskFull" and "what ran before did not come back" in text and not running(host), (name, text)
    assert host.refused(9, f"{REPO}:gone")[0] == "PullFailed" and running(host) == ["shop-dev-7"], running(host)


@both
def test_what_made_way_goes_also_where_several_may_run_and_the_attempt_died(host):
    configure_project(host, FIXED_PORT)
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2")
    host.deploy(7, f"{REPO}:v1", MaxInstances=("u", 3))
    host.engine.fault("DELETE", "/containers/", "hang")
    call = host.begin(8, f"{REPO}:v2", MaxInstances=("u", 3))
    wait_for("the old one is to be removed", lambda: "remove" in changes(host))
    host.signal(9)
    call.wait()
    host.engine.control("release")
    assert host.engine.names() == ["shop-dev-7", "shop-dev-8"]
    assert host.deploy(8, f"{REPO}:v2", MaxInstances=("u", 3))[0] == "succeeded"
    assert host.engine.names() == running(host) == ["shop-dev-8"]


@both
def test_old_one_comes_back_though_the_engine_stops_nothing(host):
    configure_project(host, FIXED_PORT)
    deploy_old_one(host, exit=3, after=0.1)
    host.engine.fault("POST", "/stop", "status", status=403, message="not by you", times=-1)
    name, text = host.refused(8, f"{REPO}:v2")
    assert name == "EngineRefused" and "not by you" in text and "did not come back" not in text, (name, text)
    assert running(host) == host.engine.names() == ["shop-dev-7"] and tags(host) == ["dev.7"], host.engine.names()


@both
def test_what_cannot_be_removed_before_the_switch_keeps_no_deploy_away(host):
    for number, (status, words) in enumerate(((403, "not by you"), (500, "device or resource busy"))):
        old, new = f"shop-dev-{10 * number + 7}", f"shop-dev-{10 * number + 9}"
        for tag in ("old", "new"):
            host.engine.push(REPO, tag, word=f"{tag} {number}")
        host.engine.push(REPO, "bad", exit=3)
        assert host.deploy(10 * number + 7, f"{REPO}:old")[0] == "succeeded"
        # What never runs stays; what is replaced goes.
        host.engine.fault("DELETE", "/containers/", "status", status=status, message=words, times=3)
        host.refused(10 * number + 8, f"{REPO}:bad")
        left = f"shop-dev-{10 * number + 8}.pending"
        assert host.engine.names() == [old, left] and running(host) == [old], host.engine.names()
        assert "Cannot remove" in host.refused(10 * number + 8, f"{REPO}:bad", Undo=("b", "true"))[1]
        outcome, detail, _ = host.deploy(10 * number + 9, f"{REPO}:new")
        assert outcome == "succeeded" and f"{left} was left behind, and stays: " in host.log(), detail
        assert host.engine.names() == running(host) == [new], host.engine.names()


if __name__ == "__main__":
    tap.main()
