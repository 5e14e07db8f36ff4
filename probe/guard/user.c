/* SPDX-License-Identifier: BSD-2-Clause
 *
 * user.c: from root, or an ordinary user with a capability, to somebody who may write the output and nothing else.
 * Tested by tests/guard.tap.
 */
#include "probe/guard/user.h"

#include "format/base/sanitizer.h"
#include "probe/guard/files.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_CAP_NG
#include <cap-ng.h>
#endif

/* --- names */

static bool
numeric(const char *word, unsigned *id)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(word, &end, 10);
	*id = (unsigned)v;
	return (isdigit((unsigned char)word[0]) && *end == '\0' && errno == 0 && v < UINT_MAX);
}

static void
take_passwd(struct who *u, const struct passwd *p)
{
	(void)snprintf(u->name, sizeof(u->name), "%s", p->pw_name);
	u->uid = p->pw_uid;
	u->gid = p->pw_gid;
}

static void
take_id(struct who *u, uid_t uid, gid_t gid)
{
	const struct passwd *p = getpwuid(uid);

	if (p != NULL) {
		take_passwd(u, p);
		return;
	}
	(void)snprintf(u->name, sizeof(u->name), "%u", (unsigned)uid);
	u->uid = uid;
	u->gid = gid;
}

static bool
find_user(struct who *u, const char *name)
{
	const struct passwd *p = getpwnam(name);
	unsigned id;

	if (p != NULL)
		take_passwd(u, p);
	else if (numeric(name, &id))
		take_id(u, id, id);
	else
		return (false);
	return (true);
}

static bool
find_group(struct who *u, const char *name)
{
	const struct group *g = getgrnam(name);
	unsigned id;

	if (g != NULL)
		u->gid = g->gr_gid;
	else if (numeric(name, &id))
		u->gid = id;
	else
		return (false);
	return (true);
}

bool
user_find(struct user *u, const char *name, const char *group, char *err, size_t errlen)
{
	gid_t gid = getegid();

	*u = (struct user){ .named = name != NULL || group != NULL };
	take_id(&u->who, geteuid(), gid);
	u->who.gid = gid;
	if (name != NULL && !find_user(&u->who, name)) {
		(void)snprintf(err, errlen, "-u %s: there is no such user", name);
		return (false);
	}
	if (group != NULL && !find_group(&u->who, group)) {
		(void)snprintf(err, errlen, "-g %s: there is no such group", group);
		return (false);
	}
	u->changes = u->who.uid != geteuid();
	if (geteuid() != 0 && (u->changes || u->who.gid != gid)) {
		(void)snprintf(err, errlen, "%s %s: only root can become somebody else", u->changes ? "-u" : "-g",
		    u->changes ? name : group);
		return (false);
	}
	if (!find_user(&u->stranger, "pavo"))
		(void)find_user(&u->stranger, "nobody");
	return (true);
}

/* --- choosing */

/* The first that this user can not write, or NULL. */
static const char *
not_writable(const struct guard_paths *p)
{
	for (size_t i = 0; i < sizeof(p->writes) / sizeof(p->writes[0]); i++)
		if (files_named(p->writes[i]) && !files_writable(p->writes[i]))
			return (p->writes[i]);
	return (NULL);
}

/* Root of a user namespace, as rootless containers have it, may not leave its groups, which are nobody's there. */
static bool
turn_into(const struct who *w)
{
	return ((setgroups(0, NULL) == 0 || w->uid == geteuid()) && setresgid(w->gid, w->gid, w->gid) == 0 && setresuid(w->uid, w->uid, w->uid) == 0);
}

/* Could this user write all of them?  Tried by a child that is that user. */
static bool
may_write(const struct who *w, const struct guard_paths *p)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(turn_into(w) && not_writable(p) == NULL ? 0 : 1);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return (pid > 0 && status == 0);
}

