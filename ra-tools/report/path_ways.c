/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path_ways.c: what became of the packets of each direction between two probes.
 *
 * A number that the first probe saw and the second did not is lost between them if the second one had the chance to see
 * it: it saw numbers before and behind it, or it captured frames before and after that time.  Where its capture dropped
 * packets meanwhile, nobody knows.
 */
#include "ra-tools/report/path_room.h"

#include "format/base/mem.h"
#include "format/base/cut.h"
#include "format/cid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TCP = 6, UDP = 17 };

#define SPAN_SLACK (25 * MSEC)
#define SPAN_GAPS  3

struct work { /* one way that is being made */
	struct path *p;
	const struct path_item *x;
	struct path_way *w;
	int dir, first, second; /* probes */
	const struct path_half *h[2]; /* [0] the first one's, [1] the second one's */
	bool timed;
	int64_t delay, slack;
	uint64_t outside; /* numbers that only one of them had the chance to see */
	size_t cap;
};

static void
unknown(struct work *k, const char *why)
{
	k->w->c.knows &= ~(unsigned)PATH_BETWEEN;
	if (k->w->why == NULL)
		k->w->why = why;
}

/* --- bins ------------------------------------------------------------------------------------------- */

/* The bin of a row of the first probe, on a's clock. */
static struct path_point
bin_of(const struct work *k, const struct path_row *r)
{
	struct path_point x = { .start = r->start, .end = r->end };

	if (k->first == 1 && k->p->clock.known)
		x.start += (r->end - r->start) / 2 - k->p->clock.offset_us * USEC;
	if (k->p->width > 0)
		x.start = cut_bin(x.start, k->p->width, k->p->o.zone, &x.end);
	return (x);
}

static struct path_counts *
point(struct work *k, const struct path_row *r)
{
	struct path_way *w = k->w;
	struct path_point x = bin_of(k, r);

	if (w->npoints > 0 && w->point[w->npoints - 1].start == x.start)
		return (&w->point[w->npoints - 1].c);
	if (w->npoints == k->cap) {
		k->cap = k->cap == 0 ? 16 : 2 * k->cap;
		w->point = mem_grow(w->point, k->cap, sizeof(w->point[0]));
	}
	w->point[w->npoints] = x;
	return (&w->point[w->npoints++].c);
}

static int
by_start(const void *x, const void *y)
{
	const struct path_point *a = x, *b = y;

	return ((a->start > b->start) - (a->start < b->start));
}

static void
add_counts(struct path_counts *to, const struct path_counts *from)
{
	to->seen[0] += from->seen[0];
	to->seen[1] += from->seen[1];
	to->before += from->before;
	to->between += from->between;
	to->after += from->after;
	to->expected += from->expected;
	to->dup += from->dup;
	to->late += from->late;
	to->unseen += from->unseen;
	to->missed += from->missed;
	to->suspect |= from->suspect;
	to->knows |= from->knows;
}

static void
join_points(struct path_way *w)
{
	size_t n = 0;

	if (w->npoints > 1)
		qsort(w->point, w->npoints, sizeof(w->point[0]), by_start);
	for (size_t i = 0; i < w->npoints; i++) {
		if (n > 0 && w->point[n - 1].start == w->point[i].start)
			add_counts(&w->point[n - 1].c, &w->point[i].c);
		else
			w->point[n++] = w->point[i];
	}
	w->npoints = n;
	for (size_t i = 0; i < n; i++) {
		w->point[i].c.suspect |= w->point[i].c.unseen > 0 || w->point[i].c.missed > 0;
		w->c.suspect += w->point[i].c.suspect;
	}
}

/* --- what could be seen ---------------------------------------------------------------------------- */

static bool
dropped(const struct work *k, int which, int64_t from, int64_t to)
{
	return (marks_dropped(k->p->marks, k->p->marked[which == 0 ? k->first : k->second], from, to));
}

/* Is that the same time on both clocks, on which it differs by so much?  A clock that was set tells no such thing. */
static bool
together(const struct work *k, int64_t d)
{
	return (!k->p->clock.stepped && llabs(d) <= k->slack);
}

