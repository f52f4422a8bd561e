#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
One image, several projects: a push goes to each, and those of one delivery come up in their order. Both daemons, the real programs, with
an engine that only pretends, or with a deployer that has nothing to do.

usage: test_several.py [TEST], with WEBHOOKD=, DEPLOYERD=, TINYFORGECTL= and FAKE_PEERS= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
import deployer_host  # noqa: E402
from quick_deployer import QuickDeployer  # noqa: E402
from shop import Shop, options  # noqa: E402
from test_outcome import LONG, Asked, wait_until_waiting  # noqa: E402
from test_whole import FINAL, REPO, running  # noqa: E402
from waiting import wait_for  # noqa: E402
from webhook_host import Host  # noqa: E402

# How a health check that is never through ends these tests, should one of them hang.
PATIENT = "HealthDeadlineSec=60\n"


class Pair(Shop):
    """Projects "web" and "worker" of one image, each with a stage "prod" for v*; the worker comes after web."""

    def __init__(self, after="web", config=PATIENT):
        super().__init__(config=config)
        self.ask("RemoveProject", "s", "shop")
        self.create("web", REPO)
        self.create("worker", REPO, After=after)
        for project in ("web", "worker"):
            self.set_stage("prod", project=project, TagPattern="v*")

    def deliver_all(self, tag, headers=()):
        """{project: number} of what a push became."""
        answer = self.webhookd.post(f"{REPO}:{tag}", headers=headers)
        assert answer.status in (200, 202), answer.body
        return {deploy["project"]: deploy["id"] for deploy in answer.json()["deploys"]}

    def wait_begun_in(self, project, number, stage="prod"):
        wait_for("the new container is there", lambda: f"{project}-{stage}-{number}.pending" in self.engine.names())

    def hold(self, tag):
        """An image whose containers get well in heal() alone."""
        self.engine.push(REPO, tag, healthcheck=True, health="starting")

    def heal(self, number):
        """The containers of that deploy get well, until it is through; returns its state."""
        def healed():
            for name in self.engine.names():
                if name.endswith(f"-{number}.pending"):
                    try:
                        self.engine.control("health", {"name": name, "health": "healthy"})
                    except AssertionError:
                        # It has its final name by now.
                        pass
            return self.row(number)[0] in FINAL
        wait_for(f"deploy {number} is through", healed, 60)
        return self.row(number)[0]

    def refuse(self, project, refused=True):
        """Whether root lets that project have its image; what was begun is not asked."""
        path = os.path.join(self.directory, "projects.d", f"{project}.json")
        os.makedirs(os.path.dirname(path), mode=0o750, exist_ok=True)
        if refused:
            os.chmod(self.write(f"projects.d/{project}.json", json.dumps({"image": "a.example/other"})), 0o640)
        else:
            os.unlink(path)

    def expect_waiting(self, number, *others):
        """That it waits for these, each "12 (web/prod)"."""
        assert self.row(number) == ("queued", "waits for " + ", ".join(f"deploy {other}" for other in others)), self.row(number)


def test_push_goes_to_each_project_that_has_the_image_by_its_own_stages():
    with Pair(after="") as shop:
        shop.create("cron", REPO)
        shop.set_stage("nightly", project="cron", TagPattern="nightly-*")
        shop.set_stage("canary", project="worker", TagPattern="v2*", AutoDeploy=False)
        shop.engine.push(REPO, "v1")
        shop.engine.push(REPO, "v2")
        answer = shop.webhookd.post(f"{REPO}:v1")
        found = answer.json()
        assert answer.status == 202 and [(d["project"], d["stage"], d["state"]) for d in found["deploys"]] == [
            ("web", "prod", "queued"), ("worker", "prod", "queued")], found
        assert found["ignored"] == [{"image": f"{REPO}:v1", "reason": "no-stage-matches", "project": "cron"}], found
        numbers = {d["project"]: d["id"] for d in found["deploys"]}
        for number in numbers.values():
            assert shop.wait_final(number)[0] == "succeeded", shop.row(number)
        assert running(shop) == sorted(f"{project}-prod-{number}" for project, number in numbers.items())

        # Each follows its own rules: this one is kept by the one and deployed by the other.
        found = shop.webhookd.post(f"{REPO}:v2").json()
        assert [d["project"] for d in found["deploys"]] == ["web"], found
        assert [(i["project"], i["reason"]) for i in found["ignored"]] == [("cron", "no-stage-matches"), ("worker", "auto-deploy-off")]
        assert shop.stages("worker")["canary"]["Available"] == f"{REPO}:v2"

        # Nobody follows: nothing is made, and each says why.
        found = shop.webhookd.post(f"{REPO}:other").json()
        assert found["deploys"] == [] and len(found["ignored"]) == 3, found
        assert [row[0] for row in shop.ask("ListProjects")[0]] == ["cron", "web", "worker"]


