import { isLimpidError } from '@limpid/sdk/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QUANTITIES, QUANTITY_NAMES } from '../plant/quantity.ts';
import { type Command, DEVICE_STATES, type Fault, PLAIN_FAULTS, parseCommand, showCommand } from './command.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const optionalName = fc.option(name, { nil: null });
const durationMs = fc.integer({ min: 0, max: 999_999_999 });
const optionalMs = fc.option(durationMs, { nil: null });
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constantFrom(...PLAIN_FAULTS).map((kind) => ({ kind })),
  fc.integer({ min: 1, max: 255 }).map((exception) => ({ kind: 'exception' as const, exception })),
  durationMs.map((delayMs) => ({ kind: 'late' as const, delayMs })),
);
const set: fc.Arbitrary<Command> = fc.constantFrom(...QUANTITY_NAMES).chain((quantity) =>
  fc
    .record({
      value: fc.double({ min: QUANTITIES[quantity].low, max: QUANTITIES[quantity].high, noNaN: true }),
      forMs: optionalMs,
    })
    // −0 is written as 0
    .map(({ value, forMs }) => ({ do: 'set' as const, quantity, value: value + 0, forMs })),
);
const command: fc.Arbitrary<Command> = fc.oneof(
  set,
  fc.constantFrom(...QUANTITY_NAMES, 'all' as const).map((quantity) => ({ do: 'release' as const, quantity })),
  fc.record({ do: fc.constant('fault' as const), fault, forMs: optionalMs, target: optionalName }),
  fc.record({ do: fc.constant('clear' as const), target: optionalName }),
  fc.record({
    do: fc.constant('state' as const),
    device: name,
    state: fc.constantFrom(...DEVICE_STATES),
    forMs: optionalMs,
  }),
  fc.record({ do: fc.constant('show' as const), device: optionalName }),
  fc.constantFrom({ do: 'help' as const }, { do: 'quit' as const }),
);

function complaint(text: string): string {
  try {
    parseCommand(text);
  } catch (fault) {
    if (isLimpidError(fault, 'SIM_COMMAND')) return String(fault.params.detail);
    throw fault;
  }
  throw new Error(`"${text}" was understood`);
}

describe('commands of a running simulator', () => {
  it('reads back every command that it can write', () => {
    fc.assert(
      fc.property(command, (one) => {
        expect(parseCommand(showCommand(one))).toEqual(one);
      }),
    );
  });

  it('either understands a line or says SIM_COMMAND, whatever is typed', () => {
    const words = fc.constantFrom(
      'set',
      'so2',
      '120',
      '5s',
      'fault',
      'late',
      'silence',
      'state',
      'all',
      'off',
      '-1',
      '∞',
    );
    const line = fc.oneof(
      fc.string(),
      fc.array(fc.oneof(words, fc.string()), { maxLength: 6 }).map((w) => w.join(' ')),
    );
    fc.assert(
      fc.property(line, (text) => {
        try {
          parseCommand(text);
        } catch (fault) {
          expect(isLimpidError(fault, 'SIM_COMMAND')).toBe(true);
        }
      }),
    );
  });

  it('understands what the README shows', () => {
    expect(parseCommand('set so2 120')).toEqual({ do: 'set', quantity: 'so2', value: 120, forMs: null });
    expect(parseCommand(' fault  silence 5s ')).toEqual({
      do: 'fault',
      fault: { kind: 'silence' },
      forMs: 5_000,
      target: null,
    });
    expect(parseCommand('fault late 300ms 20s cems')).toEqual({
      do: 'fault',
      fault: { kind: 'late', delayMs: 300 },
      forMs: 20_000,
      target: 'cems',
    });
    expect(parseCommand('state cems calibration 2min')).toEqual({
      do: 'state',
      device: 'cems',
      state: 'calibration',
      forMs: 120_000,
    });
  });

  it.each([
    ['', 'set, release, fault'],
    ['sett so2 1', 'set, release, fault'],
    ['set', 'so2'],
    ['set so3 1', 'so2'],
    ['set so2', 'from 0 to'],
    ['set so2 -1', 'from 0 to'],
    ['set so2 0x10', 'from 0 to'],
    ['set so2 1 5', '300ms'],
    ['fault explode', 'silence'],
    ['fault exception 0', 'from 1 to 255'],
    ['fault exception 2.5', 'from 1 to 255'],
    ['fault late', 'by how much'],
    ['fault silence 5s cems now', 'now'],
    ['state', 'which device'],
    ['state cems asleep', 'calibration'],
    ['quit now', 'now'],
  ])('says of "%s" what is possible', (text, possible) => {
    expect(complaint(text)).toContain(possible);
  });
});
