#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What tinyforgectl tells of deploys and of what they brought, with both daemons, the real programs, and an engine that only
pretends: who asked, what kind of a deploy it is, what took its place, and all about one.

usage: test_ctl_deploys.py [TEST], with TINYFORGECTL=, WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import pty
import pwd
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from shop import Shop  # noqa: E402
from test_whole import REPO  # noqa: E402
from waiting import wait_for  # noqa: E402

PROGRAM = os.environ["TINYFORGECTL"]
ME = pwd.getpwuid(os.getuid()).pw_name


def rows(shop, *arguments):
    """{id: row} of the list as programs get it."""
    return {row["id"]: row for row in json.loads(shop.ctl("--json", "deploys", *arguments).stdout)}


def table(shop, *arguments):
    """The lines that people get, by the number of the deploy."""
    lines = shop.ctl("--no-legend", "deploys", *arguments).stdout.splitlines()
    return {int(line.split()[0]): line for line in lines}


def test_every_deploy_tells_who_asked_for_it():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        shop.set_stage("prod", TagPattern="never")
        pushed = shop.bring("v1")
        shop.engine.push(REPO, "v2", word="v2")
        by_hand = json.loads(shop.ctl("--json", "deploy", "shop", "dev", "v2").stdout)["id"]
        promoted = json.loads(shop.ctl("--json", "promote", "shop", "dev", "prod").stdout)["id"]
        back = json.loads(shop.ctl("--json", "rollback", "shop", "dev").stdout)["id"]
        again = json.loads(shop.ctl("--json", "restart", "shop", "prod").stdout)["id"]

        found = rows(shop)
        assert (found[pushed]["hook"], found[pushed]["provider"], found[pushed]["source"]) == ("main", "generic", "webhook")
        assert (found[pushed]["uid"], found[pushed]["user"]) == (None, None), found[pushed]
        for number, source in ((by_hand, "manual"), (promoted, "promote"), (back, "rollback"), (again, "restart")):
            row = found[number]
            assert (row["uid"], row["user"], row["hook"], row["source"]) == (os.getuid(), ME, None, source), row
        assert (found[back]["generation"], found[by_hand]["generation"]) == (pushed, None)

        lines = table(shop)
        assert "main (generic)" in lines[pushed] and f"  {ME}  " in lines[by_hand], lines
        assert f"rollback to {pushed}" in lines[back] and "promotion" in lines[promoted] and "restart" in lines[again], lines
        described = {key: value["data"] for key, value in shop.ask("DescribeDeploys", "ssu", "shop", "dev", 1)[0][0].items()}
        assert (described["Uid"], described["User"], described["Source"]) == (os.getuid(), ME, "rollback"), described
        assert described["Generation"] == pushed and "Hook" not in described, described


def test_equal_tags_of_other_digests_are_told_apart():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        numbers = [shop.bring("main", word=word) for word in ("one", "two")] + [shop.bring("v1")]
        found, lines = rows(shop), table(shop)
        for number in numbers[:2]:
            assert f"main@{found[number]['digest'].split(':')[1][:7]}" in lines[number], lines
        assert "main@" not in lines[numbers[2]] and " v1 " in lines[numbers[2]], lines
        assert all(found[number]["digest"].split(":")[1][:12] in lines[number] for number in numbers), lines


def on_terminal(shop, columns, *arguments):
    """What it writes to a terminal that is so wide, and to its standard error."""
    leader, follower = pty.openpty()
    done = subprocess.run([PROGRAM, *arguments], stdout=follower, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
                          env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=shop.bus.address, COLUMNS=str(columns)))
    os.close(follower)
    text = os.read(leader, 65536).decode()
    os.close(leader)
    return text, done.stderr


def test_a_narrow_terminal_leaves_out_the_reason_rather_than_cut_all_columns():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        number = shop.bring("main")
        text, errors = on_terminal(shop, 80, "deploys")
        assert "…" not in text and "REASON" not in text and f" {number} " in f" {text}", text
        assert "To see what is cut here: tinyforgectl describe ID" in errors, errors


def test_deploy_shows_how_long_its_steps_took():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        number = shop.bring("main")
        row = rows(shop)[number]
        assert list(row["steps"])[:4] == ["pull", "start", "healthy", "stable"], row
        assert all(isinstance(msec, int) and msec >= 0 for msec in row["steps"].values()), row
        text = shop.ctl("describe", str(number)).stdout
        assert re.search(r"^   Steps: pull [0-9.]+m?s, start [0-9.]+m?s, healthy [0-9.]+m?s, stable [0-9.]+m?s", text, re.MULTILINE), text
        told = {key: value["data"] for key, value in shop.ask("DescribeDeploys", "ssu", "shop", "dev", 1)[0][0].items()}
        assert told["Steps"] == row["steps"], told
        metrics = shop.ctl("metrics").stdout
        assert "# TYPE tinyforge_deploy_step_seconds summary\n" in metrics, metrics
        assert re.search(r'^tinyforge_deploy_step_seconds_sum\{project="shop",stage="dev",step="stable"\} [0-9.]+$', metrics, re.MULTILINE), metrics


def test_attempt_that_failed_shows_its_steps_as_well():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        shop.engine.push(REPO, "v1", exit=3)
        number = shop.push(":v1")
        wait_for("it has failed", lambda: rows(shop)[number]["state"] == "failed")
        steps = rows(shop)[number]["steps"]
        assert set(steps) >= {"pull", "start"} and "drain" not in steps, steps


