# SPDX-License-Identifier: MIT
"""
The part of the fake engine that lists, tags, untags, removes and prunes images. An image is here as long as it has a name:
a tag, or, with Docker, the digest by which it was pulled from a repository; Podman counts a digest only where it was pulled
by that.
"""
import fnmatch
import hashlib
import json


class Failure(Exception):
    """An answer that is an error."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


def image_id(digest):
    return "sha256:" + hashlib.sha256(digest.encode()).hexdigest()


def familiar(name):
    return name.removeprefix("docker.io/library/").removeprefix("docker.io/")


def pattern_matches(pattern, name):
    """As path.Match(): a star takes no slash."""
    return pattern.count("/") == name.count("/") and all(
        fnmatch.fnmatchcase(part, wanted) for wanted, part in zip(pattern.split("/"), name.split("/")))


class ImageRoutes:
    """Mixed into the handler of requests, which has `engine`, json() and empty()."""

    def shown(self, name):
        """Docker tells the short form of its own registry's names."""
        return familiar(name) if self.engine.flavour_name == "docker" else name

    def names(self, digest):
        """What names an image, shown: (tags, digests)."""
        engine = self.engine
        return ([self.shown(f"{repository}:{tag}") for (repository, tag), d in engine.local_tags.items() if d == digest],
                [self.shown(f"{repository}@{d}") for repository, d in engine.local if d == digest])

    def users(self, digest):
        return [c for c in self.engine.containers if not c.removed and c.digest == digest]

    def list_images(self, query, **_):
        patterns = json.loads(query.get("filters") or "{}").get("reference")

        def fits(name):
            if patterns is None:
                return True
            # The tag and the digest may be left out of a pattern.
            bare = name.partition("@")[0] if "@" in name else name.rpartition(":")[0]
            return any(pattern_matches(pattern, known) for pattern in patterns for known in (name, bare))
        answer = []
        with self.engine.lock:
            for digest, image in self.engine.images.items():
                tags, digests = self.names(digest)
                if not any(map(fits, tags + digests)):
                    continue
                # Docker tells only the names that were asked for.
                if self.engine.flavour_name == "docker":
                    tags, digests = list(filter(fits, tags)), list(filter(fits, digests))
                answer.append({"Id": image_id(digest), "RepoTags": tags, "RepoDigests": digests, "Created": 0,
                               "Size": 1, "Labels": image.get("labels") or None, "Containers": -1})
        self.json(200, answer)

    def tag(self, name, query, **_):
        engine = self.engine
        with engine.lock:
            _, digest, image = engine.find_image(name)
            engine.local_tags[(query["repo"], query.get("tag") or "latest")] = digest
            if engine.flavour_name == "podman":
                engine.local.setdefault((query["repo"], digest), image)
        self.empty(201)

    def remove_image(self, name, query, **_):
        """By the name of an image this takes the name away, and the image with the last one."""
        engine = self.engine
        with engine.lock:
            repository, digest, _ = engine.find_image(name)
            _, tag, by_digest = engine.split(name)
            if name.startswith("sha256:"):
                self.check_unused(name, digest, query, len(self.names(digest)[0]) > 1)
                self.forget(digest)
                self.json(200, [{"Deleted": image_id(digest)}])
                return
            if self.is_last_name(repository, None if by_digest else tag or "latest", digest):
                self.check_unused(name, digest, query)
                self.forget(digest)
                self.json(200, [{"Untagged": self.shown(name)}, {"Deleted": image_id(digest)}])
                return
            if by_digest and engine.flavour_name == "docker":
                engine.local.pop((repository, digest))
            elif not by_digest:
                engine.local_tags.pop((repository, tag or "latest"))
                self.forget_digest_of(repository, digest)
            self.json(200, [{"Untagged": self.shown(name)}])

    def forget_digest_of(self, repository, digest):
        """The digest of a repository goes with its last tag there, but where Podman pulled by it."""
        engine = self.engine
        if (repository, digest) not in engine.by_digest and not any(
                r == repository and d == digest for (r, _), d in engine.local_tags.items()):
            engine.local.pop((repository, digest), None)

    def is_last_name(self, repository, tag, digest):
        """Whether nothing names the image once this name is gone; a `tag` of None means the digest."""
        engine = self.engine
        tags = {key for key, d in engine.local_tags.items() if d == digest} - {(repository, tag)}
        if engine.flavour_name == "podman":
            return not tags and (tag is None or (repository, digest) not in engine.by_digest)
        digests = {r for r, d in engine.local if d == digest}
        if tag is None or not any(r == repository for r, _ in tags):
            digests -= {repository}
        return not tags and not digests

    def check_unused(self, name, digest, query, ambiguous=False):
        users = self.users(digest)
        forced = query.get("force") in ("1", "true")
        if ambiguous and not forced:
            raise Failure(409, f"conflict: unable to delete {name} (must be forced) - image is referenced in multiple "
                          "repositories")
        # Force takes away what only stopped containers use; Podman would remove those as well, which nobody wants.
        if not users or (forced and not any(c.running() for c in users)):
            return
        if self.engine.flavour_name == "podman":
            raise Failure(409, f"image used by {users[0].id}: image is in use by a container")
        raise Failure(409, f'conflict: unable to remove repository reference "{self.shown(name)}" (must force) - '
                      f"container {users[0].id[:12]} is using its referenced image {image_id(digest)[7:19]}")

    def forget(self, digest):
        engine = self.engine
        for names in (engine.local, engine.local_tags):
            for key in [key for key in names if digest in (key[1], names[key])]:
                names.pop(key)
        engine.images.pop(digest)
        engine.by_digest = {key for key in engine.by_digest if key[1] != digest}

    def prune(self, query, **_):
        """What nothing uses, without a tag; with the filter dangling=false, tagged or not."""
        untagged = json.loads(query.get("filters") or "{}").get("dangling", ["true"])[0] in ("true", "1")
        with self.engine.lock:
            gone = [digest for digest in self.engine.images
                    if not self.users(digest) and not (untagged and self.names(digest)[0])]
            for digest in gone:
                self.forget(digest)
        self.json(200, {"ImagesDeleted": [{"Deleted": image_id(digest)} for digest in gone], "SpaceReclaimed": 0})
