import { useQuery } from '@tanstack/react-query';
import { FileQuestion } from 'lucide-react';
import { useEffect } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { ListedProfile } from '../../../src/contract/profile-snapshot.ts';
import { buttonClass } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAppState, useView } from '../../state/app-state.ts';
import { newDraft } from '../../state/drafts.ts';
import { routeHash, useRoute } from '../../state/route.ts';
import { OwnProfile } from './own-profile.tsx';
import { SharedProfile } from './shared-profile.tsx';
import { TaskFrame } from './task-frame.tsx';

/** One profile: the user's own to be changed, another's to be read and overridden here. */
export default function EditProfileView() {
  const { chosen } = useRoute();
  const listed = useView(({ profiles }) => profiles.profiles.find(({ id }) => id === chosen));
  const refused = useView(({ profiles }) => profiles.refused.find(({ id }) => id === chosen));
  if (listed) return <Listed key={listed.id} listed={listed} />;
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

function Listed({ listed }: { readonly listed: ListedProfile }) {
  const { api, drafts } = useAppState();
  const { id, name, hash } = listed;
  const { data, error } = useQuery({
    queryKey: ['profile-yaml', id, hash],
    queryFn: ({ signal }) => api.call('profileYaml', { profile: id }, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const yaml = data?.yaml;
  // What is written already is not overwritten by what the file says now: its view tells of the difference.
  useEffect(() => {
    if (yaml !== undefined && !drafts.get(id)) drafts.set(id, newDraft({ name, text: yaml }, hash));
  }, [drafts, id, name, yaml, hash]);
  if (error) {
    return (
      <TaskFrame title={name}>
        <ErrorNote error={AppError.from(error).toData()} />
      </TaskFrame>
    );
  }
  if (yaml === undefined) return <TaskFrame title={name} isLoading />;
  if (listed.source !== 'user') return <SharedProfile listed={listed} yaml={yaml} />;
  return <OwnProfile listed={listed} yaml={yaml} />;
}
