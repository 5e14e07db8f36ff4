/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ipfix.c: templates, records and messages of IPFIX (RFC 7011, 5103, 5610, 5655).
 *
 * A template for each set of elements that some record has, so that what is not known is not there: in the order in which
 * they come, before the first record of it.  First of all, once in a file, stand the names and types of our own elements.
 * In datagrams, which may be lost, all that comes again now and then.  Test: tests/ipfix.tap.
 */
#include "ra-tools/out/ipfix.h"

#include "format/base/far.h"
#include "format/base/map.h"
#include "format/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { IPFIX_VERSION = 10, TEMPLATES = 2, OPTIONS = 3, FIRST_SET = 256 };
#define HEAD	 16
#define SET_HEAD 4
#define MESSAGE	 65000
#define AGAIN	 (60 * SEC) /* after which all templates come again, */
#define AGAIN_N	 1000	    /* or after so many messages, */
#define BURST	 32	    /* which leave in bursts of so many: a collector's buffer holds some 100 */
#define BREATH	 2	    /* ms between two bursts */
#define PATIENCE 10000	    /* ms for a collector to answer */

struct template {
	uint32_t fields; /* first of them in `of`, and how many */
	uint16_t n;
};

struct ipfix_state {
	struct ipfix_element *element;
	unsigned n;
	struct map sets; /* which elements (a bit each) -> number of the template */
	struct template *template;
	uint32_t ntemplates, cap;
	struct buf of;	    /* the elements of templates, 2 bytes each */
	struct buf message; /* being made */
	size_t set;	    /* where its last set begins; 0: there is none */
	uint16_t kind;	    /* and what that is */
	uint32_t sent, in_message; /* data records before this message, and in it */
	int64_t latest;		   /* time in the records so far */
	size_t room;		   /* of a message */
	struct buf record, bits;
	unsigned since, burst; /* datagrams since all templates were sent, and without a breath */
	int64_t said;	       /* when they were */
	bool datagrams, begun;
};

/* --- messages */

static void
patch16(struct buf *b, size_t at, uint64_t v)
{
	b->p[at] = (uint8_t)(v >> 8);
	b->p[at + 1] = (uint8_t)v;
}

