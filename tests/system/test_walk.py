#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The way of a person who knows systemd and not this program, and has nothing but `man`, `--help` and the handbook: install,
find the URL, wire a CI, see the first deploy, pin a stage to v* tags, add a volume, go back, replace the secret, and
answer who deployed what and when. What is typed is what the documentation says, with other names; at the end each line is
looked up there. The tests are one story, in this order.

usage: test_walk.py [TEST], with BUS= and BUILD_ROOT= as for test_system.py
"""
import json
import re
import shlex
import sys

import harness
import pages
import package  # pylint: disable=wrong-import-order
from forge import ADDRESS, REGISTRY, SOCKET, Bare
from host import wait_until

# The names of the documentation, and what is called so here.
NAMES = {
    "ghcr.io/acme/": f"{REGISTRY}/acme/",
    "https://deploy.example.com": f"http://{ADDRESS}",
    "cp docs/": "cp /usr/share/doc/tinyforge/docs/",
    "./build-deb": str(package.folder_of(harness.BUILD)),
}
DEPLOY_SH = "/usr/share/doc/tinyforge/docs/ci/deploy.sh"
VOLUME = "/etc/tinyforge/projects.d/shop.json"
ERIN = "erin"  # may read, and deploy the project shop, by the rule that the documentation has

forge = None  # pylint: disable=invalid-name
typed = []  # each line as the documentation has it


def named(text, names=None):
    for name, here in {**NAMES, **(names or {})}.items():
        text = text.replace(name, here)
    return text


def types(line, user="root", status=0, **names):
    """Types a line of the documentation; `names` are others that it has here. Returns both outputs of the command."""
    typed.append(line)
    done = forge.run("bash", "-c", named(line, names), user=user, check=False)
    assert done.returncode == status, (line, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def asks(question, **names):
    """Asks the journal what the page on audits says to ask."""
    forge.run("journalctl", "--sync")
    return types(pages.answer(question), user=ERIN, **names)


def ci(image, called, status=0):
    """What a CI runs once it has pushed."""
    done = forge.run("env", f"TINYFORGE_URL={called}", "sh", DEPLOY_SH, image, user="nobody", check=False)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout + done.stderr


def pushes(tag, variant="plain"):
    return forge.image("acme/shop", tag, variant, tag)


def url():
    return types("tinyforgectl url").split()[0]


def answered(said):
    """The deploy in the answer that a CI shows at the end."""
    answer = json.loads([line for line in said.splitlines() if line.startswith("{")][-1])
    return answer["deploy"] if "deploy" in answer else answer["deploys"][0]


def pushed(tag, stage):
    """A CI's push, followed to its end; returns its number."""
    deploy = answered(ci(pushes(tag), url()))
    assert (deploy["stage"], deploy["state"]) == (stage, "succeeded"), deploy
    assert ": succeeded" in types("tinyforgectl follow 7", user=ERIN, **{"7": str(deploy["id"])})
    return str(deploy["id"])


def page(stage):
    return forge.out("curl", "-sS", "--max-time", "5", f'http://{types("tinyforgectl endpoint shop dev", dev=stage).split()[0]}/')


def prepare(host):
    """What there is before the person comes: an engine, a registry, somebody without privileges."""
    host.provision("registry")
    host.run("groupadd", "--system", "deployers")
    host.run("useradd", "--groups", "deployers,systemd-journal", ERIN)


def test_one_installs_and_nothing_listens():
    types("apt install ./build-deb/tinyforge_*.deb ./build-deb/tinyforge-doc_*.deb")
    assert forge.unit(SOCKET, "ActiveState", "UnitFileState") == ["inactive", "disabled"]
    for path in ("/etc/tinyforge/deployerd.conf.d/images.conf", "/etc/tinyforge/webhookd.conf.d/images.conf"):
        forge.write(path, named(pages.file(path)))
    # Patience for a test.
    forge.write("/etc/tinyforge/deployerd.conf.d/test.conf", "[Deployer]\nStableSec=1\nStopGraceSec=2\nDrainSec=0\n")
    assert f"{REGISTRY}/acme/*" in types("tinyforgectl cat-config")


def test_one_opens_the_socket_and_finds_the_url():
    types("systemctl enable --now tinyforge-webhookd.socket")
    assert "active" in types("systemctl status tinyforge-webhookd.socket")
    told = types("tinyforgectl url")
    # The address of this host is nobody else's, which is told.
    assert re.match(rf"http://{ADDRESS}/api/webhook/[0-9a-f-]{{36}}\n", told) and "PublicURL=" in told, told
    refused = types("tinyforgectl url", user=ERIN, status=1)
    assert "sudo" in refused and "/api/" not in refused, refused
    told = types("tinyforgectl match ghcr.io/acme/shop:v1.4", user=ERIN, status=4)
    assert "A push would create one" in told, told


