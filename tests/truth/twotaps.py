# SPDX-License-Identifier: BSD-2-Clause
"""Two taps of one path, as path.py needs them: what each packet met on its way is decided while it is written, so that what
was lost where is known.  Clocks are apart and drift; a tap may begin later or end earlier, and say that it dropped packets.
"""
import random
import struct
from ipaddress import ip_address

import drops
from frames import ETHERNET
from peers import BASE, ether

LAST = 14.0                              # seconds of traffic


class Way:
    """one direction of one flow: where each of its packets was lost"""

    def __init__(self, proto, sender, receiver, sport=None, dport=None, numbered=True):
        self.key = (proto, sender, receiver, sport, dport)
        self.numbered = numbered
        self.far = None                  # as tap b sees it, where NAT is between: (sender, receiver, sport, dport)
        self.copies = 0                  # made between
        self.parts = False               # its packets come in fragments
        self.sent = []                   # (number or index, fate, came to first, came to second): times of taps, None


class Path:
    def __init__(self, seed):
        r = self.r = random.Random(seed)
        self.seed = seed
        self.offset = r.uniform(-3, 3)   # b's clock - a's
        self.drift = r.uniform(-50e-6, 50e-6)
        self.delay = r.uniform(0.002, 0.04)
        self.jitter = r.choice([0, 0.0005, 0.004])
        self.routers = r.random() < 0.5  # TTLs tell the order
        self.frames = [[], []]           # (true time, packet) at a, b
        self.ways = []
        self.since, self.until = [-1e9, -1e9], [1e9, 1e9]
        self.drops = [None, None]        # (from, to): nothing was captured, and the file says so
        self.missing = [set(), set()]    # frames that a tap did not have, silently: index of the frame
        late = r.random()
        if late < 0.25:
            self.since[r.randrange(2)] = r.uniform(2, 6)
        elif late < 0.4:
            self.until[r.randrange(2)] = r.uniform(8, 12)
        self.quiet = r.randrange(2) if r.random() < 0.25 else None   # this tap misses one frame in 50, and does not know
        if r.random() < 0.3:
            at = r.uniform(6.5, 7.5)
            self.drops[r.randrange(2)] = (at, at + r.uniform(0.1, 0.4))
        self.step = None                 # (tap, when, by how much): its clock is set
        self.ident = r.randrange(65536)

    def has(self, tap, t):
        d = self.drops[tap]
        return self.since[tap] <= t <= self.until[tap] and not (d and d[0] <= t <= d[1])

    def ip(self, src, dst, proto, data, tap, first, ident):
        ttl = 64 - (tap != first if self.routers else 0)
        s, d = ip_address(src), ip_address(dst)
        if s.version == 6:
            return struct.pack('!IHBB', 6 << 28, len(data), proto, ttl) + s.packed + d.packed + data
        head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(data), ident, 0, ttl, proto, 0) + s.packed + d.packed
        total = sum(struct.unpack('!10H', head))
        while total >> 16:
            total = (total & 0xffff) + (total >> 16)
        return head[:10] + struct.pack('!H', ~total & 0xffff) + head[12:] + data

    def packet(self, way, first, t, number, proto, data, fate, copy=False, slow=0.0):
        """on its way at t; fate: before, between, after, None.  When it came to the receiver, or None"""
        r = self.r
        self.ident = self.ident + 1 & 0xffff
        ident = self.ident
        second = 1 - first
        t1 = t + 0.003
        t2 = t1 + self.delay + r.uniform(0, self.jitter) + slow
        came = [None, None]

        def at(tap):
            src, dst = way.key[1:3] if tap == 0 or way.far is None else way.far[:2]
            return self.ip(src, dst, proto, self.seen_at(way, tap, data), tap, first, ident)
        if fate != 'before':
            came[0] = self.capture(first, t1, at(first))
            if fate != 'between':
                came[1] = self.capture(second, t2, at(second))
                if copy:
                    way.copies += 1
                    again = self.capture(second, t2 + 0.0002, at(second), True)
                    came[1] = again if came[1] is None else came[1]
        way.sent.append((number, fate, came[0], came[1], t1, t2))
        return t2 + 0.002 if fate is None else None

    @staticmethod
    def seen_at(way, tap, data):
        """the ports that NAT makes, of UDP and TCP"""
        if tap == 0 or way.far is None or way.far[2] is None:
            return data
        return struct.pack('!HH', *way.far[2:]) + data[4:]

    def capture(self, tap, t, data, copy=False):
        if not self.has(tap, t) or (self.quiet == tap and not copy and self.r.random() < 0.02):
            return None
        self.frames[tap].append((t, data))
        return t

    def clock(self, tap, t):
        return t if tap == 0 else t + self.offset + self.drift * t

    @staticmethod
    def frame(tap, data):
        return ether(data)

    def write(self, tap, path):
        """pcapng; the packet behind a time without any says how many were dropped"""
        frames = sorted(self.frames[tap], key=lambda f: f[0])
        d, told = self.drops[tap], False
        with open(path, 'wb') as f:
            f.write(drops.block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)))
            f.write(drops.block(1, struct.pack('<HHI', ETHERNET, 0, 0)))
            for t, data in frames:
                data = self.frame(tap, data)
                body = struct.pack('<I', 0) + drops.stamp(self.clock(tap, t) + 100) + struct.pack('<II', len(data), len(data))
                body += data + bytes(-len(data) % 4)
                if d and t > d[1] and not told:
                    told = True
                    body += drops.option(4, struct.pack('<Q', 9)) + bytes(4)
                f.write(drops.block(6, body))

    # --- traffic

    def fates(self, loss):
        """before, between or behind, some in bursts"""
        r, burst, kind = self.r, 0, None
        while True:
            if burst:
                burst -= 1
                yield kind
                continue
            kind = r.choices([None, 'before', 'between', 'after'], [1 - sum(loss), *loss])[0]
            if kind and r.random() < 0.1:
                burst = r.randrange(1, 12)
            yield kind

    def rates(self):
        r = self.r
        return [r.choice([0, 0.01]), r.choice([0, 0.01, 0.03, 0.08]), r.choice([0, 0.01])]

    def stream(self, way, first, proto, start, end, every, make, number, calm):
        """numbered packets: lost, copied, put behind later ones"""
        r, n = self.r, number
        fates, copies, slow = self.fates(self.rates()), r.choice([0, 0, 0.02]), r.choice([0, 0, 0.02])
        t = start
        while t < end:
            if n < number + calm:        # until a source is known to be one
                self.packet(way, first, t, n, proto, make(n), None)
            else:
                self.packet(way, first, t, n, proto, make(n), next(fates), r.random() < copies,
                            r.uniform(1, 6) * every if r.random() < slow else 0.0)
            n += 1
            t += every * r.uniform(0.7, 1.3)

    def way(self, *key, **how):
        w = Way(*key, **how)
        self.ways.append(w)
        return w

    def both(self, proto, x, y, *ports, **how):
        return (self.way(proto, x, y, *ports, **how), self.way(proto, y, x, *reversed(ports), **how))

    def numbered(self, ipproto, name, x, y, make_of, ports=(), starts=(0, 0), calm=0):
        r = self.r
        begin = r.choice([0.0, r.uniform(0, 3)])
        end = r.choice([LAST, r.uniform(9, LAST)])
        every = r.choice([0.004, 0.01, 0.03])
        for dir, w in enumerate(self.both(name, x, y, *ports)):
            self.stream(w, dir, ipproto, begin + 0.01 * dir, end, every, make_of(dir), starts[dir], calm)

    def esp(self, x, y):
        r = self.r
        spi = [r.randrange(0x1000, 0xffffffff), r.randrange(0x1000, 0xffffffff)]
        starts = [r.choice([1, r.randrange(1, 1 << 20), 0xffffffff - r.randrange(200)]) for _ in range(2)]
        size = r.randrange(60, 900)
        self.numbered(50, 'esp', x, y, lambda d: lambda n: struct.pack('!II', spi[d], n & 0xffffffff) + bytes(size), starts=starts)

    def ah(self, x, y):
        spi = [self.r.randrange(0x1000, 0xffffffff) for _ in range(2)]
        self.numbered(51, 'ah', x, y, lambda d: lambda n: struct.pack('!BBHII', 59, 4, 0, spi[d], n) + bytes(12) + bytes(40), starts=(1, 1))

    def wireguard(self, x, y):
        index = [self.r.randrange(1 << 32) for _ in range(2)]
        ports = (51820, self.r.randrange(20000, 50000))

        def udp(d, data):
            a, b = ports if d == 0 else ports[::-1]
            return struct.pack('!HHHH', a, b, 8 + len(data), 0) + data

        def make(d):
            return lambda n: udp(d, struct.pack('<BxxxIQ', 4, index[1 - d], n) + bytes(64))
        there, back = Way('udp', x, y), Way('udp', y, x)        # the handshake has no numbers
        self.packet(there, 0, -0.5, 0, 17, udp(0, struct.pack('<BxxxI', 1, index[0]) + bytes(140)), None)
        self.packet(back, 1, -0.4, 0, 17, udp(1, struct.pack('<BxxxII', 2, index[1], index[0]) + bytes(80)), None)
        self.numbered(17, 'udp', x, y, make, ports)

    def rtp(self, x, y):
        r = self.r
        ports = (r.randrange(10000, 20000) * 2, r.randrange(10000, 20000) * 2)
        ssrc = [r.randrange(1, 1 << 32) for _ in range(2)]

        def make(d):
            a, b = ports if d == 0 else ports[::-1]
            return lambda n: struct.pack('!HHHH', a, b, 8 + 12 + 160, 0) + \
                struct.pack('!BBHII', 0x80, 96, n & 0xffff, n * 160 & 0xffffffff, ssrc[d]) + bytes(160)
        self.numbered(17, 'udp', x, y, make, ports, (r.choice([0, 65000]), r.randrange(65536)), 4)

    def plain(self, x, y):
        r = self.r
        ports = (r.randrange(20000, 60000), 9)
        begin, end = r.uniform(0, 8), r.uniform(9, LAST)
        for dir, w in enumerate(self.both('udp', x, y, *ports, numbered=False)):
            a, b = ports if dir == 0 else ports[::-1]
            data = struct.pack('!HHHH', a, b, 8 + 50, 0) + b'\x11' * 50
            fates, n, t = self.fates(self.rates()), 0, begin + 0.005 * dir
            while t < end:
                self.packet(w, dir, t, n, 17, data, next(fates))
                n += 1
                t += 0.02 * r.uniform(0.7, 1.3)

    def tcp(self, x, y):
        """a sender of segments that waits for nothing: what is lost is sent again 0.3 s later"""
        r = self.r
        ports = (r.randrange(20000, 60000), 80)
        there, back = self.both('tcp', x, y, *ports, numbered=False)
        isn, peer = r.randrange(1 << 32), r.randrange(1 << 32)

        def make(dir, flags, seq, ack, data=b''):
            a, b = ports if dir == 0 else ports[::-1]
            return struct.pack('!HHIIBBHHH', a, b, seq & 0xffffffff, ack & 0xffffffff, 5 << 4, flags, 65535, 0, 0) + data
        t = r.uniform(0, 3)
        self.packet(there, 0, t, 0, 6, make(0, 2, isn, 0), None)
        self.packet(back, 1, t + 0.06, 0, 6, make(1, 18, peer, isn + 1), None)
        self.packet(there, 0, t + 0.12, 0, 6, make(0, 16, isn + 1, peer + 1), None)
        loss = [r.choice([0, 0.01]), r.choice([0, 0.02, 0.05]), r.choice([0, 0.01])]
        n, got, arrivals, sent = r.randrange(150, 500), set(), [], []
        for i in range(n):
            sent.append((t + 0.2 + i * 0.01, i, r.choices([None, 'before', 'between', 'after'], [1 - sum(loss), *loss])[0]))
        while sent:
            at, i, fate = sent.pop(0)
            came = self.packet(there, 0, at, i, 6, make(0, 24, isn + 1 + 100 * i, peer + 1, bytes(100)), fate)
            if came is None:
                sent.append((at + 0.3, i, None))
                sent.sort()
            else:
                arrivals.append((came, i))
        arrivals.sort()
        for k, (at, i) in enumerate(arrivals):
            got.add(i)
            if k % 2 and at < arrivals[-1][0]:
                continue
            edge = next(j for j in range(n + 1) if j not in got)
            last = at >= arrivals[-1][0]
            fate = None if last else r.choices([None, 'between'], [0.97, 0.03])[0]
            self.packet(back, 1, at + 0.0005, k, 6, make(1, 16, peer + 1, isn + 1 + 100 * edge), fate)
        end = arrivals[-1][0] + 0.1
        self.packet(there, 0, end, 0, 6, make(0, 17, isn + 1 + 100 * n, peer + 1), None)
        self.packet(back, 1, end + 0.06, 0, 6, make(1, 17, peer + 1, isn + 2 + 100 * n), None)
        self.packet(there, 0, end + 0.12, 0, 6, make(0, 16, isn + 2 + 100 * n, peer + 2), None)

    def fill(self):
        kinds = [self.esp, self.ah, self.wireguard, self.rtp, self.plain, self.tcp]
        for i, make in enumerate(self.r.sample(kinds, self.r.randrange(2, 5))):
            if self.r.random() < 0.3 and make != self.tcp:
                make('2001:db8:1::%x' % (i + 1), '2001:db8:2::%x' % (i + 1))
            else:
                make('10.1.0.%d' % (i + 1), '10.2.0.%d' % (i + 1))
        return self


