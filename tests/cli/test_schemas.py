#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What each command prints with --json, also where it has no answer, meets its schema."""

import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import running
import schemas

SUBMILTER = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "submilter"))
# Not UTF-8 in any way: a stray octet, a surrogate, a long form, a cut character.
OCTETS = b"\xff\xed\xa0\x80\xc0\xaf\xe2\x82"
LOG = ("2026-11-29T08:00:00+00:00 mail submilter[7]: qid=4F2A login=a@corp.example via=sasl "
       "client=192.0.2.7 mail_from=a@corp.example rcpts=2 from=a@corp.example action=reject "
       'reason=rights reply="550 5.7.1 no" ms=1.3\n')
MESSAGE = b"From: a@corp.example\r\nSubject: x\r\n\r\nbody\r\n"
CONFIG = """\
domain = "corp.example"
listen = "unix:%(dir)s/socket"
status-file = "%(dir)s/status"
keys = "%(dir)s/keys"
rights { tables = {"texthash:%(dir)s/rights"} }
sign { dkim-key = off ; key-states = "%(dir)s/states" }
metrics { listen = "unix:%(dir)s/metrics" }
"""


def commands():
    """Those that have --json."""
    names = re.findall(r"(?m)^  ([a-z]+)  ", output("--help"))
    return [name for name in names if "--json" in output(name, "--help")]


def output(*args):
    return subprocess.run([SUBMILTER, *args], stdout=subprocess.PIPE, timeout=60,
                          check=True, text=True).stdout


def objects(form):
    """Every description of an object in a schema."""
    if isinstance(form, dict):
        if form.get("type") == "object":
            yield form
        for value in form.values():
            yield from objects(value)
    elif isinstance(form, list):
        for value in form:
            yield from objects(value)


class Files(unittest.TestCase):
    def test_each_command_has_one(self):
        files = sorted(path.stem for path in schemas.SCHEMAS.glob("*.json"))
        self.assertEqual(files, sorted(commands()))
        for name in files:
            self.assertEqual(schemas.schema(name)["$id"], "urn:submilter:schema:" + name)

    def test_nothing_is_left_open(self):
        for name in commands():
            found = list(objects(schemas.schema(name)))
            self.assertTrue(found)
            for form in found:
                self.assertIs(form["additionalProperties"], False, name)
                self.assertLessEqual(set(form["required"]), set(form["properties"]), name)
            self.assertEqual(schemas.schema(name)["$defs"]["error"],
                             schemas.schema("check")["$defs"]["error"], name)

    @unittest.skipUnless(schemas.jsonschema, "there is no python3-jsonschema")
    def test_they_are_schemas(self):
        for name in commands():
            schemas.jsonschema.Draft202012Validator.check_schema(schemas.schema(name))

    def test_lists_of_the_source_are_those_of_the_schemas(self):
        def names(macro, path):
            return re.findall(r'(?m)^%s\(\w+, "([\w-]+)"' % macro,
                              (schemas.TOP / path).read_text(encoding="utf-8"))

        fields = names("LOG_FIELD", "include/pipeline/log_fields.def")
        fields += [name + "_more" for name in fields]
        self.assertEqual(sorted(fields), sorted(
            schemas.schema("test")["$defs"]["outcome"]["properties"]["log"]["properties"]))
        one = schemas.schema("explain")["$defs"]["messages"]["properties"]["messages"]["items"]
        self.assertEqual(sorted(fields), sorted(one["properties"]["fields"]["properties"]))
        tables = schemas.schema("report")["$defs"]["report"]["properties"]["tables"]
        self.assertEqual(names("SURVEY_TABLE", "include/logbook/survey_tables.def"),
                         tables["required"])


