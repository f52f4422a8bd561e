#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tinyforgectl backup, from the real webhookd: made under deliveries, whole or not there at all, and restored as the manual says.

usage: test_backup.py [TEST], with WEBHOOKD= the program, TINYFORGECTL= the tool and SOURCE_ROOT= the tree
"""
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from private_bus import BusError  # noqa: E402
from webhook_host import Host  # noqa: E402

CTL = os.environ["TINYFORGECTL"]


def backup(webhookd, *arguments, **options):
    return subprocess.run([CTL, "backup", *arguments], env=webhookd.environment(), capture_output=True, timeout=60, check=False,
                          **options)


def place(webhookd, name="backup.db"):
    return os.path.join(os.path.dirname(webhookd.state), name)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def restore(webhookd, path):
    """As tinyforge-webhookd(8) has it, without systemd."""
    webhookd.stop()
    os.rename(webhookd.state, webhookd.state + ".old")
    os.mkdir(webhookd.state, 0o700)
    database = os.path.join(webhookd.state, "tinyforge.db")
    with open(database, "wb") as f:
        f.write(read(path))
    os.chmod(database, 0o600)
    webhookd.start()


def known(webhookd):
    """What a restored store has to have as it was."""
    hooks = {row[0]: webhookd.call("GetHookPath", "s", row[0])[0] for row in webhookd.call("ListHooks")[0]}
    store = webhookd.bus.get_property("org.tinyforge.Webhook1", "/org/tinyforge/Webhook1", "org.tinyforge.Webhook1.Manager", "Store")
    return {"path": webhookd.path(), "hooks": hooks, "projects": webhookd.call("DescribeProjects")[0], "store": store}


class Deliveries:
    """As many as there can be, in the background."""

    def __init__(self, webhookd):
        self.webhookd, self.path, self.accepted, self.over = webhookd, webhookd.path(), [], False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        number = 0
        while not self.over:
            number += 1
            answer = self.webhookd.post(f"a.example/shop-{number % 50}:v{number}", self.path)
            assert answer.status == 202, answer.body
            self.accepted.append(answer.json()["deploys"][0]["id"])

    def end(self):
        self.over = True
        self.thread.join(30)


def test_backup_under_deliveries_restores_secrets_hooks_projects_and_the_queue():
    with Host() as webhookd:
        webhookd.call("CreateHook", "sa{sv}", "shop", "0")
        webhookd.call("CreateProject", "ssa{sv}", "blog", "a.example/blog", "1", "Port", "q", "8080")
        for number in range(50):
            assert webhookd.post(f"a.example/shop-{number}:v0").status == 202
        deliveries = Deliveries(webhookd)
        n_made = 0
        try:
            time.sleep(0.3)
            before = len(deliveries.accepted)
            for number in range(5):
                result = backup(webhookd, place(webhookd, f"backup-{number}.db"))
                assert result.returncode == 0, result
                n_made += 1
            assert b"backup-4.db: " in result.stdout and b" bytes" in result.stdout, result
            assert b"secrets" in result.stderr, result
        finally:
            deliveries.end()
        assert n_made == 5 and before > 0 and len(deliveries.accepted) > before, (before, len(deliveries.accepted))
        path = place(webhookd, "backup-4.db")
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        connection = sqlite3.connect(place(webhookd, "backup-0.db"))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
        for name in ("backup-0.db-wal", "backup-0.db-shm"):
            if os.path.exists(place(webhookd, name)):
                os.unlink(place(webhookd, name))

        expected = known(webhookd)
        # What comes later is not in it.
        webhookd.call("RegenerateSecret")
        webhookd.call("RemoveHook", "s", "shop")
        webhookd.call("CreateHook", "sa{sv}", "later", "0")
        restore(webhookd, path)
        assert known(webhookd) == expected
        assert webhookd.post("a.example/blog:v1", expected["hooks"]["shop"]).status in (200, 202)
        rows = webhookd.call("ListDeploys", "ssu", "", "", "1000")[0]
        # All that was accepted before the backup was asked for.
        ids = {row[0] for row in rows}
        assert set(deliveries.accepted[:before]) <= ids, sorted(set(deliveries.accepted[:before]) - ids)
        assert webhookd.stop() == 0
        assert "STORE_UNUSABLE" not in webhookd.log()


def test_backup_to_a_pipe_is_the_same_database():
    with Host() as webhookd:
        assert webhookd.post("a.example/shop:v1").status == 202
        result = backup(webhookd, "-")
        assert result.returncode == 0 and result.stderr == b"", result
        assert backup(webhookd, place(webhookd)).returncode == 0
        assert result.stdout.startswith(b"SQLite format 3\0") and len(result.stdout) == os.path.getsize(place(webhookd))
        result = backup(webhookd, "--json", place(webhookd, "again.db"))
        assert json.loads(result.stdout) == {"file": place(webhookd, "again.db"), "bytes": os.path.getsize(place(webhookd))}, result
        assert os.listdir(webhookd.state) and "tinyforge.db.backup" not in os.listdir(webhookd.state)


def test_pipe_that_does_not_wait_gets_all_of_it():
    with Host() as webhookd:
        inside, outside = os.pipe()
        os.set_blocking(outside, False)
        # More than a pipe holds.
        with subprocess.Popen([CTL, "backup", "-"], env=webhookd.environment(), stdout=outside) as process:
            os.close(outside)
            time.sleep(1)
            with open(inside, "rb") as pipe:
                written = pipe.read()
            assert process.wait(20) == 0
        assert backup(webhookd, place(webhookd)).returncode == 0
        assert len(written) == os.path.getsize(place(webhookd)) > 64 * 1024, len(written)


def test_name_that_is_no_text_is_told_all_the_same():
    with Host() as webhookd:
        path = os.fsencode(place(webhookd)) + b"-\xff"
        result = backup(webhookd, "--json", path)
        assert result.returncode == 0 and os.path.exists(path), result
        assert json.loads(result.stdout) == {"file": None, "bytes": os.path.getsize(path)}, result


def test_what_is_there_is_not_replaced():
    with Host() as webhookd:
        path = place(webhookd)
        for make in (lambda: open(path, "wb").close(), lambda: os.symlink("/nowhere", path), lambda: os.mkdir(path)):
            make()
            result = backup(webhookd, path)
            assert result.returncode == 1 and b"is there already" in result.stderr, result
            (os.rmdir if os.path.isdir(path) else os.unlink)(path)
        result = backup(webhookd, os.path.join(path, "nowhere", "backup.db"))
        assert result.returncode == 1 and b"No such file or directory" in result.stderr, result
        assert not os.path.exists(path)


def test_backup_that_cannot_be_made_leaves_nothing():
    with Host() as webhookd:
        folder = place(webhookd, "folder")
        os.mkdir(folder)
        # The store's folder takes no more files.
        webhookd.call("CreateHook", "sa{sv}", "shop", "0")
        os.mkdir(os.path.join(webhookd.state, "tinyforge.db.backup"))
        result = backup(webhookd, os.path.join(folder, "backup.db"))
        assert result.returncode == 1 and b"There is no backup: it cannot be written" in result.stderr, result
        assert b"\nIt takes as much room as the store" in result.stderr, result
        assert os.listdir(folder) == []
        os.rmdir(os.path.join(webhookd.state, "tinyforge.db.backup"))
        assert backup(webhookd, os.path.join(folder, "backup.db")).returncode == 0
        # The receiver has not minded.
        assert webhookd.post("a.example/shop:v1").status == 202


def test_killed_in_the_middle_leaves_no_file():
    with Host() as webhookd:
        folder = place(webhookd, "folder")
        os.mkdir(folder)
        webhookd.path()
        # The daemon sleeps, so the tool has opened its file and waits.
        webhookd.process.send_signal(signal.SIGSTOP)
        try:
            for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
                with subprocess.Popen([CTL, "backup", os.path.join(folder, "backup.db")], env=webhookd.environment()) as process:
                    deadline = time.monotonic() + 20
                    while not any(folder in os.readlink(f"/proc/{process.pid}/fd/{fd}")
                                  for fd in os.listdir(f"/proc/{process.pid}/fd")):
                        assert time.monotonic() < deadline and process.poll() is None
                        time.sleep(0.05)
                    process.send_signal(number)
                    assert process.wait(20) != 0
                assert os.listdir(folder) == [], os.listdir(folder)
        finally:
            webhookd.process.send_signal(signal.SIGCONT)
        # A daemon that is killed has not answered, either.
        webhookd.process.send_signal(signal.SIGSTOP)
        with subprocess.Popen([CTL, "backup", os.path.join(folder, "backup.db")], env=webhookd.environment(),
                              stderr=subprocess.DEVNULL) as process:
            time.sleep(0.5)
            webhookd.process.send_signal(signal.SIGKILL)
            webhookd.process.send_signal(signal.SIGCONT)
            assert process.wait(20) == 1
        assert os.listdir(folder) == []


def test_only_an_empty_file_that_can_be_written_is_taken():
    with Host() as webhookd:
        path = place(webhookd)
        with open(path, "wb") as f:
            f.write(b"something")
        inside, outside = os.pipe()
        near, far = socket.socketpair()
        opened = {"full": os.open(path, os.O_RDWR), "read-only": os.open("/dev/null", os.O_RDONLY), "pipe": outside,
                  "socket": near.fileno(), "device": os.open("/dev/null", os.O_WRONLY),
                  "path": os.open(path, os.O_PATH), "folder": os.open(webhookd.state, os.O_RDONLY)}
        for name, fd in opened.items():
            try:
                webhookd.call("Backup", "h", fd)
            except BusError as error:
                assert error.name == "org.tinyforge.InvalidOption", (name, error.name, error.text)
            else:
                raise AssertionError(name)
        for fd in [inside, *(fd for name, fd in opened.items() if name != "socket")]:
            os.close(fd)
        near.close()
        far.close()
        assert read(path) == b"something"
        with open(path, "wb") as f:
            assert webhookd.call("Backup", "h", f.fileno())[0] == os.fstat(f.fileno()).st_size


def shell(webhookd, line):
    """Of no file more than 1 MiB, so that what never ends does."""
    return subprocess.run(["bash", "-c", f"ulimit -f 1024; {line}"], env=webhookd.environment(), capture_output=True, text=True,
                          timeout=60, check=False)


def test_output_that_cannot_be_written_is_told_once():
    with Host() as webhookd:
        webhookd.path()
        for redirection, text in ((">&-", "standard output is closed"), ("<&- >&- 2>&-", None),
                                  (">/dev/full", "No space left on device")):
            result = shell(webhookd, f"{CTL} backup - {redirection}")
            assert result.returncode == 1 and result.stdout == "", (redirection, result)
            if text:
                assert result.stderr == f"tinyforgectl: Cannot write the backup: {text}\n", (redirection, result)
        # Also where a hint comes behind the answer, which is written before it then.
        for verb in ("--no-legend url", "url", "--version", "--json projects"):
            for redirection, text in ((">&-", "standard output is closed"), (">/dev/full", "No space left on device")):
                result = shell(webhookd, f"{CTL} {verb} {redirection}")
                told = [line for line in result.stderr.splitlines() if line.startswith("tinyforgectl: ")]
                assert result.returncode == 1, (verb, result)
                assert told == [f"tinyforgectl: Cannot write the answer: {text}"], (verb, redirection, result)
                assert verb == "url" or result.stderr.count("\n") == 1, (verb, redirection, result)


def test_file_is_whole_when_standard_descriptors_are_closed():
    with Host() as webhookd:
        webhookd.path()
        expected = len(backup(webhookd, "-").stdout)
        for number, redirection in enumerate(("2>&-", "<&-", "<&- >&-", "<&- >&- 2>&-")):
            path = place(webhookd, f"closed-{number}.db")
            shell(webhookd, f"{CTL} backup '{path}' {redirection}")
            assert os.path.getsize(path) == expected, redirection
            connection = sqlite3.connect(path)
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], redirection
            connection.close()


def test_backup_begins_at_the_beginning_of_the_file():
    with Host() as webhookd:
        webhookd.path()
        path = place(webhookd)
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.lseek(fd, 5000, os.SEEK_SET)
        assert webhookd.call("Backup", "h", fd)[0] == os.fstat(fd).st_size
        os.close(fd)
        assert read(path).startswith(b"SQLite format 3\0")


def test_backup_is_for_root_and_whom_polkit_lets():
    if os.getuid() != 0:
        raise tap.Skip("wants root, to be somebody else")
    with Host() as webhookd:
        os.chmod(os.path.dirname(webhookd.state), 0o755)
        result = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", CTL, "backup", "-"], env=webhookd.environment(),
                                capture_output=True, timeout=60, check=False)
        assert result.returncode == 1 and result.stdout == b"", result


if __name__ == "__main__":
    tap.main()
