/** Set for processes that belong to another one: they end when their standard input does. */
export const END_WITH_INPUT = 'LIMPID_END_WITH_INPUT';

/** Resolves at the first SIGINT or SIGTERM (or `also`); the second ends the process at once. */
export function untilSignal(also: readonly NodeJS.Signals[] = []): Promise<void> {
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', ...also];
  return new Promise((resolve) => {
    const onSignal = () => {
      for (const signal of signals) process.off(signal, onSignal);
      process.once('SIGINT', () => process.exit(130));
      process.once('SIGTERM', () => process.exit(143));
      resolve();
    };
    for (const signal of signals) process.once(signal, onSignal);
    if (process.env[END_WITH_INPUT] !== undefined) process.stdin.once('end', onSignal).resume().unref();
  });
}
