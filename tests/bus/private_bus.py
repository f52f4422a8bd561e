# SPDX-License-Identifier: MIT
"""A dbus-daemon of its own with the installed policy files, and calls on it."""
import json
import os
import pwd
import re
import subprocess
import xml.sax.saxutils

import sd_bus
from sd_bus import BusError

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  {policies}
</busconfig>
"""


class PrivateBus:
    """The default policy is that of the system bus: nothing is allowed that our files do not allow."""

    def __init__(self, directory, policy_files=()):
        self.directory = directory
        self.services = os.path.join(directory, "services")
        os.makedirs(self.services, exist_ok=True)
        socket_path = os.path.join(directory, "bus")
        self.address = f"unix:path={socket_path}"
        policies = "\n".join(self._policy(path) for path in policy_files)
        config = os.path.join(directory, "bus.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(CONFIG.format(socket=xml.sax.saxutils.escape(socket_path),
                                  services=xml.sax.saxutils.escape(self.services), policies=policies))
        self.process = subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if not self.process.stdout.readline():
            raise AssertionError("dbus-daemon does not start")

    @staticmethod
    def _policy(path):
        """The policies of a file, where the daemons' own users are whoever runs the tests."""
        with open(path, encoding="utf-8") as f:
            text = f.read()
        me = pwd.getpwuid(os.getuid()).pw_name
        text = re.sub(r'user="tinyforge(-deployer)?"', f'user="{me}"', text)
        return re.search(r"<busconfig>(.*)</busconfig>", text, re.DOTALL).group(1)

    def add_service(self, name, command):
        """Lets the bus start `command` when somebody calls `name`."""
        with open(os.path.join(self.services, f"{name}.service"), "w", encoding="utf-8") as f:
            f.write(f"[D-BUS Service]\nName={name}\nExec={command}\n")
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig")

    def busctl(self, *arguments, prefix=()):
        return subprocess.run([*prefix, "busctl", f"--address={self.address}", "--timeout=50", "--json=short", *arguments],
                              capture_output=True, text=True, timeout=60, check=False)

    def call(self, destination, path, interface, method, signature="", *arguments, prefix=()):
        """The values of the reply; with a `prefix`, which makes somebody else of the caller, by busctl."""
        if not prefix:
            return sd_bus.call(self.address, destination, path, interface, method, signature, *arguments)
        words = [signature, *map(str, arguments)] if signature else []
        result = self.busctl("call", destination, path, interface, method, *words, prefix=prefix)
        if result.returncode != 0:
            raise BusError(result.stderr.strip())
        return json.loads(result.stdout)["data"] if result.stdout.strip() else []

    def get_property(self, destination, path, interface, name):
        return self.call(destination, path, "org.freedesktop.DBus.Properties", "Get", "ss", interface, name)[0]["data"]

    def has_owner(self, name):
        return self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", "s",
                         name)[0]

    def introspect(self, destination, path):
        return self.call(destination, path, "org.freedesktop.DBus.Introspectable", "Introspect")[0]

    def monitor(self, rule):
        """Starts to print the messages that match `rule`: the process, which is listening when this returns."""
        process = subprocess.Popen(["dbus-monitor", "--address", self.address, rule], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        # Its own connection is the first thing that it prints.
        process.stdout.readline()
        return process

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()


def read_until(monitor, is_done):
    """All that a monitor says until that is done by what it has said; the monitor ends then."""
    text = ""
    try:
        while not is_done(text):
            line = monitor.stdout.readline()
            assert line, text
            text += line
    finally:
        monitor.terminate()
        monitor.wait(20)
        monitor.stdout.close()
    return text
