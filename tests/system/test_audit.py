#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What an administrator and an auditor are told, on a booted host: logs, metrics, configuration, and the queries of
docs/audit.md.

usage: test_audit.py [TEST], with ENGINE= docker or podman, BUS= broker or daemon, BUILD_ROOT= the built tree
"""
import json
import re
import shlex
import sys

import harness
from forge import REGISTRY
from host import SOURCE, wait_until

forge = None  # pylint: disable=invalid-name


def prepare(host):
    """One deploy that is running, and one of the same stage that did not come up."""
    host.deploy(host.image("acme/shop", "v1", "plain", "v1"), "shop")
    host.deploy(host.image("acme/shop", "v2", "broken"), "shop", "rolled-back")
    host.deploy(host.image("acme/other", "v1", "broken"), "other", "failed")


def logs(*arguments, **options):
    forge.run("journalctl", "--sync")
    lines = forge.ctl("logs", "--json", *arguments, **options).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_logs_are_the_audit_and_the_lines_of_the_containers():
    wait_until(lambda: any("giving up" in str(entry["MESSAGE"]) and "CONTAINER_NAME" in entry for entry in logs("shop")),
               "the container's own words are among the logs")
    entries = logs("shop", "dev")
    ids = {entry.get("TINYFORGE_DEPLOY") for entry in entries}
    assert {"1", "2"} <= ids and "3" not in ids, ids
    units = {entry["_SYSTEMD_UNIT"] for entry in entries}
    assert {"tinyforge-webhookd.service", "tinyforge-deployerd.service"} <= units, units
    tags = {entry["CONTAINER_TAG"] for entry in entries if "CONTAINER_TAG" in entry}
    assert "shop-dev-2" in tags and not any(tag.startswith("other") for tag in tags), tags


def test_lines_that_others_send_are_not_among_the_logs():
    forge.run("systemd-run", "--wait", "--collect", "-p", "User=nobody", "bash", "-c",
              "printf 'MESSAGE=forged\\nTINYFORGE_PROJECT=shop\\nTINYFORGE_STAGE=dev\\nORG_TINYFORGE_PROJECT=shop\\n"
              "CONTAINER_TAG=shop-dev-1\\n' | logger --journald")
    forge.run("journalctl", "--sync")
    assert "forged" in forge.out("journalctl", "-o", "cat", "TINYFORGE_PROJECT=shop", "CONTAINER_TAG=shop-dev-1")
    assert not [entry for entry in logs("shop") if entry["MESSAGE"] == "forged"]


def test_logs_are_for_the_group_of_the_journal():
    refused = forge.ctl("logs", "shop", user="nobody", check=False)
    assert refused.returncode != 0 and "systemd-journal" in refused.stdout + refused.stderr, refused
    forge.run("systemd-run", "--wait", "--collect", "--pipe", "-p", "User=nobody", "-p",
              "SupplementaryGroups=systemd-journal", "tinyforgectl", "logs", "shop", "-n", "1")


def test_metrics_are_written_where_node_exporter_looks():
    folder = "/var/lib/prometheus/node-exporter"
    forge.run("bash", "-c", f"id prometheus || useradd -r prometheus; install -d -o prometheus -m 0755 {folder}")
    assert forge.unit("tinyforge-metrics.timer", "UnitFileState") == "disabled"
    forge.run("systemctl", "start", "tinyforge-metrics.service")
    assert forge.unit("tinyforge-metrics.service", "Result") == "success"
    assert forge.out("stat", "-c", "%a %U", f"{folder}/tinyforge.prom") == "644 root"
    lines = forge.out("cat", f"{folder}/tinyforge.prom").splitlines()
    assert lines[-1] == "# EOF" and 'tinyforge_deploys_total{project="shop",stage="dev",outcome="rolled-back"} 1' in lines, lines
    assert any(line.startswith('tinyforge_instances{project="shop",stage="dev",state="running",') for line in lines), lines


def test_metrics_without_the_instances_are_no_failure_for_a_stranger():
    told = forge.ctl("metrics", user="nobody").stdout
    assert "tinyforge_projects 2\n" in told and "tinyforge_instances" not in told, told


def story():
    """Something for each question: a delivery with an id, one that policy refuses, a secret that is replaced, and a stranger."""
    image = forge.image("acme/shop", "v3", "plain", "v3")
    answer = forge.post(image, None, "-H", "Idempotency-Key: 4711")
    deploy = forge.finished("shop", answer.json()["deploys"][0]["id"])
    assert deploy.state == "succeeded", deploy
    forge.ctl("deploy", "shop", "dev", "v1")
    forge.deploy(f"{REGISTRY}/evil/tool:v1", "tool", "failed")
    forge.post(image, "/api/webhook/00000000-0000-4000-8000-000000000000")
    forge.ctl("regenerate-secret")
    return deploy.id


def test_every_query_of_the_audit_page_finds_something():
    deploy = story()
    forge.run("journalctl", "--sync")
    page = (SOURCE / "docs/audit.md").read_text(encoding="utf-8")
    queries = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(queries) > 5
    for query in queries:
        # The page's own deploy, and its Tuesday.
        query = query.replace("DEPLOY=7", f"DEPLOY={deploy}").replace("shop-dev-7", f"shop-dev-{deploy}")
        query = query.replace("2026-01-20", "yesterday").replace("2026-01-21", "tomorrow")
        words = shlex.split(query.replace("\\\n", " "))
        found = forge.run(*words, "--quiet", check=False)
        assert found.returncode == 0 and found.stdout.strip(), (query, found)


def test_deploy_is_found_in_both_daemons_and_in_the_container():
    forge.run("journalctl", "--sync")
    found = forge.out("journalctl", "-o", "json", *[
        word for word in shlex.split(next(
            block for block in re.findall(r"^```sh\n(.*?)^```$", (SOURCE / "docs/audit.md").read_text(encoding="utf-8"),
                                          re.MULTILINE | re.DOTALL) if "shop-dev-7" in block
        ).replace("\\\n", " ").replace("DEPLOY=7", "DEPLOY=2").replace("shop-dev-7", "shop-dev-2"))[1:]])
    entries = [json.loads(line) for line in found.splitlines()]
    assert {"tinyforge-webhookd.service", "tinyforge-deployerd.service"} <= {entry["_SYSTEMD_UNIT"] for entry in entries}
    assert any("giving up" in str(entry["MESSAGE"]) and "CONTAINER_TAG" in entry for entry in entries), entries


def test_status_tells_since_when_and_which_digest():
    status = json.loads(forge.ctl("status", "--json").stdout)
    assert status["units"][0]["since"] > 0, status
    [instance] = [row for row in status["instances"] if row["project"] == "shop" and row["state"] == "running"]
    assert instance["digest"].startswith("sha256:") and instance["started_at"] > 0, instance


def test_configuration_in_force_is_shown_to_root_with_its_files():
    rows = {(row["daemon"], row["key"]): row for row in json.loads(forge.ctl("cat-config", "--json").stdout)}
    stable = rows["tinyforge-deployerd", "StableSec"]
    assert (stable["value"], stable["path"]) == ("1", "/etc/tinyforge/deployerd.conf.d/50-test.conf"), stable
    assert rows["tinyforge-webhookd", "MaxQueued"]["path"] is None
    refused = forge.ctl("cat-config", user="nobody", check=False)
    assert refused.returncode == 1 and "Permission denied" in refused.stderr and "sudo" in refused.stderr, refused


if __name__ == "__main__":
    harness.main(sys.modules[__name__], prepare)
