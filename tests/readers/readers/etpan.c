/* SPDX-License-Identifier: BSD-2-Clause */
/* libetpan: Claws Mail, MailCore. */
#include <libetpan/libetpan.h>

#include "framing.h"

static void
put_boxes(const char *name, clist *list)
{
	for (clistiter *at = list == NULL ? NULL : clist_begin(list);
	     at != NULL; at = clist_next(at)) {
		struct mailimf_mailbox *box = clist_content(at);

		put_mailbox(name, box->mb_display_name, box->mb_addr_spec);
	}
}

static void
put_field(struct mailimf_field *field)
{
	struct mailimf_mailbox *box = NULL;

	switch (field->fld_type) {
	case MAILIMF_FIELD_FROM:
		put_boxes(
		    names[0], field->fld_data.fld_from->frm_mb_list->mb_list);
		break;
	case MAILIMF_FIELD_SENDER:
		box = field->fld_data.fld_sender->snd_mb;
		put_mailbox(names[1], box->mb_display_name, box->mb_addr_spec);
		break;
	case MAILIMF_FIELD_RESENT_FROM:
		put_boxes(names[2],
		    field->fld_data.fld_resent_from->frm_mb_list->mb_list);
		break;
	case MAILIMF_FIELD_RESENT_SENDER:
		box = field->fld_data.fld_resent_sender->snd_mb;
		put_mailbox(names[3], box->mb_display_name, box->mb_addr_spec);
		break;
	default:
		break;
	}
}

int
main(void)
{
	size_t len;
	char *data;

	while ((data = read_message(&len)) != NULL) {
		struct mailimf_fields *fields = NULL;
		size_t at = 0;

		begin_line();
		if (mailimf_envelope_and_optional_fields_parse(
			data, len, &at, &fields) == MAILIMF_NO_ERROR) {
			for (clistiter *i = clist_begin(fields->fld_list);
			     i != NULL; i = clist_next(i))
				put_field(clist_content(i));
			mailimf_fields_free(fields);
		}
		end_line();
		free(data);
	}
	return 0;
}
