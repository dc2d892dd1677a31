import { CLOCK_SOURCES, CLOCK_STATES } from '@limpid/sdk/core';
import { expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { ClockLog } from './clock-log.ts';

function setUp() {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = new ClockLog(clock, {
    info: (_: unknown, text?: string) => void lines.push(String(text)),
    warn: (fields: unknown) => void lines.push(String((fields as { code: string }).code)),
  });
  return { clock, lines, log };
}

it('warns of a clock that nobody vouches for, once, and tells when it is right', () => {
  const { clock, lines, log } = setUp();
  clock.state = { state: CLOCK_STATES.unknown, errorMs: null, source: CLOCK_SOURCES.none };
  log.look();
  log.look();
  clock.state = { state: CLOCK_STATES.synchronised, errorMs: 5, source: CLOCK_SOURCES.ntp };
  log.look();
  log.look();
  expect(lines).toEqual(['CLOCK_UNKNOWN', 'clock synchronised']);
});

it('tells a step of the clock, forwards and back, and no drift', async () => {
  const { clock, lines, log } = setUp();
  log.look();
  await clock.advance(3_600_000);
  clock.wall += 400;
  log.look();
  clock.wall += 3_600_000;
  log.look();
  log.look();
  clock.wall -= 3_600_000;
  log.look();
  expect(lines).toEqual(['CLOCK_STEPPED', 'CLOCK_STEPPED']);
});
