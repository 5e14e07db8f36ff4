/* SPDX-License-Identifier: BSD-2-Clause
 *
 * value.c: the tables of types and words, and what can be done with a value whatever its field: comparing and
 * turning round.  Test: test_flow.c.
 */
#include "format/value.h"

#include "format/base/buf.h"
#include "format/base/cursor.h"

#include <ctype.h>
#include <string.h>

const struct type_info types[TYPE_COUNT_] = {
#define TYPE(name, store, family, bytes, unit, doc) { #name, unit, doc, STORE_##store, FAMILY_##family, bytes },
#include "format/types.def"
};

const struct name names[] = {
#define WORD(type, number, word, doc) { TYPE_##type, false, number, #word, doc },
#define FLAG(type, bit, word, doc)    { TYPE_##type, true, 1ull << (bit), #word, doc },
#include "format/names.def"
	{ .word = NULL }
};

const char *
name_word(enum type type, uint64_t value)
{
	for (const struct name *n = names; n->word != NULL; n++)
		if (n->type == type && !n->flag && n->value == value)
			return (n->word);
	return (NULL);
}

/* --- order */

int
value_cmp(enum store store, const union value *a, const union value *b)
{
	switch (store) {
	case STORE_U64:
		return ((a->u > b->u) - (a->u < b->u));
	case STORE_I64:
		return ((a->i > b->i) - (a->i < b->i));
	case STORE_REAL:
		return ((a->r > b->r) - (a->r < b->r));
	case STORE_IP:
		return (ip_cmp(&a->ip, &b->ip));
	case STORE_BLOB:
		break;
	}
	uint32_t n = a->b.n < b->b.n ? a->b.n : b->b.n;
	int c = n == 0 ? 0 : memcmp(a->b.p, b->b.p, n);

	return (c != 0 ? c : (a->b.n > b->b.n) - (a->b.n < b->b.n));
}

bool
value_equal(enum store store, const union value *a, const union value *b)
{
	return (value_cmp(store, a, b) == 0);
}

/* --- turning round */

bool
type_is_sided(enum type type)
{
	return (type == TYPE_SIDES || type == TYPE_HISTORY || type == TYPE_GAPS ||
	    type == TYPE_CONN);
}

/* Words that say which side did it, with the word for the other side.  (A STATE stays: it is of the whole flow,
 * and merges by its time and then by its number, which turning must not change.) */
static uint64_t
other_conn(uint64_t v)
{
	switch (v) {
	case CONN_S2:
		return (CONN_S3);
	case CONN_S3:
		return (CONN_S2);
	case CONN_RSTO:
		return (CONN_RSTR);
	case CONN_RSTR:
		return (CONN_RSTO);
	default:
		return (v);
	}
}

void
value_reverse(enum type type, union value *v, struct arena *arena)
{
	if (type == TYPE_SIDES) {
		v->u = (v->u & ~3ull) | (v->u & 1) << 1 | (v->u >> 1 & 1);
	} else if (type == TYPE_CONN) {
		v->u = other_conn(v->u);
	} else if (type == TYPE_HISTORY) {
		uint8_t *p = arena_copy(arena, v->b.p, v->b.n);

		for (uint32_t i = 0; i < v->b.n; i++)
			p[i] = (uint8_t)(islower(p[i]) ? toupper(p[i]) : tolower(p[i]));
		v->b.p = p;
	} else if (type == TYPE_GAPS) {
		struct cursor c = cur_new(v->b.p, v->b.n);
		struct buf out = { 0 };

		while (cur_left(&c) > 0 && !c.cut) {
			buf_varint(&out, cur_varint(&c) ^ 1); /* 0 = source */
			buf_varint(&out, cur_varint(&c));
			buf_varint(&out, cur_varint(&c));
		}
		v->b = (struct blob){ arena_copy(arena, out.p, out.len), (uint32_t)out.len };
		buf_free(&out);
	}
}
