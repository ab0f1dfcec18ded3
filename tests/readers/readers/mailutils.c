/* SPDX-License-Identifier: BSD-2-Clause */
/* GNU mailutils. */
#include <mailutils/mailutils.h>

#include "framing.h"

static void
put_field(const char *name, const char *value)
{
	mu_address_t list;
	size_t count = 0;

	if (mu_address_create(&list, value) != 0)
		return;
	mu_address_get_count(list, &count);
	for (size_t i = 1; i <= count; i++) {
		const char *address = NULL, *display = NULL;

		(void)mu_address_sget_personal(list, i, &display);
		if (mu_address_sget_email(list, i, &address) == 0 &&
		    address != NULL)
			put_mailbox(name, display, address);
	}
	mu_address_destroy(&list);
}

int
main(void)
{
	size_t len;
	char *data;

	while ((data = read_message(&len)) != NULL) {
		char *end = strstr(data, "\r\n\r\n");
		size_t out = 0;
		mu_header_t header;

		if (end != NULL)
			len = (size_t)(end - data) + 2;
		/* It reads the text of a store, which has LF line ends. */
		for (size_t i = 0; i < len; i++) {
			if (data[i] != '\r' || data[i + 1] != '\n')
				data[out++] = data[i];
		}
		begin_line();
		if (mu_header_create(&header, data, out) == 0) {
			for (int n = 0; n < NAMES; n++) {
				char *value;

				for (int i = 1;
				     mu_header_aget_value_unfold_n(
					 header, names[n], i, &value) == 0;
				     i++) {
					put_field(names[n], value);
					free(value);
				}
			}
			mu_header_destroy(&header);
		}
		end_line();
		free(data);
	}
	return 0;
}
