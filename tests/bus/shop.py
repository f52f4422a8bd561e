# SPDX-License-Identifier: MIT
"""A forge with a project "shop", whose stages a test makes, sets and removes."""
import os
import subprocess

from test_whole import REPO, Forge

TYPES = {"Image": "s", "Port": "q", "Healthcheck": "s", "After": "s", "TagPattern": "s", "Policy": "s", "AutoDeploy": "b",
         "MaxInstances": "u", "AllowDowngrade": "b"}


def options(**values):
    """The words of an a{sv}."""
    words = [len(values)]
    for name, value in values.items():
        words += [name, TYPES[name], str(value).lower() if isinstance(value, bool) else value]
    return words


class Shop(Forge):
    """With a project "shop" of REPO, which has no stage."""

    def __init__(self, *details, **more):
        super().__init__(*details, **more)
        self.create("shop", REPO)

    def __exit__(self, *details):
        # One that ends in order, so that a sanitizer has its say.
        status, log = self.webhookd.stop(), self.webhookd.log()
        super().__exit__(*details)
        assert status == 0 and "Sanitizer" not in log and "runtime error:" not in log, (status, log)

    def ask(self, *call):
        return self.webhookd.call(*call)

    def create(self, name, image, **values):
        self.ask("CreateProject", "ssa{sv}", name, image, *options(**values))

    def set_project(self, name, **values):
        self.ask("SetProject", "sa{sv}", name, *options(**values))

    def set_stage(self, stage, project="shop", **values):
        self.ask("SetStage", "ssa{sv}", project, stage, *options(**values))

    def stages(self, project="shop"):
        return {s["Name"]["data"]: {key: value["data"] for key, value in s.items()}
                for s in self.ask("DescribeStages", "s", project)[0]}

    def refusal(self, *call):
        """The error's name and text."""
        return self.error_of(lambda: self.ask(*call))

    def push(self, reference, headers=()):
        """What a push became: the number of its deploy, or the reason why it was ignored."""
        answer = self.webhookd.post(f"{REPO}{reference}", headers=headers).json()
        return answer["deploys"][0]["id"] if answer["deploys"] else answer["ignored"][0]["reason"]

    def bring(self, tag, word=None):
        """Pushes a new image and waits until it runs."""
        self.engine.push(REPO, tag, word=word or tag)
        number = self.push(f":{tag}")
        assert isinstance(number, int), number
        assert self.wait_final(number)[0] == "succeeded", self.row(number)
        return number

    def ctl(self, *arguments, status=0):
        result = subprocess.run([os.environ["TINYFORGECTL"], *arguments], capture_output=True, text=True, timeout=120,
                                check=False, env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.bus.address))
        assert result.returncode == status, (arguments, result)
        return result
