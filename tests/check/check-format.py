# SPDX-License-Identifier: MIT
"""Formatting, and what linters say of the scripts."""
import ast

import source
import tap


def test_c_is_formatted_as_clang_format_would():
    source.need("clang-format")
    done = source.run("clang-format", "--dry-run", "-Werror", *source.files(".c", ".h"))
    assert done.returncode == 0, done.stderr


def test_shell_scripts_pass_shellcheck():
    source.need("shellcheck")
    scripts = [path for path in source.files() if path.read_bytes()[:40].split(b"\n")[0].endswith((b"bash", b"/sh"))]
    assert scripts
    done = source.run("shellcheck", "--external-sources", *scripts, cwd=source.ROOT)
    assert done.returncode == 0, done.stdout


def test_completions_pass_the_shells():
    source.need("shellcheck")
    done = source.run("shellcheck", "--shell=bash", source.ROOT / "completion/bash/tinyforgectl")
    assert done.returncode == 0, done.stdout
    source.need("zsh")
    done = source.run("zsh", "-n", source.ROOT / "completion/zsh/_tinyforgectl")
    assert done.returncode == 0, done.stderr


def test_python_parses():
    for path in source.files(".py"):
        ast.parse(path.read_text(encoding="utf-8"), filename=source.name(path))


def test_xml_is_well_formed():
    source.need("xmllint")
    done = source.run("xmllint", "--noout", "--nonet", *sorted((source.ROOT / "dbus").glob("*.xml")),
                      *sorted((source.ROOT / "dbus").glob("*.conf")))
    assert done.returncode == 0, done.stderr


def test_no_line_ends_in_white_space_and_no_file_without_a_newline():
    findings = []
    for path in source.files():
        data = path.read_bytes()
        if b"\0" in data or "data" in path.parts or "corpus" in path.parts:
            continue
        if data and not data.endswith(b"\n"):
            findings.append(f"{source.name(path)}: no newline at its end")
        findings += [f"{source.name(path)}:{number}: white space at its end"
                     for number, line in enumerate(data.split(b"\n"), 1) if line.rstrip() != line]
    source.expect_nothing(findings)


if __name__ == "__main__":
    tap.main()
