# SPDX-License-Identifier: BSD-2-Clause
"""The real servers of tables: each on loopback, from an unpacked Debian package.

    with lab.scratch() as top:
        debs = lab.Debs.shared(top, "postgresql")
        with servers.Postgres(top / "pg", debs) as server:
            server.sql("CREATE TABLE rights (address text, logins text)")
            ... server.port, server.directory ...
            server.pause(); server.resume(); server.kill(); server.start()

Each has a database `mail` or a suffix `dc=corp,dc=example`, and USER with PASSWORD
who may read it. With `certificates`, it also speaks TLS. To be run as root.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import lab                                          # noqa: E402
from lab.process import run, wait_until             # noqa: E402

USER, PASSWORD = "submilter", "secret word"
SUFFIX = "dc=corp,dc=example"
ADMIN = "cn=admin," + SUFFIX
# Far more than any of them needs on a machine that does nothing else.
PATIENCE = 90


class Certificates:
    """A CA with a certificate for 127.0.0.1 and localhost, and what is wrong."""

    _names = "subjectAltName=IP:127.0.0.1,DNS:localhost"

    def __init__(self, top, debs=None):
        self.top = pathlib.Path(top)
        self.top.mkdir(parents=True, exist_ok=True)
        self.openssl = debs.tool("openssl") if debs else "openssl"
        self.ca, _ = self._new("ca", None, "basicConstraints=critical,CA:true")
        self.other_ca, _ = self._new("other-ca", None,
                                     "basicConstraints=critical,CA:true")
        self.certificate, self.key = self._new(
            "server", "ca", self._names)
        # Of the same CA, for another host.
        self.wrong_certificate, self.wrong_key = self._new(
            "wrong", "ca", "subjectAltName=DNS:elsewhere.example")

    def _new(self, name, issuer, extension):
        certificate, key = self.top / (name + ".pem"), self.top / (name + ".key")
        by = ["-CA", self.top / (issuer + ".pem"),
              "-CAkey", self.top / (issuer + ".key")] if issuer else []
        run([self.openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=" + name, "-addext", extension, "-keyout", key, "-out",
             certificate] + by)
        return certificate, key

    def expired(self):
        """A certificate that was right until yesterday, and its key."""
        certificate, key = self.top / "old.pem", self.top / "old.key"
        request = run([self.openssl, "req", "-new", "-newkey", "ec", "-pkeyopt",
                       "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=old",
                       "-addext", self._names, "-keyout", key])
        run([self.openssl, "x509", "-req", "-days", "-1", "-copy_extensions", "copy",
             "-CA", self.ca, "-CAkey", self.top / "ca.key", "-CAcreateserial", "-out",
             certificate], input=request)
        return certificate, key

    def owned(self, directory, user, wrong=False):
        """Copies that only `user` can read, as some servers insist on."""
        files = []
        for source in ((self.wrong_certificate, self.wrong_key) if wrong
                       else (self.certificate, self.key)) + (self.ca,):
            copy = shutil.copy(source, directory)
            shutil.chown(copy, user)
            os.chmod(copy, 0o600)
            files.append(copy)
        return files


def quiet_port(below=32000):
    """A free port that no connection of others gets while the server is down.

    Below those that the kernel gives to clients: a client that tries again and again
    would in the end be given the very port that it connects to.
    """
    for _ in range(1000):
        port = random.randrange(10000, below)
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            return port
    raise lab.LabError("no port is free")


class Started:
    """A server at `port`; what it forks is ended with it."""

    stop_signal = signal.SIGTERM
    user = "root"

    def __init__(self, top, debs, certificates=None, wrong_certificate=False):
        self.top, self.debs = pathlib.Path(top), debs
        self.top.mkdir(parents=True)
        self.top.chmod(0o755)
        self.output = self.top / "output"
        self.certificates = certificates
        if certificates:
            self.tls_files = certificates.owned(self.top, self.user,
                                                wrong_certificate)
        self.port = self.tls_port = self.daemon = None
        self.prepare()

    def prepare(self):
        """Makes what has to be there before the first start."""

    def command(self):
        """The program and its arguments, for self.port and self.tls_port."""
        raise NotImplementedError

    def is_ready(self):
        """Whether it answers; an exception is a no, too."""
        raise NotImplementedError

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """At the ports it had before, if it had any."""
        for _ in range(5):
            fresh = self.port is None
            if fresh:
                self.port, self.tls_port = self.free_ports()
            self.daemon = lab.Daemon(self.command(), self.debs.environment(),
                                     self.output)
            with contextlib.suppress(lab.LabError):
                wait_until(self._is_ready_or_ended, PATIENCE, "answer")
            if not self.daemon.ended():
                return
            self.daemon.stop()
            if fresh:       # somebody else may have taken the port
                self.port = None
        raise lab.LabError("%s does not start:\n%s" % (
            type(self).__name__, self.output.read_text(errors="replace")[-3000:]))

    @staticmethod
    def free_ports():
        return quiet_port(), quiet_port()

    def _is_ready_or_ended(self):
        if self.daemon.ended():
            return True
        with contextlib.suppress(OSError, EOFError, lab.LabError):
            return self.daemon.listens(self.port) and self.is_ready()
        return False

    def stop(self):
        """In order; what it stored is there after the next start()."""
        if self.daemon:
            self.resume()
            self.daemon.signal(self.stop_signal)
            self.daemon.wait(20)
            self.daemon.stop()

    def kill(self):
        """Without warning, as a crash of the machine would."""
        self.daemon.signal(signal.SIGKILL)
        self.daemon.stop()

    def pause(self):
        """It hangs: connections are accepted by the kernel, and nothing is said."""
        self._signal_all(signal.SIGSTOP)
        wait_until(lambda: all(map(_has_stopped, self.daemon.members())), PATIENCE,
                   "stop")

    def resume(self):
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number):
        for pid in self.daemon.members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _has_stopped(pid):
    """Whether each thread of a process has."""
    with contextlib.suppress(OSError):
        for stat in pathlib.Path("/proc/%d/task" % pid).glob("*/stat"):
            if stat.read_text().rpartition(")")[2].split()[0] != "T":
                return False
    return True


def as_user(user):
    """Words before a command that make it run as that user."""
    return ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]


def made_once(debs, name, make):
    """A directory that is made by make(path) once for all that share `debs`."""
    path = debs.directory / name
    with open(debs.directory / (name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            part = debs.directory / (name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(path)
    return path


class Slapd(Started):
    """OpenLDAP. `ldif` is loaded before the start; add() and modify() later."""

    def __init__(self, top, debs, ldif="", settings="", **how):
        self.ldif, self.settings = ldif, settings
        super().__init__(top, debs, **how)

    @property
    def uri(self):
        return "ldap://127.0.0.1:%d" % self.port

    @property
    def tls_uri(self):
        return "ldaps://127.0.0.1:%d" % self.tls_port

    @property
    def unix_uri(self):
        return "ldapi://" + str(self.top / "ldapi").replace("/", "%2F")

    def prepare(self):
        package = self.debs.package("slapd")
        (self.top / "data").mkdir()
        schemas = "".join("include %s/etc/ldap/schema/%s.schema\n" % (package, name)
                          for name in ("core", "cosine", "nis", "inetorgperson"))
        tls = ""
        if self.certificates:
            tls = ("TLSCertificateFile %s\nTLSCertificateKeyFile %s\n"
                   "TLSCACertificateFile %s\n" % tuple(self.tls_files))
        self.settings_file = self.top / "slapd.conf"
        self.settings_file.write_text(
            schemas + "modulepath %s/usr/lib/ldap\nmoduleload back_mdb\n" % package
            + "pidfile %s/pid\nthreads 8\n" % self.top
            + 'authz-regexp "gidNumber=0\\\\+uidNumber=0,cn=peercred,.*" '
            '"%s"\n' % ADMIN
            + tls + self.settings
            + 'database mdb\nsuffix "%s"\nrootdn "%s"\nrootpw "%s"\n' % (
                SUFFIX, ADMIN, PASSWORD)
            + "directory %s/data\nmaxsize 67108864\n"
            "dbnosync\nindex mail,uid,objectClass eq\n" % self.top)
        (self.top / "first.ldif").write_text(
            "dn: %s\nobjectClass: domain\ndc: corp\n\n%s" % (SUFFIX, self.ldif))
        run([package / "usr/sbin/slapd", "-T", "add", "-q", "-f",
             self.settings_file, "-l", self.top / "first.ldif"],
            env=self.debs.environment())

    def command(self):
        uris = [self.uri, self.unix_uri] + (
            [self.tls_uri] if self.certificates else [])
        return [self.debs.package("slapd") / "usr/sbin/slapd", "-d", "0", "-f",
                self.settings_file, "-h", " ".join(uris)]

    def is_ready(self):
        self._tool("ldapsearch", "-b", SUFFIX, "-s", "base")
        return True

    def add(self, ldif):
        self._tool("ldapadd", input=ldif.encode())

    def modify(self, ldif):
        self._tool("ldapmodify", input=ldif.encode())

    def _tool(self, name, *arguments, **how):
        run([self.debs.package("ldap-utils") / "usr/bin" / name, "-x", "-H",
             self.uri, "-D", ADMIN, "-w", PASSWORD, "-o", "nettimeout=10",
             *arguments], env={**self.debs.environment(), "LDAPNOINIT": "1"}, **how)


class Postgres(Started):
    """PostgreSQL. Its socket is in `directory`; USER logs in with PASSWORD."""

    user = "daemon"
    stop_signal = signal.SIGINT

    @property
    def directory(self):
        return self.top

    def _program(self, name):
        return self.debs.file("postgresql-*/usr/lib/postgresql/*/bin/" + name)

    def _make(self, data):
        shutil.chown(data, self.user)
        run(as_user(self.user) + [
            self._program("initdb"), "-A", "trust", "-N", "-U", "root", "-E",
            "UTF8", "--locale=C", "-D", data],
            env=self.debs.environment(), cwd="/")
        (data / "pg_hba.conf").write_text(
            "local all root trust\nhost all root 127.0.0.1/32 trust\n"
            "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n")
        run(as_user(self.user) + [
            self._program("postgres"), "--single", "-F", "-D", data, "postgres"],
            env=self.debs.environment(), cwd="/", input=(
                "CREATE ROLE %s LOGIN PASSWORD '%s'\n"
                "CREATE DATABASE mail OWNER %s\n" % (USER, PASSWORD, USER)).encode())

    def prepare(self):
        shutil.chown(self.top, self.user)
        run(["cp", "-a", made_once(self.debs, "made-postgresql", self._make),
             self.top / "data"])

    def command(self):
        tls = []
        if self.certificates:
            tls = ["-c", "ssl=on"]
            for name, file in zip(("cert", "key"), self.tls_files):
                tls += ["-c", "ssl_%s_file=%s" % (name, file)]
        return as_user(self.user) + [
            self._program("postgres"), "-D", self.top / "data", "-p", self.port,
            "-h", "127.0.0.1", "-k", self.top, "-F", "-c", "jit=off",
            "-c", "shared_buffers=8MB", "-c", "max_connections=100"] + tls

    def is_ready(self):
        return self.sql("SELECT 1")

    def sql(self, text):
        """What statements print, run by the administrator in the database mail."""
        psql = self.debs.file("postgresql-client-*/usr/lib/postgresql/*/bin/psql")
        return run([psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h",
                    self.top, "-p", self.port, "-U", "root", "mail"],
                   env=self.debs.environment(), input=text.encode()).decode()


class MariaDB(Started):
    """MariaDB. `socket` is its Unix socket; USER logs in with PASSWORD."""

    @property
    def socket(self):
        return self.top / "socket"

    def _options(self, data):
        usr = self.debs.package("mariadb-server-core") / "usr"
        return ["--no-defaults", "--basedir=%s" % usr, "--user=root",
                "--lc-messages-dir=%s/share/mysql" % usr, "--datadir=%s" % data,
                "--skip-name-resolve", "--innodb-buffer-pool-size=8M",
                "--innodb-log-file-size=4M", "--innodb-fast-shutdown=2",
                "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
                "--innodb-undo-tablespaces=0", "--innodb-use-native-aio=0",
                "--innodb-data-file-path=ibdata1:1M:autoextend",
                "--innodb-temp-data-file-path=ibtmp1:1M:autoextend"]

    def _program(self):
        return self.debs.package("mariadb-server-core") / "usr/sbin/mariadbd"

    def _make(self, data):
        share = self.debs.package("mariadb-server-core") / "usr/share/mysql"
        text = "create database mysql;\nuse mysql;\n"
        for name in "mysql_system_tables", "mysql_system_tables_data":
            text += (share / (name + ".sql")).read_text()
        text += ("create database mail character set utf8mb4 collate utf8mb4_bin;\n"
                 "flush privileges;\n"
                 "create user %s@'%%' identified by '%s';\n"
                 "grant all on mail.* to %s@'%%';\n" % (USER, PASSWORD, USER))
        run([self._program()] + self._options(data) + ["--bootstrap"],
            env=self.debs.environment(), input=text.encode())

    def prepare(self):
        run(["cp", "-a", made_once(self.debs, "made-mariadb", self._make),
             self.top / "data"])

    def command(self):
        tls = []
        if self.certificates:
            tls = ["--ssl-%s=%s" % pair
                   for pair in zip(("cert", "key", "ca"), self.tls_files)]
        return [self._program()] + self._options(self.top / "data") + [
            "--port=%d" % self.port, "--bind-address=127.0.0.1",
            "--socket=%s" % self.socket, "--pid-file=%s/pid" % self.top] + tls

    def is_ready(self):
        return self.sql("SELECT 1")

    def sql(self, text):
        """What statements print, run by the administrator in the database mail."""
        return run([self.debs.package("mariadb-client-core") / "usr/bin/mariadb",
                    "--no-defaults", "-u", "root", "-S", self.socket, "-N", "-B",
                    "--default-character-set=utf8mb4", "mail"],
                   env=self.debs.environment(), input=text.encode()).decode()


class RedisError(lab.LabError):
    """What Redis says in the place of an answer."""


class Redis(Started):
    """Redis. ask("SET", "key", "value") speaks to it; `socket` is its Unix socket."""

    def __init__(self, top, debs, options=(), **how):
        self.options = list(options)
        super().__init__(top, debs, **how)

    @property
    def socket(self):
        return self.top / "socket"

    def prepare(self):
        # Under this name, the program of redis-tools is the server.
        (self.top / "redis-server").symlink_to(
            self.debs.package("redis-tools") / "usr/bin/redis-check-rdb")

    def command(self):
        tls = []
        if self.certificates:
            tls = ["--tls-port", self.tls_port, "--tls-auth-clients", "no"]
            for name, file in zip(("cert", "key", "ca-cert"), self.tls_files):
                tls += ["--tls-%s-file" % name, file]
        return [self.top / "redis-server", "--port", self.port, "--bind",
                "127.0.0.1", "--unixsocket", self.socket, "--save", "",
                "--appendonly", "no", "--dir", self.top] + tls + self.options

    def is_ready(self):
        try:
            return self.ask("PING") == b"PONG"
        except RedisError as error:     # it wants a password first
            return "NOAUTH" in str(error)

    def ask(self, *words):
        """The answer to one command; RedisError if it is an error."""
        return self.ask_all([words])[0]

    def ask_all(self, commands):
        """The answers to several commands, sent at once."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall(b"".join(map(self._encode, commands)))
            with connection.makefile("rb") as stream:
                return [self._read(stream) for _ in commands]

    @staticmethod
    def _encode(words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        return b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(w), w) for w in words)

    def _read(self, stream):
        line = stream.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"$":
            return stream.read(int(rest) + 2)[:-2]
        return [self._read(stream) for _ in range(int(rest))]


