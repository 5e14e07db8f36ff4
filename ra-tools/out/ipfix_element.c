/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ipfix_element.c: columns as elements, and how their values lie in records (ipfix.def).
 */
#include "ra-tools/out/ipfix_element.h"

#include "format/base/mem.h"
#include "ra-tools/out/view.h"

#include <string.h>

#define NTP_1970 2208988800u /* seconds from 1900 */

static const struct row {
	enum field field;
	uint16_t number;
	enum ipfix_form form;
	bool reverse;
} rows[] = {
#define IE(name, number, form)	    { F_##name, number, IPFIX_##form, false },
#define REVERSE(name, number, form) { F_##name, number, IPFIX_##form, true },
#include "ra-tools/out/ipfix.def"
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct own {
	uint16_t number;
	enum field field, other;
} owns[] = {
#define OWN(number, name)	     { number, F_##name, F_NONE },
#define OWN_PAIR(number, name, twin) { number, F_##name, F_##twin },
#include "ra-tools/out/ipfix.def"
};
#define OWNS (sizeof(owns) / sizeof(owns[0]))

static const enum ipfix_form forms[TYPE_COUNT_] = {
#define FORM(type, form) [TYPE_##type] = IPFIX_##form,
#include "ra-tools/out/ipfix.def"
};

static const struct {
	uint16_t bytes;
	uint8_t type; /* RFC 5610 */
} shapes[IPFIX_FORMS] = {
	[IPFIX_U8] = { 1, 1 },
	[IPFIX_U16] = { 2, 2 },
	[IPFIX_U32] = { 4, 3 },
	[IPFIX_U64] = { 8, 4 },
	[IPFIX_I64] = { 8, 8 },
	[IPFIX_F64] = { 8, 10 },
	[IPFIX_MS] = { 8, 15 },
	[IPFIX_US] = { 8, 16 },
	[IPFIX_NS] = { 8, 17 },
	[IPFIX_MS32] = { 4, 3 },
	[IPFIX_IP4] = { 4, 18 },
	[IPFIX_IP6] = { 16, 19 },
	[IPFIX_OF_IP4] = { 1, 1 },
	[IPFIX_OF_IP6] = { 1, 1 },
	[IPFIX_MAC] = { 6, 12 },
	[IPFIX_TEXT] = { IPFIX_VARIES, 13 },
	[IPFIX_ETHERTYPE] = { 2, 2 },
	[IPFIX_REASON] = { 1, 1 },
};

/* The number of an element of ours; 0: it has none. */
static uint16_t
own_number(enum field f)
{
	if (f < F_STORED)
		return (fields[f].id);
	for (size_t i = 0; i < OWNS; i++) {
		if (owns[i].field == f)
			return (owns[i].number);
		if (owns[i].other == f)
			return ((uint16_t)(owns[i].number + 1));
	}
	return (0);
}

static bool
has_row(enum field f)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].field == f)
			return (true);
	return (false);
}

/* Which of a pair is of the other direction. */
static bool
is_second(enum field f)
{
	enum field twin = ipfix_twin(f);

	return (twin != F_NONE && twin < f);
}

enum field
ipfix_twin(enum field f)
{
	if (f < F_STORED)
		return (fields[f].twin == f ? F_NONE : (enum field)fields[f].twin);
	for (size_t i = 0; i < OWNS; i++)
		if (owns[i].other != F_NONE && (owns[i].field == f || owns[i].other == f))
			return (owns[i].field == f ? owns[i].other : owns[i].field);
	return (F_NONE);
}

void
ipfix_want(struct fieldset *set)
{
	static const uint16_t beside[] = { F_bstart, F_bend, F_saddr, F_proto };

	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		fieldset_want(set, beside[i]);
}

static int
column_of(const struct sheet *s, enum field f)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->want[i].field == f && s->want[i].view == 0)
			return ((int)i);
	return (-1);
}

/* What is said of both ends in one word is right in the record as it is alone. */
static bool
tells_sides(enum field f)
{
	return (fields[f].type == TYPE_SIDES || fields[f].type == TYPE_HISTORY || f == F_dir);
}

