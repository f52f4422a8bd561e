#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
A container engine that only pretends: a process of its own that speaks as much of the Engine API as the deployer needs, in
the manner of Docker or of Podman, on a unix socket. It keeps images, a registry and containers in memory, and fails on demand.

usage: fake_engine.py docker|podman SOCKET CONTROL-SOCKET

What a test wants of it goes to a socket beside it, below /_control; see FakeEngine at the end, which is the test's side.
"""
import hashlib
import http.client
import http.server
import json
import os
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.parse

import fake_network
from fake_death import Connections, Mortal
from fake_images import Failure, ImageRoutes, image_id

DOCKER = {"name": "docker", "api": "1.41", "min": "1.12", "version": "20.10.24", "clash": 409}
FLAVOURS = {
    "docker": DOCKER,
    "podman": {"name": "podman", "api": "1.41", "libpod": "4.3.1", "min": "1.24", "version": "4.3.1", "clash": 500},
    # Docker as it was, will be, may once be, and something else that listens there.
    "ancient": {**DOCKER, "api": "1.40"},
    "modern": {**DOCKER, "api": "1.51", "min": "1.24"},
    "futuristic": {**DOCKER, "api": "1.70", "min": "1.60"},
    "anonymous": {**DOCKER, "api": None},
}
ZERO_TIME = "0001-01-01T00:00:00Z"


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e9):09d}Z"


def healthcheck(image):
    """What is told of an image's check: with more than its command where it is no mere True."""
    more = image["healthcheck"]
    return {"Test": ["CMD", "/check"], **(more if isinstance(more, dict) else {})}


