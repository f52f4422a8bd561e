# SPDX-License-Identifier: MIT
"""deployerd as the bus would start it, with a private bus and an engine that only pretends."""
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import uuid

from fake_engine import FakeEngine
from private_bus import BusError, PrivateBus
from process import children_of, is_alive, words_of
from waiting import wait_for

PROGRAM = os.environ["DEPLOYERD"]
ROOT = os.environ["SOURCE_ROOT"]
NAME, PATH, INTERFACE = ("org.tinyforge.Deployer1", "/org/tinyforge/Deployer1", "org.tinyforge.Deployer1.Manager")
STORE = "7d1f8f0e-3c55-4a52-9d3f-5f1d7c0c2b11"
# Patience for a test.
CONFIG = "StableSec=200ms\nHealthDeadlineSec=3\nProbeIntervalSec=50ms\nProbeTimeoutSec=1\nDrainSec=0\nStopGraceSec=1\n"


class Call:
    """One method call in the background."""

    def __init__(self, function):
        self.reply = self.error = self.raised = None
        self.thread = threading.Thread(target=self._run, args=[function], daemon=True)
        self.thread.start()

    def _run(self, function):
        try:
            self.reply = function()
        except BusError as error:
            self.error, self.raised = error.text, error

    def is_over(self):
        return not self.thread.is_alive()

    def wait(self, deadline=30):
        """The reply, or None with `error` set."""
        self.thread.join(deadline)
        assert self.is_over(), "the call is not answered"
        return self.reply


class Host:
    """A directory, a bus, an engine and a deployerd that the bus starts, for one test."""

    def __init__(self, flavour="docker", config="", engine=True, open_policy=False, store=STORE, upstreams=False, policies=()):
        self.directory = tempfile.mkdtemp(prefix="tinyforge-test.")
        os.chmod(self.directory, 0o755)
        self.store = store
        policies = [*policies, *(os.path.join(ROOT, "dbus", f"{name}.conf") for name in (NAME, "org.tinyforge.Webhook1"))]
        if open_policy:
            policies.append(self.write("open.conf", "<busconfig><policy context='default'>"
                                       f"<allow send_destination='{NAME}'/></policy></busconfig>"))
        self.bus = PrivateBus(self.directory, policies)
        self.engine = FakeEngine(self.directory, flavour, start=engine)
        self.configure(config)
        self.log_path = os.path.join(self.directory, "deployerd.log")
        self.runtime = os.path.join(self.directory, "run")
        os.makedirs(os.path.join(self.runtime, "upstreams"))
        # Whoever lists everything waits there for the others who do.
        self.state = os.path.join(self.directory, "deployer-state")
        os.makedirs(self.state, 0o700)
        runtime = f"export RUNTIME_DIRECTORY={shlex.quote(self.runtime)}\n" if upstreams else ""
        self.pid_path = os.path.join(self.directory, "deployerd.pid")
        script = self.write("deployerd.sh", "#!/bin/sh\n"
                            f"echo $$ >{shlex.quote(self.pid_path)}\n"
                            f"export DBUS_SYSTEM_BUS_ADDRESS={shlex.quote(self.bus.address)}\n"
                            f"export STATE_DIRECTORY={shlex.quote(self.state)}\n"
                            f"{runtime}"
                            f"exec {shlex.quote(PROGRAM)} --config={shlex.quote(self.config_path)} "
                            f"2>>{shlex.quote(self.log_path)}\n")
        os.chmod(script, 0o755)
        self.bus.add_service(NAME, script)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pid():
            # One that has nothing to do ends in order, so that a sanitizer has its say.
            self.signal(signal.SIGKILL if self.children() else signal.SIGTERM)
        self.bus.close()
        self.engine.stop()
        findings = [line for line in self.log().splitlines() if re.search(r"Sanitizer|runtime error:", line)] \
            if os.path.exists(self.log_path) else []
        shutil.rmtree(self.directory)
        assert not findings, findings

    # The daemon

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def configure(self, text):
        """What the next start reads; later lines win."""
        self.config_path = self.write("deployerd.conf", f"[Deployer]\nEngine={self.engine.socket}\n{CONFIG}{text}")
        os.chmod(self.config_path, 0o640)

    def pid(self):
        """Of the daemon that runs, or None."""
        try:
            with open(self.pid_path, encoding="ascii") as f:
                pid = int(f.read())
        except (FileNotFoundError, ValueError):
            return None
        # A number that was used again is somebody else, who is not to be killed; one that dies has no words any more.
        words = words_of(pid)
        is_ours = not words or any(word.startswith((self.directory, f"--config={self.directory}")) for word in words)
        return pid if is_alive(pid) and is_ours else None

    def children(self):
        return children_of(self.pid())

    def signal(self, number):
        """Sends a signal to the daemon and waits until it and its children are gone."""
        pid, children = self.pid(), self.children()
        os.kill(pid, number)
        wait_for("the daemon is gone", lambda: self.pid() is None, 60)
        wait_for("its children are gone", lambda: not any(map(is_alive, children)), 60)

    def log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return f.read()

    # Calls

    def call(self, method, signature="", *arguments, **options):
        return self.bus.call(NAME, PATH, INTERFACE, method, signature, *arguments, **options)

    def property(self, name):
        return self.bus.get_property(NAME, PATH, INTERFACE, name)

    def options(self, deploy_id, **more):
        """The words of an a{sv}; more: Name=("type", value)."""
        options = {"DeployId": ("t", deploy_id), "Store": ("s", self.store), **more}
        options = {name: value for name, value in options.items() if value is not None}
        return [len(options), *[word for name, (kind, value) in options.items() for word in (name, kind, value)]]

    def deploy(self, deploy_id, image, project="shop", stage="dev", **options):
        """outcome, detail, container"""
        return self.call("TriggerDeploy", "sssa{sv}", project, stage, image, *self.options(deploy_id, **options))

    def begin(self, deploy_id, image, **options):
        return Call(lambda: self.deploy(deploy_id, image, **options))

    @staticmethod
    def error_of(function):
        """The name without its prefix, and the text, of the error with which the call in `function` ends."""
        try:
            function()
        except BusError as error:
            return error.name.removeprefix("org.tinyforge."), error.text
        raise AssertionError("there was no error")

    def refused(self, deploy_id, image, **options):
        return self.error_of(lambda: self.deploy(deploy_id, image, **options))

    def upstream(self, name="shop.dev"):
        """What the proxy is told of a stage."""
        with open(os.path.join(self.runtime, "upstreams", f"{name}.conf"), encoding="utf-8") as f:
            return re.search(r"server (\S+?);?( down)?;?\n", f.read()).group(1)

    def instances(self, project="", stage=""):
        return self.call("ListInstances", "ss", project, stage)[0]

    def endpoints(self, project="", stage=""):
        """(deploy, "8080/tcp", where, whether it is the project's port) for each place."""
        rows = [{key: value["data"] for key, value in row.items()}
                for row in self.call("ListEndpoints", "ss", project, stage)[0]]
        return [(row["Deploy"], f"{row['Port']}/{row['Protocol']}", row["Endpoint"], row["IsProjectPort"]) for row in rows]


