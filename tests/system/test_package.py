#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The life of the Debian package on a booted host that has nothing of tinyforge but its file: install, enable, deploy, upgrade
under load, remove, purge. The tests are one story, in this order.

usage: test_package.py [TEST], with BUS= and BUILD_ROOT= as for test_system.py
"""
import contextlib
import json
import re
import sys
import time

import harness
import tap
import package  # pylint: disable=wrong-import-order
from forge import ADDRESS, DEPLOYERD, FINAL, SOCKET, WEBHOOK, WEBHOOKD, Bare
from host import SOURCE, wait_until
from traffic import Traffic

SHOP = "127.0.0.1:5050/acme/shop"  # what debian/tests/deploy deploys, from its own registry
UPGRADES = 2
WORKERS = 4
INSTALL = 300  # seconds that an upgrade may take while the workers keep the machine busy
# Where a package may leave something, and what lives on there beside it: logs, and the package manager's own notes.
PLACES = ["/etc", "/opt", "/srv", "/usr", "/var"]
ELSEWHERE = ["/var/log", "/var/cache", "/var/tmp", "/var/lib/dpkg", "/var/lib/apt"]
# path: mode, owner, group
MODES = {
    "/etc/tinyforge": "755 root root",
    "/etc/tinyforge/webhookd.conf": "640 root tinyforge",
    "/etc/tinyforge/webhookd.conf.d": "750 root tinyforge",
    "/etc/tinyforge/deployerd.conf": "640 root tinyforge-deployer",
    "/etc/tinyforge/deployerd.conf.d": "750 root tinyforge-deployer",
    "/etc/tinyforge/projects.d": "750 root tinyforge-deployer",
    "/usr/bin/tinyforgectl": "755 root root",
    "/usr/libexec/tinyforge-webhookd": "755 root root",
    "/usr/libexec/tinyforge-deployerd": "755 root root",
    "/run/tinyforge": "755 root root",
}

forge = None  # pylint: disable=invalid-name
before = {}  # what there was on the host before


def files():
    """Every path of the host that a package could have made."""
    pruned = [word for path in ELSEWHERE for word in ("-path", path, "-prune", "-o")]
    return set(forge.out("find", *PLACES, "-xdev", *pruned, "-print").splitlines())


def accounts():
    return [forge.out("cat", f"/etc/{name}") for name in ("passwd", "group", "shadow", "gshadow")]


def ours(*names):
    return [package.deb(harness.BUILD, name) for name in names]


def status(name):
    return forge.run("dpkg-query", "-W", "-f", "${db:Status-Status}", name, check=False).stdout


def page():
    return forge.page("shop")


def version_after(number):
    """The package again, under a higher version."""
    folder = f"/tmp/upgrade-{number}"
    forge.run("dpkg-deb", "--raw-extract", *ours("tinyforge"), folder)
    forge.run("sed", "-i", f"s/^Version: .*/&+{number}/", f"{folder}/DEBIAN/control")
    forge.run("dpkg-deb", "--root-owner-group", "--build", folder, f"{folder}.deb")
    return f"{folder}.deb"


def test_installs_from_its_files_alone_and_starts_nothing():
    before.update(files=files(), accounts=accounts())
    assert not forge.run("getent", "passwd", "tinyforge", check=False).stdout
    forge.run("dpkg", "--install", *ours("tinyforge", "tinyforge-doc"))
    assert status("tinyforge") == status("tinyforge-doc") == "installed"
    assert forge.unit(SOCKET, "ActiveState", "UnitFileState") == ["inactive", "disabled"]
    assert forge.processes() == []


def test_files_belong_to_whom_they_should():
    found = {path: forge.out("stat", "-c", "%a %U %G", path) for path in MODES}
    assert found == MODES, [(path, found[path]) for path in MODES if found[path] != MODES[path]]
    forge.run("dpkg", "--verify", "tinyforge", "tinyforge-doc")


def test_deployer_is_let_in_to_the_engine_and_the_receiver_is_not():
    assert forge.out("id", "-nG", "tinyforge-deployer").split() == ["tinyforge-deployer", "docker"]
    assert forge.out("id", "-nG", "tinyforge").split() == ["tinyforge"]


def test_package_tests_itself_from_enabling_on():
    done = forge.run("env", "--chdir=/", SOURCE / "debian/tests/deploy", timeout=240, check=False)
    for line in done.stdout.splitlines():
        tap.note(line)
    assert done.returncode == 0, done.stderr
    assert forge.unit(SOCKET, "ActiveState", "UnitFileState") == ["active", "enabled"]
    assert page() == "shop v2"


def test_upgrade_under_load_refuses_no_request():
    later = [version_after(number) for number in range(1, UPGRADES + 1)]
    path, container = forge.path(), forge.containers("shop")[0]["Id"]
    url, body = f"http://{ADDRESS}{path}", json.dumps({"image": f"{SHOP}:v2"})
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Traffic(forge, url, body=body)) for _ in range(WORKERS)]
        for deb in later:
            wait_until(lambda: forge.pid(WEBHOOKD) and forge.pid(DEPLOYERD), "both daemons run")
            pids, begun = (forge.pid(WEBHOOKD), forge.pid(DEPLOYERD)), time.monotonic()
            forge.run("dpkg", "--install", deb, timeout=INSTALL)
            tap.note(f"{deb}: {time.monotonic() - begun:.1f} s")
            assert forge.pid(WEBHOOKD) not in (0, pids[0]) and forge.pid(DEPLOYERD) != pids[1]
            program = forge.out("readlink", f"/proc/{forge.pid(WEBHOOKD)}/exe")
            assert program == "/usr/libexec/tinyforge-webhookd", program
    sent, failed = sum(worker.sent for worker in workers), sum(worker.failed for worker in workers)
    slowest = max(worker.slowest for worker in workers)
    tap.note(f"{UPGRADES} upgrades: {sent} requests sent, {failed} refused, slowest answer {slowest * 1000:.0f} ms")
    assert failed == 0, [worker.faults for worker in workers]
    wait_until(lambda: all(d.state in FINAL for d in forge.deploys("shop")), "every deploy ends", 90)
    states = {deploy.state for deploy in forge.deploys("shop") if deploy.image == f"{SHOP}:v2"}
    assert states <= {"succeeded", "unchanged"}, forge.deploys("shop")
    assert forge.containers("shop")[0]["Id"] == container and page() == "shop v2"


def test_upgrade_keeps_what_was_set_up():
    assert status("tinyforge") == "installed"
    assert re.search(rf"\+{UPGRADES}$", forge.out("dpkg-query", "-W", "-f", "${Version}", "tinyforge"))
    assert forge.unit(SOCKET, "ActiveState", "UnitFileState") == ["active", "enabled"]
    path = forge.path()
    forge.run("sed", "-i", "s/^#MaxQueued=.*/MaxQueued=77/", "/etc/tinyforge/webhookd.conf")
    forge.run("dpkg", "--install", version_after(UPGRADES + 1), timeout=INSTALL)
    assert "MaxQueued=77" in forge.out("cat", "/etc/tinyforge/webhookd.conf")
    assert forge.path() == path


def test_engine_that_is_installed_later_lets_the_deployer_in():
    forge.run("gpasswd", "-d", "tinyforge-deployer", "docker")
    forge.run("dpkg-trigger", "--by-package=docker.io", "/lib/systemd/system/docker.service")
    forge.run("dpkg", "--triggers-only", "--pending")
    assert "docker" in forge.out("id", "-nG", "tinyforge-deployer").split()
    assert status("tinyforge") == "installed"


def test_removal_closes_the_socket_and_keeps_data_and_containers():
    metrics = "/var/lib/prometheus/node-exporter/tinyforge.prom"
    forge.run("systemctl", "start", "tinyforge-metrics.service")
    assert "tinyforge_projects 1" in forge.out("cat", metrics)
    forge.run("dpkg", "--remove", "tinyforge")
    assert forge.run("test", "-e", metrics, check=False).returncode != 0
    assert forge.processes() == []
    assert forge.run("curl", "-s", f"http://{ADDRESS}/", check=False).returncode == 7
    assert forge.out("ls", "/var/lib/tinyforge/tinyforge.db") and forge.out("ls", "/etc/tinyforge/webhookd.conf")
    [container] = forge.containers("shop")
    assert container["State"]["Running"]


def test_reinstallation_goes_on_where_removal_left_off():
    forge.run("dpkg", "--install", *ours("tinyforge"))
    assert forge.unit(SOCKET, "ActiveState") == "inactive"
    forge.run("systemctl", "start", SOCKET)
    assert page() == "shop v2"
    assert forge.deploy(f"{SHOP}:v2", "shop", "unchanged")
    assert "MaxQueued=77" in forge.out("cat", "/etc/tinyforge/webhookd.conf")


def test_purge_leaves_nothing():
    forge.run("dpkg", "--purge", "tinyforge", "tinyforge-doc")
    forge.remove_containers()
    left = sorted(files() - before["files"])
    assert not left, left
    gone = sorted(before["files"] - files())
    assert not gone, gone
    assert accounts() == before["accounts"]
    for path in ("/run/tinyforge", "/run/tinyforge-deployer"):
        assert forge.run("test", "-e", path, check=False).returncode != 0, path
    assert forge.run("grep", "-c", "TINYFORGE", "/var/lib/systemd/catalog/database", check=False).stdout.strip() == "0"
    assert "tinyforge" not in forge.out("systemctl", "list-units", "--all", "--no-legend", "tinyforge*")
    assert "org.tinyforge" not in forge.out("busctl", "--system", "list", "--activatable")


def test_who_has_a_name_of_ours_already_is_told_and_outlives_a_purge():
    forge.run("useradd", "--create-home", "--uid=1500", "tinyforge")
    forge.run("groupadd", "tinyforge-deployer")
    forge.run("gpasswd", "-a", "nobody", "tinyforge-deployer")
    found = accounts()
    done = forge.run("dpkg", "--install", *ours("tinyforge"))
    assert "the user tinyforge was there before" in done.stderr and "the user tinyforge-deployer" not in done.stderr, done.stderr
    forge.run("dpkg", "--purge", "tinyforge")
    left = accounts()
    forge.run("userdel", "--remove", "tinyforge")
    forge.run("groupdel", "tinyforge-deployer")
    assert left == found, left


def test_daemons_are_on_the_bus_though_their_users_came_later():
    # The bus reads of them while they have no users, as when the package could not be configured at once.
    forge.run("dpkg", "--unpack", *ours("tinyforge"))
    forge.run("dpkg", "--triggers-only", "--pending")
    forge.run("dpkg", "--configure", "--pending")
    assert forge.call(WEBHOOK, "ListProjects") == [[]]
    forge.run("dpkg", "--purge", "tinyforge")


def main():
    reason = package.unbuildable()
    if reason:
        print(f"1..1\nok 1 - a_package # SKIP {reason}")
        return
    package.build(harness.BUILD)
    harness.main(sys.modules[__name__], kind=Bare)


if __name__ == "__main__":
    main()
