#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What stands between a CI and the receiver: TLS by a drop-in and its renewal, nginx and Caddy; with the files of docs/examples/tls
and docs/examples/proxy, and a real curl. There is no engine: what counts is the answer.

usage: test_proxy.py [TEST], with BUS= and BUILD_ROOT= as for test_system.py. The tests build upon one another, in this order.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile
import threading

import harness
import tap
from forge import ADDRESS, REGISTRY, SOCKET, WEBHOOKD
from host import SOURCE, wait_until

import certificates

TLS_SOCKET = "tinyforge-webhookd-tls.socket"
TLS = "https://localhost:8443"
SITE = "https://deploy.example.com"
HERE = ["--resolve", "deploy.example.com:443:127.0.0.1"]
LINEAGE, CA = "/root/live/deploy.example.com", "/root/ca.pem"
RENEWALS, WORKERS, MOST, EACH, KEPT = 5, 4, 1500, 40, 300
FORGED = "198.51.100.9"

forge = None  # pylint: disable=invalid-name


class Load:
    """`with Load(URL, …) as load: …`; afterwards `outcomes` counts what tests/system/load.sh printed."""

    def __init__(self, url, *arguments, image="a.example/load"):
        self.command = forge.enter("tests/system/load.sh", WORKERS, MOST, "--cacert", CA, *arguments,
                                   "--json", json.dumps({"image": image}), url + forge.path())
        self.process = self.reader = None
        self.outcomes = collections.Counter()

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        return self

    def read(self):
        for line in self.process.stdout:
            self.outcomes[line.strip()] += 1

    def __exit__(self, *exception):
        self.process.stdin.close()
        self.process.wait(120)
        self.reader.join()
        self.process.stdout.close()

    def wait_for(self, count, certificate_name=""):
        """Until that many more requests have an answer, which has to come with that certificate."""
        def answered():
            return sum(n for line, n in list(self.outcomes.items()) if line.endswith(certificate_name))
        before = answered()
        wait_until(lambda: answered() >= before + count, f"{count} requests more with the certificate {certificate_name}", 60)

    @property
    def sent(self):
        return sum(self.outcomes.values())

    def lost(self):
        """Outcomes that are no accepted delivery."""
        return {line: count for line, count in self.outcomes.items() if not line.startswith("0 202 ")}


def renewed(name, key_of=None):
    """A new certificate in the files of certbot's names; it is trusted from now on."""
    with tempfile.TemporaryDirectory() as directory:
        certificate, key = certificates.make(directory, name)
        if key_of:
            _, key = certificates.make(directory, key_of)
        forge.run("mkdir", "-p", "-m", "0700", LINEAGE)
        for path, target in ((certificate, "fullchain.pem"), (key, "privkey.pem")):
            with open(path, encoding="ascii") as f:
                forge.write(f"{LINEAGE}/{target}", f.read())
        with open(certificate, encoding="ascii") as f:
            forge.run("tee", "-a", CA, input=f.read())


def renew(check=True, lineage=LINEAGE):
    """As certbot would."""
    return forge.run("env", f"RENEWED_LINEAGE={lineage}", SOURCE / "docs/examples/tls/renew", check=check)


def drop_in(unit, file):
    forge.run("install", "-D", "-m", "0644", SOURCE / "docs/examples" / file,
              f"/etc/systemd/system/{unit}.d/{os.path.basename(file)}")
    forge.run("systemctl", "daemon-reload")


def curl(url, *arguments, check=True, **options):
    # Newer releases of curl try ::1 first, where localhost has both.
    return forge.run("curl", "-sS", "--ipv4", "--max-time", "30", "--cacert", CA, *arguments, url, check=check, **options)


def deliver(url, image, *arguments):
    """Posts over `url`; returns the status, and the address that the journal has for it."""
    status = curl(url + forge.path(), *arguments, "--json", json.dumps({"image": image}), "-o", "/dev/null", "-w",
                  "%{http_code}").stdout
    entries = forge.journal("DELIVERY_ACCEPTED", TINYFORGE_IMAGE=image)
    return status, [entry["TINYFORGE_REMOTE"] for entry in entries]


