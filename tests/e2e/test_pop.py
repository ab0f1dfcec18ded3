#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The method pop-before-smtp: a real Dovecot fills the tables by the files that
packaging/pop-before-smtp has, and real MTAs ask for what it noted."""

import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import unittest

import common
from common import ALICE, BOB, FRIEND, HERE, HONEST, USERS, lab, number

sys.path.insert(0, str(HERE.parent / "tables"))

import servers                              # noqa: E402

RECIPES = HERE.parent.parent / "packaging/pop-before-smtp"
FROM_BOB = HONEST.replace(b"Alice <alice@", b"<bob@")
# All clients here are on this host, whose programs are one user's for once.
ALL_NETWORKS = "pop-never = {198.51.100.0/24}; "


def setUpModule():
    scratch = lab.scratch("submilter-pop.")
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    common.Base.world = common.World(top)
    common.Base.debs = lab.Debs.shared(top, "postfix", "sendmail", "dovecot-server", "redis")


class Base(common.Base):
    """A store that Dovecot fills, and what is submitted without SMTP AUTH."""

    def setUp(self):
        super().setUp()
        self.place = self.world.top / ("pop%d" % next(number))
        self.place.mkdir()
        self.place.chmod(0o755)

    def recipe(self, name, changes):
        """A file of packaging/, with the paths and ports of the test."""
        text = (RECIPES / name).read_text()
        for old, new in changes.items():
            self.assertIn(old, text)
            text = text.replace(old, str(new))
        return text

    def write(self, name, text):
        path = self.place / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def start_dovecot(self, more):
        dovecot = lab.DovecotServer(self.place / "dovecot", self.debs, USERS, more)
        # Where all users may run it: the way to the tree may be closed to them.
        shutil.copy(RECIPES / "note-login", self.place / "recipe")
        (self.place / "recipe").chmod(0o755)
        dovecot.script(self.place / "note-login", self.place / "recipe",
                       self.debs.package("redis-tools") / "usr/bin")
        self.addCleanup(dovecot.stop)
        dovecot.start()
        return dovecot

    def start_redis(self):
        redis = servers.Redis(self.place / "redis", self.debs)
        self.addCleanup(redis.stop)
        redis.start()
        return redis

    def start_dovecot_with_redis(self, redis):
        return self.start_dovecot(self.recipe("dovecot-note-login.conf", {
            "/usr/local/libexec": self.place, "127.0.0.1:6379": "127.0.0.1:%d" % redis.port}))

    def start_mail(self, table, more=ALL_NETWORKS, **settings):
        return self.start('identify { methods = {sasl, pop-before-smtp}; '
                          'pop-before-smtp = "%s"; %s}\n' % (table, more), **settings)

    def start_with_redis(self, **settings):
        redis = self.start_redis()
        settings_file = self.write("pop-redis.cf", self.recipe(
            "pop-redis.cf", {"127.0.0.1:6379": "127.0.0.1:%d" % redis.port}))
        milter, mta = self.start_mail("redis:%s" % settings_file, **settings)
        return redis, self.start_dovecot_with_redis(redis), milter, mta

    def log_in(self, dovecot, protocol, user, address=None):
        self.assertTrue(dovecot.login(protocol, user, USERS[user], address), dovecot.log())

    def send(self, mta, raw=HONEST, mail_from=ALICE, source=""):
        return lab.submit(mta.plain_port, raw, mail_from, [FRIEND], starttls=False,
                          source=source)

    def check_sent(self, milter, mta, login, raw=HONEST, **how):
        before = len(self.sink.messages)
        result = self.send(mta, raw, login, **how)
        self.assertTrue(result.accepted, "%s\n%s" % (result, milter.log()))
        self.check_signed(self.sink.wait_for(before + 1)[before].data)
        milter.wait_for_log("login=%s via=pop-before-smtp" % re.escape(login))

    def check_nobody(self, mta, code=530, **how):
        result = self.send(mta, **how)
        self.assertEqual((result.stage, result.reply.code), ("mail", code), result)


class Postfix(Base, unittest.TestCase):
    mta_class = lab.Postfix

    def test_redis_has_who_logged_in(self):
        redis, dovecot, milter, mta = self.start_with_redis()
        self.check_says_table(milter)
        # That nobody has logged in yet is not kept in mind.
        self.check_nobody(mta)
        self.log_in(dovecot, "pop3", ALICE)
        self.check_sent(milter, mta, ALICE)
        value = redis.ask("GET", "pop:127.0.0.1").decode()
        self.assertRegex(value, "^%s;time=[0-9]+$" % re.escape(ALICE))
        self.assertIn(redis.ask("TTL", "pop:127.0.0.1"), range(1, 1801))
        # Another address is nobody's.
        self.check_nobody(mta, source="127.0.0.2")
        # Of two behind one address it is the last one, at once.
        self.log_in(dovecot, "imap", BOB)
        self.check_sent(milter, mta, BOB, FROM_BOB)
        self.assertEqual(self.send(mta).reply.code, 550)
        # Who has logged in by SMTP AUTH is who that says.
        self.check_signed(self.deliver(mta, HONEST))
        milter.wait_for_log("login=%s via=sasl" % ALICE)
        # A password that is wrong proves nothing.
        self.assertFalse(dovecot.login("imap", ALICE, "wrong"))
        self.assertFalse(dovecot.login("pop3", ALICE, "wrong"))
        self.check_sent(milter, mta, BOB, FROM_BOB)
        # It grows old, whatever the store thinks of it.
        for value, is_valid in ("%s;time=%d" % (ALICE, time.time() - 1900), False), \
                ("%s;time=%d" % (ALICE, time.time() - 1500), True), (ALICE, True):
            redis.ask("SET", "pop:127.0.0.1", value)
            (self.check_sent(milter, mta, ALICE) if is_valid else self.check_nobody(mta))
        redis.ask("SET", "pop:127.0.0.1", "%s;until=1" % ALICE)
        self.check_nobody(mta, 451)
        redis.ask("DEL", "pop:127.0.0.1")
        self.check_nobody(mta)

    def test_redis_that_is_down_is_no_matter_for_others(self):
        redis, dovecot, milter, mta = self.start_with_redis()
        self.log_in(dovecot, "imap", ALICE)
        self.check_sent(milter, mta, ALICE)
        redis.kill()
        # Nor is what it said before: it may have grown old since.
        self.check_nobody(mta, 451)
        milter.wait_for_log('reason=identify .*identify by pop-before-smtp: table redis')
        self.check_signed(self.deliver(mta, HONEST))
        # Users still get their mail.
        for protocol in "imap", "pop3":
            self.log_in(dovecot, protocol, BOB)

    @staticmethod
    def has_ipv6():
        """Without it, Postfix does not know what an address of IPv6 is."""
        interfaces = pathlib.Path("/proc/net/if_inet6")
        return interfaces.exists() and interfaces.read_text() != ""

    def with_address(self, mta, address):
        """MAIL of a client that a proxy speaks for."""
        with lab.Session(mta.plain_port, timeout=30) as s:
            s.open()
            s.ehlo()
            self.assertEqual(s.command("XCLIENT ADDR=" + address).code, 220)
            s.ehlo()
            reply = s.mail(ALICE)
            s.leave()
        return reply.code

    def test_the_address_is_that_of_the_client(self):
        _, dovecot, milter, mta = self.start_with_redis(extra={
            "smtpd_authorized_xclient_hosts": "127.0.0.0/8", "inet_protocols": "all",
            "smtpd_relay_restrictions":
                "check_client_access static:permit, reject"})
        self.log_in(dovecot, "imap", ALICE, "2001:db8:0:0:1:0:0:7")
        self.log_in(dovecot, "pop3", ALICE, "192.0.2.9")
        for address, code in (
                ("IPV6:2001:db8::1:0:0:7", 250), ("IPV6:2001:db8:0:0:1::7", 250),
                ("IPV6:2001:db8::1:0:0:8", 530), ("192.0.2.9", 250), ("192.0.2.10", 530),
                ("IPV6:::ffff:192.0.2.9", 250)):
            with self.subTest(address):
                if address.startswith("IPV6:2") and not self.has_ipv6():
                    self.skipTest("no IPv6 here")
                self.assertEqual(self.with_address(mta, address), code, milter.log())
        self.check_nobody(mta)
        # Many share that one.
        self.log_in(dovecot, "imap", ALICE, "198.51.100.7")
        self.assertEqual(self.with_address(mta, "198.51.100.7"), 530)

    def check_says_table(self, milter):
        done = subprocess.run(
            [os.environ["SUBMILTER"], "check", "-c", milter.config],
            stdout=subprocess.PIPE, text=True, check=False)
        self.assertRegex(done.stdout, r"ok: identify\.pop-before-smtp: redis:")

    def test_a_file_has_who_logged_in(self):
        folder = self.place / "store"
        folder.mkdir()
        shutil.chown(folder, "daemon")
        rows = folder / "pop"
        rows.write_text("# nobody yet\n")
        shutil.chown(rows, "daemon")
        dovecot = self.start_dovecot(self.recipe("dovecot-note-login.conf", {
            "/usr/local/libexec": self.place,
            "redis 127.0.0.1:6379": "text %s" % rows}))
        milter, mta = self.start_mail("texthash:%s" % rows)
        self.check_nobody(mta)
        self.log_in(dovecot, "pop3", ALICE)
        self.check_sent(milter, mta, ALICE)
        self.log_in(dovecot, "imap", BOB, "2001:db8::7")
        self.log_in(dovecot, "imap", BOB, "::ffff:192.0.2.9")
        self.log_in(dovecot, "imap", BOB)
        self.check_sent(milter, mta, BOB, FROM_BOB)
        self.log_in(dovecot, "imap", ALICE)
        self.check_sent(milter, mta, ALICE)
        text = rows.read_text()
        self.assertRegex(text, "(?m)^192.0.2.9  %s;time=[0-9]+$" % re.escape(BOB))
        self.assertRegex(text, "(?m)^2001:db8::7  %s;time=[0-9]+$" % re.escape(BOB))
        self.assertEqual(text.count("127.0.0.1"), 1, text)
        # A row that is old goes when the next one comes.
        rows.write_text("192.0.2.1  %s;time=%d\n127.0.0.1  %s;time=%d\n" % (
            BOB, time.time() - 1900, ALICE, time.time() - 1900))
        self.check_nobody(mta)
        self.log_in(dovecot, "imap", BOB)
        self.check_sent(milter, mta, BOB, FROM_BOB)
        self.assertNotIn("192.0.2.1", rows.read_text())
        rows.unlink()
        self.check_nobody(mta, 451)
        self.check_signed(self.deliver(mta, HONEST))

    def test_last_login_fills_a_database(self):
        folder = self.place / "store"
        folder.mkdir()
        file = folder / "pop.sqlite"
        with sqlite3.connect(file) as database:
            database.executescript((RECIPES / "pop.sql").read_text())
        for path in folder, file:
            shutil.chown(path, "daemon")
        store = {"/var/lib/pop-before-smtp/pop.sqlite": file}
        dictionary = self.write("pop-dict.conf.ext", self.recipe("pop-dict.conf.ext", store))
        dovecot = self.start_dovecot(self.recipe("dovecot-last-login.conf", {
            "/etc/dovecot/pop-dict.conf.ext": dictionary, "user = vmail": "user = daemon"}))
        milter, mta = self.start_mail("sqlite:%s" % self.write(
            "pop-sqlite.cf", self.recipe("pop-sqlite.cf", store)))
        self.check_nobody(mta)

        def rows():
            # Dovecot does not wait for the end of it.
            with sqlite3.connect(file) as database:
                return database.execute("SELECT count(*), max(time) FROM pop").fetchone()
        for count, (protocol, user) in enumerate((("pop3", ALICE), ("imap", BOB)), 1):
            self.log_in(dovecot, protocol, user)
            common.wait_until(lambda n=count: rows()[0] == n, 20, "row of " + dovecot.log())
            raw = HONEST if user == ALICE else FROM_BOB
            self.check_sent(milter, mta, user, raw)
            # The next one is later by the seconds of its clock.
            with sqlite3.connect(file) as database:
                database.execute("UPDATE pop SET time = time - 10")
        # The same again is the same row.
        before = rows()
        self.log_in(dovecot, "imap", ALICE)
        common.wait_until(lambda: rows()[1] > before[1], 20, "newer row")
        self.assertEqual(rows()[0], 2)
        self.check_sent(milter, mta, ALICE)
        with sqlite3.connect(file) as database:
            database.execute("UPDATE pop SET time = time - 1900")
        self.check_nobody(mta)


class Sendmail(Base, unittest.TestCase):
    mta_class = lab.Sendmail

    def test_redis_has_who_logged_in(self):
        redis, dovecot, milter, mta = self.start_with_redis()
        self.check_nobody(mta)
        self.log_in(dovecot, "imap", ALICE)
        self.check_sent(milter, mta, ALICE)
        self.assertEqual(self.send(mta, FROM_BOB, BOB).reply.code, 550)
        self.check_signed(self.deliver(mta, FROM_BOB, BOB, BOB))
        milter.wait_for_log("login=%s via=sasl" % BOB)
        redis.kill()
        self.check_nobody(mta, 451)
        self.check_signed(self.deliver(mta, HONEST))


if __name__ == "__main__":
    unittest.main()
