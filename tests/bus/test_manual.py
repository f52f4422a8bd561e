#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The examples of the manual, tried: what busctl calls, configuration files, files of projects. The daemons are real, the engine
pretends.

usage: test_manual.py [TEST], with WEBHOOKD=, DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import manual  # noqa: E402  pylint: disable=wrong-import-position
import tap  # noqa: E402  pylint: disable=wrong-import-position
import deployer_host  # noqa: E402  pylint: disable=wrong-import-position
import webhook_host  # noqa: E402  pylint: disable=wrong-import-position

REPO = "ghcr.io/acme/shop"


def shell(command, bus):
    """The finished shell that ran an example on a private bus; one that waits for signals is stopped, which is status 124."""
    seconds = "2" if " monitor " in command else "60"
    return subprocess.run(["timeout", seconds, "sh", "-c", command.replace("busctl ", f"busctl --address={bus.address} ", 1)],
                          capture_output=True, text=True, timeout=90, check=False)


def run_calls(name, bus):
    """Runs every call of the page in the page's order; returns what each printed."""
    calls = manual.commands(manual.page(name), "busctl")
    assert calls, name
    printed = {}
    for command in calls:
        done = shell(command, bus)
        assert done.returncode == (124 if " monitor " in command else 0), f"{command}: {done.returncode}: {done.stderr}"
        printed[command] = done.stdout
    return printed


def printed_by(printed, word):
    """Of the first command that has the word."""
    return next(text for command, text in printed.items() if word in command)


def test_calls_of_the_receivers_page_are_answered():
    with webhook_host.Host() as webhookd:
        printed = run_calls("org.tinyforge.Webhook1.5", webhookd.bus)
    assert printed_by(printed, "MatchImage") == 'ssb "shop" "prod" true\n', printed
    assert '"^1.4"' in printed_by(printed, "DescribeStages"), printed
    assert "/api/webhook/" in printed_by(printed, "RegenerateSecret"), printed


def test_calls_of_the_deployers_page_are_answered():
    if not shutil.which("jq"):
        raise tap.Skip("jq is not installed")
    with deployer_host.Host() as host:
        host.engine.push(REPO, "v1.5.0")
        printed = run_calls("org.tinyforge.Deployer1.5", host.bus)
        assert host.instances() == []
    assert '"succeeded"' in printed_by(printed, "TriggerDeploy"), printed
    assert json.loads(printed_by(printed, "GetContainerBody"))["HostConfig"]["PortBindings"]["8080/tcp"], printed


def test_call_of_the_daemons_page_is_answered():
    with deployer_host.Host() as host:
        run_calls("tinyforge-deployerd.8", host.bus)


def test_files_of_projects_are_taken_by_the_deployer():
    files = [block for block in manual.blocks(manual.section(manual.page("tinyforge-projects.d.5"), "EXAMPLES")) if block[0] == "{"]
    assert len(files) > 1
    for text in files:
        with deployer_host.Host() as host:
            os.makedirs(os.path.join(host.directory, "projects.d"), mode=0o750)
            os.chmod(host.write("projects.d/shop.json", text), 0o640)
            host.engine.push(REPO, "v1")
            file = json.loads(text)
            for name in file.get("env_files", []):
                os.chmod(host.write(f"projects.d/{name}", "PASSWORD=kneading\n"), 0o640)
            stage = [*file["stages"]][0]
            body, commands = (json.loads(host.call(method, "sssa{sv}", "shop", stage, f"{REPO}:v1", 0)[0])
                              for method in ("GetContainerBody", "DescribeCommands"))
        said = file["stages"][stage]
        patch = said.get("container", {})
        wanted = patch.pop("HostConfig", {})
        assert wanted.items() <= body["HostConfig"].items() and patch.items() <= body.items(), body
        # What the stage takes away by null is none.
        told = {kind: {**file, **said}[kind]["Cmd"] for kind in ("predeploy", "postdeploy") if {**file, **said}.get(kind)}
        told.update({"job": body["Cmd"]} if said.get("kind") == "job" else {})
        assert {kind: command["Cmd"] for kind, command in commands.items()} == told, commands


def files_of_configuration():
    """(path, text) of the examples, each file by the comment with its path."""
    text = "\n".join(manual.blocks(manual.section(manual.page("tinyforge.conf.5"), "EXAMPLES")))
    return re.findall(r"^# (/etc/tinyforge/(?:webhookd|deployerd)\.conf\S*)\n((?:[\[\w].*\n)+)", text, re.MULTILINE)


def test_configuration_of_the_examples_is_taken_by_the_daemons():
    files = files_of_configuration()
    assert len(files) > 4
    for path, text in files:
        daemon = "WEBHOOKD" if "webhookd" in path else "DEPLOYERD"
        with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.chmod(file.name, 0o644)
            done = subprocess.run([os.environ[daemon], f"--config={file.name}", "--print-config"], capture_output=True, text=True,
                                  timeout=60, check=False)
            assert done.returncode == 0 and not done.stderr, f"{path}: {done.stderr}"
            taken = {line["key"] for line in map(json.loads, done.stdout.splitlines()) if line["path"] == file.name}
        assert taken == set(re.findall(r"^(\w+)=", text, re.MULTILINE)), f"{path}: {taken}"


def test_refusal_is_told_as_the_manual_tells_it():
    refusal = re.search(r"^(Configuration refused: )\S+(:2: (\w+=).*)$", manual.page("tinyforge.conf.5"), re.MULTILINE)
    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8") as file:
        file.write(f"[Webhook]\n{refusal.group(3)}nonsense\n")
        file.flush()
        os.chmod(file.name, 0o644)
        done = subprocess.run([os.environ["WEBHOOKD"], f"--config={file.name}", "--print-config"], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 1 and f"{refusal.group(1)}{file.name}{refusal.group(2)}" in done.stderr, done.stderr


def test_queries_of_the_journal_are_understood():
    """Of an empty one: what is no query is an error."""
    queries = [command for name in manual.names() for command in manual.commands(manual.page(name), "journalctl")]
    assert len(queries) > 5
    with tempfile.TemporaryDirectory(prefix="tinyforge-test.") as folder:
        for query in queries:
            done = subprocess.run(["sh", "-c", query.replace("journalctl ", f"journalctl --no-pager --directory={folder} ", 1)],
                                  capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0 or "No such boot ID in journal" in done.stderr, f"{query}: {done.stderr}"


def test_body_of_a_call_deploys():
    bodies = manual.blocks(manual.section(manual.page("tinyforge-webhookd.8"), "REQUESTS"))[0].splitlines()
    assert len(bodies) == 2
    with webhook_host.Host() as webhookd:
        for body in bodies:
            body = body.replace("sha256:...", f"sha256:{'1' * 64}")
            answer = webhookd.request("POST", None, body.encode(), ["Content-Type: application/json"])
            assert answer.status == 202, answer.body


if __name__ == "__main__":
    tap.main()
