#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What a deploy leaves alone: images of earlier generations, the time that a container asks for, what its volumes hold. The real
deployerd, and an engine that only pretends.

usage: test_deployer_data.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import STORE, every_engine, root_says  # noqa: E402
from private_bus import BusError  # noqa: E402
from test_deployer_change import changes, running  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"


def fails(host, number, tag):
    try:
        return host.deploy(number, f"{REPO}:{tag}")[0] == "rolled-back"
    except BusError:
        return True


def tags(host):
    """The deploys whose images are kept, and whether as pending."""
    words = [tag.rpartition(":")[2].split(".") for tag in host.engine.control("state")["tags"]]
    return sorted((int(word[2]), "pending" in word) for word in words if word[0] == "tinyforge")


def stops(host):
    """The seconds that each container was given."""
    return [request.rpartition("t=")[2] for request in host.engine.requests() if "/stop?" in request]


# Images

@every_engine
def test_attempts_that_never_ran_are_no_generations(host):
    for number, tag in enumerate("abcdefg", 1):
        host.engine.push(REPO, tag)
    for number, tag in ((1, "a"), (2, "b")):
        assert host.deploy(number, f"{REPO}:{tag}")[0] == "succeeded"
    assert tags(host) == [(1, False), (2, False)], tags(host)
    # Refused when it is created, when it is started, cancelled, and a name that is another's.
    host.engine.fault("POST", r"/containers/create", "status", status=400, message="no such option")
    assert fails(host, 3, "c")
    host.engine.fault("POST", r"/start", "status", status=400, message="no such device")
    assert fails(host, 4, "d")
    host.engine.control("add", {"name": "shop-dev-5", "body": {"Image": "other"}})
    assert fails(host, 5, "e")
    host.engine.push(REPO, "f", healthcheck=True, health="starting")
    call = host.begin(6, f"{REPO}:f")
    wait_for("the new one", lambda: "shop-dev-6.pending" in host.engine.names())
    host.call("CancelDeploy", "st", host.store, 6)
    call.wait()
    assert call.error, call.reply
    assert tags(host) == [(1, False), (2, False)], tags(host)
    # Thus what ran is here, and no registry is asked.
    host.engine.control("registry", {"down": True})
    digest = host.engine.digest(f"{REPO}:a")
    assert host.deploy(7, f"{REPO}@{digest}")[0] == "succeeded"


@every_engine
def test_attempt_that_is_tried_again_finds_its_image_and_one_that_died_leaves_no_generation(host):
    for tag in ("a", "b", "c"):
        host.engine.push(REPO, tag)
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    host.engine.fault("POST", r"/containers/create", "status", status=500, message="context deadline exceeded")
    assert fails(host, 2, "b")
    assert tags(host) == [(1, False), (2, True)], tags(host)
    # A newer push takes its place.
    assert host.deploy(3, f"{REPO}:c")[0] == "succeeded"
    assert tags(host) == [(1, False), (3, False)], tags(host)
    # It is cancelled while it waits.
    host.engine.fault("POST", r"/containers/create", "status", status=500, message="context deadline exceeded")
    assert fails(host, 4, "b") and (4, True) in tags(host), tags(host)
    assert host.refused(4, f"{REPO}:b", Undo=("b", "true"))[0] == "Cancelled"
    assert tags(host) == [(1, False), (3, False)], tags(host)


# The time that it takes to end

@every_engine
def test_container_is_given_the_time_that_it_asks_for_whatever_stops_it(host):
    for tag in ("a", "b", "c"):
        host.engine.push(REPO, tag)
    host.engine.push(REPO, "bad", exit=3, after=0.1)
    root_says(host, container={"StopTimeout": 40})
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    # Retired; made way and back; removed.
    assert host.deploy(2, f"{REPO}:b")[0] == "succeeded"
    assert stops(host) == ["40"], stops(host)
    root_says(host, container={"StopTimeout": 50, "HostConfig": {"PortBindings": {"8080/tcp": [{"HostPort": "8080"}]}}})
    assert host.deploy(3, f"{REPO}:c")[0] == "succeeded"
    assert stops(host) == ["40", "40"], stops(host)
    assert host.deploy(4, f"{REPO}:bad")[0] == "rolled-back"
    assert stops(host) == ["40", "40", "50", "50"], stops(host)
    host.call("RemoveStage", "ss", "shop", "dev")
    assert stops(host)[4:] == ["50"], stops(host)


@every_engine
def test_container_that_asks_for_no_time_is_given_the_grace(host):
    for tag in ("a", "b"):
        host.engine.push(REPO, tag)
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    assert host.engine.control("state")["bodies"][0]["StopTimeout"] == 1
    assert host.deploy(2, f"{REPO}:b")[0] == "succeeded"
    assert stops(host) == ["1"], stops(host)


