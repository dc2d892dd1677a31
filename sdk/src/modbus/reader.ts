import type { BackoffSchedule } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { isLimpidError, LimpidError } from '../core/error.ts';
import { exceptionMeaning, MODBUS_EXCEPTIONS } from './exception.ts';
import type { DeviceMap, Field, FieldResult } from './field.ts';
import { addEarlier, guardReads, guardsFirst } from './guards.ts';
import type { Line } from './line.ts';
import { MuteReads } from './mute-reads.ts';
import { cheapestFirst, endOf, isOut, outermost, type PlannedRead, planReads, readOver } from './plan.ts';
import { jointBetween, splitAt } from './read-split.ts';
import { RefusalMemory, type RefusalsRecord } from './refusals.ts';
import type { Outcome, Plan, Scan } from './scan.ts';
import { UnitHealth } from './unit-health.ts';

export interface RegisterReaderOptions {
  line: Line;
  unit: number;
  map: DeviceMap;
  clock: Clock;
  random: () => number;
  timeoutMs?: number;
  /** how a silent unit is probed; ignored when `health` is given */
  backoff?: BackoffSchedule;
  /** how rarely a refused field is asked again */
  refusalBackoff?: BackoffSchedule;
  /** given where several readers ask the same unit of the same line */
  health?: UnitHealth;
  /** what `refusals()` gave before a restart */
  refusals?: RefusalsRecord;
}

/** Two garbled answers in a row each took a time-out from the neighbours: the unit is treated as silent then. */
const GARBLED_IN_A_ROW = 2;

/**
 * Reads all fields of one unit, scan by scan, in the cheapest requests that the unit takes. One scan at a time.
 *
 * A read that the unit refuses is halved at a field's border, over and over, within the scan; where both sides of a
 * border answer, the border is remembered and later plans do not bridge it. What has never been refused is planned for,
 * so the plan ends up as the best one of somebody who knows the holes.
 */
export class RegisterReader {
  readonly #options: RegisterReaderOptions;
  readonly #health: UnitHealth;
  readonly #memory: RefusalMemory;
  readonly #mute: MuteReads;
  #garbledBefore = 0;
  #planned: Plan;

