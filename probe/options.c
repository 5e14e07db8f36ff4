/* SPDX-License-Identifier: BSD-2-Clause
 *
 * options.c: the command line of pavo, from the rows of probe.opt.
 */
#include "probe/options.h"

#include "format/base/buf.h"
#include "format/base/clock.h"
#include "format/base/log.h"
#include "format/base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { O_ASIS = 256, O_KEY, O_OUTER, O_IPONLY, O_AHINNER, O_MAXFLOWS, O_MAXFRAGS, O_MAXSAS, O_NOLANES, O_SNAPLEN, O_BUFFER, O_FLUSH,
	O_NOPROMISC, O_VERSION };

static const struct row {
	int code;
	const char *name, *arg, *doc;
} rows[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "probe/probe.opt"
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

static noreturn void
usage(const char *sentence, const char *word)
{
	log_warnx(sentence, word);
	fprintf(stderr, "%s: see %s --help\n", log_name(), log_name());
	exit(EXIT_ERROR);
}

static noreturn void
help(void)
{
	printf("usage: pavo (-r FILE... | -i IFACE) [-w OUT] [options] [- BPF-FILTER]\n"
	       "Packets in, flow records out.\n\n");
	for (size_t i = 0; i < NROWS; i++) {
		const struct row *o = &rows[i];
		char left[64], letter[8] = "   ";

		if (o->code < 256)
			snprintf(letter, sizeof(letter), "-%c,", o->code);
		snprintf(left, sizeof(left), "%s --%s %s", letter, o->name, o->arg == NULL ? "" : o->arg);
		printf("  %-27s %s\n", left, o->doc);
	}
	printf("\nThe filter is tcpdump's (pcap-filter(7)).  Read what was written with ra(1):\n"
	       "  pavo -r capture.pcap | ra\n");
	exit(0);
}

/* A number with k, M, G behind it. */
static uint64_t
number(const char *option, const char *arg, uint64_t least, uint64_t most)
{
	char *end, say[128];
	unsigned long long v;

	errno = 0;
	v = strtoull(arg, &end, 10);
	switch (*end) {
	case 'k':
	case 'K':
		v *= 1000, end++;
		break;
	case 'M':
		v *= 1000000, end++;
		break;
	case 'G':
		v *= 1000000000, end++;
		break;
	}
	if (!isdigit((unsigned char)arg[0]) || *end != '\0' || errno != 0 || v < least || v > most) {
		snprintf(say, sizeof(say), "%s %%s: expected a number from %llu to %llu", option,
		    (unsigned long long)least, (unsigned long long)most);
		usage(say, arg);
	}
	return (v);
}

/* A time of at most `most` ns: 500ms, 2s, 1m; a bare number is seconds. */
static int64_t
duration(const char *option, const char *arg, int64_t most)
{
	int64_t ns;
	char say[128];

	if (!clock_parse_dur(arg, strlen(arg), &ns) || ns < 0 || ns > most) {
		snprintf(say, sizeof(say), "%s %%s: expected a time such as 500ms or 2s, at most %llds", option,
		    (long long)(most / SEC));
		usage(say, arg);
	}
	return (ns);
}

static void
add_file(struct options *o, char *name)
{
	o->files = mem_grow(o->files, (size_t)o->nfiles + 1, sizeof(*o->files));
	o->files[o->nfiles++] = name;
}

static void
take(struct options *o, int c, char *arg)
{
	switch (c) {
	case 'i':
		if (o->iface != NULL)
			usage("-i %s: one interface at a time", arg);
		o->iface = arg;
		break;
	case 'D':
		o->list = true;
		break;
	case 'w':
		o->out = arg;
		break;
	case 'S':
		o->interval = (unsigned)number("-S", arg, 1, 3600);
		break;
	case 'e':
		o->probe = arg;
		break;
	case 'j':
		if (number("-j", arg, 1, 1024) != 1)
			usage("-j %s: more than one worker is not there yet; leave -j out", arg);
		break;
	case 'q':
		o->quiet = true;
		break;
	case O_ASIS:
		o->as_is = true;
		break;
	case O_KEY:
		if (strcmp(arg, "+vlan") != 0)
			usage("--key %s: expected +vlan", arg);
		o->key.vlan = true;
		break;
	case O_OUTER:
		o->decode.outer = true;
		break;
	case O_IPONLY:
		o->decode.ip_only = true;
		break;
	case O_AHINNER:
		o->decode.ah_inner = true;
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
	case O_NOLANES:
		o->no_lanes = true;
		break;
	case O_SNAPLEN:
		o->snaplen = (int)number("--snaplen", arg, 64, 262144);
		break;
	case O_BUFFER:
		o->buffer = (int)number("--buffer", arg, 65536, 2000000000);
		break;
	case O_NOPROMISC:
		o->no_promisc = true;
		break;
	case O_FLUSH:
		o->flush = duration("--flush", arg, 3600 * SEC);
		break;
	case 'h':
		help();
	case O_VERSION:
		printf("pavo %s\n", PACKAGE_VERSION);
		exit(0);
	}
}

static char *
joined(char **word, int n)
{
	struct buf b = { 0 };

	for (int i = 0; i < n; i++) {
		if (i > 0)
			buf_u8(&b, ' ');
		buf_str(&b, word[i]);
	}
	(void)buf_cstr(&b);
	return ((char *)b.p);
}

static void
check(const struct options *o)
{
	if (o->list)
		return;
	if (o->iface == NULL && o->nfiles == 0)
		usage("%s: say what to read: -r FILE or -i IFACE", "nothing to do");
	if (o->iface != NULL && o->nfiles > 0)
		usage("-i %s: files and an interface do not go together", o->iface);
	if (o->out == NULL && isatty(STDOUT_FILENO))
		usage(o->iface != NULL ? "records are not for a terminal: say -w FILE, or pipe into ra: pavo -i %s | ra" :
		    "records are not for a terminal: say -w FILE, or pipe into ra: pavo -r %s | ra",
		    o->iface != NULL ? o->iface : o->files[0]);
}

static char *
host_name(void)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
		return (mem_str("pavo"));
	return (mem_str(name));
}

