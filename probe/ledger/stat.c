/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stat.c: the probe's own counters.
 */
#include "probe/ledger/stat.h"

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
	to->live |= from->live;
	to->has_ifdrop |= from->has_ifdrop;
}

void
stat_fill(const struct stat_set *s, struct tile *f)
{
#define STAT(name) PUT(f, name, s->name);
/* Not known is not zero: not every interface counts what it dropped. */
#define STAT_LIVE(name)                                                                     \
	if (s->live ? F_##name != F_ps_ifdrop || s->has_ifdrop : s->name > 0)               \
		PUT(f, name, s->name);
#define STAT_OFFLINE(name) \
	if (!s->live)      \
		PUT(f, name, s->name);
#include "probe/ledger/stat.def"
}
