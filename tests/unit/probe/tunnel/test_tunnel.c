/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_tunnel.c: pairing of SAs into lanes: the vectors L1-L7 of the specification, many pairs told apart by
 * their bursts, caps and memory.
 */
#include "probe/tunnel/tunnel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct stream {
	int side; /* 0 = s, 1 = d */
	uint32_t spi;
	double from, to;
	uint32_t seq;
};

struct sent {
	int64_t t;
	const struct stream *s;
	uint32_t seq;
};

#define MOST 40000
static struct sent sent[MOST];
static int nsent;

static int
by_time(const void *a, const void *b)
{
	const struct sent *x = a, *y = b;

	return ((x->t > y->t) - (x->t < y->t));
}

static int64_t
ns(double s)
{
	return ((int64_t)(s * 1e6 + .5) * USEC);
}

static void
send(const struct stream *s, int n)
{
	nsent = 0;
	for (int i = 0; i < n; i++) {
		double step = s[i].side == 0 ? .05 : .1;
		uint32_t seq = s[i].seq;

		for (int j = 0; s[i].from + j * step < s[i].to - 1e-9; j++)
			sent[nsent++] = (struct sent){ ns(s[i].from + j * step + 1000), &s[i], seq++ };
	}
	qsort(sent, (size_t)nsent, sizeof(sent[0]), by_time);
}

static const struct key gateways = { .lo = { { [15] = 1 } }, .hi = { { [15] = 2 } }, .proto = PROTO_ESP, .af = 4 };

struct seen { /* what was decided */
	uint32_t spi;
	uint16_t lane;
	uint8_t conf;
	bool rekey;
	int side;
};
static struct seen seen[64];
static int nseen;

static void
note(struct tunnels *t, const struct decision *d)
{
	const struct sa *x = sa_at(t, d->sa);

	assert_true(nseen < 64);
	seen[nseen++] = (struct seen){ x->spi, lane_at(t, d->lane)->number, lane_at(t, d->lane)->conf, d->rekey,
		x->side };
}

static struct tunnels *
play(void)
{
	struct tunnels *t = tunnels_new(1000, false, 1);
	struct decision d;

	nseen = 0;
	for (int i = 0; i < nsent; i++) {
		while (tunnels_due(t) <= sent[i].t && tunnels_decide(t, &d))
			note(t, &d);
		(void)tunnels_packet(t, &gateways, sent[i].s->side, sent[i].s->spi, sent[i].seq, 0,
		    tunnels_hash(t, &gateways, sent[i].s->side, sent[i].s->spi), sent[i].t, sent[i].t);
	}
	while (tunnels_decide(t, &d))
		note(t, &d);
	return (t);
}

static const struct seen *
of(uint32_t spi)
{
	for (int i = 0; i < nseen; i++)
		if (seen[i].spi == spi)
			return (&seen[i]);
	fail_msg("SPI %x was not decided", spi);
	return (NULL);
}

static int
lanes(void)
{
	int most = 0;

	for (int i = 0; i < nseen; i++)
		if (seen[i].lane + 1 > most)
			most = seen[i].lane + 1;
	return (most);
}

static int
rekeys(int lane, int side)
{
	int n = 0;

	for (int i = 0; i < nseen; i++)
		n += seen[i].rekey && seen[i].lane == lane && seen[i].side == side;
	return (n);
}

static void
expect(const char *id, const struct stream *s, int n, int nlanes, int srekeys, int drekeys)
{
	struct tunnels *t;

	print_message("%s\n", id);
	send(s, n);
	t = play();
	assert_int_equal(lanes(), nlanes);
	assert_int_equal(rekeys(0, 0), srekeys);
	assert_int_equal(rekeys(0, 1), drekeys);
	tunnels_free(&t);
}

#define EXPECT(id, streams, ...) expect(id, streams, sizeof(streams) / sizeof((streams)[0]), __VA_ARGS__)
enum { A1 = 0xa1, A2, B1 = 0xb1, B2, C1 = 0xc1, C2, D1 = 0xd1, D2 };

