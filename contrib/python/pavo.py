# SPDX-License-Identifier: BSD-2-Clause
"""Flow records of pavo as numpy columns, read through libpavo.

    r = pavo.read("x.pavo", "stime,saddr,spkts,sloss", "esp and sloss > 0")
    r["spkts"].sum(), r["stime"].min()
    r.pandas().groupby("saddr").sloss.sum()
    pyarrow.parquet.write_table(r.arrow(), "x.parquet")

Files, fields (names of pavo-fields(7)) and filter (pavo-filter(7)) are those of ra; what comes is what ra shows.
libpavo.so.0 is looked for where the system has its libraries; $PAVO_LIBRARY names another one.
"""
import collections.abc
import ctypes
import ipaddress
import os
import socket
import sys
import time as _time

try:
    import numpy as np
except ImportError:
    raise ImportError("pavo needs numpy (Debian: python3-numpy)") from None

__all__ = ["read", "batches", "address", "Records", "Field", "Error", "Damaged"]
__version__ = "0.1.0"

U64, I64, DOUBLE, ADDRESS, BYTES, STRING = range(6)
ABSENT, PRESENT, MIXED = range(3)


class Error(Exception):
    """The question is wrong, or its files can not be read: a sentence."""


class Damaged(Error):
    """Part of the files could not be read; `records` is what could."""

    def __init__(self, sentence, records):
        super().__init__(sentence)
        self.records = records


# --- libpavo -----------------------------------------------------------------------------------------


class Field(ctypes.Structure):
    """name, type, unit, doc (bytes), kind, words"""

    _fields_ = [("name", ctypes.c_char_p), ("type", ctypes.c_char_p), ("unit", ctypes.c_char_p), ("doc", ctypes.c_char_p),
                ("kind", ctypes.c_int), ("words", ctypes.c_bool)]


class _Question(ctypes.Structure):
    _fields_ = [("files", ctypes.POINTER(ctypes.c_char_p)), ("nfiles", ctypes.c_size_t), ("fields", ctypes.c_char_p),
                ("filter", ctypes.c_char_p), ("start", ctypes.c_int64), ("to", ctypes.c_int64), ("all_records", ctypes.c_bool)]


class _Column(ctypes.Structure):
    _fields_ = [("values", ctypes.c_void_p), ("offset", ctypes.c_void_p), ("state", ctypes.c_void_p)]


class _Batch(ctypes.Structure):
    _fields_ = [("rows", ctypes.c_size_t), ("columns", ctypes.c_size_t), ("column", ctypes.POINTER(_Column))]


class _Value(ctypes.Structure):
    _fields_ = [("state", ctypes.c_int), ("value", ctypes.c_uint64), ("length", ctypes.c_size_t)]


def _load():
    try:
        lib = ctypes.CDLL(os.environ.get("PAVO_LIBRARY", "libpavo.so.0"))
    except OSError as e:
        raise ImportError("libpavo: %s" % e) from None
    lib.pavo_open.restype = ctypes.c_void_p
    lib.pavo_open.argtypes = [ctypes.POINTER(_Question), ctypes.c_char_p, ctypes.c_size_t]
    lib.pavo_fields.restype = ctypes.POINTER(Field)
    lib.pavo_fields.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t)]
    lib.pavo_next.restype = ctypes.POINTER(_Batch)
    lib.pavo_next.argtypes = [ctypes.c_void_p]
    lib.pavo_error.restype = ctypes.c_char_p
    lib.pavo_error.argtypes = [ctypes.c_void_p]
    lib.pavo_close.restype = None
    lib.pavo_close.argtypes = [ctypes.POINTER(ctypes.c_void_p)]
    lib.pavo_text.restype = ctypes.c_size_t
    lib.pavo_text.argtypes = [ctypes.POINTER(Field), ctypes.POINTER(_Value), ctypes.c_char_p, ctypes.c_size_t]
    lib.pavo_time.restype = ctypes.c_bool
    lib.pavo_time.argtypes = [ctypes.c_char_p, ctypes.c_int64, ctypes.POINTER(ctypes.c_int64), ctypes.POINTER(ctypes.c_int64)]
    return lib


