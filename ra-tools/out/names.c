/* SPDX-License-Identifier: BSD-2-Clause
 *
 * names.c: names of services and hosts.
 *
 * Asking the resolver is slow and may wait, so every answer is kept, also that there is none, in a
 * table of fixed size where a newer answer takes an older one's place.
 */
#include "ra-tools/out/names.h"

#include "format/base/hash.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define REMEMBERED 4096
#define NAME_MAX_  64

struct answer {
	struct ip key; /* an address, or a port and protocol in its first bytes */
	bool known, host;
	char name[NAME_MAX_];
};
static struct answer answers[REMEMBERED];

static void
ask_service(const struct ip *key, char name[NAME_MAX_])
{
	unsigned port = (unsigned)key->b[0] << 8 | key->b[1], proto = key->b[2];
	const struct servent *s = getservbyport(htons((uint16_t)port), proto == 17 ? "udp" : "tcp");

	if (s != NULL)
		strncat(name, s->s_name, NAME_MAX_ - 1);
}

static void
ask_host(const struct ip *ip, char name[NAME_MAX_])
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *a = (const struct sockaddr *)&v6;
	socklen_t n = sizeof(v6);

	if (ip_is4(ip)) {
		memcpy(&v4.sin_addr, ip->b + 12, 4);
		a = (const struct sockaddr *)&v4;
		n = sizeof(v4);
	} else {
		memcpy(&v6.sin6_addr, ip->b, 16);
	}
	if (getnameinfo(a, n, name, NAME_MAX_, NULL, 0, NI_NAMEREQD) != 0)
		name[0] = '\0';
}

bool
names_print(struct buf *to, enum type type, const union value *v, const struct batch *b, uint32_t r)
{
	struct ip key = { { 0 } };
	struct answer *a;

	if (type == TYPE_IP) {
		key = v->ip;
	} else if (type == TYPE_PORT) {
		const struct column *proto = b->col[F_proto];

		key.b[0] = (uint8_t)(v->u >> 8);
		key.b[1] = (uint8_t)v->u;
		key.b[2] = column_has(proto, r) ? (uint8_t)proto->u[r] : 0;
	} else {
		return (false);
	}
	a = &answers[hash64(&key, sizeof(key), type == TYPE_IP) % REMEMBERED];
	if (!a->known || a->host != (type == TYPE_IP) || ip_cmp(&a->key, &key) != 0) {
		*a = (struct answer){ .key = key, .known = true, .host = type == TYPE_IP };
		(a->host ? ask_host : ask_service)(&key, a->name);
	}
	buf_str(to, a->name);
	return (a->name[0] != '\0');
}
