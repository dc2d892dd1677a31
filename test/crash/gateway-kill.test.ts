import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createNodeFiles, createNodeSuite, openLedgerDirectory } from '@limpid/sdk/ledger/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DoorClient } from '../../gateway/src/door/client.ts';
import { limpid, startLimpid } from '../support/limpid.ts';
import { analyserSite, type SiteFolder, serveAnalyser, siteFolder } from '../support/small-site.ts';

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 10);

let device: Awaited<ReturnType<typeof serveAnalyser>>;
let site: SiteFolder;

beforeAll(async () => {
  device = await serveAnalyser();
  site = siteFolder(analyserSite(device.line));
});

afterAll(async () => {
  await device.close();
  site.remove();
});

describe('kill -9 of the gateway', () => {
  it(
    `loses nothing that anybody has seen, in ${ROUNDS} rounds on one ledger`,
    async () => {
      const seen = new Map<number, string>();
      for (let round = 0; round < ROUNDS; round += 1) await runAndKill(seen);
      const ledger = await openLedgerDirectory(site.data, createNodeFiles(), createNodeSuite());
      expect(seen.size).toBeGreaterThanOrEqual(ROUNDS);
      for (const [seq, hash] of seen) expect(hashOf((await ledger.read(seq)).entryBytes)).toBe(hash);
      const verified = await limpid(['verify', site.data, '--key', join(site.data, 'keys/ledger.pub.pem'), '--json']);
      expect(JSON.parse(verified.stdout)).toMatchObject({ verdict: 'verified', exitCode: 0, findings: [] });
    },
    60_000 + ROUNDS * 10_000,
  );
});

/** Follows the ledger through the door, as any program beside the gateway can, and kills after some entries. */
async function runAndKill(seen: Map<number, string>): Promise<void> {
  const gateway = startLimpid(['run', site.siteFile, '--data', site.data]);
  await gateway.ready();
  const door = await DoorClient.open(site.data);
  const enough = 1 + Math.floor(Math.random() * 5);
  let count = 0;
  for await (const next of door.stream('follow', { from: Math.max(-1, ...seen.keys()) + 1 })) {
    const { seq, entry } = next as { seq: number; entry: string };
    seen.set(seq, hashOf(Buffer.from(entry, 'hex')));
    count += 1;
    if (count >= enough) break;
  }
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 300)); // not to wait for anything: to hit any moment
  await gateway.stop('SIGKILL');
  door.close();
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
