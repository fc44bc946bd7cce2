/**
 * What a page may not ask for, though its user's own hand may. Trust boundary: whoever got to speak for the page would have programs of this
 * machine run, or its files read.
 */
import { AppError } from '../base/app-error.ts';
import type { HandledInput, OperationName } from '../contract/control.ts';
import type { ProfileEdit } from '../contract/control-profile.ts';
import { checkProfile, type FileOrigin } from '../profile/check-profile.ts';

/** Throws SP-USAGE. */
export function refuseFromPage(input: HandledInput<OperationName>): void {
  refuseKubeconfig(input);
  if ('edit' in input) refuseReach(input.edit);
}

/** A kubeconfig names programs that give credentials: a file that a page chose would be a program that a page chose. */
function refuseKubeconfig(input: HandledInput<OperationName>): void {
  const given = 'adHoc' in input ? [input.adHoc ?? []].flat() : [];
  if (given.every(({ kubeconfig }) => kubeconfig === undefined)) return;
  throw new AppError('SP-USAGE', {
    message: 'the page takes no kubeconfig but that of the daemon',
    next: 'sallyport up --target … --kubeconfig FILE',
  });
}

/** Programs and files of this machine as sources of credentials, programs that need no password, and ports that others can reach. */
function refuseReach(edit: ProfileEdit): void {
  if (edit.kind === 'override' && edit.override?.passwordless)
    throw new AppError('SP-USAGE', {
      message: 'a page may not say which programs need no password',
      next: 'name them in overrides of your own file',
    });
  if (edit.kind !== 'add' && edit.kind !== 'change') return;
  // As in a file that comes from others; what is wrong in any file is the store's to say.
  const complaints = (origin: FileOrigin) => checkProfile(edit.profile, [], origin, () => undefined);
  const anywhere = new Set(complaints('own').map(({ path }) => path.join('.')));
  const complaint = complaints('shared').find(({ path }) => !anywhere.has(path.join('.')));
  if (!complaint) return;
  throw new AppError('SP-USAGE', {
    message: `a page may not write ${complaint.path.join('.')} into a profile`,
    next: `sallyport profile edit ${edit.name}`,
  });
}
