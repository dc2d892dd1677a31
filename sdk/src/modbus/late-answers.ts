import type { ReadRequest } from './line.ts';

interface Outstanding {
  shape: string;
  untilMs: number;
}

/**
 * A serial answer carries no number: unit, function and length are all that ties it to a request. So the answer to a
 * request that timed out, coming late, fits any later request of the same shape, and would be taken for its answer.
 * Here is kept which shapes are still owed by a unit; before one of them is asked for again, a request of another shape
 * (the barrier: one register less of the same registers) has to be answered. A unit answers in order, so whatever it
 * owed has then been said or never will be.
 */
export class LateAnswers {
  readonly #owed = new Map<number, Outstanding[]>();
  readonly #forgetMs: number;

  /** No device answers after `forgetMs`. */
  constructor(forgetMs: number) {
    this.#forgetMs = forgetMs;
  }

  timedOut(request: ReadRequest, nowMs: number): void {
    const shape = shapeOf(request);
    const rest = this.#current(request.unit, nowMs).filter((each) => each.shape !== shape);
    this.#owed.set(request.unit, [...rest, { shape, untilMs: nowMs + this.#forgetMs }]);
  }

  /** Whether an answer that fits this request could belong to an earlier one. */
  couldBeLate(request: ReadRequest, nowMs: number): boolean {
    if (this.#owed.size === 0) return false;
    const shape = shapeOf(request);
    return this.#current(request.unit, nowMs).some((each) => each.shape === shape);
  }

  /** An answer with values, of a shape that was not owed: everything before it is settled. */
  answered(request: ReadRequest): void {
    if (this.#owed.size > 0) this.#owed.delete(request.unit);
  }

  /**
   * An exception has no shape: it may be the late answer to what is owed longest, then this request's own answer is
   * owed now.
   */
  refused(request: ReadRequest, nowMs: number): void {
    const owed = this.#current(request.unit, nowMs);
    if (owed.length === 0) return;
    this.#owed.set(request.unit, owed.slice(1));
    this.timedOut(request, nowMs);
  }

  /** The late answer was seen while nobody waited for it. */
  seen(request: ReadRequest, nowMs: number): void {
    const shape = shapeOf(request);
    const rest = this.#current(request.unit, nowMs).filter((each) => each.shape !== shape);
    if (rest.length === 0) this.#owed.delete(request.unit);
    else this.#owed.set(request.unit, rest);
  }

  /** An exception was: it has no shape, so all that is sure is that what was owed longest is settled. */
  refusalSeen(unit: number, nowMs: number): void {
    this.#owed.set(unit, this.#current(unit, nowMs).slice(1));
  }

  /** A request whose answer can be told from everything that is owed. It touches no other registers, if it can. */
  barrierFor(request: ReadRequest, nowMs: number): ReadRequest {
    for (let count = request.count - 1; count >= 1; count -= 1) {
      const barrier = { ...request, count };
      if (shapeOf(barrier) !== shapeOf(request) && !this.couldBeLate(barrier, nowMs)) return barrier;
    }
    const most = request.fn <= 2 ? 2000 : 125;
    for (let count = request.count + 1; count < most; count += 1) {
      const address = Math.min(request.address, 0x10000 - count);
      const barrier = { ...request, address, count };
      if (shapeOf(barrier) !== shapeOf(request) && !this.couldBeLate(barrier, nowMs)) return barrier;
    }
    return request;
  }

  #current(unit: number, nowMs: number): Outstanding[] {
    return (this.#owed.get(unit) ?? []).filter((each) => each.untilMs > nowMs);
  }
}

/** What an answer shows of its request: function and byte count. */
function shapeOf(request: ReadRequest): string {
  return `${request.fn}:${request.fn <= 2 ? Math.ceil(request.count / 8) : request.count * 2}`;
}
