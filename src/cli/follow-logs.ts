import { AppError } from '../base/app-error.ts';
import type { Control } from '../client/control.ts';
import type { Hello } from '../client/control-view.ts';
import type { LogLine } from '../contract/control-tunnel.ts';
import { errorText } from '../contract/error-codes.ts';
import type { Cli } from './cli.ts';

/** A daemon that has nothing to tell is asked again after this long; a line comes at once. */
const waitMs = 60_000;
/** Lines of one answer. */
const pageLines = 1_000;

export interface FollowLogs {
  readonly name: string;
  /** How many lines of before are printed first. */
  readonly limit: number;
  readonly print: (line: LogLine) => void;
  readonly cli: Cli;
}

/** Prints a tunnel's log and what is added to it until a signal ends it, also over restarts of the daemon. */
export async function followLogs({ name, limit, print, cli }: FollowLogs): Promise<void> {
  using ending = cli.untilSignal();
  const control = await cli.control();
  const folder = cli.cwd;
  const [daemon, first] = await Promise.all([
    control.call('version', {}),
    control.call('logs', { name, folder, limit }),
  ]);
  let { startedAtMs } = daemon;
  first.lines.forEach(print);
  let after = first.lines.at(-1)?.sequence ?? 0;
  while (!ending.aborted) {
    try {
      const asked = { name, folder, limit: pageLines, after, waitMs };
      const { lines } = await control.call('logs', asked, { signal: ending });
      lines.forEach(print);
      after = lines.at(-1)?.sequence ?? after;
    } catch (thrown) {
      if (ending.aborted) return;
      const error = AppError.from(thrown);
      if (!isDaemonGone(error)) throw error;
      cli.stderr.write(`${errorText(error.toData()).headline}; waiting for the next daemon\n`);
      const back = await daemonBack(control, ending);
      // Its lines are all new, unless it is the one that was there.
      if (back?.startedAtMs !== startedAtMs) after = 0;
      startedAtMs = back?.startedAtMs ?? startedAtMs;
    }
  }
}

function isDaemonGone({ code }: AppError): boolean {
  return code === 'SP-DAEMON-LOST' || code === 'SP-DAEMON-NOT-RUNNING' || code === 'SP-DAEMON-STOPPING';
}

/**
 * The daemon that is there, or comes. None is started, since somebody may have ended it on purpose. Undefined where a signal comes first;
 * rejects where they cannot talk.
 */
function daemonBack(control: Control, ending: AbortSignal): Promise<Hello | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      subscription[Symbol.dispose]();
      ending.removeEventListener('abort', giveUp);
      finish();
    };
    const giveUp = () => settle(() => resolve(undefined));
    const subscription = control.subscribe({
      onView: ({ daemon }) => settle(() => resolve(daemon)),
      onLost: (error, final) => {
        if (final) settle(() => reject(error));
      },
    });
    if (ending.aborted) giveUp();
    else ending.addEventListener('abort', giveUp, { once: true });
  });
}
