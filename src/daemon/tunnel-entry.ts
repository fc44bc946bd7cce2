/** How the keychain keeps what is of one tunnel: as JSON, by the tunnel's id alone, so that it is found again whatever the profile says then. */
import { createHash } from 'node:crypto';
import type { Secret } from '../base/secret.ts';
import type { KeychainEntry } from '../secret/keychain.ts';

const maxAccountLength = 200;

/** The hash keeps long paths of projects within what keychains take. */
export function tunnelEntry(
  service: string,
  { id, name }: { readonly id: string; readonly name: string },
): KeychainEntry {
  const account =
    id.length <= maxAccountLength ? id : `${name} ${createHash('sha256').update(id).digest('hex')}`;
  return { service, account };
}

/** Undefined for what somebody else has put there, which is as good as nothing. */
export function parsedJson(secret: Secret): unknown {
  try {
    return JSON.parse(secret.reveal());
  } catch {
    return undefined;
  }
}