static bool
named_may_write(const struct user *u, const struct guard_paths *p, char *err, size_t errlen)
{
	char folder[PATH_MAX];

	if (!u->changes || may_write(&u->who, p))
		return (true);
	for (size_t i = 0; i < sizeof(p->writes) / sizeof(p->writes[0]); i++) {
		const struct guard_paths one = { .writes = { p->writes[i] } };

		if (!may_write(&u->who, &one) && files_folder(p->writes[i], folder, sizeof(folder))) {
			(void)snprintf(err, errlen, "%s: %s, who is to write it, may not; chown %s %s", p->writes[i], u->who.name,
			    u->who.name, folder);
			return (false);
		}
	}
	return (true);
}

bool
user_choose(struct user *u, const struct guard_paths *p, char *err, size_t errlen)
{
	struct stat st;
	char folder[PATH_MAX];
	struct who owner = { .uid = 0 };

	if (u->named)
		return (named_may_write(u, p, err, errlen));
	u->opens = u->who.uid == 0 && !p->live;
	if (u->who.uid != 0 || u->opens)
		return (true);
	u->changes = true;
	if (u->stranger.name[0] != '\0' && may_write(&u->stranger, p)) {
		u->who = u->stranger;
		return (true);
	}
	for (size_t i = 0; i < sizeof(p->writes) / sizeof(p->writes[0]); i++)
		if (files_named(p->writes[i]) && files_folder(p->writes[i], folder, sizeof(folder)) &&
		    stat(folder, &st) == 0 && st.st_uid != 0)
			take_id(&owner, st.st_uid, st.st_gid);
	if (owner.uid != 0 && may_write(&owner, p)) {
		u->who = owner;
		return (true);
	}
	u->changes = false;
	u->stays_root = true;
	return (true);
}

/* --- becoming */

bool
user_confine(const char *root, char *err, size_t errlen)
{
	if (root == NULL)
		return (true);
	(void)setenv("TZ", ":/etc/localtime", 0); /* a zone by name is read once, the default one again and again */
	tzset();
	if (chdir(root) == 0 && chroot(".") == 0 && chdir("/") == 0)
		return (true);
	if (errno == EPERM)
		(void)snprintf(err, errlen, "--chroot %s: only root can do that", root);
	else
		(void)snprintf(err, errlen, "--chroot %s: %s", root, strerror(errno));
	return (false);
}

bool
user_forgets(const struct user *u)
{
#ifdef HAVE_CAP_NG
	(void)u;
	return (true);
#else
	return (u->changes); /* from root: then the kernel takes them */
#endif
}

#ifdef HAVE_CAP_NG
/* While we still may: what programs could get that we start.  Without CAP_SETPCAP it stays, and no new privileges
 * makes it worth nothing. */
static void
forget_bounds(void)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_get_caps_process() != 0 || !capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return;
	capng_clear(CAPNG_SELECT_BOUNDS);
	(void)capng_apply(CAPNG_SELECT_BOUNDS);
}

static bool
forget(bool opens)
{
	capng_clear(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT);
	if (opens)
		(void)capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, -1);
	return (capng_apply(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT) == 0);
}
#else
static void
forget_bounds(void)
{
}

static bool
forget(bool opens)
{
	(void)opens;
	return (true);
}
#endif

bool
user_become(const struct user *u, char *err, size_t errlen)
{
	bool ok = true;

	forget_bounds();
	if (geteuid() == 0 && !u->opens)
		ok = turn_into(&u->who);
	ok = ok && forget(u->opens) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
#ifdef SANITIZER
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
#endif
	if (!ok)
		(void)snprintf(err, errlen, "cannot become %s: %s", u->who.name, strerror(errno));
	if (ok && u->changes && setresuid(0, 0, 0) == 0) {
		(void)snprintf(err, errlen, "%s could become root again: this system keeps privileges that were given up", u->who.name);
		return (false);
	}
	return (ok);
}
