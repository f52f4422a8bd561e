#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What webhookd tells the bus without being asked.

usage: test_signals.py [TEST], with WEBHOOKD= the program and SOURCE_ROOT= the tree
"""
import contextlib
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from private_bus import read_until  # noqa: E402
from waiting import wait_for  # noqa: E402
from webhook_host import Host, read_answer  # noqa: E402


def test_signals_tell_what_was_committed():
    with Host() as webhookd:
        monitor = webhookd.bus.monitor("type='signal',path='/org/tinyforge/Webhook1'")
        webhookd.post("a.example/b:1")
        webhookd.call("RegenerateSecret")
        text = read_until(monitor, lambda said: "member=SecretRegenerated" in said)
        assert text.index("member=ProjectAdded") < text.index("member=QueueChanged"), text
        assert "member=PropertiesChanged" in text and 'string "NProjects"' in text, text
        assert webhookd.path().rsplit("/", 1)[1] not in text


def test_turn_tells_all_that_changed_in_the_queue_at_once():
    n = 40
    with Host() as webhookd, contextlib.ExitStack() as stack:
        path = webhookd.path()
        assert webhookd.post("a.example/b:first").status == 202
        wait_for("it waits for its next attempt", lambda: webhookd.waits(1))
        monitor = webhookd.bus.monitor("type='signal',path='/org/tinyforge/Webhook1'")
        streams = [(c, stack.enter_context(c.makefile("rb")))
                   for c in [stack.enter_context(webhookd.connect()) for _ in range(n)]]
        webhookd.process.send_signal(signal.SIGSTOP)
        for number, (connection, _) in enumerate(streams):
            body = json.dumps({"image": f"a.example/b:{number}"}).encode()
            connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                               f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        webhookd.process.send_signal(signal.SIGCONT)
        answers = [read_answer(stream) for _, stream in streams]
        webhookd.call("RegenerateSecret")
        text = read_until(monitor, lambda said: "member=SecretRegenerated" in said)
        assert {answer.status for answer in answers} == {202}
        assert text.count('string "queued"') == n and text.count('string "superseded"') == n, text
        assert text.count("member=QueueChanged") < n / 4, text.count("member=QueueChanged")
        assert text.count("member=PropertiesChanged") < n / 4, text


if __name__ == "__main__":
    tap.main()
