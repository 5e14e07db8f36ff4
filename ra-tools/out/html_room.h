/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_room.h: what the files of pages (html*.c, evidence.c, graph.c) have in common.  For them only.
 */
#ifndef RA_TOOLS_OUT_HTML_ROOM_H
#define RA_TOOLS_OUT_HTML_ROOM_H

#include "ra-tools/out/report.h"
#include "ra-tools/report/picture.h"

struct page {
	const struct report *rep;
	const struct text_options *o;
	int64_t from, end; /* of all tunnels */
	bool other;	   /* they are none: of a key of the user's own */
	struct buf *to;
};

#define HTML_MANY 20 /* charts; with more of them each is coarser, and lists are shorter, so that the page can be sent */
bool html_many(const struct report *);

/* Text of files and command lines: what acts in HTML is only shown. */
void html_text(struct buf *to, const char *);
/* Who sends to whom, where there is little room: its label, or else its address. */
const char *html_short(const struct sla_tunnel *, int side);

/* The one style of all pages, and its SHA-256 as policies have it. */
void html_style(struct buf *to);
void html_digest(struct buf *to);

/* tunnel, tunnels, and what else is reported on. */
const char *html_noun(const struct page *);
/* One sentence for all of it. */
void html_verdict(const struct page *);
void html_overview(const struct page *);
/* What two probes say together; rep->path is there. */
void html_path(const struct page *);
void html_path_verdict(const struct page *); /* where it was lost, if two probes tell */
/* A tunnel with its chart and its tables. */
void html_tunnel(const struct page *, size_t i);
void html_chart(const struct page *, size_t i);
/* The states of a tunnel over the period of the page, in a line. */
void html_strip(const struct page *, const struct sla_tunnel *);
/* Its bins, or the worst of them, as a table. */
void html_bins(const struct page *, const struct sla_tunnel *);

#endif
