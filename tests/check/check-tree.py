# SPDX-License-Identifier: MIT
"""The rooms of the tree, who owns which foreign header, and what every file owes the reader."""
import re

import graph
import source
import tap

LINES_MAX = 450
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# The rooms of src/, lowest first: a folder, or a file in a program's own folder. "door" is the header that says what the room
# is for; "also" are the other headers that may be included from outside. "uses" are the rooms that it may include; shared/
# may be included by every program.
ROOMS = {
    "shared": {"door": "macro.h", "also": "*", "uses": []},
    "shared/tag": {"door": "tag-policy.h", "also": ["glob.h", "semver.h"], "uses": ["shared"]},
    "shared/conf": {"door": "conf.h", "also": ["as-user.h", "credential.h", "parse.h", "read-file.h", "trusted.h"], "uses": ["shared", "shared/tag"]},
    "shared/bus": {"door": "service.h", "also": ["call.h", "daemon.h", "errors.h", "options.h", "properties.h"],
                   "uses": ["shared", "shared/conf"]},

    "webhookd/store": {"door": "store.h", "also": ["hook.h", "show.h", "upkeep.h", "waits.h", "watch.h"], "uses": []},
    "webhookd/request": {"door": "request.h", "also": [], "uses": []},
    "webhookd/payload": {"door": "payload.h", "also": ["host-alias.h"], "uses": ["webhookd/request"]},
    "webhookd/webhook-config": {"door": "webhook-config.h", "also": [], "uses": ["webhookd/payload", "webhookd/store"]},
    "webhookd/hook": {"door": "hook.h", "also": [], "uses": ["webhookd/request", "webhookd/store"]},
    "webhookd/queue": {"door": "dispatch.h", "also": ["deployer.h", "inspector.h", "outbox.h", "progress.h", "watching.h"], "uses": ["webhookd/store"]},
    "webhookd/waiters": {"door": "waiters.h", "also": [], "uses": []},
    "webhookd/flood": {"door": "flood.h", "also": [], "uses": ["webhookd/queue"]},
    "webhookd/damage": {"door": "damage.h", "also": [], "uses": ["webhookd/store"]},
    "webhookd/turn": {"door": "turn.h", "also": [], "uses": ["webhookd/queue", "webhookd/request", "webhookd/store"]},
    "webhookd/delivery": {"door": "delivery.h", "also": ["matcher.h"],
                          "uses": ["webhookd/hook", "webhookd/payload", "webhookd/queue", "webhookd/request", "webhookd/store",
                                   "webhookd/webhook-config"]},
    "webhookd/http": {"door": "server.h", "also": ["loop.h", "tls.h"],
                      "uses": ["webhookd/delivery", "webhookd/request", "webhookd/turn", "webhookd/waiters"]},
    "webhookd/bus": {"door": "manager.h", "also": [],
                     "uses": ["webhookd/delivery", "webhookd/hook", "webhookd/queue", "webhookd/store", "webhookd/waiters",
                              "webhookd/webhook-config"]},
    "webhookd": {"door": "webhookd.h", "also": [], "uses": "*"},

    "deployerd/text": {"door": "text.h", "also": [], "uses": []},
    "deployerd/state": {"door": "state.h", "also": [], "uses": []},
    "deployerd/engine-note": {"door": "engine-note.h", "also": [], "uses": ["deployerd/state"]},
    "deployerd/repository-note": {"door": "repository-note.h", "also": [], "uses": ["deployerd/state"]},
    "deployerd/volume-note": {"door": "volume-note.h", "also": [], "uses": ["deployerd/state"]},
    "deployerd/takeover": {"door": "takeover.h", "also": [], "uses": ["deployerd/state"]},
    "deployerd/worker": {"door": "worker.h", "also": ["deploy-request.h", "operation.h", "report.h"], "uses": ["deployerd/text"]},
    "deployerd/config": {"door": "deployer-config.h", "also": ["hash.h", "json-diff.h", "merge-patch.h", "policy.h", "project-config.h", "project-env.h"],
                         "uses": ["deployerd/text"]},
    "deployerd/engine": {"door": "engine.h", "also": ["container-end.h", "container-list.h", "container-watch.h", "container.h", "containers.h", "events.h", "http.h", "images.h",
                                                               "info.h", "networks.h", "place.h", "sockets.h", "tags.h", "volumes.h"],
                         "uses": ["deployerd/engine-note", "deployerd/text", "deployerd/worker"]},
    "deployerd/deploy": {"door": "deploy.h", "also": ["command-body.h", "container-body.h", "health.h", "instance.h", "networks.h", "project.h", "recall.h", "removal.h", "upstreams.h", "volumes.h", "watch-judge.h"],
                         "uses": ["deployerd/config", "deployerd/engine", "deployerd/repository-note", "deployerd/takeover", "deployerd/volume-note", "deployerd/text",
                                  "deployerd/worker"]},
    "deployerd/job": {"door": "deploys.h", "also": ["queries.h", "strays.h", "watches.h"],
                      "uses": ["deployerd/config", "deployerd/deploy", "deployerd/engine", "deployerd/takeover", "deployerd/worker"]},
    "deployerd/bus": {"door": "manager.h", "also": [],
                      "uses": ["deployerd/config", "deployerd/engine", "deployerd/job", "deployerd/takeover", "deployerd/worker"]},
    "deployerd": {"door": "deployerd.h", "also": [], "uses": "*"},

    "ctl/text": {"door": "text.h", "also": [], "uses": []},
    "ctl/terminal": {"door": "terminal.h", "also": [], "uses": []},
    "ctl/ctl": {"door": "ctl.h", "also": [], "uses": ["ctl/terminal", "ctl/text"]},
    "ctl/private-file": {"door": "private-file.h", "also": [], "uses": []},
    "ctl/whole-file": {"door": "whole-file.h", "also": [], "uses": []},
    "ctl/agent": {"door": "agent.h", "also": [], "uses": []},
    "ctl/peer": {"door": "peer.h", "also": [], "uses": []},
    "ctl/advice": {"door": "advice.h", "also": [], "uses": ["ctl/peer"]},
    "ctl/report": {"door": "report.h", "also": [], "uses": ["ctl/advice", "ctl/ctl", "ctl/peer"]},
    "ctl/client": {"door": "client.h", "also": [], "uses": ["ctl/agent", "ctl/ctl", "ctl/peer", "ctl/report"]},
    "ctl/print": {"door": "table.h", "also": ["deploy-table.h", "deploy-words.h", "follow.h", "instance-table.h", "marked-json.h", "moment.h", "rows.h"], "uses": ["ctl/ctl", "ctl/terminal", "ctl/text"]},
    "ctl/verbs": {"door": "verbs.h", "also": [],
                  "uses": ["ctl/advice", "ctl/client", "ctl/ctl", "ctl/print", "ctl/private-file", "ctl/report",
                           "ctl/terminal", "ctl/whole-file"]},
    "ctl": {"door": "run.h", "also": [], "uses": "*"},
}

