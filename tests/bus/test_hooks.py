#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Several hooks in webhookd, the real program: made, rotated and removed over a private bus and with tinyforgectl, and called over
HTTP. Nobody deploys: the bus does not know the deployer.

usage: test_hooks.py [TEST], with WEBHOOKD= and TINYFORGECTL= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from private_bus import BusError, read_until  # noqa: E402
from waiting import wait_for  # noqa: E402
from webhook_host import Host  # noqa: E402

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
MONTH = 30 * 24 * 3600


def create(webhookd, name, images=(), rule=None):
    options = []
    if images:
        options += ["Images", "as", len(images), *images]
    if rule:
        options += ["Signature", "s", rule]
    return webhookd.call("CreateHook", "sa{sv}", name, bool(images) + bool(rule), *options)[0]


def rotate(webhookd, name, grace=None):
    options = [] if grace is None else ["GraceSec", "t", grace]
    return webhookd.call("RotateHook", "sa{sv}", name, int(grace is not None), *options)[0]


def hooks(webhookd):
    return webhookd.call("ListHooks")[0]


def deploys(webhookd):
    return webhookd.call("ListDeploys", "ssu", "", "", 0)[0]


def refused(webhookd, expected, *call):
    try:
        webhookd.call(*call)
    except BusError as error:
        assert expected in error.text, (call, error.text)
    else:
        raise AssertionError(f"{call} was not refused")


def ctl(webhookd, *arguments, status=0):
    result = subprocess.run([os.environ["TINYFORGECTL"], *arguments], capture_output=True, text=True, timeout=60, check=False,
                            env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=webhookd.bus.address, TZ="UTC"))
    assert result.returncode == status, (arguments, result)
    return result


def test_hook_has_a_path_of_its_own_and_keeps_it():
    with Host() as webhookd:
        path = create(webhookd, "shop")
        assert re.fullmatch("/api/webhook/" + UUID, path) and path != webhookd.path(), path
        assert webhookd.call("GetHookPath", "s", "shop") == [path]
        assert webhookd.call("GetHookPath", "s", "main") == [webhookd.path()]
        assert webhookd.post("a.example/b:1", path).status == 202
        assert webhookd.post("a.example/b:2").status == 202
        assert webhookd.stop(signal.SIGKILL) == -signal.SIGKILL
        webhookd.start()
        assert webhookd.call("GetHookPath", "s", "shop") == [path]
        assert webhookd.post("a.example/b:3", path).status == 202


def test_list_says_what_was_asked_for_and_no_secret():
    with Host() as webhookd:
        webhookd.credential("signing-key.shop", "a key\n")
        before = int(time.time() * 1e6)
        paths = [create(webhookd, "shop", ["a.example/*", "b.example/team/app"], "required"), create(webhookd, "blog")]
        rows = hooks(webhookd)
        assert [row[:4] for row in rows] == [["blog", [], "optional", False],
                                             ["shop", ["a.example/*", "b.example/team/app"], "required", True]], rows
        for row in rows:
            assert before <= row[4] == row[5] <= time.time() * 1e6 and row[6] == 0, row
        assert not any(path.rsplit("/", 1)[1] in str(rows) for path in paths)
        webhookd.stop()
        webhookd.start()
        assert hooks(webhookd) == rows


def test_bare_hook_is_made_shown_and_called_without_a_body():
    with Host() as webhookd:
        result = ctl(webhookd, "hook", "create", "shop", "--image=a.example/team/app", "--bare", "--json")
        path = json.loads(result.stdout)["path"]
        create(webhookd, "blog", ["a.example/*"])
        rows = json.loads(ctl(webhookd, "hooks", "--json").stdout)
        assert [(row["name"], row["images"], row["bare"]) for row in rows] == [
            ("blog", ["a.example/*"], False), ("shop", ["a.example/team/app"], True)], rows
        described = webhookd.call("DescribeHooks")[0]
        listed = hooks(webhookd)
        keys = ("Name", "Images", "Signature", "HasKey", "CreatedAt", "RotatedAt", "PreviousUntil")
        assert [[row[key]["data"] for key in keys] for row in described] == listed, (described, listed)

        assert webhookd.request("POST", path).status == 400
        assert webhookd.request("POST", f"{path}?tag=v1").status == 202
        answer = webhookd.request("POST", path)
        assert answer.status == 202 and answer.json()["deploys"][0]["image"] == "a.example/team/app:v1", answer.body
        # Nothing is known of a query to who has no secret, nor of no body to a hook that was not made for it.
        blog = webhookd.call("GetHookPath", "s", "blog")[0]
        assert webhookd.request("POST", f"{blog}?tag=v1").status == 400
        assert webhookd.request("POST", f"{path[:-1]}?tag=v1").comparable == webhookd.request("POST", "/nowhere").comparable
        webhookd.stop()
        webhookd.start()
        assert webhookd.request("POST", f"{path}?tag=v2").status == 202


