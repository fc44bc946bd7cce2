import { AppError } from '../src/base/app-error.ts';
import type { Control } from '../src/client/control.ts';
import {
  type ConnectionFormat,
  type ConnectionKind,
  formatsByKind,
} from '../src/contract/connection-format.ts';
import type { Shell } from '../src/contract/connection-string.ts';
import type { Outcomes } from '../src/contract/control.ts';
import type { SettingsChange } from '../src/contract/control-settings.ts';
import type { WindowSettings } from './app-settings.ts';
import type { TrayAction } from './tray-item.ts';

/** What actions need of the desktop around them. */
export interface TrayWorld {
  readonly control: Pick<Control, 'call'>;
  readonly settings: {
    /** As they are now. Never rejects. */
    current(): Promise<WindowSettings>;
    change(change: SettingsChange): Promise<unknown>;
  };
  readonly writeClipboard: (text: string) => void;
  /** Whose quoting copied commands follow. */
  readonly shell: Shell;
  readonly openClient: (tunnel: string) => Promise<void>;
  /** The window, at a tunnel where one is named. */
  readonly showWindow: (tunnel?: string) => void;
  readonly startDaemon: () => Promise<void>;
  readonly restartDaemon: () => Promise<void>;
  readonly installUpdate: () => void;
  readonly quit: () => Promise<void>;
}

/** A login may open a browser and wait for a person there. */
const loginTimeoutMs = 600_000;
/** As long as a person who clicked waits before they paste. */
const connectWaitMs = 15_000;

/** Does what a click asks for. Rejects with what went wrong. */
export async function performTrayAction(action: TrayAction, world: TrayWorld): Promise<void> {
  const { control, settings } = world;
  switch (action.kind) {
    case 'connect': {
      const answer = await control.call('up', { names: [action.tunnel], waitMs: connectWaitMs });
      throwFailure(answer);
      const [tunnel] = answer.outcomes.flatMap((outcome) => outcome.tunnel ?? []);
      // It asks for something: the one who clicked is here to answer.
      if (tunnel && tunnel.questions.length > 0) return world.showWindow(tunnel.id);
      if (!tunnel) return;
      const now = await settings.current();
      if (now.copyOnConnect) await copy(tunnel.id, formatFor(tunnel.kind, now), world);
      return;
    }
    case 'resume':
      return throwFailure(await control.call('resume', { names: [action.tunnel] }));
    case 'disconnect':
      return throwFailure(await control.call('down', { names: [action.tunnel] }));
    case 'pause':
      return throwFailure(await control.call('pause', { names: [action.tunnel] }));
    case 'prolong': {
      const { outcomes } = await control.call('up', { names: [action.tunnel], prolong: true });
      const error = outcomes.find((outcome) => outcome.error)?.error;
      // A reason or a yes is asked for in the window.
      if (error?.code === 'SP-REASON-REQUIRED' || error?.code === 'SP-CONFIRM-REQUIRED')
        return world.showWindow(action.tunnel);
      return throwFailure({ outcomes });
    }
    case 'copy':
      return copy(action.tunnel, action.format, world);
    case 'open-client':
      return world.openClient(action.tunnel);
    case 'log-in':
      await control.call(
        'answer',
        { question: action.question, answer: { kind: 'login' } },
        { timeoutMs: loginTimeoutMs },
      );
      return;
    case 'show':
      return world.showWindow(action.tunnel);
    case 'group':
      return throwFailure(
        await control.call(action.to === 'connect' ? 'up' : 'down', { groups: [action.name] }),
      );
    case 'pause-all':
      return throwFailure(await control.call('pause', { all: true }));
    case 'resume-all':
      return throwFailure(await control.call('resume', { all: true }));
    case 'disconnect-all':
      return disconnectAll(control);
    case 'open-window':
      return world.showWindow();
    case 'start-daemon':
      return world.startDaemon();
    case 'restart-daemon':
      return world.restartDaemon();
    case 'install-update':
      return world.installUpdate();
    case 'change-settings':
      await settings.change(action.change);
      return;
    case 'quit':
      return world.quit();
  }
}

/** Where no daemon runs, nothing is up. */
async function disconnectAll(control: Pick<Control, 'call'>): Promise<void> {
  try {
    throwFailure(await control.call('down', { all: true }));
  } catch (error) {
    if (AppError.from(error).code !== 'SP-DAEMON-NOT-RUNNING') throw error;
  }
}

/** With the tunnel's own password where it has one, never the database's. What it asks for first is answered in the window. */
async function copy(tunnel: string, format: ConnectionFormat, world: TrayWorld): Promise<void> {
  const { control, shell, showWindow, writeClipboard } = world;
  const answer = await control.call('connectionString', { name: tunnel, format, shell, ask: true });
  if (answer.kind === 'asked') showWindow(tunnel);
  else writeClipboard(answer.string.text);
}

/** The one that is set for the kind, else the first that it has. */
export function formatFor(kind: ConnectionKind, { formats }: WindowSettings): ConnectionFormat {
  return formats?.[kind] ?? formatsByKind[kind][0];
}

function throwFailure({ outcomes }: Outcomes): void {
  const error = outcomes.find((outcome) => outcome.error)?.error;
  if (error) throw new AppError(error.code, error.details);
}
