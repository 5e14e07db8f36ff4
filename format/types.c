/* SPDX-License-Identifier: BSD-2-Clause
 *
 * types.c: values as text and back.  What is common in output (numbers, addresses, times) goes straight
 * to digits; printf is kept for fractions.
 */
#include "format/types.h"

#include "format/base/cursor.h"
#include "format/base/wide.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define NOTHING "." /* flags, letters or a history that is there and empty */

static const char hexdigit[] = "0123456789abcdef";

/* --- protocols */

#define ETHERTYPES 1536 /* numbers from here are ethertypes (IEEE 802.3 3.2.6) */

/* IANA protocol numbers, EtherType numbers, and the two link values of types.def.  First name: printed. */
static const struct {
	uint16_t number;
	const char *name;
} protos[] = {
	{ 0, "hopopt" },	{ 1, "icmp" },		{ 2, "igmp" },
	{ 3, "ggp" },		{ 4, "ipip" },		{ 5, "st" },
	{ 6, "tcp" },		{ 7, "cbt" },		{ 8, "egp" },
	{ 9, "igp" },		{ 12, "pup" },		{ 17, "udp" },
	{ 22, "xns-idp" },	{ 27, "rdp" },		{ 29, "iso-tp4" },
	{ 33, "dccp" },		{ 36, "xtp" },		{ 41, "ipv6" },
	{ 41, "6in4" },		{ 43, "ipv6-route" },	{ 44, "ipv6-frag" },
	{ 45, "idrp" },		{ 46, "rsvp" },		{ 47, "gre" },
	{ 50, "esp" },		{ 51, "ah" },		{ 55, "mobile" },
	{ 57, "skip" },		{ 58, "icmpv6" },	{ 58, "icmp6" },
	{ 58, "ipv6-icmp" },	{ 59, "ipv6-nonxt" },	{ 60, "ipv6-opts" },
	{ 73, "rspf" },		{ 81, "vmtp" },		{ 88, "eigrp" },
	{ 89, "ospf" },		{ 93, "ax25" },		{ 97, "etherip" },
	{ 98, "encap" },	{ 103, "pim" },		{ 108, "ipcomp" },
	{ 112, "vrrp" },	{ 112, "carp" },	{ 113, "pgm" },
	{ 115, "l2tp" },	{ 124, "isis" },	{ 132, "sctp" },
	{ 133, "fc" },		{ 135, "mh" },		{ 136, "udplite" },
	{ 137, "mpls-in-ip" },	{ 138, "manet" },	{ 139, "hip" },
	{ 140, "shim6" },	{ 141, "wesp" },	{ 142, "rohc" },
	{ 143, "ethernet" },	{ 256, "llc" },		{ 257, "link" },
	{ 0x0800, "ip" },	{ 0x0806, "arp" },	{ 0x0842, "wol" },
	{ 0x22ea, "srp" },	{ 0x22eb, "erspan3" },	{ 0x22f0, "avtp" },
	{ 0x22f3, "trill" },	{ 0x6558, "teb" },	{ 0x8035, "rarp" },
	{ 0x809b, "atalk" },	{ 0x80f3, "aarp" },	{ 0x8100, "dot1q" },
	{ 0x8137, "ipx" },	{ 0x86dd, "ip6" },	{ 0x8808, "pause" },
	{ 0x8809, "slow" },	{ 0x8809, "lacp" },	{ 0x8847, "mpls" },
	{ 0x8848, "mpls-mc" },	{ 0x8863, "pppoe-d" },	{ 0x8864, "pppoe" },
	{ 0x888e, "eapol" },	{ 0x8892, "profinet" }, { 0x88a2, "aoe" },
	{ 0x88a4, "ethercat" }, { 0x88a8, "dot1ad" },	{ 0x88b8, "goose" },
	{ 0x88be, "erspan" },	{ 0x88ca, "tipc" },	{ 0x88cc, "lldp" },
	{ 0x88d9, "lltd" },	{ 0x88e1, "homeplug" }, { 0x88e5, "macsec" },
	{ 0x88f5, "mvrp" },	{ 0x88f7, "ptp" },	{ 0x8902, "cfm" },
	{ 0x8906, "fcoe" },	{ 0x8914, "fip" },	{ 0x893a, "ieee1905" },
	{ 0x894f, "nsh" },	{ 0x9000, "loopback" },
};

#define NPROTOS (sizeof(protos) / sizeof(protos[0]))

