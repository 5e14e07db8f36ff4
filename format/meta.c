/* SPDX-License-Identifier: BSD-2-Clause
 *
 * meta.c: the MessagePack part of a record file, and nothing of columns.  Tests: test_file.c, tests/fuzz/fuzz_meta.c.
 */
#include "format/meta.h"

#include "format/base/cursor.h"
#include "format/base/hash.h"
#include "format/base/mem.h"
#include "format/batch.h"
#include "format/codec.h"

#include <msgpack.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.1.0"
#endif

#define DEPTH_MAX 8

/* --- objects */

void
meta_put_object(struct buf *out, enum meta_kind kind, const void *payload, size_t n)
{
	buf_u8(out, 0x94);
	buf_u8(out, 0xa4);
	buf_str(out, "PV");
	buf_u16(out, (uint16_t)kind);
	buf_u8(out, 0xce);
	buf_u32(out, (uint32_t)n);
	buf_u8(out, 0xcf);
	buf_u64(out, hash64(payload, n, 0));
	meta_put_head(out, (uint32_t)n);
	buf_add(out, payload, n);
}

bool
meta_get_object(const uint8_t p[static META_PREFIX], struct meta_object *o)
{
	struct cursor c = { .p = p, .end = p + META_PREFIX };
	bool good = cur_u32(&c) == 0x94a45056;

	o->kind = cur_u16(&c);
	good = cur_u8(&c) == 0xce && good;
	o->size = cur_u32(&c);
	good = cur_u8(&c) == 0xcf && good;
	o->check = cur_u64(&c);
	good = cur_u8(&c) == 0xc6 && good;
	return (cur_u32(&c) == o->size && o->size <= META_PAYLOAD_MAX && good);
}

bool
meta_check(const struct meta_object *o, const uint8_t *payload)
{
	return (hash64(payload, o->size, 0) == o->check);
}

void
meta_put_head(struct buf *out, uint32_t size)
{
	buf_u8(out, 0xc6);
	buf_u32(out, size);
}

bool
meta_get_head(const uint8_t p[static META_HEAD], uint32_t *size)
{
	struct cursor c = { .p = p, .end = p + META_HEAD };
	bool good = cur_u8(&c) == 0xc6;

	*size = cur_u32(&c);
	return (good);
}

/* --- packing */

static int
to_buf(void *buf, const char *p, size_t n)
{
	buf_add(buf, p, n);
	return (0);
}

static void
put_str(msgpack_packer *pk, const char *s)
{
	(void)msgpack_pack_str_with_body(pk, s, strlen(s));
}

static void
put_flag(msgpack_packer *pk, const char *key, bool v)
{
	put_str(pk, key);
	(void)(v ? msgpack_pack_true(pk) : msgpack_pack_false(pk));
}

static void
put_number(msgpack_packer *pk, const char *key, uint64_t v)
{
	put_str(pk, key);
	(void)msgpack_pack_uint64(pk, v);
}

static void
put_value(msgpack_packer *pk, const struct dir_value *v)
{
	if (!v->is)
		(void)msgpack_pack_nil(pk);
	else if (v->bytes.p != NULL)
		(void)msgpack_pack_bin_with_body(pk, v->bytes.p, v->bytes.n);
	else
		(void)msgpack_pack_uint64(pk, v->u);
}

void
meta_put_header(struct buf *out, const struct segment_info *s)
{
	msgpack_packer pk;

	msgpack_packer_init(&pk, out, to_buf);
	(void)msgpack_pack_map(&pk, 7);
	put_number(&pk, "format", META_VERSION);
	put_str(&pk, "program");
	put_str(&pk, "pavo " PACKAGE_VERSION);
	put_str(&pk, "probe");
	put_str(&pk, s->probe == NULL ? "" : s->probe);
	put_number(&pk, "interval", s->interval);
	put_number(&pk, "snaplen", s->snaplen);
	put_flag(&pk, "filtered", s->filtered);
	put_flag(&pk, "live", s->live);
}

static const char *
held_word(enum store s)
{
	return (s == STORE_IP ? "ip" : s == STORE_BLOB ? "blob" : "u64");
}

