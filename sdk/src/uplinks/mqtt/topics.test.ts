import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entriesTopic, ledgerOfEntriesTopic, liveTopic } from './topics.ts';

const LEDGER = '0123456789abcdef';

describe('topics', () => {
  it('find the ledger of an entries topic and of no other', () => {
    expect(ledgerOfEntriesTopic('limpid/1', entriesTopic('limpid/1', LEDGER))).toBe(LEDGER);
    for (const topic of [
      'limpid/1/e',
      `limpid/1/${LEDGER}/r`,
      `limpid/2/${LEDGER}/e`,
      `limpid/1/${LEDGER}/x/e`,
      '/e',
    ]) {
      expect(ledgerOfEntriesTopic('limpid/1', topic)).toBeNull();
    }
    fc.assert(fc.property(fc.string(), (topic) => void ledgerOfEntriesTopic('limpid/1', topic)));
  });

  it('show a channel under its outlet and code, or under its device and name', () => {
    const channel = { outlet: 'DA001', code: 'a21026', device: 'cems', name: 'so2' };
    expect(liveTopic('limpid/1', LEDGER, channel)).toBe(`limpid/1/${LEDGER}/live/DA001/a21026`);
    expect(liveTopic('limpid/1', LEDGER, { ...channel, code: '' })).toBe(`limpid/1/${LEDGER}/live/DA001/cems/so2`);
    expect(liveTopic('limpid/1', LEDGER, { ...channel, outlet: '' })).toBe(`limpid/1/${LEDGER}/live/cems/a21026`);
  });

  it('never carry a wildcard, a NUL or another number of levels, whatever a thing is called', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (outlet, name) => {
        const topic = liveTopic('p', LEDGER, { outlet, code: '', device: name, name });
        expect(topic).not.toMatch(/[+#\p{Cc}]/u);
        expect(topic.split('/')).toHaveLength(6);
      }),
    );
  });
});