  /** Throws REQUEST_INVALID when the map cannot be read. */
  constructor(options: RegisterReaderOptions) {
    this.#options = options;
    const { clock, random, backoff } = options;
    this.#health = options.health ?? new UnitHealth({ clock, random, ...(backoff && { backoff }) });
    this.#mute = new MuteReads({ clock, random, backoff });
    this.#memory = new RefusalMemory({
      map: options.map,
      clock,
      random,
      backoff: options.refusalBackoff,
      saved: options.refusals,
    });
    this.#planned = this.#makePlan();
  }

  /** The requests of the next scan, for display; guards may be read once more at its end. */
  plan(): PlannedRead[] {
    const { version, cost } = this.#planned;
    if (version !== this.#memory.version || isOut(cost, this.#options.line.cost)) {
      this.#planned = this.#makePlan();
    }
    return this.#planned.reads;
  }

  /** What the unit was found to refuse, as plain JSON for the option of the same name. */
  refusals(): RefusalsRecord {
    return this.#memory.record();
  }

  /**
   * One scan: a result for every field, by name, in the order of the map. Rejects only with STOPPED. After a time-out nothing more is asked in
   * the scan; then the fields fail with DEVICE_BACKED_OFF until a probe, the cheapest read of the plan, is answered.
   */
  async read(signal?: AbortSignal): Promise<Map<string, FieldResult>> {
    const leave = this.#health.ask();
    const scan = this.#begin(leave.kind === 'probe', signal);
    if (leave.kind === 'wait') {
      scan.ended = this.#fault('DEVICE_BACKED_OFF', { nextMs: Math.ceil(leave.nextMs) });
      return this.#complete(scan);
    }
    try {
      this.#memory.expire();
      const reads = this.plan();
      const inOrder = this.#mute.sorted(scan.probing ? cheapestFirst(reads, this.#options.line.cost) : reads);
      for (const read of inOrder) if (!this.#isBackedOff(read, scan)) await this.#fetch(read, scan);
      await this.#readGuardsAgain(scan);
      await this.#retryRefusedField(scan);
    } finally {
      if (scan.probing) this.#health.release();
      this.#garbledBefore = scan.hasSpoken ? 0 : scan.garbled;
      if (scan.hasSpoken) this.#mute.garbled(scan.garbledReads);
    }
    return this.#complete(scan);
  }

  #begin(probing: boolean, signal: AbortSignal | undefined): Scan {
    const garbled = this.#garbledBefore;
    return { signal, results: new Map(), probing, garbled, garbledReads: [], hasSpoken: false, ended: null };
  }

  #isBackedOff(read: PlannedRead, scan: Scan): boolean {
    const waitMs = this.#mute.waitMs(read);
    if (waitMs === 0 || scan.ended !== null) return false;
    this.#fail(read.fields, this.#fault('DEVICE_BACKED_OFF', { nextMs: Math.ceil(waitMs) }), scan);
    return true;
  }

  /** A guard that was seen on one side of the values only does not vouch for them: it fails. */
  async #readGuardsAgain(scan: Scan): Promise<void> {
    for (const read of this.#planned.again) {
      const before = read.fields.map(({ name }) => scan.results.get(name));
      if (!before.every((each) => each?.ok)) continue;
      if (scan.ended === null) await this.#fetch(read, scan);
      else this.#fail(read.fields, scan.ended, scan);
      for (const [k, { name }] of read.fields.entries()) addEarlier(scan.results, name, before[k]);
    }
  }

  /** Fetches a read, in halves where it is refused. True when it was answered without any refusal. */
  async #fetch(read: PlannedRead, scan: Scan): Promise<boolean> {
    if (scan.ended !== null) return false;
    const outcome = await this.#ask(read, scan);
    if (outcome.kind !== 'refused') return outcome.kind === 'answered';
    const outer = outermost(read.fields);
    if (outer.length === 1) await this.#refuseField(read, outcome, scan);
    else await this.#split(read, outer, outcome.exception, scan);
    return false;
  }

  async #split(read: PlannedRead, outer: Field[], exception: number, scan: Scan): Promise<void> {
    const at = splitAt(outer);
    const [before, after] = [outer[at - 1]!, outer[at]!];
    const left = readOver(read.fields.filter((field) => endOf(field) <= endOf(before)));
    const right = readOver(read.fields.filter((field) => endOf(field) > endOf(before)));
    const leftAnswered = await this.#fetch(left, scan);
    const rightAnswered = await this.#fetch(right, scan);
    if (!leftAnswered || !rightAnswered) return;
    // "Illegal data value" is what the standard gives for a request that is too long, and what some devices give for a
    // hole: the two fields beside the border, alone, tell which.
    if (exception === MODBUS_EXCEPTIONS.illegalValue && outer.length > 2) {
      const outcome = await this.#ask(readOver([before, after]), scan);
      if (outcome.kind === 'answered' && read.fn > 2) this.#memory.addLimit(Math.max(left.count, right.count));
      if (outcome.kind !== 'refused') return;
    }
    this.#memory.add('joint', jointBetween(before, after), exception);
  }

  async #refuseField(
    read: PlannedRead,
    { fault, exception }: Outcome & { kind: 'refused' },
    scan: Scan,
  ): Promise<void> {
    const { fn, address, count } = read;
    this.#memory.add('field', { fn, first: address, last: address + count - 1 }, exception);
    const inner = read.fields.filter((field) => field.count < count);
    this.#fail(
      read.fields.filter((field) => field.count === count),
      fault,
      scan,
    );
    if (inner.length === 0) return;
    const reads = planReads({ ...this.#options.map, fields: inner }, this.#options.line.cost, this.#memory.ranges);
    for (const each of reads) await this.#fetch(each, scan);
  }

  /** At most one request of a scan, and one of a back-off period, goes to a field that was refused before. */
  async #retryRefusedField(scan: Scan): Promise<void> {
    const due = scan.ended === null ? this.#memory.dueField() : undefined;
    if (due === undefined) return;
    const fields = this.#options.map.fields.filter(
      (field) => field.fn === due.fn && field.address === due.first && endOf(field) === due.last + 1,
    );
    if (fields.length === 0) return;
    const outcome = await this.#ask(readOver(fields), scan);
    if (outcome.kind === 'answered') this.#memory.forgetFields();
    else if (outcome.kind === 'refused') this.#memory.retryRefused();
  }

  async #ask(read: PlannedRead, scan: Scan): Promise<Outcome> {
    const { line, unit, clock, timeoutMs } = this.#options;
    const { fn, address, count } = read;
    let words: Uint16Array;
    try {
      words = await line.read(
        { unit, fn, address, count },
        { ...(timeoutMs !== undefined && { timeoutMs }), ...(scan.signal && { signal: scan.signal }) },
      );
    } catch (fault) {
      if (!isLimpidError(fault) || fault.code === 'STOPPED') throw fault;
      return this.#judge(fault, read, scan);
    }
    this.#answered(read, scan);
    const monoMs = clock.monoMs();
    for (const field of read.fields) {
      const start = field.address - address;
      scan.results.set(field.name, { ok: true, words: words.subarray(start, start + field.count), monoMs });
    }
    return { kind: 'answered' };
  }

  #judge(fault: LimpidError, read: PlannedRead, scan: Scan): Outcome {
    if (fault.code === 'DEVICE_EXCEPTION') return this.#judgeException(fault, read, scan);
    this.#fail(read.fields, fault, scan);
    if (fault.code.startsWith('LINE_')) scan.ended = fault;
    if (fault.code === 'DEVICE_SILENT') this.#unanswered(fault, read, scan);
    if (fault.code === 'DEVICE_GARBLED') this.#garbled(fault, read, scan);
    return { kind: 'failed' };
  }

  #garbled(fault: LimpidError, read: PlannedRead, scan: Scan): void {
    scan.garbledReads.push(read);
    if (this.#mute.isAlwaysGarbled(read)) return;
    scan.garbled += 1;
    if (!scan.probing && scan.garbled < GARBLED_IN_A_ROW) return;
    if (!scan.hasSpoken) this.#mute.silent(read, false); // the next probe is another read
    this.#silent(fault, scan);
  }

  #judgeException(fault: LimpidError, read: PlannedRead, scan: Scan): Outcome {
    const exception = Number(fault.params.exception);
    const { illegalAddress, illegalValue, gatewayPathUnavailable, gatewayTargetSilent } = MODBUS_EXCEPTIONS;
    // These two come from the gateway on the way, which has waited out its own time-out: the unit itself was silent.
    if (exception === gatewayPathUnavailable || exception === gatewayTargetSilent) {
      this.#unanswered(fault, read, scan);
    } else {
      this.#answered(read, scan);
    }
    const kind = exception === illegalAddress || exception === illegalValue ? 'refused' : 'failed';
    if (kind === 'refused') return { kind, fault, exception };
    this.#fail(read.fields, fault, scan);
    return { kind };
  }

  #answered(read: PlannedRead, scan: Scan): void {
    this.#health.answered();
    this.#mute.answered(read);
    scan.probing = false;
    scan.hasSpoken = true;
    scan.garbled = 0;
  }

  #unanswered(fault: LimpidError, read: PlannedRead, scan: Scan): void {
    if (this.#mute.silent(read, scan.hasSpoken)) scan.ended = fault;
    else this.#silent(fault, scan);
  }

  #silent(fault: LimpidError, scan: Scan): void {
    this.#health.silent();
    scan.ended = fault;
  }

  #fail(fields: readonly Field[], fault: LimpidError, scan: Scan): void {
    const result: FieldResult = { ok: false, fault, monoMs: this.#options.clock.monoMs() };
    for (const field of fields) scan.results.set(field.name, result);
  }

  /** In the order of the map. Fields that were not asked fail with what ended the scan, or with the refusal that keeps them out of the plan. */
  #complete(scan: Scan): Map<string, FieldResult> {
    const { fields } = this.#options.map;
    for (const field of fields) {
      if (!scan.results.has(field.name)) this.#fail([field], scan.ended ?? this.#refusalOf(field), scan);
    }
    return new Map(fields.map(({ name }) => [name, scan.results.get(name)!]));
  }

  #refusalOf(field: Field): LimpidError {
    const { fn, address } = field;
    const last = endOf(field) - 1;
    const range = this.#memory.ranges.find((each) => each.fn === fn && address <= each.first && each.last <= last);
    const exception = range?.exception ?? MODBUS_EXCEPTIONS.illegalAddress;
    return this.#fault('DEVICE_EXCEPTION', { fn, address, last, exception, meaning: exceptionMeaning(exception) });
  }

  #fault(code: 'DEVICE_BACKED_OFF' | 'DEVICE_EXCEPTION', params: Record<string, string | number>): LimpidError {
    return new LimpidError(code, { unit: this.#options.unit, line: this.#options.line.name, ...params });
  }

  #makePlan(): Plan {
    const { map, line } = this.#options;
    const maxRegisters = Math.min(map.maxRegisters, this.#memory.limit ?? map.maxRegisters);
    const cost = { ...line.cost };
    const limited = { ...map, maxRegisters };
    const reads = planReads(limited, cost, this.#memory.ranges);
    const again = guardReads(limited, reads, cost, this.#memory.ranges);
    return { reads: again.length > 0 ? guardsFirst(reads, map) : reads, again, version: this.#memory.version, cost };
  }
}
