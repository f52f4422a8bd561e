#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Projects and stages as an administrator makes, sets and removes them: both daemons and tinyforgectl, the real programs, on a
private bus with an engine that only pretends.

usage: test_projects.py [TEST], with WEBHOOKD=, DEPLOYERD= and TINYFORGECTL= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import Call  # noqa: E402
from private_bus import BusError  # noqa: E402
from shop import Shop, options  # noqa: E402
from test_whole import REPO, Forge, running  # noqa: E402
from waiting import wait_for  # noqa: E402

OTHER_STORE = "0b9f4c1e-2f5d-4d68-8a51-6b1f0f3a7c22"


# Methods

def test_project_is_created_set_and_listed():
    with Shop() as shop:
        shop.create("tool", "Registry.Example:5000/acme/tool", Port=8080, Healthcheck="http:/healthz")
        rows = {row[0]: row for row in shop.ask("ListProjects")[0]}
        assert rows["tool"][1:5] == ["Registry.Example:5000/acme/tool", "http:/healthz", 8080, False], rows
        assert rows["shop"][1:5] == [REPO, "", 0, False], rows
        assert shop.stages() == {}
        shop.set_project("tool", Port=0, Healthcheck="tcp", Image="nginx")
        rows = {row[0]: row for row in shop.ask("ListProjects")[0]}
        assert rows["tool"][1:4] == ["docker.io/library/nginx", "tcp", 0], rows
        assert shop.bus.get_property("org.tinyforge.Webhook1", "/org/tinyforge/Webhook1", "org.tinyforge.Webhook1.Manager",
                                     "NProjects") == 2
        assert shop.push(":v1") == "no-stage-matches"


def test_stage_is_made_set_and_described():
    with Shop() as shop:
        shop.set_stage("prod", TagPattern="v*")
        assert shop.stages()["prod"] == {
            "Name": "prod", "TagPattern": "v*", "Policy": "glob", "AutoDeploy": True, "MaxInstances": 1,
            "AllowDowngrade": False, "Available": "", "ShadowedBy": ""}
        shop.set_stage("prod", TagPattern="^1.4", Policy="semver", AutoDeploy=False, MaxInstances=3, AllowDowngrade=True)
        shop.set_stage("prod", MaxInstances=2)
        assert shop.stages()["prod"] == {
            "Name": "prod", "TagPattern": "^1.4", "Policy": "semver", "AutoDeploy": False, "MaxInstances": 2,
            "AllowDowngrade": True, "Available": "", "ShadowedBy": ""}
        assert shop.push(":1.5.0") == "auto-deploy-off"
        assert shop.stages()["prod"]["Available"] == f"{REPO}:1.5.0"
        shop.set_project("shop", Image=f"{REPO}2")
        assert shop.stages()["prod"]["Available"] == ""


