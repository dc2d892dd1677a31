import type { ReadingReport } from '../readings/reading-report.ts';
import type { GatewayStatus } from '../run/status.ts';
import type { LiveState } from '../terminal/live-view.ts';
import { DoorClient } from './client.ts';
import { isRecord } from './protocol.ts';

/** The operations of a running gateway, as commands call them. Both ends are of one version: the door is local. */
export class RemoteGateway {
  readonly #door: DoorClient;

  private constructor(door: DoorClient) {
    this.#door = door;
  }

  /** DOOR_ABSENT when no gateway runs there. */
  static async open(dataDir: string): Promise<RemoteGateway> {
    return new RemoteGateway(await DoorClient.open(dataDir));
  }

  async status(): Promise<GatewayStatus> {
    return asStatus(await this.#door.request('status'));
  }

  /** One state at once and then one every `everyMs`. */
  async *live(everyMs: number, signal?: AbortSignal): AsyncGenerator<LiveState> {
    for await (const state of this.#door.stream('live', { everyMs }, signal)) yield asLiveState(state);
  }

  /** One poll of these devices (all when none is named) through the gateway's own lines. */
  async read(devices: readonly string[]): Promise<ReadingReport[]> {
    return asReports(await this.#door.request('read', { devices }));
  }

  close(): void {
    this.#door.close();
  }
}

function asLiveState(value: unknown): LiveState {
  if (!isRecord(value)) throw unexpected(value);
  return { status: asStatus(value.status), values: asReports(value.values) };
}

function asStatus(value: unknown): GatewayStatus {
  if (!isStatus(value)) throw unexpected(value);
  return value;
}

function asReports(value: unknown): ReadingReport[] {
  if (!Array.isArray(value) || !value.every(isReport)) throw unexpected(value);
  return value;
}

function isStatus(value: unknown): value is GatewayStatus {
  return isRecord(value) && isRecord(value.ledger) && Array.isArray(value.lines) && Array.isArray(value.uplinks);
}

function isReport(value: unknown): value is ReadingReport {
  return isRecord(value) && typeof value.device === 'string' && typeof value.quality === 'string';
}

function unexpected(value: unknown): TypeError {
  return new TypeError(`not an answer of this version's gateway: ${JSON.stringify(value)?.slice(0, 100)}`);
}
