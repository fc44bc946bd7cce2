/** Writes renewed OIDC tokens back into the kubeconfig, as kubectl does: under kubectl's lock file, replaced as a whole, comments kept. */
import { open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { isMap, isSeq, parseDocument } from 'yaml';
import type { Secret } from '../base/secret.ts';

export interface StoredTokens {
  readonly path: string;
  readonly user: string;
  readonly idToken: Secret;
  readonly refreshToken: Secret;
}

/** Rejects when the file cannot be written or kubectl holds its lock: the tokens then live in memory alone. */
export async function storeOidcTokens({ path, user, idToken, refreshToken }: StoredTokens): Promise<void> {
  const target = await realpath(path);
  const lock = `${path}.lock`;
  await (await open(lock, 'wx', 0o600)).close();
  try {
    const document = parseDocument(await readFile(target, 'utf8'), { merge: true, uniqueKeys: false });
    const users = document.get('users');
    const index = isSeq(users)
      ? users.items.findIndex((item) => isMap(item) && item.get('name') === user)
      : -1;
    if (document.errors.length > 0 || index < 0) throw new Error('the user is no longer in the kubeconfig');
    const config = ['users', index, 'user', 'auth-provider', 'config'];
    document.setIn([...config, 'id-token'], idToken.reveal());
    document.setIn([...config, 'refresh-token'], refreshToken.reveal());
    const { mode } = await stat(target);
    const next = `${target}.${process.pid}.tmp`;
    try {
      await writeFile(
        next,
        document.toString({ lineWidth: 0, indentSeq: false, flowCollectionPadding: false }),
        { mode: mode & 0o777, flag: 'wx' },
      );
      await rename(next, target);
    } catch (error) {
      await rm(next, { force: true });
      throw error;
    }
  } finally {
    await rm(lock, { force: true });
  }
}
