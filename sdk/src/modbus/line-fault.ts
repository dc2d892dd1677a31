import { LimpidError } from '../core/error.ts';
import { exceptionMeaning } from './exception.ts';
import type { ReadRequest } from './line.ts';

export function deviceSilent(line: string, request: ReadRequest, timeoutMs: number): LimpidError {
  return new LimpidError('DEVICE_SILENT', { line, timeoutMs, ...paramsOf(request) });
}

export function deviceGarbled(line: string, request: ReadRequest, bytes: number, detail: string): LimpidError {
  return new LimpidError('DEVICE_GARBLED', { line, bytes, detail, ...paramsOf(request) });
}

export function deviceException(line: string, request: ReadRequest, exception: number): LimpidError {
  const last = request.address + request.count - 1;
  const meaning = exceptionMeaning(exception);
  return new LimpidError('DEVICE_EXCEPTION', { line, last, exception, meaning, ...paramsOf(request) });
}

/** What the standard allows at most in one request: 125 registers, 2000 bits (§6.1, §6.3). */
export function assertRequest(request: ReadRequest): void {
  const most = request.fn <= 2 ? 2000 : 125;
  const faults = [
    isWhole(request.unit, 0, 255) ? '' : `unit ${request.unit} is not in 0..255`,
    isWhole(request.fn, 1, 4) ? '' : `function ${request.fn} does not read`,
    isWhole(request.address, 0, 0xffff) ? '' : `address ${request.address} is not in 0..65535`,
    isWhole(request.count, 1, most) ? '' : `count ${request.count} is not in 1..${most}`,
    request.address + request.count > 0x10000 ? 'it ends beyond 65535' : '',
  ].filter((fault) => fault !== '');
  if (faults.length > 0) throw new LimpidError('REQUEST_INVALID', { detail: faults.join('; ') });
}

function isWhole(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

function paramsOf(request: ReadRequest) {
  return { unit: request.unit, fn: request.fn, address: request.address };
}
