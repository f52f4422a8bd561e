#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
webhookd, the real program, on a listener for TLS: what is spoken there, what is not, and who is cut off.

usage: test_tls.py [TEST], with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import certificates  # noqa: E402  pylint: disable=wrong-import-position
import tap  # noqa: E402  pylint: disable=wrong-import-position
from waiting import wait_for  # noqa: E402
from webhook_host import DEADLINE, Host, read_answer  # noqa: E402

# The limits of server.h, in seconds, and what a sweep may be late.
HANDSHAKE, STOP, CONNECTION, LATE = 5, 3, 15, 8
GARBAGE = (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"\x80\x2e\x01\x00\x02" + b"\0" * 60,
           b"\x16\x03\x01\xff\xff" + b"\xff" * 3000, b"\x15\x03\x03\x00\x02\x02\x28", b"\0" * 4096, b"SSH-2.0-x\r\n")

# Old versions are what is tested here.
warnings.simplefilter("ignore", DeprecationWarning)
made = tempfile.TemporaryDirectory(prefix="tinyforge-certificates.")  # pylint: disable=consider-using-with
EC, RSA, OTHER = (certificates.make(made.name, name, kind) for name, kind in (("one", "ec"), ("two", "rsa"), ("three", "ec")))


def give(webhookd, certificate=None, key=None):
    """What systemd would make of LoadCredential=; in one step, like an atomic renewal."""
    shutil.rmtree(webhookd.credentials, ignore_errors=True)
    os.mkdir(webhookd.credentials, 0o700)
    for name, path in (("tls-certificate", certificate), ("tls-key", key)):
        if path:
            shutil.copy(path, os.path.join(webhookd.credentials, name))


class TlsHost(Host):
    """A Host whose webhookd has a certificate, and a listener for it."""

    def __init__(self, config="", pair=EC):
        super().__init__(config, start=False, tls=True)
        give(self.webhookd, *pair)
        self.webhookd.start()


def context(pair=EC, least=None, most=None):
    made_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made_context.load_verify_locations(pair[0])
    # Let the server be the one who refuses.
    made_context.set_ciphers("ALL:@SECLEVEL=0")
    made_context.minimum_version = least or ssl.TLSVersion.TLSv1
    made_context.maximum_version = most or ssl.TLSVersion.TLSv1_3
    return made_context


def connect(webhookd):
    return socket.create_connection(("127.0.0.1", webhookd.tls_port), timeout=DEADLINE)


def wrap(webhookd, client=None, **options):
    return (client or context()).wrap_socket(connect(webhookd), server_hostname="localhost", **options)


def post(path, image):
    body = b'{"image":"%s"}' % image.encode()
    return b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body)


def ask(stream, data):
    stream.sendall(data)
    return read_answer(stream.makefile("rb"))


def curl(webhookd, *arguments, certificate=EC[0], path=None):
    return subprocess.run(["curl", "-sS", "--max-time", "20", "--cacert", certificate, *arguments,
                           f"https://localhost:{webhookd.tls_port}{path or webhookd.path()}"],
                          capture_output=True, text=True, timeout=40, check=False)


def is_closed_within(stream, seconds):
    """Reads until the end, which has to come in time; returns what was read."""
    stream.settimeout(seconds)
    found = b""
    try:
        while data := stream.recv(65536):
            found += data
    except ConnectionResetError:
        pass
    return found


# What is spoken

def test_curl_delivers_with_1_2_and_1_3_and_with_both_kinds_of_keys():
    for pair in (EC, RSA):
        with TlsHost(pair=pair) as webhookd:
            for number, version in enumerate(("1.2", "1.3")):
                done = curl(webhookd, f"--tlsv{version}", "--tls-max", version, "--json", f'{{"image":"a.example/shop:v{number}"}}',
                            "-w", "%{http_code} %{http_version} %{ssl_verify_result}", certificate=pair[0])
                assert done.returncode == 0 and done.stdout.endswith("202 1.1 0"), done


