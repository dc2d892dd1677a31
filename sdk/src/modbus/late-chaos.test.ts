import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import type { LimpidError } from '../core/error.ts';
import { encodeSerialFrame } from './crc.ts';
import { createLine } from './create-line.ts';
import type { TransportEvents } from './transport.ts';

const TIMEOUT_MS = 300;
const STEP_MS = 20;

/** What becomes of one request: never answered, answered so late, refused, torn, answered over the next connection. */
const fate = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant('answer' as const) },
    { weight: 3, arbitrary: fc.constant('refusal' as const) },
    { weight: 1, arbitrary: fc.constantFrom('nothing', 'torn', 'lost') },
  ),
  afterMs: fc.oneof(
    { weight: 2, arbitrary: fc.integer({ min: 10, max: 100 }) },
    { weight: 2, arbitrary: fc.integer({ min: TIMEOUT_MS, max: 4 * TIMEOUT_MS }) },
  ),
});
type Fate = typeof fate extends fc.Arbitrary<infer T> ? T : never;

const read = fc.record({
  unit: fc.constantFrom(1, 2),
  count: fc.integer({ min: 1, max: 4 }),
  pauseMs: fc.constantFrom(0, 0, 0, 700),
});

/** Refusals carry the number of their request, too; 10 and 11 are no device's. */
const exceptionOf = (number: number) => 12 + (number % 200);

/** Devices that answer in order, each register with the number of the request that it answers. */
class Devices {
  events: TransportEvents = { onData: () => undefined, onLost: () => undefined };
  requests = 0;
  readonly #freeAtMs = new Map<number, number>();
  readonly #clock: FakeClock;
  readonly #fates: readonly Fate[];
  readonly #only: number | null;

  /** `only`: the one length that they answer */
  constructor(clock: FakeClock, fates: readonly Fate[], only: number | null) {
    this.#clock = clock;
    this.#fates = fates;
    this.#only = only;
  }

  take(frame: Buffer): void {
    const { kind, afterMs } = this.#fates[this.requests % this.#fates.length]!;
    const [unit, number] = [frame[0]!, this.requests];
    this.requests += 1;
    if (kind === 'lost') this.#at(this.#clock.mono + 30, () => this.events.onLost('unplugged'));
    if (kind === 'nothing' || (this.#only !== null && frame.readUInt16BE(4) !== this.#only)) return;
    const atMs = Math.max(this.#freeAtMs.get(unit) ?? 0, this.#clock.mono + STEP_MS + afterMs);
    this.#freeAtMs.set(unit, atMs + 1);
    const words = Array.from({ length: frame.readUInt16BE(4) }, () => [number >> 8, number & 0xff]).flat();
    const pdu = kind === 'refusal' ? [0x83, exceptionOf(number)] : [3, words.length, ...words];
    const answer = encodeSerialFrame(unit, Uint8Array.from(pdu));
    this.#at(atMs, () => this.events.onData(kind === 'torn' ? answer.subarray(0, 4) : answer));
  }

  #at(monoMs: number, act: () => void): void {
    void this.#clock.waitUntil(monoMs).then(act);
  }
}

async function wrongAnswers(
  fates: readonly Fate[],
  reads: readonly { unit: number; count: number; pauseMs: number }[],
  only: number | null = null,
) {
  const clock = new FakeClock({ monoMs: 0 });
  const devices = new Devices(clock, fates, only);
  const openSerial = () => async (events: TransportEvents) => {
    devices.events = events;
    const write = (frame: Buffer) => devices.take(Buffer.from(frame));
    return { writeDelayMs: 0, write, flush: async () => undefined, close: async () => undefined };
  };
  const format = { baudRate: 9_600, parity: 'none', dataBits: 8, stopBits: 1 } as const;
  const line = createLine(
    { type: 'rtu', name: 'rs485', path: 'fake', timeoutMs: TIMEOUT_MS, ...format },
    { clock, random: () => 0, openSerial },
  );
  await line.start();
  const wrong: string[] = [];
  for (const { unit, count, pauseMs } of reads) {
    let isSettled = false;
    const settled = line.read({ unit, fn: 3, address: 100, count }).then(
      (words) => {
        const fits = words.length === count && words.every((word) => word === devices.requests - 1);
        if (!fits) wrong.push(`request ${devices.requests - 1} took the answer ${words}`);
        isSettled = true;
      },
      (fault: LimpidError) => {
        const isForeign =
          fault.code === 'DEVICE_EXCEPTION' && fault.params.exception !== exceptionOf(devices.requests - 1);
        if (isForeign) wrong.push(`request ${devices.requests - 1} took the refusal ${fault.params.exception}`);
        isSettled = true;
      },
    );
    for (let step = 0; !isSettled; step += 1) {
      if (step > 1_000) throw new Error('a read never settled');
      await clock.advance(STEP_MS);
    }
    await settled;
    await clock.advance(pauseMs);
  }
  await line.stop();
  return wrong;
}

it('no answer is ever taken for another request, however late, refused, torn or lost answers fall', async () => {
  const fates = fc.array(fate, { minLength: 20, maxLength: 60 });
  const reads = fc.array(read, { minLength: 10, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fates, reads, async (each, asked) => {
      expect(await wrongAnswers(each, asked)).toEqual([]);
    }),
    { numRuns: 200 },
  );
}, 60_000);

it('nor by units that answer reads of one length only', async () => {
  const fates = fc.array(fate, { minLength: 20, maxLength: 60 });
  const reads = fc.array(read, { minLength: 10, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fates, reads, async (each, asked) => {
      const same = asked.map((one) => ({ ...one, count: 3 }));
      expect(await wrongAnswers(each, same, 3)).toEqual([]);
    }),
    { numRuns: 100 },
  );
}, 60_000);
