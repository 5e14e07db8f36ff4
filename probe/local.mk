# SPDX-License-Identifier: BSD-2-Clause
# libprobe.a and the daemon: packets in, records out.  A room a folder; none uses those below it in this list.

noinst_LIBRARIES += libprobe.a
libprobe_a_SOURCES =

# frames from files and interfaces
libprobe_a_SOURCES += \
	%D%/capture/bytes.c \
	%D%/capture/bytes.h \
	%D%/capture/capture.c \
	%D%/capture/capture.h \
	%D%/capture/filter.c \
	%D%/capture/filter.h \
	%D%/capture/frame.h \
	%D%/capture/gunzip.c \
	%D%/capture/gunzip.h \
	%D%/capture/iface.c \
	%D%/capture/iface.h \
	%D%/capture/live.c \
	%D%/capture/live.h \
	%D%/capture/merge.c \
	%D%/capture/merge.h \
	%D%/capture/netdev.c \
	%D%/capture/netdev.h \
	%D%/capture/options.h \
	%D%/capture/pcapfile.c \
	%D%/capture/pcapfile.h \
	%D%/capture/wall.h

# bytes to facts
libprobe_a_SOURCES += \
	%D%/decode/ah.c \
	%D%/decode/arp.c \
	%D%/decode/cmd.c \
	%D%/decode/decode.c \
	%D%/decode/decode.h \
	%D%/decode/decoders.h \
	%D%/decode/dns.c \
	%D%/decode/erspan.c \
	%D%/decode/esp.c \
	%D%/decode/eth.c \
	%D%/decode/fabricpath.c \
	%D%/decode/frelay.c \
	%D%/decode/geneve.c \
	%D%/decode/gre.c \
	%D%/decode/gtpu.c \
	%D%/decode/guess.c \
	%D%/decode/hdlc.c \
	%D%/decode/icmp.c \
	%D%/decode/ike.c \
	%D%/decode/ip4.c \
	%D%/decode/ip6.c \
	%D%/decode/l2tp.c \
	%D%/decode/llc.c \
	%D%/decode/mpls.c \
	%D%/decode/nflog.c \
	%D%/decode/null.c \
	%D%/decode/options.h \
	%D%/decode/packet.h \
	%D%/decode/pbb.c \
	%D%/decode/ppp.c \
	%D%/decode/proto.def \
	%D%/decode/rtp.c \
	%D%/decode/sctp.c \
	%D%/decode/sll.c \
	%D%/decode/tcp.c \
	%D%/decode/teredo.c \
	%D%/decode/udp.c \
	%D%/decode/vlan.c \
	%D%/decode/vntag.c \
	%D%/decode/vxlan.c \
	%D%/decode/wg.c \
	%D%/decode/wifi.c

# keys, flows by key, timeouts
libprobe_a_SOURCES += \
	%D%/flow/key.c \
	%D%/flow/key.h \
	%D%/flow/list.h \
	%D%/flow/slots.c \
	%D%/flow/slots.h \
	%D%/flow/path.c \
	%D%/flow/path.h \
	%D%/flow/table.c \
	%D%/flow/table.h \
	%D%/flow/wheel.c \
	%D%/flow/wheel.h

# flags that follow from a record
libprobe_a_SOURCES += \
	%D%/health/health.c \
	%D%/health/health.def \
	%D%/health/health.h

# bins in time, records from state
libprobe_a_SOURCES += \
	%D%/ledger/bin.h \
	%D%/ledger/calendar.c \
	%D%/ledger/calendar.h \
	%D%/ledger/emit.c \
	%D%/ledger/emit.h \
	%D%/ledger/hold.c \
	%D%/ledger/hold.h \
	%D%/ledger/ledger.c \
	%D%/ledger/ledger.h \
	%D%/ledger/page.c \
	%D%/ledger/page.h \
	%D%/ledger/period.h \
	%D%/ledger/stat.c \
	%D%/ledger/stat.def \
	%D%/ledger/stat.h \
	%D%/ledger/timeline.c \
	%D%/ledger/timeline.h \
	%D%/ledger/tracker.h \
	%D%/ledger/watermark.c \
	%D%/ledger/watermark.h

# numbered carriers
libprobe_a_SOURCES += \
	%D%/seq/carried.c \
	%D%/seq/numbers.c \
	%D%/seq/came.c \
	%D%/seq/numbers.h \
	%D%/seq/rtp.c \
	%D%/seq/seqno.c \
	%D%/seq/seqno.h \
	%D%/seq/stream.c \
	%D%/seq/stream.h \
	%D%/seq/wg.c

