/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/stream.c: streams by id, and by age.
 */
#include "probe/seq/stream.h"

#include "format/base/clock.h"
#include "format/base/hash.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY (3600 * SEC)
#define NEEDED 2 /* one packet may bring a pair of peers and a numbering */

void
streams_init(struct streams *s, uint32_t cap)
{
	uint32_t buckets = 1024;

	while (buckets < cap && buckets < 1u << 20)
		buckets *= 2;
	memset(s, 0, sizeof(*s));
	pool_init(&s->cells, sizeof(struct stream), cap);
	s->bucket = mem_reserve(buckets * sizeof(*s->bucket));
	s->mask = buckets - 1;
}

void
streams_free(struct streams *s)
{
	pool_free(&s->cells);
	mem_release(s->bucket, (s->mask + 1) * sizeof(*s->bucket));
}

static void
unlink_age(struct streams *s, struct stream *x)
{
	if (x->older != 0)
		stream_at(s, x->older)->newer = x->newer;
	else
		s->oldest = x->newer;
	if (x->newer != 0)
		stream_at(s, x->newer)->older = x->older;
	else
		s->newest = x->older;
}

static void
link_newest(struct streams *s, uint32_t n, int64_t now)
{
	struct stream *x = stream_at(s, n);

	x->heard = now;
	x->newer = 0;
	x->older = s->newest;
	if (s->newest != 0)
		stream_at(s, s->newest)->newer = n;
	else
		s->oldest = n;
	s->newest = n;
}

struct stream *
stream_find(struct streams *s, uint64_t id, int64_t now)
{
	uint32_t n = s->bucket[id & s->mask];

	while (n != 0 && stream_at(s, n)->id != id)
		n = stream_at(s, n)->chain;
	if (n == 0)
		return (NULL);
	if (n != s->newest) {
		unlink_age(s, stream_at(s, n));
		link_newest(s, n, now);
	}
	stream_at(s, n)->heard = now;
	return (stream_at(s, n));
}

struct stream *
stream_add(struct streams *s, uint64_t id, enum stream_kind kind, unsigned width, int64_t now)
{
	uint32_t n = pool_get(&s->cells), *bucket = &s->bucket[id & s->mask];
	struct stream *x;

	if (n == 0)
		return (NULL);
	x = stream_at(s, n);
	memset(x, 0, offsetof(struct stream, seq));
	x->id = id;
	x->kind = (uint8_t)kind;
	x->chain = *bucket;
	*bucket = n;
	link_newest(s, n, now);
	if (kind == STREAM_WG_PEERS)
		memset(&x->wg, 0, sizeof(x->wg));
	else
		seqno_init(&x->seq, width);
	return (x);
}

uint32_t
streams_old(const struct streams *s, int64_t now)
{
	if (s->oldest != 0 && (stream_at(s, s->oldest)->heard < now - MEMORY || s->cells.used + NEEDED > s->cells.cap))
		return (s->oldest);
	return (0);
}

void
streams_drop(struct streams *s, uint32_t n)
{
	struct stream *x = stream_at(s, n);
	uint32_t *at = &s->bucket[x->id & s->mask];

	while (*at != n)
		at = &stream_at(s, *at)->chain;
	*at = x->chain;
	unlink_age(s, x);
	pool_put(&s->cells, n);
}

uint64_t
stream_id(uint64_t seed, const struct key *k, int side, uint32_t number, enum stream_kind kind)
{
	struct {
		struct key key;
		uint32_t side, number, kind, zero;
	} of = { *k, (uint32_t)side, number, kind, 0 };
	uint64_t id = hash64(&of, sizeof(of), seed);

	return (id != 0 ? id : 1);
}
