# SPDX-License-Identifier: BSD-2-Clause
"""What the capture missed (SEMANTICS 4.4, 4.5; X6).

Story 0 (A0) from packets, and ragap; acknowledgements over what was never seen, counted once more here from
the frames, in every capture; and files from which frames were taken out, where the truth is known.

	captureloss.py [--table]	print the table of tests/RESULTS.md
	captureloss.py [--differences]	print the differences found, as lines of known_capture.tsv
"""
import sys
from collections import defaultdict
from ipaddress import ip_address

from common import *
from segments import ACK, FIN, RST, SYN, segments, times
from talk import C, S, PSH, Talk
from tcp import c1

FIELDS = ('ackev', 'ackgap', 'capmiss', 'capfix')
TAPS = ('tap1', 'tap2')


# --- A0: 16 sessions of story 0, of two taps; or the same with what was missing

def story(missing):
    """two captures of 8 sessions each"""
    out = []
    for tap in range(2):
        c = Talk()
        for i in range(8):
            at = 20 * tap + 3 * i
            c.ends = ['10.0.%d.%d' % (tap, i + 1), '10.1.0.%d' % (i % 3 + 1)]
            c.ports = (40000 + i, 25)
            c.isn = (1000 + 7919 * i, 0xfffffff0 + i)
            c.open(at)
            c1(c, at)
            if not missing:
                for k in range(9):
                    c.seg(at + .18 + k * .001, C, 96 + k * 1460, 1460, 70)
        out.append(c)
    return out


def record(captures, tmp, T=5):
    paths = []
    for name, c in zip(TAPS, captures):
        pcap, pavo = os.path.join(tmp, name + '.pcap'), os.path.join(tmp, '%s.%d.pavo' % (name, T))
        c.write(pcap)
        good(['pavo', '-q', '-S', str(T), '-e', name, '-r', pcap, '-w', pavo])
        paths.append(pavo)
    return paths


def ragap(*argv, status):
    st, out, err = run(['ragap', *argv])
    want(st, status, 'exit status of ragap (%s)' % err)
    return out.decode()


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def story0():
    with scratch() as tmp:
        for T in (1, 5, 60):
            paths = record(story(True), tmp, T)
            got = objects(ragap('--json', '-r', *paths, status=0))
            found = [x for x in got if x['kind'] == 'signature']
            want(len(found), 1, 'signatures')
            x = found[0]
            want({k: x[k] for k in ('flows', 'gap_flows', 'dir', 'rel_lo', 'len', 'mss', 'segments', 'ports', 'probes')},
                 {'flows': 16, 'gap_flows': 16, 'dir': 'src', 'rel_lo': 96, 'len': 13140, 'mss': 1460, 'segments': 9,
                  'ports': [25], 'probes': 'tap1 tap2'}, 'the signature, T %d' % T)
            rows_ = [x for x in got if x['kind'] == 'interval']
            want([sum(x[k] for x in rows_) for k in ('acks', 'gaps', 'missing')], [112, 64, 16 * 13140], 'sums')
            want({round(x['caploss_pct'], 1) for x in rows_}, {57.1}, 'caploss%')
            mar = rows(['ra', '--mar', '--csv', '-s', 'm_ackev,m_ackgap', '-r', *paths, '-', 'rectype', '=', 'mar'])
            want([sum(int(r[k]) for r in mar) for k in ('m_ackev', 'm_ackgap')], [112, 64], 'MAR')
            lost = rows(['racluster', '-m', 'none', '--merge-probes', '--csv', '-s', 'sloss,dloss', '-r', *paths])
            want(lost, [{'sloss': '0', 'dloss': '0'}], 'network loss')
            flows = rows(['ra', '--csv', '-s', 'flowid', '-r', *paths, '-'] + x['filter'].split())
            want({r['flowid'] for r in flows}, set(x['flowids']), 'the filter it prints')
        text = ragap('-r', *paths, status=0)
        if '16/16 flows' not in text or '9.0 MSS' not in text or '57.1' not in text:
            raise Failure(text)
        zeek = [line.split('\t') for line in ragap('--zeek', '-r', *paths, status=0).splitlines()]
        want([r[1:] for r in zeek if r[0] in ('#fields', '#types')],
             [['ts', 'ts_delta', 'peer', 'gaps', 'acks', 'percent_lost'],
              ['time', 'interval', 'string', 'count', 'count', 'double']], 'header of the log')
        want([r[1:] for r in zeek if not r[0].startswith('#')],
             [['900.000000', tap, '32', '56', '57.142857'] for tap in TAPS], 'rows of the log')
        # one tap alone, by a filter: the MAR records are out of it
        want([x['flows'] for x in objects(ragap('--json', '-r', *paths, '-', 'probe', '=', 'tap1', status=0))
              if x['kind'] == 'signature'], [8], 'flows of one tap')
        want(ragap('--json', '--show', 'signatures', '-r', *paths, '-', 'port', '80', status=1), '', 'another port')