/* Did the other probe capture before and after what this row of h[which] says?  Frames of any kind tell; where both
 * captures begin, or end, at the same time, that is when the traffic did. */
static bool
covered(const struct work *k, int which, const struct path_row *r)
{
	int me = which == 0 ? k->first : k->second;
	const struct path_cover *c = &k->p->cover[1 - me], *mine = &k->p->cover[me];
	int64_t d = which == 0 ? k->delay : -k->delay;

	return (k->timed && (c->first <= r->first + d - k->slack || together(k, c->first - mine->first - d)) &&
	    (c->last >= r->last + d + k->slack || together(k, c->last - mine->last - d)));
}

/* One of them was not there all the time, or a clock was set. */
static bool
is_suspect(const struct work *k, int which, const struct path_row *r)
{
	const struct path_cover *c = &k->p->cover[which == 0 ? k->second : k->first];
	int64_t d = which == 0 ? k->delay : -k->delay;

	if ((r->flags & ROW_CAPLOSS) != 0 || dropped(k, which, r->start, r->end) ||
	    marks_dropped(k->p->marks, k->p->marked[which == 0 ? k->first : k->second] + PATH_STEPS, r->start, r->end))
		return (true);
	if (!k->timed)
		return (false);
	return (c->first > r->first + d + k->slack || c->last < r->last + d - k->slack ||
	    dropped(k, 1 - which, r->start + d, r->end + d));
}

/* --- numbers ---------------------------------------------------------------------------------------- */

struct piece { /* numbers of one probe that the other did not see */
	uint64_t n;
	const struct path_row *row;	       /* in which they came, or the gap behind them closed */
	const struct path_row *prev, *next; /* of the other probe's numbers around them; NULL: there are none */
	bool edge; /* so near to the first or the last of those that one may have come late: when it was there already, or still */
};

static bool
is_inside(const struct piece *q)
{
	return (q->prev != NULL && q->next != NULL && !q->edge);
}

typedef void (*take_piece)(struct work *, const struct piece *);

