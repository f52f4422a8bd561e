#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
A container engine that only pretends: a process of its own that speaks as much of the Engine API as the deployer needs, in
the manner of Docker or of Podman, on a unix socket. It keeps images, a registry and containers in memory, and fails on demand.

Each line on stdin, JSON of [flavour, SOCKET, CONTROL-SOCKET, LOG], is one more engine: a fork, which loads nothing any more. The
answer is its process id once it listens, or 0. What a test wants of it goes to the control socket, below /_control; see
FakeEngine in fake_engine.py, which is the test's side.
"""
import json
import os
import re
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import fake_network  # noqa: E402  pylint: disable=wrong-import-position
from fake_container import Container  # noqa: E402
from fake_death import Mortal  # noqa: E402
from fake_http import Handler, Server  # noqa: E402
from fake_images import Failure, image_id  # noqa: E402
from fake_routes import Routes  # noqa: E402

DOCKER = {"name": "docker", "product": "Docker", "api": "1.41", "min": "1.12", "version": "20.10.24", "clash": 409}
FLAVOURS = {
    "docker": DOCKER,
    "podman": {"name": "podman", "product": "Libpod", "api": "1.41", "libpod": "4.3.1", "min": "1.24", "version": "4.3.1",
               "clash": 500},
    # Docker as it was, as it is with a minimum that was raised, as it will be and as it may once be, and something else that
    # listens there.
    "ancient": {**DOCKER, "api": "1.40"},
    "modern": {**DOCKER, "api": "1.44", "min": "1.24", "version": "25.0.5"},
    "raised": {**DOCKER, "api": "1.52", "min": "1.44", "version": "29.0.0"},
    "newest": {**DOCKER, "api": "1.58", "min": "1.40", "version": "29.9.0"},
    "futuristic": {**DOCKER, "api": "1.70", "min": "1.60", "version": "35.0.0"},
    "anonymous": {**DOCKER, "api": None},
    # Behind a proxy that names itself.
    "covered": {**DOCKER, "server": "haproxy"},
}


class Engine(Mortal):
    def __init__(self, flavour, path):
        super().__init__()
        self.path, self.server = path, None
        self.flavour = FLAVOURS[flavour]
        self.flavour_name = self.flavour["name"]
        self.lock = threading.RLock()
        self.registry_down = False
        self.lacking = []     # names of networks that are not there
        self.registry = {}    # repository → {"tags": {tag: digest}, "images": {digest: image}}
        self.images = {}      # digest → image, of those that are here
        self.local = {}       # (repository, digest) → image
        self.local_tags = {}  # (repository, tag) → digest
        self.by_digest = set()  # (repository, digest) by which Podman pulled
        self.containers = []
        self.volumes = []
        self.network = fake_network.Network()
        self.faults = []
        self.requests = []
        self.logins = []  # what requests that ask a registry say of who they are
        self.bodies = []
        self.released = threading.Event()
        self.n_containers = 0
        self.runs = []  # of commands: which, and what was true of others of the same when it was started

    def listen(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = Server(self.path, Engines)
        threading.Thread(target=self.server.serve_forever, args=[0.02], daemon=True).start()

    # Containers

    def check_ports(self, container):
        """A fixed port is for one."""
        others = [(other, binding) for other in self.containers if other.running() and not other.removed
                  for _, binding in fake_network.bindings(other.body)]
        for _, wanted in fake_network.bindings(container.body):
            for other, binding in others:
                if other is container or not fake_network.overlap(wanted, binding):
                    continue
                address = f"{wanted['HostIp'] or '0.0.0.0'}:{wanted['HostPort']}"
                if self.flavour_name == "podman":
                    raise Failure(500, f"cannot listen on the TCP port: listen tcp4 {address}: bind: address already in use")
                raise Failure(500, "driver failed programming external connectivity on endpoint "
                              f"{container.name} ({container.id}): Bind for {address} failed: port is already allocated")

    def run_container(self, container):
        self.check_ports(container)
        if container.started and self.flavour_name != "podman":
            # A port of the engine's choice is another one each time.
            container.port += 1000
        container.started, container.stopped = time.time(), None
        container.signal_code, container.by_hand = 0, False
        if container.command():
            others = [c for c in self.containers if c is not container and c.command() == container.command()]
            self.runs.append({"command": container.command(), "name": container.name,
                              "again": any(c.ended_well() for c in others),
                              "beside": [c.name for c in self.containers if c is not container and c.command() and
                                         not c.removed and c.running()]})
        self.attach(container)

    def attach(self, container, again=False):
        """Gives it an address, where it is reached until it ends or is given another one."""
        container.attached += 1
        started, attached = container.started, container.attached
        container.address = self.network.attach(
            container.body, container.image,
            lambda: container.running() and container.started == started and container.attached == attached,
            again)

    def reach(self, container):
        """It is in a network again: with Docker, at another port of the engine's choice."""
        if self.flavour_name != "podman":
            container.port += 1000
        self.attach(container, again=True)

    # Names

    @staticmethod
    def split(name):
        """repository, tag or None, digest or None"""
        name, _, digest = name.partition("@")
        head, colon, tag = name.rpartition(":")
        if colon and "/" not in tag:
            return head, tag, digest or None
        return name, None, digest or None

    def find_image(self, name):
        repository, tag, digest = self.split(name)
        for known in self.images:
            if image_id(known) == name or image_id(known) == "sha256:" + name:
                return "", known, self.images[known]
        if digest and (repository, digest) not in self.local:
            raise Failure(404, f"No such image: {name}")
        digest = digest or self.local_tags.get((repository, tag or "latest"))
        image = self.images.get(digest)
        if image is None:
            raise Failure(404, f"No such image: {name}")
        return repository, digest, image

    def find_container(self, name):
        for container in self.containers:
            if not container.removed and name in (container.id, container.name):
                return container
        raise Failure(404, f"No such container: {name}")

    # Faults

    def take_fault(self, method, path, number):
        """The first fault that means this request, by its `number` since the last "forget" or "restore" where it has one."""
        with self.lock:
            for fault in self.faults:
                if fault["method"] in (method, "") and re.search(fault["path"], path) and \
                        fault.get("number", number) == number and fault.get("times", 1) != 0:
                    fault["times"] = fault.get("times", 1) - 1
                    return fault
        return None

    # What is told of it

    def versions(self):
        """The header lines that go with every answer."""
        return "".join(f"{key}: {value}\r\n" for key, value in (
            ("Api-Version", self.flavour["api"]), ("Libpod-Api-Version", self.flavour.get("libpod")),
            ("Server", self.flavour.get("server", f"{self.flavour['product']}/{self.flavour['version']} (linux)"))) if value)

    def state(self):
        """What a test sees."""
        return {
            "requests": self.requests, "volumes": self.volumes, "logins": self.logins,
            "bodies": self.bodies, "deaths": self.deaths, "runs": self.runs,
            "local": [f"{repository}@{digest}" for repository, digest in self.local],
            "tags": [f"{repository}:{tag}" for repository, tag in self.local_tags],
            "containers": [dict(c.inspect(), Name=c.name) for c in self.containers if not c.removed],
        }


