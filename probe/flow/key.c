/* SPDX-License-Identifier: BSD-2-Clause
 *
 * key.c: canonical keys and the initiator.
 */
#include "probe/flow/key.h"

#include "format/base/hash.h"

#include <string.h>

void
key_secret(struct key_secret *s, uint64_t seed)
{
	for (uint64_t i = 0; i < sizeof(s->word) / sizeof(s->word[0]); i++)
		s->word[i] = hash64(&i, sizeof(i), seed);
}

/* ICMP types that ask and answer; the id is part of the conversation where there is one. */
static const struct pair {
	uint8_t ask, answer;
} pairs4[] = { { 8, 0 }, { 13, 14 }, { 15, 16 }, { 17, 18 }, { 10, 9 } },
  pairs6[] = { { 128, 129 }, { 133, 134 }, { 135, 136 }, { 130, 131 }, { 144, 145 } };

/* 1 = asks, 2 = answers, 0 = neither; *request is the type that asks. */
static int
icmp_role(const struct packet *p, uint8_t *request)
{
	const struct pair *pairs = p->proto == PROTO_ICMP ? pairs4 : pairs6;

	for (size_t i = 0; i < sizeof(pairs4) / sizeof(pairs4[0]); i++) {
		*request = pairs[i].ask;
		if (p->icmp.type == pairs[i].ask)
			return (1);
		if (p->icmp.type == pairs[i].answer)
			return (2);
	}
	return (0);
}

static bool
is_icmp(const struct packet *p)
{
	return ((p->facts & FACT_ICMP) != 0);
}

/* A frame without IP: its MAC addresses stand for those. */
static int
canonical_frame(const struct packet *p, const struct key_options *o, struct key *k)
{
	struct ip src = key_mac(p->smac), dst = key_mac(p->dmac);

	return (key_canonical(p, &src, &dst, p->sport, p->dport, o, k));
}

int
key_portless(const struct packet *p, const struct key_options *o, struct key *k)
{
	k->kind = KEY_PORTLESS;
	k->aux = 0;
	return (key_canonical(p, &p->src, &p->dst, 0, 0, o, k));
}

bool
key_wants_ports(uint16_t proto)
{
	switch (proto) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_ICMP:
	case PROTO_ICMP6:
	case PROTO_SCTP:
	case PROTO_DCCP:
	case PROTO_UDPLITE:
		return (true);
	default:
		return (false);
	}
}

int
key_of_other(const struct packet *p, const struct key_options *o, struct key *k)
{
	uint8_t request;
	int side;

	if (p->af == 0 && p->facts & FACT_MAC)
		side = canonical_frame(p, o, k);
	else
		side = key_canonical(p, &p->src, &p->dst, p->sport, p->dport, o, k);
	k->kind = 0;
	k->aux = p->aux;
	if (is_icmp(p)) {
		if (icmp_role(p, &request) != 0) {
			k->aux = (uint32_t)request << 24 | p->icmp.id;
		} else {
			k->aux = (uint32_t)p->icmp.type << 24 | (uint32_t)p->icmp.code << 16;
			k->kind = side == 0 ? KEY_LO_SENDS : KEY_HI_SENDS;
		}
	} else if ((p->facts & FACT_PORTS) == 0 && key_wants_ports(p->proto)) {
		k->kind = KEY_PORTLESS;
	}
	return (side);
}

bool
key_quoted(const struct packet *p, const struct key_options *o, struct key *k, int *side)
{
	bool tunnel = p->quote.proto == PROTO_ESP || p->quote.proto == PROTO_AH;
	struct packet q; /* what key_of() reads of a packet */

	if (tunnel ? !p->quote.has_spi : key_wants_ports(p->quote.proto) && !p->quote.ports && p->quote.echo == 0)
		return (false);
	q.src = p->quote.src;
	q.dst = p->quote.dst;
	q.af = p->quote.af;
	q.proto = p->quote.proto;
	q.sport = p->quote.sport;
	q.dport = p->quote.dport;
	q.vrf = p->vrf;
	q.keyed_vrf = p->keyed_vrf;
	q.aux = 0;
	q.vlan = p->vlan;
	q.ivlan = p->ivlan;
	q.smac = q.dmac = 0;
	q.facts = p->quote.ports ? FACT_PORTS : 0;
	q.icmp.type = q.icmp.code = 0;
	q.icmp.id = 0;
	if (p->quote.echo != 0) {
		q.facts |= FACT_ICMP;
		q.icmp.type = p->quote.echo - 1;
		q.icmp.id = p->quote.id;
	}
	*side = key_of(&q, o, k);
	return (true);
}

