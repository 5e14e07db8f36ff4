/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evidence.c: what a report is of.  Test: tests/truth/promise.tap.
 */
#include "ra-tools/report/evidence.h"

#include "format/base/hash.h"
#include "format/base/mem.h"
#include "format/base/sha256.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PIECE (1u << 20)

struct evidence *
evidence_new(void)
{
	return (mem_zero(1, sizeof(struct evidence)));
}

void
evidence_free(struct evidence **pe)
{
	struct evidence *e = *pe;

	if (e == NULL)
		return;
	for (size_t i = 0; i < e->files; i++)
		free(e->file[i].path);
	for (size_t i = 0; i < e->probes; i++) {
		free(e->probe[i].name);
		free(e->probe[i].program);
		free(e->probe[i].interfaces);
	}
	free(e->file);
	free(e->probe);
	free(e);
	*pe = NULL;
}

/* --- probes --------------------------------------------------------------------------------------- */

static struct evidence_probe *
probe_of(struct evidence *e, const char *name, size_t n)
{
	struct evidence_probe *p;

	for (size_t i = 0; i < e->probes; i++)
		if (strlen(e->probe[i].name) == n && memcmp(e->probe[i].name, name, n) == 0)
			return (&e->probe[i]);
	if ((e->probes & (e->probes - 1)) == 0)
		e->probe = mem_grow(e->probe, e->probes == 0 ? 1 : e->probes * 2, sizeof(e->probe[0]));
	p = &e->probe[e->probes++];
	*p = (struct evidence_probe){ .name = mem_zero(n + 1, 1) };
	memcpy(p->name, name, n);
	p->program = mem_str("");
	p->interfaces = mem_str("");
	return (p);
}

void
evidence_segment(struct evidence *e, const struct segment_info *s)
{
	const char *name = s->probe == NULL ? "" : s->probe;
	struct evidence_probe *p = probe_of(e, name, strlen(name));

	if (*p->program == '\0' && s->program != NULL) {
		free(p->program);
		p->program = mem_str(s->program);
	}
	if (s->snaplen > p->snaplen)
		p->snaplen = s->snaplen;
	if (s->interval > p->interval)
		p->interval = s->interval;
	p->live |= s->live;
	p->filtered |= s->filtered;
}

static const struct {
	enum field field;
	size_t at;
} sums[] = {
#define SUM(field, name) { F_##field, offsetof(struct evidence_probe, name) }
	SUM(frames, frames), SUM(ps_drop, drops), SUM(ps_ifdrop, ifdrops), SUM(ifgap, gap_us),
	SUM(tback, tback),   SUM(tjump, tjump),	  SUM(tbad, tbad),	   SUM(recdrop, recdrops)
#undef SUM
};

void
evidence_want(struct fieldset *s)
{
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		fieldset_want(s, sums[i].field);
	fieldset_want(s, F_ifdrops);
	fieldset_want(s, F_probe);
}

/* Is the word one of a list, "eth0, eth1"? */
static bool
is_listed(const char *list, const char *word, size_t n)
{
	for (const char *p = list; *p != '\0'; p += strspn(p, ", ")) {
		size_t len = strcspn(p, ",");

		if (len == n && memcmp(p, word, n) == 0)
			return (true);
		p += len;
	}
	return (false);
}

/* "eth0:1:0:0 eth1:2:0:0": their names, each once. */
static void
interfaces(struct evidence_probe *p, struct blob text)
{
	for (uint32_t at = 0, end; at < text.n; at = end + 1) {
		const char *name = (const char *)text.p + at;
		struct buf all = { 0 };
		size_t n;

		for (end = at; end < text.n && text.p[end] != ' ' && text.p[end] != ',';)
			end++;
		for (n = 0; n < end - at && name[n] != ':';)
			n++;
		if (n == 0 || is_listed(p->interfaces, name, n))
			continue;
		buf_printf(&all, "%s%s%.*s", p->interfaces, *p->interfaces != '\0' ? ", " : "", (int)n, name);
		free(p->interfaces);
		p->interfaces = mem_str(buf_cstr(&all));
		buf_free(&all);
	}
}

void
evidence_mar(struct evidence *e, const struct batch *b, uint32_t r)
{
	const struct column *name = b->col[F_probe], *by = b->col[F_ifdrops];
	struct blob text = column_has(name, r) ? name->b[r] : (struct blob){ .n = 0 };
	struct evidence_probe *p = probe_of(e, text.n > 0 ? (const char *)text.p : "", text.n);

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		if (column_has(b->col[sums[i].field], r))
			*(uint64_t *)(void *)((char *)p + sums[i].at) += b->col[sums[i].field]->u[r];
	if (column_has(by, r) && by->b[r].n < 4096)
		interfaces(p, by->b[r]);
}

/* --- files ---------------------------------------------------------------------------------------- */

static bool
digest(FILE *f, struct evidence_file *to)
{
	struct hash_sum *x = hash_sum_new();
	struct sha256 s = SHA256_START;
	uint8_t sum[SHA256_SIZE];
	char *piece = mem_alloc(PIECE);
	size_t n;
	bool good;

	while ((n = fread(piece, 1, PIECE, f)) > 0) {
		hash_sum_add(x, piece, n);
		sha256_add(&s, piece, n);
		to->bytes += n;
	}
	good = ferror(f) == 0;
	(void)snprintf(to->xxh3, sizeof(to->xxh3), "%016llx", (unsigned long long)hash_sum_end(&x));
	sha256_end(&s, sum);
	for (unsigned i = 0; i < SHA256_SIZE; i++)
		(void)snprintf(to->sha256 + 2 * i, 3, "%02x", sum[i]);
	free(piece);
	return (good);
}

bool
evidence_file(struct evidence *e, const char *path, char *err, size_t errlen)
{
	struct evidence_file *to;
	struct stat st;
	FILE *f;
	bool good = true;

	if ((e->files & (e->files - 1)) == 0)
		e->file = mem_grow(e->file, e->files == 0 ? 1 : e->files * 2, sizeof(e->file[0]));
	to = &e->file[e->files++];
	*to = (struct evidence_file){ .path = mem_str(path) };
	to->pipe = strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
	if (to->pipe)
		return (true);
	if ((f = fopen(path, "r")) == NULL || !digest(f, to)) {
		(void)snprintf(err, errlen, "%s: %s", path, strerror(errno));
		good = false;
	}
	if (f != NULL)
		(void)fclose(f);
	return (good);
}