def certificate():
    """The subject of the certificate that is shown."""
    return curl(f"{TLS}/", "-o", "/dev/null", "-w", "%{certs}").stdout.splitlines()[0]


def prepare(_):
    """The first certificate, which nobody uses yet."""
    renewed("first")


# TLS by drop-in

def test_tls_socket_is_closed_as_installed():
    assert forge.unit(TLS_SOCKET, "ActiveState", "UnitFileState") == ["inactive", "disabled"]
    assert curl(f"{TLS}/", check=False).returncode == 7
    # There is no engine, which is the rest of the status.
    assert f"{TLS_SOCKET} inactive dead" in " ".join(forge.ctl("status", check=False).stdout.split())


def test_tls_socket_without_a_certificate_says_what_to_do_and_harms_nothing():
    forge.run("systemctl", "enable", TLS_SOCKET)
    forge.run("systemctl", "restart", WEBHOOKD)
    for _ in range(40):
        assert curl(f"{TLS}/", check=False).returncode == 35
    assert any("LoadCredential=tls-certificate:" in entry["MESSAGE"] for entry in forge.journal())
    assert deliver(f"http://{ADDRESS}", "a.example/plain") == ("202", ["127.0.0.1"])
    assert forge.unit(WEBHOOKD, "ActiveState", "NRestarts") == ["active", "0"]
    assert forge.unit(TLS_SOCKET, "ActiveState") == "active"


def test_drop_in_of_the_documentation_turns_tls_on():
    renew()
    drop_in(WEBHOOKD, "tls/tls.conf")
    forge.run("systemctl", "restart", WEBHOOKD)
    for version in ("1.2", "1.3"):
        assert deliver(TLS, f"a.example/over-{version}", f"--tlsv{version}", "--tls-max", version) == ("202", ["127.0.0.1"])
    assert curl(f"{TLS}/", "--http2", "-o", "/dev/null", "-w", "%{http_version}").stdout == "1.1"
    assert curl(f"http://localhost:8443{forge.path()}", check=False).returncode in (52, 56)
    assert forge.run("curl", "-sS", f"{TLS}/", check=False).returncode == 60


def test_key_is_readable_by_root_and_the_receiver_alone():
    assert forge.out("stat", "-c", "%a %U", "/etc/tinyforge/tls", "/etc/tinyforge/tls/key.pem").split("\n") \
        == ["700 root", "600 root"]
    for user in ("nobody", "tinyforge", "tinyforge-deployer"):
        assert forge.run("cat", "/etc/tinyforge/tls/key.pem", user=user, check=False).returncode != 0
        readable = forge.run("cat", f"/run/credentials/{WEBHOOKD}/tls-key", user=user, check=False).returncode == 0
        assert readable == (user == "tinyforge"), user
    key = forge.out("sed", "-n", "2p", "/etc/tinyforge/tls/key.pem")
    pid = forge.pid(WEBHOOKD)
    assert len(key) > 40 and key not in forge.out("cat", f"/proc/{pid}/environ", f"/proc/{pid}/cmdline", errors="replace")
    assert key not in forge.out("journalctl", "--all", "-o", "export", errors="replace")


def test_forged_address_is_not_believed_over_tcp():
    for scheme, name in ((TLS, "tls"), (f"http://{ADDRESS}", "http")):
        assert deliver(scheme, f"a.example/forged-{name}", "-H", f"X-Forwarded-For: {FORGED}") == ("202", ["127.0.0.1"])