def test_superseded_deploy_names_what_took_its_place():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        shop.engine.push(REPO, "v1")
        shop.engine.fault("GET", "/distribution/", "status", status=429, message="slow down")
        first = shop.push(":v1")
        wait_for("it waits", lambda: rows(shop)[first]["next_attempt_at"])
        second = shop.push(":v2")
        row = rows(shop)[first]
        assert (row["state"], row["superseded_by"]) == ("superseded", second), row
        assert f"deploy {second} took its place" in row["reason"], row
        text = shop.ctl("describe", str(first)).stdout
        assert f"tinyforgectl describe {second}" in text, text


def test_status_names_the_tag_beside_the_digest():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        number = shop.bring("v1.4")
        # Without systemd a part of it is missing.
        text = shop.ctl("status", status=1).stdout
        line = next(line for line in text.splitlines() if line.startswith("shop "))
        digest = rows(shop)[number]["digest"].split(":")[1][:12]
        words = line.split()
        assert words[words.index("v1.4") + 1] == digest, line
        assert json.loads(shop.ctl("--json", "status", status=1).stdout)["instances"][0]["tag"] == "v1.4"
        assert "1 instance listed." in text, text


def test_one_deploy_is_one_deploy():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        shop.bring("v1")
        assert shop.ctl("deploys").stdout.endswith("\n1 deploy listed.\n")
        assert shop.ctl("stages").stdout.endswith("\n1 stage listed.\n")
        shop.bring("v2")
        assert shop.ctl("deploys").stdout.endswith("\n2 deploys listed.\n")


def describe(shop, *arguments, lines=(), status=0):
    """With a journalctl that has these lines, and writes down its words."""
    programs = os.path.join(shop.directory, "programs")
    os.makedirs(programs, exist_ok=True)
    fake = os.path.join(programs, "journalctl")
    with open(fake, "w", encoding="utf-8") as f:
        f.write(f"#!{sys.executable}\nimport json, sys\n"
                f"json.dump(sys.argv[1:], open({programs + '/words'!r}, 'w'))\nprint({chr(10).join(lines)!r}, end='')\n")
    os.chmod(fake, 0o755)
    result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False,
                            env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=shop.bus.address, TZ="UTC", PATH=programs))
    assert result.returncode == status, result
    return result


def test_all_about_one_deploy_with_its_last_lines_and_what_to_do():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        number = shop.bring("v1")
        text = describe(shop, "describe", str(number), lines=["one", "two\x1b[2J"]).stdout
        lines = text.splitlines()
        assert lines[0] == f"Deploy {number} of shop/dev: succeeded", text
        assert f"   Image: {REPO}:v1" in lines and "     Who: main (generic)" in lines, text
        assert any(line.startswith("  Digest: sha256:") for line in lines), text
        assert any(line.startswith("Finished: ") and line.endswith(" ago") for line in lines), text
        assert lines[-2:] == ["one", "two\\x1b[2J"], "made harmless"
        with open(os.path.join(shop.directory, "programs", "words"), encoding="utf-8") as f:
            words = json.load(f)
        assert f"TINYFORGE_DEPLOY={number}" in words and words.count(f"CONTAINER_TAG=shop-dev-{number}") == 2, words
        assert "--no-pager" in words and "_UID=0" in words, words

        failed = shop.push(":none")
        assert shop.wait_final(failed)[0] == "failed"
        text = describe(shop, "describe", str(failed)).stdout
        assert "Reason: PullFailed" in text and "Was it pushed" in text, text
        narrow = on_terminal(shop, 40, "describe", str(failed))[0].split("\r\n  Reason: ")[1].splitlines()
        assert max(map(len, narrow)) <= 40 and narrow[0].startswith("PullFailed: The registry of"), narrow
        assert ("The journal has no lines of it." if os.geteuid() == 0 else "to this user. Root, and the group systemd-journal") in text, text
        assert "To see how it ended: tinyforgectl describe ID" in describe(shop, "cancel", str(failed), status=1).stderr
        row = json.loads(describe(shop, "--json", "describe", str(failed), lines=["x"]).stdout)
        assert (row["id"], row["state"], row["lines"]) == (failed, "failed", ["x"]) and "Was it pushed" in row["advice"], row
        assert json.loads(describe(shop, "--json", "describe", str(number)).stdout)["advice"] is None

        for wrong in ("x", "0", "9223372036854775808"):
            assert "is a number from 1 to 9223372036854775807" in describe(shop, "describe", wrong, status=2).stderr
        assert "not listed" in describe(shop, "describe", "99", status=4).stderr


def test_watch_shows_what_changes_until_it_is_interrupted():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*")
        first = shop.bring("v1")
        with subprocess.Popen([PROGRAM, "--json", "deploys", "--watch"], stdout=subprocess.PIPE, text=True,
                              env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=shop.bus.address)) as process:
            assert [row["id"] for row in json.loads(process.stdout.readline())] == [first]
            second = shop.bring("v2")
            for _ in range(20):
                if [row["id"] for row in json.loads(process.stdout.readline())] == [second, first]:
                    break
            else:
                raise AssertionError("it never showed the second one")
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == -signal.SIGINT
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "deploys", "--watch"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
                                  env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=shop.bus.address))
        assert (done.returncode, done.stderr) == (1, "tinyforgectl: Cannot write the answer: No space left on device\n"), done
        assert shop.ctl("projects", "--watch", status=2).stderr.startswith("tinyforgectl: That option is not")


if __name__ == "__main__":
    tap.main()
