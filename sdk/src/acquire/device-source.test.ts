import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { LimpidError } from '../core/error.ts';
import type { FieldResult } from '../modbus/field.ts';
import { DeviceSource } from './device-source.ts';

function source(clock: FakeClock, read: () => Promise<Map<string, FieldResult>>): DeviceSource {
  return new DeviceSource({ device: 'cems', intervalMs: 1000, reader: { read }, bound: { readings: () => [] }, clock });
}

describe('a device as the schedule sees it', () => {
  it('states a poll at the moment its scan began', async () => {
    const clock = new FakeClock({ wallMs: 5000.6, monoMs: 100 });
    const poll = source(clock, async () => {
      await clock.waitUntil(180);
      return new Map();
    }).poll(new AbortController().signal);
    await clock.advance(80);
    expect(await poll).toEqual({ device: 'cems', wallMs: 5001, monoMs: 100, readings: [], fault: null });
  });

  it('says why readings are missing', async () => {
    const clock = new FakeClock();
    const fault = new LimpidError('DEVICE_SILENT', { unit: 1, line: 'rs485' });
    const results = new Map<string, FieldResult>([
      ['o2', { ok: true, words: new Uint16Array(2), monoMs: 0 }],
      ['so2', { ok: false, fault, monoMs: 0 }],
    ]);
    const { fault: told } = await source(clock, async () => results).poll(new AbortController().signal);
    expect(told).toBe(fault);
  });

  it('is scanned by one at a time, also when one scan was stopped', async () => {
    const clock = new FakeClock({ monoMs: 0 });
    let out = 0;
    let most = 0;
    const device = source(clock, async () => {
      out += 1;
      most = Math.max(most, out);
      await clock.waitUntil(clock.monoMs() + 50);
      out -= 1;
      if (clock.monoMs() === 50) throw new LimpidError('STOPPED');
      return new Map();
    });
    const { signal } = new AbortController();
    const first = expect(device.poll(signal)).rejects.toMatchObject({ code: 'STOPPED' });
    const second = device.poll(signal);
    await clock.advance(200);
    await first;
    expect((await second).monoMs).toBe(50);
    await settle();
    expect(most).toBe(1);
  });
});
