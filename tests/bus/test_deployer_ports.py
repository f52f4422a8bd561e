#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Which port is the project's, and where it is reached: what labels, upstreams, texts and lists say of it. The real deployerd, and
an engine that only pretends.

usage: test_deployer_ports.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import EVERY_ENGINE, Host, root_says, with_each  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"


def publishes(*ports):
    return {"HostConfig": {"PortBindings": {port: [{"HostIp": "127.0.0.1", "HostPort": ""}] for port in ports}}}


# And files for a proxy.
every_engine = with_each(*EVERY_ENGINE, upstreams=True)


def published(host, name, port):
    return host.engine.containers()[name]["NetworkSettings"]["Ports"][port][0]["HostPort"]


@every_engine
def test_endpoint_is_the_port_that_was_probed_whatever_else_is_published(host):
    host.engine.push(REPO, "v1")
    root_says(host, container={"HostConfig": {"PortBindings": {
        "10250/tcp": [{"HostIp": "127.0.0.1", "HostPort": "1250"}], "443/tcp": [{"HostIp": "127.0.0.1", "HostPort": "1443"}]}}})
    detail = host.deploy(1, f"{REPO}:v1")[1]
    where = "127.0.0.1:" + published(host, "shop-dev-1", "8080/tcp")
    assert not where.endswith(("1250", "1443"))
    assert detail == f"shop-dev-1 runs, published on {where}", detail
    assert host.instances()[0][9] == where and host.upstream() == where, (host.instances(), host.upstream())
    assert host.deploy(2, f"{REPO}:v1")[0] == "unchanged"


@every_engine
def test_all_endpoints_are_every_port_that_is_published_the_projects_first(host):
    host.engine.push(REPO, "v1")
    at = {"10250/tcp": ("127.0.0.1", "1250"), "443/tcp": ("127.0.0.1", "1443"), "53/udp": ("127.0.0.1", "1053"),
          "53/tcp": ("::1", "1054")}
    root_says(host, container={"HostConfig": {"PortBindings": {
        port: [{"HostIp": ip, "HostPort": number}] for port, (ip, number) in at.items()}}})
    host.deploy(1, f"{REPO}:v1")
    where = "127.0.0.1:" + published(host, "shop-dev-1", "8080/tcp")
    assert host.endpoints("shop", "dev") == host.endpoints() == [
        (1, "8080/tcp", where, True), (1, "53/tcp", "[::1]:1054", False), (1, "53/udp", "127.0.0.1:1053/udp", False),
        (1, "443/tcp", "127.0.0.1:1443", False), (1, "10250/tcp", "127.0.0.1:1250", False)], host.endpoints()
    assert host.endpoints("shop", "prod") == []
    # What does not run answers nowhere.
    host.engine.control("exit", {"name": "shop-dev-1", "code": 0})
    wait_for("it has ended", lambda: host.instances()[0][7] != "running")
    assert host.endpoints() == []


@every_engine
def test_endpoint_of_udp_says_so_and_is_no_upstream(host):
    host.engine.push(REPO, "v1", ports=["53/udp"])
    root_says(host, container=publishes("53/udp"), healthcheck="none")
    detail = host.deploy(1, f"{REPO}:v1")[1]
    where = f"127.0.0.1:{published(host, 'shop-dev-1', '53/udp')}/udp"
    assert detail == f"shop-dev-1 runs, published on {where}", detail
    assert host.instances()[0][9] == where
    assert host.upstream() == "127.0.0.1:1", host.upstream()


@every_engine
def test_outcome_says_that_the_file_for_the_proxy_is_not_written(host):
    folder = os.path.join(host.runtime, "upstreams")
    words = "; the file for the proxy is not written: Not a directory"
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2", exit=3, after=0.1)
    os.rename(folder, folder + ".away")
    host.write("run/upstreams", "")
    outcome, detail, _ = host.deploy(1, f"{REPO}:v1")
    assert outcome == "succeeded" and words in detail, detail
    outcome, detail, _ = host.deploy(2, f"{REPO}:v2")
    assert outcome == "rolled-back" and "exited with status 3" in detail and words in detail, detail
    os.unlink(folder)
    os.rename(folder + ".away", folder)
    outcome, detail, _ = host.deploy(3, f"{REPO}:v1")
    assert outcome == "unchanged" and "proxy" not in detail, detail
    assert host.upstream() == "127.0.0.1:" + published(host, "shop-dev-1", "8080/tcp"), host.upstream()


@every_engine
def test_reason_names_the_other_ports_that_the_image_exposes(host):
    host.engine.push(REPO, "v1", ports=["80/tcp", "8080/tcp", "9090/tcp"], listen={"port": 8080})
    text = host.refused(1, f"{REPO}:v1")[1]
    assert ":80: " in text and "the image also exposes 8080, 9090: --port= of" in text, text
    # And not where the port has nothing to do with it.
    host.engine.push(REPO, "v2", ports=["80/tcp", "8080/tcp"], exit=3, after=0.1)
    text = host.refused(2, f"{REPO}:v2")[1]
    assert "exited with status 3" in text and "also exposes" not in text, text


def test_choice_of_the_port_is_always_logged():
    for ports, asked, told in (
            (["8080/tcp"], None, "The project's port is 8080, which the image exposes\n"),
            (["9090/tcp", "80/tcp"], None, "exposes 2 ports of tcp: the lowest, 80, is the project's; it also exposes 9090\n"),
            (["53/udp"], None, "The image exposes no port of tcp: none is published\n"),
            (["8080/tcp", "9090/tcp"], 9090, "The project's port is 9090\n"),
            (["8080/tcp"], 81, "The project's port is 81, which the image does not expose; it exposes 8080\n")):
        with Host() as host:
            host.engine.push(REPO, "v1", ports=ports, listen={"port": asked} if asked else {})
            options = {"Port": ("q", asked)} if asked else {}
            assert host.deploy(1, f"{REPO}:v1", **options)[0] == "succeeded"
            assert told in host.log(), (ports, asked, host.log())


if __name__ == "__main__":
    tap.main()
