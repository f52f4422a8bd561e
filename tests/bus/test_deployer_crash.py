#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
That a deploy which is cut off anywhere never makes things worse, and that the next attempt ends it: the real deployerd, with
an engine that kills it, or dies, before and after every request of a deploy. Two scenarios are played whole, of the others a
sample, whose seed is printed. See crash_points.py for what has to be true.

usage: test_deployer_crash.py [TEST], with DEPLOYERD= the program and SOURCE_ROOT= the tree; CRASH_ALL=1 plays every point, CRASH_SEED=N the sample of N
"""
import atexit
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import crash_points  # noqa: E402  pylint: disable=wrong-import-position
import tap  # noqa: E402
from crash_points import REPO, Scenario, play_with_both  # noqa: E402

# Two cannot have it at the same time: the old one has to make way.
FIXED_PORT = {"image": REPO, "container": {"HostConfig": {"PortBindings": {
    "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}}}}

# Names that it gets only when it is well, in networks that it joins one by one.
NAMED = {"image": REPO, "container": {"NetworkingConfig": {"EndpointsConfig": {
    "backend": {"Aliases": ["al"]}, "front": {"Aliases": ["www"]}}}}}

# What runs is the same, and is replaced all the same.
FORCE = (("Force", ("b", "true")),)

# A command before the switch, one after it, and both.
BEFORE, AFTER = {"predeploy": {"Cmd": ["bin/migrate"]}}, {"postdeploy": {"Cmd": ["bin/warm"]}}

SCENARIOS = {
    "overlap": Scenario(f"{REPO}:v2", whole=True),
    "overlap, named": Scenario(f"{REPO}:v2", project=NAMED),
    "overlap, unhealthy": Scenario(f"{REPO}:bad", outcome="rolled-back", name="shop-dev-7", word="v1"),
    "first": Scenario(f"{REPO}:v2", before=()),
    "first, unhealthy": Scenario(f"{REPO}:bad", before=(), outcome="did not come up", name=None),
    "unchanged": Scenario(f"{REPO}:v1", outcome="unchanged", name="shop-dev-7", word="v1"),
    "rollback": Scenario(crash_points.image("v1"), before=("v1", "v2"), word="v1", registry_down=True),
    "recreate": Scenario(f"{REPO}:v2", recreate=True, project=FIXED_PORT, whole=True),
    "recreate, unhealthy": Scenario(f"{REPO}:bad", outcome="rolled-back", name="shop-dev-7", word="v1", recreate=True,
                                    project=FIXED_PORT),
    "recreate, volumes": Scenario(f"{REPO}:v2", recreate=True, volumes=("/data",)),
    "take over": Scenario(f"{REPO}:v2", take_over=True),
    "recreate, take over": Scenario(f"{REPO}:v2", recreate=True, project=FIXED_PORT, take_over=True),
    "forced": Scenario(f"{REPO}:v1", word="v1", options=FORCE),
    "recreate, forced": Scenario(f"{REPO}:v1", word="v1", recreate=True, project=FIXED_PORT, options=FORCE),
    "cancelled": Scenario(f"{REPO}:slow", outcome="was cancelled", name="shop-dev-7", word="v1", cancelled=True),
    "recreate, cancelled": Scenario(f"{REPO}:slow", outcome="was cancelled", name="shop-dev-7", word="v1", recreate=True,
                                    project=FIXED_PORT, cancelled=True),
    "predeploy": Scenario(f"{REPO}:v2", project={"image": REPO, **BEFORE}),
    "predeploy-fails": Scenario(f"{REPO}:stuck", outcome="predeploy of shop-dev-8 failed", name="shop-dev-7", word="v1",
                                project={"image": REPO, **BEFORE}, untouched=True),
    "postdeploy": Scenario(f"{REPO}:v2", project={"image": REPO, **AFTER}),
    "commands, unhealthy": Scenario(f"{REPO}:bad", outcome="rolled-back", name="shop-dev-7", word="v1", untouched=True,
                                    project={"image": REPO, **BEFORE, **AFTER}, kept=("shop-dev-8.predeploy",)),
    "job": Scenario(f"{REPO}:job", before=(), name="shop-dev-8.job", word="job", project={"image": REPO, "kind": "job"}, job=True),
    "job-fails": Scenario(f"{REPO}:lazy", before=(), outcome="job of shop-dev-8 failed", name="shop-dev-8.job", word="lazy",
                          project={"image": REPO, "kind": "job"}, job=True),
    "recreate, commands": Scenario(f"{REPO}:v2", recreate=True, project={**FIXED_PORT, **BEFORE, **AFTER}),
}


def test_deploy_that_is_cut_off_leads_to_the_old_or_the_new_one():
    play_with_both(SCENARIOS["overlap"])


def test_deploy_of_what_has_names_that_is_cut_off_leads_to_the_old_or_the_new_one():
    play_with_both(SCENARIOS["overlap, named"])


def test_unhealthy_deploy_that_is_cut_off_leads_to_the_old_one():
    play_with_both(SCENARIOS["overlap, unhealthy"])


def test_first_deploy_that_is_cut_off_leads_to_the_new_one():
    play_with_both(SCENARIOS["first"])


def test_first_deploy_that_is_unhealthy_and_cut_off_leads_to_nothing():
    play_with_both(SCENARIOS["first, unhealthy"])


def test_deploy_of_what_runs_that_is_cut_off_leads_to_what_ran():
    play_with_both(SCENARIOS["unchanged"])


def test_rollback_that_is_cut_off_leads_to_one_of_the_two():
    play_with_both(SCENARIOS["rollback"])


def test_recreate_that_is_cut_off_leads_to_the_old_or_the_new_one():
    play_with_both(SCENARIOS["recreate"])


def test_unhealthy_recreate_that_is_cut_off_leads_to_the_old_one():
    play_with_both(SCENARIOS["recreate, unhealthy"])


def test_recreate_of_what_has_volumes_that_is_cut_off_keeps_what_is_in_them():
    play_with_both(SCENARIOS["recreate, volumes"])


def test_take_over_that_is_cut_off_leads_to_the_old_or_the_new_one():
    play_with_both(SCENARIOS["take over"])


def test_recreate_that_takes_over_and_is_cut_off_leads_to_the_old_or_the_new_one():
    play_with_both(SCENARIOS["recreate, take over"])


def test_forced_deploy_that_is_cut_off_leads_to_the_old_or_the_new_one():
    play_with_both(SCENARIOS["forced"])


def test_forced_recreate_that_is_cut_off_leads_to_the_old_or_the_new_one():
    play_with_both(SCENARIOS["recreate, forced"])


def test_cancelled_deploy_that_is_cut_off_leads_to_the_old_one():
    play_with_both(SCENARIOS["cancelled"])


def test_cancelled_recreate_that_is_cut_off_leads_to_the_old_one():
    play_with_both(SCENARIOS["recreate, cancelled"])


def test_command_before_the_switch_that_is_cut_off_is_run_once():
    play_with_both(SCENARIOS["predeploy"])


def test_command_that_fails_and_is_cut_off_leaves_the_old_one_untouched():
    play_with_both(SCENARIOS["predeploy-fails"])


def test_command_after_the_switch_that_is_cut_off_is_run_once():
    play_with_both(SCENARIOS["postdeploy"])


def test_commands_of_an_unhealthy_deploy_that_is_cut_off_are_run_once():
    play_with_both(SCENARIOS["commands, unhealthy"])


def test_commands_of_a_recreate_that_is_cut_off_are_run_once():
    play_with_both(SCENARIOS["recreate, commands"])


def test_job_that_is_cut_off_is_run_once():
    play_with_both(SCENARIOS["job"])


def test_job_that_fails_and_is_cut_off_is_told():
    play_with_both(SCENARIOS["job-fails"])


if __name__ == "__main__":
    # Whatever runs beside it has deadlines that are shorter.
    os.nice(10)
    atexit.register(crash_points.teardown)
    tap.main()
