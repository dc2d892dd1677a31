import { type Behaviour, fixed, show } from './behaviour.ts';

/** A meter without any status: all it can do wrong is not to answer. Its spare current inputs lie open. */
export const jbsdWl1a1: Behaviour = {
  sources: {
    flow: show('flow'),
    'flow-hourly': show('flow'),
    total: show('total'),
    level: show('level'),
    'current-1': fixed(0),
    'current-2': fixed(0),
    'current-3': fixed(0),
    'current-4': fixed(0),
  },
  states: { running: {} },
};
