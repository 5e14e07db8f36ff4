/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_registry.c: who follows which flow, how long each waits, what bins of any flow can have.
 */
#include "tests/unit/probe/world.h"

static const struct follower {
	uint16_t proto;
	const char *name;
	int seconds; /* one way, once it has sent: until it is over */
} followers[] = {
	{ PROTO_TCP, "tcp", 300 }, { PROTO_UDP, "udp", 30 }, { PROTO_UDPLITE, "udplite", 30 }, { PROTO_GRE, "gre", 60 },
	{ PROTO_ESP, "tunnel", 60 }, { PROTO_AH, "tunnel", 60 }, { PROTO_ICMP, "icmp", 30 }, { PROTO_ICMP6, "icmp",
	    30 },
	{ PROTO_ARP, "arp", 5 }, { PROTO_SCTP, "other", 60 }, { PROTO_LLC, "other", 60 }, { PROTO_IGMP, "other", 60 },
	{ 0, "other", 60 }, { 255, "other", 60 },
};

static void
test_followers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(followers) / sizeof(followers[0]); i++) {
		struct key k = { .proto = followers[i].proto };
		struct world w;
		struct packet p = world_packet(0, k.proto, 0);

		assert_string_equal(trackers[tracker_of(&k)]->name, followers[i].name);
		world_new(&w, 5, 10);
		if (key_is_tunnel(k.proto)) {
			p.facts |= FACT_SPI;
			p.spi = 7;
		}
		p.facts |= k.proto == PROTO_TCP ? FACT_TCP : 0;
		world_send(&w, &p);
		assert_int_equal(w.v.f->tracker, tracker_of(&k));
		assert_int_equal(idle_seconds[w.v.f->idle], followers[i].seconds);
		world_free(&w);
	}
}

/* A bin's extras have places of their own in it, and are written and given back. */
static void
test_extras(void **state)
{
	struct bin b = { .pkts = { 0 } };
	struct bin_more m = { .due = 0 };
	size_t n = 0;

	(void)state;
	for (const struct extra *x = extras; x->fill != NULL; x++, n++) {
		assert_non_null(x->end);
		assert_int_equal(extra_cell(x, &b, &m), 0);
		*extra_place(x, &b, &m) = 1;
		assert_int_equal(extra_cell(x, &b, &m), 1);
		assert_int_equal(extra_cell(x, &b, NULL), !x->more);
	}
	assert_true(n >= 2);
	assert_true(b.dns == 1 && m.errors == 1);
	assert_int_equal(b.tos + b.ext + b.more + m.frag + m.udp, 0);
}

/* All pools are the track's: it can be freed once more. */
static void
test_owner(void **state)
{
	struct track *t = NULL;
	struct world w;

	(void)state;
	track_free(&t);
	world_new(&w, 5, 10);
	assert_ptr_equal(w.track->ledger, &w.ledger);
	assert_ptr_equal(w.track->numbers.ledger, &w.ledger);
	world_free(&w);
	assert_null(w.track);
	track_free(&w.track);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_followers),
		cmocka_unit_test(test_extras),
		cmocka_unit_test(test_owner),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
