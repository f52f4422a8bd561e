#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The networks of a container and its names there: nobody is sent to a new one before it is well. The real deployerd, and an
engine that only pretends.

usage: test_deployer_networks.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import EVERY_ENGINE, Host, root_says, with_each  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"
ALIASES = {"NetworkingConfig": {"EndpointsConfig": {"backend": {"Aliases": ["al", "shop"]}}}}
TWO = {"HostConfig": {"NetworkMode": "backend"},
       "NetworkingConfig": {"EndpointsConfig": {"front": {"Aliases": ["www"], "IPAMConfig": {"IPv4Address": "192.0.2.7"}},
                                                "backend": {"Aliases": ["al"]}, "metrics": {}}}}


every_engine = with_each(*EVERY_ENGINE, upstreams=True)


def networks(host, name):
    return host.engine.containers()[name]["NetworkSettings"]["Networks"]


def aliases(host, name):
    """{network: names that root gave}"""
    return {network: [alias for alias in endpoint["Aliases"] if not re.fullmatch("[0-9a-f]{12}", alias)]
            for network, endpoint in networks(host, name).items()}


def changes(host):
    """What was asked for that changes something, without names and ids, since the last look."""
    found = [re.sub(r"^(\S+) /v1\.\d+/(containers/[^/]+/|networks/|containers/)?", r"\1 ", line).partition("?")[0]
             for line in host.engine.requests() if re.search(r"(create|start|connect|rename|stop)(\?|$)", line)]
    return [line.removeprefix("POST ") for line in found if "images/create" not in line]


# Nobody is sent to a container before it is well

@every_engine
def test_container_has_its_aliases_only_when_it_is_well(host):
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2", listen={"after": 1})
    root_says(host, container=ALIASES)
    assert host.deploy(1, f"{REPO}:v1")[0] == "succeeded"
    assert aliases(host, "shop-dev-1") == {"backend": ["al", "shop"]}, aliases(host, "shop-dev-1")
    host.engine.control("forget")
    call = host.begin(2, f"{REPO}:v2")
    wait_for("the new one runs", lambda: "shop-dev-2.pending" in host.engine.names() and
             host.engine.containers()["shop-dev-2.pending"]["State"]["Running"])
    assert aliases(host, "shop-dev-2.pending") == {"backend": []}
    assert aliases(host, "shop-dev-1") == {"backend": ["al", "shop"]}
    assert call.wait()[0] == "succeeded", call.error
    assert aliases(host, "shop-dev-2") == {"backend": ["al", "shop"]}, aliases(host, "shop-dev-2")
    # The old one is there until the switch is over.
    assert changes(host) == ["create", "start", "backend/disconnect", "backend/connect", "rename", "stop"], changes(host)
    # The port may have changed with the network.
    assert host.upstream() == host.instances()[0][9], (host.upstream(), host.instances())
    assert host.deploy(3, f"{REPO}:v2")[0] == "unchanged"


@every_engine
def test_container_that_gets_no_aliases_is_undone(host):
    for tag in ("v1", "v2"):
        host.engine.push(REPO, tag)
    root_says(host, container=ALIASES)
    assert host.deploy(1, f"{REPO}:v1")[0] == "succeeded"
    for number, verb in ((2, "disconnect"), (3, "connect")):
        host.engine.fault("POST", f"/networks/backend/{verb}", "status", status=403, message="no such thing")
        name, text = host.refused(number, f"{REPO}:v2")
        assert name == "EngineRefused" and "no such thing" in text, f"{name}: {text}"
        assert host.engine.names() == ["shop-dev-1"], host.engine.names()
        assert aliases(host, "shop-dev-1") == {"backend": ["al", "shop"]}


@every_engine
def test_container_that_is_not_well_at_its_new_address_is_undone(host):
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2", listen={"once": True})
    root_says(host, container=ALIASES)
    assert host.deploy(1, f"{REPO}:v1")[0] == "succeeded"
    outcome, detail, _ = host.deploy(2, f"{REPO}:v2")
    assert outcome == "rolled-back" and "refused" in detail, (outcome, detail)
    assert host.engine.names() == ["shop-dev-1"], host.engine.names()


