# SPDX-License-Identifier: MIT
"""The peers of tinyforgectl that say what the real ones say on bad days only, on a bus of the test's own."""
import contextlib
import fcntl
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import tempfile
import termios

from private_bus import PrivateBus

PROGRAM = os.environ["TINYFORGECTL"]
NAMES = ("org.tinyforge.Webhook1", "org.tinyforge.Deployer1", "org.freedesktop.systemd1")
POLICY = "<busconfig><policy context=\"default\">" + "".join(
    f'<allow own="{name}"/><allow send_destination="{name}"/>' for name in NAMES) + "</policy></busconfig>"

WEBHOOK = ("webhook",)
ALL = ("webhook", "deployer", "systemd")


def open_terminal(rows, columns):
    """Both ends of a terminal of that size."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    return leader, follower


class Peers:
    """A bus with the peers that are named, for one test."""

    def __init__(self, *roles):
        self.roles = roles
        self.directory = tempfile.mkdtemp(prefix="tinyforge-test.")
        policy = os.path.join(self.directory, "policy.conf")
        with open(policy, "w", encoding="ascii") as f:
            f.write(POLICY)
        self.bus = PrivateBus(self.directory, [policy])
        self.environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.bus.address, TZ="UTC")
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen([os.environ["FAKE_PEERS"], *self.roles], env=self.environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(20)
        self.bus.close()
        shutil.rmtree(self.directory)

    @contextlib.contextmanager
    def hung(self, role):
        """One more peer, which has its name and answers nobody."""
        with subprocess.Popen([os.environ["FAKE_PEERS"], role], env=self.environment, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout.readline() == "ready\n"
                process.send_signal(signal.SIGSTOP)
                yield process
            finally:
                process.kill()

    def run(self, *arguments, status=0):
        result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False,
                                env=self.environment)
        assert result.returncode == status, (arguments, result.returncode, result.stdout, result.stderr)
        return result

    def json(self, *arguments, status=0):
        return json.loads(self.run("--json", *arguments, status=status).stdout)

    def run_on_terminal(self, columns, *arguments, status=0, stderr=False, **variables):
        """What the program writes to a terminal that is `columns` wide, with these variables in its environment."""
        leader, follower = open_terminal(24, columns)
        environment = {key: value for key, value in self.environment.items() if key != "COLUMNS"}
        environment.update(variables)
        with subprocess.Popen([PROGRAM, *arguments], stdout=follower, stderr=follower if stderr else subprocess.DEVNULL,
                              env=environment) as process:
            os.close(follower)
            written = b""
            try:
                while chunk := os.read(leader, 65536):
                    written += chunk
            except OSError:
                pass  # the end, as Linux tells it of a terminal
            os.close(leader)
            assert process.wait(60) == status
        return written.decode("utf-8").replace("\r\n", "\n")


def assert_harmless(text):
    bad = [c for c in text if (ord(c) < 0x20 and c != "\n") or 0x7F <= ord(c) <= 0x9F or ord(c) == 0x202E]
    assert not bad, (bad, text)
