#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Every sender's bodies over HTTP to the real webhookd, and what a second copy of a delivery becomes. The deployer is not there:
deploys stay in the queue.

usage: test_senders.py [TEST], with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import json
import os
import pathlib
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import proofs  # noqa: E402
import registry  # noqa: E402
import senders  # noqa: E402
import tap  # noqa: E402  pylint: disable=wrong-import-position
from waiting import wait_for  # noqa: E402
from webhook_host import ROOT, Host  # noqa: E402

KEY = "correct horse battery staple"
# A whole header, as registries are told to send it.
TOKEN = "Bearer sesame"

# Of each sender: bodies of tagged pushes, of untagged ones, of what is no push, and of those that are nothing.
SENDERS = {
    "acr": (["tagged", "without-header"], ["untagged"], ["ping", "delete", "chart", "without-host"], ["malformed"]),
    "aliyun": (["tagged", "region"], ["untagged"], [], ["malformed"]),
    "cloudevents": ([], [], ["unknown", "binary"], ["malformed"]),
    "distribution": (["tagged", "index", "many-tags", "without-type"], ["untagged"],
                     ["pull", "delete", "mount", "never-seen", "empty", "from-inside", "chart"], ["malformed"]),
    # No tag is "latest" there, and what a person writes wrong is told.
    "generic": (["tagged", "digest", "beside", "list", "name"], [], ["foreign"], ["malformed", "two-tags", "short-name"]),
    "docker-hub": (["tagged", "official"], ["untagged", "attached"], ["chart"], ["malformed"]),
    "ecr": (["tagged", "china", "bridge", "subject", "subject-binary"], ["untagged", "subject-untagged"],
            ["delete", "bridge-delete", "bridge-failure", "chart", "bridge-chart"], ["malformed"]),
    "event-grid": (["tagged", "without-header", "cloudevent"], ["untagged"], ["delete", "chart"], ["malformed"]),
    "forgejo": (["tagged", "form"], ["untagged"], ["delete", "npm", "push-of-commits"], ["malformed"]),
    "gitea": (["tagged", "form"], ["untagged"], ["delete", "npm", "push-of-commits"], ["malformed"]),
    "github": (["tagged", "registry-package", "updated-old-type", "no-url", "without-header"],
               ["untagged", "digest-as-tag"], ["ping", "delete", "npm", "push-of-commits", "chart"], ["malformed"]),
    "gitlab": (["own-template"], [], ["pipeline", "system", "release"], ["malformed"]),
    "google": (["tagged", "envelope"], ["untagged"], ["delete", "envelope-delete", "envelope-foreign"], ["malformed"]),
    "harbor": (["tagged", "tagged-1", "two", "cloudevent", "cloudevent-binary"], ["untagged", "digest-as-tag"],
               ["pull", "delete", "delete-1", "scanned", "never-seen", "cloudevent-pull", "chart", "chart-pull", "chart-delete"], ["malformed"]),
    "jfrog": (["tagged", "bare"], ["untagged"], ["delete", "promoted", "artifact", "chart", "without-host"], ["malformed"]),
    "nexus": (["tagged", "updated", "without-header"], ["untagged"], ["delete", "purge", "npm", "asset"], ["malformed"]),
    "quay": (["tagged", "two", "object", "robot", "named-tags", "one-tag", "homepage"], ["untagged"], ["build"], ["malformed"]),
    "zot": (["tagged", "source", "structured", "own-prefix", "bare"], ["untagged"], ["delete", "lint", "repository", "chart"],
            ["malformed"]),
}
COLUMNS = ("tagged push", "untagged", "pull/delete/ping", "malformed")


def token(name):
    return lambda body: ([f"{name}: {TOKEN}"], [f"{name}: {TOKEN}x"])


def signed(*names):
    """The HMAC in each of the headers; wrong is that of another key, beside right ones."""
    def make(body, key):
        return [proofs.hub(body, key) if name == "X-Hub-Signature-256" else f"{name}: {proofs.mac(body, key)}" for name in names]
    return lambda body: (make(body, KEY), [*make(body, KEY)[1:], make(body, "another key")[0]])


def signed_form(*names):
    return lambda body: signed(*names)(proofs.form_json(body))


def standard(body):
    return proofs.standard(body, "msg_1"), proofs.standard(body, "msg_2", key=b"another key")


