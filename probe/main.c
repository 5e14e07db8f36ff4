/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c: pavo: start, run, stop, in that order.  See pavo(8).  Tested by tests/live.tap.
 */
#include "format/base/buf.h"
#include "format/base/clock.h"
#include "format/base/hash.h"
#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/base/progress.h"
#include "format/base/show.h"
#include "probe/capture/capture.h"
#include "probe/crew.h"
#include "probe/decode/decode.h"
#include "probe/options.h"
#include "probe/out/relay.h"
#include "probe/out/sender.h"
#include "probe/out/spool.h"
#include "probe/out/worker.h"
#include "probe/ping.h"
#include "probe/signals.h"
#include "probe/steady.h"
#include "probe/tell/snapshot.h"
#include "probe/totals.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ASK (100 * MSEC) /* how often the kernel is asked for its counts: they are true to the bin by this much */

static struct capture *capture;

static struct capture *
open_capture(const struct options *o)
{
	const struct capture_options options = { .filter = o->filter, .stop = &signals.stop, .as_is = o->as_is,
		.snaplen = o->snaplen, .buffer = o->buffer, .rings = o->fanout, .no_promisc = o->no_promisc };
	char err[512];
	struct capture *c;

	if (o->nifaces > 0)
		c = capture_open_live(o->ifaces, o->nifaces, &options, err, sizeof(err));
	else
		c = capture_open_files(o->files, o->nfiles, &options, err, sizeof(err));
	if (c == NULL && signals.stop != 0) { /* while it waited for a fifo to be opened */
		log_warnx("interrupted: %s", err);
		exit(128 + signals.stop);
	}
	if (c == NULL)
		fatalx("%s", err);
	capture_bins(c, o->interval * SEC);
	return (c);
}

static void
say_renewed(const char *path)
{
	log_warnx("%s was deleted: it is begun again", path);
}

/* Where the records go: files of the user's, and those that wait for collectors. */
struct outputs {
	struct archive *archive[WORKER_ARCHIVES];
	unsigned n;
	struct spool *spool;   /* NULL: there are no collectors */
	struct sender *sender;
};

/* Anything in the spool's folder, or NULL. */
static const char *
spooled(const struct options *o, struct buf *name)
{
	if (o->nways == 0)
		return (NULL);
	buf_printf(name, "%s/%%", o->spool);
	return (buf_cstr(name));
}

/* Before the sandbox: what opens connections is a process of its own. */
static void
start_sender(struct outputs *out, const struct options *o)
{
	char err[512];

	if (o->nways == 0)
		return;
	out->spool = spool_open(o->spool, o->probe, err, sizeof(err));
	if (out->spool == NULL)
		fatalx("%s", err);
	out->sender = sender_start(spool_folder(out->spool), o->probe, o->way, o->nways, &o->tls, o->guard.daemon, err, sizeof(err));
	if (out->sender == NULL)
		fatalx("%s", err);
}

static struct archive *
open_archive(const struct options *o, const char *name, int64_t rotate, struct hook *hook)
{
	struct writer_options w = { .segment = { .probe = o->probe, .interval = o->interval,
	    .snaplen = o->nifaces > 0 ? (uint32_t)o->snaplen : 0, .live = o->nifaces > 0 },
	    .renewed = o->nifaces > 0 ? say_renewed : NULL };
	struct archive *out;
	char err[512];

	for (int i = 0; i < o->nfiles; i++)
		if (writer_same_file(name, o->files[i]))
			fatalx("%s: it is being read; choose another name for -w", name);
	out = archive_open(&(struct archive_options){ .name = name, .rotate = rotate, .writer = w,
	    .hook = hook, .bring = o->workers }, err, sizeof(err));
	if (out == NULL)
		fatalx("%s", err);
	return (out);
}

static void
open_archives(struct outputs *out, const struct options *o, struct hook *hook)
{
	if (o->out != NULL || o->nways == 0)
		out->archive[out->n++] = open_archive(o, o->out == NULL ? "-" : o->out, o->rotate, hook);
	if (out->spool != NULL)
		out->archive[out->n++] = open_archive(o, spool_pattern(out->spool), o->period, NULL);
}

