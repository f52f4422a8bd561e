#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Which engine it is. Two on one machine: deploys stay in the one that the first of them was made in; the real deployerd on a
private bus, in a mount namespace whose /run has the sockets of two engines that only pretend. Engines of another age.

usage: test_deployer_engine.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import os
import shlex
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import CONFIG, PROGRAM, STORE, Host, root_says  # noqa: E402
from fake_engine import FakeEngine  # noqa: E402
from private_bus import BusError  # noqa: E402
from test_deployer_change import FIXED_PORT, running  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"
ISOLATE = ["unshare", "--user", "--map-root-user", "--mount"]


class Machine(Host):
    """With Docker and Podman at their usual sockets, and an Engine= only where a test says so."""

    def __init__(self):
        if subprocess.run([*ISOLATE, "true"], capture_output=True, check=False).returncode != 0:
            raise tap.Skip("no namespaces here")
        super().__init__(engine=False)
        self.engines = {}
        for flavour, place in (("docker", "docker.sock"), ("podman", "podman/podman.sock")):
            folder = os.path.join(self.directory, flavour)
            os.makedirs(folder)
            self.engines[flavour] = FakeEngine(folder, flavour)
            link = os.path.join(self.directory, "usual", place)
            os.makedirs(os.path.dirname(link), exist_ok=True)
            os.symlink(self.engines[flavour].socket, link)
            self.engines[flavour].push(REPO, "v1")
            self.engines[flavour].push(REPO, "v2")
        self.say()
        with open(os.path.join(self.directory, "deployerd.sh"), encoding="utf-8") as f:
            script = f.read()
        inside = f"mount --bind {shlex.quote(self.directory)}/usual /run && exec \"$@\""
        os.chmod(self.write("deployerd.sh", script.replace(
            f"exec {shlex.quote(PROGRAM)} ", f"exec {' '.join(ISOLATE)} sh -c {shlex.quote(inside)} sh {shlex.quote(PROGRAM)} ")), 0o755)

    def __exit__(self, *details):
        super().__exit__(*details)
        for engine in self.engines.values():
            engine.stop()

    def say(self, engine=""):
        """What root says, from the next start on."""
        if self.pid():
            self.signal(signal.SIGTERM)
        self.write("deployerd.conf", f"[Deployer]\n{CONFIG}{engine}")
        os.chmod(self.config_path, 0o640)

    def note(self):
        with open(os.path.join(self.state, "engine"), encoding="ascii") as f:
            return f.read()


def test_note_that_is_damaged_is_told_with_its_file_and_the_remedy():
    with Machine() as machine:
        machine.deploy(7, f"{REPO}:v1")
        with open(os.path.join(machine.state, "engine"), "w", encoding="ascii") as f:
            f.write("anything\n")
        name, text = machine.refused(8, f"{REPO}:v2")
        assert name == "EngineFailed" and f"{machine.state}/engine: it is damaged" in text and "Engine=" in text, (name, text)
        os.unlink(os.path.join(machine.state, "engine"))
        assert machine.deploy(8, f"{REPO}:v2")[0] == "succeeded"
        assert machine.note() == "docker /run/docker.sock\n"


def test_deploys_stay_in_their_engine_when_another_one_answers():
    with Machine() as machine:
        machine.deploy(7, f"{REPO}:v1")
        assert machine.note() == "docker /run/docker.sock\n"
        assert machine.property("EngineSocket") == "/run/docker.sock"
        assert machine.log().count("Deploys are in docker at /run/docker.sock from now on [ENGINE_NOTED") == 1, machine.log()
        assert machine.property("EngineSockets") == [["/run/docker.sock", True], ["/run/podman/podman.sock", True]]
        machine.engines["docker"].stop()
        # Whatever the daemon itself may remember.
        machine.signal(signal.SIGKILL)
        name, text = machine.refused(8, f"{REPO}:v2")
        assert name == "EngineUnreachable" and "docker at /run/docker.sock" in text, (name, text)
        assert "/run/podman/podman.sock" in text and "Engine=" in text, text
        assert machine.engines["podman"].names() == []
        machine.engines["docker"].start()
        machine.engines["docker"].push(REPO, "v2")
        assert machine.deploy(8, f"{REPO}:v2")[0] == "succeeded"
        assert machine.engines["podman"].names() == []


