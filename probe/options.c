/* SPDX-License-Identifier: BSD-2-Clause
 *
 * options.c: the command line of pavo, from the rows of probe.opt.  Tested by tests/cli/TESTLIST.
 */
#include "probe/options.h"

#include "format/base/buf.h"
#include "format/base/clock.h"
#include "format/base/far.h"
#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "format/base/show.h"
#include "format/flow.h"
#include "probe/conf.h"
#include "probe/crew.h"
#include "probe/out/hook.h"
#include "probe/out/name.h"
#include "probe/out/relay.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { O_ASIS = 256, O_KEY, O_OUTER, O_IPONLY, O_AHINNER, O_ESPUDP, O_MAXFLOWS, O_MAXFRAGS, O_MAXSAS, O_NOLANES, O_SNAPLEN, O_BUFFER, O_FANOUT, O_FLUSH,
	O_NOPROMISC, O_HEALTH, O_PPING, O_STATS, O_METRICS, O_CHROOT, O_NOSANDBOX, O_PIDFILE, O_ROTATE, O_EXEC, O_SPOOL, O_TLSCERT, O_TLSKEY, O_TLSCA, O_VERSION };

static const struct option_row rows[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "probe/probe.opt"
};
#define SHARE_MIN 32 /* of a cap, for a worker */
#define NROWS (sizeof(rows) / sizeof(rows[0]))

/* Where a line of the configuration file is being read; file NULL: it is the command line. */
static struct {
	const char *file, *key;
	unsigned line;
} place;

static noreturn void
usage(const char *sentence, const char *word)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), sentence, word);
	if (place.file != NULL) {
		log_warnx("%s:%u: %s", place.file, place.line, text);
	} else {
		log_warnx("%s", text);
		fprintf(stderr, "%s: see %s --help\n", log_name(), log_name());
	}
	exit(EXIT_ERROR);
}

static noreturn void
help(void)
{
	struct buf b = { 0 };

	option_lines(&b, rows, NROWS);
	show_printf("usage: " TOOL(pavo) " (-r FILE... | -i IFACE...) [-w OUT] [options] [- BPF-FILTER]\n"
		    "Packets in, flow records out.\n\n"
		    "%s"
		    "\nThe filter is tcpdump's (pcap-filter(7)).  Read what was written with ra(1):\n"
		    "  " TOOL(pavo) " -r capture.pcap | " TOOL(ra) "\n", buf_cstr(&b));
	buf_free(&b);
	exit(0);
}

/* What the user wrote for an option. */
static const char *
named(const char *option)
{
	return (place.file != NULL ? place.key : option);
}

/* A number with k, M, G behind it, or Ki, Mi, Gi: powers of 1024. */
static uint64_t
number(const char *option, const char *arg, uint64_t least, uint64_t most)
{
	static const char units[] = "kMG";
	const char *unit;
	char *end, say[256];
	unsigned long long v, times = 1;

	errno = 0;
	v = strtoull(arg, &end, 10);
	unit = *end == 'K' ? units : *end != '\0' ? strchr(units, *end) : NULL;
	if (unit != NULL) {
		bool binary = end[1] == 'i';

		for (const char *u = units; u <= unit; u++)
			times *= binary ? 1024 : 1000;
		end += binary ? 2 : 1;
	}
	if (!isdigit((unsigned char)arg[0]) || *end != '\0' || errno != 0 || v > UINT64_MAX / times ||
	    v * times < least || v * times > most) {
		(void)snprintf(say, sizeof(say), "%s %%s: expected a number from %llu to %llu", named(option),
		    (unsigned long long)least, (unsigned long long)most);
		usage(say, arg);
	}
	return (v * times);
}

/* A time of `least` to `most` ns: 500ms, 2s, 1m; a bare number is seconds. */
static int64_t
duration(const char *option, const char *arg, int64_t least, int64_t most)
{
	int64_t ns;
	char say[256];

	if (!clock_parse_dur(arg, strlen(arg), &ns) || ns < least || ns > most) {
		snprintf(say, sizeof(say), "%s %%s: expected a time such as 500ms or 2s, at most %llds", named(option),
		    (long long)(most / SEC));
		usage(say, arg);
	}
	return (ns);
}

