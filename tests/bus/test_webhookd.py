#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
webhookd, the real program, over HTTP and over a private bus. The deployer is not there: the bus does not know its name, so
that deploys stay in the queue.

usage: test_webhookd.py [TEST], with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from private_bus import BusError  # noqa: E402
from waiting import wait_for  # noqa: E402
from webhook_host import DEADLINE, PROGRAM, ROOT, Host, read_answer  # noqa: E402

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def deploys(webhookd):
    return webhookd.call("ListDeploys", "ssu", "", "", 0)[0]


def test_first_start_makes_a_secret_and_keeps_it():
    with Host() as webhookd:
        path = webhookd.path()
        assert re.fullmatch("/api/webhook/" + UUID, path), path
        assert webhookd.stop() == 0
        webhookd.start()
        assert webhookd.path() == path


def test_delivery_is_answered_202_and_creates_project_and_stage():
    with Host() as webhookd:
        answer = webhookd.post("registry.example/org/shop:v1")
        assert answer.status == 202, answer.body
        assert answer.header("Content-Type") == "application/json"
        deploy = answer.json()["deploys"][0]
        assert deploy == {"id": deploy["id"], "project": "shop", "stage": "dev", "state": "queued",
                          "image": "registry.example/org/shop:v1", "path": f"/deploys/{deploy['id']}"}, deploy
        projects = webhookd.call("ListProjects")[0]
        assert projects[0][:5] == ["shop", "registry.example/org/shop", "", 0, True], projects
        assert webhookd.call("ListStages", "s", "shop")[0] == [["dev", "*", True, 1]]
        assert webhookd.call("MatchImage", "s", "registry.example/org/shop:x") == ["shop", "dev", True]
        assert deploys(webhookd)[0][1:5] == ["shop", "dev", "registry.example/org/shop:v1", deploys(webhookd)[0][4]]


def test_refusals_without_the_secret_are_the_same_bytes():
    with Host() as webhookd:
        right = webhookd.path()
        wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
        seen = [webhookd.request(method, path, body).comparable
                for path in ("/", "/nothing", "/api/webhook/", wrong, wrong + "/", wrong + "?x", wrong.upper(), "/%61pi" + wrong[4:],
                             "/" + wrong, "http://test" + wrong, "http://test", "*", right + "x", "/api/../api" + right[4:])
                for method in ("POST", "GET", "PUT", "DELETE", "OPTIONS", "PATCH")
                for body in (b"", b'{"image":"a.example/b"}', b"not json")]
        assert all(s == seen[0] for s in seen), set(str(s) for s in seen)
        assert seen[0][0] == "HTTP/1.1 404 Not Found"
        assert deploys(webhookd) == []


def test_url_with_the_secret_is_served_however_it_is_written():
    with Host() as webhookd:
        right = webhookd.path()
        for path in (right + "/", right + "?x=1", right.replace("-", "%2D"), right.upper(), "/" + right, "http://test" + right):
            assert webhookd.post("a.example/b", path).status == 202, path


def test_regenerated_secret_kills_the_old_url_also_on_open_connections():
    with Host() as webhookd:
        old = webhookd.path()
        with webhookd.connect() as s:
            stream = s.makefile("rb")
            request = f"GET {old} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            s.sendall(request)
            assert read_answer(stream).status == 405
            new = webhookd.call("RegenerateSecret")[0]
            s.sendall(request)
            assert read_answer(stream).status == 404
        assert new != old and webhookd.path() == new
        assert webhookd.post("a.example/b", old).status == 404
        assert webhookd.post("a.example/b", new).status == 202
        assert webhookd.stop(signal.SIGKILL) == -signal.SIGKILL
        webhookd.start()
        assert webhookd.path() == new


def test_secret_is_in_no_log():
    with Host() as webhookd:
        secrets = [webhookd.path().rsplit("/", 1)[1]]
        webhookd.post("a.example/b")
        webhookd.request("GET", webhookd.path() + "x")
        secrets.append(webhookd.call("RegenerateSecret")[0].rsplit("/", 1)[1])
        webhookd.request("POST", None, b"{")
        webhookd.stop()
        log = webhookd.log()
        assert "SECRET_REGENERATED" in log and "TINYFORGE_CALLER_UID=0" in log, log
        for secret in secrets:
            assert secret not in log and secret.replace("-", "") not in log


