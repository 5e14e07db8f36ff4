/* SPDX-License-Identifier: BSD-2-Clause
 *
 * histo.h: what rahisto counted, as text with bars, CSV, JSON and a picture.
 */
#ifndef RA_TOOLS_OUT_HISTO_H
#define RA_TOOLS_OUT_HISTO_H

#include "ra-tools/out/out.h"

struct bar { /* values from <= v <= to; of fractions: from <= v < to */
	union value from, to;
	uint64_t count;
};

struct histo {
	const char *name; /* of the field */
	enum type type;	  /* of values */
	struct bar *bar;  /* ascending, without holes */
	size_t n;
	uint64_t total, without; /* values; records without one */
	bool exact;		 /* least and greatest are known */
	union value least, greatest;
	const union value *sorted; /* all values, ascending; NULL: percentiles are known as bounds of bars only */
	const char *rows; /* of what the values are: "records", "samples" */
};

void histo_text(const struct histo *, struct sheet *);
void histo_csv(const struct histo *, struct sheet *);
void histo_json(const struct histo *, struct sheet *);
void histo_svg(const struct histo *, const struct text_options *, struct buf *to);

#endif
