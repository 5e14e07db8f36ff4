#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What tools take of memory, the whole process; TAP.

Inputs are of bench/genpcap.c: so many packets of so many tunnels, each drawn at random, in so many seconds.
"""
import os
import shutil
import subprocess
import sys
import tempfile

SRC, BUILD = os.environ['PAVO_SRC'], os.environ['PAVO_BUILD']
ENV = dict(os.environ, LC_ALL='C', TZ='UTC', NO_COLOR='1')
work = tempfile.mkdtemp(prefix='pavo-memory.')
done, failed = 0, 0


def program(name):
    return os.path.join(BUILD, name)


def ok(good, what, more=''):
    global done, failed
    done += 1
    failed += not good
    print('%s %d - %s' % ('ok' if good else 'not ok', done, what))
    if more != '':
        print('# ' + str(more).replace('\n', '\n# '))
    sys.stdout.flush()


def made(name, interval, *options):
    """a record file of a generated capture"""
    path = os.path.join(work, name)
    packets = subprocess.Popen([os.path.join(work, 'genpcap')] + list(options) + ['-o', '-'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    subprocess.run([program('pavo'), '-q', '-S', str(interval), '-r', '-', '-w', path], stdin=packets.stdout, check=True, env=ENV)
    packets.stdout.close()
    packets.wait()
    return path


def peak(argv):
    """bytes that the process had at most; its exit status; what it printed"""
    with open(os.path.join(work, 'out'), 'wb+') as out:
        p = subprocess.Popen([program(argv[0])] + argv[1:], stdout=out, env=ENV)
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return used.ru_maxrss * 1024, p.returncode, out.read()


def months():
    """a longer time is more bins, of which a tunnel keeps sums: what a bin takes is no more than a few bytes"""
    how = ('-f', '50', '-r', '50', '-c', '64', '-L', '0.001', '-R', '0.001')
    packets = (100000, 400000)
    files = [made('%d.pavo' % n, 1, 'esp', '-n', str(n), *how) for n in packets]
    bins = [0.632 * n for n in packets]  # 1 - 1/e: a packet a second comes to each tunnel, by chance
    page = os.path.join(work, 'page.html')
    for what, options in (('sums', []), ('a page', ['--html', page]), ('JSON, with limits', ['--sla', 'loss=0.1%,avail=99%,reorder=0.1%', '--json'])):
        took = []
        for path in files:
            most, status, _ = peak(['ratunnel', '-r', path, '-M', '1s', '--memory', '4M', '-P', '1'] + options)
            if status != 0:
                return ok(False, 'ratunnel ends well', status)
            took.append(most)
        each = (took[1] - took[0]) / (bins[1] - bins[0])
        ok(each < 80, 'ratunnel: four times as many bins, %s' % what, '%.0f and %.0f MB: %.1f bytes a bin' % (took[0] / 1e6, took[1] / 1e6, each))


def whole():
    """--memory is of the process, with any number of threads; what it needs itself is what ra(1) says"""
    path = made('whole.pavo', 5, 'small', '-n', '1200K', '-f', '400K', '-r', '200K')
    asked, further = 100e6, 20e6
    for argv in (['rasort', '-m', '-bytes'], ['racluster', '-m', 'matrix'], ['rabins', '-M', '10s', '-m', 'saddr,daddr']):
        for threads in (1, 2, 4) if argv[0] == 'racluster' else (1, 2):
            most, status, _ = peak(argv + ['-r', path, '-w', os.path.join(work, 'w.pavo'), '--memory', '100M', '-P', str(threads)])
            ok(status == 0 and most < 1.2 * asked + max(threads - 2, 0) * further, '%s --memory 100M -P %d' % (argv[0], threads), '%.0f MB' % (most / 1e6))


make = subprocess.run(['cc', '-O2', '-DNO_PCAP', '-o', os.path.join(work, 'genpcap'), os.path.join(SRC, 'bench', 'genpcap.c'), '-lm'], capture_output=True)
if make.returncode != 0:
    print('1..0 # SKIP no C compiler')
    shutil.rmtree(work)
    sys.exit(0)
try:
    months()
    whole()
finally:
    shutil.rmtree(work)
print('1..%d' % done)
sys.exit(failed != 0)