/* A threshold, by its key without "health.". */
static void
set_limit(struct options *o, const char *key, char *value)
{
	const struct health_row *h = health_rows, *best = h;
	unsigned least = UINT_MAX;
	char option[80], say[256];
	size_t n = strlen(value);
	uint64_t v;

	for (; h->key != NULL && strcmp(h->key, key) != 0; h++) {
		unsigned d = name_distance(key, strlen(key), h->key);

		if (d < least) {
			least = d;
			best = h;
		}
	}
	if (h->key == NULL) {
		(void)snprintf(say, sizeof(say), "%s%%s: no such threshold; the nearest is %s%s",
		    place.file != NULL ? "health." : "--health ", place.file != NULL ? "health." : "", best->key);
		usage(say, key);
	}
	(void)snprintf(option, sizeof(option), "--health %s", h->key);
	if (h->unit == HEALTH_UNIT_PERCENT && n > 1 && value[n - 1] == '%')
		value[n - 1] = '\0';
	if (h->unit == HEALTH_UNIT_USEC)
		v = (uint64_t)duration(option, value, (int64_t)h->least * USEC, (int64_t)h->most * USEC) / USEC;
	else
		v = number(option, value, h->least, h->most);
	memcpy((char *)&o->limits + h->at, &v, sizeof(v));
}

static void
take_health(struct options *o, const char *arg)
{
	char *copy = mem_str(arg), *equals = strchr(copy, '=');

	if (equals == NULL || equals == copy || equals[1] == '\0')
		usage("--health %s: expected KEY=VALUE, such as bufbloat.delay=50ms", arg);
	*equals = '\0';
	set_limit(o, strncmp(copy, "health.", 7) == 0 ? copy + 7 : copy, equals + 1);
	free(copy);
}

/* +vlan, +gre, or several: +vlan+gre */
static void
take_key(struct options *o, const char *arg)
{
	const char *at = arg;

	while (*at == '+') {
		size_t n = strcspn(at + 1, "+");

		if (n == 4 && strncmp(at + 1, "vlan", n) == 0)
			o->key.vlan = true;
		else if (n == 3 && strncmp(at + 1, "gre", n) == 0)
			o->key.gre = true;
		else
			break;
		at += n + 1;
	}
	if (at == arg || *at != '\0')
		usage("--key %s: expected +vlan, +gre or +vlan+gre", arg);
}

static void
add_file(struct options *o, char *name)
{
	o->files = mem_grow(o->files, (size_t)o->nfiles + 1, sizeof(*o->files));
	o->files[o->nfiles++] = name;
}

static void
add_iface(struct options *o, char *name)
{
	for (unsigned i = 0; i < o->nifaces; i++)
		if (strcmp(o->ifaces[i], name) == 0)
			usage("-i %s: it is named twice", name);
	if (o->nifaces == CAPTURE_IFACES)
		usage("-i %s: so many interfaces are enough; -i any is all of them", name);
	o->ifaces[o->nifaces++] = name;
}

/* Options that are there or not. */
static bool
take_switch(struct options *o, int c)
{
	const struct {
		int c;
		bool *on;
	} switches[] = { { 'D', &o->list }, { 'q', &o->quiet }, { O_ASIS, &o->as_is }, { O_OUTER, &o->decode.outer },
		{ O_IPONLY, &o->decode.ip_only }, { O_AHINNER, &o->decode.ah_inner }, { O_NOLANES, &o->no_lanes },
		{ O_NOPROMISC, &o->no_promisc }, { O_NOSANDBOX, &o->guard.no_sandbox }, { 'd', &o->guard.daemon } };

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (switches[i].c == c) {
			*switches[i].on = true;
			return (true);
		}
	return (false);
}

/* Options whose word is kept as it is. */
static bool
take_word(struct options *o, int c, const char *arg)
{
	const struct {
		int c;
		const char **word;
	} words[] = { { O_SPOOL, &o->spool }, { O_TLSCERT, &o->tls.cert }, { O_TLSKEY, &o->tls.key }, { O_TLSCA, &o->tls.ca }, { 'e', &o->probe }, { O_PPING, &o->pping }, { O_STATS, &o->stats },
		{ O_METRICS, &o->metrics }, { 'u', &o->guard.user },
		{ 'g', &o->guard.group }, { O_CHROOT, &o->guard.root }, { O_PIDFILE, &o->guard.pidfile } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].c == c) {
			*words[i].word = arg;
			return (true);
		}
	return (false);
}

/* A file, or one more collector. */
static void
take_output(struct options *o, const char *arg)
{
	char err[512];

	if (!far_is(arg)) {
		*(relay_is(arg) ? &o->relay : &o->out) = arg;
		return;
	}
	if (!sender_right(arg, err, sizeof(err)))
		usage("-w %s", err);
	if (o->nways == SENDER_WAYS)
		usage("-w %s: so many collectors are enough", arg);
	o->way[o->nways++] = arg;
}

