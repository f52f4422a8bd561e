#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A host to test on: this machine's files under a systemd of its own, in about a second.

The root is an overlay whose upper layer is a tmpfs, in a mount namespace of this process: nothing the host writes
reaches the machine, and its mounts end with this process however it ends. Units, network, control groups, journal,
bus and container engines are the host's own; what this machine has enabled or configured of them is left out.

    with Host('name') as host:
        host.run('systemctl', 'start', 'docker.service')
        host.reboot()

or, by hand, `tests/system/host.py [--bus daemon] [--folder DIR] [COMMAND...]`; without a command there is a shell.
"""

import argparse
import ctypes
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
BOOT_DEADLINE = 60
STOP_DEADLINE = 150
SKIPPED = 77  # the exit status by which test harnesses know that something cannot be run here
BUSES = {"broker": "dbus-broker.service", "daemon": "dbus.service"}

# What this machine enabled, mounted or configured stays out of the host; and that manuals are indexed anew with each package, which
# takes longer than to install it.
LEFT_OUT = [
    "etc/crypttab", "etc/docker/daemon.json", "etc/environment", "etc/fstab", "etc/machine-id", "etc/systemd/network",
    "etc/systemd/system", "etc/tinyforge", "root/.docker", "var/lib/dbus/machine-id", "var/lib/docker-registry",
    "var/lib/man-db/auto-update", "var/lib/systemd/catalog", "var/lib/tinyforge", "var/log/journal",
    *(f"etc/rc{level}.d" for level in "0123456S"),
]
MASKED = ["console-getty.service", "getty@.service", "systemd-firstboot.service", "systemd-modules-load.service",
          "systemd-resolved.service", "systemd-timesyncd.service", "systemd-networkd-wait-online.service"]
# Engines put overlays of their own here, and an overlay cannot be the upper layer of another.
ON_TMPFS = ["var/lib/containerd", "var/lib/containers", "var/lib/docker"]
# Hierarchies of version 1 are mounted read-only; the engines write there.
CONTROL_GROUPS = r"""[Unit]
Description=Writable control groups
DefaultDependencies=no
Before=sysinit.target

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for c in /sys/fs/cgroup/*/; do ! mountpoint -q "$c" || mount -o remount,bind,rw "$c"; done'
"""
# Podman runs health checks as units; one may fail while its container is not quite there.
HEALTH_CHECK = re.compile(r"[0-9a-f]{64}(-[0-9a-f]+)?\.service ")

# A host is many processes, and its group would get the time of one of those that run beside it: these are the defaults of ten.
WEIGHTS = {"cpu.shares": "10240", "cpu.weight": "1000"}

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


class HostError(Exception):
    pass


def unavailable():
    """Why no host can be booted here, or None."""
    if os.geteuid() != 0:
        return "booting a host takes root"
    for program in ("systemd-nspawn", "nsenter"):
        if not shutil.which(program, path=PATH):
            return f"{program} is not installed"
    if "overlay" not in pathlib.Path("/proc/filesystems").read_text() \
            and subprocess.run(["modprobe", "-q", "overlay"], check=False).returncode != 0:
        return "the kernel has no overlay file system"
    return None


def wait_until(condition, what, deadline=30.0, pause=0.05):
    """Asks `condition` until it answers something true, and returns that."""
    end = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise HostError(f"not within {deadline:g} s: {what}")
        time.sleep(pause)


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def enter_mount_namespace():
    if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        raise HostError(f"no mount namespace: {os.strerror(ctypes.get_errno())}")


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class ControlGroups:
    """One group below our own in every hierarchy, so that what the engines make there can be found and removed."""

    def __init__(self, name):
        self.groups = []
        for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, own = line.split(":", 2)
            for root in self.roots(controllers):
                group = root / own.lstrip("/") / name
                if group.parent.is_dir():
                    self.groups.append(group)

    @staticmethod
    def roots(controllers):
        top = pathlib.Path("/sys/fs/cgroup")
        if not controllers:
            return [root for root in (top / "unified", top) if (root / "cgroup.controllers").exists()][:1]
        return [root for root in (top / controllers.removeprefix("name="),) if root.is_dir()]

    def make(self):
        for group in self.groups:
            group.mkdir()
            for setting in ("cpuset.cpus", "cpuset.mems"):
                if (group / setting).exists() and (group / "tasks").exists():
                    (group / setting).write_text((group.parent / setting).read_text())
            for setting, weight in WEIGHTS.items():
                if (group / setting).exists():
                    (group / setting).write_text(weight)

    def join(self):
        for group in self.groups:
            (group / "cgroup.procs").write_text("0")

    def remove(self):
        for group in self.groups:
            for folder, _, _ in os.walk(group, topdown=False):
                wait_until(lambda folder=folder: self.try_remove(folder), f"{folder} is empty", deadline=10)

    @staticmethod
    def try_remove(folder):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:
            return False
        return True


class Host:
    def __init__(self, name, bus="broker", folders=()):
        """`bus` is a key of BUSES; `folders` are to be seen in the host, as SOURCE is, wherever they lie."""
        self.name = f"{name}-{os.getpid()}"
        self.bus = bus
        self.folders = sorted({SOURCE, *(pathlib.Path(folder).resolve() for folder in folders)})
        self.binds = []
        self.work = self.root = self.nspawn = self.leader = self.groups = None

    def __enter__(self):
        reason = unavailable()
        if reason:
            raise HostError(reason)
        enter_mount_namespace()
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="tinyforge-host-"))
        try:
            self.make_root()
            self.boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception):
        self.close()

    # The root

    def make_root(self):
        mount("-t", "tmpfs", "-o", "mode=0755", "tinyforge-host", self.work)
        self.root = self.overlay("/")
        for path in LEFT_OUT:
            remove(self.root / path)
        self.make_configuration()
        for path in ON_TMPFS:
            backing = self.work / path.replace("/", "-")
            backing.mkdir()
            (self.root / path).mkdir(parents=True, exist_ok=True)
            mount("--bind", backing, self.root / path)
        # They may lie below /tmp, or on another file system than the root: neither is in the overlay above.
        for folder in self.folders:
            if not any(parent in self.folders for parent in folder.parents):
                self.binds.append(f"--bind={self.overlay(folder)}:{folder}")

    def overlay(self, lower):
        """A folder with what `lower` has, for the host to write to."""
        layers = pathlib.Path(tempfile.mkdtemp(dir=self.work))
        layers.chmod(0o755)
        upper, scratch, merged = layers / "upper", layers / "scratch", layers / "merged"
        for folder in (upper, scratch, merged):
            folder.mkdir()
        mount("-t", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={scratch}", "tinyforge-host", merged)
        return merged

    def make_configuration(self):
        units = self.root / "etc/systemd/system"
        units.mkdir()
        for unit in MASKED:
            (units / unit).symlink_to("/dev/null")
        (units / "control-groups.service").write_text(CONTROL_GROUPS)
        wants = units / "sysinit.target.wants"
        wants.mkdir()
        (wants / "control-groups.service").symlink_to("../control-groups.service")
        if self.bus == "broker":
            (units / "dbus.service").symlink_to("/lib/systemd/system/dbus-broker.service")
        (self.root / "etc/machine-id").write_text(secrets.token_hex(16) + "\n")
        (self.root / "etc/hostname").write_text(self.name + "\n")
        (self.root / "etc/hosts").write_text(f"127.0.0.1 localhost {self.name}\n::1 localhost\n")
        (self.root / "etc/fstab").touch()
        (self.root / "var/log/journal").mkdir()
        # A container whose engine left before it did not end by itself; do not wait for it as long as a real host.
        limits = self.root / "etc/systemd/system.conf.d/tinyforge-host.conf"
        limits.parent.mkdir(exist_ok=True)
        limits.write_text("[Manager]\nDefaultTimeoutStopSec=15s\n")

    # The life of the host

    def boot(self):
        command = ["systemd-nspawn", "--quiet", "-D", self.root, "--boot", "--register=no", "--private-network",
                   "--capability=all", "--console=pipe", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
                   *self.binds, "-M", self.name]
        # On a host of systemd's own nspawn asks it for a scope; elsewhere we bring the control groups.
        if not os.path.isdir("/run/systemd/system"):
            command.insert(1, "--keep-unit")
            self.groups = ControlGroups(self.name)
            self.groups.make()

        def prepare():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if self.groups:
                self.groups.join()

        with open(self.work / "console", "ab") as console:
            self.nspawn = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                preexec_fn=prepare, env={"PATH": PATH, "SYSTEMD_SECCOMP": "0", "LANG": "C.UTF-8"})
        self.leader = wait_until(self.find_leader, "systemd is the leader", BOOT_DEADLINE)
        state = wait_until(self.find_state, "the host is up", BOOT_DEADLINE)
        failed = [unit for unit in self.out("systemctl", "--failed", "--no-legend", "--plain").splitlines()
                  if not HEALTH_CHECK.match(unit)]
        if state == "maintenance" or failed:
            raise HostError(f"the host is {state}: {failed}")

    def find_leader(self):
        if self.nspawn.poll() is not None:
            raise HostError("systemd-nspawn ended:\n" + (self.work / "console").read_text(errors="replace"))
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        for child in children:
            try:
                if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return child
            except (FileNotFoundError, ProcessLookupError):
                pass
        return None

    def find_state(self):
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state if state in ("running", "degraded", "maintenance") else None

    def shutdown(self):
        """Shuts the host down as a person would; its disk stays."""
        if not self.nspawn:
            return
        if self.nspawn.poll() is None:
            self.nspawn.terminate()
            try:
                self.nspawn.wait(STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        self.nspawn = self.leader = None
        if self.groups:
            self.groups.remove()
            self.groups = None

    def reboot(self):
        self.shutdown()
        self.boot()

    def close(self):
        # A second Ctrl-C must not keep us from tidying up.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        try:
            self.shutdown()
        finally:
            subprocess.run(["umount", "--recursive", "--lazy", str(self.work)], check=False)
            self.work.rmdir()

    # Inside

    def enter(self, *command, user="root"):
        """The command line that runs `command` in the host."""
        command = [str(word) for word in command]
        if user != "root":
            command = ["runuser", "-u", user, "--", *command]
        return ["nsenter", "-t", self.leader, "-a", f"--wdns={SOURCE}", "--", "env", "-i", f"PATH={PATH}", "HOME=/root",
                "LANG=C.UTF-8", "SYSTEMD_PAGER=cat", f'TERM={os.environ.get("TERM", "dumb")}', *command]

    def run(self, *command, check=True, user="root", text=True, timeout=120, **options):
        """Runs a command in the host and returns what subprocess.run() does; `check` raises HostError."""
        done = subprocess.run(self.enter(*command, user=user), check=False, timeout=timeout, text=text,
                              stdin=options.pop("stdin", None if "input" in options else subprocess.DEVNULL),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        if check and done.returncode != 0:
            raise HostError(f'{" ".join(map(str, command))}: exit status {done.returncode}\n{done.stdout}{done.stderr}')
        return done

    def out(self, *command, **options):
        return self.run(*command, **options).stdout.strip()

    def file(self, path):
        """Where a file of the host is for this process: to look, and to connect, without a process for each."""
        return f"/proc/{self.leader}/root{path}"

    def on_network(self, function, *arguments):
        """Calls a function in the host's network, and returns what it does."""
        outcome = []

        # A thread has a network of its own as soon as it asks for it.
        def call():
            try:
                with open(f"/proc/{self.leader}/ns/net", "rb") as network:
                    if libc.setns(network.fileno(), CLONE_NEWNET) != 0:
                        raise HostError(f"the host's network: {os.strerror(ctypes.get_errno())}")
                outcome.append((function(*arguments), None))
            except Exception as error:  # pylint: disable=broad-except
                outcome.append((None, error))

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        value, error = outcome[0]
        if error:
            raise error
        return value


def raise_on_signals():
    """SIGTERM and SIGHUP end the process as SIGINT does: through the `with` blocks."""
    def leave(number, _frame):
        raise SystemExit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


def main():
    parser = argparse.ArgumentParser(description="Boots a throw-away host and runs a command in it, or a shell.")
    parser.add_argument("--bus", choices=BUSES, default="broker")
    parser.add_argument("--folder", action="append", default=[], help="to be seen in the host, besides the source")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    raise_on_signals()
    reason = unavailable()
    if reason:
        print(f"host: {reason}", file=sys.stderr)
        return SKIPPED
    try:
        with Host("tinyforge", bus=arguments.bus, folders=arguments.folder) as host:
            return subprocess.run(host.enter(*(arguments.command or ["bash", "-l"])), check=False).returncode
    except HostError as error:
        print(f"host: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
