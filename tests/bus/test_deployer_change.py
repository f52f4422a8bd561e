#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
How one container follows another where that takes more than a start: checks that overrule the image's, stages that have to
be recreated, images that stay for a rollback. The real deployerd on a private bus, an engine that only pretends.

usage: test_deployer_change.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import EVERY_ENGINE, STORE, Host, both, every_engine  # noqa: E402

REPO = "registry.example/acme/shop"
FIXED_PORT = {"HostConfig": {"PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18080"}]}}}


def running(host):
    return sorted(name for name, c in host.engine.containers().items() if c["State"]["Running"])


def configure_project(host, container, **more):
    """What root says of the project, read at the next deploy."""
    folder = os.path.join(host.directory, "projects.d")
    os.makedirs(folder, mode=0o750, exist_ok=True)
    path = host.write("projects.d/shop.json", json.dumps({"image": REPO, "container": container, **more}))
    os.chmod(path, 0o640)


def deploy_old_one(host, **new):
    """Deploy 7 runs v1, and v2, whose containers do what is said of `new`, waits in the registry. Returns the container."""
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2", **new)
    return host.deploy(7, f"{REPO}:v1")[2]


def changes(host):
    """The requests that change containers, each by its last word."""
    return [line.split("?")[0].rpartition("/")[2] if line.startswith("POST") else "remove"
            for line in host.engine.requests()
            if "/containers/" in line and not line.startswith("GET")]


def tags(host):
    """Tags that keep images, without what is the same in all."""
    return sorted(tag.partition(":tinyforge.")[2].rpartition(".")[0]
                  for tag in host.engine.control("state")["tags"] if ":tinyforge." in tag)


# What has to go on answering

def test_container_that_answers_and_ends_is_not_healthy():
    for flavour in ("docker", "podman"):
        with Host(flavour, config="StableSec=1\n") as host:
            # It has run for long enough when it answers, and not answered for long enough.
            deploy_old_one(host, listen={"after": 1.1}, exit=3, after=1.7)
            outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
            assert outcome == "rolled-back" and "exited with status 3" in detail, detail
            host.engine.push(REPO, "v3", healthcheck=True, exit=3, after=0.5)
            outcome, detail, _ = host.deploy(9, f"{REPO}:v3")
            assert outcome == "rolled-back" and "exited with status 3" in detail, detail


def test_container_that_answers_before_the_deadline_has_met_it():
    with Host(config="HealthDeadlineSec=1\nStableSec=2\n") as host:
        deploy_old_one(host)
        assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
        host.engine.push(REPO, "v3", exit=3, after=1.5)
        outcome, detail, _ = host.deploy(9, f"{REPO}:v3")
        assert outcome == "rolled-back" and "exited with status 3" in detail, detail


# What does not end by itself

def killed(host):
    return [line for line in host.log().splitlines() if "did not end within" in line]


@both
def test_container_that_has_to_be_killed_is_told_of_with_the_cure(host):
    host.engine.push(REPO, "v1", stop_takes=5)
    host.engine.push(REPO, "v2", stop_takes=0.1)
    host.deploy(7, f"{REPO}:v1")
    assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
    assert len(killed(host)) == 1 and "shop-dev-7 did not end within 1s and was killed" in killed(host)[0], host.log()
    assert '"HostConfig": {"Init": true} in "container" of projects.d/shop.json' in killed(host)[0], host.log()
    # One that ends by itself is not even asked how.
    host.engine.control("forget")
    assert host.deploy(9, f"{REPO}:v1")[0] == "succeeded" and len(killed(host)) == 1, host.log()
    lines = [line for line in host.engine.requests() if "/containers/" in line]
    after = lines[[i for i, line in enumerate(lines) if "/stop?" in line][0] + 1:]
    assert [line.partition(" ")[0] for line in after] == ["DELETE"], after


@both
def test_containers_that_have_to_be_killed_are_told_of_once_a_deploy(host):
    for tag in ("v1", "v2", "v3"):
        host.engine.push(REPO, tag, stop_takes=5)
    host.deploy(7, f"{REPO}:v1", MaxInstances=("u", 2))
    host.deploy(8, f"{REPO}:v2", MaxInstances=("u", 2))
    assert host.deploy(9, f"{REPO}:v3")[0] == "succeeded"
    assert host.engine.names() == ["shop-dev-9"] and len(killed(host)) == 1, host.log()


@both
def test_container_with_an_init_that_is_killed_needs_longer(host):
    host.engine.push(REPO, "v1", stop_takes=5)
    host.engine.push(REPO, "v2")
    configure_project(host, {**FIXED_PORT, "HostConfig": {**FIXED_PORT["HostConfig"], "Init": True}})
    host.deploy(7, f"{REPO}:v1")
    assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
    assert len(killed(host)) == 1 and '"stop" in "limits"' in killed(host)[0] and '"Init"' not in killed(host)[0], host.log()


