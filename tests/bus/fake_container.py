# SPDX-License-Identifier: MIT
"""A container of the fake engine."""
import hashlib
import time

import fake_network
from fake_images import image_id

ZERO_TIME = "0001-01-01T00:00:00Z"


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e9):09d}Z"


def healthcheck(image):
    """What is told of an image's check: with more than its command where it is no mere True."""
    more = image["healthcheck"]
    return {"Test": ["CMD", "/check"], **(more if isinstance(more, dict) else {})}


class Container:
    """
    What it does is in the image's `behaviour`; its state follows from the time. exit: the code with which it ends, `after`
    seconds; revives: its restart policy then starts it again, back-after seconds later; health: what its health check says, `after` seconds; logs, each a
    line, or [line, seconds after its start before which it is not found]; oom; restarts: what the engine counts; start-error, start-status; stop-takes: seconds; listen: see fake_network.py;
    commands: the same for containers with these words as their Cmd, which then alone counts.
    """

    def __init__(self, number, name, body, image, flavour, digest=""):
        self.flavour, self.digest = flavour, digest
        self.id = hashlib.sha256(f"{flavour} container {number}".encode()).hexdigest()
        self.name, self.body, self.image = name, body, image
        self.started = self.stopped = None
        self.removed = self.by_hand = False
        self.signal_code = 0
        self.address = ""
        self.joined, self.attached = fake_network.endpoints(flavour, body), 0
        self.port = 40000 + number

    @property
    def behaviour(self):
        behaviour = self.image.get("behaviour", {})
        return behaviour.get("commands", {}).get(" ".join(self.body.get("Cmd") or []), behaviour)

    def age(self):
        return time.time() - self.started if self.started else 0.0

    def restart_policy(self):
        return self.body.get("HostConfig", {}).get("RestartPolicy", {}).get("Name") or "no"

    def revived(self):
        """How often its restart policy has started it again, and the seconds since."""
        if not self.behaviour.get("revives") or self.restart_policy() == "no" or self.stopped:
            return 0, self.age()
        return int(self.age() // self.cycle()), self.age() % self.cycle()

    def life(self):
        return self.behaviour.get("after", 0)

    def cycle(self):
        """From one start to the next."""
        return self.life() + self.behaviour.get("back-after", 0.1)

    def started_at(self):
        return stamp(self.started + self.revived()[0] * self.cycle()) if self.started else ZERO_TIME

    def exit_code(self):
        code = self.behaviour.get("exit")
        if self.stopped and self.started and self.stopped - self.started < self.life():
            return None
        return code if code is not None and self.started and self.revived()[1] >= self.life() else None

    def command(self):
        """Which command of which deploy it is for, or None."""
        labels = self.labels()
        return (labels.get("org.tinyforge.command"), labels["org.tinyforge.deploy"]) if "org.tinyforge.command" in labels else None

    def ended_well(self):
        return self.exit_code() == 0 and not self.behaviour.get("oom")

    def n_ends(self):
        """How often its process has ended since it was started by a request."""
        return self.revived()[0] + (self.started is not None and not self.running())

    def running(self):
        return self.started is not None and self.stopped is None and self.exit_code() is None

    def status(self):
        if self.started is None:
            return "created"
        if self.behaviour.get("revives") and self.exit_code() is not None and not self.stopped:
            return "restarting"
        # Podman says so of one that ended by itself.
        return "running" if self.running() else "stopped" if self.flavour == "podman" and not self.stopped else "exited"

    def health(self):
        if not self.image.get("healthcheck"):
            return None
        final = self.behaviour.get("health", "healthy")
        return final if self.age() >= self.behaviour.get("after", 0) else "starting"

    def labels(self):
        return {**self.image.get("labels", {}), **self.body.get("Labels", {})}

    def ports(self):
        """Podman chooses them when it creates, and never takes them back."""
        if not self.running() and self.flavour != "podman":
            return {}
        ports = {}
        for key, binding in fake_network.bindings(self.body):
            ports.setdefault(key, []).append({"HostIp": binding["HostIp"],
                                              "HostPort": binding["HostPort"] or str(self.port)})
        # As engines tell them.
        return dict(sorted(ports.items()))

    def volume(self, path):
        """The name of its own volume at `path`."""
        return hashlib.sha256(f"{self.id} {path}".encode()).hexdigest()

    def volumes(self):
        return [mount["Name"] for mount in self.mounts() if mount["Type"] == "volume"]

    def mounts(self):
        """Of binds and mounts, as inspecting shows them."""
        settings = self.body.get("HostConfig", {})
        wanted = [{"Type": "bind" if source.startswith("/") else "volume", "Source": source, "Target": target,
                   "ReadOnly": "ro" in options.split(",")}
                  for source, target, options in ((bind + "::").split(":")[:3] if ":" in bind else (self.volume(bind), bind, "")
                                                  for bind in settings.get("Binds") or [])]
        wanted += [{"Type": "volume", "Source": self.volume(path), "Target": path} for path in self.image.get("volumes", [])
                   if not any(mount["Target"] == path for mount in wanted + (settings.get("Mounts") or []))]
        return [{"Type": mount.get("Type", "volume"), "Destination": mount["Target"], "RW": not mount.get("ReadOnly"),
                 **({"Name": mount.get("Source", ""), "Source": f"/volumes/{mount.get('Source', '')}"}
                    if mount.get("Type") == "volume" else {"Source": mount.get("Source", "")})}
                for mount in wanted + (settings.get("Mounts") or [])]

    def stop_timeout(self):
        """Podman always tells one."""
        seconds = self.body.get("StopTimeout", 10 if self.flavour == "podman" else None)
        return {} if seconds is None else {"StopTimeout": seconds}

    def inspect(self):
        state = {"Status": self.status(), "Running": self.running(), "OOMKilled": bool(self.behaviour.get("oom")) and (self.exit_code() is not None or self.signal_code == 137),
                 "ExitCode": self.exit_code() or self.signal_code, "Error": "",
                 "StartedAt": self.started_at()}
        if self.health():
            failing = self.health() == "unhealthy"
            state["Health"] = {"Status": self.health(), "FailingStreak": int(failing), "Log": [
                {"ExitCode": int(failing), "Output": "the shop is closed\n" if failing else "open\n"}]
                               if self.health() != "starting" else []}
        elif self.flavour == "podman":
            state["Health"] = {"Status": "", "FailingStreak": 0, "Log": None}
        return {"Id": self.id, "Name": "/" + self.name, "Image": image_id(self.digest),
                "RestartCount": self.behaviour.get("restarts", 0) + self.revived()[0],
                "State": state, "HostConfig": self.body.get("HostConfig", {}), "Mounts": self.mounts(),
                "Config": {"Labels": self.labels(), "Image": self.body["Image"], "Tty": False, **self.stop_timeout(),
                           **({"Healthcheck": healthcheck(self.image)}
                              if self.image.get("healthcheck") and self.flavour != "podman" else {})},
                "NetworkSettings": fake_network.settings(self.flavour, self.joined, self.id[:12],
                                                         self.behaviour.get("address", self.address) if self.running() else "",
                                                         self.ports())}
