/* SPDX-License-Identifier: BSD-2-Clause */
/* VMime. */
#include <vmime/vmime.hpp>

#include "framing.h"

/*
 * All fields are read as lists: the library takes From for one mailbox, and
 * the whole of two bare addresses for that one.
 */
static void
put_field(const char *name, const vmime::string &value)
{
	vmime::mailboxList list;

	list.parse(value);
	for (size_t i = 0; i < list.getMailboxCount(); i++) {
		const vmime::emailAddress &email =
		    list.getMailboxAt(i)->getEmail();
		/* Its own text form would be encoded as a field is. */
		const vmime::string address = email.getLocalName().getBuffer() +
		    "@" + email.getDomainName().getBuffer();

		put_mailbox(name, "", address.c_str());
	}
}

int
main()
{
	size_t len;
	char *data;

	while ((data = read_message(&len)) != NULL) {
		const vmime::string text(data, len);

		begin_line();
		try {
			vmime::message message;

			message.parse(text);
			for (auto field : message.getHeader()->getFieldList()) {
				const vmime::string whole = text.substr(
				    field->getParsedOffset(),
				    field->getParsedLength());
				const vmime::string name = field->getName();

				for (int n = 0; n < NAMES; n++) {
					if (strcasecmp(name.c_str(), names[n]) == 0)
						put_field(names[n], whole.substr(
						    whole.find(':') + 1));
				}
			}
		} catch (std::exception &) {
		}
		end_line();
		free(data);
	}
	return 0;
}
