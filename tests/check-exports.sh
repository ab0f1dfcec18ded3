#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What the program shows to shared objects is what milter/backends/exports lists:
# another name of ours might take the place of a library's own, or the library's of
# ours.
set -eu
src=${top_srcdir:-.}
build=${top_builddir:-.}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/submilter-exports.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
bad=0

names() { nm "$@" 2> /dev/null | awk 'NF >= 2 { print $NF }' | sed 's/@.*//' | sort -u; }
names -g --defined-only "$build/libsubmilter.a" > "$tmp/ours"
names -D --defined-only "$build/submilter" > "$tmp/shown"
comm -12 "$tmp/ours" "$tmp/shown" > "$tmp/both"
[ "$(wc -l < "$tmp/both")" -gt 50 ] || { echo "modules could call next to nothing"; bad=1; }
# Patterns of the linker become those of grep; functions of libmilter, and the poll()
# that it calls, are replaced on purpose.
sed -n 's/^	\([a-z_]*\);$/\1/p; s/^	\([a-z_]*\)\*;$/\1.*/p' "$src/milter/backends/exports" \
	> "$tmp/patterns"
printf '%s\n' mi_engine mi_rd_cmd mi_wr_cmd poll >> "$tmp/patterns"
if grep -vxf "$tmp/patterns" "$tmp/both"; then
	echo "the program shows these names, and milter/backends/exports does not list them"
	bad=1
fi
# A library that defines such a name, too, would call ours.
for module in "$build"/milter/backends/*.so; do
	[ -e "$module" ] || continue
	ldd "$module" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | while read -r library; do
		names -D --defined-only "$library" | comm -12 - "$tmp/both" |
			grep -vx poll |
			sed "s|\$| is defined in $library, too|"
	done > "$tmp/twice"
	[ ! -s "$tmp/twice" ] || { cat "$tmp/twice"; bad=1; }
done
exit $bad