void
meta_put_schema(struct buf *out, const struct fieldset *set)
{
	static const char *const merge[] = { [AGG_NONE] = "", [AGG_KEY] = "KEY", [AGG_SAME] = "SAME",
		[AGG_SUM] = "SUM", [AGG_MIN] = "MIN", [AGG_MAX] = "MAX", [AGG_OR] = "OR",
		[AGG_HIST] = "HIST", [AGG_FIRST] = "FIRST", [AGG_LAST] = "LAST", [AGG_TOP] = "TOP",
		[AGG_COMP] = "COMP" };
	msgpack_packer pk;

	msgpack_packer_init(&pk, out, to_buf);
	(void)msgpack_pack_array(&pk, bits_count(set->w, F_STORED));
	for (size_t f = bits_next(set->w, 0, F_STORED); f < F_STORED; f = bits_next(set->w, f + 1, F_STORED)) {
		const struct field_info *info = &fields[f];

		(void)msgpack_pack_array(&pk, 7);
		(void)msgpack_pack_uint16(&pk, info->id);
		put_str(&pk, info->name);
		put_str(&pk, types[info->type].name);
		put_str(&pk, held_word(info->store));
		put_str(&pk, types[info->type].unit);
		put_str(&pk, merge[info->agg]);
		put_str(&pk, info->doc);
	}
}

static void
put_section(msgpack_packer *pk, const struct dir_section *s)
{
	(void)msgpack_pack_uint8(pk, s->codec);
	(void)msgpack_pack_uint32(pk, s->size);
	(void)msgpack_pack_uint32(pk, s->raw);
	(void)msgpack_pack_uint32(pk, s->check);
}

static void
put_rows(msgpack_packer *pk, int32_t set)
{
	if (set == ROWS_NONE)
		(void)msgpack_pack_nil(pk);
	else
		(void)msgpack_pack_uint32(pk, (uint32_t)set);
}

static void
put_column(msgpack_packer *pk, const struct dir_column *c, uint32_t last_id)
{
	bool constant = c->code == 0;

	(void)msgpack_pack_array(pk, constant ? 4 : 9 + c->nmore);
	(void)msgpack_pack_uint32(pk, c->id - last_id);
	(void)msgpack_pack_uint8(pk, c->code);
	if (c->mixed != ROWS_NONE)
		(void)msgpack_pack_array(pk, 2);
	put_rows(pk, c->present);
	if (c->mixed != ROWS_NONE)
		put_rows(pk, c->mixed);
	if (!constant)
		put_section(pk, &c->at);
	put_value(pk, &c->min);
	if (!constant)
		put_value(pk, &c->max);
	for (unsigned i = 0; i < c->nmore; i++)
		(void)msgpack_pack_uint32(pk, c->more[i]);
}

void
meta_put_directory(struct buf *out, const struct directory *d)
{
	msgpack_packer pk;

	msgpack_packer_init(&pk, out, to_buf);
	(void)msgpack_pack_array(&pk, 6);
	(void)msgpack_pack_uint64(&pk, d->length);
	(void)msgpack_pack_uint32(&pk, d->rows);
	if (d->addr.size == 0) {
		(void)msgpack_pack_nil(&pk);
	} else {
		(void)msgpack_pack_array(&pk, 6);
		(void)msgpack_pack_uint32(&pk, d->n4);
		(void)msgpack_pack_uint32(&pk, d->n6);
		put_section(&pk, &d->addr);
	}
	(void)msgpack_pack_array(&pk, d->nset);
	for (uint32_t i = 0; i < d->nset; i++) {
		(void)msgpack_pack_array(&pk, d->set[i].given != 0 ? 7 : 6);
		(void)msgpack_pack_uint8(&pk, d->set[i].kind);
		(void)msgpack_pack_uint32(&pk, d->set[i].count);
		put_section(&pk, &d->set[i].at);
		if (d->set[i].given != 0)
			(void)msgpack_pack_uint32(&pk, d->set[i].given);
	}
	(void)msgpack_pack_array(&pk, d->ncol);
	for (uint32_t i = 0; i < d->ncol; i++)
		put_column(&pk, &d->col[i], i == 0 ? 0 : d->col[i - 1].id);
	if (d->nmember == 0) {
		(void)msgpack_pack_map(&pk, 0);
		return;
	}
	(void)msgpack_pack_map(&pk, 1);
	put_str(&pk, "bloom");
	(void)msgpack_pack_array(&pk, d->nmember);
	for (uint32_t i = 0; i < d->nmember; i++) {
		(void)msgpack_pack_array(&pk, 4);
		put_str(&pk, member_names[d->member[i].what]);
		(void)msgpack_pack_uint8(&pk, d->member[i].kind);
		(void)msgpack_pack_uint32(&pk, d->member[i].size);
		(void)msgpack_pack_uint32(&pk, d->member[i].check);
	}
}

