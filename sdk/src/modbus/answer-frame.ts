/**
 * Which bytes answer a request. A frame is taken only if unit, function, byte count and checksum all fit:
 *
 *   unit  fn      byteCount  data…  crcLow crcHigh     an answer of exactly the length that was asked for
 *   unit  fn|80h  exception         crcLow crcHigh     a refusal by the unit that was asked
 *
 * The byte count is checked as modbus-serial does not: with one that is too small it gives fewer values as good.
 */
import { hasValidCrc } from './crc.ts';
import type { ReadRequest } from './line.ts';
import { ANSWER_OVERHEAD_BYTES } from './line-timing.ts';

/** Where a frame lies: bytes start..end-1. */
export interface FrameSpan {
  start: number;
  end: number;
}

const EXCEPTION_BYTES = 5;

/** registers take two bytes each, bits eight to a byte */
export function dataBytesOf(request: ReadRequest): number {
  return request.fn <= 2 ? Math.ceil(request.count / 8) : request.count * 2;
}

/** The first frame that fits anywhere among the bytes: noise or an echo may come before it, anything behind it. */
export function findAnswer(bytes: Uint8Array, request: ReadRequest): FrameSpan | null {
  for (let start = 0; start + EXCEPTION_BYTES <= bytes.length; start += 1) {
    if (bytes[start] !== request.unit) continue;
    const end = endOfFrame(bytes, start, request);
    if (end !== null && end <= bytes.length && hasValidCrc(bytes, start, end)) return { start, end };
  }
  return null;
}

function endOfFrame(bytes: Uint8Array, start: number, request: ReadRequest): number | null {
  const fn = bytes[start + 1]!;
  const third = bytes[start + 2]!;
  if (fn === request.fn) {
    const dataBytes = dataBytesOf(request);
    return third === dataBytes ? start + ANSWER_OVERHEAD_BYTES + dataBytes : null;
  }
  return fn === (request.fn | 0x80) && third !== 0 ? start + EXCEPTION_BYTES : null;
}

/** What bytes are wrong with, for people: the nearest miss. */
export function describeMisfit(bytes: Uint8Array, request: ReadRequest): string {
  const [unit, fn, count] = bytes;
  if (bytes.length < EXCEPTION_BYTES) return 'too short for an answer';
  if (unit !== request.unit) return `unit ${unit} instead of ${request.unit}, or noise`;
  if (((fn ?? 0) & 0x7f) !== request.fn) return `function ${fn} instead of ${request.fn}`;
  if (fn === request.fn && count !== dataBytesOf(request))
    return `${count} data bytes instead of ${dataBytesOf(request)}`;
  return bytes.length < ANSWER_OVERHEAD_BYTES + dataBytesOf(request) ? 'the answer broke off' : 'wrong checksum';
}
