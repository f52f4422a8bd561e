#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds an image, pushes it, and tells tinyforge: for every CI that runs a shell, and by hand. It takes curl 7.71, and
# docker for the first two.
#
#     deploy.sh IMAGE:TAG            tells of an image that has been pushed
#     deploy.sh IMAGE:TAG FOLDER     builds it from FOLDER and pushes it first; be logged in to the registry
#
# In the environment:
#
#     TINYFORGE_URL   what `tinyforgectl url` prints. It is the only credential: keep it as a masked variable of the CI.
#     DEPLOY_ID       names this run, so that what is sent twice is done once. A new one each time when it is not set.
#
# The URL goes to curl through a pipe: neither `ps` nor a log of commands shows it. Exit status 0: the deploy is on
# tinyforge's disk, or there was nothing to do and the output says why.
set -eu

image=${1:?deploy.sh IMAGE:TAG [FOLDER]}
: "${TINYFORGE_URL:?is not set: what tinyforgectl url prints}"
id=${DEPLOY_ID:-$(date +%s)-$$}

if [ $# -gt 1 ]; then
        docker build --tag "$image" "$2"
        docker push "$image"
fi

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# 503, 429 and broken connections are tried again, as long as tinyforge asks to wait or 1, 2, 4 … seconds. To sign the
# body as well, with the key in TINYFORGE_KEY, add to what printf writes
#     header = "X-Hub-Signature-256: sha256=$signature"
# where signature=$(printf %s "$body" | python3 -c 'import hmac, os, sys
# print(hmac.digest(os.environb[b"TINYFORGE_KEY"], sys.stdin.buffer.read(), "sha256").hex())')
body="{\"image\":\"$image\"}"
status=$(printf 'url = "%s"\n' "$TINYFORGE_URL" | curl --config - --silent --show-error \
        --max-time 30 --retry 5 --retry-all-errors \
        --header 'Content-Type: application/json' --header "Idempotency-Key: $id" \
        --data "$body" --output "$answer" --write-out '%{http_code}')
cat "$answer"
echo

case $status in
202) echo "deploy.sh: queued" ;;
200) echo "deploy.sh: nothing to do: $(grep -o '"reason":"[^"]*"' "$answer" || echo 'known already')" ;;
*)
        echo "deploy.sh: refused, status $status" >&2
        exit 1
        ;;
esac