/* r without what is in s, piece by piece. */
static void
without(struct work *k, const struct path_run *r, const struct path_row *row, const struct path_set *s,
    const struct path_half *other, take_piece take)
{
	int64_t at = (int64_t)r->lo, end = (int64_t)r->hi, first = s->n > 0 ? (int64_t)s->run[0].lo : 0,
		last = s->n > 0 ? (int64_t)s->run[s->n - 1].hi : 0;
	size_t lo = 0, hi = s->n;

	while (lo < hi) { /* the first run that ends at `at` or behind it */
		size_t mid = (lo + hi) / 2;

		if ((int64_t)s->run[mid].hi < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; at <= end; lo++) {
		int64_t until = lo < s->n && (int64_t)s->run[lo].lo <= end ? (int64_t)s->run[lo].lo - 1 : end;

		if (at <= until)
			take(k, &(struct piece){ (uint64_t)(until - at) + 1, row,
				 lo > 0 ? &other->row[s->run[lo - 1].row] : NULL,
				 lo < s->n ? &other->row[s->run[lo].row] : NULL,
				 until - first < other->lagmax || last - at < other->lagmax });
		if (lo == s->n || until == end)
			return;
		at = (int64_t)s->run[lo].hi + 1;
	}
}

/* The first packets of a source, before it is known that they are numbered (RTP, WireGuard), may be among those that h[which] saw. */
static bool
maybe_seen(const struct work *k, int which, const struct piece *q)
{
	const struct path_half *h = k->h[which];

	return (q->prev == NULL && k->x->proto == UDP && h->pkts > h->uniq + h->dup + h->other);
}

/* Came to the first one, not to the second. */
static void
take_missing(struct work *k, const struct piece *q)
{
	struct path_counts *c = point(k, q->row);
	bool inside = is_inside(q), seen = !inside && maybe_seen(k, 1, q);
	int64_t from = q->prev != NULL && q->next != NULL ? q->prev->start : q->row->start + k->delay, to = inside ? q->next->end : q->row->end + k->delay;

	c->seen[k->second] -= q->n;
	if (!inside && (seen || !covered(k, 0, q->row))) {
		c->expected -= q->n;
		k->outside += q->n;
		c->suspect = 1;
		return;
	}
	if (from < to && dropped(k, 1, from, to)) {
		c->missed += q->n;
		c->expected -= q->n;
	} else {
		c->between += q->n;
	}
}

/* Came to the second one: its capture missed nothing of that, but the first one's did. */
static void
take_unseen(struct work *k, const struct piece *q)
{
	const struct path_row *near = q->next != NULL ? q->next : q->prev;

	if (!is_inside(q) && (maybe_seen(k, 0, q) || !covered(k, 1, q->row))) {
		k->outside += q->n;
		return;
	}
	if (near == NULL) {
		k->w->c.unseen += q->n;
		return;
	}
	point(k, near)->unseen += q->n;
	point(k, near)->seen[k->second] += q->n;
}

/* In a gap of the first one's numbers, and not at the second one either. */
static void
take_before(struct work *k, const struct piece *q)
{
	if (q->prev == NULL || q->next == NULL)
		return;
	if (dropped(k, 0, q->row->start, q->row->end)) {
		point(k, q->row)->suspect = 1;
		return;
	}
	point(k, q->row)->before += q->n;
}

static void
gaps(struct work *k, const struct path_set *f, const struct path_set *s)
{
	for (size_t i = 1; i < f->n; i++) {
		struct path_run gap = { f->run[i - 1].hi + 1, f->run[i].lo - 1, 0, f->run[i].row };
		const struct path_row *row = &k->h[0]->row[gap.row];

		if ((int64_t)gap.lo > (int64_t)gap.hi || (row->jumpskip > 0 && gap.hi - gap.lo < row->jumpskip))
			continue;
		without(k, &gap, row, s, k->h[1], take_before);
	}
}

static void
compare_numbers(struct work *k, const struct path_set *f, const struct path_set *s)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct path_run *r = &f->run[i];
		const struct path_row *row = &k->h[0]->row[r->row];
		struct path_counts *c = point(k, row);
		uint64_t n = r->hi - r->lo + 1;

		c->seen[k->first] += n;
		c->seen[k->second] += n;
		c->expected += n;
		c->suspect |= is_suspect(k, 0, row);
		without(k, r, row, s, k->h[1], take_missing);
	}
	for (size_t i = 0; i < s->n && !f->loose && !s->loose; i++)
		without(k, &s->run[i], &k->h[1]->row[s->run[i].row], f, k->h[0], take_unseen);
	gaps(k, f, s);
}

static uint64_t
numbers_in(const struct path_set *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->run[i].hi - s->run[i].lo + 1;
	return (n);
}

static bool whole(const struct work *, int which);

/* Not every number is told: the counts of whole flows are compared. */
static void
compare_counts(struct work *k)
{
	uint64_t f = k->h[0]->uniq, s = k->h[1]->uniq;
	struct path_counts *c = &k->w->c;

	c->seen[k->first] = f;
	c->seen[k->second] = s;
	if (!whole(k, 0) || !whole(k, 1) || s > f) {
		unknown(k, "not every number is told, and not both probes saw all of it");
		return;
	}
	c->expected = f;
	c->between = f - s;
}

/* Bin by bin they are known where the first one saw none: all are the second one's. */
static void
order_points(struct work *k)
{
	const struct path_half *f = k->h[0], *s = k->h[1];

	for (size_t i = 0; i < s->rows; i++) {
		struct path_row moved = s->row[i];
		struct path_counts *c;

		if (moved.dup + moved.late == 0)
			continue;
		moved.start -= k->delay; /* its bin on the first one's clock, nearly */
		moved.end -= k->delay;
		c = point(k, &moved);
		c->dup += f->dup == 0 ? moved.dup : 0;
		c->late += f->late == 0 ? moved.late : 0;
	}
}

static void
sum_points(struct path_way *w)
{
	for (size_t i = 0; i < w->npoints; i++) {
		struct path_counts c = w->point[i].c;

		c.suspect = 0;
		c.dup = c.late = 0;
		add_counts(&w->c, &c);
	}
}

struct span { int64_t from, to; }; /* on the first one's clock */

