#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The units together, on a booted host as tinyforge was installed on it: sockets that are opened whatever ran before, daemons that do
not start, credentials that are not there. There is no engine: deploys wait.

usage: test_units.py [TEST], with BUS= and BUILD_ROOT= as for test_system.py
"""
import subprocess
import sys
import tempfile
import time

import harness
import tap
from forge import ADDRESS, DEPLOYER, DEPLOYERD, SOCKET, WEBHOOK, WEBHOOKD, Forge
from host import SOURCE, Host, wait_until

import certificates

TLS_SOCKET = "tinyforge-webhookd-tls.socket"
URLS = {SOCKET: f"http://{ADDRESS}/", TLS_SOCKET: "https://localhost:8443/"}
CREDENTIALS = "/etc/tinyforge/tls"
# Longer than anything here takes that is not stuck; and than dbus-daemon, which asks nobody about units, waits for a name (25 s).
PATIENCE, ACTIVATION = 20, 35

# An engine that listens and never answers: the deployer asks it before it takes its name.
SILENT = "/run/silent.sock"
SILENCE = f"import os, socket, time; s = socket.socket(socket.AF_UNIX); s.bind('{SILENT}'); s.listen(); " \
          f"os.chmod('{SILENT}', 0o666); time.sleep(3600)"

forge = None  # pylint: disable=invalid-name


class Installed(Forge):
    """A Forge on which nothing is enabled and nothing has run."""

    def __enter__(self):
        Host.__enter__(self)
        try:
            self.provision("install", self.build)
        except BaseException:
            self.close()
            raise
        return self


def teardown():
    """What the next test finds: nothing enabled, nothing running, no drop-in."""
    forge.run("systemctl", "disable", "--quiet", "--now", SOCKET, TLS_SOCKET)
    forge.run("rm", "-rf", *(f"/etc/systemd/system/{unit}.d" for unit in (WEBHOOKD, DEPLOYERD)),
              "/etc/tinyforge/deployerd.conf.d/60-silent.conf", CREDENTIALS)
    forge.run("systemctl", "daemon-reload")
    forge.run("systemctl", "stop", WEBHOOKD, DEPLOYERD)
    forge.run("systemctl", "reset-failed")


def drop_in(unit, text):
    folder = f"/etc/systemd/system/{unit}.d"
    forge.run("mkdir", "-p", folder)
    forge.write(f"{folder}/50-test.conf", text)
    forge.run("systemctl", "daemon-reload")


def answers(socket):
    """The HTTP status there, or 0."""
    return int(forge.run("curl", "-sk", "-o", "/dev/null", "-m", "10", "-w", "%{http_code}", URLS[socket], check=False).stdout)


def is_open(socket):
    """Whether its unit is active, and somebody listens there: connections of TLS are closed at once where there is no certificate."""
    return forge.unit(socket, "ActiveState") == "active" and \
        forge.run("curl", "-sk", "-m", "10", URLS[socket], check=False).returncode in (0, 35, 56)


def status():
    """All that tinyforgectl says of it; there is no engine, which is a failure."""
    done = forge.ctl("status", check=False)
    return done.stdout + done.stderr


def wait_for_next_receiver(before):
    """Until another process than `before` is the receiver, without asking the receiver for anything."""
    return wait_until(lambda: forge.pid(WEBHOOKD) not in (0, before) and forge.unit(WEBHOOKD, "ActiveState") == "active",
                      "the receiver has been started again", PATIENCE)


# Sockets

def test_line_that_status_prints_opens_the_socket_at_once():
    told = status()
    line = f"systemctl enable --now {SOCKET}"
    assert line in told and "no delivery arrives" in told, told
    assert (forge.unit(WEBHOOKD, "ActiveState"), forge.unit(SOCKET, "ActiveState")) == ("active", "inactive")
    forge.run(*line.split())
    assert answers(SOCKET) == 404
    assert "no delivery arrives" not in status()


def test_socket_opens_whatever_ran_before():
    for unit in ("tinyforge-resume.service", "tinyforge-endpoints.service", "tinyforge-metrics.service"):
        forge.run("mkdir", "-p", "/var/lib/prometheus/node-exporter")
        forge.run("systemctl", "start", unit, check=False)
        for socket in (SOCKET, TLS_SOCKET):
            forge.run("systemctl", "enable", "--now", socket)
            assert is_open(socket), (unit, socket)
        assert answers(SOCKET) == 404
        forge.run("systemctl", "disable", "--quiet", "--now", SOCKET, TLS_SOCKET)


def test_queue_of_a_receiver_without_a_socket_goes_on_with_it():
    forge.ctl("project", "create", "shop", "a.example/acme/shop")
    forge.ctl("stage", "set", "shop", "dev", "--pattern=*")
    deploy_id = forge.call(WEBHOOK, "Deploy", "sss", "shop", "dev", "v1")[0]
    wait_until(lambda: forge.journal("DEPLOY_RETRIED", TINYFORGE_DEPLOY=deploy_id), "the deploy waits for an engine", PATIENCE)
    before = forge.pid(WEBHOOKD)
    forge.run("systemctl", "enable", "--now", SOCKET)
    wait_for_next_receiver(before)
    wait_until(lambda: len(forge.journal("DEPLOY_RETRIED", TINYFORGE_DEPLOY=deploy_id)) > 1, "the deploy is tried again", PATIENCE)
    assert answers(SOCKET) == 404
    [deploy] = forge.deploys("shop")
    assert (deploy.id, deploy.state) == (deploy_id, "queued"), deploy
    forge.busctl(WEBHOOK, "Cancel", "t", deploy_id)


def test_second_socket_opens_beside_the_first_and_loses_no_request():
    """Not that of a slow sender, for whom the receiver waits before it makes way, nor a call on the bus meanwhile."""
    forge.run("systemctl", "enable", "--now", SOCKET)
    path = forge.path()
    with tempfile.NamedTemporaryFile("w") as body:
        body.write('{"image":"a.example/acme/slow:v1","padding":"' + "x" * 60000 + '"}')
        body.flush()
        with open(body.name, "rb") as given:
            slow = subprocess.Popen(forge.enter("curl", "-sS", "--limit-rate", "10K", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                                                "Expect:", "--json", "@-", f"http://{ADDRESS}{path}"),
                                    stdin=given, stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        opens = subprocess.Popen(forge.enter("systemctl", "enable", "--now", TLS_SOCKET), stderr=subprocess.PIPE, text=True)
        wait_until(lambda: forge.unit(WEBHOOKD, "ActiveState") == "deactivating", "the receiver makes way", PATIENCE, 0.01)
        assert forge.path() == path
        assert slow.communicate(timeout=PATIENCE)[0] == "202"
        told = opens.communicate(timeout=PATIENCE)[1]
        assert opens.returncode == 0, told
    assert is_open(SOCKET) and is_open(TLS_SOCKET) and answers(SOCKET) == 404


def test_starting_a_socket_that_is_open_harms_nothing():
    forge.run("systemctl", "enable", "--now", SOCKET)
    for _ in range(3):
        forge.path()
        forge.run("systemctl", "start", SOCKET)
        assert answers(SOCKET) == 404
    assert forge.unit(WEBHOOKD, "Result") == "success"


# Daemons that do not start

def begin_call(*words):
    """A call in the background, by busctl with a time-out beyond what may happen."""
    return subprocess.Popen(forge.enter("busctl", "--system", "--timeout=60", "call", *words), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def silent_engine():
    forge.run("systemd-run", "--quiet", "--collect", "--unit=silent", "python3", "-c", SILENCE)
    wait_until(lambda: forge.run("test", "-S", SILENT, check=False).returncode == 0, "the silent engine listens", PATIENCE)
    forge.run("mkdir", "-p", "/etc/tinyforge/deployerd.conf.d")
    forge.write("/etc/tinyforge/deployerd.conf.d/60-silent.conf", f"[Deployer]\nEngine={SILENT}\n")


def test_deployer_that_is_told_to_stop_while_it_starts_is_told_to_who_waits():
    silent_engine()
    try:
        for end in (["kill"], ["stop"], ["kill", "--signal=KILL"]):
            call = begin_call(*DEPLOYER, "ListInstances", "ss", "", "")
            wait_until(lambda: forge.pid(DEPLOYERD), "the deployer starts", PATIENCE)
            assert forge.unit(DEPLOYERD, "ActiveState") == "activating"
            forge.run("systemctl", *end, DEPLOYERD)
            begun = time.monotonic()
            try:
                told = call.communicate(timeout=ACTIVATION)[1]
            except subprocess.TimeoutExpired:
                call.stdout.close()
                call.stderr.close()
                raise AssertionError(f"after systemctl {' '.join(end)} the call hangs") from None
            tap.note(f"{' '.join(end)}: {time.monotonic() - begun:.1f} s, {told.strip()}")
            assert call.returncode != 0 and told, told
    finally:
        forge.run("systemctl", "stop", "silent.service")
        forge.run("rm", "-f", SILENT)
    # What comes next is not held up by it.
    forge.run("rm", "/etc/tinyforge/deployerd.conf.d/60-silent.conf")
    assert "EngineUnreachable" in forge.busctl(DEPLOYER, "ListInstances", "ss", "", "", check=False).stderr or \
        forge.unit(DEPLOYERD, "ActiveState") == "active"


def test_deploy_does_not_wait_for_a_deployer_that_never_comes():
    drop_in(DEPLOYERD, "[Service]\nExecStart=\nExecStart=/bin/sleep 600\nNoExecPaths=\nExecPaths=\nTimeoutStartSec=infinity\n")
    forge.ctl("project", "create", "late", "a.example/acme/late")
    forge.ctl("stage", "set", "late", "dev", "--pattern=*")
    begun = time.monotonic()
    deploy_id = forge.call(WEBHOOK, "Deploy", "sss", "late", "dev", "v1")[0]
    wait_until(lambda: forge.journal("DEPLOY_RETRIED", TINYFORGE_DEPLOY=deploy_id), "the deploy is back in the queue", 60, 0.5)
    tap.note(f"back in the queue after {time.monotonic() - begun:.1f} s")
    [deploy] = forge.deploys("late")
    assert deploy.state == "queued" and "DeployerUnreachable: the bus" in deploy.reason, deploy
    forge.busctl(WEBHOOK, "Cancel", "t", deploy_id)


# Credentials

def give(certificate=None, key=None):
    """Files where the drop-in of the documentation looks for them; None is no file, and text is its content."""
    forge.run("rm", "-rf", CREDENTIALS)
    forge.run("mkdir", "-m", "0700", CREDENTIALS)
    for name, text in (("certificate.pem", certificate), ("key.pem", key)):
        if text is not None:
            forge.write(f"{CREDENTIALS}/{name}", text)


def test_missing_and_broken_credentials_close_the_tls_socket_alone():
    with tempfile.TemporaryDirectory() as folder:
        texts = []
        for name in ("one", "other"):
            for path in certificates.make(folder, name):
                with open(path, encoding="ascii") as file:
                    texts.append(file.read())
    certificate, key, _, other = texts
    drop_in(WEBHOOKD, (SOURCE / "docs/examples/tls/tls.conf").read_text(encoding="ascii"))
    forge.run("systemctl", "enable", "--now", SOCKET, TLS_SOCKET)
    for pair, told in (((None, None), "no certificate"), ((certificate, None), "no 'tls-key'"), ((None, key), "no 'tls-certificate'"),
                       ((certificate, ""), "no 'tls-key'"), (("", ""), "no certificate"),
                       ((certificate, other), "'tls-key' is not the key of"), (("text", key), "'tls-certificate' does not begin")):
        give(*pair)
        before = len(forge.journal("TLS_UNUSABLE"))
        forge.run("systemctl", "restart", WEBHOOKD)
        assert (answers(SOCKET), answers(TLS_SOCKET)) == (404, 0), told
        entries = forge.journal("TLS_UNUSABLE")[before:]
        # Once a start; a slow host lets the receiver end between two requests, and start again.
        assert entries and len({entry["_SYSTEMD_INVOCATION_ID"] for entry in entries}) == len(entries), entries
        for entry in entries:
            assert told in entry["MESSAGE"] and entry["PRIORITY"] == "3", entry["MESSAGE"]
    assert "No delivery is taken by TLS" in forge.out("journalctl", "-x", "-u", WEBHOOKD)
    give(certificate, key)
    forge.run("systemctl", "restart", WEBHOOKD)
    assert (answers(SOCKET), answers(TLS_SOCKET)) == (404, 404)


def test_without_the_drop_in_there_are_no_credentials_and_nothing_is_said():
    forge.run("systemctl", "enable", "--now", SOCKET)
    before = len(forge.journal("TLS_UNUSABLE"))
    assert answers(SOCKET) == 404
    assert len(forge.journal("TLS_UNUSABLE")) == before


# What there is of devices: none that stores, shows or measures anything, and the ways back to what a process has itself.
DEVICES = {"char", "core", "fd", "full", "hugepages", "log", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
           "urandom", "zero"}
# Where a daemon has nothing to look for, whatever is there on the host.
EMPTY = ("/sys", "/home", "/root", "/tmp", "/usr/lib/modules")


def seen_by(unit, folder):
    """The names in a folder, as the daemon has it before it: what permissions keep from it is among them, and what is covered is not."""
    return set(forge.out("ls", "-A", f"/proc/{forge.pid(unit)}/root{folder}").split())


def test_conquered_daemon_sees_next_to_nothing_of_the_host():
    for folder in ("/home", "/root", "/tmp"):
        forge.run("touch", f"{folder}/secret")
    for folder in ("/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/usr/lib/modules"):
        forge.run("mkdir", "-p", f"{folder}/secret")
    forge.path()
    forge.busctl(DEPLOYER, "ListInstances", "ss", "", "", check=False)
    for unit in (WEBHOOKD, DEPLOYERD):
        for folder in EMPTY:
            assert not seen_by(unit, folder), (unit, folder, seen_by(unit, folder))
        assert seen_by(unit, "/dev") <= DEVICES, seen_by(unit, "/dev")
        # Of the processes those of its own, and none of the kernel's tables.
        [proc] = [line for line in forge.out("cat", f"/proc/{forge.pid(unit)}/mountinfo").splitlines() if line.split()[4] == "/proc"]
        assert proc.endswith(",hidepid=invisible,subset=pid"), proc
        assert {name for name in seen_by(unit, "/proc") if not name.isdigit()} <= {"self", "thread-self"}, seen_by(unit, "/proc")
        for secret in ("/etc/shadow", "/etc/gshadow"):
            owner, mode = forge.out("stat", "-c", "%U %a", f"/proc/{forge.pid(unit)}/root{secret}").split()
            assert (owner, int(mode, 8) & 0o007) == ("root", 0), (unit, secret)
    # Of /run and /var the receiver has what it uses, and the deployer no image and no volume of an engine.
    assert seen_by(WEBHOOKD, "/run") == {"credentials", "dbus", "systemd"}
    assert seen_by(WEBHOOKD, "/run/systemd") == {"incoming", "journal", "notify"}
    assert seen_by(WEBHOOKD, "/run/credentials") == {WEBHOOKD}
    assert seen_by(WEBHOOKD, "/var") == {"lib", "tmp"}
    assert seen_by(WEBHOOKD, "/var/lib") == {"tinyforge"}
    assert not seen_by(WEBHOOKD, "/var/tmp")
    for folder in ("/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/tmp"):
        assert not seen_by(DEPLOYERD, folder), folder


if __name__ == "__main__":
    harness.main(sys.modules[__name__], engine=None, kind=Installed)
