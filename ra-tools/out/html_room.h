/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_room.h: what the files of pages (html*.c, evidence.c, graph.c) have in common.  For them only.
 */
#ifndef RA_TOOLS_OUT_HTML_ROOM_H
#define RA_TOOLS_OUT_HTML_ROOM_H

#include "ra-tools/out/report.h"

/* Text of files and command lines: what acts in HTML is only shown. */
void html_text(struct buf *to, const char *);

/* The one style of all pages, and its SHA-256 as policies have it. */
void html_style(struct buf *to);
void html_digest(struct buf *to);

void html_overview(const struct report *, struct buf *to);
/* A tunnel with its chart and its tables. */
void html_tunnel(const struct report *, size_t i, const struct text_options *, struct buf *to);
void html_chart(const struct report *, const struct sla_tunnel *, const struct text_options *, struct buf *to);

#endif
