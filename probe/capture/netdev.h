/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netdev.h: what the kernel says of an interface to who has a packet socket on it, and what may be done with that
 * socket (packet(7)).  Nothing here opens anything or needs a privilege: it works after all of them were given away.
 */
#ifndef PROBE_CAPTURE_NETDEV_H
#define PROBE_CAPTURE_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

enum netdev_state {
	NETDEV_UP,
	NETDEV_DOWN,
	NETDEV_GONE, /* removed: the socket is on nothing, also when there is another one of that name */
};

/* A socket on all interfaces is always up. */
enum netdev_state netdev_state(int fd);
/* What it received (that which was dropped, too) and dropped since the last call.  false: it does not say. */
bool netdev_counts(int fd, uint32_t *recv, uint32_t *drop);
/* Its hardware, an ARPHRD_ of the kernel's; -1: there is no such interface. */
int netdev_hardware(int fd, const char *name);
/* LINKTYPE_ of what a packet of such hardware begins with, where the socket gives it as it is (SOCK_RAW); -1: it does not, or
 * that is not known. */
int netdev_link(int hardware);
/* The socket gets nothing any more, and costs nobody anything. */
bool netdev_rest(int fd);
/* The socket goes to the interface that has this name now.  Not where it shares packets with others. */
bool netdev_bind(int fd, const char *name, bool promisc);
/* Sockets of one interface share its packets, those of a flow on one of them.  *group -1: a
 * new group, else that one.  false: errno. */
bool netdev_share(int fd, int *group);
/* Where the interface's own counters of what it dropped can be read for as long as it is there; -1: it has none. */
struct netdev_drops {
	int missed, fifo;
};
struct netdev_drops netdev_drops_open(const char *name);
bool netdev_drops_read(const struct netdev_drops *, uint64_t *n);
void netdev_drops_close(struct netdev_drops *);

#endif
