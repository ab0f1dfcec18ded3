# SPDX-License-Identifier: BSD-2-Clause
"""Debian's packages of servers, unpacked into a directory instead of installed.

The packages exclude each other and an installed MTA is not ours to touch; unpacked
they live side by side. Shared libraries that the machine lacks are unpacked as well
and found by LD_LIBRARY_PATH.
"""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from .process import LabError, run

# What is run from each package; all of it must find its shared libraries.
_PROGRAMS = {
    "postfix": ["usr/sbin/postdrop", "usr/lib/postfix/sbin/master",
                "usr/lib/postfix/sbin/smtp", "usr/lib/postfix/sbin/smtpd"],
    "postfix-pcre": ["usr/lib/postfix/*.so"],
    "postfix-lmdb": ["usr/lib/postfix/*.so"],
    "postfix-cdb": ["usr/lib/postfix/*.so"],
    "postfix-pgsql": ["usr/lib/postfix/*.so"],
    "postfix-mysql": ["usr/lib/postfix/*.so"],
    "postfix-sqlite": ["usr/lib/postfix/*.so"],
    "postfix-ldap": ["usr/lib/postfix/*.so"],
    "sendmail-bin": ["usr/libexec/sendmail/sendmail"],
    "sendmail-base": [],
    "sendmail-cf": [],
    "sasl2-bin": ["usr/sbin/saslpasswd2", "usr/sbin/saslauthd"],
    "libnss-wrapper": ["usr/lib/*/libnss_wrapper.so"],
    "libsasl2-modules": ["usr/lib/*/sasl2/*.so"],
    "libsasl2-modules-db": ["usr/lib/*/sasl2/*.so"],
    "m4": ["usr/bin/m4"],
    "openssl": ["usr/bin/openssl"],
    "opendkim": ["usr/sbin/opendkim"],
    "knot": ["usr/sbin/knotd"],
    "slapd": ["usr/sbin/slapd", "usr/lib/ldap/back_mdb.so*"],
    "ldap-utils": ["usr/bin/ldapmodify"],
    "postgresql": ["usr/lib/postgresql/*/bin/postgres",
                   "usr/lib/postgresql/*/bin/initdb"],
    "postgresql-client": ["usr/lib/postgresql/*/bin/psql"],
    "mariadb-server-core": ["usr/sbin/mariadbd"],
    "mariadb-client-core": ["usr/bin/mariadb"],
    "redis-server": [],
    "redis-tools": ["usr/bin/redis-check-rdb"],     # the server, too
    "memcached": ["usr/bin/memcached"],
    "radsecproxy": ["usr/sbin/radsecproxy"],
    "lmdb-utils": ["usr/bin/mdb_load"],
    "db5.3-util": ["usr/bin/db5.3_load"],
    "dovecot-core": ["usr/bin/doveconf", "usr/sbin/dovecot", "usr/lib/dovecot/*",
                     "usr/lib/dovecot/modules/*.so"],
    "dovecot-imapd": ["usr/lib/dovecot/imap", "usr/lib/dovecot/imap-login"],
    "dovecot-pop3d": ["usr/lib/dovecot/pop3", "usr/lib/dovecot/pop3-login"],
    "dovecot-sqlite": ["usr/lib/dovecot/modules/dict/*.so"],
    "dovecot-submissiond": ["usr/lib/dovecot/submission",
                            "usr/lib/dovecot/submission-login"],
    "nginx": ["usr/sbin/nginx"],
    "libnginx-mod-mail": ["usr/lib/nginx/modules/*.so"],
    "haproxy": ["usr/sbin/haproxy"],
    "php-cli": ["usr/bin/php[0-9]*"],
    "php-intl": ["usr/lib/php/*/intl.so"],
    "php-mbstring": ["usr/lib/php/*/mbstring.so"],
    "roundcube-core": [],
    "dovecot-lmtpd": ["usr/lib/dovecot/lmtp"],
    "dovecot-managesieved": ["usr/lib/dovecot/managesieve",
                             "usr/lib/dovecot/managesieve-login"],
    "dovecot-sieve": ["usr/lib/dovecot/modules/lib90_sieve_plugin.so"],
    "freeradius": ["usr/sbin/freeradius", "usr/lib/freeradius/rlm_files.so",
                   "usr/lib/freeradius/rlm_detail.so",
                   "usr/lib/freeradius/rlm_expr.so"],
    "freeradius-common": [],
    "rspamd": ["usr/bin/rspamd", "usr/lib/rspamd/*.so"],
    "dkimpy-milter": [],
    "python3-milter": ["usr/lib/python3/dist-packages/*.so"],
    "python3-authres": [],
    "freeradius-utils": ["usr/bin/radclient"],
    "prometheus": ["usr/bin/prometheus", "usr/bin/promtool"],
}
_SASL = ["sasl2-bin", "libsasl2-modules", "libsasl2-modules-db"]
_PRODUCTS = {
    "postfix": ["postfix"] + _SASL,
    "sendmail": ["sendmail-bin", "sendmail-base", "sendmail-cf"] + _SASL,
    "saslauthd": ["sasl2-bin", "libnss-wrapper"],
    "opendkim": ["opendkim"],       # for comparison
    "knot": ["knot"],               # a DNS server that signs its zones
    "postfix-maps": ["postfix", "postfix-pcre", "postfix-lmdb", "postfix-cdb"],
    "postfix-databases": ["postfix", "postfix-pgsql", "postfix-mysql",
                          "postfix-sqlite", "postfix-ldap"],
    "slapd": ["slapd", "ldap-utils"],
    "postgresql": ["postgresql-*", "postgresql-client-*"],
    "mariadb": ["mariadb-server-core", "mariadb-client-core"],
    "redis": ["redis-server", "redis-tools"],
    "memcached": ["memcached"],
    "radsecproxy": ["radsecproxy"],
    "index-tools": ["lmdb-utils", "db5.3-util"],
    "dovecot-lda": ["dovecot-core", "dovecot-sieve"],
    "dovecot-server": ["dovecot-core", "dovecot-imapd", "dovecot-pop3d",
                       "dovecot-sqlite"],
    "dovecot-submission": ["dovecot-core", "dovecot-imapd", "dovecot-pop3d",
                           "dovecot-sqlite", "dovecot-submissiond"],
    "proxies": ["nginx", "libnginx-mod-mail", "haproxy"],
    "roundcube": ["roundcube-core", "php-net-smtp", "php-net-socket", "php-auth-sasl",
                  "php-pear", "php*-cli", "php*-intl", "php*-mbstring"],
    "dovecot-sieve-server": ["dovecot-core", "dovecot-imapd", "dovecot-pop3d",
                             "dovecot-sqlite", "dovecot-lmtpd", "dovecot-sieve",
                             "dovecot-managesieved"],
    "freeradius": ["freeradius", "freeradius-common", "freeradius-utils",
                   "libfreeradius3"],
    "prometheus": ["prometheus"],
    "rspamd": ["rspamd"],           # these two for comparison
    "dkimpy-milter": ["dkimpy-milter", "python3-milter", "python3-authres"],
}
_TOOLS = {"postfix": ["openssl"], "sendmail": ["openssl", "m4"],
          "dovecot-sieve-server": [],
          "saslauthd": ["openssl"], "opendkim": [], "knot": [],
          "radsecproxy": [],
          "postfix-maps": [], "postfix-databases": [], "slapd": [],
          "postgresql": [], "mariadb": [], "redis": [], "memcached": [],
          "index-tools": [], "dovecot-lda": [], "dovecot-server": [], "freeradius": [],
          "dovecot-submission": [], "proxies": [], "roundcube": [],
          "prometheus": [], "rspamd": [], "dkimpy-milter": []}


