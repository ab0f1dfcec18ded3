# SPDX-License-Identifier: BSD-2-Clause
"""What Roundcube says to an MTA: its own code, run without a browser."""

import pathlib
import subprocess

from .mta import HOSTNAME

_LIBRARIES = ["php-net-smtp", "php-net-socket", "php-auth-sasl", "php-pear"]
_CONFIG = """<?php
$config['des_key'] = 'of 24 letters, not more.';
$config['log_driver'] = 'stdout';
$config['smtp_conn_options'] = ['ssl' => ['cafile' => '%s', 'peer_name' => '%s']];
%s
"""


class Roundcube:
    """Roundcube with the settings `config`, which are lines of config.inc.php.

    directory   where to live; is made
    debs        a Debs with "roundcube"
    mta         the MTA whose certificate is trusted
    """

    def __init__(self, directory, debs, mta, config):
        self._debs, self._directory = debs, pathlib.Path(directory)
        self._directory.mkdir()
        defaults = debs.package("roundcube-core") / "etc/roundcube/defaults.inc.php"
        (self._directory / "defaults.inc.php").symlink_to(defaults)
        (self._directory / "config.inc.php").write_text(
            _CONFIG % (mta.ca_file, HOSTNAME, config))

    def send(self, raw, login, password, browser, mail_from, recipient):
        """Whether the MTA took it, and what Roundcube logged."""
        folders = [self._debs.package("roundcube-core")
                   / "usr/share/roundcube/program/lib/Roundcube"]
        folders += [self._debs.package(name) / "usr/share/php" for name in _LIBRARIES]
        php = [self._debs.file("php*-cli/usr/bin/php[0-9]*"), "-n",
               "-d", "include_path=" + ":".join(map(str, folders))]
        for name in "mbstring", "intl":
            module = self._debs.file("php*-%s/usr/lib/php/*/%s.so" % (name, name))
            php += ["-d", "extension=%s" % module]
        done = subprocess.run(
            php + [pathlib.Path(__file__).with_name("roundcube.php"), self._directory,
                   login, password, browser, mail_from, recipient],
            input=raw, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
            env=self._debs.environment(), check=False)
        return done.returncode == 0, done.stdout.decode(errors="replace")
