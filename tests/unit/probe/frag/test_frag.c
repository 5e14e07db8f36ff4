/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_frag.c: pieces of datagrams: what each is, which wait, where they count, what is never complete (SEMANTICS 5).
 *
 * What is to be counted is told as text, a word a piece: its offset and F first, K completes, D duplicate, V overlaps,
 * O out of order, T tiny, B bad; then ~ if its datagram's first fragment is not known, - if it counts without ports.
 */
#include "probe/frag/frag.h"

#include "format/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct key_options plain;
static struct frags *frags;
static struct buf text;

static int
setup(void **state)
{
	(void)state;
	frags = frags_new(4, 1);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	frags_free(&frags);
	buf_free(&text);
	return (0);
}

struct piece {
	uint32_t off, len;
	bool more;
};

/* From 10.0.0.1 to 10.0.0.2; the first one has ports, and an SPI. */
static struct packet
fragment(uint16_t proto, uint8_t af, uint32_t id, int64_t ms, const struct piece *x)
{
	struct packet p = { .proto = proto, .af = af, .ipid = id, .ts = ms * MSEC, .facts = FACT_FRAG, .vlan = 0xffff,
		.ivlan = 0xffff, .frag = { .off = x->off, .len = x->len, .more = x->more } };

	p.src.b[15] = 1;
	p.dst.b[15] = 2;
	if (x->off != 0)
		return (p);
	if (key_wants_ports(proto)) {
		p.facts |= FACT_PORTS;
		p.sport = 4000;
		p.dport = 80;
	}
	if (proto == PROTO_ESP) {
		p.facts |= FACT_SPI;
		p.spi = 0xc0ffee;
	}
	return (p);
}

static void
say(const struct frag_piece *x)
{
	static const char letters[] = "FKDVOTB"; /* FRAG_FIRST and on */
	struct frag_home home = { .of = { .key = x->key, .id = x->key.lport != 0 ? 80 : 0 }, .side = (uint8_t)x->side };

	assert_true(x->what & FRAG_IS);
	buf_printf(&text, "%s%u", text.len > 0 ? " " : "", x->packet->frag.off);
	for (int i = 0; letters[i] != '\0'; i++)
		if (x->what & FRAG_FIRST << i)
			buf_u8(&text, (uint8_t)letters[i]);
	if (!x->resolved)
		buf_u8(&text, '~');
	if (x->key.lport == 0)
		buf_u8(&text, '-');
	frags_settled(frags, x, &home);
}

/* It comes at its own time; what is counted then. */
static const char *
take(const struct packet *p, bool only)
{
	struct frag_piece x;
	bool go;

	text.len = 0;
	go = frags_packet(frags, p, &plain, p->ts, only, &x);
	while (go) {
		say(&x);
		go = frags_release(frags, &x);
	}
	return (buf_cstr(&text));
}

static const char *
come(uint8_t af, uint32_t id, int64_t ms, uint32_t off, uint32_t len, bool more)
{
	struct packet p = fragment(PROTO_UDP, af, id, ms, &(struct piece){ off, len, more });

	return (take(&p, false));
}

#define COMES(af, id, ms, off, len, more, want) assert_string_equal(come(af, id, ms, off, len, more), want)

/* What was given up since the last call: "inc 80@5" counts in the flow with ports, in the bin of 5 ms. */
static const char *
outcomes(void)
{
	struct frag_outcome o;

	text.len = 0;
	while (frags_outcome(frags, &o))
		buf_printf(&text, "%s%s %u@%d", text.len > 0 ? ", "
		    "" : "", o.orphan ? "orph" : "inc", (unsigned)o.home.of.id,
		    (int)(o.arrived / MSEC));
	return (buf_cstr(&text));
}

/* --- one datagram: F1, F2, F5, F6 of the specification, and corners */

