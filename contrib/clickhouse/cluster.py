# SPDX-License-Identifier: BSD-2-Clause
"""A ClickHouse of several servers for record files: what up, load, ask and down have in common.

DIR/cluster.json says which servers there are.  The tables are those of `ra --schema clickhouse,cluster=pavo`, and one column
more: `loaded`, the name of the piece that a row came with.  A piece is some blocks of one file; a server takes it as one
part or not at all, so what is there needs no second look, and a piece that is there is not loaded again.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

FIELDS = ('bstart,bend,probe,rectype,proto,flowid,saddr,sport,daddr,dport,sspi,dspi,spkts,dpkts,sbytes,dbytes,sloss,dloss,state,flags')
PIECE_ROWS = 262144  # fewer than the 1,048,576 at which a server begins a second part
COLUMN = 'loaded'


class Trouble(Exception):
    """One sentence for people."""


class Gone(Trouble):
    """A server does not answer."""


@functools.lru_cache(None)
def tool(name):
    path = os.path.join(os.environ['PAVO_BUILD'], name) if 'PAVO_BUILD' in os.environ else shutil.which(name)
    if path is None or not os.access(path, os.X_OK):
        raise Trouble('%s is not on the PATH (PAVO_BUILD=FOLDER says where it was built)' % name)
    if b'(pavo)' not in subprocess.run([path, '--version'], capture_output=True, stdin=subprocess.DEVNULL).stdout:
        raise Trouble("%s is another program of that name, argus' perhaps (PAVO_BUILD=FOLDER says where pavo's is)" % path)
    return path


def output(argv):
    p = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL)
    if p.returncode:
        raise Trouble('%s: %s' % (' '.join(argv[:4]), p.stderr.decode(errors='replace').strip() or 'exit %d' % p.returncode))
    return p.stdout


class Node:
    def __init__(self, number, http, tcp, folder):
        self.number, self.http, self.tcp, self.folder = number, http, tcp, folder
        self.name = 'node %d (127.0.0.1:%d)' % (number, tcp)

    def ask(self, sql, data=None, timeout=600, **settings):
        """What the server answers, bytes.  Without data the statement is the body."""
        words = urllib.parse.urlencode(dict(settings, **({'query': sql} if data is not None else {})))
        request = urllib.request.Request('http://127.0.0.1:%d/?%s' % (self.http, words), data=sql.encode() if data is None else data, method='POST')
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.read()
        except urllib.error.HTTPError as e:
            raise Trouble('%s: %s' % (self.name, e.read().decode(errors='replace').strip()[:600])) from None
        except OSError as e:
            raise Gone('%s does not answer: %s' % (self.name, getattr(e, 'reason', e))) from None

    def alive(self):
        try:
            return self.ask('SELECT 1', timeout=5).strip() == b'1'
        except Trouble:
            return False


class Cluster:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        try:
            with open(os.path.join(self.folder, 'cluster.json')) as f:
                about = json.load(f)
        except OSError:
            raise Trouble('%s holds no cluster: contrib/clickhouse/up makes one' % folder) from None
        self.fields, self.legacy = about['fields'], about.get('legacy', True)
        self.nodes = [Node(i + 1, n['http'], n['tcp'], os.path.join(self.folder, 'n%d' % (i + 1))) for i, n in enumerate(about['nodes'])]

    def dead(self):
        return [n for n in self.nodes if not n.alive()]

    def whole(self, why):
        dead = self.dead()
        if dead:
            raise Gone('%s of %d: no answer; %s' % (', '.join(n.name for n in dead), len(self.nodes), why))

    def known(self):
        """The names of all pieces that any server has."""
        names = set()
        for n in self.nodes:
            got = n.ask('SELECT DISTINCT %s FROM flows_local FORMAT RowBinary' % COLUMN)
            names |= {got[i:i + 16] for i in range(0, len(got), 16)}
        return names


# --- starting and stopping

CONFIG = '''<yandex>
 <logger><level>warning</level><log>%(at)s/server.log</log><errorlog>%(at)s/error.log</errorlog></logger>
 <listen_host>127.0.0.1</listen_host>
 <http_port>%(http)d</http_port><tcp_port>%(tcp)d</tcp_port><interserver_http_port>%(inter)d</interserver_http_port>
 <path>%(at)s/data/</path><tmp_path>%(at)s/tmp/</tmp_path><user_files_path>%(at)s/files/</user_files_path>
 <users_config>%(folder)s/users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
 <mark_cache_size>134217728</mark_cache_size><uncompressed_cache_size>0</uncompressed_cache_size><timezone>UTC</timezone>
 <remote_servers><pavo>%(shards)s</pavo></remote_servers>
</yandex>
'''
SHARD = '<shard><replica><host>127.0.0.1</host><port>%d</port></replica></shard>'
USERS = '''<yandex>
 <profiles><default><max_memory_usage>4000000000</max_memory_usage></default></profiles>
 <users><default><password></password><networks><ip>127.0.0.0/8</ip></networks><profile>default</profile><quota>default</quota></default></users>
 <quotas><default/></quotas>
</yandex>
'''


def free_ports(n):
    """Held open until all are chosen, so that none comes twice."""
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(('127.0.0.1', 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def save(path, text):
    with open(path, 'w') as f:
        f.write(text)


def make(folder, count, fields):
    """Folders and configurations of a new cluster."""
    folder = os.path.abspath(folder)
    ports = free_ports(3 * count)
    nodes = [{'http': ports[3 * i], 'tcp': ports[3 * i + 1], 'inter': ports[3 * i + 2]} for i in range(count)]
    shards = ''.join(SHARD % n['tcp'] for n in nodes)
    os.makedirs(folder, exist_ok=True)
    save(os.path.join(folder, 'users.xml'), USERS)
    for i, n in enumerate(nodes):
        at = os.path.join(folder, 'n%d' % (i + 1))
        os.makedirs(at, exist_ok=True)
        save(os.path.join(at, 'config.xml'), CONFIG % dict(n, at=at, folder=folder, shards=shards))
    save(os.path.join(folder, 'cluster.json'), json.dumps({'fields': fields, 'nodes': nodes}))


def running(node):
    """The pid of the node's server, if that is what runs under it."""
    try:
        with open(os.path.join(node.folder, 'pid')) as f:
            pid = int(f.read())
        with open('/proc/%d/cmdline' % pid, 'rb') as f:
            return pid if node.folder.encode() in f.read() else None
    except (OSError, ValueError):
        return None


