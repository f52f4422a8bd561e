#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tinyforgectl status, the real program: what it has of its peers, and what it does not make up.

usage: test_ctl_status.py [TEST], with TINYFORGECTL= and FAKE_PEERS= the programs
"""
import contextlib
import grp
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from ctl_peers import ALL, PROGRAM, Peers, open_terminal  # noqa: E402

# What begins a page.
CLEAR = b"\x1b[H\x1b[J"


def test_status_fits_80_columns():
    with Peers(*ALL) as peers:
        lines = peers.run_on_terminal(80, "status", NO_COLOR="1").splitlines()
        assert max(len(line) for line in lines) <= 80, lines


def test_sentences_of_status_end_between_words_on_a_narrow_terminal():
    with Peers(*ALL) as peers:
        lines = peers.run_on_terminal(40, "status", NO_COLOR="1").splitlines()
        assert max(len(line) for line in lines) <= 40, lines


def watched(peers, rows, columns):
    """The first page of status --watch, without its colours."""
    leader, follower = open_terminal(rows, columns)
    environment = {key: value for key, value in peers.environment.items() if key != "COLUMNS"}
    with subprocess.Popen([PROGRAM, "status", "--watch"], stdout=follower, stderr=follower,
                          env=dict(environment, TERM="xterm", NO_COLOR="")) as process:
        os.close(follower)
        written = b""
        # The next one begins where this one is over.
        while written.count(CLEAR) < 2:
            written += os.read(leader, 65536)
        process.send_signal(signal.SIGINT)
        process.wait(20)
    os.close(leader)
    page = written.split(CLEAR)[1].decode("utf-8").replace("\r\n", "\n")
    return re.sub(r"\x1b\[[0-9;]*m", "", page)


def test_watched_status_keeps_its_beginning_on_a_small_terminal():
    with Peers(*ALL) as peers:
        whole = watched(peers, 100, 40)
        for rows in (8, 12, 16, 20):
            page = watched(peers, rows, 40)
            taken = sum(max(1, -(-len(line) // 40)) for line in page.splitlines())
            assert page and whole.startswith(page) and taken < rows, (rows, taken, page)


def test_status_tells_it_all():
    with Peers(*ALL) as peers:
        text = peers.run("status").stdout
        lines = text.splitlines()
        assert lines[1].split() == ["tinyforge-webhookd.socket", "active", "listening", "-", "-"], lines
        assert "starts on demand" in lines[2] and "not installed" in lines[3], lines
        assert "projects: 3, queued: 1, running: 1" in text and "Engine: docker 20.10.24, API 1.41, at /run/docker.sock" in text
        assert "999999999999 " in text and "2023-11-14 22:13:20" in text and text.endswith("3 instances listed.\n"), text
        assert peers.run().stdout == text, "without a verb"

        status = peers.json("status")
        assert list(status) == ["units", "webhookd", "engine", "allows_any_image", "waiting", "watched", "instances", "strays"]
        assert status["waiting"] == []
        assert status["units"][1] == {"unit": "tinyforge-webhookd.service", "load": "loaded", "active": "inactive",
                                      "sub": "dead", "since": None}
        assert status["webhookd"] == {"version": "7.0", "public_url": "https://deploy.example", "projects": 3,
                                      "store": "store", "queued": 1, "running": 1}
        assert status["engine"] == {"name": "docker", "version": "20.10.24", "api_version": "1.41",
                                    "socket": "/run/docker.sock", "sockets": [], "take_overs": None}
        assert len(status["instances"]) == 3 and status["strays"] == [] and "another engine" not in text
        assert status["allows_any_image"] is True
        assert "AllowImages=ghcr.io/acme/*" in text and "/etc/tinyforge/deployerd.conf" in text, text
        assert "It holds after: systemctl try-restart tinyforge-deployerd\n" in text, text


def test_status_tells_how_a_masked_socket_is_opened():
    with Peers("webhook", "deployer", "systemd-masked") as peers:
        result = peers.run("status")
        assert result.stdout.splitlines()[1].split() == ["tinyforge-webhookd.socket", "inactive", "dead", "-", "masked"], result.stdout
        assert "No socket is open, so no delivery arrives." in result.stderr, result.stderr
        # To enable one that is masked is refused.
        unit = "tinyforge-webhookd.socket"
        assert f"systemctl unmask {unit}, and systemctl enable --now {unit}\n" in result.stderr, result.stderr


def test_status_shows_what_it_has_and_never_invents_the_rest():
    with Peers("webhook", "systemd", "deployer-unreachable") as peers:
        result = peers.run("status", status=1)
        assert "projects: 3" in result.stdout and "Engine: none answers" in result.stdout
        assert "No engine answers" in result.stderr
        status = peers.json("status", status=1)
        assert status["engine"] == {"name": None, "version": None, "api_version": None, "socket": None, "sockets": [],
                                    "take_overs": None}
        assert status["instances"] is None and status["allows_any_image"] is False and "AllowImages=" not in result.stdout
    with Peers("systemd", "deployer") as peers:
        result = peers.run("status", status=1)
        assert "projects" not in result.stdout and "queued" not in result.stdout, "not known is not none"
        assert peers.json("status", status=1)["webhookd"] is None
    with Peers("webhook", "deployer") as peers:
        status = peers.json("status", status=1)
        assert status["units"] is None and status["webhookd"]["projects"] == 3
        told = peers.run("status", status=1).stderr
        assert "Does systemd run this host?" in told and "installed" not in told, told


def test_status_names_who_hangs_and_shows_the_rest_soon():
    # All at once: each of them takes as long as is waited for who hangs.
    hung = {
        "webhook": ("tinyforge-webhookd.service did not answer within 5 s", "systemctl restart tinyforge-webhookd.service",
                    "Engine: docker"),
        "deployer": ("tinyforge-deployerd.service did not answer within 5 s", "systemctl restart tinyforge-deployerd.service",
                     "projects: 3"),
        "systemd": ("init.scope did not answer within 5 s", "Try again in a moment", "projects: 3"),
        "deployer-stuck": ("The engine did not list its containers within 10 s", "docker.socket", "Engine: docker"),
    }
    with contextlib.ExitStack() as stack:
        started, runs = time.monotonic(), {}
        for role in hung:
            others = [other for other in ALL if other != role.partition("-")[0]]
            peers = stack.enter_context(Peers(*others, *([role] if "-" in role else [])))
            if "-" not in role:
                stack.enter_context(peers.hung(role))
            runs[role] = stack.enter_context(subprocess.Popen([PROGRAM, "status"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                                              text=True, env=peers.environment))
        for role, (sentence, advice, rest) in hung.items():
            stdout, stderr = runs[role].communicate(timeout=60)
            assert runs[role].returncode == 1 and rest in stdout, (role, stdout, stderr)
            first, second = stderr.splitlines()[:2]
            assert first == f"tinyforgectl: {sentence}" and advice in second, (role, stderr)
            assert stderr.count("tinyforgectl: ") == 1, "one fault, told once"
        assert time.monotonic() - started < 40, "before, it was a minute for each"


def test_status_tells_of_an_engine_that_is_too_new():
    with Peers("webhook", "systemd", "deployer-too-new") as peers:
        result = peers.run("status", status=1)
        assert "Engine: docker 35.0.0, none of whose API versions is known, at /run/docker.sock" in result.stdout, result.stdout
        assert "none answers" not in result.stdout and "no version of its API below 1.60" in result.stderr, result.stderr
        assert "newer tinyforge" in result.stderr and "DOCKER_MIN_API_VERSION" in result.stderr, result.stderr
        assert "oldest engine" not in result.stderr, result.stderr
        engine = peers.json("status", status=1)["engine"]
        assert (engine["name"], engine["version"], engine["api_version"]) == ("docker", "35.0.0", None), engine


def test_status_shows_what_is_left_in_another_engine():
    with Peers("webhook", "systemd", "deployer-unreachable") as peers:
        text = peers.run("status", status=1).stdout
        row = [line.split() for line in text.splitlines() if line.startswith("shop")][-1]
        assert row[:4] == ["shop", "dev", "6", "running"] and row[-2:] == ["podman", "/run/podman/podman.sock"], text
        assert "In another engine, where no deploy replaces them:" in text and "\x1b" not in text, text
        stray = peers.json("status", status=1)["strays"][0]
        assert list(stray) == ["project", "stage", "deploy", "state", "name", "engine", "socket", "digest", "container", "store"]
        assert stray["deploy"] == 6 and stray["container"] == "c6" and stray["digest"] == "sha256:6", stray


def test_status_marks_what_webhookd_does_not_know():
    with Peers(*ALL) as peers:
        for _ in range(8):
            peers.run("--no-wait", "deploy", "shop", "dev", "succeeded")
        lines = [line.split() for line in peers.run("status").stdout.splitlines() if line.startswith("shop")]
        assert [(line[2], line[-1]) for line in lines] == [("9", "unmanaged"), ("8", "-"), ("7", "unmanaged")], lines
        instances = peers.json("status")["instances"]
        assert [(row["deploy"], row["managed"]) for row in instances] == [(9, False), (8, True), (7, False)], instances
    with Peers("deployer", "systemd") as peers:
        instances = peers.json("status", status=1)["instances"]
        assert [row["managed"] for row in instances] == [None] * 3, "who does not answer says nothing"
        assert "unmanaged" not in peers.run("status", status=1).stdout


def test_status_takes_no_instance_of_another_store_for_its_own():
    with Peers("webhook-new", "deployer", "systemd") as peers:
        for _ in range(8):
            peers.run("--no-wait", "deploy", "shop", "dev", "succeeded")
        assert [row["managed"] for row in peers.json("status")["instances"]] == [False] * 3
        assert "tinyforgectl stage take-over PROJECT STAGE" in peers.run("status").stderr
    with Peers(*ALL) as peers:
        assert "take-over" not in peers.run("status").stderr, "those of its own store the next deploy replaces"


def test_status_does_not_doubt_what_webhookd_may_have_forgotten():
    with Peers("webhook-old", "deployer", "systemd") as peers:
        assert "unmanaged" not in peers.run("status").stdout
    with Peers("webhook-young", "deployer", "systemd") as peers:
        assert peers.run("status").stdout.count("unmanaged") == 3, "it forgot nothing yet"


def test_status_of_somebody_who_is_not_root_is_the_rest():
    with Peers("webhook", "deployer-shy", "systemd") as peers:
        result = peers.run("status")
        assert "projects: 3" in result.stdout and "Engine: docker" in result.stdout, result.stdout
        assert result.stdout.splitlines()[-1] == "Instances are shown to root, and to whom polkit allows it." and result.stderr == "", result
        status = peers.json("status")
        assert status["instances"] is None and status["strays"] is None


class Socket:
    """What the deployer tells of an engine's socket, which is there, in a group of its own."""

    def __init__(self, group):
        self.directory = tempfile.mkdtemp(prefix="tinyforge-test.")
        self.path = os.path.join(self.directory, "docker.sock")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        if os.getuid() == 0:
            os.chown(self.path, 0, group)
        self.group = str(os.stat(self.path).st_gid)
        with contextlib.suppress(KeyError):
            self.group = grp.getgrgid(os.stat(self.path).st_gid).gr_name

    def __enter__(self):
        os.environ["FAKE_ENGINE_SOCKET"] = self.path
        return self

    def __exit__(self, *_):
        del os.environ["FAKE_ENGINE_SOCKET"]
        self.socket.close()
        shutil.rmtree(self.directory)


