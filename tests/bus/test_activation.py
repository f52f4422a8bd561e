#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Daemons that have to be started, and are not: what the one tells that is told to stop too early, and for how long the other waits.

usage: test_activation.py [TEST], with WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import os
import re
import resource
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
from quick_deployer import QuickDeployer  # noqa: E402
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


MEMBER = re.compile(r"^(?:method call|signal) .*member=(\w+)", re.M)


class Listening:
    """A receiver on a bus that cannot start its deployer, if none runs, and the calls and signals on that bus, as they come."""

    def __init__(self):
        self.host = WebhookHost()
        self.host.bus.add_service(NAME, "/bin/false")

    def __enter__(self):
        webhookd = self.host.webhookd
        # Known from here on: what a start does by itself is over.
        webhookd.path()
        self.monitor = self.host.bus.monitor("")
        return webhookd, self

    def __exit__(self, *details):
        self.monitor.terminate()
        self.monitor.wait(20)
        self.monitor.stdout.close()
        self.host.__exit__(*details)

    def members(self, *last):
        """What was called and told until one of `last` was."""
        found = []
        while not found or found[-1] not in last:
            line = self.monitor.stdout.readline()
            assert line, found
            found += MEMBER.findall(line)
        return found

    def so_far(self):
        """What was called and told until now."""
        self.host.webhookd.call("GetMetrics")
        return self.members("GetMetrics")


def test_deployer_is_started_before_what_was_accepted_is_told_and_called_afterwards():
    with Listening() as (webhookd, bus):
        assert webhookd.post("a.example/shop:v1").status == 202
        # The signal follows the commit, and the call follows the start: here there is none.
        assert "StartServiceByName" in bus.members("QueueChanged"), "the commit was waited for first"
        assert "TriggerDeploy" not in bus.so_far()


def test_deployer_is_started_though_the_commit_fails_and_is_not_called():
    with Listening() as (webhookd, bus):
        assert webhookd.request("GET", webhookd.path()).status == 405
        bus.so_far()
        # Of the log, which is what a commit writes to; a transaction that fits into memory is none the wiser.
        resource.prlimit(webhookd.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        assert webhookd.post("a.example/shop:v1").status == 503
        resource.prlimit(webhookd.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        seen = bus.so_far()
        assert "StartServiceByName" in seen and "QueueChanged" not in seen, seen
        assert webhookd.call("ListDeploys", "ssu", "", "", 0)[0] == []


def test_delivery_of_which_nothing_is_handed_out_starts_no_deployer():
    with Listening() as (webhookd, bus):
        path = webhookd.path()
        assert webhookd.post("a.example/shop:v1").status == 202
        wait_for("it waits for its next attempt", lambda: webhookd.waits(1))
        webhookd.call("CreateProject", "ssa{sv}", "off", "a.example/off", 0)
        webhookd.call("SetStage", "ssa{sv}", "off", "dev", 2, "TagPattern", "s", "*", "AutoDeploy", "b", "false")
        bus.so_far()
        for body, wanted, status in ((b'{"image":"a.example/other:1"}', path[:-1] + "-", 404), (b'{"image":', path, 400), (b"{}", path, 400),
                                     (b'{"image":"a.example/off:1"}', path, 200)):
            assert webhookd.request("POST", wanted, body, ["Content-Type: application/json"]).status == status, body
        assert "StartServiceByName" not in bus.so_far()
        # It joins the row that waits. Should its time have come meanwhile, that row is called for, and the next one joins it.
        for _ in range(20):
            attempts = webhookd.log().count("waits ")
            wait_for("it waits for its next attempt", lambda: webhookd.waits(1))
            bus.so_far()
            assert webhookd.post("a.example/shop:v1").json()["deploys"][0]["id"] == 1
            seen = bus.so_far()
            if "StartServiceByName" not in seen:
                break
            assert webhookd.log().count("waits ") > attempts or not webhookd.waits(1), seen
        else:
            raise AssertionError("each of them has started the deployer")


def test_deployer_that_runs_is_not_asked_to_start_for_each_delivery():
    with Listening() as (webhookd, bus), QuickDeployer(webhookd.bus) as deployer:
        for number in range(1, 5):
            # What is learned from the image of the deploy before is through as well.
            bus.so_far()
            assert webhookd.post(f"a.example/shop:v{number}").status == 202
            before = bus.members("QueueChanged")
            assert deployer.next() == number
            wait_for("it is through", lambda n=number: webhookd.call("ListDeploys", "ssu", "", "", 1)[0][0][4] == "succeeded")
        assert "StartServiceByName" not in before, before


if __name__ == "__main__":
    tap.main()
