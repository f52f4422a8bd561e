#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Which images stay on the host, with a real engine: the last generations, whatever a prune does, and no others.

usage: test_images.py [TEST], with ENGINE=, BUS= and BUILD_ROOT= as for test_system.py
"""
import json
import sys

import harness
from forge import Forge
from harness import ENGINE

forge = None  # pylint: disable=invalid-name

RETAIN = 3


def images(project):
    """
    What the engine knows of the repository: the tags, and how many images they are. Docker 26 counts digests among the tags where
    its images are in containerd's store.
    """
    rows = json.loads(forge.out("curl", "-s", "--unix-socket",
                                {"docker": "/run/docker.sock", "podman": "/run/podman/podman.sock"}[ENGINE],
                                "http://engine/images/json"))
    mine = [row for row in rows if any(f"/{project}" in name for name in
                                       (row["RepoTags"] or []) + (row.get("RepoDigests") or []))]
    return sorted(name.rpartition(":")[2] for row in mine for name in row["RepoTags"] or []
                  if not name.startswith("<none>") and "@" not in name), len(mine)


def push(project, text):
    """An image in the registry, and only there."""
    image = forge.image(f"acme/{project}", text, "plain", text)
    forge.run(ENGINE, "rmi", "-f", image)
    return image


def test_images_of_the_last_generations_stay_and_a_prune_leaves_them():
    refs = [push("larder", f"v{i}") for i in range(RETAIN + 3)]
    ids = [forge.deploy(ref, "larder").id for ref in refs]
    tags, n_images = images("larder")
    expected = sorted(f"tinyforge.dev.{i}" for i in ids[-RETAIN - 1:])
    assert [tag.rpartition(".")[0] for tag in tags] == expected, (tags, expected)
    assert n_images == RETAIN + 1, n_images
    forge.run(ENGINE, "image", "prune", "-f")
    assert images("larder") == (tags, n_images)


def test_image_that_did_not_come_up_is_gone():
    forge.deploy(push("pantry", "good"), "pantry")
    before = images("pantry")
    forge.deploy(forge.image("acme/pantry", "bad", "broken", "bad"), "pantry", "rolled-back")
    forge.run(ENGINE, "rmi", "-f", forge.image("acme/pantry", "bad", "broken", "bad"), check=False)
    assert images("pantry") == before, images("pantry")


if __name__ == "__main__":
    harness.main(sys.modules[__name__], Forge.drain_at_once)
