#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Deliveries by real curls, one process and one connection each. A worker pauses for a twentieth of a second after each, or
# nothing else would have the processor.
#
#     load.sh WORKERS MOST CURL-ARGUMENT...
#
# Each worker goes on until stdin ends, or has sent MOST. A line on stdout for each request: curl's exit status, the status
# of the answer, and the subject of the certificate.
set -u

workers=$1 most=$2
shift 2
end=$(mktemp)
# Something to read from in vain: no pause takes a process.
exec {never}<> <(:)

worker() {
        local n out
        for ((n = 0; n < most; n++)); do
                [ -e "$end" ] || return
                out=$(curl -sS --max-time 20 -o /dev/null -w '%{http_code} %{certs}' "$@" 2>&1)
                echo "$? ${out%%$'\n'*}"
                read -r -t 0.05 -u "$never"
        done
}

for ((i = 0; i < workers; i++)); do
        worker "$@" &
done
cat >/dev/null
rm -f "$end"
wait