def start(cluster, server):
    started = []
    for n in cluster.nodes:
        if running(n) is None:
            with open(os.path.join(n.folder, 'out'), 'ab') as log:
                p = subprocess.Popen([server, '--config-file=' + os.path.join(n.folder, 'config.xml')], stdin=subprocess.DEVNULL,
                                     stdout=log, stderr=log, cwd=n.folder, start_new_session=True)
            save(os.path.join(n.folder, 'pid'), str(p.pid))
            started.append((n, p))
    for n in cluster.nodes:
        for _ in range(300):
            if n.alive():
                break
            for m, p in started:
                if m is n and p.poll() is not None:
                    raise Trouble('%s ended at once: see %s' % (n.name, os.path.join(n.folder, 'error.log')))
            time.sleep(0.1)
        else:
            raise Gone('%s does not answer after 30 s: see %s' % (n.name, os.path.join(n.folder, 'error.log')))


def stop(cluster, node=None):
    """All, or one.  A server ends after its last write: its pid is waited for."""
    pids = [running(n) for n in cluster.nodes if node is None or n.number == node]
    for pid in filter(None, pids):
        os.kill(pid, signal.SIGTERM)
    for pid in filter(None, pids):
        for _ in range(300):
            if not alive(pid):
                break
            time.sleep(0.1)
        else:
            os.kill(pid, signal.SIGKILL)


def alive(pid):
    try:
        with open('/proc/%d/stat' % pid) as f:
            return f.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


# --- tables

def statements(text):
    return [s.strip() for s in re.sub('(?m)^--.*$', '', text).split(';') if s.strip()]


