# SPDX-License-Identifier: BSD-2-Clause
"""What autopkgtest would run, and upgrades, removal and purge of the package."""

import re

import documents

BUILD = ("apt-get update -qq && apt-get install -y -qq dpkg-dev && "
         "apt-get build-dep -y -qq ./packaging && packaging/build-deb out")


def depends():
    """Of the test, but for the package itself."""
    control = (documents.TOP / "packaging/debian/tests/control").read_text(encoding="utf-8")
    words = re.search(r"(?m)^Depends: (.*)", control).group(1).replace(",", " ").split()
    return " ".join(word for word in words if word != "submilter")


def prove(host, helpers, file, out):
    deb = "/root/" + file.name
    (host.root.path / deb.lstrip("/")).write_bytes(file.read_bytes())
    host.fetch(" ".join([helpers, depends(), deb]))
    host.root.write("/etc/mailname", "example.org\n")
    host.root.boot(out / "systemd-package.log")
    host.root.must("apt-get install -y --no-install-recommends %s %s && dpkg -P submilter"
                   % (depends(), deb))
    for name, command in (("lifecycle", "tests/packaging/lifecycle " + deb),
                          ("autopkgtest", "packaging/debian/tests/submission")):
        done = host.root.run(command)
        print(done.stdout, flush=True)
        host.report.check(name, done.returncode == 0)