_lib = _load()


def _text(field, value, length=0):
    v, n = _Value(PRESENT, value, length), 256
    while True:
        to = ctypes.create_string_buffer(n)
        whole = _lib.pavo_text(ctypes.byref(field), ctypes.byref(v), to, n)
        if whole < n:
            return to.raw[:whole].decode(errors="replace")
        n = whole + 1


def _array(address_, dtype, n):
    """what lies there, until the next batch"""
    dtype = np.dtype(dtype)
    if n == 0:
        return np.empty(0, dtype)
    return np.frombuffer((ctypes.c_char * (n * dtype.itemsize)).from_address(address_), dtype)


# --- columns -----------------------------------------------------------------------------------------

_DTYPES = {U64: "u8", I64: "i8", DOUBLE: "f8", ADDRESS: "V16"}
_MAPPED = int.from_bytes(b"\0\0\xff\xff", sys.byteorder)  # the third of four parts of ::ffff:a.b.c.d
_TYPES = {b"TIME": "M8[ns]", b"DUR": "m8[us]"}


def _spread(data, offset, decode):
    """bytes of rows, each of its own; the same one is made once"""
    n = len(offset) - 1
    first = data[:int(offset[1])] if n else b""
    if n and len(data) == n * len(first) and data == first * n:
        out = np.empty(n, object)
        out.fill(decode(first))
        return out
    known, out = {}, np.empty(n, object)
    at = offset.tolist()
    for i in range(n):
        b = data[at[i]:at[i + 1]]
        if b not in known:
            known[b] = decode(b)
        out[i] = known[b]
    return out


