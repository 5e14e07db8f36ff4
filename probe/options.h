/* SPDX-License-Identifier: BSD-2-Clause
 *
 * options.h: the command line of pavo.
 */
#ifndef PROBE_OPTIONS_H
#define PROBE_OPTIONS_H

#include "probe/capture/options.h"
#include "probe/decode/decode.h"
#include "probe/flow/key.h"
#include "probe/guard/guard.h"
#include "probe/health/health.h"
#include "probe/out/sender.h"

struct options {
	char **files; /* -r */
	int nfiles;
	char *ifaces[CAPTURE_IFACES]; /* -i */
	unsigned nifaces;  /* 0: files */
	char *input;       /* eth0,eth1; NULL: files */
	unsigned fanout;   /* rings of each */
	const char *out;   /* -w; NULL: stdout, or none where there are ways */
	const char *relay; /* -w kafka://...: then `out` is stdout; NULL */
	const char *way[SENDER_WAYS]; /* -w tcp://HOST:PORT */
	unsigned nways;
	struct tls_files tls; /* for tls:// */
	const char *spool; /* where what they get waits, */
	int64_t period;    /* ns: in files of so much time; 0: there are no ways */
	int64_t rotate;    /* ns; 0: one file */
	const char *exec;  /* NULL: none */
	const char *probe; /* -e */
	const char *pping; /* NULL: none; "-": stdout */
	const char *stats, *metrics; /* NULL: none; stats "-": stdout */
	char *filter;      /* BPF, or NULL */
	unsigned interval; /* seconds */
	uint32_t max_flows, max_frags, max_sas;
	unsigned workers;
	bool no_lanes;
	int snaplen, buffer;
	int64_t flush; /* ns */
	bool as_is, no_promisc, quiet, list;
	struct decode_options decode;
	struct key_options key;
	struct health_limits limits;
	struct guard_options guard;
	char *conf; /* text of -F; the words above may lie in it */
};

/* A mistake ends the program with a sentence and status 2; --help and --version with 0. */
void options_parse(struct options *, int argc, char **argv);
void options_free(struct options *);

#endif