def test_simultaneous_deliveries_of_a_new_image_create_one_project():
    with Host() as webhookd:
        path = webhookd.path()
        body = b'{"image":"a.example/new:1"}'
        request = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body)
        connections = [webhookd.connect() for _ in range(32)]
        for s in connections:
            s.sendall(request)
        answers = [read_answer(s.makefile("rb")) for s in connections]
        for s in connections:
            s.close()
        assert all(a.status == 202 for a in answers)
        assert len({a.json()["deploys"][0]["id"] for a in answers}) == 1
        assert [p[0] for p in webhookd.call("ListProjects")[0]] == ["new"]


def test_accepted_deliveries_survive_a_kill():
    with Host("AutoCreateMax=100000\nMaxQueued=100000\n") as webhookd:
        accepted = []

        def send(s, image):
            body = json.dumps({"image": image}).encode()
            s.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body))

        def read(stream):
            answer = read_answer(stream)
            if answer is None:
                return False
            assert answer.status == 202, (answer.status, answer.body)
            accepted.append(answer.json()["deploys"][0]["image"])
            return True

        for round_number in range(8):
            path = webhookd.path()
            connections = [webhookd.connect()]
            streams = [connections[0].makefile("rb")]
            # However slow the machine is, it dies after it has accepted some, and in the middle of others.
            for i in range(8):
                send(connections[0], f"a.example/r{round_number}-first-{i}")
            assert all(read(streams[0]) for _ in range(8))
            connections += [webhookd.connect() for _ in range(7)]
            streams += [s.makefile("rb") for s in connections[1:]]
            for i in range(6 + 4 * round_number):
                for k, s in enumerate(connections):
                    send(s, f"a.example/r{round_number}-{i}-{k}")
            # What was not accepted is still in the backlog, and for the next process.
            webhookd.stop(signal.SIGKILL)
            webhookd.start()
            for s, stream in zip(connections, streams):
                s.settimeout(0.5)
                try:
                    while read(stream):
                        pass
                except (OSError, StopIteration, ValueError, IndexError):
                    pass
                s.close()
            known = {f"{p[1]}" for p in webhookd.call("ListProjects")[0]}
            lost = [image for image in accepted if image not in known]
            assert not lost, lost
        tap.note(f"{len(accepted)} accepted deliveries, 8 kills, 0 lost")
        assert len(accepted) >= 64


def test_sigterm_answers_what_was_begun():
    with Host() as webhookd:
        path = webhookd.path()
        body = b'{"image":"a.example/late"}'
        with webhookd.connect() as half, webhookd.connect() as idle:
            half.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body[:7]))
            idle.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            idle_stream = idle.makefile("rb")
            assert read_answer(idle_stream).status == 405
            time.sleep(0.1)  # lets the half request arrive, which nothing shows from outside
            webhookd.process.send_signal(signal.SIGTERM)
            assert idle_stream.read(1) == b""
            assert webhookd.process.poll() is None
            half.sendall(body[7:])
            answer = read_answer(half.makefile("rb"))
            assert answer.status == 202, answer.status
            assert answer.header("Connection") == "close"
        assert webhookd.process.wait(DEADLINE) == 0
        webhookd.start()
        assert [p[0] for p in webhookd.call("ListProjects")[0]] == ["late"]


def test_idle_daemon_ends_and_the_backlog_waits_for_the_next():
    with Host() as webhookd:
        path = webhookd.path()
        webhookd.stop()
        webhookd.configure("IdleTimeoutSec=200ms\n")
        webhookd.start()
        assert webhookd.process.wait(DEADLINE) == 0
        with webhookd.connect() as s:
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            webhookd.start()
            assert read_answer(s.makefile("rb")).status == 405


def test_daemon_with_a_queue_is_not_idle():
    with Host() as webhookd:
        assert webhookd.post("a.example/b").status == 202
        webhookd.stop()
        webhookd.configure("IdleTimeoutSec=200ms\n")
        webhookd.start()
        time.sleep(1.0)  # five idle times
        assert webhookd.process.poll() is None


def test_no_request_is_lost_at_the_moment_of_the_idle_exit():
    with Host() as webhookd:
        path = webhookd.path()
        webhookd.stop()
        webhookd.configure("IdleTimeoutSec=5ms\n")
        webhookd.start()
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        answered, exits = 0, 0
        for _ in range(300):
            with webhookd.connect() as s:
                s.sendall(request)
                stream = s.makefile("rb")
                s.setblocking(False)
                end = time.monotonic() + 20
                while True:
                    assert time.monotonic() < end, "no answer"
                    if webhookd.process.poll() is not None:
                        assert webhookd.process.returncode == 0
                        exits += 1
                        webhookd.start()
                    try:
                        s.recv(1, socket.MSG_PEEK)
                        break
                    except BlockingIOError:
                        time.sleep(0.001)
                s.settimeout(20)
                assert read_answer(stream).status == 405
                stream.close()  # or the connection would stay open
                answered += 1
            time.sleep(0.004 + answered % 9 * 0.001)
        tap.note(f"{answered} requests answered across {exits} idle exits, 0 lost")
        assert answered == 300 and exits > 10