@every_engine
def test_container_that_asks_to_be_killed_at_once_is(host):
    for tag in ("a", "b"):
        host.engine.push(REPO, tag)
    host.engine.push(REPO, "bad", exit=3, after=0.1)
    root_says(host, container={"StopTimeout": 0, "HostConfig": {"PortBindings": {"8080/tcp": [{"HostPort": "8080"}]}}})
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    assert host.deploy(2, f"{REPO}:b")[0] == "succeeded"
    assert host.deploy(3, f"{REPO}:bad")[0] == "rolled-back"
    host.call("RemoveStage", "ss", "shop", "dev")
    assert stops(host) == ["0", "0", "0", "0"], stops(host)


@every_engine
def test_container_that_asks_for_more_than_can_be_is_given_an_hour(host):
    for number, span in enumerate((-1, 10 ** 9), 1):
        host.engine.push(REPO, f"v{number}")
        root_says(host, container={"StopTimeout": span})
        assert host.deploy(number, f"{REPO}:v{number}")[0] == "succeeded"
        host.call("RemoveStage", "ss", "shop", "dev")
    assert stops(host) == ["3600", "3600"], stops(host)


# Volumes

def mounts(host, name):
    """{path: name of the volume} of a container."""
    return {mount["Destination"]: mount["Name"] for mount in host.engine.containers()[name]["Mounts"]
            if mount["Type"] == "volume"}


def volumes(host):
    return sorted(host.engine.control("state")["volumes"])


@every_engine
def test_volume_of_an_image_survives_every_deploy(host):
    for tag in ("a", "b", "c"):
        host.engine.push(REPO, tag, volumes=["/data", "/var/lib/a b"])
    host.engine.push(REPO, "bad", volumes=["/data"], exit=3, after=0.1)
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    first = mounts(host, "shop-dev-1")
    assert first["/data"] == "tinyforge.shop.dev.data" and first["/var/lib/a b"].startswith("tinyforge.shop.dev.var_lib_a_b."), first
    host.engine.control("forget")
    assert host.deploy(2, f"{REPO}:b")[0] == "succeeded"
    assert mounts(host, "shop-dev-2") == first
    # Two versions do not write to it at the same time.
    assert changes(host) == ["create", "stop", "start", "rename", "remove"], changes(host)
    assert host.deploy(3, f"{REPO}:bad")[0] == "rolled-back"
    assert mounts(host, "shop-dev-2") == first
    assert host.deploy(4, f"{REPO}:b")[0] == "unchanged"
    host.call("RemoveStage", "ss", "shop", "dev")
    assert volumes(host) == sorted(first.values()), volumes(host)


@every_engine
def test_anonymous_volume_of_what_runs_is_carried_over_by_its_name(host):
    host.engine.push(REPO, "a", volumes=["/data"])
    digest = host.engine.push(REPO, "b", volumes=["/data"])
    # As it was made before volumes were the stage's.
    labels = {"project": "shop", "stage": "dev", "deploy": "1", "digest": host.engine.digest(f"{REPO}:a"), "config": "0" * 64,
              "store": host.store}
    host.engine.control("add", {"name": "shop-dev-1", "image": {"volumes": ["/data"]}, "body": {
        "Image": f"{REPO}:a", "Labels": {f"org.tinyforge.{key}": value for key, value in labels.items()}}})
    old = mounts(host, "shop-dev-1")["/data"]
    assert len(old) == 64, old
    for number in (2, 3):
        host.engine.push(REPO, f"v{number}", volumes=["/data"])
        assert host.deploy(number, f"{REPO}:v{number}")[0] == "succeeded"
        assert mounts(host, f"shop-dev-{number}") == {"/data": old}
    host.call("RemoveStage", "ss", "shop", "dev")
    assert volumes(host) == [old] and digest, volumes(host)


def leave_anonymous_volume(host, stage="dev", deploy=1, store=STORE):
    """What a container from before has at /data."""
    host.engine.push(REPO, "with", volumes=["/data/"])
    host.engine.push(REPO, "without")
    labels = {"project": "shop", "stage": stage, "deploy": str(deploy), "digest": host.engine.digest(f"{REPO}:with"), "config": "from before",
              "store": store}
    host.engine.control("add", {"name": f"shop-{stage}-{deploy}", "image": {"volumes": ["/data"]}, "body": {
        "Image": f"{REPO}:with", "Labels": {f"org.tinyforge.{key}": value for key, value in labels.items()}}})
    return mounts(host, f"shop-{stage}-{deploy}")["/data"]