void
meta_put_index(struct buf *out, const struct index_entry *e, size_t n)
{
	msgpack_packer pk;

	msgpack_packer_init(&pk, out, to_buf);
	(void)msgpack_pack_array(&pk, 1);
	(void)msgpack_pack_array(&pk, n);
	for (size_t i = 0; i < n; i++) {
		(void)msgpack_pack_array(&pk, 5);
		(void)msgpack_pack_uint64(&pk, e[i].offset);
		(void)msgpack_pack_uint64(&pk, e[i].length);
		(void)msgpack_pack_uint32(&pk, e[i].rows);
		put_value(&pk, &e[i].bstart);
		put_value(&pk, &e[i].bend);
	}
}

/* Fixed size, so that it is found from the end of the file: each number in its longest form. */
void
meta_put_trailer(struct buf *out, uint64_t length, uint64_t index, uint64_t records)
{
	const uint64_t v[3] = { length, index, records };

	buf_u8(out, 0x93);
	for (size_t i = 0; i < 3; i++) {
		buf_u8(out, 0xcf);
		buf_u64(out, v[i]);
	}
}

void
meta_put_taken(struct buf *out, const struct taken *t)
{
	msgpack_packer pk;

	msgpack_packer_init(&pk, out, to_buf);
	(void)msgpack_pack_map(&pk, 5);
	put_number(&pk, "from", (uint64_t)t->from);
	put_number(&pk, "to", (uint64_t)t->to);
	put_str(&pk, "probe");
	put_str(&pk, t->probe);
	put_str(&pk, "files");
	(void)msgpack_pack_array(&pk, t->n);
	for (size_t i = 0; i < t->n; i++) {
		(void)msgpack_pack_array(&pk, 3);
		put_str(&pk, t->file[i].name);
		(void)msgpack_pack_uint64(&pk, t->file[i].size);
		(void)msgpack_pack_uint64(&pk, t->file[i].check);
	}
	put_str(&pk, "ran");
	(void)msgpack_pack_array(&pk, t->spans);
	for (size_t i = 0; i < t->spans; i++)
		(void)msgpack_pack_uint64(&pk, (uint64_t)t->span[i]);
}

/* --- unpacking */

/* Bytes of payload behind a first byte, and how many objects follow inside; false: not MessagePack.
 * Asked before the library unpacks, which allocates what a length claims. */
static bool
measure(struct cursor *c, uint64_t *bytes, uint64_t *inside)
{
	uint8_t b = cur_u8(c);

	*bytes = *inside = 0;
	if (b <= 0x7f || b >= 0xe0)
		return (true);
	if (b <= 0x8f)
		*inside = 2u * (b & 15);
	else if (b <= 0x9f)
		*inside = b & 15;
	else if (b <= 0xbf)
		*bytes = b & 31;
	else
		switch (b) {
		case 0xc0: case 0xc2: case 0xc3: break;
		case 0xc4: case 0xd9: *bytes = cur_u8(c); break;
		case 0xc5: case 0xda: *bytes = cur_u16(c); break;
		case 0xc6: case 0xdb: *bytes = cur_u32(c); break;
		case 0xc7: *bytes = 1u + cur_u8(c); break;
		case 0xc8: *bytes = 1u + cur_u16(c); break;
		case 0xc9: *bytes = 1ull + cur_u32(c); break;
		case 0xca: case 0xce: case 0xd2: *bytes = 4; break;
		case 0xcb: case 0xcf: case 0xd3: *bytes = 8; break;
		case 0xcc: case 0xd0: *bytes = 1; break;
		case 0xcd: case 0xd1: *bytes = 2; break;
		case 0xd4: *bytes = 2; break;
		case 0xd5: *bytes = 3; break;
		case 0xd6: *bytes = 5; break;
		case 0xd7: *bytes = 9; break;
		case 0xd8: *bytes = 17; break;
		case 0xdc: *inside = cur_u16(c); break;
		case 0xdd: *inside = cur_u32(c); break;
		case 0xde: *inside = 2u * cur_u16(c); break;
		case 0xdf: *inside = 2ull * cur_u32(c); break;
		default: return (false);
		}
	return (!c->cut);
}

