# SPDX-License-Identifier: BSD-2-Clause
"""The vectors P1-P12, C1, R1-R7 of SEMANTICS 4.6 and 6.2 and the corners of 4.2-4.4 and 6.3, from packets to rows.

What the page does not name is worked out by hand from its rules; every counter of the groups tcp and cap that is not
listed has to be 0 (or absent).  Most run six times: over IPv4, over IPv6, with numbers that wrap, with the client as
the higher address, and with -S 1 and -S 60.
"""
import os
import struct
import sys

from common import *
from peers import ip
from talk import *

COUNTS = ('datasegs ackpkts dupack nullack rtxup rtxdn spur ooo dup rtxb frtx rto holeovf tgapev dsack ka zwp zwin zwin_us '
          'wupd syn synrtx fin rst winlim oow tsold maxrtx inflmax newbytes ackev ackgap ackfix ackun capmiss capfix capooo '
          'skew_us rtxunk jumps').split()
SETUP = 'mss wscale winmax'.split()
SINGLE = ['rstttl']
HS = dict(ssyn=1, dsyn=1, sackpkts=1)    # what every handshake leaves


def value(text):
    if text in ('-', ''):
        return None
    return round(float(text) * 10**6) if '.' in text else int(text)


def columns(names):
    return ','.join(side + n for n in names for side in 'sd')


def probe(c, folder, *options):
    path = os.path.join(folder, 'x.pcap')
    c.write(path)
    return good(['pavo', '-q', *options, '-r', path])


def flows(records, names, *filt):
    return rows(['racluster', '-m', 'flow', '-nn', '-p', '6', '--csv', '-s', names, *filt], records)


def counts(records, n=1):
    """the numbers that are not 0 of each flow, in order of time"""
    names = columns(COUNTS) + ',' + ','.join(SINGLE)
    got = flows(records, 'stime,rstby,rstphase,' + names)
    want(len(got), n, 'flows')
    out = []
    for r in got:
        v = {k: value(r[k]) for k in names.split(',')}
        v = {k: x for k, x in v.items() if x}
        for k in ('rstby', 'rstphase'):
            if r[k] not in ('-', '.'):
                v[k] = r[k]
        for side in 'sd':                # a SYN alone may count as one number in flight
            if v.get(side + 'inflmax') == 1:
                del v[side + 'inflmax']
        out.append(v)
    return out


def absent(records, names, *filt):
    got = flows(records, names, *filt)[0]
    return sorted(k for k in got if got[k] == '-')


# --- P: a handshake of 50 ms, then the client's data; each function speaks, the table says what is not 0

def p1(c):
    c.d(.1, 0)
    c.d(.4, 0)
    c.a(.45, 100)


def p2(c):
    c.d(.1, 0)
    c.d(.101, 200)
    c.d(.102, 100)
    c.a(.15, 300)


def p3(c):
    for n, off in enumerate((0, 200, 300, 400)):
        c.d(.1 + n * .001, off)
    for n in range(4):
        c.a(.12 + n * .001, 100)
    c.d(.16, 100)
    c.a(.2, 500)


def p4(c):
    c.d(.1, 0)
    c.a(.13, 100)
    c.d(.35, 0)


def p5(c):
    c.d(.1, 0)
    c.d(.101, 200)
    c.a(.13, 300)


def p6(c):
    c.d(.1, 0, ident=77)
    c.d(.10005, 0, ident=77)
    c.a(.13, 100)


def p7(c):
    c.d(.1, 0)
    c.a(.13, 100)
    c.seg(10, C, 99)
    c.a(10.03, 100)


def p8(c):
    c.d(.1, 0)
    c.a(.13, 100, win=0)
    c.d(.5, 100, 1)
    c.a(.53, 100, win=0)
    c.a(.6, 100, win=508)


def p9(c):
    c.d(.1, 0)
    c.d(.101, 100)
    c.d(.4, 50, 200)
    c.a(.45, 250)


def p10(c):
    for t in (.1, .3, .7, 1.5):
        c.d(t, 0)
    c.a(1.55, 100)


def p11(c, n=20):
    for i in range(n):
        c.seg(.1 + i * .002, C, 0, 0, 0, win=64240)
        c.seg(.101 + i * .002, S, 0, 0, 0, win=64240)


def c1(c, t=0.0):
    """story 0: what lies between 97 and 13237 was never captured, and was acknowledged"""
    c.seg(t + .1, S, 0, 40, 0, ACK | PSH)
    c.seg(t + .11, C, 0, 96, 40, ACK | PSH)
    c.seg(t + .16, S, 40, 30, 96, ACK | PSH)
    c.seg(t + .17, C, 96, 0, 70)
    for n, a in enumerate((3017, 5937, 5937, 8857)):
        c.seg(t + .2 + n * .01, S, 70, 0, a - 1)
    c.seg(t + .25, C, 13236, 1267, 70, ACK | PSH)
    c.seg(t + .30, S, 70, 0, 14503)
    c.seg(t + .31, C, 14503, 6, 70, ACK | FIN)
    c.seg(t + .36, S, 70, 0, 14510)


