# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/logbook/source.h %D%/source.c \
	include/logbook/reader.h %D%/reader.c %D%/stamp.c %D%/stamp_priv.h \
	%D%/journal.c %D%/journal_priv.h \
	include/logbook/postfix_log.h %D%/postfix_log.c \
	include/logbook/record.h %D%/record.c \
	include/logbook/census.h %D%/census.c \
	include/logbook/histogram.h %D%/histogram.c \
	include/logbook/survey.h include/logbook/survey_tables.def %D%/survey.c
