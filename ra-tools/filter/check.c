/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check.c: what the words of a term mean, and whether the value fits the field: terms -> typed leaves.
 */
#include "ra-tools/filter/tree.h"

#include "format/types.h"

#include <ctype.h>
#include <arpa/inet.h>
#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define QUOTE(t) (int)((t)->n < 40 ? (t)->n : 40), (t)->p
#define SIGN	 (1ull << 63)
#define MANY	 8 /* fields of one word */

/* --- fields by name */

struct pick { /* a word may mean both sides */
	enum field f[2];
	unsigned n;
};

static const struct {
	const char *word, *name;
} spellings[] = {
	{ "host", "addr" },   { "net", "addr" },	 { "rtx", "rtx" },
	{ "retrans", "rtx" }, { "appbytes", "payload" },
};

/* The field `letter` + name; rtt_min is rtts_min and rttd_min. */
static enum field
sided(char letter, const char *name, size_t n)
{
	char word[64];
	int len;

	if (n > sizeof(word) - 3)
		return (F_NONE);
	if (n > 4 && strncasecmp(name, "rtt_", 4) == 0)
		len = snprintf(word, sizeof(word), "rtt%c_%.*s", letter, (int)n - 4, name + 4);
	else
		len = snprintf(word, sizeof(word), "%c%.*s", letter, (int)n, name);
	return (field_named(word, (size_t)len));
}

static struct pick
pick_fields(const struct token *t, enum side side)
{
	const char *name = t->p;
	size_t n = t->n;
	struct pick pick = { .n = 0 };

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		if (token_is(t, spellings[i].word)) {
			name = spellings[i].name;
			n = strlen(name);
		}
	pick.f[0] = side == SIDE_ANY ? field_named(name, n) : F_NONE;
	if (pick.f[0] != F_NONE) {
		pick.n = 1;
		return (pick);
	}
	pick.f[0] = sided('s', name, n);
	pick.f[1] = sided('d', name, n);
	if (pick.f[0] == F_NONE || pick.f[1] == F_NONE)
		return (pick);
	pick.n = side == SIDE_ANY || side == SIDE_BOTH ? 2 : 1;
	if (side == SIDE_DST)
		pick.f[0] = pick.f[1];
	return (pick);
}

/* A field of one side, as it is called where the side is said, or is either. */
static const char *
sideless(const char *name)
{
	enum field f = field_named(name, strlen(name));

	return (f != F_NONE && fields[f].twin != f ? name + 1 : name);
}

static bool
no_field(const struct check *c, const struct token *t, enum side side)
{
	const char *means = field_meant(t->p, t->n);

	if (means != NULL)
		(void)snprintf(c->error->instead, sizeof(c->error->instead), "%s", side == SIDE_ANY ? means : sideless(means));
	return (filter_fail(c->error, t, "no field is called \"%.*s\"; the nearest is `%s`",
			    QUOTE(t), field_nearest(t->p, t->n)));
}

/* --- comparisons */

/* The operators that make sense for a family, and the sentence when another one is used. */
static const struct {
	unsigned ops;
	const char *sentence;
} allowed[] = {
#define OPS_EQUAL (1u << OP_EQ | 1u << OP_NE)
#define OPS_ORDER (OPS_EQUAL | 1u << OP_LT | 1u << OP_LE | 1u << OP_GT | 1u << OP_GE)
	[FAMILY_MEASURE] = { OPS_ORDER, "is a number: expected =, !=, <, <=, > or >= after it" },
	[FAMILY_NUMBER] = { OPS_ORDER, "is a number: expected =, !=, <, <=, > or >= after it" },
	[FAMILY_WORDS] = { OPS_EQUAL, "has no order: expected = or != after it" },
	[FAMILY_FLAGS] = { OPS_EQUAL | 1u << OP_HAS,
			   "is a set of flags: expected =, != or has after it" },
	[FAMILY_BIT] = { OPS_EQUAL | 1u << OP_HAS,
			 "is a set of numbers: expected =, != or has after it" },
	[FAMILY_TEXT] = { OPS_EQUAL | 1u << OP_HAS, "is text: expected =, != or has after it" },
	[FAMILY_REAL] = { OPS_ORDER, "is a number: expected =, !=, <, <=, > or >= after it" },
	[FAMILY_ADDRESS] = { OPS_ORDER, "is an address: expected =, !=, <, <=, > or >= after it" },
};