ONE = dict(sdatasegs=1, dackpkts=1, snewbytes=100, sinflmax=100, sackev=1)
P = {
    'P1': (p1, dict(ONE, sdatasegs=2, srtxdn=1, srtxb=100, srto=1, smaxrtx=1)),
    'P2': (p2, dict(ONE, sdatasegs=3, sooo=1, stgapev=1, snewbytes=300, sinflmax=300)),
    'P3': (p3, dict(ONE, sdatasegs=5, srtxup=1, sfrtx=1, stgapev=1, snewbytes=500, sinflmax=500, smaxrtx=1, dackpkts=5,
                    ddupack=3, dnullack=3, sackev=2)),
    'P4': (p4, dict(ONE, sdatasegs=2, sspur=1, srtxb=100, smaxrtx=1)),
    'P5': (p5, dict(ONE, sdatasegs=2, stgapev=1, snewbytes=200, sinflmax=300, sackgap=1, scapmiss=100)),
    'P6': (p6, dict(ONE, sdup=1)),
    'P7': (p7, dict(ONE, ska=1, sackpkts=1, dackpkts=2)),
    'P8': (p8, dict(ONE, sdatasegs=2, szwp=1, dackpkts=3, dzwin=2, dzwin_us=470000, dwupd=1)),
    'P9': (p9, dict(ONE, sdatasegs=3, srtxdn=1, srtxb=150, snewbytes=250, sinflmax=250, smaxrtx=1, srto=1)),
    'P10': (p10, dict(ONE, sdatasegs=4, srtxdn=3, srtxb=300, srto=3, smaxrtx=3)),
    'P11': (p11, dict(sackpkts=20, dackpkts=20, snullack=20, dnullack=20)),
    'C1': (c1, dict(sdatasegs=3, ddatasegs=2, snewbytes=96 + 1267 + 6, dnewbytes=70, sackpkts=1, dackpkts=6, sackev=5,
                    sackgap=4, scapmiss=13140, sackun=3, stgapev=1, dackev=2, dnullack=1, sfin=1, dinflmax=40,
                    sinflmax=5647)),
}


def plus(a, b):
    out = dict(a)
    for k, v in b.items():
        out[k] = out.get(k, 0) + v
    return out


# name: how the capture is made, options of the probe
SHAPES = {
    'v4': ({}, ()),
    'v6': (dict(kind='v6'), ()),
    'wrap': (dict(isn=(2**32 - 60, 2**32 - 20)), ()),
    'swap': (dict(swap=True), ()),
    'T1': ({}, ('-S', '1')),
    'T60': ({}, ('-S', '60')),
    # the bins' edge in the middle of it all
    'edge': (dict(shift=4.895), ()),
}


def vector_p(name, shape, folder):
    act, numbers = P[name]
    how, options = SHAPES[shape]
    c = Talk(**how)
    if name == 'P11':
        c.open(scale=None)  # one window everywhere: each A repeats the one before
    else:
        c.open()
    act(c)
    want(counts(probe(c, folder, *options))[0], plus(HS, numbers), 'numbers')


# In the middle of a connection: the first segment and the first acknowledgement are taken as they are, classes are
# the same, and what needs the handshake (ackev, ackgap, winlim, oow) is unknown.
MIDDLE = {
    'P1': {}, 'P2': {}, 'P3': {}, 'P4': {}, 'P6': {}, 'P7': {}, 'P8': {}, 'P9': {}, 'P10': {},
    # the first acknowledgement comes after the hole: it may be older than the capture
    'P5': dict(scapmiss=None, sackgap=None),
}


def vector_middle(name, kind, folder):
    act, numbers = P[name]
    c = Talk(kind)
    act(c)
    records = probe(c, folder)
    want_ = {k: v for k, v in dict(numbers, **MIDDLE[name]).items() if v and k not in ('sackev', 'sackgap')}
    got = counts(records)[0]
    for v in got, want_:                 # what was in flight before is not known
        v.pop('sinflmax', None)
    want(got, want_, 'numbers')
    want(absent(records, 'swinlim,dwinlim,soow,doow,sackev,sackgap,dackev,dackgap'),
         sorted('swinlim dwinlim soow doow sackev sackgap dackev dackgap'.split()), 'absent')


# --- corners: (what happens, numbers, how the connection opens; None: it does not)

def e_syn(c):
    c.syn(0, C)
    c.syn(1.0, C)
    c.syn(1.049, S)
    c.seg(1.05, C, 0)


def e_synack(c):
    c.syn(0, C)
    c.syn(.049, S)
    c.syn(1.049, S)
    c.seg(1.05, C, 0)


def e_syndata(c):
    """a SYN with data (RFC 7413), sent again: one retransmission"""
    for t in (0, 1.0):
        c.seg(t, C, -1, 100, 0, SYN)
    c.seg(1.049, S, -1, 0, 100, SYN | ACK)
    c.seg(1.05, C, 100)


def e_syncopy(c):
    """the same SYN, and the same SYN-ACK, captured twice"""
    c.syn(0, C, ident=5)
    c.syn(.0002, C, ident=5)
    c.syn(.049, S, ident=6)
    c.syn(.0492, S, ident=6)
    c.seg(.05, C, 0, ident=9)


def e_fin(c):
    c.d(.1, 0)
    c.a(.15, 100)
    c.seg(.2, C, 100, 0, 0, ACK | FIN)
    c.seg(.6, C, 100, 0, 0, ACK | FIN)
    c.a(.65, 101)


def e_finspur(c):
    c.d(.1, 0)
    c.a(.15, 100)
    c.seg(.2, C, 100, 0, 0, ACK | FIN)
    c.a(.25, 101)
    c.seg(.6, C, 100, 0, 0, ACK | FIN)


def e_tlp(c):
    c.d(.1, 0)
    c.d(.22, 0)
    c.a(.27, 100)


def e_sack(c):
    """one acknowledgement, but it says what came behind the hole"""
    for n, off in enumerate((0, 200, 300, 400)):
        c.d(.1 + n * .001, off)
    c.a(.15, 100, options=sack((c.isn[C] + 201, c.isn[C] + 501)))
    c.d(.16, 100)
    c.a(.21, 500)


