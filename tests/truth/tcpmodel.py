# SPDX-License-Identifier: BSD-2-Clause
"""The classes of SEMANTICS 4.2-4.4 once more, with sets of bytes instead of bounded state, as plainly as can be.

Rules of the second edition (14.1) have letters: a keep-alives, b events that are taken back, c fast open refused, d two answers
to a SYN, e steps beyond reach, f many holes, h copies.  A model has those that it is made with; `in_force()` are those that the program
has (DONE); PAVO_TCP_RULES says otherwise (letters, or - for none).
Which connection a packet belongs to (d, g) is for Ends.
"""
import os
from collections import defaultdict

FIN, SYN, RST, ACK = 1, 2, 4, 16
US = 1                                   # times are in us
MS = 1000
HOLES, MANY_HOLES = 32, 512
UNKNOWN, NO_SCALE = 1 << 20, 1 << 16     # windows whose scale is not known, or that have none
ALL = 'abcdefh'
DONE = ALL


def in_force():
    """the rules of the second edition that the program is to have"""
    told = os.environ.get('PAVO_TCP_RULES')
    return told.strip('-') if told else DONE


def s16(x):
    return (x + 0x8000 & 0xffff) - 0x8000


def s32(x):
    return (x + 0x80000000 & 0xffffffff) - 0x80000000


class Hole:
    def __init__(self, lo, hi, t, ident, ts, unknown=False):
        self.lo, self.hi, self.t, self.ident, self.ts, self.unknown = lo, hi, t, ident, ts, unknown


class Side:
    def __init__(self):
        self.nxt = self.una = self.isn = None
        self.holes, self.acked = [], []  # open; acknowledged without having been seen: (lo, hi, t)
        self.ring, self.steps, self.last_id, self.varied = [], [], None, False
        self.lastack = self.lastwin = None
        self.probe = False               # its last packet was a keep-alive or a zero-window probe
        self.zero = None                 # time of its zero window
        self.run = (None, 0)             # s, retransmissions of it in a row
        self.dups, self.sacked = 0, False
        self.tsval = None
        self.sent = {}                   # byte -> time, only of segments' first bytes: age of the original
        self.fin = False
        self.gaps = []                   # events: [missing ranges, time]
        self.other = None                # number of a second SYN-ACK
        self.refused = (0, 0)            # bytes on its SYN that were not taken; they are counted already
        self.win, self.open, self.scale = 0, 0, None     # largest window, as it stands there; that of the SYN, never scaled; -1: no scale
        self.far = self.farack = None    # beyond reach, until the next one or two say: [where, ..., how many may]
        self.all, self.acks, self.copies = [], [], 0     # segments, pure acknowledgements: (facts, ident, t)
        self.newest_id, self.forward, self.newest_ts = None, 0, None

    def wide(self, seq):
        """the number without wrapping, near what came before"""
        ref = self.nxt if self.nxt is not None else self.una
        return seq + (1 << 32) if ref is None else ref + s32(seq - ref)


