/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_filter.c: the filter language.  By hand: what words mean, and what an error says and where.  By
 * chance: a row evaluator of its own, over struct flow, against the compiled filter; and blocks that may be
 * skipped against the rows that match.
 */
#include "format/base/buf.h"
#include "format/base/mem.h"
#include "ra-tools/filter/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW (1795188298 * SEC) /* 2026-11-20 15:24:58 UTC */

static struct ip
ip(const char *text)
{
	struct ip a;

	assert_true(ip_parse(text, strlen(text), &a));
	return (a);
}

/* --- words, by hand: seven rows, and which of them match, a letter each */

static void
rows(struct batch *b)
{
	struct flow f;

	flow_clear(&f); /* a: a TCP flow with its END, retransmissions */
	SET(&f, rectype, RECTYPE_FLOW);
	SET(&f, flags, RFLAGS_start | RFLAGS_end);
	SET(&f, proto, 6);
	SET_IP(&f, saddr, ip("10.0.0.1"));
	SET_IP(&f, daddr, ip("192.168.1.9"));
	SET(&f, sport, 40000);
	SET(&f, dport, 443);
	SET(&f, spkts, 10);
	SET(&f, dpkts, 20);
	SET(&f, sbytes, 1500);
	SET(&f, dbytes, 998500);
	SET(&f, state, STATE_CLO);
	SET(&f, conn, 3);
	SET(&f, stcpflags, TCPFL_S | TCPFL_A);
	SET(&f, stime, NOW);
	SET(&f, ltime, NOW + 2500 * MSEC);
	SET(&f, srtxup, 2);
	SET(&f, srtxdn, 0);
	SET(&f, sdatasegs, 100);
	SET(&f, health, HEALTH_bufbloat | HEALTH_highloss);
	SET_BLOB(&f, hist, "ShADad", 6);
	batch_add(b, &f);

	flow_clear(&f); /* b: DNS over IPv6 in a VLAN */
	SET(&f, rectype, RECTYPE_FLOW);
	SET(&f, proto, 17);
	SET_IP(&f, saddr, ip("2001:db8::1"));
	SET_IP(&f, daddr, ip("2001:db8::53"));
	SET(&f, sport, 443);
	SET(&f, dport, 53);
	SET(&f, svlan, 5);
	SET(&f, spkts, 1);
	SET(&f, dpkts, 1);
	SET(&f, state, STATE_CON);
	SET(&f, smac, 0x001122334455);
	batch_add(b, &f);

	flow_clear(&f); /* c: ESP with loss on one side */
	SET(&f, rectype, RECTYPE_FLOW);
	SET(&f, proto, 50);
	SET_IP(&f, saddr, ip("10.0.0.1"));
	SET_IP(&f, daddr, ip("10.9.0.2"));
	SET(&f, sspi, 0x17e3e6f7);
	SET(&f, dspi, 0xcafe0001);
	SET(&f, sspi0, 0x1234);
	SET(&f, tunid, 77);
	SET(&f, slost, 3);
	SET(&f, dlost, 0);
	SET(&f, sfix, 1);
	SET(&f, suniq, 98);
	SET(&f, slate, 1);
	SET(&f, srekeys, 1);
	batch_add(b, &f);

	flow_clear(&f); /* d: ARP */
	SET(&f, rectype, RECTYPE_FLOW);
	SET(&f, proto, 0x806);
	SET_IP(&f, saddr, ip("10.0.0.1"));
	SET_IP(&f, daddr, ip("10.0.0.2"));
	batch_add(b, &f);

	flow_clear(&f); /* e: a correction with a repaired loss */
	SET(&f, rectype, RECTYPE_CORR);
	SET(&f, proto, 50);
	SET_IP(&f, saddr, ip("10.9.0.2"));
	SET_IP(&f, daddr, ip("10.0.0.1"));
	SET(&f, sfix, 2);
	batch_add(b, &f);

	flow_clear(&f); /* f: the probe's own counters */
	SET(&f, rectype, RECTYPE_MAR);
	SET(&f, frames, 1000);
	batch_add(b, &f);

	flow_clear(&f); /* g: rows merged by prefix; the port differed */
	SET(&f, rectype, RECTYPE_FLOW);
	SET_IP(&f, saddr, ip("10.0.0.0"));
	SET(&f, smask, 24);
	SET_IP(&f, daddr, ip("2001:db8::"));
	SET(&f, dmask, 32);
	bit_set(f.mixed, F_dport);
	batch_add(b, &f);
}

