/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_dns_tcp.c: which messages of a stream of segments are new.
 */
#include "probe/track/dns_tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Segments of one direction.  Each row is a segment; `n` of its messages are new. */

enum { SYN = 1, BARE = 2, SPLIT = 4, DOUBT = 8 };

static const struct segment {
	int stream;          /* a new one begins where it changes */
	uint32_t seq, len;
	unsigned what;
	uint32_t at[3];      /* of messages, + 1; 0 = none */
	uint32_t next;
	unsigned n;
} segments[] = {
	/* in order, across the wrap; retransmitted; old and new in one */
	{ 1, 0xfffffff0, 0, SYN, { 0 }, 0, 0 },
	{ 1, 0xfffffff1, 30, 0, { 1 }, 30, 1 },
	{ 1, 0xfffffff1, 30, 0, { 1 }, 30, 0 },
	{ 1, 15, 30, 0, { 1 }, 30, 1 },
	{ 1, 0xfffffff1, 90, 0, { 1, 31, 61 }, 90, 1 },
	/* a long message: what looks like one in its middle is none; then in step again */
	{ 2, 100, 0, SYN, { 0 }, 0, 0 },
	{ 2, 101, 50, 0, { 1 }, 80, 1 },
	{ 2, 151, 30, 0, { 1 }, 30, 0 },
	{ 2, 181, 30, 0, { 1 }, 30, 1 },
	/* it ends within a segment: the next message there is not seen, later ones are */
	{ 3, 0, 50, 0, { 1 }, 80, 1 },
	{ 3, 50, 60, 0, { 0 }, 0, 0 },
	{ 3, 110, 30, 0, { 1 }, 30, 1 },
	/* seen from the middle: only what looks like a message */
	{ 4, 500, 30, DOUBT, { 1 }, 30, 0 },
	{ 4, 530, 30, 0, { 1 }, 30, 1 },
	{ 4, 560, 30, DOUBT, { 1 }, 30, 1 },
	/* the length alone, then the message */
	{ 5, 0, 0, SYN, { 0 }, 0, 0 },
	{ 5, 1, 2, SPLIT, { 0 }, 30, 0 },
	{ 5, 3, 28, BARE, { 0 }, 0, 1 },
	{ 5, 31, 30, 0, { 1 }, 30, 1 },
	/* reordered: the one before comes later, once */
	{ 6, 0, 0, SYN, { 0 }, 0, 0 },
	{ 6, 31, 30, 0, { 1 }, 30, 1 },
	{ 6, 1, 30, 0, { 1 }, 30, 1 },
	{ 6, 1, 30, 0, { 1 }, 30, 0 },
	{ 6, 31, 30, 0, { 1 }, 30, 0 },
	/* lost within a message: still in step behind it */
	{ 7, 0, 0, SYN, { 0 }, 0, 0 },
	{ 7, 1, 20, 0, { 1 }, 80, 1 },
	{ 7, 61, 20, DOUBT, { 1 }, 30, 0 },
	{ 7, 81, 30, DOUBT, { 1 }, 30, 1 },
};

static void
test_segments(void **state)
{
	struct dns_stream s;
	struct dns_message m[DNS_MESSAGES + 1];
	int stream = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		const struct segment *x = &segments[i];
		struct packet p;
		unsigned n;

		if (x->stream != stream)
			memset(&s, 0, sizeof(s));
		stream = x->stream;
		memset(&p, 0, sizeof(p));
		p.facts = FACT_TCP | FACT_DNS | FACT_PAYLOAD;
		p.tcp.seq = x->seq;
		p.tcp.flags = x->what & SYN ? TCP_SYN : TCP_ACK;
		p.payload = x->len;
		for (; p.ndns < 3 && x->at[p.ndns] != 0; p.ndns++) {
			p.dns[p.ndns].at = x->at[p.ndns] - 1;
			p.dns[p.ndns].sure = (x->what & DOUBT) == 0;
		}
		p.dns_next = x->next;
		p.dns_split = (x->what & SPLIT) != 0;
		p.has_bare = (x->what & BARE) != 0;
		n = dns_segment(&s, &p, m);
		if (n != x->n)
			print_error("stream %d, segment %zu of all\n", x->stream, i);
		assert_int_equal(n, x->n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segments),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