static void
test_lanes(void **state)
{
	static const struct stream l1[] = { { 0, 0x17e3e6f7, 0, 60, 3000 }, { 1, 0x0bfe0e52, .003, 60, 900 } };
	static const struct stream l2[] = { { 0, A1, 0, 100, 1 }, { 1, B1, .01, 100.3, 1 }, { 0, A2, 100, 200, 1 },
		{ 1, B2, 100.2, 200, 1 } };
	static const struct stream l3[] = { { 0, A1, 0, 100, 1 }, { 1, B1, .01, 100.3, 1 }, { 0, A2, 100, 200, 1 },
		{ 1, B2, 100.2, 200, 1 }, { 0, C1, 40, 200, 1 }, { 1, D1, 40.02, 200, 1 } };
	static const struct stream l4[] = { { 0, A1, 0, 100, 1 }, { 0, A2, 100, 200, 1 } };
	static const struct stream l5[] = { { 0, A1, 0, 100, 1 }, { 1, B1, 50, 100, 1 } };
	static const struct stream l6[] = { { 0, A1, 0, 101, 1 }, { 1, B1, .01, 101.2, 1 }, { 0, A2, 100, 200, 1 },
		{ 1, B2, 100.2, 200, 1 } };

	(void)state;
	EXPECT("L1", l1, 1, 0, 0);
	assert_int_equal(of(0x17e3e6f7)->conf, 3);
	assert_int_equal(of(0x0bfe0e52)->conf, 3);
	EXPECT("L2", l2, 1, 1, 1);
	EXPECT("L3", l3, 2, 1, 1);
	assert_int_equal(of(A2)->lane, of(A1)->lane);
	assert_int_equal(of(B2)->lane, of(A1)->lane);
	assert_int_equal(of(C1)->lane, 1);
	assert_int_equal(of(D1)->lane, 1);
	assert_int_equal(rekeys(1, 0) + rekeys(1, 1), 0);
	EXPECT("L4", l4, 1, 1, 0);
	EXPECT("L5", l5, 1, 0, 0);
	EXPECT("L6", l6, 1, 1, 1);
}

/* L7: two pairs, all four rekey within 100 ms: two lanes, each rekeyed once a side; labels may cross. */
static void
test_all_at_once(void **state)
{
	static const struct stream l7[] = { { 0, A1, 0, 100, 1 }, { 1, B1, .01, 100.05, 1 }, { 0, C1, 10, 100.02, 1 },
		{ 1, D1, 10.01, 100.07, 1 }, { 0, A2, 100, 200, 1 }, { 1, B2, 100.05, 200, 1 },
		{ 0, C2, 100.02, 200, 1 }, { 1, D2, 100.07, 200, 1 } };
	struct tunnels *t;

	(void)state;
	send(l7, 8);
	t = play();
	assert_int_equal(lanes(), 2);
	for (int lane = 0; lane < 2; lane++)
		for (int side = 0; side < 2; side++)
			assert_int_equal(rekeys(lane, side), 1);
	assert_int_equal(of(A2)->conf, 1);
	tunnels_free(&t);
}

/* An SA that its successor did not replace has a lane of its own from then on. */
static void
test_not_replaced(void **state)
{
	static const struct stream s[] = { { 0, A1, 0, 50, 1 }, { 0, A2, 50.5, 100, 1 }, { 0, A1, 58, 100, 1001 } };
	struct tunnels *t;

	(void)state;
	send(s, 3);
	t = play();
	assert_int_equal(lanes(), 1);
	for (uint32_t n = 1; n <= 2; n++)
		assert_int_equal(lane_at(t, sa_at(t, n)->lane)->number, sa_at(t, n)->spi == A1 ? 1 : 0);
	tunnels_free(&t);
}

static uint64_t rnd_state = 11;

static uint32_t
rnd(uint32_t n)
{
	rnd_state = rnd_state * 6364136223846793005ull + 1442695040888963407ull;
	return ((uint32_t)(rnd_state >> 33) % n);
}

/* Three pairs met in the middle of their life, in bursts of their own: told apart by when they talk. */
static void
test_bursts(void **state)
{
	int wrong = 0;

	(void)state;
	for (int round = 0; round < 200; round++) {
		static struct stream s[6];
		struct tunnels *t;

		nsent = 0;
		for (int pair = 0; pair < 3; pair++)
			for (int side = 0; side < 2; side++)
				s[2 * pair + side] = (struct stream){ side, 0x100u * (uint32_t)(pair + 1) + (uint32_t)side, 0, 0,
					5000 };
		for (int slot = 0; slot < 80; slot++)
			for (int pair = 0; pair < 3; pair++) {
				bool talk = rnd(100) < 30 || slot == 0;

				for (int side = 0; side < 2 && talk; side++)
					if (rnd(100) < 95 || slot == 0)
						sent[nsent++] = (struct sent){ ns(1000 + slot * .1 + side * .01 + pair * .001),
							&s[2 * pair + side], s[2 * pair + side].seq++ };
			}
		qsort(sent, (size_t)nsent, sizeof(sent[0]), by_time);
		t = play();
		assert_int_equal(lanes(), 3);
		for (uint32_t pair = 1; pair <= 3; pair++)
			wrong += of(0x100 * pair)->lane != of(0x100 * pair + 1)->lane;
		tunnels_free(&t);
	}
	assert_int_equal(wrong, 0);
}

