import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseBatchBody } from '@limpid/sdk/ledger/seal';
import { createNodeFiles, createNodeSuite, openKeyFile, openLedgerDirectory } from '@limpid/sdk/ledger/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMosquitto, type TestBroker } from '../support/brokers.ts';
import { need } from '../support/need.ts';

/** UPLINK_KILL_BATCHES=6000 UPLINK_KILLS=60 for the long form */
const BATCHES = Number(process.env.UPLINK_KILL_BATCHES ?? 600);
const KILLS = Number(process.env.UPLINK_KILLS ?? 9);
const SEED = Number(process.env.UPLINK_KILL_SEED ?? Math.floor(Math.random() * 2 ** 31));

const files = createNodeFiles();
const suite = createNodeSuite();

/** A process that is started again after each kill, and whose JSON lines are read. */
class Victim {
  onMessage: (message: Record<string, unknown>) => void = () => {};
  readonly #command: readonly string[];
  #child: ChildProcess | null = null;
  errors = '';

  constructor(script: string, args: readonly string[]) {
    this.#command = [fileURLToPath(new URL(script, import.meta.url)), ...args];
  }

  start(): void {
    const child = spawn(process.execPath, [...this.#command], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.on('data', (bytes: Buffer) => {
      this.errors += bytes.toString();
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.onMessage(JSON.parse(line)));
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

/** Numbers that a failed run can be repeated with. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe.skipIf(!need('mosquitto', 'mosquitto'))('an uplink whose broker, collector and gateway are killed', () => {
  let root: string;
  let broker: TestBroker;
  const victims: Victim[] = [];

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'uplink-kill-'));
    broker = await createMosquitto();
    await broker.start();
  });

  afterEach(async () => {
    await Promise.all(victims.splice(0).map((victim) => victim.kill()));
    await broker.kill();
    rmSync(root, { recursive: true, force: true });
  });

  /** Both keys exist beforehand, as an operator would exchange them. */
  async function exchangeKeys(): Promise<void> {
    mkdirSync(join(root, 'trust'));
    await openKeyFile(join(root, 'gateway', 'keys', 'ledger.pem'), files, { create: true });
    await openKeyFile(join(root, 'collector', 'keys', 'collector.pem'), files, { create: true });
    copyFileSync(join(root, 'gateway', 'keys', 'ledger.pub.pem'), join(root, 'trust', 'gateway.pem'));
  }

  it(`has every batch of ${BATCHES} in the mirror once and in order after ${KILLS} kills`, async () => {
    await exchangeKeys();
    const random = mulberry32(SEED);
    const receiptKey = join(root, 'collector', 'keys', 'collector.pub.pem');
    const sender = new Victim('uplink-sender.mjs', [join(root, 'gateway'), broker.url, receiptKey, String(BATCHES)]);
    const collector = new Victim('../../gateway/bin/limpid.js', [
      'collect',
      ...['--url', broker.url, '--trust', join(root, 'trust'), '--data', join(root, 'collector')],
    ]);
    victims.push(sender, collector);
    // each kill comes at a random moment of its share of the receipts, so that everything is under way
    const moments = Array.from({ length: KILLS }, (_, kill) => ((kill + random()) / KILLS) * BATCHES * 0.95);
    const killed = { broker: 0, collector: 0, gateway: 0 };
    const targets = ['broker', 'collector', 'gateway'] as const;
    const strike = async (round: number) => {
      const target = targets[round % targets.length]!;
      killed[target] += 1;
      const victim = { broker, collector, gateway: sender }[target];
      await victim.kill();
      await victim.start();
    };
    let striking = Promise.resolve();
    let round = 0;
    let resent = 0;
    const finished = new Promise<number>((resolve) => {
      sender.onMessage = (message) => {
        if (typeof message.resent === 'number') resent = Math.max(resent, message.resent);
        const receipted = typeof message.receipted === 'number' ? message.receipted : 0;
        if (message.done === true) resolve(Number(message.size));
        while (round < moments.length && receipted > moments[round]!) {
          const now = round;
          round += 1;
          striking = striking.then(() => strike(now));
        }
      };
    });
    collector.start();
    sender.start();
    const size = await finished;
    await striking;
    expect(round, 'kills').toBe(KILLS);
    await Promise.all([sender.kill(), collector.kill()]);

    const [mirrorId] = readdirSync(join(root, 'collector', 'ledgers'));
    const mirror = await openLedgerDirectory(join(root, 'collector', 'ledgers', mirrorId!), files, suite);
    const ledger = await openLedgerDirectory(join(root, 'gateway'), files, suite);
    expect(mirror.size()).toBeGreaterThanOrEqual(size);
    expect(await mirror.rootAt(size)).toEqual(await ledger.rootAt(size));
    const numbers: number[] = [];
    for await (const item of mirror.items(0)) {
      const ours = await ledger.read(item.seq);
      expect(Buffer.compare(item.entryBytes, ours.entryBytes)).toBe(0);
      expect(item.body).toEqual(ours.body);
      if (item.entry.kind === 'batch') numbers.push(Number(parseBatchBody(item.body!).blocks[0]!.columns[0]!.raw[0]));
    }
    expect(numbers).toEqual([...Array(BATCHES).keys()]);
    console.log(
      `seed ${SEED}: ${BATCHES} batches, kills ${JSON.stringify(killed)}, ${size} entries, ${resent} sent again by the last sender`,
    );
  }, 600_000);
});
