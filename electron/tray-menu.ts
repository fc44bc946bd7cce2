import { localWords, podWords, shortUid } from '../src/client/tunnel-words.ts';
import {
  type ConnectionFormat,
  type ConnectionKind,
  formatsByKind,
  formatTitle,
} from '../src/contract/connection-format.ts';
import type { Question } from '../src/contract/control-question.ts';
import type { SettingsChange } from '../src/contract/control-settings.ts';
import type { TunnelEntity } from '../src/contract/control-tunnel.ts';
import { errorText } from '../src/contract/error-codes.ts';
import type { ProfileSnapshot } from '../src/contract/profile-snapshot.ts';
import { stateGlyph } from '../src/contract/shown-state.ts';
import type { WindowSettings } from './app-settings.ts';
import { isUp, needsUser, overallWords } from './overall-state.ts';
import type { DaemonNow } from './page-feeds.ts';
import { formatFor } from './tray-actions.ts';
import type { TrayItem } from './tray-item.ts';

export interface TraySnapshot {
  readonly now: DaemonNow;
  readonly settings: WindowSettings;
  /** Of this app. */
  readonly version: string;
  /** One that is downloaded and waits for a restart of the app. */
  readonly update?: string | undefined;
}

const separator: TrayItem = { kind: 'separator' };
/** A menu longer than a screen scrolls badly: the rest of those that are off are in a menu of their own. */
const maxOff = 20;
const maxListed = 500;

/** The tray's menu. Pure: the same snapshot gives the same menu. */
export function trayMenu(snapshot: TraySnapshot): TrayItem[] {
  const { now, settings, update } = snapshot;
  const sections: TrayItem[][] = [
    [{ kind: 'fact', label: `Sallyport · ${overallWords(now)}` }],
    tunnelSection(now, settings),
    groupSection(now),
    [
      { kind: 'action', label: 'Open Sallyport…', action: { kind: 'open-window' } },
      ...settingsItems(snapshot),
      ...daemonItems(snapshot),
      ...(update === undefined
        ? []
        : [
            {
              kind: 'action',
              label: `Restart the app to take up ${update}`,
              action: { kind: 'install-update' },
            } as const,
          ]),
      { kind: 'action', label: 'Quit…', action: { kind: 'quit' } },
    ],
  ];
  return sections
    .filter((section) => section.length > 0)
    .flatMap((section, at) => (at === 0 ? section : [separator, ...section]));
}

/** The daemon keeps them. */
function settingsItems({ now, settings }: TraySnapshot): TrayItem[] {
  if (now.kind !== 'here') return [];
  const { openAtLogin = false, notifications = 'needed', copyOnConnect = false } = settings;
  const setting = (label: string, checked: boolean, change: SettingsChange): TrayItem => ({
    kind: 'action',
    label,
    checked,
    action: { kind: 'change-settings', change },
  });
  const isTelling = notifications === 'needed';
  const items = [
    setting('Open at login', openAtLogin, { openAtLogin: !openAtLogin }),
    setting('Notifications', isTelling, { notifications: isTelling ? 'off' : 'needed' }),
    setting('Copy the connection string on connect', copyOnConnect, { copyOnConnect: !copyOnConnect }),
  ];
  return [{ kind: 'menu', label: 'Settings', items }];
}

/** A daemon of another version goes on with its tunnels: a newer app never ends it by itself. */
function daemonItems({ now, version }: TraySnapshot): TrayItem[] {
  if (now.kind === 'lost' && now.final) {
    return now.error.code === 'SP-DAEMON-VERSION'
      ? [{ kind: 'action', label: 'Restart the daemon…', action: { kind: 'restart-daemon' } }]
      : [{ kind: 'action', label: 'Start the daemon', action: { kind: 'start-daemon' } }];
  }
  if (now.kind !== 'here' || now.view.daemon.version === version) return [];
  const label = `Restart the daemon (${now.view.daemon.version}) as ${version}…`;
  return [{ kind: 'action', label, action: { kind: 'restart-daemon' } }];
}