/* One object, whole, not too deep, and no length larger than what is there. */
static bool
sane(const uint8_t *p, size_t n)
{
	struct cursor c = cur_new(p, n);
	uint64_t left[DEPTH_MAX] = { 1 }, bytes, inside;
	int depth = 0;

	while (depth >= 0) {
		if (left[depth] == 0) {
			depth--;
			continue;
		}
		left[depth]--;
		if (!measure(&c, &bytes, &inside) || inside > cur_left(&c) || bytes > cur_left(&c))
			return (false);
		cur_skip(&c, bytes);
		if (inside > 0) {
			if (++depth == DEPTH_MAX)
				return (false);
			left[depth] = inside;
		}
	}
	return (!c.cut);
}

struct list { /* a cursor over the elements of an array */
	const msgpack_object *p, *end;
	bool good;
};

static struct list
list_of(const msgpack_object *o, size_t least)
{
	struct list l = { NULL, NULL, false };

	if (o != NULL && o->type == MSGPACK_OBJECT_ARRAY && o->via.array.size >= least) {
		l.p = o->via.array.ptr;
		l.end = l.p + o->via.array.size;
		l.good = true;
	}
	return (l);
}

static const msgpack_object *
next(struct list *l)
{
	if (l->p == l->end) {
		l->good = false;
		return (NULL);
	}
	return (l->p++);
}

static uint64_t
next_uint(struct list *l, uint64_t most)
{
	const msgpack_object *o = next(l);

	if (o == NULL || o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 > most) {
		l->good = false;
		return (0);
	}
	return (o->via.u64);
}

static struct dir_value
next_value(struct list *l)
{
	const msgpack_object *o = next(l);
	struct dir_value v = { false, 0, { NULL, 0 } };

	if (o == NULL || o->type == MSGPACK_OBJECT_NIL)
		return (v);
	v.is = true;
	if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
		v.u = o->via.u64;
	else if (o->type == MSGPACK_OBJECT_BIN)
		v.bytes = (struct blob){ (const uint8_t *)o->via.bin.ptr, o->via.bin.size };
	else
		l->good = false;
	return (v);
}

static bool
is_text(const msgpack_object *o, const char *s)
{
	return (o->type == MSGPACK_OBJECT_STR && o->via.str.size == strlen(s) &&
	    memcmp(o->via.str.ptr, s, o->via.str.size) == 0);
}

/* Run `read` over the unpacked payload. */
static bool
unpack(const uint8_t *p, size_t n, size_t most, bool (*read)(void *, const msgpack_object *), void *arg)
{
	msgpack_unpacked u;
	msgpack_unpack_return r;
	size_t off = 0;
	bool good;

	if (n > most || !sane(p, n))
		return (false);
	msgpack_unpacked_init(&u);
	r = msgpack_unpack_next(&u, (const char *)p, n, &off);
	if (r == MSGPACK_UNPACK_NOMEM_ERROR) /* that is not the file's fault */
		mem_none(n);
	good = r == MSGPACK_UNPACK_SUCCESS && read(arg, &u.data);
	msgpack_unpacked_destroy(&u);
	return (good);
}

struct header_arg {
	struct arena *arena;
	struct segment_info *info;
	uint64_t *version;
};

static const char *
text_of(struct arena *a, const msgpack_object *o)
{
	char *s = arena_alloc(a, (size_t)o->via.str.size + 1);

	memcpy(s, o->via.str.ptr, o->via.str.size);
	s[o->via.str.size] = '\0';
	return (s);
}

static uint32_t
small(const msgpack_object *o)
{
	return (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER && o->via.u64 <= UINT32_MAX ?
	    (uint32_t)o->via.u64 : 0);
}

static bool
truth(const msgpack_object *o)
{
	return (o->type == MSGPACK_OBJECT_BOOLEAN && o->via.boolean);
}

