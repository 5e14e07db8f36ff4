# SPDX-License-Identifier: BSD-2-Clause
"""Whose side is which, what it is called, what was promised to whom and when, and what a page proves: ratunnel --label, --local,
--sla FILE, --check, --html, --verify.
The captures are written here; what is right is counted while they are written.
"""
import hashlib
import os
import re
import subprocess
import time

from common import *
from peers import A, B, BASE, Case
from sla import BACK, good, objects, read, shell, tunnel

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


def verified(page, *files):
    st, out, err = run(['ratunnel', '--verify', page, *files])
    return st, (out + err.encode()).decode()


def evidence(folder):
    """the page says what it is of, and can be made again: from the files it is the same, from others it is not"""
    records = two_tunnels(folder)
    lists, terms = put(folder, 'sites.csv', A + ',Berlin\n'), put(folder, 'sla.txt', 'Berlin loss=1% sun 00:00-24:00\n')
    page = os.path.join(folder, 'page.html')
    options = ['--label', lists, '--sla', terms, '--local', D + ',' + A, '--tz', 'Europe/Berlin', '-t', '2020-09-13', '--title', 'A "title" & 100 %']
    twin = objects(['ratunnel', '-r', records, *options, '--html', page, '--json', '-', 'esp and not host 203.0.113.9'])
    text = open(page, encoding='utf-8').read()
    raw = open(records, 'rb').read()
    sha, found = hashlib.sha256(raw).hexdigest(), twin[-1]['evidence']
    for what in (sha, '%d bytes' % len(raw), 'x.pavo', 'ratunnel --verify', 'UTC+02:00', found['files'][0]['xxh3']):
        want(what in text, True, what)
    want([(f['sha256'], f['bytes']) for f in found['files']], [(sha, len(raw))], 'JSON')
    want((found['probes'][0]['frames'], found['probes'][0]['ps_drop']), (4000, 0), 'frames')
    want(sorted((r['sender'], r['lost']) for r in twin[:-1]), sorted([(A, 20), (B, 0), (C, 0), (D, 0)]), 'the twin has the figures')
    want(verified(page, records), (0, 'the same: the page has the figures of the files\n'), 'the same')
    st, out = shell(found['command'].replace(page, os.path.join(folder, 'again.html')))
    again = open(os.path.join(folder, 'again.html'), encoding='utf-8').read()
    cut = lambda t: t[:t.index('<!-- evidence -->')]
    want((st, cut(again) == cut(text)), (0, True), 'the command makes it again')
    copy = os.path.join(folder, 'copy.pavo')
    good(['ra', '-r', records, '-w', copy])
    st, said = verified(page, copy)
    want((st, 'the same' in said), (0, True), 'a copy of the records')
    forged = put(folder, 'forged.html', text.replace('20 of 1020', '2 of 1020'))
    want('20 of 1020' in text, True, 'figure on the page')
    st, said = verified(forged, records)
    want((st, '2 of 1020' in said, '20 of 1020' in said), (1, True, True), 'a figure that was changed')
    c = Case()
    c.send([n for n in range(1, 1021) if not 500 < n <= 510])
    st, said = verified(page, read(c, folder, name='other'))
    want((st, 'not the same' in said, 'by its digest' in said), (1, True, True), 'other records')


def hostile_pages(folder):
    """of a page only options that choose what it shows are taken"""
    records = two_tunnels(folder)
    page = os.path.join(folder, 'page.html')
    good(['ratunnel', '-r', records, '--html', page])
    text = open(page, encoding='utf-8').read()
    victim = os.path.join(folder, 'victim')
    for words in ('--html ' + victim, '--write ' + victim, '-w ' + victim, '--sla', '--title %', '--title %0', '--title %zz', '--title %00',
                  victim, '--filter-file /etc/passwd'):
        st, said = verified(put(folder, 'bad.html', text.replace('name="pavo-options" content="', 'name="pavo-options" content="' + words)), records)
        want((st, os.path.exists(victim), len(said.splitlines()) <= 2), (2, False, True), words)
    for other in ('', '<html></html>', text.replace('pavo-inputs', 'x'), text[:400]):
        want(verified(put(folder, 'bad.html', other), records)[0], 2, 'no page')
    st, said = verified(put(folder, 'old.html', text.replace('name="pavo-version" content="', 'name="pavo-version" content="9')), records)
    want((st, 'made by version 9' in said), (2, True), 'another version')
    want((verified(folder, records)[0], verified(page)[0], verified(page + 'x', records)[0]), (2, 2, 2), 'no file')


