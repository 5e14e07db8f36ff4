/* SPDX-License-Identifier: BSD-2-Clause
 *
 * facts.h: a row of a report as names with values, for CSV and JSON; what is not known is there, too.
 */
#ifndef RA_TOOLS_OUT_FACTS_H
#define RA_TOOLS_OUT_FACTS_H

#include "format/base/json.h"
#include "ra-tools/out/out.h"

#include <stdbool.h>
#include <stdint.h>

enum fact_kind { FACT_TEXT, FACT_TIME, FACT_COUNT, FACT_INT, FACT_REAL, FACT_BOOL };

struct fact {
	const char *name; /* borrowed, as text is */
	enum fact_kind kind;
	bool known, mixed;
	bool said;	/* not known, JSON says null; else it has no key */
	uint8_t digits; /* REAL: significant ones; 0: ten */
	const char *text;
	uint64_t u;
	int64_t i; /* TIME: ns */
	double r;
};

#define FACTS_MAX 80

struct facts {
	struct fact fact[FACTS_MAX];
	unsigned n;
};

struct fact *facts_add(struct facts *, const char *name, enum fact_kind, bool known);
void facts_text(struct facts *, const char *name, const char *); /* NULL, "": not known */
void facts_count(struct facts *, const char *name, uint64_t);
struct fact *facts_real(struct facts *, const char *name, bool known, double);
/* The value as text; of one that is known. */
void facts_put(const struct fact *, const struct text_options *, struct buf *);
/* Their keys and values, into an object that is open. */
void facts_json(const struct facts *, const struct text_options *, struct json *);

#endif
