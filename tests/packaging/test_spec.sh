#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# RPM can read the spec, with and without what can be left out, and its packages have
# each file that is installed, no other one, and none twice. tests/packaging/rpm builds
# them. Without rpm on this machine it is skipped.
set -eu
cd "${top_builddir:-.}"
spec=${top_srcdir:-.}/packaging/submilter.spec
command -v rpmspec > /dev/null || { echo 'no rpm on this machine'; exit 77; }
tmp=$(mktemp -d "${TMPDIR:-/tmp}/submilter-spec.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
bad=0

fault()
{
	echo "$*"
	bad=1
}

for option in bdb libspf2 check; do
	rpmspec -P --without "$option" "$spec" > "$tmp/spec" 2> "$tmp/log" ||
		fault "--without $option: $(cat "$tmp/log")"
done
rpmspec -P --without bdb "$spec" | grep -q 'bdb\.so' && fault "--without bdb has bdb.so"
rpmspec -P "$spec" > "$tmp/spec" 2> "$tmp/log" || fault "$(cat "$tmp/log")"
grep -v '^$' "$tmp/log" && fault 'rpmspec complains'
# What is a macro still, rpm does not know.
sed -n '/^%\(pre\|post\|preun\|postun\|triggerin\)/,/^%files/p' "$tmp/spec" |
	grep '%{\|%[a-z_]*systemd' && fault 'the above is not known'

# A script that rpm refuses to run is found when it is too late.
for script in pre post preun postun triggerin; do
	sed -n "/^%$script\$/,/^\$/p; /^%$script -- /,/^\$/p" "$tmp/spec" | sed 1d > "$tmp/script"
	[ -s "$tmp/script" ] || fault "no %$script"
	sh -n "$tmp/script" || fault "%$script is no shell script"
done

env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u DESTDIR "${MAKE:-make}" install \
	DESTDIR="$tmp/root" prefix=/usr exec_prefix=/usr sysconfdir=/etc \
	libdir="$(rpm --eval '%{_libdir}')" localstatedir=/var \
	systemdsystemunitdir=/usr/lib/systemd/system > "$tmp/log" 2>&1 || {
	tail -20 "$tmp/log"
	exit 1
}
root=$tmp/root
# As in the spec's own %install.
mkdir -p "$root/var/lib/submilter"
find "$root" ! -type d | sed "s|^$root||" | sort > "$tmp/installed"
# "dir PATH" and "file PATTERN", of all packages.
awk '/^%files/ { on = 1; next }
	/^%(package|description|prep|changelog)/ { on = 0 }
	on && $NF ~ "^/" { print $1 == "%dir" ? "dir" : "file", $NF }' "$tmp/spec" > "$tmp/names"
while read -r kind name; do
	# shellcheck disable=SC2086 # a pattern of names
	if [ "$kind" = dir ]; then
		[ -d "$root$name" ] || fault "there is no directory $name"
	else
		find "$root"$name ! -type d > "$tmp/found" 2> /dev/null || :
		[ -s "$tmp/found" ] || fault "there is no file $name"
		sed "s|^$root||" "$tmp/found" >> "$tmp/packaged"
	fi
done < "$tmp/names"
sort "$tmp/packaged" | diff "$tmp/installed" - || fault 'installed (<) and packaged (>) differ'
exit $bad
