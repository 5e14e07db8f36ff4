/* SPDX-License-Identifier: BSD-2-Clause
 *
 * capture.c: frames from files, merged by time, and from interfaces (libpcap).
 */
#include "probe/capture/capture.h"

#include "format/base/clock.h"
#include "format/base/mem.h"
#include "probe/capture/pcapfile.h"

#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILTERS	 16	 /* link types that one run may compile its filter for */
#define TIMEOUT	 100	 /* ms: how long a live read may wait */
#define DRAIN	 1000000 /* frames that may still come after it was told to stop */
#define SENTENCE 1024

struct filter {
	int dlt;
	struct bpf_program program;
};

struct input {
	const char *name;
	struct pcapfile *file; /* NULL while closed */
	struct frame head;     /* its next frame, if held */
	int64_t key;	       /* the time that it is merged by */
	int order;
	bool held, broken; /* broken: error is to be told when its turn comes */
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
	bool tells;     /* some input can say what was dropped */
	char *filter_text;
	struct filter filters[FILTERS];
	int nfilters;
	pcap_t *live;
	const char *iface;
	int live_dlt;
	bool live_ns, draining, over;
	bool fresh; /* frames came since the last CAPTURE_IDLE */
	int live_fd;
	int64_t stopped; /* when it was told to stop */
	uint32_t drained;
	int64_t asked;
	struct pcap_stat counted, at_stop; /* when last asked, and when told to stop */
	bool has_at_stop;
	const volatile sig_atomic_t *stop; /* or NULL */
	char error[SENTENCE];
};

static bool
stopped(const struct capture *c)
{
	return (c->stop != NULL && *c->stop != 0);
}

/* --- filters */

/* LINKTYPE_ in files, DLT_ in libpcap; they differ for a few old ones only. */
static const struct {
	int link, dlt;
} differ[] = {
	{ 100, DLT_ATM_RFC1483 }, { 101, DLT_RAW }, { 102, DLT_SLIP_BSDOS }, { 103, DLT_PPP_BSDOS }
};

static int
link_to_dlt(int link)
{
	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++)
		if (differ[i].link == link)
			return (differ[i].dlt);
	return (link);
}

static int
dlt_to_link(int dlt)
{
	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++)
		if (differ[i].dlt == dlt)
			return (differ[i].link);
	return (dlt);
}

/* The filter compiled for this link type; NULL with c->error if that is not possible. */
static struct filter *
filter_for(struct capture *c, int link)
{
	struct filter *f;
	pcap_t *dead;
	int r;

	for (int i = 0; i < c->nfilters; i++)
		if (c->filters[i].dlt == link)
			return (&c->filters[i]);
	if (c->nfilters == FILTERS) {
		(void)snprintf(c->error, sizeof(c->error), "filter: more than %d link types",
			       FILTERS);
		return (NULL);
	}
	f = &c->filters[c->nfilters];
	dead = pcap_open_dead(link_to_dlt(link), PCAPFILE_CAPLEN);
	if (dead == NULL) {
		(void)snprintf(c->error, sizeof(c->error), "filter: out of memory");
		return (NULL);
	}
	r = pcap_compile(dead, &f->program, c->filter_text, 1, PCAP_NETMASK_UNKNOWN);
	if (r != 0) {
		const char *name = pcap_datalink_val_to_name(link_to_dlt(link));

		(void)snprintf(c->error, sizeof(c->error), "filter \"%s\" (link type %d%s%s): %s",
			       c->filter_text, link, name != NULL ? ", " : "",
			       name != NULL ? name : "", pcap_geterr(dead));
	}
	pcap_close(dead);
	if (r != 0)
		return (NULL);
	f->dlt = link;
	c->nfilters++;
	return (f);
}

