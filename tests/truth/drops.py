# SPDX-License-Identifier: BSD-2-Clause
"""What a pcapng file says was dropped when it was captured: all of it is in MAR records and in the closing line, and the
records of the bins in which it can have been, and no others, are flagged; from files, in time; from pipes, as far as they
are not written yet.
"""
import gzip
import struct
import sys

from common import *
from frames import ETHERNET
from peers import A, B, BASE, ether, ip

SECONDS = 60


def block(kind, body):
    size = struct.pack('<I', len(body) + 12)
    return struct.pack('<I', kind) + size + body + size


def option(code, value):
    return struct.pack('<HH', code, len(value)) + value + bytes(-len(value) % 4)


def stamp(t):
    us = round((BASE + t) * 10**6)
    return struct.pack('<II', us >> 32, us & 0xffffffff)


def packet(t, flow, dropped=0):
    data = ether(ip(A, B, 17, struct.pack('!HHHH', 4000 + flow, 9, 16, 0) + bytes(8)))
    body = struct.pack('<I', flow) + stamp(t) + struct.pack('<II', len(data), len(data)) + data + bytes(-len(data) % 4)
    return block(6, body + (option(4, struct.pack('<Q', dropped)) + bytes(4) if dropped else b''))


def statistics(t, interface, drop, start=None, ifdrop=None):
    body = struct.pack('<I', interface) + stamp(t) + option(7, struct.pack('<Q', drop))
    body += option(2, stamp(start)) if start is not None else b''
    body += option(5, struct.pack('<Q', ifdrop)) if ifdrop is not None else b''
    return block(5, body + bytes(4))


def capture_of(extra, dropcount=(), silent=()):
    """two interfaces, a packet each every 100 ms; extra: [(time, block)], which come behind the packets of that time"""
    out = [block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1))]
    out += 2 * [block(1, struct.pack('<HHI', ETHERNET, 0, 0))]
    events = [(n / 10, 0, packet(n / 10, flow, dict(dropcount).get((n / 10, flow), 0)))
              for n in range(SECONDS * 10) if n // 10 not in silent for flow in (0, 1)]
    events += [(t, 1, b) for t, b in extra]
    return b''.join(out + [e[2] for e in sorted(events, key=lambda e: e[:2])])


def told(argv, stdin=None):
    """(closing line, [(bin, rectype, flagged, ps_drop, ps_ifdrop)])"""
    st, records, err = run(['pavo', *argv], stdin)
    want(st, 0, 'exit status')
    got = rows(['ra', '--mar', '--csv', '-u', '-p', '0', '-s', 'bstart,rectype,flags,ps_drop,ps_ifdrop', '-',
                'rectype', 'eq', 'flow', 'or', 'mar'], records)
    return err, [(int(r['bstart']) - BASE, r['rectype'], 'capdrop' in r['flags'].split(','),
                  int(r['ps_drop'].replace('-', '0')), int(r['ps_ifdrop'].replace('-', '0'))) for r in got]


def check(folder, data, T, flagged, drops, ifdrops=0):
    """flagged: (from, to) in s, ends included; drops: {bin at T: number}"""
    path = os.path.join(folder, 'x.pcapng')
    for packed in (False, True):
        with open(path, 'wb') as f:
            f.write(gzip.compress(data) if packed else data)
        line, got = told(['-S', str(T), '-r', path])
        bins = {b for a, e in flagged for b in range(a // T * T, e + 1, T)}
        want({r[0] for r in got if r[2]}, bins & {r[0] for r in got}, '-S %d: flagged bins' % T)
        want({r[0] for r in got if not r[2]} & bins, set(), '-S %d: every record of theirs' % T)
        want({r[0]: r[3] for r in got if r[3]}, drops, '-S %d: ps_drop' % T)
        want(sum(r[4] for r in got), ifdrops, '-S %d: ps_ifdrop' % T)
        want({r[1] for r in got if r[3]}, {'MAR'} if drops else set(), 'records that count them')
        total = sum(drops.values())
        want('dropped when captured: ' in line, total + ifdrops > 0, 'closing line: ' + line)
        want('captured: %d by the kernel' % total in line, total > 0, 'closing line: ' + line)
    line, got = told(['-S', str(T), '-r', '-'], data)
    want(sum(r[3] for r in got), total, 'through a pipe')
    want({r[0] for r in got if r[2]} <= bins, True, 'through a pipe: flagged bins')


def at_the_end(folder):
    data = capture_of([(60, statistics(60, 0, 7, 12)), (60, statistics(60, 1, 0))])
    check(folder, data, 5, [(0, 60)], {0: 7})     # the interface has a packet before it began: that is its start
    data = capture_of([(60, statistics(60, 0, 7, 12))], silent=range(20))
    check(folder, data, 5, [(12, 60)], {20: 7})
    check(folder, data, 1, [(12, 60)], {20: 7})


def now_and_then(folder):
    data = capture_of([(20, statistics(20, 0, 3)), (40, statistics(40, 0, 3)), (60, statistics(60, 0, 8, ifdrop=2)),
                       (60, statistics(60, 1, 0))])
    check(folder, data, 5, [(0, 20), (40, 60)], {0: 3, 40: 5}, 2)
    check(folder, data, 1, [(0, 20), (40, 60)], {0: 3, 40: 5}, 2)


def by_packets(folder):
    drops = [((0.0, 0), 1), ((33.3, 0), 4), ((50.0, 1), 2)]
    check(folder, capture_of([(60, statistics(60, 0, 5))], drops), 5, [(0, 0), (30, 30), (45, 50)], {0: 1, 30: 4, 45: 2})
    silent = [*range(10, 20), *range(41, 49)]
    drops = [((20.0, 0), 3), ((49.0, 0), 1)]      # in a time without packets: from the last bin that has some
    check(folder, capture_of([], drops, silent), 5, [(5, 20), (40, 49)], {5: 3, 40: 1})
    check(folder, capture_of([], drops, silent), 1, [(9, 20), (40, 49)], {9: 3, 40: 1})


def nothing(folder):
    check(folder, capture_of([(60, statistics(60, 0, 0, 0, 0)), (60, statistics(60, 1, 0))]), 5, [], {})


def main():
    tap = Tap()
    with scratch() as folder:
        for name, act in (('statistics at the end', at_the_end), ('statistics now and then', now_and_then),
                          ('packets', by_packets), ('nothing was dropped', nothing)):
            try:
                act(folder)
                tap.ok(True, name)
            except (Failure, KeyError, ValueError, IndexError) as e:
                tap.ok(False, name, repr(e) if not isinstance(e, Failure) else e)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()
