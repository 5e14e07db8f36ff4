# SPDX-License-Identifier: BSD-2-Clause
"""Records as messages of a Kafka topic, of librdkafka's mock cluster (three brokers on loopback): ra -w and pavo -w kafka://
send what the record file has, one message a record, keyed by flow; each is reported, also when brokers refuse some at first, and
brokers that are not there are said."""
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'truth'))
from common import *

FILES = [os.path.join(OWN, c) for c in ('esp-mixed.B.pcap', 'tcp-loss.B.pcap', 'udp-frag-loss.B.pcap')]


class Cluster:
    def __init__(self, folder, *errors):
        self.where = os.path.join(folder, 'brokers')
        if os.path.exists(self.where):
            os.unlink(self.where)
        self.p = subprocess.Popen([program('tests/kafka/mock'), self.where, 'flows', *map(str, errors)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        until = time.time() + 30
        while not os.path.exists(self.where) or not open(self.where).read().endswith('\n'):
            if time.time() > until:
                raise Failure('no cluster after 30 s')
            time.sleep(0.05)
        self.url = 'kafka://%s/flows' % open(self.where).read().strip()

    def messages(self, n):
        """(partition, key, value) of all that there is; n are waited for"""
        self.p.stdin.write('%d\n' % n)
        self.p.stdin.flush()
        out = []
        for line in self.p.stdout:
            if line == 'end\n':
                return out
            out.append(tuple(line.rstrip('\n').split('\t', 2)))
        raise Failure('the cluster is gone')

    def end(self):
        self.p.stdin.close()
        self.p.stdout.close()
        self.p.wait(60)


def lines(argv):
    return sorted(good(argv, None, (0, 1)).decode().splitlines())


def in_cluster(folder, work, *errors):
    c = Cluster(folder, *errors)
    try:
        return work(c)
    finally:
        c.end()


def sends(folder, records, argv, wanted, *errors, status=0):
    """argv, to which -w kafka://... is added, gives the lines wanted"""
    def work(c):
        st, out, err = run([argv[0], '-w', c.url] + argv[1:])
        want((st, out), (status, b''), err)
        want('%s: %d messages, all delivered' % (c.url, len(wanted)) in err, True, err)
        return c.messages(len(wanted))
    got = in_cluster(folder, work, *errors)
    values = sorted(m[2] for m in got)
    want(len(values), len(wanted), 'messages')
    for a, b in zip(values, wanted):
        want(a, b, 'a message')
    for partition, key, value in got:
        r = json.loads(value)
        want(key, r.get('flowid', r.get('probe', '')), 'the key')
    home = {}
    for partition, key, value in got:
        want(home.setdefault(key, partition), partition, 'the partition of ' + key)
    order = {}
    for partition, key, value in got:
        order.setdefault(key, []).append(json.loads(value)['bstart'])
    return order


def all_of(folder, records):
    wanted = lines(['ra', '-r', records, '--events', '--mar', '--json', '-p', '9', '-s', 'stored'])
    order = sends(folder, records, ['ra', '-r', records], wanted)
    want(all(times == sorted(times) for times in order.values()), True, 'messages of a flow are in its order')


def some(folder, records):
    wanted = lines(['ra', '-r', records, '--json', '-p', '9', '-s', 'bstart,proto,spkts,flowid,probe', '-', 'tcp and spkts > 0'])
    sends(folder, records, ['ra', '-r', records, '-s', 'bstart,proto,spkts,flowid,probe', '-', 'tcp and spkts > 0'], wanted)


def merged(folder, records):
    wanted = lines(['racluster', '-r', records, '-m', 'flow', '--json', '-p', '9', '-s', 'bstart,flowid,probe,spkts,dpkts'])
    sends(folder, records, ['racluster', '-r', records, '-m', 'flow', '-s', 'bstart,flowid,probe,spkts,dpkts'], wanted)


def refused_first(folder, records):
    wanted = lines(['ra', '-r', records, '--events', '--mar', '--json', '-p', '9', '-s', 'stored'])
    sends(folder, records, ['ra', '-r', records], wanted, 3)


def live(folder, records):
    """what is being written in a tree"""
    tree = os.path.join(folder, 'tree')
    os.makedirs(tree, exist_ok=True)
    with open(records, 'rb') as f, open(os.path.join(tree, 'a.pavo.part'), 'wb') as to:
        to.write(f.read())
    wanted = lines(['ra', '-R', tree, '--live', '--events', '--mar', '--json', '-p', '9', '-s', 'stored'])
    sends(folder, records, ['ra', '-R', tree, '--live'], wanted)


def probe(folder, records):
    wanted = lines(['ra', '-r', records, '--events', '--mar', '--json', '-p', '9', '-s', 'stored'])
    sends(folder, records, ['pavo', '-q', '-S', '1', '-e', 'gw', '-r'] + FILES, wanted)


def interface(folder, records):
    """lo, without any privilege but the packet socket: each frame that was captured is in a message"""
    def work(c):
        p = subprocess.Popen([program('pavo'), '-i', 'lo', '-S', '1', '-e', 'gw', '-w', c.url], stderr=subprocess.PIPE, text=True, env=ENV)
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for _ in range(12):
            time.sleep(0.2)
            s.sendto(b'x', ('127.0.0.1', 9))
        time.sleep(1)
        p.send_signal(signal.SIGINT)
        err = p.communicate(timeout=LIMIT)[1]
        want(p.returncode, 0, err)
        m = re.search(r': (\d+) messages, all delivered', err)
        want(m is not None, True, err)
        return c.messages(int(m.group(1))), int(m.group(1))
    got, n = in_cluster(folder, work)
    rows = [json.loads(m[2]) for m in got]
    want(len(rows), n, 'messages')
    frames = sum(r.get('frames', 0) for r in rows)
    want(frames > 12, True, '%d frames' % frames)
    want(sum(r.get('spkts', 0) + r.get('dpkts', 0) + sum(r.get(k, 0) for k in ('short_pkts', 'badip_pkts', 'nonip_pkts', 'filt_pkts')) for r in rows), frames,
         'packets')


def nobody(folder, records):
    url = 'kafka://127.0.0.1:9/flows?message.timeout.ms=2000'
    n = len(lines(['ra', '-r', records, '--events', '--mar', '--json']))
    for argv in ['ra', '-r', records], ['pavo', '-q', '-S', '1', '-e', 'gw', '-r'] + FILES:
        st, _, err = run([argv[0], '-w', url] + argv[1:])
        want(st, 2, err)
        want('%s: of %d messages 0 were delivered, %d were not: Local: Message timed out' % (url, n, n) in err, True, err)


def wrong(folder, records):
    for url, said in [('kafka://127.0.0.1', 'expected kafka://BROKER[:PORT]/TOPIC'),
                      ('kafka:///flows', 'expected kafka://BROKER[:PORT]/TOPIC'),
                      ('kafka://127.0.0.1/flows?linger', 'linger: expected PROPERTY=VALUE'),
                      ('kafka://127.0.0.1/flows?no.such=1', 'No such configuration property: "no.such"')]:
        for argv in ['ra', '-r', records], ['pavo', '-q', '-S', '1', '-r'] + FILES:
            st, _, err = run([argv[0], '-w', url] + argv[1:])
            want(st, 2, err)
            want('ra: -w %s: %s\n' % (url, said) in err, True, err)
    for more, said in [(['--csv'], 'messages are JSON: leave out --native, --ipfix, --schema and separated values'),
                       (['--native'], 'messages are JSON: leave out --native, --ipfix, --schema and separated values')]:
        want(said in run(['ra', '-r', records, '-w', 'kafka://127.0.0.1/flows'] + more)[2], True, more[0])
    st, _, err = run(['pavo', '-r', FILES[0], '-w', 'kafka://127.0.0.1/flows', '--rotate', '5m'])
    want((st, 'are for files' in err), (2, True), '--rotate')
    st, _, err = run(['pavo', '-r', FILES[0], '-w', 'kafka://127.0.0.1/flows', '-w', folder + '/y.pavo'])
    want((st, 'beside other outputs' in err), (2, True), 'two outputs')


CASES = [(all_of, 'ra -w kafka://: a message a record, what the file has'), (some, 'with -s and a filter'), (merged, 'of racluster'),
         (refused_first, 'brokers that refuse some at first: each once'), (live, 'ra --live -w kafka://'), (probe, 'pavo -w kafka://'), (interface, 'pavo -i lo -w kafka://'),
         (nobody, 'no broker: what was not delivered is said'), (wrong, 'what is wrong')]


def main():
    tap = Tap()
    if not os.path.exists(program('tests/kafka/mock')):
        print('1..0 # SKIP built without librdkafka')
        return
    with scratch() as folder:
        records = os.path.join(folder, 'x.pavo')
        good(['pavo', '-q', '-S', '1', '-e', 'gw', '-r'] + FILES + ['-w', records])
        for f, what in CASES:
            if f is interface and os.geteuid() != 0:
                tap.skip(what, 'needs root')
                continue
            try:
                f(folder, records)
            except Failure as e:
                tap.ok(False, what, e)
            else:
                tap.ok(True, what)
    print('1..%d' % tap.n)
    sys.exit(tap.failed > 0)


main()
