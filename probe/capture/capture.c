/* SPDX-License-Identifier: BSD-2-Clause
 *
 * capture.c: frames from files, merged by time, or from interfaces.
 */
#include "probe/capture/capture.h"

#include "format/base/clock.h"
#include "format/base/mem.h"
#include "probe/capture/filter.h"
#include "probe/capture/live.h"
#include "probe/capture/pcapfile.h"
#include "probe/capture/wall.h"

#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE 1024

struct input {
	const char *name;
	struct pcapfile *file; /* NULL while closed */
	struct frame head;     /* its next frame, if held */
	int64_t key;	       /* the time that it is merged by */
	int order;
	bool held, broken; /* broken: error is to be told when its turn comes */
	bool silent;       /* a pipe that has nothing for the moment */
	uint64_t done, size; /* bytes, when it was closed; size 0: not known */
	char *error;
};

struct capture {
	struct pcapfile *only; /* one file without a filter: straight through */
	struct input *inputs;  /* by the time of their first frames */
	int ninputs, opened;   /* inputs[opened..] have not begun */
	struct input **heap;   /* those that have, the earliest at the top */
	int nheap;
	struct input *last; /* gave the last frame: moves on at the next call */
	bool as_is;
	struct capture_stats *drops; /* that files told of and that are not given yet, by their beginning */
	uint32_t ndrops, capdrops;
	struct capture_stats given;  /* by CAPTURE_DROPS */
	int64_t width, newest;       /* of bins; the newest frame given, INT64_MIN: none */
	int64_t bins[2], bin_end;    /* its bin, and the one before that had a frame; where the former ends */
	bool looking;		     /* at a file that will be opened again: nothing is kept */
	bool cut;       /* it was told to stop before the end */
	bool tells;     /* some input can say what was dropped */
	struct filter *filter; /* NULL: none */
	struct live *live;     /* NULL: files */
	const volatile sig_atomic_t *stop; /* or NULL */
	char error[SENTENCE];
};

static bool
stopped(const struct capture *c)
{
	return (c->stop != NULL && *c->stop != 0);
}

/* --- files */

static bool
before(const struct input *a, const struct input *b)
{
	return (a->key != b->key ? a->key < b->key : a->order < b->order);
}

static int
by_first(const void *a, const void *b)
{
	return (before(a, b) ? -1 : 1);
}

static void
sift_down(struct capture *c, int at)
{
	for (;;) {
		int least = at;

		for (int child = 2 * at + 1; child <= 2 * at + 2 && child < c->nheap; child++)
			if (before(c->heap[child], c->heap[least]))
				least = child;
		if (least == at)
			return;
		struct input *t = c->heap[at];
		c->heap[at] = c->heap[least];
		c->heap[least] = t;
		at = least;
	}
}

static void
heap_push(struct capture *c, struct input *in)
{
	int at = c->nheap++;

	c->heap[at] = in;
	while (at > 0 && before(c->heap[at], c->heap[(at - 1) / 2])) {
		struct input *t = c->heap[at];

		c->heap[at] = c->heap[(at - 1) / 2];
		c->heap[(at - 1) / 2] = t;
		at = (at - 1) / 2;
	}
}

/* --- what files say was dropped */

static void
drops_keep(struct capture *c, const struct capture_stats *s)
{
	uint32_t at = c->ndrops;

	if (c->looking)
		return;
	if (c->ndrops == c->capdrops) {
		c->capdrops = c->capdrops * 2 + 4;
		c->drops = mem_grow(c->drops, c->capdrops, sizeof(c->drops[0]));
	}
	for (; at > 0 && c->drops[at - 1].since > s->since; at--)
		c->drops[at] = c->drops[at - 1];
	c->drops[at] = *s;
	c->ndrops++;
}

/* Begun, or about to begin in the bin that is open now: bins of its time are not written yet.  Else its first bin
 * gets its first frame before. */
static bool
drops_due(const struct capture *c)
{
	return (c->ndrops > 0 && c->newest != INT64_MIN &&
		(c->drops[0].since <= c->newest || clock_bin(c->drops[0].since, c->width) == c->bins[0]));
}

/* The earliest.  It counts in the bin of its beginning, if that can be; in one without frames nothing can. */
static enum capture_result
drops_give(struct capture *c)
{
	struct capture_stats *s = &c->given;
	int64_t bin;

	*s = c->drops[0];
	memmove(&c->drops[0], &c->drops[1], --c->ndrops * sizeof(c->drops[0]));
	bin = clock_bin(s->since, c->width);
	if (c->newest != INT64_MIN && bin != c->bins[0] && bin != c->bins[1] && bin >= c->bins[0] - c->width)
		s->since = c->bins[0];
	if (s->until < s->since)
		s->until = s->since;
	return (CAPTURE_DROPS);
}

static void
drops_frame(struct capture *c, const struct frame *f)
{
	if (f->bad_ts || f->ts <= c->newest)
		return;
	c->newest = f->ts;
	if (f->ts < c->bin_end)
		return;
	c->bins[1] = c->bins[0];
	c->bins[0] = clock_bin(f->ts, c->width);
	c->bin_end = c->bins[0] + c->width;
}

