/* SPDX-License-Identifier: BSD-2-Clause
 *
 * drill.c: the way down from a row, as text.
 */
#include "ra-tools/report/drill.h"

#include "format/base/clock.h"
#include "format/types.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
	P_ICMP = 1,
	P_IGMP = 2,
	P_TCP = 6,
	P_UDP = 17,
	P_ESP = 50,
	P_AH = 51,
	P_ICMP6 = 58,
	P_PIM = 103,
	P_SCTP = 132
};

static const uint16_t looked_at[] = { F_proto,	F_saddr,    F_daddr,	 F_sport,     F_dport,
				      F_smask,	F_dmask,    F_smac,	 F_dmac,      F_dencap,
				      F_spkts,	F_dpkts,    F_sfragatom, F_dfragatom, F_svlan,
				      F_sencap, F_vrf,	    F_sfrags,	 F_dfrags,    F_tunid,
				      F_flowid, F_icmptype, F_icmpcode,	 F_icmpid };

void
drill_want(struct fieldset *s)
{
	for (size_t i = 0; i < sizeof(looked_at) / sizeof(looked_at[0]); i++)
		fieldset_want(s, looked_at[i]);
}

static bool
has(const struct batch *b, enum field f, uint32_t r)
{
	return (column_has(b->col[f], r));
}

static bool
keyed(const struct keys *k, enum field f)
{
	for (unsigned i = 0; i < k->n; i++)
		if (k->part[i].field == f)
			return (true);
	return (false);
}

static void and (struct buf * to, size_t start)
{
	if (to->len > start)
		buf_str(to, " and ");
}

static void
print(const struct batch *b, enum field f, uint32_t r, int prefix, struct buf *to)
{
	static const struct text_options plain = { .digits = 9, .epoch = true };
	union value v = column_value(b->col[f], r);

	value_print(to, fields[f].type, &v, &plain, prefix);
}

static void
word_and_value(const char *word, const struct batch *b, enum field f, uint32_t r, size_t start,
	       struct buf *to)
{
	and(to, start);
	buf_str(to, word);
	print(b, f, r, -1, to);
}

/* --- both languages: addresses and ports ---------------------------------------------------------- */

static void
one_address(const struct batch *b, bool src, uint32_t r, size_t start, struct buf *to)
{
	enum field addr = src ? F_saddr : F_daddr, mask = src ? F_smask : F_dmask;

	if (!has(b, addr, r))
		return;
	and(to, start);
	buf_printf(to, "%s %s ", src ? "src" : "dst", has(b, mask, r) ? "net" : "host");
	print(b, addr, r, has(b, mask, r) ? (int)b->col[mask]->u[r] : -1, to);
}

/* Either way round; where both ends are equal, `host A` alone would be half of what is meant. */
static void
either_way(const char *word, const struct batch *b, enum field s, enum field d, uint32_t r,
	   size_t start, struct buf *to)
{
	bool same = false;

	if (!has(b, s, r) || !has(b, d, r))
		return;
	if (fields[s].type == TYPE_IP)
		same = memcmp(&b->col[s]->ip[r], &b->col[d]->ip[r], sizeof(struct ip)) == 0;
	else
		same = b->col[s]->u[r] == b->col[d]->u[r];
	and(to, start);
	buf_printf(to, "%s%s ", same ? "src " : "", word);
	print(b, s, r, -1, to);
	buf_printf(to, " and %s%s ", same ? "dst " : "", word);
	print(b, d, r, -1, to);
}

/* The address or the port of an end, whichever it is. */
static void
either_end(const struct keys *k, const struct batch *b, enum field f, uint32_t r, size_t start, struct buf *to)
{
	bool net = f == F_saddr && has(b, F_smask, r);

	if (!keyed(k, f) || !has(b, f, r))
		return;
	and(to, start);
	buf_str(to, f == F_sport ? "port " : net ? "net " : "host ");
	print(b, f, r, net ? (int)b->col[F_smask]->u[r] : -1, to);
}

static void
addresses(const struct keys *k, const struct batch *b, uint32_t r, size_t start, struct buf *to)
{
	if (k->ends) {
		either_end(k, b, F_saddr, r, start, to);
		return;
	}
	if (k->turn || k->halves) {
		either_way("host", b, F_saddr, F_daddr, r, start, to);
		return;
	}
	if (keyed(k, F_saddr))
		one_address(b, true, r, start, to);
	if (keyed(k, F_daddr))
		one_address(b, false, r, start, to);
}

