#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Who waits for the outcome of its deploy: GET of a deploy, wait= with either method, the limits of waiting, and its ends. Without a
deployer, where it is the receiver's part alone; the last tests and test_ci.py have whole deploys.

usage: test_outcome.py [TEST], with WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
import proofs  # noqa: E402
from asked import Asked  # noqa: E402
from test_whole import REPO, Forge  # noqa: E402
from waiting import wait_for  # noqa: E402
from webhook_host import Host, read_answer  # noqa: E402

NAME, PATH, INTERFACE = "org.tinyforge.Webhook1", "/org/tinyforge/Webhook1", "org.tinyforge.Webhook1.Manager"
IMAGE = "a.example/team/app:v1"
# Longer than any test waits for.
LONG = 600
MOST = 256
KEYS = {"watch", "id", "project", "stage", "image", "digest", "state", "phase", "progress", "reason", "attempts", "next_attempt",
        "queued_at", "started_at", "finished_at", "superseded_by", "path"}


def waiting(webhookd):
    return webhookd.bus.get_property(NAME, PATH, INTERFACE, "NWaiting")


def wait_until_waiting(webhookd, n):
    wait_for(f"{n} requests wait", lambda: waiting(webhookd) == n)


def deliver(webhookd, *images, wait=LONG, more="", path=None, **options):
    """A delivery of these images, whose sender waits."""
    body = json.dumps([{"image": image} for image in images] if len(images) > 1 else {"image": images[0]}).encode()
    return Asked(webhookd, "POST", f"{path or webhookd.path()}?wait={wait}{more}", body, **options)


def push(webhookd, image=IMAGE):
    """The number of its deploy, which stays in the queue where there is no deployer."""
    answer = webhookd.post(image)
    assert answer.status == 202, answer.body
    return answer.json()["deploys"][0]["id"]


def get(webhookd, number, query="", path=None, headers=()):
    return webhookd.request("GET", f"{path or webhookd.path()}/deploys/{number}{query}", headers=headers)


def cancel(webhookd, number):
    """Ends a deploy that no deployer takes."""
    wait_for("it is in the queue", lambda: webhookd.waits(number))
    webhookd.call("Cancel", "t", number)


# A deploy, shown

def test_path_of_an_answer_leads_to_the_deploy():
    with Host() as webhookd:
        [told] = webhookd.post(IMAGE).json()["deploys"]
        assert told["path"] == f"/deploys/{told['id']}", told
        answer = webhookd.request("GET", webhookd.path() + told["path"])
        assert (answer.status, answer.header("Cache-Control")) == (202, "no-store"), answer.headers
        deploy = answer.json()["deploy"]
        assert set(deploy) == KEYS and list(answer.json()) == ["deploy"], deploy
        assert (deploy["id"], deploy["project"], deploy["stage"], deploy["image"]) == (told["id"], "app", "dev", IMAGE), deploy
        secret = webhookd.path().rsplit("/", 1)[1]
        assert secret not in str(answer.headers) and secret.encode() not in answer.body
        wait_for("it waits for a deployer", lambda: webhookd.waits(told["id"]))
        deploy = get(webhookd, told["id"]).json()["deploy"]
        assert deploy["state"] == "queued" and deploy["attempts"] > 0 and deploy["next_attempt"] > deploy["queued_at"], deploy
        assert "deployer" in deploy["reason"], deploy


def test_what_a_hook_may_not_see_is_the_one_404():
    with Host() as webhookd:
        number = push(webhookd)
        other = webhookd.call("CreateHook", "sa{sv}", "blog", 1, "Images", "as", 1, "a.example/blog")[0]
        mine = webhookd.call("CreateHook", "sa{sv}", "app", 1, "Images", "as", 1, "a.example/team/*")[0]
        wrong = webhookd.request("GET", "/nowhere").comparable
        assert get(webhookd, number, path=mine).status == 202
        for path, what in ((other, number), (other, f"{number}?wait=5"), (mine, number + 1), (webhookd.path(), 0), (webhookd.path(), "x"),
                           (webhookd.path(), ""), (webhookd.path()[:-1] + "x", number), ("", number)):
            assert get(webhookd, what, path=path or "/api/webhook").comparable == wrong, (path, what)
        assert webhookd.request("POST", f"{mine}/deploys/{number}").status == 405
        assert webhookd.request("POST", f"{mine}/deploys/{number}").header("Allow") == "GET"
        assert webhookd.request("GET", mine).header("Allow") == "POST"
        cancel(webhookd, number)


