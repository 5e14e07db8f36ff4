/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table_file.c: whole chunks of a table: as bytes, for temporary files, as they lie in memory, with the texts that they have;
 * and from one table to another.  Tests: test_table.c, test_aggr.c.
 */
#include "ra-tools/query/table_room.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { FULL = 1, PRESENT = 2, IS_MIXED = 4 };

struct strip_head {
	uint64_t base;
	uint16_t field;
	uint8_t width, what;
};

void
table_write(const struct table *t, struct buf *to)
{
	const struct chunk *c = t->n == 0 ? NULL : t->chunk[0];
	uint32_t rows = c == NULL ? 0 : c->rows, strips = 0;
	size_t bits = BITS_WORDS(rows) * 8, counted;

	buf_add(to, &rows, sizeof(rows));
	buf_add(to, &t->words.n, sizeof(t->words.n));
	for (uint32_t i = 0; i < t->words.n; i++) {
		const struct blob *b = &t->words.word[i].bytes;

		buf_add(to, &b->n, sizeof(b->n));
		buf_add(to, b->p, b->n);
	}
	counted = to->len;
	buf_add(to, &strips, sizeof(strips));
	for (enum field f = 0; f < F_STORED && c != NULL; f++) {
		const struct strip *s = &c->strip[f];
		struct strip_head head = { .base = s->base, .field = (uint16_t)f, .width = s->width };

		head.what = (uint8_t)((s->full ? FULL : 0) | (s->present != NULL ? PRESENT : 0) | (s->mixed != NULL ? IS_MIXED : 0));
		if (head.what == 0)
			continue;
		strips++;
		buf_add(to, &head, sizeof(head));
		if (s->present != NULL)
			buf_add(to, s->present, bits);
		if (s->mixed != NULL)
			buf_add(to, s->mixed, bits);
		buf_add(to, s->cells, (size_t)rows * s->width);
	}
	memcpy(to->p + counted, &strips, sizeof(strips));
}

/* --- and back; these bytes are our own, so they are as they were put ---------------------------- */

static void *
taken(struct table *t, struct cursor *c, size_t n, size_t room)
{
	uint8_t *p = mem_alloc(room > 0 ? room : 1);

	memcpy(p, cur_bytes(c, n), n);
	memset(p + n, 0, room - n);
	t->bytes += room;
	return (p);
}

static void
drop_chunk(struct table *t, uint32_t at)
{
	struct chunk *c;

	while (t->n <= at) {
		if (t->n == t->cap) {
			t->cap = t->cap == 0 ? 16 : t->cap * 2;
			t->chunk = mem_grow(t->chunk, t->cap, sizeof(t->chunk[0]));
		}
		t->chunk[t->n++] = mem_zero(1, sizeof(struct chunk));
	}
	c = t->chunk[at];
	for (enum field f = 0; f < F_COUNT; f++) {
		free(c->strip[f].cells);
		free(c->strip[f].present);
		free(c->strip[f].mixed);
	}
	memset(c, 0, sizeof(*c));
}

/* Texts have other numbers here. */
static void
renumber(struct table *t, struct chunk *c, struct strip *s, const uint32_t *words)
{
	for (uint32_t i = 0; i < c->rows; i++)
		if (strip_has(s, i))
			strip_put(t, c, s, i, words[strip_number(s, i)]);
}

void
table_load(struct table *t, uint32_t at, struct cursor *from)
{
	uint32_t rows, n, strips, *words;
	struct chunk *c;
	size_t bits;

	drop_chunk(t, at);
	c = t->chunk[at];
	memcpy(&rows, cur_bytes(from, sizeof(rows)), sizeof(rows));
	memcpy(&n, cur_bytes(from, sizeof(n)), sizeof(n));
	c->rows = rows;
	c->cap = (rows + 63) / 64 * 64;
	bits = BITS_WORDS(rows) * 8;
	words = mem_alloc((n + 1) * sizeof(words[0]));
	for (uint32_t i = 0; i < n; i++) {
		struct blob b;

		memcpy(&b.n, cur_bytes(from, sizeof(b.n)), sizeof(b.n));
		b.p = cur_bytes(from, b.n);
		words[i] = words_shared(&t->words, &b);
	}
	memcpy(&strips, cur_bytes(from, sizeof(strips)), sizeof(strips));
	for (uint32_t i = 0; i < strips; i++) {
		struct strip_head head;
		struct strip *s;

		memcpy(&head, cur_bytes(from, sizeof(head)), sizeof(head));
		s = &c->strip[head.field];
		fieldset_add(&t->seen, (enum field)head.field);
		*s = (struct strip){ .base = head.base, .width = head.width, .full = (head.what & FULL) != 0 };
		if (head.what & PRESENT)
			s->present = taken(t, from, bits, bits);
		if (head.what & IS_MIXED)
			s->mixed = taken(t, from, bits, bits);
		if (head.width > 0)
			s->cells = taken(t, from, (size_t)rows * head.width, (size_t)c->cap * head.width);
		if (fields[head.field].store == STORE_BLOB)
			renumber(t, c, s, words);
	}
	free(words);
	table_unsettle(t);
}

/* --- from table to table ----------------------------------------------------------------------- */

uint32_t
table_chunks(const struct table *t)
{
	return (t->n);
}

/* Its texts are counted from behind ours; the bytes stay where they are. */
static void
take_words(struct words *w, struct words *from)
{
	if (from->n == 0)
		return;
	w->cap = w->n + from->n;
	w->word = mem_grow(w->word, w->cap, sizeof(w->word[0]));
	memcpy(w->word + w->n, from->word, from->n * sizeof(w->word[0]));
	w->n += from->n;
	w->bytes += from->bytes;
}

void
table_take(struct table *t, struct table *from)
{
	uint32_t before = t->words.n;

	t->chunk = mem_grow(t->chunk, t->n + from->n + 1, sizeof(t->chunk[0]));
	t->cap = t->n + from->n + 1;
	for (uint32_t i = 0; i < from->n; i++) {
		struct chunk *c = from->chunk[i];

		for (enum field f = 0; f < F_STORED; f++)
			if (fields[f].store == STORE_BLOB)
				c->strip[f].base += before;
		t->chunk[t->n++] = c;
	}
	take_words(&t->words, &from->words);
	fieldset_union(&t->seen, &from->seen);
	t->rows = t->n * TABLE_ROWS;
	t->bytes += from->bytes + from->words.memory;
	table_unsettle(t);
	from->n = from->rows = 0;
	from->bytes = from->words.memory = 0;
}
