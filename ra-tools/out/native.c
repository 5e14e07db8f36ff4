/* SPDX-License-Identifier: BSD-2-Clause
 *
 * native.c: ClickHouse's Native format: blocks of columns, each with its name and type.
 *
 * A block is the number of columns and of rows (varints), then for each column its name, its type, and its values one
 * after the other.  A Nullable column has a byte for each row first, 1 where the value is absent or mixed.
 * Framed, a block stands behind its length in 8 bytes, the lowest first: who loads it can hand it on without a look inside.
 */
#include "ra-tools/out/out.h"

#include "format/base/mem.h"
#include "ra-tools/out/loads.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_ROWS 65536

struct sheet_native {
	struct one {
		struct buf null, values;
	} * column;
	uint32_t rows;
	bool any;
};

/* Where every record has the field its column is not Nullable; a row that lost it in merging has zeros, or no letters. */
static bool
is_nullable(const struct sheet *s, unsigned i)
{
	return (s->want[i].made != NULL || !fields[s->want[i].field].always);
}

void
native_type(const struct sheet *s, unsigned i, struct buf *to)
{
	const struct loads *l = &loads[sheet_type(s, i)];

	buf_str(to, is_nullable(s, i) ? "Nullable(" : "");
	buf_str(to, s->legacy ? l->legacy : l->click);
	buf_str(to, is_nullable(s, i) ? ")" : "");
}

static void
text(struct buf *to, const void *p, size_t n)
{
	buf_varint(to, n);
	buf_add(to, p, n);
}

static void
block(struct sheet *s)
{
	struct sheet_native *t = s->native;
	uint8_t length[8] = { 0 };
	size_t at = s->out.len;

	if (s->framed)
		buf_add(&s->out, length, sizeof(length));
	buf_varint(&s->out, s->n);
	buf_varint(&s->out, t->rows);
	for (unsigned i = 0; i < s->n; i++) {
		s->cell.len = 0;
		native_type(s, i, &s->cell);
		text(&s->out, s->want[i].name, strlen(s->want[i].name));
		text(&s->out, s->cell.p, s->cell.len);
		buf_add(&s->out, t->column[i].null.p, t->column[i].null.len);
		buf_add(&s->out, t->column[i].values.p, t->column[i].values.len);
		t->column[i].null.len = t->column[i].values.len = 0;
	}
	for (size_t i = 0; s->framed && i < sizeof(length); i++)
		s->out.p[at + i] = (uint8_t)((s->out.len - at - sizeof(length)) >> 8 * i);
	t->rows = 0;
	t->any = true;
	sheet_flush(s);
}

static void
head(struct sheet *s)
{
	s->native = mem_zero(1, sizeof(*s->native));
	s->native->column = mem_zero(s->n, sizeof(s->native->column[0]));
}

static void
row(struct sheet *s, const struct batch *b, uint32_t r)
{
	static const uint8_t zero[16];
	struct sheet_native *t = s->native;

	for (unsigned i = 0; i < s->n; i++) {
		const struct column *c = sheet_column_of(s, b, i);
		struct buf *to = &t->column[i].values;
		bool here = column_has(c, r);
		union value v = { .u = 0 };

		if (here)
			v = column_value(c, r);
		if (is_nullable(s, i))
			buf_u8(&t->column[i].null, !here);
		switch (loads[sheet_type(s, i)].form) {
		case NATIVE_U64:
			buf_u64le(to, v.u);
			break;
		case NATIVE_U32:
			buf_u32le(to, (uint32_t)v.u);
			break;
		case NATIVE_U16:
			buf_u16le(to, (uint16_t)v.u);
			break;
		case NATIVE_IP:
			buf_add(to, here ? ip_mapped(&v.ip).b : zero, 16);
			break;
		case NATIVE_TEXT:
			s->cell.len = 0;
			if (here)
				(void)sheet_cell(s, b, i, r, &s->cell);
			text(to, s->cell.p, s->cell.len);
			break;
		}
	}
	if (++t->rows == BLOCK_ROWS)
		block(s);
}

static void
tail(struct sheet *s)
{
	struct sheet_native *t = s->native;

	if (t->rows > 0 || !t->any) /* a loader learns the columns also where there is no row */
		block(s);
	for (unsigned i = 0; i < s->n; i++) {
		buf_free(&t->column[i].null);
		buf_free(&t->column[i].values);
	}
	free(t->column);
	free(t);
	s->native = NULL;
}

const struct out out_native = { .name = "native", .head = head, .row = row, .tail = tail };
