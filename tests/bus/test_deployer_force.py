#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What runs is replaced by the same again where a person asks for it: deploys that are forced, and restarts. The real daemons
and tinyforgectl on a private bus, an engine that only pretends.

usage: test_deployer_force.py [TEST], with WEBHOOKD=, DEPLOYERD= and TINYFORGECTL= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import every_engine  # noqa: E402
from test_deployer_change import FIXED_PORT, changes, configure_project  # noqa: E402
from test_whole import REPO, Forge, running  # noqa: E402
from waiting import wait_for  # noqa: E402

FORCE = {"Force": ("b", "true")}


def ctl(forge, *arguments, status=0):
    result = subprocess.run([os.environ["TINYFORGECTL"], *arguments], capture_output=True, text=True, timeout=60, check=False,
                            env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=forge.bus.address, TZ="UTC"))
    assert result.returncode == status, (arguments, result)
    return result.stdout + result.stderr


def digest_of(forge, name):
    return forge.engine.containers()[name]["Config"]["Labels"]["org.tinyforge.digest"]


def registry_requests(forge):
    return [line for line in forge.engine.requests() if "/distribution/" in line or "/images/create" in line]


# The deployer


@every_engine
def test_forced_deploy_replaces_what_is_the_same(host):
    host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    assert host.deploy(8, f"{REPO}:v1")[0] == "unchanged"
    assert host.deploy(9, f"{REPO}:v1", **FORCE)[0] == "succeeded"
    assert running(host) == host.engine.names() == ["shop-dev-9"]
    assert "shop-dev-7 runs the same: it is replaced, as asked for" in host.log()


@every_engine
def test_forced_deploy_keeps_to_the_rules_of_recreate(host):
    configure_project(host, FIXED_PORT)
    host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    host.engine.control("forget")
    assert host.deploy(8, f"{REPO}:v1", **FORCE)[0] == "succeeded"
    assert changes(host) == ["create", "stop", "start", "rename", "remove"], changes(host)


@every_engine
def test_forced_deploy_that_does_not_come_up_keeps_the_old_one(host):
    host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    host.engine.fault("POST", "/start$", "status", status=400, message="no such program")
    assert host.deploy(8, f"{REPO}:v1", **FORCE)[0] == "rolled-back"
    assert running(host) == host.engine.names() == ["shop-dev-7"]


@every_engine
def test_forced_deploy_is_not_done_twice_when_it_is_asked_for_again(host):
    host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    container = host.deploy(8, f"{REPO}:v1", **FORCE)[2]
    outcome, _, again = host.deploy(8, f"{REPO}:v1", **FORCE)
    assert (outcome, again) == ("succeeded", container)


# The queue, and the command


def test_deploy_with_force_and_restart_make_a_new_container():
    with Forge() as forge:
        digest = forge.engine.push(REPO, "v1", word="one")
        first = forge.deploy(f"{REPO}:v1")
        assert "unchanged" in ctl(forge, "deploy", "shop", "dev", "v1")
        assert "succeeded" in ctl(forge, "deploy", "shop", "dev", "v1", "--force")
        assert running(forge) != [f"shop-dev-{first}"]
        # The tag moves on: a restart does not.
        forge.engine.push(REPO, "v1", word="two")
        [before] = running(forge)
        forge.engine.control("forget")
        assert "succeeded" in ctl(forge, "restart", "shop", "dev")
        [after] = running(forge)
        assert after != before and digest_of(forge, after) == digest, (before, after)
        assert not registry_requests(forge), registry_requests(forge)
        ctl(forge, "restart", "shop", "dev", "--force", status=2)


def test_forced_row_outlives_both_daemons():
    with Forge() as forge:
        forge.engine.push(REPO, "v1")
        first = forge.deploy(f"{REPO}:v1")
        forge.engine.fault("POST", "/containers/create", "hang")
        number = forge.webhookd.call("DeployWithOptions", "sssa{sv}", "shop", "dev", "v1", 1, "Force", "b", "true")[0]
        wait_for("the container is to be created", lambda: "create" in changes(forge)[1:])
        forge.webhookd.stop(signal.SIGKILL)
        forge.signal(signal.SIGKILL)
        forge.engine.control("release")
        forge.webhookd.start()
        assert forge.wait_final(number)[0] == "succeeded", forge.row(number)
        assert running(forge) == [f"shop-dev-{number}"] and number > first


def test_restart_of_what_a_rollback_brought_keeps_what_it_went_back_from_away():
    with Forge() as forge:
        forge.engine.push(REPO, "1.0.0", word="old")
        forge.engine.push(REPO, "1.1.0", word="new")
        old = digest_of(forge, f"shop-dev-{forge.deploy(f'{REPO}:1.0.0')}")
        forge.webhookd.call("SetStage", "ssa{sv}", "shop", "dev", 2, "TagPattern", "s", ">=1", "Policy", "s", "semver")
        forge.deploy(f"{REPO}:1.1.0")
        forge.wait_final(forge.webhookd.call("Rollback", "ss", "shop", "dev")[0])
        number = forge.webhookd.call("Restart", "ss", "shop", "dev")[0]
        assert forge.wait_final(number)[0] == "succeeded"
        assert digest_of(forge, f"shop-dev-{number}") == old
        answer = forge.webhookd.post(f"{REPO}:1.1.0").json()
        assert not answer.get("deploys"), answer
        # And there is nothing older to go back to.
        assert forge.error_of(lambda: forge.webhookd.call("Rollback", "ss", "shop", "dev"))[0] == "NoRollbackTarget"


def test_restart_leaves_alone_what_is_on_its_way_and_says_what_is_missing():
    with Forge("HealthDeadlineSec=60\n") as forge:
        forge.engine.push(REPO, "v1")
        forge.engine.push(REPO, "v2", healthcheck=True, health="starting")
        forge.deploy(f"{REPO}:v1")
        number = forge.deliver(f"{REPO}:v2")
        forge.wait_begun("shop", number)
        assert f"Deploy {number} of shop/dev is running" in ctl(forge, "restart", "shop", "dev", status=1)
        forge.webhookd.call("Cancel", "t", number)
        assert forge.wait_final(number)[0] == "cancelled"
        forge.webhookd.call("SetStage", "ssa{sv}", "shop", "prod", 1, "TagPattern", "s", "x*")
        name, text = forge.error_of(lambda: forge.webhookd.call("Restart", "ss", "shop", "prod"))
        assert name == "NothingRuns" and "prod" in text, (name, text)
        ctl(forge, "restart", "shop", "nowhere", status=4)


def test_unknown_option_of_a_deploy_is_refused_by_name():
    with Forge() as forge:
        name, text = forge.error_of(lambda: forge.webhookd.call("DeployWithOptions", "sssa{sv}", "shop", "dev", "v1", 1,
                                                                "Foce", "b", "true"))
        assert name == "InvalidOption" and "Foce" in text, (name, text)
        assert json.loads(ctl(forge, "--json", "deploys")) == []


if __name__ == "__main__":
    tap.main()