@every_engine
def test_container_whose_predecessor_made_way_has_its_aliases_from_the_beginning(host):
    for tag in ("v1", "v2"):
        host.engine.push(REPO, tag)
    root_says(host, container={**ALIASES, "HostConfig": {"PortBindings": {"8080/tcp": [{"HostPort": "8080"}]}}})
    assert host.deploy(1, f"{REPO}:v1")[0] == "succeeded"
    host.engine.control("forget")
    assert host.deploy(2, f"{REPO}:v2")[0] == "succeeded"
    assert aliases(host, "shop-dev-2") == {"backend": ["al", "shop"]}
    assert changes(host) == ["create", "stop", "start", "rename"], changes(host)


def test_labels_of_a_proxy_that_has_nothing_to_wait_for_are_told():
    told = "before it is known to be well"
    for image, project, expected in (
            ({}, {"container": {"Labels": {"traefik.enable": "true"}}}, True),
            ({"labels": {"caddy_1.reverse_proxy": "x"}}, {}, True),
            ({"labels": {"caddy": "x"}, "healthcheck": True}, {}, False),
            ({"labels": {"org.example": "x"}}, {}, False),
            ({"labels": {"caddy": "x"}}, {"container": {"HostConfig": {"PortBindings": {"8080/tcp": [{"HostPort": "8080"}]}}}}, False)):
        with Host() as host:
            host.engine.push(REPO, "v1", **image)
            root_says(host, **project)
            assert host.deploy(1, f"{REPO}:v1")[0] == "succeeded"
            assert (told in host.log()) == expected, (image, project, host.log())


# Several networks

@every_engine
def test_container_is_in_all_of_its_networks_before_it_starts(host):
    for tag in ("v1", "v2"):
        host.engine.push(REPO, tag)
    root_says(host, container=TWO)
    assert host.deploy(1, f"{REPO}:v1")[0] == "succeeded"
    assert aliases(host, "shop-dev-1") == {"backend": ["al"], "front": ["www"], "metrics": []}, networks(host, "shop-dev-1")
    assert networks(host, "shop-dev-1")["front"]["IPAMConfig"] == {"IPv4Address": "192.0.2.7"}
    joins = ["front/connect", "metrics/connect"] if host.engine.flavour == "docker" else []
    assert changes(host) == ["create", *joins, "start", "rename"], changes(host)
    if host.engine.flavour == "docker":
        body = host.engine.control("state")["bodies"][-1]
        assert list(body["NetworkingConfig"]["EndpointsConfig"]) == ["backend"], body
    assert host.deploy(2, f"{REPO}:v1")[0] == "unchanged"


@every_engine
def test_container_joins_its_other_networks_without_aliases(host):
    host.engine.push(REPO, "v1", listen={"after": 1})
    root_says(host, container={"NetworkingConfig": {"EndpointsConfig": {"a": {"Aliases": ["one"]}, "b": {"Aliases": ["two"]}}}})
    call = host.begin(1, f"{REPO}:v1")
    wait_for("the new one runs", lambda: "shop-dev-1.pending" in host.engine.names() and
             host.engine.containers()["shop-dev-1.pending"]["State"]["Running"])
    assert aliases(host, "shop-dev-1.pending") == {"a": [], "b": []}
    assert call.wait()[0] == "succeeded", call.error
    assert aliases(host, "shop-dev-1") == {"a": ["one"], "b": ["two"]}


def test_network_that_cannot_be_joined_is_told_and_undone():
    with Host() as host:
        host.engine.push(REPO, "v1")
        root_says(host, container=TWO)
        host.engine.fault("POST", "/networks/metrics/connect", "status", status=404, message="network metrics not found")
        name, text = host.refused(1, f"{REPO}:v1")
        assert name == "EngineRefused" and "network metrics not found" in text, f"{name}: {text}"
        assert host.engine.names() == [], host.engine.names()


