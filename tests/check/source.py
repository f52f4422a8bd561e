# SPDX-License-Identifier: MIT
"""The files of the tree, for the checks; and where the TAP library is."""
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(os.environ.get("SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tap  # noqa: E402  pylint: disable=wrong-import-position

OWN = ("src", "tests", "units", "dbus", "polkit", "tmpfiles.d", "sysusers.d", "catalog", "conf", "completion", "scripts", ".ci",
       "docs", "debian", "man")


def files(*suffixes, below=OWN):
    """Our files, sorted; with suffixes, only those that end in one of them."""
    found = [path for folder in below for path in (ROOT / folder).rglob("*")
             if path.is_file() and "__pycache__" not in path.parts]
    return sorted(path for path in found if not suffixes or path.suffix in suffixes)


def name(path):
    return str(path.relative_to(ROOT))


def need(program):
    if not shutil.which(program):
        raise tap.Skip(f"{program} is not installed")


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=False, text=True, capture_output=True, **options)


def expect_nothing(findings):
    """Fails with one line for each finding."""
    assert not findings, "\n" + "\n".join(findings)


def engine_descriptions():
    """The engine's own descriptions of its API, where they lie beside the tree, oldest first."""
    folder = pathlib.Path(os.environ.get("ENGINE_API", ROOT.parent / "shared/engine-api"))
    found = sorted(folder.glob("v1.*.yaml"))
    if not found:
        raise tap.Skip("no descriptions of the engine's API beside the tree")
    return found