static const struct datagram {
	const char *what;
	uint8_t af;
	struct piece piece[6]; /* 1 ms apart */
	const char *want[6];
} datagrams[] = {
	{ "F1: in order", 4, { { 0, 800, true }, { 800, 800, false } }, { "0F", "800K" } },
	{ "F2: the tail first", 4, { { 800, 800, false }, { 0, 800, true } }, { "", "0FKO 800" } },
	{ "three, backwards", 4, { { 1600, 80, false }, { 800, 800, true }, { 0, 800, true } },
	    { "", "", "0FKO 1600 800O" } },
	{ "F5: the tail twice", 4, { { 0, 800, true }, { 800, 800, false }, { 800, 800, false } },
	    { "0F", "800K", "800D" } },
	{ "the first twice", 4, { { 0, 800, true }, { 0, 800, true }, { 800, 800, false } }, { "0F", "0D", "800K" } },
	{ "the tail twice before the first", 4, { { 800, 800, false }, { 800, 800, false }, { 0, 800, true } },
	    { "", "", "0FKO 800 800D" } },
	{ "F6: overlap", 4, { { 0, 1400, true }, { 1384, 116, false } }, { "0F", "1384KV" } },
	{ "overlap in IPv6: never whole", 6, { { 0, 1400, true }, { 1384, 116, false }, { 1400, 100, false } },
	    { "0F", "1384VB", "1400VB" } },
	{ "a hole is left", 4, { { 0, 800, true }, { 1600, 80, false }, { 800, 792, true }, { 1592, 8, true } },
	    { "0F", "1600", "800O", "1592KO" } },
	{ "it is covered by a larger one", 4, { { 0, 800, true }, { 800, 8, true }, { 800, 800, false } },
	    { "0F", "800", "800KV" } },
	{ "empty", 4, { { 0, 800, true }, { 800, 0, false } }, { "0F", "800K" } },
};

static void
test_datagrams(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(datagrams) / sizeof(datagrams[0]); i++) {
		const struct datagram *d = &datagrams[i];

		frags_free(&frags);
		frags = frags_new(4, 1);
		for (int k = 0; k < 6 && d->want[k] != NULL; k++) {
			const char *got = come(d->af, 7, k, d->piece[k].off, d->piece[k].len, d->piece[k].more);

			if (strcmp(got, d->want[k]) != 0)
				fail_msg("%s, piece %d: \"%s\", not \"%s\"", d->what, k, got, d->want[k]);
		}
	}
}

/* What the decoder found is handed on. */
static void
test_marks(void **state)
{
	struct packet p = fragment(PROTO_UDP, 4, 7, 0, &(struct piece){ 0, 4, true });

	(void)state;
	p.frag.tiny = 1;
	assert_string_equal(take(&p, false), "0FT");
	p = fragment(PROTO_UDP, 4, 7, 1, &(struct piece){ 65528, 100, false });
	p.frag.bad = 1;
	assert_string_equal(take(&p, false), "65528B");
}

/* More pieces than are told apart: neighbours are joined; what is scattered too much is never said to be whole. */
static void
test_many(void **state)
{
	(void)state;
	COMES(4, 1, 0, 0, 8, true, "0F");
	for (uint32_t i = 1; i < 40; i++) {
		char want[20];

		snprintf(want, sizeof(want), "%u%s", 8 * i, i == 39 ? "K" : "");
		COMES(4, 1, 0, 8 * i, 8, i < 39, want);
	}
	COMES(4, 1, 0, 8, 8, true, "8D"); /* where the pieces of the joined ones began is forgotten */
	COMES(4, 2, 0, 0, 8, true, "0F");
	for (uint32_t i = 1; i < 20; i++) {
		char want[20];

		snprintf(want, sizeof(want), "%u", 16 * i);
		COMES(4, 2, 0, 16 * i, 8, i < 19, want);
	}
	for (uint32_t i = 0; i < 19; i++)
		(void)come(4, 2, 0, 16 * i + 8, 8, true);
	assert_null(strchr(come(4, 2, 0, 16 * 18 + 8, 8, true), 'K'));
}

/* --- which pieces are of one datagram */

static void
test_keys(void **state)
{
	struct packet p = fragment(PROTO_UDP, 4, 7, 0, &(struct piece){ 800, 800, false });

	(void)state;
	COMES(4, 7, 0, 0, 800, true, "0F");
#define ANOTHER(change)                                                                  \
	p = fragment(PROTO_UDP, 4, 7, 0, &(struct piece){ 800, 800, false });            \
	change;                                                                          \
	assert_string_equal(take(&p, false), "");                                        \
	assert_int_equal(frags_count(frags), 2);                                         \
	frags_timeout(frags);                                                            \
	frags_timeout(frags);                                                            \
	COMES(4, 7, 0, 0, 800, true, "0F")
	ANOTHER(p.ipid = 8);
	ANOTHER(p.src.b[0] = 8);
	ANOTHER(p.dst.b[0] = 8);
	ANOTHER(p.vrf = 8);
	ANOTHER(p.proto = PROTO_TCP);
#undef ANOTHER
}