class Records(collections.abc.Mapping):
    """Columns by their names: numpy arrays, masked ones where some rows have no value.

    Times are datetime64[ns] (UTC), durations timedelta64[us], protocols, states and flags words, addresses 16 bytes each
    (pavo.address() makes such a one, text() reads them), histograms and the like bytes.
    """

    def __init__(self, fields, columns, states, rows):
        self._fields, self._columns, self._states, self.rows = fields, columns, states, rows
        self._made = {}

    def __iter__(self):
        return iter(self._fields)

    def __len__(self):
        return len(self._fields)

    def __repr__(self):
        return "<%d flow records: %s>" % (self.rows, ", ".join(self))

    def field(self, name):
        return self._fields[name]

    def state(self, name):
        """uint8: pavo.ABSENT, PRESENT, MIXED of each row"""
        return self._states[name]

    def numbers(self, name):
        """as libpavo gives them: of words their numbers, of times ns; 0 where there is no value"""
        return self._columns[name]

    def _missing(self, name):
        """a mask; None: every row has a value"""
        state = self._states[name]
        return None if (state == PRESENT).all() else state != PRESENT

    def _codes(self, name):
        """of words: (places in the list, the list)"""
        v = self._columns[name]
        if len(v) and int(v.max()) < 1 << 20:
            seen = np.zeros(int(v.max()) + 1, bool)
            seen[v] = True
            which = np.flatnonzero(seen)
            place = np.zeros(len(seen), np.int32)
            place[which] = np.arange(len(which), dtype=np.int32)
            codes = place[v]
        else:
            which, codes = np.unique(v, return_inverse=True)
        return codes, [_text(self._fields[name], int(x)) for x in which]

    def _values(self, name):
        field, v = self._fields[name], self._columns[name]
        if field.words:
            codes, words = self._codes(name)
            return np.array(words + [None], object)[codes] if len(v) else np.empty(0, object)
        if field.kind == U64 and field.type in _TYPES:
            return v.view(_TYPES[field.type])
        return v

    def __getitem__(self, name):
        if name not in self._made:
            values, missing = self._values(name), self._missing(name)
            self._made[name] = values if missing is None else np.ma.MaskedArray(values, missing)
        return self._made[name]

    def text(self, name):
        """an array of str, as ra --json has the values; None where there is none"""
        field, v = self._fields[name], self._columns[name]
        if field.words:
            out = self._values(name)
        elif field.kind == ADDRESS:
            out = self._addresses(field, v)
        elif field.kind == STRING:
            out = v.copy()
        elif field.kind == BYTES:
            out = np.array([self._bytes_text(field, b) for b in v] + [None], object)[:-1]
        else:
            which, codes = np.unique(v, return_inverse=True)
            out = np.array([_text(field, int(x)) for x in which.view("u8")] + [None], object)[codes]
        missing = self._missing(name)
        if missing is not None:
            out = out.copy()
            out[missing] = None
        return out

    @staticmethod
    def _addresses(field, v):
        """each is written once; numbers are faster to tell apart than 16 bytes"""
        parts = v.view("u4").reshape(-1, 4)
        if len(v) and (parts[:, :2] == 0).all() and (parts[:, 2] == _MAPPED).all():
            which, codes = np.unique(parts[:, 3], return_inverse=True)
            words = [socket.inet_ntoa(int(x).to_bytes(4, sys.byteorder)) for x in which]
        else:
            which, codes = np.unique(v.view("S16"), return_inverse=True)
            words = [Records._bytes_text(field, b) for b in which.view("V16").tolist()]
        return np.array(words + [None], object)[codes]

    @staticmethod
    def _bytes_text(field, b):
        keep = ctypes.create_string_buffer(b, len(b) + 1)
        return _text(field, ctypes.addressof(keep), len(b))

    def pandas(self):
        """a DataFrame: words are categories, addresses text, what is missing <NA>, NaT or NaN"""
        import pandas as pd

        out = {}
        for name, field in self._fields.items():
            missing = self._missing(name)
            if field.words:
                codes, words = self._codes(name)
                codes = codes if missing is None else np.where(missing, -1, codes)
                out[name] = pd.Categorical.from_codes(codes, words)
            elif field.kind == ADDRESS:
                out[name] = self.text(name)
            elif field.kind in (BYTES, STRING):
                out[name] = self._values(name) if missing is None else np.where(missing, None, self._values(name))
            elif field.kind == DOUBLE:
                out[name] = self._values(name) if missing is None else np.where(missing, np.nan, self._values(name))
            elif field.type in _TYPES and field.kind == U64:
                v = self._values(name)
                v = v if missing is None else np.where(missing, v.dtype.type("NaT"), v)
                out[name] = pd.DatetimeIndex(v).tz_localize("UTC") if field.type == b"TIME" else v.astype("m8[ns]")
            else:
                v = self._values(name)
                out[name] = v if missing is None else pd.arrays.IntegerArray(v.copy(), missing)
        return pd.DataFrame(out, copy=False)

    def arrow(self):
        """a pyarrow.Table: words are dictionaries, addresses text, what is missing null"""
        import pyarrow as pa

        out = {}
        for name, field in self._fields.items():
            missing = self._missing(name)
            if field.words:
                codes, words = self._codes(name)
                out[name] = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32(), mask=missing), pa.array(words, pa.string()))
            elif field.kind == ADDRESS:
                out[name] = pa.array(self.text(name), pa.string())
            elif field.kind in (BYTES, STRING):
                out[name] = pa.array(self._values(name), pa.string() if field.kind == STRING else pa.binary(), mask=missing)
            elif field.kind == U64 and field.type in _TYPES:
                kind = pa.timestamp("ns", "UTC") if field.type == b"TIME" else pa.duration("us")
                out[name] = pa.array(self._columns[name].view("i8"), pa.int64(), mask=missing).cast(kind)
            else:
                out[name] = pa.array(self._values(name), mask=missing)
        return pa.table(out)


def address(text):
    """16 bytes as columns have them: r["saddr"] == pavo.address("10.0.0.1")"""
    a = ipaddress.ip_address(text)
    return np.void(a.packed if a.version == 6 else bytes(10) + b"\xff\xff" + a.packed)


# --- reading -----------------------------------------------------------------------------------------


