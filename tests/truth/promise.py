# SPDX-License-Identifier: BSD-2-Clause
"""Whose side is which, what it is called, what was promised to whom and when: ratunnel --label, --local, --sla FILE, --check.
The captures are written here; what is right is counted while they are written.
"""
import os

from common import *
from peers import A, B, BASE, Case
from sla import BACK, SPI, good, objects, read, tunnel

C, D = '198.51.100.7', '10.9.0.1'


def put(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    return path


def two_tunnels(folder):
    """A to B loses 20 of 1020, C to D nothing; who began is C"""
    c = Case()
    c.send([n for n in range(1, 1021) if not 500 < n <= 520])
    c.send(range(1, 1001), B, A, BACK, 0.003)
    c.send(range(1, 1001), C, D, 0x100, 0.5)
    c.send(range(1, 1001), D, C, 0x200, 0.503)
    return read(c, folder)


def rows_of(records, *options):
    return objects(['ratunnel', '-r', records, '--json', *options])


def sides(folder):
    records = two_tunnels(folder)
    for local, first in ((D, D), (D + ',' + B, D), ('10.9.0.0/16', D), (C + '/32', C), ('203.0.113.0/24', C)):
        got = [r for r in rows_of(records, '--local', local) if {r['sender'], r['receiver']} == {C, D}]
        want([(r['sender'], r['receiver']) for r in got], [(first, C if first == D else D), (C if first == D else D, first)], local)
    got = [r for r in rows_of(records, '--local', B) if {r['sender'], r['receiver']} == {A, B}]
    want([(r['sender'], r['lost'], r['expected']) for r in got], [(B, 0, 1000), (A, 20, 1020)], 'figures turn too')
    text = good(['ratunnel', '-r', records, '--local', B + ',' + D]).decode()
    want((B + ' <-> ' + A in text, A + ' <-> ' + B in text, D + ' <-> ' + C in text), (True, False, True), 'headings')
    st, out, err = run(['ratunnel', '-r', records, '--local', '10.9.0.0/16,nonsense'])
    want((st, out, '--local' in err), (2, b'', True), 'no prefix')


def names(folder):
    records = two_tunnels(folder)
    lists = put(folder, 'sites.csv', '%s,Berlin\n%s,"New <York>"\n' % (A, B))
    got = {r['sender']: r for r in rows_of(records, '--label', lists)}
    want([(got[x].get('sender_label'), got[x].get('receiver_label')) for x in (A, B, C)],
         [('Berlin', 'New <York>'), ('New <York>', 'Berlin'), (None, None)], 'JSON')
    text = good(['ratunnel', '-r', records, '--label', lists]).decode()
    want('Berlin (%s) <-> New <York> (%s)' % (A, B) in text, True, 'text')
    page = good(['ratunnel', '-r', records, '--label', lists, '--html', '-']).decode()
    want(('Berlin' in page, 'New &lt;York&gt;' in page, '<York>' in page), (True, True, False), 'page')


def contracts(folder):
    records = two_tunnels(folder)
    lists = put(folder, 'sites.csv', '%s,Berlin\n' % A)
    terms = put(folder, 'sla.txt', '# who  what\nBerlin loss=1%%,burst=30\n%s %s loss=5%%\n' % (D, C))
    got = {r['sender']: r for r in rows_of(records, '--label', lists, '--sla', terms)}
    want([(sorted(got[x]['terms']), got[x]['terms']['loss']['limit_pct'], got[x]['terms']['loss']['kept'], got[x]['sla']) for x in (A, B, C, D)],
         [(['burst', 'loss'], 1, False, 'violated'), (['burst', 'loss'], 1, True, 'violated'), (['loss'], 5, True, 'kept'),
          (['loss'], 5, True, 'kept')], 'whose limits')
    st, out, err = run(['ratunnel', '-r', records, '--label', lists, '--sla', terms, '--check'])
    want((st, out.decode(), err), (1, 'Berlin (%s) -> %s: loss 1.96 %% (20 of 1020), promised at most 1.00 %%, worst at %s\n' %
                                   (A, B, '2020-09-13 12:26:45'), ''), '--check')
    st, out, err = run(['ratunnel', '-r', records, '--sla', put(folder, 'all.txt', '* loss=2%\n'), '--check'])
    want((st, out, err), (0, b'', ''), 'kept: no word')
    st, out, err = run(['ratunnel', '-r', records, '--sla', put(folder, 'bad.txt', '\n* los=2%\n'), '--check'])
    want((st, out, 'bad.txt, line 2' in err), (2, b'', True), 'a mistake in the file')
    st, out, err = run(['ratunnel', '-r', records, '--sla', os.path.join(folder, 'none.txt')])
    want((st, out, 'none.txt: No such file' in err), (2, b'', True), 'no file')


def hours(folder):
    """a Sunday, 14:26:40 in Berlin: 200 s before 14:30 and 200 s of it, 10 lost before and 20 behind"""
    c = Case()
    seqs = [n for n in range(1, 4031) if not 1000 < n <= 1010 and not 3000 < n <= 3020]
    c.send(seqs, every=0.1)
    c.send(range(1, 4001), B, A, BACK, 0.003, every=0.1)
    records = read(c, folder)
    want([(r['lost'], r['bins']) for r in tunnel(records)], [(30, 80), (0, 80)], 'all')
    for when, zone, lost, bins, off in (('sun 14:30-15:00', 'Europe/Berlin', 20, 40, 40), ('14:00-14:30', 'Europe/Berlin', 10, 40, 40),
                                        ('sun 12:30-13:00', 'UTC', 20, 40, 40), ('sat-mon 00:00-24:00', 'UTC', 30, 80, 0),
                                        ('mon-sat 00:00-24:00', 'Europe/Berlin', 0, 0, 80), ('14:28-14:29', 'Europe/Berlin', 10, 12, 68),
                                        ('22:00-14:31', 'Europe/Berlin', 10, 52, 28)):
        terms = put(folder, 'sla.txt', '* loss=0.5% ' + when + '\n')
        got = tunnel(records, '--sla', terms, '--tz', zone)[0]
        want((got['lost'], got['bins'], got['off'], got['hours']), (lost, bins, off, when), when)
    text = good(['ratunnel', '-r', records, '--sla', put(folder, 'sla.txt', '* loss=1% sun 14:30-15:00'), '--tz', 'Europe/Berlin']).decode()
    want('hours of service sun 14:30-15:00 (Europe/Berlin, UTC+02:00): 40 bins are outside, not judged and not counted' in text, True, 'said')


def outage_hours(folder):
    """silent from 12:28:20 to 12:38:20, 100 numbers missing: what of it is in the hours"""
    c = Case()
    c.send(range(1, 1001), every=0.1)
    c.send(range(1101, 2101), start=700, every=0.1)
    records = read(c, folder)
    for when, seconds in (('00:00-24:00', 600), ('12:30-13:00', 500), ('12:00-12:30', 0), ('12:30-12:35,12:38-13:00', 320)):
        terms = put(folder, 'sla.txt', '* outage=1s ' + when)
        got = tunnel(records, '--sla', terms, '--oneway')[0]
        want((round(got['outage_s'] / 10) * 10, got['outages']), (seconds, int(seconds > 0)), when)


def main():
    tap = Tap()
    with scratch() as folder:
        for name, act in (('whose side is the first', sides), ('what gateways are called', names), ('what was promised to whom', contracts),
                          ('hours of service', hours), ('outages within the hours', outage_hours)):
            try:
                act(folder)
                tap.ok(True, name)
            except (Failure, KeyError, ValueError, IndexError, TypeError) as e:
                tap.ok(False, name, repr(e) if not isinstance(e, Failure) else e)
    print('1..%d' % tap.n)
    raise SystemExit(tap.failed > 0)


if __name__ == '__main__':
    main()
