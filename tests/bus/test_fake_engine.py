#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
That the engine that only pretends does what real ones do, where tests of the deployer rely on it.

usage: test_fake_engine.py [TEST]
"""
import json
import os
import shutil
import socket
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from fake_engine import FakeEngine  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"
# Far more than the threads of an engine that nobody asks.
N_STREAMS = 24


class Client:
    """An engine, and calls on it."""

    def __init__(self, flavour):
        self.directory = tempfile.mkdtemp(prefix="tinyforge-test.")
        self.engine = FakeEngine(self.directory, flavour)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.engine.stop()
        shutil.rmtree(self.directory)

    def call(self, method, path, body=None, **query):
        """status, answer"""
        if "filters" in query:
            query["filters"] = json.dumps(query["filters"])
        return self.engine.request(method, f"/v1.41{path}?{urllib.parse.urlencode(query)}", body)

    def pull(self, name):
        repository, _, tag = name.partition("@" if "@" in name else ":")
        assert self.call("POST", "/images/create", fromImage=repository, tag=tag)[0] == 200

    def create(self, name, image, start=True, **settings):
        assert self.call("POST", "/containers/create", {"Image": image, "HostConfig": settings}, name=name)[0] == 201
        return self.call("POST", f"/containers/{name}/start") if start else None

    def inspect(self, name):
        return self.call("GET", f"/containers/{name}/json")[1]

    def address(self, name):
        networks = self.inspect(name)["NetworkSettings"]["Networks"]
        return next(iter(networks.values()))["IPAddress"]

    def images(self, *references):
        return self.call("GET", "/images/json", **({"filters": {"reference": references}} if references else {}))[1]


def both(function):
    """Runs a test with either engine."""
    def run():
        for flavour in ("docker", "podman"):
            with Client(flavour) as client:
                function(client)
    run.__name__ = function.__name__
    return run


def test_events_end_with_the_client():
    """Or each deploy would leave one more thread behind that looks for news of its container, and the engine get slower and slower."""
    with Client("docker") as client:
        client.engine.push(REPO, "v1")
        client.pull(f"{REPO}:v1")
        client.create("one", f"{REPO}:v1")
        query = urllib.parse.urlencode({"filters": json.dumps({"container": ["one"]})})
        streams = []
        for _ in range(N_STREAMS):
            stream = socket.socket(socket.AF_UNIX)
            stream.connect(client.engine.socket)
            stream.sendall(f"GET /v1.41/events?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert stream.recv(1) == b"H"
            streams.append(stream)
        wait_for("a thread for each", lambda: n_threads(client.engine.pid) > N_STREAMS)
        for stream in streams:
            stream.close()
        wait_for("the end of what nobody reads", lambda: n_threads(client.engine.pid) < N_STREAMS)


def n_threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def connect(address, port=8080):
    """What is said on a connection, None where it is refused, or reset by a listener that is being closed."""
    try:
        with socket.create_connection((address, port), 5) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
            return connection.recv(4096).decode()
    except ConnectionError:
        return None


@both
def test_image_listens_on_its_address_while_it_runs(client):
    client.engine.push(REPO, "v1")
    client.pull(f"{REPO}:v1")
    client.create("one", f"{REPO}:v1")
    client.create("two", f"{REPO}:v1")
    first, second = client.address("one"), client.address("two")
    assert first != second and "200" in wait_for("an answer", lambda: connect(first))
    assert client.call("POST", "/containers/one/stop", t=1)[0] == 204
    wait_for("nothing listens", lambda: connect(first) is None)
    assert client.address("one") == "" and "200" in connect(second)


@both
def test_image_listens_as_its_behaviour_says(client):
    client.engine.push(REPO, "late", listen={"after": 0.3, "status": 503})
    client.engine.push(REPO, "deaf", listen=False)
    for tag in ("late", "deaf"):
        client.pull(f"{REPO}:{tag}")
        client.create(tag, f"{REPO}:{tag}")
    assert connect(client.address("late")) is None
    assert "503" in wait_for("an answer", lambda: connect(client.address("late")))
    address = client.address("deaf")
    with socket.create_server((address, 8080)):
        pass


@both
def test_container_without_a_network_of_its_own_has_no_address(client):
    client.engine.push(REPO, "v1")
    client.pull(f"{REPO}:v1")
    client.create("one", f"{REPO}:v1", NetworkMode="host")
    client.create("two", f"{REPO}:v1", NetworkMode="backend")
    assert client.address("one") == ""
    settings = client.inspect("two")["NetworkSettings"]
    assert settings["Networks"]["backend"]["IPAddress"].startswith("127.") and settings["IPAddress"] == ""


@both
def test_fixed_port_is_for_one(client):
    client.engine.push(REPO, "v1")
    client.pull(f"{REPO}:v1")
    ports = {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}
    assert client.create("one", f"{REPO}:v1", PortBindings=ports)[0] == 204
    status, answer = client.create("two", f"{REPO}:v1", PortBindings=ports)
    assert status == 500 and "already" in answer["message"], answer
    client.call("POST", "/containers/one/stop")
    assert client.call("POST", "/containers/two/start")[0] == 204


@both
def test_image_goes_with_its_last_name(client):
    digest = client.engine.push(REPO, "v1")
    client.pull(f"{REPO}:v1")
    for tag in ("v1", "kept"):
        assert client.call("POST", f"/images/{REPO}@{digest}/tag", repo=REPO, tag=tag)[0] == 201
    assert client.call("DELETE", f"/images/{REPO}:v1")[0] == 200
    assert client.images(f"{REPO}:kept")[0]["RepoTags"] == [f"{REPO}:kept"]
    client.create("one", f"{REPO}@{digest}")
    assert client.call("DELETE", f"/images/{REPO}:kept")[0] == 409
    client.call("DELETE", "/containers/one", force=1)
    assert client.call("DELETE", f"/images/{REPO}:kept")[0] == 200
    assert client.images() == [] and client.call("DELETE", f"/images/{REPO}:kept")[0] == 404


@both
def test_images_are_listed_by_reference(client):
    for repository in (REPO, "registry.example/acme/bakery"):
        client.engine.push(repository, "v1")
        client.pull(f"{repository}:v1")
    assert len(client.images()) == 2
    for reference in (REPO, f"{REPO}:v*", "registry.example/*/shop"):
        assert [image["RepoTags"] for image in client.images(reference)] == [[f"{REPO}:v1"]], reference
    assert client.images("*/shop") == []


@both
def test_prune_takes_what_has_no_tag_and_no_container(client):
    for tag in ("v1", "v2", "v3"):
        client.engine.push(REPO, tag)
        client.pull(f"{REPO}@{FakeEngine.digest(f'{REPO}:{tag}')}")
    client.call("POST", f"/images/{REPO}@{FakeEngine.digest(REPO + ':v1')}/tag", repo=REPO, tag="v1")
    client.create("one", f"{REPO}@{FakeEngine.digest(REPO + ':v2')}")
    assert client.call("POST", "/images/prune")[0] == 200
    assert len(client.images()) == 2


@both
def test_restart_policy_starts_again_what_ends(client):
    client.engine.push(REPO, "v1", exit=3, after=0.2, revives=True)
    client.pull(f"{REPO}:v1")
    client.create("one", f"{REPO}:v1", RestartPolicy={"Name": "always"})
    started = client.inspect("one")["State"]["StartedAt"]
    wait_for("a restart", lambda: client.inspect("one")["RestartCount"] > 0)
    assert client.inspect("one")["State"]["StartedAt"] != started
    client.call("POST", "/containers/one/stop")
    assert client.inspect("one")["State"]["Running"] is False


if __name__ == "__main__":
    tap.main()
