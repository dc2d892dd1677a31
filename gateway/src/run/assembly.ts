import { DeviceSource, LineSchedule, type Sink } from '@limpid/sdk/acquire';
import type { Channel, Clock } from '@limpid/sdk/core';
import { createLine, type Line, RegisterReader, UnitHealth } from '@limpid/sdk/modbus';
import { type BoundDevice, bindProfile, type Profile } from '@limpid/sdk/profiles';
import type { Site, SiteDevice } from '@limpid/sdk/site';
import type { Refusals } from './refusal-file.ts';

/** A device at its address, ready to be read. */
export interface AssembledDevice {
  name: string;
  config: SiteDevice;
  line: Line;
  bound: BoundDevice;
  reader: RegisterReader;
  source: DeviceSource;
}

export interface Assembly {
  lines: Line[];
  devices: AssembledDevice[];
  /** the channel table of the context: ids run in the order of the site's devices and their profiles */
  channels: Channel[];
}

export interface AssemblyDeps {
  clock: Clock;
  random: () => number;
  profileOf: (id: string) => Profile;
  /** by device: what it was found to refuse before */
  refusals?: Refusals;
}

/** What site.yaml says, as objects: nothing is opened yet. */
export function assemble(site: Site, deps: AssemblyDeps): Assembly {
  const { clock, random } = deps;
  const lines = new Map(
    Object.entries(site.lines).map(([name, options]) => [name, createLine({ ...options, name }, { clock, random })]),
  );
  const devices: AssembledDevice[] = [];
  const healths = new Map<string, UnitHealth>();
  let firstChannelId = 0;
  for (const [name, config] of Object.entries(site.devices)) {
    const line = lines.get(config.line);
    if (line === undefined) throw new Error(`device ${name} passed the check without a line`);
    // Devices may share a unit, as two profiles on one instrument: its silence costs one time-out, not one for each.
    const address = `${config.line} ${config.unit}`;
    const health = healths.get(address) ?? new UnitHealth({ clock, random });
    healths.set(address, health);
    const device = assembleDevice({ name, config, line, health, firstChannelId }, deps);
    firstChannelId += device.bound.channels.length;
    devices.push(device);
  }
  return { lines: [...lines.values()], devices, channels: devices.flatMap(({ bound }) => bound.channels) };
}

function assembleDevice(
  place: Pick<AssembledDevice, 'name' | 'config' | 'line'> & { health: UnitHealth; firstChannelId: number },
  { clock, random, profileOf, refusals = {} }: AssemblyDeps,
): AssembledDevice {
  const { name, config, line, health, firstChannelId } = place;
  const bound = bindProfile(profileOf(config.profile), { ...config, device: name, firstChannelId });
  const known = refusals[name];
  const reader = new RegisterReader({
    ...{ line, unit: config.unit, map: bound.map, clock, random, health },
    ...(known !== undefined && { refusals: known }),
  });
  const source = new DeviceSource({ device: name, intervalMs: config.pollEveryMs, reader, bound, clock });
  return { name, config, line, bound, reader, source };
}

/** One schedule a line, over the devices on it. */
export function schedule(
  { lines, devices }: Assembly,
  deps: { sink: Sink; clock: Clock; onFault: (fault: unknown) => void },
): LineSchedule[] {
  return lines.map((line) => {
    const sources = devices.filter((device) => device.line === line).map(({ source }) => source);
    return new LineSchedule({ line: line.name, sources, ...deps });
  });
}
