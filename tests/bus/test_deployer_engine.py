#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Two engines on one machine: deploys stay in the one that the first of them was made in. The real deployerd on a private bus, in a
mount namespace whose /run has the sockets of two engines that only pretend.

usage: test_deployer_engine.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import os
import shlex
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import CONFIG, PROGRAM, Host  # noqa: E402
from fake_engine import FakeEngine  # noqa: E402
from private_bus import BusError  # noqa: E402

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


def test_deploys_stay_in_their_engine_when_another_one_answers():
    with Machine() as machine:
        machine.deploy(7, f"{REPO}:v1")
        assert machine.note() == "docker /run/docker.sock\n"
        assert machine.property("EngineSocket") == "/run/docker.sock"
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


if __name__ == "__main__":
    tap.main()
