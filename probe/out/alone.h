/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alone.h: a process beside the probe that has nothing of it but its messages.
 */
#ifndef PROBE_OUT_ALONE_H
#define PROBE_OUT_ALONE_H

/* Closes all but this and what everybody has: locks, the interface, pipes that others wait for. */
void alone_but(int fd);
/* Nothing is read, and nothing written but what is said: who reads the probe's output does not wait for us. */
void alone_mute(void);
/* What is said goes to syslog. */
void alone_silent(void);
/* What a terminal sends is for the probe; no signal does anything but those that can not be ignored, and that of children. */
void alone_deaf(void);

#endif