/* An older file goes only now, when all else is there. */
static void
begin_archives(const struct outputs *out)
{
	for (unsigned i = 0; i < out->n; i++)
		if (!archive_begin(out->archive[i]))
			fatalx("%s", archive_error(out->archive[i]));
}

static bool
close_archives(struct outputs *out)
{
	char err[512];
	bool good = true;

	for (unsigned i = 0; i < out->n; i++)
		if (!archive_close(&out->archive[i], err, sizeof(err))) {
			if (err[0] != '\0')
				log_warnx("%s", err);
			good = false;
		}
	sender_finish(&out->sender);
	spool_close(&out->spool);
	return (good);
}

/* NULL: not asked for. */
static struct hook *
start_hook(const struct options *o)
{
	struct hook *h = NULL;
	char err[512];

	if (o->exec != NULL && (h = hook_start(o->exec, o->guard.daemon, err, sizeof(err))) == NULL)
		fatalx("%s", err);
	return (h);
}

/* NULL: not asked for. */
static struct relay *
start_relay(const struct options *o)
{
	struct relay *r = NULL;
	char err[512];

	if (o->relay != NULL && (r = relay_start(o->relay, err, sizeof(err))) == NULL)
		fatalx("%s", err);
	return (r);
}

/* NULL: not asked for. */
static struct pings *
open_pings(const struct options *o)
{
	struct pings *g;
	char err[512];

	if (o->pping == NULL)
		return (NULL);
	for (int i = 0; i < o->nfiles; i++)
		if (writer_same_file(o->pping, o->files[i]))
			fatalx("%s: it is being read; choose another name for --pping", o->pping);
	if ((g = ping_open(o->pping, o->max_flows, &o->key, hash_seed(), err, sizeof(err))) == NULL)
		fatalx("%s", err);
	return (g);
}

static void
ask_kernel(struct crew *c)
{
	struct capture_stats s;

	for (unsigned i = 0; capture_stats(capture, i, &s); i++)
		if (s.has)
			crew_kernel(c, &(struct stat_news){ s.since, s.until, i, { s.recv, s.drop, s.ifdrop, s.gap, s.has_ifdrop } });
}

static void
take(struct arrival *a, const struct frame *f, const struct options *o)
{
	a->bad_ts = f->bad_ts;
	if (!f->filtered) {
		decode(&a->packet, f->dlt, f->bytes, f->caplen, f->wire, f->ts, &o->decode);
		return;
	}
	a->packet.fate = PKT_FILTERED;
	a->packet.facts = 0;
	a->packet.wire = f->wire;
	a->packet.ts = f->ts;
}

/* When things were done last, by the packets' and the wall's clock. */
struct chores {
	int64_t asked, heard;
	struct progress line;
	uint64_t packets;
	struct steady steady;
	int64_t looked, behind; /* at the clocks; and what came out */
};

/* Live: the kernel says what it dropped before packets of a later bin seal those in which it did. */
static void
ask_often(struct chores *h, struct crew *c, int64_t now)
{
	if (now - h->asked < ASK && now >= h->asked - SEC) /* back: somebody has set the clock */
		return;
	h->asked = now;
	ask_kernel(c);
}

/* Live: a clock that was set back must not stop ours. */
static void
look_at_clocks(struct chores *h, struct crew *c)
{
	int64_t monotonic = monotonic_now(), wall, behind;

	if (monotonic - h->looked < SEC)
		return;
	h->looked = monotonic;
	wall = wall_now();
	behind = steady_behind(&h->steady, wall, monotonic);
	if (behind > h->behind + SEC)
		log_warnx("the clock was set back by %.0f s: records are flagged late until it shows that time again",
		    (double)(behind - h->behind) / 1e9);
	h->behind = behind;
	if (behind > 0)
		crew_idle(c, wall + behind);
}

/* Between packets, live or of a pipe: hand on what waits; live, ask the kernel, let the wall's clock go on in silence. */
static void
tend(struct chores *h, struct crew *c, const struct options *o, int64_t now, bool idle)
{
	bool live = o->nifaces > 0, silence = live && idle && now - h->heard >= SEC;

	if (idle)
		crew_idle(c, silence ? now : ENGINE_NO_TIME);
	if (silence)
		h->heard = now;
	if (live) {
		ask_often(h, c, now);
		look_at_clocks(h, c);
	}
	crew_flush(c, now, o->flush / 4 * 3); /* the rest is for the writer */
	guard_beat(now);
}

