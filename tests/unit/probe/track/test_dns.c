/* SPDX-License-Identifier: BSD-2-Clause
 *
 * DNS: the table of queries, and which messages of a TCP stream are new.
 */
#include "probe/track/asks.h"
#include "probe/track/dns_tcp.h"

#include "tests/unit/probe/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct key
key(uint16_t port)
{
	struct key k;

	memset(&k, 0, sizeof(k));
	k.lport = port;
	k.hport = 53;
	k.proto = PROTO_UDP;
	k.af = 4;
	return (k);
}

static struct dns_message
ask(uint16_t id, uint16_t qtype, uint32_t qhash)
{
	return ((struct dns_message){ .id = id, .flags = 0x0100, .qtype = qtype, .qhash = qhash, .asked = 1, .sure = 1 });
}

static struct dns_message
answer(uint16_t id, uint16_t qtype, uint32_t qhash)
{
	struct dns_message m = ask(id, qtype, qhash);

	m.flags = 0x8180;
	return (m);
}

/* --- what belongs to a query */

static const struct match {
	const char *what;
	uint16_t port;
	int side;
	struct dns_message m;
	bool found;
} matches[] = { /* a query of port 1, side 0, id 7, type 1, name 100 waits */
	{ "its answer", 1, 1, { .flags = 0x8180, .id = 7, .qtype = 1, .qhash = 100, .asked = 1 }, true },
	{ "the query again", 1, 0, { .flags = 0x0100, .id = 7, .qtype = 1, .qhash = 100, .asked = 1 }, true },
	{ "an answer without a question", 1, 1, { .flags = 0x8181, .id = 7 }, true },
	{ "another id", 1, 1, { .flags = 0x8180, .id = 8, .qtype = 1, .qhash = 100, .asked = 1 }, false },
	{ "another type", 1, 1, { .flags = 0x8180, .id = 7, .qtype = 28, .qhash = 100, .asked = 1 }, false },
	{ "another name", 1, 1, { .flags = 0x8180, .id = 7, .qtype = 1, .qhash = 101, .asked = 1 }, false },
	{ "another flow", 2, 1, { .flags = 0x8180, .id = 7, .qtype = 1, .qhash = 100, .asked = 1 }, false },
	{ "an answer of who asked", 1, 0, { .flags = 0x8180, .id = 7, .qtype = 1, .qhash = 100, .asked = 1 }, false },
	{ "a query of the other side", 1, 1, { .flags = 0x0100, .id = 7, .qtype = 1, .qhash = 100, .asked = 1 }, false },
};

static void
test_matches(void **state)
{
	struct asks *a = asks_new(4, 1);
	struct key one = key(1);
	struct dns_message q = ask(7, 1, 100);
	bool evicted;

	(void)state;
	(void)asks_add(a, &one, 0, &q, 0, &evicted);
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		struct key k = key(matches[i].port);
		bool found = asks_find(a, &k, matches[i].side, &matches[i].m) != NULL;

		if (found != matches[i].found)
			print_error("%s\n", matches[i].what);
		assert_int_equal(found, matches[i].found);
	}
	asks_free(&a);
}

/* Three places, four queries: the oldest goes.  One that is sent again is the newest. */
static void
test_eviction(void **state)
{
	struct asks *a = asks_new(3, 1);
	struct key k = key(1);
	struct dns_message q[4], r;
	struct ask *x;
	bool evicted;

	(void)state;
	for (uint16_t i = 0; i < 4; i++)
		q[i] = ask(i, 1, 5);
	for (int i = 0; i < 3; i++) {
		x = asks_add(a, &k, 0, &q[i], i * SEC, &evicted);
		assert_false(evicted);
		assert_true(x->due == (i + 5) * SEC);
	}
	x = asks_find(a, &k, 0, &q[0]);
	assert_non_null(x);
	asks_again(a, x, 3 * SEC);
	assert_true(x->due == 8 * SEC);
	assert_int_equal(asks_first(a)->id, 1);
	(void)asks_add(a, &k, 0, &q[3], 3 * SEC, &evicted);
	assert_true(evicted);
	r = answer(1, 1, 5);
	assert_null(asks_find(a, &k, 1, &r));
	assert_int_equal(asks_first(a)->id, 2);
	asks_drop(a, asks_first(a));
	assert_int_equal(asks_first(a)->id, 0);
	asks_drop(a, asks_first(a));
	assert_int_equal(asks_first(a)->id, 3);
	asks_drop(a, asks_first(a));
	assert_null(asks_first(a));
	asks_free(&a);
}

/* --- TCP: segments of one direction.  Each row is a segment; `n` of its messages are new. */

enum { SYN = 1, BARE = 2, SPLIT = 4, DOUBT = 8 };

