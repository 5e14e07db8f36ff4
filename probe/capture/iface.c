/* SPDX-License-Identifier: BSD-2-Clause
 *
 * iface.c: rings of packets of an interface.  Tested by tests/live.tap and tests/interfaces.tap.
 */
#include "probe/capture/iface.h"

#include "format/base/clock.h"
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "probe/capture/filter.h"
#include "probe/capture/netdev.h"
#include "probe/capture/wall.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE 512
#define BEFORE	 SEC /* frames older than the opening, by no more than this, may be in a ring */

#define MESSAGE	 65535 /* of nflog, with several packets: libpcap has room for one of the length of the snaplen */

struct ring {
	pcap_t *pcap;
	struct pcap_stat counted; /* by libpcap, where it is no packet socket */
	int fd, dlt; /* dlt: LINKTYPE_ */
	bool ns;
};

struct iface {
	const char *name;
	struct iface_options o;
	struct ring ring[CAPTURE_RINGS + 1];
	unsigned rings; /* and one that stands by, where there are several */
	unsigned by;    /* the ring that the interface gets when it comes back: no other one that shares can go there */
	bool back;      /* it has */
	int hardware;   /* what kind of device the rings were opened on */
	bool fails;   /* a ring did, since it was looked at last */
	int64_t since; /* when the opening was done, by the wall's clock */
	struct netdev_drops drops;
	uint64_t dropped; /* by the interface, when last asked */
	bool has_dropped;
	char error[SENTENCE];
};

static const struct {
	int status;
	const char *sentence;
} refusals[] = {
	{ PCAP_ERROR_NO_SUCH_DEVICE, "no such interface; " TOOL(pavo) " -D lists them" },
	{ PCAP_ERROR_PERM_DENIED, "no permission to capture: run as root, or with the capability CAP_NET_RAW" },
	{ PCAP_ERROR_PROMISC_PERM_DENIED, "no permission for promiscuous mode: say --no-promisc" },
	{ PCAP_ERROR_IFACE_NOT_UP, "the interface is down: ip link set it up" },
};

/* One sentence out of libpcap's status and its error text. */
static void
refused(const char *name, pcap_t *p, int status, char *err, int errlen)
{
	const char *what = pcap_statustostr(status), *more = pcap_geterr(p);
	bool both = more[0] != '\0' && strcmp(what, more) != 0;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].status == status) {
			(void)snprintf(err, (size_t)errlen, "%s: %s", name, refusals[i].sentence);
			return;
		}
	(void)snprintf(err, (size_t)errlen, "%s: %s%s%s", name, what, both ? ": " : "", both ? more : "");
}

static bool
set_filter(const char *name, pcap_t *p, const char *text, char *err, int errlen)
{
	struct bpf_program program;
	int r = pcap_compile(p, &program, text, 1, PCAP_NETMASK_UNKNOWN);

	if (r == 0) {
		r = pcap_setfilter(p, &program);
		pcap_freecode(&program);
	}
	if (r != 0)
		(void)snprintf(err, (size_t)errlen, "%s: filter \"%s\": %s", name, text, pcap_geterr(p));
	return (r == 0);
}

static void
ring_close(struct ring *r)
{
	if (r->pcap != NULL)
		pcap_close(r->pcap);
	r->pcap = NULL;
}

/* It gets nothing yet. */
static bool
ring_open(struct ring *r, const char *name, const struct iface_options *o, char *err, int errlen)
{
	struct bpf_insn none = { BPF_RET | BPF_K, 0, 0, 0 };
	struct bpf_program nothing = { 1, &none };
	char text[PCAP_ERRBUF_SIZE] = "";
	int status;

	if ((r->pcap = pcap_create(name, text)) == NULL) {
		(void)snprintf(err, (size_t)errlen, "%s: %s", name, text);
		return (false);
	}
	(void)pcap_set_snaplen(r->pcap, strncmp(name, "nflog", 5) == 0 && o->snaplen < MESSAGE ? MESSAGE : o->snaplen);
	(void)pcap_set_promisc(r->pcap, o->promisc);
	(void)pcap_set_timeout(r->pcap, o->timeout);
	if (o->buffer > 0)
		(void)pcap_set_buffer_size(r->pcap, o->buffer);
	(void)pcap_set_tstamp_precision(r->pcap, PCAP_TSTAMP_PRECISION_NANO);
	status = pcap_activate(r->pcap); /* above 0: a warning, such as that promiscuous mode is not there */
	if (status < 0) {
		refused(name, r->pcap, status, err, errlen);
		return (false);
	}
	r->ns = pcap_get_tstamp_precision(r->pcap) == PCAP_TSTAMP_PRECISION_NANO;
	r->dlt = filter_dlt_to_link(pcap_datalink(r->pcap));
	r->fd = pcap_get_selectable_fd(r->pcap);
	if (pcap_setnonblock(r->pcap, 1, text) != 0) {
		(void)snprintf(err, (size_t)errlen, "%s: %s", name, text);
		return (false);
	}
	(void)pcap_setfilter(r->pcap, &nothing); /* not every device has one */
	return (true);
}

