/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evidence.c: what a report is of, at the foot of its page and as JSON: whoever disputes a figure finds here what it was
 * counted from, and how to count it again.
 */
#include "ra-tools/report/evidence.h"

#include "format/base/json.h"
#include "format/base/programs.h"
#include "ra-tools/out/html_room.h"

#include <string.h>

#define ULL(v) ((unsigned long long)(v))

/* --- as a page has it ----------------------------------------------------------------------------- */

static void
row(struct buf *to, const char *name, uint64_t n, const char *what)
{
	if (n > 0)
		buf_printf(to, "; %llu %s%s", ULL(n), what, name);
}

static void
probe_row(const struct evidence_probe *p, struct buf *to)
{
	buf_str(to, "<tr><th scope=\"row\">Probe ");
	html_text(to, *p->name == '\0' ? "without a name" : p->name);
	buf_str(to, "</th><td>");
	html_text(to, *p->program == '\0' ? "program not said" : p->program);
	if (p->interval > 0)
		buf_printf(to, ", records of %u s", p->interval);
	buf_str(to, p->live ? ", live" : ", from capture files");
	if (*p->interfaces != '\0')
		buf_str(to, " on ");
	html_text(to, p->interfaces);
	if (p->snaplen > 0)
		buf_printf(to, ", snap length %u bytes", p->snaplen);
	if (p->filtered)
		buf_str(to, "; records were left out by a filter before this report");
	if (p->frames == 0 && p->drops == 0) {
		buf_str(to, "; whether packets were dropped is not in the records</td></tr>\n");
		return;
	}
	buf_printf(to, "; %llu frames read, %llu dropped by the kernel", ULL(p->frames), ULL(p->drops));
	if (p->drops > 0)
		buf_printf(to, " (%.4f %%)", 100.0 * (double)p->drops / ((double)p->frames + (double)p->drops));
	row(to, " dropped by an interface", p->ifdrops, "");
	if (p->gap_us > 0)
		buf_printf(to, "; an interface was away for %.3f s", (double)p->gap_us / 1e6);
	row(to, " records could not be written", p->recdrops, "");
	row(to, " frames with times that had passed", p->tback, "");
	row(to, " frames with times far ahead", p->tjump, "");
	row(to, " frames without a time", p->tbad, "");
	buf_str(to, p->tback + p->tjump + p->tbad == 0 ? "; no step of the clock</td></tr>\n" : "</td></tr>\n");
}

static void
file_row(const struct evidence_file *f, struct buf *to)
{
	buf_str(to, "<tr><th scope=\"row\">");
	html_text(to, f->pipe ? "standard input" : f->path);
	if (f->pipe) {
		buf_str(to, "</th><td>a pipe: neither size nor digest</td></tr>\n");
		return;
	}
	buf_printf(to, "</th><td>%llu bytes<br>XXH3 <code>%s</code><br>SHA-256 <code>%s</code></td></tr>\n", ULL(f->bytes), f->xxh3, f->sha256);
}

void
report_evidence(const struct report *rep, const struct evidence *e, const struct report_origin *o, const struct text_options *t,
		struct buf *to)
{
	buf_str(to, REPORT_EVIDENCE "\n<section class=\"evidence\" id=\"evidence\"><h2>What this was counted from</h2>\n"
				    "<div class=\"wide\"><table><tbody>\n");
	for (size_t i = 0; i < e->files; i++)
		file_row(&e->file[i], to);
	for (size_t i = 0; i < e->probes; i++)
		probe_row(&e->probe[i], to);
	buf_str(to, "<tr><th scope=\"row\">Left out</th><td>");
	html_text(to, o->left_out);
	buf_str(to, "</td></tr>\n<tr><th scope=\"row\">Made</th><td>by " TOOL(ratunnel) " (" PACKAGE_NAME ") " PACKAGE_VERSION ", ");
	report_time(o->made / SEC * SEC, t, to);
	if (!t->epoch) {
		buf_str(to, " (");
		html_text(to, rep->zone);
		buf_u8(to, ')');
	}
	buf_str(to, "</td></tr>\n<tr><th scope=\"row\">Again</th><td><code>");
	html_text(to, o->command);
	buf_str(to, "</code><br>Are the figures of this page those of the files? <code>");
	html_text(to, o->verify);
	buf_str(to, "</code></td></tr>\n</tbody></table></div></section>\n" REPORT_EVIDENCE_END "\n");
}

/* --- JSON ----------------------------------------------------------------------------------------- */

static void
json_probe(const struct evidence_probe *p, struct json *j)
{
	json_open(j, NULL, '{');
	json_str(j, "probe", p->name);
	if (*p->program != '\0')
		json_str(j, "program", p->program);
	if (*p->interfaces != '\0')
		json_str(j, "interfaces", p->interfaces);
	json_u64(j, "interval", p->interval);
	if (p->snaplen > 0)
		json_u64(j, "snaplen", p->snaplen);
	json_bool(j, "live", p->live);
	json_bool(j, "filtered", p->filtered);
	json_u64(j, "frames", p->frames);
	json_u64(j, "ps_drop", p->drops);
	json_u64(j, "ps_ifdrop", p->ifdrops);
	json_real(j, "ifgap", (double)p->gap_us / 1e6);
	json_u64(j, "recdrop", p->recdrops);
	json_u64(j, "tback", p->tback);
	json_u64(j, "tjump", p->tjump);
	json_u64(j, "tbad", p->tbad);
	json_close(j, '}');
}

void
report_evidence_json(const struct evidence *e, const struct report_origin *o, struct sheet *s)
{
	struct json j = json_to(&s->out);

	json_open(&j, NULL, '{');
	json_open(&j, "evidence", '{');
	json_open(&j, "files", '[');
	for (size_t i = 0; i < e->files; i++) {
		const struct evidence_file *f = &e->file[i];

		json_open(&j, NULL, '{');
		json_str(&j, "file", f->path);
		if (!f->pipe) {
			json_u64(&j, "bytes", f->bytes);
			json_str(&j, "xxh3", f->xxh3);
			json_str(&j, "sha256", f->sha256);
		}
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_open(&j, "probes", '[');
	for (size_t i = 0; i < e->probes; i++)
		json_probe(&e->probe[i], &j);
	json_close(&j, ']');
	json_str(&j, "left_out", o->left_out);
	json_str(&j, "version", PACKAGE_VERSION);
	json_str(&j, "command", o->command);
	json_close(&j, '}');
	json_close(&j, '}');
	json_line(&j);
	sheet_ready(s);
}
