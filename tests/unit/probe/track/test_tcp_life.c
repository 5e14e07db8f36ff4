/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_tcp_life.c: how connections open and close: states, conn, idle times, reuse, history (SEMANTICS 1.3, 1.4).
 */
#include "probe/track/tcp.h"

#include "format/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "cS": the client, side 0, sends a SYN; "sSA": the server answers.  Their first numbers are 100 and 5000. */
static struct packet
segment(const char *s, size_t n)
{
	struct packet p = { .facts = FACT_TCP | FACT_PAYLOAD, .proto = PROTO_TCP };

	for (size_t i = 1; i < n; i++)
		p.tcp.flags |= s[i] == 'S' ? TCP_SYN : s[i] == 'A' ? TCP_ACK : s[i] == 'F' ? TCP_FIN : TCP_RST;
	p.tcp.seq = (*s == 'c' ? 100 : 5000) + ((p.tcp.flags & TCP_SYN) == 0);
	p.tcp.ack = p.tcp.flags & TCP_ACK ? (*s == 'c' ? 5001 : 101) : 0;
	p.tcp.win = 1000;
	return (p);
}

static struct flow_state
live(const char *s)
{
	struct flow_state f = { .dirq = DIRQ_SEEN };

	while (*s != '\0') {
		size_t n = strcspn(s, " ");
		struct packet p = segment(s, n);

		f.life |= *s == 'c' ? LIFE_SENT_LO : LIFE_SENT_HI;
		tcp_live(&f, *s == 's', &p);
		s += n + (s[n] == ' ');
	}
	return (f);
}

static const struct life {
	const char *segments;
	uint8_t state, conn, cause;
	enum idle_class idle;
	bool closed, replied;
} lives[] = {
	{ "cA", STATE_REQ, CONN_OTH, CAUSE_idle, IDLE_EST, false, true },
	{ "cA sA", STATE_CON, CONN_OTH, CAUSE_idle, IDLE_EST, false, true },
	{ "cA sFA", STATE_FIN, CONN_OTH, CAUSE_idle, IDLE_EST, false, true },
	{ "cR", STATE_RST, CONN_OTH, CAUSE_rst, IDLE_LINGER, true, false },
	/* a SYN without answer */
	{ "cS", STATE_REQ, CONN_S0, CAUSE_idle, IDLE_SYN, false, false },
	{ "cS cS", STATE_REQ, CONN_S0, CAUSE_idle, IDLE_SYN, false, false },
	{ "cS sRA", STATE_RST, CONN_REJ, CAUSE_rst, IDLE_LINGER, true, false },
	{ "cS cR", STATE_RST, CONN_RSTOS0, CAUSE_rst, IDLE_LINGER, true, false },
	{ "cS cFA", STATE_FIN, CONN_SH, CAUSE_idle, IDLE_SYN, false, true },
	{ "cS sA", STATE_CON, CONN_S0, CAUSE_idle, IDLE_EST, false, true },
	/* the answer alone */
	{ "sSA", STATE_ACC, CONN_OTH, CAUSE_idle, IDLE_EST, false, false },
	{ "sSA cA", STATE_EST, CONN_OTH, CAUSE_idle, IDLE_EST, false, true },
	{ "sSA sR", STATE_RST, CONN_RSTRH, CAUSE_rst, IDLE_LINGER, true, false },
	{ "sSA sFA", STATE_FIN, CONN_SHR, CAUSE_idle, IDLE_EST, false, true },
	{ "sSA cR", STATE_RST, CONN_OTH, CAUSE_rst, IDLE_LINGER, true, false },
	/* both */
	{ "cS sSA", STATE_ACC, CONN_S1, CAUSE_idle, IDLE_EST, false, false },
	{ "sSA cS", STATE_ACC, CONN_S1, CAUSE_idle, IDLE_EST, false, false },
	{ "cS sSA cA", STATE_EST, CONN_S1, CAUSE_idle, IDLE_EST, false, true },
	{ "cS sSA cA sA", STATE_EST, CONN_S1, CAUSE_idle, IDLE_EST, false, true },
	{ "cS sSA cA cFA", STATE_FIN, CONN_S2, CAUSE_idle, IDLE_EST, false, true },
	{ "cS sSA cA sFA", STATE_FIN, CONN_S3, CAUSE_idle, IDLE_EST, false, true },
	{ "cS sSA cA cFA sFA", STATE_CLO, CONN_SF, CAUSE_idle, IDLE_EST, false, true }, /* not acknowledged yet */
	{ "cS sSA cA cR", STATE_RST, CONN_RSTO, CAUSE_rst, IDLE_LINGER, true, true },
	{ "cS sSA cA sR", STATE_RST, CONN_RSTR, CAUSE_rst, IDLE_LINGER, true, true },
	{ "cS sSA cA cR sR", STATE_RST, CONN_RSTO, CAUSE_rst, IDLE_LINGER, true, true }, /* the first decides */
	{ "cS sSA cA sR cR", STATE_RST, CONN_RSTR, CAUSE_rst, IDLE_LINGER, true, true },
	{ "cS sSA cA cFA sFA cR", STATE_RST, CONN_RSTO, CAUSE_rst, IDLE_LINGER, true, true },
};

