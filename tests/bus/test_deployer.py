#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What a deploy does, with the real deployerd on a private bus and an engine that only pretends.

usage: test_deployer.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import EVERY_ENGINE, STORE, Host, Progress, both, new_store  # noqa: E402
from fake_engine import FakeEngine  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"
PULL = r"/images/create"
SECOND = 1000000000  # in the units of a HEALTHCHECK


def running(host):
    """name → digest of what runs"""
    return {name: c["Config"]["Labels"]["org.tinyforge.digest"] for name, c in host.engine.containers().items()
            if c["State"]["Running"]}


# What works

@both
def test_first_deploy_starts_the_container_under_its_final_name(host):
    digest = host.engine.push(REPO, "v1")
    outcome, detail, container = host.deploy(7, f"{REPO}:v1")
    assert outcome == "succeeded", detail
    assert "shop-dev-7 runs, published on 127.0.0.1:" in detail, detail
    assert running(host) == {"shop-dev-7": digest}
    assert host.engine.containers()["shop-dev-7"]["Id"] == container


@both
def test_container_gets_no_more_than_it_needs(host):
    digest = host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    body = host.engine.control("state")["bodies"][0]
    settings = body.pop("HostConfig")
    labels = body.pop("Labels")
    assert body == {"Image": f"{REPO}@{digest}", "ExposedPorts": {"8080/tcp": {}}, "StopTimeout": 1}, body
    assert len(labels.pop("org.tinyforge.config")) == 64
    assert labels == {"org.tinyforge.project": "shop", "org.tinyforge.stage": "dev", "org.tinyforge.deploy": "7",
                      "org.tinyforge.digest": digest, "org.tinyforge.store": STORE, "org.tinyforge.port": "8080"}, labels
    log = settings.pop("LogConfig")
    assert (log["Type"], log["Config"]["tag"]) == ("journald", "shop-dev-7"), log
    restart = {"docker": "unless-stopped", "podman": "always"}[host.engine.flavour]
    assert settings == {"Privileged": False, "SecurityOpt": ["no-new-privileges"], "RestartPolicy": {"Name": restart},
                        "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}}, settings


@both
def test_next_deploy_replaces_the_old_container(host):
    host.engine.push(REPO, "v1")
    digest = host.engine.push(REPO, "v2")
    host.deploy(7, f"{REPO}:v1")
    assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
    assert running(host) == {"shop-dev-8": digest}
    assert host.engine.names() == ["shop-dev-8"]


@both
def test_nothing_old_is_stopped_before_the_new_one_has_its_name(host):
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2")
    host.deploy(7, f"{REPO}:v1")
    host.engine.control("forget")
    host.deploy(8, f"{REPO}:v2")
    changes = [line.split(" ", 1)[1].rpartition("/")[2].partition("?")[0] for line in host.engine.requests()
               if line.startswith("POST") and "/containers/" in line]
    assert changes == ["create", "start", "rename", "stop"], changes
    assert [line for line in host.engine.requests()
            if line.startswith("DELETE") and "/containers/" in line][0].endswith("?force=1")


@both
def test_same_image_again_changes_nothing(host):
    host.engine.push(REPO, "v1")
    container = host.deploy(7, f"{REPO}:v1")[2]
    host.engine.control("forget")
    assert host.deploy(8, f"{REPO}:v1")[0::2] == ["unchanged", container]
    assert host.engine.names() == ["shop-dev-7"]
    assert not [line for line in host.engine.requests() if "/containers/" in line and not line.startswith("GET")]


@both
def test_same_image_on_another_port_is_a_change(host):
    host.engine.push(REPO, "v1", ports=["8080/tcp", "9090/tcp"])
    host.deploy(7, f"{REPO}:v1")
    assert host.deploy(8, f"{REPO}:v1", Port=("q", 9090))[0] == "succeeded"
    assert host.engine.names() == ["shop-dev-8"]


@both
def test_same_image_that_has_ended_is_started_anew(host):
    host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    host.engine.control("exit", {"name": "shop-dev-7", "code": 0})
    assert host.deploy(8, f"{REPO}:v1")[0] == "succeeded"
    assert host.engine.names() == ["shop-dev-8"]


@both
def test_pushed_digest_wins_over_the_tag(host):
    first = host.engine.push(REPO, "latest", "first")
    host.engine.push(REPO, "latest", "second")
    assert host.deploy(7, f"{REPO}:latest@{first}")[0] == "succeeded"
    assert running(host) == {"shop-dev-7": first}
    assert not any("/distribution/" in line for line in host.engine.requests())


@both
def test_moved_tag_is_deployed_again(host):
    host.engine.push(REPO, "latest", "first")
    host.deploy(7, REPO)
    digest = host.engine.push(REPO, "latest", "second")
    assert host.deploy(8, REPO)[0] == "succeeded"
    assert running(host) == {"shop-dev-8": digest}


@both
def test_image_that_is_here_by_its_digest_is_not_pulled(host):
    digest = host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    host.engine.control("forget")
    assert host.deploy(8, f"{REPO}@{digest}", stage="prod")[0] == "succeeded"
    assert not any("/images/create" in line for line in host.engine.requests())


@both
def test_image_without_ports_is_not_published(host):
    host.engine.push(REPO, "v1", ports=["53/udp"])
    detail = host.deploy(7, f"{REPO}:v1")[1]
    assert detail.endswith("nothing is published"), detail
    assert host.instances()[0][9] == ""


@both
def test_lowest_of_several_ports_is_published(host):
    host.engine.push(REPO, "v1", ports=["9090/tcp", "53/udp", "8081/tcp"])
    host.deploy(7, f"{REPO}:v1")
    assert list(host.engine.control("state")["bodies"][0]["ExposedPorts"]) == ["8081/tcp"]
    assert "exposes 2 ports of tcp: the lowest, 8081, is the project's; it also exposes 9090" in host.log()


@both
def test_health_check_of_the_image_is_waited_for(host):
    host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    digest = host.engine.push(REPO, "v2", healthcheck=True, after=0.7)
    call = host.begin(8, f"{REPO}:v2")
    wait_for("both run", lambda: len(running(host)) == 2)
    assert sorted(running(host)) == ["shop-dev-7", "shop-dev-8.pending"]
    assert call.wait()[0] == "succeeded"
    assert running(host) == {"shop-dev-8": digest}


@both
def test_progress_tells_every_phase_in_order(host):
    host.engine.push(REPO, "v1")
    host.property("Engine")
    progress = Progress(host)
    host.deploy(7, f"{REPO}@{FakeEngine.digest(REPO + ':v1')}")
    assert progress.read("retired") == ["resolved", "pulling", "pulled", "created", "started", "probing", "healthy",
                                        "switched", "retired"]
    progress = Progress(host)
    call = host.begin(8, f"{REPO}:v1", Force=("b", "true"))
    assert progress.read("took")[-2:] == ["retired", "took"]
    call.wait()


@both
def test_progress_tells_how_much_is_pulled(host):
    host.engine.push(REPO, "v1")
    host.property("Engine")
    progress = Progress(host)
    host.engine.fault("POST", PULL, "stream-slow")
    host.deploy(7, f"{REPO}:v1")
    progress.read("pulled")
    told = [int(detail.removesuffix("%")) for detail in progress.pulling if detail.endswith("%")]
    assert told == sorted(set(told)), progress.pulling
    # The engine pauses for longer than what has to be between two of them.
    assert told and 0 < told[-1] <= 100, progress.pulling


@both
def test_several_digests_run_side_by_side_up_to_the_limit(host):
    for number in range(1, 5):
        host.engine.push(REPO, f"v{number}")
        host.deploy(number, f"{REPO}:v{number}", MaxInstances=("u", 2))
    assert host.engine.names() == ["shop-dev-3", "shop-dev-4"]
    # An older one becomes the newest, and is not counted twice.
    assert host.deploy(5, f"{REPO}:v3", MaxInstances=("u", 2))[0] == "succeeded"
    assert host.engine.names() == ["shop-dev-4", "shop-dev-5"]
    assert host.deploy(6, f"{REPO}:v3", MaxInstances=("u", 1))[0] == "unchanged"
    assert host.engine.names() == ["shop-dev-5"]


@both
def test_stages_and_projects_leave_each_other_alone(host):
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2")
    host.deploy(1, f"{REPO}:v1", stage="dev")
    host.deploy(2, f"{REPO}:v1", stage="prod")
    host.deploy(3, f"{REPO}:v1", project="shop-dev", stage="x")
    host.deploy(4, f"{REPO}:v2", stage="dev")
    assert host.engine.names() == ["shop-dev-4", "shop-dev-x-3", "shop-prod-2"]


@both
def test_containers_of_another_store_are_never_touched(host):
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2")
    host.deploy(1, f"{REPO}:v1")
    host.store = new_store()
    assert host.deploy(2, f"{REPO}:v1")[0] == "succeeded"
    assert host.deploy(3, f"{REPO}:v2")[0] == "succeeded"
    assert host.engine.names() == ["shop-dev-1", "shop-dev-3"]


# What does not come up

@both
def test_deploy_keeps_old_when_new_ends_at_once(host):
    digest = host.engine.push(REPO, "v1")
    old = host.deploy(7, f"{REPO}:v1")[2]
    host.engine.push(REPO, "v2", exit=3, logs=["reading configuration", "no configuration, giving up"])
    host.engine.control("forget")
    outcome, detail, container = host.deploy(8, f"{REPO}:v2")
    assert (outcome, container) == ("rolled-back", old), detail
    assert "exited with status 3" in detail and "reading configuration | no configuration, giving up" in detail, detail
    assert running(host) == {"shop-dev-7": digest}
    assert host.engine.names() == ["shop-dev-7"]
    assert not any(line.endswith("/stop") or "/stop?" in line for line in host.engine.requests())
    assert "no configuration, giving up" in host.log()


@both
def test_reason_has_last_lines_that_come_after_the_end(host):
    host.engine.push(REPO, "v1", exit=1, logs=[["giving up", 0.4]])
    assert "last lines: giving up" in host.refused(7, f"{REPO}:v1")[1]
    host.engine.push(REPO, "v2", exit=1, logs=["reading configuration", ["giving up", 0.1]])
    assert "last lines: reading configuration | giving up" in host.refused(8, f"{REPO}:v2")[1]


@both
def test_lines_are_not_waited_for_where_none_can_come(host):
    def looks(deploy_id, **behaviour):
        host.engine.push(REPO, "v1", word=str(deploy_id), **behaviour)
        host.engine.control("forget")
        host.refused(deploy_id, f"{REPO}:v1")
        return len([line for line in host.engine.requests() if "/logs?" in line])
    assert looks(7, exit=1) == 5, "one that wrote nothing is asked for a while"
    assert looks(8, start_error="no such file") == 1, "one that never ran has nothing to say"
    assert looks(9, healthcheck=True, health="unhealthy") == 1, "one that runs can be asked later"


def test_cancelled_deploy_does_not_wait_for_last_lines():
    with Host() as host:
        host.engine.push(REPO, "v1", exit=1)
        call = host.begin(7, f"{REPO}:v1")
        wait_for("its lines are asked for", lambda: [line for line in host.engine.requests() if "/logs?" in line])
        host.call("CancelDeploy", "st", host.store, 7)
        call.wait()
        assert len([line for line in host.engine.requests() if "/logs?" in line]) < 5
        assert host.engine.names() == []


@both
def test_deploy_keeps_old_when_new_is_unhealthy(host):
    digest = host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    host.engine.push(REPO, "v2", healthcheck=True, health="unhealthy", after=0.3)
    outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
    assert outcome == "rolled-back" and "health check said: the shop is closed" in detail, detail
    assert running(host) == {"shop-dev-7": digest}
    assert host.engine.names() == ["shop-dev-7"]


@both
def test_deploy_keeps_old_when_new_is_restarted(host):
    host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    host.engine.push(REPO, "v2", restarts=1)
    outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
    assert outcome == "rolled-back" and "was restarted" in detail, detail


@both
def test_reason_says_how_the_container_ended(host):
    def reason(deploy_id, **behaviour):
        host.engine.push(REPO, "v1", word=str(deploy_id), **behaviour)
        return host.refused(deploy_id, f"{REPO}:v1")[1]
    assert "did not come up: it exited with status 0; state" in reason(7, exit=0)
    assert "did not come up: it was killed by SIGSEGV; state" in reason(8, exit=139)
    assert "did not come up: it was killed by SIGKILL (out of memory); state" in reason(9, exit=137, oom=True)


@both
def test_reason_says_how_a_container_ended_that_runs_again(host):
    def reason(deploy_id, **behaviour):
        host.engine.push(REPO, "v1", word=str(deploy_id), healthcheck=True, health="starting", revives=True, **behaviour)
        return host.refused(deploy_id, f"{REPO}:v1")[1]
    text = reason(7, exit=3, after=0.3, back_after=20)
    assert "it exited with status 3 and was restarted; state restarting" in text, text
    # Of one that runs again inspecting tells nothing any more.
    text = reason(8, exit=143, after=0.3, back_after=0)
    assert "it was killed by SIGTERM and was restarted; state running" in text, text
    text = reason(9, exit=137, oom=True, after=0.3, back_after=0)
    words = {"docker": " (out of memory)", "podman": ""}[host.engine.flavour]
    assert f"it was killed by SIGKILL{words} and was restarted; state running" in text, text


@both
def test_reason_does_not_depend_on_events(host):
    host.engine.fault("GET", r"/events", "status", times=-1, status=500)
    host.engine.push(REPO, "v1", exit=3, after=0.3, revives=True, back_after=20, healthcheck=True, health="starting")
    assert "it exited with status 3 and was restarted" in host.refused(7, f"{REPO}:v1")[1]
    host.engine.push(REPO, "v2", exit=3, after=0.3, revives=True, back_after=0, healthcheck=True, health="starting")
    assert "it ended and was restarted; state running" in host.refused(8, f"{REPO}:v2")[1]


@both
def test_deploy_keeps_old_when_new_cannot_be_started(host):
    host.engine.push(REPO, "v1")
    host.deploy(7, f"{REPO}:v1")
    host.engine.push(REPO, "v2", start_error="exec: \"/app\": no such file", start_status=500)
    outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
    assert outcome == "rolled-back" and 'exec: "/app": no such file' in detail, detail
    assert host.engine.names() == ["shop-dev-7"]


def test_deploy_gives_up_what_is_not_healthy_before_the_deadline():
    with Host(config="HealthDeadlineSec=500ms\n") as host:
        host.engine.push(REPO, "v1", healthcheck={"Interval": SECOND // 10, "Timeout": SECOND // 10, "Retries": 1}, after=60)
        name, text = host.refused(7, f"{REPO}:v1")
        assert name == "Unhealthy" and "not healthy before the deadline" in text, text
        assert host.engine.names() == []


def test_health_check_that_takes_its_time_gets_it():
    for flavour in EVERY_ENGINE:
        with Host(flavour, "HealthDeadlineSec=500ms\n") as host:
            slow = {"Interval": 3 * SECOND, "Timeout": SECOND, "Retries": 1}
            host.engine.push(REPO, "v1", healthcheck=slow, after=1)
            assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
            assert "The health check of shop-dev-7.pending can take 4s by its own times: 4s are waited for it" in host.log()
            begun = {"StartPeriod": 2 * SECOND, "StartInterval": SECOND // 2, "Interval": SECOND, "Timeout": SECOND, "Retries": 1}
            host.engine.push(REPO, "v2", healthcheck=begun, after=1)
            assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
            # It is over when the engine would have known: half a second here.
            short = {"Interval": SECOND // 10, "Timeout": SECOND // 10, "Retries": 2}
            host.engine.push(REPO, "v3", healthcheck=short, after=60)
            outcome, detail, _ = host.deploy(9, f"{REPO}:v3")
            assert outcome == "rolled-back" and "not healthy before the deadline" in detail, detail


def test_health_check_that_is_not_due_before_the_deadline_of_the_deploy_is_said_to_be():
    for flavour in EVERY_ENGINE:
        with Host(flavour, "HealthDeadlineSec=500ms\nDeployDeadlineSec=6\n") as host:
            host.engine.push(REPO, "v1", healthcheck={"Interval": 1800 * SECOND}, after=60)
            name, text = host.refused(7, f"{REPO}:v1")
            assert name == "Unhealthy" and "its first health check was not due yet, 30min after its start" in text, text
            assert host.engine.names() == []


@both
def test_reason_has_the_end_of_lines_that_are_long(host):
    host.engine.push(REPO, "v1", exit=1, logs=["x" * 8000] * 19 + ["y" * 8000 + " and this is why"])
    name, text = host.refused(7, f"{REPO}:v1")
    assert name == "Unhealthy" and "exited with status 1" in text, text
    assert text.endswith("y and this is why"), text


@both
def test_first_deploy_that_does_not_come_up_is_unhealthy(host):
    host.engine.push(REPO, "v1", exit=1, logs=["\udcff\udcfe broken \x1b[31mbytes\t\x07", "x" * 9000])
    name, text = host.refused(7, f"{REPO}:v1")
    assert name == "Unhealthy", text
    assert len(text) < 4096 and "exited with status 1" in text
    assert host.engine.names() == []
    # The next one starts from nothing.
    host.engine.push(REPO, "v2")
    assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"


if __name__ == "__main__":
    tap.main()
