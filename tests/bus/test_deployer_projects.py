# SPDX-License-Identifier: MIT
"""What root's files say of projects, by the real daemon: projects.d, and who may have none."""
import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import Host  # noqa: E402

REPO = "ghcr.io/acme/shop"


def write_project(host, content, project="shop", mode=0o640):
    """A file of projects.d: a text as it is, everything else as JSON."""
    directory = os.path.join(host.directory, "projects.d")
    os.makedirs(directory, mode=0o750, exist_ok=True)
    path = host.write(f"projects.d/{project}.json", content if isinstance(content, str) else json.dumps(content))
    os.chmod(path, mode)
    return path


def last_body(host):
    """What the engine was asked to create last."""
    return host.engine.control("state")["bodies"][-1]


def password(login):
    return login and json.loads(base64.urlsafe_b64decode(login))["password"]


def test_login_is_the_one_of_the_moment():
    for flavour in ("docker", "podman"):
        with Host(flavour=flavour) as host:
            for number, word in enumerate(("first", "second"), 1):
                host.write("registries.json", json.dumps({"auths": {REPO.split("/", 1)[0]: {
                    "auth": base64.b64encode(f"deployer:{word}".encode()).decode()}}}))
                os.chmod(os.path.join(host.directory, "registries.json"), 0o640)
                host.engine.push(REPO, f"v{number}")
                pid = host.pid()
                assert host.deploy(number, f"{REPO}:v{number}")[0] == "succeeded"
                assert pid in (None, host.pid()), "it is the same daemon"
                assert password(host.engine.logins()[-1]) == word, host.engine.logins()


def test_login_that_others_can_write_is_refused():
    with Host() as host:
        host.write("registries.json", "{}")
        os.chmod(os.path.join(host.directory, "registries.json"), 0o666)
        host.engine.push(REPO, "v1")
        name, text = host.error_of(lambda: host.deploy(1, f"{REPO}:v1"))
        assert name == "NotPermitted" and "registries.json: can be written by others than root" in text, (name, text)


def test_container_is_made_as_root_wrote_it():
    with Host(config="PublishAddress=127.0.0.2\n") as host:
        host.engine.push(REPO, "v1")
        write_project(host, {"image": REPO, "container": {"Env": ["A=1"], "Labels": {"traefik.enable": "true"}},
                             "stages": {"dev": {"container": {"User": "7"}}, "prod": {"container": {"User": "8"}}}})
        outcome = host.deploy(7, f"{REPO}:v1")[0]
        body = last_body(host)
        assert outcome == "succeeded" and body["Env"] == ["A=1"] and body["User"] == "7", body
        assert body["Labels"]["traefik.enable"] == "true" and body["Labels"]["org.tinyforge.deploy"] == "7", body
        assert body["HostConfig"]["PortBindings"]["8080/tcp"] == [{"HostIp": "127.0.0.2", "HostPort": ""}], body


def test_same_digest_is_deployed_again_when_root_changed_the_file():
    with Host() as host:
        host.engine.push(REPO, "v1")
        write_project(host, {"image": REPO})
        assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
        assert host.deploy(8, f"{REPO}:v1")[0] == "unchanged"
        write_project(host, {"image": REPO, "container": {"Env": ["A=1"]}})
        assert host.deploy(9, f"{REPO}:v1")[0] == "succeeded"


def test_mistake_in_a_file_is_told_before_anything_is_pulled():
    with Host() as host:
        host.engine.push(REPO, "v1")
        for content, error, words in (
                ('{\n "image": "x",,}', "Configuration", "projects.d/shop.json:2:"),
                ({"image": REPO, "stages": {"prod": {"container": {"env": []}}}}, "Configuration",
                 "projects.d/shop.json: /stages/prod/container/env: "),
                ({"image": "ghcr.io/acme/other"}, "NotPermitted", "ghcr.io/acme/other")):
            write_project(host, content)
            name, text = host.refused(7, f"{REPO}:v1")
            assert name == error and words in text, f"{name}: {text}"
        write_project(host, {"image": REPO}, mode=0o666)
        name, text = host.refused(7, f"{REPO}:v1")
        assert name == "NotPermitted" and "can be written by others than root" in text, f"{name}: {text}"
        assert not host.engine.names()
        assert not [line for line in host.engine.requests() if "/images/" in line or "/distribution/" in line]