static void
ports(const struct keys *k, const struct batch *b, uint32_t r, size_t start, struct buf *to)
{
	if (k->ends) {
		either_end(k, b, F_sport, r, start, to);
		return;
	}
	if (k->turn && keyed(k, F_sport)) {
		either_way("port", b, F_sport, F_dport, r, start, to);
		return;
	}
	if (keyed(k, F_sport) && has(b, F_sport, r))
		word_and_value("src port ", b, F_sport, r, start, to);
	if (keyed(k, F_dport) && has(b, F_dport, r))
		word_and_value("dst port ", b, F_dport, r, start, to);
}

/* --- pavo-filter(7) ------------------------------------------------------------------------------- */

static void
macs(const struct batch *b, uint32_t r, size_t start, struct buf *to)
{
	and(to, start);
	if (!has(b, F_smac, r) || !has(b, F_dmac, r)) {
		buf_str(to, "not has smac");
		return;
	}
	for (int turn = 0; turn < 2; turn++) {
		buf_str(to, turn == 0 ? "(smac = " : " or smac = ");
		print(b, turn == 0 ? F_smac : F_dmac, r, -1, to);
		buf_str(to, " and dmac = ");
		print(b, turn == 0 ? F_dmac : F_smac, r, -1, to);
	}
	buf_u8(to, ')');
}

static bool
could_have_ports(const struct batch *b, uint32_t r)
{
	uint64_t proto = batch_u64(b, F_proto, r);

	return (has(b, F_proto, r) &&
		(proto == P_ESP || proto == P_TCP || proto == P_UDP || proto == P_SCTP));
}

static bool
is_icmp(const struct batch *b, uint32_t r)
{
	uint64_t proto = batch_u64(b, F_proto, r);

	return (proto == P_ICMP || proto == P_ICMP6);
}

static bool
said_otherwise(const struct keys *k, enum field f)
{
	switch (f) {
	case F_proto:
	case F_saddr:
	case F_daddr:
	case F_sport:
	case F_dport:
	case F_smask:
	case F_dmask:
	case F_skmac:
	case F_dkmac:
		return (true);
	case F_probe: /* where the input has several, by whoever asks */
		return (k->quiet);
	case F_tunid: /* the conversation of a tunnel's gateways says it in words */
		return (keyed(k, F_proto));
	case F_sspi: /* of a half: it may be on either side of a record */
		return (k->halves);
	default:
		return (false);
	}
}

static void
other_field(const struct keys *k, const struct batch *b, enum field f, uint32_t r, size_t start,
	    struct buf *to)
{
	const char *quote = "";

	if (has(b, f, r)) {
		if (f == F_vrf && k->turn && batch_u64(b, f, r) == 0)
			return;
		and(to, start);
		if (fields[f].store == STORE_BLOB)
			quote = memchr(b->col[f]->b[r].p, '"', b->col[f]->b[r].n) == NULL ? "\"" : "'";
		buf_printf(to, "%s = %s", fields[f].name, quote);
		print(b, f, r, -1, to);
		buf_str(to, quote);
	} else if ((!k->turn || (f == F_icmptype && is_icmp(b, r))) &&
		   !column_mixed(b->col[f], r)) {
		and(to, start);
		buf_printf(to, "not has %s", fields[f].name);
	}
}

static void
lacks(const struct keys *k, const struct batch *b, enum field f, uint32_t r, size_t start,
      struct buf *to)
{
	if (!keyed(k, f) || has(b, f, r))
		return;
	and(to, start);
	buf_printf(to, "not has %s", fields[f].name);
}

static bool
is_mask(enum field f)
{
	return (f == F_smask || f == F_dmask);
}

/* All parts of the key are those of one end. */
static void
one_end(const struct keys *k, const struct batch *b, uint32_t r, size_t start, struct buf *to)
{
	and(to, start);
	for (int side = 0; side < 2; side++) {
		size_t from = to->len + (side == 0 ? 2 : 5);

		buf_str(to, side == 0 ? "((" : " or (");
		for (unsigned i = 0; i < k->n; i++) {
			enum field f = k->part[i].field, name = side == 0 ? f : key_twin(f);
			bool text = fields[f].store == STORE_BLOB;

			if (key_twin(f) == f || is_mask(f) || column_mixed(b->col[f], r))
				continue;
			and(to, from);
			if (!has(b, f, r)) {
				buf_printf(to, "not has %s", fields[name].name);
				continue;
			}
			buf_printf(to, "%s = %s", fields[name].name, text ? "\"" : "");
			print(b, f, r, f == F_saddr && has(b, F_smask, r) ? (int)b->col[F_smask]->u[r] : -1, to);
			buf_str(to, text ? "\"" : "");
		}
		buf_str(to, side == 0 ? ")" : "))");
	}
}