def test_every_mistake_has_its_name_and_says_what_and_where():
    create, set_project, set_stage = ("CreateProject", "ssa{sv}"), ("SetProject", "sa{sv}"), ("SetStage", "ssa{sv}")
    cases = [
        ("InvalidName", "name", *create, "Shop", "a.example/b", 0),
        ("ProjectExists", REPO, *create, "shop", "a.example/b", 0),
        ("InvalidImage", "Image:", *create, "b", "a.example/B", 0),
        ("InvalidImage", "tags", *create, "b", "a.example/b:v1", 0),
        ("NoSuchProject", "After: there is no project 'nobody'", *create, "b", REPO, *options(After="nobody")),
        ("NoSuchProject", "After: there is no project 'b'", *create, "b", REPO, *options(After="b")),
        ("InvalidOption", "Healthcheck:", *create, "b", "a.example/b", *options(Healthcheck="http:x")),
        ("InvalidOption", "Image: there is no", *create, "b", "a.example/b", *options(Image="a.example/c")),
        ("InvalidOption", "Port: has the type 'q'", *create, "b", "a.example/b", 1, "Port", "u", 8080),
        ("NoSuchProject", "'nobody'", *set_project, "nobody", 0),
        ("NoSuchProject", "After: there is no project 'nobody'", *set_project, "other", *options(After="nobody")),
        ("InvalidOption", "After: other, which comes after other", *set_project, "other", *options(After="other")),
        ("InvalidImage", "Image:", *set_project, "other", *options(Image="")),
        ("InvalidOption", "Color: there is no", *set_project, "other", 1, "Color", "s", "red"),
        ("NoSuchProject", "'nobody'", *set_stage, "nobody", "dev", 0),
        ("InvalidName", "stage", *set_stage, "shop", "Dev", *options(TagPattern="*")),
        ("InvalidPattern", "TagPattern: a new stage", *set_stage, "shop", "prod", 0),
        ("InvalidPattern", "TagPattern: no glob pattern, at byte 2", *set_stage, "shop", "prod", *options(TagPattern="v[")),
        ("InvalidPattern", "TagPattern: is empty", *set_stage, "shop", "prod", *options(TagPattern="")),
        ("InvalidPattern", "semver pattern, at byte 5", *set_stage, "shop", "prod",
         *options(TagPattern="^1.4 | 2", Policy="semver")),
        ("InvalidPattern", "regex pattern, Unmatched", *set_stage, "shop", "prod", *options(TagPattern="v(", Policy="regex")),
        ("InvalidPattern", "digest pattern, at byte 1", *set_stage, "shop", "prod", *options(TagPattern="v*", Policy="digest")),
        # The pattern stays and is read otherwise.
        ("InvalidPattern", "semver pattern, at byte 0", *set_stage, "shop", "dev", *options(Policy="semver")),
        ("InvalidOption", "Policy: is glob, semver", *set_stage, "shop", "dev", *options(Policy="newest")),
        ("InvalidOption", "MaxInstances: is 1 to 16", *set_stage, "shop", "dev", *options(MaxInstances=17)),
        ("InvalidOption", "MaxInstances: is 1 to 16", *set_stage, "shop", "dev", *options(MaxInstances=0)),
        ("NoSuchProject", "'nobody'", "DescribeStages", "s", "nobody"),
        ("NoSuchProject", "'nobody'", "RemoveProject", "s", "nobody"),
        ("NoSuchStage", "'shop'", "RemoveStage", "ss", "shop", "prod"),
        ("InvalidName", "stage", "RemoveStage", "ss", "shop", ""),
        ("NoSuchStage", "'shop'", "Promote", "sss", "shop", "dev", "prod"),
        ("NoSuchStage", "'shop'", "Promote", "sss", "shop", "prod", "dev"),
        ("InvalidName", "to itself", "Promote", "sss", "shop", "dev", "dev"),
        ("NothingRuns", "'dev'", "Promote", "sss", "shop", "dev", "staging"),
    ]
    with Shop() as shop:
        shop.create("other", "a.example/other")
        shop.set_stage("dev", TagPattern="main-*")
        shop.set_stage("staging", TagPattern="none")
        before = (shop.ask("ListProjects"), shop.stages())
        for name, text, *call in cases:
            found = shop.refusal(*call)
            assert found[0] == name and text in found[1], (call, found)
        assert (shop.ask("ListProjects"), shop.stages()) == before


def test_stages_of_a_project_are_limited():
    with Shop() as shop:
        for number in range(32):
            shop.set_stage(f"s{number}", TagPattern=f"t{number}")
        assert shop.refusal("SetStage", "ssa{sv}", "shop", "s32", *options(TagPattern="x"))[0] == "TooMany"
        shop.set_stage("s31", TagPattern="y")


def fill(shop, names):
    """Projects by the thousand, written while the daemon is down."""
    shop.webhookd.stop()
    with sqlite3.connect(os.path.join(shop.webhookd.state, "tinyforge.db")) as db:
        db.executemany("INSERT INTO projects(name, image, port, healthcheck, created_at, auto_created) VALUES(?, ?, 0, '', 1, 1)",
                       ((name, f"a.example/{name}") for name in names))
    db.close()
    shop.webhookd.start()


def test_projects_and_stages_are_listed_in_pages():
    with Shop() as shop:
        for number in (5, 1, 4, 2, 3):
            shop.create(f"p{number}", f"a.example/p{number}", Port=8000 + number)
            shop.set_stage(f"s{number}", TagPattern=f"t{number}")
        whole, stages = shop.ask("ListProjects")[0], shop.ask("ListStages", "s", "shop")[0]
        assert [row[0] for row in whole] == ["p1", "p2", "p3", "p4", "p5", "shop"]
        described = shop.ask("DescribeProjects")[0]
        for limit in range(1, 8):
            for start in range(len(whole) + 1):
                after = whole[start - 1][0] if start else ""
                assert shop.ask("ListProjectsPage", "su", after, limit)[0] == whole[start:start + limit]
                assert shop.ask("DescribeProjectsPage", "sua{sv}", after, limit, 0)[0] == described[start:start + limit]
            for start in range(len(stages) + 1):
                after = stages[start - 1][0] if start else ""
                assert shop.ask("ListStagesPage", "ssu", "shop", after, limit)[0] == stages[start:start + limit]
        assert shop.ask("ListProjectsPage", "su", "", 0)[0] == whole and shop.ask("ListStagesPage", "ssu", "shop", "", 0)[0] == stages
        assert shop.refusal("ListStagesPage", "ssu", "nobody", "", 0)[0] == "NoSuchProject"


