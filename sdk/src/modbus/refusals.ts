import { createHash } from 'node:crypto';
import { type BackoffSchedule, backoffDelayMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { Block, DeviceMap } from './field.ts';

/**
 * What a device was found to refuse. A refused range is one that no read may contain wholly:
 *
 * - of a `joint`: from the last register of one field to the first of the next. Both sides were read, the two together
 *   were refused, so something between them is a hole or a border;
 * - of a `field`: its own registers. It is asked again, rarely; when the device takes it back, all fields are, because a
 *   device that starts up refuses everything for a while.
 *
 * Everything is forgotten after a day or when the map changes, so that new firmware is noticed.
 */
export interface Refusal extends Block {
  kind: 'joint' | 'field';
  exception: number;
  /** wall time at which it was found */
  sinceMs: number;
}

/** The memory as plain JSON, to be kept over a restart. */
export interface RefusalsRecord {
  /** hash of the map that the ranges belong to */
  map: string;
  refused: Refusal[];
  /** a shorter length of requests than the map says, when the device refused the longer ones */
  limit: { registers: number; sinceMs: number } | null;
}

/** One request a minute costs nothing, and an instrument that was being serviced is not missed for an hour. */
export const DEFAULT_REFUSAL_BACKOFF: BackoffSchedule = {
  initialMs: 10_000,
  maximumMs: 60_000,
  factor: 2,
  jitter: 0.2,
};

const FORGET_AFTER_MS = 24 * 3_600_000;

export class RefusalMemory {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: BackoffSchedule;
  readonly #mapHash: string;
  readonly #widestField: number;
  #refused: Refusal[] = [];
  #limit: RefusalsRecord['limit'] = null;
  #retryFailures = 0;
  #nextRetryMonoMs = 0;
  #retryTurn = 0;
  #version = 0;

  constructor(options: {
    map: DeviceMap;
    clock: Clock;
    random: () => number;
    backoff?: BackoffSchedule | undefined;
    saved?: RefusalsRecord | undefined;
  }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#backoff = options.backoff ?? DEFAULT_REFUSAL_BACKOFF;
    this.#mapHash = hashMap(options.map);
    this.#widestField = Math.max(1, ...options.map.fields.map((field) => (field.fn <= 2 ? 1 : field.count)));
    if (options.saved?.map !== this.#mapHash) return;
    this.#refused = [...options.saved.refused];
    this.#limit = options.saved.limit;
    this.expire();
  }

  /** grows whenever a plan made before is out of date */
  get version(): number {
    return this.#version;
  }

  /** registers that the device is known to give at once, null where it has not refused any length */
  get limit(): number | null {
    return this.#limit?.registers ?? null;
  }

  get ranges(): readonly Refusal[] {
    return this.#refused;
  }

  record(): RefusalsRecord {
    return { map: this.#mapHash, refused: this.#refused.map((each) => ({ ...each })), limit: this.#limit };
  }

  /** Forgets what is older than a day, or dated in the future because the wall clock was set back. */
  expire(): void {
    const nowMs = this.#clock.wallMs();
    const isFresh = ({ sinceMs }: { sinceMs: number }) => sinceMs <= nowMs && nowMs - sinceMs < FORGET_AFTER_MS;
    if (this.#limit !== null && !isFresh(this.#limit)) {
      this.#limit = null;
      this.#version += 1;
    }
    this.#keepOnly(isFresh);
  }

  add(kind: Refusal['kind'], range: Block, exception: number): void {
    const { fn, first, last } = range;
    if (this.#refused.some((each) => each.fn === fn && each.first === first && each.last === last)) return;
    if (kind === 'field' && !this.#refused.some((each) => each.kind === 'field')) this.#delayRetry(1);
    this.#refused.push({ kind, fn, first, last, exception, sinceMs: this.#clock.wallMs() });
    this.#version += 1;
  }

  /** The device refused a longer request for its length. A single field is never cut. */
  addLimit(registers: number): void {
    this.#limit = { registers: Math.max(this.#widestField, registers), sinceMs: this.#clock.wallMs() };
    this.#version += 1;
  }

  /** The refused field whose turn it is to be asked once more, when the back-off period is over. */
  dueField(): Refusal | undefined {
    const fields = this.#refused.filter((each) => each.kind === 'field');
    if (fields.length === 0 || this.#clock.monoMs() < this.#nextRetryMonoMs) return undefined;
    this.#retryTurn += 1;
    return fields[this.#retryTurn % fields.length];
  }

  retryRefused(): void {
    this.#delayRetry(this.#retryFailures + 1);
  }

  /** Also the joints inside these fields, or the fields would still contain a refused range. */
  forgetFields(): void {
    const fields = this.#refused.filter((each) => each.kind === 'field');
    const isInside = (each: Refusal) =>
      fields.some(({ fn, first, last }) => fn === each.fn && first <= each.first && each.last <= last);
    this.#keepOnly((each) => !isInside(each));
  }

  #keepOnly(keep: (each: Refusal) => boolean): void {
    const kept = this.#refused.filter(keep);
    if (kept.length === this.#refused.length) return;
    this.#refused = kept;
    this.#version += 1;
  }

  #delayRetry(failures: number): void {
    this.#retryFailures = failures;
    this.#nextRetryMonoMs = this.#clock.monoMs() + backoffDelayMs(this.#backoff, failures, this.#random);
  }
}

function hashMap(map: DeviceMap): string {
  const range = ({ fn, first, last }: Block) => [fn, first, last];
  const facts = [
    map.fields.map(({ name, fn, address, count }) => [name, fn, address, count]),
    map.blocks.map(range),
    map.forbidden.map(range),
    map.maxRegisters,
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}
