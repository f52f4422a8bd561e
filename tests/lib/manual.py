# SPDX-License-Identifier: MIT
"""The pages of the manual as their sources have them, taken apart for the tests."""
import importlib.util
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "man"
# What scdoc reads as its own; a backslash takes that away.
MARK = re.compile(r"\\(.)|(?<!\w)_(?=\S)|(?<=\S)_(?!\w)|\*")


def _bus_page():
    """The program that makes the pages of the bus."""
    spec = importlib.util.spec_from_file_location("bus_page", FOLDER / "bus-page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(path):
    return path.read_text(encoding="utf-8")


def names():
    """Of all pages, with their sections: "tinyforgectl.1"."""
    return sorted(path.name.removesuffix(".scd") for path in FOLDER.glob("*.scd"))


def page(name):
    """What scdoc is given for a page, but for the paths of the build."""
    frame, xml = text(FOLDER / f"{name}.scd"), ROOT / "dbus" / f"{name[:-2]}.xml"
    return _bus_page().page(frame, text(xml), text(ROOT / "src/shared/bus/errors.h")) if xml.exists() else frame


def plain(source):
    """Without scdoc's marks."""
    return MARK.sub(lambda match: match.group(1) or "", source)


def section(source, title):
    """What is below a heading, up to the next one; in a literal block there is none."""
    lines, inside, literal = [], None, False
    for line in source.splitlines(keepends=True):
        literal ^= line.strip() == "```"
        if line.startswith("# ") and not literal:
            inside = line[2:].strip()
        elif inside == title:
            lines.append(line)
    assert lines, f"there is no section {title}"
    return "".join(lines)


def entries(source):
    """Each (term, text) of a section: a line at the margin and what is indented below it."""
    return re.findall(r"^(\S.*)\n(\t.*\n(?:\t.*\n|\n(?=\t))*)", re.sub(r"^```$.*?^```$", "", source, flags=re.MULTILINE | re.DOTALL),
                      re.MULTILINE)


def blocks(source):
    """The literal blocks, as a reader sees them."""
    return [re.sub(r"\\(.)", r"\1", block) for block in re.findall(r"^\t*```\n(.*?)^\t*```$", source, re.MULTILINE | re.DOTALL)]


def commands(source, program):
    """The commands in the blocks that begin with that program, continued lines as one."""
    lines = "".join(blocks(source)).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith(f"{program} ")]
