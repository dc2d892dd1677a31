import { type Behaviour, CALIBRATION_TIME, CLOCK, fixed, INTERVAL, SAMPLE_TIME } from './behaviour.ts';

/**
 * A wet-chemical analyser of one factor. Its status 0 is idle between samples, 1 a sample in work; either way the result
 * of the last sample stands. A purge is a rinse of its own lines.
 */
export const cnemcWater: Behaviour = {
  sources: {
    'sample-time': SAMPLE_TIME,
    clock: CLOCK,
    mode: fixed(2),
    'measuring-interval': INTERVAL,
    'zero-check-interval': fixed(1_440),
    'span-check-interval': fixed(1_440),
    'standard-check-interval': fixed(1_440),
    decimals: fixed(3),
    'digestion-temperature': fixed(165),
    'digestion-time': fixed(15),
    'range-high': fixed(200),
    slope: fixed(1),
    intercept: fixed(0),
    'calibration-time': CALIBRATION_TIME,
    'blank-calibration-time': CALIBRATION_TIME,
    'standard-calibration-time': CALIBRATION_TIME,
    'standard-2': fixed(160),
    correlation: fixed(0.9994),
    'reagent-left': fixed(80),
    'correction-factor': fixed(1),
    dilution: fixed(1),
    'range-correction': fixed(1),
    'serial-number': fixed('SIM000000001'),
    firmware: fixed(100),
  },
  states: {
    running: { status: 0, fault: 0, 'result-flag': 'N' },
    calibration: { status: 19, 'result-flag': 'C' },
    maintenance: { status: 1001, 'result-flag': 'M' },
    fault: { status: 1000, fault: 1, 'result-flag': 'D' },
    purge: { status: 10, 'result-flag': 'M' },
  },
  analysing: { status: 1 },
};
