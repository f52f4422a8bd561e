# SPDX-License-Identifier: MIT
"""
As much of HTTP as the fake engine needs: one request a connection, with a length or without a body. http.server is there
for that as well, and takes longer to load and to read a head than the engine for all the rest.
"""
import json
import socket
import socketserver
import sys
import urllib.parse

from fake_death import Connections
from fake_images import Failure


class Handler(socketserver.StreamRequestHandler):
    """Reads a request into `command`, `target`, `path`, `query`, `body` and `login`, and has serve() answer it."""

    # The header lines of every answer that has a body.
    extra = ""

    def handle(self):
        words = self.rfile.readline().decode("latin-1").split()
        if len(words) != 3:
            return
        headers = {}
        while (line := self.rfile.readline().decode("latin-1")) not in ("", "\r\n"):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        self.command, self.target = words[:2]
        path, _, query = self.target.partition("?")
        self.path = urllib.parse.unquote(path)
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.body, self.login = self.rfile.read(int(headers.get("content-length", 0))), headers.get("x-registry-auth")
        self.serve()

    def is_gone(self):
        """Whether the client has hung up."""
        try:
            return self.request.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False

    def head(self, status, length, content_type):
        size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        return f"HTTP/1.1 {status} told\r\n{self.extra}Content-Type: {content_type}\r\n{size}\r\n\r\n".encode()

    def begin(self, status, length=None, content_type="application/json"):
        """The head of an answer whose body follows, in chunks where it has no length."""
        self.wfile.write(self.head(status, length, content_type))

    def raw(self, status, data, content_type="application/json"):
        self.wfile.write(self.head(status, len(data), content_type) + data)

    def json(self, status, value):
        self.raw(status, json.dumps(value).encode())

    def chunk(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def empty(self, status=204):
        self.wfile.write(f"HTTP/1.1 {status} told\r\nContent-Length: 0\r\n\r\n".encode())


class Server(Connections, socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("unix", 0)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (BrokenPipeError, ConnectionResetError, Failure)):
            super().handle_error(request, client_address)
