#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Watching on, with a real engine: what ends, what turns ill, what holds, and what a person does to it; while daemons are killed, and the host
is rebooted.

usage: test_watch.py [TEST], with ENGINE=, BUS= and BUILD_ROOT= as for test_system.py
"""
import json
import sys

import harness
from forge import DEPLOYERD, WEBHOOK, WEBHOOKD
from harness import ENGINE
from host import wait_until

forge = None  # pylint: disable=invalid-name


def prepare(host):
    host.drain_at_once()


def teardown():
    forge.remove_containers()


def rows(project):
    """Newest first."""
    return [{key: value["data"] for key, value in row.items()}
            for row in forge.call(WEBHOOK, "DescribeDeploys", "ssu", project, "dev", 0)[0]]


def verdict(project, number, wanted, deadline=60):
    row = {}

    def look():
        row.update(next(row for row in rows(project) if row["Id"] == number))
        return row["Watch"] != "watching"
    wait_until(look, f"deploy {number} of {project} is not watched any more", deadline, pause=0.2)
    assert row["Watch"] == wanted, row
    return row


def watched(project, variant, watch="1min"):
    """v1 runs, and v2 is deployed and watched; returns the number of v2."""
    forge.deploy(forge.image(f"acme/{project}", "v1", "plain", "v1"), project)
    forge.write(f"/etc/tinyforge/projects.d/{project}.json", json.dumps({"image": f"127.0.0.1:5000/acme/{project}", "watch": watch}))
    number = forge.deploy(forge.image(f"acme/{project}", "v2", variant, "v2"), project).id
    assert rows(project)[-1].get("Watch") is None
    return number


def check_back(project):
    """v1 serves alone again, by one deploy."""
    wait_until(lambda: [row["State"] for row in rows(project) if row["Source"] == "watch"] == ["succeeded"],
               f"v1 of {project} is brought back", 60)
    assert forge.page(project) == "v1" and len(forge.containers(project)) == 1


def container(project):
    return forge.containers(project)[0]["Name"].lstrip("/")


def engine(*words):
    forge.run(f"/usr/bin/{ENGINE}", *words)


def end(project):
    """Its process ends by itself, as far as the engine knows; Podman's client is sorry to have lost what it ran there."""
    forge.run(f"/usr/bin/{ENGINE}", "exec", container(project), "/bin/busybox", "kill", "1", check=False)


def test_container_that_ends_is_brought_back_from():
    number = watched("brief", "brief")
    row = verdict("brief", number, "failed")
    assert "exited with status 3 and was restarted" in row["WatchReason"] and "had enough" in row["WatchReason"], row
    check_back("brief")
    assert forge.journal("WATCH_FAILED", TINYFORGE_DEPLOY=number)


def test_container_that_turns_unhealthy_is_brought_back_from():
    number = watched("sickly", "sickening")
    row = verdict("sickly", number, "failed")
    assert "its health check fails" in row["WatchReason"], row
    check_back("sickly")


def test_container_that_a_person_restarts_stops_and_starts_holds():
    number = watched("sturdy", "healthy", "15s")
    engine("restart", "-t", "1", container("sturdy"))
    engine("stop", "-t", "1", container("sturdy"))
    engine("start", container("sturdy"))
    verdict("sturdy", number, "held")
    assert forge.page("sturdy") == "v2"
    # And both daemons end, since nothing else is there to do.
    forge.stop_daemons()


def test_container_that_a_person_stops_is_gone():
    number = watched("halted", "plain", "6s")
    engine("stop", "-t", "1", container("halted"))
    verdict("halted", number, "gone")
    assert [row["Source"] for row in rows("halted")] == ["webhook"] * 2


def test_daemons_that_are_killed_in_the_middle_bring_back_all_the_same():
    number = watched("lazarus", "healthy")
    forge.kill(DEPLOYERD)
    forge.kill(WEBHOOKD)
    end("lazarus")
    verdict("lazarus", number, "failed")
    check_back("lazarus")


def test_reboot_is_no_failure_and_the_watch_goes_on():
    number = watched("phoenix", "healthy", "5min")
    forge.reboot()
    wait_until(lambda: forge.containers("phoenix")[0]["State"]["Running"], "it is back", 60)
    assert rows("phoenix")[0]["Watch"] == "watching", rows("phoenix")[0]
    end("phoenix")
    verdict("phoenix", number, "failed", 90)
    check_back("phoenix")


if __name__ == "__main__":
    harness.main(sys.modules["__main__"], prepare)