def control():
    with scratch() as tmp:
        paths = record(story(False), tmp)
        got = objects(ragap('--json', '-r', *paths, status=1))
        want({x['kind'] for x in got}, {'interval'}, 'kinds')
        want([sum(x[k] for x in got) for k in ('gaps', 'missing')], [0, 0], 'gaps, missing')
        want({x['caploss_pct'] for x in got}, {0.0}, 'caploss%')


def ranges():
    """rel_lo 96..97: sessions that said one byte more are of the same signature"""
    with scratch() as tmp:
        captures = story(True)
        longer(captures[1])
        paths = record(captures, tmp)
        x = [x for x in objects(ragap('--json', '-r', *paths, status=0)) if x['kind'] == 'signature']
        want([(s['flows'], s['rel_lo_min'], s['rel_lo_max'], s['len']) for s in x], [(16, 96, 97, 13140)], 'range')


def longer(c):
    """the sessions of this capture once more, each with one byte more in front"""
    c.frames = []
    for i in range(8):
        at = 20 + 3 * i
        c.ends = ['10.0.1.%d' % (i + 1), '10.1.0.%d' % (i % 3 + 1)]
        c.ports = (40000 + i, 25)
        c.open(at)
        c.seg(at + .1, S, 0, 40, 0, ACK | PSH)
        c.seg(at + .11, C, 0, 97, 40, ACK | PSH)
        for n, a in enumerate((97, 3017, 5937, 8857)):
            c.seg(at + .2 + n * .01, S, 40, 0, a)
        c.seg(at + .25, C, 13237, 1267, 40, ACK | PSH)
        c.seg(at + .30, S, 40, 0, 14504)


# --- X6: the same numbers from the frames

class Bytes:
    """a set of numbers, as ranges"""

    def __init__(self):
        self.r = []

    def add(self, lo, hi):
        """returns what was not in it"""
        new = self.without(lo, hi)
        if hi > lo:
            keep = [x for x in self.r if x[1] < lo or x[0] > hi]
            touch = [x for x in self.r if not (x[1] < lo or x[0] > hi)]
            self.r = sorted(keep + [(min([lo] + [x[0] for x in touch]), max([hi] + [x[1] for x in touch]))])
        return new

    def without(self, lo, hi):
        out, at = [], lo
        for a, b in self.r:
            if b <= at or a >= hi:
                continue
            if a > at:
                out.append((at, a))
            at = max(at, b)
        if at < hi:
            out.append((at, hi))
        return out


def size(ranges_):
    return sum(b - a for a, b in ranges_)


class Half:
    def __init__(self):
        self.nxt = self.una = self.isn = None
        self.seen, self.missed, self.win = Bytes(), [], None
        self.n = dict.fromkeys(FIELDS, 0)
        self.owed = None                 # the last number acknowledged, unseen: data or a FIN? and: was that an event

    def wide(self, number):
        ref = self.nxt if self.nxt is not None else self.una
        if ref is None:
            return (1 << 32) + number
        return ref + ((number - ref + (1 << 31)) % (1 << 32)) - (1 << 31)