static void
take(struct options *o, int c, char *arg)
{
	if (take_switch(o, c) || take_word(o, c, arg))
		return;
	switch (c) {
	case 'w':
		take_output(o, arg);
		break;
	case 'i':
		add_iface(o, arg);
		break;
	case 'S':
		o->interval = (unsigned)number("-S", arg, 1, 3600);
		break;
	case 'j':
		o->workers = (unsigned)number("-j", arg, 1, CREW_MOST);
		break;
	case O_KEY:
		take_key(o, arg);
		break;
	case O_ESPUDP:
		if (o->decode.nesp_udp == ESP_UDP_MAX)
			usage("--esp-udp %s: so many ports are enough", arg);
		o->decode.esp_udp[o->decode.nesp_udp++] = (uint16_t)number("--esp-udp", arg, 1, 65535);
		break;
	case O_MAXFLOWS:
		o->max_flows = (uint32_t)number("--max-flows", arg, 16, 500000000);
		break;
	case O_MAXFRAGS:
		o->max_frags = (uint32_t)number("--max-frags", arg, 16, 100000000);
		break;
	case O_MAXSAS:
		o->max_sas = (uint32_t)number("--max-sas", arg, 16, 100000000);
		break;
	case O_SNAPLEN:
		o->snaplen = (int)number("--snaplen", arg, 64, 262144);
		break;
	case O_BUFFER:
		o->buffer = (int)number("--buffer", arg, 65536, 2000000000);
		break;
	case O_FANOUT:
		o->fanout = (unsigned)number("--fanout", arg, 1, CAPTURE_RINGS);
		break;
	case O_FLUSH:
		o->flush = duration("--flush", arg, 0, 3600 * SEC);
		break;
	case O_ROTATE:
		o->rotate = duration("--rotate", arg, SEC, 366 * 86400 * SEC);
		break;
	case O_EXEC:
		o->exec = arg;
		break;
	case O_HEALTH:
		take_health(o, arg);
		break;
	case 'r':
		add_file(o, arg);
		break;
	case 'F':
		break; /* read before everything else */
	case 'h':
		help();
	case O_VERSION:
		show_printf("pavo %s\n", PACKAGE_VERSION);
		exit(0);
	}
}

static char *
joined(char **word, unsigned n, char sep)
{
	struct buf b = { 0 };

	for (unsigned i = 0; i < n; i++) {
		if (i > 0)
			buf_u8(&b, (uint8_t)sep);
		buf_str(&b, word[i]);
	}
	(void)buf_cstr(&b);
	return ((char *)b.p);
}

/* Each worker has its share of a cap. */
static void
divide(const char *option, uint32_t cap, unsigned workers)
{
	char say[128], word[16];

	if (workers == 1 || cap / workers >= SHARE_MIN)
		return;
	(void)snprintf(say, sizeof(say), "%s %%s: too little for %u workers: %u each at least", option, workers, SHARE_MIN);
	(void)snprintf(word, sizeof(word), "%u", cap);
	usage(say, word);
}

/* Files that change with time, and what is done with them. */
static void
check_rotation(const struct options *o, bool to_stdout)
{
	char err[1024], text[CLOCK_TEXT];
	char **words;

	if (o->rotate > 0 && to_stdout)
		usage("--rotate: standard output is one file: say -w NAME, such as %s", "-w '%Y/%m/%d/$probe-%H%M.pavo'");
	if (o->exec != NULL && to_stdout)
		usage("--exec %s: there are no files on standard output: say -w NAME", o->exec);
	if (o->rotate % (o->interval * SEC) != 0) {
		(void)clock_dur((uint64_t)(o->rotate / USEC), 0, text);
		(void)snprintf(err, sizeof(err), "--rotate %ss: files hold whole bins: it has to be a multiple of %%s s (-S)", text);
		(void)snprintf(text, sizeof(text), "%u", o->interval);
		usage(err, text);
	}
	if (o->exec != NULL && o->out == NULL)
		usage("--exec %s: that is for files of one's own: say -w NAME too", o->exec);
	if (o->out != NULL && !to_stdout && !name_check(o->out, o->rotate, err, sizeof(err)))
		usage("%s", err);
	if (o->exec == NULL)
		return;
	if ((words = hook_words(o->exec, err, sizeof(err))) == NULL)
		usage("%s", err);
	free(words);
}