class Model:
    """packets of one connection: step(t, side, seq, ack, flags, win, n, ident, ts, cksum, sack blocks, scale)"""

    def __init__(self, rules=''):
        self.rules, self.side = rules, (Side(), Side())
        self.n = (defaultdict(int), defaultdict(int))
        self.syn = self.synack = self.est = self.over = False
        self.t_syn = self.t_synack = self.rtt = None
        self.syns = [0, 0]

    # --- 4.3
    def reordered(self, x, hole, t, ident, ts):
        usable = ident and hole.ident and len(x.steps) >= 3 and all(1 <= s <= 999 for s in x.steps[-3:])
        if usable:
            dd = s16(ident - hole.ident)
            if -1000 < dd < 0:
                return True
            if 0 < dd < 1000:
                return False
        if ts and hole.ts:
            d = s32(ts[0] - hole.ts[0])
            if d < 0:
                return True
            if d > 0 and t - hole.t > 2 * MS:
                return False
        return t - hole.t < (0.9 * self.rtt if self.rtt is not None else 3 * MS)

    def captured_twice(self, x, t, facts, ident):
        for r in x.ring:
            if r[0] != facts:
                continue
            dt = t - r[2]
            if ident and r[1] and x.varied:
                if ident == r[1] and dt <= 10 * MS and (self.rtt is None or dt < self.rtt / 2):
                    return True
            elif ident == r[1] and dt <= 1 * MS and (self.rtt is None or dt < self.rtt / 4):
                return True
        return False

    def copy(self, x, t, facts, ident, ts, s, e, pure):
        """14.1 h: the same packet once more"""
        same = [r for r in x.all if r[0] == facts]
        usable = ident and x.forward >= 3
        if pure:
            return x.copies >= 16 and any(r[0] == facts and t - r[2] <= 1 * MS and (not usable or r[1] == ident) for r in x.acks)
        if ident and any(r[1] == ident and t - r[2] <= (1000 if x.varied else 1) * MS for r in same):
            return True
        seen = (x.nxt is not None and e <= x.nxt and not any(h.lo < e and s < h.hi for h in x.holes) and
                not any(lo < e and s < hi for lo, hi, _ in x.acked))
        if usable:
            return seen and -1000 <= s16(ident - x.newest_id) <= 0 and t - x.sent.get(s, t) <= 1000 * MS
        if ts and x.newest_ts is not None and seen:
            d = s32(ts[0] - x.newest_ts)
            if d < 0 or d == 0 and any(t - r[2] <= 1 * MS for r in same):
                return True
        return self.captured_twice(x, t, facts, ident)

    def window(self, x, y):
        """the largest that Y announced to X"""
        if x.scale is None or y.scale is None:
            return UNKNOWN
        if -1 in (x.scale, y.scale) or y.scale == 0:
            return NO_SCALE
        return max(y.open, y.win << y.scale) if y.win else UNKNOWN       # the SYN's says nothing of those that are scaled

    def anew(self, x, n, nxt):
        """numbers go on elsewhere: nothing is missing, what comes is met in the middle"""
        n['jumps'] += 1
        x.nxt, x.una, x.isn = nxt, None, None
        x.holes, x.acked, x.gaps, x.far, x.farack = [], [], [], None, None
        x.run, x.dups, x.sacked = (None, 0), 0, False

    def beyond(self, x, y, n, s, e, payload):
        """14.1 e, data: true if it waits"""
        reach = self.window(x, y)
        if x.far:
            if 0 <= s - x.far[0] <= reach:
                _, end, bytes_, _ = x.far
                self.anew(x, n, end)
                n['newbytes'] += bytes_
            else:
                x.far[3] -= 1
                if x.far[3] == 0:
                    n['oow'] += 1
                    x.far = None
        if x.una is None or x.nxt is None or e <= x.una + reach:
            return False
        x.far = [s, e, payload, 2]
        return True

    def beyond_ack(self, x, y, a):
        """the same, an acknowledgement of X's data by Y"""
        reach, n = self.window(x, y), self.n[self.side.index(x)]
        if x.farack:
            if 0 <= a - x.farack[0] <= reach:
                self.anew(x, n, a)
                x.una = a
                return True
            x.farack[1] -= 1
            if x.farack[1] == 0:
                self.n[self.side.index(y)]['oow'] += 1
                x.farack = None
        if x.una is None or a <= x.una + reach:
            return False
        if x.nxt is not None and a <= x.nxt:     # what is there was believed before a window was known: nothing is missing below
            x.holes = [Hole(max(h.lo, a), h.hi, h.t, h.ident, h.ts, h.unknown) for h in x.holes if h.hi > a]
            return False
        x.farack = [a, 2]
        return True

    def rtx(self, x, n, s):
        x.run = (s, x.run[1] + 1 if x.run[0] == s else 1)
        n['maxrtx'] = max(n['maxrtx'], x.run[1])

    def trigger(self, x, n, s, t, since):
        if x.una == s and (x.dups >= 3 or x.sacked):
            n['frtx'] += 1
        elif since is not None and t - since >= max(200 * MS, 2 * (self.rtt or 0)):
            n['rto'] += 1

    def data(self, x, n, t, s, e, payload, ident, ts):
        """4.2 steps 4 and 5"""
        if x.nxt is None:
            x.nxt = e
            n['newbytes'] += payload
            return
        if s == x.nxt:
            x.nxt = e
            n['newbytes'] += payload - max(0, min(e, x.refused[1]) - max(s, x.refused[0]))
            return
        if s > x.nxt:
            n['tgapev'] += 1
            x.holes.append(Hole(x.nxt, s, t, ident, ts))
            if 'f' in self.rules and len(x.holes) > MANY_HOLES:
                a, b = x.holes[:2]
                x.holes[:2] = [Hole(a.lo, b.hi, b.t, b.ident, b.ts, True)]
                n['holeovf'] += 1
            elif 'f' not in self.rules and len(x.holes) > HOLES:
                del x.holes[0]
                n['holeovf'] += 1
            x.nxt = e
            n['newbytes'] += payload
            return
        touched = [h for h in x.holes if h.lo < e and s < h.hi]
        late = [h for h in x.acked if h[0] < e and s < h[1] and t - h[2] <= 1000 * MS]
        came = sum(min(e, h[1]) - max(s, h[0]) for h in late)
        filled = sum(min(e, h.hi) - max(s, h.lo) for h in touched)
        n['capfix'] += came
        n['newbytes'] += came + filled + max(0, e - max(s, x.nxt))
        n['rtxb'] += max(0, min(payload, x.nxt - s) - came - filled)
        if late:
            n['capooo'] += 1
            for gap in x.gaps:
                if gap[0] and t - gap[1] <= 1000 * MS:
                    gap[0] = [(a, b) for lo, hi in gap[0] for a, b in ((lo, min(hi, s)), (max(lo, e), hi)) if a < b]
                    n['ackfix'] += not gap[0]
        elif x.una is not None and e <= x.una:
            n['spur'] += 1
            self.rtx(x, n, s)
        elif touched:
            h = touched[0]
            if h.unknown:
                # IDs and timestamps may tell, the time since it opened does not
                told = self.reordered(x, h, t, ident, ts), self.reordered(x, h, h.t + (1 << 40), ident, ts)
                n['ooo' if all(told) else 'rtxup' if not any(told) else 'rtxunk'] += 1
            elif self.reordered(x, h, t, ident, ts):
                n['ooo'] += 1
            else:
                n['rtxup'] += 1
                self.rtx(x, n, s)
                self.trigger(x, n, s, t, h.t)
        else:
            n['rtxdn'] += 1
            self.rtx(x, n, s)
            self.trigger(x, n, s, t, x.sent.get(s))
        x.acked = [(a, b, when) for lo, hi, when in x.acked for a, b in ((lo, min(hi, s)), (max(lo, e), hi)) if a < b]
        x.holes = [Hole(a, b, h.t, h.ident, h.ts, h.unknown) for h in x.holes
                   for a, b in (((h.lo, h.hi),) if h.unknown else ((h.lo, min(h.hi, s)), (max(h.lo, e), h.hi))) if a < b]
        x.nxt = max(x.nxt, e)

    def ack(self, x, n, t, a):
        """an acknowledgement for x's data"""
        if 'e' in self.rules and self.beyond_ack(x, self.side[1 - self.side.index(x)], a):
            return
        if x.una is None:
            x.una = a if x.isn is None else x.isn + 1
            if x.isn is None:
                if x.nxt is None:
                    x.nxt = a
                return
        if a <= x.una:
            return
        a0, x.una = x.una, a
        x.dups, x.sacked = 0, False
        if x.run[0] is not None and x.run[0] < a:
            x.run = (None, 0)
        counts = self.est and not self.over and not (x.isn is not None and a <= x.isn + 1)
        n['ackev'] += counts
        gone = [(max(h.lo, a0), min(h.hi, a)) for h in x.holes if h.lo < a and not h.unknown]
        miss = sum(b - c for c, b in gone) + max(0, a - max(x.nxt, a0) - (1 if x.fin else 0))
        if miss > 0:
            n['ackgap'] += counts
            if counts and 'b' in self.rules:
                x.gaps.append([gone + ([(max(x.nxt, a0), a)] if a > x.nxt else []), t])
            n['capmiss'] += miss
            x.acked += [(lo, hi, t) for lo, hi in gone]
            if a > x.nxt:
                x.acked.append((max(x.nxt, a0), a, t))
            x.holes = [Hole(max(h.lo, a), h.hi, h.t, h.ident, h.ts, h.unknown) for h in x.holes if h.hi > a]
        if a > x.nxt:
            n['ackun'] += 1
            x.nxt = a

    def step(self, t, side, seq, ack, flags, win, payload, ident=None, ts=None, cksum=0, sacks=(), scale=None):
        x, y, n = self.side[side], self.side[1 - side], self.n[side]
        n['datasegs'] += payload > 0
        n['fin'] += bool(flags & FIN)
        n['rst'] += bool(flags & RST)
        n['syn'] += bool(flags & SYN)
        if flags & RST:
            self.over = True
            return
        if flags & SYN:
            x.open, x.scale = max(x.open, win), scale
        else:
            x.win = max(x.win, win)
        seglen = payload + bool(flags & SYN) + bool(flags & FIN)
        pure = payload == 0 and not flags & (SYN | FIN) and flags & ACK
        n['ackpkts'] += bool(pure)
        s = x.wide(seq)
        e = s + seglen
        facts = (seq, ack, seglen, flags, win, cksum)
        if flags & SYN and x.isn is None:
            x.isn = s
            x.una = s if x.una is None else max(x.una, s)    # it may be late
            x.nxt = e if x.nxt is None else max(x.nxt, e)
            x.sent[s] = t
            n['newbytes'] += payload
            if flags & ACK:
                self.synack, self.t_synack = True, t
            else:
                self.syn, self.t_syn = True, t
            x.ring = (x.ring + [(facts, ident, t)])[-4:]
            x.all.append((facts, ident, t))
            self.syns[side] += 1
        elif 'd' in self.rules and flags & SYN and flags & ACK and s != x.isn and not self.est:
            x.other = s
        else:
            if 'h' in self.rules:
                dup = (seglen > 0 or pure) and self.copy(x, t, facts, ident, ts, s, e, pure)
            else:
                dup = seglen > 0 and self.captured_twice(x, t, facts, ident)
            if x.last_id is not None and ident != x.last_id:
                x.varied = True
            if dup:
                n['dup'] += 1
                n['datasegs'] -= payload > 0
                n['ackpkts'] -= bool(pure)
                x.copies += 1
                return
            ka = payload <= 1 and x.nxt is not None and s == x.nxt - 1 and not flags & (SYN | FIN)
            if 'a' in self.rules:
                ka = ka and (payload == 0 if x.una is None else x.una >= x.nxt)
            zwp = payload == 1 and s == x.nxt and y.lastwin == 0
            if ka:
                n['ka'] += 1
            elif zwp:
                n['zwp'] += 1
            elif 'e' in self.rules and seglen and self.beyond(x, y, n, s, e, payload):
                pass
            elif seglen or x.nxt is not None and s > x.nxt:
                if x.nxt is None or s == x.nxt:
                    if payload and ident and x.last_data:
                        x.steps.append(s16(ident - x.last_data) if abs(s16(ident - x.last_data)) else 0)
                    if payload:
                        x.last_data = ident
                self.data(x, n, t, s, e, payload, ident, ts)
                x.sent.setdefault(s, t)
            if seglen:
                x.ring = (x.ring + [(facts, ident, t)])[-4:]
            (x.all if seglen else x.acks).append((facts, ident, t))
            x.special = ka or zwp
            x.last_id = ident
            if flags & FIN:
                x.fin = self.over = True
        if flags & SYN:                  # its ID is not remembered
            ident = None
        if x.newest_id is not None and ident and s16(ident - x.newest_id) > 0:
            x.forward += 1
        if ident and (x.newest_id is None or s16(ident - x.newest_id) > 0):
            x.newest_id = ident
        if ts and (x.newest_ts is None or s32(ts[0] - x.newest_ts) > 0):
            x.newest_ts = ts[0]
        if flags & ACK:
            a = y.wide(ack)
            if y.other is not None and not flags & SYN:
                if s32(ack - y.other) == 1:
                    y.isn, y.nxt, y.una, y.holes = y.other, y.other + 1, y.other, []
                    a = y.wide(ack)
                y.other = None
            if 'c' in self.rules and flags & SYN and y.isn is not None and a == y.isn + 1 < y.nxt and y.una == y.isn:
                y.refused, y.nxt = (a, y.nxt), a
            same = x.lastack == ack and x.lastwin == win
            if pure and not x.special:
                null = bool(same and win and not y.special)
                n['nullack'] += null
                if null and y.nxt is not None and y.una is not None and y.nxt > y.una and a == y.una:
                    n['dupack'] += 1
                    y.dups += 1
            if any(s32(b[1] - ack) > 0 for b in sacks):
                y.sacked = True
            if self.synack and not flags & SYN and not self.est and self.syn:
                self.est = True
                if self.syns == [1, 1]:
                    self.rtt = t - self.t_syn
            self.ack(y, self.n[1 - side], t, a)
            x.lastack, x.lastwin = ack, win
        if y.nxt is not None and x.nxt is not None and x.una is not None:
            n['inflmax'] = max(n['inflmax'], x.nxt - x.una)