class Connection:
    def __init__(self, t):
        self.side = (Half(), Half())
        self.syn = self.synack = self.est = self.over = self.rst = False
        self.fins, self.last = [None, None], t
        self.finacked = [False, False]
        self.sent = [False, False]

    def closed(self):
        return self.rst or all(self.finacked)

    def ended(self, t):
        """idle for too long (SEMANTICS 1.3)"""
        limit = 5 if self.closed() else 30 if self.syn and not all(self.sent) else 300
        return t >= self.last + limit

    def data(self, t, side, s):
        x, y = self.side[side], self.side[1 - side]
        if s.flags & RST:
            return
        n = s.n + (s.flags & SYN != 0) + (s.flags & FIN != 0)
        if x.nxt is None:
            lo = x.wide(s.seq)
            x.nxt = max(lo + n, x.una or 0)
            x.seen.add(0, max(lo + n, x.una or 0))       # where it begins, nothing is known to be missing
            if s.flags & SYN:
                x.isn, x.una = lo, lo
            return
        lo = x.wide(s.seq)
        if s.flags & SYN and x.isn is None:
            x.isn = lo
        plain = not s.flags & (SYN | FIN)
        if plain and s.n <= 1 and lo == x.nxt - 1 and n == s.n:
            return                       # keep-alive
        if plain and s.n == 1 and lo == x.nxt and y.win == 0:
            return                       # probe of a zero window
        if n == 0:
            return
        if x.owed and (s.n or lo + n > x.una):
            self.pay(x)
        new = x.seen.add(lo, lo + n)
        for a, b in new:
            for m in x.missed:
                over = min(b, m[1]) - max(a, m[0])
                if over > 0 and t - m[2] <= 1:
                    x.n['capfix'] += over
        x.nxt = max(x.nxt, lo + n)

    def pay(self, x):
        """it was data: more came behind it"""
        x.n['capmiss'] += 1
        x.n['ackgap'] += x.owed[1]
        x.owed = None

    def acked(self, t, side, s):
        """by what `side` sends: of what the other one sent"""
        x = self.side[1 - side]
        if not s.flags & ACK or s.flags & RST:
            return
        a = x.wide(s.ack)
        if x.una is None or x.nxt is None:
            x.una = a if x.una is None or a > x.una else x.una
            x.nxt = max(x.nxt, a) if x.nxt is not None else None
            return
        if a <= x.una or a > x.nxt + (1 << 30):
            return
        counts = self.syn and self.synack and self.est and not self.over
        if x.owed:
            self.pay(x)
        old, x.una = x.una, a
        if counts and (x.isn is None or a > x.isn + 1):
            x.n['ackev'] += 1
        missing, sure = x.seen.without(old, a), 0
        if a > x.nxt and self.fins[1 - side] is None:
            sure = 1                     # the last one may be a FIN
        if missing:
            x.n['capmiss'] += size(missing) - sure
            event = counts and (x.isn is None or a > x.isn + 1)
            x.n['ackgap'] += event and size(missing) > sure
            if sure:
                x.owed = a - 1, event and size(missing) == sure
            x.missed += [(lo, hi, t) for lo, hi in missing]
        x.nxt = max(x.nxt, a)

    def step(self, t, side, s):
        if s.flags & RST:
            self.over = self.rst = True
        elif s.flags & SYN:
            if s.flags & ACK:
                self.synack = True
            else:
                self.syn = True
        elif s.flags & ACK and self.synack:
            self.est = True
        if s.flags & FIN and not s.flags & RST:
            self.over = True
        self.data(t, side, s)
        self.acked(t, side, s)
        if s.flags & FIN:
            self.fins[side] = self.side[side].nxt
        end = self.fins[1 - side]
        if s.flags & ACK and end is not None and self.side[1 - side].wide(s.ack) >= end:
            self.finacked[1 - side] = True
        self.side[side].win = s.win
        self.sent[side] = True
        self.last = max(self.last, t)


def clocks(raw):
    """the probe's clock at each frame (SEMANTICS R6)"""
    now, ahead = None, []
    for t in times(raw):
        if now is None or now <= t <= now + 3600:
            now, ahead = t, []
        elif t > now:
            ahead = ahead + [t] if ahead and abs(t - ahead[-1]) <= 3600 else [t]
            if len(ahead) == 8:
                now, ahead = max(ahead), []
        else:
            ahead = []
        yield now


def model(raw):
    """(src, sport, dst, dport) -> the fields of what src sent"""
    out, now = defaultdict(lambda: dict.fromkeys(FIELDS, 0)), {}
    clock = list(clocks(raw))

    def close(key, c):
        for i, k in enumerate((key, key[::-1])):
            if not all(c.sent):
                continue                 # one way: nothing can be said
            for f in FIELDS:
                out[k[0] + k[1]][f] += c.side[i].n[f]

    for s in segments(raw):
        t = clock[s.frame - 1]
        a, b = (str(ip_address(s.src)), s.sport), (str(ip_address(s.dst)), s.dport)
        key, side = ((a, b), 0) if a < b else ((b, a), 1)
        c = now.get(key)
        fresh = s.flags & (SYN | ACK | RST | FIN) == SYN
        if c is not None and (c.ended(t) or (fresh and c.closed() and
                              c.side[side].isn is not None and c.side[side].isn & 0xffffffff != s.seq)):
            close(key, c)
            c = None
        if c is None:
            c = now[key] = Connection(t)
        c.step(t, side, s)
    for key, c in now.items():
        close(key, c)
    return out


