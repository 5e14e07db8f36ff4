/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_key.c: one key for both directions, and who began (SEMANTICS 1.1, 1.2).
 */
#include "probe/flow/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct key_options plain, vlans = { .vlan = true };

static enum key_form
form(const struct key *k)
{
	return (key_form(k->proto, k->kind, k->aux, k->lport | k->hport));
}

/* 10.0.0.src to 10.0.0.dst */
static struct packet
packet(unsigned proto, uint8_t src, uint8_t dst, uint16_t sport, uint16_t dport)
{
	struct packet p = { .proto = (uint16_t)proto, .af = 4, .sport = sport, .dport = dport, .vlan = 0xffff,
		.ivlan = 0xffff, .facts = key_wants_ports((uint16_t)proto) ? FACT_PORTS : 0 };

	p.src.b[15] = src;
	p.dst.b[15] = dst;
	return (p);
}

static struct packet
icmp(unsigned proto, uint8_t src, uint8_t dst, uint8_t type, uint8_t code, uint16_t id)
{
	struct packet p = packet(proto, src, dst, 0, 0);

	p.facts = FACT_ICMP;
	p.icmp.type = type;
	p.icmp.code = code;
	p.icmp.id = id;
	return (p);
}

/* Who is lo: the lower address, then the lower port. */
static const struct side_case {
	uint8_t src, dst;
	uint16_t sport, dport;
	int side;
} sides[] = {
	{ 1, 2, 9, 5, 0 }, { 2, 1, 5, 9, 1 }, { 7, 7, 5, 9, 0 }, { 7, 7, 9, 5, 1 }, { 7, 7, 5, 5, 0 },
};

static void
test_sides(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		const struct side_case *c = &sides[i];
		struct packet p = packet(PROTO_UDP, c->src, c->dst, c->sport, c->dport);
		struct packet q = packet(PROTO_UDP, c->dst, c->src, c->dport, c->sport);
		struct key a, b;

		memset(&a, 0xaa, sizeof(a)); /* all of it is set */
		memset(&b, 0x55, sizeof(b));
		assert_int_equal(key_of(&p, &plain, &a), c->side);
		(void)key_of(&q, &plain, &b);
		assert_true(key_equal(&a, &b));
		assert_memory_equal(&a, &b, sizeof(a));
		assert_int_equal((c->side ? a.hi : a.lo).b[15], c->src);
		assert_int_equal(c->side ? a.hport : a.lport, c->sport);
		assert_int_equal(c->side ? a.lport : a.hport, c->dport);
		assert_int_equal(a.kind, 0);
	}
}

/* Everything in a key tells flows apart. */
static void
test_differ(void **state)
{
	struct packet p = packet(PROTO_TCP, 1, 2, 3, 4), q;
	struct key a, b;

	(void)state;
	(void)key_of(&p, &plain, &a);
#define DIFFERS(change)                        \
	q = p;                                 \
	change;                                \
	(void)key_of(&q, &plain, &b);          \
	assert_false(key_equal(&a, &b))
	DIFFERS(q.src.b[0] = 1);
	DIFFERS(q.dst.b[0] = 1);
	DIFFERS(q.sport = 5);
	DIFFERS(q.dport = 5);
	DIFFERS(q.proto = PROTO_UDP);
	DIFFERS(q.af = 6);
	DIFFERS(q.vrf = 7);
	DIFFERS(q.aux = 7);
#undef DIFFERS
	q = p;
	q.vlan = 7; /* an attribute */
	(void)key_of(&q, &plain, &b);
	assert_true(key_equal(&a, &b));
}

static void
test_vlans(void **state)
{
	static const uint16_t ids[][2] = { { 0xffff, 0xffff }, { 0, 0xffff }, { 7, 0xffff }, { 7, 0 }, { 7, 8 }, { 8,
	    7 } };
	struct key k[6];

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct packet p = packet(PROTO_TCP, 1, 2, 3, 4);

		p.vrf = 0x99;
		p.vlan = ids[i][0];
		p.ivlan = ids[i][1];
		(void)key_of(&p, &vlans, &k[i]);
		assert_int_equal(k[i].vrf ^ key_vlans(p.vlan, p.ivlan), 0x99); /* it can be taken out again */
		for (int j = 0; j < i; j++)
			assert_false(key_equal(&k[i], &k[j]));
	}
	assert_int_equal(key_vlans(7, 0xffff) & 0xff, 0);
}

