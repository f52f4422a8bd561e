#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What stages make of pushes by their policies: both daemons and tinyforgectl, the real programs, on a private bus with an
engine that only pretends.

usage: test_policies.py [TEST], with WEBHOOKD=, DEPLOYERD= and TINYFORGECTL= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from shop import Shop  # noqa: E402
from test_whole import REPO, running  # noqa: E402


def test_highest_version_wins_and_none_goes_back():
    with Shop() as shop:
        shop.set_stage("prod", TagPattern="^1.4 || ^2", Policy="semver")
        shop.bring("v1.9.0")
        assert shop.push(":v1.8.7") == "lower-version"
        assert shop.push(":1.9.0-rc.1") == "no-stage-matches"
        assert shop.push(":3.0.0") == shop.push(":latest") == "no-stage-matches"
        shop.bring("1.10.0")
        assert shop.push(":v1.9.0") == "lower-version"
        # The same version again: its digest may have moved.
        shop.bring("1.10.0", word="moved")
        # What waits counts as well as what runs.
        shop.engine.push(REPO, "2.0.0", healthcheck=True, after=2)
        shop.engine.push(REPO, "2.1.0")
        first = shop.push(":2.0.0")
        assert shop.push(":1.11.0") == "lower-version"
        second = shop.push(":2.1.0")
        assert shop.push(":2.0.5") == "lower-version"
        assert shop.wait_final(first)[0] == "succeeded" and shop.wait_final(second)[0] == "succeeded"
        assert running(shop) == [f"shop-prod-{second}"]


def test_numeric_tags_compare_as_numbers():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="*", Policy="semver")
        for tag in ("9", "42", "1042", "20261126184825"):
            newest = shop.bring(tag)
        for tag in ("20261126184824", "9999", "43"):
            assert shop.push(f":{tag}") == "lower-version", tag
        assert running(shop) == [f"shop-dev-{newest}"]


def test_version_that_never_came_up_is_no_bar():
    with Shop() as shop:
        shop.set_stage("prod", TagPattern="*", Policy="semver")
        shop.bring("1.0.0")
        shop.engine.push(REPO, "2.0.0", exit=3)
        assert shop.wait_final(shop.push(":2.0.0"))[0] == "rolled-back"
        shop.bring("1.1.0")


def test_downgrade_is_followed_where_it_is_told_and_always_by_hand():
    with Shop() as shop:
        shop.set_stage("prod", TagPattern="*", Policy="semver")
        shop.bring("1.5.0")
        shop.engine.push(REPO, "1.4.0")
        assert shop.push(":1.4.0") == "lower-version"
        number = shop.ask("Deploy", "sss", "shop", "prod", "1.4.0")[0]
        assert shop.wait_final(number)[0] == "succeeded"
        # From there it goes up again.
        shop.bring("1.4.1")
        assert shop.push(":1.4.0") == "lower-version"
        shop.set_stage("prod", AllowDowngrade=True)
        assert shop.wait_final(shop.push(":1.4.0"))[0] == "succeeded"


def test_what_was_rolled_back_from_does_not_come_back_by_itself():
    with Shop() as shop:
        shop.set_stage("prod", TagPattern="*", Policy="semver")
        shop.bring("1.4.0")
        shop.bring("1.5.0")
        number = shop.ask("Rollback", "ss", "shop", "prod")[0]
        assert shop.wait_final(number)[0] == "succeeded"
        assert shop.push(":1.5.0") == shop.push(":1.4.7") == "rolled-back"
        assert shop.push(":1.3.0") in ("rolled-back", "lower-version")
        shop.bring("1.5.1")
        assert shop.push(":1.5.0") == "lower-version"


def test_regular_expression_has_to_match_the_whole_tag():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="(main|release)-[0-9]+", Policy="regex")
        shop.bring("main-7")
        assert shop.push(":main-7-dirty") == shop.push(":a-main-7") == shop.push(":main-") == "no-stage-matches"
        # Every match is followed, in the order in which they come.
        shop.bring("release-3")


def test_digest_is_followed_when_it_moves_and_only_then():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="latest", Policy="digest")
        one, two = (shop.engine.push(REPO, "latest", word=word) for word in ("one", "two"))
        assert shop.push(f":stable@{one}") == "no-stage-matches"
        assert shop.wait_final(shop.push(f":latest@{one}"))[0] == "succeeded"
        assert shop.push(f":latest@{one}") == "same-digest"
        number = shop.push(f":latest@{two}")
        assert shop.push(f":latest@{two}") == "same-digest"
        assert shop.wait_final(number)[0] == "succeeded"
        # Without a digest the registry has to be asked.
        assert shop.wait_final(shop.push(":latest"))[0] == "unchanged"
        assert shop.push(f":latest@{two}") == "same-digest"
        assert shop.wait_final(shop.ask("Rollback", "ss", "shop", "dev")[0])[0] == "succeeded"
        assert shop.push(f":latest@{two}") == "rolled-back"
        assert shop.push(f":latest@{one}") == "same-digest"


def test_stage_without_auto_deploy_keeps_the_highest_available():
    with Shop() as shop:
        shop.set_stage("prod", TagPattern="*", Policy="semver", AutoDeploy=False)
        assert shop.push(":1.5.0") == "auto-deploy-off"
        assert shop.push(":1.4.0") == "lower-version"
        assert shop.stages()["prod"]["Available"] == f"{REPO}:1.5.0"
        assert "AVAILABLE" in shop.ctl("stages").stdout
        assert json.loads(shop.ctl("--json", "stages", "shop").stdout)[0]["available"] == f"{REPO}:1.5.0"


def test_redelivery_is_answered_with_its_row_although_the_stage_is_ahead():
    with Shop() as shop:
        shop.set_stage("prod", TagPattern="*", Policy="semver")
        for tag in ("1.4.0", "1.5.0"):
            shop.engine.push(REPO, tag)
        key = ["Idempotency-Key: job-1"]
        number = shop.push(":1.4.0", key)
        assert shop.wait_final(number)[0] == "succeeded"
        assert shop.wait_final(shop.push(":1.5.0"))[0] == "succeeded"
        assert shop.push(":1.4.0", key) == number
        assert shop.push(":1.4.0", ["Idempotency-Key: job-2"]) == shop.push(":1.4.0") == "lower-version"
        assert shop.push(":1.4.0", ["Idempotency-Key: job-2"]) == "lower-version"


def test_match_reads_each_stage_by_its_policy():
    with Shop() as shop:
        shop.set_stage("dev", TagPattern="main-[0-9]+", Policy="regex")
        shop.set_stage("prod", TagPattern="^1.4", Policy="semver")
        assert shop.ask("MatchImage", "s", f"{REPO}:v1.5.0") == ["shop", "prod", True]
        assert shop.ask("MatchImage", "s", f"{REPO}:main-12") == ["shop", "dev", True]
        lines = shop.ctl("match", f"{REPO}:v1.5.0").stdout.splitlines()
        assert lines == ["shop/prod", "  dev: regex 'main-[0-9]+' does not take 'v1.5.0'",
                         "  prod: semver '^1.4' takes 'v1.5.0'"], lines
        assert shop.ctl("match", f"{REPO}:v2.0.0", status=4)


if __name__ == "__main__":
    tap.main()
