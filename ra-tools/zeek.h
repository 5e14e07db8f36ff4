/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zeek.h: ra --zeek.
 */
#ifndef RA_TOOLS_ZEEK_H
#define RA_TOOLS_ZEEK_H

#include "ra-tools/run/run.h"

/* From the first record to the last row, as conn.log. */
void zeek_conn(struct run *);

#endif