def test_page_has_what_its_options_say():
    with Shop() as shop:
        for name in ("tool", "tools", "to"):
            shop.create(name, f"a.example/{name}")

        def page(after, limit, *words):
            return [row["Name"]["data"] for row in shop.ask("DescribeProjectsPage", "sua{sv}", after, limit, *words)[0]]
        assert page("", 0, 1, "Prefix", "s", "tool") == ["tool", "tools"]
        assert page("tool", 0, 1, "Prefix", "s", "tool") == ["tools"] and page("", 1, 1, "Prefix", "s", "to") == ["to"]
        assert page("", 0, 1, "Prefix", "s", "x") == page("", 0, 1, "Image", "s", "a.example/none") == []
        assert page("", 0, 1, "Image", "s", "a.example/tools") == page("t", 1, 2, "Image", "s", "a.example/tools", "Prefix", "s", "tool") == ["tools"]
        assert page("tools", 0, 1, "Image", "s", "a.example/tools") == page("", 0, 2, "Image", "s", "a.example/tools", "Prefix", "s", "x") == []
        for name, words in (("InvalidImage", ("Image", "s", "???")), ("InvalidOption", ("Image", "u", 1)), ("InvalidOption", ("Stage", "s", "x"))):
            assert shop.refusal("DescribeProjectsPage", "sua{sv}", "", 0, 1, *words)[0] == name, words


def test_ten_thousand_projects_and_more_are_listed_in_pages_alone():
    names = [f"p{number:05}" for number in range(9999)]
    with Shop() as shop:
        fill(shop, names)
        assert len(shop.ask("ListProjects")[0]) == len(shop.ask("DescribeProjects")[0]) == 10000
        shop.create("one-more", "a.example/one-more")
        everything = ["one-more", *names, "shop"]
        for method in ("ListProjects", "DescribeProjects"):
            name, text = shop.refusal(method)
            assert name == "AnswerTooLarge" and "10001 projects" in text and "ListProjectsPage()" in text, (name, text)
        assert shop.bus.get_property("org.tinyforge.Webhook1", "/org/tinyforge/Webhook1", "org.tinyforge.Webhook1.Manager",
                                     "NProjects") == 10001
        page = shop.ask("ListProjectsPage", "su", "", 100000)[0]
        assert [row[0] for row in page] == everything[:1000], "a page has a thousand at most"
        listed = json.loads(shop.ctl("--json", "projects").stdout)
        assert [row["name"] for row in listed] == everything
        assert [row["name"] for row in json.loads(shop.ctl("--json", "projects", "p0123").stdout)] == names[1230:1240]
        assert [row["name"] for row in json.loads(shop.ctl("--json", "-n", "3", "projects", "p").stdout)] == names[:3]
        assert json.loads(shop.ctl("--json", "project", "show", "p09998").stdout)["image"] == "a.example/p09998"
        assert "'p09998'" in shop.ctl("match", "a.example/p09998:v1", status=4).stderr
        assert shop.push(":v1") == "no-stage-matches"


def test_stages_of_all_projects_are_listed_past_the_first_page():
    with Shop() as shop:
        fill(shop, [f"p{number:04}" for number in range(1200)])
        for project in ("p0000", "p0999", "p1199", "shop"):
            shop.set_stage("dev", project, TagPattern="*")
        listed = json.loads(shop.ctl("--json", "stages").stdout)
        assert [row["project"] for row in listed] == ["p0000", "p0999", "p1199", "shop"], listed


