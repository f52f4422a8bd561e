#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What webhookd, the real program, makes of HTTP: heads, bodies, connections, proxies, and clients that are slow on purpose.

usage: test_webhookd_http.py [TEST], with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from waiting import wait_for  # noqa: E402
from webhook_host import Host, read_answer  # noqa: E402


def refused_and_closed(webhookd, data):
    """Nothing of what follows is taken for another request."""
    with webhookd.connect() as s:
        s.sendall(data + f"GET {webhookd.path()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        stream = s.makefile("rb")
        answer = read_answer(stream)
        assert answer.status == 400, (data, answer.status, answer.body)
        assert answer.header("Connection") == "close", (data, answer.headers)
        assert stream.read(1) == b"", data


def test_answers_name_no_server():
    with Host() as webhookd:
        for answer in (webhookd.post("a.example/b"), webhookd.request("POST", "/")):
            assert answer.header("Server") is None
            assert answer.header("Date") is not None


def test_http2_is_refused_by_upgrade_and_by_prior_knowledge():
    with Host() as webhookd:
        answer = webhookd.request("POST", None, b'{"image":"a.example/b"}',
                                  ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQ"])
        assert answer.status == 202, answer.status
        answer = webhookd.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        assert answer.status == 400, answer.status


def test_method_media_type_and_body_are_answered_by_the_table():
    with Host() as webhookd:
        answer = webhookd.request("GET")
        assert (answer.status, answer.header("Allow")) == (405, "POST")
        assert webhookd.request("POST", None, b"image=a", ["Content-Type: application/x-www-form-urlencoded"]).status == 415
        answer = webhookd.request("POST", None, b'{"image":\n nope}')
        assert answer.status == 400 and "line 2" in answer.json()["detail"], answer.body


def padded(length):
    body = json.dumps({"image": "a.example/b", "padding": ""}).encode()
    return body[:-2] + b"x" * (length - len(body)) + body[-2:]


def chunked(path, body, piece):
    parts = (body[i:i + piece] for i in range(0, len(body), piece))
    return (f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode() +
            b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n")


def test_limit_of_the_body_is_exact_with_a_length_and_in_chunks():
    limit = 1024 * 1024
    with Host() as webhookd:
        path = webhookd.path()
        for length, status in ((limit - 1, 202), (limit, 202), (limit + 1, 413), (limit + 2, 413)):
            assert webhookd.request("POST", None, padded(length)).status == status, length
            for piece in (length, 4096, limit // 2 + 1):
                answer = webhookd.raw(chunked(path, padded(length), piece))
                assert answer.status == status, (length, piece, answer.status)


def test_answer_of_413_is_one_and_the_same_before_the_secret_is_looked_at():
    with Host() as webhookd:
        found = set()
        for path in (webhookd.path(), "/nothing"):
            for length in (1024 * 1024 + 1, 1024 * 1024 + 2):
                answer = webhookd.request("POST", path, padded(length))
                assert answer.json()["error"] == "too-large", answer.body
                assert answer.header("Connection") == "close" and answer.header("Content-Type") == "application/json"
                found.add(repr(answer.comparable))
            with webhookd.connect() as s:
                s.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {1024 * 1024 + 2}\r\n\r\n".encode())
                found.add(repr(read_answer(s.makefile("rb")).comparable))
        assert len(found) == 1, found


def test_client_that_sends_all_of_a_large_body_before_it_reads_sees_the_413():
    size = 30 * 1024 * 1024
    with Host() as webhookd:
        head = f"POST {webhookd.path()} HTTP/1.1\r\nHost: x\r\n"
        many = b"10000\r\n%s\r\n" % (b"x" * 65536) * (size // 65536) + b"0\r\n\r\n"
        for times, data in ((20, f"{head}Content-Length: {size}\r\n\r\n".encode() + b"x" * size),
                            (5, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + many)):
            for _ in range(times):
                with webhookd.connect() as s:
                    s.settimeout(60)
                    s.sendall(data)
                    stream = s.makefile("rb")
                    assert read_answer(stream).status == 413
                    assert stream.read(1) == b""
        wait_for("no connection", lambda: webhookd.n_connections() == 0)


def test_answers_of_the_library_are_json_as_all_others():
    with Host() as webhookd:
        for lines, status in (("Expect: nothing\r\nContent-Length: 2", 417), ("Transfer-Encoding: gzip", 400),
                              ("Content-Length: two", 400)):
            for path in (webhookd.path(), "/nothing"):
                answer = webhookd.raw(f"POST {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n{{}}".encode())
                assert answer.status == status and answer.json()["error"], (lines, answer.status, answer.body)
                assert answer.header("Connection") == "close", answer.headers


def test_heads_that_can_be_read_in_two_ways_are_refused():
    with Host() as webhookd:
        path = webhookd.path().encode()
        body = b'{"image":"a.example/b"}'
        length = b"Content-Length: %d\r\n" % len(body)
        for head in (b"POST %s HTTP/1.1\r\nHost: a\r\n" % path + length + length + b"\r\n",
                     b"POST %s HTTP/1.1\r\nHost: a\r\nHost: b\r\n" % path + length + b"\r\n",
                     b"POST %s HTTP/1.1\r\n" % path + length + b"\r\n",
                     b"POST %s HTTP/1.1\nHost: a\n" % path + length + b"\n",
                     b"POST %s HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n" % path + length + b"\r\n"):
            answer = webhookd.raw(head + body)
            assert answer.status == 400, (head, answer.status)
            assert answer.header("Connection") == "close", answer.headers
        chunked = (b"POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" % path)
        assert webhookd.raw(chunked + b"Content-Length: 5\r\n\r\n0\r\n\r\n").status == 400
        answer = webhookd.raw(chunked + b"\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
        assert answer.status == 202, answer.body


def test_chunks_and_versions_that_can_be_read_in_two_ways_are_refused():
    with Host() as webhookd:
        path = webhookd.path().encode()
        body = b'{"image":"a.example/b"}'
        head = b"POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" % path
        size = b"%x" % len(body)
        for framed in (size + b"\n" + body + b"\r\n0\r\n\r\n", size + b"\r\n" + body + b"\n0\r\n\r\n",
                       size + b"\r\n" + body + b"\r\n0\n\n", size + b" \r\n" + body + b"\r\n0\r\n\r\n",
                       b" " + size + b"\r\n" + body + b"\r\n0\r\n\r\n", size + b";a=b\r\n" + body + b"\r\n0\r\n\r\n",
                       b"0x" + size + b"\r\n" + body + b"\r\n0\r\n\r\n", b"0x22\r\n" + body + b"\r\n0\r\n\r\n",
                       size + b"\r\n" + body + b"\r\n0;a\r\n\r\n"):
            refused_and_closed(webhookd, head + framed)
        refused_and_closed(webhookd, b"POST %s HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n%s\r\n0\r\n\r\n"
                           % (path, size, body))
        for version in (b"1.9", b"1.2", b"2.0", b"0.9"):
            refused_and_closed(webhookd, b"POST %s HTTP/%s\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
                               % (path, version, len(body), body))
        framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:1], body[1:20], body[20:]))
        assert webhookd.raw(head + framed + b"0\r\nX-Sum: 1\r\n\r\n").status == 202


def test_connections_of_a_proxy_are_closed_after_each_answer():
    with Host() as webhookd:
        with webhookd.connect(unix=True) as s:
            s.sendall(f"GET {webhookd.path()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            stream = s.makefile("rb")
            assert read_answer(stream).header("Connection") == "close"
            assert stream.read(1) == b""


def test_forwarded_address_is_believed_behind_a_proxy_only():
    with Host() as webhookd:
        header = ["X-Forwarded-For: 198.51.100.9, 203.0.113.7"]
        webhookd.request("POST", None, b'{"image":"a.example/behind"}', header, unix=True)
        webhookd.request("POST", None, b'{"image":"a.example/direct"}', header)
        log = webhookd.log()
        behind = [line for line in log.splitlines() if "a.example/behind" in line]
        direct = [line for line in log.splitlines() if "a.example/direct" in line]
        assert all("TINYFORGE_REMOTE=203.0.113.7" in line for line in behind if "ACCEPTED" in line), behind
        assert all("TINYFORGE_REMOTE=127.0.0.1" in line for line in direct if "ACCEPTED" in line), direct


def test_forwarded_address_is_the_last_one_of_all_lines():
    with Host() as webhookd:
        for number, lines in enumerate((["198.51.100.9", "203.0.113.7"], ["198.51.100.9,203.0.113.7"],
                                        ["203.0.113.7"], ["198.51.100.9,\t203.0.113.7 \t"], ["203.0.113.8, 203.0.113.9", "198.51.100.9, 203.0.113.7"])):
            webhookd.request("POST", None, b'{"image":"a.example/n%d"}' % number,
                             [f"X-Forwarded-For: {line}" for line in lines], unix=True)
            [line] = [line for line in webhookd.log().splitlines() if f"a.example/n{number}" in line and "ACCEPTED" in line]
            assert "TINYFORGE_REMOTE=203.0.113.7" in line, line


def test_forwarded_text_that_is_no_address_is_not_believed():
    with Host() as webhookd:
        for number, text in enumerate(("\xff\xfe", "198.51.100.9\xe9", "a b", "1" * 65, "")):
            webhookd.request("POST", None, b'{"image":"a.example/n%d"}' % number, [f"X-Forwarded-For: 198.51.100.9, {text}"], unix=True)
            [line] = [line for line in webhookd.log().splitlines() if f"a.example/n{number}" in line and "ACCEPTED" in line]
            assert "TINYFORGE_REMOTE=unix" in line, line


def test_pipelined_requests_are_answered_in_order():
    with Host() as webhookd:
        path = webhookd.path()
        count = 200
        requests = b"".join(
            b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body)
            for body in (json.dumps({"image": f"a.example/p{i:03}"}).encode() for i in range(count)))
        with webhookd.connect() as s:
            s.sendall(requests)
            stream = s.makefile("rb")
            for i in range(count):
                answer = read_answer(stream)
                assert answer.status == (202 if i < 100 else 200), (i, answer.body)
                assert f"a.example/p{i:03}" in answer.body.decode(), (i, answer.body)


def test_dripping_client_is_cut_off_and_disturbs_nobody():
    with Host() as webhookd:
        path = webhookd.path()
        began = time.monotonic()
        with webhookd.connect() as drip:
            drip.settimeout(0.5)
            ended = None
            sent = b"POST %s HTTP/1.1\r\nX: " % path.encode()
            while ended is None and time.monotonic() - began < 40:
                try:
                    drip.sendall(sent)
                    sent = b"x"
                    if drip.recv(100) == b"":
                        ended = time.monotonic() - began
                except TimeoutError:
                    assert webhookd.request("GET").status == 405
                except OSError:
                    ended = time.monotonic() - began
        assert ended is not None and ended < 25, ended
        tap.note(f"a client that sends a byte each 0.5 s was cut off after {ended:.1f} s")


def test_client_that_reads_nothing_is_cut_off_though_others_keep_coming():
    with Host() as webhookd:
        requests = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.settimeout(1)
            deaf.connect(("127.0.0.1", webhookd.port))
            try:
                for _ in range(1000):
                    deaf.sendall(requests)
                raise AssertionError("somebody buffers answers without a limit")
            except TimeoutError:
                began = time.monotonic()
            while webhookd.n_connections() > 0:
                took = time.monotonic() - began
                assert took < 45, took
                with webhookd.connect() as s:
                    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    assert read_answer(s.makefile("rb")).status == 404
                time.sleep(0.5)
        tap.note(f"a client that reads nothing was cut off after {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    tap.main()
