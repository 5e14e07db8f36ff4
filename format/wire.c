/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wire.c: frames of what probe and collector say.  Test: test_wire.c.
 */
#include "format/wire.h"

#include "format/base/hash.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HEAD 16

struct buf *
wire_say(struct wire *w, enum wire_kind kind)
{
	w->out.len = 0;
	buf_u32(&w->out, kind);
	buf_u32(&w->out, 0);
	buf_u64(&w->out, 0);
	return (&w->out);
}

bool
wire_send(struct wire *w)
{
	struct buf head = { 0 };
	size_t n = w->out.len - HEAD;

	buf_u32(&head, (uint32_t)n);
	buf_u64(&head, hash64(w->out.p + HEAD, n, 0));
	memcpy(w->out.p + 4, head.p, head.len);
	buf_free(&head);
	return (link_put(&w->link, w->out.p, w->out.len));
}

bool
wire_hear(struct wire *w, struct wire_frame *f)
{
	uint8_t bytes[HEAD];
	struct cursor head = cur_new(bytes, HEAD);
	uint64_t sum;
	uint32_t n;

	if (!link_get(&w->link, bytes, HEAD))
		return (false);
	f->kind = (enum wire_kind)cur_u32(&head);
	n = cur_u32(&head);
	sum = cur_u64(&head);
	if (n > WIRE_MOST) {
		errno = EPROTO;
		return (false);
	}
	w->in.len = 0;
	if (!link_get(&w->link, buf_room(&w->in, (size_t)n + 1), n))
		return (false);
	w->in.len = n;
	f->at = cur_new(w->in.p, n);
	errno = EPROTO;
	return (hash64(w->in.p, n, 0) == sum);
}

bool
wire_sum(int fd, uint64_t n, uint64_t *sum)
{
	struct hash_sum *h = hash_sum_new();
	uint8_t bytes[1 << 16];
	uint64_t at = 0;

	while (at < n) {
		ssize_t got = pread(fd, bytes, n - at < sizeof(bytes) ? (size_t)(n - at) : sizeof(bytes), (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		hash_sum_add(h, bytes, (size_t)got);
		at += (uint64_t)got;
	}
	*sum = hash_sum_end(&h);
	return (at == n);
}

void
wire_free(struct wire *w)
{
	link_close(&w->link);
	buf_free(&w->in);
	buf_free(&w->out);
}

bool
wire_name_right(const char *name, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", end[] = ".pavo";
	size_t part = 0, parts = 0;

	if (n > WIRE_NAME || n < sizeof(end) || memcmp(name + n - (sizeof(end) - 1), end, sizeof(end) - 1) != 0)
		return (false);
	n -= sizeof(end) - 1;
	for (size_t i = 0; i < n; i++) {
		if (name[i] == '/' && part == 0)
			return (false);
		if (name[i] != '/' && (name[i] == '\0' || strchr(letters, name[i]) == NULL))
			return (false);
		part = name[i] == '/' ? 0 : part + 1;
		parts += name[i] == '/';
	}
	return (part > 0 && parts > 0);
}
