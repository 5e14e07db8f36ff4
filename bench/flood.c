/* SPDX-License-Identifier: BSD-2-Clause
 *
 * flood.c: sends UDP packets of 64 bytes at a rate.
 *
 * usage: flood INTERFACE RATE SECONDS FLOWS
 *
 * RATE packets a second in groups of 64, each group as late as it has to be; 0: as fast as it goes.  They take turns among
 * FLOWS ports and addresses.  Prints how many went out, and in how many seconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define GROUP 64
#define SIZE  60 /* and 4 of a checksum that a wire would have */

static uint16_t
checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)~sum);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static void
make(uint8_t p[SIZE], uint32_t flow)
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, SIZE - 14, 0, 0, 0x40, 0, 64, 17, 0, 0,
		10, 0, 0, 0, 10, 1, 0, 1 };
	uint16_t sum;

	memset(p, 0, SIZE);
	memcpy(p, head, sizeof(head));
	p[28] = (uint8_t)(flow >> 8);
	p[29] = (uint8_t)flow;
	p[34] = (uint8_t)(1024 >> 8 | (flow & 0xff));
	p[35] = (uint8_t)(flow >> 8);
	p[37] = 53;
	p[39] = SIZE - 34;
	sum = checksum(p + 14, 20);
	p[24] = (uint8_t)(sum >> 8);
	p[25] = (uint8_t)sum;
}

int
main(int argc, char **argv)
{
	static uint8_t packet[GROUP][SIZE];
	struct mmsghdr m[GROUP] = { 0 };
	struct iovec v[GROUP];
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = 6 };
	double rate, seconds, began;
	uint64_t sent = 0;
	uint32_t flows, flow = 0;
	int fd, on = 1;

	if (argc != 5 || (to.sll_ifindex = (int)if_nametoindex(argv[1])) == 0) {
		fprintf(stderr, "usage: flood INTERFACE RATE SECONDS FLOWS\n");
		return (2);
	}
	rate = atof(argv[2]);
	seconds = atof(argv[3]);
	flows = (uint32_t)atoi(argv[4]);
	if ((fd = socket(AF_PACKET, SOCK_RAW, 0)) < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		perror("flood");
		return (1);
	}
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	for (unsigned i = 0; i < GROUP; i++) {
		v[i] = (struct iovec){ packet[i], SIZE };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1 };
	}
	began = now();
	for (double t = began; t < began + seconds; t = now()) {
		int n;

		if (rate > 0 && (double)sent > (t - began) * rate) {
			nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
			continue;
		}
		for (unsigned i = 0; i < GROUP; i++, flow = (flow + 1) % flows)
			make(packet[i], flow);
		n = sendmmsg(fd, m, GROUP, 0);
		if (n < 0 && errno != ENOBUFS && errno != EAGAIN) {
			perror("flood");
			return (1);
		}
		sent += n > 0 ? (uint64_t)n : 0;
	}
	printf("%llu %.3f\n", (unsigned long long)sent, now() - began);
	return (0);
}
