import type { MissedPolls, Poll, Sink } from '@limpid/sdk/acquire';
import { type Clock, QUALITIES, type Reading, type Service } from '@limpid/sdk/core';
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

/** The first batch closes this long after its first poll, so that a fresh start shows sealed readings within a second. */
const FIRST_BATCH_MS = 100;

/** A batch of more is closed early: bodies have a limit, a power cut takes what is not sealed, brokers limit messages. */
const MOST_READINGS = 50_000;

/** Qualities that somebody must hear of now: they close the batch at once. */
const ALARMS: ReadonlySet<number> = new Set([QUALITIES.deviceAlarm, QUALITIES.tamperInput]);

/** Collects polls and seals them every few seconds, at once on an alarm and when it is stopped. */
export class Batcher implements Sink, Service {
  readonly #options: BatcherOptions;
  readonly #stop = new AbortController();
  readonly #alarmed = new Set<number>();
  readonly #sealing = new Set<Promise<void>>();
  #polls: Poll[] = [];
  /** in `#polls` */
  #readings = 0;
  #running: Promise<void> = Promise.resolve();
  readonly #firstPoll: Promise<void>;
  #onFirstPoll: () => void = () => {};

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#firstPoll = new Promise((resolve) => {
      this.#onFirstPoll = resolve;
    });
  }

  async start(): Promise<void> {
    this.#running = this.#run();
  }

  poll(poll: Poll): void {
    this.#polls.push(poll);
    this.#readings += poll.readings.length;
    this.#onFirstPoll();
    if (this.#raisesAlarm(poll.readings) || this.#readings >= MOST_READINGS) this.flush();
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
    this.#readings = 0;
    this.#track(this.#seal(polls));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#onFirstPoll();
    await this.#running;
    this.flush();
    while (this.#sealing.size > 0) await Promise.all(this.#sealing);
  }

  async #run(): Promise<void> {
    const { clock, batchEveryMs } = this.#options;
    try {
      await this.#firstPoll;
      let dueMonoMs = clock.monoMs() + Math.min(FIRST_BATCH_MS, batchEveryMs);
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
    const item = await append({ kind: 'batch', body: collect(polls) });
    onSealed(
      polls.flatMap(({ readings }) => readings),
      item,
    );
  }

  /**
   * The owner of `append` hears of faults of the ledger and ends the process, and tells what a full disk has cost; here
   * they only must not go unhandled.
   */
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
