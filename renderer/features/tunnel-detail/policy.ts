import type { Profile } from '../../../src/contract/profile.ts';
import { useView } from '../../state/app-state.ts';

/** What its profile says now; an ad hoc tunnel has none. */
export function usePolicy(id: string): Profile['policy'] {
  return useView(({ profiles }) => profiles.profiles.find((profile) => profile.id === id)?.profile.policy);
}