/* --- several files */

static void
input_close(struct input *in)
{
	if (in->file != NULL)
		pcapfile_progress(in->file, &in->done, &in->size);
	pcapfile_close(&in->file);
}

/* Hold the input's next frame, or its error; false at its end, or while it is silent. */
static bool
input_advance(struct capture *c, struct input *in)
{
	enum capture_result r;

	while ((r = pcapfile_next(in->file, &in->head)) == CAPTURE_DROPS)
		drops_keep(c, pcapfile_drops(in->file));
	in->held = r == CAPTURE_FRAME;
	in->silent = r == CAPTURE_IDLE;
	if (in->held &&
	    !in->head.bad_ts) /* a frame without a time stays behind the one before it */
		in->key = in->head.ts;
	if (r == CAPTURE_ERROR) {
		in->broken = true;
		free(in->error);
		in->error = mem_str(pcapfile_error(in->file));
	}
	return (in->held || in->broken);
}

/* As input_advance(), however long it takes, until it is told to stop. */
static bool
input_first(struct capture *c, struct input *in)
{
	bool more;

	do
		more = input_advance(c, in);
	while (in->silent && !stopped(c));
	return (more);
}

/* Open (again) a file whose turn has come; as input_advance(). */
static bool
input_begin(struct capture *c, struct input *in)
{
	char err[SENTENCE];

	if (in->file != NULL)
		return (in->held || in->broken);
	in->file = pcapfile_open(in->name, c->stop, err, sizeof(err));
	if (in->file != NULL) {
		c->tells |= pcapfile_tells(in->file);
		pcapfile_scan(in->file);
		return (input_first(c, in));
	}
	in->broken = true;
	free(in->error);
	in->error = mem_str(err);
	return (true);
}

/* Files whose first frame is not later than the earliest frame held come into the heap. */
static void
open_due(struct capture *c)
{
	while (c->opened < c->ninputs &&
	       (c->nheap == 0 || (!c->as_is && !before(c->heap[0], &c->inputs[c->opened])))) {
		struct input *in = &c->inputs[c->opened++];

		if (input_begin(c, in))
			heap_push(c, in);
		else
			input_close(in);
	}
}

static void
heap_pop(struct capture *c)
{
	input_close(c->heap[0]);
	c->heap[0] = c->heap[--c->nheap];
	sift_down(c, 0);
}

static enum capture_result
next_merged(struct capture *c, struct frame *frame)
{
	struct input *in;

	if (c->last != NULL) { /* it is the top of the heap; its frame has been used by now */
		bool more = input_advance(c, c->heap[0]);

		if (c->heap[0]->silent) /* the others wait for it: nobody knows the time of what comes */
			return (CAPTURE_IDLE);
		c->last = NULL;
		if (more)
			sift_down(c, 0);
		else
			heap_pop(c);
	}
	open_due(c);
	if (drops_due(c)) /* told by the frame that was read just now, or before it */
		return (drops_give(c));
	if (c->nheap == 0)
		return (CAPTURE_END);
	in = c->heap[0];
	if (in->broken) {
		(void)snprintf(c->error, sizeof(c->error), "%s", in->error);
		heap_pop(c);
		return (CAPTURE_ERROR);
	}
	if (!filter_run(c->filter, &in->head)) {
		(void)snprintf(c->error, sizeof(c->error), "%s", filter_error(c->filter));
		heap_pop(c);
		return (CAPTURE_ERROR);
	}
	*frame = in->head;
	c->last = in;
	return (CAPTURE_FRAME);
}

/* Look at the first frame of a file: when does it begin?  Only pipes stay open. */
static bool
input_look(struct capture *c, struct input *in, bool alone)
{
	in->file = pcapfile_open(in->name, c->stop, c->error, sizeof(c->error));
	if (in->file == NULL)
		return (false);
	in->key = INT64_MIN;
	c->tells |= pcapfile_tells(in->file);
	if (alone)
		pcapfile_scan(in->file);
	c->looking = !alone && pcapfile_again(in->file);
	(void)input_first(c, in);
	if (in->held && !filter_fits(c->filter, in->head.dlt)) {
		(void)snprintf(c->error, sizeof(c->error), "%s", filter_error(c->filter));
		return (false);
	}
	if (c->looking) {
		input_close(in);
		in->done = 0;
		in->held = in->broken = c->looking = false;
	}
	return (true);
}