struct list {
	const struct sheet *s;
	struct ipfix_element *element;
	unsigned n, cap;
	bool uniflow;
};

static void
list_add(struct list *l, const struct ipfix_element *e)
{
	enum field twin = ipfix_twin(e->field);
	bool moves = twin != F_NONE && field_is_additive(e->field);
	struct ipfix_element *to;

	if (l->uniflow && is_second(e->field) && (e->pen == IPFIX_REVERSE || moves))
		return; /* the first one of the pair has it, in the other record */
	for (unsigned i = 0; i < l->n; i++)
		if (l->element[i].pen == e->pen && l->element[i].number == e->number)
			return;
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 64 : 2 * l->cap;
		l->element = mem_grow(l->element, l->cap, sizeof(l->element[0]));
	}
	to = &l->element[l->n++];
	*to = *e;
	to->length = shapes[e->form].bytes;
	to->column[0] = column_of(l->s, e->field);
	to->column[1] = twin != F_NONE ? column_of(l->s, twin) : field_is_additive(e->field) || tells_sides(e->field) ? -1 : to->column[0];
	to->moves = moves;
}

struct ipfix_element *
ipfix_elements(const struct sheet *s, uint32_t pen, bool uniflow, unsigned *n)
{
	struct list l = { .s = s, .uniflow = uniflow };

	for (unsigned i = 0; i < s->n; i++) {
		enum field f = s->want[i].field;

		if (s->want[i].view != 0)
			continue;
		for (size_t k = 0; k < ROWS; k++)
			if (rows[k].field == f)
				list_add(&l, &(struct ipfix_element){ .pen = rows[k].reverse ? IPFIX_REVERSE : 0, .number = rows[k].number, .form = rows[k].form, .field = f });
		if (!has_row(f) && own_number(f) != 0)
			list_add(&l, &(struct ipfix_element){ .pen = pen, .number = own_number(f), .form = forms[fields[f].type], .field = f });
	}
	*n = l.n;
	return (l.element);
}

bool
ipfix_left_out(const struct sheet *s, struct buf *to)
{
	for (unsigned i = 0; i < s->n; i++) {
		enum field f = s->want[i].field;

		if (s->want[i].view != 0 || (!has_row(f) && own_number(f) == 0))
			buf_printf(to, "%s%s", to->len > 0 ? "," : "", s->want[i].name);
	}
	return (to->len > 0);
}

/* --- values */

static void
put(struct buf *to, uint64_t v, unsigned bytes)
{
	while (bytes > 0)
		buf_u8(to, (uint8_t)(v >> 8 * --bytes));
}

/* Seconds from 1900 and 32 bits of their fraction, so that who cuts it to `digits` of a second has that one. */
static void
put_ntp(struct buf *to, int64_t ns, bool micro)
{
	int64_t s = ns / SEC - (ns % SEC < 0);
	uint64_t part = (uint64_t)(ns - s * SEC), bits;

	if (micro) /* the last 11 bits are none (RFC 7011 6.1.9) */
		bits = (((part / 1000 << 32) + 999999) / 1000000 + 2047) & ~2047ull;
	else
		bits = ((part << 32) + SEC - 1) / SEC;
	buf_u32(to, (uint32_t)(s + NTP_1970));
	buf_u32(to, (uint32_t)bits);
}

/* 4, 6, or 0: neither, or not known. */
static unsigned
family(const struct batch *b, uint32_t r)
{
	const struct column *c = b->col[F_saddr];
	uint64_t proto = batch_u64(b, F_proto, r);

	if (column_has(c, r))
		return (ip_is4(&c->ip[r]) ? 4 : 6);
	return (proto == 1 ? 4 : proto == 58 ? 6 : 0);
}

/* flowEndReason: idle, active timeout, end of flow, forced end, lack of resources */
static uint8_t
reason(uint64_t cause)
{
	static const uint8_t reasons[] = { [CAUSE_fin] = 3, [CAUSE_rst] = 3, [CAUSE_idle] = 1, [CAUSE_evict] = 5, [CAUSE_shutdown] = 4, [CAUSE_reuse] = 3 };

	return (cause < sizeof(reasons) ? reasons[cause] : 0);
}

