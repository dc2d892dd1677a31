import { type Behaviour, fixed, show } from './behaviour.ts';

/** One probe for dust, temperature, pressure and velocity; state register 12, error register 13. */
export const treelandPmm180: Behaviour = {
  sources: {
    dust: show('dust'),
    temperature: show('temperature'),
    velocity: show('velocity'),
    'static-pressure': show('pressure'),
    'dynamic-pressure': show('dynamicPressure'),
    error: fixed(0),
  },
  states: {
    running: { state: 1, error: 0 },
    calibration: { state: 3 },
    maintenance: { state: 4 },
    fault: { state: 5, error: 7 },
  },
  spanGas: { dust: 50 },
};
