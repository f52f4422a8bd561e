#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Both daemons together, the real programs, from the delivery over HTTP to the container and back: on a private bus, with an
engine that only pretends.

usage: test_whole.py [TEST], with WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
import deployer_host  # noqa: E402
from private_bus import BusError  # noqa: E402
import senders  # noqa: E402
from waiting import wait_for  # noqa: E402
from webhook_host import PROGRAM, Webhookd  # noqa: E402

REPO = "registry.example/acme/shop"
FINAL = ("succeeded", "unchanged", "rolled-back", "failed", "superseded", "cancelled")


class Forge(deployer_host.Host):
    """A deployerd that the bus starts, and a webhookd beside it."""

    def __init__(self, config="", **options):
        super().__init__(config=config, **options)
        self.webhookd = Webhookd(PROGRAM, self.bus, self.directory)
        self.webhookd.start()

    def __exit__(self, *details):
        self.webhookd.close()
        super().__exit__(*details)

    def deliver(self, image):
        answer = self.webhookd.post(image)
        assert answer.status == 202, (answer.status, answer.body)
        return answer.json()["deploys"][0]["id"]

    def row(self, number):
        """state and reason"""
        return next((r[4], r[5]) for r in self.webhookd.call("ListDeploys", "ssu", "", "", 0)[0] if r[0] == number)

    def wait_final(self, number, deadline=60):
        return wait_for(f"deploy {number} is through",
                        lambda: self.row(number) if self.row(number)[0] in FINAL else None, deadline)

    def wait_begun(self, project, number):
        wait_for("the new container is there", lambda: f"{project}-dev-{number}.pending" in self.engine.names())

    def deploy(self, image):
        number = self.deliver(image)
        state, reason = self.wait_final(number)
        assert state == "succeeded", (state, reason)
        return number


def running(forge):
    return sorted(name for name, c in forge.engine.containers().items() if c["State"]["Running"])


def test_delivery_becomes_a_container_and_its_project_learns_from_the_image():
    with Forge() as forge:
        forge.engine.push(REPO, "v1", ports=["8080/tcp"], healthcheck=True)
        number = forge.deploy(f"{REPO}:v1")
        assert running(forge) == [f"shop-dev-{number}"]
        wait_for("port and health check", lambda: forge.webhookd.call("ListProjects")[0][0][2:4] == ["image", 8080])


def test_new_store_goes_on_above_what_the_old_one_left_and_leaves_it_alone():
    with Forge() as forge:
        forge.engine.push(REPO, "v1")
        forge.engine.push(REPO, "v2")
        old = forge.deploy(f"{REPO}:v1")
        forge.webhookd.stop()
        shutil.rmtree(forge.webhookd.state)
        os.mkdir(forge.webhookd.state, 0o700)
        forge.webhookd.start()
        forge.deliver(f"{REPO}:v2")
        row = wait_for("it is through", lambda: next((r for r in forge.webhookd.call("ListDeploys", "ssu", "", "", 0)[0]
                                                      if r[4] in ("succeeded", "failed")), None), 60)
        assert row[4] == "succeeded" and row[0] > old, row
        assert running(forge) == [f"shop-dev-{old}", f"shop-dev-{row[0]}"]


def test_deploy_that_waits_for_its_registry_says_so_and_goes_on():
    with Forge() as forge:
        forge.engine.push(REPO, "v1")
        forge.engine.fault("GET", "/distribution/", "status", status=429, message="slow down")
        number = forge.deliver(f"{REPO}:v1")

        def described():
            row = forge.webhookd.call("DescribeDeploys", "ssu", "shop", "dev", 0)[0][0]
            return {key: value["data"] for key, value in row.items()}
        row = wait_for("it waits", lambda: described() if described()["NextAttemptAt"] else None)
        assert row["Id"] == number and row["State"] == "queued" and row["Attempts"] == 1, row
        assert row["Reason"].startswith("RegistryUnavailable: ") and "slow down" in row["Reason"], row
        assert row["QueuedAt"] < row["NextAttemptAt"] and row["FinishedAt"] == 0, row
        assert forge.wait_final(number) == ("succeeded", forge.row(number)[1])
        row = described()
        assert (row["Attempts"], row["NextAttemptAt"]) == (2, 0) and row["Digest"].startswith("sha256:"), row


