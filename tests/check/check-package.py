# SPDX-License-Identifier: MIT
"""The Debian packages: what lintian says of them, and that they bring and ask for all that is needed."""
import os
import pathlib
import re
import stat
import tempfile

import source
import tap
import package  # noqa: E402  pylint: disable=wrong-import-order

BUILD = os.environ["BUILD_ROOT"]
SHELLS = ("postinst", "postrm", "prerm")


def built():
    """The folder of the packages, or a skip."""
    reason = package.unbuildable()
    if reason:
        raise tap.Skip(reason)
    return package.build(BUILD)


def contents(name):
    """Path → (mode, owner) of what a package has. A link is listed as "path -> target"."""
    done = source.run("dpkg-deb", "--contents", package.deb(BUILD, name))
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=5) for line in done.stdout.splitlines()]
    return {words[5].partition(" -> ")[0].removeprefix("."): (words[0], words[1]) for words in lines}


def field(name, key):
    done = source.run("dpkg-deb", "--field", package.deb(BUILD, name), key)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def unpacked(folder, name):
    done = source.run("dpkg-deb", "--raw-extract", package.deb(BUILD, name), folder)
    assert done.returncode == 0, done.stderr
    return pathlib.Path(folder)


def test_lintian_finds_neither_error_nor_warning():
    source.need("lintian")
    folder = built()
    [changes] = folder.glob("*.changes")
    done = source.run("lintian", "--allow-root", "--fail-on", "error,warning", changes)
    for line in done.stdout.splitlines():
        tap.note(line)
    assert done.returncode == 0, done.stdout + done.stderr


def test_change_log_and_build_agree_on_the_version():
    project = re.search(r"version: '([^']+)'", (source.ROOT / "meson.build").read_text(encoding="utf-8")).group(1)
    assert package.version() == project, (package.version(), project)


def numbers(version):
    return [int(number) for number in version.split(".")]


def test_news_begin_with_this_version_or_tell_of_the_next():
    heading = re.search(r"^## CHANGES WITH ([0-9.]+)( in spe)?$", (source.ROOT / "NEWS.md").read_text(encoding="utf-8"), re.MULTILINE)
    told, this = numbers(heading.group(1)), numbers(package.version())
    assert told > this if heading.group(2) else told == this, heading.group()


def test_bootstrap_installs_what_building_takes():
    control = (source.ROOT / "debian/control").read_text(encoding="utf-8")
    asked = re.search(r"^Build-Depends:(.*?)^\S", control, re.MULTILINE | re.DOTALL).group(1)
    # Those that debhelper provides.
    wanted = {word.split()[0].split(":")[0] for word in asked.split(",")} - {"debhelper-compat", "dh-sequence-installsysusers"}
    arrays = re.findall(r"^(?:build|package)=\((.*?)^\)", (source.ROOT / "scripts/bootstrap").read_text(encoding="utf-8"),
                        re.MULTILINE | re.DOTALL)
    installed = set(re.sub(r"#.*", "", "".join(arrays)).split())
    assert len(arrays) == 2 and wanted
    source.expect_nothing(sorted(wanted - installed))


def test_package_has_all_that_meson_installs():
    built()
    with tempfile.TemporaryDirectory(prefix="tinyforge-stage-") as stage:
        done = source.run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", stage)
        assert done.returncode == 0, done.stderr
        installed = {"/" + str(path.relative_to(stage)).removesuffix(".gz")
                     for path in pathlib.Path(stage).rglob("*") if path.is_file() and "doc" not in path.parts}
    assert installed
    packaged = {path.removesuffix(".gz") for path in contents("tinyforge")}
    source.expect_nothing(sorted(installed - packaged))


def test_everything_in_the_packages_is_roots_and_read_only_to_others():
    """The mode of a link means nothing: whoever opens it is judged by what it names."""
    built()
    findings = [f"{path}: {mode} {owner}" for name in ("tinyforge", "tinyforge-doc")
                for path, (mode, owner) in contents(name).items()
                if owner != "root/root" or (mode[0] != "l" and (mode[8] == "w" or mode[5] == "w" or "s" in mode.lower()))]
    source.expect_nothing(findings)


