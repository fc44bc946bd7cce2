import { AppError } from '../base/app-error.ts';
import { calledAs } from '../client/called-as.ts';
import type { Control } from '../client/control.ts';
import type { Question, QuestionAnswer } from '../contract/control-question.ts';
import { type ErrorCode, errorText } from '../contract/error-codes.ts';
import type { ProfileChange } from '../contract/profile-snapshot.ts';
import type { Asker } from './asker.ts';
import type { Cli } from './cli.ts';

/** A login may open a browser and wait for a person there. */
const loginTimeoutMs = 600_000;

/** Another answer may do. */
const refusals: readonly ErrorCode[] = ['SP-REASON-MISMATCH', 'SP-PASSPHRASE-REFUSED'];

/**
 * Asks the person at the terminal and passes the answer on; asks again where it is refused, as a reason that does not fit. Resolves with
 * false where they give up or say no: a tunnel that waits for it is then taken down.
 */
export async function answerQuestion(
  question: Question,
  { control, asker, cli }: { readonly control: Control; readonly asker: Asker; readonly cli: Cli },
): Promise<boolean> {
  for (;;) {
    const answer = (await ask(question, asker, cli)) ?? { kind: 'no' };
    try {
      await control.call('answer', { question: question.id, answer }, { timeoutMs: loginTimeoutMs });
      return answer.kind !== 'no';
    } catch (thrown) {
      const error = AppError.from(thrown);
      // Another face was faster.
      if (error.code === 'SP-QUESTION-GONE') return true;
      if (!refusals.includes(error.code)) throw error;
      cli.stderr.write(`${errorText(error.toData()).headline}\n`);
    }
  }
}

async function ask(question: Question, asker: Asker, cli: Cli): Promise<QuestionAnswer | undefined> {
  const name = question.tunnel.replace(/^user\//, '');
  switch (question.kind) {
    case 'confirm': {
      const environment = question.environment ? ` (${question.environment})` : '';
      return (await asker.confirm(`Open ${name}${environment}?`)) ? { kind: 'confirm' } : undefined;
    }
    case 'reason': {
      const reason = await asker.text(`Why do you open ${name}?`, { placeholder: question.example });
      return reason === undefined ? undefined : { kind: 'reason', reason };
    }
    case 'trust': {
      if (question.changes) cli.stderr.write(changeLines(question.changes));
      const what = question.changes ? 'has changed as above' : 'is shared with you';
      const agreed = await asker.confirm(`${question.profile} ${what}. Agree to it?`);
      return agreed ? { kind: 'trust', hash: question.hash } : undefined;
    }
    case 'login': {
      const { headline, next } = errorText(question.error);
      cli.stderr.write(`${headline}${next ? `\n  ${calledAs(next, cli.program)}` : ''}\n`);
      return (await asker.confirm(`Log in for ${name} now?`)) ? { kind: 'login' } : undefined;
    }
    case 'password': {
      const user = question.user ? ` of ${question.user}` : '';
      const password = await asker.password(`Password${user} for ${name}`);
      return password ? { kind: 'password', password } : undefined;
    }
    case 'passphrase': {
      const passphrase = question.isNew
        ? await newPassphrase(asker, cli)
        : await asker.password('Passphrase of the file that passwords are kept in');
      return passphrase ? { kind: 'passphrase', passphrase } : undefined;
    }
  }
}

/** Asked for twice: what was mistyped could never be opened again. */
async function newPassphrase(asker: Asker, cli: Cli): Promise<string | undefined> {
  for (;;) {
    const first = await asker.password('A new passphrase, for a file that passwords are kept in');
    if (!first) return undefined;
    const again = await asker.password('The same again');
    if (again === undefined || again === first) return again;
    cli.stderr.write('they differ\n');
  }
}

/** What differs, a line a value: - as it was, + as it is. */
export function changeLines(changes: readonly ProfileChange[]): string {
  return changes
    .flatMap(({ path, before, after }) => [
      ...(before === undefined ? [] : [`  - ${path}: ${before}\n`]),
      ...(after === undefined ? [] : [`  + ${path}: ${after}\n`]),
    ])
    .join('');
}
