#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
More connections than there are places: webhookd serves whoever asks, and lets the oldest go that does not.

usage: test_crowd.py [TEST], with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import ctypes
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from waiting import wait_for  # noqa: E402
from webhook_host import Host, read_answer  # noqa: E402

CLONE_NEWNET = 0x40000000


def is_closed(s):
    try:
        s.setblocking(False)
        return s.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def test_connection_beyond_the_limit_takes_the_place_of_the_oldest():
    with Host("MaxConnections=8\n") as webhookd:
        path = webhookd.path()
        kept = webhookd.connect()
        stream = kept.makefile("rb")
        slow = [webhookd.connect() for _ in range(7)]
        for s in slow:
            s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
        # It was there first, and is the youngest that waits.
        kept.sendall(get(path))
        assert read_answer(stream).status == 405
        wait_for("eight connections", lambda: webhookd.n_connections() == 8)
        for n in range(1, 7):
            with webhookd.connect() as s:
                s.sendall(get(path))
                assert read_answer(s.makefile("rb")).status == 405
                wait_for("the oldest is gone", lambda: is_closed(slow[0]))
            wait_for("room again", lambda: webhookd.n_connections() == 7)
            slow.append(webhookd.connect())
            wait_for("the place is taken", lambda: webhookd.n_connections() == 8)
            slow.pop(0).close()
            assert not any(is_closed(s) for s in slow), n
        kept.setblocking(True)
        kept.settimeout(20)
        kept.sendall(get(path))
        assert read_answer(stream).status == 405
        for s in (*slow, kept):
            s.close()


def test_slow_bodies_do_not_take_all_memory():
    with Host() as webhookd:
        path = webhookd.path()
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n"
        body = head + b"x" * (1024 * 1024 - 1)
        slow = []
        for _ in range(200):
            slow.append(webhookd.connect())
            try:
                slow[-1].sendall(body)
            except OSError:
                pass
        with open(f"/proc/{webhookd.process.pid}/status", encoding="ascii") as f:
            rss = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
        assert webhookd.request("GET", path).status == 405
        tap.note(f"200 bodies of 1 MiB that are not complete: {rss // 1024} MiB")
        assert rss < 160 * 1024, rss
        for s in slow:
            s.close()


def unshare_network():
    """A network of this process alone, with addresses of its own."""
    if os.getuid() != 0 or ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
        raise tap.Skip("needs root to make a network of its own")
    for command in (["link", "set", "lo", "up"], ["addr", "add", "192.0.2.1/32", "dev", "lo"],
                    ["addr", "add", "192.0.2.2/32", "dev", "lo"], ["addr", "add", "192.0.2.3/32", "dev", "lo"]):
        if subprocess.run(["ip", *command], check=False).returncode != 0:
            raise tap.Skip("needs ip to give it addresses")


# The last one: nothing leads back from that network.
def test_one_address_has_its_share_and_no_more():
    unshare_network()
    host = Host("MaxConnections=64\n", start=False)
    with host as webhookd:
        webhookd.tcp.close()
        webhookd.tcp = socket.create_server(("::", 0), family=socket.AF_INET6, backlog=512, dualstack_ipv6=True)
        webhookd.port = webhookd.tcp.getsockname()[1]
        webhookd.start()

        def connect(source):
            return socket.create_connection(("192.0.2.1", webhookd.port), 20, (source, 0))

        neighbour = connect("192.0.2.3")
        wait_for("the neighbour", lambda: webhookd.n_connections() == 1)
        greedy = [connect("192.0.2.2") for _ in range(40)]
        # 64 / 8 would be 8: the least share is 16.
        wait_for("the share of one address", lambda: sum(map(is_closed, greedy)) == 24)
        assert [is_closed(s) for s in greedy] == [True] * 24 + [False] * 16
        assert not is_closed(neighbour)
        here = [webhookd.connect() for _ in range(40)]
        wait_for("those of this host", lambda: webhookd.n_connections() == 57)
        assert not any(is_closed(s) for s in here)
        for s in (neighbour, *greedy, *here):
            s.close()


if __name__ == "__main__":
    tap.main()