static void
test_lives(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		const struct life *x = &lives[i];
		struct flow_state f = live(x->segments);
		struct ending e = { .state = STATE_TIM };

		tcp_end(&f, CAUSE_shutdown, &e);
		if (tcp_state(&f) != x->state || e.conn != x->conn || tcp_cause(&f) != x->cause ||
		    tcp_idle(&f) != x->idle || tcp_closed(&f) != x->closed || tcp_replied(&f) != x->replied)
			fail_msg("%s: state %d, conn %d, cause %d, idle %d, closed %d, replied %d", x->segments,
			    tcp_state(&f),
			    e.conn, tcp_cause(&f), tcp_idle(&f), tcp_closed(&f), tcp_replied(&f));
		assert_int_equal(e.state, x->state);
		assert_true(e.row);
		e = (struct ending){ .state = STATE_TIM };
		tcp_end(&f, CAUSE_idle, &e); /* silence has a state of its own */
		assert_int_equal(e.state, STATE_TIM);
		assert_int_equal(e.conn, x->conn);
	}
}

/* As seen from the source, whichever side it is. */
static void
test_turned(void **state)
{
	struct flow_state f = live("cS sSA cA cFA");
	struct ending e = { 0 };

	(void)state;
	f.src = 1;
	tcp_end(&f, CAUSE_shutdown, &e);
	assert_int_equal(e.conn, CONN_S3);
	f = live("cS sSA cA cR");
	f.src = 1;
	tcp_end(&f, CAUSE_rst, &e);
	assert_int_equal(e.conn, CONN_RSTR);
	f = live("cA");
	f.src = 1;
	assert_int_equal(tcp_state(&f), STATE_RSP);
}

/* Both FINs are acknowledged (tcp_ack.c sees that). */
static void
test_closed(void **state)
{
	struct flow_state f = live("cS sSA cA cFA sFA");

	(void)state;
	f.tcp_life |= TCPLIFE_FINACK << 0;
	assert_false(tcp_closed(&f));
	f.tcp_life |= (uint16_t)(TCPLIFE_FINACK << 1);
	assert_true(tcp_closed(&f));
	assert_int_equal(tcp_cause(&f), CAUSE_fin);
	assert_int_equal(tcp_idle(&f), IDLE_LINGER);
}

/* --- handshakes: what is sent again, from which no round trip can be told */

static const struct handshake {
	const char *segments, *next;
	bool again;
	uint16_t has, hasnot; /* TCPLIFE_* after all of them */
} handshakes[] = {
	{ "cS", "cS", true, TCPLIFE_SYNRTX, TCPLIFE_SYNACKRTX },
	{ "cS", "sSA", false, TCPLIFE_SYNACK | TCPLIFE_SYNACKHI, TCPLIFE_SYNRTX | TCPLIFE_SYNACKRTX },
	{ "cS sSA", "sSA", true, TCPLIFE_SYNACKRTX, TCPLIFE_SYNRTX },
	{ "cS sSA", "cS", true, TCPLIFE_SYNRTX, TCPLIFE_SYNACKRTX },
	{ "cS", "sS", false, TCPLIFE_SYN, TCPLIFE_SYNACK | TCPLIFE_SYNRTX }, /* both open */
	{ "cS sS", "cSA", false, TCPLIFE_SYNRTX | TCPLIFE_SYNACKRTX, TCPLIFE_SYNACKHI },
	    /* and answer with the same number */
	{ "cS sS cSA", "sSA", false, TCPLIFE_SYNRTX | TCPLIFE_SYNACKRTX, 0 },
	{ "cS sSA", "cA", false, TCPLIFE_EST | TCPLIFE_MORE, TCPLIFE_SYNRTX },
};

