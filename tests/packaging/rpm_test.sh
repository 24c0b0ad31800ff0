#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# packaging/osb.spec gives a package; installed into an empty root, osb works from there.
# usage: rpm_test.sh SOURCE BUILD VERSION
set -eu
source="$1" work="$2/packaging" version="$3"

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*" >&2; exit 1; }
command -v rpmbuild >/dev/null || skip "this environment lacks rpmbuild"
[ "$(id -u)" = 0 ] || skip "this environment lacks root"
git="git -c safe.directory=* -c user.name=test -c user.email=test@localhost -C $source"
$git rev-parse HEAD >/dev/null 2>&1 || skip "this is not a checkout"

# The place is always the same, so that a compiler cache can help from the second time on.
rm -rf "$work"
mkdir -p "$work/SOURCES" "$work/root/var/lib/rpm"
commit=$($git stash create || true)  # what is changed but not committed belongs to it
$git archive --prefix="osb-$version/" "${commit:-HEAD}" | gzip -n >"$work/SOURCES/osb-$version.tar.gz"
grep -q "^Version: *$version\$" "$source/packaging/osb.spec" || fail "osb.spec and CMakeLists.txt disagree on the version"

# Compiled with little effort: how fast the package is, is not the question here.
echo "-- rpmbuild"
rpmbuild -bb --nodeps --without tests --define "_topdir $work" --define "_dbpath $work/rpmdb" --define "debug_package %{nil}" \
    --define "_build_id_links none" --define "optflags -O1" \
    "$source/packaging/osb.spec" >"$work/log" 2>&1 || { tail -n 60 "$work/log"; fail "rpmbuild"; }
package=$(find "$work/RPMS" -name "osb-$version-1*.rpm")
[ -f "$package" ] || fail "rpmbuild made no package"

echo "-- what is in it"
contents=$(rpm -qlp --dbpath "$work/rpmdb" "$package")
for path in /usr/bin/osb /usr/libexec/osb /usr/share/osb/examples /usr/share/doc/osb/README.md /usr/share/licenses/osb/LICENSE; do
    echo "$contents" | grep -qx "$path" || fail "the package lacks $path"
done
echo "$contents" | grep -q '^/usr/share/man/man1/osb\.1' || fail "the package lacks the man page"
strays=$(echo "$contents" | grep -vE '^/usr/(bin/osb|libexec/osb|share/(osb|doc/osb|licenses/osb|man/man1/osb))' || true)
[ -z "$strays" ] || fail "the package has files where they do not belong: $strays"

echo "-- into an empty root"
in_root="rpm --root $work/root --dbpath /var/lib/rpm"
$in_root --nodeps -i "$package" || fail "rpm -i"
$in_root -V --nodeps osb || fail "rpm -V finds differences"
osb="$work/root/usr/bin/osb"
[ "$("$osb" --version)" = "osb $version" ] || fail "osb --version says $("$osb" --version)"
for program in "$osb" "$work"/root/usr/libexec/osb/*; do
    [ -f "$program" ] || continue
    if grep -qF "$2" "$program"; then fail "$program knows where it was built"; fi
done

echo "-- a small manifest with the installed osb"
cat >"$work/manifest.json" <<'JSON'
{
  "version": "2",
  "pipelines": [
    {
      "name": "tree",
      "source-epoch": 1700000000,
      "stages": [
        {"type": "org.osbuild.mkdir", "options": {"paths": [{"path": "/etc"}]}},
        {"type": "org.osbuild.hostname", "options": {"hostname": "from-the-package"}}
      ]
    }
  ]
}
JSON
"$osb" run "$work/manifest.json" --store "$work/store" --export "tree=dir:$work/tree" -q || fail "osb run ended with $?"
[ "$(cat "$work/tree/etc/hostname")" = from-the-package ] || fail "the tree lacks what the stages were to write"
[ -z "$(ls -A "$work/store/tmp")" ] || fail "the store's tmp is not empty"

echo "-- out again"
$in_root --nodeps -e osb || fail "rpm -e"
rest=$(find "$work/root/usr" ! -type d)
[ -z "$rest" ] || fail "rpm -e left $rest"
