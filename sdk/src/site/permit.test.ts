import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPermit } from './permit.ts';

describe('the permit code', () => {
  it.each(['91130200699229617X001P', '911302307808371268001P', '91110000101100000J001P'])('takes %s', (permit) => {
    expect(checkPermit(permit).state).toBe('valid');
  });

  it.each([
    ['a mistyped digit', '91130200699229618X001P'],
    ['a letter that the alphabet lacks', '9113020069922961IX001P'],
    ['21 characters', '91130200699229617X01P'],
    ['a lower-case end', '91130200699229617X001p'],
    ['nothing', ''],
  ])('refuses %s', (_, permit) => expect(checkPermit(permit).state).toBe('wrong'));

  it('cannot decide about a substitute code, which has no check character', () => {
    expect(checkPermit('H9110108000000012a001P').state).toBe('undecided');
  });

  it('sees every single mistyped digit', () => {
    const good = '91130200699229617X001P';
    fc.assert(
      fc.property(fc.nat({ max: 16 }), fc.constantFrom(...'0123456789'), (at, digit) => {
        fc.pre(good[at] !== digit);
        expect(checkPermit(good.slice(0, at) + digit + good.slice(at + 1)).state).toBe('wrong');
      }),
    );
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) =>
        ['valid', 'wrong', 'undecided'].includes(checkPermit(text).state),
      ),
    );
  });
});
