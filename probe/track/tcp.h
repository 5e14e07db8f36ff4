/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/tcp.h: what the files of the TCP tracker share.
 *
 * tcp.c       one packet through all of it, and the record
 * tcp_life.c  handshake, close, states, history
 * tcp_data.c  sequence space: what is new, lost, reordered, needless (SEMANTICS 4.2, 4.3)
 * tcp_holes.c what of it was jumped over
 * tcp_reach.c and what lies too far ahead to be believed at once
 * tcp_ack.c   acknowledgements, windows, what the capture missed (4.4)
 *
 * A direction is named by its sender.  Sequence numbers are held as 64 bits, so that nothing wraps:
 * tcp_extend() finds the one near a reference that has the 32 bits of the wire (RFC 9293 3.4).
 */
#ifndef PROBE_TRACK_TCP_H
#define PROBE_TRACK_TCP_H

#include "probe/track/rtt.h"
#include "probe/track/track.h"

/* --- of a flow, from its first packet */

/* flow_state.tcp_life */
enum {
	TCPLIFE_SYN = 1 << 0,     /* a SYN without ACK */
	TCPLIFE_SYNACK = 1 << 1,
	TCPLIFE_EST = 1 << 2,     /* the handshake's last ACK */
	TCPLIFE_FIN = 1 << 3,     /* << side: sent FIN */
	TCPLIFE_RST = 1 << 5,     /* << side: sent RST */
	TCPLIFE_RST1HI = 1 << 7,  /* the first RST came from hi */
	TCPLIFE_FINACK = 1 << 8,  /* << side: its FIN was acknowledged */
	TCPLIFE_ISN = 1 << 10,    /* << side: isn is known */
	TCPLIFE_SYNRTX = 1 << 12, /* a SYN came again, or both sides opened: no round trip can be told (Karn) */
	TCPLIFE_SYNACKRTX = 1 << 13,
	TCPLIFE_SYNACKHI = 1 << 14, /* the SYN-ACK came from hi */
	TCPLIFE_MORE = 1 << 15,   /* a packet that is no SYN and no RST: there was an answer, seen or not */
};
enum { TCP_NOSCALE = 0xff, TCP_CUTSCALE = 0xfe }; /* flow_state.wscale: not offered; options not captured */

/* --- of a connection: made when data flows, or when something has to be remembered */

#define TCP_COPIES 16 /* where so many came, acknowledgements do too */
#define TCP_RING   4  /* last segments, to know one that was captured twice */

struct hole { /* [lo, hi) was jumped over */
	uint64_t lo, hi;
	int64_t opened;  /* HOLE_EVENT: start of the bin in which that counted as a gap event */
	int64_t acked;   /* when it was acknowledged without being seen; if HOLE_ACKED */
	uint32_t tsval;  /* of the opener; HOLE_EVENT: which event, by what was acknowledged */
	uint16_t ipid;
	uint8_t has;     /* HOLE_* */
};
enum {
	HOLE_IPID = 1, HOLE_TS = 2,
	HOLE_ACKED = 4,
	HOLE_EVENT = 8,    /* its acknowledgement counted as a gap event */
	HOLE_QUIET = 32,   /* and was no reason to say that it is missing */
	HOLE_FRAG = 64,    /* may be the rest of a segment in fragments */
	HOLE_UNKNOWN = 16, /* some of it was seen: there were too many holes */
};

struct tcp_fill { /* what a segment filled */
	uint64_t unseen;   /* bytes that nobody has said to be missing */
	uint64_t missed;   /* and that were, a moment ago; */
	int64_t skew;      /* so long */
	bool hole;         /* it touches one of the first kind */
	bool acked;        /* or of the second */
	struct hole first; /* the lowest it touches */
};

struct tcp_sent { /* a segment that took sequence numbers, or where there are copies any other */
	uint32_t seq, us; /* us: its time, modulo 2^32 */
	uint32_t rest;    /* hash of what else copies have in common */
	uint16_t len, ipid; /* len: 0xffff = none; 0: there is no segment */
};

