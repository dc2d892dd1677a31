/** Exception codes of the Modbus application protocol 1.1b3, section 7. */
export const MODBUS_EXCEPTIONS = {
  illegalFunction: 1,
  illegalAddress: 2,
  illegalValue: 3,
  deviceFailure: 4,
  acknowledge: 5,
  busy: 6,
  negativeAcknowledge: 7,
  parityError: 8,
  gatewayPathUnavailable: 10,
  gatewayTargetSilent: 11,
} as const;

const MEANINGS = new Map<number, string>([
  [1, 'illegal function'],
  [2, 'illegal data address'],
  [3, 'illegal data value'],
  [4, 'device failure'],
  [5, 'acknowledge, still working'],
  [6, 'busy'],
  [7, 'negative acknowledge'],
  [8, 'memory parity error'],
  [10, 'gateway path unavailable'],
  [11, 'gateway target did not respond'],
]);

export function exceptionMeaning(exception: number): string {
  return MEANINGS.get(exception) ?? 'not in the standard';
}
