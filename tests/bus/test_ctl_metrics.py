#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
`tinyforgectl metrics`, with the real webhookd on a private bus, read by others' parsers: the OpenMetrics one of
prometheus-client, and node_exporter's textfile collector.

usage: test_ctl_metrics.py [TEST], with TINYFORGECTL= and WEBHOOKD= the programs and SOURCE_ROOT= the tree
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from waiting import wait_for  # noqa: E402
from webhook_host import Host  # noqa: E402

PROGRAM = os.environ["TINYFORGECTL"]


def run(webhookd, *arguments, prefix=()):
    """The finished process. On this bus there is no deployer, so that root gets status 1 after all that webhookd knows."""
    return subprocess.run([*prefix, PROGRAM, "metrics", *arguments], capture_output=True, text=True, timeout=60, check=False,
                          env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=webhookd.bus.address))


def busy(webhookd):
    """Deliveries of each outcome, and deploys that wait or are superseded."""
    webhookd.post("a.example/org/shop:v1")
    webhookd.post("a.example/org/shop:v2", headers=["Idempotency-Key: 1"])
    webhookd.post("a.example/org/shop:v2", headers=["Idempotency-Key: 1"])
    webhookd.request(body=b"{", headers=["Content-Type: application/json"])
    webhookd.request(path="/api/webhook/none")


def test_text_is_openmetrics():
    # Where Debian has it, for whatever python3 comes first.
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        from prometheus_client.openmetrics import parser  # pylint: disable=import-outside-toplevel
    except ImportError:
        raise tap.Skip("python3-prometheus-client is not installed") from None
    with Host() as webhookd:
        busy(webhookd)
        text = run(webhookd).stdout
        assert text.endswith("# EOF\n")
        families = {family.name: family for family in parser.text_string_to_metric_families(text)}
        samples = {(sample.name, *sorted(sample.labels.items())): sample.value
                   for family in families.values() for sample in family.samples}
    assert families["tinyforge_deploys"].type == "counter" and families["tinyforge_deploys"].documentation, families
    for outcome, provider, n in (("accepted", "generic", 2), ("known", "generic", 1), ("refused", "unknown", 1)):
        assert samples["tinyforge_deliveries_total", ("outcome", outcome), ("provider", provider)] == n, samples
    assert samples["tinyforge_projects",] == 1
    assert sum(value for key, value in samples.items() if key[0] == "tinyforge_queue_deploys") == 1, samples


def test_every_sample_is_of_a_family_that_is_described():
    with Host() as webhookd:
        busy(webhookd)
        lines = run(webhookd).stdout.splitlines()
        known = {line.split()[2] for line in lines if line.startswith("# HELP ")}
        names = {name for name, _, _ in webhookd.call("GetMetrics")[0]}
    described = {line.split("{")[0].split()[0] for line in lines if not line.startswith("#")}
    assert names == described, names ^ described
    assert all(any(name.startswith(family) for family in known) for name in names)


def test_json_has_the_same_samples():
    with Host() as webhookd:
        busy(webhookd)
        samples = json.loads(run(webhookd, "--json").stdout)
    assert {"name": "tinyforge_deliveries_total", "labels": {"provider": "generic", "outcome": "known"},
            "value": 1.0} in samples, samples


def test_counters_outlive_the_process():
    with Host() as webhookd:
        busy(webhookd)
        webhookd.stop()
        webhookd.start()
        assert 'tinyforge_deliveries_total{provider="generic",outcome="accepted"} 2\n' in run(webhookd).stdout


def test_counters_are_for_everybody_and_tell_no_secret():
    if os.getuid() != 0:
        raise tap.Skip("needs root to become a stranger")
    with Host() as webhookd:
        os.chmod(os.path.dirname(webhookd.state), 0o755)
        busy(webhookd)
        result = run(webhookd, prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        assert "tinyforge_projects 1\n" in result.stdout, result
        assert webhookd.path().rsplit("/", 1)[1] not in result.stdout


def test_without_the_deployer_the_rest_is_told_and_the_status_is_1():
    with Host() as webhookd:
        result = run(webhookd)
        assert result.returncode == 1 and result.stdout.endswith("# EOF\n") and result.stderr, result


def test_file_is_replaced_whole_and_a_link_is_not_followed():
    with Host() as webhookd:
        folder = os.path.join(os.path.dirname(webhookd.state), "textfile")
        os.mkdir(folder)
        path, other = os.path.join(folder, "tinyforge.prom"), os.path.join(folder, "other")
        with open(other, "w", encoding="ascii") as f:
            f.write("untouched")
        os.symlink(other, path)
        assert run(webhookd, f"--output={path}").stdout == ""
        with open(other, encoding="ascii") as f:
            assert f.read() == "untouched"
        assert not os.path.islink(path) and os.stat(path).st_mode & 0o777 == 0o644
        with open(path, encoding="ascii") as f:
            assert f.read() == run(webhookd).stdout
        assert sorted(os.listdir(folder)) == ["other", "tinyforge.prom"]
        result = run(webhookd, f"--output={folder}/none/tinyforge.prom")
        assert result.returncode == 1 and "Cannot write" in result.stderr, result
        assert run(webhookd, f"--output={path}", "--json").returncode == 2


def exported(address):
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.URLError:
        return None


def test_node_exporter_takes_the_file():
    program = shutil.which("prometheus-node-exporter")
    if not program:
        raise tap.Skip("prometheus-node-exporter is not installed")
    with Host() as webhookd:
        folder = os.path.join(os.path.dirname(webhookd.state), "textfile")
        os.mkdir(folder)
        busy(webhookd)
        run(webhookd, f"--output={folder}/tinyforge.prom")
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        with subprocess.Popen([program, "--collector.disable-defaults", "--collector.textfile",
                               f"--collector.textfile.directory={folder}", f"--web.listen-address={address}"],
                              stderr=subprocess.DEVNULL) as exporter:
            try:
                text = wait_for("node_exporter", lambda: exported(address))
            finally:
                exporter.terminate()
    assert "node_textfile_scrape_error 0" in text, text
    assert 'tinyforge_deliveries_total{outcome="known",provider="generic"} 1' in text, text
    assert "tinyforge_projects 1" in text


if __name__ == "__main__":
    tap.main()
