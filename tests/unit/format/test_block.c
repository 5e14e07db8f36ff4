/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_block.c: batches come back as they were, for every field, presence and selection.
 */
#include "format/base/clock.h"
#include "format/block.h"
#include "format/base/hash.h"
#include "format/ids.h"

#include "records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The present, absent or mixed state of a row, by pattern; 0 absent, 1 present, 2 mixed */
static int
state_of(unsigned pattern, uint32_t r)
{
	switch (pattern % 9) {
	case 0: return (1);
	case 1: return (0);
	case 2: return (rnd() % 2 ? 1 : 0);
	case 3: return (r % 97 == 3 ? 1 : 0);
	case 4: return (r % 97 == 3 ? 0 : 1);
	case 5: return (r / 50 % 2 ? 1 : 0);
	case 6: return (r % 13 == 0 ? 2 : 1);
	case 7: return (r % 13 == 0 ? 2 : 0);
	default: return (2);
	}
}

static struct batch *
random_batch(uint32_t rows)
{
	struct batch *b = batch_new(rows);

	b->rows = rows;
	for (enum field f = 0; f < F_STORED; f++) {
		unsigned pattern = (unsigned)rnd(), shape = (unsigned)(rnd() >> 32);
		struct column *c = NULL;

		for (uint32_t r = 0; r < rows; r++) {
			int s = state_of(pattern, r);
			union value v;

			if (s == 0)
				continue;
			c = batch_column(b, f);
			if (s == 2) {
				column_set_mixed(b, c, r);
				continue;
			}
			v = random_value(f, shape, r, &b->arena);
			column_set(c, r, &v);
		}
	}
	return (b);
}

static const uint8_t *
from_memory(void *arg, uint64_t offset, uint32_t n)
{
	const struct buf *b = arg;

	return (offset <= b->len && n <= b->len - offset ? b->p + offset : NULL);
}

struct open_block { /* an encoded block, taken apart */
	struct directory d;
	struct buf sections; /* borrowed */
};

static void
open_block(const struct buf *out, struct arena *a, struct open_block *o)
{
	struct meta_object m;

	assert_true(out->len > META_PREFIX);
	assert_true(meta_get_object(out->p, &m));
	assert_int_equal(m.kind, META_BLOCK);
	assert_true(meta_check(&m, out->p + META_PREFIX));
	assert_true(meta_get_directory(out->p + META_PREFIX, m.size, a, &o->d));
	o->sections = (struct buf){ out->p + META_PREFIX + m.size, out->len - META_PREFIX - m.size, 0 };
	assert_int_equal(o->d.length, o->sections.len);
}

/* What a companion time equal to bstart becomes: absent. */
static bool
is_dropped(const struct batch *b, enum field f, uint32_t r)
{
	return (fields[f].agg == AGG_COMP && column_has(b->col[f], r) && column_has(b->col[F_bstart], r) &&
	    b->col[f]->u[r] == b->col[F_bstart]->u[r]);
}

static void
same_cell(const struct batch *want, uint32_t wr, const struct batch *got, uint32_t gr, enum field f)
{
	bool has = column_has(want->col[f], wr) && !is_dropped(want, f, wr);
	union value x, y;

	if (has != column_has(got->col[f], gr) || column_mixed(want->col[f], wr) != column_mixed(got->col[f], gr))
		fail_msg("%s, row %u: presence", fields[f].name, wr);
	if (!has)
		return;
	x = column_value(want->col[f], wr);
	y = column_value(got->col[f], gr);
	if (!value_equal(fields[f].store, &x, &y))
		fail_msg("%s, row %u: value", fields[f].name, wr);
}

static struct fieldset
random_fields(void)
{
	struct fieldset s = { { 0 } };
	unsigned share = (unsigned)rnd() % 6;

	for (enum field f = 0; f < F_STORED; f++)
		if (rnd() % 6 < share || rnd() % 50 == 0)
			fieldset_add(&s, f);
	return (s);
}

static void
same_column(const struct batch *want, const struct batch *got, enum field f)
{
	for (uint32_t r = 0; r < want->rows; r++)
		same_cell(want, r, got, r, f);
}

/* Rows picked out of the block that is open, beside those of a batch that has all. */
static void
check_pick(struct blocks *k, const struct batch *all, struct batch *few, uint32_t *row)
{
	struct fieldset want = random_fields();
	uint64_t share = 1 + rnd() % (rnd() % 2 ? 4 : 400);
	enum field unknown = F_NONE;
	uint32_t n = 0;

	for (uint32_t r = 0; r < all->rows; r++)
		if (rnd() % share == 0 || (r + 1 == all->rows && n == 0))
			row[n++] = r;
	assert_int_equal(block_pick(k, &want, row, n, few, &unknown), BLOCK_GOOD);
	assert_int_equal(unknown, F_NONE);
	assert_int_equal(few->rows, n);
	for (enum field f = 0; f < F_STORED; f++) {
		if (!fieldset_has(&want, f))
			assert_null(few->col[f]);
		else
			for (uint32_t r = 0; r < n; r++)
				same_cell(all, row[r], few, r, f);
	}
}

