/* SPDX-License-Identifier: BSD-2-Clause
 *
 * segments.h: TCP connections as tables of segments.
 *
 * Sequence numbers and acknowledgements count from behind the SYN of who sent what they are about, so a SYN has -1.
 * A case is played with the client as the lower and as the higher address, with numbers that wrap and without.
 */
#ifndef TESTS_PROBE_SEGMENTS_H
#define TESTS_PROBE_SEGMENTS_H

#include "tests/unit/probe/world.h"

#include "probe/track/tcp.h"

enum { CLIENT, SERVER };
#define ZERO -1 /* a window; 0 is the usual one of 1000 */

struct segment {
	double ms;
	int from;
	const char *flags; /* of "SAFRP"; NULL: no more */
	int seq, len, ack, win;
	uint32_t ipid, tsval, tsecr;
	int sack[4];       /* edges; the first two are none: no blocks */
	uint8_t ttl;
};

/* From the client, from the server: time, flags, number, length; and what else is to be said: .ack = 100. */
#define C(t, f, n, l, ...) { .ms = (t), .from = CLIENT, .flags = (f), .seq = (n), .len = (l), __VA_ARGS__ }
#define S(t, f, n, l, ...) { .ms = (t), .from = SERVER, .flags = (f), .seq = (n), .len = (l), __VA_ARGS__ }

/* The handshake of the specification's vectors: 50 ms to the server, 1 ms to the client. */
#define OPEN C(0, "S", -1, 0), S(50, "SA", -1, 0), C(51, "A", 0, 0)

static int segment_client;       /* its side */
static uint32_t segment_isn = 5; /* of both; the server's is 1000 more */

static inline struct packet
segment_packet(const struct segment *x)
{
	static const struct { char c; uint8_t flag; } letters[] = { { 'S', TCP_SYN }, { 'A', TCP_ACK }, { 'F',
		TCP_FIN },
		{ 'R', TCP_RST }, { 'P', TCP_PSH } };
	uint32_t isn = segment_isn + (x->from == SERVER ? 1000 : 0),
	    other = segment_isn + (x->from == SERVER ? 0 : 1000);
	struct packet p = world_packet(0, PROTO_TCP, x->from ^ segment_client);

	p.ts = BASE + (int64_t)(x->ms * 1000 + .5) * USEC;
	p.sport = x->from == CLIENT ? 4000 : 80;
	p.dport = x->from == CLIENT ? 80 : 4000;
	p.facts |= FACT_TCP | FACT_PAYLOAD;
	p.payload = (uint32_t)x->len;
	p.wire = 54 + p.payload;
	p.ipid = x->ipid;
	if (x->ttl != 0)
		p.ttl = x->ttl;
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		p.tcp.flags |= strchr(x->flags, letters[i].c) != NULL ? letters[i].flag : 0;
	p.tcp.seq = isn + 1 + (uint32_t)x->seq;
	p.tcp.ack = p.tcp.flags & TCP_ACK ? other + 1 + (uint32_t)x->ack : 0;
	p.tcp.win = x->win == ZERO ? 0 : x->win != 0 ? (uint16_t)x->win : 1000;
	p.tcp.sum = (uint16_t)x->seq;
	if (x->tsval != 0) {
		p.facts |= FACT_TCPTS;
		p.tcp.opts |= TCPOPT_TS;
		p.tcp.tsval = x->tsval;
		p.tcp.tsecr = x->tsecr;
	}
	for (int i = 0; i < 4 && x->sack[i + 1] != 0; i += 2) {
		p.tcp.opts |= TCPOPT_SACK;
		p.sack[i / 2][0] = other + 1 + (uint32_t)x->sack[i];
		p.sack[i / 2][1] = other + 1 + (uint32_t)x->sack[i + 1];
		p.tcp.nsack++;
		if (i == 2)
			break;
	}
	return (p);
}

static inline void
segment_send(struct world *w, const struct segment *x)
{
	struct packet p = segment_packet(x);

	world_send(w, &p);
}

/* All of them, until flags is NULL. */
static inline void
segments_send(struct world *w, const struct segment *x)
{
	for (; x->flags != NULL; x++)
		segment_send(w, x);
}

struct connection {
	const char *what;
	struct segment s[24];
	const char *row; /* behind "flow 0 start+end" */
};

/* Both ways round, with numbers that wrap and without: the same row each time, of bins of a minute. */
static inline void
connections_play(const struct connection *c, size_t n, const char *wanted)
{
	static const struct { int client; uint32_t isn; } ways[] = { { 0, 5 }, { 1, UINT32_MAX - 150 },
		{ 0, UINT32_MAX - 1000 - 150 } }; /* the second wraps the client's, the third the server's */

	for (size_t i = 0; i < 3 * n; i++) {
		const struct connection *x = &c[i / 3];
		struct world w;
		char want[400];

		segment_client = ways[i % 3].client;
		segment_isn = ways[i % 3].isn;
		world_new(&w, 60, 20);
		segments_send(&w, x->s);
		world_end(&w);
		snprintf(want, sizeof(want), "flow 0 start+end%s%s", *x->row != '\0' ? " " : "", x->row);
		if (strcmp(world_said(&w, wanted), want) != 0)
			print_error("%s, client %d, first number %u\n", x->what, segment_client, segment_isn);
		w.said = 0;
		EXPECT(&w, wanted, want);
		world_free(&w);
	}
	segment_client = CLIENT;
	segment_isn = ways[0].isn;
}

#define PLAY(cases, wanted) connections_play(cases, sizeof(cases) / sizeof((cases)[0]), wanted)

#endif
