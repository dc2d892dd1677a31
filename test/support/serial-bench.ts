import { encodeSerialFrame } from '../../sdk/src/modbus/crc.ts';
import { createLine, type RtuLineOptions } from '../../sdk/src/modbus/create-line.ts';
import type { Line } from '../../sdk/src/modbus/line.ts';
import type { TransportEvents } from '../../sdk/src/modbus/transport.ts';
import { FakeClock } from './fake-clock.ts';

export const SERIAL_TIMEOUT_MS = 300;
/** of the bench's 9600 Bd, 8N1 */
export const SERIAL_CHARACTER_MS = 10 / 9.6;
/** what the steps of the clock blur */
export const SERIAL_STEP_MS = 0.1;

/** A serial line over a port whose every byte the test sees and says. */
export class SerialBench {
  readonly clock = new FakeClock();
  readonly written: { atMs: number; frame: Buffer }[] = [];
  flushes = 0;
  events: TransportEvents = { onData: () => undefined, onLost: () => undefined };
  readonly line: Line;

  constructor(options: Partial<RtuLineOptions> = {}) {
    const openSerial = () => async (events: TransportEvents) => {
      this.events = events;
      return {
        writeDelayMs: 0,
        write: (frame: Buffer) => void this.written.push({ atMs: this.clock.mono, frame: Buffer.from(frame) }),
        flush: async () => {
          this.flushes += 1;
        },
        close: async () => undefined,
      };
    };
    const format = { baudRate: 9_600, parity: 'none', dataBits: 8, stopBits: 1 } as const;
    this.line = createLine(
      { type: 'rtu', name: 'rs485', path: 'fake', timeoutMs: SERIAL_TIMEOUT_MS, ...format, ...options },
      { clock: this.clock, random: () => 0, openSerial },
    );
  }

  /** Moves the clock until one more request is out. */
  async nextWrite(): Promise<{ atMs: number; frame: Buffer }> {
    const before = this.written.length;
    for (let steps = 0; this.written.length === before; steps += 1) {
      if (steps > 20_000) throw new Error('nothing was written');
      await this.#step();
    }
    return this.written.at(-1)!;
  }

  async #step(): Promise<void> {
    await this.clock.advance(SERIAL_STEP_MS);
  }

  receive(...bytes: number[]): void {
    this.events.onData(Buffer.from(bytes));
  }

  answer(first: number, count: number, unit = 1): void {
    const data = Array.from({ length: count }, (_, index) => [(first + index) >> 8, (first + index) & 0xff]).flat();
    this.events.onData(encodeSerialFrame(unit, Uint8Array.of(3, data.length, ...data)));
  }
}
