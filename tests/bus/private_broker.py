# SPDX-License-Identifier: MIT
"""
A dbus-broker of its own. Its launcher logs to the journal alone, and has systemd start whatever it brings up: here it is in a mount
namespace with a socket that takes its entries, and on its bus there is no systemd, so that nothing ever starts.
"""
import os
import shlex
import shutil
import socket
import subprocess
import threading

import tap
from private_bus import BusError
from sd_bus import call
from waiting import wait_for

ISOLATE = ["unshare", "--user", "--map-root-user", "--mount"]
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow user="*"/>
    <allow send_type="method_call"/>
    <allow send_destination="*"/>
  </policy>
</busconfig>
"""


class PrivateBroker:
    """In a folder of the caller's."""

    def __init__(self, directory):
        if not shutil.which("dbus-broker-launch") or subprocess.run([*ISOLATE, "true"], capture_output=True, check=False).returncode != 0:
            raise tap.Skip("no dbus-broker here, or no namespaces")
        self.services = os.path.join(directory, "services")
        run, config, path = (os.path.join(directory, name) for name in ("run", "broker.conf", "bus"))
        os.makedirs(self.services)
        os.makedirs(os.path.join(run, "systemd", "journal"))
        with open(config, "w", encoding="utf-8") as f:
            f.write(CONFIG.format(services=self.services))
        self.journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.journal.bind(os.path.join(run, "systemd", "journal", "socket"))
        threading.Thread(target=self.read_journal, daemon=True).start()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.address = f"unix:path={path}"
        inside = f'mount --bind {shlex.quote(run)} /run && LISTEN_PID=$$ exec "$@"'
        self.process = None
        self.command = [*ISOLATE, "sh", "-c", inside, "sh", "dbus-broker-launch", "--scope=user", f"--config-file={config}"]

    def read_journal(self):
        """So that the launcher never waits; nobody reads what it says."""
        while self.journal.recv(1 << 16):
            pass

    def add_service(self, name, unit):
        """To be called before the start."""
        with open(os.path.join(self.services, f"{name}.service"), "w", encoding="utf-8") as f:
            f.write(f"[D-BUS Service]\nName={name}\nExec=/bin/false\nSystemdService={unit}\n")

    def is_up(self):
        try:
            return call(self.address, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId")
        except BusError:
            return None

    def start(self):
        listener = self.listener.fileno()
        self.process = subprocess.Popen(["bash", "-c", f'exec "$@" 3<&{listener}', "bash", *self.command], stderr=subprocess.DEVNULL,
                                        env=dict(os.environ, DBUS_SESSION_BUS_ADDRESS=self.address, LISTEN_FDS="1"),
                                        pass_fds=[listener])
        wait_for("a broker", self.is_up)

    def close(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
        self.listener.close()
        self.journal.close()
