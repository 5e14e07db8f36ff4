/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_labels.c: any text as a list of prefixes and labels; every address finds a label of the list, or none.
 */
#include "ra-tools/query/labels.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct labels *l = labels_new();
	char path[64], err[512] = "";
	int fd = memfd_create("list", MFD_CLOEXEC);

	/* a database is for libmaxminddb to read */
	if (fd >= 0 && memmem(p, n, "MaxMind.com", 11) == NULL && write(fd, p, n) == (ssize_t)n) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (labels_add(l, path, err, sizeof(err))) {
			labels_ready(l);
			for (size_t i = 0; i + 16 <= n && i < 256; i++) {
				struct ip six, four = ip_v4(p + i);
				struct blob b;

				memcpy(six.b, p + i, 16);
				b = labels_of(l, &six);
				assert(b.n == 0 || b.p != NULL);
				b = labels_of(l, &four);
				assert(b.n <= 255);
			}
		} else {
			assert(err[0] != '\0');
		}
	}
	if (fd >= 0)
		(void)close(fd);
	labels_free(&l);
	return (0);
}
