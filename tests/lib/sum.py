# SPDX-License-Identifier: MIT
"""
Adds up what meson wrote about its test runs, one case a promise: the slowest programs, and the line "N passed, N failed, N
skipped"; exit status 1 when anything failed.

usage: sum.py BROKEN JUNIT-FILE..., where BROKEN is 1 if a build or a run failed as such
"""
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


# Programs that are told as the slowest.
SLOWEST = 10


def tell(suite):
    """What a program said before each test of its that failed; meson itself shows no diagnostics of TAP."""
    said = []
    for line in (suite.findtext("system-out") or "").splitlines():
        if line.startswith("#"):
            said.append(line)
            continue
        if line.startswith("not ok") and "# SKIP" not in line:
            print("\n".join([f"{suite.get('name')}: {line}", *said[-40:]]))
        said = []


def tell_slowest(logs):
    """The programs that took longest, from what meson tells of each in the file beside its JUnit log: JSON, one a line."""
    programs = []
    for log in logs:
        path = pathlib.Path(log.removesuffix(".junit.xml") + ".json")
        folder = path.parent.parent.name
        if path.exists():
            programs += [(test["duration"], folder, test["name"].split(" / ")[-1])
                         for test in map(json.loads, path.read_text(encoding="utf-8").splitlines())]
    for seconds, folder, name in sorted(programs, reverse=True)[:SLOWEST]:
        print(f"{seconds:7.1f} s  {name} ({folder})")


def main():
    broken, logs = sys.argv[1] != "0", sys.argv[2:]
    passed = failed = skipped = 0
    for log in logs:
        root = ElementTree.parse(log).getroot()
        for suite in root.iter("testsuite"):
            tell(suite)
        for case in root.iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
                print(f"failed: {case.get('classname')}: {case.get('name')}")
            elif case.find("skipped") is not None:
                skipped += 1
                print(f"skipped: {case.get('classname')}: {case.get('name')}")
            else:
                passed += 1
    tell_slowest(logs)
    # A build that failed, or a program that died between two of its tests, is a failure without a name.
    if broken and failed == 0:
        failed = 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
