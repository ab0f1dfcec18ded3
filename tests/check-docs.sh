#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The manual page and the example that are made from options.def are current,
# the pages name no option that does not exist, and mandoc finds no fault.
set -eu
src=${top_srcdir:-.}
docgen=${top_builddir:-.}/milter/conf/docgen
tmp=$(mktemp -d "${TMPDIR:-/tmp}/submilter-docs.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
bad=0

current()
{
	"$docgen" "$1" "$src/docs/$2" > "$tmp/made"
	if ! cmp -s "$tmp/made" "$src/$3"; then
		echo "$3 is not what options.def, metrics.def and docs/$2 say: run make docs"
		diff "$src/$3" "$tmp/made" | head -20 || :
		bad=1
	fi
}

current manual submilter.conf.5.in docs/submilter.conf.5
current manual submilter-metrics.5.in docs/submilter-metrics.5
current example submilter.conf.example.in packaging/submilter.conf.example

# Option names are set with the macro Ic and nothing else is.
"$docgen" names > "$tmp/names"
pages=0
for page in "$src"/docs/*.[1-9]; do
	pages=$((pages + 1))
	sed -n 's/^\.\(.* \)\{0,1\}Ic \([^ ]*\).*/\2/p' "$page" | sort -u > "$tmp/used"
	[ -s "$tmp/used" ] || { echo "$page: names no option at all"; bad=1; }
	while read -r name; do
		grep -qxF -e "$name" "$tmp/names" ||
			{ echo "$page: there is no option $name"; bad=1; }
	done < "$tmp/used"
	if command -v mandoc > /dev/null; then
		# Pages of other packages need not be installed here.
		mandoc -T lint -W style "$page" > "$tmp/lint" || :
		grep -v 'referenced manual not found' "$tmp/lint" && bad=1
	else
		echo "$page: not linted: no mandoc (Debian package mandoc)"
	fi
done

# As readers see the pages, by mandoc and by the groff of man-db: no quotes that
# are empty or hold a macro, no request that was taken for text.
garbage="‘’|‘ |\"\"|^ *[.'][A-Z][a-z]( |\$)|\\\\[&ec(]"
look_at()
{
	if grep -nE -e "$garbage" "$tmp/shown" > "$tmp/found"; then
		echo "$1 shows of $2:"
		cat "$tmp/found"
		bad=1
	fi
	[ "$(wc -l < "$tmp/shown")" -ge 60 ] ||
		{ echo "$1 shows next to nothing of $2"; bad=1; }
}
for page in "$src"/docs/*.[1-9]; do
	for command in 'mandoc -T utf8 -O width=78' 'groff -K utf8 -T utf8 -m mandoc -rLL=78n -P-c'; do
		program=${command%% *}
		command -v "$program" > /dev/null ||
			{ echo "$page: not rendered: no $program"; continue; }
		$command "$page" > "$tmp/raw" 2> "$tmp/warnings" ||
			{ echo "$program fails with $page"; bad=1; }
		if [ "$program" = groff ] && [ -s "$tmp/warnings" ]; then
			echo "$program says of $page:"
			cat "$tmp/warnings"
			bad=1
		fi
		# Bold and underlined letters are struck twice.
		sed -e "s/.$(printf '\b')//g" "$tmp/raw" > "$tmp/shown"
		look_at "$program" "$page"
	done
done

# submilter(8) and --help name the same options.
sed -n 's/^\.\(.* \)\{0,1\}Fl \(.*\)/\2/p' "$src/docs/submilter.8" |
	grep -o -e '-[a-z][a-z0-9-]*' | sort -u > "$tmp/page"
for command in $("${top_builddir:-.}/submilter" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'); do
	"${top_builddir:-.}/submilter" "$command" --help > "$tmp/help"
	grep -o -e ' --[a-z][a-z0-9-]*' "$tmp/help" | sed 's/^ -//' >> "$tmp/helps"
done
sort -u "$tmp/helps" > "$tmp/help"
printf '%s\n' -help -version | sort -u - "$tmp/help" > "$tmp/helps"
if ! diff "$tmp/page" "$tmp/helps" > "$tmp/difference"; then
	echo "options of docs/submilter.8 (<) and of --help (>):"
	cat "$tmp/difference"
	bad=1
fi
# submilter(8) explains each field of the log line, and no other.
sed -n 's/^LOG_FIELD([A-Z_]*, "\([a-z_]*\)".*/\1/p' \
	"$src/include/pipeline/log_fields.def" | sort > "$tmp/fields"
sed -n '/^\.Sh LOG/,/^\.El/s/^\.It Li //p' "$src/docs/submilter.8" |
	sed 's/ , /\n/g' | sort > "$tmp/explained"
if ! diff "$tmp/explained" "$tmp/fields" > "$tmp/difference"; then
	echo "fields of the log in docs/submilter.8 (<) and in log_fields.def (>):"
	cat "$tmp/difference"
	bad=1
fi
[ "$(wc -l < "$tmp/fields")" -ge 29 ] ||
	{ echo "log_fields.def cannot be read here"; bad=1; }
[ "$pages" -ge 3 ] || { echo "pages are missing in $src/docs"; bad=1; }
exit $bad