static void
test_handshakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(handshakes) / sizeof(handshakes[0]); i++) {
		const struct handshake *x = &handshakes[i];
		struct flow_state f = live(x->segments);
		struct packet p = segment(x->next, strlen(x->next));
		int side = *x->next == 's';

		if (tcp_repeats_syn(&f, side, &p) != x->again)
			fail_msg("%s %s: again?", x->segments, x->next);
		tcp_live(&f, side, &p);
		if ((f.tcp_life & x->has) != x->has || (f.tcp_life & x->hasnot) != 0)
			fail_msg("%s %s: %x", x->segments, x->next, f.tcp_life);
	}
}

/* What a SYN offers is kept, of the connection that is known. */
static void
test_offers(void **state)
{
	struct flow_state f = { 0 };
	struct packet p = segment("cS", 2);

	(void)state;
	tcp_live(&f, 0, &p);
	assert_int_equal(f.wscale[0], TCP_NOSCALE);
	p.tcp.opts = TCPOPT_WSCALE;
	p.tcp.wscale = 7;
	tcp_live(&f, 0, &p);
	assert_int_equal(f.wscale[0], 7);
	p.tcp.wscale = 15; /* RFC 7323 2.3 */
	tcp_live(&f, 0, &p);
	assert_int_equal(f.wscale[0], 14);
	p.tcp.opts = 0;
	p.cut_at = LAYER_TRANSPORT;
	tcp_live(&f, 0, &p);
	assert_int_equal(f.wscale[0], TCP_CUTSCALE);
	p = segment("sSA", 3);
	p.tcp.win = 77;
	tcp_live(&f, 1, &p);
	assert_int_equal(f.synwin, 77);
	assert_true(f.isn[0] == 100 && f.isn[1] == 5000);
	p = segment("cA", 2);
	tcp_live(&f, 0, &p);
	p = segment("cS", 2);
	p.tcp.seq = 9999; /* of no connection that is known */
	tcp_live(&f, 0, &p);
	assert_int_equal(f.isn[0], 100);
}

/* --- the same ports again */

static const struct again {
	const char *segments, *next;
	uint32_t seq;
	int64_t silence; /* s */
	enum reuse reuse;
} agains[] = {
	{ "cS sRA", "cS", 100, 1, REUSE_NO },      /* the same SYN */
	{ "cS sRA", "cS", 101, 1, REUSE_YES },
	{ "cS sRA", "cSA", 101, 1, REUSE_NO },     /* a new connection begins with a SYN alone */
	{ "cS sRA", "cA", 101, 1, REUSE_NO },
	{ "cS sRA", "cSF", 101, 1, REUSE_NO },
	{ "cA sA cR", "cS", 7, 1, REUSE_YES },     /* its number was not known */
	{ "cS sSA cA", "cS", 100, 61, REUSE_NO },
	{ "cS sSA cA", "cS", 90000000, 1, REUSE_WAITS }, /* it lives: who is asked has to tell */
	{ "cS sSA cA", "cS", 90000000, 60, REUSE_WAITS },
	{ "cS sSA cA", "cS", 90000000, 61, REUSE_YES },
	{ "cS sSA cA", "cS", 99, 61, REUSE_YES },  /* behind where it was */
	{ "cS sSA cA", "cS", 200000, 61, REUSE_WAITS }, /* near where it may be by now */
	{ "cA sA", "cS", 7, 61, REUSE_YES },
	{ "cS", "cS", 90000000, 61, REUSE_WAITS }, /* never answered */
	{ "sSA", "cS", 100, 1, REUSE_NO },         /* that which it answers, late */
	{ "sSA", "cS", 101, 1, REUSE_WAITS },
	{ "sS", "cS", 100, 1, REUSE_NO },          /* both open at once */
	{ "sA", "cS", 100, 1, REUSE_WAITS },
};

