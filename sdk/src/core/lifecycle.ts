import { LimpidError } from './error.ts';

/** Everything that owns a timer, a socket or a file. `stop` twice is harmless and settles every waiter. */
export interface Service {
  start(signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Runs every step in order, whatever fails, and then reports all faults at once. */
export async function settleAll(steps: Iterable<() => unknown>): Promise<void> {
  const faults: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (fault) {
      faults.push(fault);
    }
  }
  if (faults.length === 1) throw faults[0];
  if (faults.length > 1) throw new AggregateError(faults, faults.map(String).join('; '));
}

/** Rejects with STOPPED when the signal is aborted. */
export function assertRunning(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw stopped(signal);
}

export function stopped(signal?: AbortSignal): LimpidError {
  return signal?.reason instanceof LimpidError
    ? signal.reason
    : new LimpidError('STOPPED', {}, { cause: signal?.reason });
}
