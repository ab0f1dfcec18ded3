# SPDX-License-Identifier: BSD-2-Clause
"""Each type of table for test_contract.py: how it is filled, and how it is named.

A new type is a class here and a line at the end of test_contract.py. `rows` has a
list of values for each key, which is in lower case and UTF-8.
"""

import base64
import itertools
import os
import pathlib
import re
import sqlite3
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import fakes                        # noqa: E402
import lab                          # noqa: E402
import servers                      # noqa: E402
from servers import PASSWORD, USER  # noqa: E402

NUMBERS = itertools.count(1)    # for names of files


class Backend:
    products = ()           # of lab.Debs
    has_server = False      # that can be paused, killed and started again
    has_many = True         # several values of one key
    has_passwords = False   # table(password=...)
    has_tls = False         # table(tls=CA), of a server that was given certificates
    is_file = False         # it has a file of parameters, table(more=...)
    option = "tables"       # of rights, which it fits
    empty = ("absent", "")  # what a row is that has an empty value
    longest_key = 1000
    over_longest = "failed"         # what a longer key is, up to 1024 octets
    longest_value = 99997
    # A key that the server takes for another one is refused, and not absent.
    refuses_likeness = False
    # Keys that it cannot have, or does not tell from others.
    keys_it_lacks = ()

    def __init__(self, top, debs, certificates):
        self.top, self.debs, self.certificates = top, debs, certificates
        self.server = None

    def start(self, rows, wrong_certificate=False):
        """Has the rows; the wrong certificate is right for another host."""
        raise NotImplementedError

    def table(self, **changes):
        """What the table is called. Changes: port, password, tls, more."""
        raise NotImplementedError

    def refill(self):
        """After a restart, if that has lost the rows."""

    def stop(self):
        if self.server:
            self.server.stop()

    def server_at(self, name):
        """Where a server of this backend has its files."""
        return self.top / ("%s-%d" % (name, next(NUMBERS)))

    def file(self, text, suffix=".cf"):
        """A file that only its owner can read."""
        path = self.top / ("%s-%d%s" % (type(self).__name__, next(NUMBERS), suffix))
        path.touch(0o600)
        if isinstance(text, str):
            path.write_text(text)
        else:
            path.write_bytes(text)
        return path


def one_value(values):
    return ", ".join(values)


class Redis(Backend):
    products = ("redis",)
    has_server = has_passwords = has_tls = is_file = True

    def start(self, rows, wrong_certificate=False):
        self.rows = rows
        self.server = servers.Redis(
            self.server_at("redis"), self.debs, certificates=self.certificates,
            wrong_certificate=wrong_certificate)
        self.server.start()
        self.refill()

    def refill(self):
        self.server.ask_all(
            [("ACL", "SETUSER", USER, "on", ">" + PASSWORD, "~*", "+lrange")]
            + [("RPUSH", "rights:" + key) + tuple(values)
               for key, values in self.rows.items()])

    def table(self, port=None, password=PASSWORD, tls=None, more=""):
        return "redis:%s" % self.file(
            "hosts = 127.0.0.1:%d\nuser = %s\npassword = %s\n"
            "query = LRANGE rights:%%s 0 -1\n" % (
                port or (self.server.tls_port if tls else self.server.port), USER,
                password) + ("tls_CAfile = %s\n" % tls if tls else "") + more)


class RedisCluster(Backend):
    products = ("redis",)
    is_file = True

    def start(self, rows, wrong_certificate=False):
        self.server = servers.RedisCluster(self.server_at("cluster"), self.debs)
        self.server.__enter__()
        self.server.fill([("SADD", "rights:" + key) + tuple(values)
                          for key, values in rows.items()])

    def table(self, more=""):
        return "redis:%s" % self.file(
            "hosts = %s\nquery = smembers \"rights:%%s\"\n%s" % (
                ", ".join("127.0.0.1:%d" % n.port for n in self.server.nodes),
                more))


