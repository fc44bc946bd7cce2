/** What a file system says of a file or folder. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

const writableByGroupOrAll = 0o022;
const writableByAll = 0o002;

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
