# SPDX-License-Identifier: MIT
"""
Makes a page of the manual of a D-Bus interface's description, whose comments are the text, and of the table of errors. What
these cannot say stands in a frame in scdoc's language, where {{description}}, {{interface}} and {{errors: NAME ...}} are
replaced; with {{deploy errors: NAME ...}} each says what becomes of a deploy that ends so.

usage: bus-page.py FRAME XML ERRORS-HEADER
"""
import re
import sys
import xml.etree.ElementTree as ET

SECTIONS = (("method", "METHODS"), ("signal", "SIGNALS"), ("property", "PROPERTIES"))
# What scdoc would take for its own.
SPECIAL = re.compile(r"([\\*_`<>\[\]#.|~;+-])")
# What a comment says of these begins a paragraph of its own.
PARTS = re.compile(r"(?<=[.)]) (?=(?:Options?|Keys|Action|With Undo|Errors?)\b(?: of root's word)?[^.:]*[:,] )")
ERROR = re.compile(r'^ +X\(\w+, "(\w+)", \w+, (\w+), \\\n +"([^"\n]+)"\)', re.MULTILINE)
VERDICTS = {
    "ERROR_FINAL": "",
    "ERROR_RETRY": " The receiving daemon tries such a deploy again, up to 5 times in all.",
    "ERROR_RETRY_TIMED": " The receiving daemon tries such a deploy again, until RetryForSec= after its first failure.",
    "ERROR_RETRY_UNCOUNTED": " The receiving daemon tries such a deploy again, however often.",
}


def escape(text):
    return SPECIAL.sub(r"\\\1", text)


def words(comment):
    return " ".join((comment or "").split())


def arguments(element, direction):
    return ", ".join(f"{arg.get('type')} {arg.get('name')}" for arg in element.findall("arg")
                     if arg.get("direction", direction) == direction)


def heading(element):
    """The member as it is called: its name, what goes in, what comes out."""
    name = f"*{escape(element.get('name'))}*"
    if element.tag == "property":
        return f"{name} {escape(element.get('type'))}"
    if element.tag == "signal":
        return f"{name}({escape(arguments(element, 'out'))})"
    results = arguments(element, "out")
    return f"{name}({escape(arguments(element, 'in'))})" + (f" → {escape(results)}" if results else "")


def members(interface):
    """Each member of the interface with the comment before it, if there is one."""
    comment = ""
    for element in interface:
        if element.tag is ET.Comment:
            comment = element.text
            continue
        yield element, comment
        comment = ""


def interface_text(interface):
    lines = []
    for tag, title in SECTIONS:
        lines.append(f"# {title}\n")
        for element, comment in members(interface):
            if element.tag == tag:
                paragraphs = [f"\t{escape(part)}" for part in PARTS.split(words(comment)) if part]
                lines.append("\n".join([heading(element), "\n\n".join(paragraphs)]).rstrip() + "\n")
    return "\n".join(lines).rstrip()


def errors_text(table, names, of_deploys):
    """A paragraph for each error; one that the table does not have is a mistake of the frame."""
    return "\n\n".join(f"*org.tinyforge.{name}*\n\t{escape(table[name][1] + (VERDICTS[table[name][0]] if of_deploys else ''))}"
                       for name in names)


def page(frame, xml, header):
    """The page in scdoc's language, of the texts of the three files."""
    root = ET.fromstring(xml, parser=ET.XMLParser(target=ET.TreeBuilder(insert_comments=True)))
    # Before the root element the parser keeps nothing.
    about = [c for c in re.findall(r"<!--(.*?)-->", xml[:xml.index("<node")], re.DOTALL) if "SPDX" not in c]
    table = {name: (verdict, meaning) for name, verdict, meaning in ERROR.findall(header)}
    frame = re.sub(r"\{\{(deploy )?errors: ([^}]*)\}\}",
                   lambda match: errors_text(table, match.group(2).split(), match.group(1)), frame)
    return frame.replace("{{description}}", escape(words(" ".join(about)))) \
        .replace("{{interface}}", interface_text(root.find("interface")))


def main():
    texts = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as f:
            texts.append(f.read())
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(page(*texts))


if __name__ == "__main__":
    main()