/* Where the probe tells how it is. */
static void
check_told(const struct options *o, bool to_stdout)
{
	bool lines = o->stats != NULL && strcmp(o->stats, "-") == 0;

	if (lines && to_stdout)
		usage("--stats %s: the records go to standard output already: say -w FILE", o->stats);
	if (lines && o->pping != NULL && strcmp(o->pping, "-") == 0)
		usage("--stats %s: round trips go to standard output already: say --pping FILE", o->stats);
	if (o->metrics != NULL && strcmp(o->metrics, "-") == 0)
		usage("--metrics %s: expected a file: it is made anew each time", o->metrics);
	if (o->stats != NULL && o->metrics != NULL && strcmp(o->stats, o->metrics) == 0)
		usage("--stats %s: --metrics has that file", o->stats);
}

static void
check_guard(const struct options *o, bool to_stdout)
{
	if (o->guard.daemon && o->nifaces == 0)
		usage("%s: a daemon captures: say -i IFACE", "-d");
	if (o->guard.daemon && (to_stdout || (o->pping != NULL && strcmp(o->pping, "-") == 0) ||
	    (o->stats != NULL && strcmp(o->stats, "-") == 0)))
		usage("%s: a daemon has no standard output: say -w FILE", "-d");
	if (o->guard.root != NULL && o->nifaces == 0)
		usage("--chroot %s: that is for capturing: say -i IFACE", o->guard.root);
}

static void
check(const struct options *o)
{
	bool to_stdout = o->out == NULL ? o->nways == 0 : strcmp(o->out, "-") == 0;

	if (o->relay != NULL && (o->rotate > 0 || o->exec != NULL))
		usage("%s: --rotate and --exec are for files", o->relay);
	if (o->list)
		return;
	if (o->nifaces == 0 && o->nfiles == 0)
		usage("%s: say what to read: -r FILE or -i IFACE", "nothing to do");
	if (o->nifaces > 0 && o->nfiles > 0)
		usage("-i %s: files and an interface do not go together", o->ifaces[0]);
	if (o->fanout > 1 && o->nifaces == 0)
		usage("--fanout: %s: say -i IFACE", "it is of interfaces");
	if (o->pping != NULL && strcmp(o->pping, "-") == 0 && to_stdout)
		usage("--pping %s: the records go to standard output already: say -w FILE", o->pping);
	check_rotation(o, to_stdout);
	check_told(o, to_stdout);
	check_guard(o, to_stdout);
	divide("--max-flows", o->max_flows, o->workers);
	divide("--max-frags", o->max_frags, o->workers);
	divide("--max-sas", o->max_sas, o->workers);
	if (o->out == NULL && o->nways == 0 && isatty(STDOUT_FILENO))
		usage(o->nifaces > 0 ? "records are not for a terminal: say -w FILE, or pipe into " TOOL(ra) ": " TOOL(pavo) " -i %s | " TOOL(ra) :
		    "records are not for a terminal: say -w FILE, or pipe into " TOOL(ra) ": " TOOL(pavo) " -r %s | " TOOL(ra),
		    o->nifaces > 0 ? o->ifaces[0] : o->files[0]);
}

static char *
host_name(void)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
		return (mem_str("pavo"));
	return (mem_str(name));
}

/* --- the configuration file */

/* Keys are the long options, but for those that only make sense by hand. */
static const struct option_row *
row_of_key(const char *key)
{
	for (size_t i = 0; i < NROWS; i++)
		if (strcmp(rows[i].name, key) == 0 && rows[i].code != 'F' && rows[i].code != 'D' && rows[i].code != 'h' &&
		    rows[i].code != O_VERSION)
			return (&rows[i]);
	return (NULL);
}

static noreturn void
no_such_key(const char *key)
{
	const char *best = "filter";
	unsigned least = name_distance(key, strlen(key), best);
	char say[256];

	for (size_t i = 0; i < NROWS; i++) {
		unsigned d = name_distance(key, strlen(key), rows[i].name);

		if (d < least && row_of_key(rows[i].name) != NULL) {
			least = d;
			best = rows[i].name;
		}
	}
	(void)snprintf(say, sizeof(say), "%%s: no such key; the nearest is %s", best);
	usage(say, key);
}

static bool
yes(const char *key, const char *value)
{
	static const struct {
		const char *word;
		bool is;
	} words[] = { { "yes", true }, { "no", false }, { "true", true }, { "false", false }, { "on", true },
		{ "off", false } };
	char say[256];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].word, value) == 0)
			return (words[i].is);
	(void)snprintf(say, sizeof(say), "%s %%s: expected yes or no", key);
	usage(say, value);
}

