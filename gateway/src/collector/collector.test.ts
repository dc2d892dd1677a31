import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Code, createSystemClock, LimpidError } from '@limpid/sdk/core';
import {
  EVENT_CODES,
  encodeItem,
  type Item,
  openReceipt,
  parseItem,
  sealEntry,
  signReceipt,
} from '@limpid/sdk/ledger/seal';
import {
  createNodeFiles,
  createNodeSigner,
  createNodeSuite,
  createProcessTable,
  type Files,
  type LedgerItem,
  publicKeyFromPem,
  publicKeyToPem,
} from '@limpid/sdk/ledger/store';
import { Broker, entriesTopic, type MqttSession, receiptsTopic } from '@limpid/sdk/uplinks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAedes, type TestBroker } from '../../../test/support/brokers.ts';
import { FaultyFiles } from '../../../test/support/faulty-files.ts';
import { MemoryLedger } from '../../../test/support/memory-ledger.ts';
import { Collector } from './collector.ts';
import { keyOfMirror, openMirrorCopy } from './mirror-copy.ts';

const clock = createSystemClock();
const suite = createNodeSuite();
const files = createNodeFiles();

describe('Collector', () => {
  let broker: TestBroker;
  let root: string;
  let ledger: MemoryLedger;
  let sender: MqttSession;
  let logged: string[];
  let notes: string[];
  const running: Collector[] = [];

  const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });
  /** `refusal`: what opening a copy that is not there yet says */
  const start = async (disk: Files = files, refusal?: Code) => {
    const note = (fields: object) => void logged.push(String('code' in fields ? fields.code : ''));
    const processes = await createProcessTable();
    const collector = new Collector(
      {
        ...{ url: broker.url, trustDir: join(root, 'trust'), dataDir: join(root, 'data') },
        ...{ topicPrefix: 'limpid/1', name: 'collector' },
      },
      {
        ...{ clock, random: Math.random, suite, files: disk, log: { info: () => {}, warn: note, error: note } },
        openCopy: (directory, id, key) => openMirrorCopy({ directory, ledger: id, key, files: disk, suite, processes }),
        keyOfCopy: async (directory) => {
          const key = await keyOfMirror(directory, disk, suite);
          if (key === null && refusal !== undefined) throw new LimpidError(refusal, { dir: directory, detail: '' });
          return key;
        },
      },
    );
    running.push(collector);
    await collector.start();
    await until(() => expect(collector.status().connected).toBe(true));
    return collector;
  };
  const trust = (name: string, key = ledger.signer.publicKey) =>
    writeFileSync(join(root, 'trust', name), publicKeyToPem(key));
  const send = (items: readonly Item[], id = ledger.id) =>
    sender.publish(entriesTopic('limpid/1', id), Buffer.concat(items.map((item) => encodeItem(item))), { qos: 1 });
  const receipt = () => {
    const key = publicKeyFromPem(readFileSync(join(root, 'data', 'keys', 'collector.pub.pem'), 'utf8'));
    return openReceipt(suite, notes.at(-1) ?? '', [key], `limpid/1/${ledger.id}`);
  };
  const receipted = (size: number) => until(() => expect(receipt().size).toBe(size));
  const rewritten = (item: LedgerItem, detail: string, signer = ledger.signer) => {
    const entry = { kind: 'event', prefix: item.entry.prefix, code: EVENT_CODES.finding, detail } as const;
    return { entryBytes: sealEntry(entry, signer), body: null };
  };

  beforeEach(async () => {
    broker = await createAedes();
    await broker.start();
    root = mkdtempSync(join(tmpdir(), 'collector-'));
    mkdirSync(join(root, 'trust'));
    ledger = new MemoryLedger(clock);
    ledger.addEvents(19);
    logged = [];
    notes = [];
    const timing = { keepaliveS: 30, connectTimeoutS: 5 };
    sender = await new Broker({ name: 'sender', clock, url: broker.url, clientId: 'sender', ...timing }).open();
    sender.onMessage = ({ payload }) => void notes.push(new TextDecoder().decode(payload));
    await sender.subscribe(receiptsTopic('limpid/1', ledger.id), 1);
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((collector) => collector.stop()));
    await sender.close();
    await broker.kill();
    rmSync(root, { recursive: true, force: true });
  });

  it('keeps what a trusted key signed, and signs for it with a key of its own', async () => {
    trust('plant.pem');
    const collector = await start();
    await send(ledger.all.slice(0, 7));
    await send(ledger.all.slice(7));
    await receipted(20);
    expect(receipt().root).toEqual(await ledger.rootAt(20));
    expect(statSync(join(root, 'data', 'keys', 'collector.pem')).mode & 0o777).toBe(0o600);
    expect(collector.status().ledgers).toMatchObject([{ ledger: ledger.id, size: 20, appended: 20, frozen: false }]);
  });

  it('keeps a ledger aside that nobody vouched for, says so once, and signs nothing', async () => {
    const collector = await start();
    await send(ledger.all.slice(0, 5));
    await send(ledger.all.slice(5));
    await until(() => expect(collector.status().quarantined).toBe(2));
    expect(logged).toEqual(['COLLECT_UNTRUSTED']);
    expect(readdirSync(join(root, 'data', 'quarantine'))).toEqual([`${ledger.id}.cborseq`]);
    expect(notes).toEqual([]);
  });

  it('believes a key only for the ledger that its file names', async () => {
    trust('0011223344556677.pem');
    const collector = await start();
    await send(ledger.all);
    await until(() => expect(collector.status().quarantined).toBe(1));
    await collector.stop();
    trust(`${ledger.id}.pem`);
    await start();
    await send(ledger.all);
    await receipted(20);
  });

  it('asks to go on from its receipt when there is a hole, and when the start is missing', async () => {
    trust('plant.pem');
    await start();
    await send(ledger.all.slice(4, 8));
    await receipted(0);
    await send(ledger.all.slice(0, 6));
    await receipted(6);
    const before = receipt();
    await vi.waitFor(
      async () => {
        await send(ledger.all.slice(9, 12));
        expect(receipt().timeS).toBeGreaterThan(before.timeS);
      },
      { timeout: 5_000, interval: 50 },
    );
    expect(receipt().size).toBe(6);
  });

  it('absorbs repetitions and answers them with the receipt it gave', async () => {
    trust('plant.pem');
    const collector = await start();
    await send(ledger.all);
    await receipted(20);
    const given = notes.at(-1);
    const before = notes.length;
    await send(ledger.all);
    await until(() => expect(notes.length).toBeGreaterThan(before));
    expect(notes.at(-1)).toBe(given);
    expect(collector.status().ledgers).toMatchObject([{ appended: 20, duplicates: 20 }]);
  });

  it('says where it stands after a restart, and keeps on', async () => {
    trust('plant.pem');
    const first = await start();
    await send(ledger.all.slice(0, 12));
    await receipted(12);
    await first.stop();
    notes.length = 0;
    await start();
    await receipted(12);
    await send(ledger.all.slice(10));
    await receipted(20);
    expect(receipt().root).toEqual(await ledger.rootAt(20));
  });

  it('signs later than before when it lost its disk and its clock was set back, but kept its key', async () => {
    trust('plant.pem');
    const first = await start();
    const key = readFileSync(join(root, 'data', 'keys', 'collector.pem'), 'utf8');
    await send(ledger.all);
    await receipted(20);
    await first.stop();
    const timeS = receipt().timeS + 3_600;
    const ahead = { origin: `limpid/1/${ledger.id}`, size: 20, root: await ledger.rootAt(20), timeS };
    const note = signReceipt(suite, ahead, 'collector', createNodeSigner(createPrivateKey(key)));
    await sender.publish(receiptsTopic('limpid/1', ledger.id), note, { qos: 1, retain: true });
    rmSync(join(root, 'data', 'ledgers'), { recursive: true });
    await start();
    await send(ledger.all.slice(4));
    await receipted(0);
    expect(receipt().timeS).toBeGreaterThan(timeS);
  });

  it('refuses what is malformed or forged, and takes the good entries around it', async () => {
    trust('plant.pem');
    const collector = await start();
    const stranger = createNodeSigner(generateKeyPairSync('ed25519').privateKey);
    await send(ledger.all.slice(0, 5));
    await sender.publish(entriesTopic('limpid/1', ledger.id), 'rubbish', { qos: 1 });
    await send([rewritten(ledger.all[5]!, 'forged', stranger), ...ledger.all.slice(5)]);
    await receipted(20);
    expect(collector.status().ledgers).toMatchObject([{ refused: 2, size: 20 }]);
    expect(new Set(logged)).toEqual(new Set(['COLLECT_REFUSED']));
  });

  it('is not kept from a ledger by a stranger who is the first to use its name', async () => {
    trust('plant.pem');
    await start();
    await sender.publish(entriesTopic('limpid/1', ledger.id), 'rubbish', { qos: 1 });
    await send(ledger.all);
    await receipted(20);
    expect(logged).toEqual(['COLLECT_UNTRUSTED']);
  });

  it('proves a fork, and then neither takes nor signs anything, also after a restart', async () => {
    trust('plant.pem');
    const collector = await start();
    await send(ledger.all.slice(0, 10));
    await receipted(10);
    const theirs = rewritten(ledger.all[4]!, 'nicer');
    await send([theirs]);
    await until(() => expect(logged).toEqual(['COLLECT_FORK']));
    expect(collector.status().ledgers).toMatchObject([{ frozen: true, size: 10 }]);
    const proof = readFileSync(join(root, 'data', 'ledgers', ledger.id, 'forks', '4.cbor'));
    expect(itemsOf(new Uint8Array(proof)).map(({ entryBytes }) => entryBytes)).toEqual([
      ledger.all[4]!.entryBytes,
      theirs.entryBytes,
    ]);
    await collector.stop();
    notes.length = 0;
    const again = await start();
    await send(ledger.all);
    await send([], '0011223344556677');
    await until(() => expect(again.status().quarantined).toBe(1));
    expect(again.status().ledgers).toMatchObject([{ frozen: true, size: 10 }]);
    // only what the broker had retained came back
    expect(notes).toEqual([]);
  });

  it('goes on when its broker was away', async () => {
    trust('plant.pem');
    const collector = await start();
    await send(ledger.all.slice(0, 5));
    await receipted(5);
    await broker.kill();
    await until(() => expect(collector.status().connected).toBe(false));
    await broker.start();
    await until(() => expect(collector.status().connected).toBe(true));
    const timing = { keepaliveS: 30, connectTimeoutS: 5 };
    await sender.close();
    sender = await new Broker({ name: 'sender', clock, url: broker.url, clientId: 'sender', ...timing }).open();
    sender.onMessage = ({ payload }) => void notes.push(new TextDecoder().decode(payload));
    await sender.subscribe(receiptsTopic('limpid/1', ledger.id), 1);
    await send(ledger.all.slice(3));
    await receipted(20);
  });

  it('keeps on for the others when one copy is damaged, and says which', async () => {
    trust('plant.pem');
    const other = new MemoryLedger(clock);
    trust('other.pem', other.signer.publicKey);
    const first = await start();
    await send(ledger.all);
    await send(other.all, other.id);
    await until(() => expect(first.status().ledgers.map(({ size }) => size)).toEqual([20, 1]));
    await first.stop();
    const folder = join(root, 'data', 'ledgers', other.id, 'ledger');
    const segment = join(folder, readdirSync(folder).find((name) => name.endsWith('.seg'))!);
    const bytes = readFileSync(segment);
    writeFileSync(segment, bytes.fill(0xee, 0, 64));
    ledger.addEvents(3);
    const again = await start();
    expect(again.status()).toMatchObject({ ledgers: [{ ledger: ledger.id }], failed: [other.id] });
    expect(logged).toContain('LEDGER_DAMAGED');
    await send(other.all, other.id);
    await send(ledger.all);
    await receipted(23);
    expect(again.status()).toMatchObject({ quarantined: 0, failed: [other.id] });
  });

  it('keeps on for the others when one copy cannot be read while it runs', async () => {
    trust('plant.pem');
    const other = new MemoryLedger(clock);
    trust('other.pem', other.signer.publicKey);
    const collector = await start();
    await send(other.all, other.id);
    await until(() => expect(collector.status().ledgers).toMatchObject([{ size: 1 }]));
    rmSync(join(root, 'data', 'ledgers', other.id, 'ledger'), { recursive: true });
    await send(other.all, other.id);
    await send(ledger.all);
    await receipted(20);
    expect(collector.status()).toMatchObject({ ledgers: [{ ledger: ledger.id }], failed: [other.id] });
  });

  it('is not ended by rubbish: empty messages of strangers, names that are no ledger', async () => {
    trust('plant.pem');
    mkdirSync(join(root, 'data', 'ledgers', 'lost+found'), { recursive: true });
    const collector = await start();
    for (const id of ['0011223344556677', '0011223344556677', 'nonsense', ledger.id]) {
      await sender.publish(entriesTopic('limpid/1', id), '', { qos: 1 });
    }
    await send(ledger.all);
    await receipted(20);
    expect(collector.status()).toMatchObject({ quarantined: 3, failed: [] });
  });

  it('goes on when its disk was full', async () => {
    trust('plant.pem');
    const disk = new FaultyFiles(files);
    await start(disk);
    await send(ledger.all.slice(0, 5));
    await receipted(5);
    disk.rule = (step) => (step === 'write' ? 'ENOSPC' : null);
    await send(ledger.all.slice(5));
    await send(ledger.all, '0011223344556677');
    await until(() => expect(logged).toEqual(['LEDGER_DISK_FULL', '', 'COLLECT_UNTRUSTED']));
    disk.rule = () => null;
    await send(ledger.all.slice(5));
    await receipted(20);
  });

  it('closes the copies that it had opened when its start fails', async () => {
    trust('plant.pem');
    const first = await start();
    await send(ledger.all);
    await receipted(20);
    await expect(start()).rejects.toMatchObject({ code: 'LEDGER_LOCKED' });
    await first.stop();
    mkdirSync(join(root, 'data', 'ledgers', 'ffffffffffffffff'));
    await expect(start(files, 'LEDGER_READ_ONLY')).rejects.toMatchObject({ code: 'LEDGER_READ_ONLY' });
    const again = await start();
    expect(again.status().ledgers).toMatchObject([{ size: 20 }]);
  });

  it('does not start without its trust folder, or with a key in it that is none', async () => {
    rmSync(join(root, 'trust'), { recursive: true });
    const fault = async () =>
      start().then(
        () => '',
        (refusal: LimpidError) => refusal.code,
      );
    expect(await fault()).toBe('CONFIG_UNREADABLE');
    mkdirSync(join(root, 'trust'));
    writeFileSync(join(root, 'trust', 'bad.pem'), 'no key');
    expect(await fault()).toBe('KEY_UNREADABLE');
  });
});

function itemsOf(payload: Uint8Array): Item[] {
  const items: Item[] = [];
  for (let at = 0; at < payload.length; ) {
    const parsed = parseItem(payload, at);
    if (parsed === 'incomplete') throw new Error('it ends inside an item');
    items.push(parsed.item);
    at = parsed.end;
  }
  return items;
}
