#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""KeyTable and SigningTable as OpenDKIM of Debian reads them: the same tables and
author addresses give signatures with the same d=, s= and i=."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "milter")]

import daemon                           # noqa: E402
import lab                              # noqa: E402
import milter                           # noqa: E402
import mta                              # noqa: E402
from lab.process import wait_until      # noqa: E402

OPENDKIM_CONF = """\
Syslog no
Background no
AutoRestart no
UserID root
UMask 007
RequireSafeKeys no
Mode s
InternalHosts csl:0.0.0.0/0
Socket local:%s
"""
KEY_TABLE = """\
# name  domain:selector:key
k1      example.org:s1:@DIR@/all.pem
k2\texample.com:s2:@DIR@/all.pem   # a comment
each    %:each:@DIR@/%.pem
any     %:any:@DIR@/all.pem

below   sub.example.org:below:@DIR@/all.pem
third   third.example:t1:@DIR@/all.pem
upper   EXAMPLE.org:S9:@DIR@/all.pem
"""
REFILE = """\
alice@example.org       k1
bob*@example.org        k1:bobby@example.org # comment
*@nosigner.example      any
carol@*.example.org     k1:carol@%
*@*.example.org         k1:*@%
dave@*                  k2:dave@example.com
third@example.org       third:@%
foreign@example.org     k1:x@other.example
*@example.net           each
*@missing.example       each
*@sub.example.org       below:@sub.example.org
*+tag@*                 any
*@EXAMPLE.edu           any:@%
up@example.org          upper:@example.org
percent@example.org     any:%%@%
dot.d@exampleXorg.example k1
pl+us@example.org       k1
a*b*c@example.org       k2
*.deep.example          any
evil@example.orgx.example k1
alice@*                 k2
"""
FILE = """\
alice@example.org       k1
bob@example.org         k1:bob@example.org
example.com             k2:@%
carol@.example.org      k1:carol@%
.example.org            k1:@example.org
dave@*                  k2:dave@example.com
third@example.org       third:@%
foreign@example.org     k1:x@other.example
twice@example.org       k1
twice@example.org       k2
sub.example.org         below
.net                    each
example.net             each
"""
ADDRESSES = """\
alice@example.org ALICE@Example.ORG bob@example.org bobbie@example.org
BOB@EXAMPLE.ORG xbob@example.org x@example.org x@example.com X@EXAMPLE.COM
x@sub.example.com alice@foo.example alice@example.orgx.example evil@example.orgx.example
carol@a.example.org carol@a.b.example.org carol@example.org x@a.example.org
x@a.b.example.org x@xexample.org dave@foo.example dave@example.com Dave@FOO.example
zed@foo.example third@example.org foreign@example.org x@sub.example.org
alice@sub.example.org alice@sub.sub.example.org x@example.net x@EXAMPLE.NET
x@sub.example.net x@missing.example t+tag@foo.example T+TAG@FOO.example
t+tagx@foo.example +tag@foo.example z@example.edu z@Example.Edu z@xexample.edu
up@example.org percent@example.org dot.d@exampleXorg.example dotXd@example.org
plus@example.org pl+us@example.org abc@example.org axbyc@example.org axbycz@example.org
twice@example.org deep.example@x.example x@deep.example x@a.deep.example
x@nosigner.example alice@nosigner.example *@example.org #@example.net
a'b@example.org x=y@example.com {x}@example.com x@y.z.example.org x@com.example
alice@example.org.example.com bob@example.org.evil.example bobbie@a.example.org
""".split()


