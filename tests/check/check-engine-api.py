# SPDX-License-Identifier: MIT
"""
What the deployer says to an engine, and reads of its answers, is what every version of the API between the oldest and the newest
that is spoken has: engine-api.txt is held to the sources, and, where the API's own descriptions lie beside the tree, to these.
"""
import importlib.util
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import source
import tap

FACTS = source.ROOT / "tests/check/engine-api.txt"
SCRIPT = source.ROOT / "scripts/engine-api"
ENGINE = "src/deployerd/engine"
DEPLOY = "src/deployerd/deploy"

# What paths are put together from, and the request that each is of.
PIECES = {
    "/_ping": "GET /_ping",
    "/version": "GET /version",
    "%s/events?filters=%s": "GET /events",
    "/containers/json?all=1&filters=%s": "GET /containers/json",
    "%s/containers/%s%s": None,  # and one of those that follow
    "/json": "GET /containers/{id}/json",
    "%s/containers/%s/logs?stdout=1&stderr=1&tail=%u": "GET /containers/{id}/logs",
    "/containers/create?name=%s": "POST /containers/create",
    "/start": "POST /containers/{id}/start",
    "/stop?t=%": "POST /containers/{id}/stop",
    "/rename?name=%s": "POST /containers/{id}/rename",
    "?force=1": "DELETE /containers/{id}",
    "/images/json?filters=%s": "GET /images/json",
    "%s/images/%s/json": "GET /images/{name}/json",
    "%s/images/create?fromImage=%s&tag=%s": "POST /images/create",
    "/images/%s/tag?repo=%s&tag=%s": "POST /images/{name}/tag",
    "/images/%s:%s": "DELETE /images/{name}",
    "/distribution/%s/json": "GET /distribution/{name}/json",
    "/networks/%s%s": "GET /networks/{id}",  # and one of those that follow
    "/connect": "POST /networks/{id}/connect",
    "/disconnect": "POST /networks/{id}/disconnect",
    "/volumes": "GET /volumes",
    "/volumes/%s": "DELETE /volumes/{name}",
}
# Files whose text that begins like a path is none.
NO_PATHS = ("registry-auth.c", "sockets.c", "engine.c")

# What not every version has, and why that does no harm.
SOMETIMES = {
    "answer Config.Healthcheck.StartInterval": "an engine without it has none to tell",
    "answer NetworkSettings.IPAddress": "asked where no network has an address; newer engines tell it there alone",
    "answer NetworkSettings.GlobalIPv6Address": "the same",
    "answer error": "asked where errorDetail has no message; newer engines tell that alone",
}
# What goes into the body of container-create for some versions alone, and why no other sees it.
FOR_SOME = {"MacAddress": "networks.c moves it to where engines before 1.44 take it"}
# Keys that are no engine's, or that the descriptions leave out.
OTHERS = {
    "message": "of every refusal", "cause": "Podman's, of a refusal", "exitCode": "of the event die",
    "containerExitCode": "Podman's, of the event died",
    "auths": "root's file of logins", "credHelpers": "the same", "credsStore": "the same", "username": "the same",
    "password": "the same", "identitytoken": "the same", "auth": "the same",
    "name": "a report to the parent", "version": "the same", "api": "the same", "socket": "the same",
}

READS = [
    ("string", re.compile(r'json_get_string\([^";]*?, "(\w+)"\)')),
    ("string", re.compile(r'json_string_value\(\s*json_path\([^")]*((?:"\w+",?\s*)+)NULL\)')),
    ("integer", re.compile(r'json_get_int\([^";]*?, "(\w+)",')),
    ("integer", re.compile(r'read_span\([^";]*?, "(\w+)",')),
    ("boolean", re.compile(r'json_is_true\(\s*json_object_get\([^";]*?, "(\w+)"\)')),
    (None, re.compile(r'json_object_get\([^";]*?, "(\w+)"\)')),
    (None, re.compile(r'json_path\([^")]*((?:"\w+",?\s*)+)NULL\)')),
]


def facts():
    """{request: {"answer State.Status": {type: [minor]}}}"""
    found, request = {}, None
    for line in FACTS.read_text(encoding="utf-8").splitlines():
        if re.match("[A-Z]+ /", line):
            found[line] = request = {}
        elif line and not line.startswith("#"):
            where, key, *kinds = line.split()
            request[f"{where} {key}"] = {kind.split(":")[0]: [int(minor) for minor in kind.split(":")[1].split(",")] for kind in kinds}
    return found


def spoken():
    """The oldest version, and the newest."""
    text = (source.ROOT / ENGINE / "engine.h").read_text(encoding="utf-8")
    return [int(re.search(rf"#define ENGINE_API_MINOR_{end} (\d+)U", text).group(1)) for end in ("MIN", "MAX")]


def code(folder):
    """(name, text) of each C file, without its comments."""
    for path in source.files(".c", below=(folder,)):
        yield path.name, re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def last(key):
    return re.split(r"[. ]", key.removesuffix("[]"))[-1]


