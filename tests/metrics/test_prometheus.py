#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Debian's Prometheus scrapes a milter that works: what it says of the metrics, of
the shipped alerts, and of each query of the shipped dashboard."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "tests/milter"), str(TOP / "tests")]

import daemon                                                   # noqa: E402
from lab.debs import Debs                                       # noqa: E402
from support import CEO, OwnDaemonTest, mail, message           # noqa: E402

RULES = TOP / "packaging/prometheus/submilter.rules.yml"
DASHBOARD = TOP / "packaging/grafana/submilter-dashboard.json"
# Queries that have nothing to show while nothing is wrong.
MAY_BE_EMPTY = {"Would be refused without monitor mode"}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def queries():
    """Title and expression of each query of the dashboard."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for note in dashboard["annotations"]["list"]:
        yield None, note["expr"]


class PrometheusTest(OwnDaemonTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        work = tempfile.TemporaryDirectory(prefix="submilter-prometheus.")
        cls.addClassCleanup(work.cleanup)
        cls.work = pathlib.Path(work.name)
        cls.work.chmod(0o755)
        debs = Debs.shared(cls.work, "prometheus")
        cls.bin = debs.package("prometheus") / "usr/bin"
        cls.port, cls.own_port = free_port(), free_port()

    def promtool(self, *arguments, text=None, cwd=None):
        done = subprocess.run([self.bin / "promtool", *arguments], input=text, cwd=cwd,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        return done.stdout.decode()

    def prometheus(self):
        (self.work / "prometheus.yml").write_text(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms, "
            "evaluation_interval: 500ms}\n"
            "rule_files: ['%s']\n"
            "scrape_configs:\n"
            "  - job_name: submilter\n"
            "    static_configs: [{targets: ['127.0.0.1:%d']}]\n"
            % (RULES, self.port), encoding="utf-8")
        self.promtool("check", "config", self.work / "prometheus.yml")
        log = open(self.work / "log", "wb")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            [self.bin / "prometheus",
             "--config.file=%s" % (self.work / "prometheus.yml"),
             "--storage.tsdb.path=%s" % (self.work / "data"),
             "--web.listen-address=127.0.0.1:%d" % self.own_port],
            stdout=log, stderr=log, env=dict(os.environ, GOMAXPROCS="1"))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

    def ask(self, what, **parameters):
        url = "http://127.0.0.1:%d/api/v1/%s?%s" % (
            self.own_port, what, urllib.parse.urlencode(parameters))
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            self.fail("%s %s: %s" % (what, parameters, error.read().decode()))

    def values(self, expr):
        """What a query finds; the variables are those of Grafana's defaults."""
        for name, value in (("$__rate_interval", "1m"), ("$job", ".*"),
                            ("$instance", ".*")):
            expr = expr.replace(name, value)
        self.assertNotIn("$", expr)
        answer = self.ask("query", query=expr)
        self.assertEqual(answer["status"], "success", answer)
        return answer["data"]["result"]

    def wait_for(self, expr, number):
        end = time.monotonic() + 25
        while True:
            try:
                found = [float(one["value"][1]) for one in self.values(expr)]
            except urllib.error.URLError:       # it starts
                found = None
            if found == [number]:
                return
            log = (self.work / "log").read_text(errors="replace")[-2000:]
            self.assertLess(time.monotonic(), end, "%s: %s %s" % (expr, found, log))
            time.sleep(0.25)

    def test_a_milter_is_scraped_and_each_query_of_the_dashboard_finds_something(self):
        metrics = "metrics { listen = \"inet:%d@127.0.0.1\" }\n" % self.port
        server = self.start(daemon.WORLD + metrics)
        server.expect("ready on")
        self.prometheus()
        self.wait_for("sum(submilter_messages_total)", 0)
        # What is counted under a name for the first time twice, so that it grows.
        for turn in range(1, 3):
            self.assert_works(server)
            self.submit(mail(message(CEO)), server=server)
            self.submit(mail(message(extra=b"Bcc: x@rcpt.example\r\n")), server=server)
            self.wait_for("sum(submilter_messages_total)", 4 * turn)
        self.wait_for("up{job='submilter'}", 1)
        self.wait_for("sum(submilter_build_info)", 1)
        self.wait_for("min(submilter_ready)", 1)
        targets = self.ask("targets")["data"]["activeTargets"]
        self.assertEqual([one["lastError"] for one in targets], [""])
        # Not the plain format: Prometheus reads OpenMetrics strictly.
        kinds = self.ask("metadata")["data"]
        self.assertEqual(kinds["submilter_build"][0]["type"], "info")
        for title, expr in queries():
            found = self.values(expr)
            if title is not None and title not in MAY_BE_EMPTY:
                self.assertNotEqual(found, [], "%s: %s" % (title, expr))
        groups = self.ask("rules")["data"]["groups"]
        for rule in [rule for group in groups for rule in group["rules"]]:
            self.assertEqual((rule["health"], rule.get("lastError")), ("ok", None))
            self.assertEqual(rule["alerts"], [], rule["name"])
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % self.port) as page:
            text = page.read()
        self.assertEqual(self.promtool("check", "metrics", text=text), "")
        server.stop()
        self.wait_for("up{job='submilter'}", 0)

    def test_alerts_fire_when_they_should(self):
        (self.work / RULES.name).write_bytes(RULES.read_bytes())
        cases = TOP / "tests/metrics/rules.test.yml"
        (self.work / cases.name).write_bytes(cases.read_bytes())
        self.promtool("test", "rules", cases.name, cwd=self.work)
        # Each alert is in the cases.
        text = cases.read_text(encoding="utf-8")
        for line in RULES.read_text(encoding="utf-8").splitlines():
            if "- alert:" in line:
                self.assertIn(line.split()[-1], text)


class DashboardTest(unittest.TestCase):

    def test_it_shows_each_metric(self):
        shown = " ".join(expr for _, expr in queries())
        # Seen elsewhere: this one is of the server itself.
        names = {"http_requests"}
        listed = [line.split('"')[1] for line in (
            TOP / "include/base/metrics.def").read_text(encoding="utf-8").splitlines()
            if line.startswith("METRIC(")]
        self.assertGreater(len(listed), 25)
        for name in listed:
            if name not in names:
                self.assertIn("submilter_" + name, shown)

    def test_panels_do_not_lie_over_each_other(self):
        panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
        cells = set()
        for panel in panels:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24)
            here = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                    for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(here & cells, panel["title"])
            cells |= here
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))


if __name__ == "__main__":
    unittest.main()
