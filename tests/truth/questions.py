# SPDX-License-Identifier: BSD-2-Clause
"""Questions over an archive in which the question is the trap (SEMANTICS 14.6), over small captures in cases/ that
make_query_cases.py writes; what is right was counted in that script.

	questions.py [WORD...]	only those whose name contains one
"""
import datetime
import glob
import math
import struct
import sys

from common import *

CASES = os.path.join(SRC, 'tests', 'cases')
BERLIN = ['--tz', 'Europe/Berlin']
try:
    from zoneinfo import ZoneInfo
    ZONE = ZoneInfo('Europe/Berlin')
except Exception:
    ZONE = None


def records(folder):
    """each capture, made into records as the table says"""
    names = ['dst-autumn', 'dst-spring', 'ties-1', 'ties-2', 'lookalikes', 'overlap-a', 'overlap-b', 'steps', 'year', 'midnight', 'words', 'halves', 'hosts']
    for name in names:
        T = '60' if name in ('dst-autumn', 'dst-spring', 'midnight') else '1' if name == 'year' else '5'
        path, = glob.glob(os.path.join(CASES, name + '.pcap*'))
        good(['pavo', '-q', '-e', 'P', '-S', T, '-r', path, '-w', os.path.join(folder, name + '.pavo')])
    os.chdir(folder)


def ask(tool, files, *more):
    """(exit status, rows of --csv, the sentences on stderr)"""
    st, out, err = run([tool, '-r', *('%s.pavo' % f for f in files.split()), '--csv', *more])
    return st, list(csv.DictReader(io.StringIO(out.decode()))), err


def values(tool, files, *more, names=None):
    st, got, err = ask(tool, files, *more)
    if st > 1:
        raise Failure('%s %s: exit %d: %s' % (tool, ' '.join(more), st, err))
    names = names or (got[0].keys() if got else [])
    return [tuple(r[n] for n in names) for r in got]


def spkts(files, *more):
    """the packets of one row; no row: 0"""
    got = values('racluster', files, '-m', 'none', '-s', 'spkts', *more)
    return sum(int(r[0]) for r in got)


def instant(text):
    return datetime.datetime.fromisoformat(text.replace(' ', 'T').replace('Z', '+00:00'))


# --- a day of 25 hours, and one of 23

def hours_that_come_twice():
    bins = ['rabins', '-r', 'dst-autumn.pavo', '-M', '1h', *BERLIN, '-s', 'bstart,spkts']
    shown = {'text': [re.sub(r'\s+\d+$', '', x).strip() for x in good(bins).decode().splitlines()[1:]],
             'csv': [r['bstart'] for r in csv.DictReader(io.StringIO(good(bins + ['--csv']).decode()))],
             'json': [json.loads(x)['bstart'] for x in good(bins + ['--json']).splitlines()]}
    for form, got in shown.items():
        want((len(got), len(set(got))), (72, 72), 'rows, and different ones, in ' + form)
    day = [r for r in csv.DictReader(io.StringIO(good(bins + ['--csv']).decode())) if instant(r['bstart']).hour == 2 and instant(r['bstart']).day == 25]
    want([int(r['spkts']) for r in day], [4, 8], 'the two hours named 02')
    for r, n in zip(day, (4, 8)):
        want(spkts('dst-autumn', *BERLIN, '-t', r['bstart'].replace(' ', 'T') + '+1h'), n, '-t %s+1h' % r['bstart'])


def ranges_over_an_hour_twice():
    for t, n in (('2026/10/25.02:00-2026/10/25.03:00', 12), ('2026/10/25.01:30-2026/10/25.02:30', 4), ('2026/10/25.02:30-2026/10/25.03:30', 12),
                 ('2026/10/25.01:30-2026/10/25.03:30', 16), ('2026/10/25', 104), ('2026/10/25.02:30+15m', 1), ('2026-10-25T02:30:00+01:00+15m', 2),
                 ('2026-10-25T02:30:00+02:00+15m', 1)):
        want(spkts('dst-autumn', *BERLIN, '-t', t), n, '-t ' + t)
    parts = ['2026/10/25.%02d:00-2026/10/25.%02d:00' % (h, h + 1) if h < 23 else '2026/10/25.23:00-2026/10/26.00:00' for h in range(24)]
    want(sum(spkts('dst-autumn', *BERLIN, '-t', t) for t in parts), 104, '24 ranges of an hour')


