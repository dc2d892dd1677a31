import { DeviceSource, LineSchedule, type Sink } from '@limpid/sdk/acquire';
import type { Channel, Clock } from '@limpid/sdk/core';
import { createLine, type Line, RegisterReader } from '@limpid/sdk/modbus';
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
export function assemble(site: Site, { clock, random, profileOf, refusals = {} }: AssemblyDeps): Assembly {
  const lines = new Map(
    Object.entries(site.lines).map(([name, options]) => [name, createLine({ ...options, name }, { clock, random })]),
  );
  const devices: AssembledDevice[] = [];
  let firstChannelId = 0;
  for (const [name, config] of Object.entries(site.devices)) {
    const line = lines.get(config.line);
    if (line === undefined) throw new Error(`device ${name} passed the check without a line`);
    const bound = bindProfile(profileOf(config.profile), {
      ...config,
      device: name,
      outlet: config.outlet,
      firstChannelId,
    });
    firstChannelId += bound.channels.length;
    const known = refusals[name];
    const reader = new RegisterReader({
      ...{ line, unit: config.unit, map: bound.map, clock, random },
      ...(known !== undefined && { refusals: known }),
    });
    const source = new DeviceSource({ device: name, intervalMs: config.pollEveryMs, reader, bound, clock });
    devices.push({ name, config, line, bound, reader, source });
  }
  return { lines: [...lines.values()], devices, channels: devices.flatMap(({ bound }) => bound.channels) };
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
