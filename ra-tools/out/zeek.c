/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zeek.c: conn.log: names, order and meaning are those that Zeek documents (base/protocols/conn, and community-id).
 */
#include "ra-tools/out/zeek.h"

#include "format/base/json.h"
#include "format/base/plain.h"

#include <stdio.h>
#include <string.h>

#define ULL(v) ((unsigned long long)(v))

enum { TCP = 6, UDP = 17, ICMP = 1, ICMP6 = 58 };

static const struct {
	const char *name, *type;
} columns[] = {
	{ "ts", "time" },
	{ "uid", "string" },
	{ "id.orig_h", "addr" },
	{ "id.orig_p", "port" },
	{ "id.resp_h", "addr" },
	{ "id.resp_p", "port" },
	{ "proto", "enum" },
	{ "service", "string" },
	{ "duration", "interval" },
	{ "orig_bytes", "count" },
	{ "resp_bytes", "count" },
	{ "conn_state", "string" },
	{ "local_orig", "bool" },
	{ "local_resp", "bool" },
	{ "missed_bytes", "count" },
	{ "history", "string" },
	{ "orig_pkts", "count" },
	{ "orig_ip_bytes", "count" },
	{ "resp_pkts", "count" },
	{ "resp_ip_bytes", "count" },
	{ "tunnel_parents", "set[string]" },
	{ "ip_proto", "count" },
	{ "community_id", "string" },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct line { /* one row on its way */
	struct sheet *s;
	const struct batch *b;
	uint32_t r;
	unsigned n; /* columns so far */
	struct json json;
};

static bool
here(const struct line *l, enum field f)
{
	return (column_has(l->b->col[f], l->r));
}

static union value
value(const struct line *l, enum field f)
{
	return (here(l, f) ? column_value(l->b->col[f], l->r) : (union value){ .u = 0 });
}

/* --- cells: what is not set is - in a table, and no key in JSON */

static void
cell(struct line *l, const void *p, size_t n)
{
	if (l->s->zeek->json) {
		json_raw(&l->json, columns[l->n].name, p, n);
	} else {
		buf_str(&l->s->out, l->n > 0 ? "\t" : "");
		buf_add(&l->s->out, p, n);
	}
	l->n++;
}

static void
unset(struct line *l)
{
	if (l->s->zeek->json)
		l->n++;
	else
		cell(l, "-", 1);
}

static void
number(struct line *l, const char *digits)
{
	cell(l, digits, strlen(digits));
}

static void
count(struct line *l, uint64_t v)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%llu", ULL(v));
	number(l, digits);
}

static void
word(struct line *l, const void *p, size_t n)
{
	if (l->s->zeek->json) {
		json_bytes(&l->json, columns[l->n++].name, p, n);
		return;
	}
	cell(l, "", 0);
	buf_plain(&l->s->out, p, n);
}

static void
words(struct line *l, const char *text)
{
	if (text == NULL || *text == '\0')
		unset(l);
	else
		word(l, text, strlen(text));
}

static void
address(struct line *l, enum field f)
{
	char text[IP_TEXT];
	union value v = value(l, f);

	if (here(l, f))
		word(l, text, ip_text(&v.ip, text));
	else
		unset(l);
}

/* --- what Zeek says of a flow */

/* A C and the id in 11 digits of base 62: the same in every run. */
static void
uid(struct line *l)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	uint64_t v = value(l, F_flowid).u;
	char text[13] = "C";

	for (unsigned i = 11; i > 0; i--, v /= 62)
		text[i] = digits[v % 62];
	text[12] = '\0';
	words(l, here(l, F_flowid) ? text : NULL);
}

/* The type of the answer to a type of request; -1: there is none, and the code counts. */
static int
answer(uint64_t proto, uint64_t type)
{
	static const struct {
		uint8_t proto, type, answer;
	} pairs[] = {
		{ ICMP, 8, 0 },	     { ICMP, 10, 9 },	  { ICMP, 13, 14 },    { ICMP, 15, 16 },    { ICMP, 17, 18 },
		{ ICMP6, 128, 129 }, { ICMP6, 130, 131 }, { ICMP6, 133, 134 }, { ICMP6, 135, 136 }, { ICMP6, 139, 140 },
		{ ICMP6, 144, 145 },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i].proto != proto)
			continue;
		if (pairs[i].type == type)
			return (pairs[i].answer);
		if (pairs[i].answer == type)
			return (pairs[i].type);
	}
	return (-1);
}

/* Of ICMP: the type, and the type of the answer or the code.  What has no ports has 0. */
static void
port(struct line *l, bool orig)
{
	uint64_t proto = value(l, F_proto).u, type = value(l, F_icmptype).u;
	int other = answer(proto, type);

	if (proto != ICMP && proto != ICMP6)
		count(l, value(l, orig ? F_sport : F_dport).u);
	else if (orig)
		count(l, type);
	else
		count(l, other >= 0 ? (uint64_t)other : value(l, F_icmpcode).u);
}

static void
proto(struct line *l)
{
	switch (value(l, F_proto).u) {
	case TCP:
		words(l, "tcp");
		break;
	case UDP:
		words(l, "udp");
		break;
	case ICMP:
	case ICMP6:
		words(l, "icmp");
		break;
	default:
		words(l, "unknown_transport");
	}
}