def test_call_on_the_bus_opens_the_sockets_that_are_enabled_and_no_others():
    forge.run("systemctl", "disable", "--now", SOCKET)
    forge.run("systemctl", "enable", "--now", TLS_SOCKET)
    wait_until(lambda: forge.unit("tinyforge-resume.service", "ActiveState") == "inactive", "the receiver has the socket that opened")
    forge.run("systemctl", "stop", TLS_SOCKET, WEBHOOKD)
    assert forge.unit(WEBHOOKD, "ActiveState") == "inactive"
    path = forge.path()
    assert forge.unit(WEBHOOKD, "ActiveState") == forge.unit(TLS_SOCKET, "ActiveState") == "active"
    assert forge.unit(SOCKET, "ActiveState") == "inactive"
    assert curl(f"http://{ADDRESS}/", check=False).returncode == 7
    assert curl(f"{TLS}{path}", "-o", "/dev/null", "-w", "%{http_code}").stdout == "405"
    # Stopping a socket closes it, and does not leave a process behind that goes on serving it.
    forge.run("systemctl", "stop", TLS_SOCKET)
    assert forge.unit(WEBHOOKD, "ActiveState") == "inactive"
    forge.run("systemctl", "enable", "--now", SOCKET, TLS_SOCKET)


# Renewal

def test_renewals_under_load_lose_no_request():
    with Load(TLS) as load:
        load.wait_for(EACH, certificate())
        for number in range(RENEWALS):
            pid = forge.pid(WEBHOOKD)
            renewed(f"renewal-{number}")
            renew()
            assert forge.pid(WEBHOOKD) not in (0, pid)
            load.wait_for(EACH, f"Subject:CN = renewal-{number}")
    tap.note(f"{RENEWALS} renewals: {load.sent} requests sent, {sum(load.lost().values())} lost")
    assert not load.lost(), load.lost()


def test_restarts_lose_no_request_of_kept_connections():
    # A query is part of the secret's path, and wrong; what counts is the answer. curl reconnects where the receiver ended.
    kept = subprocess.Popen(forge.enter("curl", "-sS", "--cacert", CA, "--rate", "100/s", "--max-time", "20", "--json", "{}", "-o",
                                        "/dev/null", "-w", "%{http_code}\n", f"{TLS}/?[1-{KEPT}]"), stdout=subprocess.PIPE, text=True)
    answers = [kept.stdout.readline()]
    for _ in range(3):
        forge.run("systemctl", "restart", WEBHOOKD)
        answers.append(kept.stdout.readline())
    answers += kept.stdout
    assert kept.wait(60) == 0 and answers == ["404\n"] * KEPT, (kept.returncode, collections.Counter(answers))


def test_renewal_of_something_else_or_with_a_wrong_key_is_kept_out():
    shown, pid = certificate(), forge.pid(WEBHOOKD)
    renewed("mistaken", key_of="other")
    renew(lineage="/root/live/other.example.com")
    done = renew(check=False)
    assert done.returncode == 1 and "is not the certificate's" in done.stderr, done
    for file in ("fullchain.pem", "privkey.pem"):
        forge.write(f"{LINEAGE}/{file}", "garbage")
    assert renew(check=False).returncode == 1
    assert forge.pid(WEBHOOKD) == pid
    forge.run("systemctl", "restart", WEBHOOKD)
    assert certificate() == shown


def test_wrong_key_closes_the_tls_socket_alone_and_the_right_one_opens_it():
    renewed("unlucky", key_of="other")
    forge.run("cp", f"{LINEAGE}/privkey.pem", "/etc/tinyforge/tls/key.pem")
    forge.run("systemctl", "restart", WEBHOOKD)
    assert any("'tls-key' is not the key of" in entry["MESSAGE"] for entry in forge.journal("TLS_UNUSABLE"))
    assert curl(f"{TLS}/", check=False).returncode == 35
    assert deliver(f"http://{ADDRESS}", "a.example/meanwhile")[0] == "202"
    renewed("right")
    renew()
    assert certificate() == "Subject:CN = right"
    assert forge.unit(WEBHOOKD, "NRestarts") == "0"
    assert forge.unit(SOCKET, "ActiveState") == forge.unit(TLS_SOCKET, "ActiveState") == "active"


