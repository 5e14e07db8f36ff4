/* SPDX-License-Identifier: BSD-2-Clause
 *
 * report.h: what ratunnel computed, as text, CSV, JSON and as a page.
 */
#ifndef RA_TOOLS_OUT_REPORT_H
#define RA_TOOLS_OUT_REPORT_H

#include "ra-tools/out/out.h"
#include "ra-tools/report/sla.h"

struct evidence;
struct path;

struct report {
	struct sla *sla; /* at whose bins is looked */
	size_t count;	     /* tunnels to show, the worst first */
	size_t charts;	     /* of those, with a chart on the page */
	int64_t interval;    /* ns: the bins of the input, where wider ones were chosen for it; else 0 */
	const char *inputs;  /* "-r x.pavo" */
	const char *asked;   /* the filter, or "" */
	const char *title;   /* of the page; NULL */
	const char *capture; /* name of the capture in commands */
	const char *zone;    /* of the period: "Europe/Berlin, UTC+01:00" */
	const struct path *path; /* what two probes say together; NULL: nothing */
	const char *meta, *evidence; /* of the page: lines of its head; report_evidence() */
	bool more;	     /* text: all violating bins */
	bool probes;	     /* of several: whose a tunnel is has to be said */
	bool partial;	     /* not all of the input could be read */
};

void report_text(const struct report *, struct sheet *);
/* A line for each limit that was broken. */
void report_breaches(const struct report *, struct sheet *);
void report_csv(const struct report *, struct sheet *);
void report_json(const struct report *, struct sheet *);
/* Every bin of every direction. */
void report_bins(const struct report *, struct sheet *, bool json, bool separated);
/* The page, into `to`. */
void report_html(const struct report *, const struct text_options *, struct buf *to);

/* What a page was made from and how: between these two lines, so that what is said of the making can be told from the figures. */
#define REPORT_EVIDENCE	    "<!-- evidence -->"
#define REPORT_EVIDENCE_END "<!-- /evidence -->"

struct report_origin {
	const char *command, *verify; /* that make the page again, and compare it */
	const char *left_out;	      /* of the records, and why: a sentence */
	int64_t made;		      /* ns */
};

void report_evidence(const struct report *, const struct evidence *, const struct report_origin *, const struct text_options *, struct buf *);
void report_evidence_json(const struct evidence *, const struct report_origin *, struct sheet *);

/* Shared by the page and the text. */
void report_command(const struct report *, const struct sla_tunnel *, const char *tool,
		    int64_t from, int64_t to, const char *options, struct buf *);
void report_time(int64_t, const struct text_options *, struct buf *);
void report_rate(uint64_t bps, struct buf *); /* 12.3 Mb/s */
void report_value(enum sla_term, double, struct buf *);
void report_percent(double, struct buf *); /* 0.12 %: as many digits as tell it from 0 and from 100 */
void report_bins_option(int64_t ns, struct buf *); /* -M for bins of this width */
void report_width(int64_t ns, struct buf *); /* 5 s, 1 min */
void report_bins_of(const struct report *, struct buf *); /* 1 min (recorded in bins of 5 s: -M 5s shows those) */
/* What the hours of service are, and how many bins are outside of them, behind `before`; nothing where there are none. */
void report_hours(const struct report *, const struct sla_tunnel *, const char *before, struct buf *);
/* Why there is no ratio of availability, until the next call; NULL: there is one. */
const char *report_unjudged(const struct sla_tunnel *);
const char *report_unknown(enum sla_term); /* why a term has no value, in three words */
/* Numbers that the sender left out, which are no loss: 16384, once; or - */
void report_skipped(const struct sla_counts *, struct buf *);
/* Something worth saying about its figures; NULL. */
const char *report_hint(const struct sla_tunnel *);
/* Where a limit was broken.  At the tunnel is looked (sla_look()), as for the next one. */
void report_span(const struct sla_tunnel *, const struct sla_violation *, int64_t *from, int64_t *to);
#define REPORT_WORST 5 /* points that text and JSON name */
/* The points of a direction with the greatest net loss, worst first; how many. */
size_t report_worst(const struct sla_tunnel *, int side, size_t *at, size_t most);

#endif