/* The block in steps, beside a batch that came from it at once. */
static void
check_steps(struct blocks *k, struct open_block *o, const struct batch *all)
{
	struct batch *b = batch_new(1), *few = batch_new(1);
	uint32_t *row = malloc(all->rows * sizeof(*row));

	assert_non_null(row);
	for (unsigned t = 0; t < 4; t++) {
		struct fieldset seen = { { 0 } };

		block_open(k, &o->d, NULL, from_memory, &o->sections, b);
		if (t % 2 == 0)
			check_pick(k, all, few, row);
		for (unsigned step = 0; step < 2; step++) {
			struct fieldset want = random_fields();
			enum field unknown = F_NONE;

			fieldset_union(&seen, &want);
			assert_int_equal(block_read(k, &want, &unknown), BLOCK_GOOD);
			assert_int_equal(unknown, F_NONE);
			for (enum field f = 0; f < F_STORED; f++) {
				if (rnd() % 2 == 0)
					continue;
				(void)batch_flat(b, f);
				if (fieldset_has(&seen, f))
					same_column(all, b, f);
				else
					assert_null(b->col[f]);
			}
			check_pick(k, all, few, row);
		}
	}
	free(row);
	batch_free(&few);
	batch_free(&b);
}

static void
test_round_trip(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 63, 64, 65, 129, 1000, 5000 };
	struct blocks *k = blocks_new();
	struct batch *back = batch_new(1);
	struct arena a = { 0 };
	struct buf out = { 0 };

	(void)state;
	for (int round = 0; round < 24; round++) {
		struct batch *b = random_batch(sizes[(size_t)round % (sizeof(sizes) / sizeof(sizes[0]))]);
		struct open_block o;
		struct fieldset used;
		struct index_entry entry;
		enum field unknown = F_NONE;

		out.len = 0;
		block_encode(k, b, &out, &used, &entry);
		assert_int_equal(entry.rows, b->rows);
		assert_int_equal(entry.length, out.len);
		arena_reset(&a);
		open_block(&out, &a, &o);
		assert_int_equal(block_decode(k, &o.d, NULL, NULL, from_memory, &o.sections, back, &unknown),
		    BLOCK_GOOD);
		assert_int_equal(unknown, F_NONE);
		assert_int_equal(back->rows, b->rows);
		for (enum field f = 0; f < F_STORED; f++)
			for (uint32_t r = 0; r < b->rows; r++)
				same_cell(b, r, back, r, f);
		check_steps(k, &o, back);
		batch_free(&b);
	}
	arena_free(&a);
	buf_free(&out);
	batch_free(&back);
	blocks_free(&k);
}

/* 500 rows of one bin, each with times and packets of its own; the last one without a packet, and so without times. */
static struct batch *
one_bin(void)
{
	struct batch *b = batch_new(500);

	for (uint32_t r = 0; r < 500; r++) {
		struct flow f = { .present = { 0 } };

		f.v[F_bstart].i = 60 * SEC;
		f.v[F_stime].i = 60 * SEC + (int64_t)((r * 7 + 3) % 499);
		f.v[F_ltime].i = 61 * SEC + (int64_t)((r * 11 + 5) % 499);
		f.v[F_spkts].u = r % 13;
		bit_set(f.present, F_bstart);
		for (int i = 0; i < 3 && r < 499; i++)
			bit_set(f.present, (const enum field[]){ F_stime, F_ltime, F_spkts }[i]);
		batch_add(b, &f);
	}
	return (b);
}

/* Of rows that are one the first and the last time are told by the directory; all else is read as ever. */
static void
test_extremes(void **state)
{
	struct blocks *k = blocks_new();
	struct batch *all = one_bin(), *b = batch_new(1);
	struct arena a = { 0 };
	struct buf out = { 0 };
	struct open_block o;
	struct fieldset used, want = { { 0 } };
	struct index_entry entry;

	(void)state;
	block_encode(k, all, &out, &used, &entry);
	open_block(&out, &a, &o);
	for (int i = 0; i < 4; i++)
		fieldset_add(&want, (const enum field[]){ F_bstart, F_stime, F_ltime, F_spkts }[i]);
	for (int one = 0; one < 2; one++) {
		struct extremes e = { { { 0 } }, { { 0 } } };
		enum field unknown = F_NONE;

		fieldset_add(&e.same, one ? F_bstart : F_spkts);
		fieldset_add(&e.of, F_stime);
		fieldset_add(&e.of, F_ltime);
		fieldset_add(&e.of, F_spkts); /* a sum: no value is enough */
		block_open(k, &o.d, NULL, from_memory, &o.sections, b);
		assert_int_equal(block_read_extremes(k, &want, &e, &unknown), BLOCK_GOOD);
		assert_int_equal(unknown, F_NONE);
		batch_flatten(b);
		for (uint32_t r = 0; r < 500; r++) {
			same_cell(all, r, b, r, F_bstart);
			same_cell(all, r, b, r, F_spkts);
			assert_int_equal(column_has(b->col[F_stime], r), r < 499);
			assert_int_equal(column_has(b->col[F_ltime], r), r < 499);
			if (r == 499)
				continue;
			assert_int_equal(b->col[F_stime]->i[r], one ? 60 * SEC : all->col[F_stime]->i[r]);
			assert_int_equal(b->col[F_ltime]->i[r], one ? 61 * SEC + 498 : all->col[F_ltime]->i[r]);
		}
	}
	arena_free(&a);
	buf_free(&out);
	batch_free(&b);
	batch_free(&all);
	blocks_free(&k);
}

