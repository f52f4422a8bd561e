#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Completion of tinyforgectl in the real shells, with the real webhookd on a private bus.

usage: test_completion.py [TEST], with TINYFORGECTL=, WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from shop import Shop  # noqa: E402
from webhook_host import Host  # noqa: E402

PROGRAM = os.environ["TINYFORGECTL"]
FOLDER = os.path.join(os.environ["SOURCE_ROOT"], "completion")

# What readline does before it calls the function: the words are split, "=" is one of its own.
BASH = f"""
source {FOLDER}/bash/tinyforgectl
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_tinyforgectl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

# The parts of zsh's completion that the function uses, as far as it uses them: what is offered is printed.
ZSH = f"""
compadd() {{ while [[ $1 != -- ]] {{ shift }}; shift; local word; for word ("$@") {{
        [[ $word == $words[CURRENT]* ]] && print -r -- $word }}; return 0 }}
_describe() {{ local word; for word ("${{(@P)4}}") {{ [[ $word == $words[CURRENT]* ]] && print -r -- $word }}; return 0 }}
_files() {{ print files }}
compset() {{ : }}
words=("$@") CURRENT=$#
source {FOLDER}/zsh/_tinyforgectl
"""


def complete(shell, webhookd, *words):
    """What the shell offers for the last of the words after the program's name."""
    programs = {"bash": ["bash", "--norc", "-c", BASH, "bash"], "zsh": ["zsh", "-f", "-c", ZSH, "zsh"]}
    if not shutil.which(shell):
        raise tap.Skip(f"{shell} is not installed")
    address = webhookd.bus.address if webhookd else "unix:path=/nonexistent"
    result = subprocess.run([*programs[shell], "tinyforgectl", *words], capture_output=True, text=True, timeout=60, check=False,
                            env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=address,
                                     PATH=f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"))
    assert not result.stderr, result.stderr
    return [line for line in result.stdout.splitlines() if line]


def offered(shell, webhookd, *words):
    """The same, without the descriptions that zsh shows."""
    return {re.sub(r":.*", "", line) if shell == "zsh" else line for line in complete(shell, webhookd, *words)}


@contextlib.contextmanager
def shop():
    """Two projects; of the first, deploy 1 is superseded, and 2 waits."""
    with Host() as webhookd:
        webhookd.post("a.example/org/shop:v1")
        webhookd.post("a.example/org/shop:v2")
        webhookd.post("a.example:5000/org/tool:main")
        yield webhookd


def help_of(*words):
    return subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout


def verbs():
    """Verbs as lists of words, from the help."""
    lines = help_of().split("Verbs:\n")[1].split("\n\n")[0].splitlines()
    return [re.match(r"  ([a-z-]+(?: [a-z-]+)*) ", line).group(1).split() for line in lines]


def check_every_verb(shell):
    assert offered(shell, None, "") == {words[0] for words in verbs()}
    for words in verbs():
        assert words[-1] in offered(shell, None, *words), words


def check_every_option(shell):
    for words in [[], *verbs()]:
        options = set(re.findall(r"^ +(?:-[a-zA-Z] )? *(--[a-z-]+=?)", help_of(*words), re.MULTILINE))
        assert "--json" in options and options <= offered(shell, None, *words, "-"), (words, options)
    assert offered(shell, None, "deploys", "--li") == {"--limit="}
    assert "-n" in offered(shell, None, "deploys", "-")


def check_every_value(shell):
    """A value is neither completed nor counted as an argument, be it a word of its own or behind "="."""
    for words in verbs():
        for option in set(re.findall(r"(?<![a-z-])(--[a-z-]+|-n)(?:=|(?= --limit))", help_of(*words))):
            forms = [[option, "a"], [option, "=", "a"]] if shell == "bash" else [[option, "a"], [f"{option}=a"]]
            plain = offered(shell, None, *words, "-")
            for form in forms[:1] if option == "-n" else forms:
                assert offered(shell, None, *words, *form, "-") == plain, (words, form)
                assert offered(shell, None, *form, *words, "-") == plain, (words, form)
            if option != "--output":
                assert offered(shell, None, *words, option, "") == set(), (words, option)
                assert shell == "zsh" or offered(shell, None, *words, option, "=") == set(), (words, option)


def check_values_among_arguments(shell):
    with shop() as webhookd:
        assert offered(shell, webhookd, "stage", "set", "--pattern", "v1", "") == {"shop", "tool"}
        assert offered(shell, webhookd, "stage", "set", "shop", "--policy", "semver", "") == {"dev"}
        assert offered(shell, webhookd, "stage", "set", "--max-instances", "2", "t") == {"tool"}
        equal = ["--pattern", "=", "v1"] if shell == "bash" else ["--pattern=v1"]
        assert offered(shell, webhookd, "stage", "set", *equal, "") == {"shop", "tool"}
        colon = ["--pattern", "=", "a", ":", "b"] if shell == "bash" else ["--pattern=a:b"]
        assert offered(shell, webhookd, "stage", "set", *colon, "t") == {"tool"}


def check_what_exists(shell):
    with shop() as webhookd:
        assert offered(shell, webhookd, "stages", "") == {"shop", "tool"}
        assert offered(shell, webhookd, "project", "show", "s") == {"shop"}
        assert offered(shell, webhookd, "deploy", "shop", "") == {"dev"}
        assert offered(shell, webhookd, "deploy", "shop", "dev", "") == set(), "nothing of it ran"
        assert offered(shell, webhookd, "follow", "") == {"1", "2", "3"}
        assert offered(shell, webhookd, "cancel", "") == {"2", "3"}, "what is over cannot be cancelled"
        assert offered(shell, webhookd, "--json", "-n", "5", "logs", "t") == {"tool"}, "options do not count"
        assert offered(shell, webhookd, "stages", "shop", "") == set()
        assert offered(shell, webhookd, "url", "") == set()
        assert offered(shell, webhookd, "logs", "nobody", "") == set()


def check_many_projects(shell):
    """What begins like the word is asked for, and no more than a page: it is there at once, however many there are."""
    with Host() as webhookd:
        webhookd.stop()
        with sqlite3.connect(os.path.join(webhookd.state, "tinyforge.db")) as db:
            db.executemany("INSERT INTO projects(name, image, port, healthcheck, created_at, auto_created) VALUES(?, ?, 0, '', 1, 1)",
                           ((f"p{number:05}", f"a.example/p{number:05}") for number in range(12000)))
        db.close()
        webhookd.start()
        assert offered(shell, webhookd, "stages", "p1123") == {f"p1123{digit}" for digit in range(10)}
        assert offered(shell, webhookd, "project", "show", "p11999") == {"p11999"}
        assert offered(shell, webhookd, "stages", "") == {f"p{number:05}" for number in range(1000)}


def test_bash_offers_projects_by_what_is_typed():
    check_many_projects("bash")


def test_zsh_offers_projects_by_what_is_typed():
    check_many_projects("zsh")


def check_tags_that_ran(shell):
    with Shop() as forge:
        forge.set_stage("dev", TagPattern="*")
        forge.bring("v1")
        forge.bring("main", word="one")
        forge.bring("main", word="two")
        assert forge.wait_final(forge.push(":none"))[0] == "failed"
        assert offered(shell, forge, "deploy", "shop", "dev", "") == {"v1", "main"}


def test_bash_offers_only_tags_that_ran():
    check_tags_that_ran("bash")


def test_zsh_offers_only_tags_that_ran():
    check_tags_that_ran("zsh")


def test_verbs_are_offered_to_help():
    for shell in ("bash", "zsh"):
        assert offered(shell, None, "help", "") == {words[0] for words in verbs()}


def test_bash_completes_every_verb_of_the_help():
    check_every_verb("bash")


def test_bash_completes_every_option_of_the_help():
    check_every_option("bash")


def test_bash_leaves_out_every_value_of_the_help():
    check_every_value("bash")
    check_values_among_arguments("bash")


def test_bash_completes_what_exists():
    check_what_exists("bash")


def test_bash_leaves_values_alone_and_completes_files():
    with shop() as webhookd:
        assert complete("bash", webhookd, "deploys", "-n", "") == []
        assert complete("bash", webhookd, "deploys", "--limit", "=", "5") == []
        assert complete("bash", webhookd, "deploys", "--limit", "=", "5", "s") == ["shop"]
        assert complete("bash", webhookd, "metrics", "--output", "=", f"{FOLDER}/ba") == [f"{FOLDER}/bash"]
        assert complete("bash", webhookd, "test-payload", f"{FOLDER}/ba") == [f"{FOLDER}/bash"]
        assert complete("bash", webhookd, "test-payload", "--hook", "shop", f"{FOLDER}/ba") == [f"{FOLDER}/bash"]
        assert complete("bash", webhookd, "test-payload", "--hook", "=", "s") == []


def test_zsh_completes_every_verb_of_the_help():
    check_every_verb("zsh")


def test_zsh_completes_every_option_of_the_help():
    check_every_option("zsh")


def test_zsh_leaves_out_every_value_of_the_help():
    check_every_value("zsh")
    check_values_among_arguments("zsh")


def test_zsh_completes_what_exists():
    check_what_exists("zsh")


def test_zsh_describes_what_it_offers():
    with shop() as webhookd:
        assert "1:shop/dev, superseded" in complete("zsh", webhookd, "follow", "")
        assert "shop:a.example/org/shop" in complete("zsh", webhookd, "stages", "")
        assert any(line.startswith("logs:Show what was done") for line in complete("zsh", webhookd, "l"))
        assert complete("zsh", webhookd, "metrics", "--output", "") == ["files"]
        assert complete("zsh", webhookd, "test-payload", "--header", "a: b", "") == ["files"]


def test_without_a_daemon_nothing_is_offered_and_nothing_is_said():
    assert offered("bash", None, "stages", "") == set()
    assert offered("zsh", None, "stages", "") == set()


if __name__ == "__main__":
    tap.main()