class Outputs(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="submilter-schemas."))
        self.addCleanup(shutil.rmtree, self.dir)
        self.dir.chmod(0o755)
        self.none = str(self.dir / "none")
        (self.dir / "keys").mkdir(mode=0o700)
        self.write("rights", "b@corp.example a@corp.example\n@corp.example c@corp.example;behalf\n")
        self.write("log", LOG)
        self.write("message", MESSAGE)
        self.write("zone", "$TTL 60\n$ORIGIN corp.example.\n@ IN SOA ns.example. root.example. 1 1 1 1 1\n")
        self.config = self.write("conf", CONFIG % {"dir": self.dir} + (
            'user = "root"\n' if os.geteuid() == 0 else ""))

    def write(self, name, text):
        path = self.dir / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o644)
        return str(path)

    def ask(self, command, *args, code=0, stdin=b""):
        """The last document of an output, which has to meet the schema."""
        done = subprocess.run([SUBMILTER, command, *args, "--json"], input=stdin,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done)
        return schemas.load(schemas.check(command, done.stdout)[-1])

    def with_config(self, command, *args, **more):
        return self.ask(command, "-c", self.config, *args, **more)

    def answers(self):
        """An answer of each command, and of each form that it has."""
        table = "texthash:%s/rights" % self.dir
        yield "genkey", self.ask("genkey", "-d", str(self.dir / "keys"), "corp.example")
        yield "genkey", self.ask("genkey", "-d", str(self.dir / "keys"), "x", "b.example", code=1)
        yield "keys", self.with_config("keys", code=75)
        yield "check", self.with_config("check", "--no-connect", "--postfix", self.none, code=1)
        yield "check", self.with_config("check", "--no-connect", "--zone", str(self.dir / "zone"),
                                        "corp.example", code=1)
        yield "config", self.with_config("config")
        yield "test", self.with_config("test", "--auth", "a@corp.example", "--explain",
                                       str(self.dir / "message"))
        yield "test", self.with_config("test", str(self.dir / "message"), code=1)
        yield "lookup", self.ask("lookup", table, "b@corp.example", "--explain")
        yield "lookup", self.ask("lookup", table, "none", "--explain", code=1)
        yield "lookup", self.ask("lookup", table, "a@", "--address", code=2)
        yield "lookup", self.ask("lookup", table, "-", stdin=b"b@corp.example\n@corp.example\n")
        yield "lookup", self.with_config("lookup", "--login", "a@corp.example", "--explain")
        yield "lookup", self.with_config("lookup", "--login", "a@corp.example", "b@corp.example")
        yield "explain", self.ask("explain", "4F2A", str(self.dir / "log"))
        yield "explain", self.ask("explain", "none", str(self.dir / "log"), code=1)
        yield "report", self.ask("report", str(self.dir / "log"))
        yield "replay", self.with_config("replay", str(self.dir / "log"))
        source = self.write("opendkim.conf", "Domain corp.example\nSelector s\nKeyFile /none.key\n"
                            "Mode sv\nSyslog yes\nBogus %s\n" % self.none)
        yield "import", self.ask("import", source)
        yield "import", self.ask("import", source, "-o", str(self.dir / "made"), "--sample",
                                 str(self.dir / "message"), "--auth", "a@corp.example")
        yield "status", self.with_config("status", code=3)
        yield "health", self.with_config("health", code=3)
        running.start(self, SUBMILTER, self.config, self.dir / "status", self.dir / "metrics")
        yield "status", self.with_config("status")
        # There is a key, and no MTA has connected; both is fine.
        yield "health", self.with_config("health")
        yield "config", self.with_config("config", "--diff")

    def test_answers(self):
        seen = {}
        for command, answer in self.answers():
            with self.subTest(command, answer=str(answer)[:200]):
                self.assertNotIn("exit", answer)
                seen.setdefault(command, []).append(answer)
                if schemas.jsonschema:
                    self.refuses(command, answer)
        self.assertEqual(sorted(seen), sorted(commands()))

    def refuses(self, command, answer):
        """The schema notices what is too much, missing, or of another type."""
        more = copy.deepcopy(answer)
        more["surplus"] = 1
        self.assertTrue(schemas.faults(command, more))
        for name, value in answer.items():
            other = dict(answer, **{name: {"no": 1.5}})
            self.assertTrue(schemas.faults(command, other), name)
            if isinstance(value, list) and value and isinstance(value[0], dict):
                changed = copy.deepcopy(answer)
                changed[name][0]["surplus"] = 1
                self.assertTrue(schemas.faults(command, changed), name)

    def test_errors(self):
        broken = self.write("broken", "mode = off\nbogus = 1\n")
        message = str(self.dir / "message")
        for command, code, *args in (
                ("config", 2), ("config", 2, "--diff"), ("keys", 2), ("health", 2),
                ("genkey", 2, "x.example"), ("test", 2, message), ("lookup", 2, "--login", "a"),
                ("lookup", 2, "texthash:" + self.none, "a"), ("replay", 2, message),
                ("check", 2, "x.example")):
            with self.subTest(command, args=args):
                answer = self.ask(command, "-c", broken, *args, code=code)
                self.assertEqual((set(answer), answer["exit"]), ({"error", "exit"}, code))
                self.assertRegex(answer["error"], r"broken:1: mode: takes enforce")
        for command, code, why, *args in (
                ("status", 2, "broken:1: .*no /", "-c", broken),
                ("status", 75, "does not begin", "--status-file", message),
                ("test", 2, "none: No such file", self.none),
                ("lookup", 2, "No such file", "texthash:" + self.none, "a"),
                ("lookup", 2, "No such file", "texthash:" + self.none, "-"),
                ("genkey", 1, "not a domain", "-d", str(self.dir), "x"),
                ("genkey", 2, "--bits takes", "--bits", "7", "x.example"),
                ("report", 2, "--top takes", "--top", "x"),
                ("replay", 2, "--top takes", "--top", "0", "-c", self.config),
                ("replay", 2, "-c FILE has to name"),
                ("explain", 2, "no queue identifier"),
                ("check", 2, "config --json", "--list"),
                ("import", 2, "no source is named"), ("import", 1, "none: No such file", self.none),
                ("import", 1, "log: File exists", "--opendkim", message, "-o", str(self.dir / "log")),
                ("import", 2, "more than 16 sources", "--opendkim=x", *["--sendmail=x"] * 16),
                ("config", 75, "no milter runs", "--diff", "-c", self.config),
                ("config", 2, "no option or block", "bogus", "-c", self.config)):
            with self.subTest(command, args=args):
                if command == "status" and os.path.exists("/run/submilter/status"):
                    continue
                answer = self.ask(command, *args, code=code)
                self.assertEqual((set(answer), answer["exit"]), ({"error", "exit"}, code))
                self.assertRegex(answer["error"], why)
        # A fault of the configuration is an answer of check.
        self.assertEqual(self.ask("check", "-c", broken, code=1)["errors"], 2)

    def test_an_error_is_on_stderr_too(self):
        for args in (["lookup", "texthash:" + self.none, "a"], ["genkey", "-d", str(self.dir / "log"), "x.example"],
                     ["test", self.none], ["keys", "-c", self.none]):
            done = subprocess.run([SUBMILTER, *args, "--json"], capture_output=True, timeout=60,
                                  check=False, text=True)
            # A fault of a configuration begins with its file.
            name = "" if args[0] == "keys" else "submilter %s: " % args[0]
            self.assertEqual(name + json.loads(done.stdout)["error"] + "\n",
                             done.stderr.splitlines(True)[-1])
            done = subprocess.run([SUBMILTER, *args], capture_output=True, timeout=60,
                                  check=False, text=True)
            self.assertEqual(done.stdout, "")
            self.assertNotEqual(done.stderr, "")

    def test_octets_that_are_no_text(self):
        """Whoever writes mail, tables or logs: what is printed is UTF-8."""
        odd = os.fsdecode(OCTETS)
        table = self.write(b"odd-table".decode(), b"k" + OCTETS + b" v" + OCTETS + b"\n")
        log = self.write("odd-log", LOG.encode().replace(b"login=a", b"login=" + OCTETS).replace(
            b"no\"", OCTETS + b"\""))
        message = self.write("odd-message", b"From: " + OCTETS + b" <a@corp.example>\r\nSubject: "
                             + OCTETS + b"\r\nX-Odd" + OCTETS + b": y\r\n\r\n" + OCTETS)
        config = self.write("conf" + odd, (self.dir / "conf").read_bytes())
        self.ask("genkey", "-d", str(self.dir / "keys"), "corp.example")
        for command, *args in (
                ("lookup", "texthash:" + table, "k" + odd), ("lookup", "texthash:" + table + odd, "k"),
                ("lookup", "--address", "texthash:" + table, odd + "@x.example"),
                ("lookup", "-c", config, "--login", odd),
                ("lookup", "-c", config, "--login", odd + "@corp.example", odd + "@corp.example"),
                ("test", "-c", config, "--auth", "a@corp.example", message),
                ("test", "-c", config, "--auth", odd, "--mail-from", odd, "--hostname", odd, message),
                ("test", "-c", config, message + odd), ("explain", "4F2A", log), ("explain", odd, log),
                ("report", log, log + odd), ("replay", "-c", config, log), ("keys", "-c", config),
                ("keys", "-c", config, odd), ("check", "-c", config, "--no-connect"),
                ("check", "-c", config, odd), ("config", "-c", config), ("config", "-c", config, odd),
                ("config", "-c", config, "--diff"), ("config", "-c", config + odd),
                ("import", "--opendkim", message), ("import", "--opendkim", message + odd),
                ("import", "--opendkim", message, "--sample", message, "--sample", log, "--auth", odd),
                ("genkey", "-d", str(self.dir / odd), "x.example"),
                ("genkey", "-d", str(self.dir / "keys"), odd), ("status", "-c", config + odd),
                ("status", "--status-file", message), ("health", "-c", config)):
            with self.subTest(command, args=args):
                done = subprocess.run([SUBMILTER, command, *args, "--json"], capture_output=True,
                                      stdin=subprocess.DEVNULL, timeout=60, check=False)
                schemas.check(command, done.stdout)
        self.assertEqual(self.ask("lookup", "static:v" + odd, "k")["value"],
                         "v" + "\ufffd" * len(OCTETS))

    def test_a_key_that_fails_among_many_is_told(self):
        table = "texthash:%s/rights" % self.dir
        done = subprocess.run([SUBMILTER, "lookup", "--json", "--address", table, "-"],
                              input="b@corp.example\na@\n", capture_output=True, timeout=60,
                              check=False, text=True)
        one, two = [schemas.load(line) for line in schemas.check("lookup", done.stdout)]
        self.assertEqual((done.returncode, one["found"], two["found"], two["asked"]),
                         (2, True, None, "a@"))

    def test_an_answer_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            for args in (["config", "-c", self.config], ["config", "-c", self.config, "--json"],
                         ["lookup", "texthash:%s/rights" % self.dir, "b@corp.example"],
                         ["report", str(self.dir / "log")], ["--help"], ["keys", "--help"]):
                done = subprocess.run([SUBMILTER, *args], stdout=full, stderr=subprocess.PIPE,
                                      timeout=60, check=False, text=True)
                self.assertEqual((done.returncode, done.stderr),
                                 (75, "standard output: No space left on device\n"))


if __name__ == "__main__":
    unittest.main()