/* op v as a closed range; false: no value is in it */
static bool
set_range(struct leaf *l, enum op op, uint64_t v)
{
	l->kind = LEAF_RANGE;
	l->invert = op == OP_NE;
	l->lo = op == OP_GT ? v + 1 : op == OP_EQ || op == OP_NE || op == OP_GE ? v : 0;
	l->hi = op == OP_LT ? v - 1 : op == OP_EQ || op == OP_NE || op == OP_LE ? v : UINT64_MAX;
	return (!(op == OP_GT && v == UINT64_MAX) && !(op == OP_LT && v == 0));
}

static void
set_real(struct leaf *l, enum op op, double v)
{
	l->kind = LEAF_REAL;
	l->invert = op == OP_NE;
	l->rlo = op == OP_GT ? nextafter(v, INFINITY) : op == OP_LT || op == OP_LE ? -INFINITY : v;
	l->rhi = op == OP_LT ? nextafter(v, -INFINITY) : op == OP_GT || op == OP_GE ? INFINITY : v;
}

static enum field
mask_of(enum field f)
{
	return (f == F_saddr ? F_smask : f == F_daddr ? F_dmask : F_NONE);
}

/* "10.1", "10.1.0.0/16", "fe80::/10", "10.0.0.1" */
static bool
parse_net(const struct token *t, struct ip *net, unsigned *len)
{
	char text[32];
	unsigned points = 0;
	int n;

	if (ip_parse_net(t->p, t->n, net, len))
		return (true);
	for (size_t i = 0; i < t->n; i++) {
		if (!isdigit((unsigned char)t->p[i]) && t->p[i] != '.')
			return (false);
		points += t->p[i] == '.';
	}
	if (points > 2 || t->n == 0 || t->n > 11)
		return (false);
	n = snprintf(text, sizeof(text), "%.*s/%u", (int)t->n, t->p, 8 * (points + 1));
	return (ip_parse_net(text, (size_t)n, net, len));
}

static bool
emit_net(const struct check *c, enum field f, const struct ip *net, unsigned len, bool invert)
{
	struct leaf l = { .kind = LEAF_NET,
			  .field = f,
			  .mask = mask_of(f),
			  .net = *net,
			  .len = len,
			  .invert = invert };

	emit_leaf(c->filter, &l);
	return (true);
}

/* Smaller and greater hold within a family: no IPv6 address is smaller than an IPv4 one. */
static bool
emit_ip_order(const struct check *c, enum field f, enum op op, const struct ip *ip)
{
	struct leaf l = { .kind = LEAF_ADDRS, .field = f, .mask = F_NONE };
	struct ip lo = ip_mask(ip, 0), hi = *ip, at = *ip;
	bool up = op == OP_GT || op == OP_GE;
	int step = op == OP_GT ? 1 : op == OP_LT ? -1 : 0;
	unsigned from = ip_is4(ip) ? 12 : 0;

	for (unsigned i = 16; step != 0 && i-- > from;) {
		at.b[i] = (uint8_t)(at.b[i] + step);
		if (at.b[i] != (step > 0 ? 0 : 0xff))
			step = 0;
		else if (i == from)
			l.kind = LEAF_NEVER; /* > the last or < the first */
	}
	for (unsigned i = from; up && i < 16; i++)
		hi.b[i] = 0xff;
	if (l.kind != LEAF_NEVER)
		l.addrs = up ? addrs_range(&at, &hi, &c->filter->arena)
			     : addrs_range(&lo, &at, &c->filter->arena);
	emit_leaf(c->filter, &l);
	return (true);
}

