/* SPDX-License-Identifier: BSD-2-Clause
 *
 * corrections.c: which corrections a filter loses.
 */
#include "ra-tools/query/corrections.h"

/* They lack a value that the filter asks for; a field of the key is always there. */
uint64_t
corrections_lost(const struct filter *filter, const struct batch *b, const uint64_t *rejected)
{
	const struct fieldset *asked = filter_fields(filter);
	const struct column *type = b->col[F_rectype];
	uint64_t n = 0;

	for (uint32_t i = 0; type != NULL && i < b->rows; i++) {
		bool lacks = false;

		if (!bit_get(rejected, i) || type->u[i] != RECTYPE_CORR)
			continue;
		for (enum field f = 0; f < F_STORED && !lacks; f++)
			lacks = fieldset_has(asked, f) && fields[f].agg != AGG_KEY &&
				fields[f].agg != AGG_COMP && !column_has(b->col[f], i) &&
				!column_mixed(b->col[f], i);
		n += lacks;
	}
	return (n);
}

/* What corrections may lack. */
static bool
asks_of_traffic(const struct filter *filter)
{
	const struct fieldset *asked = filter_fields(filter);

	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(asked, f) && fields[f].agg != AGG_KEY && fields[f].agg != AGG_COMP && f != F_rectype &&
		    f != F_flags && f != F_bstart && f != F_bend)
			return (true);
	return (false);
}

bool
corrections_in(const struct filter *filter, const struct block_info *b)
{
	const struct range *type = &b->range[F_rectype];
	bool none = type->known && type->all && (type->min.u > RECTYPE_CORR || type->max.u < RECTYPE_CORR);
	bool fixes = !b->range[F_sfix].absent || !b->range[F_dfix].absent; /* they take back loss */

	return (!none && fixes && asks_of_traffic(filter));
}
