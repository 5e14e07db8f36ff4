/* SPDX-License-Identifier: BSD-2-Clause
 *
 * geo.h: MaxMind databases.  Without libmaxminddb (configure --with-maxminddb) none can be opened.
 */
#ifndef RA_TOOLS_QUERY_GEO_H
#define RA_TOOLS_QUERY_GEO_H

#include "format/flow.h"

struct geo;

/* NULL: err says why, a sentence with the file's name. */
struct geo *geo_open(const char *path, char *err, size_t errlen);
void geo_close(struct geo **);
bool geo_has_country(const struct geo *),
    geo_has_as(const struct geo *); /* what kind of database it is */
/* The country's two letters, borrowed from the database; false: not known. From any thread. */
bool geo_country(const struct geo *, const struct ip *, struct blob *);
bool geo_as(const struct geo *, const struct ip *, uint64_t *);

#endif
