import type { OperationAnswer } from '../contract/control.ts';
import type { GatewayPasswords, GivePassword } from './gateway-passwords.ts';
import { mayStart, type Passwords } from './passwords.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

interface Given {
  readonly passwords: Pick<Passwords, 'find' | 'unlocked'>;
  readonly gatewayPasswords: Pick<GatewayPasswords, 'give'>;
}

interface How extends GivePassword {
  readonly ask: boolean;
  readonly signal: AbortSignal;
}

/**
 * What a program logs in with at a tunnel's gateway. The database's own password is looked for only where that may have to be asked for, or where
 * its source alone knows the role; it is not in the answer.
 */
export async function gatewayLogin(
  definition: TunnelDefinition,
  { passwords, gatewayPasswords }: Given,
  { ask, signal, ...given }: How,
): Promise<OperationAnswer<'password'>> {
  mayStart(definition);
  const { user, database, password: source } = definition.profile.connection ?? {};
  const hints = { user, database };
  const isAsked = source !== undefined && 'keychain' in source;
  if (isAsked || (source && user === undefined)) {
    const found = await passwords.find(definition, { ask, signal });
    if (found.kind === 'asked') return found;
    if (found.kind === 'found') {
      hints.user ??= found.user;
      hints.database ??= found.database;
    }
  }
  const own = await passwords.unlocked(definition, { ask }, () => gatewayPasswords.give(definition, given));
  if ('kind' in own) return own;
  const { secret, kept, expiresAtMs } = own;
  const origin = { kind: 'tunnel', kept, ...(expiresAtMs !== undefined && { expiresAtMs }) } as const;
  return { kind: 'found', password: secret.reveal(), origin, ...hints };
}