/* From the first packet to the last that h[which] saw. */
static struct span
packets_of(const struct work *k, int which)
{
	const struct path_half *h = k->h[which];
	struct span s = { INT64_MAX, INT64_MIN };
	int64_t d = which == 0 ? 0 : -k->delay;

	for (size_t i = 0; i < h->rows; i++) {
		if (h->row[i].pkts == 0) /* a correction, which has no time but its bin */
			continue;
		s.from = h->row[i].first + d < s.from ? h->row[i].first + d : s.from;
		s.to = h->row[i].last + d > s.to ? h->row[i].last + d : s.to;
	}
	return (s);
}

static struct span
part_of(const struct span *all, int64_t start, int64_t end)
{
	return ((struct span){ start > all->from ? start : all->from, end < all->to ? end : all->to });
}

/* Datagrams of which some fragments did not come: their numbers did.  Those that the first one had incomplete already do
 * not count, nor those of bins in which it was not there all the time. */
static void
incomplete(struct work *k)
{
	const struct path_half *f = k->h[0], *s = k->h[1];
	struct span first = packets_of(k, 0), second = packets_of(k, 1);
	int64_t slack = k->timed ? k->slack : INT64_MAX / 4, back, jitter, sure;
	uint64_t before = 0;

	if (k->timed && path_delay(k->p, k->second, &back, &jitter) && k->delay + back > 0)
		slack += k->delay + back; /* times are of both directions: one of them is ahead, or behind */
	sure = k->p->clock.stepped ? -slack : slack;
	for (size_t i = 0; i < f->rows; i++) {
		struct span x = part_of(&first, f->row[i].start, f->row[i].end);

		if (x.to >= second.from - slack && x.from <= second.to + slack)
			before += f->row[i].fraginc;
	}
	for (size_t i = 0; i < s->rows; i++) {
		struct path_row moved = s->row[i];
		struct path_counts *c;
		struct span x;
		uint64_t n;

		moved.start -= k->delay; /* its bin on the first one's clock, nearly */
		moved.end -= k->delay;
		x = part_of(&second, moved.start, moved.end);
		if (moved.fraginc == 0 || x.from < first.from - sure || x.to > first.to + sure)
			continue;
		n = moved.fraginc > before ? moved.fraginc - before : 0;
		before -= moved.fraginc - n;
		if (n == 0)
			continue;
		c = point(k, &moved);
		c->between += n;
		c->seen[k->second] -= n;
	}
}

/* Copies and late ones: what the second one has more of, where both saw the same. */
static void
compare_order(struct work *k, bool same)
{
	struct path_counts *c = &k->w->c;
	const struct path_half *f = k->h[0], *s = k->h[1];

	c->seen[k->first] += f->dup + f->other;
	c->seen[k->second] += s->dup + s->other;
	if (!same)
		return;
	c->knows |= PATH_LATE | PATH_DUP;
	c->late = s->late > f->late ? s->late - f->late : 0;
	c->dup = s->dup > f->dup ? s->dup - f->dup : 0;
}

static bool
by_numbers(struct work *k, const struct path_name *v, size_t n)
{
	bool told = true;

	for (size_t i = 0; i < n; i++)
		for (int m = 0; m < 2; m++)
			told &= !v[i].set[m].more && !v[i].set[m].broken;
	if (told)
		told = k->h[0]->runs > 0 || k->h[1]->runs > 0;
	for (size_t i = 0; i < n && told; i++)
		compare_numbers(k, &v[i].set[k->first], &v[i].set[k->second]);
	return (told);
}

static void
number_way(struct work *k, const struct path_name *v, size_t n)
{
	struct path_way *w = k->w;
	unsigned knows;
	bool told;

	w->by = PATH_NUMBERS;
	w->c.knows = PATH_BETWEEN | PATH_BEFORE;
	told = by_numbers(k, v, n);
	if (told) {
		incomplete(k);
		order_points(k);
	}
	join_points(w);
	sum_points(w);
	if (!told) {
		w->c.knows &= ~(unsigned)PATH_BEFORE;
		compare_counts(k);
	}
	compare_order(k, k->outside == 0 && (w->c.knows & PATH_BETWEEN) != 0);
	if (told && w->c.expected == 0)
		unknown(k, "they saw no numbers of the same range");
	knows = w->c.knows & ~((k->h[0]->dup > 0 ? (unsigned)PATH_DUP : 0) | (k->h[0]->late > 0 ? (unsigned)PATH_LATE : 0));
	for (size_t i = 0; i < w->npoints; i++)
		w->point[i].c.knows = told ? knows : 0;
}

