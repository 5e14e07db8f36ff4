# SPDX-License-Identifier: BSD-2-Clause
"""ragraph: the values on its page are those of rabins, what is not drawn by itself is in "other", pictures are XML that asks
for nothing.
"""
import os
import re
import xml.etree.ElementTree as ET

from common import *
from sla import good

SVG = '{http://www.w3.org/2000/svg}'


def records_of(folder, T=1):
    records = os.path.join(folder, 'x%d.pavo' % T)
    if not os.path.exists(records):
        good(['pavo', '-q', '-S', str(T), '-e', 'P', '-r', os.path.join(os.environ['PAVO_SRC'], 'tests', 'captures', 'tcp-loss.B.pcap'), '-w', records])
    return records


def tables(page):
    """of each table of bins: {(begin, key): value}"""
    for body in re.findall(r'as a table</summary>.*?<table>(.*?)</table>', page, re.S):
        heads = re.findall(r'<th[^>]*>(.*?)</th>', body)
        cells = {}
        for row in re.findall(r'<tr>(.*?)</tr>', body.split('<tbody>')[1], re.S):
            values = re.findall(r'<td[^>]*>(.*?)</td>', row)
            cells.update({(values[0], key): float(v) for key, v in zip(heads[1:], values[1:]) if v != '\u2013'})
        yield cells


def rabins(records, key, fields, *more):
    return rows(['rabins', '-r', records, '-m', key, '-u', '--csv', '-s', 'bstart,' + fields, *more])


def page_of(records, *options):
    return good(['ragraph', '-r', records, '-u', '--html', '-', *options]).decode()


def values(folder):
    records = records_of(folder)
    for key, show in (('dport', 'dport'), ('proto,dport', 'proto,dport')):
        page = page_of(records, '-m', key, '-s', 'bytes,sbytes,load', '-N', '20')
        got = list(tables(page))
        want(len(got), 3, 'tables')
        rows = rabins(records, key, show + ',bytes,sbytes,load')
        want(len(rows) > 3, True, 'rows')
        for r in rows:
            name, start = ' '.join(r[k] for k in show.split(',')), str(int(float(r['bstart'])))
            for i, field in enumerate(('bytes', 'sbytes', 'load')):
                want(round(got[i].get((start, name), 0)), round(float(r[field])), '%s of %s at %s' % (field, name, start))


def other(folder):
    """what is not drawn by itself is there all the same: the sum of a bin is that of all records"""
    records = records_of(folder)
    all_of = {str(int(float(r['bstart']))): float(r['bytes']) for r in rabins(records, 'none', 'bytes')}
    for n in '1', '2', '20':
        got, = tables(page_of(records, '-m', 'saddr,sport', '-s', 'bytes', '-N', n))
        sums = {}
        for (start, _), v in got.items():
            sums[start] = sums.get(start, 0) + v
        want({k: v for k, v in sums.items() if v}, {k: v for k, v in all_of.items() if v}, '-N ' + n)
        want(('other' in {k for _, k in got}, len({k for _, k in got}) <= int(n) + 1), (n != '20', True), 'names')
    page = page_of(records, '-m', 'saddr,sport', '-s', 'rtts', '-N', '1')
    want(('other' in page.split('<tbody>')[0], 'the 1 greatest of' in page), (False, True), 'what does not add up has no rest')


def pictures(folder):
    records = records_of(folder)
    svg = good(['ragraph', '-r', records, '-m', 'dport', '--svg', '-', '-s', 'bytes,rtts']).decode()
    root = ET.fromstring(svg)
    want((root.tag, len(root.findall(SVG + 'g'))), (SVG + 'svg', 2), 'two pictures')
    page = page_of(records, '-m', 'dport', '--title', '<b>&"')
    want(('<b>' in page.replace('<body>', ''), '&lt;b&gt;&amp;&quot;' in page), (False, True), 'a title is text')
    want(re.findall(r'(?:src|href)=|<script|url\((?!#)', page), [], 'nothing is asked for')
    for chart in re.findall(r'<svg class="graph.*?</svg>', page, re.S):
        for number in re.findall(r'[MHV]([-0-9.na]+)', ''.join(re.findall(r' d="([^"]*)"', chart))):
            want(-1 <= float(number) <= 1181, True, 'inside the picture')
    empty = run(['ragraph', '-r', records, '--html', '-', '-', 'port 9'])
    want((empty[0], b'No record.' in empty[1]), (1, True), 'nothing was found')


def slips(folder):
    records = records_of(folder)
    for argv in ([], ['--html', 'a', '--svg', 'b'], ['--html', '-', '-s', 'saddr'], ['--html', '-', '-s', 'stime'], ['--html', '-', '-m', 'nonsense'],
                 ['--html', '-', '-M', 'x'], ['--html', records], ['--html', '-', '-w', 'x'], ['--html', '-', '--memory', '1']):
        st, out, err = run(['ragraph', '-r', records, *argv])
        want((st, out, 0 < len(err.splitlines()) <= 2), (2, b'', True), ' '.join(argv))


def main():
    tap = Tap()
    with scratch() as folder:
        for name, act in (('the values of rabins', values), ('the rest', other), ('pictures', pictures), ('slips', slips)):
            try:
                act(folder)
                tap.ok(True, name)
            except (Failure, KeyError, ValueError, IndexError, TypeError) as e:
                tap.ok(False, name, repr(e) if not isinstance(e, Failure) else e)
    print('1..%d' % tap.n)
    raise SystemExit(tap.failed > 0)


if __name__ == '__main__':
    main()