def test_image_is_matched_with_all_of_its_projects_and_the_first_of_them():
    with Pair() as shop:
        shop.create("cron", REPO)
        assert shop.ask("MatchImages", "s", f"{REPO}:v1") == [
            [["cron", "", False, ""], ["web", "prod", True, ""], ["worker", "prod", True, "web"]]]
        assert shop.ask("MatchImage", "s", f"{REPO}:v1") == ["web", "prod", True]
        assert shop.refusal("MatchImages", "s", f"{REPO}:main")[0] == "NoSuchStage"
        assert shop.refusal("MatchImages", "s", f"{REPO}2:v1")[0] == "NoSuchProject"
        page = shop.ask("DescribeProjectsPage", "sua{sv}", "cron", 0, *options(Image=REPO))[0]
        assert [(p["Name"]["data"], p["After"]["data"]) for p in page] == [("web", ""), ("worker", "web")], page
        page = shop.ask("DescribeProjectsPage", "sua{sv}", "", 1, *options(Image=REPO))[0]
        assert [p["Name"]["data"] for p in page] == ["cron"], page

        lines = shop.ctl("match", f"{REPO}:v1").stdout.splitlines()
        assert lines == ["cron: no stage takes the tag 'v1'", "web/prod", "  prod: pattern 'v*' takes 'v1'", "worker/prod, after web",
                         "  prod: pattern 'v*' takes 'v1'"], lines
        found = json.loads(shop.ctl("--json", "match", f"{REPO}:v1").stdout)
        assert (found["project"], found["stage"], found["auto_deploy"], len(found["stages"])) == ("web", "prod", True, 1), found
        assert [(m["project"], m["stage"], m["after"]) for m in found["matches"]] == [
            ("cron", None, None), ("web", "prod", None), ("worker", "prod", "web")], found
        nowhere = shop.ctl("match", f"{REPO}:main", status=4)
        assert all(f"No stage of project '{name}'" in nowhere.stderr for name in ("cron", "web", "worker")), nowhere


def test_worker_waits_until_web_is_up():
    with Pair() as shop:
        shop.hold("v1")
        numbers = shop.deliver_all("v1")
        shop.wait_begun_in("web", numbers["web"])
        shop.expect_waiting(numbers["worker"], f"{numbers['web']} (web/prod)")
        said = f"waits for deploy {numbers['web']} (web/prod)"
        assert said in shop.ctl("deploys").stdout and said in shop.ctl("describe", str(numbers["worker"])).stdout
        answer = json.loads(shop.webhookd.request("GET", f"{shop.webhookd.path()}/deploys/{numbers['worker']}").body)
        assert (answer["deploy"]["state"], answer["deploy"]["reason"]) == ("queued", said), answer
        assert running(shop) == [f"web-prod-{numbers['web']}.pending"]
        assert shop.heal(numbers["web"]) == "succeeded"
        shop.wait_begun_in("worker", numbers["worker"])
        assert shop.heal(numbers["worker"]) == "succeeded" and "waits" not in shop.row(numbers["worker"])[1]

        # What is unchanged has come up as well.
        numbers = shop.deliver_all("v1")
        assert shop.wait_final(numbers["web"])[0] == shop.wait_final(numbers["worker"])[0] == "unchanged"


