#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What another store has in a stage: it is nobody's to replace, until a person has the next deploy take it over. The real daemons
and tinyforgectl on a private bus, an engine that only pretends.

usage: test_deployer_takeover.py [TEST], with WEBHOOKD=, DEPLOYERD= and TINYFORGECTL= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import shutil
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import EVERY_ENGINE, STORE, Call, Host, every_engine, new_store, with_each  # noqa: E402
from test_deployer_change import FIXED_PORT, changes, configure_project, tags  # noqa: E402
from test_deployer_data import leave_anonymous_volume, mounts  # noqa: E402
from test_deployer_force import ctl  # noqa: E402
from test_whole import REPO, Forge, running  # noqa: E402
from waiting import wait_for  # noqa: E402


def take_over(host, store=STORE, stage="dev"):
    return host.call("TakeOverStage", "sss", "shop", stage, store)[0]


def leave_another_store(host):
    """Deploy 7 of v1 is of a store that is lost; v2 is not here yet."""
    for tag in ("v1", "v2"):
        host.engine.push(REPO, tag)
    other = new_store()
    container = Host.deploy(host, 7, f"{REPO}:v1", Store=("s", other))[2]
    return other, container


@every_engine
def test_next_deploy_retires_what_another_store_has_and_says_so(host):
    other, _ = leave_another_store(host)
    host.deploy(8, f"{REPO}:v1")
    assert running(host) == ["shop-dev-7", "shop-dev-8"]
    assert take_over(host) == 1 and host.property("TakeOvers") == ["shop/dev"]
    outcome, detail, _ = host.deploy(9, f"{REPO}:v2")
    assert outcome == "succeeded" and "; 1 container of another store is taken over" in detail, detail
    assert running(host) == host.engine.names() == ["shop-dev-9"]
    assert f"shop-dev-7 of the store {other} is taken over" in host.log()
    assert "takes over what other stores have there, as asked for by uid" in host.log() and "STAGE_TAKE_OVER" in host.log()
    assert not [tag for tag in tags(host) if tag.startswith("dev.7")], tags(host)
    assert host.property("TakeOvers") == []


@every_engine
def test_wish_stays_with_what_the_engine_refuses_to_stop(host):
    leave_another_store(host)
    take_over(host)
    host.engine.fault("POST", r"/stop", "status", status=403, message="not by you")
    outcome, detail, _ = host.deploy(9, f"{REPO}:v2")
    assert outcome == "succeeded" and "shop-dev-7 stays" in detail and "taken over" not in detail, detail
    assert host.property("TakeOvers") == ["shop/dev"]
    outcome, detail, _ = host.deploy(10, f"{REPO}:v2")
    assert "; 1 container of another store is taken over" in detail, detail
    assert host.property("TakeOvers") == [] and host.engine.names() == ["shop-dev-9"], host.engine.names()


@every_engine
def test_wish_is_good_for_one_deploy_and_one_stage(host):
    leave_another_store(host)
    take_over(host)
    host.deploy(8, f"{REPO}:v2", stage="prod", Store=("s", STORE))
    assert host.property("TakeOvers") == ["shop/dev"]
    host.deploy(9, f"{REPO}:v2")
    host.deploy(10, f"{REPO}:v1", Store=("s", new_store()))
    host.deploy(11, f"{REPO}:v1")
    assert running(host) == ["shop-dev-10", "shop-dev-11", "shop-prod-8"], running(host)


@every_engine
def test_wish_is_good_for_the_store_that_has_it(host):
    leave_another_store(host)
    take_over(host)
    host.deploy(8, f"{REPO}:v2", Store=("s", new_store()))
    assert running(host) == ["shop-dev-7", "shop-dev-8"] and host.property("TakeOvers") == ["shop/dev"], running(host)


@every_engine
def test_wish_goes_with_its_stage_though_nothing_is_left_there(host):
    for stage in ("dev", ""):
        _, container = leave_another_store(host)
        take_over(host)
        host.engine.request("DELETE", f"/v1.41/containers/{container}?force=1")
        host.call("RemoveStage", "ss", "shop", "prod")
        assert host.property("TakeOvers") == ["shop/dev"]
        host.call("RemoveStage", "ss", "shop", stage)
        assert host.property("TakeOvers") == [], stage


@every_engine
def test_the_same_by_another_store_is_replaced(host):
    leave_another_store(host)
    take_over(host)
    assert host.deploy(8, f"{REPO}:v1")[0] == "succeeded"
    assert running(host) == host.engine.names() == ["shop-dev-8"]


@every_engine
def test_deploy_that_finds_its_own_unchanged_takes_over_nevertheless(host):
    leave_another_store(host)
    host.deploy(8, f"{REPO}:v1")
    take_over(host)
    outcome, detail, _ = host.deploy(9, f"{REPO}:v1")
    assert outcome == "unchanged" and "taken over" in detail, detail
    assert running(host) == host.engine.names() == ["shop-dev-8"]