static bool
emit_ip(const struct check *c, enum field f, enum op op, const struct token *value)
{
	struct ip net;
	unsigned len;

	if (!parse_net(value, &net, &len))
		return (filter_fail(c->error, value,
				    "expected an address or a network, as 10.0.0.1 or 10.0.0.0/8"));
	if (op == OP_EQ || op == OP_NE)
		return (emit_net(c, f, &net, len, op == OP_NE));
	if (memchr(value->p, '/', value->n) != NULL)
		return (
		    filter_fail(c->error, value, "expected one address: a network has no order"));
	return (emit_ip_order(c, f, op, &net));
}

/* nfdump's millions are 1m, which is a minute or a thousandth elsewhere; argus's durations are seconds. */
static bool
wrong_value(const struct check *c, enum type type, const struct token *v, const char *why)
{
	size_t digits = 0;
	char *to = c->error->instead;

	while (digits < v->n && (isdigit((unsigned char)v->p[digits]) || v->p[digits] == '.'))
		digits++;
	if (digits > 0 && digits == v->n && type == TYPE_DUR)
		(void)snprintf(to, sizeof(c->error->instead), "%s%.*ss", v->p[0] == '.' ? "0" : "", QUOTE(v));
	else if (digits > 0 && digits + 1 == v->n && strchr("mgt", v->p[digits]) != NULL && type != TYPE_DUR)
		(void)snprintf(to, sizeof(c->error->instead), "%.*s%c", (int)(digits < 40 ? digits : 40), v->p, toupper((unsigned char)v->p[digits]));
	return (filter_fail(c->error, v, "expected %s", why));
}

static bool
emit_comparison(const struct check *c, enum field f, const struct term *t)
{
	const struct token *name = &t->field, *value = &t->value[0];
	enum op op = t->op;
	const struct field_info *info = &fields[f];
	enum family fam = types[info->type].family;
	struct leaf l = { .kind = LEAF_NEVER, .field = f, .mask = F_NONE };
	union value v;
	const char *why;

	if ((allowed[fam].ops >> op & 1) == 0)
		return (filter_fail(c->error, &t->operator, "`%.*s` %s", QUOTE(name),
				    allowed[fam].sentence));
	if (fam == FAMILY_ADDRESS)
		return (emit_ip(c, f, op, value));
	if (!value_parse(op == OP_HAS && fam == FAMILY_BIT ? TYPE_COUNT : info->type, value->p,
			 value->n, c->now, c->zone, &v, &why))
		return (wrong_value(c, info->type, value, why));
	if (f == F_rectype)
		c->filter->mar = true;
	switch (fam) {
	case FAMILY_REAL:
		set_real(&l, op, v.r);
		break;
	case FAMILY_TEXT:
		l.kind = op == OP_HAS ? LEAF_PART : LEAF_BYTES;
		l.invert = op == OP_NE;
		l.text = (struct blob){ arena_copy(&c->filter->arena, v.b.p, v.b.n), v.b.n };
		break;
	case FAMILY_BIT:
	case FAMILY_FLAGS:
		if (op == OP_HAS) {
			if (fam == FAMILY_BIT && v.u > 63)
				return (
				    filter_fail(c->error, value, "expected a number from 0 to 63"));
			l.kind = LEAF_BITS;
			l.lo = l.hi = fam == FAMILY_BIT ? 1ull << v.u : v.u;
			break;
		}
		/* FALLTHROUGH */
	default:
		if (!set_range(&l, op, info->store == STORE_I64 ? v.u ^ SIGN : v.u))
			l.kind = LEAF_NEVER;
	}
	emit_leaf(c->filter, &l);
	return (true);
}

/* --- pieces that words are made of */

