/* SPDX-License-Identifier: BSD-2-Clause
 *
 * policy.c: ages and widths as text.
 */
#include "ra-tools/store/policy.h"

#include "format/base/buf.h"
#include "format/base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
policy_age(const char *text, int64_t *ns)
{
	static const struct {
		const char *unit;
		int64_t ns;
	} units[] = {
		{ "h", 3600 * SEC }, { "d", DAY }, { "w", 7 * DAY }, { "mo", 30 * DAY }, { "y", 365 * DAY },
	};
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || v > 100000)
		return (false);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0)
			return (!__builtin_mul_overflow((int64_t)v, units[i].ns, ns));
	return (false);
}

static bool
add_step(struct policy *p, char *text, char *err, size_t errlen)
{
	struct policy_step *s = &p->step[p->n];
	const struct policy_step *before = p->n == 0 ? NULL : s - 1;
	char *width = strchr(text, ':');

	if (p->n == POLICY_STEPS)
		return (say_wrong(err, errlen, "more than %d steps", POLICY_STEPS));
	if (width == NULL)
		return (say_wrong(err, errlen, "\"%s\": expected an age and the bins from then on, such as 30d:1m", text));
	*width++ = '\0';
	if (!policy_age(text, &s->age))
		return (say_wrong(err, errlen, "\"%s\": expected an age such as 30d, 2w, 6mo or 1y", text));
	if (!clock_parse_dur(width, strlen(width), &s->width) || s->width < SEC)
		return (say_wrong(err, errlen, "\"%s\": expected the length of a bin, such as 1m or 1h", width));
	if (s->width > DAY || DAY % s->width != 0)
		return (say_wrong(err, errlen, "\"%s\": bins have to be a part of a day, such as 1m, 5m, 1h or 1d", width));
	if (before != NULL && s->age <= before->age)
		return (say_wrong(err, errlen, "\"%s\": the ages of a policy grow from step to step", text));
	if (before != NULL && (s->width <= before->width || s->width % before->width != 0))
		return (say_wrong(err, errlen, "\"%s\": bins of %lld s can not be made of bins of %lld s", width,
			      (long long)(s->width / SEC), (long long)(before->width / SEC)));
	p->n++;
	return (true);
}

bool
policy_parse(const char *text, struct policy *p, char *err, size_t errlen)
{
	char *copy = mem_str(text), *save = NULL;
	bool good = true;

	*p = (struct policy){ .n = 0 };
	for (char *w = strtok_r(copy, ", ", &save); w != NULL && good; w = strtok_r(NULL, ", ", &save))
		good = add_step(p, w, err, errlen);
	free(copy);
	if (good && p->n == 0)
		return (say_wrong(err, errlen, "expected a policy, such as 30d:1m,1y:1h"));
	return (good);
}

int64_t
policy_width(const struct policy *p, int64_t age)
{
	int64_t width = 0;

	for (unsigned i = 0; i < p->n && age >= p->step[i].age; i++)
		width = p->step[i].width;
	return (width);
}
