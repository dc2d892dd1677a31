import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseBatchBody, readingsOf } from '@limpid/sdk/ledger/seal';
import { createNodeFiles, openKeyFile, openLedgerDirectory, publicPathOf } from '@limpid/sdk/ledger/store';
import { afterEach, describe, expect, it } from 'vitest';
import { DoorClient } from '../../gateway/src/door/client.ts';
import { RemoteGateway } from '../../gateway/src/door/remote-gateway.ts';
import { createMosquitto } from '../support/brokers.ts';
import { batchDraft, contextDraft, createLedgerKit, type LedgerKit, sampleChannels } from '../support/ledger-kit.ts';
import { limpid, type RunningCommand, startLimpid } from '../support/limpid.ts';
import { need } from '../support/need.ts';
import { writeBacklog } from './gateway/backlog.ts';
import { type BusySite, type BusySiteOptions, CHANNELS, RECEIPT_KEY, startBusySite } from './gateway/busy-site.ts';
import { MemoryWatch, peakMiB, processorMs, residentMiB } from './gateway/process-memory.ts';

const MOSQUITTO = need({ file: '/usr/sbin/mosquitto' }, 'mosquitto');
const STARTS = Number(process.env.BENCH_STARTS ?? 5);
const STEADY_S = Number(process.env.BENCH_STEADY_S ?? 60);
const BACKLOG = Number(process.env.BENCH_BACKLOG ?? 1_000_000);

const RESIDENT_BAR_MIB = 90;
/** What a connection and what is on its way may cost; more readings cost no more. */
const GROWTH_BAR_MIB = 24;
const LOCAL_BAR_PER_S = 100_000;
/** 30 channels, a batch every 10 s */
const DAY_BATCHES = Number(process.env.BENCH_BATCHES ?? 8_640);

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function newSite(options: BusySiteOptions = {}): Promise<BusySite> {
  const site = await startBusySite(options);
  closing.push(() => site.close());
  return site;
}

function start(args: readonly string[]): RunningCommand & { pid: number } {
  const command = startLimpid(args);
  closing.push(() => command.stop());
  return Object.assign(command, { pid: command.process.pid ?? 0 });
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const seconds = (ms: number) => (ms / 1000).toFixed(2);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a start of limpid run', () => {
  it('shows how long the first sealed reading takes', async () => {
    const rows: Record<'readyMs' | 'firstMs' | 'processorMs', number[]> = { readyMs: [], firstMs: [], processorMs: [] };
    for (let round = 0; round < STARTS; round += 1) {
      const site = await newSite();
      const from = performance.now();
      const gateway = start(['run', site.siteFile, '--data', site.data]);
      await gateway.ready();
      rows.readyMs.push(performance.now() - from);
      await firstBatch(site.data);
      rows.firstMs.push(performance.now() - from);
      rows.processorMs.push(processorMs(gateway.pid));
      await gateway.stop();
    }
    console.log(`median of ${STARTS} starts: ready after ${seconds(median(rows.readyMs))} s,`);
    console.log(`  first sealed reading after ${seconds(median(rows.firstMs))} s (aim 1.00 s),`);
    console.log(`  processor time until then ${seconds(median(rows.processorMs))} s`);
    expect(rows.firstMs).toHaveLength(STARTS);
  });
});

async function firstBatch(data: string): Promise<void> {
  const door = await DoorClient.open(data);
  try {
    for await (const entry of door.stream('follow', { from: 0 })) if (JSON.stringify(entry).includes('"batch"')) return;
  } finally {
    door.close();
  }
}

describe('limpid run with 60 values a second', () => {
  it(`stays below ${RESIDENT_BAR_MIB} MiB`, async () => {
    const site = await newSite();
    const gateway = start(['run', site.siteFile, '--data', site.data]);
    await gateway.ready();
    const memory = new MemoryWatch(gateway.pid);
    await pause(STEADY_S * 1000);
    const highest = memory.stop();
    console.log(`${STEADY_S} s of ${CHANNELS} values a second: ${summary(memory.samples)}`);
    console.log(
      `  peak of the process ${peakMiB(gateway.pid).toFixed(1)} MiB; ${processorMs(gateway.pid)} ms of processor`,
    );
    expect(highest).toBeLessThanOrEqual(RESIDENT_BAR_MIB);
  });
});

function summary(samples: readonly number[]): string {
  return `median ${median(samples).toFixed(1)}, last ${samples.at(-1)?.toFixed(1)}, highest ${Math.max(...samples).toFixed(1)} MiB`;
}

