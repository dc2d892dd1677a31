/** Every topic of one gateway lies under `<prefix>/<ledger>/`, so that one rule of the broker's ACL holds them. */
export const DEFAULT_TOPIC_PREFIX = 'limpid/1';

/** entries: gateway → collector */
export function entriesTopic(prefix: string, ledger: string): string {
  return `${prefix}/${ledger}/e`;
}

/** receipts: collector → gateway, retained */
export function receiptsTopic(prefix: string, ledger: string): string {
  return `${prefix}/${ledger}/r`;
}

/** `online` or `offline`, retained; for people, no evidence */
export function statusTopic(prefix: string, ledger: string): string {
  return `${prefix}/${ledger}/status`;
}

/** newest values, retained; for people, no evidence. Where there is no outlet or no code: device and name. */
export function liveTopic(
  prefix: string,
  ledger: string,
  channel: { outlet: string; code: string; device: string; name: string },
): string {
  const { outlet, code, device, name } = channel;
  const levels = [outlet || device, ...(code ? [code] : [device, name])];
  return [prefix, ledger, 'live', ...levels.map(safe)].join('/');
}

/** + and # are wildcards, / a level, NUL forbidden: a name from the configuration must not make any of them. */
function safe(name: string): string {
  return name.replace(/[+#/\p{Cc}]/gu, '-');
}

/** The ledger of an entries topic, or null. */
export function ledgerOfEntriesTopic(prefix: string, topic: string): string | null {
  if (!topic.startsWith(`${prefix}/`) || !topic.endsWith('/e')) return null;
  const ledger = topic.slice(prefix.length + 1, -2);
  return /^[0-9a-f]{16}$/.test(ledger) ? ledger : null;
}
