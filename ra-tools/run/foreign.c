/* SPDX-License-Identifier: BSD-2-Clause
 *
 * foreign.c: what the fingers of argus's and nfdump's users type.  It is rewritten into what it means here, before the
 * options are looked at; where it means something else, or nothing, the line that does it is told.
 * Tested by tests/truth/fingers.tap.
 */
#include "ra-tools/run/room.h"

#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "ra-tools/query/aggr.h"
#include "ra-tools/report/drill.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rewrite {
	const struct run *r;
	int argc, at; /* the word that is looked at */
	char **argv;
	const char **to; /* what becomes of them */
	int n;
	bool rmon; /* -m saddr is -m host */
	struct arena *words;
	const char *tool;  /* that does it; NULL: this one */
	const char *tell; /* why this is not what was meant, a part of a sentence; NULL: it is */
};

static bool
is_tool(const char *name)
{
	char full[64];

	(void)snprintf(full, sizeof(full), PROGRAM_PREFIX "%s" PROGRAM_SUFFIX, name);
	return (strcmp(log_name(), full) == 0);
}

static bool
has_letter(const struct rewrite *w, int letter)
{
	for (unsigned i = 0; i < w->r->nrows; i++)
		if (w->r->rows[i].code == letter)
			return (true);
	return (false);
}

static void
put(struct rewrite *w, const char *word)
{
	w->to = mem_grow(w->to, (size_t)w->n + 2, sizeof(w->to[0]));
	w->to[w->n++] = word;
	w->to[w->n] = NULL;
}

static void
put2(struct rewrite *w, const char *option, const char *value)
{
	put(w, option);
	put(w, value);
}

/* A word of our own making: it lives as long as the run. */
static const char *
kept(const struct rewrite *w, const char *word)
{
	return (arena_copy(w->words, word, strlen(word) + 1));
}

static const char *
word_at(const struct rewrite *w, int ahead)
{
	return (w->at + ahead < w->argc ? w->argv[w->at + ahead] : "");
}

static bool
is_number(const char *s)
{
	return (*s != '\0' && strspn(s, "0123456789") == strlen(s));
}

/* A name that may stand in -s and -m. */
static bool
is_name(const char *s)
{
	static const char *const words[] = { "conv", "matrix", "flow", "tunnel", "lane", "spi", "none", "all", "rank" };
	const size_t n = strcspn(s, "/:");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], s) == 0)
			return (true);
	return (n > 0 && (field_named(s, n) != F_NONE || key_end(s, n) != NULL));
}

/* a b c -> a,b,c: words that are names, as argus lists them. */
static bool
take_list(struct rewrite *w)
{
	struct buf list = { 0 };
	int n = 1;

	buf_str(&list, word_at(w, 1));
	while (is_name(word_at(w, n + 1)))
		buf_printf(&list, ",%s", word_at(w, ++n));
	put2(w, w->argv[w->at], kept(w, buf_cstr(&list)));
	buf_free(&list);
	w->at += n + 1;
	return (true);
}

/* --- nfdump's statistics ------------------------------------------------------------------------------ */

/* nfdump's flows have one direction, and its bytes are those of IP packets: what an address sent is what its rows have as
 * the source. */
static const struct statistic {
	const char *of, *key;
	char side;
} statistics[] = {
	{ "ip", "host", 0 },	  { "srcip", "host", 's' },   { "dstip", "host", 'd' },	   { "port", "port", 0 },
	{ "srcport", "port", 's' }, { "dstport", "port", 'd' }, { "as", "as", 0 },	   { "srcas", "as", 's' },
	{ "dstas", "as", 'd' },	  { "proto", "proto", 0 },    { "record", "conv", 0 },	   { "vlan", "svlan", 0 },
};
static const struct {
	const char *by, *field;
} orders[] = { { "bytes", "ipbytes" }, { "packets", "pkts" }, { "bps", "load" }, { "pps", "rate" }, { "flows", "trans" } };

static bool
take_statistic(struct rewrite *w)
{
	const char *word = word_at(w, 1);
	const size_t n = strcspn(word, "/:");
	const char *by = strchr(word, '/') != NULL ? strchr(word, '/') + 1 : "flows";
	char text[32];

	for (size_t i = 0; i < sizeof(statistics) / sizeof(statistics[0]); i++) {
		const struct statistic *s = &statistics[i];

		if (strlen(s->of) != n || strncmp(s->of, word, n) != 0 || (strchr(word, '/') == NULL && is_name(word)))
			continue;
		put2(w, "-m", s->key);
		for (size_t k = 0; k < sizeof(orders) / sizeof(orders[0]); k++) {
			if (strcmp(orders[k].by, by) != 0)
				continue;
			(void)snprintf(text, sizeof(text), "%s%s", s->side == 0 || k > 1 ? "" : s->side == 's' ? "s" : "d", orders[k].field);
			put2(w, "-o", kept(w, text));
			if (k > 1)
				w->tell = "flows have both directions here, and rates are over the time that was asked for";
		}
		if (!is_tool("ratop")) {
			w->tool = "ratop";
			w->tell = "statistics are another tool's";
		}
		w->at += 2;
		return (true);
	}
	return (false);
}