@both
def test_container_that_ran_out_of_memory_when_it_was_stopped_ignored_nothing(host):
    host.engine.push(REPO, "v1", stop_takes=5, oom=True)
    host.engine.push(REPO, "v2")
    host.deploy(7, f"{REPO}:v1")
    assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded" and not killed(host), host.log()


# What a person named overrules the image's HEALTHCHECK

NAMED = ("http:/", "tcp", "none")
# In ns: the engine would know in 0.2 s.
QUICK = {"Interval": 10**8, "Timeout": 10**8, "Retries": 1}


@both
def test_named_check_overrules_the_one_of_the_image(host):
    for number, check in enumerate(NAMED):
        for verdict in ("unhealthy", "starting"):
            host.engine.push(REPO, "v1", word=f"{check} {verdict}", healthcheck=QUICK, health=verdict)
            outcome, detail, container = host.deploy(10 + number, f"{REPO}:v1", stage=verdict, Healthcheck=("s", check))
            assert outcome == "succeeded", (check, detail)
            assert host.deploy(20 + number, f"{REPO}:v1", stage=verdict, Healthcheck=("s", check))[0::2] == \
                ["unchanged", container], check
    # Nobody names one: what is the image's counts again.
    assert host.refused(30, f"{REPO}:v1", stage="new")[0] == "Unhealthy"


@both
def test_named_check_of_the_file_overrules_the_one_of_the_image(host):
    host.engine.push(REPO, "v1", healthcheck=True, health="unhealthy")
    for number, check in enumerate(NAMED):
        configure_project(host, {}, stages={"dev": {"healthcheck": check}})
        outcome, detail, _ = host.deploy(2 * number + 1, f"{REPO}:v1", Healthcheck=("s", "image"))
        assert outcome == ("unchanged" if number else "succeeded"), (check, detail)


@both
def test_reason_does_not_blame_a_check_that_does_not_count(host):
    host.engine.push(REPO, "v1", healthcheck=True, health="unhealthy", listen={"status": 503})
    text = host.refused(7, f"{REPO}:v1", Healthcheck=("s", "http:/up"))[1]
    assert "/up answers 503" in text and "the shop is closed" not in text, text


@both
def test_reason_keeps_what_was_known_before_the_deadline_cut_the_last_question_short(host):
    host.engine.push(REPO, "v1", listen={"silent": True})
    text = host.refused(7, f"{REPO}:v1", Healthcheck=("s", "http:/up"))[1]
    assert "/up: no answer within 1s" in text, text


@both
def test_recreate_brings_an_old_one_back_whose_check_does_not_count(host):
    configure_project(host, FIXED_PORT, healthcheck="tcp")
    host.engine.push(REPO, "v1", healthcheck=True, health="unhealthy")
    host.engine.push(REPO, "v2", exit=3)
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
    assert outcome == "rolled-back" and "did not come back" not in detail, detail
    assert running(host) == ["shop-dev-7"]


# Recreate


@both
def test_fixed_port_stops_the_old_one_only_after_the_new_one_is_created(host):
    configure_project(host, FIXED_PORT)
    deploy_old_one(host)
    host.engine.control("forget")
    outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
    assert outcome == "succeeded", detail
    assert changes(host) == ["create", "stop", "start", "rename", "remove"], changes(host)
    assert host.engine.names() == running(host) == ["shop-dev-8"]
    assert "The old container is stopped before the new one is started, because" in host.log()


@both
def test_recreate_does_not_call_an_old_one_gone_whose_check_is_not_due(host):
    host.configure("HealthDeadlineSec=1\n")
    configure_project(host, FIXED_PORT)
    host.engine.push(REPO, "v1", healthcheck={"Interval": 3 * 10**9}, after=1.5)
    host.engine.push(REPO, "v2", exit=3)
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
    assert outcome == "rolled-back" and "did not come back" not in detail, detail
    assert "shop-dev-7 made way and runs again" in host.log()


@both
def test_recreate_brings_the_old_one_back_when_the_new_one_fails(host):
    configure_project(host, FIXED_PORT)
    old = deploy_old_one(host, exit=3)
    host.engine.control("forget")
    outcome, detail, container = host.deploy(8, f"{REPO}:v2")
    assert (outcome, container) == ("rolled-back", old), detail
    assert "exited with status 3" in detail, detail
    # An engine that is about to restart the new one would do so beside the old one.
    assert changes(host) == ["create", "stop", "start", "stop", "remove", "start"], changes(host)
    assert host.engine.names() == running(host) == ["shop-dev-7"]
    assert "shop-dev-7 made way and runs again" in host.log()


