/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells the MTA what changes in a message, and the reply. */
#include "glue_priv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "message/body.h"

/* RFC 5321 section 4.5.3.1.5: 512 octets with the codes and the line end. */
enum { MAX_REPLY_OCTETS = 490 };

/*
 * A value as the MTA takes it: in a string that may be written to, and without
 * the blank that an MTA adds itself. (An empty value deletes the field.)
 */
static char *
value_for_mta(struct arena *mem, struct slice value, unsigned long steps)
{
	if ((steps & SMFIP_HDR_LEADSPC) == 0 && value.len > 1 &&
	    value.data[0] == ' ')
		value = slice_from(value, 1);
	return slice_cstr(mem, value);
}

static bool
edits_apply(SMFICTX *ctx, const struct edits *edits, unsigned long steps)
{
	CLEANUP(arena_done) struct arena scratch;
	struct arena *mem = &scratch;
	size_t received = edits->received->count;
	const size_t *occurrences;

	arena_init(&scratch);
	occurrences = edits_occurrences(edits, mem);
	/*
	 * From the bottom up: Postfix counts again after a deletion, Sendmail
	 * does not, and they agree on what stands above.
	 */
	for (size_t i = received; i > 0; i--) {
		const struct edited_field *edited = &edits->fields[i - 1];
		const struct field *field = &edited->field;

		if (edited->state != FIELD_KEPT &&
		    smfi_chgheader(ctx, slice_cstr(mem, field->name),
			(int)occurrences[i - 1],
			edited->state == FIELD_DELETED ?
			    NULL :
			    value_for_mta(mem, field->value, steps)) !=
			MI_SUCCESS)
			return false;
	}
	/*
	 * Sendmail would add a Date, From or Message-ID of its own beside one
	 * that was inserted, but not beside one that was added.
	 */
	for (size_t i = received; i < edits->count; i++) {
		const struct field *field = &edits->fields[i].field;

		if (edits->fields[i].state == FIELD_ADDED &&
		    smfi_addheader(ctx, slice_cstr(mem, field->name),
			value_for_mta(mem, field->value, steps)) != MI_SUCCESS)
			return false;
	}
	for (size_t i = received; i < edits->count; i++) {
		const struct field *field = &edits->fields[i].field;

		if (edits->fields[i].state == FIELD_ON_TOP &&
		    smfi_insheader(ctx, 0, slice_cstr(mem, field->name),
			value_for_mta(mem, field->value, steps)) != MI_SUCCESS)
			return false;
	}
	return true;
}

/* A body on its way to the MTA, in pieces that fit a packet. */
struct replacement {
	SMFICTX *ctx;
	unsigned char data[BODY_PIECE_OCTETS];
	size_t len;
	bool sent; /* a piece, at least */
	bool failed;
};

static void
send_piece(struct replacement *new, const void *data, size_t len)
{
	/* libmilter only reads it. */
	if (!new->failed &&
	    smfi_replacebody(new->ctx, (unsigned char *)(uintptr_t)data,
		(int)len) != MI_SUCCESS)
		new->failed = true;
	new->sent = true;
}

static void
flush_body(struct replacement *new)
{
	if (new->len > 0)
		send_piece(new, new->data, new->len);
	new->len = 0;
}

static void
replace_piece(void *arg, struct slice text)
{
	struct replacement *new = arg;

	while (text.len > 0) {
		size_t room = sizeof(new->data) - new->len;
		struct slice piece = slice_sub(text, 0, room);

		text = slice_from(text, piece.len);
		if (piece.len == sizeof(new->data)) {
			send_piece(new, piece.data, piece.len);
			continue;
		}
		memcpy(new->data + new->len, piece.data, piece.len);
		new->len += piece.len;
		if (new->len == sizeof(new->data))
			flush_body(new);
	}
}

static int
not_taken(struct err *err)
{
	return err_set(err, ERR_TEMP, "the MTA did not take a change");
}

static int
body_apply(SMFICTX *ctx, const struct message *message, struct err *err)
{
	struct replacement *new;
	bool failed;

	if (!message_changes_body(message))
		return 0;
	new = calloc(1, sizeof(*new));
	ENSURE(new != NULL);
	new->ctx = ctx;
	if (message_write_body(message, replace_piece, new, err) != 0) {
		free(new);
		return err_wrap(err, "body");
	}
	flush_body(new);
	/*
	 * Without a piece the MTA keeps the old body. To a signature an empty
	 * line is an empty body (RFC 6376 sections 3.4.3 and 3.4.4).
	 */
	if (!new->sent) {
		replace_piece(new, SLICE("\r\n"));
		flush_body(new);
	}
	failed = new->failed;
	free(new);
	return failed ? not_taken(err) : 0;
}

/* libmilter itself refuses what was not agreed on with the MTA. */
static int
envelope_apply(
    SMFICTX *ctx, const struct envelope_edits *envelope, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice path;

	arena_init(&mem);
	if (!envelope->changes_sender)
		return 0;
	path = slice_format(&mem, "<%.*s>", SLICE_ARGS(envelope->sender));
	if (smfi_chgfrom(ctx, slice_cstr(&mem, path), NULL) != MI_SUCCESS)
		return err_set(err, ERR_TEMP,
		    "the MTA does not let MAIL FROM "
		    "be changed in this connection");
	return 0;
}

int
message_apply(SMFICTX *ctx, const struct message *message, unsigned long steps,
    struct err *err)
{
	if (body_apply(ctx, message, err) != 0)
		return -1;
	if (!edits_apply(ctx, message_edits(message), steps))
		return not_taken(err);
	return envelope_apply(ctx, message_envelope(message), err);
}

int
hold_message(SMFICTX *ctx, const struct verdict *verdict, struct err *err)
{
	char text[MAX_REPLY_OCTETS + 1];
	size_t len = 0;

	for (; len < verdict->text.len && len < MAX_REPLY_OCTETS; len++) {
		char c = verdict->text.data[len];

		text[len] = char_is_control(c) || char_is_8bit(c) ? '?' : c;
	}
	text[len] = '\0';
	return smfi_quarantine(ctx, text) == MI_SUCCESS ? 0 : not_taken(err);
}

sfsistat
verdict_reply(SMFICTX *ctx, const struct verdict *verdict)
{
	char code[4] = { 0 };
	char enhanced[8] = { 0 };
	char text[MAX_REPLY_OCTETS + 2];
	size_t len = 0;

	if (verdict->action == ACTION_ACCEPT || verdict->action == ACTION_HOLD)
		return SMFIS_CONTINUE;
	for (size_t i = 0; i < 3; i++)
		code[i] = verdict->code[i];
	for (size_t i = 0; i < 7 && verdict->enhanced[i] != '\0'; i++)
		enhanced[i] = verdict->enhanced[i];
	/* Both MTAs take a percent sign for the beginning of something. */
	for (size_t i = 0; i < verdict->text.len && len < MAX_REPLY_OCTETS;
	     i++) {
		char c = verdict->text.data[i];

		if (c == '%')
			text[len++] = '%';
		text[len++] = char_is_control(c) || char_is_8bit(c) ? '?' : c;
	}
	text[len] = '\0';
	/* If it does not take our text, it answers with its own. */
	(void)smfi_setreply(ctx, code, enhanced, text);
	return verdict->action == ACTION_REJECT ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}
