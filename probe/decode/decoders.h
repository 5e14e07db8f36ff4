/* SPDX-License-Identifier: BSD-2-Clause
 *
 * decoders.h: what the decoders share; private to probe/decode.c and probe/decode/.
 *
 * A decoder reads one header at the decoder's cursor, commits its facts to the packet if the header
 * was whole, and returns the step that comes next.  An IP header that is whole makes the packet a
 * flow; an inner one replaces it.  So an inner layer that can not be decoded simply leaves the outer
 * flow standing: a tunnel decoder commits itself completely before it hands on.
 */
#ifndef PROBE_DECODE_DECODERS_H
#define PROBE_DECODE_DECODERS_H

#include "format/base/cursor.h"
#include "probe/decode/options.h"
#include "probe/decode/packet.h"

enum step {
	STEP_NOT = -1, /* the bytes are not of this protocol: somebody else may look at them */
	STEP_END,
#define STEP(name, function) STEP_##name,
#include "probe/decode/proto.def"
	STEPS_KNOWN,
};

struct decoder {
	struct cursor c;      /* what was captured of the current layer */
	const uint8_t *start; /* of the frame */
	size_t end; /* where the current layer ends, from start, as the headers and the wire say */
	struct packet *p;
	const struct decode_options *o;
	uint32_t vrf; /* of the next inner flow */
	uint32_t keyed_vrf; /* the same, where GRE keys count */
	int dlt;
	uint8_t level;	 /* IP headers taken */
	uint8_t tunnels; /* encapsulations gone through */
	uint8_t nencap;	 /* steps noted in p->encap, committed with the flow inside them */
	uint32_t whole;	 /* UDP: bytes of payload of the whole datagram, in however many fragments */
	bool unsure;	 /* a port led here: an IP header that does not fit is none */
	bool part;	 /* a first fragment: what is inside it is not all here */
	bool split;	 /* within one: no layer goes beyond `end` */
	uint32_t rest;	 /* bytes of the current layer that are in other fragments */
};

#define STEP(name, function) enum step function(struct decoder *);
#include "probe/decode/proto.def"
/* These say STEP_NOT where something else may look. */
enum step decode_wg(struct decoder *);
enum step decode_wglike(struct decoder *);
enum step decode_rtp(struct decoder *);

enum step decode_ethertype(uint16_t type); /* STEP_END if none */
enum step decode_ipproto(uint8_t proto);
enum step decode_greproto(uint16_t type);
enum step decode_pppproto(uint16_t proto);
enum step decode_link(int linktype);
enum step decode_ethertype(uint16_t type); /* STEP_END if none */
enum step decode_tcpport(uint16_t sport, uint16_t dport);

/* A header was not whole: what was committed stands; returns STEP_END. */
enum step decode_cut(struct decoder *, enum layer);
/* The same for a transport header, whose ports may be whole all the same. */
enum step decode_cut_transport(struct decoder *);
/* An IP header contradicts itself; returns STEP_END. */
enum step decode_bad(struct decoder *);
/* A frame without an IP flow, keyed by MACs (if known), protocol and aux; returns STEP_END. */
enum step decode_nonip(struct decoder *, uint16_t proto, uint32_t aux);
/* The next header behind a 16-bit type: an ethertype's decoder, else decode_nonip(). */
enum step decode_typed(struct decoder *, uint16_t type);
/* The same behind a field that is a type, or the length of an LLC frame. */
enum step decode_tagged(struct decoder *, uint16_t type);
/* Where nothing but a hint says that IP is at the cursor, or Ethernet `skip` bytes behind it: does its header
 * fit?  Its decoder; STEP_NOT; STEP_END if too little was captured to say.  sure: only Ethernet around IP whose
 * header shows by more than its type that it is one. */
enum step decode_guess_ip(const struct decoder *);
enum step decode_guess_eth(const struct decoder *, size_t skip, bool sure);
enum step decode_guess_frame(const struct decoder *, size_t skip); /* the same, sure */
enum step decode_guess_ppp(const struct decoder *, size_t skip);   /* PPP around IP */
/* A whole IP header: the flow is this one now.  The caller sets lengths, ttl, tos and fragment facts. */
void decode_flow(struct decoder *, const struct ip *src, const struct ip *dst, uint8_t af,
		 uint8_t proto);
/* Is GRE from src to dst, `skip` bytes behind the cursor, the inner part of a GRE keepalive? */
bool decode_keepalive(const struct decoder *, const struct ip *src, const struct ip *dst, size_t skip);
/* The flow's destination is another one than its header said. */
void decode_goal(struct decoder *);
/* The 16 bytes of an IPv6 address.  false: nobody can have it (format/base/ip.h); out is as it was. */
bool decode_address(const uint8_t b[static 16], struct ip *out);
/* The last address that an IPv6 routing header of `size` bytes names, if the packet is not there yet. */
bool decode_final(const uint8_t *h, uint32_t size, struct ip *dst);
/* A fragment of a datagram: what follows is not all here. */
void decode_fragment(struct decoder *, uint32_t off, bool more);
/* Note an encapsulation around what comes next. */
void decode_encap(struct decoder *, enum encap, uint32_t id);
/* Is this a port of ESP in UDP by --esp-udp?  May ESP go between these two? */
bool decode_espudp(const struct decode_options *, uint16_t port);
bool decode_natt_ports(const struct decode_options *, uint16_t, uint16_t);
/* A datagram that is nothing else: FACT_ESPLIKE if it is like ESP. */
void decode_esplike(struct decoder *);
/* May a tunnel be entered here (--outer, depth)?  Notes it if so. */
bool decode_enter(struct decoder *, enum encap, uint32_t id);

/* Bytes from the cursor to the end of the layer, captured or not. */
static inline size_t
decode_left(const struct decoder *d)
{
	size_t at = (size_t)(d->c.p - d->start);

	return (d->end > at ? d->end - at : 0);
}

#define REST_UNKNOWN 65535u /* the first fragment does not say how many there are to come */

/* The same, with what is in other fragments. */
static inline size_t
decode_left_whole(const struct decoder *d)
{
	return (decode_left(d) + d->rest);
}

/* The current layer is n bytes long from `from` bytes before the cursor, whatever was captured. */
static inline void
decode_bound(struct decoder *d, size_t from, size_t n)
{
	size_t end = (size_t)(d->c.p - d->start) - from + n;

	if (d->part || d->split) {
		d->rest = end > d->end ? (uint32_t)(end - d->end) : 0;
		end = end > d->end ? d->end : end;
	}
	d->end = end;
	if ((size_t)(d->c.end - d->start) > d->end)
		d->c.end = d->start + d->end;
	if (d->c.end < d->c.p)
		d->c.end = d->c.p;
}

/* The transport header took n bytes of the payload. */
static inline void
decode_payload(struct decoder *d, uint32_t n)
{
	d->p->payload = d->p->payload > n ? d->p->payload - n : 0;
}

/* What every message of WireGuard begins with: no SPI, though it stands where one would. */
static inline bool
decode_wgword(uint32_t word)
{
	return ((word & 0xffffff) == 0 && (word >> 24) - 1 < 4);
}

static inline uint16_t
get16(const uint8_t *p)
{
	return ((uint16_t)(p[0] << 8 | p[1]));
}

static inline uint32_t
get32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
}

static inline uint64_t
get64(const uint8_t *p)
{
	return ((uint64_t)get32(p) << 32 | get32(p + 4));
}

static inline uint64_t
get48(const uint8_t *p)
{
	return ((uint64_t)get16(p) << 32 | get32(p + 2));
}

#endif
