# SPDX-License-Identifier: BSD-2-Clause
# What the documents show is known, and its configurations load.
dist_check_SCRIPTS += tests/firstday/test_documents.py
EXTRA_DIST += tests/firstday/documents.py tests/firstday/book.py tests/firstday/plan.py
# What the book in docs shows is done, in an overlay of this machine: tests/run documents
EXTRA_DIST += tests/firstday/stage.py tests/firstday/host.py tests/firstday/inside.py \
	tests/firstday/root.py tests/firstday/read-book
# A command of its own, with a bare Debian and systemd: tests/firstday/run SUITE
EXTRA_DIST += tests/firstday/service.py tests/firstday/package.py tests/firstday/run