static void
test_selection(void **state)
{
	struct blocks *k = blocks_new();
	struct batch *back = batch_new(1), *b = random_batch(700);
	uint64_t sel[BITS_WORDS(700)] = { 0 };
	struct arena a = { 0 };
	struct buf out = { 0 };
	struct open_block o;
	struct fieldset used;
	struct index_entry entry;
	enum field unknown = F_NONE;
	uint32_t n = 0;

	(void)state;
	for (uint32_t r = 0; r < 700; r++)
		if (rnd() % 3 == 0)
			bit_set(sel, r);
	b->sel = sel;
	block_encode(k, b, &out, &used, &entry);
	assert_int_equal(entry.rows, bits_count(sel, 700));
	open_block(&out, &a, &o);
	assert_int_equal(block_decode(k, &o.d, NULL, NULL, from_memory, &o.sections, back, &unknown), BLOCK_GOOD);
	for (uint32_t r = 0; r < 700; r++) {
		if (!bit_get(sel, r))
			continue;
		for (enum field f = 0; f < F_STORED; f++)
			same_cell(b, r, back, n, f);
		n++;
	}
	memset(sel, 0, sizeof(sel));
	out.len = 0;
	block_encode(k, b, &out, &used, &entry);
	assert_int_equal(out.len, 0); /* no rows: no block */
	arena_free(&a);
	buf_free(&out);
	batch_free(&b);
	batch_free(&back);
	blocks_free(&k);
}

/* Rows that are selected, each with a chance of 7 in 8. */
static void
select_most(struct batch *b)
{
	b->sel = arena_zero(&b->arena, BITS_WORDS(b->rows) * 8);
	for (uint32_t r = 0; r < b->rows; r++)
		if (rnd() % 8 != 0)
			bit_set(b->sel, r);
}

/* The batch as a block; what the last one was is gone. */
static void
write_block(struct blocks *k, const struct batch *b, struct buf *out, struct arena *a, struct open_block *o)
{
	struct fieldset used;
	struct index_entry entry;

	out->len = 0;
	block_encode(k, b, out, &used, &entry);
	arena_reset(a);
	open_block(out, a, o);
}

/* The selected rows have come back, in these fields (NULL: all). */
static void
same_rows(const struct batch *b, const struct batch *back, const struct fieldset *in)
{
	uint32_t n = 0;

	for (uint32_t r = 0; r < b->rows; r++) {
		if (!batch_selected(b, r))
			continue;
		for (enum field f = 0; f < F_STORED; f++)
			if (in == NULL || fieldset_has(in, f))
				same_cell(b, r, back, n, f);
		n++;
	}
}

/* Records of a few flows as the probe writes them, with all that may happen to them afterwards. */
static struct batch *
batch_of_flows(uint32_t rows, unsigned whole) /* whole: of 100 ids, those that are as the probe makes them */
{
	static const uint8_t protos[] = { 1, 6, 17, 47, 50, 58 };
	struct batch *b = batch_new(rows);

	for (uint32_t r = 0; r < rows; r++) {
		uint32_t n = (uint32_t)rnd() % 40;
		uint8_t proto = protos[n % sizeof(protos)], lo[4] = { 10, 0, 0, (uint8_t)n }, hi[4] = { 10, 0, 1, 1 };
		struct key k = { .proto = proto, .af = 4, .lo = ip_v4(lo), .hi = ip_v4(hi) };
		bool turned = rnd() % 2, start = rnd() % 3 == 0;
		struct flow f;

		flow_clear(&f);
		SET(&f, flags, start ? RFLAGS_start : 0);
		SET(&f, proto, proto);
		SET_IP(&f, saddr, turned ? k.hi : k.lo);
		SET_IP(&f, daddr, turned ? k.lo : k.hi);
		if (proto == 6 || proto == 17) {
			k.lport = (uint16_t)(1000 + n);
			k.hport = 53;
			SET(&f, sport, turned ? k.hport : k.lport);
			SET(&f, dport, turned ? k.lport : k.hport);
		} else if (proto == 1 || proto == 58) {
			k.kind = KEY_PORTLESS;
		}
		if (rnd() % 10 != 0)
			SET(&f, stime, 1700000000000000000 + n);
		SET_BLOB(&f, probe, n % 2 ? "a" : "b", 1);
		SET(&f, flowid, rnd() % 100 < whole ? id_of_flow(&k, 1700000000000000000 + n, id_of_probe(n % 2 ? "a" : "b", 1), 0) : rnd());
		if (proto == 50)
			SET(&f, tunid, rnd() % 100 < whole ? id_of_tunnel(&k) : rnd());
		batch_add(b, &f);
		if (whole < 100 && rnd() % 20 == 0) { /* merged */
			static const uint16_t some[] = { F_proto, F_saddr, F_sport, F_probe, F_flowid, F_tunid };
			struct column *c = batch_column(b, some[rnd() % 6]);

			bit_clear(c->present, r);
			column_set_mixed(b, c, r);
		}
	}
	return (b);
}

static const struct dir_column *
dir_column(const struct directory *d, enum field f)
{
	for (uint32_t i = 0; i < d->ncol; i++)
		if (d->col[i].id == fields[f].id)
			return (&d->col[i]);
	return (NULL);
}