/* --- packets ----------------------------------------------------------------------------------------- */

/* The same time from the first packet to the last at both, but for a few packets and the way between them: it needs no clock
 * and no other flow. */
static bool
same_span(const struct path_item *x)
{
	int64_t a = x->until[0] - x->since[0], b = x->until[1] - x->since[1], more = a > b ? a : b;
	uint64_t pkts = x->half[0][0].pkts + x->half[0][1].pkts;

	return (llabs(a - b) <= SPAN_SLACK + (pkts > 1 ? SPAN_GAPS * (more / (int64_t)(pkts - 1)) : 0));
}

/* Was the other probe there for all that h[which] saw of the flow?  Either it captured before and after, or it saw the
 * same first and last packet: they came as much later there as others do. */
static bool
whole(const struct work *k, int which)
{
	int me = which == 0 ? k->first : k->second, other = 1 - me;
	const struct path_item *x = k->x;
	const struct path_cover *c = &k->p->cover[other];
	int64_t d = which == 0 ? k->delay : -k->delay, from = x->since[me] + d, to = x->until[me] + d;
	bool head = (x->syn[0] && x->syn[1]) || (k->timed && (c->first <= from - k->slack || together(k, x->since[other] - from))),
	     tail = k->timed && (c->last >= to + k->slack || together(k, x->until[other] - to));

	return ((head && (tail || (x->fin[0] && x->fin[1]))) || same_span(x));
}

static bool
drops_meanwhile(const struct work *k)
{
	return (dropped(k, 0, k->x->since[k->first], k->x->until[k->first] + 1) ||
	    dropped(k, 1, k->x->since[k->second], k->x->until[k->second] + 1));
}

static void
packet_points(struct work *k)
{
	struct path_way *w = k->w;

	for (int m = 0; m < 2; m++)
		for (size_t i = 0; i < k->h[m]->rows; i++) {
			const struct path_row *r = &k->h[m]->row[i];
			struct path_row moved = *r;
			struct path_counts *c;

			if (m == 1 && k->timed && r->end > r->start) { /* to the first one's clock */
				moved.start += (r->end - r->start) / 2 - k->delay;
				moved.start = clock_bin(moved.start, r->end - r->start);
				moved.end = moved.start + r->end - r->start;
			}
			c = point(k, &moved);
			c->seen[m == 0 ? k->first : k->second] += r->pkts;
			c->suspect |= is_suspect(k, m, r);
		}
	join_points(w);
}

/* TCP: what the probes know of its numbers.  What was lost before a probe it sees sent again for the first time. */
static void
tcp_says(struct work *k)
{
	struct path_counts *c = &k->w->c;
	const struct path_half *f = k->h[0], *s = k->h[1];
	uint64_t between = s->rtxup > f->rtxup ? s->rtxup - f->rtxup : 0;

	k->w->by = PATH_TCP;
	c->before = f->rtxup;
	c->after = s->rtxdn;
	c->knows |= PATH_BEFORE | PATH_AFTER;
	if ((c->knows & PATH_BETWEEN) == 0 || c->between >= between)
		return;
	c->between = between; /* copies hid them in the count */
}

/* Copies that the second one has more of than the first.  A segment that comes behind its own repetition looks like one:
 * the first one saw such a repetition, and nothing was lost. */
static uint64_t
copies(const struct work *k)
{
	const struct path_half *f = k->h[0], *s = k->h[1];
	uint64_t more = s->dup > f->dup ? s->dup - f->dup : 0, sent = f->rtxdn + f->spur, lost = s->rtxdn;

	lost += s->rtxup > f->rtxup ? s->rtxup - f->rtxup : 0;
	sent = sent > lost ? sent - lost : 0; /* needlessly */
	return (more > sent ? more - sent : 0);
}

