#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs a test whose counters go into a folder of its own: apart.sh FOLDER COMMAND…; the test's name is that of the first word that
# looks like one.
folder=$1
shift
for word; do
        case ${word##*/} in
        test_*.py | test-* | fuzz-*)
                name=${word##*/}
                break
                ;;
        esac
done
GCOV_PREFIX=$folder/${name:?no test} exec "$@"
