import type { Poll } from '@limpid/sdk/acquire';
import { type Code, LimpidError } from '@limpid/sdk/core';
import { expect, it } from 'vitest';
import { DeviceLog } from './device-log.ts';

let monoMs = 0;

function told(...codes: (Code | null)[]): string[] {
  const lines: string[] = [];
  const log = new DeviceLog(
    {
      info: () => void lines.push('good'),
      warn: (fields: unknown) => void lines.push(String((fields as { code: string }).code)),
    },
    { monoMs: () => monoMs },
  );
  for (const code of codes) {
    const poll: Poll = { device: 'cems', wallMs: 0, monoMs: 0, readings: [], fault: code && new LimpidError(code) };
    log.poll(poll);
    monoMs += 1_000;
  }
  return lines;
}

it('says once that a device fails and once that it is back, whatever backing off comes between', () => {
  expect(told(null, 'DEVICE_SILENT', 'DEVICE_BACKED_OFF', 'DEVICE_SILENT', 'DEVICE_BACKED_OFF', null, null)).toEqual([
    'DEVICE_SILENT',
    'good',
  ]);
  expect(told('DEVICE_GARBLED', 'DEVICE_BACKED_OFF', 'DEVICE_GARBLED', null)).toEqual(['DEVICE_GARBLED', 'good']);
});

it('tells another fault of the same device', () => {
  expect(told('DEVICE_SILENT', 'LINE_LOST', 'LINE_LOST')).toEqual(['DEVICE_SILENT', 'LINE_LOST']);
});

it('does not fill the log with a device that comes and goes', () => {
  const codes = Array.from({ length: 120 }, (_, k) => (k % 2 === 0 ? 'DEVICE_SILENT' : null));
  expect(told(...codes).length).toBeLessThanOrEqual(12);
});