/* --- who began */

static const uint16_t service_ports[] = { 1194, 1433, 1521, 1723, 1883, 3128, 3268, 3306, 3389, 4500, 5060,
	5061, 5222, 5353, 5432, 5672, 5900, 6379, 6443, 8000, 8080, 8443, 8883, 9000, 9092, 9200, 11211,
	27017, 51820 };

static bool
is_service(uint16_t port)
{
	size_t lo = 0, hi = sizeof(service_ports) / sizeof(service_ports[0]);

	if (port < 1024)
		return (true);
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (service_ports[mid] == port)
			return (true);
		if (service_ports[mid] < port)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (false);
}

/* Rule 2 and 3: *sender says who began. */
static enum dirq
by_port(const struct packet *p, bool *sender)
{
	bool s = is_service(p->sport), d = is_service(p->dport);

	*sender = true;
	if (p->facts & FACT_NOANSWER)
		return (DIRQ_FIRST);
	if (s != d) {
		*sender = d;
		return (DIRQ_PORT);
	}
	if (s && d && (p->sport < 1024) != (p->dport < 1024)) {
		*sender = p->dport < 1024;
		return (DIRQ_PORT);
	}
	return (DIRQ_FIRST);
}

#define DNS_QR    0x8000
#define IKE_INIT  0x08 /* I flag, IKEv2 (RFC 7296 3.1) */

enum dirq
key_initiator(const struct packet *p, bool first, bool *sender)
{
	uint8_t request;
	int role;

	if (p->facts & FACT_NOANSWER) { /* nobody there who could have begun: not even for what looks like an answer */
		*sender = true;
		role = is_icmp(p) ? icmp_role(p, &request) : 0;
		return (!first ? 0 : role == 1 ? DIRQ_SEEN : DIRQ_FIRST);
	}
	if (p->facts & FACT_TCP) {
		if ((p->tcp.flags & (TCP_SYN | TCP_RST)) == TCP_SYN) {
			*sender = (p->tcp.flags & TCP_ACK) == 0;
			return (DIRQ_SEEN);
		}
	} else if (is_icmp(p)) {
		role = icmp_role(p, &request);
		if (role != 0) {
			*sender = role == 1;
			return (DIRQ_SEEN);
		}
	} else if (p->facts & FACT_DNS) {
		*sender = (p->dns[0].flags & DNS_QR) == 0;
		return (DIRQ_SEEN);
	} else if (p->facts & FACT_IKE) {
		/* v2 says it in a flag; v1 only by the responder's cookie, which is zero in the first message */
		if (p->ike.version >> 4 == 2) {
			*sender = (p->ike.flags & IKE_INIT) != 0;
			return (DIRQ_SEEN);
		}
		if (p->ike.rspi == 0) {
			*sender = true;
			return (DIRQ_SEEN);
		}
	} else if ((p->facts & FACT_WG) && (p->wg.type == 1 || p->wg.type == 2)) {
		*sender = p->wg.type == 1;
		return (DIRQ_SEEN);
	} else if ((p->facts & FACT_SCTP) && (p->sctp.chunk == SCTP_INIT || p->sctp.chunk == SCTP_INIT_ACK)) {
		*sender = p->sctp.chunk == SCTP_INIT;
		return (DIRQ_SEEN);
	} else if (p->proto == PROTO_ARP && p->arp_op != 0) {
		*sender = p->arp_op == 1;
		return (DIRQ_SEEN);
	}
	if (!first)
		return (0);
	if (p->facts & FACT_PORTS)
		return (by_port(p, sender));
	*sender = true;
	return (DIRQ_FIRST);
}