/* Packets that came before the rings shared them, and before the filter, are taken away. */
static void
ring_empty(struct ring *r)
{
	struct pcap_pkthdr *h;
	const u_char *bytes;
	uint32_t n, dropped;

	while (pcap_next_ex(r->pcap, &h, &bytes) > 0)
		;
	(void)netdev_counts(r->fd, &n, &dropped);
}

static bool
share(struct iface *i, char *err, int errlen)
{
	int group = -1;

	if (!netdev_rest(i->ring[i->by].fd))
		group = -2;
	for (unsigned k = 0; k < i->o.rings; k++)
		if (group == -2 || !netdev_share(i->ring[k].fd, &group)) {
			(void)snprintf(err, (size_t)errlen, "%s: the kernel does not spread its packets over %u rings: %s; without --fanout it does",
			    i->name, i->o.rings, strerror(errno));
			return (false);
		}
	return (true);
}

static void
close_rings(struct iface *i)
{
	for (unsigned k = 0; k < i->rings; k++)
		ring_close(&i->ring[k]);
	netdev_drops_close(&i->drops);
}

static bool
open_rings(struct iface *i, char *err, int errlen)
{
	bool good = true;

	i->rings = IFACE_RINGS(i->o.rings);
	i->by = i->rings - 1;
	for (unsigned k = 0; k < i->rings && good; k++)
		good = ring_open(&i->ring[k], i->name, &i->o, err, errlen);
	if (good && i->o.rings > 1)
		good = share(i, err, errlen);
	for (unsigned k = 0; k < i->rings && good; k++)
		ring_empty(&i->ring[k]);
	i->since = wall_clock();
	for (unsigned k = 0; k < i->o.rings && good; k++) /* the one that stands by gets it when it is taken */
		good = set_filter(i->name, i->ring[k].pcap, i->o.filter != NULL ? i->o.filter : "", err, errlen);
	if (!good)
		return (false);
	i->hardware = netdev_hardware(i->ring[0].fd, i->name);
	i->drops = netdev_drops_open(i->name);
	i->has_dropped = netdev_drops_read(&i->drops, &i->dropped);
	return (true);
}

struct iface *
iface_open(const char *name, const struct iface_options *o, char *err, int errlen)
{
	struct iface *i = mem_zero(1, sizeof(*i));

	i->name = name;
	i->o = *o;
	i->drops = (struct netdev_drops){ -1, -1 };
	if (!open_rings(i, err, errlen))
		iface_close(&i);
	return (i);
}

void
iface_close(struct iface **pi)
{
	if (*pi != NULL)
		close_rings(*pi);
	free(*pi);
	*pi = NULL;
}

const char *
iface_name(const struct iface *i)
{
	return (i->name);
}

const char *
iface_link(const struct iface *i)
{
	const char *name = filter_link_name(i->ring[i->back ? i->by : 0].dlt);

	return (name != NULL ? name : "unknown");
}

const char *
iface_error(const struct iface *i)
{
	return (i->error);
}

int
iface_fd(const struct iface *i, unsigned ring)
{
	return (i->ring[i->back ? i->by : ring].fd); /* on the others nothing comes any more */
}

static int64_t
stamp(const struct ring *r, const struct pcap_pkthdr *h)
{
	return ((int64_t)h->ts.tv_sec * SEC + (int64_t)h->ts.tv_usec * (r->ns ? 1 : USEC));
}

/* libpcap's answer.  What a ring took before the opening was done is not given: it may be of no filter, and another ring
 * may have it too. */
static int
next_of_ring(const struct iface *i, struct ring *r, struct pcap_pkthdr **h, const u_char **bytes)
{
	int got;

	while ((got = pcap_next_ex(r->pcap, h, bytes)) > 0 && stamp(r, *h) < i->since && stamp(r, *h) >= i->since - BEFORE)
		;
	return (got);
}

bool
iface_next(struct iface *i, unsigned ring, struct frame *frame)
{
	struct ring *r = &i->ring[ring];
	struct pcap_pkthdr *h;
	const u_char *bytes;
	int got;

	errno = 0;
	got = next_of_ring(i, r, &h, &bytes);
	if (got < 0 && errno != EAGAIN && (!i->back || ring == i->by)) { /* EAGAIN: of devices to which libpcap can not say that it shall not wait */
		(void)snprintf(i->error, sizeof(i->error), "%s", pcap_geterr(r->pcap));
		i->fails = true;
	}
	if (got <= 0)
		return (false);
	frame->ts = stamp(r, h);
	frame->bytes = bytes;
	frame->caplen = h->caplen;
	frame->wire = h->len;
	frame->dlt = r->dlt;
	frame->bad_ts = frame->filtered = false;
	return (true);
}

