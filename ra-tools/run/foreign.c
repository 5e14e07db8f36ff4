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
	const char *before; /* a command whose output it reads */
	const char *tool;  /* that does it; NULL: this one */
	const char *filter; /* of what it does; NULL: none but that which is there */
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

/* A name that may stand in -s and -m, or the first of several. */
static bool
is_name(const char *s)
{
	static const char *const words[] = { "conv", "matrix", "flow", "tunnel", "lane", "spi", "none", "all", "rank" };
	const size_t n = strcspn(s, "/:,");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == n && strncmp(words[i], s, n) == 0)
			return (true);
	return (n > 0 && (field_named(s, n) != F_NONE || key_end(s, n) != NULL));
}

/* One word of a list, and what is meant by it, if it is no name here: +tos:5 is +sdscp:5. */
static void
put_name(struct rewrite *w, const char *word, size_t length, struct buf *list)
{
	const char *name = word + (*word == '+' || *word == '-');
	const size_t n = strcspn(name, "/:,"), rest = length - (size_t)(name - word) - n;
	const char *means = is_name(name) ? NULL : field_meant(name, n);

	buf_printf(list, "%s%.*s", list->len > 0 ? "," : "", (int)(name - word), word);
	if (means == NULL) {
		buf_add(list, name, n + rest);
		return;
	}
	buf_printf(list, "%s%.*s", means, (int)rest, name + n);
	if (w->tell == NULL) {
		struct buf why = { 0 };

		buf_printf(&why, "no field is called %.*s; the nearest is %s", (int)n, name, means);
		w->tell = kept(w, buf_cstr(&why));
		buf_free(&why);
	}
}

static void
put_names(struct rewrite *w, const char *word, struct buf *list)
{
	for (size_t n; *word != '\0'; word += n + (word[n] == ',')) {
		n = strcspn(word, ",");
		put_name(w, word, n, list);
	}
}

/* Behind the first word of a list: a name of somebody's. */
static bool
goes_on(const char *word)
{
	word += *word == '+';
	return (is_name(word) || field_meant(word, strcspn(word, "/:,")) != NULL);
}

/* a b c -> a,b,c: words that are names, as argus lists them. */
static bool
take_list(struct rewrite *w)
{
	struct buf list = { 0 };
	int n = 1;

	put_names(w, word_at(w, 1), &list);
	while (goes_on(word_at(w, n + 1)))
		put_names(w, word_at(w, ++n), &list);
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
	{ "country", "country", 0 }, { "geo", "country", 0 }, { "srcgeo", "country", 's' }, { "dstgeo", "country", 'd' },
};
static const struct {
	const char *by, *field;
} orders[] = { { "bytes", "ipbytes" }, { "packets", "pkts" }, { "bps", "load" }, { "pps", "rate" }, { "flows", "trans" } };

/* Of the parts behind a slash: a length of prefixes, or what is ordered by; false: neither. */
static bool
put_order(struct rewrite *w, const struct statistic *s, const char *mask, const char *by, size_t n)
{
	char text[32];

	for (size_t k = 0; k < sizeof(orders) / sizeof(orders[0]); k++) {
		if (strlen(orders[k].by) != n || strncmp(orders[k].by, by, n) != 0)
			continue;
		(void)snprintf(text, sizeof(text), "%s%s", s->key, mask);
		put2(w, "-m", kept(w, text));
		(void)snprintf(text, sizeof(text), "%s%s", s->side == 0 || k > 1 ? "" : s->side == 's' ? "s" : "d", orders[k].field);
		put2(w, "-o", kept(w, text));
		if (k > 1)
			w->tell = "flows have both directions here, and rates are over the time that was asked for";
		return (true);
	}
	return (false);
}

