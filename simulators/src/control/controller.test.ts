import { formatDecimal, qualityName } from '@limpid/sdk/core';
import { describe, expect, it } from 'vitest';
import { playScenario } from '../../../test/support/play-scenario.ts';

async function play(name = 'demo') {
  const scenario = await playScenario(name);
  const value = (device: string, channel: string) => {
    const reading = scenario.read(device).get(channel)!;
    return reading.value === null ? null : Number(formatDecimal(reading.value, reading.channel.exponent));
  };
  const quality = (device: string, channel: string) => qualityName(scenario.read(device).get(channel)!.quality);
  return { ...scenario, value, quality, command: scenario.running.command };
}

describe('commands while a scenario runs', () => {
  it('holds a quantity until it is released', async () => {
    const { clock, command, value } = await play();
    const before = value('cems', 'so2');
    expect(command('set so2 120')).toBe('set so2 120');
    await clock.advance(60_000);
    expect(value('cems', 'so2')).toBe(120);
    command('release so2');
    expect(value('cems', 'so2')).not.toBe(120);
    expect(Math.abs(value('cems', 'so2')! - before!)).toBeLessThan(40);
  });

  it('lets go by itself when the time is over, but only of what it set itself', async () => {
    const { clock, command, value } = await play();
    command('set so2 120 5s');
    await clock.advance(4_900);
    expect(value('cems', 'so2')).toBe(120);
    command('set so2 130');
    await clock.advance(10_000);
    expect(value('cems', 'so2')).toBe(130);
    command('set o2 9 5s');
    await clock.advance(5_000);
    expect(value('cems', 'o2')).not.toBe(9);
  });

  it('releases everything at once', async () => {
    const { command, value } = await play();
    command('set so2 120');
    command('set o2 9');
    command('release all');
    expect([value('cems', 'so2'), value('cems', 'o2')]).not.toContain(120);
    expect(value('cems', 'o2')).not.toBe(9);
  });

  it('puts a fault on one device, on a line, or on all, and takes each back by itself', async () => {
    const { clock, command, quality } = await play();
    command('fault silence 5s cod');
    expect([quality('cod', 'result'), quality('nh3n', 'result')]).toEqual(['noAnswer', 'good']);
    command('fault exception 4 2s outfall');
    expect([quality('cod', 'result'), quality('nh3n', 'result')]).toEqual(['readError', 'readError']);
    expect(quality('cems', 'so2')).toBe('good');
    await clock.advance(2_000);
    expect([quality('cod', 'result'), quality('nh3n', 'result')]).toEqual(['noAnswer', 'good']);
    await clock.advance(3_000);
    expect(quality('cod', 'result')).toBe('good');
    command('fault garbage');
    expect([quality('cems', 'so2'), quality('flow', 'flow')]).toEqual(['readError', 'readError']);
    command('fault off');
    expect([quality('cems', 'so2'), quality('flow', 'flow')]).toEqual(['good', 'good']);
  });

  it('puts an instrument into a state for a while', async () => {
    const { clock, command, quality } = await play();
    command('state cems calibration 10s');
    expect(quality('cems', 'so2')).toBe('calibration');
    await clock.advance(10_000);
    expect(quality('cems', 'so2')).toBe('good');
  });

  it('shows values, states, faults, requests and what was set', async () => {
    const { command } = await play();
    command('state cems fault');
    command('fault late 300ms 20s cod');
    command('set ph 5');
    const shown = command('show');
    expect(shown).toContain('cems (fault): so2 ');
    expect(shown).toContain('late 300ms@1');
    expect(shown).toContain('set: ph 5');
    expect(command('show flow').split('\n')).toHaveLength(1);
    expect(command('help')).toContain('release');
  });

  it.each([
    ['state cod2 running', 'cems, dust, cod, nh3n, flow'],
    ['fault silence 5s nobody', 'outfall'],
    ['show stack', 'cems'],
    ['state flow purge', 'running'],
  ])('says of "%s" what is possible here', async (text, possible) => {
    const { command } = await play();
    const fault = expect.objectContaining({ code: 'SIM_COMMAND', message: expect.stringContaining(possible) });
    expect(() => command(text)).toThrow(fault);
  });

  it('ends when told to quit, and leaves nothing behind', async () => {
    const { command, running, clock } = await play();
    command('set so2 120 1h');
    command('quit');
    await running.ended;
    await running.stop();
    await running.stop();
    expect(clock.sleepers).toBe(0);
  });
});
