import { chmod, copyFile, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { isLimpidError } from '@limpid/sdk/core';
import { parseItem, parseSegmentHeader } from '@limpid/sdk/ledger/seal';
import {
  createNodeFiles,
  createNodeSuite,
  Ledger,
  type LedgerItem,
  openLedgerDirectory,
  verifyDirectory,
} from '@limpid/sdk/ledger/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  batchDraft,
  collect,
  contextDraft,
  createLedgerKit,
  type LedgerKit,
  sampleChannels,
} from '../support/ledger-kit.ts';

const files = createNodeFiles();
const suite = createNodeSuite();
const FIRST = '0000000000000000.seg';
/** CRASH_ROUNDS, the long form, tries every byte */
const STEP_BYTES = process.env.CRASH_ROUNDS === undefined ? 23 : 1;

/** A ledger of one unsealed segment: key, boot, context, seven batches, then three batches of one flush. */
interface Sample {
  kit: LedgerKit;
  path: string;
  bytes: Uint8Array;
  items: LedgerItem[];
  /** file offset of each item, and of what follows the last */
  offsets: number[];
  ledger: Ledger;
}

let sample: Sample;
let work: string;

beforeAll(async () => {
  const kit = await createLedgerKit();
  const ledger = await kit.open({ growBytes: 4096 });
  await ledger.append(contextDraft(sampleChannels(2)));
  for (let salt = 0; salt < 7; salt += 1) await ledger.append(batchDraft(2, { salt }));
  await Promise.all([7, 8, 9].map((salt) => ledger.append(batchDraft(2, { salt }))));
  const items = await collect(ledger.items(0));
  // the writer is still there: what a crash leaves is the file as it is now
  const path = `${kit.ledgerDir}/${FIRST}`;
  const bytes = new Uint8Array(await readFile(path));
  const offsets = offsetsOf(bytes, items.length);
  sample = { kit, path, bytes, items, offsets, ledger };
  work = `${kit.dir}/copy`;
});

afterAll(async () => {
  await sample.ledger.close();
  await sample.kit.remove();
});

function offsetsOf(bytes: Uint8Array, count: number): number[] {
  const offsets = [parseSegmentHeader(bytes).end];
  for (let at = 0; at < count; at += 1) {
    const parsed = parseItem(bytes, offsets.at(-1));
    if (parsed === 'incomplete') throw new Error('the sample is not whole');
    offsets.push(parsed.end);
  }
  return offsets;
}

/** The data directory with these bytes in place of the segment. */
async function put(bytes: Uint8Array): Promise<string> {
  await rm(work, { recursive: true, force: true });
  await mkdir(`${work}/ledger`, { recursive: true });
  await mkdir(`${work}/keys`);
  await copyFile(`${sample.kit.dir}/keys/ledger.pem`, `${work}/keys/ledger.pem`);
  await chmod(`${work}/keys/ledger.pem`, 0o600);
  await writeFile(`${work}/ledger/${FIRST}`, bytes);
  return work;
}

const open = () => Ledger.open(work, { ...sample.kit.deps }, { growBytes: 4096 });
const verify = () => verifyDirectory(work, { files, suite, key: sample.ledger.key });

async function readable(): Promise<Set<number>> {
  const view = await openLedgerDirectory(work, files, suite);
  const seqs = new Set<number>();
  for (let seq = 0; seq < view.size(); seq += 1) {
    try {
      const item = await view.read(seq);
      expect(item).toEqual(sample.items[seq]);
      seqs.add(seq);
    } catch (fault) {
      if (!isLimpidError(fault, 'LEDGER_DAMAGED')) throw fault;
    }
  }
  return seqs;
}

/** without the zeros at the end, which the file is filled with ahead */
function writtenBytes(from: number, to: number): number {
  return sample.bytes.subarray(from, to).findLastIndex((byte) => byte !== 0) + 1;
}