static bool
read_header(void *arg, const msgpack_object *o)
{
	const struct header_arg *h = arg;

	if (o->type != MSGPACK_OBJECT_MAP)
		return (false);
	*h->version = META_VERSION;
	for (uint32_t i = 0; i < o->via.map.size; i++) {
		const msgpack_object *key = &o->via.map.ptr[i].key, *val = &o->via.map.ptr[i].val;

		if (is_text(key, "format"))
			*h->version = val->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? val->via.u64 : UINT64_MAX;
		else if (is_text(key, "probe") && val->type == MSGPACK_OBJECT_STR)
			h->info->probe = text_of(h->arena, val);
		else if (is_text(key, "program") && val->type == MSGPACK_OBJECT_STR)
			h->info->program = text_of(h->arena, val);
		else if (is_text(key, "interval"))
			h->info->interval = small(val);
		else if (is_text(key, "snaplen"))
			h->info->snaplen = small(val);
		else if (is_text(key, "filtered"))
			h->info->filtered = truth(val);
		else if (is_text(key, "live"))
			h->info->live = truth(val);
	}
	return (true);
}

bool
meta_get_header(const uint8_t *p, size_t n, struct arena *arena, struct segment_info *info, uint64_t *version)
{
	struct header_arg h = { arena, info, version };

	*info = (struct segment_info){ .probe = "" };
	return (unpack(p, n, META_UNPACK_MAX, read_header, &h));
}

static bool
read_schema(void *arg, const msgpack_object *o)
{
	struct fieldset *odd = arg;
	struct list all = list_of(o, 0);

	while (all.good && all.p < all.end) {
		struct list one = list_of(next(&all), 4);
		uint64_t id = next_uint(&one, UINT32_MAX);
		const msgpack_object *held;
		enum field f = id <= UINT16_MAX ? field_with_id((uint16_t)id) : F_NONE;

		(void)next(&one);
		(void)next(&one);
		held = next(&one);
		if (!one.good || held == NULL)
			return (false);
		if (f != F_NONE && !is_text(held, held_word(fields[f].store)))
			fieldset_add(odd, f);
	}
	return (all.good);
}

bool
meta_get_schema(const uint8_t *p, size_t n, struct fieldset *odd)
{
	return (unpack(p, n, META_UNPACK_MAX, read_schema, odd));
}

struct directory_arg {
	struct arena *arena;
	struct directory *d;
	uint64_t used; /* bytes of sections so far */
};

static struct dir_section
next_section(struct list *l, struct directory_arg *a)
{
	struct dir_section s;

	s.codec = (uint8_t)next_uint(l, UINT8_MAX);
	s.size = (uint32_t)next_uint(l, META_PAYLOAD_MAX);
	s.raw = (uint32_t)next_uint(l, META_RAW_MAX);
	s.check = (uint32_t)next_uint(l, UINT32_MAX);
	if (s.size != 0)
		a->used += META_HEAD + s.size;
	return (s);
}

/* nil or a set's number */
static int32_t
next_set(struct list *l, const struct directory *d)
{
	if (l->p < l->end && l->p->type == MSGPACK_OBJECT_NIL) {
		l->p++;
		return (ROWS_NONE);
	}
	return ((int32_t)next_uint(l, d->nset));
}

