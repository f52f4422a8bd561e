#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Proofs of origin at the real webhookd: signed requests over HTTP, keys as systemd hands them over.

usage: test_hooks_signature.py [TEST], with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from waiting import wait_for  # noqa: E402
from webhook_host import PROGRAM, Host  # noqa: E402

KEY = "correct horse battery staple"
STANDARD_BYTES = bytes(range(32))
STANDARD_KEY = "whsec_" + base64.b64encode(STANDARD_BYTES).decode()
IMAGE = "a.example/app:1"


def body_of(image=IMAGE):
    return json.dumps({"image": image}).encode()


def hub(body, key=KEY):
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def standard(body, number="msg_1", when=None, key=STANDARD_BYTES, extra=""):
    when = str(int(time.time()) if when is None else when)
    mac = hmac.new(key, f"{number}.{when}.".encode() + body, hashlib.sha256).digest()
    return [f"webhook-id: {number}", f"webhook-timestamp: {when}",
            f"webhook-signature: {extra}v1,{base64.b64encode(mac).decode()}"]


def post(webhookd, headers=(), body=None, path=None):
    return webhookd.request("POST", path, body_of() if body is None else body, ["Content-Type: application/json", *headers])


def deploys(webhookd):
    return webhookd.call("ListDeploys", "ssu", "", "", 0)[0]


def signing(rule, *keys):
    """A host whose main hook has this rule and these keys."""
    host = Host(f"Signature={rule}\n" if rule else "", start=False)
    if keys:
        host.webhookd.credential("signing-key", "".join(key + "\n" for key in keys))
    host.webhookd.start()
    return host


def proofs(body):
    """(right, wrong) headers of every kind."""
    return [(f"X-Hub-Signature-256: sha256={hub(body)}", f"X-Hub-Signature-256: sha256={hub(body + b' ')}"),
            (f"X-Gitea-Signature: {hub(body)}", f"X-Gitea-Signature: {hub(body, 'other')}"),
            (f"X-Forgejo-Signature: {hub(body)}", f"X-Forgejo-Signature: {hub(body)[:-1]}"),
            (f"X-Gitlab-Token: {KEY}", f"X-Gitlab-Token: {KEY}x"),
            (f"Authorization: {KEY}", "Authorization: Basic YTpi")]


def test_each_rule_answers_right_wrong_and_absent_proofs_by_the_table():
    for rule, has_key, right, wrong, absent in (("none", True, 202, 202, 202), ("none", False, 202, 202, 202),
                                                ("optional", True, 202, 401, 202), ("optional", False, 202, 202, 202),
                                                ("required", True, 202, 401, 401), ("required", False, 401, 401, 401)):
        with signing(rule, *[KEY] * has_key) as webhookd:
            for i, (good, bad) in enumerate(proofs(body_of())):
                assert post(webhookd, [good]).status == right, (rule, has_key, good)
                assert post(webhookd, [bad]).status == wrong, (rule, has_key, bad)
                assert post(webhookd, [good, proofs(body_of())[i - 1][1]]).status == wrong, (rule, has_key, i)
            assert post(webhookd).status == absent, (rule, has_key)
            # What Gitea sends when it has no secret.
            assert post(webhookd, ["X-Gitea-Signature:", "X-Hub-Signature-256: sha256="]).status == absent


def test_rule_is_optional_unless_it_is_said():
    with signing(None, KEY) as webhookd:
        assert post(webhookd).status == 202
        assert post(webhookd, [f"X-Gitea-Signature: {hub(b'x')}"]).status == 401


def test_refusal_says_why_and_changes_nothing():
    with signing("required", KEY) as webhookd:
        absent, wrong = post(webhookd), post(webhookd, ["X-Gitlab-Token: no"])
        assert absent.json() == {"error": "unauthorized", "detail": "this hook requires a signature, and there is none"}
        assert wrong.json()["error"] == "unauthorized" and "wrong" in wrong.json()["detail"], wrong.body
        assert absent.header("WWW-Authenticate") == "Signature"
        assert deploys(webhookd) == [] and webhookd.call("ListProjects")[0] == []
        # What cannot be read is not looked at before it is known who sent it.
        assert post(webhookd, body=b"{ nonsense").status == 401
        assert post(webhookd, [f"X-Gitea-Signature: {hub(b'{ nonsense')}"], b"{ nonsense").status == 400
        assert webhookd.request("GET").status == 405