/* Ids come back whatever they are, of all rows and of some; those that follow from their rows take no room. */
static void
test_ids(void **state)
{
	struct blocks *k = blocks_new();
	struct batch *back = batch_new(1);
	struct arena a = { 0 };
	struct buf out = { 0 };

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		uint32_t rows = 1 + (uint32_t)rnd() % 3000, n = 0;
		unsigned whole = round % 4 == 0 ? 100 : round % 4 * 25 + 20;
		struct batch *b = batch_of_flows(rows, whole);
		struct open_block o;
		struct fieldset want = { { 0 } };
		enum field unknown = F_NONE;

		if (round % 3 == 0) {
			b->sel = arena_zero(&b->arena, BITS_WORDS(rows) * 8);
			for (uint32_t r = 0; r < rows; r++)
				if (r == 0 || rnd() % 4 != 0)
					bit_set(b->sel, r);
		}
		fieldset_add(&want, F_tunid);
		fieldset_add(&want, F_flowid);
		write_block(k, b, &out, &a, &o);
		assert_int_equal(block_decode(k, &o.d, round % 2 ? &want : NULL, NULL, from_memory, &o.sections, back,
		    &unknown), BLOCK_GOOD);
		assert_int_equal(unknown, F_NONE);
		for (uint32_t r = 0; r < rows; r++) {
			if (!batch_selected(b, r))
				continue;
			same_cell(b, r, back, n, F_flowid);
			same_cell(b, r, back, n++, F_tunid);
		}
		assert_true(round % 2 == 0 || back->col[F_proto] == NULL);
		if (round % 8 == 0)
			check_steps(k, &o, back);
		if (whole == 100 && rows > 2) { /* but those of rows without a time that come before their flow's */
			const struct dir_column *c = dir_column(&o.d, F_flowid), *t = dir_column(&o.d, F_tunid);

			assert_int_equal(c->code, CODE_ID);
			assert_true(c->at.raw <= 1 + 10 * (rows / 30 + 40));
			assert_true(t == NULL || (t->code == CODE_ID && t->at.raw == 1));
		}
		batch_free(&b);
	}
	arena_free(&a);
	buf_free(&out);
	batch_free(&back);
	blocks_free(&k);
}

/* Of a block of rows that begin their flows it is known that ids follow from them, until something of that is changed or
 * left out; they come back from another block, too. */
static void
test_ids_known(void **state)
{
	const struct dir_column *c;
	struct blocks *k = blocks_new(), *other = blocks_new();
	struct batch *b = batch_of_flows(500, 100), *read = batch_new(1), *back = batch_new(1);
	struct arena a = { 0 }, a2 = { 0 };
	struct buf out = { 0 }, again = { 0 };
	struct open_block o, p;
	enum field unknown = F_NONE;
	struct column *port = NULL;

	(void)state;
	for (uint32_t r = 0; r < b->rows; r++) {
		uint64_t n = b->col[F_saddr]->ip[r].b[14] == 0 ? b->col[F_saddr]->ip[r].b[15] : b->col[F_daddr]->ip[r].b[15];

		b->col[F_flags]->u[r] |= RFLAGS_start;
		b->col[F_stime]->u[r] = 1700000000000000000 + n;
		bit_set(b->col[F_stime]->present, r);
	}
	write_block(k, b, &out, &a, &o);
	for (unsigned way = 0; way < 4; way++) {
		struct fieldset want = { { 0 } };

		for (enum field f = 0; f < F_STORED; f++)
			if (way != 1 || f != F_sport)
				fieldset_add(&want, f);
		block_open(k, &o.d, NULL, from_memory, &o.sections, read);
		assert_int_equal(block_read(k, &want, &unknown), BLOCK_GOOD);
		assert_int_equal(fieldset_has(&read->made, F_flowid), way != 1);
		if (way == 2)
			port = batch_column(read, F_sport);
		for (uint32_t r = 0; way == 2 && r < read->rows; r += 7)
			port->u[r] ^= bit_get(port->present, r);
		if (way == 3)
			batch_hide(read, F_daddr);
		assert_int_equal(fieldset_has(&read->made, F_flowid), way == 0);
		batch_flatten(read);
		write_block(other, read, &again, &a2, &p);
		assert_int_equal(block_decode(other, &p.d, NULL, NULL, from_memory, &p.sections, back, &unknown), BLOCK_GOOD);
		same_column(b, back, F_flowid);
		same_column(b, back, F_tunid);
		c = dir_column(&p.d, F_flowid);
		assert_true(c != NULL && (way != 0 || (c->code == CODE_ID && c->at.raw == 1)));
	}
	arena_free(&a);
	arena_free(&a2);
	buf_free(&out);
	buf_free(&again);
	batch_free(&b);
	batch_free(&read);
	batch_free(&back);
	blocks_free(&k);
	blocks_free(&other);
}