static bool
read_column(struct directory_arg *a, const msgpack_object *o, struct dir_column *c, uint32_t last_id)
{
	struct list l = list_of(o, 4), sets;

	c->id = last_id + (uint32_t)next_uint(&l, 1u << 30);
	c->code = (uint8_t)next_uint(&l, UINT8_MAX);
	c->mixed = ROWS_NONE;
	if (l.p < l.end && l.p->type == MSGPACK_OBJECT_ARRAY) {
		sets = list_of(next(&l), 2);
		c->present = next_set(&sets, a->d);
		c->mixed = next_set(&sets, a->d);
		l.good = l.good && sets.good;
	} else {
		c->present = next_set(&l, a->d);
	}
	if (c->code == 0) {
		c->min = c->max = next_value(&l);
		return (l.good && c->id > last_id && c->id < 1u << 30);
	}
	c->at = next_section(&l, a);
	c->min = next_value(&l);
	c->max = next_value(&l);
	while (c->nmore < DIR_MORE && l.p < l.end && l.p->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
		c->more[c->nmore++] = (uint32_t)next_uint(&l, (1u << 30) - 1);
	return (l.good && c->id > last_id && c->id < 1u << 30);
}

/* What a value points to lies in the payload or in the library's zone, which goes: keep a copy. */
static void
keep(struct arena *arena, struct dir_value *v)
{
	if (v->bytes.p != NULL)
		v->bytes.p = arena_copy(arena, v->bytes.p, v->bytes.n);
}

static enum member
member_named(const msgpack_object *o)
{
	enum member m = 0;

	while (m < MEMBERS && (o == NULL || !is_text(o, member_names[m])))
		m++;
	return (m);
}

/* Filters are not needed: what can not be understood of them is left out. */
static void
read_members(struct directory_arg *a, const msgpack_object *o)
{
	struct directory *d = a->d;
	struct list all = { NULL, NULL, false };

	for (uint32_t i = 0; o != NULL && o->type == MSGPACK_OBJECT_MAP && i < o->via.map.size; i++)
		if (is_text(&o->via.map.ptr[i].key, "bloom"))
			all = list_of(&o->via.map.ptr[i].val, 0);
	if (!all.good || all.end - all.p > 64)
		return;
	d->member = arena_zero(a->arena, ((size_t)(all.end - all.p) + 1) * sizeof(*d->member));
	while (all.p < all.end) {
		struct dir_member *m = &d->member[d->nmember];
		struct list l = list_of(next(&all), 4);

		m->what = member_named(next(&l));
		m->kind = (uint8_t)next_uint(&l, UINT8_MAX);
		m->size = (uint32_t)next_uint(&l, META_RAW_MAX);
		m->check = (uint32_t)next_uint(&l, UINT32_MAX);
		if (!l.good)
			return; /* where the next one lies is not known */
		a->used += META_HEAD + (uint64_t)m->size;
		d->nmember++;
	}
}

static bool
read_directory(void *arg, const msgpack_object *o)
{
	struct directory_arg *a = arg;
	struct directory *d = a->d;
	struct list top = list_of(o, 6), addr, sets, cols;
	uint32_t last_id = 0;

	d->length = next_uint(&top, 1ull << 32);
	d->rows = (uint32_t)next_uint(&top, BATCH_ROWS);
	if (!top.good || d->rows == 0)
		return (false);
	if (top.p->type == MSGPACK_OBJECT_NIL) {
		top.p++;
	} else {
		addr = list_of(next(&top), 6);
		d->n4 = (uint32_t)next_uint(&addr, 1u << 20);
		d->n6 = (uint32_t)next_uint(&addr, 1u << 20);
		d->addr = next_section(&addr, a);
		if (!addr.good)
			return (false);
	}
	sets = list_of(next(&top), 0);
	cols = list_of(next(&top), 0);
	if (!sets.good || !cols.good)
		return (false);
	d->nset = (uint32_t)(sets.end - sets.p);
	d->set = arena_zero(a->arena, d->nset * sizeof(*d->set));
	for (uint32_t i = 0; i < d->nset; i++) {
		struct list l = list_of(next(&sets), 6);

		d->set[i].kind = (uint8_t)next_uint(&l, UINT8_MAX);
		d->set[i].count = (uint32_t)next_uint(&l, d->rows);
		d->set[i].at = next_section(&l, a);
		if (d->set[i].kind == SET_GIVEN)
			d->set[i].given = (uint32_t)next_uint(&l, i);
		if (!l.good || (d->set[i].kind == SET_GIVEN) != (d->set[i].given != 0))
			return (false);
	}
	d->ncol = (uint32_t)(cols.end - cols.p);
	d->col = arena_zero(a->arena, d->ncol * sizeof(*d->col));
	for (uint32_t i = 0; i < d->ncol; i++) {
		if (!read_column(a, next(&cols), &d->col[i], last_id))
			return (false);
		last_id = d->col[i].id;
		keep(a->arena, &d->col[i].min);
		keep(a->arena, &d->col[i].max);
	}
	read_members(a, top.p < top.end ? next(&top) : NULL);
	return (a->used <= d->length);
}

bool
meta_get_directory(const uint8_t *p, size_t n, struct arena *arena, struct directory *d)
{
	struct directory_arg a = { arena, d, 0 };

	memset(d, 0, sizeof(*d));
	return (unpack(p, n, META_UNPACK_MAX, read_directory, &a));
}

struct index_arg {
	struct arena *arena;
	uint64_t end;
	struct index_entry *entry;
	size_t n;
};

static bool
read_index(void *arg, const msgpack_object *o)
{
	struct index_arg *a = arg;
	struct list top = list_of(o, 1), all = list_of(next(&top), 0);
	uint64_t last = 0;

	if (!top.good || !all.good)
		return (false);
	a->entry = arena_zero(a->arena, ((size_t)(all.end - all.p) + 1) * sizeof(*a->entry));
	while (all.p < all.end) {
		struct index_entry *e = &a->entry[a->n++];
		struct list l = list_of(next(&all), 5);

		e->offset = next_uint(&l, a->end);
		e->length = next_uint(&l, a->end);
		e->rows = (uint32_t)next_uint(&l, BATCH_ROWS);
		e->bstart = next_value(&l);
		e->bend = next_value(&l);
		if (!l.good || e->offset < last || e->length == 0 || e->length > a->end - e->offset ||
		    e->bstart.bytes.p != NULL || e->bend.bytes.p != NULL)
			return (false);
		last = e->offset + e->length;
	}
	return (true);
}

bool
meta_get_index(const uint8_t *p, size_t n, uint64_t end, struct arena *arena, struct index_entry **entry, size_t *count)
{
	struct index_arg a = { .arena = arena, .end = end };

	if (!unpack(p, n, META_UNPACK_MAX, read_index, &a))
		return (false);
	*entry = a.entry;
	*count = a.n;
	return (true);
}

bool
meta_get_trailer(const uint8_t *p, size_t n, uint64_t *length, uint64_t *index, uint64_t *records)
{
	uint64_t *const to[] = { length, index, records };
	struct cursor c = cur_new(p, n);
	bool good = cur_u8(&c) == 0x93;

	for (size_t i = 0; i < 3; i++) {
		good = cur_u8(&c) == 0xcf && good;
		*to[i] = cur_u64(&c);
	}
	return (good && !c.cut && cur_left(&c) == 0 && *index < *length);
}

struct taken_arg {
	struct arena *arena;
	struct taken *taken;
};

static bool
read_taken_files(struct arena *a, const msgpack_object *o, struct taken *t)
{
	struct list l = list_of(o, 0);

	if (!l.good)
		return (false);
	t->n = 0;
	t->file = arena_zero(a, (size_t)(l.end - l.p) * sizeof(*t->file) + 1);
	while (l.p < l.end) {
		struct list f = list_of(l.p++, 3);
		const msgpack_object *name = next(&f);
		uint64_t size = next_uint(&f, UINT64_MAX), check = next_uint(&f, UINT64_MAX);

		if (!f.good || name->type != MSGPACK_OBJECT_STR)
			return (false);
		t->file[t->n++] = (struct taken_file){ text_of(a, name), size, check };
	}
	return (true);
}

static bool
read_spans(struct arena *a, const msgpack_object *o, struct taken *t)
{
	struct list l = list_of(o, 0);

	t->spans = 0;
	t->span = arena_zero(a, (size_t)(l.end - l.p) * sizeof(*t->span) + 1);
	while (l.p < l.end && l.good) {
		t->span[t->spans] = (int64_t)next_uint(&l, INT64_MAX);
		if (t->spans > 0 && t->span[t->spans] < t->span[t->spans - 1])
			return (false);
		t->spans++;
	}
	return (l.good && t->spans % 2 == 0);
}

static bool
read_taken(void *arg, const msgpack_object *o)
{
	const struct taken_arg *a = arg;
	struct taken *t = a->taken;

	if (o->type != MSGPACK_OBJECT_MAP)
		return (false);
	for (uint32_t i = 0; i < o->via.map.size; i++) {
		const msgpack_object *key = &o->via.map.ptr[i].key, *v = &o->via.map.ptr[i].val;
		bool time = v->type == MSGPACK_OBJECT_POSITIVE_INTEGER && v->via.u64 <= INT64_MAX;

		if (is_text(key, "from") && time)
			t->from = (int64_t)v->via.u64;
		else if (is_text(key, "to") && time)
			t->to = (int64_t)v->via.u64;
		else if (is_text(key, "probe") && v->type == MSGPACK_OBJECT_STR)
			t->probe = text_of(a->arena, v);
		else if ((is_text(key, "files") && !read_taken_files(a->arena, v, t)) ||
		    (is_text(key, "ran") && !read_spans(a->arena, v, t)))
			return (false);
	}
	return (t->probe != NULL && t->file != NULL && t->from >= 0 && t->from < t->to);
}

bool
meta_get_taken(const uint8_t *p, size_t n, struct arena *arena, struct taken *t)
{
	struct taken_arg a = { arena, t };

	*t = (struct taken){ .from = -1, .to = -1 };
	return (unpack(p, n, META_UNPACK_MAX, read_taken, &a));
}
