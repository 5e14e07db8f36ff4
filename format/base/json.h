/* SPDX-License-Identifier: BSD-2-Clause
 *
 * json.h: JSON (RFC 8259): its texts, and a writer that owns commas, nesting and quotes.
 *
 *	struct json j = json_to(&buf);
 *	json_open(&j, NULL, '{');
 *	json_u64(&j, "pkts", 3);
 *	json_open(&j, "ports", '[');
 *	json_u64(&j, NULL, 80);
 *	json_close(&j, ']');
 *	json_close(&j, '}');
 *	json_line(&j);
 */
#ifndef FORMAT_BASE_JSON_H
#define FORMAT_BASE_JSON_H

#include "format/base/buf.h"

#include <stdbool.h>

/* Quoted and escaped, what acts on a terminal (plain.h) too; bytes that are no UTF-8 become U+FFFD. */
void json_text(struct buf *, const void *, size_t n);

/* Keys are borrowed, NULL within a list, and stand as they are: letters, digits, _. */
struct json {
	struct buf *to;
	bool more; /* a comma comes before what is next */
};

static inline struct json
json_to(struct buf *b)
{
	return ((struct json){ .to = b });
}

void json_open(struct json *, const char *key, char bracket);
void json_close(struct json *, char bracket);
void json_u64(struct json *, const char *key, uint64_t);
void json_i64(struct json *, const char *key, int64_t);
void json_real(struct json *, const char *key, double);			   /* ten significant digits */
void json_fixed(struct json *, const char *key, double, int decimals);
void json_bool(struct json *, const char *key, bool);
void json_null(struct json *, const char *key);
void json_str(struct json *, const char *key, const char *);
void json_bytes(struct json *, const char *key, const void *, size_t);
void json_raw(struct json *, const char *key, const void *, size_t); /* is JSON */
void json_members(struct json *, const void *, size_t); /* of an object: JSON, without its brackets; none where n is 0 */
void json_break(struct json *); /* a new line before what is next */
void json_line(struct json *);  /* the end of an object on a line of its own */

#endif
