# SPDX-License-Identifier: BSD-2-Clause
# libprobe.a and the daemon: packets in, records out.

noinst_LIBRARIES += libprobe.a
libprobe_a_SOURCES =

# capture, decode and decode/*.c
libprobe_a_SOURCES += \
	%D%/capture.c \
	%D%/capture.h \
	%D%/decode.c \
	%D%/decode.h \
	%D%/packet.h \
	%D%/pcapfile.c \
	%D%/pcapfile.h \
	%D%/proto.def \
	%D%/decode/decoders.h \
	%D%/decode/ah.c \
	%D%/decode/arp.c \
	%D%/decode/dns.c \
	%D%/decode/erspan.c \
	%D%/decode/esp.c \
	%D%/decode/eth.c \
	%D%/decode/frelay.c \
	%D%/decode/geneve.c \
	%D%/decode/gre.c \
	%D%/decode/hdlc.c \
	%D%/decode/icmp.c \
	%D%/decode/ike.c \
	%D%/decode/ip4.c \
	%D%/decode/ip6.c \
	%D%/decode/llc.c \
	%D%/decode/mpls.c \
	%D%/decode/nflog.c \
	%D%/decode/null.c \
	%D%/decode/ppp.c \
	%D%/decode/rtp.c \
	%D%/decode/sctp.c \
	%D%/decode/sll.c \
	%D%/decode/tcp.c \
	%D%/decode/udp.c \
	%D%/decode/vlan.c \
	%D%/decode/vxlan.c \
	%D%/decode/wg.c \
	%D%/decode/wifi.c

# time, key, state, records
libprobe_a_SOURCES += \
	%D%/about.c \
	%D%/carriers.c \
	%D%/desk.c \
	%D%/emit.c \
	%D%/emit.h \
	%D%/engine.c \
	%D%/engine.h \
	%D%/engine_room.h \
	%D%/frag.c \
	%D%/frag.h \
	%D%/health.c \
	%D%/health.def \
	%D%/health.h \
	%D%/key.c \
	%D%/key.h \
	%D%/lanes.c \
	%D%/ping.c \
	%D%/ping.h \
	%D%/slots.c \
	%D%/slots.h \
	%D%/stat.c \
	%D%/stat.def \
	%D%/stat.h \
	%D%/table.c \
	%D%/table.h \
	%D%/timeline.c \
	%D%/timeline.h \
	%D%/track.c \
	%D%/track.h \
	%D%/track/dns.c \
	%D%/track/dns.h \
	%D%/track/rtp.c \
	%D%/track/rtt.c \
	%D%/track/rtt.h \
	%D%/track/seq.c \
	%D%/track/seq.h \
	%D%/track/seqno.c \
	%D%/track/seqno.h \
	%D%/track/stream.c \
	%D%/track/stream.h \
	%D%/track/tcp.c \
	%D%/track/tcp.h \
	%D%/track/tcp_ack.c \
	%D%/track/tcp_data.c \
	%D%/track/tcp_life.c \
	%D%/track/track.h \
	%D%/track/udp.c \
	%D%/track/udp.h \
	%D%/track/wg.c \
	%D%/tunnel.c \
	%D%/tunnel.h \
	%D%/watermark.c \
	%D%/watermark.h \
	%D%/wheel.c \
	%D%/wheel.h \
	%D%/worker.c \
	%D%/worker.h

# the daemon
sbin_PROGRAMS += pavo
pavo_SOURCES = \
	%D%/main.c \
	%D%/conf.c \
	%D%/conf.h \
	%D%/options.c \
	%D%/options.h \
	%D%/probe.opt
pavo_LDADD = $(PROBE_LIBS)