static void
ends_filter(const struct keys *k, const struct batch *b, uint32_t r, size_t start, struct buf *to)
{
	unsigned parts = 0;
	bool words = false;

	for (unsigned i = 0; i < k->n; i++) {
		enum field f = k->part[i].field;

		parts += key_twin(f) != f && !is_mask(f);
		words |= (f == F_saddr || f == F_sport) && has(b, f, r);
	}
	if (keyed(k, F_proto) && has(b, F_proto, r))
		word_and_value("proto ", b, F_proto, r, start, to);
	if (parts > 1 || !words) {
		one_end(k, b, r, start, to);
	} else {
		addresses(k, b, r, start, to);
		ports(k, b, r, start, to);
	}
	for (unsigned i = 0; i < k->n; i++)
		if (key_twin(k->part[i].field) == k->part[i].field && !said_otherwise(k, k->part[i].field))
			other_field(k, b, k->part[i].field, r, start, to);
}

void
drill_filter(const struct keys *k, const struct batch *b, uint32_t r, struct buf *to)
{
	size_t start = to->len;

	if (k->ends) {
		ends_filter(k, b, r, start, to);
		return;
	}
	if (keyed(k, F_proto) && has(b, F_proto, r))
		word_and_value("proto ", b, F_proto, r, start, to);
	addresses(k, b, r, start, to);
	lacks(k, b, F_saddr, r, start, to);
	lacks(k, b, F_daddr, r, start, to);
	if (keyed(k, F_skmac) && !has(b, F_saddr, r))
		macs(b, r, start, to);
	ports(k, b, r, start, to);
	if (!k->turn) {
		lacks(k, b, F_sport, r, start, to);
		lacks(k, b, F_dport, r, start, to);
	}
	if (k->turn && keyed(k, F_sport) && !has(b, F_sport, r) && could_have_ports(b, r)) {
		and(to, start); /* ESP, and not the ESP in UDP between the same gateways */
		buf_str(to, "not has sport");
	}
	if (k->halves && has(b, F_sspi, r))
		word_and_value("spi ", b, F_sspi, r, start, to);
	for (unsigned i = 0; i < k->n; i++)
		if (!said_otherwise(k, k->part[i].field))
			other_field(k, b, k->part[i].field, r, start, to);
}

void
drill_flow(const struct batch *b, uint32_t r, struct buf *to)
{
	if (has(b, F_flowid, r))
		word_and_value("flowid = ", b, F_flowid, r, to->len, to);
}

/* --- pcap-filter(7) ------------------------------------------------------------------------------- */

/* Words for a step of encapsulation.  `port`: they name one, which further fragments of such a tunnel do not have. */
static const struct wrap {
	const char *name, *word;
	bool port;
} moves[] = { { "q", "vlan and ", false }, /* these move the rest of the filter behind a header */
	      { "mpls", "mpls and ", false },
	      { "pppoe", "pppoes and ", false },
	      { "geneve", "geneve and ", true } },
  stops[] = { { "gre", "ip proto 47", false }, /* and behind these nothing can be said */
	      { "vxlan", "udp port 4789 or udp port 8472", true },
	      { "pw", "greater 0", false },
	      { "pbb", "ether proto 0x88e7", false },
	      { "vntag", "ether proto 0x8926", false },
	      { "fabricpath", "ether proto 0x8903", false },
	      { "cmd", "ether proto 0x8909", false } };

static const char *
word_for(const struct wrap *wraps, size_t count, const char *step, size_t n, bool frags)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(wraps[i].name);

		if (n >= len && memcmp(step, wraps[i].name, len) == 0 &&
		    (n == len || step[len] == ':' || isdigit((unsigned char)step[len])))
			return (wraps[i].port && frags ? NULL : wraps[i].word);
	}
	return (NULL);
}