def is_served(path):
    """Whether somebody listens: the socket is there a moment earlier."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


class Signers(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.top = pathlib.Path(tempfile.mkdtemp(prefix="submilter-keytable."))
        cls.addClassCleanup(subprocess.run, ["rm", "-rf", cls.top])
        cls.debs = lab.Debs.shared(cls.top, "opendkim")
        for name in "all", "example.net":
            subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt",
                            "rsa_keygen_bits:1024", "-out", cls.top / (name + ".pem")],
                           check=True, stderr=subprocess.DEVNULL)
            (cls.top / (name + ".pem")).chmod(0o600)
        (cls.top / "keys").write_text(KEY_TABLE.replace("@DIR@", str(cls.top)))
        (cls.top / "refile").write_text(REFILE)
        (cls.top / "file").write_text(FILE)
        cls.csl = "csl:k1=example.org:s1:%s/all.pem,k2=%%:s2:%s/all.pem" % (
            cls.top, cls.top)

    @contextlib.contextmanager
    def opendkim(self, text):
        path = self.top / "opendkim.sock"
        conf = self.top / "opendkim.conf"
        conf.write_text(OPENDKIM_CONF % path + text)
        output = self.top / "output"
        running = lab.Daemon([self.debs.package("opendkim") / "usr/sbin/opendkim", "-f",
                              "-x", conf], self.debs.environment(), output)
        try:
            wait_until(lambda: is_served(path) or running.ended(), 20, "opendkim")
            self.assertFalse(running.ended(), output.exists() and output.read_text())
            yield "unix:%s" % path
        finally:
            running.stop()
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def submilter(self, text):
        server = daemon.Daemon("""\
listen = "unix:@SOCKET@"
hostname = "mail.example"
identify { methods = {sasl} }
rights { tables = {"static:boss"} }
%s
""" % text)
        with server:
            yield server.address

    def signatures(self, address, author):
        """(d, s, i) of each signature, in their order; None: it is told to come
        again."""
        agent = mta.Postfix()
        with milter.Session(address, agent) as session:
            session.set_macros(**agent.session_macros(address="192.0.2.7"))
            session.connect()
            session.helo()
            result = session.submit(mta.Mail(mta.verbatim(
                b"From: <" + author.encode() + b">\r\nTo: x@rcpt.example\r\n"
                b"Subject: x\r\nDate: Mon, 23 Nov 2026 10:15:30 +0100\r\n"
                b"Message-ID: <1@x.example>\r\n\r\nhello\r\n"), author,
                ["x@rcpt.example"], login="boss"))
        if result.verdict == "tempfail":
            return None
        found = []
        for edit in result.edits:
            if edit[0] in ("insert", "add") and edit[-2].lower() == b"dkim-signature":
                value = re.sub(rb"\s+", b"", edit[-1]).decode()
                tags = dict(tag.split("=", 1) for tag in value.split(";") if tag)
                found.append((tags["d"].lower(), tags["s"].lower(), tags.get("i")))
        return found

    def compare(self, tables, addresses=ADDRESSES):
        ours, theirs = {}, {}
        with self.opendkim(tables) as address:
            for author in addresses:
                found = self.signatures(address, author)
                # Where two rows ask for one signature, OpenDKIM makes it twice.
                theirs[author] = found and list(dict.fromkeys(found))
        conf = self.top / "opendkim.conf"
        with self.submilter('sign { dkim-key = off ; opendkim-conf = "%s" }\n'
                            % conf) as address:
            for author in addresses:
                ours[author] = self.signatures(address, author)
        self.assertGreater(sum(bool(found) for found in theirs.values()),
                           len(addresses) // 8)
        for author in addresses:
            with self.subTest(author):
                # Of more than two signatures OpenDKIM makes the first and the last.
                mine = ours[author]
                if mine and len(mine) > 2:
                    mine = [mine[0], mine[-1]]
                self.assertEqual(mine, theirs[author])

    def test_patterns(self):
        for multiple in "no", "yes":
            with self.subTest(multiple):
                self.compare("KeyTable %s/keys\nSigningTable refile:%s/refile\n"
                             "MultipleSignatures %s\n" % (self.top, self.top, multiple))

    def test_a_file(self):
        for multiple in "no", "yes":
            with self.subTest(multiple):
                self.compare("KeyTable file:%s/keys\nSigningTable file:%s/file\n"
                             "MultipleSignatures %s\n" % (self.top, self.top, multiple))

    def test_lists(self):
        self.compare("KeyTable %s\nSigningTable "
                     "alice@example.org=k1,example.com=k2:@%%,.example.org=k2,*=k1\n"
                     % self.csl)

    def test_one_key_for_some_domains(self):
        for below in "no", "yes":
            with self.subTest(below):
                self.compare("Domain example.org, example.com\nSelector s1\n"
                             "KeyFile %s/all.pem\nSubDomains %s\n" % (self.top, below))


if __name__ == "__main__":
    os.environ.setdefault("SUBMILTER", str(pathlib.Path("submilter").resolve()))
    unittest.main()
