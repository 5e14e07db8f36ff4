# SPDX-License-Identifier: BSD-2-Clause
"""Bins and ranges by the clock of a zone, over both of its changes: rows of rabins and sums of -t, beside what Python's
zoneinfo says of every minute.  What the wall has shown so far is a running maximum of it: of two times of one name the
first counts, and one that is left out is the instant of the change.
"""
import bisect
import datetime
import random
import struct
import sys
from decimal import Decimal

from common import *
from frames import pcap_frames
from peers import A, B, ether, ip

try:
    from zoneinfo import ZoneInfo
    ZoneInfo('Europe/Berlin')
except Exception:
    print('1..0 # SKIP needs zoneinfo and tzdata')
    sys.exit(0)

ZONES = {'Europe/Berlin': ('2026-03-29', '2026-10-25'), 'America/New_York': ('2026-03-08', '2026-11-01'),
         'Australia/Lord_Howe': ('2026-04-05', '2026-10-04'), 'Asia/Kathmandu': ('2026-03-29',),
         'Africa/Casablanca': ('2026-02-15', '2026-03-22')}
WIDTHS = ('15m', '1h', '2h', '6h', '1d', '1w', '1mo')
MINUTE = datetime.timedelta(minutes=1)
UTC = datetime.timezone.utc


def floored(wall, width):
    midnight = wall.replace(hour=0, minute=0)
    if width == '1mo':
        return midnight.replace(day=1)
    if width == '1w':
        return midnight - datetime.timedelta(days=midnight.weekday())
    step = {'15m': 15, '1h': 60, '2h': 120, '6h': 360, '1d': 1440}[width]
    return midnight + (wall - midnight) // (step * MINUTE) * (step * MINUTE)


class Days:
    """minutes of some days around a change, and how many packets came in each"""

    def __init__(self, zone, day, seed):
        self.zone = ZoneInfo(zone)
        around = datetime.datetime.fromisoformat(day)
        self.first = int(around.replace(tzinfo=UTC).timestamp()) - 40 * 86400
        self.begin, self.end = self.first + 38 * 86400, self.first + 43 * 86400
        self.walls = []                    # (instant, what the wall shows, the most that it has shown)
        most = datetime.datetime.min
        for t in range(self.first, self.end + 35 * 86400, 60):
            wall = datetime.datetime.fromtimestamp(t, self.zone)
            naive = wall.replace(tzinfo=None)
            most = max(most, naive)
            self.walls.append((t, wall, most))
        self.mosts = [most for _, _, most in self.walls]
        rng = random.Random(seed)
        self.packets = {t: rng.randrange(1, 4) for t in range(self.begin, self.end, 60) if rng.randrange(6) == 0}

    def capture(self):
        data = ether(ip(A, B, 17, struct.pack('!HHHH', 4000, 9, 16, 0) + bytes(8)))
        out = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)]
        for t in sorted(self.packets):
            for i in range(self.packets[t]):
                out.append(struct.pack('<IIII', t + 1 + i, 0, len(data), len(data)) + data)
        return b''.join(out)

    def bins(self, width):
        """start -> (end, packets), of bins with any"""
        starts, last = [], None
        for t, wall, most in self.walls[::15]:      # every offset and width is so many quarters of an hour
            # hours and less: each hour that there was; else by what the wall has shown
            key = (floored(wall.replace(tzinfo=None), width), wall.utcoffset()) if width in ('15m', '1h') else floored(most, width)
            if key != last:
                starts.append(t)
            last = key
        out = {}
        for start, end in zip(starts, starts[1:]):
            n = sum(self.packets.get(t, 0) for t in range(max(start, self.begin), min(end, self.end), 60))
            if n:
                out[start] = (end, n)
        return out

    def instant(self, naive):
        return self.walls[bisect.bisect_left(self.mosts, naive)][0]


def check_bins(days, zone, path):
    for width in WIDTHS:
        got = {}
        for r in rows(['rabins', '-r', path, '-M', width, '--tz', zone, '--csv', '-s', 'bstart,blen,spkts']):
            start = int(datetime.datetime.fromisoformat(r['bstart']).timestamp())
            if start in got:
                raise Failure('%s %s: two rows begin at %s' % (zone, width, r['bstart']))
            got[start] = (start + int(r['blen']), int(r['spkts']))
        if got != days.bins(width):
            expected = days.bins(width)
            raise Failure('%s %s: %s' % (zone, width, [(t, expected.get(t), got.get(t)) for t in sorted(set(expected) | set(got))
                                                       if expected.get(t) != got.get(t)][:5]))


def total(zone, path, text):
    r = rows(['racluster', '-r', path, '-m', 'none', '--tz', zone, '-t', text, '--csv', '-s', 'spkts'])
    return int(r[0]['spkts']) if r else 0


