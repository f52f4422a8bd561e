#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
More connections than there are places: webhookd serves whoever asks, and lets the oldest go that does not.

usage: test_crowd.py [TEST], with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import ctypes
import os
import resource
import socket
import subprocess
import sys
import unittest.mock

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


def rss_kib(webhookd):
    with open(f"/proc/{webhookd.process.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def test_connection_beyond_the_limit_takes_the_place_of_the_oldest():
    with Host("MaxConnections=8\n") as webhookd:
        path = webhookd.path()
        kept = webhookd.connect()
        stream = kept.makefile("rb")
        slow = [webhookd.connect() for _ in range(7)]
        for s in slow:
            s.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1".encode())
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
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n".encode()
        body = head + b"x" * (1024 * 1024 - 1)
        slow = []
        for _ in range(200):
            slow.append(webhookd.connect())
            try:
                slow[-1].sendall(body)
            except OSError:
                pass
        rss = rss_kib(webhookd)
        assert webhookd.request("GET", path).status == 405
        tap.note(f"200 bodies of 1 MiB that are not complete: {rss // 1024} MiB")
        assert rss < 160 * 1024, rss
        for s in slow:
            s.close()


def send_body(webhookd, path, framing):
    """A connection that has sent 80 KiB of a body, of which more is to come."""
    s = webhookd.connect()
    # Not in one piece with its head, which is when nothing is known of it.
    s.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode())
    s.setblocking(False)
    try:
        s.send(b"fffff\r\n" + b"x" * 81920)
    except OSError:
        pass
    return s


def test_thousand_strangers_with_bodies_hold_none_of_them_here():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    # Where a sanitizer watches, what is given back counts as that, in this test.
    giving_back = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=0:thread_local_quarantine_size_kb=0:" \
        "allocator_release_to_os_interval_ms=0"
    with unittest.mock.patch.dict(os.environ, ASAN_OPTIONS=giving_back), Host() as webhookd:
        path = webhookd.path()
        assert webhookd.post("a.example/shop:1").status == 202
        before = rss_kib(webhookd)
        wrong, framings = f"{path[:-1]}-", ("Content-Length: 1000000", "Transfer-Encoding: chunked")
        slow = [send_body(webhookd, (wrong, "/")[n % 4 // 2], framings[n % 2]) for n in range(1000)]
        for s in slow:
            try:
                s.send(b"x" * 1000)
            except OSError:
                pass
        # Each of them was looked at before this one was.
        assert webhookd.post("a.example/shop:2").status == 202
        assert webhookd.request("GET", "/").status == 404
        rss = rss_kib(webhookd)
        tap.note(f"1,000 bodies of strangers: {before} KiB before, {rss} KiB with them")
        assert rss <= 12 * 1024 + before, (before, rss)
        for s in slow:
            s.close()


def test_stranger_who_is_still_sending_reads_the_one_404():
    with Host() as webhookd:
        path, found = webhookd.path(), set()
        found.add(repr(webhookd.request("POST", "/", b"{}", ["Connection: close"]).comparable))
        for wrong in ("/", "/api/webhook/", f"{path[:-1]}-", path + "x", path[1:], "/" + "x" * 5000):
            for framing in ("Content-Length: 1048576", "Content-Length: 2\r\nExpect: 100-continue", "Transfer-Encoding: chunked"):
                with webhookd.connect() as s:
                    s.sendall(f"POST {wrong} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode())
                    stream = s.makefile("rb")
                    if "Expect" in framing:
                        assert stream.readline() + stream.readline() == b"HTTP/1.1 100 Continue\r\n\r\n"
                    else:
                        s.sendall(b"fffff\r\n" + b"x" * 900000)
                    answer = read_answer(stream)
                    assert answer, (wrong, framing)
                    found.add(repr(answer.comparable))
                    assert stream.read(1) == b""
        assert len(found) == 1, found
        for _ in range(20):
            with webhookd.connect() as s:
                s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n")
                for _ in range(31):
                    s.sendall(b"x" * 32768)
                found.add(repr(read_answer(s.makefile("rb")).comparable))
        assert len(found) == 1, found
        wait_for("no connection", lambda: webhookd.n_connections() == 0)


def test_wrong_method_is_told_before_its_body_has_come_and_any_body_of_a_sender_is_read():
    with Host() as webhookd:
        path = webhookd.path()
        with webhookd.connect() as s:
            s.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1".encode())
            answer = read_answer(s.makefile("rb"))
            assert (answer.status, answer.header("Allow"), answer.header("Connection")) == (405, "POST", "close"), answer.comparable
        with webhookd.connect() as s:
            stream = s.makefile("rb")
            for status, wanted, kept in ((404, "/", b"{}"), (202, path, b'{"image":"a.example/shop:1"}'), (405, path, b"")):
                method = "POST" if kept else "PUT"
                s.sendall(f"{method} {wanted} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                          f"Content-Length: {len(kept)}\r\n\r\n".encode() + (kept if status == 404 else kept[:1]))
                if status == 202:
                    # Its head is here, and its body is waited for.
                    assert webhookd.request("GET", "/").status == 404
                    s.sendall(kept[1:])
                answer = read_answer(stream)
                assert (answer.status, answer.header("Connection")) == (status, "keep-alive"), answer.comparable


def test_stranger_whose_body_is_not_read_is_written_down_with_the_address_of_the_proxy():
    with Host() as webhookd:
        with webhookd.connect(unix=True) as s:
            s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1, 192.0.2.7\r\nContent-Length: 9\r\n\r\n")
            assert read_answer(s.makefile("rb")).status == 404
        wait_for("the entry", lambda: "192.0.2.7" in webhookd.log())
        assert "192.0.2.1" not in webhookd.log()


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
