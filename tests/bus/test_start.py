#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
How both daemons begin: their command line, what keeps them from starting, and what they say of it.

usage: test_start.py [TEST], with WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import NAME, PROGRAM as DEPLOYERD, Host as DeployerHost  # noqa: E402
from webhook_host import PROGRAM as WEBHOOKD, Host as WebhookHost  # noqa: E402

DAEMONS = ((WEBHOOKD, "Webhook"), (DEPLOYERD, "Deployer"))


class Folder:
    """A folder with a configuration, for a daemon that has no host."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="tinyforge-test.")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def configuration(self, text):
        path = os.path.join(self.path, "daemon.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o640)
        return path

    def run(self, program, *arguments, address="unix:path=/nonexistent"):
        return subprocess.run([program, *arguments], check=False, capture_output=True, text=True, timeout=30, env={
            **os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address, "STATE_DIRECTORY": self.path, "RUNTIME_DIRECTORY": self.path})


# The command line

def test_help_and_version_are_told_and_nothing_else_is_done():
    with Folder() as folder:
        for program, _ in DAEMONS:
            done = folder.run(program, "--help")
            assert done.returncode == 0 and not done.stderr, done
            for option in ("--version", "--config=PATH", "--print-config", "--debug"):
                assert option in done.stdout, done.stdout
            done = folder.run(program, "--version")
            assert done.returncode == 0 and done.stdout.startswith("tinyforge ") and not done.stderr, done
        assert not os.listdir(folder.path)


def test_words_that_mean_nothing_are_refused():
    with Folder() as folder:
        for program, _ in DAEMONS:
            done = folder.run(program, "--colour")
            assert done.returncode == 1 and "--colour" in done.stderr, done
            done = folder.run(program, "now")
            assert done.returncode == 1 and "takes no arguments" in done.stderr, done


# What keeps a daemon from starting

def test_configuration_that_is_wrong_is_told_by_its_line():
    with Folder() as folder:
        for program, section in DAEMONS:
            config = folder.configuration(f"[{section}]\n\nIdleTimeoutSec=soon\n")
            done = folder.run(program, f"--config={config}")
            assert done.returncode == 1 and f"{config}:3: IdleTimeoutSec=" in done.stderr, done
            done = folder.run(program, f"--config={config}", "--print-config")
            assert done.returncode == 1 and f"{config}:3: IdleTimeoutSec=" in done.stderr and not done.stdout, done


def test_configuration_that_cannot_be_written_out_is_an_error():
    with Folder() as folder, open("/dev/full", "w", encoding="ascii") as full:
        for program, section in DAEMONS:
            config = folder.configuration(f"[{section}]\n")
            done = subprocess.run([program, f"--config={config}", "--print-config"], check=False, stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=30)
            assert done.returncode == 1 and "No space left on device" in done.stderr, done


def test_bus_that_is_not_there_is_told():
    with Folder() as folder:
        for program, section in DAEMONS:
            config = folder.configuration(f"[{section}]\n")
            done = folder.run(program, f"--config={config}", "--debug")
            assert done.returncode == 1 and "Cannot connect to the system bus" in done.stderr, done


def test_second_deployer_leaves_the_name_to_the_first():
    with DeployerHost() as host, Folder() as folder:
        host.instances()
        first = host.pid()
        done = folder.run(DEPLOYERD, f"--config={host.config_path}", address=host.bus.address)
        assert done.returncode == 1 and f"Cannot take the bus name '{NAME}'" in done.stderr, done
        host.instances()
        assert host.pid() == first


def test_second_webhookd_leaves_the_store_to_the_first():
    with WebhookHost() as webhookd:
        done = subprocess.run([WEBHOOKD, f"--config={webhookd.config}"], check=False, capture_output=True, text=True,
                              timeout=30, env=webhookd.environment())
        assert done.returncode == 1 and "is in use by another process" in done.stderr, done
        assert webhookd.post("registry.example/acme/shop:v1").status == 202


# What it may be started without

def closed(line, program):
    """Started by a shell that closes what `line` says; what stands for descriptors 0 to 2, once it is on the bus."""
    return ("sh", "-c", f'exec "$@" {line}', "sh") + ((program,) if program else ())


def standard(process):
    return [os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in range(3)]


def test_standard_descriptors_that_are_closed_are_no_file_of_a_daemon():
    with WebhookHost(start=False) as webhookd:
        webhookd.start(closed("<&- >&- 2>&-", None))
        assert webhookd.post("registry.example/acme/shop:v1").status == 202
        assert standard(webhookd.process) == ["/dev/null"] * 3, standard(webhookd.process)
        assert webhookd.stop() == 0


def test_configuration_is_not_written_to_an_output_that_is_closed():
    with Folder() as folder:
        for program, section in DAEMONS:
            config = folder.configuration(f"[{section}]\n")
            done = subprocess.run([*closed(">&-", program), f"--config={config}", "--print-config"], check=False, capture_output=True,
                                  text=True, timeout=30)
            assert done.returncode == 1, done
            assert done.stderr == "Cannot write the configuration: standard output is closed\n", done


if __name__ == "__main__":
    tap.main()
