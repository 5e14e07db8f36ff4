/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_probe.c: any frames through the whole probe, with tables of 16, and its records through a block and back.  Every
 * frame and byte is in exactly one place, and what was written is what is read.
 *
 * input: u8 link type, u8 options, then for each frame: u8 time, u8 bytes cut off, u16 (big-endian) length, the bytes
 */
#include "format/base/clock.h"
#include "format/base/cursor.h"
#include "format/block.h"
#include "format/value.h"
#include "probe/decode/decode.h"
#include "probe/engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 4096
#define CAP    16

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const int links[] = { 1, 113, 276, 101, 0, 108, 9, 50, 51, 104, 107, 105, 127, 192, 228, 229, 239, 12, 147 };

/* What came out. */
struct heap {
	struct blocks *blocks;
	struct batch *back;
	struct arena arena;
	struct buf out;
	uint64_t pkts, bytes, elsewhere, elsebytes, frames, framebytes, starts, newflows, ends;
};

static const uint8_t *
from_memory(void *arg, uint64_t offset, uint32_t n)
{
	const struct buf *b = arg;

	return (offset <= b->len && n <= b->len - offset ? b->p + offset : NULL);
}

/* A companion time that is the record's bstart is not written. */
static bool
is_implied(const struct batch *b, enum field f, uint32_t r)
{
	return (fields[f].agg == AGG_COMP && column_has(b->col[f], r) && column_has(b->col[F_bstart], r) &&
	    b->col[f]->u[r] == b->col[F_bstart]->u[r]);
}

static void
same(const struct batch *a, const struct batch *b)
{
	assert(a->rows == b->rows);
	for (enum field f = 0; f < F_STORED; f++)
		for (uint32_t r = 0; r < a->rows; r++) {
			bool has = column_has(a->col[f], r) && !is_implied(a, f, r);
			union value x, y;

			assert(has == column_has(b->col[f], r));
			assert(column_mixed(a->col[f], r) == column_mixed(b->col[f], r));
			if (!has)
				continue;
			x = column_value(a->col[f], r);
			y = column_value(b->col[f], r);
			assert(value_equal(fields[f].store, &x, &y));
		}
}

static void
there_and_back(struct heap *h, const struct batch *b)
{
	struct index_entry entry;
	struct fieldset used;
	struct meta_object o;
	struct directory d;
	struct buf sections;
	enum field unknown = F_NONE;

	h->out.len = 0;
	block_encode(h->blocks, b, &h->out, &used, &entry);
	if (b->rows == 0)
		return;
	assert(h->out.len > META_PREFIX && meta_get_object(h->out.p, &o) && meta_check(&o, h->out.p + META_PREFIX));
	arena_reset(&h->arena);
	assert(meta_get_directory(h->out.p + META_PREFIX, o.size, &h->arena, &d));
	sections = (struct buf){ h->out.p + META_PREFIX + o.size, h->out.len - META_PREFIX - o.size, 0 };
	assert(block_decode(h->blocks, &d, NULL, NULL, from_memory, &sections, h->back, &unknown) == BLOCK_GOOD);
	assert(unknown == F_NONE);
	same(b, h->back);
}

static uint64_t
value(const struct batch *b, enum field f, uint32_t r)
{
	return (column_has(b->col[f], r) ? b->col[f]->u[r] : 0);
}

static struct batch *
put(void *arg, struct batch *b)
{
	struct heap *h = arg;

	for (uint32_t r = 0; r < b->rows; r++) {
		switch (value(b, F_rectype, r)) {
		case RECTYPE_TUN:
			break;
		case RECTYPE_MAR:
			h->frames += value(b, F_frames, r);
			h->framebytes += value(b, F_framebytes, r);
			h->elsewhere += value(b, F_short_pkts, r) + value(b, F_badip_pkts, r) + value(b, F_nonip_pkts, r);
			h->elsebytes += value(b, F_short_bytes, r) + value(b, F_badip_bytes, r) + value(b, F_nonip_bytes, r);
			h->newflows += value(b, F_newflows, r);
			break;
		default:
			h->pkts += value(b, F_spkts, r) + value(b, F_dpkts, r);
			h->bytes += value(b, F_sbytes, r) + value(b, F_dbytes, r);
			h->starts += (value(b, F_flags, r) & RFLAGS_start) != 0;
		}
		assert(value(b, F_bend, r) > value(b, F_bstart, r));
	}
	there_and_back(h, b);
	batch_reset(b);
	return (b);
}

/* Mostly a little later; some steps are long, and some go back. */
static int64_t
later(int64_t t, uint8_t code)
{
	static const int64_t step[] = { 0, USEC, MSEC, 10 * MSEC, 100 * MSEC, SEC, 7 * SEC, 60 * SEC, 130 * SEC, 3600 * SEC,
		-USEC, -MSEC, -SEC, -3 * SEC, -60 * SEC, 86400 * SEC };

	return (t + step[code >> 4] * (1 + (code & 15)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct arrival batch[ENGINE_BATCH];
	struct cursor c = cur_new(p, n);
	int dlt = links[cur_u8(&c) % (sizeof(links) / sizeof(links[0]))];
	uint8_t choice = cur_u8(&c);
	struct decode_options decoding = { .outer = choice & 1, .ah_inner = choice & 2, .nesp_udp = choice >> 2 & 1, .esp_udp = { 6500 } };
	struct heap h = { .blocks = blocks_new(), .back = batch_new(1) };
	struct engine_options o = { .interval = (choice & 8 ? 1 : 5) * SEC, .probe = "fuzz", .max_flows = CAP, .max_frags = CAP,
		.max_sas = CAP, .no_lanes = choice & 16, .seed = 1 };
	struct engine *e = engine_new(&o, (struct sink){ .put = put, .arg = &h });
	uint64_t frames = 0, bytes = 0;
	int64_t t = 1700000000 * SEC;
	unsigned waiting = 0;

	while (cur_left(&c) > 4 && frames < FRAMES) {
		uint8_t step = cur_u8(&c), cut = cur_u8(&c);
		size_t size = cur_u16(&c), left = cur_left(&c);
		struct arrival *a = &batch[waiting++];
		uint8_t *exact = malloc(size + 1);

		if (size > left)
			size = left;
		assert(exact != NULL);
		memcpy(exact, c.p, size);
		t = later(t, step);
		memset(a, 0, sizeof(*a));
		decode(&a->packet, dlt, exact, (uint32_t)size, (uint32_t)size + cut, t, &decoding);
		free(exact);
		(void)cur_sub(&c, size);
		frames++;
		bytes += size + cut;
		if (waiting == ENGINE_BATCH || (choice & 32)) {
			engine_packets(e, batch, waiting);
			waiting = 0;
		}
	}
	engine_packets(e, batch, waiting);
	engine_finish(e);
	engine_free(&e);
	assert(h.frames == frames && h.framebytes == bytes);
	assert(h.pkts + h.elsewhere == frames && h.bytes + h.elsebytes == bytes);
	assert(h.starts == h.newflows);
	buf_free(&h.out);
	arena_free(&h.arena);
	batch_free(&h.back);
	blocks_free(&h.blocks);
	return (0);
}
