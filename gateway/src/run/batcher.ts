import type { MissedPolls, Poll, Sink } from '@limpid/sdk/acquire';
import { type Clock, isLimpidError, QUALITIES, type Reading, type Service } from '@limpid/sdk/core';
import type { BatchBody } from '@limpid/sdk/ledger/seal';
import type { Draft, LedgerItem } from '@limpid/sdk/ledger/store';

export interface BatcherOptions {
  append: (draft: Draft) => Promise<LedgerItem>;
  /** builds the body that commits to these readings */
  collect: (polls: readonly Poll[]) => BatchBody;
  clock: Clock;
  batchEveryMs: number;
  onSealed: (readings: Reading[], item: LedgerItem) => void;
}

/** The first batch closes early, so that a fresh start shows sealed readings within a second. */
const FIRST_BATCH_MS = 500;

/** Qualities that somebody must hear of now: they close the batch at once. */
const ALARMS: ReadonlySet<number> = new Set([QUALITIES.deviceAlarm, QUALITIES.tamperInput]);

interface LostBatches {
  fromWallMs: number;
  toWallMs: number;
  expected: number;
}

/** Collects polls and seals them every few seconds, at once on an alarm and when it is stopped. */
export class Batcher implements Sink, Service {
  readonly #options: BatcherOptions;
  readonly #stop = new AbortController();
  readonly #alarmed = new Set<number>();
  readonly #sealing = new Set<Promise<void>>();
  #polls: Poll[] = [];
  #running: Promise<void> = Promise.resolve();
  #lost: LostBatches | null = null;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#running = this.#run();
  }

  poll(poll: Poll): void {
    this.#polls.push(poll);
    if (this.#raisesAlarm(poll.readings)) this.flush();
  }

  missed({ device, line, cause, fromWallMs, toWallMs, count }: MissedPolls): void {
    this.#track(this.event('gap', { cause, device, line, fromWallMs, toWallMs, expected: count }));
  }

  /** An event closes the running batch first, so that the ledger tells things in their order. */
  async event(event: Extract<Draft, { kind: 'event' }>['event'], detail: Extract<Draft, { kind: 'event' }>['detail']) {
    this.flush();
    return this.#options.append({ kind: 'event', event, detail });
  }

  flush(): void {
    const polls = this.#polls;
    if (polls.length === 0) return;
    this.#polls = [];
    this.#track(this.#seal(polls));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.flush();
    while (this.#sealing.size > 0) await Promise.all(this.#sealing);
  }

  async #run(): Promise<void> {
    const { clock, batchEveryMs } = this.#options;
    let dueMonoMs = clock.monoMs() + Math.min(FIRST_BATCH_MS, batchEveryMs);
    try {
      for (;;) {
        await clock.waitUntil(dueMonoMs, this.#stop.signal);
        this.flush();
        dueMonoMs = Math.max(dueMonoMs + batchEveryMs, clock.monoMs());
      }
    } catch (fault) {
      if (!this.#stop.signal.aborted) throw fault;
    }
  }

  async #seal(polls: readonly Poll[]): Promise<void> {
    const { append, collect, onSealed } = this.#options;
    try {
      const item = await append({ kind: 'batch', body: collect(polls) });
      onSealed(
        polls.flatMap(({ readings }) => readings),
        item,
      );
      await this.#tellLost();
    } catch (fault) {
      if (!isLimpidError(fault, 'LEDGER_DISK_FULL') && !isLimpidError(fault, 'STOPPED')) throw fault;
      this.#lose(polls);
    }
  }

  /** Given up while the disk was full: what is gone is counted, and told when there is room again. */
  #lose(polls: readonly Poll[]): void {
    const times = polls.map(({ wallMs }) => wallMs);
    const lost = this.#lost;
    this.#lost = {
      fromWallMs: Math.min(...times, lost?.fromWallMs ?? Number.POSITIVE_INFINITY),
      toWallMs: Math.max(...times, lost?.toWallMs ?? 0),
      expected: polls.length + (lost?.expected ?? 0),
    };
  }

  async #tellLost(): Promise<void> {
    const lost = this.#lost;
    if (lost === null) return;
    this.#lost = null;
    await this.#options.append({ kind: 'event', event: 'gap', detail: { cause: 'storage', ...lost } });
  }

  /** The owner of `append` hears of faults of the ledger and ends the process; here they only must not go unhandled. */
  #track(sealing: Promise<unknown>): void {
    const tracked: Promise<void> = sealing
      .then(
        () => {},
        () => {},
      )
      .finally(() => this.#sealing.delete(tracked));
    this.#sealing.add(tracked);
  }

  /** True when a channel enters an alarm, not while it stays in one. */
  #raisesAlarm(readings: readonly Reading[]): boolean {
    let raised = false;
    for (const { channel, quality } of readings) {
      if (!ALARMS.has(quality)) this.#alarmed.delete(channel.id);
      else if (!this.#alarmed.has(channel.id)) {
        this.#alarmed.add(channel.id);
        raised = true;
      }
    }
    return raised;
  }
}