/* What was seen in the payload; a port says nothing. */
static const char *
service(const struct line *l)
{
	uint64_t p = value(l, F_proto).u;

	if ((p == TCP || p == UDP) && value(l, F_q).u + value(l, F_r).u > 0)
		return ("dns");
	if (p != UDP)
		return (NULL);
	if (value(l, F_sikeq).u + value(l, F_dikeq).u + value(l, F_siker).u + value(l, F_diker).u > 0)
		return ("ike");
	if (here(l, F_sssrc) || here(l, F_dssrc) || column_mixed(l->b->col[F_sssrc], l->r) || column_mixed(l->b->col[F_dssrc], l->r))
		return ("rtp");
	return (here(l, F_tunid) ? "wireguard" : NULL); /* of all that travels in UDP, only this has no protocol of its own here */
}

/* Of TCP by sequence numbers: with what the capture missed. */
static uint64_t
payload(const struct line *l, enum field all, enum field fresh, enum field gap)
{
	if (value(l, F_proto).u != TCP || !here(l, fresh))
		return (value(l, all).u);
	return (value(l, fresh).u + (value(l, gap).i > 0 ? value(l, gap).u : 0));
}

static void
size(struct line *l, uint64_t bytes)
{
	if (value(l, F_dur).u > 0)
		count(l, bytes);
	else
		unset(l); /* Zeek's rule */
}

static void
conn_state(struct line *l)
{
	uint64_t p = value(l, F_proto).u;
	bool orig = value(l, F_spkts).u > 0, resp = value(l, F_dpkts).u > 0;

	if (p == TCP)
		words(l, here(l, F_conn) ? name_word(TYPE_CONN, value(l, F_conn).u) : NULL);
	else if (p == UDP)
		words(l, orig ? (resp ? "SF" : "S0") : resp ? "SHR" : "OTH");
	else
		words(l, "OTH");
}

static void
missed(struct line *l)
{
	int64_t bytes = value(l, F_sgap).i + value(l, F_dgap).i;

	count(l, bytes > 0 ? (uint64_t)bytes : 0);
}

static void
history(struct line *l)
{
	const struct zeek *z = l->s->zeek;
	uint64_t p = value(l, F_proto).u;
	union value v = value(l, F_hist);

	if (p == UDP)
		words(l, value(l, F_spayload).u > 0 ? (value(l, F_dpayload).u > 0 ? "Dd" : "D") : value(l, F_dpayload).u > 0 ? "d" : NULL);
	else if (here(l, F_hist) && v.b.n > 0)
		word(l, v.b.p, v.b.n);
	else if (column_mixed(l->b->col[F_hist], l->r) && here(l, F_flowid) && z->history != NULL)
		words(l, z->history(z->arg, value(l, F_flowid).u));
	else
		unset(l);
}

static void
head(struct sheet *s)
{
	if (s->zeek->json || s->bare)
		return;
	buf_str(&s->out, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields");
	for (size_t i = 0; i < COLUMNS; i++)
		buf_printf(&s->out, "\t%s", columns[i].name);
	buf_str(&s->out, "\n#types");
	for (size_t i = 0; i < COLUMNS; i++)
		buf_printf(&s->out, "\t%s", columns[i].type);
	buf_str(&s->out, "\n");
}

static void
row(struct sheet *s, const struct batch *b, uint32_t r)
{
	struct line l = { .s = s, .b = b, .r = r, .json = json_to(&s->out) };
	char text[CLOCK_TEXT];
	union value v;

	if (s->zeek->json)
		json_open(&l.json, NULL, '{');
	(void)clock_epoch(value(&l, F_stime).i, 6, text);
	number(&l, text);
	uid(&l);
	address(&l, F_saddr);
	port(&l, true);
	address(&l, F_daddr);
	port(&l, false);
	proto(&l);
	words(&l, service(&l));
	(void)clock_dur(value(&l, F_dur).u, 6, text);
	if (value(&l, F_dur).u > 0)
		number(&l, text);
	else
		unset(&l);
	size(&l, payload(&l, F_spayload, F_snewbytes, F_sgap));
	size(&l, payload(&l, F_dpayload, F_dnewbytes, F_dgap));
	conn_state(&l);
	unset(&l); /* which networks are local nobody said */
	unset(&l);
	missed(&l);
	history(&l);
	count(&l, value(&l, F_spkts).u);
	count(&l, value(&l, F_sipbytes).u);
	count(&l, value(&l, F_dpkts).u);
	count(&l, value(&l, F_dipbytes).u);
	unset(&l);
	if (here(&l, F_proto) && value(&l, F_proto).u < 256)
		count(&l, value(&l, F_proto).u);
	else
		unset(&l);
	v = value(&l, F_cid);
	if (here(&l, F_cid))
		word(&l, v.b.p, v.b.n);
	else
		unset(&l);
	if (s->zeek->json)
		json_close(&l.json, '}');
	buf_u8(&s->out, '\n');
	sheet_ready(s);
}

static void
tail(struct sheet *s)
{
	sheet_flush(s);
}

const struct out out_zeek = { .name = "zeek", .head = head, .row = row, .tail = tail };
