# SPDX-License-Identifier: MIT
"""Who includes and who calls whom below src/, read from the text in the style that clang-format keeps, and the circles in that."""
import collections
import re

import source

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
# What begins in the first column and is not static can be called, or read, from another file.
FUNCTION = re.compile(r"^(?!static\b|typedef\b|return\b|extern\b)(?:[A-Za-z_]\w*[ *]+)+\**([a-z_]\w*)\([^;{}]*\)\s*\{", re.MULTILINE)
TABLE = re.compile(r"^const (?:[A-Za-z_]\w*[ *]+)+([a-z_]\w*)(?:\[\w*\])* = ", re.MULTILINE)
# What a file has for all its functions: variables that another file could name, and pointers to functions, which hide whom they call.
VARIABLE = re.compile(r"^(?:extern )?(?!static\b|typedef\b|return\b|extern\b|const\b|(?:struct|enum|union) \w+;)(?:[A-Za-z_]\w*[ *]+)+([a-z_]\w*)(?:\[\w*\])*(?: =|;)", re.MULTILINE)
POINTER = re.compile(r"^(?!typedef\b)(?:[A-Za-z_]\w*[ *]+)+\(\*(?!const\b)([a-z_]\w*)(?:\[\w*\])*\)\([^;{}]*\)(?: =|;)", re.MULTILINE)
# A member of a struct is nobody's function.
WORD = re.compile(r"(?<!->)(?<!\.)\b[a-z_]\w*\b")


def code(path):
    """The text of a file without comments and without what strings say, but for the names of its includes."""
    text = re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return "\n".join(line if line.lstrip().startswith("#") else re.sub(r'"(?:\\.|[^"\\\n])*"', '""', line)
                     for line in text.splitlines())


def includes():
    """{file: {header: [header]}}; names are below src/, the last part is what is shown of an arrow."""
    arrows = {}
    for path in source.files(".c", ".h", below=("src",)):
        name = str(path.relative_to(source.ROOT / "src"))
        arrows[name] = {header: [header] for header in INCLUDE.findall(code(path))
                        if (source.ROOT / "src" / header).exists()}
    return arrows


def calls():
    """{file: {file: [function or table of the second that the first names]}}."""
    texts = {str(path.relative_to(source.ROOT / "src")): code(path) for path in source.files(".c", below=("src",))}
    # Each program has its own, so that a name which both daemons use is looked for in the right one.
    homes = collections.defaultdict(dict)
    for name, text in texts.items():
        for symbol in FUNCTION.findall(text) + TABLE.findall(text):
            homes[name.split("/")[0]][symbol] = name
    arrows = {name: collections.defaultdict(list) for name in texts}
    for name, text in texts.items():
        for symbol in sorted(set(WORD.findall(text))):
            home = homes[name.split("/")[0]].get(symbol) or homes["shared"].get(symbol)
            if home and home != name:
                arrows[name][home].append(symbol)
    return arrows


def between(arrows, room_of):
    """The arrows of files as arrows of the rooms that they are in: {room: {room: [(file, file)]}}."""
    result = collections.defaultdict(lambda: collections.defaultdict(list))
    for source_file, targets in arrows.items():
        for target in targets:
            if room_of(source_file) != room_of(target):
                result[room_of(source_file)][room_of(target)].append((source_file, target))
    return result


def reach(arrows, start):
    """What can be come to from there, by however many arrows."""
    found, waiting = set(), [start]
    while waiting:
        for target in arrows.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def module_of(name):
    """The .c file that a file belongs to, without its suffix: a header belongs to that of its stem, `x-internal.h` to `x.c`."""
    stem = re.sub(r"\.[ch]$", "", name)
    outer = stem.removesuffix("-internal")
    return outer if (source.ROOT / "src" / f"{outer}.c").exists() else stem


def union(*graphs):
    """The arrows of all of them together."""
    result = collections.defaultdict(lambda: collections.defaultdict(list))
    for arrows in graphs:
        for one, targets in arrows.items():
            for other, reasons in targets.items():
                result[one][other] += reasons
    return result


def circles(arrows):
    """Groups of two and more that reach each other (Tarjan's strongly connected components), each sorted."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in arrows.get(node, ()):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = [stack.pop()]
            while group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return found


def shortest(arrows, group):
    """The shortest way round in a group that reaches itself: its nodes in order, the first of them once more at the end."""
    def way_round(start):
        ways = collections.deque([[start]])
        seen = set()
        while ways:
            way = ways.popleft()
            for target in sorted(set(arrows.get(way[-1], ())) & set(group) - seen):
                if target == start:
                    return [*way, start]
                seen.add(target)
                ways.append([*way, target])
        raise ValueError(f"{start} is in no circle")
    return min((way_round(node) for node in group), key=len)


def explain(arrows, group):
    """Each arrow of the shortest circle: who, whom, and what makes it, as the end of a sentence: nothing, where the arrow says it all."""
    way = shortest(arrows, group)
    for one, other in zip(way, way[1:]):
        reasons = arrows[one][other]
        told = [why if isinstance(why, str) else " -> ".join(why) for why in reasons[:6]]
        more = [f"{len(reasons) - 6} more"] if len(reasons) > 6 else []
        yield one, other, "" if reasons == [other] else f": {', '.join(told + more)}"
