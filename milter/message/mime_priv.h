/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_MIME_PRIV_H
#define SUBMILTER_MESSAGE_MIME_PRIV_H

#include "message/mime.h"

/* The values of a part's header that say how to read its content. */
struct mime_labels {
	struct slice type;
	struct slice encoding;
};

/*
 * Reads what matters of the header of a part, up to and with its empty line if
 * facts->ended; in_message: of an attached message, which may begin with an mbox
 * line. The labels point into the text.
 */
void mime_read_header(struct mime_header *facts, struct slice text,
    bool in_message, struct mime_labels *ret_labels);

/*
 * Whether an attached message has no header: text begins in its first line,
 * and no field follows. text: up to its first empty line, or its end.
 */
bool mime_lacks_header(struct slice text);

/* Notes 8-bit octets, NUL and the like of such text. */
void mime_measure_text(struct mime_part *part, struct slice text);

/* A value of Content-Transfer-Encoding in the form that MTAs write. */
bool mime_is_plain_encoding(struct slice value);

/* A line that is a field which says 8bit or binary, or in the next line. */
bool mime_is_8bit_label(struct slice line);

#endif
