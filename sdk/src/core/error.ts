import { CODES, type Code, type Language } from './codes.ts';

export type Params = Record<string, string | number | bigint | boolean | null | undefined>;

/**
 * The only error class of the project. `code` is stable and documented; the text says what was wrong, where, and what
 * to do, in either language. Tests assert codes, never wording.
 */
export class LimpidError extends Error {
  readonly code: Code;
  readonly params: Params;

  constructor(code: Code, params: Params = {}, options: { cause?: unknown } = {}) {
    super(fill(CODES[code].en, params), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LimpidError';
    this.code = code;
    this.params = params;
  }

  /** whether trying the same thing again later can succeed without anybody doing anything */
  get retry(): boolean {
    return CODES[this.code].retry;
  }

  /** exit status of a command that ends with this error */
  get exitCode(): number {
    return CODES[this.code].exit;
  }

  describe(language: Language): string {
    return fill(CODES[this.code][language], this.params);
  }
}

export function isLimpidError(fault: unknown, code?: Code): fault is LimpidError {
  return fault instanceof LimpidError && (code === undefined || fault.code === code);
}

/** The text of anything thrown: modbus-serial throws plain objects for time-outs. */
export function faultText(fault: unknown): string {
  if (fault instanceof Error) return fault.message;
  if (typeof fault === 'object' && fault !== null && 'message' in fault) return String(fault.message);
  return String(fault);
}

function fill(template: string, params: Params): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? '?'));
}
