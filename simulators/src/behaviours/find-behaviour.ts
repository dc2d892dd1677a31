import type { Behaviour } from './behaviour.ts';
import { cnemcWater } from './cnemc-water.ts';
import { jbsdWl1a1 } from './jbsd-wl-1a1.ts';
import { sdlScs900cpm } from './sdl-scs-900cpm.ts';
import { sdlScs900uv } from './sdl-scs-900uv.ts';
import { treelandPmm180 } from './treeland-pmm180.ts';

const BEHAVIOURS: Record<string, Behaviour> = {
  'cnemc-water': cnemcWater,
  'jbsd-wl-1a1': jbsdWl1a1,
  'sdl-scs-900cpm': sdlScs900cpm,
  'sdl-scs-900uv': sdlScs900uv,
  'treeland-pmm180': treelandPmm180,
};

/** A profile that nobody has described further shows its factor codes, and has no status but "running". */
const PLAIN: Behaviour = { sources: {}, states: { running: {} } };

export function findBehaviour(profile: string): Behaviour {
  return BEHAVIOURS[profile] ?? PLAIN;
}

export function listBehaviours(): string[] {
  return Object.keys(BEHAVIOURS);
}
