#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
How long the first request waits for a receiver that does not run: from the connection to 202, on a booted host. Beside it, in turn,
a server of libh2o that does nothing, started by systemd in the same sandbox, and once more without a sandbox: what is between those two
is the price of the sandbox, and what is above the first is the receiver's own. And how long the deployer, which does not run either, is
waited for: from the connection of a delivery until it gets the call.

usage: bench_cold.py, as root, with BARE_H2O= the server and BUILD_ROOT= the build; takes the settings of test programs on booted hosts
"""
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

for folder in ("system", "lib"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))
from comparison import Comparison  # noqa: E402  pylint: disable=wrong-import-position
from forge import ADDRESS, DEPLOYER, DEPLOYERD, WEBHOOKD, Forge  # noqa: E402  pylint: disable=wrong-import-position
from host import raise_on_signals, unavailable, wait_until  # noqa: E402  pylint: disable=wrong-import-position

ROUNDS = 15
UNITS = "/usr/lib/systemd/system"
PROGRAM = "/usr/libexec/tinyforge-bare-h2o"
# What binds the receiver's unit to its sockets, its name and its watchdog, none of which the other one has.
NOT_OF_BOTH = re.compile(r"^(PartOf|Conflicts|Documentation|Type|BusName|WatchdogSec|Restart|RestartSec)=.*\n", re.M)
WITHOUT_SANDBOX = f"[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart={PROGRAM}\nUser=tinyforge\n"


class Contender:
    """A service behind a socket, neither of which serves anything else. `unit` is its text, or None for one that is installed."""

    def __init__(self, name, service, address, unit=None):
        self.name = name
        self.service = service
        self.address = address
        self.unit = unit

    def install(self, forge):
        if self.unit is None:
            return
        forge.write(f"/etc/systemd/system/{self.service}", self.unit)
        forge.write(f"/etc/systemd/system/{self.service.replace('.service', '.socket')}", f"[Socket]\nListenStream={self.address}\n")
        forge.run("systemctl", "daemon-reload")
        forge.run("systemctl", "start", self.service.replace(".service", ".socket"))


def in_same_sandbox(forge):
    """The receiver's unit, for the other program."""
    text = pathlib.Path(forge.file(f"{UNITS}/{WEBHOOKD}")).read_text(encoding="utf-8")
    return NOT_OF_BOTH.sub("", text).replace("/usr/libexec/tinyforge-webhookd", PROGRAM)


def deliver(address, path, image):
    """One push: when it began, by the clock of the day, and how long it took from the connection to its answer, in ms."""
    body = json.dumps({"image": image}).encode()
    request = (f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    host, port = address.rsplit(":", 1)
    clock, begun = time.time(), time.monotonic()
    with socket.create_connection((host, int(port)), 30) as s:
        s.sendall(request)
        answer = s.recv(65536)
    took = (time.monotonic() - begun) * 1000
    assert answer.startswith(b"HTTP/1.1 202 "), answer
    return clock, took


def compare_receivers(forge, contenders, comparison):
    for contender in contenders:
        contender.install(forge)
    path = forge.path()
    for number in range(ROUNDS + 1):
        for contender in contenders:
            forge.run("systemctl", "stop", contender.service, DEPLOYERD)
            _, took = forge.on_network(deliver, contender.address, path, f"a.example/cold:{number}")
            # The first of each finds nothing in memory.
            if number > 0:
                comparison.add(contender.name, took)
            # What was accepted has been handed out, and nobody starts anything while the next one is measured.
            wait_until(lambda service=contender.service: forge.unit(service, "ActiveState") == "active", f"{contender.service} is up")
            time.sleep(0.3)


class Monitor:
    """When which call was sent to the deployer, as the bus tells."""

    def __init__(self, forge):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            forge.enter("busctl", "--system", "--json=short", "monitor", DEPLOYER[0]), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def sent(self, member):
        """The time of the next call of that method, by the clock of the day."""
        for line in self.process.stdout:
            message = json.loads(line)
            if message["type"] == "method_call" and message.get("member") == member:
                return message["timestamp-realtime"] / 1e6
        raise AssertionError("the monitor has ended")

    def end(self):
        # What was started is a program in the host: it ends with its input, and that is what nsenter passes on.
        self.process.terminate()
        self.process.wait()


def measure_deployer(forge, comparison):
    """Both daemons are cold; there is no engine, so that nothing else has to be waited for."""
    path, monitor = forge.path(), Monitor(forge)
    try:
        for number in range(ROUNDS + 1):
            forge.stop_daemons()
            time.sleep(0.3)
            clock, took = forge.on_network(deliver, ADDRESS, path, f"a.example/cold:called-{number}")
            called = (monitor.sent("TriggerDeploy") - clock) * 1000
            if number > 0:
                comparison.add("202", took)
                comparison.add("TriggerDeploy", called)
    finally:
        monitor.end()


def main():
    reason = unavailable()
    if reason:
        print(f"nothing is measured: {reason}")
        return
    raise_on_signals()
    start = Comparison("cold-receiver", "The first request", "From the connection to 202 where nothing runs: systemd starts the receiver. Beside it "
                       "a server of libh2o that does nothing, in the sandbox of the receiver's unit, and in none.", "ms", "bare libh2o, same sandbox")
    call = Comparison("cold-deployer", "The first deploy", "From the connection where neither daemon runs: until the answer, and until the deployer "
                      "gets the call.", "ms", "202")
    with Forge(None, os.environ.get("BUS", "broker"), os.environ["BUILD_ROOT"]) as forge:
        forge.run("cp", os.environ["BARE_H2O"], PROGRAM)
        contenders = [Contender("bare libh2o, no sandbox", "bare.service", "127.0.0.1:8431", WITHOUT_SANDBOX),
                      Contender("bare libh2o, same sandbox", "bare-sandbox.service", "127.0.0.1:8432", in_same_sandbox(forge)),
                      Contender("webhookd", WEBHOOKD, ADDRESS)]
        compare_receivers(forge, contenders, start)
        measure_deployer(forge, call)
    start.done()
    call.done()


if __name__ == "__main__":
    main()
