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
# took its place, or there was nothing to do and the output says why. 1: it does not, or not after a quarter of an hour. Any other is
# that of curl or docker, where one of them failed.
set -eu

image=${1:?deploy.sh IMAGE:TAG [FOLDER]}
: "${TINYFORGE_URL:?is not set: what tinyforgectl url prints}"
id=${DEPLOY_ID:-$(date +%s)-$$}

if [ $# -gt 1 ]; then
        docker build --tag "$image" "$2"
        docker push "$image"
fi

url=$(printf %s "$TINYFORGE_URL" | tr -d '[:space:]')
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
        printf 'url = "%s%s"\n' "$url" "$rest" | curl --config - --silent --show-error \
                --max-time 60 --retry 5 --retry-all-errors --output "$answer" --write-out '%{http_code}' "$@"
}

# Each text of that key in the answer, one a line.
all() {
        { grep -oE "\"$1\":\"([^\"\\\\]|\\\\.)*\"" "$answer" || true; } | sed -e 's/^[^:]*:"//' -e 's/"$//' -e 's/\\\(["\\]\)/\1/g'
}

# The first one.
text() {
        all "$1" | sed -n 1p
}

say() {
        printf 'deploy.sh: %s\n' "$*"
}

body="{\"image\":\"$image\"}"
status=$(call '?wait=10' --header 'Content-Type: application/json' --header "Idempotency-Key: $id")
paths=
[ "$status" != 202 ] || paths=$(all path)
body=

# One after the other, and ten seconds at a time, so that the log shows where it is, and no proxy on the way loses patience.
end=$(($(date +%s) + 900))
for path in $paths; do
        status=$(call "$path")
        while [ "$status" = 202 ] && [ "$(date +%s)" -lt "$end" ]; do
                path=$(text path)
                say "deploy ${path##*/} $(text state) $(text phase) $(text progress) $(text reason)"
                sleep 1
                status=$(call "$path?wait=10")
        done
        [ "$status" = 200 ] || break
done

cat "$answer"
echo

path=$(text path)
state=$(all state | tr '\n' ' ' | sed 's/ $//')
newer=$({ grep -oE '"superseded_by":[0-9]+' "$answer" || true; } | sed -n '1s/.*:/ by deploy /p')

case $status in
200)
        if [ -n "$state" ]; then
                say "deploy ${path##*/} $state$newer"
        else
                say "nothing to do: $(text reason)"
        fi
        ;;
202)
        say "not through yet" >&2
        exit 1
        ;;
424)
        say "$(text detail)" >&2
        exit 1
        ;;
*)
        say "refused, status $status" >&2
        exit 1
        ;;
esac