def ranges_over_an_hour_that_is_not():
    want(spkts('dst-spring', *BERLIN, '-t', '2026/03/29.02:30-2026/03/29.04:00'), 4, 'from within the hole')
    want(spkts('dst-spring', *BERLIN, '-t', '2026/03/29'), 92, 'the day')
    st, out, err = run(['racluster', '-r', 'dst-spring.pavo', '-m', 'none', *BERLIN, '-t', '2026/03/29.02:00-2026/03/29.03:00', '-s', 'spkts'])
    want((st, out.count(b'\n') < 2, sum('no such time in Europe/Berlin' in line for line in err.splitlines()), 'dst-spring.pavo holds' in err),
         (1, True, 1, True), 'the hole itself: ' + err)


def bins_of_hours_from_local_midnight():
    got = values('rabins', 'dst-autumn', '-M', '6h', *BERLIN, '-t', '2026/10/25', '-s', 'bstart,blen,spkts')
    want([(instant(a).hour, int(b), int(c)) for a, b, c in got], [(0, 25200, 32), (6, 21600, 24), (12, 21600, 24), (18, 21600, 24)], 'bins')


def weeks():
    for width in ('1w', '7d'):
        got = values('rabins', 'dst-autumn', '-M', width, '-s', 'bstart,spkts')
        want([(a[:10], int(b)) for a, b in got], [('2026-10-19', 196), ('2026-10-26', 96)], width)
        got = values('rabins', 'dst-autumn', '-M', width, *BERLIN, '-s', 'bstart,spkts')
        want([(a[:10], instant(a).hour, int(b)) for a, b in got], [('2026-10-19', 0, 192), ('2026-10-26', 0, 100)], width + ' in Berlin')
    want(spkts('dst-autumn', '-t', '2026-W43'), 196, '-t 2026-W43')


# --- order, family

def ties():
    first = ['192.0.2.50', '192.0.2.60', '192.0.2.1', '192.0.2.2']
    for files in ('ties-1 ties-2', 'ties-2 ties-1'):
        got = values('ratop', files, '-m', 'saddr', '-o', 'bytes', '-N', '4', names=['saddr', 'bytes'])
        want([(a, int(b)) for a, b in got[:4]], list(zip(first, (3000, 2000, 1000, 1000))), 'ratop of ' + files)
    got = {tuple(values('rasort', files, '-m', '-bytes', '-s', 'saddr,bytes,stime,flowid')) for files in ('ties-1 ties-2', 'ties-2 ties-1')}
    want(len(got), 1, 'orders of rasort')
    got = values('rasort', 'ties-2 ties-1', '-m', '-bytes', '-s', 'saddr')
    want(got[:2], [('192.0.2.50',), ('192.0.2.60',)], 'rasort')


def lookalikes():
    got = json.loads(good(['racount', '-r', 'lookalikes.pavo', '--json']))
    want({f['family']: (f['pkts'], f['bytes']) for f in got['family']}, {'ip4': (3, 600), 'ip6': (3, 1530), 'other': (0, 0)}, 'racount')
    for words, right in (('ip6', (3, 1530)), ('ip', (3, 600)), ('net ::ffff:0:0/96', (1, 400)), ('host 192.0.2.1', (2, 300)), ('host ::ffff:192.0.2.1', (1, 400)),
                         ('host ::192.0.2.1', (1, 1000)), ('net ::/0', (3, 1530)), ('net 0.0.0.0/0', (3, 600)), ('host 0.0.0.0', (1, 300)), ('host ::', (1, 130))):
        got = values('racluster', 'lookalikes', '-m', 'none', '-s', 'pkts,bytes', '-', words)
        want([tuple(map(int, r)) for r in got], [right], words)
    for m in ('matrix', 'saddr,daddr', 'flow', 'conv'):
        got = values('racluster', 'lookalikes', '-m', m, '-s', 'saddr,daddr,pkts,bytes')
        want({r[:2]: r[2:] for r in got}.get(('::ffff:192.0.2.1', '::ffff:198.51.100.1')), ('1', '400'), 'mapped by ' + m)
        want(len(got), 5, 'rows by ' + m)
    got = values('racluster', 'lookalikes', '-m', 'saddr/0', '-s', 'saddr,pkts,bytes')
    want(sorted(got), [('0.0.0.0/0', '3', '600'), ('::/0', '3', '1530')], '-m saddr/0')
    want('::ffff:192.0.2.1 ' in good(['racluster', '-r', 'lookalikes.pavo', '-m', 'matrix', '-s', 'saddr,pkts']).decode(), True, 'printed in text')
    shown = [json.loads(x)['saddr'] for x in good(['ra', '-r', 'lookalikes.pavo', '--json', '-s', 'saddr']).splitlines()]
    want('::ffff:192.0.2.1' in shown, True, 'printed in JSON')