/* Files: how far they are read, on a terminal. */
static void
show_progress(struct chores *h, const struct options *o)
{
	uint64_t done, size;
	int64_t now;

	if (o->nifaces > 0 || o->quiet || !progress_due(&h->line, now = monotonic_now()))
		return;
	capture_progress(capture, &done, &size);
	progress_tell(&h->line, now, done, size, h->packets, "packets");
}

/* Live, one file less does not end the capture. */
static struct pings *
give_up(struct pings **pg)
{
	char err[512];

	if (!ping_close(pg, err, sizeof(err)))
		log_warnx("%s; round trips are not told any more", err);
	return (NULL);
}

/* Until the input ends or a signal comes.  false: something could not be read. */
static bool
run(struct crew *c, struct worker *w, struct pings **pg, struct totals *t, const struct options *o)
{
	struct pings *g = *pg;
	static struct arrival batch[ENGINE_BATCH];
	struct frame f[ENGINE_BATCH];
	unsigned n = 0;
	bool good = true;
	struct chores chores = { .line = { monotonic_now(), monotonic_now(), false } };

	for (;;) {
		unsigned got;
		enum capture_result r = capture_next(capture, f, ENGINE_BATCH - n, &got);

		for (unsigned i = 0; i < got; i++, n++) {
			take(&batch[n], &f[i], o);
			if (g != NULL && !f[i].bad_ts)
				ping_packet(g, &batch[n].packet);
		}
		if (got > 0) {
			chores.heard = f[got - 1].ts;
			if (n < ENGINE_BATCH)
				continue;
		}
		if (n > 0 && o->nifaces > 0 && chores.asked != 0)
			ask_often(&chores, c, chores.heard);
		if (n > 0)
			crew_packets(c, batch, n);
		chores.packets += n;
		n = 0;
		if (signals.ask != 0 || r == CAPTURE_ERROR || r == CAPTURE_END)
			progress_clear(&chores.line);
		else
			show_progress(&chores, o);
		if (r == CAPTURE_DROPS) /* before packets of a later bin */
			ask_kernel(c);
		if (r == CAPTURE_SAYS)
			log_warnx("%s", capture_says(capture));
		if (r == CAPTURE_ERROR) {
			log_warnx("%s", capture_error(capture));
			good = false;
		}
		if (g != NULL && (ping_failed(g) || (o->nifaces > 0 && !ping_flush(g)))) {
			if (o->nifaces == 0)
				break; /* it is said at the end */
			g = give_up(pg);
			good = false;
		}
		if (r == CAPTURE_END || worker_failed(w))
			break;
		if (signals.hup) {
			signals.hup = 0;
			crew_cut(c);
		}
		if (signals.ask) {
			signals.ask = 0;
			if (o->nifaces > 0)
				ask_kernel(c);
			totals_ask(t);
		}
		totals_tend(t, c, w);
		if (r == CAPTURE_IDLE || (o->nifaces > 0 && r == CAPTURE_FRAME))
			tend(&chores, c, o, f[got > 0 ? got - 1 : 0].ts, r == CAPTURE_IDLE);
	}
	if (o->nifaces > 0)
		ask_kernel(c);
	return (good);
}

static void
say_interrupted(void)
{
	uint64_t done, size;

	capture_progress(capture, &done, &size);
	if (size > 0)
		log_warnx("interrupted: %" PRIu64 " of %" PRIu64 " bytes were read", done, size);
	else
		log_warnx("interrupted: %" PRIu64 " bytes were read", done);
}

