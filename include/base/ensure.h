/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_ENSURE_H
#define SUBMILTER_BASE_ENSURE_H

/*
 * ENSURE(condition): an invariant of this program, checked in release builds
 * too. A broken one ends the process with a log line: the MTA then keeps the
 * message with the client. Input must never be able to reach it.
 */
#define ENSURE(condition) \
	((condition) ? (void)0 : ensure_failed(#condition, __FILE__, __LINE__))

/* Logs what broke and where, and aborts. */
_Noreturn void ensure_failed(const char *what, const char *file, int line);

/* CLEANUP(f): calls f(&variable) when the variable leaves its scope. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* A result that must be looked at. */
#define MUST_USE __attribute__((warn_unused_result))

/* Arguments are checked like those of printf(3). */
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

#endif