static bool
emit_u64(const struct check *c, enum field f, uint64_t lo, uint64_t hi)
{
	struct leaf l = { .kind = LEAF_RANGE, .field = f, .mask = F_NONE, .lo = lo, .hi = hi };

	emit_leaf(c->filter, &l);
	return (true);
}

static bool
emit_known(const struct check *c, enum field f)
{
	struct leaf l = { .kind = LEAF_KNOWN, .field = f, .mask = F_NONE };

	emit_leaf(c->filter, &l);
	return (true);
}

/* Both sides, joined as the side says: `make` emits one of them. */
static bool
emit_sides(const struct check *c, enum side side, enum field s, enum field d,
	   bool (*make)(const struct check *, enum field, const void *), const void *arg)
{
	if (side != SIDE_DST && !make(c, s, arg))
		return (false);
	if (side != SIDE_SRC && !make(c, d, arg))
		return (false);
	if (side == SIDE_ANY || side == SIDE_BOTH)
		emit(c->filter, side == SIDE_ANY ? STEP_OR : STEP_AND);
	return (true);
}

struct span {
	struct ip net;
	unsigned len;
	uint64_t lo, hi;
	const struct addrs *addrs;
	enum field second[2]; /* of the source, of the destination */
};

static bool
make_net(const struct check *c, enum field f, const void *arg)
{
	const struct span *s = arg;

	return (emit_net(c, f, &s->net, s->len, false));
}

static bool
make_u64(const struct check *c, enum field f, const void *arg)
{
	const struct span *s = arg;

	return (emit_u64(c, f, s->lo, s->hi));
}

static bool
make_addrs(const struct check *c, enum field f, const void *arg)
{
	struct leaf l = { .kind = LEAF_ADDRS,
			  .field = f,
			  .mask = mask_of(f),
			  .addrs = ((const struct span *)arg)->addrs };

	emit_leaf(c->filter, &l);
	return (true);
}

static bool
make_known(const struct check *c, enum field f, const void *arg)
{
	(void)arg;
	return (emit_known(c, f));
}

/* A side that has two fields: SPI and the SPI before, outer and inner VLAN. */
static bool
make_either(const struct check *c, enum field f, const void *arg)
{
	const struct span *s = arg;

	emit_u64(c, f, s->lo, s->hi);
	emit_u64(c, f == F_sspi || f == F_svlan ? s->second[0] : s->second[1], s->lo, s->hi);
	emit(c->filter, STEP_OR);
	return (true);
}

/* Rows of IPv4 or IPv6: by their addresses; ARP and its like have addresses and are neither. */
static void
emit_family(const struct check *c, bool four)
{
	struct span s = { .len = 0 };

	if (four)
		s.net = ip_v4((const uint8_t[4]){ 0 });
	emit_sides(c, SIDE_ANY, F_saddr, F_daddr, make_net, &s);
	emit_u64(c, F_proto, 256, UINT64_MAX);
	emit(c->filter, STEP_NOT);
	emit(c->filter, STEP_AND);
}

static int
ip_word(const struct token *t)
{
	if (token_is(t, "ip") || token_is(t, "ip4") || token_is(t, "ipv4") || token_is(t, "inet"))
		return (4);
	return (token_is(t, "ip6") || token_is(t, "inet6") ? 6 : 0);
}

/* A protocol's name or number; ip and ip6 are the families. */
static bool
emit_proto(const struct check *c, const struct token *t)
{
	int proto = proto_named(t->p, t->n), word = ip_word(t);

	if (word != 0)
		emit_family(c, word == 4);
	else if (proto >= 0)
		emit_u64(c, F_proto, (uint64_t)proto, (uint64_t)proto);
	return (word != 0 || proto >= 0);
}

/* --- terms */

static bool
check_host(const struct check *c, const struct term *t)
{
	const struct token *v = &t->value[0];
	struct span s;

	if (!parse_net(v, &s.net, &s.len))
		return (filter_fail(
		    c->error, v,
		    t->about == ABOUT_HOST
			? "expected an address, as 10.0.0.1 or fe80::1 (names are not looked up)"
			: "expected an address or a network, as 10.1.0.0/16, 10.1 or fe80::/10"));
	return (emit_sides(c, t->side, F_saddr, F_daddr, make_net, &s));
}

