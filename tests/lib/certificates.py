# SPDX-License-Identifier: MIT
"""Certificates for tests, made by the openssl program: each vouches for itself, and is for NAMES."""
import os
import subprocess

NAMES = "DNS:localhost,DNS:deploy.example.com,IP:127.0.0.1"
KINDS = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["-newkey", "rsa:2048"]}


def make(directory, name, kind="ec"):
    """Makes `name`.pem and `name`.key, with `name` in the subject; returns their paths."""
    certificate, key = os.path.join(directory, f"{name}.pem"), os.path.join(directory, f"{name}.key")
    subprocess.run(["openssl", "req", "-x509", *KINDS[kind], "-nodes", "-days", "30", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName={NAMES}", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True, timeout=60)
    return certificate, key
