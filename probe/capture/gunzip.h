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

/* Reads the file itself, as read(2). */
typedef ssize_t gunzip_reads(void *arg, uint8_t *to, size_t n);
/* `packed`: a buffer of `size` with the first `have` bytes of the file; it is taken over.  NULL, and it is not: this
 * can not be done here. */
struct gunzip *gunzip_new(gunzip_reads *, void *arg, uint8_t *packed, size_t size, size_t have);
/* As read(2), of the contents; -1 with errno EBADMSG: damaged, EAGAIN: as the file says.  What ends inside of a member is
 * cut. */
ssize_t gunzip_read(struct gunzip *, uint8_t *to, size_t n);
bool gunzip_whole(const struct gunzip *); /* at the end of a member */
/* Behind the members lies something else, there. */
bool gunzip_more(const struct gunzip *, uint64_t *offset);
uint64_t gunzip_left(const struct gunzip *); /* bytes of the file that were read and not used yet */
void gunzip_free(struct gunzip **);

#endif
