import { resolve } from 'node:path';
import { faultText, LimpidError } from '../../core/error.ts';
import type { UplinkDeps } from '../uplink.ts';
import type { MqttOptions } from './options.ts';
import type { SessionOptions } from './session.ts';

export type Credentials = Pick<SessionOptions, 'username' | 'password' | 'tls'>;

/** Reads what the options only name: the password from its variable, certificates and keys from their files. */
export async function loadCredentials(
  options: Pick<MqttOptions, 'username' | 'passwordEnv' | 'tls'>,
  deps: Pick<UplinkDeps, 'env' | 'files' | 'siteDir'>,
): Promise<Credentials> {
  const credentials: Credentials = {};
  if (options.username !== undefined) credentials.username = options.username;
  if (options.passwordEnv !== undefined) {
    const password = deps.env[options.passwordEnv];
    if (password === undefined) {
      throw new LimpidError('CONFIG_UNREADABLE', {
        file: `the environment variable ${options.passwordEnv}`,
        detail: 'it is not set',
      });
    }
    credentials.password = password;
  }
  if (options.tls !== undefined) credentials.tls = await loadTls(options.tls, deps);
  return credentials;
}

async function loadTls(
  names: NonNullable<MqttOptions['tls']>,
  { files, siteDir }: Pick<UplinkDeps, 'files' | 'siteDir'>,
): Promise<NonNullable<SessionOptions['tls']>> {
  const tls: NonNullable<SessionOptions['tls']> = {};
  for (const member of ['ca', 'cert', 'key'] as const) {
    const name = names[member];
    if (name === undefined) continue;
    const file = resolve(siteDir, name);
    try {
      tls[member] = Buffer.from(await files.readFile(file));
    } catch (fault) {
      throw new LimpidError('CONFIG_UNREADABLE', { file, detail: faultText(fault) }, { cause: fault });
    }
  }
  return tls;
}