# Of each sender that can prove who it is: a body, by what, and what makes the headers of it, right and wrong.
PROOFS = {
    "acr": [("tagged", "Authorization", token("Authorization"))],
    "distribution": [("tagged", "Authorization", token("Authorization"))],
    "ecr": [("bridge", "Authorization", token("Authorization"))],
    "forgejo": [("tagged", "X-Forgejo-, X-Gitea-, X-Hub-Signature",
                 signed("X-Forgejo-Signature", "X-Gitea-Signature", "X-Hub-Signature-256")),
                ("form", "of the form's JSON", signed_form("X-Forgejo-Signature", "X-Gitea-Signature"))],
    "generic": [("tagged", "X-Hub-Signature-256", signed("X-Hub-Signature-256")), ("tagged", "webhook-signature", standard),
                ("tagged", "Authorization", token("Authorization"))],
    "gitea": [("tagged", "X-Gitea-, X-Hub-Signature", signed("X-Gitea-Signature", "X-Hub-Signature-256")),
              ("form", "of the form's JSON", signed_form("X-Gitea-Signature", "X-Hub-Signature-256"))],
    "github": [("tagged", "X-Hub-Signature-256", signed("X-Hub-Signature-256"))],
    "gitlab": [("own-template", "X-Gitlab-Token", token("X-Gitlab-Token"))],
    "harbor": [("tagged", "Authorization", token("Authorization")), ("cloudevent", "Authorization", token("Authorization"))],
    "jfrog": [("tagged", "Authorization", token("Authorization"))],
    "zot": [("tagged", "Authorization", token("Authorization"))],
}


def digest_of(answer):
    """The answer in a few words."""
    j = answer.json()
    if "error" in j:
        return f"{answer.status} {j['error']}"
    words = [d["image"].rpartition("/")[2].partition("@")[0] for d in j.get("deploys", [])]
    reasons = sorted({i["reason"] for i in j.get("ignored", [])})
    return f"{answer.status} {' '.join(words)}{' ' if words and reasons else ''}{'-' if reasons else ''}{' -'.join(reasons)}"


def rows(webhookd):
    return webhookd.call("ListDeploys", "ssu", "", "", 0)[0]


def check_row(sender, column, answer):
    """The promise of each column."""
    j = answer.json()
    if sender == "generic" and column == "malformed":
        assert answer.status == 400 and j["error"] == "malformed", (answer.status, j)
        return
    if column == "tagged push":
        assert answer.status == 202 and j["deploys"], (answer.status, j)
        return
    assert answer.status == 200 and j["deploys"] == [] and j["ignored"], (answer.status, j)
    for entry in j["ignored"]:
        assert set(entry) == {"image", "reason", "detail"} and entry["reason"] and entry["detail"], entry


def test_every_sender_is_understood_at_the_same_url():
    table = []
    with Host(senders.CONFIG) as webhookd:
        for sender, kinds in SENDERS.items():
            cells = []
            for column, names in zip(COLUMNS, kinds):
                seen = []
                for name in names:
                    # Of two bodies with the same id the second would be a redelivery.
                    answer = senders.post(webhookd, f"{sender}/{name}", f"Idempotency-Key: {sender} {name}")
                    check_row(sender, column, answer)
                    seen.append(digest_of(answer))
                cells.append("; ".join(dict.fromkeys(seen)) or "(none)")
            table.append((sender, cells))
        rejected = re.findall(r"refused with (\d+)", webhookd.log())
        assert set(rejected) <= {"400"}, webhookd.log()
    table = [(sender, cells + proof_cells(sender)) for sender, cells in table]
    tap.note(" | ".join(("sender", *COLUMNS, "signed right", "signed wrong")))
    for sender, cells in table:
        tap.note(" | ".join((sender, *cells)))


def proof_cells(sender):
    """What right and wrong proofs are answered where one is required, and none; the hook knows all the keys."""
    if sender not in PROOFS:
        return ["(cannot sign)", "(cannot sign)"]
    cells = ([], [])
    with Host(senders.CONFIG + "Signature=required\n", start=False) as webhookd:
        webhookd.credential("signing-key", f"{KEY}\n{TOKEN}\n{proofs.STANDARD_KEY}\n")
        webhookd.start()
        for i, (name, how, make) in enumerate(PROOFS[sender]):
            for cell, headers, status in zip(cells, make(senders.read(f"{sender}/{name}")[1]), (202, 401)):
                answer = senders.post(webhookd, f"{sender}/{name}", f"Idempotency-Key: {sender} {i}", *headers)
                assert answer.status == status, (sender, how, answer.status, answer.body)
                cell.append(f"{answer.status} {how}")
            assert senders.post(webhookd, f"{sender}/{name}").status == 401, "unsigned"
        assert all(len(projects) >= 1 for projects in webhookd.call("ListProjects"))
    return ["; ".join(cell) for cell in cells]


