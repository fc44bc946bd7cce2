import { bytesWords, count } from '../../../src/client/tunnel-words.ts';
import type { OperationAnswer } from '../../../src/contract/control.ts';
import { type ErrorData, errorText } from '../../../src/contract/error-codes.ts';

export type DaemonStatus = OperationAnswer<'daemon'>;

/** One thing that is not as it should be: what, why, and what to do. */
export type HealthNote =
  | { readonly kind: 'error'; readonly error: ErrorData }
  | { readonly kind: 'note'; readonly what: string; readonly why: string; readonly next: string };

/** What is wrong with the daemon; nothing where all is well. */
export function daemonHealth({ audit, folders }: DaemonStatus): HealthNote[] {
  if (!audit) return [];
  const { state, key, shippers, folder } = audit;
  const notes: HealthNote[] = [];
  if (state.kind === 'unavailable') {
    const details = { folder, code: state.code, full: state.why === 'full' };
    notes.push({ kind: 'error', error: { code: 'SP-AUDIT-UNAVAILABLE', details } });
  }
  if (state.kind === 'writing' && state.unsigned !== undefined)
    notes.push({
      kind: 'note',
      what: 'The last lines of the audit log are not signed',
      why: state.unsigned,
      next: 'see whether the keychain asks you something; it is tried again by itself',
    });
  if (key?.kept.in === 'memory')
    notes.push({
      kind: 'note',
      what: 'The key that signs the audit log lasts for this run alone',
      why: key.kept.why ?? 'the settings keep no keys in a keychain',
      next: `note the key elsewhere, or have it kept: passwords.keepIn in settings.yaml, in ${folders.config}`,
    });
  for (const shipper of shippers) {
    if (shipper.state === 'shipping') continue;
    const behind = shipper.state === 'off' ? '' : `, ${count(shipper.behind, 'line')} behind`;
    notes.push({
      kind: 'note',
      what: `The receiver ${shipper.name} is ${shipper.state}${behind}`,
      why: shipper.why,
      next: nextOf[shipper.state],
    });
  }
  return notes;
}

/** The daemon in a line: the first thing that is wrong, or what it uses. */
export function daemonWords(status: DaemonStatus): string {
  const [first, ...others] = daemonHealth(status);
  if (!first) return `${status.version} · pid ${status.pid} · ${bytesWords(status.residentBytes)}`;
  const words = first.kind === 'error' ? errorText(first.error).headline : first.what;
  return others.length > 0 ? `${words} · ${others.length} more` : words;
}

const nextOf = {
  waiting: 'nothing: it is tried again by itself, and nothing is skipped',
  refused: 'ask whoever runs the receiver; it is tried again every five minutes',
  off: 'mend its settings, then restart the daemon',
} as const;
