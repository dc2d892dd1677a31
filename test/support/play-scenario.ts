import { LimpidError, type Reading } from '@limpid/sdk/core';
import type { FieldResult } from '@limpid/sdk/modbus';
import { type BoundDevice, bindProfile, loadProfiles } from '@limpid/sdk/profiles';
import type { WireOpener } from '../../simulators/src/scenario/open-wire.ts';
import type { Endpoint, RunningScenario } from '../../simulators/src/scenario/start-scenario.ts';
import { startScenario } from '../../simulators/src/scenario/start-scenario.ts';
import { FaultSwitch, type ModbusUnits } from '../../simulators/src/wire/index.ts';
import { FakeClock } from './fake-clock.ts';

interface MemoryWire {
  units: ModbusUnits;
  faults: FaultSwitch;
}

export interface ScenarioOnFakeClock {
  clock: FakeClock;
  running: RunningScenario;
  /** one scan of a device: every channel by name */
  read(device: string): Map<string, Reading>;
}

/** A scenario whose wires are function calls and whose time is a fake clock; faults of the wire count all the same. */
export async function playScenario(
  nameOrFile: string,
  options: { seed?: number; onTimeline?: (text: string) => void } = {},
): Promise<ScenarioOnFakeClock> {
  const clock = new FakeClock();
  const wires: MemoryWire[] = [];
  const open: WireOpener = async (_, { units }) => {
    const faults = new FaultSwitch();
    const server = { faults, requests: 0, close: async () => {} };
    return { place: { type: 'tcp', host: 'memory', port: wires.push({ units, faults }) }, server };
  };
  const running = await startScenario(nameOrFile, { ...options, clock, open });
  const { profiles } = loadProfiles();
  const bound = new Map(running.endpoints.map((endpoint) => [endpoint.device, bind(endpoint)]));
  return {
    clock,
    running,
    read: (device) => {
      const endpoint = running.endpoints.find((each) => each.device === device)!;
      const wire = wires[endpoint.type === 'tcp' ? endpoint.port - 1 : -1]!;
      const results = scan(wire, endpoint.unit, bound.get(device)!, clock.monoMs());
      const at = { wallMs: clock.wallMs(), monoMs: clock.monoMs() };
      const readings = bound.get(device)!.readings(results, at);
      return new Map(readings.map((reading) => [reading.channel.name, reading]));
    },
  };

  function bind({ device, profile, outlet, code }: Endpoint): BoundDevice {
    return bindProfile(profiles.get(profile)!, {
      device,
      outlet,
      firstChannelId: 1,
      ...(code === null ? {} : { code }),
    });
  }
}

function scan({ units, faults }: MemoryWire, unit: number, bound: BoundDevice, monoMs: number) {
  const results = new Map<string, FieldResult>();
  for (const { name, fn, address, count } of bound.map.fields) {
    const fault = faults.take(unit)[0];
    const where = { unit, line: 'memory', fn, address, last: address + count - 1, timeoutMs: 0, bytes: 0, detail: '' };
    const answer = fault?.kind === 'exception' ? fault.exception : units.get(unit)!.read(fn, address, count);
    if (fault !== undefined && fault.kind !== 'exception' && fault.kind !== 'delay') {
      const code = fault.kind === 'silence' ? 'DEVICE_SILENT' : 'DEVICE_GARBLED';
      results.set(name, { ok: false, fault: new LimpidError(code, where), monoMs });
    } else if (typeof answer === 'number') {
      const refused = new LimpidError('DEVICE_EXCEPTION', { ...where, exception: answer, meaning: '' });
      results.set(name, { ok: false, fault: refused, monoMs });
    } else {
      results.set(name, { ok: true, words: answer, monoMs });
    }
  }
  return results;
}