def test_hook_that_requires_a_signature_asks_for_one_of_the_empty_body():
    key = "kneading dough"
    with Host(start=False) as webhookd:
        webhookd.credential("signing-key.shop", f"{key}\nBearer loaf\n")
        webhookd.start()
        path = webhookd.call("CreateHook", "sa{sv}", "shop", 2, "Images", "as", 1, "a.example/team/*", "Signature", "s", "required")[0]
        number = push(webhookd)
        for headers, wanted in (((), 401), ([proofs.hub(b"", "another")], 401), ([proofs.hub(b"{}", key)], 401), ([proofs.hub(b"", key)], 202),
                                (["Authorization: Bearer loaf"], 202), (["Authorization: Bearer oven"], 401)):
            assert get(webhookd, number, path=path, headers=headers).status == wanted, headers
        # Nothing of it is told before.
        assert get(webhookd, number, "?wait=abc", path=path).status == 401
        assert get(webhookd, number + 1, path=path).status == 401
        cancel(webhookd, number)


# Waiting

def test_wait_that_is_none_is_refused_and_says_what_is_wrong():
    with Host() as webhookd:
        number, body = push(webhookd), json.dumps({"image": IMAGE}).encode()
        for query in ("wait=abc", "wait=-1", "wait=901", "wait=", "wait", "wait=5&wait=5", "x=y&wait=1e2"):
            for answer in (get(webhookd, number, f"?{query}"), webhookd.request("POST", f"{webhookd.path()}?{query}", body)):
                assert answer.status == 400 and "wait" in answer.json()["detail"], (query, answer.body)
        assert len(webhookd.call("ListDeploys", "ssu", "", "", 0)[0]) == 1
        for query in ("await=abc", "x=y&z", "wait=0"):
            assert webhookd.request("POST", f"{webhookd.path()}?{query}", body).json()["deploys"][0]["id"] == number, query
            assert get(webhookd, number, f"?{query}").status == 202, query
        cancel(webhookd, number)


def test_outcome_wakes_everybody_who_waits_for_it_and_nobody_else():
    with Host() as webhookd:
        other = push(webhookd, "a.example/team/other:v1")
        bystander = Asked(webhookd, "GET", f"{webhookd.path()}/deploys/{other}?wait={LONG}")
        posted = deliver(webhookd, IMAGE)
        wait_until_waiting(webhookd, 2)
        number = next(row[0] for row in webhookd.call("ListDeploys", "ssu", "app", "dev", 0)[0])
        gets = [Asked(webhookd, "GET", f"{webhookd.path()}/deploys/{number}?wait={LONG}", unix=unix) for unix in (False, True)]
        wait_until_waiting(webhookd, 4)
        cancel(webhookd, number)
        for asked in gets:
            answer = asked.answer()
            assert answer.status == 424 and answer.json()["deploy"]["state"] == "cancelled", answer.body
            assert answer.json()["error"] == "deploy-failed" and f"deploy {number} of app/dev cancelled" in answer.json()["detail"]
            assert (answer.header("Connection"), answer.header("Cache-Control")) == ("close", "no-store"), answer.headers
        answer = posted.answer()
        [deploy] = answer.json()["deploys"]
        assert answer.status == 424 and set(deploy) == KEYS and deploy["id"] == number, answer.body
        wait_until_waiting(webhookd, 1)
        cancel(webhookd, other)
        assert bystander.answer().json()["deploy"]["id"] == other


def test_answer_comes_when_all_deploys_of_the_delivery_are_through():
    with Host() as webhookd:
        asked = deliver(webhookd, IMAGE, "a.example/team/other:v1", "a.example/team/third:v1")
        wait_until_waiting(webhookd, 1)
        numbers = sorted(row[0] for row in webhookd.call("ListDeploys", "ssu", "", "", 0)[0])
        push(webhookd, "a.example/team/app:v2")
        cancel(webhookd, numbers[1])
        asked.socket.settimeout(0.3)
        try:
            raise AssertionError(asked.socket.recv(1))
        except TimeoutError:
            asked.socket.settimeout(20)
        cancel(webhookd, numbers[2])
        answer = asked.answer()
        assert answer.status == 424 and [d["state"] for d in answer.json()["deploys"]] == ["superseded", "cancelled", "cancelled"], answer.body


