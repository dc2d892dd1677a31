import { describe, expect, it } from 'vitest';
import { faultText, isLimpidError, LimpidError } from './error.ts';

describe('LimpidError', () => {
  it('says the same in both languages, with the parameters filled in', () => {
    const fault = new LimpidError('DOOR_ABSENT', { dir: 'data' });
    expect(fault.message).toBe(fault.describe('en'));
    expect(fault.describe('en')).toContain('data');
    expect(fault.describe('zh')).toContain('data');
    expect(fault.describe('zh')).not.toBe(fault.describe('en'));
  });

  it('puts a question mark for a parameter that is missing, null or undefined, and keeps zero, false and empty text', () => {
    expect(new LimpidError('DOOR_ABSENT').message).toBe('no gateway runs on ?');
    expect(new LimpidError('DOOR_ABSENT', { dir: null }).message).toBe('no gateway runs on ?');
    expect(new LimpidError('DOOR_ABSENT', { dir: undefined }).message).toBe('no gateway runs on ?');
    expect(new LimpidError('DOOR_ABSENT', { dir: 0 }).message).toBe('no gateway runs on 0');
    expect(new LimpidError('DOOR_ABSENT', { dir: false }).message).toBe('no gateway runs on false');
    expect(new LimpidError('DOOR_ABSENT', { dir: '' }).message).toBe('no gateway runs on ');
  });

  it('writes a parameter as it is, even when it looks like a placeholder or a replacement pattern', () => {
    expect(new LimpidError('DOOR_REFUSED', { detail: '{detail} $& $1' }).message).toBe(
      'the running gateway refused: {detail} $& $1',
    );
  });

  it('takes retry and exit status from the table', () => {
    expect(new LimpidError('DEVICE_SILENT')).toMatchObject({ retry: true, exitCode: 1 });
    expect(new LimpidError('CONFIG_SHAPE')).toMatchObject({ retry: false, exitCode: 2 });
  });

  it('carries the cause, and has none when there is none', () => {
    const cause = new Error('EIO');
    expect(new LimpidError('INTERNAL', {}, { cause }).cause).toBe(cause);
    expect('cause' in new LimpidError('INTERNAL')).toBe(false);
  });

  it('is told from other errors, and by its code', () => {
    const fault = new LimpidError('STOPPED');
    expect(isLimpidError(fault)).toBe(true);
    expect(isLimpidError(fault, 'STOPPED')).toBe(true);
    expect(isLimpidError(fault, 'INTERNAL')).toBe(false);
    expect(isLimpidError(new Error('STOPPED'))).toBe(false);
    expect(isLimpidError({ code: 'STOPPED' })).toBe(false);
  });
});

describe('faultText', () => {
  it('finds the text of anything thrown', () => {
    expect(faultText(new Error('broken'))).toBe('broken');
    expect(faultText({ name: 'TransactionTimedOutError', message: 'Timed out' })).toBe('Timed out');
    expect(faultText('text')).toBe('text');
    expect(faultText(undefined)).toBe('undefined');
    expect(faultText(null)).toBe('null');
  });
});