static void
take_line(struct options *o, const struct conf_line *l)
{
	const struct option_row *row;

	place.line = l->number;
	place.key = l->key;
	if (l->value == NULL)
		usage("\"%s\": expected key = value", l->key);
	if (l->value[0] == '\0')
		usage("%s: there is no value", l->key);
	if (strncmp(l->key, "health.", 7) == 0) {
		set_limit(o, l->key + 7, l->value);
		return;
	}
	if (strcmp(l->key, "filter") == 0) {
		free(o->filter);
		o->filter = mem_str(l->value);
		return;
	}
	if ((row = row_of_key(l->key)) == NULL)
		no_such_key(l->key);
	if (row->arg != NULL)
		take(o, row->code, l->value);
	else if (yes(l->key, l->value))
		take(o, row->code, NULL);
}

static void
take_conf(struct options *o, const char *path)
{
	struct conf_line l;
	unsigned number_of_line = 0;
	char err[512], *at;

	if (o->conf != NULL)
		usage("-F %s: one configuration file", path);
	o->conf = at = conf_read(path, err, sizeof(err));
	if (at == NULL)
		fatalx("%s", err);
	place.file = path;
	while (conf_next(&at, &number_of_line, &l))
		take_line(o, &l);
	place.file = NULL;
}

/* --- the command line */

/* What it says of the input stands in for all that the file said of it. */
static void
input_by_hand(struct options *o, int c, bool *before)
{
	if ((c != 'r' && c != 'i') || *before)
		return;
	*before = true;
	o->nfiles = 0;
	o->nifaces = 0;
}

static void
take_words(struct options *o, int argc, char **argv, const char *letters, const struct option *longs, bool conf)
{
	bool input = false;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (c == ':')
			usage("%s needs an argument", argv[optind - 1]);
		if (c == '?')
			usage("%s: no such option", argv[optind - 1]);
		if (conf && c == 'F')
			take_conf(o, optarg);
		if (!conf) {
			input_by_hand(o, c, &input);
			take(o, c, optarg);
		}
		/* up to the next word with a dash */
		for (; (c == 'r' || c == 'i') && optind < argc && argv[optind][0] != '-'; optind++)
			if (!conf)
				take(o, c, argv[optind]);
	}
}

#define SPOOL	 "/var/spool/pavo"
#define SPOOLED	 (300 * SEC) /* a file, if nobody says otherwise: as many whole bins */

static int64_t
period_of_spool(int64_t bin)
{
	return ((SPOOLED + bin - 1) / bin * bin);
}

/* Room for all of them is reserved: on 32 bits it takes a quarter of what there is. */
#define MAX_FLOWS (sizeof(void *) > 4 ? 1000000 : 250000)

void
options_parse(struct options *o, int argc, char **argv)
{
	char letters[OPTION_LETTERS(NROWS)];
	struct option longs[NROWS + 1];

	*o = (struct options){ .interval = 5, .workers = 1, .fanout = 1, .max_flows = MAX_FLOWS, .max_frags = 16384, .max_sas = 65536, .snaplen = 192,
		.buffer = 64000000, .flush = 2 * SEC, .limits = health_default };
	option_words(rows, NROWS, letters, longs);
	opterr = 0;
	take_words(o, argc, argv, letters, longs, true);
	take_words(o, argc, argv, letters, longs, false);
	if (optind < argc && strcmp(argv[optind], "-") == 0) {
		free(o->filter);
		o->filter = joined(argv + optind + 1, (unsigned)(argc - optind - 1), ' ');
	} else if (optind < argc) {
		usage("%s: a filter begins after a lone dash: " TOOL(pavo) " -r FILE - tcp port 80", argv[optind]);
	}
	if (o->probe == NULL)
		o->probe = host_name();
	else
		o->probe = mem_str(o->probe);
	if (o->nifaces > 0)
		o->input = joined(o->ifaces, o->nifaces, ',');
	if (o->relay != NULL && (o->out != NULL || o->nways > 0)) /* brokers that are slow would hold up the others */
		usage("-w %s: beside other outputs there is none of this kind", o->relay);
	if (o->relay != NULL)
		o->out = "-";
	check(o);
	if (o->nways == 0)
		return;
	o->spool = o->spool == NULL ? SPOOL : o->spool;
	o->period = o->rotate > 0 ? o->rotate : period_of_spool(o->interval * SEC);
}

void
options_free(struct options *o)
{
	free(o->files);
	free(o->filter);
	free(o->input);
	free((char *)o->probe);
	free(o->conf);
}
