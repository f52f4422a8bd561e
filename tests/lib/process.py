# SPDX-License-Identifier: MIT
"""Processes that are not this one's children, by their pid."""


def stat_of(pid):
    """(state, parent), or None where there is no such process; one that is dead and only not buried is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            words = f.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if words[0] in "ZX" else (words[0], int(words[1]))


def is_alive(pid):
    """Whether it still runs; an orphan's remains are there until init comes by, which is in no hurry everywhere."""
    return stat_of(pid) is not None


def children_of(pid):
    """The pids of its children, none where there is no such process."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(word) for word in f.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def words_of(pid):
    """Its command line, empty where there is no such process."""
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as f:
            return f.read().split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []
