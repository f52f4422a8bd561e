#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
A deploy that goes wrong, in every way that a registry, an image or an engine has, while visitors ask for the old version all
the time. Requests are counted: TAP comments have the table.

usage: test_outage.py [TEST], with ENGINE=, BUS= and BUILD_ROOT= as for test_system.py
"""
import sys

import harness
import tap
from forge import DEPLOYERD, REGISTRY
from harness import ENGINE, SITE
from host import wait_until
from traffic import Traffic

forge = None  # pylint: disable=invalid-name


def teardown():
    forge.remove_containers()


def prepare(host):
    harness.nginx(host)
    tap.note(f"{'scenario':24}{'outcome':14}{'sent':>8}{'failed':>8}  answers")


def row(scenario, outcome, traffic):
    tap.note(f"{scenario:24}{outcome:14}{traffic.sent:8}{traffic.failed:8}  {traffic.answers}")


def start(project, variant="plain"):
    """Deploys v1 of a project; returns where it answers."""
    forge.deploy(forge.image(f"acme/{project}", "v1", variant, "v1"), project)
    return f"http://{forge.endpoint(project)}/"


def upstream(project):
    """Where a proxy looks up where a project answers, for Traffic."""
    return f"file:///run/tinyforge-deployer/upstreams/{project}.dev.conf"


def fail(scenario, project, reference, state="rolled-back"):
    """Deploys what cannot run; v1 answers every request meanwhile, at the same place, and afterwards it is all there is."""
    url = start(project)
    [before] = forge.containers(project)
    with Traffic(forge, url) as traffic:
        deploy = forge.deploy(reference, project, state)
    row(scenario, deploy.state, traffic)
    assert deploy.reason, deploy
    assert traffic.failed == 0, traffic.faults
    assert set(traffic.answers) == {"v1"}, traffic.answers
    [after] = forge.containers(project)
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    return deploy


def said(project, deploy):
    """What the journal has of a container, which may be gone."""
    return forge.run("journalctl", "-o", "short-precise", f"CONTAINER_TAG={project}-dev-{deploy.id}").stdout


def test_good_image_takes_over_while_the_old_one_still_answers():
    start("good", "healthy")
    reference = forge.image("acme/good", "v2", "healthy", "v2")
    # From the switch on they are sent to the new one; the old one is gone when the deploy has ended.
    with Traffic(forge, upstream("good")) as traffic:
        deploy = forge.deploy(reference, "good")
    row("good", deploy.state, traffic)
    assert traffic.failed == 0, traffic.faults
    assert set(traffic.answers) == {"v1", "v2"}, traffic.answers
    assert forge.page("good") == "v2" and len(forge.containers("good")) == 1


def test_unhealthy_image_costs_no_request():
    deploy = fail("unhealthy", "sickly", forge.image("acme/sickly", "v2", "unhealthy", "v2"))
    assert "health" in deploy.reason, deploy.reason


def test_image_that_ends_at_once_costs_no_request():
    deploy = fail("crashing", "brittle", forge.image("acme/brittle", "v2", "broken"))
    assert "giving up" in deploy.reason, f"{deploy.reason}; what the container said: {said('brittle', deploy)}"


def test_image_that_is_not_there_costs_no_request():
    fail("missing image", "missing", f"{REGISTRY}/acme/missing:v2", "failed")


def test_registry_that_is_not_there_costs_no_request():
    reference = forge.image("acme/remote", "v2", "plain", "v2")
    url = start("remote")
    forge.run("systemctl", "stop", "local-registry.service")
    try:
        with Traffic(forge, url) as traffic:
            deploy_id = forge.deliver(reference)
            # Such a deploy is tried again later, and harms nobody until then.
            wait_until(lambda: forge.journal("DEPLOY_RETRIED", TINYFORGE_DEPLOY=deploy_id), "the deploy was tried")
    finally:
        forge.provision("registry")
    deploy = forge.finished("remote", deploy_id)
    row("registry down, then up", deploy.state, traffic)
    assert traffic.failed == 0, traffic.faults
    assert deploy.state == "succeeded" and forge.page("remote") == "v2"


def test_deployer_killed_in_mid_deploy_costs_no_request():
    start("lazarus")
    deploy_id = forge.deliver(forge.image("acme/lazarus", "v2", "slow", "v2"))
    wait_until(lambda: len(forge.containers("lazarus")) == 2, "the new container is there")
    with Traffic(forge, upstream("lazarus")) as traffic:
        forge.kill(DEPLOYERD)
        deploy = forge.finished("lazarus", deploy_id)
    row("deployer killed", deploy.state, traffic)
    assert traffic.failed == 0, traffic.faults
    assert set(traffic.answers) == {"v1", "v2"}, traffic.answers
    assert deploy.state == "succeeded" and forge.page("lazarus") == "v2"
    assert len(forge.containers("lazarus")) == 1


def test_engine_restarted_in_mid_deploy_is_no_fault_of_the_image():
    forge.deploy(forge.image("acme/shop", "v1", "plain", "v1"), "shop")
    wait_until(lambda: forge.out("curl", "-s", "-H", f"Host: {SITE[1]}", SITE[0]) == "v1", "nginx answers")
    deploy_id = forge.deliver(forge.image("acme/shop", "v2", "slow", "v2"))
    wait_until(lambda: len(forge.containers("shop")) == 2, "the new container is there")
    with Traffic(forge, *SITE) as traffic:
        # Docker takes its containers down with it, and moves their ports; Podman's service only talks about them.
        forge.run("systemctl", "restart", "docker.service" if ENGINE == "docker" else "podman.service")
        deploy = forge.finished("shop", deploy_id, 120)
        assert deploy.state == "succeeded", deploy
        wait_until(lambda: forge.out("curl", "-s", "-H", f"Host: {SITE[1]}", SITE[0]) == "v2", f"nginx has followed: {deploy}")
    row("engine restarted", deploy.state, traffic)
    for entry in forge.journal("DEPLOY_RETRIED", TINYFORGE_DEPLOY=deploy_id):
        tap.note(f"engine restarted: {entry['MESSAGE']}")
    if ENGINE == "podman":
        assert traffic.failed == 0, traffic.faults
    wait_until(lambda: len(forge.containers("shop")) == 1, f"one is left: {forge.containers('shop')}")
    assert forge.page("shop") == "v2"


if __name__ == "__main__":
    harness.main(sys.modules["__main__"], prepare)
