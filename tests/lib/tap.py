# SPDX-License-Identifier: MIT
"""TAP for the test programs in Python: each function named test_* is one promise, run in the order of the file."""
import inspect
import os
import sys
import traceback


class Skip(Exception):
    """Raised by a test that cannot be run here; the text says why."""


def note(text):
    """A diagnostic line: figures, mostly."""
    print(f"# {text}", flush=True)


def run(module, only=None):
    """Runs all tests of `module`, each followed by its teardown() if it has one, prints TAP, and ends the program."""
    tests = [(name, f) for name, f in vars(module).items() if name.startswith("test_") and inspect.isfunction(f)]
    tests.sort(key=lambda item: item[1].__code__.co_firstlineno)
    only = only or os.environ.get("TEST_ONLY")
    if only:
        tests = [(name, f) for name, f in tests if only in name]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    teardown = vars(module).get("teardown", lambda: None)
    for number, (name, f) in enumerate(tests, 1):
        try:
            try:
                f()
            finally:
                teardown()
            print(f"ok {number} - {name[5:]}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {name[5:]} # SKIP {reason}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            for line in traceback.format_exc().splitlines():
                note(line)
            print(f"not ok {number} - {name[5:]}", flush=True)
    sys.exit(1 if failed else 0)


def main():
    """To be called at the end of a test program."""
    run(sys.modules["__main__"], sys.argv[1] if len(sys.argv) > 1 else None)
