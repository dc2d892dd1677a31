import { join } from 'node:path';
import {
  createNodeFiles,
  createNodeSuite,
  Ledger,
  openLedgerDirectory,
  readPublicKeyFile,
  verifyDirectory,
} from '@limpid/sdk/ledger/store';
import { afterEach, describe, expect, it } from 'vitest';
import { createLedgerKit } from '../support/ledger-kit.ts';
import { LedgerWriterProcess } from '../support/ledger-writer.ts';
import { LoopDisk, whyNoLoopDisk } from '../support/loop-disk.ts';

const files = createNodeFiles();
const suite = createNodeSuite();
const ROUNDS = Number(process.env.POWER_CUTS ?? 5);
const obstacle = whyNoLoopDisk();
if (obstacle !== null) process.stderr.write(`the power cut tests are skipped: ${obstacle}\n`);

const disks: LoopDisk[] = [];
afterEach(async () => {
  for (const disk of disks.splice(0)) await disk.remove();
});

// skipped where whyNoLoopDisk() says why: not root, or no loop devices
describe.skipIf(obstacle !== null)('a power cut', () => {
  it(
    `loses no acknowledged entry in ${ROUNDS} cuts of one ledger`,
    async () => {
      const disk = await LoopDisk.create();
      disks.push(disk);
      const dir = join(disk.dir, 'data');
      const lost: number[] = [];
      let cutBytes = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const writer = new LedgerWriterProcess(dir, { inHand: 1 + (round % 4), segmentBytes: 16_384 });
        await writer.acknowledgements(20 + Math.floor(Math.random() * 120));
        await disk.cutPower();
        await writer.kill();
        await disk.unmount();
        await disk.mount();
        const view = await openLedgerDirectory(dir, files, suite);
        lost.push(Math.max(0, writer.acknowledged + 1 - view.size()));
        cutBytes += await reopen(dir);
      }
      expect(lost).toEqual(lost.map(() => 0));
      const key = await readPublicKeyFile(join(dir, 'keys/ledger.pub.pem'), files);
      const report = await verifyDirectory(dir, { files, suite, key });
      expect(report.findings).toEqual([]);
      expect(report.exitCode).toBe(0);
      process.stderr.write(`power cuts: ${ROUNDS}, entries ${report.size}, bytes cut ${cutBytes}\n`);
    },
    60_000 + ROUNDS * 5_000,
  );
});

/** As the gateway does when the power is back; what was cut stands in a signed event. */
async function reopen(dir: string): Promise<number> {
  const kit = await createLedgerKit();
  const ledger = await Ledger.open(dir, kit.deps);
  let boot = -1;
  for (let seq = ledger.size() - 1; boot < 0; seq -= 1) {
    const { entry } = await ledger.read(seq);
    if (entry.kind !== 'event' || entry.prefix.start !== ledger.opening.start) continue;
    expect(entry).toMatchObject({ detail: { clean: false, cutBytes: ledger.opening.cutBytes } });
    boot = seq;
  }
  await ledger.close();
  await kit.remove();
  return ledger.opening.cutBytes;
}
