/* SPDX-License-Identifier: BSD-2-Clause
 *
 * filter.h: the filter of a run, compiled once for each link type that comes, and numbers of link types.
 */
#ifndef PROBE_CAPTURE_FILTER_H
#define PROBE_CAPTURE_FILTER_H

#include "probe/capture/frame.h"

struct filter;

/* `text` in the language of pcap-filter(7); NULL: none, and so is the filter. */
struct filter *filter_new(const char *text);
void filter_free(struct filter **);
/* Can it be compiled for frames of this LINKTYPE_?  false: filter_error() says why. */
bool filter_fits(struct filter *, int link);
/* Sets frame->filtered.  false as above. */
bool filter_run(struct filter *, struct frame *);
const char *filter_error(const struct filter *);

/* LINKTYPE_ in files, DLT_ in libpcap; they differ for a few old ones only. */
int filter_link_to_dlt(int link);
const char *filter_link_name(int link); /* EN10MB, as libpcap calls it; NULL: it has no name */
int filter_dlt_to_link(int dlt);

#endif
