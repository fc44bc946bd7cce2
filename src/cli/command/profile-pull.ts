import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import type { Control } from '../../client/control.ts';
import { count } from '../../client/tunnel-words.ts';
import type { ErrorData } from '../../contract/error-codes.ts';
import type { ListedSource } from '../../contract/profile-snapshot.ts';
import { changeLines } from '../answer-question.ts';
import type { Cli } from '../cli.ts';
import { fetchProfiles } from '../listed-profile.ts';
import { printError } from '../print-error.ts';
import { printJson } from '../print-json.ts';

/** As long as the daemon gives git. */
const fetchTimeoutMs = 120_000;

interface PullFlags {
  readonly yes: boolean;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Fetches the git repositories that share profiles with you, shows what has changed, and asks whether it counts from now on.',
    )
    .argument('[sources...]', 'these alone')
    .option('-y, --yes', 'take up what has changed without being asked', false)
    .option('--json', 'print the sources as JSON', false)
    .action((names: string[], flags: PullFlags) => pull(names, flags, cli));
}

async function pull(names: readonly string[], { yes, json }: PullFlags, cli: Cli): Promise<void> {
  const control = await cli.control();
  const keys = chosen((await fetchProfiles(control, cli)).sources, names).map(({ key }) => key);
  const failed = await fetchEach(keys, control, cli);
  let sources = chosen((await fetchProfiles(control, cli)).sources, names);
  for (const { key, pending } of sources) {
    if (!pending) continue;
    if (!json) cli.stdout.write(`${key} has changed (${pending.commit.slice(0, 10)}):\n`);
    for (const { name, changes } of json ? [] : pending.changes) {
      cli.stdout.write(`${name}: ${count(changes.length, 'value')}\n${changeLines(changes)}`);
    }
    const takesUp = yes || (await cli.asker?.confirm(`Take up what has changed in ${key}?`));
    if (!takesUp) continue;
    const { sources: now } = await control.call('acceptSource', { source: key, commit: pending.commit });
    sources = chosen(now, names);
  }
  if (json) return printJson(cli, 'profile pull', { sources, ...(failed.length > 0 && { failed }) });
  for (const { key, state, commit, pending } of sources) {
    const at = commit ? ` at ${commit.slice(0, 10)}` : '';
    const waits = pending ? `; what is new waits: ${cli.program} profile pull ${key} --yes` : '';
    cli.stdout.write(`${key}: ${state}${at}${waits}\n`);
  }
}

/** Each on its own: one that cannot be reached keeps no other from its profiles. Throws where it is the only one. */
async function fetchEach(
  keys: readonly string[],
  control: Control,
  cli: Cli,
): Promise<{ source: string; error: ErrorData }[]> {
  const fetched = await Promise.allSettled(
    keys.map((key) =>
      control.call('reload', { folder: cli.cwd, pull: true, sources: [key] }, { timeoutMs: fetchTimeoutMs }),
    ),
  );
  const failed = fetched.flatMap((result, index) =>
    result.status === 'rejected' ? [{ source: keys[index]!, error: AppError.from(result.reason) }] : [],
  );
  const [first] = failed;
  if (!first) return [];
  if (keys.length === 1) throw first.error;
  cli.setExitCode(first.error.exitCode);
  for (const { error } of failed) printError(error, cli);
  return failed.map(({ source, error }) => ({ source, error: error.toData() }));
}

function chosen(sources: readonly ListedSource[], names: readonly string[]): ListedSource[] {
  const gits = sources.filter(({ kind }) => kind === 'git');
  const unknown = names.find((name) => !gits.some(({ key }) => key === name));
  if (unknown !== undefined) {
    throw new AppError('SP-PROFILE-SOURCE', {
      source: unknown,
      message: 'it is no git repository of your settings',
      next: 'sallyport profile source list shows all sources',
    });
  }
  return gits.filter(({ key }) => names.length === 0 || names.includes(key));
}