/* Once, before the first packet: to whoever waits for it, and live to the user. */
static void
say_ready(const struct options *o)
{
	struct buf b = { 0 };

	if (o->nifaces == 0) {
		guard_ready("reading captures");
		return;
	}
	buf_str(&b, "listening on ");
	capture_describe(capture, &b);
	buf_printf(&b, ", snaplen %d, bins of %u s, to ", o->snaplen, o->interval);
	if (o->out != NULL || o->nways == 0)
		buf_str(&b, o->relay != NULL ? o->relay : o->out == NULL || strcmp(o->out, "-") == 0 ? "standard output" : o->out);
	for (unsigned i = 0; i < o->nways; i++)
		buf_printf(&b, "%s%s", i > 0 || o->out != NULL ? ", " : "", o->way[i]);
	if (guard_says()[0] != '\0')
		buf_printf(&b, "; %s", guard_says());
	if (!o->quiet)
		log_info("%s", buf_cstr(&b));
	guard_ready(buf_cstr(&b));
	buf_free(&b);
}

/* Privileges are given up step by step: see guard.h. */
static void
guarded(bool good, const char *err)
{
	if (!good)
		fatalx("%s", err);
}

static void
print_interface(const char *name, const char *what)
{
	struct buf line = { 0 };

	buf_plain_str(&line, name);
	if (what[0] != '\0') {
		while (line.len < 18)
			buf_u8(&line, ' ');
		buf_u8(&line, ' ');
		buf_plain_str(&line, what);
	}
	show_printf("%s\n", buf_cstr(&line));
	buf_free(&line);
}

int
main(int argc, char **argv)
{
	struct options o;
	struct crew *crew;
	struct outputs out = { .n = 0 };
	struct hook *hook;
	struct relay *relay;
	struct worker *w;
	struct worker_state written;
	struct pings *pings;
	struct totals *totals;
	struct guard_paths paths;
	struct buf name = { 0 };
	char err[512];
	bool good, cut;

	log_start(argv[0]);
	mem_advise(" (less with a smaller --max-flows)");
	options_parse(&o, argc, argv);
	if (o.list) {
		capture_list(print_interface);
		options_free(&o);
		return (0);
	}
	paths = (struct guard_paths){ { o.out, o.pping, o.stats, o.metrics, spooled(&o, &name) }, o.files, o.nfiles, o.nifaces > 0 };
	guarded(guard_begin(&o.guard, err, sizeof(err)), err);
	signals_catch();
	capture = open_capture(&o);
	guarded(guard_drop(&o.guard, &paths, err, sizeof(err)), err);
	hook = start_hook(&o);
	start_sender(&out, &o);
	relay = start_relay(&o); /* the last one: it alone has our standard output's other end */
	pings = open_pings(&o); /* nothing is replaced if there is something wrong with it */
	totals = totals_new(&o);
	open_archives(&out, &o, hook);
	if (pings != NULL && o.out != NULL && writer_same_file(o.pping, o.out))
		fatalx("%s: the records go there; choose another name for --pping", o.pping);
	guard_close(&o.guard, &paths);
	buf_free(&name);
	w = worker_new(out.archive, out.n, o.workers, o.nifaces > 0);
	crew = crew_new(&(struct crew_options){ o.workers, o.decode.ah_inner }, &(struct engine_options){ .interval = o.interval * SEC, .probe = o.probe,
	    .max_flows = o.max_flows, .max_frags = o.max_frags, .max_sas = o.max_sas, .no_lanes = o.no_lanes, .key = o.key, .live = o.nifaces > 0,
	    .rotate = o.nways > 0 ? o.period : o.rotate, .links = o.ifaces, .nlinks = o.nifaces,
	    .seed = hash_seed(), .limits = &o.limits }, worker_sink(w));

	totals_start(totals);
	begin_archives(&out);
	say_ready(&o);
	good = run(crew, w, &pings, totals, &o);
	guard_end();
	worker_ends(w);
	crew_finish(crew);
	good &= worker_free(&w, &written);
	good &= close_archives(&out);
	good &= relay_finish(&relay);
	if (!ping_close(&pings, err, sizeof(err))) {
		log_warnx("%s", err);
		good = false;
	}
	if (capture_cut(capture))
		say_interrupted();
	totals_end(&totals, crew, &written, good && o.quiet);
	hook_finish(&hook);
	crew_free(&crew);
	cut = capture_cut(capture);
	capture_free(&capture);
	options_free(&o);
	return (!good ? EXIT_ERROR : cut ? 128 + signals.stop : 0);
}
