#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Who may call webhookd, with a polkit that answers what a test wants, late, or not at all.

usage: test_authority.py [TEST], with WEBHOOKD=, TINYFORGECTL=, FAKE_POLKIT= and BUS_CALL= the programs and
SOURCE_ROOT= the tree
"""
import os
import pwd
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from waiting import wait_for  # noqa: E402
from webhook_host import Host  # noqa: E402

MANAGER = ("org.tinyforge.Webhook1", "/org/tinyforge/Webhook1", "org.tinyforge.Webhook1.Manager")
DEPLOY = "org.tinyforge.webhook.deploy"
SECRET = "org.tinyforge.webhook.manage-secret"
PENDING_MAX, PENDING_USER_MAX = 32, 8
STRANGER = 65534
POLICY = """<busconfig><policy context='default'>
  <allow own='org.freedesktop.PolicyKit1'/><allow send_destination='org.freedesktop.PolicyKit1'/>
</policy></busconfig>"""


class Polkit:
    """The fake, told what to answer."""

    def __init__(self, bus, answer):
        self.process = subprocess.Popen([os.environ["FAKE_POLKIT"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        bufsize=0, env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=bus.address))
        self.lines = []
        self.read_until("ready")
        self.say(answer)

    def read_until(self, pattern):
        """Reads on until a line matches, and returns it."""
        while select.select([self.process.stdout], [], [], 20)[0]:
            line = self.read_line()
            self.lines.append(line)
            if re.fullmatch(pattern, line):
                return line
        raise AssertionError(f"no {pattern!r}, only {self.lines}")

    def read_line(self):
        """Without a buffer, which select() would not know of."""
        line = b""
        while not line.endswith(b"\n"):
            byte = self.process.stdout.read(1)
            assert byte, f"the fake ended: {self.lines}"
            line += byte
        return line.decode().strip()

    def say(self, word):
        self.process.stdin.write(f"{word}\n".encode())
        self.read_until("ready")

    def questions(self):
        return [line for line in self.lines if line.startswith("check")]

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


class Call:
    """A call in the background, as a user of one's own."""

    def __init__(self, bus, method, *arguments, uid=STRANGER, interactive=True):
        prefix = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"] if uid else []
        self.process = subprocess.Popen(
            [*prefix, os.environ["BUS_CALL"], *(["--interactive"] if interactive else []), *MANAGER, method,
             *map(str, arguments)], stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=bus.address))

    def end(self):
        """"ok" and the first value, or the name and the text of the error."""
        out, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, f"status {self.process.returncode}"
        return out.strip().partition(" ")[::2]

    def reply(self):
        name, value = self.end()
        assert name == "ok", (name, value)
        return value

    def error(self):
        """The text of the error."""
        name, text = self.end()
        assert name != "ok", "the call succeeded"
        return text

    def kill(self):
        self.process.kill()
        self.process.communicate()


class World:
    """webhookd, a bus, and a polkit unless `answer` is None."""

    def __init__(self, answer="no", config=""):
        if os.getuid() != 0:
            raise tap.Skip("needs root to become a stranger")
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as policy:
            policy.write(POLICY)
            policy.flush()
            self.host = Host(config, policies=[policy.name])
        os.chmod(self.host.directory, 0o755)
        self.webhookd = self.host.webhookd
        self.bus = self.host.bus
        self.polkit = Polkit(self.bus, answer) if answer else None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        status = self.webhookd.stop() if exception[0] is None else None
        if self.polkit:
            self.polkit.close()
        self.host.__exit__(*exception)
        assert exception[0] or status in (0, None), f"webhookd ended with {status}"

    def call(self, method, *arguments, **options):
        return Call(self.bus, method, *arguments, **options)

    def shop(self):
        """A project, with deploy 1."""
        assert self.webhookd.post("a.example/acme/shop:v1").status == 202


def test_root_is_never_asked_about():
    with World("no") as world:
        world.shop()
        assert world.call("Deploy", "sss", "shop", "dev", "v2", uid=0).reply() == "2"
        assert world.polkit.questions() == []


