#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Deploys that are cancelled: what is put back, and what cannot be cancelled any more. The real deployerd on a private bus, an
engine that only pretends.

usage: test_deployer_cancel.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import STORE, Host, Progress, both  # noqa: E402
from test_deployer_change import FIXED_PORT, REPO, changes, configure_project, deploy_old_one, running  # noqa: E402
from waiting import wait_for  # noqa: E402


def cancelled(host, call, deploy):
    host.call("CancelDeploy", "st", STORE, deploy)
    call.wait()
    assert call.error and "cancelled" in call.error, call.error


@both
def test_cancelled_pull_leaves_the_old_one_running(host):
    deploy_old_one(host)
    host.engine.control("forget")
    host.engine.fault("POST", "/images/create", "hang")
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the pull", lambda: [line for line in host.engine.requests() if "/images/create" in line])
    cancelled(host, call, 8)
    assert host.engine.names() == running(host) == ["shop-dev-7"]


@both
def test_cancelled_wait_for_health_removes_the_new_one(host):
    deploy_old_one(host, healthcheck=True, health="starting")
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the new one runs", lambda: "shop-dev-8.pending" in running(host))
    cancelled(host, call, 8)
    assert host.engine.names() == running(host) == ["shop-dev-7"]


@both
def test_cancelled_recreate_starts_the_old_one_again(host):
    configure_project(host, FIXED_PORT)
    deploy_old_one(host, healthcheck=True, health="starting")
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the new one runs", lambda: running(host) == ["shop-dev-8.pending"])
    cancelled(host, call, 8)
    assert host.engine.names() == running(host) == ["shop-dev-7"]


def test_proxy_follows_the_old_one_that_is_started_again():
    for flavour in ("docker", "podman"):
        with Host(flavour, upstreams=True) as host:
            # It writes to a volume, and its port is the engine's choice.
            configure_project(host, {"HostConfig": {"Binds": ["data:/data"]}})
            deploy_old_one(host, healthcheck=True, health="starting")
            call = host.begin(8, f"{REPO}:v2")
            wait_for("the new one runs", lambda: running(host) == ["shop-dev-8.pending"])
            cancelled(host, call, 8)
            port = host.engine.containers()["shop-dev-7"]["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostPort"]
            assert host.upstream() == f"127.0.0.1:{port}", (host.upstream(), port)


def cancel_and_hang(host):
    """A recreate, cancelled, which comes to a halt where it wants to start the old one again. Returns the call."""
    configure_project(host, FIXED_PORT)
    deploy_old_one(host, healthcheck=True, health="starting")
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the new one runs", lambda: running(host) == ["shop-dev-8.pending"])
    host.engine.control("forget")
    host.engine.fault("POST", "/start$", "hang")
    host.call("CancelDeploy", "st", STORE, 8)
    wait_for("the old one is to be started", lambda: [line for line in host.engine.requests() if line.endswith("/start")])
    return call


def kill_child_that_undoes(host):
    """The error of a cancelled recreate that can do no more than stop the new one."""
    call = cancel_and_hang(host)
    os.kill(host.children()[0], signal.SIGKILL)
    call.wait()
    return call.error


def test_deploy_whose_undoing_takes_too_long_is_not_cancelled():
    with Host() as host:
        call = cancel_and_hang(host)
        call.wait()
        assert "cancelled" not in call.error and "did not come back" in call.error, call.error
        host.engine.control("release")
        assert host.refused(8, f"{REPO}:v2", Undo=("b", "true"))[0] == "Cancelled"
        assert host.engine.names() == running(host) == ["shop-dev-7"]


@both
def test_deploy_whose_undoing_is_cut_off_is_not_cancelled(host):
    error = kill_child_that_undoes(host)
    assert "cancelled" not in error and "is being stopped" in error, error
    assert running(host) == []


@both
def test_undoing_puts_back_what_a_dead_attempt_stopped_and_deploys_nothing(host):
    kill_child_that_undoes(host)
    host.engine.control("forget")
    name, text = host.refused(8, f"{REPO}:v2", Undo=("b", "true"))
    assert name == "Cancelled" and "undone" in text, text
    assert host.engine.names() == running(host) == ["shop-dev-7"]
    assert "create" not in changes(host), changes(host)
    # Once more is as good as once.
    assert host.refused(8, f"{REPO}:v2", Undo=("b", "true"))[0] == "Cancelled"
    assert host.engine.names() == running(host) == ["shop-dev-7"]


@both
def test_undoing_cancels_what_runs(host):
    deploy_old_one(host, healthcheck=True, health="starting")
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the new one runs", lambda: "shop-dev-8.pending" in running(host))
    assert host.refused(8, f"{REPO}:v2", Undo=("b", "true"))[0] == "Cancelled"
    call.wait()
    assert "cancelled" in call.error, call.error
    assert host.engine.names() == running(host) == ["shop-dev-7"]


@both
def test_undoing_what_has_switched_is_its_success(host):
    deploy_old_one(host)
    host.engine.fault("POST", "/stop$", "status", status=500)
    assert host.refused(8, f"{REPO}:v2")[0] == "EngineFailed"
    assert host.deploy(8, f"{REPO}:v2", Undo=("b", "true"))[0] == "succeeded"
    assert host.engine.names() == running(host) == ["shop-dev-8"]


@both
def test_undoing_what_has_switched_and_died_brings_the_old_one_back(host):
    configure_project(host, FIXED_PORT)
    deploy_old_one(host)
    host.engine.fault("DELETE", "/containers/", "status", status=500)
    assert host.refused(8, f"{REPO}:v2")[0] == "EngineFailed"
    assert running(host) == ["shop-dev-8"] and "shop-dev-7" in host.engine.names()
    host.engine.control("exit", {"name": "shop-dev-8", "code": 1})
    assert host.refused(8, f"{REPO}:v2", Undo=("b", "true"))[0] == "Cancelled"
    assert host.engine.names() == running(host) == ["shop-dev-7"]


@both
def test_cancelled_deploy_that_has_not_looked_after_its_last_attempt_is_not_cancelled(host):
    kill_child_that_undoes(host)
    host.engine.control("forget")
    host.engine.fault("GET", "/containers/json", "hang")
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the containers are asked for", lambda: [line for line in host.engine.requests() if "/containers/json" in line])
    host.call("CancelDeploy", "st", STORE, 8)
    call.wait()
    assert "cancelled" not in call.error, call.error


def test_policy_stands_in_the_way_of_no_undoing():
    with Host() as host:
        kill_child_that_undoes(host)
        host.configure("AllowImages=other.example/*/*\n")
        host.signal(signal.SIGTERM)
        assert host.refused(8, f"{REPO}:v2")[0] == "NotPermitted"
        assert host.refused(8, f"{REPO}:v2", Undo=("b", "true"))[0] == "Cancelled"
        assert running(host) == ["shop-dev-7"]


@both
def test_what_has_switched_cannot_be_cancelled(host):
    deploy_old_one(host)
    host.engine.fault("POST", "/stop$", "hang-then-serve")
    progress = Progress(host)
    call = host.begin(8, f"{REPO}:v2")
    progress.read("switched")
    name, _ = host.error_of(lambda: host.call("CancelDeploy", "st", STORE, 8))
    assert name == "AlreadyFinished", name
    host.engine.control("release")
    assert call.wait()[0] == "succeeded"
    assert running(host) == ["shop-dev-8"]


def test_what_does_not_run_cannot_be_cancelled():
    with Host() as host:
        assert host.error_of(lambda: host.call("CancelDeploy", "st", STORE, 8))[0] == "NoSuchDeploy"


if __name__ == "__main__":
    tap.main()
