#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Deploys that are local: of an image that is on this host, whatever a registry knows; and a host without room for another one. The
real daemons and tinyforgectl on a private bus, an engine that only pretends.

usage: test_deployer_local.py [TEST], with WEBHOOKD=, DEPLOYERD= and TINYFORGECTL= the programs and SOURCE_ROOT= the tree
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import every_engine  # noqa: E402
from test_deployer_force import ctl, registry_requests  # noqa: E402
from test_whole import REPO, Forge, running  # noqa: E402

LOCAL = {"Local": ("b", "true")}


@every_engine
def test_local_deploy_takes_what_is_here_and_asks_no_registry(host):
    host.engine.build(REPO, "v1")
    assert host.refused(7, f"{REPO}:v1")[0] != "NoSuchImage"
    host.engine.control("forget")
    assert host.deploy(8, f"{REPO}:v1", **LOCAL)[0] == "succeeded"
    assert not registry_requests(host), registry_requests(host)
    assert running(host) == ["shop-dev-8"]


@every_engine
def test_local_deploy_of_what_is_not_here_fails_at_once(host):
    host.engine.push(REPO, "v1")
    name, text = host.refused(7, f"{REPO}:v1", **LOCAL)
    assert name == "NoSuchImage" and f"{REPO}:v1 is not on this machine, and a local deploy pulls nothing" in text, (name, text)
    assert not registry_requests(host), registry_requests(host)


def test_what_a_local_deploy_brought_is_restarted_and_gone_back_to_without_a_registry():
    with Forge() as forge:
        forge.engine.push(REPO, "v0")
        forge.deploy(f"{REPO}:v0")
        forge.engine.build(REPO, "v1", word="one")
        forge.engine.build(REPO, "v2", word="two")
        assert "succeeded" in ctl(forge, "deploy", "shop", "dev", "v1", "--local")
        forge.engine.control("forget")
        assert "succeeded" in ctl(forge, "deploy", "shop", "dev", "v2", "--local", "--force")
        assert "succeeded" in ctl(forge, "restart", "shop", "dev")
        assert "succeeded" in ctl(forge, "rollback", "shop", "dev")
        assert not registry_requests(forge), registry_requests(forge)
        ctl(forge, "restart", "shop", "dev", "--local", status=2)


def test_image_that_has_no_room_is_asked_for_once_and_a_person_is_told_what_to_do():
    with Forge() as forge:
        forge.engine.push(REPO, "v1")
        forge.engine.push(REPO, "v2")
        forge.deploy(f"{REPO}:v1")
        forge.engine.control("forget")
        forge.engine.fault("POST", "/images/create", "stream-error", message="write /layer.tar: no space left on device")
        text = ctl(forge, "deploy", "shop", "dev", "v2", status=1)
        assert "EngineDiskFull: " in text and "Make room where the engine keeps its images" in text, text
        assert len([line for line in registry_requests(forge) if "/images/create" in line]) == 1, registry_requests(forge)


if __name__ == "__main__":
    tap.main()