static void
packet_way(struct work *k)
{
	struct path_way *w = k->w;
	struct path_counts *c = &w->c;
	bool tcp = w->proto == TCP;
	uint64_t f = k->h[0]->pkts, s = k->h[1]->pkts, more = tcp ? copies(k) : 0;

	w->by = PATH_PACKETS;
	packet_points(k);
	c->seen[k->first] = f;
	c->seen[k->second] = s;
	c->knows = PATH_BETWEEN | (tcp ? PATH_LATE | PATH_DUP : 0);
	c->expected = f;
	c->between = f + more > s ? f + more - s : 0;
	c->dup = more;
	c->late = k->h[1]->late > k->h[0]->late ? k->h[1]->late - k->h[0]->late : 0;
	if (!whole(k, 0) || !whole(k, 1)) {
		unknown(k, "not both probes saw all of it");
		c->knows = 0;
	} else if (drops_meanwhile(k)) {
		unknown(k, "a capture dropped packets meanwhile");
		c->missed = c->between;
	} else if (!tcp && s > f) {
		unknown(k, "the second one saw more packets than the first: copies, or the first one's capture missed some");
	}
	if (tcp)
		tcp_says(k);
	if ((c->knows & PATH_BETWEEN) == 0)
		c->between = c->expected = 0;
	for (size_t i = 0; i < w->npoints; i++) {
		struct path_counts *o = &w->point[i].c;

		if ((c->knows & PATH_BETWEEN) != 0 && (w->npoints == 1 || c->between == 0)) {
			o->knows |= PATH_BETWEEN;
			o->between = c->between;
			o->expected = o->seen[k->first];
		}
	}
}

/* --- ways --------------------------------------------------------------------------------------------- */

static void
name_way(const struct path_item *x, int dir, struct path_way *w)
{
	w->addr[0] = x->addr[dir];
	w->addr[1] = x->addr[1 - dir];
	w->proto = x->proto;
	w->tunnel = x->tunnel;
	w->ports = x->ports;
	w->port[0] = x->port[dir];
	w->port[1] = x->port[1 - dir];
	w->translated = x->translated;
	for (int i = 0; i < 2; i++)
		w->name[i][ip_text(&w->addr[i], w->name[i])] = '\0';
}

static void
key_way(const struct path_item *x, struct path_way *w)
{
	struct cid_key k = { .src = w->addr[0], .dst = w->addr[1], .sport = w->port[0], .dport = w->port[1],
		.proto = (uint8_t)w->proto, .ports = w->ports, .icmp = x->icmp, .type = (uint8_t)(x->aux >> 24),
		.code = (uint8_t)(x->aux >> 16) };

	if (w->spi != 0 && x->tunnel)
		(void)snprintf(w->key, sizeof(w->key), "0x%08x", w->spi);
	else if (!x->tunnel && w->proto < 256)
		w->key[cid_text(&k, w->key)] = '\0';
}

static void
times_of(struct work *k)
{
	struct path_way *w = k->w;
	const struct path_half *h = k->h[0]->rows > 0 ? k->h[0] : k->h[1];

	w->from = INT64_MAX;
	w->to = INT64_MIN;
	for (size_t i = 0; i < h->rows; i++) {
		w->from = h->row[i].first < w->from ? h->row[i].first : w->from;
		w->to = h->row[i].last > w->to ? h->row[i].last : w->to;
	}
}

/* The mean difference from one packet that both timed to the next. */
static void
variation(struct work *k)
{
	uint32_t item = (uint32_t)(k->x - k->p->item);
	int64_t last = 0, sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < k->p->samples; i++) {
		const struct path_sample *s = &k->p->sample[i];

		if (s->item != item || s->dir != k->dir)
			continue;
		if (n++ > 0)
			sum += llabs(s->d - last);
		last = s->d;
	}
	k->w->varies = n > 1 && !k->p->clock.stepped; /* a step is no delay */
	k->w->variation_us = k->w->varies ? (uint64_t)(sum / (int64_t)(n - 1) / USEC) : 0;
}

