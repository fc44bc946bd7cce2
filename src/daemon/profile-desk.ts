import { stringify } from 'yaml';
import { AppError } from '../base/app-error.ts';
import type { HandledInput, OperationAnswer } from '../contract/control.ts';
import type { ProfileEdit } from '../contract/control-profile.ts';
import type { ListedProfile } from '../contract/profile-snapshot.ts';
import type { TargetCheck } from '../profile/check-profile.ts';
import { profileFromObject } from '../profile/import/cluster-object.ts';
import { importText } from '../profile/import/import-text.ts';
import { freeName } from '../profile/import/imported.ts';
import { freeLocalPort, type Taken, takenBy } from '../profile/import/taken.ts';
import type { ProfileStore, RefusedProfile } from '../profile/profile-store.ts';
import { readProfileFile } from '../profile/read-profile-file.ts';
import type { ObjectLister } from './objects.ts';

export interface ProfileDeskOptions {
  readonly profiles: Pick<ProfileStore, 'snapshot' | 'edit'>;
  readonly objects: Pick<ObjectLister, 'contexts' | 'objects'>;
  readonly checkTarget: TargetCheck;
  /** Local ports that are kept for tunnels which may not be up. */
  readonly keptPorts: () => readonly number[];
  readonly isPortFree: (port: number) => Promise<boolean>;
  /** Ends a tunnel whose profile is about to go; resolves also where there is none. */
  readonly takeDown: (id: string) => Promise<void>;
}

/** Profiles as somebody at a window makes and changes them. */
export class ProfileDesk {
  readonly #options: ProfileDeskOptions;

  constructor(options: ProfileDeskOptions) {
    this.#options = options;
  }

  async edit(edit: ProfileEdit): Promise<OperationAnswer<'editProfile'>> {
    const { profiles, takeDown } = this.#options;
    // It would stay up, and nothing would tell what it is.
    if (edit.kind === 'remove' || edit.kind === 'rename') await takeDown(`user/${edit.name}`);
    if (edit.kind === 'remove-source') await Promise.all(this.#idsOf(edit.name).map(takeDown));
    return profiles.edit(edit);
  }

  check({ name, yaml }: HandledInput<'checkProfile'>): OperationAnswer<'checkProfile'> {
    const { checkTarget } = this.#options;
    const head = ['version: 1', 'profiles:', `  ${name}:`];
    const indent = 4;
    const body = yaml.replaceAll(/^(?=.)/gm, ' '.repeat(indent));
    const text = [...head, body].join('\n');
    const { profiles, problems } = readProfileFile(text, { file: '', origin: 'own', checkTarget });
    const isProfile = profiles.length === 1 && profiles[0]!.name === name;
    const path = `profiles.${name}`;
    const here = problems.map(({ file: _, line, column, ...problem }) => ({
      ...problem,
      at: problem.at.replace(path, '').replace(/^\./, ''),
      message: problem.message.replaceAll(`${path}.`, '').replaceAll(path, 'the profile'),
      line: Math.max(1, line - head.length),
      column: line > head.length ? Math.max(1, column - indent) : 1,
    }));
    return { ...(isProfile && { profile: profiles[0]!.profile }), problems: here };
  }

  async import({ text }: HandledInput<'importProfiles'>): Promise<OperationAnswer<'importProfiles'>> {
    const { contexts } = await this.#options.objects.contexts().catch(() => ({ contexts: [] }));
    const current = contexts.find((context) => context.current);
    const { profiles, notCarried } = importText(text, {
      ...this.#taken,
      context: current?.name,
      ...(current && { namespace: current.namespace }),
    });
    return { profiles: [...profiles], notCarried: [...notCarried] };
  }

  async propose(
    { context, kind, namespace, object, ordinal, port }: HandledInput<'proposeProfile'>,
    signal: AbortSignal,
  ): Promise<OperationAnswer<'proposeProfile'>> {
    const found = await this.#options.objects.objects(
      { context, namespace, name: object, allNamespaces: false },
      signal,
    );
    const picked = found.objects.find((each) => each.kind === kind);
    if (!picked) {
      const refusal = found.refused.find((each) => each.kind === kind)?.error;
      if (refusal) throw new AppError(refusal.code, refusal.details);
      throw new AppError('SP-TARGET-NOT-FOUND', { target: `${kind.toLowerCase()}/${object}`, namespace });
    }
    const made = profileFromObject(picked, { cluster: found.cluster, ordinal, port });
    const { takenNames, takenPorts } = this.#taken;
    const local = await freeLocalPort(made.remotePort, takenPorts, this.#options.isPortFree);
    return {
      name: freeName(made.name, new Set(takenNames)),
      profile: { ...made.profile, ...(local !== undefined && { local }) },
      notCarried: [...made.notCarried],
    };
  }

  #idsOf(source: string): string[] {
    const { sources, profiles } = this.#options.profiles.snapshot;
    const isThere = sources.some(({ key, kind }) => key === source && (kind === 'folder' || kind === 'git'));
    return isThere ? profiles.filter((profile) => profile.source === source).map(({ id }) => id) : [];
  }

  get #taken(): Taken {
    const { profiles, keptPorts } = this.#options;
    const { takenNames, takenPorts } = takenBy(profiles.snapshot);
    return { takenNames, takenPorts: [...takenPorts, ...keptPorts()] };
  }
}

/** A profile alone, as its source has it. */
export function profileYaml({ name, file, line, written }: ListedProfile): OperationAnswer<'profileYaml'> {
  return { name, file, line, yaml: stringify(written) };
}

/** One that is refused, as it stands: what it shares with others by an anchor is written out. */
export function refusedYaml({ value, ...place }: RefusedProfile): OperationAnswer<'profileYaml'> {
  return { ...place, yaml: value === null ? '' : stringify(value, { aliasDuplicateObjects: false }) };
}
