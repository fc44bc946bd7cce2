/** What a file system says of a file or folder. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

const writableByGroupOrAll = 0o022;
const writableByAll = 0o002;
const anythingByGroupOrAll = 0o077;
const anythingByAll = 0o007;

/** Whether somebody but its owner may write to it. `uid` is the user's. */
export function othersMayWrite({ uid: owner, gid, mode }: Ownership, uid: number): boolean {
  // Where each user has a group of their own (gid and uid are one number), what they make is often writable by it.
  const others = gid === uid && owner === uid ? writableByAll : writableByGroupOrAll;
  return (mode & others) !== 0;
}

/**
 * Why the user cannot rely on what it says, following its name in a sentence; undefined where nobody but the user and root can write it.
 * `uid` is undefined where the platform has none: Windows gives a user's folders to that user by their place.
 */
export function whyNotOwn(found: Ownership, uid: number | undefined): string | undefined {
  if (uid === undefined) return undefined;
  if (found.uid !== uid && found.uid !== 0) return `belongs to user ${found.uid}, not to you`;
  return othersMayWrite(found, uid) ? 'may be written by others: take that away from them' : undefined;
}

/**
 * Why what it holds is no secret of this process's user, following its name in a sentence. As libpq asks of password files and keys: nobody but its owner may
 * read it. Windows gives a user's files to that user by their place.
 */
export function whyNotPrivate({ mode, uid }: Ownership): string | undefined {
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  if (uid !== own && uid !== 0) return `belongs to user ${uid}, not to you`;
  // What the system hands out is often read by way of a group.
  return (mode & (uid === own ? anythingByGroupOrAll : anythingByAll)) === 0
    ? undefined
    : 'may be read by others: chmod 600 takes that from them';
}