def test_yes_lets_a_user_and_the_journal_knows_whom():
    with World("yes") as world:
        world.shop()
        assert world.call("Deploy", "sss", "shop", "dev", "v2").reply() == "2"
        assert world.call("GetWebhookPath").reply() == world.webhookd.path()
        assert f"TINYFORGE_CALLER_UID={STRANGER}" in world.webhookd.log(), world.webhookd.log()


def test_polkit_is_told_who_wants_what_of_which_stage():
    with World("no") as world:
        world.shop()
        for method, arguments, expected in (
                ("Deploy", ["sss", "shop", "dev", "v2"], f"{DEPLOY} project=shop stage=dev"),
                ("Rollback", ["ss", "shop", "prod"], f"{DEPLOY} project=shop stage=prod"),
                ("RollbackWithOptions", ["ssa{sv}", "shop", "dev", 0], f"{DEPLOY} project=shop stage=dev"),
                ("Cancel", ["t", 1], f"{DEPLOY} project=shop stage=dev"),
                ("Cancel", ["t", 7], f"{DEPLOY} project= stage="),
                ("GetWebhookPath", [], SECRET), ("RegenerateSecret", [], SECRET)):
            for interactive in (False, True):
                assert "polkit refused" in world.call(method, *arguments, interactive=interactive).error()
                question = world.polkit.read_until("check .*")
                assert re.fullmatch(rf"check :1\.\d+ {expected} {r'1 [0-9]+' if interactive else '0 -'}", question), question


def test_names_are_checked_before_polkit_sees_them():
    with World("yes") as world:
        for method, arguments in (("Deploy", ["sss", "no name", "dev", "v2"]), ("Deploy", ["sss", "shop", "a=b", "v2"]),
                                  ("Rollback", ["ss", "shop", "Dev"]), ("RollbackWithOptions", ["ssa{sv}", "/", "dev", 0]),
                                  ("RollbackWithOptions", ["ssa{sv}", "shop", "dev", 1, "Keep", "b", "true"])):
            assert re.search("name is|there is no such option", world.call(method, *arguments).error())
        assert world.polkit.questions() == []


