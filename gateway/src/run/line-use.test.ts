import type { Line, LineUsage } from '@limpid/sdk/modbus';
import { expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { LineUse } from './line-use.ts';

it('tells how busy a line was in the last half minute, not since the start', async () => {
  const clock = new FakeClock({ monoMs: 0 });
  const usage: LineUsage = {
    requests: 0,
    answers: 0,
    exceptions: 0,
    timeouts: 0,
    garbled: 0,
    busyMs: 0,
    lastAnswerMs: null,
    open: true,
  };
  const line: Line = {
    name: 'rs485',
    cost: { perRequestMs: 1, perRegisterMs: 1 },
    start: async () => {},
    stop: async () => {},
    read: async () => new Uint16Array(),
    usage: () => ({ ...usage }),
  };
  const use = new LineUse(line, clock);
  expect(use.status().usePercent).toBe(0);
  for (let second = 0; second < 60; second += 1) {
    await clock.advance(1000);
    usage.busyMs += second < 20 ? 900 : 250;
    use.sample();
  }
  expect(use.status().usePercent).toBe(25);
});
