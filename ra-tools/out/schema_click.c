/* SPDX-License-Identifier: BSD-2-Clause
 *
 * schema_click.c: ClickHouse's statements for what --native sends: a table, the loss of each minute as a view that fills
 * itself and leads back to the worst row, the record files themselves as a view; on a cluster each with a Distributed table.
 *
 * What the views are of is what is among the columns.  Statements end in ; and no comment has one.
 */
#include "ra-tools/out/schema.h"

#define TABLE "flows"
#define STATE TABLE "_loss_1m_state"
#define FILL  TABLE "_loss_1m_fill"
#define VIEW  TABLE "_loss_1m"
#define FILES TABLE "_files"

/* Where a column of this field is, that is no view of it; NULL: there is none. */
static const char *
named(const struct sheet *s, enum field f)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->want[i].field == f && s->want[i].made == NULL)
			return (s->want[i].name);
	return (NULL);
}

static const char *
local(const struct schema *x)
{
	return (x->cluster[0] != '\0' ? "_local" : "");
}

static void
create(const struct schema *x, struct buf *to, const char *what, const char *name, const char *suffix)
{
	buf_printf(to, "CREATE %s IF NOT EXISTS %s%s", what, name, suffix);
	if (x->cluster[0] != '\0')
		buf_printf(to, " ON CLUSTER `%s`", x->cluster);
}

/* --- the table */

/* What no row lacks orders them. */
static void
order(const struct sheet *s, struct buf *to)
{
	static const enum field keys[] = { F_probe, F_bstart, F_proto };
	bool first = true;

	buf_str(to, "ORDER BY (");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (named(s, keys[i]) == NULL)
			continue;
		buf_printf(to, "%s%s", first ? "" : ", ", named(s, keys[i]));
		first = false;
	}
	buf_str(to, first ? "tuple())" : ")");
}

static void
columns(struct sheet *s, struct buf *to, const char *between)
{
	for (unsigned i = 0; i < s->n; i++) {
		buf_printf(to, "%s%s ", i > 0 ? between : "", s->want[i].name);
		native_type(s, i, to);
	}
}

static void
distributed(const struct schema *x, struct buf *to, const char *name)
{
	if (x->cluster[0] == '\0')
		return;
	create(x, to, "TABLE", name, "");
	buf_printf(to, " AS %s_local\n\tENGINE = Distributed(`%s`, currentDatabase(), %s_local, rand());\n\n", name, x->cluster, name);
}

static void
table(const struct schema *x, struct sheet *s, struct buf *to)
{
	buf_printf(to, "-- ra -r x.pavo --native%s -s ... | clickhouse-client -q 'INSERT INTO " TABLE " FORMAT Native'\n",
	    s->legacy ? "=legacy" : "");
	create(x, to, "TABLE", TABLE, local(x));
	buf_str(to, " (\n\t");
	columns(s, to, ",\n\t");
	buf_str(to, "\n) ENGINE = MergeTree ");
	order(s, to);
	buf_str(to, ";\n\n");
	distributed(x, to, TABLE);
}

/* --- the loss of each minute */

struct minute {
	const char *time, *loss[2]; /* columns */
	enum field field; /* of the time */
	bool probe, proto;
};

static bool
minute_of(const struct sheet *s, struct minute *m)
{
	static const enum field times[] = { F_bstart, F_stime, F_ltime, F_bend };

	*m = (struct minute){ .probe = named(s, F_probe) != NULL, .proto = named(s, F_proto) != NULL };
	for (size_t i = 0; m->time == NULL && i < sizeof(times) / sizeof(times[0]); i++) {
		m->time = named(s, times[i]);
		m->field = times[i];
	}
	m->loss[0] = named(s, F_sloss);
	m->loss[1] = named(s, F_dloss);
	if (m->loss[0] == NULL && m->loss[1] == NULL)
		m->loss[0] = named(s, F_loss);
	return (m->time != NULL && (m->loss[0] != NULL || m->loss[1] != NULL));
}

/* What is added up, if it is there. */
static const enum field sums[] = { F_trans, F_spkts, F_dpkts, F_sbytes, F_dbytes, F_sloss, F_dloss, F_loss };
#define NSUMS (sizeof(sums) / sizeof(sums[0]))

