import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Channel, createSystemClock, UNSCALED } from '@limpid/sdk/core';
import { batchCommitment, encodeBatchBody } from '@limpid/sdk/ledger/seal';
import { createNodeFiles, createNodeSigner } from '@limpid/sdk/ledger/store';
import { createUplink, type Disagreement, type Uplink, type UplinkStatus } from '@limpid/sdk/uplinks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAedes, createMosquitto, freePort, type TestBroker } from '../support/brokers.ts';
import { FarEnd } from '../support/far-end.ts';
import { MemoryLedger } from '../support/memory-ledger.ts';
import { need } from '../support/need.ts';

const clock = createSystemClock();
const keys = generateKeyPairSync('ed25519');
const collector = createNodeSigner(keys.privateKey);
const channel: Channel = {
  ...{
    id: 1,
    device: 'cems',
    name: 'so2',
    code: 'a21026',
    outlet: 'DA001',
    unit: 'mg/m3',
    fn: 4,
    address: 0,
    words: 1,
  },
  ...{ type: 'u16', order: 'ABCD', scale: UNSCALED, exponent: -1 },
  ...{ range: null, disclosure: 'public', basis: { moisture: 'dry', state: 'standard', referenceDegC: 0 } },
};
const stranger = createNodeSigner(generateKeyPairSync('ed25519').privateKey);

const suites: [string, () => Promise<TestBroker>, boolean][] = [
  ['an embedded broker (3.1.1)', createAedes, true],
  ['mosquitto (MQTT 5)', createMosquitto, need('mosquitto', 'mosquitto')],
];

