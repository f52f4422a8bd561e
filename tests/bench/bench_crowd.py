#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
How long an honest request takes while others hold connections open: 300 that send a head or a body byte by byte and are
replaced when they end, 1,000 that say nothing, and 1,000 that send a body to a wrong path and never end it. A request begins every 50 ms, whatever became of those before it. One that
is not answered counts with the time for which it waited. And what memory the receiver has while those last ones send.

usage: bench_crowd.py [PROGRAM...], with WEBHOOKD= the program and SOURCE_ROOT= the tree; side by side with others that are named
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
import webhook_host  # noqa: E402  pylint: disable=wrong-import-position
from comparison import Comparison  # noqa: E402

SECONDS = 20
PAUSE = 0.05


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


def send_bodies(webhookd, count, end):
    """Strangers who send 80 KiB of a body, and then a byte now and then."""
    sending = []
    for _ in range(count):
        sending.append(socket.create_connection(("127.0.0.1", webhookd.port), 20))
        sending[-1].sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        sending[-1].setblocking(False)
        send_some(sending[-1], bytes(81920))
    while not end.wait(0.5):
        for s in sending:
            send_some(s, b"x")
    for s in sending:
        s.close()


def send_some(s, data):
    try:
        s.send(data)
    except OSError:
        pass


def rss_kib(webhookd):
    with open(f"/proc/{webhookd.process.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def ask(webhookd, request, took, answered):
    start = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", webhookd.port), 20) as s:
            s.sendall(request)
            if webhook_host.read_answer(s.makefile("rb")):
                answered.append(start)
    except OSError:
        pass
    took.append((time.monotonic() - start) * 1000)


def honest(webhookd, path):
    """Milliseconds of each request, and how many were answered."""
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    took, answered, threads, begun = [], [], [], time.monotonic()
    while time.monotonic() < begun + SECONDS:
        threads.append(threading.Thread(target=ask, args=(webhookd, request, took, answered)))
        threads[-1].start()
        time.sleep(PAUSE)
    for thread in threads:
        thread.join()
    return took, len(answered)


def measure(name, load, count):
    with webhook_host.Host() as webhookd:
        path, end = webhookd.path(), threading.Event()
        before = rss_kib(webhookd)
        thread = threading.Thread(target=load, args=(webhookd, count, end)) if load else None
        if thread:
            thread.start()
            time.sleep(2)
        took, answered = honest(webhookd, path)
        memory = (before, rss_kib(webhookd))
        end.set()
        if thread:
            thread.join()
    p99 = statistics.quantiles(took, n=100, method="inclusive")[98]
    print(f"{name:32} {f'{answered}/{len(took)}':>10} {statistics.median(took):9.1f} {p99:9.1f} {max(took):9.1f}", flush=True)
    return took, p99, memory


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    programs = [webhook_host.PROGRAM] + sys.argv[1:]
    print(f"{'for ' + str(SECONDS) + ' s':32} {'answered':>10} {'p50 ms':>9} {'p99 ms':>9} {'max ms':>9}")
    half = Comparison("crowd-half", "Others who hold connections", "How long an honest request takes, a connection for each, with none or some "
                      "beside it who send byte by byte or say nothing.", "ms", "nobody else")
    most = Comparison("crowd-p99", "The same, 99 of 100", "How long 99 of 100 requests take at most.", "ms", "nobody else")
    bodies = Comparison("crowd-bodies", "Memory for the bodies of strangers", "What the receiver has in memory while 1,000 connections send bodies to a wrong "
                        "path, 80 KiB each and then a byte now and then.", "KiB", "before")
    for name, load, count in (("nobody else", None, 0), ("300 slow ones, replaced", drip, 300), ("1,000 idle ones", hold, 1000),
                              ("1,000 bodies of strangers", send_bodies, 1000)):
        for program in programs:
            webhook_host.PROGRAM = program
            if len(programs) > 1:
                print(program)
            took, p99, memory = measure(name, load, count)
            if load is send_bodies:
                bodies.add("before", memory[0])
                bodies.add("with 1,000 bodies", memory[1])
            for value in took:
                half.add(name, value)
            most.add(name, p99)
    half.done()
    most.done()
    bodies.done()


if __name__ == "__main__":
    main()
