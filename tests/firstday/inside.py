#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What run does in the root, beside README's commands: the next hop, a mail program
and a verifier.

    inside.py sink DIRECTORY            the next hop, on port 2525; keeps what comes
    inside.py send FILE LOGIN           submits it on port 587; 0 if it was accepted
    inside.py incoming                  0 if another server may send mail on port 25
    inside.py verify FILE               0 if it has valid RSA and Ed25519 signatures
    inside.py outage COMMAND            how long mail is put off while COMMAND runs
"""

import json
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import lab                              # noqa: E402

PASSWORD = "secret"
TO = "bob@far.example"


def submit(raw, login):
    return lab.submit(587, raw, login, [TO], login=login, password=PASSWORD)


def sink(directory):
    top = pathlib.Path(directory)
    top.mkdir(exist_ok=True)
    with lab.Sink(address=("127.0.0.1", 2525)) as server:
        print("ready", flush=True)
        count = 0
        while True:
            for message in server.wait_for(count + 1, timeout=86400)[count:]:
                count += 1
                path = top / ("%d.eml" % count)
                path.with_suffix(".new").write_bytes(message.data)
                path.with_suffix(".new").rename(path)


def send(file, login):
    raw = pathlib.Path(file).read_bytes().replace(b"\n", b"\r\n")
    result = submit(raw, login)
    print(result)
    return 0 if result.accepted else 1


def incoming():
    with lab.Session(25) as session:
        replies = [session.open(), session.ehlo("far.example"), session.mail(TO),
                   session.rcpt("root@localhost")]
        print(replies)
        session.leave()
    return 0 if all(reply.code // 100 == 2 for reply in replies) else 1


def verify(file):
    """Its DNS is that of the root."""
    import dkim
    message = pathlib.Path(file).read_bytes()
    print(message.decode(errors="replace"))
    good = set()
    fields = dkim.rfc822_parse(message)[0]
    for index in range(sum(name.lower() == b"dkim-signature" for name, _ in fields)):
        verifier = dkim.DKIM(message)
        if verifier.verify(index):
            good.add(verifier.signature_fields[b"a"])
        print(index, verifier.signature_fields)
    return 0 if good == {b"rsa-sha256", b"ed25519-sha256"} else 1


def outage(command):
    raw = (b"From: alice@example.org\r\nTo: bob@far.example\r\nSubject: x\r\n\r\nHello.\r\n")
    seen, stop = [], threading.Event()

    def client():
        while not stop.is_set():
            began = time.monotonic()
            try:
                result = submit(raw, "alice@example.org")
                code = result.reply.code
            except OSError:
                code = 0
            seen.append((began, time.monotonic(), code))

    threads = [threading.Thread(target=client) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    began = time.monotonic()
    done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    took = time.monotonic() - began
    time.sleep(8)
    stop.set()
    for thread in threads:
        thread.join()
    later = [row for row in seen if row[2] != 250]
    # From the first that was put off until whoever comes is served: a session that
    # begins while the milter is away is lost, but goes on to TLS and AUTH first.
    print(json.dumps({
        "code": done.returncode, "output": done.stdout, "command": took,
        "accepted": len(seen) - len(later), "later": len(later),
        "codes": sorted({row[2] for row in later}),
        "longest": max(row[1] - row[0] for row in seen),
        "seconds": max(0, max((row[0] for row in later), default=0) -
                       min((row[1] for row in later), default=0))}))
    return 0


if __name__ == "__main__":
    commands = {"sink": sink, "send": send, "incoming": incoming, "verify": verify,
                "outage": outage}
    sys.exit(commands[sys.argv[1]](*sys.argv[2:]))