static struct work
begin(struct path *p, const struct path_item *x, int dir)
{
	struct work k = { .p = p, .x = x, .dir = dir };

	if (p->ways == p->waycap) {
		p->waycap = p->waycap == 0 ? 64 : 2 * p->waycap;
		p->way = mem_grow(p->way, p->waycap, sizeof(p->way[0]));
	}
	k.w = &p->way[p->ways++];
	memset(k.w, 0, sizeof(*k.w));
	name_way(x, dir, k.w);
	k.w->first = x->left < 0 ? -1 : x->left == dir ? 0 : 1;
	k.w->how = x->how;
	k.first = k.w->first == 1 ? 1 : 0;
	k.second = 1 - k.first;
	k.h[0] = &x->half[k.first][dir];
	k.h[1] = &x->half[k.second][dir];
	k.timed = path_delay(p, k.first, &k.delay, &k.slack) && x->left >= 0;
	if (!k.timed)
		k.delay = 0;
	k.slack = MSEC + 4 * k.slack + (p->clock.known ? (int64_t)p->clock.spread_us * USEC * (p->clock.stepped ? 2 : 1) : 0);
	return (k);
}

static void
finish(struct work *k)
{
	struct path_way *w = k->w;

	key_way(k->x, w);
	times_of(k);
	variation(k);
	if (w->first < 0 && (w->c.between > 0 || w->c.unseen > 0)) {
		unknown(k, "which of both comes first on the way is not known: say --path");
		w->c.between = w->c.unseen = w->c.before = 0;
		w->c.knows = 0;
	}
}

static void
sa_ways(struct path *p, const struct path_item *x, int dir, const struct path_name *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct work k = begin(p, x, dir);

		k.w->spi = v[i].name[0];
		k.w->spis = 1;
		number_way(&k, &v[i], 1);
		if (n > 1) { /* rows say it of all of them together */
			k.w->c.knows &= ~(unsigned)(PATH_LATE | PATH_DUP);
			k.w->c.late = k.w->c.dup = 0;
			for (int m = 0; m < 2; m++)
				k.w->c.seen[m] = numbers_in(&v[i].set[m]);
		}
		finish(&k);
	}
}

static void
add_way(struct path *p, const struct path_item *x, int dir)
{
	struct path_name *v = NULL;
	size_t n = 0;
	struct work k;

	if (x->half[0][dir].rows == 0 && x->half[1][dir].rows == 0)
		return;
	if (x->numbered && x->half[0][dir].uniq + x->half[1][dir].uniq > 0)
		v = path_names(x, dir, &n);
	if (v != NULL && p->o.sas && x->tunnel) {
		sa_ways(p, x, dir, v, n);
	} else {
		k = begin(p, x, dir);
		if (v != NULL) {
			k.w->spis = (unsigned)n;
			k.w->spi = n == 1 && x->tunnel ? v[0].name[0] : 0;
			number_way(&k, v, n);
		} else {
			packet_way(&k);
		}
		finish(&k);
	}
	path_names_free(v, n);
}

static int
worst_first(const void *x, const void *y)
{
	const struct path_way *a = x, *b = y;
	double p, q;
	bool ka = path_percent(&a->c, &p), kb = path_percent(&b->c, &q);

	p = ka ? p : -1;
	q = kb ? q : -1;
	if (p < q || p > q)
		return (p > q ? -1 : 1);
	if (a->c.seen[0] + a->c.seen[1] != b->c.seen[0] + b->c.seen[1])
		return (a->c.seen[0] + a->c.seen[1] > b->c.seen[0] + b->c.seen[1] ? -1 : 1);
	if (a->proto != b->proto)
		return (a->proto < b->proto ? -1 : 1);
	if (memcmp(a->addr, b->addr, sizeof(a->addr)) != 0)
		return (memcmp(a->addr, b->addr, sizeof(a->addr)));
	if (memcmp(a->port, b->port, sizeof(a->port)) != 0)
		return (memcmp(a->port, b->port, sizeof(a->port)));
	return ((a->spi > b->spi) - (a->spi < b->spi));
}

void
path_make_ways(struct path *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct path_item *x = &p->item[i];

		if (!x->seen[0] || !x->seen[1]) {
			p->alone[0] += x->seen[0];
			p->alone[1] += x->seen[1];
			continue;
		}
		for (int dir = 0; dir < 2; dir++)
			add_way(p, x, dir);
	}
	if (p->ways > 1)
		qsort(p->way, p->ways, sizeof(p->way[0]), worst_first);
}
