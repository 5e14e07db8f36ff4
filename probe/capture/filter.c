/* SPDX-License-Identifier: BSD-2-Clause
 *
 * filter.c: the filter, by libpcap.  Tested by test_capture.c.
 */
#include "probe/capture/filter.h"

#include "format/base/mem.h"
#include "probe/capture/pcapfile.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#define LINKS 16 /* link types that one run may compile its filter for */

struct filter {
	char *text;
	struct {
		int link;
		struct bpf_program program;
	} compiled[LINKS];
	int n;
	char error[1024];
};

static const struct {
	int link, dlt;
} differ[] = {
	{ 100, DLT_ATM_RFC1483 }, { 101, DLT_RAW }, { 102, DLT_SLIP_BSDOS }, { 103, DLT_PPP_BSDOS }
};

int
filter_link_to_dlt(int link)
{
	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++)
		if (differ[i].link == link)
			return (differ[i].dlt);
	return (link);
}

int
filter_dlt_to_link(int dlt)
{
	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++)
		if (differ[i].dlt == dlt)
			return (differ[i].link);
	return (dlt);
}

const char *
filter_link_name(int link)
{
	return (pcap_datalink_val_to_name(filter_link_to_dlt(link)));
}

struct filter *
filter_new(const char *text)
{
	struct filter *f;

	if (text == NULL)
		return (NULL);
	f = mem_zero(1, sizeof(*f));
	f->text = mem_str(text);
	return (f);
}

void
filter_free(struct filter **pf)
{
	struct filter *f = *pf;

	*pf = NULL;
	if (f == NULL)
		return;
	for (int i = 0; i < f->n; i++)
		pcap_freecode(&f->compiled[i].program);
	free(f->text);
	free(f);
}

/* NULL with f->error: it does not fit. */
static const struct bpf_program *
program_for(struct filter *f, int link)
{
	const char *name = filter_link_name(link);
	struct bpf_program *p;
	pcap_t *dead;
	int r;

	for (int i = 0; i < f->n; i++)
		if (f->compiled[i].link == link)
			return (&f->compiled[i].program);
	if (f->n == LINKS) {
		(void)snprintf(f->error, sizeof(f->error), "filter: more than %d link types", LINKS);
		return (NULL);
	}
	p = &f->compiled[f->n].program;
	dead = pcap_open_dead(filter_link_to_dlt(link), PCAPFILE_CAPLEN);
	if (dead == NULL) {
		(void)snprintf(f->error, sizeof(f->error), "filter: out of memory");
		return (NULL);
	}
	r = pcap_compile(dead, p, f->text, 1, PCAP_NETMASK_UNKNOWN);
	if (r != 0)
		(void)snprintf(f->error, sizeof(f->error), "filter \"%s\" (link type %d%s%s): %s", f->text, link,
		    name != NULL ? ", " : "", name != NULL ? name : "", pcap_geterr(dead));
	pcap_close(dead);
	if (r != 0)
		return (NULL);
	f->compiled[f->n++].link = link;
	return (p);
}

bool
filter_fits(struct filter *f, int link)
{
	return (f == NULL || program_for(f, link) != NULL);
}

bool
filter_run(struct filter *f, struct frame *frame)
{
	const struct bpf_program *p;
	struct pcap_pkthdr h = { .caplen = frame->caplen, .len = frame->wire };

	if (f == NULL)
		return (true);
	if ((p = program_for(f, frame->dlt)) == NULL)
		return (false);
	frame->filtered = pcap_offline_filter(p, &h, frame->bytes) == 0;
	return (true);
}

const char *
filter_error(const struct filter *f)
{
	return (f->error);
}