class Container:
    """
    What it does is in the image's `behaviour`; its state follows from the time. exit: the code with which it ends, `after`
    seconds; revives: its restart policy then starts it again, back-after seconds later; health: what its health check says, `after` seconds; logs, each a
    line, or [line, seconds after its start before which it is not found]; oom; restarts: what the engine counts; start-error, start-status; stop-takes: seconds; listen: see fake_network.py.
    """

    def __init__(self, number, name, body, image, flavour, digest=""):
        self.flavour, self.digest = flavour, digest
        self.id = hashlib.sha256(f"container {number}".encode()).hexdigest()
        self.name, self.body, self.image = name, body, image
        self.started = self.stopped = None
        self.removed = self.by_hand = False
        self.signal_code = 0
        self.address = ""
        self.joined, self.attached = fake_network.endpoints(flavour, body), 0
        self.port = 40000 + number

    @property
    def behaviour(self):
        return self.image.get("behaviour", {})

    def age(self):
        return time.time() - self.started if self.started else 0.0

    def restart_policy(self):
        return self.body.get("HostConfig", {}).get("RestartPolicy", {}).get("Name") or "no"

    def revived(self):
        """How often its restart policy has started it again, and the seconds since."""
        if not self.behaviour.get("revives") or self.restart_policy() == "no" or self.stopped:
            return 0, self.age()
        return int(self.age() // self.cycle()), self.age() % self.cycle()

    def life(self):
        return self.behaviour.get("after", 0)

    def cycle(self):
        """From one start to the next."""
        return self.life() + self.behaviour.get("back-after", 0.1)

    def started_at(self):
        return stamp(self.started + self.revived()[0] * self.cycle()) if self.started else ZERO_TIME

    def exit_code(self):
        code = self.behaviour.get("exit")
        return code if code is not None and self.started and self.revived()[1] >= self.life() else None

    def n_ends(self):
        """How often its process has ended since it was started by a request."""
        return self.revived()[0] + (self.started is not None and not self.running())

    def running(self):
        return self.started is not None and self.stopped is None and self.exit_code() is None

    def status(self):
        if self.started is None:
            return "created"
        if self.behaviour.get("revives") and self.exit_code() is not None and not self.stopped:
            return "restarting"
        # Podman says so of one that ended by itself.
        return "running" if self.running() else "stopped" if self.flavour == "podman" and not self.stopped else "exited"

    def health(self):
        if not self.image.get("healthcheck"):
            return None
        final = self.behaviour.get("health", "healthy")
        return final if self.age() >= self.behaviour.get("after", 0) else "starting"

    def labels(self):
        return {**self.image.get("labels", {}), **self.body.get("Labels", {})}

    def ports(self):
        """Podman chooses them when it creates, and never takes them back."""
        if not self.running() and self.flavour != "podman":
            return {}
        ports = {}
        for key, binding in fake_network.bindings(self.body):
            ports.setdefault(key, []).append({"HostIp": binding["HostIp"],
                                              "HostPort": binding["HostPort"] or str(self.port)})
        # As engines tell them.
        return dict(sorted(ports.items()))

    def volume(self, path):
        """The name of its own volume at `path`."""
        return hashlib.sha256(f"{self.id} {path}".encode()).hexdigest()

    def volumes(self):
        return [mount["Name"] for mount in self.mounts() if mount["Type"] == "volume"]

    def mounts(self):
        """Of binds and mounts, as inspecting shows them."""
        settings = self.body.get("HostConfig", {})
        wanted = [{"Type": "bind" if source.startswith("/") else "volume", "Source": source, "Target": target,
                   "ReadOnly": "ro" in options.split(",")}
                  for source, target, options in ((bind + "::").split(":")[:3] if ":" in bind else (self.volume(bind), bind, "")
                                                  for bind in settings.get("Binds") or [])]
        wanted += [{"Type": "volume", "Source": self.volume(path), "Target": path} for path in self.image.get("volumes", [])
                   if not any(mount["Target"] == path for mount in wanted + (settings.get("Mounts") or []))]
        return [{"Type": mount.get("Type", "volume"), "Destination": mount["Target"], "RW": not mount.get("ReadOnly"),
                 **({"Name": mount.get("Source", ""), "Source": f"/volumes/{mount.get('Source', '')}"}
                    if mount.get("Type") == "volume" else {"Source": mount.get("Source", "")})}
                for mount in wanted + (settings.get("Mounts") or [])]

    def stop_timeout(self):
        """Podman always tells one."""
        seconds = self.body.get("StopTimeout", 10 if self.flavour == "podman" else None)
        return {} if seconds is None else {"StopTimeout": seconds}

    def inspect(self):
        state = {"Status": self.status(), "Running": self.running(), "OOMKilled": bool(self.behaviour.get("oom")) and self.exit_code() is not None,
                 "ExitCode": self.exit_code() or self.signal_code, "Error": "",
                 "StartedAt": self.started_at()}
        if self.health():
            failing = self.health() == "unhealthy"
            state["Health"] = {"Status": self.health(), "FailingStreak": int(failing), "Log": [
                {"ExitCode": int(failing), "Output": "the shop is closed\n" if failing else "open\n"}]
                               if self.health() != "starting" else []}
        elif self.flavour == "podman":
            state["Health"] = {"Status": "", "FailingStreak": 0, "Log": None}
        return {"Id": self.id, "Name": "/" + self.name, "Image": image_id(self.digest),
                "RestartCount": self.behaviour.get("restarts", 0) + self.revived()[0],
                "State": state, "HostConfig": self.body.get("HostConfig", {}), "Mounts": self.mounts(),
                "Config": {"Labels": self.labels(), "Image": self.body["Image"], "Tty": False, **self.stop_timeout(),
                           **({"Healthcheck": healthcheck(self.image)}
                              if self.image.get("healthcheck") and self.flavour != "podman" else {})},
                "NetworkSettings": fake_network.settings(self.flavour, self.joined, self.id[:12],
                                                         self.behaviour.get("address", self.address) if self.running() else "",
                                                         self.ports())}


class Engine(Mortal):
    def __init__(self, flavour, path):
        super().__init__()
        self.path, self.server = path, None
        self.flavour = FLAVOURS[flavour]
        self.flavour_name = self.flavour["name"]
        self.lock = threading.RLock()
        self.registry_down = False
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

    def listen(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = Server(self.path, Handler)
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


class Handler(ImageRoutes, fake_network.NetworkRoutes, http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine = None

    def address_string(self):
        return "unix"

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    # Answers

    def begin(self, status, length=None, content_type="application/json"):
        self.send_response_only(status)
        for key, value in (("Api-Version", self.engine.flavour["api"]),
                           ("Libpod-Api-Version", self.engine.flavour.get("libpod"))):
            if value:
                self.send_header(key, value)
        self.send_header("Content-Type", content_type)
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def raw(self, status, data, content_type="application/json"):
        self.begin(status, len(data), content_type)
        self.wfile.write(data)

    def json(self, status, value):
        self.raw(status, json.dumps(value).encode())

    def chunk(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def empty(self, status=204):
        self.send_response_only(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    # What every request goes through

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        path = urllib.parse.unquote(url.path)
        self.close_connection = True
        if path.startswith("/_control/"):
            self.control(path[len("/_control/"):], json.loads(body or b"null"))
            return
        engine = self.engine
        with engine.lock:
            engine.requests.append(f"{self.command} {path}" + (f"?{url.query}" if url.query else ""))
            if "/distribution/" in path or path.endswith("/images/create"):
                engine.logins.append(self.headers.get("X-Registry-Auth"))
            fault = engine.take_fault(self.command, path, len(engine.requests))
        try:
            if fault and not self.fail(fault):
                return
            self.route(path, query, json.loads(body) if body else None, fault or {})
        except Failure as failure:
            self.json(failure.status, {"message": failure.message})
        except (BrokenPipeError, ConnectionResetError):
            pass
        if fault and fault.get("when") == "after":
            engine.strike(fault, self.connection)

    do_GET = do_POST = do_DELETE = do_PUT = handle_any

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
                self.wfile.flush()
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
                container.image = dict(container.image, behaviour={"exit": value["code"]})
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
            self.json(200, {
                "requests": engine.requests, "volumes": engine.volumes, "logins": engine.logins,
                "bodies": engine.bodies, "deaths": engine.deaths,
                "local": [f"{repository}@{digest}" for repository, digest in engine.local],
                "tags": [f"{repository}:{tag}" for repository, tag in engine.local_tags],
                "containers": [dict(c.inspect(), Name=c.name) for c in engine.containers if not c.removed],
            })

    # The Engine API

    def route(self, path, query, body, fault):
        if path == "/_ping":
            self.raw(200, b"OK", "text/plain")
            return
        if path == "/version":
            flavour = self.engine.flavour
            self.json(200, {"Version": flavour["version"], "ApiVersion": flavour["api"],
                            "MinAPIVersion": flavour["min"]})
            return
        libpod = re.fullmatch(r"/v4\.3\.1/libpod/images/(.+)/json", path)
        if libpod and self.engine.flavour_name == "podman":
            self.libpod_image(libpod.group(1))
            return
        version = re.match(r"/v1\.(4[1-9])(/.*)", path)
        if not version:
            raise Failure(404, "page not found")
        for method, pattern, handler in self.ROUTES:
            match = re.fullmatch(pattern, version.group(2))
            if match and method == self.command:
                handler(self, *match.groups(), query=query, body=body, fault=fault, minor=int(version.group(1)))
                return
        raise Failure(404, "page not found")

    def distribution(self, name, **_):
        if self.engine.flavour_name == "podman":
            raise Failure(404, "page not found")
        if self.engine.registry_down:
            raise Failure(500, "Get https://registry.example/v2/: dial tcp 192.0.2.1:443: connect: connection refused")
        repository, tag, _ = self.engine.split(name)
        digest = self.engine.registry.get(repository, {"tags": {}})["tags"].get(tag)
        if not digest:
            raise Failure(404, "manifest unknown: manifest unknown")
        self.json(200, {"Descriptor": {"digest": digest, "size": 1}, "Platforms": []})

    def layers(self, pause):
        """What is told of the layers of an image: by Docker with numbers, by Podman without; `pause` seconds after each step."""
        steps = [[("aa", "Pulling fs layer", {}), ("bb", "Pulling fs layer", {})],
                 [("aa", "Downloading", {"current": 500, "total": 1000})],
                 [("aa", "Downloading", {"current": 500, "total": 1000})],
                 [("aa", "Download complete", {}), ("bb", "Download complete", {})]]
        if self.engine.flavour_name != "podman":
            steps += [[("aa", "Extracting", {"current": 500, "total": 1000})],
                      [("aa", "Pull complete", {}), ("bb", "Pull complete", {})]]
        for step in steps:
            for layer, status, detail in step:
                if not detail or self.engine.flavour_name != "podman":
                    self.chunk(json.dumps({"status": status, "progressDetail": detail, "id": layer * 6}).encode() + b"\r\n")
            time.sleep(pause)

    def pull(self, query, fault, **_):
        repository, tag = query["fromImage"], query["tag"]
        known = self.engine.registry.get(repository, {"tags": {}, "images": {}})
        digest = tag if ":" in tag else known["tags"].get(tag)
        image = known["images"].get(digest)
        if self.engine.registry_down:
            raise Failure(500, "Get https://registry.example/v2/: dial tcp 192.0.2.1:443: connect: connection refused")
        if image is None and self.engine.flavour_name == "docker":
            raise Failure(404, f"manifest for {repository}@{tag} not found: manifest unknown: manifest unknown")
        self.begin(200)
        self.chunk(json.dumps({"status": f"Pulling from {repository}", "id": tag}).encode() + b"\r\n")
        if fault.get("kind") == "stream-error":
            self.chunk(json.dumps({"errorDetail": {"message": fault["message"]}, "error": fault["message"]}).encode()
                       + b"\r\n")
        elif fault.get("kind") == "stream-cut":
            return
        elif fault.get("kind") == "stream-garbage":
            self.chunk(b"<html>proxy error</html>\r\n")
        elif fault.get("kind") == "stream-silence":
            self.engine.released.wait(120)
            return
        elif image is None:
            self.chunk(json.dumps({"error": f"initializing source: reading manifest {tag}: manifest unknown"}).encode())
        else:
            self.layers(0.6 if fault.get("kind") == "stream-slow" else 0)
            with self.engine.lock:
                self.engine.images[digest] = self.engine.local[(repository, digest)] = image
                if ":" not in tag:
                    self.engine.local_tags[(repository, tag)] = digest
                elif self.engine.flavour_name == "podman":
                    self.engine.by_digest.add((repository, digest))
            self.chunk(json.dumps({"status": "Status: Downloaded newer image"}).encode() + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def image_config(self, image):
        config = {"Labels": image.get("labels") or None, "ExposedPorts": {port: {} for port in image.get("ports", [])},
                  "Volumes": {path: {} for path in image.get("volumes", [])} or None}
        if image.get("healthcheck") and self.engine.flavour_name == "docker":
            config["Healthcheck"] = healthcheck(image)
        return config

    def image(self, name, **_):
        _, digest, image = self.engine.find_image(name)
        tags, digests = self.names(digest)
        self.json(200, {"Id": image_id(digest), "RepoTags": tags,
                        "RepoDigests": [f"mirror.example/other@{digest}", *digests],
                        "Config": self.image_config(image)})

    def libpod_image(self, name):
        _, digest, image = self.engine.find_image(name)
        answer = {"Id": image_id(digest).removeprefix("sha256:"), "Digest": digest}
        if image.get("healthcheck"):
            answer["Healthcheck"] = healthcheck(image)
        self.json(200, answer)

    def list(self, query, **_):
        filters = json.loads(query.get("filters") or "{}")

        def fits(container):
            labels = container.labels()
            return all(labels.get(key) == value if equal else key in labels
                       for key, equal, value in (word.partition("=") for word in filters.get("label", []))) and \
                (query.get("all") in ("1", "true") or container.running() or "status" in filters) and \
                container.status() in filters.get("status", [container.status()])
        with self.engine.lock:
            self.json(200, [{"Id": c.id, "Names": ["/" + c.name], "Image": c.body["Image"], "ImageID": image_id(c.digest),
                             "Labels": c.labels(), "State": c.status(), "Mounts": c.mounts()}
                            for c in self.engine.containers if not c.removed and fits(c)])

    def check_name(self, name):
        if any(c.name == name for c in self.engine.containers if not c.removed):
            text = f'the container name "{name}" is already in use'
            raise Failure(self.engine.flavour["clash"],
                          f"creating container storage: {text}" if self.engine.flavour_name == "podman"
                          else f"Conflict. {text[0].upper()}{text[1:]}")

    def create(self, query, body, minor, **_):
        engine = self.engine
        networks = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
        if engine.flavour_name == "docker" and minor < 44 and len(networks) > 1:
            raise Failure(400, f"Container cannot be connected to network endpoints: {', '.join(networks)}")
        with engine.lock:
            _, digest, image = engine.find_image(body["Image"])
            self.check_name(query["name"])
            engine.n_containers += 1
            engine.bodies.append(body)
            container = Container(engine.n_containers, query["name"], body, image, engine.flavour_name, digest)
            engine.containers.append(container)
            engine.volumes += [name for name in container.volumes() if name not in engine.volumes]
        self.json(201, {"Id": container.id, "Warnings": []})

    def inspect(self, name, **_):
        with self.engine.lock:
            self.json(200, self.engine.find_container(name).inspect())

    def start(self, name, **_):
        with self.engine.lock:
            container = self.engine.find_container(name)
            if "start-error" in container.behaviour:
                raise Failure(container.behaviour.get("start-status", 400), container.behaviour["start-error"])
            if container.running():
                self.empty(304)
                return
            self.engine.run_container(container)
        self.empty()

    def end_container(self, container, seconds, code):
        """It takes its time to end, and is then not started again by its restart policy."""
        if seconds > 0:
            time.sleep(seconds)
        if container.running() or container.status() == "restarting":
            container.stopped, container.signal_code = time.time(), code
        container.by_hand = True

    def stop(self, name, query, **_):
        container = self.engine.find_container(name)
        if not container.running() and container.status() != "restarting":
            container.by_hand = True
            self.empty(304)
            return
        takes, grace = container.behaviour.get("stop-takes", 0), int(query.get("t", 10))
        self.end_container(container, min(takes, grace), 137 if takes > grace else 0)
        self.empty()

    def kill(self, name, query, **_):
        container = self.engine.find_container(name)
        if not container.running():
            raise Failure(409, f"Cannot kill container: {name}: Container {container.id} is not running")
        if query.get("signal", "KILL").removeprefix("SIG") not in ("KILL", "9", "TERM", "15", "INT", "2"):
            self.empty()
            return
        self.end_container(container, 0, 137)
        self.empty()

    def restart(self, name, query, **_):
        container = self.engine.find_container(name)
        if container.running():
            self.end_container(container, min(container.behaviour.get("stop-takes", 0), int(query.get("t", 10))), 0)
        self.start(name, query=query)

    def wait(self, name, **_):
        container = self.engine.find_container(name)
        while container.running() or container.started is None:
            time.sleep(0.02)
        self.json(200, {"StatusCode": container.exit_code() or container.signal_code, "Error": None})

    def rename(self, name, query, **_):
        with self.engine.lock:
            container = self.engine.find_container(name)
            if any(c.name == query["name"] for c in self.engine.containers if not c.removed):
                raise Failure(409, f"renaming container: name {query['name']} already in use")
            container.name = query["name"]
        self.empty()

    def remove(self, name, query, **_):
        with self.engine.lock:
            container = self.engine.find_container(name)
            if container.running() and query.get("force") != "1":
                raise Failure(409, "You cannot remove a running container")
            container.stopped = container.stopped or time.time()
            container.removed = True
            if query.get("v") in ("1", "true"):
                self.engine.volumes = [name for name in self.engine.volumes if name not in
                                       [container.volume(mount["Destination"]) for mount in container.mounts()]]
        self.empty()

    def remove_volume(self, name, **_):
        with self.engine.lock:
            if name not in self.engine.volumes:
                raise Failure(404, f"get {name}: no such volume")
            users = [c.id for c in self.engine.containers if not c.removed and name in c.volumes()]
            if users:
                raise Failure(409, f"remove {name}: volume is in use - [{users[0]}]")
            self.engine.volumes.remove(name)
        self.empty()

    def logs(self, name, **_):
        container = self.engine.find_container(name)
        data = b""
        lines = [(line, 0) if isinstance(line, str) else line for line in container.behaviour.get("logs", [])]
        for number, line in enumerate(line for line, late in lines if container.age() >= late):
            line = line.encode("utf-8", "surrogateescape") + b"\n"
            data += bytes([1 + number % 2, 0, 0, 0]) + len(line).to_bytes(4, "big") + line
        self.raw(200, data, "application/octet-stream")

    def events(self, query, fault, **_):
        """What happens to the container, as the engines tell it; ends with the client."""
        container = self.engine.find_container(json.loads(query["filters"])["container"][0])
        self.begin(200)
        if fault.get("when") == "after":
            return

        def tell(action, **attributes):
            self.chunk(json.dumps({"status": action, "id": container.id, "Type": "container", "Action": action, "Actor": {
                "ID": container.id, "Attributes": {"name": container.name, **attributes}}}).encode() + b"\n")
        seen = None
        for _ in range(6000):
            state = (container.started, container.n_ends(), container.health())
            if seen and state[0] != seen[0]:
                tell("start")
                seen = (state[0], 0, seen[2])
            for _ in range(state[1] - seen[1] if seen else 0):
                code = str(container.behaviour.get("exit", container.signal_code))
                # Docker alone has an event for it.
                if container.behaviour.get("oom") and self.engine.flavour_name == "docker":
                    tell("oom")
                tell("die", **{"containerExitCode" if self.engine.flavour_name == "podman" else "exitCode": code})
            if seen and state[2] not in (None, seen[2]):
                tell(f"health_status: {state[2]}")
            seen = state
            time.sleep(0.02)

    ROUTES = [
        ("GET", r"/distribution/(.+)/json", distribution),
        ("POST", r"/images/create", pull),
        ("GET", r"/images/json", ImageRoutes.list_images),
        ("POST", r"/images/prune", ImageRoutes.prune),
        ("POST", r"/images/(.+)/tag", ImageRoutes.tag),
        ("DELETE", r"/images/(.+)", ImageRoutes.remove_image),
        ("GET", r"/images/(.+)/json", image),
        ("GET", r"/containers/json", list),
        ("POST", r"/containers/create", create),
        ("GET", r"/containers/([^/]+)/json", inspect),
        ("POST", r"/containers/([^/]+)/start", start),
        ("POST", r"/containers/([^/]+)/stop", stop),
        ("POST", r"/containers/([^/]+)/kill", kill),
        ("POST", r"/containers/([^/]+)/restart", restart),
        ("POST", r"/containers/([^/]+)/wait", wait),
        ("POST", r"/containers/([^/]+)/rename", rename),
        ("GET", r"/containers/([^/]+)/logs", logs),
        ("DELETE", r"/containers/([^/]+)", remove),
        ("DELETE", r"/volumes/([^/]+)", remove_volume),
        ("POST", r"/networks/([^/]+)/connect", fake_network.NetworkRoutes.connect),
        ("POST", r"/networks/([^/]+)/disconnect", fake_network.NetworkRoutes.disconnect),
        ("GET", r"/events", events),
    ]


class Server(Connections, socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("unix", 0)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (BrokenPipeError, ConnectionResetError, Failure)):
            super().handle_error(request, client_address)


# The test's side


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class FakeEngine:
    """The process and its control. Digests are made of a word, so that equal words are equal images."""

    def __init__(self, directory, flavour="docker", start=True):
        self.flavour = flavour
        self.socket = os.path.join(directory, "engine.sock")
        self.control_socket = os.path.join(directory, "control.sock")
        self.log_path = os.path.join(directory, "engine.log")
        self.process = None
        if start:
            self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([sys.executable, __file__, self.flavour, self.socket, self.control_socket],
                                            stdout=subprocess.PIPE, stderr=log)
        if self.process.stdout.readline() != b"ready\n":
            raise AssertionError("the fake engine does not start")

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(20)
            self.process.stdout.close()
            self.process = None
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


def main():
    flavour, path, control = sys.argv[1:]
    Handler.engine = Engine(flavour, path)
    server = Server(control, Handler)
    Handler.engine.listen()
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