/* --- what options mean elsewhere ----------------------------------------------------------------------- */

static bool
take_count(struct rewrite *w)
{
	if (!is_number(word_at(w, 1)))
		return (false);
	put2(w, "-N", word_at(w, 1));
	w->at += 2;
	return (true);
}

/* fmt:%ts %sa %td */
static bool
take_format(struct rewrite *w, const char *text)
{
	struct buf list = { 0 };

	for (const char *p = strchr(text, '%'); p != NULL; p = strchr(p, '%')) {
		size_t n = strspn(++p, "abcdefghijklmnopqrstuvwxyz");
		enum field f = field_named(p, n);

		if (f == F_NONE)
			run_usage("-o %s: no field is called \"%.*s\" here: " TOOL(ra) " --fields shows those that there are", text, (int)n, p);
		buf_printf(&list, "%s%s", list.len > 0 ? "," : "", fields[f].name);
	}
	put2(w, "-s", kept(w, buf_cstr(&list)));
	buf_free(&list);
	w->at += 2;
	return (true);
}

static bool
take_output_word(struct rewrite *w)
{
	const char *word = word_at(w, 1);

	if (strncmp(word, "fmt:", 4) == 0)
		return (take_format(w, word));
	if (strcmp(word, "csv") == 0 || strcmp(word, "json") == 0)
		put(w, strcmp(word, "csv") == 0 ? "--csv" : "--json");
	else if (strcmp(word, "extended") == 0)
		put2(w, "-s", "+stcpflags,dtcpflags,sdscp,ddscp,load,rate");
	else if (strcmp(word, "long") == 0)
		put2(w, "-s", "+stcpflags,dtcpflags,sdscp,ddscp");
	else if (strcmp(word, "line") != 0)
		return (false);
	w->at += 2;
	return (true);
}

/* argus's modes: several words behind one -M. */
static bool
take_modes(struct rewrite *w)
{
	int n = 1;
	bool any = false;

	for (;; n++, any = true) {
		const char *word = word_at(w, n);

		if (strcmp(word, "json") == 0)
			put(w, "--json");
		else if (strcmp(word, "time") == 0 && has_letter(w, 'M'))
			put2(w, "-M", word_at(w, ++n));
		else if (strcmp(word, "zero") == 0 && is_tool("rabins"))
			put(w, "--zero");
		else if (strcmp(word, "rmon") == 0) {
			w->tell = "a record that counts for both its ends is a key";
			w->tool = has_letter(w, 'm') ? NULL : "racluster";
			put2(w, "-m", "host");
			w->rmon = true;
		} else if (strcmp(word, "proto") == 0 && is_tool("racount"))
			;
		else if (strcmp(word, "hard") != 0 && strcmp(word, "norep") != 0 && strcmp(word, "nomodify") != 0)
			break;
	}
	w->at += any ? n : 0;
	return (any);
}

/* What one letter of others means, if this tool has no such letter. */
static const struct {
	const char *word, *tell, *tool, *option, *value; /* what does it, if there is something */
	bool argument;	/* a word of its own follows */
} letters[] = {
	{ "-A", "bytes behind the transport header are fields", NULL, "-s", "+spayload,dpayload", false },
	{ "-Z", "TCP flags are fields", NULL, "-s", "+stcpflags,dtcpflags", true },
	{ "-F", "there is no file of settings", NULL, NULL, NULL, true },
	{ "-S", "records come from files and pipes, not from a server", NULL, "-r", "FILE", true },
	{ "-a", "merging is another tool's", "racluster", NULL, NULL, false },
	{ "-I", "what files say of themselves is told by another tool", "racheck", "--summary", NULL, false },
	{ "-v", "files are checked by another tool", "racheck", NULL, NULL, false },
	{ "-G", "countries and AS numbers are labels", NULL, "--label", NULL, false },
	{ "-X", "", NULL, NULL, NULL, false },
	{ "-b", "", NULL, NULL, NULL, false },
	{ "-B", "", NULL, NULL, NULL, false },
};

static bool
take_letter(struct rewrite *w)
{
	const char *word = w->argv[w->at];

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (strcmp(letters[i].word, word) != 0 || has_letter(w, word[1]))
			continue;
		if (letters[i].option != NULL)
			put(w, letters[i].option);
		if (letters[i].value != NULL)
			put(w, letters[i].value);
		w->tool = letters[i].tool != NULL ? letters[i].tool : w->tool;
		w->tell = *letters[i].tell != '\0' ? letters[i].tell : w->tell;
		w->at += letters[i].argument ? 2 : 1;
		return (true);
	}
	return (false);
}

