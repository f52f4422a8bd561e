#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What an administrator and an auditor are told, on a booted host: logs, metrics, configuration, and the queries of
docs/audit.md.

usage: test_audit.py [TEST], with ENGINE= docker or podman, BUS= broker or daemon, BUILD_ROOT= the built tree
"""
import json
import sys

import harness
import tap
from forge import REGISTRY
from host import wait_until

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


if __name__ == "__main__":
    harness.main(sys.modules[__name__], prepare)