/* false: a header can not be looked behind, and `to` is all that can be said. */
static bool
behind(const char *encap, size_t n, bool frags, struct buf *to)
{
	while (n > 0) {
		const char *slash = memchr(encap, '/', n), *word;
		size_t len = slash != NULL ? (size_t)(slash - encap) : n;

		if (n == 3 && memcmp(encap, "udp", 3) == 0)
			return (true); /* ESP in UDP: its ports are those of the flow */
		word = word_for(moves, sizeof(moves) / sizeof(moves[0]), encap, len, frags);
		if (word == NULL) {
			word = word_for(stops, sizeof(stops) / sizeof(stops[0]), encap, len, frags);
			buf_str(to, word != NULL ? word : "ip or ip6");
			return (false);
		}
		buf_str(to, word);
		n -= slash != NULL ? len + 1 : len;
		encap += len + 1;
	}
	return (true);
}

static const char *
protocol_word(uint64_t proto)
{
	static const struct {
		uint8_t proto;
		const char *word;
	} words[] = { { P_ICMP, "icmp" },   { P_IGMP, "igmp" }, { P_TCP, "tcp" },
		      { P_UDP, "udp" },	    { P_ESP, "esp" },	{ P_AH, "ah" },
		      { P_ICMP6, "icmp6" }, { P_PIM, "pim" },	{ P_SCTP, "sctp" } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].proto == proto)
			return (words[i].word);
	return (NULL);
}

static void
bpf_protocol(const struct batch *b, uint32_t r, size_t start, struct buf *to)
{
	uint64_t proto = batch_u64(b, F_proto, r);

	if (!has(b, F_proto, r) || (proto > 255 && proto < 0x600) ||
	    proto > 0xffff) /* the last are no Ethernet types, but ours */
		return;
	if (proto == P_ESP && has(b, F_sport, r))
		proto = P_UDP; /* it travels in UDP */
	and(to, start);
	if (protocol_word(proto) != NULL)
		buf_str(to, protocol_word(proto));
	else if (proto < 256)
		buf_printf(to, "(ip proto %u or ip6 proto %u)", (unsigned)proto, (unsigned)proto);
	else if (proto == 0x0806)
		buf_str(to, "arp");
	else
		buf_printf(to, "ether proto 0x%04x", (unsigned)proto);
}

/* The packet itself, whatever it is wrapped in. */
static void
bpf_packet(const struct keys *k, const struct batch *b, uint32_t r, struct buf *to)
{
	bool flow = keyed(k, F_tunid) || keyed(k, F_flowid);
	bool v6 = has(b, F_saddr, r) && !ip_is4(&b->col[F_saddr]->ip[r]);
	uint64_t frags = batch_u64(b, F_sfrags, r) + batch_u64(b, F_dfrags, r) +
			 batch_u64(b, F_sfragatom, r) + batch_u64(b, F_dfragatom, r);

	/* further fragments have no ports, and behind a fragment header that language sees no protocol */
	if ((flow || keyed(k, F_proto)) && !(v6 && frags > 0))
		bpf_protocol(b, r, 0, to);
	if (flow)
		either_way("host", b, F_saddr, F_daddr, r, 0, to);
	else
		addresses(k, b, r, 0, to);
	if (frags > 0)
		return;
	if (flow)
		either_way("port", b, F_sport, F_dport, r, 0, to);
	else
		ports(k, b, r, 0, to);
}

/* What this side's packets are wrapped in.  false: that language can not look inside, and `to` is all that it
 * can say. */
static bool
wrapping(const struct batch *b, enum field encap, enum field pkts, uint32_t r, struct buf *to)
{
	bool frags = batch_u64(b, F_sfrags, r) + batch_u64(b, F_dfrags, r) > 0;
	struct blob v;

	if (!has(b, encap, r) && batch_u64(b, pkts, r) == 0) /* it sent nothing: as the other */
		encap = encap == F_sencap ? F_dencap : F_sencap;
	if (!has(b, encap, r))
		return (true);
	v = b->col[encap]->b[r];
	return (v.n == 0 || behind((const char *)v.p, v.n, frags, to));
}

