# SPDX-License-Identifier: MIT
"""A request that is sent now and whose answer is read later."""
from webhook_host import read_answer


class Asked:
    """A request whose answer is not here yet."""

    def __init__(self, webhookd, method, path, body=b"", unix=False, headers=()):
        self.socket = webhookd.connect(unix)
        self.stream = self.socket.makefile("rb")
        self.ask(method, path, body, headers)

    def ask(self, method, path, body=b"", headers=()):
        lines = [f"{method} {path} HTTP/1.1", "Host: test", f"Content-Length: {len(body)}", *headers]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def answer(self):
        """None: the connection ended without one."""
        try:
            return read_answer(self.stream)
        except ConnectionResetError:
            return None
        finally:
            self.close()

    def close(self):
        # The file keeps the descriptor.
        self.stream.close()
        self.socket.close()
