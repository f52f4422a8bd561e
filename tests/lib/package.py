# SPDX-License-Identifier: MIT
"""The Debian packages of this tree, as scripts/package builds them: once for all tests, and again when the tree changed."""
import fcntl
import hashlib
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEADLINE = 900


def version():
    """As the change log has it."""
    return re.match(r"tinyforge \(([^)]+)\)", (ROOT / "debian/changelog").read_text(encoding="utf-8")).group(1)


def unbuildable():
    """Why no package can be built here, or None."""
    try:
        done = subprocess.run(["dpkg-checkbuilddeps", "debian/control"], cwd=ROOT, check=False, text=True, capture_output=True)
    except FileNotFoundError:
        return "dpkg-dev is not installed"
    return " ".join(done.stderr.split()) if done.returncode != 0 else None


def tree_hash():
    """Of all that goes into a package."""
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(ROOT):
        top = pathlib.Path(folder) == ROOT
        folders[:] = sorted(f for f in folders if f not in (".git", "__pycache__") and not (top and f.startswith("build")))
        for name in sorted(names):
            path = pathlib.Path(folder, name)
            digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_mode:o}\0".encode())
            digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def folder_of(build_root):
    return pathlib.Path(build_root, "package")


def build(build_root):
    """Builds what is not built yet, without the unit tests, which have been run; returns the folder of the packages."""
    folder = folder_of(build_root)
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, wanted = folder / "stamp", tree_hash()
        if not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
            done = subprocess.run([ROOT / "scripts/package", folder], check=False, text=True, timeout=DEADLINE,
                                  capture_output=True, env={**os.environ, "DEB_BUILD_OPTIONS": "nocheck"})
            assert done.returncode == 0, done.stderr
            assert tree_hash() == wanted, "building the packages has changed the tree"
            stamp.write_text(wanted, encoding="ascii")
    return folder


def deb(build_root, name):
    """The path of a package that build() has made."""
    [path] = folder_of(build_root).glob(f"{name}_{version()}_*.deb")
    return path
