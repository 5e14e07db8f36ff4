/* SPDX-License-Identifier: BSD-2-Clause
 *
 * segment.h: what is known of a segment of a record file, and of a field in one of its blocks, without a row read.
 */
#ifndef FORMAT_SEGMENT_H
#define FORMAT_SEGMENT_H

#include "format/flow.h"

/* Settings of the probe that wrote a segment.  Who hands it out says how long the text lives. */
struct segment_info {
	const char *probe;
	const char *program; /* that wrote it, and its version; NULL: not said.  A writer says its own */
	uint32_t interval;  /* T in seconds; 0 = not said */
	uint32_t snaplen;
	bool filtered;      /* written under a filter */
	bool live;
};

/* What can be said of a field in a block from its directory alone. */
struct range {
	bool known;         /* min and max are there */
	bool absent;        /* no row of the block has the field (present or mixed) */
	bool all;           /* every row has it, none is mixed */
	bool mixed;         /* some row is mixed: anything may match */
	union value min, max; /* of present values; STORE_BLOB: never known */
};

#endif