static void
loss(const struct minute *m, struct buf *to)
{
	bool both = m->loss[0] != NULL && m->loss[1] != NULL;

	buf_str(to, "toInt64(");
	for (unsigned i = 0; i < 2; i++)
		if (m->loss[i] != NULL)
			buf_printf(to, "%sifNull(%s, 0)", i == 1 && both ? " + " : "", m->loss[i]);
	buf_str(to, ")");
}

/* Packets whose loss is known: what a rate of loss is of.  False: the columns do not tell. */
static bool
judged(const struct sheet *s, const struct minute *m, struct buf *to)
{
	const char *pkts[2] = { named(s, F_spkts), named(s, F_dpkts) };
	bool any = false;

	if (named(s, F_sloss) == NULL && named(s, F_dloss) == NULL)
		return (false);
	for (unsigned i = 0; i < 2; i++) {
		if (m->loss[i] == NULL || pkts[i] == NULL)
			continue;
		if (to != NULL)
			buf_printf(to, "%sif(isNull(%s), 0, ifNull(%s, 0))", any ? " + " : "", m->loss[i], pkts[i]);
		any = true;
	}
	return (any);
}

/* A time as a moment that is there. */
static void
moment(const struct sheet *s, const struct minute *m, struct buf *to)
{
	const char *open = fields[m->field].always ? "" : "assumeNotNull(", *close = fields[m->field].always ? "" : ")";

	buf_printf(to, s->legacy ? "toStartOfMinute(toDateTime(intDiv(%s%s%s, 1000000000), 'UTC'))" : "toStartOfMinute(toDateTime(%s%s%s, 'UTC'))",
	    open, m->time, close);
}

/* The filter of ra that finds the row again. */
static void
handle(const struct sheet *s, struct buf *to)
{
	static const struct {
		enum field field;
		bool address;
	} parts[] = { { F_saddr, true }, { F_sport, false }, { F_daddr, true }, { F_dport, false } };
	const char *id = named(s, F_flowid), *proto = named(s, F_proto);
	const char *show = s->legacy ? "IPv6NumToString" : "toString";

	if (id != NULL) {
		buf_printf(to, "ifNull(concat('flowid = ', lower(hex(%s))), '')", id);
		return;
	}
	if (proto != NULL)
		buf_printf(to, "concat('proto = ', %s", proto);
	else
		buf_str(to, "concat('not mar', ''");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *name = named(s, parts[i].field);

		if (name == NULL)
			continue;
		buf_printf(to, ",\n\t\tifNull(concat(' and %s = ', ", fields[parts[i].field].name);
		if (parts[i].address)
			buf_printf(to, "replaceRegexpOne(%s(%s), '^::ffff:([0-9.]+)$', '\\\\1')), '')", show, name);
		else
			buf_printf(to, "toString(%s)), '')", name);
	}
	buf_str(to, ")");
}

static const char *
time_type(const struct sheet *s)
{
	return (s->legacy ? "Int64" : "DateTime64(9, 'UTC')");
}

static void
state(const struct schema *x, const struct sheet *s, const struct minute *m, struct buf *to)
{
	create(x, to, "TABLE", STATE, local(x));
	buf_printf(to, " (\n\tminute DateTime('UTC'),\n%s%s\tflow_rows AggregateFunction(count)", m->probe ? "\tprobe String,\n" : "",
	    m->proto ? "\tproto String,\n" : "");
	for (size_t i = 0; i < NSUMS; i++)
		if (named(s, sums[i]) != NULL)
			buf_printf(to, ",\n\t%s_sum AggregateFunction(sum, Int64)", fields[sums[i]].name);
	if (judged(s, m, NULL))
		buf_str(to, ",\n\tjudged_sum AggregateFunction(sum, Int64)");
	buf_printf(to, ",\n\tfilter_of_worst AggregateFunction(argMax, String, Int64),\n\ttime_of_worst AggregateFunction(argMax, %s, Int64)\n"
		       ") ENGINE = AggregatingMergeTree ORDER BY (%sminute%s);\n\n",
	    time_type(s), m->probe ? "probe, " : "", m->proto ? ", proto" : "");
	distributed(x, to, STATE);
}

