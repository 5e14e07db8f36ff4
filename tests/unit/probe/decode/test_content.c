/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_content.c: what UDP holds, by what it looks like and on whatever port; and what looks like it and is not.
 */
#include "tests/unit/probe/decode/frames.h"

// clang-format off
#define Z32 Z16, Z16
#define Z64 Z32, Z32
#define L32(v) L16((uint32_t)(v) & 0xffff), L16((uint32_t)(v) >> 16)
#define IN_UDP(sport, dport, n) ETH(0x800), IP4(17, 8 + (n)), UDP(sport, dport, n)
#define IS_UDP(s, d, n) .dlt = 1, INNER, .proto = 17, .sport = s, .dport = d, .iplen = 28 + (n), .payload = n
#define IS_ESP(s, d, n) .dlt = 1, INNER, .proto = 50, .sport = s, .dport = d, .iplen = 28 + (n), .payload = (n) - 8, \
	.spi = 0xc0ffee01, .seq = 42, .encap = "udp"
#define ESP16 B32(0xc0ffee01), B32(42), DATA8
#define WG_DATA 4, 0, 0, 0, L32(5), L32(6), Z4, DATA16
#define WG_DATA_ABC 4, 'a', 'b', 'c', L32(5), L32(6), Z4, DATA16
#define WG_NTH(n) 4, 0, 0, 0, L32(5), L32(n), Z4, DATA16 /* and more */
#define WG_INIT 1, 0, 0, 0, L32(0x11223344), Z64, Z64, Z8, Z4
#define WG_RESPONSE 2, 0, 0, 0, L32(0x55667788), L32(0x11223344), Z64, Z16
#define IKE_(version, exchange, length) B32(0), B32(0x11), Z8, 33, version, exchange, 8, B32(7), B32(length)
#define DNS(flags, qd, an) B16(77), B16(flags), B16(qd), B16(an), Z4
#define QUESTION 3, 'N', 's', '1', 0, B16(28), B16(1)
#define IS_IKE .facts = FACT_PORTS | FACT_IKE
#define IS_PLAIN .facts = FACT_PORTS