def test_every_library_is_a_dependency():
    """What the linker wants is on this machine anyway; on a bare one it is what the package asks for."""
    source.need("readelf")
    built()
    asked = {re.match(r"[a-z0-9.+-]+", word.strip()).group()
             for word in re.split(r"[,|]", field("tinyforge", "Depends"))}
    with tempfile.TemporaryDirectory(prefix="tinyforge-unpacked-") as folder:
        root = unpacked(folder, "tinyforge")
        programs = [*root.glob("usr/libexec/*"), *root.glob("usr/bin/*")]
        assert len(programs) == 3, programs
        findings = [f"{program.name} needs {soname}" for program in programs for soname in needed(program)
                    if not asked & owners(soname)]
    source.expect_nothing(findings)


def needed(program):
    found = re.findall(r"\(NEEDED\).*\[(\S+)\]", source.run("readelf", "--dynamic", program).stdout)
    assert found, program
    return found


def owners(soname):
    """The packages that bring a library."""
    done = source.run("dpkg-query", "--search", f"*/{soname}")
    return {line.split(":")[0] for line in done.stdout.splitlines()}


def test_what_a_document_runs_can_be_run():
    built()
    packaged = contents("tinyforge-doc")
    programs = [source.name(path) for path in source.files(below=("docs",)) if path.stat().st_mode & stat.S_IXUSR]
    assert len(programs) >= 2, programs
    source.expect_nothing([f"{name}: {mode}" for name in programs
                           if (mode := packaged[f"/usr/share/doc/tinyforge/{name}"][0]) != "-rwxr-xr-x"])


def test_package_tests_itself_with_what_it_installs():
    """A path that has no slash before it is one of the source tree."""
    tops = "|".join(sorted(path.name for path in source.ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")))
    for script in sorted((source.ROOT / "debian/tests").iterdir()):
        found = re.findall(rf"(?<![\w./$-])(?:\./)?(?:{tops})/[\w./-]+", script.read_text(encoding="utf-8"))
        assert not found, (script.name, found)


def test_programs_are_hardened():
    built()
    with tempfile.TemporaryDirectory(prefix="tinyforge-unpacked-") as folder:
        for program in unpacked(folder, "tinyforge").glob("usr/libexec/*"):
            elf = source.run("readelf", "--wide", "--headers", "--dynamic", program).stdout
            assert "DYN (Position-Independent" in elf and "BIND_NOW" in elf and "GNU_RELRO" in elf, program.name


def test_an_upgrade_leaves_the_socket_alone():
    built()
    with tempfile.TemporaryDirectory(prefix="tinyforge-unpacked-") as folder:
        scripts = {name: (unpacked(pathlib.Path(folder, name), "tinyforge") / "DEBIAN" / name).read_text(encoding="utf-8")
                   for name in SHELLS}
    for name, text in scripts.items():
        for line in text.splitlines():
            if "deb-systemd-invoke" in line and "webhookd.socket" in line:
                assert name == "prerm" and " stop " in line, f"{name}: {line}"
    assert '"$1" = remove ]' in scripts["prerm"]
    assert re.search(r"try-restart .*tinyforge-webhookd\.service", scripts["postinst"])


def test_maintainer_scripts_pass_shellcheck():
    source.need("shellcheck")
    scripts = [source.ROOT / "debian" / f"tinyforge.{name}" for name in SHELLS]
    done = source.run("shellcheck", *scripts)
    assert done.returncode == 0, done.stdout


def test_every_document_is_where_the_others_say_it_is():
    built()
    packaged = contents("tinyforge-doc")
    documents = [source.ROOT / "README.md", source.ROOT / "NEWS.md", *source.files(below=("docs",))]
    source.expect_nothing([source.name(path) for path in documents
                           if f"/usr/share/doc/tinyforge/{source.name(path)}" not in packaged])


if __name__ == "__main__":
    tap.main()
