import { faultCode } from '@limpid/sdk/ledger/store';

/** Somebody who reads only the beginning, as `| head -1`, goes away: there is nobody to say the rest to. */
process.stdout.on('error', (fault) => {
  if (faultCode(fault) !== 'EPIPE') throw fault;
  process.exit();
});

/** Somebody who reads only the beginning, as `| head -1`, goes away: there is nobody to say the rest to. */
process.stdout.on('error', (fault) => {
  if (!('code' in fault && fault.code === 'EPIPE')) throw fault;
  process.exit();
});

/** Standard output in one place: commands say what they found, one line or one JSON object at a time. */
export function printLine(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
