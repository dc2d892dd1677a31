import { readFile, truncate, writeFile } from 'node:fs/promises';
import { EVENT_CODES } from '@limpid/sdk/ledger/seal';
import { createNodeFiles, createNodeSuite, type Ledger, verifyDirectory } from '@limpid/sdk/ledger/store';
import { afterEach, describe, expect, it } from 'vitest';
import { FaultyFiles } from '../../../../test/support/faulty-files.ts';
import {
  batchDraft,
  contextDraft,
  createLedgerKit,
  type LedgerKit,
  sampleChannels,
} from '../../../../test/support/ledger-kit.ts';
import { segmentName } from './segment-files.ts';

const kits: LedgerKit[] = [];
afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.remove();
});

const SMALL = { segmentBytes: 2048, growBytes: 512 };
const files = createNodeFiles();
const suite = createNodeSuite();

/** A ledger of several segments, closed; its files as they then are. */
async function closedLedger(): Promise<{ kit: LedgerKit; size: number; segments: string[]; ledger: Ledger }> {
  const kit = await createLedgerKit();
  kits.push(kit);
  const ledger = await kit.open(SMALL);
  await ledger.append(contextDraft(sampleChannels(2)));
  for (let salt = 0; salt < 12; salt += 1) await ledger.append(batchDraft(2, { salt }));
  await ledger.close();
  const names = (await files.readdir(kit.ledgerDir)).filter((name) => name.endsWith('.seg')).sort();
  return { kit, size: ledger.size(), segments: names.map((name) => `${kit.ledgerDir}/${name}`), ledger };
}

async function expectWhole(kit: LedgerKit, size: number, cutBytes: number | null): Promise<void> {
  const ledger = await kit.open(SMALL);
  expect(ledger.size()).toBe(size + 1);
  if (cutBytes !== null) expect(ledger.opening.cutBytes).toBe(cutBytes);
  for (let seq = 0; seq < size; seq += 1) expect((await ledger.read(seq)).seq).toBe(seq);
  await ledger.append(batchDraft(2));
  await ledger.close();
  expect(await verifyDirectory(kit.dir, { files, suite, key: ledger.key })).toMatchObject({
    exitCode: 0,
    findings: [],
  });
}

