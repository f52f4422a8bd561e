#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The pipelines of docs/ci, run: their shell steps as each CI would run them, with a docker that only notes what it is asked,
the real curl, and both real daemons with an engine that only pretends.

usage: test_ci.py [TEST], with WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from test_whole import Forge  # noqa: E402
from webhook_host import ROOT, Host  # noqa: E402

FOLDER = pathlib.Path(ROOT, "docs", "ci")
BOOK = [*sorted(pathlib.Path(ROOT, "man").glob("*.scd")), pathlib.Path(ROOT, "README.md"),
        *sorted(pathlib.Path(ROOT, "docs").glob("*.md"))]
KEY = "kneading dough"
DEADLINE = 60
FORGE = "https://git.example.com"

# Notes its words and what it is told on stdin, and goes on as the real one where there is one.
STUB = """#!/bin/sh
printf '%s\\n' "{name} $*" >>"$NOTES/argv"
case {name} in
curl) exec {real} "$@" $MORE ;;
docker) [ "$1" != login ] || cat >>"$NOTES/stdin" ;;
*) exec {real} "$@" ;;
esac
"""

# What each CI sets, and the secrets that its administrator has set.
ACTIONS = {"GITHUB_REPOSITORY": "Acme/shop", "GITHUB_REF_NAME": "v1.4", "GITHUB_ACTOR": "baker", "GITHUB_RUN_ID": "81",
           "GITHUB_RUN_ATTEMPT": "1", "GITHUB_SHA": "5b3c", "GITHUB_SERVER_URL": "https://github.com"}
GITLAB = {"CI_REGISTRY": "registry.example.com", "CI_REGISTRY_USER": "baker", "CI_REGISTRY_PASSWORD": "kneading",
          "CI_REGISTRY_IMAGE": "registry.example.com/acme/shop", "CI_COMMIT_REF_NAME": "v1.4", "CI_JOB_ID": "82"}
WOODPECKER = {"CI_REPO_ID": "8", "CI_PIPELINE_NUMBER": "83"}
TOKENS = {"github.token": "kneading", "secrets.REGISTRY_TOKEN": "kneading", "registry_user": "baker",
          "registry_token": "kneading"}


