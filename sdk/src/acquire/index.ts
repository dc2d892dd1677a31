export { DeviceSource, type DeviceSourceOptions } from './device-source.ts';
export { LineSchedule, type LineScheduleOptions } from './line-schedule.ts';
export type { MissedPolls, Poll, PollSource, Sink } from './poll.ts';
