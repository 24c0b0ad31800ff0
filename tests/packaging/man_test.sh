#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# osb(1) and the program name the same commands and the same options.
# usage: man_test.sh MANPAGE OSB VERSION
set -eu
page="$1" osb="$2" version="$3"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Long options: as words that begin with two dashes. roff writes a dash as \-.
options() { grep -oE -e '--[a-z][a-z0-9-]*' | sort -u; }
sed 's/\\-/-/g; s/\\f[BIRP]//g' "$page" >"$work/plain"

"$osb" --help >"$work/help" 2>"$work/stderr"
[ ! -s "$work/stderr" ] || { echo "osb --help writes to stderr"; exit 1; }
commands=$(sed -n '/^[A-Za-z]*ommands:/,$s/^  \([a-z][a-z-]*\)  .*/\1/p' "$work/help")
[ -n "$commands" ] || { echo "osb --help shows no commands"; exit 1; }
status=0
for command in $commands; do
    "$osb" "$command" --help >>"$work/help"
    grep -q "^\.SS osb $command\|^\.SH.* osb $command" "$work/plain" ||
        { echo "osb(1) has no section 'osb $command'"; status=1; }
    for nested in $("$osb" "$command" --help | sed -n '/^[A-Za-z]*ommands:/,$s/^  \([a-z][a-z-]*\)  .*/\1/p'); do
        "$osb" "$command" "$nested" --help >>"$work/help"
        grep -q "osb $command $nested" "$work/plain" || { echo "osb(1) does not name 'osb $command $nested'"; status=1; }
    done
done

options <"$work/help" >"$work/in-help"
# Options of other programs named in the page are written without dashes there, so all it has are ours.
options <"$work/plain" >"$work/in-page"
[ "$(wc -l <"$work/in-help")" -gt 10 ] || { echo "found too few options in osb --help to believe it"; exit 1; }
if ! diff "$work/in-help" "$work/in-page" >"$work/diff"; then
    sed -n 's/^</not in osb(1):/p; s/^>/not in osb --help:/p' "$work/diff"
    status=1
fi
grep -q "\"osb $version\"" "$page" || { echo "osb(1) is not of version $version"; status=1; }
exit $status