def types_by_name(*places):
    """{last part of a key: all types that it has}"""
    found = {}
    for known in facts().values():
        for key, kinds in known.items():
            if key.split()[0] in places:
                found.setdefault(last(key), set()).update(kinds)
                # Those on the way to it are objects, or arrays of them.
                for part in key.split()[1].split(".")[:-1]:
                    found.setdefault(part.removesuffix("[]"), set()).add("array" if part.endswith("[]") else "object")
    return found


def create_keys():
    text = (source.ROOT / "src/deployerd/config/engine-keys.c").read_text(encoding="utf-8")
    return {name: (int(since), int(gone)) for name, since, gone in re.findall(r'\{ "(\w+)", &\w+, (\d+), \d+, (\d+) \}', text)}


def reads(text):
    """(key, type or None, text) of each key that is read."""
    for kind, pattern in READS:
        for match in pattern.finditer(text):
            names = re.findall(r"\w+", match.group(1))
            yield from ((name, "object", match.group()) for name in names[:-1])
            yield names[-1], kind, match.group()


def test_facts_are_those_of_the_oldest_and_the_newest_version_that_is_spoken():
    oldest, newest = spoken()
    for request, known in facts().items():
        versions = known["sent ."]["request"]
        assert versions[0] == oldest and versions[-1] == newest, (request, versions)


def test_every_version_has_all_that_is_sent_and_read():
    findings, left = [], dict(SOMETIMES)
    for request, known in facts().items():
        for key, kinds in known.items():
            if len(kinds) != 1:
                findings.append(f"{request}: {key} has the types {', '.join(kinds)}")
            elif next(iter(kinds.values())) != known["sent ."]["request"] and not left.pop(key, None):
                findings.append(f"{request}: {key} is in {next(iter(kinds.values()))} alone")
    source.expect_nothing(findings + [f"every version has {key}" for key in left])


def test_every_path_is_a_request_that_every_version_has():
    known, found, findings = facts(), set(), []
    for name, text in code(ENGINE):
        for piece in re.findall(r'"((?:%s)?[/?][^"]*)"', text):
            if piece in PIECES:
                found.add(piece)
            elif name not in NO_PATHS and re.match(r"(%s)?[/?]\w", piece) and piece != "/tcp":
                findings.append(f"{name}: {piece} is of no request")
    requests = set()
    for piece in found:
        for request in [PIECES[piece]] if isinstance(PIECES[piece], str) else PIECES[piece] or ():
            requests.add(request)
            findings += [f"{request} takes no {key}" for key in re.findall(r"[?&](\w+)=", piece) if f"query {key}" not in known[request]]
    findings += [f"nothing is of {piece} any more" for piece in set(PIECES) - found]
    source.expect_nothing(findings + [f"nobody sends {request}" for request in set(known) - requests])


def test_every_key_that_is_read_is_one_that_is_told_and_of_that_type():
    told, of_root, findings = types_by_name("answer"), create_keys(), []
    for folder, more in ((ENGINE, {}), (DEPLOY, of_root)):
        for name, text in code(folder):
            for key, kind, what in reads(text):
                if key in OTHERS or key in more:
                    continue
                if key not in told:
                    findings.append(f"{name}: {what}: no answer has {key}")
                elif kind and kind not in told[key]:
                    findings.append(f"{name}: {what}: {key} is {', '.join(told[key])}")
    source.expect_nothing(findings)


def test_every_fact_is_of_use():
    text = "".join(text for folder in (ENGINE, DEPLOY) for _, text in code(folder))
    words = set(re.findall(r"\w[\w-]*", " ".join(re.findall(r'"([^"]*)"', text))))
    names = {last(key) for known in facts().values() for key in known if key.split()[0] != "sent"} - {"", "*"}
    source.expect_nothing(sorted(names - words))


def test_bodies_have_only_keys_that_every_version_takes():
    taken, sent, findings = create_keys(), types_by_name("body"), []
    for folder in (ENGINE, DEPLOY):
        for name, text in code(folder):
            for call in re.findall(r"json_(?:pack|object_set(?:_new)?)\((?:[^()]|\([^()]*\))*\)", text):
                for key in re.findall(r'"([A-Z][a-z]+[A-Za-z]*)"', call):
                    if key not in sent and key not in FOR_SOME and taken.get(key) != (0, 0):
                        findings.append(f"{name}: {key} is no key of a body that every version takes")
    source.expect_nothing(findings)


def test_facts_are_what_the_descriptions_say():
    if importlib.util.find_spec("yaml") is None:
        raise tap.Skip("python3-yaml is not installed")
    paths = source.engine_descriptions()
    with tempfile.TemporaryDirectory(prefix="tinyforge-facts-") as folder:
        copy = shutil.copy(FACTS, folder)
        subprocess.run([sys.executable, SCRIPT, copy, *paths], check=True)
        assert pathlib.Path(copy).read_text(encoding="utf-8") == FACTS.read_text(encoding="utf-8"), "run scripts/engine-api again"


if __name__ == "__main__":
    tap.main()
