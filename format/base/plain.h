/* SPDX-License-Identifier: BSD-2-Clause
 *
 * plain.h: text of strangers (names of probes, files and interfaces, labels) for terminals, logs and pages.
 */
#ifndef FORMAT_BASE_PLAIN_H
#define FORMAT_BASE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the UTF-8 sequence that begins at p, 0 if it is none (RFC 3629); n > 0. */
size_t plain_utf8(const uint8_t *p, size_t n);
/* A character that acts on what shows it instead of being shown: U+0000 to U+001F, U+007F to U+009F, the ends of lines and
 * paragraphs (U+2028, U+2029), and what turns the direction of text.  `n`: length of its sequence. */
bool plain_acts(const uint8_t *p, size_t n);
/* How many of n bytes can be shown as they are; behind them, *acting bytes act, or are no UTF-8. */
size_t plain_run(const uint8_t *p, size_t n, size_t *acting);
/* The mark of UTF-8 that some editors begin a file with: its bytes, 0: there is none. */
size_t plain_mark(const void *, size_t n);
#define PLAIN_ESCAPED 4 /* characters that such a byte is shown as: \x1b */
void plain_escape(uint8_t, char to[static PLAIN_ESCAPED]);
/* Places on a screen that n bytes take: those that do not go on with a character. */
unsigned plain_places(const void *, size_t n);
/* A text so that it is only shown, cut to `room` with its NUL.  Done twice it changes nothing more.  Into a buffer: buf_plain(). */
void plain_text(char *to, size_t room, const char *from);

#endif
