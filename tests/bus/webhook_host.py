# SPDX-License-Identifier: MIT
"""webhookd as systemd would run it, without systemd: listening sockets passed on, a state directory, a private bus."""
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile

from private_bus import PrivateBus
from waiting import wait_for

PROGRAM = os.environ["WEBHOOKD"]
ROOT = os.environ["SOURCE_ROOT"]

DEADLINE = 20.0
# Above the descriptors that are passed on.
HIGH = 64


class Answer:
    """One HTTP answer, taken apart."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
        # What every answer has for itself.
        self.comparable = (lines[0], [h for h in self.headers if h[0].lower() != "date"], self.body)

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self):
        return json.loads(self.body)


def read_answer(stream):
    """Reads one answer with a Content-Length from a buffered socket file; None at the end of the stream."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return Answer(head + stream.read(length))


class Webhookd:
    """The listening sockets live as long as this object, the process as long as it likes."""

    def __init__(self, program, bus, directory, config="", tls=False):
        self.program = program
        self.bus = bus
        self.state = os.path.join(directory, "state")
        os.makedirs(self.state, 0o700, exist_ok=True)
        self.credentials = os.path.join(directory, "credentials")
        os.makedirs(self.credentials, 0o700, exist_ok=True)
        self.config = os.path.join(directory, "webhookd.conf")
        self.configure(config)
        self.log_path = os.path.join(directory, "webhookd.log")
        self.tcp = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.tcp.getsockname()[1]
        self.unix_path = os.path.join(directory, "webhook.sock")
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(self.unix_path)
        self.unix.listen(512)
        self.tls = socket.create_server(("::", 0), family=socket.AF_INET6, backlog=512, dualstack_ipv6=True) if tls else None
        self.tls_port = self.tls.getsockname()[1] if tls else None
        self.process = None

    def configure(self, text):
        """What the next start reads."""
        with open(self.config, "w", encoding="ascii") as f:
            f.write("[Webhook]\n" + text)
        os.chmod(self.config, 0o640)

    def credential(self, name, text):
        """What the next start finds, as if a drop-in had LoadCredential= for it."""
        with open(os.path.join(self.credentials, name), "w", encoding="utf-8", newline="") as f:
            f.write(text)

    def environment(self):
        found = {"DBUS_SYSTEM_BUS_ADDRESS": self.bus.address, "STATE_DIRECTORY": self.state}
        if os.path.isdir(self.credentials):
            found["CREDENTIALS_DIRECTORY"] = self.credentials
        return dict(os.environ, **found)

    def start(self, prefix=()):
        """Starts the process as systemd would: descriptors from 3 on, and waits for its name on the bus."""
        listeners = [self.tcp.fileno(), self.unix.fileno(), *([self.tls.fileno()] if self.tls else [])]
        names = ["webhook", "webhook", "webhook-tls"][:len(listeners)]
        environment = dict(self.environment(), LISTEN_FDS=str(len(listeners)), LISTEN_FDNAMES=":".join(names))
        # A shell moves them, since a function to be called before the exec would make Python fork, which is slow.
        copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH) for fd in listeners]
        moves = " ".join(f"{number}<&{fd} {fd}<&-" for number, fd in enumerate(copies, 3))
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*prefix, "bash", "-c", f'LISTEN_PID=$$ exec "$@" {moves}', "bash", self.program, f"--config={self.config}"],
                env=environment, stderr=log, stdin=subprocess.DEVNULL, pass_fds=copies)
        for fd in copies:
            os.close(fd)
        wait_for("webhookd on the bus", lambda: self.bus.has_owner("org.tinyforge.Webhook1")
                 or self.process.poll() is not None)
        # One that is already idle again has done nothing wrong.
        assert self.process.poll() in (None, 0), f"status {self.process.returncode}: {self.log()}"

    def stop(self, number=signal.SIGTERM, deadline=DEADLINE):
        """Ends the process and returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(deadline)
        self.process = None
        return status

    def close(self):
        """One that can ends in order, so that a sanitizer has its say and counters are written; a test that failed may leave another."""
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.stop(signal.SIGKILL)
        for listener in filter(None, (self.tcp, self.unix, self.tls)):
            listener.close()

    def log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return f.read()

    def n_connections(self):
        """How many TCP connections the process has."""
        inodes, found = set(), 0
        for fd in os.listdir(f"/proc/{self.process.pid}/fd"):
            try:
                inodes.add(os.readlink(f"/proc/{self.process.pid}/fd/{fd}"))
            except FileNotFoundError:
                pass
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table, encoding="ascii") as lines:
                for words in map(str.split, list(lines)[1:]):
                    # 0A is a listener's state.
                    found += words[3] != "0A" and f"socket:[{words[9]}]" in inodes
        return found

    def call(self, method, signature="", *arguments):
        return self.bus.call("org.tinyforge.Webhook1", "/org/tinyforge/Webhook1", "org.tinyforge.Webhook1.Manager",
                             method, signature, *arguments)

    def path(self):
        return self.call("GetWebhookPath")[0]

    def connect(self, unix=False):
        if unix:
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(DEADLINE)
            s.connect(self.unix_path)
            return s
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)

    def raw(self, data, unix=False):
        """Sends bytes, reads everything until the end of the stream or one answer."""
        with self.connect(unix) as s:
            s.sendall(data)
            return read_answer(s.makefile("rb"))

    def request(self, method="POST", path=None, body=b"", headers=(), unix=False):
        lines = [f"{method} {path or self.path()} HTTP/1.1", "Host: test", f"Content-Length: {len(body)}", *headers]
        return self.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body, unix)

    def waits(self, number):
        """
        Whether that deploy is back in the queue for seconds, as no deployer can be started here: one that runs is not in the
        queue.
        """
        return any(row[0] == number and row[4] == "queued" and "deployer" in row[5]
                   for row in self.call("ListDeploys", "ssu", "", "", 0)[0])

    def post(self, image, path=None, headers=()):
        return self.request("POST", path, json.dumps({"image": image}).encode(),
                            ["Content-Type: application/json", *headers])


class Host:
    """A directory, a bus and a webhookd, for one test."""

    def __init__(self, config="", start=True, tls=False, policies=()):
        self.directory = tempfile.mkdtemp(prefix="tinyforge-test.")
        self.bus = PrivateBus(self.directory, [os.path.join(ROOT, "dbus", "org.tinyforge.Webhook1.conf"),
                                               os.path.join(ROOT, "dbus", "org.tinyforge.Deployer1.conf"), *policies])
        self.webhookd = Webhookd(PROGRAM, self.bus, self.directory, config, tls)
        if start:
            self.webhookd.start()

    def __enter__(self):
        return self.webhookd

    def __exit__(self, *_):
        self.webhookd.close()
        self.bus.close()
        shutil.rmtree(self.directory)