def test_bare_hook_is_for_exactly_one_repository():
    with Host() as webhookd:
        for images in ([], ["a.example/*"], ["a.example/a", "a.example/b"], ["a.example/a:v1"], ["nginx"]):
            options = ["Images", "as", len(images), *images] if images else []
            refused(webhookd, "exactly one image", "CreateHook", "sa{sv}", "shop", 1 + bool(images), *options, "Bare", "b", "true")
        result = ctl(webhookd, "hook", "create", "shop", "--bare", status=1)
        assert "exactly one image" in result.stderr and "hook create shop --bare --image=" in result.stderr, result
        assert "not for the verb" in ctl(webhookd, "hook", "rotate", "shop", "--bare", status=2).stderr
        assert hooks(webhookd) == []


def test_what_cannot_be_a_hook_is_refused_by_name():
    with Host() as webhookd:
        create(webhookd, "shop")
        long_name = "x" * 64
        for expected, *call in (
                ("already", "CreateHook", "sa{sv}", "shop", 0),
                ("already", "CreateHook", "sa{sv}", "main", 0),
                ("name is", "CreateHook", "sa{sv}", "Shop", 0),
                ("name is", "CreateHook", "sa{sv}", "../x", 0),
                ("name is", "CreateHook", "sa{sv}", "", 0),
                ("name is", "CreateHook", "sa{sv}", long_name, 0),
                ("Bad pattern", "CreateHook", "sa{sv}", "x", 1, "Images", "as", 1, "a.example/["),
                ("white space", "CreateHook", "sa{sv}", "x", 1, "Images", "as", 1, "a b"),
                ("white space", "CreateHook", "sa{sv}", "x", 1, "Images", "as", 2, "a", ""),
                ("Bad pattern", "CreateHook", "sa{sv}", "x", 1, "Images", "as", 1, "y" * 256),
                ("Images: at most 64", "CreateHook", "sa{sv}", "x", 1, "Images", "as", 65, *["y"] * 65),
                ("4096 bytes", "CreateHook", "sa{sv}", "x", 1, "Images", "as", 20, *["y" * 250] * 20),
                ("Signature is", "CreateHook", "sa{sv}", "x", 1, "Signature", "s", "maybe"),
                ("Signature: has the type 's', not 'b'", "CreateHook", "sa{sv}", "x", 1, "Signature", "b", "true"),
                ("GraceSec: there is no such option", "CreateHook", "sa{sv}", "x", 1, "GraceSec", "t", 1),
                ("no hook", "RotateHook", "sa{sv}", "nobody", 0),
                ("RegenerateSecret", "RotateHook", "sa{sv}", "main", 0),
                ("at most", "RotateHook", "sa{sv}", "shop", 1, "GraceSec", "t", MONTH + 1),
                ("Images: there is no such option", "RotateHook", "sa{sv}", "shop", 1, "Images", "as", 0),
                ("no hook", "RemoveHook", "s", "nobody"),
                ("cannot be removed", "RemoveHook", "s", "main"),
                ("no hook", "GetHookPath", "s", "nobody")):
            refused(webhookd, expected, *call)
        assert [row[0] for row in hooks(webhookd)] == ["shop"]
        rotate(webhookd, "shop", MONTH)


def test_hooks_beyond_the_limit_are_refused():
    with Host() as webhookd:
        for i in range(64):
            create(webhookd, f"h{i}")
        refused(webhookd, "64 hooks", "CreateHook", "sa{sv}", "more", 0)
        webhookd.call("RemoveHook", "s", "h7")
        create(webhookd, "more")
        assert webhookd.post("a.example/b", webhookd.call("GetHookPath", "s", "h63")[0]).status == 202


