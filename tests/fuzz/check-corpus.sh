#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs every fuzz target on its corpus; each target has one and each corpus
# has a target.
set -eu
src=${top_srcdir:-.}/tests/fuzz
bin=${top_builddir:-.}/tests/fuzz
bad=0
targets=0
for source in "$src"/fuzz_*.c; do
	name=$(basename "$source" .c)
	corpus=$src/corpus/${name#fuzz_}
	targets=$((targets + 1))
	if [ ! -x "$bin/$name" ] && [ "$name" = fuzz_cost ]; then
		echo "$name: left out (configure --enable-cost-test)"
	elif [ ! -x "$bin/$name" ] && [ "$name" = fuzz_redis ]; then
		echo "$name: left out (libhiredis-dev is missing)"
	elif [ ! -x "$bin/$name" ]; then
		echo "$name: not built: add it to tests/fuzz/local.mk"
		bad=1
	elif [ ! -d "$corpus" ]; then
		echo "$name: $corpus is missing"
		bad=1
	else
		"$bin/$name" "$corpus"/* || { echo "$name: failed"; bad=1; }
	fi
done
for corpus in "$src"/corpus/*; do
	[ -e "$src/fuzz_$(basename "$corpus").c" ] ||
		{ echo "$corpus: no such target"; bad=1; }
done
[ "$targets" -gt 0 ] || { echo "no fuzz targets in $src"; exit 1; }
exit $bad
