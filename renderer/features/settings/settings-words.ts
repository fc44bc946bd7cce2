import type { ShownSettings } from '../../../src/contract/control-settings.ts';

/** Kinds that profiles have, as people call them. */
export const kindNames = [
  ['postgres', 'PostgreSQL'],
  ['mysql', 'MySQL'],
  ['redis', 'Redis'],
  ['mongodb', 'MongoDB'],
  ['http', 'HTTP'],
  ['tcp', 'Other TCP'],
] as const;

const parts: Record<ShownSettings['afterRestart'][number], string> = {
  passwords: 'where passwords are kept',
  metrics: 'metrics',
  audit: 'the audit log',
};

/** What waits for the daemon's next start, as one sentence. */
export function afterRestartWords(changed: ShownSettings['afterRestart']): string {
  const words = changed.map((part) => parts[part]);
  const last = words.pop() ?? '';
  const all = words.length > 0 ? `${words.join(', ')} and ${last}` : last;
  return `What was changed of ${all} counts when the daemon is started again.`;
}

/** A port as it is written; undefined where it is none. */
export function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