/* Where something that ids are made of can not be read, there are no ids: others would be wrong. */
static void
test_ids_without(void **state)
{
	struct blocks *k = blocks_new();
	struct batch *back = batch_new(1), *b = batch_of_flows(500, 100);
	struct arena a = { 0 };
	struct buf out = { 0 };
	struct open_block o;
	struct fieldset used, want = { { 0 } };
	struct index_entry entry;
	const uint16_t lost[] = { F_stime, F_proto, F_sport };

	(void)state;
	block_encode(k, b, &out, &used, &entry);
	open_block(&out, &a, &o);
	fieldset_add(&want, F_flowid);
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		struct dir_column *c = (struct dir_column *)(uintptr_t)dir_column(&o.d, lost[i]), kept = *c;
		struct fieldset odd = { { 0 } };
		enum field unknown = F_NONE;

		c->code = 77; /* nobody knows it */
		assert_int_equal(block_decode(k, &o.d, &want, NULL, from_memory, &o.sections, back, &unknown), BLOCK_GOOD);
		assert_null(back->col[F_flowid]);
		assert_true(unknown == F_flowid || unknown == lost[i]);
		*c = kept;
		unknown = F_NONE;
		fieldset_add(&odd, lost[i]); /* its schema says that it is something else */
		assert_int_equal(block_decode(k, &o.d, &want, &odd, from_memory, &o.sections, back, &unknown), BLOCK_GOOD);
		assert_null(back->col[F_flowid]);
		assert_int_equal(unknown, F_flowid);
		c->at.check ^= 1; /* its bytes are not those that were written */
		if (c->code != CODE_CONST)
			assert_int_equal(block_decode(k, &o.d, &want, NULL, from_memory, &o.sections, back, &unknown),
			    BLOCK_DAMAGED);
		*c = kept;
	}
	((struct dir_column *)(uintptr_t)dir_column(&o.d, F_flowid))->more[0] = 3; /* a formula from the future */
	{
		enum field unknown = F_NONE;

		assert_int_equal(block_decode(k, &o.d, &want, NULL, from_memory, &o.sections, back, &unknown), BLOCK_GOOD);
		assert_int_equal(unknown, F_flowid);
		assert_null(back->col[F_flowid]);
	}
	arena_free(&a);
	buf_free(&out);
	batch_free(&b);
	batch_free(&back);
	blocks_free(&k);
}

/* Hosts with their hardware addresses and hop limits, packets of few sizes: most of it repeats. */
static struct batch *
batch_of_hosts(uint32_t rows)
{
	struct batch *b = batch_new(rows);

	for (uint32_t r = 0; r < rows; r++) {
		uint32_t n = (uint32_t)rnd() % 400, size = (uint32_t)rnd() % 300;
		const uint8_t src[4] = { 10, 0, (uint8_t)(n / 250), (uint8_t)(n % 250) }, dst[4] = { 10, 1, 0, (uint8_t)(n * 7 % 90) };
		struct flow f;

		flow_clear(&f);
		SET(&f, proto, n % 2 ? 6 : 17);
		if (rnd() % 30 != 0) {
			SET_IP(&f, saddr, ip_v4(src));
			SET_IP(&f, daddr, ip_v4(dst));
		}
		SET(&f, smac, 0x020000000000 + (rnd() % 50 == 0 ? rnd() % 1000 : n * 31));
		SET(&f, dmac, 0x020000000000 + n * 77 % 256);
		if (n % 2) {
			SET(&f, sttlmin, 30 + n % 40);
			SET(&f, sbytes, 60 + size * size);
			SET(&f, spayload, size * size);
			if (n % 10 != 3)
				SET(&f, snewbytes, size * size);
		}
		batch_add(b, &f);
		if (rnd() % 40 == 0) {
			static const uint16_t some[] = { F_saddr, F_smac, F_proto };
			struct column *c = batch_column(b, some[rnd() % 3]);

			bit_clear(c->present, r);
			column_set_mixed(b, c, r);
		}
	}
	return (b);
}

static void
test_repeating(void **state)
{
	static const uint16_t some[] = { F_daddr, F_smac, F_dmac, F_sttlmin, F_spayload };
	struct blocks *k = blocks_new();
	struct batch *back = batch_new(1);
	struct arena a = { 0 };
	struct buf out = { 0 };

	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		uint32_t rows = 6000 + (uint32_t)rnd() % 4000, given = 0;
		struct batch *b = batch_of_hosts(rows);
		struct open_block o;
		struct fieldset want = { { 0 } };
		enum field unknown = F_NONE;

		if (round % 2 != 0)
			select_most(b);
		write_block(k, b, &out, &a, &o);
		for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
			assert_int_equal(dir_column(&o.d, some[i])->code, CODE_LIKE);
		for (uint32_t i = 0; i < o.d.nset; i++)
			given += o.d.set[i].given != 0;
		assert_true(given > 0);
		assert_int_equal(block_decode(k, &o.d, NULL, NULL, from_memory, &o.sections, back, &unknown), BLOCK_GOOD);
		same_rows(b, back, NULL);
		assert_int_equal(unknown, F_NONE);
		check_steps(k, &o, back);
		fieldset_add(&want, F_sttlmin); /* by the hardware address, which is by the address */
		fieldset_add(&want, F_spayload);
		assert_int_equal(block_decode(k, &o.d, &want, NULL, from_memory, &o.sections, back, &unknown), BLOCK_GOOD);
		assert_null(back->col[F_smac]);
		same_rows(b, back, &want);
		((struct dir_column *)(uintptr_t)dir_column(&o.d, F_saddr))->code = 77; /* from the future */
		assert_int_equal(block_decode(k, &o.d, &want, NULL, from_memory, &o.sections, back, &unknown), BLOCK_GOOD);
		assert_null(back->col[F_sttlmin]);
		assert_non_null(back->col[F_spayload]);
		assert_int_not_equal(unknown, F_NONE);
		batch_free(&b);
	}
	arena_free(&a);
	buf_free(&out);
	batch_free(&back);
	blocks_free(&k);
}

