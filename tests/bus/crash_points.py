# SPDX-License-Identifier: MIT
"""
Deploys that are cut off at every request they make of the engine, and what has to be true then. A point is a scenario, one
of its requests by number, before or after the engine has done it, and who dies. Every point starts from the same state of
the engine and without a deployer.
"""
import collections
import concurrent.futures
import dataclasses
import json
import os
import random
import re
import shutil
import threading

import tap
from deployer_host import Call, Host, new_store
from fake_engine import FakeEngine
from private_bus import BusError
from waiting import wait_for

REPO = "registry.example/acme/shop"
CONFIG = "StableSec=50ms\n"
OTHER_STORE = new_store()
WORKERS = 4
# Between looks at who has died; seconds.
LOOK = 0.05
# So many points of a scenario that is not played whole, with either engine; all of them with CRASH_ALL= in the environment.
SAMPLE = 6
# What the commands of root's files do, where they end well.
COMMANDS = {"bin/migrate": {"exit": 0, "after": 0.05}, "bin/warm": {"exit": 0, "after": 0.05}}
SEED = int(os.environ.get("CRASH_SEED") or random.randrange(2**32))
# How often a deploy without trouble may be tried until two in a row make the same requests.
TRIES = 5


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One deploy, of id 8, on a host where `before` were deployed, and where it has to lead."""
    image: str
    before: tuple = ("v1",)
    outcome: str = "succeeded"
    # What runs in the end; None: nothing.
    name: str | None = "shop-dev-8"
    word: str = "v2"
    # Whether there may be a moment in which nothing runs.
    recreate: bool = False
    # What root's file says of the project.
    project: dict | None = None
    registry_down: bool = False
    # Every point is played, each time.
    whole: bool = False
    # It is cancelled once its container runs, and only what it does from there on is cut off.
    cancelled: bool = False
    # What the images declare by VOLUME.
    volumes: tuple = ()
    # What was there before is another store's, and the stage is to be taken over.
    take_over: bool = False
    # Options of the deploy.
    options: tuple = ()
    # The old one is to run on, never stopped, whoever but the engine dies.
    untouched: bool = False
    # What stays beside it, stopped, until the next deploy.
    kept: tuple = ()

    # The stage is one.
    job: bool = False

    @property
    def old(self):
        """What is there when nothing has come of it."""
        if self.job:
            return []
        return [("shop-dev-7", True, self.before[-1])] if self.before else []

    @property
    def new(self):
        if self.job:
            return [(self.name, False, self.word)]
        kept = [(name, False, self.image.rpartition(":")[2]) for name in self.kept]
        return ([(self.name, True, self.word)] if self.name else []) + kept


@dataclasses.dataclass(frozen=True)
class Way:
    """Who dies, and what is tried afterwards."""
    fault: dict
    other: bool = False
    # Cancelled after that: the next attempt is only to undo it.
    undo: bool = False


WAYS = {
    "deployer killed, same deploy again": Way({"kind": "kill"}),
    "deployer killed, another deploy next": Way({"kind": "kill"}, other=True),
    "deployer killed, cancelled next": Way({"kind": "kill"}, undo=True),
    "engine died alone": Way({"kind": "die", "containers": "survive"}),
    "engine died with its containers": Way({"kind": "die", "containers": "stop"}),
}


def image(tag):
    return f"{REPO}@{FakeEngine.digest(f'{REPO}:{tag}')}"


def shape(line):
    """A request without what differs from run to run."""
    return re.sub(r"[0-9a-f]{64}", "<id>", line.partition("?")[0])


class Stage:
    """A host on which one scenario is played again and again."""

    def __init__(self, flavour):
        self.host = Host(flavour, CONFIG)
        self.engine = self.host.engine
        self.started = None
        self.engine.control("snapshot", "empty")

    def close(self):
        self.host.__exit__()

    def set(self, scenario):
        """What was there before the deploy."""
        self.engine.control("restore", "empty")
        self.engine.control("registry", {"down": False})
        self.set_project(scenario.project)
        for tag in ("v1", "v2", "v3"):
            self.engine.push(REPO, tag, volumes=scenario.volumes, commands=COMMANDS)
        self.engine.push(REPO, "stuck", commands={**COMMANDS, "bin/migrate": {"exit": 1, "after": 0.05, "logs": ["no such column"]}})
        self.engine.push(REPO, "job", exit=0, after=0.05, logs=["did it"])
        self.engine.push(REPO, "lazy", exit=3, after=0.05, logs=["did nothing"])
        self.engine.push(REPO, "slow", healthcheck=True, health="starting")
        self.engine.push(REPO, "bad", commands=COMMANDS, exit=3, logs=["no configuration, giving up"])
        for number, tag in enumerate(scenario.before, 8 - len(scenario.before)):
            store = OTHER_STORE if scenario.take_over else self.host.store
            assert self.host.deploy(number, f"{REPO}:{tag}", Store=("s", store))[0] == "succeeded"
        self.engine.control("registry", {"down": scenario.registry_down})
        self.engine.control("snapshot", "set")

    def set_project(self, project):
        folder = os.path.join(self.host.directory, "projects.d")
        os.makedirs(folder, mode=0o750, exist_ok=True)
        path = self.host.write("projects.d/shop.json", json.dumps(project or {}))
        os.chmod(path, 0o640)
        if project is None:
            os.unlink(path)

    def reset(self, scenario):
        self.engine.control("restore", "set")
        # The wish is kept beside the engine.
        shutil.rmtree(os.path.join(self.host.state, "take-over"), ignore_errors=True)
        if scenario.take_over:
            assert self.host.call("TakeOverStage", "sss", "shop", "dev", self.host.store)[0] == 1
            self.engine.control("forget")

    def deploy(self, number, reference, **options):
        """The outcome, or the text of the error."""
        try:
            return self.host.deploy(number, reference, **options)[0]
        except BusError as error:
            return error.text

    def begin(self, scenario, fault=None):
        """The deploy up to the moment from which on its requests are counted, with what is to happen at one of them."""
        call = None
        if scenario.cancelled:
            call = self.start(scenario)
            wait_for("the new one is looked at", self.is_looked_at)
            self.engine.control("forget")
        if fault:
            self.engine.control("fault", fault)
        if scenario.cancelled:
            # The daemon may die before it has answered.
            Call(lambda: self.host.call("CancelDeploy", "st", self.host.store, 8))
        return call or self.start(scenario)

    def start(self, scenario):
        return Call(lambda: self.host.deploy(8, scenario.image, **dict(scenario.options)))

    def is_looked_at(self):
        """The next look is some time away."""
        new = self.engine.containers().get("shop-dev-8.pending")
        return new and any(r.endswith(f"/containers/{new['Id']}/json") for r in self.engine.requests())

    def record(self, scenario):
        """The requests of the deploy when nobody dies, once they are settled."""
        last = None
        for _ in range(TRIES):
            self.reset(scenario)
            self.started = self.old_started()
            call = self.begin(scenario)
            reply = call.wait()
            outcome = reply[0] if reply else call.error
            lines = [shape(line) for line in self.engine.requests()]
            self.check_end(scenario, outcome)
            if lines == last:
                return lines
            last = lines
        return last

    # What has to be true

    def instances(self, commands=True):
        """[(name, runs, word)] of everything that is there, with the containers of commands or without."""
        words = {FakeEngine.digest(f"{REPO}:{tag}"): tag for tag in ("v1", "v2", "v3", "bad", "slow", "stuck", "job", "lazy")}
        return [(c["Name"], c["State"]["Running"], words[c["Config"]["Labels"]["org.tinyforge.digest"]])
                for c in self.engine.control("state")["containers"]
                if commands or "org.tinyforge.command" not in c["Config"]["Labels"]]

    def old_started(self):
        """When what was there before was started last, or None."""
        return {c["Name"]: c["State"]["StartedAt"] for c in self.engine.control("state")["containers"]}.get("shop-dev-7")

    def check_runs(self):
        """No command of a deploy is run beside another of the stage, and none that has ended well is run again."""
        wrong = [run for run in self.engine.control("state")["runs"] if run["beside"] or run["again"]]
        assert not wrong, wrong

    def check_dead(self, scenario):
        """Nothing that served is lost; a stage that is recreated may have a moment without."""
        found = self.instances(commands=False)
        assert len({name for name, _, _ in found}) == len(found), found
        if scenario.before and not scenario.recreate:
            assert any(runs and word not in ("bad", "slow") for _, runs, word in found), f"nothing runs: {found}"

    def check_end(self, scenario, outcome, way=None):
        """One good instance, and nothing else."""
        found = self.instances()
        self.check_runs()
        if scenario.untouched and not (way and (way.other or way.fault["kind"] == "die")):
            assert self.old_started() == self.started, "the old one was started again"
        if way and way.other:
            assert outcome == "succeeded", outcome
            assert found == ([("shop-dev-9.job", False, "job")] if scenario.job else [("shop-dev-9", True, "v3")]), found
            return
        if way and way.undo:
            # Too late where the switch was over.
            assert outcome == "succeeded" or "was cancelled" in outcome, outcome
            assert found == (scenario.new if outcome == "succeeded" else scenario.old), (outcome, found)
            return
        fine = (scenario.outcome, "unchanged") if scenario.outcome == "succeeded" else (scenario.outcome,)
        assert any(outcome == word or (word not in fine[1:] and word in outcome) for word in fine), outcome
        assert found == scenario.new, found
        self.check_names(scenario)
        self.check_volumes(scenario)

    def check_names(self, scenario):
        """It has the aliases that root's file says, whatever happened meanwhile."""
        wanted = ((scenario.project or {}).get("container", {}).get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
        for container in self.engine.control("state")["containers"]:
            joined = container["NetworkSettings"]["Networks"]
            for network, endpoint in wanted.items():
                assert set(endpoint["Aliases"]) <= set(joined[network]["Aliases"]), joined

    def check_volumes(self, scenario):
        """It has what the one before wrote, and nothing else was made."""
        names = {path: f"tinyforge.shop.dev.{path[1:]}" for path in scenario.volumes}
        for container in self.engine.control("state")["containers"]:
            assert {mount["Destination"]: mount["Name"] for mount in container["Mounts"]} == names, container["Mounts"]
        assert sorted(self.engine.control("state")["volumes"]) == sorted(names.values())

    # One point

    def play(self, scenario, way, number, when):
        """False where the deploy was over before."""
        self.reset(scenario)
        self.started = self.old_started()
        call = self.begin(scenario, {"method": "", "path": "", "number": number, "when": when, **way.fault})
        struck = self.wait_for_death(call)
        if struck and way.fault["kind"] == "kill":
            call.wait()
            assert call.error, f"a dead deployer answers: {call.reply}"
        elif struck:
            # An engine that comes back while the deploy still tries is as good.
            call.thread.join(LOOK)
            self.engine.control("revive")
            call.wait()
        else:
            # The one that tries next is to live.
            assert call.reply or scenario.outcome in call.error, call.error
            self.engine.control("forget")
        self.check_dead(scenario)
        self.engine.control("registry", {"down": scenario.registry_down and not way.other})
        self.check_end(scenario, self.try_again(scenario, way), way)
        return struck

    def try_again(self, scenario, way):
        if way.other:
            return self.deploy(9, f"{REPO}:job" if scenario.job else f"{REPO}:v3")
        if way.undo or scenario.cancelled:
            return self.deploy(8, scenario.image, Undo=("b", "true"))
        return self.deploy(8, scenario.image, **dict(scenario.options))

    def wait_for_death(self, call):
        def deaths():
            return self.engine.control("state")["deaths"]
        # A deploy that has lost its engine can go on trying.
        while not call.is_over() and not deaths():
            call.thread.join(LOOK)
        if not deaths():
            return False
        wait_for("the end of dying", lambda: deaths()[0]["left"] is not None)
        assert not deaths()[0]["left"], f"children outlive the deployer: {deaths()}"
        return True


class Company:
    """Stages of one flavour, and who plays on them at the same time."""

    def __init__(self, flavour):
        self.stages = [Stage(flavour) for _ in range(WORKERS)]
        self.free, self.guard = list(self.stages), threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(WORKERS)

    def close(self):
        self.pool.shutdown()
        for stage in self.stages:
            stage.close()

    def borrow(self, function):
        with self.guard:
            stage = self.free.pop()
        try:
            return function(stage)
        finally:
            with self.guard:
                self.free.append(stage)

    def try_point(self, scenario, requests, point):
        """None where it is fine, False where the deploy was over before, else what is wrong."""
        name, number, when = point
        try:
            return None if self.borrow(lambda stage: stage.play(scenario, WAYS[name], number, when)) else False
        except Exception as error:  # pylint: disable=broad-except
            return f"{name}, {when} request {number}, {requests[number - 1]}: {type(error).__name__}: {error}"

    def play(self, scenario):
        """(requests, how many points there are, how many of each way were played, how many were never reached, what is wrong)"""
        list(self.pool.map(lambda stage: stage.set(scenario), self.stages))
        requests = self.stages[0].record(scenario)
        # What only asks is not done: an engine that dies after it looks like one that dies before.
        points = [(name, number, when) for name, way in WAYS.items() for number, line in enumerate(requests, 1)
                  for when in ("before", "after")
                  if (way.fault["kind"], when, line[:4]) != ("die", "after", "GET ")]
        n_all = len(points)
        if not scenario.whole and not os.environ.get("CRASH_ALL"):
            points = sorted(random.Random(f"{SEED} {scenario}").sample(points, min(SAMPLE, n_all)), key=points.index)
        results = list(self.pool.map(lambda point: self.try_point(scenario, requests, point), points))
        return (requests, n_all, collections.Counter(name for name, _, _ in points),
                results.count(False), [text for text in results if text])


_companies = {}


def teardown():
    """Ends what the tests played on."""
    for company in _companies.values():
        company.close()
    _companies.clear()


def play_with_both(scenario):
    """Plays every point with either engine, and tells how many there were."""
    wrong = []
    if not scenario.whole and not os.environ.get("CRASH_ALL"):
        tap.note(f"a sample; the same one again with CRASH_SEED={SEED}")
    for flavour in ("docker", "podman"):
        if flavour not in _companies:
            _companies[flavour] = Company(flavour)
        requests, n_all, counts, missed, found = _companies[flavour].play(scenario)
        tap.note(f"{flavour}: {len(requests)} requests, {sum(counts.values())} of {n_all} points, {missed} not "
                 f"reached, "
                 f"{len(found)} wrong")
        for name, count in counts.items():
            tap.note(f"    {count} points: {name}")
        wrong += [f"{flavour}: {text}" for text in found]
    assert not wrong, "\n".join([f"{len(wrong)} points are wrong", *wrong[:20]])