def test_deploy_that_a_newer_push_put_aside_is_no_failure_and_is_said():
    with Host() as webhookd:
        asked = deliver(webhookd, IMAGE)
        wait_until_waiting(webhookd, 1)
        newer = push(webhookd, "a.example/team/app:v2")
        answer = asked.answer()
        [deploy] = answer.json()["deploys"]
        assert (answer.status, deploy["state"], deploy["superseded_by"]) == (200, "superseded", newer), answer.body


def test_deploy_of_which_nothing_is_left_was_put_aside_where_its_stage_is_there():
    with Host() as webhookd:
        push(webhookd)
        asked = [Asked(webhookd, "GET", "/") for _ in range(100)]
        for each in asked:
            assert read_answer(each.stream).status == 404
        path = webhookd.path()
        # All in one turn, in any order: most are put aside by the next, and the older of those forgotten before anybody is answered.
        webhookd.process.send_signal(signal.SIGSTOP)
        for number, each in enumerate(asked):
            each.ask("POST", f"{path}?wait=2", json.dumps({"image": f"a.example/team/app:new{number}"}).encode())
        webhookd.process.send_signal(signal.SIGCONT)
        answers = [each.answer() for each in asked]
        assert sorted(answer.status for answer in answers) == [200] * 99 + [202], [answer.body for answer in answers]
        deploys = [answer.json()["deploys"][0] for answer in answers if answer.status == 200]
        assert {deploy["state"] for deploy in deploys} == {"superseded"}, deploys
        forgotten = [deploy for deploy in deploys if deploy["reason"] == "later deploys took its place"]
        assert forgotten and {get(webhookd, deploy["id"]).status for deploy in forgotten} == {404}, deploys


def test_what_is_through_or_ignored_is_not_waited_for():
    with Host(config="AutoCreateMax=1\n") as webhookd:
        number = push(webhookd)
        cancel(webhookd, number)
        assert get(webhookd, number, f"?wait={LONG}").status == 424
        answer = deliver(webhookd, "a.example/team/second:v1").answer()
        assert (answer.status, answer.json()["deploys"]) == (200, []) and answer.json()["ignored"][0]["reason"] == "auto-create-limit"


def test_time_that_is_over_is_202_and_the_next_get_goes_on():
    with Host() as webhookd:
        answer = deliver(webhookd, IMAGE, wait=1).answer()
        [deploy] = answer.json()["deploys"]
        assert (answer.status, deploy["state"]) == (202, "queued"), answer.body
        asked = Asked(webhookd, "GET", f"{webhookd.path()}{deploy['path']}?wait={LONG}")
        wait_until_waiting(webhookd, 1)
        cancel(webhookd, deploy["id"])
        assert asked.answer().status == 424


def test_same_delivery_that_is_sent_again_waits_for_the_same_deploy():
    with Host() as webhookd:
        key = ["Idempotency-Key: 7"]
        first = deliver(webhookd, IMAGE, headers=key)
        wait_until_waiting(webhookd, 1)
        second = deliver(webhookd, IMAGE, headers=key)
        wait_until_waiting(webhookd, 2)
        [row] = webhookd.call("ListDeploys", "ssu", "", "", 0)[0]
        cancel(webhookd, row[0])
        assert [asked.answer().status for asked in (first, second)] == [424, 424]


def test_bare_call_can_wait_too():
    with Host() as webhookd:
        path = webhookd.call("CreateHook", "sa{sv}", "shop", 2, "Images", "as", 1, "a.example/team/app", "Bare", "b", "true")[0]
        cancel(webhookd, push(webhookd))
        for query in (f"tag=v2&wait={LONG}", f"wait={LONG}"):
            asked = Asked(webhookd, "POST", f"{path}?{query}")
            wait_until_waiting(webhookd, 1)
            row = webhookd.call("ListDeploys", "ssu", "", "", 1)[0][0]
            assert row[3] == "a.example/team/app:v2", row
            cancel(webhookd, row[0])
            assert asked.answer().json()["deploys"][0]["id"] == row[0]


# Ends

def test_client_that_goes_frees_its_place_and_one_that_ended_its_half_is_answered():
    with Host() as webhookd:
        number = push(webhookd)
        for unix in (False, True):
            asked = Asked(webhookd, "GET", f"{webhookd.path()}/deploys/{number}?wait={LONG}", unix=unix)
            wait_until_waiting(webhookd, 1)
            asked.close()
            wait_until_waiting(webhookd, 0)
            asked = Asked(webhookd, "GET", f"{webhookd.path()}/deploys/{number}?wait={LONG}", unix=unix)
            wait_until_waiting(webhookd, 1)
            asked.socket.shutdown(socket.SHUT_WR)
            assert asked.answer().status == 202
            wait_until_waiting(webhookd, 0)
        wait_for("their connections are gone", lambda: webhookd.n_connections() == 0)
        cancel(webhookd, number)


