# SPDX-License-Identifier: BSD-2-Clause
"""Medians of rounds as a table, and as a plot in text and in SVG."""

import html
import os
import pathlib
import platform
import re
import statistics

# What goals are for: a machine with these private-key operations, in ms, and this hash,
# in MB/s.
RSA, ED25519, SHA256 = 1.145, 0.08, 960
US = "submilter"
BARE = "libmilter alone"
# Load averages above this are told.
QUIET = 0.6


class Rounds:
    """Figures by name, one of each for a round."""

    def __init__(self):
        self.values = {}

    def add(self, figures):
        for name, value in figures.items():
            self.values.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.values[name]) if name in self.values else None

    def spread(self, name):
        """Half of the way from the smallest to the largest, as a part of the median."""
        values = self.values[name]
        return (max(values) - min(values)) / 2 / (statistics.median(values) or 1)

    def over_other(self, name, other, base):
        """The median of the ratios of this to another's figure in each round."""
        ratios = [a / b for a, b in zip(self.values[name], other.values[base]) if b]
        return statistics.median(ratios) if ratios else None

    def over_own(self, name, base):
        return self.over_other(name, self, base)

    def over(self, other, name):
        return self.over_other(name, other, name)


def number(value):
    """With three digits that count."""
    if value is None:
        return "-"
    if value >= 100:
        return "{:,.0f}".format(value)
    return "%.*f" % (1 if value >= 10 else 2 if value >= 1 else 3, value)