class RedisNode(Redis):
    """One master of a cluster."""

    @staticmethod
    def free_ports():
        return quiet_port(below=22000), None    # the bus is 10000 above


class RedisCluster:
    """Three masters without replicas, in `nodes`; keys are spread by their slots."""

    def __init__(self, top, debs):
        self.nodes = [RedisNode(pathlib.Path(top) / str(i), debs, options=(
            "--cluster-enabled", "yes", "--cluster-node-timeout", "2000",
            # What living masters have is answered when another one is dead.
            "--cluster-require-full-coverage", "no")) for i in range(3)]

    def __enter__(self):
        try:
            for node in self.nodes:
                node.start()
            self._join()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for node in self.nodes:
            node.stop()

    def _join(self):
        bounds = [0, 5461, 10923, 16384]
        for i, node in enumerate(self.nodes):
            node.ask("CLUSTER", "ADDSLOTSRANGE", bounds[i], bounds[i + 1] - 1)
        for node in self.nodes[1:]:
            self.nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port)
        self.wait()

    def wait(self):
        """Until each node takes the cluster for whole."""
        for node in self.nodes:
            wait_until(lambda n=node: self._is_joined(n), PATIENCE, "cluster")

    @staticmethod
    def _is_joined(node):
        info = node.ask("CLUSTER", "INFO")
        return b"cluster_state:ok" in info and b"cluster_slots_ok:16384" in info \
            and b"cluster_known_nodes:3" in info

    def node_of(self, key):
        """The node that has a key."""
        slot = self.nodes[0].ask("CLUSTER", "KEYSLOT", key)
        return self.nodes[0 if slot < 5461 else 1 if slot < 10923 else 2]

    def fill(self, commands):
        """Runs commands whose second word is a key, once the cluster takes them."""
        for node in self.nodes:
            mine = [c for c in commands if self.node_of(c[1]) is node]
            wait_until(lambda n=node, m=mine: self._has_taken(n, m), PATIENCE,
                       "cluster that is up")

    @staticmethod
    def _has_taken(node, commands):
        try:
            return node.ask_all(commands) or True
        except RedisError as error:
            if "CLUSTERDOWN" in str(error):
                return False
            raise


