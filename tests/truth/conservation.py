# SPDX-License-Identifier: BSD-2-Clause
"""Every frame and every byte of every capture is in the records: whole, cut short at many offsets, and
as if taken with a shorter snaplen."""
import random
import re
import sys
from concurrent.futures import ThreadPoolExecutor

from common import *
from frames import as_pcapng, boundaries, first_record, frames, is_pcap, shorten

SNAPLENS = (64, 96, 128)
SMALL = 700                              # captures up to this size are cut at about 20 offsets
CUTS = 6 if CAPTURES == OWN else 1        # others at so many offsets, besides those in one frame
KEYS = (('racluster', 'tunnel'), ('racluster', 'lane'), ('racluster', 'spi'), ('racluster', 'flow'), ('rabins', 'tunnel'))
LEFT_OUT = re.compile(r'^\w+: (\d+) records? \((\d+) packets?, (\d+) bytes\) ha(?:s|ve) no \w+ and (?:is|are) in no row of ', re.M)
SAYS_WHERE = re.compile(r'(packet \d+.*)?offset \d+|file header|the file is empty|not a capture file')

known = {}                               # file -> (packets, bytes) that tshark counts and that are no frames
for row in table('known_differences', HERE):
    if row['reason'] == 'custom-block' and row['kind'] == 'outer':
        known[row['file']] = tuple(int(n) for n in row['truth'].split()[0].split('/'))


def counted(records, packets, bytes_, what):
    """racount of records is this, and conserved"""
    c = json.loads(good(['racount', '--json'], records, (0, 1)))
    mar = c['mar']
    want((mar['frames'], mar['bytes']), (packets, bytes_), what + ': frames and bytes read')
    for n, total in (('pkts', packets), ('bytes', bytes_)):
        parts = [c['flow'][n]] + [mar[w][n] for w in ('short', 'badip', 'nonip_off', 'filtered')]
        want(sum(parts), total, '%s: %s in flows, short, badip, nonip_off, filtered %r' % (what, n, parts))
    want(c['conserved'], True if packets else None, what + ': conserved')   # no MAR record, no answer


def whole(name, row):
    less = known.get(name, (0, 0))
    counted(good(['pavo', '-r', capture(name)]), int(row['packets']) - less[0], int(row['wire_bytes']) - less[1], name)


def placed(name):
    """packets and bytes of the rows of a key, and those that it can not place, as it says, are all that there are"""
    records = good(['pavo', '-r', capture(name)])
    all_ = json.loads(good(['racount', '--json'], records, (0, 1)))['flow']
    for tool, key in KEYS:
        _, out, err = run([tool, '-m', key, '--csv', '-s', 'spkts,dpkts,sbytes,dbytes'], records)
        table_ = [[int(v) if v else 0 for v in line.split(',')] for line in out.decode().splitlines()[1:]]
        said = LEFT_OUT.findall(err)
        _, packets, bytes_ = map(int, said[0] if said else (0, 0, 0))
        got = sum(r[0] + r[1] for r in table_) + packets, sum(r[2] + r[3] for r in table_) + bytes_
        want(got, (all_['pkts'], all_['bytes']), '%s -m %s, with what it left out (%s)' % (tool, key, err.strip()))


def snaplens(name, raw):
    expected = [f.wire for f in frames(raw)]
    for snaplen in SNAPLENS:
        counted(good(['pavo', '-r', '-'], shorten(raw, snaplen)), len(expected), sum(expected), 'snaplen %d' % snaplen)


def cut_offsets(name, raw, all_frames):
    if name == 'head':
        return range(len(raw) + 1)
    if len(raw) <= SMALL:
        return range(len(raw) % 7, len(raw) + 1, len(raw) // 20 | 1)
    r = random.Random(name)              # the same offsets in every run
    f = r.choice(all_frames) if all_frames else None
    near = [f.end - 1] + ([f.offset, f.offset + 1, f.offset + 17] if CAPTURES == OWN else []) if f else []
    return sorted({o for o in near + [r.randrange(len(raw)) for _ in range(CUTS)] if 0 <= o < len(raw)})


def cuts(name, raw, folder):
    all_frames, ends, head = list(frames(raw)), boundaries(raw), first_record(raw)
    path = os.path.join(folder, 'cut of ' + os.path.basename(name))
    for at in cut_offsets(name, raw, all_frames):
        with open(path, 'wb') as f:
            f.write(raw[:at])
        what = 'cut at %d' % at
        status, records, err = run(['pavo', '-r', path])
        kept = [f.wire for f in all_frames if f.end <= at]
        want(status, 0 if at in ends else 2, what + ': exit status (%s)' % err.strip())
        sentences = [line for line in err.splitlines() if path in line]
        want(len(sentences), at not in ends, what + ': sentences that name the file (%s)' % err.strip())
        if sentences and not SAYS_WHERE.search(sentences[0]):
            raise Failure('%s: "%s" does not say where' % (what, sentences[0]))
        if at >= head:
            counted(records, len(kept), sum(kept), what)


def one(row, folder):
    """(title, what is wrong or None) of each case of a capture"""
    name, out = row['file'], []
    with open(capture(name), 'rb') as f:
        raw = f.read()
    cases = [('conservation: ' + name, whole, name, row), ('conservation, by key: ' + name, placed, name),
             ('conservation, cut short: ' + name, cuts, name, raw, folder)]
    if is_pcap(raw):
        cases.append(('conservation, other snaplens: ' + name, snaplens, name, raw))
    for title, function, *args in cases:
        try:
            function(*args)
            out.append((title, None))
        except Failure as e:
            out.append((title, str(e)))
    return out


def every_byte(case):
    """two frames, in each kind of file, cut at every byte"""
    name, make = case
    with open(os.path.join(OWN, name), 'rb') as f:
        raw = f.read()
    with scratch() as folder:
        try:
            cuts('head', make(raw, list(frames(raw))[:2]), folder)
        except Failure as e:
            return str(e)


EVERY = [('tcp-loss.B.pcap', lambda raw, two: raw[:two[1].end]),
         ('udp-frag-loss.B.pcap', lambda raw, two: as_pcapng(two))]


def main():
    tap = Tap()
    with scratch() as folder, ThreadPoolExecutor(2) as pool:
        for result in pool.map(lambda row: one(row, folder), table('files')):
            for title, wrong in result:
                tap.ok(wrong is None, title, wrong)
        for (name, _), wrong in zip(EVERY, pool.map(every_byte, EVERY)):
            tap.ok(wrong is None, 'conservation, cut at every byte: two frames of ' + name, wrong)
    tap.end()


if __name__ == '__main__':
    main()