@every_engine
def test_volume_that_a_version_does_not_declare_is_there_for_the_next_that_does(host):
    old = leave_anonymous_volume(host)
    for number, tag in ((2, "without"), (3, "with")):
        assert host.deploy(number, f"{REPO}:{tag}")[0] == "succeeded"
    assert mounts(host, "shop-dev-3") == {"/data/": old}, mounts(host, "shop-dev-3")
    assert host.deploy(4, f"{REPO}:without")[0] == "succeeded"
    image = f"{REPO}@{host.engine.digest(f'{REPO}:with')}"
    body = json.loads(host.call("GetContainerBody", "sssa{sv}", "shop", "dev", image, 0)[0])
    assert body["HostConfig"]["Mounts"][0]["Source"] == old, body
    host.call("RemoveStage", "ss", "shop", "dev")
    assert host.deploy(5, f"{REPO}:with")[0] == "succeeded"
    assert mounts(host, "shop-dev-5") == {"/data/": old} and volumes(host) == [old], volumes(host)
    assert host.deploy(6, f"{REPO}:with")[0] == "unchanged"
    # One that is gone is not made anew by that name.
    host.call("RemoveStage", "ss", "shop", "dev")
    host.engine.request("DELETE", f"/v1.41/volumes/{old}")
    assert host.deploy(7, f"{REPO}:with")[0] == "succeeded"
    assert [name.rstrip("_") for name in volumes(host)] == ["tinyforge.shop.dev.data"], volumes(host)


@every_engine
def test_volume_that_was_noted_keeps_the_name_of_its_project(host):
    old = leave_anonymous_volume(host)
    assert host.deploy(2, f"{REPO}:without")[0] == "succeeded"
    host.engine.push("registry.example/other/shop", "v1", volumes=["/data"])
    for deploy in (3, 4):
        host.call("RemoveStage", "ss", "shop", "")
        if deploy == 3:
            name, text = host.refused(deploy, "registry.example/other/shop:v1")
            assert name == "NotPermitted", f"{name}: {text}"
            host.engine.request("DELETE", f"/v1.41/volumes/{old}")
    assert host.deploy(5, "registry.example/other/shop:v1")[0] == "succeeded"


@every_engine
def test_volume_that_was_given_up_is_not_noted(host):
    old = leave_anonymous_volume(host)
    root_says(host, volumes={"/data": "discard"})
    for number, tag in ((2, "with"), (3, "without")):
        assert host.deploy(number, f"{REPO}:{tag}")[0] == "succeeded"
    assert volumes(host) == [old], "the one from before is nobody's to remove"
    root_says(host)
    assert host.deploy(4, f"{REPO}:with")[0] == "succeeded"
    assert mounts(host, "shop-dev-4") == {"/data/": old} and volumes(host) == [old], volumes(host)


@every_engine
def test_volume_that_is_given_up_no_more_is_the_stages_again(host):
    for tag in ("a", "b", "c"):
        host.engine.push(REPO, tag, volumes=["/data", "/logs"])
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    first = mounts(host, "shop-dev-1")
    root_says(host, volumes={"/data": "discard"}, container={"HostConfig": {"Binds": ["/logs"]}})
    assert host.deploy(2, f"{REPO}:b")[0] == "succeeded"
    assert not set(mounts(host, "shop-dev-2").values()) & set(first.values()), mounts(host, "shop-dev-2")
    root_says(host)
    assert host.deploy(3, f"{REPO}:c")[0] == "succeeded"
    assert mounts(host, "shop-dev-3") == first and volumes(host) == sorted(first.values()), volumes(host)


@every_engine
def test_newest_of_several_containers_says_which_volume_the_stage_has(host):
    for stage in ("dev", "prod"):
        leave_anonymous_volume(host, stage)
        new = leave_anonymous_volume(host, stage, 2)
        if stage == "dev":
            assert host.deploy(3, f"{REPO}:without", stage=stage)[0] == "succeeded"
            assert host.engine.names() == ["shop-dev-3"], host.engine.names()
        else:
            host.call("RemoveStage", "ss", "shop", stage)
        assert host.deploy(4, f"{REPO}:with", stage=stage)[0] == "succeeded"
        assert mounts(host, f"shop-{stage}-4") == {"/data/": new}, mounts(host, f"shop-{stage}-4")


