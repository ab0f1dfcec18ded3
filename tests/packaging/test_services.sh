#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The scripts for OpenRC and FreeBSD are sound and call commands that there are; the
# profile of AppArmor can be parsed, and allows what the unit lets the service write;
# the image has a volume for that, copies what there is, and has each module.
set -eu
top=${top_srcdir:-$(dirname "$0")/../..}
program=${SUBMILTER:-${top_builddir:-.}/submilter}
bad=0

fault()
{
	echo "$*"
	bad=1
}

for script in openrc/submilter freebsd/submilter; do
	file=$top/packaging/$script
	[ -x "$file" ] || fault "$script cannot be run"
	sh -n "$file" || fault "$script is no shell script"
	# Each command, with its options, as the program has them.
	for command in run reload status; do
		grep -Eq "[ \"]$command( -f)? -c " "$file" ||
			fault "$script has no $command -c"
		"$program" $command --help | grep -q -e '-c, --config' ||
			fault "$command has no -c"
	done
	grep -Eq '^[^#]*kill -(USR2|TERM)' "$file" || fault "$script does not stop it"
	grep -q '[ =]/var/lib/submilter' "$file" || fault "$script makes no directory of state"
done

profile=$top/packaging/apparmor/submilter
paths=$(sed -n 's/^ReadWritePaths=-*//p; s|^StateDirectory=|/var/lib/|p
	s|^RuntimeDirectory=|run/|p' "$top/packaging/submilter.service.in")
for path in $paths; do
	grep -q "^  owner [^ ]*$path/\*\* rwk,$" "$profile" ||
		fault "the profile does not let it write in $path"
done

# tests/packaging/container builds and runs it.
image=$top/packaging/Containerfile
sed -n 's/^COPY \([^-][^ ]*\) .*/\1/p' "$image" | while read -r source; do
	[ -e "$top/$source" ] || echo "$source"
done | grep . && fault "Containerfile copies what there is not"
packages=$(sed -n 's/^Package: submilter-//p' "$top/packaging/debian/control" | sort)
modules=$(sed -n 's/^ARG MODULES="\(.*\)"$/\1/p' "$image" | tr ' ' '\n' | sort)
[ "$modules" = "$packages" ] || fault "Containerfile has other modules than debian/control"
for path in $paths; do
	grep -q "^VOLUME .*\"/*$path\"" "$image" || fault "Containerfile has no volume $path"
done
grep -q '^USER .*ID' "$image" || fault "Containerfile runs it as root"

parser=$(command -v apparmor_parser || echo /usr/sbin/apparmor_parser)
if [ -x "$parser" ] && [ -d /etc/apparmor.d/abstractions ]; then
	"$parser" -Q -K "$profile" || fault "apparmor_parser refuses the profile"
fi
exit $bad
