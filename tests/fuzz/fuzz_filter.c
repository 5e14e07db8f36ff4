/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_filter.c: any text as a filter, over a small batch and over the directory of a block.
 */
#include "format/base/mem.h"
#include "ra-tools/filter/filter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 70 /* a whole word and a part */

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Rows with every third field, so that each kind of leaf finds something to look at. */
static struct batch *
rows(void)
{
	struct batch *b = batch_new(ROWS);
	struct flow *f = mem_alloc(sizeof(*f));

	for (unsigned r = 0; r < ROWS; r++) {
		flow_clear(f);
		for (enum field i = 0; i < F_STORED; i++) {
			if ((i + r) % 7 == 0)
				bit_set(f->mixed, i);
			if ((i + r) % 3 != 0 || (i + r) % 7 == 0)
				continue;
			memset(&f->v[i], 0, sizeof(f->v[i]));
			if (fields[i].store == STORE_BLOB)
				f->v[i].b = (struct blob){ (const uint8_t *)"ShADadFf", r % 9 };
			else if (fields[i].store == STORE_IP)
				f->v[i].ip = ip_v4((const uint8_t[]){ 10, 0, 0, (uint8_t)r });
			else
				f->v[i].u = r;
			bit_set(f->present, i);
		}
		batch_add(b, f);
	}
	free(f);
	return (b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct batch *b;
	static struct range range[F_COUNT]; /* nothing is known: every block may match */
	struct block_info info = { .rows = ROWS, .range = range };
	uint64_t sel[BITS_WORDS(ROWS)];
	struct filter_error e;
	struct filter *f;
	char *text;

	if (memmem(p, n, "/", 1) != NULL && memmem(p, n, "in", 2) != NULL)
		return (0); /* no strange files: /dev/zero is long */
	text = mem_alloc(n + 1);
	memcpy(text, p, n);
	text[n] = '\0';
	f = filter_new(text, 1795188298 * SEC, CLOCK_UTC, &e);
	if (f == NULL) {
		assert(e.column <= strlen(text) && e.length > 0 && e.text[0] != '\0');
		assert(strlen(e.text) < sizeof(e.text) && e.column + e.length <= strlen(text) + 1);
	} else {
		b = rows();
		filter_run(f, b, sel);
		assert(sel[1] >> (ROWS - 64) == 0);
		for (unsigned r = 0; r < ROWS; r++)
			assert(!bit_get(sel, r) || filter_maybe(f, &info));
		(void)filter_fields(f);
		batch_free(&b); /* its arena holds the bitmaps */
	}
	filter_free(&f);
	free(text);
	return (0);
}
