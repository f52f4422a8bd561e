# SPDX-License-Identifier: MIT
"""The bus: interface descriptions, policies, activation and units tell the same story."""
import ast
import configparser
import pathlib
import re
import xml.etree.ElementTree as ET

import source
import tap

DBUS = source.ROOT / "dbus"
OWNERS = {
    "org.tinyforge.Webhook1": ("tinyforge", "tinyforge-webhookd.service"),
    "org.tinyforge.Deployer1": ("tinyforge-deployer", "tinyforge-deployerd.service"),
}
STANDARD = {"org.freedesktop.DBus.Introspectable", "org.freedesktop.DBus.Peer", "org.freedesktop.DBus.Properties"}
# The tables that the daemons ask, and whom each of them takes for its peer.
ACCESS = {
    "org.tinyforge.Webhook1": ("src/webhookd/bus/access.c", None),
    "org.tinyforge.Deployer1": ("src/deployerd/bus/access.c", "tinyforge"),
}
POLICY = source.ROOT / "polkit/org.tinyforge.policy"
# The defaults of the actions, by the design. What shows a secret is not remembered.
DEFAULTS = {
    "org.tinyforge.webhook.deploy": "auth_admin_keep",
    "org.tinyforge.webhook.manage-projects": "auth_admin_keep",
    "org.tinyforge.webhook.manage-secret": "auth_admin",
    "org.tinyforge.deployer.manage": "auth_admin",
}
ACTION_OWNERS = {"webhook": "unix-user:tinyforge", "deployer": "unix-user:tinyforge-deployer"}


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


def access(bus_name):
    """{member: {field: value}} of the daemon's table; an action by its name."""
    text = (source.ROOT / ACCESS[bus_name][0]).read_text(encoding="utf-8")
    actions = dict(re.findall(r'^#define (\w+) +"(org\.tinyforge\.[a-z.-]+)"$', text, re.MULTILINE))
    rows = {}
    for member, rest in re.findall(r'\{ \.member = "(\w+)",([^}]*)\}', text):
        assert member not in rows, f"two rows for {member}"
        rows[member] = dict(re.findall(r"\.(\w+) = (\w+)", rest))
        if "action" in rows[member]:
            rows[member]["action"] = actions[rows[member]["action"]]
    assert rows and len(rows) == text.count(".member = ")
    return rows


def test_every_method_has_a_row_in_the_table_of_who_may_call_it():
    for bus_name in OWNERS:
        described = methods(bus_name)[f"{bus_name}.Manager"]
        assert described == set(access(bus_name)), f"only one of the two has {sorted(described ^ set(access(bus_name)))}"


def test_the_bus_lets_through_what_the_daemon_decides_about():
    for bus_name, (_, peer) in ACCESS.items():
        rows = access(bus_name)
        expected = {"*": {member for member, row in rows.items() if row.keys() & {"action", "anyone"}}}
        for who in ("root", peer) if peer else ():
            expected[who] = set(rows) - expected["*"]
        found = {who: {member for interface, member in rules if interface not in STANDARD}
                 for who, rules in allowed(bus_name).items()}
        assert found == expected, f"{bus_name}: {found}, not {expected}"


def tried(bus_name):
    """{method: (signature, who may)} of the table of calls that tests/system/test_authorise.py makes on a booted host."""
    name = {"org.tinyforge.Webhook1": "WEBHOOK", "org.tinyforge.Deployer1": "DEPLOYER"}[bus_name]
    tree = ast.parse((source.ROOT / "tests/system/test_authorise.py").read_text(encoding="utf-8"))
    table, = (node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TABLE")
    rows, = (value for key, value in zip(table.keys, table.values) if key.id == name)
    found = {}
    for key, row in zip(rows.keys, rows.values):
        words = row.args[0].values[0] if isinstance(row.args[0], ast.JoinedStr) else row.args[0]
        found[key.value] = (words.value.partition(" ")[0].strip("'"), {keyword.arg for keyword in row.keywords})
    return found


def test_every_method_is_tried_as_each_kind_of_user():
    who = {"anyone": "anyone", "peer": "receiver", "action": "polkit"}
    for bus_name in OWNERS:
        rows = tried(bus_name)
        described = {method.get("name"): "".join(argument.get("type") for argument in method.findall("arg[@direction='in']"))
                     for method in ET.parse(DBUS / f"{bus_name}.xml").getroot().iter("method")}
        assert set(described) == set(rows), f"only one of the two has {sorted(set(described) ^ set(rows))}"
        for method, rule in access(bus_name).items():
            expected = (described[method], {who[field] for field in rule})
            assert rows[method] == expected, f"{method}: {rows[method]}, not {expected}"


def test_polkit_knows_the_actions_and_who_asks_about_them():
    actions = {action.get("id"): action for action in ET.parse(POLICY).getroot().findall("action")}
    used = {row["action"] for bus_name in OWNERS for row in access(bus_name).values() if "action" in row}
    assert used <= set(actions), f"not in the policy: {used - set(actions)}"
    assert set(actions) == set(DEFAULTS), f"only one of the two has {sorted(set(actions) ^ set(DEFAULTS))}"
    for name, action in actions.items():
        defaults = {default.tag: default.text for default in action.find("defaults")}
        assert defaults == dict.fromkeys(("allow_any", "allow_inactive", "allow_active"), DEFAULTS[name]), name
        owner = [note.text for note in action.findall("annotate")
                 if note.get("key") == "org.freedesktop.policykit.owner"]
        assert owner == [ACTION_OWNERS[name.split(".")[2]]], f"{name}: {owner}"
        assert action.findtext("description") and action.findtext("message"), name


def test_polkit_accepts_the_policy():
    source.need("xmllint")
    dtd = pathlib.Path("/usr/share/polkit-1/policyconfig-1.dtd")
    if not dtd.exists():
        raise tap.Skip("polkit's own description of policies is not installed")
    done = source.run("xmllint", "--noout", "--nonet", "--dtdvalid", dtd, POLICY)
    assert done.returncode == 0, done.stderr


def test_example_of_a_rule_names_actions_that_exist():
    text = (source.ROOT / "docs/examples/polkit/50-tinyforge.rules").read_text(encoding="utf-8")
    named = set(re.findall(r"org\.tinyforge\.[a-z-]+\.[a-z-]+", text))
    assert named == set(DEFAULTS), f"only one of the two has {sorted(named ^ set(DEFAULTS))}"


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
