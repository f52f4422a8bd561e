#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What a deploy asks of the engine, request by request: an engine answers one after the other, and each costs its time before the
switch. What is asked for protects somebody; what is known already is not asked for again.

usage: test_deployer_requests.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import Host, both, root_says  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"
FIXED_PORT = {"HostConfig": {"PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}}}

# From a tag to an image that is here and has a tag of the deploy.
DOCKER_IMAGE = ["GET /distribution/{image}:v2/json", "GET /images/{image}@{digest}/json", "POST /images/create",
                "GET /images/{image}@{digest}/json", "POST /images/{image}@{digest}/tag"]
PODMAN_IMAGE = ["GET /images/{image}:v2/json", "POST /images/create", "GET /images/{image}:v2/json",
                "GET /libpod/images/{image}:v2/json", "POST /images/{image}@{digest}/tag", "DELETE /images/{image}:v2"]
# The image of what runs is kept, and what is not needed any more goes.
KEEP = ["POST /images/{image}@{digest}/tag", "GET /images/json", "DELETE /images/{image}:pending"]

OVERLAP = ["GET /containers/old/json", "POST /containers/create", "GET /events", "POST /containers/new/start",
           "GET /containers/new/json", "GET /containers/new/json", "POST /containers/new/rename",
           "POST /containers/old/stop", "DELETE /containers/old"]
# Nobody stops for a container whose name is taken.
RECREATE = ["GET /containers/old/json", "GET /containers/shop-dev-8/json", "POST /containers/create",
            "POST /containers/old/stop", "GET /events", "POST /containers/new/start",
            "GET /containers/new/json", "GET /containers/new/json", "POST /containers/new/rename",
            "DELETE /containers/old"]


def asked(host, old, new):
    """The requests since the last "forget", without what differs from run to run."""
    names = {r"^(\S+) /v[0-9.]+/libpod/": r"\1 /libpod/", r"^(\S+) /v1\.[0-9]+/": r"\1 /", r"\?.*": "", old: "old", new: "new",
             REPO: "{image}", "sha256:[0-9a-f]{64}": "{digest}", r":tinyforge\.dev\.8\.[0-9a-f]{8}-[0-9a-f]{8}\.pending$": ":pending"}
    lines = []
    for line in host.engine.requests():
        for pattern, name in names.items():
            line = re.sub(pattern, name, line)
        lines.append(line)
    return lines


def replace(host):
    """Deploys what replaces the one that runs; what was asked."""
    for tag in ("v1", "v2"):
        host.engine.push(REPO, tag)
    old = host.deploy(7, f"{REPO}:v1")[2]
    host.engine.control("forget")
    outcome, _, new = host.deploy(8, f"{REPO}:v2")
    assert outcome == "succeeded" and host.engine.names() == ["shop-dev-8"], outcome
    return asked(host, old, new)


def test_deploy_that_replaces_asks_for_nothing_twice():
    for flavour, fetch in (("docker", DOCKER_IMAGE), ("podman", PODMAN_IMAGE)):
        with Host(flavour) as host:
            lines = replace(host)
            assert lines == ["GET /_ping", "GET /containers/json", *fetch, *OVERLAP, *KEEP], lines


def test_deploy_that_recreates_asks_for_nothing_twice():
    for flavour, fetch in (("docker", DOCKER_IMAGE), ("podman", PODMAN_IMAGE)):
        with Host(flavour) as host:
            root_says(host, container=FIXED_PORT)
            lines = replace(host)
            assert lines == ["GET /_ping", "GET /containers/json", *fetch, *RECREATE, *KEEP], lines


@both
def test_deploy_that_changes_nothing_looks_once(host):
    host.engine.push(REPO, "v1")
    old = host.deploy(7, f"{REPO}:v1")[2]
    host.engine.control("forget")
    assert host.deploy(8, f"{REPO}:v1")[0] == "unchanged"
    lines = [line for line in asked(host, old, "none") if "/containers/" in line]
    assert lines == ["GET /containers/json", "GET /containers/old/json"], lines


@both
def test_what_stays_beside_the_new_one_is_looked_at_again(host):
    for tag in ("v1", "v2"):
        host.engine.push(REPO, tag)
    old = host.deploy(7, f"{REPO}:v1", MaxInstances=("u", 2))[2]
    host.engine.control("forget")
    new = host.deploy(8, f"{REPO}:v2", MaxInstances=("u", 2))[2]
    assert host.engine.names() == ["shop-dev-7", "shop-dev-8"]
    lines = [line for line in asked(host, old, new) if "/containers/" in line]
    after = lines[lines.index("POST /containers/new/rename") + 1:]
    assert sorted(after) == ["GET /containers/json", "GET /containers/new/json", "GET /containers/old/json"], after


@both
def test_end_is_told_and_not_asked_for(host):
    host.engine.push(REPO, "v2", healthcheck=True, health="starting", exit=3, after=0.3)
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the new one", lambda: "shop-dev-8.pending" in host.engine.names())
    new = host.engine.containers()["shop-dev-8.pending"]["Id"]
    call.wait()
    assert call.error and "exited with status 3" in call.error, call.reply
    # After the start, at the end, to tell why; one more where the check was asked for in between.
    looks = [line for line in asked(host, "none", new) if line == "GET /containers/new/json"]
    assert len(looks) <= 4, looks


def test_list_that_tells_no_repository_is_no_leave_to_change():
    for image in ("ghcr.io/other/shop", "docker.io/library/sha256"):
        with Host() as host:
            host.engine.push(REPO, "v1")
            host.engine.push(image, "v1")
            container = host.deploy(7, f"{REPO}:v1")[2]
            os.unlink(os.path.join(host.state, "repositories", "shop"))
            # As Docker tells of a container whose tag is another image's by now.
            labels = host.engine.containers()["shop-dev-7"]["Config"]["Labels"]
            host.engine.fault("GET", r"/containers/json", "raw", data=json.dumps([
                {"Id": container, "Names": ["/shop-dev-7"], "Image": "sha256:" + "1" * 64, "State": "running", "Labels": labels}]))
            name, text = host.refused(8, f"{image}:v1")
            assert name == "NotPermitted" and f"shop-dev-7 is of {REPO}" in text, f"{name}: {text}"


if __name__ == "__main__":
    tap.main()
