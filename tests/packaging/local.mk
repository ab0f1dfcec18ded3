# SPDX-License-Identifier: BSD-2-Clause
dist_check_SCRIPTS += tests/packaging/test_install.sh
