import type { LineCost } from './line.ts';

/** How long things take on a serial wire. */
export interface SerialFormat {
  baudRate: number;
  parity: 'none' | 'even' | 'odd';
  dataBits: 7 | 8;
  stopBits: 1 | 2;
}

/** start bit, data, parity, stop bits: 10 for 8N1, 11 for 8E1 and 8N2 */
export function bitsPerCharacter(format: SerialFormat): number {
  return 1 + format.dataBits + (format.parity === 'none' ? 0 : 1) + format.stopBits;
}

export function characterMs(baudRate: number, bits: number): number {
  return (bits * 1000) / baudRate;
}

/** 3.5 characters, and a fixed 1.75 ms above 19200 Bd (Modbus over serial line V1.02, §2.5.1.1). */
export function silenceMs(baudRate: number, bits: number): number {
  return baudRate > 19200 ? 1.75 : 3.5 * characterMs(baudRate, bits);
}

/** unit, function, address, count, checksum */
export const REQUEST_BYTES = 8;
/** unit, function, byte count, checksum */
export const ANSWER_OVERHEAD_BYTES = 5;
/** the longest frame that the standard allows */
export const LONGEST_FRAME_BYTES = 256;

/** Silence before the request and before the answer, as the device waits for the end of the frame, too. */
export function serialCost(baudRate: number, bits: number, turnaroundMs: number): LineCost {
  const charMs = characterMs(baudRate, bits);
  const overheadBytes = REQUEST_BYTES + ANSWER_OVERHEAD_BYTES;
  return {
    perRequestMs: overheadBytes * charMs + 2 * silenceMs(baudRate, bits) + turnaroundMs,
    perRegisterMs: 2 * charMs,
  };
}
