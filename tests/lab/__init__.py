# SPDX-License-Identifier: BSD-2-Clause
"""A private Postfix, a private Sendmail, and what stands around them in a test.

    with lab.scratch() as top:
        debs = lab.Debs(top / "debs", "postfix", "sendmail")
        with lab.Sink() as sink:
            with lab.Postfix(top / "pf", debs, sink.port,
                             milter="unix:/path/of/submilter.sock",
                             users={"alice": "secret"}) as mta:
                result = lab.submit(mta.submission_port, RAW_BYTES,
                                    "alice@corp.example",
                                    ["bob@far.example"],
                                    login="alice", password="secret")
                assert result.accepted, result
                message = sink.wait_for(1)[0]
        lab.verify(message.data, {"s1._domainkey.corp.example": "v=DKIM1..."})

Both MTAs run from unpacked Debian packages on random loopback ports, so nothing is
installed and an installed MTA is never touched. They have to be started as root,
because Postfix insists on it. Needed on the machine: a C compiler (Sendmail
only) and, for verify(), python3-dkim, python3-nacl and libmail-dkim-perl.
"""

import os

from .client import Reply, Result, Session, submit
from .debs import Debs
from .dovecot import Dovecot
from .dovecot_server import DovecotServer
from .postfix import Postfix
from .process import Daemon, LabError, scratch
from .proxies import HAProxy, Nginx
from .roundcube import Roundcube
from .saslauthd import Saslauthd
from .sendmail import Sendmail
from .sink import Sink
from .verify import Signature, verify

__all__ = ["Daemon", "Debs", "Dovecot", "DovecotServer", "HAProxy", "LabError", "Nginx",
           "Postfix", "Reply", "Result", "Roundcube", "Saslauthd", "Sendmail", "Session",
           "Signature", "Sink", "scratch", "submit", "verify"]

# A program that is not installed has its modules of tables beside it.
if "SUBMILTER" in os.environ:
    os.environ.setdefault("SUBMILTER_MODULES", os.path.join(
        os.path.dirname(os.path.abspath(os.environ["SUBMILTER"])), "milter/backends"))