@every_engine
def test_volume_of_what_is_still_to_be_retired_is_carried_over(host):
    old = leave_anonymous_volume(host)
    assert host.deploy(1, f"{REPO}:with", stage="prod")[0] == "succeeded"
    assert host.deploy(2, f"{REPO}:without", MaxInstances=("u", 3))[0] == "succeeded"
    assert host.engine.names() == ["shop-dev-1", "shop-dev-2", "shop-prod-1"], host.engine.names()
    image = f"{REPO}@{host.engine.digest(f'{REPO}:with')}"
    body = json.loads(host.call("GetContainerBody", "sssa{sv}", "shop", "dev", image, 0)[0])
    assert host.deploy(3, f"{REPO}:with")[0] == "succeeded"
    assert mounts(host, "shop-dev-3") == {"/data/": old}, mounts(host, "shop-dev-3")
    assert body["HostConfig"]["Mounts"][0]["Source"] == old, body


@every_engine
def test_deploy_is_refused_where_the_note_of_its_volumes_is_damaged(host):
    old = leave_anonymous_volume(host)
    assert host.deploy(2, f"{REPO}:without")[0] == "succeeded"
    path = os.path.join(host.state, "volumes", "shop.dev")
    with open(path, encoding="utf-8") as f:
        note = f.read()
    host.engine.control("forget")
    for text in ("", note[:-1], "[]", '{"/data": 7}', note + " " * 2**16):
        host.write("deployer-state/volumes/shop.dev", text)
        name, reason = host.refused(3, f"{REPO}:with")
        assert name == "EngineFailed" and f"from {path}: the note is damaged" in reason, (name, reason)
        body = host.error_of(lambda: host.call("GetContainerBody", "sssa{sv}", "shop", "dev", f"{REPO}:with", 0))[1]
        assert f"from {path}: the note is damaged" in body, body
        with open(path, encoding="utf-8") as f:
            assert f.read() == text
    assert not changes(host) and running(host) == ["shop-dev-2"], host.engine.requests()
    host.write("deployer-state/volumes/shop.dev", note)
    assert host.deploy(3, f"{REPO}:with")[0] == "succeeded"
    assert mounts(host, "shop-dev-3") == {"/data/": old}, mounts(host, "shop-dev-3")


@every_engine
def test_container_stays_whose_volumes_cannot_be_noted(host):
    old = leave_anonymous_volume(host)
    host.write("deployer-state/volumes", "")
    outcome, detail, _ = host.deploy(2, f"{REPO}:without")
    assert outcome == "succeeded" and "; shop-dev-1 stays: Cannot note which volumes it has: Not a directory" in detail, detail
    assert host.engine.names() == ["shop-dev-1", "shop-dev-2"] and running(host) == ["shop-dev-2"], host.engine.names()
    os.unlink(os.path.join(host.state, "volumes"))
    assert host.deploy(3, f"{REPO}:with")[0] == "succeeded"
    assert mounts(host, "shop-dev-3") == {"/data/": old} and host.engine.names() == ["shop-dev-3"], host.engine.names()


@every_engine
def test_volume_that_is_given_up_ends_with_its_container_and_no_other_does(host):
    for tag in ("a", "b"):
        host.engine.push(REPO, tag, volumes=["/data", "/cache"])
    host.engine.push(REPO, "bad", volumes=["/data", "/cache"], exit=3, after=0.1)
    root_says(host, volumes={"/cache": "discard"}, container={"HostConfig": {"Binds": ["/scratch", "shop-logs:/logs"]}})
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    kept = ["shop-logs", "tinyforge.shop.dev.data"]
    own = [name for name in volumes(host) if name not in kept]
    assert len(volumes(host)) == 4 and all(len(name) == 64 for name in own), volumes(host)
    assert host.deploy(2, f"{REPO}:bad")[0] == "rolled-back"
    assert sorted(own + kept) == volumes(host), volumes(host)
    assert host.deploy(3, f"{REPO}:b")[0] == "succeeded"
    assert len(volumes(host)) == 4 and not set(own) & set(volumes(host)), volumes(host)
    host.call("RemoveStage", "ss", "shop", "dev")
    assert volumes(host) == kept, volumes(host)


@every_engine
def test_volume_that_is_given_up_and_that_the_image_does_not_have_is_told(host):
    host.engine.push(REPO, "a", volumes=["/cache"])
    root_says(host, volumes={"/cache/": "discard", "/nope": "discard"})
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    assert '"volumes" names /nope, which is no VOLUME of the image' in host.log() and "names /cache" not in host.log()