/* The name of a service, in /etc/services. */
static bool
port_named(const char *p, size_t n, uint64_t *port)
{
	const struct servent *s;
	char name[64];

	if (n == 0 || n >= sizeof(name) || !isalpha((unsigned char)p[0]))
		return (false);
	memcpy(name, p, n);
	name[n] = '\0';
	if ((s = getservbyname(name, "tcp")) == NULL)
		s = getservbyname(name, "udp");
	if (s != NULL)
		*port = ntohs((uint16_t)s->s_port);
	return (s != NULL);
}

static bool
parse_port(const char *p, size_t n, uint64_t *port)
{
	union value v;
	const char *why;
	bool good = n != 0 && isdigit((unsigned char)p[0]) &&
		    value_parse(TYPE_PORT, p, n, 0, CLOCK_UTC, &v, &why);

	*port = good ? v.u : 0;
	return (good || port_named(p, n, port));
}

static bool
check_port(const struct check *c, const struct term *t)
{
	const struct token *v = &t->value[0];
	const char *dash = v->n > 0 && isdigit((unsigned char)v->p[0]) ? memchr(v->p, '-', v->n) : NULL;
	size_t head = dash == NULL ? v->n : (size_t)(dash - v->p);
	struct span s = { 0 };

	if (!parse_port(v->p, head, &s.lo) ||
	    (dash != NULL && !parse_port(dash + 1, v->n - head - 1, &s.hi)))
		return (filter_fail(
		    c->error, v, "expected a port from 0 to 65535, a range, as 80 or 8000-8080, or the name of a service"));
	if (dash == NULL)
		s.hi = s.lo;
	if (s.lo > s.hi)
		return (filter_fail(c->error, v, "expected the smaller port first, as 8000-8080"));
	return (emit_sides(c, t->side, F_sport, F_dport, make_u64, &s));
}

static bool
check_proto(const struct check *c, const struct term *t)
{
	if (!emit_proto(c, &t->value[0]))
		return (filter_fail(c->error, &t->value[0],
				    "expected a protocol, as tcp, 47 or 0x88cc"));
	return (true);
}

static bool
check_number(const struct check *c, const struct token *t, enum type type, uint64_t most,
	     const char *what, struct span *s)
{
	union value v;
	const char *why;

	if (!value_parse(type, t->p, t->n, 0, CLOCK_UTC, &v, &why) || v.u > most)
		return (filter_fail(c->error, t, "expected %s", what));
	s->lo = s->hi = v.u;
	return (true);
}

static bool
check_vlan(const struct check *c, const struct term *t)
{
	struct span s = { .second = { F_sivlan, F_divlan } };

	if (t->value[0].kind == TOK_END)
		return (emit_sides(c, t->side, F_svlan, F_dvlan, make_known, NULL));
	if (!check_number(c, &t->value[0], TYPE_COUNT, 4095, "a VLAN id from 0 to 4095", &s))
		return (false);
	return (emit_sides(c, t->side, F_svlan, F_dvlan, make_either, &s));
}

static bool
check_spi(const struct check *c, const struct term *t)
{
	struct span s = { .second = { F_sspi0, F_dspi0 } };

	if (!check_number(c, &t->value[0], TYPE_HEX32, UINT32_MAX, "an SPI, as 0x17e3e6f7", &s))
		return (false);
	return (emit_sides(c, t->side, F_sspi, F_dspi, make_either, &s));
}

