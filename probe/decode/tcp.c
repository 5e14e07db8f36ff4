/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tcp.c: TCP (RFC 9293) and the options that trackers use (RFC 7323, 2018).  Tested by test_decode.c.
 */
#include "probe/decode/decoders.h"

enum {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_WSCALE = 3,
	OPT_SACKOK = 4,
	OPT_SACK = 5,
	OPT_TS = 8
};

static void
option(struct packet *p, uint8_t kind, struct cursor *o)
{
	size_t n = cur_left(o);

	if (kind == OPT_MSS && n == 2) {
		p->tcp.opts |= TCPOPT_MSS;
		p->tcp.mss = cur_u16(o);
	} else if (kind == OPT_WSCALE && n == 1) {
		p->tcp.opts |= TCPOPT_WSCALE;
		p->tcp.wscale = cur_u8(o);
	} else if (kind == OPT_SACKOK && n == 0) {
		p->tcp.opts |= TCPOPT_SACKOK;
	} else if (kind == OPT_SACK && n >= 8 && n % 8 == 0 && n <= 32) {
		p->tcp.opts |= TCPOPT_SACK;
		p->tcp.nsack = (uint8_t)(n / 8);
		for (size_t i = 0; i < n / 8; i++) {
			p->tcp.sack[i][0] = cur_u32(o);
			p->tcp.sack[i][1] = cur_u32(o);
		}
	} else if (kind == OPT_TS && n == 8) {
		p->tcp.opts |= TCPOPT_TS;
		p->tcp.tsval = cur_u32(o);
		p->tcp.tsecr = cur_u32(o);
		p->facts |= FACT_TCPTS;
	}
}

static void
options(struct packet *p, struct cursor c)
{
	while (cur_left(&c) > 0) {
		uint8_t kind = cur_u8(&c), length;
		struct cursor body;

		if (kind == OPT_END)
			return;
		if (kind == OPT_NOP)
			continue;
		length = cur_u8(&c);
		if (c.cut || length < 2)
			return;
		body = cur_sub(&c, length - 2u);
		if (c.cut)
			return;
		option(p, kind, &body);
	}
}

enum step
decode_tcp(struct decoder *d)
{
	const uint8_t *h = cur_bytes(&d->c, 20);
	struct packet *p = d->p;
	uint32_t hlen;

	if (h == NULL)
		return (decode_cut_transport(d));
	hlen = (h[12] >> 4) * 4u;
	if (hlen < 20 || (hlen > p->payload && !d->part))
		return (STEP_END);
	p->sport = get16(h);
	p->dport = get16(h + 2);
	p->tcp.seq = get32(h + 4);
	p->tcp.ack = get32(h + 8);
	p->tcp.flags = h[13];
	p->tcp.win = get16(h + 14);
	p->tcp.sum = get16(h + 16);
	p->facts |= FACT_PORTS | FACT_TCP;
	decode_payload(d, hlen);
	if (hlen > 20) {
		struct cursor o = cur_sub(&d->c, hlen - 20);

		options(p, o);
		if (o.cut)
			return (decode_cut(d, LAYER_TRANSPORT));
	}
	return (decode_tcpport(p->sport, p->dport));
}
