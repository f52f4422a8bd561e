#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What a deploy costs beyond the steps it cannot do without: deployerd, and bare curl against the same engine, in turn in the
same run; requests to the engine, medians of milliseconds, and ratios. Both replace a running container by one of another
image, wait until it has run for STABLE seconds, and stop and remove the old one; neither pulls anything that is here.

usage: bench_deploy.py [docker|podman], with DEPLOYERD= the program and SOURCE_ROOT= the tree

Without an engine it takes those that only pretend, which is the deployer alone. With one it starts it and a registry, as the
system tests do, and is to be run as root in a host that may be thrown away:

    tests/system/host.py --folder $PWD/build env SOURCE_ROOT=$PWD \\
        DEPLOYERD=$PWD/build/src/deployerd/tinyforge-deployerd python3 tests/bench/bench_deploy.py docker
"""
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

for folder in ("bus", "lib"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))
from comparison import Comparison  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import NAME, PATH, PROGRAM, ROOT, Host  # noqa: E402  pylint: disable=wrong-import-position

ROUNDS = 9
STABLE = 0.2
REPO = "127.0.0.1:5000/acme/shop"
TAGS = ("v1", "v2")
UNITS = {"docker": "docker.service", "podman": "podman.socket"}
SOCKETS = {"docker": "/run/docker.sock", "podman": "/run/podman/podman.sock"}
CONFIG = f"StableSec={int(STABLE * 1000)}ms\nDrainSec=0\nStopGraceSec=1\n"
REQUEST = re.compile(rb"^(?:GET|HEAD|POST|PUT|DELETE) (\S+) HTTP/1\.1\r\n", re.MULTILINE)


class Counter:
    """A socket in front of the engine's that counts what is asked."""

    def __init__(self, directory, target):
        self.path, self.target = os.path.join(directory, "counter.sock"), target
        self.requests = []
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen(64)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            near, _ = self.server.accept()
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.target)
            threading.Thread(target=self.pass_on, args=[near, far, self.count], daemon=True).start()
            threading.Thread(target=self.pass_on, args=[far, near, lambda data: None], daemon=True).start()

    def count(self, data):
        self.requests += [match.decode() for match in REQUEST.findall(data)]

    @staticmethod
    def pass_on(source, sink, look):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                look(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Curl:
    """The steps of a deploy as a careful person would write them down."""

    def __init__(self, flavour, path):
        self.flavour, self.path = flavour, path
        self.n_calls = self.number = 0
        self.old = None

    def call(self, method, path, body=None):
        self.n_calls += 1
        command = ["curl", "-s", "-S", "--fail", "--unix-socket", self.path, "-X", method, f"http://engine/v1.41{path}"]
        if body is not None:
            command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        out = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
        return out if path.startswith("/images/create") or not out else json.loads(out)

    def resolve(self, tag):
        if self.flavour == "docker":
            return self.call("GET", f"/distribution/{REPO}:{tag}/json")["Descriptor"]["digest"]
        self.call("POST", f"/images/create?{urllib.parse.urlencode({'fromImage': REPO, 'tag': tag})}")
        digests = self.call("GET", f"/images/{REPO}:{tag}/json")["RepoDigests"]
        return next(name for name in digests if name.startswith(f"{REPO}@")).partition("@")[2]

    def deploy(self):
        self.number += 1
        tag = TAGS[self.number % 2]
        name = f"by-curl-{self.number}"
        digest = self.resolve(tag)
        self.call("GET", f"/images/{REPO}@{digest}/json")
        container = self.call("POST", f"/containers/create?name={name}.pending", {
            "Image": f"{REPO}@{digest}", "ExposedPorts": {"8080/tcp": {}}, "HostConfig": {
                "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
                "SecurityOpt": ["no-new-privileges"], "LogConfig": {"Type": "journald", "Config": {"tag": name}},
                "RestartPolicy": {"Name": {"docker": "unless-stopped", "podman": "always"}[self.flavour]}}})["Id"]
        self.call("POST", f"/containers/{container}/start")
        time.sleep(STABLE)
        assert self.call("GET", f"/containers/{container}/json")["State"]["Running"]
        self.call("POST", f"/containers/{container}/rename?name={name}")
        self.remove()
        self.old = container

    def remove(self):
        """The one before."""
        if self.old:
            self.call("POST", f"/containers/{self.old}/stop?t=1")
            self.call("DELETE", f"/containers/{self.old}?force=1&v=1")
            self.old = None

    def remove_all(self, project, stage):
        """What a stage has."""
        labels = [f"org.tinyforge.project={project}", f"org.tinyforge.stage={stage}"]
        filters = urllib.parse.quote(json.dumps({"label": labels}))
        for container in self.call("GET", f"/containers/json?all=1&filters={filters}"):
            self.call("DELETE", f"/containers/{container['Id']}?force=1&v=1")


class Deployer:
    """The same by deployerd, on a bus of its own."""

    def __init__(self, host):
        self.host, self.number = host, 0

    def deploy(self):
        self.number += 1
        outcome, detail, _ = self.host.deploy(self.number, f"{REPO}:{TAGS[self.number % 2]}")
        assert outcome == "succeeded", detail


def milliseconds(function):
    begun = time.monotonic()
    function()
    return (time.monotonic() - begun) * 1000


def provision(flavour):
    """An engine, a registry, and two images in both."""
    script = os.path.join(ROOT, "tests/system/provision")
    subprocess.run(["systemctl", "start", UNITS[flavour]], check=True)
    if flavour == "podman":
        with open("/etc/containers/registries.conf.d/50-bench.conf", "w", encoding="ascii") as f:
            f.write('[[registry]]\nlocation = "127.0.0.1:5000"\ninsecure = true\n')
    subprocess.run([script, "registry"], check=True)
    for tag in TAGS:
        subprocess.run([script, "image", flavour, f"{REPO}:{tag}", "plain", tag], check=True, stdout=subprocess.DEVNULL)


def count_calls(host, deployer, engine_socket, directory):
    """How many requests one deploy takes, in a daemon that runs already."""
    counter = Counter(directory, engine_socket)
    host.signal(15)
    host.configure(f"{CONFIG}Engine={counter.path}\n")
    host.property("Engine")
    deployer.deploy()
    counter.requests.clear()
    deployer.deploy()
    requests = list(counter.requests)
    host.signal(15)
    host.configure(f"{CONFIG}Engine={engine_socket}\n")
    host.property("Engine")
    return requests


def report(title, seen, calls, bus):
    print(f"{title}: {ROUNDS} rounds in turn, {int(STABLE * 1000)} ms of waiting in each; medians")
    print(f"{'':12} {'requests':>9} {'ms':>7} {'range':>12} {'ratio':>6}")
    base = statistics.median(seen["curl"])
    for name, times in seen.items():
        span = f"{min(times):.0f}-{max(times):.0f}"
        print(f"{name:12} {calls[name]:9} {statistics.median(times):7.0f} {span:>12} "
              f"{statistics.median(times) / base:6.2f}")
    print(f"beyond curl: {calls['deployerd'] - calls['curl']:+} requests, "
          f"{statistics.median(seen['deployerd']) - base:+.0f} ms; of which busctl takes {bus:.0f} ms")


def keep(title, flavour, seen, calls):
    time_taken = Comparison(f"deploy-{flavour}-time", f"A deploy: {title}", "From the call until the old container is gone, beside the "
                            "same steps with curl; both wait for some time whether the new one stays. deployerd also checks what it does, "
                            "writes it down, and can be cut off anywhere.", "ms", "curl")
    requests = Comparison(f"deploy-{flavour}-requests", f"Requests of the engine: {title}", "Of the same deploys.", "requests", "curl")
    for name, times in seen.items():
        for took in times:
            time_taken.add(name, took)
        requests.add(name, calls[name])
    time_taken.done()
    requests.done()


def bench(title, host, flavour, engine_socket):
    deployer, curl = Deployer(host), Curl(flavour, engine_socket)
    host.property("Engine")
    for _ in TAGS:  # Everything is here, and something runs.
        deployer.deploy()
        curl.deploy()
    with tempfile.TemporaryDirectory(prefix="tinyforge-bench.") as directory:
        requests = count_calls(host, deployer, engine_socket, directory)
    curl.n_calls = 0
    curl.deploy()
    calls = {"deployerd": len(requests), "curl": curl.n_calls}
    seen = {"deployerd": [], "curl": []}
    for _ in range(ROUNDS):
        for name, who in (("deployerd", deployer), ("curl", curl)):
            seen[name].append(milliseconds(who.deploy))
    bus = statistics.median(milliseconds(lambda: host.bus.call(NAME, PATH, "org.freedesktop.DBus.Peer", "Ping"))
                            for _ in range(ROUNDS))
    report(title, seen, calls, bus)
    keep(title, flavour, seen, calls)
    curl.remove()
    curl.remove_all("shop", "dev")


def main():
    if len(sys.argv) > 2 or any(word not in UNITS for word in sys.argv[1:]):
        sys.exit(__doc__.strip())
    if sys.argv[1:]:
        flavour = sys.argv[1]
        provision(flavour)
        with Host(flavour, f"{CONFIG}Engine={SOCKETS[flavour]}\n", engine=False) as host:
            bench(f"{os.path.basename(PROGRAM)} with {flavour}", host, flavour, SOCKETS[flavour])
        return
    for flavour in UNITS:
        with Host(flavour, CONFIG) as host:
            for tag in TAGS:
                host.engine.push(REPO, tag)
            bench(f"with a {flavour} that only pretends", host, flavour, host.engine.socket)


if __name__ == "__main__":
    main()