enum { /* tcp_side.has */
	SIDE_NXT = 1 << 0,     /* nxt is known */
	SIDE_UNA = 1 << 1,
	SIDE_ACK = 1 << 2,     /* lastack, lastwin */
	SIDE_IPID = 1 << 3,    /* ipid */
	SIDE_IDVARY = 1 << 4,  /* its IP-IDs differ from each other */
	SIDE_TS = 1 << 5,      /* tsval */
	SIDE_PROBE = 1 << 6,   /* its last packet was a keep-alive or a zero-window probe */
	SIDE_PROBED = 1 << 7,  /* it has sent the byte at nxt to probe a zero window */
	SIDE_ZWIN = 1 << 8,    /* its window is zero since zwin */
	SIDE_SACK = 1 << 9,    /* sack */
	SIDE_OWED = 1 << 10,   /* the byte before una was acknowledged, never seen, and may have been a FIN */
	SIDE_OWEDGAP = 1 << 11, /* and that acknowledgement is not counted as a gap yet */
	SIDE_VAGUE = 1 << 12,  /* its last segment was a fragment: it may end behind nxt */
	SIDE_OOW = 1 << 13,    /* its last packet was out of window */
	SIDE_DATA = 1 << 14,   /* has sent payload */
	SIDE_FIN = 1 << 15,    /* fin */
	SIDE_JUMP = 1 << 16,   /* jump: it has sent a segment there */
	SIDE_JUMPACK = 1 << 17, /* jump: that was acknowledged */
	SIDE_OTHER = 1 << 19,  /* jump: the number of another SYN-ACK */
	SIDE_FORGOT = 1 << 18, /* what of its numbers from una on was seen is not known: there was no room for holes */
	SIDE_SYNWIN = 1 << 20, /* lastwin stands on its SYN-ACK: it is not scaled, as all others are */
	SIDE_REFUSED = 1 << 21, /* refused */
	SIDE_LOOSE = 1 << 22,  /* a segment that is remembered may end behind nxt */
};

struct tcp_side { /* one line of cache */
	uint64_t nxt;      /* behind the highest byte seen */
	uint64_t una;      /* highest acknowledgement by the other side */
	int64_t fresh;     /* when nxt moved last */
	uint64_t fin;      /* what acknowledges its FIN */
	uint32_t has;      /* SIDE_* */
	uint32_t lastack;  /* as it sent them */
	uint32_t tsval;    /* greatest */
	uint16_t lastwin;
	uint16_t ipid;     /* newest */
	uint16_t idnew;    /* of its last segment in order */
	uint16_t maxwin;   /* its largest that is scaled, as it stands in the header */
	uint8_t dupacks;   /* by the other side since una moved */
	uint8_t nrtx;      /* times that tcp_odd.rtx was sent again */
	uint8_t idrun : 2; /* segments in order whose IP-ID advanced by 1 to 999, up to 3 */
	uint8_t at : 2;    /* the ring's next place */
	uint8_t size : 2;  /* of the cell with holes */
	uint8_t witnesses : 2; /* packets of its own side that may yet confirm `jump` */
	uint8_t forward : 2; /* steps in a row by which its IP-ID advanced by 1 to 999, up to 3 */
	uint8_t copies : 5; /* captured twice, up to TCP_COPIES */
	uint8_t many : 1;  /* the ring has TCP_RING places, not one */
	uint32_t holes;    /* the cell; 0 = none */
	uint32_t ring;     /* of struct tcp_sent; 0 = nothing is remembered */
};
_Static_assert(sizeof(struct tcp_side) == 64, "a line of cache");

struct tcp_odd { /* what a bit of `has`, or nrtx, says that there is */
	struct tcp_odd_side {
		uint64_t rtx;     /* first number of the segment that is retransmitted in a row */
		uint64_t sack;    /* highest SACK edge since una moved */
		uint64_t jump;    /* where a segment, or an acknowledgement, is too far ahead to be believed */
		int64_t zwin;     /* the time with a zero window is counted up to here */
		uint16_t jumplen; /* payload at `jump` */
		uint16_t refused; /* bytes on its SYN that were counted and not taken: they come again */
	} side[2];
};

struct tcp {
	struct tcp_side side[2];
	struct rtt_flow rtt;
	uint32_t odd; /* the cell; 0 = none */
	uint32_t dns; /* port 53: that with the place in its stream; 0 = none */
};
_Static_assert(sizeof(struct tcp) == 192, "three lines of cache");

/* --- of a bin */

/* Counters that are named as their fields are, by sender.  Rare ones have a cell of their own: most bins have none. */
#define TCP_FLAGS(X)  X(syn) X(fin) X(rst)
#define TCP_SEGMENTS(X) X(newbytes) X(datasegs) X(ackpkts)
#define TCP_COMMON(X) X(nullack) X(wupd)
#define TCP_RARE(X)                                                                              \
	X(dupack) X(rtxup) X(rtxdn) X(spur) X(ooo) X(dup) X(frtx) X(rto) X(holeovf) X(tgapev) X(dsack) \
	X(ka) X(zwp) X(zwin) X(synrtx) X(tsold) X(maxrtx) X(rtxunk) X(jumps)
