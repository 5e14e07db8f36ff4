/* SPDX-License-Identifier: BSD-2-Clause
 *
 * world.h: the rooms of the probe joined as engine.c joins them, but open: a test gives packets one by one, moves the
 * clock when it wants to, looks at flows and bins, and reads what was written as text.
 *
 * Times are ms since BASE, where a bin begins whatever the interval.  Records stay in the batch: nothing is flushed.
 */
#ifndef TESTS_PROBE_WORLD_H
#define TESTS_PROBE_WORLD_H

#include "probe/notes.h"
#include "probe/track/dns.h"
#include "tests/unit/probe/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BASE  (1699920000 * SEC) /* a midnight */
#define AT(ms) (BASE + (int64_t)(ms) * MSEC)

struct world {
	struct flows flows;
	struct ledger ledger;
	struct track *track;
	struct lanes lanes;
	struct notes notes;
	struct key_options key;
	struct packet p; /* the last one, its time clamped, */
	struct seen v;   /* and where it counted; f == NULL: it waits */
	uint8_t frag, told, src; /* of the next one: what frag/ and tunnel/ say of it */
	struct buf text;
	uint32_t said;   /* records that world_said() has shown */
	bool over;
};

static inline struct batch *
world_put(void *arg, struct batch *b)
{
	(void)arg;
	fail_msg("more records than a test has");
	return (b);
}

static inline void
world_new(struct world *w, int64_t seconds, uint32_t max_flows)
{
	memset(w, 0, sizeof(*w));
	table_init(&w->flows.table, max_flows, 1);
	ledger_init(&w->ledger, &w->flows.table, &(struct ledger_options){ .interval = seconds * SEC, .probe = "p",
	    .max_flows = max_flows, .max_holds = 64, .limits = &health_default, .sink = { .put = world_put } });
	batch_free(&w->ledger.emit.batch);
	w->ledger.emit.batch = batch_new(512);
	w->track = w->ledger.track = track_new(&w->ledger, max_flows, 1, &health_default);
	waits_init(&w->flows.waits);
	w->flows.ledger = &w->ledger;
	w->flows.track = w->track;
	lanes_init(&w->lanes, &w->flows, &w->track->numbers, 64, false, 3, 1);
	notes_init(&w->notes, &w->flows, w->track, &w->lanes, &w->key);
}

/* The records so far. */
static inline const struct batch *
world_batch(struct world *w)
{
	tile_flush(w->ledger.emit.tile, w->ledger.emit.batch);
	return (w->ledger.emit.batch);
}

/* --- packets */

/* Of 100 bytes, side 0 = 10.0.0.1 port 4000, side 1 = 10.0.0.2 port 80. */
static inline struct packet
world_packet(int64_t ms, unsigned proto, int side)
{
	struct packet p = sim_packet(AT(ms), proto, side ? 2 : 1, side ? 1 : 2, side ? 80 : 4000,
	    side ? 4000 : 80).packet;

	if (!key_wants_ports(p.proto)) {
		p.sport = p.dport = 0;
		p.facts = 0;
	}
	return (p);
}

/* What the engine does with a packet; nothing else is done yet that is due at its time. */
static inline void
world_send(struct world *w, const struct packet *p)
{
	struct seen *v = &w->v;
	bool jump;

	w->p = *p;
	*v = (struct seen){ .p = &w->p, .frag = w->frag, .told = w->told, .src = w->src };
	w->frag = w->told = w->src = 0;
	w->p.ts = watermark_take(&w->ledger.clock, p->ts, false, &jump);
	v->now = w->ledger.clock.now;
	while (settle_wait_due(&w->flows) <= v->now)
		settle_waiting(&w->flows);
	ledger_place(&w->ledger, v);
	if (p->facts & FACT_ESPLIKE)
		(void)natt_is(&w->notes.natt, &w->p);
	v->side = key_of(v->p, &w->key, &v->key);
	w->ledger.counting = 0;
	if (lanes_take(v->p)) {
		lanes_packet(&w->lanes, v, v->p->spi, true);
	} else {
		v->hash = table_hash(&w->flows.table, &v->key);
		settle(&w->flows, v);
	}
	w->ledger.counting = 0;
}

/* --- time */

static inline void
world_seal(struct world *w)
{
	struct span late;

	if (!timeline_take(&w->ledger.time, &late)) {
		(void)ledger_close(&w->ledger, &late, true);
		return;
	}
	while (ledger_drain(&w->ledger))
		;
	(void)ledger_close(&w->ledger, &w->ledger.time.draining, false);
}

/* The clock goes on; what is due is done, the earliest first. */
static inline void
world_clock(struct world *w, int64_t ms)
{
	struct ledger *l = &w->ledger;

	w->ledger.clock.started = true;
	if (AT(ms) > l->clock.now)
		l->clock.now = AT(ms);
	for (;;) {
		int64_t answer = dns_due(w->track), lane = lanes_due(&w->lanes), flow = settle_due(&w->flows);
		int64_t wait = settle_wait_due(&w->flows);
		int64_t late = ledger_late_due(l), span = timeline_due(&l->time), at = l->clock.now;

		at = answer < at ? answer : at;
		at = lane < at ? lane : at;
		at = wait < at ? wait : at;
		at = flow < at ? flow : at;
		at = late < at ? late : at;
		at = span < at ? span : at;
		if (answer == at)
			dns_expire(w->track, at);
		else if (lane == at)
			lanes_decide(&w->lanes, at);
		else if (wait == at)
			settle_waiting(&w->flows);
		else if (flow == at)
			settle_expire_next(&w->flows);
		else if (late == at)
			ledger_seal_late(l);
		else if (span == at)
			world_seal(w);
		else
			return;
	}
}

