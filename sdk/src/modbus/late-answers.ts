import { type FrameSpan, findAnswer } from './answer-frame.ts';
import type { ReadRequest } from './line.ts';

interface Outstanding {
  request: ReadRequest;
  shape: string;
  sinceMs: number;
  untilMs: number;
}

/** What is known of one unit. */
interface Unit {
  /** in the order of asking */
  owed: Outstanding[];
  /** by shape: reads that were answered with values, and so can be barriers */
  answered: Map<string, ReadRequest>;
  /** until then no barrier of a length that was never answered is sent: one was met with silence */
  muteUntilMs: number;
  /** how long after its time-out an answer was seen */
  longestLateMs: number;
}

/** No device answers so many time-outs late; at least ten seconds. */
const FORGET_TIMEOUTS = 10;
const FORGET_MS = 10_000;

export function forgetAfterMs(timeoutMs: number): number {
  return Math.max(FORGET_MS, FORGET_TIMEOUTS * timeoutMs);
}

/** So many time-outs after the first one a unit that cannot be asked anything else is asked the same again. */
const MUTE_TIMEOUTS = 5;
/** The margin on the latest answer that was seen. */
const MUTE_MARGIN = 2;
/** It may have been switched off when it said nothing to the barrier. */
const MUTE_FORGET_MS = 3_600_000;

/**
 * A serial answer carries no number: unit, function and length are all that ties it to a request. So the answer to a
 * request that timed out, coming late, fits any later request of the same shape, and would be taken for its answer.
 * Here is kept which shapes are still owed by a unit; before one of them is asked for again, a request of another shape
 * (the barrier) has to be answered. A unit answers in order, so whatever it owed has then been said or never will be.
 *
 * The best barrier is a read that the unit answered before; the next one register less of the same registers. Some units
 * say nothing to any read but their own: those are asked the same again when the owed answer is out of time.
 */
export class LateAnswers {
  readonly #units = new Map<number, Unit>();
  readonly #forgetMs: number;
  /** most of the time nobody owes anything */
  #isOwed = false;

  /** No device answers after `forgetMs`. */
  constructor(forgetMs: number) {
    this.#forgetMs = forgetMs;
  }