def test_more_metrics_than_one_answer_has_are_refused():
    with Shop() as shop:
        fill(shop, [f"p{number:05}" for number in range(20000)])
        shop.webhookd.stop()
        with sqlite3.connect(os.path.join(shop.webhookd.state, "tinyforge.db")) as db:
            db.execute("INSERT INTO stages(project_id, name, tag_pattern, auto_deploy, max_instances) SELECT id, 'dev', '*', 1, 1 FROM projects")
            db.execute("INSERT INTO deploy_counters SELECT id, 'succeeded', 1, 1, 1, 1 FROM stages")
        db.close()
        shop.webhookd.start()
        name, text = shop.refusal("GetMetrics")
        assert name == "AnswerTooLarge" and "250000" in text, (name, text)
        assert shop.push(":v1") == 1, "it goes on"


def test_change_is_told_by_signals_and_in_the_journal_with_who_it_was():
    with Shop() as shop:
        monitor = shop.bus.monitor("type='signal',interface='org.tinyforge.Webhook1.Manager'")
        shop.create("tool", "a.example/tool")
        shop.set_stage("dev", "tool", TagPattern="*")
        shop.set_project("tool", Port=80)
        shop.ask("RemoveStage", "ss", "tool", "dev")
        shop.ask("RemoveProject", "s", "tool")
        seen = []
        for line in monitor.stdout:
            if "member=" in line and "NameLost" not in line:
                seen.append(line.rpartition("member=")[2].strip())
            if "ProjectRemoved" in line:
                break
        monitor.terminate()
        monitor.wait(20)
        monitor.stdout.close()
        assert seen == ["ProjectAdded", "StageChanged", "StageChanged", "ProjectRemoved"], seen
        for text in ("Project tool created, by uid", "Stage tool/dev set: glob '*', auto_deploy on, 1 instance,",
                     "Project tool set: port 80", "Stage tool/dev removed, by uid", "Project tool removed, by uid"):
            assert text in shop.webhookd.log(), text


def test_shadow_is_told_when_it_is_set_and_whenever_it_is_listed():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        shop.set_stage("prod", TagPattern="^1.4", Policy="semver")
        assert shop.stages()["prod"]["ShadowedBy"] == "dev"
        assert "shadowed by dev" in shop.webhookd.log()
        result = shop.ctl("stage", "set", "shop", "prod", "--policy=glob", "--pattern=v*")
        assert "No push reaches shop/prod: stage 'dev'" in result.stderr and "stage remove shop dev, with --stop" in result.stderr, result
        assert "SHADOWED-BY" in shop.ctl("stages", "shop").stdout
        # A stage that comes first takes away what the others had.
        result = shop.ctl("stage", "set", "shop", "all", "--pattern=*")
        assert "No push reaches shop/dev: stage 'all'" in result.stderr and "shop/prod: stage 'all'" in result.stderr, result
        # The documented way.
        shop.ctl("stage", "remove", "shop", "all")
        result = shop.ctl("stage", "set", "shop", "dev", "--pattern=main-*")
        assert "No push reaches" not in result.stderr, result
        assert [stage["ShadowedBy"] for stage in shop.stages().values()] == ["", ""]


# Removing

def test_what_is_queued_or_runs_is_not_forgotten():
    with Shop("HealthDeadlineSec=60\n") as shop:
        shop.set_stage("dev", TagPattern="*")
        shop.engine.push(REPO, "slow", healthcheck=True, health="starting")
        number = shop.push(":slow")
        shop.wait_begun("shop", number)
        for call in (("RemoveProject", "s", "shop"), ("RemoveStage", "ss", "shop", "dev")):
            name, text = shop.refusal(*call)
            assert name == "Busy" and f"Deploy {number} of shop/dev is running" in text, (name, text)
        name, text = shop.error_of(lambda: shop.call("RemoveStage", "ss", "shop", "dev"))
        assert name == "Busy", (name, text)
        result = shop.ctl("project", "remove", "--stop", "shop", status=1)
        assert "cancel it" in result.stderr, result
        shop.ask("Cancel", "t", number)
        wait_for("the cancelled deploy is through", lambda: shop.row(number)[0] == "cancelled")
        shop.ask("RemoveStage", "ss", "shop", "dev")
        assert shop.stages() == {} and shop.ask("ListDeploys", "ssu", "", "", 0)[0] == []


