import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Channel } from '@limpid/sdk/core';
import {
  encodeFiguresBody,
  encodeItem,
  encodeSegmentFooter,
  encodeSegmentHeader,
  figuresCommitment,
  type Item,
  LedgerVerifier,
  peekEntry,
  type SegmentFooter,
  type SegmentHeader,
} from '@limpid/sdk/ledger/seal';
import { afterEach, describe, expect, it } from 'vitest';
import { publicKeyToPem } from '../../sdk/src/ledger/store/node-suite.ts';
import { f32, honestLedger, ItemWriter, suite, testBody, testChannel, testSigner } from '../support/item-writer.ts';
import { need } from '../support/need.ts';

const SCRIPT = fileURLToPath(new URL('verify_ledger.py', import.meta.url));
const there = need({ python: 'cbor2' }, 'python3-cbor2') && need({ python: 'cryptography' }, 'python3-cryptography');

/** Every type and order, with scales, offsets, ties, and words that hold no number. */
const ROWS: [Partial<Channel>, (number | bigint | Uint8Array | null)[]][] = [
  [{ type: 'u16', words: 1, scale: scale(1n, 10n) }, [0, 5, 65535, null]],
  [{ type: 'i16', words: 1, order: 'BADC', exponent: 0 }, [0xffff, 0x0080, 0x7fff, 1]],
  [{ type: 'u32', order: 'CDAB', exponent: -3 }, [1, 0xffffffff, 0x00010000, 7]],
  [{ type: 'i32', order: 'DCBA', scale: scale(1n, 3n, -27315n, -2) }, [1, 0xffffffff, 0x80000000, 7]],
  [{ type: 'u64', words: 4, exponent: 0 }, [1, 2n ** 64n - 1n, 2n ** 63n - 1n, 7]],
  [{ type: 'i64', words: 4, order: 'CDAB', exponent: 1 }, [1, 2n ** 64n - 1n, 2n ** 63n, 25]],
  [{ type: 'f32', exponent: -1 }, [f32(35.25), f32(-35.35), f32(Number.NaN), f32(Number.POSITIVE_INFINITY)]],
  [{ type: 'f32', order: 'CDAB', exponent: -30 }, [f32(1e10), f32(1e-38), 0, 0x80000000]],
  [{ type: 'f64', words: 4, exponent: -6 }, [0x3ff0000000000000n, 0x4009_21fb_5444_2d18n, 0x7ff8000000000000n, 1]],
  [{ type: 'bcd', words: 2 }, [0x12345678, 0x0000000a, 0, 0x99999999]],
  [{ type: 'bits', words: 1, exponent: 0 }, [0xa5a5, 0, 1, 2]],
  [{ type: 'u8hi', words: 1, exponent: 0 }, [0xa501, 0x00ff, 0xff00, 1]],
  [{ type: 'u8lo', words: 1, exponent: 0, order: 'BADC' }, [0xa501, 0x00ff, 0xff00, 1]],
  [{ type: 'string', words: 5 }, ['limpid 001', '          ', 'x\0\0\0\0\0\0\0\0\0', 'abcdefghij'].map(ascii)],
  [{ type: 'time', words: 3, exponent: 0 }, [0x261123040506, 0x261323040506, 0x260229000000, 0x240229235959]],
];

