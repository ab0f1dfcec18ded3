/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PIPELINE_MESSAGE_PRIV_H
#define SUBMILTER_PIPELINE_MESSAGE_PRIV_H

#include "pipeline/pipeline.h"
#include "repair/repair_header.h"

/* More signatures than this help nobody: each takes a key operation. */
enum { MAX_SIGNATURES = 8 };

/* Facts first, then what each step found out, in the order of the steps. */
struct message {
	struct arena mem;
	struct snapshot *snapshot;
	struct mail_facts facts;
	struct submitter submitter;
	bool unchecked;			/* no login, and let through */
	size_t typed_paths;
	struct header header;
	struct err header_fault;
	struct authors authors;
	struct slice claimed_from;	/* what From was, where it is rewritten */
	struct slice warning;		/* what goes on, but should be known */
	struct verdict would;		/* what monitor mode did not do */
	struct verdict held;		/* why the MTA shall keep it back */
	bool rewrite_from;
	struct verdict refusal;		/* what stands if that does not help */
	unsigned int repairs;		/* that the message needed */
	bool repairs_done;
	bool has_edits;
	struct edits edits;
	struct signer *signer;
	struct err body_fault;
	size_t key_count;
	struct signature *signatures;
	bool is_signed;
	uint64_t busy_us;
};

#endif