def test_worker_is_put_aside_where_web_fails_and_says_why():
    with Pair() as shop:
        shop.create("cron", REPO, After="worker")
        shop.set_stage("prod", project="cron", TagPattern="v*")
        shop.engine.push(REPO, "v1")
        shop.refuse("web")
        answer = shop.webhookd.request("POST", shop.webhookd.path() + f"?wait={LONG}", json.dumps({"image": f"{REPO}:v1"}).encode(),
                                       ["Idempotency-Key: 81"])
        found = answer.json()
        rows = {d["project"]: d for d in found["deploys"]}
        assert answer.status == 424 and found["error"] == "deploy-failed", found
        assert rows["web"]["state"] == "failed" and rows["web"]["reason"].startswith("NotPermitted"), found
        assert rows["worker"]["state"] == rows["cron"]["state"] == "cancelled", found
        assert rows["worker"]["reason"] == f"DependencyFailed: deploy {rows['web']['id']} (web/prod) failed: {rows['web']['reason']}"
        assert rows["cron"]["reason"].startswith(f"DependencyFailed: deploy {rows['worker']['id']} (worker/prod) cancelled: Dep"), found
        assert rows["worker"]["started_at"] is None and not running(shop), found
        described = shop.ctl("describe", str(rows["worker"]["id"])).stdout
        assert "DependencyFailed" in described and "tinyforgectl describe DEPLOY" in described, described
        assert f"Deploy {rows['worker']['id']} cancelled: DependencyFailed" in shop.webhookd.log()

        # The same delivery once more, now that it is mended: what was put aside is queued again.
        shop.refuse("web", refused=False)
        again = shop.deliver_all("v1", headers=["Idempotency-Key: 81"])
        assert all(again[project] > rows[project]["id"] for project in rows), (again, rows)
        for number in again.values():
            assert shop.wait_final(number)[0] == "succeeded", shop.row(number)
        assert shop.deliver_all("v1", headers=["Idempotency-Key: 81"]) == again


def test_redelivery_of_what_was_put_aside_alone_goes_on_at_once():
    with Pair() as shop:
        shop.engine.push(REPO, "v1")
        first = shop.deliver_all("v1", headers=["Idempotency-Key: 81"])
        assert shop.wait_final(first["worker"])[0] == "succeeded"
        shop.engine.push(REPO, "v1", word="moved")
        shop.refuse("worker")
        second = shop.deliver_all("v1", headers=["Idempotency-Key: 82"])
        assert (shop.wait_final(second["web"])[0], shop.wait_final(second["worker"])[0]) == ("succeeded", "failed")
        shop.refuse("worker", refused=False)
        third = shop.deliver_all("v1", headers=["Idempotency-Key: 82"])
        assert third["web"] == second["web"] and third["worker"] > second["worker"], (second, third)
        assert shop.wait_final(third["worker"])[0] == "succeeded", shop.row(third["worker"])


def test_order_outlives_both_daemons():
    with Pair() as shop:
        shop.hold("v1")
        numbers = shop.deliver_all("v1")
        shop.wait_begun_in("web", numbers["web"])
        shop.webhookd.stop(signal.SIGKILL)
        shop.signal(signal.SIGKILL)
        shop.webhookd.start()
        shop.expect_waiting(numbers["worker"], f"{numbers['web']} (web/prod)")
        assert shop.heal(numbers["web"]) == shop.heal(numbers["worker"]) == "succeeded"

        # One that ended in a process that died over it.
        numbers = shop.deliver_all("v1")
        assert shop.wait_final(numbers["worker"])[0] == "unchanged"
        shop.webhookd.stop()
        with sqlite3.connect(os.path.join(shop.webhookd.state, "tinyforge.db")) as db:
            db.execute("UPDATE deploys SET state = 'failed' WHERE id = ?", [numbers["web"]])
            db.execute("UPDATE deploys SET state = 'queued', finished_at = 0, started_at = 0 WHERE id = ?", [numbers["worker"]])
            db.execute("INSERT INTO awaited(deploy_id, after_id, stage_id, after_stage_id, ended) "
                       "SELECT k.id, a.id, k.stage_id, a.stage_id, 1 FROM deploys k, deploys a WHERE k.id = ? AND a.id = ?",
                       [numbers["worker"], numbers["web"]])
        db.close()
        shop.webhookd.start()
        assert shop.wait_final(numbers["worker"])[0] == "cancelled", shop.row(numbers["worker"])


