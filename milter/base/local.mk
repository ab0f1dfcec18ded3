# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/base/arena.h %D%/arena.c \
	include/base/clock.h %D%/clock.c \
	include/base/cores.h %D%/cores.c \
	include/base/crew.h %D%/crew.c \
	include/base/descend.h %D%/descend.c \
	include/base/ensure.h \
	include/base/err.h %D%/err.c \
	include/base/file.h %D%/file.c %D%/file_replace.c \
	include/base/log.h %D%/log.c \
	include/base/map.h %D%/map.c \
	include/base/memory.h %D%/memory.c \
	include/base/metrics.def include/base/metrics.h %D%/metrics.c \
	include/base/net.h %D%/net.c \
	include/base/octets.h %D%/octets.c %D%/octets_encodings.c \
	%D%/octets_priv.h \
	include/base/pace.h %D%/pace.c \
	include/base/private_file.h %D%/private_file.c \
	include/base/report.h %D%/report.c \
	include/base/shell.h %D%/shell.c \
	include/base/str.h %D%/str.c \
	include/base/suggest.h %D%/suggest.c \
	include/base/terminal.h %D%/terminal.c
