# SPDX-License-Identifier: MIT
"""Each key of root's file does what the manual says, by the real daemon; and what is wrong in one is told in time."""
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import EVERY_ENGINE, Host, Progress  # noqa: E402

REPO = "ghcr.io/acme/shop"
IMAGE = f"{REPO}:v1"


def write(host, name, text, mode=0o640):
    """A file of projects.d."""
    os.makedirs(os.path.join(host.directory, "projects.d"), mode=0o750, exist_ok=True)
    path = host.write(f"projects.d/{name}", text)
    os.chmod(path, mode)
    return path


def project(host, name="shop", image=REPO, **parts):
    return write(host, f"{name}.json", json.dumps({"image": image, **parts}))


def last_body(host):
    """What the engine was asked to create last."""
    return host.engine.control("state")["bodies"][-1]


def asked_for_the_image(host):
    return [line for line in host.engine.requests() if "/images/" in line or "/distribution/" in line]


def expect_refused(host, error, words, image=IMAGE, deploy=7, **options):
    name, text = host.refused(deploy, image, **options)
    assert name == error and words in text, f"{name}: {text}"


# container

def test_mistake_in_the_engines_keys_is_told_with_what_was_meant_before_the_pull():
    with Host() as host:
        host.engine.push(REPO, "v1")
        for parts, words in (
                ({"Env": []}, "shop.json: /Env: \"Env\" belongs in /container"),
                ({"container": {"Binds": []}}, "/container/Binds: \"Binds\" belongs in /container/HostConfig"),
                ({"stages": {"prod": {"container": {"HostConfig": {"Memroy": 1}}}}},
                 "/stages/prod/container/HostConfig/Memroy: is no key of the engine's; the nearest is \"Memory\""),
                ({"container": {"HostConfig": {"Memory": "1g"}}}, "Memory: is a string, and has to be an integer")):
            project(host, **parts)
            expect_refused(host, "Configuration", words)
        assert not asked_for_the_image(host)
        project(host, container={"HostConfig": {"Memroy": 1}}, unchecked=["HostConfig.Memroy"])
        assert host.deploy(7, IMAGE)[0] == "succeeded" and last_body(host)["HostConfig"]["Memroy"] == 1


def test_key_of_another_version_of_the_api_is_refused_before_the_pull():
    annotations = {"container": {"HostConfig": {"Annotations": {"a": "b"}}}}
    priority = {"container": {"NetworkingConfig": {"EndpointsConfig": {"net": {"GwPriority": 1}}}}}
    gone = {"container": {"HostConfig": {"KernelMemory": 1}}}
    for flavour, parts, words in (
            ("docker", annotations, "HostConfig/Annotations: takes version 1.44 of the engine's API, and version 1.41 is spoken here"),
            ("podman", annotations, "HostConfig/Annotations: takes version 1.44 of the engine's API, and version 1.41 is spoken here"),
            ("modern", annotations, None),
            ("modern", priority, "net/GwPriority: takes version 1.55 of the engine's API, and version 1.44 is spoken here"),
            ("newest", priority, None),
            ("modern", gone, "HostConfig/KernelMemory: is gone from version 1.44 of the engine's API"),
            ("docker", gone, None)):
        with Host(flavour) as host:
            host.engine.push(REPO, "v1")
            project(host, **parts)
            if words is None:
                assert host.deploy(7, IMAGE)[0] == "succeeded", flavour
            else:
                expect_refused(host, "Configuration", words)
                assert not asked_for_the_image(host), flavour


def test_log_of_the_engines_choice_is_had_by_a_null():
    for flavour in EVERY_ENGINE:
        with Host(flavour) as host:
            host.engine.push(REPO, "v1")
            host.deploy(7, IMAGE)
            assert last_body(host)["HostConfig"]["LogConfig"]["Type"] == "journald"
            project(host, container={"HostConfig": {"LogConfig": None}})
            assert host.deploy(8, IMAGE)[0] == "succeeded"
            assert "LogConfig" not in last_body(host)["HostConfig"], last_body(host)
            assert host.deploy(9, IMAGE)[0] == "unchanged"


# healthcheck

