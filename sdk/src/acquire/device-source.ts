import type { Clock } from '../core/clock.ts';
import type { FieldResult, RegisterReader } from '../modbus/index.ts';
import type { BoundDevice } from '../profiles/index.ts';
import type { Poll, PollSource } from './poll.ts';

export interface DeviceSourceOptions {
  device: string;
  intervalMs: number;
  reader: Pick<RegisterReader, 'read'>;
  bound: Pick<BoundDevice, 'readings'>;
  clock: Clock;
}

/** A device as the schedule sees it: one scan of its registers, read as its profile says. */
export class DeviceSource implements PollSource {
  readonly device: string;
  readonly intervalMs: number;
  readonly #options: DeviceSourceOptions;

  constructor(options: DeviceSourceOptions) {
    this.device = options.device;
    this.intervalMs = options.intervalMs;
    this.#options = options;
  }

  async poll(signal: AbortSignal): Promise<Poll> {
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