def test_renewal_starts_nothing_that_did_not_run():
    forge.run("systemctl", "stop", WEBHOOKD)
    renewed("asleep")
    renew()
    assert forge.pid(WEBHOOKD) == 0
    assert certificate() == "Subject:CN = asleep"


# Proxies

def proxied(name, when_too_large=("413",)):
    """What holds behind both of them."""
    status, addresses = deliver(SITE, f"a.example/{name}", *HERE)
    assert (status, addresses) == ("202", ["127.0.0.1"]), (status, addresses)
    status, addresses = deliver(SITE, f"a.example/{name}-forged", *HERE, "-H", f"X-Forwarded-For: {FORGED}")
    assert (status, addresses) == ("202", ["127.0.0.1"]), (status, addresses)
    status, addresses = deliver(SITE, f"a.example/{name}-twice", *HERE, "-H", f"X-Forwarded-For: {FORGED}, 127.0.0.9",
                                "-H", "X-Forwarded-For: 203.0.113.7")
    assert (status, addresses) == ("202", ["127.0.0.1"]), (status, addresses)
    # Another address of the loopback, to see that it is told and not assumed.
    status, addresses = deliver(SITE, f"a.example/{name}-other", *HERE, "--interface", "127.0.0.3")
    assert (status, addresses) == ("202", ["127.0.0.3"]), (status, addresses)
    for path, wanted in (("/", "404"), ("/api/webhook/", "404"), ("/api/webhook/00000000-0000-4000-8000-000000000000", "404"),
                         (forge.path(), "405")):
        assert curl(SITE + path, *HERE, "-o", "/dev/null", "-w", "%{http_code}").stdout == wanted, path
    large = curl(SITE + forge.path(), *HERE, "--json", "@-", "-o", "/dev/null", "-w", "%{http_code}",
                 input='{"image":"a.example/b","padding":"' + "x" * (1024 * 1024 + 1) + '"}', check=False)
    assert large.stdout in when_too_large, large


def waiting():
    return int(forge.out("busctl", "get-property", "org.tinyforge.Webhook1", "/org/tinyforge/Webhook1", "org.tinyforge.Webhook1.Manager",
                         "NWaiting").split()[1])


def waited(name, seconds):
    """Who waits for a deploy through it: the time is over, beyond what a proxy would grant by itself; an outcome; a client that goes."""
    url, image = SITE + forge.path(), f"{REGISTRY}/acme/{name}-wait"

    def ask(path, *arguments, limit=100):
        """What curl is called with, whose output ends with the status."""
        return [f"{url}{path}", *HERE, "--max-time", str(limit), "-w", "\n%{http_code}", *arguments]
    body, _, status = curl(*ask(f"?wait={seconds}", "--json", json.dumps({"image": f"{image}:v1"}))).stdout.rpartition("\n")
    [deploy] = json.loads(body)["deploys"]
    assert (status, deploy["finished_at"]) == ("202", None), (status, deploy)
    asked = subprocess.Popen(forge.enter("curl", "-sS", "--ipv4", "--cacert", CA, *ask(f"{deploy['path']}?wait=90")),
                             stdout=subprocess.PIPE, text=True)
    wait_until(lambda: waiting() == 1, "it waits")
    assert deliver(SITE, f"{image}:v2", *HERE)[0] == "202"
    body, _, status = asked.communicate(timeout=100)[0].rpartition("\n")
    assert (status, json.loads(body)["deploy"]["state"]) == ("200", "superseded"), (status, body)
    newer = json.loads(body)["deploy"]["superseded_by"]
    assert curl(*ask(f"/deploys/{newer}?wait=90", limit=3), check=False).returncode == 28
    wait_until(lambda: waiting() == 0, "the place of the client that is gone is free")


