#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The house is as house.def says: which room includes what, no circles, what stands in one place only, sizes,
nothing exported without a user.  Reads the sources as text; needs nothing but python3.

	PAVO_SRC=FOLDER house.py		TAP; first of all a made-up house in which each mistake has to be found
	PAVO_SRC=FOLDER house.py --sins		the rows that house.def would have to have for today's tree
"""
import fnmatch
import os
import re
import sys
import tempfile


# --- C as text

class Unreadable(Exception):
    pass


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def bare(text):
    """without comments and without what is in quotes; lines stay where they are"""
    def blank(m):
        s = m.group(0)
        mark = s[0] + s[0] if s[0] in '"\'' else ' '
        return mark + '\n' * s.count('\n')
    return TOKEN.sub(blank, text)


def without_directives(code):
    return re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', lambda m: '\n' * m.group(0).count('\n'), code, flags=re.M)


def pieces(code):
    """what stands outside of braces, declaration by declaration: (text, line where its body opens or 0, its last line)"""
    text, depth, line, opened = '', 0, 1, 0
    for c in without_directives(code):
        line += c == '\n'
        if c == '{':
            if depth == 0 and re.search(r'\)\s*$', text):
                opened = line
            depth += 1
        elif c == '}':
            depth -= 1
            if depth < 0:
                break
            if depth == 0 and opened:
                yield text, opened, line
                text, opened = '', 0
        elif depth == 0 and c == ';':
            yield text, 0, line
            text = ''
        elif depth == 0:
            text += c
    if depth != 0:
        raise Unreadable('near line %d: braces do not match' % line)


# what stands before a parenthesis and is no name
NOT_NAMES = {'__attribute__', 'format', 'if', 'while', 'for', 'switch', 'return', 'sizeof', '_Static_assert', 'defined'}


def names_in(text):
    """functions that a declaration declares: names before a parenthesis, outside of parentheses"""
    depth, out = 0, []
    for m in re.finditer(r'[A-Za-z_]\w*(?=\s*\()|[()]', text):
        word = m.group(0)
        if word == '(':
            depth += 1
        elif word == ')':
            depth -= 1
        elif depth == 0 and word not in NOT_NAMES:
            out.append(word)
    return out


def function(text, name, opened, last):
    """(name, lines, static) of a definition; its type stands on the line before its name"""
    at = [m.start() for m in re.finditer(r'\b%s\s*\(' % name, text)][-1]
    before = text[:at].rstrip(' \t').split('\n')
    above = before[-1] == ''  # the name begins its line
    head = before[-2:] if above else before[-1:]
    lines = last - (opened - text[at:].count('\n')) + 1 + above
    return name, lines, any(re.search(r'\bstatic\b', h) for h in head)


class Source:
    def __init__(self, root, path):
        with open(os.path.join(root, path), errors='replace') as f:
            self.text = f.read()
        self.path = path
        self.is_c = path.endswith(('.c', '.h'))
        self.code = bare(self.text)
        self.lines = self.text.count('\n')
        self.includes = [m.group(2) for m in re.finditer(r'^\s*#\s*include\s*([<"])([^">]+)', self.text, re.M)]
        self.words = {}
        for w in re.findall(r'[A-Za-z_]\w*', self.code):
            self.words[w] = self.words.get(w, 0) + 1
        self.functions = []  # (name, lines, static)
        self.declared = []
        if not self.is_c:
            return
        for text, opened, last in pieces(self.code):
            names = names_in(text)
            if opened and names:
                self.functions.append(function(text, names[-1], opened, last))
            elif '=' not in text and not re.match(r'\s*typedef\b', text):
                self.declared += names

    def unit(self):
        """a.c and a.h are one"""
        return os.path.splitext(self.path)[0] if self.is_c else self.path


# --- what house.def says

class Rules:
    def __init__(self, path):
        self.rooms = {}       # folder -> what its files may include beside their own room
        self.limits = []      # (lines or function, most, folders)
        self.includes = []    # (names, files that may)
        self.words = []       # (name, expression, files that may)
        self.reference = []   # exported for the tests
        self.tested = []      # folders
        self.sins = {}        # (kind, what) -> line
        self.path = os.path.basename(path)
        with open(path) as f:
            for number, line in enumerate(f, 1):
                line = line.split('#')[0].strip()
                if line:
                    self.row(number, line)

    def row(self, number, line):
        kind, _, rest = line.partition(' ')
        left, _, right = (x.strip() for x in rest.partition(' = '))
        if kind == 'room':
            self.rooms[left.rstrip(' =')] = right.split()
        elif kind in ('lines', 'function'):
            self.limits.append((kind, int(left), right.split()))
        elif kind == 'include':
            self.includes.append((left.split(), right.split()))
        elif kind == 'word':
            name, _, expression = left.partition(' ')
            self.words.append((name, expression.strip(), right.split()))
        elif kind == 'reference':
            self.reference += rest.split()
        elif kind == 'tested':
            self.tested += rest.split()
        elif kind == 'sin':
            kind, *what = rest.split()
            self.sins[(kind, ' '.join(what))] = number
        else:
            sys.exit('%s:%d: %s: no such kind of row' % (self.path, number, kind))

    def room_of(self, path):
        folder = os.path.dirname(path)
        while folder and folder not in self.rooms:
            folder = os.path.dirname(folder)
        return folder


def one_of(path, patterns):
    return any(fnmatch.fnmatch(path, p) for p in patterns)


def within(path, folders):
    return any(path.startswith(f + '/') for f in folders)


# --- the rules.  Each yields (kind, what is wrong as a row of sins has it, a sentence)

def load(root, rules):
    out = {}
    for top in sorted({room.split('/')[0] for room in rules.rooms} | {'man'}):
        for folder, _, files in os.walk(os.path.join(root, top)):
            for name in sorted(files):
                if not name.endswith(('.c', '.h', '.def', '.opt')):
                    continue
                path = os.path.relpath(os.path.join(folder, name), root)
                try:
                    out[path] = Source(root, path)
                except Unreadable as e:
                    sys.exit('%s: %s' % (path, e))
    return out


def rooms(rules, sources, root):
    for s in sources.values():
        here = rules.room_of(s.path)
        if not here and not s.path.startswith('man/'):
            yield 'arrow', s.path, '%s lies in no room' % s.path
        for name in s.includes:
            if name not in sources or not here:
                continue
            there = rules.room_of(name)
            if there != here and there not in rules.rooms[here] and not one_of(name, rules.rooms[here]):
                yield ('arrow', '%s %s' % (s.path, name), '%s includes %s: %s may not use %s' %
                       (s.path, name, here, there or 'what lies in no room'))


def circles(rules, sources, root):
    graph = {}
    for s in sources.values():
        to = graph.setdefault(s.unit(), set())
        to |= {sources[i].unit() for i in s.includes if i in sources} - {s.unit()}
    index, low, stack, found = {}, {}, [], []

    def visit(u):  # Tarjan
        index[u] = low[u] = len(index)
        stack.append(u)
        for v in sorted(graph[u]):
            if v not in index:
                visit(v)
            if v in stack:
                low[u] = min(low[u], low[v])
        if low[u] == index[u]:
            part = []
            while not part or part[-1] != u:
                part.append(stack.pop())
            if len(part) > 1:
                found.append(sorted(part))
    sys.setrecursionlimit(10000)
    for u in sorted(graph):
        if u not in index:
            visit(u)
    for part in found:
        yield 'circle', ' '.join(part), '%s include each other in a circle' % ', '.join(part)


def sizes(rules, sources, root):
    for kind, most, folders in rules.limits:
        for s in sources.values():
            if not s.is_c or not within(s.path, folders):
                continue
            if kind == 'lines' and s.lines > most:
                yield 'lines', s.path, '%s has %d lines; %d are enough' % (s.path, s.lines, most)
            for name, n, _ in s.functions if kind == 'function' else []:
                if n > most:
                    yield ('function', '%s %s' % (s.path, name), '%s: %s() has %d lines; %d are enough' %
                           (s.path, name, n, most))


def places(rules, sources, root):
    for s in sources.values():
        if s.path.startswith('man/'):
            continue
        for names, files in rules.includes:
            for i in s.includes:
                if i in names and not one_of(s.path, files):
                    yield 'include', '%s %s' % (s.path, i), '%s includes %s: only %s may' % (s.path, i, ' '.join(files))
        for name, expression, files in rules.words:
            m = re.search(expression, s.code)
            if m and not one_of(s.path, files):
                line = s.code.count('\n', 0, m.start()) + 1
                yield ('word', '%s %s' % (s.path, name), '%s:%d: %s: only %s may' %
                       (s.path, line, name, ' '.join(files)))


def exports(rules, sources, root):
    tests = set()
    for folder, _, files in os.walk(os.path.join(root, 'tests')):
        for name in files:
            if name.endswith(('.c', '.h')):
                with open(os.path.join(folder, name), errors='replace') as f:
                    tests |= set(re.findall(r'[A-Za-z_]\w*', bare(f.read())))
    home = {}
    for s in sources.values():
        for name, _, static in s.functions:
            if s.path.endswith('.c') and not static:
                home[name] = s.path
    for h in sources.values():
        if not h.path.endswith('.h'):
            continue
        for name in h.declared:
            users = [s.path for s in sources.values() if s.path != home.get(name) and
                     s.words.get(name, 0) > s.declared.count(name)]
            where = home.get(name)
            if name in rules.reference:
                if name not in tests:
                    yield 'export', name, '%s: %s() is a reference that no test uses' % (h.path, name)
            elif where is None:
                yield 'export', name, '%s declares %s(), which nobody defines' % (h.path, name)
            elif not users and sources[where].words[name] > 1:
                yield 'export', name, '%s declares %s(), which only %s uses: static' % (h.path, name, where)
            elif not users:
                yield 'export', name, '%s declares %s(), which nobody uses' % (h.path, name)


def tested(rules, sources, root):
    for s in sources.values():
        if not s.path.endswith('.c') or not within(s.path, rules.tested):
            continue
        folder, name = os.path.split(s.path)
        head = s.text.split('*/')[0]
        named = re.findall(r'\btest_\w+\.c\b|\btests/[\w/.]+\w', head)
        beside = ['tests/unit/%s/test_%s' % (folder, name)]
        for n in named:
            beside += [n, 'tests/unit/%s/%s' % (folder, n), 'tests/unit/%s/%s' % (os.path.dirname(folder), n)]
        if not any(os.path.exists(os.path.join(root, b)) for b in beside):
            yield 'tested', s.path, '%s: no %s, and its head names no test' % (s.path, beside[0])


CHECKS = [
    (rooms, ('arrow',), 'each room includes only what it may'),
    (circles, ('circle',), 'no circle between files'),
    (sizes, ('lines', 'function'), 'no file and no function is too long'),
    (places, ('include', 'word'), 'what belongs in one place is there only'),
    (exports, ('export',), 'every exported function has a user'),
    (tested, ('tested',), 'every file has its test, or names it'),
]


def inspect(root, rules):
    """for each check its title and what is wrong: (kind, what, sentence); also sins that are listed and gone"""
    sources = load(root, rules)
    for check, kinds, title in CHECKS:
        found = list(dict.fromkeys(check(rules, sources, root)))
        wrong = [f for f in found if f[:2] not in rules.sins]
        here = {f[:2] for f in found}
        for (kind, what), line in rules.sins.items():
            if kind in kinds and (kind, what) not in here:
                wrong.append((kind, what, '%s:%d: "sin %s %s" is no longer so: remove the row' %
                              (rules.path, line, kind, what)))
        yield title, found, wrong


# --- a made-up house in which everything is wrong once

MADE_UP = {
    'house.def': '''
room low =
room top = low low/open.h
room side = low/open.h
lines 20 = low top
function 5 = low top
include secret.h = low/vault.c
word printing \\bputs\\s*\\( = top/say.c
reference stated
tested low
sin lines top/long.c
sin lines top/gone.c
''',
    # a circle by headers: ring -> link -> ring; a.c and a.h are one file
    'low/ring.h': '/* ring.h */\n#include "low/link.h"\nint ring(int);\n',
    'low/ring.c': '/* ring.c: tests/unit/low/test_all.c */\n#include "low/ring.h"\nint\nring(int a)\n{\n\treturn (link_up(a));\n}\n',
    'low/link.h': 'int link_up(int), link_off(int);\nint stated(void);\n',
    'low/link.c': '/* link.c: test_all.c */\n#include "low/link.h"\n#include "low/ring.h"\n'
                  'int\nlink_up(int a)\n{\n\treturn (ring(a) + link_off(a));\n}\n'
                  'int\nlink_off(int a)\n{\n\treturn (a);\n}\n'            # used only here
                  'int\nstated(void)\n{\n\treturn (0);\n}\n',
    'low/open.h': 'int nobody(int);\nint somebody(int a[static 1]);\nstatic inline int\ninlined(void)\n{\n\treturn (somebody(1));\n}\n',
    'low/open.c': '#include "low/open.h"\nint\nnobody(int a)\n{\n\treturn (a);\n}\nint\nsomebody(int a[static 1])\n{\n\treturn (a[0]);\n}\n',
    'low/vault.c': '/* vault.c: test_all.c */\n#include <secret.h>\n',
    'top/say.c': '#include "low/open.h"\n#include <secret.h>\nvoid f(void);\n',
    'top/long.c': '/* puts("in a comment") */\nstatic const char *s = "puts(x)";\n' + '\n' * 20,
    'top/slow.c': 'static int\nslow(int a)\n{\n\tif (a) {\n\t\ta++;\n\t}\n\treturn (a);\n}\n'
                  'static int\nquick(void)\n{\n\tputs("x");\n}\n',
    'side/thief.c': '#include "low/open.h"\n#include "low/ring.h"\n#include "top/none.h"\n',
    'tests/unit/low/test_all.c': 'int x = stated();\n',
}
MISTAKES = {
    ('arrow', 'side/thief.c low/ring.h'),
    ('circle', 'low/link low/ring'),
    ('function', 'top/slow.c slow'),
    ('lines', 'top/gone.c'),
    ('include', 'top/say.c secret.h'),
    ('word', 'top/slow.c printing'),
    ('export', 'link_off'),
    ('export', 'nobody'),
    ('tested', 'low/open.c'),
}


def made_up():
    with tempfile.TemporaryDirectory() as root:
        for path, text in MADE_UP.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), 'w') as f:
                f.write(text)
        rules = Rules(os.path.join(root, 'house.def'))
        return {w[:2] for _, _, wrong in inspect(root, rules) for w in wrong}


def main():
    root = os.environ.get('PAVO_SRC', '.')
    rules = Rules(os.path.join(root, 'tests/house.def'))
    if sys.argv[1:] == ['--sins']:
        for _, found, _ in inspect(root, rules):
            for kind, what, _ in found:
                print('sin', kind, what)
        return 0
    print('1..%d' % (len(CHECKS) + 1))
    got = made_up()
    print('%s 1 - each mistake of a made-up house is found, and no other' % ('ok' if got == MISTAKES else 'not ok'))
    for kind, what in sorted(MISTAKES - got):
        print('# not found: %s %s' % (kind, what))
    for kind, what in sorted(got - MISTAKES):
        print('# found: %s %s' % (kind, what))
    failed = got != MISTAKES
    for n, (title, _, wrong) in enumerate(inspect(root, rules), 2):
        print('%s %d - %s' % ('not ok' if wrong else 'ok', n, title))
        for _, _, sentence in wrong:
            print('# ' + sentence)
        failed |= bool(wrong)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