/* What asks and what answers is one flow, by the type that asks and the id; other types are one way. */
static const struct icmp_case {
	unsigned proto;
	uint8_t type, code, from; /* from 1 to 2 or back */
	uint32_t aux;
	uint8_t kind;
} icmps[] = {
	{ PROTO_ICMP, 8, 0, 1, 8u << 24 | 77, 0 }, { PROTO_ICMP, 0, 0, 2, 8u << 24 | 77, 0 },
	{ PROTO_ICMP, 14, 0, 2, 13u << 24 | 77, 0 }, { PROTO_ICMP, 16, 0, 2, 15u << 24 | 77, 0 },
	{ PROTO_ICMP, 18, 0, 2, 17u << 24 | 77, 0 }, { PROTO_ICMP, 9, 0, 2, 10u << 24 | 77, 0 },
	{ PROTO_ICMP6, 129, 0, 2, 128u << 24 | 77, 0 }, { PROTO_ICMP6, 134, 0, 2, 133u << 24 | 77, 0 },
	{ PROTO_ICMP6, 136, 0, 2, 135u << 24 | 77, 0 }, { PROTO_ICMP6, 131, 0, 2, 130u << 24 | 77, 0 },
	{ PROTO_ICMP6, 145, 0, 2, 144u << 24 | 77, 0 },
	{ PROTO_ICMP, 3, 4, 1, 3u << 24 | 4 << 16, KEY_LO_SENDS }, { PROTO_ICMP, 3, 4, 2, 3u << 24 | 4 << 16,
	    KEY_HI_SENDS },
	{ PROTO_ICMP6, 8, 0, 1, 8u << 24, KEY_LO_SENDS }, /* nothing in version 6 */
	{ PROTO_ICMP, 128, 0, 2, 128u << 24, KEY_HI_SENDS },
};

static void
test_icmp(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(icmps) / sizeof(icmps[0]); i++) {
		const struct icmp_case *c = &icmps[i];
		struct packet p = icmp(c->proto, c->from, 3 - c->from, c->type, c->code, 77);
		struct key k;

		assert_int_equal(key_of(&p, &plain, &k), c->from - 1);
		assert_int_equal(k.aux, c->aux);
		assert_int_equal(k.kind, c->kind);
		assert_int_equal(form(&k), FORM_TYPE);
		assert_true(k.lport == 0 && k.hport == 0);
	}
}

/* Without ports: what would have some was cut; a fragment; other protocols have none. */
static void
test_portless(void **state)
{
	static const uint16_t with[] = { PROTO_TCP, PROTO_UDP, PROTO_SCTP, PROTO_DCCP, PROTO_UDPLITE, PROTO_ICMP,
	    PROTO_ICMP6 };
	struct packet p;
	struct key k, whole;

	(void)state;
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		p = packet(with[i], 2, 1, 0, 0);
		p.facts = 0;
		assert_true(key_wants_ports(with[i]));
		assert_int_equal(key_of(&p, &plain, &k), 1);
		assert_int_equal(k.kind, KEY_PORTLESS);
		assert_int_equal(form(&k), FORM_ADDRESSES);
		p = packet(with[i], 2, 1, 5, 9);
		assert_int_equal(key_portless(&p, &plain, &whole), 1); /* of a fragment, whatever it shows */
		assert_true(key_equal(&k, &whole));
	}
	p = packet(PROTO_ESP, 1, 2, 0, 0);
	(void)key_of(&p, &plain, &k);
	assert_false(key_wants_ports(PROTO_ESP));
	assert_int_equal(k.kind, 0);
	assert_int_equal(form(&k), FORM_ADDRESSES);
	assert_true(key_is_tunnel(k.proto) && key_is_ip(k.af, k.proto));
}