struct capture *
capture_open_files(char *const *names, int n, const struct capture_options *o, char *err, int errlen)
{
	struct capture *c = mem_zero(1, sizeof(*c));
	bool ok = true;

	c->width = SEC;
	c->newest = c->bins[0] = c->bins[1] = c->bin_end = INT64_MIN;
	c->filter = filter_new(o->filter);
	c->stop = o->stop;
	c->inputs = mem_zero((size_t)n, sizeof(*c->inputs));
	c->heap = mem_zero((size_t)n, sizeof(*c->heap));
	c->ninputs = n;
	c->as_is = o->as_is;
	for (int i = 0; i < n && ok; i++) {
		c->inputs[i].name = names[i];
		c->inputs[i].order = i;
	}
	if (n == 1 && o->filter == NULL) {
		c->only = pcapfile_open(names[0], c->stop, c->error, sizeof(c->error));
		ok = c->only != NULL;
		if (ok) {
			c->tells = pcapfile_tells(c->only);
			pcapfile_scan(c->only);
		}
	} else {
		for (int i = 0; i < n && ok; i++)
			ok = input_look(c, &c->inputs[i], n == 1);
	}
	if (!ok) {
		(void)snprintf(err, (size_t)errlen, "%s", c->error);
		capture_free(&c);
		return (NULL);
	}
	if (!o->as_is)
		qsort(c->inputs, (size_t)n, sizeof(*c->inputs), by_first);
	return (c);
}

/* --- interfaces */

struct capture *
capture_open_live(char *const *names, unsigned n, const struct capture_options *o, char *err, int errlen)
{
	struct capture *c = mem_zero(1, sizeof(*c));

	if ((c->live = live_open(names, n, o, err, errlen)) == NULL)
		capture_free(&c);
	return (c);
}

/* --- both */

static enum capture_result
next_only(struct capture *c, struct frame *frame)
{
	enum capture_result r;

	while ((r = pcapfile_next(c->only, frame)) == CAPTURE_DROPS) {
		drops_keep(c, pcapfile_drops(c->only));
		if (drops_due(c))
			return (drops_give(c));
	}
	if (r == CAPTURE_ERROR)
		(void)snprintf(c->error, sizeof(c->error), "%s", pcapfile_error(c->only));
	return (r);
}

static enum capture_result
next_frame(struct capture *c, struct frame *frame)
{
	enum capture_result r;

	if (c->live != NULL)
		return (live_next(c->live, frame));
	if (stopped(c)) {
		c->cut = true;
		return (CAPTURE_END);
	}
	if (c->tells && drops_due(c)) /* they waited for the frame that was given last */
		return (drops_give(c));
	r = c->only != NULL ? next_only(c, frame) : next_merged(c, frame);
	if (r == CAPTURE_FRAME && c->tells)
		drops_frame(c, frame);
	if (r == CAPTURE_IDLE)
		frame->ts = wall_clock();
	return (r == CAPTURE_END && c->ndrops > 0 ? drops_give(c) : r);
}

enum capture_result
capture_next(struct capture *c, struct frame *frame, unsigned n, unsigned *got)
{
	enum capture_result r;

	*got = 0;
	if (c->only != NULL && !c->tells && !stopped(c))
		*got = pcapfile_more(c->only, frame, n);
	if (*got > 0)
		return (CAPTURE_FRAME);
	r = next_frame(c, frame);
	*got = r == CAPTURE_FRAME;
	return (r);
}

const char *
capture_error(const struct capture *c)
{
	return (c->error);
}

bool
capture_stats(struct capture *c, unsigned i, struct capture_stats *s)
{
	if (c->live != NULL)
		return (live_stats(c->live, i, s));
	*s = c->given;
	c->given.has = false;
	return (i == 0);
}

const char *
capture_says(struct capture *c)
{
	return (live_says(c->live));
}

void
capture_describe(const struct capture *c, struct buf *to)
{
	live_describe(c->live, to);
}

void
capture_progress(const struct capture *c, uint64_t *done, uint64_t *size)
{
	bool known = true;

	*done = *size = 0;
	if (c->only != NULL) {
		pcapfile_progress(c->only, done, size);
		return;
	}
	for (int i = 0; i < c->ninputs; i++) {
		const struct input *in = &c->inputs[i];
		uint64_t of = in->done, all = in->size;

		if (in->file != NULL)
			pcapfile_progress(in->file, &of, &all);
		*done += of;
		*size += all;
		known &= all > 0;
	}
	if (!known)
		*size = 0;
}

bool
capture_cut(const struct capture *c)
{
	return (c->cut);
}

void
capture_bins(struct capture *c, int64_t width)
{
	c->width = width;
}

void
capture_free(struct capture **cp)
{
	struct capture *c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	for (int i = 0; i < c->ninputs; i++) {
		input_close(&c->inputs[i]);
		free(c->inputs[i].error);
	}
	pcapfile_close(&c->only);
	live_close(&c->live);
	filter_free(&c->filter);
	free(c->inputs);
	free(c->heap);
	free(c->drops);
	free(c);
}

/* What else libpcap knows (USB, Bluetooth, D-Bus, the netfilter queue) has no packets of a network, or gives them to nobody
 * else any more. */
static bool
can_be_captured(const char *name)
{
	return (if_nametoindex(name) != 0 || strcmp(name, "any") == 0 || strcmp(name, "nflog") == 0);
}

void
capture_list(void (*each)(const char *name, const char *what))
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_if_t *all = NULL;

	if (pcap_findalldevs(&all, text) != 0)
		return;
	for (const pcap_if_t *i = all; i != NULL; i = i->next)
		if (can_be_captured(i->name))
			each(i->name, i->description != NULL ? i->description : "");
	pcap_freealldevs(all);
}
