#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
`tinyforgectl cat-config`, which asks the daemons' real programs; here they are told where their files are. No bus.

usage: test_ctl_config.py [TEST], with TINYFORGECTL=, WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM = os.environ["TINYFORGECTL"]
DAEMONS = {"webhookd": "Webhook", "deployerd": "Deployer"}


class Files:
    """A folder of configuration, for one test, and beside it the daemons, which read it."""

    def __init__(self, mode=0o644, **files):
        self.mode = mode
        self.directory = tempfile.mkdtemp(prefix="tinyforge-test.")
        os.chmod(self.directory, 0o755)
        for daemon in DAEMONS:
            path = os.path.join(self.directory, f"tinyforge-{daemon}")
            self.write(f"tinyforge-{daemon}", "#!/bin/sh\n"
                       f'exec {os.environ[daemon.upper()]} --config={self.directory}/{daemon}.conf "$@"\n')
            os.chmod(path, 0o755)
        for name, text in files.items():
            self.write(f"{name}.conf", text)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), self.mode)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)

    def run(self, *arguments, status=0, prefix=()):
        result = subprocess.run([*prefix, PROGRAM, "cat-config", *arguments], capture_output=True, text=True, timeout=60,
                                check=False, env=dict(os.environ, TINYFORGE_LIBEXEC_DIR=self.directory))
        assert result.returncode == status, (result.returncode, result.stdout, result.stderr)
        return result

    def rows(self, daemon, key):
        return [(row["value"], row["path"] and os.path.relpath(row["path"], self.directory), row["line"])
                for row in json.loads(self.run("--json").stdout) if (row["daemon"], row["key"]) == (f"tinyforge-{daemon}", key)]


def test_last_file_that_says_it_is_in_force_and_named():
    with Files(webhookd="# a comment\n[Webhook]\nMaxQueued=5\nMaxDeploys=2\n") as files:
        files.write("webhookd.conf.d/50-more.conf", "[Webhook]\n\nMaxDeploys=3\n")
        assert files.rows("webhookd", "MaxQueued") == [("5", "webhookd.conf", 3)]
        assert files.rows("webhookd", "MaxDeploys") == [("3", "webhookd.conf.d/50-more.conf", 3)]
        assert files.rows("webhookd", "MaxConnections") == [("512", None, None)]
        lines = [line.split() for line in files.run("--no-legend").stdout.splitlines()]
        assert ["tinyforge-webhookd", "MaxDeploys", "3", f"{files.path('webhookd.conf.d/50-more.conf')}:3"] in lines, lines
        assert ["tinyforge-deployerd", "MaxDeploys", "4", "default"] in lines, lines
        # No pattern is no prohibition.
        assert ["tinyforge-deployerd", "AllowImages", "any", "image", "default"] in lines, lines
        assert ["tinyforge-deployerd", "AutoCreateImages", "as", "AllowImages=", "default"] in lines, lines
        assert files.rows("deployerd", "AllowImages") == [(None, None, None)]


def test_list_is_told_line_by_line_and_an_empty_value_begins_anew():
    with Files(deployerd="[Deployer]\nAllowImages=a.example/*\nAutoCreateImages=gone.example/*\n") as files:
        files.write("deployerd.conf.d/a.conf", "[Deployer]\nAutoCreateImages=\nAllowImages=b.example/*\n")
        files.write("deployerd.conf.d/b.conf", "[Deployer]\nAutoCreateImages=c.example/* d.example/*\n")
        assert files.rows("deployerd", "AllowImages") == [("a.example/*", "deployerd.conf", 2),
                                                          ("b.example/*", "deployerd.conf.d/a.conf", 3)]
        assert files.rows("deployerd", "AutoCreateImages") == [("c.example/* d.example/*", "deployerd.conf.d/b.conf", 2)]
        files.write("deployerd.conf.d/b.conf", "[Deployer]\n")
        assert files.rows("deployerd", "AutoCreateImages") == [(None, "deployerd.conf.d/a.conf", 2)]


def test_every_kind_of_list_is_told_line_by_line():
    with Files(webhookd="[Webhook]\nHostAliases=r:5000=r.example.com\nHostAliases=aliyun=a.example.com\n") as files:
        assert files.rows("webhookd", "HostAliases") == [("r:5000=r.example.com", "webhookd.conf", 2),
                                                         ("aliyun=a.example.com", "webhookd.conf", 3)]


def test_wrong_value_is_told_with_its_line_and_the_other_daemon_is_shown():
    with Files(webhookd="[Webhook]\nMaxQueued=none\n") as files:
        result = files.run("--json", status=1)
        assert f"{files.path('webhookd.conf')}:2: MaxQueued= wants a number" in result.stderr, result.stderr
        assert {row["daemon"] for row in json.loads(result.stdout)} == {"tinyforge-deployerd"}


def test_unknown_key_is_a_warning():
    with Files(webhookd="[Webhook]\nMaxQueed=7\n") as files:
        result = files.run("--json")
        assert f"{files.path('webhookd.conf')}:2: unknown key MaxQueed=" in result.stderr, result.stderr


