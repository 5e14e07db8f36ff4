/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gunzip.h: the contents of a file in gzip (RFC 1952), of any number of members.  Tested by test_capture.c.
 */
#ifndef PROBE_CAPTURE_GUNZIP_H
#define PROBE_CAPTURE_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct gunzip;

/* read(2), again if it was interrupted */
ssize_t gunzip_plain(int fd, uint8_t *to, size_t n);
/* `packed`: a buffer of `size` with the first `have` bytes of the file; it is taken over.  NULL, and it is not: this
 * can not be done here. */
struct gunzip *gunzip_new(int fd, uint8_t *packed, size_t size, size_t have);
/* As gunzip_plain(), of the contents; -1 with errno EBADMSG: damaged.  What ends inside of a member is cut. */
ssize_t gunzip_read(struct gunzip *, uint8_t *to, size_t n);
bool gunzip_whole(const struct gunzip *); /* at the end of a member */
/* Behind the members lies something else, there. */
bool gunzip_more(const struct gunzip *, uint64_t *offset);
void gunzip_free(struct gunzip **);

#endif