/* Packets of the ring begin otherwise from now on, and so the filter is another one. */
static bool
other_link(struct iface *i, struct ring *r, int link)
{
	const char *text = i->o.filter != NULL ? i->o.filter : "";
	pcap_t *dead = pcap_open_dead(filter_link_to_dlt(link), i->o.snaplen);
	struct bpf_program program;
	bool good = dead != NULL && pcap_compile(dead, &program, text, 1, PCAP_NETMASK_UNKNOWN) == 0;

	if (good) {
		good = pcap_setfilter(r->pcap, &program) == 0;
		pcap_freecode(&program);
	}
	if (dead != NULL)
		pcap_close(dead);
	if (good)
		r->dlt = link;
	return (good);
}

/* A ring that is there goes to the interface that has the name now, if it gives packets as the one before did. */
static bool
take_again(struct iface *i)
{
	struct ring *r = &i->ring[i->by];
	int hardware = netdev_hardware(r->fd, i->name), link = netdev_link(hardware);

	if (hardware != i->hardware && (link < 0 || netdev_link(i->hardware) < 0))
		return (false);
	if ((hardware != i->hardware || !i->back) && !other_link(i, r, hardware != i->hardware ? link : r->dlt))
		return (false);
	if (!netdev_bind(r->fd, i->name, i->o.promisc))
		return (false);
	i->hardware = hardware;
	netdev_drops_close(&i->drops);
	i->drops = netdev_drops_open(i->name);
	i->has_dropped = netdev_drops_read(&i->drops, &i->dropped);
	i->back = true;
	return (true);
}

/* The old rings stay until there are new ones. */
static bool
open_again(struct iface *i)
{
	struct iface *again = iface_open(i->name, &i->o, i->error, sizeof(i->error));

	if (again == NULL)
		return (false);
	close_rings(i);
	*i = *again;
	free(again);
	return (true);
}

enum iface_state
iface_look(struct iface *i, bool anew)
{
	const struct ring *r = &i->ring[i->back ? i->by : 0];
	enum netdev_state s = netdev_state(r->fd);
	bool fails = i->fails;

	i->fails = false;
	if (s == NETDEV_UP && !fails)
		return (IFACE_UP);
	if (s == NETDEV_DOWN) /* older versions of libpcap fail then */
		return (IFACE_DOWN);
	if (s == NETDEV_GONE && netdev_hardware(r->fd, i->name) < 0) {
		i->error[0] = '\0';
		return (IFACE_GONE);
	}
	if ((s == NETDEV_GONE && take_again(i)) || (anew && open_again(i)))
		return (netdev_state(i->ring[i->back ? i->by : 0].fd) == NETDEV_UP ? IFACE_UP : IFACE_DOWN);
	if (s == NETDEV_GONE && netdev_link(netdev_hardware(r->fd, i->name)) < 0)
		(void)snprintf(i->error, sizeof(i->error), "%s: the interface is back as another kind of device, which only a new start can capture",
		    i->name);
	i->fails = s != NETDEV_GONE;
	return (IFACE_GONE);
}

/* Since the last call.  libpcap would open a file for what a packet socket says by itself. */
static bool
ring_counts(struct ring *r, uint32_t *recv, uint32_t *drop)
{
	struct pcap_stat now;

	if (netdev_counts(r->fd, recv, drop))
		return (true);
	if (pcap_stats(r->pcap, &now) != 0)
		return (false);
	*recv = now.ps_recv - r->counted.ps_recv; /* 32 bits that wrap */
	*drop = now.ps_drop - r->counted.ps_drop;
	r->counted = now;
	return (true);
}

struct capture_stats
iface_stats(struct iface *i)
{
	struct capture_stats s = { .has = false };
	uint64_t dropped;

	for (unsigned k = 0; k < i->rings; k++) {
		uint32_t recv, drop;

		if (!ring_counts(&i->ring[k], &recv, &drop))
			continue;
		s.has = true;
		s.recv += recv;
		s.drop += drop;
	}
	if (netdev_drops_read(&i->drops, &dropped)) {
		s.has_ifdrop = i->has_dropped;
		s.ifdrop = i->has_dropped && dropped >= i->dropped ? dropped - i->dropped : 0;
		i->dropped = dropped;
		i->has_dropped = true;
	}
	return (s);
}
