#!/usr/bin/python3
"""Verifies a ledger from the page of its format (sdk/src/ledger/README.md) alone.

Shares no code with the product: Debian's python3-cbor2 and python3-cryptography. Slow and plain on purpose. Clocks,
silence and hardware counters (findings, exit code 5) are left to others.

    verify_ledger.py DIR [--key PEM] [--json]

Exit codes: 0 verified, 1 manipulation proven, 2 incomplete, 3 not authenticated (no key given), 4 malformed,
5 verified with findings. When several hold: 4, 1, 2, 3, 5.
"""
import argparse
import hashlib
import io
import json
import os
import re
import struct
import sys
import zlib
from datetime import datetime, timezone
from fractions import Fraction

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ZERO_HASH = bytes(32)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KEY, CONTEXT, BATCH, FIGURES, EVENT, ANCHOR = range(6)
BOOT, DROP = 1, 11


class Malformed(Exception):
    pass


# --- CBOR: cbor2 is lenient, so everything must encode again to the same bytes ---------------------------------------


def decode_one(data, start):
    stream = io.BytesIO(data)
    stream.seek(start)
    try:
        value = cbor2.CBORDecoder(stream).decode()
    except Exception as fault:  # cbor2 raises many kinds for hostile bytes
        raise Malformed(f"no CBOR at {start}: {fault}")
    end = stream.tell()
    assert_plain(value)
    if encode(value) != data[start:end]:
        raise Malformed(f"not deterministic CBOR at {start}")
    return value, end


def decode(data):
    value, end = decode_one(data, 0)
    if end != len(data):
        raise Malformed("bytes after the item")
    return value


def encode(value):
    return cbor2.dumps(value, canonical=True)


def assert_plain(value):
    if isinstance(value, bool) or value is None or isinstance(value, (bytes, str)):
        return
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise Malformed("an integer of more than 64 bits")
        return
    if isinstance(value, list):
        for element in value:
            assert_plain(element)
        return
    if isinstance(value, dict):
        for key, member in value.items():
            assert_plain(key)
            assert_plain(member)
        return
    raise Malformed(f"a value of type {type(value).__name__}")


# --- trees -----------------------------------------------------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(data):
    return sha256(b"\0" + data)


def tree_head(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + tree_head(leaves[:split]) + tree_head(leaves[split:]))


class Edge:
    """Heads of the complete subtrees, largest first."""

    def __init__(self, size=0, heads=()):
        if len(heads) != bin(size).count("1"):
            raise Malformed("the right edge does not fit the size")
        self.size, self.heads = size, list(heads)

    def append(self, leaf):
        rest = self.size
        while rest & 1:
            leaf = sha256(b"\1" + self.heads.pop() + leaf)
            rest >>= 1
        self.heads.append(leaf)
        self.size += 1

    def root(self):
        if not self.heads:
            return sha256(b"")
        head = self.heads[-1]
        for left in reversed(self.heads[:-1]):
            head = sha256(b"\1" + left + head)
        return head


# --- signatures ------------------------------------------------------------------------------------------------------


class PublicKey:
    def __init__(self, key):
        self.key = key
        self.spki = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = sha256(self.spki)[:8]
        self.algorithm = -19 if isinstance(key, ed25519.Ed25519PublicKey) else -9

    def verifies(self, signature, message):
        try:
            if self.algorithm == -19:
                self.key.verify(signature, message)
                return True
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            if s > P256_ORDER // 2:
                return False
            self.key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
            return True
        except InvalidSignature:
            return False


