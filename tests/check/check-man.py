# SPDX-License-Identifier: MIT
"""The manual: it is well-formed, and names what there is and nothing else, as the programs and their sources have it."""
import os
import pathlib
import re
import shlex
import xml.etree.ElementTree as ET

import source
import tap
import manual  # noqa: E402  pylint: disable=wrong-import-position,wrong-import-order

BUILD = pathlib.Path(os.environ["BUILD_ROOT"])
CTL = BUILD / "src/ctl/tinyforgectl"
COLUMNS_MAX = 100
DOCUMENTS = "/usr/share/doc/tinyforge/"
PAGES = {"tinyforgectl.1", "tinyforge-webhookd.8", "tinyforge-deployerd.8", "tinyforge.conf.5", "tinyforge-projects.d.5",
         "org.tinyforge.Webhook1.5", "org.tinyforge.Deployer1.5"}
BUS = {"webhookd": "org.tinyforge.Webhook1", "deployerd": "org.tinyforge.Deployer1"}
# How scdoc writes: a macro too many at the ends of indentation, sentences as they come, names as they are.
SCDOC_STYLE = re.compile(r"skipping paragraph macro: PP (empty|after SH)|input text line longer than 80 bytes|"
                         r"lower case character in document title")
# For the tests alone.
HIDDEN_ENVIRONMENT = {"TINYFORGE_LIBEXEC_DIR"}


def read(path):
    return (source.ROOT / path).read_text(encoding="utf-8")


def sources(folder, suffix=".c"):
    return "\n".join(path.read_text(encoding="utf-8") for path in source.files(suffix, below=(folder,)))


def expect_same(found, wanted, what):
    """Fails, naming what only one of the two has."""
    assert wanted, f"{what}: nothing was found in the source"
    source.expect_nothing([f"{what}: the manual lacks {item}" for item in sorted(set(wanted) - set(found))] +
                          [f"{what}: there is no {item}" for item in sorted(set(found) - set(wanted))])


def terms(name, title):
    """The terms of a section's list, plain; one line can have several."""
    return {term for line, _ in manual.entries(manual.section(manual.page(name), title))
            for term in manual.plain(line).split(", ")}


# The whole

def test_there_are_exactly_the_pages_that_are_promised():
    expect_same(manual.names(), PAGES, "man")


def test_pages_pass_groff_and_mandoc():
    source.need("groff")
    source.need("mandoc")
    if not (BUILD / "man" / "tinyforgectl.1").exists():
        raise tap.Skip("scdoc was not there at the build")
    findings = []
    for name in sorted(PAGES):
        done = source.run("groff", "-K", "utf8", "-man", "-ww", "-T", "utf8", "-z", BUILD / "man" / name)
        findings += [f"{name}: {line}" for line in done.stderr.splitlines()]
        assert done.returncode == 0, done.stderr
        done = source.run("mandoc", "-T", "lint", BUILD / "man" / name)
        findings += [line for line in done.stdout.splitlines() if not SCDOC_STYLE.search(line)]
    source.expect_nothing(findings)


def test_nothing_is_left_of_a_template():
    for path in (BUILD / "man").glob("*.[158]"):
        assert not re.search(r"@[A-Z]+@|\{\{", path.read_text(encoding="utf-8")), path


def test_no_line_of_an_example_is_too_wide():
    source.expect_nothing([f"{name}: {line}" for name in manual.names() for block in manual.blocks(manual.page(name))
                           for line in block.splitlines() if len(line) > COLUMNS_MAX])


def test_every_page_has_the_sections_that_are_looked_for():
    for name in manual.names():
        for title in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "SEE ALSO"):
            assert manual.section(manual.page(name), title).strip(), f"{name}: {title}"


def test_what_the_pages_refer_to_is_there():
    findings = []
    for name in manual.names():
        text = manual.page(name)
        findings += [f"{name}: no page {page}({number})" for page, number in re.findall(r"\*([\w.-]+)\*\(([158])\)", text)
                     if "tinyforge" in page and f"{page}.{number}" not in PAGES]
        findings += [f"{name}: no document {path}" for path in re.findall(rf"{DOCUMENTS}([\w./-]*[\w-])", text)
                     if not (source.ROOT / path).exists()]
    source.expect_nothing(findings)


