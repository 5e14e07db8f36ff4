/* SPDX-License-Identifier: BSD-2-Clause
 *
 * keys.c: what -m says.
 */
#include "ra-tools/query/aggr.h"

#include "format/base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The words whose meaning is not one field (TOOLS, detail 4).  Two probes of one path see the same packets, so the
 * probe is part of them (SEMANTICS 14.4) until keys_merge_probes(); where columns lack it, it is shown if the input has
 * several. */
static const struct key_word {
	const char *word, *fields, *columns;
	bool turn, ports;
	uint16_t required;
	const char *defaults, *objects; /* columns, where the tool's would not show what such rows are */
} words[] = {
	{ "conv", "probe proto saddr daddr sport dport vrf sap icmptype icmpcode icmpid skmac dkmac",
	  "proto saddr sport dir daddr dport", true, true, F_NONE, NULL, NULL },
	{ "matrix", "probe saddr daddr skmac dkmac", "saddr dir daddr", true, false, F_NONE, NULL, NULL },
	{ "flow", "probe flowid", "probe flowid", true, true, F_flowid, NULL,
	  "probe flowid stime ltime dur proto saddr sport daddr dport trans spkts dpkts sbytes dbytes spayload dpayload "
	  "snewbytes dnewbytes sloss dloss srtx drtx sgap dgap state conn cause "
	  "throughput_bps sthroughput_bps dthroughput_bps latency_ms health" },
	{ "tunnel", "probe tunid", "tunid proto saddr dir daddr", true, false, F_tunid,
	  "trans stime flgs proto saddr dir daddr spkts dpkts sbytes dbytes sloss dloss ploss rekeys", NULL },
	{ "lane", "probe tunid lane", "tunid lane proto saddr dir daddr", true, false, F_tunid,
	  "trans stime flgs proto saddr sspi dir daddr dspi lane pconf spkts dpkts sloss dloss ploss rekeys", NULL },
	{ "spi", "probe tunid saddr daddr sspi", "saddr sspi daddr", false, false, F_sspi,
	  "stime proto saddr sspi daddr spkts sbytes suniq slost sfix sdup slate sploss", NULL },
	{ "none", "probe", "", false, false, F_NONE, NULL, NULL },
};

/* The words for which a record counts at both its ends: what one end is, which is in the source's field of such rows. */
static const struct key_end ends[] = {
	{ "host", "Host", F_saddr },	{ "port", "Port", F_sport },	     { "as", "As", F_sas },
	{ "label", "Label", F_slabel }, { "country", "Country", F_sco },
};

const struct key_end *
key_end(const char *word, size_t n)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strlen(ends[i].word) == n && strncasecmp(ends[i].word, word, n) == 0)
			return (&ends[i]);
	return (NULL);
}

static bool
add_part(struct keys *k, enum field f, int mask4, int mask6)
{
	unsigned i = 0;

	while (i < k->n && k->part[i].field != f)
		i++;
	if (i == KEYS_MAX)
		return (false);
	if (i == k->n)
		k->part[k->n++] = (struct key_part){ f, -1, -1 };
	k->apart |= f == F_probe || f == F_flowid; /* a flow is one probe's */
	if (mask4 >= 0)
		k->part[i].mask4 = (int16_t)mask4;
	if (mask6 >= 0)
		k->part[i].mask6 = (int16_t)mask6;
	/* 10.1.2.0/24 is another key than the host 10.1.2.0 */
	if (f == F_saddr || f == F_daddr)
		return (add_part(k, f == F_saddr ? F_smask : F_dmask, -1, -1));
	return (true);
}

static void
show(struct keys *k, const char *columns)
{
	size_t n = strlen(k->columns);

	(void)snprintf(k->columns + n, sizeof(k->columns) - n, "%s%s",
		       n > 0 && *columns != '\0' ? " " : "", columns);
}

static bool
shows_probe(const char *columns)
{
	const size_t n = strlen(fields[F_probe].name);

	for (const char *p = columns; *p != '\0'; p += strspn(p, " ")) {
		if (strcspn(p, " ") == n && memcmp(p, fields[F_probe].name, n) == 0)
			return (true);
		p += strcspn(p, " ");
	}
	return (false);
}

