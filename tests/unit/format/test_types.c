/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_types.c: values as text and back, a table a direction.  Expected texts are written by hand.
 */
#include "format/types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW (1795188298 * SEC) /* 2026-11-20 15:24:58 UTC */

static const struct text_options usual = { .digits = 6 };

static void
check_print(enum type type, const union value *v, const struct text_options *o, int prefix,
	    const char *want)
{
	struct buf b = { 0 };

	buf_str(&b, "<");
	value_print(&b, type, v, o, prefix);
	buf_str(&b, ">");
	if (strlen(want) != b.len - 2 || memcmp(b.p + 1, want, b.len - 2) != 0)
		fail_msg("%s: %s, expected <%s>", types[type].name, buf_cstr(&b), want);
	buf_free(&b);
}

static void
test_numbers(void **state)
{
	static const struct {
		enum type type;
		uint64_t v;
		const char *text;
	} cases[] = {
		{ TYPE_COUNT, 0, "0" },
		{ TYPE_COUNT, 18446744073709551615ull, "18446744073709551615" },
		{ TYPE_BYTES, 1500, "1500" },
		{ TYPE_PORT, 443, "443" },
		{ TYPE_TIME, 1795188298978580123ull, "2026-11-20 15:24:58.978580" },
		{ TYPE_DUR, 12003400, "12.003400" },
		{ TYPE_DUR, 0, "0.000000" },
		{ TYPE_MAC, 0x001122334455, "00:11:22:33:44:55" },
		{ TYPE_MAC, 0xfffffffffffe, "ff:ff:ff:ff:ff:fe" },
		{ TYPE_PROTO, 6, "tcp" },
		{ TYPE_PROTO, 17, "udp" },
		{ TYPE_PROTO, 0x8847, "mpls" },
		{ TYPE_PROTO, 250, "250" },
		{ TYPE_PROTO, 0, "hopopt" },
		{ TYPE_PROTO, 58, "icmpv6" },
		{ TYPE_PROTO, 61, "61" },   /* "any host internal protocol": no keyword at IANA */
		{ TYPE_PROTO, 253, "253" }, /* RFC 3692 experiments */
		{ TYPE_PROTO, 256, "llc" },
		{ TYPE_PROTO, 257, "link" },
		{ TYPE_PROTO, 0x806, "arp" },
		{ TYPE_PROTO, 0x88cc, "lldp" },
		{ TYPE_PROTO, 0x88b5, "0x88b5" }, /* local experimental */
		{ TYPE_PROTO, 0x600, "0x0600" },
		{ TYPE_PROTO, 70000, "0x11170" },
		{ TYPE_HEX32, 0x17e3e6f7, "0x17e3e6f7" },
		{ TYPE_HEX32, 5, "0x00000005" },
		{ TYPE_ID, 0x1f, "000000000000001f" },
		{ TYPE_RECTYPE, 2, "CORR" },
		{ TYPE_RECTYPE, 9, "9" },
		{ TYPE_STATE, 5, "EST" },
		{ TYPE_CONN, 9, "RSTOS0" },
		{ TYPE_CAUSE, 4, "evict" },
		{ TYPE_RFLAGS, 0, "." },
		{ TYPE_RFLAGS, 3, "start,end" },
		{ TYPE_RFLAGS, 1 | 1 << 20, "start,0x100000" },
		{ TYPE_HEALTH, 1 | 1 << 12, "bufbloat,highloss" },
		{ TYPE_SPIFL, 8, "natt" },
		{ TYPE_TCPFL, 2, "S" },
		{ TYPE_TCPFL, 0x1b, "FSPA" },
		{ TYPE_TCPFL, 0, "." },
		{ TYPE_TCPOPT, 31, "MwsST" },
		{ TYPE_RTTM, 5, "hs,ack" },
		{ TYPE_RSTPHASE, 1 | 4, "syn,data" },
		{ TYPE_LETTERS, 1 | 1 << 3 | 1 << 25, "adz" },
		{ TYPE_LETTERS, 0, "." },
		{ TYPE_BITMAP, 1ull << 46 | 1, "0x400000000001" },
		{ TYPE_BITMAP, 0, "0x0" },
		{ TYPE_SIDES, 0, "." },
		{ TYPE_SIDES, 1, "src" },
		{ TYPE_SIDES, 2, "dst" },
		{ TYPE_SIDES, 3, "both" },
		{ TYPE_INT, (uint64_t)-3, "-3" },
		{ TYPE_INT, 3, "3" },
		{ TYPE_INT, 1ull << 63, "-9223372036854775808" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_print(cases[i].type, &(union value){ .u = cases[i].v }, &usual, -1,
			    cases[i].text);
}

static void
test_fractions(void **state)
{
	static const struct {
		enum type type;
		double v;
		const char *text;
	} cases[] = {
		{ TYPE_PCT, 0, "0" },
		{ TYPE_PCT, 100, "100" },
		{ TYPE_PCT, 100.0 / 3, "33.33" },
		{ TYPE_PCT, 0.5, "0.5" },
		{ TYPE_PCT, 0.25, "0.25" },
		{ TYPE_PCT, 0.0012, "0.0012" }, /* a little loss is not none */
		{ TYPE_PCT, 0.00123, "0.0012" },
		{ TYPE_PCT, -2.5, "-2.5" },
		{ TYPE_PCT, 10, "10" },
		{ TYPE_REAL, 5, "5" },
		{ TYPE_REAL, 1234567.891, "1234567.89" },
		{ TYPE_REAL, -7, "-7" },
		{ TYPE_REAL, 99.999, "100" },
		{ TYPE_BPS, 0, "0" },
		{ TYPE_BPS, 1599.6, "1600" },
		{ TYPE_BPS, 1e10, "10000000000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_print(cases[i].type, &(union value){ .r = cases[i].v }, &usual, -1,
			    cases[i].text);
}

/* For programs. */
static void
test_load(void **state)
{
	const struct text_options load = { .digits = 6, .load = true };

	(void)state;
	check_print(TYPE_TIME, &(union value){ .i = 0 }, &load, -1, "1970-01-01T00:00:00.000000Z");
	check_print(TYPE_RFLAGS, &(union value){ .u = 0 }, &load, -1, "");
	check_print(TYPE_RFLAGS, &(union value){ .u = RFLAGS_start | RFLAGS_end }, &load, -1, "start,end");
	check_print(TYPE_TCPFL, &(union value){ .u = 0 }, &load, -1, "");
	check_print(TYPE_SIDES, &(union value){ .u = 0 }, &load, -1, "");
	check_print(TYPE_HISTORY, &(union value){ .b = { (const uint8_t *)"", 0 } }, &load, -1, "");
	check_print(TYPE_PLACES, &(union value){ .b = { (const uint8_t *)" S  o   ", 8 } }, &load, -1, "S  o");
	check_print(TYPE_PLACES, &(union value){ .b = { (const uint8_t *)"        ", 8 } }, &load, -1, "");
	check_print(TYPE_PLACES, &(union value){ .b = { (const uint8_t *)" S  o   ", 8 } }, &usual, -1, " S  o   ");
}

static void
test_bytes(void **state)
{
	static const struct {
		enum type type;
		const char *bytes;
		uint32_t n;
		const char *text;
	} cases[] = {
		{ TYPE_TEXT, "vpn-1", 5, "vpn-1" },
		{ TYPE_TEXT, "", 0, "" },
		{ TYPE_TEXT, "a\x1b[2J\n\x7f", 7, "a\\x1b[2J\\x0a\\x7f" },
		{ TYPE_TEXT, "caf\xc3\xa9", 5, "caf\xc3\xa9" },
		{ TYPE_HISTORY, "ShADad", 6, "ShADad" },
		{ TYPE_HISTORY, "", 0, "." },
		{ TYPE_HIST, "\x00\x05\x02\x80\x01", 5,
		  "0:5,3:128" }, /* steps 0 and 2; 128 as two bytes */
		{ TYPE_HIST, "", 0, "." },
		{ TYPE_GAPS, "\x00\xb5\x0b\x0a\x01\x01\x02", 7, "s1461+10,d1+2" },
		{ TYPE_GAPS, "\x00\x05\x0a\x01", 4, "s5+10" }, /* cut: what was whole */
		{ TYPE_GAPS, "", 0, "." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		union value v = { .b = { (const uint8_t *)cases[i].bytes, cases[i].n } };

		check_print(cases[i].type, &v, &usual, -1, cases[i].text);
	}
}

static void
test_options(void **state)
{
	struct text_options o = usual;
	union value t = { .u = 1795188298978580123ull }, dur = { .u = 2500000 },
		    proto = { .u = 0x88cc };
	union value four, six;

	(void)state;
	assert_true(ip_parse("10.1.2.0", 8, &four.ip) && ip_parse("fe80::1", 7, &six.ip));
	check_print(TYPE_IP, &four, &o, -1, "10.1.2.0");
	check_print(TYPE_IP, &four, &o, 24, "10.1.2.0/24");
	check_print(TYPE_IP, &four, &o, 0, "10.1.2.0/0");
	check_print(TYPE_IP, &six, &o, -1, "fe80::1");
	o.digits = 0;
	check_print(TYPE_TIME, &t, &o, -1, "2026-11-20 15:24:58");
	check_print(TYPE_DUR, &dur, &o, -1, "2");
	o.digits = 9;
	o.epoch = true;
	check_print(TYPE_TIME, &t, &o, -1, "1795188298.978580123");
	o.proto_numbers = true;
	check_print(TYPE_PROTO, &proto, &o, -1, "0x88cc");
	proto.u = 6;
	check_print(TYPE_PROTO, &proto, &o, -1, "6");
}

/* --- and back */

#define NO  UINT64_MAX, false
#define YES true

static void
test_parse(void **state)
{
	static const struct {
		enum type type;
		const char *text;
		uint64_t v;
		bool good;
	} cases[] = {
		{ TYPE_COUNT, "10", 10, YES },
		{ TYPE_COUNT, "1k", 1000, YES },
		{ TYPE_COUNT, "1.5k", 1500, YES },
		{ TYPE_COUNT, "2Ki", 2048, YES },
		{ TYPE_COUNT, "1M", 1000000, YES },
		{ TYPE_COUNT, "1G", 1000000000, YES },
		{ TYPE_COUNT, "0x1f", 31, YES },
		{ TYPE_COUNT, "18446744073709551615", UINT64_MAX, YES },
		{ TYPE_COUNT, "18446744073709551616", NO },
		{ TYPE_COUNT, "18446744073709551615k", NO },
		{ TYPE_COUNT, "1.5", NO },
		{ TYPE_COUNT, "1.0", 1, YES },
		{ TYPE_COUNT, "1.2.3", NO },
		{ TYPE_COUNT, "-1", NO },
		{ TYPE_COUNT, "-0", 0, YES },
		{ TYPE_COUNT, "", NO },
		{ TYPE_COUNT, ".", NO },
		{ TYPE_COUNT, "k", NO },
		{ TYPE_COUNT, "1m", NO }, /* a minute or a thousandth, not a million */
		{ TYPE_COUNT, "0x", NO },
		{ TYPE_COUNT, "0x11112222333344445", NO },
		{ TYPE_BYTES, "1500B", 1500, YES },
		{ TYPE_BYTES, "1MiB", 1048576, YES },
		{ TYPE_BYTES, "1MB", 1000000, YES },
		{ TYPE_PORT, "65535", 65535, YES },
		{ TYPE_PORT, "65536", NO },
		{ TYPE_DUR, "10ms", 10000, YES },
		{ TYPE_DUR, "5s", 5000000, YES },
		{ TYPE_DUR, "5", 5000000, YES },
		{ TYPE_DUR, "1m", 60000000, YES },
		{ TYPE_DUR, "1h", 3600000000, YES },
		{ TYPE_DUR, "0.25", 250000, YES },
		{ TYPE_DUR, "250us", 250, YES },
		{ TYPE_DUR, "5ns", NO }, /* finer than it is held */
		{ TYPE_DUR, "-5s", NO },
		{ TYPE_TIME, "1795188298", 1795188298000000000, YES },
		{ TYPE_TIME, "2026-11-20T15:24:58Z", 1795188298000000000, YES },
		{ TYPE_TIME, "15:24:58", 1795188298000000000, YES },
		{ TYPE_TIME, "-1h", 1795184698000000000, YES },
		{ TYPE_TIME, "1960-01-01", NO },
		{ TYPE_TIME, "noon", NO },
		{ TYPE_MAC, "00:11:22:33:44:55", 0x001122334455, YES },
		{ TYPE_MAC, "0-11-22-33-44-FF", 0x0011223344ff, YES },
		{ TYPE_MAC, "00:11:22:33:44", NO },
		{ TYPE_MAC, "00:11:22:33:44:55:66", NO },
		{ TYPE_MAC, "00:11:22:33:44:", NO },
		{ TYPE_PROTO, "tcp", 6, YES },
		{ TYPE_PROTO, "ICMP6", 58, YES },
		{ TYPE_PROTO, "icmpv6", 58, YES },
		{ TYPE_PROTO, "47", 47, YES },
		{ TYPE_PROTO, "0x88cc", 0x88cc, YES },
		{ TYPE_PROTO, "6in4", 41, YES },
		{ TYPE_PROTO, "65536", NO },
		{ TYPE_PROTO, "1k", NO },
		{ TYPE_PROTO, "tpc", NO },
		{ TYPE_HEX32, "0x17e3e6f7", 0x17e3e6f7, YES },
		{ TYPE_HEX32, "5", 5, YES },
		{ TYPE_HEX32, "0x100000000", NO },
		{ TYPE_ID, "000000000000001f", 31, YES },
		{ TYPE_ID, "0x1F", 31, YES },
		{ TYPE_ID, "10", 16, YES },
		{ TYPE_ID, "11112222333344445", NO },
		{ TYPE_ID, "0x0x1", NO },
		{ TYPE_RECTYPE, "corr", 2, YES },
		{ TYPE_STATE, "est", 5, YES },
		{ TYPE_STATE, "5", 5, YES },
		{ TYPE_STATE, "established", NO },
		{ TYPE_CONN, "s0", 1, YES },
		{ TYPE_RFLAGS, "start,end", 3, YES },
		{ TYPE_RFLAGS, "0x3", 3, YES },
		{ TYPE_RFLAGS, "start,", NO },
		{ TYPE_RFLAGS, "", NO },
		{ TYPE_RFLAGS, ".", 0, YES },
		{ TYPE_TCPFL, "SA", 0x12, YES },
		{ TYPE_TCPFL, "sa", 0x12, YES },
		{ TYPE_TCPFL, "SX", NO },
		{ TYPE_TCPOPT, "sS", 4 | 8, YES },
		{ TYPE_LETTERS, "ad", 9, YES },
		{ TYPE_LETTERS, "a1", NO },
		{ TYPE_SIDES, "both", 3, YES },
		{ TYPE_SIDES, "1", 1, YES },
		{ TYPE_SIDES, "4", NO },
		{ TYPE_INT, "-3", (uint64_t)-3, YES },
		{ TYPE_INT, "-1.5k", (uint64_t)-1500, YES },
		{ TYPE_INT, "9223372036854775808", NO },
		{ TYPE_IP, "10.0.0", NO },
		{ TYPE_HIST, "1:1", NO },
		{ TYPE_GAPS, "s1+1", NO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *why = NULL;
		union value v;
		bool good = value_parse(cases[i].type, cases[i].text, strlen(cases[i].text), NOW,
					CLOCK_UTC, &v, &why);

		if (good != cases[i].good || (good && v.u != cases[i].v))
			fail_msg("%s \"%s\": %s %llu", types[cases[i].type].name, cases[i].text,
				 good ? "taken as" : "refused", (unsigned long long)v.u);
		if (!good && (why == NULL || why[0] == '\0'))
			fail_msg("%s \"%s\": nothing said why", types[cases[i].type].name,
				 cases[i].text);
	}
}

static void
test_parse_real(void **state)
{
	static const struct {
		enum type type;
		const char *text;
		double v;
	} cases[] = {
		{ TYPE_PCT, "1%", 1 },		{ TYPE_PCT, "0.5", 0.5 },
		{ TYPE_PCT, "33.33%", 33.33 },	{ TYPE_REAL, "-2.5k", -2500 },
		{ TYPE_REAL, "0.001", 0.001 },	{ TYPE_BPS, "10M", 1e7 },
		{ TYPE_BPS, "1.5Gbps", 1.5e9 }, { TYPE_BPS, "64kbit/s", 64000 },
	};
	const char *why;
	union value v;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(value_parse(cases[i].type, cases[i].text, strlen(cases[i].text), NOW,
					CLOCK_UTC, &v, &why));
		assert_true(v.r == cases[i].v);
	}
	assert_false(value_parse(TYPE_PCT, "1%%", 3, NOW, CLOCK_UTC, &v, &why));
	assert_false(value_parse(TYPE_REAL, "nan", 3, NOW, CLOCK_UTC, &v, &why));
	assert_false(value_parse(TYPE_REAL, "1e5", 3, NOW, CLOCK_UTC, &v, &why));
}

/* What is printed is read again, for every type that can be; and only n bytes are looked at. */
static void
test_round(void **state)
{
	struct text_options o = { .digits = 9, .epoch = true };
	struct buf b = { 0 };
	unsigned done = 0;

	(void)state;
	for (enum type t = 0; t < TYPE_COUNT_; t++)
		for (uint64_t x = 0; x < 64; x++) {
			union value v = { .u = 0 }, back;
			const char *why;

			if (types[t].store == STORE_BLOB || (t == TYPE_SIDES && x > 3))
				continue;
			if (types[t].store == STORE_REAL)
				v.r = (double)x / 4;
			else if (t == TYPE_IP)
				v.ip.b[x % 16] = (uint8_t)x;
			else
				v.u = t == TYPE_TCPOPT
					  ? x & 31
					  : x; /* letters have no way to say an unknown bit */
			if (t == TYPE_BPS)
				v.r = (double)x;
			b.len = 0;
			value_print(&b, t, &v, &o, -1);
			buf_str(&b, "7");
			if (!value_parse(t, (const char *)b.p, b.len - 1, NOW, CLOCK_UTC, &back,
					 &why) ||
			    !value_equal(types[t].store, &v, &back))
				fail_msg("%s: %s does not come back", types[t].name, buf_cstr(&b));
			done++;
		}
	assert_true(done > 1000);
	buf_free(&b);
}

static void
test_protos(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 65536; n++) { /* a name or a number, it leads back */
		const union value v = { .u = n };
		struct buf b = { 0 };

		value_print(&b, TYPE_PROTO, &v, &usual, -1);
		if (proto_named((const char *)b.p, b.len) != (int)n)
			fail_msg("%s is %d, not %u", buf_cstr(&b), proto_named((const char *)b.p, b.len), n);
		buf_free(&b);
	}
	assert_int_equal(proto_named("", 0), -1);
	assert_true(type_is_number(TYPE_COUNT) && type_is_number(TYPE_PCT));
	assert_false(type_is_number(TYPE_ID) || type_is_number(TYPE_HEX32) ||
		     type_is_number(TYPE_TEXT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_fractions),
		cmocka_unit_test(test_load), cmocka_unit_test(test_bytes),	cmocka_unit_test(test_options),
		cmocka_unit_test(test_parse),	cmocka_unit_test(test_parse_real),
		cmocka_unit_test(test_round),	cmocka_unit_test(test_protos),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