/* -A srcip,dstport: nfdump's aggregation, where a list of names follows. */
static bool
take_aggregation(struct rewrite *w)
{
	char *list = mem_str(word_at(w, 1));
	bool known = *list != '\0' && *list != '-';
	struct buf key = { 0 };
	char *save = NULL;

	for (char *n = strtok_r(list, ",", &save); n != NULL; n = strtok_r(NULL, ",", &save)) {
		size_t len = strcspn(n, "46/");

		known &= field_named(n, len) != F_NONE;
		if (known)
			buf_printf(&key, "%s%s%s", key.len > 0 ? "," : "", fields[field_named(n, len)].name, n + len + (n[len] == '4' || n[len] == '6'));
	}
	free(list);
	if (known) {
		put2(w, "-m", kept(w, buf_cstr(&key)));
		w->at += 2;
		w->tool = is_tool("racluster") ? w->tool : "racluster";
		w->tell = is_tool("racluster") ? w->tell : "merging is another tool's; a record has both directions of a flow";
	}
	buf_free(&key);
	return (known);
}

static bool
take_histogram(struct rewrite *w)
{
	unsigned long n, from, to;
	char *end, width[32];

	put2(w, "-o", word_at(w, 1));
	w->at += 2;
	n = strtoul(word_at(w, 0), &end, 10);
	if (*end != ':' || n == 0)
		return (true);
	from = strtoul(end + 1, &end, 10);
	to = *end == '-' ? strtoul(end + 1, &end, 10) : 0;
	if (to > from) {
		(void)snprintf(width, sizeof(width), "%lu", (to - from) / n > 0 ? (to - from) / n : 1);
		put2(w, "--width", kept(w, width));
		w->at++;
	}
	return (true);
}

/* An option of the tool whose argument is the next word: it is not looked at. */
static bool
takes_word(const struct rewrite *w, const char *option)
{
	for (unsigned i = 0; i < w->r->nrows; i++)
		if (w->r->rows[i].code == option[1] && w->r->rows[i].arg != NULL)
			return (option[2] == '\0');
	return (false);
}

static bool
take_foreign(struct rewrite *w)
{
	const char *word = w->argv[w->at];

	if (strcmp(word, "-s") == 0 && take_statistic(w))
		return (true);
	if (strcmp(word, "-m") == 0 && w->rmon) {
		w->at += 2;
		return (true);
	}
	if ((strcmp(word, "-s") == 0 || (strcmp(word, "-m") == 0 && has_letter(w, 'm'))) && *word_at(w, 1) != '\0')
		return (take_list(w));
	if (strcmp(word, "-M") == 0)
		return (take_modes(w));
	if ((strcmp(word, "-n") == 0 || strcmp(word, "-c") == 0) && take_count(w))
		return (true);
	if (strcmp(word, "-o") == 0)
		return (take_output_word(w));
	if (strcmp(word, "-A") == 0 && take_aggregation(w))
		return (true);
	if (strcmp(word, "-H") == 0 && is_tool("rahisto") && is_name(word_at(w, 1)))
		return (take_histogram(w));
	return (take_letter(w));
}

static noreturn void
tell(const struct rewrite *w, const char *typed)
{
	struct buf line = { 0 };

	if (w->tool != NULL)
		buf_printf(&line, PROGRAM_PREFIX "%s" PROGRAM_SUFFIX, w->tool);
	else
		buf_str(&line, log_name());
	for (int i = 1; i < w->n; i++) {
		buf_u8(&line, ' ');
		drill_quote(w->to[i], &line);
	}
	log_warnx("%s: %s: `%s`", typed, w->tell, buf_cstr(&line));
	log_exit(EXIT_ERROR);
}

char **
foreign_words(struct run *r, int *argc, char **argv)
{
	struct rewrite w = { .r = r, .words = &r->names, .argc = *argc, .argv = argv };
	const char *typed = NULL;

	put(&w, argv[0]);
	for (w.at = 1; w.at < *argc;) {
		int at = w.at;

		if (r->tool->word != NULL || strcmp(argv[at], "-") == 0 || strcmp(argv[at], "--") == 0)
			break;
		if (!take_foreign(&w))
			put(&w, argv[w.at++]);
		else if (w.tell != NULL && typed == NULL)
			typed = argv[at];
		if (w.at == at + 1 && argv[at][0] == '-' && argv[at][1] != '-' && argv[at][1] != '\0' && takes_word(&w, argv[at]) && w.at < *argc)
			put(&w, argv[w.at++]);
		if (w.at > *argc)
			w.at = *argc;
	}
	while (w.at < *argc)
		put(&w, argv[w.at++]);
	if (w.tell != NULL)
		tell(&w, typed);
	*argc = w.n;
	return ((char **)(uintptr_t)w.to);
}
