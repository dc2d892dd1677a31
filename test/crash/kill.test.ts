import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVENT_CODES } from '@limpid/sdk/ledger/seal';
import {
  createNodeFiles,
  createNodeSuite,
  Ledger,
  openLedgerDirectory,
  readPublicKeyFile,
  verifyDirectory,
} from '@limpid/sdk/ledger/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLedgerKit, type LedgerKit } from '../support/ledger-kit.ts';
import { LedgerWriterProcess } from '../support/ledger-writer.ts';

const files = createNodeFiles();
const suite = createNodeSuite();
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 20);

let dir: string;
let kit: LedgerKit;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'limpid-kill-'));
  kit = await createLedgerKit();
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
  await kit.remove();
});

describe('kill -9 of the writer', () => {
  it(
    `loses no acknowledged entry in ${ROUNDS} rounds on one ledger, and the boot events name what was cut`,
    async () => {
      let size = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const writer = new LedgerWriterProcess(dir);
        await writer.acknowledgements(1 + Math.floor(Math.random() * 60));
        await writer.kill();
        const view = await openLedgerDirectory(dir, files, suite);
        expect(view.size()).toBeGreaterThan(writer.acknowledged);
        expect(view.size()).toBeGreaterThan(size);
        size = view.size();
      }
      const key = await readPublicKeyFile(join(dir, 'keys/ledger.pub.pem'), files);
      const report = await verifyDirectory(dir, { files, suite, key });
      expect(report).toMatchObject({ exitCode: 0, findings: [], size });
      await expectBootEvents(size);
    },
    60_000 + ROUNDS * 2_000,
  );
});

/** One per start; each says what its start found, and the verifier found nothing to add. */
async function expectBootEvents(size: number): Promise<void> {
  const ledger = await Ledger.open(dir, kit.deps);
  const starts: number[] = [];
  for await (const { entry } of ledger.items(0)) {
    if (entry.kind === 'event' && entry.code === EVENT_CODES.boot) starts.push(entry.prefix.start);
  }
  expect(starts).toEqual(Array.from({ length: ROUNDS + 1 }, (_, at) => at + 1));
  const boot = await ledger.read(size);
  expect(boot.entry).toMatchObject({
    detail: { clean: false, cutBytes: ledger.opening.cutBytes, previousSeq: size - 1 },
  });
  await ledger.close();
}