/* Rows that carry other traffic: known as a tunnel, or by protocol. */
static void
emit_carrier(const struct check *c)
{
	static const uint8_t carriers[] = { 4, 41, 47, 50, 51, 97, 108, 115, 137 };

	emit_known(c, F_tunid);
	emit_u64(c, F_rectype, RECTYPE_TUN, RECTYPE_TUN);
	emit(c->filter, STEP_OR);
	for (size_t i = 0; i < sizeof(carriers); i++) {
		emit_u64(c, F_proto, carriers[i], carriers[i]);
		emit(c->filter, STEP_OR);
	}
}

/* tunnel, tunnel A, tunnel A B */
static bool
check_tunnel(const struct check *c, const struct term *t)
{
	struct span end[2];
	unsigned n = 0;

	for (; n < 2 && t->value[n].kind != TOK_END; n++)
		if (!parse_net(&t->value[n], &end[n].net, &end[n].len))
			return (filter_fail(c->error, &t->value[n],
					    "expected the address of a tunnel's end, as 10.0.0.1"));
	emit_carrier(c);
	if (n == 1)
		emit_sides(c, SIDE_ANY, F_saddr, F_daddr, make_net, &end[0]);
	for (unsigned i = 0; n == 2 && i < 2; i++) {
		make_net(c, F_saddr, &end[i]);
		make_net(c, F_daddr, &end[1 - i]);
		emit(c->filter, STEP_AND);
		if (i == 1)
			emit(c->filter, STEP_OR);
	}
	if (n != 0)
		emit(c->filter, STEP_AND);
	return (true);
}

static bool
check_file(const struct check *c, const struct term *t)
{
	const struct token *v = &t->value[0];
	struct pick pick = { { F_saddr, F_daddr }, 2 };
	enum side side = t->side;
	char path[4096], why[256];
	struct span s;

	if (!token_is(&t->field, "in") && !token_is(&t->field, "host") &&
	    !token_is(&t->field, "net")) {
		pick = pick_fields(&t->field, side);
		if (pick.n == 0)
			return (no_field(c, &t->field, SIDE_ANY));
		if (fields[pick.f[0]].type != TYPE_IP)
			return (
			    filter_fail(c->error, &t->field,
					"`%.*s` is no address: only addresses can be `in` a file",
					QUOTE(&t->field)));
		if (pick.n == 1)
			side = SIDE_SRC;
	}
	if (v->n >= sizeof(path)) /* the fields before it have been looked at */
		return (filter_fail(c->error, v, "expected a shorter file name"));
	memcpy(path, v->p, v->n);
	path[v->n] = '\0';
	s.addrs = addrs_read(path, &c->filter->arena, why, sizeof(why));
	if (s.addrs == NULL)
		return (filter_fail(c->error, v, "%s", why));
	if (addrs_none(s.addrs))
		c->filter->empty_list = arena_copy(&c->filter->arena, path, strlen(path) + 1);
	return (emit_sides(c, side, pick.f[0], pick.f[1], make_addrs, &s));
}

static bool
check_field(const struct check *c, const struct term *t)
{
	struct pick pick = pick_fields(&t->field, t->side);

	if (pick.n == 0)
		return (no_field(c, &t->field, t->side));
	if (token_is(&t->field, "duration") && strspn(t->value[0].p, "0123456789") >= t->value[0].n) {
		(void)snprintf(c->error->instead, sizeof(c->error->instead), "%.*sms", QUOTE(&t->value[0]));
		return (filter_fail(c->error, &t->value[0], "expected a duration with its unit, as 10ms or 5s"));
	}
	for (unsigned i = 0; i < pick.n; i++)
		if (!emit_comparison(c, pick.f[i], t))
			return (false);
	if (pick.n == 2)
		emit(c->filter, t->side == SIDE_BOTH ? STEP_AND : STEP_OR);
	return (true);
}

static bool
check_known(const struct check *c, const struct term *t)
{
	struct pick pick = pick_fields(&t->field, SIDE_ANY);

	if (pick.n == 0)
		return (no_field(c, &t->field, SIDE_ANY));
	emit_known(c, pick.f[0]);
	if (pick.n == 2) {
		emit_known(c, pick.f[1]);
		emit(c->filter, STEP_OR);
	}
	return (true);
}

