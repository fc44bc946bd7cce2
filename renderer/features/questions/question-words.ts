import type { Question, QuestionAnswer } from '../../../src/contract/control-question.ts';

export interface QuestionWords {
  readonly title: string;
  readonly text?: string;
  readonly accept: string;
  readonly refuse: string;
  /** What the fields of the form say. */
  readonly answer: (fields: FormData) => QuestionAnswer;
}

const field = (fields: FormData, name: string) => String(fields.get(name) ?? '');

/** What is asked, in the words of the person who is. */
export function questionWords(question: Question, name: string): QuestionWords {
  const refuse = "Don't open";
  switch (question.kind) {
    case 'confirm':
      return {
        title: `Open ${name}?`,
        text: question.environment
          ? `It leads to ${question.environment}. Its profile asks before each start.`
          : 'Its profile asks before each start.',
        accept: 'Open',
        refuse,
        answer: () => ({ kind: 'confirm' }),
      };
    case 'reason':
      return {
        title: `Why do you open ${name}?`,
        text: 'The reason goes on record, with who opened it and when.',
        accept: 'Open',
        refuse,
        answer: (fields) => ({ kind: 'reason', reason: field(fields, 'answer').trim() }),
      };
    case 'trust':
      return {
        title: question.changes
          ? `${question.profile} has changed`
          : `${question.profile} is shared with you`,
        text: question.changes
          ? 'It was agreed to as it was before. Agree to the change to open it.'
          : 'It was written by somebody else. Agree to it as it is to open it.',
        accept: 'Agree and open',
        refuse,
        answer: () => ({ kind: 'trust', hash: question.hash }),
      };
    case 'login':
      return {
        title: `Log in for ${name}`,
        accept: 'Log in',
        refuse,
        answer: () => ({ kind: 'login' }),
      };
    case 'password':
      return {
        title: `Password${question.user ? ` of ${question.user}` : ''} for ${name}`,
        text: 'It is kept in the keychain of this machine.',
        accept: 'Keep',
        refuse: 'No',
        answer: (fields) => ({ kind: 'password', password: field(fields, 'answer') }),
      };
    case 'passphrase':
      return {
        title: question.isNew ? 'A passphrase for your passwords' : 'Unlock your passwords',
        text: question.isNew
          ? 'This machine has no keychain, so that passwords are kept in a file. Without the passphrase nobody can open it, you included.'
          : 'They are kept in a file, which its passphrase opens.',
        accept: question.isNew ? 'Make the file' : 'Unlock',
        refuse: 'No',
        answer: (fields) => ({ kind: 'passphrase', passphrase: field(fields, 'answer') }),
      };
  }
}