def test_six_calls_of_docker_hub_in_a_row_replace_the_container_once():
    with Forge() as forge:
        forge.engine.push("docker.io/acme/shop", "v1", "old")
        old = forge.deploy("acme/shop:v1")
        forge.engine.push("docker.io/acme/shop", "v1", "new")
        created = [r for r in forge.engine.requests() if "/containers/create" in r]
        answers = []
        for _ in range(6):
            answers.append(senders.post(forge.webhookd, "docker-hub/tagged"))
        assert all(answer.status == 202 for answer in answers), [answer.body for answer in answers]
        wait_for("all is done", lambda: all(r[4] in FINAL for r in forge.webhookd.call("ListDeploys", "ssu", "", "", 0)[0]))
        rows = [r for r in forge.webhookd.call("ListDeploys", "ssu", "", "", 0)[0] if r[0] != old]
        tap.note(f"six calls: {', '.join(f'{r[0]} {r[4]}' for r in rows)}")
        assert [r[4] for r in rows].count("succeeded") == 1, rows
        assert {r[4] for r in rows} <= {"succeeded", "unchanged"}, rows
        again = [r for r in forge.engine.requests() if "/containers/create" in r]
        assert len(again) == len(created) + 1, again
        [row] = [r for r in rows if r[4] == "succeeded"]
        assert running(forge) == [f"shop-dev-{row[0]}"]


def test_deploy_beyond_the_default_time_out_of_the_bus_is_waited_for():
    with Forge("HealthDeadlineSec=60\n") as forge:
        forge.engine.push(REPO, "v1", healthcheck=True, after=28)
        number = forge.deliver(f"{REPO}:v1")
        state, reason = forge.wait_final(number, 90)
        assert state == "succeeded", (state, reason)
        assert "DEPLOY_RETRIED" not in forge.webhookd.log()
        assert running(forge) == [f"shop-dev-{number}"]


def test_reason_that_is_too_long_ends_with_a_whole_character():
    with Forge() as forge:
        for number in range(1, 4):
            forge.engine.push(REPO, f"bad{number}", exit=3, logs=["\u65e5\u672c" * 500 + "y" * number])
            state, reason = forge.wait_final(forge.deliver(f"{REPO}:bad{number}"))
            assert state == "failed" and "?" not in reason, reason
        # Both are read as what they are to be: UTF-8.
        for log in (forge.log(), forge.webhookd.log()):
            assert "did not come up" in log and "\ufffd" not in log


def test_version_that_does_not_come_up_is_rolled_back_and_says_why():
    with Forge() as forge:
        forge.engine.push(REPO, "v1")
        first = forge.deploy(f"{REPO}:v1")
        forge.engine.push(REPO, "v2", exit=3)
        state, reason = forge.wait_final(forge.deliver(f"{REPO}:v2"))
        assert state == "rolled-back" and "exited with status 3" in reason, (state, reason)
        assert running(forge) == [f"shop-dev-{first}"]


def test_image_that_is_not_there_fails_and_is_not_tried_again():
    with Forge() as forge:
        state, reason = forge.wait_final(forge.deliver(f"{REPO}:nothing"))
        assert state == "failed" and reason.startswith("PullFailed"), (state, reason)


def test_policy_of_the_deployer_is_final():
    with Forge("AllowImages=other.example/*/*\n") as forge:
        forge.engine.push(REPO, "v1")
        state, reason = forge.wait_final(forge.deliver(f"{REPO}:v1"))
        assert state == "failed" and reason.startswith("NotPermitted"), (state, reason)
        assert not [r for r in forge.engine.requests() if "/images/create" in str(r)]


