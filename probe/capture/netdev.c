/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netdev.c: packet sockets of Linux.  Tested by tests/live.tap.
 */
#include "probe/capture/netdev.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef ARPHRD_RAWIP /* younger than some headers */
#define ARPHRD_RAWIP 519
#endif

#define NOBODYS 0xffff /* an Ethernet type that is reserved, for ever */

static void
name_it(struct ifreq *r, const char *name)
{
	memset(r, 0, sizeof(*r));
	(void)snprintf(r->ifr_name, sizeof(r->ifr_name), "%s", name);
}

enum netdev_state
netdev_state(int fd)
{
	struct sockaddr_ll at = { 0 };
	socklen_t n = sizeof(at);
	struct ifreq r = { 0 };

	if (getsockname(fd, (struct sockaddr *)&at, &n) != 0 || at.sll_family != AF_PACKET || at.sll_ifindex == 0)
		return (NETDEV_UP);
	r.ifr_ifindex = at.sll_ifindex; /* its name may be another one by now */
	if (at.sll_ifindex < 0 || ioctl(fd, SIOCGIFNAME, &r) != 0 || ioctl(fd, SIOCGIFFLAGS, &r) != 0)
		return (NETDEV_GONE);
	return (r.ifr_flags & IFF_UP ? NETDEV_UP : NETDEV_DOWN);
}

bool
netdev_counts(int fd, uint32_t *recv, uint32_t *drop)
{
	struct tpacket_stats_v3 s; /* older versions have the first two */
	socklen_t n = sizeof(s);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &s, &n) != 0)
		return (false);
	*recv = s.tp_packets;
	*drop = s.tp_drops;
	return (true);
}

int
netdev_hardware(int fd, const char *name)
{
	struct ifreq r;

	name_it(&r, name);
	return (ioctl(fd, SIOCGIFHWADDR, &r) == 0 ? r.ifr_hwaddr.sa_family : -1);
}

int
netdev_link(int hardware)
{
	static const struct {
		int hardware, link;
	} known[] = { { ARPHRD_ETHER, 1 }, { ARPHRD_LOOPBACK, 1 }, { ARPHRD_NONE, 101 }, { ARPHRD_RAWIP, 101 },
		{ ARPHRD_TUNNEL, 101 }, { ARPHRD_TUNNEL6, 101 }, { ARPHRD_SIT, 101 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].hardware == hardware)
			return (known[i].link);
	return (-1);
}

bool
netdev_rest(int fd)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET };
	socklen_t n = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		return (false);
	at.sll_protocol = htons(NOBODYS);
	return (bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0);
}

bool
netdev_bind(int fd, const char *name, bool promisc)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct packet_mreq all = { .mr_type = PACKET_MR_PROMISC };
	struct ifreq r;

	name_it(&r, name);
	if (ioctl(fd, SIOCGIFINDEX, &r) != 0)
		return (false);
	at.sll_ifindex = all.mr_ifindex = r.ifr_ifindex;
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0)
		return (false);
	if (promisc) /* as at the start, an interface that has no such mode is captured without */
		(void)setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all));
	return (true);
}

bool
netdev_share(int fd, int *group)
{
	uint32_t how = (uint32_t)PACKET_FANOUT_HASH << 16;
	socklen_t n = sizeof(how);

	how |= *group < 0 ? (uint32_t)PACKET_FANOUT_FLAG_UNIQUEID << 16 : (uint32_t)*group;
	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &how, sizeof(how)) != 0 ||
	    getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &how, &n) != 0)
		return (false);
	*group = (uint16_t)how;
	return (true);
}

static int
open_counter(const char *name, const char *counter)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", name, counter);
	return (open(path, O_RDONLY | O_CLOEXEC));
}

struct netdev_drops
netdev_drops_open(const char *name)
{
	return ((struct netdev_drops){ open_counter(name, "rx_missed_errors"), open_counter(name, "rx_fifo_errors") });
}

static bool
add_counter(int fd, uint64_t *sum)
{
	char text[32];
	ssize_t got = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

	if (got <= 0)
		return (false);
	text[got] = '\0';
	*sum += strtoull(text, NULL, 10);
	return (true);
}

bool
netdev_drops_read(const struct netdev_drops *d, uint64_t *n)
{
	*n = 0;
	return (add_counter(d->missed, n) && add_counter(d->fifo, n));
}

void
netdev_drops_close(struct netdev_drops *d)
{
	if (d->missed >= 0)
		(void)close(d->missed);
	if (d->fifo >= 0)
		(void)close(d->fifo);
	*d = (struct netdev_drops){ -1, -1 };
}
