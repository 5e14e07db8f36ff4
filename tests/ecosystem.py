# SPDX-License-Identifier: BSD-2-Clause
"""What others make of our output: jq, pandas, DuckDB, ClickHouse (chdb, and the old server of Debian) load --json, --csv and
--native without a single option, with the types that --schema says and the sums that racount says; nfcapd, libfixbuf and tshark
read --ipfix.

Each part says which package it lacks.  chdb and DuckDB are modules of node: NODE_PATH says where they lie.
"""
import os
import shutil
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'truth'))
from common import *

FIELDS = ('bstart,probe,rectype,proto,flowid,stime,ltime,dur,saddr,sport,daddr,dport,sspi,spkts,dpkts,sbytes,dbytes,sloss,dloss,ploss,'
          'flags,flgs,health,state,smac,rttd_hist,slaghist,sipg')
ISO = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$')
CAPTURES_ = ['tcp-loss.B.pcap', 'esp-mixed.B.pcap', 'udp-frag-loss.B.pcap', 'esp6-loss.B.pcap', 'ah-loss.B.pcap']


class Skip(Exception):
    pass


def need(name, package):
    if shutil.which(name) is None:
        raise Skip('no %s (package %s)' % (name, package))
    return name


def other(argv, stdin=None, where=None, env=None):
    """stdout of a program that is not ours"""
    p = subprocess.run(argv, input=stdin, capture_output=True, cwd=where, env=env, timeout=300)
    if p.returncode:
        raise Failure('%s: exit %d: %s' % (argv[0], p.returncode, p.stderr.decode(errors='replace')[-900:]))
    return p.stdout.decode()


def save(path, data):
    with open(path, 'wb') as f:
        f.write(data)
    return path


def statements(text):
    """of SQL: without comments"""
    return [s.strip() for s in re.sub('(?m)^--.*$', '', text).split(';') if s.strip()]


def make(folder):
    """the records, what racount says of them, and the three files; of all captures of PAVO_CAPTURES, if it says where they are"""
    records = os.path.join(folder, 'x.pavo')
    files = sorted({row['file'] for row in table('files')}) if SHARED else CAPTURES_
    with open(records, 'wb') as f:       # each by itself: files may follow one another
        for i, name in enumerate(files): # some are of one path
            f.write(good(['pavo', '-q', '-S', '1', '-e', 'gw%d' % i, '-r', os.path.join(CAPTURES, name), '-w', '-'], status=(0, 2)))
    sums = json.loads(good(['racount', '-r', records, '--json']))['flow']
    for kind in 'csv', 'json', 'native':
        save(os.path.join(folder, 'x.' + kind), good(['ra', '-r', records, '--' + kind, '-s', FIELDS]))
        save(os.path.join(folder, 'd.' + kind), good(['ra', '-r', records, '--' + kind]))
    save(os.path.join(folder, 'one.csv'), good(['ra', '-r', records, '--csv', '-s', 'sloss']))
    return records, (sums['pkts'], sums['bytes'])


# --- jq, and JSON by itself

def with_jq(folder, records, sums):
    need('jq', 'jq')
    for name in 'x.json', 'd.json':
        got = other(['jq', '-s', '-c', '[(map(.spkts + .dpkts) | add), (map(.sbytes + .dbytes) | add)]', name], where=folder)
        want(tuple(json.loads(got)), sums, 'packets, bytes of ' + name)
    got = other(['jq', '-r', '.bstart, .stime, .ltime | values', 'x.json'], where=folder).split()
    want([t for t in got if not ISO.match(t)], [], 'times')
    want(other(['jq', '-c', 'select((.flags|type) != "array" or (.health != null and (.health|type) != "array") or (.flgs|test("^ | $")))', 'x.json'], where=folder), '',
         'lists, and flgs without blanks')


def fits(value, rule, where):
    kinds = {'string': str, 'number': (int, float), 'integer': int, 'array': list, 'object': dict, 'boolean': bool, 'null': type(None)}
    want(any(isinstance(value, kinds[t]) for t in rule['type']), True, '%s: %r is one of %s' % (where, value, rule['type']))
    if rule.get('format') == 'date-time' and value is not None:
        want(bool(ISO.match(value)), True, where)
    for x in value if isinstance(value, list) else []:
        fits(x, {'type': [rule['items']['type']]}, where)