class Memcached(Started):
    """memcached: set(key, value) speaks to it. A restart loses all."""

    def __init__(self, top, debs, options=(), **how):
        self.options = list(options)
        super().__init__(top, debs, **how)

    def command(self):
        return [self.debs.package("memcached") / "usr/bin/memcached", "-u", "root",
                "-l", "127.0.0.1", "-p", self.port, "-U", "0"] + self.options

    def is_ready(self):
        return self.say(b"version\r\n").startswith(b"VERSION ")

    def set(self, key, value, flags=0, seconds=0):
        self.set_all([(key, value)], flags, seconds)

    def set_all(self, rows, flags=0, seconds=0):
        text = b"".join(b"set %s %d %d %d\r\n%s\r\n" % (
            key, flags, seconds, len(value), value) for key, value in rows)
        for line in self.say(text, len(rows)).splitlines():
            if line != b"STORED":
                raise lab.LabError("memcached says " + line.decode())

    def get(self, key):
        """The value of a key, or None."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall(b"get " + key + b"\r\n")
            with connection.makefile("rb") as stream:
                words = stream.readline().split()
                return stream.read(int(words[3])) if words[0] == b"VALUE" else None

    def say(self, text, lines=1):
        """So many lines of answer to a text."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall(text)
            with connection.makefile("rb") as stream:
                return b"".join(stream.readline() for _ in range(lines))