static bool
is_word(const char *word, const char *s, size_t n)
{
	return (strlen(word) == n && strncasecmp(word, s, n) == 0);
}

const char *
proto_name(unsigned proto)
{
	switch (proto) { /* nearly every row is one of these */
	case 6:
		return ("tcp");
	case 17:
		return ("udp");
	case 50:
		return ("esp");
	}
	for (size_t i = 0; i < NPROTOS; i++)
		if (protos[i].number == proto)
			return (protos[i].name);
	return (NULL);
}

/* --- numbers as text */

struct number { /* mantissa * multiple / 10^places */
	bool minus;
	uint64_t mantissa, multiple;
	unsigned places;
};

/* All of the text as hexadecimal digits, at most `most` of them. */
static bool
parse_hex(const char *s, size_t n, size_t most, uint64_t *v)
{
	*v = 0;
	if (n == 0 || n > most)
		return (false);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (!isxdigit(c))
			return (false);
		*v = *v << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return (true);
}

static bool
has_0x(const char *s, size_t n)
{
	return (n > 2 && s[0] == '0' && (s[1] | 32) == 'x');
}

/* k M G T are thousands, Ki Mi Gi Ti 1024; 0: not a unit. */
static uint64_t
unit(const char *s, size_t n)
{
	static const struct {
		const char *name;
		uint64_t multiple;
	} units[] = { { "", 1 },
		      { "k", 1000 },
		      { "K", 1000 },
		      { "M", 1000000 },
		      { "G", 1000000000 },
		      { "T", 1000000000000 },
		      { "Ki", 1ull << 10 },
		      { "Mi", 1ull << 20 },
		      { "Gi", 1ull << 30 },
		      { "Ti", 1ull << 40 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == n && memcmp(units[i].name, s, n) == 0)
			return (units[i].multiple);
	return (0);
}

/* "12", "-3", "1.5k", "0x1f"; `tail` may follow the unit ("B", "%"), or NULL. */
static bool
parse_number(const char *s, size_t n, const char *tail, struct number *out)
{
	size_t i = 0, digits = 0, len;
	bool point = false;

	*out = (struct number){ .multiple = 1 };
	if (i < n && (s[i] == '-' || s[i] == '+'))
		out->minus = s[i++] == '-';
	if (has_0x(s + i, n - i))
		return (parse_hex(s + i + 2, n - i - 2, 16, &out->mantissa));
	for (; i < n && (isdigit((unsigned char)s[i]) || (s[i] == '.' && !point)); i++) {
		if (s[i] == '.') {
			point = true;
			continue;
		}
		if (__builtin_mul_overflow(out->mantissa, 10, &out->mantissa) ||
		    __builtin_add_overflow(out->mantissa, (uint64_t)(s[i] - '0'), &out->mantissa))
			return (false);
		out->places += point;
		digits++;
	}
	if (digits == 0 || out->places > 18)
		return (false);
	n -= i;
	s += i;
	len = tail == NULL ? 0 : strlen(tail);
	if (len != 0 && n >= len && strncasecmp(s + n - len, tail, len) == 0)
		n -= len;
	out->multiple = unit(s, n);
	return (out->multiple != 0);
}

static bool
number_u64(const struct number *num, uint64_t *v)
{
	struct wide x = wide_mul(num->mantissa, num->multiple);

	for (unsigned i = 0; i < num->places; i++)
		if (wide_div(&x, 10) != 0)
			return (false);
	*v = x.lo;
	return (x.hi == 0 && !(num->minus && x.lo != 0));
}

static bool
number_i64(struct number num, int64_t *v)
{
	bool minus = num.minus;
	uint64_t u;

	num.minus = false;
	if (!number_u64(&num, &u) || u > INT64_MAX)
		return (false);
	*v = minus ? -(int64_t)u : (int64_t)u;
	return (true);
}

static double
number_real(const struct number *num)
{
	double x = (double)num->mantissa, ten = 1;

	for (unsigned i = 0; i < num->places; i++)
		ten *= 10;
	x = x * (double)num->multiple / ten;
	return (num->minus ? -x : x);
}

/* --- printing */

static void
put_hex(struct buf *b, uint64_t v, unsigned digits)
{
	uint8_t *p = buf_put(b, digits);

	for (unsigned i = digits; i-- > 0; v >>= 4)
		p[i] = (uint8_t)hexdigit[v & 15];
}

static void
put_0x(struct buf *b, uint64_t v, unsigned digits)
{
	while (digits < 16 && v >> 4 * digits != 0)
		digits++;
	buf_add(b, "0x", 2);
	put_hex(b, v, digits);
}

static void
put_time(struct buf *b, int64_t ns, const struct text_options *o)
{
	char *p = (char *)buf_room(b, CLOCK_TEXT);

	b->len += o->epoch ? clock_epoch(ns, o->digits, p) : clock_text(ns, o->digits, o->zone, p);
}

static void
put_ip(struct buf *b, const struct ip *ip, int prefix)
{
	b->len += ip_text(ip, (char *)buf_room(b, IP_TEXT));
	if (prefix >= 0) {
		buf_u8(b, '/');
		buf_dec(b, (uint64_t)prefix);
	}
}

static void
put_mac(struct buf *b, uint64_t v)
{
	for (unsigned shift = 40;; shift -= 8) {
		put_hex(b, v >> shift & 0xff, 2);
		if (shift == 0)
			return;
		buf_u8(b, ':');
	}
}

static void
put_proto(struct buf *b, uint64_t v, const struct text_options *o)
{
	const char *name = o->proto_numbers || v > UINT16_MAX ? NULL : proto_name((unsigned)v);

	if (name != NULL)
		buf_str(b, name);
	else if (v >= ETHERTYPES)
		put_0x(b, v, 4);
	else
		buf_dec(b, v);
}

/* The words of the bits that are set, joined; bits without a word as one hexadecimal number. */
static void
put_flags(struct buf *b, enum type type, uint64_t v, const char *join)
{
	size_t start = b->len;

	for (const struct name *n = names; n->word != NULL; n++) {
		if (n->type != type || !n->flag || (v & n->value) == 0)
			continue;
		if (b->len != start)
			buf_str(b, join);
		buf_str(b, n->word);
		v &= ~n->value;
	}
	if (v != 0) {
		if (b->len != start)
			buf_u8(b, ',');
		put_0x(b, v, 1);
	}
	if (b->len == start)
		buf_str(b, NOTHING);
}

static void
put_letters(struct buf *b, uint64_t v)
{
	size_t start = b->len;

	for (unsigned i = 0; i < 26; i++)
		if (v >> i & 1)
			buf_u8(b, (uint8_t)('a' + i));
	if (b->len == start)
		buf_str(b, NOTHING);
}

static void
put_word(struct buf *b, enum type type, uint64_t v)
{
	const char *word = name_word(type, v);

	if (word != NULL)
		buf_str(b, word);
	else
		buf_dec(b, v);
}

static void
put_sides(struct buf *b, uint64_t v)
{
	static const char *const words[] = { NOTHING, "src", "dst", "both" };

	buf_str(b, words[v & 3]);
}

/* Control characters would move the cursor of a terminal: they are written as \x1b. */
static void
put_text(struct buf *b, struct blob t)
{
	uint32_t from = 0;

	for (uint32_t i = 0; i < t.n; i++) {
		if (t.p[i] >= 0x20 && t.p[i] != 0x7f)
			continue;
		buf_add(b, t.p + from, i - from);
		buf_add(b, "\\x", 2);
		put_hex(b, t.p[i], 2);
		from = i + 1;
	}
	if (t.n > from)
		buf_add(b, t.p + from, t.n - from);
}

/* bucket:count,... */
static void
put_hist(struct buf *b, struct blob t)
{
	uint64_t count[HIST_BUCKETS];
	size_t start = b->len;

	hist_unpack(t, count);
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		if (count[i] == 0)
			continue;
		if (b->len != start)
			buf_u8(b, ',');
		buf_dec(b, i);
		buf_u8(b, ':');
		buf_dec(b, count[i]);
	}
	if (b->len == start)
		buf_str(b, NOTHING);
}

