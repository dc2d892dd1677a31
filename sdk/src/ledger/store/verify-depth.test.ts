/** One thread, several threads and the order alone, on the same ledgers: good ones and ones that somebody changed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodeFiles, createNodeSuite, verifyDirectory } from '@limpid/sdk/ledger/store';
import { afterEach, describe, expect, it } from 'vitest';
import { honestLedger, ItemWriter, testChannel, testSigner } from '../../../../test/support/item-writer.ts';
import { encodeItem, type Item } from '../seal/item.ts';
import { encodeSegmentFooter, encodeSegmentHeader, type SegmentFooter, type SegmentHeader } from '../seal/segment.ts';
import type { PublicKey, Suite } from '../seal/suite.ts';
import { segmentName } from './segment-files.ts';

const files = createNodeFiles();
const [oneThread, threads] = [createNodeSuite(1), createNodeSuite(2)];
const key = testSigner(1).publicKey;
const folders: string[] = [];
afterEach(async () => {
  for (const dir of folders.splice(0)) await rm(dir, { recursive: true });
});

type Segments = { header: SegmentHeader; items: Item[]; footer: SegmentFooter | null }[];

/** 320 entries in two segments: more than may be pending at once. */
function honest(): { segments: Segments; writer: ItemWriter } {
  const writer = honestLedger(157);
  const header = writer.header();
  const first = { ...header, firstSeq: 0, edge: [], context: null };
  const footer = { nextSeq: 160, firstWallMs: writer.wallMs - 1_570_000, lastWallMs: writer.wallMs };
  const { items } = writer.batches(160);
  const segments = [
    { header: first, items: items.slice(0, 160), footer },
    { header, items: items.slice(160), footer: null },
  ];
  return { segments, writer };
}

async function write(segments: Segments, change = (bytes: Buffer, _index: number) => bytes): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'limpid-depth-'));
  folders.push(dir);
  for (const [index, { header, items, footer }] of segments.entries()) {
    const end = footer === null ? new Uint8Array(512) : encodeSegmentFooter(footer);
    const bytes = Buffer.concat([encodeSegmentHeader(header), ...items.map((item) => encodeItem(item)), end]);
    await writeFile(join(dir, segmentName(header.firstSeq)), change(bytes, index));
  }
  return dir;
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}

function changed(segments: Segments, seq: number, change: (item: Item) => Item[]): Segments {
  return segments.map(({ header, items, footer }) => ({
    ...{ header, footer },
    items: items.flatMap((item, at) => (header.firstSeq + at === seq ? change(item) : [item])),
  }));
}

const flipEntry = (fromEnd: number) => (item: Item) => [
  { ...item, entryBytes: flipped(item.entryBytes, item.entryBytes.length - fromEnd) },
];
const other = testSigner(2);

/** What somebody changed, and whether the order alone shows it. */
const CHANGES: [string, (ledger: Segments) => Segments, 'seen' | 'not seen'][] = [
  ['a signature', (all) => changed(all, 50, flipEntry(3)), 'seen'],
  ['the newest signature', (all) => changed(all, 319, flipEntry(3)), 'seen'],
  ['the head of its readings', (all) => changed(all, 200, flipEntry(70)), 'seen'],
  ['the head of the newest readings', (all) => changed(all, 319, flipEntry(70)), 'seen'],
  ['the last signature before a hole', (all) => changed(changed(all, 90, flipEntry(3)), 91, () => []), 'seen'],
  ['an entry that is gone', (all) => changed(all, 90, () => []), 'seen'],
  ['an entry that comes twice', (all) => changed(all, 90, (item) => [item, item]), 'seen'],
  ['a body that is gone', (all) => changed(all, 90, (item) => [{ ...item, body: null }]), 'seen'],
  ['no entry', (all) => changed(all, 90, (item) => [{ ...item, entryBytes: new Uint8Array(9) }]), 'seen'],
  [
    'readings',
    (all) => changed(all, 90, (item) => [{ ...item, body: flipped(item.body!, item.body!.length - 1) }]),
    'not seen',
  ],
];

