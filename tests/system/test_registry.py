#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
A registry whose notifications point at the receiver: a push alone is a deploy, and nothing else is one.

usage: test_registry.py [TEST], with ENGINE=, BUS= and BUILD_ROOT= as for test_system.py. The tests tell one story.
"""
import sys

import harness
import tap
from forge import ADDRESS, ENGINE_SETUP, FINAL, REGISTRY, WEBHOOKD
from harness import ENGINE
from host import wait_until

REPOSITORY = f"{REGISTRY}/acme/shop"
# As engines push them: Docker makes the second kind where its images are in containerd's store.
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"

forge = None  # pylint: disable=invalid-name


def prepare(host):
    host.provision("notifying-registry", f"http://{ADDRESS}{host.path()}")
    # So that a push, and nothing else, starts it.
    host.stop_daemons()


def engine(*arguments):
    return forge.run(f"/usr/bin/{ENGINE}", *arguments)


def ignored(reason):
    """How often the journal says that something of the repository was ignored for that reason."""
    return len([entry for entry in forge.journal("DELIVERY_IGNORED")
                if entry["MESSAGE"].startswith(f"Delivery ignored: {reason}:")])


def accepted(tag):
    """How many deliveries of that tag were accepted."""
    return len([entry for entry in forge.journal("DELIVERY_ACCEPTED")
                if entry["TINYFORGE_IMAGE"].startswith(f"{REPOSITORY}:{tag}@")])


class Replacements:
    """Counts what became of the project's container while the block ran and all that it caused."""

    def __init__(self, what, *tags):
        self.what = what
        self.tags = tags
        self.n = None

    def __enter__(self):
        self.rows = {deploy.id for deploy in forge.deploys("shop")}
        self.accepted = {tag: accepted(tag) for tag in self.tags}
        return self

    def __exit__(self, kind, *_):
        if kind:
            return
        for tag in self.tags:
            wait_until(lambda tag=tag: accepted(tag) > self.accepted[tag], f"the push of {tag} has arrived")
        wait_until(lambda: all(deploy.state in FINAL for deploy in forge.deploys("shop")), f"all is done: {self.what}", 120)
        new = [deploy for deploy in forge.deploys("shop") if deploy.id not in self.rows]
        self.n = len([deploy for deploy in new if deploy.state == "succeeded"])
        states = " ".join(sorted(deploy.state for deploy in new)) or "none"
        tap.note(f"{self.what}: {self.n} replacements; deploys: {states}")
        assert all(deploy.state in ("succeeded", "unchanged", "superseded") for deploy in new), new
        # What runs is what succeeded last, alone.
        [container] = forge.containers("shop")
        newest = max(deploy.id for deploy in forge.deploys("shop") if deploy.state == "succeeded")
        assert container["Name"].lstrip("/") == f"shop-dev-{newest}", (container["Name"], newest)


def test_push_alone_starts_the_receiver_and_deploys_once():
    assert forge.pid(WEBHOOKD) == 0
    with Replacements("a push", "v1") as count:
        forge.built_image("acme/shop", "v1", "plain", "v1")
    assert count.n == 1
    assert forge.page("shop") == "v1"
    assert ignored("not-a-manifest") > 0


def test_same_push_again_replaces_nothing():
    # containerd asks the registry first, and sends it nothing that is there.
    arrives = [] if ENGINE_SETUP == "containerd-store" else ["v1"]
    with Replacements("the same push again", *arrives) as count:
        engine("pull", "-q", f"{REPOSITORY}:v1")
        engine("push", "-q", *(["--format", "v2s2"] if ENGINE == "podman" else []), f"{REPOSITORY}:v1")
    assert count.n == 0


def test_pull_deploys_nothing():
    before = ignored("pull")
    with Replacements("a pull") as count:
        forge.run("curl", "-sS", "-f", "-o", "/dev/null", "-H", f"Accept: {MANIFEST}",
                  f"http://{REGISTRY}/v2/acme/shop/manifests/v1")
        wait_until(lambda: ignored("pull") > before, "the pull has arrived")
    assert count.n == 0


def test_two_tags_of_one_image_replace_once():
    with Replacements("two tags", "v2", "latest") as count:
        forge.built_image("acme/shop", "v2", "plain", "v2")
        engine("pull", "-q", f"{REPOSITORY}:v2")
        engine("tag", f"{REPOSITORY}:v2", f"{REPOSITORY}:latest")
        engine("push", "-q", *(["--format", "v2s2"] if ENGINE == "podman" else []), f"{REPOSITORY}:latest")
    assert count.n == 1
    assert forge.page("shop") == "v2"


def push_list(name, parts):
    """Images under one tag, as the engine's own client pushes them: each by its digest, then the list of them."""
    if ENGINE == "docker":
        engine("manifest", "create", "--insecure", name, *parts.values())
        for architecture, part in parts.items():
            engine("manifest", "annotate", "--os", "linux", "--arch", architecture, name, part)
        engine("manifest", "push", "--insecure", name)
        return
    # In a store of its own, as on a CI's machine: here Podman would take the list, which names no image that it has, for
    # what was pulled by the same digest.
    store = ["--root", "/var/lib/containers/ci", "--runroot", "/run/containers-ci"]
    engine(*store, "manifest", "create", "list")
    for architecture, part in parts.items():
        engine(*store, "manifest", "add", "--os", "linux", "--arch", architecture, "list", f"docker://{part}")
    engine(*store, "manifest", "push", "--all", "-q", "list", f"docker://{name}")


def test_list_of_manifests_replaces_once():
    # Of another repository, so that the client has to push them as well.
    parts = {architecture: forge.built_image("acme/parts", architecture, "plain", f"v3 {architecture}")
             for architecture in ("amd64", "s390x")}
    before = ignored("untagged")
    with Replacements("a list of two manifests", "v3") as count:
        push_list(f"{REPOSITORY}:v3", parts)
    assert count.n == 1
    wait_until(lambda: ignored("untagged") > before, "its parts have arrived")
    assert forge.page("shop") == "v3 amd64"


def test_delete_deploys_nothing():
    head = forge.run("curl", "-sS", "-f", "-I", "-H", f"Accept: {MANIFEST}", f"http://{REGISTRY}/v2/acme/shop/manifests/v1").stdout
    digest = next(line.split()[1] for line in head.splitlines() if line.lower().startswith("docker-content-digest:"))
    before = ignored("delete")
    with Replacements("a delete") as count:
        forge.run("curl", "-sS", "-f", "-X", "DELETE", f"http://{REGISTRY}/v2/acme/shop/manifests/{digest}")
        wait_until(lambda: ignored("delete") > before, "the delete has arrived")
    assert count.n == 0


def test_no_delivery_was_answered_with_an_error():
    assert not forge.journal("DELIVERY_REJECTED"), forge.journal("DELIVERY_REJECTED")


if __name__ == "__main__":
    harness.main(sys.modules[__name__], prepare)