def test_each_key_of_a_health_check_is_heeded():
    for check, behaviour, outcome in (
            # Another port than the project's, and a status that is well only for this one.
            ({"type": "http", "path": "/up", "port": 9000, "status": "404"}, {"port": 9000, "status": 404}, "succeeded"),
            ({"type": "http", "path": "/up", "status": "200-299"}, {"status": 302}, "Unhealthy"),
            ({"type": "http", "path": "/up"}, {"status": 302}, "succeeded"),
            ({"type": "tcp", "port": 9000}, {"port": 9000}, "succeeded"),
            ({"type": "tcp", "port": 9001}, {"port": 9000}, "Unhealthy")):
        with Host(config="HealthDeadlineSec=1\n") as host:
            host.engine.push(REPO, "v1", listen=behaviour)
            project(host, healthcheck=check)
            if outcome == "succeeded":
                assert host.deploy(7, IMAGE)[0] == outcome, check
            else:
                expect_refused(host, outcome, str(check.get("port", "answers 302")))


def test_health_check_asks_for_the_host_that_root_names():
    with Host() as host:
        host.engine.push(REPO, "v1", listen={"for": "app.example.com"})
        project(host, healthcheck={"type": "http", "path": "/up"}, limits={"health": "1s"})
        expect_refused(host, "Unhealthy", "answers 400")
        project(host, healthcheck={"type": "http", "path": "/up", "host": "app.example.com"})
        assert host.deploy(8, IMAGE)[0] == "succeeded"


# env, env_files

ENVIRONMENT = {"image": REPO, "container": {"Env": ["A=1", "B=1"]}, "env_files": ["shop.env"],
               "env": {"TZ": "Europe/Berlin", "D": "env"},
               "stages": {"dev": {"env": {"B": None, "E": ""}}, "prod": {"container": {"Env": ["A=2"]}}}}


def test_variables_are_merged_by_name_from_all_that_root_says():
    for flavour in EVERY_ENGINE:
        with Host(flavour) as host:
            host.engine.push(REPO, "v1")
            write(host, "shop.env", "# secrets\nC='one two'\nD=file\n")
            write(host, "shop.json", json.dumps(ENVIRONMENT))
            assert host.deploy(7, IMAGE)[0] == "succeeded"
            assert last_body(host)["Env"] == ["A=1", "C=one two", "D=env", "TZ=Europe/Berlin", "E="], last_body(host)
            # The array of a stage takes the place of the project's, as RFC 7396 has it.
            assert host.deploy(8, IMAGE, stage="prod")[0] == "succeeded"
            assert last_body(host)["Env"] == ["A=2", "C=one two", "D=env", "TZ=Europe/Berlin"], last_body(host)
            assert host.deploy(9, IMAGE)[0] == "unchanged"
            write(host, "shop.env", "C=three\n")
            assert host.deploy(10, IMAGE)[0] == "succeeded" and "C=three" in last_body(host)["Env"]


def test_file_of_variables_is_checked_like_the_projects():
    with Host() as host:
        host.engine.push(REPO, "v1")
        project(host, env_files=["shop.env"])
        expect_refused(host, "Configuration", "projects.d/shop.env: No such file or directory")
        write(host, "shop.env", "A=1\nB 2\n")
        expect_refused(host, "Configuration", "projects.d/shop.env:2: is no assignment, comment or empty line")
        write(host, "shop.env", "A=1\n", mode=0o660)
        expect_refused(host, "NotPermitted", "projects.d/shop.env: can be written by others than root")
        project(host, env_files=["../deployerd.conf"])
        expect_refused(host, "Configuration", "/env_files/0: has to be the name of a file beside this one")
        assert not asked_for_the_image(host)