static void
fill(const struct schema *x, const struct sheet *s, const struct minute *m, struct buf *to)
{
	create(x, to, "MATERIALIZED VIEW", FILL, local(x));
	buf_printf(to, " TO " STATE "%s AS\nSELECT\n\t", local(x));
	moment(s, m, to);
	buf_str(to, " AS minute,\n");
	if (m->probe)
		buf_printf(to, "\t%s AS probe,\n", named(s, F_probe));
	if (m->proto)
		buf_printf(to, "\t%s AS proto,\n", named(s, F_proto));
	buf_str(to, "\tcountState() AS flow_rows");
	for (size_t i = 0; i < NSUMS; i++)
		if (named(s, sums[i]) != NULL)
			buf_printf(to, ",\n\tsumState(toInt64(ifNull(%s, 0))) AS %s_sum", named(s, sums[i]), fields[sums[i]].name);
	if (judged(s, m, NULL)) {
		buf_str(to, ",\n\tsumState(toInt64(");
		(void)judged(s, m, to);
		buf_str(to, ")) AS judged_sum");
	}
	buf_str(to, ",\n\targMaxState(");
	handle(s, to);
	buf_str(to, ", ");
	loss(m, to);
	buf_printf(to, fields[m->field].always ? ") AS filter_of_worst,\n\targMaxState(%s, " : ") AS filter_of_worst,\n\targMaxState(assumeNotNull(%s), ",
	    m->time);
	loss(m, to);
	buf_printf(to, ") AS time_of_worst\nFROM " TABLE "%s\n", local(x));
	if (!fields[m->field].always)
		buf_printf(to, "WHERE isNotNull(%s)\n", m->time);
	buf_printf(to, "GROUP BY minute%s%s;\n\n", m->probe ? ", probe" : "", m->proto ? ", proto" : "");
}

static void
view(const struct schema *x, const struct sheet *s, const struct minute *m, struct buf *to)
{
	buf_printf(to, "-- the row that lost most: ra -r x.pavo -t WORST_TIME+1s - WORST_FILTER\n");
	create(x, to, "VIEW", VIEW, "");
	buf_printf(to, " AS\nSELECT\n\tminute,\n%s%s\tcountMerge(flow_rows) AS rows", m->probe ? "\tprobe,\n" : "", m->proto ? "\tproto,\n" : "");
	for (size_t i = 0; i < NSUMS; i++)
		if (named(s, sums[i]) != NULL)
			buf_printf(to, ",\n\tsumMerge(%s_sum) AS %s", fields[sums[i]].name, fields[sums[i]].name);
	if (judged(s, m, NULL))
		buf_str(to, ",\n\tsumMerge(judged_sum) AS judged");
	buf_printf(to, ",\n\targMaxMerge(filter_of_worst) AS worst_filter,\n\targMaxMerge(time_of_worst) AS worst_time\nFROM " STATE "\n"
		       "GROUP BY minute%s%s;\n\n",
	    m->probe ? ", probe" : "", m->proto ? ", proto" : "");
}

/* --- the files */

static void
files(const struct schema *x, struct sheet *s, struct buf *to)
{
	buf_str(to, "-- the record files themselves: user_scripts/pavo_native, to be made on each server, is\n"
		    "--   #!/bin/sh\n--   exec ra -R \"/var/lib/pavo/$1\" --native -s ");
	for (unsigned i = 0; i < s->n; i++)
		buf_printf(to, "%s%s", i > 0 ? "," : "", s->want[i].name);
	buf_str(to, "\n");
	create(x, to, "VIEW", FILES, "");
	buf_str(to, " AS\nSELECT * FROM executable('pavo_native .', 'Native', '");
	for (unsigned i = 0; i < s->n; i++) {
		buf_printf(to, "%s%s ", i > 0 ? ", " : "", s->want[i].name);
		s->cell.len = 0;
		native_type(s, i, &s->cell);
		for (size_t k = 0; k < s->cell.len; k++) {
			if (s->cell.p[k] == '\'')
				buf_u8(to, '\\');
			buf_u8(to, s->cell.p[k]);
		}
	}
	buf_str(to, "');\n");
}

void
schema_click(const struct schema *x, struct sheet *s)
{
	struct minute m;
	struct buf *to = &s->out;

	table(x, s, to);
	if (minute_of(s, &m)) {
		state(x, s, &m, to);
		fill(x, s, &m, to);
		view(x, s, &m, to);
	} else {
		buf_str(to, "-- no view of loss: -s has no time, or no loss (sloss, dloss)\n\n");
	}
	if (s->legacy)
		buf_str(to, "-- no view of the files: these servers have no executable()\n");
	else
		files(x, s, to);
}
