import { describe, expect, it } from 'vitest';
import { isLimpidError, LimpidError } from './error.ts';
import { assertRunning, settleAll, stopped } from './lifecycle.ts';

const aborted = (reason?: unknown) => AbortSignal.abort(reason);

describe('settleAll', () => {
  it('runs the steps one after another and waits for each', async () => {
    const log: string[] = [];
    const step = (name: string) => async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
    };
    await settleAll([step('a'), step('b')]);
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('runs the later steps when an earlier one throws or rejects, and throws its fault as it is', async () => {
    const fault = new Error('first');
    let ran = false;
    await expect(
      settleAll([
        () => Promise.reject(fault),
        () => {
          ran = true;
        },
      ]),
    ).rejects.toBe(fault);
    expect(ran).toBe(true);
  });

  it('reports all faults when there are several', async () => {
    const faults = [new Error('first'), new Error('second')];
    const settled = settleAll([
      () => {
        throw faults[0];
      },
      () => Promise.reject(faults[1]),
    ]);
    await expect(settled).rejects.toMatchObject({ errors: faults, message: 'Error: first; Error: second' });
  });

  it('does nothing when there is nothing to do', async () => {
    await expect(settleAll([])).resolves.toBeUndefined();
  });
});

describe('stopping', () => {
  it('lets work go on without a signal and before it is aborted', () => {
    expect(() => assertRunning(undefined)).not.toThrow();
    expect(() => assertRunning(new AbortController().signal)).not.toThrow();
  });

  it('throws STOPPED once aborted, with the reason as its cause', () => {
    const reason = new Error('ctrl-c');
    try {
      assertRunning(aborted(reason));
      expect.unreachable();
    } catch (fault) {
      expect(isLimpidError(fault, 'STOPPED')).toBe(true);
      expect(fault).toHaveProperty('cause', reason);
    }
  });

  it('keeps a reason that has a code already', () => {
    const reason = new LimpidError('LEDGER_DISK_FULL', { dir: 'data' });
    expect(stopped(aborted(reason))).toBe(reason);
  });

  it('is STOPPED without a signal too', () => {
    expect(isLimpidError(stopped(), 'STOPPED')).toBe(true);
  });
});
