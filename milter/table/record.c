/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables whose server is told of messages. */
#include "table/record.h"

#include "table_priv.h"

bool
table_takes_records(const struct table *table)
{
	return table->ops->tell != NULL;
}

int
table_tell(const struct table *table, const struct table_record *record,
    const struct table_context *context)
{
	ENSURE(table_takes_records(table));
	if (table->ops->tell(table->handle, record, context) == 0)
		return 0;
	return err_wrap(
	    context->err, "table %s", escape(context->mem, table->spec, 200));
}
