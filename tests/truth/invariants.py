# SPDX-License-Identifier: BSD-2-Clause
"""What must not matter to a tunnel's numbers: which address is which (I6), and what else is on the wire (I8).

The expected values are the same program's on the capture as it is: the invariant is that they stay.
"""
import glob
import os
import struct

import frames
from common import CAPTURES, SHARED, Failure, Tap, good, rows, scratch, want

COUNTS = ('trans,proto,lane,spkts,dpkts,sbytes,dbytes,suniq,snet,sdup,slate,searly,sgapev,smaxgap,sfrags,sfragok,sfraginc,'
          'duniq,dnet,ddup,dlate,dearly,dgapev,dmaxgap,dfrags,dfragok,dfraginc,srekeys,drekeys,sspi,dspi').split(',')
ESP = ['-', 'esp', 'or', 'ah']


def tunnels(files, interval, out):
    good(['pavo', '-q', '-e', 'p', '-S', str(interval), '-r'] + files + ['-w', out])
    got = rows(['racluster', '-r', out, '-m', 'tunnel,lane', '--csv', '-s', 'saddr,daddr,' + ','.join(COUNTS)] + ESP)
    return sorted((r['saddr'], r['daddr']) + tuple(r[c] for c in COUNTS) for r in got)


def exchanged(raw):
    """The capture with both ends' addresses, ports and MACs exchanged in each Ethernet frame."""
    e = frames.PCAP[raw[:4]]
    out = bytearray(raw)
    for f in frames.pcap_frames(raw):
        at = f.end - len(f.data)
        d = f.data
        if f.link != frames.ETHERNET or len(d) < 34:
            continue
        out[at:at + 12] = d[6:12] + d[0:6]
        kind = struct.unpack_from('>H', d, 12)[0]
        if kind == 0x800:
            out[at + 26:at + 34] = d[30:34] + d[26:30]
            first = struct.unpack_from('>H', d, 20)[0] & 0x1fff == 0
            if d[23] == 17 and first and len(d) >= 38:
                out[at + 34:at + 38] = d[36:38] + d[34:36]
        elif kind == 0x86dd and len(d) >= 54:
            out[at + 22:at + 54] = d[38:54] + d[22:38]
    assert e
    return bytes(out)


def main():
    tap = Tap()
    folder = os.path.join(CAPTURES, 'netns') if SHARED else CAPTURES
    files = sorted(glob.glob(os.path.join(folder, 'esp*.pcap')) + glob.glob(os.path.join(folder, 'ah*.pcap')))
    others = sorted(glob.glob(os.path.join(folder, 'tcp-*.B.pcap')) + glob.glob(os.path.join(folder, 'udp-*.B.pcap')))[:3]
    with scratch() as tmp:
        out, turned = os.path.join(tmp, 'x.pavo'), os.path.join(tmp, 'turned.pcap')
        for path in files:
            name = os.path.basename(path)
            try:
                plain = tunnels([path], 1, out)
                with open(path, 'rb') as f:
                    raw = f.read()
                with open(turned, 'wb') as f:
                    f.write(exchanged(raw))
                # Who began still is the source, under the other address.  Where IKE says it, it turns too.
                got = sorted((r[1], r[0]) + r[2:] for r in tunnels([turned], 1, out))
                want(got, plain, 'addresses exchanged')
                want(tunnels([path] + others, 1, out), plain, 'beside other traffic')
                tap.ok(bool(plain), name)
            except Failure as why:
                tap.ok(False, name, why)
    tap.end()


main()