def test_newer_push_to_both_takes_both_along():
    with Pair() as shop:
        shop.hold("v1")
        shop.engine.push(REPO, "v2")
        shop.engine.push(REPO, "v3")
        first = shop.deliver_all("v1")
        shop.wait_begun_in("web", first["web"])
        second, third = shop.deliver_all("v2"), shop.deliver_all("v3")
        assert shop.row(second["web"])[0] == shop.row(second["worker"])[0] == shop.row(first["worker"])[0] == "superseded"
        shop.expect_waiting(third["worker"], f"{third['web']} (web/prod)")
        shop.ask("Cancel", "t", first["web"])
        assert shop.wait_final(third["web"])[0] == shop.wait_final(third["worker"])[0] == "succeeded"
        assert running(shop) == [f"web-prod-{third['web']}", f"worker-prod-{third['worker']}"]


def test_newer_push_to_web_alone_is_what_the_worker_waits_for():
    with Pair() as shop:
        shop.set_stage("prod", project="worker", TagPattern="v[12]")
        shop.hold("v1")
        shop.engine.push(REPO, "v2")
        shop.engine.push(REPO, "v3")
        first = shop.deliver_all("v1")
        shop.wait_begun_in("web", first["web"])
        second, third = shop.deliver_all("v2"), shop.deliver_all("v3")
        assert list(third) == ["web"] and shop.row(second["web"])[0] == "superseded", third
        wait_for("it waits for the newer", lambda: f"deploy {third['web']} " in shop.row(second["worker"])[1])
        shop.ask("Cancel", "t", first["web"])
        assert shop.wait_final(third["web"])[0] == shop.wait_final(second["worker"])[0] == "succeeded"


def test_deploy_that_is_cancelled_takes_along_who_waits_for_it():
    with Pair() as shop:
        shop.hold("v1")
        numbers = shop.deliver_all("v1")
        shop.wait_begun_in("web", numbers["web"])
        asked = Asked(shop.webhookd, "GET", f"{shop.webhookd.path()}/deploys/{numbers['worker']}?wait={LONG}")
        wait_until_waiting(shop.webhookd, 1)
        shop.ask("Cancel", "t", numbers["web"])
        answer = asked.answer()
        assert answer.status == 424 and b"DependencyFailed" in answer.body, answer.body
        assert shop.wait_final(numbers["worker"])[0] == "cancelled" and not shop.engine.names()


def test_whoever_deploys_by_hand_does_not_wait():
    with Pair() as shop:
        shop.hold("v1")
        numbers = shop.deliver_all("v1")
        shop.wait_begun_in("web", numbers["web"])
        number = shop.ask("Deploy", "sss", "worker", "prod", "v1")[0]
        assert number == numbers["worker"], (number, numbers)
        shop.wait_begun_in("worker", number)
        assert shop.row(numbers["web"])[0] == "running"
        for each in numbers.values():
            shop.ask("Cancel", "t", each)


def test_delivery_that_does_not_reach_web_makes_nobody_wait():
    with Pair() as shop:
        shop.set_stage("prod", project="web", AutoDeploy=False)
        shop.engine.push(REPO, "v1")
        numbers = shop.deliver_all("v1")
        assert list(numbers) == ["worker"] and shop.wait_final(numbers["worker"])[0] == "succeeded"


def test_worker_waits_for_all_that_its_delivery_brings_to_web():
    """The images of one body, in whatever order: all of web's come first, whichever stages they are of."""
    with Pair() as shop:
        shop.set_stage("dev", project="web", TagPattern="main")
        shop.hold("main")
        shop.hold("v1")
        body = json.dumps([{"image": f"{REPO}:v1"}, {"image": f"{REPO}:main"}]).encode()
        answer = shop.webhookd.request("POST", shop.webhookd.path(), body, ["Content-Type: application/json"])
        numbers = {f"{d['project']}/{d['stage']}": d["id"] for d in answer.json()["deploys"]}
        shop.expect_waiting(numbers["worker/prod"], f"{numbers['web/prod']} (web/prod)", f"{numbers['web/dev']} (web/dev)")
        shop.wait_begun_in("web", numbers["web/prod"])
        assert shop.heal(numbers["web/prod"]) == "succeeded"
        wait_for("it waits for the other", lambda: shop.row(numbers["worker/prod"]) == (
            "queued", f"waits for deploy {numbers['web/dev']} (web/dev)"))
        shop.wait_begun_in("web", numbers["web/dev"], stage="dev")
        assert shop.heal(numbers["web/dev"]) == shop.heal(numbers["worker/prod"]) == "succeeded"


