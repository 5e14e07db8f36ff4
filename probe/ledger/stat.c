/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stat.c: the probe's own counters.
 */
#include "probe/ledger/stat.h"

#include "format/base/clock.h"

#include <inttypes.h>
#include <stdio.h>

static void
add_link(struct stat_link *to, const struct stat_link *from)
{
	to->recv += from->recv;
	to->drop += from->drop;
	to->ifdrop += from->ifdrop;
	to->gap += from->gap;
	to->has_ifdrop |= from->has_ifdrop;
}

void
stat_add(struct stat_set *to, const struct stat_set *from)
{
	uint64_t active = to->active > from->active ? to->active : from->active;
	uint64_t fragtab = to->fragtab > from->fragtab ? to->fragtab : from->fragtab;
	uint64_t satab = to->satab > from->satab ? to->satab : from->satab;

#define STAT(name)         to->name += from->name;
#define STAT_LIVE(name)    to->name += from->name;
#define STAT_OFFLINE(name) to->name += from->name;
#include "probe/ledger/stat.def"
	to->active = active;
	to->fragtab = fragtab;
	to->satab = satab;
	if (from->timed)
		stat_span(to, from->first, from->last);
	to->live |= from->live;
	to->has_ifdrop |= from->has_ifdrop;
	for (unsigned i = 0; i < STAT_LINKS; i++)
		add_link(&to->link[i], &from->link[i]);
}

void
stat_take(struct stat_set *s, const struct stat_news *n)
{
	s->ps_recv += n->is.recv;
	s->ps_drop += n->is.drop;
	s->ps_ifdrop += n->is.ifdrop;
	s->ifgap += (uint64_t)n->is.gap / USEC;
	s->has_ifdrop |= n->is.has_ifdrop;
	add_link(&s->link[n->link], &n->is);
}

/* Not known is not zero: not every interface counts what it dropped, and of one that was away nobody knows. */
static bool
known(const struct stat_set *s, enum field f)
{
	return (s->ifgap == 0 && f != F_ifgap && (f != F_ps_ifdrop || s->has_ifdrop));
}

void
stat_fill(const struct stat_set *s, struct tile *f)
{
	if (s->timed) {
		PUT(f, stime, (uint64_t)s->first);
		PUT(f, ltime, (uint64_t)s->last);
	}
#define STAT(name) PUT(f, name, s->name);
#define STAT_LIVE(name)                                        \
	if (s->name > 0 || (s->live && known(s, F_##name)))    \
		PUT(f, name, s->name);
#define STAT_OFFLINE(name) \
	if (!s->live)      \
		PUT(f, name, s->name);
#include "probe/ledger/stat.def"
}

static int
count_text(char *to, size_t size, uint64_t n, bool known)
{
	return (n > 0 || known ? snprintf(to, size, ":%" PRIu64, n) : snprintf(to, size, ":-"));
}

size_t
stat_links(const struct stat_set *s, char *const *name, unsigned n, char *to, size_t size)
{
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct stat_link *k = &s->link[i];
		bool known = k->gap == 0;

		if (size - at < STAT_LINK_TEXT)
			break;
		at += (size_t)snprintf(to + at, size - at, "%s%.15s", i > 0 ? "," : "", name[i]);
		at += (size_t)count_text(to + at, size - at, k->recv, known);
		at += (size_t)count_text(to + at, size - at, k->drop, known);
		at += (size_t)count_text(to + at, size - at, k->ifdrop, known && k->has_ifdrop);
	}
	return (at);
}
