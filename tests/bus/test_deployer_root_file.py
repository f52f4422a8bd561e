# SPDX-License-Identifier: MIT
"""Each key of root's file does what the manual says, by the real daemon; and what is wrong in one is told in time."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import Host  # noqa: E402

REPO = "ghcr.io/acme/shop"
IMAGE = f"{REPO}:v1"


def write(host, name, text, mode=0o640):
    """A file of projects.d."""
    os.makedirs(os.path.join(host.directory, "projects.d"), mode=0o750, exist_ok=True)
    path = host.write(f"projects.d/{name}", text)
    os.chmod(path, mode)
    return path


def project(host, name="shop", image=REPO, **parts):
    return write(host, f"{name}.json", json.dumps({"image": image, **parts}))


def last_body(host):
    """What the engine was asked to create last."""
    return host.engine.control("state")["bodies"][-1]


def asked_for_the_image(host):
    return [line for line in host.engine.requests() if "/images/" in line or "/distribution/" in line]


def expect_refused(host, error, words, image=IMAGE, **options):
    name, text = host.refused(7, image, **options)
    assert name == error and words in text, f"{name}: {text}"


# container

def test_mistake_in_the_engines_keys_is_told_with_what_was_meant_before_the_pull():
    with Host() as host:
        host.engine.push(REPO, "v1")
        for parts, words in (
                ({"Env": []}, "shop.json: /Env: \"Env\" belongs in /container"),
                ({"container": {"Binds": []}}, "/container/Binds: \"Binds\" belongs in /container/HostConfig"),
                ({"stages": {"prod": {"container": {"HostConfig": {"Memroy": 1}}}}},
                 "/stages/prod/container/HostConfig/Memroy: is no key of the engine's; the nearest is \"Memory\""),
                ({"container": {"HostConfig": {"Memory": "1g"}}}, "Memory: is a string, and has to be an integer")):
            project(host, **parts)
            expect_refused(host, "Configuration", words)
        assert not asked_for_the_image(host)
        project(host, container={"HostConfig": {"Memroy": 1}}, unchecked=["HostConfig.Memroy"])
        assert host.deploy(7, IMAGE)[0] == "succeeded" and last_body(host)["HostConfig"]["Memroy"] == 1


def test_key_of_another_version_of_the_api_is_refused_before_the_pull():
    address = {"container": {"NetworkingConfig": {"EndpointsConfig": {"net": {"MacAddress": "02:42:ac:11:00:02"}}}}}
    priority = {"container": {"NetworkingConfig": {"EndpointsConfig": {"net": {"GwPriority": 1}}}}}
    gone = {"container": {"HostConfig": {"KernelMemory": 1}}}
    for flavour, parts, words in (
            ("docker", address, "net/MacAddress: takes version 1.44 of the engine's API, and version 1.41 is spoken here"),
            ("podman", address, "net/MacAddress: takes version 1.44 of the engine's API, and version 1.41 is spoken here"),
            ("modern", address, None),
            ("modern", priority, "net/GwPriority: takes version 1.55 of the engine's API, and version 1.44 is spoken here"),
            ("modern", gone, "HostConfig/KernelMemory: is gone from version 1.44 of the engine's API"),
            ("docker", gone, None)):
        with Host(flavour) as host:
            host.engine.push(REPO, "v1")
            project(host, **parts)
            if words is None:
                assert host.deploy(7, IMAGE)[0] == "succeeded", flavour
            else:
                expect_refused(host, "Configuration", words)
                assert not asked_for_the_image(host), flavour


def test_log_of_the_engines_choice_is_had_by_a_null():
    for flavour in ("docker", "podman"):
        with Host(flavour) as host:
            host.engine.push(REPO, "v1")
            host.deploy(7, IMAGE)
            assert last_body(host)["HostConfig"]["LogConfig"]["Type"] == "journald"
            project(host, container={"HostConfig": {"LogConfig": None}})
            assert host.deploy(8, IMAGE)[0] == "succeeded"
            assert "LogConfig" not in last_body(host)["HostConfig"], last_body(host)
            assert host.deploy(9, IMAGE)[0] == "unchanged"


if __name__ == "__main__":
    tap.main()