class _Growing:
    """Parts of an array, one behind the other.  Fresh arrays of numpy lie in huge pages, which resize() loses: a copy of a
    quarter now and then is cheaper than the faults of all pages; what is not written to costs nothing."""

    def __init__(self, dtype):
        self.all, self.n = np.empty(0, dtype), 0

    def add(self, part):
        n = self.n + len(part)
        if n > len(self.all):
            old, self.all = self.all, np.empty(max(n, 4 * self.n), self.all.dtype)
            self.all[:self.n] = old[:self.n]
        self.all[self.n:n] = part
        self.n = n

    def done(self):
        return self.all[:self.n]


def _column(field, c, n):
    """valid until the next batch"""
    if field.kind in _DTYPES:
        return _array(c.values, _DTYPES[field.kind], n)
    offset = _array(c.offset, "u8", n + 1)
    data = ctypes.string_at(c.values, int(offset[-1]))
    return _spread(data, offset, (lambda b: b.decode(errors="replace")) if field.kind == STRING else bytes)


class _Reader:
    def __init__(self, files, fields, filter, time, all_records):
        names = [files] if isinstance(files, (str, bytes, os.PathLike)) else list(files)
        names = [os.fsencode(name) for name in names]
        self.handle = ctypes.c_void_p()
        if fields is not None and not isinstance(fields, str):
            fields = ",".join(fields)
        q = _Question((ctypes.c_char_p * max(1, len(names)))(*names), len(names), None if fields is None else fields.encode(),
                      None if filter is None else filter.encode(), 0, 0, all_records)
        if time is not None:
            start, to = ctypes.c_int64(), ctypes.c_int64()
            if not _lib.pavo_time(time.encode(), _time.time_ns(), ctypes.byref(start), ctypes.byref(to)):
                raise Error("%s is no range of time" % time)
            q.start, q.to = start.value, to.value
        why = ctypes.create_string_buffer(1024)
        self.handle = ctypes.c_void_p(_lib.pavo_open(ctypes.byref(q), why, len(why)))
        if not self.handle:
            raise Error(why.value.decode(errors="replace"))
        n = ctypes.c_size_t()
        given = _lib.pavo_fields(self.handle, ctypes.byref(n))
        # copies: they outlive the reader; their texts are the library's own
        self.fields = [Field.from_buffer_copy(given[i]) for i in range(n.value)]

    def __iter__(self):
        """the records of each batch"""
        while True:
            b = _lib.pavo_next(self.handle)
            if not b:
                return
            yield b[0].rows, b[0].column

    def error(self):
        e = _lib.pavo_error(self.handle)
        return None if e is None else e.decode(errors="replace")

    def close(self):
        _lib.pavo_close(ctypes.byref(self.handle))

    def records(self, parts):
        values = [_Growing(_DTYPES.get(f.kind, object)) for f in self.fields]
        states = [_Growing("u1") for f in self.fields]
        rows = 0
        for n, column in parts:
            rows += n
            for i, f in enumerate(self.fields):
                values[i].add(_column(f, column[i], n))
                states[i].add(_array(column[i].state, "u1", n))
        names = [f.name.decode() for f in self.fields]
        return Records(dict(zip(names, self.fields)), {name: v.done() for name, v in zip(names, values)},
                       {name: s.done() for name, s in zip(names, states)}, rows)


def read(files, fields=None, filter=None, *, time=None, all_records=False):
    """All records, as Records.

    files: a record file, a folder, "-", or a list of such; fields: "stime,spkts" or a list (None: all that is stored);
    filter: pavo-filter(7); time: as ra -t; all_records: also the probe's own (MAR) and rows of a flow's end alone.
    Error: the question is wrong.  Damaged: something could not be read; its `records` are the others.
    """
    reader = _Reader(files, fields, filter, time, all_records)
    try:
        records = reader.records(reader)
        if reader.error() is not None:
            raise Damaged(reader.error(), records)
    finally:
        reader.close()
    return records


def batches(files, fields=None, filter=None, *, time=None, all_records=False):
    """The same, at most 32768 at a time, for what does not fit into memory."""
    reader = _Reader(files, fields, filter, time, all_records)
    try:
        for part in reader:
            yield reader.records([part])
        if reader.error() is not None:
            raise Damaged(reader.error(), reader.records([]))
    finally:
        reader.close()
