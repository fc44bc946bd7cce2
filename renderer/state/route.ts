import { useSyncExternalStore } from 'react';

export const views = ['tunnels', 'audit', 'team', 'check', 'settings'] as const;
/** Gone to from a tunnel, not from the navigation. */
const tasks = ['new', 'edit'] as const;
export type View = (typeof views)[number] | (typeof tasks)[number];

export const viewName: Record<View, string> = {
  tunnels: 'Tunnels',
  audit: 'Audit',
  team: 'Team',
  check: 'Check',
  settings: 'Settings',
  new: 'New tunnel',
  edit: 'Edit profile',
};

/** Where the window is: a view, and what is chosen in it. Kept in the address, so that reloading comes back to it. */
export interface Route {
  readonly view: View;
  readonly chosen?: string | undefined;
}

export function parseRoute(hash: string): Route {
  const [, view, chosen] = /^#\/(\w+)(?:\/(.+))?$/.exec(hash) ?? [];
  const known = [...views, ...tasks].find((name) => name === view) ?? 'tunnels';
  try {
    return chosen ? { view: known, chosen: decodeURIComponent(chosen) } : { view: known };
  } catch {
    return { view: known };
  }
}

export function routeHash({ view, chosen }: Route): string {
  return chosen === undefined ? `#/${view}` : `#/${view}/${encodeURIComponent(chosen)}`;
}

/** Another choice replaces the address, another view makes a step that Back undoes. */
export function go(route: Route): void {
  const isSameView = parseRoute(location.hash).view === route.view;
  if (isSameView) history.replaceState(undefined, '', routeHash(route));
  else history.pushState(undefined, '', routeHash(route));
  dispatchEvent(new HashChangeEvent('hashchange'));
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  addEventListener('popstate', listener);
  return () => {
    removeEventListener('hashchange', listener);
    removeEventListener('popstate', listener);
  };
}

export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(subscribe, () => location.hash));
}
