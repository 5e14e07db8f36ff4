# SPDX-License-Identifier: BSD-2-Clause
"""The record file has two readers that share no line: ra, and contrib/python/pavoread.py, written from
pavo(5).  On every capture they have to say the same of every stored field of every record."""
import io
import sys
from decimal import Decimal

from common import *

sys.path.insert(0, os.path.join(SRC, 'contrib', 'python'))
import pavoread

TYPES = {name: kind for name, (kind, _) in fields().items()}
RECTYPE = {1: 'FLOW', 2: 'CORR', 3: 'MAR', 4: 'TUN'}

def seqs(value):
    more, _, runs = pavoread.seqs(value)
    text = ['%s%d%s' % ('0x%08x:' % name if name else '', first, '-%d' % last if last > first else '') for name, first, last in runs]
    return text + ['+'] * more


# How ra --json -nn -u -p 9 shows a value; the types that are not here have names (states, causes, flags): for
# these one value has to have one text, and one text one value, over all captures.
SHOWN = {
    'TIME': lambda v: Decimal(v - (v >> 63 << 64)).scaleb(-9),
    'DUR': lambda v: Decimal(v).scaleb(-6),
    'ID': lambda v: '%016x' % v,
    'COUNT': int, 'BYTES': int, 'USEC2': int, 'PORT': int,
    'IP': pavoread.address,
    'MAC': lambda v: v.to_bytes(6, 'big').hex(':'),
    'HEX32': lambda v: '0x%08x' % v,
    'TEXT': lambda v: v.decode(),
    'SEQS': seqs,
    'RECTYPE': RECTYPE.get,
}
named, values = {}, {}


def agrees(name, value, shown):
    if value is None or shown is None:
        return value is None and shown is None   # mixed
    kind = TYPES[name]
    if kind in SHOWN:
        return SHOWN[kind](value) == shown
    shown = json.dumps(shown, default=str)
    if kind == 'HIST':                   # what its buckets are is the field's
        kind = name
    return named.setdefault((kind, value), shown) == shown and values.setdefault((kind, shown), value) == value


def compare(name):
    status, records, err = run(['pavo', '-r', capture(name)])
    if status not in (0, 2):
        raise Failure(err)
    theirs = list(pavoread.records(io.BytesIO(records)))
    ours = [json.loads(line, parse_float=Decimal)
            for line in good(['ra', '--events', '--mar', '-nn', '-u', '-p', '9', '--json', '--json-numbers', '-s', 'all'], records, (0, 1)).splitlines()]
    want(len(ours), len(theirs), 'rows of ra against records of pavoread.py')
    for i, (a, b) in enumerate(zip(ours, theirs)):
        stored = {k: v for k, v in a.items() if k in TYPES}
        wrong = ['%s: ra %r, pavoread.py %r' % (k, stored.get(k, 'absent'), b.get(k, 'absent'))
                 for k in sorted(set(stored) | set(b))
                 if k not in stored or k not in b or not agrees(k, b[k], stored[k])]
        if wrong:
            raise Failure('record %d: %s' % (i, '; '.join(wrong)))
    return len(theirs)


def main():
    tap, n = Tap(), 0
    for row in table('files'):
        title = 'two readers: ' + row['file']
        try:
            n += compare(row['file'])
        except (Failure, pavoread.Damaged) as e:
            tap.ok(False, title, e)
        else:
            tap.ok(True, title)
    print('# %d records, %d values with names' % (n, len(named)))
    tap.ok(n > 0, 'there were records')
    tap.end()


if __name__ == '__main__':
    main()
