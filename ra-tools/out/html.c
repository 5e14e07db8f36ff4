/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html.c: what ratunnel computed as one page to send: no script, nothing loaded from anywhere, readable on
 * a screen, in the dark and on paper.
 *
 * html.page is the page, html.css its only style, whose digest is in the policy, so that no other one is taken.
 * Everything that comes from files or the command line goes through html_text().  Test: tests/truth/page.py
 */
#include "ra-tools/out/html_room.h"

#include "format/base/programs.h"
#include "format/base/sha256.h"

#include <string.h>

#define ULL(v) ((unsigned long long)(v))

static const char *const style[] = {
#include "ra-tools/out/html.css.h"
};
static const char *const skeleton[] = {
#include "ra-tools/out/html.page.h"
};
#define LINES(a) (sizeof(a) / sizeof((a)[0]))

void
html_text(struct buf *to, const char *s)
{
	struct buf shown = { 0 };

	buf_plain_str(&shown, s);
	for (s = buf_cstr(&shown); *s != '\0'; s++)
		switch (*s) {
		case '&':
			buf_str(to, "&amp;");
			break;
		case '<':
			buf_str(to, "&lt;");
			break;
		case '>':
			buf_str(to, "&gt;");
			break;
		case '"':
			buf_str(to, "&quot;");
			break;
		case '\'':
			buf_str(to, "&#39;");
			break;
		default:
			buf_u8(to, (uint8_t)*s);
		}
	buf_free(&shown);
}

bool
html_many(const struct report *rep)
{
	return (rep->charts > HTML_MANY && rep->count > HTML_MANY);
}

void
html_digest(struct buf *to)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct sha256 s = SHA256_START;
	uint8_t d[SHA256_SIZE + 1] = { 0 };

	for (size_t i = 0; i < LINES(style); i++)
		sha256_add(&s, style[i], strlen(style[i]));
	sha256_end(&s, d);
	for (unsigned i = 0; i <= SHA256_SIZE; i += 3) { /* base64; the last group is of two bytes */
		uint32_t v = (uint32_t)d[i] << 16 | (uint32_t)d[i + 1] << 8 | (i + 2 <= SHA256_SIZE ? d[i + 2] : 0u);

		for (unsigned k = 0; k < 4; k++)
			buf_u8(to, i + k > SHA256_SIZE ? '=' : (uint8_t)letters[v >> (18 - 6 * k) & 63]);
	}
}

void
html_style(struct buf *to)
{
	for (size_t i = 0; i < LINES(style); i++)
		buf_str(to, style[i]);
}

/* --- what stands where the page has a word in braces ---------------------------------------------- */

static void
put_digest(const struct page *p)
{
	html_digest(p->to);
}

static void
put_style(const struct page *p)
{
	html_style(p->to);
}

static void
put_title(const struct page *p)
{
	html_text(p->to, p->rep->title != NULL ? p->rep->title : "Tunnel report");
}

static void
put_period(const struct page *p)
{
	const struct report *rep = p->rep;
	struct buf *to = p->to;

	if (rep->partial)
		buf_str(to, "<p class=\"bad\">Not all of the input was read: bins and tunnels may be "
			    "missing.</p>\n");
	buf_str(to, "<p class=\"soft\">");
	if (rep->count == 0) {
		buf_str(to, "No tunnel has a record.</p>\n");
		return;
	}
	report_time(p->from, p->o, to);
	buf_str(to, " to ");
	report_time(p->end, p->o, to);
	if (!p->o->epoch) {
		buf_str(to, " (");
		html_text(to, rep->zone);
		buf_u8(to, ')');
	}
	buf_printf(to, ", %zu %s%s, bins of ", rep->count, html_noun(p),
		   rep->probes ? ", each as one probe saw it" : "");
	report_bins_of(rep, to);
	if (*rep->asked != '\0') {
		buf_str(to, ", of records that match <code>");
		html_text(to, rep->asked);
		buf_str(to, "</code>");
	}
	buf_str(to, "</p>\n");
}

static void
put_overview(const struct page *p)
{
	if (p->rep->count > 0)
		html_overview(p);
}

static void
put_path(const struct page *p)
{
	if (p->rep->path != NULL)
		html_path(p);
}

static void
put_tunnels(const struct page *p)
{
	const struct report *rep = p->rep;

	for (size_t i = 0; i < rep->count && i < rep->charts; i++)
		html_tunnel(p, i);
	if (rep->count > rep->charts)
		buf_printf(p->to,
			   "<p class=\"soft\">Charts are of the worst %zu; " TOOL(ratunnel) " -N "
			   "makes more.</p>\n",
			   rep->charts);
}

static void
put_meta(const struct page *p)
{
	buf_str(p->to, p->rep->meta);
}

static void
put_evidence(const struct page *p)
{
	buf_str(p->to, p->rep->evidence);
}

static void
put_lmax(const struct page *p)
{
	buf_printf(p->to, "%g", sla_options(p->rep->sla)->lmax);
}

static void
put_sample(const struct page *p)
{
	buf_printf(p->to, "%llu", ULL(sla_options(p->rep->sla)->min_sample));
}

static void
put_oneway(const struct page *p)
{
	if (sla_options(p->rep->sla)->oneway)
		buf_str(p->to, "Here one direction is enough to be up.");
}

static void
put_ratio(const struct page *p)
{
	buf_printf(p->to, "%d bins or %d %%", SLA_RATIO_BINS, SLA_RATIO_PERCENT);
}

static void
put_package(const struct page *p)
{
	buf_str(p->to, PACKAGE_NAME " " PACKAGE_VERSION);
}

static const struct part {
	const char *name;
	void (*put)(const struct page *);
} parts[] = {
	{ "digest", put_digest },   { "title", put_title },   { "verdict", html_verdict },  { "style", put_style },	{ "period", put_period },
	{ "overview", put_overview }, { "path", put_path },	{ "tunnels", put_tunnels }, { "lmax", put_lmax },	{ "sample", put_sample },
	{ "meta", put_meta },	{ "evidence", put_evidence },	{ "oneway", put_oneway },   { "ratio", put_ratio },   { "package", put_package },
};

static void
put_line(const struct page *p, const char *line)
{
	const char *open;

	while ((open = strchr(line, '{')) != NULL) {
		size_t n = strcspn(open + 1, "}"), i = 0;

		while (i < LINES(parts) && (strlen(parts[i].name) != n || memcmp(parts[i].name, open + 1, n) != 0))
			i++;
		buf_add(p->to, line, (size_t)(open - line));
		if (i < LINES(parts))
			parts[i].put(p);
		line = open + 1 + n + (open[1 + n] == '}');
	}
	buf_str(p->to, line);
}

void
report_html(const struct report *rep, const struct text_options *o, struct buf *to)
{
	struct page p = { .rep = rep, .o = o, .from = INT64_MAX, .end = INT64_MIN, .to = to };

	for (size_t i = 0; i < rep->count; i++) {
		const struct sla_tunnel *t = sla_tunnel(rep->sla, i);

		p.from = t->from < p.from ? t->from : p.from;
		p.end = t->to > p.end ? t->to : p.end;
		p.other = t->other;
	}
	for (size_t i = 0; i < LINES(skeleton); i++)
		put_line(&p, skeleton[i]);
}
