#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What check-layers.sh lets through, and what not.
set -eu
check=$(cd "${top_srcdir:-.}" && pwd)/tests/check-layers.sh
top=$(mktemp -d "${TMPDIR:-/tmp}/submilter-layers.XXXXXX")
trap 'rm -rf "$top"' EXIT
mkdir -p "$top/milter/policy"
bad=0

# expect STATUS LINE: the status of the check for $file with LINE
file=policy/x.c
expect()
{
	printf '%s\n' "$2" >"$top/milter/$file"
	status=0
	sh "$check" "$top" >"$top/out" 2>&1 || status=$?
	if [ "$status" != "$1" ]; then
		echo "$2: status $status instead of $1"
		cat "$top/out"
		bad=1
	fi
}

expect 0 '#include "base/str.h"'
expect 0 '#include "policy/rights.h"'
expect 0 '#include "rights_priv.h"'
expect 0 '#include <sys/stat.h>'
expect 0 '#include <libidn2/a/b.h>'
expect 1 '#include "keys/keystore.h"'
expect 1 ' # include "keys/keystore.h"'
expect 1 '#include "unknown/x.h"'
expect 1 '#include "../sign/sign_priv.h"'
expect 1 '#	include	"../base/str.h"'
expect 1 '#include "./rights_priv.h"'
expect 1 '#include "policy/../keys/keystore.h"'
expect 1 '#include "milter/sign/sign_priv.h"'
expect 1 '#include "/usr/include/x.h"'
expect 1 '#include <../milter/sign/sign_priv.h>'
expect 1 '#include <libmilter/mfapi.h>'
expect 1 '#include <unbound.h>'
expect 0 '#include <unboundary.h>'
expect 1 '#include <spf2/spf.h>'
expect 0 'config_is_monitor(config, mode)'
declared='	CLEANUP(arena_done) struct arena mem;'
expect 0 "$declared
	arena_init(&mem);
	return 0;"
expect 1 "$declared
		return 0;
	arena_init(&mem);"
rm "$top/milter/policy/x.c"
mkdir "$top/milter/pipeline"
file=pipeline/step_x.c
expect 1 'config_is_monitor(config, mode)'
rm "$top/milter/$file"
file=pipeline/pipeline.c
expect 0 'config_is_monitor(config, mode)'
exit $bad
