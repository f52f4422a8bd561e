#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What a deploy says and leaves when the engine or the registry fails, with the real deployerd and an engine told to fail.

usage: test_deployer_faults.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import EVERY_ENGINE, Host, root_says  # noqa: E402
from fake_engine import FakeEngine  # noqa: E402
from private_bus import BusError  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"
DISTRIBUTION, PULL, CREATE = r"/distribution/", r"/images/create", r"/containers/create"


def expect(host, error, image=f"{REPO}:v2", words="", deploy_id=8, left=("shop-dev-7",)):
    """A deploy of `image` ends with this error, and leaves these containers."""
    name, text = host.refused(deploy_id, image)
    assert name == error and words in text, f"{name}: {text}"
    assert host.engine.names() == list(left), host.engine.names()


def with_old_one(flavour="docker", config=""):
    """A host on which deploy 7 runs, and v2 waits in the registry."""
    host = Host(flavour, config)
    host.engine.push(REPO, "v1")
    host.engine.push(REPO, "v2")
    host.deploy(7, f"{REPO}:v1")
    return host


# The registry

def test_missing_image_is_final():
    for flavour in ("docker", "podman"):
        with with_old_one(flavour) as host:
            expect(host, "PullFailed", f"{REPO}:none", "manifest unknown")
            expect(host, "PullFailed", f"{REPO}@{FakeEngine.digest('nothing')}")
            root_says(host, image="registry.example/acme/none")
            expect(host, "PullFailed", "registry.example/acme/none:v1")


def test_error_inside_the_stream_is_a_failure():
    for flavour in ("docker", "podman"):
        with with_old_one(flavour) as host:
            host.engine.fault("POST", PULL, "stream-error", message="unauthorized: authentication required")
            expect(host, "PullFailed", words="unauthorized: authentication required")
            host.engine.fault("POST", PULL, "stream-error", message="denied: requested access to the resource is denied")
            expect(host, "PullFailed", words="denied")


def test_registry_that_may_come_back_is_worth_another_attempt():
    sentences = ["toomanyrequests: You have reached your pull rate limit. authentication required to raise it",
                 "received unexpected HTTP status: 503 Service Unavailable",
                 "Get https://registry.example/v2/: dial tcp 192.0.2.1:443: connect: connection refused",
                 "Get https://registry.example/v2/: net/http: TLS handshake timeout",
                 "something that nobody has ever seen"]
    with with_old_one() as host:
        for sentence in sentences:
            host.engine.fault("POST", PULL, "stream-error", message=sentence)
            expect(host, "RegistryUnavailable", words=sentence)
            host.engine.fault("GET", DISTRIBUTION, "status", status=500, message=sentence)
            expect(host, "RegistryUnavailable", words=sentence)
        host.engine.fault("GET", DISTRIBUTION, "status", status=429, message="slow down")
        expect(host, "RegistryUnavailable", words="slow down")
        host.engine.fault("GET", DISTRIBUTION, "status", status=403, message="not for you")
        expect(host, "PullFailed", words="not for you")
        assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"


def test_stream_that_breaks_is_a_failure_of_the_engine():
    with with_old_one() as host:
        for kind, words in (("stream-cut", "broke off"), ("stream-garbage", "no JSON"), ("drop", "broke off")):
            host.engine.fault("POST", PULL, kind)
            expect(host, "EngineFailed", words=words)


# The engine

def test_engine_that_is_not_there_is_unreachable():
    with Host(engine=False) as host:
        name, text = host.refused(7, f"{REPO}:v1")
        assert name == "EngineUnreachable" and "engine.sock: No such file or directory" in text, text
        host.engine.start()
        host.engine.push(REPO, "v1")
        assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"


def test_engine_that_left_its_socket_behind_is_unreachable():
    with with_old_one() as host:
        host.engine.kill()
        name, text = host.refused(8, f"{REPO}:v2")
        assert name == "EngineUnreachable" and "Connection refused" in text, text


