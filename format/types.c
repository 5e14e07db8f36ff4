/* SPDX-License-Identifier: BSD-2-Clause
 *
 * types.c: values as text and back.  What is common in output (numbers, addresses, times) goes straight
 * to digits; printf is kept for fractions.
 */
#include "format/types.h"
#include "format/seqs.h"

#include "format/base/cursor.h"
#include "format/base/wide.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* Flags, letters or a history that is there and empty. */
#define NOTHING "."

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

static const char *
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

struct printing { /* one call of value_print() */
	enum type type;
	const union value *v;
	const struct text_options *o;
	int prefix;
};

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
print_dec(struct buf *b, const struct printing *p)
{
	buf_dec(b, p->v->u);
}

static void
print_hex32(struct buf *b, const struct printing *p)
{
	put_0x(b, p->v->u, 8);
}

static void
print_id(struct buf *b, const struct printing *p)
{
	put_hex(b, p->v->u, 16);
}

static void
print_bitmap(struct buf *b, const struct printing *p)
{
	put_0x(b, p->v->u, 1);
}

static void
print_time(struct buf *b, const struct printing *p)
{
	const struct text_options *o = p->o;
	char *to = (char *)buf_room(b, CLOCK_TEXT);

	b->len += (o->epoch  ? clock_epoch(p->v->i, o->digits, to)
		   : o->load ? clock_iso(p->v->i, o->digits, o->zone, to)
			     : clock_text(p->v->i, o->digits, o->zone, to));
}

static void
print_dur(struct buf *b, const struct printing *p)
{
	b->len += clock_dur(p->v->u, p->o->digits, (char *)buf_room(b, CLOCK_TEXT));
}

static void
print_ip(struct buf *b, const struct printing *p)
{
	b->len += ip_text(&p->v->ip, (char *)buf_room(b, IP_TEXT));
	if (p->prefix >= 0) {
		buf_u8(b, '/');
		buf_dec(b, (uint64_t)p->prefix);
	}
}

static void
print_mac(struct buf *b, const struct printing *p)
{
	for (unsigned shift = 40;; shift -= 8) {
		put_hex(b, p->v->u >> shift & 0xff, 2);
		if (shift == 0)
			return;
		buf_u8(b, ':');
	}
}

static void
print_proto(struct buf *b, const struct printing *p)
{
	uint64_t v = p->v->u;
	const char *name = p->o->proto_numbers || v > UINT16_MAX ? NULL : proto_name((unsigned)v);

	if (name != NULL)
		buf_str(b, name);
	else if (v >= ETHERTYPES)
		put_0x(b, v, 4);
	else
		buf_dec(b, v);
}

static void
put_nothing(struct buf *b, const struct printing *p)
{
	if (!p->o->load)
		buf_str(b, NOTHING);
}

