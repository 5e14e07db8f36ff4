/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/dns_tcp.c: messages that lie anywhere in a stream of segments.
 */
#include "probe/track/dns_tcp.h"

static bool
before(uint32_t a, uint32_t b)
{
	return ((int32_t)(a - b) < 0);
}

/* Nobody knows where a message begins: believe what looks like one at the start of a segment. */
static unsigned
believe(const struct packet *p, struct dns_message *m)
{
	unsigned n = 0;

	if (p->ndns == 0 || p->dns[0].at != 0 || !p->dns[0].sure)
		return (0);
	for (unsigned i = 0; i < p->ndns; i++)
		m[n++] = p->dns[i];
	return (n);
}

/* Bytes behind which others were seen already. */
static unsigned
fill_hole(struct dns_stream *s, const struct packet *p, uint32_t seq, uint32_t end, struct dns_message *m)
{
	if (!s->hole || before(seq, s->hole_lo) || before(s->hole_hi, end))
		return (0); /* seen before */
	if (seq == s->hole_lo)
		s->hole_lo = end;
	else
		s->hole_hi = seq; /* what is behind it in the hole is given up */
	s->hole = s->hole_lo != s->hole_hi;
	return (believe(p, m));
}

/* The boundary lies in this segment: what begins there, and where the next one will. */
static unsigned
from_boundary(struct dns_stream *s, const struct packet *p, uint32_t seq, struct dns_message *m)
{
	uint32_t at = s->boundary - seq;
	unsigned n = 0, i = 0;

	while (i < p->ndns && p->dns[i].at != at)
		i++;
	s->synced = p->dns_next != 0 && (at == 0 || i < p->ndns);
	while (s->synced && i < p->ndns)
		m[n++] = p->dns[i++];
	s->boundary = seq + p->dns_next;
	s->bare = s->synced && p->dns_split;
	return (n);
}

unsigned
dns_segment(struct dns_stream *s, const struct packet *p, struct dns_message m[static DNS_MESSAGES + 1])
{
	uint32_t seq = p->tcp.seq, end;
	unsigned n = 0;

	if (p->tcp.flags & TCP_SYN) {
		seq++;
		dns_begins(s, seq);
	}
	if ((p->facts & FACT_PAYLOAD) == 0 || p->payload == 0)
		return (0);
	end = seq + p->payload;
	if (!s->known) {
		s->known = true;
		s->next = seq;
	}
	if (before(seq, s->next) && !before(s->next, end))
		return (fill_hole(s, p, seq, end, m));
	if (before(s->next, seq)) {
		s->hole = true;
		s->hole_lo = s->next;
		s->hole_hi = seq;
		s->bare = false;
		s->synced = s->synced && !before(s->boundary, seq);
	}
	if (s->bare && seq == s->next && p->has_bare) {
		m[n++] = p->dns_bare;
		s->bare = false;
	} else if (s->synced && before(s->boundary, end)) {
		n = from_boundary(s, p, seq, m);
	} else if (!s->synced && !before(seq, s->next) && (n = believe(p, m)) > 0) {
		s->synced = p->dns_next != 0;
		s->boundary = seq + p->dns_next;
		s->bare = s->synced && p->dns_split;
	}
	s->next = end;
	s->synced = s->synced && !before(s->boundary, end);
	return (n);
}
