import { describe, expect, it } from 'vitest';
import { suite, testChannel } from '../../../../test/support/item-writer.ts';
import type { Channel } from '../../core/reading.ts';
import { encodeCbor } from './cbor.ts';
import {
  type ContextContent,
  channelTableOf,
  contextPartHash,
  encodeContextBody,
  encodeContextPart,
  parseContextBody,
  parseContextPart,
  resolveContext,
} from './context.ts';

const malformed = expect.objectContaining({ code: 'ENTRY_MALFORMED' });
const channels: Channel[] = [
  testChannel(1),
  testChannel(2, {
    type: 'i16',
    words: 1,
    order: 'DCBA',
    scale: { num: 1n, den: 3n, offset: { mantissa: -27315n, exponent: -2 } },
    basis: { moisture: 'wet', state: 'actual', referenceDegC: -0.5 },
    range: null,
    unit: 'degC',
    code: '',
    disclosure: 'confidential',
  }),
  testChannel(3, { type: 'u64', words: 4, basis: { moisture: 'none', state: 'none', referenceDegC: null } }),
];
const contents: ContextContent[] = [
  { kind: 'site', name: '', value: { outlets: ['DA001'], limit: 35, nothing: null } },
  { kind: 'channels', name: '', channels },
  { kind: 'firmware', name: '', version: '0.1.0', treeHash: new Uint8Array(32).fill(1), runtime: 'node 20' },
  { kind: 'firmware', name: '', version: '0.1.0', treeHash: null, runtime: '' },
  { kind: 'device', name: 'cems', value: { slope: '1.02' } },
];
const part = (value: string) => encodeContextPart({ kind: 'device', name: value, value: null }).bytes;
const hashOf = (bytes: Uint8Array) => contextPartHash(suite, bytes);

describe('parts of the context', () => {
  it.each(contents.map((content) => [content.kind, content] as const))('of kind %s come back', (_, content) => {
    const encoded = encodeContextPart(content);
    expect(encoded).toMatchObject({ kind: content.kind, name: content.name });
    expect(parseContextPart(encoded.bytes)).toEqual(content);
  });

  it('give the channels by number, and none twice', () => {
    const parts = contents.map((content) => encodeContextPart(content).bytes);
    expect([...channelTableOf(parts).values()]).toEqual(channels);
    expect(() => channelTableOf([parts[1]!, parts[1]!])).toThrowError(malformed);
  });

  it('are refused for unknown units, types, orders, and fractions that are none', () => {
    const row = [
      1,
      'd',
      'n',
      '',
      '',
      'mg/m3',
      3,
      0,
      2,
      'f32',
      'ABCD',
      [1, 1, 0, 0],
      -2,
      ['dry', 'none', null],
      null,
      0,
    ];
    expect(parseContextPart(encodeCbor([2, '', [row]])).kind).toBe('channels');
    const wrong = [
      row.slice(1),
      row.with(5, 'mg/m4'),
      row.with(9, 'f16'),
      row.with(10, 'ACBD'),
      row.with(11, [1, 0, 0, 0]),
      row.with(11, [1, -1, 0, 0]),
      row.with(11, [1, 1, 0, 1_000_000]),
      row.with(12, -1_000_000),
      row.with(13, ['damp', 'none', null]),
      row.with(15, 3),
    ];
    for (const member of wrong) expect(() => parseContextPart(encodeCbor([2, '', [member]]))).toThrowError(malformed);
    for (const bytes of [encodeCbor([9, '', 1]), encodeCbor([1, '']), encodeCbor(7), Uint8Array.of(0xff)]) {
      expect(() => parseContextPart(bytes)).toThrowError(malformed);
    }
  });
});

describe('contexts', () => {
  it('take parts from the context before and from their own body', () => {
    const [a, b, c] = [part('a'), part('b'), part('c')];
    expect(resolveContext(suite, [a, b].map(hashOf), encodeContextBody([a, b]), [])).toEqual([a, b]);
    expect(resolveContext(suite, [c, a].map(hashOf), encodeContextBody([c]), [a, b])).toEqual([c, a]);
    expect(resolveContext(suite, [a].map(hashOf), null, [a, b])).toEqual([a]);
  });

  it('say which part is missing', () => {
    expect(resolveContext(suite, [part('a'), part('b')].map(hashOf), null, [part('a')])).toEqual([part('a'), null]);
  });

  it('refuse a body with a part that is not listed', () => {
    const body = encodeContextBody([part('a'), part('b')]);
    expect(() => resolveContext(suite, [hashOf(part('a'))], body, [])).toThrowError(malformed);
  });

  it('have no body when nothing is new', () => {
    expect(encodeContextBody([])).toBeNull();
    expect(parseContextBody(null)).toEqual([]);
    expect(() => parseContextBody(encodeCbor([1]))).toThrowError(malformed);
  });
});