/* The words of the bits that are set, joined; bits without a word as one hexadecimal number. */
static void
put_flags(struct buf *b, const struct printing *p, const char *join)
{
	uint64_t v = p->v->u;
	size_t start = b->len;

	for (const struct name *n = names; n->word != NULL; n++) {
		if (n->type != p->type || !n->flag || (v & n->value) == 0)
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
		put_nothing(b, p);
}

static void
print_flags(struct buf *b, const struct printing *p)
{
	put_flags(b, p, ",");
}

/* Flags whose words are one letter each. */
static void
print_initials(struct buf *b, const struct printing *p)
{
	put_flags(b, p, "");
}

static void
print_letters(struct buf *b, const struct printing *p)
{
	size_t start = b->len;

	for (unsigned i = 0; i < 26; i++)
		if (p->v->u >> i & 1)
			buf_u8(b, (uint8_t)('a' + i));
	if (b->len == start)
		put_nothing(b, p);
}

static void
print_word(struct buf *b, const struct printing *p)
{
	const char *word = name_word(p->type, p->v->u);

	if (word != NULL)
		buf_str(b, word);
	else
		buf_dec(b, p->v->u);
}

static const char *const sides[] = { NOTHING, "src", "dst", "both" };

static void
print_sides(struct buf *b, const struct printing *p)
{
	if ((p->v->u & 3) == 0)
		put_nothing(b, p);
	else
		buf_str(b, sides[p->v->u & 3]);
}

static void
print_text(struct buf *b, const struct printing *p)
{
	buf_plain(b, p->v->b.p, p->v->b.n);
}

/* Letters in places of their own. */
static void
print_places(struct buf *b, const struct printing *p)
{
	const uint8_t *s = p->v->b.p;
	uint32_t n = p->v->b.n;

	while (p->o->load && n > 0 && s[n - 1] == ' ')
		n--;
	while (p->o->load && n > 0 && *s == ' ') {
		s++;
		n--;
	}
	buf_plain(b, s, n);
}

static void
print_history(struct buf *b, const struct printing *p)
{
	if (p->v->b.n == 0)
		put_nothing(b, p);
	print_text(b, p);
}

/* bucket:count,... */
static void
print_hist(struct buf *b, const struct printing *p)
{
	uint64_t count[HIST_BUCKETS];
	size_t start = b->len;

	hist_unpack(p->v->b, count);
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
		put_nothing(b, p);
}

/* s1461+2920,d1+1460: direction, relative start, length */
static void
print_gaps(struct buf *b, const struct printing *p)
{
	struct cursor c = cur_new(p->v->b.p, p->v->b.n);
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
		put_nothing(b, p);
}

/* 1-99,101,0xc1adb8e0:7-9,+ */
static void
print_seqs(struct buf *b, const struct printing *p)
{
	struct seqs s = seqs_open(p->v->b, 0);
	struct seqs_run r;
	size_t start = b->len;

	while (seqs_next(&s, &r)) {
		if (b->len != start)
			buf_u8(b, ',');
		if (r.name != 0)
			buf_printf(b, "0x%08x:", r.name);
		buf_dec(b, r.lo);
		if (r.hi == r.lo)
			continue;
		buf_u8(b, '-');
		buf_dec(b, r.hi);
	}
	if (s.more)
		buf_str(b, b->len != start ? ",+" : "+");
	if (b->len == start)
		put_nothing(b, p);
}

static void
print_int(struct buf *b, const struct printing *p)
{
	int64_t v = p->v->i;

	if (v < 0)
		buf_u8(b, '-');
	buf_dec(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* Two decimals, zeros at the end left out; what would round to nothing keeps two digits that count. */
static void
print_real(struct buf *b, const struct printing *p)
{
	double v = p->v->r, size = fabs(v);
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
print_bps(struct buf *b, const struct printing *p)
{
	double v = p->v->r;

	if (v >= 0 && v < 1e18)
		buf_dec(b, (uint64_t)(v + 0.5));
	else
		buf_printf(b, "%.0f", v);
}

/* --- parsing */

struct parsing { /* one call of value_parse() */
	enum type type;
	const char *s;
	size_t n;
	int64_t now;
	enum clock_zone zone;
};

/* Decimal with units or 0x, at most `most`. */
static bool
whole_number(const char *s, size_t n, const char *tail, uint64_t most, uint64_t *v)
{
	struct number num;

	return (parse_number(s, n, tail, &num) && number_u64(&num, v) && *v <= most);
}

static bool
parse_u64(const struct parsing *p, union value *v)
{
	return (whole_number(p->s, p->n, NULL, UINT64_MAX, &v->u));
}

static bool
parse_bytes(const struct parsing *p, union value *v)
{
	return (whole_number(p->s, p->n, "B", UINT64_MAX, &v->u));
}

static bool
parse_port(const struct parsing *p, union value *v)
{
	return (whole_number(p->s, p->n, NULL, UINT16_MAX, &v->u));
}

static bool
parse_hex32(const struct parsing *p, union value *v)
{
	return (whole_number(p->s, p->n, NULL, UINT32_MAX, &v->u));
}

static bool
parse_id(const struct parsing *p, union value *v)
{
	size_t skip = has_0x(p->s, p->n) ? 2 : 0;

	return (parse_hex(p->s + skip, p->n - skip, 16, &v->u));
}

static bool
parse_time(const struct parsing *p, union value *v)
{
	return (clock_parse(p->s, p->n, p->now, p->zone, &v->i) && v->i >= 0);
}

static bool
parse_ip(const struct parsing *p, union value *v)
{
	return (ip_parse(p->s, p->n, &v->ip));
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

static bool
parse_proto(const struct parsing *p, union value *v)
{
	v->i = proto_named(p->s, p->n);
	return (v->i >= 0);
}

/* aa:bb:cc:dd:ee:ff, also with - between, one digit allowed */
static bool
parse_mac(const struct parsing *p, union value *v)
{
	size_t at = 0;

	for (unsigned i = 0; i < 6; i++) {
		size_t end = at;
		uint64_t byte;

		while (end < p->n && p->s[end] != ':' && p->s[end] != '-')
			end++;
		if (!parse_hex(p->s + at, end - at, 2, &byte) || (end == p->n) != (i == 5))
			return (false);
		v->u = v->u << 8 | byte;
		at = end + 1;
	}
	return (true);
}

static bool
parse_dur(const struct parsing *p, union value *v)
{
	int64_t ns;

	if (!clock_parse_dur(p->s, p->n, &ns) || ns < 0 || ns % USEC != 0)
		return (false);
	v->u = (uint64_t)(ns / USEC);
	return (true);
}

static bool
word_value(enum type type, const char *s, size_t n, uint64_t *v)
{
	for (const struct name *w = names; w->word != NULL; w++)
		if (w->type == type && is_word(w->word, s, n)) {
			*v = w->value;
			return (true);
		}
	return (whole_number(s, n, NULL, UINT64_MAX, v));
}

static bool
parse_word(const struct parsing *p, union value *v)
{
	return (word_value(p->type, p->s, p->n, &v->u));
}

/* start,end or 0x3 or "." */
static bool
parse_flags(const struct parsing *p, union value *v)
{
	uint64_t one;

	if (is_word(NOTHING, p->s, p->n))
		return (true);
	for (size_t at = 0; at <= p->n;) {
		size_t end = at;

		while (end < p->n && p->s[end] != ',')
			end++;
		if (!word_value(p->type, p->s + at, end - at, &one))
			return (false);
		v->u |= one;
		at = end + 1;
	}
	return (p->n != 0);
}

/* SA, FSRPAUEC in any order.  Where letters differ only by case (TCP options), case counts. */
static bool
parse_initials(const struct parsing *p, union value *v)
{
	if (is_word(NOTHING, p->s, p->n))
		return (true);
	if (p->n != 0 && isdigit((unsigned char)p->s[0]))
		return (parse_u64(p, v));
	for (size_t i = 0; i < p->n; i++) {
		const struct name *w = names;
		char c = p->type == TYPE_TCPFL ? (char)toupper((unsigned char)p->s[i]) : p->s[i];

		while (w->word != NULL && (w->type != p->type || w->word[0] != c))
			w++;
		if (w->word == NULL)
			return (false);
		v->u |= w->value;
	}
	return (p->n != 0);
}

static bool
parse_letters(const struct parsing *p, union value *v)
{
	if (is_word(NOTHING, p->s, p->n))
		return (true);
	for (size_t i = 0; i < p->n; i++) {
		int c = tolower((unsigned char)p->s[i]);

		if (c < 'a' || c > 'z')
			return (false);
		v->u |= 1ull << (c - 'a');
	}
	return (p->n != 0);
}

static bool
parse_sides(const struct parsing *p, union value *v)
{
	for (v->u = 0; v->u < 4; v->u++)
		if (is_word(sides[v->u], p->s, p->n))
			return (true);
	return (whole_number(p->s, p->n, NULL, 3, &v->u));
}

static bool
parse_text(const struct parsing *p, union value *v)
{
	v->b = (struct blob){ (const uint8_t *)p->s, (uint32_t)p->n };
	return (true);
}

static bool
parse_int(const struct parsing *p, union value *v)
{
	struct number num;

	return (parse_number(p->s, p->n, NULL, &num) && number_i64(num, &v->i));
}

static bool
real_number(const struct parsing *p, const char *tail, double *r)
{
	struct number num;

	if (!parse_number(p->s, p->n, tail, &num))
		return (false);
	*r = number_real(&num);
	return (true);
}

static bool
parse_real(const struct parsing *p, union value *v)
{
	return (real_number(p, NULL, &v->r));
}

static bool
parse_pct(const struct parsing *p, union value *v)
{
	return (real_number(p, "%", &v->r));
}

static bool
parse_bps(const struct parsing *p, union value *v)
{
	return (real_number(p, "bps", &v->r) || real_number(p, "bit/s", &v->r));
}

static bool
parse_nothing(const struct parsing *p, union value *v)
{
	(void)p;
	(void)v;
	return (false);
}

/* --- by type */

static const struct as_text {
	void (*print)(struct buf *, const struct printing *);
	bool (*parse)(const struct parsing *, union value *);
	enum json_form json;
	const char *expected;
} as_text[TYPE_COUNT_] = {
#define AS_TEXT(type, print, parse, json, expected) [TYPE_##type] = { print_##print, parse_##parse, JSON_##json, expected },
#include "format/types.def"
};

void
value_print(struct buf *b, enum type type, const union value *v, const struct text_options *o, int prefix)
{
	const struct printing p = { type, v, o, prefix };

	as_text[type].print(b, &p);
}

enum json_form
type_json(enum type type)
{
	return (as_text[type].json);
}

const char *
type_unit(enum type type)
{
	return (type == TYPE_DUR ? "s" : type == TYPE_TIME ? "" : types[type].unit);
}

bool
type_is_number(enum type type)
{
	return (as_text[type].json == JSON_NUMBER);
}

bool
value_parse(enum type type, const char *s, size_t n, int64_t now, enum clock_zone zone, union value *v,
    const char **why)
{
	const struct parsing p = { type, s, n, now, zone };

	*v = (union value){ .u = 0 };
	if (as_text[type].parse(&p, v))
		return (true);
	*why = as_text[type].expected;
	return (false);
}
