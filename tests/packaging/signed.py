#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A milter that serves signs mail and refuses a forger, as an MTA sees it.

    signed.py SOCKET DOMAIN RECORDS

SOCKET is what the milter listens on, as unix:PATH. alice@DOMAIN sends as herself and
as ceo@DOMAIN. RECORDS is a file with what genkey printed for DOMAIN: dkimpy, which is
not ours, verifies with it. Exits with 1 if anything is not as it should be.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "milter"))
import milter       # noqa: E402
import mta          # noqa: E402


def send(address, login, author):
    """The result, and the message as Postfix would send it on."""
    raw = ("From: %s\r\nTo: bob@far.example\r\nSubject: hello\r\n\r\nHello.\r\n"
           % author).encode()
    agent = mta.Postfix()
    with milter.Session(address, agent) as session:
        session.set_macros(**agent.session_macros())
        session.connect()
        session.helo()
        mail = mta.Mail(mta.postfix(raw), login, ["bob@far.example"], login=login)
        result = session.submit(mail)
        lead_space = bool(session.wants.steps & milter.HDR_LEADSPC)
        session.quit()
    return result, mta.wire_form(agent.changed(mail, result, lead_space))


def valid(message, records):
    """The algorithms of the signatures, each of which has to be valid."""
    import dkim
    known = {name.rstrip("."): "".join(re.findall(r'"([^"]*)"', text)).encode()
             for name, text in re.findall(
                 r'(?m)^(\S+)\s[^\n]*TXT\s*\(?((?:\s*"[^"]*")+)', records)}
    found = []
    for index in range(len(re.findall(rb"(?im)^DKIM-Signature:", message))):
        verifier = dkim.DKIM(message)
        good = verifier.verify(
            index, dnsfunc=lambda name, timeout=0: known.get(name.decode().rstrip(".")))
        found.append(verifier.signature_fields[b"a"].decode() if good else "invalid")
    return sorted(found)


def main(address, domain, file):
    faults = []
    login = "alice@" + domain
    result, message = send(address, login, login)
    if result.verdict != "pass":
        faults.append("an honest message: %r" % result)
    found = valid(message, pathlib.Path(file).read_text(encoding="utf-8"))
    if found != ["ed25519-sha256", "rsa-sha256"]:
        faults.append("signatures: %s\n%s" % (found, message.decode(errors="replace")))
    result, _ = send(address, login, "ceo@" + domain)
    if result.verdict != "reject" or "may not send as" not in result.reply.text:
        faults.append("a forged message: %r" % result)
    for fault in faults:
        print("FAIL: " + fault)
    if not faults:
        print("PASS: two valid signatures, and a forger is refused")
    return 1 if faults else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
