/**
 * A wet-chemical analyser takes a sample, digests it, and shows the result until the next one is ready: what it shows
 * is the water of its sample time, not of now (HJ 356: the result belongs to the hour of the sample).
 */
export interface BatchOptions {
  everyS: number;
  analysisS: number;
}

/** A sample, known by when it was taken: s since the start of the scenario, negative before it. */
export interface Sample {
  sampleAtS: number;
}

export interface BatchState {
  shown: Sample;
  /** the sample that is being digested */
  running: Sample | null;
  nextSampleAtS: number;
}

/** An analyser that has been at work for long: it shows the sample of one cycle ago and takes the next one now. */
export function startBatch(options: BatchOptions): BatchState {
  return { shown: { sampleAtS: -options.everyS }, running: null, nextSampleAtS: 0 };
}

/** A result is shown when the analysis is over; the next sample waits for its turn and for the analyser to be free. */
export function stepBatch(state: BatchState, options: BatchOptions, nowS: number): BatchState {
  let { shown, running, nextSampleAtS } = state;
  if (running !== null && nowS >= running.sampleAtS + options.analysisS) {
    shown = running;
    running = null;
  }
  if (running === null && nowS >= nextSampleAtS) {
    running = { sampleAtS: nowS };
    nextSampleAtS = nowS + options.everyS;
  }
  return { shown, running, nextSampleAtS };
}