static void
test_words(void **state)
{
	static const struct {
		const char *text, *rows;
	} cases[] = {
		{ "", "abcdefg" },
		{ "  ", "abcdefg" },
		{ "host 10.0.0.1", "acde" },
		{ "10.0.0.1", "acde" },
		{ "src host 10.0.0.1", "acd" },
		{ "src 10.0.0.1", "acd" },
		{ "dst host 10.0.0.1", "e" },
		{ "host 2001:db8::53", "b" },
		{ "host 10.0.0.1 or 2001:db8::53", "abcde" },
		{ "net 10.0.0.0/8", "acdeg" },
		{ "10.0.0.0/8", "acdeg" },
		{ "net 10", "acdeg" },
		{ "src net 10.9", "e" },
		{ "net 10.0.0.0/24", "acdeg" },
		{ "net 10.0.0.0/25", "acde" }, /* a row of /24 does not lie in it */
		{ "host 10.0.0.0", "" },
		{ "src and dst net 10.0.0.0/8", "cde" },
		{ "src or dst net 192.168.0.0/16", "a" },
		{ "net 2001:db8::/32", "bg" },
		{ "net ::/0", "bg" }, /* no IPv4 address lies in it */
		{ "net 0.0.0.0/0", "acdeg" },
		{ "saddr = 10.0.0.0/24", "acdg" },
		{ "saddr != 10.0.0.1", "beg" }, /* absent is false */
		{ "not saddr = 10.0.0.1", "befg" },
		{ "addr = 10.9.0.2", "ce" },
		{ "host != 10.0.0.1", "abcdeg" }, /* one of the two is another */
		{ "saddr < 10.0.0.1", "g" },
		{ "saddr <= 10.0.0.1", "acdg" },
		{ "saddr > 10.0.0.1", "e" },
		{ "daddr >= 2001:db8::53", "b" },
		{ "port 443", "ab" },
		{ "dst port 443", "a" },
		{ "dport 443", "a" },
		{ "port 53 or 40000", "ab" },
		{ "port (53 or 40000)", "ab" },
		{ "src port 53 or 40000", "a" },
		{ "port 50-60", "b" },
		{ "portrange 50-60", "b" },
		{ "port != 443", "ab" }, /* one of the two */
		{ "not port 443", "cdefg" },
		{ "sport >= 40000", "a" },
		{ "src port > 1000", "a" },
		{ "port = 443", "ab" },
		{ "dport != 0", "ab" }, /* mixed is false */
		{ "has dport", "ab" },
		{ "not has dport", "cdefg" },
		{ "tcp", "a" },
		{ "proto tcp", "a" },
		{ "proto = tcp", "a" },
		{ "proto tcp or 17", "ab" },
		{ "proto != tcp", "bcde" },
		{ "tcp port 443", "a" },
		{ "tcp port 53 or 443", "a" },
		{ "udp dst port 53", "b" },
		{ "ip host 10.0.0.1", "ace" },
		{ "esp", "ce" },
		{ "ip proto esp", "ce" },
		{ "proto 50", "ce" },
		{ "arp", "d" },
		{ "ip", "aceg" },
		{ "ip6", "bg" },
		{ "ipv6", "bg" },
		{ "vlan", "b" },
		{ "vlan 5", "b" },
		{ "vlan 6 or 5", "b" },
		{ "src vlan 5", "b" },
		{ "dst vlan 5", "" },
		{ "spi 0x17e3e6f7", "c" },
		{ "spi 0x1234", "c" },
		{ "dst spi 0x1234", "" },
		{ "spi 1 or 0xcafe0001", "c" },
		{ "tunnel", "ce" },
		{ "tunnel 10.9.0.2", "ce" },
		{ "tunnel 10.9.0.2 10.0.0.1", "ce" },
		{ "tunnel 10.0.0.1 10.0.0.2", "" },
		{ "flow", "abcdg" },
		{ "corr", "e" },
		{ "mar", "f" },
		{ "rectype = corr", "e" },
		{ "start", "a" },
		{ "end and start", "a" },
		{ "flags has start", "a" },
		{ "flags = start", "" },
		{ "flags = start,end", "a" },
		{ "bufbloat", "a" },
		{ "health has bufbloat,highloss", "a" },
		{ "health has bufbloat,asym", "" },
		{ "con", "b" },
		{ "clo or con", "ab" },
		{ "state != clo", "b" },
		{ "conn = sf or rej", "a" },
		{ "conn = (sf or rej)", "a" },
		{ "state = (con or clo)", "ab" },
		{ "state != (est or clo)", "ab" }, /* not one of them, or not the other */
		{ "state = (con or tcp)", "ab" },  /* a word that is no state */
		{ "proto (tcp or udp) and not clo", "b" },
		{ "probe = (x or y) and tcp or udp",
		  "b" }, /* behind the list a word is a word again */
		{ "src (10.0.0.1 or 10.9.0.2)", "acde" },
		{ "tcpflags has S", "a" },
		{ "tcpflags has SR", "" },
		{ "stcpflags = SA", "a" },
		{ "hist has AD", "a" },
		{ "hist = 'ShADad'", "a" },
		{ "pkts = 30", "a" },
		{ "pkts <= 2", "b" },
		{ "spkts = 1 or 10", "ab" },
		{ "dst pkts > 10", "a" },
		{ "bytes >= 1M", "a" },
		{ "sbytes = 1.5k", "a" },
		{ "dur = 2500ms", "a" },
		{ "dur > 2s and dur<3", "a" },
		{ "dur >= 1m", "" },
		{ "stime >= 2026-11-20T15:00:00Z", "a" },
		{ "stime > -1h", "a" },
		{ "stime = 1795188298", "a" },
		{ "lost > 0", "c" },
		{ "lost = 0", "c" }, /* the other side */
		{ "loss", "ac" },
		{ "loss > 0", "ac" },
		{ "loss < 0", "e" },
		{ "sloss = 2", "ac" },
		{ "loss% >= 2", "ac" }, /* 2 of 100 data segments; 2 of 98 + 3 - 1 */
		{ "ploss >= 2.01%", "" },
		{ "loss%<=2", "ac" },
		{ "rtx", "a" },
		{ "retrans", "a" },
		{ "ooo", "c" },
		{ "reordered", "c" },
		{ "rekey", "c" },
		{ "frag", "" },
		{ "mac = 00:11:22:33:44:55", "b" },
		{ "tunid = 0x4d", "c" },
		{ "ce > 0", "" },
		{ "tcp or udp and port 53", "ab" }, /* and binds tighter */
		{ "(tcp or udp) and port 53", "b" },
		{ "tcp || udp && port 53", "ab" },
		{ "!tcp and !udp", "cdefg" },
		{ "not (tcp or udp)", "cdefg" },
		{ "not not tcp", "a" },
		{ "not tcp and port 443", "b" },
		{ "TCP AND PORT 443", "a" },
		{ "dport eq 53", "b" },
		{ "dport ne 53", "a" },
		{ "dport lt 54", "b" },
		{ "dport le 53", "b" },
		{ "dport gt 53", "a" },
		{ "dport ge 443", "a" },
		{ "dport>53&&dport<=443", "a" },
		{ "pkts < 0", "" },
		{ "pkts >= 0", "ab" },
		{ "pkts > 18446744073709551615", "" },
	};
	struct batch *b = batch_new(64);

	(void)state;
	rows(b);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter_error e;
		struct filter *f = filter_new(cases[i].text, NOW, CLOCK_UTC, &e);
		uint64_t sel[1] = { 0xdeadbeef }; /* what was there is not to stay */
		char got[8] = "";

		if (f == NULL)
			fail_msg("%s: column %u: %s", cases[i].text, e.column, e.text);
		filter_run(f, b, sel);
		for (uint32_t r = 0; r < 64; r++)
			if (bit_get(sel, r)) {
				assert_true(r < b->rows);
				got[strlen(got)] = (char)('a' + r);
			}
		if (strcmp(got, cases[i].rows) != 0)
			fail_msg("%s: rows \"%s\", expected \"%s\"", cases[i].text, got,
				 cases[i].rows);
		filter_free(&f);
		assert_null(f);
	}
	batch_free(&b);
}

/* --- errors: the place, and words of the sentence */