@every_engine
def test_volume_that_two_may_write_to_is_no_reason_to_recreate(host):
    for shareable in (["/data"], ["tinyforge.shop.dev.data"]):
        host.engine.control("forget", None)
        root_says(host, shareable=shareable)
        number = 1 if shareable == ["/data"] else 3
        for deploy in (number, number + 1):
            host.engine.push(REPO, f"v{deploy}", volumes=["/data"])
            assert host.deploy(deploy, f"{REPO}:v{deploy}")[0] == "succeeded"
        order = [request.partition("?")[0].rpartition("/")[2] for request in host.engine.requests()
                 if request.startswith("POST") and re.search("/(start|stop|rename)([?]|$)", request)]
        assert order[-3:] == ["start", "rename", "stop"], order


@every_engine
def test_mount_of_roots_own_stands_in_for_the_volume_of_the_image(host):
    host.engine.push(REPO, "a", volumes=["/data", "/more", "/tmp"])
    root_says(host, container={"HostConfig": {"Binds": ["shop-data:/data/"], "Tmpfs": {"/tmp": ""},
                                              "Mounts": [{"Type": "volume", "Source": "more", "Target": "/more"}]}})
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    settings = host.engine.control("state")["bodies"][-1]["HostConfig"]
    assert [mount["Source"] for mount in settings["Mounts"]] == ["more"], settings


@every_engine
def test_mount_of_another_container_stands_in_for_the_volume_of_the_image(host):
    host.engine.push(REPO, "a", volumes=["/data", "/more"])
    host.engine.control("add", {"name": "app", "body": {"Image": "other", "HostConfig": {"Binds": ["app-data:/data/"]}}})
    root_says(host, container={"HostConfig": {"VolumesFrom": ["app:ro"]}})
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    settings = host.engine.control("state")["bodies"][-1]["HostConfig"]
    assert [mount["Target"] for mount in settings["Mounts"]] == ["/more"], settings
    assert host.deploy(2, f"{REPO}:a")[0] == "unchanged"


# Networks that take no ports

@every_engine
def test_nothing_is_published_where_the_network_takes_no_ports(host):
    host.engine.control("add", {"name": "vpn", "body": {"Image": "other"}})
    for number, mode in enumerate(("container:vpn", "host", "none"), 1):
        host.engine.push(REPO, f"v{number}", listen=False)
        root_says(host, container={"HostConfig": {"NetworkMode": mode}}, healthcheck="none")
        assert host.deploy(number, f"{REPO}:v{number}")[0] == "succeeded"
        body = host.engine.control("state")["bodies"][-1]
        assert "ExposedPorts" not in body and "PortBindings" not in body["HostConfig"], (mode, body)
    # What root says is root's.
    root_says(host, container={"HostConfig": {"NetworkMode": "bridge"}}, healthcheck="none")
    host.engine.push(REPO, "v4", listen=False)
    assert host.deploy(4, f"{REPO}:v4")[0] == "succeeded"
    assert "8080/tcp" in host.engine.control("state")["bodies"][-1]["HostConfig"]["PortBindings"]


# What runs and is not reached

@every_engine
def test_the_same_again_is_unchanged_only_where_it_should_be(host):
    host.engine.push(REPO, "a", listen=False)
    host.engine.control("add", {"name": "vpn", "body": {"Image": "other"}})
    root_says(host, container={"HostConfig": {"NetworkMode": "container:vpn"}}, healthcheck="none")
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    assert host.deploy(2, f"{REPO}:a")[0] == "unchanged"
    # Its network is another container's, which somebody has made anew.
    host.engine.control("remove", {"name": "vpn"})
    host.engine.control("add", {"name": "vpn", "body": {"Image": "other"}})
    assert host.deploy(3, f"{REPO}:a")[0] == "succeeded"
    assert host.engine.names() == ["shop-dev-3", "vpn"], host.engine.names()
    # A network of the host's that it was taken off.
    root_says(host, container={"HostConfig": {"NetworkMode": "backstage"}}, healthcheck="none")
    assert host.deploy(4, f"{REPO}:a")[0] == "succeeded"
    assert host.deploy(5, f"{REPO}:a")[0] == "unchanged"
    host.engine.control("detach", {"name": "shop-dev-4"})
    assert host.deploy(6, f"{REPO}:a")[0] == "succeeded"
    assert "shop-dev-4" not in host.engine.names(), host.engine.names()


@every_engine
def test_the_same_again_replaces_what_has_fallen_ill(host):
    host.engine.push(REPO, "a", healthcheck=True)
    assert host.deploy(1, f"{REPO}:a")[0] == "succeeded"
    assert host.deploy(2, f"{REPO}:a")[0] == "unchanged"
    host.engine.control("health", {"name": "shop-dev-1", "health": "unhealthy"})
    assert host.deploy(3, f"{REPO}:a")[0] == "succeeded"
    assert host.engine.names() == ["shop-dev-3"], host.engine.names()


if __name__ == "__main__":
    tap.main()