Side.special = False
Side.last_data = None


# --- which connection a packet belongs to

class Flow:
    """one connection: its model, and what decides its state (SEMANTICS 1.4)"""

    def __init__(self, rules, t):
        self.model, self.pkts, self.last, self.first = Model(rules), [0, 0], t, t
        self.isn = [None, None]          # of the SYN that it began with, and of its answer
        self.syns, self.orig, self.syn, self.synack, self.fins, self.rst = [], 0, False, False, [False, False], None
        self.told = None                 # what the other side acknowledged last

    def take(self, p):
        t, side, seq, ack, flags, win, n = p[:7]
        self.pkts[side] += 1
        self.last = t
        if flags & SYN and not flags & RST:
            if self.isn[side] is None:
                self.isn[side] = seq
            if flags & ACK:
                self.synack = True
            elif self.isn[side] == seq:
                self.orig, self.syn = side, True
                self.syns.append(t)
        if flags & FIN:
            self.fins[side] = True
        # a reset that answers a segment of somebody else: its number is that segment's, far from its own
        stale = (flags & RST and side == self.orig and self.isn[side] is not None and seq == self.told and
                 abs(s32(seq - self.isn[side])) > UNKNOWN)
        self.told = ack if side != self.orig and flags & ACK else self.told
        if stale:
            return
        if flags & RST and self.rst is None:
            self.rst = side
        # a SYN of other numbers counts, and is no more than that
        if not (flags & SYN and not flags & ACK and self.isn[side] not in (None, seq)):
            t, side, seq, ack, flags, win, n, ident, ts, check, scale = p
            self.model.step(t, side, seq, ack, flags, win, n, ident, ts, check, scale=scale)

    def closed(self):
        return all(self.fins) or self.rst is not None

    def idle(self):
        """us of silence that end it"""
        if self.closed():
            return 5 * 1000 * MS
        if self.syn and not self.synack and not any(self.fins) and self.pkts[1 - self.orig] == 0 and \
                self.pkts[self.orig] == len(self.syns):
            last = self.syns[-1] - self.syns[-2] if len(self.syns) > 1 else 0
            return min(180 * 1000 * MS, max(30 * 1000 * MS, 2 * last + 5 * 1000 * MS))
        return 300 * 1000 * MS

    def conn(self):
        o, r = self.orig, 1 - self.orig
        if self.syn and self.synack:
            if self.rst is not None:
                return 'RSTO' if self.rst == o else 'RSTR'
            return {(True, True): 'SF', (True, False): 'S2', (False, True): 'S3'}.get((self.fins[o], self.fins[r]), 'S1')
        if self.syn:
            return 'REJ' if self.rst == r else 'RSTOS0' if self.rst == o else 'SH' if self.fins[o] else 'S0'
        if self.synack:
            return 'RSTRH' if self.rst == r else 'SHR' if self.fins[r] else 'OTH'
        return 'OTH'

    def summary(self):
        return dict(spkts=self.pkts[0], dpkts=self.pkts[1], conn=self.conn())