  timedOut(request: ReadRequest, nowMs: number): void {
    const unit = this.#unit(request.unit);
    const shape = shapeOf(request);
    const rest = current(unit, nowMs).filter((each) => each.shape !== shape);
    unit.owed = [...rest, { request, shape, sinceMs: nowMs, untilMs: nowMs + this.#forgetMs }];
    this.#isOwed = true;
  }

  /** Whether an answer that fits this request could belong to an earlier one. */
  couldBeLate(request: ReadRequest, nowMs: number): boolean {
    if (!this.#isOwed) return false;
    const shape = shapeOf(request);
    return current(this.#unit(request.unit), nowMs).some((each) => each.shape === shape);
  }

  /** Whether the unit owes anything: an exception has no shape, so it could be the answer to that. */
  owes(unit: number, nowMs: number): boolean {
    return this.#isOwed && current(this.#unit(unit), nowMs).length > 0;
  }

  /** An answer with values, of a shape that was not owed: everything before it is settled. */
  answered(request: ReadRequest): void {
    const unit = this.#unit(request.unit);
    unit.answered.set(shapeOf(request), request);
    if (unit.owed.length > 0) this.#setOwed(unit, []);
  }

  /**
   * An exception has no shape: it may be the late answer to what is owed longest, then this request's own answer is
   * owed now.
   */
  refused(request: ReadRequest, nowMs: number): void {
    if (!this.owes(request.unit, nowMs)) return;
    const unit = this.#unit(request.unit);
    unit.owed = current(unit, nowMs).slice(1);
    this.timedOut(request, nowMs);
  }

  /**
   * Bytes of which the newest came at `atMs`, while nobody waited for them. A late answer among them settles what it
   * answers and what was asked before that; an exception has no shape, so all that is sure is that what was owed longest
   * is settled.
   */
  heard(number: number, bytes: Uint8Array, atMs: number): void {
    const unit = this.#unit(number);
    let rest = bytes;
    for (let late = firstAnswer(unit.owed, rest); late !== null; late = firstAnswer(unit.owed, rest)) {
      const { request, shape, sinceMs } = unit.owed[late.index]!;
      unit.longestLateMs = Math.max(unit.longestLateMs, atMs - sinceMs);
      if (!late.isRefusal) unit.answered.set(shape, request);
      this.#setOwed(unit, unit.owed.slice(late.index + 1));
      rest = rest.subarray(late.span.end);
    }
  }

  /** Its answer is not waited for any longer. */
  givenUp(request: ReadRequest): void {
    const unit = this.#unit(request.unit);
    const shape = shapeOf(request);
    this.#setOwed(
      unit,
      unit.owed.filter((each) => each.shape !== shape),
    );
  }

  /** The barrier itself was not answered, or with something else: it is not tried again soon. */
  barrierMute(barrier: ReadRequest, nowMs: number): void {
    const unit = this.#unit(barrier.unit);
    if (!unit.answered.delete(shapeOf(barrier))) unit.muteUntilMs = nowMs + MUTE_FORGET_MS;
  }

  /**
   * A request whose answer can be told from everything that is owed: the shortest read that was answered before, else
   * one that touches no other registers, if it can. Null where nothing is left but to wait, see `askAgainMs`.
   */
  barrierFor(request: ReadRequest, nowMs: number): ReadRequest | null {
    const unit = this.#unit(request.unit);
    const isFree = (barrier: ReadRequest) => shapeOf(barrier) !== shapeOf(request) && !this.couldBeLate(barrier, nowMs);
    const known = [...unit.answered.values()].filter(isFree).sort((a, b) => a.count - b.count)[0];
    if (known !== undefined) return known;
    if (nowMs < unit.muteUntilMs) return null;
    for (let count = request.count - 1; count >= 1; count -= 1) {
      if (isFree({ ...request, count })) return { ...request, count };
    }
    const most = request.fn <= 2 ? 2000 : 125;
    for (let count = request.count + 1; count < most; count += 1) {
      const barrier = { ...request, address: Math.min(request.address, 0x10000 - count), count };
      if (isFree(barrier)) return barrier;
    }
    return null;
  }

  /** When the same may be asked again without a barrier: the owed answer is later than any that was ever seen, by far. */
  askAgainMs(request: ReadRequest, timeoutMs: number): number {
    const { owed, longestLateMs } = this.#unit(request.unit);
    const shape = shapeOf(request);
    const waitMs = Math.max(MUTE_TIMEOUTS * timeoutMs, MUTE_MARGIN * longestLateMs);
    return Math.max(
      0,
      ...owed.filter((each) => each.shape === shape).map(({ sinceMs, untilMs }) => Math.min(sinceMs + waitMs, untilMs)),
    );
  }

  #unit(number: number): Unit {
    const known = this.#units.get(number);
    if (known !== undefined) return known;
    const unit: Unit = { owed: [], answered: new Map(), muteUntilMs: Number.NEGATIVE_INFINITY, longestLateMs: 0 };
    this.#units.set(number, unit);
    return unit;
  }

  #setOwed(unit: Unit, owed: Outstanding[]): void {
    unit.owed = owed;
    this.#isOwed = [...this.#units.values()].some((each) => each.owed.length > 0);
  }
}

function current(unit: Unit, nowMs: number): Outstanding[] {
  return unit.owed.filter((each) => each.untilMs > nowMs);
}

/** Where the first answer to any of these is; a refusal counts for the one that was asked first. */
function firstAnswer(
  owed: readonly Outstanding[],
  bytes: Uint8Array,
): { index: number; span: FrameSpan; isRefusal: boolean } | null {
  let first: { index: number; span: FrameSpan; isRefusal: boolean } | null = null;
  for (const [index, { request }] of owed.entries()) {
    const span = findAnswer(bytes, request);
    if (span === null || (first !== null && first.span.start <= span.start)) continue;
    const isRefusal = bytes[span.start + 1] !== request.fn;
    first = { index: isRefusal ? 0 : index, span, isRefusal };
  }
  return first;
}

/** What an answer shows of its request: function and byte count. */
function shapeOf(request: ReadRequest): string {
  return `${request.fn}:${request.fn <= 2 ? Math.ceil(request.count / 8) : request.count * 2}`;
}
