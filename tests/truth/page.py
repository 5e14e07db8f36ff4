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


def drawn(page):
    """3600 bins in at most 550 columns: the bad one is there, the quiet ones are hatched, and no line says 0 lost there"""
    left, right = 70, 1170

    def x(second):
        return left + (right - left) * second / SECONDS
    width = (right - left) / 550
    lost, zero = page.all('path', **{'class': 'lost'}), page.all('path', **{'class': 'zero'})
    marks = re.findall(r'M([\d.]+) ', lost[0]['d'])
    want((len(marks), len(re.findall('M', lost[1]['d']))), (1, 0), 'columns with loss')
    want(abs(float(marks[0]) - x(GONE)) <= width + 0.1, True, 'where it was lost')
    hatched = [a for a in page.all('rect', **{'class': 'nodata'})]
    want(len(hatched), 1 + 6, 'hatched: the state, and three panels of each direction')
    for a in hatched:
        from_, to = float(a['x']), float(a['x']) + float(a['width'])
        want((abs(from_ - x(QUIET.start)) <= width + 0.1, abs(to - x(QUIET.stop)) <= width + 0.1), (True, True), 'the quiet time')
    for path in zero:
        inside = [float(m) for m in re.findall(r'M([\d.]+) ', path['d']) if x(QUIET.start) + width < float(m) < x(QUIET.stop) - width]
        want((inside, len(re.findall('M', path['d'])) > 400), ([], True), 'a line at 0 where there are packets, and none else')
    want(len(page.all('rect', **{'class': 'degraded'})) + len(page.all('rect', **{'class': 'down'})), 0, 'nothing is degraded')


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
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
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
        page = Page(text)
        tests = [('the page says what JSON says', lambda: said(page, records)), ('nothing runs, nothing loads', lambda: closed(text, page)),
                 ('a bad bin is drawn, no packets are not no loss', lambda: drawn(page)), ('what is not whole says so', lambda: partial(records, folder))]
        if CHROMIUM:
            tests.append(('opened in Chromium', lambda: opened(folder, path, port)))
        for name, act in tests:
            try:
                act()
                tap.ok(True, name)
            except (Failure, KeyError, ValueError, IndexError, OSError, AttributeError) as e:
                tap.ok(False, name, repr(e) if not isinstance(e, Failure) else e)
        if not CHROMIUM:
            tap.skip('opened in Chromium', 'it is not installed')
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


if __name__ == '__main__':
    main()
