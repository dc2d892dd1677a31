import { type BackoffSchedule, backoffDelayMs } from '../core/backoff.ts';
import { type Clock, wait } from '../core/clock.ts';
import { faultText, isLimpidError, LimpidError } from '../core/error.ts';
import { assertRunning, stopped } from '../core/lifecycle.ts';
import type { Line, LineCost, LineUsage, ReadRequest } from './line.ts';
import { assertRequest } from './line-fault.ts';
import type { Wire } from './wire.ts';

export interface WireLineOptions {
  name: string;
  timeoutMs: number;
  wire: Wire;
  clock: Clock;
  random: () => number;
  reconnect: BackoffSchedule;
}

interface Job {
  request: ReadRequest;
  timeoutMs: number;
  /** not to be asked once more: it was, or nobody waits for it */
  isFinal: boolean;
  resolve(words: Uint16Array): void;
  reject(fault: unknown): void;
}

/** The queue of one wire, and the loop that opens it again. */
export class WireLine implements Line {
  readonly name: string;
  readonly #options: WireLineOptions;
  readonly #wire: Wire;
  readonly #stop = new AbortController();
  #queue: Job[] = [];
  #running: Job | null = null;
  /** why reads fail at once; null while the wire is open or its first attempt is under way */
  #fault: LimpidError | null;
  #isOpen = false;
  #loop: Promise<void> | null = null;
  #tellAttempted: () => void = () => undefined;
  #tellLost: (fault: LimpidError) => void = () => undefined;
  #requests = 0;
  #busyMs = 0;
  #openedMonoMs = Number.POSITIVE_INFINITY;

  constructor(options: WireLineOptions) {
    this.name = options.name;
    this.#options = options;
    this.#wire = options.wire;
    this.#fault = new LimpidError('STOPPED');
  }

  get cost(): LineCost {
    return this.#wire.cost;
  }

  async start(signal?: AbortSignal): Promise<void> {
    assertRunning(signal);
    assertRunning(this.#stop.signal);
    if (this.#loop !== null) return;
    signal?.addEventListener('abort', () => void this.stop(), { once: true, signal: this.#stop.signal });
    this.#fault = null;
    const attempted = new Promise<void>((resolve) => {
      this.#tellAttempted = resolve;
    });
    this.#loop = this.#keepOpen();
    await attempted;
    assertRunning(signal);
  }

  async stop(): Promise<void> {
    if (!this.#stop.signal.aborted) {
      this.#stop.abort();
      this.#isOpen = false;
      this.#failAll(stopped());
      this.#running?.reject(stopped());
      this.#tellLost(stopped());
    }
    await this.#wire.close(stopped());
    await this.#loop;
  }

  read(request: ReadRequest, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<Uint16Array> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      assertRequest(request);
      assertRunning(signal);
      if (this.#fault !== null) throw this.#fault;
      const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs;
      const job: Job = { request, timeoutMs, isFinal: false, resolve, reject };
      this.#queue.push(signal === undefined ? job : this.#abortable(job, signal));
      this.#pump();
    });
  }

  usage(): LineUsage {
    return { ...this.#wire.counters, requests: this.#requests, busyMs: this.#busyMs, open: this.#isOpen };
  }

  /** Whoever gives up is told at once; a request that is out runs to its end all the same, and is then forgotten. */
  #abortable(job: Job, signal: AbortSignal): Job {
    const onAbort = () => {
      wrapped.isFinal = true;
      this.#queue = this.#queue.filter((each) => each !== wrapped);
      job.reject(stopped(signal));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = () => signal.removeEventListener('abort', onAbort);
    const wrapped: Job = {
      ...job,
      resolve: (words) => {
        settle();
        job.resolve(words);
      },
      reject: (fault) => {
        settle();
        job.reject(fault);
      },
    };
    return wrapped;
  }

  #pump(): void {
    if (this.#running !== null || !this.#isOpen) return;
    const job = this.#queue.shift();
    if (job === undefined) return;
    this.#running = job;
    this.#requests += 1;
    const startMs = this.#options.clock.monoMs();
    this.#wire
      .exchange(job.request, job.timeoutMs)
      .then(job.resolve, (fault: unknown) => this.#failed(job, fault))
      .finally(() => {
        this.#busyMs += this.#options.clock.monoMs() - startMs;
        this.#running = null;
        this.#pump();
      });
  }

  /**
   * Gateways close idle connections without a word, just when the next request is on its way: reading does no harm, so
   * it is asked once more over the connection that follows.
   */
  #failed(job: Job, fault: unknown): void {
    const isWorthIt = !job.isFinal && this.#fault === null && isLimpidError(fault, 'LINE_LOST');
    if (!isWorthIt) {
      job.reject(fault);
      return;
    }
    job.isFinal = true;
    this.#queue.unshift(job);
  }

  /** A connection that takes requests is no dead end, even if the device behind it is silent. */
  get #timesUsed(): number {
    return this.#wire.counters.answers + this.#wire.counters.timeouts;
  }

  /**
   * Until stopped: open, wait for the loss, open again. What had been of use, or was open for a while, is opened again at
   * once, else later: gateways close connections on which nothing is asked, and the next poll must not pay for that.
   */
  async #keepOpen(): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; ) {
      const usedBefore = this.#timesUsed;
      this.#openedMonoMs = Number.POSITIVE_INFINITY;
      const fault = await this.#openUntilLost();
      const openMs = this.#options.clock.monoMs() - this.#openedMonoMs;
      const wasOfUse = this.#timesUsed > usedBefore || openMs >= this.#options.reconnect.initialMs;
      failures = wasOfUse ? 0 : failures + 1;
      if (failures === 0) continue; // the queue waits for this one attempt
      this.#failAll(fault);
      this.#tellAttempted();
      await this.#pause(failures);
    }
    this.#failAll(stopped());
    this.#tellAttempted();
  }

  async #openUntilLost(): Promise<LimpidError> {
    try {
      const lost = new Promise<LimpidError>((resolve) => {
        this.#tellLost = resolve;
      });
      let isLost = false;
      await this.#wire.open(this.#stop.signal, (fault) => {
        isLost = true;
        this.#isOpen = false;
        this.#tellLost(fault);
      });
      this.#isOpen = !isLost && !this.#stop.signal.aborted;
      this.#openedMonoMs = this.#options.clock.monoMs();
      this.#fault = this.#stop.signal.aborted ? stopped() : null;
      this.#tellAttempted();
      this.#pump();
      const fault = await lost;
      await this.#wire.close(fault);
      return fault;
    } catch (fault) {
      if (fault instanceof LimpidError) return fault;
      return new LimpidError('INTERNAL', { detail: faultText(fault) }, { cause: fault });
    } finally {
      this.#isOpen = false;
    }
  }

  async #pause(failures: number): Promise<void> {
    const { reconnect, random, clock } = this.#options;
    try {
      await wait(clock, backoffDelayMs(reconnect, failures, random), this.#stop.signal);
    } catch (fault) {
      if (!isLimpidError(fault, 'STOPPED')) throw fault;
    }
  }

  #failAll(fault: LimpidError): void {
    this.#fault = fault;
    for (const job of this.#queue.splice(0)) job.reject(fault);
  }
}