/* The end of input. */
static inline void
world_end(struct world *w)
{
	struct ledger *l = &w->ledger;

	w->over = true;
	while (settle_wait_due(&w->flows) != INT64_MAX)
		settle_waiting(&w->flows);
	lanes_finish(&w->lanes);
	numbers_finish(&w->track->numbers);
	settle_end_all(&w->flows);
	while (l->time.late.head != 0 || timeline_due(&l->time) != INT64_MAX)
		if (l->time.late.head != 0 && ledger_late_due(l) <= timeline_due(&l->time))
			ledger_write(l, l->time.late.head);
		else
			world_seal(w);
}

/* No cell is left behind by any of the tests. */
static inline void
world_free(struct world *w)
{
	const struct track *t = w->track;
	uint32_t holes = 0;

	if (!w->over)
		world_end(w);
	assert_int_equal(w->flows.table.flows.used + w->flows.table.wides.used + w->flows.table.paths.cells.used, 0);
	assert_int_equal(w->flows.waits.cells.used, 0);
	assert_int_equal(w->ledger.bins.used + w->ledger.mores.used + w->ledger.toses.used + w->ledger.frags.used, 0);
	for (int i = 0; i < TCP_HOLE_SIZES; i++)
		holes += t->tcp_hole[i].used;
	assert_int_equal(t->tcp.used + holes + t->tcp_bin.used + t->tcp_more.used + t->tcp_gap.used, 0);
	assert_int_equal(t->tcp_ring[0].used + t->tcp_ring[1].used + t->tcp_odd.used + t->tcp_high.used, 0);
	assert_int_equal(t->rtt_ring.used + t->rtt_leg.used + t->rtt_dense.used, 0);
	assert_int_equal(t->udp_bin.used + t->dns_bin.used + t->dns_flow.used + t->errors.used, 0);
	assert_int_equal(t->numbers.bins.used + t->numbers.media.used + t->numbers.rtp.used, 0);
	waits_free(&w->flows.waits);
	table_free(&w->flows.table);
	ledger_free(&w->ledger);
	lanes_free(&w->lanes);
	notes_free(&w->notes);
	track_free(&w->track);
	buf_free(&w->text);
}

/* --- what was written */

static inline void
world_words(struct buf *b, enum type type, uint64_t v)
{
	const char *sep = "";

	for (const struct name *n = names; n->word != NULL; n++) {
		if (n->type != type || (n->flag ? (v & n->value) == 0 : v != n->value))
			continue;
		buf_printf(b, "%s%s", sep, n->word);
		sep = "+";
	}
}

static inline bool
world_has_words(enum type type)
{
	for (const struct name *n = names; n->word != NULL; n++)
		if (n->type == type)
			return (true);
	return (false);
}

static inline void
world_value(struct buf *b, enum field f, union value v)
{
	enum type type = (enum type)fields[f].type;

	if (type == TYPE_TIME)
		buf_printf(b, "%lld", (long long)((v.i - BASE) / MSEC));
	else if (fields[f].store == STORE_IP)
		buf_printf(b, ".%d", v.ip.b[15]);
	else if (type == TYPE_TEXT || type == TYPE_HISTORY)
		buf_add(b, v.b.p, v.b.n);
	else if (fields[f].store == STORE_BLOB)
		for (uint32_t i = 0; i < v.b.n; i++)
			buf_printf(b, "%s%d", i > 0 ? "," : "", v.b.p[i]);
	else if (type == TYPE_LETTERS)
		for (uint8_t c = 'a'; c <= 'z'; c++)
			buf_add(b, &c, v.u >> (c - 'a') & 1);
	else if (world_has_words(type))
		world_words(b, type, v.u);
	else
		buf_printf(b, "%" PRIu64, v.u);
}

/* The records since the last call, MAR left out: a line each, as "flow 5 start+end spkts=1 dpkts=0"; 5 = its bin's
 * start in s, and of these fields those that are there.  "!" before the fields: zeros are left out. */
static inline const char *
world_said(struct world *w, const char *wanted)
{
	const struct batch *batch = world_batch(w);
	struct buf *b = &w->text;
	bool zeros = *wanted != '!';

	wanted += !zeros;
	b->len = 0;
	for (; w->said < batch->rows; w->said++) {
		uint64_t type = sim_get(batch, F_rectype, w->said), flags = sim_get(batch, F_flags, w->said);

		if (type == RECTYPE_MAR)
			continue;
		buf_printf(b, "%s%s %lld", b->len > 0 ? "\n" : "", type == RECTYPE_FLOW ? "flow" : "corr",
		    (long long)(((int64_t)sim_get(batch, F_bstart, w->said) - BASE) / SEC));
		if (flags != 0) {
			buf_u8(b, ' ');
			world_words(b, TYPE_RFLAGS, flags);
		}
		for (const char *s = wanted; *s != '\0';) {
			size_t n = strcspn(s, " ");
			enum field f = field_named(s, n);

			if (f >= F_STORED)
				fail_msg("no field %s", s);
			if (column_has(batch->col[f], w->said) && (zeros || sim_get(batch, f, w->said) != 0)) {
				buf_printf(b, " %.*s=", (int)n, s);
				world_value(b, f, column_value(batch->col[f], w->said));
			}
			s += n + (s[n] == ' ');
		}
	}
	return (buf_cstr(b));
}

/* Exactly these records, and no other. */
#define EXPECT(w, wanted, text) assert_string_equal(world_said(w, wanted), text)

/* All that was counted so far of the probe's own counters. */
static inline struct stat_set
world_stats(const struct world *w)
{
	struct stat_set s;

	ledger_total(&w->ledger, &s);
	return (s);
}

#endif