class FreeRadius(Started):
    """FreeRADIUS: `rows` has the values of Filter-Id for each name of a user.

    A name without a row is rejected. Accounting records are appended to `detail`.
    RadSec, which is TLS over TCP, is at `tls_port`.
    """

    secret = PASSWORD

    def __init__(self, top, debs, rows=(), authorize="", post_auth="",
                 signs_replies=True, **how):
        self.rows, self.signs_replies = dict(rows), signs_replies
        # In FreeRADIUS's own words.
        self.authorize, self.post_auth = authorize, post_auth
        super().__init__(top, debs, **how)

    @property
    def detail(self):
        return self.top / "detail"

    def environment(self):
        return {**self.debs.environment(), "OPENSSL_CONF": "/dev/null"}

    def prepare(self):
        (self.top / "dictionary").touch()
        # Of any name, and any value, there are only digits in it.
        self.users = self.top / "users"
        text = ""
        for name, values in self.rows.items():
            text += "%s Auth-Type := Accept\n" % hashlib.md5(
                name.encode()).hexdigest() + "".join(
                "\tAttr-11 += 0x%s,\n" % value.encode().hex()
                for value in values if value)
            text += "\tReply-Message += 'welcome'\n"
        self.users.write_text(text + "DEFAULT Auth-Type := Reject\n")

    def _listen(self, kind, port, more=""):
        return ("listen {\n type = %s\n ipaddr = 127.0.0.1\n port = %d\n%s}\n"
                % (kind, port, more))

    def _settings(self):
        usr = self.debs.package("freeradius") / "usr"
        listeners = self._listen("auth", self.port) \
            + self._listen("acct", self.acct_port)
        if self.certificates:
            certificate, key, ca = self.tls_files
            listeners += self._listen(
                "auth+acct", self.tls_port,
                " proto = tcp\n clients = radsec\n tls {\n"
                "  private_key_file = %s\n  certificate_file = %s\n"
                "  ca_file = %s\n  require_client_cert = no\n"
                "  tls_min_version = 1.2\n  tls_max_version = 1.3\n"
                "  fragment_size = 8192\n }\n" % (key, certificate, ca))
        client = " ipaddr = 127.0.0.1\n secret = '%s'\n" \
            " require_message_authenticator = yes\n"
        signed = " update reply {\n  Message-Authenticator := 0x00\n }\n" \
            if self.signs_replies else ""
        return (
            "prefix = %s\nlibdir = %s/lib/freeradius\n"
            "logdir = %s\nraddbdir = %s\npidfile = %s/pid\n"
            "max_requests = 16384\nproxy_requests = no\n"
            "log {\n destination = stdout\n auth = yes\n}\n"
            "security {\n reject_delay = 0\n status_server = yes\n}\n"
            "thread pool {\n start_servers = 4\n max_servers = 8\n}\n"
            "client local {\n%s}\n"
            "clients radsec {\n client tls {\n%s proto = tls\n }\n}\n"
            "modules {\n files {\n  usersfile = %s\n"
            "  key = \"%%{md5:&User-Name}\"\n }\n"
            " expr {\n }\n"
            " detail {\n  filename = %s\n }\n}\n"
            "server default {\n%sauthorize {\n files\n%s}\n"
            "post-auth {\n%s%s Post-Auth-Type REJECT {\n %s }\n"
            " Post-Auth-Type Challenge {\n %s }\n}\n"
            "accounting {\n detail\n}\n}\n" % (
                usr, usr, self.top, self.top, self.top, client % self.secret,
                client % "radsec", self.users, self.detail, listeners,
                self.authorize, self.post_auth, signed, signed, signed))

    def free_ports(self):
        self.acct_port = quiet_port()
        return quiet_port(), quiet_port()

    def command(self):
        (self.top / "radiusd.conf").write_text(self._settings())
        return [self.debs.package("freeradius") / "usr/sbin/freeradius", "-f",
                "-l", "stdout", "-d", self.top, "-n", "radiusd", "-D",
                self._dictionary()]

    def _dictionary(self):
        return self.debs.package("freeradius-common") / "usr/share/freeradius"

    def _is_ready_or_ended(self):
        if self.daemon.ended():
            return True
        with contextlib.suppress(lab.LabError):
            return self.is_ready()
        return False

    def is_ready(self):
        for port in self.port, self.acct_port:
            self.client("status", port, "Message-Authenticator = 0x00")
        return True

    def client(self, kind, port, attributes):
        """What the server answers to radclient, which is not ours."""
        return run([self.debs.package("freeradius-utils") / "usr/bin/radclient",
                    "-x", "-d", self.top, "-D", self._dictionary(), "-r", "5", "-t",
                    "0.3", "127.0.0.1:%d" % port, kind, self.secret],
                   env=self.debs.environment(),
                   input=attributes.encode() + b"\n").decode()


