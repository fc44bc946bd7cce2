/** What is said of a preflight, by the command line and the window alike. */

import { plain } from '../base/plain.ts';
import type { Check, ResolvedTarget } from '../contract/control-check.ts';

type Access = Check['access'];

/** create pods/portforward */
export function ruleWords({ verb, group, resource, name }: Access['allowed'][number]): string {
  return `${verb} ${resource}${group ? `.${group}` : ''}${name ? ` ${name}` : ''}`;
}

/** Whom the cluster takes the user for. */
export function whoWords({ user, groups }: Pick<Access, 'user' | 'groups'>): string {
  return plain(`${user ?? 'the user of this context'}${groups.length > 0 ? ` (${groups.join(', ')})` : ''}`);
}

/** Why that pod may be tried. */
export function readinessWords({ serving }: Extract<ResolvedTarget['resolution'], { kind: 'pod' }>): string {
  return serving ? 'ready' : 'named directly: tried while a client waits, before it is ready';
}
