# SPDX-License-Identifier: MIT
"""The test's side of the fake engine, which is the process of fake_daemon.py: starts it, and says what it has and does."""
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading

from process import is_alive
from waiting import wait_for

PROGRAM = os.path.join(os.path.dirname(__file__), "fake_daemon.py")


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Nursery:
    """The process of fake_daemon.py, from the first engine on that is wanted of it."""

    def __init__(self):
        self.process, self.guard = None, threading.Lock()

    def bear(self, *words):
        """Returns the process id of an engine, which listens."""
        with self.guard:
            if not self.process:
                # Without what is installed beside the standard library, which can take longer to load than all of this.
                self.process = subprocess.Popen([sys.executable, "-S", PROGRAM], stdin=subprocess.PIPE,
                                                stdout=subprocess.PIPE, text=True)
            self.process.stdin.write(json.dumps(words) + "\n")
            self.process.stdin.flush()
            pid = int(self.process.stdout.readline() or 0)
        if not pid:
            raise AssertionError("the fake engine does not start")
        return pid


nursery = Nursery()


class FakeEngine:
    """The process and its control. Digests are made of a word, so that equal words are equal images."""

    def __init__(self, directory, flavour="docker", start=True):
        self.flavour = flavour
        self.socket = os.path.join(directory, "engine.sock")
        self.control_socket = os.path.join(directory, "control.sock")
        self.log_path = os.path.join(directory, "engine.log")
        self.pid = None
        if start:
            self.start()

    def start(self):
        self.pid = nursery.bear(self.flavour, self.socket, self.control_socket, self.log_path)

    def kill(self):
        """As the kernel would that is out of memory: its sockets stay behind."""
        os.kill(self.pid, signal.SIGKILL)
        wait_for("the engine is gone", lambda: not is_alive(self.pid))
        self.pid = None

    def stop(self):
        if self.pid:
            self.kill()
            for path in (self.socket, self.control_socket):
                if os.path.exists(path):
                    os.unlink(path)

    def request(self, method, path, body=None, to=None):
        """status, and the answer where it is JSON"""
        connection = Connection(to or self.socket)
        try:
            connection.request(method, path, json.dumps(body))
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(data) if data[:1] in (b"{", b"[") and b"\r\n" not in data else data

    def control(self, what, value=None):
        status, answer = self.request("PUT", f"/_control/{what}", value, self.control_socket)
        assert status == 200, answer
        return answer

    @staticmethod
    def digest(word):
        return "sha256:" + hashlib.sha256(word.encode()).hexdigest()

    def push(self, repository, tag, word=None, ports=("8080/tcp",), healthcheck=False, labels=None, volumes=(),
             how="push", **behaviour):
        """Puts an image into the registry; `behaviour` is what its containers do. Returns the digest."""
        digest = self.digest(word or f"{repository}:{tag}")
        self.control(how, {"repository": repository, "tag": tag, "digest": digest,
                           "image": {"ports": ports, "healthcheck": healthcheck, "labels": labels or {}, "volumes": volumes,
                                     "behaviour": {key.replace("_", "-"): v for key, v in behaviour.items()}}})
        return digest

    def build(self, repository, tag, **more):
        """The same of an image that is made here, and in no registry."""
        return self.push(repository, tag, how="build", **more)

    def fault(self, method, path, kind, times=1, **more):
        """The next `times` requests that match fail; -1: all."""
        self.control("fault", {"method": method, "path": path, "kind": kind, "times": times, **more})

    def requests(self):
        return self.control("state")["requests"]

    def logins(self):
        """Who asked a registry, as the header says it in base64url, or None."""
        return self.control("state")["logins"]

    def containers(self):
        """name → what inspecting it says"""
        return {c["Name"]: c for c in self.control("state")["containers"]}

    def names(self):
        return sorted(self.containers())