def has_datagrams(port):
    """Whether somebody takes datagrams at that loopback port."""
    return re.search(r"(?m)^ *\d+: 0100007F:%04X " % port,
                     pathlib.Path("/proc/net/udp").read_text())


class RadsecProxy(Started):
    """radsecproxy: what it is asked over DTLS at `port`, it asks `home`, a FreeRadius.

    Clients need a certificate of the CA.
    """

    secret = "radius/dtls"

    def __init__(self, top, debs, home, certificates, files=None, **how):
        self.home = home
        # A certificate and its key, instead of the right ones.
        self.files = files
        super().__init__(top, debs, certificates=certificates, **how)

    def use(self, files):
        """Has another certificate after the next start()."""
        self.files = files

    def command(self):
        certificate, key = self.files or self.tls_files[:2]
        settings = self.top / "radsecproxy.conf"
        settings.write_text(
            "ListenDTLS 127.0.0.1:%d\nLogLevel 3\n"
            "tls default {\n CACertificateFile %s\n CertificateFile %s\n"
            " CertificateKeyFile %s\n}\n"
            "client lab {\n host 127.0.0.1\n type dtls\n secret %s\n"
            " certificateNameCheck off\n}\n" % (
                self.port, self.tls_files[2], certificate, key, self.secret)
            + "".join(
                'server %s {\n host 127.0.0.1\n port %d\n type udp\n'
                ' secret "%s"\n}\n' % (name, port, self.home.secret)
                for name, port in (("auth", self.home.port),
                                   ("acct", self.home.acct_port)))
            + "realm * {\n server auth\n accountingServer acct\n}\n")
        return [self.debs.package("radsecproxy") / "usr/sbin/radsecproxy", "-f", "-c",
                settings]

    def _is_ready_or_ended(self):
        return self.daemon.ended() or self.is_ready()

    def is_ready(self):
        return has_datagrams(self.port)


def together(servers):
    """Starts several at once; a context manager for all of them."""
    stack = contextlib.ExitStack()
    threads = []
    failures = []

    def start(server):
        try:
            server.__enter__()
        except BaseException as error:      # told by the thread that waits
            failures.append(error)

    for server in servers:
        stack.callback(server.stop)
        threads.append(threading.Thread(target=start, args=(server,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    if failures:
        stack.close()
        raise failures[0]
    return stack