# A foreign header, and the only files that may include it.
OWNERS = [
    (r"sqlite3\.h", r"src/webhookd/store/[a-z-]*\.[ch]"),
    (r"h2o(/.*|\.h)", r"src/webhookd/http/(server|loop|connection|handler|head-watch)[a-z-]*\.[ch]"),
    (r"curl/.*", r"src/deployerd/engine/(http(-internal)?|watch)\.[ch]"),
    (r"systemd/sd-login\.h", r"src/ctl/agent\.c"),
    (r"openssl/ssl\.h", r"src/webhookd/http/tls\.c"),
    (r"openssl/.*", r"src/webhookd/(hook/(secret|signature)[a-z-]*|http/tls)\.c|src/deployerd/(config/hash|engine/registry-auth)\.c"),
    (r"regex\.h", r"src/shared/tag/tag-regex\.c"),
]

# Text in which a comment cannot say whose the file is.
WITHOUT_LICENCE_LINE = (".json", ".md", ".bin", ".txt", ".Debian")
WITHOUT_COMMENTS = ("debian/changelog", "debian/copyright", "debian/source/format")


def includes():
    """(file, quoted or not, header) for every include below src/."""
    for path in source.files(".c", ".h", below=("src",)):
        for quote, header in INCLUDE.findall(path.read_text(encoding="utf-8")):
            yield path, quote == '"', header


def room_of(name):
    """The room of a file, whose name is below src/."""
    stem = re.sub(r"(-internal)?\.[ch]$", "", name)
    return stem if stem in ROOMS else name.rsplit("/", 1)[0]


def test_every_file_is_in_a_room_that_has_a_door():
    rooms = {room_of(name) for name in graph.includes()}
    assert rooms == set(ROOMS), f"only one of the two has {sorted(rooms ^ set(ROOMS))}"
    for room, rule in ROOMS.items():
        folder = source.ROOT / "src" / room
        door = (folder if folder.is_dir() else folder.parent) / rule["door"]
        assert re.search(r"^/\*.*?\*/$", door.read_text(encoding="utf-8").split("\n", 1)[1], re.MULTILINE | re.DOTALL), f"{door} says nothing"


