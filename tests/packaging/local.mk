# SPDX-License-Identifier: BSD-2-Clause
# test_deb.sh needs the tools of a Debian developer: tests/run calls it. lifecycle
# needs a machine that it may spoil: tests/firstday/run calls it. rpm and reproducible
# take minutes: packaging/release-check calls them. container needs podman and the
# network.
dist_check_SCRIPTS += tests/packaging/test_install.sh tests/packaging/test_completions.py tests/packaging/test_services.sh tests/packaging/test_spec.sh
EXTRA_DIST += tests/packaging/test_deb.sh tests/packaging/lifecycle tests/packaging/reproducible \
	tests/packaging/container tests/packaging/rpm tests/packaging/rpm-inside tests/packaging/signed.py