def test_rotated_secret_is_dead_at_once_without_grace():
    with Host() as webhookd:
        old = create(webhookd, "shop")
        new = rotate(webhookd, "shop")
        assert new != old and webhookd.call("GetHookPath", "s", "shop") == [new]
        assert webhookd.post("a.example/b", old).status == 404
        assert webhookd.post("a.example/b", new).status == 202
        assert hooks(webhookd)[0][6] == 0


def test_rotated_secret_works_for_its_grace_and_no_longer():
    with Host() as webhookd:
        old = create(webhookd, "shop")
        end = time.time() + 3
        new = rotate(webhookd, "shop", 3)
        until = hooks(webhookd)[0][6] / 1e6
        assert end <= until <= end + 2, (end, until)
        assert webhookd.post("a.example/b:1", old).status == 202
        assert webhookd.post("a.example/b:2", new).status == 202
        # Neither a restart nor an open connection prolongs it.
        webhookd.stop()
        webhookd.start()
        assert webhookd.post("a.example/b:3", old).status == 202 or time.time() >= until
        wait_for("the grace is over", lambda: webhookd.post("a.example/b:4", old).status == 404)
        assert time.time() >= until - 0.1
        assert webhookd.post("a.example/b:5", new).status == 202
        assert hooks(webhookd)[0][6] == 0


def test_second_rotation_ends_the_grace_of_the_first():
    with Host() as webhookd:
        first = create(webhookd, "shop")
        second = rotate(webhookd, "shop", 3600)
        third = rotate(webhookd, "shop", 3600)
        assert [webhookd.post("a.example/b", path).status for path in (first, second, third)] == [404, 202, 202]
        rotate(webhookd, "shop")
        assert [webhookd.post("a.example/b", path).status for path in (first, second, third)] == [404] * 3


def test_removed_hook_is_404_and_byte_for_byte_like_any_other():
    with Host() as webhookd:
        path = create(webhookd, "shop", rule="required")
        assert webhookd.post("a.example/b", path).status == 401
        with webhookd.connect() as s:
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert b"405" in s.recv(4096)
            webhookd.call("RemoveHook", "s", "shop")
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert b"404" in s.recv(4096)
        wrong = webhookd.request("POST", "/nothing")
        for seen in (webhookd.request("POST", path), webhookd.post("a.example/b", path), webhookd.request("GET", path),
                     webhookd.request("POST", path + "/")):
            assert seen.comparable == wrong.comparable, seen.comparable
        assert hooks(webhookd) == []
        webhookd.stop()
        webhookd.start()
        assert webhookd.post("a.example/b", path).status == 404
        assert create(webhookd, "shop") != path


def test_regenerated_main_secret_has_no_grace_and_leaves_hooks_alone():
    with Host() as webhookd:
        path, old = create(webhookd, "shop"), webhookd.path()
        new = webhookd.call("RegenerateSecret")[0]
        assert [webhookd.post("a.example/b", p).status for p in (old, new, path)] == [404, 202, 202]
        rotate(webhookd, "shop", 60)
        assert webhookd.path() == new


def test_push_outside_of_the_images_of_its_hook_is_ignored():
    with Host() as webhookd:
        path = create(webhookd, "shop", ["a.example/team/*", "b.example/app"])
        assert webhookd.post("a.example/team/one:1", path).status == 202
        assert webhookd.post("b.example/app", path).status == 202
        webhookd.post("c.example/known:1")
        number = len(deploys(webhookd))
        for image in ("c.example/known:2", "a.example/team/deep/er", "a.example/other", "b.example/apps", "app"):
            answer = webhookd.post(image, path)
            assert answer.status == 200 and answer.json()["deploys"] == [], (image, answer.body)
            assert answer.json()["ignored"][0]["reason"] == "hook-not-for-this-image", answer.body
        assert len(deploys(webhookd)) == number
        assert {row[0] for row in webhookd.call("ListProjects")[0]} == {"one", "app", "known"}
        assert "hook-not-for-this-image [DELIVERY_IGNORED" in webhookd.log()