#define TCP_RARE_BYTES(X)    X(rtxb) X(zwin_us)
#define TCP_RARE_SCALED(X)   X(winlim) X(oow)
#define TCP_CAPTURE(X)       X(ackun) X(capooo)
#define TCP_EVENTS(X)        X(ackgap) X(ackfix)
#define TCP_CAPTURE_BYTES(X) X(capmiss) X(capfix)

#define TCP_GAPS 4

struct tcp_gap {
	uint32_t lo, len; /* lo: behind the SYN */
	uint8_t side;
};

struct tcp_more { /* [side] */
#define TCP_MEMBER(name) uint64_t name[2];
	TCP_RARE_BYTES(TCP_MEMBER)
	TCP_CAPTURE_BYTES(TCP_MEMBER)
#undef TCP_MEMBER
#define TCP_MEMBER(name) uint32_t name[2];
	TCP_RARE(TCP_MEMBER)
	TCP_RARE_SCALED(TCP_MEMBER)
	TCP_CAPTURE(TCP_MEMBER)
	TCP_EVENTS(TCP_MEMBER)
	uint32_t skew_us[2];
#undef TCP_MEMBER
	uint32_t high;     /* cell; 0 = none */
	uint32_t gaps;     /* and this one */
	uint8_t ngaps;
};

struct tcp_gaps {
	struct tcp_gap gap[TCP_GAPS];
};

/* The letters of a history. */
#define TCP_LETTERS(X) X(s) X(h) X(a) X(d) X(f) X(r) X(w) X(t) X(g) X(q) X(i)
enum tcp_letter {
#define TCP_LETTER(c) LETTER_##c,
	TCP_LETTERS(TCP_LETTER)
#undef TCP_LETTER
	LETTERS
};
#define HIST_WORD 6 /* letters in a word of tcp_bin.text */

/* Counters that have few bits in tcp_bin: how often each went round. */
struct tcp_high {
#define TCP_MEMBER(name) uint32_t name[2];
	TCP_FLAGS(TCP_MEMBER)
	TCP_SEGMENTS(TCP_MEMBER)
	TCP_COMMON(TCP_MEMBER)
#undef TCP_MEMBER
	uint32_t ackev[2];
};

struct tcp_bin { /* [side] */
	/* what the usual segment needs: one line of cache */
	uint32_t newbytes[2];
	uint32_t more;       /* cell; 0 = none */
	uint32_t winmax[2], inflmax[2];
#define TCP_MEMBER(name) uint16_t name[2];
	TCP_COMMON(TCP_MEMBER)
#undef TCP_MEMBER
	uint16_t datasegs[2], ackpkts[2], ackev[2];
	uint16_t letters[2]; /* by side: those that are in the text, a bit each */
	uint16_t mss[2];     /* offered with a SYN in this bin; 0 = not */
	uint8_t opts[2];
	uint8_t known;       /* BIN_* */
	uint8_t rstby : 2, rstttl : 1, rstphase : 5; /* a bit a side; RSTPHASE_* */
#define TCP_MEMBER(name) uint8_t name; /* four bits a side */
	TCP_FLAGS(TCP_MEMBER)
#undef TCP_MEMBER
	uint8_t n;           /* letters in the text */
	/* the rest */
	uint32_t text[(2 * LETTERS + HIST_WORD - 1) / HIST_WORD]; /* five bits a letter: which, << 1 | side */
	struct rtt_bin rtt;
};
_Static_assert(offsetof(struct tcp_bin, text) == 64 && sizeof(struct tcp_bin) == 128, "lines of cache");
enum { /* tcp_bin.known */
	BIN_TRACKED = 1,  /* there was a struct tcp */
	BIN_SCALED = 2,   /* both sides' window scale is known: windows in bytes */
	BIN_BOTH = 4,     /* both sides have been seen: what the capture missed can be known */
	BIN_OPENED = 8,   /* the handshake was seen: acknowledgements count as events */
	BIN_ASYM = 16,    /* a side that was never seen has its data acknowledged */
};

/* --- one packet on its way */

struct tcp_packet {
	struct track *t;
	const struct seen *v;
	struct flow_state *f;       /* v's, as the next four */
	struct bin *bin;
	struct tcp_bin *b;          /* what hangs off it */
	struct tcp *c;              /* NULL: nothing is remembered */
	struct tcp_side *x, *y;     /* the sender, the other side */
	const struct packet *p;
	int side;
	int64_t ts;
	uint64_t s, e;              /* its sequence numbers: [s, e) */
	uint64_t first, behind;     /* those of its payload */
	uint32_t seglen;
	bool probe;                 /* a keep-alive or a zero-window probe */
	uint8_t known;              /* BIN_*, by now */
};