def running_instances_are_in_the_way(flavour):
    with Shop(flavour=flavour) as shop:
        shop.set_stage("dev", TagPattern="dev-*")
        shop.set_stage("prod", TagPattern="v*", MaxInstances=2)
        shop.bring("dev-1")
        shop.bring("v1")
        shop.bring("v2")
        name, text = shop.refusal("RemoveProject", "s", "shop")
        assert name == "InstancesRunning" and "3 instances of shop " in text, (name, text)
        name, text = shop.refusal("RemoveStage", "ss", "shop", "prod")
        assert name == "InstancesRunning" and "2 instances of shop/prod " in text, (name, text)
        result = shop.ctl("stage", "remove", "shop", "prod", status=1)
        assert "--stop" in result.stderr and len(running(shop)) == 3, result
        assert shop.ctl("stage", "remove", "--stop", "shop", "prod").stdout == "Stage shop/prod removed\n"
        assert len(shop.engine.names()) == 1 and list(shop.stages()) == ["dev"]
        assert not [tag for tag in shop.engine.control("state")["tags"] if ":tinyforge.prod." in tag]
        assert json.loads(shop.ctl("--json", "project", "remove", "--stop", "shop").stdout) == {"project": "shop"}
        assert shop.engine.names() == [] and shop.ask("ListProjects")[0] == []
        # The image is free again.
        shop.create("shop2", REPO)


def test_running_instances_are_in_the_way_until_they_are_stopped():
    for flavour in ("docker", "podman"):
        running_instances_are_in_the_way(flavour)


def test_pending_container_and_those_of_another_store_are_removed_with_the_stage():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        shop.bring("v1")
        # A call of its own, for another store, that is cut off before its switch.
        shop.engine.push(REPO, "v2", healthcheck=True, health="starting")
        call = Call(lambda: super(Forge, shop).deploy(77, f"{REPO}:v2", Store=("s", OTHER_STORE)))
        wait_for("the new container is there", lambda: "shop-dev-77.pending" in shop.engine.names())
        shop.signal(signal.SIGKILL)
        call.wait()
        assert len(shop.engine.names()) == 2, shop.engine.names()
        shop.call("RemoveStage", "ss", "shop", "dev")
        assert shop.engine.names() == []
        # Again there is nothing to do, and nothing is wrong.
        shop.call("RemoveStage", "ss", "shop", "")


def test_deploy_waits_while_its_stage_is_removed():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        shop.bring("v1")
        shop.engine.push(REPO, "v2")
        shop.engine.fault("POST", "/stop$", "hang-then-serve")
        removal = Call(lambda: shop.call("RemoveStage", "ss", "shop", "dev"))
        wait_for("the removal stops it", lambda: [r for r in shop.engine.requests() if "/stop" in r])
        name, _ = shop.error_of(lambda: shop.call("RemoveStage", "ss", "shop", ""))
        assert name == "Busy", name
        number = shop.push(":v2")
        wait_for("the deploy is refused", lambda: "The stage is being removed" in shop.webhookd.log())
        shop.engine.control("release")
        removal.wait()
        assert removal.error is None, removal.error
        assert shop.wait_final(number)[0] == "succeeded", shop.row(number)
        assert running(shop) == [f"shop-dev-{number}"]


def test_project_is_not_forgotten_while_the_engine_does_not_say_what_runs():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        shop.bring("v1")
        shop.engine.stop()
        assert shop.refusal("RemoveProject", "s", "shop")[0] == "EngineUnreachable"
        assert "Whether anything runs is not known" in shop.ctl("project", "remove", "shop", status=1).stderr
        assert list(shop.stages()) == ["dev"]


def test_stranger_changes_nothing():
    if os.getuid() != 0:
        raise tap.Skip("needs root to become a stranger")
    with Shop() as shop:
        stranger = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for destination, *call in (("Webhook1", "CreateProject", "ssa{sv}", "a", "b", 0), ("Webhook1", "RemoveProject", "s", "shop"),
                                   ("Webhook1", "SetProject", "sa{sv}", "shop", 0), ("Webhook1", "RemoveStage", "ss", "a", "b"),
                                   ("Webhook1", "SetStage", "ssa{sv}", "a", "b", 0), ("Webhook1", "Promote", "sss", "a", "b", "c"),
                                   ("Deployer1", "RemoveStage", "ss", "shop", "dev")):
            try:
                shop.bus.call(f"org.tinyforge.{destination}", f"/org/tinyforge/{destination}",
                              f"org.tinyforge.{destination}.Manager", *call, prefix=stranger)
            except BusError as error:
                assert "denied" in error.text or "not allowed" in error.text or "Only root" in error.text, error.text
                continue
            raise AssertionError(f"a stranger may call {call}")


# Promote