class Memcache(Backend):
    products = ("memcached",)
    has_server = is_file = True
    has_many = False
    empty = ("found", "")
    longest_key = 250

    def start(self, rows, wrong_certificate=False):
        # A key with a blank is absent unasked, as in Postfix.
        self.rows = {key: values for key, values in rows.items() if " " not in key}
        self.keys_it_lacks = [key for key in rows if " " in key]
        self.server = servers.Memcached(self.server_at("memcached"), self.debs)
        self.server.start()
        self.refill()

    def refill(self):
        self.server.set_all([(key.encode(), one_value(values).encode())
                             for key, values in self.rows.items()])

    def table(self, port=None, more=""):
        return "memcache:%s" % self.file(
            "memcache = inet:127.0.0.1:%d\ndata_size_limit = 200000\n%s" % (
                port or self.server.port, more))


class Radius(Backend):
    products = ("freeradius",)
    has_server = has_tls = is_file = True
    option = "logins"
    longest_key = longest_value = 253

    def start(self, rows, wrong_certificate=False):
        self.server = servers.FreeRadius(
            self.server_at("radius"), self.debs, rows,
            certificates=self.certificates, wrong_certificate=wrong_certificate)
        self.server.start()

    def table(self, port=None, tls=None, more=""):
        return "radius:%s" % self.file(
            "hosts = 127.0.0.1:%d\n" % (
                port or (self.server.tls_port if tls else self.server.port))
            + ("tls_CAfile = %s\n" % tls if tls else
               "secret = %s\n" % self.server.secret) + more)


def sql_text(text):
    return "'%s'" % text.replace("'", "''")


def sql_rows(rows, quote=sql_text):
    return "".join("INSERT INTO rights VALUES (%s, %d, %s);\n" % (
        quote(key), number, quote(value)) for key, values in rows.items()
        for number, value in enumerate(values))


SQL_QUERY = "SELECT logins FROM rights WHERE address = '%s' ORDER BY number"


class Sqlite(Backend):
    is_file = True

    def start(self, rows, wrong_certificate=False):
        self.path = self.top / "rights.sqlite"
        text = ("CREATE TABLE rights (address TEXT, number INT, logins TEXT);\n"
                "BEGIN;\n" + sql_rows(rows) + "COMMIT;\n")
        with sqlite3.connect(self.path) as base:
            base.executescript(text)
        base.close()

    def table(self, more=""):
        return "sqlite:%s" % self.file("dbpath = %s\nquery = %s\n%s" % (
            self.path, SQL_QUERY, more))


class Pgsql(Backend):
    products = ("postgresql",)
    has_server = has_passwords = has_tls = is_file = True

    def start(self, rows, wrong_certificate=False):
        self.server = servers.Postgres(
            self.server_at("pg"), self.debs, certificates=self.certificates,
            wrong_certificate=wrong_certificate)
        self.server.start()
        self.server.sql(
            "CREATE TABLE rights (address text, number int, logins text);\n"
            "GRANT SELECT ON rights TO %s;\nBEGIN;\n%sCOMMIT;\n" % (
                USER, sql_rows(rows)))

    def table(self, port=None, password=PASSWORD, tls=None, more=""):
        # What Postfix passes on: a URI has the settings of TLS.
        host = "127.0.0.1:%d" % (port or self.server.port)
        if tls:
            host = ("postgresql://%s:%s@%s/mail?sslmode=verify-full&sslrootcert=%s"
                    % (USER, password.replace(" ", "%20"), host, tls))
        return "pgsql:%s" % self.file(
            "hosts = %s\nuser = %s\npassword = %s\ndbname = mail\nquery = %s\n%s" % (
                host, USER, password, SQL_QUERY, more))