/* s1461+2920,d1+1460: direction, relative start, length */
static void
put_gaps(struct buf *b, struct blob t)
{
	struct cursor c = cur_new(t.p, t.n);
	size_t start = b->len;

	while (cur_left(&c) > 0) {
		uint64_t dir = cur_varint(&c), at = cur_varint(&c), len = cur_varint(&c);

		if (c.cut)
			break;
		if (b->len != start)
			buf_u8(b, ',');
		buf_u8(b, dir == 0 ? 's' : 'd');
		buf_dec(b, at);
		buf_u8(b, '+');
		buf_dec(b, len);
	}
	if (b->len == start)
		buf_str(b, NOTHING);
}

/* Two decimals, zeros at the end left out; what would round to nothing keeps two digits that count. */
static void
put_real(struct buf *b, double v)
{
	double size = fabs(v);
	int places = 2;

	if (size != 0 && size < 0.01)
		for (double limit = 0.1; places < 12 && size < limit; limit /= 10)
			places++;
	if (size < 1e15 && v == (double)(int64_t)v) {
		if (v < 0)
			buf_u8(b, '-');
		buf_dec(b, (uint64_t)size);
		return;
	}
	buf_printf(b, "%.*f", places, v);
	if (!isfinite(v))
		return;
	while (b->p[b->len - 1] == '0')
		b->len--;
	if (b->p[b->len - 1] == '.')
		b->len--;
}