/* A flood of SPIs: cells stay within the cap, the busy pair keeps its lane, nothing grows. */
static void
test_flood(void **state)
{
	struct tunnels *t = tunnels_new(2000, false, 1);
	struct decision d;
	int64_t now = 1000 * SEC;

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t spi = 1000 + i;

		now += 50 * USEC;
		while (tunnels_due(t) <= now && tunnels_decide(t, &d))
			;
		while (tunnels_full(t))
			tunnels_forget(t, tunnels_victim(t));
		(void)tunnels_packet(t, &gateways, 0, spi, 1, 0, tunnels_hash(t, &gateways, 0, spi), now, now);
		if (i % 10 == 0)
			(void)tunnels_packet(t, &gateways, 1, 7, i / 10 + 1, 0, tunnels_hash(t, &gateways, 1, 7), now, now);
		assert_true(tunnels_count(t) <= 2000);
	}
	tunnels_free(&t);
}

static void
test_memory(void **state)
{
	struct tunnels *t = tunnels_new(100, false, 1);
	struct decision d;
	uint32_t n;

	(void)state;
	(void)tunnels_packet(t, &gateways, 0, 5, 1, 0, tunnels_hash(t, &gateways, 0, 5), SEC, SEC);
	assert_true(tunnels_decide(t, &d));
	assert_int_equal(tunnels_stale(t, 3000 * SEC), 0);
	(void)tunnels_packet(t, &gateways, 0, 5, 2, 0, tunnels_hash(t, &gateways, 0, 5), 3000 * SEC, 3000 * SEC);
	assert_int_equal(tunnels_stale(t, 4000 * SEC), 0);
	assert_int_equal(tunnels_stale(t, 7000 * SEC), 0); /* looked at 4000, so again not before 7600 */
	n = tunnels_stale(t, 7700 * SEC);
	assert_int_not_equal(n, 0);
	tunnels_forget(t, n);
	assert_int_equal(tunnels_count(t), 0);
	tunnels_free(&t);
}

/* A peer behind NAT comes back from another port: its SA goes on, with what was lost meanwhile. */
static void
test_roam(void **state)
{
	struct tunnels *t = tunnels_new(100, false, 1);
	struct key before = gateways, after;
	uint32_t a, b, c;

	(void)state;
	before.lport = 4500;
	before.hport = 30000;
	after = before;
	after.hport = 30001;
	a = tunnels_packet(t, &before, 1, 7, 100, 0, tunnels_hash(t, &before, 1, 7), SEC, SEC);
	sa_at(t, a)->seq.started = true; /* as the sequence engine leaves it */
	sa_at(t, a)->seq.hi = 100;
	b = tunnels_packet(t, &after, 1, 7, 103, 0, tunnels_hash(t, &after, 1, 7), 2 * SEC, 2 * SEC);
	assert_int_not_equal(a, b);
	assert_true(sa_at(t, b)->roamed);
	assert_ptr_equal(tunnels_numbers(t, sa_at(t, b)), sa_at(t, a));
	/* Another SPI, numbers far away, or long ago: another SA. */
	c = tunnels_packet(t, &before, 1, 8, 104, 0, tunnels_hash(t, &before, 1, 8), 3 * SEC, 3 * SEC);
	assert_false(sa_at(t, c)->roamed);
	before.hport = 30002;
	c = tunnels_packet(t, &before, 1, 7, 90000, 0, tunnels_hash(t, &before, 1, 7), 3 * SEC, 3 * SEC);
	assert_false(sa_at(t, c)->roamed);
	before.hport = 30003;
	c = tunnels_packet(t, &before, 1, 7, 104, 0, tunnels_hash(t, &before, 1, 7), 100 * SEC, 100 * SEC);
	assert_false(sa_at(t, c)->roamed);
	tunnels_forget(t, a);
	tunnels_free(&t);
}

/* --- one numbering for several tunnels (14.2 c, g) */

static struct key
between(uint8_t a, uint8_t b)
{
	struct key k = gateways;

	k.lo.b[15] = a < b ? a : b;
	k.hi.b[15] = a < b ? b : a;
	return (k);
}

static struct seq_counts *
elsewhere(void *arg, const struct seq_place *p)
{
	static struct seq_counts c;

	(void)arg;
	(void)p;
	return (&c);
}