def test_engine_that_is_away_is_waited_for():
    with Forge() as forge:
        told = os.path.join(forge.directory, "told")
        environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=forge.bus.address)
        forge.engine.push(REPO, "v1")
        assert forge.wait_final(forge.deliver(f"{REPO}:v1"))[0] == "succeeded"
        for shown in ("Engine: docker", "Engine: none answers"):
            status = subprocess.run([os.environ["TINYFORGECTL"], "status"], capture_output=True, text=True, timeout=60, check=False,
                                    env=environment)
            assert shown in status.stdout, status
            if forge.engine.pid:
                forge.engine.stop()
        number = forge.deliver(f"{REPO}:v2")
        wait_for("it was tried", lambda: "EngineUnreachable" in forge.webhookd.log())
        assert forge.row(number)[0] in ("queued", "running")
        with open(told, "w+", encoding="utf-8") as output, \
                subprocess.Popen([os.environ["TINYFORGECTL"], "follow", str(number), "--timeout=1min"], stdout=output,
                                 env=environment) as follower:
            wait_for("it was tried again", lambda: "waits 10 s" in forge.webhookd.log())
            wait_for("that is told", lambda: "waiting: attempt 3" in pathlib.Path(told).read_text(encoding="utf-8"), deadline=7)
            forge.engine.start()
            forge.engine.push(REPO, "v2")
            assert follower.wait(60) == 0
        assert forge.wait_final(number)[0] == "succeeded"


def test_engine_that_answers_again_is_shown_at_once():
    with Forge() as forge:
        environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=forge.bus.address)
        for act, shown in ((forge.engine.stop, "Engine: none answers"), (forge.engine.start, "Engine: docker")):
            act()
            status = subprocess.run([os.environ["TINYFORGECTL"], "status"], capture_output=True, text=True, timeout=60, check=False,
                                    env=environment)
            assert shown in status.stdout, status


def test_killed_webhookd_asks_again_and_nothing_is_deployed_twice():
    with Forge() as forge:
        forge.engine.push(REPO, "v1", healthcheck=True, after=2)
        number = forge.deliver(f"{REPO}:v1")
        forge.wait_begun("shop", number)
        forge.webhookd.stop(signal.SIGKILL)
        forge.webhookd.start()
        assert forge.wait_final(number)[0] == "succeeded"
        assert running(forge) == forge.engine.names() == [f"shop-dev-{number}"]


def test_digest_that_was_told_while_nobody_listened_is_a_rollback_target():
    with Forge("HealthDeadlineSec=60\n") as forge:
        digest = forge.engine.push(REPO, "v1", healthcheck=True, after=3)
        forge.engine.fault("GET", "/distribution/", "hang-then-serve")
        first = forge.deliver(f"{REPO}:v1")
        wait_for("the registry is asked", lambda: [r for r in forge.engine.requests() if "/distribution/" in r])
        forge.webhookd.stop(signal.SIGKILL)
        forge.engine.control("release")
        forge.wait_begun("shop", first)
        forge.webhookd.start()
        assert forge.wait_final(first)[0] == "succeeded", forge.row(first)
        assert "DEPLOY_RETRIED" not in forge.webhookd.log()
        forge.engine.push(REPO, "v2")
        forge.deploy(f"{REPO}:v2")
        number = forge.webhookd.call("Rollback", "ss", "shop", "dev")[0]
        assert forge.wait_final(number)[0] == "succeeded", forge.row(number)
        labels = forge.engine.containers()[f"shop-dev-{number}"]["Config"]["Labels"]
        assert labels["org.tinyforge.digest"] == digest


def test_digest_of_a_deploy_that_died_after_its_switch_is_a_rollback_target():
    with Forge() as forge:
        for tag in ("v0", "v1", "v2"):
            forge.engine.push(REPO, tag)
        forge.deploy(f"{REPO}:v0")
        # The next attempt has nothing to resolve.
        forge.engine.fault("POST", "/stop$", "status", status=500)
        first = forge.deploy(f"{REPO}:v1")
        assert "DEPLOY_RETRIED" in forge.webhookd.log()
        forge.deploy(f"{REPO}:v2")
        number = forge.webhookd.call("Rollback", "ss", "shop", "dev")[0]
        assert forge.wait_final(number)[0] == "succeeded", forge.row(number)
        labels = forge.engine.containers()[f"shop-dev-{number}"]["Config"]["Labels"]
        assert labels["org.tinyforge.digest"] == forge.engine.digest(f"{REPO}:v1"), first


