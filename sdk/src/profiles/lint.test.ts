import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseProfile } from './load.ts';
import { readYaml } from './yaml-document.ts';

const GOOD = {
  id: 'test-meter',
  maker: 'Test',
  model: 'T1',
  kind: 'analyser',
  name: { en: 'test', zh: '测试' },
  source: 'a test',
  edition: '1',
  confidence: 'LOW',
  completeness: 'p',
  order: 'ABCD',
  blocks: [{ first: 0, last: 9 }],
  fields: {
    state: { at: 0, type: 'u16', unit: '1' },
    so2: { at: 2, type: 'f32', decimals: 2, unit: 'mg/m3', code: 'a21026' },
  },
  status: [{ field: 'state', not: 1, quality: 'deviceAlarm' }],
};

/** Findings as "code path-or-line severity" of a profile that differs from a good one. */
function lint(change: Record<string, unknown>, id = 'test-meter'): string[] {
  const { faults } = parseProfile(stringify({ ...GOOD, ...change }), { file: 'p.yaml', id });
  return faults.map(({ code, severity }) => (severity === 'error' ? code : `${code} warning`));
}

const so2 = (change: Record<string, unknown>) => ({
  fields: { ...GOOD.fields, so2: { ...GOOD.fields.so2, ...change } },
});

describe('profile lint', () => {
  it('has nothing to say of a good profile', () => expect(lint({})).toEqual([]));

  it.each<[string, Record<string, unknown>, string[]]>([
    ['a float without decimals', so2({ decimals: undefined }), ['PROFILE_FIELD']],
    ['fewer decimals than the factor has', so2({ factor: 0.001 }), ['PROFILE_FIELD']],
    ['a value without unit', so2({ unit: undefined }), ['PROFILE_FIELD']],
    ['an unknown unit', so2({ unit: 'mg/Nm3' }), ['CONFIG_UNKNOWN_UNIT']],
    ['a unit in which its factor is not measured', so2({ unit: 'degC' }), ['PROFILE_FIELD']],
    ['an unknown code', so2({ code: 'a99999' }), ['CONFIG_UNKNOWN_CODE']],
    ['a factor that is no decimal', so2({ factor: '1/3' }), ['CONFIG_SHAPE']],
    ['a factor of zero', so2({ factor: 0 }), ['PROFILE_FIELD']],
    ['a range that takes more than 64 bits', so2({ range: { low: '-1e30', high: 5 } }), ['PROFILE_FIELD']],
    [
      'several coils in one field',
      { fields: { coils: { at: 0, fn: 1, type: 'bits', words: 2, unit: '1' }, ...GOOD.fields } },
      ['PROFILE_FIELD'],
    ],
    ['an empty range', so2({ range: { low: 5, high: 5 } }), ['PROFILE_FIELD']],
    ['invalid words of another length', so2({ invalidWords: ['7FA0'] }), ['PROFILE_FIELD']],
    ['text without length', so2({ type: 'string' }), ['PROFILE_FIELD']],
    ['a type with another length than it has', so2({ words: 3 }), ['PROFILE_FIELD']],
    ['two fields on one register', so2({ at: 0 }), ['PROFILE_LAYOUT']],
    ['a field outside every block', so2({ at: 9 }), ['PROFILE_LAYOUT']],
    ['a field on a forbidden register', { forbidden: [{ first: 3, last: 3 }] }, ['PROFILE_LAYOUT']],
    ['a field wider than one request', { maxRegisters: 1 }, ['PROFILE_LAYOUT']],
    [
      'a block that runs backwards',
      { blocks: [{ first: 9, last: 0 }] },
      ['PROFILE_LAYOUT', 'PROFILE_LAYOUT', 'PROFILE_LAYOUT'],
    ],
    ['no word order', { order: undefined }, ['PROFILE_FIELD']],
    ['an analyser without status', { status: undefined }, ['PROFILE_NO_STATUS warning']],
    [
      'an analyser that is said to need none',
      { status: 'communication-and-range', statusSource: 'x' },
      ['PROFILE_STATUS'],
    ],
    [
      'a meter without status whose source is missing',
      { kind: 'meter', status: 'communication-and-range' },
      ['PROFILE_STATUS'],
    ],
    [
      'a rule about a field that is not there',
      { status: [{ field: 'x', not: 1, quality: 'purge' }] },
      ['PROFILE_STATUS'],
    ],
    ['a rule about a float', { status: [{ field: 'so2', not: 1, quality: 'purge' }] }, ['PROFILE_STATUS']],
    ['a rule without condition', { status: [{ field: 'state', quality: 'purge' }] }, ['PROFILE_STATUS']],
    [
      'a rule with two conditions',
      { status: [{ field: 'state', not: 1, equals: 2, quality: 'purge' }] },
      ['PROFILE_STATUS'],
    ],
    ['a rule that makes readings good', { status: [{ field: 'state', equals: 1, quality: 'good' }] }, ['CONFIG_SHAPE']],
    [
      'a status that is not recorded',
      { fields: { ...GOOD.fields, state: { at: 0, type: 'u16', unit: '1', channel: false } } },
      ['PROFILE_STATUS'],
    ],
    ['no source', { source: undefined }, ['CONFIG_SHAPE']],
    ['an unknown key', { adress: 1 }, ['CONFIG_UNKNOWN_KEY']],
    ['a model number that YAML takes for a number', { model: 900 }, ['CONFIG_UNQUOTED']],
    ['sampledAt that is no time', so2({ sampledAt: 'state' }), ['PROFILE_FIELD']],
  ])('finds %s', (_, change, codes) => expect(lint(change)).toEqual(codes));

  it('finds a folder of another name', () => expect(lint({}, 'other')).toEqual(['PROFILE_ID']));

  it('says where, counted from 1', () => {
    const { faults } = parseProfile('id: a\nfields:\n  x: { at: 70000, type: u16 }\n', { file: 'p.yaml', id: 'a' });
    expect(faults).toContainEqual(
      expect.objectContaining({ file: 'p.yaml', line: 3, column: 12, code: 'CONFIG_SHAPE' }),
    );
  });

  it('takes any text without throwing, and places every fault inside it', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('a: ', '- ', '&x ', '*x', '\n', '  ', '{', '}', '"', '!!x ', '1e999', 'id', '%', '? '), {
          maxLength: 40,
        })
        .map((parts) => parts.join('')),
      fc.json(),
    );
    fc.assert(
      fc.property(text, (yaml) => {
        const { profile, faults } = parseProfile(yaml, { file: 'p.yaml', id: 'x' });
        expect(profile === null).toBe(faults.some(({ severity }) => severity === 'error'));
        for (const fault of faults) {
          expect(fault.line).toBeGreaterThanOrEqual(1);
          expect(fault.message('zh').length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuses aliases that multiply themselves', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...[...'bcdefgh'].map((name, k) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[k]}`).join(', ')}]`),
    ].join('\n');
    expect(readYaml(bomb, 'f').faults.map(({ code }) => code)).toEqual(['CONFIG_SYNTAX']);
  });
});