def test_another_kind_behind_the_same_socket_is_not_taken_for_it():
    with Machine() as machine:
        machine.deploy(7, f"{REPO}:v1")
        link = os.path.join(machine.directory, "usual", "docker.sock")
        os.unlink(link)
        os.symlink(machine.engines["podman"].socket, link)
        name, text = machine.refused(8, f"{REPO}:v2")
        assert name == "EngineUnreachable" and "in docker" in text and "is podman" in text, (name, text)
        assert machine.engines["podman"].names() == []


def test_the_word_of_root_moves_deploys_and_the_note_follows():
    with Machine() as machine:
        machine.deploy(7, f"{REPO}:v1")
        machine.say("Engine=/run/podman/podman.sock\n")
        assert machine.deploy(8, f"{REPO}:v1")[0] == "succeeded"
        assert machine.engines["podman"].names() == ["shop-dev-8"]
        machine.say()
        machine.deploy(9, f"{REPO}:v2")
        assert machine.note() == "podman /run/podman/podman.sock\n"
        assert machine.engines["podman"].names() == ["shop-dev-9"]
        assert machine.engines["docker"].names() == ["shop-dev-7"]
        for place in ("docker at /run/docker.sock", "podman at /run/podman/podman.sock"):
            assert machine.log().count(f"Deploys are in {place} from now on") == 1, machine.log()


def strays(machine, project="", stage=""):
    return [{key: value["data"] for key, value in row.items()} for row in machine.call("ListStrays", "ss", project, stage)[0]]


def move_to_podman(machine):
    """Deploy 7 is in Docker, 8 in Podman, where deploys are from now on."""
    docker = machine.deploy(7, f"{REPO}:v1")[2]
    machine.say("Engine=/run/podman/podman.sock\n")
    machine.deploy(8, f"{REPO}:v2")
    machine.say()
    return docker


def test_what_is_left_in_docker_is_listed_while_docker_runs():
    with Machine() as machine:
        container = move_to_podman(machine)
        machine.write("usual/docker.pid", str(os.getpid()))
        row, = strays(machine)
        assert row["Engine"] == "docker" and row["Socket"] == "/run/docker.sock" and row["Name"] == "shop-dev-7", row
        assert (row["Project"], row["Stage"], row["Deploy"], row["State"]) == ("shop", "dev", 7, "running"), row
        assert row["Container"] == container and row["Store"] == STORE and row["Digest"].startswith("sha256:"), row
        assert machine.property("Engine") == "podman", "what is only looked at is not the engine"
        assert strays(machine, "shop", "dev") == [row] and strays(machine, "other", "dev") == []
        assert machine.engines["docker"].names() == ["shop-dev-7"] and machine.note().startswith("podman ")


def test_docker_that_does_not_run_is_not_connected_to():
    with Machine() as machine:
        move_to_podman(machine)
        gone = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout
        with socket.socket(socket.AF_UNIX) as systemd:
            systemd.bind(os.path.join(machine.directory, "systemd"))
            systemd.listen()
            systemd.setblocking(False)
            link = os.path.join(machine.directory, "usual", "docker.sock")
            os.unlink(link)
            os.symlink(os.path.join(machine.directory, "systemd"), link)
            for text in (None, gone, "", "0", "-1", "any", "99999999999999999999"):
                if text is not None:
                    machine.write("usual/docker.pid", text)
                assert strays(machine) == [], text
                try:
                    systemd.accept()
                    raise AssertionError(f"a Docker that does not run is started: {text}")
                except BlockingIOError:
                    pass


def test_what_is_left_in_podman_is_listed_also_where_docker_is_away():
    with Machine() as machine:
        machine.say("Engine=/run/podman/podman.sock\n")
        machine.deploy(7, f"{REPO}:v1")
        machine.say("Engine=/run/docker.sock\n")
        machine.deploy(8, f"{REPO}:v2")
        assert [row["Name"] for row in strays(machine)] == ["shop-dev-7"]
        machine.engines["docker"].stop()
        assert [(row["Name"], row["Engine"]) for row in strays(machine)] == [("shop-dev-7", "podman")]


def test_second_way_to_the_same_engine_leads_to_no_strays():
    with Machine() as machine:
        machine.say("Engine=/run/podman/podman.sock\n")
        machine.deploy(7, f"{REPO}:v1")
        machine.write("usual/docker.pid", str(os.getpid()))
        link = os.path.join(machine.directory, "usual", "docker.sock")
        os.unlink(link)
        os.symlink(machine.engines["podman"].socket, link)
        assert strays(machine) == []