def test_every_room_includes_only_what_it_may():
    findings = []
    for room, targets in graph.between(graph.includes(), room_of).items():
        for target, arrows in targets.items():
            if target.split("/")[0] == "shared" != room.split("/")[0]:
                continue
            allowed = ROOMS[room]["uses"]
            if target.split("/")[0] != room.split("/")[0] or (allowed != "*" and target not in allowed):
                findings += [f"{one} includes {other}: {room} may not use {target}" for one, other in arrows]
    if findings:
        findings.append("Who may use whom is in ROOMS above, and in the table of docs/architecture.md.")
    source.expect_nothing(findings)


def test_every_room_is_entered_by_its_doors_alone():
    findings = []
    for targets in graph.between(graph.includes(), room_of).values():
        for target, arrows in targets.items():
            rule = ROOMS[target]
            findings += [f"{one} includes {other}, which is for {target} alone" for one, other in arrows
                         if rule["also"] != "*" and other.rsplit("/", 1)[1] not in [rule["door"], *rule["also"]]]
    source.expect_nothing(sorted(findings))


def test_every_room_calls_only_rooms_whose_headers_it_has():
    """A declaration of one's own, instead of the header, would let anybody call anybody."""
    findings = []
    arrows = graph.includes()
    for one, targets in graph.calls().items():
        rooms = {room_of(header) for header in graph.reach(arrows, one)}
        findings += [f"{one} calls {', '.join(symbols)} of {other}, and has no header of {room_of(other)}"
                     for other, symbols in targets.items() if room_of(other) not in rooms | {room_of(one)}]
    source.expect_nothing(findings)


def test_no_variable_is_open_to_other_files_or_hides_a_call():
    """Who sets such a variable, or what a pointer in one calls, is an arrow that nobody sees."""
    findings = []
    for path in source.files(".c", ".h", below=("src",)):
        text = graph.code(path)
        findings += [f"{source.name(path)}: {name} can be changed by other files" for name in graph.VARIABLE.findall(text)]
        findings += [f"{source.name(path)}: {name} is a pointer to a function, in a variable" for name in graph.POINTER.findall(text)]
    source.expect_nothing(findings)


def test_no_rule_is_left_over():
    arrows = graph.between(graph.includes(), room_of)
    findings = [f"{room} does not use {target}" for room, rule in ROOMS.items() if rule["uses"] != "*"
                for target in rule["uses"] if target not in arrows[room]]
    entered = {other for targets in arrows.values() for pairs in targets.values() for _, other in pairs}
    findings += [f"nobody includes {room}/{header}" for room, rule in ROOMS.items() if rule["also"] != "*"
                 for header in rule["also"] if f"{room}/{header}" not in entered]
    source.expect_nothing(findings)


