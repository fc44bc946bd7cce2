/**
 * What a page may not ask for, though its user's own hand may. Trust boundary: whoever got to speak for the page would have programs of this
 * machine run, its files read, or a tunnel opened to others.
 */
import { AppError } from '../base/app-error.ts';
import type { HandledInput, OperationName } from '../contract/control.ts';
import type { ProfileEdit } from '../contract/control-profile.ts';
import type { AdHoc } from '../contract/control-tunnel.ts';
import { checkProfile, type Described, type FileOrigin } from '../profile/check-profile.ts';

/**
 * Throws SP-USAGE, or SP-PAGE-LIMIT for what a page may not ask by itself: what its user was shown outside of the page, and said yes to, is
 * asked again in the user's own name.
 */
export function refuseFromPage(input: HandledInput<OperationName>): void {
  if ('adHoc' in input) for (const adHoc of [input.adHoc ?? []].flat()) refuseAdHoc(adHoc);
  if ('edit' in input) refuseEdit(input.edit);
}

/** A kubeconfig names programs that give credentials: a file that a page chose would be a program that a page chose. */
function refuseAdHoc(adHoc: AdHoc): void {
  if (adHoc.kubeconfig !== undefined)
    throw new AppError('SP-USAGE', {
      message: 'the page takes no kubeconfig but that of the daemon',
      next: 'sallyport up --target … --kubeconfig FILE',
    });
  const reach = reachOf(adHoc);
  if (reach) throw new AppError('SP-PAGE-LIMIT', { ...reach, next: 'sallyport up --target …' });
}

function refuseEdit(edit: ProfileEdit): void {
  if (edit.kind === 'override' && edit.override?.passwordless)
    throw new AppError('SP-PAGE-LIMIT', {
      profile: edit.name,
      what: 'passwordless',
      value: written('passwordless', edit.override.passwordless),
      next: 'name these programs in overrides of your own file',
    });
  if (edit.kind !== 'add' && edit.kind !== 'change') return;
  const reach = reachOf(edit.profile);
  if (!reach) return;
  const next = `sallyport profile edit ${edit.name}`;
  throw new AppError('SP-PAGE-LIMIT', { ...reach, profile: edit.name, next });
}

/**
 * Where it names programs and files of this machine as sources of credentials, programs that need no password, or a place where others can
 * reach it: as in a file that comes from others. What is wrong in any file is not this one's to say.
 */
function reachOf(described: Described): { readonly what: string; readonly value: string } | undefined {
  const complaints = (origin: FileOrigin) => checkProfile(described, [], origin, () => undefined);
  const anywhere = new Set(complaints('own').map(({ path }) => path.join('.')));
  const beyond = new Map(
    complaints('shared')
      .map(({ path }) => [path.join('.'), path] as const)
      .filter(([name]) => !anywhere.has(name)),
  );
  if (beyond.size === 0) return undefined;
  return {
    what: [...beyond.keys()].join(', '),
    value: [...beyond].map(([name, path]) => written(name, valueAt(described, path))).join('\n'),
  };
}

function valueAt(described: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], described);
}

function written(name: string, value: unknown): string {
  return `${name}: ${JSON.stringify(value)}`;
}