static const struct segment {
	int stream;          /* a new one begins where it changes */
	uint32_t seq, len;
	unsigned what;
	uint32_t at[3];      /* of messages, + 1; 0 = none */
	uint32_t next;
	unsigned n;
} segments[] = {
	/* in order, across the wrap; retransmitted; old and new in one */
	{ 1, 0xfffffff0, 0, SYN, { 0 }, 0, 0 },
	{ 1, 0xfffffff1, 30, 0, { 1 }, 30, 1 },
	{ 1, 0xfffffff1, 30, 0, { 1 }, 30, 0 },
	{ 1, 15, 30, 0, { 1 }, 30, 1 },
	{ 1, 0xfffffff1, 90, 0, { 1, 31, 61 }, 90, 1 },
	/* a long message: what looks like one in its middle is none; then in step again */
	{ 2, 100, 0, SYN, { 0 }, 0, 0 },
	{ 2, 101, 50, 0, { 1 }, 80, 1 },
	{ 2, 151, 30, 0, { 1 }, 30, 0 },
	{ 2, 181, 30, 0, { 1 }, 30, 1 },
	/* it ends within a segment: the next message there is not seen, later ones are */
	{ 3, 0, 50, 0, { 1 }, 80, 1 },
	{ 3, 50, 60, 0, { 0 }, 0, 0 },
	{ 3, 110, 30, 0, { 1 }, 30, 1 },
	/* seen from the middle: only what looks like a message */
	{ 4, 500, 30, DOUBT, { 1 }, 30, 0 },
	{ 4, 530, 30, 0, { 1 }, 30, 1 },
	{ 4, 560, 30, DOUBT, { 1 }, 30, 1 },
	/* the length alone, then the message */
	{ 5, 0, 0, SYN, { 0 }, 0, 0 },
	{ 5, 1, 2, SPLIT, { 0 }, 30, 0 },
	{ 5, 3, 28, BARE, { 0 }, 0, 1 },
	{ 5, 31, 30, 0, { 1 }, 30, 1 },
	/* reordered: the one before comes later, once */
	{ 6, 0, 0, SYN, { 0 }, 0, 0 },
	{ 6, 31, 30, 0, { 1 }, 30, 1 },
	{ 6, 1, 30, 0, { 1 }, 30, 1 },
	{ 6, 1, 30, 0, { 1 }, 30, 0 },
	{ 6, 31, 30, 0, { 1 }, 30, 0 },
	/* lost within a message: still in step behind it */
	{ 7, 0, 0, SYN, { 0 }, 0, 0 },
	{ 7, 1, 20, 0, { 1 }, 80, 1 },
	{ 7, 61, 20, DOUBT, { 1 }, 30, 0 },
	{ 7, 81, 30, DOUBT, { 1 }, 30, 1 },
};

static void
test_segments(void **state)
{
	struct dns_stream s;
	struct dns_message m[DNS_MESSAGES + 1];
	int stream = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		const struct segment *x = &segments[i];
		struct packet p;
		unsigned n;

		if (x->stream != stream)
			memset(&s, 0, sizeof(s));
		stream = x->stream;
		memset(&p, 0, sizeof(p));
		p.facts = FACT_TCP | FACT_DNS | FACT_PAYLOAD;
		p.tcp.seq = x->seq;
		p.tcp.flags = x->what & SYN ? TCP_SYN : TCP_ACK;
		p.payload = x->len;
		for (; p.ndns < 3 && x->at[p.ndns] != 0; p.ndns++) {
			p.dns[p.ndns].at = x->at[p.ndns] - 1;
			p.dns[p.ndns].sure = (x->what & DOUBT) == 0;
		}
		p.dns_next = x->next;
		p.dns_split = (x->what & SPLIT) != 0;
		p.has_bare = (x->what & BARE) != 0;
		n = dns_segment(&s, &p, m);
		if (n != x->n)
			print_error("stream %d, segment %zu of all\n", x->stream, i);
		assert_int_equal(n, x->n);
	}
}

/* --- the engine with more queries than it can remember: nothing is lost, what is forgotten is counted */

static struct { uint64_t q, unans, evicted; } sums;

static struct batch *
add_up(void *arg, struct batch *b)
{
	(void)arg;
	for (uint32_t r = 0; r < b->rows; r++) {
		sums.q += sim_get(b, F_q, r);
		sums.unans += sim_get(b, F_unans, r);
		sums.evicted += sim_get(b, F_dnsevict, r);
	}
	batch_reset(b);
	return (b);
}

static void
test_crowd(void **state)
{
	enum { QUERIES = ASKS_MAX + 1000, FLOWS = 50000 };
	struct engine *e = engine_new(&(struct engine_options){ .interval = 5 * SEC, .probe = "p", .max_flows = 100000,
	    .max_frags = 16, .max_sas = 16, .seed = 3 }, (struct sink){ add_up, NULL });
	struct arrival a;

	(void)state;
	for (uint32_t i = 0; i < QUERIES; i++) {
		a = sim_packet(1700000000 * SEC, PROTO_UDP, 1, 2, (uint16_t)(1024 + i % FLOWS), 53);
		a.packet.facts |= FACT_DNS;
		a.packet.ndns = 1;
		a.packet.dns[0] = ask((uint16_t)(i / FLOWS), 1, 5);
		engine_packets(e, &a, 1);
	}
	a = sim_packet(1700000010 * SEC, PROTO_UDP, 1, 2, 1, 2);
	engine_packets(e, &a, 1);
	engine_finish(e);
	assert_int_equal(sums.q, QUERIES);
	assert_int_equal(sums.evicted, 1000);
	assert_int_equal(sums.unans, ASKS_MAX);
	engine_free(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_crowd),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
