export { caseSchema, type ProfileCase, parseCase, runCase } from './cases.ts';
export { type ProfileImage, profileImage } from './image.ts';
export { type BindOptions, type BoundDevice, bindProfile } from './interpret.ts';
export {
  loadProfileFile,
  loadProfiles,
  type ProfileSet,
  ProfileShelf,
  type ProfileSource,
  parseProfile,
  shippedProfileFolders,
} from './load.ts';
export { nearest } from './nearest.ts';
export { type Override, type OverrideFault, type Overrides, overrideFaults } from './override.ts';
export { serialScanMs } from './scan-cost.ts';
export {
  basisSchema,
  decimalSchema,
  disclosureSchema,
  factorCodeSchema,
  type Profile,
  type ProfileField,
  profileSchema,
  rangeSchema,
  type StatusRule,
  unitSchema,
} from './schema.ts';
export { asCode, checkShape, saying } from './shape.ts';
export {
  type Fault,
  type FaultParams,
  type Path,
  readYaml,
  showFault,
  showPath,
  toFault,
  type Wording,
  type YamlDocument,
} from './yaml-document.ts';