function tunnelSection(now: DaemonNow, settings: WindowSettings): TrayItem[] {
  if (now.kind === 'looking') return [];
  // What is not observed now is not offered: a click would not reach the daemon.
  if (now.kind === 'lost') return [{ kind: 'fact', label: errorText(now.error).headline }];
  const { view } = now;
  const ordered = ordering([...view.tunnels.values()]).slice(0, maxListed);
  if (ordered.length === 0) return [{ kind: 'fact', label: 'No profiles yet: open Sallyport to make one' }];
  const items = ordered.map((tunnel) => ({
    tunnel,
    item: tunnelItem(tunnel, [...view.questions.values()], settings),
  }));
  const off = items.filter(({ tunnel }) => rank(tunnel) === 'off');
  const rest = off.slice(maxOff).map(({ item }) => item);
  return [
    ...items.filter(({ tunnel }) => rank(tunnel) !== 'off').map(({ item }) => item),
    ...off.slice(0, maxOff).map(({ item }) => item),
    ...(rest.length > 0 ? [{ kind: 'menu', label: `${rest.length} more`, items: rest } as const] : []),
  ];
}

const ranks = ['needs you', 'waiting', 'ready', 'off'] as const;

function rank(tunnel: TunnelEntity): (typeof ranks)[number] {
  if (needsUser(tunnel)) return 'needs you';
  if (tunnel.shown === 'waiting' || tunnel.shown === 'connecting') return 'waiting';
  return isUp(tunnel) ? 'ready' : 'off';
}

