import { LimpidError, stopped } from '@limpid/sdk/core';
import type { Line, LineCost, LineUsage, ReadRequest } from '@limpid/sdk/modbus';
import type { FakeClock } from './fake-clock.ts';

/** What a unit on the fake line does with a request: words of the bank or others, an exception number, silence, or a fault of the line. */
export type FakeAnswer = 'words' | Uint16Array | 'silence' | 'garbled' | number | LimpidError;

/** An example of each cost: 9600 Bd, 8N1, 5 ms in which the device thinks. */
const COST: LineCost = { perRequestMs: 25.8, perRegisterMs: 2.08 };

/**
 * A line without a wire. Register n holds n, XORed with the unit and the function so that a mix-up shows. Requests take
 * the time that the cost says on the fake clock, silence takes the time-out.
 */
export class FakeLine implements Line {
  readonly name = 'fake';
  cost: LineCost = COST;
  /** every request that touches one of these registers gets exception 2 */
  holes = new Set<number>();
  /** longer requests get exception 3 */
  longest = 125;
  /** one overridden behaviour per test; undefined falls through to the register bank */
  override: (request: ReadRequest) => FakeAnswer | undefined = () => undefined;
  readonly requests: ReadRequest[] = [];
  timeouts = 0;
  readonly #clock: FakeClock;
  readonly #timeoutMs: number;

  constructor(clock: FakeClock, options: { timeoutMs?: number } = {}) {
    this.#clock = clock;
    this.#timeoutMs = options.timeoutMs ?? 1_000;
  }

  static word(unit: number, fn: number, address: number): number {
    return (address ^ (unit << 8) ^ (fn << 13)) & 0xffff;
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  async read(request: ReadRequest, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<Uint16Array> {
    if (options.signal?.aborted) throw stopped(options.signal);
    this.requests.push(request);
    const answer = this.override(request) ?? this.#bank(request);
    if (answer instanceof LimpidError) throw answer;
    if (answer instanceof Uint16Array) return answer;
    const { unit, fn, address, count } = request;
    const place = { unit, line: this.name, fn, address };
    if (answer === 'silence' || answer === 'garbled') {
      const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
      this.#pass(timeoutMs);
      this.timeouts += 1;
      if (answer === 'silence') throw new LimpidError('DEVICE_SILENT', { ...place, timeoutMs });
      throw new LimpidError('DEVICE_GARBLED', { ...place, bytes: 3, detail: 'bad checksum' });
    }
    this.#pass(this.cost.perRequestMs + (answer === 'words' ? count * this.cost.perRegisterMs : 0));
    if (answer === 'words') return Uint16Array.from({ length: count }, (_, k) => FakeLine.word(unit, fn, address + k));
    throw new LimpidError('DEVICE_EXCEPTION', { ...place, last: address + count - 1, exception: answer, meaning: '' });
  }

  usage(): LineUsage {
    const { timeouts } = this;
    const requests = this.requests.length;
    return { requests, answers: 0, exceptions: 0, timeouts, garbled: 0, busyMs: 0, lastAnswerMs: null, open: true };
  }

  /** The requests since the last call. */
  taken(): ReadRequest[] {
    return this.requests.splice(0);
  }

  #bank({ address, count }: ReadRequest): FakeAnswer {
    for (let k = 0; k < count; k += 1) if (this.holes.has(address + k)) return 2;
    return count > this.longest ? 3 : 'words';
  }

  #pass(ms: number): void {
    this.#clock.mono += ms;
    this.#clock.wall += ms;
  }
}