/* Sets frame->filtered; false if the filter can not be compiled. */
static bool
filter_run(struct capture *c, struct frame *frame)
{
	const struct filter *f;
	struct pcap_pkthdr h = { .caplen = frame->caplen, .len = frame->wire };

	if (c->filter_text == NULL)
		return (true);
	f = filter_for(c, frame->dlt);
	if (f == NULL)
		return (false);
	frame->filtered = pcap_offline_filter(&f->program, &h, frame->bytes) == 0;
	return (true);
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

/* Hold the input's next frame, or its error; false at its end. */
static bool
input_advance(struct capture *c, struct input *in)
{
	enum capture_result r;

	while ((r = pcapfile_next(in->file, &in->head)) == CAPTURE_DROPS)
		drops_keep(c, pcapfile_drops(in->file));
	in->held = r == CAPTURE_FRAME;
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

/* Open (again) a file whose turn has come; as input_advance(). */
static bool
input_begin(struct capture *c, struct input *in)
{
	char err[SENTENCE];

	if (in->file != NULL)
		return (in->held || in->broken);
	in->file = pcapfile_open(in->name, err, sizeof(err));
	if (in->file != NULL) {
		c->tells |= pcapfile_tells(in->file);
		pcapfile_scan(in->file);
		return (input_advance(c, in));
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
			pcapfile_close(&in->file);
	}
}

static void
heap_pop(struct capture *c)
{
	pcapfile_close(&c->heap[0]->file);
	c->heap[0] = c->heap[--c->nheap];
	sift_down(c, 0);
}

static enum capture_result
next_merged(struct capture *c, struct frame *frame)
{
	struct input *in;

	if (c->last != NULL) { /* it is the top of the heap; its frame has been used by now */
		c->last = NULL;
		if (input_advance(c, c->heap[0]))
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
	if (!filter_run(c, &in->head)) {
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
	in->file = pcapfile_open(in->name, c->error, sizeof(c->error));
	if (in->file == NULL)
		return (false);
	in->key = INT64_MIN;
	c->tells |= pcapfile_tells(in->file);
	if (alone)
		pcapfile_scan(in->file);
	c->looking = !alone && pcapfile_again(in->file);
	(void)input_advance(c, in);
	if (in->held && c->filter_text != NULL && filter_for(c, in->head.dlt) == NULL)
		return (false);
	if (c->looking) {
		pcapfile_close(&in->file);
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
	c->filter_text = o->filter != NULL ? mem_str(o->filter) : NULL;
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
		c->only = pcapfile_open(names[0], c->error, sizeof(c->error));
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

static int64_t
wall_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return ((int64_t)now.tv_sec * SEC + now.tv_nsec);
}

static const struct {
	int status;
	const char *sentence;
} refusals[] = {
	{ PCAP_ERROR_NO_SUCH_DEVICE, "no such interface; pavo -D lists them" },
	{ PCAP_ERROR_PERM_DENIED, "no permission to capture: run as root, or with the capability CAP_NET_RAW" },
	{ PCAP_ERROR_PROMISC_PERM_DENIED, "no permission for promiscuous mode: say --no-promisc" },
	{ PCAP_ERROR_IFACE_NOT_UP, "the interface is down: ip link set it up" },
};

/* One sentence out of libpcap's status and its error text. */
static void
live_error(const struct capture *c, const char *iface, int status, char *err, int errlen)
{
	const char *what = pcap_statustostr(status), *more = pcap_geterr(c->live);
	bool both = more[0] != '\0' && strcmp(what, more) != 0;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].status == status) {
			(void)snprintf(err, (size_t)errlen, "%s: %s", iface, refusals[i].sentence);
			return;
		}
	(void)snprintf(err, (size_t)errlen, "%s: %s%s%s", iface, what, both ? ": " : "",
		       both ? more : "");
}

static bool
live_filter(struct capture *c, const char *iface, const char *text, char *err, int errlen)
{
	struct bpf_program program;
	int r;

	if (text == NULL)
		return (true);
	r = pcap_compile(c->live, &program, text, 1, PCAP_NETMASK_UNKNOWN);
	if (r == 0) {
		r = pcap_setfilter(c->live, &program);
		pcap_freecode(&program);
	}
	if (r != 0)
		(void)snprintf(err, (size_t)errlen, "%s: filter \"%s\": %s", iface, text,
			       pcap_geterr(c->live));
	return (r == 0);
}

struct capture *
capture_open_live(const char *iface, const struct capture_options *o, char *err, int errlen)
{
	struct capture *c = mem_zero(1, sizeof(*c));
	char text[PCAP_ERRBUF_SIZE] = "";
	int r;

	c->iface = iface;
	c->stop = o->stop;
	c->live = pcap_create(iface, text);
	if (c->live == NULL) {
		(void)snprintf(err, (size_t)errlen, "%s: %s", iface, text);
		capture_free(&c);
		return (NULL);
	}
	(void)pcap_set_snaplen(c->live, o->snaplen);
	(void)pcap_set_promisc(c->live, !o->no_promisc);
	(void)pcap_set_timeout(c->live, TIMEOUT);
	if (o->buffer > 0)
		(void)pcap_set_buffer_size(c->live, o->buffer);
	c->live_ns = pcap_set_tstamp_precision(c->live, PCAP_TSTAMP_PRECISION_NANO) == 0;
	r = pcap_activate(
	    c->live); /* above 0: a warning, such as that promiscuous mode is not there */
	if (r < 0) {
		live_error(c, iface, r, err, errlen);
		capture_free(&c);
		return (NULL);
	}
	c->live_ns = pcap_get_tstamp_precision(c->live) == PCAP_TSTAMP_PRECISION_NANO;
	c->live_dlt = dlt_to_link(pcap_datalink(c->live));
	c->live_fd = pcap_get_selectable_fd(c->live);
	c->asked = wall_clock();
	if (pcap_setnonblock(c->live, 1, text) != 0) {
		(void)snprintf(err, (size_t)errlen, "%s: %s", iface, text);
		capture_free(&c);
		return (NULL);
	}
	if (!live_filter(c, iface, o->filter, err, errlen)) {
		capture_free(&c);
		return (NULL);
	}
	return (c);
}

static enum capture_result
live_end(struct capture *c, enum capture_result r)
{
	c->over = true;
	return (r);
}

/* It was told to stop: what the kernel holds of the time before is still read, and counts up to here. */
static void
live_drain(struct capture *c)
{
	c->draining = true;
	c->stopped = wall_clock();
	c->has_at_stop = pcap_stats(c->live, &c->at_stop) == 0;
}

/* libpcap may sleep for as long as nothing comes, whatever its timeout; so it never blocks, and the waiting
 * is done here.  False when nothing came in time. */
static bool
live_wait(const struct capture *c)
{
	struct pollfd p = { .fd = c->live_fd, .events = POLLIN };

	if (c->live_fd < 0) { /* a device that can not be waited for */
		(void)poll(NULL, 0, TIMEOUT / 10);
		return (false);
	}
	return (poll(&p, 1, c->draining ? 2 * TIMEOUT : TIMEOUT) !=
		0); /* a signal too: the caller looks */
}

static enum capture_result
next_live(struct capture *c, struct frame *frame)
{
	struct pcap_pkthdr *h;
	const u_char *bytes;
	int r;

	if (c->over)
		return (CAPTURE_END);
	for (int waited = 0;; waited++) {
		if (stopped(c) && !c->draining)
			live_drain(c);
		r = pcap_next_ex(c->live, &h, &bytes);
		if (r != 0)
			break;
		if (c->fresh && !c->draining) { /* before waiting: what came may be worked on */
			c->fresh = false;
			frame->ts = wall_clock();
			return (CAPTURE_IDLE);
		}
		if (live_wait(c) && waited < (c->draining ? 16 : 2))
			continue;
		frame->ts = wall_clock();
		return (c->draining ? live_end(c, CAPTURE_END) : CAPTURE_IDLE);
	}
	if (r < 0) {
		(void)snprintf(c->error, sizeof(c->error), "%s: %s", c->iface, pcap_geterr(c->live));
		return (live_end(c, CAPTURE_ERROR));
	}
	frame->ts = (int64_t)h->ts.tv_sec * SEC + (int64_t)h->ts.tv_usec * (c->live_ns ? 1 : USEC);
	frame->bytes = bytes;
	frame->caplen = h->caplen;
	frame->wire = h->len;
	frame->dlt = c->live_dlt;
	frame->bad_ts = frame->filtered = false;
	if (c->draining && (frame->ts > c->stopped || c->drained++ == DRAIN))
		return (live_end(c, CAPTURE_END));
	c->fresh = true;
	return (CAPTURE_FRAME);
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
		return (next_live(c, frame));
	if (stopped(c))
		return (CAPTURE_END);
	if (c->tells && drops_due(c)) /* they waited for the frame that was given last */
		return (drops_give(c));
	r = c->only != NULL ? next_only(c, frame) : next_merged(c, frame);
	if (r == CAPTURE_FRAME && c->tells)
		drops_frame(c, frame);
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

void
capture_stats(struct capture *c, struct capture_stats *s)
{
	struct pcap_stat now;

	memset(s, 0, sizeof(*s));
	if (c->live == NULL) {
		*s = c->given;
		c->given.has = false;
		return;
	}
	if (c->has_at_stop)
		now = c->at_stop;
	else if (pcap_stats(c->live, &now) != 0)
		return;
	s->has = s->has_ifdrop = true;
	s->recv = now.ps_recv - c->counted.ps_recv; /* 32 bits that wrap */
	s->drop = now.ps_drop - c->counted.ps_drop;
	s->ifdrop = now.ps_ifdrop - c->counted.ps_ifdrop;
	c->counted = now;
	s->since = c->asked;
	s->until = c->asked = wall_clock();
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
		pcapfile_close(&c->inputs[i].file);
		free(c->inputs[i].error);
	}
	for (int i = 0; i < c->nfilters; i++)
		pcap_freecode(&c->filters[i].program);
	pcapfile_close(&c->only);
	if (c->live != NULL)
		pcap_close(c->live);
	free(c->inputs);
	free(c->heap);
	free(c->drops);
	free(c->filter_text);
	free(c);
}

void
capture_list(void (*each)(const char *name, const char *what))
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_if_t *all = NULL;

	if (pcap_findalldevs(&all, text) != 0)
		return;
	for (const pcap_if_t *i = all; i != NULL; i = i->next)
		each(i->name, i->description != NULL ? i->description : "");
	pcap_freealldevs(all);
}
