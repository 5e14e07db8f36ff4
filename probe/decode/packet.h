/* SPDX-License-Identifier: BSD-2-Clause
 *
 * packet.h: the facts of one packet.  Decoders write it, everything after them only reads it.
 *
 * It holds values, no pointers into the packet, so it may be kept (a held fragment is one of these).
 * A fact that was not whole in the captured bytes is not stated: `facts` says which groups are.
 * Lengths come from headers and the wire length, never from caplen (SEMANTICS R9).
 */
#ifndef PROBE_PACKET_H
#define PROBE_PACKET_H

#include "format/base/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* proto: 0..255 is the IP protocol (IANA).  Frames without IP have the ethertype (>= 0x600), or one of these. */
enum {
	PROTO_LLC = 256,  /* aux = DSAP << 8 | SSAP without its C/R bit */
	PROTO_LINK = 257, /* a link type or frame that no decoder knows; aux = DLT */
	PROTO_ARP = 0x0806,
	PROTO_ICMP = 1,
	PROTO_IGMP = 2,
	PROTO_IPIP = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_DCCP = 33,
	PROTO_IPV6 = 41,
	PROTO_GRE = 47,
	PROTO_ESP = 50,
	PROTO_AH = 51,
	PROTO_ICMP6 = 58,
	PROTO_L2TP = 115,
	PROTO_SCTP = 132,
	PROTO_UDPLITE = 136,
};

/* Where a frame went that can not be in a flow (SEMANTICS R7); PKT_FLOW can. */
enum pkt_fate { PKT_FLOW, PKT_SHORT, PKT_BADIP, PKT_NONIP_OFF, PKT_FILTERED };

enum { /* packet.facts */
	FACT_PORTS = 1 << 0,   /* sport, dport */
	FACT_TCP = 1 << 1,     /* tcp.* */
	FACT_TCPTS = 1 << 2,   /* tcp.tsval, tcp.tsecr */
	FACT_ICMP = 1 << 3,    /* icmp.type, icmp.code; id where the type has one */
	FACT_SPI = 1 << 4,     /* spi, seq: ESP, UDP-encapsulated ESP, AH */
	FACT_ESPLIKE = 1 << 21, /* UDP on other ports than those that is nothing else: spi, seq, if it is ESP */
	FACT_FRAG = 1 << 5,    /* a fragment (MF set or offset > 0): frag.* */
	FACT_PAYLOAD = 1 << 6, /* payload is known */
	FACT_IKE = 1 << 7,     /* ike.*: a clear ISAKMP header, on whatever UDP port */
	FACT_NATKA = 1 << 8,   /* NAT keepalive: one byte 0xff on a port of ESP in UDP */
	FACT_MAC = 1 << 9,     /* smac, dmac */
	FACT_ATOMIC = 1 << 10, /* IPv6 fragment header on a whole datagram (RFC 6946) */
	FACT_CUT = 1 << 11,    /* in a flow, though its headers were cut by the capture: MAR `cut` */
	FACT_NOANSWER = 1 << 12, /* multicast or broadcast destination: never answers, never flips */
	FACT_GRESEQ = 1 << 13,   /* seq of a GRE header with S bit (ERSPAN II/III, RFC 2890): gre_seq */
	FACT_DNS = 1 << 14,      /* UDP 53: dns[0], its question whole if it has one.  TCP 53: dns[], dns_* say what was found, perhaps nothing */
	FACT_WG = 1 << 15,       /* wg.*: a WireGuard message */
	FACT_WGLIKE = 1 << 20,   /* wg.*: one but for its reserved bytes; who has seen the same three both ways may believe it */
	FACT_RTP = 1 << 17,      /* rtp.*: looks like RTP; a tracker has to confirm it */
	FACT_MIRROR = 1 << 18,   /* the frame came in ERSPAN: gre_seq counts what the mirror sent */
	FACT_SCTP = 1 << 19,     /* sctp.*: the first chunk */
	FACT_QUOTE = 1 << 16,    /* an ICMP error; quote.*: the packet that it is about */
};

enum layer { LAYER_NONE, LAYER_LINK, LAYER_NET, LAYER_EXT, LAYER_TRANSPORT, LAYER_TUNNEL, LAYER_APP };

