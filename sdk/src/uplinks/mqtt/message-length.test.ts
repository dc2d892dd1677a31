import { describe, expect, it } from 'vitest';
import { MessageLength } from './message-length.ts';

const OPTION = 65_536;

describe('MessageLength', () => {
  it('is what the options say while messages get through', () => {
    const length = new MessageLength();
    length.progressed(false);
    expect(length.within(OPTION)).toBe(OPTION);
  });

  it('is cut by what fails, down to one item', () => {
    const length = new MessageLength();
    length.failed(OPTION);
    expect(length.within(OPTION)).toBe(16_384);
    for (let time = 0; time < 20; time += 1) length.failed(OPTION);
    expect(length.within(OPTION)).toBe(1);
  });

  it.each([1_000, 20_000, 32_768, 60_000])('finds a limit of %i bytes and stays below it', (limit) => {
    const length = new MessageLength();
    let failures = 0;
    for (let message = 0; message < 100; message += 1) {
      if (length.within(OPTION) <= limit) length.progressed(false);
      else {
        failures += 1;
        length.failed(OPTION);
      }
    }
    expect(failures).toBeLessThan(6);
    expect(length.within(OPTION)).toBeLessThanOrEqual(limit);
    expect(length.within(OPTION)).toBeGreaterThan(limit / 4);
  });

  it('is whole again when the backlog is gone', () => {
    const length = new MessageLength();
    length.failed(OPTION);
    length.progressed(true);
    expect(length.within(OPTION)).toBe(OPTION);
  });
});