static bool
add_word(struct keys *k, const struct key_word *w)
{
	char fields_text[128], *save = NULL;

	(void)snprintf(fields_text, sizeof(fields_text), "%s", w->fields);
	for (char *f = strtok_r(fields_text, " ", &save); f != NULL; f = strtok_r(NULL, " ", &save))
		if (!add_part(k, field_named(f, strlen(f)), -1, -1))
			return (false);
	k->turn |= w->turn;
	k->ports |= w->ports;
	k->halves |= w->required == F_sspi;
	if (w->defaults != NULL)
		k->defaults = w->defaults;
	if (w->objects != NULL)
		k->objects = w->objects;
	if (w->required != F_NONE && (!k->halves || w->required == F_sspi))
		k->required = w->required; /* a direction without an SPI has no sender */
	show(k, w->columns);
	return (true);
}

/* "24", "24/64", "64", "0": up to 32 bits are for IPv4, and IPv6 is then cut to 64, or to nothing as IPv4 is. */
static bool
parse_masks(const char *text, int *mask4, int *mask6)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || v > 128)
		return (false);
	*mask4 = v <= 32 ? (int)v : -1;
	*mask6 = v == 0 ? 0 : v <= 32 ? 64 : (int)v;
	if (*end == '\0')
		return (true);
	text = end + 1;
	if (*end != '/' || v > 32 || !isdigit((unsigned char)*text))
		return (false);
	v = strtoul(text, &end, 10);
	*mask6 = (int)v;
	return (*end == '\0' && v <= 128);
}

/* The word or the field most like it. */
static const char *
nearest(const char *text)
{
	const char *best = field_nearest(text, strlen(text));
	unsigned least = name_distance(text, strlen(text), best);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		unsigned d = name_distance(text, strlen(text), words[i].word);

		if (d <= least && d < 99) {
			least = d;
			best = words[i].word;
		}
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		unsigned d = name_distance(text, strlen(text), ends[i].word);

		if (d < least) {
			least = d;
			best = ends[i].word;
		}
	}
	return (best);
}

static bool
add_field(struct keys *k, char *word, char *err, size_t errlen)
{
	char *slash = strchr(word, '/');
	int mask4 = -1, mask6 = -1;
	const struct key_end *end;
	enum field f;

	if (slash != NULL)
		*slash = '\0';
	end = key_end(word, strlen(word));
	k->ends |= end != NULL;
	f = end != NULL ? end->field : field_named(word, strlen(word));
	if (f == F_NONE) {
		(void)snprintf(err, errlen, "-m %s: no such field or word; the nearest is %s", word,
			       nearest(word));
		return (false);
	}
	if (f >= F_STORED && f != F_skmac && f != F_dkmac) {
		(void)snprintf(err, errlen, "-m %s: a derived field can not be a key", word);
		return (false);
	}
	if (slash != NULL &&
	    ((f != F_saddr && f != F_daddr) || !parse_masks(slash + 1, &mask4, &mask6))) {
		(void)snprintf(err, errlen,
			       "-m %s/%s: expected host, saddr or daddr and a prefix length, "
			       "such as saddr/24 or saddr/24/64",
			       word, slash + 1);
		return (false);
	}
	if (!add_part(k, f, mask4, mask6)) {
		(void)snprintf(err, errlen, "-m: more than %d fields", KEYS_MAX);
		return (false);
	}
	k->sided |= end == NULL && key_twin(f) != f;
	k->own_probe |= f == F_probe;
	show(k, end != NULL ? end->word : fields[f].name);
	return (true);
}

bool
keys_parse(const char *text, struct keys *k, char *err, size_t errlen)
{
	char *copy = mem_str(text), *save = NULL;
	bool good = true, any = false;

	*k = (struct keys){ .required = F_NONE };
	for (char *w = strtok_r(copy, ", \t", &save); w != NULL && good;
	     w = strtok_r(NULL, ", \t", &save)) {
		const struct key_word *word = NULL;

		any = true;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strcasecmp(words[i].word, w) == 0)
				word = &words[i];
		if (word == NULL) {
			good = add_field(k, w, err, errlen);
		} else if (!add_word(k, word)) {
			(void)snprintf(err, errlen, "-m: more than %d fields", KEYS_MAX);
			good = false;
		}
	}
	if (good && k->ends && (k->turn || k->sided || k->required != F_NONE)) {
		(void)snprintf(err, errlen,
		    "-m: host, port, as, label and country count a record for both its ends: beside them, no field of one side, nor conv and its like");
		good = false;
	}
	for (unsigned i = 0; i < k->n && good && k->turn; i++)
		if (k->part[i].mask4 >= 0 || k->part[i].mask6 >= 0) {
			(void)snprintf(err, errlen,
				       "-m: a prefix and a direction-free word do not go together: "
				       "say saddr/24,daddr/24");
			good = false;
		}
	for (unsigned i = 0; i < k->n; i++)
		k->quiet |= k->part[i].field == F_probe && !shows_probe(k->columns);
	if (good && !any) {
		(void)snprintf(err, errlen, "-m: expected fields, or none for one total");
		good = false;
	}
	free(copy);
	return (good);
}