def test_answers_that_make_no_sense_are_failures_of_the_engine():
    faults = [("raw", {"data": "<html>"}, "no JSON"), ("raw", {"data": '{"Id": "x"'}, "no JSON"),
              ("raw", {"data": ""}, ""), ("raw", {"data": " \r\n\t"}, ""), ("raw", {"data": "[" * 10000}, "nested deeper"), ("cut", {}, "broke off"),
              ("drop", {}, "broke off"), ("huge", {"bytes": 16 << 20}, "too large"),
              ("status", {"status": 500, "message": "told to fail"}, "500: told to fail")]
    for flavour, paths in (("docker", ("/containers/json", r"/images/.*/json", DISTRIBUTION)), ("covered", ("/version",))):
        with with_old_one(flavour) as host:
            for path in paths:
                for kind, more, words in faults:
                    if (path, kind) == (DISTRIBUTION, "status"):
                        continue
                    host.engine.fault("GET", path, kind, **more)
                    expect(host, "EngineFailed", words=words)
                    host.engine.control("forget")
    with with_old_one() as host:
        host.engine.fault("POST", CREATE, "raw", data='{"Id": 7}')
        expect(host, "EngineFailed", words="has no id")
        host.engine.fault("GET", r"/containers/[0-9a-f]+/json", "raw", data='{"Id": 7}')
        expect(host, "EngineFailed", words="lacks what is needed")


def test_ping_that_is_answered_by_an_error_is_a_failure_of_the_engine():
    with with_old_one() as host:
        host.engine.fault("GET", "/_ping", "status", status=503, message="still starting")
        expect(host, "EngineFailed", words="answers a ping with 503")


def test_reason_is_told_whichever_key_the_engine_gives_it():
    with with_old_one("podman") as host:
        for text, words in (('{"message": "", "cause": "the disk is slow"}', "502: the disk is slow"),
                            ('{"cause": 7}', "502: no reason given"), ("Bad Gateway", "502: no reason given")):
            host.engine.fault("GET", "/containers/json", "raw", status=502, data=text)
            expect(host, "EngineFailed", words=words)


def test_lists_that_are_none_are_failures_of_the_engine():
    with with_old_one() as host:
        host.engine.fault("GET", "/containers/json", "raw", data='{"Id": "x"}')
        expect(host, "EngineFailed", words="Cannot list the containers")


def test_answer_of_a_hundred_megabytes_or_without_an_end_is_broken_off():
    for size in (100 << 20, 1 << 40):
        with with_old_one() as host:
            host.engine.fault("GET", "/containers/json", "huge", bytes=size)
            expect(host, "EngineFailed", words="too large")
            host.engine.fault("POST", PULL, "huge", bytes=size)
            expect(host, "EngineFailed")


def test_answer_that_drips_ends_at_the_deadline():
    for method, path in (("GET", "/containers/json"), ("POST", PULL), ("GET", "/_ping")):
        with with_old_one(config="DeployDeadlineSec=1\n") as host:
            host.engine.fault(method, path, "drip")
            expect(host, "DeadlineExceeded")


def test_ping_that_hangs_ends_at_the_deadline():
    with with_old_one(config="DeployDeadlineSec=1\n") as host:
        host.engine.fault("GET", "/_ping", "hang")
        expect(host, "DeadlineExceeded")


def test_conflicts_are_told_apart_from_trouble():
    with with_old_one() as host:
        host.engine.fault("POST", CREATE, "status", status=409, message="conflict of some kind")
        expect(host, "EngineRefused", words="409: conflict of some kind")
        host.engine.fault("POST", r"/rename", "status", status=409, message="conflict of some kind")
        expect(host, "EngineRefused", words="409: conflict of some kind")
        host.engine.fault("POST", r"/start", "status", status=409, message="marked for removal")
        outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
        assert outcome == "rolled-back" and "marked for removal" in detail, detail
        assert host.engine.names() == ["shop-dev-7"]


def test_start_that_fails_by_the_engine_is_worth_another_attempt():
    with with_old_one() as host:
        host.engine.fault("POST", r"/start", "status", status=500, message="dial unix containerd.sock: no such file or directory")
        expect(host, "EngineFailed", words="containerd.sock")
        assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"