/* --- single words */

/* Words for "one of these is not zero". */
static const struct {
	const char *word;
	enum field f[MANY]; /* ends with 0, which is rectype */
} counters[] = {
	{ "frag", { F_sfrags, F_dfrags } },
	{ "rekey", { F_srekeys, F_drekeys } },
	{ "rtx", { F_srtx, F_drtx } },
	{ "retrans", { F_srtx, F_drtx } },
	{ "dup", { F_sdup, F_ddup } },
	{ "ooo", { F_slate, F_dlate, F_sooo, F_dooo } },
	{ "reordered", { F_slate, F_dlate, F_sooo, F_dooo } },
	{ "gap", { F_capgap } },
	{ "roam", { F_sroam, F_droam } },
	{ "loss", { F_loss } },
	{ "sloss", { F_sloss } },
	{ "dloss", { F_dloss } },
};

static bool
emit_counter(const struct check *c, const struct token *t)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		if (!token_is(t, counters[i].word))
			continue;
		for (unsigned n = 0; n < MANY && counters[i].f[n] != 0; n++) {
			enum field f = counters[i].f[n];
			bool sign = fields[f].store == STORE_I64;

			emit_u64(c, f, sign ? SIGN + 1 : 1, UINT64_MAX);
			if (n != 0)
				emit(c->filter, STEP_OR);
		}
		return (true);
	}
	return (false);
}

/* Record types, states, and flags by their names in names.def. */
static bool
emit_name(const struct check *c, const struct token *t)
{
	static const struct {
		enum type type;
		enum field field;
	} where[] = { { TYPE_RECTYPE, F_rectype },
		      { TYPE_STATE, F_state },
		      { TYPE_RFLAGS, F_flags },
		      { TYPE_HEALTH, F_health },
		      { TYPE_SPIFL, F_spiflags } };

	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++)
		for (const struct name *n = names; n->word != NULL; n++) {
			struct leaf l = { .kind = n->flag ? LEAF_BITS : LEAF_RANGE,
					  .field = where[i].field,
					  .mask = F_NONE,
					  .lo = n->value,
					  .hi = n->value };

			if (n->type != where[i].type || !token_is(t, n->word))
				continue;
			if (n->type == TYPE_RECTYPE && n->value == RECTYPE_MAR)
				c->filter->mar = true;
			emit_leaf(c->filter, &l);
			return (true);
		}
	return (false);
}

static bool
unknown_word(const struct check *c, const struct token *t)
{
	const char *means = field_meant(t->p, t->n);
	uint64_t port;

	if (token_is(t, "man")) { /* argus's */
		(void)snprintf(c->error->instead, sizeof(c->error->instead), "mar");
		return (filter_fail(c->error, t, "records of the probe itself are `mar`"));
	}
	if (token_is(t, "dns") || port_named(t->p, t->n, &port)) {
		(void)snprintf(c->error->instead, sizeof(c->error->instead), "port %.*s", QUOTE(t));
		if (token_is(t, "dns"))
			(void)snprintf(c->error->instead, sizeof(c->error->instead), "port domain");
		return (filter_fail(c->error, t, "\"%.*s\" is a service: it has a port", QUOTE(t)));
	}
	if (means != NULL && type_is_number((enum type)fields[field_named(means, strlen(means))].type))
		(void)snprintf(c->error->instead, sizeof(c->error->instead), "%s > 0", sideless(means));
	if (t->n != 0 && isdigit((unsigned char)t->p[0]))
		return (filter_fail(
		    c->error, t,
		    "expected `host`, `net`, `port` or another word before the value \"%.*s\"",
		    QUOTE(t)));
	return (filter_fail(c->error, t,
			    "\"%.*s\" is no word of the filter, no protocol and no field "
			    "(the nearest field is `%s`)",
			    QUOTE(t), field_nearest(t->p, t->n)));
}

