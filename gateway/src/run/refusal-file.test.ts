import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodeFiles } from '@limpid/sdk/ledger/store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadRefusals, type Refusals, saveRefusals } from './refusal-file.ts';

const files = createNodeFiles();
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'limpid-refusals-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const refusals: Refusals = {
  cems: {
    map: 'abc',
    refused: [{ kind: 'joint', fn: 3, first: 10, last: 12, exception: 2, sinceMs: 1_795_000_000_000 }],
    limit: null,
  },
};

it('keeps what devices refuse over a restart', async () => {
  expect(await loadRefusals(dir, files)).toEqual({});
  await saveRefusals(dir, files, refusals);
  expect(await loadRefusals(dir, files)).toEqual(refusals);
});

it('takes a file that makes no sense for none', async () => {
  writeFileSync(join(dir, 'refusals.json'), '{"cems":{"map":1},"dust":');
  expect(await loadRefusals(dir, files)).toEqual({});
  writeFileSync(
    join(dir, 'refusals.json'),
    JSON.stringify({ ...refusals, dust: { map: 'x', refused: [{ fn: 'three' }], limit: null } }),
  );
  expect(await loadRefusals(dir, files)).toEqual(refusals);
});
