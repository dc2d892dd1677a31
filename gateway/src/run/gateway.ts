import type { LineSchedule, Poll, Sink } from '@limpid/sdk/acquire';
import { type Clock, LimpidError, type Service, settleAll, systemRandom } from '@limpid/sdk/core';
import { collectBatch, type Suite } from '@limpid/sdk/ledger/seal';
import type { Files, Ledger } from '@limpid/sdk/ledger/store';
import type { Site } from '@limpid/sdk/site';
import { ClockLog } from '../clock/clock-log.ts';
import type { WallStateWatch } from '../clock/wall-state.ts';
import { DoorServer } from '../door/server.ts';
import { LiveBoard } from '../readings/live-board.ts';
import { AppendQueue } from './append-queue.ts';
import { type Assembly, schedule } from './assembly.ts';
import { Batcher } from './batcher.ts';
import { contextParts } from './context.ts';
import { DeviceLog } from './device-log.ts';
import { doorOperations } from './door-operations.ts';
import { Forwarding } from './forwarding.ts';
import { LineUse } from './line-use.ts';
import { faultFields, type Logger } from './log.ts';
import { outageGap } from './outage.ts';
import { saveRefusals } from './refusal-file.ts';

export interface GatewayOptions {
  site: Site;
  /** files that the site names are relative to it */
  siteDir: string;
  dataDir: string;
  ledger: Ledger;
  assembly: Assembly;
  clock: Clock;
  wallState: WallStateWatch;
  files: Files;
  suite: Suite;
  log: Logger;
  /** the ledger cannot be written any more, or a defect: the process has to end and start again */
  onFatal: (fault: unknown) => void;
}

const SEED_BYTES = 16;

/** From wires to ledger to uplinks. Data flows one way: polls → batches → ledger, and everything else follows that. */
export class Gateway implements Service {
  readonly #options: GatewayOptions;
  readonly #queue: AppendQueue;
  readonly #batcher: Batcher;
  readonly #schedules: LineSchedule[];
  readonly #forwarding: Forwarding;
  readonly #door: DoorServer;
  #following: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | null = null;

  constructor(options: GatewayOptions) {
    const { ledger, assembly, clock, log, onFatal, site, dataDir } = options;
    this.#options = options;
    const queue = new AppendQueue({
      ...{ ledger, clock, onFatal },
      onStorage: (state) => logStorage(log, dataDir, state),
      onRefused: (fault, { kind }) => log.error({ kind, ...faultFields(fault) }, 'an entry was refused'),
    });
    const board = new LiveBoard();
    this.#queue = queue;
    this.#batcher = new Batcher({
      append: (draft) => queue.append(draft),
      collect: (polls) => collectBatch(polls, systemRandom.bytes(SEED_BYTES)),
      clock,
      batchEveryMs: site.ledger.batchEveryS * 1000,
      onSealed: (readings, { seq }) => board.sealed(readings, seq),
    });
    const sink = tee(this.#batcher, new DeviceLog(log, clock), new ClockLog(clock, log));
    this.#schedules = schedule(assembly, { sink, clock, onFault: onFatal });
    this.#forwarding = new Forwarding({ ...options, append: (draft) => queue.append(draft) });
    const lineUses = assembly.lines.map((line) => new LineUse(line, clock));
    const doorDeps = {
      ...{ ...options, forwarding: this.#forwarding, queue, batcher: this.#batcher, board, lineUses },
      startedAtMs: clock.wallMs(),
    };
    this.#door = new DoorServer(dataDir, doorOperations(doorDeps));
  }

  get ledgerId(): string {
    return this.#options.ledger.id;
  }

  /** entries in the ledger */
  size(): number {
    return this.#options.ledger.size();
  }

  async start(): Promise<void> {
    const { assembly, site, ledger, clock, wallState } = this.#options;
    await this.#door.start();
    const gap = await outageGap(ledger, clock);
    await Promise.all([
      this.#queue.append({ kind: 'context', parts: contextParts(site, assembly) }),
      ...(gap === null ? [] : [this.#queue.append(gap)]),
    ]);
    await this.#batcher.start();
    await this.#forwarding.start();
    this.#following = wallState.follow(clock);
    // Each line polls as soon as it has tried to open: a host that lets connections time out delays nobody else.
    await Promise.all(
      assembly.lines.map(async (line, index) => {
        await line.start();
        await this.#schedules[index]?.start();
      }),
    );
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Along the flow: first what brings readings, last what keeps them. */
  async #stop(): Promise<void> {
    const { assembly, ledger, wallState } = this.#options;
    await settleAll([
      ...this.#schedules.map((lineSchedule) => () => lineSchedule.stop()),
      ...assembly.lines.map((line) => () => line.stop()),
      // First the queue: from then on nothing waits for room on a full disk, so that the batcher comes to an end.
      () => this.#queue.stop(),
      () => this.#batcher.stop(),
      () => ledger.finish(),
      () => this.#forwarding.awaitReceipts(),
      () => this.#forwarding.stop(),
      () => wallState.stop(),
      () => this.#following,
      () => this.#door.stop(),
      () => this.#saveRefusals(),
      () => ledger.close(),
    ]);
  }

  async #saveRefusals(): Promise<void> {
    const { dataDir, files, assembly, log } = this.#options;
    const refusals = Object.fromEntries(assembly.devices.map(({ name, reader }) => [name, reader.refusals()]));
    try {
      await saveRefusals(dataDir, files, refusals);
    } catch (fault) {
      log.warn(faultFields(fault), 'what devices refuse was not kept; the next start finds it out again');
    }
  }
}

/** Readings go to the ledger; whether a device answers, and the clock can be relied on, goes to the log. */
function tee(batcher: Batcher, deviceLog: DeviceLog, clockLog: ClockLog): Sink {
  return {
    poll(poll: Poll) {
      clockLog.look();
      deviceLog.poll(poll);
      batcher.poll(poll);
    },
    missed: (missed) => batcher.missed(missed),
  };
}

function logStorage(log: Logger, dir: string, { full, waiting }: { full: boolean; waiting: number }): void {
  const fault = new LimpidError('LEDGER_DISK_FULL', { dir, detail: `${waiting} batches wait in memory` });
  if (full) log.error({ waiting, ...faultFields(fault) }, 'disk full');
  else log.info({}, 'disk has room again');
}
