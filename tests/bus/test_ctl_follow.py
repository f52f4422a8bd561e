#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tinyforgectl, the real program, while it follows a deploy that its peers tell of.

usage: test_ctl_follow.py [TEST], with TINYFORGECTL= and FAKE_PEERS= the programs
"""
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from ctl_peers import ALL, PROGRAM, WEBHOOK, Peers, assert_harmless  # noqa: E402

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
            "pulled", "created", "started", "probing", "healthy", "switched", "retired", "took"], lines
        assert lines[-2] == "Deploy 1: took: pull 1.2s, healthy 80ms", lines
        assert lines[-1].startswith("Deploy 1 of shop/dev") and ": succeeded" in lines[-1], lines
        assert "rolled-back" in peers.run("deploy", "shop", "dev", "told-rolled-back", "--follow", status=1).stdout


def test_way_is_one_object_a_line_for_programs():
    with Peers("webhook", "deployer") as peers:
        lines = [json.loads(line) for line in peers.run("--json", *FOLLOW).stdout.splitlines()]
        assert lines[0] == {"phase": "resolved", "detail": "sha256:1"}, lines
        assert lines[2] == {"phase": "pulling", "detail": "3%"}, "programs get all of it"
        assert lines[-3] == {"phase": "retired", "detail": ""}, lines
        assert lines[-2]["phase"] == "took" and json.loads(lines[-2]["detail"])["pull"] == 1250, lines
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
            assert lines[-1].count("\n") == 2 and ": succeeded" in lines[-1].splitlines()[1], lines
            assert re.match("Deploy [0-9]+: took: pull 1.2s, healthy 80ms\n", lines[-1]), lines[-1]
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
        assert "Whatever ran before keeps running" in result.stderr, result


def test_deploy_that_fails_says_what_to_do_next():
    with Peers(*WEBHOOK) as peers:
        assert "tinyforgectl logs shop dev" in peers.run("deploy", "shop", "dev", "rolled-back", status=1).stderr
        result = peers.run("deploy", "shop", "dev", "failed", status=1)
        assert ": failed: Configuration: because" in result.stdout and "tinyforgectl project show" in result.stderr, result
        assert "deploy again" in result.stderr, "a login is looked at by no other verb"


def test_what_to_do_next_stands_behind_the_outcome_where_both_go_to_one_file():
    with Peers(*WEBHOOK) as peers:
        text = subprocess.run([PROGRAM, "deploy", "shop", "dev", "failed"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60, check=False, env=peers.environment).stdout
        assert text.index(": failed: Configuration: because") < text.index("tinyforgectl project show"), text


if __name__ == "__main__":
    tap.main()