def test_status_names_the_group_of_the_socket_that_the_engine_answers_at():
    with Socket(61003) as there, Peers(*ALL) as peers:
        result = peers.run("status")
        assert f", at {there.path} (group {there.group})\n" in result.stdout, result.stdout
        assert "usermod" not in result.stderr, result.stderr
        assert peers.json("status")["engine"]["sockets"] == [{"path": there.path, "group": there.group, "usable": True}]


def test_status_tells_that_the_deployer_has_not_the_group_of_a_socket():
    with Socket(61003) as there, Peers("webhook", "systemd", "deployer-unreachable") as peers:
        result = peers.run("status", status=1)
        assert f"Engine: none answers\n{there.path} (group {there.group}): the deployer may not use it\n" in result.stdout, result.stdout
        if os.getuid() == 0:
            assert (f"To let it in: usermod -aG {there.group} tinyforge-deployer, and systemctl restart tinyforge-deployerd.service"
                    in result.stderr), result.stderr
        assert peers.json("status", status=1)["engine"]["sockets"] == [{"path": there.path, "group": there.group, "usable": False}]
        os.remove(there.path)
        assert f"\n{there.path}: the deployer may not use it\n" in peers.run("status", status=1).stdout
        assert peers.json("status", status=1)["engine"]["sockets"][0]["group"] is None


