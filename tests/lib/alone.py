# SPDX-License-Identifier: MIT
"""
What each program of the suite bus alone runs: how many lines of the source it reaches, and how many of these no other test does. One
that reaches none alone shows nothing with sanitizers that the others do not.

usage: alone.py FOLDER, with a folder of counters a test, as apart.sh keeps them
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

AT_ONCE = 60  # files of counters that one gcov reads


def lines_of(folder):
    """{(file, line)} that were run, from the counters of one test."""
    counters = [path for path in folder.rglob("*.gcda") if "/src/" in str(path)]
    for path in counters:
        # gcov looks for the notes of the compiler beside the counters.
        notes = path.with_suffix(".gcno")
        if not notes.exists():
            notes.symlink_to(pathlib.Path("/", path.relative_to(folder)).with_suffix(".gcno"))
    found = set()
    for first in range(0, len(counters), AT_ONCE):
        done = subprocess.run(["gcov", "--json-format", "--stdout", *counters[first:first + AT_ONCE]], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for text in done.stdout.splitlines():
            for file in json.loads(text)["files"] if text else []:
                _, own, name = file["file"].rpartition("src/")
                if own:
                    found |= {(name, line["line_number"]) for line in file["lines"] if line["count"]}
    return found


def main():
    folders = sorted(path for path in pathlib.Path(sys.argv[1]).resolve().iterdir() if path.is_dir())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip((folder.name for folder in folders), pool.map(lines_of, folders)))
    tests = collections.Counter(line for lines in found.values() for line in lines)
    print(f"{'program':30}{'lines':>8}{'alone':>8}")
    for name, lines in found.items():
        if name.endswith(".py"):
            print(f"{name.removesuffix('.py'):30}{len(lines):8}{sum(tests[line] == 1 for line in lines):8}")


if __name__ == "__main__":
    main()
