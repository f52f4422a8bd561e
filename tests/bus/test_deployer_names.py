# SPDX-License-Identifier: MIT
"""A name belongs to the repository that it has run, by the real daemon: only root's file, or its removal, changes that."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import Host  # noqa: E402
from test_deployer_root_file import IMAGE, REPO, expect_refused, project  # noqa: E402


def test_name_that_has_run_one_repository_is_given_no_other_without_a_file():
    for flavour in ("docker", "podman"):
        with Host(flavour) as host:
            other = "ghcr.io/other/shop"
            host.engine.push(REPO, "v1")
            host.engine.push(other, "v1")
            assert host.deploy(7, IMAGE)[0] == "succeeded"
            for stage in ("dev", "prod"):
                expect_refused(host, "NotPermitted", f"shop-dev-7 is of {REPO}, and what is to be deployed is {other}: only a "
                               "file projects.d/shop.json that names that image", image=f"{other}:v1", deploy=8, stage=stage)
            assert host.engine.names() == ["shop-dev-7"] and not [line for line in host.engine.requests() if "other/shop" in line]
            name, text = host.error_of(lambda: host.call("GetContainerBody", "sssa{sv}", "shop", "dev", "ghcr.io/other/shop:v1", 0))
            assert name == "NotPermitted", text
            assert host.deploy(9, IMAGE, stage="prod")[0] == "succeeded"
            project(host, image=other)
            assert host.deploy(10, f"{other}:v1")[0] == "succeeded"


def other_is_refused(host, what, deploy=20):
    host.engine.push("ghcr.io/other/shop", "v1")
    expect_refused(host, "NotPermitted", f"{what} is of {REPO}, and what is to be deployed is ghcr.io/other/shop: only a file",
                   image="ghcr.io/other/shop:v1", deploy=deploy)


def test_name_whose_containers_were_pruned_is_given_to_no_other():
    for flavour in ("docker", "podman"):
        with Host(flavour) as host:
            host.engine.push(REPO, "v1")
            container = host.deploy(7, IMAGE)[2]
            host.engine.request("DELETE", f"/v1.41/containers/{container}?force=1")
            host.signal(signal.SIGKILL)
            other_is_refused(host, "shop")
            assert host.engine.names() == []
            project(host, image="ghcr.io/other/shop")
            assert host.deploy(21, "ghcr.io/other/shop:v1")[0] == "succeeded"
            # What root's file had run is what the name has run, with and without the file.
            os.unlink(os.path.join(host.directory, "projects.d", "shop.json"))
            expect_refused(host, "NotPermitted", "is of ghcr.io/other/shop, and what is to be deployed is ghcr.io/acme/shop", deploy=22)


def test_name_is_not_free_while_a_volume_of_it_is_left():
    for flavour in ("docker", "podman"):
        with Host(flavour) as host:
            host.engine.push(REPO, "v1", volumes=["/data"])
            host.deploy(7, IMAGE)
            host.call("RemoveStage", "ss", "shop", "dev")
            other_is_refused(host, "shop")
            host.call("RemoveStage", "ss", "shop", "")
            assert "The name shop stays with its image: volumes of it are left" in host.log(), host.log()
            other_is_refused(host, "shop", deploy=21)
            host.engine.request("DELETE", "/v1.41/volumes/tinyforge.shop.dev.data")
            host.call("RemoveStage", "ss", "shop", "")
            assert host.deploy(22, "ghcr.io/other/shop:v1")[0] == "succeeded"


def test_name_is_not_bound_by_what_never_came_up():
    with Host() as host:
        host.engine.push(REPO, "v1", exit=3)
        host.engine.push("ghcr.io/other/shop", "v1")
        expect_refused(host, "Unhealthy", "")
        assert host.deploy(8, "ghcr.io/other/shop:v1")[0] == "succeeded"


def test_note_that_cannot_be_read_is_no_leave_to_change():
    with Host() as host:
        host.engine.push(REPO, "v1")
        container = host.deploy(7, IMAGE)[2]
        host.engine.request("DELETE", f"/v1.41/containers/{container}?force=1")
        with open(os.path.join(host.state, "repositories", "shop"), "w", encoding="ascii") as f:
            f.write("anything")
        expect_refused(host, "EngineFailed", "Cannot read which repository shop has run")


def test_name_whose_containers_are_gone_is_free():
    with Host() as host:
        host.engine.push(REPO, "v1")
        host.engine.push("ghcr.io/other/shop", "v1")
        host.deploy(7, IMAGE)
        host.call("RemoveStage", "ss", "shop", "")
        assert host.deploy(8, "ghcr.io/other/shop:v1")[0] == "succeeded"


if __name__ == "__main__":
    tap.main()