static const struct want cases[] = {
	{ "wireguard on the port of ESP", BYTES(IN_UDP(51820, 4500, 32), WG_DATA), IS_UDP(51820, 4500, 32),
	    .facts = FACT_PORTS | FACT_WG },
	{ "an initiation", BYTES(IN_UDP(51820, 53, 148), WG_INIT), IS_UDP(51820, 53, 148), .facts = FACT_PORTS | FACT_WG },
	{ "a response", BYTES(IN_UDP(53, 51820, 92), WG_RESPONSE), IS_UDP(53, 51820, 92), .facts = FACT_PORTS | FACT_WG },
	{ "a response of another length is not ESP", BYTES(IN_UDP(4500, 51820, 96), WG_RESPONSE, Z4), IS_UDP(4500, 51820, 96),
	    IS_PLAIN },
	{ "a counter that no key lives for", BYTES(IN_UDP(1000, 2000, 32), 4, 0, 0, 0, L32(5), Z4, 0, 0, 1, 0, DATA16),
	    IS_UDP(1000, 2000, 32), IS_PLAIN },
	{ "reserved bytes that are not 0: noted", BYTES(IN_UDP(1000, 2000, 32), WG_DATA_ABC), IS_UDP(1000, 2000, 32),
	    .facts = FACT_PORTS | FACT_WGLIKE },
	{ "but not where it can be ESP", BYTES(IN_UDP(4500, 2000, 32), WG_DATA_ABC), .dlt = 1, INNER, .proto = 50,
	    .sport = 4500, .dport = 2000, .iplen = 60, .payload = 24, .spi = 0x04616263, .seq = 0x05000000,
	    .facts = FACT_PORTS | FACT_SPI, .encap = "udp" },
	{ "three messages in one datagram", BYTES(IN_UDP(1000, 2000, 128), WG_NTH(6), DATA8, DATA8, WG_NTH(7), DATA8, DATA8,
	    WG_NTH(8)), IS_UDP(1000, 2000, 128), .facts = FACT_PORTS | FACT_WG },
	{ "one, though it holds what looks like a header", BYTES(IN_UDP(1000, 2000, 128), WG_NTH(6), DATA8, DATA8, WG_NTH(9),
	    DATA8, DATA8, WG_NTH(8)), IS_UDP(1000, 2000, 128), .facts = FACT_PORTS | FACT_WG },
	{ "a fragment of wireguard: its datagram's length", BYTES(ETH(0x800), IP4_(A4, B4, 17, 40, 0x2000),
	    UDP(1000, 2000, 1600), WG_DATA), .dlt = 1, INNER, .proto = 17, .sport = 1000, .dport = 2000, .iplen = 60,
	    .payload = 32, .facts = FACT_PORTS | FACT_FRAG | FACT_WG },
	{ "and not its own", BYTES(ETH(0x800), IP4_(A4, B4, 17, 40, 0x2000), UDP(1000, 2000, 1601), WG_DATA), .dlt = 1,
	    INNER, .proto = 17, .sport = 1000, .dport = 2000, .iplen = 60, .payload = 32,
	    .facts = FACT_PORTS | FACT_FRAG },

	{ "ike on any port", BYTES(IN_UDP(1000, 2000, 28), IKE_(0x20, 34, 28)), IS_UDP(1000, 2000, 28), IS_IKE },
	{ "ike behind the marker on any port", BYTES(IN_UDP(6500, 6500, 32), Z4, IKE_(0x20, 37, 28)), IS_UDP(6500, 6500, 32),
	    IS_IKE },
	{ "version 1", BYTES(IN_UDP(500, 500, 28), IKE_(0x10, 32, 28)), IS_UDP(500, 500, 28), IS_IKE },
	{ "version 1, an exchange of version 2", BYTES(IN_UDP(500, 500, 28), IKE_(0x10, 34, 28)), IS_UDP(500, 500, 28),
	    IS_PLAIN },
	{ "version 2, an exchange of version 1", BYTES(IN_UDP(500, 500, 28), IKE_(0x20, 2, 28)), IS_UDP(500, 500, 28),
	    IS_PLAIN },
	{ "version 2.1", BYTES(IN_UDP(500, 500, 28), IKE_(0x21, 34, 28)), IS_UDP(500, 500, 28), IS_PLAIN },
	{ "a length that is not the datagram's", BYTES(IN_UDP(500, 500, 32), IKE_(0x20, 34, 28), Z4), IS_UDP(500, 500, 32),
	    IS_PLAIN },
	{ "no cookie", BYTES(IN_UDP(500, 500, 28), Z8, Z8, 33, 0x20, 34, 8, B32(7), B32(28)), IS_UDP(500, 500, 28), IS_PLAIN },
	{ "a first fragment of ike", BYTES(ETH(0x800), IP4_(A4, B4, 17, 40, 0x2000), UDP(500, 500, 2000),
	    IKE_(0x20, 35, 2000), Z4), .dlt = 1, INNER, .proto = 17, .sport = 500, .dport = 500, .iplen = 60, .payload = 32,
	    .facts = FACT_PORTS | FACT_FRAG | FACT_IKE },

	{ "esp on port 10000", BYTES(IN_UDP(10000, 10000, 16), ESP16), IS_ESP(10000, 10000, 16),
	    .facts = FACT_PORTS | FACT_SPI },
	{ "rtp on port 10000", BYTES(IN_UDP(10000, 12000, 16), 0x80, 0, B16(9), B32(160), B32(1), DATA4),
	    IS_UDP(10000, 12000, 16), .facts = FACT_PORTS | FACT_RTP },
	{ "unless the port was named", BYTES(IN_UDP(10000, 12000, 16), 0x80, 0, B16(9), B32(160), B32(1), DATA4), .dlt = 1,
	    .o.nesp_udp = 1, .o.esp_udp = { 10000 }, INNER, .proto = 50, .sport = 10000, .dport = 12000, .iplen = 44,
	    .payload = 8, .spi = 0x80000009, .seq = 160, .facts = FACT_PORTS | FACT_SPI, .encap = "udp" },
	{ "a client's port 4500", BYTES(IN_UDP(4500, 443, 16), ESP16), IS_UDP(4500, 443, 16), IS_PLAIN },
	{ "esp from port 500", BYTES(IN_UDP(4500, 500, 16), ESP16), IS_ESP(4500, 500, 16), .facts = FACT_PORTS | FACT_SPI },
	{ "esp on another port", BYTES(IN_UDP(6500, 6501, 16), ESP16), IS_UDP(6500, 6501, 16), IS_PLAIN },
	{ "that was named", BYTES(IN_UDP(6500, 6501, 16), ESP16), .o.nesp_udp = 2, .o.esp_udp = { 1, 6501 },
	    IS_ESP(6500, 6501, 16), .facts = FACT_PORTS | FACT_SPI },
	{ "and a keepalive there", BYTES(IN_UDP(6500, 6501, 1), 0xff), .o.nesp_udp = 1, .o.esp_udp = { 6500 },
	    IS_UDP(6500, 6501, 1), .facts = FACT_PORTS | FACT_NATKA },
	{ "a keepalive elsewhere is a byte", BYTES(IN_UDP(6500, 6501, 1), 0xff), IS_UDP(6500, 6501, 1), IS_PLAIN },

	{ "dns", BYTES(IN_UDP(5000, 53, 21), DNS(0x100, 1, 0), QUESTION), IS_UDP(5000, 53, 21),
	    .facts = FACT_PORTS | FACT_DNS },
	{ "dns of an opcode that there is not", BYTES(IN_UDP(5000, 53, 21), DNS(0x3000, 1, 0), QUESTION),
	    IS_UDP(5000, 53, 21), IS_PLAIN },
	{ "more records than fit", BYTES(IN_UDP(53, 5000, 21), DNS(0x8180, 1, 1), QUESTION), IS_UDP(53, 5000, 21), IS_PLAIN },
	{ "a question that points elsewhere", BYTES(IN_UDP(5000, 53, 18), DNS(0x100, 1, 0), 0xc0, 12, B16(1), B16(1)),
	    IS_UDP(5000, 53, 18), IS_PLAIN },
	{ "a question without its class", BYTES(IN_UDP(5000, 53, 19), DNS(0x100, 1, 0), 3, 'N', 's', '1', 0, B16(28)),
	    IS_UDP(5000, 53, 19), IS_PLAIN },
	{ "an answer without a question", BYTES(IN_UDP(53, 5000, 12), DNS(0x8181, 0, 0)), IS_UDP(53, 5000, 12),
	    .facts = FACT_PORTS | FACT_DNS },
	{ "a fragment of an answer", BYTES(ETH(0x800), IP4_(A4, B4, 17, 40, 0x2000), UDP(53, 5000, 2000), DNS(0x8180, 1, 9),
	    QUESTION, DATA8, 0, 0, 0), .dlt = 1, INNER, .proto = 17, .sport = 53, .dport = 5000, .iplen = 60, .payload = 32,
	    .facts = FACT_PORTS | FACT_FRAG | FACT_DNS },
	{ "not dns, but rtp", BYTES(IN_UDP(5000, 53, 16), 0x80, 0, B16(0x9009), B32(160), B32(1), DATA4),
	    IS_UDP(5000, 53, 16), .facts = FACT_PORTS | FACT_RTP },

	{ "dns to a client's port that is vxlan's", BYTES(IN_UDP(53, 4789, 21), DNS(0x8180, 1, 0), QUESTION),
	    IS_UDP(53, 4789, 21), .facts = FACT_PORTS | FACT_DNS },
	{ "vxlan around a packet that does not fit", BYTES(IN_UDP(50000, 4789, 54), 8, 0, 0, 0, B32(0x4d200), ETH(0x800),
	    IP4(17, 13), UDP(5000, 6000, 4), DATA4), IS_UDP(50000, 4789, 54), IS_PLAIN },
	{ "rtp", BYTES(IN_UDP(5000, 6000, 16), 0x80, 96, B16(9), B32(160), B32(1), DATA4), IS_UDP(5000, 6000, 16),
	    .facts = FACT_PORTS | FACT_RTP },
	{ "rtp with more sources than fit", BYTES(IN_UDP(5000, 6000, 16), 0x82, 96, B16(9), B32(160), B32(1), DATA4),
	    IS_UDP(5000, 6000, 16), IS_PLAIN },
	{ "nothing in it", BYTES(IN_UDP(5000, 53, 0)), IS_UDP(5000, 53, 0), IS_PLAIN },
};
// clang-format on
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void
test_whole(void **state)
{
	(void)state;
	check_whole(cases, CASES);
}

