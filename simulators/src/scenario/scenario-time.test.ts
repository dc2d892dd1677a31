import { expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { ScenarioTime } from './scenario-time.ts';

it('runs as many times faster than the clock as the scenario says, from the start on', async () => {
  const clock = new FakeClock({ wallMs: 5_000 });
  const time = new ScenarioTime(clock, 60);
  expect([time.nowS(), time.wallS(0)]).toEqual([0, 5]);
  let hasCome = false;
  const wait = time.waitUntil(120, new AbortController().signal).then(() => {
    hasCome = true;
  });
  await clock.advance(1_999);
  expect(hasCome).toBe(false);
  await clock.advance(1);
  await wait;
  expect([time.nowS(), time.wallS(time.nowS())]).toEqual([120, 125]);
});