class Mysql(Backend):
    products = ("mariadb",)
    has_server = has_passwords = has_tls = is_file = True

    def start(self, rows, wrong_certificate=False):
        def quote(text):
            return sql_text(text.replace("\\", "\\\\"))
        self.server = servers.MariaDB(
            self.server_at("mariadb"), self.debs, certificates=self.certificates,
            wrong_certificate=wrong_certificate)
        self.server.start()
        self.server.sql(
            # What is committed outlives a kill.
            "SET GLOBAL innodb_flush_log_at_trx_commit = 1;\n"
            "CREATE TABLE rights (address text, number int, logins mediumtext);\n"
            "START TRANSACTION;\n%sCOMMIT;\n" % sql_rows(rows, quote))

    def table(self, port=None, password=PASSWORD, tls=None, more=""):
        return "mysql:%s" % self.file(
            "hosts = inet:127.0.0.1:%d\nuser = %s\npassword = %s\ndbname = mail\n"
            "query = %s\n" % (port or self.server.port, USER, password, SQL_QUERY)
            + ("tls_CAfile = %s\ntls_verify_cert = yes\n" % tls if tls else "")
            + more)


def ldif_line(name, value):
    return "%s:: %s\n" % (name, base64.b64encode(value.encode()).decode())


class Ldap(Backend):
    products = ("slapd",)
    refuses_likeness = True
    has_server = has_passwords = has_tls = is_file = True

    def start(self, rows, wrong_certificate=False):
        ldif = ""
        for number, (key, values) in enumerate(rows.items()):
            ldif += "dn: cn=%d,%s\nobjectClass: device\ncn: %d\n" % (
                number, servers.SUFFIX, number)
            # serialNumber compares without case, as mail addresses are; blanks
            # at its ends do not count.
            ldif += ldif_line("serialNumber", key) + "".join(
                ldif_line("description", value) for value in values if value) + "\n"
        self.server = servers.Slapd(
            self.server_at("slapd"), self.debs, certificates=self.certificates,
            wrong_certificate=wrong_certificate, ldif=ldif)
        self.server.start()

    def table(self, port=None, password=PASSWORD, tls=None, more=""):
        uri = "ldap://127.0.0.1:%d" % (port or self.server.port)
        return "ldap:%s" % self.file(
            "server_host = %s\nversion = 3\nsearch_base = %s\n"
            "bind = yes\nbind_dn = %s\nbind_pw = %s\n"
            "query_filter = (serialNumber=%%s)\nresult_attribute = description\n" % (
                self.server.tls_uri if tls else uri, servers.SUFFIX, servers.ADMIN,
                password)
            + ("tls_ca_cert_file = %s\ntls_require_cert = yes\n" % tls if tls else "")
            + more)


class File(Backend):
    """Has its rows in a file that it is named by."""
    has_many = False
    empty = ("found", "")

    def table(self):
        return "%s:%s" % (self.kind, self.path)


class Cdb(File):
    kind = "cdb"

    def start(self, rows, wrong_certificate=False):
        self.path = self.top / "rights"
        data = b""
        tables = [[] for _ in range(256)]
        for key, values in rows.items():
            key, value = key.encode(), one_value(values).encode()
            code = 5381
            for octet in key:
                code = (code * 33 ^ octet) & 0xffffffff
            tables[code % 256].append((code, 2048 + len(data)))
            data += struct.pack("<II", len(key), len(value)) + key + value
        head = b""
        for rows_of in tables:
            slots = [(0, 0)] * (2 * len(rows_of))
            for code, place in rows_of:
                at = code // 256 % len(slots)
                while slots[at][1]:
                    at = (at + 1) % len(slots)
                slots[at] = (code, place)
            head += struct.pack("<II", 2048 + len(data), len(slots))
            data += b"".join(struct.pack("<II", *slot) for slot in slots)
        pathlib.Path("%s.cdb" % self.path).write_bytes(head + data)


class Loaded(File):
    """What a program makes of rows in hexadecimal digits."""
    products = ("index-tools",)

    def start(self, rows, wrong_certificate=False):
        self.path = self.top / ("rights-" + self.kind)
        text = "VERSION=3\nformat=bytevalue\ntype=%s\n%sHEADER=END\n" % (
            self.type, self.header)
        # LMDB is filled in the order of the keys.
        for key, values in sorted((k.encode(), v) for k, v in rows.items()):
            text += " %s\n %s\n" % (key.hex(), one_value(values).encode().hex())
        subprocess.run(
            [self.debs.file(self.program)] + self.options
            + ["%s%s" % (self.path, self.suffix)],
            env=self.debs.environment(), input=(text + "DATA=END\n").encode(),
            check=True, timeout=60)