class Ends:
    """all packets of one pair of ends, in order of time: step(t, side, seq, ack, flags, win, n, ident, ts, cksum, scale)"""

    def __init__(self, rules=ALL):
        self.rules, self.flows, self.waiting = rules, [], []

    def new(self, packets):
        self.flows.append(Flow(self.rules, packets[0][0]))
        for p in packets:
            self.flows[-1].take(p)

    def let_go(self):
        """what waited belongs to the old one"""
        for p in self.waiting:
            self.flows[-1].take(p)
        self.waiting = []

    def step(self, *p):
        t, side, seq, ack, flags, win, n = p[:7]
        now = self.flows[-1] if self.flows else None
        if self.waiting:
            w = self.waiting[0]
            if side != w[1]:             # the other side says whose it is
                if flags & ACK and flags & (SYN | RST) and 0 < s32(ack - w[2]) <= 1 + w[6]:
                    packets, self.waiting = self.waiting + [p], []
                    self.new(packets)
                    return
                self.let_go()
            elif t - w[0] > 2000 * MS:
                self.let_go()
            elif not now.pkts[1 - side] and 0 <= s32(seq - w[2]) <= UNKNOWN and not flags & SYN:
                packets, self.waiting = self.waiting + [p], []
                self.new(packets)        # one direction alone: a second packet in the new numbers
                return
            else:
                self.waiting.append(p)
                return
        if now is None or t - now.last > now.idle():
            self.new([p])
        elif flags & (SYN | ACK | RST) == SYN and (now.isn[side] is not None or any(now.pkts)) and now.isn[side] != seq:
            if now.closed() or t - now.last > 60 * 1000 * MS:
                self.new([p])
            else:
                self.waiting = [p]
        else:
            now.take(p)

    def end(self):
        self.let_go()
        return self.flows