@both
def test_recreate_brings_the_old_one_back_when_the_new_one_cannot_be_started(host):
    configure_project(host, FIXED_PORT)
    deploy_old_one(host)
    host.engine.fault("POST", "/start$", "status", status=400, message="no such program")
    outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
    assert outcome == "rolled-back" and "no such program" in detail, detail
    assert host.engine.names() == running(host) == ["shop-dev-7"]


@both
def test_recreate_says_when_the_old_one_does_not_come_back(host):
    configure_project(host, FIXED_PORT)
    deploy_old_one(host, exit=3)
    host.engine.fault("POST", "/start$", "status", status=400, message="no such program", times=2)
    name, text = host.refused(8, f"{REPO}:v2")
    assert name == "Unhealthy" and "what ran before did not come back" in text, text
    assert host.engine.names() == ["shop-dev-7"] and not running(host)


@both
def test_shareable_volume_is_no_reason_to_recreate(host):
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2")
    configure_project(host, {"HostConfig": {"Binds": ["data:/data"]}}, shareable=["data"])
    host.deploy(7, f"{REPO}:v1")
    host.engine.control("forget")
    host.deploy(8, f"{REPO}:v2")
    assert changes(host) == ["create", "start", "rename", "stop", "remove"], changes(host)
    configure_project(host, {"HostConfig": {"Binds": ["data:/data"]}})
    host.engine.control("forget")
    host.deploy(9, f"{REPO}:v1")
    assert changes(host)[:3] == ["create", "stop", "start"], changes(host)


@both
def test_recreated_stage_runs_one_instance_whatever_is_asked_for(host):
    configure_project(host, FIXED_PORT)
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2")
    host.deploy(7, f"{REPO}:v1", MaxInstances=("u", 3))
    host.deploy(8, f"{REPO}:v2", MaxInstances=("u", 3))
    assert host.engine.names() == ["shop-dev-8"]


@both
def test_mistake_in_the_project_is_told_before_anything_is_pulled(host):
    host.engine.push(REPO, "v1")
    configure_project(host, {"HostConfig": "no object"})
    name, text = host.refused(7, f"{REPO}:v1")
    assert name == "Configuration" and "shop.json" in text, text
    assert not [line for line in host.engine.requests() if "/images/create" in line]


# Retain


@both
def test_images_of_the_last_generations_stay_and_older_ones_go(host):
    host.configure("Retain=2\n")
    digests = [host.engine.push(REPO, f"v{i}") for i in range(6)]
    for i in range(6):
        host.deploy(10 + i, f"{REPO}:v{i}")
    assert tags(host) == ["dev.13", "dev.14", "dev.15"], tags(host)
    local = host.engine.control("state")["local"]
    assert sorted(local) == sorted(f"{REPO}@{digest}" for digest in digests[3:]), local


@both
def test_no_tag_is_left_but_the_one_that_keeps_the_image(host):
    host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    assert host.engine.control("state")["tags"] == [f"{REPO}:tinyforge.dev.7.{STORE[:8]}-a847e0a9"]


@both
def test_image_that_did_not_come_up_does_not_stay(host):
    deploy_old_one(host, exit=1)
    assert host.deploy(8, f"{REPO}:v2")[0] == "rolled-back"
    assert tags(host) == ["dev.7"]


@both
def test_retained_image_is_run_again_without_its_registry(host):
    digest = host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2")
    host.deploy(7, f"{REPO}:v1")
    host.deploy(8, f"{REPO}:v2")
    for path in ("/distribution/", "/images/create"):
        host.engine.fault("POST" if "create" in path else "GET", path, "status", status=500, times=-1)
    outcome, detail, _ = host.deploy(9, f"{REPO}:v1@{digest}")
    assert outcome == "succeeded", detail
    assert running(host) == ["shop-dev-9"]
    assert tags(host) == ["dev.8", "dev.9"]


# One outage at most

@every_engine
def test_container_whose_namespace_is_shared_is_looked_for_before_anything_is_stopped(host):
    host.engine.push(REPO, "v2", listen=False)
    docker = host.engine.flavour != "podman"
    for number, key in enumerate(("NetworkMode", "PidMode", "IpcMode"), 1):
        host.engine.control("add", {"name": "vpn", "body": {"Image": "other"}})
        host.engine.push(REPO, "v1", word=key, listen=False)
        configure_project(host, {"HostConfig": {key: "container:vpn"}}, healthcheck="none", replace="recreate")
        assert host.deploy(10 * number, f"{REPO}:v1")[0] == "succeeded"
        if docker:
            host.engine.request("POST", "/v1.41/containers/vpn/stop")
            host.engine.control("forget")
            name, text = host.refused(10 * number + 1, f"{REPO}:v2")
            assert name == "EngineFailed" and f"container vpn, which {key} names, does not run" in text, f"{name}: {text}"
            assert "stop" not in changes(host), host.engine.requests()
        host.engine.control("remove", {"name": "vpn"})
        host.engine.control("forget")
        name, text = host.refused(10 * number + 2, f"{REPO}:v2")
        assert name == "EngineRefused" and "vpn" in text, f"{name}: {text}"
        assert "stop" not in changes(host) and running(host) == [f"shop-dev-{10 * number}"], host.engine.requests()


