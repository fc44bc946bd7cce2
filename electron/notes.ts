import type { ControlView } from '../src/client/control-view.ts';
import { timeWords } from '../src/client/tunnel-words.ts';
import type { Question } from '../src/contract/control-question.ts';
import type { TunnelEntity } from '../src/contract/control-tunnel.ts';
import { errorText } from '../src/contract/error-codes.ts';
import { needsUser } from './overall-state.ts';

/** Something that a person is told while they look elsewhere. */
export interface Note {
  readonly kind: 'needs you' | 'fine again' | 'limit';
  readonly tunnel: string;
  readonly name: string;
  readonly text: string;
}

/**
 * What changed between two views of one daemon that is worth a notification: a tunnel needs its user, one that did is fine again, one ends
 * soon by its time limit. Outages that mend themselves are none, nor is what was so when the app started: the icon says that. Pure.
 */
export function notesBetween(before: ControlView, after: ControlView): Note[] {
  return [...after.tunnels.values()].flatMap((tunnel): Note[] => {
    const was = before.tunnels.get(tunnel.id);
    if (!was || was === tunnel) return [];
    const { id, name } = tunnel;
    const note = (kind: Note['kind'], text: string): Note => ({ kind, tunnel: id, name, text });
    const notes: Note[] = [];
    if (needsUser(tunnel) && !needsUser(was)) notes.push(note('needs you', needWords(tunnel, after)));
    if (tunnel.shown === 'ready' && was.shown !== 'ready') {
      // Whether it was said to need its user, who tells the notes knows.
      notes.push(note('fine again', 'is ready again'));
    }
    const { limit, wanted } = tunnel;
    // One that is idle ends because nobody uses it: nobody is to be told.
    if (limit?.kind === 'time' && limit.isNear && !was.limit?.isNear && wanted === 'on')
      notes.push(note('limit', `ends at ${timeWords(limit.endsAtMs).slice(11, 16)}`));
    return notes;
  });
}

function needWords({ id, state }: TunnelEntity, view: ControlView): string {
  const question = [...view.questions.values()].find(({ tunnel }) => tunnel === id);
  if (question) return questionWords[question.kind];
  return state.kind === 'blocked' ? errorText(state.error).headline : 'needs you';
}

const questionWords: Record<Question['kind'], string> = {
  confirm: 'opens only when you say yes',
  reason: 'opens only with a reason',
  trust: 'waits for you to agree to its profile',
  login: 'needs you to log in again',
  password: 'needs a password',
  passphrase: 'needs the passphrase',
};

export interface ShownNote {
  readonly title: string;
  readonly body: string;
  /** What a click shows; absent where it is about several. */
  readonly tunnel?: string;
}

const maxNamed = 4;

/** At most one notification of each kind for what came together. Pure. */
export function coalesce(notes: readonly Note[]): ShownNote[] {
  return (['needs you', 'limit', 'fine again'] as const).flatMap((kind): ShownNote[] => {
    // The last that was said of each counts.
    const all = [
      ...new Map(notes.filter((note) => note.kind === kind).map((note) => [note.tunnel, note])).values(),
    ];
    const [first] = all;
    if (!first) return [];
    if (all.length === 1) return [{ title: first.name, body: first.text, tunnel: first.tunnel }];
    const named = all.slice(0, maxNamed).map(({ name }) => name);
    const more = all.length > maxNamed ? ` and ${all.length - maxNamed} more` : '';
    return [{ title: `${all.length} tunnels ${titles[kind]}`, body: `${named.join(', ')}${more}` }];
  });
}

const titles: Record<Note['kind'], string> = {
  'needs you': 'need you',
  'fine again': 'are ready again',
  limit: 'end in a few minutes',
};
