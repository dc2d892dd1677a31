/**
 * What entries in a row say about time: silence that nothing explains, clocks that step or drift. Wall time orders
 * nothing; these are findings for people, never corrections.
 */
import { detailMember } from './entry.ts';
import { type Detail, type Entry, EVENT_CODES, type Prefix } from './entry-types.ts';
import type { PollSpan } from './poll-span.ts';
import type { FindingCode } from './report.ts';

/** more than so many polls without a reading need an event */
const SILENT_POLLS = 3;
/** a wall clock that moves by more against the monotonic one needs an event */
const STEP_MS = 1_000;
/** kernels slew by at most 500 ppm; looked at over an hour */
const DRIFT_PER_MS = 500e-6;
const DRIFT_WINDOW_MS = 3_600_000;
/** whole ms are signed */
const ROUNDING_MS = 2;
/** the poll period is the median of so many */
const PERIODS_KEPT = 5;

interface Rhythm {
  device: string;
  lastMonoMs: number;
  /** newest last */
  periodsMs: number[];
  /** an event said that this block would be silent */
  explained: boolean;
  /**
   * A new context may change the period, so the pause around it is judged when the new period is known; it explains
   * nothing by itself. The period before it, and the pause once the block was polled again.
   */
  change: { periodMs: number; pauseMs: number | null } | null;
}

export type Report = (code: FindingCode, text: string) => void;

export class Continuity {
  readonly #rhythms = new Map<string, Rhythm>();
  #before: Prefix | null = null;
  /** wall − mono and mono where the wall clock was last taken as given */
  #anchor: { offsetMs: number; monoMs: number } | null = null;
  #newestPollMonoMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  /** After a hole nothing is known of the time in between. */
  forget(): void {
    this.#before = null;
    this.#anchor = null;
    this.#stopped = false;
    this.#clearRhythms();
  }

  take(entry: Entry, polls: readonly PollSpan[], report: Report): void {
    const { prefix } = entry;
    const event = entry.kind === 'event' ? entry.code : null;
    this.#checkStart(prefix, event, report);
    this.#checkClock(prefix, event === EVENT_CODES.clockStep || event === EVENT_CODES.boot, report);
    if (event === EVENT_CODES.boot) this.#clearRhythms();
    this.#stopped = event === EVENT_CODES.stop;
    // offsets within a batch are tied to the monotonic clock by the wall time of its entry: a step in between shifts them
    if (event === EVENT_CODES.stop || event === EVENT_CODES.clockStep) this.#explain(null);
    if (entry.kind === 'event' && event === EVENT_CODES.gap) this.#explain(deviceOf(entry.detail));
    if (entry.kind === 'context') this.#awaitPeriods(report);
    for (const span of polls) this.#checkPolls(span, report);
    this.#before = prefix;
  }

  /** Devices that fell silent and never came back. */
  finish(report: Report): void {
    for (const rhythm of this.#rhythms.values()) this.#checkSilence(rhythm, this.#newestPollMonoMs, report);
  }

  #checkStart(prefix: Prefix, event: number | null, report: Report): void {
    const before = this.#before;
    if (before === null) return;
    if (prefix.start === before.start) {
      if (this.#stopped) report('start-without-boot', `start ${before.start} goes on behind its stop event`);
      else if (event === EVENT_CODES.boot && before.seq > 0) {
        report('start-without-boot', `a boot event within start ${before.start}`);
      }
      return;
    }
    if (event !== EVENT_CODES.boot || prefix.start !== before.start + 1) {
      report('start-without-boot', `start ${before.start} is followed by start ${prefix.start} without its boot event`);
    }
    this.#anchor = null;
    this.#clearRhythms();
  }

  #checkClock(prefix: Prefix, given: boolean, report: Report): void {
    const before = this.#before;
    const offsetMs = prefix.wallMs - prefix.monoMs;
    if (before !== null && before.start === prefix.start && prefix.monoMs < before.monoMs) {
      report('clock-back', `the monotonic clock goes back by ${before.monoMs - prefix.monoMs} ms`);
    }
    if (given || before === null || this.#anchor === null) {
      this.#anchor = { offsetMs, monoMs: prefix.monoMs };
      return;
    }
    const steppedMs = offsetMs - (before.wallMs - before.monoMs);
    if (Math.abs(steppedMs) > STEP_MS + ROUNDING_MS) {
      report('clock-step', `the wall clock moved by ${steppedMs} ms against the monotonic clock without an event`);
      this.#anchor = { offsetMs, monoMs: prefix.monoMs };
      return;
    }
    this.#checkDrift(offsetMs, prefix.monoMs, report);
  }

