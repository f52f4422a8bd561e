# SPDX-License-Identifier: MIT
"""What senders post: the corpus of the fuzz targets, whose files are a request's headers, an empty line, and the body."""
import pathlib

from webhook_host import ROOT

CORPUS = pathlib.Path(ROOT) / "tests/fuzz/corpus"
# For the senders that do not say where they are.
CONFIG = """HostAliases=aliyun=registry.cn-example.example.com
HostAliases=jfrog/bare-local=acme.jfrog.example.com
HostAliases=nexus/images=images.example.com
HostAliases=zot=hub.example.com
"""


def read(name):
    """Headers and body of "format/kind"."""
    head, _, body = (b"\n" + (CORPUS / f"payload-{name}").read_bytes()).partition(b"\n\n")
    return head.decode("ascii").strip().splitlines(), body


def post(webhookd, name, *more):
    headers, body = read(name)
    replaced = {header.split(":")[0].lower() for header in more}
    return webhookd.request("POST", None, body, [h for h in headers if h.split(":")[0].lower() not in replaced] + list(more))
