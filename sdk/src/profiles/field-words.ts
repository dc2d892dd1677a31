import { parseDecimal } from '../core/decimal.ts';
import { wordsOfType } from '../core/words.ts';
import type { ReadFunction } from '../modbus/line.ts';
import type { Profile, ProfileField } from './schema.ts';

/** Registers that a field takes (bits for functions 1 and 2). A bit set is one register unless it says otherwise. */
export function wordsOf(field: ProfileField): number {
  return wordsOfType(field.type) ?? field.words ?? 1;
}

export function functionOf(profile: Profile, field: ProfileField): ReadFunction {
  return field.fn ?? profile.fn;
}

/** Watched parameters are read at their own slow pace and are not recorded with every scan, unless the profile says so. */
export function isChannel(field: ProfileField): boolean {
  return field.channel ?? field.watch === undefined;
}

/** Digits after the point: as declared, otherwise as many as factor and offset bring with them. */
export function decimalsOf(field: Pick<ProfileField, 'decimals' | 'factor' | 'offset'>): number {
  return field.decimals ?? neededDecimals(field);
}

export function neededDecimals(field: Pick<ProfileField, 'factor' | 'offset'>): number {
  return Math.max(0, ...[field.factor, field.offset].map((value) => -(parseDecimal(value)?.exponent ?? 0)));
}

/** The names of fields that carry a status: they are readings of their own and not judged by it. */
export function statusFields(profile: Profile): Set<string> {
  return new Set(Array.isArray(profile.status) ? profile.status.map((rule) => rule.field) : []);
}
