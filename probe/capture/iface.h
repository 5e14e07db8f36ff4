/* SPDX-License-Identifier: BSD-2-Clause
 *
 * iface.h: one interface, through libpcap: no immediate mode, ns stamps where there are.
 *
 * It has one ring of packets, or several that share them by flow.  After the opening nothing needs a privilege, but for
 * an interface that was removed and came back as a kind of device whose packets are given otherwise: it is opened anew.
 */
#ifndef PROBE_CAPTURE_IFACE_H
#define PROBE_CAPTURE_IFACE_H

#include "probe/capture/frame.h"
#include "probe/capture/options.h"

struct iface;

struct iface_options {
	const char *filter;  /* BPF text or NULL; lives as long */
	int snaplen, buffer; /* bytes, of each ring; buffer 0: the library's own */
	unsigned rings;      /* to which the kernel gives packets by flow */
	bool promisc;
	int timeout;         /* ms: how long the kernel may keep a packet */
};

/* Rings to be read: where several share the packets there is another one, for an interface that was removed and came back:
 * those that share can not go there. */
#define IFACE_RINGS(rings) ((rings) > 1 ? (rings) + 1 : 1)

enum iface_state {
	IFACE_UP,
	IFACE_DOWN, /* it may come up again */
	IFACE_GONE, /* removed, or it fails */
};

/* `name` lives as long.  NULL: a sentence that names it in err (no newline). */
struct iface *iface_open(const char *name, const struct iface_options *, char *err, int errlen);
void iface_close(struct iface **);

const char *iface_name(const struct iface *);
const char *iface_link(const struct iface *); /* EN10MB: its link type, in libpcap's words */
/* The next frame of a ring; its bytes stay until the next call for that ring.  false: there is none at the moment. */
bool iface_next(struct iface *, unsigned ring, struct frame *);
/* To wait for it; -1: this can not be waited for. */
int iface_fd(const struct iface *, unsigned ring);
/* How it is now.  One that was removed is looked for, and taken again if it is there: then IFACE_UP or IFACE_DOWN.
 * `anew`: also where it has to be opened anew for that; what its rings still held is lost then, and counted as read.
 * IFACE_GONE: iface_error() says why, "" where it is not there. */
enum iface_state iface_look(struct iface *, bool anew);
const char *iface_error(const struct iface *);
/* Since the last call; what is not known is not there. */
struct capture_stats iface_stats(struct iface *);

#endif