def test_bytes_are_signed_and_not_what_they_mean():
    with signing("required", KEY) as webhookd:
        body = b'{ "image" :\n"a.example/app:1"}'
        assert post(webhookd, [f"X-Hub-Signature-256: sha256={hub(body)}"], body).status == 202
        assert post(webhookd, [f"X-Hub-Signature-256: sha256={hub(body)}"], body_of()).status == 401


def test_chunked_body_is_signed_as_a_whole():
    with signing("required", KEY) as webhookd:
        body = body_of()
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:])) + b"0\r\n\r\n"
        head = (f"POST {webhookd.path()} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                f"X-Gitea-Signature: {hub(body)}\r\n\r\n").encode()
        assert webhookd.raw(head + chunks).status == 202


def test_old_and_new_key_are_good_side_by_side():
    with signing("required", "old key", "new key") as webhookd:
        for key, status in (("old key", 202), ("new key", 202), ("no key", 401)):
            assert post(webhookd, [f"X-Gitea-Signature: {hub(body_of(), key)}"]).status == status, key


def test_keys_are_read_at_the_start():
    with signing("required", "old key") as webhookd:
        webhookd.credential("signing-key", "new key\n")
        assert post(webhookd, [f"X-Gitea-Signature: {hub(body_of(), 'new key')}"]).status == 401
        webhookd.stop()
        webhookd.start()
        assert post(webhookd, [f"X-Gitea-Signature: {hub(body_of(), 'new key')}"]).status == 202


def test_hook_has_a_key_and_a_rule_of_its_own():
    with signing("optional", KEY) as webhookd:
        webhookd.credential("signing-key.shop", "key of the shop\n")
        path = webhookd.call("CreateHook", "sa{sv}", "shop", 1, "Signature", "s", "required")[0]
        own, other = f"X-Gitea-Signature: {hub(body_of(), 'key of the shop')}", f"X-Gitea-Signature: {hub(body_of())}"
        for _ in range(2):
            assert [post(webhookd, h, path=path).status for h in ([own], [other], [])] == [202, 401, 401]
            assert [post(webhookd, h).status for h in ([own], [other], [])] == [401, 202, 202]
            webhookd.stop()
            webhookd.start()


def test_hook_that_can_accept_nothing_is_told_at_the_start():
    with signing("required") as webhookd:
        webhookd.call("CreateHook", "sa{sv}", "shop", 1, "Signature", "s", "required")
        webhookd.stop()
        webhookd.start()
        for hook, credential in (("main", "signing-key"), ("shop", "signing-key.shop")):
            assert f"Hook '{hook}' accepts nothing: it requires a signature, and there is no credential '{credential}'" in \
                webhookd.log(), webhookd.log()
        assert "no key to check one with" in post(webhookd, [f"X-Gitlab-Token: {KEY}"]).json()["detail"]


def test_sha1_alone_is_refused_as_not_enough():
    with signing("required", KEY) as webhookd:
        for header in ("X-Hub-Signature: sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59", "X-Nexus-Webhook-Signature: 01dc10d0"):
            answer = post(webhookd, [header])
            assert answer.status == 401 and "SHA1, which is not enough" in answer.json()["detail"], answer.body
            assert post(webhookd, [header, f"X-Hub-Signature-256: sha256={hub(body_of()).upper()}"]).status == 202
            assert post(webhookd, [header, f"X-Hub-Signature-256: sha256={hub(b'other')}"]).status == 401


def test_key_file_as_an_editor_leaves_it_is_good():
    host = Host("Signature=required\n", start=False)
    with host as webhookd:
        webhookd.credential("signing-key", f"\ufeff{KEY} \r\n\r\n {STANDARD_KEY.removeprefix('whsec_')}\t\r\n")
        webhookd.start()
        assert post(webhookd, [f"X-Gitea-Signature: {hub(body_of())}"]).status == 202
        assert post(webhookd, standard(body_of(), "m1")).status == 202


def test_svix_and_commas_are_standard_webhooks_too():
    with signing("required", STANDARD_KEY) as webhookd:
        svix = [header.replace("webhook-", "svix-") for header in standard(body_of(), "m1")]
        assert [post(webhookd, svix).status for _ in range(2)] == [202, 200]
        headers = standard(body_of(), "m2")
        headers[2] = headers[2].replace("v1,", "v1,AAAA,v1,")
        assert post(webhookd, headers).status == 202
        # The id is used up under either name.
        assert post(webhookd, standard(body_of(), "m1")).status == 200


def test_credential_that_is_no_list_of_keys_ends_the_start():
    for text, line in (("", 0), ("\n\n", 0), ("whsec_?\n", 1), ("x" * 512 + "\n", 1), ("k\n" * 9, 9), ("ok\n\nAuthorization: a b\n", 3)):
        with Host(start=False) as webhookd:
            webhookd.credential("signing-key", text)
            result = subprocess.run([PROGRAM, f"--config={webhookd.config}"], capture_output=True, text=True, timeout=20,
                                    check=False, env=dict(os.environ, STATE_DIRECTORY=webhookd.state,
                                                          CREDENTIALS_DIRECTORY=webhookd.credentials,
                                                          DBUS_SYSTEM_BUS_ADDRESS=webhookd.bus.address))
            assert result.returncode == 1 and f"Credential 'signing-key' refused{f', line {line}' if line else ''}: " in result.stderr, result
            assert not text.strip() or text.strip() not in result.stderr


def test_standard_webhooks_tolerates_five_minutes_and_asks_for_all_three_headers():
    with signing("required", STANDARD_KEY) as webhookd:
        now = int(time.time())
        for i, (off, status) in enumerate(((0, 202), (-290, 202), (290, 202), (-310, 401), (310, 401))):
            assert post(webhookd, standard(body_of(), f"m{i}", now + off)).status == status, off
        headers = standard(body_of(), "m-left")
        for left_out in range(3):
            assert post(webhookd, [h for i, h in enumerate(headers) if i != left_out]).status == 401
        assert post(webhookd, standard(body_of(), "dot.ted")).status == 401
        assert post(webhookd, standard(body_of(), "m-key", key=b"other")).status == 401
        assert post(webhookd, standard(body_of(), "m-old", extra="v1,AAAA v1a,BBBB ")).status == 202
        assert post(webhookd, [*standard(body_of(), "m-two"), "webhook-id: m-three"]).status == 401


def row_of(webhookd, number):
    return next(row for row in deploys(webhookd) if row[0] == number)


def test_standard_id_is_never_accepted_twice_not_even_after_a_failure():
    with signing("required", STANDARD_KEY) as webhookd:
        headers = standard(body_of(), "once")
        first = post(webhookd, headers)
        assert first.status == 202
        number = first.json()["deploys"][0]["id"]
        again = post(webhookd, headers)
        assert again.status == 200 and again.json()["deploys"][0]["id"] == number, again.body
        # A new attempt of the sender: the same id, signed at another time.
        assert post(webhookd, standard(body_of(), "once", int(time.time()) - 5)).json()["deploys"][0]["id"] == number
        webhookd.call("Cancel", "t", number)
        assert row_of(webhookd, number)[4] == "cancelled"
        again = post(webhookd, headers)
        assert again.status == 200 and again.json()["deploys"] == \
            [{"id": number, "project": "app", "stage": "dev", "image": IMAGE, "state": "cancelled", "path": f"/deploys/{number}"}], again.body
        webhookd.stop()
        webhookd.start()
        assert post(webhookd, headers).status == 200
        assert len(deploys(webhookd)) == 1
        # Without a signature that covers it, an id is one by which a redelivery may be asked for.
        assert post(webhookd, standard(body_of(), "twice")).status == 202


def test_standard_id_of_another_delivery_or_an_ignored_one_deploys_nothing():
    with signing("required", STANDARD_KEY) as webhookd:
        assert post(webhookd, standard(body_of(), "once")).status == 202
        other = body_of("a.example/other:1")
        answer = post(webhookd, standard(other, "once"), other)
        assert answer.status == 200 and answer.json() == {
            "deploys": [], "ignored": [{"image": "a.example/other:1", "reason": "delivered-before"}]}, answer.body
        assert [row[0] for row in webhookd.call("ListProjects")[0]] == ["app"]

        webhookd.stop()
        webhookd.configure("Signature=required\nAutoCreate=no\n")
        webhookd.start()
        headers = standard(other, "ignored")
        assert post(webhookd, headers, other).json()["ignored"][0]["reason"] == "auto-create-off"
        webhookd.stop()
        webhookd.configure("Signature=required\n")
        webhookd.start()
        assert post(webhookd, headers, other).json()["ignored"][0]["reason"] == "delivered-before"
        assert [row[0] for row in webhookd.call("ListProjects")[0]] == ["app"]
        # The same id through another hook is another delivery.
        webhookd.credential("signing-key.shop", STANDARD_KEY)
        path = webhookd.call("CreateHook", "sa{sv}", "shop", 0)[0]
        assert post(webhookd, headers, other, path).status == 202


def test_standard_id_of_what_was_not_accepted_is_still_good():
    with signing("required", STANDARD_KEY) as webhookd:
        broken = b'{"image": 7}'
        assert post(webhookd, standard(broken, "again"), broken).status == 400
        # After a start, all that wait are tried at once, and one that runs is not in the queue: of two, one is.
        assert post(webhookd, standard(body_of(), "again")).status == 202
        assert post(webhookd, standard(body_of("a.example/second:1"), "second"), body_of("a.example/second:1")).status == 202
        webhookd.stop()
        webhookd.configure("Signature=required\nMaxQueued=1\nMaxDeploys=1\n")
        webhookd.start()
        other = body_of("a.example/other:1")
        assert post(webhookd, standard(other, "full"), other).status == 503
        webhookd.stop()
        webhookd.configure("Signature=required\n")
        webhookd.start()
        assert post(webhookd, standard(other, "full"), other).status == 202


def test_unsigned_id_header_does_not_make_a_delivery_final():
    with signing("optional", KEY) as webhookd:
        headers = [f"X-Gitea-Signature: {hub(body_of())}", "webhook-id: n", "Idempotency-Key: n"]
        number = post(webhookd, headers).json()["deploys"][0]["id"]
        wait_for("the end of its first attempt", lambda: webhookd.waits(number))
        webhookd.call("Cancel", "t", number)
        assert post(webhookd, headers).status == 202


def test_keys_and_signatures_are_in_no_log():
    body = body_of()
    with signing("optional", KEY, STANDARD_KEY) as webhookd:
        sent = [proof for pair in proofs(body) for proof in pair]
        for header in sent:
            post(webhookd, [header])
        headers = standard(body, "logged")
        post(webhookd, headers)
        post(webhookd, headers)
        post(webhookd, standard(body, "old", 1))
        webhookd.stop()
        log = webhookd.log()
        assert "TINYFORGE_DELIVERY=logged" in log, log
        for text in (KEY, STANDARD_KEY, STANDARD_KEY[6:], STANDARD_BYTES.hex(), hub(body), KEY.encode().hex(),
                     base64.b64encode(KEY.encode()).decode(), hashlib.sha256(KEY.encode()).hexdigest(),
                     headers[2].rsplit(",", 1)[1]):
            assert text not in log, text
        with open(os.path.join(webhookd.state, "tinyforge.db"), "rb") as f:
            database = f.read()
        assert KEY.encode() not in database and STANDARD_BYTES not in database and STANDARD_KEY.encode() not in database


def test_configured_rule_that_is_none_is_refused_with_file_and_line():
    with Host("Signature=maybe\n", start=False) as webhookd:
        result = subprocess.run([PROGRAM, f"--config={webhookd.config}"], capture_output=True, text=True, timeout=20,
                                check=False, env=dict(os.environ, STATE_DIRECTORY=webhookd.state))
        assert result.returncode == 1 and f"{webhookd.config}:2: Signature= wants optional" in result.stderr, result.stderr


def test_id_that_was_used_to_look_at_a_deploy_makes_no_push_of_a_bare_hook():
    with Host(start=False) as webhookd:
        webhookd.credential("signing-key.shop", STANDARD_KEY + "\n")
        webhookd.start()
        options = ["Images", "as", 1, "a.example/app", "Bare", "b", "true", "Signature", "s", "required"]
        path = webhookd.call("CreateHook", "sa{sv}", "shop", 3, *options)[0]
        assert post(webhookd).status == 202
        seen = standard(b"", "m1")
        for _ in range(2):
            assert webhookd.request("GET", f"{path}/deploys/1", headers=seen).status == 202
        # Both are of an empty body: the signature is right for either.
        answer = webhookd.request("POST", f"{path}?tag=2", headers=seen)
        assert (answer.status, answer.json()["deploys"], answer.json()["ignored"][0]["reason"]) == (200, [], "delivered-before")
        assert webhookd.request("POST", f"{path}?tag=2", headers=standard(b"", "m2")).status == 202
        assert len(deploys(webhookd)) == 2, deploys(webhookd)


if __name__ == "__main__":
    tap.main()