def speaks_old_version(version):
    """Whether our client could: a server that allows it is the proof."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*EC)
    server.set_ciphers("ALL:@SECLEVEL=0")
    server.minimum_version = server.maximum_version = version
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [context(most=version, least=version).wrap_bio(to_client, to_server, server_hostname="localhost"),
            server.wrap_bio(to_server, to_client, server_side=True)]
    for _ in range(10):
        waiting = 0
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                waiting += 1
        if not waiting:
            return ends[0].version() == {ssl.TLSVersion.TLSv1: "TLSv1", ssl.TLSVersion.TLSv1_1: "TLSv1.1"}[version]
    return False


def test_versions_below_1_2_are_refused():
    with TlsHost() as webhookd:
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            assert speaks_old_version(version)
            try:
                with wrap(webhookd, context(least=version, most=version)) as s:
                    raise AssertionError(f"{s.version()} is spoken")
            except (ssl.SSLError, ConnectionResetError):
                pass
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            with wrap(webhookd, context(least=version, most=version)) as s:
                assert s.version() == name


def test_suites_without_forward_secrecy_or_authentication_are_refused():
    with TlsHost(pair=RSA) as webhookd:
        client = context(RSA, most=ssl.TLSVersion.TLSv1_2)
        for suites in ("AES256-GCM-SHA384:AES128-SHA", "ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA", "DHE-RSA-AES128-GCM-SHA256"):
            client.set_ciphers(suites + ":@SECLEVEL=0")
            try:
                with wrap(webhookd, client) as s:
                    raise AssertionError(f"{s.cipher()} is spoken")
            except (ssl.SSLError, ConnectionResetError):
                pass
        client.set_ciphers("ALL:@SECLEVEL=0")
        with wrap(webhookd, client) as s:
            assert s.cipher()[0] == "ECDHE-RSA-AES256-GCM-SHA384", s.cipher()


def test_http2_is_not_negotiated():
    with TlsHost() as webhookd:
        client = context()
        client.set_alpn_protocols(["h2", "http/1.1"])
        with wrap(webhookd, client) as s:
            assert s.selected_alpn_protocol() is None
            assert ask(s, post(webhookd.path(), "a.example/b")).status == 202
        with wrap(webhookd, client) as s:
            s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
            assert read_answer(s.makefile("rb")).status == 400
        done = curl(webhookd, "--http2", "-o", "/dev/null", "-w", "%{http_code} %{http_version}")
        assert done.stdout == "405 1.1", done


def test_no_session_is_resumed():
    with TlsHost() as webhookd:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client = context(least=version, most=version)
            with wrap(webhookd, client) as s:
                assert ask(s, post(webhookd.path(), "a.example/b")).status in (200, 202)
                session = s.session
                assert not session or not session.has_ticket
            with wrap(webhookd, client, session=session) as s:
                assert not s.session_reused


def test_stranger_who_has_sent_a_large_body_reads_the_404():
    with TlsHost() as webhookd:
        for _ in range(10):
            with wrap(webhookd) as s:
                s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n")
                for _ in range(31):
                    s.sendall(b"x" * 32768)
                answer = read_answer(s.makefile("rb"))
                assert (answer.status, answer.header("Connection")) == (404, "close"), answer.comparable


def test_one_connection_carries_many_requests():
    with TlsHost() as webhookd:
        path = webhookd.path()
        with wrap(webhookd) as s:
            stream = s.makefile("rb")
            for number in range(50):
                s.sendall(post(path, f"a.example/p{number}"))
                assert read_answer(stream).status == 202
        with wrap(webhookd) as s:
            stream = s.makefile("rb")
            s.sendall(b"".join(post(path, f"a.example/q{number}") for number in range(50)))
            assert [read_answer(stream).status for _ in range(50)] == [202] * 50


def test_large_body_arrives_whole():
    with TlsHost() as webhookd:
        body = os.path.join(made.name, "body")
        with open(body, "w", encoding="ascii") as f:
            f.write('{"image":"a.example/b","padding":"' + "x" * (1024 * 1024 - 64) + '"}')
        assert curl(webhookd, "--json", f"@{body}", "-o", "/dev/null", "-w", "%{http_code}").stdout == "202"
        with open(body, "a", encoding="ascii") as f:
            f.write(" " * 64)
        assert curl(webhookd, "--json", f"@{body}", "-o", "/dev/null", "-w", "%{http_code}").stdout == "413"


def test_address_is_the_peers_and_forwarded_ones_are_not_believed():
    with TlsHost() as webhookd:
        curl(webhookd, "-H", "X-Forwarded-For: 203.0.113.7", "--json", '{"image":"a.example/forged"}')
        [line] = [line for line in webhookd.log().splitlines() if "a.example/forged" in line and "ACCEPTED" in line]
        # Without the ::ffff: that the kernel puts before it on a socket for both.
        assert "TINYFORGE_REMOTE=127.0.0.1 " in line or "TINYFORGE_REMOTE=127.0.0.1]" in line, line


def test_other_listeners_speak_no_tls():
    with TlsHost() as webhookd:
        assert webhookd.post("a.example/plain").status == 202
        assert webhookd.request("POST", None, b'{"image":"a.example/behind"}', unix=True).status == 202
        plain = socket.create_connection(("127.0.0.1", webhookd.port), timeout=DEADLINE)
        try:
            with context().wrap_socket(plain, server_hostname="localhost"):
                raise AssertionError("the plain listener speaks TLS")
        except ssl.SSLError:
            pass


# Who is cut off

def test_garbage_is_cut_off_at_once_and_disturbs_nobody():
    with TlsHost() as webhookd:
        path = webhookd.path()
        with wrap(webhookd) as kept:
            stream = kept.makefile("rb")
            for number in range(100):
                with connect(webhookd) as s:
                    s.sendall(GARBAGE[number % len(GARBAGE)])
                    s.shutdown(socket.SHUT_WR)
                    assert b"HTTP" not in is_closed_within(s, HANDSHAKE + LATE)
                # A fault of one connection is not taken for one of another.
                kept.sendall(post(path, f"a.example/p{number}"))
                assert read_answer(stream).status == 202
        wait_for("nothing is held", lambda: webhookd.n_connections() == 0)
        assert webhookd.process.poll() is None


def test_garbage_after_the_handshake_is_cut_off():
    with TlsHost() as webhookd:
        raw = connect(webhookd)
        tls = context().wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=True)
        socket.socket.sendall(tls, b"POST / HTTP/1.1\r\n\r\n" * 10)
        try:
            assert tls.recv(100) == b""
        except (ssl.SSLError, ConnectionResetError):
            pass
        tls.close()
        assert curl(webhookd).returncode == 0


def test_slow_handshakes_are_cut_off():
    with TlsHost() as webhookd:
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        begun = time.monotonic()
        with connect(webhookd) as silent, connect(webhookd) as begins, connect(webhookd) as drips:
            begins.sendall(hello)
            drips.settimeout(0.25)
            ended = None
            while ended is None and time.monotonic() - begun < 30:
                try:
                    drips.sendall(b"\0" if ended else hello[:1])
                    hello = hello[1:] or b"\0"
                    if drips.recv(1) == b"":
                        ended = time.monotonic() - begun
                except TimeoutError:
                    pass
                except OSError:
                    ended = time.monotonic() - begun
            assert ended and ended < HANDSHAKE + LATE, ended
            assert is_closed_within(silent, LATE) == b"" and is_closed_within(begins, LATE) == b""
        tap.note(f"a handshake of a byte each 0.25 s was cut off after {ended:.1f} s")
        wait_for("nothing is held", lambda: webhookd.n_connections() == 0)


def test_who_never_asks_or_asks_slowly_is_cut_off_after_the_handshake():
    with TlsHost() as webhookd:
        begun = time.monotonic()
        with wrap(webhookd) as silent, wrap(webhookd) as drips:
            drips.settimeout(0.5)
            sent, ended = b"POST / HTTP/1.1\r\nX: ", None
            while ended is None and time.monotonic() - begun < 40:
                try:
                    drips.sendall(sent)
                    sent = b"x"
                    if drips.recv(100) == b"":
                        ended = time.monotonic() - begun
                except TimeoutError:
                    pass
                except OSError:
                    ended = time.monotonic() - begun
            assert ended and ended < CONNECTION + LATE, ended
            is_closed_within(silent, LATE)
        wait_for("nothing is held", lambda: webhookd.n_connections() == 0)


def test_connection_beyond_the_limit_takes_the_place_of_the_oldest_handshake():
    with TlsHost("MaxConnections=8\n") as webhookd:
        path = webhookd.path()
        idle = [connect(webhookd) for _ in range(8)]
        wait_for("all places are taken", lambda: webhookd.n_connections() == 8)
        with wrap(webhookd) as s:
            assert ask(s, post(path, "a.example/b")).status == 202
            is_closed_within(idle[0], LATE)
        for s in idle:
            s.close()


# Stopping

def test_sigterm_in_a_handshake_loses_no_request():
    with TlsHost() as webhookd:
        path = webhookd.path()
        plain = webhookd.connect()
        before, halfway, done = connect(webhookd), connect(webhookd), wrap(webhookd)
        client = context()
        to_server, from_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        end = client.wrap_bio(from_server, to_server, server_hostname="localhost")
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            halfway.sendall(to_server.read())
        wait_for("all were accepted", lambda: webhookd.n_connections() == 4)
        from_server.write(halfway.recv(65536))

        webhookd.process.send_signal(signal.SIGTERM)
        wait_for("it is stopping", lambda: not webhookd.bus.has_owner("org.tinyforge.Webhook1"))
        end.do_handshake()
        end.write(post(path, "a.example/halfway"))
        halfway.sendall(to_server.read())
        from_server.write(halfway.recv(65536))
        assert b"202 Accepted" in end.read(65536)
        for s, image in ((done, "done"), (plain, "plain"), (client.wrap_socket(before, server_hostname="localhost"), "before")):
            answer = ask(s, post(path, f"a.example/{image}"))
            assert answer.status == 202 and answer.header("Connection") == "close", answer.headers
        assert webhookd.process.wait(DEADLINE) == 0
        for s in (plain, before, halfway, done):
            s.close()


def test_who_never_asks_does_not_hold_up_the_end():
    with TlsHost() as webhookd:
        with webhookd.connect(), connect(webhookd), wrap(webhookd):
            wait_for("all were accepted", lambda: webhookd.n_connections() == 3)
            begun = time.monotonic()
            status = webhookd.stop()
            assert status == 0, (status, webhookd.log())
            took = time.monotonic() - begun
        tap.note(f"ended {took:.1f} s after SIGTERM")
        assert took < STOP + LATE, took


def test_next_process_has_the_new_certificate_and_the_backlog():
    with TlsHost() as webhookd:
        assert curl(webhookd).returncode == 0
        assert webhookd.stop() == 0
        with connect(webhookd) as waiting:
            give(webhookd, *OTHER)
            webhookd.start()
            with context(OTHER).wrap_socket(waiting, server_hostname="localhost") as s:
                assert ask(s, post(webhookd.path(), "a.example/b")).status == 202
        assert curl(webhookd).returncode == 60, "the old certificate"
        assert curl(webhookd, certificate=OTHER[0]).returncode == 0


# What is not there, and what is wrong

def test_without_a_certificate_the_listener_closes_and_the_others_serve():
    with Host(tls=True) as webhookd:
        assert "LoadCredential=tls-certificate:" in webhookd.log()
        for _ in range(40):
            with connect(webhookd) as s:
                assert is_closed_within(s, LATE) == b""
        assert webhookd.post("a.example/b").status == 202
        wait_for("nothing is held", lambda: webhookd.n_connections() == 0)


def test_unusable_credentials_close_their_listener_and_the_others_serve():
    seen = 0
    with Host(start=False, tls=True) as webhookd:
        for pair, text in (((EC[0], None), "There is a credential 'tls-certificate', but no 'tls-key'"),
                           ((None, EC[1]), "There is a credential 'tls-key', but no 'tls-certificate'"),
                           ((EC[0], OTHER[1]), "'tls-key' is not the key of the certificate in 'tls-certificate'"),
                           ((EC[1], EC[1]), "'tls-certificate' does not begin with a certificate"),
                           ((EC[0], EC[0]), "'tls-key' is no key in PEM"),
                           ((EC[0], os.devnull), "There is a credential 'tls-certificate', but no 'tls-key'"),
                           ((os.devnull, os.devnull), "A socket for TLS was passed, but no certificate")):
            give(webhookd, *pair)
            webhookd.start()
            told = [line for line in webhookd.log().splitlines() if "[TLS_UNUSABLE" in line][seen:]
            seen += 1
            assert len(told) == 1 and text in told[0], told
            with connect(webhookd) as s:
                assert is_closed_within(s, LATE) == b""
            assert webhookd.post("a.example/b").status == 202
            webhookd.stop()


def test_credential_that_cannot_be_read_closes_its_listener_and_the_others_serve():
    with Host(start=False, tls=True) as webhookd:
        give(webhookd, EC[0])
        os.mkdir(os.path.join(webhookd.credentials, "tls-key"))
        webhookd.start()
        assert "Cannot read the credential 'tls-key': Is a directory [TLS_UNUSABLE]" in webhookd.log(), webhookd.log()
        with connect(webhookd) as s:
            assert is_closed_within(s, LATE) == b""
        assert webhookd.post("a.example/b").status == 202


def test_certificate_without_a_listener_is_no_fault():
    with Host(start=False) as webhookd:
        give(webhookd, *EC)
        webhookd.start()
        assert webhookd.post("a.example/b").status == 202


if __name__ == "__main__":
    tap.main()