static bool check_one(const struct check *, const struct term *);

/* The word as a value of the list it stands in: `port 80 or 443`.  false: nothing is emitted. */
static bool
listed(const struct check *c, const struct term *t, struct filter_error *error)
{
	unsigned leaves = c->filter->leaves, steps = c->filter->steps;
	struct check inner = *c;
	struct term copy;

	if (t->list < 0)
		return (false);
	copy = c->tree->term[t->list];
	if (copy.about == ABOUT_FILE || copy.about == ABOUT_TUNNEL)
		return (false);
	copy.value[0] = t->field;
	inner.error = error;
	if (check_one(&inner, &copy))
		return (true);
	c->filter->leaves = leaves;
	c->filter->steps = steps;
	return (false);
}

/* The last thing that a word can be. */
static bool
check_listed(const struct check *c, const struct term *t)
{
	struct filter_error error = { .text = "" };
	const struct token *v = &t->field;

	if (listed(c, t, &error))
		return (true);
	if (error.text[0] == '\0' || v->n == 0 || (!t->inside && !isdigit((unsigned char)v->p[0])))
		return (unknown_word(c, v));
	*c->error = error;
	return (false);
}

static bool
check_word(const struct check *c, const struct term *t)
{
	const struct token *w = &t->field;
	struct filter_error scratch;
	struct term host = *t;
	struct ip net;
	unsigned len;
	bool digit = w->n != 0 && isdigit((unsigned char)w->p[0]);

	if (w->quoted)
		return (check_listed(c, t));
	if (t->inside && listed(c, t, &scratch))
		return (true);
	if (emit_counter(c, w) || emit_name(c, w))
		return (true);
	if (token_is(w, "ipv6")) { /* the family, not protocol 41, which `proto ipv6` is */
		emit_family(c, false);
		return (true);
	}
	if ((!digit || token_is(w, "6in4")) && emit_proto(c, w))
		return (true);
	if (ip_parse_net(w->p, w->n, &net, &len)) {
		enum about about = t->list < 0 ? ABOUT_WORD : c->tree->term[t->list].about;

		if (about == ABOUT_HOST || about == ABOUT_NET || about == ABOUT_FIELD)
			return (check_listed(c, t));
		host.about = ABOUT_NET;
		host.value[0] = *w;
		return (check_host(c, &host));
	}
	if (!digit && pick_fields(w, SIDE_ANY).n != 0)
		return (filter_fail(
		    c->error, w,
		    "expected an operator and a value after the field, as `%.*s > 0`, or "
		    "`has %.*s`",
		    QUOTE(w), QUOTE(w)));
	return (check_listed(c, t));
}

static bool
check_one(const struct check *c, const struct term *t)
{
	static bool (*const by[])(const struct check *, const struct term *) = {
		[ABOUT_WORD] = check_word,   [ABOUT_FIELD] = check_field,
		[ABOUT_KNOWN] = check_known, [ABOUT_HOST] = check_host,
		[ABOUT_NET] = check_host,    [ABOUT_PORT] = check_port,
		[ABOUT_PROTO] = check_proto, [ABOUT_VLAN] = check_vlan,
		[ABOUT_SPI] = check_spi,     [ABOUT_TUNNEL] = check_tunnel,
		[ABOUT_FILE] = check_file,
	};
	bool qualified = t->proto.kind != TOK_END;

	if (qualified && (isdigit((unsigned char)t->proto.p[0]) || !emit_proto(c, &t->proto)))
		return (
		    filter_fail(c->error, &t->proto,
				"\"%.*s\" is no protocol: expected one before `%.*s`, or `and` or "
				"`or` between them",
				QUOTE(&t->proto), QUOTE(&t->field)));
	if (!by[t->about](c, t))
		return (false);
	if (qualified)
		emit(c->filter, STEP_AND);
	return (true);
}

bool
check_term(const struct check *c, const struct term *t)
{
	return (check_one(c, t));
}
