#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""configure names all that is missing at once, with its Debian packages."""

import os
import re
import subprocess
import tempfile
import unittest

CONFIGURE = os.path.abspath(os.path.join(os.environ.get("top_srcdir", "."),
                                         "configure"))
with open(os.path.join(os.path.dirname(CONFIGURE), "configure.ac"),
          encoding="utf-8") as source:
    # What it says, and the package.
    LIBRARIES = re.findall(
        r"^SUBMILTER_LIB\(\[\w+\], \[.*?\], \[(.*?)\], \[([\w-]+)\]\)$",
        source.read(), re.M)


@unittest.skipUnless(os.path.exists(CONFIGURE), "no configure: run autoreconf")
class Configure(unittest.TestCase):
    def run_configure(self, *args, **variables):
        """Its exit code and what it writes to stderr."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.endswith(("_CFLAGS", "_LIBS"))
                       and not name.startswith("PKG_CONFIG")}
        with tempfile.TemporaryDirectory(prefix="submilter-configure.") as top:
            # A tree that was built in refuses to be configured elsewhere.
            os.mkdir(top + "/src")
            for name in os.listdir(os.path.dirname(CONFIGURE)):
                if name != "config.status":
                    os.symlink(os.path.join(os.path.dirname(CONFIGURE), name),
                               os.path.join(top, "src", name))
            done = subprocess.run(
                [top + "/src/configure", "--quiet", *args], cwd=top, timeout=300,
                env={**environment, **variables}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                text=True)
        return done.returncode, done.stderr

    def missing(self, text):
        return [line.strip() for line in text.splitlines()
                if "install the Debian package" in line]

    def test_the_libraries_are_known(self):
        self.assertGreaterEqual(len(LIBRARIES), 4)
        self.assertIn(("PCRE2", "libpcre2-dev"), LIBRARIES)

    def test_all_missing_libraries_are_named_with_their_packages(self):
        # A directory without *.pc in place of all that pkg-config looks into.
        code, text = self.run_configure("--with-systemd",
                                        PKG_CONFIG_LIBDIR="/nonexistent",
                                        PKG_CONFIG_PATH="")
        self.assertEqual(code, 1, text)
        self.assertIn("error: missing:", text)
        lines = self.missing(text)
        for library, package in LIBRARIES:
            self.assertIn("%s: install the Debian package %s" % (library, package),
                          lines)

    def test_no_pkg_config_is_no_riddle(self):
        code, text = self.run_configure(PKG_CONFIG="false")
        self.assertEqual(code, 1, text)
        for library, package in LIBRARIES:
            self.assertIn("%s: install the Debian package %s" % (library, package),
                          self.missing(text))

    def test_libmilter(self):
        # It has no pkg-config file, so what configure found out is made up.
        code, text = self.run_configure(ac_cv_header_libmilter_mfapi_h="no")
        self.assertEqual(code, 1, text)
        self.assertEqual(self.missing(text), [
            "libmilter: install the Debian package libmilter-dev"])

    def test_libunbound(self):
        code, text = self.run_configure(ac_cv_header_unbound_h="no")
        self.assertEqual(code, 1, text)
        self.assertEqual(self.missing(text), [
            "libunbound: install the Debian package libunbound-dev"])
        code, text = self.run_configure(ac_cv_lib_unbound_ub_resolve_async="no")
        self.assertEqual(code, 1, text)
        self.assertEqual(len(self.missing(text)), 1, text)


if __name__ == "__main__":
    unittest.main()