# --- the same packets twice

def overlap():
    a, b = 'overlap-a.pavo', 'overlap-b.pavo'
    span = re.compile(r'2023-11-14.22:13:35.*22:13:4[45]')
    for tool, more, status in (('racluster', ['-m', 'none', '-s', 'spkts'], 0), ('rabins', ['-M', '1m', '-s', 'spkts'], 0), ('racount', [], 2), ('racheck', [], 2)):
        for files in ([a, b], [b, a]):
            st, out, err = run([tool, '-r', *files, *more])
            want(st, status, '%s: exit' % tool)
            said = [x for x in err.splitlines() if a in x and b in x and re.search(r'\bP\b', x) and span.search(x)]
            want((len(said), len(err.splitlines())), (1, 1), '%s: sentences, all: %s' % (tool, err))
    want(spkts('overlap-a overlap-b'), 50, 'the sum')
    want(json.loads(run(['racount', '-r', a, b, '--json'])[1])['conserved'], False, 'conserved')
    want(run(['racluster', '-r', a, '-m', 'none'])[2], '', 'one file: nothing to say')


def the_same_file_twice():
    os.symlink('overlap-a.pavo', 'link.pavo')
    os.makedirs('twice', exist_ok=True)
    for n in ('one', 'two'):
        with open('overlap-a.pavo', 'rb') as f, open('twice/%s.pavo' % n, 'wb') as g:
            g.write(f.read())
    os.link('overlap-a.pavo', 'hard.pavo')
    with open('overlap-a.pavo', 'rb') as f:
        once = f.read()
    for where, stdin, said in ((['-r', 'overlap-a.pavo', 'overlap-a.pavo'], None, 'overlap-a.pavo has frames twice that probe P'),
                               (['-r', 'overlap-a.pavo', '-r', './overlap-a.pavo'], None, 'overlap-a.pavo and ./overlap-a.pavo both have frames that probe P'),
                               (['-r', 'overlap-a.pavo', 'link.pavo'], None, 'overlap-a.pavo and link.pavo both'), (['-r', 'hard.pavo', 'overlap-a.pavo'], None, 'hard.pavo and overlap-a.pavo both'),
                               (['-R', 'twice'], None, 'twice/one.pavo and twice/two.pavo both'), ([], once + once, 'stdin has frames twice that probe P'),
                               (['-r', '-', 'overlap-a.pavo'], once, 'stdin and overlap-a.pavo both')):
        st, out, err = run(['racluster', *where, '-m', 'none', '--csv', '-s', 'spkts'], stdin)
        want((st, err.count('\n'), said in err), (0, 1, True), '%s: exit, sentences: %s' % (where, err))
        want(out.split()[1], b'50', '%s: the sum is what was asked for' % where)
        out = run(['racluster', *where, '--dedup', '-m', 'none', '--csv', '-s', 'spkts'], stdin)[1]
        want(out.split()[1], b'25', '%s: --dedup' % where)
        for tool, *more in (['ra'], ['ra', '--json'], ['ra', '-w', '-'], ['ra', '-', 'host', '192.0.2.1'], ['rasort', '--csv'], ['rabins', '-M', '1m', '--native'], ['ratop'],
                            ['rahisto', '-o', 'bytes'], ['racount'], ['racheck']):
            st, out, err = run([tool, *where, *more], stdin)
            want((st, sum(said in x for x in err.splitlines()), err.count('\n')), (2 if tool in ('racount', 'racheck') else 0, 1, 1), '%s %s: exit, sentences: %s' % (tool, where, err))
    want(run(['ra'], once)[2], '', 'once: nothing to say')