def path_on_page(folder):
    """two probes: the page has what was lost on each part of the way, and can be verified"""
    files = []
    for name, lost in ('near', range(100, 110)), ('far', list(range(100, 110)) + list(range(500, 530))):
        c = Case()
        c.send([n for n in range(1, 1001) if n not in lost])
        c.send(range(1, 1001), B, A, BACK, 0.003)
        pcap, records = (os.path.join(folder, name + end) for end in ('.pcap', '.pavo'))
        c.write(pcap)
        good(['pavo', '-q', '-e', name, '-r', pcap, '-w', records])
        files.append(records)
    page = os.path.join(folder, 'path.html')
    good(['ratunnel', '-r', *files, '--path', 'near,far', '--html', page])
    text = open(page, encoding='utf-8').read()
    want('Between near and far 30 of 990 were lost on the way to %s, 10 before near.' % B in text, True, 'the verdict')
    section = text[text.index('Between both probes'):]
    section = section[:section.index('</table>')]
    rows = [[re.sub('<[^>]*>', '', c).strip() for c in re.findall(r'<td[^>]*>(.*?)</td>', r, re.S)] for r in section.split('<tr')[1:]]
    got = {r[0].split()[0]: r[1:6] for r in rows if len(r) > 6}
    want(got, {A: ['990', '960', '10', '30', '3.03 %'], B: ['1000', '1000', '0', '0', '0.00 %']}, 'figures')
    want((section.count('30 lost'), section.count('10 lost'), section.count('nothing lost')), (1, 1, 2), 'pictures')
    want(verified(page, *files)[0], 0, 'verified')
    st, out, err = run(['ratunnel', '-r', *files, '--path', 'near,far'])
    want((st, out, 'rapath' in err), (2, b'', True), 'without a page')
    st, out, err = run(['ratunnel', '-r', *files, '--path', 'near', '--html', '-'])
    want((st, out), (2, b''), 'one probe')


def recipes(folder):
    """the lines of the page for cron and mail, as they stand there: records of yesterday, which broke a promise, and one that holds"""
    page = os.path.join(os.environ['PAVO_SRC'], 'man', 'ratunnel.1')
    lines = [line.replace('\\e', '\\') for line in open(page, encoding='utf-8').read().split('.Sh EXAMPLES')[1].splitlines() if '/var/lib/pavo' in line]
    want(len(lines), 2, 'lines')
    tree, mail, web = (os.path.join(folder, n) for n in ('archive', 'mail', 'web'))
    os.mkdir(tree)
    os.mkdir(web)
    now = int(time.time())
    noon = now // 86400 * 86400 - 43200                     # of yesterday
    gone = set(range(400, 420))
    c = Case()
    c.send([n for n in range(1, 2001) if n not in gone], start=noon - BASE)
    c.write(os.path.join(folder, 'y.pcap'))
    good(['pavo', '-q', '-e', 'gw', '-r', os.path.join(folder, 'y.pcap'), '-w', os.path.join(tree, 'gw.pavo')])
    with open(os.path.join(folder, 'mutt'), 'w') as f:
        f.write('#!/bin/sh\n{ echo "$@"; cat; } >%s\n' % mail)
    os.chmod(os.path.join(folder, 'mutt'), 0o755)
    with open(os.path.join(folder, 'sites.csv'), 'w') as f:
        f.write('%s,Berlin\n' % A)
    env = dict(os.environ, PATH=os.pathsep.join((folder, os.environ['PAVO_BUILD'], os.environ['PATH'])), TZ='UTC', LC_ALL='C.UTF-8')

    def act(line, limit):
        with open(os.path.join(folder, 'contracts.txt'), 'w') as f:
            f.write('*  loss=%s\n' % limit)
        p = subprocess.run(['sh', '-c', line.replace('/var/lib/pavo', tree).replace('/srv/www', web)], capture_output=True, env=env, cwd=folder, text=True)
        want(p.stderr, '', 'no word but the breach')
        return p.returncode, p.stdout
    cron = re.sub(r'\\%', '%', lines[0].split(None, 5)[5])   # as cron does it
    for limit, broken in (('0.5%', True), ('5%', False)):
        status, out = act(cron, limit)
        want((status, 'loss 1.00 % (20 of 2000), promised at most' in out, 'Berlin' in out or not broken), (int(broken), broken, True), 'cron: ' + out)
        want('20 of 2000' in open(os.path.join(web, 'month.html'), encoding='utf-8').read(), True, 'the page')
        status, out = act(lines[1], limit)
        want((out, os.path.exists(mail)), ('', broken), 'mail')
        if broken:
            text = open(mail, encoding='utf-8').read()
            want(('-a day.html' in text, '20 of 2000' in text), (True, True), text)
            os.remove(mail)