def by_schema(folder, records, sums):
    rules = json.loads(good(['ra', '--schema', 'json', '-s', FIELDS]))['properties']
    mapping = json.loads(good(['ra', '--schema', 'elastic', '-s', FIELDS]))['mappings']['properties']
    want(sorted(rules), sorted(mapping), 'names')
    for line in open(os.path.join(folder, 'x.json')):
        for name, value in json.loads(line).items():
            fits(value, rules[name], name)
            want(mapping[name]['type'] in ('date_nanos',) if name in ('bstart', 'stime', 'ltime') else True, True, name)
    objects = json.loads(good(['racluster', '-m', 'flow', '--schema', 'json']))['properties']
    for line in good(['racluster', '-r', records, '-m', 'flow', '--json']).splitlines():
        want([n for n in json.loads(line) if n not in objects], [], 'keys of an object that the schema lacks')


# --- pandas

PANDAS = r'''
import json, sys
import pandas as pd
out = {}
assert len(pd.read_csv('one.csv')) == sum(1 for _ in open('x.json')) # a row of one empty column is a row
for name, d in ('csv', pd.read_csv('x.csv')), ('json', pd.read_json('x.json', lines=True)):
    out[name] = {'sums': [int(d.spkts.sum() + d.dpkts.sum()), int(d.sbytes.sum() + d.dbytes.sum())],
                 'text': [c for c in d.columns if not pd.api.types.is_numeric_dtype(d[c])],
                 'times': str(pd.to_datetime(d.bstart).dtype), 'first': str(pd.to_datetime(d.bstart).min())}
print(json.dumps(out))
'''
NUMBERS = 'dur sport dport spkts dpkts sbytes dbytes sloss dloss ploss sipg'.split()


def with_pandas(folder, records, sums):
    for python in sys.executable, '/usr/bin/python3':
        if os.path.exists(python) and subprocess.run([python, '-c', 'import pandas'], capture_output=True).returncode == 0:
            break
    else:
        raise Skip('no pandas (package python3-pandas)')
    got = json.loads(other([python, '-c', PANDAS], where=folder))
    for name in 'csv', 'json':
        want(tuple(got[name]['sums']), sums, 'packets, bytes of ' + name)
        want([n for n in NUMBERS if n in got[name]['text']], [], 'numbers that are text in ' + name)
        want(got[name]['times'], 'datetime64[ns, UTC]', 'times of ' + name)
    want(got['csv']['first'], got['json']['first'], 'first bin')


# --- modules of node

def node(module, script, folder, *args, stdin=None):
    need('node', 'nodejs')
    if subprocess.run(['node', '-e', 'require("%s")' % module], capture_output=True).returncode:
        raise Skip('no %s (npm install %s, NODE_PATH=.../node_modules)' % (module, module))
    save(os.path.join(folder, 'run.js'), script.encode())
    save(os.path.join(folder, 'asked.json'), json.dumps(args).encode())
    return [json.loads(line) for line in other(['node', 'run.js'], stdin, folder, dict(os.environ, TZ='UTC')).splitlines()]


DUCKDB = r'''
const { DuckDBInstance } = require('@duckdb/node-api');
(async () => {
  const c = await (await DuckDBInstance.create(':memory:')).connect();
  for (const sql of JSON.parse(require('fs').readFileSync('asked.json', 'utf8'))) {
    const r = await c.runAndReadAll(sql);
    console.log(JSON.stringify(r.getRowsJson()));
  }
})().catch(e => { console.error(e.message); process.exit(1); });
'''
SUMS = 'SELECT CAST(sum(spkts) + sum(dpkts) AS BIGINT), CAST(sum(sbytes) + sum(dbytes) AS BIGINT) FROM %s'


def duckdb(folder, *asked):
    return node('@duckdb/node-api', DUCKDB, folder, *asked)