/* srcip4/24/packets/bytes: a top for each order. */
static void
put_statistic(struct rewrite *w, const struct statistic *s, const char *word)
{
	const char *p = strpbrk(word, "/:");
	char mask[8] = "";
	bool any = false;

	for (size_t n; p != NULL && *p != '\0'; p += n) {
		n = strcspn(++p, "/:");
		if (n > 0 && n < 4 && strspn(p, "0123456789") >= n)
			(void)snprintf(mask, sizeof(mask), "/%.*s", (int)n, p);
		else if (put_order(w, s, mask, p, n))
			any = true;
		else
			run_usage("-s %s: ordered by bytes, packets, flows, bps or pps", word);
	}
	if (!any)
		(void)put_order(w, s, mask, "flows", strlen("flows"));
}

static bool
take_statistic(struct rewrite *w)
{
	const char *word = word_at(w, 1), *slash = strpbrk(word, "/:");
	size_t n = strcspn(word, "/:");

	if (n > 2 && (word[n - 1] == '4' || word[n - 1] == '6') && strncmp(word + n - 3, "ip", 2) == 0)
		n--;
	for (size_t i = 0; i < sizeof(statistics) / sizeof(statistics[0]); i++) {
		const struct statistic *s = &statistics[i];

		if (strlen(s->of) != n || strncmp(s->of, word, n) != 0 || (slash == NULL && is_name(word)))
			continue;
		put_statistic(w, s, word);
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

/* nfdump's forms of output; of each another one with whole addresses of IPv6. */
static const struct {
	const char *word, *option[2], *tool, *tell;
} forms[] = {
	{ "csv", { "--csv" }, NULL, NULL },
	{ "json", { "--json" }, NULL, NULL },
	{ "ndjson", { "--json" }, NULL, NULL },
	{ "json-log", { "--json" }, NULL, NULL },
	{ "extended", { "-s", "+stcpflags,dtcpflags,sdscp,ddscp,load,rate" }, NULL, NULL },
	{ "long", { "-s", "+stcpflags,dtcpflags,sdscp,ddscp" }, NULL, NULL },
	{ "bilong", { "-s", "+stcpflags,dtcpflags,sdscp,ddscp" }, NULL, NULL },
	{ "line", { NULL }, NULL, NULL },
	{ "biline", { NULL }, NULL, NULL },
	{ "gline", { "-s", "+sco,dco" }, NULL, NULL },
	{ "pipe", { "-c", "|" }, NULL, "it has other columns here" },
	{ "raw", { "-s", "all" }, NULL, "it has other columns here" },
	{ "null", { NULL }, "racount", "sums are another tool's" },
};

static bool
take_output_word(struct rewrite *w)
{
	const char *word = word_at(w, 1);

	if (strncmp(word, "fmt:", 4) == 0)
		return (take_format(w, word));
	if (strncmp(word, "csv:", 4) == 0) {
		put(w, "--csv");
		return (take_format(w, word));
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = strlen(forms[i].word);

		if (strncmp(word, forms[i].word, n) != 0 || (word[n] != '\0' && strcmp(word + n, "6") != 0))
			continue;
		for (int k = 0; k < 2 && forms[i].option[k] != NULL; k++)
			put(w, forms[i].option[k]);
		w->tool = forms[i].tool != NULL ? forms[i].tool : w->tool;
		w->tell = forms[i].tell != NULL ? forms[i].tell : w->tell;
		w->at += 2;
		return (true);
	}
	return (false);
}

/* One mode of argus; how many words it has; 0: it is none. */
static int
take_mode(struct rewrite *w, int n)
{
	static const char *const done[] = { "hard", "norep", "nomodify" }; /* anyway */
	const char *word = word_at(w, n), *more = word_at(w, n + 1);

	if (strcmp(word, "json") == 0) {
		put(w, "--json");
	} else if (strcmp(word, "time") == 0 && has_letter(w, 'M')) {
		put2(w, "-M", more);
		return (2);
	} else if (is_tool("rasplit") && (strcmp(word, "count") == 0 || strcmp(word, "size") == 0)) {
		put2(w, strcmp(word, "count") == 0 ? "--records" : "--size", more);
		return (2);
	} else if (strcmp(word, "zero") == 0 && is_tool("rabins")) {
		put(w, "--zero");
	} else if (strcmp(word, "rmon") == 0) {
		w->tell = "a record that counts for both its ends is a key";
		w->tool = has_letter(w, 'm') ? NULL : "racluster";
		put2(w, "-m", "host");
		w->rmon = true;
	} else if (strcmp(word, "proto") != 0 || !is_tool("racount")) {
		for (size_t i = 0; i < sizeof(done) / sizeof(done[0]); i++)
			if (strcmp(word, done[i]) == 0)
				return (1);
		return (0);
	}
	return (1);
}

/* Several words behind one -M. */
static bool
take_modes(struct rewrite *w)
{
	int n = 1, k;

	while ((k = take_mode(w, n)) > 0)
		n += k;
	for (; !has_letter(w, 'M') && *word_at(w, n) != '\0' && *word_at(w, n) != '-'; n++)
		w->tell = strcmp(word_at(w, n), "xml") == 0 ? "XML is not written, JSON is (--json)" : "there is no such mode";
	w->at += n > 1 ? n : 0;
	return (n > 1);
}

/* tshark's -T fields -e a -e b, -T json */
static bool
take_fields(struct rewrite *w)
{
	struct buf list = { 0 };
	int n = 2;

	if (strcmp(word_at(w, 1), "json") == 0 || strcmp(word_at(w, 1), "ek") == 0) {
		put(w, "--json");
		w->tell = "rows are flows here, not packets";
	} else if (strcmp(word_at(w, 1), "fields") == 0 && strcmp(word_at(w, 2), "-e") == 0) {
		w->tell = "rows are flows here, not packets";
		for (; strcmp(word_at(w, n), "-e") == 0 && *word_at(w, n + 1) != '\0'; n += 2)
			put_names(w, word_at(w, n + 1), &list);
		put2(w, "-s", kept(w, buf_cstr(&list)));
	}
	buf_free(&list);
	w->at += w->tell != NULL ? n : 0;
	return (w->tell != NULL);
}

/* tshark's -z conv,tcp; argus's -z */
static bool
take_taps(struct rewrite *w)
{
	const char *word = word_at(w, 1), *comma = strrchr(word, ',');
	char width[24];

	if (strncmp(word, "conv,", 5) == 0 || strncmp(word, "endpoints,", 10) == 0) {
		w->tool = *word == 'c' ? "racluster" : "ratop";
		put2(w, "-m", *word == 'e' ? "host" : strcmp(comma, ",tcp") == 0 || strcmp(comma, ",udp") == 0 ? "conv" : "matrix");
		w->filter = strcmp(comma, ",ipv6") == 0 ? "ip6" : kept(w, comma + 1);
	} else if (strncmp(word, "io,stat,", 8) == 0) {
		double s = strtod(word + 8, NULL);

		w->tool = s > 0 ? "rabins" : "racluster";
		(void)snprintf(width, sizeof(width), s >= 1 ? "%gs" : "%gms", s >= 1 ? s : s * 1000);
		put2(w, s > 0 ? "-M" : "-m", s > 0 ? kept(w, width) : "none");
	} else if (strcmp(word, "io,phs") == 0) {
		w->tool = "racount";
	} else {
		put2(w, "-s", "+hist");
		w->at++;
		w->tell = "the states of TCP are a field";
		return (true);
	}
	w->tell = "statistics are another tool's";
	w->at += 2;
	return (true);
}

/* tshark's -Y */
static bool
take_filter(struct rewrite *w)
{
	w->filter = word_at(w, 1);
	w->tell = "a filter begins after a lone dash";
	w->at += 2;
	return (true);
}

static bool
take_interface(struct rewrite *w)
{
	struct buf b = { 0 };

	buf_str(&b, TOOL(pavo) " -i ");
	drill_quote(word_at(w, 1), &b);
	buf_str(&b, " -w - | ");
	w->before = kept(w, buf_cstr(&b));
	w->tell = "packets are captured by pavo";
	buf_free(&b);
	w->at += 2;
	return (true);
}

/* nfdump's -O: it sorts what it merges. */
static bool
take_sort(struct rewrite *w)
{
	const char *word = word_at(w, 1);
	const char *by = strcmp(word, "tstart") == 0 ? "stime" : strcmp(word, "tend") == 0 ? "ltime" : strcmp(word, "bps") == 0 ? "load" :
			 strcmp(word, "pps") == 0 ? "rate" : is_name(word) ? word : NULL;

	if (by == NULL)
		return (false);
	put2(w, "-m", by);
	w->tool = "rasort";
	w->tell = "sorting is another tool's";
	w->at += 2;
	return (true);
}

/* tcpdump's -tt, -tttt */
static bool
take_times(struct rewrite *w)
{
	if (strcmp(w->argv[w->at], "-tt") == 0)
		put(w, "-u");
	else if (strcmp(w->argv[w->at], "-tttt") != 0)
		return (false);
	w->at++;
	return (true);
}

/* What one letter of others means, if this tool has no such letter. */
static const struct {
	const char *word, *tell, *tool, *option, *value; /* what does it, if there is something */
	bool argument;	/* a word of its own follows, that means nothing here */
	const char *of; /* this tool alone; NULL: each */
} letters[] = {
	{ "-A", "bytes behind the transport header are fields", NULL, "-s", "+spayload,dpayload", false, NULL },
	{ "-Z", "TCP flags are fields", NULL, "-s", "+stcpflags,dtcpflags", true, NULL },
	{ "-F", "there is no file of settings", NULL, NULL, NULL, true, NULL },
	{ "-S", "records come from files and pipes, not from a server", NULL, "-r", "FILE", true, NULL },
	{ "-a", "merging is another tool's", "racluster", NULL, NULL, false, NULL },
	{ "-I", "what files say of themselves is told by another tool", "racheck", "--summary", NULL, false, NULL },
	{ "-v", "files are checked by another tool", "racheck", NULL, NULL, false, NULL },
	{ "-G", "countries and AS numbers are labels", NULL, "--label", NULL, false, NULL },
	{ "-f", "labels are lists", NULL, "--label", NULL, false, "ralabel" },
	{ "-f", "", NULL, "--filter-file", NULL, false, NULL },
	{ "-g", "what files say of themselves is told by another tool", "racheck", "--csv", NULL, false, NULL },
	{ "-e", "hardware addresses are fields", NULL, "-s", "+smac,dmac", false, NULL },
	{ "-K", "addresses are exchanged by another tool", "ranonymize", "-k", NULL, false, NULL },
	{ "-J", "files are compressed as they are written", NULL, NULL, NULL, true, NULL },
	{ "-V", "", NULL, "--version", NULL, false, NULL },
	{ "-B", "", NULL, NULL, NULL, true, "rabins" },
	{ "-B", "", NULL, NULL, NULL, false, NULL },
	{ "-D", "", NULL, NULL, NULL, true, NULL },
	{ "-X", "", NULL, NULL, NULL, false, NULL },
	{ "-b", "", NULL, NULL, NULL, false, NULL },
	{ "-l", "", NULL, NULL, NULL, false, NULL },
	{ "-6", "", NULL, NULL, NULL, false, NULL },
};

static bool
take_letter(struct rewrite *w)
{
	const char *word = w->argv[w->at];

	if (strcmp(word, "-e") == 0 && *word_at(w, 1) != '\0' && *word_at(w, 1) != '-') /* argus's expression over payloads */
		return (false);
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (strcmp(letters[i].word, word) != 0 || has_letter(w, word[1]) || (letters[i].of != NULL && !is_tool(letters[i].of)))
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

/* argus's `bytes 20:0-1000000`: bars of one width; `10L`, of a logarithm's, as they are here */
static bool
take_histogram(struct rewrite *w)
{
	enum field f = field_named(word_at(w, 1), strlen(word_at(w, 1)));
	const char *bars = word_at(w, 2);
	double n, from, to;
	char *end, width[40];

	put2(w, "-o", word_at(w, 1));
	w->at += 2;
	n = strtod(bars, &end);
	if (!isdigit((unsigned char)*bars))
		return (true);
	w->at++;
	if (*end == 'L')
		return (true);
	from = *end == ':' ? strtod(end + 1, &end) : 0;
	to = *end == '-' ? strtod(end + 1, &end) : 0;
	if (n >= 1 && to > from) {
		(void)snprintf(width, sizeof(width), "%.10g%s", (to - from) / n, fields[f].type == TYPE_DUR ? "s" : "");
		put2(w, "--width", kept(w, width));
	} else {
		w->tell = "a number of bars is not enough: they have one width (--width), or are a quarter of an octave";
	}
	return (true);
}

/* argus's `ragraph bytes proto -M 1m`: quantities, then what they are shown for each value of */
static bool
take_graph(struct rewrite *w)
{
	struct buf shown = { 0 }, keys = { 0 };

	for (; w->at < w->argc && is_name(word_at(w, 0)); w->at++) {
		enum field f = field_named(word_at(w, 0), strlen(word_at(w, 0)));
		bool counted = f != F_NONE && type_is_number((enum type)fields[f].type) && fields[f].type != TYPE_PORT && fields[f].type != TYPE_PROTO;
		struct buf *to = counted ? &shown : &keys;

		buf_printf(to, "%s%s", to->len > 0 ? "," : "", word_at(w, 0));
	}
	if (shown.len > 0)
		put2(w, "-s", kept(w, buf_cstr(&shown)));
	if (keys.len > 0)
		put2(w, "-m", kept(w, buf_cstr(&keys)));
	put2(w, "--svg", "ragraph.svg");
	w->tell = "columns and keys have options";
	buf_free(&shown);
	buf_free(&keys);
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

static const struct {
	const char *word;
	bool (*take)(struct rewrite *);
	bool ours;  /* the letter means something here, too */
	bool alone; /* without a word behind it, too */
} takers[] = {
	{ "-T", take_fields, false, false }, { "-z", take_taps, false, true },	{ "-Y", take_filter, false, false },
	{ "-i", take_interface, false, false }, { "-O", take_sort, false, false }, { "-t", take_times, true, true },
};

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
	if (w->at == 1 && is_tool("ragraph") && is_name(word))
		return (take_graph(w));
	if ((strcmp(word, "-n") == 0 || strcmp(word, "-c") == 0) && take_count(w))
		return (true);
	if (strcmp(word, "-o") == 0)
		return (take_output_word(w));
	if (strcmp(word, "-A") == 0 && take_aggregation(w))
		return (true);
	if (strcmp(word, "-H") == 0 && is_tool("rahisto") && is_name(word_at(w, 1)))
		return (take_histogram(w));
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (strncmp(word, takers[i].word, 2) == 0 && (takers[i].alone || *word_at(w, 1) != '\0') && (word[2] == '\0' || word[1] == 't') && (takers[i].ours || !has_letter(w, word[1])))
			return (takers[i].take(w));
	return (take_letter(w));
}

static noreturn void
tell(const struct rewrite *w, const char *typed)
{
	struct buf line = { 0 };
	bool filtered = false;

	buf_str(&line, w->before != NULL ? w->before : "");
	if (w->tool != NULL)
		buf_printf(&line, PROGRAM_PREFIX "%s" PROGRAM_SUFFIX, w->tool);
	else
		buf_str(&line, log_name());
	for (int i = 1; i < w->n; i++) {
		filtered |= strcmp(w->to[i], "-") == 0;
		buf_u8(&line, ' ');
		drill_quote(w->to[i], &line);
	}
	if (w->filter != NULL) {
		buf_str(&line, filtered ? " and " : " - ");
		drill_quote(w->filter, &line);
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
