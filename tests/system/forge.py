# SPDX-License-Identifier: MIT
"""A booted host with tinyforge, an engine and a registry on it, and the words in which its tests are written."""
import base64
import hashlib
import json
import os
import pathlib
import re
import subprocess

import image
import sd_bus
from host import Host, HostError, wait_until

REGISTRY = "127.0.0.1:5000"
ADDRESS = "127.0.0.1:8420"
WEBHOOK = ("org.tinyforge.Webhook1", "/org/tinyforge/Webhook1", "org.tinyforge.Webhook1.Manager")
DEPLOYER = ("org.tinyforge.Deployer1", "/org/tinyforge/Deployer1", "org.tinyforge.Deployer1.Manager")
WEBHOOKD, DEPLOYERD = "tinyforge-webhookd.service", "tinyforge-deployerd.service"
SOCKET = "tinyforge-webhookd.socket"
ENGINE_UNITS = {"docker": ["docker.service"], "podman": ["podman.socket", "podman-restart.service"]}
# Besides what its package makes of it, what Docker can be set up as, by ENGINE_SETUP=, and the first version that can.
ENGINE_SETUP = os.environ.get("ENGINE_SETUP", "")
SETUPS = {"containerd-store": 25, "minimum-api": 25}
FINAL = ("succeeded", "unchanged", "rolled-back", "failed", "superseded", "cancelled")
EVENTS = dict(re.findall(r'X\((\w+),\s*"([0-9a-f]{32})"',
                         (pathlib.Path(__file__).resolve().parents[2] / "src/shared/events.h").read_text("utf-8")))

# Patience for a test: a healthy image in a second, a hopeless one given up soon.
DEPLOYERD_CONF = f"""[Deployer]
AllowImages={REGISTRY}/acme/*
StableSec=1
StopGraceSec=3
HealthDeadlineSec=30
"""


def unavailable_setup(engine):
    """Why the engine of this machine cannot be set up as ENGINE_SETUP= asks, or None."""
    if not engine or not ENGINE_SETUP:
        return None
    if engine != "docker":
        return f"ENGINE_SETUP= is about Docker, not about {engine}"
    told = subprocess.run(["dockerd", "--version"], check=True, text=True, stdout=subprocess.PIPE).stdout
    version = re.search(r"[0-9]+(\.[0-9]+)*", told)[0]
    if int(version.split(".", maxsplit=1)[0]) >= SETUPS[ENGINE_SETUP]:
        return None
    return f"Docker {version} cannot be set up as {ENGINE_SETUP}, which takes {SETUPS[ENGINE_SETUP]}"