def test_wrong_value_and_unknown_key_meet_the_daemon_in_the_same_words():
    with Files(webhookd="[Webhook]\nMaxQueued=none\n", deployerd="[Deployer]\nWrong=1\nRetain=x\n") as files:
        for daemon, words in (("webhookd", [":2: MaxQueued= wants"]), ("deployerd", [":2: unknown key Wrong=", ":3: Retain= wants"])):
            done = subprocess.run([os.environ[daemon.upper()], f"--config={files.path(daemon)}.conf"], capture_output=True,
                                  text=True, timeout=60, check=False,
                                  env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent"))
            assert done.returncode != 0 and all(word in done.stderr for word in words), done.stderr


def test_who_may_not_read_the_files_is_told_who_may():
    if os.getuid() != 0:
        raise tap.Skip("needs root to become a stranger")
    with Files(0o640, webhookd="[Webhook]\n", deployerd="[Deployer]\n") as files:
        for daemon in DAEMONS:
            os.chmod(files.path(f"tinyforge-{daemon}"), 0o755)
        result = files.run("--no-legend", status=1, prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        assert "Permission denied" in result.stderr and result.stdout == "", result
        result = files.run(status=1, prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        assert "sudo tinyforgectl cat-config" in result.stderr, result.stderr
        assert "This user cannot read the configuration of tinyforge-webhookd" in result.stderr, result.stderr
        assert "would not start" not in result.stderr, "nobody knows that"


class Users:
    """A mount namespace in which the daemons' users exist, with groups of their own."""

    IDS = {"webhookd": ("tinyforge", 61001), "deployerd": ("tinyforge-deployer", 61002)}

    def __init__(self, files):
        if os.getuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
            raise tap.Skip("needs root, and namespaces")
        files.write("passwd", "root:x:0:0::/:/bin/sh\n" + "".join(f"{name}:x:{number}:{number}::/:/bin/false\n"
                                                                  for name, number in self.IDS.values()))
        files.write("group", "root:x:0:\n" + "".join(f"{name}:x:{number}:\n" for name, number in self.IDS.values()))
        for name in ("passwd", "group"):
            os.chmod(files.path(name), 0o644)
        mounts = " && ".join(f"mount --bind {files.path(name)} /etc/{name}" for name in ("passwd", "group"))
        self.prefix = ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh"]

    def give(self, files, daemon, name=None):
        """Makes the file root's, and readable for the daemon's group."""
        os.chown(files.path(name or f"{daemon}.conf"), 0, self.IDS[daemon][1])


def test_what_the_daemons_user_cannot_read_is_not_in_force():
    with Files(0o640, webhookd="[Webhook]\nMaxQueued=5\n", deployerd="[Deployer]\n") as files:
        users = Users(files)
        users.give(files, "deployerd")
        result = files.run("--json", status=1, prefix=users.prefix)
        assert {row["daemon"] for row in json.loads(result.stdout)} == {"tinyforge-deployerd"}, result.stdout
        assert f"{files.path('webhookd.conf')}: Permission denied" in result.stderr, result.stderr
        assert "runs as the user 'tinyforge'" in result.stderr and "root:tinyforge, with mode 0640" in result.stderr, result.stderr
        users.give(files, "webhookd")
        result = files.run("--json", prefix=users.prefix)
        assert [row["value"] for row in json.loads(result.stdout) if row["key"] == "MaxQueued"] == ["5"] and not result.stderr, result
        # Whoever owns it besides: what others than root could have written is no better for being readable.
        os.chown(files.path("webhookd.conf"), *[users.IDS["webhookd"][1]] * 2)
        assert "does not belong to root" in files.run(status=1, prefix=users.prefix).stderr


def test_folder_that_the_daemons_user_cannot_enter_is_told():
    with Files(0o640, webhookd="[Webhook]\n", deployerd="[Deployer]\n") as files:
        users = Users(files)
        for daemon in DAEMONS:
            users.give(files, daemon)
        files.write("webhookd.conf.d/a.conf", "[Webhook]\nMaxQueued=5\n")
        users.give(files, "webhookd", "webhookd.conf.d/a.conf")
        os.chmod(files.path("webhookd.conf.d"), 0o700)
        result = files.run(status=1, prefix=users.prefix)
        assert f"{files.path('webhookd.conf.d')}: Permission denied" in result.stderr and "MaxQueued" not in result.stdout, result
        os.chmod(files.path("webhookd.conf.d"), 0o750)
        users.give(files, "webhookd", "webhookd.conf.d")
        assert "MaxQueued" in files.run(prefix=users.prefix).stdout


def test_without_the_programs_it_is_said():
    with Files() as files:
        os.remove(files.path("tinyforge-deployerd"))
        result = files.run(status=1)
        assert "Cannot run" in result.stderr and "tinyforge-webhookd" in result.stdout, result


def test_files_as_shipped_show_the_defaults():
    with Files() as files:
        rows = {(row["section"], row["key"]): row["value"] for row in json.loads(files.run("--json").stdout)}
    for daemon, section in DAEMONS.items():
        path = os.path.join(os.environ["SOURCE_ROOT"], "conf", f"{daemon}.conf")
        with open(path, encoding="utf-8") as f:
            shown = dict(re.findall(r"^#(\w+)=(.*)$", f.read(), re.MULTILINE))
        assert set(shown) == {key for where, key in rows if where == section}, shown
        for key, value in shown.items():
            # Where nothing is set by default, the line is an example.
            assert rows[section, key] in (value, None), (key, value, rows[section, key])


if __name__ == "__main__":
    tap.main()