void
drill_bpf(const struct keys *k, const struct batch *b, uint32_t r, struct buf *to)
{
	struct buf side[2] = { { 0 }, { 0 } }, packet = { 0 };
	const char *words[2];

	if (!wrapping(b, F_sencap, F_spkts, r, &side[0]) ||
	    !wrapping(b, F_dencap, F_dpkts, r, &side[1])) {
		buf_str(to, buf_cstr(side[0].len > 0 ? &side[0] : &side[1]));
	} else {
		bpf_packet(k, b, r, &packet);
		words[0] = buf_cstr(&side[0]);
		words[1] = buf_cstr(&side[1]);
		if (column_mixed(b->col[F_sencap], r) || column_mixed(b->col[F_dencap], r)) {
			words[0] = ""; /* of several kinds: VLANs, most often */
			words[1] = "vlan and ";
		}
		if (packet.len == 0)
			;
		else if (strcmp(words[0], words[1]) == 0)
			buf_printf(to, "%s%s", words[0], buf_cstr(&packet));
		else if (*words[0] == '\0' ||
			 *words[1] == '\0') /* a word moves all that stands behind it */
			buf_printf(to, "(%s) or (%s%s)", buf_cstr(&packet),
				   *words[0] == '\0' ? words[1] : words[0], buf_cstr(&packet));
	}
	for (int i = 0; i < 2; i++)
		buf_free(&side[i]);
	buf_free(&packet);
}

/* --- commands ------------------------------------------------------------------------------------- */

/* $'\x1b': bash, ksh, zsh */
static void
quote_acting(const char *word, struct buf *to)
{
	buf_str(to, "$'");
	for (; *word != '\0'; word++)
		if (*word == '\'' || *word == '\\')
			buf_printf(to, "\\%c", *word);
		else if ((unsigned char)*word < 0x20 || (unsigned char)*word >= 0x7f)
			buf_printf(to, "\\x%02x", (unsigned char)*word);
		else
			buf_u8(to, (uint8_t)*word);
	buf_u8(to, '\'');
}

void
drill_quote(const char *word, struct buf *to)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,@%+=-";
	struct buf shown = { 0 };
	bool acts;

	if (*word != '\0' && word[strspn(word, plain)] == '\0') {
		buf_str(to, word);
		return;
	}
	buf_plain_str(&shown, word);
	acts = strcmp(buf_cstr(&shown), word) != 0;
	buf_free(&shown);
	if (acts) {
		quote_acting(word, to);
		return;
	}
	buf_u8(to, '\'');
	for (; *word != '\0'; word++)
		if (*word == '\'')
			buf_str(to, "'\\''");
		else
			buf_u8(to, (uint8_t)*word);
	buf_u8(to, '\'');
}

/* ISO 8601 in UTC, no more digits than the time has. */
static void
instant(int64_t t, struct buf *to)
{
	char text[CLOCK_TEXT];
	size_t n = clock_text(t, 9, CLOCK_UTC, text);

	while (n > 0 && text[n - 1] == '0' && memchr(text, '.', n) != NULL)
		n--;
	if (n > 0 && text[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n; i++)
		buf_u8(to, text[i] == ' ' ? 'T' : (uint8_t)text[i]);
	buf_u8(to, 'Z');
}

/* What -t wants: 2026-11-20T15:19:57Z+1s. */
void
drill_range(int64_t from, int64_t to_time, struct buf *to)
{
	int64_t len = to_time - from;

	instant(from, to);
	if (len % SEC == 0)
		buf_printf(to, "+%llds", (long long)(len / SEC));
	else
		buf_printf(to, "+%lldms", (long long)(len / MSEC));
}

void
drill_command(const char *tool, const char *inputs, int64_t from, int64_t to_time,
	      const char *options, const char *filter, struct buf *to)
{
	buf_str(to, tool);
	if (*inputs != '\0')
		buf_printf(to, " "), buf_str(to, inputs);
	if (from != INT64_MIN) {
		buf_str(to, " -t ");
		drill_range(from, to_time, to);
	}
	if (*options != '\0')
		buf_u8(to, ' '), buf_str(to, options);
	if (*filter != '\0') {
		buf_str(to, " - ");
		if (filter[strcspn(filter, "()<>&|;\"'*?$`\\!#~\n")] == '\0')
			buf_str(to, filter); /* words: as they would be typed */
		else
			drill_quote(filter, to);
	}
}

void
drill_pcap(const char *capture, int64_t from, int64_t to_time, const char *bpf, struct buf *to)
{
	buf_str(to, "editcap -A ");
	instant(from, to);
	buf_str(to, " -B ");
	instant(to_time, to);
	buf_u8(to, ' ');
	drill_quote(capture, to);
	buf_str(to, " - | tcpdump -nr -");
	if (*bpf != '\0') {
		buf_u8(to, ' ');
		drill_quote(bpf, to);
	}
}