  #checkDrift(offsetMs: number, monoMs: number, report: Report): void {
    const anchor = this.#anchor;
    if (anchor === null || monoMs - anchor.monoMs < DRIFT_WINDOW_MS) return;
    const driftMs = offsetMs - anchor.offsetMs;
    if (Math.abs(driftMs) > (monoMs - anchor.monoMs) * DRIFT_PER_MS + ROUNDING_MS) {
      const minutes = Math.round((monoMs - anchor.monoMs) / 60_000);
      report('clock-drift', `the wall clock drifted by ${driftMs} ms in ${minutes} min, more than a clock is slewed`);
    }
    this.#anchor = { offsetMs, monoMs };
  }

  #clearRhythms(): void {
    this.#rhythms.clear();
    this.#newestPollMonoMs = Number.NEGATIVE_INFINITY;
  }

  #awaitPeriods(report: Report): void {
    for (const [key, rhythm] of this.#rhythms) {
      this.#judgePause(rhythm, 0, report);
      const periodMs = median(rhythm.periodsMs) ?? rhythm.change?.periodMs ?? null;
      if (periodMs === null || rhythm.explained) this.#rhythms.delete(key);
      else [rhythm.change, rhythm.periodsMs] = [{ periodMs, pauseMs: null }, []];
    }
  }

  #judgePause({ device, change }: Rhythm, periodMs: number, report: Report): void {
    if (change === null || change.pauseMs === null) return;
    if (change.pauseMs > SILENT_POLLS * Math.max(change.periodMs, periodMs)) {
      const text = `${device} has no readings for ${change.pauseMs} ms around a new context, and no event says why`;
      report('silence', text);
    }
  }

  #explain(device: string | null): void {
    for (const rhythm of this.#rhythms.values()) {
      if (device === null || rhythm.device === device) rhythm.explained = true;
    }
  }

  #checkPolls(span: PollSpan, report: Report): void {
    const key = `${span.device}/${span.firstChannel}`;
    this.#newestPollMonoMs = Math.max(this.#newestPollMonoMs, span.lastMonoMs);
    const rhythm = this.#rhythms.get(key) ?? {
      device: span.device,
      lastMonoMs: span.firstMonoMs,
      periodsMs: [],
      explained: true,
      change: null,
    };
    const { change } = rhythm;
    const renewed = change !== null && change.pauseMs === null;
    if (renewed) change.pauseMs = rhythm.explained ? 0 : span.firstMonoMs - rhythm.lastMonoMs;
    const silent = this.#checkSilence(rhythm, span.firstMonoMs, report);
    const within = span.polls > 1 ? (span.lastMonoMs - span.firstMonoMs) / (span.polls - 1) : null;
    const periodMs = within ?? (silent || renewed || rhythm.explained ? null : span.firstMonoMs - rhythm.lastMonoMs);
    if (periodMs !== null) {
      rhythm.periodsMs = [...rhythm.periodsMs, periodMs].slice(-PERIODS_KEPT);
      this.#judgePause(rhythm, periodMs, report);
      rhythm.change = null;
    }
    rhythm.lastMonoMs = span.lastMonoMs;
    rhythm.explained = false;
    this.#rhythms.set(key, rhythm);
  }

  #checkSilence(rhythm: Rhythm, untilMonoMs: number, report: Report): boolean {
    const periodMs = median(rhythm.periodsMs);
    const silentMs = untilMonoMs - rhythm.lastMonoMs;
    if (rhythm.explained || periodMs === null || silentMs <= SILENT_POLLS * periodMs) return false;
    const polls = Math.round(silentMs / periodMs);
    report('silence', `${rhythm.device} has no readings for ${silentMs} ms, ${polls} polls, and no event says why`);
    return true;
  }
}

function deviceOf(detail: Detail): string | null {
  const device = detailMember(detail, 'device');
  return typeof device === 'string' && device !== '' ? device : null;
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}

/** Where there is a hardware counter it never goes back, never away, and one step at a time. */
export function counterFault(before: number | null, counter: number | null): string | null {
  if (before === null) return null;
  if (counter === null || counter < before) return `the hardware counter goes from ${before} to ${counter}`;
  return counter > before + 1 ? `the hardware counter jumps from ${before} to ${counter}` : null;
}
