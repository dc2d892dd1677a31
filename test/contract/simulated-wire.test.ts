import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  createSystemClock,
  decodeWords,
  formatDecimal,
  isLimpidError,
  QUALITIES,
  type Reading,
} from '@limpid/sdk/core';
import { createLine, type Line, type LineOptions, RegisterReader } from '@limpid/sdk/modbus';
import { type BoundDevice, bindProfile, loadProfiles } from '@limpid/sdk/profiles';
import { type Endpoint, type RunningScenario, startScenario } from '@limpid/simulators';
import { afterEach, describe, expect, it } from 'vitest';
import { need } from '../support/need.ts';

const clock = createSystemClock();
const random = Math.random;
const { profiles } = loadProfiles();
const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(...[name, options]: Parameters<typeof startScenario>): Promise<RunningScenario> {
  const running = await startScenario(name, options);
  open.push(() => running.stop());
  return running;
}

/** The line that a gateway would open for an endpoint. */
function toLineOptions(endpoint: Endpoint): LineOptions {
  const { line: name } = endpoint;
  if (endpoint.type === 'tcp') return { type: 'tcp', name, host: endpoint.host, port: endpoint.port };
  const { path, baudRate, parity, dataBits, stopBits } = endpoint;
  return { type: 'rtu', name, path, baudRate, parity, dataBits, stopBits };
}

async function openLines(endpoints: readonly Endpoint[]): Promise<Map<string, Line>> {
  const lines = new Map<string, Line>();
  for (const endpoint of endpoints) {
    if (lines.has(endpoint.line)) continue;
    const line = createLine(toLineOptions(endpoint), { clock, random });
    lines.set(endpoint.line, line);
    open.push(() => line.stop());
    await line.start();
  }
  return lines;
}

interface Poller {
  bound: BoundDevice;
  scan(): Promise<Map<string, Reading>>;
}

function createPoller({ device, profile, outlet, code, unit }: Endpoint, line: Line): Poller {
  const bound = bindProfile(profiles.get(profile)!, { device, outlet, firstChannelId: 1, ...(code ? { code } : {}) });
  const reader = new RegisterReader({ line, unit, map: bound.map, clock, random });
  return {
    bound,
    scan: async () => {
      const results = await reader.read();
      const readings = bound.readings(results, { wallMs: 0, monoMs: 0 });
      return new Map(readings.map((reading) => [reading.channel.name, reading]));
    },
  };
}

async function createPollers(running: RunningScenario): Promise<Map<string, Poller>> {
  const lines = await openLines(running.endpoints);
  return new Map(running.endpoints.map((each) => [each.device, createPoller(each, lines.get(each.line)!)]));
}

function toNumber(reading: Reading | undefined): number {
  if (reading === undefined || reading.value === null) return Number.NaN;
  return Number(formatDecimal(reading.value, reading.channel.exponent));
}