/* What hangs off a bin, made if need be. */
struct tcp_bin *tcp_bin_new(struct track *, struct bin *);
static inline struct tcp_bin *
tcp_bin(struct track *t, struct bin *b)
{
	return (b->ext != 0 ? pool_at(&t->tcp_bin, b->ext) : tcp_bin_new(t, b));
}

struct tcp_more *tcp_more(struct track *, struct tcp_bin *);
struct tcp_high *tcp_high(struct track *, struct tcp_bin *);

/* Counts, or takes back what was counted. */
#define TCP_ADD(t, b, name, side, n)                                                                  \
	(__builtin_add_overflow((b)->name[side], (uint32_t)(n), &(b)->name[side]) ?                   \
		(void)tcp_high(t, b)->name[side]++ : (void)0)
#define TCP_TAKE(t, b, name, side, n)                                                                 \
	(__builtin_sub_overflow((b)->name[side], (uint32_t)(n), &(b)->name[side]) ?                   \
		(void)tcp_high(t, b)->name[side]-- : (void)0)

/* The rare counters of its bin. */
static inline struct tcp_more *
tcp_rare(struct tcp_packet *k)
{
	return (k->b->more != 0 ? pool_at(&k->t->tcp_more, k->b->more) : tcp_more(k->t, k->b));
}

/* What is seldom, of one side; made if need be. */
struct tcp_odd_side *tcp_odd(struct track *, struct tcp *, int side);

#define TCP_BASE (1ull << 32) /* added to a first number, so that those before it are not below 0 */

/* Is this the first piece of a segment, which does not say how long that is?  (One in pieces outside of a tunnel does.) */
static inline bool
tcp_is_piece(const struct packet *p)
{
	return ((p->facts & FACT_FRAG) != 0 && !p->frag.inner);
}

static inline uint64_t
tcp_extend(uint64_t near, uint32_t v)
{
	return (near + (uint64_t)(int64_t)(int32_t)(v - (uint32_t)near));
}

/* Are the windows of this side scaled, but for that of its SYN (RFC 7323 2.2)?  Only where the scale is known. */
static inline bool
tcp_scales(const struct flow_state *f, int side)
{
	return (f->wscale[0] != TCP_NOSCALE && f->wscale[1] != TCP_NOSCALE && f->wscale[side] > 0);
}

/* Is its window known?  That of a SYN-ACK says nothing of those that are scaled. */
static inline bool
tcp_has_window(const struct tcp_side *x)
{
	return ((x->has & (SIDE_ACK | SIDE_SYNWIN)) == SIDE_ACK);
}

/* --- tcp_life.c */
void tcp_live(struct flow_state *, int side, const struct packet *);
/* Does it say nothing that tcp_live() does not know yet? */
static inline bool
tcp_lives_on(const struct flow_state *f, uint8_t flags)
{
	return ((flags & (TCP_SYN | TCP_FIN | TCP_RST)) == 0 && f->tcp_life & TCPLIFE_MORE &&
	    ((flags & TCP_ACK) == 0 || (f->tcp_life & (TCPLIFE_SYNACK | TCPLIFE_EST)) != TCPLIFE_SYNACK));
}
/* Has this side sent the same SYN, or SYN-ACK, before?  Before tcp_live(). */
bool tcp_repeats_syn(const struct flow_state *, int side, const struct packet *);
/* A SYN-ACK of its side with another number than the one before: who is asked takes one of them. */
bool tcp_other_answer(const struct flow_state *, int side, const struct packet *);
/* A RST that says no to the SYN: of the other side, and acknowledges it. */
bool tcp_refuses(const struct flow_state *, int side, const struct packet *);
/* The same SYN again, after so long. */
void tcp_knocks(struct flow_state *, int64_t waited);
/* The tracker's answers, see tracker.h. */
enum reuse tcp_reuses(const struct flow_state *, const struct seen *first, const struct seen *);
bool tcp_closed(const struct flow_state *);
uint8_t tcp_state(const struct flow_state *);
uint8_t tcp_cause(const struct flow_state *);
enum idle_class tcp_idle(const struct flow_state *);
bool tcp_replied(const struct flow_state *);
void tcp_end(const struct flow_state *, uint8_t cause, struct ending *);
void tcp_letter_new(struct tcp_bin *, int side, enum tcp_letter);
static inline void
tcp_letter(struct tcp_bin *b, int side, enum tcp_letter l)
{
	if ((b->letters[side] & 1u << l) == 0)
		tcp_letter_new(b, side, l);
}
#define HIST_MAX (2 * LETTERS)
/* In their order, upper case = that side's; returns how many.  set: of each side, a bit each, a to z. */
size_t tcp_text(const struct tcp_bin *, int upper, char out[static HIST_MAX], uint32_t set[static 2]);

