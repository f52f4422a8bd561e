#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
How long an honest request takes while others hold connections open: 300 that send a head or a body byte by byte and are
replaced when they end, and 1,000 that say nothing.

usage: bench_crowd.py, with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import os
import resource
import socket
import statistics
import sys
import threading
import time

for folder in ("bus", "lib"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))
from webhook_host import Host, read_answer  # noqa: E402  pylint: disable=wrong-import-position

SECONDS = 20
PAUSE = 0.02


def open_slow(webhookd, number):
    s = socket.create_connection(("127.0.0.1", webhookd.port), 20)
    s.setblocking(False)
    head = b"POST / HTTP/1.1\r\nHost: x\r\n"
    s.send(head + (b"Content-Length: 99999\r\n\r\n" if number % 2 else b"X: "))
    return s


def drip(webhookd, count, end):
    """Keeps `count` slow connections busy until the end."""
    slow = [open_slow(webhookd, i) for i in range(count)]
    while not end.wait(0.5):
        for i, s in enumerate(slow):
            try:
                s.send(b"x")
                if s.recv(100) == b"":
                    raise ConnectionResetError
            except BlockingIOError:
                pass
            except OSError:
                s.close()
                slow[i] = open_slow(webhookd, i)
    for s in slow:
        s.close()


def hold(webhookd, count, end):
    """Idle ones, of which as many as possible stay open."""
    idle = []
    for _ in range(count):
        idle.append(socket.create_connection(("127.0.0.1", webhookd.port), 20))
    end.wait()
    for s in idle:
        s.close()


def honest(webhookd, path):
    """Milliseconds of each request that was answered in time, and how many there were."""
    took, begun, asked = [], time.monotonic(), 0
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    while time.monotonic() < begun + SECONDS:
        start, asked = time.monotonic(), asked + 1
        try:
            with socket.create_connection(("127.0.0.1", webhookd.port), 20) as s:
                s.sendall(request)
                if read_answer(s.makefile("rb")):
                    took.append((time.monotonic() - start) * 1000)
        except OSError:
            pass
        time.sleep(PAUSE)
    return took, asked


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    print(f"{'for ' + str(SECONDS) + ' s':32} {'answered':>10} {'p50 ms':>9} {'p99 ms':>9}")
    for name, load, count in (("nobody else", None, 0), ("300 slow ones, replaced", drip, 300), ("1,000 idle ones", hold, 1000)):
        with Host() as webhookd:
            path, end = webhookd.path(), threading.Event()
            thread = threading.Thread(target=load, args=(webhookd, count, end)) if load else None
            if thread:
                thread.start()
                time.sleep(2)
            took, asked = honest(webhookd, path)
            end.set()
            if thread:
                thread.join()
        took = took or [float("nan")]
        p99 = statistics.quantiles(took, n=100)[98] if len(took) > 1 else took[0]
        print(f"{name:32} {f'{len(took)}/{asked}':>10} {statistics.median(took):9.1f} {p99:9.1f}", flush=True)


if __name__ == "__main__":
    main()