void
keys_merge_probes(struct keys *k)
{
	unsigned kept = 0;

	if (k->own_probe)
		return;
	k->apart = k->quiet = false;
	for (unsigned i = 0; i < k->n; i++) {
		if (k->part[i].field == F_probe)
			continue;
		k->apart |= k->part[i].field == F_flowid;
		k->part[kept++] = k->part[i];
	}
	k->n = kept;
}

void
keys_want(const struct keys *k, const struct fieldset *keep, struct fieldset *s)
{
	static const uint16_t sides[] = { F_saddr, F_daddr, F_skmac, F_dkmac, F_dirq };

	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(keep, f))
			fieldset_want(s, f);
	for (unsigned i = 0; i < k->n; i++)
		fieldset_want(s, k->part[i].field);
	if (k->required != F_NONE) { /* and what rows without it have */
		static const uint16_t counts[] = { F_rectype, F_spkts, F_dpkts, F_sbytes, F_dbytes };

		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
			fieldset_want(s, counts[i]);
		fieldset_want(s, k->required);
		fieldset_want(s, fields[k->required].twin);
	}
	if (k->halves || k->ends) {
		for (enum field f = 0; f < F_STORED; f++)
			if (fieldset_has(s, f))
				fieldset_want(s, fields[f].twin);
	}
	if (!k->turn)
		return;
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++)
		fieldset_want(s, sides[i]);
	if (k->ports) {
		fieldset_want(s, F_sport);
		fieldset_want(s, F_dport);
	}
	for (enum field f = 0; f < F_STORED;
	     f++) /* what a turned row shows is under the other name */
		if (fieldset_has(s, f))
			fieldset_want(s, fields[f].twin);
}

enum field
key_twin(enum field f)
{
	if (f == F_skmac)
		return (F_dkmac);
	if (f == F_dkmac)
		return (F_skmac);
	return ((enum field)fields[f].twin);
}

static void
key_bytes(const struct keys *k, struct batch *b, uint32_t r, bool turned, struct buf *to)
{
	to->len = 0;
	(void)buf_room(to, 1);
	for (unsigned i = 0; i < k->n; i++) {
		enum field f = k->part[i].field;
		const struct column *c = batch_derive(b, turned ? key_twin(f) : f);
		union value v;

		buf_u8(to, (uint8_t)(column_has(c, r) | column_mixed(c, r) << 1));
		if (!column_has(c, r))
			continue;
		v = column_value(c, r);
		if (c->store == STORE_IP) {
			buf_add(to, v.ip.b, 16);
		} else if (c->store == STORE_BLOB) {
			buf_varint(to, v.b.n);
			buf_add(to, v.b.p, v.b.n);
		} else {
			buf_u64le(to, v.u);
		}
	}
}

bool
keys_of_row(const struct keys *k, struct batch *b, uint32_t r, struct buf *key, struct buf *spare)
{
	struct buf held;
	size_t n;
	int c;

	key_bytes(k, b, r, false, key);
	if (!k->turn)
		return (false);
	key_bytes(k, b, r, true, spare);
	n = key->len < spare->len ? key->len : spare->len;
	c = memcmp(spare->p, key->p, n);
	if (c > 0 || (c == 0 && spare->len >= key->len))
		return (false);
	held = *key;
	*key = *spare;
	*spare = held;
	return (true);
}

void
keys_keep(const struct keys *k, struct fieldset *keep)
{
	for (unsigned i = 0; i < k->n; i++) {
		enum field f = k->part[i].field;

		if (f < F_STORED) {
			fieldset_want(keep, f);
			continue;
		}
		for (const uint16_t *need = fields[f].needs; *need != F_NONE; need++)
			fieldset_want(keep, *need);
	}
}