class Debs:
    """A tree of unpacked packages, one directory each below `directory`."""

    def __init__(self, directory, *products):
        """Unpack what `products` need: the keys of _PRODUCTS.

        What is there already, perhaps by another process at the same time, is used
        as it is. The packages are downloaded with apt-get, from the sources and lists
        the machine has (`apt-get update` is the caller's business). If
        SUBMILTER_DEB_CACHE names a directory, they are kept there. The way to
        `directory` has to be open for all users.
        """
        self.directory = pathlib.Path(directory).resolve()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o755)
        with open(self.directory / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for product in products or ("postfix", "sendmail"):
                ready = self.directory / (product + ".ready")
                if not ready.exists():
                    self._unpack_product(product)
                    ready.touch()

    @classmethod
    def shared(cls, top, *products):
        """A tree that the test programs of one run have in common.

        It is in the directory that SUBMILTER_DEBS names, else below `top`.
        """
        return cls(os.environ.get("SUBMILTER_DEBS") or top / "debs", *products)

    def package(self, name):
        """The directory that package `name` is (or would be) unpacked in."""
        return self.directory / name

    def file(self, pattern):
        """The one file of the unpacked packages that matches, as "slapd/usr/.."."""
        return sorted(self.directory.glob(pattern))[-1]

    def tool(self, name):
        """The path of a program: the machine's own, else the unpacked one."""
        path = shutil.which(name)
        return path if path else str(self.package(name) / "usr/bin" / name)

    def library_path(self):
        """The value of LD_LIBRARY_PATH for all that is in this tree."""
        places = [self.package("postfix") / "usr/lib/postfix"]
        places += sorted(self.directory.glob("*/usr/lib/*-linux-*"))
        places += sorted(self.directory.glob("*/lib/*-linux-*"))
        places += sorted(self.directory.glob("dovecot-*/usr/lib/dovecot"))
        places += sorted(self.directory.glob("dovecot-*/usr/lib/dovecot/modules"))
        places += sorted(self.directory.glob(
            "dovecot-*/usr/lib/dovecot/modules/old-stats"))
        places += sorted(self.directory.glob("lib*/usr/lib"))     # libopendbx1
        places += sorted(self.directory.glob("lib*/usr/lib/freeradius"))
        places += [self.package("rspamd") / "usr/lib/rspamd"]
        return ":".join(str(p) for p in places)

    def sasl_path(self):
        """The value of SASL_PATH: where libsasl2 looks for its plugins."""
        places = self.directory.glob("libsasl2-*/usr/lib/*/sasl2")
        return ":".join(str(p) for p in sorted(places))

    def environment(self):
        """The environment in which programs of this tree run."""
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                "LD_LIBRARY_PATH": self.library_path(),
                "SASL_PATH": self.sasl_path()}

    def _unpack_product(self, product):
        tools = [t for t in _TOOLS[product] if not shutil.which(t)]
        wanted = [_with_version(n) for n in _PRODUCTS[product]] + tools
        while True:
            self._unpack(wanted)
            wanted = self._lacking_libraries()
            if not wanted:
                return

    def _unpack(self, names):
        names = [n for n in names if not self.package(n).exists()]
        for name, deb in _download(names, self.directory).items():
            part = self.directory / (name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            part.chmod(0o755)
            run(["dpkg-deb", "-x", deb, part])
            # The control data tells what the package depends on.
            run(["dpkg-deb", "-e", deb, part / "DEBIAN"])
            part.rename(self.package(name))

    def _lacking_libraries(self):
        """Packages that may bring the shared libraries that are missing.

        Which package holds which library is not known before it is unpacked, so
        these are the dependencies called lib* of those that miss one.
        """
        missing, candidates = set(), set()
        for control in sorted(self.directory.glob("*/DEBIAN/control")):
            name = control.parent.parent.name
            lacks = self._missing(name)
            missing |= lacks
            if lacks:
                candidates |= set(_library_dependencies(control.read_text()))
        candidates = sorted(c for c in candidates
                            if not self.package(c).exists()
                            and not _installed(c))
        if missing and not candidates:
            raise LabError("no dependency brings the shared libraries "
                           + ", ".join(sorted(missing)))
        return candidates

    def _missing(self, name):
        """Sonames that programs and libraries of a package do not find."""
        patterns = _PROGRAMS.get(re.sub(r"-\d+$|(?<=^php)[\d.]+", "", name),
                                 ["usr/lib/*/*.so.*", "lib/*/*.so.*"])
        files = [str(f) for p in patterns
                 for f in sorted(self.package(name).glob(p))]
        if not files:
            return set()
        out = subprocess.run(["ldd"] + files, env=self.environment(),
                             stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout.decode()
        return set(re.findall(r"^\s*(\S+) => not found", out, re.M))


def _with_version(name):
    """The package that NAME-*, or php*-NAME, stands for: the release's version."""
    if "*" not in name:
        return name
    plain = re.sub(r"-?\*(-?)", r"\1", name)
    out = run(["apt-cache", "depends", plain]).decode()
    return re.search(r"Depends: (%s)$" % name.replace("*", r"[\d.]+"), out,
                     re.M).group(1)


def _library_dependencies(control):
    field = re.search(r"^Depends:(.*)$", control, re.M)
    for alternatives in field.group(1).split(",") if field else ():
        name = re.match(r"\s*([^\s(|:]+)", alternatives).group(1)
        if name.startswith("lib"):
            yield name


def _installed(name):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", name],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return b"ok installed" in done.stdout


def _download(names, directory):
    """Packages by name as .deb files, from the cache or from apt's sources."""
    if not names:
        return {}
    cache = pathlib.Path(os.environ.get("SUBMILTER_DEB_CACHE")
                         or directory / "archives")
    cache.mkdir(parents=True, exist_ok=True)
    apt = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download"]
    files = {}
    for line in run(apt + ["--print-uris"] + names).decode().splitlines():
        uri = re.match(r"'.*' (([^_\s]+)_\S+\.deb) \d+", line)
        if uri:
            files[uri.group(2)] = uri.group(1)
    lost = sorted(set(names) - set(files))
    if lost:
        raise LabError("apt-get knows no package " + ", ".join(lost))
    wanted = [n for n in names if not (cache / files[n]).exists()]
    if wanted:
        with tempfile.TemporaryDirectory(dir=cache) as part:
            run(apt + wanted, cwd=part)
            for deb in pathlib.Path(part).glob("*.deb"):
                deb.rename(cache / deb.name)
    return {n: cache / files[n] for n in names}