def test_each_answer_is_an_error_of_its_own():
    denied = "org.freedesktop.DBus.Error.AccessDenied"
    with World() as world:
        for answer, expected, words in (
                ("no", denied, f"polkit refused {DEPLOY}"),
                ("challenge", "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "authentication"),
                ("error", denied, "polkit, which may let others, failed: Action is not registered"),
                ("garbage", denied, "its answer cannot be read")):
            world.polkit.say(answer)
            name, text = world.call("Deploy", "sss", "shop", "dev", "v2").end()
            assert name == expected and words in text, (answer, name, text)


def test_without_polkit_only_root_passes():
    with World(None) as world:
        for method, arguments in (("GetWebhookPath", []), ("Deploy", ["sss", "shop", "dev", "v1"])):
            text = world.call(method, *arguments).error()
            assert f"Only root may call {method}(): polkit" in text and "does not run" in text, text
        assert world.call("GetWebhookPath", uid=0).reply()


def test_polkit_that_dies_or_is_silent_refuses():
    with World("hang") as world:
        call = world.call("Deploy", "sss", "shop", "dev", "v1")
        world.polkit.read_until("check .*")
        world.polkit.close()
        assert "polkit, which may let others, failed" in call.error()
        world.polkit = Polkit(world.bus, "hang")
        call = world.call("Deploy", "sss", "shop", "dev", "v1", interactive=False)
        assert "failed" in call.error()


def test_reading_and_root_go_on_while_polkit_thinks():
    with World("hang") as world:
        world.shop()
        call = world.call("Deploy", "sss", "shop", "dev", "v2")
        world.polkit.read_until("check .*")
        assert world.call("ListProjects").reply() == ""
        assert world.call("Deploy", "sss", "shop", "dev", "v3", uid=0).reply() == "2"
        assert world.webhookd.post("a.example/acme/shop:v4").status == 202
        world.polkit.say("release")
        assert call.reply() == "4"


def test_what_changed_while_polkit_thought_is_looked_at_again():
    with World("hang") as world:
        unknown = world.call("Cancel", "t", 1)
        world.polkit.read_until("check .*")
        world.shop()
        running = world.call("Cancel", "t", 1)
        world.polkit.read_until("check .*")
        wait_for("it waits for its next attempt",
                 lambda: world.webhookd.call("ListDeploys", "ssu", "", "", 0)[0][0][4] == "queued")
        world.call("Cancel", "t", 1, uid=0).reply()
        world.polkit.say("release")
        assert "ended as cancelled" in running.error()
        # That there was no such deploy is what polkit said yes to.
        assert "has changed" in unknown.error()


def test_caller_that_vanishes_is_asked_about_no_longer():
    with World("hang", "IdleTimeoutSec=1s\n") as world:
        call = world.call("Deploy", "sss", "shop", "dev", "v2")
        number = world.polkit.read_until("check .*").split()[-1]
        call.kill()
        world.polkit.read_until(f"cancel {number}")
        wait_for("nothing keeps the daemon", lambda: world.webhookd.process.poll() == 0)


def test_daemon_does_not_end_while_a_call_waits():
    with World("hang", "IdleTimeoutSec=1s\n") as world:
        call = world.call("GetWebhookPath")
        world.polkit.read_until("check .*")
        # Longer than the idle time, and nothing happens.
        time.sleep(2.5)
        assert world.webhookd.process.poll() is None
        world.polkit.say("release")
        assert call.reply().startswith("/api/webhook/")
        wait_for("nothing keeps the daemon", lambda: world.webhookd.process.poll() == 0)


def test_sigterm_answers_who_waits():
    with World("hang") as world:
        calls = [world.call("GetWebhookPath") for _ in range(2)]
        for _ in calls:
            world.polkit.read_until("check .*")
        world.webhookd.process.send_signal(signal.SIGTERM)
        assert all("The daemon is ending" in call.error() for call in calls)
        assert world.webhookd.process.wait(20) == 0


def test_ctl_asks_polkit_quietly_first_and_aloud_only_where_it_may():
    ctl = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", os.environ["TINYFORGECTL"]]
    with World("challenge") as world:
        for options, flags in (([], ["0", "1"]), (["--no-ask-password"], ["0"])):
            world.polkit.lines.clear()
            done = subprocess.run([*ctl, *options, "url"], capture_output=True, text=True, check=False, timeout=60,
                                  stdin=subprocess.DEVNULL, env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=world.bus.address))
            assert done.returncode == 1 and "takes authentication" in done.stderr and "sudo" in done.stderr, done
            world.polkit.say("challenge")
            assert [line.split()[3] for line in world.polkit.questions()] == flags, world.polkit.lines


def test_so_many_calls_of_one_user_wait_and_so_many_in_all():
    # dbus-daemon has no connection for users that it cannot look up.
    users = [user.pw_uid for user in pwd.getpwall() if user.pw_uid != 0][:PENDING_MAX // PENDING_USER_MAX + 1]
    with World("hang") as world:
        calls = []
        for uid in users[:-1]:
            calls += [world.call("GetWebhookPath", uid=uid) for _ in range(PENDING_USER_MAX)]
            for _ in range(PENDING_USER_MAX):
                world.polkit.read_until("check .*")
            name, text = world.call("GetWebhookPath", uid=uid).end()
            assert name == "org.freedesktop.DBus.Error.LimitsExceeded", (name, text)
        assert "Too many calls" in world.call("GetWebhookPath", uid=users[-1]).error()
        path = world.call("GetWebhookPath", uid=0).reply()
        world.polkit.say("release")
        assert all(call.reply() == path for call in calls)
        assert len(world.polkit.questions()) == PENDING_MAX
        world.polkit.say("yes")
        assert world.call("GetWebhookPath", uid=users[-1]).reply() == path


if __name__ == "__main__":
    tap.main()