static void
send_datagram(struct sheet *s)
{
	struct ipfix_state *x = s->ipfix->state;
	struct timespec breath = { .tv_nsec = BREATH * 1000000 };

	while (s->error == 0 && send(s->far, x->message.p, x->message.len, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			s->error = errno;
	x->since++;
	if (++x->burst >= BURST) {
		x->burst = 0;
		(void)nanosleep(&breath, NULL);
	}
}

static int64_t
message_time(const struct sheet *s)
{
	return (s->ipfix->now != NULL ? s->ipfix->now() : s->ipfix->state->latest);
}

static void
end_message(struct sheet *s)
{
	struct ipfix_state *x = s->ipfix->state;
	struct buf *m = &x->message, head = { 0 };

	if (m->len <= HEAD)
		return;
	patch16(m, x->set + 2, m->len - x->set);
	buf_u16(&head, IPFIX_VERSION);
	buf_u16(&head, (uint16_t)m->len);
	buf_u32(&head, (uint32_t)(message_time(s) / SEC));
	buf_u32(&head, x->sent);
	buf_u32(&head, 0); /* the domain: each record says its own (observationDomainName) */
	memcpy(m->p, head.p, HEAD);
	buf_free(&head);
	x->sent += x->in_message;
	if (x->datagrams) {
		send_datagram(s);
	} else {
		buf_add(&s->out, m->p, m->len);
		sheet_ready(s);
	}
	m->len = 0;
	x->in_message = 0;
	x->set = 0;
}

static void
add(struct sheet *s, uint16_t kind, const struct buf *record)
{
	struct ipfix_state *x = s->ipfix->state;
	struct buf *m = &x->message;
	size_t need = record->len + (x->set == 0 || x->kind != kind ? SET_HEAD : 0);

	if (HEAD + SET_HEAD + record->len > x->room) {
		s->error = s->error == 0 ? EMSGSIZE : s->error;
		return;
	}
	if (m->len + need > x->room)
		end_message(s);
	if (m->len == 0)
		memset(buf_put(m, HEAD), 0, HEAD);
	if (x->set == 0 || x->kind != kind) {
		if (x->set != 0)
			patch16(m, x->set + 2, m->len - x->set);
		x->set = m->len;
		x->kind = kind;
		buf_u16(m, kind);
		buf_u16(m, 0);
	}
	buf_add(m, record->p, record->len);
	x->in_message += kind >= FIRST_SET;
}

/* --- templates */

static void
put_specifier(struct buf *to, uint32_t pen, uint16_t number, uint16_t length)
{
	buf_u16(to, (uint16_t)(number | (pen != 0 ? 0x8000 : 0)));
	buf_u16(to, length);
	if (pen != 0)
		buf_u32(to, pen);
}

/* The names, types and meanings of our own elements (RFC 5610). */
static void
add_types(struct sheet *s)
{
	static const struct {
		uint16_t number, length;
	} says[] = { { 346, 4 }, { 303, 2 }, { 339, 1 }, { 344, 1 }, { 345, 2 }, { 342, 8 }, { 343, 8 }, { 341, IPFIX_VARIES }, { 340, IPFIX_VARIES } };
	struct ipfix_state *x = s->ipfix->state;
	struct buf b = { 0 };

	buf_u16(&b, FIRST_SET);
	buf_u16(&b, sizeof(says) / sizeof(says[0]));
	buf_u16(&b, 2); /* the first two say which element */
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++)
		put_specifier(&b, 0, says[i].number, says[i].length);
	add(s, OPTIONS, &b);
	for (unsigned i = 0; i < x->n; i++) {
		const struct ipfix_element *e = &x->element[i];
		const char *name = fields[e->field].name, *doc = fields[e->field].doc;
		uint8_t type, semantics;
		uint16_t unit;

		if (e->pen == 0 || e->pen == IPFIX_REVERSE)
			continue;
		ipfix_type(e, &type, &semantics, &unit);
		b.len = 0;
		buf_u32(&b, e->pen);
		buf_u16(&b, e->number);
		buf_u8(&b, type);
		buf_u8(&b, semantics);
		buf_u16(&b, unit);
		buf_u64(&b, 0); /* no range: from 0 to 0 */
		buf_u64(&b, 0);
		buf_u8(&b, (uint8_t)strlen(name));
		buf_str(&b, name);
		buf_u8(&b, 255);
		buf_u16(&b, (uint16_t)strlen(doc));
		buf_str(&b, doc);
		add(s, FIRST_SET, &b);
	}
	buf_free(&b);
}

static void
add_template(struct sheet *s, uint32_t t)
{
	struct ipfix_state *x = s->ipfix->state;
	struct buf b = { 0 };

	buf_u16(&b, (uint16_t)(FIRST_SET + 1 + t));
	buf_u16(&b, x->template[t].n);
	for (unsigned i = 0; i < x->template[t].n; i++) {
		const uint8_t *at = x->of.p + x->template[t].fields + 2 * i;
		const struct ipfix_element *e = &x->element[at[0] << 8 | at[1]];

		put_specifier(&b, e->pen, e->number, e->length);
	}
	add(s, TEMPLATES, &b);
	buf_free(&b);
}

/* What says what records are, in datagrams from time to time. */
static void
introduce(struct sheet *s)
{
	struct ipfix_state *x = s->ipfix->state;

	if (x->begun && !(x->datagrams && (x->since >= AGAIN_N || s->ipfix->now() - x->said >= AGAIN)))
		return;
	x->begun = true;
	x->since = 0;
	x->said = s->ipfix->now == NULL ? 0 : s->ipfix->now();
	add_types(s);
	for (uint32_t t = 0; t < x->ntemplates; t++)
		add_template(s, t);
}

/* The template of the elements whose bits are set. */
static uint32_t
template_of(struct sheet *s)
{
	struct ipfix_state *x = s->ipfix->state;
	struct template *t;
	uint32_t number;

	if (!map_put(&x->sets, x->bits.p, x->bits.len, &number))
		return (number);
	if (x->ntemplates == x->cap) {
		x->cap = x->cap == 0 ? 32 : 2 * x->cap;
		x->template = mem_grow(x->template, x->cap, sizeof(x->template[0]));
	}
	t = &x->template[x->ntemplates++];
	*t = (struct template){ .fields = (uint32_t)x->of.len };
	for (unsigned i = 0; i < x->n; i++)
		if (x->bits.p[i / 8] >> i % 8 & 1) {
			buf_u16(&x->of, (uint16_t)i);
			t->n++;
		}
	if (FIRST_SET + 1 + number > UINT16_MAX)
		s->error = s->error == 0 ? EOVERFLOW : s->error;
	else
		add_template(s, number);
	return (number);
}

/* --- records */

/* A record of one direction counts something that this one did. */
static bool
did(const struct sheet *s, const struct batch *b, uint32_t r, unsigned direction)
{
	const struct ipfix_state *x = s->ipfix->state;

	for (unsigned i = 0; i < x->n; i++) {
		int c = x->element[i].moves ? x->element[i].column[direction] : -1;
		const struct column *col = c < 0 ? NULL : b->col[s->want[c].field];

		if (column_has(col, r) && col->u[r] != 0)
			return (true);
	}
	return (false);
}

static void
add_record(struct sheet *s, const struct batch *b, uint32_t r, unsigned direction)
{
	struct ipfix_state *x = s->ipfix->state;
	const struct column *last = column_has(b->col[F_ltime], r) ? b->col[F_ltime] : b->col[F_bend];
	bool any = false;
	uint32_t t;

	if (column_has(last, r) && last->i[r] + SEC - 1 > x->latest)
		x->latest = last->i[r] + SEC - 1;
	x->record.len = x->bits.len = 0;
	memset(buf_put(&x->bits, (x->n + 7) / 8), 0, (x->n + 7) / 8);
	for (unsigned i = 0; i < x->n; i++)
		if (ipfix_value(s, &x->element[i], direction, b, r, &x->record)) {
			x->bits.p[i / 8] |= (uint8_t)(1 << i % 8);
			any = true;
		}
	if (!any)
		return;
	introduce(s);
	t = template_of(s);
	if (s->error == 0)
		add(s, (uint16_t)(FIRST_SET + 1 + t), &x->record);
}

static void
head(struct sheet *s)
{
	struct ipfix_state *x = s->ipfix->state = mem_zero(1, sizeof(*x));
	int kind = SOCK_STREAM;
	socklen_t len = sizeof(kind);

	x->element = ipfix_elements(s, s->ipfix->pen, s->ipfix->uniflow, &x->n);
	x->datagrams = s->far > 0 && getsockopt(s->far, SOL_SOCKET, SO_TYPE, &kind, &len) == 0 && kind == SOCK_DGRAM;
	x->room = x->datagrams ? far_datagram(s->far) : MESSAGE;
	introduce(s);
}

static void
row(struct sheet *s, const struct batch *b, uint32_t r)
{
	bool there, back;

	if (s->error != 0)
		return;
	if (!s->ipfix->uniflow) {
		add_record(s, b, r, 0);
		return;
	}
	there = did(s, b, r, 0);
	back = did(s, b, r, 1);
	if (there || !back)
		add_record(s, b, r, 0);
	if (back)
		add_record(s, b, r, 1);
}

static void
tail(struct sheet *s)
{
	struct ipfix_state *x = s->ipfix->state;

	end_message(s);
	sheet_flush(s);
	if (s->far > 0)
		(void)close(s->far);
	s->far = 0;
	map_free(&x->sets);
	buf_free(&x->of);
	buf_free(&x->message);
	buf_free(&x->record);
	buf_free(&x->bits);
	free(x->template);
	free(x->element);
	free(x);
	s->ipfix->state = NULL;
}

const struct out out_ipfix = { .name = "ipfix", .head = head, .row = row, .pause = end_message, .tail = tail };

/* --- the command line */

bool
ipfix_parse(struct ipfix *x, const char *arg)
{
	static const char uniflow[] = "uniflow", pen[] = "pen=";

	while (arg != NULL && *arg != '\0') {
		size_t n = strcspn(arg, ",");

		if (n == sizeof(uniflow) - 1 && strncmp(arg, uniflow, n) == 0) {
			x->uniflow = true;
		} else if (n > sizeof(pen) - 1 && strncmp(arg, pen, sizeof(pen) - 1) == 0) {
			unsigned long v = strtoul(arg + sizeof(pen) - 1, NULL, 10);

			if (strspn(arg + sizeof(pen) - 1, "0123456789") != n - (sizeof(pen) - 1) || v == 0 || v > UINT32_MAX || v == IPFIX_REVERSE)
				return (false);
			x->pen = (uint32_t)v;
		} else {
			return (false);
		}
		arg += n + (arg[n] == ',');
	}
	return (true);
}

bool
ipfix_open(struct sheet *s, char *err, size_t len)
{
	struct far f;

	if (!far_parse(&f, s->ipfix->to, "4739", err, len))
		return (false);
	if (f.tls)
		return (say_wrong(err, len, "%s: IPFIX goes to udp:// or tcp://", s->ipfix->to));
	s->far = far_connect(&f, PATIENCE, err, len);
	return (s->far >= 0);
}