class Lmdb(Loaded):
    kind, type, suffix = "lmdb", "btree", ".lmdb"
    program, options = "lmdb-utils/usr/bin/mdb_load", ["-n"]
    header = "mapsize=67108864\nmaxreaders=126\n"
    longest_key, over_longest = 511, "absent"


class Hash(Loaded):
    kind = type = "hash"
    suffix, program, options = ".db", "db5.3-util/usr/bin/db5.3_load", []
    header = "db_pagesize=4096\n"


class Btree(Hash):
    kind = type = "btree"


class Texthash(File):
    kind = "texthash"
    # The text begins with the key, and a blank ends it.
    empty = ("failed", "")

    def start(self, rows, wrong_certificate=False):
        # A blank that is quoted, or follows a backslash, does not end it.
        self.keys_it_lacks = [key for key in rows if key[:1] in "#\"" or " " in key
                              or key[-1:] == "\\"]
        self.path = self.file("".join(
            "%s %s\n" % (key, one_value(values)) for key, values in rows.items()
            if key not in self.keys_it_lacks and one_value(values)))


class Inline(Backend):
    has_many = False
    empty = ("found", "")

    def start(self, rows, wrong_certificate=False):
        self.keys_it_lacks = [
            key for key in rows if key[:1] == "{" or set(key) & set(" ,={}")]
        self.rows = rows

    def table(self):
        return "inline:{ %s }" % " ".join(
            "{%s = %s}" % (key, one_value(values))
            for key, values in self.rows.items() if key not in self.keys_it_lacks)


class Fake(Backend):
    """A server made up for tests, whose protocol is all that there is."""
    has_many = False
    empty = ("found", "")

    def start(self, rows, wrong_certificate=False):
        self.server = self.kind({key.encode(): one_value(values).encode()
                                 for key, values in rows.items()})

    def table(self):
        return self.server.name()

    def stop(self):
        self.server.close()


class Socketmap(Fake):
    kind = fakes.Socketmap


class Tcp(Fake):
    kind = fakes.Tcp
    longest_value = 4000


class Asker:
    """tests/tables/ask, which asks a table by several threads at once."""

    def __init__(self, table, threads=1, deadline_ms=60000, rounds=1, kept=False):
        self.table = table
        self.process = subprocess.Popen(
            [os.environ["ASK"], table, str(threads), str(deadline_ms), str(rounds)]
            + ["kept"] * kept, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def send(self, key):
        self.process.stdin.write(key.encode() + b"\n")
        self.process.stdin.flush()

    def receive(self):
        """(word, text, milliseconds) of the next answer."""
        line = self.process.stdout.readline().decode()
        if not line.endswith("\n"):
            raise AssertionError("ask ended: " + self.process.stderr.read().decode())
        ms, word, text = line[:-1].split("\t", 2)
        return word, text, int(ms)

    def ask(self, key):
        """(word, text) of a key."""
        self.send(key)
        return self.receive()[:2]

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def close(self):
        """Its exit code, and what sanitizers say."""
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said.decode(errors="replace")

    def __exit__(self, kind, *_):
        code, said = self.close()
        if kind is None and (code not in (0, 1) or said):
            raise AssertionError("ask %s: %d %s" % (self.table, code, said))


def documented(name, **changes):
    """The file of parameters that submilter-tables(5) shows under this name, with
    other values for some of them."""
    manual = (HERE.parents[1] / "docs/submilter-tables.5").read_text()
    text = manual.partition("# %s\n" % name)[2].partition(".Ed\n")[0]
    for parameter, value in changes.items():
        text, count = re.subn(r"(?m)^%s( *)=.*$" % parameter,
                              r"%s\1= %s" % (parameter, value), text)
        assert count == 1, parameter
    return text


def backend(kind, top, certificates):
    """One that has what it needs, but no rows yet."""
    debs = lab.Debs.shared(top, *kind.products) if kind.products else None
    return kind(top, debs, certificates)
