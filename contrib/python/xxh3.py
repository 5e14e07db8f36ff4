# SPDX-License-Identifier: BSD-2-Clause
"""XXH3, 64 bits, of up to 240 bytes in plain Python, written from its specification.  Slow and right."""
M64 = (1 << 64) - 1
P64 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
SECRET = bytes.fromhex(
    'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221'
    'b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8'
    'a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb'
    '170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e')


def number(data, at, size=8):
    return int.from_bytes(data[at:at + size], 'little')


def secret(at, size=8):
    return number(SECRET, at, size)


def fold(a, b):
    product = a * b
    return (product ^ product >> 64) & M64


def swapped(x):
    return int.from_bytes(x.to_bytes(8, 'little'), 'big')


def rotated(x, n):
    return (x << n | x >> 64 - n) & M64


def last(h):
    h = (h ^ h >> 37) * 0x165667919E3779F9 & M64
    return h ^ h >> 32


def last_of_few(h):
    h = (h ^ h >> 33) * P64[1] & M64
    h = (h ^ h >> 29) * P64[2] & M64
    return h ^ h >> 32


def mixed(data, at, where, seed):
    return fold(number(data, at) ^ (secret(where) + seed & M64), number(data, at + 8) ^ (secret(where + 8) - seed & M64))


def xxh3(data, seed=0):
    n = len(data)
    if n == 0:
        return last_of_few(seed ^ secret(56) ^ secret(64))
    if n <= 3:
        x = data[0] << 16 | data[n >> 1] << 24 | data[n - 1] | n << 8
        return last_of_few(x ^ (secret(0, 4) ^ secret(4, 4)) + seed & M64)
    if n <= 8:
        seed ^= swapped(seed & 0xffffffff)
        h = number(data, n - 4, 4) + (number(data, 0, 4) << 32) ^ (secret(8) ^ secret(16)) - seed & M64
        h = (h ^ rotated(h, 49) ^ rotated(h, 24)) * 0x9FB21C651E98DF25 & M64
        h = (h ^ (h >> 35) + n) * 0x9FB21C651E98DF25 & M64
        return h ^ h >> 28
    if n <= 16:
        low = number(data, 0) ^ (secret(24) ^ secret(32)) + seed & M64
        high = number(data, n - 8) ^ (secret(40) ^ secret(48)) - seed & M64
        return last(n + swapped(low) + high + fold(low, high) & M64)
    h = n * P64[0]
    if n <= 128:
        for i in range((n - 1) // 32 + 1):
            h += mixed(data, 16 * i, 32 * i, seed) + mixed(data, n - 16 * (i + 1), 32 * i + 16, seed)
        return last(h & M64)
    if n > 240:
        raise ValueError("more than 240 bytes")
    h = last(h + sum(mixed(data, 16 * i, 16 * i, seed) for i in range(8)) & M64)
    h += sum(mixed(data, 16 * i, 16 * (i - 8) + 3, seed) for i in range(8, n // 16))
    return last(h + mixed(data, n - 16, 136 - 17, seed) & M64)
