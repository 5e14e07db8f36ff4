/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge.c: the earliest of the frames that are there, once no earlier one can come.
 */
#include "probe/capture/merge.h"

#include <stddef.h>

static void
ask(struct merge *m, struct merge_source *s)
{
	s->held = s->next(s->arg, &s->head);
	s->round = m->round;
	if (!s->held)
		s->empty = m->clock();
}

/* The earliest frame that is held, NULL: none; and up to which time there can be no earlier one. */
static struct merge_source *
earliest(const struct merge *m, int64_t *sure)
{
	struct merge_source *first = NULL;

	*sure = INT64_MAX;
	for (unsigned i = 0; i < m->n; i++) {
		struct merge_source *s = &m->source[i];

		if (!s->held)
			*sure = s->empty - m->hold < *sure ? s->empty - m->hold : *sure;
		else if (first == NULL || s->head.ts < first->head.ts)
			first = s;
	}
	return (first);
}

bool
merge_next(struct merge *m, struct frame *frame, int64_t *until)
{
	struct merge_source *first;
	int64_t sure, now;

	m->round++;
	if (m->last != NULL)
		ask(m, m->last);
	m->last = NULL;
	first = earliest(m, &sure);
	if (first == NULL || first->head.ts > sure) { /* not before everybody was asked */
		for (unsigned i = 0; i < m->n; i++)
			if (!m->source[i].held && m->source[i].round != m->round)
				ask(m, &m->source[i]);
		first = earliest(m, &sure);
	}
	if (first == NULL) {
		*until = INT64_MAX;
		return (false);
	}
	if (first->head.ts > sure) {
		now = m->clock();
		*until = first->head.ts + m->hold;
		if (first->head.ts <= now + m->hold) /* else it is of a clock that was set back since */
			return (false);
	}
	*frame = first->head;
	m->last = first;
	return (true);
}

void
merge_forget(struct merge *m, struct merge_source *s)
{
	s->held = false;
	s->empty = m->clock();
	if (m->last == s)
		m->last = NULL;
}