def test_images_of_projects_without_a_file_are_held_to_a_narrower_policy():
    with Host(config="AllowImages=ghcr.io/acme/*\nAutoCreateImages=ghcr.io/acme/auto-*\n") as host:
        host.engine.push(REPO, "v1")
        host.engine.push("ghcr.io/acme/auto-x", "v1")
        name, text = host.refused(7, f"{REPO}:v1")
        assert name == "NotPermitted" and "AutoCreateImages=" in text, f"{name}: {text}"
        assert "[POLICY_REFUSED" in host.log()
        assert host.deploy(8, "ghcr.io/acme/auto-x:v1", project="auto-x")[0] == "succeeded"
        write_project(host, {"image": REPO})
        assert host.deploy(9, f"{REPO}:v1")[0] == "succeeded"
        # What the file allows is still no more than what AllowImages= does.
        write_project(host, {"image": "ghcr.io/other/shop"}, project="other")
        name, text = host.refused(10, "ghcr.io/other/shop:v1", project="other")
        assert name == "NotPermitted" and "AllowImages=" in text, f"{name}: {text}"


def body(host, image, *options, project="shop", stage="dev"):
    return json.loads(host.call("GetContainerBody", "sssa{sv}", project, stage, image, len(options) // 3, *options)[0])


def without_deploy(text):
    """What differs from deploy to deploy."""
    for label in ("deploy", "store"):
        del text["Labels"][f"org.tinyforge.{label}"]
    del text["HostConfig"]["LogConfig"]["Config"]["tag"]
    return text


def test_body_that_is_shown_is_the_one_of_the_deploy():
    for flavour in ("docker", "podman"):
        with Host(flavour) as host:
            digest = host.engine.push(REPO, "v1", ports=["9090/tcp"])
            write_project(host, {"image": REPO, "container": {"Env": ["A=1"]},
                                 "stages": {"dev": {"container": {"Labels": {"a": "b"}}}}})
            host.deploy(7, f"{REPO}:v1")
            shown = body(host, f"{REPO}@{digest}")
            assert shown["Labels"]["org.tinyforge.deploy"] == "0" and shown["Env"] == ["A=1"], shown
            assert without_deploy(shown) == without_deploy(last_body(host)), shown
            shown = body(host, f"{REPO}@{digest}", "DeployId", "t", 7, "Store", "s", host.store)
            assert shown == last_body(host), shown


def test_body_is_shown_of_what_is_not_here_without_asking_for_it():
    with Host() as host:
        host.engine.push(REPO, "v1")
        shown = body(host, f"{REPO}:v1", "Port", "q", 81, project="new")
        assert shown["Image"] == f"{REPO}:v1" and "org.tinyforge.digest" not in shown["Labels"], shown
        assert list(shown["HostConfig"]["PortBindings"]) == ["81/tcp"], shown
        assert "PortBindings" not in body(host, f"{REPO}:v1")["HostConfig"]
        assert not [line for line in host.engine.requests() if "create" in line or "distribution" in line]


def test_body_is_refused_as_a_deploy_would_be():
    with Host(config="AllowImages=ghcr.io/acme/*\n") as host:
        write_project(host, {"image": REPO, "container": {"hostConfig": {}}})
        for image, error, words in ((f"{REPO}:v1", "Configuration", "/container/hostConfig"),
                                    ("ghcr.io/acme/other:v1", "Configuration", "/container/hostConfig"),
                                    ("nginx", "NotPermitted", "AllowImages="), ("A b", "InvalidImage", "")):
            name, text = host.error_of(lambda image=image: body(host, image))
            assert name == error and words in text, f"{name}: {text}"
        name, text = host.error_of(lambda: body(host, f"{REPO}:v1", "Colour", "s", "red"))
        assert name == "InvalidOption" and "Colour" in text, f"{name}: {text}"


if __name__ == "__main__":
    tap.main()
