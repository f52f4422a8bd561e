#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What root has run before a switch and after it, and jobs, on a booted host: an application with a database that each version migrates, which
is slow, fails, takes too long, or loses its deployer in the middle.

usage: test_commands.py [TEST], with ENGINE=, BUS= and BUILD_ROOT= as for test_system.py
"""
import json
import sys

import harness
import tap
from forge import DEPLOYERD, REGISTRY
from harness import ENGINE
from host import wait_until
from traffic import Traffic

forge = None  # pylint: disable=invalid-name

# The database is a volume with a table, to which each migration adds when it begins and when it ends.
MIGRATE = 'echo "began $VERSION" >>/db/table; echo "migrating to $VERSION"; {}; echo "ended $VERSION" >>/db/table'


def teardown():
    forge.remove_containers()


def prepare(host):
    host.drain_at_once()


def root_says(name, **parts):
    forge.write(f"/etc/tinyforge/projects.d/{name}.json", json.dumps({"image": f"{REGISTRY}/acme/{name}", **parts}))


def migration(name, version, script, **more):
    """Root's file of an application whose predeploy does what `script` says between its two lines."""
    root_says(name, env={"VERSION": version}, container={"HostConfig": {"Binds": [f"{name}-db:/db"]}}, shareable=[f"{name}-db"],
              predeploy={"Cmd": ["/bin/busybox", "sh", "-ec", MIGRATE.format(script)], **more})


def database(name):
    """Where its files are."""
    return forge.out(f"/usr/bin/{ENGINE}", "volume", "inspect", "-f", "{{.Mountpoint}}", f"{name}-db")


def table(name):
    return forge.out("cat", f"{database(name)}/table").splitlines()


def image(name, version):
    return forge.image(f"acme/{name}", version, "plain", version)


def first(name):
    """The application in its first version."""
    migration(name, "v1", "true")
    forge.deploy(image(name, "v1"), name)
    assert table(name) == ["began v1", "ended v1"] and forge.page(name) == "v1"


def names(project):
    return sorted(container["Name"].lstrip("/") for container in forge.containers(project))


def wait_for_command(project, deploy, kind="predeploy"):
    wait_until(lambda: any(c["Name"].lstrip("/") == f"{project}-dev-{deploy}.{kind}" and c["State"]["Running"]
                           for c in forge.containers(project)), f"the {kind} of {project} runs")


def expect_untouched(project, before):
    """The container of the old version is alone, and the one that ran before."""
    [after] = forge.containers(project)
    assert (after["Id"], after["State"]["StartedAt"], after["State"]["Running"]) == (
        before["Id"], before["State"]["StartedAt"], True), after["State"]
    assert forge.page(project) == "v1"


# Before the switch

def test_slow_migration_is_over_before_the_new_version_starts_and_the_old_one_serves_meanwhile():
    first("shop")
    migration("shop", "v2", "until [ -e /db/go ]; do sleep 0.2; done")
    reference = image("shop", "v2")
    with Traffic(forge, f"http://{forge.endpoint('shop')}/") as traffic:
        number = forge.deliver(reference)
        wait_for_command("shop", number)
        # What is counted as an instance is what serves.
        assert [row["deploy"] for row in json.loads(forge.ctl("status", "--json").stdout)["instances"]] != [number]
        assert table("shop")[2:] == ["began v2"] and forge.page("shop") == "v1"
    forge.write(f"{database('shop')}/go", "")
    tap.note(f"a slow migration: {traffic.sent} requests sent, {traffic.failed} failed, answers {traffic.answers}")
    assert traffic.failed == 0 and set(traffic.answers) == {"v1"}, traffic.faults
    assert forge.finished("shop", number).state == "succeeded"
    assert table("shop")[2:] == ["began v2", "ended v2"] and forge.page("shop") == "v2"
    assert names("shop") == [f"shop-dev-{number}"]
    wait_until(lambda: "migrating to v2" in forge.ctl("logs", "shop", "dev").stdout, "the lines of the migration are the deploy's")


def test_migration_that_fails_leaves_the_old_version_untouched():
    first("bank")
    [before] = forge.containers("bank")
    migration("bank", "v2", "echo no such column >&2; exit 4")
    deploy = forge.deploy(image("bank", "v2"), "bank", "failed")
    assert f"predeploy of bank-dev-{deploy.id} failed: it exited with status 4 after" in deploy.reason, deploy
    assert "no such column" in deploy.reason, deploy
    expect_untouched("bank", before)


