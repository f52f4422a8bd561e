#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Writes docs/performance.md and its plots, docs/performance/*.svg, from what the benches have kept.

usage: report.py FIGURES-FOLDER, in the tree
"""
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

from comparison import Comparison, number

PAGE = pathlib.Path("docs/performance.md")
PLOTS = pathlib.Path("docs/performance")
# The order of the page; each bench begins the names of what it has to say with its own.
BENCHES = ("webhook", "crowd", "history", "queue", "deploy", "cold", "instructions")

HEAD = """# What it costs

`scripts/bench` writes this page from what it measures: it builds a release, and gives all contenders of a table their turns in one
run. Times depend on the machine, and on what else it does; the ratios and the counts of instructions say more. A row has the median of
the rounds, the lowest and the highest of them, and its ratio to the row that has 1.00.

Measured on {machine}.
"""


def machine():
    """What it was measured on, in words."""
    info = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*: (.*)$", info, re.M)
    release = re.search(r'^PRETTY_NAME="(.*)"$', pathlib.Path("/etc/os-release").read_text(encoding="utf-8"), re.M)
    return (f"{os.cpu_count()} processors ({model.group(1).strip() if model else platform.machine()}), Linux "
            f"{platform.release().split('-')[0]}, {release.group(1) if release else 'an unknown release'}")


def load(path):
    """A Comparison as it was kept."""
    found = Comparison(None, None, None, None, None)
    vars(found).update(json.loads(path.read_text(encoding="utf-8")))
    return found


def table(comparison):
    """In Markdown."""
    lines = [f"| | {comparison.unit} | lowest | highest | ratio |", "|---|---:|---:|---:|---:|"]
    for name, median, least, most, ratio in comparison.rows():
        lines.append(f"| {name} | {number(median)} | {number(least)} | {number(most)} | {ratio:.2f} |")
    return "\n".join(lines)


def draw(comparison, path):
    """A bar for each contender, with its range, as gnuplot draws it."""
    rows = comparison.rows()
    data = "\n".join(f'"{name}" {median} {least} {most}' for name, median, least, most, _ in rows)
    spread = max(row[1] for row in rows) > 30 * max(1e-9, min(row[1] for row in rows))
    script = f"""
set terminal svg size 720,{70 + 34 * len(rows)} font "sans,12" background "white"
set output "{path}"
unset key
set xlabel "{comparison.unit}{', on a scale of powers' if spread else ''}"
set yrange [{len(rows) - 0.4}:-0.6]
{'set logscale x' if spread else 'set xrange [0:*]'}
set format x "{'%.0s%c' if max(row[3] for row in rows) >= 2000 else '%.12g'}"
set xtics nomirror
set ytics nomirror scale 0
set border 1
set grid xtics linecolor "#dddddd"
$rows << END
{data}
END
plot $rows using 2:0:({'1e-3' if spread else '0'}):2:($0-0.3):($0+0.3):ytic(1) with boxxyerror fillstyle solid 0.7 noborder linecolor "#3465a4", \\
     $rows using 2:0:3:4 with xerrorbars pointtype 0 linecolor "#2e3436"
"""
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
    # gnuplot leaves spaces at the ends of lines.
    lines = [line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()]
    lines.insert(1, "<!-- SPDX-License-Identifier: MIT -->")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def section(comparison):
    plot = PLOTS / f"{comparison.name}.svg"
    draw(comparison, plot)
    return (f"## {comparison.title}\n\n{comparison.about}\n\n{table(comparison)}\n\n"
            f"![{comparison.title}]({plot.relative_to(PAGE.parent)})\n")


def main():
    folder = pathlib.Path(sys.argv[1])
    # In the order in which they were measured.
    kept = [load(path) for bench in BENCHES
            for path in sorted(folder.glob(f"{bench}-*.json"), key=lambda found: found.stat().st_mtime_ns)]
    if not kept:
        sys.exit(f"{folder}: no bench has kept anything there")
    PLOTS.mkdir(exist_ok=True)
    for old in PLOTS.glob("*.svg"):
        old.unlink()
    PAGE.write_text("\n".join([HEAD.format(machine=machine()), *map(section, kept)]), encoding="utf-8")


if __name__ == "__main__":
    main()
