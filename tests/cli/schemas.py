# SPDX-License-Identifier: BSD-2-Clause
"""Runs a command, and holds what it prints with --json to its schema in docs/schema. Without
python3-jsonschema it must be JSON all the same."""

import functools
import json
import os
import pathlib
import subprocess

try:
    import jsonschema
except ImportError:
    jsonschema = None

TOP = pathlib.Path(os.environ.get("top_srcdir") or
                   pathlib.Path(__file__).resolve().parent.parent.parent).resolve()
SCHEMAS = TOP / "docs/schema"


@functools.lru_cache(maxsize=None)
def schema(command):
    with open(SCHEMAS / (command + ".json"), encoding="utf-8") as file:
        return json.load(file)


def only_once(pairs):
    """A member that comes twice is lost without a word otherwise."""
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), "a member comes twice: %s" % names
    return dict(pairs)


def no_constant(name):
    raise AssertionError(name + " is not JSON")


def load(text):
    """A document, of which nothing is forgiven: octets are UTF-8, all of them."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "strict")
    return json.loads(text, object_pairs_hook=only_once, parse_constant=no_constant)


def faults(command, document):
    """What the schema finds, in words."""
    if jsonschema is None:
        return []
    found = []
    for error in jsonschema.Draft202012Validator(schema(command)).iter_errors(document):
        # Of the forms that it may have, none was met: what each of them misses.
        for one in error.context or [error]:
            found.append("/%s: %s" % ("/".join(map(str, one.absolute_path)), one.message[:300]))
    return found


def check(command, text):
    """Each document of an output: one, or one in each line where the command says so."""
    assert text.strip(), "no JSON at all"
    documents = text.splitlines() if command == "lookup" else [text]
    for one in documents:
        found = faults(command, load(one))
        assert not found, "%s does not meet docs/schema/%s.json: %s\n%s" % (
            command, command, found, one)
    return documents


def run(command, **more):
    """subprocess.run() of [SUBMILTER, COMMAND, ...]."""
    done = subprocess.run(command, **more)
    if "--json" in command and done.stdout is not None:
        name = command[1]
        # Lines of lookup may all be absent; options may be wrong before --json is read.
        if done.stdout.strip() or not (done.returncode == 2 or (
                name == "lookup" and command[-1] == "-")):
            check(name, done.stdout)
    return done
