import { AppError } from '../base/app-error.ts';
import type { Control } from '../client/control.ts';
import type { ControlView } from '../client/control-view.ts';
import { count, situation, stateWords } from '../client/tunnel-words.ts';
import type { OperationInput, Outcomes } from '../contract/control.ts';
import type { Question } from '../contract/control-question.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import { isSettled, stateGlyph } from '../contract/shown-state.ts';
import { answerQuestion } from './answer-question.ts';
import type { Cli } from './cli.ts';
import { ProgressLine } from './progress-line.ts';

export type Outcome = Outcomes['outcomes'][number];

export interface BringUp {
  readonly operation: 'up' | 'restart' | 'resume';
  readonly input: OperationInput<'up'>;
  /** How long to wait until each is ready or cannot be; 0: not at all. */
  readonly waitMs: number;
  /** Waits no longer; what was brought up stays up. */
  readonly signal?: AbortSignal;
}

/** What is quicker than this needs no line that says what is being done, and no events. */
const quickMs = 1_000;

/**
 * Brings tunnels up, waits until each is ready, needs its user or cannot start, and asks meanwhile what there is to ask, where somebody
 * can be asked. What did not become ready in time is among the outcomes as it is.
 */
export async function bringUp(wanted: BringUp, control: Control, cli: Cli): Promise<Outcome[]> {
  const { operation, input, waitMs, signal } = wanted;
  const firstMs = Math.min(waitMs, quickMs);
  const first = async (given: OperationInput<'up'>) => {
    const { outcomes } = await control.call(operation, { ...given, waitMs: firstMs } as OperationInput<'up'>);
    return outcomes;
  };
  const outcomes = await withTrust(
    await first(input),
    (names) => first({ ...input, names, groups: [], adHoc: [] }),
    cli,
  );
  if (waitMs === 0 || signal?.aborted) return outcomes;
  const open = outcomes.flatMap(({ tunnel }) => (tunnel && !isDone(tunnel, cli) ? [tunnel.id] : []));
  if (open.length === 0) return outcomes;
  const last = await follow({ ids: open, waitMs: Math.max(0, waitMs - firstMs), control, cli, signal });
  return outcomes.map(({ name, tunnel, error }) => ({
    name,
    error,
    tunnel: tunnel && (last.get(tunnel.id) ?? tunnel),
  }));
}

/** Why a tunnel is not ready, where it is not: what decides the exit code. */
export function whyNotReady({ tunnel, error }: Outcome): ErrorData | undefined {
  if (error || !tunnel) return error;
  const { state, wanted, onDemand } = tunnel;
  switch (state.kind) {
    case 'ready':
      return undefined;
    case 'waiting':
      return state.reason;
    case 'blocked':
      return state.error;
    case 'connecting':
      return { code: 'SP-STREAM-TIMEOUT', details: {} };
    case 'off':
      if (state.reason && wanted === 'off') return state.reason;
      if (wanted === 'on' && onDemand) return undefined;
      return { code: 'SP-CONFIRM-REQUIRED', details: { tunnel: tunnel.name } };
  }
}

/** Nothing more comes by itself soon, and nothing is to be answered here. */
function isDone({ shown, state, questions }: TunnelEntity, { asker }: Cli): boolean {
  if (shown === 'paused') return true;
  return isSettled(state) && (state.kind !== 'blocked' || !asker || questions.length === 0);
}

/** A profile of others' that was not agreed to does not start: who sits at a terminal is shown it, and asked. */
async function withTrust(
  outcomes: Outcome[],
  again: (names: string[]) => Promise<Outcome[]>,
  cli: Cli,
): Promise<Outcome[]> {
  const untrusted = outcomes.filter(({ error }) => error?.code === 'SP-PROFILE-UNTRUSTED');
  if (untrusted.length === 0 || !cli.asker) return outcomes;
  const { agreeTo } = await import('./agree.ts');
  const agreed: string[] = [];
  for (const { name } of untrusted) if ((await agreeTo(name, cli)) === 'agreed') agreed.push(name);
  if (agreed.length === 0) return outcomes;
  const retried = new Map((await again(agreed)).map((outcome) => [outcome.name, outcome]));
  return outcomes.map((outcome) => retried.get(outcome.name) ?? outcome);
}

interface Following {
  readonly ids: readonly string[];
  readonly waitMs: number;
  readonly control: Control;
  readonly cli: Cli;
  readonly signal: AbortSignal | undefined;
}

/** The tunnels as they are when all are settled, or when the time is over. Time in which somebody is asked does not count. */
async function follow(following: Following): Promise<Map<string, TunnelEntity>> {
  const { ids, control, cli } = following;
  using progress = new ProgressLine(cli);
  const answered = new Set<string>();
  let view: ControlView | undefined;
  for (;;) {
    const news = await nextNews({ ...following, answered, progress });
    view = news.view ?? view;
    const question = news.question;
    if (!question || !cli.asker) break;
    progress.clear();
    answered.add(question.id);
    await answerQuestion(question, { control, asker: cli.asker, cli });
  }
  return new Map(ids.flatMap((id) => (view?.tunnels.has(id) ? [[id, view.tunnels.get(id)!]] : [])));
}

interface News {
  readonly view: ControlView | undefined;
  /** What is to be asked before it can go on; without one it is over. */
  readonly question?: Question;
}

function nextNews(
  given: Following & { answered: ReadonlySet<string>; progress: ProgressLine },
): Promise<News> {
  const { ids, waitMs, control, cli, signal, answered, progress } = given;
  return new Promise((resolve, reject) => {
    let latest: ControlView | undefined;
    const settle = (finish: () => void) => {
      timer.cancel();
      signal?.removeEventListener('abort', giveUp);
      subscription[Symbol.dispose]();
      finish();
    };
    const giveUp = () => settle(() => resolve({ view: latest }));
    const timer = cli.clock.after(waitMs, giveUp);
    signal?.addEventListener('abort', giveUp, { once: true });
    const subscription = control.subscribe({
      onView(view) {
        latest = view;
        const tunnels = ids.flatMap((id) => view.tunnels.get(id) ?? []);
        const question = questionOf(tunnels, view, answered);
        const isWaiting = tunnels.some((tunnel) => !isDone(tunnel, cli));
        if (question && cli.asker) settle(() => resolve({ view, question }));
        else if (!isWaiting) settle(() => resolve({ view }));
        else progress.show(() => progressText(tunnels, cli));
      },
      onLost(error, final) {
        if (final) settle(() => reject(AppError.from(error)));
      },
    });
  });
}

function questionOf(
  tunnels: readonly TunnelEntity[],
  view: ControlView,
  answered: ReadonlySet<string>,
): Question | undefined {
  const ids = tunnels.flatMap(({ questions }) => questions).filter((id) => !answered.has(id));
  return ids.map((id) => view.questions.get(id)).find((question) => question !== undefined);
}

function progressText(tunnels: readonly TunnelEntity[], cli: Cli): string {
  const open = tunnels.filter((tunnel) => !isDone(tunnel, cli));
  const [tunnel] = open;
  if (!tunnel) return '';
  const more = open.length > 1 ? ` · and ${count(open.length - 1, 'other')}` : '';
  const state = stateWords(tunnel, cli.clock.wallMs());
  return `${stateGlyph[tunnel.shown]} ${tunnel.name} ${state} · ${situation(tunnel, cli.program)}${more}`;
}