def other_keys(folder):
    """of what is no tunnel: the figures of racluster, in both directions; availability is not judged"""
    pcap = os.path.join(os.environ['PAVO_SRC'], 'tests', 'captures', 'tcp-loss.B.pcap')
    records = os.path.join(folder, 'other.pavo')
    good(['pavo', '-q', '-S', '5', '-e', 'P', '-r', pcap, '-w', records])
    fields = 'saddr,daddr,spkts,dpkts,sbytes,dbytes,sloss,dloss,sploss,dploss,rtts_p95,rttd_p95,srst,drst,pcaploss'
    merged = {(r['saddr'], r['daddr']): r for r in objects(['racluster', '-m', 'matrix', '-r', records, '--json', '-s', fields, '-', 'tcp'])}
    got = objects(['ratunnel', '-m', 'matrix', '-r', records, '--json', '--min-sample', '1', '-', 'tcp'])
    want((len(got) > 0, len(got)), (True, 2 * len(merged)), 'rows')
    for r in got:
        s, ends = ('s', (r['sender'], r['receiver'])) if r['side'] == 'src' else ('d', (r['receiver'], r['sender']))
        m = merged.get(ends)
        if m is None:                    # another orientation
            m, s = merged[ends[::-1]], 'd' if s == 's' else 's'
        pct = m.get(s + 'ploss', m.get(s + 'ploss_pct'))
        want([r['pkts'], r['bytes'], r['lost'], r['rst']], [m[s + 'pkts'], m[s + 'bytes'], m.get(s + 'loss', 0), m.get(s + 'rst', 0)], 'counts')
        want((r.get('loss_pct') is None or pct is None or abs(r['loss_pct'] - pct) < 0.01, r.get('rtt_p95')), (True, m.get('rtt' + s + '_p95')), 'loss, round trip')
        want(('avail_pct' in r, r.get('caploss_pct') is None), (False, m.get('pcaploss', m.get('pcaploss_pct')) is None), 'not judged; capture loss')
    st, out, err = run(['ratunnel', '-m', 'nonsense', '-r', records])
    want((st, out), (2, b''), 'no key')


def main():
    tap = Tap()
    with scratch() as folder:
        for name, act in (('whose side is the first', sides), ('what gateways are called', names), ('what was promised to whom', contracts),
                          ('hours of service', hours), ('outages within the hours', outage_hours),
                          ('evidence, and the page made again', evidence), ('pages that say something else', hostile_pages), ('what is no tunnel', other_keys), ('lines for cron and mail', recipes), ('two probes on one page', path_on_page)):
            try:
                act(folder)
                tap.ok(True, name)
            except (Failure, KeyError, ValueError, IndexError, TypeError) as e:
                tap.ok(False, name, repr(e) if not isinstance(e, Failure) else e)
    print('1..%d' % tap.n)
    raise SystemExit(tap.failed > 0)


if __name__ == '__main__':
    main()