def check_ranges(days, zone, path, step):
    """Ranges that adjoin add up, each is what its two labels mean, and labels printed by rabins mean their own bin."""
    whole = 0
    first = datetime.datetime.fromtimestamp(days.first + 39 * 86400, days.zone).replace(tzinfo=None, hour=0, minute=0)
    labels = [first + i * datetime.timedelta(minutes=step) for i in range(0, 3 * 1440 // step + 1)]
    for a, b in zip(labels, labels[1:]):
        start, end = days.instant(a), days.instant(b)
        expected = sum(days.packets.get(t, 0) for t in range(start, end, 60))
        got = total(zone, path, '%s-%s' % (a.strftime('%Y/%m/%d.%H:%M'), b.strftime('%Y/%m/%d.%H:%M')))
        if got != expected:
            raise Failure('%s: %s to %s: %d, not %d' % (zone, a, b, got, expected))
        whole += got
    if whole != total(zone, path, '%s-%s' % (labels[0].strftime('%Y-%m-%dT%H:%M'), labels[-1].strftime('%Y-%m-%dT%H:%M'))):
        raise Failure('%s: the parts do not add up' % zone)
    day = first + datetime.timedelta(days=1)
    for r in rows(['rabins', '-r', path, '-M', '1h', '--tz', zone, '-t', day.strftime('%Y-%m-%d'), '--csv', '-p', '0', '-s', 'bstart,blen,spkts']):
        if total(zone, path, '%s+%ss' % (r['bstart'], r['blen'])) != int(r['spkts']):
            raise Failure('%s: -t %s+%ss is not its own bin' % (zone, r['bstart'], r['blen']))


SUMS = [name for name, (_, rule) in fields().items() if rule == 'SUM']
TILES, TILINGS = 7, 2


def mixed(days, rng):
    """frames of all captures of the project, dealt over the same days, so that most sums are of something"""
    frames = []
    for name in sorted(os.listdir(OWN)):
        if name.endswith('.pcap'):
            with open(os.path.join(OWN, name), 'rb') as f:
                raw = f.read()
            frames += [raw[f.offset:f.offset + 16 + struct.unpack('<I', raw[f.offset + 8:f.offset + 12])[0]] for f in list(pcap_frames(raw))[:200]]
            head = raw[:24]
    out, t = [head], days.begin + 3600.0
    step = (days.end - days.begin - 7200) / len(frames)
    for frame in frames:
        t += rng.random() * 2 * step
        out.append(struct.pack('<II', int(t), rng.randrange(1000000)) + frame[8:])
    return b''.join(out)


def sums(zone, path, text):
    out = good(['racluster', '-r', path, '-m', 'none', '--tz', zone, '--csv', '-p', '9', '-s', ','.join(SUMS)] + (['-t', text] if text else []),
               status=(0, 1)).decode().splitlines()
    return [Decimal(v or 0) for v in out[1].split(',')] if len(out) > 1 else [0] * len(SUMS)


def check_tilings(days, zone, path):
    """Ranges between any labels of the wall, in order, miss nothing and count nothing twice, in any sum."""
    whole = sums(zone, path, None)
    if sum(v > 0 for v in whole) < 40:
        raise Failure('only %d sums are of anything' % sum(v > 0 for v in whole))
    first, last = (datetime.datetime.fromtimestamp(t, days.zone).replace(tzinfo=None) for t in (days.begin - 86400, days.end + 86400))
    rng = random.Random(zone + str(days.first))
    change = datetime.datetime.fromtimestamp(days.first + 40 * 86400, days.zone).replace(tzinfo=None, hour=0, minute=0)
    for _ in range(TILINGS):
        # half of the labels within the hours in which clocks are changed
        labels = {change + rng.randrange(0, 300) * MINUTE for _ in range(TILES // 2)}
        while len(labels) < TILES - 1:
            labels.add(first + rng.randrange(int((last - first) / MINUTE)) * MINUTE)
        labels = [first] + sorted(labels) + [last]
        texts = ['%s-%s' % (a.strftime('%Y/%m/%d.%H:%M'), b.strftime('%Y/%m/%d.%H:%M')) for a, b in zip(labels, labels[1:])]
        parts = [sums(zone, path, t) for t in texts]
        for name, total, *each in zip(SUMS, whole, *parts):
            if sum(each) != total:
                raise Failure('%s: %s of %s: %s, together %s, not %s' % (zone, name, ' '.join(texts), each, sum(each), total))


def main():
    tap = Tap()
    with scratch() as folder:
        for zone, changes in ZONES.items():
            for day in changes:
                path = os.path.join(folder, 'x.pavo')
                days = Days(zone, day, zone + day)
                good(['pavo', '-q', '-S', '60', '-e', 'p', '-r', '-', '-w', path], days.capture())
                more = os.path.join(folder, 'mixed.pavo')
                good(['pavo', '-q', '-S', '60', '-e', 'p', '-r', '-', '-w', more], mixed(days, random.Random(zone + day)), (0, 2))
                for what, act in (('bins', lambda: check_bins(days, zone, path)),
                                  ('ranges', lambda: check_ranges(days, zone, path, 30 if 'Howe' in zone else 60)),
                                  ('tilings', lambda: check_tilings(days, zone, more))):
                    try:
                        act()
                        tap.ok(True, '%s %s: %s' % (zone, day, what))
                    except (Failure, KeyError, ValueError, IndexError) as e:
                        tap.ok(False, '%s %s: %s' % (zone, day, what), repr(e) if not isinstance(e, Failure) else e)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()