static void
test_forms(void **state)
{
	struct packet p = packet(PROTO_ESP, 1, 2, 4500, 4500);
	struct key k, tunnel;

	(void)state;
	(void)key_of(&p, &plain, &k);
	assert_int_equal(form(&k), FORM_PORTS); /* in UDP */
	tunnel = k;
	k.kind = KEY_LANE;
	k.aux = 3;
	assert_int_equal(form(&k), FORM_PORTS);
	k.kind = KEY_SA | KEY_LO_SENDS;
	k.aux = 0xc0ffee;
	assert_int_equal(form(&k), FORM_PORTS);
	k = key_tunnel(&k);
	assert_true(key_equal(&k, &tunnel));
	p = packet(PROTO_UDP, 1, 2, 0, 0);
	(void)key_of(&p, &plain, &k);
	assert_int_equal(form(&k), FORM_PORTS); /* ports 0 are ports */
}

/* Frames without IP: by MAC.  ARP has addresses, but is not IP. */
static void
test_frames(void **state)
{
	struct packet p = { .proto = PROTO_LLC, .af = 0, .facts = FACT_MAC, .smac = 0x020000000009,
		.dmac = 0x010203040506,
		.aux = 0x4242, .vlan = 0xffff, .ivlan = 0xffff };
	static const uint8_t lo[6] = { 1, 2, 3, 4, 5, 6 }, hi[6] = { 2, 0, 0, 0, 0, 9 };
	struct key k;

	(void)state;
	assert_int_equal(key_of(&p, &plain, &k), 1);
	assert_memory_equal(&k.lo.b[10], lo, 6);
	assert_memory_equal(&k.hi.b[10], hi, 6);
	assert_int_equal(k.aux, 0x4242);
	assert_int_equal(form(&k), FORM_SAP);
	assert_false(key_is_ip(k.af, k.proto));
	p = packet(PROTO_ARP, 1, 2, 0, 0);
	(void)key_of(&p, &plain, &k);
	assert_false(key_is_ip(k.af, k.proto));
	assert_int_equal(form(&k), FORM_ADDRESSES);
}

/* The packet that an error quotes has the key that it had when it came. */
static const struct quoted {
	const char *what;
	unsigned proto;
	uint8_t ports, echo, has_spi;
	bool found;
} quotes[] = {
	{ "UDP with ports", PROTO_UDP, 1, 0, 0, true },
	{ "UDP without", PROTO_UDP, 0, 0, 0, false },
	{ "an echo", PROTO_ICMP, 0, 8 + 1, 0, true },
	{ "an answer of one", PROTO_ICMP, 0, 0 + 1, 0, true },
	{ "ICMP cut short", PROTO_ICMP, 0, 0, 0, false },
	{ "ESP with its SPI", PROTO_ESP, 0, 0, 1, true },
	{ "ESP without", PROTO_ESP, 0, 0, 0, false },
	{ "ESP in UDP", PROTO_ESP, 1, 0, 1, true },
	{ "a protocol without ports", PROTO_IGMP, 0, 0, 0, true },
};

static void
test_quoted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		const struct quoted *c = &quotes[i];
		struct packet was = packet(c->proto, 2, 1, c->ports ? 9 : 0, c->ports ? 5 : 0);
		struct packet p = icmp(PROTO_ICMP, 3, 2, 3, 1, 0);
		struct key k, want;
		int side = -1, from;
		bool found;

		if (c->ports)
			was.facts |= FACT_PORTS;
		if (c->echo != 0)
			was = icmp(c->proto, 2, 1, c->echo - 1, 0, 77);
		was.vrf = p.vrf = 6;
		from = key_of(&was, &plain, &want);
		p.quote.src = was.src;
		p.quote.dst = was.dst;
		p.quote.proto = was.proto;
		p.quote.af = 4;
		p.quote.sport = was.sport;
		p.quote.dport = was.dport;
		p.quote.ports = c->ports;
		p.quote.echo = c->echo;
		p.quote.id = 77;
		p.quote.has_spi = c->has_spi;
		found = key_quoted(&p, &plain, &k, &side);
		if (found != c->found || (found && (!key_equal(&k, &want) || side != from)))
			fail_msg("%s", c->what);
	}
}

/* --- who began */

static struct packet
tcp(uint8_t flags, uint16_t sport, uint16_t dport)
{
	struct packet p = packet(PROTO_TCP, 1, 2, sport, dport);

	p.facts |= FACT_TCP;
	p.tcp.flags = flags;
	return (p);
}