def key_from_cose(data):
    members = decode(data)
    if members.get(1) == 1 and members.get(-1) == 6:
        return PublicKey(ed25519.Ed25519PublicKey.from_public_bytes(members[-2]))
    if members.get(1) == 2 and members.get(-1) == 1:
        point = b"\4" + members[-2] + members[-3]
        return PublicKey(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
    raise Malformed("a COSE_Key of another kind")


def usable_key(data):
    try:
        return key_from_cose(data)
    except (Malformed, ValueError, TypeError, AttributeError, KeyError):
        return None


def context_of(context):
    """the leaf hash of the context in a header; None when its parts are not those that it lists"""
    if context is None:
        return ZERO_HASH
    try:
        listed = Entry(context[0]).own[0] == [leaf_hash(part) for part in context[1]]
    except (Malformed, ValueError, TypeError, IndexError):
        return None
    return leaf_hash(context[0]) if listed else None


class Entry:
    def __init__(self, data):
        if data[:1] != b"\xd2":
            raise Malformed("no COSE_Sign1")
        parts = decode(data[1:])
        if not isinstance(parts, list) or len(parts) != 4 or parts[1] != {}:
            raise Malformed("no COSE_Sign1 of this format")
        self.header, _, self.payload, self.signature = parts
        header = decode(self.header)
        if set(header) != {1, 4, 16} or header[16] != "application/limpid-entry+cbor":
            raise Malformed("another protected header")
        self.algorithm, self.key_id = header[1], header[4]
        members = decode(self.payload)
        if self.algorithm not in (-19, -9) or len(self.signature) != 64 or members[0] != 1:
            raise Malformed("another algorithm, signature or version")
        (_, self.kind, self.ledger, self.seq, self.root, self.ctx, self.start, self.hwctr, self.t, self.mono, self.clk) = (
            members[:11]
        )
        self.own = members[11:]
        self.leaf = leaf_hash(data)

    def signed_by(self, key):
        message = encode(["Signature1", self.header, b"", self.payload])
        return self.algorithm == key.algorithm and self.key_id == key.key_id and key.verifies(self.signature, message)


# --- readings --------------------------------------------------------------------------------------------------------


class Channel:
    def __init__(self, row):
        self.id, self.words, self.type, self.order = row[0], row[8], row[9], row[10]
        num, den, offset, power = row[11]
        self.factor = Fraction(num, den)
        self.offset = Fraction(offset) * Fraction(10) ** power
        self.exponent = row[12]

    def value(self, raw):
        """val as the context makes it of the raw words"""
        if raw is None:
            return None
        data = raw if isinstance(raw, bytes) else raw.to_bytes(2 * self.words, "big")
        number = decode_words(data, self.type, self.order)
        if number is None:
            return None
        mantissa = round((Fraction(number) * self.factor + self.offset) / Fraction(10) ** self.exponent)
        return mantissa if abs(mantissa) < 2**63 else None


def decode_words(data, kind, order):
    words = [data[at : at + 2] for at in range(0, len(data), 2)]
    if order in ("BADC", "DCBA"):
        words = [word[::-1] for word in words]
    if order in ("CDAB", "DCBA") and kind not in ("string", "time"):
        words = words[::-1]
    data = b"".join(words)
    sizes = {"u16": 2, "i16": 2, "u8hi": 2, "u8lo": 2, "u32": 4, "i32": 4, "f32": 4, "u64": 8, "i64": 8, "f64": 8, "time": 6}
    if kind in sizes and len(data) != sizes[kind]:
        return None
    if kind in ("u16", "u32", "u64"):
        return int.from_bytes(data, "big")
    if kind in ("i16", "i32", "i64"):
        return int.from_bytes(data, "big", signed=True)
    if kind in ("f32", "f64"):
        number = struct.unpack(">f" if kind == "f32" else ">d", data)[0]
        return number if number == number and abs(number) != float("inf") else None
    if kind == "u8hi":
        return data[0]
    if kind == "u8lo":
        return data[1]
    if kind == "bits":
        return int.from_bytes(data, "big") if len(data) <= 8 else None
    if kind == "bcd":
        return int(data.hex()) if len(data) <= 8 and data.hex().isdigit() else None
    if kind == "time":
        digits = data.hex()
        try:
            moment = datetime.strptime("20" + digits, "%Y%m%d%H%M%S") if digits.isdigit() else None
        except ValueError:
            return None
        return None if moment is None else int(moment.replace(tzinfo=timezone.utc).timestamp())
    return None


def unfold(raws, polls):
    """the raw words of one column, one per poll"""
    if isinstance(raws, list):
        return raws
    if not isinstance(raws, bytes):
        return [raws] * polls
    width = len(raws) // polls
    if not 1 <= width <= 8 or width * polls != len(raws):
        raise Malformed("packed raw words of another length")
    return [int.from_bytes(raws[at : at + width], "big") for at in range(0, len(raws), width)]


def batch_leaves(seq, body, channels):
    """the leaves of a batch, and how many of their values are not the scaling of raw"""
    seed, base, blocks = decode(body)
    rows, strange = [], 0
    for chs, dts, usual, cols in blocks:
        ids = chs if isinstance(chs, list) else list(range(chs, chs + len(cols)))
        columns = []
        for col in cols:
            raws, vals, q = col if isinstance(col, list) else (col, None, usual)
            raws = unfold(raws, len(dts))
            qs = q if isinstance(q, list) else [q] * len(dts)
            if len(raws) != len(dts) or len(qs) != len(dts):
                raise Malformed("a column of another length")
            columns.append((raws, vals, qs))
        for poll, dt in enumerate(dts):
            for channel, (raws, vals, qs) in zip(ids, columns):
                scaled = channels[channel].value(raws[poll])
                val = scaled if vals is None else vals[poll]
                strange += val != scaled
                rows.append([channel, base + dt, raws[poll], val, qs[poll]])
    return [encode([seq, leaf, *row, salt]) for leaf, (row, salt) in enumerate(zip(rows, salts(seed, len(rows))))], strange


def figure_leaves(seq, body):
    seed, figures = decode(body)
    return [
        encode([seq, leaf, *figure, salt]) for leaf, (figure, salt) in enumerate(zip(figures, salts(seed, len(figures))))
    ]


def salts(seed, count):
    if not seed:
        return [b""] * count
    stream = Cipher(algorithms.AES(seed), modes.CTR(bytes(16))).encryptor().update(bytes(16 * count))
    return [stream[at : at + 16] for at in range(0, 16 * count, 16)]


# --- files -----------------------------------------------------------------------------------------------------------


def crc(data):
    return zlib.crc32(data).to_bytes(4, "big")


def read_header(data):
    members, end = decode_one(data, 0)
    if not isinstance(members, list) or len(members) != 8 or members[:2] != ["limpid-segment", 1]:
        raise Malformed("no header of a segment")
    if members[7] != crc(b"".join(encode(member) for member in members[:7])):
        raise Malformed("the checksum of the header does not fit")
    return members, end


def read_items(data, at):
    """yields (offset, entry, body) and ends with ('footer', members), ('end', offset) or ('torn', offset)"""
    flush = at
    while at < len(data) and data[at] != 0:
        try:
            members, end = decode_one(data, at)
            if isinstance(members, list) and len(members) == 5 and members[0] == "limpid-sealed":
                if members[4] != crc(b"".join(encode(member) for member in members[:4])):
                    raise Malformed("checksum")
                yield "footer", members, (at, end)
                return
            if data[at] not in (0x83, 0x84):
                raise Malformed("no item")
            entry, body, check = members[:3]
            back = b"" if len(members) == 3 else encode(members[3])
            if check != crc(entry + (body or b"") + back):
                raise Malformed("checksum")
            if back and at - members[3] != flush:
                raise Malformed("another flush than the item before")
        except (Malformed, TypeError, ValueError):
            yield "torn", at, None
            return
        flush = flush if back else at
        yield at, entry, body
        at = end
    yield ("torn" if data[at:].strip(b"\0") else "end"), at, None


class Verifier:
    def __init__(self, key):
        self.outside, self.key = key is not None, key
        self.findings = []
        self.edge, self.next, self.ledger = Edge(), None, None
        self.context, self.parts, self.channels = ZERO_HASH, [], {}
        self.start, self.dropped, self.first, self.readings = None, 0, None, 0
        self.head, self.times = None, []

    def find(self, code, seq, text):
        self.findings.append({"exit": code, "seq": seq, "text": text})

    def header(self, members):
        _, _, ledger, first, edge, cose_key, context, _ = members
        if self.key is None:
            self.key = usable_key(cose_key)
        self.head, self.times = members, []
        edge = Edge(first, edge) if len(edge) == bin(first).count("1") else None
        if edge is None:
            self.find(2, first, "the right edge in the header does not fit its size")
        elif self.next == first and self.edge is not None and self.edge.root() != edge.root():
            self.find(2, first, "the header names another right edge")
        if self.next == first and self.edge is not None:
            return
        if self.next is not None and self.next > first:
            self.find(1, first, f"a segment from {first} comes after {self.next - 1}")
            self.edge, self.context = None, None
            return
        if self.next is not None and self.next < first:
            self.find(2, self.next, f"entries {self.next} to {first - 1} are missing")
        self.edge, self.next, self.context = edge, first, ZERO_HASH if first == 0 else None
        if self.first is None:
            self.first = first
        if first > 0 and context_of(context) not in (None, ZERO_HASH):
            self.adopt(context_of(context), context[1])

    def check_head(self, entry):
        """the header is not signed: the first entry behind it tells whether it is right"""
        if self.head is None:
            return
        (_, _, ledger, first, _, cose_key, context, _), self.head = self.head, None
        if ledger != self.ledger:
            self.find(2, first, "the header names another ledger")
        if usable_key(cose_key) is None or usable_key(cose_key).key_id != self.key.key_id:
            self.find(2, first, "the header names another key")
        if entry.seq == first and context_of(context) != entry.ctx:
            self.find(2, first, "the header repeats another context")

    def footer(self, members, at, end, size):
        _, next_seq, first_t, last_t, _ = members
        if next_seq != self.next or (self.times and (first_t, last_t) != (min(self.times), max(self.times))):
            self.find(2, self.next, f"the footer at {at} does not fit the entries")
        if end < size:
            self.find(2, self.next, f"bytes stand behind the footer at {at}")

    def adopt(self, context, parts):
        self.context, self.parts = context, parts
        rows = [row for part in parts for row in (decode(part)[2] if decode(part)[0] == 2 else [])]
        self.channels = {row[0]: Channel(row) for row in rows}

    def item(self, data, body):
        try:
            entry = Entry(data)
            if entry.seq == 0 and not (entry.kind == KEY and entry.own[0] == 0 and entry.own[2] == b""):
                raise Malformed("entry 0 does not create a ledger")
            named = key_from_cose(entry.own[1]) if entry.seq == 0 else None
        except (Malformed, ValueError, TypeError, AttributeError, IndexError, KeyError) as fault:
            self.find(4, self.next, f"not an entry: {fault}")
            return
        seq = entry.seq
        self.times.append(entry.t)
        if self.key is None:
            self.key = named
        if self.key is None:
            self.find(2, seq, "there is no key to check it with")
        elif not entry.signed_by(self.key):
            self.find(1, seq, "not signed by the key")
        if named is not None and named.key_id != self.key.key_id:
            self.find(1, seq, "entry 0 names another key")
        if seq == 0 and self.ledger is None:
            self.ledger = sha256(data)[:8]
        elif self.ledger is None:
            self.ledger = entry.ledger
        elif entry.ledger != self.ledger:
            self.find(1, seq, "belongs to another ledger")
        if self.key is not None:
            self.check_head(entry)
        self.chain(entry)
        self.body(entry, body)

    def chain(self, entry):
        seq = entry.seq
        if seq < self.next:
            self.find(1, seq, f"comes after {self.next - 1}")
            return
        if seq > self.next:
            self.find(2, self.next, f"entries {self.next} to {seq - 1} are missing")
            self.edge, self.context = None, None
        if self.edge is not None and entry.root != self.edge.root():
            self.find(1, seq, "the root does not fit the entries before")
            self.edge = None
        if self.context is not None and entry.ctx != self.context:
            self.find(1, seq, "names another context")
        if self.start is not None and entry.start != self.start:
            if entry.kind != EVENT or entry.own[0] != BOOT:
                self.find(5, seq, "a start without its boot event")
        if entry.kind == EVENT and entry.own[0] == DROP:
            detail = entry.own[1]
            to = detail.get("toSeq") if isinstance(detail, dict) else None
            self.dropped = max(self.dropped, to + 1 if isinstance(to, int) else 0)
        self.start, self.next = entry.start, seq + 1
        if self.edge is not None:
            self.edge.append(entry.leaf)

    def body(self, entry, body):
        if entry.kind == CONTEXT:
            self.context, before = entry.leaf, self.parts
            self.parts, self.channels = [], None
            try:
                brought = decode(body) if body is not None else []
                self.take_parts(entry, before, brought)
            except (Malformed, ValueError, TypeError, AttributeError, IndexError, KeyError) as fault:
                self.find(1, entry.seq, f"the body is not what was signed: {fault!r}")
            return
        if entry.kind not in (BATCH, FIGURES):
            if body is not None:
                self.find(1, entry.seq, "an entry of this kind has no body")
            return
        if body is None:
            self.find(2, entry.seq, "the body is missing")
            return
        if entry.kind == BATCH and (self.channels is None or entry.ctx not in (self.context, ZERO_HASH)):
            self.find(2, entry.seq, "its context is not there")
            return
        try:
            if entry.kind == FIGURES:
                leaves, strange = figure_leaves(entry.seq, body), 0
            else:
                leaves, strange = batch_leaves(entry.seq, body, self.channels)
        except (Malformed, ValueError, TypeError, KeyError, OverflowError) as fault:
            self.find(1, entry.seq, f"the body is not what was signed: {fault!r}")
            return
        if len(leaves) != entry.own[0] or tree_head([leaf_hash(leaf) for leaf in leaves]) != entry.own[1]:
            self.find(1, entry.seq, "the body is not what was signed")
            return
        self.readings += len(leaves) if entry.kind == BATCH else 0
        if strange:
            self.find(5, entry.seq, f"{strange} values are not the scaling of their raw words")

    def take_parts(self, entry, before, brought):
        listed = entry.own[0]
        known = {leaf_hash(part): part for part in [*before, *brought]}
        if any(leaf_hash(part) not in listed for part in brought):
            self.find(1, entry.seq, "a part that the context does not list")
        elif any(hash not in known for hash in listed):
            self.find(2, entry.seq, "parts of the context are missing")
        else:
            self.adopt(entry.leaf, [known[hash] for hash in listed])

    def finish(self):
        if self.next is None or self.next == self.first:
            self.find(2, None, "there is no entry")
        elif self.first > self.dropped:
            self.find(2, self.first, "the front is missing and no event says that it was dropped")
        if not self.outside:
            self.find(3, None, "no key was given")
        codes = {finding["exit"] for finding in self.findings}
        return next((code for code in (4, 1, 2, 3, 5) if code in codes), 0)


def verify(directory, key):
    verifier = Verifier(key)
    names = sorted(name for name in os.listdir(directory) if re.fullmatch(r"\d{16}\.seg", name))
    for name in names:
        with open(os.path.join(directory, name), "rb") as file:
            data = file.read()
        newest = name == names[-1]
        try:
            members, end = read_header(data)
            if members[3] != int(name[:16]):
                verifier.find(2, members[3], f"{name}: its name is not its first sequence")
            verifier.header(members)
        except (Malformed, ValueError, TypeError) as fault:
            if not newest or later_item(data, 0) or data[:16].strip(b"\0") not in (b"", b"\x88nlimpid-segment"[: len(data)]):
                verifier.find(2, verifier.next, f"{name}: {fault}")
            continue
        for offset, entry, body in read_items(data, end):
            if offset == "footer":
                verifier.footer(entry, *body, len(data.rstrip(b"\0")) if newest else len(data))
            elif offset == "end":
                if not newest:
                    verifier.find(2, verifier.next, f"{name}: it is not the newest and has no footer")
            elif offset != "torn":
                verifier.item(entry, body)
            elif not newest or later_item(data, entry + 1):
                verifier.find(2, verifier.next, f"{name}: damaged at offset {entry}")
    return verifier


def later_item(data, start):
    """whether a whole item stands anywhere behind a bad one: then it is damage and not a torn tail"""
    for at in range(start, len(data)):
        if data[at] not in (0x83, 0x84):
            continue
        if isinstance(next(read_items(data, at))[0], int):
            return True
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("--key")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    key = None
    if options.key:
        with open(options.key, "rb") as file:
            key = PublicKey(serialization.load_pem_public_key(file.read()))
    verifier = verify(options.directory, key)
    code = verifier.finish()
    report = {
        "exitCode": code,
        "findings": verifier.findings,
        "size": verifier.next,
        "readings": verifier.readings,
        "ledger": verifier.ledger.hex() if verifier.ledger else "",
        "root": verifier.edge.root().hex() if verifier.edge else None,
    }
    if options.json:
        print(json.dumps(report))
    else:
        print(f"exit {code}: {report['size']} entries, {report['readings']} readings, root {report['root']}")
        for finding in verifier.findings:
            print(f"  {finding['seq']}: {finding['text']}")
    sys.exit(code)


if __name__ == "__main__":
    main()