class Answer:
    """What curl got: status, header lines without their date, body."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])
        self.comparable = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")] + [self.body]

    def json(self):
        return json.loads(self.body)


class Deploy:
    """One row of ListDeploys."""

    def __init__(self, row):
        (self.id, self.project, self.stage, self.image, self.state, self.reason, self.queued, self.finished) = row

    def __repr__(self):
        return f"<deploy {self.id} of {self.project}/{self.stage}: {self.image} {self.state}: {self.reason}>"


class Forge(Host):
    """
    A Host on which `engine` runs and everything is installed and enabled, and nothing has been asked for yet. Without an engine
    (None) deliveries are accepted, and their deploys wait.
    """

    def __init__(self, engine, bus, build):
        super().__init__(f"tinyforge-{engine or 'bare'}", bus=bus, folders=[build])
        self.engine = engine
        self.build = build

    def __enter__(self):
        super().__enter__()
        try:
            self.provision("install", self.build)
            self.write("/etc/tinyforge/deployerd.conf.d/50-test.conf", DEPLOYERD_CONF)
            if self.engine:
                self.provision("engine", self.engine, *([ENGINE_SETUP] if ENGINE_SETUP else []))
                # As their packages would have it: back after a reboot, and their containers with them.
                self.run("systemctl", "enable", *ENGINE_UNITS[self.engine])
                self.provision("registry")
            self.run("systemctl", "enable", "--now", SOCKET)
        except BaseException:
            self.close()
            raise
        return self

    def drain_at_once(self):
        """For tests that nobody visits meanwhile: a replaced container is not kept for the answers that it still owes."""
        self.write("/etc/tinyforge/deployerd.conf.d/55-drain.conf", "[Deployer]\nDrainSec=0\n")

    def provision(self, *arguments):
        self.run("tests/system/provision", *arguments)

    # Files and units

    def write(self, path, text):
        self.run("tee", path, input=text)

    def unit(self, name, *properties):
        lines = self.out("systemctl", "show", *(f"-p{name}" for name in properties), name).splitlines()
        values = dict(line.split("=", 1) for line in lines)
        return [values[name] for name in properties] if len(properties) > 1 else values[properties[0]]

    def pid(self, unit):
        """Of the main process, or 0."""
        return int(self.unit(unit, "MainPID"))

    def processes(self):
        """Our daemons that run, by the names of their programs."""
        return self.run("pgrep", "-f", "^/usr/libexec/tinyforge-", check=False).stdout.split()

    def status(self, pid):
        """/proc/PID/status of a process of the host."""
        return dict(line.split(":", 1) for line in self.out("cat", f"/proc/{pid}/status").splitlines() if ":" in line)

    def kill(self, unit):
        """Without warning. It is dead afterwards, or a call that comes next is its last, and gets no reply."""
        pid = self.pid(unit)
        self.run("systemctl", "kill", "--signal=KILL", "--kill-who=all", unit)
        wait_until(lambda: self.pid(unit) != pid, f"{unit} is dead")

    def stop_daemons(self):
        """Nothing runs afterwards, and the socket is open."""
        # One that opens has the receiver started.
        if self.unit(SOCKET, "ActiveState") != "active":
            self.run("systemctl", "start", SOCKET)
            wait_until(lambda: self.unit("tinyforge-resume.service", "ActiveState") == "inactive", "nothing is started")
        self.run("systemctl", "stop", WEBHOOKD, DEPLOYERD)

    def journal(self, event=None, **fields):
        """Entries of our units, oldest first."""
        matches = [f"{key}={value}" for key, value in fields.items()]
        if event:
            matches.append(f"MESSAGE_ID={EVENTS[event]}")
        self.run("journalctl", "--sync")
        lines = self.out("journalctl", "-o", "json", "--all", "-u", "tinyforge-*", *matches).splitlines()
        return [json.loads(line) for line in lines]

    # The bus

    def busctl(self, peer, method, signature="", *arguments, **options):
        words = [signature, *map(str, arguments)] if signature else []
        return self.run("busctl", "--system", "--json=short", "call", *peer, method, *words, **options)

    def call(self, peer, method, signature="", *arguments):
        return json.loads(self.busctl(peer, method, signature, *arguments).stdout)["data"]

    def ask(self, peer, method, signature="", *arguments):
        """What call() returns, of a question that is asked again and again: without a process for each."""
        address = f"unix:path={self.file('/run/dbus/system_bus_socket')}"
        return sd_bus.call(address, *peer, method, signature, *arguments)

    def path(self):
        return self.call(WEBHOOK, "GetWebhookPath")[0]

    def projects(self):
        return {row[0]: row for row in self.ask(WEBHOOK, "ListProjects")[0]}

    def deploys(self, project):
        """Newest first."""
        return [Deploy(row) for row in self.ask(WEBHOOK, "ListDeploys", "ssu", project, "", 0)[0]]

    def ctl(self, *arguments, **options):
        return self.run("tinyforgectl", *arguments, **options)

    # What a CI does

    def image(self, repository, tag, variant, text=""):
        """Puts an image into the registry; returns its reference."""
        reference = f"{REGISTRY}/{repository}:{tag}"
        self.on_network(image.push, reference, variant, text)
        return reference

    def built_image(self, repository, tag, variant, text=""):
        """The same by the engine's own client, where it matters what that asks of the registry."""
        reference = f"{REGISTRY}/{repository}:{tag}"
        self.provision("image", self.engine, reference, variant, text)
        return reference

    def http(self, *arguments):
        return Answer(self.run("curl", "-s", "-i", "--max-time", "30", *arguments, timeout=40, text=False).stdout)

    def post(self, image, path=None, *more):
        return self.http("-H", "Content-Type: application/json", "-d", json.dumps({"image": image}), *more,
                         f"http://{ADDRESS}{path or self.path()}")

    def deliver(self, image):
        """Posts a push of `image` that has to be accepted; returns the number of its deploy."""
        answer = self.post(image)
        assert answer.status == 202, answer.body
        return answer.json()["deploys"][0]["id"]

    def finished(self, project, deploy_id, deadline=90):
        """Waits for the end of a deploy and returns it."""
        def look():
            return next((d for d in self.deploys(project) if d.id == deploy_id and d.state in FINAL), None)
        try:
            return wait_until(look, f"deploy {deploy_id} of {project} has ended", deadline, pause=0.1)
        except HostError as error:
            raise AssertionError(f"{error}; {self.deploys(project)}") from None

    def deploy(self, image, project, state="succeeded"):
        """Delivers and waits for `state`."""
        deploy = self.finished(project, self.deliver(image))
        assert deploy.state == state, deploy
        return deploy

    # What runs

    def containers(self, project):
        """What the engine knows of the project's containers, those that have ended included."""
        def look():
            names = self.out(f"/usr/bin/{self.engine}", "ps", "-aq", "--filter", f"label=org.tinyforge.project={project}").split()
            found = self.run(f"/usr/bin/{self.engine}", "inspect", *names, check=False) if names else None
            # One may go between the two questions.
            return (json.loads(found.stdout) if found else [],) if not found or found.returncode == 0 else None
        return wait_until(look, f"the engine tells of the containers of {project}")[0]

    def remove_containers(self):
        names = self.out(f"/usr/bin/{self.engine}", "ps", "-aq", "--filter", "label=org.tinyforge.project").split()
        if names:
            self.run(f"/usr/bin/{self.engine}", "rm", "-f", *names)

    def endpoint(self, project, stage="dev"):
        return self.ctl("endpoint", project, stage).stdout.strip().removeprefix("http://").rstrip("/")

    def page(self, project):
        """What the project's container answers over HTTP at its endpoint."""
        return self.out("curl", "-sS", "--max-time", "5", f"http://{self.endpoint(project)}/")


class Bare(Forge):
    """A host with an engine, as its package sets it up, and nothing of tinyforge."""

    def __enter__(self):
        Host.__enter__(self)
        try:
            # A machine that builds may forbid its packages to start anything; a host does not.
            self.run("rm", "-f", "/usr/sbin/policy-rc.d")
            self.run("journalctl", "--update-catalog")
            self.run("systemctl", "start", "docker.service")
        except BaseException:
            self.close()
            raise
        return self


def disguises(secret):
    """A text as it might have slipped out: itself, and what is made of it."""
    raw = secret.encode("ascii")
    plain = secret.replace("-", "")
    return {secret, plain, raw.hex(), hashlib.sha256(raw).hexdigest(), base64_core(raw), base64_core(bytes.fromhex(plain))}


def base64_core(raw):
    """Base64 without its last quantum, which depends on what follows."""
    return base64.b64encode(raw).decode("ascii").rstrip("=")[:-1]
