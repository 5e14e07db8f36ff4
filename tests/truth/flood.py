# SPDX-License-Identifier: BSD-2-Clause
"""Floods: very many SPIs in one tunnel, very many tunnels, very many fragments, each around a tunnel and a UDP flow
that go on as if nothing were.  Memory stays below its cap, what was evicted is in MAR, no packet is uncounted.

10^5 of each; with PAVO_LONG set 10^6 (fragments, SPIs) and 3 * 10^5 (tunnels).
"""
import os
import struct
import subprocess
import sys
import time

from common import *
from peers import A, B, BASE, ether, ip

LONG = bool(os.environ.get('PAVO_LONG'))
MEGABYTES = 512                          # 65536 SAs of 2.2 KB, 262144 flows with a record each, what is on its way
WATCHED = 1000                           # packets of the tunnel and of the flow in the midst of it


def esp(src, dst, spi, seq):
    return ether(ip(src, dst, 50, struct.pack('!II', spi, seq) + bytes(40)))


def watched(n):
    """the n-th packets of the tunnel and the flow; every hundredth of the tunnel is lost"""
    udp = ether(ip('10.9.0.1', '10.9.0.2', 17, struct.pack('!HHHH', 7, 8, 20, 0) + bytes(12)))
    return ([esp('10.8.0.1', '10.8.0.2', 0x17e3e6f7, n)] if n % 100 else []) + [udp]


# Each yields frames; numbers are put into one made frame, so that a million of them is a matter of seconds.

def one_sa(n):
    frame = esp(A, B, 0x5000, 0)
    return (frame[:38] + struct.pack('!I', i + 1) + frame[42:] for i in range(n))


def spis(n):
    frame = esp(A, B, 0, 1)
    return (frame[:34] + struct.pack('!I', 0x10000000 + i * 2654435761 % 2**31) + frame[38:] for i in range(n))


def tunnels(n):
    frame = esp(A, B, 0x5000, 1)
    return (frame[:26] + struct.pack('!I', 0x0b000000 + i) + frame[30:] for i in range(n))


def fragments(n):
    frame = ether(ip(A, B, 17, bytes(64), 0, 1480, False))
    return (frame[:18] + struct.pack('!H', i & 0xffff) + frame[20:26] + struct.pack('!I', 0x0b000000 + (i >> 16)) +
            frame[30:] for i in range(n))


def begun(n):
    """first fragments without the rest"""
    frame = ether(ip(A, B, 50, struct.pack('!II', 0x5000, 1) + bytes(56), 0, 0, True))
    return (frame[:18] + struct.pack('!H', i & 0xffff) + frame[20:38] + struct.pack('!I', i + 1) + frame[42:]
            for i in range(n))


def write(path, frames, n, span):
    every = n // WATCHED
    total = 0
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        out = []
        for i, frame in enumerate(frames):
            us = i * span * 10**6 // n
            group = [frame] if i % every else watched(i // every + 1) + [frame]
            for g in group:
                out.append(struct.pack('<IIII', BASE + us // 10**6, us % 10**6, len(g), len(g)) + g)
            total += len(group)
            if len(out) > 10000:
                f.write(b''.join(out))
                out = []
        f.write(b''.join(out))
    return total


def measure(path, records):
    """(seconds of CPU, megabytes) of pavo"""
    with open(records, 'wb') as f:
        p = subprocess.Popen([program('pavo'), '-q', '-r', path], stdout=f, stderr=subprocess.PIPE, env=ENV)
        err = p.stderr.read()
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    want((p.returncode, err), (0, b''), 'exit status and standard error')
    return used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


def sums(records, expression, names):
    out = dict.fromkeys(names, 0)
    for r in rows(['racluster', '-r', records, '-m', 'proto', '-nn', '--csv', '-s', ','.join(names), '-', expression]):
        for n in names:
            out[n] += int(r[n]) if r[n] != '-' else 0
    return out


def check(path, records, frames, n, evicted):
    seconds, size = measure(path, records)
    count = json.loads(good(['racount', '-r', records, '--json']))
    print('# %d frames: %.2f us a frame, %d MB, %s %d' %
          (frames, seconds * 10**6 / frames, size, evicted, mar(records, evicted) if evicted else 0))
    want((count['mar']['frames'], count['conserved']), (frames, True), 'frames, conserved')
    want(sums(records, 'host 10.8.0.1', ['trans', 'spkts', 'suniq', 'slost', 'sfix', 'slate', 'sdup']),
         dict(trans=1, spkts=WATCHED - WATCHED // 100, suniq=WATCHED - WATCHED // 100, slost=WATCHED // 100 - 1, sfix=0,
              slate=0, sdup=0), 'the tunnel in the midst of it')   # nobody knows of the last one
    want(sums(records, 'host 10.9.0.1', ['trans', 'spkts']), dict(trans=1, spkts=WATCHED), 'the flow in the midst of it')
    if not sanitized():
        want(size < MEGABYTES, True, '%d MB' % size)
    return seconds / frames


def mar(records, name):
    return sum(int(r[name]) for r in rows(['ra', '-r', records, '--mar', '--csv', '-s', name]) if r[name] != '-')


def sanitized():
    with open(program('pavo'), 'rb') as f:
        return b'__asan_init' in f.read()


# what; how many, and when PAVO_LONG is set; in how many seconds; the counter of MAR that has to say so
FLOODS = (
    ('one SA', one_sa, 10**5, 10**6, 60, None),
    ('SPIs in one tunnel', spis, 10**5, 10**6, 60, 'saevict'),
    ('SPIs, more than can be watched until they get a lane', spis, 10**5, 2 * 10**5, 5, 'saevict'),
    ('tunnels', tunnels, 10**5, 3 * 10**5, 60, 'saevict'),
    ('fragments without a first', fragments, 10**5, 10**6, 60, 'fragevict'),
    ('fragments that are only first ones', begun, 10**5, 10**6, 60, 'fragevict'),
)


def main():
    tap = Tap()
    with scratch() as folder:
        path, records = os.path.join(folder, 'x.pcap'), os.path.join(folder, 'x.pavo')
        for name, make, few, many, span, evicted in FLOODS:
            n = many if LONG else few
            title = '%d: %s' % (n, name)
            try:
                frames = write(path, make(n), n, span)
                check(path, records, frames, n, evicted)
                if evicted:
                    want(mar(records, evicted) > 0, True, evicted)
                tap.ok(True, title)
            except Failure as e:
                tap.ok(False, title, e)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()
