# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/cli/options.h %D%/options.c \
	include/cli/become.h %D%/become.c \
	include/cli/check.h %D%/check.c %D%/check_domain.c \
	%D%/check_domain_priv.h %D%/domain_print.c \
	include/cli/config_show.h %D%/config_show.c %D%/config_diff.c \
	%D%/config_show_priv.h \
	include/cli/explain.h %D%/explain.c %D%/explain_words.c \
	%D%/explain_priv.h %D%/explain_reasons.def \
	include/cli/genkey.h %D%/genkey.c \
	include/cli/health.h %D%/health.c \
	include/cli/import.h %D%/import.c %D%/import_sample.c \
	%D%/import_priv.h \
	include/cli/keys.h %D%/keys.c \
	include/cli/lookup.h %D%/lookup.c %D%/lookup_login.c %D%/lookup_priv.h \
	%D%/lookup_right.c %D%/lookup_explain.c \
	include/cli/status.h %D%/status.c %D%/status_print.c %D%/status_priv.h \
	%D%/input.c %D%/input_priv.h %D%/operands.c %D%/operands_priv.h %D%/progress.c %D%/progress_priv.h \
	include/cli/report.h %D%/report.c %D%/report_text.c %D%/report_json.c \
	%D%/report_html.c %D%/report_plot.c %D%/report_priv.h \
	include/cli/replay.h %D%/replay.c %D%/replay_judge.c %D%/replay_report.c %D%/replay_priv.h \
	include/cli/reload.h %D%/reload.c \
	%D%/running.c %D%/running_priv.h \
	include/cli/test.h %D%/test.c %D%/test_submit.c %D%/test_report.c %D%/test_explain.c %D%/test_mta.c \
	%D%/test_priv.h