def test_status_tells_nobody_to_put_the_deployer_into_the_group_root():
    if os.getuid() != 0:
        raise tap.Skip("needs root to give a socket away")
    with Socket(0), Peers("webhook", "systemd", "deployer-unreachable") as peers:
        result = peers.run("status", status=1)
        assert "usermod" not in result.stderr and "man tinyforge-deployerd" in result.stderr, result.stderr


def test_status_tells_whom_a_restart_will_do_for():
    if os.getuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        raise tap.Skip("needs root, and namespaces")
    with Socket(61003) as there, Peers("webhook", "systemd", "deployer-unreachable") as peers:
        for name, text in (("passwd", "tinyforge-deployer:x:61002:61002::/:/bin/false\n"), ("group", "docker:x:61003:tinyforge-deployer\n")):
            with open(os.path.join(there.directory, name), "w", encoding="ascii") as f:
                f.write(text)
        mounts = " && ".join(f"mount --bind {there.directory}/{name} /etc/{name}" for name in ("passwd", "group"))
        result = subprocess.run(["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh", os.environ["TINYFORGECTL"], "status"],
                                capture_output=True, text=True, timeout=60, check=False, env=peers.environment)
        assert f"{there.path} (group docker): the deployer may not use it" in result.stdout, result
        assert "has been put into the group docker since it was started: systemctl restart tinyforge-deployerd.service" in result.stderr, result


if __name__ == "__main__":
    tap.main()