class Run:
    """One run of a pipeline: `status`, all it has printed, what was told to docker and curl."""

    def __init__(self, shell, url, more="", api="http://127.0.0.1:9", hurry=False):
        self.shell, self.more, self.api, self.hurry = shell, more, api, hurry
        self.secrets = {**TOKENS, "secrets.TINYFORGE_URL": url, "tinyforge_url": url}
        self.status, self.output = 0, ""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tinyforge-ci."))
        self.exported = self.folder / "exported"
        self.exported.touch()
        for name in ("argv", "stdin"):
            (self.folder / name).touch()
        for name in ("docker", "curl", "openssl", "python3"):
            stub = self.folder / name
            real = sys.executable if name == "python3" else shutil.which(name)
            stub.write_text(STUB.format(name=name, real=real), encoding="ascii")
            stub.chmod(0o755)

    def step(self, script, environment, always=False):
        """Runs a script as one step, unless one before it has failed. Returns what GitHub calls its outcome."""
        if self.status != 0 and not always:
            return "skipped"
        script = self.hurried(script)
        exported = dict(line.split("=", 1) for line in self.exported.read_text(encoding="utf-8").splitlines())
        done = subprocess.run([*self.shell, script], check=False, text=True, timeout=DEADLINE, cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={"PATH": f"{self.folder}:/usr/bin:/bin", "NOTES": str(self.folder), "MORE": self.more,
                                   "TMPDIR": str(self.folder), "GITHUB_ENV": str(self.exported), **exported, **environment})
        self.status, self.output = self.status or done.returncode, self.output + done.stdout
        return "failure" if done.returncode else "success"

    def hurried(self, script):
        """
        With one second for each ten that it waits, and hardly a pause between two answers, where the test is in a hurry; and with so
        many seconds in place of a quarter of an hour where it says how many.
        """
        if self.hurry:
            script = script.replace("wait=10", "wait=1").replace("sleep 1", "sleep 0.02")
        return re.sub(r"\b900\b", str(self.hurry), script) if self.hurry and self.hurry is not True else script

    def plugin(self, settings):
        """It builds and pushes, and has no shell."""
        assert all("from_secret" in settings[key] for key in ("username", "password")), settings
        with open(self.folder / "argv", "a", encoding="utf-8") as notes:
            notes.write("docker build --tag {repo}:{tags} .\ndocker push {repo}:{tags}\n".format(**settings))

    def noted(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def close(self):
        shutil.rmtree(self.folder)


def load(name):
    try:
        import yaml  # pylint: disable=import-outside-toplevel
    except ImportError:
        raise tap.Skip("python3-yaml is not installed") from None
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


# What the services do with their files

def actions(name, environment):
    def run(run_):
        [job] = load(name)["jobs"].values()
        for step in job["steps"]:
            assert "uses" in step or "${{" not in step["run"], f"{name}: an expression in a script is pasted into it"
            always = step.get("if") == "always() && steps.deploy.outcome != 'skipped'"
            assert always or "if" not in step, step
            if "run" in step and not (always and run_.secrets["steps.deploy.outcome"] == "skipped"):
                own = {key: re.sub(r"\$\{\{ (\S+) \}\}", lambda m: run_.secrets[m.group(1)], value)
                       for key, value in step.get("env", {}).items()}
                outcome = run_.step(step["run"], {**environment, "GITHUB_API_URL": run_.api, **own}, always)
                run_.secrets[f"steps.{step.get('id')}.outcome"] = outcome
    return run


def gitlab(run_):
    pipeline = load("gitlab-ci.yml")
    environment = {**GITLAB, "TINYFORGE_URL": run_.secrets["tinyforge_url"]}
    for key, value in pipeline["variables"].items():
        environment[key] = re.sub(r"\$(\w+)", lambda m: GITLAB[m.group(1)], value)
    jobs = [job for job in pipeline.values() if isinstance(job, dict) and "script" in job]
    for job in sorted(jobs, key=lambda job: pipeline["stages"].index(job["stage"])):
        run_.step("\n".join(job["script"]), environment)


def woodpecker(run_):
    for step in load("woodpecker.yml")["steps"]:
        if "commands" not in step:
            run_.plugin(step["settings"])
            continue
        own = {key: run_.secrets[value["from_secret"]] if isinstance(value, dict) else value
               for key, value in step["environment"].items()}
        script = "\n".join(step["commands"])
        assert "${" not in script, "Woodpecker would fill that in itself"
        run_.step(script, {**WOODPECKER, **own})


def script(run_):
    path = run_.folder / "deploy.sh"
    path.write_text(run_.hurried((FOLDER / "deploy.sh").read_text(encoding="utf-8")), encoding="utf-8")
    path.chmod((FOLDER / "deploy.sh").stat().st_mode)
    run_.step(f'"{path}" registry.example.com/acme/shop:v1.4 .',
              {"TINYFORGE_URL": run_.secrets["tinyforge_url"], "DEPLOY_ID": "84"})


# A file, how its CI runs it, the shell it uses, and the image that comes out.
PIPELINES = [
    ("github-actions.yml", actions("github-actions.yml", ACTIONS), ["bash", "-e", "-c"], "ghcr.io/acme/shop:v1.4"),
    ("gitea-actions.yml", actions("gitea-actions.yml", {**ACTIONS, "GITHUB_SERVER_URL": FORGE}), ["bash", "-e", "-c"],
     "git.example.com/acme/shop:v1.4"),
    ("gitlab-ci.yml", gitlab, ["bash", "-e", "-o", "pipefail", "-c"], "registry.example.com/acme/shop:v1.4"),
    ("woodpecker.yml", woodpecker, ["sh", "-e", "-c"], "git.example.com/acme/shop:main"),
    ("deploy.sh", script, ["sh", "-e", "-c"], "registry.example.com/acme/shop:v1.4"),
]


def run_all(url, pipelines=tuple(PIPELINES), more="", api=None, hurry=False):
    """Runs pipelines against `url`, with options for curl, and gives the name, image and Run of each."""
    with ForgeApi() as own:
        for name, pipeline, shell, image in pipelines:
            run = Run(shell, url, more, (api or own).url, hurry)
            try:
                pipeline(run)
                yield name, image, run
            finally:
                run.close()


def url_of(webhookd):
    return f"http://127.0.0.1:{webhookd.port}{webhookd.path()}"


def images(webhookd):
    return [row[3] for row in webhookd.call("ListDeploys", "ssu", "", "", 0)[0]]


class Listening:
    """One that has a server, which serves while it is open."""

    server = None

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class ForgeApi(Listening):
    """As much of the API of GitHub, or of Gitea, as a status takes: keeps the path, the token and the body of each request."""

    def __init__(self):
        requests = self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                requests.append((self.path, self.headers["Authorization"], body))
                answer = b'{"url": "http://x", "id": 73, "node_id": "x", "creator": {"id": 1}}'
                self.send_response(201)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"



class Fake(Listening):
    """A server that answers with one status after the other, and keeps what it was sent."""

    def __init__(self, *statuses):
        fake, left = self, list(statuses)
        self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                fake.requests.append((self.headers["Idempotency-Key"], self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(left.pop(0))
                self.send_header("Retry-After", "1")
                body = b'{"deploys":[],"ignored":[]}'
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/webhook/5bd3eb2e-26a4-4f0d-b2b1-1c5d8f0c6a55"


def calls_of_the_book():
    """Each block of the documentation that calls the URL by itself: the name of the page, and the script."""
    for path in BOOK:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".scd":
            text = re.sub(r"\\(.)", r"\1", text)  # scdoc's language takes the next character as it is
        for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if re.search(r"\bcurl\b", block) and "URL" in block:
                yield path.name, re.sub(r"^tinyforgectl .*\n", "", block, flags=re.MULTILINE)


# The promises

def test_every_file_is_one_of_the_pipelines():
    assert {path.name for path in FOLDER.iterdir()} - {"README.md"} == {name for name, *_ in PIPELINES}


class Bakery(Forge):
    """Both daemons, and an engine whose registry has what each pipeline pushes."""

    def __init__(self, *details, **behaviour):
        super().__init__(*details)
        self.engine_push(**behaviour)

    def engine_push(self, **behaviour):
        for _, _, _, image in PIPELINES:
            self.engine.push(*image.rsplit(":", 1), **behaviour)

    @property
    def url(self):
        return url_of(self.webhookd)


def test_each_pipeline_builds_pushes_and_has_deployed_what_it_pushed():
    with Bakery() as bakery:
        wanted = []
        for name, image, run in run_all(bakery.url):
            # Two of them push the same image.
            assert run.status == 0 and re.search(r"succeeded$|unchanged$", run.output.splitlines()[-1]), (name, run.output)
            assert f"docker build --tag {image} ." in run.noted("argv"), name
            assert f"docker push {image}\n" in run.noted("argv"), name
            wanted.insert(0, image)
            assert images(bakery.webhookd) == wanted, name
            assert bakery.row(len(wanted))[0] in ("succeeded", "unchanged"), name


def test_version_that_does_not_come_up_fails_the_pipeline_with_its_reason():
    with Bakery(exit=3, logs=['no such table: "loaves"']) as bakery:
        for name, _, run in run_all(bakery.url):
            last = run.output.splitlines()[-1]
            assert run.status == 1 and "exited with status 3" in last and "no such table" in last, (name, run.output)
            assert "failed: " in last, (name, last)


def test_each_pipeline_shows_where_its_deploy_is():
    for pipeline in PIPELINES:
        with Bakery("HealthDeadlineSec=60\n", healthcheck=True, after=4) as bakery:
            [(name, _, run)] = run_all(bakery.url, [pipeline], hurry=True)
            lines = run.output.splitlines()
            assert run.status == 0 and lines[-1].endswith("succeeded"), (name, run.output)
            assert [line for line in lines if "deploy" in line and " running " in line], (name, run.output)


def test_each_pipeline_waits_for_all_projects_that_have_its_image():
    """The one comes up, the other one after it does not: neither the first outcome nor the time of one call is all."""
    for pipeline in PIPELINES:
        with Bakery("HealthDeadlineSec=60\n", healthcheck=True, after=4) as bakery:
            repository = pipeline[3].rpartition(":")[0]
            for project, after in (("web", "0"), ("worker", "1 After s web")):
                bakery.webhookd.call("CreateProject", "ssa{sv}", project, repository, *after.split())
                bakery.webhookd.call("SetStage", "ssa{sv}", project, "prod", "1", "TagPattern", "s", "*")
            os.makedirs(os.path.join(bakery.directory, "projects.d"), mode=0o750)
            os.chmod(bakery.write("projects.d/worker.json", json.dumps({"image": "a.example/other"})), 0o640)
            [(name, _, run)] = run_all(bakery.url, [pipeline], hurry=True)
            assert run.status == 1 and "worker/prod failed: NotPermitted" in run.output.splitlines()[-1], (name, run.output)
            assert bakery.row(1)[0] == "succeeded", (name, bakery.row(1))


def test_each_pipeline_goes_on_when_the_receiver_is_killed_in_the_middle():
    for pipeline in PIPELINES:
        with Bakery("HealthDeadlineSec=60\n", healthcheck=True, after=4) as bakery:
            done = []
            thread = threading.Thread(target=lambda: done.extend(run_all(bakery.url, [pipeline])))  # pylint: disable=cell-var-from-loop
            thread.start()
            bakery.wait_begun("shop", 1)
            bakery.webhookd.stop(signal.SIGKILL)
            bakery.webhookd.start()
            thread.join(DEADLINE)
            [(name, _, run)] = done
            assert run.status == 0 and run.output.splitlines()[-1].endswith("succeeded"), (name, run.output)
            assert len(images(bakery.webhookd)) == 1, images(bakery.webhookd)


def test_forge_is_told_the_outcome_by_its_own_token():
    for behaviour, state in (({}, "success"), ({"exit": 3}, "failure")):
        with Bakery(**behaviour) as bakery, ForgeApi() as api:
            for name, image, run in run_all(bakery.url, PIPELINES[:2], api=api):
                assert (run.status == 0) == (state == "success"), (name, run.output)
                assert api.requests and all(token.endswith("kneading") for _, token, _ in api.requests), api.requests
                path, _, body = api.requests[-1]
                assert (body["state"], body["description"]) == (state, image), body
                assert path == ("/repos/Acme/shop/deployments/73/statuses" if name.startswith("github") else "/repos/Acme/shop/statuses/5b3c"), path
                api.requests.clear()


def test_no_pipeline_shows_a_secret():
    with Bakery() as bakery:
        for name, _, run in run_all(bakery.url):
            assert run.status == 0 and "curl " in run.noted("argv"), (name, run.output)
            for place, text in (("printed", run.output), ("a command line", run.noted("argv"))):
                assert bakery.url.rsplit("/", 1)[1] not in text and "kneading" not in text, f"{name}: {place}"


def test_nothing_to_do_is_no_failure_and_has_its_reason_told():
    with Host(config="AutoCreate=no\n") as webhookd:
        for name, _, run in run_all(url_of(webhookd)):
            assert run.status == 0, (name, run.output)
            assert re.search(r"nothing to do: auto-create-off$", run.output.splitlines()[-1]), (name, run.output)


def test_a_run_that_is_sent_again_is_done_once():
    with Bakery() as bakery:
        for number, pipeline in enumerate(PIPELINES, 1):
            for _ in range(2):
                [(name, image, run)] = run_all(bakery.url, [pipeline])
                assert run.status == 0 and re.search(r"succeeded$|unchanged$", run.output.splitlines()[-1]), (name, run.output)
            assert images(bakery.webhookd)[0] == image and len(images(bakery.webhookd)) == number, (name, images(bakery.webhookd))


def test_a_refusal_fails_the_pipeline():
    with Host() as webhookd:
        wrong = f"http://127.0.0.1:{webhookd.port}/api/webhook/00000000-0000-4000-8000-000000000000"
        for name, _, run in run_all(wrong):
            assert run.status != 0 and "status 404" in run.output, (name, run.output)
        assert images(webhookd) == []


def test_an_address_where_nobody_listens_fails_the_pipeline():
    with Fake() as fake:
        url = fake.url
    # Its five more tries take half a minute.
    for name, _, run in run_all(url, more="--retry 0"):
        assert run.status != 0 and "curl: (7)" in run.output, (name, run.output)


def test_a_busy_server_is_asked_again_with_the_same_key():
    for pipeline in PIPELINES:
        with Fake(503, 429, 200) as fake:
            [(name, image, run)] = run_all(fake.url, [pipeline])
            assert run.status == 0 and "nothing to do" in run.output.splitlines()[-1], (name, run.output)
            assert len(fake.requests) == 3 and len(set(fake.requests)) == 1, fake.requests
            key, body = fake.requests[0]
            assert key and image.encode() in body, fake.requests[0]


def test_no_call_of_the_book_shows_its_url_or_its_key():
    with Host(start=False) as webhookd:
        webhookd.credential("signing-key", KEY + "\n")
        webhookd.start()
        made = webhookd.call("CreateHook", "sa{sv}", "shop", 2, "Images", "as", 1, "ghcr.io/acme/shop", "Bare", "b", "true")
        bare = f"http://127.0.0.1:{webhookd.port}{made[0]}"
        # One of them shows deploy 7.
        for number in range(7):
            webhookd.post(f"a.example/n{number}")
        calls = list(calls_of_the_book())
        assert len(calls) > 4 and any("SIGNATURE" in script for _, script in calls), calls
        for name, script in calls:
            run = Run(["bash", "-e", "-c"], "")
            try:
                url = bare if "-X POST" in script else url_of(webhookd)
                run.step(re.sub(r"wait=\d+", "wait=1", script), {"TINYFORGE_URL": url, "URL": url, "KEY": KEY, "CI_JOB_ID": script[:8],
                                  "BODY": '{"image":"ghcr.io/acme/shop:main"}'})
                assert run.status == 0, (name, script, run.output)
                assert url not in run.noted("argv") and KEY not in run.noted("argv"), (name, run.noted("argv"))
            finally:
                run.close()


if __name__ == "__main__":
    tap.main()