/* One step of encapsulation, outer to inner; its word in the `encap` field. */
#define ENCAPS(X)                                                                           \
	X(VLAN, "q")                /* q<id> */                                             \
	X(MPLS, "mpls")             /* mpls:<top label> */                                  \
	X(PPPOE, "pppoe")           /* pppoe:<session> */                                   \
	X(IPIP, "ipip")                                                                     \
	X(6IN4, "6in4")             /* also 4in6, 6in6: the families follow from the addresses */ \
	X(GRE, "gre")               /* gre, gre:<key>, all 32 bits of it */                 \
	X(ERSPAN, "erspan")         /* erspan:<session> */                                  \
	X(VXLAN, "vxlan")           /* vxlan:<vni> */                                       \
	X(GENEVE, "geneve")         /* geneve:<vni> */                                      \
	X(GTPU, "gtp")              /* gtp:<teid> */                                        \
	X(TEREDO, "teredo")                                                                 \
	X(L2TP, "l2tp")             /* l2tp:<session> */                                    \
	X(UDP, "udp")               /* UDP-encapsulated ESP, MPLS in UDP */                 \
	X(AH, "ah")                 /* ESP or IP within AH */                               \
	X(PBB, "pbb")               /* pbb:<service> */                                     \
	X(PW, "pw")                 /* Ethernet in MPLS */                                  \
	X(VNTAG, "vntag")                                                                   \
	X(FABRICPATH, "fabricpath")                                                         \
	X(CMD, "cmd")               /* Cisco metadata */

enum encap {
#define ENCAP_ITEM(name, word) ENCAP_##name,
	ENCAPS(ENCAP_ITEM)
#undef ENCAP_ITEM
};
#define ENCAP_DEPTH 8
#define ENCAP_NOID UINT32_MAX

/* TCP flags as on the wire */
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32, TCP_ECE = 64, TCP_CWR = 128 };
enum { SCTP_INIT = 1, SCTP_INIT_ACK = 2 }; /* types of chunks */
/* A DNS message whose header was at hand (RFC 1035). */
struct dns_message {
	uint32_t at;         /* in TCP: where it begins, with its length, from the start of the segment */
	uint32_t qhash;      /* of the first question's name, case folded */
	uint16_t id, flags;
	uint16_t qtype;
	uint8_t asked;       /* qhash, qtype are known: there is a question, and it was whole */
	uint8_t sure;        /* it looks like one, even where it is not known that a message begins there */
};
#define DNS_MESSAGES 4 /* of one segment; those behind them are not stated */

enum { TCPOPT_MSS = 1, TCPOPT_WSCALE = 2, TCPOPT_SACKOK = 4, TCPOPT_SACK = 8, TCPOPT_TS = 16 };

struct frag_segment { /* of TCP, that came in fragments */
	uint32_t seq, len; /* len: its payload, of all fragments */
	bool fin;
};

enum { /* what a fragment is to its datagram: frag/ says it */
	FRAG_IS = 1 << 0,    /* a fragment */
	FRAG_FIRST = 1 << 1, /* the first fragment, for the first time */
	FRAG_OK = 1 << 2,    /* completes it */
	FRAG_DUP = 1 << 3,
	FRAG_OVL = 1 << 4,
	FRAG_OOO = 1 << 5,
	FRAG_TINY = 1 << 6,
	FRAG_BAD = 1 << 7,
};

