#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The pipelines of docs/ci, and what they make of answers that both real daemons give seldom; and the script, in each shell that is here.

usage: test_ci_answers.py [TEST], with WEBHOOKD= and DEPLOYERD= the programs and SOURCE_ROOT= the tree
"""
import http.server
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from test_ci import FOLDER, PIPELINES, Bakery, Listening, Run, run_all  # noqa: E402


class Script(Listening):
    """A receiver that answers each request with the next answer of its path, and the last of them again and again."""

    def __init__(self, **answers):
        self.asked = asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def do_GET(self):  # pylint: disable=invalid-name
                name = self.path.split("?")[0].rsplit("/", 1)[1]
                asked.append(name)
                left = answers["post" if self.command == "POST" else "deploy" + name]
                status, body = left.pop(0) if len(left) > 1 else left[0]
                body = json.dumps(body, separators=(",", ":")).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/webhook/5bd3eb2e-26a4-4f0d-b2b1-1c5d8f0c6a55"


def told(number, state, **more):
    """A deploy, as the receiver tells of it."""
    return {"id": number, "project": "shop", "stage": f"s{number}", "image": "a/b:c", "digest": None, "state": state, "phase": None, "progress": None,
            "reason": "", "superseded_by": None, **more, "path": f"/deploys/{number}"}


def test_every_deploy_of_a_push_is_followed_to_its_end():
    for last, wanted in (((200, {"deploy": told(2, "unchanged")}), r"unchanged$"),
                         ((424, {"error": "deploy-failed", "detail": "deploy 2 of shop/s2 failed: \"no\" \\o/", "deploy": told(2, "failed")}),
                          r'deploy 2 of shop/s2 failed: "no" \\o/$')):
        for pipeline in PIPELINES:
            with Script(post=[(202, {"deploys": [told(1, "succeeded"), told(2, "running")]})], deploy1=[(200, {"deploy": told(1, "succeeded")})],
                        deploy2=[(202, {"deploy": told(2, "running", phase="pulling")}), last]) as fake:
                [(name, _, run)] = run_all(fake.url, [pipeline], hurry=True)
                assert (run.status == 0) == (last[0] == 200) and re.search(wanted, run.output.splitlines()[-1]), (name, run.output)
                assert re.search(r"deploys?[ /]2:? running pulling", run.output), (name, run.output)


def test_answers_that_come_at_once_do_not_use_up_the_time():
    for pipeline in PIPELINES:
        waits = [(202, {"deploy": told(1, "queued", reason="another attempt")})] * 120
        with Script(post=[(202, {"deploys": [told(1, "queued")]})], deploy1=[*waits, (200, {"deploy": told(1, "succeeded")})]) as fake:
            [(name, _, run)] = run_all(fake.url, [pipeline], hurry=True)
            assert run.status == 0 and run.output.splitlines()[-1].endswith("succeeded"), (name, run.output[-300:])


def test_deploy_that_is_not_through_when_the_time_is_over_fails_the_pipeline():
    for pipeline in PIPELINES:
        with Script(post=[(202, {"deploys": [told(1, "queued")]})], deploy1=[(202, {"deploy": told(1, "running")})]) as fake:
            [(name, _, run)] = run_all(fake.url, [pipeline], hurry=3)
            assert run.status == 1 and run.output.splitlines()[-1].endswith("not through yet"), (name, run.output[-300:])


def test_newer_push_that_took_the_place_is_named():
    for pipeline in PIPELINES:
        with Script(post=[(202, {"deploys": [told(1, "queued")]})], deploy1=[(200, {"deploy": told(1, "superseded", superseded_by=7)})]) as fake:
            [(name, _, run)] = run_all(fake.url, [pipeline])
            assert run.status == 0 and run.output.splitlines()[-1].endswith("superseded by deploy 7"), (name, run.output)


def test_white_space_around_the_url_does_no_harm():
    with Bakery() as bakery:
        for name, _, run in run_all(f" {bakery.url}\r\n"):
            assert run.status == 0 and re.search(r"succeeded$|unchanged$", run.output.splitlines()[-1]), (name, run.output)


def test_script_runs_in_every_shell_that_is_here():
    for shell in ("dash", "bash --posix", "busybox sh", "mksh", "yash", "ksh"):
        if not shutil.which(shell.split()[0]):
            continue
        for behaviour, status in (({}, 0), ({"exit": 3, "logs": ['no "loaves" \\o/']}, 1)):
            with Bakery(**behaviour) as bakery:
                run = Run(["sh", "-c"], bakery.url)
                try:
                    run.step(f'{shell} "{FOLDER}/deploy.sh" registry.example.com/acme/shop:v1.4 .', {"TINYFORGE_URL": bakery.url})
                    last = run.output.splitlines()[-1]
                    assert run.status == status, (shell, run.output)
                    assert last.endswith("deploy 1 succeeded" if status == 0 else 'last lines: no "loaves" \\o/'), (shell, last)
                finally:
                    run.close()


if __name__ == "__main__":
    tap.main()
