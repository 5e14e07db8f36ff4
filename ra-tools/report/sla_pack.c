/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sla_pack.c: the bins of a tunnel while nobody looks at them: some twenty bytes each, in memory as far as that is allowed, the
 * rest in a temporary file.  Of each is there what differs from the one before.  Tests: test_sla.c, tests/memory.tap
 */
#include "ra-tools/report/sla_room.h"

#include "format/base/cursor.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define PIECE 1000 /* bytes that are put away at a time */

/* What changes from bin to bin most comes first: which of them do is a number of as few bytes as the last one asks for. */
static const struct member {
	uint16_t at, size;
} members[] = {
#define ONE(name)  { offsetof(struct sla_point, name), sizeof(((struct sla_point *)NULL)->name) },
#define BOTH(name) ONE(d[0].name) ONE(d[1].name)
	BOTH(bytes) BOTH(pkts) ONE(state) BOTH(gap) BOTH(uniq) BOTH(net) BOTH(maxgap) ONE(start) ONE(end) BOTH(late) BOTH(early) BOTH(outage)
	    BOTH(rpl64) BOTH(dup) ONE(down) ONE(usual) ONE(hole) ONE(marks) ONE(suspect)
#undef BOTH
#undef ONE
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

static uint64_t
get(const struct sla_point *p, const struct member *m)
{
	const void *at = (const char *)p + m->at;

	return (m->size == 8 ? *(const uint64_t *)at : m->size == 4 ? *(const uint32_t *)at : *(const uint8_t *)at);
}

static void
set(struct sla_point *p, const struct member *m, uint64_t v)
{
	void *at = (char *)p + m->at;

	if (m->size == 8)
		*(uint64_t *)at = v;
	else if (m->size == 4)
		*(uint32_t *)at = (uint32_t)v;
	else
		*(uint8_t *)at = (uint8_t)v;
}

static uint64_t
zigzag(uint64_t v)
{
	return (v << 1 ^ (v >> 63 != 0 ? UINT64_MAX : 0));
}

static uint64_t
unzigzag(uint64_t v)
{
	return (v >> 1 ^ ((v & 1) != 0 ? UINT64_MAX : 0));
}

/* Bins follow each other and are equally long, and numbers are mostly those of the packets: what is left is zero. */
static void
pack(struct sla_packer *k, struct buf *to, const struct sla_point *p)
{
	struct sla_point x = *p;
	uint64_t change[MEMBERS], changed = 0;

	x.start = p->start - k->end;
	x.end = p->end - p->start;
	for (int side = 0; side < 2; side++)
		x.d[side].uniq -= x.d[side].pkts;
	for (size_t i = 0; i < MEMBERS; i++) {
		change[i] = zigzag(get(&x, &members[i]) - get(&k->last, &members[i]));
		changed |= change[i] != 0 ? 1ull << i : 0;
	}
	buf_varint(to, changed);
	for (size_t i = 0; i < MEMBERS; i++)
		if (change[i] != 0)
			buf_varint(to, change[i]);
	k->last = x;
	k->end = p->end;
}

static void
unpack(struct sla_packer *k, struct cursor *c, struct sla_point *p)
{
	uint64_t changed = cur_varint(c);

	for (size_t i = 0; i < MEMBERS; i++)
		if ((changed >> i & 1) != 0)
			set(&k->last, &members[i], get(&k->last, &members[i]) + unzigzag(cur_varint(c)));
	*p = k->last;
	p->start += k->end;
	p->end += p->start;
	for (int side = 0; side < 2; side++)
		p->d[side].uniq += p->d[side].pkts;
	k->end = p->end;
}

static void
flush(struct spill *s, struct work *w)
{
	if (w->packed.len > 0)
		spill_put(s, w->stream, w->packed.p, w->packed.len);
	w->packed.len = 0;
}

void
pack_point(struct sla *s, struct work *w, const struct sla_point *p)
{
	pack(&w->packer, &w->packed, p);
	if (w->packed.len >= PIECE)
		flush(s->bins, w);
}

void
pack_all(struct sla *s, struct work *w)
{
	struct sla_tunnel *t = &w->t;

	spill_drop(s->bins, w->stream);
	w->packer = (struct sla_packer){ .end = 0 };
	for (size_t i = 0; i < t->n; i++) {
		for (int side = 0; side < 2; side++)
			t->point[i].d[side].gap = 0; /* it has said what is usual */
		pack_point(s, w, &t->point[i]);
	}
	for (size_t i = 0; i < t->ngaps; i++)
		pack_point(s, w, &(struct sla_point){ .start = t->gap[i].start, .end = t->gap[i].end, .state = t->gap[i].state });
	pack_end(s, w);
	drop_points(t);
}

void
pack_end(struct sla *s, struct work *w)
{
	flush(s->bins, w);
	buf_free(&w->packed);
	spill_done(s->bins, w->stream);
}

void
drop_points(struct sla_tunnel *t)
{
	free(t->point);
	free(t->gap);
	t->point = NULL;
	t->gap = NULL;
	t->cap = 0;
	for (int side = 0; side < 2; side++) {
		free(t->d[side].violation);
		t->d[side].violation = NULL;
	}
}

struct unpacking {
	struct spill_reader *reader;
	struct buf piece;
	struct cursor c;
	struct sla_packer packer;
};

/* The next point; false: what is left can not be read. */
static bool
next(struct unpacking *u, struct sla_point *p)
{
	if (cur_left(&u->c) == 0) {
		if (!spill_next(u->reader, &u->piece))
			return (false);
		u->c = cur_new(u->piece.p, u->piece.len);
	}
	unpack(&u->packer, &u->c, p);
	return (true);
}

void
unpack_all(struct sla *s, struct work *w)
{
	struct sla_tunnel *t = &w->t;
	struct unpacking u = { .reader = spill_read(s->bins, w->stream) };
	struct sla_point gap = { .start = 0 };

	t->cap = t->n;
	t->point = mem_zero(t->n, sizeof(t->point[0]));
	t->gap = mem_zero(t->ngaps, sizeof(t->gap[0]));
	for (size_t i = 0; i < t->n && next(&u, &t->point[i]); i++)
		;
	for (size_t i = 0; i < t->ngaps && next(&u, &gap); i++)
		t->gap[i] = (struct sla_gap){ gap.start, gap.end, gap.state };
	buf_free(&u.piece);
	spill_close(&u.reader);
}