def test_full_queue_is_503_with_retry_after_and_accepts_nothing():
    with Host("MaxQueued=1\n") as webhookd:
        assert webhookd.post("a.example/one").status == 202
        wait_for("it waits for its next attempt", lambda: webhookd.waits(1))
        answer = webhookd.post("a.example/two")
        assert (answer.status, answer.header("Retry-After")) == (503, "30"), answer.status
        assert [p[0] for p in webhookd.call("ListProjects")[0]] == ["one"]


def test_disk_without_room_is_503_and_later_202():
    with Host(start=False) as webhookd:
        # So much that there is a first store, and not enough for all that comes.
        webhookd.start(["prlimit", f"--fsize={384 * 1024}:"])
        webhookd.call("GetWebhookPath")
        statuses = []
        for i in range(400):
            statuses.append(webhookd.post(f"a.example/image-with-a-name-{i % 90}:{'x' * 100}{i}").status)
            if statuses[-1] == 503:
                break
        assert statuses[-1] == 503 and set(statuses[:-1]) <= {202, 200}, statuses[-3:]
        assert webhookd.process.poll() is None
        for number in range(20):
            assert webhookd.post(f"a.example/more:{number}").status == 503
        told = [line for line in webhookd.log().splitlines() if "Cannot write to the store" in line or "Cannot commit" in line]
        assert 1 <= len(told) == len({line.split(":")[0] for line in told}), told
        before = webhookd.call("ListProjects")[0]
        subprocess.run(["prlimit", f"--pid={webhookd.process.pid}", "--fsize=unlimited:"], check=True)
        wait_for("room on the disk", lambda: webhookd.post("a.example/after:1").status == 202)
        assert len(webhookd.call("ListProjects")[0]) == len(before) + 1


def test_deployer_that_does_not_say_what_runs_is_told_of_once():
    with Host() as webhookd:
        for number in range(5):
            assert webhookd.post(f"a.example/n{number}:1").status == 202
            wait_for("the next attempt", lambda n=number + 1: webhookd.log().count("waits 5 s for its next attempt") >= n)
        assert webhookd.log().count("does not say what runs") == 1, webhookd.log()
        # No full stop: how many more there were may follow.
        assert "with the numbers of the store\n" in webhookd.log(), webhookd.log()


def test_redelivery_is_answered_200_with_its_row():
    with Host() as webhookd:
        first = webhookd.post("a.example/b:1", headers=["Idempotency-Key: abc"])
        again = webhookd.post("a.example/b:1", headers=["Idempotency-Key: abc"])
        assert (first.status, again.status) == (202, 200)
        assert first.json()["deploys"][0]["id"] == again.json()["deploys"][0]["id"]


def test_methods_refuse_what_does_not_exist_by_name():
    with Host() as webhookd:
        webhookd.post("a.example/b:1")
        for method, signature, arguments, expected in (
                ("ListStages", "s", ["nobody"], "no project 'nobody'"),
                ("ListStages", "s", ["../etc"], "name is"),
                ("MatchImage", "s", ["UPPER"], "Invalid image"),
                ("MatchImage", "s", ["c.example/none"], "No project has"),
                ("Deploy", "sss", ["b", "prod", "v1"], "no such stage"),
                ("Deploy", "sss", ["b", "dev", ""], "name a tag"),
                ("Deploy", "sss", ["b", "dev", "bad tag"], "no tag"),
                ("Deploy", "sss", ["b", "dev", "../x"], "no tag")):
            try:
                webhookd.call(method, signature, *arguments)
                raise AssertionError(f"{method}{arguments} was not refused")
            except BusError as error:
                assert expected in error.text, (method, error.text)


def test_deploy_by_hand_is_queued():
    with Host() as webhookd:
        webhookd.post("a.example/b:1")
        number = webhookd.call("Deploy", "sss", "b", "dev", "v2")[0]
        newest = deploys(webhookd)[0]
        assert newest[0] == number and newest[3] == "a.example/b:v2", newest
        assert deploys(webhookd)[1][4] in ("superseded", "running", "queued")