static void
test_mutants(void **state)
{
	(void)state;
	check_mutants(cases, CASES, 1000);
}

static void
test_cut(void **state)
{
	(void)state;
	check_cuts(cases, CASES);
}

static const struct want *
find(const char *msg)
{
	for (size_t i = 0; i < CASES; i++)
		if (strcmp(cases[i].msg, msg) == 0)
			return (&cases[i]);
	fail_msg("no case %s", msg);
	return (NULL);
}

static void
run_whole(struct packet *p, const char *msg)
{
	const struct want *w = find(msg);

	run(p, w, w->n);
}

static void
test_facts(void **state)
{
	struct packet p;

	(void)state;
	run_whole(&p, "an initiation");
	assert_int_equal(p.wg.type, 1);
	assert_int_equal(p.wg.sender, 0x11223344);
	run_whole(&p, "a response");
	assert_int_equal(p.wg.type, 2);
	assert_int_equal(p.wg.sender, 0x55667788);
	assert_int_equal(p.wg.receiver, 0x11223344);
	run_whole(&p, "reserved bytes that are not 0: noted");
	assert_int_equal(p.wg.reserved, 'c' << 16 | 'b' << 8 | 'a');
	assert_int_equal(p.wg.counter, 6);
	assert_int_equal(p.wg.messages, 1);
	run_whole(&p, "three messages in one datagram");
	assert_int_equal(p.wg.messages, 3);
	assert_int_equal(p.wg.counter, 6);
	run_whole(&p, "one, though it holds what looks like a header");
	assert_int_equal(p.wg.messages, 1);
	run(&p, find("three messages in one datagram"), 14 + 20 + 8 + 48 + 16); /* two headers: the length says the rest */
	assert_int_equal(p.wg.messages, 3);
	run(&p, find("three messages in one datagram"), 14 + 20 + 8 + 48 + 15);
	assert_int_equal(p.wg.messages, 1);
	run_whole(&p, "ike behind the marker on any port");
	assert_int_equal(p.ike.marker, 1);
	assert_int_equal(p.ike.exchange, 37);
	run_whole(&p, "ike on any port");
	assert_int_equal(p.ike.marker, 0);
	assert_int_equal(p.ike.ispi, 0x11);
	run_whole(&p, "a fragment of an answer");
	assert_int_equal(p.dns[0].qtype, 28);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_mutants),
		cmocka_unit_test(test_facts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
