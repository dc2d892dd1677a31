import { unlink, writeFile } from 'node:fs/promises';
import { createNodeFiles, createNodeSuite, type LedgerItem, Mirror, verifyDirectory } from '@limpid/sdk/ledger/store';
import { afterEach, describe, expect, it } from 'vitest';
import {
  batchDraft,
  collect,
  contextDraft,
  createLedgerKit,
  type LedgerKit,
  sampleChannels,
} from '../../../../test/support/ledger-kit.ts';

const kits: LedgerKit[] = [];
afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.remove();
});

const files = createNodeFiles();
const suite = createNodeSuite();
const SMALL = { segmentBytes: 2048, growBytes: 512 };

async function newKit(): Promise<LedgerKit> {
  const kit = await createLedgerKit();
  kits.push(kit);
  return kit;
}

async function written(options: { close: boolean } = { close: true }) {
  const kit = await newKit();
  const ledger = await kit.open(SMALL);
  await ledger.append(contextDraft(sampleChannels(2)));
  for (let salt = 0; salt < 12; salt += 1) {
    kit.clock.wall += 1000;
    kit.clock.mono += 1000;
    await ledger.append(batchDraft(2, { salt, wallMs: kit.clock.wall }));
  }
  const items = await collect(ledger.items(0));
  if (options.close) await ledger.close();
  return { kit, ledger, items, key: ledger.key };
}

describe('verification of a folder', () => {
  it('finds nothing in a ledger that is being written, and authenticates only with an outside key', async () => {
    const { kit, ledger, items, key } = await written({ close: false });
    const report = await verifyDirectory(kit.dir, { files, suite, key });
    expect(report).toMatchObject({ exitCode: 0, findings: [], entries: items.length, readings: 24, ledger: ledger.id });
    expect((await verifyDirectory(kit.dir, { files, suite, key: null })).exitCode).toBe(3);
    await ledger.close();
  });

  it('names a segment that is missing in the middle as a hole', async () => {
    const { kit, key } = await written();
    const names = (await files.readdir(kit.ledgerDir)).filter((name) => name.endsWith('.seg')).sort();
    await unlink(`${kit.ledgerDir}/${names[1]}`);
    const report = await verifyDirectory(kit.dir, { files, suite, key });
    expect(report.exitCode).toBe(2);
    expect(report.findings[0]?.code).toBe('sequence-hole');
  });

  it('accepts a front that retention dropped and signed for', async () => {
    const { kit } = await written();
    const ledger = await kit.open(SMALL);
    const dropped = await ledger.retain({ keepDays: -1, receiptedSize: 6 });
    expect(dropped.length).toBeGreaterThan(0);
    await ledger.close();
    expect(await verifyDirectory(kit.dir, { files, suite, key: ledger.key })).toMatchObject({ exitCode: 0 });
  });

  it('mentions a file that is not its own and does not read it', async () => {
    const { kit, key } = await written();
    await writeFile(`${kit.ledgerDir}/notes.txt`, 'hello');
    const report = await verifyDirectory(kit.dir, { files, suite, key });
    expect(report.exitCode).toBe(5);
    expect(report.findings[0]?.code).toBe('foreign-file');
  });

  it('refuses another key', async () => {
    const { kit } = await written();
    const other = await written();
    expect((await verifyDirectory(kit.dir, { files, suite, key: other.key })).exitCode).toBe(1);
  });

  it('says that there is no ledger', async () => {
    const kit = await newKit();
    await expect(verifyDirectory(kit.dir, { files, suite, key: null })).rejects.toMatchObject({
      code: 'LEDGER_ABSENT',
    });
  });
});

const toItem = ({ entryBytes, body }: LedgerItem) => ({ entryBytes, body });