class Report:
    """`rounds` by scenario and program; `raw` of OpenSSL alone; how many processes
    wanted a core before it began."""

    def __init__(self, rounds, raw, count, busy=0.0):
        self.rounds = rounds
        self.raw = raw
        self.count = count
        self.busy = busy
        self.scenarios = list(dict.fromkeys(s for s, _ in rounds))

    def programs(self, scenario):
        return [p for s, p in self.rounds if s == scenario]

    def rows(self):
        """Scenario, program, and cells of text."""
        for scenario in self.scenarios:
            ours = self.rounds.get((scenario, US))
            for program in sorted(self.programs(scenario),
                                  key=lambda p: (p != US, not p.startswith(US),
                                                 p == BARE)):
                it = self.rounds[scenario, program]
                cells = [scenario, program]
                for name in "rate", "cpu":
                    if not it.median(name):
                        cells += ["-", "-"]
                        continue
                    cells += ["%s ±%.0f%%" % (number(it.median(name)),
                                              100 * it.spread(name)),
                              number(it.over(ours, name)) if ours else "-"]
                yield cells + [number(it.median(name)) for name in (
                    "end_p50", "end_p99", "whole_p50", "whole_p99", "memory")]

    HEAD = ["scenario", "program", "messages/s", "of ours", "CPU, ms", "of ours",
            "end, ms", "p99", "whole, ms", "p99", "MB"]

    def raw_line(self):
        return ("OpenSSL alone: RSA-2048 %s ms, Ed25519 %s ms, SHA-256 %s MB/s"
                % tuple(number(self.raw.median(n)) for n in ("rsa", "ed25519", "sha256")))

    def where(self):
        cpu = re.search(r"model name\s*: (.*)",
                        pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        text = "%d cores of %s, Linux %s, %d rounds" % (
            os.cpu_count(), cpu.group(1).strip() if cpu else platform.machine(),
            platform.release().split("-")[0], self.count)
        if self.busy > QUIET:
            text += (", while others used the machine (load average %.0f): CPU says more "
                     "than time here" % self.busy)
        return text

    def table(self):
        rows = [self.HEAD, *self.rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self.HEAD))]
        lines = ["".join(
            [cell.ljust(width + 2) if i < 2 else cell.rjust(width + 2)
             for i, (cell, width) in enumerate(zip(row, widths))]).rstrip()
            for row in rows]
        return "\n".join([self.where(), self.raw_line(), *lines])

    def markdown(self):
        lines = ["| %s |" % " | ".join(self.HEAD),
                 "|---|---|" + "---:|" * (len(self.HEAD) - 2)]
        return "\n".join(lines + ["| %s |" % " | ".join(row) for row in self.rows()])

    SHORT = [("2 KB", "rate", "messages/s of 2 KB"), ("2 KB", "cpu", "CPU, ms"),
             ("100 KB", "cpu", "of 100 KB, ms"), ("10 MB", "cpu", "of 10 MB, ms"),
             ("64 connections", "end_p99", "64 connections: end of message, p99, ms")]

    def short(self):
        """For README.md: a line for each program."""
        lines = ["| | %s |" % " | ".join(title for _, _, title in self.SHORT),
                 "|---|" + "---:|" * len(self.SHORT)]
        for program in sorted(self.programs("2 KB"), key=lambda p: (p != US, p == BARE)):
            if program == US or not program.startswith(US):
                found = [self.rounds.get((scenario, program))
                         for scenario, _, _ in self.SHORT]
                lines.append("| %s | %s |" % (program, " | ".join(
                    number(it.median(name)) if it else ""
                    for it, (_, name, _) in zip(found, self.SHORT))))
        return "\n".join(lines)

    def claims(self):
        """What submilter is to reach, and what it reaches."""
        rows = [[text, number(value), goal] for text, value, goal in self._claims()]
        return "\n".join(["| what | measured | to be |", "|---|---:|---:|"]
                         + ["| %s |" % " | ".join(row) for row in rows])

    def _claims(self):
        ours = {s: self.rounds[s, p] for s, p in self.rounds if p == US}
        if "2 KB" not in ours:
            return
        base = ours["2 KB"]
        yield ("2 KB: CPU of a message, to RSA-2048 alone",
               base.median("cpu") / self.raw.median("rsa"), "")
        other = base.median("cpu") - self.raw.median("rsa")
        yield ("the same where RSA-2048 takes %s ms (calculated)" % RSA,
               (other + RSA) / RSA, "≤ 1.12")
        if ("2 KB", BARE) in self.rounds:
            transport = self.rounds["2 KB", BARE].median("cpu")
            yield "2 KB: CPU that is libmilter's and the kernel's, ms", transport, ""
            yield ("2 KB: CPU that is neither this nor the key's, ms",
                   base.median("cpu") - transport - self.raw.median("rsa"), "")
        fast = self.raw.median("rsa") < 0.5
        for peer, goals in (("rspamd", (1.6, 2)), ("OpenDKIM", (2.7, 4))):
            if ("2 KB", peer) in self.rounds:
                yield ("2 KB: messages/s, to %s" % peer,
                       base.over(self.rounds["2 KB", peer], "rate"),
                       "≥ %s" % goals[fast])
        yield from self._bound("rspamd")
        yield from self._of_former(ours)
        if "one core" in ours:
            # The load takes a part of both cores; it would come from elsewhere.
            cores = os.cpu_count()
            free = cores / (cores - base.median("load_cores"))
            yield ("2 KB: messages/s, all cores to one; the load not counted",
                   base.over(ours["one core"], "rate") * free, "≥ %.1f" % (0.95 * cores))
        if "RSA and Ed25519" in ours:
            yield ("CPU of RSA and Ed25519, to RSA",
                   ours["RSA and Ed25519"].over(base, "cpu"), "≤ 1.08")
            both = (ours["RSA and Ed25519"].median("cpu") - self.raw.median("rsa")
                    - self.raw.median("ed25519"))
            yield ("the same where they take %s and %s ms (calculated)" % (RSA, ED25519),
                   (both + RSA + ED25519) / (other + RSA), "≤ 1.08")
        if "100 KB" in ours:
            yield ("CPU of 100 KB above 2 KB, ms",
                   ours["100 KB"].median("cpu") - base.median("cpu"), "≤ 0.25")
        for scenario, goal in ("10 MB", "≥ 0.62"), ("repaired, 10 MB", "≥ 0.25"):
            if scenario in ours:
                speed = 1e4 / (ours[scenario].median("cpu") - base.median("cpu"))
                yield ("%s: octets a second of CPU, to SHA-256 alone" % scenario,
                       speed / self.raw.median("sha256"), goal)
                # Quoted-printable of this text is 1.24 times as long.
                hashed = 1e4 if scenario == "10 MB" else 1.24e4
                slower = hashed / SHA256 - hashed / self.raw.median("sha256")
                yield ("the same where SHA-256 alone does %d MB/s (calculated)" % SHA256,
                       1e4 / (1e4 / speed + slower) / SHA256, goal)
        for scenario, goal in ("64 connections", "≤ 2.0"), ("1,000 connections", "≤ 2.5"):
            if scenario in ours:
                yield ("%s: end of message, p99 to median" % scenario,
                       ours[scenario].over_own("end_p99", "end_p50"), goal)
        yield from self._of_scale(ours, base)

    def _bound(self, peer):
        """As many times more messages as a milter could do that takes no time itself, of
        a peer that keeps all cores busy."""
        it, bare = self.rounds.get(("2 KB", peer)), self.rounds.get(("2 KB", BARE))
        if it and bare:
            load = 1000 * it.median("load_cores") / it.median("rate")
            yield ("the same to %s of a milter that takes the key's time and libmilter's "
                   "alone (calculated)" % peer,
                   (it.median("cpu") + load)
                   / (self.raw.median("rsa") + bare.median("cpu") + load), "")

    @staticmethod
    def _of_scale(ours, base):
        signing, refused = "64 connections", "refused beside signing"
        if refused in ours and signing in ours:
            yield ("a refusal beside 64 connections that sign, p99, to their median",
                   ours[refused].over_other("whole_p99", ours[signing], "whole_p50"), "")
        for scenario, it in ours.items():
            if scenario.startswith("reloads, "):
                calm = ours[scenario.removeprefix("reloads, ")]
                yield ("%s: end of message, p99 to that without" % scenario,
                       it.over(calm, "end_p99"), "≤ 2.0")
            elif scenario.endswith(" domains"):
                yield ("CPU with %s, to one" % scenario, it.over(base, "cpu"), "≤ 1.03")
                yield "start with %s, s" % scenario, it.median("start"), "≤ 1"
                yield "memory with %s, MB" % scenario, it.median("memory"), "≤ 100"

    def _of_former(self, ours):
        """Beside another revision: what is not the key operation."""
        for (scenario, program), it in self.rounds.items():
            key = {"2 KB": "rsa", "Ed25519": "ed25519"}.get(scenario)
            if key and program.startswith(US + " "):
                yield ("%s: CPU without the key operation, to %s" % (scenario, program),
                       (ours[scenario].median("cpu") - self.raw.median(key))
                       / (it.median("cpu") - self.raw.median(key)), "")

    # The plot.

    PANELS = [("2 KB", "cpu", "CPU of a message of 2 KB, ms"),
              ("100 KB", "cpu", "CPU of a message of 100 KB, ms"),
              ("10 MB", "cpu", "CPU of a message of 10 MB, ms"),
              ("2 KB", "rate", "messages of 2 KB a second"),
              ("64 connections", "end_p99",
               "64 connections: end of message, ms, 99 of 100 under")]

    def panels(self):
        """Title, and bars: label, value."""
        for scenario, name, title in self.PANELS:
            bars = [(p, self.rounds[scenario, p].median(name))
                    for p in self.programs(scenario)]
            if bars:
                bars.sort(key=lambda bar: (bar[0] != US, bar[0] == BARE))
                if name == "cpu" and scenario == "2 KB":
                    bars.append(("RSA-2048 alone", self.raw.median("rsa")))
                if name == "cpu" and scenario == "10 MB":
                    bars.append(("SHA-256 alone", 1e4 / self.raw.median("sha256")))
                yield title, bars

    def plot(self, width=48):
        lines = []
        for title, bars in self.panels():
            top = max(value for _, value in bars)
            lines += ["", title]
            lines += ["  %-18s %s %s" % (label, "█" * max(1, round(value / top * width)),
                                         number(value)) for label, value in bars]
        return "\n".join(lines)

    def svg(self):
        """Bars, with colors that can be read on white and on black."""
        row, left, wide, y, parts = 20, 150, 420, 8, []
        for title, bars in self.panels():
            top = max(value for _, value in bars)
            y += row
            parts.append('<text x="8" y="%d" font-weight="bold">%s</text>' % (
                y, html.escape(title)))
            for label, value in bars:
                y += row
                color = "#2a7ab8" if label.startswith(US) else \
                    "#4f9d4f" if label.endswith("alone") else "#8a8a8a"
                length = max(1, value / top * wide)
                parts.append(
                    '<text x="%d" y="%d" text-anchor="end">%s</text>'
                    '<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>'
                    '<text x="%.1f" y="%d">%s</text>' % (
                        left - 6, y, html.escape(label), left, y - row + 7, length,
                        row - 5, color, left + length + 6, y, number(value)))
            y += row // 2
        return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
                'font-family="sans-serif" font-size="13" fill="#777777">\n%s\n</svg>\n'
                % (left + wide + 80, y + row // 2, "\n".join(parts)))

    # The documents.

    def update(self, root):
        (root / "docs/load.svg").write_text(self.svg(), encoding="utf-8")
        note = "%s. %s." % (self.where(), self.raw_line())
        put(root / "README.md", "%s\n\n%s" % (self.short(), note))
        put(root / "docs/measurements.md", "%s\n\n%s\n\n%s\n\n```text%s\n```" % (
            note, self.markdown(), self.claims(), self.plot()))


def put(path, text):
    """Replaces what stands between the marks in a document."""
    old = path.read_text(encoding="utf-8")
    new, count = re.subn(r"(?s)(<!-- load: begin[^>]*-->\n).*?(\n<!-- load: end -->)",
                         lambda m: m.group(1) + "\n" + text + "\n" + m.group(2), old)
    if count != 1:
        raise SystemExit("%s: no place for the figures" % path)
    path.write_text(new, encoding="utf-8")
