/* SPDX-License-Identifier: BSD-2-Clause
 *
 * models.c: several ways to merge at once, from a file.
 *
 *	# DNS by client and server, into a file of its own; everything else by address pair
 *	model="saddr,daddr" filter="udp and port 53" out="dns.pavo"
 *	model=matrix
 *
 * A record goes to the first model whose filter selects it; where the line says cont, also to the next one.
 */
#include "ra-tools/run/models.h"

#include "format/base/mem.h"
#include "format/base/plain.h"
#include "ra-tools/query/aggr.h"
#include "ra-tools/filter/filter.h"
#include "ra-tools/query/gather.h"
#include "ra-tools/query/sink.h"
#include "ra-tools/run/cluster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MODELS_MAX 64
#define LINE_LEN   4096

struct model {
	char *key, *text; /* of the keys, of the filter */
	struct keys keys;
	struct filter *filter; /* NULL: all records */
	struct sink *sink;     /* NULL: where the others go */
	struct aggr *aggr;
	bool cont, masks;
	struct probes *probes; /* of its records; NULL: its key keeps them apart */
};

struct models {
	struct model model[MODELS_MAX];
	unsigned n;
	struct left_out unmatched;
	uint64_t match[BITS_WORDS(BATCH_ROWS)], left[BITS_WORDS(BATCH_ROWS)]; /* left: for the lines below */
	uint64_t none[BITS_WORDS(BATCH_ROWS)]; /* no line has selected it */
	uint32_t rows[BATCH_ROWS];
	struct batch *copy;
};

/* --- the file ---------------------------------------------------------------------------------- */

/* `name=value`, `name="a value"` or `name`, cut out of the line; false: the line is at its end. */
static bool
next_word(char **line, char **name, char **value, bool *good)
{
	char *p = *line + strspn(*line, " \t\r\n"), *end;

	*good = true;
	*value = NULL;
	*name = p;
	if (*p == '\0' || *p == '#')
		return (false);
	p += strcspn(p, "= \t\r\n");
	if (*p != '=') {
		end = p;
	} else {
		*p++ = '\0';
		if (*p == '"') {
			*value = ++p;
			end = strchr(p, '"');
			*good = end != NULL;
			if (end == NULL)
				return (true);
		} else {
			*value = p;
			end = p + strcspn(p, " \t\r\n");
		}
	}
	*line = *end == '\0' ? end : end + 1;
	*end = '\0';
	return (true);
}

static void
take_word(struct run *r, struct model *m, const char *at, const char *name, const char *value)
{
	bool is = value != NULL && *value != '\0';

	if (strcmp(name, "cont") == 0 && value == NULL)
		m->cont = true;
	else if (strcmp(name, "model") == 0 && is && m->key == NULL)
		m->key = mem_str(value);
	else if (strcmp(name, "filter") == 0 && value != NULL && m->text == NULL)
		m->text = mem_str(value);
	else if (strcmp(name, "out") == 0 && is && m->sink == NULL) {
		run_check_output(r, value);
		m->sink = sink_new(value);
	} else
		run_usage("%s: \"%s\": expected model=KEYS, filter=\"FILTER\", out=FILE or cont, "
			  "each once",
			  at, name);
}

static void
take_line(struct run *r, struct models *s, const char *at, char *line)
{
	struct model *m = &s->model[s->n];
	char *name, *value, err[256];
	bool good, any = false;

	while (next_word(&line, &name, &value, &good)) {
		if (!good)
			run_usage("%s: a quote is not closed", at);
		take_word(r, m, at, name, value);
		any = true;
	}
	if (!any)
		return;
	if (m->key == NULL)
		run_usage("%s: expected model=KEYS", at);
	if (!cluster_keys(r, m->key, &m->keys, err, sizeof(err)))
		run_usage("%s: %s", at, err);
	m->filter = run_filter(r, at, m->text);
	for (unsigned i = 0; i < m->keys.n; i++)
		m->masks |= m->keys.part[i].mask4 >= 0 || m->keys.part[i].mask6 >= 0;
	s->n++;
}

static void
read_models(struct run *r, struct models *s, const char *path)
{
	char line[LINE_LEN], at[512];
	FILE *f = fopen(path, "r");
	unsigned number = 0;

	if (f == NULL)
		run_fail("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f) != NULL) {
		(void)snprintf(at, sizeof(at), "%s, line %u", path, ++number);
		if (strlen(line) == sizeof(line) - 1)
			run_usage("%s: more than %d characters", at, LINE_LEN - 2);
		if (s->n == MODELS_MAX)
			run_usage("%s: more than %d models", at, MODELS_MAX);
		take_line(r, s, at, line + (number == 1 ? plain_mark(line, strlen(line)) : 0));
	}
	if (ferror(f))
		run_fail("%s: %s", path, strerror(errno));
	(void)fclose(f);
	if (s->n == 0)
		run_usage("%s: no model in it", path);
}

/* --- merging ----------------------------------------------------------------------------------- */

static void
prepare(struct run *r, struct models *s)
{
	static const uint16_t counts[] = { F_spkts, F_dpkts, F_sbytes, F_dbytes }; /* of what no line selects */
	bool column = false;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		run_want(r, counts[i]);
	run_tell_probes(r);
	for (unsigned i = 0; i < s->n; i++)
		column |= s->model[i].keys.apart && s->model[i].sink == NULL;
	if (column)
		run_probe_column(r);
	for (unsigned i = 0; i < s->n; i++) {
		struct model *m = &s->model[i];
		struct fieldset keep = { { 0 } }, read = { { 0 } };

		if (m->sink != NULL)
			fieldset_all(&keep);
		else
			run_fields(r, &keep);
		keys_want(&m->keys, &keep, &read);
		if (m->filter != NULL)
			fieldset_union(&read, filter_fields(m->filter));
		fieldset_want(&read, F_bend);
		fieldset_want(&read, F_stime);
		run_want_set(r, &read);
		m->aggr = aggr_new(&m->keys, &keep);
		aggr_order(m->aggr, F_NONE);
		aggr_memory(m->aggr, run_room(r) / s->n);
		m->probes = m->keys.apart || run_merges_probes(r) ? NULL : probes_new();
	}
}