# --- bins without packets, percentiles

def empty_bins():
    # bin k of 5 s has k+1 packets, those from 20 to 29 none; it begins at 22:13:20
    count = [0 if 20 <= k < 30 else k + 1 for k in range(100)]
    minute = {}
    for k, n in enumerate(count):
        minute[(22 * 3600 + 13 * 60 + 20 + 5 * k) // 60] = minute.get((22 * 3600 + 13 * 60 + 20 + 5 * k) // 60, 0) + n
    got = values('rabins', 'steps', '-M', '1m', '--zero', '-t', '2023/11/14.22:10-2023/11/14.22:25', '-s', 'bstart,spkts')
    want([(instant(a).hour * 60 + instant(a).minute, int(b)) for a, b in got], [(m, minute.get(m, 0)) for m in range(22 * 60 + 10, 22 * 60 + 25)], 'minutes')
    got = values('rabins', 'steps', '-M', '5s', '--zero', '-t', '2023/11/14.22:15:00-2023/11/14.22:15:45', '-s', 'bstart,spkts')
    want([int(b) for _, b in got], [0] * 9, 'nine bins of 5 s')


def a_year():
    """of seconds with PAVO_LONG=1, else of minutes; fewer rows than that have to be refused"""
    width, right = ('1s', 31536001) if os.environ.get('PAVO_LONG') else ('1m', 525601)
    st, out, err = run(['rabins', '-r', 'year.pavo', '-M', width, '--zero', '--csv', '-s', 'spkts'])
    want((st, out.count(b'\n') - 1) if out.strip() else (st, err.count('\n')), (0, right) if out.strip() else (2, 1), 'exit and rows, or the sentence')


def percentiles():
    zero = good(['rabins', '-r', 'steps.pavo', '-M', '5s', '--zero', '-w', '-'])
    got = json.loads(good(['rahisto', '-o', 'sbytes', '--json'], zero).splitlines()[0])
    want([float(got[p]) for p in ('p50', 'p90', 'p95', 'p99')], [6250, 11250, 11875, 12375], 'JSON')
    text = good(['rahisto', '-o', 'sbytes'], zero).decode()
    want(re.findall(r'(50|90|95|99) ?% (\d+)', text)[:4], [('50', '6250'), ('90', '11250'), ('95', '11875'), ('99', '12375')], 'text')


# --- ranges

def over_midnight():
    for t in ('2016/12/31.23:30-00:30', '2016/12/31.24:00+1h', '2017/01/01.00:00+1h'):
        want(values('racluster', 'midnight', '-m', 'none', '-s', 'spkts,dpkts', '-t', t), [('180', '180')], '-t ' + t)
    want(spkts('midnight', '-t', '2016-12-31T23:59:60Z+1m'), 3, 'the leap second is the next midnight')


def bins_are_not_cut():
    for t in ('2016/12/31.22:00-2016/12/31.22:00:30', '2016/12/31.22:00:30-2016/12/31.22:01'):
        st, got, err = ask('racluster', 'midnight', '-m', 'none', '-s', 'spkts', '-t', t)
        want((st, [r['spkts'] for r in got]), (0, ['3']), '-t ' + t)
        want((err.count('\n'), all(x in err for x in ('60 s', '22:00:00', '22:01:00'))), (1, True), 'the sentence: ' + err)
    want(ask('racluster', 'midnight', '-m', 'none', '-s', 'spkts', '-t', '2016/12/31.22:00+1m')[2], '', 'a whole bin: nothing to say')


# --- words, round trips

def precedence():
    for words, right, said in (('tcp or udp and port 53', '4', 'tcp or (udp and port 53)'), ('(tcp or udp) and port 53', '1', ''), ('tcp or (udp and port 53)', '4', ''),
                               ('port 80 or 443', '3', '')):
        st, got, err = ask('racluster', 'words', '-m', 'none', '-s', 'trans', '-', *words.split())
        want([r['trans'] for r in got], [right], words)
        want((said in err, err.count('\n')), (True, 1 if said else 0), '%s: the sentence: %s' % (words, err))


def halves():
    both = good(['racluster', '-r', 'halves.pavo', '-m', 'conv', '-w', '-'])
    for what, stdin, more in (('none', None, ['-r', 'halves.pavo']), ('conv, then none', both, [])):
        for m in ('none', 'matrix', 'saddr', 'daddr', 'conv'):
            for r in rows(['racluster', *more, '-m', m, '--csv', '-s', 'rtt,tcprtt'], stdin):
                want((r['rtt'] in ('', '-') or float(r['rtt']) == .1, float(r['tcprtt'])), (True, .1), '%s -m %s: %s' % (what, m, r))
    want(rows(['racluster', '-m', 'none', '--csv', '-s', 'rtt,tcprtt'], both), rows(['racluster', '-r', 'halves.pavo', '-m', 'none', '--csv', '-s', 'rtt,tcprtt']),
         'merged before or not')


# --- both ends

def hosts():
    """192.0.2.1 talks to itself too: once; 192.0.2.2 asks, and is asked"""
    for m, right in (('host', [('192.0.2.2', 1500, 83.33), ('192.0.2.1', 1300, 72.22), ('192.0.2.3', 500, 27.78)]),
                     ('port', [('53', 1500, 83.33), ('1', 1000, 55.56), ('7', 300, 16.67), ('8', 300, 16.67)]),
                     ('host/24', [('192.0.2.0/24', 1800, 100)]), ('proto,host/0', [('0.0.0.0/0', 1800, 100)]),
                     ('host,port', [('192.0.2.2', 1500, 83.33), ('192.0.2.1', 1000, 55.56), ('192.0.2.3', 500, 27.78), ('192.0.2.1', 300, 16.67), ('192.0.2.1', 300, 16.67)])):
        word = re.sub('.*,host|/.*', 'host', m) if '/' in m else m.split(',')[0]
        word = 'host' if 'host' in m else word
        got = values('ratop', 'hosts', '-m', m, '-o', 'bytes', names=[word, 'bytes', 'bytes_share'])
        want([(a, int(b), float(c)) for a, b, c in got], right, 'ratop -m ' + m)
        got = values('racluster', 'hosts', '-m', m, '-s', word + ',bytes')
        want(sorted((a, int(b)) for a, b in got), sorted(r[:2] for r in right), 'racluster -m ' + m)
        for more in ([], ['-P', '4'], ['--peak', 'bytes']):
            got = values('rabins', 'hosts', '-M', '1m', '-m', m, '-s', word + ',bytes', *more)
            want(sorted((r[0], int(r[1])) for r in got), sorted(r[:2] for r in right), 'rabins -m %s %s' % (m, more))
        got = values('rabins', 'hosts', '-m', m, '-s', word + ',bytes')
        want(sum(int(b) for _, b in got), sum(r[1] for r in right), 'rabins of the bins of the input, -m ' + m)
    text = good(['ratop', '-r', 'hosts.pavo', '-m', 'host', '-s', 'rank,host,bytes,bytes_share']).decode().split('\n')
    want(text[-2].split(), ['total', '*', '1800', '100'], 'the total: what was sent')
    want(any(x.startswith('rest') for x in text), False, 'no rest: it would have records that are shown')
    for form in (['--csv'], ['--json'], ['--native']):
        want(b'total' in good(['ratop', '-r', 'hosts.pavo', '-m', 'host', *form]), False, 'summary rows in ' + form[0])
    got = values('ratop', 'hosts', '-m', 'host', names=['host', 'spkts', 'dpkts', 'sbytes', 'dbytes'])
    want(got, [('192.0.2.2', '1', '1', '500', '1000'), ('192.0.2.1', '2', '0', '1300', '0'), ('192.0.2.3', '0', '1', '0', '500')], 'sent and received')
    filters = re.findall(r' - (?:(host \S+)|\'(.*)\')$', good(['radrill', '-r', 'hosts.pavo', '--by', 'bytes', '-m', 'host,port', '--plain', '--bin', '1']).decode(), re.M)
    got = [values('racluster', 'hosts', '-m', 'none', '-s', 'bytes', '-', a or b) for a, b in filters if 'saddr' in b]
    want([int(r[0][0]) for r in got], [1500, 1000, 500, 300, 300], 'filters of radrill: %s' % filters)
    for m in ('host,saddr', 'host,conv', 'tunnel,port', 'dport,host', 'port/24'):
        st, out, err = run(['ratop', '-r', 'hosts.pavo', '-m', m])
        want((st, out), (2, b''), '-m %s: %s' % (m, err))


# --- what people hand in

def lists_of_editors():
    """a mark of UTF-8, CRLF, or nothing: read, or one sentence"""
    def write(name, data):
        with open(name, 'wb') as f:
            f.write(data)
        return name

    for data, pkts, said in ((b'\xef\xbb\xbf192.0.2.1\r\n203.0.113.7\r\n', ['2'], ''), (b'192.0.2.1', ['2'], ''), (b'::ffff:192.0.2.1\r\n', ['1'], ''),
                             (b'', [], 'has no addresses'), (b'\xef\xbb\xbf', [], 'has no addresses'), (b'# none\r\n\r\n', [], 'has no addresses')):
        st, got, err = ask('racluster', 'lookalikes', '-m', 'none', '-s', 'pkts', '-', 'host', 'in', write('list', data))
        want((st, [r['pkts'] for r in got], said in err, 'has no' in err), (0 if pkts else 1, pkts, True, said != ''), 'in %r: %s' % (data, err))
    for data, label, said in ((b'\xef\xbb\xbf192.0.2.0/24,net\r\n192.0.2.1/32,"one"\r\n', 'one', ''), (b'\xef\xbb\xbfprefix,label\r\n192.0.2.0/24,net\r\n', 'net', ''),
                              (b'\xef\xbb\xbf# c\r\n192.0.2.1,x', 'x', ''), (b'', '', 'no prefix'), (b'\xef\xbb\xbf', '', 'no prefix'),
                              (b'192.0.2.0/24,a\n192.0.2.0/24,b\n', 'b', '192.0.2.0/24 has two labels, "a" and "b"'),
                              (b'192.0.2.0/24,a\n192.0.2.0/24,a\n', 'a', ''), (b'192.0.2.0/24,a\n192.0.2.0/25,b\n0.0.0.0/0,c\n', 'b', '')):
        st, got, err = ask('ra', 'lookalikes', '--label', write('list', data), '-s', 'saddr,slabel')
        want((st, {r['slabel'].strip('-') for r in got if r['saddr'] == '192.0.2.1'}, err.count('\n'), said in err), (0, {label}, 1 if said else 0, True),
             'label %r: %s' % (data, err))
    for data, pkts, said in ((b'\xef\xbb\xbfip6 and\r\n# a line\r\nhost ::\r\n', '1', ''), (b'  # a\r  ip6', '3', ''), (b'ip6', '3', ''), (b'', '6', 'list has no filter: all records are taken'),
                             (b'\xef\xbb\xbf\r\n', '6', 'has no filter'), (b'# ip6\n', '6', 'has no filter')):
        st, got, err = ask('racluster', 'lookalikes', '-m', 'none', '-s', 'pkts', '--filter-file', write('list', data))
        want((st, [r['pkts'] for r in got], err.count('\n'), said in err), (0, [pkts], 1 if said else 0, True), '--filter-file %r: %s' % (data, err))
    st, got, err = ask('racluster', 'lookalikes', '-f', write('list', b'\xef\xbb\xbfmodel=proto filter="ip6"\r\nmodel=proto\r\n'), '-s', 'pkts')
    want((st, [r['pkts'] for r in got], err), (0, ['3', '3'], ''), 'models')

def zones_that_are_none():
    for zone in ('Europe/Nowhere', '', '../../etc/passwd', 'europe/nowhere', 'UTC+99'):
        st, out, err = run(['ra', '-r', 'words.pavo', '--tz', zone])
        want((st, out, 'no such time zone' in err), (2, b'', True), '--tz %s: %s' % (zone, err))
    for zone, right in (('Europe/Nowhere', None), ('nothing', None), ('/nonexistent', None), ('Europe/Berlin', '+01:00'), (':Europe/Berlin', '+01:00'), ('CET-1CEST', '+01:00'),
                        ('<+0545>-5:45', '+05:45'), ('', '+00:00'), ('UTC', '+00:00')):
        if 'Berlin' in zone and ZONE is None:
            continue
        p = subprocess.run([program('ra'), '-r', 'words.pavo', '--tz', 'local', '-s', 'stime', '--csv', '-N', '1'], capture_output=True, env=dict(ENV, TZ=zone))
        want((p.returncode, p.stdout[-7:-1].decode(), b'TZ names no time zone' in p.stderr), (2, '', True) if right is None else (0, right, False), 'TZ=' + zone)


def clocks_that_jump():
    """ten years ahead and back again, to 1970, to the end of 32 bits: every frame is accounted for, nothing is filled up"""
    frame = bytes.fromhex('020000000002020000000001 0800 4500001c00000000401100 00c0000201c6336401 1388177000080000'.replace(' ', ''))
    b = 1700000000
    for what, times in (('ahead', [b + i for i in range(10)] + [b + 315360000 + i for i in range(10)] + [b + 20 + i for i in range(10)]),
                        ('back', [b + i for i in range(10)] + [b - 315360000 + i for i in range(10)] + [b + 20 + i for i in range(10)]),
                        ('1970', [b, b + 1, 0, 1, 2, b + 5]), ('2106', [b, b + 1, (1 << 32) - 1, b + 5])):
        raw = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
        raw += b''.join(struct.pack('<IIII', t, 0, len(frame), len(frame)) + frame for t in times)
        made = good(['pavo', '-q', '-S', '1', '-r', '-'], raw)
        with open('jump.pavo', 'wb') as f:
            f.write(made)
        count = {}
        for t in times:
            count[t // 60 * 60] = count.get(t // 60 * 60, 0) + 1
        got = rows(['rabins', '-M', '1m', '--csv', '-u', '-p', '0', '-s', 'bstart,pkts', '-r', 'jump.pavo'])
        want({int(r['bstart']): int(r['pkts']) for r in got}, count, what + ': minutes')
        seconds = max(times) + 1 - min(times)
        for more in ([], ['-m', 'saddr'], ['-P', '3']):
            st, out, err = run(['rabins', '-M', '1s', '--zero', '--memory', '64M', '-r', 'jump.pavo'] + more)
            want((st, out, err), (2, b'', 'rabins: --zero: %d rows, which is more than --memory has room for: ask for less time (-t) or wider bins (-M)\n' % seconds), what)
        got = rows(['rabins', '-M', '1d', '--zero', '--memory', '64M', '--csv', '-s', 'pkts', '-r', 'jump.pavo'])
        want((len(got), sum(int(r['pkts']) for r in got)), (max(times) // 86400 - min(times) // 86400 + 1, len(times)), what + ': days')
        got = json.loads(good(['racount', '--json', '-r', 'jump.pavo']))
        want((got['mar']['frames'], got['conserved']), (len(times), True), what + ': racount')
        want(run(['racheck', '-r', 'jump.pavo'])[0], 0, what + ': racheck')


def bins_of_several_lengths():
    """where files have bins of different lengths, what a tool says to ask for instead fits them all, at the first try"""
    path, = glob.glob(os.path.join(CASES, 'steps.pcap*'))
    for T in (2, 4, 5, 6, 7):
        good(['pavo', '-q', '-e', 'P%d' % T, '-S', str(T), '-r', path, '-w', 'T%d.pavo' % T])
    for lengths in ((5, 7), (7, 5), (2, 5), (6, 4, 5)):
        files = ['T%d.pavo' % T for T in lengths]
        for tool, width, more in (('rabins', None, []), ('rabins', 1, []), ('rabins', 61, ['-m', 'saddr']), ('rabins', 61, ['-P', '1', '--peak', 'bytes']),
                                  ('ragraph', None, ['-s', 'pkts', '--svg', '-']), ('ragap', None, []), ('ragap', 61, []), ('radrill', 1, ['--plain'])):
            st, out, err = run([tool, '-r', *files, *(['-M', '%ds' % width] if width else []), *more])
            if st < 2 and width is None:
                continue # it found one that fits
            said = [int(x) for x in re.findall(r'use -M (\d+)s', err)]
            want((st, len(said)), (2, 1), '%s %s of %s: %s' % (tool, width, lengths, err))
            every = math.lcm(*lengths)
            want((said[0] % every, said[0] - every < (width or 3600)), (0, True), '%s %s of %s: %s' % (tool, width, lengths, err))
            st, out, err = run([tool, '-r', *files, '-M', '%ds' % said[0], *more])
            want((st < 2, 'guesses' in err), (True, False), '%s -M %ds of %s, as it said: %s' % (tool, said[0], lengths, err))


def files_of_the_future():
    """a later format is told of by its number; what this program does not know of a header is passed over"""
    sys.path.insert(0, os.path.join(SRC, 'contrib', 'python'))
    from xxh3 import xxh3
    with open('lookalikes.pavo', 'rb') as f:
        raw = f.read()

    def of(kind, payload):
        """an object of pavo(5)"""
        size = struct.pack('>I', len(payload))
        return b'\x94\xa4' + kind + b'\xce' + size + b'\xcf' + struct.pack('>Q', xxh3(payload)) + b'\xc6' + size + payload

    # header, schema and blocks, index, trailer; in MessagePack 8n begins a map of n, 9n an array of n, an a text of n bytes
    body = 25 + struct.unpack('>I', raw[7:11])[0]
    index = raw.rindex(b'\x94\xa4PVIX')
    head = raw[25:body]
    want(of(b'PVHD', head), raw[:body], 'the header, put together again')
    later = bytes([head[0] + 1]) + head[1:] + b'\xa8of later\x92\x01\x81\xa1x\xa1y'
    for what, begin, status, right in (
            ('format 1', of(b'PVHD', head.replace(b'\xa6format\x00', b'\xa6format\x01')), 2, 'format version 1 '),
            ('format 300', of(b'PVHD', head.replace(b'\xa6format\x00', b'\xa6format\xcd\x01\x2c')), 2, 'format version 300 '),
            ('one word more', of(b'PVHD', later), 0, ''),
            ('an object of a later kind', of(b'PVHD', head) + of(b'PVZZ', b'\x93\x01\x02\xa1z'), 0, '')):
        # Index and trailer count from the first byte: they stay where nothing moved, else they are left out, as they may be.
        made = begin + (raw[body:] if len(begin) == body else raw[body:index])
        for more, n in ((b'', 5), (raw, 10)): # alone, and one of today behind it
            with open('future.pavo', 'wb') as f:
                f.write(made + more)
            for tool in ('ra', 'racount', 'racheck'):
                st, out, err = run([tool, '-r', 'future.pavo'])
                said = [x for x in err.splitlines() if right in x] if right else err.splitlines()
                want((st == 0, len(said)), (status == 0, 1 if right else 0), '%s, %d rows, %s: %s' % (what, n, tool, err))
                want('damaged' in str(out), False, '%s, %s: what is of a later format is not damaged' % (what, tool))
            if right:
                run(['racheck', '--repair', '-r', 'future.pavo'])
                with open('future.pavo', 'rb') as f:
                    want(f.read() == made + more, True, '%s, %d rows: racheck --repair leaves it as it is' % (what, n))
            st, out, err = run(['ra', '-r', 'future.pavo', '--csv', '-s', 'flowid'])
            want(max(out.count(b'\n') - 1, 0), n - (5 if right else 0), '%s: rows' % what)


QUESTIONS = (hours_that_come_twice, ranges_over_an_hour_twice, ranges_over_an_hour_that_is_not, bins_of_hours_from_local_midnight, weeks, ties, lookalikes,
             overlap, the_same_file_twice, empty_bins, a_year, percentiles, over_midnight, bins_are_not_cut, precedence, halves, hosts,
             lists_of_editors, zones_that_are_none, clocks_that_jump, bins_of_several_lengths,
             files_of_the_future)


def main():
    tap, only = Tap(), sys.argv[1:]
    with scratch() as folder:
        records(folder)
        for q in QUESTIONS:
            name = q.__name__.replace('_', ' ')
            if only and not any(w in name for w in only):
                continue
            if ZONE is None and q in QUESTIONS[:5]:
                tap.skip(name, 'needs zoneinfo and tzdata')
                continue
            try:
                q()
                tap.ok(True, name)
            except ImportError as e:
                tap.skip(name, 'needs python3-%s' % e.name)
            except (Failure, KeyError, ValueError, IndexError) as e:
                tap.ok(False, name, e if isinstance(e, Failure) else repr(e))
        os.chdir(SRC)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()
