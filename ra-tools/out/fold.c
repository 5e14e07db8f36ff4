/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fold.c: sentences of reports on a terminal.  Tested by tests/fit.tap.
 */
#include "ra-tools/out/fold.h"

#include <stdbool.h>
#include <string.h>

#define DEEPER 2 /* so much further in a line goes on */

/* The length of a colour, which takes no place. */
static size_t
colour_length(const uint8_t *p, size_t n)
{
	size_t i = 2;

	if (n < 2 || p[0] != '\033' || p[1] != '[')
		return (0);
	while (i < n && p[i] != 'm')
		i++;
	return (i < n ? i + 1 : n);
}

static bool
has(const uint8_t *p, size_t n, const char *word)
{
	return (memmem(p, n, word, strlen(word)) != NULL);
}

/* Of ours, with its files, or of others. */
static bool
is_command(const uint8_t *p, size_t n)
{
	return (has(p, n, " -r ") || has(p, n, " -R ") || has(p, n, "editcap ") || has(p, n, "tcpdump "));
}

static size_t
blanks(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] == ' ')
		i++;
	return (i);
}

/* How many bytes a line of `room` places takes: up to its last blank, or up to the first one if the word is longer. */
static size_t
take(const uint8_t *p, size_t n, unsigned room)
{
	size_t i = blanks(p, n), begun = i, last = 0, colour;
	unsigned places = (unsigned)i;

	while (i < n) {
		if ((colour = colour_length(p + i, n - i)) > 0) {
			i += colour;
			continue;
		}
		if (p[i] == ' ' && i > begun) {
			if (places > room)
				return (last > 0 ? last : i);
			last = i;
		}
		places += (p[i++] & 0xc0) != 0x80;
	}
	return (places > room && last > 0 ? last : n);
}

static void
fold_line(const uint8_t *p, size_t n, unsigned room, struct buf *to)
{
	size_t indent = blanks(p, n) + DEEPER, k = is_command(p, n) ? n : take(p, n, room);

	if (indent > room / 2)
		indent = 0;
	for (;;) {
		buf_add(to, p, k);
		k += blanks(p + k, n - k);
		p += k;
		n -= k;
		if (n == 0)
			return;
		buf_u8(to, '\n');
		memset(buf_put(to, indent), ' ', indent);
		k = take(p, n, room - (unsigned)indent);
	}
}

void
fold_lines(const void *text, size_t n, unsigned room, struct buf *to)
{
	const uint8_t *p = text;

	while (n > 0) {
		const uint8_t *end = memchr(p, '\n', n);
		size_t k = end == NULL ? n : (size_t)(end - p);

		fold_line(p, k, room, to);
		if (end != NULL) {
			buf_u8(to, '\n');
			k++;
		}
		p += k;
		n -= k;
	}
}
