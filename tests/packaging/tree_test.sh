#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is true of every file of the project: a licence line, headers guarded, scripts that parse.
# usage: tree_test.sh SOURCE
set -eu
cd "$1"
git="git -c safe.directory=*"
$git rev-parse HEAD >/dev/null 2>&1 || { echo "skipped: this is not a checkout"; exit 77; }
status=0
complain() { echo "$*"; status=1; }

for file in $($git ls-files -- '*.cpp' '*.hpp' '*.c' '*.cmake' '*CMakeLists.txt' '*.sh' '*.spec' '*.py' 'scripts/*' '.ci/*' \
    packaging/Containerfile tests/bench/run ':!tests/data'); do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || complain "$file has no SPDX line"
done
for file in $($git ls-files -- '*.hpp'); do
    grep -q '^#pragma once' "$file" || complain "$file lacks #pragma once"
done
for file in $($git ls-files -- '*.sh' 'scripts/*' '.ci/*'); do
    [ -x "$file" ] || complain "$file is not executable"
    case "$(head -n 1 "$file")" in
    *bash*) bash -n "$file" || complain "$file does not parse" ;;
    *python*) ;;
    *sh*) sh -n "$file" || complain "$file does not parse" ;;
    esac
done
exit $status