/* Merging by a prefix cuts addresses in the batch: that is done to a copy. */
static void
add(struct models *s, struct model *m, struct batch *b)
{
	uint32_t n;

	if (!m->masks) {
		aggr_add(m->aggr, b);
		return;
	}
	if (s->copy == NULL)
		s->copy = batch_new(BATCH_ROWS);
	batch_reset(s->copy);
	n = rows_selected(b, s->rows);
	gather(s->copy, b, s->rows, n);
	if (n > 0)
		aggr_add(m->aggr, s->copy);
}

static void
add_batch(struct models *s, struct batch *b)
{
	size_t words = BITS_WORDS(b->rows);

	memcpy(s->left, b->sel, words * sizeof(s->left[0]));
	memcpy(s->none, b->sel, words * sizeof(s->none[0]));
	for (unsigned i = 0; i < s->n; i++) {
		struct model *m = &s->model[i];

		b->sel = NULL;
		if (m->filter == NULL) {
			memcpy(s->match, s->left, words * sizeof(s->match[0]));
		} else {
			memset(s->match, 0, words * sizeof(s->match[0]));
			filter_run(m->filter, b, s->match);
		}
		for (size_t w = 0; w < words; w++) {
			s->match[w] &= s->left[w];
			s->none[w] &= ~s->match[w];
			if (!m->cont)
				s->left[w] &= ~s->match[w];
		}
		b->sel = s->match;
		if (m->probes != NULL)
			probes_meet(m->probes, b);
		add(s, m, b);
	}
	for (size_t i = bits_next(s->none, 0, b->rows); i < b->rows; i = bits_next(s->none, i + 1, b->rows))
		(void)left_out_row(&s->unmatched, b, F_rectype, (uint32_t)i, false);
}

/* Records that a line selected, and its key could not place. */
static void
note_left_out(struct run *r, const struct model *m)
{
	const struct left_out *l = aggr_left_out(m->aggr);
	struct buf of = { 0 }, instead = { 0 }, text = { 0 };

	if (l->records == 0)
		return;
	buf_printf(&of, "model=%s", m->key);
	buf_printf(&instead, "filter=\"has %s\" leaves %s to the lines below it", left_out_word(m->keys.required),
		   l->records == 1 ? "it" : "them");
	left_out_text(l, m->keys.required, buf_cstr(&of), buf_cstr(&instead), &text);
	run_hint_last(r, buf_cstr(&text));
	buf_free(&of);
	buf_free(&instead);
	buf_free(&text);
}

static void
show(struct run *r, struct model *m)
{
	struct batch *b;
	bool more = true;

	while (more && (b = aggr_next(m->aggr)) != NULL) {
		if (m->sink == NULL) {
			more = run_print(r, b);
			continue;
		}
		run_having(r, b);
		run_counted(r, bits_count(b->sel, b->rows));
		if (!sink_put(m->sink, run_header(r, m->filter != NULL), b))
			run_fail("%s", sink_error(m->sink));
	}
	if (aggr_error(m->aggr) != NULL)
		run_fail("%s", aggr_error(m->aggr));
	run_close(r, &m->sink, m->filter != NULL);
	note_left_out(r, m);
	aggr_free(&m->aggr);
	filter_free(&m->filter);
}

static void
models_free(struct models *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		free(s->model[i].key);
		free(s->model[i].text);
		probes_free(&s->model[i].probes);
	}
	batch_free(&s->copy);
	free(s);
}

static void
note_unmatched(struct run *r, const struct left_out *l)
{
	struct buf text = { 0 };

	if (l->records == 0)
		return;
	left_out_count(l, &text);
	buf_printf(&text, " %s of no model: a last line without a filter takes %s", l->records == 1 ? "is" : "are",
		   l->records == 1 ? "it" : "them");
	run_hint_last(r, buf_cstr(&text));
	buf_free(&text);
}

/* One sentence, of all models in which records of several probes came together. */
static void
note_probes(struct run *r, struct models *s)
{
	struct buf of = { 0 }, apart = { 0 }, text = { 0 };
	struct probes *all = probes_new();

	for (unsigned i = 0; i < s->n; i++) {
		const struct model *m = &s->model[i];

		if (m->probes == NULL || !probes_several(m->probes))
			continue;
		if (of.len == 0)
			buf_printf(&apart, strcasecmp(m->key, "none") == 0 ? "model=probe" : "model=\"probe,%s\"", m->key);
		buf_printf(&of, "%smodel=%s", of.len == 0 ? "rows of " : ", ", m->key);
		probes_join(all, m->probes);
	}
	if (of.len > 0) {
		probes_text(all, buf_cstr(&of), buf_cstr(&apart), &text);
		run_note_last(r, buf_cstr(&text));
	}
	probes_free(&all);
	buf_free(&of);
	buf_free(&apart);
	buf_free(&text);
}

void
models(struct run *r, const char *path)
{
	struct models *s = mem_zero(1, sizeof(*s));
	struct batch *b;

	read_models(r, s, path);
	prepare(r, s);
	while ((b = run_next(r)) != NULL)
		add_batch(s, b);
	run_over_all(r);
	for (unsigned i = 0; i < s->n; i++)
		show(r, &s->model[i]);
	note_unmatched(r, &s->unmatched);
	note_probes(r, s);
	models_free(s);
}