function scale(num: bigint, den: bigint, mantissa = 0n, exponent = 0): Channel['scale'] {
  return { num, den, offset: { mantissa, exponent } };
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** One of everything that the format has. */
function richLedger(writer = new ItemWriter()): ItemWriter {
  writer.begin();
  const channels = ROWS.map(([changes], at) => testChannel(at + 1, changes));
  writer.writeContext(channels, [
    { kind: 'site', name: '', value: { outlets: ['DA001'], limits: [35, -1, null, true], text: '二氧化硫' } },
    { kind: 'firmware', name: '', version: '0.1.0', treeHash: null, runtime: 'node' },
  ]);
  writer.wait(10_000);
  const columns = ROWS.map(([, raw], at) => ({
    raw,
    value: null,
    quality: at % 2 === 0 ? 0 : raw.map((_, poll) => poll),
  }));
  const blocks = [{ channels: channels.map(({ id }) => id), offsetsMs: [0, 2500, 5000, 7500], columns }];
  writer.batch({ seed: new Uint8Array(16).fill(9), baseWallMs: writer.wallMs, blocks });
  writer.batch({ seed: new Uint8Array(0), baseWallMs: writer.wallMs, blocks });
  writer.event('calibration', { device: 'cems', span: -5, raw: Uint8Array.of(1), list: [1n, 'a', false] });
  const hash = new Uint8Array(32).fill(1);
  const figure = {
    outlet: 'DA001',
    code: 'a21026',
    period: 2 as const,
    startMs: 5,
    lengthMin: 60,
    valid: true,
    mark: 'N',
  };
  const rest = { method: 1, ruleSet: hash, params: hash, from: [[3, 4]] as [number, number][], supersedes: null };
  const stats = new Map([[1, { mantissa: -5n, exponent: -1 }]]);
  const body = {
    seed: new Uint8Array(16).fill(2),
    figures: [{ ...figure, ...rest, stats, counts: new Map([[0, 8]]) }],
  };
  const { count, root } = figuresCommitment(suite, writer.seq, body);
  const prefix = writer.prefix();
  writer.add({ kind: 'figures', prefix, count, figuresRoot: root }, encodeFiguresBody(body));
  writer.add({ kind: 'anchor', prefix: writer.prefix(), type: 1, about: 3, evidence: ascii('note') });
  return writer;
}

const folders: string[] = [];
afterEach(() => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true });
});

interface Segment {
  header: SegmentHeader;
  items: Item[];
  tail?: Uint8Array;
}

function footerOf({ firstSeq }: SegmentHeader, items: Item[]): SegmentFooter {
  const times = items.map(({ entryBytes }) => peekEntry(entryBytes).entry.prefix.wallMs);
  return { nextSeq: firstSeq + items.length, firstWallMs: Math.min(...times), lastWallMs: Math.max(...times) };
}

/** The files of a ledger: sealed segments and an open last one with zeros ahead. */
function writeFolder(segments: Segment[], change: (bytes: Buffer, index: number) => Buffer = (bytes) => bytes): string {
  const dir = mkdtempSync(join(tmpdir(), 'limpid-foreign-'));
  folders.push(dir);
  segments.forEach(({ header, items, tail }, index) => {
    const isLast = index === segments.length - 1;
    const end = isLast ? (tail ?? new Uint8Array(4096)) : encodeSegmentFooter(footerOf(header, items));
    // every third shares the flush of the one before
    const backOf = (at: number) => (at % 3 === 2 ? encodeItem(items[at - 1]!).length : 0);
    const framed = items.map((item, at) => encodeItem(item, backOf(at)));
    const bytes = Buffer.concat([encodeSegmentHeader(header), ...framed, end]);
    const path = join(dir, `${String(header.firstSeq).padStart(16, '0')}.seg`);
    writeFileSync(path, change(bytes, index));
    if (!isLast) chmodSync(path, 0o400);
  });
  return dir;
}

function verify(dir: string, withKey = true) {
  const pem = join(dir, 'key.pem');
  writeFileSync(pem, publicKeyToPem(testSigner(1).publicKey));
  const args = withKey ? ['--key', pem] : [];
  const run = spawnSync('/usr/bin/python3', [SCRIPT, dir, '--json', ...args], { encoding: 'utf8' });
  if (run.stdout === '') throw new Error(run.stderr);
  return { status: run.status, ...(JSON.parse(run.stdout) as { findings: unknown[]; root: string; readings: number }) };
}

function whole(writer: ItemWriter, items = writer.items): Segment[] {
  const empty = { ledger: writer.ledger, coseKey: writer.signer.publicKey.coseKey };
  return [{ header: { ...empty, firstSeq: 0, edge: [], context: null }, items }];
}

function ours(items: readonly Item[]): number {
  const verifier = new LedgerVerifier({ suite, key: testSigner(1).publicKey });
  for (const item of items) verifier.push(item);
  return verifier.finish().exitCode;
}

