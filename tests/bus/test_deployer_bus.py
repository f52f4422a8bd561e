#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
deployerd on the bus: who may call what, what is refused, and how it begins, waits and ends.

usage: test_deployer_bus.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree
"""
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from deployer_host import INTERFACE, NAME, PATH, PROGRAM, ROOT, STORE, Call, Host, Progress  # noqa: E402
from private_bus import BusError  # noqa: E402
from waiting import wait_for  # noqa: E402

REPO = "registry.example/acme/shop"
STRANGER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def slow(host, tag="v2", after=60):
    """An image that keeps a deploy waiting for its health."""
    host.engine.push(REPO, tag, healthcheck=True, after=after)
    return f"{REPO}:{tag}"


def pending(host, name):
    wait_for(f"{name}.pending runs", lambda: host.engine.containers().get(f"{name}.pending", {"State": {}})["State"]
             .get("Running"))


# The interface

def test_introspection_is_the_described_interface():
    def shape(interface):
        return sorted((element.tag, element.get("name"), element.get("type"), element.get("access"),
                       [(a.get("name"), a.get("type"), a.get("direction") if element.tag == "method" else None)
                        for a in element.findall("arg")])
                      for element in interface if element.tag != "annotation")
    described = ElementTree.parse(os.path.join(ROOT, "dbus", f"{NAME}.xml")).getroot()
    with Host() as host:
        introspected = ElementTree.fromstring(host.bus.introspect(NAME, PATH))
        find = f"interface[@name='{INTERFACE}']"
        assert shape(introspected.find(find)) == shape(described.find(find))


def test_properties_are_right_on_the_first_read():
    for flavour, version in (("docker", "20.10.24"), ("podman", "4.3.1")):
        with Host(flavour) as host:
            assert host.property("ApiVersion") == "1.41"
            assert (host.property("Engine"), host.property("EngineVersion")) == (flavour, version)


def test_properties_are_empty_without_an_engine_and_change_with_it():
    with Host(engine=False) as host:
        assert [host.property(name) for name in ("Engine", "EngineVersion", "ApiVersion")] == ["", "", ""]
        monitor = host.bus.monitor("type='signal',member='PropertiesChanged'")
        host.engine.start()
        host.instances()
        assert host.property("Engine") == "docker"
        assert any('string "EngineVersion"' in line for line in iter(monitor.stdout.readline, ""))
        monitor.kill()
        monitor.wait()
        monitor.stdout.close()


def test_engine_that_hangs_does_not_keep_the_name_from_the_bus():
    with Host() as host:
        host.engine.fault("GET", r"/_ping", "hang")
        assert host.property("Engine") == ""


# Who and what

def stranger_hears(host, method, *arguments):
    """The name and the text of the error."""
    words = [*STRANGER, os.environ["BUS_CALL"], NAME, PATH, INTERFACE, method, *map(str, arguments)]
    return subprocess.run(words, env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": host.bus.address}, check=True, timeout=60,
                          capture_output=True, text=True).stdout.strip().split(" ", 1)


def test_strangers_are_refused_by_the_policy_and_by_the_daemon():
    for open_policy, words in ((False, "Rejected send message"), (True, "Only root and the user tinyforge")):
        with Host(open_policy=open_policy) as host:
            for method, arguments in (("TriggerDeploy", ("sssa{sv}", "shop", "dev", REPO, *host.options(1))),
                                      ("WatchDeploy", ("sssa{sv}", "shop", "dev", REPO, *host.options(1))),
                                      ("InspectImage", ("s", REPO)), ("CancelDeploy", ("st", STORE, 1))):
                name, text = stranger_hears(host, method, *arguments)
                assert name == "org.freedesktop.DBus.Error.AccessDenied" and words in text, f"{name}: {text}"
            # These are polkit's to decide about, which does not run here.
            for method, arguments in (("ListInstances", ("ss", "", "")), ("ListStrays", ("ss", "", "")), ("GetContainerBody", ("sssa{sv}", "shop", "dev", REPO, 0))):
                try:
                    host.call(method, *arguments, prefix=STRANGER)
                    raise AssertionError(f"a stranger may call {method}")
                except BusError as error:
                    assert "Access denied" in error.text, error.text
            # Anyone may look which engine it is.
            assert host.bus.busctl("get-property", NAME, PATH, INTERFACE, "Engine", prefix=STRANGER).stdout \
                == '{"type":"s","data":"docker"}\n'


def test_names_images_and_options_are_checked_again():
    refused = [
        ("InvalidName", {"project": "Shop"}), ("InvalidName", {"stage": "dev/prod"}), ("InvalidName", {"stage": "a" * 64}),
        ("InvalidName", {"project": "_shop"}), ("InvalidImage", {"image": "registry.example/Acme"}),
        ("InvalidImage", {"image": ""}), ("InvalidImage", {"image": f"{REPO}@sha256:00"}),
        ("InvalidImage", {"image": "a" * 2000}),
        ("InvalidOption", {"DeployId": ("t", 0)}), ("InvalidOption", {"DeployId": None}),
        ("InvalidOption", {"DeployId": ("u", 7)}), ("InvalidOption", {"DeployId": ("s", "7")}),
        ("InvalidOption", {"Store": None}), ("InvalidOption", {"Store": ("s", "here")}),
        ("InvalidOption", {"Store": ("s", STORE.upper())}), ("InvalidOption", {"Store": ("s", STORE + "0")}),
        ("InvalidOption", {"Port": ("u", 8080)}), ("InvalidOption", {"Healthcheck": ("s", "CMD true")}),
        ("InvalidOption", {"Healthcheck": ("b", "true")}), ("InvalidOption", {"MaxInstances": ("t", 1)}),
        ("InvalidOption", {"Privileged": ("b", "true")}), ("InvalidOption", {"": ("s", "")}),
    ]
    with Host() as host:
        host.engine.push(REPO, "v1")
        for expected, change in refused:
            words = {"image": f"{REPO}:v1", **change}
            name, text = host.refused(7, words.pop("image"), **words)
            assert name == expected, f"{change}: {name}: {text}"
        assert host.engine.names() == []
        # Out of range is not out of the question.
        assert host.deploy(7, f"{REPO}:v1", MaxInstances=("u", 4000), Healthcheck=("s", "image"))[0] == "succeeded"


def test_names_of_what_is_listed_or_removed_are_checked_and_may_be_left_out():
    with Host() as host:
        for method, names, rule in (
                ("ListInstances", ("Shop", ""), ", or empty"), ("ListInstances", ("shop", "a/b"), ", or empty"),
                ("ListInstances", ("", "Dev"), ", or empty"), ("ListStrays", ("", "Dev"), ", or empty"), ("RemoveStage", ("", ""), "; a stage's may be empty"),
                ("RemoveStage", ("", "dev"), "; a stage's may be empty"), ("RemoveStage", ("shop", "_dev"), "; a stage's may be empty")):
            name, text = host.error_of(lambda method=method, names=names: host.call(method, "ss", *names))
            assert name == "InvalidName" and text.endswith(f"at most 63 characters{rule}"), f"{method}{names}: {name}: {text}"
        assert host.instances("", "dev") == []
        assert host.call("RemoveStage", "ss", "shop", "") == []


def test_policy_refuses_what_root_does_not_allow_and_writes_it_down():
    with Host(config="AllowImages=registry.example/acme/* ghcr.io/acme/shop\n") as host:
        host.engine.push(REPO, "v1")
        for image in ("registry.example/acme/a/b:v1", "registry.example/other/shop:v1", "shop", "ghcr.io/acme/shop2"):
            name, text = host.refused(7, image)
            assert name == "NotPermitted" and "AllowImages=" in text, f"{name}: {text}"
        assert host.deploy(8, f"{REPO}:v1")[0] == "succeeded"
        events = [line for line in host.log().splitlines() if "[POLICY_REFUSED" in line]
        assert len(events) == 4, host.log()
        assert "TINYFORGE_PROJECT=shop TINYFORGE_STAGE=dev TINYFORGE_IMAGE=registry.example/acme/a/b:v1" in events[0]
        assert "TINYFORGE_DEPLOY=7" in events[0] and f"TINYFORGE_CALLER_UID={os.getuid()}" in events[0]


def test_configuration_that_is_wrong_is_refused_with_its_line():
    for line, words in (("MaxDeploys=0", "1 to 64"), ("Engine=docker.sock", "absolute path"),
                        ("AllowImages=[", "patterns"), ("StableSec=soon", "time span"), ("StopGraceSec=2h", "an hour")):
        with Host(config=line + "\n") as host:
            done = subprocess.run([PROGRAM, f"--config={host.config_path}"], capture_output=True, text=True, check=False,
                                  env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": host.bus.address}, timeout=30)
            assert done.returncode == 1 and "deployerd.conf:9: " in done.stderr and words in done.stderr, done.stderr


# Questions

def test_inspect_image_tells_what_the_image_says():
    for flavour in ("docker", "podman"):
        with Host(flavour) as host:
            labels = {"org.example.title": "Laden", "a": "ü"}
            digest = host.engine.push(REPO, "v1", ports=["9090/tcp", "8080/tcp"], healthcheck=True, labels=labels)
            plain = host.engine.push("docker.io/library/plain", "latest", ports=[])
            name, text = host.error_of(lambda: host.call("InspectImage", "s", f"{REPO}:v1"))
            assert name == "NoSuchImage" and "not on this machine" in text, text
            host.deploy(7, f"{REPO}:v1")
            host.deploy(8, "plain", project="plain")
            image = f"{REPO}@{digest}"
            properties = {key: value["data"] for key, value in host.call("InspectImage", "s", image)[0].items()}
            assert properties == {"Port": 8080, "Healthcheck": "image", "Labels": labels, "Digest": digest}, properties
            image = f"plain@{plain}"
            properties = {key: value["data"] for key, value in host.call("InspectImage", "s", image)[0].items()}
            assert properties == {"Port": 0, "Healthcheck": "", "Labels": {}, "Digest": plain}, properties


def test_list_instances_tells_what_runs_and_where():
    for flavour in ("docker", "podman"):
        with Host(flavour) as host:
            assert host.instances() == []
            digest = host.engine.push(REPO, "v1", healthcheck=True)
            host.engine.push(REPO, "v2")
            container = host.deploy(7, f"{REPO}:v1")[2]
            host.deploy(18446744073709551615, f"{REPO}:v2", stage="prod", project="other")
            port = host.engine.containers()["shop-dev-7"]["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostPort"]
            row = host.instances("shop", "dev")[0]
            assert row[:10] == ["shop", "dev", 7, STORE, container, "shop-dev-7", digest, "running", "healthy",
                                f"127.0.0.1:{port}"], row
            assert 1.6e15 < row[10] < 9e15
            assert [r[1:3] + r[7:9] for r in host.instances("other", "")] == [
                ["prod", 18446744073709551615, "running", "none"]]
            assert len(host.instances()) == 2
            host.engine.control("exit", {"name": "shop-dev-7", "code": 1})
            row = host.instances("shop")[0]
            assert (row[7], row[9]) == ({"docker": "exited", "podman": "stopped"}[flavour], ""), row
            # What is none of ours has no labels of ours, or broken ones.
            host.engine.control("add", {"name": "other", "body": {"Image": "x", "Labels": {"org.tinyforge.project": "x"}}})
            assert len(host.instances()) == 2


def test_many_questions_at_a_time_are_answered_or_refused():
    with Host() as host:
        host.engine.fault("GET", r"/containers/json", "hang-then-serve", times=-1)
        calls = [Call(host.instances) for _ in range(16)]
        wait_for("all wait", lambda: sum("/containers/json" in line for line in host.engine.requests()) == 16)
        name, text = host.error_of(host.instances)
        assert name == "Busy" and "As many calls" in text, text
        host.engine.control("release")
        assert all(call.wait() == [] for call in calls)


# Deploys at the same time

def test_second_call_for_a_running_deploy_waits_with_the_first():
    with Host() as host:
        calls = [host.begin(7, slow(host, after=1.0)), None]
        pending(host, "shop-dev-7")
        calls[1] = host.begin(7, f"{REPO}:v2")
        replies = [call.wait() for call in calls]
        assert replies[0] == replies[1] and replies[0][0] == "succeeded", replies
        assert len(host.engine.control("state")["bodies"]) == 1


def test_second_call_is_told_the_digest_and_where_the_deploy_is():
    with Host() as host:
        first = host.begin(7, slow(host, after=2.0))
        new = wait_for("the new one", lambda: host.engine.containers().get("shop-dev-7.pending"))
        looks = f"/containers/{new['Id']}/json"
        # What the first look found is told before the second.
        wait_for("it is looked at twice", lambda: len([r for r in host.engine.requests() if r.endswith(looks)]) >= 2)
        watched = Progress(host)
        second = host.begin(7, f"{REPO}:v2")
        assert watched.read("probing") == ["resolved", "probing"]
        assert first.wait()[0] == second.wait()[0] == "succeeded"


def test_caller_that_vanishes_cancels_nothing():
    with Host() as host:
        words = ["busctl", f"--address={host.bus.address}", "call", NAME, PATH, INTERFACE, "TriggerDeploy", "sssa{sv}",
                 "shop", "dev", slow(host, after=1.0), *map(str, host.options(7))]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as caller:
            pending(host, "shop-dev-7")
            caller.kill()
        wait_for("the switch", lambda: host.engine.names() == ["shop-dev-7"])
        assert host.deploy(7, f"{REPO}:v2")[0] == "succeeded"


def test_one_deploy_of_a_stage_and_so_many_in_all():
    with Host(config="MaxDeploys=2\n") as host:
        first = host.begin(1, slow(host, after=2.0))
        pending(host, "shop-dev-1")
        assert host.refused(2, f"{REPO}:v2")[0] == "Busy"
        assert host.refused(1, f"{REPO}:v2", stage="prod")[0] == "InvalidOption"
        second = host.begin(3, f"{REPO}:v2", stage="prod")
        pending(host, "shop-prod-3")
        assert host.refused(4, f"{REPO}:v2", stage="test")[0] == "Busy"
        assert [first.wait()[0], second.wait()[0]] == ["succeeded", "succeeded"]
        assert host.deploy(4, f"{REPO}:v2", stage="test")[0] == "succeeded"


# Ends

def test_sigterm_interrupts_and_the_next_attempt_converges():
    with Host() as host:
        digest = host.engine.push(REPO, "v1")
        host.deploy(7, f"{REPO}:v1")
        call = host.begin(8, slow(host))
        pending(host, "shop-dev-8")
        host.signal(signal.SIGTERM)
        call.wait()
        assert call.error and "being stopped" in call.error, call.reply
        # What was begun is undone.
        assert host.engine.names() == ["shop-dev-7"]
        assert host.engine.containers()["shop-dev-7"]["Config"]["Labels"]["org.tinyforge.digest"] == digest
        slow(host, after=0.1)
        host.engine.control("push", {"repository": REPO, "digest": host.engine.digest("quick"), "tag": "v3",
                                     "image": {"ports": []}})
        assert host.deploy(8, f"{REPO}:v3")[0] == "succeeded"
        assert host.engine.names() == ["shop-dev-8"]


def test_sigterm_breaks_a_pull_off_at_once():
    with Host() as host:
        host.engine.push(REPO, "v1")
        host.engine.fault("POST", r"/images/create", "stream-silence")
        call = host.begin(7, f"{REPO}:v1")
        wait_for("the pull", lambda: any("/images/create" in line for line in host.engine.requests()))
        host.signal(signal.SIGTERM)
        call.wait()
        assert call.error and "being stopped" in call.error, call.reply
        assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"


def test_sigkill_leaves_what_the_next_attempt_cleans_up():
    for after in ("pulling", "pending", "switched"):
        with Host() as host:
            host.engine.push(REPO, "v1")
            host.deploy(7, f"{REPO}:v1")
            image = slow(host, after=60 if after == "pending" else 0)
            if after == "pulling":
                host.engine.fault("POST", r"/images/create", "stream-silence")
            if after == "switched":
                host.engine.fault("POST", r"/stop", "hang")
            call = host.begin(8, image)
            wait_for(after, lambda: {
                "pulling": lambda: any("/images/create" in line for line in host.engine.requests()[12:]),
                "pending": lambda: "shop-dev-8.pending" in host.engine.names(),
                "switched": lambda: any("/stop?" in line for line in host.engine.requests()),
            }[after]())  # pylint: disable=cell-var-from-loop
            host.signal(signal.SIGKILL)
            call.wait()
            assert call.error, call.reply
            if after == "pending":
                assert host.engine.names() == ["shop-dev-7", "shop-dev-8.pending"]
                image = f"{REPO}@{host.engine.push(REPO, 'v3')}"
            host.engine.control("forget")
            assert host.deploy(8, image)[0] == "succeeded"
            assert host.engine.names() == ["shop-dev-8"], host.engine.names()


def test_child_that_is_killed_is_a_failure_of_one_deploy():
    with Host() as host:
        call = host.begin(7, slow(host))
        pending(host, "shop-dev-7")
        os.kill(host.children()[0], signal.SIGKILL)
        call.wait()
        assert call.error and "child process died" in call.error, call.reply
        host.engine.push(REPO, "v1")
        assert host.deploy(7, f"{REPO}:v1")[0] == "succeeded"
        assert host.engine.names() == ["shop-dev-7"]


def test_child_has_no_descriptor_but_its_own():
    with Host() as host:
        call = host.begin(7, slow(host, after=1.5))
        pending(host, "shop-dev-7")
        child, = host.children()
        links = [os.readlink(f"/proc/{child}/fd/{fd}") for fd in os.listdir(f"/proc/{child}/fd") if int(fd) > 2]
        parent = [os.readlink(f"/proc/{host.pid()}/fd/{fd}") for fd in os.listdir(f"/proc/{host.pid()}/fd") if int(fd) > 2]
        shared = {link for link in links if link in parent and not link.startswith("anon_inode:")}
        assert len(shared) == 1 and shared.pop().startswith("pipe:"), (links, parent)
        call.wait()


def test_ends_when_nothing_happens_and_comes_back_when_called():
    with Host(config="IdleTimeoutSec=300ms\n") as host:
        for _ in range(3):
            host.instances()
            wait_for("it ends", lambda: host.pid() is None)
        assert "error" not in host.log().lower(), host.log()


def test_does_not_end_while_a_deploy_runs():
    with Host(config="IdleTimeoutSec=100ms\n") as host:
        assert host.begin(7, slow(host, after=1.5)).wait()[0] == "succeeded"
        wait_for("it ends", lambda: host.pid() is None)


def test_no_call_is_lost_between_two_lives():
    with Host(config="IdleTimeoutSec=1ms\n") as host:
        for _ in range(40):
            host.instances()


if __name__ == "__main__":
    tap.main()
