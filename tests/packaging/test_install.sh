#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# make install puts each file in its place, never over a configuration that is
# there; make uninstall leaves only what the operator changed.
set -eu
cd "${top_builddir:-.}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/submilter-install.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
bad=0

fault()
{
	echo "$*"
	bad=1
}

# What stands in the build's own environment of make is not for this one.
make_in()
{
	target=$1
	root=$2
	shift 2
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u DESTDIR "${MAKE:-make}" "$target" \
		DESTDIR="$root" prefix=/usr exec_prefix=/usr libdir=/usr/lib sysconfdir=/etc \
		systemdsystemunitdir=/usr/lib/systemd/system \
		"$@" > "$tmp/log" 2>&1 || {
		tail -20 "$tmp/log"
		echo "make $target failed"
		exit 1
	}
}

make_in install "$tmp/root"
root=$tmp/root
conf=$root/etc/submilter/submilter.conf
for file in etc/submilter/submilter.conf usr/sbin/submilter \
	usr/libexec/submilter/socket-directory \
	usr/lib/sysusers.d/submilter.conf usr/lib/tmpfiles.d/submilter.conf \
	usr/lib/systemd/system/submilter.service \
	usr/lib/submilter/cdb.so \
	usr/share/bash-completion/completions/submilter \
	usr/share/zsh/site-functions/_submilter \
	usr/share/fish/vendor_completions.d/submilter.fish \
	usr/share/man/man8/submilter.8 usr/share/man/man5/submilter.conf.5 \
	usr/share/man/man5/submilter-tables.5; do
	[ -s "$root/$file" ] || fault "$file is not installed"
done
[ "$(stat -c %a "$root/etc/submilter/keys")" = 700 ] ||
	fault "others can list the directory of the keys"
# What a flood of connections may cost the machine has a bound.
for limit in MemoryMax TasksMax LimitNOFILE; do
	grep -q "^$limit=[0-9]" \
		"$root/usr/lib/systemd/system/submilter.service" ||
		fault "the unit sets no $limit="
done
# shellcheck disable=SC2016 # ${ as it stands
if grep -rIn '@[A-Za-z_]*@\|\${' "$root/etc" "$root/usr/lib" \
	"$root/usr/libexec"; then
	fault "a place of the templates was not filled"
fi

echo '# mine' >> "$conf"
make_in install "$root"
grep -q '^# mine$' "$conf" || fault "install overwrote a configuration"
touch "$root/etc/submilter/keys/mine"
make_in uninstall "$root"
find "$root" ! -type d | sed "s|^$root||" | sort > "$tmp/left"
printf '%s\n' /etc/submilter/keys/mine /etc/submilter/submilter.conf |
	diff - "$tmp/left" || fault "uninstall left or removed the wrong files"

root=$tmp/other
make_in install "$root"
make_in uninstall "$root"
[ -z "$(find "$root" ! -type d)" ] || fault "uninstall left files behind"
[ ! -d "$root/usr/lib/submilter" ] ||
	fault "uninstall left /usr/lib/submilter behind"
[ ! -d "$root/usr/libexec/submilter" ] ||
	fault "uninstall left /usr/libexec/submilter behind"
[ ! -d "$root/etc/submilter" ] || fault "uninstall left /etc/submilter behind"

make_in install "$tmp/plain" systemdsystemunitdir=
[ -z "$(find "$tmp/plain" -name '*.service')" ] ||
	fault "a unit was installed though none was wanted"
exit $bad
