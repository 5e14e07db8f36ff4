# SPDX-License-Identifier: BSD-2-Clause
"""DNS messages by kind, as tshark counts them: queries, responses, response codes, truncated ones.

dns.tsv was made with TShark 4.0.17, a row for each capture that has DNS on port 53:
    tshark -r FILE -Y '(udp.port==53||tcp.port==53) && dns && !icmp && !icmpv6' -T fields -E occurrence=a
        -e dns.flags.response -e dns.flags.rcode -e dns.flags.truncated
and each message counted.  In captures without a row there is none.  `port`: only packets of that port."""
from common import *

KINDS = ('q', 'r', 'nx', 'servfail', 'refused', 'trunc')
MORE = ('rm', 'unsol', 'unans', 'qrtx', 'rt_n')


def counts(name, port, t):
    """the sums over all records"""
    argv = ['pavo', '-q', '-S', str(t), '-r', name]
    records = good(argv + (['-', 'port', port] if port != '-' else []), status=(0, 2))
    got = rows(['racluster', '-m', 'none', '--csv', '-s', ','.join(KINDS + MORE), '-', 'has', 'q', 'or', 'has', 'unans'],
               records)
    return {k: int(got[0][k]) if got and got[0][k] != '-' else 0 for k in KINDS + MORE}


def check(path, port, truth):
    got = counts(path, port, 5)
    want({k: got[k] for k in KINDS}, truth, 'tshark')
    want(got['rm'] + got['unsol'], got['r'], 'each response is matched or unsolicited')
    if got['rm'] + got['unans'] + got['qrtx'] > got['q'] or got['rt_n'] > got['rm']:
        raise Failure('a query is answered, unanswered or sent again, once: %r' % got)
    for t in 1, 60:
        want(counts(path, port, t), got, '-S %d against -S 5' % t)


def main():
    tap = Tap()
    with scratch() as tmp:
        known, others = {}, []
        for row in table('dns', HERE):
            known.setdefault(row['file'], []).append(row)
        for name in sorted(n for n in known if n.endswith('.pkt')):
            path = os.path.join(tmp, 'made.pcap')
            subprocess.run([os.path.join(SRC, 'tests', 'cli', 'mkpcap'), os.path.join(SRC, 'tests', 'cli', name), path],
                           check=True)
            for row in known[name]:
                try:
                    check(path, row['port'], {k: int(row[k]) for k in KINDS})
                    tap.ok(True, '%s, port %s' % (name, row['port']))
                except Failure as why:
                    tap.ok(False, '%s, port %s' % (name, row['port']), why)
        for row in table('files'):
            name = row['file']
            truth = {k: int(known[name][0][k]) if name in known else 0 for k in KINDS}
            try:
                check(capture(name), '-', truth)
                if name in known:
                    tap.ok(True, name)
            except Failure as why:
                if name in known:
                    tap.ok(False, name, why)
                else:
                    others.append('%s: %s' % (name, why))
        tap.ok(not others, 'no DNS in the others', *others)
    tap.end()


main()