def number(text):
    return int(text) if text not in ('-', '') else 0


def ours(path, extra=()):
    names = [side + f for f in FIELDS + tuple(extra) for side in 'sd']
    out = defaultdict(lambda: dict.fromkeys(FIELDS + tuple(extra), 0))
    status, records, err = run(['pavo', '-q', '-r', path])
    if status not in (0, 2):
        raise Failure(err)
    for r in rows(['ra', '-nn', '--csv', '-s', 'saddr,sport,daddr,dport,' + ','.join(names), '-', 'tcp'], records):
        if r['sport'] in ('-', ''):
            continue
        ends = (str(ip_address(r['saddr'])), int(r['sport'])), (str(ip_address(r['daddr'])), int(r['dport']))
        for side, key in (('s', ends), ('d', ends[::-1])):
            for f in FIELDS + tuple(extra):
                out[key[0] + key[1]][f] += number(r[side + f])
    return out


def known():
    return {(r['file'], r['who'], r['field']): (r['truth'], r['ours'], r['reason'])
            for r in table('known_capture', HERE)}


def differences(name):
    """[(who, field, here, ours)] and how many were compared"""
    with open(capture(name), 'rb') as f:
        here = model(f.read())
    got, out = ours(capture(name)), []
    for key in sorted(here, key=str):
        for f in FIELDS:
            if here[key][f] != got[key][f]:
                out.append(('%s:%d>%s:%d' % key, f, here[key][f], got[key][f]))
    return out, len(here)


def all_captures():
    names = {r['file'] for r in table('tcp_streams')}
    return sorted(n for n in names if os.path.exists(capture(n)))


def compare(tap, told):
    unused = dict(told)
    for name in all_captures():
        try:
            found, n = differences(name)
        except Failure as e:
            tap.ok(False, name, e)
            continue
        new = [d for d in found if told.get((name, d[0], d[1]), (None,) * 3)[:2] != (str(d[2]), str(d[3]))]
        for d in found:
            unused.pop((name, d[0], d[1]), None)
        tap.ok(not new, '%s: %d directions' % (name, n),
               '\n'.join('%s %s: here %d, pavo %d' % d for d in new))
    if SHARED:
        tap.ok(not unused, 'no difference is listed that is none', sorted(unused))


# --- the probe's own sums are those of its flows, whatever the bins

def sums(name):
    out = set()
    for T in (1, 5, 60):
        status, records, err = run(['pavo', '-q', '-S', str(T), '-r', capture(name)])
        if status not in (0, 2):
            raise Failure(err)
        status, text, err = run(['ragap', '--json', '--show', 'intervals', '-M', '1h'], records)
        want(status, 0, 'exit status of ragap, T %d (%s)' % (T, err.strip()))
        got = objects(text.decode())
        mar = rows(['ra', '--mar', '--csv', '-s', 'm_ackev,m_ackgap,m_ackfix', '-', 'rectype', '=', 'mar'], records)
        flows = tuple(sum(x.get(k, 0) for x in got) for k in ('acks', 'gaps'))
        events, gaps, fixed = (sum(number(r[k]) for r in mar) for k in ('m_ackev', 'm_ackgap', 'm_ackfix'))
        want((events, gaps - fixed), flows, 'MAR, T %d' % T)
        out.add(flows + (sum(x.get('missing', 0) for x in got),))
    want(len(out), 1, 'different sums for T 1, 5, 60: %s' % out)
    return out.pop()


def check_sums(tap):
    counted = 0
    for name in all_captures():
        try:
            counted += sums(name)[0] > 0
        except Failure as e:
            tap.ok(False, '%s: sums' % name, e)
    tap.ok(counted > 0, 'MAR and flows agree for bins of 1, 5, 60 s, and these with each other: %d captures with events' %
           counted)


# --- frames taken out: what is missing is known