def test_order_of_projects_is_set_shown_and_has_no_circles():
    with Pair() as shop:
        shop.create("cron", "a.example/cron")
        shop.ctl("project", "set", "cron", "--after=worker")
        name, text = shop.refusal("SetProject", "sa{sv}", "web", *options(After="cron"))
        assert (name, text) == ("InvalidOption",
                                "After: web, which comes after cron, which comes after worker, which comes after web"), text
        refused = shop.ctl("project", "set", "web", "--after=cron", status=1)
        assert "which comes after worker" in refused.stderr, refused
        assert "After: web" in shop.ctl("project", "show", "worker").stdout
        assert json.loads(shop.ctl("--json", "projects", "worker").stdout)[0]["after"] == "web"
        assert json.loads(shop.ctl("--json", "projects", "web").stdout)[0]["after"] is None

        # What is removed, nobody comes after; and so it is where somebody says so.
        shop.ask("RemoveProject", "s", "worker")
        found = {p["Name"]["data"]: p["After"]["data"] for p in shop.ask("DescribeProjects")[0]}
        assert found == {"cron": "", "web": ""}, found
        shop.ctl("project", "create", "worker", REPO, "--after=web")
        shop.ctl("project", "set", "worker", "--after=")
        assert "After:" not in shop.ctl("project", "show", "worker").stdout
        # One behind the other, up to a limit.
        for i in range(32):
            shop.create(f"c{i}", "a.example/c")
        results = [shop.refusal("SetProject", "sa{sv}", f"c{i}", *options(After=f"c{i - 1}")) if i == 31
                   else shop.set_project(f"c{i}", After=f"c{i - 1}") for i in range(1, 32)]
        assert results[-1][0] == "TooMany", results[-1]


def test_change_of_the_order_holds_for_what_waits():
    with Pair() as shop:
        shop.hold("v1")
        numbers = shop.deliver_all("v1")
        shop.wait_begun_in("web", numbers["web"])
        shop.expect_waiting(numbers["worker"], f"{numbers['web']} (web/prod)")
        shop.set_project("worker", Port=8080)
        shop.expect_waiting(numbers["worker"], f"{numbers['web']} (web/prod)")
        shop.set_project("worker", After="")
        shop.wait_begun_in("worker", numbers["worker"])
        for number in numbers.values():
            shop.ask("Cancel", "t", number)


def kept(shop, number):
    """The tags that keep the image of a deploy."""
    return [tag for tag in shop.engine.control("state")["tags"] if f":tinyforge.prod.{number}." in tag]


def test_images_that_one_project_gives_up_stay_for_the_other():
    """Their stages are of one name, and their images of one repository."""
    with Pair(config=PATIENT + "Retain=0\n") as shop:
        for tag in ("v1", "v2", "v3"):
            shop.engine.push(REPO, tag)
        numbers = shop.deliver_all("v1")
        assert shop.wait_final(numbers["worker"])[0] == "succeeded"
        for tag in ("v2", "v3"):
            number = shop.ask("Deploy", "sss", "web", "prod", tag)[0]
            assert shop.wait_final(number)[0] == "succeeded", shop.row(number)
        assert not kept(shop, numbers["web"]) and kept(shop, numbers["worker"]) and kept(shop, number)
        shop.ctl("stage", "remove", "--stop", "web", "prod")
        assert not kept(shop, number) and kept(shop, numbers["worker"])
        assert running(shop) == [f"worker-prod-{numbers['worker']}"]


def test_trial_shows_all_that_a_body_would_do():
    with Pair() as shop:
        status, answer, _, _, pushes = shop.ask("TestPayload", "sa(ss)ay", "", 1, "content-type", "application/json",
                                                *bytes_of(json.dumps({"image": f"{REPO}:v1"})))
        assert status == 202 and len(json.loads(answer)["deploys"]) == 2, answer
        assert [(p[1], p[2], p[3]) for p in pushes] == [("web", "prod", "queued"), ("worker", "prod", "queued")], pushes
        assert shop.ask("ListDeploys", "ssu", "", "", 0) == [[]]


