#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tinyforgectl, the real program, against peers that say what the real ones say on bad days only.

usage: test_ctl_peers.py [TEST], with TINYFORGECTL=, FAKE_PEERS= and WEBHOOKD= the programs and SOURCE_ROOT= the tree
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from ctl_peers import ALL, WEBHOOK, Peers, assert_harmless  # noqa: E402
from private_broker import PrivateBroker  # noqa: E402
from private_bus import PrivateBus  # noqa: E402


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


def projects(address):
    """What tinyforgectl says on a bus without the daemon."""
    done = subprocess.run([os.environ["TINYFORGECTL"], "projects"], capture_output=True, text=True, timeout=60, check=False,
                          env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=address))
    assert done.returncode == 1, done
    return done.stderr


def assert_points_to_journal_and_configuration(text):
    assert "It did not start" in text and "installed" not in text, text
    assert "journalctl -e -u tinyforge-webhookd.service" in text and "tinyforgectl cat-config" in text, text


def test_daemon_that_refuses_its_configuration_under_dbus_daemon_points_to_both():
    with tempfile.TemporaryDirectory(prefix="tinyforge-test.") as directory:
        config = os.path.join(directory, "webhookd.conf")
        with open(config, "w", encoding="ascii") as f:
            f.write("[Webhook]\nMaxQueued=none\n")
        os.chmod(config, 0o640)
        bus = PrivateBus(directory, [os.path.join(os.environ["SOURCE_ROOT"], "dbus", "org.tinyforge.Webhook1.conf")])
        try:
            bus.add_service("org.tinyforge.Webhook1", f"{os.environ['WEBHOOKD']} --config={config}")
            assert_points_to_journal_and_configuration(projects(bus.address))
        finally:
            bus.close()


def test_daemon_that_does_not_start_under_dbus_broker_points_to_both():
    with tempfile.TemporaryDirectory(prefix="tinyforge-test.") as directory:
        broker = PrivateBroker(directory)
        try:
            broker.add_service("org.tinyforge.Webhook1", "tinyforge-webhookd.service")
            broker.start()
            assert_points_to_journal_and_configuration(projects(broker.address))
        finally:
            broker.close()


def test_daemon_that_dbus_broker_does_not_know_may_not_be_installed():
    with tempfile.TemporaryDirectory(prefix="tinyforge-test.") as directory:
        broker = PrivateBroker(directory)
        try:
            broker.start()
            assert "Is tinyforge installed?" in projects(broker.address)
        finally:
            broker.close()


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
        assert "Whatever ran before keeps running" in result.stderr, result.stderr
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


def test_no_line_of_a_table_is_longer_than_40_columns():
    with Peers(*ALL) as peers:
        peers.run("--no-wait", "deploy", "shop", "dev", "failed")
        for verb in ("deploys", "projects", "stages", "status"):
            text = peers.run_on_terminal(40, verb, NO_COLOR="1")
            lines = [line for line in text.splitlines() if "  " in line]
            assert lines and max(map(len, lines)) <= 40, (verb, lines)
        assert " failed " in peers.run_on_terminal(40, "deploys", NO_COLOR="1"), "the state is shown on each"


def test_states_are_coloured_on_a_terminal_that_has_colours():
    red = "\x1b[31mfailed\x1b[0m"
    with Peers(*WEBHOOK) as peers:
        peers.run("--no-wait", "deploy", "shop", "dev", "failed")
        assert red in peers.run_on_terminal(80, "deploys", TERM="xterm", NO_COLOR="")
        assert "\x1b[3" not in peers.run_on_terminal(80, "deploys", TERM="xterm", NO_COLOR="1")
        assert "\x1b[3" not in peers.run_on_terminal(80, "deploys", TERM="dumb")
        assert "\x1b[3" not in peers.run("deploys").stdout


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


if __name__ == "__main__":
    tap.main()