def refused(webhookd, expected, *call):
    try:
        webhookd.call(*call)
        raise AssertionError(f"{call} was not refused")
    except BusError as error:
        assert expected in error.text, (call, error.text)


def test_cancel_and_rollback_say_what_they_cannot_do():
    with Host() as webhookd:
        webhookd.post("a.example/b:1")
        refused(webhookd, "There is no deploy", "Cancel", "t", 99)
        refused(webhookd, "no other version", "Rollback", "ss", "b", "dev")
        refused(webhookd, "no such stage", "Rollback", "ss", "b", "prod")
        refused(webhookd, "There is no project", "Rollback", "ss", "nope", "dev")
        refused(webhookd, "Keep: there is no such option", "RollbackWithOptions", "ssa{sv}", "b", "dev", 1, "Keep", "b", "true")
        refused(webhookd, "Hold: has the type 'b'", "RollbackWithOptions", "ssa{sv}", "b", "dev", 1, "Hold", "s", "yes")


def test_cancelled_deploy_that_waits_is_through_at_once():
    with Host() as webhookd:
        webhookd.post("a.example/b:1")
        number = deploys(webhookd)[0][0]
        wait_for("it waits for its next attempt", lambda: deploys(webhookd)[0][4] == "queued")
        webhookd.call("Cancel", "t", number)
        assert deploys(webhookd)[0][4:6] == ["cancelled", "cancelled by uid 0"], deploys(webhookd)
        refused(webhookd, "ended as cancelled", "Cancel", "t", number)


def test_strangers_may_read_and_nothing_else():
    if os.getuid() != 0:
        raise tap.Skip("needs root to become a stranger")
    with Host() as webhookd:
        os.chmod(os.path.dirname(webhookd.state), 0o755)
        stranger = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        manager = ("org.tinyforge.Webhook1", "/org/tinyforge/Webhook1", "org.tinyforge.Webhook1.Manager")
        assert webhookd.bus.call(*manager, "ListProjects", prefix=stranger) == [[]]
        for method, signature, arguments in (("GetWebhookPath", "", []), ("RegenerateSecret", "", []),
                                             ("Deploy", "sss", ["a", "b", "c"]), ("Rollback", "ss", ["a", "b"]),
                                             ("RollbackWithOptions", "ssa{sv}", ["a", "b", 0]), ("Cancel", "t", [1])):
            try:
                webhookd.bus.call(*manager, method, signature, *arguments, prefix=stranger)
                raise AssertionError(f"a stranger may call {method}")
            except BusError as error:
                assert "denied" in error.text.lower() or "Only root" in error.text or "not allowed" in error.text, error.text


def test_interface_is_what_the_description_says():
    def members(root):
        interface = next(i for i in root.iter("interface") if i.get("name") == "org.tinyforge.Webhook1.Manager")
        return {(m.tag, m.get("name"), m.get("type"), m.get("access"),
                 tuple((a.get("name"), a.get("type"), a.get("direction") or "out") for a in m.findall("arg")))
                for m in interface if m.tag in ("method", "signal", "property")}

    with Host() as webhookd:
        seen = members(ElementTree.fromstring(webhookd.bus.introspect("org.tinyforge.Webhook1", "/org/tinyforge/Webhook1")))
    wanted = members(ElementTree.parse(os.path.join(ROOT, "dbus", "org.tinyforge.Webhook1.xml")).getroot())
    assert seen == wanted, seen ^ wanted


def test_configuration_that_is_wrong_is_refused_with_file_and_line():
    with Host("MaxDeploys=many\n", start=False) as webhookd:
        result = subprocess.run([PROGRAM, f"--config={webhookd.config}"], capture_output=True, text=True, timeout=20,
                                check=False, env=dict(os.environ, STATE_DIRECTORY=webhookd.state))
        assert result.returncode == 1
        assert f"{webhookd.config}:2: MaxDeploys= wants" in result.stderr, result.stderr


def test_second_copy_on_the_same_store_is_refused():
    with Host() as webhookd:
        result = subprocess.run([PROGRAM, f"--config={webhookd.config}"], capture_output=True, text=True, timeout=60,
                                check=False, env=dict(os.environ, STATE_DIRECTORY=webhookd.state,
                                                      DBUS_SYSTEM_BUS_ADDRESS=webhookd.bus.address))
        assert result.returncode == 1, result.stderr
        assert webhookd.post("a.example/b").status == 202


if __name__ == "__main__":
    tap.main()