class Engines(Routes, Handler):
    """Both sockets: what is asked of the engine, and, below /_control, what a test wants of it."""
    engine = None

    def serve(self):
        if self.path.startswith("/_control/"):
            try:
                self.control(self.path.removeprefix("/_control/"), json.loads(self.body or b"null"))
            except Failure as failure:
                self.json(failure.status, {"message": failure.message})
            return
        engine = self.engine
        with engine.lock:
            _, mark, query = self.target.partition("?")
            engine.requests.append(f"{self.command} {self.path}{mark}{query}")
            if "/distribution/" in self.path or self.path.endswith("/images/create"):
                engine.logins.append(self.login)
            fault = engine.take_fault(self.command, self.path, len(engine.requests))
        try:
            if fault and not self.fail(fault):
                return
            self.route(self.path, self.query, json.loads(self.body) if self.body else None, fault or {})
        except Failure as failure:
            self.json(failure.status, {"message": failure.message})
        except (BrokenPipeError, ConnectionResetError):
            pass
        if fault and fault.get("when") == "after":
            engine.strike(fault, self.connection)

    def fail(self, fault):
        """Does what the fault says; true where the request is to be served nevertheless."""
        kind = fault["kind"]
        if kind == "status":
            self.json(fault["status"], {"message": fault.get("message", "told to fail")})
        elif kind == "raw":
            self.raw(fault.get("status", 200), fault["data"].encode())
        elif kind == "huge":
            self.begin(200)
            block = b" " * 65536
            for _ in range(fault["bytes"] // len(block)):
                self.chunk(block)
            self.chunk(b"{}")
            self.wfile.write(b"0\r\n\r\n")
        elif kind == "drip":
            self.begin(200, 1000)
            for _ in range(1000):
                self.wfile.write(b" ")
                if self.engine.released.wait(0.1):
                    break
        elif kind == "cut":
            self.begin(200, 1000)
            self.wfile.write(b'{"Id": "half of an ans')
        elif kind == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif kind in ("hang", "hang-then-serve"):
            self.engine.released.wait(120)
            return kind == "hang-then-serve"
        elif kind == "serve-then-drop":
            self.wfile = open(os.devnull, "wb")  # pylint: disable=consider-using-with
            return True
        elif kind in ("kill", "die"):
            if fault["when"] == "after":
                self.wfile = open(os.devnull, "wb")  # pylint: disable=consider-using-with
                return True
            self.engine.strike(fault, self.connection)
        elif kind in ("stream-error", "stream-cut", "stream-garbage", "stream-silence", "stream-slow"):
            return True
        else:
            raise Failure(501, f"no such fault: {kind}")
        return False

    # The test's side

    def control(self, what, value):
        engine = self.engine
        with engine.lock:
            if what == "push":
                repository = engine.registry.setdefault(value["repository"], {"tags": {}, "images": {}})
                repository["images"][value["digest"]] = value["image"]
                if value.get("tag"):
                    repository["tags"][value["tag"]] = value["digest"]
            elif what == "build":
                # Here, and nowhere else: Podman gives it a digest of its repository nevertheless.
                engine.images[value["digest"]] = value["image"]
                engine.local_tags[(value["repository"], value["tag"])] = value["digest"]
                if engine.flavour_name == "podman":
                    engine.local[(value["repository"], value["digest"])] = value["image"]
            elif what == "fault":
                engine.faults.append(value)
            elif what == "release":
                engine.released.set()
            elif what == "forget":
                engine.faults.clear()
                engine.requests.clear()
                engine.deaths.clear()
            elif what == "registry":
                engine.registry_down = value["down"]
            elif what == "become":
                # Another version is installed over it, while its containers run on.
                engine.flavour = FLAVOURS[value]
                Engines.extra = engine.versions()
            elif what == "lack-networks":
                engine.lacking = value
            elif what == "snapshot":
                engine.snapshot(value)
            elif what == "restore":
                engine.restore(value)
            elif what == "revive":
                engine.revive()
            elif what == "restart":
                engine.die("stop")
                engine.revive()
            elif what == "exit":
                container = engine.find_container(value["name"])
                # Its restart policy, where that is wanted, starts it again once.
                again = {"revives": True, "after": container.age()} if value.get("revives") else {}
                container.image = dict(container.image, behaviour={"exit": value["code"], **again, "logs": value.get("logs", [])})
            elif what == "health":
                container = engine.find_container(value["name"])
                container.image = dict(container.image, behaviour={**container.behaviour, "health": value["health"]})
            elif what == "add":
                # A container that somebody else made.
                engine.n_containers += 1
                container = Container(engine.n_containers, value["name"], value["body"], value.get("image", {}),
                                      engine.flavour_name)
                engine.run_container(container)
                engine.containers.append(container)
                engine.volumes += container.volumes()
            elif what == "remove":
                engine.find_container(value["name"]).removed = True
            elif what == "detach":
                engine.find_container(value["name"]).address = ""
            elif what != "state":
                self.json(404, {"message": what})
                return
            self.json(200, engine.state() if what == "state" else {})


def serve(told, flavour, path, control, log):
    """The life of an engine, from the fork on; writes to `told` once it listens."""
    with open(log, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    Engines.engine = Engine(flavour, path)
    Engines.extra = Engines.engine.versions()
    server = Server(control, Engines)
    Engines.engine.listen()
    os.write(told, b"1")
    server.serve_forever()


def main():
    # Whoever is killed is gone; nobody asks how.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        listens, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            serve(told, *json.loads(line))
        os.close(told)
        print(pid if os.read(listens, 1) else 0, flush=True)
        os.close(listens)


if __name__ == "__main__":
    main()