describe('a mirror', () => {
  it('keeps what it was given byte for byte, absorbs what comes twice, and verifies', async () => {
    const { items, key, ledger } = await written();
    const kit = await newKit();
    const mirror = await Mirror.open(kit.dir, key, kit.deps, SMALL);
    const given = items.map(toItem);
    expect(await mirror.take(given.slice(0, 5))).toEqual({ appended: 5, duplicates: 0, trouble: null });
    expect(await mirror.take(given.slice(3, 9))).toEqual({ appended: 4, duplicates: 2, trouble: null });
    for (const item of given.slice(9)) await mirror.take([item]);
    expect(mirror.ledger).toBe(ledger.id);
    expect(mirror.holding().root).toEqual(await ledgerRoot(items.length, ledger));
    expect(await collect(mirror.reader!.items(0))).toEqual(items);
    await mirror.close();
    const again = await Mirror.open(kit.dir, key, kit.deps, SMALL);
    expect(again.holding().size).toBe(items.length);
    expect((await again.take(given.slice(-2))).duplicates).toBe(2);
    await again.close();
    expect(await verifyDirectory(kit.dir, { files, suite, key })).toMatchObject({ exitCode: 0, findings: [] });
  });

  async function ledgerRoot(size: number, ledger: { rootAt(size: number): Promise<Uint8Array> }) {
    return ledger.rootAt(size);
  }

  it('reports a hole and takes nothing behind it', async () => {
    const { items, key } = await written();
    const kit = await newKit();
    const mirror = await Mirror.open(kit.dir, key, kit.deps);
    const given = items.map(toItem);
    const taken = await mirror.take([...given.slice(0, 3), ...given.slice(4)]);
    expect(taken).toEqual({ appended: 3, duplicates: 0, trouble: { kind: 'hole', seq: 3 } });
    await mirror.close();
  });

  it('refuses what was altered or is not signed by its key, and goes on with the true one', async () => {
    const { items, key } = await written();
    const other = await written();
    const kit = await newKit();
    const mirror = await Mirror.open(kit.dir, key, kit.deps);
    const given = items.map(toItem);
    await mirror.take(given.slice(0, 4));
    const body = given[4]!.body!.slice();
    body[body.length - 1]! ^= 1;
    expect((await mirror.take([{ ...given[4]!, body }])).trouble).toMatchObject({ kind: 'refused', seq: 4 });
    const foreign = other.items.map(toItem)[4]!;
    expect((await mirror.take([foreign])).trouble).toMatchObject({ kind: 'refused', seq: 4 });
    expect((await mirror.take([{ entryBytes: new Uint8Array(9), body: null }])).trouble).toMatchObject({ seq: null });
    expect((await mirror.take(given.slice(4))).trouble).toBeNull();
    await mirror.close();
  });

  it('tells a fork from a forgery', async () => {
    const kit = await newKit();
    const ledger = await kit.open();
    await ledger.append({ kind: 'event', event: 'ticket', detail: { n: 1 } });
    const ours = (await collect(ledger.items(0))).map(toItem);
    // the card is put back to an earlier image and written anew
    const copy = await newKit();
    await writeFile(`${copy.dir}/x`, '');
    const { cp, truncate, readFile } = await import('node:fs/promises');
    await cp(kit.ledgerDir, `${copy.dir}/ledger`, { recursive: true });
    await cp(`${kit.dir}/keys`, `${copy.dir}/keys`, { recursive: true });
    await ledger.close();
    const segment = `${copy.dir}/ledger/0000000000000000.seg`;
    const at = (await readFile(segment)).indexOf(Buffer.from(ours[2]!.entryBytes)) - 4;
    await truncate(segment, at + 4);
    for (const name of await files.readdir(`${copy.dir}/ledger`)) {
      if (name.startsWith('lock-')) await unlink(`${copy.dir}/ledger/${name}`);
    }
    const rewritten = await copy.open();
    const theirs = (await collect(rewritten.items(0))).map(toItem);
    await rewritten.close();
    const collector = await newKit();
    const mirror = await Mirror.open(collector.dir, ledger.key, collector.deps);
    await mirror.take(ours);
    const taken = await mirror.take(theirs);
    expect(taken).toMatchObject({ appended: 0, duplicates: 2, trouble: { kind: 'fork', seq: 2 } });
    await mirror.close();
  });
});
