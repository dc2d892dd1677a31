import type { Scale } from './decimal.ts';
import type { Quality } from './quality.ts';
import type { Unit } from './unit.ts';

/** The type of a value in registers. `string` and `bcd` carry their length in the channel's word count. */
export const DATA_TYPES = [
  'u16',
  'i16',
  'u32',
  'i32',
  'u64',
  'i64',
  'f32',
  'f64',
  'bcd',
  'string',
  'bits',
  'u8hi',
  'u8lo',
  'time',
] as const;
export type DataType = (typeof DATA_TYPES)[number];

/** The order in which the bytes of 0xAABBCCDD travel. */
export const WORD_ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const;
export type WordOrder = (typeof WORD_ORDERS)[number];

/** Where a quantity of gas is stated: as measured or dry, at actual or standard conditions. */
export interface Basis {
  moisture: 'dry' | 'wet' | 'none';
  state: 'actual' | 'standard' | 'none';
  /** temperature in °C that mg/m³ refers to, null where it does not apply or the maker does not say */
  referenceDegC: number | null;
}

export const DISCLOSURES = { public: 0, regulator: 1, confidential: 2 } as const;
export type Disclosure = keyof typeof DISCLOSURES;

/** One quantity of one device. Its number `id` is stable within one context of the ledger. */
export interface Channel {
  id: number;
  /** name of the device in site.yaml */
  device: string;
  /** name of the quantity in the profile */
  name: string;
  /** pollutant or parameter code (a21026, w01018), or '' for a quantity that has none, as a status word */
  code: string;
  /** the outlet it belongs to, or '' */
  outlet: string;
  unit: Unit;
  /** Modbus function that read it: 1 2 3 4 */
  fn: number;
  /** register on the wire, 0-based */
  address: number;
  words: number;
  type: DataType;
  order: WordOrder;
  scale: Scale;
  /** decimal exponent of the value: value = mantissa × 10^exponent */
  exponent: number;
  basis: Basis;
  /** measuring range in the unit, as decimal mantissas at `exponent`; null where the maker or the site does not say */
  range: { low: number; high: number } | null;
  disclosure: Disclosure;
}

/**
 * The words as they travelled: up to four registers as one unsigned integer, first register in the highest bits;
 * anything longer as bytes. null: was due, no answer.
 */
export type Raw = number | bigint | Uint8Array | null;

/** Decimal mantissa at the channel's exponent. null: nothing to say (no answer, not a number, text). */
export type Mantissa = number | bigint | null;

export interface Reading {
  channel: Channel;
  /** ms UTC of the poll */
  wallMs: number;
  /** monotonic ms of the poll */
  monoMs: number;
  raw: Raw;
  value: Mantissa;
  quality: Quality;
}