def describe(host, stage, *options):
    """The body, the places that root's file has changed, and the notes."""
    words = host.call("DescribeContainer", "sssa{sv}", "shop", stage, IMAGE, len(options) // 3, *options)
    return json.loads(words[0]), words[1], words[2]


def test_values_of_files_are_hidden_unless_they_are_asked_for():
    with Host() as host:
        host.engine.push(REPO, "v1")
        write(host, "shop.env", "C=secret\nD=secret\n")
        write(host, "shop.json", json.dumps(ENVIRONMENT))
        hidden = ["A=1", "C=(hidden)", "D=env", "TZ=Europe/Berlin", "E="]
        shown = ["A=1", "C=secret", "D=env", "TZ=Europe/Berlin", "E="]
        ask = ("ShowSecrets", "b", "true")
        assert describe(host, "dev")[0]["Env"] == hidden and describe(host, "dev", *ask)[0]["Env"] == shown
        for options, wanted in (((), hidden), (ask, shown)):
            text = host.call("GetContainerBody", "sssa{sv}", "shop", "dev", IMAGE, len(options) // 3, *options)[0]
            assert json.loads(text)["Env"] == wanted and ("secret" in text) == bool(options), text
        # A deploy has nothing to show.
        name, text = host.error_of(lambda: host.deploy(7, IMAGE, ShowSecrets=("b", "true")))
        assert name == "InvalidOption" and "ShowSecrets" in text, text


def test_values_of_files_are_hidden_in_what_containers_and_engines_say():
    # One of them is a part of another, one has lines, one is too short to be told from other words.
    secrets = ("hunter2secret", "hunter2secret-and-more", "0123456789abcdef")
    for flavour in EVERY_ENGINE:
        with Host(flavour) as host:
            host.engine.push(REPO, "v1", exit=3, healthcheck=True, health="unhealthy", logs=[
                "no entry for postgres://shop:hunter2secret@db in dev, nor hunter2secret-and-more", "key 0123456789abcdef"])
            write(host, "shop.env", "A=hunter2secret\nB=hunter2secret-and-more\nC='begin key\n0123456789abcdef\nend'\nD=dev\n")
            project(host, env_files=["shop.env"])
            name, text = host.refused(7, IMAGE)
            assert name == "Unhealthy" and "postgres://shop:(hidden)@db in dev, nor (hidden) | key (hidden)" in text, f"{name}: {text}"
            for method, path in (("POST", "/containers/create"), ("POST", "/start")):
                host.engine.fault(method, path, "status", status=400, message=f"what is {' or '.join(secrets)} in '{path}'")
                name, text = host.refused(8, IMAGE)
                assert "what is (hidden) or (hidden) or (hidden)" in text, f"{name}: {text}"
            told = host.log() + text
            assert not any(secret in told for secret in secrets), told


def test_what_roots_file_has_changed_is_told_with_what_may_not_be_meant():
    with Host() as host:
        host.engine.push(REPO, "v1")
        assert describe(host, "dev")[1:] == ([], [])
        write(host, "shop.env", "C=secret\n")
        write(host, "shop.json", json.dumps({**ENVIRONMENT, "limits": {"stop": "1min"}, "container": {
            "Env": ["A=1", "B=1"], "Labels": {"a/b": "c"}, "HostConfig": {"LogConfig": None, "Memory": 1}}}))
        _, changed, notes = describe(host, "dev")
        assert sorted(changed) == ["/Env", "/HostConfig/LogConfig", "/HostConfig/Memory", "/Labels/a~1b", "/StopTimeout"], changed
        assert notes == [], notes
        assert describe(host, "prod")[2] == ["The Env of prod takes the place of the project's, and drops B; "
                                             '"env" merges by name.']


# limits

def test_one_slow_starter_raises_the_limit_of_nobody_else():
    with Host(config="HealthDeadlineSec=1\n") as host:
        host.engine.push(REPO, "v1", listen={"after": 2})
        project(host, stages={"dev": {"limits": {"health": "20s"}}})
        assert host.deploy(7, IMAGE)[0] == "succeeded"
        expect_refused(host, "Unhealthy", "before the deadline", stage="prod")


def test_stability_is_the_projects_own():
    with Host(config="StableSec=20\n") as host:
        host.engine.push(REPO, "v1", listen=False)
        project(host, healthcheck="none", limits={"stable": "300ms"})
        begun = time.monotonic()
        assert host.deploy(7, IMAGE)[0] == "succeeded" and time.monotonic() - begun < 15


def test_old_one_is_given_the_time_that_the_project_needs():
    with Host(config="DrainSec=20\nStopGraceSec=1\n") as host:
        host.engine.push(REPO, "v1", stop_takes=2)
        host.engine.push(REPO, "v2")
        project(host, limits={"stop": "1min", "drain": "0"})
        host.deploy(7, IMAGE)
        assert last_body(host)["StopTimeout"] == 60, last_body(host)
        begun = time.monotonic()
        host.deploy(8, f"{REPO}:v2")
        assert time.monotonic() - begun < 15
        assert [line for line in host.engine.requests() if line.endswith("/stop?t=60")], host.engine.requests()
        # As long as nobody changes it nothing is replaced, and what is changed holds from the next deploy on.
        assert host.deploy(9, f"{REPO}:v2")[0] == "unchanged"
        project(host, limits={"stop": "30", "drain": "0"})
        assert host.deploy(10, f"{REPO}:v2")[0] == "succeeded" and last_body(host)["StopTimeout"] == 30


def test_removal_waits_as_long_as_the_project_needs():
    with Host() as host:
        host.engine.push(REPO, "v1")
        host.deploy(7, IMAGE)
        host.engine.control("add", {"name": "shop-dev-8", "body": {"Image": IMAGE, "Labels": {
            f"org.tinyforge.{key}": value for key, value in (
                ("project", "shop"), ("stage", "dev"), ("deploy", "8"), ("digest", host.engine.digest("x")),
                ("config", "x"), ("store", host.store))}}})
        project(host, limits={"stop": "2min"})
        host.call("RemoveStage", "ss", "shop", "dev")
        assert not host.engine.names()
        assert [line for line in host.engine.requests() if line.endswith("/stop?t=120")], host.engine.requests()


def test_pull_that_takes_longer_than_the_project_allows_is_given_up():
    for flavour in ("docker", "podman"):
        with Host(flavour) as host:
            host.engine.push(REPO, "v1")
            project(host, limits={"pull": "1s"})
            host.engine.fault("POST", "/images/create", "stream-silence")
            expect_refused(host, "DeadlineExceeded", "it took longer than root's file allows it to")
            assert host.deploy(8, IMAGE)[0] == "succeeded"


def test_deadline_of_a_deploy_gives_room_to_what_root_allows():
    with Host(config="DeployDeadlineSec=2\n") as host:
        host.engine.push(REPO, "v1", listen={"after": 4})
        expect_refused(host, "DeadlineExceeded", "")
        project(host, limits={"health": "30s"})
        assert host.deploy(8, IMAGE)[0] == "succeeded"


def leave_pending_without_a_time(host):
    """Deploy 8, made before containers said how long they take to end, and shop-dev-7 stopped for it. Forgets all requests."""
    old = host.engine.containers()["shop-dev-7"]["Id"]
    host.engine.request("POST", f"/v1.41/containers/{old}/stop")
    host.engine.control("add", {"name": "shop-dev-8.pending", "body": {"Image": IMAGE, "Labels": {
        f"org.tinyforge.{key}": value for key, value in (
            ("project", "shop"), ("stage", "dev"), ("deploy", "8"), ("digest", host.engine.digest("x")),
            ("config", "x"), ("store", host.store))}}})
    host.engine.control("forget")


def test_limits_count_for_what_a_dead_attempt_has_left_and_mistakes_do_not_keep_it():
    with Host() as host:
        host.engine.push(REPO, "v1")
        host.deploy(7, IMAGE)
        # The second is a mistake: then what counts for all does.
        for limits, seconds, error in (({"stop": "7s"}, 7, "PullFailed"), ({"stop": "9s", "health": "soon"}, 1, "Configuration")):
            leave_pending_without_a_time(host)
            project(host, limits=limits)
            expect_refused(host, error, "", image=f"{REPO}:gone", deploy=8)
            assert [line.rpartition("?")[2] for line in host.engine.requests() if "/stop" in line] == [f"t={seconds}"], (
                limits, host.engine.requests())
            containers = host.engine.containers()
            assert list(containers) == ["shop-dev-7"] and containers["shop-dev-7"]["State"]["Running"], containers
        expect_refused(host, "Configuration", "/limits/health: has to be a time span", deploy=8)


# replace

def test_stage_is_recreated_where_root_wants_it():
    with Host() as host:
        for tag in ("v1", "v2"):
            host.engine.push(REPO, tag)
        project(host, replace="recreate")
        host.deploy(7, IMAGE)
        progress = Progress(host)
        host.deploy(8, f"{REPO}:v2", MaxInstances=("u", 3))
        assert "stopped" in progress.read("retired") and host.engine.names() == ["shop-dev-8"]
        assert "because root's file of the project wants it" in host.log(), host.log()


def test_overlap_is_refused_with_the_reason_before_the_pull():
    with Host() as host:
        host.engine.push(REPO, "v1")
        fixed = {"HostConfig": {"PortBindings": {"8080/tcp": [{"HostPort": "8088"}]}}}
        project(host, stages={"prod": {"replace": "overlap", "container": fixed}, "dev": {"container": fixed}})
        expect_refused(host, "Configuration", "projects.d/shop.json: prod cannot have \"replace\": \"overlap\", because it "
                       "publishes the fixed host port 8088", stage="prod")
        assert not asked_for_the_image(host)
        assert host.deploy(7, IMAGE)[0] == "succeeded"


def test_overlap_is_refused_for_what_the_image_brings():
    with Host() as host:
        host.engine.push(REPO, "v1", volumes=["/data"])
        project(host, replace="overlap")
        expect_refused(host, "Configuration", "because it writes to the volume")
        assert not host.engine.names()
        project(host, replace="overlap", shareable=["/data"])
        assert host.deploy(7, IMAGE)[0] == "succeeded"


# pull

def test_image_of_this_machine_alone_is_deployed_replaced_and_brought_back():
    for flavour in EVERY_ENGINE:
        for pull in ("never", "missing"):
            with Host(flavour) as host:
                host.engine.control("registry", {"down": True})
                host.engine.build(REPO, "v1")
                host.engine.build(REPO, "v2")
                project(host, pull=pull)
                assert host.deploy(7, IMAGE)[0] == "succeeded"
                first = host.instances()[0][6]
                assert host.deploy(8, IMAGE)[0] == "unchanged"
                assert host.deploy(9, f"{REPO}:v2")[0] == "succeeded"
                # By what stood for its digest, as a rollback asks for it.
                assert host.deploy(10, f"{REPO}@{first}")[0] == "succeeded"
                assert [instance[6] for instance in host.instances()] == [first]
                assert not [line for line in host.engine.requests() if "create?fromImage" in line or "/distribution/" in line]


def test_image_that_is_not_here_is_pulled_or_not_as_root_says():
    with Host() as host:
        host.engine.push(REPO, "v1")
        project(host, pull="never")
        expect_refused(host, "NoSuchImage", "is not on this machine, and root's file has \"pull\": \"never\"")
        assert not [line for line in host.engine.requests() if "fromImage" in line or "/distribution/" in line]
        project(host, pull="missing")
        assert host.deploy(7, IMAGE)[0] == "succeeded"
        # The tag moves, and what is here stays.
        host.engine.build(REPO, "v1", word="here")
        host.engine.push(REPO, "v1", word="moved")
        assert host.deploy(8, IMAGE)[0] == "succeeded"
        assert host.engine.digest("moved") not in [instance[6] for instance in host.instances()]


def test_id_of_an_image_of_another_repository_is_none_of_this_one():
    with Host() as host:
        other = host.engine.build("ghcr.io/other/secret", "v1")
        identifier = host.engine.request("GET", "/v1.41/images/ghcr.io/other/secret:v1/json")[1]["Id"]
        assert identifier != other
        project(host, pull="never")
        expect_refused(host, "NoSuchImage", "is not on this machine", image=f"{REPO}@{identifier}")
        assert not host.engine.names()


# What holds without a file

def test_that_any_image_may_run_is_told_at_each_start_and_by_a_property():
    with Host() as host:
        assert host.property("AllowsAnyImage") is True
        assert host.log().count("AllowImages= is not set") == 1 and "AllowImages=ghcr.io/acme/*" in host.log(), host.log()
        assert host.config_path in host.log()
        host.signal(signal.SIGTERM)
        assert host.property("AllowsAnyImage") is True and host.log().count("AllowImages= is not set") == 2
    with Host(config="AllowImages=ghcr.io/acme/*\n") as host:
        assert host.property("AllowsAnyImage") is False and "is not set" not in host.log()


if __name__ == "__main__":
    tap.main()
