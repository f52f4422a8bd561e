# SPDX-License-Identifier: MIT
"""Who may include whom, and what every file owes the reader."""
import re

import source
import tap

LINES_MAX = 450
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# The parts of src/, and whose headers each may use.
MAY_INCLUDE = {
    "shared": {"shared"},
    "webhookd": {"shared", "webhookd"},
    "deployerd": {"shared", "deployerd"},
    "ctl": {"shared", "ctl"},
}

# A foreign header, and the only files that may include it.
OWNERS = [
    (r"sqlite3\.h", r"src/webhookd/store[a-z-]*\.[ch]"),
    (r"h2o(/.*|\.h)", r"src/webhookd/(server|loop|handler)[a-z-]*\.[ch]"),
    (r"curl/.*", r"src/deployerd/engine-(http(-internal)?|watch)\.[ch]"),
    (r"systemd/sd-journal\.h", r"src/shared/log\.c"),
    (r"systemd/sd-login\.h", r"src/ctl/agent\.c"),
    (r"openssl/ssl\.h", r"src/webhookd/tls\.c"),
    (r"openssl/.*", r"src/webhookd/((secret|signature)[a-z-]*|tls)\.c|src/deployerd/([a-z-]*hash|registry-auth)\.c"),
    (r"regex\.h", r"src/shared/tag-regex\.c"),
]

# Text in which a comment cannot say whose the file is.
WITHOUT_LICENCE_LINE = (".json", ".md", ".bin", ".txt", ".Debian")
WITHOUT_COMMENTS = ("debian/changelog", "debian/copyright", "debian/source/format")


def includes():
    """(file, quoted or not, header) for every include below src/."""
    for path in source.files(".c", ".h", below=("src",)):
        for quote, header in INCLUDE.findall(path.read_text(encoding="utf-8")):
            yield path, quote == '"', header


def test_every_part_includes_only_what_it_may():
    findings = []
    for path, quoted, header in includes():
        part = path.relative_to(source.ROOT / "src").parts[0]
        assert part in MAY_INCLUDE, f"{part} is a part without a rule"
        if quoted and header != "config.h" and header.split("/")[0] not in MAY_INCLUDE[part]:
            findings.append(f"{source.name(path)} includes {header}")
    source.expect_nothing(findings)


def test_a_foreign_header_is_included_by_its_owner_alone():
    findings = []
    for path, _, header in includes():
        for pattern, owner in OWNERS:
            if re.fullmatch(pattern, header) and not re.fullmatch(owner, source.name(path)):
                findings.append(f"{source.name(path)} includes {header}")
    source.expect_nothing(findings)


def test_no_foreign_type_crosses_a_header():
    findings = [f"{source.name(path)} names {match.group()}"
                for path in source.files(".h", below=("src",))
                for match in [re.search(r"\b(sqlite3(_stmt)?|CURL[A-Za-z]*|curl_\w+)\b",
                                        re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL))]
                if match and not path.stem.endswith("-internal")]
    source.expect_nothing(findings)


def test_every_file_says_its_licence():
    findings = []
    for path in source.files():
        if path.suffix in WITHOUT_LICENCE_LINE or source.name(path) in WITHOUT_COMMENTS or "data" in path.parts or "corpus" in path.parts:
            continue
        if b"SPDX-License-Identifier: MIT" not in b"".join(path.read_bytes().splitlines(keepends=True)[:4]):
            findings.append(source.name(path))
    source.expect_nothing(findings)


def test_every_header_is_guarded_by_pragma_once():
    source.expect_nothing([source.name(path) for path in source.files(".h")
                           if "\n#pragma once\n" not in path.read_text(encoding="utf-8")])


def test_no_file_is_too_long_to_read():
    findings = []
    for path in source.files(".c", ".h", below=("src",)):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > LINES_MAX:
            findings.append(f"{source.name(path)}: {lines} lines")
    source.expect_nothing(findings)


def known_events():
    """{id: name} of the table in the source."""
    table = (source.ROOT / "src/shared/events.h").read_text(encoding="utf-8")
    return dict((identifier, name) for name, identifier in re.findall(r'X\((\w+),\s*"([0-9a-f]{32})"', table))


