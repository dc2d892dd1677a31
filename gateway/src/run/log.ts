import { writeSync } from 'node:fs';
import { faultText, LimpidError } from '@limpid/sdk/core';
import { type Logger, pino } from 'pino';
import { language } from '../language.ts';

export type { Logger };

/** One JSON object per line on standard output: journald keeps it, scripts read it, `ready` says that it works. */
export function createLogger(level = process.env.LIMPID_LOG ?? 'info'): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: writeLine },
  );
}

/**
 * A line that cannot be written, as into a file on a full disk or to a reader that is gone, is lost and nothing else is:
 * pino's own destination tries again for ever, and the gateway would stand still.
 */
function writeLine(line: string): void {
  try {
    writeSync(process.stdout.fd, line);
  } catch {
    // there is nowhere left to say so
  }
}

/** A fault as log fields: the code to look up and what to do. */
export function faultFields(fault: unknown): { code: string; detail: string } {
  if (fault instanceof LimpidError) return { code: fault.code, detail: fault.describe(language) };
  return { code: 'INTERNAL', detail: faultText(fault) };
}
