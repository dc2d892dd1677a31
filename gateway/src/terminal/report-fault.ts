import { faultText, LimpidError } from '@limpid/sdk/core';
import { language } from '../language.ts';

/** Writes what went wrong to standard error, as `limpid: CODE text`, and gives the exit status. */
export function reportFault(fault: unknown): number {
  const known =
    fault instanceof LimpidError ? fault : new LimpidError('INTERNAL', { detail: faultText(fault) }, { cause: fault });
  process.stderr.write(`limpid: ${known.code} ${known.describe(language)}\n`);
  if (known.code === 'INTERNAL' && fault instanceof Error) process.stderr.write(`${fault.stack}\n`);
  return known.exitCode;
}