/* The other pieces of ESP in UDP are UDP's; and a GRE key is in the first piece only. */
static void
test_inner(void **state)
{
	struct packet p = fragment(PROTO_ESP, 4, 7, 0, &(struct piece){ 0, 800, true });
	struct frag_piece x;

	(void)state;
	COMES(4, 7, 0, 800, 800, false, "");
	p.facts |= FACT_PORTS;
	p.sport = p.dport = 4500;
	assert_true(frags_packet(frags, &p, &plain, 0, false, &x));
	assert_true(x.has_spi && x.spi == 0xc0ffee && x.key.proto == PROTO_ESP && x.side == 0);
	assert_true(frags_release(frags, &x));
	assert_int_equal(x.packet->frag.off, 800);
	assert_true(x.has_spi && x.spi == 0xc0ffee && x.resolved && x.key.proto == PROTO_ESP && x.key.lport == 4500);
	assert_false(frags_release(frags, &x));
	p = fragment(PROTO_GRE, 4, 7, 0, &(struct piece){ 800, 800, false });
	assert_string_equal(take(&p, false), "");
	p = fragment(PROTO_GRE, 4, 7, 0, &(struct piece){ 0, 800, true });
	p.vrf = 99;
	assert_string_equal(take(&p, false), "0FKO- 800-");
}

/* Who need not wait: protocols without ports; a tunnel with but one SA. */
static const struct shortcut {
	uint16_t proto;
	bool only;
	const char *want;
} shortcuts[] = {
	{ PROTO_IGMP, false, "800-" }, { PROTO_SCTP, false, "" }, { PROTO_ICMP, false, "" },
	{ PROTO_ESP, false, "" }, { PROTO_ESP, true, "800-" }, { PROTO_AH, false, "" }, { PROTO_AH, true, "800-" },
	{ PROTO_UDP, true, "" },
};

static void
test_shortcuts(void **state)
{
	for (size_t i = 0; i < sizeof(shortcuts) / sizeof(shortcuts[0]); i++) {
		struct packet p = fragment(shortcuts[i].proto, 4, 7, 0, &(struct piece){ 800, 800, false });

		(void)state;
		frags_timeout(frags);
		assert_string_equal(take(&p, shortcuts[i].only), shortcuts[i].want);
		assert_int_equal(frags_hold_due(frags) == INT64_MAX, *shortcuts[i].want != '\0');
		while (frags_hold_due(frags) != INT64_MAX)
			assert_true(frags_expire(frags, &plain, &(struct frag_piece){ 0 }));
	}
}

/* --- time */

/* A held piece is let go after two seconds, without ports; what was held with it goes when the first comes. */
static void
test_hold(void **state)
{
	struct frag_piece x;

	(void)state;
	assert_int_equal(frags_hold_due(frags), INT64_MAX);
	assert_false(frags_expire(frags, &plain, &x));
	COMES(4, 7, 100, 800, 800, true, "");
	COMES(4, 8, 200, 800, 800, false, "");
	COMES(4, 7, 300, 1600, 80, false, "");
	assert_int_equal(frags_hold_due(frags), 2100 * MSEC);
	text.len = 0;
	assert_true(frags_expire(frags, &plain, &x));
	say(&x);
	assert_string_equal(buf_cstr(&text), "800~-");
	assert_int_equal(x.packet->ts, 100 * MSEC);
	assert_int_equal(frags_hold_due(frags), 2200 * MSEC);
	COMES(4, 7, 2150, 0, 800, true, "0FKO 1600"); /* and counts with it */
	assert_int_equal(frags_hold_due(frags), 2200 * MSEC);
	assert_true(frags_expire(frags, &plain, &x));
	assert_int_equal(frags_hold_due(frags), INT64_MAX);
}

/* F3, F4: never complete, without its first; each where its first piece counted, in the bin in which that came. */
static void
test_timeout(void **state)
{
	struct frag_piece x;

	(void)state;
	assert_int_equal(frags_timeout_due(frags), INT64_MAX);
	frags_timeout(frags); /* nothing to do */
	COMES(4, 7, 100, 0, 800, true, "0F");
	COMES(4, 8, 200, 800, 800, true, "");
	COMES(4, 9, 300, 0, 800, true, "0F");
	COMES(4, 9, 301, 800, 8, false, "800K");
	assert_true(frags_expire(frags, &plain, &x));
	say(&x);
	assert_int_equal(frags_timeout_due(frags), 30100 * MSEC);
	frags_timeout(frags);
	assert_string_equal(outcomes(), "inc 80@100");
	assert_int_equal(frags_timeout_due(frags), 30200 * MSEC);
	frags_timeout(frags);
	assert_string_equal(outcomes(), "orph 0@200");
	assert_int_equal(frags_timeout_due(frags), INT64_MAX); /* the third was complete */
	assert_int_equal(frags_count(frags), 1);
}