describe('simulators on real wires', () => {
  it('give every device of the demo over TCP and over a serial line, all of it good', async () => {
    const pollers = await createPollers(await start('demo', { port: 0 }));
    expect([...pollers.keys()]).toEqual(['cems', 'dust', 'cod', 'nh3n', 'flow']);
    for (const [device, { scan }] of pollers) {
      for (const [channel, reading] of await scan()) expect(`${device} ${channel} ${reading.quality}`).toMatch(/ 0$/);
    }
  });

  it('fit a poll every 2.5 s on the serial line of 9600 Bd with room to spare', async () => {
    const pollers = await createPollers(await start('demo-effluent'));
    const startMs = clock.monoMs();
    for (const { scan } of pollers.values()) await scan();
    expect(clock.monoMs() - startMs).toBeLessThan(1_500);
  });

  it('carry the same values on a serial line as over TCP', async () => {
    const [tcp, serial] = [await start('demo-stack', { port: 0 }), await start('demo-stack', { serial: true })];
    expect(serial.endpoints.map(({ type }) => type)).toEqual(['serial', 'serial']);
    for (const running of [tcp, serial]) {
      running.command('set so2 123.25');
      const so2 = (await (await createPollers(running)).get('cems')!.scan()).get('so2');
      expect(toNumber(so2)).toBe(123.25);
    }
  });

  it('fail as they are told, and come back', async () => {
    const running = await start('demo-stack', { port: 0 });
    const { scan } = (await createPollers(running)).get('cems')!;
    running.command('fault exception 4');
    expect((await scan()).get('so2')?.quality).toBe(QUALITIES.readError);
    running.command('fault off');
    running.command('state cems maintenance');
    expect((await scan()).get('so2')?.quality).toBe(QUALITIES.maintenance);
    running.command('state cems running');
    expect((await scan()).get('so2')?.quality).toBe(QUALITIES.good);
  });

  it.each(['demo-stack --port 0', 'demo-stack --serial'])(
    'never give a wrong value, whatever is wrong with the wire (%s)',
    async (how) => {
      const running = await start('demo-stack', how.endsWith('--serial') ? { serial: true } : { port: 0 });
      const line = [...(await openLines(running.endpoints)).values()][0]!;
      running.command('set so2 120');
      const read = async () => {
        try {
          const request = { unit: 1, fn: 3, address: 12, count: 2 } as const;
          return decodeWords(await line.read(request, { timeoutMs: 150 }), 'f32', 'ABCD');
        } catch (fault) {
          return isLimpidError(fault) ? 'fault' : fault;
        }
      };
      for (const fault of ['split', 'foreign', 'torn', 'crc', 'garbage', 'silence', 'exception 4', 'late 200ms']) {
        running.command(`fault ${fault}`);
        expect(await read(), fault).toBe(fault === 'split' ? 120 : 'fault');
        running.command('fault off');
        expect([120, 'fault'], `after ${fault}`).toContain(await read());
      }
    },
  );

  it('say which port is taken, and leave nothing open', async () => {
    const first = await start('demo-stack', { port: 0 });
    const [endpoint] = first.endpoints;
    const port = endpoint?.type === 'tcp' ? endpoint.port : 0;
    await expect(startScenario('demo', { port })).rejects.toMatchObject({ code: 'SIM_LISTEN' });
  });

  it('close their wires when stopped, twice without harm', async () => {
    const running = await start('demo');
    const [line] = [...(await openLines(running.endpoints)).values()];
    await running.stop();
    await running.stop();
    await running.ended;
    await expect(line!.read({ unit: 1, fn: 3, address: 10, count: 1 })).rejects.toMatchObject({
      code: expect.stringMatching(/^LINE_|^DEVICE_/),
    });
  });
});

describe.skipIf(!need('mbpoll', 'mbpoll'))('mbpoll', () => {
  const run = promisify(execFile);
  const floats = ['-0', '-1', '-B', '-t', '4:float'];

  it('reads the simulated analyser over TCP', async () => {
    const running = await start('demo-stack', { port: 0 });
    running.command('set so2 120.5');
    running.command('set o2 7.25');
    const [endpoint] = running.endpoints;
    const port = endpoint?.type === 'tcp' ? String(endpoint.port) : '';
    const { stdout } = await run('mbpoll', [
      '-m',
      'tcp',
      '-p',
      port,
      '-a',
      '1',
      ...floats,
      '-r',
      '12',
      '-c',
      '3',
      '127.0.0.1',
    ]);
    expect(stdout).toMatch(/\[12\]:\s+120\.5\s[\s\S]*\[16\]:\s+7\.25\s/);
  });

  it('reads the simulated flow meter on the serial line', async () => {
    const running = await start('demo-effluent');
    running.command('set flow 90');
    const endpoint = running.endpoints.find(({ device }) => device === 'flow');
    const path = endpoint?.type === 'serial' ? endpoint.path : '';
    const serial = ['-m', 'rtu', '-b', '9600', '-P', 'none', '-a', '17'];
    const { stdout } = await run('mbpoll', [...serial, ...floats, '-r', '0', '-c', '2', path]);
    expect(stdout).toMatch(/\[0\]:\s+25\s[\s\S]*\[2\]:\s+90\s/);
  });
});
