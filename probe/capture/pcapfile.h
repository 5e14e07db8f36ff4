/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pcapfile.h: an own reader of capture files: pcap (us, ns, both byte orders, Kuznetzov's variant)
 * and pcapng (draft-ietf-opsawg-pcapng), plain or in gzip.
 *
 * The bytes of a frame lie in the reader's buffer and are borrowed until the next call.
 */
#ifndef PROBE_PCAPFILE_H
#define PROBE_PCAPFILE_H

#include "probe/capture/frame.h"

#include <signal.h>

#define PCAPFILE_CAPLEN                                                                            \
	(256 << 10) /* no frame is longer than this; a length that says so is damage */

struct pcapfile;

/* "-" is stdin.  NULL on failure, with a sentence that names the file in err.  Where a pipe has nothing yet, it is waited for
 * until *stop is not 0 (NULL: for ever): then there is nothing in it. */
struct pcapfile *pcapfile_open(const char *path, const volatile sig_atomic_t *stop, char *err, int errlen);
/* Before the first pcapfile_next(): look through a file for what its statistics say was dropped, so that this comes
 * before the frames it is about.  Not in a pipe, nor in a large file whose end does not tell of any. */
void pcapfile_scan(struct pcapfile *);
/* CAPTURE_FRAME, CAPTURE_DROPS, CAPTURE_END or CAPTURE_ERROR; after the latter two the file is at its end.  CAPTURE_IDLE: a
 * pipe has nothing for the moment, or there is still no packet behind many bytes. */
enum capture_result pcapfile_next(struct pcapfile *, struct frame *);
/* Up to n frames that lie whole in the reader's buffer; 0: there is none, or it is not known, and pcapfile_next() is asked. */
unsigned pcapfile_more(struct pcapfile *, struct frame *, unsigned n);
const struct capture_stats *pcapfile_drops(const struct pcapfile *); /* of CAPTURE_DROPS */
const char *pcapfile_error(const struct pcapfile *); /* the sentence of CAPTURE_ERROR */
bool pcapfile_tells(const struct pcapfile *); /* can it say what was dropped (pcapng)? */
bool pcapfile_again(const struct pcapfile *); /* can it be closed and opened again (not a pipe)? */
/* Bytes of the file that were used, and its size; 0: nobody knows. */
void pcapfile_progress(const struct pcapfile *, uint64_t *done, uint64_t *size);
void pcapfile_close(struct pcapfile **);

#endif
