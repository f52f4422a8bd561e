# SPDX-License-Identifier: MIT
"""
The part of the fake engine that is the Engine API, but for what is done with images or networks alone; see fake_images.py and
fake_network.py for that.
"""
import json
import re
import time

from fake_container import Container, healthcheck
from fake_images import Failure, ImageRoutes, image_id
from fake_network import NetworkRoutes, lacks, owners

# From this version on an address, and the reason why a pull fails, are told in their new place alone.
TOLD_ONCE = 52


class Routes(ImageRoutes, NetworkRoutes):
    """Mixed into the handler of requests, which has `engine` and its answers."""

    def route(self, path, query, body, fault):
        if path == "/_ping":
            self.raw(200, b"OK", "text/plain")
            return
        if path == "/version":
            flavour = self.engine.flavour
            self.json(200, {"Version": flavour["version"], "ApiVersion": flavour["api"],
                            "MinAPIVersion": flavour["min"]})
            return
        libpod = re.fullmatch(r"/v4\.3\.1/libpod/images/(.+)/json", path)
        if libpod and self.engine.flavour_name == "podman":
            self.libpod_image(libpod.group(1))
            return
        version = re.match(r"/v1\.(\d+)(/.*)", path)
        if not version:
            raise Failure(404, "page not found")
        self.check_version(int(version.group(1)))
        for method, pattern, handler in self.ROUTES:
            match = re.fullmatch(pattern, version.group(2))
            if match and method == self.command:
                handler(self, *match.groups(), query=query, body=body, fault=fault, minor=int(version.group(1)))
                return
        raise Failure(404, "page not found")

    def check_version(self, minor):
        """Podman takes any version, Docker those from its oldest to its newest."""
        oldest, newest = (int(self.engine.flavour[end].split(".")[1]) for end in ("min", "api"))
        if self.engine.flavour_name != "docker" or oldest <= minor <= newest:
            return
        raise Failure(400, f"client version 1.{minor} is too old. Minimum supported API version is 1.{oldest}, please upgrade your "
                      "client to a newer version" if minor < oldest else
                      f"client version 1.{minor} is too new. Maximum supported API version is 1.{newest}")

    def distribution(self, name, **_):
        if self.engine.flavour_name == "podman":
            raise Failure(404, "page not found")
        if self.engine.registry_down:
            raise Failure(500, "Get https://registry.example/v2/: dial tcp 192.0.2.1:443: connect: connection refused")
        repository, tag, _ = self.engine.split(name)
        digest = self.engine.registry.get(repository, {"tags": {}})["tags"].get(tag)
        if not digest:
            raise Failure(404, "manifest unknown: manifest unknown")
        self.json(200, {"Descriptor": {"digest": digest, "size": 1}, "Platforms": []})

    def layers(self, pause):
        """What is told of the layers of an image: by Docker with numbers, by Podman without; `pause` seconds after each step."""
        steps = [[("aa", "Pulling fs layer", {}), ("bb", "Pulling fs layer", {})],
                 [("aa", "Downloading", {"current": 500, "total": 1000})],
                 [("aa", "Downloading", {"current": 500, "total": 1000})],
                 [("aa", "Download complete", {}), ("bb", "Download complete", {})]]
        if self.engine.flavour_name != "podman":
            steps += [[("aa", "Extracting", {"current": 500, "total": 1000})],
                      [("aa", "Pull complete", {}), ("bb", "Pull complete", {})]]
        for step in steps:
            for layer, status, detail in step:
                if not detail or self.engine.flavour_name != "podman":
                    self.chunk(json.dumps({"status": status, "progressDetail": detail, "id": layer * 6}).encode() + b"\r\n")
            time.sleep(pause)

    def pull(self, query, fault, minor, **_):
        repository, tag = query["fromImage"], query["tag"]
        known = self.engine.registry.get(repository, {"tags": {}, "images": {}})
        digest = tag if ":" in tag else known["tags"].get(tag)
        image = known["images"].get(digest)
        if self.engine.registry_down:
            raise Failure(500, "Get https://registry.example/v2/: dial tcp 192.0.2.1:443: connect: connection refused")
        if image is None and self.engine.flavour_name == "docker":
            raise Failure(404, f"manifest for {repository}@{tag} not found: manifest unknown: manifest unknown")
        self.begin(200)
        self.chunk(json.dumps({"status": f"Pulling from {repository}", "id": tag}).encode() + b"\r\n")
        if fault.get("kind") == "stream-error":
            twice = {"error": fault["message"]} if minor < TOLD_ONCE else {}
            self.chunk(json.dumps({"errorDetail": {"message": fault["message"]}, **twice}).encode() + b"\r\n")
        elif fault.get("kind") == "stream-cut":
            return
        elif fault.get("kind") == "stream-garbage":
            self.chunk(b"<html>proxy error</html>\r\n")
        elif fault.get("kind") == "stream-silence":
            self.engine.released.wait(120)
            return
        elif image is None:
            self.chunk(json.dumps({"error": f"initializing source: reading manifest {tag}: manifest unknown"}).encode())
        else:
            self.layers(0.6 if fault.get("kind") == "stream-slow" else 0)
            with self.engine.lock:
                self.engine.images[digest] = self.engine.local[(repository, digest)] = image
                if ":" not in tag:
                    self.engine.local_tags[(repository, tag)] = digest
                elif self.engine.flavour_name == "podman":
                    self.engine.by_digest.add((repository, digest))
            self.chunk(json.dumps({"status": "Status: Downloaded newer image"}).encode() + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def image_config(self, image):
        config = {"Labels": image.get("labels") or None, "ExposedPorts": {port: {} for port in image.get("ports", [])},
                  "Volumes": {path: {} for path in image.get("volumes", [])} or None}
        if image.get("healthcheck") and self.engine.flavour_name == "docker":
            config["Healthcheck"] = healthcheck(image)
        return config

    def image(self, name, **_):
        _, digest, image = self.engine.find_image(name)
        tags, digests = self.names(digest)
        self.json(200, {"Id": image_id(digest), "RepoTags": tags,
                        "RepoDigests": [f"mirror.example/other@{digest}", *digests],
                        "Config": self.image_config(image)})

    def libpod_image(self, name):
        _, digest, image = self.engine.find_image(name)
        answer = {"Id": image_id(digest).removeprefix("sha256:"), "Digest": digest}
        if image.get("healthcheck"):
            answer["Healthcheck"] = healthcheck(image)
        self.json(200, answer)

    def list(self, query, **_):
        filters = json.loads(query.get("filters") or "{}")

        def fits(container):
            labels = container.labels()
            return all(labels.get(key) == value if equal else key in labels
                       for key, equal, value in (word.partition("=") for word in filters.get("label", []))) and \
                (query.get("all") in ("1", "true") or container.running() or "status" in filters) and \
                container.status() in filters.get("status", [container.status()])
        with self.engine.lock:
            self.json(200, [{"Id": c.id, "Names": ["/" + c.name], "Image": c.body["Image"], "ImageID": image_id(c.digest),
                             "Labels": c.labels(), "State": c.status(), "Mounts": c.mounts()}
                            for c in self.engine.containers if not c.removed and fits(c)])

    def check_name(self, name):
        if any(c.name == name for c in self.engine.containers if not c.removed):
            text = f'the container name "{name}" is already in use'
            raise Failure(self.engine.flavour["clash"],
                          f"creating container storage: {text}" if self.engine.flavour_name == "podman"
                          else f"Conflict. {text[0].upper()}{text[1:]}")

    def create(self, query, body, minor, **_):
        engine = self.engine
        networks = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
        if engine.flavour_name == "docker" and minor < 44 and len(networks) > 1:
            raise Failure(400, f"Container cannot be connected to network endpoints: {', '.join(networks)}")
        with engine.lock:
            _, digest, image = engine.find_image(body["Image"])
            self.check_name(query["name"])
            if engine.flavour_name == "podman":
                for owner in owners(body):
                    engine.find_container(owner)
            engine.n_containers += 1
            engine.bodies.append(body)
            container = Container(engine.n_containers, query["name"], body, image, engine.flavour_name, digest)
            engine.containers.append(container)
            engine.volumes += [name for name in container.volumes() if name not in engine.volumes]
        self.json(201, {"Id": container.id, "Warnings": []})

    def inspect(self, name, minor, **_):
        with self.engine.lock:
            told = self.engine.find_container(name).inspect()
            if minor >= TOLD_ONCE:
                del told["NetworkSettings"]["IPAddress"]
            self.json(200, told)

    def start(self, name, **_):
        with self.engine.lock:
            container = self.engine.find_container(name)
            for network in [network for network in container.joined if network in self.engine.lacking]:
                raise Failure(404, lacks(self.engine.flavour_name, network))
            for owner in owners(container.body):
                self.join(self.engine.find_container(owner))
            if "start-error" in container.behaviour:
                raise Failure(container.behaviour.get("start-status", 400), container.behaviour["start-error"])
            if container.running():
                self.empty(304)
                return
            self.engine.run_container(container)
        self.empty()

    def join(self, owner):
        """Docker shares the namespaces of what runs; Podman starts what does not."""
        if owner.running():
            return
        if self.engine.flavour_name == "docker":
            raise Failure(409, f"cannot join network of a non running container: {owner.name}")
        self.engine.run_container(owner)

    def end_container(self, container, seconds, code):
        """It takes its time to end, and is then not started again by its restart policy."""
        if seconds > 0:
            time.sleep(seconds)
        if container.running() or container.status() == "restarting":
            container.stopped, container.signal_code = time.time(), code
        container.by_hand = True

    def stop(self, name, query, **_):
        container = self.engine.find_container(name)
        if not container.running() and container.status() != "restarting":
            container.by_hand = True
            self.empty(304)
            return
        takes, grace = container.behaviour.get("stop-takes", 0), int(query.get("t", 10))
        self.end_container(container, min(takes, grace), 137 if takes > grace else 0)
        self.empty()

    def kill(self, name, query, **_):
        container = self.engine.find_container(name)
        if not container.running():
            raise Failure(409, f"Cannot kill container: {name}: Container {container.id} is not running")
        if query.get("signal", "KILL").removeprefix("SIG") not in ("KILL", "9", "TERM", "15", "INT", "2"):
            self.empty()
            return
        self.end_container(container, 0, 137)
        self.empty()

    def restart(self, name, query, **_):
        container = self.engine.find_container(name)
        if container.running():
            self.end_container(container, min(container.behaviour.get("stop-takes", 0), int(query.get("t", 10))), 0)
        self.start(name, query=query)

    def wait(self, name, **_):
        container = self.engine.find_container(name)
        while container.running() or container.started is None:
            time.sleep(0.02)
        self.json(200, {"StatusCode": container.exit_code() or container.signal_code, "Error": None})

    def rename(self, name, query, **_):
        with self.engine.lock:
            container = self.engine.find_container(name)
            if any(c.name == query["name"] for c in self.engine.containers if not c.removed):
                raise Failure(409, f"renaming container: name {query['name']} already in use")
            container.name = query["name"]
        self.empty()

    def remove(self, name, query, **_):
        with self.engine.lock:
            container = self.engine.find_container(name)
            if container.running() and query.get("force") != "1":
                raise Failure(409, "You cannot remove a running container")
            container.stopped = container.stopped or time.time()
            container.removed = True
            if query.get("v") in ("1", "true"):
                self.engine.volumes = [name for name in self.engine.volumes if name not in
                                       [container.volume(mount["Destination"]) for mount in container.mounts()]]
        self.empty()

    def list_volumes(self, **_):
        with self.engine.lock:
            self.json(200, {"Volumes": [{"Name": name, "Driver": "local"} for name in self.engine.volumes], "Warnings": None})

    def remove_volume(self, name, **_):
        with self.engine.lock:
            if name not in self.engine.volumes:
                raise Failure(404, f"get {name}: no such volume")
            users = [c.id for c in self.engine.containers if not c.removed and name in c.volumes()]
            if users:
                raise Failure(409, f"remove {name}: volume is in use - [{users[0]}]")
            self.engine.volumes.remove(name)
        self.empty()

    def logs(self, name, **_):
        container = self.engine.find_container(name)
        data = b""
        lines = [(line, 0) if isinstance(line, str) else line for line in container.behaviour.get("logs", [])]
        for number, line in enumerate(line for line, late in lines if container.age() >= late):
            line = line.encode("utf-8", "surrogateescape") + b"\n"
            data += bytes([1 + number % 2, 0, 0, 0]) + len(line).to_bytes(4, "big") + line
        self.raw(200, data, "application/octet-stream")

    def events(self, query, fault, **_):
        """What happens to the container, as the engines tell it; ends with the client."""
        filters = json.loads(query["filters"])
        if "container" not in filters:
            self.events_of_all(filters)
            return
        container = self.engine.find_container(filters["container"][0])
        self.begin(200)
        if fault.get("when") == "after":
            return

        def tell(action, **attributes):
            self.chunk(json.dumps({"status": action, "id": container.id, "Type": "container", "Action": action, "Actor": {
                "ID": container.id, "Attributes": {"name": container.name, **attributes}}}).encode() + b"\n")
        seen = None
        for _ in range(6000):
            state = (container.started, container.n_ends(), container.health())
            if seen and state[0] != seen[0]:
                tell("start")
                seen = (state[0], 0, seen[2])
            for _ in range(state[1] - seen[1] if seen else 0):
                code = str(container.behaviour.get("exit", container.signal_code))
                # Docker alone has an event for it.
                if container.behaviour.get("oom") and self.engine.flavour_name == "docker":
                    tell("oom")
                tell("die", **{"containerExitCode" if self.engine.flavour_name == "podman" else "exitCode": code})
            if seen and state[2] not in (None, seen[2]):
                tell(f"health_status: {state[2]}")
            seen = state
            if self.is_gone():
                return
            time.sleep(0.02)

    def tell_of(self, container, wanted, action, more=None, **attributes):
        """As an engine tells it who asked for these actions, each of which stands for all that begin with it."""
        if not any(action.partition(":")[0] == word for word in wanted):
            return
        self.chunk(json.dumps({"status": action, "id": container.id, "Type": "container", "Action": action, "Actor": {
            "ID": container.id, "Attributes": {"name": container.name, **container.labels(), **attributes}}, **(more or {})})
                   .encode() + b"\n")

    def tell_change(self, container, wanted, old, new):
        """What happened to it between two moments: (when it was started, how often it ended, its health, whether it is gone)."""
        podman = self.engine.flavour_name == "podman"
        if old and new[0] != old[0]:
            old = (new[0], 0, old[2], old[3])
            self.tell_of(container, wanted, "start")
        for _ in range(new[1] - old[1] if old else 0):
            # Podman tells nobody of a signal by which it stops one.
            if container.by_hand and not podman:
                self.tell_of(container, wanted, "kill", signal="15")
            code = str(container.behaviour.get("exit", container.signal_code))
            # What Podman's API calls by Docker's name it finds by its own.
            self.tell_of(container, ["die"] if "died" in wanted or not podman else [], "die",
                         **{"containerExitCode" if podman else "exitCode": code})
            if container.revived()[0] and container.running():
                self.tell_of(container, wanted, "start")
        if old and new[2] not in (None, old[2]) and podman:
            self.tell_of(container, wanted, "health_status", {"HealthStatus": new[2]})
        elif old and new[2] not in (None, old[2]):
            self.tell_of(container, wanted, f"health_status: {new[2]}")
        if old and new[3] and not old[3]:
            self.tell_of(container, wanted, "remove" if podman else "destroy")

    def events_of_all(self, filters):
        """The same of all of them."""
        self.begin(200)
        seen = {}
        for _ in range(6000):
            for container in list(self.engine.containers):
                state = (container.started, container.n_ends(), container.health(), container.removed)
                self.tell_change(container, filters.get("event", []), seen.get(container.id), state)
                seen[container.id] = state
            if self.is_gone():
                return
            time.sleep(0.02)

    ROUTES = [
        ("GET", r"/distribution/(.+)/json", distribution),
        ("POST", r"/images/create", pull),
        ("GET", r"/images/json", ImageRoutes.list_images),
        ("POST", r"/images/prune", ImageRoutes.prune),
        ("POST", r"/images/(.+)/tag", ImageRoutes.tag),
        ("DELETE", r"/images/(.+)", ImageRoutes.remove_image),
        ("GET", r"/images/(.+)/json", image),
        ("GET", r"/containers/json", list),
        ("POST", r"/containers/create", create),
        ("GET", r"/containers/([^/]+)/json", inspect),
        ("POST", r"/containers/([^/]+)/start", start),
        ("POST", r"/containers/([^/]+)/stop", stop),
        ("POST", r"/containers/([^/]+)/kill", kill),
        ("POST", r"/containers/([^/]+)/restart", restart),
        ("POST", r"/containers/([^/]+)/wait", wait),
        ("POST", r"/containers/([^/]+)/rename", rename),
        ("GET", r"/containers/([^/]+)/logs", logs),
        ("DELETE", r"/containers/([^/]+)", remove),
        ("GET", r"/volumes", list_volumes),
        ("DELETE", r"/volumes/([^/]+)", remove_volume),
        ("GET", r"/networks/([^/]+)", NetworkRoutes.look_up),
        ("POST", r"/networks/([^/]+)/connect", NetworkRoutes.connect),
        ("POST", r"/networks/([^/]+)/disconnect", NetworkRoutes.disconnect),
        ("GET", r"/events", events),
    ]
