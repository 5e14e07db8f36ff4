/* SPDX-License-Identifier: BSD-2-Clause
 *
 * totals.c: how the probe is, gathered.  Tested by tests/stats.tap.
 */
#include "probe/totals.h"

#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/writer.h"
#include "probe/tell/teller.h"
#include "probe/track/asks.h"

#include <stdlib.h>

struct totals {
	const struct options *o;
	struct teller *teller;
	struct snapshot now; /* what does not change is there */
	int64_t began;
	bool waits, due, asked; /* the crew was asked, because it is time, because somebody asked */
};

static void
check_inputs(const struct options *o, const char *option, const char *path)
{
	for (int i = 0; path != NULL && i < o->nfiles; i++)
		if (writer_same_file(path, o->files[i]))
			fatalx("%s: it is being read; choose another name for %s", path, option);
}

static void
check_output(const struct options *o, const char *option, const char *path)
{
	if (path != NULL && o->out != NULL && writer_same_file(path, o->out))
		fatalx("%s: the records go there; choose another name for %s", path, option);
}

struct totals *
totals_new(const struct options *o)
{
	struct totals *t = mem_zero(1, sizeof(*t));
	char err[512];

	check_inputs(o, "--stats", o->stats);
	check_inputs(o, "--metrics", o->metrics);
	t->o = o;
	t->began = monotonic_now();
	t->teller = teller_new(&(struct teller_options){ o->stats, o->metrics, o->interval * SEC }, err, sizeof(err));
	if (t->teller == NULL)
		fatalx("%s", err);
	check_output(o, "--stats", o->stats); /* it is there now */
	t->now = (struct snapshot){ .probe = o->probe, .input = o->input, .links = o->ifaces, .nlinks = o->nifaces, .live = o->nifaces > 0,
		.filters = o->filter != NULL, .ip_only = o->decode.ip_only, .no_sandbox = o->guard.no_sandbox, .max_flows = o->max_flows,
		.max_frags = o->max_frags, .max_sas = o->max_sas, .max_queries = (uint64_t)o->workers * ASKS_MAX };
	return (t);
}

void
totals_start(struct totals *t)
{
	check_output(t->o, "--metrics", t->o->metrics);
	teller_start(t->teller);
}

static void
gather(struct snapshot *s, const struct engine_totals *e, const struct worker_state *w, int64_t began)
{
	snapshot_stamp(s, began);
	s->stats = e->stats;
	s->stats.recdrop = w->lost;
	s->in_flows = e->in_flows;
	s->records = e->records;
	s->queries = e->queries;
	s->clock = e->clock == ENGINE_NO_TIME ? SNAPSHOT_UNKNOWN : e->clock;
	s->queued = w->queued;
	s->queue = w->queue;
	s->written = w->written;
	s->latency = s->live && w->latency != WORKER_NO_TIME ? w->latency : SNAPSHOT_UNKNOWN;
	s->latency_most = s->live && w->latency != WORKER_NO_TIME ? w->latency_most : SNAPSHOT_UNKNOWN;
}

void
totals_ask(struct totals *t)
{
	t->asked = true;
}

void
totals_tend(struct totals *t, struct crew *c, const struct worker *w)
{
	struct engine_totals e;
	struct worker_state state;

	t->due |= teller_due(t->teller);
	if (!t->due && !t->asked)
		return;
	if (!t->waits)
		crew_ask(c);
	t->waits = !crew_answered(c, &e);
	if (t->waits)
		return;
	worker_look(w, &state);
	gather(&t->now, &e, &state, t->began);
	teller_tell(t->teller, &t->now, t->due, t->asked);
	t->due = t->asked = false;
}

void
totals_end(struct totals **pt, struct crew *c, const struct worker_state *last, bool quiet)
{
	struct totals *t = *pt;
	struct engine_totals e;
	struct buf b = { 0 };

	crew_totals(c, &e);
	gather(&t->now, &e, last, t->began);
	teller_end(&t->teller, &t->now);
	snapshot_line(&t->now, &b);
	if (!quiet)
		log_info("%s", buf_cstr(&b));
	buf_free(&b);
	free(t);
	*pt = NULL;
}
