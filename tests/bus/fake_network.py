# SPDX-License-Identifier: MIT
"""
The network of the fake engine: every running container has an address of its own on loopback, and what its image listens on
can be reached there. A test can listen there itself where the image does not.

An image listens on the ports it exposes and answers each request with 200, unless its behaviour says otherwise:

    listen: false                       nothing listens
    listen: {"port": 8080, "after": 0.2, "status": 503, "body": "soon", "headers": "Location: /\\r\\n"}
    listen: {"for": "app.example.com"}  whoever asks for another host is answered with 400
    listen: {"raw": "not HTTP\\r\\n"}     these bytes to everybody
    listen: {"silent": true}            connections are accepted, and nothing is ever said
    listen: {"once": true}              at the first address that it gets after its start, and at no other

`port` is the exposed ones, `status` 200 and `after` the start 0 where they are not given.
"""
import itertools
import os
import select
import socket
import threading
import time

from fake_images import Failure

PAUSE = 0.05
PATIENCE = 5
# Addresses that are tried, where others listen on every address of the machine.
TRIES = 3


def overlap(first, second):
    """Whether two bindings of a fixed port exclude each other."""
    everywhere = ("", "0.0.0.0")
    return (first["HostPort"] == second["HostPort"] != "" and
            (first.get("HostIp", "") == second.get("HostIp", "") or
             first.get("HostIp", "") in everywhere or second.get("HostIp", "") in everywhere))


def bindings(body):
    """[(port of the container, binding)] of a create body."""
    ports = body.get("HostConfig", {}).get("PortBindings") or {}
    return [(port, {"HostIp": "", "HostPort": "", **binding}) for port, some in ports.items() for binding in some]


def mode(body):
    return body.get("HostConfig", {}).get("NetworkMode") or "default"


def owners(body):
    """The containers whose namespaces it shares."""
    modes = (body.get("HostConfig", {}).get(key) or "" for key in ("NetworkMode", "PidMode", "IpcMode"))
    return [mode.partition(":")[2] for mode in modes if mode.startswith("container:")]


class Listener:
    """Sockets on one address, as long as `alive` says so."""

    def __init__(self, address, ports, behaviour, alive):
        self.behaviour, self.alive = behaviour, alive
        self.sockets = []
        try:
            for port in ports:
                listener = socket.socket()
                self.sockets.append(listener)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((address, port))
        except OSError:
            self.close()
            raise
        threading.Thread(target=self.run, daemon=True).start()

    def close(self):
        for listener in self.sockets:
            listener.close()

    def run(self):
        due = time.monotonic() + self.behaviour.get("after", 0)
        # What is bound and does not listen refuses.
        while self.alive() and time.monotonic() < due:
            time.sleep(min(PAUSE, max(0, due - time.monotonic())))
        if self.alive():
            for listener in self.sockets:
                listener.listen()
        while self.alive():
            for listener in select.select(self.sockets, [], [], PAUSE)[0]:
                connection, _ = listener.accept()
                threading.Thread(target=self.serve, args=[connection], daemon=True).start()
        self.close()

    def serve(self, connection):
        with connection:
            connection.settimeout(PATIENCE)
            try:
                self.answer(connection)
            except OSError:
                pass

    def answer(self, connection):
        if self.behaviour.get("silent"):
            while self.alive():
                time.sleep(PAUSE)
            return
        if "raw" in self.behaviour:
            connection.sendall(self.behaviour["raw"].encode())
            return
        head = b""
        while b"\r\n\r\n" not in head and len(head) < 65536:
            data = connection.recv(4096)
            if not data:
                return
            head += data
        body = self.behaviour.get("body", "open\n").encode()
        stranger = "for" in self.behaviour and f"\r\nHost: {self.behaviour['for']}\r\n".encode() not in head
        connection.sendall(f"HTTP/1.1 {400 if stranger else self.behaviour.get('status', 200)} told\r\nContent-Length: {len(body)}\r\n"
                           f"{self.behaviour.get('headers', '')}Connection: close\r\n\r\n".encode() + body)