static void
done(void *arg)
{
	(void)arg;
}

/* A packet, and what the sequence engine would do with it. */
static uint32_t
esp(struct tunnels *t, uint8_t from, uint8_t to, uint32_t spi, uint32_t seq, int64_t now)
{
	struct key k = between(from, to);
	int side = from < to ? 0 : 1;
	uint32_t n = tunnels_packet(t, &k, side, spi, seq, 0, tunnels_hash(t, &k, side, spi), now, now);
	struct seqno *s = &tunnels_numbers(t, sa_at(t, n))->seq;
	struct seq_counts c = { 0 };

	seqno_packet(s, seq, now, false, &(struct seq_sink){ .place = { .flowid = n, .owner = n }, .here = &c, .there = elsewhere,
	    .done = done });
	return (n);
}

static void
test_group(void **state)
{
	struct tunnels *t = tunnels_new(100, false, 1);
	uint32_t a, b, c, d;

	(void)state;
	a = esp(t, 1, 2, 7, 10, SEC);
	b = esp(t, 1, 3, 7, 11, SEC);
	c = esp(t, 1, 4, 7, 12, SEC);
	assert_ptr_equal(tunnels_numbers(t, sa_at(t, b)), sa_at(t, a));
	assert_ptr_equal(tunnels_numbers(t, sa_at(t, c)), sa_at(t, a));
	assert_false(sa_at(t, a)->group); /* it may have moved from one to the next */
	assert_false(sa_at(t, b)->roamed);
	(void)esp(t, 1, 2, 7, 13, SEC);
	assert_true(sa_at(t, a)->group);
	/* numbers that came already, or far away, or of another SPI or sender, are no part of it */
	assert_int_equal(sa_at(t, esp(t, 1, 5, 7, 12, SEC))->leader, 0);
	assert_int_equal(sa_at(t, esp(t, 1, 6, 7, 5000, SEC))->leader, 0);
	assert_int_equal(sa_at(t, esp(t, 1, 7, 8, 14, SEC))->leader, 0);
	assert_int_equal(sa_at(t, esp(t, 9, 8, 7, 14, SEC))->leader, 0);
	/* the one that began it goes, then all but one */
	assert_true(tunnels_leave(t, a));
	tunnels_forget(t, a);
	d = sa_at(t, b)->leader == 0 ? b : c;
	assert_ptr_equal(tunnels_numbers(t, sa_at(t, b)), sa_at(t, d));
	assert_ptr_equal(tunnels_numbers(t, sa_at(t, c)), sa_at(t, d));
	assert_int_equal(sa_at(t, d)->seq.hi, 13);
	assert_true(sa_at(t, d)->group);
	assert_true(tunnels_leave(t, b));
	assert_ptr_equal(tunnels_numbers(t, sa_at(t, c)), sa_at(t, c));
	assert_int_equal(sa_at(t, c)->seq.hi, 13);
	assert_false(tunnels_leave(t, c));
	tunnels_free(&t);
}

/* A peer has another address: what it sends moves, then what it is sent. */
static void
test_mobike(void **state)
{
	struct tunnels *t = tunnels_new(100, false, 1);
	uint32_t out, back, out2, back2;

	(void)state;
	out = esp(t, 1, 2, 7, 10, SEC);
	back = esp(t, 2, 1, 8, 500, SEC);
	out2 = esp(t, 3, 2, 7, 12, 2 * SEC);
	back2 = esp(t, 2, 3, 8, 501, 3 * SEC);
	assert_true(sa_at(t, out2)->roamed);
	assert_true(sa_at(t, back2)->roamed);
	assert_ptr_equal(tunnels_numbers(t, sa_at(t, out2)), sa_at(t, out));
	assert_ptr_equal(tunnels_numbers(t, sa_at(t, back2)), sa_at(t, back));
	(void)esp(t, 1, 2, 7, 11, 3 * SEC); /* it was on its way */
	(void)esp(t, 3, 2, 7, 13, 3 * SEC);
	(void)esp(t, 2, 3, 8, 502, 3 * SEC);
	assert_false(sa_at(t, out)->group);
	assert_false(sa_at(t, back)->group);
	/* too late for the other direction: another receiver of the same numbers */
	out2 = esp(t, 4, 2, 7, 14, 4 * SEC);
	back2 = esp(t, 2, 4, 8, 503, 65 * SEC);
	assert_true(sa_at(t, out2)->roamed);
	assert_false(sa_at(t, back2)->roamed);
	tunnels_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_not_replaced),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_roam),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_mobike),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
