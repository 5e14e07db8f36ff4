# SPDX-License-Identifier: BSD-2-Clause
# libflow.a: what a flow record is and how it lies on disk.

noinst_LIBRARIES += libflow.a
# What says sentences to people, ends programs or speaks with other machines is no part of the library for programs of others (libpavo/).
FLOW_SOURCES =
libflow_a_SOURCES = $(FLOW_SOURCES) %D%/base/log.c %D%/base/log.h %D%/base/progress.c %D%/base/progress.h \
	%D%/base/far.c %D%/base/far.h %D%/base/link.c %D%/base/link.h %D%/base/tls.c %D%/base/tls.h %D%/wire.c %D%/wire.h

# base: nothing here knows what a flow is
FLOW_SOURCES += \
	%D%/base/arena.c %D%/base/arena.h \
	%D%/base/bits.h \
	%D%/base/buf.c %D%/base/buf.h \
	%D%/base/canary.h \
	%D%/base/clock.c %D%/base/clock.h \
	%D%/base/cursor.h \
	%D%/base/cut.c %D%/base/cut.h \
	%D%/base/hash.c %D%/base/hash.h \
	%D%/base/json.c %D%/base/json.h \
	%D%/base/map.c %D%/base/map.h \
	%D%/base/ip.c %D%/base/ip.h \
	%D%/base/mem.c %D%/base/mem.h \
	%D%/base/programs.h \
	%D%/base/output.c %D%/base/output.h \
	%D%/base/plain.c %D%/base/plain.h \
	%D%/base/sanitizer.h \
	%D%/base/sha256.c %D%/base/sha256.h \
	%D%/base/show.c %D%/base/show.h \
	%D%/base/vector.h \
	%D%/base/wide.h \
	%D%/base/zone.c %D%/base/zone.h

# types, the table of fields, records (add your files here)
FLOW_SOURCES += %D%/types.c %D%/types.h %D%/types.def %D%/names.def

FLOW_SOURCES += \
	%D%/batch.c %D%/batch.h \
	%D%/cid.c %D%/cid.h \
	%D%/dense.c %D%/dense.h \
	%D%/derive.c \
	%D%/fields.c %D%/fields.def %D%/fields.h \
	%D%/flow.c %D%/flow.h \
	%D%/hist.c %D%/hist.h \
	%D%/ids.c %D%/ids.h %D%/seqs.c %D%/seqs.h \
	%D%/tile.c %D%/tile.h \
	%D%/value.c %D%/value.h

# codecs, blocks, files
FLOW_SOURCES += \
	%D%/block.h %D%/block_blobs.c %D%/block_decoding.h %D%/block_dense.c %D%/block_encoding.h %D%/block_get.c %D%/block_memory.c \
	%D%/block_memory.h %D%/block_pick.c %D%/block_put.c %D%/block_rows.c \
	%D%/codec.h %D%/codec_get.c %D%/codec_memory.c %D%/codec_memory.h %D%/codec_plan.c %D%/codec_narrow.c %D%/codec_put.c %D%/codec_set.c \
	%D%/codec_unpack.c %D%/codec_unpack.h %D%/narrow.c %D%/narrow.h \
	%D%/dictionary.c %D%/dictionary.h \
	%D%/formula.c %D%/formula.h \
	%D%/given.c %D%/given.h \
	%D%/like.c %D%/like.h \
	%D%/member.c %D%/member.h \
	%D%/meta.c %D%/meta.h \
	%D%/input.c %D%/input.h \
	%D%/outline.c %D%/outline.h \
	%D%/reader.h %D%/reader_find.c %D%/reader_piece.c %D%/reader_room.h \
	%D%/repair.c %D%/repair.h \
	%D%/tally.c %D%/tally.h \
	%D%/segment.h \
	%D%/taken.h \
	%D%/writer.c %D%/writer.h
