#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Where a stage answers, told to nginx: through deploys, a restart of the engine and a reboot of the host, with the files of
docs/examples/nginx as they are.

usage: test_endpoints.py [TEST], with ENGINE=, BUS= and BUILD_ROOT= as for test_system.py
"""
import re
import sys
import time

import harness
import tap
from forge import DEPLOYER, DEPLOYERD, ENGINE_UNITS
from harness import ENGINE, SITE
from host import wait_until
from traffic import Traffic

UPSTREAMS = "/run/tinyforge-deployer/upstreams"
DEPLOYS = 20
FLURRY = 20

forge = None  # pylint: disable=invalid-name


def upstream(stage):
    """The address in a stage's file; "" where it is down, None where there is no file."""
    text = forge.run("cat", f"{UPSTREAMS}/{stage}.conf", check=False).stdout
    found = re.search(r"^upstream (\S+) \{\n        server (\S+?)( down)?;\n\}\n$", text, re.MULTILINE)
    assert not text or (found and found.group(1) == stage), text
    return None if not text else "" if found.group(3) else found.group(2)


def port(container):
    """Where the engine says that a container is published."""
    [[binding]] = [ports for ports in container["NetworkSettings"]["Ports"].values() if ports]
    return f"{binding['HostIp']}:{binding['HostPort']}"


def site():
    url, host = SITE
    return forge.out("curl", "-s", "--max-time", "5", "-H", f"Host: {host}", url)


def images(project, *texts):
    return [forge.image(f"acme/{project}", text, "plain", text) for text in texts]


def test_proxy_without_an_upstream_starts_and_answers_502():
    assert forge.out("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Host: {SITE[1]}", SITE[0]) == "502"


def test_first_deploy_makes_the_proxy_answer():
    forge.deploy(images("shop", "v1")[0], "shop")
    assert upstream("shop.dev") == forge.endpoint("shop")
    wait_until(lambda: site() == "v1", "nginx answers")


def test_files_are_for_everybody_to_read_and_for_the_deployer_to_write():
    assert forge.out("stat", "-c", "%a %U", UPSTREAMS, f"{UPSTREAMS}/shop.dev.conf").split("\n") \
        == ["755 tinyforge-deployer", "644 tinyforge-deployer"]
    forge.run("nginx", "-t")


def test_files_outlive_the_deployer_that_wrote_them():
    forge.stop_daemons()
    assert forge.pid(DEPLOYERD) == 0
    assert upstream("shop.dev") and site() == "v1"


def test_no_request_is_lost_while_twenty_deploys_replace_one_another():
    references = images("shop", "v2", "v3")
    begun = time.monotonic()
    with Traffic(forge, *SITE) as traffic:
        for number in range(DEPLOYS):
            forge.deploy(references[number % 2], "shop")
    seconds = time.monotonic() - begun
    tap.note(f"nginx across {DEPLOYS} deploys: {traffic.sent} requests sent, {traffic.failed} failed, in {seconds:.0f} s; "
             f"answers {traffic.answers}")
    assert traffic.failed == 0, traffic.faults
    # Both were really in use, and the last one is: nginx has followed.
    assert set(traffic.answers) == {"v1", "v2", "v3"}, traffic.answers
    assert min(traffic.answers["v2"], traffic.answers["v3"]) > DEPLOYS
    assert upstream("shop.dev") == forge.endpoint("shop")
    assert site() == "v3"


def test_changes_in_quick_succession_are_all_followed():
    file = f"{UPSTREAMS}/shop.dev.conf"
    text, right = forge.out("cat", file), forge.endpoint("shop")
    wrong = text.replace(f"server {right}", "server 127.0.0.1:1 down")
    script = f"""import os, random, time
for number in range({FLURRY}):
    for text in ({wrong + chr(10)!r}, {text + chr(10)!r}):
        with open({UPSTREAMS + '/.test'!r}, "w") as file:
            file.write(text)
        os.rename({UPSTREAMS + '/.test'!r}, {file!r})
        time.sleep(random.random() / 25)
"""
    forge.run("python3", "-", input=script)
    wait_until(lambda: site() == "v3", "nginx has read the last change")
    for unit in ("tinyforge-nginx.path", "nginx.service"):
        assert forge.unit(unit, "ActiveState") == "active", unit
    assert forge.unit("tinyforge-nginx.service", "Result") == "success"


def test_stage_whose_container_was_removed_by_hand_is_down_and_not_somebody_elses():
    forge.deploy(images("bakery", "v1")[0], "bakery")
    assert upstream("bakery.dev") == forge.endpoint("bakery")
    [container] = forge.containers("bakery")
    forge.run(f"/usr/bin/{ENGINE}", "rm", "-f", container["Id"])
    forge.call(DEPLOYER, "ListInstances", "ss", "", "")
    assert upstream("bakery.dev") == ""


def test_restarted_engine_moves_no_request_to_a_wrong_port():
    forge.run("systemctl", "restart", *ENGINE_UNITS[ENGINE])
    [container] = wait_until(lambda: [c for c in forge.containers("shop") if c["State"]["Running"]], "the container is back", 60)
    # Nobody asks: the unit that the engine pulls in does.
    wait_until(lambda: upstream("shop.dev") == port(container), "the file names the port", 60)
    wait_until(lambda: site() == "v3", "nginx has followed")


def test_reboot_brings_back_what_ran_and_nothing_else():
    reference = forge.image("acme/shop", "bad", "broken")
    forge.deploy(reference, "shop", "rolled-back")
    forge.reboot()
    [container] = wait_until(lambda: [c for c in forge.containers("shop") if c["State"]["Running"]], "the container is back", 60)
    assert container["Name"].lstrip("/").startswith("shop-dev-")
    assert len(forge.containers("shop")) == 1, "what was retired or rolled back is there again"


def test_after_a_reboot_the_files_are_there_and_the_proxy_answers():
    wait_until(lambda: forge.unit("tinyforge-endpoints.service", "ExecMainExitTimestampMonotonic") != "0",
               "the unit has run", 60)
    [container] = forge.containers("shop")
    assert upstream("shop.dev") == port(container)
    wait_until(lambda: site() == "v3", "nginx has followed")
    assert forge.unit("tinyforge-endpoints.service", "Result") == "success"


def test_after_a_reboot_status_tells_what_runs_where():
    [container] = forge.containers("shop")
    rows = [line.split() for line in forge.ctl("status").stdout.splitlines() if line.endswith(port(container))]
    assert [row[:2] + row[3:4] for row in rows] == [["shop", "dev", "running"]], rows
    # What was removed by hand does not come back either.
    assert [row[0] for row in forge.call(DEPLOYER, "ListInstances", "ss", "", "")[0]] == ["shop"]
    assert forge.page("shop") == "v3"


if __name__ == "__main__":
    # Before the first deploy: there is no upstream, nor the folder.
    harness.main(sys.modules["__main__"], harness.nginx)
