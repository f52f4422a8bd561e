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


def last_released():
    """The version before this one; this one, where the news tell of the next; or None."""
    headings = re.findall(r"^## CHANGES WITH ([0-9.]+)( in spe)?$", (ROOT / "NEWS.md").read_text(encoding="utf-8"), re.MULTILINE)
    before = [number for number, _ in headings[1:]]
    return before[0] if before else None


def commit_of(number):
    """The commit that set a version in the change log, or None where there is no history."""
    words = ["git", "-C", ROOT, "log", "--reverse", "--format=%H", f"-Stinyforge ({number})", "--", "debian/changelog"]
    try:
        done = subprocess.run(words, check=False, text=True, capture_output=True)
    except FileNotFoundError:
        return None
    return done.stdout.split()[0] if done.returncode == 0 and done.stdout else None


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


def build_released(build_root):
    """Builds the package of the last released version from its own commit, once; returns its path."""
    number = last_released()
    commit, folder = commit_of(number), pathlib.Path(build_root, f"package-{number}")
    tree = folder / "tree"
    if not list(folder.glob("tinyforge_*.deb")):
        tree.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "-C", ROOT, "archive", commit], check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["tar", "--extract", "--directory", tree], check=True, input=archive)
        done = subprocess.run([tree / "scripts/package", folder], check=False, text=True, timeout=DEADLINE,
                              capture_output=True, env={**os.environ, "DEB_BUILD_OPTIONS": "nocheck"})
        assert done.returncode == 0, done.stderr
    [path] = folder.glob(f"tinyforge_{number}_*.deb")
    return path


def deb(build_root, name):
    """The path of a package that build() has made."""
    [path] = folder_of(build_root).glob(f"{name}_{version()}_*.deb")
    return path
