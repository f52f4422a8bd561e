#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What `tinyforgectl logs` asks journalctl for, with the real webhookd on a private bus, and a journalctl that only shows its
command line. Whether the real one then finds something is for the tests of a booted host.

usage: test_ctl_logs.py [TEST], with TINYFORGECTL= and WEBHOOKD= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from webhook_host import Host  # noqa: E402

PROGRAM = os.environ["TINYFORGECTL"]
OURS = ["_SYSTEMD_UNIT=tinyforge-webhookd.service", "_SYSTEMD_UNIT=tinyforge-deployerd.service"]
DOCKER = "_SYSTEMD_UNIT=docker.service"
CONMON = ["_COMM=conmon", "_UID=0"]


def run(webhookd, *arguments, path=None):
    """tinyforgectl, with a journalctl that writes its words as JSON and ends with 7."""
    programs = os.path.join(os.path.dirname(webhookd.state), "programs")
    os.makedirs(programs, exist_ok=True)
    fake = os.path.join(programs, "journalctl")
    with open(fake, "w", encoding="ascii") as f:
        f.write(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\nsys.exit(7)\n")
    os.chmod(fake, 0o755)
    return subprocess.run([PROGRAM, "logs", *arguments], capture_output=True, text=True, timeout=60, check=False,
                          env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=webhookd.bus.address, PATH=path or programs))


def words(webhookd, *arguments):
    result = run(webhookd, *arguments)
    assert result.returncode == 7, (arguments, result)
    return json.loads(result.stdout)


def groups(asked):
    """The alternatives that journalctl is asked for: lists of matches."""
    found = [[]]
    for word in asked:
        if word == "+":
            found.append([])
        elif not word.startswith("-"):
            found[-1].append(word)
    return found


def test_every_alternative_says_who_wrote_the_entry():
    with Host() as webhookd:
        webhookd.post("a.example/org/shop:v1")
        webhookd.post("a.example/org/other:v1")
        webhookd.post("a.example/org/shop:v2")
        assert groups(words(webhookd, "shop", "dev")) == [
            [*OURS, "TINYFORGE_PROJECT=shop", "TINYFORGE_STAGE=dev"],
            [DOCKER, "ORG_TINYFORGE_PROJECT=shop", "ORG_TINYFORGE_STAGE=dev"],
            [*CONMON, "CONTAINER_TAG=shop-dev-3", "CONTAINER_TAG=shop-dev-1"]]


def test_without_a_stage_all_of_them_are_meant():
    with Host() as webhookd:
        webhookd.post("a.example/org/shop:v1")
        assert groups(words(webhookd, "shop")) == [
            [*OURS, "TINYFORGE_PROJECT=shop"], [DOCKER, "ORG_TINYFORGE_PROJECT=shop"],
            [*CONMON, "CONTAINER_TAG=shop-dev-1"]]


def test_containers_that_are_still_to_come_are_followed():
    with Host() as webhookd:
        webhookd.post("a.example/org/shop:v1")
        webhookd.post("a.example/org/other:v1")
        tags = groups(words(webhookd, "-f", "shop"))[2][2:]
        # Deploy 2 is the other project's, and 3 the next of anybody.
        assert tags[:3] == ["CONTAINER_TAG=shop-dev-1", "CONTAINER_TAG=shop-dev-3", "CONTAINER_TAG=shop-dev-4"], tags
        assert tags[-1] == "CONTAINER_TAG=shop-dev-34"


def test_options_are_those_of_journalctl():
    with Host() as webhookd:
        webhookd.post("a.example/org/shop:v1")

        def options(*arguments):
            return [word for word in words(webhookd, "shop", *arguments) if word.startswith("-")]
        assert options() == []
        assert options("-n", "5", "--since=-2h", "--until=now") == ["--lines=5", "--since=-2h", "--until=now"]
        assert options("--follow", "--json", "--no-legend") == ["--output=json", "--quiet", "--follow"]


def test_what_does_not_exist_is_status_4_and_asks_no_journal():
    with Host() as webhookd:
        webhookd.post("a.example/org/shop:v1")
        for arguments, advice in ((["none"], "tinyforgectl projects"), (["shop", "none"], "tinyforgectl stages")):
            result = run(webhookd, *arguments)
            assert (result.returncode, result.stdout) == (4, "") and advice in result.stderr, result
        result = run(webhookd, "shop + _UID=0")
        assert (result.returncode, result.stdout) == (1, "") and "name" in result.stderr, result


def test_without_journalctl_it_is_said():
    with Host() as webhookd:
        webhookd.post("a.example/org/shop:v1")
        result = run(webhookd, "shop", path="/nonexistent")
        assert result.returncode == 1 and "Cannot run journalctl" in result.stderr, result


if __name__ == "__main__":
    tap.main()
