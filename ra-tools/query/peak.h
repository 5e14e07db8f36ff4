/* SPDX-License-Identifier: BSD-2-Clause
 *
 * peak.h: the greatest value that a field has in rows that are merged, and when.
 *
 * Rows of finer bins get it as the fields speak and dpeak, in a form whose order as whole numbers is that of the values, so that
 * merging (the highest, of equal ones the earliest) and turning round are those of all fields.
 */
#ifndef RA_TOOLS_QUERY_PEAK_H
#define RA_TOOLS_QUERY_PEAK_H

#include "format/batch.h"

/* The other side of a field, derived ones too; the field itself if there is none. */
enum field peak_twin(enum field);
/* Where the peak of f is in merged rows: F_speak or F_dpeak. */
enum field peak_of(enum field f);
/* Each row has what f is in it, at its bstart.  Rates are over the row's own bin. */
void peak_fill(struct batch *, enum field f);
union value peak_value(enum field f, uint64_t peak);

#endif