def test_engine_that_only_refused_a_deploy_is_not_noted():
    with Machine() as machine:
        assert machine.refused(7, f"{REPO}:nothing")[0] == "PullFailed"
        assert not os.path.exists(os.path.join(machine.state, "engine"))


def test_note_that_cannot_be_read_is_no_leave_to_choose():
    with Machine() as machine:
        machine.deploy(7, f"{REPO}:v1")
        with open(os.path.join(machine.state, "engine"), "w", encoding="ascii") as f:
            f.write("anything")
        try:
            machine.deploy(8, f"{REPO}:v2")
            raise AssertionError("it was deployed")
        except BusError as error:
            assert "in which engine" in error.text, error.text


# Versions

def test_engine_of_another_age_is_unsupported():
    for flavour, error, words, told in (
            ("ancient", "EngineUnsupported", "at least 1.41 is needed", ["docker", "20.10.24"]),
            ("futuristic", "EngineTooNew", "no version of its API below 1.60, 1.55 is the newest known", ["docker", "35.0.0"]),
            ("anonymous", "EngineUnsupported", "names no version", ["", ""])):
        with Host(flavour) as host:
            name, text = host.refused(7, f"{REPO}:v1")
            assert name == error and words in text, f"{name}: {text}"
            assert [host.property("Engine"), host.property("EngineVersion")] == told
            assert host.property("ApiVersion") == ""


def test_engine_is_asked_for_its_version_only_where_its_ping_does_not_tell_what_is_needed():
    for flavour, version, asked in (("docker", "20.10.24", False), ("podman", "4.3.1", False),
                                    ("raised", "29.0.0", False), ("newest", "29.9.0", True),
                                    ("covered", "20.10.24", True)):
        with Host(flavour) as host:
            host.engine.push(REPO, "v1")
            assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
            pings, questions = (host.engine.requests().count(f"GET {path}") for path in ("/_ping", "/version"))
            assert pings > 0 and questions == (pings if asked else 0), f"{flavour}: {pings} pings, {questions} questions"
            assert host.property("EngineVersion") == version, flavour


def test_newest_version_that_both_speak_is_used():
    for flavour, version in (("modern", "1.44"), ("raised", "1.52"), ("newest", "1.55")):
        with Host(flavour) as host:
            assert host.property("ApiVersion") == version, flavour
            host.engine.push(REPO, "v1", healthcheck={"Interval": 10 ** 8, "Timeout": 10 ** 8, "Retries": 1})
            assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded", flavour
            host.engine.push(REPO, "v2", exit=1)
            assert host.deploy(8, f"{REPO}:v2")[0] == "rolled-back", flavour
            host.engine.push(REPO, "v3")
            host.engine.fault("POST", "/images/create", "stream-error",
                              message="denied: requested access to the resource is denied")
            name, text = host.refused(9, f"{REPO}:v3")
            assert name == "PullFailed" and "denied" in text, f"{flavour}: {name}: {text}"
            assert host.engine.names() == ["shop-dev-7"]


def test_engine_that_is_replaced_while_a_deploy_runs_is_asked_anew():
    for before, after, words in (("docker", "raised", "1.41 is too old"), ("newest", "docker", "1.55 is too new")):
        for container in ({}, FIXED_PORT):
            with Host(before, config="HealthDeadlineSec=30\n") as host:
                root_says(host, container=container)
                host.engine.push(REPO, "v1")
                host.engine.push(REPO, "v2", healthcheck=True, after=1.5)
                host.deploy(7, f"{REPO}:v1")
                call = host.begin(8, f"{REPO}:v2")
                wait_for("it comes up", lambda: "shop-dev-8.pending" in running(host))
                host.engine.control("become", after)
                call.wait()
                assert call.raised and call.raised.name.endswith(".EngineFailed") and words in call.error, call.error or call.reply
                assert host.deploy(8, f"{REPO}:v2")[0] == "succeeded", before
                assert host.engine.names() == running(host) == ["shop-dev-8"], host.engine.names()
                # It is not the registry that is away.
                host.engine.push(REPO, "v3")
                host.engine.fault("POST", "/images/create", "status", status=400, message=f"client version {words}.")
                name, text = host.refused(9, f"{REPO}:v3")
                assert name == "EngineFailed" and words in text, (name, text)


if __name__ == "__main__":
    tap.main()
