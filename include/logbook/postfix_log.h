/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_LOGBOOK_POSTFIX_LOG_H
#define SUBMILTER_LOGBOOK_POSTFIX_LOG_H

#include "logbook/record.h"

/*
 * What users submitted, as Postfix logs it without any milter: login, client and
 * MAIL FROM. One thread at a time.
 */
struct postfix_log;

/*
 * A message whose record has qid, client, mail_from and, of a client that logged
 * in, login and via. It lasts for the call.
 */
typedef void postfix_log_visit(void *arg, const struct log_record *record);

struct postfix_log *postfix_log_new(postfix_log_visit *visit, void *arg);
/* NULL is fine. */
void postfix_log_free(struct postfix_log *log);
/*
 * A line of a log of any kind; those of others are passed over. A message is told
 * when the queue manager names its sender, once. Told of are those whose client
 * logged in, or reached a service that is named submission, submissions or smtps.
 * Memory is bounded: of very many messages on their way at once some are lost.
 */
void postfix_log_line(struct postfix_log *log, struct slice line);

#endif
