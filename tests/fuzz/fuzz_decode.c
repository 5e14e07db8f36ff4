/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_decode.c: any bytes as a frame.  Four bytes in front choose the link type, the options and how much
 * longer the frame was on the wire.  What is stated must be consistent, and a shorter capture of the
 * same frame may say less but nothing else.
 */
#include "probe/decode/decode.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const int links[] = { 1,	  113, 276, 101, 0,   108, 9,	50, 51, 104,
			     107, 105, 127, 192, 228, 229, 239, 12, 147 };

#define ALWAYS(x)                                                                                  \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

/* No address that is in no frame may stand in a record. */
static bool
is_there(const struct ip *a, uint8_t af, const uint8_t *bytes, size_t n)
{
	const uint8_t *want = af == 4 ? a->b + 12 : a->b;
	size_t size = af == 4 ? 4 : 16;

	for (size_t i = 0; i + size <= n; i++)
		if (memcmp(bytes + i, want, size) == 0)
			return (true);
	return (false);
}

static void
check_addresses(const struct packet *p, const uint8_t *bytes, size_t n)
{
	if (p->fate != PKT_FLOW || p->af == 0)
		return;
	ALWAYS(is_there(&p->src, p->af, bytes, n) && is_there(&p->dst, p->af, bytes, n));
	if ((p->facts & FACT_QUOTE) != 0)
		ALWAYS(is_there(&p->quote.src, p->quote.af, bytes, n) && is_there(&p->quote.dst, p->quote.af, bytes, n));
	if ((p->facts & FACT_FRAG) != 0 && p->frag.inner)
		ALWAYS(is_there(&p->frag_of.src, p->frag_of.af, bytes, n) &&
		    is_there(&p->frag_of.dst, p->frag_of.af, bytes, n));
}

static void
check(const struct packet *p, const struct decode_options *o, uint32_t wire)
{
	ALWAYS(p->wire == wire && p->ts == 1);
	ALWAYS(p->fate <= PKT_NONIP_OFF && p->cut_at <= LAYER_APP && p->nencap <= ENCAP_DEPTH);
	ALWAYS(p->fate == PKT_FLOW || (p->facts & (FACT_PORTS | FACT_PAYLOAD | FACT_CUT)) == 0);
	if (p->fate != PKT_FLOW)
		return;
	for (int i = 0; i < p->nencap; i++)
		ALWAYS(p->encap[i].kind <= ENCAP_CMD);
	ALWAYS((p->facts & FACT_PORTS) != 0 || (p->sport == 0 && p->dport == 0));
	ALWAYS((p->facts & (FACT_SPI | FACT_ESPLIKE)) != 0 || (p->spi == 0 && p->seq == 0));
	ALWAYS((p->facts & FACT_ESPLIKE) == 0 || (p->proto == PROTO_UDP && (p->facts & FACT_SPI) == 0));
	ALWAYS((p->facts & FACT_SPI) == 0 || p->proto == PROTO_ESP || p->proto == PROTO_AH);
	ALWAYS((p->facts & FACT_TCP) == 0 || p->proto == PROTO_TCP);
	ALWAYS((p->facts & FACT_PAYLOAD) == 0 || p->payload <= p->iplen);
	ALWAYS((p->facts & FACT_FRAG) == 0 || p->frag.off <= 65528);
	ALWAYS((p->facts & FACT_FRAG) == 0 || !p->frag.inner || (p->frag.off == 0 && p->nencap > 0));
	ALWAYS((p->facts & FACT_WG) == 0 || p->wg.reserved == 0);
	ALWAYS((p->facts & (FACT_WG | FACT_IKE)) == 0 || p->proto == PROTO_UDP);
	ALWAYS(__builtin_popcount(p->facts & (FACT_WG | FACT_WGLIKE | FACT_IKE | FACT_RTP | FACT_NATKA | FACT_SPI)) <= 1);
	ALWAYS((p->facts & FACT_DNS) == 0 || p->ndns <= DNS_MESSAGES);
	ALWAYS((p->facts & (FACT_DNS | FACT_TCP)) != FACT_DNS || p->ndns == 1);
	for (int i = 0; (p->facts & FACT_DNS) != 0 && i < p->ndns; i++)
		ALWAYS(p->dns[i].at < p->payload && p->dns[i].sure <= p->dns[i].asked);
	ALWAYS(p->af == 0 || p->af == 4 || p->af == 6);
	ALWAYS(!o->ip_only || (p->af != 0 && p->proto != PROTO_ARP));
	ALWAYS(!o->outer || p->ohash == 0);
	ALWAYS((p->facts & FACT_CUT) != 0 || p->cut_at == LAYER_NONE);
}

static void
run(struct packet *p, int dlt, const uint8_t *bytes, size_t n, uint32_t wire,
    const struct decode_options *o)
{
	uint8_t *exact = malloc(n == 0 ? 1 : n);

	if (exact == NULL)
		abort();
	memcpy(exact, bytes, n);
	memset(p, 0xa5, sizeof(*p));
	decode(p, dlt, exact, (uint32_t)n, wire, 1, o);
	check_addresses(p, exact, n);
	free(exact);
	check(p, o, wire);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct decode_options o;
	struct packet whole, part;
	uint32_t wire;
	int dlt;

	if (n < 4)
		return (0);
	dlt = links[bytes[0] % (sizeof(links) / sizeof(links[0]))];
	o = (struct decode_options){ .outer = bytes[1] & 1,
				     .ip_only = bytes[1] & 2,
				     .ah_inner = bytes[1] & 4,
				     .nesp_udp = bytes[1] >> 3 & 1,
				     .esp_udp = { 6500 } };
	wire = (uint32_t)(n - 4) + bytes[2];
	run(&whole, dlt, bytes + 4, n - 4, wire, &o);
	run(&part, dlt, bytes + 4, (n - 4) * bytes[3] / 256, wire, &o);
	if (part.fate != PKT_FLOW || whole.fate != PKT_FLOW || part.nencap != whole.nencap ||
	    part.nencap == ENCAP_DEPTH || part.af != whole.af || part.proto != whole.proto ||
	    ip_cmp(&part.src, &whole.src) != 0) /* another layer, perhaps */
		return (0);
	ALWAYS(part.iplen == whole.iplen && part.vlan == whole.vlan);
	/* That a transport header is bad can lie behind the cut: until then its ports are ports. */
	ALWAYS((part.facts & FACT_PORTS) == 0 ||
	       (part.cut_at == LAYER_TRANSPORT && (whole.facts & FACT_PORTS) == 0) ||
	       (part.sport == whole.sport && part.dport == whole.dport));
	ALWAYS((part.facts & FACT_SPI) == 0 || (part.spi == whole.spi && part.seq == whole.seq));
	return (0);
}