static void
put_bps(struct buf *b, double v)
{
	if (v >= 0 && v < 1e18)
		buf_dec(b, (uint64_t)(v + 0.5));
	else
		buf_printf(b, "%.0f", v);
}

void
value_print(struct buf *b, enum type type, const union value *v, const struct text_options *o,
	    int prefix)
{
	switch (type) {
	case TYPE_COUNT:
	case TYPE_BYTES:
	case TYPE_USEC2:
	case TYPE_PORT:
		buf_dec(b, v->u);
		return;
	case TYPE_TIME:
		put_time(b, (int64_t)v->u, o);
		return;
	case TYPE_DUR:
		b->len += clock_dur(v->u, o->digits, (char *)buf_room(b, CLOCK_TEXT));
		return;
	case TYPE_IP:
		put_ip(b, &v->ip, prefix);
		return;
	case TYPE_MAC:
		put_mac(b, v->u);
		return;
	case TYPE_PROTO:
		put_proto(b, v->u, o);
		return;
	case TYPE_HEX32:
		put_0x(b, v->u, 8);
		return;
	case TYPE_ID:
		put_hex(b, v->u, 16);
		return;
	case TYPE_RECTYPE:
	case TYPE_STATE:
	case TYPE_CONN:
	case TYPE_CAUSE:
		put_word(b, type, v->u);
		return;
	case TYPE_RFLAGS:
	case TYPE_HEALTH:
	case TYPE_SPIFL:
	case TYPE_RTTM:
	case TYPE_RSTPHASE:
		put_flags(b, type, v->u, ",");
		return;
	case TYPE_TCPFL:
	case TYPE_TCPOPT:
		put_flags(b, type, v->u, "");
		return;
	case TYPE_LETTERS:
		put_letters(b, v->u);
		return;
	case TYPE_BITMAP:
		put_0x(b, v->u, 1);
		return;
	case TYPE_SIDES:
		put_sides(b, v->u);
		return;
	case TYPE_HISTORY:
		if (v->b.n == 0)
			buf_str(b, NOTHING);
		put_text(b, v->b);
		return;
	case TYPE_TEXT:
		put_text(b, v->b);
		return;
	case TYPE_HIST:
		put_hist(b, v->b);
		return;
	case TYPE_GAPS:
		put_gaps(b, v->b);
		return;
	case TYPE_INT:
		if (v->i < 0)
			buf_u8(b, '-');
		buf_dec(b, v->i < 0 ? 0 - (uint64_t)v->i : (uint64_t)v->i);
		return;
	case TYPE_REAL:
	case TYPE_PCT:
		put_real(b, v->r);
		return;
	case TYPE_BPS:
		put_bps(b, v->r);
		return;
	case TYPE_COUNT_:
		break;
	}
}

bool
type_is_number(enum type type)
{
	switch (type) {
	case TYPE_COUNT:
	case TYPE_BYTES:
	case TYPE_DUR:
	case TYPE_USEC2:
	case TYPE_PORT:
	case TYPE_INT:
	case TYPE_REAL:
	case TYPE_PCT:
	case TYPE_BPS:
		return (true);
	default:
		return (false);
	}
}

/* --- parsing: false, and *why says what was expected */

static bool
expected(const char **why, const char *what)
{
	*why = what;
	return (false);
}

/* Decimal with units or 0x, at most `most`. */
static bool
parse_u64(const char *s, size_t n, const char *tail, uint64_t most, uint64_t *v)
{
	struct number num;

	return (parse_number(s, n, tail, &num) && number_u64(&num, v) && *v <= most);
}

