import { type Clock, type Service, settleAll, systemRandom, wait } from '@limpid/sdk/core';
import { ANCHOR_TYPES, type Suite } from '@limpid/sdk/ledger/seal';
import type { Draft, Files, Ledger, LedgerReader, RetentionPolicy } from '@limpid/sdk/ledger/store';
import type { Site } from '@limpid/sdk/site';
import { createUplink, type Disagreement, type Uplink, type UplinkStatus } from '@limpid/sdk/uplinks';
import { faultFields, type Logger } from './log.ts';

export interface ForwardingOptions {
  site: Site;
  siteDir: string;
  dataDir: string;
  ledger: LedgerReader & Pick<Ledger, 'retain'>;
  append: (draft: Draft) => Promise<unknown>;
  clock: Clock;
  files: Files;
  suite: Suite;
  log: Logger;
}

/** A receipt is signed into the ledger at most this often: it bounds in time when the entries before it existed. */
const ANCHOR_EVERY_MS = 5 * 60_000;
const RETAIN_EVERY_MS = 60 * 60_000;

/** How long the last entries may take to be receipted when the gateway stops. */
const LAST_RECEIPT_MS = 5_000;
const LAST_RECEIPT_LOOK_MS = 50;

/** The uplinks of a site, what their receipts become (anchors), and what may be deleted because of them. */
export class Forwarding implements Service {
  readonly #options: ForwardingOptions;
  readonly #uplinks: Uplink[];
  readonly #stop = new AbortController();
  #retaining: Promise<void> = Promise.resolve();
  #anchoredMonoMs = Number.NEGATIVE_INFINITY;

  constructor(options: ForwardingOptions) {
    this.#options = options;
    this.#uplinks = Object.keys(options.site.uplinks).map((name) => this.#create(name));
  }

  statuses(): UplinkStatus[] {
    return this.#uplinks.map((uplink) => uplink.status());
  }

  async start(): Promise<void> {
    for (const uplink of this.#uplinks) await uplink.start();
    this.#retaining = this.#retain();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await settleAll([() => this.#retaining, ...this.#uplinks.map((uplink) => () => uplink.stop())]);
  }

  /** A collector that is there gets the last entries, too; one that is not gets them after the next start. */
  async awaitReceipts(): Promise<void> {
    const { clock, ledger } = this.#options;
    const endMonoMs = clock.monoMs() + LAST_RECEIPT_MS;
    const waiting = () =>
      this.statuses().some(
        ({ name, connected, receiptedSize }) => connected && this.#takesReceipts(name) && receiptedSize < ledger.size(),
      );
    while (waiting() && clock.monoMs() < endMonoMs) await wait(clock, LAST_RECEIPT_LOOK_MS);
  }

  #create(name: string): Uplink {
    const { site, siteDir, dataDir, ledger, clock, files, suite, log } = this.#options;
    const options = site.uplinks[name];
    if (options === undefined) throw new Error(`uplink ${name} passed the check without options`);
    return createUplink(name, options, {
      ...{ ledger, clock, files, suite, siteDir },
      random: systemRandom.fraction,
      env: process.env,
      stateDir: dataDir,
      log,
      onReceipt: (note, size) => this.#anchor(note, size),
      onPeerAhead: (found) => this.#disagree('peerAhead', name, found),
      onForkFound: (found) => this.#disagree('forkFound', name, found),
    });
  }

  #anchor(note: string, size: number): void {
    const { clock } = this.#options;
    if (clock.monoMs() - this.#anchoredMonoMs < ANCHOR_EVERY_MS) return;
    this.#anchoredMonoMs = clock.monoMs();
    const evidence = new TextEncoder().encode(note);
    this.#note({ kind: 'anchor', type: ANCHOR_TYPES.receipt, about: size, evidence });
  }

  #disagree(event: 'peerAhead' | 'forkFound', uplink: string, found: Disagreement): void {
    const { note, size, root, ourSize } = found;
    this.#note({ kind: 'event', event, detail: { uplink, note, size, root, ourSize } });
  }

  /** Nobody waits for it: on a full disk it takes until there is room, and room comes from the next receipts. */
  #note(draft: Draft): void {
    const { append, log } = this.#options;
    append(draft).catch((fault: unknown) => log.warn(faultFields(fault), 'not noted in the ledger'));
  }

  async #retain(): Promise<void> {
    const { clock, ledger, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for (const dropped of await ledger.retain(this.#policy())) log.info({ ...dropped }, 'old entries deleted');
        await wait(clock, RETAIN_EVERY_MS, signal);
      } catch (fault) {
        if (signal.aborted) return;
        log.error(faultFields(fault), 'deleting old entries failed');
        await wait(clock, RETAIN_EVERY_MS, signal).catch(() => {}); // stopped meanwhile
      }
    }
  }

  /** Uplinks that name receipt keys must have receipted what goes; without any, age alone decides. */
  #policy(): RetentionPolicy {
    const { site } = this.#options;
    const required = this.#uplinks.filter(({ name }) => this.#takesReceipts(name));
    const receipted = required.map((uplink) => uplink.status().receiptedSize);
    return { keepDays: site.ledger.keepDays, receiptedSize: receipted.length === 0 ? null : Math.min(...receipted) };
  }

  #takesReceipts(uplink: string): boolean {
    return (this.#options.site.uplinks[uplink]?.receiptKeys.length ?? 0) > 0;
  }
}
