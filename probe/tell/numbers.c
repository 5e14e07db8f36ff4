/* SPDX-License-Identifier: BSD-2-Clause
 *
 * numbers.c: the rows of numbers.def, as JSON and for Prometheus.  Test: test_snapshot.c.
 */
#include "probe/tell/snapshot.h"

#include "format/base/clock.h"
#include "format/base/json.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum kind { COUNTER, GAUGE };
enum unit { COUNT, TIME };

struct number {
	enum kind kind;
	enum unit unit;
	const char *name, *label, *word, *help;
	bool known;
	uint64_t value;
};

#define NUMBERS_MAX 64

static unsigned
numbers_of(const struct snapshot *s, struct number list[static NUMBERS_MAX])
{
	const struct number all[] = {
#define NUMBER(kind, unit, name, label, word, known, value, help) \
	{ kind, unit, name, label, word, help, known, (uint64_t)(value) },
#include "probe/tell/numbers.def"
	};
	_Static_assert(sizeof(all) / sizeof(all[0]) <= NUMBERS_MAX, "numbers.def has more rows");

	memcpy(list, all, sizeof(all));
	return (sizeof(all) / sizeof(all[0]));
}

/* Of each interface, beside their sums. */
static const struct {
	const char *name, *help;
	size_t at; /* in struct stat_link */
	enum unit unit;
} of_link[] = {
	{ "received", "Packets of the interface that the kernel received, those that it dropped too.", offsetof(struct stat_link, recv), COUNT },
	{ "dropped", "Of those, packets that the kernel dropped.", offsetof(struct stat_link, drop), COUNT },
	{ "away_seconds", "Time in which the interface was away.", offsetof(struct stat_link, gap), TIME },
};

static struct number
number_of_link(const struct snapshot *s, unsigned link, size_t i)
{
	struct number n = { .unit = of_link[i].unit };

	memcpy(&n.value, (const char *)&s->stats.link[link] + of_link[i].at, sizeof(n.value));
	return (n);
}

static bool
is_new(const struct number *list, unsigned i)
{
	return (i == 0 || strcmp(list[i].name, list[i - 1].name) != 0);
}

static void
add_value(struct buf *b, const struct number *n)
{
	int64_t ns = (int64_t)n->value;
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	if (n->unit == TIME)
		buf_printf(b, "%s%" PRIu64 ".%06" PRIu64, ns < 0 ? "-" : "", size / (uint64_t)SEC,
		    size % (uint64_t)SEC / (uint64_t)USEC);
	else
		buf_printf(b, "%" PRIu64, n->value);
}

/* --- JSON */

/* A loader makes a double of a number: what that can not hold is text (TOOLS, queries). */
static void
add_json(struct buf *b, const struct number *n)
{
	bool text = n->unit == COUNT && n->value > 1ull << 53;

	buf_str(b, text ? "\"" : "");
	add_value(b, n);
	buf_str(b, text ? "\"" : "");
}

static void
add_links(struct buf *b, const struct snapshot *s)
{
	for (unsigned k = 0; k < s->nlinks; k++) {
		buf_str(b, k == 0 ? ",\"interfaces\":{" : ",");
		json_text(b, s->links[k], strlen(s->links[k]));
		for (size_t i = 0; i < sizeof(of_link) / sizeof(of_link[0]); i++) {
			const struct number n = number_of_link(s, k, i);

			buf_printf(b, "%s\"%s\":", i == 0 ? ":{" : ",", of_link[i].name);
			add_json(b, &n);
		}
		buf_str(b, "}");
	}
	buf_str(b, s->nlinks > 0 ? "}" : "");
}

void
snapshot_json(const struct snapshot *s, struct buf *b)
{
	struct number list[NUMBERS_MAX];
	unsigned n = numbers_of(s, list);
	char when[CLOCK_TEXT];
	bool within = false;

	(void)clock_iso(s->time, 6, CLOCK_UTC, when);
	buf_printf(b, "{\"time\":\"%s\",\"probe\":", when);
	json_text(b, s->probe, strlen(s->probe));
	for (unsigned i = 0; i < n; i++) {
		if (within && is_new(list, i)) {
			buf_u8(b, '}');
			within = false;
		}
		if (!list[i].known)
			continue;
		if (list[i].label[0] == '\0') {
			buf_printf(b, ",\"%s\":", list[i].name);
		} else if (within) {
			buf_printf(b, ",\"%s\":", list[i].word);
		} else {
			buf_printf(b, ",\"%s\":{\"%s\":", list[i].name, list[i].word);
			within = true;
		}
		add_json(b, &list[i]);
	}
	buf_str(b, within ? "}" : "");
	add_links(b, s);
	buf_str(b, "}\n");
}

/* --- Prometheus */

static void
add_label(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "%s=\"", name);
	for (; *value != '\0'; value++)
		if (*value == '\n')
			buf_str(b, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_printf(b, "\\%c", *value);
		else
			buf_u8(b, (uint8_t)*value);
	buf_u8(b, '"');
}

static void
add_head(struct buf *b, const char *name, const char *end, const char *help, enum kind kind)
{
	buf_printf(b, "# HELP pavo_%s%s %s\n# TYPE pavo_%s%s %s\n", name, end, help, name, end,
	    kind == COUNTER ? "counter" : "gauge");
}

static void
link_metrics(const struct snapshot *s, struct buf *b)
{
	char name[64];

	for (size_t i = 0; i < sizeof(of_link) / sizeof(of_link[0]) && s->nlinks > 0; i++) {
		(void)snprintf(name, sizeof(name), "interface_%s", of_link[i].name);
		add_head(b, name, "_total", of_link[i].help, COUNTER);
		for (unsigned k = 0; k < s->nlinks; k++) {
			const struct number n = number_of_link(s, k, i);

			buf_printf(b, "pavo_%s_total{", name);
			add_label(b, "probe", s->probe);
			buf_u8(b, ',');
			add_label(b, "interface", s->links[k]);
			buf_str(b, "} ");
			add_value(b, &n);
			buf_u8(b, '\n');
		}
	}
}

void
snapshot_metrics(const struct snapshot *s, struct buf *b)
{
	struct number list[NUMBERS_MAX];
	unsigned n = numbers_of(s, list);
	const char *help = "";
	bool headed = false;

	add_head(b, "info", "", "The probe, its version and what it reads.", GAUGE);
	buf_str(b, "pavo_info{");
	add_label(b, "probe", s->probe);
	buf_u8(b, ',');
	add_label(b, "version", PACKAGE_VERSION);
	buf_u8(b, ',');
	add_label(b, "input", s->input != NULL ? s->input : "files");
	buf_str(b, "} 1\n");
	for (unsigned i = 0; i < n; i++) {
		const char *end = list[i].kind == COUNTER ? "_total" : "";

		if (is_new(list, i)) {
			help = list[i].help;
			headed = false;
		}
		if (!list[i].known)
			continue;
		if (!headed)
			add_head(b, list[i].name, end, help, list[i].kind);
		headed = true;
		buf_printf(b, "pavo_%s%s{", list[i].name, end);
		add_label(b, "probe", s->probe);
		if (list[i].label[0] != '\0') {
			buf_u8(b, ',');
			add_label(b, list[i].label, list[i].word);
		}
		buf_str(b, "} ");
		add_value(b, &list[i]);
		buf_u8(b, '\n');
	}
	link_metrics(s, b);
}