for (const [name, createBroker, there] of suites) {
  // skipped without mosquitto, which `need` tells
  describe.skipIf(!there)(`uplink mqtt over ${name}`, () => {
    let broker: TestBroker;
    let directory: string;
    let ledger: MemoryLedger;
    let far: FarEnd;
    const open: Uplink[] = [];
    const receipts: number[] = [];
    const ahead: Disagreement[] = [];
    const forks: Disagreement[] = [];

    const create = (options: Record<string, unknown> = {}) => {
      const uplink = createUplink(
        'cloud',
        {
          type: 'mqtt',
          url: broker.url,
          receiptKeys: ['collector.pem'],
          progressTimeoutS: 0.2,
          ...options,
        },
        {
          ledger,
          clock,
          random: Math.random,
          suite: ledger.suite,
          files: createNodeFiles(),
          env: { BROKER_PW: 'secret' },
          stateDir: directory,
          siteDir: directory,
          onReceipt: (_, size) => void receipts.push(size),
          onPeerAhead: (found) => void ahead.push(found),
          onForkFound: (found) => void forks.push(found),
        },
      );
      open.push(uplink);
      return uplink;
    };
    const start = async (options: Record<string, unknown> = {}) => {
      const uplink = create(options);
      await uplink.start();
      return uplink;
    };
    const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });
    const status = (uplink: Uplink, wanted: Partial<UplinkStatus>) =>
      until(() => expect(uplink.status()).toMatchObject(wanted));
    const receiptEverything = () => {
      let size = 0;
      far.onEntries = (sequences) => {
        for (const seq of sequences) if (seq === size) size += 1;
        void far.receipt(size);
      };
    };

    beforeEach(async () => {
      broker = await createBroker();
      await broker.start();
      directory = mkdtempSync(join(tmpdir(), 'uplink-'));
      writeFileSync(join(directory, 'collector.pem'), keys.publicKey.export({ format: 'pem', type: 'spki' }));
      ledger = new MemoryLedger(clock);
      ledger.addEvents(19);
      far = new FarEnd({ url: broker.url, ledger, signer: collector });
      await far.connect();
    });

    afterEach(async () => {
      await Promise.all(open.splice(0).map((uplink) => uplink.stop()));
      await far.close();
      await broker.kill();
      for (const list of [receipts, ahead, forks]) list.length = 0;
      rmSync(directory, { recursive: true, force: true });
    });

    it('sends everything in order as it is signed, and follows the ledger', async () => {
      receiptEverything();
      const uplink = await start();
      await status(uplink, { connected: true, receiptedSize: 20, backlog: 0, cursor: 20, lastFault: null });
      ledger.addEvents(5);
      await status(uplink, { receiptedSize: 25, backlog: 0 });
      expect([...new Set(far.sequences)]).toEqual([...Array(25).keys()]);
      expect(far.items.slice(0, 20).map((item) => item.entryBytes)).toEqual(
        ledger.all.slice(0, 20).map((item) => item.entryBytes),
      );
      expect(receipts.at(-1)).toBe(25);
      expect(uplink.status().receiptAtMs).toBeGreaterThan(Date.now() - 60_000);
    });

    it('loses nothing when the broker has acknowledged and the far end was not there', async () => {
      await far.close();
      const uplink = await start();
      await until(() => expect(uplink.status().sent).toBe(20));
      expect(uplink.status()).toMatchObject({ receiptedSize: 0, backlog: 20 });
      far = new FarEnd({ url: broker.url, ledger, signer: collector });
      receiptEverything();
      await far.connect();
      await status(uplink, { receiptedSize: 20, backlog: 0 });
      expect([...new Set(far.sequences)]).toEqual([...Array(20).keys()]);
    });

    it('goes on where it was when the broker was killed', async () => {
      const uplink = await start();
      await until(() => expect(uplink.status().sent).toBe(20));
      await far.receipt(7);
      await status(uplink, { receiptedSize: 7 });
      await far.close();
      await broker.kill();
      await until(() => expect(uplink.status()).toMatchObject({ connected: false }));
      ledger.addEvents(3);
      await broker.start();
      far = new FarEnd({ url: broker.url, ledger, signer: collector });
      let size = 7;
      far.onEntries = (sequences) => {
        for (const seq of sequences) if (seq === size) size += 1;
        void far.receipt(size);
      };
      await far.connect();
      await status(uplink, { receiptedSize: 23, backlog: 0 });
      expect(Math.min(...far.sequences)).toBe(7);
    });

    it('frees nothing for forged receipts, and says so until a good one comes', async () => {
      const uplink = await start();
      await status(uplink, { connected: true });
      await far.receipt(20, { by: stranger });
      await until(() => expect(uplink.status().lastFault?.code).toBe('UPLINK_RECEIPT_REFUSED'));
      await far.publish((await far.sign(5)).replace('\n5\n', '\n20\n'));
      await far.receipt(20, { root: new Uint8Array(32) });
      await until(() => expect(uplink.status().lastFault?.code).toBe('UPLINK_FORK'));
      expect(forks).toMatchObject([{ size: 20 }]);
      await far.receipt(9_999);
      await until(() => expect(uplink.status().lastFault?.code).toBe('UPLINK_PEER_AHEAD'));
      expect(ahead).toMatchObject([{ size: 9_999, ourSize: 20 }]);
      expect(uplink.status()).toMatchObject({ receiptedSize: 0, backlog: 20 });
      expect(receipts).toEqual([]);
      await far.receipt(20);
      await status(uplink, { receiptedSize: 20, lastFault: null });
    });

    it('does not go behind an old receipt', async () => {
      const uplink = await start();
      const nowS = Math.floor(Date.now() / 1000);
      await far.receipt(12, { timeS: nowS });
      await status(uplink, { receiptedSize: 12 });
      await far.receipt(4, { timeS: nowS - 60 });
      await far.receipt(13, { timeS: nowS });
      await status(uplink, { receiptedSize: 13 });
      expect(receipts).toEqual([12, 13]);
    });

    it('goes on from the receipt of the last run, which lies on the disk', async () => {
      const first = await start();
      const note = await far.sign(15);
      await far.publish(note);
      await status(first, { receiptedSize: 15 });
      await first.stop();
      // what was under way has arrived when the last word has
      await until(() => expect(far.other.get(`limpid/1/${ledger.id}/status`)).toBe('offline'));
      expect(readFileSync(join(directory, 'uplinks', 'cloud', 'receipt.note'), 'utf8')).toBe(note);
      far.messages.length = 0;
      const second = await start();
      expect(second.status()).toMatchObject({ receiptedSize: 15, cursor: 15, backlog: 5 });
      await until(() => expect(far.sequences.length).toBeGreaterThanOrEqual(5));
      expect(Math.min(...far.sequences)).toBe(15);
    });

    it('stops at once, twice, and with the broker away', async () => {
      const uplink = await start();
      await status(uplink, { connected: true });
      await Promise.all([uplink.stop(), uplink.stop()]);
      await uplink.stop();
      expect(uplink.status().connected).toBe(false);
      const nowhere = create({ url: `mqtt://127.0.0.1:${await freePort()}` });
      await nowhere.start();
      await until(() => expect(nowhere.status().lastFault?.code).toBe('UPLINK_UNREACHABLE'));
      await nowhere.stop();
    });

    it('shows whether it is online', async () => {
      const uplink = await start();
      const topic = `limpid/1/${ledger.id}/status`;
      await until(() => expect(far.other.get(topic)).toBe('online'));
      await uplink.stop();
      await until(() => expect(far.other.get(topic)).toBe('offline'));
    });

    it('counts on the broker alone where the site lists no receipt keys, and goes on from there', async () => {
      const uplink = await start({ receiptKeys: [] });
      await status(uplink, { backlog: 0, receiptedSize: 0, cursor: 20 });
      await uplink.stop();
      await until(() => expect(far.other.get(`limpid/1/${ledger.id}/status`)).toBe('offline'));
      far.messages.length = 0;
      ledger.addEvents(2);
      await start({ receiptKeys: [] });
      await until(() => expect(far.sequences).toEqual([20, 21]));
    });

    it('joins a backlog into few messages', async () => {
      ledger.addEvents(500);
      receiptEverything();
      const uplink = await start();
      await status(uplink, { receiptedSize: 520 });
      expect(far.messages.length).toBeLessThan(20);
    });
  });
}

