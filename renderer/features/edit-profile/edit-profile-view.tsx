import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { FileQuestion } from 'lucide-react';
import { AppError } from '../../../src/base/app-error.ts';
import type { ListedProfile } from '../../../src/contract/profile-snapshot.ts';
import { buttonClass } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAppState, useView } from '../../state/app-state.ts';
import { routeHash, useRoute } from '../../state/route.ts';
import { OwnProfile } from './own-profile.tsx';
import { type RefusedOwn, refusedOwn } from './refused-own.ts';
import { SharedProfile } from './shared-profile.tsx';
import { TaskFrame } from './task-frame.tsx';

/** One profile: the user's own to be changed, also where it is refused; another's to be read and overridden here. */
export default function EditProfileView() {
  const { chosen } = useRoute();
  const listed = useView(({ profiles }) => profiles.profiles.find(({ id }) => id === chosen));
  const refused = useView(({ profiles }) => profiles.refused.find(({ id }) => id === chosen));
  const shown = listed ?? (refused && refusedOwn(refused));
  if (shown) return <Shown key={shown.id} profile={shown} />;
  return (
    <EmptyState
      icon={FileQuestion}
      title={refused ? `${chosen} is refused: it has errors` : 'There is no such profile'}
      text={refused && <span className="mono select-all">{refused.file}</span>}
    >
      <a className={buttonClass('plain', 'self-center')} href={routeHash({ view: 'tunnels' })}>
        All tunnels
      </a>
    </EmptyState>
  );
}

function Shown({ profile }: { readonly profile: ListedProfile | RefusedOwn }) {
  const { api } = useAppState();
  const { id, name } = profile;
  const sequence = useView(({ profiles }) => profiles.sequence);
  const listed = 'hash' in profile ? profile : undefined;
  const { data, error } = useQuery({
    // What is refused has no hash: with each reading of the files it may be another.
    queryKey: ['profile-yaml', id, listed?.hash ?? sequence],
    queryFn: async ({ signal }) => {
      const { yaml } = await api.call('profileYaml', { profile: id }, { signal });
      return { yaml, hash: listed?.hash ?? yaml };
    },
    // What is being written stays on the screen while the file is read anew.
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (error) {
    return (
      <TaskFrame title={name}>
        <ErrorNote error={AppError.from(error).toData()} />
      </TaskFrame>
    );
  }
  if (!data) return <TaskFrame title={name} isLoading />;
  if (listed && listed.source !== 'user') return <SharedProfile listed={listed} yaml={data.yaml} />;
  return <OwnProfile profile={{ hash: data.hash, ...profile }} isRefused={!listed} read={data} />;
}
