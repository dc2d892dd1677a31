import { type Behaviour, fixed, show, signal } from './behaviour.ts';

/** One bit of its state register is set at a time. */
export const sdlScs900cpm: Behaviour = {
  sources: {
    dust: show('dust'),
    signal: signal('dust'),
    'range-1': fixed(50),
    'range-2': fixed(200),
    'current-range': fixed(50),
    slope: fixed(1),
    intercept: fixed(0),
  },
  states: {
    running: { state: 0x0001 },
    purge: { state: 0x0010 },
    calibration: { state: 0x0020 },
    maintenance: { state: 0x0040 },
    fault: { state: 0x0080 },
  },
  spanGas: { dust: 40 },
};
