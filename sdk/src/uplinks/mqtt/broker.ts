import { isLimpidError } from '../../core/error.ts';
import { MqttSession, type MqttVersion, type SessionOptions } from './session.ts';

/** CONNACK codes of "I do not speak this version": 3.1.1 says 1, MQTT 5 says 0x84. */
const WRONG_VERSION = new Set([1, 0x84]);

/**
 * A broker, with what was learned about it: MQTT 5 where it speaks it, else 3.1.1. Brokers refuse MQTT 5 in three ways
 * (CONNACK 1, CONNACK 0x84, closing the socket without a word); the first two are certain, after the third 3.1.1 is
 * only remembered when it worked.
 */
export class Broker {
  #version: MqttVersion = 5;
  readonly #options: Omit<SessionOptions, 'version'>;

  constructor(options: Omit<SessionOptions, 'version'>) {
    this.#options = options;
  }

  async open(signal?: AbortSignal): Promise<MqttSession> {
    try {
      return await MqttSession.open({ ...this.#options, version: this.#version }, signal);
    } catch (fault) {
      if (this.#version === 4 || !mayBeVersion(fault)) {
        this.#version = 5; // it may have been replaced by a newer one
        throw fault;
      }
      const session = await MqttSession.open({ ...this.#options, version: 4 }, signal);
      this.#version = 4;
      return session;
    }
  }
}

function mayBeVersion(fault: unknown): boolean {
  if (!isLimpidError(fault)) return false;
  const { cause } = fault;
  if (cause === undefined) return fault.code === 'UPLINK_UNREACHABLE';
  if (!(cause instanceof Error) || !('code' in cause)) return cause instanceof Error && /pars/i.test(cause.message);
  return cause.code === 'ECONNRESET' || (typeof cause.code === 'number' && WRONG_VERSION.has(cause.code));
}
