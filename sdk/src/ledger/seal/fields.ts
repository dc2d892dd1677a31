/** Narrows decoded CBOR to what a format expects; each throws ENTRY_MALFORMED naming the field. */
import { LimpidError } from '../../core/error.ts';
import type { CborMap, CborValue } from './cbor.ts';

type Given = CborValue | undefined;

export function refuse(detail: string, cause?: unknown): LimpidError {
  return new LimpidError('ENTRY_MALFORMED', { detail }, { cause });
}

export function toUint(value: Given, what: string): number {
  if (typeof value !== 'number' || value < 0) throw refuse(`${what} is not an unsigned integer`);
  return value;
}

export function toUintOrNull(value: Given, what: string): number | null {
  return value === null ? null : toUint(value, what);
}

export function toInt(value: Given, what: string): number {
  if (typeof value !== 'number') throw refuse(`${what} is not an integer`);
  return value;
}

export function toBigInt(value: Given, what: string): bigint {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw refuse(`${what} is not an integer`);
  return BigInt(value);
}

export function toText(value: Given, what: string): string {
  if (typeof value !== 'string') throw refuse(`${what} is not text`);
  return value;
}

export function toBytes(value: Given, what: string, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw refuse(`${what} is not a byte string`);
  if (length !== undefined && value.length !== length) throw refuse(`${what} has ${value.length} bytes, not ${length}`);
  return value;
}

export function toBoolean(value: Given, what: string): boolean {
  if (typeof value !== 'boolean') throw refuse(`${what} is neither true nor false`);
  return value;
}

export function toArray(value: Given, what: string, length?: number): readonly CborValue[] {
  if (!Array.isArray(value)) throw refuse(`${what} is not an array`);
  if (length !== undefined && value.length !== length) throw refuse(`${what} has ${value.length} parts, not ${length}`);
  return value;
}

export function toMap(value: Given, what: string): CborMap {
  if (!(value instanceof Map)) throw refuse(`${what} is not a map`);
  return value;
}

export function oneOf<T>(list: readonly T[], value: unknown, what: string): T {
  const found = list.find((element) => element === value);
  if (found === undefined) throw refuse(`${what} is none of ${list.join(', ')}`);
  return found;
}
