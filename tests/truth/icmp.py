# SPDX-License-Identifier: BSD-2-Clause
"""ICMP errors count in the flow that they quote.

icmp.tsv was made with TShark 4.0.17:
    icmpun   (icmp.type==3 && icmp.code!=4) || icmpv6.type==1
    icmpttl  icmp.type==11 || icmpv6.type==3
    icmpbig  (icmp.type==3 && icmp.code==4) || icmpv6.type==2
In captures without a row no flow is quoted that lives.  No packet is counted by it, and T changes nothing."""
from common import *

KINDS = ('icmpun', 'icmpttl', 'icmpbig')


def counts(path, t):
    records = good(['pavo', '-q', '-S', str(t), '-r', path], status=(0, 2))
    got = rows(['racluster', '-m', 'none', '--csv', '-s', ','.join(KINDS), '-', 'has', 'icmpun', 'or', 'has', 'icmpttl', 'or',
                'has', 'icmpbig'], records)
    return {k: int(got[0][k]) if got and got[0][k] != '-' else 0 for k in KINDS}


def main():
    tap = Tap()
    known = {row['file']: {k: int(row[k]) for k in KINDS} for row in table('icmp', HERE)}
    others = []
    for row in table('files'):
        name = row['file']
        try:
            for t in 1, 5, 60:
                want(counts(capture(name), t), known.get(name, dict.fromkeys(KINDS, 0)), '-S %d' % t)
            if name in known:
                tap.ok(True, name)
        except Failure as why:
            if name in known:
                tap.ok(False, name, why)
            else:
                others.append('%s: %s' % (name, why))
    tap.ok(not others, 'none in the others', *others)
    tap.end()


main()
