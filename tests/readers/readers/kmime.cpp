/* SPDX-License-Identifier: BSD-2-Clause */
/* KMime: KMail. It has From and Sender only as lists of mailboxes. */
#include <KMime/Message>

#include "framing.h"

static void
put_boxes(const char *name, const KMime::Types::Mailbox::List &list)
{
	for (const auto &box : list)
		put_mailbox(name, box.name().toUtf8().constData(),
		    box.addrSpec().asString().toUtf8().constData());
}

int
main()
{
	size_t len;
	char *data;

	while ((data = read_message(&len)) != NULL) {
		KMime::Message message;

		message.setContent(
		    QByteArray(data, int(len)).replace("\r\n", "\n"));
		message.parse();
		begin_line();
		if (auto field = message.from(false))
			put_boxes(names[0], field->mailboxes());
		if (auto field = message.sender(false))
			put_boxes(names[1], field->mailboxes());
		end_line();
		free(data);
	}
	return 0;
}
