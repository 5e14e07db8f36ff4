/* SPDX-License-Identifier: BSD-2-Clause
 *
 * native.c: ClickHouse's Native format: blocks of columns, each with its name and type.
 *
 * A block is the number of columns and of rows (varints), then for each column its name, its type, and its values one
 * after the other.  Every column is Nullable: a byte for each row first, 1 where the value is absent or mixed.
 */
#include "ra-tools/out/out.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_ROWS 65536

enum form { FORM_U64, FORM_U32, FORM_U16, FORM_IP, FORM_TEXT };

struct sheet_native {
	struct one {
		struct buf null, values;
	} * column;
	uint32_t rows;
	bool any;
};

static enum form
form_of(enum type t, const char **name)
{
	*name = "String";
	switch (t) {
	case TYPE_TIME:
		*name = "DateTime64(9, 'UTC')";
		return (FORM_U64);
	case TYPE_DUR: /* microseconds: seconds with six digits */
		*name = "Decimal(18, 6)";
		return (FORM_U64);
	case TYPE_COUNT:
	case TYPE_BYTES:
	case TYPE_USEC2:
	case TYPE_BITMAP:
	case TYPE_ID:
		*name = "UInt64";
		return (FORM_U64);
	case TYPE_INT:
		*name = "Int64";
		return (FORM_U64);
	case TYPE_REAL:
	case TYPE_PCT:
	case TYPE_BPS:
		*name = "Float64";
		return (FORM_U64);
	case TYPE_HEX32:
		*name = "UInt32";
		return (FORM_U32);
	case TYPE_PORT:
		*name = "UInt16";
		return (FORM_U16);
	case TYPE_IP:
		*name = "IPv6";
		return (FORM_IP);
	default:
		return (FORM_TEXT);
	}
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

	buf_varint(&s->out, s->n);
	buf_varint(&s->out, t->rows);
	for (unsigned i = 0; i < s->n; i++) {
		const char *name;

		(void)form_of(sheet_type(s, i), &name);
		text(&s->out, s->want[i].name, strlen(s->want[i].name));
		buf_varint(&s->out, strlen(name) + 10);
		buf_str(&s->out, "Nullable(");
		buf_str(&s->out, name);
		buf_str(&s->out, ")");
		buf_add(&s->out, t->column[i].null.p, t->column[i].null.len);
		buf_add(&s->out, t->column[i].values.p, t->column[i].values.len);
		t->column[i].null.len = t->column[i].values.len = 0;
	}
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
		const char *name;

		if (here)
			v = column_value(c, r);
		buf_u8(&t->column[i].null, !here);
		switch (form_of(sheet_type(s, i), &name)) {
		case FORM_U64:
			buf_u64le(to, v.u);
			break;
		case FORM_U32:
			buf_u32le(to, (uint32_t)v.u);
			break;
		case FORM_U16:
			buf_u16le(to, (uint16_t)v.u);
			break;
		case FORM_IP:
			buf_add(to, here ? ip_mapped(&v.ip).b : zero, 16);
			break;
		case FORM_TEXT:
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