// skipped where mosquitto cannot be installed (need says so aloud)
describe.skipIf(!MOSQUITTO)(`a backlog of ${BACKLOG} readings`, () => {
  it('drains to receipts with flat memory', async () => {
    const broker = await createMosquitto();
    const site = await newSite({ brokerUrl: broker.url });
    const keys = await exchangeKeys(site);
    const entries = await writeBacklog(site.data, BACKLOG);
    const gateway = start(['run', site.siteFile, '--data', site.data]);
    await gateway.ready();
    const before = new MemoryWatch(gateway.pid);
    await pause(10_000);
    const beforeMiB = before.stop();
    const remote = await RemoteGateway.open(site.data);
    closing.push(() => remote.close());

    await broker.start();
    closing.push(() => broker.kill());
    const collector = start(['collect', '--url', broker.url, '--trust', site.trust, '--data', keys.collectorData]);
    await collector.ready();
    const during = new MemoryWatch(gateway.pid);
    const collecting = new MemoryWatch(collector.pid);
    const { drainMs, waitedMs } = await drained(remote, entries);
    const duringMiB = during.stop();
    const perSecond = Math.round(BACKLOG / (drainMs / 1000));
    console.log(`${BACKLOG} readings in ${entries} entries waited; steady ${summary(before.samples)}`);
    console.log(
      `  first receipt after ${seconds(waitedMs)} s, then all in ${seconds(drainMs)} s: ${perSecond} readings/s`,
    );
    console.log(
      `  gateway while draining: ${summary(during.samples)}, grown by ${(duringMiB - beforeMiB).toFixed(1)} MiB`,
    );
    console.log(
      `  afterwards ${residentMiB(gateway.pid).toFixed(1)} MiB; collector highest ${collecting.stop().toFixed(1)} MiB`,
    );
    expect(beforeMiB).toBeLessThanOrEqual(RESIDENT_BAR_MIB);
    expect(duringMiB - beforeMiB).toBeLessThanOrEqual(GROWTH_BAR_MIB);
  }, 300_000);
});

/** Both ends know each other's key beforehand, as they would at a site. */
async function exchangeKeys(site: BusySite): Promise<{ collectorData: string }> {
  const files = createNodeFiles();
  const collectorData = join(site.root, 'collected');
  const [gatewayKey, collectorKey] = [site.data, collectorData].map((dir) => join(dir, 'keys', 'ledger.pem'));
  for (const key of [gatewayKey!, collectorKey!.replace('ledger.pem', 'collector.pem')]) {
    mkdirSync(dirname(key), { recursive: true });
    await openKeyFile(key, files, { create: true });
  }
  copyFileSync(publicPathOf(gatewayKey!), join(site.trust, 'gateway.pem'));
  copyFileSync(join(collectorData, 'keys', 'collector.pub.pem'), join(site.root, RECEIPT_KEY));
  return { collectorData };
}

/** From the first receipt until everything that waited is receipted. */
async function drained(remote: RemoteGateway, entries: number): Promise<{ drainMs: number; waitedMs: number }> {
  const from = performance.now();
  let first: number | null = null;
  for await (const { status } of remote.live(100)) {
    const size = status.uplinks[0]?.receiptedSize ?? 0;
    if (size > 0) first ??= performance.now();
    if (first !== null && size >= entries) return { drainMs: performance.now() - first, waitedMs: first - from };
  }
  throw new Error('the gateway ended');
}

describe('a ledger on the disk', () => {
  it(`is followed and decoded at ${LOCAL_BAR_PER_S} readings a second`, async () => {
    const kit = await newKit();
    const entries = await writeBacklog(kit.dir, BACKLOG);
    const { files, suite } = kit.deps;
    const rates: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const view = await openLedgerDirectory(kit.dir, files, suite);
      const channels = await view.channelsAt(entries - 1);
      const from = performance.now();
      let count = 0;
      for await (const { entry, body } of view.items(0)) {
        if (entry.kind !== 'batch' || body === null) continue;
        for (const { value } of readingsOf(parseBatchBody(body), channels, entry.prefix))
          if (value !== null) count += 1;
      }
      rates.push(count / ((performance.now() - from) / 1000));
      expect(count).toBeGreaterThanOrEqual(BACKLOG);
    }
    console.log(`followed from 0, every reading decoded: ${Math.round(median(rates))} readings/s (median of 3)`);
    expect(median(rates)).toBeGreaterThanOrEqual(LOCAL_BAR_PER_S);
  });

  it('of a day is verified by limpid verify, every signature', async () => {
    const kit = await newKit();
    await writeDay(kit, DAY_BATCHES);
    const key = join(kit.dir, 'keys', 'ledger.pub.pem');
    const times: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const from = performance.now();
      const { exitCode, stdout } = await limpid(['verify', kit.dir, '--key', key]);
      times.push(performance.now() - from);
      expect(exitCode, stdout).toBe(0);
    }
    console.log(`limpid verify, ${DAY_BATCHES} batches of 30 readings: ${seconds(median(times))} s (median of 3)`);
  });
});

async function newKit(): Promise<LedgerKit> {
  const kit = await createLedgerKit();
  closing.push(() => kit.remove());
  return kit;
}

async function writeDay(kit: LedgerKit, batches: number): Promise<void> {
  const ledger = await kit.open();
  await ledger.append(contextDraft(sampleChannels(30)));
  const appends: Promise<unknown>[] = [];
  for (let salt = 0; salt < batches; salt += 1) {
    kit.clock.wall += 10_000;
    kit.clock.mono += 10_000;
    appends.push(ledger.append(batchDraft(30, { wallMs: kit.clock.wall, salt })));
    if (appends.length === 64) await Promise.all(appends.splice(0));
  }
  await Promise.all(appends);
  await ledger.close();
}
