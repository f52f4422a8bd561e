#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Commands that root's file has run before the switch, and after it: when, in what container, and what becomes of the deploy. The real
deployerd on a private bus, an engine that only pretends.

usage: test_deployer_commands.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import json
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import STORE, Progress, both, root_says, running, runs, with_each  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"
MIGRATE = {"Cmd": ["bin/migrate"]}
WARM = {"Cmd": ["bin/warm", "cache"]}
FIXED_PORT = {"HostConfig": {"PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}}}


def push(host, tag, migrate=None, warm=None, **more):
    """An image, and what its commands do; without a word they end well."""
    host.engine.push(REPO, tag, commands={"bin/migrate": {"exit": 0, "after": 0.05, "logs": ["migrated"], **(migrate or {})},
                                          "bin/warm cache": {"exit": 0, "after": 0.05, **(warm or {})}}, **more)


def deploy_old_one(host, **more):
    push(host, "v1")
    push(host, "v2", **more)
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    host.engine.control("forget")


def body_of(host, words):
    return [body for body in host.engine.control("state")["bodies"] if body.get("Cmd") == words][-1]


def requests(host, *words):
    """The numbers of the requests that have one of these words in them."""
    return [number for number, line in enumerate(host.engine.requests()) if any(word in line for word in words)]


def wait_for_command(host, name="shop-dev-8.predeploy"):
    wait_for(f"{name} runs", lambda: name in running(host))


# When it is run

@both
def test_predeploy_is_run_before_the_new_one_is_made_and_goes_afterwards(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host)
    progress = Progress(host)
    outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
    assert outcome == "succeeded", detail
    assert runs(host) == ["shop-dev-7.predeploy", "shop-dev-8.predeploy"]
    assert host.engine.names() == running(host) == ["shop-dev-8"]
    phases = progress.read("took")
    assert phases.index("pulled") < phases.index("predeploy") < phases.index("created"), phases
    assert max(requests(host, "name=shop-dev-8.predeploy")) < min(requests(host, "name=shop-dev-8.pending"))


@both
def test_predeploy_of_a_recreate_is_run_before_the_old_one_is_stopped(host):
    root_says(host, predeploy=MIGRATE, container=FIXED_PORT)
    deploy_old_one(host)
    assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
    assert runs(host)[1:] == ["shop-dev-8.predeploy"]
    assert max(requests(host, "name=shop-dev-8.predeploy")) < min(requests(host, "/stop"))
    assert host.engine.names() == running(host) == ["shop-dev-8"]


@both
def test_postdeploy_is_run_after_the_old_one_is_gone(host):
    root_says(host, postdeploy=WARM)
    deploy_old_one(host)
    progress = Progress(host)
    assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
    assert runs(host) == ["shop-dev-7.postdeploy", "shop-dev-8.postdeploy"]
    assert host.engine.names() == running(host) == ["shop-dev-8"]
    phases = progress.read("took")
    assert phases.index("switched") < phases.index("postdeploy"), phases


@both
def test_neither_is_run_where_nothing_changes(host):
    root_says(host, predeploy=MIGRATE, postdeploy=WARM)
    deploy_old_one(host)
    before = runs(host)
    # A command is no part of what runs.
    root_says(host, predeploy={"Cmd": ["bin/other"]}, postdeploy=WARM)
    assert host.deploy(8, f"{REPO}:v1")[0] == "unchanged"
    assert runs(host) == before
    assert host.engine.names() == ["shop-dev-7"]


@both
def test_rollback_runs_what_root_wants_to_be_run_then(host):
    back = {"Rollback": ("b", "true")}
    root_says(host, predeploy=MIGRATE, postdeploy={**WARM, "on_rollback": True})
    deploy_old_one(host)
    assert host.deploy(8, f"{REPO}:v2", **back)[0] == "succeeded"
    assert runs(host)[2:] == ["shop-dev-8.postdeploy"]
    assert "predeploy is not run, since the deploy goes back" in host.log()
    root_says(host, predeploy={**MIGRATE, "on_rollback": True})
    assert host.deploy(9, f"{REPO}:v1", **back)[0] == "succeeded"
    assert runs(host)[3:] == ["shop-dev-9.predeploy"]


@both
def test_stage_has_a_command_of_its_own_or_none(host):
    root_says(host, predeploy=MIGRATE, stages={"dev": {"predeploy": None, "postdeploy": WARM}})
    deploy_old_one(host)
    assert runs(host) == ["shop-dev-7.postdeploy"]
    assert host.deploy(8, f"{REPO}:v2", stage="prod")[0] == "succeeded"
    assert runs(host) == ["shop-dev-7.postdeploy", "shop-prod-8.predeploy"]


# In what container

@both
def test_container_of_a_command_is_that_of_the_stage_without_its_names(host):
    host.write("networks", "")
    root_says(host, env={"RAILS_ENV": "production"},
              predeploy={**MIGRATE, "container": {"User": "1000", "HostConfig": {"Memory": 1000000}, "Labels": {"mine": "1"}}},
              container={"Hostname": "www", "Labels": {"traefik.enable": "true"}, "ExposedPorts": {"9090/tcp": {}},
                         "HostConfig": {"Binds": ["data:/data"], "RestartPolicy": {"Name": "always"}, "NetworkMode": "back"},
                         "NetworkingConfig": {"EndpointsConfig": {"back": {"Aliases": ["www"]}}}})
    push(host, "v1")
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    body = body_of(host, ["bin/migrate"])
    settings = body["HostConfig"]
    assert body["Env"] == ["RAILS_ENV=production"] and body["User"] == "1000"
    assert settings["Binds"] == ["data:/data"] and settings["Memory"] == 1000000 and settings["NetworkMode"] == "back"
    assert settings["RestartPolicy"] == {"Name": "no"} and settings["SecurityOpt"] == ["no-new-privileges"]
    assert not {"PortBindings", "PublishAllPorts"} & set(settings) and not {"ExposedPorts", "Hostname"} & set(body)
    assert body["NetworkingConfig"]["EndpointsConfig"] == {"back": {}}, body["NetworkingConfig"]
    assert body["Healthcheck"] == {"Test": ["NONE"]}
    labels = body["Labels"]
    assert "traefik.enable" not in labels and labels["mine"] == "1" and labels["org.tinyforge.command"] == "predeploy"
    # Its lines are the deploy's.
    assert settings["LogConfig"]["Config"]["tag"] == "shop-dev-7"


@both
def test_container_of_a_command_is_no_instance(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host, migrate={"after": 60})
    call = host.begin(8, f"{REPO}:v2")
    wait_for_command(host)
    assert [row[5] for row in host.instances()] == ["shop-dev-7"]
    host.call("CancelDeploy", "st", STORE, 8)
    call.wait()


@both
def test_containers_of_commands_are_shown_before_there_is_one(host):
    push(host, "v1")
    root_says(host)
    os.chmod(host.write("projects.d/shop.env", "PASSWORD=correct-horse\n"), 0o640)
    root_says(host, predeploy={**MIGRATE, "container": {"User": "7"}}, env_files=["shop.env"],
              stages={"prod": {"predeploy": None}, "night": {"kind": "job"}})

    def shown(stage):
        return json.loads(host.call("DescribeCommands", "sssa{sv}", "shop", stage, f"{REPO}:v1", 0)[0])
    body = shown("dev")["predeploy"]
    assert list(shown("dev")) == ["predeploy"] and body["Cmd"] == ["bin/migrate"] and body["User"] == "7"
    assert body["Env"] == ["PASSWORD=(hidden)"], body
    assert shown("prod") == {} and list(shown("night")) == ["job"]


# What goes wrong

def expect_untouched(host, deploy=8, tag="v2"):
    """The reason of the deploy, which fails while the old one is not noticed."""
    name, text = host.refused(deploy, f"{REPO}:{tag}")
    assert name == "PredeployFailed", (name, text)
    assert host.engine.names() == running(host) == ["shop-dev-7"]
    assert not requests(host, "/stop", "pending/start", "name=shop-dev-8.pending")
    return text


@both
def test_predeploy_that_fails_leaves_the_old_one_untouched(host):
    root_says(host, predeploy=MIGRATE, container=FIXED_PORT)
    deploy_old_one(host, migrate={"exit": 3, "logs": ["no such column"]})
    text = expect_untouched(host)
    assert re.fullmatch(r"predeploy of shop-dev-8 failed: it exited with status 3 after \S+; last lines: no such column", text), text
    # The image is none that one could go back to.
    assert not [tag for tag in host.engine.control("state")["tags"] if ".8." in tag]


@both
def test_predeploy_that_runs_out_of_memory_fails(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host, migrate={"exit": 137, "oom": True})
    assert "was killed by SIGKILL (out of memory)" in expect_untouched(host)


@both
def test_predeploy_that_lost_a_process_to_memory_fails(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host, migrate={"exit": 0, "oom": True})
    assert "exited with status 0 (out of memory)" in expect_untouched(host)


@both
def test_predeploy_that_takes_too_long_is_stopped_and_fails(host):
    root_says(host, predeploy={**MIGRATE, "timeout": "300ms"})
    push(host, "v1")
    push(host, "v2", migrate={"after": 600, "logs": ["step 1 of 9"]})
    root_says(host, predeploy=MIGRATE)
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    root_says(host, predeploy={**MIGRATE, "timeout": "300ms"})
    name, text = host.refused(8, f"{REPO}:v2")
    assert (name, text) == ("PredeployFailed",
                            "predeploy of shop-dev-8 failed: it did not end within 300ms and was stopped; last lines: step 1 of 9")
    assert host.engine.names() == running(host) == ["shop-dev-7"]


@both
def test_predeploy_that_cannot_be_started_fails(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host, migrate={"start-error": "exec: bin/migrate: not found"})
    text = expect_untouched(host)
    assert text == "predeploy of shop-dev-8 failed: the engine cannot start it: exec: bin/migrate: not found", text


@both
def test_postdeploy_that_fails_is_told_and_changes_nothing(host):
    root_says(host, postdeploy=WARM)
    deploy_old_one(host, warm={"exit": 2, "logs": ["no such cache"]})
    progress = Progress(host)
    outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
    assert outcome == "succeeded" and re.search(
        r"; postdeploy of shop-dev-8 failed: it exited with status 2 after \S+; last lines: no such cache$", detail), detail
    assert host.engine.names() == running(host) == ["shop-dev-8"]
    assert "postdeploy of shop-dev-8 failed" in host.log()
    assert "postdeploy-failed" in progress.read("took")


@both
def test_secrets_are_kept_out_of_what_a_command_says(host):
    root_says(host)
    os.chmod(host.write("projects.d/shop.env", "PASSWORD=correct-horse\n"), 0o640)
    root_says(host, predeploy=MIGRATE, env_files=["shop.env"])
    deploy_old_one(host, migrate={"exit": 1, "logs": ["cannot log in with correct-horse"]})
    assert expect_untouched(host).endswith("last lines: cannot log in with (hidden)")


# Who stops it, and who goes on with it

@both
def test_cancelled_predeploy_is_stopped_and_goes(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host, migrate={"after": 600})
    call = host.begin(8, f"{REPO}:v2")
    wait_for_command(host)
    host.call("CancelDeploy", "st", STORE, 8)
    call.wait()
    assert call.error and "cancelled" in call.error, call.error
    assert host.engine.names() == running(host) == ["shop-dev-7"]
    assert requests(host, "/stop")


@both
def test_predeploy_that_runs_when_the_deployer_dies_is_waited_for(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host, migrate={"after": 600})
    call = host.begin(8, f"{REPO}:v2")
    wait_for_command(host)
    host.signal(signal.SIGKILL)
    call.wait()
    call = host.begin(8, f"{REPO}:v2")
    wait_for("it is waited for", lambda: "runs since an earlier attempt" in host.log())
    host.engine.control("exit", {"name": "shop-dev-8.predeploy", "code": 0})
    assert call.wait() and call.reply[0] == "succeeded", call.error
    assert runs(host)[1:] == ["shop-dev-8.predeploy"]
    assert host.engine.names() == running(host) == ["shop-dev-8"]


@both
def test_predeploy_goes_on_when_the_deployer_is_stopped(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host, migrate={"after": 600})
    call = host.begin(8, f"{REPO}:v2")
    wait_for_command(host)
    host.signal(signal.SIGTERM)
    call.wait()
    assert "shop-dev-8.predeploy" in running(host)
    call = host.begin(8, f"{REPO}:v2")
    wait_for("it is waited for", lambda: "runs since an earlier attempt" in host.log())
    host.engine.control("exit", {"name": "shop-dev-8.predeploy", "code": 4})
    call.wait()
    assert call.error and "exited with status 4" in call.error, call.error
    assert host.engine.names() == running(host) == ["shop-dev-7"]


@both
def test_predeploy_of_a_deploy_that_died_is_stopped_by_the_next_one(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host, migrate={"after": 600})
    push(host, "v3")
    call = host.begin(8, f"{REPO}:v2")
    wait_for_command(host)
    host.signal(signal.SIGKILL)
    call.wait()
    assert host.deploy(9, f"{REPO}:v3")[0] == "succeeded"
    assert runs(host)[1:] == ["shop-dev-8.predeploy", "shop-dev-9.predeploy"]
    assert host.engine.names() == running(host) == ["shop-dev-9"]


@both
def test_predeploy_of_a_deploy_that_died_is_stopped_where_that_is_cancelled(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host, migrate={"after": 600})
    call = host.begin(8, f"{REPO}:v2")
    wait_for_command(host)
    host.signal(signal.SIGKILL)
    call.wait()
    name, _ = host.refused(8, f"{REPO}:v2", Undo=("b", "true"))
    assert name == "Cancelled"
    assert host.engine.names() == running(host) == ["shop-dev-7"]


@both
def test_predeploy_that_ended_well_is_not_run_again_by_the_next_attempt(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host)
    host.engine.fault("POST", "/rename", "status", status=500)
    assert host.refused(8, f"{REPO}:v2")[0] == "EngineFailed"
    assert host.engine.names() == ["shop-dev-7", "shop-dev-8.predeploy"]
    assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
    assert runs(host)[1:] == ["shop-dev-8.predeploy"]
    assert host.engine.names() == running(host) == ["shop-dev-8"]


@with_each("docker", "podman")
def test_removing_a_stage_takes_its_commands_along(host):
    root_says(host, predeploy=MIGRATE)
    deploy_old_one(host, migrate={"after": 600})
    call = host.begin(8, f"{REPO}:v2")
    wait_for_command(host)
    host.signal(signal.SIGKILL)
    call.wait()
    host.call("RemoveStage", "ss", "shop", "dev")
    assert host.engine.names() == []


if __name__ == "__main__":
    tap.main()
