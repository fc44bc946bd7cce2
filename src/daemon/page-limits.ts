/**
 * What a page may not ask for, though its user's own hand may. Trust boundary: whoever got to speak for the page would have programs of this
 * machine run, its files read, or a tunnel opened to others.
 */
import { AppError } from '../base/app-error.ts';
import type { HandledInput, OperationName } from '../contract/control.ts';
import type { ProfileEdit } from '../contract/control-profile.ts';
import type { AdHoc } from '../contract/control-tunnel.ts';
import { checkProfile, type Described, type FileOrigin } from '../profile/check-profile.ts';

/** Throws SP-USAGE. */
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
  const path = reachOf(adHoc);
  if (path === undefined) return;
  throw new AppError('SP-USAGE', {
    message: `a page may not ask for a tunnel with ${path}`,
    next: 'sallyport up --target …',
  });
}

function refuseEdit(edit: ProfileEdit): void {
  if (edit.kind === 'override' && edit.override?.passwordless)
    throw new AppError('SP-USAGE', {
      message: 'a page may not say which programs need no password',
      next: 'name them in overrides of your own file',
    });
  if (edit.kind !== 'add' && edit.kind !== 'change') return;
  const path = reachOf(edit.profile);
  if (path === undefined) return;
  throw new AppError('SP-USAGE', {
    message: `a page may not write ${path} into a profile`,
    next: `sallyport profile edit ${edit.name}`,
  });
}

/**
 * Where it names programs and files of this machine as sources of credentials, programs that need no password, or a place where others can
 * reach it: as in a file that comes from others. What is wrong in any file is not this one's to say.
 */
function reachOf(described: Described): string | undefined {
  const complaints = (origin: FileOrigin) => checkProfile(described, [], origin, () => undefined);
  const anywhere = new Set(complaints('own').map(({ path }) => path.join('.')));
  return complaints('shared')
    .map(({ path }) => path.join('.'))
    .find((path) => !anywhere.has(path));
}