describe.skipIf(!need('mosquitto', 'mosquitto') || !need('mosquitto_sub', 'mosquitto-clients'))('live values', () => {
  it('are what Debian’s mosquitto_sub shows of a sealed batch, and hold no evidence when they fail', async () => {
    const broker = await createMosquitto();
    await broker.start();
    const directory = mkdtempSync(join(tmpdir(), 'uplink-'));
    const ledger = new MemoryLedger(clock);
    ledger.channels = [channel];
    const block = { channels: [1], offsetsMs: [0], columns: [{ raw: [123], value: null, quality: 0 }] };
    const body = { seed: new Uint8Array(16), baseWallMs: Date.UTC(2026, 10, 23), blocks: [block] };
    const seal = () =>
      ledger.addEntry((prefix) => {
        const { count, root } = batchCommitment(ledger.suite, prefix.seq, body, new Map([[1, channel]]));
        return { kind: 'batch', prefix, count, readingsRoot: root };
      }, encodeBatchBody(body));
    const uplink = createUplink(
      'cloud',
      { type: 'mqtt', url: broker.url, live: true },
      {
        ...{ ledger, clock, random: Math.random, suite: ledger.suite, files: createNodeFiles(), env: {} },
        ...{ stateDir: directory, siteDir: directory },
      },
    );
    try {
      const { seq } = seal();
      await uplink.start();
      const port = new URL(broker.url).port;
      const topic = `limpid/1/${ledger.id}/live/#`;
      // comes after the value was published, so it is the retained one
      await vi.waitFor(() => expect(uplink.status()).toMatchObject({ backlog: 0 }), { timeout: 5_000 });
      const shown = execFileSync('mosquitto_sub', ['-p', port, '-t', topic, '-C', '1', '-W', '5', '-F', '%t %r %p']);
      const [where, retained, ...json] = shown.toString().trim().split(' ');
      expect([where, retained]).toEqual([`limpid/1/${ledger.id}/live/DA001/a21026`, '1']);
      expect(JSON.parse(json.join(' '))).toEqual({
        ...{ time: '2026-11-23T00:00:00.000Z', value: 123, text: '123.0', unit: 'mg/m³', quality: 'good' },
        ...{ device: 'cems', channel: 'so2', code: 'a21026', outlet: 'DA001', seq, evidence: false },
      });
      ledger.channelsAt = () => Promise.reject(new Error('no context'));
      ledger.addEntry((prefix) => {
        const { count, root } = batchCommitment(ledger.suite, prefix.seq, body, new Map([[1, channel]]));
        return { kind: 'batch', prefix: { ...prefix, ctx: new Uint8Array(32).fill(1) }, count, readingsRoot: root };
      }, encodeBatchBody(body));
      ledger.addEvents(5);
      await vi.waitFor(() => expect(uplink.status()).toMatchObject({ cursor: 8, backlog: 0 }), { timeout: 5_000 });
      expect(uplink.status()).toMatchObject({ connected: true, resent: 0 });
    } finally {
      await uplink.stop();
      await broker.kill();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe.skipIf(!need('mosquitto', 'mosquitto'))('uplink mqtt and what only MQTT 5 says', () => {
  it('says that nobody stores when the broker has no subscriber, and goes on', async () => {
    const broker = await createMosquitto();
    await broker.start();
    const directory = mkdtempSync(join(tmpdir(), 'uplink-'));
    writeFileSync(join(directory, 'collector.pem'), keys.publicKey.export({ format: 'pem', type: 'spki' }));
    const ledger = new MemoryLedger(clock);
    const uplink = createUplink(
      'cloud',
      { type: 'mqtt', url: broker.url, receiptKeys: ['collector.pem'] },
      {
        ...{ ledger, clock, random: Math.random, suite: ledger.suite, files: createNodeFiles(), env: {} },
        ...{ stateDir: directory, siteDir: directory },
      },
    );
    try {
      await uplink.start();
      await vi.waitFor(() => expect(uplink.status().lastFault?.code).toBe('UPLINK_NO_SUBSCRIBER'), { timeout: 5_000 });
      expect(uplink.status()).toMatchObject({ connected: true, backlog: 1 });
    } finally {
      await uplink.stop();
      await broker.kill();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