void tcp_history(struct tcp_bin *, int side, const struct packet *);

/* --- tcp_data.c */
/* The segment's class.  false: it was captured twice, and nothing more is to be said of it. */
bool tcp_segment(struct tcp_packet *);
/* It was captured twice. */
void tcp_copied(struct tcp_packet *);
/* A segment in fragments is complete: it is all of [s, e). */
void tcp_completed(struct tcp_packet *);
/* The same SYN again. */
void tcp_syn_again(struct tcp_packet *);
/* The window of `side`, in bytes; only where the scale is known, and tcp_has_window(). */
uint32_t tcp_window(const struct tcp_packet *, int side);
/* Bytes of payload among the sequence numbers [lo, hi): SYN and FIN are none. */
uint64_t tcp_payload_in(const struct tcp_packet *, uint64_t lo, uint64_t hi);

/* --- tcp_holes.c */
void tcp_holes_init(struct track *, uint32_t max_flows);
/* `side` has sent [lo, hi), which follows all that was seen of it; why: HOLE_FRAG, HOLE_QUIET or 0. */
void tcp_open_hole(struct tcp_packet *, int side, uint64_t lo, uint64_t hi, uint8_t why);
/* What may have been the rest of a segment is none from this number on. */
void tcp_holes_no_frag(struct tcp_packet *, uint64_t number);
/* The packet's part [lo, hi) of its sender's holes is there now. */
struct tcp_fill tcp_fill_holes(struct tcp_packet *, uint64_t lo, uint64_t hi);
/* What `side` sent in [from, to), never seen and now acknowledged, from the last acknowledgement on: bytes; it may still
 * come within a second. */
uint64_t tcp_holes_acked(struct tcp_packet *, int side, uint64_t from, uint64_t to);
/* Is some of [lo, hi) of the packet's sender in a hole? */
bool tcp_holes_miss(const struct tcp_packet *, uint64_t lo, uint64_t hi);
/* That counts as a gap event in the packet's bin. */
void tcp_holes_event(struct tcp_packet *, int side, uint64_t from, uint64_t to);
/* All below the first acknowledgement, or one that no window allows: nothing is said to be missing, and it may come. */
void tcp_holes_quiet(struct tcp_packet *, int side, uint64_t to);
void tcp_holes_drop(struct track *, struct tcp_side *);

/* --- tcp_reach.c */
/* Is the segment, which begins behind all that was seen, further ahead than any window allows? */
bool tcp_reaches(const struct tcp_packet *);
static inline bool
tcp_far_ahead(const struct tcp_packet *k)
{
	return (k->x->has & SIDE_NXT && k->s > k->x->nxt && tcp_reaches(k));
}
/* Or so far below that it is of something else? */
bool tcp_far_below(const struct tcp_packet *);
/* Before a segment is judged.  true: it is kept aside.  Its sender may have a new start. */
bool tcp_step(struct tcp_packet *);
/* Before an acknowledgement is: true: nothing else is to be said of it.  None is worth more than a window. */
bool tcp_step_acked(struct tcp_packet *, uint64_t a);
/* The numbers of `side` go on from `nxt`, as if it were met there. */
void tcp_anew(struct tcp_packet *, int side, uint64_t nxt);

/* --- tcp_ack.c */
/* All that a gap event missed, in the bin of `start`, has come. */
void tcp_event_fixed(struct tcp_packet *, int side, int64_t start);
/* Does the window allow it?  Before tcp_segment(). */
void tcp_in_window(struct tcp_packet *);
/* A RST: nobody waits any more. */
void tcp_reset(struct tcp_packet *);
/* After tcp_segment(). */
void tcp_acknowledge(struct tcp_packet *);
/* A byte that may have been a FIN was none: its sender goes on.  There is one. */
void tcp_no_fin(struct tcp_packet *, int side);
/* For ragap: missing bytes; and some that came all the same. */
void tcp_gap_missing(struct tcp_packet *, int side, uint64_t lo, uint64_t hi);
void tcp_gap_filled(struct tcp_packet *, int side, uint64_t lo, uint64_t hi);

#endif
