import type { Command } from 'commander';
import { AppError } from '../base/app-error.ts';
import { daemonPlaces } from '../base/daemon-places.ts';
import { parseDurationMs } from '../base/duration.ts';
import type { AuditFilter } from '../contract/audit-query.ts';
import type { Cli } from './cli.ts';
import { gather } from './selection.ts';

export interface AuditFilterFlags {
  readonly log?: string;
  readonly tunnel?: string;
  readonly event?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly podUid?: string;
  readonly user?: string;
  readonly databaseUser?: string;
  readonly auditId?: string;
}

export function logOption(command: Command): Command {
  return command.option('--log <name>', 'one log alone: daemon, forward-1 and so on');
}

export function filtered(command: Command): Command {
  return logOption(command)
    .option('-t, --tunnel <name>', 'of this tunnel: NAME, SOURCE/NAME or ad-hoc/NAME')
    .option('-e, --event <kind>', 'of this kind, as connection-opened (repeatable)', gather)
    .option('--since <time>', 'from then on: 2h, or 2026-11-21T18:00:00Z')
    .option('--until <time>', 'up to then')
    .option('--pod-uid <uid>', 'of this pod')
    .option('--user <name>', 'as the cluster knows the user')
    .option('--database-user <name>', 'as the database knows the user')
    .option('--audit-id <id>', "as in the API server's audit log");
}

/** Which logs and events the options mean. Throws SP-USAGE. */
export function chosenLogs(flags: AuditFilterFlags, cli: Cli) {
  const { log, tunnel, event, since, until, podUid, user, databaseUser, auditId } = flags;
  const filter: AuditFilter = {
    tunnel,
    events: event && [...event],
    sinceMs: since === undefined ? undefined : timeMs(since, cli),
    untilMs: until === undefined ? undefined : timeMs(until, cli),
    podUid,
    user,
    databaseUser,
    auditId,
  };
  return { folder: daemonPlaces(cli).auditFolder, log, filter };
}

/** So long ago, or that time. */
function timeMs(text: string, { clock }: Cli): number {
  const agoMs = parseDurationMs(text);
  if (agoMs !== undefined) return clock.wallMs() - agoMs;
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs))
    throw new AppError('SP-USAGE', { message: `${text} is no time: write 2h or 2026-11-21T18:00:00Z` });
  return atMs;
}
