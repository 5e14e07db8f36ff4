# SPDX-License-Identifier: BSD-2-Clause
"""The page of ratunnel --html: what it says equals the JSON, one bad bin in thousands is drawn, nothing in it can load or
run anything; and, where Chromium is installed, opened there: light, dark, on paper, without a message or a request.
"""
import base64
import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zlib
from html.parser import HTMLParser

from common import *
from peers import A, B, BASE, Case
from sla import pair_of

SPI, BACK = 0x17e3e6f7, 0x0bfe0e52
HOSTILE = '''"><script>document.title='x'</script><img src=http://127.0.0.1:%d/stolen onerror=alert(1)>&amp;' '''
SECONDS, GONE, QUIET = 3600, 1801, range(2400, 2700)    # one bin with loss; 300 without a packet
VOID = {'meta', 'link', 'br', 'img', 'hr', 'input'}
LIMITS = 'loss=0.001%,avail=99.9%'


class Page(HTMLParser):
    """elements with their attributes, text, and what is wrong with the nesting"""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text, self.wrong, self.style = [], [], [], [], ''
        self.feed(text)
        if self.open:
            self.wrong.append('open at the end: %s' % self.open)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append('</%s> at %s' % (tag, self.getpos()))

    def handle_data(self, data):
        if self.open and self.open[-1] == 'style':
            self.style += data
        else:
            self.text.append(data)

    def all(self, tag, **attrs):
        return [a for t, a in self.elements if t == tag and all(a.get(k) == v for k, v in attrs.items())]


def make(folder):
    """an hour of 4 packets a second each way; two lost in one second; five minutes of nothing"""
    c, n = Case(), 0
    for i in range(SECONDS * 4):
        if i // 4 in QUIET:
            continue
        n += 1
        if i // 4 != GONE or i % 4 not in (1, 2):
            c.esp(i / 4, A, B, SPI, n)
        c.esp(i / 4 + 0.01, B, A, BACK, n)
    c.write(os.path.join(folder, 'x.pcap'))
    records = os.path.join(folder, "it's <b> & y.pavo")
    good(['pavo', '-q', '-S', '1', '-r', os.path.join(folder, 'x.pcap'), '-w', records])
    return records


def written(records, folder, title, *options):
    path = os.path.join(folder, 'report.html')
    good(['ratunnel', '-r', records, '--title', title, '--html', path, *options])
    with open(path, encoding='utf-8') as f:
        return path, f.read()


def said(page, records):
    text = ' '.join(' '.join(page.text).split())
    for line in good(['ratunnel', '-r', records, '--json', '--sla', LIMITS]).decode().splitlines():
        g = json.loads(line)
        for word in ('%d of %d' % (g['lost'], g['expected']), g['sender'], g['receiver'], str(g['pkts']), str(g['bytes']),
                     '%d up, %d degraded, %d down; not judged: %d idle' % tuple(g[k] for k in ('up', 'degraded', 'down', 'idle'))):
            want(word in text, True, 'the page says ' + word)
        for b in g['violating_bins'] + g['worst_bins']:
            want((b['ra'] in text, b['pcap'] in text), (True, True), 'commands of ' + b['bstart'])
    want('violated' in text, True, 'the verdict')


def closed(text, page):
    """nothing that runs or loads"""
    want(page.wrong, [], 'nesting')
    policy = page.all('meta', **{'http-equiv': 'Content-Security-Policy'})[0]['content']
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    want(policy, "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'" % digest, 'policy')
    tags = {t for t, _ in page.elements}
    want(tags & {'script', 'img', 'link', 'iframe', 'object', 'embed', 'form', 'image', 'use', 'foreignobject'}, set(), 'elements')
    for tag, attrs in page.elements:
        bad = [k for k, v in attrs.items() if k.startswith('on') or k in ('style', 'src', 'srcset', 'action') or
               (k == 'href' and not v.startswith('#'))]
        want(bad, [], 'attributes of <%s>' % tag)
    want(re.findall(r'url\((?!#)', page.style) + re.findall('@import', page.style), [], 'style')
    ids = [a['id'] for _, a in page.elements if 'id' in a]
    want(len(ids), len(set(ids)), 'ids are there once')
    want({a['href'][1:] for a in page.all('a')} <= set(ids), True, 'links lead somewhere')