static void
test_errors(void **state)
{
	static const struct {
		const char *text;
		unsigned column, length;
		const char *says;
	} cases[] = {
		{ "tcp udp", 4, 3, "expected `and` or `or` before \"udp\"" },
		{ "port 80 tcp", 8, 3, "`and` or `or`" },
		{ "port 80 443", 8, 3, "expected `and`, `or`" },
		{ "tcp not udp", 4, 3, "`and` or `or`" },
		{ "tcp (udp)", 4, 1, "`and` or `or`" },
		{ "port nosuchname", 5, 10, "a port from 0 to 65535" },
		{ "port 65536", 5, 5, "a port from 0 to 65535" },
		{ "port 90-80", 5, 5, "smaller port first" },
		{ "port 80 or 99999", 11, 5, "a port from 0 to 65535" },
		{ "port", 4, 1, "a port or a range" },
		{ "port and tcp", 5, 3, "after `port`" },
		{ "port (80 or nosuchname)", 12, 10, "a port from 0 to 65535" },
		{ "bytes > (1 or ten)", 14, 3, "a number of bytes" },
		{ "host 10.0.0.500", 5, 10, "an address" },
		{ "host www.example.org", 5, 15, "names are not looked up" },
		{ "net 10.0.0.0/33", 4, 11, "a network" },
		{ "src", 3, 1, "after `src`" },
		{ "src proto tcp", 4, 5, "has no sides" },
		{ "proto nonsense", 6, 8, "a protocol" },
		{ "vlan 5000", 5, 4, "0 to 4095" },
		{ "spi 0x1ffffffff", 4, 11, "an SPI" },
		{ "bytse > 5", 0, 5, "the nearest is `bytes`" },
		{ "tcp and bytse > 5", 8, 5, "no field is called \"bytse\"" },
		{ "bytes", 0, 5, "an operator and a value" },
		{ "bytes >", 7, 1, "a value to compare `bytes` with" },
		{ "bytes > )", 8, 1, "a value to compare `bytes` with" },
		{ "bytes > ten", 8, 3, "a number of bytes" },
		{ "bytes > -1", 8, 2, "a number of bytes" },
		{ "dur > 10q", 6, 3, "a duration" },
		{ "stime > tomorrow", 8, 8, "a time" },
		{ "state = foo", 8, 3, "a state" },
		{ "flags > start", 6, 1, "is a set of flags" },
		{ "proto < tcp", 6, 1, "has no order" },
		{ "spkts has 5", 6, 3, "is a number" },
		{ "laghist = 3", 10, 1, "can not be compared" },
		{ "saddr < 10.0.0.0/8", 8, 10, "a network has no order" },
		{ "saddr = foo", 8, 3, "an address" },
		{ "> 5", 0, 1, "a term" },
		{ "tcp > > 5", 6, 1, "a value" },
		{ "has", 3, 1, "field after `has`" },
		{ "has bogus", 4, 5, "no field" },
		{ "(tcp", 0, 1, "never closed" },
		{ "tcp and (udp or (icmp)", 8, 1, "never closed" },
		{ "tcp)", 3, 1, "never opened" },
		{ "tcp and", 7, 1, "the filter ends" },
		{ "and tcp", 0, 3, "a term" },
		{ "not", 3, 1, "the filter ends" },
		{ "()", 1, 1, "a term" },
		{ "tcp & udp", 4, 1, "written twice" },
		{ "'tcp", 0, 4, "never closed" },
		{ "443", 0, 3, "before the value \"443\"" },
		{ "florp", 0, 5, "no word of the filter" },
		{ "florp port 80", 0, 5, "no protocol" },
		{ "in /no/such/file", 3, 13, "can not be read" },
		{ "port in /etc/passwd", 5, 2, "a port or a range" },
		{ "sport in /etc/passwd", 0, 5, "is no address" },
		{ "tunnel 10.0.0.256", 7, 10, "a tunnel's end" },
		{ "any", 0, 3, "each record is selected" },
		{ "greater 100", 0, 7, "`bytes > 1000`" },
		{ "tcp[13] & 2 != 0", 0, 7, "`flags S`" },
		{ "tcp and inbound", 8, 7, "`src net`" },
		{ "ip multicast", 3, 9, "`dst net 224.0.0.0/4`" },
		{ "ether broadcast", 6, 9, "`dst host 255.255.255.255`" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter_error e;
		struct filter *f = filter_new(cases[i].text, NOW, CLOCK_UTC, &e);

		if (f != NULL)
			fail_msg("%s: was taken", cases[i].text);
		if (e.column != cases[i].column || e.length != cases[i].length ||
		    strstr(e.text, cases[i].says) == NULL)
			fail_msg("%s: %u+%u \"%s\", expected %u+%u \"%s\"", cases[i].text, e.column,
				 e.length, e.text, cases[i].column, cases[i].length, cases[i].says);
	}
}

static void
test_bounds(void **state)
{
	struct filter_error e;
	struct filter *f;
	struct buf b = { 0 };

	(void)state;
	for (unsigned depth = 63; depth < 1000; depth += 467) { /* 63, 530, 997 levels */
		b.len = 0;
		for (unsigned i = 0; i < depth; i++)
			buf_str(&b, "(tcp or udp and ");
		buf_str(&b, "tcp");
		for (unsigned i = 0; i < depth; i++)
			buf_u8(&b, ')');
		f = filter_new(buf_cstr(&b), NOW, CLOCK_UTC, &e);
		assert_int_equal(f != NULL, depth <= 64);
		if (f == NULL)
			assert_non_null(strstr(e.text, "64 levels"));
		filter_free(&f);
	}
	for (unsigned terms = 4000; terms < 5000; terms += 500) { /* 4000, 4500 */
		b.len = 0;
		buf_str(&b, "port 1");
		for (unsigned i = 1; i < terms; i++)
			buf_str(&b, " or 2");
		f = filter_new(buf_cstr(&b), NOW, CLOCK_UTC, &e);
		assert_int_equal(f != NULL, terms <= 4096);
		filter_free(&f);
	}
	b.len = 0;
	for (unsigned i = 0; i < 40000; i++)
		buf_str(&b, "! ");
	buf_str(&b, "tcp");
	assert_null(filter_new(buf_cstr(&b), NOW, CLOCK_UTC, &e)); /* longer than 64 KiB */
	buf_free(&b);
}

/* --- what is read, and MAR rows */

static void
test_fields(void **state)
{
	static const struct {
		const char *text;
		bool mar;
		enum field has[4]; /* ends with F_NONE */
		unsigned count;	   /* of all fields */
	} cases[] = {
		{ "", false, { F_NONE }, 0 },
		{ "sport = 5", false, { F_sport, F_NONE }, 1 },
		{ "port 80", false, { F_sport, F_dport, F_NONE }, 2 },
		{ "src host 10.0.0.1", false, { F_saddr, F_smask, F_NONE }, 2 },
		{ "pkts > 5", false, { F_pkts, F_spkts, F_dpkts, F_NONE }, 3 },
		{ "state = est", false, { F_state, F_NONE }, 1 },
		{ "mar", true, { F_rectype, F_NONE }, 1 },
		{ "rectype != flow", true, { F_rectype, F_NONE }, 1 },
		{ "type = MAR", true, { F_rectype, F_NONE }, 1 },
		{ "not corr", false, { F_rectype, F_NONE }, 1 },
		{ "flow", false, { F_rectype, F_NONE }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter_error e;
		struct filter *f = filter_new(cases[i].text, NOW, CLOCK_UTC, &e);
		const struct fieldset *s;
		unsigned count = 0;

		assert_non_null(f);
		s = filter_fields(f);
		assert_int_equal(filter_wants_mar(f), cases[i].mar);
		for (enum field n = 0; n < F_COUNT; n++)
			count += fieldset_has(s, n);
		if (count != cases[i].count)
			fail_msg("%s: %u fields", cases[i].text, count);
		for (const enum field *n = cases[i].has; *n != F_NONE; n++)
			assert_true(fieldset_has(s, *n));
		filter_free(&f);
	}
}

/* --- lists in files */

static void
test_file(void **state)
{
	static const char list[] =
	    "# hosts\n10.0.0.1\n  10.9.0.0/25, office\r\n\n10.9.0.128/25 # joins\n2001:db8::/64\n"
	    "10.0.0.128/25\n10.0.0.0/25\n"; /* two halves of what row g is */
	static const struct {
		const char *fmt, *rows;
	} cases[] = {
		{ "in %s", "abcdeg" },		 { "src in %s", "abcdeg" },
		{ "dst in %s", "bcde" },	 { "dst host in %s", "bcde" },
		{ "host in \"%s\"", "abcdeg" },	 { "daddr in %s and not arp", "bce" },
		{ "src and dst in %s", "bcde" },
	};
	char path[] = "/tmp/test_filter.XXXXXX", text[256];
	struct batch *b = batch_new(64);
	int fd = mkstemp(path);
	struct filter_error e;
	struct filter *f;

	(void)state;
	rows(b);
	assert_true(fd >= 0 && write(fd, list, sizeof(list) - 1) == (ssize_t)sizeof(list) - 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[8] = "";
		uint64_t sel[1];

		(void)snprintf(text, sizeof(text), cases[i].fmt, path);
		f = filter_new(text, NOW, CLOCK_UTC, &e);
		if (f == NULL)
			fail_msg("%s: %s", text, e.text);
		filter_run(f, b, sel);
		for (uint32_t r = 0; r < b->rows; r++)
			if (bit_get(sel, r))
				got[strlen(got)] = (char)('a' + r);
		assert_string_equal(got, cases[i].rows);
		filter_free(&f);
	}
	assert_true(write(fd, "10.0.0.1.2\n", 11) == 11);
	(void)snprintf(text, sizeof(text), "tcp and in %s", path);
	f = filter_new(text, NOW, CLOCK_UTC, &e);
	assert_null(f);
	assert_int_equal(e.column, 11);
	assert_non_null(
	    strstr(e.text, "line 9: expected an address or a prefix, not \"10.0.0.1.2\""));
	close(fd);
	unlink(path);
	batch_free(&b);
}

/* --- by chance: an evaluator of rows that shares nothing with the compiled one */

static uint64_t seed;

static unsigned
chance(unsigned n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return ((unsigned)(seed >> 33) % n);
}

struct expr {
	enum {
		AND,
		OR,
		NOT,
		HOST,
		NET,
		PORT,
		PROTO,
		NUMBER,
		EITHER,
		FLAG,
		HAS,
		ADDR,
		FAMILY,
		SPI,
		LOSS,
		PKTS,
		PLOSS,
		TEXT,
		VLAN,
		TUNNEL,
		LIST, /* in FILE */
		COUNTER,
		STATE,
		BITMAP,
		TIME,
		PORTS, /* of a list in parentheses */
		KINDS
	} kind;
	struct expr *a, *b;
	unsigned side; /* 0 any, 1 source, 2 destination, 3 both */
	unsigned op;
	enum field f, g;
	uint64_t v, w;
	double r;
	struct ip ip;
	unsigned len;
	const char *word;
};

static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=" };
static const char *const sides[] = { "", "src ", "dst ", "src and dst " };
static const char *const texts[] = { "a", "ab", "b", "abc", "S" };

/* Numbers of few values, so that rows match. */
static const enum field numbers[] = { F_sport, F_dport,	 F_spkts, F_dpkts,   F_slost, F_dlost,
				      F_sfix,  F_srtxup, F_svlan, F_dttlmin, F_lane };
static const struct {
	const char *word;
	enum field s, d;
} eithers[] = { { "lost", F_slost, F_dlost },
		{ "fix", F_sfix, F_dfix },
		{ "ttlmin", F_sttlmin, F_dttlmin } };
static const struct {
	const char *word;
	enum field f;
	uint64_t bit;
} flags[] = { { "start", F_flags, 1 },
	      { "end", F_flags, 2 },
	      { "late", F_flags, 4 },
	      { "bufbloat", F_health, 1 },
	      { "highloss", F_health, 1 << 12 } };

static const struct {
	const char *word;
	enum field f[6];
	unsigned n;
} counters[] = { { "frag", { F_sfrags, F_dfrags }, 2 },
		 { "rekey", { F_srekeys, F_drekeys }, 2 },
		 { "rtx", { F_srtxup, F_srtxdn, F_sspur, F_drtxup, F_drtxdn, F_dspur }, 6 },
		 { "dup", { F_sdup, F_ddup }, 2 },
		 { "reordered", { F_slate, F_dlate, F_sooo, F_dooo }, 4 },
		 { "gap", { F_sackgap, F_dackgap }, 2 } };
static const char *const states[] = { "req", "rsp", "acc", "con", "est", "fin" };

/* Lists of prefixes, as a filter reads them and as the evaluator looks at them, one after the other. */
#define LISTS 4
static struct list {
	char path[64];
	unsigned n;
	struct ip ip[40];
	unsigned len[40];
} lists[LISTS];

static struct ip
some_ip(void)
{
	static const char *const list[] = { "10.0.0.0",	   "10.0.0.1",	     "10.0.1.1",
					    "10.128.0.1",  "192.168.0.1",    "::1",
					    "2001:db8::1", "2001:db8::2",    "2001:db9::1",
					    "0.0.0.0",	   "255.255.255.255", "::",
					    "::ffff:0:0",  "::ffff:10.0.0.1", "::ffff:10.0.1.1" };

	return (ip(list[chance(sizeof(list) / sizeof(list[0]))]));
}

static void
some_row(struct flow *f)
{
	static const enum field more[] = { F_dfix,    F_srtxdn, F_drtxup, F_sdatasegs, F_suniq,
					   F_sttlmin, F_sspi,	F_dspi,	  F_sspi0,     F_dspi0,
					   F_sivlan,  F_dvlan,	F_divlan, F_sfrags,    F_dfrags,
					   F_drekeys, F_sdup,	F_dlate,  F_dooo,      F_sackgap,
					   F_sspur,   F_tunid };

	flow_clear(f);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (chance(4) != 0)
			f->v[numbers[i]].u = chance(6), bit_set(f->present, numbers[i]);
		else if (chance(3) == 0)
			bit_set(f->mixed, numbers[i]);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (chance(3) != 0)
			f->v[more[i]].u = chance(6), bit_set(f->present, more[i]);
	if (chance(8) != 0)
		SET(f, proto, chance(5) == 0 ? 0x806 : chance(8));
	if (chance(8) != 0)
		SET_IP(f, saddr, some_ip());
	else if (chance(2) == 0)
		bit_set(f->mixed, F_saddr);
	if (chance(8) != 0)
		SET_IP(f, daddr, some_ip());
	if (chance(8) == 0)
		SET(f, smask, chance(33));
	else if (chance(8) == 0)
		bit_set(f->mixed, F_smask);
	if (chance(3) != 0)
		SET(f, rectype, chance(3) == 0 ? RECTYPE_TUN : RECTYPE_FLOW);
	if (chance(3) != 0)
		SET(f, state, 1 + chance(7));
	if (chance(3) != 0)
		SET(f, sdscps, 1ull << chance(8) | 1ull << chance(64));
	if (chance(4) != 0)
		SET(f, stime, (uint64_t)NOW - chance(6) * 1000000000ull * 60);
	if (chance(2) == 0)
		SET(f, flags, chance(8));
	if (chance(2) == 0)
		SET(f, health, chance(2) | chance(2) << 12);
	if (chance(2) == 0) {
		const char *t = texts[chance(5)];

		SET_BLOB(f, probe, t, strlen(t));
	}
}

static struct expr *
some_expr(struct arena *a, unsigned depth)
{
	struct expr *e = arena_zero(a, sizeof(*e));

	e->kind = chance(KINDS - (depth == 0 ? 3 : 0)) + (depth == 0 ? 3 : 0);
	if (depth != 0 && e->kind > NOT && chance(2) == 0)
		e->kind = chance(3);
	e->side = chance(4);
	e->op = chance(6);
	switch (e->kind) {
	case AND:
	case OR:
		e->b = some_expr(a, depth - 1);
		/* FALLTHROUGH */
	case NOT:
		e->a = some_expr(a, depth - 1);
		break;
	case NUMBER:
		e->f = numbers[chance(sizeof(numbers) / sizeof(numbers[0]))];
		e->v = chance(7);
		break;
	case EITHER:
		e->len = chance(3);
		e->v = chance(7);
		break;
	case FLAG:
		e->len = chance(5);
		break;
	case HAS:
		e->f = numbers[chance(sizeof(numbers) / sizeof(numbers[0]))];
		break;
	case PORT:
		e->v = chance(6);
		e->w = e->v + (chance(2) ? chance(4) : 0);
		break;
	case PROTO:
	case SPI:
		e->v = chance(8);
		break;
	case HOST:
	case NET:
	case ADDR:
		e->ip = some_ip();
		e->len = e->kind != NET	  ? (ip_is4(&e->ip) ? 32 : 128)
			 : ip_is4(&e->ip) ? chance(33)
					  : chance(129);
		e->f = chance(2) ? F_saddr : F_daddr;
		break;
	case FAMILY:
		e->v = chance(2);
		break;
	case LOSS:
	case PKTS:
		e->v = chance(12);
		break;
	case PLOSS:
		e->r = chance(200) / 2.0;
		break;
	case TEXT:
		e->word = texts[chance(5)];
		e->op = chance(3); /* = != has */
		break;
	case VLAN:
		e->v = chance(8); /* above 6: any */
		break;
	case TUNNEL:
		e->len = chance(3);
		e->ip = some_ip();
		e->a = arena_zero(a, sizeof(*e)); /* only for its address */
		e->a->ip = some_ip();
		break;
	case LIST:
		e->len = chance(LISTS);
		break;
	case COUNTER:
		e->len = chance(sizeof(counters) / sizeof(counters[0]));
		break;
	case STATE:
		e->v = chance(6);
		break;
	case BITMAP:
		e->v = chance(8);
		break;
	case TIME:
		e->v = chance(6);
		break;
	case PORTS:
		e->v = chance(6);
		e->w = chance(6);
		break;
	case KINDS:
		break;
	}
	return (e);
}

/* As text; parentheses wherever they are needed, and sometimes where not. */
static void
print_expr(struct buf *b, const struct expr *e)
{
	char t[IP_TEXT];

	switch (e->kind) {
	case AND:
	case OR:
		buf_u8(b, '(');
		print_expr(b, e->a);
		buf_str(b, e->kind == AND ? chance(2) ? " and " : " && "
			   : chance(2)	  ? " or "
					  : "||");
		print_expr(b, e->b);
		buf_u8(b, ')');
		break;
	case NOT:
		buf_str(b, chance(2) ? "not " : "!");
		print_expr(b, e->a);
		break;
	case HOST:
		ip_text(&e->ip, t);
		buf_printf(b, "%shost %s", sides[e->side], t);
		break;
	case NET:
		ip_text(&e->ip, t);
		buf_printf(b, "%snet %s/%u", sides[e->side], t, e->len);
		break;
	case ADDR:
		ip_text(&e->ip, t);
		buf_printf(b, "%s %s %s", fields[e->f].name, ops[e->op], t);
		break;
	case PORT:
		buf_printf(b, "%sport %u", sides[e->side], (unsigned)e->v);
		if (e->w != e->v)
			buf_printf(b, "-%u", (unsigned)e->w);
		break;
	case PROTO:
		buf_printf(b, "proto %u", (unsigned)e->v);
		break;
	case SPI:
		buf_printf(b, "%sspi %u", sides[e->side], (unsigned)e->v);
		break;
	case NUMBER:
		buf_printf(b, "%s %s %u", fields[e->f].name, ops[e->op], (unsigned)e->v);
		break;
	case EITHER:
		buf_printf(b, "%s%s%u", eithers[e->len].word, ops[e->op], (unsigned)e->v);
		break;
	case FLAG:
		buf_str(b, flags[e->len].word);
		break;
	case HAS:
		buf_printf(b, "has %s", fields[e->f].name);
		break;
	case FAMILY:
		buf_str(b, e->v ? "ip6" : "ip");
		break;
	case LOSS:
		buf_printf(b, "loss %s %d", ops[e->op], (int)e->v - 6);
		break;
	case PKTS:
		buf_printf(b, "pkts %s %u", ops[e->op], (unsigned)e->v);
		break;
	case PLOSS:
		buf_printf(b, "loss%% %s %.1f%%", ops[e->op], e->r);
		break;
	case TEXT:
		buf_printf(b, "probe %s '%s'",
			   e->op == 0	? "="
			   : e->op == 1 ? "!="
					: "has",
			   e->word);
		break;
	case VLAN:
		if (e->v > 6)
			buf_printf(b, "%svlan", sides[e->side]);
		else
			buf_printf(b, "%svlan %u", sides[e->side], (unsigned)e->v);
		break;
	case TUNNEL:
		buf_str(b, "tunnel");
		for (unsigned i = 0; i < e->len; i++) {
			ip_text(i == 0 ? &e->ip : &e->a->ip, t);
			buf_printf(b, " %s", t);
		}
		break;
	case LIST:
		buf_printf(b, "%sin %s", sides[e->side], lists[e->len].path);
		break;
	case COUNTER:
		buf_str(b, counters[e->len].word);
		break;
	case STATE:
		buf_printf(b, "%s%s", e->op < 3 ? "" : "state = ", states[e->v]);
		break;
	case BITMAP:
		buf_printf(b, "sdscps has %u", (unsigned)e->v);
		break;
	case TIME:
		buf_printf(b, "stime %s -%um", ops[e->op], (unsigned)e->v);
		break;
	case PORTS:
		buf_printf(b, "%sport (%u or %u)", sides[e->side], (unsigned)e->v, (unsigned)e->w);
		break;
	case KINDS:
		break;
	}
}

static bool
has(const struct flow *f, enum field i)
{
	return (bit_get(f->present, i));
}

static bool
holds(double a, unsigned op, double b)
{
	switch (op) {
	case 0:
		return (a == b);
	case 1:
		return (a != b);
	case 2:
		return (a < b);
	case 3:
		return (a <= b);
	case 4:
		return (a > b);
	default:
		return (a >= b);
	}
}

/* Is every address of the row's prefix one of net/len? Bit by bit. */
static bool
in_net(const struct flow *f, enum field addr, enum field mask, const struct ip *net, unsigned len)
{
	const struct ip *a = &f->v[addr].ip;
	unsigned from = ip_is4(net) ? 96 : 0;

	if (!has(f, addr) || bit_get(f->mixed, mask) || ip_is4(a) != ip_is4(net))
		return (false);
	if (has(f, mask) && f->v[mask].u < len)
		return (false);
	for (unsigned i = from; i < from + len; i++)
		if ((a->b[i / 8] ^ net->b[i / 8]) >> (7 - i % 8) & 1)
			return (false);
	return (true);
}

static bool
join(unsigned side, bool s, bool d)
{
	return (side == 0 ? s || d : side == 1 ? s : side == 2 ? d : s && d);
}

static bool
between(const struct flow *f, enum field i, uint64_t lo, uint64_t hi)
{
	return (has(f, i) && f->v[i].u >= lo && f->v[i].u <= hi);
}

static int
num(const struct flow *f, enum field i)
{
	return (has(f, i) ? (int)f->v[i].u : 0);
}

static bool
has_loss(const struct flow *f)
{
	return (has(f, F_srtxup) || has(f, F_srtxdn) || has(f, F_slost) || has(f, F_sfix) ||
		has(f, F_drtxup) || has(f, F_dlost) || has(f, F_dfix));
}

static int
net_loss(const struct flow *f)
{
	return (num(f, F_srtxup) + num(f, F_srtxdn) + num(f, F_drtxup) + num(f, F_slost) +
		num(f, F_dlost) - num(f, F_sfix) - num(f, F_dfix));
}

/* IP in IP, 6in4, GRE, ESP, AH, EtherIP, IPComp, L2TP, MPLS in IP; or whatever has a tunnel id. */
static bool
carrier(const struct flow *f)
{
	static const uint8_t protos[] = { 4, 41, 47, 50, 51, 97, 108, 115, 137 };
	bool is = has(f, F_tunid) || between(f, F_rectype, RECTYPE_TUN, RECTYPE_TUN);

	for (size_t i = 0; i < sizeof(protos); i++)
		is |= between(f, F_proto, protos[i], protos[i]);
	return (is);
}

/* The first n bits are the same. */
static bool
agree(const struct ip *a, const struct ip *b, unsigned n)
{
	for (unsigned i = ip_is4(a) ? 96 : 0, end = i + n; i < end; i++)
		if ((a->b[i / 8] ^ b->b[i / 8]) >> (7 - i % 8) & 1)
			return (false);
	return (ip_is4(a) == ip_is4(b));
}

/* One prefix of the list holds this one, or prefixes of the list hold both of its halves. */
static bool
covered(const struct list *l, struct ip at, unsigned len)
{
	bool inside = false;
	unsigned bit = len + (ip_is4(&at) ? 96 : 0);
	struct ip upper = at;

	for (unsigned i = 0; i < l->n; i++) {
		if (l->len[i] <= len && agree(&at, &l->ip[i], l->len[i]))
			return (true);
		inside |= l->len[i] > len && agree(&at, &l->ip[i], len);
	}
	if (!inside)
		return (false);
	at.b[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
	upper.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return (covered(l, at, len + 1) && covered(l, upper, len + 1));
}

static bool
in_list(const struct flow *f, enum field addr, enum field mask, const struct list *l)
{
	const struct ip *a = &f->v[addr].ip;
	unsigned whole = ip_is4(a) ? 32 : 128;

	if (!has(f, addr) || bit_get(f->mixed, mask))
		return (false);
	return (covered(l, *a, has(f, mask) && f->v[mask].u < whole ? (unsigned)f->v[mask].u : whole));
}

static bool
any_of(const struct flow *f, unsigned which)
{
	bool is = false;

	for (unsigned i = 0; i < counters[which].n; i++)
		is |= between(f, counters[which].f[i], 1, UINT64_MAX);
	return (is);
}

static bool
vlan(const struct flow *f, enum field outer, enum field inner, uint64_t id)
{
	return (id > 6 ? has(f, outer) : between(f, outer, id, id) || between(f, inner, id, id));
}

static bool
end_is(const struct flow *f, enum field addr, const struct ip *ip)
{
	return (in_net(f, addr, addr == F_saddr ? F_smask : F_dmask, ip, ip_is4(ip) ? 32 : 128));
}

static bool
eval(const struct expr *e, const struct flow *f)
{
	const struct ip *a = &f->v[e->f].ip;
	int expected;
	bool in;

	switch (e->kind) {
	case AND:
		return (eval(e->a, f) && eval(e->b, f));
	case OR:
		return (eval(e->a, f) || eval(e->b, f));
	case NOT:
		return (!eval(e->a, f));
	case HOST:
	case NET:
		return (join(e->side, in_net(f, F_saddr, F_smask, &e->ip, e->len),
			     in_net(f, F_daddr, F_dmask, &e->ip, e->len)));
	case ADDR:
		in = in_net(f, e->f, e->f == F_saddr ? F_smask : F_dmask, &e->ip, e->len);
		if (e->op == 0)
			return (in);
		if (e->op == 1)
			return (has(f, e->f) &&
				!bit_get(f->mixed, e->f == F_saddr ? F_smask : F_dmask) && !in);
		return (has(f, e->f) && ip_is4(a) == ip_is4(&e->ip) &&
			holds(memcmp(a, &e->ip, 16), e->op, 0));
	case PORT:
		return (join(e->side, between(f, F_sport, e->v, e->w),
			     between(f, F_dport, e->v, e->w)));
	case PROTO:
		return (between(f, F_proto, e->v, e->v));
	case SPI:
		return (join(e->side,
			     between(f, F_sspi, e->v, e->v) || between(f, F_sspi0, e->v, e->v),
			     between(f, F_dspi, e->v, e->v) || between(f, F_dspi0, e->v, e->v)));
	case NUMBER:
		return (has(f, e->f) && holds((double)f->v[e->f].u, e->op, (double)e->v));
	case EITHER:
		return ((has(f, eithers[e->len].s) &&
			 holds((double)f->v[eithers[e->len].s].u, e->op, (double)e->v)) ||
			(has(f, eithers[e->len].d) &&
			 holds((double)f->v[eithers[e->len].d].u, e->op, (double)e->v)));
	case FLAG:
		return (has(f, flags[e->len].f) &&
			(f->v[flags[e->len].f].u & flags[e->len].bit) != 0);
	case HAS:
		return (has(f, e->f));
	case FAMILY:
		if (has(f, F_proto) && f->v[F_proto].u > 255)
			return (false);
		return ((has(f, F_saddr) && !bit_get(f->mixed, F_smask) &&
			 ip_is4(&f->v[F_saddr].ip) == (e->v == 0)) ||
			(has(f, F_daddr) && ip_is4(&f->v[F_daddr].ip) == (e->v == 0)));
	case LOSS:
		return (has_loss(f) && holds(net_loss(f), e->op, (int)e->v - 6));
	case PKTS:
		return ((has(f, F_spkts) || has(f, F_dpkts)) &&
			holds(num(f, F_spkts) + num(f, F_dpkts), e->op, (double)e->v));
	case PLOSS:
		expected = num(f, F_sdatasegs) + num(f, F_suniq) + num(f, F_slost) -
			   num(f, F_sfix) + num(f, F_dlost) - num(f, F_dfix);
		return (has_loss(f) && expected > 0 &&
			holds(100.0 * net_loss(f) / expected, e->op, e->r));
	case TEXT:
		if (!has(f, F_probe))
			return (false);
		in = f->v[F_probe].b.n == strlen(e->word) &&
		     memcmp(f->v[F_probe].b.p, e->word, strlen(e->word)) == 0;
		return (e->op == 0   ? in
			: e->op == 1 ? !in
				     : memmem(f->v[F_probe].b.p, f->v[F_probe].b.n, e->word,
					      strlen(e->word)) != NULL);
	case VLAN:
		return (join(e->side, vlan(f, F_svlan, F_sivlan, e->v), vlan(f, F_dvlan, F_divlan, e->v)));
	case TUNNEL:
		if (!carrier(f) || e->len == 0)
			return (carrier(f));
		if (e->len == 1)
			return (end_is(f, F_saddr, &e->ip) || end_is(f, F_daddr, &e->ip));
		return ((end_is(f, F_saddr, &e->ip) && end_is(f, F_daddr, &e->a->ip)) ||
			(end_is(f, F_saddr, &e->a->ip) && end_is(f, F_daddr, &e->ip)));
	case LIST:
		return (join(e->side, in_list(f, F_saddr, F_smask, &lists[e->len]),
			     in_list(f, F_daddr, F_dmask, &lists[e->len])));
	case COUNTER:
		return (any_of(f, e->len));
	case STATE:
		return (between(f, F_state, e->v + 1, e->v + 1));
	case BITMAP:
		return (has(f, F_sdscps) && (f->v[F_sdscps].u >> e->v & 1) != 0);
	case TIME:
		return (has(f, F_stime) &&
			holds((double)((NOW - f->v[F_stime].i) / 1000000000 / 60), e->op < 2	 ? e->op
			      : e->op < 4 ? e->op + 2
					  : e->op - 2,
			      (double)e->v));
	case PORTS:
		return (join(e->side, between(f, F_sport, e->v, e->v), between(f, F_dport, e->v, e->v)) ||
			join(e->side, between(f, F_sport, e->w, e->w), between(f, F_dport, e->w, e->w)));
	case KINDS:
		break;
	}
	return (false);
}

/* What a block's directory would say of the batch; now and then it says less than it could. */
static void
directory(const struct batch *b, struct range range[static F_COUNT])
{
	memset(range, 0, F_COUNT * sizeof(range[0]));
	for (enum field i = 0; i < F_STORED; i++) {
		struct range *r = &range[i];
		unsigned count = 0, mixed = 0;

		for (uint32_t row = 0; row < b->rows; row++) {
			union value v;

			mixed += column_mixed(b->col[i], row);
			if (!column_has(b->col[i], row))
				continue;
			v = column_value(b->col[i], row);
			if (count++ == 0)
				r->min = r->max = v;
			if (value_cmp(fields[i].store, &v, &r->min) < 0)
				r->min = v;
			if (value_cmp(fields[i].store, &v, &r->max) > 0)
				r->max = v;
		}
		r->absent = count == 0 && mixed == 0;
		r->all = count == b->rows && mixed == 0;
		r->mixed = mixed != 0;
		r->known = count != 0 && fields[i].store != STORE_BLOB && chance(10) != 0;
	}
}

static void
make_lists(void)
{
	char t[IP_TEXT];

	for (unsigned k = 0; k < LISTS; k++) {
		struct list *l = &lists[k];
		FILE *f;

		(void)snprintf(l->path, sizeof(l->path), "test_filter.%ld.list%u", (long)getpid(), k);
		f = fopen(l->path, "w");
		assert_non_null(f);
		for (l->n = 0; l->n < 3 + 5 * k; l->n++) {
			l->ip[l->n] = some_ip();
			l->len[l->n] = ip_is4(&l->ip[l->n]) ? 24 + chance(9) : 64 + chance(65);
			if (k == 0 && ip_is4(&l->ip[l->n]))
				l->len[l->n] = 32;
			ip_text(&l->ip[l->n], t);
			(void)fprintf(f, "%s/%u%s\n", t, l->len[l->n], chance(2) ? ",a label" : " # why");
		}
		(void)fclose(f);
	}
}

static void
test_random(void **state)
{
	static struct range range[F_COUNT];
	static uint64_t sel[BITS_WORDS(300)];
	struct buf text = { 0 };
	struct arena arena = { 0 };
	unsigned skipped = 0, some = 0;

	(void)state;
	seed = 1;
	make_lists();
	for (unsigned round = 0; round < 6000; round++) {
		uint32_t n = 1 + chance(round % 3 == 0 ? 3 : 300);
		struct batch *b;
		struct flow *f = mem_alloc(sizeof(*f));
		struct expr *e;
		struct filter_error error;
		struct filter *filter;
		bool any = false;

		seed = round + 1;
		arena_reset(&arena);
		n = round % 10 == 0 ? 64 * (1 + chance(4)) : n;
		b = batch_new(300);
		for (uint32_t r = 0; r < n; r++) {
			some_row(f);
			batch_add(b, f);
		}
		e = some_expr(&arena, chance(5));
		text.len = 0;
		print_expr(&text, e);
		filter = filter_new(buf_cstr(&text), NOW, CLOCK_UTC, &error);
		if (filter == NULL)
			fail_msg("round %u: %s: column %u: %s", round, buf_cstr(&text),
				 error.column, error.text);
		directory(b, range);
		filter_run(filter, b, sel);
		for (uint32_t r = 0; r < b->rows; r++) {
			batch_get(b, r, f);
			if (bit_get(sel, r) != eval(e, f))
				fail_msg("round %u, row %u: %s is %d", round, r, buf_cstr(&text),
					 bit_get(sel, r));
			any |= bit_get(sel, r);
		}
		if (!filter_maybe(filter, &(struct block_info){ .rows = n, .range = range })) {
			if (any)
				fail_msg("round %u: %s: a block with a match was skipped", round,
					 buf_cstr(&text));
			skipped++;
		}
		some += any;
		filter_free(&filter);
		batch_free(&b);
		free(f);
	}
	arena_free(&arena);
	buf_free(&text);
	for (unsigned k = 0; k < LISTS; k++)
		(void)unlink(lists[k].path);
	assert_true(skipped > 200); /* or the two halves above would show nothing */
	assert_true(some > 2000);
}

/* Blocks that must be skipped, by hand. */
static void
test_maybe(void **state)
{
	static const struct {
		const char *text;
		bool maybe;
	} cases[] = {
		/* sport 1000-2000 in every row, dport 53 in some, saddr 10.0.0.1-10.0.0.9, no vlan; slost mixed */
		{ "", true },
		{ "sport = 999", false },
		{ "sport = 1000", true },
		{ "not sport = 999", true },
		{ "sport != 1500", true },
		{ "not sport < 5000", false }, /* every row has one below */
		{ "not dport = 53", true },    /* rows without one */
		{ "dport != 53", false },
		{ "port 80", false },
		{ "port 80 or 1800", true },
		{ "port 53 and sport < 100", false },
		{ "port 53 and tcp", false }, /* no row has a protocol */
		{ "not tcp", true },
		{ "vlan 5", false },
		{ "has sport", true },
		{ "not has sport", false },
		{ "src host 10.0.0.5", true },
		{ "src host 10.0.0.10", false },
		{ "src net 10.0.0.8/29", true },
		{ "src net 10.0.0.16/28", false },
		{ "ip6", false },
		{ "not (sport > 5 or dport = 1)", false },
		{ "not (sport > 5 and dport = 1)", true },
		{ "saddr > 10.0.0.9", false },
		{ "saddr >= 10.0.0.9", true },
		{ "saddr < 10.0.0.1", false },
		{ "saddr < ffff::", false },
		{ "slost > 1000", true },
		{ "dlost > 1000", false },
		{ "loss > 0", true },
		{ "rate > 5", false }, /* derived from nothing */
		{ "sport = 5 or (sport = 6 or sport = 2000)", true },
	};
	static struct range range[F_COUNT];
	struct block_info info = { .rows = 100, .range = range };

	(void)state;
	for (enum field i = 0; i < F_STORED; i++)
		range[i].absent = true;
	range[F_sport] = (struct range){ .known = true, .all = true, .min.u = 1000, .max.u = 2000 };
	range[F_dport] = (struct range){ .known = true, .min.u = 53, .max.u = 53 };
	range[F_saddr] = (struct range){
		.known = true, .all = true, .min.ip = ip("10.0.0.1"), .max.ip = ip("10.0.0.9")
	};
	range[F_slost] = (struct range){ .known = true, .mixed = true, .min.u = 1, .max.u = 2 };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter_error e;
		struct filter *f = filter_new(cases[i].text, NOW, CLOCK_UTC, &e);

		assert_non_null(f);
		if (filter_maybe(f, &info) != cases[i].maybe)
			fail_msg("%s: %s", cases[i].text,
				 cases[i].maybe ? "was skipped" : "was not skipped");
		filter_free(&f);
	}
}

/* How a mixture was read; nothing where there is none. */
static void
test_read_as(void **state)
{
	static const struct {
		const char *text, *read; /* NULL: no more is to be said */
	} cases[] = {
		{ "tcp or udp and port 53", "tcp or (udp and port 53)" },
		{ "tcp and port 80 or 443", "(tcp and port 80) or 443" },
		{ "(tcp or udp and port 1) and ip", "(tcp or (udp and port 1)) and ip" },
		{ "tcp and udp or not udp and ip or ip6", "(tcp and udp) or (not udp and ip) or ip6" },
		{ "tcp and (udp or ip and port 1 or ip6) or ip", "(tcp and (udp or (ip and port 1) or ip6)) or ip" },
		{ "tcp or (udp and port 53)", NULL },
		{ "(tcp or udp) and port 53", NULL },
		{ "port 80 or 443", NULL },
		{ "tcp and port (80 or 443)", NULL },
		{ "src or dst host 10.0.0.1 and udp", NULL },
		{ "tcp and udp and ip", NULL },
		{ "tcp", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter_error e;
		struct filter *f = filter_new(cases[i].text, NOW, CLOCK_UTC, &e);

		assert_non_null(f);
		if (cases[i].read == NULL)
			assert_null(filter_read_as(f));
		else
			assert_string_equal(filter_read_as(f), cases[i].read);
		filter_free(&f);
	}
}

/* What must not be read for others (ra -r tcp://). */
static void
files(void **state)
{
	static const char *const may[] = { "host in list", "src net IN 'a list'", "tcp or port in [80 443]", "in x" };
	static const char *const not[] = { "", "tcp and loss gt 0", "slabel = 'in'", "slabel = \"in a list\"", "pkts > 1 and min = 3", "host 10.0.0.1 or inet", "host In/etc/passwd" };

	(void)state;
	for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++)
		assert_true(filter_may_read(may[i]));
	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		assert_false(filter_may_read(not[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),  cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bounds), cmocka_unit_test(test_fields),
		cmocka_unit_test(test_file),   cmocka_unit_test(test_random),
		cmocka_unit_test(test_maybe),  cmocka_unit_test(test_read_as), cmocka_unit_test(files),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