def test_migration_that_takes_too_long_is_stopped():
    first("mill")
    [before] = forge.containers("mill")
    migration("mill", "v2", "sleep 1000", timeout="2s")
    deploy = forge.deploy(image("mill", "v2"), "mill", "failed")
    assert "did not end within 2s and was stopped" in deploy.reason and "migrating to v2" in deploy.reason, deploy
    assert table("mill")[2:] == ["began v2"]
    expect_untouched("mill", before)


def test_migration_that_has_no_memory_left_fails():
    first("farm")
    [before] = forge.containers("farm")
    migration("farm", "v2", "exec tail /dev/zero", container={"HostConfig": {"Memory": 33554432, "MemorySwap": 33554432}})
    deploy = forge.deploy(image("farm", "v2"), "farm", "failed")
    tap.note(deploy.reason)
    # The Podman of Debian 12 does not always know why.
    assert ("out of memory" if ENGINE == "docker" else "was killed by SIGKILL") in deploy.reason, deploy
    expect_untouched("farm", before)


def test_migration_that_loses_its_deployer_is_waited_for_and_not_begun_again():
    first("barn")
    migration("barn", "v2", "sleep 6")
    number = forge.deliver(image("barn", "v2"))
    wait_for_command("barn", number)
    forge.kill(DEPLOYERD)
    wait_for_command("barn", number)
    assert forge.finished("barn", number).state == "succeeded"
    assert table("barn")[2:] == ["began v2", "ended v2"] and forge.page("barn") == "v2"
    assert names("barn") == [f"barn-dev-{number}"]


def test_migration_goes_on_when_the_deployer_is_restarted():
    first("dairy")
    migration("dairy", "v2", "sleep 6")
    number = forge.deliver(image("dairy", "v2"))
    wait_for_command("dairy", number)
    forge.run("systemctl", "restart", DEPLOYERD)
    assert forge.finished("dairy", number).state == "succeeded"
    assert table("dairy")[2:] == ["began v2", "ended v2"]


def test_cancelled_migration_is_stopped():
    first("smith")
    [before] = forge.containers("smith")
    migration("smith", "v2", "sleep 1000")
    number = forge.deliver(image("smith", "v2"))
    wait_for_command("smith", number)
    forge.ctl("cancel", str(number), "--wait", check=False)
    assert forge.finished("smith", number).state == "cancelled"
    expect_untouched("smith", before)


# After it

def test_what_fails_after_the_switch_is_told_and_changes_nothing():
    root_says("inn", postdeploy={"Cmd": ["/bin/busybox", "sh", "-c", "echo no cache; exit 2"]})
    deploy = forge.deploy(image("inn", "v1"), "inn")
    assert f"postdeploy of inn-dev-{deploy.id} failed: it exited with status 2 after" in deploy.reason, deploy
    assert forge.page("inn") == "v1" and names("inn") == [f"inn-dev-{deploy.id}"]
    [entry] = forge.journal("POSTDEPLOY_FAILED", TINYFORGE_DEPLOY=deploy.id)
    assert "no cache" in entry["MESSAGE"] and entry["TINYFORGE_PROJECT"] == "inn", entry


# Jobs

def test_job_is_run_to_its_end_by_each_push():
    def job(script):
        root_says("press", kind="job", container={"Cmd": ["/bin/busybox", "sh", "-c", script]})
    job("echo 3 pages")
    deploy = forge.deploy(image("press", "v1"), "press")
    assert f"press-dev-{deploy.id} exited with status 0 after" in deploy.reason and "3 pages" in deploy.reason, deploy
    assert names("press") == [f"press-dev-{deploy.id}.job"]
    again = forge.deploy(f"{REGISTRY}/acme/press:v1", "press")
    assert again.id > deploy.id and names("press") == [f"press-dev-{again.id}.job"]
    job("echo no paper; exit 5")
    failed = forge.deploy(image("press", "v2"), "press", "failed")
    assert "it exited with status 5 after" in failed.reason and "no paper" in failed.reason, failed
    [container] = forge.containers("press")
    assert container["State"]["ExitCode"] == 5


if __name__ == "__main__":
    harness.main(sys.modules[__name__], prepare)