# datagrams in pieces
libprobe_a_SOURCES += \
	%D%/frag/frag.c \
	%D%/frag/frag.h

# what protocols know
libprobe_a_SOURCES += \
	%D%/track/asks.c \
	%D%/track/asks.h \
	%D%/track/dns.c \
	%D%/track/dns.h \
	%D%/track/dns_tcp.c \
	%D%/track/dns_tcp.h \
	%D%/track/icmp.c \
	%D%/track/icmp.h \
	%D%/track/registry.c \
	%D%/track/rtt.c \
	%D%/track/rtt.h \
	%D%/track/tcp.c \
	%D%/track/tcp.h \
	%D%/track/tcp_ack.c \
	%D%/track/tcp_data.c \
	%D%/track/tcp_holes.c \
	%D%/track/tcp_life.c \
	%D%/track/tcp_reach.c \
	%D%/track/track.h \
	%D%/track/tunnel.c \
	%D%/track/udp.c

# a packet finds its flow
libprobe_a_SOURCES += \
	%D%/settle/count.c \
	%D%/settle/settle.c \
	%D%/settle/settle.h \
	%D%/settle/wait.c \
	%D%/settle/wait.h

# SAs, lanes
libprobe_a_SOURCES += \
	%D%/tunnel/ike.c \
	%D%/tunnel/ike.h \
	%D%/tunnel/kin.c \
	%D%/tunnel/kin.h \
	%D%/tunnel/lanes.c \
	%D%/tunnel/lanes.h \
	%D%/tunnel/sa.h \
	%D%/tunnel/tunnel.c \
	%D%/tunnel/tunnel.h

# records to files
libprobe_a_SOURCES += \
	%D%/out/archive.c \
	%D%/out/archive.h \
	%D%/out/folder.c \
	%D%/out/folder.h \
	%D%/out/hook.c \
	%D%/out/hook.h \
	%D%/out/relay.c \
	%D%/out/relay.h \
	%D%/out/alone.c %D%/out/alone.h \
	%D%/out/sender.c %D%/out/sender.h %D%/out/spool.c %D%/out/spool.h %D%/out/way.c %D%/out/way.h \
	%D%/out/left.c \
	%D%/out/left.h \
	%D%/out/lock.c \
	%D%/out/lock.h \
	%D%/out/name.c \
	%D%/out/name.h \
	%D%/out/losses.c \
	%D%/out/losses.h \
	%D%/out/worker.c \
	%D%/out/worker.h

# how the probe is
libprobe_a_SOURCES += \
	%D%/tell/file.c \
	%D%/tell/file.h \
	%D%/tell/numbers.c \
	%D%/tell/numbers.def \
	%D%/tell/snapshot.h \
	%D%/tell/teller.c \
	%D%/tell/teller.h \
	%D%/tell/text.c

# privileges
libprobe_a_SOURCES += \
	%D%/guard/calls.c \
	%D%/guard/calls.h \
	%D%/guard/files.c \
	%D%/guard/files.h \
	%D%/guard/guard.c \
	%D%/guard/guard.h \
	%D%/guard/paths.h \
	%D%/guard/pidfile.c \
	%D%/guard/pidfile.h \
	%D%/guard/service.c \
	%D%/guard/service.h \
	%D%/guard/user.c \
	%D%/guard/user.h

# the order in which things happen
libprobe_a_SOURCES += \
	%D%/crew.c \
	%D%/crew.h \
	%D%/engine.c \
	%D%/engine.h \
	%D%/natt.c \
	%D%/natt.h \
	%D%/notes.c \
	%D%/notes.h \
	%D%/pieces.c \
	%D%/pieces.h \
	%D%/ping.c \
	%D%/ping.h \
	%D%/ring.c \
	%D%/ring.h \
	%D%/route.c \
	%D%/route.h \
	%D%/steady.c \
	%D%/steady.h \
	%D%/signals.c \
	%D%/signals.h

# the daemon
sbin_PROGRAMS += pavo
pavo_SOURCES = \
	%D%/main.c \
	%D%/conf.c \
	%D%/conf.h \
	%D%/options.c \
	%D%/options.h \
	%D%/probe.opt \
	%D%/totals.c \
	%D%/totals.h
pavo_LDADD = $(PROBE_LIBS)
EXTRA_DIST += %D%/README.md
