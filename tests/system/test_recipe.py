#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What a deploy can do beyond replacing: be probed from the host, go back, be recreated on a fixed port, keep what an image's
VOLUME holds, switch the names in a network, pull a private image.

usage: test_recipe.py [TEST], with ENGINE=, BUS= and BUILD_ROOT= as for test_system.py
"""
import base64
import json
import subprocess
import sys
import threading

import harness
import tap
from forge import DEPLOYERD, REGISTRY, WEBHOOK
from harness import ENGINE
from host import wait_until
from traffic import Traffic

PRIVATE = "127.0.0.1:5001"
FIXED = "127.0.0.1:8088"
PASSWORD = "kneading"
CHANGED, CHANGED_HASH = "proving", "$2b$05$lyd3H9Yu7Ab3rZllGzdKt.mbqGPLUpQZMRNOD9z2WUcltlxkCzL32"
LOGIN = "ZGVwbG95ZXI6a25lYWRpbmc="  # deployer:kneading, as a config.json has it
CREDENTIAL = "/etc/systemd/system/tinyforge-deployerd.service.d/50-registry.conf"

forge = None  # pylint: disable=invalid-name


def teardown():
    forge.remove_containers()


def prepare(host):
    host.write("/etc/tinyforge/deployerd.conf.d/60-test.conf",
               f"[Deployer]\nHealthDeadlineSec=8\nAllowImages={REGISTRY}/acme/* {PRIVATE}/acme/*\n")


def images(project, *tags):
    return [forge.image(f"acme/{project}", tag, "plain", tag) for tag in tags]


# Probes

def test_image_without_a_check_is_healthy_when_it_listens():
    # Later than StableSec=: only a probe can have waited for it.
    forge.deploy(forge.image("acme/early", "v1", "late", "v1"), "early")
    assert forge.page("early") == "v1"


def test_image_without_a_check_that_never_listens_is_rolled_back():
    forge.deploy(images("mute", "v1")[0], "mute")
    url = f"http://{forge.endpoint('mute')}/"
    with Traffic(forge, url) as traffic:
        deploy = forge.deploy(forge.image("acme/mute", "v2", "deaf"), "mute", "rolled-back")
    tap.note(f"never listens: {traffic.sent} requests sent, {traffic.failed} failed")
    assert traffic.failed == 0, traffic.faults
    assert "8080" in deploy.reason, deploy.reason
    assert forge.page("mute") == "v1" and len(forge.containers("mute")) == 1


# Back

def test_rollback_goes_back_one_by_one_without_the_registry():
    for reference in images("ledger", "v1", "v2", "v3"):
        forge.deploy(reference, "ledger")
    forge.run("systemctl", "stop", "local-registry.service")
    try:
        for page in ("v2", "v1"):
            deploy = forge.finished("ledger", forge.call(WEBHOOK, "Rollback", "ss", "ledger", "dev")[0])
            assert deploy.state == "succeeded", deploy
            assert forge.page("ledger") == page
        [before] = forge.containers("ledger")
        refused = forge.busctl(WEBHOOK, "Rollback", "ss", "ledger", "dev", check=False)
        assert refused.returncode != 0, refused.stdout
    finally:
        forge.provision("registry")
    [after] = forge.containers("ledger")
    assert before["Id"] == after["Id"] and after["State"]["Running"]


# A fixed port

def test_stage_with_a_fixed_port_is_recreated_and_undone():
    bindings = {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": FIXED.split(":")[1]}]}
    forge.write("/etc/tinyforge/projects.d/oven.json", json.dumps(
        {"image": f"{REGISTRY}/acme/oven", "container": {"HostConfig": {"PortBindings": bindings}}}))
    first, second = images("oven", "v1", "v2")
    broken = forge.image("acme/oven", "v3", "broken")
    forge.deploy(first, "oven")
    assert forge.endpoint("oven") == FIXED
    with Traffic(forge, f"http://{FIXED}/") as good:
        forge.deploy(second, "oven")
    assert forge.page("oven") == "v2" and len(forge.containers("oven")) == 1
    with Traffic(forge, f"http://{FIXED}/") as bad:
        forge.deploy(broken, "oven", "rolled-back")
    assert forge.page("oven") == "v2" and len(forge.containers("oven")) == 1
    assert f"server {FIXED};" in forge.out("cat", "/run/tinyforge-deployer/upstreams/oven.dev.conf")
    for name, traffic in (("good", good), ("crashing", bad)):
        tap.note(f"recreate, {name}: {traffic.sent} requests sent, {traffic.failed} failed, answers {traffic.answers}")


# What a VOLUME holds

def test_what_a_volume_holds_survives_every_deploy_and_the_stage():
    for tag in ("v1", "v2", "v3"):
        forge.deploy(forge.image("acme/pantry", tag, "keeper", tag), "pantry")
    assert forge.page("pantry").split() == ["v1", "v2", "v3"]
    told = forge.ctl("stage", "remove", "pantry", "dev", "--stop")
    assert "volume" in told.stdout + told.stderr, told
    volumes = forge.out(f"/usr/bin/{ENGINE}", "volume", "ls", "-q").split()
    assert [name for name in volumes if name.startswith("tinyforge.pantry.dev.")], volumes
    forge.ctl("stage", "set", "pantry", "dev", "--pattern=*")
    forge.deploy(f"{REGISTRY}/acme/pantry:v3", "pantry")
    assert forge.page("pantry").split() == ["v1", "v2", "v3", "v3"]


def test_anonymous_volume_of_what_ran_before_is_carried_over():
    engine = f"/usr/bin/{ENGINE}"
    reference = forge.image("acme/cellar", "v1", "keeper", "v1")
    forge.deploy(reference, "cellar")
    [container] = forge.containers("cellar")
    # As deploys made them before what a VOLUME holds had a name.
    labels = [word for label in container["Config"]["Labels"].items() for word in ("--label", "=".join(label))]
    name = container["Name"].lstrip("/")
    forge.run(engine, "rm", "-f", name)
    forge.run(engine, "run", "-d", "--name", name, *labels, "-v", "/data", reference)
    [container] = forge.containers("cellar")
    [mount] = container["Mounts"]
    assert not mount["Name"].startswith("tinyforge."), mount
    forge.deploy(forge.image("acme/cellar", "v2", "keeper", "v2"), "cellar")
    assert forge.page("cellar").split() == ["v1", "v2"]
    [container] = forge.containers("cellar")
    assert [found["Name"] for found in container["Mounts"]] == [mount["Name"]]


# Names in a network

class Visitor:
    """A container in a network, in whose place a name is asked for and called again and again; `answers` is what came."""

    def __init__(self, network, name):
        engine = f"/usr/bin/{ENGINE}"
        forge.run(engine, "run", "-d", "--name", "visitor", "--network", network, f"{REGISTRY}/acme/bakery:v1")
        pid = forge.out(engine, "inspect", "-f", "{{.State.Pid}}", "visitor")
        # The network's resolver answers in its namespaces alone, and the host reaches what it names.
        self.script = f"""while read -t 0.02; [ $? -gt 128 ]; do
            a=$(nsenter -t {pid} -n busybox nslookup {name} 127.0.0.11 | awk '/^Address/ {{ a = $2 }} END {{ print a }}')
            curl -sf --max-time 2 "http://$a:8080/" || echo failed
        done"""
        self.process, self.reader, self.answers = None, None, []

    def __enter__(self):
        self.process = subprocess.Popen(forge.enter("bash", "-c", self.script), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=lambda: self.answers.extend(line.strip() for line in self.process.stdout))
        self.reader.start()
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.reader.join()
        forge.run(f"/usr/bin/{ENGINE}", "rm", "-f", "visitor")


def test_names_in_two_networks_are_switched_and_nobody_is_sent_to_what_is_not_ready():
    for network in ("street", "market"):
        forge.run(f"/usr/bin/{ENGINE}", "network", "create", network)
    forge.write("/etc/tinyforge/projects.d/bakery.json", json.dumps({"image": f"{REGISTRY}/acme/bakery", "container": {
        "HostConfig": {"NetworkMode": "street"},
        "NetworkingConfig": {"EndpointsConfig": {"street": {"Aliases": ["bread"]}, "market": {"Aliases": ["cake"]}}}}}))
    forge.deploy(images("bakery", "v1")[0], "bakery")
    with Visitor("street", "bread") as visitor:
        forge.deploy(forge.image("acme/bakery", "v2", "late", "v2"), "bakery")
        # The one that is under way may have asked for the name just before the old one left.
        switched = len(visitor.answers) + 1
        wait_until(lambda: len(visitor.answers) >= switched + 2, "somebody asks after the switch")
    [container] = forge.containers("bakery")
    networks = container["NetworkSettings"]["Networks"]
    assert set(networks) == {"street", "market"}, networks
    for network, alias in (("street", "bread"), ("market", "cake")):
        assert alias in networks[network]["Aliases"], networks
    tap.note(f"a name in a network: {len(visitor.answers)} requests, {visitor.answers.count('failed')} failed, "
             f"of v2 {visitor.answers.count('v2')}")
    # Podman resolves no names here: of its plug-ins for that there is none.
    if ENGINE == "docker":
        # Until the new one answers, all is well.
        assert visitor.answers[0] == "v1" and set(visitor.answers[switched:]) == {"v2"}, visitor.answers
        assert "failed" not in visitor.answers[:visitor.answers.index("v2")], visitor.answers


# A private image

def credential(there):
    """Whether the deployer has the password of the private registry."""
    if there:
        forge.run("mkdir", "-p", CREDENTIAL.rpartition("/")[0])
        forge.write(CREDENTIAL, "[Service]\nLoadCredential=config.json:/root/registry.json\n")
        forge.write("/root/registry.json", json.dumps({"auths": {PRIVATE: {"auth": LOGIN}}}))
    else:
        forge.run("rm", CREDENTIAL)
    forge.run("systemctl", "daemon-reload")
    forge.stop_daemons()


def test_private_image_takes_a_credential_and_without_one_costs_no_request():
    forge.provision("private-registry")
    images("vault", "v1", "v2")
    credential(True)
    forge.deploy(f"{PRIVATE}/acme/vault:v1", "vault")
    credential(False)
    with Traffic(forge, f"http://{forge.endpoint('vault')}/") as traffic:
        deploy = forge.deploy(f"{PRIVATE}/acme/vault:v2", "vault", "failed")
    tap.note(f"private image, no credential: {traffic.sent} requests sent, {traffic.failed} failed")
    assert traffic.failed == 0, traffic.faults
    assert "auth" in deploy.reason, deploy.reason
    assert forge.page("vault") == "v1"
    credential(True)
    forge.deploy(f"{PRIVATE}/acme/vault:v2", "vault")
    assert forge.page("vault") == "v2"


def test_login_in_the_file_of_root_is_that_of_the_moment():
    # An image that is not here yet for each password, all of them pushed before the deployer is asked for anything.
    references = [f"{PRIVATE}/{reference.partition('/')[2]}" for reference in images("vault", "v3", "v4")]
    login = "/etc/tinyforge/registries.json"

    def know(password):
        auth = base64.b64encode(f"deployer:{password}".encode()).decode()
        forge.write(login, json.dumps({"auths": {PRIVATE: {"auth": auth}}}))
        forge.run("chown", "root:tinyforge-deployer", login)
        forge.run("chmod", "0640", login)

    know(PASSWORD)
    forge.deploy(references[0], "vault")
    deployer = forge.pid(DEPLOYERD)
    forge.write("/root/new.htpasswd", f"deployer:{CHANGED_HASH}\n")
    forge.run("systemctl", "stop", "private-registry.service")
    forge.provision("private-registry", "/root/new.htpasswd")
    assert "auth" in forge.deploy(references[1], "vault", "failed").reason
    know(CHANGED)
    forge.deploy(references[1], "vault")
    assert forge.page("vault") == "v4"
    assert deployer and forge.pid(DEPLOYERD) == deployer, "another deployer reads it anew of course"
    forge.run("rm", login)


def test_password_of_the_registry_is_nowhere_to_be_seen():
    forge.run("journalctl", "--sync")
    everything = forge.out("journalctl", "--all", "-o", "export", timeout=60, errors="replace")
    assert PASSWORD not in everything and LOGIN not in everything
    for pid in forge.processes():
        assert LOGIN not in forge.out("cat", f"/proc/{pid}/environ", f"/proc/{pid}/cmdline", errors="replace")
    database = forge.run("cat", "/var/lib/tinyforge/tinyforge.db", text=False).stdout
    assert PASSWORD.encode() not in database and LOGIN.encode() not in database


if __name__ == "__main__":
    harness.main(sys.modules["__main__"], prepare)
