/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_pages.c: every option is in its page.  The options of all ra tools are in ra.1, a tool's own in its own,
 * the probe's in pavo.8.
 */
#include "format/base/buf.h"
#include "ra-tools/run/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *code, *name; /* 'x' or O_ name, as it is written */
};
#define OPT(code, name, arg, doc) { #code, name },
static const struct row common[] = {
#include "ra-tools/run/run.opt"
};
static const struct row racluster[] = {
#include "ra-tools/racluster.opt"
};
static const struct row rabins[] = {
#include "ra-tools/rabins.opt"
};
static const struct row rasort[] = {
#include "ra-tools/rasort.opt"
};

static const struct row ra[] = {
#include "ra-tools/ra.opt"
};
static const struct row ragap[] = {
#include "ra-tools/ragap.opt"
};

static const struct row ratop[] = {
#include "ra-tools/ratop.opt"
};
static const struct row rasplit[] = {
#include "ra-tools/rasplit.opt"
};
static const struct row racollect[] = {
#include "ra-tools/racollect.opt"
};
static const struct row racheck[] = {
#include "ra-tools/racheck.opt"
};
static const struct row rahisto[] = {
#include "ra-tools/rahisto.opt"
};
static const struct row radrill[] = {
#include "ra-tools/radrill.opt"
};
static const struct row ratunnel[] = {
#include "ra-tools/ratunnel.opt"
};
static const struct row ranonymize[] = {
#include "ra-tools/ranonymize.opt"
};
#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *page;
	const struct row *rows;
	size_t n;
} pages[] = {
	{ "ra.1", common, N(common) },
	{ "racluster.1", racluster, N(racluster) },
	{ "rabins.1", rabins, N(rabins) },
	{ "rasort.1", rasort, N(rasort) },
	{ "ratop.1", ratop, N(ratop) },
	{ "ranonymize.1", ranonymize, N(ranonymize) },
	{ "rahisto.1", rahisto, N(rahisto) },
	{ "racollect.1", racollect, N(racollect) },
	{ "racheck.1", racheck, N(racheck) },
	{ "rasplit.1", rasplit, N(rasplit) },
	{ "radrill.1", radrill, N(radrill) },
	{ "ratunnel.1", ratunnel, N(ratunnel) },
	{ "ragap.1", ragap, N(ragap) },
	{ "ra.1", ra, N(ra) },
};

static void
load(const char *page, struct buf *text)
{
	const char *src = getenv("PAVO_SRC");
	char path[4096];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/man/%s", src != NULL ? src : ".", page);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s can not be read", path);
	do {
		n = fread(buf_room(text, 4096), 1, 4096, f);
		text->len += n;
	} while (n > 0);
	(void)fclose(f);
}

/* Is there a line `.It Fl ...` that has the option as a word of its own? */
static bool
has_item(const char *text, const char *option)
{
	size_t n = strlen(option);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		const char *end;

		line += *line == '\n';
		end = strchr(line, '\n');
		if (strncmp(line, ".It Fl ", 7) != 0)
			continue;
		for (const char *p = strstr(line, option); p != NULL && p < end;
		     p = strstr(p + 1, option))
			if (p[-1] == ' ' && (p[n] == ' ' || p[n] == '\n'))
				return (true);
	}
	return (false);
}

static void
has_option(const char *text, const char *page, int letter, const char *option)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "Fl -%s", option);
	if (!has_item(text, name))
		fail_msg("%s lacks --%s", page, option);
	(void)snprintf(name, sizeof(name), "Fl %c", letter);
	if (letter < 256 && !has_item(text, name))
		fail_msg("%s lacks -%c", page, letter);
}

/* The probe's numbers of options are its own: only letters matter here. */
static void
probe_options_in_page(void **state)
{
	struct buf text = { 0 };

	(void)state;
	load("pavo.8", &text);
#undef OPT
#define OPT(code, name, arg, doc) has_option(buf_cstr(&text), "pavo.8", #code[0] == '\'' ? #code[1] : 256, name);
#include "probe/probe.opt"
	buf_free(&text);
}

static void
options_in_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(pages); i++) {
		struct buf text = { 0 };

		load(pages[i].page, &text);
		for (size_t o = 0; o < pages[i].n; o++) {
			const struct row *row = &pages[i].rows[o];

			has_option(buf_cstr(&text), pages[i].page,
				   row->code[0] == '\'' ? row->code[1] : 256, row->name);
		}
		buf_free(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_in_pages),
		cmocka_unit_test(probe_options_in_page),
	};

	return (cmocka_run_group_tests_name("pages", tests, NULL, NULL));
}