/* "tcp", "47", "0x88cc": plain digits, no units ("6in4" is a name). */
int
proto_named(const char *s, size_t n)
{
	struct number num;
	uint64_t v;

	for (size_t i = 0; i < NPROTOS; i++)
		if (is_word(protos[i].name, s, n))
			return (protos[i].number);
	if (n == 0 || !isdigit((unsigned char)s[0]) || !parse_number(s, n, NULL, &num) ||
	    num.multiple != 1 || !number_u64(&num, &v) || v > UINT16_MAX)
		return (-1);
	return ((int)v);
}

/* aa:bb:cc:dd:ee:ff, also with - between, one digit allowed */
static bool
parse_mac(const char *s, size_t n, uint64_t *v)
{
	size_t at = 0;

	*v = 0;
	for (unsigned i = 0; i < 6; i++) {
		size_t end = at;
		uint64_t byte;

		while (end < n && s[end] != ':' && s[end] != '-')
			end++;
		if (!parse_hex(s + at, end - at, 2, &byte) || (end == n) != (i == 5))
			return (false);
		*v = *v << 8 | byte;
		at = end + 1;
	}
	return (true);
}

static bool
parse_dur(const char *s, size_t n, uint64_t *us)
{
	int64_t ns;

	if (!clock_parse_dur(s, n, &ns) || ns < 0 || ns % USEC != 0)
		return (false);
	*us = (uint64_t)(ns / USEC);
	return (true);
}

static bool
parse_word(enum type type, const char *s, size_t n, uint64_t *v)
{
	for (const struct name *w = names; w->word != NULL; w++)
		if (w->type == type && is_word(w->word, s, n)) {
			*v = w->value;
			return (true);
		}
	return (parse_u64(s, n, NULL, UINT64_MAX, v));
}

/* start,end or 0x3 or "." */
static bool
parse_flags(enum type type, const char *s, size_t n, uint64_t *v)
{
	uint64_t one;

	*v = 0;
	if (is_word(NOTHING, s, n))
		return (true);
	for (size_t at = 0; at <= n;) {
		size_t end = at;

		while (end < n && s[end] != ',')
			end++;
		if (!parse_word(type, s + at, end - at, &one))
			return (false);
		*v |= one;
		at = end + 1;
	}
	return (n != 0);
}

/* SA, FSRPAUEC in any order.  Where letters differ only by case (TCP options), case counts. */
static bool
parse_flag_letters(enum type type, const char *s, size_t n, uint64_t *v)
{
	*v = 0;
	if (is_word(NOTHING, s, n))
		return (true);
	if (n != 0 && isdigit((unsigned char)s[0]))
		return (parse_u64(s, n, NULL, UINT64_MAX, v));
	for (size_t i = 0; i < n; i++) {
		const struct name *w = names;
		char c = type == TYPE_TCPFL ? (char)toupper((unsigned char)s[i]) : s[i];

		while (w->word != NULL && (w->type != type || w->word[0] != c))
			w++;
		if (w->word == NULL)
			return (false);
		*v |= w->value;
	}
	return (n != 0);
}

static bool
parse_letters(const char *s, size_t n, uint64_t *v)
{
	*v = 0;
	if (is_word(NOTHING, s, n))
		return (true);
	for (size_t i = 0; i < n; i++) {
		int c = tolower((unsigned char)s[i]);

		if (c < 'a' || c > 'z')
			return (false);
		*v |= 1ull << (c - 'a');
	}
	return (n != 0);
}

static bool
parse_sides(const char *s, size_t n, uint64_t *v)
{
	static const char *const words[] = { NOTHING, "src", "dst", "both" };

	for (*v = 0; *v < 4; (*v)++)
		if (is_word(words[*v], s, n))
			return (true);
	return (parse_u64(s, n, NULL, 3, v));
}

static bool
parse_real(const char *s, size_t n, const char *tail, double *r)
{
	struct number num;

	if (!parse_number(s, n, tail, &num))
		return (false);
	*r = number_real(&num);
	return (true);
}

static const char *
words_of(enum type type)
{
	switch (type) {
	case TYPE_RECTYPE:
		return ("FLOW, CORR, MAR or TUN");
	case TYPE_STATE:
		return ("a state: REQ RSP ACC CON EST FIN CLO RST TIM INT");
	case TYPE_CONN:
		return (
		    "a connection's fate: S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH");
	case TYPE_CAUSE:
		return ("a cause: fin rst idle evict shutdown reuse");
	case TYPE_RFLAGS:
		return ("record flags: start end late vlanchg capdrop unres flipped cut");
	case TYPE_HEALTH:
		return ("health flags, as bufbloat or highloss,asym");
	case TYPE_SPIFL:
		return ("flags: badspi reserved seq0 natt");
	default:
		return ("flags: hs ts ack spin");
	}
}