def test_killed_deployerd_is_asked_again_and_leaves_one_container():
    with Forge() as forge:
        forge.engine.push(REPO, "v1")
        forge.deploy(f"{REPO}:v1")
        forge.engine.push(REPO, "v2", healthcheck=True, after=2)
        number = forge.deliver(f"{REPO}:v2")
        forge.wait_begun("shop", number)
        forge.signal(signal.SIGKILL)
        assert forge.wait_final(number)[0] == "succeeded"
        assert running(forge) == forge.engine.names() == [f"shop-dev-{number}"]
        assert "DEPLOY_RETRIED" in forge.webhookd.log()


def test_newer_push_waits_for_the_running_one_and_has_the_last_word():
    with Forge() as forge:
        forge.engine.push(REPO, "v1", healthcheck=True, after=2)
        for tag in ("v2", "v3"):
            forge.engine.push(REPO, tag)
        first = forge.deliver(f"{REPO}:v1")
        forge.wait_begun("shop", first)
        second, third = forge.deliver(f"{REPO}:v2"), forge.deliver(f"{REPO}:v3")
        assert forge.wait_final(third)[0] == "succeeded"
        assert (forge.row(first)[0], forge.row(second)[0]) == ("succeeded", "superseded")
        assert running(forge) == [f"shop-dev-{third}"]


def test_tag_that_moves_while_it_is_deployed_is_deployed_again():
    with Forge() as forge:
        forge.engine.push(REPO, "latest", word="one", healthcheck=True, after=2)
        first = forge.deliver(f"{REPO}:latest")
        forge.wait_begun("shop", first)
        digest = forge.engine.push(REPO, "latest", word="two")
        second = forge.deliver(f"{REPO}:latest")
        assert second > first
        assert forge.wait_final(second)[0] == "succeeded"
        labels = forge.engine.containers()[f"shop-dev-{second}"]["Config"]["Labels"]
        assert labels["org.tinyforge.digest"] == digest


def test_restored_backup_goes_on_above_the_numbers_that_are_taken():
    with Forge() as forge:
        forge.engine.push(REPO, "v1")
        forge.deploy(f"{REPO}:v1")
        forge.webhookd.stop()
        backup = os.path.join(forge.directory, "backup")
        shutil.copytree(forge.webhookd.state, backup)
        forge.webhookd.start()
        for tag in ("v2", "v3"):
            forge.engine.push(REPO, tag, word=tag)
            newest = forge.deploy(f"{REPO}:{tag}")
        forge.webhookd.stop()
        shutil.rmtree(forge.webhookd.state)
        shutil.copytree(backup, forge.webhookd.state)
        forge.webhookd.start()
        forge.engine.push(REPO, "v4", word="v4")
        number = forge.deliver(f"{REPO}:v4")
        assert number < newest and forge.wait_final(number)[0] == "superseded", forge.row(number)
        assert forge.wait_final(newest + 1)[0] == "succeeded"
        assert running(forge) == [f"shop-dev-{newest + 1}"]


def test_rollback_brings_back_what_ran_before_and_hold_keeps_it():
    with Forge() as forge:
        digests = [forge.engine.push(REPO, tag, word=tag) for tag in ("v1", "v2", "v3")]
        for tag in ("v1", "v2", "v3"):
            forge.deploy(f"{REPO}:{tag}")
        for digest in (digests[1], digests[0]):
            number = forge.webhookd.call("RollbackWithOptions", "ssa{sv}", "shop", "dev", 1, "Hold", "b", "true")[0]
            assert forge.wait_final(number)[0] == "succeeded", forge.row(number)
            assert running(forge) == [f"shop-dev-{number}"]
            labels = forge.engine.containers()[f"shop-dev-{number}"]["Config"]["Labels"]
            assert labels["org.tinyforge.digest"] == digest
        assert forge.webhookd.call("ListStages", "s", "shop")[0][0][2] is False


def test_rollback_runs_no_migration_and_says_so():
    with Forge() as forge:
        deployer_host.root_says(forge, predeploy={"Cmd": ["bin/migrate"]})
        for tag in ("v1", "v2"):
            forge.engine.push(REPO, tag, commands={"bin/migrate": {"exit": 0}})
            forge.deploy(f"{REPO}:{tag}")
        number = forge.webhookd.call("Rollback", "ss", "shop", "dev")[0]
        assert forge.wait_final(number)[0] == "succeeded", forge.row(number)
        names = [run["name"] for run in forge.engine.control("state")["runs"]]
        assert names == ["shop-dev-1.predeploy", "shop-dev-2.predeploy"], names
        assert "predeploy is not run, since the deploy goes back to an earlier version" in forge.log()