def test_request_that_follows_at_once_does_not_end_the_wait():
    with Host() as webhookd:
        number = push(webhookd)
        asked = Asked(webhookd, "GET", f"{webhookd.path()}/deploys/{number}?wait={LONG}")
        asked.socket.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until_waiting(webhookd, 1)
        cancel(webhookd, number)
        assert read_answer(asked.stream).status == 424
        assert asked.answer() is None


def test_stop_answers_who_waits_and_the_next_get_goes_on():
    with Host() as webhookd:
        number, path = push(webhookd), webhookd.path()
        asked = [Asked(webhookd, "GET", f"{path}/deploys/{number}?wait={LONG}"), deliver(webhookd, "a.example/team/other:v1")]
        wait_until_waiting(webhookd, 2)
        assert webhookd.stop() == 0
        assert [one.answer().status for one in asked] == [202, 202]
        webhookd.start()
        asked = Asked(webhookd, "GET", f"{path}/deploys/{number}?wait={LONG}")
        wait_until_waiting(webhookd, 1)
        cancel(webhookd, number)
        assert asked.answer().status == 424


def test_daemon_that_is_killed_ends_the_connection_and_the_next_get_goes_on():
    with Host() as webhookd:
        path, key = webhookd.path(), ["Idempotency-Key: 7"]
        asked = deliver(webhookd, IMAGE, headers=key)
        wait_until_waiting(webhookd, 1)
        webhookd.stop(signal.SIGKILL)
        assert asked.answer() is None
        webhookd.start()
        # As curl --retry does.
        again = deliver(webhookd, IMAGE, headers=key)
        asked = Asked(webhookd, "GET", f"{path}/deploys/1?wait={LONG}")
        wait_until_waiting(webhookd, 2)
        cancel(webhookd, 1)
        assert (again.answer().status, asked.answer().status) == (424, 424)


def test_daemon_is_not_idle_while_somebody_waits():
    with Host("IdleTimeoutSec=1\n") as webhookd:
        number = push(webhookd)
        asked = Asked(webhookd, "GET", f"{webhookd.path()}/deploys/{number}?wait=3")
        assert asked.answer().status == 202
        assert webhookd.process.poll() is None
        cancel(webhookd, number)


def test_store_that_is_damaged_meanwhile_ends_the_wait():
    with Host() as webhookd:
        number, path = push(webhookd), webhookd.path()
        asked = Asked(webhookd, "GET", f"{path}/deploys/{number}?wait={LONG}")
        wait_until_waiting(webhookd, 1)
        os.rename(os.path.join(webhookd.state, "tinyforge.db"), os.path.join(webhookd.state, "gone"))
        assert webhookd.post("a.example/team/other:v1", path).status == 503
        assert asked.answer().status == 503


# Limits