async function reports(dir: string, outside: PublicKey | null = key) {
  const options = { files, key: outside };
  return {
    one: await verifyDirectory(dir, { ...options, suite: oneThread }),
    several: await verifyDirectory(dir, { ...options, suite: threads }),
    order: await verifyDirectory(dir, { ...options, suite: threads, depth: 'order' }),
  };
}

describe('threads', () => {
  it('are used where the machine has them, and not where it has one core', () => {
    expect([oneThread.verifyBeside, typeof threads.verifyBeside]).toEqual([undefined, 'function']);
  });

  for (const [name, change] of CHANGES) {
    it(`say what one thread says when somebody changed ${name}`, async () => {
      const dir = await write(change(honest().segments));
      for (const outside of [key, null, other.publicKey]) {
        const { one, several } = await reports(dir, outside);
        expect(several).toEqual(one);
        expect(one.findings.length).toBeGreaterThan(0);
      }
    });
  }

  it('say what one thread says of damaged bytes', async () => {
    const { segments } = honest();
    for (const at of [1, 700, 20_000, 40_000]) {
      const dir = await write(segments, (bytes, index) => (index === 0 ? Buffer.from(flipped(bytes, at)) : bytes));
      const { one, several } = await reports(dir);
      expect(several).toEqual(one);
      expect(one.exitCode).toBe(2);
    }
  });

  it('that cannot answer end the verification: there is no verdict then', async () => {
    const dir = await write(honest().segments);
    let asked = 0;
    const suite: Suite = {
      ...threads,
      verifyBeside: async (...question) => {
        asked += 1;
        if (asked === 70) throw new Error('out of memory');
        return threads.verifyBeside!(...question);
      },
    };
    await expect(verifyDirectory(dir, { files, suite, key })).rejects.toThrow('out of memory');
  });

  it('are never asked more than a bounded number of questions at once', async () => {
    const dir = await write(honest().segments);
    let [open, most] = [0, 0];
    const suite: Suite = {
      ...threads,
      verifyBeside: async (...question) => {
        open += 1;
        most = Math.max(most, open);
        const good = await threads.verifyBeside!(...question);
        open -= 1;
        return good;
      },
    };
    expect((await verifyDirectory(dir, { files, suite, key })).exitCode).toBe(0);
    expect([most > 1, most <= 128]).toEqual([true, true]);
  });
});

describe('the order alone', () => {
  it('is as complete for a good ledger, says what it is, and looks at one signature', async () => {
    const { segments, writer } = honest();
    const dir = await write(segments);
    let asked = 0;
    const suite: Suite = {
      ...oneThread,
      verify: (...question) => {
        asked += 1;
        return oneThread.verify(...question);
      },
    };
    const { one, several } = await reports(dir);
    expect(one).toMatchObject({ exitCode: 0, checked: 'everything', entries: 320, size: writer.seq });
    expect(several).toEqual(one);
    const order = await verifyDirectory(dir, { files, suite, key, depth: 'order' });
    expect(order).toEqual({ ...one, checked: 'order' });
    expect(asked).toBe(1);
    expect((await reports(dir, null)).order.exitCode).toBe(3);
    expect((await reports(dir, other.publicKey)).order.exitCode).toBe(1);
  });

  for (const [name, change, seen] of CHANGES) {
    it(`${seen === 'seen' ? 'comes to the same verdict' : 'does not look'} when somebody changed ${name}`, async () => {
      const { one, order } = await reports(await write(change(honest().segments)));
      expect(order.exitCode).toBe(seen === 'seen' ? one.exitCode : 0);
      expect(one.exitCode).toBeGreaterThan(0);
    });
  }

  it('proves entries that another key signed, however well they are chained', async () => {
    const forged = new ItemWriter().begin();
    forged.writeContext([testChannel(1)]);
    forged.batches(5);
    const header = { ...forged.header(), firstSeq: 0, edge: [], context: null };
    forged.wait(10_000);
    forged.add({ kind: 'event', prefix: forged.prefix(), code: 17, detail: { n: 1 } }, null, other);
    const newest = await reports(await write([{ header, items: forged.items, footer: null }]));
    expect([newest.one.exitCode, newest.order.exitCode]).toEqual([1, 1]);
  });
});
