import { type ComponentType, lazy } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { View } from '../../state/route.ts';
import TunnelsView from '../tunnels/tunnels-view.tsx';

/** The list is what people come for. The others come after it, so that they are there even when the daemon that has them is not. */
const later = {
  audit: () => import('../audit/audit-view.tsx'),
  team: () => import('../team/team-view.tsx'),
  check: () => import('../check/check-view.tsx'),
  settings: () => import('../settings/settings-view.tsx'),
  new: () => import('../new-tunnel/new-tunnel-view.tsx'),
  edit: () => import('../edit-profile/edit-profile-view.tsx'),
} satisfies Record<Exclude<View, 'tunnels'>, Load>;

type Load = () => Promise<{ default: ComponentType }>;

export const viewContents: Record<View, ComponentType> = {
  tunnels: TunnelsView,
  audit: lazily(later.audit),
  team: lazily(later.team),
  check: lazily(later.check),
  settings: lazily(later.settings),
  new: lazily(later.new),
  edit: lazily(later.edit),
};

/** Fetches what is not there yet. One that fails is asked for again by who goes there. */
export function fetchAllViews(): void {
  for (const load of Object.values(later)) load().catch(() => {});
}

function lazily(load: Load): ComponentType {
  return lazy(() =>
    load().catch((thrown) => {
      throw new AppError('SP-DAEMON-LOST', { message: 'this part of the page was not fetched' }, thrown);
    }),
  );
}
