/* SPDX-License-Identifier: BSD-2-Clause
 *
 * spool.c: pipes into temporary files.  Test: tests/truth/drill.py
 */
#include "ra-tools/query/spool.h"

#include "format/input.h"
#include "ra-tools/query/spill.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)64 << 10)

static bool
put(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return (false);
		p += done;
		n -= (size_t)done;
	}
	return (true);
}

/* NULL: all of it is there; else what can not be done. */
static const char *
copy(struct input *in, int fd)
{
	const uint8_t *p;
	size_t n;

	for (uint64_t at = 0; (p = input_at(in, at, PIECE, &n)) != NULL; at += n, input_cut(in, at))
		if (!put(fd, p, n))
			return ("write");
	errno = in->error;
	return (errno == 0 ? NULL : "read");
}

int
spool(const char *path, reader_enough enough, void *arg, bool *stopped, char *err, size_t errlen)
{
	struct input in;
	const char *wrong;
	int fd;

	if (!input_open(&in, path)) {
		(void)snprintf(err, errlen, "%s", strerror(errno));
		input_close(&in);
		return (-1);
	}
	in.enough = enough;
	in.enough_arg = arg;
	fd = spill_file(err, errlen);
	wrong = fd < 0 ? NULL : copy(&in, fd);
	if (wrong != NULL)
		(void)snprintf(err, errlen, "its copy in a temporary file: can not %s: %s", wrong, strerror(errno));
	*stopped |= in.stopped;
	input_close(&in);
	if (wrong != NULL || (fd >= 0 && lseek(fd, 0, SEEK_SET) != 0)) {
		(void)close(fd);
		return (-1);
	}
	return (fd);
}
