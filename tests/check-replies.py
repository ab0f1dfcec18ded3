#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each reply and each word of the log has an entry in docs/troubleshooting.md.

The texts are taken from the source: from the calls that make a reply, or a
part of one. A table of the page has them in its first column, in marks of code,
with words in CAPITALS in the place of conversions. A text without an entry is a
fault, and so is an entry without a text.
"""
import os
import re
import sys

TOP = os.environ.get("top_srcdir", ".")
PAGE = "docs/troubleshooting.md"

# Which calls hold a text of a reply, by file: a name ending in "/" stands for
# all files of a directory.
CALLS = [
    (r"err_set", ["milter/message/header.c", "milter/message/domain.c",
                  "milter/message/mime.c", "milter/message/address_tokens.c",
                  "milter/message/address_list.c", "milter/policy/authors.c",
                  "milter/repair/", "milter/pipeline/step_path.c"]),
    (r"err_wrap", ["milter/policy/authors.c", "milter/repair/"]),
    (r"reader_fail", ["milter/message/"]),
    (r"(?:body_)?refuse|judge_sealed(?:_form)?|sealed_judge(?:_form)?",
     ["milter/repair/"]),
    (r"strbuf_addf?(?:_cstr)?|begin_refusal", ["milter/policy/decide.c"]),
    (r"verdict_refused", ["milter/pipeline/", "milter/policy/"]),
    (r"preflight_bad", ["milter/preflight/preflight.c"]),
]
# Whole functions, by their names: all of their texts.
FUNCTIONS = {
    "milter/policy/verdict.c": ["verdict_unidentified", "verdict_bad_path",
                                "verdict_unsure"],
    "milter/policy/names.c": ["check_text"],
    "milter/pipeline/step_limits.c": ["limits_reply"],
}
# What is written in these calls is no text of a reply, or only of one that stands
# in another entry.
NOT_REPLIES = {
    "; you may use: ",          # stands with its ADDRESS
}
problems = []


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def sources(names):
    for name in names:
        if not name.endswith("/"):
            yield name
            continue
        for entry in sorted(os.listdir(os.path.join(TOP, name))):
            if entry.endswith(".c"):
                yield name + entry


def call_texts(text, start):
    """The literals between the parentheses that open at start, each as the
    compiler joins them."""
    depth, pos, found, joined = 0, start, [], False
    while pos < len(text):
        c = text[pos]
        if c == '"':
            end = pos + 1
            while text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            piece = text[pos + 1:end].replace('\\"', '"').replace("\\n", "\n")
            if joined:
                found[-1] += piece
            else:
                found.append(piece)
            joined = True
            pos = end + 1
            continue
        if text.startswith("/*", pos):
            pos = text.index("*/", pos) + 2
            continue
        if c == "'":
            pos = text.index("'", pos + (2 if text[pos + 1] == "\\" else 1) + 1)
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(c, 0)
        if not c.isspace():
            joined = False
        pos += 1
        if depth == 0:
            break
    return found


def is_of_interest(text):
    return bool(re.search(r"[A-Za-z]{2}", text)) and \
        (" " in text.strip() or text.strip() == "%s")


def reply_texts():
    """{text: where}"""
    texts = {}
    for names, files in CALLS:
        for path in sources(files):
            text = read(path)
            for match in re.finditer(r"\b(?:%s)\(" % names, text):
                call = text[match.end() - 1:]
                if names == "err_set" and not re.match(
                        r"\([^,]*,\s*ERR_(DATA|LIMIT)\b", call):
                    continue
                for literal in call_texts(text, match.end() - 1):
                    texts.setdefault(literal, path)
    for path, functions in FUNCTIONS.items():
        text = read(path)
        for function in functions:
            match = re.search(r"^%s\(" % function, text, re.M)
            if match is None:
                problems.append("%s: there is no %s() any more: correct "
                                "tests/check-replies.py" % (path, function))
                continue
            body = text.index("\n{", match.end()) + 1
            for literal in call_texts(text, body):
                texts.setdefault(literal, path)
    constructs = "include/message/constructs.def"
    for text in re.findall(r'^CONSTRUCT\(\w+, "([^"]+)"', read(constructs),
                           re.M):
        texts.setdefault(text, constructs)
    adsp = "milter/preflight/adsp.c"
    for literal in call_texts("{" + read(adsp) + "}", 0):
        if "no signature" in literal or "does not exist" in literal:
            texts.setdefault(literal, adsp)
    return {literal: path for literal, path in texts.items()
            if is_of_interest(literal) and literal not in NOT_REPLIES and
            re.sub(r"%(\.\*)?[a-z]*", "", literal).strip(" :;,(")}


def log_words():
    """{word: where}: keys of the line, reasons, repairs, reasons of unsigned."""
    fields = "include/pipeline/log_fields.def"
    words = {word: fields for word in re.findall(
        r'^LOG_FIELD\(\w+, "([a-z_]+)"', read(fields), re.M)}
    repairs = read("milter/repair/repair_header.c")
    for word in call_texts(repairs, repairs.index("{", repairs.index("names[]"))):
        words[word] = "milter/repair/repair_header.c"
    checks = read("milter/preflight/preflight.c")
    for word in call_texts(checks, checks.index("{", checks.index("PREFLIGHT_CHECKS]"))):
        words[word] = "milter/preflight/preflight.c"
    for word in re.findall(r'^REASON\(\w+, "([a-z-]+)"\)',
                           read("include/policy/reasons.def"), re.M):
        words[word] = "include/policy/reasons.def"
    del words["ok"]             # the log names no reason then
    return words


def entries():
    """The marked texts of the first cell of each row of the page's tables."""
    for line in read(PAGE).splitlines():
        if not line.startswith("| `"):
            continue
        cell = line[2:].split(" | ")[0]
        yield re.findall(r"`([^`]*)`", cell)


