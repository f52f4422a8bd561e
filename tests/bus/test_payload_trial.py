#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What a body would do, without doing it: TestPayload() and tinyforgectl test-payload, with the real webhookd on a private bus.

usage: test_payload_trial.py [TEST], with WEBHOOKD= and TINYFORGECTL= the programs and SOURCE_ROOT= the tree
"""
import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import proofs  # noqa: E402
import senders  # noqa: E402
import tap  # noqa: E402  pylint: disable=wrong-import-position
from private_bus import BusError  # noqa: E402
from webhook_host import Host  # noqa: E402

PROGRAM = os.environ["TINYFORGECTL"]
KEY = "correct horse battery staple"
UNPRIVILEGED = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
JSON = ["Content-Type: application/json"]


def ask(webhookd, body, headers=(), hook="", prefix=()):
    """The answer of the method: status, answer, provider, signature, pushes."""
    pairs = [part.strip() for header in headers for part in header.split(":", 1)]
    arguments = ["sa(ss)ay", hook, len(headers), *pairs, len(body), *body]
    status, answer, *rest = webhookd.bus.call("org.tinyforge.Webhook1", "/org/tinyforge/Webhook1",
                                              "org.tinyforge.Webhook1.Manager", "TestPayload", *arguments, prefix=prefix)
    return status, json.loads(answer), *rest


def state(webhookd):
    """All that a delivery could change, and that is to be seen."""
    return [webhookd.call("ListDeploys", "ssu", "", "", 0), webhookd.call("ListProjects"), webhookd.call("GetMetrics"), webhookd.log()]


def comparable(answer):
    """Without ids and paths; and a row that waits for a deployer is now queued, now running for a moment."""
    if "deploys" not in answer:
        return answer
    assert all(deploy["state"] in ("queued", "running") for deploy in answer["deploys"]), answer
    return dict(answer, deploys=[dict(deploy, id=None, path=None, state=None) for deploy in answer["deploys"]])


def bodies():
    """"format/kind" of every body of the corpus that a sender posts."""
    return sorted(f"{folder.name[len('payload-'):]}/{file.name}" for folder in senders.CORPUS.glob("payload-*")
                  for file in folder.iterdir())


def signing(rule="optional", *keys):
    host = Host(f"{senders.CONFIG}Signature={rule}\n", start=False)
    host.webhookd.credential("signing-key", "".join(key + "\n" for key in keys))
    host.webhookd.start()
    return host


def test_every_body_is_answered_as_over_http_and_nothing_is_done():
    names = bodies()
    assert len(names) > 90, names
    with Host(senders.CONFIG) as webhookd:
        before = state(webhookd)
        for name in names:
            headers, body = senders.read(name)
            ask(webhookd, body, headers)
        assert state(webhookd) == before and before[0] == [[]] and before[1] == [[]], state(webhookd)
        for name in names:
            headers, body = senders.read(name)
            status, answer, provider, signature, pushes = ask(webhookd, body, headers)
            real = senders.post(webhookd, name)
            assert status == real.status, (name, status, real.status)
            assert comparable(answer) == comparable(real.json()), (name, answer, real.json())
            assert signature == "unchecked" and bool(provider) == (status < 300), (name, provider)
            told = [(push[0], push[1]) for push in pushes if push[3] != "ignored"]
            assert told == [(d["image"], d["project"]) for d in real.json().get("deploys", [])], (name, pushes)
            told = [(push[0], push[4]) for push in pushes if push[3] == "ignored"]
            # Who asks whether it may call is answered with what it wants back, and with nothing beside that.
            ignored = [("", "ping")] if "validationResponse" in real.json() else \
                [(i["image"], i["reason"]) for i in real.json().get("ignored", [])]
            assert told == ignored, (name, pushes)


def test_id_is_told_of_a_deploy_that_there_is_and_of_no_other():
    body = b'[{"image":"a.example/shop:v1"},{"image":"a.example/tool:v1"}]'
    with Host() as webhookd:
        number = webhookd.post("a.example/shop:v1").json()["deploys"][0]["id"]
        answer = ask(webhookd, body, JSON)
        assert [deploy["id"] for deploy in answer[1]["deploys"]] == [number, None]
        assert answer[4] == [["a.example/shop:v1", "shop", "dev", "joined", "", False],
                             ["a.example/tool:v1", "tool", "dev", "queued", "", True]], answer[4]


def test_signature_is_told_and_the_answer_is_that_of_http():
    body = b'{"image":"a.example/shop:v1"}'
    with signing("required", KEY) as webhookd:
        for headers, status, signature in (([proofs.hub(body, KEY)], 202, "right"), ([proofs.hub(body, "other")], 401, "wrong"),
                                           ([], 401, "missing")):
            answer = ask(webhookd, body, [*JSON, *headers])
            assert (answer[0], answer[3]) == (status, signature), answer
            assert webhookd.request("POST", None, body, [*JSON, *headers]).status == status
        assert "DELIVERY_REJECTED" in webhookd.log()


def test_refused_trial_is_in_no_log():
    with signing("required", KEY) as webhookd:
        before = state(webhookd)
        assert ask(webhookd, b"{}", JSON)[0] == 401
        assert ask(webhookd, b"{", [*JSON, proofs.hub(b"{", KEY)])[0] == 400
        assert state(webhookd) == before


def test_id_that_is_good_once_is_still_good_after_a_trial():
    body = b'{"image":"a.example/shop:v1"}'
    with signing("required", proofs.STANDARD_KEY) as webhookd:
        headers = [*JSON, *proofs.standard(body, "once")]
        assert ask(webhookd, body, headers)[0] == 202
        assert ask(webhookd, body, headers)[0] == 202
        assert webhookd.request("POST", None, body, headers).status == 202
        answer = ask(webhookd, body, headers)
        assert (answer[0], answer[1]["deploys"][0]["id"], answer[4][0][3]) == (200, 1, "known"), answer


def test_hook_has_its_own_images_and_rule():
    body = b'{"image":"a.example/shop:v1"}'
    with Host() as webhookd:
        webhookd.call("CreateHook", "sa{sv}", "tools", 1, "Images", "as", 1, "a.example/tool*")
        answer = ask(webhookd, body, JSON, "tools")
        assert answer[1]["ignored"][0]["reason"] == "hook-not-for-this-image", answer
        assert ask(webhookd, body, JSON, "main")[0] == 202
        for hook, text in (("nobody", "There is no hook 'nobody'"), ("No Name", "A hook's name is"), ("x" * 100000, "A hook's name is")):
            try:
                ask(webhookd, body, JSON, hook)
                raise AssertionError("there is such a hook")
            except BusError as error:
                assert error.text.startswith(text) and len(error.text) < 100, error.text


def test_names_of_headers_are_of_any_case_and_other_headers_are_refused():
    with Host() as webhookd:
        assert ask(webhookd, b"image=x", ["CONTENT-type: text/plain"])[0] == 415
        for headers in (["a b: c"], [": c"], ["a: b\nc: d"], [f"x-{i}: y" for i in range(101)]):
            try:
                ask(webhookd, b"{}", headers)
                raise AssertionError(headers)
            except BusError as error:
                assert "header" in error.text, error.text
        assert ask(webhookd, b'{"image":"a.example/b"}', [f"x-{i}: y" for i in range(100)])[0] == 202


def test_trial_is_for_root():
    if os.getuid() != 0:
        raise tap.Skip("needs root to become a stranger")
    with Host() as webhookd:
        os.chmod(webhookd.bus.directory, 0o755)
        try:
            ask(webhookd, b"{}", prefix=UNPRIVILEGED)
            raise AssertionError("anybody may")
        except BusError as error:
            assert "denied" in error.text.lower() or "not permitted" in error.text.lower(), error.text


# tinyforgectl

def ctl(webhookd, *arguments, stdin=b""):
    return subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, timeout=60, check=False,
                          env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=webhookd.bus.address))


def test_ctl_shows_what_would_become_of_each_push():
    headers, body = senders.read("harbor/two")
    with Host() as webhookd, tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "body.json"
        path.write_bytes(body)
        result = ctl(webhookd, "test-payload", str(path), *[f"--header={header}" for header in headers])
        lines = result.stdout.decode().splitlines()
        assert result.returncode == 0 and not result.stderr, result
        assert lines[0] == "202, from harbor, signature unchecked" and lines[2].split() == [
            "IMAGE", "PROJECT", "STAGE", "OUTCOME", "REASON", "NEW-PROJECT"], lines
        assert [line.split()[1:] for line in lines[3:]] == [["shop", "dev", "queued", "-", "yes"]] * 2, lines
        result = ctl(webhookd, "--json", "test-payload", "-", stdin=body)
        j = json.loads(result.stdout)
        assert j["status"] == 202 and j["provider"] == "harbor" and j["answer"]["deploys"][0]["id"] is None, j
        assert j["pushes"][0]["outcome"] == "queued" and j["pushes"][0]["reason"] is None and j["pushes"][0]["new_project"], j
        assert webhookd.call("ListProjects") == [[]]


def test_ctl_fails_where_the_sender_would_be_refused_and_says_why():
    with Host() as webhookd:
        result = ctl(webhookd, "test-payload", "-", stdin=b"{")
        assert result.returncode == 1 and result.stdout.startswith(b"400, signature unchecked: line 1, column"), result
        result = ctl(webhookd, "--json", "test-payload", "-", stdin=b"{")
        j = json.loads(result.stdout)
        assert result.returncode == 1 and (j["status"], j["provider"], j["pushes"]) == (400, None, []), j
        assert j["answer"]["error"] == "malformed", j
        result = ctl(webhookd, "test-payload", "-", "-H", stdin=b"{}")
        assert result.returncode == 2, result
        result = ctl(webhookd, "test-payload", "-", "--header=nothing", stdin=b"{}")
        assert result.returncode == 2 and b"--header= wants" in result.stderr, result
        result = ctl(webhookd, "test-payload", "/nonexistent")
        assert result.returncode == 1 and b"Cannot open '/nonexistent'" in result.stderr, result
        result = ctl(webhookd, "test-payload", "-", stdin=b" " * (1024 * 1024 + 1))
        assert result.returncode == 1 and b"413" in result.stderr, result
        assert ctl(webhookd, "test-payload", "-", stdin=b" " * (1024 * 1024)).returncode == 1
        assert ctl(webhookd, "test-payload", "--hook=nobody", "-", stdin=b"{}").returncode == 4


def test_ctl_takes_headers_from_a_file():
    body = b'{"image":"a.example/shop:v1"}'
    with signing("required", KEY) as webhookd, tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "headers"
        for text, code in ((f"X-Gitlab-Token: {KEY}\r\n\nX-Other: x\n", 0), (f"X-Gitlab-Token:\t{KEY} ", 0), ("X-Gitlab-Token: x", 1)):
            path.write_text(text, encoding="ascii")
            result = ctl(webhookd, "test-payload", "-", f"--header=@{path}", stdin=body)
            assert result.returncode == code, result
        body_type = ctl(webhookd, "test-payload", "-", f"--header=@{path}", "--header=content-TYPE: text/plain", stdin=body)
        assert body_type.returncode == 1, body_type


def test_ctl_checks_the_signature_of_a_form_over_its_json():
    headers, body = senders.read("gitea/form")
    mac = hmac.new(KEY.encode(), proofs.form_json(body), hashlib.sha256).hexdigest()
    with signing("required", KEY) as webhookd:
        result = ctl(webhookd, "test-payload", "-", f"--header=X-Gitea-Signature: {mac}",
                     *[f"--header={header}" for header in headers], stdin=body)
        assert result.returncode == 0 and b"202, from gitea, signature right" in result.stdout, result


if __name__ == "__main__":
    tap.main()
