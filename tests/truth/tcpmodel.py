# SPDX-License-Identifier: BSD-2-Clause
"""The classes of SEMANTICS 4.2-4.4 once more, with sets of bytes instead of bounded state, as plainly as can be."""
from collections import defaultdict

FIN, SYN, RST, ACK = 1, 2, 4, 16
US = 1                                   # times are in us
MS = 1000
HOLES = 32


def s16(x):
    return (x + 0x8000 & 0xffff) - 0x8000


def s32(x):
    return (x + 0x80000000 & 0xffffffff) - 0x80000000


class Hole:
    def __init__(self, lo, hi, t, ident, ts):
        self.lo, self.hi, self.t, self.ident, self.ts = lo, hi, t, ident, ts


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

    def wide(self, seq):
        """the number without wrapping, near what came before"""
        ref = self.nxt if self.nxt is not None else self.una
        return seq + (1 << 32) if ref is None else ref + s32(seq - ref)


class Model:
    """packets of one connection: step(t, side, seq, ack, flags, win, n, ident, ts, cksum, sack blocks)"""

    def __init__(self, v6=False):
        self.v6, self.side = v6, (Side(), Side())
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
            n['newbytes'] += payload
            return
        if s > x.nxt:
            n['tgapev'] += 1
            x.holes.append(Hole(x.nxt, s, t, ident, ts))
            if len(x.holes) > HOLES:
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
        elif x.una is not None and e <= x.una:
            n['spur'] += 1
            self.rtx(x, n, s)
        elif touched:
            h = touched[0]
            if self.reordered(x, h, t, ident, ts):
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
        x.holes = [Hole(a, b, h.t, h.ident, h.ts) for h in x.holes
                   for a, b in ((h.lo, min(h.hi, s)), (max(h.lo, e), h.hi)) if a < b]
        x.nxt = max(x.nxt, e)

    def ack(self, x, n, t, a):
        """an acknowledgement for x's data"""
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
        gone = [(max(h.lo, a0), min(h.hi, a)) for h in x.holes if h.lo < a]
        miss = sum(b - c for c, b in gone) + max(0, a - x.nxt - (1 if x.fin else 0))
        if miss > 0:
            n['ackgap'] += counts
            n['capmiss'] += miss
            x.acked += [(lo, hi, t) for lo, hi in gone]
            if a > x.nxt:
                x.acked.append((x.nxt, a, t))
            x.holes = [Hole(max(h.lo, a), h.hi, h.t, h.ident, h.ts) for h in x.holes if h.hi > a]
        if a > x.nxt:
            n['ackun'] += 1
            x.nxt = a

    def step(self, t, side, seq, ack, flags, win, payload, ident=None, ts=None, cksum=0, sacks=()):
        x, y, n = self.side[side], self.side[1 - side], self.n[side]
        n['datasegs'] += payload > 0
        n['fin'] += bool(flags & FIN)
        n['rst'] += bool(flags & RST)
        n['syn'] += bool(flags & SYN)
        if flags & RST:
            self.over = True
            return
        seglen = payload + bool(flags & SYN) + bool(flags & FIN)
        pure = payload == 0 and not flags & (SYN | FIN) and flags & ACK
        n['ackpkts'] += bool(pure)
        s = x.wide(seq)
        e = s + seglen
        facts = (seq, ack, seglen, flags, win, cksum)
        if flags & SYN and x.isn is None:
            x.isn = s
            x.una = s
            x.nxt = e
            x.sent[s] = t
            if flags & ACK:
                self.synack, self.t_synack = True, t
            else:
                self.syn, self.t_syn = True, t
            x.ring = (x.ring + [(facts, ident, t)])[-4:]
            x.last_id = ident
            self.syns[side] += 1
        else:
            dup = seglen > 0 and self.captured_twice(x, t, facts, ident)
            if x.last_id is not None and ident != x.last_id:
                x.varied = True
            if dup:
                n['dup'] += 1
                n['datasegs'] -= payload > 0
                return
            ka = payload <= 1 and x.nxt is not None and s == x.nxt - 1 and not flags & (SYN | FIN)
            zwp = payload == 1 and s == x.nxt and y.lastwin == 0
            if ka:
                n['ka'] += 1
            elif zwp:
                n['zwp'] += 1
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
            x.special = ka or zwp
            x.last_id = ident
            if flags & FIN:
                x.fin = self.over = True
        if flags & ACK:
            a = y.wide(ack)
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