def bytes_of(text):
    return [len(text), *text.encode()]


def test_bare_call_and_the_images_of_a_hook_are_for_all_projects_of_an_image():
    with Pair() as shop:
        path = shop.ctl("hook", "create", "ci", f"--image={REPO}", "--bare", "--json")
        path = json.loads(path.stdout)["path"]
        shop.engine.push(REPO, "v1")
        answer = shop.webhookd.request("POST", path + "?tag=v1", b"")
        numbers = {d["project"]: d["id"] for d in answer.json()["deploys"]}
        assert answer.status == 202 and list(numbers) == ["web", "worker"], answer.body
        assert shop.wait_final(numbers["worker"])[0] == "succeeded"
        # The tag that was pushed last, whose project ever that was.
        answer = shop.webhookd.request("POST", path, b"")
        assert answer.status == 202 and {d["image"] for d in answer.json()["deploys"]} == {f"{REPO}:v1"}, answer.body
        assert shop.webhookd.request("POST", path + "?tag=v1", b"").status == 202


def crowd(n, webhookd, image=REPO):
    """That many projects of an image; all but the first come after that one."""
    for i in range(n):
        after = options(After="p000") if i > 0 else [0]
        webhookd.call("CreateProject", "ssa{sv}", f"p{i:03}", image, *after)
        webhookd.call("SetStage", "ssa{sv}", f"p{i:03}", "prod", *options(TagPattern="v*"))


def test_hundred_projects_of_an_image_take_one_push():
    host = Host()
    with host as webhookd:
        crowd(100, webhookd)
        answer = webhookd.post(f"{REPO}:v1")
        deploys = answer.json()["deploys"]
        assert answer.status == 202 and [d["project"] for d in deploys] == [f"p{i:03}" for i in range(100)]
        first = deploys[0]["id"]
        rows = {row[0]: row for row in webhookd.call("ListDeploys", "ssu", "", "", 0)[0]}
        assert all(rows[d["id"]][5] == f"waits for deploy {first} (p000/prod)" for d in deploys[1:]), rows
        # With a deployer there, the first alone is handed out, and then all others.
        with QuickDeployer(host.bus) as deployer:
            asked = Asked(webhookd, "POST", f"{webhookd.path()}?wait={LONG}", json.dumps({"image": f"{REPO}:v2"}).encode(),
                          headers=["Content-Type: application/json"])
            found = [deployer.next() for _ in range(100)]
            answer = asked.answer()
            numbers = [d["id"] for d in answer.json()["deploys"]]
            assert answer.status == 200 and {d["state"] for d in answer.json()["deploys"]} == {"succeeded"}, answer.body
        assert found == numbers and len(numbers) == 100, (found, numbers)


def test_projects_of_an_image_and_of_a_delivery_have_limits():
    host = Host()
    with host as webhookd:
        crowd(128, webhookd)
        for call in (("CreateProject", "ssa{sv}", "one-more", REPO, 0), ("SetProject", "sa{sv}", "other", *options(Image=REPO))):
            if call[0] == "SetProject":
                webhookd.call("CreateProject", "ssa{sv}", "other", "a.example/other", 0)
            name, text = deployer_host.Host.error_of(lambda call=call: webhookd.call(*call))
            assert name == "TooMany" and "128 projects" in text, (name, text)
        webhookd.call("SetProject", "sa{sv}", "p127", *options(Image=REPO, Port=80))
        # Two images of 128 projects are all that a delivery can bring; the third is left out, and said to be.
        body = json.dumps([{"image": f"{REPO}:v{i}"} for i in range(3)]).encode()
        answer = webhookd.request("POST", webhookd.path(), body, ["Content-Type: application/json"])
        found = answer.json()
        assert answer.status == 202 and len(found["deploys"]) == 256, answer.body
        assert found["ignored"] == [{"image": f"{REPO}:v2", "reason": "too-many-projects"}], found["ignored"]


if __name__ == "__main__":
    tap.main()