def test_migration_that_fails_is_the_end_of_its_deploy():
    with Forge() as forge:
        deployer_host.root_says(forge, predeploy={"Cmd": ["bin/migrate"]})
        forge.engine.push(REPO, "v1", commands={"bin/migrate": {"exit": 0}})
        forge.engine.push(REPO, "v2", commands={"bin/migrate": {"exit": 3}})
        old = forge.deploy(f"{REPO}:v1")
        state, reason = forge.wait_final(forge.deliver(f"{REPO}:v2"))
        assert state == "failed" and "predeploy of shop-dev-2 failed: it exited with status 3" in reason, (state, reason)
        assert running(forge) == [f"shop-dev-{old}"]


def test_cancelled_deploy_leaves_the_old_one_and_starts_the_next():
    with Forge("HealthDeadlineSec=60\n") as forge:
        for tag, more in (("v1", {}), ("v2", {"healthcheck": True, "health": "starting"}), ("v3", {})):
            forge.engine.push(REPO, tag, **more)
        old = forge.deploy(f"{REPO}:v1")
        stuck = forge.deliver(f"{REPO}:v2")
        forge.wait_begun("shop", stuck)
        following = forge.deliver(f"{REPO}:v3")
        forge.webhookd.call("Cancel", "t", stuck)
        assert forge.wait_final(stuck)[0] == "cancelled", forge.row(stuck)
        assert forge.wait_final(following)[0] == "succeeded", forge.row(following)
        assert running(forge) == [f"shop-dev-{following}"], (old, running(forge))
        assert forge.engine.names() == running(forge)


def test_cancelled_recreate_whose_deployer_dies_over_it_comes_back_by_itself():
    project = {"image": REPO, "container": {"HostConfig": {"PortBindings": {
        "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18081"}]}}}}
    with Forge("HealthDeadlineSec=60\n") as forge:
        os.makedirs(os.path.join(forge.directory, "projects.d"), mode=0o750)
        os.chmod(forge.write("projects.d/shop.json", json.dumps(project)), 0o640)
        forge.engine.push(REPO, "v1")
        forge.engine.push(REPO, "v2", healthcheck=True, health="starting")
        old = forge.deploy(f"{REPO}:v1")
        number = forge.deliver(f"{REPO}:v2")
        wait_for("the new one took over", lambda: running(forge) == [f"shop-dev-{number}.pending"])
        # In the very moment in which the old one is to be started again.
        forge.engine.fault("POST", "/start$", "kill", when="before")
        try:
            forge.webhookd.call("Cancel", "t", number)
        except BusError:
            pass
        wait_for("the deployer's death", lambda: [d for d in forge.engine.control("state")["deaths"] if d["left"] is not None])
        assert running(forge) == []
        state, reason = forge.wait_final(number)
        assert state == "cancelled", (state, reason)
        assert running(forge) == forge.engine.names() == [f"shop-dev-{old}"]


def test_deploy_that_has_switched_is_not_cancelled():
    with Forge() as forge:
        forge.engine.push(REPO, "v1")
        forge.engine.push(REPO, "v2")
        forge.deploy(f"{REPO}:v1")
        forge.engine.fault("POST", "/stop$", "hang-then-serve")
        number = forge.deliver(f"{REPO}:v2")
        wait_for("the switch", lambda: f"shop-dev-{number}" in forge.engine.names())
        wait_for("the old one is to be stopped", lambda: [r for r in forge.engine.requests() if "/stop" in r])
        name, _ = forge.error_of(lambda: forge.webhookd.call("Cancel", "t", number))
        assert name == "AlreadyFinished", name
        forge.engine.control("release")
        assert forge.wait_final(number)[0] == "succeeded", forge.row(number)
        assert running(forge) == [f"shop-dev-{number}"]


if __name__ == "__main__":
    tap.main()