describe('a crash while a segment is changed', () => {
  it('after the new segment got its name, but no header: it is made again', async () => {
    const { kit, size } = await closedLedger();
    await writeFile(`${kit.ledgerDir}/${segmentName(size)}`, new Uint8Array(0));
    await expectWhole(kit, size, 0);
  });

  it('with a torn header: it is made again', async () => {
    const { kit, size, segments } = await closedLedger();
    const header = (await readFile(segments.at(-1)!)).subarray(0, 60);
    await writeFile(`${kit.ledgerDir}/${segmentName(size)}`, Buffer.concat([header, Buffer.alloc(400)]));
    await expectWhole(kit, size, 0);
  });

  it('between footer and next segment: writing goes on in a new one', async () => {
    const { kit, size, segments } = await closedLedger();
    const last = segments.at(-1)!;
    const footer = (await readFile(segments[0]!)).subarray(-40);
    // a footer of the right form, whose count is this ledger's
    const { encodeSegmentFooter } = await import('@limpid/sdk/ledger/seal');
    const bytes = new Uint8Array(await readFile(last));
    const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
    const whole = encodeSegmentFooter({ nextSeq: size, firstWallMs: kit.clock.wall, lastWallMs: kit.clock.wall });
    await writeFile(last, Buffer.concat([bytes.subarray(0, end), whole]));
    expect(footer.length).toBeGreaterThan(0);
    await expectWhole(kit, size, 0);
  });

  it('in the middle of the footer: the torn footer is cut, wherever it is torn', async () => {
    const { encodeSegmentFooter } = await import('@limpid/sdk/ledger/seal');
    for (let kept = 1; kept < 36; kept += 5) {
      const { kit, size, segments } = await closedLedger();
      const bytes = new Uint8Array(await readFile(segments.at(-1)!));
      const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
      const whole = encodeSegmentFooter({ nextSeq: size, firstWallMs: kit.clock.wall, lastWallMs: kit.clock.wall });
      await writeFile(segments.at(-1)!, Buffer.concat([bytes.subarray(0, end), whole.subarray(0, kept)]));
      await expectWhole(kit, size, null);
    }
  });

  it('with the file only partly filled ahead', async () => {
    const { kit, size, segments } = await closedLedger();
    const bytes = new Uint8Array(await readFile(segments.at(-1)!));
    const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
    for (const length of [end, end + 1, end + 700]) await truncate(segments.at(-1)!, length);
    await expectWhole(kit, size, 0);
  });

  it('at any step of it, when the power goes: every acknowledged entry is there', async () => {
    for (let step = 0; step < 40; step += 1) {
      let faulty: FaultyFiles | undefined;
      const kit = await createLedgerKit((inner) => {
        faulty = new FaultyFiles(inner);
        return faulty;
      });
      kits.push(kit);
      const ledger = await kit.open(SMALL);
      const acknowledged: number[] = [];
      let countdown = step;
      if (faulty !== undefined)
        faulty.rule = (kind) => (kind !== 'read' && kind !== 'open' && countdown-- <= 0 ? 'EIO' : null);
      const attempt = async () => {
        await ledger.append(contextDraft(sampleChannels(2)));
        for (let salt = 0; salt < 12; salt += 1) acknowledged.push((await ledger.append(batchDraft(2, { salt }))).seq);
      };
      await attempt().catch((fault: unknown) => expect(fault).toMatchObject({ code: 'LEDGER_WRITE_FAILED' }));
      await faulty?.powerCut();
      await ledger.close().catch(() => undefined);
      const processes = { ...kit.deps.processes, osBootId: () => 'after' };
      const { Ledger: Reopened } = await import('@limpid/sdk/ledger/store');
      const revived = await Reopened.open(kit.dir, { ...kit.deps, files, processes }, SMALL);
      for (const seq of acknowledged) expect((await revived.read(seq)).seq).toBe(seq);
      await revived.close();
      const report = await verifyDirectory(kit.dir, { files, suite, key: revived.key });
      expect([step, report.exitCode]).toEqual([step, 0]);
    }
  }, 60_000);
});

describe('a flipped bit in the last flush', () => {
  it('is not taken for a torn write: the entry stays, its body is named, and a signed event says so', async () => {
    const kit = await createLedgerKit();
    kits.push(kit);
    const ledger = await kit.open({ growBytes: 8192 });
    await ledger.append(contextDraft(sampleChannels(2)));
    const batch = await ledger.append(batchDraft(2));
    const path = `${kit.ledgerDir}/${segmentName(0)}`;
    const written = new Uint8Array(await readFile(path));
    await ledger.close();
    const at = Buffer.from(written).indexOf(Buffer.from(batch.body!));
    expect(at).toBeGreaterThan(0);
    written[at + 3]! ^= 0x04;
    await writeFile(path, written);
    const again = await kit.open();
    expect(again.opening).toMatchObject({ cutBytes: 0, damage: [{ seq: batch.seq }] });
    expect((await again.read(batch.seq + 2)).entry).toMatchObject({ code: EVENT_CODES.storageRepair });
    await again.close();
  });
});

describe('damage in a sealed segment', () => {
  it('does not stop writing, is reported when it is read or verified, and leaves the rest readable', async () => {
    const { kit, size, segments } = await closedLedger();
    const path = segments[1]!;
    await files.chmod(path, 0o600);
    const bytes = await readFile(path);
    bytes[bytes.length - 100]! ^= 0x10;
    await writeFile(path, bytes);
    const ledger = await kit.open(SMALL);
    await ledger.append(batchDraft(2));
    const broken: number[] = [];
    for (let seq = 0; seq < size; seq += 1) {
      await ledger.read(seq).catch((fault: unknown) => {
        expect(fault).toMatchObject({ code: 'LEDGER_DAMAGED', params: { seq, file: path } });
        broken.push(seq);
      });
    }
    expect(broken.length).toBe(1);
    await ledger.close();
    const report = await verifyDirectory(kit.dir, { files, suite, key: ledger.key });
    expect([1, 2]).toContain(report.exitCode);
    expect(report.findings.map((finding) => finding.seq)).toContain(broken[0]);
  });
});