def e_dsack(c):
    """RFC 2883: the first block below the acknowledgement; and inside the second block"""
    i = c.isn[C] + 1
    for n, off in enumerate((0, 100, 300, 400)):
        c.d(.1 + n * .001, off)
    c.a(.15, 200, options=sack((i, i + 100)))
    c.a(.151, 200, options=sack((i + 300, i + 400), (i + 300, i + 500)))
    c.a(.152, 200, options=sack((i + 300, i + 500)))
    c.d(.2, 200)
    c.a(.25, 500)


def e_holes(c):
    """513 holes: the first two are one range by then; what fills the first may have been seen before (14.1 f)"""
    c.d(.1, 0, 10)
    for n in range(513):
        c.d(.1001 + n * .0001, 20 + n * 20, 10)
    c.d(.2, 10, 10)


def e_keep1(c):
    """a keep-alive of one byte"""
    c.d(.1, 0)
    c.a(.15, 100)
    c.d(10, 99, 1)
    c.a(10.05, 100)


def e_zeroprobe0(c):
    """Linux probes a closed window with no byte, one below: that is a keep-alive's form"""
    c.d(.1, 0)
    c.a(.15, 100, win=0)
    c.seg(.5, C, 99)
    c.a(.55, 100, win=0)
    c.a(.65, 100)


def e_id5ms(c):
    c.d(.1, 0, ident=1234)
    c.d(.105, 0, ident=1234)
    c.a(.15, 100)


def e_id30ms(c):
    c.d(.1, 0, ident=1234)
    c.d(.13, 0, ident=1234)
    c.a(.15, 100)


def e_id2s(c):
    """an equal IP-ID long after is another packet"""
    c.d(.1, 0, ident=1234)
    c.d(2.1, 0, ident=1234)
    c.a(2.15, 100)


