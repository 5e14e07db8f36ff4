/* SPDX-License-Identifier: BSD-2-Clause
 *
 * drill.h: the way down from a row: the filter for the records behind it, the packets behind these, as
 * commands that can be typed.
 *
 * A merged row is an answer; these texts are how to ask again (SEMANTICS 7: the lower level is a plain filter
 * on the same file).
 */
#ifndef RA_TOOLS_REPORT_DRILL_H
#define RA_TOOLS_REPORT_DRILL_H

#include "format/base/buf.h"
#include "ra-tools/query/aggr.h"

/* Columns that the functions below look at beside those of the key. */
void drill_want(struct fieldset *);
/* Append the filter, pavo-filter(7), of the records that row r of these keys was made of; nothing: all. */
void drill_filter(const struct keys *, const struct batch *, uint32_t r, struct buf *);
/* The same of one record: its flow. */
void drill_flow(const struct batch *, uint32_t r, struct buf *);
/* Append the filter, pcap-filter(7), of its packets, as narrow as that language can say; nothing: all. */
void drill_bpf(const struct keys *, const struct batch *, uint32_t r, struct buf *);
/* Append a command: TOOL INPUTS -t RANGE OPTIONS - 'FILTER'. inputs, options and filter may be empty. */
void drill_command(const char *tool, const char *inputs, int64_t from, int64_t to,
		   const char *options, const char *filter, struct buf *);
/* Append the command that takes these packets out of a capture. */
void drill_pcap(const char *capture, int64_t from, int64_t to, const char *bpf, struct buf *);
/* A word as one types it in a shell. */
/* Append what -t takes for [from, to), ns. */
void drill_range(int64_t from, int64_t to, struct buf *);
void drill_quote(const char *, struct buf *);

#endif