def notifications(webhookd):
    """The lines of config.yml that the page has, for this receiver."""
    page = (pathlib.Path(ROOT) / "docs/senders.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```yaml\n(notifications:\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return block.replace("https://deploy.example.com/api/webhook/…", f"http://127.0.0.1:{webhookd.port}{webhookd.path()}").replace(
        "Bearer …", TOKEN)


def push_and_pull(webhookd, lines):
    """What the log of the receiver says after a push, a pull and a push; the registry tells in order."""
    with registry.Registry(os.path.dirname(webhookd.state), lines) as there:
        digests = [there.push("acme/shop", "v1", "one")]
        there.pull("acme/shop", "v1")
        digests.append(there.push("acme/shop", "v2", "two"))
        wait_for("both pushes", lambda: len(rows(webhookd)) == 2)
        assert [row[3] for row in rows(webhookd)] == [
            f"{there.host}/acme/shop:{tag}@{digest}" for tag, digest in (("v2", digests[1]), ("v1", digests[0]))], rows(webhookd)
    return webhookd.log()


def test_distribution_registry_that_is_set_up_as_the_page_says_calls_for_tags_alone():
    for ignored in (True, False):
        with Host("Signature=required\n", start=False) as webhookd:
            webhookd.credential("signing-key", f"{TOKEN}\n")
            webhookd.start()
            lines = notifications(webhookd)
            assert "      ignore:\n" in lines
            log = push_and_pull(webhookd, lines if ignored else lines.partition("      ignore:")[0])
            for reason in ("pull", "not-a-manifest"):
                assert (f"Delivery ignored: {reason}: " in log) != ignored, log
            assert "DELIVERY_REJECTED" not in log, log


def test_invalid_json_is_400_from_every_sender():
    with Host(senders.CONFIG) as webhookd:
        for sender, kinds in SENDERS.items():
            name = next(names[0] for names in kinds if names)
            headers, body = senders.read(f"{sender}/{name}")
            answer = webhookd.request("POST", None, body[:-4], headers)
            assert answer.status == 400 and answer.json()["error"] == "malformed", (sender, answer.status, answer.body)
        assert rows(webhookd) == []


def test_what_is_ignored_is_in_the_journal_with_its_reason_and_sender():
    with Host(senders.CONFIG) as webhookd:
        senders.post(webhookd, "github/ping")
        senders.post(webhookd, "distribution/pull")
        log = webhookd.log()
        assert "Delivery ignored: ping: " in log and "TINYFORGE_PROVIDER=github" in log, log
        assert "Delivery ignored: pull: " in log and "TINYFORGE_PROVIDER=distribution" in log, log
        assert "TINYFORGE_IMAGE=registry.example.com:5000/acme/shop" in log, log
        assert webhookd.path().rpartition("/")[2] not in log


def test_pseudo_host_without_an_alias_says_what_to_configure():
    with Host() as webhookd:
        answer = senders.post(webhookd, "nexus/tagged")
        [entry] = answer.json()["ignored"]
        assert (answer.status, entry["reason"]) == (200, "no-host-alias") and "HostAliases=nexus=" in entry["detail"], entry
        assert "HostAliases=nexus=" in webhookd.log(), webhookd.log()


def test_event_grid_is_told_that_it_may_call_by_its_event_and_by_options():
    with Host() as webhookd:
        answer = senders.post(webhookd, "event-grid/validation")
        assert (answer.status, answer.json()) == (200, {"validationResponse": "b1946ac9-2ad2-4f0a-8f3e-0123456789ab"}), answer.body
        asks = ["WebHook-Request-Origin: events.example.com", "WebHook-Request-Rate: 120"]
        answer = webhookd.request("OPTIONS", None, b"", asks)
        assert answer.status == 200, answer.status
        assert {name: answer.header(name) for name in ("Allow", "WebHook-Allowed-Origin", "WebHook-Allowed-Rate")} == {
            "Allow": "POST", "WebHook-Allowed-Origin": "events.example.com", "WebHook-Allowed-Rate": "*"}
        # A stranger is told nothing, not even that.
        stranger = webhookd.request("OPTIONS", "/api/webhook/x", b"", asks)
        assert (stranger.status, stranger.header("WebHook-Allowed-Origin")) == (404, None), stranger.status
        assert webhookd.request("OPTIONS").status == 405