/* The first two lines of cache are all that the usual packet needs once its flow is known. */
#define PACKET_FACTS 184 /* bytes in front of those that others vouch for */
struct packet {
	/* --- line 0: what the key needs */
	struct ip src, dst;    /* of the flow's layer; zero for frames without IP (ARP: sender and target) */
	uint16_t sport, dport; /* 0 unless FACT_PORTS */
	uint16_t proto;        /* innermost protocol that owns the packet, see above */
	uint8_t af;            /* 4, 6, 0 = no IP */
	uint8_t fate;          /* enum pkt_fate */
	uint32_t vrf;          /* VXLAN/Geneve VNI; of GRE that is not decoded its key; else 0 */
	uint32_t aux;          /* more key: GRE undecodable 0; LLC SAPs; ethertype's own business otherwise 0 */
	uint32_t facts;
	uint32_t wire;         /* length of the whole frame on the wire, with L2 */
	uint32_t spi, seq;     /* FACT_SPI, FACT_ESPLIKE */
	/* --- line 1 */
	int64_t ts;         /* ns since 1970, as in the file; SEMANTICS R6 clamps it later */
	uint32_t iplen;     /* total length of the innermost IP packet, 0 = none */
	uint32_t payload;   /* bytes behind the transport header of this packet (of this fragment) */
	uint8_t ttl, tos;   /* tos: DSCP << 2 | ECN */
	uint8_t cut_at;     /* enum layer in which the captured bytes ended; LAYER_NONE = nothing missing */
	uint8_t nencap;
	uint16_t vlan, ivlan; /* outermost and next VLAN id; 0xffff = none */
	union {
		struct {
			uint32_t seq, ack;
			uint32_t tsval, tsecr; /* FACT_TCPTS */
			uint16_t win;          /* as on the wire, not scaled */
			uint16_t sum;          /* checksum field */
			uint16_t mss;          /* TCPOPT_MSS */
			uint8_t flags;         /* TCP_* */
			uint8_t opts;          /* TCPOPT_* seen */
			uint8_t wscale;        /* TCPOPT_WSCALE */
			uint8_t nsack;         /* blocks in sack[] */
		} tcp;
		struct {
			uint8_t type, code;
			uint16_t id; /* echo, timestamp, information, mask; else 0 */
		} icmp;
		struct {
			uint8_t chunk; /* type of the first */
		} sctp;
		struct {
			uint64_t ispi, rspi;
			uint32_t msgid;
			uint8_t version, exchange, flags;
			uint8_t marker; /* behind the four zero bytes that tell it from ESP: this pair of ports has both */
		} ike;
		struct {
			uint32_t sender, receiver;
			uint64_t counter;
			uint32_t reserved; /* FACT_WGLIKE: the three bytes behind the type, which are not 0 */
			uint16_t messages; /* in this datagram: of data, with counters one after the other */
			uint8_t type;
		} wg;
		struct {
			uint32_t ts, ssrc;
			uint16_t seq;
			uint8_t pt;
		} rtp;
	};
	uint32_t mpls;        /* top label; UINT32_MAX = none */
	uint32_t ipid;        /* IPv4 identification; IPv6: of the fragment header, else 0 */
	/* --- line 2 */
	_Alignas(8) uint64_t smac, dmac; /* 48 bits, if FACT_MAC; here on i386 too, which aligns to 4 */
	uint64_t ohash;       /* hash of the outer address pair where there is an outer IP header, else 0 */
	uint32_t keyed_vrf;   /* vrf, if the keys of GRE around the flow count (--key +gre); NVGRE: its network */
	uint8_t arp_op;       /* PROTO_ARP: 1 request, 2 reply */
	uint8_t ndns;         /* FACT_DNS: messages in dns[] */
	uint16_t gre_session; /* FACT_MIRROR: ERSPAN's; a mirror may count all its sessions together, or each */
	struct {
		uint32_t off;  /* bytes */
		uint32_t len;  /* bytes of payload in this fragment */
		uint8_t more;  /* MF */
		uint8_t tiny;  /* the transport header does not fit into it (RFC 1858, SEMANTICS 5) */
		uint8_t bad;   /* beyond 65535, or an IPv6 middle fragment that is no multiple of 8 */
		uint8_t inner; /* the first one, around what the flow is of: lengths are those of the whole packet inside,
		                * its other fragments are the flow's too, by what is in frag_of */
	} frag;
	uint32_t gre_seq;
	uint64_t gre_id;      /* of its numbering: outer source and destination, and the key if it is no mirror */
	/* --- what a fact or a count vouches for, and is not set otherwise */
	uint32_t sack[4][2];  /* TCP: the first tcp.nsack are set */
	struct { /* frag.inner: what the datagram in fragments has in common */
		struct ip src, dst;
		uint32_t id, vrf;
		uint16_t proto;
		uint8_t af;
	} frag_of;
	struct { /* FACT_QUOTE: key material of the packet quoted in an ICMP error, as far as it was quoted */
		struct ip src, dst;
		uint16_t sport, dport, proto;
		uint8_t af, ports;
		uint8_t has_spi, echo; /* echo: the type of an echo or its reply plus 1, with its id; 0 = none */
		uint16_t id;
		uint32_t spi;          /* ESP, AH; ESP in UDP is ESP with ports */
	} quote;
	struct dns_message dns[DNS_MESSAGES], dns_bare; /* dns_bare: if the segment begins behind a message's length */
	uint32_t dns_next;     /* TCP: if a message begins the segment, where the next one does, perhaps far behind it;
	                        * 0 = not known */
	uint8_t dns_split;     /* and the header of that before it is in the next segment, whole: only its length is here */
	uint8_t has_bare;
	struct {
		uint32_t id; /* ENCAP_NOID: none */
		uint8_t kind;
	} encap[ENCAP_DEPTH]; /* the first nencap are set */
};

_Static_assert(offsetof(struct packet, ts) == 64 && offsetof(struct packet, smac) == 128 &&
    offsetof(struct packet, sack) == PACKET_FACTS, "lines of cache");

#endif