def test_every_page_leads_to_all_others():
    """Not each to each, but nobody has to guess a name."""
    seen, ahead = set(), {"tinyforgectl.1"}
    while ahead:
        name = ahead.pop()
        seen.add(name)
        found = re.findall(r"\*([\w.-]+)\*\(([158])\)", manual.section(manual.page(name), "SEE ALSO"))
        ahead |= {f"{page}.{number}" for page, number in found if "tinyforge" in page} - seen
    expect_same(seen, PAGES, "SEE ALSO")


def test_units_name_pages_that_there_are():
    findings = []
    for path in source.files(".in", below=("units",)):
        named = re.search(r"^Documentation=(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert named, f"{path.name} names no documentation"
        findings += [f"{path.name}: {word}" for word in named.group(1).split()
                     if re.sub(r"man:(.*)\((\d)\)", r"\1.\2", word) not in PAGES]
    source.expect_nothing(findings)


# tinyforgectl(1)

def ctl_help(*words):
    done = source.run(CTL, *words, "--help")
    assert done.returncode == 0, done.stderr
    return done.stdout


def verbs():
    """{name: how it is called}, as the program tells."""
    listed = re.search(r"^Verbs:\n(.*?)^$", ctl_help(), re.MULTILINE | re.DOTALL).group(1)
    found = {}
    for usage in re.findall(r"^  (\S.*?)  +\S.*$", listed, re.MULTILINE):
        found[re.match(r"[a-z-]+(?: [a-z-]+)*", usage).group()] = usage
    return found


def verb_details(verb):
    """The verb's own part of its help, without the options that all verbs have."""
    return ctl_help(*verb.split()).rpartition("\nOptions:\n")[0].partition("\n")[2]


def documented_verbs():
    """{how it is called: text} of the page."""
    return {manual.plain(term): text for term, text in
            manual.entries(manual.section(manual.page("tinyforgectl.1"), "VERBS"))}


def options_of(text):
    """The options of a verb's list, short ones too."""
    lines = re.findall(r"^\t(-.*)$", manual.plain(text), re.MULTILINE)
    return {option for line in lines for option in re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", line)}


def json_keys(text):
    found = re.search(r"^\s*JSON\b.*", text, re.MULTILINE | re.DOTALL)
    return set(re.findall(r'"(\w+)"', found.group())) if found else None


def test_every_verb_is_in_the_page_as_the_program_calls_it():
    expect_same(documented_verbs(), verbs().values(), "VERBS")


def test_every_option_of_a_verb_is_with_it():
    documented = documented_verbs()
    for verb, usage in verbs().items():
        wanted = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*",
                                "\n".join(re.findall(r"^ {2,5}(-.*?)(?:  .*)?$", verb_details(verb), re.MULTILINE))))
        if wanted or options_of(documented[usage]):
            expect_same(options_of(documented[usage]), wanted, verb)


def test_page_has_every_option_that_is_parsed():
    run = read("src/ctl/run.c")
    wanted = {f"--{name}" for name in re.findall(r'\{ "([a-z-]+)", (?:no_argument|required_argument|VERB_)', run)}
    wanted |= {f"-{letter}" for letter in re.search(r'getopt_long\(argc, argv, "([a-zA-Z:]+)"', run).group(1) if letter != ":"}
    found = set().union(*map(options_of, documented_verbs().values()))
    common = terms("tinyforgectl.1", "OPTIONS")
    expect_same(found | {term.partition("=")[0] for term in common}, wanted, "options")


def test_keys_of_the_json_are_those_of_the_help():
    documented = documented_verbs()
    for verb, usage in verbs().items():
        wanted = json_keys(verb_details(verb))
        assert wanted is not None, f"the help of {verb} does not tell its JSON"
        found = json_keys(documented[usage])
        assert found is not None, f"{verb}: the manual does not tell its JSON"
        # Where the help says "as of", it leaves out what the other verb has.
        if wanted or found:
            expect_same(found, wanted, f"JSON of {verb}")


