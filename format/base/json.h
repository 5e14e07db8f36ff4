/* SPDX-License-Identifier: BSD-2-Clause
 *
 * json.h: text as JSON has it (RFC 8259).
 */
#ifndef FORMAT_BASE_JSON_H
#define FORMAT_BASE_JSON_H

#include "format/base/buf.h"

/* Quoted and escaped, what acts on a terminal (plain.h) too; bytes that are no UTF-8 become U+FFFD. */
void json_text(struct buf *, const void *, size_t n);

#endif
