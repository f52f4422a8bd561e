# SPDX-License-Identifier: MIT
"""
No statement of the store looks through a table that grows: sqlite is asked, with the schema as the migrations make it, how it would
go about each of them.
"""
import ast
import functools
import os
import re
import shlex
import sqlite3

import source
import tap

STORE = source.ROOT / "src/webhookd/store"
LITERAL = r'"(?:[^"\\]|\\.)*"'
MIGRATION = "PRAGMA user_version = "
# Of these there are so many at most, whatever has happened.
SMALL = {
    "delivery_counters": "four for each provider",
    "hooks": "HOOKS_MAX",
    "now": "a row that the statement has found itself",
    "pragma_page_count": "one row",
    "pragma_page_size": "one row",
    "sqlite_master": "the schema",
    "sqlite_sequence": "one for each table",
}
# The words of a statement that may, what it scans, and why.
EXCEPTIONS = [
    ("FROM deploys d JOIN .* ORDER BY d.id DESC LIMIT \\?3$", "d", "ends at its limit"),
    ("FROM deploys d .* WHERE d.state = 'running' ORDER BY", "d USING INDEX deploys_running", "as many as run at a time"),
    ("FROM deploys d .* WHERE d.watch = 'watching' ORDER BY", "d USING INDEX deploys_watched", "as many as are watched, at a start"),
    ("^SELECT count.* INDEXED BY deploys_waiting", "deploys USING COVERING INDEX deploys_waiting", "as many as wait, once"),
    ("^SELECT count.* INDEXED BY deploys_running", "deploys USING INDEX deploys_running", "as many as run at a time"),
    ("WHERE d.stage_id IN \\(SELECT id FROM stages", "stages USING COVERING INDEX sqlite_autoindex_stages_1",
     "asks for the stages of a name in all projects"),
    ("^DELETE FROM pushes WHERE hook = ", "pushes USING COVERING INDEX pushes_deploy", "once in the life of a hook"),
    ("FROM deploy_counters c JOIN", "c", "the metrics of all stages, once in a period"),
    ("FROM step_counters c JOIN", "c", "the same"),
    ("FROM watch_counters c JOIN", "c", "the same"),
    ("^SELECT EXISTS.SELECT 1 FROM awaited.$", "awaited USING COVERING INDEX awaited_after", "ends at its first row"),
    ("^SELECT count.* FROM stages$", "stages USING COVERING INDEX sqlite_autoindex_stages_1", "the metrics, once in a period"),
    ("^SELECT count.* FROM projects$", "projects USING COVERING INDEX projects_image",
     "asks for the number: a look at each page of an index, and then it is kept"),
]


def expanded(path):
    """The file with its macros put in: statements are made of them."""
    source.need("gcc")
    flags = source.run("pkg-config", "--cflags", "libsystemd", "sqlite3").stdout.split()
    done = source.run("gcc", "-E", "-P", "-D_GNU_SOURCE", "-I", source.ROOT / "src", "-I", os.environ["BUILD_ROOT"], *flags, path)
    assert done.returncode == 0, shlex.join(map(str, done.args)) + done.stderr
    return done.stdout


def literals(path):
    """The texts of a file, each joined of its pieces."""
    for match in re.finditer(rf"{LITERAL}(?:\s*{LITERAL})*", expanded(path)):
        yield "".join(ast.literal_eval(piece) for piece in re.findall(LITERAL, match.group()))


def database():
    db = sqlite3.connect(":memory:")
    migrations = [text for text in literals(STORE / "migrations.c") if MIGRATION in text]
    for text in migrations:
        db.executescript(text)
    assert db.execute("PRAGMA user_version").fetchone()[0] == len(migrations) > 0
    return db


@functools.lru_cache
def statements():
    """[(file, text)]"""
    return [(path.name, text) for path in sorted(STORE.glob("*.c")) for text in literals(path)
            if re.match(r"(SELECT|INSERT|UPDATE|DELETE|WITH)\s", text)]


def scans(db, text):
    """What a statement looks through from one end to the other, as sqlite says it: "deploys USING INDEX x"."""
    n_parameters = max([int(number) for number in re.findall(r"\?(\d+)", text)], default=0)
    steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {text}", [None] * n_parameters)]
    return [re.sub(r"( VIRTUAL TABLE INDEX \d+:| LEFT-JOIN)$", "", step.removeprefix("SCAN ")) for step in steps
            if step.startswith("SCAN ") and step != "SCAN CONSTANT ROW"]


def found_scans():
    db = database()
    return [(file, text, scan) for file, text in statements() for scan in scans(db, text) if scan.split()[0] not in SMALL]


def is_exception(text, scan):
    return any(re.search(words, text) and scan == allowed for words, allowed, _ in EXCEPTIONS)


def test_no_statement_scans_a_table_that_grows():
    assert len(statements()) > 50, "the statements are not found any more"
    source.expect_nothing([f"src/webhookd/store/{file}: scans {scan}: {text}" for file, text, scan in found_scans()
                           if not is_exception(text, scan)])


def test_each_exception_is_one():
    found = found_scans()
    source.expect_nothing([f"nothing is excepted by {words!r}, {allowed!r}" for words, allowed, _ in EXCEPTIONS
                           if not any(re.search(words, text) and scan == allowed for _, text, scan in found)])


def test_no_row_is_tested_by_a_list_of_words():
    """sqlite makes a table of such a list, and would for each row that is written."""
    db, findings = database(), []
    for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})").fetchall()]
        plan = db.execute(f"EXPLAIN INSERT INTO {table} VALUES({', '.join('?' * len(columns))})", [1] * len(columns)).fetchall()
        findings += [f"{table}: {row[1]}" for row in plan if row[1] == "OpenEphemeral"]
    source.expect_nothing(findings)


def test_what_goes_with_a_row_is_found_by_an_index():
    """Of a foreign key sqlite looks for the children, and says nothing of that in its plan."""
    db, findings = database(), []
    for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        for key in db.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            plan = db.execute(f"EXPLAIN QUERY PLAN SELECT rowid FROM {table} WHERE {key[3]} = 1" if table == "deploys" else
                              f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {key[3]} = 1").fetchall()
            findings += [f"{table}({key[3]}): {row[3]}" for row in plan if row[3].startswith("SCAN ")]
    source.expect_nothing(findings)


if __name__ == "__main__":
    tap.main()
