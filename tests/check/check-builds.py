# SPDX-License-Identifier: MIT
"""Who builds the product, and with which flags: scripts/builds has every way, and warnings are errors for us alone."""
import itertools
import re

import source
import tap


def text(name):
    return (source.ROOT / name).read_text(encoding="utf-8")


def listed(*patterns):
    done = source.run(source.ROOT / "scripts/builds", "--list", *patterns)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_every_way_to_build_is_tried():
    wanted = {f"{compiler}-{kind}{late}" for compiler, kind, late in
              itertools.product(("gcc", "clang"), ("plain", "debug", "debugoptimized", "release", "minsize"), ("", "-lto"))}
    wanted |= {f"{compiler}-{kind}" for compiler in ("gcc", "clang") for kind in ("hardened", "tests")}
    names = listed()
    assert len(names) == len(set(names)) and set(names) == wanted, sorted(set(names) ^ wanted)


def test_ways_are_chosen_by_patterns():
    assert listed("gcc-release*") == ["gcc-release", "gcc-release-lto"]
    assert listed("*-hardened", "clang-tests") == ["gcc-hardened", "clang-tests", "clang-hardened"]


def test_warnings_are_errors_for_us_alone():
    """Another compiler has other warnings, which are no reason for a build to fail."""
    assert "werror" not in re.sub(r"#.*", "", text("meson.build")), "meson.build has an opinion"
    assert "werror" not in text("debian/rules"), "the package has an opinion"
    for script in ("scripts/test", "scripts/builds"):
        calls = re.findall(r"meson setup .*", text(script))
        assert calls and all("-Dwerror=true" in call for call in calls), script


def test_suite_that_is_none_is_refused():
    """Nothing would be run of it, and nothing would fail."""
    for words in (["nosuch"], ["unit", "buss"], ["--all", "builds"]):
        done = source.run(source.ROOT / "scripts/test", *words)
        assert done.returncode == 2 and f"no suite is called {words[-1]}" in done.stderr, (words, done)


if __name__ == "__main__":
    tap.main()