static bool
put_number(struct buf *to, uint64_t v, unsigned bytes, bool right)
{
	if (!right || (bytes < 8 && v >> 8 * bytes != 0))
		return (false);
	put(to, v, bytes);
	return (true);
}

static bool
put_address(struct buf *to, const struct ip *ip, unsigned bytes)
{
	if (ip_is4(ip) != (bytes == 4))
		return (false);
	buf_add(to, ip->b + 16 - bytes, bytes);
	return (true);
}

/* Shorter than 255 bytes with its length in one, else in three. */
static bool
put_text(struct sheet *s, unsigned column, const struct batch *b, uint32_t r, struct buf *to)
{
	s->cell.len = 0;
	if (sheet_cell(s, b, column, r, &s->cell) != CELL_HERE || s->cell.len > 65000)
		return (false);
	if (s->cell.len < 255) {
		buf_u8(to, (uint8_t)s->cell.len);
	} else {
		buf_u8(to, 255);
		buf_u16(to, (uint16_t)s->cell.len);
	}
	buf_add(to, s->cell.p, s->cell.len);
	return (true);
}

static const struct column *
instead(const struct batch *b, enum field f)
{
	switch (f) {
#define INSTEAD(name, other) \
	case F_##name: \
		return (b->col[F_##other]);
#include "ra-tools/out/ipfix.def"
	default:
		return (NULL);
	}
}

bool
ipfix_value(struct sheet *s, const struct ipfix_element *e, unsigned direction, const struct batch *b, uint32_t r, struct buf *to)
{
	int i = e->column[direction];
	const struct column *c = i < 0 ? NULL : b->col[s->want[i].field];
	unsigned bytes = e->length;
	union value v;

	if (i >= 0 && !column_has(c, r) && !column_mixed(c, r))
		c = instead(b, s->want[i].field);
	if (!column_has(c, r))
		return (false);
	v = column_value(c, r);
	switch (e->form) {
	case IPFIX_MS:
		return (put_number(to, v.u / 1000000, 8, true));
	case IPFIX_MS32:
		return (put_number(to, v.u / 1000, 4, true));
	case IPFIX_US:
	case IPFIX_NS:
		put_ntp(to, v.i, e->form == IPFIX_US);
		return (true);
	case IPFIX_F64: {
		uint64_t bits;

		memcpy(&bits, &v.r, sizeof(bits));
		return (put_number(to, bits, 8, true));
	}
	case IPFIX_IP4:
	case IPFIX_IP6:
		return (put_address(to, &v.ip, bytes));
	case IPFIX_OF_IP4:
		return (put_number(to, v.u, bytes, family(b, r) == 4));
	case IPFIX_OF_IP6:
		return (put_number(to, v.u, bytes, family(b, r) == 6));
	case IPFIX_TEXT:
		return (put_text(s, (unsigned)i, b, r, to));
	case IPFIX_ETHERTYPE:
		return (put_number(to, v.u, bytes, v.u >= 0x600));
	case IPFIX_REASON:
		return (put_number(to, reason(v.u), bytes, reason(v.u) != 0));
	default:
		return (put_number(to, v.u, bytes, true));
	}
}

void
ipfix_type(const struct ipfix_element *e, uint8_t *type, uint8_t *semantics, uint16_t *unit)
{
	static const struct {
		const char *unit;
		uint16_t number;
	} units[] = { { "bytes", 2 }, { "us", 7 } };
	enum type t = (enum type)fields[e->field].type;

	*type = shapes[e->form].type;
	*semantics = e->form == IPFIX_TEXT || e->form == IPFIX_NS || e->form == IPFIX_MAC ? 0
	    : types[t].family == FAMILY_FLAGS || types[t].family == FAMILY_BIT		 ? 5
	    : t == TYPE_ID || t == TYPE_HEX32 || t == TYPE_PORT || t == TYPE_PROTO	 ? 4
	    : field_is_additive(e->field)						 ? 3
											 : 1;
	*unit = 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(types[t].unit, units[i].unit) == 0)
			*unit = units[i].number;
}
