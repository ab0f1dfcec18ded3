# SPDX-License-Identifier: BSD-2-Clause
"""Runs a command on a terminal of its own, as a person would."""

import contextlib
import os
import pty
import select
import subprocess
import threading
import time


def write(file, parts):
    """Octets, and pauses in seconds."""
    with contextlib.suppress(BrokenPipeError), file:
        for part in parts:
            if isinstance(part, bytes):
                file.write(part)
                file.flush()
            else:
                time.sleep(part)


def run(command, on=("stdout",), stdin=None, timeout=60, **environment):
    """What the terminal was shown, what went elsewhere, and the exit status. `on` names what is
    the terminal. stdin is a list of octets and of pauses. A variable that is None is not set."""
    ours, theirs = pty.openpty()
    where = {name: theirs if name in on else subprocess.PIPE for name in ("stdout", "stderr")}
    variables = {"PATH": os.environ["PATH"], "TERM": "xterm", **environment}
    # pylint: disable-next=consider-using-with # it is read while it runs
    process = subprocess.Popen(command, stdin=subprocess.PIPE, **where, env={
        name: value for name, value in variables.items() if value is not None})
    os.close(theirs)
    shown, elsewhere, end = b"", b"", time.monotonic() + timeout
    pipes = [pipe.fileno() for pipe in (process.stdout, process.stderr) if pipe]
    writer = threading.Thread(target=write, args=(process.stdin, stdin or ()))
    writer.start()
    reading = [ours, *pipes]
    while reading and time.monotonic() < end:
        for fd in select.select(reading, [], [], 1)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                data = b""  # The other end of a terminal is gone.
            if not data:
                reading.remove(fd)
            elif fd == ours:
                shown += data
            else:
                elsewhere += data
    os.close(ours)
    for pipe in process.stdout, process.stderr:
        if pipe:
            pipe.close()
    writer.join()
    try:
        code = process.wait(timeout=10)
    finally:
        process.kill()
    return shown.decode().replace("\r\n", "\n"), elsewhere.decode(), code