static void
getopt_tables(char *letters, struct option *longs)
{
	*letters++ = '+'; /* the first word that is no option ends them */
	*letters++ = ':';
	for (size_t i = 0; i < NROWS; i++) {
		longs[i] = (struct option){ rows[i].name, rows[i].arg != NULL ? required_argument : no_argument,
			NULL, rows[i].code };
		if (rows[i].code >= 256)
			continue;
		*letters++ = (char)rows[i].code;
		if (rows[i].arg != NULL)
			*letters++ = ':';
	}
	*letters = '\0';
	longs[NROWS] = (struct option){ 0 };
}

void
options_parse(struct options *o, int argc, char **argv)
{
	char letters[2 * NROWS + 3];
	struct option longs[NROWS + 1];
	int c;

	*o = (struct options){ .interval = 5, .max_flows = 1000000, .max_frags = 16384, .max_sas = 65536, .snaplen = 192,
		.buffer = 64000000, .flush = 2 * SEC, .limits = health_default };
	getopt_tables(letters, longs);
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (c == ':')
			usage("%s needs an argument", argv[optind - 1]);
		if (c == '?')
			usage("%s: no such option", argv[optind - 1]);
		if (c != 'r') {
			take(o, c, optarg);
			continue;
		}
		add_file(o, optarg); /* and those up to the next word with a dash */
		while (optind < argc && argv[optind][0] != '-')
			add_file(o, argv[optind++]);
	}
	if (optind < argc && strcmp(argv[optind], "-") == 0)
		o->filter = joined(argv + optind + 1, argc - optind - 1);
	else if (optind < argc)
		usage("%s: a filter begins after a lone dash: pavo -r FILE - tcp port 80", argv[optind]);
	if (o->probe == NULL)
		o->probe = host_name();
	else
		o->probe = mem_str(o->probe);
	check(o);
}

void
options_free(struct options *o)
{
	free(o->files);
	free(o->filter);
	free((char *)o->probe);
}