def test_same_delivery_id_on_two_hooks_is_two_deliveries():
    with Host() as webhookd:
        path = create(webhookd, "shop")
        header = ["Idempotency-Key: 7"]
        assert webhookd.post("a.example/b:1", headers=header).status == 202
        assert webhookd.post("a.example/b:1", headers=header).status == 200
        assert webhookd.post("a.example/b:1", path, header).status == 202
        assert webhookd.post("a.example/b:1", path, header).status == 200
        # A new secret is no new hook.
        assert webhookd.post("a.example/b:1", rotate(webhookd, "shop"), header).status == 200


def test_journal_names_the_hook_and_who_changed_it_and_signals_tell():
    with Host() as webhookd:
        monitor = webhookd.bus.monitor("type='signal',path='/org/tinyforge/Webhook1'")
        path = create(webhookd, "shop", rule="required")
        webhookd.request("POST", path)
        rotate(webhookd, "shop", 90)
        webhookd.call("RemoveHook", "s", "shop")
        text = read_until(monitor, lambda said: said.count('string "shop"') == 3)
        assert text.index("member=HookAdded") < text.index("member=HookRotated") < text.index("member=HookRemoved"), text
        webhookd.post("a.example/b")
        log = webhookd.log()
        for line in ("Hook shop created by uid 0; it accepts nothing until it has a key for the signature that it requires "
                     "[HOOK_CREATED TINYFORGE_HOOK=shop TINYFORGE_CALLER_UID=0]",
                     "replaced by uid 0; the secret before works for another 90 s [HOOK_ROTATED TINYFORGE_HOOK=shop",
                     "Hook shop removed by uid 0 [HOOK_REMOVED TINYFORGE_HOOK=shop TINYFORGE_CALLER_UID=0]",
                     "Request refused with 401: this hook requires a signature, and this host has no key to check one with "
                     "[DELIVERY_REJECTED TINYFORGE_REMOTE=127.0.0.1 TINYFORGE_HOOK=shop]"):
            assert line in log, (line, log)
        assert re.search(r"DELIVERY_ACCEPTED .*TINYFORGE_HOOK=main", log), log
        assert path.rsplit("/", 1)[1] not in text


def test_secrets_of_hooks_are_in_no_log():
    with Host() as webhookd:
        paths = [create(webhookd, "shop")]
        webhookd.post("a.example/b", paths[0])
        paths.append(rotate(webhookd, "shop", 60))
        webhookd.request("POST", paths[0], b"{")
        webhookd.request("GET", paths[1] + "x")
        hooks(webhookd)
        webhookd.call("GetHookPath", "s", "shop")
        webhookd.call("RemoveHook", "s", "shop")
        webhookd.stop()
        for path in paths:
            secret = path.rsplit("/", 1)[1]
            assert secret not in webhookd.log() and secret.replace("-", "") not in webhookd.log()


def test_dead_secrets_are_not_in_the_database():
    with Host() as webhookd:
        dead = [create(webhookd, "shop"), rotate(webhookd, "shop", 3600), create(webhookd, "gone")]
        rotate(webhookd, "shop", 3600)
        rotate(webhookd, "shop")
        webhookd.call("RemoveHook", "s", "gone")
        alive = webhookd.call("GetHookPath", "s", "shop")[0]
        assert webhookd.stop() == 0
        with open(os.path.join(webhookd.state, "tinyforge.db"), "rb") as f:
            database = f.read()
        assert os.listdir(webhookd.state) == ["tinyforge.db"]
        assert alive.rsplit("/", 1)[1].encode() in database
        assert not any(path.rsplit("/", 1)[1].encode() in database for path in dead)


def test_strangers_see_and_change_no_hook():
    if os.getuid() != 0:
        raise tap.Skip("needs root to become a stranger")
    with Host() as webhookd:
        create(webhookd, "shop")
        os.chmod(os.path.dirname(webhookd.state), 0o755)
        stranger = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        manager = ("org.tinyforge.Webhook1", "/org/tinyforge/Webhook1", "org.tinyforge.Webhook1.Manager")
        for method, signature, arguments in (("CreateHook", "sa{sv}", ["x", 0]), ("ListHooks", "", []), ("DescribeHooks", "", []),
                                             ("RotateHook", "sa{sv}", ["shop", 0]), ("RemoveHook", "s", ["shop"]),
                                             ("GetHookPath", "s", ["shop"])):
            try:
                webhookd.bus.call(*manager, method, signature, *arguments, prefix=stranger)
            except BusError as error:
                assert "denied" in error.text.lower() or "Only root" in error.text or "not allowed" in error.text, error.text
            else:
                raise AssertionError(f"a stranger may call {method}")
        assert [row[0] for row in hooks(webhookd)] == ["shop"]