def test_one_wires_a_ci_and_sees_the_first_deploy():
    deploy = pushed("v1.3", "dev")
    rows = types("tinyforgectl deploys shop dev", user=ERIN)
    assert re.search(rf"^ *{deploy} +shop +dev +v1.3 +succeeded ", rows, re.MULTILINE), rows
    assert "running" in types("tinyforgectl status") and page("dev") == "v1.3"
    assert "Instances are shown to root" in types("tinyforgectl status", user=ERIN)
    assert "Subject: Deploy" in types("journalctl -x TINYFORGE_DEPLOY=7", user=ERIN, **{"7": deploy})
    assert f"Deploy {deploy} succeeded" in types("tinyforgectl logs shop dev --since=-2h", user=ERIN)


def test_ci_with_a_wrong_url_or_image_is_told():
    assert "refused, status 404" in ci(pushes("v1.3"), f"http://{ADDRESS}/api/webhook/lost", status=1)
    said = ci(f"{REGISTRY}/acme/shop:never", url(), status=1)
    assert "never" in said.splitlines()[-1], said
    told = types("tinyforgectl follow 7", user=ERIN, status=1, **{"7": str(answered(said)["id"])})
    assert "PullFailed" in told and "Was it pushed" in told, told


def test_one_pins_a_stage_to_v_tags():
    told = types("tinyforgectl stage set shop prod --pattern='v*'")
    assert "stage 'dev' is asked first" in told and "tinyforgectl stage set shop dev --pattern=PATTERN" in told, told
    assert re.search(r"^shop +prod .* dev$", types("tinyforgectl stages shop", user=ERIN), re.MULTILINE)
    types("tinyforgectl stage set shop dev --pattern=main")
    assert "SHADOWED-BY" not in types("tinyforgectl stages shop", user=ERIN)
    assert types("tinyforgectl match ghcr.io/acme/shop:v1.4", user=ERIN).startswith("shop/prod\n")
    pushed("v1.4", "prod")
    pushed("main", "dev")
    assert (page("prod"), page("dev")) == ("v1.4", "main")
    assert "no-stage-matches" in ci(pushes("side"), url())


def in_volume(script):
    [container] = [c["Id"] for c in forge.containers("shop") if c["Config"]["Labels"]["org.tinyforge.stage"] == "prod"]
    return forge.out("docker", "exec", container, "/bin/busybox", "sh", "-c", script)


def test_one_adds_a_volume_and_a_mistake_is_told_with_its_place():
    example = next(block for block in pages.blocks(pages.PROJECTS) if '"Binds"' in block)
    # Health is asked at a path that the test's image does not have.
    content = named(re.sub(r"^.*\"healthcheck\".*\n", "", example, flags=re.MULTILINE))
    forge.write(VOLUME, content.replace('"Binds"', '"binds"'))
    types(f"chown root:tinyforge-deployer {VOLUME}")
    types(f"chmod 0640 {VOLUME}")
    for line in ("tinyforgectl project show shop prod", "tinyforgectl deploy shop prod v1.4 --follow"):
        told = types(line, status=1)
        assert f"{VOLUME}: /container/HostConfig/binds" in told, told
    assert page("prod") == "v1.4"
    forge.write(VOLUME, content)
    assert '"shop-data:/data"' in types("tinyforgectl project show shop prod")
    assert ": succeeded" in types("tinyforgectl deploy shop prod v1.4 --follow")
    in_volume("echo kneaded >/data/note")
    pushed("v1.5", "prod")
    assert (page("prod"), in_volume("cat /data/note")) == ("v1.5", "kneaded")


def test_one_rolls_back_and_no_push_undoes_it():
    told = types("tinyforgectl rollback shop prod --hold")
    assert "goes back to" in told and "shop:v1.4" in told and "auto_deploy is off now" in told, told
    assert page("prod") == "v1.4"
    assert "auto-deploy-off" in ci(pushes("v1.6"), url())
    types("tinyforgectl stage set shop prod --auto-deploy=yes")
    assert page("prod") == "v1.4" and in_volume("cat /data/note") == "kneaded"


def test_one_replaces_the_secret_and_the_old_url_is_dead():
    before = url()
    after = types("tinyforgectl regenerate-secret").split()[0]
    assert after != before and url() == after
    assert "refused, status 404" in ci(f"{REGISTRY}/acme/shop:v1.4", before, status=1)
    pushed("v1.7", "prod")
    assert page("prod") == "v1.7"


def front(tag, variant="plain"):
    """Pushes an image that two projects have, and returns what its CI is told of each, by project, and all that it is told."""
    said = ci(forge.image("acme/front", tag, variant, tag), url(), status=0 if variant == "plain" else 1)
    rows = json.loads(forge.ctl("--json", "deploys", "--limit=2").stdout)
    assert all(row["image"].endswith(f"acme/front:{tag}") for row in rows), rows
    return {row["project"]: row for row in rows}, said


