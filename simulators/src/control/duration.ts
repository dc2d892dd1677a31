const UNITS_MS = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 } as const;

/** "300ms", "5s", "1.5min", "2h" in ms; undefined when it is not a duration. A bare number has no unit, so it is none. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|min|h)$/.exec(text);
  if (match === null) return undefined;
  const unit = match[2];
  return unit === 'ms' || unit === 's' || unit === 'min' || unit === 'h'
    ? Number(match[1]) * UNITS_MS[unit]
    : undefined;
}

/** In the largest unit that keeps it a whole number. */
export function showDuration(durationMs: number): string {
  for (const unit of ['h', 'min', 's'] as const) {
    if (durationMs >= UNITS_MS[unit] && durationMs % UNITS_MS[unit] === 0)
      return `${durationMs / UNITS_MS[unit]}${unit}`;
  }
  return `${durationMs}ms`;
}
