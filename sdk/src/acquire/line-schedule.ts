import type { Clock } from '../core/clock.ts';
import type { Service } from '../core/lifecycle.ts';
import type { MissedPolls, PollSource, Sink } from './poll.ts';

export interface LineScheduleOptions {
  line: string;
  sources: readonly PollSource[];
  sink: Sink;
  clock: Clock;
  onFault: (fault: unknown) => void;
}

interface Slot {
  source: PollSource;
  /** monotonic ms of the next poll: always first + n × interval, so nothing drifts */
  dueMonoMs: number;
  missed: MissedPolls | null;
  /** the poll before this one came late by as much, too */
  overloaded: boolean;
  reportedMonoMs: number;
}

/** An overload is told at once, and while it lasts once per period and device. */
const MISSED_REPORT_MS = 60_000;

/** So many polls in a row that did not take place make a silence that a verifier asks about. */
const SILENCE_POLLS = 2;

/** The devices of a line start within this share of their interval. */
const STAGGER_SHARE = 0.5;

/**
 * Polls the devices of one line, one after the other, each at its own interval. Devices of equal interval start
 * staggered over it. A poll whose time has passed altogether is not made up for: it is counted and reported as missed.
 */
export class LineSchedule implements Service {
  readonly #line: string;
  readonly #sources: readonly PollSource[];
  readonly #sink: Sink;
  readonly #clock: Clock;
  readonly #onFault: (fault: unknown) => void;
  #stop: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();

  /** `onFault` hears of a fault that ended the schedule: a defect, since devices that fail give readings. */
  constructor(options: LineScheduleOptions) {
    this.#line = options.line;
    this.#sources = options.sources;
    this.#sink = options.sink;
    this.#clock = options.clock;
    this.#onFault = options.onFault;
  }

  async start(): Promise<void> {
    if (this.#stop !== null) return;
    this.#stop = new AbortController();
    this.#running = this.#run(this.#stop.signal);
  }

  /** Waits for the poll that is out. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const slots = this.#layOut();
    try {
      while (!signal.aborted) {
        const slot = earliest(slots);
        if (slot === undefined) return;
        await this.#clock.waitUntil(slot.dueMonoMs, signal);
        // Told before the poll that ends the silence: who reads on asks there what it was.
        this.#reportMissed(slot, this.#skipMissed(slot));
        this.#sink.poll(await slot.source.poll(signal));
        slot.dueMonoMs += slot.source.intervalMs;
      }
    } catch (fault) {
      if (!signal.aborted) this.#onFault(fault);
    } finally {
      for (const slot of slots) this.#reportMissed(slot, true);
    }
  }

  #layOut(): Slot[] {
    const now = this.#clock.monoMs();
    return this.#sources.map((source, index) => ({
      source,
      dueMonoMs: now + (index / this.#sources.length) * source.intervalMs * STAGGER_SHARE,
      missed: null,
      overloaded: false,
      reportedMonoMs: Number.NEGATIVE_INFINITY,
    }));
  }

  /** True when an overload begins that must be told at once. */
  #skipMissed(slot: Slot): boolean {
    const { source, overloaded } = slot;
    const lateMs = this.#clock.monoMs() - slot.dueMonoMs;
    const count = Math.floor(lateMs / source.intervalMs);
    slot.overloaded = count >= SILENCE_POLLS;
    if (count < 1) return false;
    // Whole ms, as of a poll: the monotonic clock has fractions, and an event that is signed takes none.
    const dueWallMs = Math.round(this.#clock.wallMs() - lateMs);
    slot.dueMonoMs += count * source.intervalMs;
    slot.missed ??= {
      device: source.device,
      line: this.#line,
      cause: 'overload',
      fromWallMs: dueWallMs,
      toWallMs: dueWallMs,
      count: 0,
      intervalMs: source.intervalMs,
    };
    slot.missed.count += count;
    slot.missed.toWallMs = dueWallMs + (count - 1) * source.intervalMs;
    return slot.overloaded && !overloaded;
  }

  #reportMissed(slot: Slot, atOnce: boolean): void {
    const { missed } = slot;
    const now = this.#clock.monoMs();
    if (missed === null || (!atOnce && now - slot.reportedMonoMs < MISSED_REPORT_MS)) return;
    slot.missed = null;
    slot.reportedMonoMs = now;
    this.#sink.missed(missed);
  }
}

function earliest(slots: readonly Slot[]): Slot | undefined {
  let first = slots[0];
  for (const slot of slots) if (first === undefined || slot.dueMonoMs < first.dueMonoMs) first = slot;
  return first;
}