static struct packet
ike(uint8_t version, uint8_t flags, uint64_t rspi)
{
	struct packet p = packet(PROTO_UDP, 1, 2, 500, 500);

	p.facts |= FACT_IKE;
	p.ike.version = version;
	p.ike.flags = flags;
	p.ike.rspi = rspi;
	return (p);
}

static struct packet
with(struct packet p, uint32_t facts)
{
	p.facts |= facts;
	return (p);
}

static struct packet
dns(uint16_t flags)
{
	struct packet p = with(packet(PROTO_UDP, 1, 2, 53, 4000), FACT_DNS);

	p.dns[0].flags = flags;
	return (p);
}

static struct packet
wg(uint8_t type)
{
	struct packet p = with(packet(PROTO_UDP, 1, 2, 51820, 4000), FACT_WG);

	p.wg.type = type;
	return (p);
}

static struct packet
arp(uint8_t op)
{
	struct packet p = packet(PROTO_ARP, 1, 2, 0, 0);

	p.arp_op = op;
	return (p);
}

static void
began(const char *what, struct packet p, bool first, enum dirq q, bool by_sender)
{
	bool sender = !by_sender;
	enum dirq got = key_initiator(&p, first, &sender);

	if (got != q || (q != 0 && sender != by_sender))
		fail_msg("%s: %d, %d", what, got, sender);
}

static void
test_seen(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) { /* this is so whenever it comes */
		began("SYN", tcp(TCP_SYN, 80, 4000), first, DIRQ_SEEN, true);
		began("SYN-ACK", tcp(TCP_SYN | TCP_ACK, 4000, 80), first, DIRQ_SEEN, false);
		began("echo", icmp(PROTO_ICMP, 1, 2, 8, 0, 1), first, DIRQ_SEEN, true);
		began("its answer", icmp(PROTO_ICMP, 1, 2, 0, 0, 1), first, DIRQ_SEEN, false);
		began("query", dns(0x0100), first, DIRQ_SEEN, true);
		began("response", dns(0x8180), first, DIRQ_SEEN, false);
		began("IKEv2, flag I", ike(0x20, 0x08, 5), first, DIRQ_SEEN, true);
		began("IKEv2, none", ike(0x20, 0x20, 5), first, DIRQ_SEEN, false);
		began("IKEv1, first message", ike(0x10, 0, 0), first, DIRQ_SEEN, true);
		began("WireGuard, initiation", wg(1), first, DIRQ_SEEN, true);
		began("its response", wg(2), first, DIRQ_SEEN, false);
		began("ARP request", arp(1), first, DIRQ_SEEN, true);
		began("ARP reply", arp(2), first, DIRQ_SEEN, false);
	}
}

static void
test_not_seen(void **state)
{
	(void)state;
	began("RST with SYN", tcp(TCP_SYN | TCP_RST, 4000, 5000), true, DIRQ_FIRST, true);
	began("error", icmp(PROTO_ICMP, 1, 2, 3, 1, 0), true, DIRQ_FIRST, true);
	began("IKEv1, later", ike(0x10, 0, 5), true, DIRQ_FIRST, true);
	began("WireGuard data", wg(4), true, DIRQ_PORT, false);
	began("ARP of another kind", arp(0), true, DIRQ_FIRST, true);
	began("ESP", packet(PROTO_ESP, 1, 2, 0, 0), true, DIRQ_FIRST, true);
	began("no more of it later", packet(PROTO_UDP, 1, 2, 53, 4000), false, 0, true);
	began("nor of this", packet(PROTO_ESP, 1, 2, 0, 0), false, 0, true);
}

/* Rule 2: one side has a service's port; or both, and one is well known. */
static const struct port_case {
	uint16_t sport, dport;
	enum dirq q;
	bool sender;
} ports[] = {
	{ 4000, 80, DIRQ_PORT, true }, { 80, 4000, DIRQ_PORT, false },
	{ 4000, 1023, DIRQ_PORT, true }, { 4000, 1024, DIRQ_FIRST, true },
	{ 1194, 4000, DIRQ_PORT, false }, { 51820, 4000, DIRQ_PORT, false }, { 8080, 51819, DIRQ_PORT, false },
	{ 1195, 4000, DIRQ_FIRST, true },
	{ 22, 8080, DIRQ_PORT, false }, { 8080, 22, DIRQ_PORT, true },
	{ 22, 23, DIRQ_FIRST, true }, { 8080, 8443, DIRQ_FIRST, true }, { 4000, 5000, DIRQ_FIRST, true },
};

