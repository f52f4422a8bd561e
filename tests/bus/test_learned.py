#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
A port and a health check that nobody set are those of each image: what is deployed, what is learned and what is shown of it. Both
daemons, the real programs, with an engine that only pretends.

usage: test_learned.py [TEST], with WEBHOOKD=, DEPLOYERD= and TINYFORGECTL= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from test_whole import Forge, running  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"


class Learner(Forge):
    """With what is shown of the one project."""

    def ctl(self, *arguments):
        result = subprocess.run([os.environ["TINYFORGECTL"], *arguments], capture_output=True, text=True, timeout=30, check=False,
                                env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.bus.address})
        assert result.returncode == 0, result
        return result.stdout

    def project(self):
        """port, learned port, health check, learned health check"""
        row = json.loads(self.ctl("--json", "projects"))[0]
        return row["port"], row["learned_port"], row["healthcheck"], row["learned_healthcheck"]

    def wait_project(self, *expected):
        wait_for(f"the project is shown as {expected}", lambda: self.project() == expected)

    def published(self):
        """The ports inside of what runs."""
        return [port for name in running(self)
                for port in self.engine.containers()[name]["NetworkSettings"]["Ports"]]

    def rollback(self):
        number = self.webhookd.call("Rollback", "ss", "shop", "dev")[0]
        state, reason = self.wait_final(number)
        assert state == "succeeded", (state, reason)


def each(function):
    def run():
        for flavour in ("docker", "podman"):
            try:
                with Learner(flavour=flavour) as forge:
                    function(forge)
            except Exception as error:
                raise AssertionError(f"with {flavour}") from error
    run.__name__ = function.__name__
    return run


@each
def test_port_follows_each_image_there_and_back(forge):
    forge.engine.push(REPO, "v1", ports=["8080/tcp"])
    forge.engine.push(REPO, "v2", ports=["3000/tcp"])
    forge.deploy(f"{REPO}:v1")
    assert forge.published() == ["8080/tcp"]
    forge.wait_project(None, 8080, None, None)
    forge.deploy(f"{REPO}:v2")
    assert forge.published() == ["3000/tcp"]
    forge.wait_project(None, 3000, None, None)
    forge.rollback()
    assert forge.published() == ["8080/tcp"]
    forge.wait_project(None, 8080, None, None)


@each
def test_health_check_follows_each_image(forge):
    forge.engine.push(REPO, "v1", ports=["8080/tcp"], healthcheck=True)
    forge.engine.push(REPO, "v2", ports=["8080/tcp"])
    forge.deploy(f"{REPO}:v1")
    forge.wait_project(None, 8080, None, "image")
    forge.deploy(f"{REPO}:v2")
    forge.wait_project(None, 8080, None, None)


@each
def test_what_a_person_sets_stays_until_it_is_unset(forge):
    forge.engine.push(REPO, "v1", ports=["8080/tcp", "9090/tcp"], healthcheck=True)
    forge.engine.push(REPO, "v2", ports=["3000/tcp", "9090/tcp"])
    forge.engine.push(REPO, "v3", ports=["3000/tcp"])
    forge.deploy(f"{REPO}:v1")
    forge.wait_project(None, 8080, None, "image")
    forge.webhookd.call("SetProject", "sa{sv}", "shop", 2, "Port", "q", 9090, "Healthcheck", "s", "tcp")
    assert forge.project() == (9090, None, "tcp", None)
    forge.deploy(f"{REPO}:v2")
    assert forge.published() == ["9090/tcp"]
    assert forge.project() == (9090, None, "tcp", None)
    forge.webhookd.call("SetProject", "sa{sv}", "shop", 1, "Port", "q", 0)
    forge.deploy(f"{REPO}:v3")
    assert forge.published() == ["3000/tcp"]
    forge.wait_project(None, 3000, "tcp", None)


@each
def test_project_of_a_person_learns_as_well(forge):
    forge.engine.push(REPO, "v1", ports=["3000/tcp"])
    forge.webhookd.call("CreateProject", "ssa{sv}", "shop", REPO, 0)
    forge.webhookd.call("SetStage", "ssa{sv}", "shop", "dev", 1, "TagPattern", "s", "*")
    forge.deploy(f"{REPO}:v1")
    forge.wait_project(None, 3000, None, None)
    assert forge.published() == ["3000/tcp"]


@each
def test_what_failed_teaches_nothing(forge):
    forge.engine.push(REPO, "v1", ports=["8080/tcp"])
    forge.engine.push(REPO, "v2", ports=["3000/tcp"], exit=3)
    forge.deploy(f"{REPO}:v1")
    forge.wait_project(None, 8080, None, None)
    state, reason = forge.wait_final(forge.deliver(f"{REPO}:v2"))
    assert state == "rolled-back", (state, reason)
    assert forge.project() == (None, 8080, None, None)
    assert forge.published() == ["8080/tcp"]


@each
def test_what_was_learned_is_marked_as_such(forge):
    digest = forge.engine.push(REPO, "v1", ports=["8080/tcp"], healthcheck=True)
    forge.deploy(f"{REPO}:v1")
    forge.wait_project(None, 8080, None, "image")
    assert "8080 (learned)" in forge.ctl("projects") and "image (learned)" in forge.ctl("projects")
    shown = forge.ctl("project", "show", "shop").splitlines()
    assert "Port: as the image says (learned: 8080)" in shown, shown
    assert "Healthcheck: as the image says (learned: image)" in shown, shown
    container = json.loads(forge.ctl("--json", "project", "show", "shop"))["stages"][0]["container"]
    assert list(container["ExposedPorts"]) == ["8080/tcp"], container
    runs = forge.engine.containers()[forge.engine.names()[0]]["Config"]["Labels"]
    assert [container["Labels"][f"org.tinyforge.{key}"] for key in ("digest", "store")] == [digest, runs["org.tinyforge.store"]], container
    described = {key: value["data"] for key, value in forge.webhookd.call("DescribeProjects")[0][0].items()}
    assert described.pop("CreatedAt") > 0
    assert described == {"Name": "shop", "Image": REPO, "Port": 0, "LearnedPort": 8080, "Healthcheck": "",
                         "LearnedHealthcheck": "image", "AutoCreated": True, "After": ""}, described
    forge.webhookd.call("SetProject", "sa{sv}", "shop", 1, "Port", "q", 9090)
    assert "Port: 9090" in forge.ctl("project", "show", "shop").splitlines()
    assert "9090 " in forge.ctl("projects") and "9090 (learned)" not in forge.ctl("projects")


if __name__ == "__main__":
    tap.main()
