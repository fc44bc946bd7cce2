import { formatDuration } from '../base/duration.ts';
import {
  limitWords,
  localWords,
  shortUid,
  sinceWords,
  situation,
  stateWords,
} from '../client/tunnel-words.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { Cli } from './cli.ts';
import { type Colors, colorsFor, paintedGlyph, paintState } from './paint.ts';
import { type Row, table } from './table.ts';

const head = ['  TUNNEL', 'STATE', 'LOCAL', 'POD', 'ROLE', 'NODE', 'RESTARTS', 'CONNECTIONS', 'SINCE'];

/** The tunnels for a person. */
export function statusTable(tunnels: readonly TunnelEntity[], cli: Cli): string {
  if (tunnels.length === 0) return `No tunnel is up. \`${cli.program} list\` shows what there is.\n`;
  const colors = colorsFor(cli.stdout, cli);
  const nowMs = cli.clock.wallMs();
  const names = namesOf(tunnels);
  const rows = tunnels.map((tunnel, index) =>
    row(tunnel, { name: names[index]!, nowMs, colors, program: cli.program }),
  );
  return table(
    head.map((title) => colors.dim(title)),
    rows,
  );
}

interface RowOptions {
  readonly name: string;
  readonly nowMs: number;
  readonly colors: Colors;
  readonly program: string;
}

function row(tunnel: TunnelEntity, { name, nowMs, colors, program }: RowOptions): Row {
  const { shown, state, connections, environment } = tunnel;
  const words = stateWords(tunnel, nowMs);
  const title = environment === 'production' ? `${name} ${colors.bold(colors.red('production'))}` : name;
  const first = [
    `${paintedGlyph(shown, colors)} ${title}`,
    paintState(shown, words, colors),
    localWords(tunnel),
  ];
  const changed = profileNews(tunnel, program);
  // Where a pod would be a tunnel without one says why, which may be long. A state that counts its time says it already.
  if (state.kind !== 'ready') {
    const since = shown === 'needs you' ? sinceWords(tunnel, nowMs) : '';
    const facts = [situation(tunnel, program), since && `for ${since}`, changed];
    return [...first, { rest: joined(facts) }];
  }
  const { pod } = state;
  const ends = tunnel.limit?.isNear ? limitWords(tunnel, program) : '';
  return [
    ...first,
    `${pod.name} · ${shortUid(pod.uid)}`,
    pod.role ?? '',
    pod.node ?? '',
    String(pod.restarts),
    String(connections),
    formatDuration(Math.max(0, nowMs - state.sinceMs)),
    { rest: joined([ends, changed]) },
  ];
}

function joined(facts: readonly string[]): string {
  return facts.filter((fact) => fact !== '').join(' · ');
}

/** Bare names, but for those that several tunnels have. */
function namesOf(tunnels: readonly TunnelEntity[]): string[] {
  return tunnels.map(({ id, name }) => {
    const isShared = tunnels.some((other) => other.name === name && other.id !== id);
    return isShared ? id : name;
  });
}

/** What has become of the profile of a tunnel that runs, and what takes it up. */
function profileNews({ name, profileChanged, profileProblem }: TunnelEntity, program: string): string {
  switch (profileProblem?.code) {
    case undefined:
      return profileChanged ? `profile changed: ${program} restart ${name}` : '';
    case 'SP-PROFILE-UNTRUSTED':
      return `profile changed: ${program} profile trust ${name}`;
    case 'SP-PROFILE-UNKNOWN':
      return 'its profile is gone';
    case 'SP-PROFILE-OFF':
      return 'its profile is switched off';
    default:
      return `its profile is refused: ${program} profile validate`;
  }
}
