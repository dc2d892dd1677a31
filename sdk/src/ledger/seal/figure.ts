/**
 * Figures: the records that are derived from readings (minutes, hours, days). They are sealed as readings are; a figure
 * names the ranges of the ledger that it was computed from and, when it corrects another, that one.
 *
 * figures-body = [seed: bstr, [+ figure]]
 * figure = [outlet, code, period, start, lengthMin, stats, counts, valid, mark, method, ruleSet, params, from, supersedes]
 * figure-leaf = [seq, leaf, …members of the figure, salt]
 */
import type { Decimal } from '../../core/decimal.ts';
import { type CborMap, type CborValue, encodeCbor } from './cbor.ts';
import { decodeCborOrRefuse } from './cose.ts';
import { oneOf, refuse, toArray, toBigInt, toBoolean, toBytes, toInt, toMap, toText, toUint } from './fields.ts';
import { LeafWriter } from './leaf-writer.ts';
import { HASH_BYTES } from './merkle.ts';
import { SALT_BYTES, saltsOf } from './salt.ts';
import type { Suite } from './suite.ts';

/** The numbers are signed. */
export const PERIODS = { instant: 0, minute: 1, hour: 2, day: 3, month: 4, quarter: 5, year: 6 } as const;
export type Period = (typeof PERIODS)[keyof typeof PERIODS];

/** The numbers are signed. `zs` = converted to the reference state (折算), `cou` = emitted amount. */
export const STATISTICS = { avg: 1, min: 2, max: 3, zsAvg: 4, zsMin: 5, zsMax: 6, rawAvg: 7, cou: 8 } as const;

export interface Figure {
  outlet: string;
  code: string;
  period: Period;
  startMs: number;
  lengthMin: number;
  /** by number of STATISTICS */
  stats: ReadonlyMap<number, Decimal | null>;
  /** how many samples of each quality */
  counts: ReadonlyMap<number, number>;
  valid: boolean;
  mark: string;
  method: number;
  /** hashes of the rule set and of the parameters that it was applied with */
  ruleSet: Uint8Array;
  params: Uint8Array;
  /** first and last sequence of the ranges that it was computed from */
  from: [first: number, last: number][];
  /** sequence and leaf of the figure that this one corrects */
  supersedes: [seq: number, leaf: number] | null;
}

export interface FiguresBody {
  seed: Uint8Array;
  figures: Figure[];
}

export function encodeFiguresBody(body: FiguresBody): Uint8Array {
  return encodeCbor([body.seed, body.figures.map(figureMembers)]);
}

/** ENTRY_MALFORMED */
export function parseFiguresBody(bytes: Uint8Array): FiguresBody {
  const [seed, figures] = toArray(decodeCborOrRefuse(bytes, 'body of figures'), 'the body of figures', 2);
  return { seed: toBytes(seed, 'seed'), figures: toArray(figures, 'figures').map(toFigure) };
}

export function encodeFigureLeaf(seq: number, leaf: number, figure: Figure, salt: Uint8Array): Uint8Array {
  return encodeCbor([seq, leaf, ...figureMembers(figure), salt]);
}

export function figuresCommitment(
  suite: Pick<Suite, 'sha256Into' | 'aes128Ctr'>,
  seq: number,
  body: FiguresBody,
): { count: number; root: Uint8Array } {
  const count = body.figures.length;
  const salts = saltsOf(suite, body.seed, count);
  const writer = new LeafWriter(suite, count);
  body.figures.forEach((figure, leaf) => {
    writer.raw(encodeFigureLeaf(seq, leaf, figure, salts.subarray(SALT_BYTES * leaf, SALT_BYTES * (leaf + 1))));
    writer.end();
  });
  return { count, root: writer.root() };
}

function figureMembers(figure: Figure): CborValue[] {
  const { outlet, code, period, startMs, lengthMin, valid, mark, method, ruleSet, params, from, supersedes } = figure;
  const stats = new Map([...figure.stats].map(([key, value]) => [key, decimalToCbor(value)]));
  return [
    ...[outlet, code, period, startMs, lengthMin, stats, figure.counts],
    ...[valid, mark, method, ruleSet, params, from, supersedes],
  ];
}

function decimalToCbor(decimal: Decimal | null): CborValue {
  return decimal === null ? null : [decimal.mantissa, decimal.exponent];
}

const FIGURE_MEMBERS = 14;

function toFigure(value: CborValue): Figure {
  const members = toArray(value, 'a figure', FIGURE_MEMBERS);
  const [outlet, code, period, start, lengthMin, stats, counts] = members;
  const [valid, mark, method, ruleSet, params, from, supersedes] = members.slice(7);
  return {
    outlet: toText(outlet, 'outlet'),
    code: toText(code, 'code'),
    period: oneOf(Object.values(PERIODS), period, 'period'),
    startMs: toUint(start, 'start'),
    lengthMin: toUint(lengthMin, 'lengthMin'),
    stats: byNumber(toMap(stats, 'stats'), toDecimalOrNull),
    counts: byNumber(toMap(counts, 'counts'), (count) => toUint(count, 'a count')),
    valid: toBoolean(valid, 'valid'),
    mark: toText(mark, 'mark'),
    method: toUint(method, 'method'),
    ruleSet: toBytes(ruleSet, 'ruleSet', HASH_BYTES),
    params: toBytes(params, 'params', HASH_BYTES),
    from: toArray(from, 'from').map((range) => toPair(range, 'a range')),
    supersedes: supersedes === null ? null : toPair(supersedes, 'supersedes'),
  };
}

function byNumber<T>(map: CborMap, convert: (value: CborValue) => T): Map<number, T> {
  return new Map([...map].map(([key, value]) => [toUint(key, 'a key'), convert(value)]));
}

function toDecimalOrNull(value: CborValue): Decimal | null {
  if (value === null) return null;
  const [mantissa, exponent] = toArray(value, 'a decimal', 2);
  const power = toInt(exponent, 'exponent');
  if (Math.abs(power) > 40) throw refuse(`exponent ${power}`);
  return { mantissa: toBigInt(mantissa, 'mantissa'), exponent: power };
}

function toPair(value: CborValue | undefined, what: string): [number, number] {
  const [first, second] = toArray(value, what, 2);
  return [toUint(first, what), toUint(second, what)];
}
