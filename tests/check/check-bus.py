# SPDX-License-Identifier: MIT
"""The bus: interface descriptions, policy, activation and units tell the same story."""
import configparser
import xml.etree.ElementTree as ET

import source
import tap

DBUS = source.ROOT / "dbus"
OWNERS = {
    "org.tinyforge.Webhook1": ("tinyforge", "tinyforge-webhookd.service"),
    "org.tinyforge.Deployer1": ("tinyforge-deployer", "tinyforge-deployerd.service"),
}
STANDARD = {"org.freedesktop.DBus.Introspectable", "org.freedesktop.DBus.Peer", "org.freedesktop.DBus.Properties"}
# Who may call what, by the design: everybody else is refused.
EVERYBODY = {"ListProjects", "ListStages", "DescribeStages", "ListDeploys", "MatchImage", "GetMetrics"}
RECEIVER = {"CancelDeploy", "TriggerDeploy", "InspectImage", "ListInstances"}
# What root wrote of a project is for root alone to see.
ROOT_ONLY = {"RemoveStage", "GetContainerBody"}


def methods(bus_name):
    """{interface: {method}} of the description."""
    node = ET.parse(DBUS / f"{bus_name}.xml").getroot()
    return {i.get("name"): {m.get("name") for m in i.findall("method")} for i in node.findall("interface")}


def allowed(bus_name):
    """{who: {(interface, member)}} of the policy; who is "*" for everybody."""
    rules = {}
    for policy in ET.parse(DBUS / f"{bus_name}.conf").getroot().findall("policy"):
        who = policy.get("user") or {"default": "*"}[policy.get("context")]
        for rule in policy.findall("allow"):
            if rule.get("own"):
                continue
            assert rule.get("send_destination") == bus_name, ET.tostring(rule)
            assert rule.get("send_interface"), "an allow without an interface lets everything through"
            rules.setdefault(who, set()).add((rule.get("send_interface"), rule.get("send_member")))
    return rules


def test_policy_names_methods_that_exist_and_every_method_is_named():
    for bus_name in OWNERS:
        described = {(interface, method) for interface, names in methods(bus_name).items() for method in names}
        named = set().union(*allowed(bus_name).values())
        ours = {(interface, member) for interface, member in named if interface not in STANDARD}
        assert described == ours, f"only one of the two has {sorted(described ^ ours)}"


def test_only_readers_are_open_to_everybody():
    everybody = {member for interface, member in allowed("org.tinyforge.Webhook1")["*"] if interface not in STANDARD}
    assert everybody == EVERYBODY, everybody
    everybody = {member for interface, member in allowed("org.tinyforge.Deployer1")["*"] if interface not in STANDARD}
    assert not everybody, everybody


def test_deployer_listens_to_root_and_the_receiver_only():
    rules = allowed("org.tinyforge.Deployer1")
    assert set(rules) == {"*", "root", "tinyforge"}, rules
    for who in ("root", "tinyforge"):
        only = ROOT_ONLY if who == "root" else set()
        assert {member for _, member in rules[who]} == RECEIVER | only, rules[who]


def test_a_name_is_owned_by_its_user_alone():
    for bus_name, (user, _) in OWNERS.items():
        owners = [policy.get("user") for policy in ET.parse(DBUS / f"{bus_name}.conf").getroot().findall("policy")
                  if any(rule.get("own") for rule in policy.findall("allow"))]
        assert owners == [user], owners


def test_activation_goes_through_the_unit_of_that_name_and_user():
    for bus_name, (user, unit) in OWNERS.items():
        activation = configparser.ConfigParser(interpolation=None)
        activation.read(DBUS / f"{bus_name}.service")
        service = activation["D-BUS Service"]
        assert (service["Name"], service["User"], service["SystemdService"]) == (bus_name, user, unit)
        assert service["Exec"] == "/bin/false"
        text = (source.ROOT / "units" / f"{unit}.in").read_text(encoding="utf-8").splitlines()
        assert f"BusName={bus_name}" in text and f"User={user}" in text


def test_every_argument_has_a_name_and_a_direction():
    for bus_name in OWNERS:
        for method in ET.parse(DBUS / f"{bus_name}.xml").getroot().iter("method"):
            for argument in method.findall("arg"):
                assert argument.get("name") and argument.get("direction") in ("in", "out"), method.get("name")
        for signal in ET.parse(DBUS / f"{bus_name}.xml").getroot().iter("signal"):
            assert all(argument.get("name") for argument in signal.findall("arg")), signal.get("name")


if __name__ == "__main__":
    tap.main()