def test_promote_deploys_what_runs_by_its_digest():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="main")
        shop.set_stage("prod", TagPattern="v*", AutoDeploy=False)
        shop.bring("main", word="one")
        # The tag moves on, and is broken; what runs is what is promoted.
        shop.engine.push(REPO, "main", word="two", exit=3)
        assert shop.wait_final(shop.push(":main"))[0] == "rolled-back"
        result = shop.ctl("--json", "promote", "shop", "dev", "prod")
        deploy = json.loads(result.stdout)
        digest = shop.engine.digest("one")
        assert (deploy["stage"], deploy["state"], deploy["image"]) == ("prod", "succeeded", f"{REPO}:main@{digest}"), deploy
        labels = shop.engine.containers()[f"shop-prod-{deploy['id']}"]["Config"]["Labels"]
        assert labels["org.tinyforge.digest"] == digest
        assert "unchanged" in shop.ctl("promote", "shop", "dev", "prod").stdout
        # After a rollback it is what the rollback brought back.
        shop.bring("main", word="three")
        assert shop.wait_final(shop.ask("Rollback", "ss", "shop", "dev")[0])[0] == "succeeded"
        number = shop.ask("Promote", "sss", "shop", "dev", "prod")[0]
        assert shop.wait_final(number)[0] == "unchanged"
        shop.set_project("shop", Image="a.example/other")
        assert shop.refusal("Promote", "sss", "shop", "dev", "prod")[0] == "NothingRuns"


def test_promote_to_what_is_not_there_is_status_4():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        assert "tinyforgectl stages" in shop.ctl("promote", "shop", "dev", "prod", status=4).stderr
        assert "tinyforgectl projects" in shop.ctl("promote", "nobody", "dev", "prod", status=4).stderr
        shop.set_stage("prod", TagPattern="x")
        assert "tinyforgectl deploys" in shop.ctl("promote", "shop", "dev", "prod", status=1).stderr


# tinyforgectl

def test_project_and_stage_are_made_on_the_command_line():
    with Shop() as shop:
        result = shop.ctl("project", "create", "tool", "ghcr.io/acme/tool", "--port=8080", "--healthcheck=tcp")
        assert result.stdout == "Project tool created\n" and "stage set tool" in result.stderr, result
        result = shop.ctl("project", "set", "tool", "--port=0", "--image=ghcr.io/acme/tool2")
        assert "/etc/tinyforge/projects.d/tool.json names this one" in result.stderr, result
        rows = json.loads(shop.ctl("--json", "projects").stdout)
        assert [(r["name"], r["image"], r["port"], r["healthcheck"]) for r in rows if r["name"] == "tool"] == [
            ("tool", "ghcr.io/acme/tool2", None, "tcp")], rows
        rows = json.loads(shop.ctl("--json", "stage", "set", "tool", "prod", "--pattern=>=1.2 <2", "--policy=semver",
                                   "--auto-deploy=no", "--max-instances=2", "--allow-downgrade=yes").stdout)
        assert rows == [{"project": "tool", "name": "prod", "policy": "semver", "tag_pattern": ">=1.2 <2",
                         "auto_deploy": False, "max_instances": 2, "allow_downgrade": True, "available": None,
                         "shadowed_by": None}], rows
        result = shop.ctl("stage", "set", "tool", "prod", "--pattern=banana", status=1)
        assert "TagPattern: no semver pattern, at byte 0" in result.stderr and "match-tag" in result.stderr, result
        shop.ctl("stage", "remove", "tool", "prod")
        shop.ctl("project", "remove", "tool")
        assert shop.ctl("project", "remove", "tool", status=4)


def test_value_that_is_none_is_status_2_and_changes_nothing():
    with Shop() as shop:
        for arguments in (["project", "create", "a", "b", "--port=65536"], ["project", "create", "a", "b", "--port=x"],
                          ["project", "set", "shop"], ["stage", "set", "shop", "dev"], ["project", "create", "a", "b", "--stop"],
                          ["stage", "set", "shop", "dev", "--max-instances=17"], ["stages", "--policy=glob"],
                          ["stage", "set", "shop", "dev", "--auto-deploy=maybe"], ["project", "remove", "shop", "dev"]):
            assert shop.ctl(*arguments, status=2).stderr, arguments
        assert [row[0] for row in shop.ask("ListProjects")[0]] == ["shop"] and shop.stages() == {}


if __name__ == "__main__":
    tap.main()
