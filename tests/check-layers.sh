#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Directories form a line: a file may include headers of its own directory and
# of those to its left, never of those to its right.
set -eu
cd "${1:-${top_srcdir:-.}}"
layers='base message dns table backends conf identity policy repair keys sign preflight report pipeline logbook glue daemon check import cli'

rank()
{
	n=0
	for layer in $layers; do
		n=$((n + 1))
		[ "$layer" = "$1" ] && { echo $n; return; }
	done
	echo 0
}

bad=0
files=0
for file in milter/*/*.c milter/*/*.h include/*/*.h include/*/*.def; do
	[ -e "$file" ] || continue
	files=$((files + 1))
	dir=${file#*/}
	dir=${dir%%/*}
	mine=$(rank "$dir")
	if [ "$mine" = 0 ]; then
		echo "$file: directory $dir is no layer"
		bad=1
	fi
	# shellcheck disable=SC2013 # one word a line
	for included in $(sed -n 's|^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*"\([a-z]*\)/[a-z0-9_]*\.[a-z]*".*|\1|p' "$file" | sort -u); do
		theirs=$(rank "$included")
		if [ "$theirs" = 0 ] || [ "$theirs" -gt "$mine" ]; then
			echo "$file: includes $included/, which is to the right of $dir/"
			bad=1
		fi
	done
	# A path gets around the order: "../sign/x_priv.h", "milter/sign/x_priv.h".
	if grep -nE '^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*("(\.|/|[^"]*/[^"]*/)|<(\.|/|[^>]*\.\./))' "$file"; then
		echo "$file: includes by a path; write \"DIR/FILE.h\" or \"FILE_priv.h\""
		bad=1
	fi
	# One third-party library, few files.
	for rule in libmilter:glue,daemon opendkim:sign unbound:dns zlib:logbook; do
		if grep -q "^# *include <${rule%%:*}[/.]" "$file"; then
			case ",${rule#*:}," in
			*",$dir,"*) ;;
			*) echo "$file: <${rule%%:*}...> belongs to ${rule#*:}"; bad=1 ;;
			esac
		fi
	done
	# An arena that is freed on the way out is begun before the first way out.
	if ! awk '/CLEANUP\(arena_done\) struct arena/ { name = $NF; sub(/;/, "", name); open = NR }
		open && (index($0, "arena_init(&" name ")") || index($0, "arena_init_large(&" name ")")) { open = 0 }
		open && /^}/ { open = 0 }
		open && /^\t+return/ { print FILENAME ":" NR; bad = 1 }
		END { exit bad }' "$file"; then
		echo "$file: returns before arena_init()"
		bad=1
	fi
	# The driver applies modes; a step never asks for one.
	if [ "$dir" = pipeline ] && [ "$file" != milter/pipeline/pipeline.c ] &&
		grep -n config_is_monitor "$file"; then
		echo "$file: modes belong to milter/pipeline/pipeline.c"
		bad=1
	fi
	if [ "$file" != milter/preflight/spf_libspf2.c ] &&
		grep -nE '^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*[<"]spf2/' "$file"; then
		echo "$file: <spf2/...> belongs to milter/preflight/spf_libspf2.c"
		bad=1
	fi
done
[ "$files" -gt 0 ] || { echo "no sources found in $PWD"; exit 1; }
exit $bad
