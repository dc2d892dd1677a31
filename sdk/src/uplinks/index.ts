export { Broker } from './mqtt/broker.ts';
export { type Credentials, loadCredentials } from './mqtt/credentials.ts';
export type { MqttOptions } from './mqtt/options.ts';
export {
  type Message,
  MqttSession,
  type MqttVersion,
  NO_MATCHING_SUBSCRIBERS,
  type PublishOptions,
  type SessionOptions,
} from './mqtt/session.ts';
export {
  DEFAULT_TOPIC_PREFIX,
  entriesTopic,
  ledgerOfEntriesTopic,
  liveTopic,
  receiptsTopic,
  statusTopic,
} from './mqtt/topics.ts';
export { createUplink, UPLINK_KINDS, type UplinkFactory, type UplinkOptions } from './registry.ts';
export type { Disagreement, Uplink, UplinkDeps, UplinkFault, UplinkLog, UplinkStatus } from './uplink.ts';