def test_every_verb_has_its_screen():
    expect_same(re.findall(r"^## (.+)$", read("docs/tinyforgectl.md"), re.MULTILINE), verbs(), "docs/tinyforgectl.md")


def test_every_verb_says_who_may_use_it():
    allowed = manual.entries(manual.section(manual.page("tinyforgectl.1"), "WHO MAY DO WHAT"))
    named = {verb for _, text in allowed for verb in re.findall(r"\*([a-z][a-z -]+)\*", text)}
    expect_same(named, verbs(), "WHO MAY DO WHAT")
    actions = {action for daemon in BUS for action in
               re.findall(r'^#define \w+ +"(org\.tinyforge\.[a-z.-]+)"$', read(f"src/{daemon}/bus/access.c"), re.MULTILINE)}
    expect_same({action for term, _ in allowed for action in re.findall(r"org\.tinyforge[\w.-]+", term)}, actions, "WHO MAY DO WHAT")


def test_exit_codes_are_those_of_the_program():
    wanted = re.findall(r"CTL_EXIT_\w+ = (\d+)", read("src/ctl/ctl.h"))
    expect_same(terms("tinyforgectl.1", "EXIT CODES"), {"0", *wanted}, "EXIT CODES")


def test_every_variable_that_is_read_is_named():
    wanted = set(re.findall(r'getenv\("(\w+)"\)', sources("src/ctl"))) - HIDDEN_ENVIRONMENT
    found = terms("tinyforgectl.1", "ENVIRONMENT")
    source.expect_nothing([f"ENVIRONMENT lacks {name}" for name in sorted(wanted - found)])


def examples(text):
    """Each command of tinyforgectl, in words; what a pipe does with its output is left out."""
    found = []
    for line in text.splitlines():
        if line.startswith("tinyforgectl "):
            lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&")
            lexer.whitespace_split = True
            words = list(lexer)
            found.append(words[1:next((i for i, word in enumerate(words) if word in ("|", ";", "&&")), len(words))])
    return found


def book():
    """What people read besides the manual; a page that is made of the program's own output has no examples."""
    return ["README.md", *(f"docs/{path.name}" for path in sorted((source.ROOT / "docs").glob("*.md")) if path.name != "tinyforgectl.md")]


def book_examples():
    found = {tuple(words): name for name in book() for words in
             examples("\n".join(re.findall(r"^```\w*\n(.*?)^```$", read(name), re.MULTILINE | re.DOTALL)))}
    assert len(found) > 30, found
    return found


def page_examples(name):
    return examples("\n".join(manual.commands(manual.page(name), "tinyforgectl")))


def test_every_example_is_a_command_line_that_the_program_takes():
    """Without a bus: it gets as far as asking. What is wrong in itself is exit code 2."""
    environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent", TINYFORGE_LIBEXEC_DIR="/nonexistent")
    commands = {tuple(words): name for name in manual.names() for words in page_examples(name)}
    commands.update(book_examples())
    assert len(commands) > 30
    for words, name in commands.items():
        done = source.run(CTL, *words, env=environment)
        assert done.returncode in (0, 1), f"{name}: tinyforgectl {shlex.join(words)}: {done.stderr}"


def verb_of(words):
    words = [word for word in words if not word.startswith("-")]
    return next((verb for verb in (" ".join(words[:2]), *words[:1]) if verb in verbs()), "status")


def test_examples_have_every_task_of_the_book():
    found = {verb_of(words) for words in page_examples("tinyforgectl.1")}
    wanted = {verb_of(words) for words in book_examples()}
    source.expect_nothing([f"EXAMPLES lack {verb}" for verb in sorted(wanted - found)])