class Network:
    """Gives addresses. Several fake engines can run at the same time: the middle of an address is the process."""

    def __init__(self):
        self.numbers = itertools.count()

    def next_address(self):
        pid = os.getpid()
        return f"127.{2 + (pid >> 8) % 125}.{pid % 256}.{2 + next(self.numbers) % 252}"

    def attach(self, body, image, alive, again=False):
        """
        The address of a container that is being started, or that is in a network `again`; "" where it has none or its ports
        cannot be bound.
        """
        behaviour = image.get("behaviour", {}).get("listen", {})
        if again and behaviour:
            behaviour = not behaviour.get("once") and {**behaviour, "after": 0}
        ports = [int(port.partition("/")[0]) for port in image.get("ports", []) if not port.endswith("/udp")]
        if behaviour and "port" in behaviour:
            ports = [behaviour["port"]]
        if mode(body) in ("host", "none") or mode(body).startswith("container:"):
            return ""
        for _ in range(TRIES):
            address = self.next_address()
            if behaviour is False or not ports:
                return address
            try:
                Listener(address, ports, behaviour, alive)
                return address
            except OSError:
                continue
        return ""


OWN = {"docker": "bridge", "podman": "podman"}


def endpoints(flavour, body):
    """{network: EndpointSettings} in which a container is created."""
    wanted = (body.get("NetworkingConfig") or {}).get("EndpointsConfig")
    if wanted:
        return {name: settings or {} for name, settings in wanted.items()}
    name = OWN[flavour] if mode(body) in ("default", "bridge") else mode(body)
    return {} if name.startswith("container:") else {name: {}}


def settings(flavour, joined, number, address, ports):
    """NetworkSettings: the old place for the address is filled for the engine's own network alone; `number` is an alias of its own."""
    networks = {name: {"IPAddress": address, "IPPrefixLen": 16 if address else 0, "Gateway": "", "GlobalIPv6Address": "",
                       "NetworkID": f"network-{name}", "Aliases": [*(endpoint.get("Aliases") or []), number],
                       "IPAMConfig": endpoint.get("IPAMConfig")} for name, endpoint in joined.items()}
    return {"Ports": ports, "IPAddress": address if OWN[flavour] in networks else "", "Networks": networks}


def lacks(flavour, name):
    return f"network {name} not found" if flavour == "docker" else f"unable to find network with name or ID {name}: network not found"


class NetworkRoutes:
    """Mixed into the handler, which has `engine`: a running container that leaves its last network is reached no more."""

    def look_up(self, name, **_):
        if name in self.engine.lacking:
            raise Failure(404, lacks(self.engine.flavour_name, name))
        self.json(200, {"Name": name, "Id": f"network-{name}"})

    def connect(self, name, body, **_):
        with self.engine.lock:
            container = self.engine.find_container(body["Container"])
            if name in container.joined:
                raise Failure(*((403, f"endpoint with name {container.name} already exists in network {name}")
                                if self.engine.flavour_name == "docker" else
                                (500, f"container {container.id} is already connected to network {name}")))
            was_reached = bool(container.joined)
            container.joined = {**container.joined, name: body.get("EndpointConfig") or {}}
            if container.running() and not was_reached:
                self.engine.reach(container)
        self.said_ok()

    def disconnect(self, name, body, **_):
        with self.engine.lock:
            container = self.engine.find_container(body["Container"])
            if name not in container.joined:
                raise Failure(500, f"container {container.id} is not connected to network {name}")
            container.joined = {known: endpoint for known, endpoint in container.joined.items() if known != name}
            if not container.joined:
                container.address, container.attached = "", container.attached + 1
        self.said_ok()

    def said_ok(self):
        """Podman says it in plain text."""
        if self.engine.flavour_name == "podman":
            self.raw(200, b"OK\n", "text/plain")
        else:
            self.empty(200)
