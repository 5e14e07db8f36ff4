#include "ra-tools/out/report.h"
void
report_html(const struct report *rep, const struct text_options *o, struct buf *to)
{
	(void)rep; (void)o; (void)to;
}
