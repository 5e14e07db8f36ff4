/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rapath: two probes of one path: what was lost before, between and behind them.  See rapath(1).
 */
#include "format/base/cut.h"
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "ra-tools/out/path.h"
#include "ra-tools/run/run.h"

#include <stdlib.h>
#include <string.h>

enum { O_PATH = O_OWN, O_BINS };

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/rapath.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Compares two probes of one path: what was lost before, between and behind them.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.mar = true,
	.writes = true,
	.reports = true,
	.nothing = "no path that two probes have seen",
};

#define SHOWN 50 /* ways in text, without -N */

static struct path_options asked;
static int64_t width;
static char *probes; /* "a\0b" */
static bool bins_too;

static void
set_path(const char *arg)
{
	char err[256];

	free(probes);
	probes = mem_str(arg);
	if (!path_parse(probes, &asked, err, sizeof(err)))
		run_usage("%s", err);
}

static bool
option(int c, const char *arg)
{
	switch (c) {
	case 'M':
		if (!cut_parse(arg, &width))
			run_usage("-M %s: expected a width, such as 1s, 5m, 1h or 1d", arg);
		return (true);
	case 'm':
		if (strcmp(arg, "tunnel") != 0 && strcmp(arg, "spi") != 0)
			run_usage("-m %s: expected tunnel or spi", arg);
		asked.sas = *arg == 's';
		return (true);
	case O_PATH:
		set_path(arg);
		return (true);
	case O_BINS:
		return (bins_too = true);
	default:
		return (false);
	}
}

static void
show(struct run *r, const struct path *p)
{
	bool text = !run_json(r) && !run_separated(r);
	struct buf alone = { 0 };
	uint64_t most = run_count(r, text && !bins_too ? SHOWN : UINT64_MAX);
	struct path_page page = { .path = p, .count = path_count(p) < most ? path_count(p) : (size_t)most, .bins = bins_too };

	run_counted(r, page.count);
	if (!text && path_alone_text(p, &alone))
		run_hint_last(r, buf_cstr(&alone));
	buf_free(&alone);
	if (run_quiet(r))
		return;
	if (run_json(r))
		path_json(&page, run_sheet(r));
	else if (run_separated(r))
		path_csv(&page, run_sheet(r));
	else
		path_text(&page, run_sheet(r));
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);
	struct fieldset want = { { 0 } };
	int64_t interval = 0;
	struct path *p;
	struct batch *b;
	char err[256];
	int status;

	if (run_output(r) != NULL)
		run_usage("-w: a report is no record file");
	asked.memory = run_memory(r);
	asked.zone = run_zone(r);
	asked.width = width;
	p = path_new(&asked);
	path_want(&want);
	run_want_set(r, &want);
	while ((b = run_next(r)) != NULL) {
		if ((int64_t)run_segment(r)->interval * SEC > interval)
			interval = (int64_t)run_segment(r)->interval * SEC;
		if (!path_add(p, b))
			run_fail("there are more rows than --memory has room for: ask for less with -t or a filter");
	}
	if (run_multiple(r) > 0) /* probes whose bins differ are compared where both begin one */
		interval = run_multiple(r);
	if (width > 0 && width < CUT_MONTH && interval > 0 && width % interval != 0)
		run_fail("-M %llds: the bins of the input (" TOOL(pavo) " -S) begin together every %lld s: it has to be a multiple of that",
			 (long long)(width / SEC), (long long)(interval / SEC));
	if (run_twice(r, false)) /* of which packets is not known, and half of them would be lost */
		run_wrong(r, "packets that a probe counted twice can not be compared");
	else if (!path_judge(p, interval, err, sizeof(err)))
		run_wrong(r, "%s", err);
	else
		show(r, p);
	path_free(&p);
	status = run_end(&r);
	free(probes);
	return (status);
}