/* Pieces that come when it is over, though nobody has looked yet: another datagram.  A complete one is remembered for a
 * second. */
static void
test_again(void **state)
{
	(void)state;
	COMES(4, 7, 0, 0, 800, true, "0F");
	COMES(4, 7, 29999, 0, 800, true, "0D");
	COMES(4, 7, 30000, 0, 800, true, "0F");
	assert_string_equal(outcomes(), "inc 80@0");
	COMES(4, 7, 30001, 800, 8, false, "800K");
	COMES(4, 7, 31000, 800, 8, false, "800D");
	COMES(4, 7, 31001, 0, 800, true, "0F"); /* the same id again */
	assert_string_equal(outcomes(), "");
	assert_int_equal(frags_count(frags), 1);
}

/* A home is where the first fragment counted, even if others counted elsewhere before. */
static void
test_home(void **state)
{
	struct frag_piece x;

	(void)state;
	COMES(4, 7, 100, 800, 8, true, "");
	assert_true(frags_expire(frags, &plain, &x));
	say(&x); /* without ports */
	COMES(4, 7, 2200, 0, 800, true, "0FO");
	frags_timeout(frags);
	assert_string_equal(outcomes(), "inc 80@100");
}

/* --- caps: four datagrams, sixteen pieces held */

static void
test_eviction(void **state)
{
	(void)state;
	COMES(4, 1, 0, 0, 800, true, "0F");
	COMES(4, 2, 1, 0, 800, true, "0F");
	COMES(4, 2, 2, 800, 8, false, "800K");
	COMES(4, 3, 3, 0, 800, true, "0F");
	COMES(4, 4, 4, 0, 800, true, "0F");
	assert_int_equal(frags_evicted(frags), 0);
	COMES(4, 5, 5, 0, 800, true, "0F"); /* a complete one goes first */
	assert_string_equal(outcomes(), "");
	COMES(4, 6, 6, 0, 800, true, "0F"); /* then the oldest */
	assert_string_equal(outcomes(), "inc 80@0");
	assert_int_equal(frags_evicted(frags), 2);
	assert_int_equal(frags_count(frags), 4);
}

/* A datagram is pushed out, its pieces are still held: they count without ports. */
static void
test_evicted_pieces(void **state)
{
	struct frag_piece x;

	(void)state;
	COMES(4, 1, 0, 800, 8, true, "");
	for (uint32_t id = 2; id < 6; id++)
		COMES(4, id, id, 0, 800, true, "0F");
	assert_string_equal(outcomes(), ""); /* none of its pieces was counted */
	COMES(4, 1, 10, 0, 800, true, "0F"); /* the first is late */
	assert_true(frags_expire(frags, &plain, &x));
	text.len = 0;
	say(&x);
	assert_string_equal(buf_cstr(&text), "800~-");
	assert_int_equal(x.datagram, 0);
}

static void
test_held_cap(void **state)
{
	struct frag_piece x;

	(void)state;
	for (uint32_t i = 1; i <= 16; i++)
		COMES(4, 1, i, 800 * i, 8, true, "");
	COMES(4, 1, 17, 800 * 17, 8, true, "13600~-"); /* no room to wait */
	COMES(4, 2, 18, 800, 8, true, "800~-");
	for (int i = 1; i <= 16; i++) {
		assert_true(frags_expire(frags, &plain, &x));
		assert_int_equal(x.packet->frag.off, 800 * i);
	}
	COMES(4, 2, 19, 808, 8, true, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_datagrams),
		TEST(test_marks),
		TEST(test_many),
		TEST(test_keys),
		TEST(test_inner),
		TEST(test_shortcuts),
		TEST(test_hold),
		TEST(test_timeout),
		TEST(test_again),
		TEST(test_home),
		TEST(test_eviction),
		TEST(test_evicted_pieces),
		TEST(test_held_cap),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
