/* SPDX-License-Identifier: BSD-2-Clause
 *
 * user.h: who the probe is once it captures.  For guard.c alone.
 */
#ifndef PROBE_GUARD_USER_H
#define PROBE_GUARD_USER_H

#include "probe/guard/paths.h"

#include <stddef.h>
#include <sys/types.h>

struct who {
	char name[64];
	uid_t uid;
	gid_t gid;
};

struct user {
	struct who who;
	struct who stranger; /* whom nothing belongs to: root becomes it rather than anybody else; name "": there is none */
	bool named;	     /* by the options */
	bool changes;	     /* it is not who we are now */
	bool stays_root;     /* to capture, for want of anybody who may write the output */
	bool opens;	     /* root that reads files: may open them whoever owns them */
};

/* By name or number, or who we are.  false: no such user, or one that we can not become.  Before user_confine(): names
 * stand in files. */
bool user_find(struct user *, const char *name, const char *group, char *err, size_t errlen);
/* The root folder and the working folder are this one; NULL: nothing to do.  What is needed of time zones is loaded. */
bool user_confine(const char *root, char *err, size_t errlen);
/* Where the options name nobody: who may write the output.  false: whom they name may not. */
bool user_choose(struct user *, const struct guard_paths *, char *err, size_t errlen);
bool user_become(const struct user *, char *err, size_t errlen);
/* Are capabilities given up with that? */
bool user_forgets(const struct user *);

#endif
