#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
webhookd with a store that cannot be used: it stays up, tells once what is wrong, answers 503 and StoreDamaged, leaves the file as
it is, and ends when idle.

usage: test_damage.py [TEST], with WEBHOOKD= the program, TINYFORGECTL= the tool and SOURCE_ROOT= the tree
"""
import json
import os
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from private_bus import BusError  # noqa: E402
from waiting import wait_for  # noqa: E402
from webhook_host import Host  # noqa: E402

EVENT = "[STORE_UNUSABLE]"
NOBODY = 65534
# Bytes that sqlite keeps of a longer log.
LOG_KEPT = 4 * 1024 * 1024
# Root without the right to read and write what belongs to others.
PLAIN = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def execute(path, *statements):
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def overwrite(path, at):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(b"this is no page of a database, and never was one")


def flip_last(path):
    """Nothing that the start asks for: what finds it is the look at the whole."""
    overwrite(path, 4096 * (root_page(path, "used_ids") - 1))


def root_page(database, table):
    connection = sqlite3.connect(database)
    page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    connection.close()
    return page


def flip(path):
    """Every page of a table is spoilt; the first page has the schema."""
    for at in range(4096, os.path.getsize(path), 4096):
        overwrite(path, at)


def replace_by_directory(path):
    os.unlink(path)
    os.mkdir(path)


def replace_by_link(path):
    os.rename(path, path + ".moved")
    os.symlink(path + ".moved", path)


def make_foreign(path):
    os.unlink(path)
    execute(path, "CREATE TABLE songs(title TEXT)", "PRAGMA application_id = 7")
    os.chmod(path, 0o600)


def lose_secret(path):
    execute(path, "UPDATE settings SET value = 'short' WHERE key = 'secret'")


def drop_secret(path):
    execute(path, "DELETE FROM settings WHERE key IN ('secret', 'secret-generation')")


def drop_uuid(path):
    execute(path, "DELETE FROM settings WHERE key = 'uuid'")


def replace_by_empty_database(path):
    os.unlink(path)
    execute(path, "PRAGMA user_version = 1", "PRAGMA user_version = 0")
    os.chmod(path, 0o600)
    assert os.path.getsize(path) > 0


def make_log(path, mode, user):
    """As of a copy that was put back by root."""
    write(path + "-wal", b"")
    os.chmod(path + "-wal", mode)
    os.chown(path + "-wal", user, user)


def mount_full_disk(path):
    return ("unshare", "-m", "sh", "-c",
            f'mount -t tmpfs -o size=4k full "{os.path.dirname(path)}" && exec "$@"', "sh")


def mount_read_only(path):
    folder = os.path.dirname(path)
    return ("unshare", "-m", "sh", "-c",
            f'mount --bind "{folder}" "{folder}" && mount -o remount,bind,ro "{folder}" && exec "$@"', "sh")


# What happens to the file, what the journal says of it, and how the daemon is started.
CASES = [
    ("truncated", lambda path: os.truncate(path, os.path.getsize(path) - 3 * 4096), "malformed", ()),
    ("cut to a few bytes", lambda path: os.truncate(path, 60), "malformed", ()),
    ("flipped", flip, "malformed", ()),
    ("flipped where nothing has looked yet", flip_last, "the database is damaged", ()),
    ("noise", lambda path: write(path, b"noise " * 4096), "not a database", ()),
    ("empty", lambda path: os.truncate(path, 0), "it is empty", ()),
    ("a setting that is none", lose_secret, "a setting is damaged", ()),
    ("without its secret", drop_secret, "the store has no secret", ()),
    ("without its UUID", drop_uuid, "the store has no UUID", ()),
    ("without its tables", replace_by_empty_database, "it has no tables", ()),
    ("another program's", make_foreign, "belongs to another program", ()),
    ("of a newer version", lambda path: execute(path, "PRAGMA user_version = 999"), "a newer version of tinyforge wrote it", ()),
    ("a directory", replace_by_directory, "it is a directory", ()),
    ("a link", replace_by_link, "it is a symbolic link", ()),
    ("read-only", lambda path: os.chmod(path, 0o400), "it belongs to the right user, with mode 0400", PLAIN),
    ("another user's", lambda path: os.chown(path, NOBODY, NOBODY), "it belongs to another user, with mode 0600", PLAIN),
    ("read-only, its log", lambda path: make_log(path, 0o400, os.getuid()), "its log, which belongs to the right user, with mode 0400", PLAIN),
    ("another user's, its log", lambda path: make_log(path, 0o600, NOBODY), "its log, which belongs to another user, with mode 0600", PLAIN),
    ("in another user's folder", lambda path: os.chown(os.path.dirname(path), NOBODY, NOBODY), "belong", PLAIN),
    ("on a file system that cannot be written", lambda path: None, "its file system cannot be written", mount_read_only),
    ("a first start on a full disk", None, "full", mount_full_disk),
]


def check_error(call, *expected):
    try:
        call()
    except BusError as error:
        assert error.name == "org.tinyforge.StoreDamaged", (error.name, error.text)
        for text in expected:
            assert text in error.text, (text, error.text)
    else:
        raise AssertionError("was not refused")


def check_bus(webhookd, text):
    for method, *arguments in (["ListProjects"], ["GetWebhookPath"], ["RegenerateSecret"], ["ListHooks"],
                               ["GetHookPath", "s", "main"], ["GetMetrics"], ["Cancel", "t", "1"],
                               ["Deploy", "sss", "shop", "dev", "v1"], ["TestPayload", "sa(ss)ay", "", "0", "0"],
                               ["RemoveProject", "s", "shop"]):
        check_error(lambda m=method, a=arguments: webhookd.call(m, *a), "The store cannot be used", text)
    assert webhookd.bus.get_property("org.tinyforge.Webhook1", "/org/tinyforge/Webhook1", "org.tinyforge.Webhook1.Manager",
                                     "Version")


def check_http(webhookd, path):
    for asked in (path, "/nothing"):
        answer = webhookd.post("registry.example/org/shop:v2", asked)
        assert answer.status == 503 and answer.header("Retry-After") == "30", (asked, answer.status, answer.body)
        assert answer.json()["error"] == "store-unavailable", answer.body
    # Behind a proxy too.
    assert webhookd.request("GET", path, unix=True).status == 503


def snapshot(folder):
    found = {}
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        status = os.lstat(path)
        found[name] = (status.st_mode, status.st_uid, read(path) if os.path.isfile(path) else None)
    return found


def check_case(name, spoil, text, prefix):
    with Host(start=False) as webhookd:
        database = os.path.join(webhookd.state, "tinyforge.db")
        path = "/api/webhook/00000000-0000-4000-8000-000000000000"
        if spoil:
            webhookd.start()
            path = webhookd.path()
            assert webhookd.post("registry.example/org/shop:v1").status == 202
            assert webhookd.stop() == 0
            spoil(database)
        before = snapshot(webhookd.state)
        written = len(webhookd.log()) if spoil else 0

        webhookd.start(prefix(database) if callable(prefix) else prefix)
        check_http(webhookd, path)
        check_bus(webhookd, text)
        check_http(webhookd, path)
        assert webhookd.stop() == 0

        log = webhookd.log()[written:]
        assert log.count(EVENT) == 1 and text in log and f"'{database}'" in log, log
        lines = [line for line in log.splitlines() if EVENT not in line and "SECRET_CREATED" not in line]
        assert lines == [], lines
        assert not any(secret in log for secret in [path.rsplit("/", 1)[1]])
        after = snapshot(webhookd.state)
        after = {key: value for key, value in after.items() if key in before or value[2] != b""}
        assert after == before, (sorted(after), sorted(before))
        os.chown(webhookd.state, os.getuid(), os.getgid())
        tap.note(f"{name}: 503, StoreDamaged, {text}")


def test_every_damage_is_told_once_and_answered_503_and_store_damaged():
    if os.getuid() != 0:
        raise tap.Skip("wants root, for files of other users and for a full disk")
    failed = []
    for name, spoil, text, prefix in CASES:
        try:
            check_case(name, spoil, text, prefix)
        except AssertionError as error:
            failed.append((name, str(error)))
    assert not failed, failed


def test_damaged_store_keeps_no_daemon():
    with Host() as webhookd:
        webhookd.stop()
        os.truncate(os.path.join(webhookd.state, "tinyforge.db"), 0)
        webhookd.configure("IdleTimeoutSec=1s\n")
        webhookd.start()
        # Requests without an end: an idle time that each began anew would never be over.
        while webhookd.process.poll() is None:
            try:
                webhookd.tcp.settimeout(1)
                assert webhookd.post("a.example/b:1", "/api/webhook/x").status == 503
            except (OSError, AttributeError, IndexError):
                break
        assert webhookd.process.wait(20) == 0


def test_mended_store_is_served_by_the_next_start():
    with Host() as webhookd:
        path = webhookd.path()
        webhookd.stop()
        database = os.path.join(webhookd.state, "tinyforge.db")
        kept = read(database)
        os.truncate(database, 0)
        webhookd.start()
        assert webhookd.post("a.example/b:1", path).status == 503
        assert webhookd.stop() == 0
        write(database, kept)
        webhookd.start()
        assert webhookd.post("a.example/b:1", path).status == 202
        assert webhookd.path() == path


def test_first_secret_outlives_the_loss_of_the_log():
    with Host() as webhookd:
        path = webhookd.path()
        assert webhookd.post("a.example/b:1", path).status == 202
        webhookd.stop(signal.SIGKILL)
        os.unlink(os.path.join(webhookd.state, "tinyforge.db-wal"))
        webhookd.start()
        assert webhookd.post("a.example/b:1", path).status == 202
        assert webhookd.path() == path and webhookd.log().count("SECRET_CREATED") == 1, webhookd.log()


def replace_while_used(database):
    os.rename(database, database + ".moved")
    write(database, read(database + ".moved"))


# What happens to the file while the daemon has it open, and how that is undone: then nothing is lost.
WHILE_USED = [
    ("removed", os.unlink, "its file was removed", None),
    ("moved", lambda path: os.rename(path, path + ".moved"), "its file was removed", lambda path: os.rename(path + ".moved", path)),
    ("moved with its folder", lambda path: os.rename(os.path.dirname(path), os.path.dirname(path) + ".moved"), "its file was removed",
     lambda path: os.rename(os.path.dirname(path) + ".moved", os.path.dirname(path))),
    ("replaced", replace_while_used, "its file was removed", lambda path: os.rename(path + ".moved", path)),
    ("without its log", lambda path: os.unlink(path + "-wal"), "its log was removed", lambda path: None),
    ("with its log emptied", lambda path: os.truncate(path + "-wal", 0), "its log was cut", None),
    ("with its log cut", lambda path: os.truncate(path + "-wal", os.path.getsize(path + "-wal") - 1), "its log was cut", None),
    ("with its log overwritten", lambda path: overwrite(path + "-wal", 0), "its log was overwritten", None),
    ("cut", lambda path: os.truncate(path, 4096), "its file was cut", None),
    ("emptied", lambda path: os.truncate(path, 0), "its file was cut", None),
    ("overwritten", lambda path: overwrite(path, 0), "its file was overwritten", None),
]


def notification(number):
    """What a registry says of as many images as one body may have, each of them new."""
    return json.dumps({"events": [
        {"action": "push", "request": {"host": "a.example"},
         "target": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "repository": f"{'x' * 60}/{number}-{index}",
                    "tag": "1", "digest": f"sha256:{number:032x}{index:032x}"}} for index in range(64)]})


def test_log_that_sqlite_itself_cuts_is_no_damage():
    """It keeps LOG_KEPT of a longer one when it begins it anew, which a delivery that writes many pages leads to."""
    with Host("AutoCreateMax=100000\nMaxQueued=100000\n") as webhookd:
        log, path, number = os.path.join(webhookd.state, "tinyforge.db-wal"), webhookd.path(), 0
        # A size that frames do not add up to.
        while not os.path.exists(log) or os.path.getsize(log) != LOG_KEPT:
            number += 1
            assert number < 1000, os.path.getsize(log)
            answer = webhookd.request("POST", path, notification(number).encode(), ["Content-Type: application/json"])
            assert answer.status == 202, answer.body
        assert webhookd.post("a.example/last:1", path).status == 202
        assert EVENT not in webhookd.log()


def check_while_used(name, spoil, text, mend):
    with Host() as webhookd:
        database = os.path.join(webhookd.state, "tinyforge.db")
        path = webhookd.path()
        assert webhookd.post("a.example/b:1", path).status == 202
        # There is no deployer: after that, nothing is written for a second.
        wait_for("the deploy waits", lambda: "[DEPLOY_RETRIED" in webhookd.log())
        spoil(database)
        for _ in range(2):
            answer = webhookd.post("a.example/b:2", path)
            assert answer.status == 503 and answer.json()["error"] == "store-unavailable", answer.body
        check_bus(webhookd, text)
        assert webhookd.stop() == 0
        log = webhookd.log()
        assert log.count(EVENT) == 1 and text in log and f"'{database}'" in log, log
        if mend:
            mend(database)
            webhookd.start()
            assert webhookd.path() == path
            assert [row[3] for row in webhookd.call("ListDeploys", "ssu", "", "", "0")[0]] == ["a.example/b:1"]
            assert webhookd.post("a.example/b:2", path).status == 202
        tap.note(f"{name}: 503, StoreDamaged, {text}")


def test_nothing_is_accepted_for_a_file_that_is_gone():
    failed = []
    for name, *case in WHILE_USED:
        try:
            check_while_used(name, *case)
        except AssertionError as error:
            failed.append((name, str(error)))
    assert not failed, failed


def enlarge(database):
    """Beyond what is checked at the start."""
    execute(database, "CREATE TABLE ballast(x TEXT)",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
            "INSERT INTO ballast SELECT hex(zeroblob(2000)) FROM n")
    assert os.path.getsize(database) > 2 * 1024 * 1024


def test_damage_that_is_found_later_ends_accepting():
    with Host() as webhookd:
        path = webhookd.path()
        assert webhookd.post("a.example/b:1").status == 202
        webhookd.stop()
        database = os.path.join(webhookd.state, "tinyforge.db")
        enlarge(database)
        overwrite(database, 4096 * (root_page(database, "delivery_counters") - 1))
        webhookd.start()
        # Nothing has looked there yet, and what is known is shown.
        assert webhookd.call("ListProjects")[0][0][0] == "b"
        assert EVENT not in webhookd.log()
        for _ in range(3):
            answer = webhookd.post("a.example/b:2", path)
            assert answer.status == 503 and answer.header("Retry-After") == "30", answer.body
        # Secrets are known, so a stranger is told no more than ever.
        assert webhookd.post("a.example/b:2", "/api/webhook/x").status == 404
        check_bus(webhookd, "malformed")
        assert webhookd.stop() == 0
        log = webhookd.log()
        assert log.count(EVENT) == 1 and f"'{database}'" in log, log
        assert "Cannot" not in log, log


def test_damage_of_a_large_store_is_found_when_the_daemon_ends_for_idleness():
    with Host() as webhookd:
        webhookd.stop()
        database = os.path.join(webhookd.state, "tinyforge.db")
        enlarge(database)
        overwrite(database, os.path.getsize(database) // 4096 // 2 * 4096)
        webhookd.start()
        assert webhookd.post("a.example/b:1", "/api/webhook/x").status == 404
        # A stop by hand has no time for that.
        assert webhookd.stop() == 0
        assert EVENT not in webhookd.log()
        webhookd.configure("IdleTimeoutSec=200ms\n")
        webhookd.start()
        assert webhookd.process.wait(20) == 0
        assert webhookd.log().count(EVENT) == 1, webhookd.log()


def test_advice_is_about_what_is_wrong():
    if os.getuid() != 0:
        raise tap.Skip("wants root, for a mount and for files of other users")
    for spoil, prefix, text in ((lambda path: None, mount_read_only, "Mount its file system"),
                                (lambda path: os.chmod(path, 0o400), lambda path: PLAIN, "Give it and its folder back")):
        with Host() as webhookd:
            webhookd.stop()
            database = os.path.join(webhookd.state, "tinyforge.db")
            spoil(database)
            webhookd.start(prefix(database))
            assert webhookd.stop() == 0
            line = next(line for line in webhookd.log().splitlines() if EVENT in line)
            assert text in line, line


def test_tool_says_what_to_do():
    with Host() as webhookd:
        webhookd.stop()
        os.truncate(os.path.join(webhookd.state, "tinyforge.db"), 0)
        webhookd.start()
        result = subprocess.run([os.environ["TINYFORGECTL"], "projects"], env=webhookd.environment(), capture_output=True,
                                text=True, timeout=60, check=False)
        assert result.returncode == 1, result
        assert "it is empty" in result.stderr and "journalctl -e -x -u tinyforge-webhookd" in result.stderr, result


if __name__ == "__main__":
    tap.main()
