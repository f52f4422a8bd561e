#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds an image, pushes it, tells tinyforge, and waits for what becomes of it: for every CI that runs a shell, and by hand. It
# takes curl 7.71, and docker for the first two.
#
#     deploy.sh IMAGE:TAG            tells of an image that has been pushed
#     deploy.sh IMAGE:TAG FOLDER     builds it from FOLDER and pushes it first; be logged in to the registry
#
# In the environment:
#
#     TINYFORGE_URL   what `tinyforgectl url` prints. It is the only credential: keep it as a masked variable of the CI.
#     DEPLOY_ID       names this run, so that what is sent twice is done once. A new one each time when it is not set.
#
# The URL goes to curl through a pipe: neither `ps` nor a log of commands shows it. Exit status 0: the version runs, a newer push
# took its place, or there was nothing to do and the output says why. 1: it does not, or not after a quarter of an hour.
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

# call REST OPTION…: sends $body to the URL with REST behind it, or asks where that is empty; prints the status. 503, 429 and broken
# connections are tried again, as long as tinyforge asks to wait or 1, 2, 4 … seconds. To sign the body as well, be it empty, with the
# key in TINYFORGE_KEY, add to what printf writes
#     header = "X-Hub-Signature-256: sha256=$signature"
# where signature=$(printf %s "$body" | python3 -c 'import hmac, os, sys
# print(hmac.digest(os.environb[b"TINYFORGE_KEY"], sys.stdin.buffer.read(), "sha256").hex())')
call() {
        rest=$1
        shift
        [ -z "$body" ] || set -- --data "$body" "$@"
        printf 'url = "%s%s"\n' "$TINYFORGE_URL" "$rest" | curl --config - --silent --show-error \
                --max-time 60 --retry 5 --retry-all-errors --output "$answer" --write-out '%{http_code}' "$@"
}

# The texts of that key in the answer, a line each, and the first of them.
texts() {
        { grep -oE "\"$1\":\"([^\"\\\\]|\\\\.)*\"" "$answer" || true; } | sed -e 's/^[^:]*:"//' -e 's/"$//'
}

text() {
        texts "$1" | sed -n 1p
}

body="{\"image\":\"$image\"}"
status=$(call '?wait=10' --header 'Content-Type: application/json' --header "Idempotency-Key: $id")
first=$status
body=

# Ten seconds at a time, so that the log shows where it is, and no proxy on the way loses patience. Each project that has the image has a
# deploy of its own.
tries=0
for path in $(texts path); do
        [ "$first" = 202 ] || break
        status=202
        while [ "$status" = 202 ] && [ $tries -lt 90 ]; do
                sleep 1
                status=$(call "$path?wait=10")
                [ "$status" != 202 ] || path=$(text path)
                echo "deploy.sh: deploy ${path##*/} $(text state) $(text phase) $(text progress) $(text reason)"
                tries=$((tries + 1))
        done
        [ "$status" = 200 ] || break
done

cat "$answer"
echo

case $status in
200)
        state=$(text state)
        if [ -n "$state" ]; then
                echo "deploy.sh: deploy ${path##*/} $state"
        else
                echo "deploy.sh: nothing to do: $(text reason)"
        fi
        ;;
202)
        echo "deploy.sh: not through yet" >&2
        exit 1
        ;;
424)
        echo "deploy.sh: $(text detail)" >&2
        exit 1
        ;;
*)
        echo "deploy.sh: refused, status $status" >&2
        exit 1
        ;;
esac