def pieces(c, t, off, n):
    """a segment in two IPv4 fragments, the first of 980 bytes; gives what captures the second"""
    held, put = [], c.put
    c.put = lambda at, packet: held.append(packet)
    c.d(t, off, n)
    c.put = put

    def piece(at, more, body):
        head = bytearray(held[0][:20])
        head[2:4] = struct.pack('!H', 20 + len(body))
        head[6:8] = struct.pack('!H', 0x2000 if more else 1000 // 8)
        head[10:12] = bytes(2)
        head[10:12] = struct.pack('!H', checksum(bytes(head)))
        c.put(at, bytes(head) + body)

    piece(t, True, held[0][20:1020])
    return lambda at: piece(at, False, held[0][1020:])


def e_frags(c):
    """two segments in fragments, their first ones first, acknowledged before the others come: all is new, nothing is missing"""
    one, two = pieces(c, .1, 0, 2000), pieces(c, .101, 2000, 2000)
    c.a(.12, 4000)
    one(.121)
    two(.122)
    c.d(.13, 4000)


def e_fraghalf(c):
    """the second fragment never comes: how far the segment went is not known, and nothing of it is missing"""
    pieces(c, .1, 0, 2000)
    c.d(.101, 2000)
    c.a(.12, 2100)


def e_copyacks(c):
    """every packet of the server comes twice: after 16 copies its pure acknowledgements are copies too"""
    ident = 100
    for n in range(16):
        ident += 1
        for k in (0, .0001):
            c.seg(.1 + n * .01 + k, S, n * 100, 100, 0, ident=ident)
    c.seg(.28, C, 0, 100, 1600)
    for k in (0, .0001):
        c.seg(.3 + k, S, 1600, 0, 100, ident=ident + 1)


def e_zeroid(c):
    c.d(.1, 0, ident=0)
    c.d(.1005, 0, ident=0)
    c.a(.15, 100)


def e_zeroid5(c):
    c.d(.1, 0, ident=0)
    c.d(.105, 0, ident=0)
    c.a(.15, 100)


def e_constid(c):
    """a stack whose IP-ID never varies: an equal one proves nothing"""
    c.ids[C] = 0
    c.syn(0, C, ident=77)
    c.syn(.049, S)
    c.seg(.05, C, 0, ident=77)
    c.d(.1, 0, ident=77)
    c.d(.105, 0, ident=77)
    c.a(.15, 100)


def e_ipidlate(c):
    """4.3 a: older by IP-ID, however late"""
    for n in range(4):
        c.d(.1 + n * .001, n * 100, ident=300 + n)
    c.d(.11, 500, ident=305)
    c.d(.4, 400, ident=304)
    c.a(.45, 600)


def e_ipidsoon(c):
    """4.3 a: younger by IP-ID, however soon"""
    for n in range(4):
        c.d(.1 + n * .001, n * 100, ident=300 + n)
    c.d(.11, 500, ident=305)
    c.d(.112, 400, ident=306)
    c.a(.16, 600)


def stamped(c, t, off, value, n=100):
    c.d(t, off, n, ident=0, options=stamp(value, 1))


def e_tslate(c):
    """4.3 b: older by timestamp"""
    stamped(c, .1, 0, 100)
    stamped(c, .101, 200, 102)
    stamped(c, .3, 100, 101)
    c.a(.35, 300, options=stamp(2, 102))


def e_tssoon(c):
    """4.3 b: younger by timestamp, 10 ms after"""
    stamped(c, .1, 0, 100)
    stamped(c, .101, 200, 102)
    stamped(c, .111, 100, 112)
    c.a(.35, 300, options=stamp(2, 102))


def e_tsold(c):
    stamped(c, .1, 0, 100)
    stamped(c, .12, 100, 90)
    c.a(.35, 200, options=stamp(2, 100))


def e_capfix(c):
    """acknowledged first, captured half a second later"""
    c.d(.1, 0)
    c.d(.101, 200)
    c.a(.13, 300)
    c.d(.63, 100)


def e_caplate(c):
    """the same after more than a second: a needless retransmission"""
    c.d(.1, 0)
    c.d(.101, 200)
    c.a(.13, 300)
    c.d(1.33, 100)


def e_winlim(c):
    """a window of 10 << 7 bytes, filled"""
    c.d(.1, 0, 500)
    c.d(.101, 500, 500)
    c.d(.102, 1000, 280)
    c.a(.15, 1280, win=10)


def e_oow(c):
    c.d(.1, 0)
    c.a(.15, 100)
    c.d(.2, 100 + WIN * 128 + 1460 + 10)


def e_datafin(c):
    """data behind a FIN"""
    c.seg(.1, C, 0, 100, 0, ACK | FIN)
    c.a(.15, 101)
    c.d(.2, 101)
    c.a(.25, 201)


def e_partack(c):
    """capture loss and network loss in one hole: half of it acknowledged, half sent again"""
    c.d(.1, 0)
    c.d(.101, 300)
    c.a(.15, 200)
    c.d(.2, 200)
    c.a(.25, 400)


def e_beyond(c):
    """acknowledged beyond all that was captured"""
    c.d(.1, 0)
    c.a(.15, 100)
    c.a(.25, 700)
    c.d(.3, 700)
    c.a(.35, 800)


def e_finbyte(c):
    """the last byte acknowledged may be a FIN that was not captured: it is not missing"""
    c.d(.1, 0)
    c.a(.15, 201)


def e_nofin(c):
    """it was none: the FIN comes later"""
    c.d(.1, 0)
    c.a(.15, 201)
    c.seg(.2, C, 201, 0, 0, ACK | FIN)
    c.a(.25, 202)


def e_second(c):
    """the second connection keeps its own numbers: same segment lost twice"""
    for n, off in enumerate((0, 200)):
        c.d(.1 + n * .001, off)
    c.d(.4, 100)
    c.d(.9, 100)
    c.a(.95, 300)


def e_midhole(c):
    """met in the middle; the first acknowledgement lies in a hole: what it covers is not judged, the rest is missing"""
    c.d(.1, 0)
    c.d(.101, 200)
    c.a(.13, 150)
    c.a(.14, 200)
    c.d(.2, 100)


def e_farjump(c):
    """16 MiB were not captured, more than any window: the first acknowledgement there proves the step, nothing is
    missing (14.1 e)"""
    c.d(.1, 0)
    c.a(.13, 100)
    for n in range(10):
        c.d(.2 + n * .1, (16 << 20) + n * 100)
        c.a(.25 + n * .1, (16 << 20) + n * 100 + 100)


def e_nearjump(c):
    """60000 bytes, which the window of 502 << 7 allows, are missing"""
    c.d(.1, 0)
    c.a(.13, 100)
    c.d(.2, 60100)
    c.a(.25, 60200)


def e_synjump(c):
    """2 MiB: the SYN-ACK's window would allow them if it were scaled, which it is not (RFC 7323 2.2)"""
    c.d(.1, 0)
    c.a(.13, 100)
    c.d(.2, 2 << 20)
    c.a(.25, (2 << 20) + 100)


def e_wilddata(c):
    """one segment far ahead of all, and two that do not go on from there: it was out of window"""
    c.d(.1, 0)
    c.d(.2, 16 << 20)
    c.d(.3, 100)
    c.d(.4, 200)
    c.a(.45, 300)


def e_wildack(c):
    """met in the middle: one acknowledgement far ahead of all, and no second one"""
    for n in range(10):
        c.d(.1 + n * .1, n * 100)
        c.a(.15 + n * .1, n * 100 + 100)
        if n == 4:
            c.a(.56, 300000000)


def e_cross(c):
    """both sides open at once: each answers with the number of its own SYN, and nothing was lost"""
    for t, side, flags in ((0, C, SYN), (.001, S, SYN), (.03, C, SYN | ACK), (.031, S, SYN | ACK)):
        c.seg(t, side, -1, 0, 0, flags)
    c.d(.1, 0)
    c.a(.15, 100)


CORNERS = {
    'midhole': (e_midhole, dict(sdatasegs=3, dackpkts=2, stgapev=1, snewbytes=300, sinflmax=100, scapmiss=50, scapfix=50,
                                scapooo=1, sskew_us=70000), None),
    'farjump': (e_farjump, dict(sdatasegs=11, dackpkts=11, snewbytes=1100, sinflmax=100, sackev=10, sjumps=1), {}),
    'nearjump': (e_nearjump, dict(sdatasegs=2, dackpkts=2, snewbytes=200, stgapev=1, sinflmax=60100, sackev=2, sackgap=1,
                                  scapmiss=60000, swinlim=1), {}),
    'synjump': (e_synjump, dict(sdatasegs=2, dackpkts=2, snewbytes=200, sinflmax=100, sackev=1, sjumps=1), {}),
    'wilddata': (e_wilddata, dict(sdatasegs=4, dackpkts=1, snewbytes=300, sinflmax=300, sackev=1, soow=1), {}),
    'wildack': (e_wildack, dict(sdatasegs=10, dackpkts=11, snewbytes=1000, sinflmax=100), None),
    'cross': (e_cross, dict(ONE, ssyn=2, dsyn=2), None),
    'synrtx': (e_syn, dict(ssyn=2, dsyn=1, sackpkts=1, ssynrtx=1, srtxdn=1, srto=1, smaxrtx=1), None),
    'synackrtx': (e_synack, dict(ssyn=1, dsyn=2, sackpkts=1, dsynrtx=1, drtxdn=1, drto=1, dmaxrtx=1), None),
    'syndata': (e_syndata, dict(ssyn=2, dsyn=1, sackpkts=1, ssynrtx=1, sdatasegs=2, snewbytes=100, srtxb=100, srtxdn=1, srto=1,
                                smaxrtx=1, sinflmax=101), None),
    'syncopy': (e_syncopy, dict(ssyn=2, dsyn=2, sackpkts=1, sdup=1, ddup=1), None),
    'finrtx': (e_fin, dict(ONE, sfin=2, srtxdn=1, srto=1, smaxrtx=1, dackpkts=2, sackev=1), {}),
    'finspur': (e_finspur, dict(ONE, sfin=2, sspur=1, smaxrtx=1, dackpkts=2), {}),
    'tlp': (e_tlp, dict(ONE, sdatasegs=2, srtxdn=1, srtxb=100, smaxrtx=1), {}),
    'sack': (e_sack, dict(ONE, sdatasegs=5, srtxup=1, sfrtx=1, stgapev=1, snewbytes=500, sinflmax=500, smaxrtx=1,
                          dackpkts=2, sackev=2), {}),
    # the second and third repeat the first: duplicate acknowledgements
    'dsack': (e_dsack, dict(ONE, sdatasegs=5, srtxup=1, stgapev=1, snewbytes=500, sinflmax=500, smaxrtx=1, dackpkts=4,
                            sackev=2, sdsack=2, ddupack=2, dnullack=2, sfrtx=1), {}),
    'holes': (e_holes, dict(sdatasegs=515, stgapev=513, sholeovf=1, srtxunk=1, snewbytes=5150, sinflmax=10270), {}),
    'keep1': (e_keep1, dict(ONE, sdatasegs=2, ska=1, dackpkts=2), {}),
    'zeroprobe0': (e_zeroprobe0, dict(ONE, ska=1, sackpkts=1, dackpkts=3, dzwin=2, dzwin_us=500000, dwupd=1), {}),
    'id5ms': (e_id5ms, dict(ONE, sdup=1), {}),
    'id30ms': (e_id30ms, dict(ONE, sdup=1), {}),
    'copyacks': (e_copyacks, dict(sdatasegs=1, ddatasegs=16, ddup=17, dackpkts=1, dnewbytes=1600, snewbytes=100, sackev=1, dackev=1,
                                  sinflmax=100, dinflmax=1600), {}),
    'frags': (e_frags, dict(sdatasegs=3, snewbytes=4100, sackev=1, dackpkts=1, sinflmax=2980), {}),
    'fraghalf': (e_fraghalf, dict(sdatasegs=2, snewbytes=1080, sackev=1, dackpkts=1, sinflmax=2100), {}),
    'id2s': (e_id2s, dict(ONE, sdatasegs=2, srtxdn=1, srto=1, srtxb=100, smaxrtx=1), {}),
    'zeroid': (e_zeroid, dict(ONE, sdup=1), {}),
    'zeroid5': (e_zeroid5, dict(ONE, sdatasegs=2, srtxdn=1, srtxb=100, smaxrtx=1), {}),
    'constid': (e_constid, dict(ONE, ssyn=1, dsyn=1, sackpkts=1, sdatasegs=2, srtxdn=1, srtxb=100, smaxrtx=1), None),
    'ipidlate': (e_ipidlate, dict(ONE, sdatasegs=6, sooo=1, stgapev=1, snewbytes=600, sinflmax=600), {}),
    'ipidsoon': (e_ipidsoon, dict(ONE, sdatasegs=6, srtxup=1, stgapev=1, snewbytes=600, sinflmax=600, smaxrtx=1), {}),
    'tslate': (e_tslate, dict(ONE, sdatasegs=3, sooo=1, stgapev=1, snewbytes=300, sinflmax=300, stsold=1), {}),
    'tssoon': (e_tssoon, dict(ONE, sdatasegs=3, srtxup=1, stgapev=1, snewbytes=300, sinflmax=300, smaxrtx=1), {}),
    'tsold': (e_tsold, dict(ONE, sdatasegs=2, snewbytes=200, sinflmax=200, stsold=1), {}),
    'capfix': (e_capfix, dict(ONE, sdatasegs=3, stgapev=1, snewbytes=300, sinflmax=300, sackgap=1, sackfix=1, scapmiss=100,
                              scapfix=100, scapooo=1, sskew_us=500000), {}),
    'caplate': (e_caplate, dict(ONE, sdatasegs=3, stgapev=1, snewbytes=200, sinflmax=300, sackgap=1, scapmiss=100,
                                sspur=1, smaxrtx=1, srtxb=100), {}),
    'winlim': (e_winlim, dict(sdatasegs=3, snewbytes=1280, sinflmax=1280, dackpkts=1, sackev=1, swinlim=1), dict(dwin=10)),
    'partack': (e_partack, dict(ONE, sdatasegs=3, stgapev=1, snewbytes=300, sinflmax=400, scapmiss=100, sackgap=1, sackev=2,
                                dackpkts=2, srtxup=1, smaxrtx=1), {}),
    'beyond': (e_beyond, dict(ONE, sdatasegs=2, snewbytes=200, scapmiss=600, sackgap=1, sackun=1, sackev=3, dackpkts=3), {}),
    'finbyte': (e_finbyte, dict(ONE, scapmiss=100, sackgap=1, sackun=1), {}),
    'nofin': (e_nofin, dict(ONE, scapmiss=101, sackgap=1, sackun=1, sfin=1, dackpkts=2), {}),
    'twice': (e_second, dict(ONE, sdatasegs=4, stgapev=1, srtxup=1, srtxdn=1, srto=2, srtxb=100, smaxrtx=2, snewbytes=300,
                             sinflmax=300), {}),
}
NEEDS_ID = ('frags', 'fraghalf', 'id5ms', 'id30ms', 'constid', 'ipidlate', 'ipidsoon')


def corner(name, shape, folder):
    act, numbers, how_open = CORNERS[name]
    how, options = SHAPES[shape]
    c = Talk(**how)
    if how_open is not None:
        if 'dwin' in how_open:
            c.syn(0, C)
            c.syn(.049, S)
            c.seg(.05, C, 0)
            c.a(.06, 0, win=how_open['dwin'])
            numbers = plus(numbers, dict(dackpkts=1, dwupd=1))
        else:
            c.open()
        numbers = plus(HS, numbers)
    act(c)
    want(counts(probe(c, folder, *options))[0], numbers, 'numbers')


# --- resets: phase bits SYN 1, before data 2, data 4, after FIN 8, out of window 16

def r_syn(c):
    c.syn(0, C)
    c.seg(.05, S, -1, 0, 0, RST | ACK, win=0)


def r_before(c):
    c.open()
    c.seg(.1, C, 0, 0, 0, RST)


def r_data(c):
    c.open()
    c.d(.1, 0)
    c.seg(.15, S, 0, 0, 100, RST | ACK)


def r_fin(c):
    c.open()
    c.d(.1, 0)
    c.a(.15, 100)
    c.seg(.2, C, 100, 0, 0, ACK | FIN)
    c.seg(.25, S, 0, 0, 101, RST | ACK)


def r_oow(c):
    c.open()
    c.d(.1, 0)
    c.a(.15, 100)
    c.d(.2, 100 + WIN * 128 + 1460 + 10)
    c.seg(.25, S, 0, 0, 100, RST | ACK)


def r_ttl(c):
    c.open()
    c.d(.1, 0)
    c.seg(.12, S, 0, 0, 100, RST | ACK, ttl=50)


def r_race(c):
    """somebody refuses in the name of the server, which answers a moment later"""
    c.syn(0)
    c.seg(.03, S, -1, 0, 0, RST | ACK, 0, ttl=50)
    c.syn(.049, S)


def r_near(c):
    c.open()
    c.d(.1, 0)
    c.seg(.12, S, 0, 0, 100, RST | ACK, ttl=62)


def r_both(c):
    c.open()
    c.d(.1, 0)
    c.seg(.15, S, 0, 0, 100, RST | ACK)
    c.seg(.151, C, 100, 0, 0, RST)


RESETS = {                               # phase, by, ttl
    'syn': (r_syn, 'syn', 'dst', None), 'before': (r_before, 'before', 'src', None), 'data': (r_data, 'data', 'dst', None),
    'fin': (r_fin, 'fin', 'dst', None), 'oow': (r_oow, 'oow', 'dst', None), 'ttl': (r_ttl, 'data', 'dst', 1),
    'race': (r_race, 'syn', 'dst', 1),
    'near': (r_near, 'data', 'dst', None),
    'both': (r_both, 'data', 'both', None),
}


def reset(name, shape, folder):
    act, phase, by, ttl = RESETS[name]
    how, options = SHAPES[shape]
    c = Talk(**how)
    act(c)
    v = counts(probe(c, folder, *options))[0]
    got = (v.get('rstphase'), v.get('rstby'), v.get('rstttl'), v.get('srst', 0), v.get('drst', 0))
    want(got, (phase, by, ttl, int(by != 'dst'), int(by != 'src')),
         'phase, by whom, TTL, resets of either side')
    for k in 'srtxup srtxdn sspur scapmiss drtxup drtxdn dspur dcapmiss'.split():
        want(v.get(k), None, k)


# --- R: round trips

RTT = 'rttd_n rttd_sum rttd_min rttd_max rtts_n rtts_sum rtts_min rtts_max synack ackdat tcprtt'.split()


def rtt(records):
    got = flows(records, ','.join(RTT))[0]
    return {k: value(got[k]) for k in RTT if got[k] != '-' and value(got[k])}


def vector_r1(shape, folder):
    how, options = SHAPES[shape]
    c = Talk(**how)
    c.open(rtt=.021)
    want(rtt(probe(c, folder, *options)),
         dict(rttd_n=1, rttd_sum=20000, rttd_min=20000, rttd_max=20000, rtts_n=1, rtts_sum=1000, rtts_min=1000, rtts_max=1000,
              synack=20000, ackdat=1000, tcprtt=21000), 'round trips')


def vector_r2(shape, folder):
    how, options = SHAPES[shape]
    c = Talk(**how)
    c.syn(0, C)
    c.syn(1.0, C)
    c.syn(1.02, S)
    c.seg(1.021, C, 0)
    want(rtt(probe(c, folder, *options)), dict(rtts_n=1, rtts_sum=1000, rtts_min=1000, rtts_max=1000, ackdat=1000),
         'round trips')


def vector_r3(shape, folder):
    how, options = SHAPES[shape]
    c = Talk(**how)
    c.d(1.000, 0, options=stamp(100, 1))
    c.d(1.002, 100, options=stamp(100, 1))
    c.a(1.050, 100, options=stamp(7, 100))
    c.a(1.052, 200, options=stamp(7, 100))
    want(rtt(probe(c, folder, *options)), dict(rttd_n=1, rttd_sum=50000, rttd_min=50000, rttd_max=50000), 'round trips')


def vector_r4(shape, folder):
    how, options = SHAPES[shape]
    c = Talk(**how)
    c.d(1, 0)
    c.d(1.3, 0)
    c.a(1.35, 100)
    want(rtt(probe(c, folder, *options)), {}, 'round trips')


def vector_r5(mean, flagged, folder):
    c = Talk()
    c.open(rtt=.021)                     # base: 20 ms behind the tap
    for n in range(8):
        c.d(5 + n * .2, n * 12800, 12800)
        c.a(5 + n * .2 + mean + (n % 2 * 2 - 1) * .005, (n + 1) * 12800)
    records = probe(c, folder)
    got = [(r['rttd_n'], value(r['rttd_sum']), r['snewbytes'], 'bufbloat' in r['health'], r['bloatside'])
           for r in rows(['ra', '-nn', '-p', '6', '--csv', '-s', 'rttd_n,rttd_sum,snewbytes,health,bloatside'], records)
           if r['snewbytes'] == '102400']
    want([g[:4] for g in got], [('8', round(8 * mean * 10**6), '102400', flagged)], 'samples, their sum, new bytes, bufbloat')
    want('d' in got[0][4], flagged, 'bloatside')
    whole = rows(['racluster', '-m', 'flow', '-nn', '--csv', '-s', 'trans,n_bufbloat'], records)
    want(value(whole[0]['n_bufbloat']) or 0, int(flagged), 'records flagged')


def vector_r6(shape, folder):
    how, _ = SHAPES[shape]
    c = Talk(**how)
    c.open()
    c.d(1, 0)
    c.a(4.0, 100, win=0)
    c.a(7.5, 100)
    c.d(8, 100)
    c.a(8.05, 200)
    for T, expected in ((5, {0: 1000000, 5: 2500000}), (60, {0: 3500000}),
                        (1, {4: 1000000, 5: 1000000, 6: 1000000, 7: 500000})):
        got = {max(0, int(float(r['bstart'])) - BASE): value(r['dzwin_us']) for r in
               rows(['rabins', '-M', '%ds' % T, '-nn', '-u', '-p', '6', '--csv', '-s', 'bstart,dzwin_us'],
                    probe(c, folder, '-S', str(T)))}
        want({k: v for k, v in got.items() if v}, expected, 'zwin_us by bin, T=%d' % T)


def vector_r7(shape, folder):
    how, options = SHAPES[shape]
    c = Talk(**how)
    c.syn(0, C)
    c.seg(.05, C, 0)
    for n in range(10):
        c.seg(.1 + n * .1, C, n * 100, 100, (n + 1) * 1000)
    records = probe(c, folder, *options)
    got = flows(records, 'health')[0]
    want('asym' in got['health'], True, 'asym')
    want(absent(records, columns(['ackev', 'ackgap', 'capmiss'])), sorted(columns(['ackev', 'ackgap', 'capmiss']).split(',')),
         'absent')
    v = counts(records)[0]
    want([v.get(k) for k in ('srtxup', 'srtxdn', 'sspur', 'sooo', 'stgapev', 'sdatasegs', 'snewbytes')],
         [None] * 5 + [10, 1000], 'no loss')


# --- shapes of packets

def cut(name, snap, folder):
    """a capture of 66 bytes a packet has the same numbers: lengths come from the IP header; one of 60 has not the
    SYN's options, so that scales are not known"""
    act, numbers = P[name]
    c = Talk()
    c.open()
    act(c)
    c.snap = snap
    records = probe(c, folder)
    want(counts(records)[0], plus(HS, numbers), 'numbers')
    want(absent(records, 'swinlim,dwinlim,soow,doow'), [] if snap == 66 else ['doow', 'dwinlim', 'soow', 'swinlim'], 'absent')


def fragmented(folder):
    """a datagram in two fragments is neither loss nor capture loss"""
    c = Talk()
    c.open()
    c.d(.1, 0)
    c.d(.11, 100, 1200)
    t, frame = c.frames.pop()
    data = frame[34:]
    for at, end in ((0, 800), (800, len(data))):
        c.put(t / 10**6 + at * 10**-7, ip(c.ends[C], c.ends[S], 6, data[at:end], 4242, at, end < len(data)))
    c.d(.12, 1300)
    c.a(.15, 1400)
    v = counts(probe(c, folder))[0]
    for k in 'srtxup srtxdn sspur sooo scapmiss sackgap'.split():
        want(v.get(k), None, k)
    want(v.get('sdatasegs'), 3, 'sdatasegs')


def reuse(shape, folder):
    """a second connection on the same ports, with lower numbers, is another flow"""
    how, options = SHAPES[shape]
    c = Talk(**dict(how, isn=(900000, 500000)))
    c.open()
    c.d(.1, 0)
    c.a(.15, 100)
    c.seg(.2, C, 100, 0, 0, ACK | FIN)
    c.seg(.25, S, 0, 0, 101, ACK | FIN)
    c.seg(.26, C, 101, 0, 1)
    c.isn = (300000, 200000)
    c.open(1.0)
    c.d(1.1, 0)
    c.a(1.15, 100)
    got = counts(probe(c, folder, *options), 2)
    one = plus(HS, ONE)
    want(got[1], one, 'second')
    want(got[0], plus(one, dict(sackpkts=1, sfin=1, dfin=1)), 'first')


def setup(shape, folder):
    """what the SYNs offer; windows as scaled"""
    how, options = SHAPES[shape]
    c = Talk(**how)
    c.syn(0, C, scale=7, mss=1460)
    c.syn(.049, S, scale=9, mss=1400, win=64240)
    c.seg(.05, C, 0)
    c.d(.1, 0)
    c.a(.15, 100, win=120)
    got = flows(probe(c, folder, *options), columns(SETUP))[0]
    want({k: int(v) for k, v in got.items()}, dict(smss=1460, dmss=1400, swscale=7, dwscale=9, swinmax=WIN << 7,
                                                   dwinmax=64240), 'offers')           # 120 << 9 = 61440


# --- A4: two hosts acknowledge each other for ever; a keep-alive; a mitigated loop

def flagged(records):
    return {int(float(r['bstart'])) - BASE: set(r['health'].split(',')) - {'-', '', '.'} for r in
            rows(['ra', '-nn', '-u', '-p', '0', '--csv', '-s', 'bstart,health,spkts'], records) if r['spkts'] != '-'}


def loop(c, start, seconds, each, **how):
    """`each` acknowledgements a second from either side"""
    n = round(seconds * each)
    for i in range(n):
        c.seg(start + i / each, C, how.get('off', 100), 0, 0, options=how.get('copt', b''))
        c.seg(start + (i + .5) / each, S, 0, 0, 100, options=how.get('sopt', b''))


def a4_storm(folder):
    c = Talk()
    c.open()
    c.d(.1, 0)
    c.a(.15, 100)
    # a middlebox shifts the client's numbers by 10^8: out of the server's window
    loop(c, 6, 3, 1000, off=100 + 10**8)
    c.d(11, 100)
    c.a(11.05, 200)
    got = flagged(probe(c, folder))
    want(sorted(k for k in got if 'ackloop' in got[k]), [5], 'bins flagged ackloop')
    want(sorted(k for k in got if 'oow' in got[k]), [5], 'bins flagged oow')


def a4_stamps(folder):
    c = Talk()
    c.open(options=stamp(500000, 0))
    c.d(.1, 0, options=stamp(500100, 1))
    c.a(.15, 100, options=stamp(700000, 500100))
    loop(c, 6, 3, 1000, copt=stamp(1000, 1), sopt=stamp(700100, 500100))
    records = probe(c, folder)
    got = flagged(records)
    want(sorted(k for k in got if 'ackloop' in got[k]), [5], 'bins flagged ackloop')
    want(sorted(k for k in got if 'oow' in got[k]), [5], 'bins flagged oow (old timestamps)')
    # serially below the last: the first of the shifted, and those against the highest seen
    want((value(flows(records, 'stsold')[0]['stsold']) or 0) >= 1, True, 'stsold')


def a4_quiet(folder, kind):
    c = Talk()
    c.open()
    c.d(.1, 0)
    c.a(.15, 100)
    if kind == 'keep-alive':
        for n in range(4):
            c.seg(75 * (n + 1), C, 99)
            c.a(75 * (n + 1) + .05, 100)
    else:
        loop(c, 5, 60, 2)
    got = flagged(probe(c, folder))
    want({k: v for k, v in got.items() if v}, {}, 'flags')


def p12(shape, folder):
    how, options = SHAPES[shape]
    c = Talk(**how)
    c.open(scale=None)
    p11(c, 200)
    records = probe(c, folder, *options)
    got = flows(records, 'snullack,dnullack,health')[0]
    want((got['snullack'], got['dnullack'], 'ackloop' in got['health']), ('200', '200', shape != 'T60'),
         'null acknowledgements, ackloop')


def p11_quiet(folder):
    c = Talk()
    c.open(scale=None)
    p11(c)
    want('ackloop' in flows(probe(c, folder), 'health')[0]['health'], False, 'ackloop')


def main():
    tap = Tap()
    tests = [('%s %s' % (n, s), lambda f, n=n, s=s: vector_p(n, s, f)) for n in P for s in SHAPES]
    tests += [('%s middle %s' % (n, k), lambda f, n=n, k=k: vector_middle(n, k, f)) for n in MIDDLE for k in ('v4', 'v6')]
    tests += [('%s %s' % (n, s), lambda f, n=n, s=s: corner(n, s, f)) for n in CORNERS for s in SHAPES
              if s != 'v6' or n not in NEEDS_ID]
    tests += [('reset %s %s' % (n, s), lambda f, n=n, s=s: reset(n, s, f)) for n in RESETS for s in ('v4', 'v6', 'wrap', 'swap', 'edge')]
    for name, act in (('R1', vector_r1), ('R2', vector_r2), ('R3', vector_r3), ('R4', vector_r4), ('R7', vector_r7),
                      ('P12', p12), ('reuse', reuse), ('offers', setup)):
        tests += [('%s %s' % (name, s), lambda f, act=act, s=s: act(s, f)) for s in SHAPES if s != 'edge']
    tests += [('R6 %s' % s, lambda f, s=s: vector_r6(s, f)) for s in ('v4', 'v6', 'wrap', 'swap')]
    tests += [('R5 mean %d ms' % (m * 1000), lambda f, m=m, x=x: vector_r5(m, x, f)) for m, x in ((.15, True), (.11, False))]
    tests += [('%s of %d bytes a packet' % (n, k), lambda f, n=n, k=k: cut(n, k, f))
              for n in ('P1', 'P3', 'P5', 'P9', 'C1') for k in (66, 60)]
    tests += [('fragments of a segment', fragmented), ('P11 is no ackloop', p11_quiet)]
    tests += [('A4 shifted numbers', a4_storm), ('A4 shifted timestamps', a4_stamps)]
    tests += [('A4 %s is quiet' % k, lambda f, k=k: a4_quiet(f, k)) for k in ('keep-alive', 'mitigated loop')]
    only = sys.argv[1:]
    with scratch() as folder:
        for name, act in tests:
            if only and not any(name.startswith(o) for o in only):
                continue
            wrong = None
            try:
                act(folder)
            except (Failure, KeyError, ValueError, IndexError) as e:
                wrong = str(e) if isinstance(e, Failure) else repr(e)
            tap.ok(wrong is None, name, wrong)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()
