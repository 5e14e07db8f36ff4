/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sla.h: what a tunnel did, bin by bin and over the whole period, and whether that is what was promised
 * (SEMANTICS 7).  Computes; out/ prints.
 *
 *	s = sla_new(&options);
 *	sla_add(s, rows of bins.h by probe and tunnel or lane), sla_ike(s, by probe and address pair), sla_suspect(s, ...)
 *	sla_judge(s, width of a bin);
 *	t = sla_tunnel(s, i); sla_look(s, t); t->point[0] ...
 */
#ifndef RA_TOOLS_REPORT_SLA_H
#define RA_TOOLS_REPORT_SLA_H

#include "format/base/buf.h"
#include "format/base/zone.h"
#include "format/batch.h"
#include "ra-tools/query/probes.h"

struct contract;
struct keys;
struct contracts;
struct labels;

/* What can be promised.  Each is a number of one kind; `most` says whether it is a bound from above. */
enum sla_term {
	SLA_LOSS,    /* net loss, % of the packets expected */
	SLA_AVAIL,   /* availability, % */
	SLA_REORDER, /* late packets, % */
	SLA_DUP,     /* duplicates, % */
	SLA_REPLAY,  /* what a replay window of 64 would drop, % */
	SLA_BURST,   /* longest burst of packets lost */
	SLA_OUTAGE,  /* outages proven by sequence numbers, s */
	SLA_P95,     /* throughput, bit/s, 95th percentile: at least */
	SLA_RTT,     /* round trip between the sender and the probe, 95th percentile, s */
	SLA_TERMS
};

struct sla_limits {
	bool set[SLA_TERMS];
	double value[SLA_TERMS];
};

extern const struct sla_term_info {
	const char *word, *title, *unit;
	bool most; /* more than the limit violates it; else less */
} sla_terms[SLA_TERMS];

/* "loss=0.1%,avail=99.9%,outage=5s,p95=10M". false: err says why. */
bool sla_parse(const char *, struct sla_limits *, char *err, size_t errlen);

#define SLA_LOCAL 16

struct sla_options {
	struct sla_limits limits; /* of tunnels that no contract names */
	const struct contracts *contracts; /* NULL: none; borrowed, as are labels */
	const struct labels *labels;	   /* names of gateways; NULL: none */
	enum clock_zone zone;		   /* of hours of service */
	struct sla_local {		   /* whose side is the first of a tunnel */
		struct ip net;
		unsigned len;
	} local[SLA_LOCAL];
	unsigned locals;
	const struct keys *key; /* anything that is no tunnel; NULL: tunnels or lanes.  Borrowed.  Nothing is said of its being up */
	double lmax;	     /* % of loss above which a bin is degraded, if enough was expected or lost in it */
	uint64_t min_sample; /* packets below which a percentage is not told */
	bool oneway, strict;
};

/* SLA_ONE_WAY: only one side is alive, and the rule of DOWN does not hold: not judged. */
enum sla_state { SLA_IDLE, SLA_UP, SLA_DEGRADED, SLA_DOWN, SLA_ONE_WAY, SLA_STATES };
extern const char *const sla_state_words[SLA_STATES];

#define SLA_WINDOWS 8 /* replay windows of 32, 64 ... 4096 packets */

struct sla_counts { /* of one direction; all add, the maxima are maxima */
	uint64_t pkts, bytes, uniq, lost, fix, dup, late, early, gapev, stale, badseq, jumps,
	    jumpskip, resets, noutage, outage, nr3, frags, fragdg, fragok, fraginc, fragorph, rekeys, roam,
	    ipg_sum, ipg_n, rst, ackev, ackgap, ackfix, rpl[SLA_WINDOWS];
	uint64_t maxgap, lagmax, extmax, lateus_max;
};

enum { SLA_DOWN_SOURCE = 1, SLA_DOWN_DESTINATION = 2, SLA_DOWN_IKE = 4 }; /* why: sla_point.down */
enum { SLA_MARK_REKEY = 1, SLA_MARK_JUMP = 2 };

struct sla_point { /* one bin of one tunnel; bins without any record are not there */
	int64_t start, end;
	uint8_t state; /* enum sla_state */
	uint8_t down;  /* why: SLA_DOWN_ */
	uint8_t usual; /* a bit a side: it sends nothing here, and such a silence is usual for it */
	uint8_t hole;  /* the same of the bins without any record before this one */
	uint8_t marks; /* what happened, in either direction: SLA_MARK_ */
	bool suspect; /* the capture dropped packets: not the network's fault, or not known to be */
	struct sla_dir_point {
		uint64_t bytes, outage;
		uint32_t gap; /* us: mean between the packets up to here; 0: not known */
		uint32_t pkts, uniq, dup, late, early, rpl64, maxgap;
		int64_t net; /* lost - fix */
	} d[2];
};