static void
test_reuse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(agains) / sizeof(agains[0]); i++) {
		const struct again *x = &agains[i];
		struct flow_state f = live(x->segments);
		struct packet p = segment(x->next, strlen(x->next));
		struct seen v = { .p = &p, .now = 1000 * SEC, .side = 0 };

		p.tcp.seq = x->seq;
		f.heard = v.now - x->silence * SEC;
		if (tcp_reuses(&f, NULL, &v) != x->reuse)
			fail_msg("%s %s, %u", x->segments, x->next, x->seq);
		p.facts = 0; /* a header that was cut */
		assert_int_equal(tcp_reuses(&f, NULL, &v), REUSE_NO);
	}
}

/* The client's SYN with number 90000 waits: what does this segment tell? */
static const struct proof {
	const char *segments, *next;
	uint32_t seq, ack;
	enum reuse reuse;
} proofs[] = {
	{ "cS sSA cA", "sSA", 70000, 90001, REUSE_YES },
	{ "cS sSA cA", "sRA", 0, 90001, REUSE_YES },  /* refused: a connection, too */
	{ "cS sSA cA", "sA", 5001, 101, REUSE_NO },   /* a challenge: it is what it was (RFC 5961) */
	{ "cS sSA cA", "sA", 5001, 90001, REUSE_NO },
	{ "cS sSA cA", "sSA", 70000, 90000, REUSE_NO },
	{ "cS sSA cA", "sSA", 70000, 90002, REUSE_NO },
	{ "cS sSA cA", "sR", 90001, 0, REUSE_NO },
	{ "cS sSA cA", "cA", 90001, 70001, REUSE_WAITS }, /* its own side tells nothing */
	{ "cS sSA cA", "cS", 90000, 0, REUSE_WAITS },
	{ "cA", "cA", 90001, 70001, REUSE_YES },      /* unless nobody else is captured */
	{ "cA", "cA", 102, 5001, REUSE_WAITS },       /* in the old numbers */
	{ "cA", "cS", 90000, 0, REUSE_WAITS },
};

static void
test_proofs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++) {
		const struct proof *x = &proofs[i];
		struct flow_state f = live(x->segments);
		struct packet syn = segment("cS", 2), p = segment(x->next, strlen(x->next));
		struct seen first = { .p = &syn, .side = 0 }, v = { .p = &p, .side = *x->next == 's' };

		syn.tcp.seq = 90000;
		p.tcp.seq = x->seq;
		p.tcp.ack = x->ack;
		if (tcp_reuses(&f, &first, &v) != x->reuse)
			fail_msg("%s, then %s %u %u", x->segments, x->next, x->seq, x->ack);
		p.facts = 0;
		assert_int_equal(tcp_reuses(&f, &first, &v), REUSE_WAITS);
	}
}