def with_fixed_port(host):
    """Root's file that has the stage recreated: each attempt is an outage."""
    folder = os.path.join(host.directory, "projects.d")
    os.makedirs(folder, mode=0o750, exist_ok=True)
    os.chmod(host.write("projects.d/shop.json", json.dumps({"image": REPO, "container": {"HostConfig": {"PortBindings": {
        "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}}}})), 0o640)


def test_start_that_is_refused_in_unknown_words_costs_one_outage():
    words = "could not select device driver nvidia with capabilities: [[gpu]]"
    for flavour in EVERY_ENGINE:
        with with_old_one(flavour) as host:
            with_fixed_port(host)
            host.engine.fault("POST", r"/start", "status", status=500, message=words)
            outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
            assert outcome == "rolled-back" and words in detail, (outcome, detail)
            assert host.engine.names() == ["shop-dev-7"]
            # What passes is tried again.
            host.engine.fault("POST", r"/start", "status", status=500, message="context deadline exceeded")
            expect(host, "EngineFailed", words="deadline exceeded")


def test_status_of_a_refusal_says_whether_it_passes():
    for flavour in EVERY_ENGINE:
        for what in (CREATE, r"/start"):
            with with_old_one(flavour) as host:
                with_fixed_port(host)
                host.engine.fault("POST", what, "status", status=503, message="come again")
                expect(host, "EngineFailed", words="come again")
                host.engine.fault("POST", what, "status", status=501, message="never heard of it")
                try:
                    ended = host.deploy(8, f"{REPO}:v2")[0]
                except BusError as error:
                    ended = error.name.removeprefix("org.tinyforge.")
                assert ended == ("EngineRefused" if what == CREATE else "rolled-back"), ended
                assert host.engine.names() == ["shop-dev-7"]


def test_container_that_is_refused_in_unknown_words_costs_no_outage():
    for flavour in EVERY_ENGINE:
        with with_old_one(flavour) as host:
            with_fixed_port(host)
            host.engine.fault("POST", CREATE, "status", status=500, message="the driver knows no such option")
            expect(host, "EngineRefused", words="knows no such option")
            assert not [r for r in host.engine.requests() if r.endswith("/stop")], host.engine.requests()


def test_network_that_is_not_there_is_final():
    for flavour, status in (("docker", 404), ("podman", 500)):
        with with_old_one(flavour) as host:
            host.engine.fault("POST", CREATE, "status", status=status, message="network backstage not found")
            expect(host, "EngineRefused", words="network backstage not found")


def test_full_disk_of_the_engine_is_told_as_such_whatever_it_was_needed_for():
    words = "write /var/lib/containers/x: no space left on device"
    for flavour in EVERY_ENGINE:
        for path in (PULL, CREATE, r"/start", r"/rename"):
            with with_old_one(flavour) as host:
                host.engine.fault("POST", path, "status", status=500, message=words)
                expect(host, "EngineDiskFull", words="no space left on device")
        with with_old_one(flavour) as host:
            host.engine.fault("POST", PULL, "stream-error", message=words)
            expect(host, "EngineDiskFull", words="no space left on device")


def test_blank_answer_is_as_good_as_none():
    with with_old_one() as host:
        host.engine.fault("POST", r"/stop", "raw", data="\r\n \t\n")
        assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
        assert host.engine.names() == ["shop-dev-8"]


def test_what_the_engine_refuses_is_final_and_leaves_nothing():
    with with_old_one() as host:
        host.engine.fault("POST", CREATE, "status", status=400, message="No command specified")
        expect(host, "EngineRefused", words="400: No command specified")
        host.engine.fault("POST", r"/rename", "status", status=400, message="bad name")
        expect(host, "EngineRefused", words="bad name")


def test_names_of_others_are_left_to_them():
    for flavour in ("docker", "podman"):
        with with_old_one(flavour) as host:
            host.engine.control("add", {"name": "shop-dev-8", "body": {"Image": "other"}})
            expect(host, "EngineRefused", words="in use", left=["shop-dev-7", "shop-dev-8"])
        # A name that is given up at the switch need not be that one.
        with with_old_one(flavour) as host:
            host.engine.control("add", {"name": "shop-dev-8.pending", "body": {"Image": "other"}})
            assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
            assert sorted(host.engine.names()) == ["shop-dev-8", "shop-dev-8.pending"], host.engine.names()


def test_name_that_is_taken_meanwhile_is_left_to_the_other():
    for flavour in ("docker", "podman"):
        with with_old_one(flavour) as host:
            host.engine.push(REPO, "v2", healthcheck=True, after=0.5)
            call = host.begin(8, f"{REPO}:v2")
            wait_for("the new one", lambda: "shop-dev-8.pending" in host.engine.names())
            host.engine.control("add", {"name": "shop-dev-8", "body": {"Image": "other"}})
            call.wait()
            assert call.error and "in use by another container" in call.error, call.reply
            assert host.engine.names() == ["shop-dev-7", "shop-dev-8"]


def test_lost_answers_leave_no_container_behind():
    with with_old_one() as host:
        host.engine.fault("POST", CREATE, "serve-then-drop")
        expect(host, "EngineFailed", words="create the container")
        host.engine.fault("POST", r"/start", "serve-then-drop")
        expect(host, "EngineFailed", words="start the container")


def test_lost_answer_of_the_switch_is_asked_for_again():
    with with_old_one() as host:
        host.engine.fault("POST", r"/rename", "serve-then-drop")
        assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
        assert host.engine.names() == ["shop-dev-8"]


def test_switch_is_finished_by_the_next_attempt():
    for flavour in ("docker", "podman"):
        for path, method in ((r"/stop", "POST"), (r"/containers/", "DELETE")):
            with with_old_one(flavour) as host:
                host.engine.fault(method, path, "status", status=500)
                expect(host, "EngineFailed", left=["shop-dev-7", "shop-dev-8"])
                # Neither the registry nor the image is needed for that.
                host.engine.fault("GET", DISTRIBUTION, "status", times=-1, status=500)
                host.engine.fault("POST", PULL, "status", times=-1, status=500)
                outcome, detail, container = host.deploy(8, f"{REPO}:v2")
                assert outcome == "succeeded" and "shop-dev-8 runs" in detail, detail
                assert host.engine.names() == ["shop-dev-8"]
                assert host.engine.containers()["shop-dev-8"]["Id"] == container


def test_health_does_not_depend_on_events():
    for kind, more in (("status", {"status": 500}), ("drop", {}), ("hang", {}), ("raw", {"data": "nonsense"}), ("cut", {}),
                       ("drip", {}), ("huge", {"bytes": 1 << 40})):
        with with_old_one() as host:
            host.engine.push(REPO, "v2", healthcheck=True, after=0.3)
            host.engine.fault("GET", r"/events", kind, times=-1, **more)
            assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded", kind


def deploy_and_restart_engine(host):
    """Between two looks at the new container: after the second, while its check is waited for, the next one is a second away."""
    def looked():
        new = host.engine.containers().get("shop-dev-8.pending")
        return new and len([r for r in host.engine.requests() if r.endswith(f"/containers/{new['Id']}/json")]) >= 2
    call = host.begin(8, f"{REPO}:v2")
    wait_for("the new one is looked at", looked)
    host.engine.control("restart")
    call.wait()
    if call.raised:
        raise call.raised


def test_container_that_is_restarted_with_its_engine_is_tried_again():
    for flavour in ("docker", "podman"):
        with with_old_one(flavour) as host:
            host.engine.push(REPO, "v2", healthcheck=True, after=2)
            name, text = host.error_of(lambda: deploy_and_restart_engine(host))
            assert name == "EngineFailed" and "the engine was restarted meanwhile: " in text, f"{name}: {text}"
            assert "was restarted; state running" in text, text
            assert host.engine.names() == ["shop-dev-7"]
            assert host.engine.containers()["shop-dev-7"]["State"]["Running"]
            assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
            assert host.engine.names() == ["shop-dev-8"]


def test_container_that_fails_while_the_engine_ends_is_its_own_fault_the_next_time():
    for behaviour in ({"exit": 3}, {"exit": 3, "revives": True, "after": 0.1}, {"start_error": "exec: no such file"}):
        with with_old_one() as host:
            host.engine.push(REPO, "v2", **behaviour)
            host.engine.fault("GET", r"/events", "cut")
            expect(host, "EngineFailed", words="the engine was restarted meanwhile: shop-dev-8 did not come up")
            outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
            assert outcome == "rolled-back" and "the engine was restarted" not in detail, detail
            assert host.engine.names() == ["shop-dev-7"]


def test_container_that_fails_without_any_events_is_at_fault():
    for kind, more in (("status", {"status": 500}), ("drop", {}), ("hang", {}), ("huge", {"bytes": 1 << 40})):
        with with_old_one() as host:
            host.engine.push(REPO, "v2", exit=3, after=0.1)
            host.engine.fault("GET", r"/events", kind, times=-1, **more)
            outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
            assert outcome == "rolled-back" and "exited with status 3" in detail, (kind, detail)


# Probes from the host

def test_port_that_refuses_connections_is_not_healthy():
    with with_old_one(config="HealthDeadlineSec=1\n") as host:
        host.engine.push(REPO, "v2", listen=False, logs=["about to listen"])
        outcome, detail, _ = host.deploy(8, f"{REPO}:v2")
        assert outcome == "rolled-back" and host.engine.names() == ["shop-dev-7"], detail
        assert re.search(r"last answer: tcp://127\.[0-9.]+:8080: connection refused", detail), detail
        assert "state running" in detail and "last lines: about to listen" in detail, detail
        # One that listens, and nothing else is different.
        host.engine.push(REPO, "v3", listen={"after": 0.3})
        assert host.deploy(9, f"{REPO}:v3")[0] == "succeeded"


def test_path_of_the_project_is_asked_for():
    with with_old_one(config="HealthDeadlineSec=1\n") as host:
        host.engine.push(REPO, "v2", listen={"status": 503})
        outcome, detail, _ = host.deploy(8, f"{REPO}:v2", Healthcheck=("s", "http:/healthz"))
        assert outcome == "rolled-back" and re.search(r"http://127\.[0-9.]+:8080/healthz.* 503", detail), detail
        # That it listens would have been enough without the path.
        assert host.deploy(9, f"{REPO}:v2", Healthcheck=("s", "tcp"))[0] == "succeeded"


def test_container_of_which_nothing_is_asked_has_to_run_and_says_so():
    for healthcheck in (False, True):
        with with_old_one(config="HealthDeadlineSec=1\n") as host:
            os.makedirs(os.path.join(host.directory, "projects.d"), mode=0o750)
            os.chmod(host.write("projects.d/shop.json", json.dumps({"image": REPO, "healthcheck": "none"})), 0o640)
            # It exposes a port where nothing listens, and says of itself that it is ill.
            host.engine.push(REPO, "v2", listen=False, healthcheck=healthcheck, health="unhealthy")
            assert host.deploy(8, f"{REPO}:v2", Healthcheck=("s", "tcp"))[0] == "succeeded"
            assert "runs without a restart; no check is wanted" in host.log(), host.log()
            host.engine.push(REPO, "v3", exit=3, listen=False)
            outcome, detail, _ = host.deploy(9, f"{REPO}:v3")
            assert outcome == "rolled-back" and "exited with status 3" in detail, detail


def test_container_that_cannot_be_asked_has_to_run_and_says_so():
    with with_old_one() as host:
        host.engine.push(REPO, "v2", address="")
        assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded"
        assert "runs without a restart; no address to ask at" in host.log(), host.log()


# Time

def test_pull_that_hangs_ends_at_the_deadline():
    for kind in ("hang", "stream-silence"):
        with with_old_one(config="DeployDeadlineSec=1\n") as host:
            host.engine.fault("POST", PULL, kind)
            expect(host, "DeadlineExceeded")


def test_image_that_never_becomes_healthy_ends_at_the_deadline():
    with with_old_one(config="DeployDeadlineSec=1\nHealthDeadlineSec=60\n") as host:
        host.engine.push(REPO, "v2", healthcheck=True, after=60)
        expect(host, "DeadlineExceeded")


def test_step_that_hangs_is_broken_off_in_the_end():
    with with_old_one(config="DeployDeadlineSec=1\n") as host:
        host.engine.fault("POST", CREATE, "hang")
        expect(host, "DeadlineExceeded")


if __name__ == "__main__":
    tap.main()
