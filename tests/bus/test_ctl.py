#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tinyforgectl, the real program, against the real webhookd on a private bus; without a bus where it needs none.

usage: test_ctl.py [TEST], with TINYFORGECTL= and WEBHOOKD= the programs and SOURCE_ROOT= the tree
"""
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from webhook_host import Host  # noqa: E402

PROGRAM = os.environ["TINYFORGECTL"]


def run(*arguments, bus=None, prefix=()):
    """The finished process; on no bus at all where `bus` is None."""
    address = bus.address if bus else "unix:path=/nonexistent"
    return subprocess.run([*prefix, PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False,
                          env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=address, TZ="UTC"))


def ctl(webhookd, *arguments, status=0):
    result = run(*arguments, bus=webhookd.bus)
    assert result.returncode == status, (arguments, result.returncode, result.stdout, result.stderr)
    return result.stdout


def test_image_is_taken_apart_without_a_bus():
    result = run("parse-image", "nginx")
    assert result.returncode == 0
    assert result.stdout == ('{"domain":"docker.io","path":"library/nginx","tag":null,"digest":null,'
                             '"normalized":"docker.io/library/nginx"}\n'), result.stdout
    result = run("parse-image", "Registry.example:5000/a/b:v1")
    assert json.loads(result.stdout)["normalized"] == "Registry.example:5000/a/b:v1"


def test_invalid_image_is_refused_with_its_reason():
    result = run("parse-image", "a.example/b:")
    assert (result.returncode, result.stdout) == (1, "")
    assert "tag" in result.stderr, result.stderr


def test_pattern_is_matched_without_a_bus():
    assert run("match-tag", "v*", "v1").returncode == 0
    assert run("match-tag", "v*", "x").returncode == 1
    result = run("match-tag", "v[", "v1")
    assert result.returncode == 2 and "Bad pattern" in result.stderr
    assert json.loads(run("--json", "match-tag", "v*", "x").stdout) == {"match": False}


def test_pattern_is_matched_by_each_policy():
    for policy, pattern, taken, left in (("glob", "v*", "v1", "1"), ("semver", "^1.4", "v1.5.2", "2.0.0"),
                                         ("semver", "1000 - 2000", "1042", "1042-rc"), ("regex", "v[0-9]+", "v12", "v12x"),
                                         ("digest", "latest", "latest", "Latest")):
        assert run("match-tag", f"--policy={policy}", pattern, taken).returncode == 0, (policy, taken)
        assert run("match-tag", f"--policy={policy}", pattern, left).returncode == 1, (policy, left)
    result = run("match-tag", "--policy=semver", "^1.4 | 2", "1.4")
    assert result.returncode == 2 and "at byte 5" in result.stderr, result
    result = run("match-tag", "--policy=newest", "x", "x")
    assert result.returncode == 2 and "semver" in result.stderr, result


def test_wrong_command_line_is_status_2():
    for arguments in (["nonsense"], ["match-tag", "one"], ["projects", "two", "words"], ["--nonsense"], ["-n", "0", "deploys"],
                      ["-n", "x", "deploys"], ["deploy", "app"]):
        result = run(*arguments)
        assert result.returncode == 2 and result.stderr, (arguments, result)


def test_help_and_version_need_nothing():
    assert "parse-image" in run("--help").stdout
    assert run("--version").stdout.startswith("tinyforge ")
    assert run("-V").stdout == run("--version").stdout
    assert run("help").stdout == run("--help").stdout
    assert run("help", "deploys").stdout == run("deploys", "--help").stdout
    assert run("help", "project", "show").stdout == run("project", "show", "--help").stdout
    assert run("help", "project").stdout == run("project", "--help").stdout
    assert "There is no verb 'nope'" in run("help", "nope").stderr


def test_nearest_verb_and_option_are_named():
    for words, meant in ((["deplyo"], "'deploy'"), (["stauts"], "'status'"), (["project", "shwo"], "'project show'"),
                         (["projct", "show"], "'project show'"), (["help", "rolback"], "'rollback'"),
                         (["--jsno", "projects"], "--json"), (["deploys", "--limti=3"], "--limit")):
        result = run(*words)
        assert result.returncode == 2 and f"Did you mean {meant}?" in result.stderr, (words, result)
    for words in (["nonsense"], ["--nonsense"], ["deploys", "--limit"]):
        assert "Did you mean" not in run(*words).stderr, words


def test_an_option_that_is_wrong_is_told_with_the_next_step_and_without_a_path():
    for words, told in ((["--bogus"], "There is no option --bogus"), (["-x"], "There is no option -x"),
                        (["--n"], "More than one option begins with --n"), (["--limit"], "The option --limit wants a value"),
                        (["-n"], "The option -n wants a value"), (["--watch=3"], "The option --watch takes no value"),
                        (["--wacth"], "There is no option --wacth\nDid you mean --watch?")):
        result = run("deploys", *words)
        assert result.returncode == 2 and result.stderr == f"tinyforgectl: {told}\nSee tinyforgectl VERB --help\n", (words, result)


def test_a_failure_that_has_a_next_step_names_it():
    for words, told in ((["parse-image", ":"], "A reference looks like"), (["match", ":"], "A reference looks like"),
                        (["match-tag", "[", "v1"], "tinyforgectl stage set --help"), (["describe", "x"], "tinyforgectl deploys"),
                        (["deploy", "shop", "dev", "--no-wait", "--follow"], "tinyforgectl follow ID")):
        result = run(*words)
        assert result.returncode in (1, 2) and told in result.stderr.splitlines()[1], (words, result)


def test_help_of_a_verb_says_what_its_own_options_do():
    assert "told to stop" in run("cancel", "--help").stdout and "--follow" not in run("follow", "--help").stdout


def test_every_verb_has_a_help_of_its_own():
    lines = run("--help").stdout.split("Verbs:\n")[1].split("\n\n")[0].splitlines()
    verbs = [re.match(r"  ([a-z-]+(?: [a-z-]+)*) ", line).group(1) for line in lines]
    assert "project show" in verbs and "rollback" in verbs, verbs
    for verb in verbs:
        text = run(*verb.split(), "--help").stdout
        assert text.startswith(f"tinyforgectl [OPTIONS...] {verb}") and "JSON" in text, (verb, text)


def test_help_fits_a_terminal_of_80_columns():
    general = run("--help").stdout
    verbs = re.findall(r"^  ([a-z-]+(?: [a-z-]+)?) ", general.split("Options:")[0], re.MULTILINE)
    assert len(verbs) > 20, verbs
    for text in [general] + [run(*verb.split(), "--help").stdout for verb in verbs]:
        long = [line for line in text.splitlines() if len(line) > 80]
        assert not long, long


def test_missing_bus_is_said():
    result = run("projects")
    assert result.returncode == 1 and "bus" in result.stderr, result.stderr


def test_bus_that_lets_nobody_in_is_said_once():
    with tempfile.TemporaryDirectory(prefix="tinyforge-test.") as directory, socket.socket(socket.AF_UNIX) as broker:
        path = os.path.join(directory, "bus")
        broker.bind(path)
        broker.listen()

        def turn_away():
            with contextlib.suppress(OSError):
                while True:
                    with broker.accept()[0] as client:
                        # When the program already waits for an answer.
                        client.recv(1)
                        time.sleep(0.2)

        threading.Thread(target=turn_away, daemon=True).start()
        for verb in ("status", "projects"):
            result = run(verb, bus=types.SimpleNamespace(address=f"unix:path={path}"))
            first, second = result.stderr.splitlines()
            assert result.returncode == 1 and result.stdout == "", result
            assert first.startswith("tinyforgectl: Cannot connect to the system bus: ") and "dbus.socket" in second, result
        broker.shutdown(socket.SHUT_RDWR)


def test_url_is_the_public_one_where_it_is_configured():
    with Host() as webhookd:
        assert ctl(webhookd, "url") == f"http://127.0.0.1:8420{webhookd.path()}\n"
        assert "PublicURL=" in run("url", bus=webhookd.bus).stderr
    with Host("PublicURL=https://deploy.example.com/\n") as webhookd:
        assert ctl(webhookd, "url") == f"https://deploy.example.com{webhookd.path()}\n"
        assert json.loads(ctl(webhookd, "--json", "url")) == {
            "url": f"https://deploy.example.com{webhookd.path()}", "path": webhookd.path()}


def test_secret_is_replaced():
    with Host() as webhookd:
        old = webhookd.path()
        new = ctl(webhookd, "regenerate-secret")
        assert new.strip().endswith(webhookd.path()) and webhookd.path() != old


def test_lists_say_what_is_there():
    with Host() as webhookd:
        assert ctl(webhookd, "projects") == "0 projects listed.\n"
        webhookd.post("a.example/org/shop:v1")
        table = ctl(webhookd, "projects").splitlines()
        assert table[0].split() == ["NAME", "IMAGE", "PORT", "HEALTHCHECK", "AUTO", "CREATED"]
        assert table[1].split()[:5] == ["shop", "a.example/org/shop", "-", "-", "yes"]
        assert ctl(webhookd, "--no-legend", "stages", "shop").split() == ["shop", "dev", "glob", "*", "yes", "1"]
        assert ctl(webhookd, "--no-legend", "stages").split() == ["shop", "dev", "glob", "*", "yes", "1"]
        assert json.loads(ctl(webhookd, "--json", "stages", "shop")) == [
            {"project": "shop", "name": "dev", "policy": "glob", "tag_pattern": "*", "auto_deploy": True,
             "max_instances": 1, "allow_downgrade": False, "available": None, "shadowed_by": None}]
        deploy = json.loads(ctl(webhookd, "--json", "deploys"))[0]
        assert (deploy["project"], deploy["stage"], deploy["image"]) == ("shop", "dev", "a.example/org/shop:v1")
        assert ctl(webhookd, "deploys", "shop", "dev").splitlines()[0].split()[:2] == ["ID", "PROJECT"]
        webhookd.post("a.example/org/shop:v2")
        assert len(json.loads(ctl(webhookd, "--json", "deploys"))) == 2
        assert len(json.loads(ctl(webhookd, "--json", "-n", "1", "deploys", "shop"))) == 1


def test_match_says_where_and_why():
    with Host() as webhookd:
        webhookd.post("a.example/org/shop:v1")
        lines = ctl(webhookd, "match", "a.example/org/shop").splitlines()
        assert lines == ["shop/dev", "  dev: pattern '*' takes 'latest'"], lines
        found = json.loads(ctl(webhookd, "--json", "match", "a.example/org/shop:v7"))
        assert found["project"] == "shop" and found["stages"][0]["takes"] is True
        ctl(webhookd, "match", "a.example/none", status=4)
        ctl(webhookd, "match", "a.example/Bad", status=1)


def test_deploy_queues_and_names_what_does_not_exist():
    with Host() as webhookd:
        webhookd.post("a.example/org/shop:v1")
        assert ctl(webhookd, "--no-wait", "deploy", "shop", "dev", "v2").startswith("Deploy ")
        assert json.loads(ctl(webhookd, "--json", "deploys"))[0]["image"] == "a.example/org/shop:v2"
        result = run("deploy", "shop", "prod", "v2", bus=webhookd.bus)
        assert result.returncode == 4 and "tinyforgectl stages" in result.stderr, result
        result = run("deploy", "nobody", "prod", "v2", bus=webhookd.bus)
        assert result.returncode == 4 and "tinyforgectl projects" in result.stderr, result


def test_stranger_is_told_to_be_root():
    if os.getuid() != 0:
        raise tap.Skip("needs root to become a stranger")
    with Host() as webhookd:
        os.chmod(os.path.dirname(webhookd.state), 0o755)
        stranger = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        result = run("url", bus=webhookd.bus, prefix=stranger)
        assert result.returncode == 1 and "Only root" in result.stderr, result
        assert run("projects", bus=webhookd.bus, prefix=stranger).returncode == 0


if __name__ == "__main__":
    tap.main()
