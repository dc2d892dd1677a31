import type { Clock } from '../core/clock.ts';
import type { FieldResult } from '../modbus/field.ts';
import type { RegisterReader } from '../modbus/reader.ts';
import type { BoundDevice } from '../profiles/interpret.ts';
import type { Poll, PollSource } from './poll.ts';

export interface DeviceSourceOptions {
  device: string;
  intervalMs: number;
  reader: Pick<RegisterReader, 'read'>;
  bound: Pick<BoundDevice, 'readings'>;
  clock: Clock;
}

/** A device as the schedule sees it: one scan of its registers, read as its profile says, one at a time. */
export class DeviceSource implements PollSource {
  readonly device: string;
  readonly intervalMs: number;
  readonly #options: DeviceSourceOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DeviceSourceOptions) {
    this.device = options.device;
    this.intervalMs = options.intervalMs;
    this.#options = options;
  }

  /** Somebody who asks for a poll of his own waits until the one that is out is over. */
  poll(signal: AbortSignal): Promise<Poll> {
    const poll = this.#last.then(() => this.#scan(signal));
    this.#last = poll.catch(() => {});
    return poll;
  }

  async #scan(signal: AbortSignal): Promise<Poll> {
    const { reader, bound, clock } = this.#options;
    const at = { wallMs: Math.round(clock.wallMs()), monoMs: clock.monoMs() };
    const results = await reader.read(signal);
    return { device: this.device, ...at, readings: bound.readings(results, at), fault: firstFault(results) };
  }
}

function firstFault(results: ReadonlyMap<string, FieldResult>): Poll['fault'] {
  for (const result of results.values()) if (!result.ok) return result.fault;
  return null;
}
