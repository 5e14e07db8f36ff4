/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ranonymize: records that can be given away.  See ranonymize(1).
 *
 * What is done to a field is said by its type; only prefixes, labels and the probe's name have a line of their own.
 */
#include "ra-tools/anon.h"
#include "ra-tools/query/labels.h"
#include "ra-tools/run/run.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { O_NEWKEY = O_OWN, O_PORTS, O_SHIFT, O_PROBE, O_KEEPLABELS };

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/ranonymize.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Replaces addresses and ids in flow records, so that they can be given away.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.columns = "stime flgs proto saddr sport dir daddr dport spkts dpkts sbytes dbytes sloss "
		   "dloss state",
};

static const char *key_path, *new_key, *probe;
static bool keep_labels, ports;
static uint16_t first_port;
static int64_t shift;

static void
take_shift(const char *arg)
{
	bool back = *arg == '-';

	if (!clock_parse_dur(arg + back, strlen(arg + back), &shift) || shift % SEC != 0)
		run_usage("--shift %s: expected whole seconds, such as 3d or -1h", arg);
	if (back)
		shift = -shift;
}

static bool
option(int c, const char *arg)
{
	switch (c) {
	case 'k':
		key_path = arg;
		return (true);
	case O_NEWKEY:
		new_key = arg;
		return (true);
	case O_PORTS:
		ports = true;
		first_port = strcmp(arg, "high") == 0 ? 1024 : 1;
		if (first_port == 1 && strcmp(arg, "all") != 0)
			run_usage("--ports %s: expected high or all", arg);
		return (true);
	case O_SHIFT:
		take_shift(arg);
		return (true);
	case O_PROBE:
		probe = arg;
		return (true);
	case O_KEEPLABELS:
		return (keep_labels = true);
	default:
		return (false);
	}
}

/* --- the key ----------------------------------------------------------------------------------- */

static void
read_key(const char *path, uint8_t key[static ANON_KEY])
{
	char text[2 * ANON_KEY + 8] = "";
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		run_fail("%s: %s", path, strerror(errno));
	n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = '\0';
	if (n != 2 * ANON_KEY || strspn(text, "0123456789abcdefABCDEF") != n)
		run_fail("%s: expected a key of 64 hexadecimal digits (--new-key makes one)", path);
	for (int i = 0; i < ANON_KEY; i++) {
		char byte[3] = { text[2 * i], text[2 * i + 1], '\0' };

		key[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

/* For its owner alone, and never over another. */
static void
write_key(const char *path, const uint8_t key[static ANON_KEY])
{
	char text[2 * ANON_KEY + 2];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	for (int i = 0; i < ANON_KEY; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", key[i]);
	text[2 * ANON_KEY] = '\n';
	if (fd < 0 || write(fd, text, 2 * ANON_KEY + 1) != 2 * ANON_KEY + 1 || close(fd) != 0)
		run_fail("%s: %s", path, strerror(errno));
}

static struct anon *
prepare(void)
{
	uint8_t key[ANON_KEY];

	if (key_path != NULL && new_key != NULL)
		run_usage("--key and --new-key: one of them");
	if (key_path != NULL)
		read_key(key_path, key);
	else if (!anon_random_key(key))
		run_fail("no random numbers for a key");
	if (new_key != NULL)
		write_key(new_key, key);
	return (anon_new(key));
}

/* --- values ------------------------------------------------------------------------------------ */

/* Is it a multicast address?  It stays one; and what no card has stays as well. */
static uint64_t
other_mac(struct anon *a, uint64_t mac)
{
	const uint64_t group = 1ull << 40, local = 1ull << 41;

	if (mac == 0 || mac == 0xffffffffffffull)
		return (mac);
	return (((anon_number(a, 'M', mac, 48) & ~group) | local) | (mac & group));
}

static uint64_t
other_number(struct anon *a, enum field f, uint64_t v)
{
	switch (fields[f].type) {
	case TYPE_MAC:
		return (other_mac(a, v));
	case TYPE_PORT:
		return (ports && v <= 65535 ? anon_port(a, (uint16_t)v, first_port) : v);
	case TYPE_ID:
		return (anon_number(a, 'I', v, 64));
	case TYPE_HEX32: /* SPIs and RTP sources; 0 is none. The LLC's is a protocol */
		return (v == 0 || f == F_sap ? v : anon_number(a, 'H', v, 32));
	case TYPE_TIME:
		return (v + (uint64_t)shift);
	default:
		return (v);
	}
}

static void
change_addresses(struct anon *a, struct column *c, const struct column *mask, uint32_t rows)
{
	for (uint32_t r = 0; r < rows; r++) {
		if (!bit_get(c->present, r))
			continue;
		c->ip[r] = anon_ip(a, &c->ip[r]);
		if (column_has(mask, r))
			c->ip[r] = ip_mask(&c->ip[r], (unsigned)mask->u[r]);
	}
}

static void
change_column(struct anon *a, struct batch *b, enum field f)
{
	struct column *c = b->col[f];

	if (fields[f].type == TYPE_IP) {
		change_addresses(a, c, b->col[f == F_saddr ? F_smask : F_dmask], b->rows);
	} else if (field_is_label(f) && !keep_labels) {
		memset(c->present, 0, BITS_WORDS(b->rows) * 8);
		c->mixed = NULL;
	} else if (f == F_probe && probe != NULL) {
		for (uint32_t r = 0; r < b->rows; r++)
			if (bit_get(c->present, r))
				c->b[r] = (struct blob){ (const uint8_t *)probe,
							 (uint32_t)strlen(probe) };
	} else if (c->store == STORE_U64) {
		for (uint32_t r = 0; r < b->rows; r++)
			if (bit_get(c->present, r))
				c->u[r] = other_number(a, f, c->u[r]);
	}
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);
	struct anon *a = prepare();
	struct batch *b;

	if (probe != NULL)
		run_call_probe(r, probe);
	while ((b = run_next(r)) != NULL) {
		if (run_segment(r)->interval > 0 && shift % (run_segment(r)->interval * SEC) != 0)
			run_fail(
			    "--shift: %s was recorded in bins of %u s: expected a multiple of them",
			    run_at(r), run_segment(r)->interval);
		for (enum field f = 0; f < F_STORED; f++)
			if (b->col[f] != NULL)
				change_column(a, b, f);
		if (!run_print(r, b))
			break;
	}
	anon_free(&a);
	return (run_end(&r));
}
