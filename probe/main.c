/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c: pavo: start, run, stop, in that order.  See pavo(8).
 */
#include "format/base/clock.h"
#include "format/base/hash.h"
#include "format/base/log.h"
#include "probe/capture.h"
#include "probe/decode.h"
#include "probe/engine.h"
#include "probe/options.h"
#include "probe/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct capture *capture; /* for the signal's sake */
static volatile sig_atomic_t asked;

static void
on_signal(int sig)
{
	if (sig == SIGUSR1)
		asked = 1;
	else
		capture_stop(capture);
}

static void
catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_DFL); /* a reader that has enough is no error: end quietly */
}

static struct capture *
open_capture(const struct options *o)
{
	char err[512];
	struct capture *c;

	if (o->iface != NULL)
		c = capture_open_live(o->iface, o->snaplen, o->buffer, !o->no_promisc, o->filter, err,
		    sizeof(err));
	else
		c = capture_open_files(o->files, o->nfiles, o->as_is, o->filter, err, sizeof(err));
	if (c == NULL)
		fatalx("%s", err);
	return (c);
}

static struct writer *
open_writer(const struct options *o)
{
	struct writer_options w = { .segment = { .probe = o->probe, .interval = o->interval,
	    .snaplen = o->iface != NULL ? (uint32_t)o->snaplen : 0, .live = o->iface != NULL } };
	struct writer *out;
	char err[512];

	for (int i = 0; o->out != NULL && i < o->nfiles; i++)
		if (writer_same_file(o->out, o->files[i]))
			fatalx("%s: it is being read; choose another name for -w", o->out);
	out = writer_open(o->out == NULL ? "-" : o->out, &w, err, sizeof(err));
	if (out == NULL)
		fatalx("%s", err);
	return (out);
}

static void
say_kernel(char *to, size_t size, const struct stat_set *s)
{
	if (!s->live)
		return;
	snprintf(to, size, ", %llu dropped by the kernel", (unsigned long long)s->ps_drop);
	if (s->has_ifdrop)
		snprintf(to + strlen(to), size - strlen(to), ", %llu by the interface",
		    (unsigned long long)s->ps_ifdrop);
}

/* What became of every packet. */
static void
say_totals(const struct engine *e)
{
	const struct stat_set *s = engine_total(e);
	char kernel[128] = "", times[160] = "", evicted[64] = "", filtered[48] = "";

	say_kernel(kernel, sizeof(kernel), s);
	if (!s->live && s->filt_pkts > 0)
		snprintf(filtered, sizeof(filtered), ", %llu filtered", (unsigned long long)s->filt_pkts);
	if (s->tbad + s->tback + s->tjump > 0)
		snprintf(times, sizeof(times), "; times: %llu impossible, %llu late, %llu far ahead",
		    (unsigned long long)s->tbad, (unsigned long long)s->tback, (unsigned long long)s->tjump);
	if (s->evict_prob + s->evict_conf > 0)
		snprintf(evicted, sizeof(evicted), "; %llu flows evicted",
		    (unsigned long long)(s->evict_prob + s->evict_conf));
	log_info("%llu frames read: %llu in %llu flows, %llu too short, %llu bad IP, %llu not IP%s%s%s%s; "
	    "%llu records",
	    (unsigned long long)s->frames, (unsigned long long)engine_in_flows(e),
	    (unsigned long long)s->newflows, (unsigned long long)s->short_pkts,
	    (unsigned long long)s->badip_pkts, (unsigned long long)s->nonip_pkts, filtered, kernel, times,
	    evicted, (unsigned long long)engine_records(e));
}

static void
ask_kernel(struct engine *e)
{
	struct capture_stats s = { .has = false };

	capture_stats(capture, &s);
	if (s.has)
		engine_kernel(e, s.recv, s.drop, s.ifdrop, s.has_ifdrop);
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

/* Until the input ends or a signal comes.  false: something could not be read. */
static bool
run(struct engine *e, struct worker *w, const struct options *o)
{
	static struct arrival batch[ENGINE_BATCH];
	struct frame f;
	unsigned n = 0;
	bool good = true;
	int64_t told = 0, heard = 0;

	for (;;) {
		enum capture_result r = capture_next(capture, &f);

		if (r == CAPTURE_FRAME) {
			take(&batch[n++], &f, o);
			if (n < ENGINE_BATCH)
				continue;
		}
		if (n > 0)
			engine_packets(e, batch, n);
		n = 0;
		if (r == CAPTURE_ERROR) {
			log_warnx("%s", capture_error(capture));
			good = false;
		}
		if (r == CAPTURE_END || worker_failed(w))
			break;
		if (asked) {
			asked = 0;
			say_totals(e);
		}
		if (o->iface != NULL && f.ts - told >= SEC) { /* a second of the packets' or the wall's clock */
			told = f.ts;
			ask_kernel(e);
		}
		if (r == CAPTURE_FRAME)
			heard = f.ts;
		else if (r == CAPTURE_IDLE && f.ts - heard >= SEC) {
			heard = f.ts; /* silence: the wall clock moves the watermark, once a second */
			engine_idle(e, f.ts);
		}
	}
	if (o->iface != NULL)
		ask_kernel(e);
	return (good);
}

static void
print_interface(const char *name, const char *what)
{
	printf("%-16s %s\n", name, what);
}

int
main(int argc, char **argv)
{
	struct options o;
	struct engine *e;
	struct writer *out;
	struct worker *w;
	char err[512];
	bool good;

	log_start(argv[0]);
	options_parse(&o, argc, argv);
	if (o.list) {
		capture_list(print_interface);
		return (0);
	}
	capture = open_capture(&o);
	catch_signals();
	out = open_writer(&o);
	w = worker_new(out);
	e = engine_new(&(struct engine_options){ .interval = o.interval * SEC, .probe = o.probe,
	    .max_flows = o.max_flows, .max_frags = o.max_frags, .key = o.key, .live = o.iface != NULL,
	    .seed = hash_seed() }, worker_sink(w));

	good = run(e, w, &o);
	engine_finish(e);
	good &= worker_free(&w);
	if (!writer_close(&out, err, sizeof(err))) {
		log_warnx("%s", err);
		good = false;
	}
	if (!good || !o.quiet)
		say_totals(e);
	engine_free(&e);
	capture_free(&capture);
	options_free(&o);
	return (good ? 0 : EXIT_ERROR);
}
