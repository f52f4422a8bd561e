# SPDX-License-Identifier: MIT
"""Tests wait for conditions, never for time."""
import time


def wait_for(what, condition, deadline=20.0):
    """Waits until `condition` gives something true, and returns that."""
    end = time.monotonic() + deadline
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline} s in vain for: {what}")
        time.sleep(0.01)
