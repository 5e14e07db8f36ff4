/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guard.c: the order in which privileges go.  Tested by tests/guard.tap.
 */
#include "probe/guard/guard.h"

#include "format/base/buf.h"
#include "probe/guard/calls.h"
#include "probe/guard/files.h"
#include "probe/guard/service.h"
#include "probe/guard/user.h"

#include <string.h>

static struct {
	struct service service;
	struct buf says;
	const char *sep;
} guard = { .sep = "" };

static void
say(const char *word)
{
	buf_str(&guard.says, guard.sep);
	buf_str(&guard.says, word);
	guard.sep = ", ";
}

bool
guard_begin(const struct guard_options *o, char *err, size_t errlen)
{
	return (service_begin(&guard.service, o->daemon, o->pidfile, err, errlen));
}

bool
guard_drop(const struct guard_options *o, const struct guard_paths *p, char *err, size_t errlen)
{
	struct user u;

	if (!user_find(&u, o->user, o->group, err, errlen) || !user_confine(o->root, err, errlen) ||
	    !user_choose(&u, p, err, errlen) || !user_become(&u, err, errlen))
		return (false);
	if (u.changes) {
		say("runs as ");
		guard.sep = "";
		say(u.who.name);
	}
	if (u.stays_root)
		say(user_forgets(&u) ? "runs as root without capabilities, for nobody else may write there" :
		    "runs as root, for nobody else may write there");
	if (p->live && !user_forgets(&u))
		say("capabilities kept (built without libcap-ng)");
	return (true);
}

void
guard_close(const struct guard_options *o, const struct guard_paths *p)
{
	const char *why;

	if (o->no_sandbox) {
		say("no sandbox");
		return;
	}
	if (!files_restrict(p))
		say("no Landlock (not on this system)");
	if ((why = calls_restrict()) != NULL)
		buf_printf(&guard.says, "%sno seccomp (%s)", guard.sep, why);
}

const char *
guard_says(void)
{
	return (buf_cstr(&guard.says));
}

void
guard_ready(const char *status)
{
	service_ready(&guard.service, status);
}

void
guard_beat(int64_t now)
{
	service_beat(&guard.service, now);
}

void
guard_end(void)
{
	service_end(&guard.service);
}
