# SPDX-License-Identifier: MIT
"""What every test program on a booted host begins and ends with."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from forge import Forge, unavailable_setup  # noqa: E402  pylint: disable=wrong-import-position
from host import SOURCE, HostError, raise_on_signals, unavailable  # noqa: E402  pylint: disable=wrong-import-position

ENGINE = os.environ.get("ENGINE", "docker")
BUS = os.environ.get("BUS", "broker")
BUILD = os.environ.get("BUILD_ROOT", str(pathlib.Path(__file__).resolve().parents[2] / "build"))

# The site of docs/examples/nginx: its address, and the name that it listens to.
SITE = ("http://127.0.0.1/", "shop.example.com")


def nginx(forge):
    """Puts nginx in front of the stage "dev" of the project "shop", with the files of the documentation as they are."""
    example = SOURCE / "docs/examples/nginx"
    forge.run("rm", "-f", "/etc/nginx/sites-enabled/default")
    forge.run("cp", example / "shop.conf", "/etc/nginx/conf.d/")
    forge.run("cp", example / "tinyforge-nginx.path", example / "tinyforge-nginx.service", "/etc/systemd/system/")
    forge.run("systemctl", "daemon-reload")
    forge.run("systemctl", "enable", "--now", "nginx.service", "tinyforge-nginx.path")


def main(module, prepare=lambda forge: None, engine=ENGINE, kind=Forge):
    """Boots a Forge, of a `kind`, puts it into `module` as `forge`, and runs the tests there; skips them where none can be."""
    reason = unavailable() or unavailable_setup(engine)
    if reason:
        print(f"1..1\nok 1 - a_booted_host # SKIP {reason}")
        return
    raise_on_signals()
    begun = time.monotonic()
    try:
        with kind(engine, BUS, BUILD) as forge:
            module.forge = forge
            tap.note(f"{engine or 'no engine'} and {forge.unit('dbus.service', 'Description')}")
            prepare(forge)
            try:
                tap.main()
            finally:
                tap.note(f"{time.monotonic() - begun:.0f} s")
    except HostError as error:
        print(f"Bail out! {' '.join(str(error).split())}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
