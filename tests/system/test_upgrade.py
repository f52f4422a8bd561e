#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
From the package of the last released version to this one, on a booted host where that version has been at work, and back: what
was set up, what runs and what waits survives the upgrade, and a store that is too new for a version is refused, and left as it
is. The tests are one story, in this order. It builds that package from the commit that set the version in debian/changelog.

usage: test_upgrade.py [TEST], with BUS= and BUILD_ROOT= as for test_system.py
"""
import re
import sys

import harness
import package  # pylint: disable=wrong-import-order
from forge import DEPLOYERD_CONF, REGISTRY, SOCKET, WEBHOOK, WEBHOOKD, Bare
from host import wait_until

STORE = "/var/lib/tinyforge/tinyforge.db"
CONF = "/etc/tinyforge/webhookd.conf"

forge = None  # pylint: disable=invalid-name
before = {}  # what there was before the upgrade


def schema():
    """The store is its daemon's alone while that runs."""
    forge.stop_daemons()
    return int(forge.out("sqlite3", STORE, "PRAGMA user_version"))


def rows():
    """What is known of the deploys of shop, which have all ended."""
    return [(deploy.id, deploy.image, deploy.state) for deploy in forge.deploys("shop")]


def install(deb):
    forge.run("dpkg", "--force-confold", "--install", deb, timeout=300)


def this_version():
    """The package of this tree, under a version that is higher than every released one."""
    folder = "/tmp/this"
    if forge.run("test", "-e", f"{folder}.deb", check=False).returncode != 0:
        forge.run("dpkg-deb", "--raw-extract", package.deb(harness.BUILD, "tinyforge"), folder)
        forge.run("sed", "-i", "s/^Version: .*/&+this/", f"{folder}/DEBIAN/control")
        forge.run("dpkg-deb", "--root-owner-group", "--build", folder, f"{folder}.deb")
    return f"{folder}.deb"


def test_last_release_is_at_work():
    install(package.build_released(harness.BUILD))
    forge.write("/etc/tinyforge/deployerd.conf.d/50-test.conf", DEPLOYERD_CONF)
    forge.run("sed", "-i", "s/^#MaxQueued=.*/MaxQueued=77/", CONF)
    assert "MaxQueued=77" in forge.out("cat", CONF)
    forge.provision("registry")
    forge.run("systemctl", "enable", "--now", SOCKET)
    forge.deploy(forge.image("acme/shop", "v1", "plain", "shop v1"), "shop")
    assert forge.page("shop") == "shop v1"
    before.update(schema=schema())


def test_deploy_waits_for_the_engine():
    image = forge.image("acme/tool", "v1", "plain", "tool v1")
    forge.run("systemctl", "stop", "docker.socket", "docker.service")
    before.update(waiting=forge.deliver(image))
    before.update(path=forge.path(), projects=set(forge.projects()), rows=rows())
    wait_until(lambda: forge.deploys("tool")[0].state in ("queued", "running"), "it waits")


def test_upgrade_keeps_all_of_it():
    install(this_version())
    assert forge.unit(SOCKET, "ActiveState", "UnitFileState") == ["active", "enabled"]
    assert forge.path() == before["path"]
    assert set(forge.projects()) == before["projects"]
    assert rows() == before["rows"] and len(rows()) == 1
    assert "MaxQueued=77" in forge.out("cat", CONF)
    assert forge.out("cat", "/etc/tinyforge/deployerd.conf.d/50-test.conf") == DEPLOYERD_CONF.strip()


def test_what_waited_is_deployed_and_what_ran_goes_on():
    forge.run("systemctl", "start", "docker.service")
    for name in forge.out("/usr/bin/docker", "ps", "-aq", "--filter", "label=org.tinyforge.project=shop").split():
        before.update(container=name)
    deploy = forge.finished("tool", before["waiting"], 180)
    assert deploy.state == "succeeded" and forge.page("tool") == "tool v1", deploy
    wait_until(lambda: forge.containers("shop")[0]["State"]["Running"], "the container of shop runs again")
    assert [c["Id"][:12] for c in forge.containers("shop")] == [before["container"]]
    assert forge.page("shop") == "shop v1"
    answer = forge.post(forge.image("acme/shop", "v2", "plain", "shop v2"), before["path"])
    assert answer.status == 202, answer.body
    assert forge.finished("shop", answer.json()["deploys"][0]["id"]).state == "succeeded" and forge.page("shop") == "shop v2"


def test_brought_up_store_takes_what_the_last_release_did_not_know():
    # It knew no hooks; the stage that it ran is called by one from now on.
    forge.ctl("hook", "create", "later", f"--image={REGISTRY}/acme/shop")
    before.update(hook=forge.call(WEBHOOK, "GetHookPath", "s", "later")[0])
    answer = forge.post(forge.image("acme/shop", "v3", "plain", "shop v3"), before["hook"])
    assert answer.status == 202, answer.body
    assert forge.finished("shop", answer.json()["deploys"][0]["id"]).state == "succeeded" and forge.page("shop") == "shop v3"


def test_downgrade_is_refused_and_changes_nothing():
    known, version = rows(), schema()
    assert version > before["schema"], "the store was not brought up to date"
    install(package.build_released(harness.BUILD))
    answer = forge.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "5", "-d", "{}",
                       f"http://127.0.0.1:8420{before['path']}", check=False).stdout
    assert not answer.startswith("2"), answer
    told = [entry["MESSAGE"] for entry in forge.journal(_SYSTEMD_UNIT=WEBHOOKD) if isinstance(entry["MESSAGE"], str)]
    assert any(re.search(r"newer version", line) for line in told), told[-5:]
    assert schema() == version
    install(this_version())
    forge.run("systemctl", "reset-failed", "tinyforge-*", check=False)
    forge.run("systemctl", "restart", SOCKET)
    assert rows() == known and forge.path() == before["path"]
    assert forge.call(WEBHOOK, "GetHookPath", "s", "later")[0] == before["hook"]
    assert forge.post(f"{REGISTRY}/acme/shop:v3", before["hook"]).status == 202


def main():
    reason = package.unbuildable()
    if not reason and not (package.last_released() and package.commit_of(package.last_released())):
        reason = "the history has no released version"
    if reason:
        print(f"1..1\nok 1 - an_upgrade # SKIP {reason}")
        return
    package.build(harness.BUILD)
    package.build_released(harness.BUILD)
    harness.main(sys.modules[__name__], kind=Bare)


if __name__ == "__main__":
    main()