@every_engine
def test_switch_that_is_refused_in_unknown_words_costs_one_outage(host):
    deploy_old_one(host)
    for recreates in (False, True):
        configure_project(host, FIXED_PORT if recreates else {})
        for number, (status, words, final) in enumerate((
                (500, "the name server of names is out", recreates), (501, "never heard of it", True),
                (500, "context deadline exceeded", False), (503, "come again", False)), 8):
            host.engine.fault("POST", "/rename", "status", status=status, message=words)
            name, text = host.refused(number, f"{REPO}:v2")
            assert name == ("EngineRefused" if final else "EngineFailed") and words in text, (recreates, name, text)
            assert running(host) == host.engine.names() == ["shop-dev-7"], host.engine.names()


def test_old_one_that_the_engine_refuses_to_stop_or_to_remove_stays_until_the_next_deploy():
    for flavour in EVERY_ENGINE:
        for method, path in (("POST", r"/stop"), ("DELETE", r"/containers/")):
            for status in (400, 403, 501):
                with Host(flavour) as host:
                    deploy_old_one(host)
                    host.engine.fault(method, path, "status", status=status, message="not by you")
                    outcome, detail, container = host.deploy(8, f"{REPO}:v2")
                    assert outcome == "succeeded" and "shop-dev-8 runs" in detail, detail
                    assert "; shop-dev-7 stays: " in detail and "not by you" in detail, detail
                    assert "shop-dev-7 stays: " in host.log()
                    assert host.engine.names() == ["shop-dev-7", "shop-dev-8"]
                    assert host.engine.containers()["shop-dev-8"]["Id"] == container
                    outcome, detail, container = host.deploy(9, f"{REPO}:v2")
                    assert outcome == "unchanged" and "stays" not in detail, detail
                    assert host.engine.names() == ["shop-dev-8"]


def test_old_one_that_the_engine_fails_to_stop_or_to_remove_again_stays_until_the_next_deploy():
    for method, path in (("POST", r"/stop"), ("DELETE", r"/containers/")):
        for words, attempts in (("device or resource busy", 2), ("no space left on device", 1)):
            with Host() as host:
                deploy_old_one(host)
                host.engine.fault(method, path, "status", status=500, message=words, times=attempts)
                if attempts > 1:
                    name, text = host.refused(8, f"{REPO}:v2")
                    assert name == "EngineFailed" and words in text, (name, text)
                    assert host.engine.names() == ["shop-dev-7", "shop-dev-8"], host.engine.names()
                outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
                assert outcome == "succeeded" and "; shop-dev-7 stays: " in detail and words in detail, detail
                outcome, detail, _ = host.deploy(9, f"{REPO}:v2")
                assert outcome == "unchanged" and "stays" not in detail, detail
                assert host.engine.names() == ["shop-dev-8"], host.engine.names()


@both
def test_deploy_of_what_runs_is_unchanged_whatever_becomes_of_the_old_one_that_stays(host):
    deploy_old_one(host)
    host.engine.fault("DELETE", "/containers/", "status", status=500, message="device or resource busy", times=3)
    assert host.refused(8, f"{REPO}:v2")[0] == "EngineFailed"
    assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
    outcome, detail, _ = host.deploy(9, f"{REPO}:v2")
    assert outcome == "unchanged" and "; shop-dev-7 stays: " in detail and "busy" in detail, (outcome, detail)
    outcome, detail, _ = host.deploy(10, f"{REPO}:v2")
    assert outcome == "unchanged" and "stays" not in detail and host.engine.names() == ["shop-dev-8"], (outcome, detail)


@both
def test_old_one_does_not_stay_for_an_engine_that_has_ended(host):
    deploy_old_one(host)
    host.engine.fault("POST", "/stop", "status", status=500)
    assert host.refused(8, f"{REPO}:v2")[0] == "EngineFailed"
    host.engine.fault("POST", "/stop", "die", when="before")
    name, text = host.refused(8, f"{REPO}:v2")
    assert name in ("EngineFailed", "EngineUnreachable"), (name, text)
    host.engine.control("revive")
    outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
    assert outcome == "succeeded" and "stays" not in detail and host.engine.names() == ["shop-dev-8"], detail


if __name__ == "__main__":
    tap.main()