def test_catalog_explains_exactly_the_events():
    events = known_events()
    text = (source.ROOT / "catalog/tinyforge.catalog").read_text(encoding="utf-8")
    entries = dict((identifier, name) for name, identifier in re.findall(r"^# (\w+)\n-- ([0-9a-f]{32})$", text, re.MULTILINE))
    assert events and len(re.findall(r"^-- ", text, re.MULTILINE)) == len(entries)
    assert events == entries, f"only one of the two has {sorted(set(events.items()) ^ set(entries.items()))}"


def test_audit_page_has_exactly_the_events_and_who_logs_them():
    events = known_events()
    page = (source.ROOT / "docs/audit.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| ([0-9a-f]{32}) \| (webhookd|deployerd) \|", page, re.MULTILINE)
    listed = dict((identifier, name) for name, identifier, _ in rows)
    assert len(rows) == len(listed)
    assert events == listed, f"only one of the two has {sorted(set(events.items()) ^ set(listed.items()))}"
    for name, _, daemon in rows:
        assert any(f"EVENT_{name}" in path.read_text(encoding="utf-8")
                   for path in source.files(".c", below=(f"src/{daemon}",))), f"{daemon} does not log {name}"


def test_audit_page_asks_for_events_and_fields_that_there_are_and_for_who_wrote_them():
    page = (source.ROOT / "docs/audit.md").read_text(encoding="utf-8")
    log = (source.ROOT / "src/shared/log.c").read_text(encoding="utf-8")
    queries = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(queries) > 5
    for query in queries:
        for group in query.split(" + "):
            assert re.search(r"_SYSTEMD_UNIT=|_UID=", group), f"anybody could have written what this finds: {group}"
    source.expect_nothing([f"no such event: {identifier}" for identifier in re.findall(r"MESSAGE_ID=([0-9a-f]+)", page)
                           if identifier not in known_events()])
    source.expect_nothing([f"not logged: {field}" for field in sorted(set(re.findall(r"\bTINYFORGE_[A-Z_]+\b", page)))
                           if f'"{field}"' not in log])


def test_senders_page_names_every_format_and_every_reason():
    page = (source.ROOT / "docs/senders.md").read_text(encoding="utf-8")
    texts = {path.name: path.read_text(encoding="utf-8") for path in source.files(".c", ".h", below=("src/webhookd",))}
    formats = set(re.findall(r"&payload_(\w+)", texts["payload.c"]))
    providers = {name: re.search(r'\bPayloadFormat payload_%s = \{\s*\.name = "([a-z-]+)"' % name, text)
                 for name in formats for text in texts.values() if f"PayloadFormat payload_{name} = {{" in text}
    assert len(formats) > 10 and set(providers) == formats and all(providers.values()), (formats, providers)
    table = set(re.findall(r"`([a-z-]+)`", "".join(line.split("|")[2] for line in page.splitlines() if line.startswith("| ["))))
    assert table | {"cloudevents"} == {match.group(1) for match in providers.values()}, table
    assert "told as `cloudevents`" in page

    reasons = set(re.findall(r'X\([A-Z_]+,\s*"([a-z-]+)",', texts["ignore-reason.h"]))
    for array in re.findall(r"const char \*const (?:\w*reasons|reasons)\[\] = \{(.*?)\};", texts["delivery.c"] + texts["gate.c"], re.DOTALL):
        reasons |= set(re.findall(r'"([a-z-]+)"', array))
    reasons |= set(re.findall(r'handle_ignored\(handling, [^"]*"([a-z-]+)"\)', texts["delivery.c"] + texts["delivery-queue.c"]))
    assert {"no-stage-matches", "auto-create-off", "same-digest", "delivered-before", "auto-deploy-off"} <= reasons, reasons
    explained = set(re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE))
    assert reasons == explained, f"only one of the two has {sorted(reasons ^ explained)}"


def test_catalog_uses_only_fields_that_are_logged():
    log = (source.ROOT / "src/shared/log.c").read_text(encoding="utf-8")
    used = set(re.findall(r"@(\w+)@", (source.ROOT / "catalog/tinyforge.catalog").read_text(encoding="utf-8")))
    assert used
    source.expect_nothing([field for field in sorted(used) if f'"{field}"' not in log])


if __name__ == "__main__":
    tap.main()
