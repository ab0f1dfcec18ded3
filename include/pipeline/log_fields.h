/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PIPELINE_LOG_FIELDS_H
#define SUBMILTER_PIPELINE_LOG_FIELDS_H

/* The fields of a message's line in the log: see log_fields.def. */
enum log_field {
#define LOG_FIELD(id, name, kind, max) LOG_##id,
#include "pipeline/log_fields.def"
#undef LOG_FIELD
	LOG_FIELDS
};

enum log_kind {
	LOG_KIND_WORD,
	LOG_KIND_LIST,
	LOG_KIND_NUMBER,
	LOG_KIND_MS,
	LOG_KIND_TEXT,
	LOG_KIND_TEXTS
};

#endif