bool
value_parse(enum type type, const char *s, size_t n, int64_t now, enum clock_zone zone,
	    union value *v, const char **why)
{
	struct number num;

	*v = (union value){ .u = 0 };
	switch (type) {
	case TYPE_COUNT:
	case TYPE_USEC2:
	case TYPE_BITMAP:
		return (parse_u64(s, n, NULL, UINT64_MAX, &v->u) ||
			expected(why, "a whole number, as 10 or 1.5k"));
	case TYPE_BYTES:
		return (parse_u64(s, n, "B", UINT64_MAX, &v->u) ||
			expected(why, "a number of bytes, as 1500 or 1.5M"));
	case TYPE_TIME:
		return (
		    (clock_parse(s, n, now, zone, &v->i) && v->i >= 0) ||
		    expected(why,
			     "a time, as 14:05, 2026-11-20T14:05:00Z, -1h or seconds since 1970"));
	case TYPE_DUR:
		return (parse_dur(s, n, &v->u) ||
			expected(why, "a duration, as 250us, 10ms, 5s, 1m or 1h"));
	case TYPE_IP:
		return (ip_parse(s, n, &v->ip) ||
			expected(why, "an address, as 10.0.0.1 or fe80::1"));
	case TYPE_MAC:
		return (parse_mac(s, n, &v->u) ||
			expected(why, "a hardware address, as 00:11:22:33:44:55"));
	case TYPE_PORT:
		return (parse_u64(s, n, NULL, UINT16_MAX, &v->u) ||
			expected(why, "a port, 0 to 65535"));
	case TYPE_PROTO:
		v->i = proto_named(s, n);
		return (v->i >= 0 || expected(why, "a protocol, as tcp, 47 or 0x88cc"));
	case TYPE_HEX32:
		return (parse_u64(s, n, NULL, UINT32_MAX, &v->u) ||
			expected(why, "a 32-bit number, as 0x17e3e6f7"));
	case TYPE_ID:
		if (has_0x(s, n))
			s += 2, n -= 2;
		return (parse_hex(s, n, 16, &v->u) ||
			expected(why, "an id of up to 16 hexadecimal digits"));
	case TYPE_RECTYPE:
	case TYPE_STATE:
	case TYPE_CONN:
	case TYPE_CAUSE:
		return (parse_word(type, s, n, &v->u) || expected(why, words_of(type)));
	case TYPE_RFLAGS:
	case TYPE_HEALTH:
	case TYPE_SPIFL:
	case TYPE_RTTM:
	case TYPE_RSTPHASE:
		return (parse_flags(type, s, n, &v->u) || expected(why, words_of(type)));
	case TYPE_TCPFL:
		return (parse_flag_letters(type, s, n, &v->u) ||
			expected(why, "TCP flags, letters of FSRPAUEC"));
	case TYPE_TCPOPT:
		return (parse_flag_letters(type, s, n, &v->u) ||
			expected(why, "TCP options, letters of MwsST"));
	case TYPE_LETTERS:
		return (parse_letters(s, n, &v->u) || expected(why, "history letters, a to z"));
	case TYPE_SIDES:
		return (parse_sides(s, n, &v->u) || expected(why, "src, dst or both"));
	case TYPE_HISTORY:
	case TYPE_TEXT:
		v->b = (struct blob){ (const uint8_t *)s, (uint32_t)n };
		return (true);
	case TYPE_INT:
		return ((parse_number(s, n, NULL, &num) && number_i64(num, &v->i)) ||
			expected(why, "a whole number, as 10, -3 or 1.5k"));
	case TYPE_REAL:
		return (parse_real(s, n, NULL, &v->r) || expected(why, "a number, as 0.5 or 10k"));
	case TYPE_PCT:
		return (parse_real(s, n, "%", &v->r) ||
			expected(why, "a percentage, as 1% or 0.5"));
	case TYPE_BPS:
		return (parse_real(s, n, "bps", &v->r) || parse_real(s, n, "bit/s", &v->r) ||
			expected(why, "bits a second, as 10M or 1.5Gbps"));
	case TYPE_HIST:
	case TYPE_GAPS:
	case TYPE_COUNT_:
		break;
	}
	return (expected(why, "something else: values of this field can not be compared"));
}
