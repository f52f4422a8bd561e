# SPDX-License-Identifier: MIT
"""A deployer that has its name and answers nobody, so that webhookd has nothing but deliveries to see to."""
import contextlib
import os
import signal
import subprocess


@contextlib.contextmanager
def mute_deployer(host):
    """On the bus of `host`, for as long as the context lasts; FAKE_PEERS= is the program."""
    # It is there already, but the bus has to know how it would be started.
    host.bus.add_service("org.tinyforge.Deployer1", "/bin/false")
    with subprocess.Popen([os.environ["FAKE_PEERS"], "deployer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=host.bus.address)) as peer:
        assert peer.stdout.readline() == "ready\n"
        peer.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            peer.send_signal(signal.SIGCONT)
