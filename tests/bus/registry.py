# SPDX-License-Identifier: MIT
"""A distribution registry on the loopback, and as much of a client as pushes and pulls an image without layers."""
import hashlib
import json
import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request

import tap
from waiting import wait_for

PROGRAM = "docker-registry"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Registry:
    """Runs as long as the `with` block; `notifications` is that part of its config.yml."""

    def __init__(self, directory, notifications):
        if not shutil.which(PROGRAM):
            raise tap.Skip(f"{PROGRAM} is not installed")
        self.host = f"127.0.0.1:{free_port()}"
        self.config = os.path.join(directory, "registry.yml")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\n"
                    f"storage:\n  filesystem:\n    rootdirectory: {directory}/registry\nhttp:\n  addr: {self.host}\n{notifications}")
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen([PROGRAM, "serve", self.config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for("the registry", self.answers)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def answers(self):
        assert self.process.poll() is None, "the registry does not start"
        try:
            return self.ask("GET", "/v2/").status == 200
        except OSError:
            return False

    def ask(self, method, path, body=None, media_type="application/octet-stream", accept="*/*"):
        url = path if path.startswith("http") else f"http://{self.host}{path}"
        request = urllib.request.Request(url, body, {"Content-Type": media_type, "Accept": accept}, method=method)
        return urllib.request.urlopen(request, timeout=20)

    def push(self, repository, tag, text):
        """Pushes an image whose configuration has `text` in it, and returns its digest."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "comment": text}).encode()
        digest = "sha256:" + hashlib.sha256(config).hexdigest()
        place = self.ask("POST", f"/v2/{repository}/blobs/uploads/", b"").headers["Location"]
        self.ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", config)
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [], "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config), "digest": digest}}).encode()
        return self.ask("PUT", f"/v2/{repository}/manifests/{tag}", manifest, MANIFEST).headers["Docker-Content-Digest"]

    def pull(self, repository, tag):
        return self.ask("GET", f"/v2/{repository}/manifests/{tag}", accept=MANIFEST).read()
