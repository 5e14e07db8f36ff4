/* SPDX-License-Identifier: BSD-2-Clause
 *
 * geo.c: MaxMind databases.  The only file that knows libmaxminddb.
 */
#include "ra-tools/query/geo.h"

#include "format/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_MAXMINDDB

#include <arpa/inet.h>
#include <maxminddb.h>

struct geo {
	MMDB_s db;
};

struct geo *
geo_open(const char *path, char *err, size_t errlen)
{
	struct geo *g = mem_zero(1, sizeof(*g));
	int status = MMDB_open(path, MMDB_MODE_MMAP, &g->db);

	if (status == MMDB_SUCCESS)
		return (g);
	(void)snprintf(err, errlen, "%s: %s", path, MMDB_strerror(status));
	free(g);
	return (NULL);
}

void
geo_close(struct geo **pg)
{
	if (*pg == NULL)
		return;
	MMDB_close(&(*pg)->db);
	free(*pg);
	*pg = NULL;
}

static bool
kind_has(const struct geo *g, const char *word)
{
	return (strstr(g->db.metadata.database_type, word) != NULL);
}

bool
geo_has_as(const struct geo *g)
{
	return (kind_has(g, "ASN") || kind_has(g, "ISP"));
}

bool
geo_has_country(const struct geo *g)
{
	return (!geo_has_as(g));
}

static bool
find(const struct geo *g, const struct ip *ip, MMDB_entry_s *entry)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	bool four = ip_is4(ip);
	MMDB_lookup_result_s r;
	int error;

	if (!four && g->db.metadata.ip_version == 4)
		return (false);
	memcpy(&v4.sin_addr, ip->b + 12, 4);
	memcpy(&v6.sin6_addr, ip->b, 16);
	r = MMDB_lookup_sockaddr(&g->db, four ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
				 &error);
	*entry = r.entry;
	return (error == MMDB_SUCCESS && r.found_entry);
}

bool
geo_country(const struct geo *g, const struct ip *ip, struct blob *b)
{
	MMDB_entry_s entry;
	MMDB_entry_data_s data;

	if (!find(g, ip, &entry) ||
	    MMDB_get_value(&entry, &data, "country", "iso_code", NULL) != MMDB_SUCCESS ||
	    !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size == 0)
		return (false);
	*b = (struct blob){ (const uint8_t *)data.utf8_string, data.data_size };
	return (true);
}

bool
geo_as(const struct geo *g, const struct ip *ip, uint64_t *as)
{
	MMDB_entry_s entry;
	MMDB_entry_data_s data;

	if (!find(g, ip, &entry) ||
	    MMDB_get_value(&entry, &data, "autonomous_system_number", NULL) != MMDB_SUCCESS ||
	    !data.has_data || data.type != MMDB_DATA_TYPE_UINT32)
		return (false);
	*as = data.uint32;
	return (true);
}

#else

struct geo *
geo_open(const char *path, char *err, size_t errlen)
{
	(void)snprintf(
	    err, errlen,
	    "%s: this is a MaxMind database, and this program was built without libmaxminddb "
	    "(configure --with-maxminddb)",
	    path);
	return (NULL);
}

void
geo_close(struct geo **pg)
{
	*pg = NULL;
}

bool
geo_has_country(const struct geo *g)
{
	(void)g;
	return (false);
}

bool
geo_has_as(const struct geo *g)
{
	(void)g;
	return (false);
}

bool
geo_country(const struct geo *g, const struct ip *ip, struct blob *b)
{
	(void)g, (void)ip, (void)b;
	return (false);
}

bool
geo_as(const struct geo *g, const struct ip *ip, uint64_t *as)
{
	(void)g, (void)ip, (void)as;
	return (false);
}

#endif
