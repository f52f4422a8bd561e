# SPDX-License-Identifier: MIT
"""The units as installed: systemd accepts them, and says how exposed they are."""
import os
import pathlib
import re
import shutil
import tempfile

import source
import tap

BUILD = os.environ["BUILD_ROOT"]
UNITDIR = os.environ["UNITDIR"].lstrip("/")
# Tenths, as systemd-analyze counts; lower is better.
EXPOSURE_MAX = {
    "tinyforge-webhookd.service": 3,
    "tinyforge-deployerd.service": 12,  # It probes containers from the network of the host.
    "tinyforge-reopen.service": 3,
    "tinyforge-resume.service": 3,
    "tinyforge-endpoints.service": 3,
    "tinyforge-metrics.service": 10,  # Root, to see the instances, and to write into a folder that is another user's.
}
USERS = {"tinyforge", "tinyforge-deployer"}

_staged = None


def staged():
    """A root with what `meson install` installs, and the machine's own units beside it; made once."""
    global _staged  # pylint: disable=global-statement
    if _staged is None:
        source.need("systemd-analyze")
        _staged = tempfile.TemporaryDirectory(prefix="tinyforge-units-")  # pylint: disable=consider-using-with
        done = source.run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", _staged.name)
        assert done.returncode == 0, done.stderr
        add_machine(pathlib.Path(_staged.name))
    return pathlib.Path(_staged.name)


def add_machine(root):
    """What our units name but do not bring: the targets they hook into, and the programs of the units that have none of ours."""
    for unit in pathlib.Path("/", UNITDIR).iterdir():
        ours = root / UNITDIR / unit.name
        if not ours.exists():
            if unit.is_dir():
                shutil.copytree(unit, ours, symlinks=True)
            else:
                shutil.copy(unit, ours, follow_symlinks=False)
    (root / "usr/bin").mkdir(parents=True, exist_ok=True)
    for program in ("busctl", "sh"):
        shutil.copy(f"/usr/bin/{program}", root / "usr/bin")


def our_units(root):
    return sorted((root / UNITDIR).glob("tinyforge-*"))


def test_systemd_accepts_every_unit():
    root = staged()
    done = source.run("systemd-analyze", "verify", "--man=no", f"--root={root}", *our_units(root))
    ours = [line for line in done.stderr.splitlines() if "tinyforge" in line]
    assert done.returncode == 0 and not ours, done.stderr


def test_exposure_is_low():
    root = staged()
    for unit in our_units(root):
        if unit.suffix != ".service":
            continue
        done = source.run("systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_MAX[unit.name]}", unit)
        score = re.search(r"exposure level for \S+: (\d+\.\d+)", done.stdout)
        assert score, done.stdout + done.stderr
        tap.note(f"exposure {unit.name} {score.group(1)}")
        assert done.returncode == 0, done.stdout


def settings(unit, name):
    """What a unit file says of `name`, line by line."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def test_sockets_wait_for_addresses_and_disable_nothing_but_themselves():
    sockets = [unit for unit in our_units(staged()) if unit.suffix == ".socket"]
    assert len(sockets) == 2
    for unit in sockets:
        assert settings(unit, "FreeBind") == ["yes"], unit.name
        assert settings(unit, "Also") == [], unit.name


def test_daemons_can_neither_make_files_in_memory_nor_wait_for_connections():
    """A file in memory could be run, whatever is mounted so that nothing can; of the deployer nobody has anything to ask by a socket."""
    memory = {"memfd_create", "io_uring_setup", "add_key", "keyctl", "request_key"}
    for name, calls in (("tinyforge-webhookd.service", memory), ("tinyforge-deployerd.service", memory | {"listen", "accept", "accept4"})):
        lines = settings(staged() / UNITDIR / name, "SystemCallFilter")
        # A later line that lets them through would have the last word.
        assert not lines[0].startswith("~") and all(line.startswith("~") for line in lines[1:]), (name, lines)
        denied = {call for line in lines[1:] for call in line[1:].split()}
        assert calls <= denied, (name, calls - denied)


def test_what_goes_on_after_a_boot_is_wanted_whichever_socket_is_enabled():
    folder = staged() / UNITDIR
    for target, unit in (("multi-user.target", "tinyforge-resume.service"), ("multi-user.target", "tinyforge-endpoints.service"),
                         ("docker.service", "tinyforge-endpoints.service"),
                         ("podman-restart.service", "tinyforge-endpoints.service")):
        link = folder / f"{target}.wants" / unit
        assert link.is_symlink() and link.resolve() == (folder / unit).resolve(), link


def test_nothing_is_left_of_a_template():
    root = staged()
    for path in [*our_units(root), *root.glob("usr/lib/*.d/tinyforge.conf")]:
        assert not re.search(r"@[A-Z]+@", path.read_text(encoding="utf-8")), path


def test_programs_of_the_units_are_installed():
    root = staged()
    for unit in our_units(root):
        for program in re.findall(r"^ExecStart=(/\S+)", unit.read_text(encoding="utf-8"), re.MULTILINE):
            assert os.access(root / program.lstrip("/"), os.X_OK), f"{unit.name}: {program}"


def test_users_are_made_as_sysusers_reads_them():
    root = staged()
    source.need("systemd-sysusers")
    # It numbers users by what is there, so it has to see no others.
    (root / "etc").mkdir(exist_ok=True)
    done = source.run("systemd-sysusers", f"--root={root}", root / "usr/lib/sysusers.d/tinyforge.conf")
    assert done.returncode == 0, done.stderr
    users = {line.split(":")[0] for line in (root / "etc/passwd").read_text(encoding="ascii").splitlines()}
    assert users == USERS, users


def test_catalog_compiles():
    source.need("journalctl")
    root = staged()
    (root / "var/lib/systemd/catalog").mkdir(parents=True, exist_ok=True)
    done = source.run("journalctl", f"--root={root}", "--update-catalog")
    assert done.returncode == 0 and not done.stderr, done.stderr


if __name__ == "__main__":
    tap.main()
