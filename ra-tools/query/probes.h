/* SPDX-License-Identifier: BSD-2-Clause
 *
 * probes.h: the probes that records are of.
 *
 * Two probes on one path see the same packets, so their records are not added up unless somebody asks for it
 * (SEMANTICS 14.4).
 */
#ifndef RA_TOOLS_QUERY_PROBES_H
#define RA_TOOLS_QUERY_PROBES_H

#include "format/base/buf.h"
#include "format/batch.h"

#include <stdbool.h>
#include <stdint.h>

struct probes;

struct probes *probes_new(void);
void probes_free(struct probes **);
void probes_forget(struct probes *); /* all of them */
/* The number of the row's probe, from 0 in the order in which they are met.  Records without a probe have one, and so
 * have those that were merged from several. */
unsigned probes_of_row(struct probes *, const struct batch *, uint32_t row);
/* Meet those of the selected rows, of 64 rows those with a name first. */
void probes_meet(struct probes *, struct batch *);
void probes_join(struct probes *, const struct probes *other);
/* More than one; what was merged from several is that. */
bool probes_several(const struct probes *);
enum probe_kind { PROBE_NAMED, PROBE_ABSENT, PROBE_MERGED /* from several */ };
enum probe_kind probes_kind(const struct probes *, unsigned number);
/* As it is printed: control characters as \x1b; "-" if there is none, "*" if they differ.  Lives until it is forgotten. */
const char *probes_name(const struct probes *, unsigned number);
/* The filter, pavo-filter(7), of its records. */
void probes_filter(const struct probes *, unsigned number, struct buf *);
/* The sentence: these were added up in what `of` says ("rows of -m matrix"); `apart` ("-m probe,matrix") keeps them
 * apart; NULL: nothing does. */
void probes_text(const struct probes *, const char *of, const char *apart, struct buf *);

#endif
