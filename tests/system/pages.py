# SPDX-License-Identifier: MIT
"""
What the documentation gives a person to type: the lines of its code blocks, so that a test can type the same, and the
verbs and options that the manual page of tinyforgectl has.
"""
import re

from host import SOURCE

MANUAL = sorted((SOURCE / "man").glob("*.scd"))
README = SOURCE / "README.md"
PROJECTS = SOURCE / "docs/projects.md"
BOOK = [*MANUAL, README, *sorted((SOURCE / "docs").glob("*.md"))]
TOOL = SOURCE / "man/tinyforgectl.1.scd"


def text_of(path):
    """As a reader sees it: in scdoc's language a backslash takes the next character as it is."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"\\(.)", r"\1", text) if path.suffix == ".scd" else text


def blocks(path):
    return re.findall(r"^```\w*\n(.*?)^```$", text_of(path), re.MULTILINE | re.DOTALL)


def plain(line):
    """Without a comment behind it, a prompt before it, and the spaces that line it up."""
    return " ".join(re.sub(r"\s+# .*$|^\s*# ", "", line).split())


def lines():
    """All of them; one that ends in a backslash goes on in the next."""
    return {plain(line) for path in BOOK for block in blocks(path) for line in block.replace("\\\n", " ").splitlines()}


def file(name):
    """What the first example of a file begins with after the comment that has its path, up to an empty line."""
    for block in (block for path in BOOK for block in blocks(path)):
        found = re.search(rf"^# {re.escape(name)}\b.*\n((?:.+\n)+)", block, re.MULTILINE)
        if found:
            return found[1]
    raise LookupError(f"no page has a file {name}")


def answer(question):
    """The query that docs/audit.md has for a question."""
    page = text_of(SOURCE / "docs/audit.md")
    found = re.search(rf"^\*\*{re.escape(question)}\*\*.*?^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return plain(found[1].replace("\\\n", " "))


def entry(verb):
    """What tinyforgectl(1) says of a verb: from its own line to that of the next."""
    found = re.search(rf"^\*{verb}\*.*?(?=^\*|^# |\Z)", text_of(TOOL), re.MULTILINE | re.DOTALL)
    return found[0] if found else ""