@every_engine
def test_hostname_that_is_found_before_the_container_is_well_is_told(host):
    fixed = {"HostConfig": {"PortBindings": {"8080/tcp": [{"HostPort": "8080"}]}}}
    told = "found by its Hostname shop-host before it is known to be well"
    host.engine.push(REPO, "v1")
    for number, (container, expected) in enumerate((
            ({"Hostname": "shop-host"}, False),
            ({"Hostname": "shop-host", **ALIASES, **fixed}, False),
            (ALIASES, False),
            ({"Hostname": "shop-host", "HostConfig": {"NetworkMode": "backend"}}, True),
            ({"Hostname": "shop-host", **ALIASES}, True)), 1):
        expected = expected and host.engine.flavour == "newest"
        root_says(host, container=container)
        before = host.log().count(told) if number > 1 else 0
        assert host.deploy(number, f"{REPO}:v1")[0] == "succeeded"
        assert host.log().count(told) - before == expected, (container, host.log())
        notes = host.call("DescribeContainer", "sssa{sv}", "shop", "dev", f"{REPO}:v1", 0)[2]
        assert any("Hostname shop-host a new container is found" in note for note in notes) == expected, (container, notes)


@every_engine
def test_network_that_is_missing_is_told_before_anything_is_stopped(host):
    fixed = {"PortBindings": {"8080/tcp": [{"HostPort": "8080"}]}}
    for tag in ("v1", "v2"):
        host.engine.push(REPO, tag)
    root_says(host, container={"HostConfig": fixed})
    assert host.deploy(1, f"{REPO}:v1")[0] == "succeeded"
    host.engine.control("lack-networks", ["nope"])
    for number, networking in enumerate((
            {"HostConfig": {**fixed, "NetworkMode": "nope"}},
            {"HostConfig": {**fixed, "NetworkMode": "backend"},
             "NetworkingConfig": {"EndpointsConfig": {"backend": {}, "nope": {}}}},
            {"HostConfig": fixed, "NetworkingConfig": {"EndpointsConfig": {"backend": {}, "nope": {}}}}), 2):
        root_says(host, container=networking)
        host.engine.control("forget")
        name, text = host.refused(number, f"{REPO}:v2")
        assert name == "EngineRefused" and "no network nope" in text, f"{name}: {text}"
        assert "stop" not in changes(host) and host.engine.names() == ["shop-dev-1"], host.engine.requests()
    host.engine.control("lack-networks", [])
    assert host.deploy(9, f"{REPO}:v2")[0] == "succeeded"


# MAC addresses

MAC = "02:42:ac:11:00:02"


@every_engine
def test_mac_address_of_the_first_network_is_set_the_way_the_engine_can(host):
    host.engine.push(REPO, "v1")
    root_says(host, container={"NetworkingConfig": {"EndpointsConfig": {"a": {"MacAddress": MAC}}}})
    assert host.deploy(1, f"{REPO}:v1")[0] == "succeeded"
    body = host.engine.control("state")["bodies"][-1]
    assert body["NetworkingConfig"]["EndpointsConfig"]["a"]["MacAddress"] == MAC, body
    assert body.get("MacAddress") == (MAC if host.engine.flavour == "docker" else None), body


@every_engine
def test_mac_address_that_the_engine_cannot_set_is_refused_before_the_pull(host):
    host.engine.push(REPO, "v1")
    root_says(host, container={"NetworkingConfig": {"EndpointsConfig": {"a": {}, "b": {"MacAddress": MAC}}}})
    if host.engine.flavour != "docker":
        assert host.deploy(1, f"{REPO}:v1")[0] == "succeeded"
        return
    name, text = host.refused(1, f"{REPO}:v1")
    assert name == "Configuration" and "network b beside a needs version 1.44" in text and "speaks 1.41" in text, f"{name}: {text}"
    assert not any("/images/create" in line for line in host.engine.requests())


if __name__ == "__main__":
    tap.main()
