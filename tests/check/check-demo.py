# SPDX-License-Identifier: MIT
"""The demo ends at the first step that does not do what it says, and at no other."""
import source
import tap

# As scripts/demo begins.
PROLOGUE = """
set -Eeuo pipefail
. scripts/demo-steps
show_journal() { echo the journal; }
trap 'on_error $LINENO' ERR
step "a loaf is baked"
"""


def play(story):
    """Returns exit status, stdout and stderr of a demo with this story."""
    done = source.run("bash", "-c", PROLOGUE + story + "\necho the end\n", cwd=source.ROOT)
    return done.returncode, done.stdout, done.stderr


def test_step_that_fails_ends_the_demo_and_is_named():
    for story in ("check 'it is brown' false", "await 'it is brown' 0 false", "show sh -c 'exit 3'", "false", "baked=$(false)",
                  "brown() { check 'it is brown' test a = b; }; brown", "check 'it is brown' true; step 'it is eaten'; false"):
        status, out, err = play(story)
        number = 2 if "eaten" in story else 1
        assert status == 1, (story, status)
        assert f"demo: step {number} did not do what it says (line " in err and err.count("demo:") == 1, (story, err)
        assert "the journal" in out and "the end" not in out, (story, out)
        assert ("NO: it is brown" in out) == ("check 'it is brown' " in story and "eaten" not in story or "await" in story), (story, out)


def test_failure_that_is_asked_about_ends_nothing():
    for story in ("if false; then :; fi", "baked=$(false) || :", "baked=$(false || echo no)", "! true", 'say "$(echo 1.2; false)"', "until true; do :; done",
                  "if baked=$(sh -c 'echo 1.2; exit 1'); then :; fi", "brown() { [ a = b ]; }; brown || say 'it is not'",
                  "check 'it is brown' true", "await 'it is brown' 0 true"):
        status, out, err = play(story)
        assert status == 0 and not err and out.endswith("the end\n"), (story, status, out, err)


def test_the_demo_begins_so():
    demo = (source.ROOT / "scripts/demo").read_text(encoding="utf-8")
    for line in PROLOGUE.split("\n")[1:5]:
        assert line.split("{")[0] in demo, line


if __name__ == "__main__":
    tap.main()
