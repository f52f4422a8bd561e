# SPDX-License-Identifier: MIT
"""
How the fake engine kills and dies: at a request that a test names, before or after it did what it was asked for. It finds the
deployer by the other end of the connection.
"""
import copy
import os
import signal
import socket
import struct
import threading
import time

from process import children_of, stat_of

DEADLINE = 5


def kill_deployer(connection):
    """
    Kills the daemon whose child speaks on this connection, and it alone: its children have to die of that. Returns those
    that did not, which are then killed as well.
    """
    child = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    found = stat_of(child)
    assert found, "nobody is at the other end"
    daemon = found[1]
    assert os.readlink(f"/proc/{daemon}/exe") == os.readlink(f"/proc/{child}/exe"), "the deployer's child is at no deployer"
    children = children_of(daemon)
    os.kill(daemon, signal.SIGKILL)
    end = time.monotonic() + DEADLINE
    while any(map(stat_of, [daemon, *children])) and time.monotonic() < end:
        time.sleep(0.002)
    left = [pid for pid in children if stat_of(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left


class Mortal:
    """Mixed into the engine, which has `containers`, `lock`, run_container() and listen()."""

    # What a snapshot keeps; containers apart.
    KEPT = ("registry", "images", "local", "local_tags", "by_digest", "registry_down", "volumes")

    def __init__(self):
        self.deaths = []    # who: "deployer" or "engine"; left: who should have died and did not, None while it dies
        self.to_revive = []
        self.snapshots = {}

    def die(self, containers):
        """Every connection is cut and nobody listens; containers survive that, or are stopped by it."""
        server = self.server
        server.socket.shutdown(socket.SHUT_RDWR)
        server.cut()
        server.shutdown()
        server.server_close()
        with self.lock:
            self.to_revive = []
            if containers == "stop":
                self.to_revive = [c for c in self.containers if not c.removed and c.restart_policy() != "no" and
                                  (c.running() or self.is_started_at_boot(c))]
                for container in self.containers:
                    if container.running():
                        container.stopped, container.signal_code = time.time(), 137

    def is_started_at_boot(self, container):
        """Podman's restart service starts whatever says `always`, even what never ran; Docker what ran and says so."""
        return container.restart_policy() == "always" and (self.flavour_name == "podman" or container.started)

    def revive(self):
        with self.lock:
            for container in self.to_revive:
                try:
                    if not container.running():
                        self.run_container(container)
                except Exception as error:  # pylint: disable=broad-except
                    print(f"{container.name} is not started: {error}", flush=True)
            self.to_revive = []
        self.listen()

    def strike(self, fault, connection):
        """Ends whoever is to end."""
        death = {"who": "deployer" if fault["kind"] == "kill" else "engine", "left": None}
        self.deaths.append(death)
        if fault["kind"] == "kill":
            death["left"] = kill_deployer(connection)
        else:
            self.die(fault.get("containers", "survive"))
            death["left"] = []

    def snapshot(self, name):
        with self.lock:
            self.snapshots[name] = ({key: copy.deepcopy(getattr(self, key)) for key in self.KEPT},
                                    [copy.copy(c) for c in self.containers if not c.removed])

    def restore(self, name):
        """As it was; what ran then is started anew."""
        with self.lock:
            state, containers = self.snapshots[name]
            for container in self.containers:
                container.removed, container.stopped = True, container.stopped or time.time()
            for key, value in state.items():
                setattr(self, key, copy.deepcopy(value))
            self.containers = [copy.copy(c) for c in containers]
            for container in self.containers:
                if container.running():
                    self.run_container(container)
            for kept in (self.faults, self.requests, self.bodies, self.deaths, self.runs):
                kept.clear()


class Connections:
    """Mixed into the server: knows its connections, so that all can be cut at once."""

    def __init__(self, *arguments):
        self.open, self.guard = set(), threading.Lock()
        super().__init__(*arguments)

    def process_request(self, request, client_address):
        with self.guard:
            self.open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request):
        with self.guard:
            self.open.discard(request)
        super().close_request(request)

    def cut(self):
        with self.guard:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
