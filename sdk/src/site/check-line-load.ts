import { bindProfile } from '../profiles/interpret.ts';
import { overrideFaults } from '../profiles/override.ts';
import { serialScanMs } from '../profiles/scan-cost.ts';
import type { Fault } from '../profiles/yaml-document.ts';
import { pollEveryMsOf } from './check-devices.ts';
import type { Draft } from './draft.ts';
import type { SiteLine } from './schema.ts';

/** Beyond this share of its time a line has no room for one time-out. */
const TIGHT_PERCENT = 80;

/** The format behind a converter is the converter's business; most run 8N1. */
const EIGHT_N_ONE = { parity: 'none', dataBits: 8, stopBits: 1 } as const;

/** Serial lines only: how long a scan takes over TCP depends on what is behind it. */
export function checkLineLoad(draft: Draft): Fault[] {
  return [...draft.lines.valid].flatMap(([name, line]) => {
    if (line.type === 'tcp') return [];
    const neededPercent = Math.ceil(loadOf(draft, name, line) * 100);
    if (neededPercent <= TIGHT_PERCENT) return [];
    const options = neededPercent > 100 ? {} : { severity: 'warning' as const };
    return [draft.fault('CONFIG_OVERLOAD', ['lines', name], { line: name, neededPercent }, { on: 'key', ...options })];
  });
}

/** Sum over its devices of time of a scan per time between scans. */
function loadOf(draft: Draft, name: string, line: Exclude<SiteLine, { type: 'tcp' }>): number {
  let load = 0;
  for (const [device, parsed] of draft.devices.valid) {
    const profile = draft.profiles.get(parsed.profile);
    if (parsed.line !== name || profile === undefined || overrideFaults(profile, parsed).length > 0) continue;
    const { map } = bindProfile(profile, { ...parsed, device, outlet: '', firstChannelId: 0 });
    load +=
      serialScanMs(map, line.type === 'rtu' ? line : { ...EIGHT_N_ONE, baudRate: line.baudRate }, line.turnaroundMs) /
      pollEveryMsOf(parsed, profile);
  }
  return load;
}
