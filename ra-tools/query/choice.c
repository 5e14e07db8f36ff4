/* SPDX-License-Identifier: BSD-2-Clause
 *
 * choice.c: which rows an answer is made of, before they are read.
 */
#include "ra-tools/query/choice.h"

void
choice_want(const struct choice *c, struct fieldset *set)
{
	fieldset_want(set, F_rectype);
	if (c->timed) {
		fieldset_want(set, F_bstart);
		fieldset_want(set, F_bend);
	}
	if (c->filter != NULL)
		fieldset_union(set, filter_fields(c->filter));
	if (c->leave_events) {
		fieldset_want(set, F_flags);
		fieldset_want(set, F_spkts);
		fieldset_want(set, F_dpkts);
	}
}

bool
choice_outside(const struct choice *c, const struct block_info *b)
{
	const struct range *start = &b->range[F_bstart], *end = &b->range[F_bend];

	return (c->timed && ((start->known && !start->mixed && start->min.i >= c->to) ||
				(end->known && end->all && end->max.i <= c->from)));
}

bool
choice_only_mar(const struct choice *c, const struct block_info *b)
{
	const struct range *type = &b->range[F_rectype];

	return (c->leave_mar && type->known && type->all && type->min.u == RECTYPE_MAR && type->max.u == RECTYPE_MAR);
}

unsigned
choice_filtered(const struct choice *c, const struct block_info *b)
{
	enum filter_skip skip = c->filter == NULL ? FILTER_MAYBE : filter_skips(c->filter, b);

	return (skip == FILTER_MAYBE ? 0 : WHY_FILTER + (unsigned)skip - FILTER_RANGE);
}

void
choice_scan(const struct choice *c, struct scan_plan *plan)
{
	plan->filter = c->filter;
	plan->timed = c->timed;
	plan->from = c->from;
	plan->to = c->to;
	plan->leave_mar = c->leave_mar;
	plan->leave_events = c->leave_events;
}