def test_one_has_a_worker_that_comes_after_its_web_server():
    other = {"acme/shop": "acme/front"}
    for line in ("tinyforgectl project create web ghcr.io/acme/shop", "tinyforgectl project create worker ghcr.io/acme/shop --after=web",
                 "tinyforgectl stage set web prod --pattern='v*'", "tinyforgectl stage set worker prod --pattern='v*'"):
        types(line, **other)
    told = types("tinyforgectl match ghcr.io/acme/shop:v1.4", user=ERIN, **other)
    assert "web/prod\n" in told and "worker/prod, after web\n" in told, told
    rows, _ = front("v1.4")
    assert {row["state"] for row in rows.values()} == {"succeeded"}, rows
    assert rows["worker"]["started_at"] >= rows["web"]["finished_at"], rows

    def served():
        return [forge.out("curl", "-sS", "--max-time", "5", f'http://{forge.out("tinyforgectl", "endpoint", project, "prod").split()[0]}/')
                for project in ("web", "worker")]
    assert served() == ["v1.4", "v1.4"]

    rows, said = front("v1.5", "broken")
    assert (rows["web"]["state"], rows["worker"]["state"]) == ("rolled-back", "cancelled"), rows
    reason = f"DependencyFailed: deploy {rows['web']['id']} (web/prod) rolled-back: "
    assert rows["worker"]["reason"].startswith(reason) and "giving up" in rows["worker"]["reason"], rows
    assert "giving up" in said, said
    told = types("tinyforgectl describe 7", user=ERIN, **{"7": str(rows["worker"]["id"])})
    assert "DependencyFailed" in told and "Once that is mended" in told, told
    assert served() == ["v1.4", "v1.4"]
    # What it is to deploy is asked for by hand; that waits for nobody.
    assert f"deploy {rows['web']['id']} " in told and rows["worker"]["started_at"] is None, rows


def test_one_lets_a_colleague_deploy_and_learns_who_did():
    refused = types("tinyforgectl deploy shop dev v1", user=ERIN, status=1, v1="v1.3")
    assert "sudo" in refused, refused
    types("cp docs/examples/polkit/50-tinyforge.rules /etc/polkit-1/rules.d/")
    wait_until(lambda: forge.ctl("deploy", "shop", "dev", "v1.3", user=ERIN, check=False).returncode == 0,
               "polkit has read the rule")
    assert page("dev") == "v1.3"
    uid = forge.out("id", "-u", ERIN)
    told = asks("What did a person ask for, past the webhook?")
    assert {"0", uid} <= set(re.findall(r"TINYFORGE_CALLER_UID=(\d+)", told)), told
    assert "TINYFORGE_CALLER_UID=0" in asks("Who regenerated the secret, and when?")
    told = asks("What was deployed on Tuesday, and by which delivery?", **{"2026-01-20": "today", "2026-01-21": "tomorrow"})
    assert "TINYFORGE_PROVIDER=generic" in told and "TINYFORGE_DELIVERY=" in told, told
    assert "PullFailed" in asks("Which deploys did not come up, and why?")
    rows = types("tinyforgectl deploys shop dev", user=ERIN)
    assert re.search(rf"^ *\d+ +shop +dev +v1.3 +succeeded .* {ERIN} ", rows, re.MULTILINE), rows


# Of what was typed

def commands():
    """The words of each line of tinyforgectl, without its own name: ("stage set", ["--pattern"])."""
    for line in sorted({line for line in typed if line.startswith("tinyforgectl ")}):
        words = shlex.split(line)[1:]
        length = 2 if words[0] in ("stage", "project", "hook") else 1
        yield " ".join(words[:length]), [word.split("=")[0] for word in words if word.startswith("-")]


def test_what_was_typed_stands_in_the_documentation():
    known = pages.lines()
    unknown = sorted({line for line in typed if pages.plain(line) not in known})
    assert not unknown, unknown


def test_verbs_and_options_are_in_their_help():
    assert len(list(commands())) > 10
    general = forge.out("tinyforgectl", "--help", user="nobody")
    for verb, options in commands():
        assert f"\n  {verb} " in general, verb
        told = forge.out("tinyforgectl", *verb.split(), "--help", user="nobody")
        assert all(re.search(rf"^ +(?:-\w )?{option}\b", told, re.MULTILINE) for option in options), (verb, options, told)


def test_verbs_and_options_are_in_the_manual():
    for verb, options in commands():
        entry = pages.entry(verb)
        assert entry and all(f"*{option}*" in entry for option in options), (verb, options, entry)


def main():
    reason = package.unbuildable()
    if reason:
        print(f"1..1\nok 1 - a_package # SKIP {reason}")
        return
    package.build(harness.BUILD)
    harness.main(sys.modules[__name__], prepare, engine="docker", kind=Bare)


if __name__ == "__main__":
    main()