/* Flows with times, gaps and round trips; some with values that are not what they should be. */
static struct batch *
batch_of_gaps(uint32_t rows)
{
	struct batch *b = batch_new(rows);
	uint64_t last[50] = { 0 };

	for (uint32_t r = 0; r < rows; r++) {
		uint64_t n = rnd() % 50, pkts = 2 + rnd() % 3, first = 1700000000000000000 + r * 1000000ull + rnd() % 1000 * 1000,
			 span = rnd() % 1000000 * 1000, odd = rnd() % 60 == 0 ? rnd() : 0, rtt = 1 + rnd() % 90000,
			 more = rtt + rnd() % 90000, sum = last[n] == 0 ? span / 1000 : (first + span - last[n]) / 1000;
		const uint8_t src[4] = { 10, 0, 0, (uint8_t)n };
		struct flow f;

		flow_clear(&f);
		SET(&f, flags, last[n] == 0);
		SET(&f, stime, first);
		SET(&f, ltime, first + span);
		SET_IP(&f, saddr, ip_v4(src));
		SET(&f, sport, 1000 + n);
		SET(&f, spkts, pkts);
		SET(&f, sipg_sum, sum + odd);
		SET(&f, sipg_sumsq, sum * sum / (pkts - (last[n] == 0)) + rnd() % 100);
		if (r % 3 != 0) {
			SET(&f, rtts_n, 2);
			SET(&f, rtts_sum, rtt + more);
			SET(&f, rtts_min, rtt);
			SET(&f, rtts_max, more + odd);
			SET(&f, rtts_dsum, more - rtt);
			SET(&f, synack_sum, rtt);
			SET(&f, ackdat_sum, more);
			SET(&f, tcprtt_sum, rtt + more);
		}
		last[n] = first + span;
		batch_add(b, &f);
		if (rnd() % 40 == 0) {
			static const uint16_t some[] = { F_saddr, F_sport, F_rtts_max, F_sipg_sum };
			struct column *c = batch_column(b, some[rnd() % 4]);

			if (bit_get(c->present, r)) {
				bit_clear(c->present, r);
				column_set_mixed(b, c, r);
			}
		}
	}
	return (b);
}

/* What is nearly a formula of others comes back, with all rows, some rows, some columns; and not without what it is of. */
static void
test_made(void **state)
{
	static const uint16_t some[] = { F_sipg_sum, F_sipg_sumsq, F_rtts_max, F_rtts_dsum, F_tcprtt_sum };
	struct blocks *k = blocks_new();
	struct batch *back = batch_new(1);
	struct arena a = { 0 };
	struct buf out = { 0 };

	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		uint32_t rows = 1000 + (uint32_t)rnd() % 4000;
		struct batch *b = batch_of_gaps(rows);
		struct open_block o;
		struct fieldset want = { { 0 } };
		enum field unknown = F_NONE;
		struct dir_column *c;

		if (round % 2 != 0)
			select_most(b);
		write_block(k, b, &out, &a, &o);
		for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
			assert_int_equal(dir_column(&o.d, some[i])->code, CODE_MADE);
		fieldset_add(&want, F_sipg_sumsq); /* of the sum, which is made of times */
		for (unsigned all = 0; all < 2; all++) {
			assert_int_equal(block_decode(k, &o.d, all ? NULL : &want, NULL, from_memory, &o.sections, back, &unknown), BLOCK_GOOD);
			same_rows(b, back, all ? NULL : &want);
			assert_true(all || back->col[F_sipg_sum] == NULL);
		}
		check_steps(k, &o, back);
		assert_int_equal(unknown, F_NONE);
		c = (struct dir_column *)(uintptr_t)dir_column(&o.d, F_sipg_sum);
		c->more[0] = FORMULAS; /* one from the future: neither this field nor what is made of it */
		assert_int_equal(block_decode(k, &o.d, NULL, NULL, from_memory, &o.sections, back, &unknown), BLOCK_GOOD);
		assert_true(unknown == F_sipg_sum || unknown == F_sipg_sumsq);
		assert_null(back->col[F_sipg_sum]);
		assert_null(back->col[F_sipg_sumsq]);
		assert_non_null(back->col[F_tcprtt_sum]);
		c->more[0] = FORMULA_SINCE;
		c->nmore--; /* takes four, names three */
		unknown = F_NONE;
		assert_int_equal(block_decode(k, &o.d, &want, NULL, from_memory, &o.sections, back, &unknown), BLOCK_GOOD);
		assert_int_equal(unknown, F_sipg_sumsq);
		batch_free(&b);
	}
	arena_free(&a);
	buf_free(&out);
	batch_free(&back);
	blocks_free(&k);
}

/* Columns that others tell whole: of lengths and protocols, another column, a sum.  A row in a few hundred has none of them. */
static struct batch *
batch_of_told(uint32_t rows)
{
	struct batch *b = batch_new(rows);

	for (uint32_t r = 0; r < rows; r++) {
		uint64_t bytes = 60 + rnd() % 20 * 10, proto = rnd() % 2 ? 6 : 17, rtt = 5 + rnd() % 90000, more = 3 + rnd() % 90000;
		struct flow f;

		flow_clear(&f);
		SET(&f, proto, proto);
		SET(&f, sbytes, bytes);
		if (rnd() % 300 != 0) {
			SET(&f, sipbytes, bytes - 14);
			SET(&f, spayload, bytes * (proto == 6 ? 7 : 9));
			SET(&f, synack_sum, rtt);
			SET(&f, synack_min, rtt);
			SET(&f, ackdat_sum, more);
			SET(&f, tcprtt_sum, rtt + more);
		}
		batch_add(b, &f);
	}
	return (b);
}

