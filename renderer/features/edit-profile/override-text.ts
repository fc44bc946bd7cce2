import type { ProfileOverride } from '../../../src/contract/profile.ts';
import type { WrittenProblem } from './form-fields.ts';
import type { ProfileTree } from './profile-text.ts';

export interface ReadOverride {
  /** Absent: nothing differs here. */
  readonly override: ProfileOverride | undefined;
  readonly problems: readonly WrittenProblem[];
}

/** An override as the fields have it. What they do not show is taken along. */
export function profileOverride(tree: ProfileTree): ReadOverride {
  const { port } = tree;
  const isPort =
    port === undefined || (Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535);
  const problems: WrittenProblem[] = isPort
    ? []
    : [{ at: 'port', message: 'must be a port from 1 to 65535', line: 1, column: 1, severity: 'error' }];
  return { override: Object.keys(tree).length > 0 ? (tree as ProfileOverride) : undefined, problems };
}