@every_engine
def test_volume_of_what_is_taken_over_takes_the_place_of_none_of_the_stages_own(host):
    for path, stage in (("/data", "dev"), ("/data/", "prod")):
        leave_anonymous_volume(host, stage, 7, store=new_store())
        host.engine.push(REPO, "v1", volumes=[path])
        assert host.deploy(8, f"{REPO}:v1", stage=stage)[0] == "succeeded"
        own = mounts(host, f"shop-{stage}-8")
        take_over(host, stage=stage)
        assert "taken over" in host.deploy(9, f"{REPO}:v1", stage=stage)[1]
        if stage == "dev":
            # By somebody else, so that the note alone is left.
            host.engine.control("remove", {"name": "shop-dev-8"})
        else:
            assert host.deploy(10, f"{REPO}:without", stage=stage)[0] == "succeeded"
        assert host.deploy(11, f"{REPO}:v1", stage=stage)[0] == "succeeded"
        assert mounts(host, f"shop-{stage}-11") == own, (own, mounts(host, f"shop-{stage}-11"))


@every_engine
def test_no_new_one_writes_to_a_volume_that_another_stores_still_writes_to(host):
    host.engine.push(REPO, "v1", volumes=["/data"])
    Host.deploy(host, 7, f"{REPO}:v1", Store=("s", new_store()))
    for stage, binds in (("dev", None), ("prod", ["shop-data:/data"])):
        if binds:
            configure_project(host, {"HostConfig": {"Binds": binds}})
            Host.deploy(host, 7, f"{REPO}:v1", stage=stage, Store=("s", new_store()))
        name, text = host.refused(8, f"{REPO}:v1", stage=stage)
        assert name == "EngineRefused" and f"shop-{stage}-7 is of another store and runs" in text, (name, text)
        assert f"tinyforgectl stage take-over shop {stage}" in text, text
        assert f"shop-{stage}-7" in running(host) and f"shop-{stage}-8" not in host.engine.names(), host.engine.names()
    host.engine.push(REPO, "plain")
    configure_project(host, {}, replace="recreate")
    name, text = host.refused(8, f"{REPO}:plain")
    assert name == "EngineRefused" and '"replace": "recreate"' in text and "stage take-over shop dev" in text, (name, text)
    configure_project(host, {}, shareable=["/data", "shop-data"])
    assert host.deploy(9, f"{REPO}:v1")[0] == "succeeded" and "shop-dev-7" in running(host), "root says that they may"
    configure_project(host, {})
    take_over(host)
    assert "taken over" in host.deploy(10, f"{REPO}:v1")[1]
    assert [name for name in running(host) if "dev" in name] == ["shop-dev-9"], running(host)


@every_engine
def test_volume_of_what_a_dead_attempt_took_over_takes_the_place_of_none_of_the_stages_own(host):
    leave_anonymous_volume(host, deploy=7, store=new_store())
    host.engine.push(REPO, "v1", volumes=["/data"])
    assert host.deploy(8, f"{REPO}:v1")[0] == "succeeded"
    own = mounts(host, "shop-dev-8")
    take_over(host)
    host.engine.fault("DELETE", "/containers/", "kill", when="after")
    host.begin(9, f"{REPO}:v1").wait()
    wait_for("the deployer is gone", lambda: not host.pid())
    assert host.engine.names() == ["shop-dev-8"]
    assert host.deploy(9, f"{REPO}:v1")[0] == "unchanged"
    host.engine.control("remove", {"name": "shop-dev-8"})
    assert host.deploy(10, f"{REPO}:v1")[0] == "succeeded"
    assert mounts(host, "shop-dev-10") == own, (own, mounts(host, "shop-dev-10"))


