#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The quickstart's mail: one honest message and four forged ones, through a
private Postfix with submilter, and what becomes of them. SUBMILTER names the
program. Exits with 1 if anything is not as it should be."""

import grp
import os
import pathlib
import subprocess
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import lab                                  # noqa: E402
from lab.process import wait_until          # noqa: E402

PROGRAM = os.environ["SUBMILTER"]
ALICE = "alice@corp.example"

HONEST = """\
From: Alice <alice@corp.example>
To: Bob <bob@far.example>
Bcc: carol@far.example
Subject: The figures

Hello Bob, here they are.
"""

FORGED = [
    ("another user's address in From", ALICE, """\
From: The boss <ceo@corp.example>
To: bob@far.example
Subject: Please pay

Today, please.
"""),
    ("an address of another hosted domain in From", ALICE, """\
From: billing@team.example
To: bob@far.example
Subject: Invoice

New account number below.
"""),
    ("a second From field", ALICE, """\
From: alice@corp.example
From: ceo@corp.example
To: bob@far.example
Subject: Two authors

Which of them do you see?
"""),
    ("the null reverse-path, and a forged From", "", """\
From: Mail Delivery System <MAILER-DAEMON@corp.example>
To: bob@far.example
Subject: Your password expires

Not from the mail system.
"""),
]


def show(title, text):
    print("   %s" % title)
    print(textwrap.indent(text.rstrip("\n"), "      | "))


def head(data):
    return data.split(b"\r\n\r\n")[0].replace(b"\r\n", b"\n").decode()


def command(*args, check=True):
    done = subprocess.run([PROGRAM, *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if check and done.returncode != 0:
        sys.exit("submilter %s: exit code %d\n%s" % (
            " ".join(map(str, args)), done.returncode, done.stdout))
    return done.stdout


def set_up(top):
    """Keys, table, configuration; returns the configuration file's path."""
    keys = top / "keys"
    keys.mkdir(mode=0o700)
    records = {}
    for domain in "corp.example", "team.example":
        command("genkey", "-d", keys, domain)
        for record in sorted((keys / domain).glob("*.key")):
            name = "%s._domainkey.%s" % (record.stem, domain)
            public = subprocess.run(
                ["openssl", "pkey", "-in", record, "-pubout", "-outform", "DER"],
                stdout=subprocess.PIPE, check=True).stdout
            records[name] = txt_record(public)
    (top / "sender_login").write_text("sales@corp.example  alice@corp.example\n")
    run = top / "run"
    run.mkdir(mode=0o755)
    config = top / "submilter.conf"
    config.write_text("""\
listen       = "unix:%s/submilter.sock"
socket-group = "%s"
hostname     = "mail.corp.example"
domain       = "corp.example"
keys         = "%s"
sign { dkim-key = off }    # no DNS knows these keys
rights { tables = {"texthash:%s/sender_login"} }
""" % (run, grp.getgrnam(lab.Postfix.milter_group).gr_name, keys, top))
    config.chmod(0o644)
    return config, records


def txt_record(public):
    import base64
    if len(public) == 44:       # an Ed25519 key: 32 octets behind its header
        return "v=DKIM1; k=ed25519; p=" + base64.b64encode(public[12:]).decode()
    return "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


def send(mta, text, mail_from):
    raw = text.replace("\n", "\r\n").encode()
    return lab.submit(mta.submission_port, raw, mail_from,
                      ["bob@far.example"], login=ALICE, password="secret")


def honest(mta, sink, records):
    print("\n== 4. Alice sends as herself; Date and Message-ID are missing, Bcc is not")
    show("what she sends", HONEST)
    result = send(mta, HONEST, ALICE)
    show("reply", "%d %s" % result.reply)
    if not result.accepted:
        return ["the honest message was refused"]
    message = sink.wait_for(1)[0]
    show("header as delivered: repaired, signed twice", head(message.data))
    faults = []
    opinions = lab.verify(message.data, records, verifiers=["dkimpy"])["dkimpy"]
    for s in opinions:
        print("   dkimpy, a verifier that is not ours: %s signature of %s/%s %s" % (
            s.a, s.d, s.s, "is valid" if s.ok else "IS NOT VALID: %s" % s.why))
        if not s.ok:
            faults.append("a signature does not verify")
    if sorted(s.a for s in opinions) != ["ed25519-sha256", "rsa-sha256"]:
        faults.append("there are not two signatures")
    for name, there in ("Date", True), ("Message-ID", True), ("Bcc", False):
        if (("\n%s:" % name).lower() in head(message.data).lower()) != there:
            faults.append("%s is %s" % (name, "missing" if there else "still there"))
    return faults


def forged(mta, sink):
    faults = []
    print("\n== 5. Alice, logged in as before, borrows names")
    for title, mail_from, text in FORGED:
        print("\n   -- %s" % title)
        show("what she sends (MAIL FROM:<%s>)" % mail_from, text.split("\n\n")[0])
        result = send(mta, text, mail_from)
        show("reply", "%d %s" % result.reply)
        if result.accepted or result.reply.code // 100 != 5:
            faults.append("not refused: " + title)
    if len(sink.messages) != 1 or mta.queue_files():
        faults.append("a refused message was queued or delivered")
    return faults


def explain(top, config):
    print("\n== 6. The same code, offline: submilter test")
    for name, text in ("honest", HONEST), ("forged", FORGED[0][2]):
        path = top / (name + ".eml")
        path.write_text(text)
        show("submilter test --auth %s %s.eml" % (ALICE, name),
             command("test", "-c", config, "--auth", ALICE, "--report-only",
                     path, check=False))


def main():
    with lab.scratch("submilter-quickstart.") as top:
        print("\n== 3. A private Postfix, and submilter attached to it")
        config, records = set_up(top)
        show("submilter.conf", config.read_text())
        log = top / "submilter.log"
        milter = lab.Daemon([PROGRAM, "run", "-f", "-c", config],
                            dict(os.environ), log)
        try:
            socket_path = top / "run" / "submilter.sock"
            wait_until(lambda: socket_path.exists() or milter.ended(), 10,
                       "socket of submilter")
            if milter.ended():
                sys.exit(log.read_text())
            debs = lab.Debs(top / "debs", "postfix")
            with lab.Sink() as sink, lab.Postfix(
                    top / "postfix", debs, sink.port,
                    milter="unix:%s" % socket_path,
                    users={"alice": "secret"}) as mta:
                print("   submission service on 127.0.0.1:%d (STARTTLS, AUTH)"
                      % mta.submission_port)
                faults = honest(mta, sink, records) + forged(mta, sink)
                explain(top, config)
        finally:
            milter.stop(timeout=10)
        print("\n== 7. What the postmaster reads in the log")
        print(textwrap.indent(log.read_text(), "   "))
    for fault in faults:
        print("quickstart: FAULT: %s" % fault)
    if not faults:
        print("All as it should be; everything that was started has ended. "
              "README.md says how to attach submilter to your own MTA.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
