/* SPDX-License-Identifier: BSD-2-Clause
 *
 * notes.c: the table of what else a packet says.  Tested by test_engine.c.
 */
#include "probe/notes.h"

#include "probe/track/dns.h"
#include "probe/track/icmp.h"

void
notes_free(struct notes *n)
{
	natt_free(&n->natt);
}

/* IKE: who began, and that SAs are made.  What was due before it is decided without it. */
static void
ike_said(struct notes *n, const struct packet *p, int side, const struct key *k, int64_t now)
{
	lanes_decide(n->lanes, now);
	tunnels_ike(n->lanes->tunnels, p, side, k, now);
}

static void
ike(struct notes *n, const struct seen *v)
{
	ike_said(n, v->p, v->side, &v->key, v->now);
	if (v->p->ike.marker)
		natt_know(&n->natt, &v->key, v->hash);
}

/* It may be ESP. */
static void
esplike(struct notes *n, const struct seen *v)
{
	natt_note(&n->natt, v);
}

static void
gre(struct notes *n, const struct seen *v)
{
	numbers_gre(&n->track->numbers, v);
}

static void
dns(struct notes *n, const struct seen *v)
{
	dns_packet(n->track, v);
}

/* An error is about the flow of the packet that it quotes, if that lives. */
static void
quote(struct notes *n, const struct seen *v)
{
	const struct table *t = &n->flows->table;
	struct key k;
	uint32_t flow;
	int side;

	if (!key_quoted(v->p, n->key, &k, &side))
		return;
	if (key_is_tunnel(k.proto))
		flow = lanes_find(n->lanes, &k, side, v->p->quote.spi, v->now);
	else
		flow = table_find(t, &k, table_hash(t, &k));
	if (flow != 0 && !settle_expire(n->flows, flow, v->now))
		errors_note(n->track, v->p, flow, side, v->now);
}

static const struct {
	uint32_t fact;
	void (*take)(struct notes *, const struct seen *);
} rows[] = {
	{ FACT_IKE, ike },
	{ FACT_ESPLIKE, esplike },
	{ FACT_GRESEQ, gre },
	{ FACT_DNS, dns },
	{ FACT_QUOTE, quote },
};
static const uint32_t facts = FACT_IKE | FACT_ESPLIKE | FACT_GRESEQ | FACT_DNS | FACT_QUOTE;

static void
take(void *arg, const struct seen *v)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (v->p->facts & rows[i].fact)
			rows[i].take(arg, v);
}

void
notes_init(struct notes *n, struct flows *flows, struct track *track, struct lanes *lanes, const struct key_options *key)
{
	*n = (struct notes){ .flows = flows, .track = track, .lanes = lanes, .key = key };
	natt_init(&n->natt, flows, lanes, key);
	flows->facts = facts;
	flows->note = take;
	flows->arg = n;
}

void
notes_early(struct notes *n, const struct packet *p, int64_t now, struct stat_set *stats)
{
	numbers_mirror(&n->track->numbers, p, now, stats);
}

bool
notes_told(const struct notes *n, struct packet *p)
{
	return (natt_is(&n->natt, p));
}

void
notes_heard(struct notes *n, const struct seen *v)
{
	struct key k;
	int side;

	if (v->p->facts & FACT_QUOTE)
		quote(n, v);
	if (v->p->facts & FACT_GRESEQ)
		gre(n, v);
	if (v->p->facts & FACT_IKE) {
		side = key_of(v->p, n->key, &k);
		ike_said(n, v->p, side, &k, v->now);
	}
}

int64_t
notes_due(const struct notes *n)
{
	return (dns_due(n->track));
}

void
notes_expire(struct notes *n, int64_t now)
{
	dns_expire(n->track, now);
}