def test_wrong_alias_is_refused_at_the_start_with_file_and_line():
    host = Host(start=False)
    with host as webhookd:
        webhookd.configure("AutoCreate=yes\nHostAliases=registry\n")
        try:
            webhookd.start()
            raise AssertionError("it started")
        except AssertionError as error:
            assert "status 1" in str(error), error
        assert f"{webhookd.config}:3: HostAliases= wants" in webhookd.log(), webhookd.log()
        webhookd.process = None


# A second copy of a delivery

def twice(webhookd, name, *headers):
    """Posts it twice, which is one deploy; returns the statuses."""
    answers = [senders.post(webhookd, name, *headers) for _ in range(2)]
    assert answers[0].json()["deploys"][0]["id"] == answers[1].json()["deploys"][0]["id"], answers[1].json()
    return [answer.status for answer in answers]


def test_redelivery_is_told_by_each_header_that_names_one():
    with Host(senders.CONFIG) as webhookd:
        for name, header in (("generic/tagged", "Idempotency-Key: build-7"), ("generic/tagged", "webhook-id: msg_7"),
                             ("github/tagged", "X-GitHub-Delivery: 7"), ("gitea/tagged", "X-Gitea-Delivery: 7"),
                             ("forgejo/tagged", "X-Forgejo-Delivery: 8"), ("harbor/cloudevent-binary", "ce-id: 7"),
                             ("nexus/tagged", "X-Nexus-Webhook-Delivery: 7")):
            assert twice(webhookd, name, header) == [202, 200], name


def test_redelivery_is_told_by_the_ids_in_the_body():
    with Host(senders.CONFIG) as webhookd:
        for name in ("distribution/tagged", "acr/tagged", "harbor/cloudevent", "ecr/tagged", "ecr/bridge", "event-grid/tagged", "google/envelope",
                     "zot/structured"):
            assert twice(webhookd, name) == [202, 200], name


def test_delivery_without_an_id_joins_what_waits():
    with Host(senders.CONFIG) as webhookd:
        for name in ("docker-hub/tagged", "quay/tagged", "harbor/tagged", "jfrog/tagged", "aliyun/tagged"):
            assert twice(webhookd, name) == [202, 202], name


def test_id_of_another_image_is_another_delivery():
    with Host(senders.CONFIG) as webhookd:
        key = ["Content-Type: application/json", "Idempotency-Key: build-7"]
        for image in ("a.example.com/shop:v1", "a.example.com/desk:v1"):
            assert webhookd.request("POST", None, json.dumps({"image": image}).encode(), key).status == 202
        assert len(rows(webhookd)) == 2


def test_id_that_is_of_no_use_is_left_away_from_a_registry_and_refused_from_a_person():
    with Host(senders.CONFIG) as webhookd:
        assert senders.post(webhookd, "github/tagged", "X-GitHub-Delivery: " + "x" * 256).status == 202
        assert senders.post(webhookd, "generic/tagged", "Idempotency-Key: " + "x" * 256).status == 400


def test_six_calls_of_docker_hub_are_one_deploy():
    with Host() as webhookd:
        answers = [senders.post(webhookd, "docker-hub/tagged") for _ in range(6)]
        assert [answer.status for answer in answers] == [202] * 6
        assert len(rows(webhookd)) == 1, rows(webhookd)


def test_body_with_more_images_than_the_limit_tells_which_were_left_out():
    body = json.dumps({"docker_url": "quay.example.com/acme/shop", "updated_tags": [f"v{i}" for i in range(70)]}).encode()
    with Host() as webhookd:
        answer = webhookd.request("POST", None, body, ["Content-Type: application/json"])
        assert answer.status == 202
        j = answer.json()
        assert len(j["deploys"]) == 64, len(j["deploys"])
        assert [(i["image"], i["reason"]) for i in j["ignored"]] == [
            (f"quay.example.com/acme/shop:v{i}", "too-many-images") for i in range(64, 70)], j["ignored"]


if __name__ == "__main__":
    tap.main()