def pattern_of(literal):
    literal = re.sub(r"\s+", " ", literal).strip()
    parts = re.split(r"%(?:\.\*)?(?:l|z|ll)?[a-z]", literal)
    return ".+".join(re.escape(part) for part in parts).removeprefix(
        ".+").removesuffix(".+")


def main():
    page = re.sub(r"[ \t]+", " ", read(PAGE))
    spans = re.findall(r"`([^`\n]+)`", page)
    texts = reply_texts()
    used = set()
    for literal, path in sorted(texts.items()):
        pattern = re.compile(pattern_of(literal))
        found = [span for span in spans if pattern.search(span)]
        if not found:
            problems.append('%s: "%s" has no entry in %s' % (
                path, literal, PAGE))
        used.update(found)
    for word, path in sorted(log_words().items()):
        if word not in spans:
            problems.append('%s: the log word "%s" has no entry in %s' % (
                path, word, PAGE))
    whole = " ".join(re.sub(r"\s+", " ", '"'.join(call_texts(
        "{" + read(path) + "}", 0))) for path in sources(
            ["milter/%s/" % layer for layer in (
                "base", "message", "policy", "repair", "keys", "sign",
                "preflight", "pipeline", "glue", "daemon", "identity")]))
    whole += " " + " ".join(log_words())
    for cell in entries():
        for span in cell:
            if span in used:
                continue
            # Words between CAPITALS stand somewhere in the source.
            for piece in re.split(r'"?\b(?:[A-Z]{2,}|N)\b"?|: ', span):
                piece = piece.strip(" ,;:()")
                if len(piece) > 3 and piece not in whole:
                    problems.append('%s: "%s" is in no source' % (PAGE, piece))
    if len(texts) < 100:
        problems.append("only %d texts of replies were found" % len(texts))
    for problem in problems:
        print(problem)
    print("check-replies: %d texts, %d words, %d problems" % (
        len(texts), len(log_words()), len(problems)))
    return 1 if problems else 0


sys.exit(main())
