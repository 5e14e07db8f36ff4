/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_block.c: a directory and sections of any content.  Checksums are made right first, or no input would
 * come far.
 *
 * input: u16 (big-endian) length of the directory, the directory, the sections
 */
#include "format/base/cursor.h"
#include "format/base/hash.h"
#include "format/block.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const uint8_t *
fetch(void *arg, uint64_t offset, uint32_t n)
{
	const struct cursor *c = arg;

	return (offset <= cur_left(c) && n <= cur_left(c) - offset ? c->p + offset : NULL);
}

static void
mend(struct dir_section *s, uint64_t *at, void *sections)
{
	const uint8_t *p;

	if (s->size == 0)
		return;
	p = fetch(sections, *at, META_HEAD + s->size);
	if (p != NULL)
		s->check = (uint32_t)hash64(p + META_HEAD, s->size, 0);
	*at += META_HEAD + s->size;
}

static void
mend_members(struct directory *d, uint64_t *at, void *sections)
{
	for (uint32_t i = 0; i < d->nmember; i++) {
		struct dir_section s = { .size = d->member[i].size, .check = d->member[i].check };

		mend(&s, at, sections);
		d->member[i].check = s.check;
	}
}

/* Everything that is said to be there can be touched. */
static uint64_t
touch(const struct batch *b)
{
	uint64_t sum = 0;

	for (enum field f = 0; f < F_STORED; f++)
		for (uint32_t r = 0; r < b->rows && b->col[f] != NULL; r++) {
			union value v = column_value(b->col[f], r);

			assert(!(column_has(b->col[f], r) && column_mixed(b->col[f], r)));
			if (b->col[f]->store == STORE_BLOB && column_has(b->col[f], r) && v.b.n > 0)
				sum += v.b.p[0] + v.b.p[v.b.n - 1];
			else
				sum += v.u;
		}
	return (sum);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct range range[F_COUNT];
	static volatile uint64_t sink; /* what was read is used */
	struct cursor c = cur_new(p, n), dir = cur_sub(&c, cur_u16(&c));
	struct arena a = { 0 };
	struct directory d;
	uint64_t at = 0;

	if (!dir.cut && meta_get_directory(dir.p, cur_left(&dir), &a, &d)) {
		struct blocks *k = blocks_new();
		struct batch *b = batch_new(1);
		enum field unknown = F_NONE;
		const struct ip *ip;
		const uint8_t *filter;
		uint32_t size;

		mend(&d.addr, &at, &c);
		for (uint32_t i = 0; i < d.nset; i++)
			mend(&d.set[i].at, &at, &c);
		for (uint32_t i = 0; i < d.ncol; i++)
			mend(&d.col[i].at, &at, &c);
		mend_members(&d, &at, &c);
		block_ranges(&d, NULL, range);
		(void)block_addresses(k, &d, fetch, &c, &ip);
		for (enum member m = 0; m < MEMBERS; m++)
			if ((filter = block_member(&d, m, fetch, &c, &size)) != NULL)
				sink = sink + member_maybe(filter, size, member_hash(n));
		if (block_decode(k, &d, NULL, NULL, fetch, &c, b, &unknown) == BLOCK_GOOD)
			sink = sink + touch(b);
		batch_free(&b);
		blocks_free(&k);
	}
	arena_free(&a);
	return (0);
}
