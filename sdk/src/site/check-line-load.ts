import { bindProfile, type Fault, overrideFaults, serialScanMs } from '../profiles/index.ts';
import { pollEveryMsOf } from './check-devices.ts';
import type { Draft } from './draft.ts';
import type { SiteLine } from './schema.ts';

/** Beyond this share of its time a line has no room for one time-out. */
const TIGHT_PERCENT = 80;

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
    const options = { code: parsed.code, overrides: parsed.channels };
    if (parsed.line !== name || profile === undefined || overrideFaults(profile, options).length > 0) continue;
    const { map } = bindProfile(profile, { ...options, device, outlet: '', firstChannelId: 0 });
    load += serialScanMs(map, line, line.turnaroundMs) / pollEveryMsOf(parsed, profile);
  }
  return load;
}