@every_engine
def test_body_that_is_shown_has_volumes_of_another_store_only_where_it_is_taken_over(host):
    old = leave_anonymous_volume(host, store=new_store())
    image = f"{REPO}@{host.engine.digest(f'{REPO}:with')}"

    def source(*store):
        body = json.loads(host.call("GetContainerBody", "sssa{sv}", "shop", "dev", image, len(store) // 3, *store)[0])
        return body["HostConfig"]["Mounts"][0]["Source"]
    assert host.deploy(2, f"{REPO}:without")[0] == "succeeded"
    host.engine.request("POST", f"/v1.41/images/create?fromImage={REPO}&tag={host.engine.digest(f'{REPO}:with')}")
    assert source("Store", "s", STORE) == "tinyforge.shop.dev.data_", source("Store", "s", STORE)
    assert source() == old
    take_over(host)
    assert source("Store", "s", STORE) == old
    assert host.deploy(3, f"{REPO}:with")[0] == "succeeded"
    assert mounts(host, "shop-dev-3") == {"/data/": old}, mounts(host, "shop-dev-3")


def leave_pending(host, other):
    """Deploy 8 of v2 is of a store that is lost, and the deployer died before it was switched to."""
    host.engine.push(REPO, "v2", healthcheck=True, health="starting")
    call = Call(lambda: Host.deploy(host, 8, f"{REPO}:v2", Store=("s", other)))
    wait_for("it comes up", lambda: "shop-dev-8.pending" in running(host))
    assert [row[5] for row in host.instances()] == ["shop-dev-7"], "what comes up is not there yet"
    host.signal(signal.SIGKILL)
    call.wait()


@with_each(*EVERY_ENGINE, config="HealthDeadlineSec=600\n")
def test_what_another_store_left_half_way_is_not_in_the_way_and_is_shown(host):
    other, _ = leave_another_store(host)
    leave_pending(host, other)
    host.engine.push(REPO, "v3")
    assert sorted(row[5] for row in host.instances()) == ["shop-dev-7", "shop-dev-8.pending"], host.instances()
    assert host.endpoints() == [row for row in host.endpoints() if row[0] == 7]
    assert host.deploy(8, f"{REPO}:v3")[0] == "succeeded"
    assert running(host) == ["shop-dev-7", "shop-dev-8", "shop-dev-8.pending"], running(host)
    assert take_over(host) == 2
    outcome, detail, _ = host.deploy(9, f"{REPO}:v1")
    assert outcome == "succeeded", detail
    assert running(host) == host.engine.names() == ["shop-dev-9"], host.engine.names()


@with_each(*EVERY_ENGINE, config="HealthDeadlineSec=600\n")
def test_spare_name_is_undone_and_recovered_like_the_other(host):
    other, _ = leave_another_store(host)
    leave_pending(host, other)
    spare = f"shop-dev-8.{STORE[:8]}.pending"
    call = host.begin(8, f"{REPO}:v2")
    wait_for("it comes up", lambda: spare in running(host))
    host.signal(signal.SIGKILL)
    call.wait()
    host.engine.push(REPO, "v3", exit=3)
    name, text = host.refused(8, f"{REPO}:v3")
    assert name == "Unhealthy" and f"{spare} was left behind and is removed" in host.log(), (name, text)
    assert running(host) == host.engine.names() == ["shop-dev-7", "shop-dev-8.pending"], host.engine.names()


@every_engine
def test_version_that_fails_leaves_what_is_to_be_taken_over(host):
    _, old = leave_another_store(host)
    configure_project(host, FIXED_PORT)
    host.engine.push(REPO, "bad", exit=3)
    take_over(host)
    outcome, detail, container = host.deploy(8, f"{REPO}:bad")
    assert (outcome, container) == ("rolled-back", old), detail
    assert running(host) == host.engine.names() == ["shop-dev-7"]
    assert host.property("TakeOvers") == ["shop/dev"]
    host.engine.control("forget")
    assert host.deploy(9, f"{REPO}:v2")[0] == "succeeded"
    assert changes(host) == ["create", "stop", "start", "rename", "remove"], changes(host)
    assert running(host) == ["shop-dev-9"]


@every_engine
def test_deploy_that_dies_after_its_switch_takes_over_in_the_next_attempt(host):
    leave_another_store(host)
    take_over(host)
    host.engine.fault("DELETE", "/containers/", "hang")
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the old one is to be removed", lambda: "remove" in changes(host))
    host.signal(signal.SIGKILL)
    call.wait()
    host.engine.control("release")
    assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
    assert running(host) == host.engine.names() == ["shop-dev-8"]
    assert host.property("TakeOvers") == []


@every_engine
def test_nothing_to_take_over_is_refused_and_so_is_what_is_no_store(host):
    host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    name, text = host.error_of(lambda: take_over(host))
    assert name == "NothingToTakeOver" and "shop/dev" in text, (name, text)
    assert host.error_of(lambda: take_over(host, "../../etc"))[0] == "InvalidOption"
    assert "STAGE_TAKE_OVER" not in host.log(), "what is not done is not told"
    assert host.property("TakeOvers") == []


@every_engine
def test_stage_that_is_removed_is_not_taken_over(host):
    leave_another_store(host)
    take_over(host)
    host.call("RemoveStage", "ss", "shop", "dev")
    assert host.property("TakeOvers") == [] and host.engine.names() == []


def test_numbers_start_above_what_a_lost_store_left_half_way():
    with Forge("HealthDeadlineSec=600\n") as forge:
        other, _ = leave_another_store(forge)
        leave_pending(forge, other)
        forge.engine.push(REPO, "v3")
        forge.deliver(f"{REPO}:v3")
        row = wait_for("it is through", lambda: next((r for r in forge.webhookd.call("ListDeploys", "ssu", "", "", 0)[0]
                                                      if r[4] in ("succeeded", "failed")), None), 60)
        assert (row[0], row[4]) == (9, "succeeded"), row
        rows = json.loads(ctl(forge, "--json", "status", status=1).splitlines()[0])["instances"]
        assert [(row["name"], row["managed"]) for row in rows] == [
            ("shop-dev-9", True), ("shop-dev-8.pending", False), ("shop-dev-7", False)], rows
        assert "pending" not in ctl(forge, "--json", "metrics")


def test_removal_says_how_much_was_another_stores_and_names_the_engine():
    for flavour in ("docker", "podman"):
        with Forge(flavour=flavour) as forge:
            forge.engine.push(REPO, "v2")
            forge.deploy(f"{REPO}:v2")
            leave_another_store(forge)
            text = ctl(forge, "stage", "remove", "shop", "dev", "--stop")
            assert "1 container of another store was removed as well." in text, text
            assert f"listed by: {flavour} volume ls --filter name=tinyforge.shop.dev" in text, text
            assert forge.engine.names() == [], forge.engine.names()


def test_removal_keeps_what_its_volumes_cannot_be_noted_of_and_says_so():
    for flavour in ("docker", "podman"):
        with Forge(flavour=flavour) as forge:
            forge.engine.push(REPO, "v2")
            forge.deploy(f"{REPO}:v2")
            old = leave_anonymous_volume(forge, deploy=90)
            forge.write("deployer-state/volumes", "")
            text = ctl(forge, "stage", "remove", "shop", "dev", "--stop", status=1)
            assert "shop-dev-90 is stopped, and stays: Cannot note which volumes it has: Not a directory" in text, text
            assert forge.engine.names() == ["shop-dev-90"] and not running(forge), forge.engine.names()
            assert [row[0] for row in forge.webhookd.call("ListStages", "s", "shop")[0]] == ["dev"]
            os.unlink(os.path.join(forge.state, "volumes"))
            ctl(forge, "stage", "remove", "shop", "dev", "--stop")
            assert forge.engine.names() == [], forge.engine.names()
            with open(os.path.join(forge.state, "volumes", "shop.dev"), encoding="utf-8") as f:
                assert json.load(f) == {"/data": old}


def test_own_leftover_keeps_its_number():
    with Forge("HealthDeadlineSec=600\n") as forge:
        forge.engine.push(REPO, "v1", healthcheck=True, after=3)
        number = forge.deliver(f"{REPO}:v1")
        forge.wait_begun("shop", number)
        forge.webhookd.stop(signal.SIGKILL)
        forge.signal(signal.SIGKILL)
        assert forge.engine.names() == [f"shop-dev-{number}.pending"]
        forge.webhookd.start()
        assert forge.wait_final(number)[0] == "succeeded", forge.row(number)
        assert running(forge) == [f"shop-dev-{number}"], running(forge)


def test_new_store_takes_over_by_command_over_the_death_of_both_daemons():
    with Forge() as forge:
        for tag in ("v1", "v2", "v3"):
            forge.engine.push(REPO, tag)
        old = forge.deploy(f"{REPO}:v1")
        forge.webhookd.stop()
        shutil.rmtree(forge.webhookd.state)
        os.mkdir(forge.webhookd.state, 0o700)
        forge.webhookd.start()
        number = forge.deliver(f"{REPO}:v2")
        wait_for("it is through", lambda: [r for r in forge.webhookd.call("ListDeploys", "ssu", "", "", 0)[0]
                                           if r[4] == "succeeded"])
        assert len(running(forge)) == 2 and number, running(forge)
        assert "unmanaged" in ctl(forge, "status", status=1)
        assert "takes over 1 container of another store" in ctl(forge, "stage", "take-over", "shop", "dev")
        forge.signal(signal.SIGKILL)
        forge.webhookd.stop(signal.SIGKILL)
        forge.webhookd.start()
        assert "The next deploy of shop/dev takes over" in ctl(forge, "status", status=1)
        new = forge.deploy(f"{REPO}:v3")
        assert running(forge) == [f"shop-dev-{new}"], (old, running(forge))
        assert "another store is taken over" in forge.row(new)[1], forge.row(new)
        status = json.loads(ctl(forge, "--json", "status", status=1).splitlines()[0])
        assert status["engine"]["take_overs"] == [], status
        assert "status" in ctl(forge, "stage", "take-over", "shop", "dev", status=1)
        ctl(forge, "stage", "take-over", "shop", "nowhere", status=4)


if __name__ == "__main__":
    tap.main()
