/* SPDX-License-Identifier: BSD-2-Clause */
/* VMime. */
#include <vmime/vmime.hpp>

#include "framing.h"

static void
put_box(const char *name, const vmime::mailbox &box)
{
	/* Its own text form would be encoded as a field is. */
	const vmime::string address = box.getEmail().getLocalName().getBuffer() +
	    "@" + box.getEmail().getDomainName().getBuffer();

	put_mailbox(name, "", address.c_str());
}

int
main()
{
	size_t len;
	char *data;

	while ((data = read_message(&len)) != NULL) {
		begin_line();
		try {
			vmime::message message;

			message.parse(vmime::string(data, len));
			for (auto field : message.getHeader()->getFieldList()) {
				for (int n = 0; n < NAMES; n++) {
					vmime::mailboxList list;

					if (strcasecmp(field->getName().c_str(), names[n]) != 0)
						continue;
					list.parse(field->getValue()->generate());
					for (size_t i = 0; i < list.getMailboxCount(); i++)
						put_box(names[n], *list.getMailboxAt(i));
				}
			}
		} catch (std::exception &) {
		}
		end_line();
		free(data);
	}
	return 0;
}
