export type { FileExists } from './check-files.ts';
export { type LoadSiteOptions, loadSite } from './load.ts';
export { checkPermit, type PermitVerdict } from './permit.ts';
export { RULE_SETS, type RuleSetPace } from './rule-sets.ts';
export {
  type Site,
  type SiteDevice,
  type SiteFacility,
  type SiteLine,
  type SiteOutlet,
  type SiteUplink,
  siteSchema,
} from './schema.ts';
export { mqttUplinkSchema } from './uplink-schema.ts';