def columns_of(page):
    """columns of the first loss panel, and bins in each"""
    at = next(i for i, (t, a) in enumerate(page.elements) if t == 'svg' and a.get('class') == 'p loss')
    n = int(page.elements[at + 1][1]['viewbox'].split()[2])
    return n, -(-SECONDS // n)


def spans(d):
    """[from, to) of the pieces of a path of steps: M8 100V0h12..., M8 5h12"""
    out = []
    for piece in re.findall(r'M([^M]*)', d):
        start = float(re.match(r'[\d.]+', piece).group(0))
        out.append((start, start + sum(int(h) for h in re.findall(r'h(\d+)', piece))))
    return out


def drawn(page, told):
    """3600 bins in at most 550 columns: the bad one is there, where there are no packets nothing is drawn, no line at 0 either"""
    n, each = columns_of(page)
    want((n <= 550, n * each >= SECONDS, n * each < SECONDS * 1.03), (True, True, True), 'columns')
    column = GONE // each
    for class_, there in ('lost', told), ('worst', told), ('few', not told):
        paths = page.all('path', **{'class': class_})
        got = [int(start) for p in paths[:1] for start, _ in spans(p['d'])]
        want(got, [column] if there else [], class_)
        want([s for p in paths[1:] for s in spans(p['d'])], [], class_ + ', the other direction')
    quiet = [(0, -(-QUIET.start // each)), (QUIET.stop // each, -(-SECONDS // each))]
    for class_ in 'zero', 'panel':
        paths = page.all('path', **{'class': class_})
        want([spans(p['d']) for p in paths], [quiet] * len(paths), class_ + ': where there are packets, and nowhere else')
        want(len(paths), {'zero': 2, 'panel': 4}[class_], class_)
    want([c for c in ('degraded', 'down', 'over') if page.all('path', **{'class': c})], ['degraded'] if told else [], 'what is degraded')


def verdicts(records, folder):
    """the first sentence, by the figures of JSON"""
    for limits, start in ((None, '1 tunnel: to '), ('loss=0.001%', '1 of 1 tunnel broke the promise: to '),
                          ('loss=5%', 'The tunnel kept the promise: to ')):
        options = ['--sla', limits] if limits else []
        g = max((json.loads(line) for line in good(['ratunnel', '-r', records, '--json', *options]).decode().splitlines()),
                key=lambda g: g['lost'])
        said_ = re.search('<p class="verdict[^"]*">(.*?)</p>', written(records, folder, 'x', *options)[1]).group(1)
        worst = g['worst_bins'][0]['bstart'].split('.')[0]
        found = re.fullmatch(re.escape(start) + r'(\S+) lost ([\d.]+) % of (\d+), worst at (\S+ \S+) UTC\.', said_)
        want(bool(found), True, said_)
        want((found[1], int(found[3]), found[4].replace(' ', 'T'), abs(float(found[2]) - g['loss_pct']) < 0.005),
             (g['receiver'], g['expected'], worst.replace(' ', 'T'), True), 'the sentence: ' + said_)
    none = written(records, folder, 'x', '-t', '2020-09-13 12:26:40+60s')[1]
    want('>1 tunnel: no packet was lost.</p>' in none, True, 'a minute without loss')


def table(records, page):
    """the bins that lost packets are in the table of bins, worst first"""
    text = ' '.join(' '.join(page.text).split())
    at = text.index('worst bins as a table')
    line = next(json.loads(x) for x in good(['ratunnel', '-r', records, '--json']).decode().splitlines() if json.loads(x)['lost'])
    first = line['worst_bins'][0]['bstart'].replace('T', ' ')[:19]
    want(text[at:].find(first) < 200, True, 'the worst bin is the first of the table')
    want(len(re.findall('<li tabindex="0">', open(page.path).read())) <= 60, True, 'slices')


def zones(records, folder):
    """the zone and its offset are named, bins of a day begin at its midnight"""
    text = written(records, folder, 'x', '--tz', 'Europe/Berlin', '-M', '1d')[1]
    want(('local time' in text, '2020-09-13 00:00:00 to 2020-09-14 00:00:00 (Europe/Berlin, UTC+02:00)' in text,
          'worst at 2020-09-13 00:00:00+02:00' in text, 'bins of 1 d' in text), (False, True, True, True), 'zone')


def path_(folder):
    """two probes: 86 of 1500 were lost between them, none before, and the page that says so is made again as it was"""
    files = []
    for probe, pcap in pair_of(folder):
        files.append(os.path.join(folder, probe + '.pavo'))
        good(['pavo', '-q', '-S', '1', '-e', probe, '-r', pcap, '-w', files[-1]])
    at = os.path.join(folder, 'two.html')
    good(['ratunnel', '-r', *files, '--path', 'A,B', '--html', at])
    with open(at, encoding='utf-8') as f:
        page = Page(f.read())
    want(page.wrong, [], 'nesting')
    text = ' '.join(' '.join(page.text).split())
    want(('before nothing lost A between 86 lost, 5.73 % B behind not known' in text, 'before nothing lost B between nothing lost A behind not known' in text),
         (True, True), 'there and back: ' + text[:2000])
    want(good(['ratunnel', '--verify', at, *files]).decode().startswith('the same'), True, 'made again')
    st, _, err = run(['ratunnel', '-r', *files, '--path', 'A,A', '--html', at])
    want((st, 'that is one probe' in err), (2, True), err)
    st, _, err = run(['ratunnel', '-r', *files, '--path', 'A,B'])
    want((st, '--html' in err), (2, True), err)


# --- a browser --------------------------------------------------------------------------------------

def partial(records, folder):
    """half of the file once more behind the whole"""
    whole = open(records, 'rb').read()
    cut, path, note = os.path.join(folder, 'cut.pavo'), os.path.join(folder, 'cut.html'), 'Not all of the input was read'
    for data, status in ((whole, 0), (whole + whole[:len(whole) // 2], 2)):
        with open(cut, 'wb') as f:
            f.write(data)
        good(['ratunnel', '-r', cut, '--html', path], status=(status,))
        with open(path, encoding='utf-8') as f:
            want(note in f.read(), status == 2, 'the page says that it is not whole')


def browser(folder, url, *options):
    argv = [CHROMIUM, '--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
            '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions',
            '--no-default-browser-check', '--user-data-dir=' + os.path.join(folder, 'profile'), '--enable-logging=stderr',
            '--window-size=1280,1400', *options, url]
    try:
        p = subprocess.run(argv, capture_output=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        raise Failure('no end: ' + ' '.join(argv))
    return p.stdout.decode(), [line for line in p.stderr.decode(errors='replace').splitlines() if 'CONSOLE' in line]


MEASURE = """<!DOCTYPE html><meta charset=utf-8><iframe src="/page" style="border:0;width:%dpx;height:900px"></iframe><pre id=out></pre><script>
onload = () => {
  const w = document.querySelector('iframe').contentWindow, d = w.document, seen = [], ticks = [];
  for (const e of d.querySelectorAll('body *')) {
    const box = e.getBoundingClientRect(), own = [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim());
    if (!own || !box.width || !box.height) continue;
    seen.push(parseFloat(w.getComputedStyle(e).fontSize) * (e.getScreenCTM ? e.getScreenCTM().d : 1));
    if (e.tagName == 'text' && e.closest('.axis')) ticks.push([box.left, box.right]);
  }
  const li = [...d.querySelectorAll('.slices li')].find(e => e.textContent.includes('lost 2 of')), p = li.firstElementChild, hidden = p.getBoundingClientRect().left;
  li.focus();
  const tip = p.getBoundingClientRect();
  document.getElementById('out').textContent = JSON.stringify({least: Math.min(...seen), page: [d.documentElement.scrollWidth, d.documentElement.clientWidth],
    ticks: ticks, hidden: hidden, tip: [tip.left, tip.right, p.textContent], charts: [...d.querySelectorAll('.chart')].map(e => [e.scrollWidth, e.clientWidth])});
};
</script>"""


def measured(folder, path, port):
    """letters, and what does not fit, at the widths of a phone, a tablet and a screen"""
    with open(path, 'rb') as f:
        Server.page = f.read()
    for width in 390, 800, 1280:
        Server.wrap = (MEASURE % width).encode()
        dom, console = browser(folder, 'http://127.0.0.1:%d/wrap' % port, '--dump-dom')
        got = json.loads(re.search('<pre id="out">(.*?)</pre>', dom, re.S).group(1).replace('&gt;', '>').replace('&amp;', '&'))
        want((console, got['least'] >= 9), ([], True), 'letters at %d: %s' % (width, got['least']))
        want([a <= b for a, b in [got['page']] + got['charts']], [True] * (1 + len(got['charts'])), 'what fits at %d: %s' % (width, got))
        ticks = sorted(got['ticks'])
        want((len(ticks) >= 2, width > 640 or len(ticks) <= 5, all(a[1] < b[0] for a, b in zip(ticks, ticks[1:]))), (True, True, True),
             'ticks at %d: %s' % (width, ticks))
        want((got['hidden'] < 0, 0 <= got['tip'][0], got['tip'][1] <= width, ', lost 2 of ' in got['tip'][2]), (True, True, True, True),
             'figures where the keyboard is, at %d: %s' % (width, got['tip']))
    Server.asked.clear()


def first_pixel(png):
    """of an 8-bit RGB or RGBA PNG: whatever its filter, what is left and above of the first is 0"""
    with open(png, 'rb') as f:
        raw = f.read()
    data, at = b'', 8
    while at < len(raw):
        n = int.from_bytes(raw[at:at + 4], 'big')
        if raw[at + 4:at + 8] == b'IDAT':
            data += raw[at + 8:at + 8 + n]
        at += 12 + n
    return tuple(zlib.decompress(data)[1:4])


class Server(http.server.BaseHTTPRequestHandler):
    asked, page, wrap = [], b'', b''

    def do_GET(self):
        self.asked.append(self.path)
        if self.path in ('/page', '/wrap'):
            self.send_response(200)
            self.send_header('Content-Type', 'text/html; charset=utf-8')
            self.end_headers()
            self.wfile.write(self.page if self.path == '/page' else self.wrap)
            return
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def opened(folder, path, port):
    url = 'file://' + path
    dom, console = browser(folder, url, '--dump-dom')
    want('2 of %d' % ((SECONDS - len(QUIET)) * 4) in dom, True, 'the figures in the page that was opened')
    want((console, Server.asked), ([], []), 'messages and requests')
    want(re.search('<title>(.*?)</title>', dom, re.S).group(1).startswith('"&gt;&lt;script&gt;'), True, 'the title is text')
    for scheme, pixel in ((), (255, 255, 255)), (('--blink-settings=preferredColorScheme=0',), (15, 20, 25)):
        shot = os.path.join(folder, 'shot.png')
        _, console = browser(folder, url, '--screenshot=' + shot, *scheme)
        want((first_pixel(shot), console), (pixel, []), 'colour of the page')
    paper = os.path.join(folder, 'page.pdf')
    _, console = browser(folder, url, '--no-pdf-header-footer', '--print-to-pdf=' + paper)
    with open(paper, 'rb') as f:
        want((console, 1 <= len(re.findall(rb'/Type\s*/Page\b', f.read())) <= 4), ([], True), 'on paper')
    # and the same browser does ask, and complain, when a page makes it
    bad = os.path.join(folder, 'bad.html')
    with open(bad, 'w') as f:
        f.write('<img src=http://127.0.0.1:%d/control><script>console.error("seen")</script>' % port)
    _, console = browser(folder, 'file://' + bad, '--dump-dom')
    want((len(console) > 0, Server.asked), (True, ['/control']), 'the test would notice')


def main():
    global CHROMIUM
    CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
    tap = Tap()
    server = http.server.HTTPServer(('127.0.0.1', 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    with scratch() as folder:
        records = make(folder)
        path, text = written(records, folder, HOSTILE % port, '--sla', LIMITS)
        page, told = Page(text), Page(written(records, folder, 'x', '--min-sample', '4')[1])
        path, text = written(records, folder, HOSTILE % port, '--sla', LIMITS)
        page.path = path
        shutil.copy(path, os.path.join(folder, 'kept.html'))
        path = page.path = os.path.join(folder, 'kept.html')
        tests = [('the page says what JSON says', lambda: said(page, records)), ('nothing runs, nothing loads', lambda: closed(text, page)),
                 ('a bad bin is drawn, no packets are not no loss', lambda: (drawn(page, False), drawn(told, True))),
                 ('one sentence first', lambda: verdicts(records, folder)), ('bins as a table', lambda: table(records, page)),
                 ('the zone is named', lambda: zones(records, folder)), ('what is not whole says so', lambda: partial(records, folder)),
                 ('where it was lost, by two probes', lambda: path_(folder))]
        if CHROMIUM:
            tests.append(('opened in Chromium', lambda: opened(folder, path, port)))
            tests.append(('legible and whole at 390, 800 and 1280', lambda: measured(folder, path, port)))
        for name, act in tests:
            try:
                act()
                tap.ok(True, name)
            except (Failure, KeyError, ValueError, IndexError, OSError, AttributeError) as e:
                tap.ok(False, name, repr(e) if not isinstance(e, Failure) else e)
        if not CHROMIUM:
            for name in 'opened in Chromium', 'legible and whole at 390, 800 and 1280':
                tap.skip(name, 'Chromium is not installed')
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()
