#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tinyforgectl project show, the real program: what the two peers together say of a project.

usage: test_ctl_project.py [TEST], with TINYFORGECTL= and FAKE_PEERS= the programs
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from ctl_peers import PROGRAM, WEBHOOK, Peers, assert_harmless  # noqa: E402


def test_project_is_shown_with_the_container_of_its_stage():
    with Peers("webhook", "deployer") as peers:
        peers.run("deploy", "shop", "dev", "succeeded")
        text = peers.run("project", "show", "shop", "dev").stdout
        assert_harmless(text)
        head, body = text.split("Container:\n")
        assert head.splitlines() == [
            "Project: shop", "Image: registry.example/acme/shop", "Port: 8080", "Healthcheck: as the image says", "",
            "Stage: dev", "Policy: glob", "Pattern: *", "Auto-deploy: no", "Max-instances: 1",
            "Image: registry.example/acme/shop:succeeded"], head
        assert body.startswith('{\n  "Image": "registry.example/acme/shop:succeeded",\n  "Env": ['), body
        assert json.loads(body)["Env"] == ["Port=8080", "Healthcheck=", "MaxInstances=1", "T=\x1b[31m\x7f"], body


def test_project_without_a_deploy_is_shown_by_its_own_image():
    with Peers("webhook", "deployer") as peers:
        peers.run("deploy", "shop", "dev", "rolled-back", status=1)
        shown = peers.json("project", "show", "shop", "canary")
        assert (shown["name"], shown["image"], shown["port"], shown["healthcheck"]) == (
            "shop", "registry.example/acme/shop", 8080, None), shown
        stage, = shown["stages"]
        assert list(stage) == ["name", "policy", "tag_pattern", "auto_deploy", "max_instances", "image", "container",
                               "changed", "notes", "commands", "error"]
        assert (stage["name"], stage["image"], stage["error"]) == ("canary", "registry.example/acme/shop", None), stage
        assert "MaxInstances=2" in stage["container"]["Env"], stage


def test_what_roots_file_has_changed_has_a_star():
    with Peers("webhook", "deployer") as peers:
        peers.run("deploy", "shop", "dev", "rolled-back", status=1)
        text = peers.run("project", "show", "shop", "canary").stdout
        assert_harmless(text)
        note = text.splitlines()[-7]
        assert text.split("Container: ")[1].splitlines() == [
            "(a star marks what root's file has changed)",
            "  {",
            '    "Image": "registry.example/acme/shop",',
            '*   "Env": [',
            '*     "Port=8080",',
            '*     "Healthcheck=",',
            '*     "MaxInstances=2",',
            '*     "T=\\u001B[31m\\u007f"',
            "*   ],",
            '    "HostConfig": {',
            '      "Binds": [],',
            '*     "a/~": {',
            '*       "b": "\\u007f"',
            "*     }",
            "    }",
            "  }",
            "* removed: /HostConfig/Memory",
            note,
            "Predeploy:",
            "{",
            '  "Cmd": [',
            '    "\\u001B[31m"',
            "  ]",
            "}"], text
        assert note.startswith("Note: Nothing is meant by that"), text
        stage, = peers.json("project", "show", "shop", "canary")["stages"]
        assert stage["changed"] == ["/Env", "/HostConfig/a~1~0", "/HostConfig/Memory"] and len(stage["notes"]) == 1, stage
        assert stage["commands"] == {"predeploy": {"Cmd": ["\x1b[31m"]}}, stage


def test_values_of_files_are_shown_to_who_asks_for_them():
    with Peers("webhook", "deployer") as peers:
        assert '"b": "shown"' not in peers.run("project", "show", "shop", "canary").stdout
        assert '"b": "shown"' in peers.run("project", "show", "--show-secrets", "shop", "canary").stdout
        peers.run("stages", "shop", "--show-secrets", status=2)


def test_refused_configuration_is_told_and_the_other_stages_are_shown():
    with Peers("webhook", "deployer") as peers:
        result = peers.run("project", "show", "shop", status=1)
        assert_harmless(result.stdout + result.stderr)
        assert "tinyforgectl: shop/prod: /etc/tinyforge/projects.d/shop.json:3:14: unexpected token" in result.stderr
        assert result.stdout.count("Stage: ") == 3 and result.stdout.count("Container:") == 2, result.stdout
        stages = peers.json("project", "show", "shop", status=1)["stages"]
        assert [stage["container"] is None for stage in stages] == [False, False, True], stages
        assert stages[2]["error"].startswith("/etc/tinyforge/projects.d/shop.json:3:14"), stages
        assert "no JSON" in peers.run("project", "show", "odd", status=1).stderr


def test_refusal_stands_below_the_stage_that_it_is_about():
    with Peers("webhook", "deployer") as peers:
        text = subprocess.run([PROGRAM, "project", "show", "shop", "prod"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60, check=False, env=peers.environment).stdout
        assert text.index("Stage: prod") < text.index("unexpected token"), text


def test_list_that_is_cut_says_where_the_rest_is():
    with Peers(*WEBHOOK) as peers:
        peers.run("deploy", "shop", "dev", "succeeded")
        assert "describe ID" not in peers.run("deploys").stderr
        assert "describe ID" in peers.run_on_terminal(60, "deploys", stderr=True)
        assert "describe ID" not in peers.run_on_terminal(60, "deploys", "--no-legend", stderr=True)
        assert "describe ID" not in peers.run_on_terminal(500, "deploys", stderr=True)


def test_containers_of_a_project_are_not_shown_to_everybody():
    with Peers("webhook", "deployer") as peers:
        result = peers.run("project", "show", "tool", status=1)
        assert "Stage: rc" in result.stdout and "Healthcheck: image" in result.stdout, result.stdout
        assert result.stderr == \
            "tinyforgectl: The containers of a project are shown to root, and to whom polkit allows it\n", result.stderr
        assert "shown to root" in peers.json("project", "show", "tool", status=1)["stages"][0]["error"]


def test_project_is_shown_as_far_as_it_goes_without_a_deployer():
    with Peers(*WEBHOOK) as peers:
        result = peers.run("project", "show", "shop", status=1)
        assert result.stdout.count("Stage: ") == 3 and result.stderr.count("tinyforgectl:") == 1, result
        stages = peers.json("project", "show", "shop", status=1)["stages"]
        assert all(stage["container"] is None and stage["error"] for stage in stages), stages


def test_project_that_does_not_exist_is_status_4():
    with Peers("webhook", "deployer") as peers:
        assert "tinyforgectl projects" in peers.run("project", "show", "nobody", status=4).stderr
        result = peers.run("project", "show", "shop", "nowhere", status=4)
        assert result.stdout == "" and "tinyforgectl stages" in result.stderr, result
        assert "not complete" in peers.run("project", status=2).stderr
        assert "There is no verb 'project drop'" in peers.run("project", "drop", "x", status=2).stderr
        assert "project show" in peers.run("project", "--help").stdout


if __name__ == "__main__":
    tap.main()
