#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tinyforgectl, the real program, against peers that say what the real ones say on bad days only.

usage: test_ctl_peers.py [TEST], with TINYFORGECTL= and FAKE_PEERS= the programs
"""
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import fcntl

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from private_bus import PrivateBus  # noqa: E402

PROGRAM = os.environ["TINYFORGECTL"]
NAMES = ("org.tinyforge.Webhook1", "org.tinyforge.Deployer1", "org.freedesktop.systemd1")
POLICY = "<busconfig><policy context=\"default\">" + "".join(
    f'<allow own="{name}"/><allow send_destination="{name}"/>' for name in NAMES) + "</policy></busconfig>"

WEBHOOK = ("webhook",)
ALL = ("webhook", "deployer", "systemd")


class Peers:
    """A bus with the peers that are named, for one test."""

    def __init__(self, *roles):
        self.roles = roles
        self.directory = tempfile.mkdtemp(prefix="tinyforge-test.")
        policy = os.path.join(self.directory, "policy.conf")
        with open(policy, "w", encoding="ascii") as f:
            f.write(POLICY)
        self.bus = PrivateBus(self.directory, [policy])
        self.environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.bus.address, TZ="UTC")
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen([os.environ["FAKE_PEERS"], *self.roles], env=self.environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(20)
        self.bus.close()
        shutil.rmtree(self.directory)

    def run(self, *arguments, status=0):
        result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False,
                                env=self.environment)
        assert result.returncode == status, (arguments, result.returncode, result.stdout, result.stderr)
        return result

    def json(self, *arguments, status=0):
        return json.loads(self.run("--json", *arguments, status=status).stdout)

    def run_on_terminal(self, columns, *arguments, status=0, stderr=False, **variables):
        """What the program writes to a terminal that is `columns` wide, with these variables in its environment."""
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {key: value for key, value in self.environment.items() if key != "COLUMNS"}
        environment.update(variables)
        with subprocess.Popen([PROGRAM, *arguments], stdout=follower, stderr=follower if stderr else subprocess.DEVNULL,
                              env=environment) as process:
            os.close(follower)
            written = b""
            try:
                while chunk := os.read(leader, 65536):
                    written += chunk
            except OSError:
                pass  # the end, as Linux tells it of a terminal
            os.close(leader)
            assert process.wait(60) == status
        return written.decode("utf-8").replace("\r\n", "\n")


def assert_harmless(text):
    bad = [c for c in text if (ord(c) < 0x20 and c != "\n") or 0x7F <= ord(c) <= 0x9F or ord(c) == 0x202E]
    assert not bad, (bad, text)


# What the daemons say

def test_what_controls_a_terminal_is_never_printed():
    with Peers(*ALL) as peers:
        peers.run("--no-wait", "deploy", "odd", "dev", "failed")
        for arguments in (["projects"], ["stages"], ["deploys"], ["status"]):
            for form in ([], ["--json"]):
                result = peers.run(*form, *arguments)
                assert result.stdout.isascii() or not form, result.stdout
                assert_harmless(result.stdout + result.stderr)
        assert "\\x1b[31m" in peers.run("projects").stdout
        assert "because\\x0aof \\x1b" in peers.run("deploys").stdout
        assert peers.json("projects")[0]["healthcheck"].startswith("\x1b[31m"), "programs get what was said"


def test_unexpected_answer_is_a_failure_that_is_told():
    with Peers("webhook-liar") as peers:
        for arguments in (["url"], ["hooks"], ["projects"], ["stages"], ["stages", "shop"], ["deploys"],
                          ["deploy", "shop", "dev", "x"], ["rollback", "shop", "dev"], ["match", "registry.example/acme/shop:v1"]):
            result = peers.run(*arguments, status=1)
            assert "cannot be read" in result.stderr and result.stdout == "", (arguments, result)


def test_missing_daemon_is_told_with_what_to_do():
    with Peers("systemd") as peers:
        for arguments in (["url"], ["projects"], ["deploy", "shop", "dev", "x"], ["endpoint", "shop", "dev"]):
            result = peers.run(*arguments, status=1)
            assert "installed" in result.stderr, result.stderr
            result = peers.run("--no-legend", *arguments, status=1)
            assert "installed" not in result.stderr and result.stderr.count("\n") == 1, result.stderr


def test_argument_that_is_no_text_is_refused():
    with Peers(*WEBHOOK) as peers:
        result = peers.run("stages", b"\xff\xfe", status=1)
        assert "UTF-8" in result.stderr, result.stderr


# deploy

def test_deploy_ends_as_its_outcome_says():
    with Peers(*WEBHOOK) as peers:
        for state, status in (("succeeded", 0), ("unchanged", 0), ("rolled-back", 1), ("failed", 1), ("superseded", 1),
                              ("cancelled", 1)):
            result = peers.run("deploy", "shop", "dev", state, status=status)
            assert f"shop/dev, registry.example/acme/shop:{state}: {state}: " in result.stdout and "because" in result.stdout, result.stdout
            row = peers.json("deploy", "shop", "dev", state, status=status)
            assert row["state"] == state and "because" in row["reason"], row


def test_outcome_that_comes_before_the_reply_is_not_missed():
    with Peers(*WEBHOOK) as peers:
        # Its own question comes after a quarter of an hour: only the signal can be in time.
        assert peers.json("--timeout=1h", "deploy", "shop", "dev", "early-failed", status=1)["state"] == "failed"


def test_outcome_whose_signal_got_lost_is_asked_for():
    with Peers(*WEBHOOK) as peers:
        assert peers.json("--timeout=8s", "deploy", "shop", "dev", "lost-succeeded")["state"] == "succeeded"


def test_waiting_ends_and_says_that_the_deploy_does_not():
    with Peers(*WEBHOOK) as peers:
        result = peers.run("--timeout=100ms", "deploy", "shop", "dev", "never", status=1)
        assert "goes on" in result.stderr and "tinyforgectl deploys shop dev" in result.stderr, result.stderr
        assert peers.json("--no-wait", "deploy", "shop", "dev", "never")["state"] == "running"
        assert "Deploy 3 of shop/dev" in peers.run("deploy", "shop", "dev", "never", "--no-wait").stdout


def test_deploy_of_nothing_asks_for_a_tag():
    with Peers(*WEBHOOK) as peers:
        assert "Name the tag" in peers.run("deploy", "shop", "dev", status=1).stderr


# --follow

FOLLOW = ("deploy", "shop", "dev", "told-succeeded", "--follow")


def interrupt(peers, *arguments):
    """The exit status, output and complaints of a program that gets Ctrl-C when it has said "42%"."""
    with subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=peers.environment) as process:
        output = ""
        while "42%" not in output:
            line = process.stdout.readline()
            assert line, (output, process.stderr.read())
            output += line
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=60)
        return process.returncode, output + rest, complaints


def test_way_of_a_deploy_is_a_line_for_each_phase():
    with Peers("webhook", "deployer") as peers:
        result = peers.run(*FOLLOW)
        assert_harmless(result.stdout)
        lines = result.stdout.splitlines()
        assert lines[0] == "Deploy 1: resolved: sha256:1", "told before the reply, and not of another deploy"
        assert lines[1:5] == [f"Deploy 1: pulling: {percent}" for percent in ("0%", "10%", "42% of 30 MB", "100%")], lines
        assert [line.split()[2].rstrip(":") for line in lines[5:-1]] == [
            "pulled", "created", "started", "probing", "healthy", "switched", "retired"], lines
        assert lines[-1].startswith("Deploy 1 of shop/dev") and ": succeeded" in lines[-1], lines
        assert "rolled-back" in peers.run("deploy", "shop", "dev", "told-rolled-back", "--follow", status=1).stdout


def test_way_is_one_object_a_line_for_programs():
    with Peers("webhook", "deployer") as peers:
        lines = [json.loads(line) for line in peers.run("--json", *FOLLOW).stdout.splitlines()]
        assert lines[0] == {"phase": "resolved", "detail": "sha256:1"}, lines
        assert lines[2] == {"phase": "pulling", "detail": "3%"}, "programs get all of it"
        assert lines[-2] == {"phase": "retired", "detail": ""}, lines
        assert (lines[-1]["id"], lines[-1]["state"]) == (1, "succeeded"), lines


def test_way_goes_on_when_the_deployer_begins_again():
    with Peers("webhook", "deployer") as peers:
        lines = peers.run("--timeout=8s", "deploy", "shop", "dev", "again-succeeded", "--follow").stdout.splitlines()
        phases = [line.split(":")[1].strip() for line in lines[:-1]]
        assert phases == ["queued", "resolved", "pulling", "queued", "resolved", "pulling", "switched"], lines
        assert ": succeeded" in lines[-1], lines


def test_deploy_that_waits_says_why_and_until_when():
    with Peers(*ALL) as peers:
        peers.run("deploy", "shop", "dev", "again-succeeded", "--no-wait")
        when = peers.run("--json", "deploys")
        row = json.loads(when.stdout)[0]
        assert (row["state"], row["attempts"]) == ("queued", 2) and row["next_attempt_at"] == 1700000005000000, row
        assert row["reason"].startswith("because\nof "), row
    with Peers(*ALL) as peers:
        peers.run("deploy", "shop", "dev", "again-succeeded", "--no-wait")
        assert "waiting: attempt 3 at 22:13:25, because" in peers.run("status").stdout
    with Peers(*ALL) as peers:
        peers.run("deploy", "shop", "dev", "again-succeeded", "--no-wait")
        assert "waiting: attempt 3 at 22:13:25, because" in peers.run("deploys").stdout
    with Peers(*ALL) as peers:
        lines = peers.run("--timeout=8s", "deploy", "shop", "dev", "again-succeeded", "--follow").stdout.splitlines()
        assert lines[0].startswith("Deploy 1: queued: waiting: attempt 3 at 22:13:25, because"), lines


def test_way_is_one_line_on_a_terminal_that_is_cleared_at_the_end():
    with Peers("webhook", "deployer") as peers:
        for columns in (20, 40, 80):
            lines = peers.run_on_terminal(columns, *FOLLOW, TERM="xterm", NO_COLOR="1").split("\r\x1b[K")
            assert lines[0] == "" and lines[-1].startswith("Deploy "), "cleared before it is written, and at the end"
            assert lines[-1].count("\n") == 1 and ": succeeded" in lines[-1], lines
            drawn = lines[1:-1]
            assert_harmless("\n".join(drawn))
            assert "\n" not in "".join(drawn) and max(len(line) for line in drawn) < columns, drawn
            assert "0s probing GET"[:columns - 1] in [line[:14] for line in drawn], drawn
            assert ("0s pulling [########------------] 42% of 30 MB" in drawn) == (columns == 80), drawn


def test_seconds_are_counted_on_while_nothing_is_told():
    with Peers("webhook", "deployer") as peers:
        lines = peers.run_on_terminal(80, "--timeout=4s", "deploy", "shop", "dev", "stuck", "--follow", status=1,
                                      TERM="xterm", NO_COLOR="1").split("\r\x1b[K")
        assert any(re.match(r"[1-9]s pulling \[", line) for line in lines) and lines[-1] == "", lines


def test_terminal_that_is_dumb_gets_plain_lines_and_no_colour_means_none():
    with Peers("webhook", "deployer") as peers:
        assert_harmless(peers.run_on_terminal(80, *FOLLOW, TERM="dumb"))
        assert_harmless(peers.run_on_terminal(80, *FOLLOW, TERM=""))
        bold = "\x1b[1mpulling\x1b[0m"
        assert bold in peers.run_on_terminal(80, *FOLLOW, TERM="xterm", NO_COLOR="")
        assert bold not in peers.run_on_terminal(80, *FOLLOW, TERM="xterm", NO_COLOR="1")
        assert '{"phase":"pulling","detail":"0%"}\n' in peers.run_on_terminal(80, "--json", *FOLLOW, TERM="xterm")


def test_interrupt_ends_the_following_and_not_the_deploy():
    with Peers("webhook", "deployer") as peers:
        status, output, complaints = interrupt(peers, "deploy", "shop", "dev", "stuck", "--follow")
        assert status == 130 and "Deploy 1 of" not in output, (status, output)
        assert "Deploy 1 goes on" in complaints and "tinyforgectl cancel 1" in complaints, complaints
        assert peers.json("deploys")[0]["state"] == "running"


def test_daemon_that_hangs_does_not_keep_anybody_from_leaving():
    with Peers("webhook", "deployer") as peers:
        with subprocess.Popen([PROGRAM, "deploy", "shop", "dev", "early-hang", "--follow"],
                              env=peers.environment) as process:
            assert peers.process.stdout.readline() == "asked\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == -signal.SIGINT


def test_deploy_can_be_followed_by_its_id():
    with Peers("webhook", "deployer") as peers:
        peers.run("deploy", "shop", "dev", "again-failed", "--no-wait")
        lines = peers.run("--timeout=8s", "follow", "1", status=1).stdout.splitlines()
        assert "Deploy 1: switched" in lines and ": failed" in lines[-1], lines
        assert peers.run("follow", "1", status=1).stdout.count("\n") == 1, "it is over"
        assert "not listed" in peers.run("follow", "9", status=4).stderr


def test_deploy_that_is_too_old_for_the_list_of_all_is_found_by_its_id():
    with Peers("webhook-full", "deployer") as peers:
        peers.run("deploy", "tool", "rc", "succeeded", "--no-wait")
        assert peers.json("follow", "1")["project"] == "tool"
        assert "not listed" in peers.run("follow", "2", status=4).stderr


def test_what_is_not_waited_for_is_not_followed():
    with Peers(*WEBHOOK) as peers:
        for arguments in (["deploy", "shop", "dev", "x", "--follow", "--no-wait"], ["follow", "1", "--no-wait"]):
            assert "cannot be followed" in peers.run(*arguments, status=2).stderr
        peers.run("deploys", "--follow", status=2)


def test_end_that_somebody_else_brought_about_is_explained():
    with Peers(*WEBHOOK) as peers:
        result = peers.run("deploy", "shop", "dev", "superseded", "--follow", status=1)
        assert "A newer deploy of the stage took its place" in result.stderr, result
        result = peers.run("deploy", "shop", "dev", "cancelled", "--follow", status=1)
        assert "What ran before keeps running" in result.stderr, result


def test_deploy_that_fails_says_what_to_do_next():
    with Peers(*WEBHOOK) as peers:
        assert "tinyforgectl logs shop dev" in peers.run("deploy", "shop", "dev", "rolled-back", status=1).stderr
        result = peers.run("deploy", "shop", "dev", "failed", status=1)
        assert ": failed: Configuration: because" in result.stdout and "tinyforgectl project show" in result.stderr, result


# rollback

def test_rollback_says_what_it_goes_back_to_and_ends_as_its_outcome_says():
    with Peers(*WEBHOOK) as peers:
        lines = peers.run("rollback", "shop", "dev").stdout.splitlines()
        assert lines[0] == "Deploy 1: shop/dev goes back to registry.example/acme/shop:v1", lines
        assert lines[1].startswith("Deploy 1 of shop/dev, registry.example/acme/shop:v1: succeeded"), lines
        assert "rolled-back: because" in peers.run("rollback", "shop", "canary", status=1).stdout
        row = peers.json("rollback", "shop", "dev")
        assert (row["id"], row["image"], row["state"]) == (3, "registry.example/acme/shop:v1", "succeeded"), row
        assert peers.run("--no-wait", "rollback", "shop", "canary").stdout.count("\n") == 2


def test_rollback_that_holds_says_how_to_deploy_again():
    with Peers(*WEBHOOK) as peers:
        result = peers.run("rollback", "shop", "dev", "--hold")
        assert "goes back to registry.example/acme/shop:held" in result.stdout, result.stdout
        assert "tinyforgectl deploy shop dev" in result.stderr, result.stderr
        peers.run("deploy", "shop", "dev", "v1", "--hold", status=2)


def test_rollback_to_nothing_says_that_nothing_was_stopped():
    with Peers(*WEBHOOK) as peers:
        result = peers.run("rollback", "shop", "prod", status=1)
        assert result.stdout == "" and "No deploy of shop/prod succeeded before" in result.stderr, result
        assert "Nothing was stopped" in result.stderr and "tinyforgectl deploys PROJECT STAGE" in result.stderr, result


# cancel

def test_cancel_waits_until_the_old_one_runs():
    with Peers(*WEBHOOK) as peers:
        peers.run("--no-wait", "deploy", "shop", "dev", "never")
        result = peers.run("cancel", "1")
        assert "Deploy 1 of shop/dev, registry.example/acme/shop:never: cancelled" in result.stdout, result.stdout
        assert "What ran before keeps running" in result.stderr, result.stderr
        peers.run("--no-wait", "deploy", "shop", "dev", "never")
        assert peers.json("cancel", "2")["state"] == "cancelled"
        peers.run("--no-wait", "deploy", "shop", "dev", "never")
        assert peers.json("--no-wait", "cancel", "3")["state"] == "running"


def test_cancel_that_comes_too_late_says_what_undoes_it():
    with Peers(*WEBHOOK) as peers:
        peers.run("--no-wait", "deploy", "shop", "prod", "never")
        result = peers.run("cancel", "1", status=1)
        assert ": succeeded" in result.stdout and "tinyforgectl rollback shop prod" in result.stderr, result
        result = peers.run("cancel", "1", status=1)
        assert "over already" in result.stderr and "tinyforgectl rollback PROJECT STAGE" in result.stderr, result


def test_cancel_of_what_is_no_deploy_is_told():
    with Peers(*WEBHOOK) as peers:
        result = peers.run("cancel", "77", status=4)
        assert "no deploy 77" in result.stderr and "tinyforgectl deploys" in result.stderr, result
        for wrong in ("", "0", "x", "-1", "1 ", "99999999999999999999"):
            assert "is a number" in peers.run("cancel", "--", wrong, status=2).stderr


# Lists

def test_shadowed_stage_is_named():
    with Peers(*WEBHOOK) as peers:
        rows = peers.json("stages", "shop")
        assert [row["shadowed_by"] for row in rows] == [None, None, "dev"], rows
        lines = peers.run("stages", "shop").stdout.splitlines()
        assert lines[0].split()[-1] == "SHADOWED-BY" and lines[3].split()[-1] == "dev", lines
        assert "SHADOWED-BY" not in peers.run("stages", "tool").stdout


def test_list_of_what_does_not_exist_is_status_4():
    with Peers("webhook", "deployer") as peers:
        for arguments in (["stages", "nobody"], ["deploys", "nobody"], ["deploys", "shop", "nowhere"],
                          ["endpoint", "nobody", "dev"]):
            result = peers.run(*arguments, status=4)
            assert result.stdout == "" and "tinyforgectl" in result.stderr, result
        assert peers.run("deploys", "shop", "prod").stdout == "0 deploys listed.\n"


def test_match_without_a_stage_shows_whom_it_asked():
    with Peers(*WEBHOOK) as peers:
        result = peers.run("match", "registry.example/acme/tool:v1", status=4)
        assert result.stdout == "  rc: pattern '*-rc' does not take 'v1'\n", result.stdout
        assert "No stage of project 'tool'" in result.stderr
        found = peers.json("match", "registry.example/acme/tool:v1", status=4)
        assert (found["project"], found["stage"]) == ("tool", None)
        assert found["stages"] == [{"name": "rc", "policy": "glob", "tag_pattern": "*-rc", "auto_deploy": True, "matches": False,
                                    "takes": False}]


def test_match_shows_which_stage_took_it_and_which_was_not_asked():
    with Peers(*WEBHOOK) as peers:
        lines = peers.run("match", "registry.example/acme/shop:v1").stdout.splitlines()
        assert lines[0].startswith("shop/dev (auto_deploy is off"), lines
        assert lines[1:] == ["  canary: pattern 'c[0-9]*' does not take 'v1'", "  dev: pattern '*' takes 'v1'",
                             "  prod: pattern 'v*' is not asked any more"], lines
        result = peers.run("match", "registry.example/other", status=4)
        assert "No project has the image registry.example/other" in result.stderr
        assert peers.json("match", "registry.example/other", status=4)["stages"] == []


def test_rows_fit_the_terminal():
    with Peers(*WEBHOOK) as peers:
        peers.run("--no-wait", "deploy", "shop", "dev", "failed")
        for columns in (80, 100, 120):
            lines = peers.run_on_terminal(columns, "deploys", NO_COLOR="1").splitlines()
            assert max(len(line) for line in lines) == columns, (columns, lines)
            assert lines[1].endswith("…"), lines
        assert "…" not in peers.run_on_terminal(500, "deploys")
        assert "…" not in peers.run("deploys").stdout, "what is no terminal gets everything"


def test_states_are_coloured_on_a_terminal_that_has_colours():
    red = "\x1b[31mfailed\x1b[0m"
    with Peers(*WEBHOOK) as peers:
        peers.run("--no-wait", "deploy", "shop", "dev", "failed")
        assert red in peers.run_on_terminal(80, "deploys", TERM="xterm", NO_COLOR="")
        assert "\x1b[3" not in peers.run_on_terminal(80, "deploys", TERM="xterm", NO_COLOR="1")
        assert "\x1b[3" not in peers.run_on_terminal(80, "deploys", TERM="dumb")
        assert "\x1b[3" not in peers.run("deploys").stdout


def test_status_fits_80_columns():
    with Peers(*ALL) as peers:
        lines = peers.run_on_terminal(80, "status", NO_COLOR="1").splitlines()
        assert max(len(line) for line in lines) <= 80, lines


# project show

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
                               "changed", "notes", "error"]
        assert (stage["name"], stage["image"], stage["error"]) == ("canary", "registry.example/acme/shop", None), stage
        assert "MaxInstances=2" in stage["container"]["Env"], stage


def test_what_roots_file_has_changed_has_a_star():
    with Peers("webhook", "deployer") as peers:
        peers.run("deploy", "shop", "dev", "rolled-back", status=1)
        text = peers.run("project", "show", "shop", "canary").stdout
        assert_harmless(text)
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
            text.splitlines()[-1]], text
        assert text.splitlines()[-1].startswith("Note: Nothing is meant by that"), text
        stage, = peers.json("project", "show", "shop", "canary")["stages"]
        assert stage["changed"] == ["/Env", "/HostConfig/a~1~0", "/HostConfig/Memory"] and len(stage["notes"]) == 1, stage


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
        assert "follow ID" not in peers.run("deploys").stderr
        assert "follow ID" in peers.run_on_terminal(60, "deploys", stderr=True)
        assert "follow ID" not in peers.run_on_terminal(60, "deploys", "--no-legend", stderr=True)
        assert "follow ID" not in peers.run_on_terminal(500, "deploys", stderr=True)


def test_containers_of_a_project_are_not_shown_to_everybody():
    with Peers("webhook", "deployer") as peers:
        result = peers.run("project", "show", "tool", status=1)
        assert "Stage: rc" in result.stdout and "Healthcheck: image" in result.stdout, result.stdout
        assert result.stderr == \
            "tinyforgectl: The containers of a project are shown to root, and to whom polkit lets\n", result.stderr
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


# endpoint

def test_endpoint_names_running_instances_only():
    with Peers("webhook", "deployer") as peers:
        assert peers.run("endpoint", "shop", "dev").stdout == "127.0.0.1:49153\n127.0.0.1:49152\n"
        rows = peers.json("endpoint", "shop", "dev")
        assert [(row["deploy"], row["endpoint"]) for row in rows] == [(9, "127.0.0.1:49153"), (8, "127.0.0.1:49152")]
        assert rows[0] == {"project": "shop", "stage": "dev", "deploy": 9, "state": "running", "health": "healthy",
                           "digest": "sha256:9999999999999999", "started_at": 1700000000000000,
                           "endpoint": "127.0.0.1:49153", "container": "c9", "name": "shop-dev-9", "store": "store"}


def test_all_endpoints_are_listed_with_their_ports():
    with Peers("webhook", "deployer") as peers:
        lines = [line.split(None, 4) for line in peers.run("endpoint", "shop", "dev", "--all", "--no-legend").stdout.splitlines()]
        assert lines == [["9", "8080", "tcp", "127.0.0.1:49153", "the project's port"],
                         ["9", "53", "udp", "127.0.0.1:5353/udp", "-"]], lines
        rows = peers.json("endpoint", "shop", "dev", "--all")
        assert rows[0] == {"project": "shop", "stage": "dev", "deploy": 9, "port": 8080, "protocol": "tcp",
                           "endpoint": "127.0.0.1:49153", "is_project_port": True, "container": "c9", "name": "shop-dev-9"}
        assert [row["is_project_port"] for row in rows] == [True, False]
        assert "publishes a port" in peers.run("endpoint", "tool", "rc", "--all", status=1).stderr
        assert peers.json("endpoint", "tool", "rc", "--all", status=1) == []
        peers.run("endpoint", "nobody", "dev", "--all", status=4)
        assert "not for the verb" in peers.run("deploys", "--all", status=2).stderr


def test_endpoint_tells_silence_from_absence():
    with Peers("webhook", "deployer") as peers:
        result = peers.run("endpoint", "tool", "rc", status=1)
        assert "publishes no port" in result.stderr and "project set tool --port=" in result.stderr, result
        result = peers.run("endpoint", "odd", "dev", status=1)
        assert "Nothing of odd/dev runs" in result.stderr and "tinyforgectl deploys odd dev" in result.stderr, result
        assert peers.json("endpoint", "odd", "dev", status=1) == []
    with Peers("webhook", "deployer-unreachable") as peers:
        assert "docker.socket" in peers.run("endpoint", "shop", "dev", status=1).stderr


# status

def test_status_tells_it_all():
    with Peers(*ALL) as peers:
        text = peers.run("status").stdout
        lines = text.splitlines()
        assert lines[1].split() == ["tinyforge-webhookd.socket", "active", "listening", "-", "-"], lines
        assert "starts on demand" in lines[2] and "not installed" in lines[3], lines
        assert "projects: 3, queued: 1, running: 1" in text and "Engine: docker 20.10.24, API 1.41, at /run/docker.sock" in text
        assert "999999999999 " in text and "2023-11-14 22:13:20" in text and text.endswith("3 instances listed.\n"), text
        assert peers.run().stdout == text, "without a verb"

        status = peers.json("status")
        assert list(status) == ["units", "webhookd", "engine", "allows_any_image", "waiting", "instances"]
        assert status["waiting"] == []
        assert status["units"][1] == {"unit": "tinyforge-webhookd.service", "load": "loaded", "active": "inactive",
                                      "sub": "dead", "since": None}
        assert status["webhookd"] == {"version": "7.0", "public_url": "https://deploy.example", "projects": 3,
                                      "store": "store", "queued": 1, "running": 1}
        assert status["engine"] == {"name": "docker", "version": "20.10.24", "api_version": "1.41",
                                    "socket": "/run/docker.sock", "take_overs": None}
        assert len(status["instances"]) == 3
        assert status["allows_any_image"] is True
        assert "AllowImages=ghcr.io/acme/*" in text and "/etc/tinyforge/deployerd.conf" in text, text


def test_status_shows_what_it_has_and_never_invents_the_rest():
    with Peers("webhook", "systemd", "deployer-unreachable") as peers:
        result = peers.run("status", status=1)
        assert "projects: 3" in result.stdout and "Engine: none answers" in result.stdout
        assert "No engine answers" in result.stderr
        status = peers.json("status", status=1)
        assert status["engine"] == {"name": None, "version": None, "api_version": None, "socket": None, "take_overs": None}
        assert status["instances"] is None and status["allows_any_image"] is False and "AllowImages=" not in result.stdout
    with Peers("systemd", "deployer") as peers:
        result = peers.run("status", status=1)
        assert "projects" not in result.stdout and "queued" not in result.stdout, "not known is not none"
        assert peers.json("status", status=1)["webhookd"] is None
    with Peers("webhook", "deployer") as peers:
        status = peers.json("status", status=1)
        assert status["units"] is None and status["webhookd"]["projects"] == 3


def test_status_marks_what_webhookd_does_not_know():
    with Peers(*ALL) as peers:
        for _ in range(8):
            peers.run("--no-wait", "deploy", "shop", "dev", "succeeded")
        lines = [line.split() for line in peers.run("status").stdout.splitlines() if line.startswith("shop")]
        assert [(line[2], line[-1]) for line in lines] == [("9", "unmanaged"), ("8", "-"), ("7", "unmanaged")], lines
        instances = peers.json("status")["instances"]
        assert [(row["deploy"], row["managed"]) for row in instances] == [(9, False), (8, True), (7, False)], instances
    with Peers("deployer", "systemd") as peers:
        instances = peers.json("status", status=1)["instances"]
        assert [row["managed"] for row in instances] == [None] * 3, "who does not answer says nothing"
        assert "unmanaged" not in peers.run("status", status=1).stdout


def test_status_takes_no_instance_of_another_store_for_its_own():
    with Peers("webhook-new", "deployer", "systemd") as peers:
        for _ in range(8):
            peers.run("--no-wait", "deploy", "shop", "dev", "succeeded")
        assert [row["managed"] for row in peers.json("status")["instances"]] == [False] * 3


def test_status_does_not_doubt_what_webhookd_may_have_forgotten():
    with Peers("webhook-old", "deployer", "systemd") as peers:
        assert "unmanaged" not in peers.run("status").stdout
    with Peers("webhook-young", "deployer", "systemd") as peers:
        assert peers.run("status").stdout.count("unmanaged") == 3, "it forgot nothing yet"


def test_status_of_somebody_who_is_not_root_is_the_rest():
    with Peers("webhook", "deployer-shy", "systemd") as peers:
        result = peers.run("status")
        assert "projects: 3" in result.stdout and "Engine: docker" in result.stdout, result.stdout
        assert result.stdout.splitlines()[-1] == "Instances are shown to root, and to whom polkit lets." and result.stderr == "", result
        assert peers.json("status")["instances"] is None


def test_name_that_the_bus_cannot_bring_up_points_to_the_journal_and_the_configuration():
    with tempfile.TemporaryDirectory(prefix="tinyforge-test.") as directory:
        bus = PrivateBus(directory)
        try:
            done = subprocess.run([os.environ["TINYFORGECTL"], "projects"], capture_output=True, text=True, timeout=20,
                                  check=False, env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=bus.address))
        finally:
            bus.close()
    assert done.returncode == 1, done
    assert "journalctl -e -u tinyforge-webhookd.service" in done.stderr and "cat-config" in done.stderr, done.stderr


if __name__ == "__main__":
    tap.main()
