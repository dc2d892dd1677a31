import { closeSync, fdatasyncSync, openSync, statSync, writeSync } from 'node:fs';
import { encodeItem } from '@limpid/sdk/ledger/seal';
import { type Draft, openLedgerDirectory, verifyDirectory } from '@limpid/sdk/ledger/store';
import { afterEach, describe, expect, it } from 'vitest';
import { FaultyFiles } from '../support/faulty-files.ts';
import { batchDraft, contextDraft, createLedgerKit, type LedgerKit, sampleChannels } from '../support/ledger-kit.ts';

const kits: LedgerKit[] = [];
afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.remove();
});

async function newKit(): Promise<LedgerKit> {
  const kit = await createLedgerKit();
  kits.push(kit);
  return kit;
}

const READINGS = 60;
const COMMITS = Number(process.env.BENCH_COMMITS ?? 600);
const ROUNDS = 5;

/** Drafts made beforehand: only sealing and keeping is measured. */
function drafts(count: number): Draft[] {
  return Array.from({ length: count }, (_, salt) => batchDraft(READINGS, { salt }));
}

/** What a program without a ledger would do with the same bytes. */
function bareAppend(path: string, bytes: Uint8Array, commits: number): number {
  const file = openSync(path, 'w');
  const from = performance.now();
  for (let commit = 0; commit < commits; commit += 1) {
    writeSync(file, bytes);
    fdatasyncSync(file);
  }
  const seconds = (performance.now() - from) / 1000;
  closeSync(file);
  return (commits * READINGS) / seconds;
}

/** Each of `hands` appends its next batch when the one before is on the disk. */
async function sealed(kit: LedgerKit, all: Draft[], hands: number): Promise<number> {
  const ledger = await kit.open();
  await ledger.append(contextDraft(sampleChannels(READINGS)));
  const queue = [...all];
  const from = performance.now();
  const hand = async () => {
    for (let draft = queue.pop(); draft !== undefined; draft = queue.pop()) {
      kit.clock.wall += 1000;
      kit.clock.mono += 1000;
      await ledger.append(draft);
    }
  };
  await Promise.all(Array.from({ length: hands }, hand));
  const seconds = (performance.now() - from) / 1000;
  await ledger.close();
  return (all.length * READINGS) / seconds;
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

describe('sealed, durable readings', () => {
  it('come at half the rate of a bare append and fdatasync of the same bytes, or better', async () => {
    const probe = await newKit();
    const ledger = await probe.open();
    await ledger.append(contextDraft(sampleChannels(READINGS)));
    const item = encodeItem(await ledger.append(batchDraft(READINGS)));
    await ledger.close();
    const rates: Record<string, number[]> = { bare: [], 'one in hand': [], 'two in hand': [], 'eight in hand': [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      rates.bare?.push(bareAppend(`${probe.dir}/bare`, item, COMMITS));
      rates['one in hand']?.push(await sealed(await newKit(), drafts(COMMITS), 1));
      rates['two in hand']?.push(await sealed(await newKit(), drafts(COMMITS), 2));
      rates['eight in hand']?.push(await sealed(await newKit(), drafts(COMMITS), 8));
    }
    const bare = median(rates.bare ?? []);
    console.log(
      `item of ${READINGS} readings: ${item.length} bytes; bare append + fdatasync ${Math.round(bare)} readings/s`,
    );
    for (const [name, values] of Object.entries(rates)) {
      console.log(`  ${name}: ${Math.round(median(values))} readings/s, ratio ${(median(values) / bare).toFixed(2)}`);
    }
    expect(median(rates['two in hand'] ?? []) / bare).toBeGreaterThanOrEqual(0.5);
  }, 300_000);

  it('cost one flush per commit', async () => {
    let faulty: FaultyFiles | undefined;
    const kit = await createLedgerKit((files) => {
      faulty = new FaultyFiles(files);
      return faulty;
    });
    kits.push(kit);
    const ledger = await kit.open();
    await ledger.append(contextDraft(sampleChannels(READINGS)));
    const before = faulty?.count('datasync') ?? 0;
    for (const draft of drafts(50)) await ledger.append(draft);
    const flushes = (faulty?.count('datasync') ?? 0) - before;
    console.log(`flushes per commit: ${flushes / 50}`);
    expect(flushes).toBe(50);
    await ledger.close();
  });
});

/** A day of 30 channels, polled every `pollMs`, in batches of `batchMs`. */
async function writeDay(kit: LedgerKit, pollMs: number, batchMs: number, batches: number): Promise<number> {
  const ledger = await kit.open();
  await ledger.append(contextDraft(sampleChannels(30)));
  const polls = batchMs / pollMs;
  const appends: Promise<unknown>[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    kit.clock.wall += batchMs;
    kit.clock.mono += batchMs;
    const draft = batchDraft(30, { polls, wallMs: kit.clock.wall - batchMs + pollMs, salt: batch });
    for (const block of draft.body.blocks) block.offsetsMs = block.offsetsMs.map((_, at) => at * pollMs);
    appends.push(ledger.append(draft));
    if (appends.length === 64) await Promise.all(appends.splice(0));
  }
  await Promise.all(appends);
  const used = ledger.usedBytes();
  await ledger.close();
  return used / (batches * polls * 30);
}

describe('a day of 30 channels', () => {
  it('is verified with every signature, and read in order at 100 000 readings a second', async () => {
    const kit = await newKit();
    const batches = Number(process.env.BENCH_BATCHES ?? 8640);
    const bytesEach = await writeDay(kit, 10_000, 10_000, batches);
    const { files, suite } = kit.deps;
    const view = await openLedgerDirectory(kit.dir, files, suite);
    const readFrom = performance.now();
    let count = 0;
    for await (const { entry } of view.items(0)) if (entry.kind === 'batch') count += entry.count;
    const readS = (performance.now() - readFrom) / 1000;
    const key = (await kit.open()).key;
    const from = performance.now();
    const report = await verifyDirectory(kit.dir, { files, suite, key });
    const verifyS = (performance.now() - from) / 1000;
    console.log(`${batches} batches, ${count} readings: ${bytesEach.toFixed(1)} bytes each on disk`);
    console.log(`  read in ${readS.toFixed(2)} s, ${Math.round(count / readS)} readings/s`);
    console.log(`  verified in ${verifyS.toFixed(2)} s (one thread), exit ${report.exitCode}`);
    expect(report.exitCode).toBe(0);
    expect(count / readS).toBeGreaterThan(100_000);
  }, 300_000);

  it.each([
    { pollMs: 10_000, batchMs: 10_000, bar: 19 },
    { pollMs: 10_000, batchMs: 60_000, bar: 9 },
    { pollMs: 2_500, batchMs: 10_000, bar: 9 },
    { pollMs: 2_500, batchMs: 60_000, bar: 7 },
  ])('takes at most $bar bytes a reading, polled each $pollMs ms in batches of $batchMs ms', async (row) => {
    const kit = await newKit();
    const bytesEach = await writeDay(kit, row.pollMs, row.batchMs, 1000);
    console.log(`${row.pollMs} ms in ${row.batchMs} ms: ${bytesEach.toFixed(2)} bytes a reading`);
    expect(bytesEach).toBeLessThanOrEqual(row.bar);
    expect(statSync(kit.ledgerDir).isDirectory()).toBe(true);
  });
});
