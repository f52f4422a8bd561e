# SPDX-License-Identifier: MIT
"""Headers that prove who sent a body."""
import base64
import hashlib
import hmac
import time
import urllib.parse

STANDARD_BYTES = bytes(range(32))
STANDARD_KEY = "whsec_" + base64.b64encode(STANDARD_BYTES).decode()


def mac(body, key):
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def hub(body, key):
    return f"X-Hub-Signature-256: sha256={mac(body, key)}"


def standard(body, number, when=None, key=STANDARD_BYTES):
    """The three headers of Standard Webhooks."""
    when = int(time.time()) if when is None else when
    signed = hmac.new(key, f"{number}.{when}.".encode() + body, hashlib.sha256).digest()
    return [f"webhook-id: {number}", f"webhook-timestamp: {when}", f"webhook-signature: v1,{base64.b64encode(signed).decode()}"]


def form_json(body):
    """The JSON that a form has in it, which is what Gitea and Forgejo sign."""
    return urllib.parse.parse_qs(body.decode(), keep_blank_values=True)["payload"][0].encode()
