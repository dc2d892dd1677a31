import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodeFiles } from '@limpid/sdk/ledger/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultyFiles } from '../../../test/support/faulty-files.ts';
import { Quarantine } from './quarantine.ts';

const MIB = 1024 * 1024;

describe('Quarantine', () => {
  let directory: string;
  let files: FaultyFiles;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'quarantine-'));
    files = new FaultyFiles(createNodeFiles());
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const ledger = (number: number) => number.toString(16).padStart(16, '0');

  it('keeps messages one after the other, over restarts', async () => {
    for (const text of ['one ', 'two ', 'three']) {
      const quarantine = await Quarantine.open(directory, files);
      expect(await quarantine.keep(ledger(1), Buffer.from(text))).toBe(true);
    }
    expect(readFileSync(join(directory, `${ledger(1)}.cborseq`), 'utf8')).toBe('one two three');
  });

  it('takes no more than a mebibyte of one ledger', async () => {
    const quarantine = await Quarantine.open(directory, files);
    expect(await quarantine.keep(ledger(1), new Uint8Array(MIB))).toBe(true);
    expect(await quarantine.keep(ledger(1), Buffer.from('x'))).toBe(false);
    expect(await quarantine.keep(ledger(2), Buffer.from('x'))).toBe(true);
    expect(await quarantine.keep(ledger(3), new Uint8Array(MIB + 1))).toBe(false);
  });

  it('takes no more than 64 mebibytes of all, over restarts', async () => {
    const quarantine = await Quarantine.open(directory, files);
    for (let number = 0; number < 63; number += 1) await quarantine.keep(ledger(number), new Uint8Array(MIB));
    const again = await Quarantine.open(directory, files);
    expect(await again.keep(ledger(63), new Uint8Array(MIB))).toBe(false);
    expect(await again.keep(ledger(63), new Uint8Array(1024))).toBe(true);
  });

  it('counts a file as a block, so that many small ones are bounded, too', async () => {
    const quarantine = await Quarantine.open(directory, files);
    for (let number = 0; number < 60; number += 1) await quarantine.keep(ledger(number), new Uint8Array(MIB));
    let kept = 0;
    for (let number = 100; number < 3_000; number += 1) {
      if (await quarantine.keep(ledger(number), Buffer.from('x'))) kept += 1;
    }
    expect(kept).toBeLessThan(1_024);
    expect(kept).toBeGreaterThan(900);
  });

  it('makes no file for an empty message', async () => {
    const quarantine = await Quarantine.open(directory, files);
    for (let time = 0; time < 2; time += 1) expect(await quarantine.keep(ledger(1), new Uint8Array(0))).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('goes on with a file that a full disk left empty', async () => {
    const quarantine = await Quarantine.open(directory, files);
    files.rule = (step) => (step === 'write' ? 'ENOSPC' : null);
    await expect(quarantine.keep(ledger(1), Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOSPC' });
    files.rule = () => null;
    expect(await quarantine.keep(ledger(1), Buffer.from('x'))).toBe(true);
    const again = await Quarantine.open(directory, files);
    expect(await again.keep(ledger(1), Buffer.from('y'))).toBe(true);
    expect(readFileSync(join(directory, `${ledger(1)}.cborseq`), 'utf8')).toBe('xy');
  });
});
