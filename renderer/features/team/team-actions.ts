import { useState } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import type { ListedProfile, ListedSource } from '../../../src/contract/profile-snapshot.ts';
import { useAppState } from '../../state/app-state.ts';

/** A fetch goes over a network that may be slow. */
const fetchLimitMs = 180_000;

export interface TeamActions {
  /** Keys of what is under way: ids of profiles, keys of sources. */
  readonly busy: ReadonlySet<string>;
  /** Why the last thing with this key failed. */
  error(key: string): ErrorData | undefined;
  agree(profiles: readonly ListedProfile[]): Promise<void>;
  withdraw(profile: ListedProfile): Promise<void>;
  pull(source: ListedSource): Promise<void>;
  accept(source: ListedSource, commit: string): Promise<void>;
  remove(source: ListedSource): Promise<void>;
}

/** What can be done with the team's profiles. Nothing rejects: what fails stays with what it was tried with. */
export function useTeamActions(): TeamActions {
  const { api } = useAppState();
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());
  const [errors, setErrors] = useState<ReadonlyMap<string, ErrorData>>(new Map());
  const run = async (key: string, work: () => Promise<unknown>) => {
    setBusy((keys) => new Set(keys).add(key));
    setErrors((all) => without(all, key));
    try {
      await work();
    } catch (thrown) {
      setErrors((all) => new Map(all).set(key, AppError.from(thrown).toData()));
    }
    setBusy((keys) => new Set([...keys].filter((other) => other !== key)));
  };
  return {
    busy,
    error: (key) => errors.get(key),
    async agree(profiles) {
      // One after the other: each is written down before the next.
      for (const { id, hash } of profiles) await run(id, () => api.call('trust', { profile: id, hash }));
    },
    withdraw: ({ id }) => run(id, () => api.call('trust', { profile: id })),
    pull: ({ key }) =>
      run(key, () => api.call('reload', { pull: true, sources: [key] }, { timeoutMs: fetchLimitMs })),
    accept: ({ key }, commit) => run(key, () => api.call('acceptSource', { source: key, commit })),
    remove: ({ key }) =>
      run(key, () => api.call('editProfile', { edit: { kind: 'remove-source', name: key } })),
  };
}

function without(all: ReadonlyMap<string, ErrorData>, key: string): ReadonlyMap<string, ErrorData> {
  const rest = new Map(all);
  rest.delete(key);
  return rest;
}
