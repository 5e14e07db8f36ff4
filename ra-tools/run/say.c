/* SPDX-License-Identifier: BSD-2-Clause
 *
 * say.c: sentences on stderr, at once and at the end.
 */
#include "ra-tools/run/room.h"

#include "format/base/log.h"
#include "format/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
run_usage(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warnx("%s", text);
	(void)fprintf(stderr, "%s: see %s --help\n", log_name(), log_name());
	log_exit(EXIT_ERROR);
}

void
run_fail(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fatalx("%s", text);
}

void
run_wrong(struct run *r, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warnx("%s", text);
	r->failed = true;
}

void
run_bad(struct run *r)
{
	r->failed = true;
}

void
run_note(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_info("%s", text);
}

static void
add_last(struct run *r, const char *sentence, bool hint)
{
	r->last = mem_grow(r->last, r->nlast + 1, sizeof(r->last[0]));
	r->last[r->nlast++] = (struct sentence){ mem_str(sentence), hint };
}

void
run_note_last(struct run *r, const char *sentence)
{
	add_last(r, sentence, false);
}

void
run_hint_last(struct run *r, const char *sentence)
{
	add_last(r, sentence, true);
}

void
say_input(void *arg, const char *path, const char *sentence, bool wrong)
{
	struct run *r = arg;

	bool named = strncmp(sentence, path, strlen(path)) == 0; /* it says itself which file */
	struct buf text = { 0 };

	buf_printf(&text, "%s%s%s", named ? "" : path, named ? "" : ": ", sentence);
	if (r->follow) /* there may be a screen */
		run_note_last(r, buf_cstr(&text));
	else
		log_warnx("%s", buf_cstr(&text));
	buf_free(&text);
	r->failed |= wrong;
}