def test_tinyforgectl_makes_lists_rotates_and_removes_hooks():
    with Host("PublicURL=https://deploy.example.com\n") as webhookd:
        assert ctl(webhookd, "hooks").stdout == "0 hooks listed.\n"
        url = ctl(webhookd, "hook", "create", "shop", "--image=a.example/*", "--image", "b.example/app",
                  "--signature=none").stdout.strip()
        path = webhookd.call("GetHookPath", "s", "shop")[0]
        assert url == "https://deploy.example.com" + path
        assert ctl(webhookd, "url", "shop").stdout.strip() == url
        assert ctl(webhookd, "url").stdout.strip() == "https://deploy.example.com" + webhookd.path()
        lines = ctl(webhookd, "hooks").stdout.splitlines()
        assert lines[0].split() == ["HOOK", "IMAGES", "SIGNATURE", "KEY", "BARE", "CREATED", "ROTATED"], lines
        assert lines[1].split()[:5] == ["shop", "a.example/*", "b.example/app", "none", "no"], lines

        shown = json.loads(ctl(webhookd, "--json", "hook", "rotate", "shop", "--grace=1h").stdout)
        assert shown["path"] == webhookd.call("GetHookPath", "s", "shop")[0] != path
        [row] = json.loads(ctl(webhookd, "--json", "hooks").stdout)
        assert (row["name"], row["images"], row["signature"], row["has_key"]) == \
            ("shop", ["a.example/*", "b.example/app"], "none", False), row
        assert 3500 < row["previous_until"] / 1e6 - time.time() <= 3600 and row["rotated_at"] > row["created_at"], row
        assert webhookd.post("a.example/x", path).status == 202
        assert "PREVIOUS-UNTIL" in ctl(webhookd, "hooks").stdout
        # In an hour, which may be tomorrow.
        until = time.strftime("%a %Y-%m-%d", time.localtime(time.time() + 3600))
        for options, told in ((["--grace=1h"], f"works until {until}"), ([], "is dead.")):
            told_now = ctl(webhookd, "hook", "rotate", "shop", *options).stderr
            assert f"The old URL {told}" in told_now, told_now
        assert webhookd.post("a.example/x", path).status == 404

        assert ctl(webhookd, "hook", "remove", "shop").stdout == "Hook shop removed\n"
        assert json.loads(ctl(webhookd, "--json", "hooks").stdout) == []


def test_tinyforgectl_says_what_a_hook_lacks_and_what_went_wrong():
    with Host() as webhookd:
        made = ctl(webhookd, "hook", "create", "shop", "--signature=required")
        assert "LoadCredential=signing-key.shop:" in made.stderr and "http" in made.stdout, made
        webhookd.credential("signing-key.blog", "key\n")
        assert ctl(webhookd, "hook", "create", "blog", "--signature=required").stderr == ""
        assert "tinyforgectl url HOOK" in ctl(webhookd, "hook", "create", "shop", status=1).stderr
        for arguments in (["url", "nobody"], ["hook", "rotate", "nobody"], ["hook", "remove", "nobody"]):
            assert "tinyforgectl hooks" in ctl(webhookd, *arguments, status=4).stderr, arguments
        assert "regenerate" in ctl(webhookd, "hook", "rotate", "main", status=1).stderr.lower()
        ctl(webhookd, "hook", "create", "x", "--signature=sometimes", status=1)
        ctl(webhookd, "hook", "create", "x", "--image=a[", status=1)
        for arguments in (["hook"], ["hook", "create"], ["hook", "rotate", "shop", "--grace=soon"],
                          ["hook", "remove", "shop", "--grace=1h"], ["hook", "rotate", "shop", "--image=x"]):
            ctl(webhookd, *arguments, status=2)
        webhookd.credential("signing-key.api", "whsec_?\n")
        assert "no list of keys" in ctl(webhookd, "hook", "create", "api", status=1).stderr


if __name__ == "__main__":
    tap.main()
