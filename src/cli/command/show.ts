import type { Command } from 'commander';
import { formatDuration } from '../../base/duration.ts';
import {
  bytesWords,
  count,
  limitWords,
  localWords,
  newPodWords,
  podWords,
  policyWords,
  situation,
  stateWords,
  timeWords,
} from '../../client/tunnel-words.ts';
import type { OperationAnswer } from '../../contract/control.ts';
import type { HistoryEntry, TunnelEntity } from '../../contract/control-tunnel.ts';
import { errorText } from '../../contract/error-codes.ts';
import type { PodIdentity } from '../../contract/pod.ts';
import type { ListedProfile } from '../../contract/profile-snapshot.ts';
import type { Cli } from '../cli.ts';
import { fetchProfiles, profileOf } from '../listed-profile.ts';
import { type Colors, colorsFor, paintedGlyph } from '../paint.ts';
import { printJson } from '../print-json.ts';
import { type Row, table } from '../table.ts';

const shownHistory = 10;
const shownConnections = 20;

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Shows one tunnel: its state, its profile, the pods it has been on, and its connections now.',
    )
    .argument('<name>', 'NAME, SOURCE/NAME or ad-hoc/NAME')
    .option('--json', 'print all that is known as JSON', false)
    .action(async (name: string, { json }: { readonly json: boolean }) => {
      const control = await cli.control();
      const answer = await control.call('tunnel', { name, folder: cli.cwd });
      const profile = profileOf(answer.tunnel, await fetchProfiles(control, cli));
      if (json) return printJson(cli, 'show', { ...answer, ...(profile && { profile }) });
      cli.stdout.write(showText(answer, profile, cli));
    });
}

function showText(
  { tunnel, history, connections, localPassword }: OperationAnswer<'tunnel'>,
  listed: ListedProfile | undefined,
  cli: Cli,
): string {
  const colors = colorsFor(cli.stdout, cli);
  const nowMs = cli.clock.wallMs();
  const { name, shown, namespace, target, port, cluster, kind, traffic, state, reason, lastError } = tunnel;
  const facts: [string, string][] = [];
  const fact = (title: string, value: string | undefined) => value && facts.push([title, value]);
  fact('Local', localWords(tunnel));
  fact('Target', `${namespace ? `${namespace}/` : ''}${target} port ${port}`);
  fact('Kind', kind);
  fact('Cluster', cluster && `${cluster.context} · ${cluster.server}`);
  if (state.kind === 'ready') {
    fact('Pod', `${state.pod.name} · ${state.pod.uid}`);
    fact('Node', state.pod.node);
    fact('Role', state.pod.role);
    fact('Image', state.pod.image && `${state.pod.image} · ${count(state.pod.restarts, 'restart')}`);
  } else fact('Why', situation(tunnel, cli.program));
  fact('Up', tunnel.upSinceMs === undefined ? undefined : `since ${timeWords(tunnel.upSinceMs)}`);
  fact('Ends', endsWords(tunnel, cli));
  fact('Password', localPassword && passwordWords(localPassword.expiresAtMs, nowMs));
  fact('Reason', reason);
  fact('Profile', listed && `${listed.file}:${listed.line}`);
  fact('Policy', policyWords(listed?.profile.policy).join(' · '));
  fact('Description', tunnel.description);
  fact(
    'Traffic',
    `${count(traffic.served, 'connection')} served, ${traffic.failed} failed · ${bytesWords(traffic.receivedBytes)} received, ${bytesWords(traffic.sentBytes)} sent · ${count(traffic.recoveries, 'recovery').replace('recoverys', 'recoveries')}`,
  );
  for (const notice of tunnel.notices ?? []) fact('Notice', notice);
  fact('Last error', lastError && `${timeWords(lastError.atMs)} ${errorText(lastError.error).headline}`);

  const parts = [
    `${paintedGlyph(shown, colors)} ${colors.bold(name)} ${stateWords(tunnel, nowMs)}\n`,
    ...facts.map(([title, value]) => `  ${colors.dim(title.padEnd(12))}${value}\n`),
  ];
  if (history.length > 0) parts.push(`\n${historyTable(history, colors)}`);
  if (connections.length > 0) {
    const rows: Row[] = connections
      .slice(0, shownConnections)
      .map(({ connection, sinceMs, pod }) => [
        String(connection),
        formatDuration(nowMs - sinceMs),
        podWords(pod),
      ]);
    parts.push(
      `\n${table(
        ['CONNECTION', 'SINCE', 'POD'].map((title) => colors.dim(title)),
        rows,
      )}`,
    );
    if (connections.length > shownConnections)
      parts.push(`and ${connections.length - shownConnections} more\n`);
  }
  return parts.join('');
}

function passwordWords(expiresAtMs: number, nowMs: number): string {
  const when = timeWords(expiresAtMs);
  if (expiresAtMs <= nowMs) return `has expired at ${when}; who asks for it gets a new one`;
  return `of the tunnel, good for ${formatDuration(expiresAtMs - nowMs)}, until ${when}`;
}

function endsWords(tunnel: TunnelEntity, { program, clock }: Cli): string | undefined {
  const { limit } = tunnel;
  if (!limit) return undefined;
  return `in ${formatDuration(Math.max(0, limit.endsAtMs - clock.wallMs()))}: ${limitWords(tunnel, program)}`;
}

function historyTable(history: readonly HistoryEntry[], colors: Colors): string {
  let before: PodIdentity | undefined;
  let last = '';
  const rows = history.flatMap((entry): Row[] => {
    const words = historyWords(entry, before);
    if (entry.state.kind === 'ready') before = entry.state.pod;
    // What changes and has no word here, as how often it was tried, would be the same line again.
    const line = `${entry.shown} ${words}`;
    if (line === last) return [];
    last = line;
    return [[timeWords(entry.atMs), `${paintedGlyph(entry.shown, colors)} ${entry.shown}`, { rest: words }]];
  });
  return table(
    ['TIME', 'STATE', ''].map((title) => colors.dim(title)),
    rows.slice(-shownHistory),
  );
}

function historyWords({ state, held, gapMs, served }: HistoryEntry, before: PodIdentity | undefined): string {
  const facts = [
    state.kind === 'ready' ? newPodWords(state.pod, before) : '',
    state.kind === 'waiting' ? errorText(state.reason).headline : '',
    state.kind === 'blocked' ? errorText(state.error).headline : '',
    state.kind === 'connecting' ? state.step : '',
    state.kind === 'off' && state.reason ? errorText(state.reason).headline : '',
    served ? `${count(served, 'held connection')} served` : '',
    held > 0 ? `${count(held, 'connection')} held` : '',
    gapMs === undefined ? '' : `gap ${formatDuration(gapMs)}`,
  ];
  return facts.filter((text) => text !== '').join(' · ');
}