def kernel_says(webhookd, key):
    """A number of the process's status."""
    with open(f"/proc/{webhookd.process.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(f"{key}:"))


def test_as_many_wait_as_may_beyond_all_places_and_strangers_are_served():
    with Host("MaxConnections=16\n") as webhookd:
        number, path = push(webhookd), webhookd.path()
        asked = []
        # Those that have not asked yet take each other's places, as anybody's.
        while len(asked) < MOST:
            asked += [Asked(webhookd, "GET", f"{path}/deploys/{number}?wait={LONG}") for _ in range(8)]
            wait_until_waiting(webhookd, len(asked))
        # One more is told how it stands, and may ask again on the same connection.
        with webhookd.connect() as s:
            stream = s.makefile("rb")
            for _ in range(2):
                s.sendall(f"GET {path}/deploys/{number}?wait={LONG} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                answer = read_answer(stream)
                assert answer.status == 202 and answer.json()["deploy"]["state"] == "queued", answer.body
        # Strangers take places from each other and from nobody who waits.
        strangers = [webhookd.connect() for _ in range(40)]
        assert webhookd.request("GET", "/").status == 404
        assert webhookd.post("a.example/team/other:v1").status == 202
        assert waiting(webhookd) == MOST
        before = kernel_says(webhookd, "voluntary_ctxt_switches")
        time.sleep(3)
        after = kernel_says(webhookd, "voluntary_ctxt_switches")
        tap.note(f"{MOST} requests wait: {after - before} wake-ups in 3 s, {kernel_says(webhookd, 'VmRSS') // 1024} MiB")
        # Those that wait cost none each: there are timers of the daemon's own.
        assert after - before < MOST / 4
        for s in strangers:
            s.close()
        asked.pop().close()
        wait_until_waiting(webhookd, MOST - 1)
        asked.append(Asked(webhookd, "GET", f"{path}/deploys/{number}?wait={LONG}"))
        wait_until_waiting(webhookd, MOST)
        cancel(webhookd, number)
        assert [one.answer().status for one in asked] == [424] * MOST
        wait_until_waiting(webhookd, 0)


def test_request_that_takes_much_memory_is_answered_at_once():
    with Host() as webhookd:
        body = json.dumps({"image": IMAGE, "padding": "x" * 300000}).encode()
        answer = webhookd.request("POST", f"{webhookd.path()}?wait={LONG}", body)
        assert (answer.status, answer.json()["deploys"][0]["state"]) == (202, "queued"), answer.body


def test_waiting_is_told_with_the_metrics():
    with Host() as webhookd:
        asked = deliver(webhookd, IMAGE)
        wait_until_waiting(webhookd, 1)
        metrics = {row[0]: row[2] for row in webhookd.call("GetMetrics")[0]}
        assert metrics["tinyforge_waiting_requests"] == 1, metrics
        asked.close()
        wait_until_waiting(webhookd, 0)


# Whole deploys

def test_whole_deploy_is_told_with_its_phases_and_its_end():
    with Forge("HealthDeadlineSec=60\n") as forge:
        digest = forge.engine.push(REPO, "v1", healthcheck=True, after=2)
        asked = deliver(forge.webhookd, f"{REPO}:v1")
        deploy = wait_for("it runs", lambda: next((d for d in [get(forge.webhookd, 1).json().get("deploy", {})]
                                                   if d.get("phase") in ("started", "probing")), None))
        assert (deploy["state"], deploy["digest"], deploy["finished_at"]) == ("running", digest, None), deploy
        answer = asked.answer()
        [deploy] = answer.json()["deploys"]
        assert (answer.status, deploy["state"], deploy["phase"], deploy["progress"]) == (200, "succeeded", None, None), answer.body
        assert deploy["queued_at"] <= deploy["started_at"] <= deploy["finished_at"], deploy
        # It is on disk before anybody is told.
        assert forge.row(1)[0] == "succeeded"


def test_push_that_joins_a_deploy_waits_for_the_one_that_looks_once_more():
    with Forge("HealthDeadlineSec=60\n") as forge:
        forge.engine.push(REPO, "v1")
        forge.engine.fault("GET", "/distribution/", "hang-then-serve")
        assert forge.deliver(f"{REPO}:v1") == 1
        wait_for("the registry is asked", lambda: [r for r in forge.engine.requests() if "/distribution/" in r])
        asked = deliver(forge.webhookd, f"{REPO}:v1")
        wait_until_waiting(forge.webhookd, 1)
        forge.engine.control("release")
        answer = asked.answer()
        [deploy] = answer.json()["deploys"]
        assert (forge.row(1)[0], answer.status, deploy["id"], deploy["state"]) == ("succeeded", 200, 2, "unchanged"), answer.body


def test_version_that_does_not_come_up_is_424_with_its_last_lines():
    with Forge() as forge:
        forge.engine.push(REPO, "v1")
        assert deliver(forge.webhookd, f"{REPO}:v1").answer().status == 200
        forge.engine.push(REPO, "v2", exit=3, logs=["no such table: loaves"])
        answer = deliver(forge.webhookd, f"{REPO}:v2").answer()
        told = answer.json()
        assert answer.status == 424 and told["deploys"][0]["state"] == "rolled-back", answer.body
        assert "exited with status 3" in told["detail"] and "no such table: loaves" in told["detail"], told


def test_killed_daemons_in_the_middle_change_nothing_of_the_outcome():
    with Forge("HealthDeadlineSec=60\n") as forge:
        forge.engine.push(REPO, "v1", healthcheck=True, after=3)
        asked = deliver(forge.webhookd, f"{REPO}:v1")
        forge.wait_begun("shop", 1)
        forge.webhookd.stop(signal.SIGKILL)
        assert asked.answer() is None
        forge.webhookd.start()
        answer = get(forge.webhookd, 1, f"?wait={LONG}")
        assert (answer.status, answer.json()["deploy"]["state"]) == (200, "succeeded"), answer.body


if __name__ == "__main__":
    tap.main()
