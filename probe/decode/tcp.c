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
	OPT_TS = 8,
	STAMPS = 0x0101080a /* two of OPT_NOP, then OPT_TS and its length */
};

static void
option(struct packet *p, uint8_t kind, const uint8_t *o, size_t n)
{
	if (kind == OPT_MSS && n == 2) {
		p->tcp.opts |= TCPOPT_MSS;
		p->tcp.mss = get16(o);
	} else if (kind == OPT_WSCALE && n == 1) {
		p->tcp.opts |= TCPOPT_WSCALE;
		p->tcp.wscale = o[0];
	} else if (kind == OPT_SACKOK && n == 0) {
		p->tcp.opts |= TCPOPT_SACKOK;
	} else if (kind == OPT_SACK && n >= 8 && n % 8 == 0 && n <= 32) {
		p->tcp.opts |= TCPOPT_SACK;
		p->tcp.nsack = (uint8_t)(n / 8);
		for (size_t i = 0; i < n / 8; i++) {
			p->sack[i][0] = get32(o + 8 * i);
			p->sack[i][1] = get32(o + 8 * i + 4);
		}
	} else if (kind == OPT_TS && n == 8) {
		p->tcp.opts |= TCPOPT_TS;
		p->tcp.tsval = get32(o);
		p->tcp.tsecr = get32(o + 4);
		p->facts |= FACT_TCPTS;
	}
}

static void
options(struct packet *p, const uint8_t *o, size_t n)
{
	while (n > 0) {
		if (n >= 12 && get32(o) == STAMPS) { /* what most segments have, and nothing else */
			option(p, OPT_TS, o + 4, 8);
			o += 12;
			n -= 12;
		} else if (o[0] == OPT_NOP) {
			o++;
			n--;
		} else if (o[0] == OPT_END || n < 2 || o[1] < 2 || o[1] > n) {
			return;
		} else {
			size_t length = o[1];

			option(p, o[0], o + 2, length - 2);
			o += length;
			n -= length;
		}
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

		if (o.cut)
			return (decode_cut(d, LAYER_TRANSPORT));
		options(p, o.p, cur_left(&o));
	}
	return (decode_tcpport(p->sport, p->dport));
}
