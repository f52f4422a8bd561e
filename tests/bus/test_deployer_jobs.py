#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Stages that are jobs: a deploy is a run to its end. The real deployerd on a private bus, an engine that only pretends.

usage: test_deployer_jobs.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import STORE, Progress, both, root_says, running, runs  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"


def push(host, tag, **behaviour):
    host.engine.push(REPO, tag, **{"exit": 0, "after": 0.05, "logs": [f"{tag} did it"], **behaviour})


def begin(host, **parts):
    root_says(host, kind="job", **parts)
    push(host, "v1")
    push(host, "v2")


def wait_for_job(host, deploy=8):
    wait_for("the job runs", lambda: f"shop-dev-{deploy}.job" in running(host))


@both
def test_deploy_of_a_job_is_its_run_with_status_duration_and_last_lines(host):
    begin(host)
    progress = Progress(host)
    outcome, detail, container = host.deploy(7, f"{REPO}:v1")
    assert outcome == "succeeded"
    assert re.fullmatch(r"shop-dev-7 exited with status 0 after (\d+ms|\d+s); last lines: v1 did it", detail), detail
    assert host.engine.names() == ["shop-dev-7.job"] and not running(host)
    assert host.engine.containers()["shop-dev-7.job"]["Id"] == container
    phases = progress.read("took")
    assert phases.index("pulled") < phases.index("run") < phases.index("took"), phases
    assert host.instances() == []


@both
def test_container_of_the_last_job_stays_until_there_is_another(host):
    begin(host)
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    # One that does not get so far leaves it.
    assert host.refused(8, f"{REPO}:v9")[0] in ("NoSuchImage", "PullFailed")
    assert host.engine.names() == ["shop-dev-7.job"]
    assert host.deploy(9, f"{REPO}:v2")[0] == "succeeded"
    assert host.engine.names() == ["shop-dev-9.job"]


@both
def test_same_image_is_run_again_by_another_deploy_and_not_by_the_same(host):
    begin(host)
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    assert runs(host) == ["shop-dev-7.job"]
    assert host.deploy(8, f"{REPO}:v1")[0] == "succeeded"
    assert host.deploy(9, f"{REPO}:v1", Rollback=("b", "true"))[0] == "succeeded"
    assert runs(host) == ["shop-dev-7.job", "shop-dev-8.job", "shop-dev-9.job"]


@both
def test_job_that_fails_is_told_and_its_container_stays(host):
    begin(host)
    push(host, "v2", exit=3, logs=["no such table"])
    name, text = host.refused(7, f"{REPO}:v2")
    assert name == "JobFailed", name
    assert re.fullmatch(r"job of shop-dev-7 failed: it exited with status 3 after \S+; last lines: no such table", text), text
    assert host.engine.names() == ["shop-dev-7.job"]
    assert host.deploy(8, f"{REPO}:v1")[0] == "succeeded"
    assert host.engine.names() == ["shop-dev-8.job"]


@both
def test_job_that_runs_out_of_memory_or_time_fails(host):
    begin(host, limits={"run": "300ms"})
    push(host, "v2", exit=137, oom=True)
    assert "out of memory" in host.refused(7, f"{REPO}:v2")[1]
    push(host, "v3", after=600)
    name, text = host.refused(8, f"{REPO}:v3")
    assert name == "JobFailed" and "did not end within 300ms and was stopped" in text, text
    assert not running(host)


@both
def test_job_that_runs_when_the_deployer_dies_is_waited_for(host):
    begin(host)
    push(host, "v2", after=600)
    call = host.begin(8, f"{REPO}:v2")
    wait_for_job(host)
    host.signal(signal.SIGKILL)
    call.wait()
    call = host.begin(8, f"{REPO}:v2")
    wait_for("it is waited for", lambda: "runs since an earlier attempt" in host.log())
    host.engine.control("exit", {"name": "shop-dev-8.job", "code": 0})
    assert call.wait() and call.reply[0] == "succeeded", call.error
    assert runs(host) == ["shop-dev-8.job"]


@both
def test_cancelled_job_is_stopped_and_goes(host):
    begin(host)
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    push(host, "v2", after=600)
    call = host.begin(8, f"{REPO}:v2")
    wait_for_job(host)
    host.call("CancelDeploy", "st", STORE, 8)
    call.wait()
    assert call.error and "cancelled" in call.error, call.error
    assert host.engine.names() == []


@both
def test_body_of_a_job_is_its_images_and_publishes_nothing(host):
    begin(host, env={"MODE": "all"}, container={"Cmd": ["report"], "HostConfig": {"Binds": ["data:/data"]}})
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    body = host.engine.control("state")["bodies"][-1]
    assert body["Cmd"] == ["report"] and body["Env"] == ["MODE=all"] and body["HostConfig"]["Binds"] == ["data:/data"]
    assert "PortBindings" not in body["HostConfig"] and body["HostConfig"]["RestartPolicy"] == {"Name": "no"}


@both
def test_stage_that_becomes_a_job_has_no_container_any_more_and_the_other_way_round(host):
    root_says(host)
    host.engine.push(REPO, "web")
    push(host, "v1")
    assert host.deploy(7, f"{REPO}:web")[0] == "succeeded"
    root_says(host, healthcheck="tcp", stages={"dev": {"kind": "job"}})
    assert host.deploy(8, f"{REPO}:v1")[0] == "succeeded"
    assert host.engine.names() == ["shop-dev-8.job"] and not running(host)
    root_says(host)
    assert host.deploy(9, f"{REPO}:web")[0] == "succeeded"
    assert host.engine.names() == running(host) == ["shop-dev-9"]


@both
def test_removing_a_stage_takes_its_job_and_its_images_along(host):
    begin(host)
    assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
    host.call("RemoveStage", "ss", "shop", "dev")
    state = host.engine.control("state")
    assert host.engine.names() == [] and not [tag for tag in state["tags"] if "tinyforge.dev" in tag], state["tags"]


@both
def test_what_makes_no_sense_for_a_job_is_refused_with_its_place(host):
    push(host, "v1")
    for parts, place in (({"kind": "job", "healthcheck": "tcp"}, "/healthcheck"),
                         ({"stages": {"dev": {"kind": "job", "predeploy": {"Cmd": ["x"]}}}}, "/stages/dev/predeploy"),
                         ({"kind": "job", "stages": {"dev": {"limits": {"drain": "1s"}}}}, "/stages/dev/limits/drain"),
                         ({"kind": "job", "container": {"HostConfig": {"PortBindings": {}}}}, "/container/HostConfig/PortBindings")):
        root_says(host, **parts)
        name, text = host.refused(7, f"{REPO}:v1")
        assert name == "Configuration" and f"{place}: has no meaning for a job" in text, text


if __name__ == "__main__":
    tap.main()
