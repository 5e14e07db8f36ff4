/* SPDX-License-Identifier: BSD-2-Clause
 *
 * seqs.c: runs of sequence numbers.  Bytes are not trusted: what contradicts itself ends the list.
 */
#include "format/seqs.h"

static uint32_t
name_of(struct seqs *s)
{
	uint64_t v = cur_varint(&s->c);

	if (v > UINT32_MAX)
		s->c.cut = true;
	return (v == 0 ? s->own : (uint32_t)v);
}

struct seqs
seqs_open(struct blob b, uint32_t own)
{
	struct seqs s = { .c = cur_new(b.p, b.n), .own = own };
	uint64_t flags = cur_varint(&s.c);

	if (s.c.cut) {
		s.more = true;
		return (s);
	}
	s.more = (flags & SEQS_MORE) != 0;
	if ((flags & SEQS_MARK) != 0) {
		s.mark_name = name_of(&s);
		s.mark = cur_varint(&s.c);
		s.mark_ns = cur_varint(&s.c);
		s.marked = !s.c.cut;
	}
	s.more |= s.c.cut;
	return (s);
}

bool
seqs_next(struct seqs *s, struct seqs_run *r)
{
	uint64_t step, len;

	if (s->c.cut || (s->left == 0 && cur_left(&s->c) == 0))
		return (false);
	if (s->left == 0) {
		s->name = name_of(s);
		s->left = cur_varint(&s->c);
		s->last = 0;
	}
	step = cur_varint(&s->c);
	len = cur_varint(&s->c);
	if (s->c.cut || s->left == 0 || step > UINT64_MAX - s->last || len > UINT64_MAX - s->last - step) {
		s->c.cut = s->more = true;
		return (false);
	}
	s->left--;
	*r = (struct seqs_run){ s->name, s->last + step, s->last + step + len };
	s->last = r->hi;
	return (true);
}
