#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The Debian package builds from this tree, lintian finds nothing in it, and it
# holds what it should: files and their modes, scripts in the right order, a
# unit, an account and directories that systemd accepts, and a configuration
# that the packaged program accepts.
# Needs: dpkg-dev debhelper lintian systemd, and what a build needs (apt-get
# build-dep ./packaging).
set -eu
top=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/submilter-test-deb.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
bad=0

fault()
{
	echo "FAIL: $*"
	bad=1
}

for program in dpkg-buildpackage dh lintian systemd-analyze systemd-sysusers \
	systemd-tmpfiles; do
	command -v "$program" > /dev/null || fault "no $program on this machine"
done
[ $bad = 0 ] || exit 1

# As README.md builds it, with its tests; source and binary packages, so that
# lintian sees both.
if ! "$top/packaging/build-deb" "$tmp/out" -F > "$tmp/log" 2>&1; then
	grep '^FAIL' "$tmp/log"
	tail -40 "$tmp/log"
	fault "the package does not build"
	exit 1
fi
grep -q '^# PASS: *[1-9][0-9]' "$tmp/log" || fault "it was built without its tests"
deb=$(ls "$tmp"/out/submilter_*.deb)

# lintian leaves files behind.
TMPDIR=$tmp lintian --allow-root --fail-on error,warning "$tmp"/out/*.changes ||
	fault "lintian"

dpkg-deb -x "$deb" "$tmp/root"
dpkg-deb -e "$deb" "$tmp/control"
root=$tmp/root

# Debian 13 has units below /usr.
dpkg-deb -c "$deb" | sed 's|root/root  *[0-9]* *[^ ]* *[^ ]* *\./|root |' |
	sed -n '/^-/{s|usr/lib/systemd|lib/systemd|;p;}' | sort -k 3 > "$tmp/have"
sort -k 3 > "$tmp/want" <<'EOF'
-rw-r--r-- root etc/submilter/submilter.conf
-rw-r--r-- root lib/systemd/system/submilter.service
-rw-r--r-- root usr/lib/sysusers.d/submilter.conf
-rw-r--r-- root usr/lib/tmpfiles.d/submilter.conf
-rwxr-xr-x root usr/libexec/submilter/socket-directory
-rwxr-xr-x root usr/sbin/submilter
-rw-r--r-- root usr/share/bash-completion/completions/submilter
-rw-r--r-- root usr/share/doc/submilter/README.Debian
-rw-r--r-- root usr/share/doc/submilter/README.md
-rw-r--r-- root usr/share/doc/submilter/architecture.md
-rw-r--r-- root usr/share/doc/submilter/changelog.Debian.gz
-rw-r--r-- root usr/share/doc/submilter/chaos.md
-rw-r--r-- root usr/share/doc/submilter/comparison.md
-rw-r--r-- root usr/share/doc/submilter/copyright
-rw-r--r-- root usr/share/doc/submilter/corpus.md
-rw-r--r-- root usr/share/doc/submilter/distributions.md
-rw-r--r-- root usr/share/doc/submilter/faq.md
-rw-r--r-- root usr/share/doc/submilter/getting-started.md
-rw-r--r-- root usr/share/doc/submilter/keys.md
-rw-r--r-- root usr/share/doc/submilter/limits.md
-rw-r--r-- root usr/share/doc/submilter/load.svg
-rw-r--r-- root usr/share/doc/submilter/measurements.md
-rw-r--r-- root usr/share/doc/submilter/migrating.md
-rw-r--r-- root usr/share/doc/submilter/mta-changes.md
-rw-r--r-- root usr/share/doc/submilter/operating.md
-rw-r--r-- root usr/share/doc/submilter/pop-before-smtp/dovecot-last-login.conf
-rw-r--r-- root usr/share/doc/submilter/pop-before-smtp/dovecot-note-login.conf
-rw-r--r-- root usr/share/doc/submilter/pop-before-smtp/note-login
-rw-r--r-- root usr/share/doc/submilter/pop-before-smtp/pop-dict.conf.ext
-rw-r--r-- root usr/share/doc/submilter/pop-before-smtp/pop-redis.cf
-rw-r--r-- root usr/share/doc/submilter/pop-before-smtp/pop-sqlite.cf
-rw-r--r-- root usr/share/doc/submilter/pop-before-smtp/pop.sql
-rw-r--r-- root usr/share/doc/submilter/postfix.md
-rw-r--r-- root usr/share/doc/submilter/preflight.md
-rw-r--r-- root usr/share/doc/submilter/readers.md
-rw-r--r-- root usr/share/doc/submilter/recipes.md
-rw-r--r-- root usr/share/doc/submilter/repair.md
-rw-r--r-- root usr/share/doc/submilter/rights.md
-rw-r--r-- root usr/share/doc/submilter/schema/check.json
-rw-r--r-- root usr/share/doc/submilter/schema/config.json
-rw-r--r-- root usr/share/doc/submilter/schema/explain.json
-rw-r--r-- root usr/share/doc/submilter/schema/genkey.json
-rw-r--r-- root usr/share/doc/submilter/schema/health.json
-rw-r--r-- root usr/share/doc/submilter/schema/import.json
-rw-r--r-- root usr/share/doc/submilter/schema/keys.json
-rw-r--r-- root usr/share/doc/submilter/schema/lookup.json
-rw-r--r-- root usr/share/doc/submilter/schema/replay.json
-rw-r--r-- root usr/share/doc/submilter/schema/report.json
-rw-r--r-- root usr/share/doc/submilter/schema/status.json
-rw-r--r-- root usr/share/doc/submilter/schema/test.json
-rw-r--r-- root usr/share/doc/submilter/sendmail.md
-rw-r--r-- root usr/share/doc/submilter/submilter-dashboard.json
-rw-r--r-- root usr/share/doc/submilter/submilter.conf.example
-rw-r--r-- root usr/share/doc/submilter/submilter.rules.yml
-rw-r--r-- root usr/share/doc/submilter/survival.md
-rw-r--r-- root usr/share/doc/submilter/tables.md
-rw-r--r-- root usr/share/doc/submilter/troubleshooting.md
-rw-r--r-- root usr/share/doc/submilter/upstream-libmilter.md
-rw-r--r-- root usr/share/fish/vendor_completions.d/submilter.fish
-rw-r--r-- root usr/share/lintian/overrides/submilter
-rw-r--r-- root usr/share/man/man5/submilter-metrics.5.gz
-rw-r--r-- root usr/share/man/man5/submilter-tables.5.gz
-rw-r--r-- root usr/share/man/man5/submilter.conf.5.gz
-rw-r--r-- root usr/share/man/man8/submilter.8.gz
-rw-r--r-- root usr/share/zsh/vendor-completions/_submilter
EOF
diff "$tmp/want" "$tmp/have" || fault "files or modes differ from the list here"
dpkg-deb -c "$deb" | grep '^d' | grep -v '^drwxr-xr-x root/root' &&
	fault "a directory with an odd mode"

# Each client library is needed by a package of its own, and by nothing else.
needed() { objdump -p "$1" | sed -n 's/^ *NEEDED *//p'; }
for module in ldap:libldap pgsql:libpq mysql:libmariadb sqlite:libsqlite3 \
	redis:libhiredis memcache: radius: lmdb: cdb: bdb:libdb; do
	name=${module%:*} library=${module#*:}
	package=$(echo "$tmp"/out/submilter-"$name"_*.deb)
	[ -e "$package" ] || { fault "no package submilter-$name"; continue; }
	mkdir "$tmp/$name"
	dpkg-deb -x "$package" "$tmp/$name"
	file=$(find "$tmp/$name" -name "$name.so")
	[ "$(find "$tmp/$name/usr/lib" ! -type d)" = "$file" ] ||
		fault "submilter-$name has other files than $name.so"
	dpkg-deb -f "$package" Depends | tr ',' '\n' |
		grep -Fxq "submilter (= $(dpkg-deb -f "$deb" Version))" ||
		fault "submilter-$name goes with other versions of submilter"
	[ -n "$library" ] || { needed "$file" | grep -v -e '^libc\.' -e '^libcrypto\.' -e '^libssl\.' &&
		fault "$name.so needs a library"; continue; }
	needed "$file" | grep -q "^$library" || fault "$name.so lacks $library"
	dpkg-deb -f "$package" Depends | grep -q "$library" ||
		fault "submilter-$name does not depend on $library"
	needed "$root/usr/sbin/submilter" | grep "^$library" &&
		fault "the program needs $library"
	dpkg-deb -f "$deb" Depends | grep "$library" &&
		fault "the base package needs $library"
done

[ "$(cat "$tmp/control/conffiles")" = /etc/submilter/submilter.conf ] ||
	fault "conffiles: $(cat "$tmp/control/conffiles")"

# The account, then its directories, then the service.
for script in postinst postrm prerm; do
	sh -n "$tmp/control/$script" || fault "$script is no shell script"
done
order=$(sed -n 's/.*\(systemd-sysusers\) .*/\1/p
	s/^[	 ]*\(systemd-tmpfiles\) .*/\1/p
	s/.*\(deb-systemd-invoke\) .*/\1/p' "$tmp/control/postinst" | tr '\n' ' ')
[ "$order" = \
	"systemd-sysusers systemd-tmpfiles deb-systemd-invoke deb-systemd-invoke " ] ||
	fault "postinst runs: $order"

# All in a root of its own.
mkdir -p "$root/run" "$root/var"
systemd-sysusers --root="$root" submilter.conf > "$tmp/log" 2>&1 ||
	fault "systemd-sysusers: $(cat "$tmp/log")"
grep -q '^submilter:[^:]*:[0-9]*:[0-9]*:[^:]*:/nonexistent:/usr/sbin/nologin$' \
	"$root/etc/passwd" || fault "the account is not as it should be"
id=$(sed -n 's/^submilter:[^:]*:\([0-9]*:[0-9]*\):.*/\1/p' "$root/etc/passwd")
if [ "$(id -u)" = 0 ]; then
	systemd-tmpfiles --root="$root" --create submilter.conf \
		> "$tmp/log" 2>&1 ||
		fault "systemd-tmpfiles: $(cat "$tmp/log")"
	[ "$(stat -c %a:%u:%g "$root/etc/submilter/keys")" = "700:$id" ] ||
		fault "the directory of the keys is not the milter's alone"
	[ "$(stat -c %a:%u:%g "$root/var/lib/submilter")" = "750:$id" ] ||
		fault "/var/lib/submilter is not the milter's alone"
	[ "$(stat -c %a:%u:%g "$root/run/submilter")" = "755:$id" ] ||
		fault "/run/submilter is not the milter's"
fi

# The unit names the program by the path it will have.
unit=$(find "$root" -name submilter.service)
sed -e "s|^ExecStart=/usr/sbin/|ExecStart=$root/usr/sbin/|" \
	-e "s|^ExecReload=/usr/sbin/|ExecReload=$root/usr/sbin/|" \
	-e "s|^ExecStartPre=-+/usr/|ExecStartPre=-+$root/usr/|" "$unit" \
	> "$tmp/submilter.service"
cmp -s "$unit" "$tmp/submilter.service" && fault "ExecStart= is elsewhere"
systemd-analyze verify --man=no "$tmp/submilter.service" > "$tmp/log" 2>&1 ||
	fault "systemd-analyze verify"
grep submilter "$tmp/log" && fault "systemd-analyze verify complains"
systemd-analyze security --offline=true --threshold=15 "$tmp/submilter.service" \
	> "$tmp/log" 2>&1 || {
	tail -1 "$tmp/log"
	fault "the unit is less confined than it was"
}
grep -q '^Type=notify$' "$unit" || fault "built without systemd's readiness"
grep -q '^SupplementaryGroups=' "$unit" &&
	fault "a unit that names a group does not start where that is missing"

grep -q '^ExecReload=/usr/sbin/submilter reload$' "$unit" ||
	fault "a reload does not say whether it was refused"

program=$root/usr/sbin/submilter
version=$(dpkg-deb -f "$deb" Version)
[ "$("$program" --version | head -1)" = "submilter ${version%-*}" ] ||
	fault "the program says another version than the package"

# The configuration as it is installed, but for paths and ports of this test: it
# starts with no editing, reloads, and ends in order.
mkdir -m 700 "$tmp/keys"
conf=$tmp/submilter.conf
sed -e "s|^listen = .*|listen = \"unix:$tmp/socket\"|" \
	-e "s|\"/etc/submilter/keys\"|\"$tmp/keys\"|" \
	"$root/etc/submilter/submilter.conf" > "$conf"
[ "$(grep -c "$tmp" "$conf")" = 2 ] || fault "listen and keys are set elsewhere"
echo "user = \"$(id -un)\"" >> "$conf"
echo "sign { key-states = \"$tmp/keys.state\" }" >> "$conf"
mkdir "$tmp/postfix"
echo "mail_owner = $(id -un)" > "$tmp/postfix/main.cf"
echo "submission inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes" \
	"-o smtpd_milters=unix:$tmp/socket" > "$tmp/postfix/master.cf"
"$program" check --no-connect -c "$conf" --postfix "$tmp/postfix" > "$tmp/log" 2>&1 || {
	cat "$tmp/log"
	fault "check finds errors in the configuration"
}
: > "$tmp/daemon.log"
"$program" run -f -c "$conf" > "$tmp/daemon.log" 2>&1 &
pid=$!
logged()
{
	tries=0
	until grep -q "$1" "$tmp/daemon.log"; do
		tries=$((tries + 1))
		if [ $tries -gt 100 ] || ! kill -0 $pid 2> /dev/null; then
			cat "$tmp/daemon.log"
			fault "the daemon does not say: $1"
			return
		fi
		sleep 0.1
	done
}
logged " ready on unix:$tmp/socket"
[ -S "$tmp/socket" ] || fault "no socket"
kill -USR1 $pid || :
logged "reloaded "
kill -TERM $pid || :
status=0
wait $pid || status=$?
[ $status = 0 ] || fault "the daemon ended with status $status"
[ ! -e "$tmp/socket" ] || fault "the daemon left its socket behind"

if [ $bad = 0 ]; then
	echo "PASS: submilter $version"
fi
exit $bad