def with_duckdb(folder, records, sums):
    as_text = [[str(n) for n in sums]]
    for of in "'x.csv'", "'x.json'", "'d.csv'", "'d.json'":
        got = duckdb(folder, SUMS % of, 'DESCRIBE SELECT * FROM ' + of)
        want(got[0], as_text, 'packets, bytes of ' + of)
        types = {r[0]: r[1] for r in got[1]}
        want([n for n in NUMBERS if n in types and types[n] not in ('BIGINT', 'DOUBLE')], [], 'numbers of ' + of)
        want(types['stime'].startswith('TIMESTAMP'), True, 'times of %s: %s' % (of, types['stime']))
    schema = statements(good(['ra', '--schema', 'duckdb', '-s', FIELDS]).decode())
    got = duckdb(folder, *schema, SUMS % "flows_csv('x.csv')", SUMS % "flows_json('x.json')", "COPY flows FROM 'x.csv' (HEADER)",
                 "COPY flows FROM 'x.json' (FORMAT json)", SUMS % 'flows', 'DESCRIBE flows', "DESCRIBE SELECT * FROM flows_json('x.json')",
                 "SELECT count(*) FROM (SELECT %(of)s FROM flows_csv('x.csv') EXCEPT ALL SELECT %(of)s FROM flows_json('x.json'))" %
                 {'of': 'bstart, stime, flowid, sport, sspi, spkts, sloss, dur, state'})[len(schema):]
    want((got[0], got[1]), (as_text, as_text), 'sums by the views')
    want(got[4], [[str(2 * n) for n in sums]], 'both in the table')
    want(dict((r[0], r[1]) for r in got[5])['sloss'], 'BIGINT', 'a type of the table')
    want(dict((r[0], r[1]) for r in got[6])['flags'], 'VARCHAR[]', 'a list of JSON')
    want(got[7], [['0']], 'rows of CSV that JSON has not')


def lines_of_page(word):
    """the commands of ra(1) with this word"""
    with open(os.path.join(SRC, 'man', 'ra.1')) as f:
        return [line[2:].strip().replace('\\e', '\\') for line in f if line.startswith('$ ') and word in line]


def parquet(folder, name, sums, *times):
    """what DuckDB reads of it"""
    got = duckdb(folder, SUMS % "'%s'" % name, "DESCRIBE SELECT * FROM '%s'" % name)
    want(got[0], [[str(n) for n in sums]], 'packets and bytes of ' + name)
    types = {r[0]: r[1] for r in got[1]}
    want([n for n in NUMBERS if n in types and types[n] not in ('BIGINT', 'UBIGINT', 'DOUBLE')], [], 'numbers of ' + name)
    want(types['stime'] in times, True, 'times of %s: %s' % (name, types['stime']))


def by_line(folder, line):
    path = os.pathsep.join([BUILD, os.environ['PATH']])
    env = dict(os.environ, PATH=path, PYTHONPATH=os.path.join(SRC, 'contrib', 'python'), PYTHONDONTWRITEBYTECODE='1', TZ='UTC',
               PAVO_LIBRARY=os.path.join(BUILD, 'libpavo.so.0'))
    other(['sh', '-c', line], where=folder, env=env)


def with_parquet(folder, records, sums):
    """the line of ra(1); its SQL by DuckDB's module of node, if there is no duckdb"""
    line, = lines_of_page('duckdb -c "COPY')
    if shutil.which('duckdb'):
        by_line(folder, line)
    else:
        with open(os.path.join(folder, 'd.csv')) as f:
            node('@duckdb/node-api', DUCKDB, folder, re.search('"(COPY.*)"', line).group(1), stdin=f.read().encode())
    parquet(folder, 'x.parquet', sums, 'TIMESTAMP WITH TIME ZONE')