def tables(cluster):
    """Those of --schema.  ON CLUSTER would ask for a ZooKeeper: each server is told itself."""
    version = cluster.nodes[0].ask('SELECT version()').decode().strip()
    cluster.legacy = int(version.split('.')[0]) < 21
    kind = ['--native=legacy'] if cluster.legacy else []
    sql = output([tool('ra')] + kind + ['--schema', 'clickhouse,cluster=pavo', '-s', cluster.fields]).decode().replace(' ON CLUSTER `pavo`', '')
    for n in cluster.nodes:
        for s in statements(sql):
            if 'executable(' not in s:
                n.ask(s)
        if n.ask("SELECT count() FROM system.columns WHERE database = 'default' AND table = 'flows_local' AND name = '%s'" % COLUMN).strip() == b'0':
            n.ask('ALTER TABLE flows_local ADD COLUMN %s FixedString(16)' % COLUMN)
    path = os.path.join(cluster.folder, 'cluster.json')
    with open(path) as f:
        about = json.load(f)
    save(path, json.dumps(dict(about, legacy=cluster.legacy)))
    return version


# --- loading

def varint(p, at):
    value = shift = 0
    while True:
        value |= (p[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if p[at - 1] < 128:
            return value, at


def as_varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def with_name(block, name):
    """A Native block with the column `loaded` behind its others, and its rows."""
    columns, at = varint(block, 0)
    rows, rest = varint(block, at)
    kind = b'FixedString(16)'
    own = as_varint(len(COLUMN)) + COLUMN.encode() + as_varint(len(kind)) + kind + name * rows
    return b''.join((as_varint(columns + 1), as_varint(rows), block[rest:], own)), rows


def blocks(stream):
    """Of `ra --native=framed`."""
    while True:
        head = stream.read(8)
        if not head:
            return
        n = int.from_bytes(head, 'little')
        block = stream.read(n)
        if len(head) < 8 or len(block) < n:
            raise Trouble('ra ended within a block')
        yield block


def pieces(stream, of):
    """Blocks, some together, and their name: that of the file, the columns, and their number."""
    number, rows, parts = 0, 0, []
    name = None
    for block in blocks(stream):
        name = name or hashlib.sha256(b'%s %d' % (of, number)).digest()[:16]
        block, n = with_name(block, name)
        parts.append(block)
        rows += n
        if rows >= PIECE_ROWS:
            yield name, b''.join(parts), rows
            number, rows, parts, name = number + 1, 0, [], None
    if parts:
        yield name, b''.join(parts), rows


class Load:
    def __init__(self, cluster, say=None):
        self.cluster, self.say = cluster, say
        self.rows = self.there = self.bytes = 0
        self.known = cluster.known()
        self.lock = threading.Lock()

    def insert(self, node, name, data):
        """Until it is there: a server that cut the line may have taken it or not, so it is asked first."""
        columns = self.cluster.fields + ',' + COLUMN
        for attempt in range(5):
            try:
                if attempt > 0 and node.ask("SELECT count() FROM flows_local WHERE %s = unhex('%s')" % (COLUMN, name.hex())).strip() != b'0':
                    return
                node.ask('INSERT INTO flows_local (%s) FORMAT Native' % columns, data, max_insert_block_size=4 * PIECE_ROWS)
                return
            except Gone:
                if attempt == 4:
                    raise
                time.sleep(0.2 * 2 ** attempt)

    def file(self, path):
        digest = hashlib.sha256()
        with open(path, 'rb') as f:
            while piece := f.read(1 << 20):
                digest.update(piece)
        kind = '--native=legacy,framed' if self.cluster.legacy else '--native=framed'
        p = subprocess.Popen([tool('ra'), '-P', '1', '-r', path, kind, '-s', self.cluster.fields], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            for name, data, rows in pieces(p.stdout, digest.digest() + self.cluster.fields.encode()):
                with self.lock:
                    new = name not in self.known
                    self.known.add(name)
                if new:
                    nodes = self.cluster.nodes
                    self.insert(nodes[int.from_bytes(name[:8], 'big') % len(nodes)], name, data)
                with self.lock:
                    self.rows += rows if new else 0
                    self.there += 0 if new else rows
                    self.bytes += len(data) if new else 0
                    if self.say:
                        self.say(self)
        except BaseException:
            p.kill()
            raise
        finally:
            wrong = p.stderr.read().decode(errors='replace').strip()
            status = p.wait()
        if status not in (0, 1):
            raise Trouble('%s: %s (what came before it is loaded)' % (path, wrong or 'ra ended with %d' % status))

    def files(self, paths, jobs):
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for done in concurrent.futures.as_completed([pool.submit(self.file, p) for p in paths]):
                done.result()


def record_files(names):
    """Files, and those that folders hold, whole ones, each once."""
    found = []
    for name in names:
        if os.path.isdir(name):
            for where, folders, files in os.walk(name):
                folders.sort()
                found += [os.path.join(where, f) for f in sorted(files) if f.endswith('.pavo')]
        elif os.path.exists(name):
            found.append(name)
        else:
            raise Trouble('%s: no such file or folder' % name)
    return list(dict.fromkeys(os.path.realpath(f) for f in found))


def bring(cluster, names, jobs):
    """Load, with a line of progress where somebody looks."""
    cluster.whole('nothing is loaded, for what it has already can not be known')
    began = time.monotonic()

    def say(load):
        if sys.stderr.isatty():
            sys.stderr.write('\r%s rows loaded, %s were there' % (format(load.rows, ','), format(load.there, ',')))
    load = Load(cluster, say)
    paths = record_files(names)
    load.files(paths, jobs)
    took = time.monotonic() - began
    if sys.stderr.isatty():
        sys.stderr.write('\r\x1b[K')
    print('%d files: %s rows loaded, %s were there already; %.1f s%s' % (len(paths), format(load.rows, ','), format(load.there, ','), took,
          ', %s rows/s, %.0f MB of Native' % (format(int(load.rows / took), ','), load.bytes / 1e6) if load.rows else ''))
    return load


# --- checking

def compare(cluster, names):
    """From each server: rows and sums of the whole as racluster has them, loss by minute as rabins has it."""
    paths = record_files(names)
    sums = [f for f in ('spkts', 'dpkts', 'sbytes', 'dbytes', 'sloss', 'dloss') if f in cluster.fields.split(',')]
    own = [json.loads(line) for line in output([tool('racluster'), '-m', 'probe', '--json-numbers', '--json', '-s', ','.join(sums), '-r'] + paths).splitlines()]
    want = [sum(row.get(f, 0) for row in own) for f in sums]
    minutes = {}
    if 'sloss' in sums and 'dloss' in sums and 'bstart' in cluster.fields.split(','):
        for line in output([tool('rabins'), '-M', '1m', '-m', 'probe', '--tz', 'UTC', '--json-numbers', '--json', '-u', '-s',
                            'bstart,sloss,dloss', '-r'] + paths).splitlines():
            row = json.loads(line)
            minute = int(float(row['bstart']))
            minutes[minute] = minutes.get(minute, 0) + row.get('sloss', 0) + row.get('dloss', 0)
    wrong = []
    for n in cluster.nodes:
        got = [int(x) for x in n.ask('SELECT %s FROM flows' % ', '.join('sum(ifNull(%s, 0))' % f for f in sums)).split()]
        wrong += ['%s: %s is %d, racluster says %d' % (n.name, f, g, w) for f, g, w in zip(sums, got, want) if g != w]
        if minutes:
            lines = n.ask('SELECT toUInt32(minute), sum(sloss) + sum(dloss) FROM flows_loss_1m GROUP BY minute FORMAT TSV').decode().splitlines()
            theirs = {int(a): int(b) for a, b in (line.split('\t') for line in lines)}
            bad = [t for t in minutes if minutes[t] != theirs.get(t, 0)] + [t for t in theirs if t not in minutes and theirs[t]]
            if bad:
                t = bad[0]
                wrong.append('%s: %d minutes differ; that of %d lost %s, rabins says %s' % (n.name, len(bad), t, theirs.get(t), minutes.get(t)))
    if wrong:
        raise Trouble('\n'.join(wrong))
    print('each of %d nodes: %s, as racluster says%s' % (len(cluster.nodes), ', '.join('%s %s' % (f, format(w, ',')) for f, w in zip(sums, want)),
          '; loss of %d minutes as rabins says' % len(minutes) if minutes else ''))


def run(main):
    """Sentences, not traces, for what can be expected."""
    try:
        sys.exit(main())
    except Trouble as e:
        print('%s: %s' % (os.path.basename(sys.argv[0]), e), file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError: # who reads it had enough
        os._exit(0)
    except KeyboardInterrupt:
        print('%s: interrupted; what is loaded stays, and is not loaded again' % os.path.basename(sys.argv[0]), file=sys.stderr)
        sys.exit(130)