/* Another answer to the SYN: another number, of a handshake that is not complete. */
static void
test_other_answer(void **state)
{
	static const struct { const char *segments, *next; uint32_t seq; bool other; } cases[] = {
		{ "cS sSA", "sSA", 6000, true }, { "cS sSA", "sSA", 5000, false }, { "cS", "sSA", 6000, false },
		{ "cS sSA cA", "sSA", 6000, false }, { "cS sSA", "cSA", 6000, false }, { "cS sSA", "sA", 6000, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow_state f = live(cases[i].segments);
		struct packet p = segment(cases[i].next, strlen(cases[i].next));

		p.tcp.seq = cases[i].seq;
		if (tcp_other_answer(&f, *cases[i].next == 's', &p) != cases[i].other)
			fail_msg("%s %s %u", cases[i].segments, cases[i].next, cases[i].seq);
	}
}

/* Refused: by who did not send the SYN, and it is acknowledged. */
static void
test_refuses(void **state)
{
	static const struct { const char *segments, *next; uint32_t ack; bool refuses; } cases[] = {
		{ "cS", "sRA", 101, true }, { "cS", "sR", 0, false }, { "cS", "sRA", 100, false }, { "cS", "cRA", 101,
		    false },
		{ "cS", "sRA", 201, true }, /* with the data that came with it */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow_state f = live(cases[i].segments);
		struct packet p = segment(cases[i].next, strlen(cases[i].next));

		p.tcp.ack = cases[i].ack;
		if (tcp_refuses(&f, *cases[i].next == 's', &p) != cases[i].refuses)
			fail_msg("%s %s %u", cases[i].segments, cases[i].next, cases[i].ack);
	}
}

/* Who sends SYNs and nothing else is waited for until twice the last wait and 5 s, at least 30 and at most 180 s. */
static void
test_knocks(void **state)
{
	static const struct { const char *segments; int64_t waited; enum idle_class idle; int64_t until; } cases[] = {
		{ "cS cS", 1, IDLE_SYN, 30 }, { "cS cS", 12, IDLE_SYN, 30 }, { "cS cS", 16, IDLE_KNOCK, 37 },
		{ "cS cS", 64, IDLE_KNOCK, 133 }, { "cS cS", 100, IDLE_KNOCK, 180 }, { "cS cS cA", 64, IDLE_SYN, 30 },
		{ "cS cS sSA", 64, IDLE_EST, 300 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow_state f = live(cases[i].segments);

		tcp_knocks(&f, cases[i].waited * SEC);
		f.idle = (uint8_t)tcp_idle(&f);
		if (f.idle != cases[i].idle || llabs(flow_deadline(&f) - cases[i].until * SEC) > SEC)
			fail_msg("%s, %d s: class %d, until %d", cases[i].segments, (int)cases[i].waited, f.idle,
			    (int)(flow_deadline(&f) / SEC));
	}
}

/* --- history: a letter for each kind of segment, once a side; upper case: lo */

static const struct letter {
	const char *segment;
	uint32_t payload;
	uint16_t win;
	const char *text;
} letters[] = {
	{ "cS", 0, 1, "S" }, { "sS", 0, 1, "s" }, { "cSA", 0, 1, "H" }, { "cA", 0, 1, "A" }, { "cA", 5, 1, "D" },
	{ "cFA", 0, 1, "F" }, { "cFA", 5, 1, "DF" }, { "cR", 0, 1, "R" }, { "cRA", 0, 0, "R" },
	{ "cA", 0, 0, "AW" }, { "cA", 5, 0, "DW" }, { "cS", 0, 0, "S" }, { "cSF", 0, 1, "QF" }, { "cSR", 0, 1, "QR" },
	{ "cFR", 0, 1, "IFR" }, { "sS", 5, 1, "sd" },
};

static void
test_letters(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		const struct letter *x = &letters[i];
		struct packet p = segment(x->segment, strlen(x->segment));
		struct tcp_bin b = { 0 };
		char text[HIST_MAX + 1];
		uint32_t set[2];

		p.payload = x->payload;
		p.tcp.win = x->win;
		for (int k = 0; k < 3; k++)
			tcp_history(&b, *x->segment == 's', &p);
		text[tcp_text(&b, 0, text, set)] = '\0';
		if (strcmp(text, x->text) != 0)
			fail_msg("%s, %u: %s, not %s", x->segment, x->payload, text, x->text);
	}
}

static void
test_history(void **state)
{
	struct tcp_bin b = { 0 };
	char text[HIST_MAX + 1];
	uint32_t set[2];

	(void)state;
	for (int twice = 0; twice < 2; twice++) /* each letter once a side */
		for (enum tcp_letter l = 0; l < LETTERS; l++)
			for (int side = 0; side < 2; side++)
				tcp_letter(&b, side, l);
	text[tcp_text(&b, 0, text, set)] = '\0';
	assert_string_equal(text, "SsHhAaDdFfRrWwTtGgQqIi");
	text[tcp_text(&b, 1, text, set)] = '\0';
	assert_string_equal(text, "sShHaAdDfFrRwWtTgGqQiI");
	assert_int_equal(set[0], 0x4f01e9); /* bits 0 a, 3 d, 5 f, 6 g, 7 h, 8 i, 16 q, 17 r, 18 s, 19 t, 22 w */
	assert_int_equal(set[1], set[0]);
	memset(&b, 0, sizeof(b));
	tcp_letter(&b, 1, LETTER_t);
	tcp_letter(&b, 0, LETTER_a);
	text[tcp_text(&b, 0, text, set)] = '\0';
	assert_string_equal(text, "tA");
	assert_int_equal(set[0], 1 << 0);
	assert_int_equal(set[1], 1 << 19);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_turned),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_proofs),
		cmocka_unit_test(test_other_answer),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_knocks),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_history),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
