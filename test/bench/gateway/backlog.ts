import { randomBytes } from 'node:crypto';
import { createNodeFiles, createNodeSuite, createProcessTable, type Draft, Ledger } from '@limpid/sdk/ledger/store';
import { FakeClock } from '../../support/fake-clock.ts';
import { batchDraft, contextDraft, sampleChannels } from '../../support/ledger-kit.ts';
import { CHANNELS } from './busy-site.ts';

const POLLS = 10;
const BATCH_MS = 10_000;
const TOGETHER = 64;

/** A ledger in `dataDir` as an outage leaves it: `readings` of 60 channels in batches of ten seconds. Entries written. */
export async function writeBacklog(dataDir: string, readings: number): Promise<number> {
  const batches = Math.ceil(readings / (CHANNELS * POLLS));
  const clock = new FakeClock({ wallMs: Date.now() - batches * BATCH_MS });
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
  const [files, suite] = [createNodeFiles(), createNodeSuite()];
  const ledger = await Ledger.open(dataDir, { files, suite, clock, random, processes: await createProcessTable() });
  await ledger.append(contextDraft(sampleChannels(CHANNELS)));
  for (let written = 0; written < batches; written += TOGETHER) {
    const round = Array.from({ length: Math.min(TOGETHER, batches - written) }, (_, k) => written + k);
    await Promise.all(round.map((salt) => ledger.append(nextDraft(clock, salt))));
  }
  const size = ledger.size();
  await ledger.close();
  return size;
}

function nextDraft(clock: FakeClock, salt: number): Draft {
  clock.wall += BATCH_MS;
  clock.mono += BATCH_MS;
  return batchDraft(CHANNELS, { polls: POLLS, wallMs: clock.wall - BATCH_MS, salt });
}
