# SPDX-License-Identifier: MIT
"""The table of the engine's keys is what its script makes of the engine's own descriptions, where they lie beside the tree."""
import re
import subprocess
import sys

import source
import tap

SCRIPT = source.ROOT / "scripts/engine-keys"
TABLE = source.ROOT / "src/deployerd/config/engine-keys.c"


def make(paths):
    try:
        import yaml  # noqa: F401  pylint: disable=import-outside-toplevel,unused-import
    except ImportError:
        raise tap.Skip("python3-yaml is not installed") from None
    return subprocess.run([sys.executable, SCRIPT, *paths], check=True, stdout=subprocess.PIPE, text=True).stdout


def test_table_is_what_the_script_makes_of_the_descriptions():
    assert make(source.engine_descriptions()) == TABLE.read_text(encoding="utf-8"), "run scripts/engine-keys again"


def test_table_says_what_it_was_made_of():
    versions = re.search(r"Made of the descriptions of ([\d., ]+),", TABLE.read_text(encoding="utf-8")).group(1)
    assert versions.split(", ") == [path.stem.removeprefix("v") for path in source.engine_descriptions()]


def test_order_of_the_descriptions_does_not_matter():
    paths = source.engine_descriptions()
    assert make(paths[::-1]) == make(paths)


if __name__ == "__main__":
    tap.main()