def runs(host):
    """The names of the containers that commands and jobs were run in: never two at a time, and none again that ended well."""
    state = host.engine.control("state")["runs"]
    assert not [run for run in state if run["beside"] or run["again"]], state
    return [run["name"] for run in state]


def running(host):
    return sorted(name for name, c in host.engine.containers().items() if c["State"]["Running"])


def root_says(host, **project):
    """Writes root's file of the project."""
    folder = os.path.join(host.directory, "projects.d")
    os.makedirs(folder, mode=0o750, exist_ok=True)
    os.chmod(host.write("projects.d/shop.json", json.dumps({"image": "registry.example/acme/shop", **project})), 0o640)


class Progress:
    """The phases of deploys, as the signals tell them."""

    def __init__(self, host):
        self.pulling = []  # the details of that phase
        self.process = subprocess.Popen(
            ["busctl", f"--address={host.bus.address}", "--json=short", "monitor",
             f"--match=type='signal',interface='{INTERFACE}'"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.stderr.readline()

    def read(self, until):
        """Phases up to and with `until`, each once."""
        phases = []
        for line in self.process.stdout:
            match = re.search(r'"data":\[(\d+),"([a-z-]+)","((?:[^"\\]|\\.)*)"\]', line)
            if match and match.group(2) == "pulling":
                self.pulling.append(match.group(3))
            if match and match.group(2) not in phases:
                phases.append(match.group(2))
            if phases and phases[-1] == until:
                break
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()
        self.process.stderr.close()
        return phases


def with_each(*flavours, **options):
    """Runs a test with each of these engines; the options are the host's."""
    def decorate(function):
        def run():
            for flavour in flavours:
                try:
                    with Host(flavour, **options) as host:
                        function(host)
                except Exception as error:
                    raise AssertionError(f"with {flavour}") from error
        run.__name__ = function.__name__
        return run
    return decorate


both = with_each("docker", "podman")
# Where versions of the API differ, or the engine keeps something: Docker's oldest and Podman's, and the newest that is spoken.
EVERY_ENGINE = ("docker", "podman", "newest")
every_engine = with_each(*EVERY_ENGINE)


def new_store():
    return str(uuid.uuid4())