static void
test_ports(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		began("ports", packet(PROTO_UDP, 1, 2, ports[i].sport, ports[i].dport), true, ports[i].q,
		    ports[i].sender);
}

/* To many: nobody there can have begun. */
static void
test_multicast(void **state)
{
	(void)state;
	began("ports", with(packet(PROTO_UDP, 1, 2, 53, 4000), FACT_NOANSWER), true, DIRQ_FIRST, true);
	began("a response", with(dns(0x8180), FACT_NOANSWER), true, DIRQ_FIRST, true);
	began("an answer", with(icmp(PROTO_ICMP6, 1, 2, 136, 0, 0), FACT_NOANSWER), true, DIRQ_FIRST, true);
	began("what asks", with(icmp(PROTO_ICMP6, 1, 2, 135, 0, 0), FACT_NOANSWER), true, DIRQ_SEEN, true);
	began("later", with(icmp(PROTO_ICMP6, 1, 2, 135, 0, 0), FACT_NOANSWER), false, 0, true);
}

/* --- the hash of tables */

/* What differs from key to key: addresses in a row, a port, both ports, a VNI; what whoever sends can choose. */
static struct key
numbered(int what, uint32_t i)
{
	struct key k;
	uint8_t *b = what == 0 ? k.lo.b : k.hi.b;

	memset(&k, 0, sizeof(k));
	k.lo.b[10] = k.lo.b[11] = k.hi.b[10] = k.hi.b[11] = 0xff;
	k.proto = PROTO_UDP;
	k.af = 4;
	if (what < 2) {
		b[14] = (uint8_t)(i >> 8);
		b[15] = (uint8_t)i;
	} else if (what == 2) {
		k.lport = (uint16_t)i;
	} else if (what == 3) {
		k.lport = (uint16_t)(i >> 8);
		k.hport = (uint16_t)(i & 0xff);
	} else {
		k.vrf = i;
	}
	return (k);
}

/* 65536 keys thrown at 65536 places leave 65536 / e = 24109 of them empty if it is by chance, with a standard deviation
 * of 80: ten of them are allowed. */
static void
test_hash_spreads(void **state)
{
	enum { N = 65536, EXPECTED = 24109, ALLOWED = 800 };
	static uint8_t low[N], high[N];

	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++)
		for (int what = 0; what < 5; what++) {
			struct key_secret s;
			int empty[2] = { 0 };

			key_secret(&s, seed);
			memset(low, 0, sizeof(low));
			memset(high, 0, sizeof(high));
			for (uint32_t i = 0; i < N; i++) {
				struct key k = numbered(what, i);
				uint32_t h = key_hash(&k, &s, 0);

				low[h & 0xffff] = high[h >> 16] = 1;
			}
			for (int i = 0; i < N; i++) {
				empty[0] += !low[i];
				empty[1] += !high[i];
			}
			for (int i = 0; i < 2; i++)
				assert_true(empty[i] > EXPECTED - ALLOWED && empty[i] < EXPECTED + ALLOWED);
		}
}

/* Each byte of a key counts, and the seed, and what is hashed with it: two hashes of 32 bits are the same by chance once
 * in 4 billion. */
static void
test_hash_differs(void **state)
{
	struct key_secret s, other;
	struct key k = numbered(0, 7);
	uint32_t h;

	(void)state;
	key_secret(&s, 1);
	key_secret(&other, 2);
	h = key_hash(&k, &s, 0);
	assert_int_not_equal(key_hash(&k, &other, 0), h);
	assert_int_not_equal(key_hash(&k, &s, 1), h);
	for (size_t i = 0; i < sizeof(k); i++) {
		struct key x = k;

		((uint8_t *)&x)[i] ^= 1;
		assert_int_not_equal(key_hash(&x, &s, 0), h);
		assert_false(key_equal(&x, &k));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_differ),
		cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_portless),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_not_seen),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_multicast),
		cmocka_unit_test(test_hash_spreads),
		cmocka_unit_test(test_hash_differs),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
