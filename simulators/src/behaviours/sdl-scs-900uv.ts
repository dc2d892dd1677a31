import { type Behaviour, CALIBRATION_TIME, fixed, signal } from './behaviour.ts';

/** Parameter block of one component: what the tamper watch looks at. */
function parameters(component: string, range: number, spanGas: number): Behaviour['sources'] {
  return {
    [`${component}-slope`]: fixed(1),
    [`${component}-range`]: fixed(range),
    [`${component}-span-gas`]: fixed(spanGas),
    [`${component}-span-time`]: CALIBRATION_TIME,
    [`${component}-zero-time`]: CALIBRATION_TIME,
    [`${component}-zero-drift`]: fixed(0.4),
    [`${component}-span-drift`]: fixed(-0.3),
  };
}

/** It has no purge of its own: the sample probe is blown back by the cabinet's PLC. */
export const sdlScs900uv: Behaviour = {
  sources: {
    ...parameters('so2', 500, 400),
    ...parameters('no', 300, 240),
    ...parameters('no2', 100, 80),
    ...parameters('o2', 25, 20.5),
    'so2-signal': signal('so2'),
    'no-signal': signal('no'),
    'no2-signal': signal('no2'),
  },
  states: {
    running: { alarm: 0, adjust: 1, maintenance: 0 },
    calibration: { adjust: 2 },
    maintenance: { maintenance: 1 },
    fault: { alarm: 0x40 },
  },
  // the gases as span gas; oxygen from its own bottle
  spanGas: { so2: 400, no: 240, no2: 80, nox: 448, o2: 20.5 },
};
