#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Daemons that have to be started, and are not: what the one tells that is told to stop too early, and for how long the other waits.

usage: test_activation.py [TEST], with WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import NAME, PROGRAM, Host as DeployerHost  # noqa: E402  pylint: disable=wrong-import-position
from process import words_of  # noqa: E402
from waiting import wait_for  # noqa: E402  pylint: disable=wrong-import-position
from webhook_host import Host as WebhookHost  # noqa: E402  pylint: disable=wrong-import-position

# Seconds: how long an activation is waited for, the question before the first deploy included, and what a busy machine adds.
LIMIT, LATE = 40, 15
# The bus itself gives up after 25 s, unless it is told to be more patient.
PATIENT = "<busconfig><limit name='service_start_timeout'>600000</limit></busconfig>"


def test_deployer_that_is_told_to_stop_before_it_has_its_name_ends_with_an_error():
    with DeployerHost(engine=False) as host, socket.socket(socket.AF_UNIX) as silent:
        silent.bind(host.engine.socket)
        silent.listen()
        environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=host.bus.address, STATE_DIRECTORY=host.state)
        with subprocess.Popen([PROGRAM, f"--config={host.config_path}"], env=environment, stderr=subprocess.PIPE, text=True) as process:
            # It asks the engine before it takes its name.
            silent.settimeout(LATE)
            asked, _ = silent.accept()
            with asked:
                assert not host.bus.has_owner(NAME)
                process.send_signal(signal.SIGTERM)
                log = process.communicate(timeout=LATE)[1]
        assert process.returncode == 1, (process.returncode, log)
        assert f"Told to stop before the name '{NAME}' was taken" in log, log


class Stuck:
    """A receiver on a patient bus, whose deployer is started and never takes its name; it ends with the test."""

    def __init__(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as policy:
            policy.write(PATIENT)
            policy.flush()
            self.host = WebhookHost(policies=[policy.name])
        self.pid_path = os.path.join(self.host.directory, "deployer.pid")
        script = os.path.join(self.host.directory, "deployer.sh")
        with open(script, "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\necho $$ >{self.pid_path}.new && mv {self.pid_path}.new {self.pid_path}\nexec sleep 300\n")
        os.chmod(script, 0o755)
        self.host.bus.add_service(NAME, script)

    def __enter__(self):
        return self.host.webhookd

    def __exit__(self, *details):
        if os.path.exists(self.pid_path):
            with open(self.pid_path, encoding="ascii") as f:
                pid = int(f.read())
            if words_of(pid)[:1] == ["sleep"]:
                os.kill(pid, signal.SIGKILL)
        self.host.__exit__(*details)


def test_deploy_does_not_wait_longer_than_30_s_for_a_deployer_that_never_comes():
    with Stuck() as webhookd:
        begun = time.monotonic()
        number = webhookd.post("a.example/shop:v1").json()["deploys"][0]["id"]
        wait_for("the deploy is back in the queue",
                 lambda: f"Deploy {number} waits 5 s for its next attempt: DeployerUnreachable" in webhookd.log(), LIMIT + LATE)
        tap.note(f"back in the queue after {time.monotonic() - begun:.1f} s")
        [row] = webhookd.call("ListDeploys", "ssu", "", "", 0)[0]
        assert row[4:6] == ["queued", "DeployerUnreachable: the bus did not start the deployer within 30 s"], row


if __name__ == "__main__":
    tap.main()
