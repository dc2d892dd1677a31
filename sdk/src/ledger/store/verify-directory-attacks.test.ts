/** Segment files changed by somebody who can compute a CRC-32 but not sign. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodeFiles, verifyDirectory } from '@limpid/sdk/ledger/store';
import { afterEach, describe, expect, it } from 'vitest';
import { honestLedger, suite, testSigner } from '../../../../test/support/item-writer.ts';
import { encodeItem, type Item } from '../seal/item.ts';
import { encodeSegmentFooter, encodeSegmentHeader, type SegmentFooter, type SegmentHeader } from '../seal/segment.ts';
import { segmentName } from './segment-files.ts';

const files = createNodeFiles();
const key = testSigner(1).publicKey;
const folders: string[] = [];
afterEach(async () => {
  for (const dir of folders.splice(0)) await rm(dir, { recursive: true });
});

interface Segment {
  header: SegmentHeader;
  items: Item[];
  footer: SegmentFooter | null;
}

/** Two segments: entries 0..10, sealed, and 11..18, still open. */
function ledger(): [Segment, Segment] {
  const writer = honestLedger(8);
  const second = writer.header();
  const lastWallMs = writer.wallMs;
  const items = writer.batches(8).items;
  const first = { ledger: writer.ledger, firstSeq: 0, edge: [], coseKey: key.coseKey, context: null };
  const footer = { nextSeq: 11, firstWallMs: lastWallMs - 80_000, lastWallMs };
  return [
    { header: first, items: items.slice(0, 11), footer },
    { header: second, items: items.slice(11), footer: null },
  ];
}

function bytesOf({ header, items, footer }: Segment): Buffer {
  const end = footer === null ? new Uint8Array(4096) : encodeSegmentFooter(footer);
  return Buffer.concat([encodeSegmentHeader(header), ...items.map((item) => encodeItem(item)), end]);
}

async function verify(segments: Segment[], change = (bytes: Buffer, _index: number) => bytes, outside = true) {
  const dir = await mkdtemp(join(tmpdir(), 'limpid-attacks-'));
  folders.push(dir);
  for (const [index, segment] of segments.entries()) {
    await writeFile(join(dir, segmentName(segment.header.firstSeq)), change(bytesOf(segment), index));
  }
  return verifyDirectory(dir, { files, suite, key: outside ? key : null });
}

describe('a header that somebody rewrote', () => {
  const other = honestLedger(2, 2, testSigner(2)).header();
  const garbage = { entryBytes: Uint8Array.of(1), parts: [] };
  const CHANGES: [string, Partial<SegmentHeader>][] = [
    ['another ledger', { ledger: new Uint8Array(8).fill(9) }],
    ['another key', { coseKey: testSigner(2).publicKey.coseKey }],
    ['no key', { coseKey: Uint8Array.of(0xff) }],
    ['no context', { context: null }],
    ['the context of another ledger', { context: other.context }],
    ['a context that is none', { context: garbage }],
  ];

  it('verifies when nothing is changed', async () => {
    expect(await verify(ledger())).toMatchObject({ exitCode: 0, findings: [], entries: 19, readings: 48 });
  });

  for (const [name, changes] of CHANGES) {
    it(`is damage when it names ${name}, and every entry stays readable`, async () => {
      const [first, second] = ledger();
      const report = await verify([first, { ...second, header: { ...second.header, ...changes } }]);
      expect(report).toMatchObject({ exitCode: 2, entries: 19, readings: 48 });
      expect(report.findings).toMatchObject([{ code: 'damaged', seq: 11, offset: 0 }]);
    });
  }

  it('is damage when parts of its context are missing', async () => {
    const [first, second] = ledger();
    const context = { ...second.header.context!, parts: [] };
    const report = await verify([first, { ...second, header: { ...second.header, context } }]);
    expect(report).toMatchObject({ exitCode: 2, readings: 48 });
  });

  it('ends no verification without an outside key when its key is none, damaged item or not', async () => {
    const [first, second] = ledger();
    const changed = { ...first, header: { ...first.header, coseKey: Uint8Array.of(0xff) } };
    expect((await verify([changed, second], undefined, false)).exitCode).toBe(2);
    const flip = (bytes: Buffer, index: number) =>
      index === 0 ? Buffer.from(bytes.with(2500, bytes[2500]! ^ 1)) : bytes;
    expect((await verify([changed, second], flip, false)).exitCode).toBe(2);
  });
});

describe('a context whose body is gone', () => {
  it('is known again from the next header on', async () => {
    const [first, second] = ledger();
    const items = first.items.map((item, at) => (at === 2 ? { ...item, body: null } : item));
    expect(await verify([{ ...first, items }, second])).toMatchObject({ exitCode: 2, entries: 19, readings: 24 });
  });
});

describe('a footer that somebody rewrote', () => {
  it('is damage when it names other times, by which readers would look past its entries', async () => {
    const [first, second] = ledger();
    const report = await verify([{ ...first, footer: { ...first.footer!, lastWallMs: 1 } }, second]);
    expect(report).toMatchObject({ exitCode: 2, entries: 19 });
  });

  it('hides nothing that stands behind it', async () => {
    const [first, second] = ledger();
    const at =
      encodeSegmentHeader(first.header).length +
      Buffer.concat(first.items.slice(0, 5).map((i) => encodeItem(i))).length;
    const footer = encodeSegmentFooter({ nextSeq: 5, firstWallMs: 1, lastWallMs: 2 });
    const report = await verify([first, second], (bytes, index) =>
      index === 0 ? Buffer.concat([bytes.subarray(0, at), footer, bytes.subarray(at)]) : bytes,
    );
    expect(report).toMatchObject({ exitCode: 2, entries: 19, readings: 48 });
  });
});

describe('a newest segment written over', () => {
  it('is damage, not a segment whose creation was interrupted', async () => {
    const garbage = (bytes: Buffer, index: number) =>
      index === 1 ? Buffer.from(bytes.map((_, at) => at * 7 + 1)) : bytes;
    const report = await verify(ledger(), garbage);
    expect(report.exitCode).toBe(2);
    expect(report.findings).toMatchObject([{ code: 'damaged', seq: 11, offset: 0 }]);
  });

  it('is no damage where only its header was begun', async () => {
    const [first, second] = ledger();
    const begun = (bytes: Buffer, index: number) => (index === 1 ? bytes.subarray(0, 300) : bytes);
    expect(await verify([first, second], begun)).toMatchObject({ exitCode: 0, tornBytes: 300 });
  });
});