class Wild(Path):
    """what is rarer: NAT between the taps, a clock that is set, tags at one tap alone, GRE, fragments of ESP, copies of what has no
    number"""

    def __init__(self, seed):
        super().__init__(seed)
        r = self.r
        self.vlan = r.choice([None, 0, 1])
        if r.random() < 0.35:
            self.step = (r.randrange(2), r.uniform(4, 10), r.choice([-1, 1]) * r.choice([r.uniform(0.02, 0.3), r.uniform(0.3, 4)]))

    def clock(self, tap, t):
        at = super().clock(tap, t)
        return at + self.step[2] if self.step and self.step[0] == tap and t >= self.step[1] else at

    def frame(self, tap, data):
        whole = ether(data)
        return whole[:12] + struct.pack('!HH', 0x8100, 7) + whole[12:] if tap == self.vlan else whole

    def behind_nat(self, ways, x, y):
        """the left end is another one on the right side"""
        public = '203.0.113.9' if '.' in x else '2001:db8:9::9'
        port = self.r.randrange(30000, 60000)
        for w, near in zip(ways, (True, False)):
            sport, dport = w.key[3:]
            w.far = (public if near else y, y if near else public,
                     sport if sport is None else (port if near else sport), dport if dport is None else (dport if near else port))

    def gre(self, x, y):
        self.numbered(47, 'gre', x, y, lambda d: lambda n: struct.pack('!HHI', 0x1000, 0x9999, n & 0xffffffff) + bytes(80), starts=(1, 1))

    def nat_t(self, x, y):
        """ESP in UDP"""
        spi, ports = [self.r.randrange(0x1000, 0xffffffff) for _ in range(2)], (4500, 4500)
        self.numbered(17, 'esp', x, y, lambda d: lambda n: struct.pack('!HHHHII', *ports, 8 + 8 + 90, 0, spi[d], n) + bytes(90), ports,
                      starts=(1, 1))

    def large(self, x, y):
        """ESP in two fragments, each with a fate of its own"""
        r = self.r
        spi = [r.randrange(0x1000, 0xffffffff) for _ in range(2)]
        for dir, w in enumerate(self.both('esp', x, y)):
            fates = self.fates([r.choice([0, 0.01]), r.choice([0, 0.01, 0.03]), 0])
            t, n, second = 0.5 + 0.01 * dir, 1, 1 - dir
            w.parts = True
            while t < LAST - 1:
                self.ident = self.ident + 1 & 0xffff
                data = struct.pack('!II', spi[dir], n) + bytes(1800)
                came, met, times = [True, True], [], (t + 0.003, t + 0.003 + self.delay)
                for k, (part, offset) in enumerate(((data[:1480], 0x2000), (data[1480:], 1480 // 8))):
                    fate = next(fates)
                    met.append(fate)
                    for tap, at, lost in ((dir, times[0], ('before',)), (second, times[1], ('before', 'between'))):
                        if fate in lost or self.capture(tap, at + 0.0001 * k, self.part(w, tap, dir, part, offset)) is None:
                            came[tap != dir] = False
                what = 'part' if 'before' in met and met != ['before'] * 2 else 'before' if 'before' in met else 'between' if 'between' in met else None
                w.sent.append((n, what, *(x if y else None for x, y in zip(times, came)), *times))
                t += 0.02 * r.uniform(0.7, 1.3)
                n += 1

    def part(self, way, tap, first, data, offset):
        whole = self.ip(way.key[1], way.key[2], 50, data, tap, first, self.ident)
        head = whole[:6] + struct.pack('!H', offset) + whole[8:10] + bytes(2) + whole[12:20]
        total = sum(struct.unpack('!10H', head))
        total = (total & 0xffff) + (total >> 16)
        return head[:10] + struct.pack('!H', ~((total & 0xffff) + (total >> 16)) & 0xffff) + head[12:] + data

    def copied(self, x, y):
        """what has no number, with copies"""
        ports = (self.r.randrange(20000, 60000), 9)
        for dir, w in enumerate(self.both('udp', x, y, *ports, numbered=False)):
            a, b = ports if dir == 0 else ports[::-1]
            fates, n, t = self.fates(self.rates()), 0, 1.0 + 0.005 * dir
            while t < LAST - 1:
                self.packet(w, dir, t, n, 17, struct.pack('!HHHH', a, b, 8 + 50, 0) + bytes(50), next(fates), self.r.random() < 0.01)
                n += 1
                t += 0.02 * self.r.uniform(0.7, 1.3)

    def fill(self):
        r = self.r
        kinds = [self.esp, self.gre, self.nat_t, self.copied, self.plain, self.tcp, self.wireguard]
        if self.quiet is None and self.drops == [None, None]:
            kinds.append(self.large)
        for i, make in enumerate(r.sample(kinds, r.randrange(2, 6))):
            six = r.random() < 0.3 and make not in (self.tcp, self.large)
            x, y = ('2001:db8:1::%x' % (i + 1), '2001:db8:2::%x' % (i + 1)) if six else ('10.1.0.%d' % (i + 1), '10.2.0.%d' % (i + 1))
            before = len(self.ways)
            if make in (self.esp, self.nat_t, self.plain, self.tcp) and r.random() < 0.4:
                fill = self.both

                def both(*key, **how):
                    ways = fill(*key, **how)
                    self.behind_nat(ways, x, y)
                    return ways
                self.both = both
                make(x, y)
                del self.both
            else:
                make(x, y)
            assert len(self.ways) == before + 2
        return self