/* The range that the directory has of a column that it does not look at. */
static void
check_range(const struct batch *b, enum field f, const struct dir_column *c)
{
	uint64_t min = UINT64_MAX, max = 0;

	for (uint32_t r = 0; r < b->rows; r++)
		if (batch_selected(b, r) && column_has(b->col[f], r)) {
			min = b->col[f]->u[r] < min ? b->col[f]->u[r] : min;
			max = b->col[f]->u[r] > max ? b->col[f]->u[r] : max;
		}
	assert_int_equal(c->min.u, min);
	assert_int_equal(c->max.u, max);
}

static void
test_told_whole(void **state)
{
	static const struct {
		uint16_t field;
		enum coding code;
	} some[] = { { F_sipbytes, CODE_DIFF }, { F_spayload, CODE_LIKE }, { F_synack_min, CODE_DIFF }, { F_tcprtt_sum, CODE_MADE } };
	struct blocks *k = blocks_new();
	struct batch *back = batch_new(1);
	struct arena a = { 0 };
	struct buf out = { 0 };

	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		struct batch *b = batch_of_told(8000 + (uint32_t)rnd() % 4000);
		struct open_block o;
		enum field unknown = F_NONE;

		if (round % 2 != 0)
			select_most(b);
		write_block(k, b, &out, &a, &o);
		for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
			const struct dir_column *c = dir_column(&o.d, some[i].field);

			assert_int_equal(c->code, some[i].code);
			assert_true(c->at.size < 150);
			check_range(b, some[i].field, c);
		}
		assert_int_equal(block_decode(k, &o.d, NULL, NULL, from_memory, &o.sections, back, &unknown), BLOCK_GOOD);
		same_rows(b, back, NULL);
		batch_free(&b);
	}
	arena_free(&a);
	buf_free(&out);
	batch_free(&back);
	blocks_free(&k);
}

/* Sets that are told by each other in too many steps are no block of ours. */
static void
test_deep_sets(void **state)
{
	enum { STEPS = 6 };
	struct dir_set set[STEPS];
	struct dir_column col[1];
	struct directory d = { .rows = 8, .nset = STEPS, .set = set, .ncol = 1, .col = col };
	struct buf sections = { 0 }, payload = { 0 };
	struct blocks *k = blocks_new();
	struct batch *b = batch_new(1);
	struct arena a = { 0 };

	(void)state;
	for (uint32_t i = 0; i < STEPS; i++) { /* row 0, told as "the first of one" again and again */
		const uint8_t body[4] = { 3, 1, SET_BITMAP, 1 };
		const uint8_t *p = i == 0 ? body + 3 : body;
		uint32_t n = i == 0 ? 1 : 4;

		set[i] = (struct dir_set){ .kind = i == 0 ? SET_BITMAP : SET_GIVEN, .count = 1, .given = i,
			.at = { 0, n, n, (uint32_t)hash64(p, n, 0) } };
		meta_put_head(&sections, n);
		buf_add(&sections, p, n);
	}
	d.length = sections.len;
	for (int32_t number = 1; number <= STEPS; number++) {
		struct directory parsed;
		enum field unknown = F_NONE;

		col[0] = (struct dir_column){ .id = fields[F_spkts].id, .present = number, .mixed = ROWS_NONE,
			.min = { true, 5, { NULL, 0 } } };
		payload.len = 0;
		arena_reset(&a);
		meta_put_directory(&payload, &d);
		assert_true(meta_get_directory(payload.p, payload.len, &a, &parsed));
		assert_int_equal(block_decode(k, &parsed, NULL, NULL, from_memory, &sections, b, &unknown),
		    number <= 5 ? BLOCK_GOOD : BLOCK_DAMAGED); /* a set, and four steps from it */
		if (number <= 5)
			assert_true(column_has(b->col[F_spkts], 0) && !column_has(b->col[F_spkts], 1));
	}
	arena_free(&a);
	buf_free(&payload);
	buf_free(&sections);
	batch_free(&b);
	blocks_free(&k);
}

/* Each field alone gives the same values, and nothing but its own sections is read. */
struct watched {
	struct buf *sections;
	uint64_t bytes;
};

static const uint8_t *
watch(void *arg, uint64_t offset, uint32_t n)
{
	struct watched *w = arg;

	w->bytes += n;
	return (from_memory(w->sections, offset, n));
}

static void
test_projection(void **state)
{
	struct blocks *k = blocks_new();
	struct batch *back = batch_new(1), *b = random_batch(3000);
	struct arena a = { 0 };
	struct buf out = { 0 };
	struct open_block o;
	struct fieldset used;
	struct index_entry entry;
	enum field unknown = F_NONE;

	(void)state;
	block_encode(k, b, &out, &used, &entry);
	open_block(&out, &a, &o);
	for (enum field f = 0; f < F_STORED; f++) {
		struct fieldset want = { { 0 } };
		struct watched w = { &o.sections, 0 };

		fieldset_add(&want, f);
		assert_int_equal(block_decode(k, &o.d, &want, NULL, watch, &w, back, &unknown), BLOCK_GOOD);
		for (enum field g = 0; g < F_COUNT; g++)
			assert_true(g == f || back->col[g] == NULL);
		for (uint32_t r = 0; r < b->rows; r++)
			same_cell(b, r, back, r, f);
		assert_true(w.bytes < o.sections.len / 8);
	}
	arena_free(&a);
	buf_free(&out);
	batch_free(&b);
	batch_free(&back);
	blocks_free(&k);
}

