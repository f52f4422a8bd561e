#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Who may call what, on a booted host with the real polkit: every method of both daemons, as each kind of user, with polkit and
without it. No engine is needed: who gets as far as to hear of an unknown project, of the policy, or of no engine, was let in.

usage: test_authorise.py [TEST], with BUS= and BUILD_ROOT= as for test_system.py
"""
import dataclasses
import os
import pty
import select
import subprocess
import sys
import termios
import time
import xml.etree.ElementTree as ElementTree

import harness
import tap
from forge import DEPLOYER, DEPLOYERD, WEBHOOK, WEBHOOKD
from harness import BUILD
from host import SOURCE, wait_until

forge = None  # pylint: disable=invalid-name

DENIED = "org.freedesktop.DBus.Error.AccessDenied"
CHALLENGE = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
OURS = "org.tinyforge."

# The daemons' own users, a member of a group to which a rule gives everything, an administrator who has a password, one of
# the group in the example of the documentation, and somebody.
ROOT, RECEIVER, ITSELF, MEMBER, STRANGER = "root", "tinyforge", "tinyforge-deployer", "martha", "stan"
ADMIN, EXAMPLE = "anna", "eva"
USERS = (ROOT, RECEIVER, ITSELF, MEMBER, STRANGER)
RULES = """
polkit.addAdminRule(function(action, subject) { return ["unix-group:forgers"]; });
polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.tinyforge.") == 0 && subject.isInGroup("managers"))
        return polkit.Result.YES;
});
"""


@dataclasses.dataclass
class Row:
    """One method: harmless arguments, what whoever is let in hears, and who that is besides root."""
    words: str
    passed: str
    anyone: bool = False
    receiver: bool = False  # the user tinyforge
    polkit: bool = False    # whom polkit lets; otherwise the bus keeps everybody out already


EMPTY = '"" ""'
TABLE = {
    WEBHOOK: {
        "ListProjects": Row("", "ok", anyone=True),
        "DescribeProjects": Row("", "ok", anyone=True),
        "ListProjectsPage": Row(f"su {EMPTY.split()[0]} 0", "ok", anyone=True),
        "DescribeProjectsPage": Row(f"'sua{{sv}}' {EMPTY.split()[0]} 0 0", "ok", anyone=True),
        "ListStagesPage": Row(f"ssu none {EMPTY.split()[0]} 0", OURS + "NoSuchProject", anyone=True),
        "ListStages": Row("s none", OURS + "NoSuchProject", anyone=True),
        "ListDeploys": Row(f"ssu {EMPTY} 0", "ok", anyone=True),
        "DescribeDeploys": Row(f"ssu {EMPTY} 0", "ok", anyone=True),
        "DescribeStages": Row("s none", OURS + "NoSuchProject", anyone=True),
        "GetMetrics": Row("", "ok", anyone=True),
        "MatchImages": Row("s registry.example.com/acme/none:v1", OURS + "NoSuchProject", anyone=True),
        "MatchImage": Row("s registry.example.com/acme/none:v1", OURS + "NoSuchProject", anyone=True),
        "RegenerateSecret": Row("", "ok", polkit=True),
        "GetWebhookPath": Row("", "ok", polkit=True),
        "CreateHook": Row("sa{sv} main 0", OURS + "HookExists", polkit=True),
        "ListHooks": Row("", "ok", polkit=True),
        "DescribeHooks": Row("", "ok", polkit=True),
        "RotateHook": Row("sa{sv} none 0", OURS + "NoSuchHook", polkit=True),
        "RemoveHook": Row("s none", OURS + "NoSuchHook", polkit=True),
        "GetHookPath": Row("s none", OURS + "NoSuchHook", polkit=True),
        "TestPayload": Row("'sa(ss)ay' none 0 0", OURS + "NoSuchHook", polkit=True),
        "Backup": Row("h 1", OURS + "InvalidOption", polkit=True),
        "CreateProject": Row("ssa{sv} none registry.example.com/Acme 0", OURS + "InvalidImage", polkit=True),
        "SetProject": Row("sa{sv} none 0", OURS + "NoSuchProject", polkit=True),
        "RemoveProject": Row("s none", OURS + "NoSuchProject", polkit=True),
        "SetStage": Row("ssa{sv} none dev 0", OURS + "NoSuchProject", polkit=True),
        "RemoveStage": Row("ss none dev", OURS + "NoSuchProject", polkit=True),
        "Promote": Row("sss none dev prod", OURS + "NoSuchProject", polkit=True),
        "Deploy": Row("sss none dev v1", OURS + "NoSuchProject", polkit=True),
        "DeployWithOptions": Row("sssa{sv} none dev v1 0", OURS + "NoSuchProject", polkit=True),
        "Restart": Row("ss none dev", OURS + "NoSuchProject", polkit=True),
        "Rollback": Row("ss none dev", OURS + "NoSuchProject", polkit=True),
        "RollbackWithOptions": Row("ssa{sv} none dev 0", OURS + "NoSuchProject", polkit=True),
        "Cancel": Row("t 99", OURS + "NoSuchDeploy", polkit=True),
    },
    DEPLOYER: {
        "TriggerDeploy": Row("sssa{sv} none dev registry.example.com/acme/none:v1 0", OURS + "InvalidOption", receiver=True),
        "CancelDeploy": Row("st 00000000-0000-0000-0000-000000000000 99", OURS + "NoSuchDeploy", receiver=True),
        "WatchDeploy": Row("sssa{sv} none dev registry.example.com/acme/none:v1 0", OURS + "InvalidOption", receiver=True),
        "InspectImage": Row("s registry.example.com/acme/none:v1", OURS + "EngineUnreachable", receiver=True),
        "ListInstances": Row(f"ss {EMPTY}", OURS + "EngineUnreachable", receiver=True, polkit=True),
        "ListEndpoints": Row(f"ss {EMPTY}", OURS + "EngineUnreachable", polkit=True),
        "ListStrays": Row(f"ss {EMPTY}", "ok", polkit=True),
        "GetContainerBody": Row("sssa{sv} none dev registry.example.com/acme/none:v1 0", OURS + "NotPermitted",
                                polkit=True),
        "DescribeContainer": Row("sssa{sv} none dev registry.example.com/acme/none:v1 0", OURS + "NotPermitted",
                                 polkit=True),
        "DescribeCommands": Row("sssa{sv} none dev registry.example.com/acme/none:v1 0", OURS + "NotPermitted",
                                polkit=True),
        "RemoveStage": Row("ss none dev", OURS + "EngineUnreachable", polkit=True),
        "TakeOverStage": Row("sss none dev 00000000-0000-0000-0000-000000000000", OURS + "EngineUnreachable", polkit=True),
    },
}
ROWS = [(peer, method, row) for peer, methods in TABLE.items() for method, row in methods.items()]


def expected(user, row, polkit_runs):
    """The answer: what is said inside, or the name of the error at the door."""
    if user == ROOT or row.anyone or (row.receiver and user == RECEIVER):
        return row.passed
    if not row.polkit or not polkit_runs:
        return DENIED
    return row.passed if user == MEMBER else CHALLENGE


def prepare(host):
    host.run("install", f"{BUILD}/tests/bus/bus-call", "/usr/bin/bus-call")
    for group in ("managers", "deployers", "forgers"):
        host.run("groupadd", group)
    for user, groups in ((MEMBER, "managers"), (STRANGER, ""), (ADMIN, "forgers"), (EXAMPLE, "deployers")):
        host.run("useradd", "--groups", groups, user)
    host.run("chpasswd", input=f"{ADMIN}:x\n")
    host.write("/etc/polkit-1/rules.d/10-test.rules", RULES)
    host.run("cp", SOURCE / "docs/examples/polkit/50-tinyforge.rules", "/etc/polkit-1/rules.d/60-tinyforge.rules")
    host.run("systemctl", "restart", "polkit.service")


def calls(user, rows):
    """What `user` hears of each of these calls, names only, in their order."""
    script = "\n".join(f"bus-call {' '.join(peer)} {method} {row.words}" for peer, method, row in rows)
    return [line.split()[0] for line in forge.out("sh", "-euc", f"cd /\n{script}", user=user).splitlines()]


def one(user, peer, method, words):
    return forge.out("sh", "-c", f"bus-call {' '.join(peer)} {method} {words}", user=user).partition(" ")[::2]


def short(answer):
    return answer.rpartition(".")[2]


def check_table(polkit_runs):
    answers = {user: calls(user, ROWS) for user in USERS}
    tap.note(f"{'polkit runs' if polkit_runs else 'without polkit':24}" + "".join(f"{user:20.19}" for user in USERS))
    wrong = []
    for index, (_, method, row) in enumerate(ROWS):
        tap.note(f"{method:24}" + "".join(f"{short(answers[user][index]):20.19}" for user in USERS))
        wrong += [f"{user} calls {method}: {answers[user][index]}, not {expected(user, row, polkit_runs)}"
                  for user in USERS if answers[user][index] != expected(user, row, polkit_runs)]
    assert not wrong, "\n".join(wrong)


def test_the_table_has_every_method():
    for (name, path, interface), methods in TABLE.items():
        text = forge.call((name, path, "org.freedesktop.DBus.Introspectable"), "Introspect")[0]
        found = {method.get("name") for method in ElementTree.fromstring(text).findall(
            f"interface[@name='{interface}']/method")}
        assert found and found == set(methods), f"only one of the two has {sorted(found ^ set(methods))}"


def test_everybody_gets_the_answer_of_the_table_with_polkit():
    check_table(True)


def test_the_journal_names_the_caller():
    uid = forge.out("id", "-u", MEMBER)
    entries = forge.journal("SECRET_REGENERATED")
    assert [entry["TINYFORGE_CALLER_UID"] for entry in entries] == ["0", uid], entries


def test_properties_are_for_everybody():
    for peer, name in ((WEBHOOK, "NProjects"), (DEPLOYER, "Engine")):
        forge.run("busctl", "get-property", *peer, name, user=STRANGER)


def test_rule_of_the_documentation_lets_a_group_deploy_one_project():
    for project, answer in (("shop", OURS + "NoSuchProject"), ("other", CHALLENGE)):
        assert one(EXAMPLE, WEBHOOK, "Deploy", f"sss {project} dev v1")[0] == answer
        assert one(EXAMPLE, WEBHOOK, "Rollback", f"ss {project} dev")[0] == answer
    assert one(EXAMPLE, WEBHOOK, "GetWebhookPath", "")[0] == CHALLENGE


class Terminal:
    """A command on a terminal of its own, and somebody in front of it."""

    def __init__(self, user, *command):
        self.screen, self.inside = pty.openpty()
        words = ["setsid", "--ctty", "--wait", "runuser", "-u", user, "--", *command]
        self.process = subprocess.Popen(forge.enter(*words), stdin=self.inside, stdout=self.inside, stderr=self.inside)
        self.seen = ""

    def read(self, until, what):
        """Reads on until it is so."""
        end = time.monotonic() + 30
        while not until():
            if select.select([self.screen], [], [], 0.05)[0]:
                self.seen += os.read(self.screen, 65536).decode(errors="replace")
            assert time.monotonic() < end, f"not within 30 s: {what}: {self.seen!r}"

    def echoes(self):
        return termios.tcgetattr(self.screen)[3] & termios.ECHO != 0

    def answer(self, password):
        """Types that when it is asked for. What is typed while it can still be seen is thrown away."""
        self.read(lambda: "Password: " in self.seen and not self.echoes(), "the password is asked for")
        os.write(self.screen, f"{password}\n".encode())

    def end(self):
        """The exit status."""
        self.read(lambda: self.process.poll() is not None, "the end")
        self.seen += self.rest()
        return self.process.returncode

    def __del__(self):
        os.close(self.screen)
        os.close(self.inside)

    def rest(self):
        """What is still to be read. This side keeps the terminal open, so there is no end of it."""
        text = ""
        while select.select([self.screen], [], [], 0)[0]:
            text += os.read(self.screen, 65536).decode(errors="replace")
        return text


def test_ctl_asks_for_the_password_on_a_terminal():
    terminal = Terminal(ADMIN, "tinyforgectl", "url")
    terminal.answer("x")
    assert "see or renew the secrets of the URLs" in terminal.seen, terminal.seen
    assert terminal.end() == 0 and "/api/webhook/" in terminal.seen, terminal.seen

    terminal = Terminal(ADMIN, "tinyforgectl", "deploy", "none", "dev", "v1")
    terminal.answer("x")
    # The person is told what about.
    assert "stage “dev” of project “none”" in terminal.seen, terminal.seen
    assert terminal.end() == 4 and "no project 'none'" in terminal.seen, terminal.seen


def test_ctl_takes_no_for_an_answer():
    terminal = Terminal(ADMIN, "tinyforgectl", "url")
    terminal.answer("wrong")
    assert terminal.end() == 1 and "Not authorised" in terminal.seen and "sudo" in terminal.seen, terminal.seen
    assert "/api/webhook/" not in terminal.seen


def test_ctl_that_is_interrupted_leaves_the_terminal_as_it_was():
    terminal = Terminal(ADMIN, "tinyforgectl", "url")
    terminal.answer("\x03")
    assert terminal.end() != 0 and "/api/webhook/" not in terminal.seen
    wait_until(terminal.echoes, "the terminal shows again what is typed", 5)


def test_ctl_asks_nobody_where_there_is_no_need_or_no_terminal():
    terminal = Terminal(STRANGER, "tinyforgectl", "--no-ask-password", "url")
    assert terminal.end() == 1 and "Password" not in terminal.seen and "takes authentication" in terminal.seen, terminal.seen
    terminal = Terminal(STRANGER, "tinyforgectl", "status")
    terminal.end()
    assert "Password" not in terminal.seen and "to whom polkit allows it" in terminal.seen, terminal.seen
    terminal = Terminal(MEMBER, "tinyforgectl", "url")
    assert terminal.end() == 0 and "Password" not in terminal.seen, terminal.seen
    done = forge.ctl("url", user=ADMIN, check=False)
    assert done.returncode == 1 and "Nobody could be asked for a password" in done.stderr, done.stderr


def test_everybody_gets_the_answer_of_the_table_without_polkit():
    forge.run("systemctl", "mask", "--runtime", "--now", "polkit.service")
    try:
        check_table(False)
        name, text = one(MEMBER, WEBHOOK, "GetWebhookPath", "")
        assert name == DENIED and "Only root may call GetWebhookPath(): polkit" in text and "does not run" in text, text
        done = forge.ctl("url", user=MEMBER, check=False)
        assert done.returncode == 1 and "Only root" in done.stderr and "sudo" in done.stderr, done.stderr
    finally:
        forge.run("systemctl", "unmask", "--runtime", "polkit.service")


def test_polkit_that_comes_back_is_asked_again():
    assert one(MEMBER, WEBHOOK, "GetWebhookPath", "")[0] == "ok"
    assert one(STRANGER, WEBHOOK, "GetWebhookPath", "")[0] == CHALLENGE


def test_nothing_failed_on_the_way():
    assert forge.unit(WEBHOOKD, "NRestarts") == "0" and forge.unit(DEPLOYERD, "Result") == "success"


if __name__ == "__main__":
    harness.main(sys.modules[__name__], prepare, engine=None)