def test_links_of_the_book_lead_somewhere():
    """To a file, and to a heading of it, as the forges make anchors of headings."""
    findings = []
    for name in [*book(), "NEWS.md", "docs/tinyforgectl.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)\s]*)\)", read(name)):
            path, _, anchor = target.partition("#")
            file = (source.ROOT / name).parent / path if path else source.ROOT / name
            if not file.exists():
                findings.append(f"{name}: no file {target}")
            elif anchor:
                text = re.sub(r"^```.*?^```$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
                anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
                           for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
                findings += [f"{name}: no heading {target}"] if anchor not in anchors else []
    source.expect_nothing(findings)


# tinyforge.conf(5)

def keys_of(path):
    """{key: default} of a daemon's table."""
    found = re.findall(r'\{ "\w+", "(\w+)", \w+,\s+offsetof\(\w+, \w+\),\s+(NULL|"[^"]*"),\s+(?:true|false) \}', read(path))
    assert len(found) == len(re.findall(r"offsetof\(", read(path)))
    return {key: "none" if default == "NULL" else default.strip('"') for key, default in found}


def test_every_key_has_its_meaning_and_its_default():
    for path, title in (("src/webhookd/webhook-config.c", "SECTION [WEBHOOK] OF WEBHOOKD.CONF"),
                        ("src/deployerd/config/deployer-config.c", "SECTION [DEPLOYER] OF DEPLOYERD.CONF")):
        found = {}
        for term, text in manual.entries(manual.section(manual.page("tinyforge.conf.5"), title)):
            meaning, _, default = manual.plain(text).rpartition("Default: ")
            assert len(meaning.split()) > 5, f"{term} has no meaning"
            found[re.match(r"(\w+)=", manual.plain(term)).group(1)] = default.strip().removesuffix(".")
        wanted = keys_of(path)
        expect_same(found, wanted, title)
        expect_same(found.items(), wanted.items(), title)


def test_configuration_as_shipped_has_every_key():
    for path, shipped in (("src/webhookd/webhook-config.c", "conf/webhookd.conf"),
                          ("src/deployerd/config/deployer-config.c", "conf/deployerd.conf")):
        expect_same(re.findall(r"^#(\w+)=", read(shipped), re.MULTILINE), keys_of(path), shipped)


def test_keys_of_a_projects_file_are_those_that_are_read():
    reader = read("src/deployerd/config/project-config.c") + read("src/deployerd/config/project-parts.c")
    wanted = set(re.findall(r'streq\(key, "(\w+)"\)', reader)) | set(re.findall(r'\{ "(\w+)", read_', reader))
    expect_same(terms("tinyforge-projects.d.5", "KEYS"), wanted, "KEYS")


# The daemons

def test_daemons_options_are_those_that_are_parsed():
    daemon = read("src/shared/bus/daemon.c")
    wanted = {f"--{name}" for name in re.findall(r'\{ "([a-z-]+)", \w+_argument', daemon)} | {"-h"}
    for name in ("tinyforge-webhookd.8", "tinyforge-deployerd.8"):
        expect_same({term.partition("=")[0] for term in terms(name, "OPTIONS")}, wanted, name)


def test_every_unit_is_named():
    wanted = re.findall(r"^    '(tinyforge-[\w.-]+)',$", read("units/meson.build"), re.MULTILINE)
    found = terms("tinyforge-webhookd.8", "UNITS") | terms("tinyforge-deployerd.8", "UNITS")
    source.expect_nothing([f"UNITS lack {unit}" for unit in sorted(set(wanted) - found)])
    expect_same({unit for unit in found if unit.startswith("tinyforge-")}, wanted, "UNITS")


def test_every_credential_is_named():
    for daemon in BUS:
        wanted = set(re.findall(r'^#define \w+_CREDENTIAL +"([^"]+)"$', sources(f"src/{daemon}", ".h"), re.MULTILINE))
        found = {term.removesuffix(".HOOK") for term in terms(f"tinyforge-{daemon}.8", "CREDENTIALS")}
        expect_same(found, wanted, daemon)


def test_every_answer_is_explained():
    wanted = set(re.findall(r'^        \{ (\d{3}),\s', read("src/webhookd/http/status-text.c"), re.MULTILINE))
    expect_same(terms("tinyforge-webhookd.8", "ANSWERS"), wanted, "ANSWERS")


def test_every_reason_is_explained():
    wanted = set(re.findall(r'^        X\(\w+, "([a-z-]+)"', read("src/webhookd/payload/ignore-reason.h"), re.MULTILINE))
    for path in ("delivery/gate.c", "delivery/autocreate.c"):
        wanted |= set(re.findall(r'^        \[\w+\] = "([a-z-]+)",$', read(f"src/webhookd/{path}"), re.MULTILINE))
    wanted |= set(re.findall(r'handle_ignored\([^;]*"([a-z-]+)"\)', sources("src/webhookd/delivery")))
    expect_same(terms("tinyforge-webhookd.8", "REASONS"), wanted, "REASONS")


def test_every_format_is_named():
    wanted = re.findall(r'^        \.name = "([a-z-]+)",$', sources("src/webhookd/payload"), re.MULTILINE)
    wanted += re.findall(r'_PROVIDER "([a-z-]+)"$', sources("src/webhookd/delivery"), re.MULTILINE)
    expect_same(terms("tinyforge-webhookd.8", "SENDERS"), wanted, "SENDERS")


def test_every_header_that_proves_or_counts_is_named():
    page = manual.plain(manual.page("tinyforge-webhookd.8")).lower()
    wanted = set(re.findall(r'"((?:x-|webhook-)[a-z0-9-]+|authorization)"', read("src/webhookd/hook/signature.c")))
    wanted |= set(re.findall(r'^        \{ "([a-z-]+)", DELIVERY_ID_', read("src/webhookd/payload/delivery-id.c"), re.MULTILINE))
    assert len(wanted) > 8, wanted
    source.expect_nothing([f"not named: {header}" for header in sorted(wanted) if not re.search(rf"\b{header}\b", page)])


def test_every_metric_is_named():
    wanted = set(re.findall(r'"(tinyforge_[a-z_]+)"', read("src/ctl/verbs/metrics.c")))
    expect_same(terms("tinyforge-webhookd.8", "METRICS"), wanted, "METRICS")


def test_both_daemons_lead_to_the_events_of_the_journal():
    for name in ("tinyforge-webhookd.8", "tinyforge-deployerd.8"):
        assert f"{DOCUMENTS}docs/audit.md" in manual.section(manual.page(name), "JOURNAL"), name


# org.tinyforge.*(5)

def test_every_member_of_an_interface_is_in_its_page():
    for name in BUS.values():
        interface = ET.parse(source.ROOT / "dbus" / f"{name}.xml").getroot().find("interface")
        for tag, title in (("method", "METHODS"), ("signal", "SIGNALS"), ("property", "PROPERTIES")):
            found = re.findall(r"^\*(\w+)\*", manual.section(manual.page(f"{name}.5"), title), re.MULTILINE)
            expect_same(found, {member.get("name") for member in interface.findall(tag)}, f"{name} {title}")


def error_names():
    return set(re.findall(r'^        X\(\w+, "(\w+)"', read("src/shared/bus/errors.h"), re.MULTILINE))


def test_every_error_is_in_the_page_of_who_answers_with_it():
    everywhere = set()
    for name in BUS.values():
        found = {term.removeprefix("org.tinyforge.") for term in terms(f"{name}.5", "ERRORS")
                 if term.startswith("org.tinyforge.")}
        comments = " ".join(re.findall(r"<!--(.*?)-->", read(f"dbus/{name}.xml"), re.DOTALL))
        named = {error for error in error_names() if re.search(rf"\b{error}\b", comments)}
        source.expect_nothing([f"{name}: a comment names {error}, ERRORS do not" for error in sorted(named - found)])
        everywhere |= found
    expect_same(everywhere, error_names(), "ERRORS")


def test_every_action_is_in_the_page_with_its_methods():
    for daemon, name in BUS.items():
        table = source.ROOT / "src" / daemon / "bus/access.c"
        if not table.exists():
            raise tap.Skip("this tree does not ask polkit")
        text = table.read_text(encoding="utf-8")
        actions = dict(re.findall(r'^#define (\w+) +"(org\.tinyforge\.[a-z.-]+)"$', text, re.MULTILINE))
        wanted = {(actions[action], member) for member, action in
                  re.findall(r'\{ \.member = "(\w+)",[^}]*\.action = (\w+)', text)}
        found = {(manual.plain(term), member) for term, methods in
                 manual.entries(manual.section(manual.page(f"{name}.5"), "AUTHORISATION")) if term.startswith("*org.")
                 for member in re.findall(r"\w+", manual.plain(methods))}
        expect_same(found, wanted, name)


if __name__ == "__main__":
    tap.main()