/* What the directory says of a field holds for its rows. */
static void
test_ranges(void **state)
{
	static struct range range[F_COUNT];
	struct blocks *k = blocks_new();
	struct arena a = { 0 };
	struct buf out = { 0 };

	(void)state;
	for (int round = 0; round < 5; round++) {
		struct batch *b = random_batch(400);
		struct open_block o;
		struct fieldset used;
		struct index_entry entry;

		out.len = 0;
		block_encode(k, b, &out, &used, &entry);
		arena_reset(&a);
		open_block(&out, &a, &o);
		block_ranges(&o.d, NULL, range);
		for (enum field f = 0; f < F_STORED; f++) {
			const struct range *g = &range[f];
			bool any = false, all = true, mixed = false, low = false, high = false;

			for (uint32_t r = 0; r < b->rows; r++) {
				union value v;

				mixed |= column_mixed(b->col[f], r);
				if (!column_has(b->col[f], r) || is_dropped(b, f, r)) {
					all = false;
					continue;
				}
				any = true;
				if (!g->known)
					continue;
				v = column_value(b->col[f], r);
				assert_true(value_cmp(fields[f].store, &v, &g->min) >= 0);
				assert_true(value_cmp(fields[f].store, &v, &g->max) <= 0);
				low |= value_equal(fields[f].store, &v, &g->min);
				high |= value_equal(fields[f].store, &v, &g->max);
			}
			assert_int_equal(g->absent, !any && !mixed);
			assert_int_equal(g->all, all);
			assert_int_equal(g->mixed, mixed);
			assert_int_equal(g->known, any && fields[f].store != STORE_BLOB);
			assert_int_equal(low && high, g->known);
		}
		for (enum field f = F_STORED; f < F_COUNT; f++)
			assert_true(!range[f].known && !range[f].absent);
		batch_free(&b);
	}
	arena_free(&a);
	buf_free(&out);
	blocks_free(&k);
}

/* A constant column costs at most 13 bytes of directory, an absent one none. */
static void
test_small(void **state)
{
	struct blocks *k = blocks_new();
	struct batch *b = batch_new(BATCH_ROWS);
	struct buf out = { 0 };
	struct fieldset used;
	struct index_entry entry;
	size_t one, two;

	(void)state;
	for (uint32_t r = 0; r < BATCH_ROWS; r++) {
		struct flow f;

		flow_clear(&f);
		SET(&f, bstart, 1700000000000000000);
		batch_add(b, &f);
	}
	block_encode(k, b, &out, &used, &entry);
	one = out.len;
	assert_true(one < META_PREFIX + 30);
	bits_fill(batch_column(b, F_bend)->present, BATCH_ROWS);
	for (uint32_t r = 0; r < BATCH_ROWS; r++)
		b->col[F_bend]->u[r] = 1700000005000000000;
	(void)batch_column(b, F_spkts);
	out.len = 0;
	block_encode(k, b, &out, &used, &entry);
	two = out.len;
	assert_true(two - one <= 13);
	buf_free(&out);
	batch_free(&b);
	blocks_free(&k);
}

/* A column of an encoding from the future is absent; the others are read. */
static void
test_unknown_encoding(void **state)
{
	static const uint8_t section[] = { 0xc6, 0, 0, 0, 3, 1, 2, 3 };
	struct dir_column col[4] = {
		{ .id = fields[F_spkts].id, .code = 0, .mixed = ROWS_NONE, .min = { true, 5, { NULL, 0 } } },
		{ .id = fields[F_dpkts].id, .code = 13, .mixed = ROWS_NONE,
		    .at = { 0, 3, 3, (uint32_t)hash64(section + 5, 3, 0) } },
		{ .id = fields[F_sbytes].id, .code = 0, .mixed = ROWS_NONE, .min = { true, 6, { NULL, 0 } } },
		{ .id = 60000, .code = 1, .mixed = ROWS_NONE }, /* a field that nobody knows */
	};
	struct directory d = { .length = 8, .rows = 2, .ncol = 4, .col = col }, parsed;
	struct buf payload = { 0 }, sections = { (uint8_t *)(uintptr_t)section, sizeof(section), 0 };
	struct blocks *k = blocks_new();
	struct batch *b = batch_new(1);
	struct arena a = { 0 };
	enum field unknown = F_NONE;

	(void)state;
	meta_put_directory(&payload, &d);
	assert_true(meta_get_directory(payload.p, payload.len, &a, &parsed));
	assert_int_equal(block_decode(k, &parsed, NULL, NULL, from_memory, &sections, b, &unknown), BLOCK_GOOD);
	assert_int_equal(unknown, F_dpkts);
	assert_null(b->col[F_dpkts]);
	assert_int_equal(b->col[F_spkts]->u[1], 5);
	assert_int_equal(b->col[F_sbytes]->u[0], 6);
	arena_free(&a);
	buf_free(&payload);
	batch_free(&b);
	blocks_free(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_known),
		cmocka_unit_test(test_ids_without),
		cmocka_unit_test(test_repeating),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_told_whole),
		cmocka_unit_test(test_deep_sets),
		cmocka_unit_test(test_projection),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_unknown_encoding),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
