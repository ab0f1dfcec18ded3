/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPORT_SERVICE_PROBE_H
#define SUBMILTER_REPORT_SERVICE_PROBE_H

#include "report/domain_report.h"

/*
 * A service_probe() over TCP and OpenSSL: greeting, STARTTLS or TLS from the
 * start, certificate. Says nothing but EHLO, CAPABILITY, CAPA, STARTTLS. What
 * the other side sends is bounded in time and size. Thread-safe.
 */
struct prober;

/* seconds: for one service. -1 (ERR_TEMP) without OpenSSL's help. */
MUST_USE int prober_new(
    unsigned int seconds, struct prober **ret_prober, struct err *err);
void prober_free(struct prober *prober);
/* arg is the prober. */
service_probe service_probe_run;

#endif
