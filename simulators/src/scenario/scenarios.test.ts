import { existsSync, readFileSync } from 'node:fs';
import { formatDecimal, qualityName, type Reading } from '@limpid/sdk/core';
import { checkShape, readYaml, showFault } from '@limpid/sdk/profiles';
import { describe, expect, it } from 'vitest';
import { playScenario } from '../../../test/support/play-scenario.ts';
import { parseDurationMs } from '../control/duration.ts';
import { listScenarios, loadScenario } from './load-scenario.ts';
import { type Expected, expectedSchema } from './schema.ts';

function beside(name: string, file: string): string {
  return loadScenario(name).file.replace('scenario.yaml', file);
}

function loadExpected(name: string): Expected {
  const file = beside(name, 'expected.yaml');
  const { value, faults } = checkShape(readYaml(readFileSync(file, 'utf8'), file), expectedSchema);
  expect(faults.map((fault) => showFault(fault, 'en'))).toEqual([]);
  return value!;
}

const ms = (text: string) => parseDurationMs(text)!;

function toNumber({ value, channel }: Reading): number {
  return value === null ? Number.NaN : Number(formatDecimal(value, channel.exponent));
}

/** quality that this channel must have at this moment */
function due({ flagged }: Expected, device: string, channel: string, atMs: number): string {
  const found = flagged.find(
    (flag) =>
      flag.device === device &&
      (flag.channels?.includes(channel) ?? true) &&
      atMs >= ms(flag.from) &&
      atMs < ms(flag.to),
  );
  return found?.quality ?? 'good';
}

describe.each(listScenarios())('scenario %s', (name) => {
  it('has a README of what it is', () => {
    expect(readFileSync(beside(name, 'README.md'), 'utf8')).toContain(`# ${name}\n`);
    expect(existsSync(beside(name, 'expected.yaml'))).toBe(true);
  });

  it('delivers what expected.yaml says, flagged as it says', async () => {
    const expected = loadExpected(name);
    const { clock, running, read } = await playScenario(name);
    let scans = 0;
    for (let atMs = ms(expected.readEvery); atMs <= ms(expected.runFor); atMs += ms(expected.readEvery)) {
      await clock.advance(ms(expected.readEvery));
      scans += 1;
      const readings = new Map(running.endpoints.map(({ device }) => [device, read(device)]));
      for (const { device, channel } of expected.arrives) {
        const reading = readings.get(device)?.get(channel);
        expect(reading, `${device} ${channel}`).toBeDefined();
        const quality = qualityName(reading!.quality);
        expect(`${device} ${channel} at ${atMs}: ${quality}`).toBe(
          `${device} ${channel} at ${atMs}: ${due(expected, device, channel, atMs)}`,
        );
      }
      for (const { device, channel, unit, between } of expected.arrives) {
        const reading = readings.get(device)!.get(channel)!;
        expect(reading.channel.unit).toBe(unit);
        if (qualityName(reading.quality) !== 'good') continue;
        expect(toNumber(reading), `${device} ${channel}`).toBeGreaterThanOrEqual(between[0]);
        expect(toNumber(reading), `${device} ${channel}`).toBeLessThanOrEqual(between[1]);
      }
    }
    expect(scans).toBeGreaterThan(10);
    await running.stop();
    expect(clock.sleepers).toBe(0);
  });
});