def test_architecture_page_has_the_same_table():
    page = (source.ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rows = {room: re.findall(r"`([a-z/-]+)`", uses)
            for room, uses in re.findall(r"^\| `([a-z]+(?:/[a-z-]+)?)` \| [^|]+ \|([^|\n]*)\|$", page, re.MULTILINE)}
    wanted = {room: sorted(rule["uses"]) for room, rule in ROOMS.items() if rule["uses"] != "*"}
    assert {room: sorted(uses) for room, uses in rows.items() if room in ROOMS} == wanted, \
        f"they differ in {sorted(room for room in wanted if sorted(rows.get(room, ['?'])) != wanted[room])}"


def circles_of(who, verb, arrows):
    return [line for group in graph.circles(arrows)
            for line in (f"{who} {verb} each other in a circle: {', '.join(group)}; the shortest way round:",
                         *(f"    {one} {verb}s {other}{why}" for one, other, why in graph.explain(arrows, group)))]


def test_nothing_goes_round_in_circles():
    """Not among files, nor among .c files with the headers that are theirs, nor among rooms."""
    findings = []
    includes_of, calls = graph.includes(), graph.calls()
    for verb, arrows in (("include", includes_of), ("call", calls), ("use", graph.union(includes_of, calls))):
        # A header that is included and a .c file that is called are one only together.
        if verb != "use":
            findings += circles_of("These files", verb, arrows)
        findings += circles_of("These files, each with its header,", verb, graph.between(arrows, graph.module_of))
        findings += circles_of("These rooms", verb, graph.between(arrows, room_of))
    if findings:
        findings.append("Take away one arrow of each circle: move what both need into a file below them. docs/architecture.md has the order of the rooms.")
    source.expect_nothing(findings)


def test_a_foreign_header_is_included_by_its_owner_alone():
    findings = []
    for path, _, header in includes():
        for pattern, owner in OWNERS:
            if re.fullmatch(pattern, header) and not re.fullmatch(owner, source.name(path)):
                findings.append(f"{source.name(path)} includes {header}")
    source.expect_nothing(findings)


def is_inner(path):
    """Whether only the header's own room may include it."""
    rule = ROOMS[room_of(str(path.relative_to(source.ROOT / "src")))]
    return rule["also"] != "*" and path.name not in [rule["door"], *rule["also"]]


def test_no_foreign_type_crosses_a_header():
    owner = {kind: next(files for pattern, files in OWNERS if re.fullmatch(pattern, header))
             for kind, header in (("sqlite3", "sqlite3.h"), ("curl", "curl/curl.h"))}
    findings = []
    for path in source.files(".h", below=("src",)):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for match in re.finditer(r"\b(?:(sqlite3)(?:_stmt)?|CURL[A-Za-z]*|curl_\w+)\b", text):
            if not (is_inner(path) and re.fullmatch(owner[match.group(1) or "curl"], source.name(path))):
                findings.append(f"{source.name(path)} names {match.group()}")
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
    for path in source.files(".c", ".h", ".py", below=("src", "tests")):
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
    texts = {source.name(path).removeprefix("src/webhookd/"): path.read_text(encoding="utf-8") for path in source.files(".c", ".h", below=("src/webhookd",))}
    formats = set(re.findall(r"&payload_(\w+)", texts["payload/payload.c"]))
    providers = {name: re.search(r'\bPayloadFormat payload_%s = \{\s*\.name = "([a-z-]+)"' % name, text)
                 for name in formats for text in texts.values() if f"PayloadFormat payload_{name} = {{" in text}
    assert len(formats) > 10 and set(providers) == formats and all(providers.values()), (formats, providers)
    table = set(re.findall(r"`([a-z-]+)`", "".join(line.split("|")[2] for line in page.splitlines() if line.startswith("| ["))))
    assert table | {"cloudevents"} == {match.group(1) for match in providers.values()} | {"bare"}, table
    assert "has the provider `cloudevents`" in page

    reasons = set(re.findall(r'X\([A-Z_]+,\s*"([a-z-]+)",', texts["payload/ignore-reason.h"]))
    for array in re.findall(r"const char \*const (?:\w*reasons|reasons)\[\] = \{(.*?)\};", texts["delivery/autocreate.c"] + texts["delivery/gate.c"], re.DOTALL):
        reasons |= set(re.findall(r'"([a-z-]+)"', array))
    reasons |= set(re.findall(r'handle_ignored\(handling, [^"]*"([a-z-]+)"\)', "".join(text for name, text in texts.items() if name.startswith("delivery/"))))
    assert {"no-stage-matches", "auto-create-off", "same-digest", "delivered-before", "auto-deploy-off"} <= reasons, reasons
    explained = set(re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE))
    assert reasons == explained, f"only one of the two has {sorted(reasons ^ explained)}"


def test_catalog_has_a_next_step_for_what_went_wrong():
    """A command, at its own margin, in the entry of each event that is a warning or worse."""
    text = (source.ROOT / "catalog/tinyforge.catalog").read_text(encoding="utf-8")
    entries = dict(re.findall(r"^# (\w+)\n-- [0-9a-f]{32}\n(.*?)(?=^# |\Z)", text, re.MULTILINE | re.DOTALL))
    events = re.findall(r'X\((\w+),\s+"[0-9a-f]{32}", LOG_(?:WARNING|ERR|CRIT)', (source.ROOT / "src/shared/events.h").read_text(encoding="utf-8"))
    assert len(events) > 3, events
    source.expect_nothing([f"{event}: no command" for event in events if not re.search(r"^    \w", entries[event], re.MULTILINE)])
    # A container has another name while it comes up; its tag is the same.
    assert "CONTAINER_NAME=" not in text


def test_catalog_uses_only_fields_that_are_logged():
    log = (source.ROOT / "src/shared/log.c").read_text(encoding="utf-8")
    used = set(re.findall(r"@(\w+)@", (source.ROOT / "catalog/tinyforge.catalog").read_text(encoding="utf-8")))
    assert used
    source.expect_nothing([field for field in sorted(used) if f'"{field}"' not in log])


if __name__ == "__main__":
    tap.main()
