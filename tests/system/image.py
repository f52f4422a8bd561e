#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
An image that answers HTTP on port 8080 with TEXT. It goes into a registry by HTTP, which takes a tenth of the time that an
engine needs to build it and to push it; the deployer's engine pulls it as any other.

usage: image.py FOLDER VARIANT [TEXT]    what an engine builds it from

VARIANT: plain, healthy, unhealthy (never passes its check), broken (ends at once), brief (ends after
seconds), sickening (fails its check after seconds), slow (passes its check after seconds), held
(passes it once there is a file /go in the container), late (listens after seconds, has no check), deaf (never listens, has no
check), keeper (has a VOLUME, where it adds TEXT to what it answers)
"""
import functools
import gzip
import hashlib
import io
import json
import pathlib
import sys
import tarfile
import urllib.error
import urllib.request

BUSYBOX = pathlib.Path("/bin/busybox")
PORT = 8080
SERVE = f'httpd -f -p {PORT} -h /www & trap "exit 0" TERM; wait'
PROBE = ["/bin/busybox", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{PORT}/"]
# What the container runs, and its check: the command, and how many seconds it may fail at first.
VARIANTS = {
    "plain": (SERVE, None),
    "healthy": (SERVE, (PROBE, 0)),
    "unhealthy": (SERVE, (["/bin/busybox", "false"], 0)),
    "slow": (f"sleep 4; {SERVE}", (PROBE, 30)),
    "held": (f"until [ -e /go ]; do sleep 0.2; done; {SERVE}", (PROBE, 120)),
    "late": (f"sleep 3; {SERVE}", None),
    "deaf": ('trap "exit 0" TERM; sleep 1000 & wait', None),
    "keeper": (f"cat /www/index.html >>/data/log; cp /data/log /www/index.html; {SERVE}", None),
    "brief": (f"httpd -p {PORT} -h /www; sleep 6; echo had enough >&2; exit 3", None),
    "sickening": (f"httpd -f -p {PORT} -h /www & sleep 6; kill $!; sleep 1000", (PROBE, 0)),
    "broken": ("echo no configuration, giving up >&2; exit 3", None),
}
VOLUMES = {"keeper": ["/data"]}
INTERVAL, TIMEOUT, RETRIES = 1, 2, 2  # of a check; seconds
SECOND = 10**9
DOCKER = "application/vnd.docker"
MANIFEST = f"{DOCKER}.distribution.manifest.v2+json"


def command(variant):
    return ["/bin/busybox", "sh", "-c", VARIANTS[variant][0]]


def context(folder, variant, text):
    """A Dockerfile, and what it copies."""
    folder = pathlib.Path(folder)
    (folder / "www").mkdir()
    (folder / "www/index.html").write_text(text + "\n", encoding="utf-8")
    (folder / "busybox").write_bytes(BUSYBOX.read_bytes())
    (folder / "busybox").chmod(0o755)
    lines = ["FROM scratch", "COPY busybox /bin/busybox", "COPY busybox /bin/httpd", "COPY www /www", "ENV PATH=/bin",
             f"EXPOSE {PORT}"]
    if VARIANTS[variant][1]:
        test, grace = VARIANTS[variant][1]
        # No builder takes a start period of nothing.
        start = f"--start-period={grace}s " if grace else ""
        lines.append(f"HEALTHCHECK --interval={INTERVAL}s --timeout={TIMEOUT}s --retries={RETRIES} {start}CMD {json.dumps(test)}")
    lines += [f"VOLUME {path}" for path in VOLUMES.get(variant, [])]
    lines.append(f"CMD {json.dumps(command(variant))}")
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n", encoding="utf-8")


@functools.cache
def programs():
    """The layer that all of them have."""
    busybox = BUSYBOX.read_bytes()
    return layer({"bin/busybox": busybox, "bin/httpd": busybox})


def layer(files):
    """A compressed archive, the same for the same {path: bytes}, and the digest of what is in it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), 1, mtime=0), digest(packed.getvalue())


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def configuration(reference, variant, contents):
    """The image's own, with its name, so that no two names are one image."""
    settings = {"Env": ["PATH=/bin"], "Cmd": command(variant), "ExposedPorts": {f"{PORT}/tcp": {}}}
    if VARIANTS[variant][1]:
        test, grace = VARIANTS[variant][1]
        settings["Healthcheck"] = {"Test": ["CMD", *test], "Interval": INTERVAL * SECOND, "Timeout": TIMEOUT * SECOND,
                                   "Retries": RETRIES, "StartPeriod": grace * SECOND}
    if variant in VOLUMES:
        settings["Volumes"] = {path: {} for path in VOLUMES[variant]}
    return json.dumps({"architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z", "config": settings,
                       "rootfs": {"type": "layers", "diff_ids": contents},
                       "history": [{"created": "2026-01-01T00:00:00Z", "created_by": reference} for _ in contents]}).encode()


class Repository:
    """One of a registry that asks for no password."""

    def __init__(self, registry, name):
        self.url = f"http://{registry}/v2/{name}"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, method, url, data=None, kind="application/octet-stream"):
        request = urllib.request.Request(url, data, {"Content-Type": kind}, method=method)
        with self.opener.open(request, timeout=30) as answer:
            return answer.headers

    def has(self, name):
        try:
            self.ask("HEAD", f"{self.url}/blobs/{name}")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return False
        return True

    def put(self, kind, data):
        """Stores a blob that is not there yet; returns what a manifest says of it."""
        name = digest(data)
        if not self.has(name):
            place = self.ask("POST", f"{self.url}/blobs/uploads/", b"")["Location"]
            self.ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={name}", data)
        return {"mediaType": kind, "size": len(data), "digest": name}


def push(reference, variant, text):
    """Puts it into a registry on the network of this thread."""
    registry, _, rest = reference.partition("/")
    name, _, tag = rest.rpartition(":")
    repository = Repository(registry, name)
    layers = [programs(), layer({"www/index.html": f"{text}\n".encode()})]
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                "config": repository.put(f"{DOCKER}.container.image.v1+json",
                                         configuration(reference, variant, [content for _, content in layers])),
                "layers": [repository.put(f"{DOCKER}.image.rootfs.diff.tar.gzip", data) for data, _ in layers]}
    repository.ask("PUT", f"{repository.url}/manifests/{tag}", json.dumps(manifest).encode(), MANIFEST)


def main():
    folder, variant, *text = sys.argv[1:]
    context(folder, variant, "".join(text))


if __name__ == "__main__":
    main()