def removed():
    """file -> (original, frame numbers)"""
    path = os.path.join(CAPTURES, 'netns', 'captureloss.txt')
    if not os.path.exists(path):
        return {}
    out = {}
    with open(path) as f:
        for line in f:
            w = line.rstrip('\n').split('\t')
            if len(w) == 3 and w[0].endswith('.pcap'):
                out[w[0]] = w[1], {int(n) for n in w[2].split()}
    return out


def truth_of(original, gone):
    """(src, sport, dst, dport) -> payload taken out; of that acknowledged and seen nowhere else; frames taken out
    whose bytes were sent more than once, or again"""
    sent, left, acks = defaultdict(Bytes), defaultdict(Bytes), {}
    again, payload, fins = defaultdict(int), defaultdict(int), defaultdict(int)
    copies = defaultdict(list)
    with open(original, 'rb') as f:
        all_ = list(segments(f.read()))
    for s in all_:
        if s.n:
            copies[(s.src, s.sport, s.dst, s.dport)].append((s.seq, s.seq + s.n))
    for s in all_:
        key, back = (s.src, s.sport, s.dst, s.dport), (s.dst, s.dport, s.src, s.sport)
        if s.n:
            sent[key].add(s.seq, s.seq + s.n)
            if s.frame in gone:
                payload[key] += s.n
                again[key] += sum(a < s.seq + s.n and b > s.seq for a, b in copies[key]) > 1
            else:
                left[key].add(s.seq, s.seq + s.n)
        if s.frame not in gone and s.flags & ACK and s.flags & SYN == 0:
            acks[back] = max(acks.get(back, 0), s.ack)
    out = {}
    for key in sent:
        lost = sum(size(left[key].without(a, min(b, acks.get(key, 0)))) for a, b in sent[key].r if a < acks.get(key, 0))
        out[(str(ip_address(key[0])), key[1], str(ip_address(key[2])), key[3])] = payload[key], lost, again[key]
    return out


def taken_out():
    """rows: file, who, payload taken out, acknowledged of that, missing, loss before and after, ambiguous"""
    for name, (original, gone) in sorted(removed().items()):
        if not os.path.exists(capture('netns/' + name)):
            continue
        truth = truth_of(capture('netns/' + original), gone)
        before = ours(capture('netns/' + original), ('rtxup', 'rtxdn'))
        after = ours(capture('netns/' + name), ('rtxup', 'rtxdn'))
        for key, (payload, acked, again) in sorted(truth.items()):
            loss = [x[key]['rtxup'] + x[key]['rtxdn'] for x in (before, after)]
            yield name, '%s:%d>%s:%d' % key, payload, acked, after[key]['capmiss'] - after[key]['capfix'], *loss, again


def check_taken_out(tap):
    n = 0
    listed = {(r['file'], '%s:%s>%s:%s' % (str(ip_address(r['src'])), r['sport'], str(ip_address(r['dst'])), r['dport'])):
              int(r['removed_payload']) for r in table('netns_captureloss')}
    for name, who, payload, acked, missing, before, after, again in taken_out():
        n += 1
        want(listed.get((name, who), 0), payload, '%s %s: payload taken out, by the list' % (name, who))
        tap.ok(missing == acked and abs(after - before) <= again,
               '%s %s: %d bytes of %d taken out were acknowledged' % (name, who, acked, payload),
               'missing %d; loss before %d, after %d, ambiguous %d' % (missing, before, after, again))
    if n == 0:
        tap.skip('frames taken out', 'no netns/captureloss.txt')


def main():
    if '--table' in sys.argv:
        print('| file | direction | payload taken out | acknowledged | missing (pavo) | loss before | after | ambiguous |')
        print('|---|---|---|---|---|---|---|---|')
        for row in taken_out():
            if row[2]:
                print('| ' + ' | '.join(map(str, row)) + ' |')
        return
    if '--differences' in sys.argv:
        for name in all_captures():
            for who, field, here, got in differences(name)[0]:
                print('\t'.join((name, who, field, str(here), str(got), '')))
        return
    tap = Tap()
    for name, test in (('story 0: 16 sessions, one signature', story0), ('the same with all its segments', control),
                       ('a byte more or less', ranges)):
        try:
            test()
            tap.ok(True, name)
        except Failure as e:
            tap.ok(False, name, e)
    compare(tap, known())
    check_sums(tap)
    check_taken_out(tap)
    tap.end()


if __name__ == '__main__':
    main()