struct sla_gap { /* bins without records that are judged: in a proven outage, or in a silence that is usual */
	int64_t start, end;
	uint8_t state; /* SLA_DOWN, SLA_UP */
};

struct sla_violation {
	uint32_t point; /* index; UINT32_MAX: bins without records, `gap` says which */
	uint32_t gap;
	enum sla_term term;
	double value;
};

struct sla_verdict { /* of a direction, or of the tunnel for SLA_AVAIL */
	bool known, good;
	double value;
};

struct sla_direction {
	struct sla_counts c; /* of the whole period */
	int64_t net, expected, suspect_net;
	uint64_t dscps; /* DSCP values seen, a bit each */
	uint64_t bps_p50, bps_p95, bps_p99, bps_max;
	bool timed; /* there were round trips between the sender and the probe: of 50, 95, 99 % no more than so many us */
	uint64_t rtt[3];
	struct sla_verdict verdict[SLA_TERMS]; /* value is there where it is known, limit or not */
	struct sla_violation *violation;
	size_t nviolations;
};

struct sla_tunnel { /* as one probe saw it */
	bool other;    /* no tunnel: of a key of the user's own */
	char *id;      /* tunid, 16 digits; "" of others */
	char *probe;   /* as it is printed */
	enum probe_kind probe_is;
	char *name[2]; /* addresses of source and destination */
	char *label[2]; /* their names; NULL */
	char *called[2]; /* both, for a reader: Berlin (192.0.2.1) */
	struct sla_limits limits; /* what was promised */
	struct contract *contract; /* by which line of the file; NULL */
	uint64_t off; /* bins outside of the hours of service, which count nowhere else */
	char *proto, *bpf;
	char *filter, *one; /* of its records; where they are of one probe, and where there are others */
	uint64_t lane; /* UINT64_MAX: of all */
	bool has_lane;
	char spi[2][12];  /* of a lane, the last ones; "" */
	uint16_t port[2]; /* of UDP encapsulation; 0 */
	struct sla_point *point; /* these, gaps and violations are there while they are looked at: sla_look() */
	size_t n, cap;
	struct sla_gap *gap;
	size_t ngaps;
	int64_t from, to;		  /* first bin, end of the last */
	uint64_t bins, count[SLA_STATES]; /* bins in the period, by state */
	uint64_t suspect;
	struct sla_direction d[2];
	bool violated, judged;
	/* for finding it again */
	uint64_t key[2];
	unsigned probe_number;
	struct ip addr[2];
	uint32_t order; /* the first seen first; once they are judged, the worst */
};

/* A ratio of fewer bins, or of less of the period, says nothing: SLA_AVAIL is not known then. */
#define SLA_RATIO_BINS	  10
#define SLA_RATIO_PERCENT 1
uint64_t sla_judged(const struct sla_tunnel *); /* bins that are up, degraded or down */

struct sla;

struct sla *sla_new(const struct sla_options *, bool lanes);
void sla_free(struct sla **);
/* The stored fields that the rows must have. */
void sla_want(struct fieldset *);
void sla_want_key(struct fieldset *); /* of what is no tunnel */
void sla_want_ike(struct fieldset *);
/* Rows in order of time, merged by probe, tunnel (or lane) and bin. */
void sla_add(struct sla *, const struct batch *);
/* Rows by probe, address pair and bin, of IKE. */
void sla_ike(struct sla *, const struct batch *);
/* The row of a probe (MAR) in whose bin the kernel dropped packets. */
void sla_suspect(struct sla *, const struct batch *, uint32_t row);
/* Decide; width of a bin in ns. */
void sla_judge(struct sla *, int64_t width);
/* How many bytes its bins may take in memory: those that are more are in a temporary file. */
void sla_memory(struct sla *, uint64_t bytes);
const char *sla_error(const struct sla *); /* of that; NULL: all is well */
/* The bins of one of its tunnels are there, until those of another one are looked at. */
void sla_look(struct sla *, const struct sla_tunnel *);

size_t sla_count(const struct sla *);
const struct sla_tunnel *sla_tunnel(const struct sla *, size_t i); /* worst first */
const struct sla_options *sla_options(const struct sla *);
int64_t sla_width(const struct sla *);
/* Of all acknowledgements those of data that was never seen, %: capture loss (TCP).  false: there were none. */
bool sla_capture_loss(const struct sla_tunnel *, double *);
/* Net loss of a point, %; false: too few packets. */
bool sla_point_loss(const struct sla *, const struct sla_point *, int side, double *);

#endif
