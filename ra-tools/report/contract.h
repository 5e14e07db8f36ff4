/* SPDX-License-Identifier: BSD-2-Clause
 *
 * contract.h: what was promised for which tunnels, and when: --sla FILE.
 *
 *	# who                   what                        when
 *	Berlin                  loss=0.5%,avail=99.9%       mon-fri 08:00-18:00, sat 09:00-12:00
 *	10.0.0.7 198.18.0.0/16  loss=0.1%
 *	*                       loss=1%
 *
 * Who: one end of the tunnel, or both, in any order: a label, an address, a prefix; or the tunnel's id; or *.  Of several
 * lines that fit the first counts.  When: hours of service on the wall; a bin that does not lie in them is not judged and
 * not counted.
 */
#ifndef RA_TOOLS_REPORT_CONTRACT_H
#define RA_TOOLS_REPORT_CONTRACT_H

#include "format/base/clock.h"
#include "format/base/ip.h"
#include "ra-tools/report/sla.h"

struct contracts;
struct contract;

/* NULL: err says why, a sentence with the file's name and the line.  Labels with spaces stand in double quotes. */
struct contracts *contracts_read(const char *path, char *err, size_t errlen);
void contracts_free(struct contracts **);
/* The first that fits a tunnel with these ends; labels may be NULL, id is 16 hexadecimal digits.  NULL: none. */
struct contract *contracts_find(const struct contracts *, const struct ip end[static 2], const char *const label[static 2], const char *id);
const struct sla_limits *contract_limits(const struct contract *);
/* "mon-fri 08:00-18:00", as it was written; "": always. */
const char *contract_hours(const struct contract *);
/* Does [from, to), ns, lie in the hours of service?  NULL: always.  The contract remembers the day. */
bool contract_serves(struct contract *, int64_t from, int64_t to, enum clock_zone);
/* How much of [from, to) does, ns. */
int64_t contract_time(struct contract *, int64_t from, int64_t to, enum clock_zone);

#endif