describe('a file that ends early', () => {
  it('loses nothing but the unacknowledged tail, wherever in it the file is cut', async () => {
    const acknowledged = 10; // the last flush holds entries 10 to 12
    const [from, to] = [sample.offsets[acknowledged]!, sample.offsets[13]!];
    for (let cut = from; cut < to; cut += 1) {
      await put(sample.bytes);
      await truncate(`${work}/ledger/${FIRST}`, cut);
      const report = await verify();
      expect([report.exitCode, report.tornBytes > 0 || sample.offsets.includes(cut)]).toEqual([0, true]);
      const ledger = await open();
      const kept = sample.offsets.findLastIndex((offset) => offset <= cut);
      expect(ledger.opening.cutBytes).toBe(writtenBytes(sample.offsets[kept]!, cut));
      for (let seq = 0; seq < kept; seq += 1) expect(await ledger.read(seq)).toEqual(sample.items[seq]);
      const boot = await ledger.read(kept);
      expect(boot.entry).toMatchObject({ detail: { cutBytes: ledger.opening.cutBytes, previousSeq: kept - 1 } });
      await ledger.close();
      expect((await verify()).exitCode).toBe(0);
    }
  }, 600_000);

  it('is a torn tail too when later blocks of the same flush were kept and earlier ones lost', async () => {
    const bytes = sample.bytes.slice();
    // a sector of the flush, which begins with item 10, never reached the disk
    const begin = sample.offsets[10] ?? 0;
    const from = Math.ceil(begin / 512) * 512;
    bytes.fill(0, from, from + 512);
    expect(sample.offsets.at(-1)!).toBeGreaterThan(from + 512);
    await put(bytes);
    expect((await verify()).exitCode).toBe(0);
    const ledger = await open();
    expect(ledger.opening.damage).toEqual([]);
    expect(ledger.opening.cutBytes).toBeGreaterThan(0);
    expect((await ledger.read(9)).entryBytes).toEqual(sample.items[9]!.entryBytes);
    await ledger.close();
    expect((await verify()).exitCode).toBe(0);
  });

  it('is no torn tail when a byte of the last item was changed, wherever it is', async () => {
    const [from, to] = [sample.offsets.at(-2)!, sample.offsets.at(-1)!];
    for (let at = from; at < to; at += at < from + 16 ? 1 : STEP_BYTES) {
      const bytes = sample.bytes.slice();
      bytes[at]! ^= 0x10;
      await put(bytes);
      const report = await verify();
      expect([at, [1, 2].includes(report.exitCode), report.findings[0]?.offset]).toEqual([at, true, from]);
    }
  }, 120_000);
});

describe('a flipped byte inside acknowledged bytes', () => {
  it('is named by offset and sequence, and every other batch stays readable', async () => {
    const last = 9; // later flushes follow, so all of these were acknowledged
    for (let at = sample.offsets[2]!; at < sample.offsets[last]!; at += STEP_BYTES) {
      const bytes = sample.bytes.slice();
      bytes[at]! ^= 0x55;
      await put(bytes);
      const seq = sample.offsets.findLastIndex((offset) => offset <= at);
      const report = await verify();
      expect([at, [1, 2].includes(report.exitCode)]).toEqual([at, true]);
      const named = report.findings.filter((finding) => finding.seq === seq && finding.offset === sample.offsets[seq]);
      expect([at, named.length > 0]).toEqual([at, true]);
      const found = await readable();
      expect([at, [...found].length]).toEqual([at, sample.items.length - 1]);
      expect(found.has(seq)).toBe(false);
    }
  }, 600_000);

  it('is never cut and never skipped by the writer', async () => {
    for (let at = sample.offsets[3]! + 1; at < sample.offsets[5]!; at += STEP_BYTES) {
      const bytes = sample.bytes.slice();
      bytes[at]! ^= 0x01;
      await put(bytes);
      const seq = sample.offsets.findLastIndex((offset) => offset <= at);
      try {
        const ledger = await open();
        // only the body is broken: the tree is known, writing goes on in a new segment and says so
        expect(ledger.opening.damage).toMatchObject([{ seq, offset: sample.offsets[seq] }]);
        expect(ledger.opening.cutBytes).toBe(0);
        expect(ledger.size()).toBeGreaterThan(sample.items.length);
        await ledger.close();
        expect([1, 2]).toContain((await verify()).exitCode);
      } catch (fault) {
        expect(fault).toMatchObject({ code: 'LEDGER_DAMAGED', params: { seq, offset: sample.offsets[seq] } });
      }
      expect(new Uint8Array(await readFile(`${work}/ledger/${FIRST}`)).subarray(0, sample.offsets[13])).toEqual(
        bytes.subarray(0, sample.offsets[13]),
      );
    }
  });

  it('in the header is named at offset 0, and the entries stay readable to the verifier', async () => {
    const bytes = sample.bytes.slice();
    bytes[20]! ^= 1;
    await put(bytes);
    const report = await verify();
    expect([1, 2]).toContain(report.exitCode);
    expect(report.findings[0]).toMatchObject({ offset: 0, seq: 0 });
    await expect(open()).rejects.toMatchObject({ code: 'LEDGER_DAMAGED', params: { offset: 0 } });
  });
});

describe('zeros over acknowledged bytes', () => {
  it('are damage, not the end of the ledger', async () => {
    const bytes = sample.bytes.slice(0);
    bytes.fill(0, sample.offsets[5], sample.offsets[6]);
    await put(bytes);
    const report = await verify();
    expect(report.exitCode).toBe(2);
    expect(report.findings[0]).toMatchObject({ seq: 5, offset: sample.offsets[5] });
    await expect(open()).rejects.toMatchObject({ code: 'LEDGER_DAMAGED', params: { seq: 5 } });
  });
});