// skipped where Debian's python3-cbor2 or python3-cryptography is missing: `need` tells, and fails in CI
describe.skipIf(!there)('a decoder that shares no code with ours', () => {
  it('verifies a ledger with one of everything, and comes to the same root', () => {
    const writer = richLedger();
    const report = verify(writeFolder(whole(writer)));
    expect(report).toMatchObject({ status: 0, findings: [], readings: 2 * 4 * ROWS.length });
    expect(report.root).toBe(Buffer.from(writer.root).toString('hex'));
    expect(ours(writer.items)).toBe(0);
  });

  it('says that nothing is authenticated without a key', () => {
    expect(verify(writeFolder(whole(honestLedger(3))), false).status).toBe(3);
  });

  it('verifies over several segments, and from the second on when the first was dropped', () => {
    const writer = honestLedger(10);
    const second = writer.header();
    const cut = writer.items.length;
    writer.batches(5).event('drop', { fromSeq: 0, toSeq: cut - 1, reason: 'age' });
    const segments = [...whole(writer, writer.items.slice(0, cut)), { header: second, items: writer.items.slice(cut) }];
    expect(verify(writeFolder(segments))).toMatchObject({ status: 0, findings: [] });
    expect(verify(writeFolder(segments.slice(1)))).toMatchObject({ status: 0, findings: [], readings: 15 });
  });

  it('does not take a torn tail for a fault', () => {
    const writer = honestLedger(5);
    const torn = encodeItem(writer.items.at(-1)!).slice(0, 200);
    const [segment] = whole(writer);
    expect(verify(writeFolder([{ ...segment!, tail: torn }])).status).toBe(0);
  });

  it('finds what our verifier finds, with the same exit code', () => {
    const writer = honestLedger(12);
    const { items } = writer;
    const flip = (bytes: Uint8Array, at: number) => bytes.with(at, bytes[at]! ^ 1);
    const strange = honestLedger(3);
    const body = testBody(strange.channels, strange.wallMs + 1);
    body.blocks[0]!.columns[0]!.value = [1];
    strange.batch(body);
    const cases: [Item[], number][] = [
      [items.toSpliced(8, 1, { ...items[8]!, body: flip(items[8]!.body!, 30) }), 1],
      [items.toSpliced(8, 1, { ...items[8]!, body: items[9]!.body }), 1],
      [items.toSpliced(8, 1, { ...items[8]!, body: null }), 2],
      [
        items.toSpliced(8, 1, {
          ...items[8]!,
          entryBytes: flip(items[8]!.entryBytes, items[8]!.entryBytes.length - 1),
        }),
        1,
      ],
      [items.toSpliced(8, 1, { ...items[8]!, entryBytes: Uint8Array.of(0xd2, 0x80) }), 4],
      [items.toSpliced(8, 2), 2],
      [[...items, items[8]!], 1],
      [strange.items, 5],
    ];
    for (const [changed, exitCode] of cases) {
      expect(ours(changed)).toBe(exitCode);
      expect(verify(writeFolder(whole(writer, changed))).status).toBe(exitCode);
    }
    expect(verify(writeFolder(whole(honestLedger(3, 3, testSigner(2))))).status).toBe(1);
  });

  it('holds headers, footers and bodies against what is signed, as ours does', () => {
    const writer = honestLedger(8);
    const header = writer.header();
    const items = writer.batches(4).items;
    const [first] = whole(writer, items.slice(0, header.firstSeq));
    const second = { header, items: items.slice(header.firstSeq) };
    const nothing = new Uint8Array(0);
    expect(verify(writeFolder([first!, second]))).toMatchObject({ status: 0, findings: [] });
    const changes: Partial<SegmentHeader>[] = [
      { ledger: new Uint8Array(8) },
      { coseKey: testSigner(2).publicKey.coseKey },
      { coseKey: nothing },
      { context: null },
      { context: { entryBytes: nothing, parts: [] } },
      { edge: header.edge.slice(1) },
      { edge: header.edge.toReversed() },
    ];
    for (const change of changes) {
      expect(verify(writeFolder([first!, { ...second, header: { ...header, ...change } }])).status).toBe(2);
    }
    const noFooter = (bytes: Buffer, index: number) => (index === 0 ? bytes.subarray(0, -39) : bytes);
    expect(verify(writeFolder([first!, second], noFooter)).status).toBe(2);
    const withBody = items.with(1, { ...items[1]!, body: Uint8Array.of(0xf6) });
    const noContext = items.with(2, { ...items[2]!, body: null });
    for (const [changed, exitCode] of [
      [withBody, 1],
      [noContext, 2],
    ] as const) {
      expect(ours(changed)).toBe(exitCode);
      expect(verify(writeFolder(whole(writer, changed))).status).toBe(exitCode);
    }
  });

  it('names damage inside the file', () => {
    const writer = honestLedger(12);
    const report = verify(
      writeFolder(whole(writer), (bytes) => {
        const changed = Buffer.from(bytes);
        changed[3000]! ^= 1;
        return changed;
      }),
    );
    expect(report.status).toBe(2);
  });
});
