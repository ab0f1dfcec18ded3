# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/pipeline/pipeline.h %D%/pipeline.c %D%/message.c %D%/message_priv.h \
	%D%/outcome.c %D%/outcome_priv.h \
	%D%/step_identify.c %D%/step_path.c %D%/step_authors.c %D%/step_names.c %D%/step_limits.c \
	%D%/step_repair.c %D%/choose_keys.c %D%/foresee.c %D%/plan_body.c %D%/signing.c \
	%D%/log_line.c %D%/message_count.c include/pipeline/log_fields.def include/pipeline/log_fields.h \
	include/pipeline/snapshot.h %D%/snapshot.c %D%/snapshot_slot.c
