/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reader_piece.c: a block that was found is read, at once or in steps, by any thread.  Tests: test_file.c, test_skip.c.
 */
#include "format/reader_room.h"

#include "format/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define AHEAD ((size_t)32 << 10) /* bytes of sections read at a time */
#define KEPT_MAX ((uint64_t)META_PAYLOAD_MAX)

struct piece *
piece_new(void)
{
	struct piece *p = mem_zero(1, sizeof(*p));

	p->blocks = blocks_new();
	p->batch = batch_new(1);
	return (p);
}

void
piece_free(struct piece **pp)
{
	struct piece *p = *pp;

	if (p == NULL)
		return;
	blocks_free(&p->blocks);
	batch_free(&p->batch);
	batch_free(&p->few);
	arena_free(&p->arena);
	free(p->bytes);
	free(p);
	*pp = NULL;
}

/* The bytes of the file at `at`, as many as there are of `want`. */
static void
read_bytes(struct piece *p, uint64_t at, size_t want)
{
	if (p->cap < want) {
		p->cap = want;
		p->bytes = mem_grow(p->bytes, p->cap, 1);
	}
	p->at = at;
	p->len = 0;
	while (p->len < want) {
		ssize_t got = pread(p->r->in.fd, p->bytes + p->len, want - p->len, (off_t)(at + p->len));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			p->read_error = errno;
		if (got <= 0)
			break;
		p->len += (size_t)got;
	}
}

/* n bytes of a regular file.  Sections are asked for in ascending order: some more are read at once. */
static const uint8_t *
fetch_file(struct piece *p, uint64_t offset, size_t n)
{
	size_t more = p->end - offset < AHEAD ? (size_t)(p->end - offset) : AHEAD;

	if (offset < p->at || offset + n > p->at + p->len) {
		p->kept = false;
		read_bytes(p, offset, n > more ? n : more);
	}
	return (offset + n <= p->at + p->len ? p->bytes + (offset - p->at) : NULL);
}

/* All of the block at once.  What it is decoded from is what it is copied from, whoever writes to the file. */
static void
keep_bytes(struct piece *p)
{
	struct meta_object o;

	p->kept = false;
	if (!p->keeps || !p->r->in.seek || p->end - p->pos > KEPT_MAX)
		return;
	read_bytes(p, p->pos, (size_t)(p->end - p->pos));
	p->kept = p->len == p->end - p->pos && meta_get_object(p->bytes, &o) &&
	    p->pos + META_PREFIX + o.size == p->sections && meta_check(&o, p->bytes + META_PREFIX);
}

static const uint8_t *
fetch(void *arg, uint64_t offset, uint32_t n)
{
	struct piece *p = arg;

	if (p->r->in.seek)
		return (p->sections + offset + n <= p->end ? fetch_file(p, p->sections + offset, n) : NULL);
	return (input_all(&p->r->in, p->sections + offset, n));
}

const struct ip *
piece_addresses(struct piece *p, uint32_t *n4, uint32_t *n6)
{
	const struct ip *ip;

	/* block_decode() will find the same damage, and say so */
	if (block_addresses(p->blocks, &p->d, fetch, p, &ip) != BLOCK_GOOD)
		return (NULL);
	*n4 = p->d.n4;
	*n6 = p->d.n6;
	return (ip);
}

bool
piece_may_hold(struct piece *p, enum field f, const union value *v)
{
	enum member what = fields[f].member;
	const uint8_t *filter;
	uint32_t size;

	if (what == MEMBERS || (filter = block_member(&p->d, what, fetch, p, &size)) == NULL)
		return (true);
	return (member_maybe(filter, size, what == MEMBER_ADDR ? member_hash_ip(&v->ip) : member_hash(v->u)));
}

/* Does anybody want the block, by what is known of it? */
static bool
is_wanted(struct piece *p)
{
	const struct reader *r = p->r;
	struct block_info info = { p->d.rows, r->in.seek ? p->pos : 0, p->range, p };

	p->why = 0;
	p->res = BLOCK_GOOD;
	p->unknown = F_NONE;
	if (r->wants != NULL) {
		block_ranges(&p->d, &p->odd, p->range);
		p->why = r->wants(r->wants_arg, &info);
	}
	return (p->why == 0);
}

void
piece_keep(struct piece *p)
{
	p->keeps = true;
}

struct batch *
piece_open(struct piece *p)
{
	if (!is_wanted(p))
		return (NULL);
	keep_bytes(p);
	block_open(p->blocks, &p->d, &p->odd, fetch, p, p->batch);
	p->batch->filtered = p->segment.filtered;
	return (p->batch);
}

struct batch *
piece_more(struct piece *p, const struct fieldset *want)
{
	p->res = block_read(p->blocks, want, &p->unknown);
	if (p->res == BLOCK_GOOD && p->kept && want == NULL && block_whole(p->blocks, p->bytes, p->len, &p->whole))
		p->batch->whole = &p->whole;
	return (p->res == BLOCK_GOOD ? p->batch : NULL);
}

struct batch *
piece_extremes(struct piece *p, const struct fieldset *want, const struct extremes *extremes)
{
	p->res = block_read_extremes(p->blocks, want, extremes, &p->unknown);
	return (p->res == BLOCK_GOOD ? p->batch : NULL);
}

struct batch *
piece_pick(struct piece *p, const struct fieldset *want, const uint32_t *row, uint32_t n)
{
	if (p->few == NULL)
		p->few = batch_new(1);
	p->res = block_pick(p->blocks, want, row, n, p->few, &p->unknown);
	p->few->filtered = p->segment.filtered;
	return (p->res == BLOCK_GOOD ? p->few : NULL);
}

struct batch *
piece_read(struct piece *p, const struct fieldset *want)
{
	if (!is_wanted(p))
		return (NULL);
	p->res = block_decode(p->blocks, &p->d, want, &p->odd, fetch, p, p->batch, &p->unknown);
	p->batch->filtered = p->segment.filtered;
	return (p->res == BLOCK_GOOD ? p->batch : NULL);
}