def restarted(name):
    """Through restarts of the receiver no request is lost, and none is answered by the proxy in its place."""
    with Load(SITE, *HERE, image=f"a.example/{name}-load") as load:
        for _ in range(3):
            load.wait_for(EACH)
            forge.run("systemctl", "restart", WEBHOOKD)
        load.wait_for(EACH)
    tap.note(f"{name}, 3 restarts: {load.sent} requests sent, {sum(load.lost().values())} lost")
    assert not load.lost(), load.lost()


def secret_is_not_in(*logs):
    secret = forge.path().rsplit("/", 1)[1]
    for log in logs:
        assert secret not in forge.run("cat", log, check=False, errors="replace").stdout, log
    assert secret not in forge.out("journalctl", "--all", "-o", "export", errors="replace")


def test_nginx_as_documented():
    drop_in(SOCKET, "proxy/socket.conf")
    forge.run("systemctl", "restart", SOCKET)
    assert forge.out("stat", "-c", "%a %U %G", "/run/tinyforge/webhook.sock") == "660 root www-data"
    live = "/etc/letsencrypt/live/deploy.example.com"
    forge.run("mkdir", "-p", os.path.dirname(live))
    forge.run("cp", "-r", LINEAGE, live)
    forge.run("rm", "-f", "/etc/nginx/sites-enabled/default")
    forge.run("cp", SOURCE / "docs/examples/proxy/nginx.conf", "/etc/nginx/conf.d/tinyforge.conf")
    forge.run("systemctl", "start", "nginx.service")
    proxied("nginx")
    waited("nginx", 65)
    restarted("nginx")
    # A receiver that is away is told in nginx's log, which has the whole request line.
    forge.run("systemctl", "stop", SOCKET)
    nowhere = curl(f"{SITE}/api/webhook/00000000-0000-4000-8000-000000000001", *HERE, "-o", "/dev/null", "-w", "%{http_code}")
    assert nowhere.stdout == "502", nowhere
    forge.run("systemctl", "start", SOCKET)
    log = forge.run("cat", "/var/log/nginx/error.log", "/var/log/nginx/access.log", check=False).stdout
    assert "00000000-0000-4000-8000-000000000001" not in log, log
    secret_is_not_in("/var/log/nginx/error.log", "/var/log/nginx/access.log")
    forge.run("systemctl", "stop", "nginx.service")


def test_caddy_as_documented():
    forge.run("sed", "-i", "s/www-data/caddy/", f"/etc/systemd/system/{SOCKET}.d/socket.conf")
    forge.run("systemctl", "daemon-reload")
    forge.run("systemctl", "restart", SOCKET)
    forge.run("install", "-o", "caddy", "-m", "0600", f"{LINEAGE}/fullchain.pem", f"{LINEAGE}/privkey.pem", "/etc/caddy/")
    # There is no authority here that it could ask for a certificate.
    text = (SOURCE / "docs/examples/proxy/Caddyfile").read_text("utf-8")
    site = "deploy.example.com {\n"
    assert site in text
    forge.write("/etc/caddy/Caddyfile", text.replace(site, site + "\ttls /etc/caddy/fullchain.pem /etc/caddy/privkey.pem\n"))
    forge.run("systemctl", "start", "caddy.service")
    wait_until(lambda: curl(f"{SITE}/", *HERE, check=False).returncode == 0, "Caddy answers")
    # Sometimes it resets the stream before it has passed on the answer.
    proxied("caddy", when_too_large=("413", "000"))
    waited("caddy", 35)
    restarted("caddy")
    forge.run("systemctl", "stop", SOCKET)
    nowhere = curl(f"{SITE}/api/webhook/00000000-0000-4000-8000-000000000002", *HERE, "-o", "/dev/null", "-w", "%{http_code}")
    assert nowhere.stdout == "502", nowhere
    forge.run("systemctl", "start", SOCKET)
    assert "00000000-0000-4000-8000-000000000002" not in forge.out("journalctl", "-u", "caddy", "-o", "cat")
    secret_is_not_in()
    forge.run("systemctl", "stop", "caddy.service")


if __name__ == "__main__":
    harness.main(sys.modules["__main__"], prepare, engine=None)