/** What needs the user, then waiting, ready, off; by name among their like. */
function ordering(tunnels: TunnelEntity[]): TunnelEntity[] {
  const key = (tunnel: TunnelEntity) => ranks.indexOf(rank(tunnel));
  return tunnels.sort((a, b) => key(a) - key(b) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}

function tunnelItem(
  tunnel: TunnelEntity,
  questions: readonly Question[],
  settings: WindowSettings,
): TrayItem {
  const { id, name, shown, wanted } = tunnel;
  const glyph = stateGlyph[needsUser(tunnel) ? 'needs you' : isUp(tunnel) ? 'ready' : shown];
  const about = situationWords(tunnel, questions);
  const label = `${glyph} ${name}${about ? ` — ${about}` : ''}`;
  if (needsUser(tunnel)) {
    const question = questions.find((asked) => asked.tunnel === id);
    return question?.kind === 'login'
      ? { kind: 'action', label, action: { kind: 'log-in', question: question.id } }
      : { kind: 'action', label, action: { kind: 'show', tunnel: id } };
  }
  if (wanted === 'paused') return { kind: 'action', label, action: { kind: 'resume', tunnel: id } };
  if (rank(tunnel) === 'off') return { kind: 'action', label, action: { kind: 'connect', tunnel: id } };
  return { kind: 'menu', label, items: submenu(tunnel, settings) };
}

/** What is said behind the name, in a few words. */
function situationWords(tunnel: TunnelEntity, questions: readonly Question[]): string {
  const { state, held, onDemand, wanted } = tunnel;
  if (needsUser(tunnel)) {
    const question = questions.find((asked) => asked.tunnel === tunnel.id);
    if (question) return questionWords[question.kind];
    return state.kind === 'blocked' ? `${errorText(state.error).headline}…` : 'needs you…';
  }
  if (wanted === 'paused') return 'paused';
  const waiting = held > 0 ? `, ${held} held` : '';
  switch (state.kind) {
    case 'ready':
      return [state.pod.name, state.pod.role].filter(Boolean).join(' · ');
    case 'connecting':
      return `${state.step}${waiting}`;
    case 'waiting':
      return `${errorText(state.reason).headline}${waiting}`;
    case 'blocked':
      return errorText(state.error).headline;
    case 'off':
      if (wanted === 'on' && onDemand) return 'on demand';
      return state.reason ? errorText(state.reason).headline : '';
  }
}

const questionWords: Record<Question['kind'], string> = {
  confirm: 'open it? asks for a yes…',
  reason: 'asks for a reason…',
  trust: 'asks you to agree to its profile…',
  login: 'log in again…',
  password: 'asks for a password…',
  passphrase: 'asks for the passphrase…',
};

function submenu(tunnel: TunnelEntity, settings: WindowSettings): TrayItem[] {
  const { id, state, limit } = tunnel;
  const kind: ConnectionKind = tunnel.kind;
  const formats: readonly ConnectionFormat[] = formatsByKind[kind];
  const favourite = formatFor(kind, settings);
  const others = formats.filter((format) => format !== favourite);
  const client = clientWords[kind];
  const address = localWords(tunnel);
  return [
    {
      kind: 'action',
      label: `Copy ${formatTitle[favourite]}`,
      action: { kind: 'copy', tunnel: id, format: favourite },
    },
    {
      kind: 'menu',
      label: `Copy ${others
        .slice(0, 2)
        .map((format) => formatTitle[format])
        .join(' · ')}${others.length > 2 ? ' · more' : ''}`,
      items: others.map((format) => ({
        kind: 'action',
        label: formatTitle[format],
        action: { kind: 'copy', tunnel: id, format },
      })),
    },
    ...(client === undefined
      ? []
      : [{ kind: 'action', label: client, action: { kind: 'open-client', tunnel: id } } as const]),
    separator,
    { kind: 'fact', label: podLine(state) },
    ...(address ? [{ kind: 'fact', label: address } as const] : []),
    ...(limit?.isNear && limit.kind === 'time'
      ? [{ kind: 'action', label: 'Prolong…', action: { kind: 'prolong', tunnel: id } } as const]
      : []),
    { kind: 'action', label: 'Show in Sallyport…', action: { kind: 'show', tunnel: id } },
    separator,
    { kind: 'action', label: 'Pause', action: { kind: 'pause', tunnel: id } },
    { kind: 'action', label: 'Disconnect', action: { kind: 'disconnect', tunnel: id } },
  ];
}

const clientWords: Partial<Record<ConnectionKind, string>> = {
  postgres: 'Open psql',
  http: 'Open in the browser',
};

function podLine(state: TunnelEntity['state']): string {
  if (state.kind === 'ready') return podWords(state.pod);
  if (state.kind === 'waiting' && state.lastPod)
    return `was ${state.lastPod.name} · ${shortUid(state.lastPod.uid)}`;
  return 'no pod yet';
}

function groupSection(now: DaemonNow): TrayItem[] {
  if (now.kind !== 'here') return [];
  const tunnels = [...now.view.tunnels.values()];
  const some = (accept: (tunnel: TunnelEntity) => boolean) => tunnels.some(accept);
  const groups = groupItems(now.view.profiles, tunnels);
  return [
    ...(groups.length > 0 ? [{ kind: 'menu', label: 'Groups', items: groups } as const] : []),
    ...(some(({ wanted }) => wanted === 'on')
      ? [{ kind: 'action', label: 'Pause all', action: { kind: 'pause-all' } } as const]
      : []),
    ...(some(({ wanted }) => wanted === 'paused')
      ? [{ kind: 'action', label: 'Resume all', action: { kind: 'resume-all' } } as const]
      : []),
  ];
}

/** A click connects a group, or disconnects it where all of it is wanted already. */
function groupItems({ groups }: ProfileSnapshot, tunnels: readonly TunnelEntity[]): TrayItem[] {
  // Those of a project mean something in its folder alone.
  const visible = groups.filter(({ source }) => !source.includes('/'));
  const names = [...new Set(visible.map(({ name }) => name))].sort().slice(0, maxListed);
  return names.map((name): TrayItem => {
    // The first of a name is the one that the bare name means.
    const members = visible.find((group) => group.name === name)?.members ?? [];
    const known = tunnels.filter((tunnel) => members.includes(tunnel.id));
    const wanted = known.filter((tunnel) => tunnel.wanted === 'on').length;
    const to = known.length > 0 && wanted === known.length ? 'disconnect' : 'connect';
    const verb = to === 'connect' ? 'Connect' : 'Disconnect';
    return {
      kind: 'action',
      label: `${verb} ${name} · ${wanted} of ${members.length}`,
      action: { kind: 'group', name, to },
    };
  });
}