def with_pyarrow(folder, records, sums):
    line, = lines_of_page('pyarrow.parquet')
    python = next((p for p in ('python3', '/usr/bin/python3') if not subprocess.run([p, '-c', 'import numpy, pyarrow'], capture_output=True).returncode), None)
    if python is None:
        raise Skip('no python3 with pyarrow and numpy (pip install pyarrow numpy)')
    by_line(folder, line.replace('python3', python, 1))
    parquet(folder, 'y.parquet', sums, 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMP_NS')


MODULE = """
import pavo, sys
r = pavo.read(sys.argv[1], "proto,spkts,dpkts,sbytes,dbytes,sloss,dloss", "not arp")
d = r.pandas()
by = d.groupby("proto", observed=True)[["spkts", "dpkts"]].sum()
print(r["spkts"].sum() + r["dpkts"].sum(), r["sbytes"].sum() + r["dbytes"].sum(), *(f"{k}={v.spkts + v.dpkts}" for k, v in by.iterrows()))
"""


def with_module(folder, records, sums):
    """contrib/python, whatever make check has said of it"""
    python = next((p for p in ('python3', '/usr/bin/python3') if not subprocess.run([p, '-c', 'import numpy, pandas'], capture_output=True).returncode), None)
    if python is None:
        raise Skip('no python3 with numpy and pandas (package python3-pandas)')
    env = dict(os.environ, PYTHONPATH=os.path.join(SRC, 'contrib', 'python'), PYTHONDONTWRITEBYTECODE='1', PAVO_LIBRARY=os.path.join(BUILD, 'libpavo.so.0'))
    got = other([python, '-c', MODULE, records], env=env).split()
    counted = json.loads(good(['racount', '-r', records, '--json']))
    by = {p['proto']: p for p in counted['proto'] if p['proto'] != 'arp'}
    want(got[:2], [str(sum(p[k] for p in by.values())) for k in ('pkts', 'bytes')], 'packets and bytes')
    want(dict(x.split('=') for x in got[2:]), {name: str(p['pkts']) for name, p in by.items()}, 'packets by protocol')


def with_kcat(folder, records, sums):
    """what kcat reads of a topic of librdkafka's mock cluster"""
    need('kcat', 'kcat')
    if subprocess.run(['pkg-config', '--exists', 'rdkafka']).returncode:
        raise Skip('no librdkafka (package librdkafka-dev)')
    mock = os.path.join(folder, 'mock')
    other(['sh', '-c', 'cc -o "$1" "$2" $(pkg-config --cflags --libs rdkafka)', 'cc', mock, os.path.join(SRC, 'tests', 'kafka', 'mock.c')])
    where = os.path.join(folder, 'brokers')
    p = subprocess.Popen([mock, where, 'flows'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            if os.path.exists(where) and open(where).read().endswith('\n'):
                break
            time.sleep(0.1)
        brokers = open(where).read().strip()
        good(['ra', '-r', records, '-w', 'kafka://%s/flows' % brokers])
        got = other(['kcat', '-C', '-q', '-e', '-b', brokers, '-t', 'flows', '-o', 'beginning', '-f', '%k %s\n']).splitlines()
    finally:
        p.stdin.close()
        p.wait(60)
    wanted = [json.loads(line) for line in good(['ra', '-r', records, '--events', '--mar', '--json', '-p', '9', '-s', 'stored']).splitlines()]
    values = [json.loads(m.split(' ', 1)[1]) for m in got]
    want([m.split(' ', 1)[0] for m in got], [r.get('flowid', r['probe']) for r in values], 'keys')
    want(sorted(map(str, values)), sorted(map(str, wanted)), 'messages')
    want(sum((r.get('spkts') or 0) + (r.get('dpkts') or 0) for r in values), sums[0], 'packets')


CHDB = r'''
const { Session } = require('chdb');
const s = new Session(process.cwd() + '/chdb');
try {
  for (const sql of JSON.parse(require('fs').readFileSync('asked.json', 'utf8'))) {
    const text = String(s.query(sql, 'JSONCompactEachRow')).trim();
    console.log('[' + (/^\s*(SELECT|DESCRIBE)/.test(sql) ? text.split('\n').filter(x => x).join(',') : '') + ']');
  }
} catch (e) { console.error(e.message); process.exit(1); }
'''


def chdb(folder, *asked):
    return node('chdb', CHDB, folder, *asked)


def declared(sql):
    """name -> type of the first table"""
    body = re.search(r'CREATE TABLE [^(]*\(\n(.*?)\n\) ENGINE', sql, re.S).group(1)
    return dict(line.strip().rstrip(',').split(' ', 1) for line in body.splitlines())


def numbers(rows):
    return [tuple(int(v) for v in r) for r in rows]


def with_chdb(folder, records, sums):
    ask = SUMS.replace('CAST(', 'toInt64(').replace(' AS BIGINT', '')
    for of in "'x.csv'", "'x.json'", "'x.native'", "'d.csv'", "'d.json'", "'d.native'":
        got = chdb(folder, (ask % 'file(%s)') % of, 'DESCRIBE file(%s)' % of)
        want(numbers(got[0]), [sums], 'packets, bytes of ' + of)
        want('DateTime64(9' in dict((r[0], r[1]) for r in got[1])['stime'], True, 'times of ' + of)
    for fields in ['-s', FIELDS], []:
        name, at = ('x', 'bstart') if fields else ('d', 'stime')
        shutil.rmtree(os.path.join(folder, 'chdb'), ignore_errors=True)
        sql = good(['ra', '--schema', 'clickhouse'] + fields).decode()
        got = chdb(folder, *statements(sql), "INSERT INTO flows SELECT * FROM file('%s.native')" % name, ask % 'flows', "DESCRIBE file('%s.native')" % name,
                   ask % 'flows_loss_1m', 'SELECT worst_filter, worst_time, sloss + dloss FROM flows_loss_1m WHERE sloss + dloss > 0 ORDER BY minute, worst_filter',
                   'SELECT toInt64(sum(sloss) + sum(dloss)) FROM flows')[len(statements(sql)) + 1:]
        want(numbers(got[0]), [sums], 'packets, bytes of the table')
        want({r[0]: r[1] for r in got[1]}, declared(sql), 'types that are sent, and those of the table')
        want(numbers(got[2]), [sums], 'packets, bytes of the view')
        want(sum(int(r[2]) for r in got[3]), int(got[4][0][0]), 'loss')
        want(len(got[3]) > 3, True, 'minutes with loss')
        for text, when, loss in got[3]:
            found = rows(['ra', '-r', records, '-t', when.replace(' ', 'T') + 'Z+1s', '--csv', '-s', 'sloss,dloss', '-', text])
            want(sum(int(r[n]) for r in found for n in r if r[n] != '-') > 0, True, '%s: %s finds a loss' % (when, text))


def with_executable(folder, records, sums):
    """the record files themselves"""
    scripts = os.path.join(folder, 'chdb', 'user_scripts')
    shutil.rmtree(os.path.join(folder, 'chdb'), ignore_errors=True)
    os.makedirs(scripts)
    save(os.path.join(scripts, 'pavo_native'), ('#!/bin/sh\nexec %s -R "%s/$1" --native -s %s\n' % (program('ra'), folder, FIELDS)).encode())
    os.chmod(os.path.join(scripts, 'pavo_native'), 0o755)
    sql = good(['ra', '--schema', 'clickhouse', '-s', FIELDS]).decode()
    ask = SUMS.replace('CAST(', 'toInt64(').replace(' AS BIGINT', '')
    got = chdb(folder, *statements(sql), ask % 'flows_files')
    want(numbers(got[-1]), [sums], 'packets, bytes of the view of files')


# --- the server of Debian, from before DateTime64 and IPv6

CONFIG = '''<yandex><logger><level>warning</level><log>%(d)s/s.log</log><errorlog>%(d)s/e.log</errorlog></logger>
<listen_host>127.0.0.1</listen_host><http_port>%(http)d</http_port><tcp_port>%(tcp)d</tcp_port><interserver_http_port>%(inter)d</interserver_http_port>
<path>%(d)s/data/</path><tmp_path>%(d)s/tmp/</tmp_path><user_files_path>%(d)s/uf/</user_files_path><users_config>%(d)s/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database><mark_cache_size>5368709</mark_cache_size><timezone>UTC</timezone>
<remote_servers><lab><shard><replica><host>127.0.0.1</host><port>%(tcp)d</port></replica></shard></lab></remote_servers></yandex>'''
USERS = '''<yandex><profiles><default><max_memory_usage>2000000000</max_memory_usage></default></profiles><users><default><password></password>
<networks><ip>127.0.0.0/8</ip></networks><profile>default</profile><quota>default</quota></default></users><quotas><default/></quotas></yandex>'''


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def with_server(folder, records, sums):
    server, client = need('clickhouse-server', 'clickhouse-server'), need('clickhouse-client', 'clickhouse-client')
    at = {'d': os.path.join(folder, 'server'), 'http': free_port(), 'tcp': free_port(), 'inter': free_port()}
    os.makedirs(at['d'])
    config = save(os.path.join(at['d'], 'config.xml'), (CONFIG % at).encode())
    save(os.path.join(at['d'], 'users.xml'), USERS.encode())
    p = subprocess.Popen([server, '--config-file=' + config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=at['d'])

    def ask(sql, stdin=None):
        return other([client, '--host', '127.0.0.1', '--port', str(at['tcp']), '-q', sql], stdin)
    try:
        for _ in range(200):
            if p.poll() is not None:
                raise Skip('clickhouse-server does not start here')
            if subprocess.run([client, '--host', '127.0.0.1', '--port', str(at['tcp']), '-q', 'SELECT 1'], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        native = good(['ra', '-r', records, '--native=legacy', '-s', FIELDS])
        sql = good(['ra', '--native=legacy', '--schema', 'clickhouse,cluster=lab', '-s', FIELDS]).decode()
        for s in statements(sql.replace(' ON CLUSTER `lab`', '')): # which asks for a ZooKeeper
            ask(s)
        ask('INSERT INTO flows_local FORMAT Native', native)
        add = 'SELECT sum(spkts) + sum(dpkts), sum(sbytes) + sum(dbytes) FROM '
        for of in 'flows_local', 'flows', 'flows_loss_1m':
            want(tuple(int(n) for n in ask(add + of).split()), sums, 'packets, bytes of ' + of)
        want(int(ask('SELECT sum(sloss) + sum(dloss) FROM flows_loss_1m')), int(ask('SELECT sum(sloss) + sum(dloss) FROM flows')), 'loss')
    finally:
        p.terminate()
        p.wait()


# --- IPFIX

IPFIX = 'stime,ltime,saddr,daddr,sport,dport,proto,spkts,dpkts,sipbytes,dipbytes,sbytes,dbytes,rectype,sloss,dloss,rtt'


def sums_of(records, fields):
    r = rows(['racluster', '-r', records, '-m', 'none', '--merge-probes', '--csv', '-s', fields])[0]
    return [int(r[f]) for f in fields.split(',')]


def with_nfcapd(folder, records, sums):
    """a collector; it knows records of both directions, and of one"""
    nfcapd, nfdump = need('nfcapd', 'nfdump'), need('nfdump', 'nfdump')
    spkts, dpkts, sbytes, dbytes = sums_of(records, 'spkts,dpkts,sipbytes,dipbytes')
    for kind in '--ipfix', '--ipfix=uniflow':
        at, port = os.path.join(folder, 'nf' + kind[7:]), free_port()
        os.makedirs(at)
        p = subprocess.Popen([nfcapd, '-b', '127.0.0.1', '-p', str(port), '-w', at, '-t', '3600'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            good(['ra', '-r', records, kind, '-w', 'udp://127.0.0.1:%d' % port])
            time.sleep(1)
        finally:
            p.terminate()
            p.wait()
        file = [os.path.join(at, f) for f in os.listdir(at) if f.startswith('nfcapd.2')][0]
        said = dict(line.split(': ', 1) for line in other([nfdump, '-r', file, '-I']).splitlines() if ': ' in line)
        want((int(said['Packets']), int(said['Bytes'])), (spkts + dpkts, sbytes + dbytes), 'packets, bytes of nfdump, ' + kind)
        first = rows(['racluster', '-r', records, '-m', 'none', '--csv', '-u', '-p', '3', '-s', 'stime,ltime', '-', 'pkts > 0'])[0]
        want('%s.%03d' % (said['First'], int(said['msec_first'])), first['stime'], 'first packet')


def with_fixbuf(folder, records, sums):
    dump = need('ipfixDump', 'libfixbuf-tools')
    file = save(os.path.join(folder, 'x.ipfix'), good(['ra', '-r', records, '--ipfix', '-s', IPFIX]))
    text = other([dump, '--rfc5610', '-d', '-i', file])

    def total(name):
        return sum(int(v) for v in re.findall(r'(?m)\) +%s : (-?\d+)$' % name, text))
    got = [total(n) for n in ('packetDeltaCount', 'reversePacketDeltaCount', 'layer2OctetDeltaCount', 'reverseLayer2OctetDeltaCount')]
    want((got[0] + got[1], got[2] + got[3]), sums, 'packets, bytes of libfixbuf')
    want([total('sloss'), total('dloss')], sums_of(records, 'sloss,dloss'), 'loss, an element whose type the file says')
    want('_alien' in text, False, 'an element that it does not know')


def with_tshark(folder, records, sums):
    file = save(os.path.join(folder, 'x.ipfix'), good(['ra', '-r', records, '--ipfix', '-s', IPFIX]))
    text = other([need('tshark', 'tshark'), '-r', file, '-T', 'fields', '-e', 'cflow.packets', '-e', 'cflow.octets', '-e', '_ws.malformed'])
    got = [[int(n) for line in text.splitlines() for n in line.split('\t')[i].split(',')] for i in (0, 1)]
    wanted = sums_of(records, 'spkts,dpkts,sipbytes,dipbytes')
    want([sum(got[0]), sum(got[1])], [wanted[0] + wanted[1], wanted[2] + wanted[3]], 'packets, bytes of tshark')
    want([line for line in text.splitlines() if line.split('\t')[2]], [], 'malformed')
    times = other(['tshark', '-r', file, '-V']).splitlines()
    began = sorted(set(line.split('StartTime: ')[1][:30] for line in times if 'StartTime' in line))
    for r in rows(['ra', '-r', records, '--csv', '-s', 'stime']):
        if r['stime'] != '-':
            want(any(r['stime'][11:26] in t for t in began), True, 'a start at ' + r['stime'])


# --- three servers

def with_cluster(folder, records, sums):
    """contrib/clickhouse: loaded twice, through the death of a server at any moment, and asked with one that is gone"""
    need('clickhouse-server', 'clickhouse-server')
    tools = os.path.join(SRC, 'contrib', 'clickhouse')
    archive = os.path.join(folder, 'archive')
    os.makedirs(os.path.join(archive, 'deep'))
    for i in range(12): # each of another probe: their rows are others
        good(['pavo', '-q', '-S', '1', '-e', 'gw%d' % i, '-r'] + [os.path.join(OWN, c) for c in CAPTURES_] + ['-w', os.path.join(archive, 'deep' * (i & 1), '%d.pavo' % i)])

    each = json.loads(good(['racount', '-r', os.path.join(archive, '0.pavo'), '--json']))['flow']['pkts']

    def run_tool(name, *words, status=0):
        p = subprocess.run([os.path.join(tools, name), '-d', os.path.join(folder, 'three')] + list(words), capture_output=True, timeout=300)
        want(p.returncode, status, name + ': ' + p.stderr.decode())
        return p.stdout.decode(), p.stderr.decode()
    try:
        out, _ = run_tool('up', archive)
        want(re.search(r'each of 3 nodes: spkts', out) is not None, True, out)
        rows = good(['ra', '-r'] + record_files(archive) + ['--csv', '-s', 'probe']).count(b'\n') - 1
        count = 'SELECT count(), sum(spkts) + sum(dpkts) FROM flows'
        whole = '%d\t%d' % (rows, 12 * each)
        for n in '123':
            want(run_tool('ask', '-n', n, count)[0].splitlines()[1], whole, 'asked of node ' + n)
        want('0 rows loaded, {:,} were there'.format(rows) in run_tool('load', '-c', archive)[0], True, 'loaded twice')
        pids = [int(open(os.path.join(folder, 'three', 'n%d' % n, 'pid')).read()) for n in (1, 2, 3)]
        for round_, wait in enumerate((0.02, 0.1, 0.3, 0.6)): # a server dies while it is loaded
            more = os.path.join(folder, 'more%d.pavo' % round_)
            good(['pavo', '-q', '-S', '1', '-e', 'late%d' % round_, '-r'] + [os.path.join(OWN, c) for c in CAPTURES_] + ['-w', more])
            shutil.move(more, archive)
            p = subprocess.Popen([os.path.join(tools, 'load'), '-d', os.path.join(folder, 'three'), archive], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(wait)
            os.kill(pids[round_ % 3], 9)
            p.wait()
            _, err = run_tool('ask', count, status=2)
            want('node %d ' % (round_ % 3 + 1) in err, True, err)
            out, err = run_tool('ask', '--partial', count)
            want('no answer' in err and int(out.splitlines()[1].split()[0]) < rows + 1000, True, err)
            run_tool('load', archive, status=2)
            run_tool('up', archive) # which compares
            pids = [int(open(os.path.join(folder, 'three', 'n%d' % n, 'pid')).read()) for n in (1, 2, 3)]
        rows = good(['ra', '-r'] + record_files(archive) + ['--csv', '-s', 'probe']).count(b'\n') - 1
        want(run_tool('ask', count)[0].splitlines()[1], '%d\t%d' % (rows, 16 * each), 'after four deaths')
    finally:
        if os.path.exists(os.path.join(folder, 'three')):
            run_tool('down')


PROMETHEUS = """global: {scrape_interval: 1s}
scrape_configs: [{job_name: pavo, static_configs: [{targets: ['127.0.0.1:%d']}]}]
"""


def with_dashboard(folder, records, sums):
    """every query of the dashboard against the tables of --schema, and against a Prometheus that reads what pavo says of itself"""
    need('clickhouse-server', 'clickhouse-server')
    prometheus = need('prometheus', 'prometheus')
    at, page = os.path.join(folder, 'board'), os.path.join(folder, 'metrics')
    os.mkdir(page)
    good(['pavo', '-q', '-S', '1', '-e', 'gw', '-r', os.path.join(OWN, CAPTURES_[0]), '--metrics', os.path.join(page, 'metrics'), '-w', os.path.join(folder, 'm.pavo')])
    ports = [free_port(), free_port()]
    processes = [subprocess.Popen([sys.executable, '-m', 'http.server', '-b', '127.0.0.1', '-d', page, str(ports[0])], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
    save(os.path.join(folder, 'prometheus.yml'), (PROMETHEUS % ports[0]).encode())
    processes.append(subprocess.Popen([prometheus, '--config.file=' + os.path.join(folder, 'prometheus.yml'), '--storage.tsdb.path=' + os.path.join(folder, 'tsdb'),
                                       '--web.listen-address=127.0.0.1:%d' % ports[1]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    tools = os.path.join(SRC, 'contrib')
    try:
        other([os.path.join(tools, 'clickhouse', 'up'), '-d', at, '-n', '1', records])
        node = json.load(open(os.path.join(at, 'cluster.json')))['nodes'][0]
        for _ in range(60):
            p = subprocess.run([os.path.join(tools, 'grafana', 'check'), '-c', 'http://127.0.0.1:%d' % node['http'], '-p', 'http://127.0.0.1:%d' % ports[1]],
                               capture_output=True)
            said = p.stdout.decode()
            # a capture file has no kernel and no interfaces to drop anything, and is not behind the clock
            nothing = [line for line in said.splitlines() if 'gives nothing' in line and not re.search('pavo_(dropped_packets|interface_dropped|bin_to_disk|lag)', line)]
            if p.returncode == 0 and not nothing:
                break
            time.sleep(0.5)
        want(p.returncode, 0, said)
        want(nothing, [], 'queries that give nothing')
    finally:
        for p in processes:
            p.terminate()
            p.wait()
        if os.path.exists(at):
            subprocess.run([os.path.join(tools, 'clickhouse', 'down'), '-d', at])


def record_files(folder):
    return sorted(os.path.join(where, f) for where, _, files in os.walk(folder) for f in files)


PARTS = [(with_jq, 'jq reads --json'), (by_schema, 'what --json prints is what --schema json and elastic say'),
         (with_pandas, 'pandas reads --csv and --json'), (with_duckdb, 'DuckDB reads --csv and --json; --schema duckdb'),
         (with_parquet, 'Parquet by DuckDB'), (with_pyarrow, 'Parquet by pyarrow'),
         (with_module, 'pandas through libpavo'), (with_kcat, 'kcat reads what -w kafka:// sent'),
         (with_chdb, 'ClickHouse reads all three; --schema clickhouse, and its worst rows are found again'),
         (with_executable, 'ClickHouse reads record files'), (with_server, 'an old ClickHouse: --native=legacy, Distributed'),
         (with_cluster, 'three servers: each block once, whichever of them dies'),
         (with_dashboard, "Grafana's dashboard: its queries run"),
         (with_nfcapd, 'nfcapd takes --ipfix and --ipfix=uniflow'), (with_fixbuf, 'libfixbuf reads --ipfix, with our own elements'), (with_tshark, 'tshark reads --ipfix')]


def main():
    tap = Tap()
    with scratch() as folder:
        records, sums = make(folder)
        for part, what in PARTS:
            try:
                part(folder, records, sums)
                tap.ok(True, what)
            except Skip as e:
                tap.n += 1
                print('ok %d - %s # SKIP %s' % (tap.n, what, e), flush=True)
            except Failure as e:
                tap.ok(False, what, str(e))
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


main()
